"""What a page rests on: a commune whose hash stays has the same page, and a change of its own rows
is never missed.
"""

import csv
import shutil
from pathlib import Path

import pytest
from conftest import sample

from ntm_analysis.data import (
    UnknownCommuneError,
    Workbook,
    communes_hashes,
    files_hash,
    page_inputs,
)
from ntm_analysis.pages import ForecastParts
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.pages.funding import FundingParts
from ntm_analysis.tables import TABLES, DataProblemsError, dictionary

PARTS = (
    "title",
    "summary",
    "criteria",
    "targets",
    "funding",
    "feasibility",
    "set_in_force",
    "knowledge",
    "footer",
)
BASE = Path("data/huyen-mau")
FIRST = ["criterion_counts", "indicator_values", "hamlet_states", "targets", "works", "progress"]
WITH_COMMUNES = [
    *FIRST,
    *(t for t in TABLES if "commune" in dictionary(t) and t not in ("units", "mergers", *FIRST)),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(FundingParts, "draws", 100)


def hashes(page: ForecastParts) -> dict[str, str]:
    return communes_hashes(page.workbook, page.commune_forecasts() if page.foreseeable() else {})


def shown(page: CommunePage) -> list[str]:
    return [str(getattr(page, part)()) for part in PARTS]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("data")
    for name in ("criteria", "reference", "scenarios"):
        shutil.copytree(BASE.parent / name, place / name)
    shutil.copytree(BASE, place / "goc")
    return place


@pytest.fixture(scope="module")
def before(data) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FundingParts, "draws", 100)
        return hashes(ForecastParts(str(data / "goc")))


@pytest.fixture(scope="module")
def pages_before(data) -> dict[str, list[str]]:
    return {}


def changed(data: Path, table: str) -> tuple[Path, str] | None:
    """A copy of the data set in which one cell of one commune's row is another, and that commune's
    code; None: none can be.
    """
    folder, path = data / f"doi-{table}", data / f"doi-{table}" / f"{table}.csv"
    shutil.copytree(data / "goc", folder, dirs_exist_ok=True)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    for row in rows:
        for column in dictionary(table).values():
            cell = row[column.name]
            if column.type in ("number", "integer") and cell.replace(",", "").isdigit():
                for new in (
                    cell[:-1] + str((int(cell[-1]) + 1) % 10),
                    cell[:-1] + str((int(cell[-1]) + 9) % 10),
                ):
                    if code := _opens(path, rows, row, column.name, new):
                        return folder, code
            if column.name == "note" and (code := _opens(path, rows, row, "note", cell + " đổi")):
                return folder, code
    return None


def _opens(path: Path, rows: list[dict], row: dict, column: str, new: str) -> str:
    """The code of the row's commune when the data set opens with the cell changed, else "", the
    cell as it was.
    """
    old, row[column] = row[column], new
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(rows)
    try:
        book = Workbook.open(path.parent)
        return book.communes["code"].get(book.find(row["commune"]), "")
    except (DataProblemsError, UnknownCommuneError):
        row[column] = old
        return ""


@pytest.mark.parametrize("table", sample(WITH_COMMUNES, 6))
def test_a_change_of_one_commune_leaves_alone_only_pages_that_stay_the_same(
    data, before, pages_before, table
):
    made = changed(data, table)
    if made is None:
        assert not csv_rows(data / "goc" / f"{table}.csv"), (
            "the invented district has rows of every table"
        )
        return
    folder, code = made
    page = CommunePage(str(folder), next(other for other in before if other != code))
    after = hashes(page)
    assert after[code] != before[code], "a change of its own rows is never missed"
    same = [other for other in after if after[other] == before[other]]
    for other in same[:1]:
        if other not in pages_before:
            pages_before[other] = shown(CommunePage(str(data / "goc"), other))
        page = page if page.commune["code"] == other else CommunePage(str(folder), other)
        assert shown(page) == pages_before[other]


def csv_rows(path: Path) -> list[dict]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_a_change_that_moves_no_money_leaves_most_communes_alone(data, before):
    folder = data / "ghi-chu"
    shutil.copytree(data / "goc", folder)
    path = folder / "criterion_states.csv"
    rows = csv_rows(path)
    rows[0]["note"] += " xem lại"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    after = hashes(ForecastParts(str(folder)))
    assert [code for code in after if after[code] != before[code]] == [
        Workbook.open(folder).units.loc[Workbook.open(folder).find(rows[0]["commune"]), "code"]
    ]


def test_a_file_saved_while_the_data_are_read_is_read_again_and_the_hash_is_of_what_was_read(
    data, tmp_path, monkeypatch
):
    place = tmp_path / "data"
    shutil.copytree(data, place, ignore=shutil.ignore_patterns("doi-*", "ghi-chu"))
    open_before, opened = Workbook.open, []

    def save_meanwhile(folder: Path, *given: object) -> Workbook:
        made = open_before(folder, *given)
        opened.append(made)
        if len(opened) == 1:
            with (folder / "dataset.yaml").open("a", encoding="utf-8") as file:
                file.write("# again\n")
        return made

    monkeypatch.setenv("NTM_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(Workbook, "open", save_meanwhile)
    _, files = page_inputs.kept_workbook(place / "goc")
    assert len(opened) == 2 and files == files_hash(place / "goc")
    page_inputs.kept_workbook(place / "goc")
    assert len(opened) == 2, "what was read whole is kept"


def test_the_folder_of_a_data_set_elsewhere_is_the_one_that_the_batch_works_in(
    tmp_path, monkeypatch
):
    assert page_inputs.home_of(tmp_path) == Path.cwd()
    monkeypatch.setenv("NTM_HOME", str(tmp_path))
    assert page_inputs.home_of(tmp_path / "du-lieu") == tmp_path
    assert page_inputs.home_of(Path("data/huyen-mau")) == page_inputs.HOME


@pytest.mark.parametrize(
    "path",
    [
        "goc/works.csv",
        "goc/dataset.yaml",
        "criteria/recognition.yaml",
        "reference/history.csv",
        "scenarios/equal.yaml",
    ],
)
def test_every_file_that_results_may_rest_on_is_in_the_hash_of_all(data, tmp_path, path):
    place = tmp_path / "data"
    shutil.copytree(data, place, ignore=shutil.ignore_patterns("doi-*", "ghi-chu"))
    first = files_hash(place / "goc")
    with (place / path).open("a", encoding="utf-8") as file:
        file.write("\n# x\n")
    assert files_hash(place / "goc") != first
    assert page_inputs.home_of(place) == Path.cwd()


@pytest.mark.parametrize("wrong", ["/", "/proc/self", "../../../../usr"])
def test_only_files_of_data_are_hashed_whatever_folder_the_law_is_said_to_stand_in(
    tmp_path, monkeypatch, wrong
):
    folder, read = Path(shutil.copytree(BASE, tmp_path / "x")), []
    text = (folder / "dataset.yaml").read_text(encoding="utf-8")
    (folder / "dataset.yaml").write_text(text.replace("../criteria", wrong), encoding="utf-8")
    whole = page_inputs.hash_of_files
    monkeypatch.setattr(page_inputs, "hash_of_files", lambda *p: (read.extend(p), whole(*p))[1])
    files_hash(folder)
    assert {path.suffix for path in read} <= {".csv", ".yaml", ".json"}
    assert len(read) < len(list(folder.iterdir())) + 100
    with pytest.raises(DataProblemsError):
        page_inputs.kept_workbook(folder)

"""The start page of the notebooks, what the notebooks say in their own text, and what they show of
data that are wrong.
"""

import json
import re
import runpy
import shutil
from pathlib import Path

import papermill
import pytest
from bs4 import BeautifulSoup

from ntm_analysis.lab import start_page
from ntm_analysis.lab.start_page import StartPage
from ntm_analysis.reports.planner_questions import questions
from ntm_analysis.reports.render import execute, outputs_of

SCRIPT = runpy.run_path("docs/make_texts.py")
KEY, OF_PAGE, ORDER, SHOWN, SHOWN_BY = (
    SCRIPT[name] for name in ("KEY", "OF_PAGE", "ORDER", "SHOWN", "SHOWN_BY")
)
NOTEBOOKS = sorted(Path("notebooks").glob("*.ipynb"))


def cells_of(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def words_of(part: str) -> str:
    return " ".join(BeautifulSoup(str(part), "html.parser").get_text(" ").split())


# what the notebooks say ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_text_of_each_notebook_is_in_step(path):
    text = path.read_text(encoding="utf-8")
    assert SCRIPT["written"](SCRIPT["in_step"](json.loads(text))) == text, (
        "run: python docs/make_texts.py"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_the_cell_of_parameters_is_unfolded_and_each_of_its_lines_is_explained(path):
    cells = cells_of(path)
    (at,) = [i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])]
    code = [
        cell
        for cell in cells
        if cell["cell_type"] == "code" and SHOWN not in cell["metadata"].get("tags", [])
    ]
    folded = [cell["metadata"].get("jupyter", {}).get("source_hidden", False) for cell in code]
    assert folded.count(False) == 1 and cells[at]["metadata"].get("jupyter") is None
    key = "".join(cells[at - 1]["source"])
    assert cells[at - 1]["id"] == KEY
    names = re.findall(r"^(\w+) = ", "".join(cells[at]["source"]), re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \|", key, re.MULTILINE) == names


def test_a_notebook_that_is_out_of_step_is_brought_back(tmp_path):
    for path in NOTEBOOKS:
        shutil.copy(path, tmp_path / path.name)
    path = tmp_path / "commune.ipynb"
    made = json.loads(path.read_text(encoding="utf-8"))
    made["cells"] = [cell for cell in made["cells"] if cell["id"] != KEY]
    for cell in made["cells"]:
        cell["metadata"].pop("jupyter", None)
    path.write_text(json.dumps(made), encoding="utf-8")
    SCRIPT["main"](tmp_path)
    assert all((tmp_path / each.name).read_bytes() == each.read_bytes() for each in NOTEBOOKS)


def test_the_start_page_lists_every_notebook_in_reading_order_before_anything_is_run():
    told = "\n".join(
        "".join(cell["source"])
        for cell in cells_of(Path("notebooks/start.ipynb"))
        if cell["cell_type"] == "markdown"
    )
    listed = re.findall(r"\*\*\[[^\]]+\]\((\w+)\.ipynb\)\*\*", told)
    assert listed == list(ORDER) and {path.stem for path in NOTEBOOKS} == {*listed, "start"}
    asked = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", told, re.MULTILINE)[len(ORDER) :]
    assert [int(number) for number, _, _ in asked] == list(range(1, 25))
    assert [words for _, words, _ in asked] == [
        SCRIPT["as_asked"](question, "vi") for question in questions()
    ]


def test_each_question_leads_to_a_cell_that_is_there():
    told = "".join("".join(cell["source"]) for cell in cells_of(Path("notebooks/start.ipynb")))
    links = re.findall(r"\((\w+)\.ipynb#cell-id=([\w-]+)\)", told)
    assert len(links) == sum(len(question.places) for question in questions())
    for notebook, cell in links:
        assert cell in {each["id"] for each in cells_of(Path(f"notebooks/{notebook}.ipynb"))}
    assert set(SHOWN_BY) == {place for question in questions() for place in question.places}
    assert {*OF_PAGE.values(), "tutorial"} == set(ORDER)


# the data set and its check -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", "37 xã.*không có lỗi"), ("en", "37 communes.*no errors")]
)
def test_data_set_date_and_check_are_told(lang, words):
    told = words_of(StartPage("data/thanh-chuong", lang=lang).data())
    assert re.search(words, told) and "2022" in told and "TO_CHECK.csv" in told


def test_what_is_to_be_looked_at_is_listed():
    told = words_of(StartPage("data/huyen-mau").data())
    assert "MINH HỌA" in told and "2 điểm cần xem" in told and "progress.csv, dòng 47" in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dataset": "khong-co"}, "Không tìm thấy bộ dữ liệu “khong-co”.*data/thanh-chuong"),
        (
            {"as_of": "31/3/2022"},
            "Ô tham số chưa đúng: as_of = .31/3/2022. "
            ".chỉ dùng số liệu đã biết đến ngày này, ví dụ 2022-03-31",
        ),
        ({"lang": "fr"}, "Ô tham số chưa đúng.*lang"),
        ({"dataset": 7}, "Ô tham số chưa đúng.*dataset"),
        ({"as_of": "1950-01-01"}, "chọn ngày muộn hơn"),
    ],
)
def test_wrong_parameters_are_answered_in_words(given, words):
    page = StartPage(**{"dataset": "data/thanh-chuong"} | given)
    assert re.search(words, words_of(page.data()))
    assert isinstance(page.outputs() + page.questions(), str)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory) -> Path:
    """A data set with one cell that is no number."""
    folder = tmp_path_factory.mktemp("sai")
    shutil.copytree("data", folder / "data")
    units = folder / "data" / "thanh-chuong" / "criterion_counts.csv"
    lines = units.read_text(encoding="utf-8-sig").splitlines()
    lines[1] = lines[1].replace(",15,", ",mười lăm,", 1)
    units.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return folder / "data" / "thanh-chuong"


def test_a_data_set_that_fails_its_check_is_answered_in_words_and_left_as_it_is(wrong):
    before = {path.name: path.read_bytes() for path in wrong.iterdir()}
    for lang, words in (
        ("vi", "có lỗi nên chưa tính được gì.*criterion_counts.csv, dòng 2.*Cách sửa"),
        ("en", "row 2.*Mend"),
    ):
        page = StartPage(str(wrong), lang=lang)
        assert re.search(words, words_of(page.data()))
        assert page.questions() == "" and f"{wrong}" in page.outputs()
    executed = execute(Path("notebooks/start.ipynb").resolve(), {"dataset": str(wrong)})
    assert not [
        o for cell in executed.cells for o in cell.get("outputs", []) if o.output_type == "error"
    ]
    html = "".join(data.get("text/html", "") for data in outputs_of(executed))
    assert "criterion_counts.csv" in html
    assert {path.name: path.read_bytes() for path in wrong.iterdir()} == before


def test_of_data_that_are_wrong_no_command_for_a_report_is_offered(wrong):
    told = words_of(StartPage(str(wrong)).outputs())
    assert "run.py report" not in told and "Số liệu" in told


def test_another_notebook_on_such_data_shows_the_report_and_no_traceback(wrong, tmp_path):
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        papermill.execute_notebook(
            Path("notebooks/status.ipynb"),
            tmp_path / "out.ipynb",
            {"dataset": str(wrong)},
            progress_bar=False,
            cwd="notebooks",
        )
    shown_lines = "\n".join(failure.value.traceback)
    assert (
        "Cách sửa" in shown_lines
        and "Mend" in shown_lines
        and "Traceback" not in shown_lines
        and ".py" not in shown_lines
    )


# where results go ---------------------------------------------------------------------------------


def test_results_are_named_or_the_command_that_makes_them(monkeypatch, tmp_path):
    monkeypatch.setattr("ntm_analysis.data.page_inputs.home_of", lambda folder: tmp_path)
    monkeypatch.setattr(start_page, "home_of", lambda folder: tmp_path)
    page = StartPage("data/thanh-chuong")
    assert "python3 run.py report" in words_of(page.outputs()) and page.questions() == ""
    monkeypatch.setattr(start_page, "HOME", tmp_path)
    folder = tmp_path / "reports" / "thanh-chuong"
    folder.mkdir(parents=True)
    for name in ("index", "huyen_2022-03-31", "xa-thanh-huong_2022-03-31"):
        (folder / f"{name}.html").write_text("", encoding="utf-8")
    assert "reports/thanh-chuong/index.html" in words_of(page.outputs())
    links = [link["href"] for link in BeautifulSoup(page.questions(), "html.parser").select("a")]
    assert "/files/reports/thanh-chuong/huyen_2022-03-31.html#giu-chan" in links
    assert "/files/reports/thanh-chuong/xa-thanh-huong_2022-03-31.html#nhu-cau-xa" in links

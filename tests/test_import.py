"""The template brought back: exactly the changes that a person made, all or nothing, whatever happens on the way."""

from pathlib import Path

import openpyxl
import pytest

from ntm_analysis import data_folder
from ntm_analysis.cli import main
from ntm_analysis.dictionary import dictionary
from ntm_analysis.intake import understand
from ntm_analysis.template_form import sheet_name
from ntm_analysis.workbook import Workbook

ROOT = Path(__file__).resolve().parents[1]
FIRST = 6
STATE = {"set": "ntm-2016-2020", "date": "2022-03-31"}
UNITS = [{"code": "10001", "name": "Thử"}, {"code": "10002", "name": "Hòa Bình"}]
TABLES = {
    "units": UNITS,
    "criterion_states": [STATE | {"criterion": n, "state": "met", "note": "x"} for n in (2, 3, 4)]
    + [STATE | {"commune": "Hòa Bình", "criterion": 2, "state": "chưa đạt"}],
    "debts": [{"criterion": 2, "date": "2022-03-31", "amount": 1234.5}],
}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run(capsys, *arguments) -> tuple[int, str]:
    code = main([str(a) for a in arguments])
    made = capsys.readouterr()
    assert "Traceback" not in made.out + made.err
    return code, made.out + made.err


class Filled:
    """A data set and its template, to be filled in as a person would and imported."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder, self.path, self.capsys = folder, folder.parent / "bieu.xlsx", capsys
        assert run(capsys, "template", self.path, folder)[0] == 0
        self.book = openpyxl.load_workbook(self.path)
        self.before = bytes_of(folder)

    def sheet(self, table: str):
        return self.book[sheet_name(table)]

    def column(self, table: str, name: str) -> int:
        return list(dictionary(table)).index(name) + 3

    def set(self, table: str, row: int, name: str, value: object) -> None:
        self.sheet(table).cell(row, self.column(table, name)).value = value

    def bring(self, *options: str) -> tuple[int, str]:
        self.book.save(self.path)
        return run(self.capsys, "import", self.path, self.folder, *options)

    def changes(self) -> list[tuple]:
        self.book.save(self.path)
        made = understand(self.path, Workbook.open(self.folder))
        assert [p for p in made.problems if not p.warning] == []
        return [(c.kind, c.table, {n: pair for n, pair in c.cells.items()}) for c in made.changes.rows]

    def lines(self, table: str) -> list[str]:
        return (self.folder / f"{table}.csv").read_text(encoding="utf-8-sig").splitlines()


@pytest.fixture(name="filled")
def _filled(tmp_path, make_dataset, capsys) -> Filled:
    return Filled(make_dataset(tmp_path / "thu", TABLES), capsys)


@pytest.mark.parametrize("style", ["vi", "en"])
def test_nothing_changed_is_no_change_and_writes_nothing(tmp_path, make_dataset, capsys, style):
    filled = Filled(make_dataset(tmp_path / "thu", TABLES, number_style=style), capsys)
    code, said = filled.bring()
    assert code == 0 and "Không có thay đổi nào" in said and "Không có gì để ghi" in said
    assert bytes_of(filled.folder) == filled.before
    assert not data_folder.beside(filled.folder, "previous").exists()


@pytest.mark.parametrize("name", ["huyen-mau", "thanh-chuong"])
def test_the_districts_go_out_and_come_back_unchanged(tmp_path, capsys, name):
    path = tmp_path / "bieu.xlsx"
    assert run(capsys, "template", path, ROOT / "data" / name)[0] == 0
    made = understand(path, Workbook.open(ROOT / "data" / name))
    assert (made.changes.rows, made.problems) == ([], [])
    assert made.changes.same == sum(map(len, made.present.values())) > 500

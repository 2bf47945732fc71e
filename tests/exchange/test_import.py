"""The template brought back: exactly the changes that a person made, all or nothing, whatever
happens on the way.
"""

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import openpyxl
import pytest
from conftest import make_dataset, sample

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook
from ntm_analysis.data import versions as data_folder
from ntm_analysis.exchange import template_reader, understand
from ntm_analysis.language import read_month
from ntm_analysis.tables import dictionary, sheet_name

ROOT = Path(__file__).resolve().parents[2]
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
    """A data set and its template, to be filled in as a person would and imported; ``template``:
    one laid out already.
    """

    def __init__(self, folder: Path, capsys, template: Path | None = None) -> None:
        self.folder, self.path, self.capsys = folder, folder.parent / "bieu.xlsx", capsys
        if template:
            shutil.copy(template, self.path)
        else:
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
        return [
            (c.kind, c.table, {n: pair for n, pair in c.cells.items()}) for c in made.changes.rows
        ]

    def lines(self, table: str) -> list[str]:
        return (self.folder / f"{table}.csv").read_text(encoding="utf-8-sig").splitlines()


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The template of the small data set."""
    folder = make_dataset(tmp_path_factory.mktemp("once") / "thu", TABLES)
    assert main(["template", str(folder.parent / "bieu.xlsx"), str(folder)]) == 0
    return folder.parent / "bieu.xlsx"


@pytest.fixture(name="filled")
def _filled(tmp_path, capsys, template) -> Filled:
    return Filled(make_dataset(tmp_path / "thu", TABLES), capsys, template)


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


def another(column, value, row: int) -> object:
    """A value that the column takes and that is not ``value``, as Excel would hold it."""
    if column.allowed:
        words = [word for code, word in column.allowed.items() if code != value and word != value]
        return words[row % len(words)]
    if column.type in ("date", "month"):
        return value + dt.timedelta(days=400) if value else dt.date(2020, 1, 31)
    if column.type in ("integer", "number", "criterion"):
        low, high = column.low or 0, 100 if column.high is None else column.high
        return (
            round(value - 1, 3)
            if value is not None and value - 1 >= low
            else min((value or low) + 1, high)
        )
    other_set = "ntm-2021-2025" if value == "ntm-2016-2020" else "ntm-2016-2020"
    fixed = {
        "unit": "A2",
        "set": other_set,
        "source": "bia-dat|bia-dat",
        "code": "90099",
        "test": f"2.{row}",
    }
    return fixed.get(column.type, f"Mới {row}")


def test_every_cell_of_one_commune_changed_is_exactly_those_changes(tmp_path, capsys):
    """All rows of commune A1 in every table of the model district, each cell overtyped, in Excel's
    own types.
    """
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("*.json", ".*"))
    filled = Filled(tmp_path / "data" / "huyen-mau", capsys)
    present = understand(filled.path, Workbook.open(filled.folder)).present
    expected, tables = {}, set()
    for table, rows in present.items():
        columns, turns = dictionary(table), count()
        for number, row in enumerate(rows):
            if "A1" not in (
                row.values.get("commune"),
                row.values.get("name") if table == "units" else None,
            ):
                continue
            tables.add(table)
            turn = next(turns)
            for name, column in columns.items():
                new = another(column, row.values[name], turn)
                filled.set(table, FIRST + number, name, new)
                meant = (
                    read_month(f"{new}")
                    if column.type == "month"
                    else column.code_of(new)
                    if column.allowed
                    else new
                )
                expected[table, row.line, name] = row.values[name], meant
    filled.book.save(filled.path)
    made = understand(filled.path, Workbook.open(filled.folder))
    wanted = {"units", "indicator_values", "criterion_states", "recognitions", "targets", "tasks"}
    assert wanted < tables
    assert made.problems == []
    found = {
        (c.table, c.present.line, n): pair for c in made.changes.rows for n, pair in c.cells.items()
    }
    assert {c.kind for c in made.changes.rows} == {"changed"}
    assert found == expected and len(expected) > 500


def test_only_the_cells_changed_change_in_the_file(filled):
    filled.set("debts", FIRST, "amount", 1300.25)
    filled.set("criterion_states", FIRST + 3, "state", "Đạt")
    code, said = filled.bring()
    assert code == 0
    assert (
        "Thử, Tiêu chí của công trình 2, 31/3/2022 | Nợ đọng xây dựng cơ bản: 1.234,5 → 1.300,25"
        in said
    )
    assert "Hòa Bình" in said and "chưa đạt → đạt" in said
    after = bytes_of(filled.folder)
    assert {n for n in after if after[n] != filled.before[n]} == {
        "debts.csv",
        "criterion_states.csv",
    }
    assert after["debts.csv"] == filled.before["debts.csv"].replace(b'"1234,5"', b'"1300,25"')
    # the column's other cells are codes: the last one, a word, sets the manner
    assert after["criterion_states.csv"] == filled.before["criterion_states.csv"].replace(
        "chưa đạt".encode(), "đạt".encode()
    )


def test_sorting_is_no_change(filled):
    sheet = filled.sheet("criterion_states")
    rows = [[cell.value for cell in sheet[n]] for n in range(FIRST, FIRST + 4)]
    for n, row in enumerate(reversed(rows), FIRST):
        for column, value in enumerate(row, 1):
            sheet.cell(n, column).value = value
    assert filled.changes() == []


def test_a_changed_key_is_a_change_and_a_copied_row_a_new_one(filled):
    sheet = filled.sheet("criterion_states")
    for cell in list(sheet[FIRST]):
        sheet.cell(FIRST + 4, cell.column).value = cell.value
    filled.set("criterion_states", FIRST + 4, "criterion", 12)
    filled.set("criterion_states", FIRST + 1, "criterion", 13)
    kinds = {kind: cells.get("criterion") for kind, _, cells in filled.changes()}
    assert kinds == {"changed": (3.0, 13.0), "added": (None, 12.0)}


def test_a_copy_left_as_it_is_is_one_row_and_a_copy_that_says_otherwise_is_an_error(filled):
    sheet = filled.sheet("criterion_states")
    for cell in list(sheet[FIRST]):
        sheet.cell(FIRST + 4, cell.column).value = cell.value
    assert filled.changes() == []
    filled.set("criterion_states", FIRST + 4, "state", "chưa đạt")
    code, said = filled.bring()
    assert code == 1 and "nói khác nhau" in said and "ô C10" in said
    assert bytes_of(filled.folder) == filled.before


def test_an_added_row_is_added_in_the_manner_of_the_file(filled):
    row = {
        "commune": "xã Hoà Bình",
        "criterion": 5,
        "date": dt.date(2022, 3, 31),
        "amount": "1.500,5",
        "known_from": "31/3/2022",
        "source": "s",
        "mark": "Báo cáo",
    }
    for name, value in row.items():
        filled.set("debts", FIRST + 1, name, value)
    assert filled.bring()[0] == 0
    assert filled.lines("debts")[-1] == 'xã Hoà Bình,5,2022-03-31,"1500,5",2022-03-31,s,reported,'


def test_bounds_typed_for_a_data_set_of_before_add_their_columns_to_its_file(
    tmp_path, make_dataset, capsys
):
    words = {"name_vi": "x", "name_en": "x"}
    folder = make_dataset(
        tmp_path / "thu",
        TABLES
        | {
            "pots": [
                words
                | {
                    "pot": p,
                    "fund": "nsh",
                    "capital": "investment",
                    "serves": "district",
                    "measure": "money",
                }
                for p in "ab"
            ],
            "unit_costs": [
                words
                | {
                    "item": "road",
                    "measure_vi": "km",
                    "measure_en": "km",
                    "definition": "full",
                    "mode": 5,
                    "low": 5,
                    "high": 5,
                    "price_year": 2022,
                }
            ],
            "parts": [{"item": "road", "pot": p, "share": 50} for p in "ab"],
            "prices": [
                {"year": year, "low": 0, "mode": 0, "high": 0} for year in (2023, 2024, 2025)
            ],
        },
    )
    path = folder / "parts.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace(",least,most,", ",").replace(",50,,,", ",50,"),
        encoding="utf-8",
    )
    filled = Filled(folder, capsys)
    filled.set("parts", FIRST, "most", 80)
    assert filled.bring()[0] == 0
    head, first, second = filled.lines("parts")
    assert (
        head.endswith(",note,most")
        and first.endswith(",80")
        and second == filled.before["parts.csv"].decode().splitlines()[2]
    )
    assert Workbook.open(folder).tables["parts"]["most"].tolist()[0] == 80


def test_a_deleted_row_is_told_and_kept_and_goes_only_when_told_to(filled):
    filled.sheet("criterion_states").delete_rows(FIRST + 1)
    code, said = filled.bring()
    assert (
        code == 0
        and "thiếu 1" in said
        and "(dòng 3; không còn trong tệp)" in said
        and "--drop-lost" in said
    )
    assert bytes_of(filled.folder) == filled.before
    code, said = filled.bring("--drop-lost")
    assert code == 0 and "Đã xóa 1 dòng" in said
    before = filled.before["criterion_states.csv"].decode().splitlines()
    assert filled.lines("criterion_states") == before[:2] + before[3:]


def test_a_sheet_taken_out_leaves_its_table_alone_and_a_renamed_one_is_found(filled):
    del filled.book[sheet_name("debts")]
    filled.sheet("criterion_states").title = "xa A nop"
    filled.book["xa A nop"].cell(FIRST, filled.column("criterion_states", "note")).value = "y"
    assert filled.changes() == [("changed", "criterion_states", {"note": ("x", "y")})]


def test_a_column_taken_out_keeps_its_figures_unless_rows_need_it(filled):
    filled.sheet("criterion_states").delete_cols(filled.column("criterion_states", "note"))
    code, said = filled.bring()
    assert (
        code == 0
        and "thiếu cột “Ghi chú” (note)" in said
        and bytes_of(filled.folder) == filled.before
    )
    filled.sheet("debts").delete_cols(filled.column("debts", "amount"))
    code, said = filled.bring()
    assert code == 1 and "thiếu cột “Nợ đọng xây dựng cơ bản” (amount)" in said


def test_the_example_row_is_never_imported(filled):
    for name, value in {
        "commune": "Thử",
        "criterion": 9,
        "date": dt.date(2022, 1, 1),
        "amount": 5,
    }.items():
        filled.set("debts", 4, name, value)
    code, said = filled.bring()
    assert (
        code == 0 and "dòng “Ví dụ” đã bị sửa" in said and bytes_of(filled.folder) == filled.before
    )


def test_wrong_cells_of_all_sheets_are_told_at_once_with_sheet_and_cell(filled):
    filled.set("debts", FIRST, "amount", "nhiều")
    filled.set("debts", FIRST, "date", 44651)
    filled.sheet("debts").cell(FIRST, filled.column("debts", "date")).number_format = "General"
    filled.set("criterion_states", FIRST, "criterion", 2.5)
    filled.set("criterion_states", FIRST + 1, "state", "gần đạt")
    filled.set("criterion_states", FIRST + 2, "note", dt.date(2022, 2, 1))
    # found only by the checks between tables
    filled.set("criterion_states", FIRST + 3, "source", "la")
    filled.set("units", FIRST, "code", 123)
    filled.set("units", FIRST + 1, "name", "=HYPERLINK(1)")
    filled.set("units", FIRST + 1, "households", "#REF!")
    code, said = filled.bring()
    assert code == 1 and bytes_of(filled.folder) == filled.before
    for place in (
        "trang “Nợ đọng XDCB”, ô F6, cột “Nợ đọng xây dựng cơ bản”: “nhiều”",
        "trang “Nợ đọng XDCB”, ô E6, cột “Tính đến ngày”: ",
        "“Kết quả tiêu chí”, ô E6, cột “Tiêu chí số”: “2,5” không phải số nguyên",
        "“Kết quả tiêu chí”, ô G7",
        "“Kết quả tiêu chí”, ô K8, cột “Ghi chú”: Excel đã đổi",
        "“Kết quả tiêu chí”, ô I9",
        "“Xã, thị trấn”, ô C6",
        "“Xã, thị trấn”, ô E7, cột “Tên đơn vị”: công thức chưa được tính",
        "“Xã, thị trấn”, ô K7",
    ):
        assert place in said, (place, said)


def progress(filled: Filled, row: int, month: str, **cells) -> None:
    """A row of the sheet of monthly progress, as an office fills it."""
    first = {
        "commune": "Thử",
        "month": month,
        "said_by": "Báo cáo",
        "known_from": dt.date(2022, 3, 31),
        "source": "s",
    }
    for name, value in (first | {"mark": "báo cáo"} | cells).items():
        filled.set("progress", row, name, value)


def test_messages_name_sheets_and_heads_as_the_workbook_does(filled):
    """Whoever filled the workbook in never saw a code name; every problem of the checks between
    tables is told in its words.
    """
    progress(filled, FIRST, "3/2022", work="Đường A", value=5)
    progress(filled, FIRST + 1, "12/2022", criterion=5, state="gần", set="ntm-2016-2020")
    progress(filled, FIRST + 2, "4/2022", pot="x", disbursed=7, source="la")
    progress(filled, FIRST + 3, "3/2022", criterion=5, indicator="17.1", set="ntm-2016-2020")
    progress(
        filled, FIRST + 4, "3/2022", indicator="99", value=5, set="ntm-2016-2020", commune="Xyz"
    )
    filled.set("criterion_states", FIRST, "date", dt.date(2022, 4, 5))
    filled.set("criterion_states", FIRST + 1, "source", "")
    code, said = filled.bring()
    told = said[said.index("Lỗi:") :]
    assert code == 1 and bytes_of(filled.folder) == filled.before
    for line in (
        "ô H6, cột “Công trình”: “Đường A” không có trong trang “Công trình của xã”. "
        "Cách sửa: thêm dòng vào trang “Công trình của xã”.",
        "ô I7, cột “Kết quả”: “gần” không có trong danh mục. "
        "Cách sửa: dùng: đạt, cơ bản đạt, chưa đạt, không áp dụng.",
        "ô D8, cột “Tháng báo cáo”: tháng 4/2022 chưa bắt đầu vào ngày được biết 31/3/2022. "
        "Cách sửa: sửa “Tháng báo cáo” hoặc “Ngày được biết”.",
        "ô O8, cột “Nguồn”: nguồn “la” không có trong trang “Nguồn số liệu”",
        "giữ một trong ba cột “Tiêu chí”, “Chỉ tiêu”, “Công trình”;",
        "ô G10, cột “Chỉ tiêu”: chỉ tiêu 99 không có trong bộ ntm-2016-2020. Cách sửa: dùng: 1.1, ",
        "ô C10, cột “Xã”: không có đơn vị “Xyz”. "
        "Cách sửa: dùng tên hoặc mã có trong trang “Xã, thị trấn”.",
        "ô F6, cột “Số liệu tính đến ngày”: "
        "số liệu của ngày 05/4/2022 không thể được biết từ ngày 31/3/2022. "
        "Cách sửa: sửa “Số liệu tính đến ngày” hoặc “Ngày được biết”.",
        "ô I7, cột “Nguồn”: ô trống. Cách sửa: cột này phải có giá trị (Nguồn).",
    ):
        assert line in told, (line, told)
    codes = {name for table in ("progress", "criterion_states") for name in dictionary(table)} | {
        "csv"
    }
    assert not codes & set(re.findall(r"[a-z_]+", told)) and "?" not in told
    code, said = filled.bring("--lang", "en")
    assert (
        "column “Tháng báo cáo” (month)" in said
        and "is not in sheet “Công trình của xã” (works.csv)" in said
    )


def test_a_row_said_twice_is_named_as_offices_write_months_and_numbers(filled):
    for row, state in ((FIRST, "đạt"), (FIRST + 1, "chưa đạt")):
        progress(filled, row, "3/2022", set="ntm-2016-2020", criterion=5, state=state)
    code, said = filled.bring()
    assert (
        code == 1
        and "(xem thêm ô C6): Thử, 3/2022, ntm-2016-2020, 5. Cách sửa: giữ một dòng đúng." in said
    )


def test_progress_that_runs_backwards_is_a_warning_at_its_cell_and_enters(filled):
    """March reports less money since January than February did; a new year begins anew."""
    for row, (month, money) in enumerate(
        (("12/2021", 90), ("1/2022", 12), ("2/2022", 20.5), ("3/2022", 15)), FIRST
    ):
        progress(filled, row, month, disbursed=money)
    code, said = filled.bring()
    assert code == 0, said
    told = said[said.index("Sau khi nhập có thêm") :]
    assert (
        "Cảnh báo: 1" in told
        and "trang “Tiến độ tháng”, ô L9, cột “Giải ngân lũy kế từ đầu năm đến hết tháng”: " in told
    )
    assert (
        "Xã Thử: giải ngân lũy kế giảm từ 20,5 (tháng 2/2022) xuống 15 triệu đồng (tháng 3/2022)"
        in told
    )
    assert len(filled.lines("progress")) == 5
    assert "Sau khi nhập có thêm" not in filled.bring()[1], "told once, when it comes in"


def test_text_that_a_spreadsheet_would_run_is_refused(filled):
    cell = filled.sheet("debts").cell(FIRST, filled.column("debts", "note"))
    cell.value, cell.data_type = "=cmd|' /C calc'!A0", "s"
    code, said = filled.bring()
    assert (
        code == 1
        and "sẽ bị Excel hiểu là công thức" in said
        and bytes_of(filled.folder) == filled.before
    )


def test_a_dry_run_tells_the_same_and_writes_nothing(filled):
    filled.set("debts", FIRST, "amount", 7)
    before = sorted(p.name for p in filled.folder.parent.iterdir())
    code, said = filled.bring("--dry-run")
    assert code == 0 and "1.234,5 → 7" in said and "Chưa ghi gì (--dry-run)" in said
    assert (
        bytes_of(filled.folder) == filled.before
        and sorted(p.name for p in filled.folder.parent.iterdir()) == before
    )
    filled.set("criterion_states", FIRST, "criterion", 99)  # wrong by the law only
    assert filled.bring("--dry-run")[0] == 1


def test_the_version_before_is_kept_with_the_list_of_changes(filled):
    filled.set("debts", FIRST, "amount", 7)
    code, said = filled.bring()
    (kept,) = [p for p in data_folder.beside(filled.folder, "previous").iterdir() if p.is_dir()]
    assert code == 0 and str(kept) in said and bytes_of(kept) == filled.before
    assert "1.234,5 → 7" in kept.with_suffix(".txt").read_text(encoding="utf-8-sig")
    assert Workbook.open(kept.parent.parent / "thu").tables["debts"]["amount"].tolist() == [7]


def test_a_template_older_than_the_data_changes_only_what_was_typed_in_it(filled):
    path = filled.folder / "criterion_states.csv"
    path.write_text(
        path.read_text().replace(",2,2022-03-31,met", ",2,2022-03-31,not_met").rstrip() + "\n"
    )
    filled.set("debts", FIRST, "amount", 7)
    code, said = filled.bring("--drop-lost")
    assert code == 0 and "đã thay đổi sau khi lập biểu mẫu" in said
    assert "not_met" in path.read_text() and "7" in filled.lines("debts")[1]
    filled.sheet("criterion_states").delete_rows(FIRST)
    code, said = filled.bring("--drop-lost")
    assert code == 1 and "Lập biểu mẫu mới" in said


def test_a_template_of_another_data_set_is_told(filled, tmp_path, make_dataset, capsys):
    other = make_dataset(tmp_path / "khac", TABLES, id="khac")
    code, said = run(capsys, "import", filled.path, other, "--dry-run")
    assert code == 0 and "lập từ bộ dữ liệu khác (thu)" in said


def test_two_imports_at_once_are_kept_apart(filled):
    filled.set("debts", FIRST, "amount", 7)
    with data_folder.only_one(filled.folder):
        code, said = filled.bring()
    assert (
        code == 1
        and "Đang có một lần nhập khác" in said
        and bytes_of(filled.folder) == filled.before
    )


@pytest.mark.parametrize("what", ["copy2", "rename", "exchange"])
def test_a_disk_that_refuses_gives_one_sentence_and_changes_nothing(filled, monkeypatch, what):
    def refuse(*_args, **_options):
        raise OSError(28, "No space left on device")

    home = {"copy2": shutil, "rename": os, "exchange": data_folder}[what]
    filled.set("debts", FIRST, "amount", 7)
    with monkeypatch.context() as patch:
        patch.setattr(home, what, refuse)
        code, said = filled.bring()
    assert (
        code == 1
        and "bộ dữ liệu giữ nguyên như cũ" in said
        and bytes_of(filled.folder) == filled.before
    )
    assert filled.bring()[0] == 0  # and the next one does


def test_a_symlinked_data_set_with_its_own_place_of_the_law_is_replaced_where_it_lies(
    filled, tmp_path, capsys
):
    link = tmp_path / "noi-khac" / "lien-ket"
    link.parent.mkdir()
    link.symlink_to(filled.folder)
    filled.set("debts", FIRST, "amount", 7)
    filled.book.save(filled.path)
    assert run(capsys, "import", filled.path, link)[0] == 0
    assert link.is_symlink() and "7" in filled.lines("debts")[1]


def test_hidden_versions_are_no_data_sets():
    from ntm_analysis.data import datasets

    assert not any(name.startswith(".") for name in datasets())


KILLED = """
import datetime as dt
import os, random, signal, sys, time
from pathlib import Path
from ntm_analysis.data import versions as data_folder, workbook
from ntm_analysis.cli import main
from ntm_analysis.exchange import check, next_texts, understand
from ntm_analysis.data import Workbook
from ntm_analysis.exchange import template_reader

read, law = workbook.read_law, {}  # the law is the same every time: read once


def once(folder, problems):
    if folder not in law:
        law[folder] = read(folder, problems)
    return law[folder]


workbook.read_law = once
folder, file = Path(sys.argv[1]), sys.argv[2]
Workbook.open(folder)
bytes_of = lambda: {p.name: p.read_bytes() for p in folder.iterdir()}
old = bytes_of()


made = understand(Path(file), Workbook.open(folder))
texts, origins = next_texts(made, False)


def writing():
    with data_folder.only_one(folder):
        data_folder.replace_version(
            folder,
            texts,
            lambda place: check(made, texts, origins, place),
            dt.datetime.now(),
            "log",
        )
    return 0


def started(run=writing, spoil=lambda: None):
    child = os.fork()
    if not child:
        sys.stdout = sys.stderr = open(os.devnull, "w")
        spoil()
        os._exit(run())
    return child


def command():
    return main(["import", file, str(folder)])


def duration(run):
    begin = time.perf_counter()
    assert os.waitpid(started(run), 0)[1] == 0
    return time.perf_counter() - begin


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def back():
    for name, raw in old.items():
        (folder / name).write_bytes(raw)


lasts = {}
for run in (command, writing):  # reading harms nothing: most are killed while writing
    lasts[run] = duration(run)
    new = bytes_of()
    assert new != old
    back()
draw, seen = random.Random(2022), {"old": 0, "new": 0}
for moment in range(int(sys.argv[3])):
    run = writing if moment % 5 else command
    child = started(run)
    time.sleep(draw.uniform(0, lasts[run]))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = bytes_of()
    assert found in (old, new), moment
    seen["new" if found == new else "old"] += 1
    back()

# every step of the swap, with the system's exchange and without it: killed before it and after it
steps = 0
for exchanges in (True, False):
    for step in range(12):

        def spoil():
            calls = iter(range(100))
            real_rename, real_exchange = os.rename, data_folder.exchange

            def counted(real):
                def call(*given):
                    if next(calls) == step // 2:
                        if step % 2:
                            real(*given)
                        die()
                    return real(*given)
                return call

            os.rename = counted(real_rename)
            data_folder.exchange = counted(real_exchange) if exchanges else lambda *_: False

        died = os.WIFSIGNALED(os.waitpid(started(spoil=spoil), 0)[1])
        steps += died
        data_folder.heal(folder)  # as a reader does who finds no data set
        assert bytes_of() in (old, new), (exchanges, step)
        back()
assert os.waitpid(started(command), 0)[1] == 0
assert bytes_of() == new
Workbook.open(folder)
left = [p.name for p in folder.parent.glob(".thu*") if p.suffix not in (".lock", ".previous")]
print(seen["old"] + seen["new"], steps, left)
"""


@pytest.mark.skipif(
    not hasattr(os, "fork"),
    reason="children are forked, so that each dies within a fraction of a second",
)
@pytest.mark.parametrize("moments", sample((3, 50), 1))
def test_killed_at_any_moment_the_data_set_is_the_old_one_or_the_new_one(filled, moments):
    filled.set("debts", FIRST, "amount", 7)
    filled.set("units", FIRST, "households", 1500)
    filled.book.save(filled.path)
    told = subprocess.run(
        [sys.executable, "-c", KILLED, str(filled.folder), str(filled.path), str(moments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == "" and told.stdout.split(maxsplit=2)[0] == str(moments)
    steps, left = told.stdout.split(maxsplit=2)[1:]
    # two renames at least with the exchange, and without it
    assert int(steps) >= 8 and left.strip() == "[]"


def form(path: Path, signs: dict[str, str], day: str) -> Path:
    """An office's own form: communes down, criteria 2 to 4 across."""
    book = openpyxl.Workbook()
    for row in (
        ["TỔNG HỢP TIÊU CHÍ"],
        [f"Số liệu tính đến ngày {day}"],
        [],
        ["TT", "Xã", "TC2", "TC3", "TC4"],
    ):
        book.active.append(row)
    for number, (name, cells) in enumerate(signs.items(), 1):
        book.active.append([number, name, *cells.split(",")])
    book.save(path)
    return path


def test_a_form_that_disagrees_with_what_was_reported_is_told_as_contradicting(
    filled, tmp_path, capsys
):
    path = form(
        tmp_path / "xa.xlsx",
        {"Thử": "Đạt,Chưa đạt,Đạt", "Hòa Bình": "Chưa đạt,Đạt,Đạt"},
        "31/3/2022",
    )
    code, said = run(capsys, "import", path, filled.folder, "--dry-run")
    assert code == 0 and "thêm 2, sửa 0, mâu thuẫn 1, thiếu 0" in said
    assert (
        "mâu thuẫn: Thử, ntm-2016-2020, Tiêu chí số 3, 31/3/2022 | "
        "kết quả: đạt → chưa đạt [Sheet!D5]" in said
    )


def test_a_form_older_than_what_is_known_and_different_is_told_as_contradicting(
    filled, tmp_path, capsys
):
    path = form(tmp_path / "xa.xlsx", {"Thử": "Chưa đạt,Đạt,Đạt"}, "31/12/2021")
    code, said = run(capsys, "import", path, filled.folder)
    assert (
        code == 0
        and "thêm 2, sửa 0, mâu thuẫn 1, thiếu 0" in said
        and "Cũ hơn và khác số liệu ngày 31/3/2022" in said
    )
    assert len(filled.lines("criterion_states")) == 1 + 4 + 3


def test_a_share_shown_as_a_percentage_is_the_percentage(tmp_path, make_dataset, capsys):
    row = {"set": "ntm-2016-2020", "criterion": 2, "share": 40}
    filled = Filled(make_dataset(tmp_path / "thu", {"criterion_shares": [row]}), capsys)
    filled.set("criterion_shares", FIRST, "share", 0.85)
    filled.sheet("criterion_shares").cell(
        FIRST, filled.column("criterion_shares", "share")
    ).number_format = "0%"
    assert filled.changes() == [("changed", "criterion_shares", {"share": (40.0, 85.0)})]


def test_facts_known_after_the_as_of_date_are_taken_and_told_to_be_out_of_sight(
    filled, tmp_path, capsys
):
    path = form(tmp_path / "xa.xlsx", {"Thử": "Đạt,Đạt,Đạt"}, "30/6/2022")
    code, said = run(capsys, "import", path, filled.folder)
    assert code == 0 and "3 dòng chỉ được biết sau ngày số liệu của bộ dữ liệu (31/3/2022)" in said
    assert "--as-of 30/6/2022" in said and len(filled.lines("criterion_states")) == 1 + 4 + 3


def test_a_new_disagreement_of_count_and_list_is_told_after_the_import(
    tmp_path, make_dataset, capsys
):
    count = {"set": "ntm-2016-2020", "date": "2022-03-31", "met": 19, "of": 19}
    folder = make_dataset(tmp_path / "thu", {"criterion_counts": [count]})
    code, said = run(
        capsys,
        "import",
        form(tmp_path / "xa.xlsx", {"Thử": "Chưa đạt,Đạt,Đạt"}, "31/3/2022"),
        folder,
        "--dry-run",
    )
    assert code == 0 and "criterion_counts.csv, dòng 2" in said and "19" in said


def test_a_template_full_of_errors_is_read_to_the_ten_thousandth(filled, monkeypatch):
    monkeypatch.setattr(template_reader, "MOST_PROBLEMS", 2)
    for row in (6, 7, 8, 9, 10):
        filled.set("units", row, "kind", f"lạ {row}")
    filled.book.save(filled.path)
    problems = understand(filled.path, Workbook.open(filled.folder)).problems
    assert [p.code for p in problems][-1] == "template_given_up"


def test_a_column_put_in_twice_and_a_sheet_cut_to_one_column_are_told(filled):
    sheet = filled.sheet("criterion_counts")
    place = filled.column("criterion_counts", "met")
    for row in range(1, sheet.max_row + 1):
        sheet.cell(row, sheet.max_column + 1 if row == 1 else sheet.max_column).value = sheet.cell(
            row, place
        ).value
    filled.sheet("cement").delete_cols(2, 30)
    filled.book.save(filled.path)
    problems = understand(filled.path, Workbook.open(filled.folder)).problems
    told = {p.code: p for p in problems if not p.warning}
    assert told.keys() >= {"form_twice", "template_broken"}
    assert told["form_twice"].details["value"] == "met"

"""The Excel template: everything of the data set in it, and nothing else, when it is read back."""

import datetime as dt
import io

import openpyxl
import pytest

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook, current_rows
from ntm_analysis.exchange import template_book
from ntm_analysis.exchange.template import CODES, EXAMPLE, HEADS
from ntm_analysis.tables import TABLE_GROUPS, TABLE_ORDER, TABLES, dictionary, sheet_name

FIRST = 6  # the first row of data of a sheet, as Excel counts
STATE = {"set": "ntm-2016-2020", "date": "2022-03-31"}
TABLES_OF_TWO = {
    "units": [{"code": "10001", "name": "Thử"}, {"code": "10002", "name": "Hòa Bình"}],
    "criterion_states": [
        STATE | {"criterion": 2, "state": "met"},
        STATE | {"criterion": 3, "state": "not_met"},
    ],
    "debts": [{"criterion": 2, "date": "2022-03-31", "amount": 1234.5, "note": "=1+1"}],
}


def book_of(folder) -> openpyxl.Workbook:
    workbook = Workbook.open(folder)
    return openpyxl.load_workbook(io.BytesIO(template_book(workbook, *current_rows(workbook))))


@pytest.fixture(scope="module", name="book")
def _book(tmp_path_factory):
    from conftest import make_dataset

    return book_of(make_dataset(tmp_path_factory.mktemp("template") / "thu", TABLES_OF_TWO))


def test_every_table_of_a_data_set_has_one_sheet_whose_name_excel_takes(book):
    assert sorted(TABLE_ORDER) == sorted(TABLES)
    names = [sheet_name(table) for table in TABLE_ORDER]
    assert len({name.lower() for name in names}) == len(TABLES)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert [name for name in book.sheetnames if book[name].sheet_state == "visible"] == [
        "Hướng dẫn",
        *names,
    ]
    assert set(TABLE_GROUPS) == {"report", "plan", "list", "ground"}


def test_heads_are_vietnamese_with_unit_star_and_the_code_name_in_a_note(book):
    sheet = book["Nợ đọng XDCB"]
    column = list(dictionary("debts")).index("amount") + 3
    assert sheet.cell(5, column).value == "Nợ đọng xây dựng cơ bản (triệu đồng) *"
    assert sheet.cell(5, column).comment.text.startswith("Tên cột: amount")
    assert [c.value for c in sheet[3]][:4] == [CODES, "debts", "commune", "criterion"]
    assert sheet.row_dimensions[3].hidden and sheet.column_dimensions["A"].hidden
    assert (sheet["A4"].value, sheet["B4"].value, sheet["A5"].value) == (EXAMPLE, "Ví dụ", HEADS)
    assert sheet["C4"].font.italic
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D6", "A5:J6")


def test_numbers_and_dates_are_numbers_and_dates_and_text_is_no_formula(book):
    row = dict(zip(dictionary("debts"), [c for c in book["Nợ đọng XDCB"][FIRST]][2:], strict=True))
    assert row["amount"].value == 1234.5 and row["amount"].number_format == "General"
    assert row["date"].value == dt.datetime(2022, 3, 31)
    assert (row["note"].value, row["note"].data_type) == ("=1+1", "s")


def test_choices_communes_and_ranges_are_checked_by_excel(book):
    sheet = book["Kết quả tiêu chí"]
    rules = {str(rule.sqref)[0]: rule for rule in sheet.data_validations.dataValidation}
    lists = book["Danh mục"]

    def listed(rule) -> list[str]:
        return [cell.value for (cell,) in lists[rule.formula1.split("!")[1].replace("$", "")]]

    assert listed(rules["C"]) == ["Thử", "Hòa Bình"]
    assert listed(rules["G"]) == ["đạt", "cơ bản đạt", "chưa đạt", "không áp dụng"]
    assert (rules["E"].type, rules["E"].formula1, rules["E"].formula2) == ("whole", "1", "99")
    assert "1 đến 99" in rules["E"].error


def test_communes_and_sources_that_are_being_entered_are_on_the_lists_of_the_other_sheets(
    tmp_path, make_dataset
):
    sheet = book_of(make_dataset(tmp_path / "moi", {"units": []}))["Kết quả tiêu chí"]
    rules = {
        str(rule.sqref)[0]: rule.formula1.partition("!")
        for rule in sheet.data_validations.dataValidation
    }
    head = {cell.value: cell.column_letter for cell in sheet[3]}
    for column, (table, name) in (
        ("commune", ("Xã, thị trấn", "name")),
        ("source", ("Nguồn số liệu", "id")),
    ):
        place, _, cells = rules[head[column]]
        assert place.strip("'") == table and cells.startswith("$")
        assert book_of(tmp_path / "moi")[table][f"{cells.split('$')[1]}3"].value == name


def test_choices_are_shown_in_words_and_communes_by_name(book):
    sheet = book["Kết quả tiêu chí"]
    assert [sheet["C6"].value, sheet["G6"].value, sheet["G7"].value] == ["Thử", "đạt", "chưa đạt"]


def test_two_communes_of_one_name_are_told_apart_by_code(tmp_path, make_dataset):
    units = [
        {"code": c, "name": "Hòa Bình", "district": d}
        for c, d in (("10001", "Đông"), ("10002", "Tây"))
    ]
    book = book_of(
        make_dataset(
            tmp_path / "thu",
            {"units": units, "criterion_states": [STATE | {"criterion": 2, "state": "met"}]},
        )
    )
    assert book["Kết quả tiêu chí"]["C6"].value == "Hòa Bình (10001)"


def test_a_file_that_is_there_is_not_written_over(tmp_path, make_dataset, capsys):
    folder, out = make_dataset(tmp_path / "thu"), tmp_path / "bieu.xlsx"
    assert main(["template", str(out), str(folder)]) == 0
    out.write_bytes(b"filled in")
    assert main(["template", str(out), str(folder)]) == 1
    assert out.read_bytes() == b"filled in"
    assert "không ghi đè" in capsys.readouterr().err


def test_a_sheet_that_lost_its_codes_stops_the_import_and_is_named(tmp_path, make_dataset, capsys):
    folder, out = (
        make_dataset(
            tmp_path / "thu", {"debts": [{"criterion": 2, "date": "2022-01-01", "amount": 5}]}
        ),
        tmp_path / "b.xlsx",
    )
    assert main(["template", str(out), str(folder)]) == 0
    for spoil in (lambda sheet: sheet.delete_cols(1), lambda sheet: sheet.delete_rows(3)):
        book = openpyxl.load_workbook(out)
        spoil(book[sheet_name("debts")])
        book.save(tmp_path / "spoilt.xlsx")
        assert main(["import", str(tmp_path / "spoilt.xlsx"), str(folder)]) == 1
        assert sheet_name("debts") in capsys.readouterr().err

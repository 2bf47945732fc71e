"""The office workbook: figures are the package's own, sums add up to them, text stays text, the old
file survives.
"""

import datetime as dt
import re
import shutil
import subprocess

import openpyxl
import pytest

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook
from ntm_analysis.exchange import office_workbook
from ntm_analysis.forecasts import forecast
from ntm_analysis.needs import demand
from ntm_analysis.results import ForecastResult
from ntm_analysis.standing import assess

DRAWS, SEED = 300, 2022
SETS = ("thanh-chuong", "huyen-mau")


@pytest.fixture(scope="module", params=SETS)
def made(request, tmp_path_factory):
    """A data set, its exported workbook with formulas, and with their saved results."""
    workbook = Workbook.open(f"data/{request.param}")
    path = tmp_path_factory.mktemp("export") / "bieu.xlsx"
    path.write_bytes(office_workbook(workbook, "vi", DRAWS, SEED)[1])
    return (
        workbook,
        path,
        openpyxl.load_workbook(path),
        openpyxl.load_workbook(path, data_only=True),
    )


def head_row(sheet) -> int:
    return next(row for row in range(1, 12) if sheet.cell(row, 1).value == "TT")


def total_row(sheet) -> int | None:
    found = [
        row
        for row in range(1, 16)
        if str(sheet.cell(row, 2).value).startswith("Tổng số") and sheet.cell(row, 1).value != "TT"
    ]
    return found[0] if found else None


def cells_of(sheet, reference: str) -> list[object]:
    return [
        cell.value
        for row in sheet[reference]
        for cell in (row if isinstance(row, tuple) else (row,))
    ]


def evaluated(formula: str, results) -> float:
    """SUM and COUNTIF with a beginning, over the saved values: all that the workbook uses."""
    if match := re.fullmatch(r"=SUM\(([A-Z]+\d+:[A-Z]+\d+)\)", formula):
        return sum(value for value in cells_of(results, match[1]) if isinstance(value, int | float))
    match = re.fullmatch(r'=COUNTIF\(([A-Z]+\d+:[A-Z]+\d+),"(.)\*"\)', formula)
    assert match, formula
    return sum(
        isinstance(value, str) and value.startswith(match[2])
        for value in cells_of(results, match[1])
    )


def test_every_formula_has_the_result_that_is_saved_with_it(made):
    _, _, book, results = made
    checked = 0
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    saved = results[sheet.title][cell.coordinate].value
                    assert evaluated(cell.value, results[sheet.title]) == pytest.approx(
                        saved, rel=1e-9, abs=1e-6
                    ), cell
                    checked += 1
    assert checked > 60


def column(results, sheet: str, head: str) -> int:
    page = results[sheet]
    row = head_row(page)
    return next(
        c
        for c in range(1, page.max_column + 1)
        if head in (page.cell(row, c).value, page.cell(row + 1, c).value)
    )


def test_the_need_adds_up_to_the_need_of_the_package(made):
    workbook, _, _, results = made
    needs = demand(workbook, draws=DRAWS, seed=SEED)
    mean = float(needs.together.total.mean()) / 1000
    for name in ("Nhu cầu vốn theo xã", "Nhu cầu vốn theo công trình"):
        page = results[name]
        assert page.cell(total_row(page), column(results, name, "Tổng số")).value == pytest.approx(
            mean, rel=1e-9
        )
    page = results["Nhu cầu vốn theo xã"]
    first, names = total_row(page) + 1, workbook.communes["name"]
    shown = {
        page.cell(r, 2).value: page.cell(r, column(results, page.title, "Tổng số")).value
        for r in range(first, page.max_row)
    }
    for unit, worlds in needs.together.by["commune"].items():
        if worlds.any():
            assert shown[names[unit]] == pytest.approx(float(worlds.mean()) / 1000, rel=1e-9)


def test_each_source_adds_up_to_its_claims(made):
    workbook, _, _, results = made
    needs, page = demand(workbook, draws=DRAWS, seed=SEED), results["Nhu cầu vốn theo xã"]
    pots = workbook.tables["pots"].set_index("pot")["name_vi"]
    for pot, claims in needs.together.by["pot"].items():
        shown = page.cell(total_row(page), column(results, page.title, pots[pot])).value
        assert shown == pytest.approx(float(claims.mean()) / 1000, rel=1e-9, abs=1e-6)


def test_the_standing_is_the_matrix_and_its_counts_count(made):
    workbook, _, _, results = made
    standing, page = assess(workbook, workbook.default_set("ntm")), results["Hiện trạng tiêu chí"]
    signs = {
        "met": "Đ",
        "recognition": "Đ*",
        "not_met": "C",
        "basic": "CBĐ",
        "unknown": "...",
        "not_applicable": "KAD",
    }
    first = total_row(page) + 1
    for place, unit in enumerate(workbook.communes.index):
        shown = [str(page.cell(first + place, 3 + c).value).rstrip("†") for c in range(19)]
        assert shown == [signs[state] for state in standing.matrix().loc[unit]]
        assert page.cell(first + place, 22).value == sum(sign.startswith("Đ") for sign in shown)


def test_the_capital_plan_adds_up_to_the_envelopes_without_credit(made):
    workbook, _, _, results = made
    page, rows = results["Kế hoạch vốn"], workbook.tables["envelopes"]
    pots = workbook.tables["pots"].set_index("pot")
    money = rows[
        (rows["pot"].map(pots["measure"]) == "money")
        & (rows["pot"].map(pots["fund"]) != "tin_dung")
    ]
    cells = [page.cell(total_row(page), c).value for c in range(4, page.max_column + 1)]
    assert sum(cell for cell in cells if isinstance(cell, int | float)) == pytest.approx(
        money["amount"].sum()
    )


def test_the_forecast_is_that_of_the_package(made):
    workbook, _, _, results = made
    found, page = (
        ForecastResult(forecast(workbook, draws=DRAWS, seed=SEED)).to_dict(),
        results["Dự báo theo xã"],
    )
    first = head_row(page) + 2
    for place, commune in enumerate(found["communes"]):
        assert page.cell(first + place, 2).value == commune["name"]
        assert page.cell(first + place, 3).value == pytest.approx(commune["p_met"])
        day = page.cell(first + place, 6).value
        if commune["p50_date"] and not commune["finished"]:
            assert isinstance(day, dt.datetime) and f"{day:%Y-%m-%d}" == commune["p50_date"]


def test_no_cell_of_a_table_is_blank_and_every_sheet_prints_on_a4(made):
    _, _, book, results = made
    for sheet in book:
        assert (
            sheet.print_area
            and sheet.page_setup.paperSize == 9
            and sheet.page_setup.orientation == "landscape"
        )
        assert (
            sheet.sheet_properties.pageSetUpPr.fitToPage
            and sheet.page_setup.fitToHeight == 0
            and sheet.print_title_rows
        )
        page = results[sheet.title]
        first, width = (
            head_row(page) + 1,
            max(c for c in range(1, page.max_column + 1) if page.cell(head_row(page), c).value),
        )
        for row in range(first, page.max_row + 1):
            if re.fullmatch(r"\d+", str(page.cell(row, 1).value)):
                assert all(
                    page.cell(row, c).value not in (None, "") for c in range(1, width + 1)
                ), (sheet.title, row)


def test_invented_data_say_so_on_every_sheet(made):
    workbook, _, book, _ = made
    for sheet in book:
        said = any(
            "SỐ LIỆU MINH HỌA" in str(cell.value)
            for row in sheet.iter_rows(max_row=4)
            for cell in row
        )
        assert (
            said is workbook.illustrative
            and ("MINH HỌA" in sheet.oddHeader.center.text) is workbook.illustrative
        )


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    shutil.copytree("data", tmp_path / "data")
    path = tmp_path / "data" / "huyen-mau" / "ocop.csv"
    row = '90001,"=HYPERLINK(""http://x"",""y"")",+CMD|x,3,@SUM(1),2022-01-01,,2022-12-31,bia-dat,illustrative,'
    path.write_text(
        path.read_text(encoding="utf-8-sig").split("\n")[0] + "\n" + row + "\n",
        encoding="utf-8-sig",
    )
    raw = office_workbook(Workbook.open(tmp_path / "data" / "huyen-mau"), "vi", 50, 1)[1]
    (tmp_path / "b.xlsx").write_bytes(raw)
    page = openpyxl.load_workbook(tmp_path / "b.xlsx")["OCOP"]
    cells = [
        cell
        for row in page.iter_rows()
        for cell in row
        if str(cell.value).startswith(("=", "+", "@"))
    ]
    assert len(cells) == 3 and {cell.data_type for cell in cells} == {"s"}


def test_the_same_data_give_the_same_bytes():
    workbook = Workbook.open("data/thanh-chuong")
    assert office_workbook(workbook, "en", 50, 1) == office_workbook(workbook, "en", 50, 1)


def test_what_a_forecast_lacks_is_told_and_the_rest_is_there(make_dataset, tmp_path):
    workbook = Workbook.open(make_dataset(tmp_path / "d"))
    count, raw = office_workbook(workbook, "vi", 50, 1)
    (tmp_path / "b.xlsx").write_bytes(raw)
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert count == 11 and len(book.sheetnames) == 12
    for sheet, file in (
        ("Dự báo theo xã", "assumptions.csv"),
        ("Nhu cầu vốn theo xã", "carry_over.csv"),
    ):
        said = " ".join(str(cell.value) for row in book[sheet].iter_rows() for cell in row)
        assert "chưa có số liệu" in said and file in said


def test_a_target_that_cannot_be_replaced_keeps_the_old_file(tmp_path, monkeypatch, capsys):
    target = tmp_path / "bieu.xlsx"
    target.write_bytes(b"old")

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", denied)
    assert main(["export", str(target), "data/thanh-chuong", "--draws", "20"]) == 1
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "đang mở trong Excel" in line


@pytest.mark.parametrize("command", ["export", "template"])
def test_a_name_without_xlsx_is_a_mistake_of_usage(command, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, str(tmp_path / "bieu.csv")])
    assert stopped.value.code == 2 and ".xlsx" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_computes_the_same_sums(made, tmp_path):
    _, path, book, results = made
    call = [
        "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/o",
        "--convert-to",
        "ods",
        "--outdir",
        str(tmp_path),
    ]
    subprocess.run([*call, str(path)], check=True, capture_output=True, timeout=120)
    back = [
        "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/o",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run(
        [*back, "--outdir", str(tmp_path), str(tmp_path / "bieu.ods")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    again = openpyxl.load_workbook(tmp_path / "bieu.xlsx", data_only=True)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    ours, theirs = (b[sheet.title][cell.coordinate].value for b in (results, again))
                    assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-6), (
                        sheet.title,
                        cell.coordinate,
                    )

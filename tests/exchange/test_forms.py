"""What offices send is read exactly, told in full, or refused with sheet and cell; nothing is
dropped in silence.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import messy_workbooks as messy
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntm_analysis.data import SLIPS, Workbook
from ntm_analysis.exchange import sheets
from ntm_analysis.exchange.form_layout import data_days
from ntm_analysis.exchange.form_reader import FormReading, read_forms, told_lines
from ntm_analysis.exchange.sheets import Sheet, read_book
from ntm_analysis.tables import DataProblemsError, excel_reader

DAY = dt.date(2022, 3, 31)
THREE = {"met": 45, "not_met": 12}  # three communes without four criteria


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    return Workbook.open("data/thanh-chuong")


@pytest.fixture
def _read_here(monkeypatch):
    """Files that a test makes itself need no process of their own."""
    here = lambda path: excel_reader.read(str(path))  # noqa: E731
    monkeypatch.setattr(sheets, "_read_apart", here)


def read(path: Path, workbook: Workbook, **options) -> FormReading:
    return read_forms(read_book(path), workbook, path.name, **options)


def states(made: FormReading) -> dict[tuple[str, int], str]:
    """The states read, by commune and criterion."""
    units = {"17758": "Thanh Hương", "17776": "Thanh Chi", "17755": "Thanh Ngọc"}
    rows = [entry.values for entry in made.entries if entry.table == "criterion_states"]
    return {
        (units.get(row["commune"], row["commune"]), int(row["criterion"])): row["state"]
        for row in rows
    }


@dataclass
class Outcome:
    """What a workbook gives: states by kind, values, counts; problems as (code, sheet's cell or
    ""); texts that must be told.
    """

    states: dict[str, int] = field(default_factory=dict)
    values: int = 0
    counts: int = 0
    errors: list[tuple[str, str | None]] = field(default_factory=list)
    warnings: list[tuple[str, str | None]] = field(default_factory=list)
    told: tuple[str, ...] = ()


SAME = Outcome(THREE)
OUTCOMES = {
    "plain_form": SAME,
    "far_corner": SAME,
    "two_line_heads": Outcome(THREE, told=("form_totals", "form_notes")),
    "heads_by_name": SAME,
    "heads_numbered": SAME,
    "three_lines_and_numbering": SAME,
    "no_name_head": SAME,
    "turned_round": SAME,
    "ticks": Outcome({"met": 45}, warnings=[("form_only_met", "C3")]),
    "ticks_with_own_key": SAME,
    "plus_and_minus": SAME,
    "ones_and_noughts": SAME,
    "basically_met_and_unknown": Outcome(
        {"met": 31, "basic": 2, "not_met": 2, "not_applicable": 1}
    ),
    "a_column_a_state": Outcome(
        {"met": 1, "basic": 1, "not_met": 1}, errors=[("form_two_ticks", "E6")]
    ),
    "counts_only": Outcome(
        counts=2, errors=[("form_total", "C7"), ("form_count", "C8"), ("form_total", "C9")]
    ),
    "a_wrong_count_and_total": Outcome(
        THREE,
        warnings=[("form_count_differs", "V5"), ("form_total_differs", "D7")],
        told=("form_totals",),
    ),
    "two_districts": Outcome({"met": 15, "not_met": 4}, told=("form_groups", "form_elsewhere")),
    "of_our_district_by_its_letterhead": SAME,
    "of_another_district_by_its_letterhead": Outcome(
        errors=[("form_nothing", None)], told=("form_elsewhere",)
    ),
    "ticks_that_mean_not_met": Outcome({"not_met": 12}, warnings=[("form_only_met", "C3")]),
    "ticks_under_what_is_lacking": Outcome(
        {"met": 12}, errors=[("form_tick_doubt", "C3")], warnings=[("form_only_met", "C3")]
    ),
    "a_plan": Outcome(THREE, errors=[("form_not_results", None)]),
    "registrations_for_a_year": Outcome(THREE, errors=[("form_not_results", None)]),
    "results_of_hamlets": Outcome(THREE, errors=[("form_not_results", None)]),
    "two_days": Outcome(THREE, errors=[("form_two_days", None)]),
    "only_a_year": Outcome(errors=[("form_no_day", None)]),
    "before_there_were_units": Outcome(errors=[("form_no_units", "B4")]),
    "a_slip_among_ones_and_noughts": Outcome(
        {"met": 44, "not_met": 12}, errors=[("form_mark", "M5")]
    ),
    "two_tables_in_a_sheet": Outcome({"met": 30, "not_met": 8}),
    "several_sheets": Outcome({"met": 30, "not_met": 8}, told=("form_no_table", "form_blank")),
    "hidden_rows": Outcome(THREE, told=("form_hidden",)),
    "formulas_never_computed": Outcome(
        {"met": 43, "not_met": 12}, errors=[("unsaved_formula", "C4"), ("form_mark", "E6")]
    ),
    "repeated_communes": Outcome(
        {"met": 30, "not_met": 8},
        errors=[("form_differs", "G7"), ("form_differs", "H7"), ("form_differs", "S7")],
    ),
    "strange_names": Outcome(
        {"met": 15, "not_met": 4},
        told=("form_towns",),
        errors=[("unknown_unit", "B5"), ("unknown_unit", "B6"), ("form_no_name", "B8")],
    ),
    "marks_that_are_none": Outcome(
        {"met": 13, "not_met": 2},
        values=1,
        errors=[("form_mark", "D4"), ("form_mark", "E4"), ("form_mark", "F4")],
    ),
    "decomposed_letters": SAME,
    "old_font": SAME,
    "indicators": Outcome(
        values=6, errors=[("form_share", "G4"), ("out_of_range", "C5"), ("other_style", "D5")]
    ),
    "a_one_among_values": Outcome(values=8, errors=[("form_one", "C5")]),
    "a_one_among_values_of_a_criterion": Outcome({"met": 3}, values=2, errors=[("form_one", "D5")]),
    "a_one_written_as_a_value": Outcome({"met": 5, "not_met": 1}, values=3),
    "a_one_among_values_where_one_means_met": Outcome(
        values=7, errors=[("form_mark", "E4"), ("form_one", "D5")]
    ),
    "only_ones_under_a_measured_indicator": Outcome(
        values=6, errors=[("form_one", "C4"), ("form_one", "C5"), ("form_one", "C6")]
    ),
    "a_day_of_american_order": Outcome(errors=[("form_bad_day", None)]),
    "a_day_that_is_none": Outcome(errors=[("form_bad_day", None)]),
    "a_day_with_a_short_year": SAME,
    "a_short_day_that_may_be_two": Outcome(errors=[("form_bad_day", None)]),
    "no_day": Outcome(errors=[("form_no_day", None)]),
    "two_columns_of_one_criterion": Outcome(
        {"met": 45, "not_met": 9},
        errors=[
            ("form_twice", "D3"),
            ("form_differs", "D4"),
            ("form_differs", "D5"),
            ("form_differs", "D6"),
        ],
    ),
    "other_columns": Outcome(THREE, told=("form_unused",)),
    "empty_rows": SAME,
    "epoch_of_1904": SAME,
    "nothing_in_it": Outcome(errors=[("form_none", None)], told=("form_blank",)),
    "old_excel": SAME,
}
REFUSED = {
    "password": "book_password",
    "cut_off": "book_broken",
    "a_zip_of_something": "book_broken",
    "web_page": "book_other",
    "cut_old_excel": "book_broken",
}


def test_every_messy_workbook_has_its_outcome():
    assert (
        set(OUTCOMES) | set(REFUSED) == {*messy.CASES, *messy.OLD_CASES}
        and len(OUTCOMES) + len(REFUSED) >= 20
    )


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_messy_workbook_is_read_exactly(name, workbook, tmp_path):
    expected, made = OUTCOMES[name], read(messy.make(tmp_path, name), workbook)
    tables = Counter(entry.table for entry in made.entries)
    found = Counter(
        entry.values["state"] for entry in made.entries if entry.table == "criterion_states"
    )
    assert dict(found) == expected.states
    assert (tables["indicator_values"], tables["criterion_counts"]) == (
        expected.values,
        expected.counts,
    )
    problems = [((p.code, p.cell), p.warning) for p in made.problems]
    assert [place for place, warning in problems if not warning] == expected.errors
    assert [place for place, warning in problems if warning] == expected.warnings
    assert set(expected.told) <= {key for key, _ in made.remarks}
    for lang in ("vi", "en"):
        assert all(told_lines(made, lang))


@pytest.mark.parametrize("name", [name for name, outcome in OUTCOMES.items() if outcome is SAME])
def test_the_same_table_in_any_dress_says_the_same(name, workbook, tmp_path):
    expected = {
        (commune, n): "not_met" if n in messy.LACK else "met"
        for commune in messy.COMMUNES
        for n in messy.NUMBERS
    }
    made = read(messy.make(tmp_path, name), workbook)
    assert states(made) == expected
    assert {entry.values["date"] for entry in made.entries if "date" in entry.values} == {DAY}
    assert {entry.values["set"] for entry in made.entries if "set" in entry.values} == {
        "ntm-2016-2020"
    }


def test_a_day_that_cannot_be_read_is_quoted_and_the_option_stands_in_for_it(workbook, tmp_path):
    path = messy.make(tmp_path, "a_day_of_american_order")
    (problem,) = read(path, workbook).problems
    assert "tính đến ngày 3/31/2022)”: không đọc được ngày" in problem.words()[0]
    made = read(path, workbook, date=DAY)
    assert len(states(made)) == 57 and [(p.code, p.warning) for p in made.problems] == [
        ("form_bad_day", True)
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_excel_file_is_refused_by_name(name, workbook, tmp_path):
    with pytest.raises(DataProblemsError) as caught:
        read_book(messy.make(tmp_path, name))
    (problem,) = caught.value.problems
    assert problem.code == REFUSED[name] and problem.file.startswith(name)


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    for path, code in ((tmp_path / "không có.xlsx", "book_missing"), (tmp_path, "unopened_file")):
        with pytest.raises(DataProblemsError) as caught:
            read_book(path)
        assert [p.code for p in caught.value.problems] == [code]


def test_a_percentage_is_a_percentage_however_excel_keeps_it(workbook, tmp_path):
    made = read(messy.make(tmp_path, "indicators"), workbook)
    rows = [
        entry.values
        for entry in made.entries
        if entry.table == "indicator_values" and entry.values["commune"] == "17758"
    ]
    assert {row["indicator"]: row["value"] for row in rows if row["value"] is not None} == {
        "2.1": 95.5,
        "11": 3.5,
        "10": 41.5,
    }
    assert [row["indicator"] for row in rows if row["state"] == "met"] == ["1.1"]


def test_a_commune_of_another_district_is_never_taken_for_ours(workbook, tmp_path):
    made = read(messy.make(tmp_path, "two_districts"), workbook)
    assert {commune for commune, _ in states(made)} == {"Thanh Hương"}
    rows = dict(made.remarks)["form_elsewhere"]["rows"]
    assert "B7 Thanh Chi (Yên Thành)" in rows and "B8 Tây Thành (Yên Thành)" in rows


HEADINGS = {
    "II. Huyện Yên Thành": "Yên Thành",
    "1. Thị xã Cửa Lò (cũ)": "Cửa Lò",
    "HUYỆN THANH CHƯƠNG": None,
    "UBND huyện Thanh Chương, tỉnh Nghệ An": None,
    "Huyện Thanh Chương năm 2022": None,
    "Tổng hợp huyện Thanh Chương": None,
    "Xã Thanh Chi": None,
}


@pytest.mark.parametrize("text, elsewhere", HEADINGS.items())
def test_a_heading_names_its_district_however_it_is_written(text, elsewhere, workbook):
    sheet = Sheet("s", [[text], ["Tên xã", "TC 1"], ["Thanh Chi", "Đạt"]])
    told = dict(read_forms([sheet], workbook, "f.xlsx", date=DAY).remarks)
    left_out = told.get("form_elsewhere", {}).get("rows", "")
    assert left_out == (f"A3 Thanh Chi ({elsewhere})" if elsewhere else "")


def test_a_code_that_is_not_the_named_commune_s_is_told_and_counts(workbook):
    cells = [["Mã xã", "Tên xã", "TC 1"], [17776.0, "Thanh Hương", "Đạt"]]
    understood = read_forms([Sheet("s", cells)], workbook, "f.xlsx", date=DAY)
    assert [(p.code, p.cell) for p in understood.problems] == [("form_code", "B2")]
    assert "17776" in understood.problems[0].words("vi")[0]
    assert set(states(understood)) == {("Thanh Chi", 1)}


@pytest.mark.parametrize(
    "line",
    [
        "(Kèm theo Quyết định số 123/QĐ-UBND ngày 18 tháng 3 năm 2022 của UBND huyện)",
        "Theo QĐ 318/QĐ-TTg ngày 08/3/2022",
        "Báo cáo số ..../BC-UBND ngày 20/4/2022",
        "Thanh Chương, ngày 05 tháng 4 năm 2022",
    ],
)
def test_the_day_of_a_paper_is_no_day_of_figures(line):
    assert data_days([line]) == []
    assert [day for day, _ in data_days([line, "Số liệu tính đến ngày 31/3/2022"])] == [DAY]
    # what stands in the line of a letter's day is the letter's
    if not line.startswith("Thanh Chương"):
        assert [day for day, _ in data_days([f"{line}; số liệu năm 2021"])] == [
            dt.date(2021, 12, 31)
        ]


def test_day_and_set_may_be_given_where_the_sheet_is_silent(workbook, tmp_path):
    made = read(messy.make(tmp_path, "no_day"), workbook, date=DAY, set_id="ntm-2021-2025")
    assert made.problems == []
    assert {
        (e.values["date"], e.values["set"]) for e in made.entries if e.table == "criterion_states"
    } == {(DAY, "ntm-2021-2025")}


def test_the_file_becomes_a_source_and_every_row_names_it(workbook, tmp_path):
    made = read(messy.make(tmp_path, "several_sheets"), workbook)
    (source,) = [entry.values for entry in made.entries if entry.table == "sources"]
    assert source["id"] == "several-sheets-2022-03-31" and "several_sheets.xlsx" in source["title"]
    assert {e.values["source"] for e in made.entries if e.table != "sources"} == {source["id"]}
    assert {e.values["mark"] for e in made.entries if e.table != "sources"} == {"reported"}


MARKS = st.sampled_from(
    [
        ("Đạt", "Chưa đạt"),
        ("Đ", "C"),
        ("x", "chưa"),
        (1, 0),
        ("+", "-"),
        ("ĐẠT", "KHÔNG ĐẠT"),
        ("✓", "0"),
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_layout_is_read_back(data, workbook, tmp_path, _read_here):
    names = data.draw(
        st.lists(
            st.sampled_from(sorted(workbook.communes["name"])), min_size=2, max_size=6, unique=True
        )
    )
    numbers = data.draw(st.permutations(list(messy.NUMBERS)))[: data.draw(st.integers(3, 19))]
    truth = {
        (name, n): data.draw(st.sampled_from(["met", "not_met", ""]))
        for name in names
        for n in numbers
    }
    top, left = data.draw(st.integers(0, 12)), data.draw(st.integers(0, 6))
    met, not_met = data.draw(MARKS)
    head = data.draw(st.sampled_from(["TC {}", "Tiêu chí số {}", "Tiêu chí {}", "TC{}", "{}. x"]))
    heads = [head.format(n) if head != "{}. x" else f"{n}. {messy.NAMES[n - 1]}" for n in numbers]
    if not_met == "-":  # a dash says "not met" only beside a plus
        truth[names[0], numbers[0]] = "met"
    path = tmp_path / "bieu.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        messy.put(sheet, (top, left), [[messy.TITLE], [messy.DAY], ["TT", "Tên xã", *heads]])
        for r, name in enumerate(names):
            cells = [{"met": met, "not_met": not_met, "": None}[truth[name, n]] for n in numbers]
            messy.put(sheet, (top + 3 + r, left), [[r + 1, name, *cells]])
    made = read(path, workbook)
    codes = workbook.communes.set_index("name")["code"]
    found = {
        (e.values["commune"], int(e.values["criterion"])): e.values["state"]
        for e in made.entries
        if e.table == "criterion_states"
    }
    assert found == {(codes[name], n): state for (name, n), state in truth.items() if state}
    blank = [] if found else ["form_nothing"]  # nothing drawn but blank cells
    assert [p.code for p in made.problems if not p.warning] == blank


def test_a_sheet_larger_than_any_form_is_left_out_and_told(workbook):
    form = Sheet("biểu", [["Tên xã", "TC 1"], ["Thanh Chi", "Đạt"]])
    large = {
        "dài": Sheet("dài", [["Thanh Chi", "Đạt"]] * 5_001),
        "rộng": Sheet("rộng", [["Đạt"] * 5_001]),
        "gộp": Sheet("gộp", form.cells, ((1, 0, 1, 1),) * 5_001),
        "chữ": Sheet("chữ", [["x" * 3_000_001]]),
        "ô": Sheet("ô", [[None] * 400] * 400),
    }
    understood = read_forms([*large.values(), form], workbook, "f.xlsx", date=DAY)
    told = [(p.code, p.warning, p.sheet) for p in understood.problems]
    assert told == [("form_large", True, name) for name in large]
    assert set(states(understood)) == {("Thanh Chi", 1)}


def test_of_very_many_unknown_names_the_first_have_a_name_that_is_near(workbook):
    cells = [["Tên xã", "TC 1"], *([f"Thanh Chj {n:03}", "Đạt"] for n in range(SLIPS + 2))]
    understood = read_forms([Sheet("s", cells)], workbook, "f.xlsx", date=DAY)
    near = [bool(p.details["near"]) for p in understood.problems]
    assert near == [True] * SLIPS + [False] * 2

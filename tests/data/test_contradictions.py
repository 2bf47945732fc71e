"""Facts that cannot be are errors, odd ones warnings: each a cell or a row of huyen-mau changed.

Cases of different tables are tried in one copy, which tells of nothing else: see :func:`told`.
"""

import csv
import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from ntm_analysis.data import Workbook
from ntm_analysis.tables import DataProblemsError, Problem, dictionary, dictionary_rows, report

ERROR, ODD = "error", "warning"
NEW = {"known_from": "2022-12-31", "source": "bia-dat", "mark": "illustrative"}
DAY = "2022-11-30"
COUNTING = "advanced-nghe-an-2018-2020"  # a set that names no criteria


def row(table: str, place: str, outcome: str, code: str, column: str, **cells: str) -> tuple:
    """A case: the row that begins with ``place`` ("" adds one) gets ``cells``."""
    return table, place, cells, outcome, code, column


CASES = [
    # unit costs: nothing is free; prices do not leap
    row("unit_costs", "nuoc", ERROR, "zero_cost", "mode", low="0", mode="0", high="0"),
    row("unit_costs", "nuoc", ERROR, "zero_cost", "mode", low="0", mode="0"),
    row("unit_costs", "nuoc", ODD, "wide_range", "high", low="1", high="1600"),
    row("unit_costs", "nuoc", ERROR, "range_falls", "mode", mode="60"),
    row("prices", "2023", ERROR, "out_of_range", "high", high="300"),
    row("prices", "2023", ODD, "price_jump", "mode", mode="40", high="60"),
    row("prices", "2023", ODD, "price_jump", "mode", low="-40", mode="-30"),
    # mergers: into itself, in a circle, into one of another name or another time
    row(
        "mergers",
        "A11",
        ERROR,
        "merged_into_itself",
        "into_code",
        into_code="90011",
        into_name="A11",
    ),
    row(
        "mergers",
        "A11",
        ERROR,
        "merged_into_ended",
        "into_code",
        into_code="90012",
        into_name="A12",
    ),
    row("mergers", "A12", ERROR, "merged_into_later", "into_code", on="2022-12-01"),
    row("mergers", "A12", ERROR, "merged_into_other", "into_name", into_name="A31"),
    row("mergers", "A12", ERROR, "merged_into_other", "into_name", into_code="90010"),
    row("mergers", "A12", ERROR, "merged_before", "on", on="2019-12-31", into_code=""),
    row("mergers", "A12", ERROR, "unknown_unit", "into_code", into_code="90099"),
    # works: what is done, and what is still to do
    row("works", "A3", ERROR, "done_short", "percent_done", state="done", percent_done="0"),
    row("works", "A3", ERROR, "done_short", "percent_done", state="done", percent_done="40"),
    row("works", "A3", ERROR, "done_unsaid", "state", percent_done="100"),
    row("works", "A3", ERROR, "zero_quantity", "quantity", low="0", quantity="0", high="0"),
    row("works", "A3", ODD, "done_unsaid", "state", state="carried_over", percent_done="100"),
    row("works", "A3", ODD, "done_ahead", "planned_year", state="done", planned_year="2024"),
    row("works", "A3", ODD, "far_year", "planned_year", planned_year="2000"),
    row("works", "A3", ODD, "far_year", "planned_year", planned_year="2100"),
    row("works", "A3", ERROR, "out_of_range", "planned_year", planned_year="1999"),
    row("tasks", "A5", ODD, "zero_quantity", "quantity", quantity="0"),
    row("progress", "A6,2022-12,,,,truong-1", ODD, "below_work", "value", value="30"),
    row("progress", "A6,2022-12,,,,truong-1", ERROR, "out_of_range", "value", value="120"),
    row("work_plans", "A5,htx-1,2022-12", ERROR, "falls_back", "percent", percent="10"),
    # recognitions: not before there was a programme, the commune, or the level below
    row("recognitions", "A4", ERROR, "before_programme", "date", date="1950-01-01"),
    row("recognitions", "A4", ERROR, "known_before", "date", date="2022-12-02"),
    row("recognitions", "", ERROR, "before_merger", "date", commune="A13", date=DAY),
    row("recognitions", "A1,advanced", ODD, "higher_first", "date", date="2018-01-10"),
    row("recognitions", "A4", ERROR, "wrong_level", "set", set="advanced-2021-2025"),
    row("criterion_states", "A1", ERROR, "before_programme", "date", date="2001-12-31"),
    row("indicator_values", "A1", ERROR, "before_programme", "date", date="2001-12-31"),
    row("indicator_values", "A1", ERROR, "known_before", "date", date="2022-02-01"),
    row("criterion_counts", "A5", ERROR, "before_programme", "date", date="2001-12-31"),
    row("criterion_counts", "A5", ERROR, "wrong_total", "of", of="20"),
    row("criterion_states", "A1", ERROR, "unknown_criterion", "criterion", criterion="20"),
    row("criterion_counts", "A5", ERROR, "count_above_total", "met", met="20"),
    row("criterion_counts", "A5", ERROR, "known_before", "date", date="2022-01-01"),
    row("hamlet_states", "A5", ERROR, "before_programme", "date", date="2001-12-31"),
    row("hamlet_states", "A5", ERROR, "known_before", "date", date="2023-01-01"),
    row("criterion_states", "A1", ERROR, "known_before", "date", date="2022-02-01"),
    # targets: for what is not reached, in one year, while the commune is there
    row("targets", "A2", ERROR, "target_reached", "commune", level="ntm"),
    row("targets", "", ODD, "two_years", "year", commune="A9", year="2025", kind="pledge"),
    row("targets", "A9", ODD, "far_year", "year", year="2055"),
    row("targets", "A9", ERROR, "target_past", "year", year="2021"),
    row("targets", "A9", ERROR, "not_judged", "commune", commune="B1"),
    row("targets", "", ODD, "gone_by_then", "year", commune="A12", year="2024", kind="plan"),
    row("recognitions", "A11", ERROR, "not_judged", "commune", commune="B1"),
    row("criterion_states", "A1", ERROR, "not_judged", "commune", commune="B1"),
    row("criterion_counts", "A5", ERROR, "not_judged", "commune", commune="B1"),
    row("indicator_values", "A1", ERROR, "not_judged", "commune", commune="B1"),
    row("goals", "term_goal", ODD, "far_year", "year", year="2055"),
    row("hamlet_targets", "A6", ODD, "far_year", "year", year="2055"),
    # people and households
    row("units", "90010", ERROR, "more_households", "population", population="100"),
    row("units", "90010", ERROR, "more_households", "population", households="9000"),
    row("units", "90010", ODD, "crowded", "population", population="50000"),
    row("hamlets", "A5,Thôn 2", ERROR, "more_households", "population", population="30"),
    row("hamlets", "A5,Thôn 2", ODD, "crowded", "population", population="3000"),
    # order
    row("units", "90002", ERROR, "same_order", "order", order="1"),
    row("units", "90014", ERROR, "same_order", "order", order="5"),
    row("units", "90013", ERROR, "same_order", "order", order="4"),
    # hamlets and their commune
    row("hamlets", "A5,Thôn 1", ERROR, "above_commune", "households", households="2500"),
    row("hamlets", "A5,Thôn 1", ERROR, "above_commune", "population", population="9900"),
    row("hamlets", "", ODD, "hamlets_over", "households", commune="A9", households="2200"),
    row("hamlets", "A9,Thôn Nam", ODD, "none_decided", "level", decision="QĐ 1"),
    row("hamlets", "A9,Thôn Đoài", ERROR, "before_programme", "date", date="2008-12-20"),
    row("hamlets", "A9,Thôn Đoài", ERROR, "known_before", "date", date="2023-12-20"),
    row("hamlet_targets", "", ERROR, "hamlet_reached", "year", commune="A9", hamlet="Thôn Đoài"),
    # cement: granted, delivered, used
    row("cement", "A5", ERROR, "cement_order", "delivered", used="190"),
    row("cement", "A5", ERROR, "cement_order", "delivered", granted="100"),
    row("cement", "A5", ERROR, "cement_order", "delivered", delivered="", used="210"),
    row("cement", "A5", ERROR, "year_ahead", "year", year="2023"),
    row("cement", "A5", ODD, "far_year", "year", year="2009"),
    row("cement", "A5", ODD, "communes_over", "granted", granted="800"),
    row("cement", ",2022", ODD, "communes_above", "delivered", delivered="100", used="90"),
    row("work_plans", "A5,htx-1,2022-10", ERROR, "before_programme", "month", month="1999-12"),
    # days of sources and assignments
    row("sources", "bia-dat", ODD, "published_odd", "published", published="2099-01-01"),
    row("sources", "bia-dat", ODD, "published_odd", "published", published="1980-01-01"),
    row("sources", "bia-dat", ERROR, "not_a_date", "published", published="1900-01-01"),
    row("assignments", "A7", ERROR, "before_programme", "due", due="1999-06-30"),
    row("assignments", "A7", ODD, "due_odd", "due", due="2019-06-30"),
    row("assignments", "A7", ODD, "due_odd", "due", due="2041-06-30"),
    # sets
    row(
        "carry_over",
        "ntm-2016-2020,1,",
        ERROR,
        "carried_to_itself",
        "to_set",
        to_set="ntm-2016-2020",
    ),
    row("carry_over", "ntm-2016-2020,1,", ERROR, "unknown_set", "to_set", to_set="ntm-2030"),
    row("carry_over", "ntm-2016-2020,1,", ERROR, "unknown_criterion", "criterion", criterion="20"),
    row("works", "A9", ERROR, "unknown_criterion", "criterion", criterion="30"),
    row("works", "A3", ERROR, "wrong_level", "set", set="ntm-2021-2025"),
    row("works", "A3", ERROR, "counts_only", "set", set=COUNTING, criterion="2"),
    row(
        "typical_works", "ntm-2021-2025,6", ERROR, "unknown_criterion", "criterion", criterion="20"
    ),
    row("typical_works", "ntm-2021-2025,6", ERROR, "counts_only", "set", set=COUNTING),
    row("assignments", "A7", ERROR, "unknown_criterion", "criterion", criterion="20"),
    row("assignments", "A7", ERROR, "counts_only", "set", set=COUNTING),
    row(
        "criterion_shares",
        "ntm-2021-2025,1,",
        ERROR,
        "unknown_criterion",
        "criterion",
        criterion="20",
    ),
    row("criterion_shares", "ntm-2021-2025,1,", ERROR, "counts_only", "set", set=COUNTING),
    row("criterion_states", "A1", ERROR, "counts_only", "set", set=COUNTING),
    row(
        "progress", "", ERROR, "unknown_criterion", "criterion", set="ntm-2021-2025", criterion="20"
    ),
    row("progress", "", ERROR, "counts_only", "set", set=COUNTING, criterion="2"),
    # money
    row("debts", "A6", ERROR, "before_programme", "date", date="2001-12-31"),
    row("debts", "A6", ERROR, "known_before", "date", date="2023-01-31"),
    row("debts", "A6", ODD, "debt_recognised", "amount", commune="A1"),
    row("envelopes", "huyen,,2023", ERROR, "outside_horizon", "year", year="2031"),
    row(
        "envelopes",
        "huyen,,2023",
        ODD,
        "never_disbursed",
        "disbursed",
        **dict.fromkeys(("disbursed_low", "disbursed", "disbursed_high"), "0"),
    ),
    row("profiles", "trung-uong,3", ERROR, "shares_sum", "share", share="50"),
    row("parts", "duong,xi-mang", ERROR, "part_form", "share", share="10"),
    row("parts", "nuoc,dan", ERROR, "part_form", "tonnes", tonnes="3"),
    row("pots", "", ERROR, "one_cement", "measure", pot="xi-mang-2", measure="cement"),
    row("priorities", "A9", ERROR, "out_of_range", "weight", weight="-1"),
    row("ocop", "", ODD, "stars_decided", "stars", product="Chè", stars="2"),
    row("ocop", "", ODD, "valid_long", "valid_to", product="Cam", valid_to="2028-01-31"),
    row("ocop", "", ERROR, "ends_before", "valid_to", product="Mật", valid_to="2021-01-31"),
    row("ocop", "", ERROR, "known_before", "date", product="Tỏi", date="2023-01-31"),
    # ids told apart by what nobody sees; letters lost
    row("unit_costs", "", ERROR, "zero_width", "item", item="duong\u200b"),
    row("unit_costs", "", ERROR, "look_alike", "item", item="du\u043eng"),
    row("pots", "dat", ERROR, "lost_letters", "name_vi", name_vi="Thu ti?n s? d?ng ??t"),
    row("tasks", "A6", ERROR, "tcvn3", "task_vi", task_vi="X©y phßng häc"),
    row("works", "A7", ERROR, "utf7", "note", note="+ARARsA-ng"),
    row("pots", "dat", ERROR, "direction_mark", "name_vi", name_vi="Thu \u202etiền"),
]
# What is right although it looks like one of them.
SOUND = [
    row("units", "90014", "", "", "", order="11"),  # A11 is gone when A13 begins
    row("works", "A3", "", "", "", state="done", percent_done="100", planned_year="2022"),
    row("recognitions", "A11", "", "", "", date="2010-12-20"),  # the list of units begins in 2020
    row("targets", "A2", "", "", "", year="2025"),
    row("hamlets", "A5,Thôn 1", "", "", "", households="2349", population="9816"),
    row("cement", "A7", "", "", "", used="", delivered="150"),
    row("sources", "bia-dat", "", "", "", published="2023-05-31", address="https://x.vn/?id=1"),
    row("assignments", "A7", "", "", "", due="2022-01-31", note="Đã giao chưa?"),
    row("mergers", "A12", "", "", "", into_code="", into_name="A12"),
    row("unit_costs", "nuoc", "", "", "", low="0"),
    row("prices", "2023", "", "", "", low="-5", mode="12", high="25"),
    row("debts", "A6", "", "", "", amount="0", commune="A1"),
]


def batches(cases: list[tuple]) -> list[list[tuple]]:
    """The cases shared out so that no copy has two of one table."""
    parts: list[list[tuple]] = []
    for case in cases:
        part = next((p for p in parts if case[0] not in {other[0] for other in p}), None)
        if part is None:
            parts.append(part := [])
        part.append(case)
    return parts


def spoil(folder: Path, table: str, place: str, cells: dict[str, str]) -> None:
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if place:
        named = [each for each in rows if f"{','.join(each.values())},".startswith(place + ",")]
        named = named or [each for each in rows if ",".join(each.values()).startswith(place)]
        named[0].update(cells)
    else:
        own = {key: NEW.get(key, DEFAULTS.get((table, key), "")) for key in dictionary(table)}
        rows.append(own | cells)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(dictionary(table)))
        writer.writeheader()
        writer.writerows(rows)


# What a row added says where its case does not say otherwise.
DEFAULTS = {
    ("recognitions", "level"): "ntm",
    ("recognitions", "set"): "ntm-2021-2025",
    ("recognitions", "basis"): "reported",
    ("targets", "level"): "ntm",
    ("hamlets", "hamlet"): "Thôn Mới",
    ("hamlet_targets", "level"): "ntm",
    ("hamlet_targets", "year"): "2023",
    ("pots", "name_vi"): "Khác",
    ("pots", "name_en"): "Other",
    ("pots", "fund"): "nst",
    ("pots", "capital"): "investment",
    ("pots", "serves"): "district",
    ("progress", "commune"): "A10",
    ("progress", "month"): "2022-12",
    ("progress", "state"): "met",
    ("progress", "said_by"): "UBND xã",
    ("ocop", "commune"): "A5",
    ("ocop", "stars"): "3",
    ("ocop", "decision"): "QĐ minh họa 09",
    ("ocop", "date"): "2022-01-31",
    ("unit_costs", "name_vi"): "Khác",
    ("unit_costs", "name_en"): "Other",
    ("unit_costs", "measure_vi"): "km",
    ("unit_costs", "measure_en"): "km",
    ("unit_costs", "mode"): "100",
    ("unit_costs", "price_year"): "2022",
    ("unit_costs", "definition"): "full",
}


def problems_of(folder: Path) -> list[Problem]:
    try:
        return Workbook.open(folder).warnings
    except DataProblemsError as error:
        return error.problems


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[int, list[Problem]]:
    """What is told of each part of the cases, once for all of them."""
    known: dict[int, list[Problem]] = {}

    def of(number: int, cases: list[tuple]) -> list[Problem]:
        if number not in known:
            home = tmp_path_factory.mktemp("data")
            (home / "criteria").symlink_to(ROOT / "data" / "criteria")
            folder = Path(shutil.copytree(ROOT / "data" / "huyen-mau", home / "huyen-mau"))
            for table, place, cells, *_ in cases:
                spoil(folder, table, place, cells)
            known[number] = problems_of(folder)
        return known[number]

    return of


def said(problems: list[Problem]) -> set[tuple]:
    kinds = {True: ODD, False: ERROR}
    return {(p.file, p.column, p.code, kinds[p.warning]) for p in problems}


PARTS = batches(CASES)
TRIED = [
    pytest.param(number, case, id="-".join((case[0], case[4], str(CASES.index(case)))))
    for number, part in enumerate(PARTS)
    for case in part
]


@pytest.mark.parametrize(("number", "case"), TRIED)
def test_a_contradiction_is_an_error_and_an_odd_fact_a_warning(told, number, case):
    table, _, _, outcome, code, column = case
    problems = told(number, PARTS[number])
    assert (f"{table}.csv", column, code, outcome) in said(problems)
    for lang in ("vi", "en"):
        assert "\u200b" not in report(problems, lang) and "\u202e" not in report(problems, lang)


@pytest.mark.parametrize("number", range(len(PARTS)))
def test_nothing_else_is_told(told, number):
    expected = {(f"{t}.csv", column, code, kind) for t, _, _, kind, code, column in PARTS[number]}
    assert said(told(number, PARTS[number])) == expected


def test_what_is_right_is_not_told(told):
    assert told(-1, SOUND) == []


def test_what_takes_two_rows_is_told(tmp_path):
    """Two units merged into each other; hamlets that only together are more than their commune."""
    shutil.copytree(ROOT / "data" / "criteria", tmp_path / "criteria")
    folder = Path(shutil.copytree(ROOT / "data" / "huyen-mau", tmp_path / "huyen-mau"))
    spoil(folder, "mergers", "A11", {"into_code": "90012", "into_name": "A12"})
    spoil(folder, "mergers", "A12", {"into_code": "90011", "into_name": "A11"})
    for hamlet in ("Thôn Đoài", "Thôn Nam"):
        spoil(folder, "hamlets", f"A9,{hamlet}", {"households": "1000", "population": "9000"})
    spoil(folder, "pots", "", {"pot": "xi-mang-2", "measure": "cement"})
    tonnes = dict.fromkeys(("tonnes_low", "tonnes", "tonnes_high"), "1")
    spoil(folder, "parts", "", {"item": "duong", "pot": "xi-mang-2"} | tonnes)
    problems = problems_of(folder)
    assert said(problems) == {
        ("pots.csv", "measure", "one_cement", ERROR),
        ("parts.csv", "pot", "one_cement", ERROR),
        ("mergers.csv", "into_code", "merged_into_ended", ERROR),
        ("hamlets.csv", "population", "hamlets_over", ODD),
    }
    assert [p.row for p in problems if p.code == "merged_into_ended"] == [2, 3]


def test_a_table_that_nothing_rests_on_is_told_whatever_it_says(told, tmp_path):
    shutil.copytree(ROOT / "data" / "criteria", tmp_path / "criteria")
    folder = Path(shutil.copytree(ROOT / "data" / "huyen-mau", tmp_path / "huyen-mau"))
    (folder / "pace_factors.csv").write_text("year,factor\n2023,0\n", encoding="utf-8")
    assert said(problems_of(folder)) == {("pace_factors.csv", None, "table_unused", ODD)}


def test_every_rule_of_what_is_odd_has_a_case_here():
    tried = {(table, code) for table, _, _, _, code, _ in CASES}
    odd = {(rule["table"], rule["code"]) for rule in dictionary_rows("_rules") if rule["odd"]}
    assert odd - tried == set()

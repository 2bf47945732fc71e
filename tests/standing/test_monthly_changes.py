"""Monthly progress: how reports become facts, what can be wrong with them, plan against actual,
money, rules, what is owed.
"""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from conftest import make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_analysis.data import Workbook
from ntm_analysis.standing import (
    assess,
    before_year,
    communes_at_risk,
    comparable_works,
    department_duties,
    disbursement_by_commune,
    disbursement_by_pot,
    disbursements,
    fall_warnings,
    falls,
    judge_rule,
    meeting_month,
    reporting_communes,
    state_changes,
    volume_curve,
    weighted_volume,
    works_progress,
)
from ntm_analysis.standing.duties import judge_gain
from ntm_analysis.standing.monthly_changes import dated_by, known_by, planned_share, planned_volume
from ntm_analysis.tables import DataProblemsError

OLD, AS_OF = "ntm-2016-2020", "2022-06-30"
DEPARTMENT = {"department": "Phòng Giáo dục", "action": "Nghiệm thu"}
MONEY = [
    {
        "pot": "h",
        "name_vi": "Huyện",
        "name_en": "District",
        "fund": "nsh",
        "capital": "investment",
        "serves": "district",
        "measure": "money",
    },
    {
        "pot": "x",
        "name_vi": "Xã",
        "name_en": "Commune",
        "fund": "nsx",
        "capital": "investment",
        "serves": "commune",
        "measure": "money",
    },
]
ITEM = {
    "item": "d",
    "name_vi": "Đường",
    "name_en": "Road",
    "measure_vi": "km",
    "measure_en": "km",
    "low": 80,
    "mode": 100,
    "high": 150,
    "price_year": 2022,
    "definition": "full",
}
PARTS = [{"item": "d", "pot": "h", "share": 100}]
PRICES = [{"year": year, "low": 0, "mode": 3, "high": 6} for year in range(2021, 2026)]
FULL = {"pots": MONEY, "unit_costs": [ITEM], "parts": PARTS, "prices": PRICES}


def two_communes() -> list[dict]:
    return [{}, {"code": "10002", "name": "Hai", "order": 2}]


def work(name: str = "w", quantity: float = 1, year: object = 2022, **more) -> dict:
    row = {
        "work": name,
        "level": "ntm",
        "set": OLD,
        "criterion": 2,
        "item": "d",
        "quantity": quantity,
        "state": "new",
    }
    return row | {"committed": "no", "planned_year": year, "known_from": "2022-01-31"} | more


def said(month: str, known: str, **more) -> dict:
    return {"month": month, "known_from": known, "said_by": "UBND xã"} | more


def step(month: str, percent: float, name: str = "w", **more) -> dict:
    return {"work": name, "month": month, "percent": percent, "known_from": "2022-01-31"} | more


def envelope(pot: str, amount: float, served: str = "") -> dict:
    usual = {"disbursed_low": 60, "disbursed": 80, "disbursed_high": 90, "carried": "no"}
    return {
        "pot": pot,
        "served": served,
        "year": 2022,
        "amount": amount,
        "kind": "allotted",
        "known_from": "2022-01-31",
    } | usual


def opened(folder, tables: dict, as_of: str = AS_OF) -> Workbook:
    return Workbook.open(make_dataset(folder, tables, as_of=as_of))


def month(text: str) -> pd.Timestamp:
    return pd.Timestamp(text) + pd.offsets.MonthEnd(0)


# progress as facts --------------------------------------------------------------------------------


def test_a_criterion_reported_for_the_month_moves_the_standing_on_its_day(tmp_path):
    rows = [
        said("5/2022", "2022-06-03", set=OLD, criterion=2, state="met"),
        said("6/2022", "2022-06-28", set=OLD, criterion=2, state="not_met"),
    ]
    workbook = opened(tmp_path, {"progress": rows})
    states = workbook.tables["criterion_states"]
    assert states[["criterion", "state", "table"]].to_numpy().tolist() == [
        [2, "met", "progress"],
        [2, "not_met", "progress"],
    ]
    assert [f"{day:%Y-%m-%d}" for day in states["date"]] == ["2022-05-31", "2022-06-28"], (
        "month's end, or the day it was known"
    )
    assert assess(workbook, OLD).counts["missing"].iloc[0] == (2,)
    assert assess(known_by(workbook, dt.date(2022, 6, 5)), OLD).counts["met"].iloc[0] == 1


def test_an_indicator_reported_for_the_month_is_judged_like_any_other_value(tmp_path):
    rows = [said("6/2022", "2022-06-30", set=OLD, indicator="12", value=95)]
    workbook = opened(tmp_path, {"progress": rows})
    (test,) = assess(workbook, OLD).tests.to_dict("records")
    assert test["value"] == 95 and test["verdict"] == "met"


def test_the_newest_volume_of_a_work_replaces_what_the_list_says_and_a_full_one_is_done(tmp_path):
    works = [work("a", percent_done=10), work("b", percent_done=20), work("c", percent_done=30)]
    rows = [
        said("6/2022", "2022-06-30", work="a", value=55),
        said("5/2022", "2022-05-31", work="a", value=70),
        said("6/2022", "2022-06-30", work="b", value=100),
    ]
    made = opened(tmp_path, FULL | {"works": works, "progress": rows}).tables["works"]
    assert made["percent_done"].tolist() == [55, 100, 30]
    assert made["state"].tolist() == ["new", "done", "new"]


def test_an_older_report_undoes_neither_a_newer_row_of_the_list_nor_a_work_done(tmp_path):
    works = [
        work("a", percent_done=90, known_from="2022-06-15"),
        work("b", percent_done=100, state="done"),
    ]
    rows = [
        said("5/2022", "2022-05-31", work="a", value=15),
        said("6/2022", "2022-06-30", work="b", value=40),
    ]
    made = opened(tmp_path, FULL | {"works": works, "progress": rows}).tables["works"]
    assert made["percent_done"].tolist() == [90, 100] and made["state"].tolist() == ["new", "done"]


def test_what_was_known_at_the_meeting_before_holds_nothing_of_later_reports(tmp_path):
    rows = [
        said("5/2022", "2022-05-31", work="w", value=10),
        said("6/2022", "2022-06-30", work="w", value=60),
    ]
    workbook = opened(tmp_path, FULL | {"works": [work()], "progress": rows})
    before = meeting_month(workbook).before
    assert before.tables["works"]["percent_done"].tolist() == [10] and workbook.tables["works"][
        "percent_done"
    ].tolist() == [60]
    assert before.units.equals(workbook.units)


def test_a_report_known_only_later_is_not_used(tmp_path):
    workbook = opened(
        tmp_path, {"progress": [said("6/2022", "2022-07-05", set=OLD, criterion=2, state="met")]}
    )
    assert (
        workbook.tables["criterion_states"].empty
        and reporting_communes(workbook, month("2022-06")) == []
    )


# what can be wrong --------------------------------------------------------------------------------

HAMLET = {"hamlet": "Xóm 1", "date": "2022-05-01", "known_from": "2022-05-01"}
CRITERIA = [
    {"number": 1, "level": "ntm", "name_vi": "Đường", "name_en": "Road", "decision": "QĐ 1"}
]
STATE = {"hamlet": "Xóm 1", "level": "ntm", "criterion": 1, "date": "2022-05-01", "state": "met"}


@pytest.mark.parametrize(
    ("table", "row", "code", "column"),
    [
        (
            "progress",
            {"set": OLD, "criterion": 2, "work": "w", "disbursed": 5},
            "one_subject",
            "criterion",
        ),
        ("progress", {}, "one_subject", "criterion"),
        ("progress", {"criterion": 2, "state": "met"}, "needs_set", "set"),
        (
            "progress",
            {"set": OLD, "criterion": 2, "state": "met", "value": 3},
            "criterion_form",
            "state",
        ),
        ("progress", {"set": OLD, "criterion": 2}, "criterion_form", "state"),
        ("progress", {"work": "w", "value": 5, "state": "met"}, "work_form", "state"),
        ("progress", {"work": "w"}, "work_form", "value"),
        ("progress", {"work": "w", "value": 101}, "out_of_range", "value"),
        ("progress", {"work": "w", "value": 5, "pot": "h"}, "pot_without_money", "disbursed"),
        ("progress", {"pot": "nguon-la", "disbursed": 5}, "unknown_row", "pot"),
        ("progress", {"work": "la", "value": 5}, "unknown_row", "work"),
        ("progress", {"disbursed": 5, "known_from": "2022-05-31"}, "month_ahead", "month"),
        (
            "progress",
            {"set": OLD, "indicator": "12", "value": 95, "state": "met"},
            "value_or_state",
            "value",
        ),
        ("progress", {"set": OLD, "indicator": "99.9", "value": 95}, "unknown_test", "indicator"),
        ("work_plans", step("7/2022", 20), "falls_back", "percent"),
        ("work_plans", step("7/2022", 90, "la"), "unknown_row", "work"),
        (
            "hamlets",
            {"hamlet": "Xóm 2", "level": "ntm", "decision": "1/QĐ"},
            "hamlet_decision",
            "decision",
        ),
        (
            "hamlet_targets",
            {"hamlet": "Xóm 9", "level": "ntm", "year": 2022},
            "unknown_row",
            "hamlet",
        ),
        ("hamlet_states", STATE | {"hamlet": "Xóm 9"}, "unknown_row", "hamlet"),
        ("hamlet_states", STATE | {"criterion": 7}, "unknown_row", "criterion"),
        ("ocop", {"valid_to": "2022-04-01"}, "ends_before", "valid_to"),
    ],
)
def test_what_is_wrong_is_told_once_with_its_place(tmp_path, table, row, code, column):
    filled = {
        "progress": said("6/2022", "2022-06-30"),
        "ocop": {
            "product": "Chè",
            "stars": 3,
            "owner": "HTX",
            "decision": "QĐ 1",
            "date": "2022-05-01",
        },
    }
    good = FULL | {
        "works": [work()],
        "work_plans": [step("6/2022", 50)],
        "hamlets": [HAMLET],
        "hamlet_criteria": CRITERIA,
        "hamlet_states": [STATE],
    }
    given_ = good | {table: [*good.get(table, []), filled.get(table, {}) | row]}
    with pytest.raises(DataProblemsError) as caught:
        opened(tmp_path, given_)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file, problem.column) == (code, f"{table}.csv", column)
    assert problem.row == len(given_[table]) + 1, (
        "the row as it stands in the file, under the heads"
    )


def test_the_same_tables_without_fault_open(tmp_path):
    workbook = opened(
        tmp_path,
        FULL
        | {
            "works": [work()],
            "work_plans": [step("6/2022", 50)],
            "hamlets": [HAMLET],
            "hamlet_criteria": CRITERIA,
            "hamlet_states": [STATE],
        },
    )
    assert len(workbook.tables["hamlet_states"]) == 1


# the month of a meeting ---------------------------------------------------------------------------


def test_a_meeting_looks_at_its_own_month_or_the_one_before(tmp_path):
    workbook = opened(tmp_path, {}, "2022-07-05")
    assert [meeting_month(workbook, typed).end for typed in ("", "7/2022", "6/2022")] == [
        month(f"2022-0{n}") for n in (7, 7, 6)
    ]
    assert meeting_month(workbook, "6/2022").before.as_of == dt.date(2022, 6, 5), (
        "what was known one month earlier"
    )
    assert meeting_month(opened(tmp_path, {}, "2022-02-28")).before.as_of == dt.date(2022, 1, 31), (
        "month's end to month's end"
    )
    for typed in ("5/2022", "8/2022"):
        with pytest.raises(ValueError, match="month="):
            meeting_month(workbook, typed)


def test_the_first_period_is_the_one_before_which_nothing_was_reported(tmp_path):
    rows = [said("6/2022", "2022-07-03", disbursed=5)]
    assert meeting_month(opened(tmp_path, {"progress": rows}, "2022-07-05"), "6/2022").first
    assert not meeting_month(opened(tmp_path, {"progress": rows}, "2022-07-31")).first
    assert meeting_month(opened(tmp_path, {})).first


def test_changes_name_what_was_gained_lost_and_first_known(tmp_path):
    def state(day, criterion, value):
        return {"set": OLD, "criterion": criterion, "date": day, "state": value}

    rows = [
        state("2022-05-31", 1, "not_met"),
        state("2022-05-31", 2, "met"),
        state("2022-05-31", 3, "basic"),
        state("2022-05-31", 4, "met"),
        state("2022-06-30", 1, "met"),
        state("2022-06-30", 2, "not_met"),
        state("2022-06-30", 3, "not_met"),
        state("2022-06-30", 5, "not_met"),
    ]
    workbook = opened(tmp_path, {"criterion_states": rows})
    made = state_changes(
        assess(known_by(workbook, dt.date(2022, 5, 31)), OLD), assess(workbook, OLD)
    )
    assert dict(zip(made["criterion"], made["kind"], strict=True)) == {
        1: "gained",
        2: "lost",
        3: "other",
        5: "first",
    }


def test_a_cumulative_figure_that_falls_is_told_and_a_new_year_is_not_a_fall(tmp_path):
    rows = [
        said("12/2021", "2021-12-31", pot="x", disbursed=90),
        said("1/2022", "2022-01-31", pot="x", disbursed=50),
        said("5/2022", "2022-05-31", pot="x", disbursed=40),
        said("5/2022", "2022-05-31", work="w", value=30),
        said("6/2022", "2022-06-30", work="w", value=20),
        said("6/2022", "2022-06-30", pot="h", disbursed=1),
    ]
    workbook = opened(tmp_path, FULL | {"works": [work(known_from="2021-12-01")], "progress": rows})
    progress = workbook.tables["progress"]
    assert falls(progress, month("2022-01")).empty
    assert falls(progress, month("2022-05"))[
        ["pot", "what", "earlier", "now"]
    ].to_numpy().tolist() == [["x", "disbursed", 50, 40]]
    assert falls(progress, month("2022-06"))[
        ["work", "what", "earlier", "now"]
    ].to_numpy().tolist() == [["w", "value", 30, 20]]
    told = [
        (problem.row, problem.column, problem.words()[0]) for problem in fall_warnings(workbook)
    ]
    assert told == [
        (
            4,
            "disbursed",
            "Xã Thử, x: giải ngân lũy kế giảm từ 50 (tháng 1/2022) "
            "xuống 40 triệu đồng (tháng 5/2022)",
        ),
        (
            6,
            "value",
            "Xã Thử, công trình w: khối lượng lũy kế giảm từ 30% (tháng 5/2022) "
            "xuống 20% (tháng 6/2022)",
        ),
    ]


def test_a_fall_is_measured_from_the_highest_figure_and_lasts_until_it_is_reached_again(tmp_path):
    volumes = ((1, 30), (2, 50), (3, 40), (4, 45), (5, 50))
    rows = [said(f"{m}/2022", "2022-06-30", work="w", value=v) for m, v in volumes]
    made = falls(
        opened(
            tmp_path, FULL | {"works": [work(known_from="2021-12-01")], "progress": rows}
        ).tables["progress"]
    )
    assert made[["month", "earlier", "since", "now"]].to_numpy().tolist() == [
        [month("2022-03"), 50, month("2022-02"), 40],
        [month("2022-04"), 50, month("2022-02"), 45],
    ]


# works --------------------------------------------------------------------------------------------


def test_lateness_is_judged_in_the_month_of_the_report(tmp_path):
    """Plan 20 % by April, 50 % by May, 80 % by July; June reports 40 %: late since May, one month.

    A work last heard of in April, on plan then, is not late in June, whatever the plan asks for by
    then.
    """
    works = [work("late", 3), work("silent", 1), work("no plan", 1, ""), work("by year", 1, 2022)]
    steps = [
        step(f"{m}/2022", percent, name)
        for name in ("late", "silent")
        for m, percent in ((4, 20), (5, 50), (7, 80))
    ]
    reports = (
        ("6", "30", "late", 40),
        ("4", "30", "silent", 20),
        ("6", "30", "by year", 1),
        ("6", "30", "no plan", 9),
    )
    rows = [
        said(f"{m}/2022", f"2022-0{m}-{day}", work=name, value=value)
        for m, day, name, value in reports
    ]
    workbook = opened(tmp_path, FULL | {"works": works, "work_plans": steps, "progress": rows})
    made = works_progress(workbook, month("2022-06")).set_index("work")
    assert made["planned"].fillna(-1).to_dict() == {
        "late": 50,
        "silent": 50,
        "no plan": -1,
        "by year": 0,
    }
    assert made["late"].to_dict() == {
        "late": True,
        "silent": False,
        "no plan": False,
        "by year": False,
    }
    assert made.loc["late", "months_late"] == 1 and made.loc["late", "cost"] == 300
    assert comparable_works(made.reset_index())["work"].tolist() == ["late", "by year"]


def test_a_work_due_this_month_is_late_by_less_than_a_month_and_one_past_its_december_by_months(
    tmp_path,
):
    rows = [
        said("2/2022", "2022-02-28", work="old", value=90),
        said("2/2022", "2022-02-28", work="w", value=10),
    ]
    works = [work("old", 1, 2021), work("w")]
    workbook = opened(
        tmp_path,
        FULL | {"works": works, "work_plans": [step("2/2022", 30)], "progress": rows},
        "2022-02-28",
    )
    made = works_progress(workbook, month("2022-02")).set_index("work")["months_late"]
    assert made.to_dict() == {"old": 2, "w": 0}


def test_the_s_curve_weighs_works_by_cost_and_is_drawn_only_where_all_are_known(tmp_path):
    """Costs 300 and 100. Plan of a: 20, 60 by May, June; of b: 40 from May.

    a reports 10, 50; b only June: 80. June: planned (300 x 60 + 100 x 40) / 400 = 55, actual
    (300 x 50 + 100 x 80) / 400 = 57.5; in May b is not known.
    """
    works = [work("a", 3), work("b", 1), work("c", 5)]
    steps = [step("5/2022", 20, "a"), step("6/2022", 60, "a"), step("5/2022", 40, "b")]
    rows = [
        said("5/2022", "2022-05-31", work="a", value=10),
        said("6/2022", "2022-06-30", work="a", value=50),
        said("6/2022", "2022-06-30", work="b", value=80),
        said("5/2022", "2022-05-31", work="c", value=0),
    ]
    workbook = opened(tmp_path, FULL | {"works": works, "work_plans": steps, "progress": rows})
    works = comparable_works(works_progress(workbook, month("2022-06")))
    made = volume_curve(workbook, works, month("2022-06"))
    assert made.loc[month("2022-05"), "planned"] == 25 and np.isnan(
        made.loc[month("2022-05"), "actual"]
    )
    assert made.loc[month("2022-06")].tolist() == [55, 57.5]
    assert made["actual"].notna().sum() == 5 and made.loc[month("2022-04"), "actual"] == 0, (
        "before the plan begins: nothing asked"
    )
    total = weighted_volume(comparable_works(works_progress(workbook, month("2022-06"))))
    assert total.to_dict() == {"planned": 55, "actual": 57.5, "difference": 2.5, "works": 2}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 24), st.integers(0, 100)),
        min_size=1,
        max_size=6,
        unique_by=lambda step: step[0],
    )
)
def test_a_plan_never_falls_and_reaches_each_step_in_its_month(steps):
    months = pd.date_range("2022-01-31", periods=24, freq="ME")
    percents = sorted(percent for _, percent in steps)
    placed = {
        months[m - 1]: percent for (m, _), percent in zip(sorted(steps), percents, strict=True)
    }
    plans = pd.DataFrame(
        {"unit": 1, "work": "w", "month": list(placed), "percent": list(placed.values())}
    )
    works = pd.DataFrame({"unit": [1], "work": ["w"], "planned_year": [2030.0]})
    volumes = [planned_volume(works, plans, then)[0] for then in months]
    assert volumes == sorted(volumes) and all(
        volumes[months.get_loc(m)] == p for m, p in placed.items()
    )


# money --------------------------------------------------------------------------------------------


def test_a_commune_row_stands_for_its_works_unless_the_works_are_newer(tmp_path):
    reports = (
        ("4", "30", "a", 10),
        ("5", "31", "b", 20),
        ("5", "31", "", 35),
        ("6", "30", "a", 30),
    )
    rows = [
        said(f"{m}/2022", f"2022-0{m}-{day}", work=name, pot="h", disbursed=paid)
        for m, day, name, paid in reports
    ]
    workbook = opened(tmp_path, FULL | {"works": [work("a"), work("b")], "progress": rows})
    told = lambda m: disbursements(workbook.tables["progress"], month(m))["disbursed"].tolist()  # noqa: E731
    assert [told(f"2022-0{n}") for n in (4, 5, 6)] == [[10], [35], [50]], (
        "June: a at 30 and b at its newest 20"
    )
    assert told("2023-01") == [], "a new year begins at nothing"


def test_disbursement_is_held_against_envelope_times_profile(tmp_path):
    """1,000 of the district, 40 % by June: 400; communes report 150 + 50.

    The commune's own 240 come evenly: 120 by June.
    """
    profiles = [
        {"pot": "h", "month": m, "share": s, "known_from": "2022-01-31"}
        for m, s in ((3, 40), (9, 60))
    ]
    rows = [
        said("6/2022", "2022-06-30", pot="h", disbursed=150),
        said("6/2022", "2022-06-30", pot="x", disbursed=90),
        said("6/2022", "2022-06-30", commune="10002", pot="h", disbursed=50),
    ]
    tables = FULL | {
        "units": two_communes(),
        "envelopes": [envelope("h", 1000), envelope("x", 240, "10001")],
    }
    workbook = opened(tmp_path, tables | {"profiles": profiles, "progress": rows})
    pots = disbursement_by_pot(workbook, month("2022-06"))
    assert pots[["amount", "planned", "disbursed", "behind", "communes"]].to_numpy().tolist() == [
        [1000, 400, 200, 200, 2],
        [240, 120, 90, 30, 1],
    ]
    assert pots["rate"].tolist() == [0.2, 0.375]
    first, second = disbursement_by_commune(workbook, month("2022-06")).to_dict("records")
    assert (
        first["all"],
        first["amount"],
        first["planned"],
        first["disbursed"],
        first["behind"],
    ) == (240, 240, 120, 90, 30)
    assert second["all"] == 50 and np.isnan(second["amount"]) and np.isnan(second["behind"]), (
        "the district’s money is not its own"
    )


def test_tonnes_of_cement_are_no_money_disbursed(tmp_path):
    cement = {
        "pot": "xm",
        "name_vi": "Xi măng",
        "name_en": "Cement",
        "fund": "nst",
        "capital": "investment",
        "serves": "district",
    }
    rows = [
        said("6/2022", "2022-06-30", pot="h", disbursed=100),
        said("6/2022", "2022-06-30", pot="xm", disbursed=500),
    ]
    tables = FULL | {
        "pots": [*MONEY, cement | {"measure": "cement"}],
        "envelopes": [envelope("h", 1000)],
        "progress": rows,
    }
    assert disbursement_by_pot(opened(tmp_path, tables), month("2022-06")).index.tolist() == ["h"]


def test_the_curve_reaches_the_last_plan_of_all_its_works(tmp_path):
    works, steps = [work("a", year=2025), work("b")], [step("9/2022", 100, "b")]
    rows = [said("6/2022", "2022-06-30", work=name, value=5) for name in ("a", "b")]
    workbook = opened(tmp_path, FULL | {"works": works, "work_plans": steps, "progress": rows})
    made = volume_curve(
        workbook, comparable_works(works_progress(workbook, month("2022-06"))), month("2022-06")
    )
    assert made.index[-1] == month("2025-12") and made["planned"].iloc[-1] == 100


def test_the_curve_of_one_commune_rests_on_its_own_works(tmp_path):
    works = [work("a", 3), work("b", 1), work("b", 4, commune="10002")]
    rows = [
        said("6/2022", "2022-06-30", work=name, value=value)
        for name, value in (("a", 80), ("b", 40))
    ]
    rows.append(said("6/2022", "2022-06-30", commune="10002", work="b", value=10))
    workbook = opened(tmp_path, FULL | {"units": two_communes(), "works": works, "progress": rows})
    found = comparable_works(works_progress(workbook, month("2022-06")))
    made = [
        volume_curve(workbook, part, month("2022-06")).loc[month("2022-06"), "actual"]
        for _, part in found.groupby("unit")
    ]
    assert made == [70, 10]


def test_a_commune_without_a_report_is_not_behind(tmp_path):
    workbook = opened(tmp_path, FULL | {"envelopes": [envelope("x", 240, "10001")]})
    (row,) = disbursement_by_commune(workbook, month("2022-06")).to_dict("records")
    assert row["planned"] == 120 and np.isnan(row["disbursed"]) and np.isnan(row["behind"])
    assert disbursement_by_pot(workbook, month("2022-06"))["disbursed"].isna().all()


def test_an_older_report_is_held_against_the_plan_of_its_own_month(tmp_path):
    rows = [said("4/2022", "2022-04-30", pot="x", disbursed=80)]
    workbook = opened(
        tmp_path, FULL | {"envelopes": [envelope("x", 240, "10001")], "progress": rows}
    )
    (row,) = disbursement_by_commune(workbook, month("2022-06")).to_dict("records")
    assert (row["planned"], row["behind"]) == (80, 0)


@given(st.integers(1, 12))
def test_without_a_profile_the_year_comes_evenly(number):
    assert (
        planned_share(pd.DataFrame({"pot": [], "month": [], "share": []}), "h", number)
        == number / 12
    )


# yearly rules -------------------------------------------------------------------------------------

RULE = {
    "kind": "yearly_rule",
    "covers": "all",
    "text_vi": "Quy định",
    "text_en": "Rule",
    "known_from": "2022-01-01",
}


def judged(
    workbook: Workbook, unit: str = "tiêu chí", quantity: float = 2
) -> list[tuple[str, str]]:
    then = before_year(workbook, 2022)
    rule = pd.Series(RULE | {"year": 2022, "unit_vi": unit, "quantity": quantity})
    made = judge_rule(
        rule, workbook.communes.index, workbook, assess(then, OLD), assess(workbook, OLD), then
    )
    return list(zip(made["verdict"], made["reason"], strict=True))


def count(day: str, met: int, **more) -> dict:
    return {"set": OLD, "date": day, "met": met, "of": 19} | more


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([count("2021-11-30", 12), count("2022-05-31", 14)], ("met", "counted")),
        ([count("2021-11-30", 12), count("2022-05-31", 13)], ("not_met", "counted")),
        ([count("2021-11-30", 12)], ("no_data", "no_year")),
        ([count("2022-05-31", 14)], ("no_data", "no_start")),
        (
            [count("2021-12-31", 12, known_from="2022-01-15"), count("2022-05-31", 14)],
            ("met", "counted"),
        ),
        (
            [count("2020-12-31", 10), count("2021-12-31", 13), count("2022-05-31", 14)],
            ("not_met", "counted"),
        ),
        ([], ("no_data", "no_start")),
    ],
)
def test_criteria_gained_are_the_newest_figures_before_the_year_against_now(
    tmp_path, counts, expected
):
    assert judged(opened(tmp_path, {"criterion_counts": counts})) == [expected]


def test_states_that_leave_the_gain_open_are_no_data(tmp_path):
    """Before the year 3 criteria met of which nothing else is known (3 to 19); now 5 met: the gain
    is unknown.
    """
    rows = [{"set": OLD, "criterion": n, "date": "2021-12-31", "state": "met"} for n in (1, 2, 3)]
    rows += [{"set": OLD, "criterion": n, "date": "2022-05-31", "state": "met"} for n in (4, 5)]
    assert judged(opened(tmp_path, {"criterion_states": rows})) == [("no_data", "range")]


def test_hamlets_without_a_level_may_have_been_recognised(tmp_path):
    def hamlet(n: int, level: str, day: str) -> dict:
        decision = "1/QĐ" if level == "ntm" else ""
        return {
            "hamlet": f"Xóm {n}",
            "level": level,
            "date": day,
            "decision": decision,
            "known_from": "2022-05-31",
        }

    told = [hamlet(1, "ntm", "2022-04-01"), hamlet(2, "ntm", "2021-04-01"), hamlet(3, "none", "")]
    cases = {"met": (told, 1), "not_met": (told, 2), "no_data": ([*told, hamlet(4, "", "")], 2)}
    for expected, (rows, quantity) in cases.items():
        assert (
            judged(opened(tmp_path / expected, {"hamlets": rows}), "xóm", quantity)[0][0]
            == expected
        )
    assert judged(opened(tmp_path / "none", {}), "xóm") == [("no_data", "no_hamlets")]
    assert judged(opened(tmp_path / "none", {}), "mô hình") == [("no_data", "no_measure")]


@given(st.floats(-19, 19), st.floats(0, 19), st.integers(1, 19))
def test_a_wider_range_never_turns_no_data_into_a_verdict(low, width, quantity):
    told = judge_gain(low, low + width, quantity)
    wider = judge_gain(low - 1, low + width + 1, quantity)
    assert wider in (told, "no_data") and judge_gain(np.nan, np.nan, quantity) == "no_data"


# what is owed -------------------------------------------------------------------------------------


def given_tasks(folder) -> tuple[Workbook, pd.DataFrame]:
    states = [
        {"set": OLD, "criterion": n, "date": "2022-05-31", "state": s}
        for n, s in ((5, "not_met"), (6, "basic"), (2, "met"))
    ]
    tasks = [
        DEPARTMENT | {"set": OLD, "criterion": 5, "due": "2022-06-29"},
        DEPARTMENT | {"set": OLD, "criterion": 2, "due": "2022-01-31"},
    ]
    workbook = opened(
        folder, {"units": two_communes(), "criterion_states": states, "assignments": tasks}
    )
    sets = pd.Series(OLD, index=workbook.communes.index)
    return workbook, department_duties(workbook, {OLD: assess(workbook, OLD)}, sets)


def test_each_missing_criterion_is_owed_by_whoever_is_assigned_else_by_the_laws_owner(tmp_path):
    workbook, made = given_tasks(tmp_path)
    assert made[["criterion", "assigned", "overdue"]].to_numpy().tolist() == [
        [6, False, False],
        [5, True, True],
    ], "not assigned first"
    assert made["department"].tolist() == [
        workbook.law.criteria_of(OLD).loc[6, "owner_vi"],
        "Phòng Giáo dục",
    ]
    assert made["unit"].nunique() == 1, "a commune of which nothing is known owes nothing by name"


def test_direction_is_needed_only_where_a_report_is_behind(tmp_path):
    workbook, tasks = given_tasks(tmp_path)
    works, money = (
        works_progress(workbook, month("2022-06")),
        disbursement_by_commune(workbook, month("2022-06")),
    )
    found = communes_at_risk(works, money, tasks)
    assert {unit: list(reasons) for unit, reasons in found.items()} == {
        workbook.find("Thử"): ["overdue"]
    }


def test_facts_dated_before_a_day_count_whenever_they_became_known(tmp_path):
    workbook = opened(
        tmp_path, {"criterion_counts": [count("2021-12-31", 12, known_from="2022-01-15")]}
    )
    assert len(dated_by(workbook, dt.date(2021, 12, 31)).tables["criterion_counts"]) == 1
    assert known_by(workbook, dt.date(2021, 12, 31)).tables["criterion_counts"].empty


def test_communes_first_known_on_the_as_of_day_make_a_first_month_and_no_error(tmp_path):
    """An office that begins enters its communes with the day of its first report."""
    rows = [{"set": OLD, "date": "2022-06-30", "met": 12, "of": 19}]
    unit = {"known_from": "2022-06-30", "valid_from": "2022-06-30"}
    workbook = Workbook.open(
        make_dataset(tmp_path, {"units": [unit], "criterion_counts": rows}, as_of="2022-06-30")
    )
    made = meeting_month(workbook)
    assert made.first and made.before.as_of == dt.date(2022, 5, 31)
    assert assess(made.before, OLD).counts["met"].isna().all() and assess(made.now, OLD).counts[
        "met"
    ].tolist() == [12]

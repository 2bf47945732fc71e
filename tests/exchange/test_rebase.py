"""Units change: what a data set says of the parts becomes what it may say of the whole, and nothing
is lost on the way.
"""

import csv
import datetime as dt
import hashlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import make_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook, WrongPlaceError, new_dataset, new_place
from ntm_analysis.data.new_dataset import csv_text
from ntm_analysis.exchange import REBASE_REPORT, rebase
from ntm_analysis.exchange.rebase_facts import RULES, merged_state
from ntm_analysis.language import texts
from ntm_analysis.law import read_weights
from ntm_analysis.pages.district import DistrictPage
from ntm_analysis.standing import assess, before_mergers, levels
from ntm_analysis.tables import TABLES, DataProblemsError, dictionary, read_table

SET, DAY = "ntm-2016-2020", "2023-01-01"
WEIGHTS = {(SET, "4.2"): "households", (SET, "15.1"): "population", (SET, "9.1"): "sum"}
UNITS = [
    {"code": "10001", "name": "An", "households": 100, "population": 500},
    {"code": "10002", "name": "Bình", "households": 300, "population": 700},
    {"code": "10003", "name": "Chi"},
    {"code": "10004", "name": "Dung", "valid_from": DAY},  # An and Bình
    {"code": "10005", "name": "Đông", "valid_from": DAY},  # Chi alone, under a new code
    {"code": "10006", "name": "Yên"},  # unchanged
]
MERGERS = [
    {
        "commune": old,
        "on": DAY,
        "into_code": new,
        "into_name": name,
        "resolution": "NQ 1",
        "known_from": "2022-11-01",
    }
    for old, new, name in (
        ("An", "10004", "Dung"),
        ("Bình", "10004", "Dung"),
        ("Chi", "10005", "Đông"),
    )
]


def state(commune: str, criterion: int, state: str, date: str = "2022-01-31", **also) -> dict:
    return {
        "commune": commune,
        "set": SET,
        "criterion": criterion,
        "date": date,
        "state": state,
    } | also


def value(
    commune: str, indicator: str, value: float | None, date: str = "2022-01-31", **also
) -> dict:
    return {
        "commune": commune,
        "set": SET,
        "indicator": indicator,
        "date": date,
        "value": value,
    } | also


def old_set(
    folder: Path, tables: dict | None = None, units=UNITS, mergers=MERGERS, **settings
) -> Path:
    return make_dataset(
        folder / "cu", {"units": units, "mergers": mergers} | (tables or {}), **settings
    )


def rebased(folder: Path, tables: dict | None = None, day: str = DAY, weights=WEIGHTS, **given):
    return rebase(Workbook.open(old_set(folder, tables, **given), day), weights)


def states_of(made, code: str = "10004") -> dict[int, str]:
    rows = made.tables["criterion_states"]
    units = rows["commune"].map({"Dung": "10004", "Đông": "10005", "Yên": "10006"})
    return {int(r.criterion): r.state for r in rows[units == code].itertuples()}


def fates(made, table: str) -> list[tuple[str, str]]:
    rows = made.account[made.account["table"] == table].sort_values("row")
    return list(rows[["outcome", "why"]].itertuples(index=False, name=None))


# --- criteria -------------------------------------------------------------------------------------


def test_a_criterion_is_met_when_all_parts_met_it_and_not_when_one_did_not_and_else_unknown(
    tmp_path,
):
    made = rebased(
        tmp_path,
        {
            "criterion_states": [
                state("An", 1, "met"),
                state("Bình", 1, "met", "2021-06-30"),
                state("An", 2, "met"),
                state("Bình", 2, "not_met"),
                state("An", 3, "met"),
                state("An", 4, "basic"),
                state("Bình", 4, "met"),
                state("An", 5, "not_met"),
            ]
        },
    )
    assert states_of(made) == {1: "met", 2: "not_met", 4: "basic", 5: "not_met"}
    rows = made.tables["criterion_states"].set_index("criterion")
    assert rows.at[1, "note"] == "Từ An và Bình: đều đạt (2/2 đơn vị cũ)"
    # known of the whole no later than of its oldest part
    assert rows.at[1, "date"] == pd.Timestamp("2021-06-30")
    assert rows.at[2, "note"] == "Từ Bình: chưa đạt (xã mới gồm 2 đơn vị cũ)"
    assert set(rows["mark"]) == {"reported"} and set(rows["known_from"]) == {pd.Timestamp(DAY)}
    assert fates(made, "criterion_states") == [("merged", "all_met")] * 2 + [
        ("merged", "one_not")
    ] * 2 + [
        ("left", "part_unknown"),
        ("merged", "all_basic"),
        ("merged", "all_basic"),
        ("merged", "one_not"),
    ]


def test_the_newest_state_of_each_part_counts_and_the_older_is_left(tmp_path):
    made = rebased(
        tmp_path,
        {
            "criterion_states": [
                state("An", 1, "not_met", "2020-01-31"),
                state("An", 1, "met"),
                state("Bình", 1, "met"),
            ]
        },
    )
    assert states_of(made) == {1: "met"}
    assert fates(made, "criterion_states")[0] == ("left", "older")


def test_states_of_different_sets_are_never_put_together(tmp_path):
    other = "ntm-2021-2025"
    made = rebased(
        tmp_path,
        {
            "criterion_states": [
                state("An", 1, "met"),
                state("Bình", 1, "met", "2022-04-30", set=other),
            ]
        },
    )
    assert states_of(made) == {}
    assert fates(made, "criterion_states") == [("left", "part_unknown")] * 2


def test_a_state_from_an_assumed_part_or_an_assumed_merger_is_assumed(tmp_path):
    both = {
        "criterion_states": [
            state("An", 1, "met"),
            state("Bình", 1, "met", mark="assumed"),
            state("An", 2, "met"),
            state("Bình", 2, "met"),
        ]
    }
    made = rebased(tmp_path, both).tables["criterion_states"].set_index("criterion")
    assert made["mark"].to_dict() == {1: "assumed", 2: "reported"}
    unsure = [MERGERS[0] | {"mark": "assumed"}, *MERGERS[1:]]
    made = rebased(tmp_path, both, mergers=unsure).tables["criterion_states"].set_index("criterion")
    assert made["mark"].to_dict() == {1: "assumed", 2: "assumed"}


def test_a_township_among_the_parts_leaves_unknown_what_no_part_lacks(tmp_path):
    town = [UNITS[0] | {"kind": "township"}, *UNITS[1:]]
    made = rebased(
        tmp_path,
        {"criterion_states": [state("Bình", 1, "met"), state("Bình", 2, "not_met")]},
        units=town,
    )
    assert states_of(made) == {2: "not_met"}


def test_recognised_parts_give_met_criteria_marked_assumed_and_no_recognition(tmp_path):
    decided = [
        {"commune": name, "level": "ntm", "set": SET, "basis": "decision"}
        for name in ("An", "Bình", "Chi")
    ]
    made = rebased(tmp_path, {"recognitions": decided})
    rows = made.tables["criterion_states"]
    assert states_of(made) == dict.fromkeys(range(1, 20), "met") and set(rows["mark"]) == {
        "assumed"
    }
    assert fates(made, "recognitions") == [
        ("left", "decision"),
        ("left", "decision"),
        ("carried", "whole"),
    ]
    assert made.tables["recognitions"]["commune"].tolist() == ["Đông"]
    assert made.standing["verdict"].tolist() == ["all", "kept"]


def test_what_follows_from_a_recognition_only_inferred_is_not_carried(tmp_path):
    decided = [
        {"commune": "An", "level": "ntm", "set": SET, "basis": "decision"},
        {"commune": "Bình", "level": "ntm", "set": SET, "basis": "inferred", "mark": "assumed"},
    ]
    made = rebased(tmp_path, {"recognitions": decided})
    assert states_of(made) == {}
    assert made.standing[["held", "inferred", "verdict"]].iloc[0].tolist() == [2, 1, "all"]


def test_what_the_figures_of_a_part_lack_is_not_said_of_the_whole(tmp_path):
    # An alone falls short of 95 %, the whole does not: (100 x 90 + 300 x 100) / 400.
    made = rebased(
        tmp_path, {"indicator_values": [value("An", "4.2", 90.0), value("Bình", "4.2", 100.0)]}
    )
    assert states_of(made) == {}
    rows = made.tables["indicator_values"]
    assert rows["value"].tolist() == [97.5] and rows["note"].tolist() == [
        "Từ An và Bình: bình quân theo số hộ (2 đơn vị cũ)"
    ]


# --- indicators -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        # (100 x 80 + 300 x 96) / 400
        ([("An", "4.2", 80), ("Bình", "4.2", 96)], 92.0, "by_households"),
        # (500 x 60 + 700 x 84) / 1200
        ([("An", "15.1", 60), ("Bình", "15.1", 84)], 74.0, "by_population"),
        ([("An", "9.1", 2), ("Bình", "9.1", 3)], 5.0, "summed"),
        # a share of kilometres of road
        ([("An", "2.1", 50), ("Bình", "2.1", 60)], None, "no_weight"),
        ([("An", "4.2", 80)], None, "part_unknown"),
        ([("An", "4.2", 80, "2020-01-31"), ("Bình", "4.2", 96)], None, "dates_apart"),
    ],
)
def test_a_measured_indicator_is_the_weighted_mean_where_all_that_it_takes_is_reported(
    tmp_path, values, expected, why
):
    made = rebased(tmp_path, {"indicator_values": [value(*cells) for cells in values]})
    assert made.tables["indicator_values"]["value"].tolist() == (
        [] if expected is None else [expected]
    )
    outcome = "left" if expected is None else "merged"
    assert fates(made, "indicator_values") == [(outcome, why)] * len(values)


def test_indicators_of_the_parts_make_a_criterion_met_only_under_the_thresholds_of_the_whole(
    tmp_path,
):
    told = {
        "indicator_values": [
            value(c, i, None, state="met", set="ntm-2021-2025")
            for c in ("An", "Bình")
            for i in ("19.1", "19.2")
        ]
    }
    made = rebased(tmp_path, told)
    assert states_of(made) == {19: "met"} and made.tables["criterion_states"]["mark"].tolist() == [
        "assumed"
    ]
    harder = [UNITS[0], UNITS[1] | {"specially_difficult": "yes"}, *UNITS[2:]]
    assert states_of(rebased(tmp_path, told, units=harder)) == {}


def test_without_the_weight_of_a_part_the_mean_is_unknown(tmp_path):
    told = {"indicator_values": [value("An", "4.2", 80.0), value("Bình", "4.2", 96.0)]}
    for unit in (UNITS[1] | {"households": ""}, UNITS[1] | {"mark": "assumed"}):
        made = rebased(tmp_path, told, units=[UNITS[0], unit, *UNITS[2:]])
        assert made.tables["indicator_values"].empty
        assert fates(made, "indicator_values") == [("left", "weights_missing")] * 2


def test_a_judged_indicator_is_met_only_when_all_parts_met_it(tmp_path):
    rows = [
        ("1.1", "An", "met"),
        ("1.1", "Bình", "met"),
        ("1.2", "An", "met"),
        ("1.2", "Bình", "not_met"),
        ("3.2", "An", "met"),
    ]
    made = rebased(tmp_path, {"indicator_values": [value(c, i, None, state=s) for i, c, s in rows]})
    found = made.tables["indicator_values"]
    assert dict(zip(found["indicator"], found["state"], strict=True)) == {
        "1.1": "met",
        "1.2": "not_met",
    }


def test_monthly_progress_counts_as_a_fact_of_its_part_and_is_entered_in_the_whole(tmp_path):
    told = {
        "commune": "Bình",
        "month": "5/2022",
        "set": SET,
        "criterion": 1,
        "state": "met",
        "said_by": "UBND xã",
        "known_from": "2022-06-02",
    }
    made = rebased(
        tmp_path,
        {"criterion_states": [state("An", 1, "met")], "progress": [told]},
        as_of="2022-06-30",
    )
    assert states_of(made) == {1: "met"}
    assert fates(made, "progress") == [("merged", "all_met")] and made.tables["progress"].empty


# --- things, money, plans -------------------------------------------------------------------------

COSTS = [
    {
        "item": "duong",
        "name_vi": "Đường",
        "name_en": "Road",
        "measure_vi": "km",
        "measure_en": "km",
        "low": 1,
        "mode": 2,
        "high": 3,
        "price_year": 2022,
        "definition": "full",
    }
]
POTS = [
    {
        "pot": "xa",
        "name_vi": "Xã",
        "name_en": "Commune",
        "fund": "nsx",
        "capital": "investment",
        "serves": "commune",
        "measure": "money",
    }
]
PLAN = {
    "unit_costs": COSTS,
    "pots": POTS,
    "parts": [{"item": "duong", "pot": "xa", "share": 100}],
    "profiles": [{"pot": "xa", "month": 12, "share": 100}],
    "prices": [{"year": y, "low": 0, "mode": 0, "high": 0} for y in range(2022, 2026)],
    "works": [
        {
            "commune": c,
            "work": "d1",
            "level": "ntm",
            "set": SET,
            "criterion": 2,
            "item": "duong",
            "quantity": 1,
            "state": "new",
            "committed": "no",
        }
        for c in ("An", "Bình", "Yên")
    ],
    "debts": [
        {"commune": "An", "criterion": 2, "date": "2021-12-31", "amount": 900},
        {"commune": "An", "criterion": 2, "date": "2022-01-31", "amount": 500},
        {"commune": "Bình", "criterion": 2, "date": "2022-02-28", "amount": 250},
    ],
    "cement": [
        {"commune": "", "year": 2022, "granted": 90},
        {"commune": "An", "year": 2022, "granted": 10},
        {"commune": "Bình", "year": 2022, "granted": 20},
        {"commune": "Bình", "year": 2021, "granted": 5},
    ],
    "envelopes": [
        {
            "pot": "xa",
            "served": code,
            "year": year,
            "amount": 100,
            "kind": "allotted",
            "disbursed_low": 80,
            "disbursed": 90,
            "disbursed_high": 95,
            "carried": "no",
            "known_from": "2022-01-01",
        }
        for code in ("10001", "10002", "10006")
        for year in (2022, 2023)
    ],
    "targets": [
        {"commune": c, "level": "ntm", "year": 2024, "kind": "plan"} for c in ("An", "Chi", "Yên")
    ],
    "hamlets": [
        {"commune": c, "hamlet": h}
        for c, h in (("An", "Xóm 1"), ("Bình", "Xóm 1"), ("Bình", "Xóm 2"))
    ],
    "ocop": [{"commune": "An", "product": "Chè", "stars": 3}],
    "progress": [
        {"commune": "Bình", "month": "2/2022", "said_by": "UBND xã", "known_from": "2022-03-02"}
        | what
        for what in ({"work": "d1", "value": 40}, {"disbursed": 7})
    ],
}


def test_works_debts_money_and_hamlets_follow_the_place_and_promises_stay_behind(tmp_path):
    made = rebased(tmp_path, PLAN)
    tables = made.tables
    works = tables["works"].set_index("work")
    assert works["commune"].to_dict() == {"d1": "Yên", "an-d1": "Dung", "binh-d1": "Dung"}
    # 500 + 250, the newest of each
    assert tables["debts"][["commune", "amount"]].to_numpy().tolist() == [["Dung", 750]]
    cement = tables["cement"]
    assert cement[["commune", "year", "granted"]].to_numpy().tolist() == [
        ["", 2022, 90],
        ["Dung", 2022, 30],
    ]
    money = tables["envelopes"]
    assert money[["served", "year", "amount"]].to_numpy().tolist() == [
        ["10006", 2023, 100],
        ["10004", 2023, 200],
    ]
    assert tables["targets"]["commune"].tolist() == ["Yên", "Đông"]
    assert tables["hamlets"]["hamlet"].tolist() == ["Xóm 1 (An)", "Xóm 1 (Bình)", "Xóm 2"]
    assert tables["ocop"][["commune", "product"]].to_numpy().tolist() == [["Dung", "Chè"]]
    assert tables["progress"][["commune", "work"]].to_numpy().tolist() == [["Dung", "binh-d1"]]
    assert fates(made, "progress") == [("carried", "moved"), ("left", "money")]
    assert fates(made, "targets")[0] == ("left", "registration")


def test_money_known_only_after_the_day_is_left_and_the_sum_is_known_when_its_last_part_was(
    tmp_path,
):
    money = [row for row in PLAN["envelopes"] if row["year"] == 2023]
    known = {"10001": "2022-01-01", "10002": "2022-02-01"}
    rows = [row | {"known_from": known.get(row["served"], row["known_from"])} for row in money]
    table = (
        rebased(tmp_path / "a", PLAN | {"envelopes": rows}).tables["envelopes"].set_index("served")
    )
    assert (
        table.at["10004", "amount"] == 200
        and f"{table.at['10004', 'known_from']:%Y-%m-%d}" == "2022-02-01"
    )
    late = [
        row | ({"known_from": "2099-01-01"} if row["served"] == "10002" else {}) for row in money
    ]
    made = rebased(tmp_path / "b", PLAN | {"envelopes": late})
    assert made.tables["envelopes"].set_index("served").at["10004", "amount"] == 100
    assert ("left", "later") in fates(made, "envelopes")


def test_money_that_serves_no_old_commune_is_accounted_for_once(tmp_path):
    rows = [row for row in PLAN["envelopes"] if row["served"] == "10006"]
    account = rebased(tmp_path, PLAN | {"envelopes": rows}).account
    assert account.loc[account["table"] == "envelopes", "row"].tolist() == [2, 3]


def test_households_of_the_new_unit_are_those_of_all_its_parts(tmp_path):
    units = rebased(tmp_path).tables["units"].set_index("code")
    assert units["households"].fillna(0).to_dict() == {"10004": 400, "10005": 0, "10006": 0}
    assert "Từ An và Bình: cộng lại" in units.at["10004", "note"]


def test_every_table_has_a_rule_and_every_reason_its_words():
    assert set(RULES) == set(TABLES)
    words = texts()
    source = "".join(
        Path(f"ntm_analysis/exchange/{m}.py").read_text(encoding="utf-8")
        for m in ("rebase", "rebase_facts")
    )
    told = [key.removeprefix("rebase_why_") for key in words if key.startswith("rebase_why_")]
    assert [why for why in told if f'"{why}"' not in source and not why.startswith("by_")] == []
    assert all(f"rebase_why_{rule.why}" in words for rule in RULES.values() if rule.why)


# --- nothing is invented, nothing is lost ---------------------------------------------------------

PARTS = ("An", "Bình", "Chi")
TRIPLE = [UNITS[0], UNITS[1], UNITS[2], UNITS[3], UNITS[5]]
INTO_ONE = [m | {"into_code": "10004", "into_name": "Dung"} for m in MERGERS]


@settings(
    max_examples=7, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from((*PARTS, "Yên")),
            st.integers(1, 3),
            st.sampled_from(["2021-01-31", "2022-01-31"]),
        ),
        st.sampled_from(["met", "basic", "not_met", "not_applicable"]),
    ),
    st.dictionaries(
        st.tuples(st.sampled_from((*PARTS, "Yên")), st.sampled_from(["4.2", "2.1"])),
        st.integers(0, 100),
    ),
    st.sets(st.sampled_from((*PARTS, "Yên"))),
)
def test_nothing_is_met_unless_all_parts_are_and_every_row_has_one_fate(
    tmp_path, told, shares, aims
):
    tables = {
        "criterion_states": [state(c, n, s, d) for (c, n, d), s in told.items()],
        "indicator_values": [value(c, i, float(v)) for (c, i), v in shares.items()],
        "targets": [
            {"commune": c, "level": "ntm", "year": 2024, "kind": "plan"} for c in sorted(aims)
        ],
    }
    old = Workbook.open(old_set(tmp_path, tables, units=TRIPLE, mergers=INTO_ONE), DAY)
    made = rebase(old, WEIGHTS)
    newest = {(c, n): told[c, n, d] for c, n, d in sorted(told)}
    judged = assess(before_mergers(old, made.link), SET).matrix()
    judged.index = old.all_units["name"].reindex(judged.index)
    for criterion, found in states_of(made).items():
        if found in ("met", "not_applicable"):
            assert judged.loc[list(PARTS), criterion].isin(["met", "not_applicable"]).all()
    for criterion in (1, 3):  # of which nobody gave figures
        expected = merged_state([newest.get((part, criterion), "unknown") for part in PARTS])
        assert states_of(made).get(criterion, "unknown") == expected
    for name in TABLES:
        rows = made.account[made.account["table"] == name]
        assert sorted(rows["row"]) == sorted(old.all_rows[name]["row"])
    assert set(made.account["outcome"]) <= {"carried", "merged", "left"}
    assert {f"rebase_why_{why}" for why in made.account["why"]} <= set(texts())


def test_a_merger_to_come_that_all_parts_are_told_of_rests_on_the_sources_of_all(tmp_path):
    again = [*UNITS, {"code": "10009", "name": "Giang", "valid_from": "2024-01-01"}]
    ahead = {"on": "2024-01-01", "into_code": "10009", "into_name": "Giang", "resolution": "NQ 2"}
    further = [MERGERS[0] | ahead, MERGERS[1] | ahead | {"source": "t", "mark": "assumed"}]
    sources = {"sources": [{"id": i, "title": "Nguồn"} for i in "st"]}
    made = rebased(tmp_path, sources, units=again, mergers=[*MERGERS, *further]).tables["mergers"]
    assert made[["commune", "into_name", "source", "mark"]].to_numpy().tolist() == [
        ["Dung", "Giang", "s|t", "assumed"]
    ]


def test_a_table_written_is_read_back_as_it_was(tmp_path):
    for dataset in ("data/thanh-chuong", "data/huyen-mau"):
        workbook = Workbook.open(dataset)
        for name in TABLES:
            path = tmp_path / f"{name}.csv"
            path.write_text(
                csv_text(workbook.all_rows[name], name, "vi"), encoding="utf-8", newline=""
            )
            problems: list = []
            again, columns = read_table(path, name, "vi", "", problems), list(dictionary(name))
            assert problems == [] and again[columns].equals(
                workbook.all_rows[name][columns].reset_index(drop=True)
            ), name


def test_a_day_that_asks_for_what_the_mapping_does_not_hold_is_refused(tmp_path):
    def codes(**given) -> set[str]:
        with pytest.raises(DataProblemsError) as refused:
            rebased(tmp_path, **given)
        return {p.code for p in refused.value.problems if not p.warning}

    assert codes(day="2022-06-30") == {"nothing_changed"}
    assert codes(day="2022-01-01") == {"before_data"}
    nameless = [MERGERS[0] | {"into_code": "", "into_name": "Xa lạ"}, *MERGERS[1:]]
    assert codes(mergers=nameless) == {"into_unlisted"}
    again = [*UNITS, {"code": "10009", "name": "Giang", "valid_from": "2024-01-01"}]
    further = [
        *MERGERS,
        {
            "commune": "Dung",
            "on": "2024-01-01",
            "into_code": "10009",
            "into_name": "Giang",
            "resolution": "NQ 2",
        },
    ]
    assert codes(units=again, mergers=further, day="2024-06-01") == {"into_ended"}
    reused = [*UNITS, {"code": "10006", "name": "Hà", "valid_from": "2022-09-01"}]
    assert codes(units=reused) == {"ended_unsaid"}


# --- the districts --------------------------------------------------------------------------------


def digest(folder: Path) -> str:
    made = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        made.update(path.name.encode() + (path.read_bytes() if path.is_file() else b""))
    return made.hexdigest()


@pytest.fixture(scope="module")
def nine(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rebase") / "thanh-chuong-2025"
    before = digest(Path("data/thanh-chuong"))
    assert main(["rebase", "data/thanh-chuong", "--date", "2025-07-01", "--out", str(folder)]) == 0
    assert digest(Path("data/thanh-chuong")) == before
    return folder


def test_the_37_communes_become_the_9_of_july_2025_and_none_is_recognised_any_more(nine):
    new = Workbook.open(nine)
    assert new.communes["name"].tolist() == [
        "Cát Ngạn",
        "Tam Đồng",
        "Hạnh Lâm",
        "Sơn Lâm",
        "Hoa Quân",
        "Kim Bảng",
        "Bích Hào",
        "Đại Đồng",
        "Xuân Lâm",
    ]
    assert new.as_of == dt.date(2025, 7, 1) and new.id == "thanh-chuong-2025"
    assert set(levels(new)["level"]) == {"not_ntm"}
    counts = assess(new, SET).counts
    counts.index = new.communes["name"]
    # Thanh Hương, Thanh Chi and Thanh Ngọc lack 2, 5, 6, 17; nobody reported a criterion of all
    # parts of any new commune.
    for name in ("Hoa Quân", "Đại Đồng"):
        assert (counts.at[name, "met"], counts.at[name, "missing"], counts.at[name, "unknown"]) == (
            0,
            (2, 5, 6, 17),
            15,
        )
    assert counts.drop(["Hoa Quân", "Đại Đồng"])["met"].isna().all()
    assert assess(new, SET).contradictions == []


def test_the_parts_are_those_of_the_mapping(nine):
    old = Workbook.open("data/thanh-chuong", "2025-07-01")
    made = rebase(old, read_weights(old.law_folder))
    names = old.all_units["name"]
    parts = {names[new]: [names[p] for p in row["parts"]] for new, row in made.standing.iterrows()}
    assert sum(map(len, parts.values())) == 38
    assert parts["Tam Đồng"] == ["Thanh Mỹ", "Thanh Tiên", "Thanh Liên"]
    assert parts["Sơn Lâm"] == ["Thanh Sơn", "Ngọc Lâm"]
    assert parts["Hoa Quân"] == ["Thanh Hương", "Thanh Thịnh", "Thanh An", "Thanh Chi", "Thanh Khê"]
    held = {names[new]: (row["held"], row["verdict"]) for new, row in made.standing.iterrows()}
    assert held == {
        "Cát Ngạn": (4, "all"),
        "Tam Đồng": (3, "all"),
        "Hạnh Lâm": (0, "none"),
        "Sơn Lâm": (0, "none"),
        "Hoa Quân": (1, "judge"),
        "Kim Bảng": (2, "judge"),
        "Bích Hào": (2, "judge"),
        "Đại Đồng": (5, "judge"),
        "Xuân Lâm": (5, "judge"),
    }


def test_every_value_says_in_its_row_and_in_the_report_where_it_comes_from(nine):
    states = pd.read_csv(nine / "criterion_states.csv", dtype=str, encoding="utf-8-sig")
    assert len(states) == 8 and states["note"].str.startswith("Từ ").all()
    assert (
        set(states["mark"]) == {"reported", "assumed"}
        and states["source"].str.contains("nq-1678").all()
    )
    rows = list(csv.reader(io.StringIO((nine / REBASE_REPORT).read_bytes().decode("utf-8-sig"))))
    assert (
        sum(row[0] == "criterion_states.csv" and row[4] == "giá trị lập cho xã mới" for row in rows)
        == 8
    )
    assert sum(row[0] == "targets.csv" and row[4] == "để lại" for row in rows) == 8
    note = Workbook.open(nine).units.set_index("name").at["Tam Đồng", "note"]
    assert note.startswith(
        "Gồm Thanh Mỹ, Thanh Tiên và Thanh Liên; "
        "Tam Đồng: 3/3 đơn vị cũ đã được công nhận (1 suy ra"
    )
    assert any(
        row[3] == "Xã Tam Đồng" and "3/3 đơn vị cũ đã được công nhận" in row[7] for row in rows
    )


def test_the_district_page_of_the_nine_says_which_stand_and_which_are_judged_anew(nine):
    for made in (DistrictPage(str(nine)), DistrictPage("data/thanh-chuong", as_of="2025-07-01")):
        shown = " ".join(re.sub(r"<[^>]+>", " ", made.district_conditions()).split())
        assert "2 xã mà mọi đơn vị cũ đều đã được công nhận; đề nghị xét thừa nhận lại" in shown
        assert (
            "5 xã phải xét lại, chỉ một phần đã được công nhận: "
            "Hoa Quân, Kim Bảng, Bích Hào, Đại Đồng và Xuân Lâm." in shown
        )
        assert "6 Kim Bảng 4 Võ Liệt (suy ra) và Thanh Long Thanh Thủy và Thanh Hà" in shown
    former = Workbook.open(nine).tables["former_units"]
    assert (
        len(former) == 38 and former.loc[former["basis"] == "inferred", "mark"].eq("assumed").all()
    )


def test_the_other_commands_work_on_the_new_set_and_question_24_is_answered(nine, capsys, tmp_path):
    for command in (
        ["check"],
        ["status"],
        ["needs", "--draws", "50"],
        ["forecast", "--draws", "50"],
    ):
        assert main([command[0], str(nine), *command[1:]]) == 0
    capsys.readouterr()
    assert (
        main(["rebase", "data/thanh-chuong", "--date", "1/7/2025", "--out", str(tmp_path / "moi")])
        == 0
    )
    out = capsys.readouterr().out
    assert (
        "đều đã được công nhận; đề nghị xét thừa nhận lại, "
        "chưa có quyết định mới: Cát Ngạn và Tam Đồng." in out
    )
    assert (
        "Xuân Lâm: 5/6 đơn vị cũ đã được công nhận (5 suy ra, chưa có nguồn nêu); chưa: Ngọc Sơn"
        in out
    )
    assert "recognitions.csv: 23 để lại" in out
    assert digest(nine.parent / "thanh-chuong-2025")  # the first one stands untouched
    again = csv_text(
        Workbook.open(tmp_path / "moi").all_rows["criterion_states"], "criterion_states", "vi"
    )
    assert again == csv_text(
        Workbook.open(nine).all_rows["criterion_states"], "criterion_states", "vi"
    )


def test_the_step_of_2024_lacks_codes_and_says_so(capsys, tmp_path):
    assert (
        main(["rebase", "data/thanh-chuong", "--date", "2024-12-01", "--out", str(tmp_path / "x")])
        == 1
    )
    said = capsys.readouterr().err
    assert said.count("chưa có mã") == 16 and "Thanh Quả" in said
    assert list(tmp_path.iterdir()) == []


def test_in_the_model_district_a11_and_a12_become_a13_and_the_rest_stays(tmp_path):
    folder = tmp_path / "mau-2023"
    assert main(["rebase", "data/huyen-mau", "--date", "2023-01-01", "--out", str(folder)]) == 0
    old, new = Workbook.open("data/huyen-mau"), Workbook.open(folder)
    assert new.illustrative and new.communes["name"].tolist() == [
        f"A{n}" for n in (*range(1, 11), 13)
    ]
    income = (
        new.tables["indicator_values"]
        .query("commune == 'A13' and indicator == '10'")["value"]
        .tolist()
    )
    told = old.tables["indicator_values"]
    parts = told[(told["indicator"] == "10") & (told["date"] == "2022-12-31")].set_index("commune")[
        "value"
    ]
    assert income == [round((parts["A11"] * 4931 + parts["A12"] * 5585) / (4931 + 5585), 6)]
    before, after = (
        assess(w, "ntm-2021-2025", day=dt.date(2022, 12, 31)).counts["met"] for w in (old, new)
    )
    stay = [f"A{n}" for n in range(1, 11)]
    old_met, new_met = (
        c.set_axis(w.communes["name"])[stay].tolist() for c, w in ((before, old), (after, new))
    )
    assert str(old_met) == str(new_met)


# --- the place ------------------------------------------------------------------------------------


def run(out: object, dataset: object = "data/thanh-chuong", date: str = "2025-07-01") -> int:
    return main(["rebase", str(dataset), "--date", date, "--out", str(out)])


def test_nothing_is_written_over_or_into_a_data_set_or_any_folder_in_use(tmp_path, capsys, nine):
    old = old_set(tmp_path)
    before, opened = digest(tmp_path), Workbook.open(old)
    for place, reason in (
        (old, "inside"),
        (old / "moi", "inside"),
        (old / "units.csv", "inside"),
        (tmp_path, "taken"),
        (old / "..", "taken"),
        (tmp_path / "khong" / "co", "no_parent"),
        (tmp_path / "thu", "no_id"),
        (tmp_path / "___", "no_id"),
        (" ", "no_path"),
        ("a\nb", "no_path"),
    ):
        with pytest.raises(WrongPlaceError) as refused:
            new_place(str(place), opened)
        assert refused.value.key == f"new_{reason}", place
        assert refused.value.words("vi") != refused.value.words("en")
    assert run(old, old, DAY) == 1 and "không ghi đè" in capsys.readouterr().err
    assert digest(tmp_path) == before
    kept = digest(nine)
    assert run(nine) == 1 and digest(nine) == kept  # the same again: refused, not repeated


def test_an_empty_folder_is_taken_and_a_data_set_outside_the_repository_is_carried(
    tmp_path, monkeypatch
):
    old = old_set(tmp_path)
    (tmp_path / "moi").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("moi", "cu", DAY) == 0
    assert Workbook.open(tmp_path / "moi").communes["name"].tolist() == ["Dung", "Đông", "Yên"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cu", "moi"] and old.is_dir()


def test_a_data_set_that_would_not_open_is_not_put_in_place(tmp_path, monkeypatch):
    old = old_set(tmp_path)
    broken = new_dataset.csv_text
    monkeypatch.setattr(
        new_dataset,
        "csv_text",
        lambda table, name, style: broken(table, name, style).replace("10004", "1000x"),
    )
    assert run(tmp_path / "moi", old, DAY) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cu"]


def test_a_bad_day_is_bad_usage(tmp_path):
    for day in ("2025-13-01", "7/2025", "hôm nay", ""):
        with pytest.raises(SystemExit) as stopped:
            run(tmp_path / "x", date=day)
        assert stopped.value.code == 2


def test_text_of_the_data_is_no_formula_in_the_report(tmp_path):
    old = old_set(
        tmp_path,
        {
            "recognitions": [
                {"commune": "An", "level": "ntm", "set": SET, "basis": "decision", "note": "=1+1"}
            ]
        },
    )
    assert run(tmp_path / "moi", old, DAY) == 0
    cells = [
        c
        for row in csv.reader(
            io.StringIO((tmp_path / "moi" / REBASE_REPORT).read_bytes().decode("utf-8-sig"))
        )
        for c in row
    ]
    assert not [c for c in cells if c.startswith(("=", "+", "@", "-"))]

"""The forecast: what must hold in every world, closed forms, what it refuses, and what its command prints."""

import datetime as dt
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reference_forecast import HIGH, MODEL, NEVER, NEW, PROVINCE, YEARS, plain

from ntm_analysis import cli
from ntm_analysis.finishing import run_of, simulate
from ntm_analysis.forecast.forecast import forecast, record
from ntm_analysis.layout import Layout
from ntm_analysis.need.draws import together, uniforms
from ntm_analysis.problems import DataProblems, report
from ntm_analysis.promise import promise
from ntm_analysis.scenarios.scenario import UnknownScenario, scenario
from ntm_analysis.schedule import POLICIES, schedule
from ntm_analysis.workbook import Workbook

DRAWS = 400


@pytest.fixture(scope="module")
def district() -> Workbook:
    return Workbook.open("data/thanh-chuong")


@pytest.fixture(name="small")
def _small(make_dataset, tmp_path):
    """A data set made of tables in which everything is known (see ``plain``)."""

    def make(tables: dict) -> Workbook:
        sets = {"ntm": NEW, "advanced": HIGH, "model": MODEL}
        return Workbook.open(make_dataset(tmp_path, tables, sets=sets, **PROVINCE))

    return make


def changed(workbook: Workbook, table: str, **columns) -> Workbook:
    return replace(workbook, tables=workbook.tables | {table: workbook.tables[table].assign(**columns)})


# ---- the same worlds


def test_the_same_bytes_whatever_the_workers_and_the_chunk(district):
    layout = Layout(schedule(district))
    runs = [run_of(layout, 2_500, 7, workers=w, chunk=c) for w, c in ((1, 5_000), (2, 1_000), (2, 2_000))]
    for name in ("months", "signed", "unlimited", "latest"):
        assert len({getattr(run, name).tobytes() for run in runs}) == 1
    assert len({json.dumps({k: v.tolist() for k, v in run.counts.items()}) for run in runs}) == 1


def test_the_first_draws_of_a_longer_run_are_those_of_a_shorter_one(district):
    longer, shorter = (simulate(district, n, 7).months for n in (1_500, 600))
    assert (longer[:, :600] == shorter).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_scenario_that_changes_nothing_differs_by_nothing_in_any_draw(district, policy):
    envelopes = district.tables["envelopes"]
    same = changed(district, "envelopes", amount=envelopes["amount"] * 1.0)
    assert (simulate(same, DRAWS, 5, policy=policy).months == simulate(district, DRAWS, 5, policy=policy).months).all()


@pytest.mark.parametrize("policy", ["own", "closest", "equal"])
@pytest.mark.parametrize("times", [1.05, 2, 30])
def test_more_money_makes_no_commune_later_in_any_world(district, policy, times):
    more = changed(district, "envelopes", amount=district.tables["envelopes"]["amount"] * times)
    before, after = (simulate(wb, DRAWS, 5, policy=policy) for wb in (district, more))
    assert (after.months <= before.months).all() and (after.unlimited == before.unlimited).all()
    assert (before.unlimited <= before.months).all()


def test_a_later_deadline_never_lowers_a_chance(district):
    chances = [forecast(district, deadline=dt.date(year, 12, 31), draws=DRAWS).p for year in range(2022, 2029)]
    assert all((later >= earlier).all() for earlier, later in pairwise(chances))
    signed = forecast(district, finish="signed", draws=DRAWS)
    assert (signed.p <= chances[3]).all() and record(signed)["p_all_signed"] == record(signed)["p_all"]


def test_a_count_raised_by_one_with_its_criterion_makes_nobody_later(district):
    # Thanh Hương reports criterion 5 as met, and 16 of 19; the order of works is fixed.
    unit = district.find("Thanh Hương")
    states, counts = district.tables["criterion_states"], district.tables["criterion_counts"]
    told = (states["unit"] == unit) & (states["criterion"] == 5)
    mine = counts["unit"] == unit
    better = changed(district, "criterion_states", state=states["state"].mask(told, "met"))
    better = replace(better, tables=better.tables | {"criterion_counts": counts.assign(met=counts["met"] + mine)})
    plans = [schedule(wb) for wb in (district, better)]
    plans[1] = replace(plans[1], works=plans[1].works.assign(place=plans[0].works["place"]))
    before, after = (run_of(Layout(plan), DRAWS, 5) for plan in plans)
    assert told.sum() == mine.sum() == 1
    assert (after.months <= before.months).all() and (after.months < before.months).any()


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.integers(0, 99))
def test_numbers_drawn_together_are_uniform_and_correlated_as_stated(correlation, seed):
    own, shared = uniforms(seed, "own", ["a", "b"], 4_000), uniforms(seed, "shared", [""], 4_000)[0]
    a, b = together(own, shared, correlation)
    assert abs(np.corrcoef(a, b)[0, 1] - correlation) < 0.08
    assert a.min() >= 0 and a.max() <= 1 and abs(a.mean() - 0.5) < 0.03


def test_a_correlation_above_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        together(np.array([0.5]), np.array([0.5]), 1.2)


# ---- closed forms


def test_communes_that_share_nothing_finish_together_with_the_product_of_their_chances(small):
    # Each has money of its own; half of the works stand still for two years, beyond the end of the term.
    own = [{"pot": "a", "served": s, "year": y, "amount": 1200, "kind": "expected", "carried": "no", "disbursed_low": 100,
            "disbursed": 100, "disbursed_high": 100} for s in ("10001", "10002", "10003") for y in YEARS]  # fmt: skip
    times = [
        {"item": i, "low": m, "mode": m, "high": m, "stall": s, "stall_months": 48}
        for i, m, s in (("road", 3, 50), ("no-dong", 0, 0))
    ]
    made = record(forecast(small(plain(3, envelopes=own, durations=times)), draws=10_000))
    chances = [c["p"] for c in made["communes"]]
    assert all(abs(p - 0.5) < 0.02 for p in chances)
    assert made["p_all_if_independent"] == pytest.approx(np.prod(chances))
    assert abs(made["p_all"] - 0.125) < 0.015 and made["p_all_ci"][0] < 0.125 < made["p_all_ci"][1]
    assert made["sd"] == pytest.approx(made["sd_if_independent"], rel=0.05)


def test_a_shared_pot_makes_the_second_commune_wait_for_the_first(small):
    made = record(forecast(small(plain(2)), draws=10))
    assert [c["p50_date"] for c in made["communes"]] == ["2023-06-30", "2024-06-30"]
    assert made["p_all"] == 1.0 and made["finishing"]["distribution"] == {"2": 1.0} and made["weakest"]["criteria"] == []


def test_a_commune_with_nothing_missing_has_finished_for_certain(small):
    made = record(forecast(small(plain(2, met=["10001"])), draws=10))
    assert made["communes"][0]["p"] == 1.0 and made["communes"][0]["last_criterion"] is None
    assert made["communes"][0]["p50_date"] == "2022-03-31" and made["n_finished_now"] == 0


def test_a_pot_that_never_pays_is_named_and_its_communes_do_not_finish(small):
    found = forecast(small(plain(1, money={"b": 1200})), draws=10)
    made = record(found)
    assert made["pots_without_money"] == ["a"] and made["p_all"] == 0.0 and made["communes"][0]["p50_date"] is None
    assert made["communes"][0]["p_unlimited"] == 1.0 and made["communes"][0]["last_criterion"] == 2


def test_the_price_of_the_promise_is_the_factor_that_pays_in_time(small):
    # 12 km cost 1,200 million; 20 million a month bring 900 by the end of 2025; three months of work before that leave 840.
    found = forecast(small(plain(1, money={"a": 240})), draws=50)
    made = promise(found)["all"]
    factor = made["money"]["90"]["factor"]
    assert 1200 / 840 <= factor <= 1200 / 840 * 2 ** (6 / 64) + 0.01
    assert made["by_pot"] == [{"pot": "a", "p_unlimited": 1.0, "50": factor, "80": factor, "90": factor}]
    assert made["money"]["90"]["extra"] == pytest.approx((factor - 1) * 900, rel=0.01)
    assert made["money"]["90"]["reason"] is None
    assert made["months"]["50"] is None  # money ends with the term
    enough = promise(forecast(small(plain(1)), draws=50))["all"]
    assert enough["money"]["50"] == {"factor": 1.0, "extra": 0.0, "reason": "reached_now"}
    assert enough["months"]["50"] == "2023-06-30"
    little = promise(forecast(small(plain(1, money={"a": 2.4})), draws=50))["all"]  # 12 km ask for 145 times as much
    assert little["money"]["50"]["reason"] == "above_64_times" and little["p_unlimited"] == 1.0


def test_money_cannot_buy_what_needs_time(small):
    found = forecast(small(plain(1, months=60)), draws=50)
    made = promise(found)["all"]
    assert made["money"]["50"] == {"factor": None, "extra": None, "reason": "money_does_not_reach"}
    assert made["p_unlimited"] == 0.0
    assert made["months"]["50"] == "2028-03-31"  # paid by March 2023, five years of work


# ---- sanity


def test_a_registered_commune_with_works_under_way_succeeds_as_often_as_lists_do(district):
    # The works that its four named criteria ask for, two thirds done by now: the published success of lists is 50-85 %.
    unit = district.find("Thanh Hương")
    usual = schedule(district).by_level["ntm"]
    mine = usual[(usual["unit"] == unit) & usual["criterion"].isin([2, 5, 6, 17])]
    rows = mine.assign(commune="Thanh Hương", level="ntm", set=NEW, state="carried_over", percent_done=67.0,
        committed="carried_over",
                       planned_year=2022.0, row=1)  # fmt: skip
    works = district.tables["works"]
    tables = district.tables | {"works": pd.concat([works, rows[works.columns.intersection(rows.columns)]], ignore_index=True)}
    made = record(forecast(replace(district, tables=tables), draws=4_000))
    (mine,) = (r for r in made["registrations"] if r["name"] == "Thanh Hương")
    assert mine["under_way"] and 0.5 <= mine["p"] <= 0.85


def test_the_default_forecast_says_what_it_rests_on(district):
    made = record(forecast(district, draws=2_000))
    assert made["n_finished_now"] == 22 and made["basically_all"] == 36 and len(made["communes"]) == 37
    assert sum(made["finishing"]["distribution"].values()) == pytest.approx(1)
    assert made["finishing"]["mean"] == pytest.approx(sum(c["p"] for c in made["communes"]))
    assert all(0 <= c["p_signed"] <= c["p"] <= c["p_unlimited"] <= 1 for c in made["communes"])
    bands = {c["name"]: c["band"] for c in made["communes"]}
    assert bands["Thanh Hương"] == bands["Thanh Chi"] == bands["Thanh Ngọc"] == 1 and bands["Cát Văn"] is None
    assert bands["Hạnh Lâm"] == bands["Thanh Thủy"] != bands["Thanh Sơn"]  # border; border and resettled
    assert {r["name"]: (r["year"], r["kind"]) for r in made["registrations"]}["Thanh Lâm"] == (2023, "pledge")
    assert made["first_year"]["criteria_met_share"] == pytest.approx(made["first_year"]["published_share"], abs=0.12)


# ---- what is refused


def test_a_deadline_that_has_passed_is_refused_with_a_report(district, capsys):
    with pytest.raises(DataProblems) as caught:
        forecast(district, deadline=dt.date(2022, 3, 31))
    assert [p.code for p in caught.value.problems] == ["deadline_past"]
    assert cli.main(["forecast", "--deadline", "2021-12-31"]) == 1 and "31/12/2021" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--draws", "0"], ["--policy", "best"], ["--deadline", "soon"], ["--finish", "never"], ["--seed", "-1"]]
)
def test_a_mistake_of_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["forecast", *arguments])
    assert caught.value.code == 2


def test_zero_draws_and_unknown_policies_are_refused(district):
    with pytest.raises(ValueError, match="draws=0"):
        forecast(district, draws=0)
    with pytest.raises(ValueError, match="policy='best'"):
        forecast(district, policy="best")


def test_everything_a_forecast_lacks_is_reported_at_once(small):
    tables = plain(1)
    tables |= {
        "durations": [],
        "assumptions": tables["assumptions"][:5],
        "debts": [{"criterion": 5, "date": "2021-12-31", "amount": 5}],
    }
    tables["parts"] = tables["parts"][:1]
    with pytest.raises(DataProblems) as caught:
        schedule(small(tables))
    codes = [p.code for p in caught.value.problems]
    assert codes.count("no_duration") == 2 and "no_debt_parts" in codes and codes.count("no_assumption") >= 10


def test_before_any_average_was_published_there_is_no_pace(make_dataset, tmp_path):
    tables = plain(1)
    for row in tables["criterion_states"]:
        row["date"] = "2010-03-31"
    for row in tables["assumptions"]:
        row["known_from"] = "2009-01-01"
    with pytest.raises(DataProblems) as caught:
        sets = {"ntm": NEW, "advanced": HIGH, "model": MODEL}
        workbook = Workbook.open(make_dataset(tmp_path, tables, sets=sets, **PROVINCE))
        schedule(replace(workbook, tables=workbook.tables | {"history": workbook.tables["history"].iloc[:0]}))
    assert [p.code for p in caught.value.problems] == ["no_pace"]


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("assumptions", {"key": "correlation_works", "value": 101, "text_vi": "x", "text_en": "x"}, "value"),
        ("assumptions", {"key": "storm_chance", "value": -1, "text_vi": "x", "text_en": "x"}, "value"),
        ("assumptions", {"key": "storm_month", "value": 13, "text_vi": "x", "text_en": "x"}, "value"),
        ("durations", {"item": "road", "low": 1, "mode": 2, "high": 3, "stall": 120, "stall_months": 1}, "stall"),
        ("durations", {"item": "road", "low": 5, "mode": 2, "high": 3, "stall": 1, "stall_months": 1}, "mode"),
        ("durations", {"item": "nothing", "low": 1, "mode": 2, "high": 3, "stall": 1, "stall_months": 1}, "item"),
    ],
)
def test_probabilities_and_ranges_that_cannot_be_are_refused(small, table, row, column):
    tables = plain(1)
    key = next(iter(row))
    tables[table] = [r for r in tables[table] if r[key] != row[key]] + [row]
    with pytest.raises(DataProblems) as caught:
        small(tables)
    assert (f"{table}.csv", column) in {(p.file, p.column) for p in caught.value.problems}


# ---- scenarios


@pytest.fixture(name="told")
def _told(district, tmp_path):
    """A scenario by the text of its file, applied to the district."""

    def apply(name: str = "thu", **texts: str):
        folder = tmp_path / "scenarios"
        folder.mkdir(exist_ok=True)
        for stem, body in texts.items():
            (folder / f"{stem}.yaml").write_text(f"id: {stem}\ntitle: {{vi: x, en: x}}\n{body}", encoding="utf-8")
        return scenario(replace(district, path=tmp_path / "thanh-chuong"), name)

    return apply


def test_a_scenario_changes_the_rows_it_names_and_no_others(told, district):
    found = told(
        thu="changes:\n  - {table: envelopes, where: {pot: dat, year: 2023}, multiply: {amount: 2}}\ndeadline: 2026-12-31\n"
    )
    before, after = district.tables["envelopes"], found.workbook.tables["envelopes"]
    differs = before["amount"] != after["amount"]
    assert differs.sum() == found.changed == 1 and after.loc[differs, "amount"].item() == 17_000
    assert found.deadline == dt.date(2026, 12, 31)


def test_scenarios_extend_each_other(told):
    more = "changes:\n  - {table: envelopes, where: {pot: dat}, multiply: {amount: 2}}\n"
    found = told("b", a=more, b="extends: a\npolicy: closest\n" + more)
    assert found.changed == 8 and found.policy == "closest"
    assert found.workbook.tables["envelopes"].query("pot == 'dat'")["amount"].tolist() == [34_000] * 4


def test_everything_wrong_in_a_scenario_is_reported_at_once(told):
    changes = [
        "{table: nothing, set: {amount: 1}}",
        "{table: envelopes, where: {pott: dat}, set: {amount: 1}}",
        "{table: envelopes, where: {pot: gold}, set: {amount: 1}}",
        "{table: envelopes, set: {disbursed: 400}}",
        "{table: envelopes, set: {amount: 1}, add: {amount: 1}}",
        "{table: targets, where: {commune: Thanh Huong 2}, set: {year: 2023}}",
    ]
    with pytest.raises(DataProblems) as caught:
        told(thu="changes:\n" + "".join(f"  - {change}\n" for change in changes))
    codes = [p.code for p in caught.value.problems]
    assert codes == ["scenario_table", "scenario_column", "scenario_nothing", "yaml_value", "scenario_form", "scenario_commune"]
    assert [p.row for p in caught.value.problems] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("where", ['"dat"', "[dat]", "5", "null", '""', "[]", "{}"])
def test_only_a_change_without_where_changes_all_rows(told, where):
    with pytest.raises(DataProblems) as caught:
        told(thu=f"changes:\n  - table: envelopes\n    where: {where}\n    multiply: {{amount: 2}}\n")
    assert [(p.code, p.file, p.row) for p in caught.value.problems] == [("scenario_form", "thu.yaml", 5)]
    assert told(thu="changes:\n  - {table: envelopes, multiply: {amount: 2}}\n").changed > 30


@pytest.mark.parametrize(("day", "code"), [("9999-12-31", "yaml_value"), ("2022-03-31", "deadline_past")])
def test_a_deadline_too_far_or_past_is_told_of_the_scenario(told, day, code):
    with pytest.raises(DataProblems) as caught:
        told(thu=f"deadline: {day}\n")
    assert [(p.code, p.file, p.row, p.column) for p in caught.value.problems] == [(code, "thu.yaml", 3, "deadline")]


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ("{table: envelopes, where: {year: 2023}, set: {year: 2022}}", "duplicate", "envelopes.pot"),
        ("{table: pots, where: {pot: dat}, set: {pot: nst-dt}}", "duplicate", "pots.pot"),
        ("{table: profiles, where: {month: 12}, add: {share: 5}}", "shares_sum", "profiles.share"),
        ("{table: envelopes, where: {pot: dat}, set: {served: Thanh Huong}}", "unknown_served", "envelopes.served"),
        ("{table: works, where: {item: ocop}, set: {level: ntm}}", "wrong_level", "works.set"),
        ("{table: prices, where: {year: 2018}, set: {year: 2030}}", "no_price", "prices.csv"),
        ("{table: assumptions, where: {key: storm_month}, add: {value: 0.5}}", "not_whole", "assumptions.value"),
        ("{table: assumptions, where: {key: basically}, set: {key: all}}", "no_assumption", "assumptions.csv"),
        ("{table: pots, where: {pot: dat}, set: {pot: ''}}", "required", "pot"),
        ("{table: envelopes, set: {known_from: 2022-04-01}}", "yaml_value", "known_from"),
        ("{table: envelopes, set: {kind: sure}}", "not_allowed", "kind"),
        ("{table: envelopes, set: {note: 5}}", "yaml_value", "note"),
        ("{table: targets, set: {commune: Thanh Chi}}", "scenario_column", "commune"),
    ],
)
def test_a_scenario_breaks_no_table_and_its_line_is_named(told, change, code, column):
    with pytest.raises(DataProblems) as caught:
        told("b", a=f"changes:\n  - {change}\n", b="extends: a\nchanges:\n  - {table: durations, multiply: {low: 1}}\n")
    # Of several rows each is told with its own place after the column.
    assert (code, column) in {(p.code, p.column.split(" ")[0]) for p in caught.value.problems}
    assert {(p.file, p.row) for p in caught.value.problems} == {("a.yaml", 4)}


def test_changes_may_break_a_table_on_the_way_and_make_it_whole(told):
    one = "{table: profiles, where: {pot: dat, month: 12}, add: {share: 5}}"
    other = "{table: profiles, where: {pot: dat, month: 11}, add: {share: -5}}"
    assert told(thu=f"changes:\n  - {one}\n  - {other}\n").changed == 2


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("multiply: {amount: 50000}", "“x 50.000 = 1.370.000.000” không hợp lệ. Cách sửa: dùng: ≥ 0, ≤ 100.000.000"),
        ("add: {amount: -50000}", "“- 50.000 = -22.600” không hợp lệ"),
        ("multiply: {delay: 1.25}", "“x 1,25 = 2,5” không phải số nguyên"),
        ("set: {year: 1999}", "“1999” không hợp lệ. Cách sửa: dùng: ≥ 2000, ≤ 2100"),
    ],
)
def test_a_result_out_of_range_is_told_as_the_result(told, act, said):
    with pytest.raises(DataProblems) as caught:
        told(thu=f"changes:\n  - {{table: envelopes, {act}}}\n")
    assert said in report(caught.value.problems)


def test_scenarios_in_a_circle_and_unknown_ones_are_refused(told):
    with pytest.raises(DataProblems) as caught:
        told("a", a="extends: b\n", b="extends: a\n")
    assert [p.code for p in caught.value.problems] == ["scenario_cycle"]
    with pytest.raises(UnknownScenario):
        told("nowhere")


def test_late_money_in_2023_makes_nobody_earlier(district):
    late = scenario(district, "late-oct-2023").workbook
    before, after = (simulate(wb, DRAWS, 5).months for wb in (district, late))
    assert (after >= before).all() and (after > before).any()


# ---- the command


def test_the_json_of_the_forecast_has_the_keys_that_scripts_rely_on(capsys):
    assert cli.main(["forecast", "--draws", "60", "--json", "--price", "--commune", "thanh-huong", "--policy", "closest"]) == 0
    made = json.loads(capsys.readouterr().out)
    keys = "deadline draws seed n_finished_now finishing basically_all p_basically_all p_all p_all_se p_all_ci p_all_signed "
    keys += "p_all_if_independent communes registrations weakest price_of_promise"
    assert set(keys.split()) <= set(made) and made["policy"] == "closest" and made["draws"] == 60
    assert set(made["finishing"]) == {"p10", "p50", "p90", "mean", "distribution"}
    (commune,) = made["communes"]
    wanted = {"name", "code", "p", "p_met", "p_signed", "p10_date", "p50_date", "p90_date", "last_criterion", "band"}
    assert wanted <= set(commune) and commune["name"] == "Thanh Hương"
    assert made["price_of_promise"]["all"]["money"]["50"]["reason"] == "money_does_not_reach"


def test_an_unknown_scenario_is_one_sentence(capsys):
    assert cli.main(["forecast", "--scenario", "../x", "--draws", "10"]) == 1
    assert "late-oct-2023" in capsys.readouterr().err


def test_illustrative_data_is_not_registered(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["forecast", "huyen-mau", "--draws", "10", "--register"]) == 1
    assert not list(tmp_path.iterdir()) and NEVER == 9999


def test_a_forecast_is_registered_once(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("ntm_analysis.cli.home_of", lambda folder: tmp_path)
    for _ in range(2):
        assert cli.main(["forecast", "--draws", "20", "--register", "--json"]) == 0
    (path,) = (tmp_path / "forecasts").iterdir()
    assert path.name.startswith("thanh-chuong_2022-03-31_") and json.loads(path.read_text(encoding="utf-8"))["p_all"] == 0

"""Allocation: the best plan of a district, the rules beside it, one commune more, what to relax; as a planner asks for it."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from ntm_analysis.allocation import margins
from ntm_analysis.allocation.central import funded, in_order, reached
from ntm_analysis.allocation.extra_communes import extra_communes, near_plans, prices, with_money
from ntm_analysis.allocation.optimum import optimum, places
from ntm_analysis.allocation.plan_record import record
from ntm_analysis.allocation.plans import OPTIMAL, Allocation, allocate
from ntm_analysis.allocation.relaxing import cannot, conflicts, for_all
from ntm_analysis.allocation_page import AllocationPage
from ntm_analysis.allocation_words import allocation_lines, extra_lines
from ntm_analysis.cli import main
from ntm_analysis.forecast.forecast import forecast
from ntm_analysis.parameters import PLANS
from ntm_analysis.problems import DataProblems
from ntm_analysis.scenarios.scenario import scenario
from ntm_analysis.workbook import Workbook

DATA, MODEL = "data/thanh-chuong", "data/huyen-mau"


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    return Workbook.open(DATA)


@pytest.fixture(scope="module")
def model() -> Workbook:
    return Workbook.open(MODEL)


@pytest.fixture(scope="module")
def found(workbook) -> Allocation:
    return allocate(workbook)


def assuming(workbook: Workbook, **values: float) -> Workbook:
    rules = workbook.tables["assumptions"]
    changed = rules.assign(value=[values.get(k, v) for k, v in zip(rules["key"], rules["value"], strict=True)])
    return replace(workbook, tables=workbook.tables | {"assumptions": changed})


def with_envelopes(workbook: Workbook, change) -> Workbook:
    return replace(workbook, tables=workbook.tables | {"envelopes": change(workbook.tables["envelopes"])})


def higher(workbook: Workbook) -> float:
    """Million đồng that the works of higher levels ask on the central case."""
    table = allocate(workbook).table()
    mine = table[(table["level"] != "ntm") & ~table["cement"].astype(bool)]
    return float(mine["amount"].sum())


def text(*parts: str) -> str:
    shown = re.sub(r"<(figure|style).*?</\1>", " ", " ".join(parts), flags=re.DOTALL).replace("<", " <")
    return " ".join(Markup(shown).striptags().split())


# the plan ------------------------------------------------------------------------------------------------------------


def test_the_best_plan_of_thanh_chuong_is_proved_and_no_rule_has_more_communes_finish(found):
    assert (found.best.status, found.best.gap, found.best.settled) == ("optimal", 0.0, True)
    assert found.finishing(OPTIMAL) == 26
    assert all(found.finishing(policy) <= 26 for policy in found.plans)
    assert all(plan.broken == [] for plan in found.plans.values())


def test_of_communes_alike_the_registered_ones_come_first(found, workbook):
    years = found.finish_years().dropna()
    ntm = found.goals.loc[years.index].query("level == 'ntm'")
    names = set(workbook.units.loc[ntm["unit"], "name"])
    assert {"Thanh Ngọc", "Thanh Hương", "Thanh Chi"} <= names, "the three registered for 2022"


def test_the_plan_claims_from_each_pot_no_more_than_has_come_by_each_year(found):
    table = found.table()
    for pot in found.case.pots:
        mine = table[table["pot"] == pot.name]
        for year, money in zip(found.years, pot.money, strict=True):
            assert mine.loc[mine["year"] <= year, "claim"].sum() <= money


def test_every_work_of_a_finishing_commune_is_funded_and_ends_by_the_deadline(found):
    table, years = found.table(), found.finish_years()
    for goal in np.flatnonzero(found.plans[OPTIMAL].done & (found.case.weight > 0)):
        code = found.goals.loc[goal, "code"]
        mine = table[(table["code"] == code) & (table["level"] == "ntm")]
        assert mine["year"].notna().all() and years[goal] <= 2025
        closes = pd.to_datetime(dict(year=mine["year"].astype(int), month=12, day=31))
        months = (2025 - closes.dt.year) * 12
        assert (mine["months"] <= months).all()


def test_a_weight_of_nought_takes_a_commune_out_of_the_aim_and_a_great_one_puts_it_in(workbook, found):
    name = "Thanh Đức"
    unit = workbook.find(name)

    def chosen(weight: float) -> bool:
        row = {"unit": unit, "commune": name, "weight": weight}
        changed = replace(workbook, tables=workbook.tables | {"priorities": pd.DataFrame([row])})
        other = allocate(changed)
        goal = other.goals.index[(other.goals["unit"] == unit) & (other.goals["level"] == "ntm")][0]
        return bool(other.best.finish[goal])

    goal = found.goals.index[(found.goals["unit"] == unit) & (found.goals["level"] == "ntm")][0]
    assert not found.best.finish[goal]
    assert chosen(5.0) and not chosen(0.0)


def test_the_minimum_reaches_every_unfinished_commune(model):
    made = allocate(model)
    table = made.table()
    given = table[table["year"].notna() & ~table["cement"].astype(bool)].groupby("code")["claim"].sum()
    for goal in np.flatnonzero(made.case.minimum > 0):
        assert given.get(made.goals.loc[goal, "code"], 0) >= made.case.minimum[goal]
    assert any(row["rule"] == "minimum" for row in made.plans["closest"].broken), "the rules know of no minimum"


def test_a_forecast_by_the_optimal_policy_pays_in_the_plans_order(workbook, found):
    run = forecast(workbook, policy=OPTIMAL, draws=200).run
    assert run.plan.policy == OPTIMAL
    assert (run.plan.works["place"] == found.plans[OPTIMAL].layout.plan.works["place"]).all()


def test_the_same_data_give_the_same_plan(workbook, found):
    assert (allocate(workbook).table().to_csv()) == found.table().to_csv()


def test_with_minimums_too_the_registered_ones_of_communes_alike_come_first(workbook, found):
    made = allocate(assuming(workbook, minimum_commune=5_000))
    assert made.best.finish.tolist() == found.best.finish.tolist() and made.plans[OPTIMAL].broken == []


def test_a_search_cut_short_keeps_the_plan_it_was_started_from(found):
    start = found.plans["own"]
    cut = optimum(found.case, start.period, nodes=0)
    assert cut.bound >= cut.value >= found.value("own")


def test_where_nothing_is_to_be_built_every_commune_finishes(model):
    without = {name: model.tables[name].iloc[:0] for name in ("works", "typical_works")}
    for tables in (without, without | {"debts": model.tables["debts"].iloc[:0]}):
        made = record(allocate(replace(model, tables=model.tables | tables)))
        assert made["finishing"] == made["n_communes"] and made["extra_commune"] == []


def test_a_deadline_that_is_past_is_refused(model):
    for day in ("2025-12-31", "2026-01-31"):
        with pytest.raises(DataProblems) as refused:
            allocate(Workbook.open(MODEL, day))
        assert [problem.code for problem in refused.value.problems] == ["deadline_past"]


def test_a_scenarios_own_deadline_is_the_plans(workbook):
    made = allocate(scenario(workbook, "two-more-years").workbook)
    assert f"{made.day}" == "2027-12-31" and made.finishing(OPTIMAL) > 26


# one commune more ----------------------------------------------------------------------------------------------------


def test_what_the_cheapest_extra_commune_needs_brings_exactly_one_more(found):
    rows = extra_communes(found)
    last = rows[(rows["year"] == 2025) & (rows["rank"] == 1)].iloc[0]
    assert optimum(with_money(found.case, last["pots"])).value == found.best.value + 1
    less = {pot: amount - 2 for pot, amount in last["pots"].items()}
    assert optimum(with_money(found.case, less)).value == found.best.value, "a little less is not enough"


def test_extra_communes_are_told_for_each_year_the_cheapest_first(found):
    rows = extra_communes(found)
    for _, mine in rows.groupby("year"):
        assert mine["money"].is_monotonic_increasing and mine["rank"].tolist() == list(range(1, len(mine) + 1))
    assert rows["year"].min() == 2023, "no works begun in 2022 end in 2022"


def test_with_what_an_extra_commune_needs_it_finishes_by_that_year_and_nobody_else_is_late(found):
    for row in extra_communes(found).to_dict("records"):
        case, finish = with_money(found.case, row["pots"]), found.best.finish.copy()
        period = found.years.index(row["year"])
        finish[row["goal"]] = period + 1
        base = found.plans["own"].layout.plan.works["place"].to_numpy()
        month = reached(case, funded(case, in_order(case, places(case, finish, found.best.fill, base))))
        planned = finish > 0
        assert (month[planned] <= case.ends[finish[planned] - 1]).all(), row


def test_with_less_than_an_extra_commune_needs_in_any_pot_the_solver_finds_no_room_either(found):
    last = extra_communes(found).query("year == 2025").iloc[0]
    for pot, amount in last["pots"].items():
        assert optimum(with_money(found.case, last["pots"] | {pot: amount - 1})).value == found.best.value


def test_communes_that_need_the_same_are_told_as_alike_and_not_ranked_in_words(found):
    made = record(found)
    assert made["extra_commune"][-1]["cheapest"]["alike"] == 11
    assert "(hoặc 10 xã khác cần như vậy)" in extra_lines(made, "vi")[-1]


def test_a_relaxed_price_names_only_pots_that_are_short_and_a_step_price_is_whole_communes(found):
    told = prices(found, extra_communes(found))
    assert [row["pot"] for row in told] == ["dat", None]
    assert all(float(row["step"]["communes"]).is_integer() for row in told)


def test_near_optimal_plans_lie_within_one_commune_and_differ_from_the_best(found):
    near = near_plans(found)
    assert near and all(row["communes"] >= 4 - 1 and row["works"] > 0 and row["without"] for row in near)


# what cannot be ------------------------------------------------------------------------------------------------------


def test_without_any_money_there_is_no_plan_and_the_sum_is_told(workbook):
    made = record(allocate(with_envelopes(workbook, lambda rows: rows.assign(amount=0.0))))
    assert made["status"] == "infeasible" and made["gap"] is None
    told = made["relaxations"]["conflict"]
    assert told["rules"] == ["no_money"] and told["needs"] == pytest.approx(15 * 35_558.5 + higher(workbook), rel=0.01)


def test_minimums_above_the_money_are_told_with_the_arithmetic(model):
    made = allocate(assuming(model, minimum_commune=90_000))
    told = conflicts(made)
    assert made.best.status == "infeasible" and told["rules"] == ["minimum", "all_pots"]
    assert told["needs"] > told["has"] > 0
    fits = allocate(assuming(model, minimum_commune=told["minimum"]))
    assert fits.best.status == "optimal"
    assert allocate(assuming(model, minimum_commune=told["minimum"] + 1)).best.status == "infeasible"


def test_minimums_that_one_pot_cannot_pay_are_told_by_that_pot(model):
    poor = with_envelopes(model, lambda rows: rows.assign(amount=rows["amount"] / 2))
    told = conflicts(allocate(assuming(poor, minimum_commune=3_000)))
    assert told["rules"][0] == "minimum" and "all_pots" not in told["rules"] and len(told["rules"]) > 1
    assert told["needs"] < told["has"], "what committed works give already is not asked again"


def test_an_infeasible_answer_speaks_of_no_plan(model):
    made = record(allocate(assuming(model, minimum_commune=90_000)), tested=None)
    assert made["finishing"] is None and made["plan"] == [] and made["value"] is None
    assert made["finishing_by_policy"][OPTIMAL] is None and made["near_plans"] == []
    assert all(row["year"] is None for row in made["communes"])
    said = "\n".join(allocation_lines(model, made, "vi"))
    assert "Không có cách phân bổ nào" in said
    assert "Chưa tính được xã thêm" in said and "dù có vốn" not in said
    assert "tối ưu  " not in said


def test_the_communes_with_a_year_are_those_that_finish(model):
    works = model.tables["works"]
    dear = works.assign(**{c: works[c].where(works["work"] != "duong-1", works[c] * 500) for c in ("low", "quantity", "high")})
    made = record(allocate(replace(model, tables=model.tables | {"works": dear})))
    assert any(row["reason"] == "pot" for row in made["communes"])
    assert sum(row["year"] is not None for row in made["communes"]) == made["finishing"] - made["n_finished_now"]


def test_weights_are_never_told_as_communes(model):
    weighed = pd.DataFrame([{"unit": model.find(name), "commune": name, "weight": 0.5} for name in ("A5", "A6")])
    changed = assuming(replace(model, tables=model.tables | {"priorities": weighed}), minimum_commune=0)
    made = record(allocate(changed))
    assert all(isinstance(row["communes"], int) for row in made["near_plans"])
    assert all(isinstance(row["step"]["communes"], int) for row in made["prices"])
    said = "\n".join(allocation_lines(changed, made, "vi"))
    assert "theo trọng số trong priorities.csv" in said and ",5 xã" not in said


def test_a_work_dearer_than_every_pot_is_the_reason_of_its_commune(workbook):
    costs, item = workbook.tables["unit_costs"], workbook.tables["typical_works"]["item"].iloc[0]
    rows = costs.assign(**{c: costs[c].where(costs["item"] != item, costs[c] * 1_000) for c in ("low", "mode", "high")})
    made = allocate(replace(workbook, tables=workbook.tables | {"unit_costs": rows}))
    reasons = cannot(made)
    assert {row["reason"] for row in reasons} == {"pot"} and all(row["needs"] > row["has"] for row in reasons)


def test_works_that_take_longer_than_is_left_are_the_reason_and_money_does_not_help(workbook):
    slow = workbook.tables["durations"].assign(low=60, mode=60, high=60)
    made = allocate(replace(workbook, tables=workbook.tables | {"durations": slow}))
    assert {row["reason"] for row in cannot(made)} == {"lead_time"}
    assert len(for_all(made)["never"]) == 15 and extra_communes(made).empty
    assert for_all(made)["months"] is None or for_all(made)["months"] > 12


def test_the_money_for_all_is_enough_and_a_little_less_is_not(found):
    relaxed = for_all(found)
    enough = optimum(with_money(found.case, relaxed["money"]["by_pot"]))
    assert enough.value == 15
    for pot, amount in relaxed["money"]["by_pot"].items():
        less = relaxed["money"]["by_pot"] | {pot: amount - 1}
        assert optimum(with_money(found.case, less)).value < 15, pot
    assert relaxed["communes"] == 15 - found.best.value


# under uncertainty ---------------------------------------------------------------------------------------------------


def test_plans_with_a_margin_are_chosen_in_other_worlds_than_they_are_told_in(found):
    made = margins.tested(found, draws=1_000, seed=5)
    assert len(made.tried) == 40 and made.tried[made.chosen] == max(made.tried.values())
    assert {forecast.run.seed for forecast in made.forecasts.values()} == {5}
    central = made.forecasts[OPTIMAL].finishing
    assert (forecast(found.workbook, policy=OPTIMAL, draws=1_000, seed=5).finishing == central).all()


# the command and the page --------------------------------------------------------------------------------------------


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def test_the_command_prints_the_agreed_keys_and_nothing_beside_the_json(capfd):
    code = main(["allocate", "--json", "--draws", "200"])
    out, _ = capfd.readouterr()
    made = json.loads(out)
    assert code == 0
    keys = {"policy", "status", "gap", "finishing", "finishing_by_policy", "plan", "prices", "extra_commune", "relaxations"}
    assert keys <= set(made) and set(made["finishing_by_policy"]) == set(PLANS)
    assert {"commune", "criterion", "work", "pot", "year", "amount"} <= set(made["plan"][0])


def test_the_command_answers_on_data_without_a_plan(capsys, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree("data/huyen-mau", folder / "huyen-mau")
    for name in ("criteria", "reference"):
        shutil.copytree(f"data/{name}", folder / name)
    path = folder / "huyen-mau" / "assumptions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("minimum_commune,200", "minimum_commune,90000"), encoding="utf-8")
    code, out, err = run(capsys, "allocate", str(folder / "huyen-mau"), "--draws", "50", "--json")
    assert code == 0 and json.loads(out)["status"] == "infeasible" and "under_uncertainty" not in json.loads(out), err
    assert "Vốn tối thiểu của các xã cộng lại" in run(capsys, "allocate", str(folder / "huyen-mau"), "--draws", "50")[1]


def test_a_rule_can_be_shown_in_the_place_of_the_best_plan(capsys):
    code, out, _ = run(capsys, "allocate", "--policy", "closest", "--json", "--draws", "100")
    made = json.loads(out)
    assert code == 0 and (made["policy"], made["status"], made["finishing"]) == ("closest", "rule", 23)


def test_the_command_speaks_both_languages_and_refuses_what_it_does_not_know(capsys):
    assert "đã chứng minh" in run(capsys, "allocate", "--draws", "100")[1]
    assert "proved" in run(capsys, "allocate", "--draws", "100", "--lang", "en")[1]
    assert run(capsys, "allocate", "--policy", "best")[0] == 2
    assert run(capsys, "allocate", "--scenario", "no-such")[0] == 1


def test_more_cement_is_a_scenario_of_the_allocation_too(capsys):
    code, out, _ = run(capsys, "allocate", "--scenario", "cement-150", "--json", "--draws", "100")
    assert code == 0 and json.loads(out)["scenario"] == "cement-150"


def test_the_page_says_plan_rules_extra_communes_and_what_it_rests_on(monkeypatch, tmp_path):
    monkeypatch.setenv("NTM_REPORTS", str(tmp_path))
    page = AllocationPage(DATA, draws=200)
    said = text(page.allocation_summary(), page.plan(), page.extra(), page.relax(), page.reckoning(), page.export())
    assert "26/37 xã" in said and "đã chứng minh" in said and "100% số vốn là giả định" in said
    assert "chia đều" in said and "tối ưu có dự phòng" in said
    assert "Muốn thêm một xã về đích" in said and "Hạnh Lâm" in said
    assert "HiGHS" in said and "{" not in said
    files = sorted(path.name for path in (tmp_path / "bieu").iterdir())
    assert any(name.endswith(".xlsx") for name in files)
    whole = next((tmp_path / "bieu").glob("*toan-bo-ke-hoach*.csv")).read_text(encoding="utf-8-sig")
    assert whole.count("\n") > 500, "the whole plan by part"


def test_the_page_of_infeasible_data_says_why():
    page = AllocationPage(DATA, draws=50)
    page.chosen = replace(page.chosen, workbook=with_envelopes(page.workbook, lambda rows: rows.assign(amount=0.0)))
    said = text(page.allocation_summary(), page.plan(), page.extra(), page.relax())
    assert "Không có cách phân bổ nào" in said and "không nguồn nào có vốn" in said
    assert page.plan() == page.extra() == "", "there is no plan to show"


def test_names_from_data_cannot_become_markup_on_the_page():
    page = AllocationPage(DATA, draws=50)
    pots = page.workbook.tables["pots"]
    evil = pots.assign(name_vi="<script>alert(1)</script>")
    page.workbook.tables["pots"] = evil
    said = str(page.plan()) + str(page.extra())
    assert "<script>" not in said and "&lt;script&gt;" in said


def test_the_timing_of_the_plan_is_that_of_the_queue(found):
    case, plan = found.case, found.plans[OPTIMAL]
    assert (funded(case, plan.layout.lines) == plan.period).all(), "the queue of the forecast is the queue of the plan"

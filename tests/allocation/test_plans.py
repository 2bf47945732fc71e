"""Allocation as a planner asks for it: the best plan of a district, rules beside it, one commune
more, what to relax, what the forecast says of it; the command and the page."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup
from scipy.optimize import linprog

from ntm_analysis.allocation import (
    Allocation,
    allocate,
    margins,
    planned_forecast,
)
from ntm_analysis.allocation.audit import audit
from ntm_analysis.allocation.central_case import NONE
from ntm_analysis.allocation.limits import (
    asked_by,
    conflicts,
    extra_communes,
    least_money,
    near_plans,
    prices,
    requirements_for_all,
    unlisted_communes,
)
from ntm_analysis.allocation.plans import plan_table
from ntm_analysis.cli import main
from ntm_analysis.data import Workbook
from ntm_analysis.language import OPTIMAL, PLANS
from ntm_analysis.pages.allocation import AllocationPage
from ntm_analysis.results import AllocationResult, extra_commune_lines
from ntm_analysis.scenarios import scenario
from ntm_analysis.tables import DataProblemsError

DATA, MODEL = "data/thanh-chuong", "data/huyen-mau"
LISTED = {"year": 2023, "month": 6, "months": 5, "closes": 12, "late": False, "placed": True}
LISTED |= {"due": float("nan")}


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    return Workbook.open(DATA)


@pytest.fixture(scope="module")
def model() -> Workbook:
    return Workbook.open(MODEL)


@pytest.fixture(scope="module")
def allocation(workbook) -> Allocation:
    return allocate(workbook)


def assuming(workbook: Workbook, **values: float) -> Workbook:
    rules = workbook.tables["assumptions"]
    pairs = zip(rules["key"], rules["value"], strict=True)
    changed = rules.assign(value=[values.get(key, value) for key, value in pairs])
    return replace(workbook, tables=workbook.tables | {"assumptions": changed})


def with_table(workbook: Workbook, name: str, change) -> Workbook:
    tables = workbook.tables | {name: change(workbook.tables[name])}
    return replace(workbook, tables=tables)


def shown(*parts: str) -> str:
    plain = re.sub(r"<(figure|style).*?</\1>", " ", " ".join(parts), flags=re.DOTALL)
    return " ".join(Markup(plain.replace("<", " <")).striptags().split())


# the plan


@pytest.mark.parametrize("folder", [DATA, MODEL])
def test_the_best_plan_is_proved_keeps_every_rule_and_no_rule_is_better(folder):
    answer = allocate(Workbook.open(folder))
    assert (answer.best.status, answer.best.gap, answer.best.settled) == ("optimal", 0.0, True)
    assert answer.plans[OPTIMAL].broken == []
    for policy, plan in answer.plans.items():
        if not plan.broken:
            assert answer.value(policy) <= answer.value(OPTIMAL) + 1e-9


def test_reported_lists_are_paid_first_and_no_year_lists_more_than_it_has_places(allocation):
    years, goals = allocation.years(), allocation.goals
    reported = goals.index[(goals["level"] == "ntm") & goals["year"].notna()]
    assert (years[reported] >= goals.loc[reported, "year"]).all()
    own = allocation.years("own")
    assert (years[reported] <= own[reported]).all(), "no later than the district's own order"
    for plan in allocation.plans.values():
        placed = allocation.case.free & (allocation.case.reported == NONE)
        free = plan.slot[placed & (plan.slot != NONE)] // 2
        listed = np.bincount(free, minlength=len(allocation.case.years))
        assert (listed <= allocation.case.places).all()


def test_the_plan_takes_from_each_pot_no_more_than_has_come_by_each_year(allocation):
    table = plan_table(allocation)
    money = table[table["year"].notna() & ~table["cement"]]
    for p, pot in enumerate(allocation.case.sets.pots):
        mine = money[money["pot"] == pot]
        for y, year in enumerate(allocation.case.years):
            come = allocation.case.money[p, allocation.case.last[y]] / 1_000
            assert mine.loc[mine["year"] <= year, "amount"].sum() <= come + 0.1


def test_the_parts_of_a_work_add_up_to_it(allocation):
    table, works = plan_table(allocation), allocation.works
    money = table[~table["cement"]].groupby(["code", "work"])["amount"].sum()
    codes = allocation.workbook.units["code"]
    whole = works.assign(code=works["unit"].map(codes), money=works["amount"] - works["value"])
    whole = whole.groupby(["code", "work"])["money"].sum() / 1_000
    paid = whole - money.reindex(whole.index).fillna(0)
    # What cement there is not is bought from the money pots.
    assert (paid <= 0.05).all()


def test_a_weight_of_nought_takes_a_commune_out_and_a_great_one_puts_it_in(workbook, allocation):
    goals, years = allocation.goals, allocation.years()
    ntm = goals[goals["level"] == "ntm"]
    outside = ntm.loc[years[ntm.index].isna(), "unit"].iloc[0]
    name = workbook.units.loc[outside, "name"]

    def listed(weight: float) -> bool:
        row = pd.DataFrame([{"unit": outside, "commune": name, "weight": weight}])
        answer = allocate(with_table(workbook, "priorities", lambda _: row))
        return bool(answer.years()[answer.goals["unit"] == outside].notna().any())

    assert listed(5.0) and not listed(0.0)


def test_with_a_minimum_a_plan_leaves_the_money_of_the_others_untouched(model):
    answer = allocate(assuming(model, minimum_commune=5_000))
    assert answer.case.minimum.any() and answer.plans[OPTIMAL].broken == []
    asked = asked_by(answer.case, answer.plans[OPTIMAL].slot)
    rest = answer.case.free & (answer.plans[OPTIMAL].slot == NONE)
    part = answer.case.demand[rest, -1] * answer.case.minimum[rest, None]
    assert (asked[-1] + part.sum(axis=0) <= answer.case.room[-1] + 1).all()


def test_a_forecast_by_the_optimal_policy_goes_by_the_plan(workbook, allocation):
    run = planned_forecast(workbook, policy=OPTIMAL, draws=200).simulation
    assert run.schedule.policy == OPTIMAL
    assert run.schedule.goals["order"].equals(
        allocation.plans[OPTIMAL].layout.schedule.goals["order"]
    )


def test_the_same_data_give_the_same_plan(workbook, allocation):
    assert plan_table(allocate(workbook)).to_csv() == plan_table(allocation).to_csv()


def test_a_deadline_that_is_past_is_refused(model):
    with pytest.raises(DataProblemsError) as refused:
        allocate(Workbook.open(MODEL, "2025-12-31"))
    assert [problem.code for problem in refused.value.problems] == ["deadline_past"]


def test_a_scenarios_own_deadline_is_the_plans_and_brings_more(workbook, allocation):
    later = allocate(scenario(workbook, "two-more-years"))
    assert f"{later.deadline}" == "2027-12-31"
    assert later.finishing(OPTIMAL) > allocation.finishing(OPTIMAL) + 0.5


# the audit


def test_each_rule_that_a_plan_breaks_is_named():
    def rules(*communes, paid=True, reserve=True):
        codes = list("ABC")[: len(communes)]
        table = pd.DataFrame(communes, index=codes)
        return [row["rule"] for row in audit(table, {2023: 1}, paid, reserve)]

    assert rules(LISTED) == []
    assert rules(LISTED, paid=False) == ["pot"]
    assert rules(LISTED, reserve=False) == ["minimum"]
    assert rules(LISTED, LISTED) == ["list"]
    assert rules(LISTED, LISTED | {"placed": False}) == [], "a reported list needs no place"
    assert rules(LISTED | {"due": 2022, "placed": False}) == ["reported"]
    assert rules(LISTED | {"due": 2023, "placed": False}) == []
    assert rules(LISTED | {"months": 8}) == ["lead_time"]
    assert rules(LISTED | {"months": 8, "late": True}) == [], "the plan says that it is late"


def test_the_audit_finds_a_plan_that_the_pots_cannot_pay(allocation):
    from ntm_analysis.allocation.payments import over_time

    plan = allocation.plans[OPTIMAL]
    assert over_time(allocation.case, plan.slot) is None
    poor = allocation.case._replace(money=allocation.case.money * 0.3)
    cut = over_time(poor, plan.slot)
    value, most = cut
    chosen = np.flatnonzero((plan.slot != NONE) & allocation.case.free)
    asked = value[chosen, plan.slot[chosen]].sum()
    assert asked > most, "the row that it is given rules the plan out"


# one commune more


def test_with_what_an_extra_commune_needs_it_can_be_paid_and_with_less_it_cannot(allocation):
    rows = extra_communes(allocation)
    some = rows[rows["more"].map(lambda more: more.sum() > 0)]
    assert len(some)
    case, plan = allocation.case, allocation.plans[OPTIMAL]
    for row in some.to_dict("records"):
        y, goal = case.years.index(row["year"]), row["goal"]
        others = np.where(np.arange(len(plan.slot)) == goal, NONE, plan.slot)
        asked = asked_by(case, others)
        asked[case.checkpoint[goal, y] :] += case.demand[goal, y]
        asked[: case.checkpoint[goal, y]] = 0
        richer = case._replace(money=case.money + row["more"][:, None])
        assert least_money(richer, asked).sum() == 0
        less = case._replace(money=case.money + np.maximum(row["more"] - 2, 0)[:, None])
        assert least_money(less, asked).sum() > 0


def test_the_least_money_is_that_of_a_flow(allocation):
    """The pot sets say the same as a linear programme over payments, for what comes by one day."""
    case, rest = allocation.case, allocation.case.free
    last = len(case.checkpoints) - 1
    asked = np.zeros_like(case.room)
    asked[last] = case.demand[rest, -1].sum(axis=0)
    more = least_money(case, asked).sum()
    from ntm_analysis.forecasts import draw_worlds

    committed = draw_worlds(allocation.layout, 1, None).committed[:, 0]
    cost = dict(zip(case.sets.kinds, case.cost[rest].sum(axis=0) + committed, strict=True))
    bounds = case.bounds
    whole = bounds["kind"].map(cost).to_numpy()
    pots = case.sets.pots
    paid = np.array([(bounds["kind"] == kind).astype(float) for kind in case.sets.kinds])
    spent = np.array([(bounds["pot"] == pot).astype(float) for pot in pots])
    answer = linprog(
        np.append(np.zeros(len(bounds)), np.ones(len(pots))),
        A_ub=np.hstack([spent, -np.eye(len(pots))]),
        b_ub=case.money[:, last],
        A_eq=np.hstack([paid, np.zeros((len(paid), len(pots)))]),
        b_eq=[cost[kind] for kind in case.sets.kinds],
        bounds=[
            *zip(whole * bounds["least"] / 1_000, whole * bounds["most"] / 1_000, strict=True),
            *[(0, None)] * len(pots),
        ],
    )
    assert more == pytest.approx(answer.fun, rel=1e-6, abs=len(pots))


def test_communes_that_need_the_same_are_told_as_alike(allocation):
    rows = extra_communes(allocation)
    assert rows.loc[rows["planned"].isna(), "alike"].max() > 1
    assert "xã khác cần như vậy)" in " ".join(
        extra_commune_lines(AllocationResult(allocation).to_dict(), "vi")
    )


def test_a_relaxed_price_names_only_pots_that_are_short_and_places_have_one(allocation):
    rows = prices(allocation)
    short = [row["pot"] for row in rows]
    assert short[-1] is None and all(price > 0 for price in rows[-1]["relaxed"].values())
    assert "nstw-sn" not in short, "of it three quarters are left"


def test_near_plans_lie_within_one_commune_and_differ_from_the_best(allocation):
    near = near_plans(allocation)
    best = allocation.finishing(OPTIMAL)
    assert near
    for row in near:
        assert len(row["without"]) and len(row["changed"])
        assert best - 1.5 < row["communes"] <= best + 1e-9


def test_near_plans_count_communes_and_not_weights(workbook, allocation):
    units = allocation.goals.loc[allocation.ntm, "unit"].tolist()
    heavy = pd.DataFrame({"unit": units, "weight": 2.0})
    answer = allocate(
        with_table(workbook, "priorities", lambda rows: heavy.reindex(columns=rows.columns))
    )
    assert answer.value(OPTIMAL) == pytest.approx(2 * allocation.value(OPTIMAL))
    counts, alike = ([row["communes"] for row in near_plans(each)] for each in (answer, allocation))
    assert counts == pytest.approx(alike)


# what cannot be


def test_without_any_money_there_is_no_plan_and_the_sum_is_told(workbook):
    answer = allocate(with_table(workbook, "envelopes", lambda rows: rows.assign(amount=0.0)))
    result = AllocationResult(answer).to_dict()
    conflict = result["relaxations"]["conflict"]
    assert result["status"] == "infeasible" and result["gap"] is None
    assert conflict["rules"] == ["no_money"]
    assert conflict["needs"] == pytest.approx(answer.case.cost[answer.ntm].sum() / 1_000)


def test_minimums_above_the_money_are_told_with_the_greatest_that_fits(model):
    conflict = conflicts(allocate(assuming(model, minimum_commune=90_000)))
    assert conflict["rules"][0] == "minimum" and conflict["needs"] > conflict["has"] >= 0
    fits = conflict["minimum"]
    assert allocate(assuming(model, minimum_commune=fits)).best.status == "optimal"
    more = allocate(assuming(model, minimum_commune=fits * 1.2 + 10))
    assert more.best.status == "infeasible"


def test_an_infeasible_answer_speaks_of_no_plan(model):
    answer = AllocationResult(allocate(assuming(model, minimum_commune=90_000)))
    result = answer.to_dict()
    assert result["finishing"] is None and result["plan"] == [] and result["value"] is None
    assert result["finishing_by_policy"][OPTIMAL] is None and result["near_plans"] == []
    assert all(row["year"] is None for row in result["communes"])
    told = " ".join([answer.sentence("vi"), *extra_commune_lines(result, "vi")])
    assert "Không có cách phân bổ nào" in told and "Chưa tính được xã thêm" in told


def test_who_is_not_listed_has_a_reason(workbook, allocation):
    assert {row["reason"] for row in unlisted_communes(allocation).values()} == {"list"}
    item = workbook.tables["typical_works"]["item"].iloc[0]
    ends = ["low", "mode", "high"]
    dear = with_table(
        workbook,
        "unit_costs",
        lambda rows: rows.assign(
            **{c: rows[c].where(rows["item"] != item, rows[c] * 900) for c in ends}
        ),
    )
    reasons = unlisted_communes(allocate(dear)).values()
    assert {row["reason"] for row in reasons} == {"pot"}
    assert all(row["needs"] > row["has"] and row["pots"] for row in reasons)


def test_works_that_no_year_has_room_for_are_the_reason_and_money_does_not_help(workbook):
    slow = with_table(workbook, "durations", lambda rows: rows.assign(low=60, mode=60, high=60))
    answer = allocate(slow)
    assert {row["reason"] for row in unlisted_communes(answer).values()} <= {"lead_time"}
    assert len(requirements_for_all(answer)["never"]) == answer.case.free.sum()
    assert extra_communes(answer).empty


def test_the_money_and_the_places_for_all_are_enough_and_less_money_is_not(allocation):
    from ntm_analysis.allocation.best_plan import optimum

    what, case = requirements_for_all(allocation), allocation.case
    assert what["places"] == (case.reported == NONE)[case.free].sum() - case.places.sum()
    places = case.places + np.append(np.zeros(len(case.places) - 1, dtype=int), what["places"])
    enough = case._replace(money=case.money + what["more"][:, None], places=places)
    everyone = optimum(enough, later=False)
    assert (everyone.slot[case.free] != NONE).all()
    less = case._replace(money=case.money + 0.9 * what["more"][:, None], places=places)
    assert (optimum(less).slot[case.free] % 2 == 1).any()


# under uncertainty


def test_a_margin_is_chosen_in_other_worlds_than_it_is_told_in(workbook):
    trial = margins.try_plans(allocate(workbook, seed=5), draws=400)
    assert len(trial.means) == len(margins.MARGINS) and trial.chosen in trial.means
    assert {will.simulation.seed for will in trial.forecasts.values()} == {5}
    alone = planned_forecast(workbook, policy=OPTIMAL, draws=400, seed=5)
    assert (alone.finishing == trial.forecasts[OPTIMAL].finishing).all()


# the command and the page


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def test_the_command_prints_the_agreed_keys_and_nothing_beside_the_json(capfd):
    code = main(["allocate", "--json", "--draws", "100", "--scenario", "cement-150"])
    out, _ = capfd.readouterr()
    result = json.loads(out)
    assert code == 0 and result["scenario"] == "cement-150"
    keys = {"policy", "status", "gap", "finishing", "finishing_by_policy", "plan", "prices"}
    assert keys | {"extra_commune", "relaxations", "blocking_sources"} <= set(result)
    assert set(result["finishing_by_policy"]) == set(PLANS)
    part = {"commune", "criterion", "work", "pot", "year", "amount"}
    assert part <= set(result["plan"][0])


def test_the_command_answers_on_data_without_a_plan(capsys, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree("data/huyen-mau", folder / "huyen-mau")
    for name in ("criteria", "reference"):
        shutil.copytree(f"data/{name}", folder / name)
    path = folder / "huyen-mau" / "assumptions.csv"
    rules = path.read_text(encoding="utf-8")
    path.write_text(rules.replace("minimum_commune,200", "minimum_commune,90000"), encoding="utf-8")
    place = str(folder / "huyen-mau")
    code, out, err = run(capsys, "allocate", place, "--draws", "50", "--json")
    assert code == 0 and json.loads(out)["status"] == "infeasible", err
    assert "under_uncertainty" not in json.loads(out)


def test_a_rule_can_be_shown_and_both_languages_spoken(capsys):
    code, out, _ = run(capsys, "allocate", "--policy", "closest", "--draws", "100", "--lang", "en")
    assert code == 0 and "the best plan" in out
    assert "đã chứng minh" in run(capsys, "allocate", "--draws", "100")[1]
    assert run(capsys, "allocate", "--policy", "best")[0] == 2
    assert run(capsys, "allocate", "--scenario", "no-such")[0] == 1


def test_the_page_says_plan_rules_extra_communes_and_what_it_rests_on(monkeypatch, tmp_path):
    monkeypatch.setenv("NTM_REPORTS", str(tmp_path))
    page = AllocationPage(DATA, draws=200)
    parts = (page.allocation_summary(), page.plan(), page.extra(), page.relax(), page.reckoning())
    told = shown(*parts, page.export())
    assert "/37 xã về đích" in told and "đã chứng minh" in told
    assert "100% số vốn là giả định" in told and "Nguồn đang chặn" in told
    assert "chia đều" in told and "tối ưu có dự phòng" in told
    assert "Muốn thêm một xã về đích" in told and "một chỗ trong danh sách" in told
    assert "HiGHS" in told and "{" not in told
    whole = next((tmp_path / "bieu").glob("*toan-bo-ke-hoach*.csv"))
    assert whole.read_text(encoding="utf-8-sig").count("\n") > 500, "the whole plan by part"


def test_the_page_of_infeasible_data_says_why():
    page = AllocationPage(DATA, draws=50)
    poor = with_table(page.workbook, "envelopes", lambda rows: rows.assign(amount=0.0))
    page.chosen = poor
    told = shown(page.allocation_summary(), page.plan(), page.extra(), page.relax())
    assert "Không có cách phân bổ nào" in told and "không nguồn nào có vốn" in told
    assert page.plan() == page.extra() == "", "there is no plan to show"


def test_names_from_data_cannot_become_markup_on_the_page():
    page = AllocationPage(DATA, draws=50)
    pots = page.workbook.tables["pots"]
    page.workbook.tables["pots"] = pots.assign(name_vi="<script>alert(1)</script>")
    told = str(page.plan()) + str(page.extra())
    assert "<script>" not in told and "&lt;script&gt;" in told

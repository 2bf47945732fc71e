"""The best plan, against every plan there is; what money, deadlines and minimums do to it."""

import numpy as np
import pandas as pd
import pytest
from conftest import sample

from ntm_analysis.allocation.best_plan import optimum, relaxed_prices
from ntm_analysis.allocation.central_case import NONE, CentralCase, in_order
from ntm_analysis.allocation.listing_model import ListingModel
from ntm_analysis.allocation.payments import over_time
from ntm_analysis.allocation.solver import solve
from ntm_analysis.needs import pot_sets
from tests.allocation.reference_plans import best_value, payable
from tests.allocation.tiny import tiny

SHARES = ["share", "least", "most"]


@pytest.mark.parametrize("minimum", [False, True])
@pytest.mark.parametrize("seed", sample(range(100), 12))
def test_no_plan_of_all_there_are_is_better(seed, minimum):
    case = tiny(seed, minimum)
    best, exact = optimum(case), best_value(case)
    if exact is None:
        assert best.status == "infeasible"
    else:
        assert best.status == "optimal" and best.value == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_the_plan_can_be_paid_year_after_year_and_keeps_its_lists(seed):
    case = tiny(seed)
    best = optimum(case)
    checkpoints = case.checkpoints_of(best.slot)
    chosen = np.flatnonzero(checkpoints != NONE)
    claims = [(checkpoints[g], k, cost) for g in chosen for k, cost in enumerate(case.cost[g])]
    assert payable(case, claims)
    placed = chosen[case.reported[chosen] == NONE]
    listed = np.bincount(best.slot[placed] // 2, minlength=len(case.years))
    assert (listed <= case.places).all()


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_more_money_more_places_or_a_lighter_minimum_never_bring_less(seed):
    case = tiny(seed, minimum=True)
    best = optimum(case)
    richer = case._replace(money=case.money * 1.3 // 1)
    assert optimum(richer).value >= best.value - 1e-9
    assert optimum(case._replace(places=case.places + 1)).value >= best.value - 1e-9
    freed = case._replace(minimum=np.zeros(len(case.minimum)))
    assert optimum(freed).value >= best.value - 1e-9


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_no_order_of_communes_is_better_and_a_start_changes_no_value(seed):
    case = tiny(seed)
    best, chance = optimum(case), np.random.default_rng(seed)
    for _ in range(4):
        plan = in_order(case, chance.permutation(len(case.weight)))
        if over_time(case, plan) is None:
            assert case.value(plan) <= best.value + 1e-9
            assert optimum(case, start=plan).value == pytest.approx(best.value)


@pytest.mark.parametrize("seed", range(0, 20))
def test_a_search_cut_short_bounds_every_plan_and_is_no_worse_than_a_rule(seed):
    case = tiny(seed)
    start = in_order(case, np.arange(len(case.weight)))
    cut = optimum(case, start, nodes=0)
    assert cut.bound >= optimum(case).value - 1e-9
    if over_time(case, start) is None:
        assert cut.value >= case.value(start) - 1e-9


def test_whom_its_own_pots_keep_from_being_paid_keeps_nobody_else():
    case = next(case for case in map(tiny, range(200)) if len(case.weight) == 4)
    demand = case.demand.copy()
    demand[0, :, 0] = 1.0  # of the empty set, whose room is nought
    case = case._replace(reported=np.full(4, NONE), places=np.array([4, 0]), demand=demand)
    own, order = case._replace(own_money=np.zeros((4, 1, 5))), np.arange(4)
    case.room[:, 0] = own.room[:, 0] = 0.0
    assert (in_order(case, order) == NONE).all(), "of shared money nobody is skipped"
    assert (in_order(own, order)[1:] == in_order(own._replace(free=order > 0), order)[1:]).all()


def test_a_plan_that_no_one_mix_pays_through_the_years_is_ruled_out():
    """Road A is due first, when only pot a has money; canal B must later have half its cost of a,
    which gets nothing more. Each day alone some mix pays all; through the days none does."""
    rows = [("A", "a", 50, 0, 100), ("A", "b", 50, 0, 100), ("B", "a", 50, 50, 50)]
    rows = pd.DataFrame([*rows, ("B", "b", 50, 50, 50)], columns=["item", "pot", *SHARES])
    pots = pd.DataFrame({"pot": ["a", "b"], "measure": "money", "fund": "nst"})
    sets, cost = pot_sets({"parts": rows, "pots": pots}), np.array([[1.0, 0.0], [0.0, 2.0]])
    bounds = rows.rename(columns={"item": "kind", "share": "usual"})
    both = CentralCase(
        sets,
        [2022, 2023],
        np.array([12, 24]),
        np.array([1, 2]),
        np.array([0, 12, 24]),
        cost,
        np.array([[sets.demand(c)] * 2 for c in cost]),
        np.zeros(2, dtype=int),
        np.array([[1, 2], [1, 2]]),
        np.array([[0.0, 1, 1], [0.0, 0, 2]]),
        np.zeros(len(sets.members)),
        np.array([2, 2]),
        np.array([0.9, 0.5, 0.8, 0.4]),
        *(np.ones(2), np.zeros(2), np.zeros(2)),
        *(np.ones(2, dtype=bool), np.full(2, NONE), np.full(2, NONE), np.arange(2)),
        bounds.assign(**{c: bounds[c] * 10 for c in ("least", "usual", "most")}),
        pd.DataFrame(columns=sets.kinds, dtype=float),
        None,
    )
    choice = ListingModel(both)
    slot = choice.plan(choice.solved(choice.worth).x)
    assert (slot // 2).tolist() == [0, 1], "by the sets of each day alone"
    assert (optimum(both).slot // 2).tolist() == [1, 1], "A waits for the money of b"


def test_a_commune_ruled_out_is_listed_by_no_plan():
    case = tiny(4)
    best = optimum(case)
    for g in np.flatnonzero(best.slot != NONE):
        other = optimum(case._replace(free=np.arange(len(best.slot)) != g))
        assert other.slot[g] == NONE and other.value <= best.value


def test_of_plans_as_good_the_earliest_is_taken_and_then_the_cheapest():
    case = next(case for case in map(tiny, range(200)) if len(case.weight) == 4)
    rich = case._replace(money=np.full(case.money.shape, 1e9))
    alike = rich._replace(
        weight=np.ones(4),
        reported=np.full(4, NONE),
        chance=np.full(4, 0.9),
        places=np.array([1, 4]),
        months=np.full(4, 3),
        checkpoint=np.tile([1, 3], (4, 1)),
        cost=np.array([[5.0, 5], [1, 1], [5, 5], [5, 5]]) * 1_000,
    )
    best = optimum(alike)
    assert sorted(best.slot // 2) == [0, 1, 1, 1], "all are listed, one of them a year early"
    one = alike._replace(places=np.array([1, 0]))
    assert (optimum(one).slot // 2).tolist() == [NONE, 0, NONE, NONE], "the cheapest"


def test_money_that_is_not_short_has_no_price_and_a_place_that_is_has_one():
    case = tiny(7)
    rich = case._replace(money=np.full(case.money.shape, 1e9))
    money, places = relaxed_prices(rich._replace(places=np.array([1, 1])))
    assert not money.any() and (places >= 0).all() and 0 < places.max() <= case.weight.max()


@pytest.mark.parametrize("seed", range(12))
def test_the_price_of_a_pot_bounds_what_its_money_brings(seed):
    case = tiny(seed)
    money, _ = relaxed_prices(case)
    whole = ListingModel(case)
    before = whole.solved(whole.worth, whole=False).bound
    for pot, y in np.argwhere(money):
        more = case.money.copy()
        more[pot, case.last[y] :] += 100
        richer = ListingModel(case._replace(money=more))
        after = richer.solved(richer.worth, whole=False).bound
        # Cheaper columns may open with more money: then it brings more than its price.
        if len(richer.of) == len(whole.of):
            assert after - before <= 100 * money[pot, y] + 1e-6


def test_the_solver_prints_nothing_where_a_command_prints_json(capfd):
    rows = [(np.array([2.0]), 3.0)]
    assert solve(np.ones(1), np.ones(1), rows).x.round().tolist() == [1.0]
    assert capfd.readouterr() == ("", "")

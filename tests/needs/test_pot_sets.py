"""Who can pay what: the pot sets against a linear program, and by hand."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from conftest import sample
from scipy.optimize import linprog

from ntm_analysis.needs import CEMENT_PART, pot_sets
from ntm_analysis.needs.pot_sets import PotSets, bounds

CEMENT = "cement"


def tables(
    rows: list[tuple], funds: dict[str, str] | None = None, cement: str = ""
) -> dict[str, pd.DataFrame]:
    """Parts (item, pot, share, least, most) and their pots; ``cement``: an item with a part."""
    parts = pd.DataFrame(rows, columns=["item", "pot", "share", "least", "most"])
    pots = pd.DataFrame({"pot": list(dict.fromkeys(parts["pot"]))})
    pots = pots.assign(measure="money", fund=[(funds or {}).get(pot, "nst") for pot in pots["pot"]])
    if cement:
        parts.loc[len(parts)] = [cement, CEMENT, *[np.nan] * 3]
        parts = parts.astype(dict.fromkeys(("share", "least", "most"), float))
        pots.loc[len(pots)] = [CEMENT, "cement", "nst"]
    return {"parts": parts, "pots": pots}


def least_extra(data: dict[str, pd.DataFrame], cost: np.ndarray, money: np.ndarray) -> float:
    """The least extra money in whatever pots, by a linear program over every payment."""
    least, most, pots, kinds = bounds(data)
    payments = [(k, p) for k in range(len(kinds)) for p in range(len(pots))]
    width = len(payments) + len(pots)
    paid, held = np.zeros((len(kinds), width)), np.zeros((len(pots), width))
    for column, (k, p) in enumerate(payments):
        paid[k, column] = held[p, column] = 1
    held[np.arange(len(pots)), len(payments) + np.arange(len(pots))] = -1
    limits = [(least[k, p] * cost[k] / 1000, most[k, p] * cost[k] / 1000) for k, p in payments]
    wanted = np.r_[np.zeros(len(payments)), np.ones(len(pots))]
    limits += [(0, None)] * len(pots)
    found = linprog(wanted, A_ub=held, b_ub=money, A_eq=paid, b_eq=cost, bounds=limits)
    assert found.status == 0, found.message
    return found.fun


def district(chance: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Items that some of the pots may pay, within bounds around usual shares."""
    names = [f"p{i}" for i in range(chance.integers(1, 5))]
    rows = []
    for item in range(chance.integers(1, 4)):
        payers = chance.permutation(names)[: chance.integers(1, len(names) + 1)]
        cuts = np.sort(chance.integers(0, 101, len(payers) - 1))
        for pot, share in zip(payers, np.diff([0, *cuts, 100]), strict=True):
            least = share * chance.choice([0, 0.5, 1])
            most = min(100, share * chance.choice([1, 1.3, 2, 10]))
            rows.append((f"i{item}", pot, float(share), least, most))
    return tables(rows, cement="i0" if chance.random() < 0.4 else "")


def gap_of(sets: PotSets, cost: np.ndarray, money: np.ndarray) -> tuple[float, list[str]]:
    """The gap of one world and the pots that lack it."""
    return float(sets.excess(cost[:, None], money[:, None])[0]), sets.blocking(cost, money)


@pytest.mark.parametrize("seed", sample(range(400), 150))
def test_the_sets_say_what_a_linear_program_says_of_payability_and_least_extra_money(seed):
    chance = np.random.default_rng(seed)
    data = district(chance)
    sets, matter = pot_sets(data, every=True), pot_sets(data)
    cost = chance.integers(0, 1_000, len(sets.kinds)).astype(float)
    held = cost.sum() / len(sets.pots) * chance.choice([0.5, 1, 1.5])
    money = np.floor(chance.random(len(sets.pots)) * 2 * held)
    extra = least_extra(data, cost, money)
    gap, names = gap_of(sets, cost, money)
    assert gap == np.ceil(extra - 1e-6)
    assert (matter.demand(cost) <= matter.money(money)).all() == (extra < 1e-6)
    # The blocking set is short of just this, and no smaller set is.
    short = {
        inside: sets.borne(np.isin(range(len(money)), inside)[None])[0] @ cost / 1_000
        - money[list(inside)].sum()
        for size in range(len(money) + 1)
        for inside in combinations(range(len(money)), size)
    }
    blocking = tuple(i for i, pot in enumerate(sets.pots) if pot in names)
    assert short[blocking] == pytest.approx(extra, abs=1e-6)
    assert all(s < extra - 1e-6 for i, s in short.items() if len(i) < len(blocking))


def test_the_pot_with_the_largest_gap_at_usual_shares_need_not_block():
    # A road of 100: a usually pays 60 and b 40, each may pay all of it. A school of 50: c usually
    # pays 40 (at least 30), b 10 (at most 20). There are 10 in a, 120 in b, 25 in c.
    # At usual shares a is asked for 60 and lacks 50, b for 50 and lacks nothing, c for 40 and
    # lacks 15.
    # But b can pay 90 of the road beside a's 10 and 20 of the school: 110 of its 120. Only what c
    # cannot be relieved of is missing: 30 - 25 = 5.
    rows = [
        ("road", "a", 60, 0, 100),
        ("road", "b", 40, 0, 100),
        ("school", "c", 80, 60, 100),
        ("school", "b", 20, 0, 40),
    ]
    sets = pot_sets(tables(rows), every=True)
    assert sets.pots == ["a", "b", "c"] and sets.kinds == ["road", "school"]
    cost, money = np.array([100.0, 50.0]), np.array([10.0, 120.0, 25.0])
    assert gap_of(sets, cost, money) == (5.0, ["c"])
    # With 5 more in c all is paid; the 50 that a lacks at usual shares would not have helped.
    assert gap_of(sets, cost, np.array([10.0, 120.0, 30.0])) == (0, [])
    assert gap_of(sets, cost, np.array([60.0, 120.0, 25.0])) == (5, ["c"])


def test_shortfalls_that_have_nothing_to_do_with_each_other_add_up():
    sets = pot_sets(tables([("road", "a", 100, 0, 100), ("school", "b", 100, 0, 100)]), every=True)
    assert gap_of(sets, np.array([30.0, 40.0]), np.array([20.0, 30.0])) == (20.0, ["a", "b"])


def test_where_all_can_be_paid_no_pot_blocks_and_worlds_keep_their_places():
    sets = pot_sets(tables([("road", "a", 100, 0, 100), ("school", "b", 100, 0, 100)]), every=True)
    cost, money = np.array([[30.0, 5.0], [40.0, 40.0]]), np.array([[20.0, 20.0], [40.0, 39.0]])
    assert sets.excess(cost, money).tolist() == [10.0, 1.0]
    assert [sets.blocking(cost[:, w], money[:, w]) for w in (0, 1)] == [["a"], ["b"]]
    assert gap_of(sets, np.array([20.0, 20.0]), np.array([20.0, 20.0])) == (0, [])


def test_cement_that_is_not_granted_is_bought_from_the_items_money_pots():
    sets = pot_sets(tables([("road", "a", 100, 0, 100)], cement="road"), every=True)
    assert sets.kinds == ["road", "road" + CEMENT_PART]
    cost = np.array([100.0, 30.0])  # the road without its cement, and what that is worth
    assert gap_of(sets, cost, np.array([120.0, 10.0])) == (0, [])
    assert gap_of(sets, cost, np.array([110.0, 10.0])) == (10, ["a", CEMENT])
    assert gap_of(sets, cost, np.array([90.0, 999.0])) == (10, ["a"]), "cement pays nothing else"

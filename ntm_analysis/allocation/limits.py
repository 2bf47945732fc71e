"""What stands in a plan's way: one commune more, the price of money, plans as good, who cannot be
listed and why, which rules stand against each other, what all would take."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from ..forecast.worlds import Layout
from ..forecast.yearly_list import schedule
from ..need.pot_sets import THOUSANDTHS
from ..need.works import THOUSAND
from .central import NONE, Central, central, minimums
from .optimum import optimum, relaxed_prices
from .plans import OPTIMAL, Allocation

NEXT, MORE = 6, 5  # communes told for each year; % more money of a step price
NEAR = 10  # near-optimal plans sought
LONGEST = 60  # months by which the deadline is put off at most


def least_money(case: Central, asked: np.ndarray) -> np.ndarray:
    """The least money that pots need more, so that what is asked of every set is within its money.

    Parameters
    ----------
    case : Central
    asked : ndarray
        Marks x sets, as :attr:`Central.demand`; what is asked by no mark is all nought.

    Returns
    -------
    ndarray
        By pot, thousand dong, rounded up.
    """
    short = np.where(asked.any(axis=1)[:, None], asked - case.room, 0).max(axis=0)
    some = short > 0
    if not some.any():
        return np.zeros(len(case.sets.pots))
    more = linprog(
        np.ones(len(case.sets.pots)),
        A_ub=-case.sets.members[some].astype(float),
        b_ub=-short[some] / THOUSANDTHS,
    )
    return np.ceil(np.round(more.x, 3))


def asked_by(case: Central, year: np.ndarray, late: np.ndarray) -> np.ndarray:
    """What a plan asks of each set by each mark: marks x sets."""
    asked = np.zeros_like(case.room)
    for g in np.flatnonzero((year != NONE) & case.free):
        asked[case.last[year[g]] if late[g] else case.mark[g, year[g]] :] += case.demand[g, year[g]]
    return asked


def extra_communes(allocation: Allocation) -> pd.DataFrame:
    """For each year the communes that take least to be listed and paid in time beside the plan.

    Returns
    -------
    DataFrame
        year, rank (1: the cheapest), goal, unit, planned (the plan's year, NaN: none), more (by pot
        the thousand dong to be added), places (on the list, beyond those there are), cost (million
        dong), alike (how many communes not in the plan need the same).
    """
    case, plan = allocation.case, allocation.plans[OPTIMAL]
    planned, rows, same = allocation.years(), [], {}
    kinds = allocation.choice.kind
    for goal in np.flatnonzero(case.free):
        others = np.where(np.arange(len(plan.year)) == goal, NONE, plan.year)
        for y, year in enumerate(case.years):
            mark = case.mark[goal, y]
            if mark == NONE or planned[goal] <= year or case.reported[goal] > y:
                continue
            key = (kinds[goal], y, plan.year[goal], case.rank[goal] * (plan.year[goal] != NONE))
            if key not in same:
                asked = asked_by(case, others, plan.late)
                asked[mark:] += case.demand[goal, y]
                asked[:mark] = 0
                listed = (others == y) & case.free & (case.reported == NONE)
                full = int(case.reported[goal] == NONE and listed.sum() >= case.places[y])
                same[key] = least_money(case, asked), full
            more, full = same[key]
            cost = case.cost[goal].sum() / THOUSAND
            unit = allocation.goals.loc[goal, "unit"]
            row = (year, goal, unit, planned[goal], more, full, cost, more.sum(), case.rank[goal])
            rows.append(row)
    columns = ["year", "goal", "unit", "planned", "more", "places", "cost", "worth", "place"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.sort_values(["year", "worth", "places", "place"], kind="stable")
    table.insert(1, "rank", table.groupby("year").cumcount() + 1)
    alike = [table["year"], table["worth"], table["cost"], table["planned"].isna()]
    table["alike"] = table.groupby(alike)["rank"].transform("size")
    table = table[table["rank"] <= NEXT].drop(columns=["worth", "place"])
    return table.reset_index(drop=True)


def richer(case: Central, pot: int, money: np.ndarray | float) -> Central:
    """The case with more money (thousand dong, by mark) in one pot."""
    more = case.money.copy()
    more[pot] += money
    return case.with_money(more)


def prices(allocation: Allocation) -> list[dict]:
    """What more money, and one place more on a list, is worth.

    Returns
    -------
    list of dict
        By pot that is short: pot, relaxed (by year communes more for a billion dong from that year
        on, were communes divisible), added (thousand dong of a step of 5 % more every year),
        communes (more that the best plan then lists), value (more expected to finish). Last the
        places: pot None, relaxed by year of the list.
    """
    case, best = allocation.case, allocation.best
    worth, places = relaxed_prices(case)
    rows = []
    for p, pot in enumerate(case.sets.pots):
        by_year = {y: worth[pot, y] * 1e6 for y in case.years if (pot, y) in worth}
        if by_year:
            added = np.floor(case.money[p] * MORE / 100)
            step = optimum(richer(case, p, added), (best.year, best.late), later=False)
            listed = int((step.year != NONE).sum() - (best.year != NONE).sum())
            row = {"pot": pot, "relaxed": by_year, "added": added[-1], "communes": listed}
            rows.append(row | {"value": step.value - best.value})
    return [*rows, {"pot": None, "relaxed": places}] if places else rows


def near_plans(allocation: Allocation) -> list[dict]:
    """Plans that list as many communes as the best one, but for one at most: each without one of
    its communes (of those alike that it lists in one year the first).

    Returns
    -------
    list of dict
        communes (expected to finish), without, instead (goals), changed (goals whose year differs).
    """
    case, best = allocation.case, allocation.best
    listed = (best.year != NONE) & case.free
    plans, seen, tried = [], {listed.tobytes()}, set()
    chosen = np.flatnonzero(listed)
    for goal in chosen[np.argsort(-case.cost[chosen].sum(axis=1), kind="stable")]:
        like = (allocation.choice.kind[goal], best.year[goal])
        if like in tried or len(tried) == NEAR:
            continue
        tried.add(like)
        ruled_out = np.arange(len(listed)) == goal
        other = optimum(case, ruled_out=ruled_out, later=False)
        mine = other.year != NONE
        if mine.tobytes() in seen or mine.sum() < listed.sum() - 1 or other.status == "infeasible":
            continue
        seen.add(mine.tobytes())
        plan = {
            "communes": allocation.finishing(OPTIMAL) + other.value - best.value,
            "without": np.flatnonzero(listed & ~mine).tolist(),
            "instead": np.flatnonzero(mine & ~listed).tolist(),
            "changed": np.flatnonzero(other.year != best.year).tolist(),
        }
        plans.append(plan)
    return plans


def cannot(allocation: Allocation) -> list[dict]:
    """The communes that the best plan does not list, each with the reason.

    Returns
    -------
    list of dict
        goal, reason: ``lead_time`` (works take longer than any year leaves: months, room),
        ``committed`` (committed works take all that a set of pots has: pots),
        ``pot`` (a set of pots cannot pay it even alone: pots, needs, has, thousand dong), ``list``
        (no place on any list), ``others`` (it could be paid, but not beside those that are).
    """
    case, plan, rows = allocation.case, allocation.plans[OPTIMAL], []
    months = case.months
    lasting = case.ends - np.append(0, case.ends[:-1])
    asked = asked_by(case, plan.year, plan.late)[-1]
    for goal in np.flatnonzero(allocation.ntm & (plan.year == NONE)):
        row, demand = {"goal": int(goal), "reason": "others"}, case.demand[goal, -1]
        over, owed = demand - case.room[-1], -case.room[-1]
        if (case.mark[goal] == NONE).all():
            sizes = {"months": int(months[goal]), "room": int(lasting.max())}
            row |= {"reason": "lead_time", **sizes}
        elif owed.max(initial=0) > 0:
            row |= {"reason": "committed", "pots": case.sets.names(int(owed.argmax()))}
        elif over.max(initial=0) > 0:
            worst = int(over.argmax())
            sizes = {"needs": demand[worst], "has": case.room[-1][worst]}
            row |= {"reason": "pot", "pots": case.sets.names(worst)}
            row |= {key: float(size) / THOUSANDTHS for key, size in sizes.items()}
        elif (asked + demand <= case.room[-1]).all():
            row["reason"] = "list"
        rows.append(row)
    return rows


def for_all(allocation: Allocation) -> dict:
    """What it would take that all communes are listed and paid in time.

    Returns
    -------
    dict
        more (by pot the thousand dong to be added), places (on lists, beyond those there are),
        months (how much later the deadline would have to be with nothing added; None: five years
        are not enough), communes (how many fewer), never (goals whose works no year has room for).
    """
    case, plan = allocation.case, allocation.plans[OPTIMAL]
    never = case.free & (case.mark == NONE).all(axis=1)
    rest = case.free & ~never
    return {
        "more": least_money(case, _asked_by_all(case, rest)),
        "places": max(0, int((rest & (case.reported == NONE)).sum() - case.places.sum())),
        "months": _months(allocation),
        "communes": int((allocation.ntm & (plan.year == NONE)).sum()),
        "never": np.flatnonzero(never).tolist(),
    }


def _asked_by_all(case, goals):
    """What goals ask that are each listed in the last year that has room for their works."""
    asked = np.zeros_like(case.room)
    for g in np.flatnonzero(goals):
        y = np.flatnonzero(case.mark[g] != NONE)[-1]
        asked[case.mark[g, y] :] += case.demand[g, y]
    return asked


def _months(allocation):
    """The fewest months by which the deadline would have to be put off."""
    workbook, baseline = allocation.workbook, allocation.baseline

    def enough(months: int) -> bool:
        day = pd.Timestamp(allocation.day) + pd.offsets.MonthEnd(months)
        case = central(Layout(schedule(workbook, "own", day.date())), baseline)
        if (case.free & (case.mark == NONE).all(axis=1)).any():
            return False
        asked = _asked_by_all(case, case.free)
        placed = (case.free & (case.reported == NONE)).sum()
        return bool(placed <= case.places.sum() and (asked <= case.room).all())

    if not allocation.case.free.any():
        return 0
    return least(enough, LONGEST) if enough(LONGEST) else None


def least(enough: Callable[[int], bool], high: int) -> int:
    """The least whole number up to ``high`` that is enough, by halving; ``high`` is.

    Examples
    --------
    >>> least(lambda n: n >= 7, 60)
    7
    """
    low = 0
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


def conflicts(allocation: Allocation) -> dict | None:
    """Why no plan can be had; None where one can.

    Returns
    -------
    dict or None
        rules: ``no_money``, or ``minimum`` with the pots whose money together is less than the
        minimums (``all_pots`` where that is all of them) and ``committed`` where it would be enough
        without committed works. needs, has: of those pots, thousand dong.
        minimum: the greatest minimum that fits, million dong. money: what each of the pots would
        need more if it alone were raised, thousand dong (None: it alone does not do).
    """
    case = allocation.case
    if case.cost[case.free].any() and not case.money[:, -1].any():
        needs = float(case.cost[allocation.ntm].sum())
        return {"rules": ["no_money"], "needs": needs, "has": 0.0, "minimum": None, "money": {}}
    if allocation.best.status != "infeasible":
        return None
    over = case.reserve - case.room[-1]
    worst = int(over.argmax())
    pots = case.sets.names(worst)
    rules = ["minimum", *(["all_pots"] if len(pots) == len(case.sets.pots) else pots)]
    if case.reserve[worst] <= case.sets.money(case.money)[worst, -1]:
        rules.append("committed")
    most = int(allocation.layout.plan.rules["minimum_commune"])

    def fits(less: int) -> bool:
        reserve = replace(case, minimum=minimums(case, most - less)).reserve
        return bool((reserve <= case.room[-1]).all())

    money = {}
    for pot in pots:
        inside = case.sets.members[:, case.sets.pots.index(pot)]
        alone = not (over[~inside] > 0).any()
        money[pot] = float(np.ceil(over[inside].max() / THOUSANDTHS)) if alone else None
    has = max(0.0, float(case.room[-1][worst]) / THOUSANDTHS)
    sizes = {"needs": float(case.reserve[worst]) / THOUSANDTHS, "has": has}
    return {"rules": rules, **sizes, "minimum": most - least(fits, most), "money": money}

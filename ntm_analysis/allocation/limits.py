"""What one commune more would take, and what stands in a plan's way.

The price of money, plans as good, who cannot be listed and why, which rules stand against each
other, what all would take.
"""

from bisect import bisect_left

import numpy as np
import pandas as pd
from pandas import DataFrame

from ..forecasts import Layout, schedule
from ..language import OPTIMAL
from ..needs import THOUSAND, THOUSANDTHS
from .best_plan import optimum, relaxed_prices
from .central_case import NONE, central, minimums

NEXT, MORE = 6, 5  # communes told for each year; % more money of a step price
NEAR = 10  # near-optimal plans sought
LONGEST = 60  # months by which the deadline is put off at most


def least_money(case, claims):
    """The least money that pots need more, so that what is asked of every set is within its money.

    Parameters
    ----------
    case : CentralCase
    claims : ndarray
        Checkpoints x sets, as :attr:`CentralCase.demand`; asked by no checkpoint: all nought.

    Returns
    -------
    ndarray
        By pot, thousand dong, rounded up.
    """
    short = np.where(claims.any(axis=1)[:, None], claims - case.room, 0).max(axis=0)
    some = short > 0
    if not some.any():
        return np.zeros(len(case.sets.pots))
    from scipy.optimize import linprog  # slow to load, and only a plan needs it

    more = linprog(
        np.ones(len(case.sets.pots)),
        A_ub=-case.sets.members[some].astype(float),
        b_ub=-short[some] / THOUSANDTHS,
    )
    return np.ceil(np.round(more.x, 3))


def asked_by(case, slot):
    """What a plan asks of each set of pots by each checkpoint.

    Parameters
    ----------
    case : CentralCase
    slot : ndarray of int
        By goal.

    Returns
    -------
    ndarray
        Checkpoints x sets, as :attr:`CentralCase.demand`.
    """
    claims, checkpoint = np.zeros_like(case.room), case.checkpoints_of(slot)
    for g in np.flatnonzero((slot != NONE) & case.free):
        claims[checkpoint[g] :] += case.demand[g, slot[g] // 2]
    return claims


def extra_communes(allocation):
    """For each year the communes that take least to be listed and paid in time beside the plan.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    DataFrame
        year, goal, planned (the plan's year, NA: none), more (by pot the thousand dong to be
        added), places (on the list, beyond those there are), cost (million dong), worth (``more``
        added up), rank (:attr:`CentralCase.rank`), alike (how many communes not in the plan need
        the same); of each year the cheapest first.
    """
    case, plan = allocation.case, allocation.plans[OPTIMAL]
    planned, rows = allocation.years(), []
    placed, goals = case.free & (case.reported == NONE), np.arange(len(case.free))
    for goal, y in np.argwhere(case.free[:, None] & (case.checkpoint != NONE)):
        year = case.years[y]
        if planned[goal] <= year or case.reported[goal] > y:
            continue
        slot = np.where(goals == goal, 2 * y, plan.slot)
        claims = asked_by(case, slot)
        claims[: case.checkpoint[goal, y]] = 0
        more, cost = least_money(case, claims), case.cost[goal].sum() / THOUSAND
        places = int(placed[goal] and (placed & (slot // 2 == y)).sum() > case.places[y])
        row = (year, goal, planned[goal], more, places, cost, more.sum(), case.rank[goal])
        rows.append(row)
    columns = ["year", "goal", "planned", "more", "places", "cost", "worth", "rank"]
    table = DataFrame(rows, columns=columns).astype({"planned": "Int64"})
    table = table.sort_values(["year", "worth", "places", "rank"], ignore_index=True)
    same = ["year", "worth", "cost", table["planned"].isna()]
    table["alike"] = table.groupby(same)["goal"].transform("size")
    return table.groupby("year").head(NEXT)


def prices(allocation):
    """What more money, and one place more on a list, is worth.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    list of dict
        By pot that is short: pot, relaxed (by year what the aim gains from a billion dong from that
        year on, were communes divisible), step (5 % more every year: percent, added, thousand dong,
        communes, more that the best plan then lists, value, what its aim gains). Last the places:
        pot None, relaxed by year of the list. Communes count for their weights in the aim.
    """
    case, best = allocation.case, allocation.best
    worth, places = relaxed_prices(case)
    rows = []
    for p in np.flatnonzero(worth.any(axis=1)):
        added, money = np.floor(case.money[p] * MORE / 100), case.money.copy()
        money[p] += added
        richer = optimum(case._replace(money=money), best.slot, later=False)
        step = {
            "percent": MORE,
            "added": added[-1],
            "communes": int((richer.slot != NONE).sum() - (best.slot != NONE).sum()),
            "value": richer.value - best.value,
        }
        relaxed = _by_year(case, worth[p] * 1e6)
        rows.append({"pot": case.sets.pots[p], "relaxed": relaxed, "step": step})
    if places.any():
        rows.append({"pot": None, "relaxed": _by_year(case, places), "step": {}})
    return rows


def _by_year(case, prices):
    return {year: float(price) for year, price in zip(case.years, prices, strict=True) if price}


def near_plans(allocation):
    """Plans that list as many communes as the best one, but for one at most.

    Each without one of its communes (of those alike that it lists in one year the first).

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    list of dict
        communes (expected to finish), without, instead (goals), changed (goals whose year differs).
    """
    case, best = allocation.case, allocation.best
    listed, number = best.slot != NONE, np.arange(len(case.free))
    columns = {"kind": case.kind, "year": best.slot // 2, "cost": case.cost.sum(axis=1)}
    communes = DataFrame(columns)[listed].sort_values("cost", ascending=False, kind="stable")
    plans = {}
    for goal in communes.drop_duplicates(["kind", "year"]).index[:NEAR]:
        other = optimum(case._replace(free=case.free & (number != goal)), later=False)
        mine = other.slot != NONE
        plan = {
            "communes": allocation.expected(other.slot),
            "without": np.flatnonzero(listed & ~mine),
            "instead": np.flatnonzero(mine & ~listed),
            "changed": np.flatnonzero(other.slot // 2 != best.slot // 2),
        }
        if mine.sum() >= listed.sum() - 1:
            plans.setdefault(mine.tobytes(), plan)
    return [*plans.values()]


def unlisted_communes(allocation):
    """The communes that the best plan does not list, each with the reason.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    dict of int to dict
        By goal reason: ``lead_time`` (works take longer than any year leaves: months, room),
        ``committed`` (committed works take all that a set of pots has: pots),
        ``pot`` (a set of pots, or its own ones, cannot pay it even alone: pots, needs, has, million
        dong), ``list``
        (no place on any list), ``others`` (it could be paid, but not beside those that are).
    """
    case, plan, rows = allocation.case, allocation.plans[OPTIMAL], {}
    claims, room = asked_by(case, plan.slot)[-1], case.room[-1]
    longest = np.diff(case.ends, prepend=0).max()
    for goal in np.flatnonzero(allocation.ntm & (plan.slot == NONE)):
        demand = case.demand[goal, -1]
        over = demand - room
        if case.months[goal] > longest:
            row = {"reason": "lead_time", "months": int(case.months[goal]), "room": int(longest)}
        elif case.own_money is not None and demand[0] > 0:  # what its own pots lack
            has = case.own_money[goal, :, -1].sum() / THOUSAND
            row = {"reason": "pot", "pots": np.array(case.sets.pots)[case.sets.own].tolist()}
            row |= {"needs": has + _million(demand[0]), "has": has}
        elif (room < 0).any():
            row = {"reason": "committed", "pots": case.sets.names(room.argmin())}
        elif (over > 0).any():
            row = {"reason": "pot", "pots": case.sets.names(worst := over.argmax())}
            row |= {"needs": _million(demand[worst]), "has": _million(room[worst])}
        else:
            row = {"reason": "list" if (claims + demand <= room).all() else "others"}
        rows[int(goal)] = row
    return rows


def _million(claims):
    """Million dong of what is asked of a set of pots."""
    return float(claims) / THOUSANDTHS / THOUSAND


def requirements_for_all(allocation):
    """What it would take that all communes are listed and paid in time.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    dict
        more (by pot the thousand dong to be added), places (on lists, beyond those there are),
        months (how much later the deadline would have to be with nothing added; None: five years
        are not enough), communes (how many fewer), never (goals whose works no year has room for).
    """
    case, plan = allocation.case, allocation.plans[OPTIMAL]
    more, places, never = _short_of_all(case)

    def enough(months):
        """Whether all can be listed and paid with the deadline put off."""
        day = pd.Timestamp(allocation.deadline) + pd.offsets.MonthEnd(months)
        later = central(
            Layout(schedule(allocation.workbook, "own", day.date())), allocation.baseline
        )
        return not any(np.any(lack) for lack in _short_of_all(later))

    return {
        "more": more,
        "places": places,
        "months": bisect_left(range(LONGEST), True, key=enough) if enough(LONGEST) else None,
        "communes": int((allocation.ntm & (plan.slot == NONE)).sum()),
        "never": np.flatnonzero(never),
    }


def _short_of_all(case):
    """What is short where each commune is listed in the last year that has room for its works.

    Money by pot, places, goals whose works no year has room for.
    """
    last = np.where(case.checkpoint == NONE, NONE, 2 * np.arange(len(case.years))).max(axis=1)
    placed = case.free & (last != NONE) & (case.reported == NONE)
    more = least_money(case, asked_by(case, last))
    return more, max(0, int(placed.sum() - case.places.sum())), case.free & (last == NONE)


def conflicts(allocation):
    """Why no plan can be had; None where one can.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    dict or None
        rules: ``no_money``, or ``minimum`` with the pots whose money together is less than the
        minimums (``all_pots`` where that is all of them) and ``committed`` where it would be enough
        without committed works. needs, has: of those pots, million dong.
        minimum: the greatest minimum that fits, million dong. money: what each of the pots would
        need more if it alone were raised, thousand dong (None: it alone does not do).
    """
    case = allocation.case
    if case.cost[case.free].any() and not allocation.available.any():
        needs = float(case.cost[allocation.ntm].sum()) / THOUSAND
        return {"rules": ["no_money"], "needs": needs, "has": 0.0, "minimum": None, "money": {}}
    if allocation.best.status != "infeasible":
        return None
    over = case.reserve - case.room[-1]
    worst = int(over.argmax())
    pots = case.sets.names(worst)
    rules = ["minimum", *(["all_pots"] if len(pots) == len(case.sets.pots) else pots)]
    if case.reserve[worst] <= case.sets.money(case.money)[worst, -1]:
        rules.append("committed")

    def too_much(least):
        return (case._replace(minimum=minimums(case, least)).reserve > case.room[-1]).any()

    most = int(allocation.layout.schedule.rules["minimum_commune"])
    alone = {
        pot: None if (over[~inside] > 0).any() else np.ceil(over[inside].max() / THOUSANDTHS)
        for pot, inside in zip(case.sets.pots, case.sets.members.T, strict=True)
        if pot in pots
    }
    return {
        "rules": rules,
        "needs": _million(case.reserve[worst]),
        "has": max(0.0, _million(case.room[-1, worst])),
        "minimum": bisect_left(range(1, most + 1), True, key=too_much),
        "money": alone,
    }

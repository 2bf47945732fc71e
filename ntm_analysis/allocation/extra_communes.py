"""What one commune more would take, year by year; what more money is worth; plans that are as good but for one commune."""

import numpy as np
import pandas as pd

from ..need.works import THOUSAND
from ..plan_checks import CEMENT
from .central import Central, funded, in_order, in_time
from .optimum import Best, optimum, relaxed_prices
from .plans import OPTIMAL, Allocation, ordered

NEXT, MORE = 6, 5  # communes listed for each year: the cheapest and the next five; % more money of a step price
NEAR = 10  # near-optimal plans sought


def with_money(case: Central, more: dict[str, int]) -> Central:
    """The case with more money in some pots from the first period on."""
    return case.with_money(lambda pot: pot.money + more.get(pot.name, 0))


def extra_communes(found: Allocation) -> pd.DataFrame:
    """For each year the communes that would take least money to finish by its end, beside all that the best plan has finish.

    year, rank (1: the cheapest), goal, unit, planned (the year the plan has, NaN: none), money (million đồng) and tonnes to be
    added in all, pots (pot: what it lacks, thousand đồng or tonnes), cost (million đồng, of its works), alike (how many communes
    need the same). Of a pot a commune lacks the greatest excess, over the periods in which it asks for something, of what it and
    the plan's communes ask by then over what committed works leave. What the plan funds without a commune finishing by it gives
    way. A commune that no money brings there in time is not listed. The cheapest has the least money, cement at its price added.

    >>> from ntm_analysis.allocation.plans import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> rows = extra_communes(allocate(Workbook.open("data/thanh-chuong")))
    >>> rows.loc[rows["rank"] == 1, "year"].tolist()
    [2023, 2024, 2025]
    """
    case, choice, finish = found.case, found.choice, found.finish_years()
    rows = []
    for goal in np.flatnonzero(found.ntm):
        for y, year in enumerate(found.years):
            if not choice.possible[goal, y] or finish[goal] <= year:
                continue
            lacks = _lacking(found, int(goal), y)
            tonnes = sum(lacks.get(pot.name, 0) for pot in case.pots if pot.cement)
            money = (sum(lacks.values()) - tonnes) / THOUSAND
            unit, cost = found.goals.loc[goal, "unit"], choice.cost[goal] / THOUSAND
            rows.append((year, goal, unit, finish[goal], money, tonnes, lacks, cost, case.rank[goal]))
    columns = ["year", "goal", "unit", "planned", "money", "tonnes", "pots", "cost", "place"]
    made = pd.DataFrame(rows, columns=columns)
    made["worth"] = made["money"] + made["tonnes"] * _cement(found)
    made = made.sort_values(["year", "worth", "place"], kind="stable", ignore_index=True).drop(columns=["worth", "place"])
    made.insert(1, "rank", made.groupby("year").cumcount() + 1)
    same = [made["year"], made["pots"].map(repr), made["planned"].isna()]
    made["alike"] = made.groupby(same)["rank"].transform("size")
    return made[made["rank"] <= NEXT].reset_index(drop=True)


def _lacking(found: Allocation, goal: int, y: int) -> dict[str, int]:
    """What each pot lacks for a goal to be reached by the end of a period (from 0) beside the plan's goals."""
    case, lacks = found.case, {}
    held = np.array([finish if g != goal else 0 for g, finish in enumerate(found.best.finish)])
    for pot, (who, wants), room in zip(case.pots, found.choice.demand, found.choice.room, strict=True):
        own = wants[who == goal, y].sum(axis=0)
        kept = np.flatnonzero(held[who])
        others = wants[kept, held[who[kept]] - 1].sum(axis=0)
        others[-1] += pot.amounts[np.isin(pot.works, found.best.fill) & (case.goal[pot.works] != goal)].sum()
        if own.any() and (short := int((own + others - room)[own > 0].max())) > 0:
            lacks[pot.name] = short
    return lacks


def _cement(found: Allocation) -> float:
    """The usual price of a tonne of cement, million đồng."""
    cost = found.plans[OPTIMAL].layout.prices.costs.get(CEMENT)
    return (cost["low"] + 4 * cost["mode"] + cost["high"]) / 6 if cost else 0.0


def prices(found: Allocation, extra: pd.DataFrame) -> list[dict]:
    """What more money is worth, pot by pot, and last what the cheapest extra commune needs.

    A row for each pot with a relaxed price (more in another pot may buy a commune too), and one whose pot is None.

    pot, unit, relaxed (by year: communes more for one tỷ đồng, or 1.000 tonnes, from that year on, in the linear relaxation) and
    step: the money added (5 % more in every year; million đồng or tonnes by the deadline) and how many communes more the best
    plan then reaches. The relaxed price says where money is tight, the step price what some of it buys; neither is the other.
    """
    case, worth, rows = found.case, relaxed_prices(found.case), []
    start = found.plans[OPTIMAL].period
    for p, pot in enumerate(case.pots):
        by_year = {year: worth[(p, t)] * THOUSAND * (1 if pot.cement else THOUSAND)
                   for t, year in enumerate(found.years, start=1) if (p, t) in worth}  # fmt: skip
        if not by_year:
            continue
        raised = pot.money * (100 + MORE) // 100
        richer = case.with_money(lambda other, name=pot.name, raised=raised: raised if other.name == name else other.money)
        gained = _communes(optimum(richer, start, later=False)) - _communes(found.best)
        added = float((raised - pot.money)[-1])
        step = {"percent": MORE, "added": added if pot.cement else added / THOUSAND, "communes": gained}
        rows.append({"pot": pot.name, "unit": "tấn" if pot.cement else "triệu đồng", "relaxed": by_year, "step": step})
    cheapest = extra[(extra["year"] == found.years[-1]) & (extra["rank"] == 1)]
    for row in cheapest.to_dict("records"):
        gained = _communes(optimum(with_money(case, row["pots"]), start, later=False)) - _communes(found.best)
        step = {"percent": None, "added": row["money"], "tonnes": int(row["tonnes"]), "communes": gained}
        rows.append({"pot": None, "unit": "triệu đồng", "relaxed": {}, "step": step})
    return rows


def _communes(best: Best) -> int:
    """How many goals a plan has reached, whatever they weigh."""
    return int(np.count_nonzero(best.finish))


def near_plans(found: Allocation) -> list[dict]:
    """Plans by which as many communes finish as by the best one, but for one at most: each without one of its communes.

    communes (how many finish), without and instead (goals), works (whose year of funding differs from the best plan's).
    """
    case, best = found.case, found.plans[OPTIMAL]
    counts = case.weight > 0
    held = best.done & counts
    made, seen = [], {held.tobytes()}
    chosen = [goal for goal in np.flatnonzero(held) if found.best.finish[goal]]
    for goal in sorted(chosen, key=lambda goal: -found.choice.cost[goal])[:NEAR]:
        ruled_out = np.zeros(len(case.weight), dtype=bool)
        ruled_out[goal] = True
        other = optimum(case, ruled_out=ruled_out, later=False)
        place = ordered(best.layout, case, other).plan.works["place"].to_numpy()
        period = funded(case, in_order(case, place))
        done = in_time(case, period) & counts
        if other.status == "infeasible" or done.tobytes() in seen or done.sum() < held.sum() - 1:
            continue
        seen.add(done.tobytes())
        inside = len(case.ends)
        differ = int((np.minimum(period, inside + 1) != np.minimum(best.period, inside + 1)).sum())
        made.append({"communes": int(done.sum()), "without": np.flatnonzero(held & ~done).tolist(),
                     "instead": np.flatnonzero(done & ~held).tolist(), "works": differ})  # fmt: skip
    return made

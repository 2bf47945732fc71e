"""Where a plan cannot be had: who cannot finish and why, which rules stand against each other, what the least relaxation is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..need.works import THOUSAND
from .central import Central, central, latest
from .choice import Choice
from .optimum import optimum
from .plans import OPTIMAL, Allocation

LONGEST = 60  # months by which the deadline is put off at most when it is asked how long all would take
WIDE = 2**50  # more money than any pot is asked for


def cannot(found: Allocation) -> list[dict]:
    """The goals that the best plan leaves, each with the reason: ``lead_time`` (works take longer than is left: work, months,
    room), ``committed`` (committed works of its own are paid too late), ``pot`` (one pot cannot pay it even alone: pot, needs,
    has), ``others`` (it could be had, but not beside those that are).

    >>> from ntm_analysis.allocation.plans import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> rows = cannot(allocate(Workbook.open("data/thanh-chuong")))
    >>> len(rows), {row["reason"] for row in rows}
    (11, {'others'})
    """
    case, choice = found.case, found.choice
    rows = []
    for goal in np.flatnonzero((case.weight > 0) & ~found.plans[OPTIMAL].done):
        mine = case.counted & (case.goal == goal)
        row = {"goal": int(goal), "reason": "others"}
        if not choice.possible[goal, -1]:
            slow = np.flatnonzero(mine & ~case.committed & (case.left > case.ends[-1] - case.ends[0]))
            row = {"goal": int(goal), "reason": "committed"}
            if len(slow):
                work = int(slow[case.left[slow].argmax()])
                row |= {"reason": "lead_time", "work": work, "months": int(case.left[work])}
                row |= {"room": int(case.ends[-1] - case.ends[0])}
        elif not choice.open_[goal, -1]:
            for pot, (who, wants), room in zip(case.pots, choice.demand, choice.room, strict=True):
                short = wants[who == goal, -1] - np.maximum(room, 0)
                if short.size and short.max() > 0:
                    t = int(short.argmax())
                    row |= {"reason": "pot", "pot": pot.name, "by": found.years[t]}
                    row |= {"needs": int(wants[who == goal, -1][0, t]), "has": max(0, int(room[t]))}
                    break
        rows.append(row)
    return rows


def for_all(found: Allocation) -> dict:
    """What it would take that all communes finish by the deadline.

    ``money`` (million đồng and tonnes to add, by pot; for committed works too that are paid too late), or ``months`` (how much
    later the deadline would have to be, no money added; None: five years are not enough), or ``communes`` (how many fewer).
    ``never``: goals whose works take longer than is left, whatever the money.
    """
    case, choice = found.case, found.choice
    last = latest(case)[:, -1]
    waits = case.counted & (case.goal >= 0)
    slow = np.zeros(len(case.weight), dtype=bool)
    for pot in case.pots:
        some = pot.works[waits[pot.works] & (pot.amounts > 0)]
        slow[case.goal[some[last[some] == 0]]] = True
    slow[case.goal[waits & (case.left > case.ends[-1])]] = True
    money, tonnes, pots = 0, 0, {}
    for pot, (who, wants), room in zip(case.pots, choice.demand, choice.room, strict=True):
        asked = wants[found.ntm[who] & ~slow[who], -1].sum(axis=0)
        short = int((asked - room)[asked > 0].max(initial=0))
        owed = case.committed[pot.works] & waits[pot.works] & (pot.amounts > 0)
        owed &= found.ntm[np.maximum(case.goal[pot.works], 0)] & ~slow[np.maximum(case.goal[pot.works], 0)]
        if owed.any():  # committed works are paid in one order: all of them by the time the first must be
            until = last[pot.works[owed]].min() - 1
            short = max(short, int(pot.amounts[case.committed[pot.works]].sum() - pot.money[until]))
        if short > 0:
            pots[pot.name] = short
            tonnes, money = (tonnes + short, money) if pot.cement else (tonnes, money + short)
    return {
        "money": {"added": money / THOUSAND, "tonnes": tonnes, "by_pot": pots},
        "months": _months(found, int(found.ntm.sum())),
        "communes": int((found.ntm & ~found.plans[OPTIMAL].done).sum()),
        "never": np.flatnonzero(found.ntm & slow).tolist(),
    }


def _months(found: Allocation, wanted: int) -> int | None:
    """The fewest months by which the deadline would have to be put off."""

    def all_finish(months: int) -> bool:
        case = central(found.plans[OPTIMAL].layout, found.deadline + months)
        choice = Choice(case)
        fits = all(
            (wants[found.ntm[who], -1].sum(axis=0) <= np.maximum(room, 0)).all()
            for (who, wants), room in zip(choice.demand, choice.room, strict=True)
        )
        return fits and bool(choice.possible[found.ntm, -1].all())

    if not wanted or all_finish(0):
        return 0
    return _least(all_finish, LONGEST) if all_finish(LONGEST) else None


def _least(enough: Callable[[int], bool], high: int) -> int:
    """The least whole number up to ``high`` that is enough, by halving; ``high`` is."""
    low = 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


def conflicts(found: Allocation) -> dict | None:
    """Why no plan can be had; None where one can.

    ``rules``: those that cannot hold together, none of which can be spared: ``no_money``; or ``minimum`` with ``all_pots``, whose
    money together is less than the minimums, or with names of pots and ``committed``. ``needs``, ``has``: what the minimums ask
    beyond committed works, against the money of all money pots that those leave, million đồng; ``minimum``: the greatest minimum
    for each commune that fits; ``money``: what each pot would need more if it alone were raised (None: it alone does not do).
    """
    case = found.case
    asked = int(case.money_of_works().sum())
    if asked and not any(pot.money[-1] for pot in case.pots if pot.amounts.any()):
        return {"rules": ["no_money"], "needs": asked / THOUSAND, "has": 0.0, "minimum": None, "money": {}}
    if found.best.status != "infeasible":
        return None
    choice = Choice(case)
    has = sum(max(0, int(room[-1])) for pot, room in zip(case.pots, choice.room, strict=True) if not pot.cement)
    sums = {"needs": float(np.maximum(case.minimum - choice.held, 0).sum()) / THOUSAND, "has": has / THOUSAND}
    most = int(case.minimum.max()) // THOUSAND
    sums["minimum"] = most - _least(lambda less: _feasible(_lower(case, most - less), set()), most)
    if sums["needs"] > sums["has"]:
        return {"rules": ["minimum", "all_pots"], **sums, "money": {}}
    named = ["committed", *(pot.name for pot in case.pots if pot.amounts.any())]
    spared: set[str] = set()
    for name in named:  # what can be spared while the rest still stands against each other is no part of the conflict
        if not _feasible(case, spared | {name}):
            spared.add(name)
    rules = ["minimum", *(name for name in named if name not in spared)]
    money = {name: _pot_alone(case, name) for name in rules if name not in ("minimum", "committed")}
    return {"rules": rules, **sums, "money": money}


def _feasible(case: Central, spared: set[str]) -> bool:
    """Whether every minimum can be paid at all, whoever finishes, without the rules spared."""
    relaxed = case.with_money(lambda pot: pot.money + WIDE * (pot.name in spared))
    committed = case.committed & ("committed" not in spared)
    return optimum(replace(relaxed, committed=committed, weight=case.weight * 0), later=False).status != "infeasible"


def _lower(case: Central, millions: int) -> Central:
    return replace(case, minimum=np.minimum(case.minimum, millions * THOUSAND))


def _pot_alone(case: Central, name: str) -> float | None:
    """Million đồng (or tonnes) that this pot alone would need more; None where that is not enough."""
    pot = next(pot for pot in case.pots if pot.name == name)
    unit = 1 if pot.cement else THOUSAND

    def enough(more: int) -> bool:
        return _feasible(case.with_money(lambda p: p.money + more * unit * (p.name == name)), set())

    most = -(-int(pot.amounts.sum()) // unit)
    return float(_least(enough, most)) if most and enough(most) else None

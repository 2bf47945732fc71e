"""The central case by year: what each work claims, what money there is, and when an order of works lets each goal be reached.

The most probable missing criteria, costs and money at their means. A period ends with its calendar year, the last one with the
deadline. A work is funded in the period in which its last part is paid, and ends so many months after that period; a goal is
reached when the last of its works ends. Criteria without works are left to the forecast. One timing, :func:`funded` and
:func:`reached`, judges every plan, whoever made it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..layout import Layout, Line
from ..need.draws import MEANS
from ..need.works import THOUSAND
from ..possible_worlds import draw_worlds
from ..queue import NEVER, paid_months


@dataclass(frozen=True)
class Pot:
    """One pot instance: the works that claim from it (a part each) and how much (thousand đồng, or tonnes); its cumulative
    money at the end of each period."""

    name: str
    works: np.ndarray
    amounts: np.ndarray
    money: np.ndarray
    cement: bool = False


@dataclass(frozen=True)
class Central:
    """The central case as arrays.

    ``ends``: the month in which each period ends, the last is the deadline; ``pots``. By work: ``goal`` (-1: none), ``left``
    (months of work after it is funded), ``counted`` (its goal waits for it), ``committed`` (paid before all others). By goal:
    ``weight`` in the number finishing; ``minimum`` money (thousand đồng) it must get by the deadline, all it needs if less.
    ``place``: by work its place in the queue, by which committed works follow each other; None: by number.
    ``rank``: of goals that are alike in all else the lowest comes first (None: in their order).
    """

    ends: np.ndarray
    pots: list[Pot]
    goal: np.ndarray
    left: np.ndarray
    counted: np.ndarray
    committed: np.ndarray
    weight: np.ndarray
    minimum: np.ndarray
    place: np.ndarray | None = None
    rank: np.ndarray | None = None

    def queue(self, base: np.ndarray) -> np.ndarray:
        """The places ``base`` with committed works among each other in their own order."""
        own = np.arange(len(base)) if self.place is None else self.place
        return np.where(self.committed, own, base)

    def with_money(self, money: Callable[[Pot], np.ndarray]) -> "Central":
        """The case with other cumulative money in its pots."""
        return replace(self, pots=[replace(pot, money=money(pot)) for pot in self.pots])

    @property
    def order(self) -> np.ndarray:
        """By goal its rank among those that are alike."""
        return np.arange(len(self.weight)) if self.rank is None else self.rank

    def money_of_works(self) -> np.ndarray:
        """What each work claims from all money pots together."""
        total = np.zeros(len(self.goal), dtype=np.int64)
        for pot in self.pots:
            if not pot.cement:
                np.add.at(total, pot.works, pot.amounts)
        return total


def central(layout: Layout, deadline: int) -> Central:
    """The central case of a schedule, with the deadline as a month of the run.

    >>> from ntm_analysis.schedule import schedule
    >>> from ntm_analysis.workbook import Workbook
    >>> case = central(Layout(schedule(Workbook.open("data/thanh-chuong"))), 45)
    >>> case.ends.tolist(), len(case.goal), len(case.pots)
    ([9, 21, 33, 45], 158, 10)
    """
    plan, worlds = layout.plan, draw_worlds(layout, 1, MEANS)
    december = 12 - plan.workbook.as_of.month
    ends = np.array([*(month for month in range(december, deadline, 12) if month > 0), deadline])
    works = len(layout.goal)
    left, needed, counted = (np.zeros(works, dtype=kind) for kind in (np.int64, bool, bool))
    for group, fixed in zip(worlds.groups, layout.groups, strict=True):
        left[fixed.rows], needed[fixed.rows] = group.left[:, 0], group.needed[:, 0]
        counted[fixed.rows[fixed.owed]] = True
    for order, _, _ in layout.slots.values():
        counted[order] = True
    cement = {name for name, tonnes in zip(layout.envelopes.names, layout.envelopes.cement, strict=True) if tonnes}
    pots = []
    for line in layout.lines:
        rows = np.concatenate([layout.groups[g].rows[mine] for g, _, mine in line.pieces])
        amounts = np.concatenate([worlds.groups[g].claims[j][mine, 0] for g, j, mine in line.pieces])
        come = worlds.money.get(line.instance, np.zeros((1, 0), dtype=np.int64))[0]
        money = np.append(0, come)[np.minimum(ends, len(come))]
        pots.append(Pot(line.instance, rows, amounts, money, line.instance in cement))
    goals = plan.goals
    ntm = (goals["level"] == "ntm").to_numpy()
    weight = np.where(ntm, goals["unit"].map(plan.priorities).fillna(1.0), 0.0)
    # Of goals alike: those registered first, then those that lack least.
    rank = np.argsort(np.lexsort([goals["missing"], goals["year"].fillna(9999)]))
    none, place = np.zeros(len(goals), dtype=np.int64), plan.works["place"].to_numpy()
    case = Central(
        ends, pots, layout.goal, left, counted & needed, layout.tier < 2, weight, none, place, rank
    )  # fmt: skip
    least = round(plan.rules["minimum_commune"] * THOUSAND)
    mine = case.goal >= 0
    whole = np.bincount(case.goal[mine], weights=case.money_of_works()[mine], minlength=len(goals)).astype(np.int64)
    case.minimum[:] = np.where(ntm, np.minimum(least, whole), 0)
    return case


def in_order(case: Central, place: np.ndarray) -> list[Line]:
    """The queue of every pot when works are paid by their ``place``, 0 first."""
    return [Line(pot.name, [], np.argsort(place[pot.works], kind="stable"), None, None, 1) for pot in case.pots]


def funded(case: Central, lines: Sequence[Line]) -> np.ndarray:
    """The period (from 1) in which each work's last part is paid; 0: it claims nothing, :data:`~ntm_analysis.queue.NEVER`.

    ``lines``: the queue of each pot, as a layout of the same works has it, or :func:`in_order`.
    """
    period = np.zeros(len(case.goal), dtype=np.int64)
    for pot, line in zip(case.pots, lines, strict=True):
        claims = pot.amounts[line.order]
        weight = None if line.weight is None else np.maximum(line.weight, 1)
        paid = paid_months(claims[:, None], pot.money[None, :], line.first, weight, line.total)[:, 0]
        if line.weight is not None:
            paid[(line.weight == 0) & (claims > 0)] = NEVER
        np.maximum.at(period, pot.works[line.order], paid)
    return period


def reached(case: Central, period: np.ndarray) -> np.ndarray:
    """The month in which each goal's works have ended, by the period in which each work is funded; 0 for nothing to build."""
    ends = np.append(case.ends, NEVER)
    month = np.where(period == 0, 0, ends[np.clip(period, 1, len(ends)) - 1]) + case.left
    made = np.zeros(len(case.weight), dtype=np.int64)
    mine = case.counted & (case.goal >= 0)
    np.maximum.at(made, case.goal[mine], month[mine])
    return np.minimum(made, NEVER)


def in_time(case: Central, period: np.ndarray) -> np.ndarray:
    """Which goals are reached by the deadline when works are funded in these periods."""
    return reached(case, period) <= case.ends[-1]


def latest(case: Central) -> np.ndarray:
    """The last period (from 1) in which a work may be funded to end by the end of each period: works x periods, 0: too late."""
    room = case.ends[None, :] - case.left[:, None]
    return np.searchsorted(case.ends, room.ravel(), side="right").reshape(room.shape)

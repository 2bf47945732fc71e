"""How a schedule lies in memory: everything about goals, works, pots and waits that is the same in every world, as arrays."""

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .need.missing import Missing
from .need.money import Envelopes, instances_of
from .need.works import DEBT, THOUSAND, ItemWorks, PriceList, item_works
from .schedule import Schedule


@dataclass(frozen=True)
class Line:
    """The queue of one pot instance. ``pieces``: (group, part, places in the group) whose parts stand in it, ``order``: their
    order in the queue; in a pot that is split ``first``: the place of the first part of each one's sub-pot, ``weight`` out of
    ``total``: what it gets."""

    instance: str
    pieces: list[tuple[int, int, np.ndarray]]
    order: np.ndarray
    first: np.ndarray | None
    weight: np.ndarray | None
    total: int


@dataclass(frozen=True)
class GroupLayout:
    """The works of one item and level: ``rows`` in the works of the schedule, pots and shares (%) of its parts (cement last),
    names of random numbers, duration, what is left to do; ``owed``: the places of debts that a goal waits for."""

    level: str
    works: ItemWorks | None
    rows: np.ndarray
    pots: list[str]
    shares: list[float]
    keys: list[str]
    duration: dict[str, float]
    left: np.ndarray
    owed: np.ndarray


@dataclass(frozen=True)
class Waits:
    """The criteria of a level that no work meets: commune and column of each, its factor on the pace, names of random numbers."""

    at: np.ndarray
    column: np.ndarray
    factor: np.ndarray
    planned: np.ndarray
    keys: list[str]
    shared: list[str]


class Layout:
    """The arrays of a schedule."""

    def __init__(self, plan: Schedule) -> None:
        self.plan, tables = plan, plan.workbook.tables
        self.prices, self.envelopes = PriceList(plan.workbook), Envelopes(tables, plan.workbook.as_of)
        self.goal, self.tier = (plan.works[c].to_numpy(dtype=np.int64) for c in ("goal", "tier"))
        self.decisions = named(plan.goals["level"], plan.goals["code"])
        self.first = {}
        at = 0
        for level, works in plan.by_level.items():
            self.first[level], at = at, at + len(works)
        self.debts = plan.works.index[plan.works["level"] == "debt"].to_numpy()
        self.owed = np.rint(plan.works.loc[self.debts, "amount"].to_numpy(dtype=float) * THOUSAND).astype(np.int64)
        self.groups = [self._group(level, works) for level, works in self._items()]
        if len(self.debts):
            shares = self.prices.shares(DEBT)
            pots, parts = [pot for pot, _ in shares], [share for _, share in shares]
            nothing, owed = np.zeros(len(self.debts)), self._owed(self.debts)
            self.groups.append(GroupLayout("debt", None, self.debts, pots, parts, [], {}, nothing, owed))
        self.waits = {level: self._waits(level, found) for level, found in plan.missing.items()}
        self.slots = {level: self._slots(level, found) for level, found in plan.missing.items()}

    def by(self, plan: Schedule) -> "Layout":
        """The same works in the order of another policy."""
        made = copy(self)
        made.plan = plan
        made.__dict__.pop("lines", None)
        return made

    def repriced(self, plan: Schedule) -> "Layout":
        """The same works in the order of ``plan``, with the prices and the money of its workbook."""
        made = self.by(plan)
        made.prices, made.envelopes = PriceList(plan.workbook), Envelopes(plan.workbook.tables, plan.workbook.as_of)
        return made

    def _items(self):
        """The works of each level and item."""
        for level, found in self.plan.missing.items():
            for works in item_works(self.plan.workbook, self.plan.by_level[level], found.numbers):
                yield level, works

    def _group(self, level: str, works: ItemWorks) -> GroupLayout:
        rows, item = works.rows + self.first[level], works.item
        mine = self.plan.works.loc[rows]
        shares = self.prices.shares(item)
        pots = [pot for pot, _ in shares]
        if item in self.prices.cement:
            pots.append(self.prices.cement[item]["pot"])
        codes = self.plan.workbook.units["code"].reindex(mine["unit"])
        keys = named([level] * len(mine), codes, mine["criterion"], mine["work"])
        duration = self._durations[item]
        left, owed = mine["left"].to_numpy(), self._owed(rows)
        return GroupLayout(level, works, rows, pots, [s for _, s in shares], keys, duration, left, owed)

    def _owed(self, rows: np.ndarray) -> np.ndarray:
        """Which of these works are debts that a goal waits for, as places among them."""
        return np.flatnonzero((self.tier[rows] == 0) & (self.goal[rows] >= 0))

    @cached_property
    def _durations(self) -> dict[str, dict]:
        return self.plan.workbook.tables["durations"].set_index("item").to_dict("index")

    def _waits(self, level: str, found: Missing) -> Waits:
        plan, numbers, table = self.plan, found.numbers, self.plan.by_level[level]
        lacks = plan.expected > 0 if level == "ntm" else found.lacks[:, :, 0]
        open_ = np.concatenate([lacks, found.nameless.any(axis=1)[:, None], np.zeros((len(lacks), 1), dtype=bool)], axis=1)
        slot = _slot(table, numbers, level)
        open_[table["at"].to_numpy()[slot >= 0], slot[slot >= 0]] = False
        at, column = np.nonzero(open_)
        goals = plan.goals[plan.goals["level"] == level].reset_index(drop=True)
        criterion = np.append(numbers, 0)[column]
        rows = plan.workbook.tables["pace_factors"]
        factors = rows[rows["set"] == found.set_id].set_index("criterion")["factor"]
        factor = factors.reindex(criterion).fillna(1.0).to_numpy(dtype=float)
        planned = goals["planned"].to_numpy(dtype=bool)[at]
        keys = named([level] * len(at), goals["code"].to_numpy()[at], criterion)
        factor = np.where(planned, factor * plan.rules["pace_registered"], factor)
        return Waits(at, column, factor, planned, keys, named(goals["level"], goals["code"]))

    def _slots(self, level: str, found: Missing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of the works of a level in the order of (commune, criterion), where each pair begins, and its place among them."""
        table, width = self.plan.by_level[level], len(found.numbers) + 2
        slot, at = _slot(table, found.numbers, level), table["at"].to_numpy()
        counted = np.flatnonzero(slot >= 0)
        order = counted[np.lexsort([slot[counted], at[counted]])]
        key = at[order] * width + slot[order]
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, dtype=np.int64)
        return order + self.first[level], starts, key[starts]

    @cached_property
    def lines(self) -> list[Line]:
        """The queue of every pot instance that some work draws on."""
        plan, units = self.plan, self.plan.workbook.units
        place, unit = (plan.works[c].to_numpy() for c in ("place", "unit"))
        codes, districts = (units[c].reindex(unit).fillna("").tolist() for c in ("code", "district"))
        sharing = list(plan.weights)
        homes = [units[c].reindex(sharing).fillna("").tolist() for c in ("code", "district")]
        made = []
        for pot in dict.fromkeys(pot for group in self.groups for pot in group.pots):
            envelopes = plan.workbook.tables["envelopes"]
            instances = np.array(instances_of(pot, envelopes, codes, districts), dtype=object)
            drawing = instances_of(pot, envelopes, *homes)
            for name in dict.fromkeys(instances):
                pieces = [
                    (g, j, mine)
                    for g, group in enumerate(self.groups)
                    for j, other in enumerate(group.pots)
                    if other == pot and len(mine := np.flatnonzero(instances[group.rows] == name))
                ]
                if not pieces:
                    continue
                rows = np.concatenate([self.groups[g].rows[mine] for g, _, mine in pieces])
                if pot not in plan.split:
                    made.append(Line(name, pieces, np.argsort(place[rows], kind="stable"), None, None, 1))
                    continue
                order = np.lexsort([place[rows], unit[rows]])
                owners = unit[rows][order]
                starts = np.concatenate([[True], owners[1:] != owners[:-1]])
                first = np.flatnonzero(starts)[np.cumsum(starts) - 1]
                weight = np.array([plan.weights.get(u, 0) for u in owners])
                total = sum(plan.weights[u] for u, other in zip(sharing, drawing, strict=True) if other == name)
                made.append(Line(name, pieces, order, first, weight, total or 1))
        return made


def named(levels, codes, *more) -> list[str]:
    """Names of random numbers: the commune's code, with its level where that is a higher one, and what else they are about."""
    own = [code if level == "ntm" else f"{level}:{code}" for level, code in zip(levels, codes, strict=True)]
    return ["|".join([key, *map(str, rest)]) for key, *rest in zip(own, *more, strict=True)]


def _slot(table: pd.DataFrame, numbers: np.ndarray, level: str) -> np.ndarray:
    """The column of each work: its criterion's, then one for a criterion without a name, then one for works of no criterion
    of a higher level; -1 for a work that no criterion of NTM needs."""
    criterion = table["criterion"].to_numpy()
    other = len(numbers) + 1 if level != "ntm" else -1
    return np.where(criterion > 0, np.searchsorted(numbers, criterion), np.where(criterion == 0, len(numbers), other))

"""Worlds of a schedule: when money comes, what works cost and take, how long criteria wait; and what follows from paying in order.

Worlds are drawn in blocks; a block knows nothing of the others, so that neither the number of workers nor the size of a chunk
changes a byte.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from .missing import Missing, drawn_missing
from .money import instances_of, monthly_money
from .pace import drawn_hazard, waiting_months
from .queue import NEVER, end_months, paid_months, start_months
from .schedule import Schedule
from .trends import crossing_months
from .workbook import Workbook
from .works import DEBT, THOUSAND, Prices, drawn_works, split
from .worlds import pert, together, uniforms


@dataclass
class Group:
    """The works of one item and level in a block of worlds; arrays works x draws.

    ``rows``: numbers of the works; ``pots``: the pot of each part; ``claims``: what each part claims (thousand đồng, or tonnes); ``shares``: of the
    money parts, in %; ``worth``: money and value of the cement, None without; ``left``: months of work left; ``needed``: whether it claims anything.
    """

    rows: np.ndarray
    pots: list[str]
    claims: list[np.ndarray]
    shares: list[float]
    worth: tuple[np.ndarray, np.ndarray] | None
    left: np.ndarray
    needed: np.ndarray


@dataclass
class Worlds:
    """A block of worlds drawn for a schedule: all that does not depend on when money is paid.

    ``missing``: by level; ``waits``: by level int16, communes x (criteria, then a criterion without a name) x draws, the month a criterion
    without works is met, 0 where it is not missing; ``lag``: months from the year's end to the decision, goals x draws.
    """

    plan: Schedule
    draws: int
    missing: dict[str, Missing]
    groups: list[Group]
    money: dict[str, np.ndarray]
    waits: dict[str, np.ndarray]
    storm: np.ndarray
    lag: np.ndarray

    @cached_property
    def lines(self) -> list[tuple]:
        """Each pot instance's queue: (instance, pieces of groups, order, first of sub-pot, weight, total of the weights)."""
        plan, units = self.plan, self.plan.workbook.units
        envelopes = plan.workbook.tables["envelopes"]
        place, unit = plan.works["place"].to_numpy(), plan.works["unit"].to_numpy()
        codes, districts = (units[c].reindex(unit).fillna("").tolist() for c in ("code", "district"))
        made = []
        for pot in dict.fromkeys(pot for group in self.groups for pot in group.pots):
            names = np.array(instances_of(pot, envelopes, codes, districts), dtype=object)
            for name in dict.fromkeys(names):
                pieces = [
                    (g, j, mine)
                    for g, group in enumerate(self.groups)
                    for j, other in enumerate(group.pots)
                    if other == pot and len(mine := np.flatnonzero(names[group.rows] == name))
                ]
                if not pieces:
                    continue
                rows = np.concatenate([self.groups[g].rows[mine] for g, _, mine in pieces])
                first = weight = None
                order = np.argsort(place[rows], kind="stable")
                if pot in plan.split:
                    order = np.lexsort([place[rows], unit[rows]])
                    owners = unit[rows][order]
                    starts = np.concatenate([[True], owners[1:] != owners[:-1]])
                    first = np.flatnonzero(starts)[np.cumsum(starts) - 1]
                    weight = np.array([plan.weights.get(u, 0) for u in owners])
                total = sum(plan.weights.values()) or 1
                made.append((name, pieces, order, first, weight, total))
        return made

    def paid(
        self, factor: np.ndarray | float = 1.0, only: str = "", base: list[list[np.ndarray]] | None = None
    ) -> list[list[np.ndarray]]:
        """The month in which every part of every group is paid: int16, works x draws a part.

        ``factor``: money times this, a number or one a world; infinite pays at once. ``only``: of this one instance; the months of
        the others are those of ``base``.
        """
        if base is None:
            paid = [[np.zeros(claim.shape, dtype=np.int16) for claim in group.claims] for group in self.groups]
        else:
            touched = {(g, j) for line in self.lines if line[0] == only for g, j, _ in line[1]}
            paid = [
                [m.copy() if (g, j) in touched else m for j, m in enumerate(months)] for g, months in enumerate(base)
            ]
        everything = bool(np.isinf(factor).all())
        for name, pieces, order, first, weight, total in self.lines:
            if only and name != only:
                continue
            money = self.money.get(name)
            if money is None:
                money = np.zeros((self.draws, 0), dtype=np.int64)
            if everything:
                for g, j, mine in pieces:
                    paid[g][j][mine] = 0
                continue
            if np.any(factor != 1.0):
                money = np.floor(money * np.reshape(factor, (-1, 1))).astype(np.int64)
            claims = np.concatenate([self.groups[g].claims[j][mine] for g, j, mine in pieces])[order]
            months = np.empty(claims.shape, dtype=np.int16)
            # A unit without a weight (a debt of a commune without a goal) gets nothing of a pot that is split.
            done = paid_months(claims, money, first, None if weight is None else np.maximum(weight, 1), total)
            if weight is not None:
                done[(weight == 0)[:, None] & (claims > 0)] = NEVER
            months[order] = done
            at = 0
            for g, j, mine in pieces:
                paid[g][j][mine] = months[at : at + len(mine)]
                at += len(mine)
        return paid

    def criteria(self, paid: list[list[np.ndarray]] | None) -> dict[str, np.ndarray]:
        """The month in which each criterion is met, by level: int16, communes x (criteria, one without a name) x draws; 0 where it is not
        missing. Under ``debt``: the month in which each goal's debts are paid, goals x draws. Without ``paid`` all is paid at once."""
        plan, works = self.plan, self.plan.works
        ends = np.zeros((len(works), self.draws), dtype=np.int16)
        owed = np.zeros((len(plan.goals), self.draws), dtype=np.int16)
        goal, tier = works["goal"].to_numpy(), works["tier"].to_numpy()
        stop, wanted = int(plan.rules["storm_stop"]), plan.rules["start_share"]
        for g, group in enumerate(self.groups):
            start = last = np.int16(0)
            if paid and paid[g]:  # an item that names no pot costs nothing to anybody
                last = paid[g][0] if len(paid[g]) == 1 else np.maximum.reduce(paid[g])
                start = start_months(paid[g], group.shares, wanted, group.worth)
                for j in np.flatnonzero((tier[group.rows] == 0) & (goal[group.rows] >= 0)):
                    owed[goal[group.rows[j]]] = np.maximum(owed[goal[group.rows[j]]], last[j])
            ends[group.rows] = end_months(start, last, group.left, self.storm, stop) * group.needed
        made = {"debt": owed}
        for level, missing in self.missing.items():
            months = self.waits[level].copy()
            table = plan.by_level[level]
            if len(table):
                mine = ends[works["first"].eq(_first(works, level)).to_numpy() & works["level"].eq(level).to_numpy()]
                slot = _slots(table, missing.numbers, level)
                counted = np.flatnonzero(slot >= 0)
                order = counted[np.lexsort([slot[counted], table["at"].to_numpy()[counted]])]
                key = table["at"].to_numpy()[order] * months.shape[1] + slot[order]
                if len(key):
                    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
                    done = np.maximum.reduceat(mine[order], starts, axis=0)
                    flat = months.reshape(-1, self.draws)
                    flat[key[starts]] = np.maximum(flat[key[starts]], done)
            named = months[:, :-1]
            named *= np.broadcast_to(missing.lacks, named.shape)
            made[level] = months
        return made

    def goals(self, criteria: dict[str, np.ndarray]) -> np.ndarray:
        """The month in which each goal is reached: int16, goals x draws."""
        return np.maximum(np.concatenate([criteria[level].max(axis=1) for level in self.missing]), criteria["debt"])

    def signed(self, months: np.ndarray) -> np.ndarray:
        """The month in which each goal's decision is signed: the end of the year it is reached in, and the lag."""
        december = 12 - self.plan.workbook.as_of.month
        year_end = december + 12 * np.maximum(0, -(-(months.astype(np.int64) - december) // 12))
        return np.where(months >= NEVER, NEVER, year_end + self.lag).astype(np.int16)

    def latest(self, deadline: int, finish: str) -> np.ndarray:
        """The last month in which a goal may be reached to finish by ``deadline``: goals x draws."""
        if finish == "met":
            return np.full(self.lag.shape, deadline)
        december = 12 - self.plan.workbook.as_of.month
        return december + 12 * ((deadline - december - self.lag) // 12)


def _first(works: pd.DataFrame, level: str) -> int:
    mine = works.loc[works["level"] == level, "first"]
    return int(mine.iloc[0]) if len(mine) else -1


def _slots(table: pd.DataFrame, numbers: np.ndarray, level: str) -> np.ndarray:
    """The column of each work among the criteria; the last column for one without a name; -1 for a work that no criterion of NTM needs."""
    criterion = table["criterion"].to_numpy()
    slot = np.searchsorted(numbers, criterion)
    other = len(numbers) if level != "ntm" else -1
    return np.where(criterion > 0, slot, np.where(criterion == 0, len(numbers), other))


def draw_worlds(plan: Schedule, draws: int, seed: int, block: int = 0) -> Worlds:
    """``draws`` worlds of a schedule from ``block`` onwards (a block is :data:`~ntm_analysis.worlds.BLOCK` draws)."""
    workbook, rules = plan.workbook, plan.rules
    prices = Prices(workbook, workbook.as_of.year, draws, seed, block)
    missing = {"ntm": drawn_missing(plan.facts, draws, seed, block)}
    missing |= {
        level: replace(found, nameless=np.repeat(found.nameless, draws, axis=1))
        for level, found in plan.missing.items()
        if level != "ntm"
    }
    groups: list[Group] = []
    for level, found in missing.items():
        table, first = plan.by_level[level], _first(plan.works, level)
        wide = found if level == "ntm" else replace(found, lacks=np.repeat(found.lacks, draws, axis=2))
        for drawn in drawn_works(workbook, table, wide, prices) if len(table) else ():
            money = drawn.amount if drawn.value is None else drawn.amount - drawn.value
            parts = split(money, prices.shares(drawn.item))
            pots, claims, worth = [pot for pot, _ in parts], [claim for _, claim in parts], None
            if drawn.tonnes is not None:
                pots, claims = [*pots, prices.cement_pot(drawn.item)], [*claims, drawn.tonnes]
                worth = (money, drawn.value)
            shares = [share for _, share in prices.shares(drawn.item)]
            left = _time_left(plan, level, drawn.item, table.iloc[drawn.rows], draws, seed, block)
            groups.append(Group(drawn.rows + first, pots, claims, shares, worth, left, drawn.amount > 0))
    debts = plan.works[plan.works["level"] == "debt"]
    if len(debts):
        owed = np.repeat(np.rint(debts["amount"].to_numpy() * THOUSAND).astype(np.int64)[:, None], draws, axis=1)
        parts = split(owed, prices.shares(DEBT))
        pots, claims = [pot for pot, _ in parts], [claim for _, claim in parts]
        shares, nothing = [share for _, share in prices.shares(DEBT)], np.zeros(owed.shape, dtype=np.int16)
        groups.append(Group(debts.index.to_numpy(), pots, claims, shares, None, nothing, owed > 0))
    money = monthly_money(
        workbook.tables, workbook.as_of, _last_month(workbook), prices.index, rules["correlation_money"] / 100, draws, seed, block
    )  # fmt: skip
    waits = {level: _waits(plan, level, found, draws, seed, block) for level, found in missing.items()}
    keys = _keys(plan.goals["level"], plan.goals["code"])
    lag = uniforms(seed, "decision", keys, draws, block)
    lag = np.rint(pert(lag, *(rules[f"decision_{end}"] for end in ("low", "mode", "high")))).astype(np.int64)
    return Worlds(plan, draws, missing, groups, money, waits, _storm(plan, draws, seed, block), lag)


def _last_month(workbook: Workbook) -> int:
    """How many months money can still come in: to the end of the year after the last envelope's, and as late as the latest delay."""
    rows = workbook.tables["envelopes"]
    if rows.empty:
        return 0
    last = int(rows["year"].max()) + (1 if (rows["carried"] == "yes").any() else 0)
    return max(
        0, (last - workbook.as_of.year + 1) * 12 - workbook.as_of.month + int(rows["delay_high"].fillna(0).max())
    )


def _keys(levels, codes, *more) -> list[str]:
    """Names of random numbers: the commune's code, with its level where that is a higher one, and what else they are about."""
    own = [code if level == "ntm" else f"{level}:{code}" for level, code in zip(levels, codes, strict=True)]
    return ["|".join([key, *map(str, rest)]) for key, *rest in zip(own, *more, strict=True)]


def _time_left(
    plan: Schedule, level: str, item: str, works: pd.DataFrame, draws: int, seed: int, block: int
) -> np.ndarray:
    """The whole months of work left of each work of an item: its time, the months it stands still, less what is done."""
    row = plan.workbook.tables["durations"].set_index("item").loc[item]
    codes = plan.workbook.units["code"].reindex(works["unit"])
    keys = _keys([level] * len(works), codes, works["criterion"], works["work"])
    shared = uniforms(seed, "duration together", [""], draws, block)[0]
    u = together(uniforms(seed, "duration", keys, draws, block), shared, plan.rules["correlation_works"] / 100)
    months = np.rint(pert(u, row["low"], row["mode"], row["high"]))
    if row["stall"] > 0:
        months += row["stall_months"] * (uniforms(seed, "stall", keys, draws, block) < row["stall"] / 100)
    # 10 months of which 40 % are left are 4 months, whatever the last bit of the product says.
    return np.ceil(months * works["left"].to_numpy()[:, None] - 1e-9).astype(np.int16)


def _waits(plan: Schedule, level: str, missing: Missing, draws: int, seed: int, block: int) -> np.ndarray:
    """The month in which each missing criterion without works is met."""
    numbers, table = missing.numbers, plan.by_level[level]
    months = np.zeros((len(missing.units), len(numbers) + 1, draws), dtype=np.int16)
    lacks = (plan.expected > 0) if level == "ntm" else missing.lacks[:, :, 0]
    open_ = np.concatenate([lacks, missing.nameless.any(axis=1)[:, None]], axis=1)
    slot = _slots(table, numbers, level)
    open_[table["at"].to_numpy()[slot >= 0], slot[slot >= 0]] = False
    at, column = np.nonzero(open_)
    if not len(at):
        return months
    goals = plan.goals[plan.goals["level"] == level].reset_index(drop=True)
    criterion = np.append(numbers, 0)[column]
    rows = plan.workbook.tables["pace_factors"]
    factor = (
        rows[rows["set"] == missing.set_id].set_index("criterion")["factor"].reindex(criterion).fillna(1.0).to_numpy()
    )
    planned = goals["planned"].to_numpy()[at]
    factor = np.where(planned, factor * plan.rules["pace_registered"], factor)[:, None]
    if level == "ntm":
        lost = missing.lost[at, column] & ~planned[:, None]
        factor = np.where(lost, factor * plan.rules["pace_regained"], factor)
    hazard = drawn_hazard(uniforms(seed, "pace", [""], draws, block)[0], plan.pace)
    own = uniforms(seed, "wait", _keys([level] * len(at), goals["code"].to_numpy()[at], criterion), draws, block)
    shared = uniforms(seed, "wait together", _keys(goals["level"], goals["code"]), draws, block)[at]
    u = together(own, shared, plan.rules["correlation_commune"] / 100)
    months[at, column] = waiting_months(u, hazard * factor)
    if level == "ntm" and len(plan.trends):
        _follow_trends(plan, months, set(zip(at, criterion, strict=True)), draws, seed, block)
    return months


def _follow_trends(plan: Schedule, months: np.ndarray, waiting: set, draws: int, seed: int, block: int) -> None:
    """Put the month in which its own trend crosses the threshold in the place of the wait, where a criterion has a trend."""
    codes = dict(enumerate(plan.facts.codes))
    for (at, criterion), tests in plan.trends.groupby(["at", "criterion"]):
        if (at, criterion) in waiting:
            u = uniforms(seed, "trend", [f"{codes[at]}|{criterion}"], draws, block)[0]
            growth = pert(u, *(plan.rules[f"trend_{end}"] / 100 for end in ("low", "mode", "high")))
            found = [
                crossing_months(test["lacks"], test["slope"] * growth, test["since"], plan.workbook.as_of.month)
                for test in tests.to_dict("records")
            ]
            months[at, np.searchsorted(plan.facts.numbers, criterion)] = np.maximum.reduce(found)


def _storm(plan: Schedule, draws: int, seed: int, block: int) -> np.ndarray:
    """The last month before the bad storm of each world; :data:`NEVER` in a world without one."""
    as_of, rules = plan.workbook.as_of, plan.rules
    years = range(as_of.year, as_of.year + 1 + max(1, _last_month(plan.workbook) // 12 + 1))
    storm = np.full(draws, NEVER, dtype=np.int64)
    for year in reversed(years):
        before = (year - as_of.year) * 12 + int(rules["storm_month"]) - as_of.month - 1
        if before >= 0:
            storm[uniforms(seed, "storm", [str(year)], draws, block)[0] < rules["storm_chance"] / 100] = before
    return storm

"""Worlds of a schedule: when money comes, what works cost and take, how long criteria wait; and what follows from paying in
order.

Worlds are drawn in blocks; a block knows nothing of the others, so that neither the number of workers nor the size of a chunk
changes a byte.
"""

from dataclasses import dataclass, replace

import numpy as np

from .layout import GroupLayout, Layout
from .need.draws import MEANS, pert, together, uniforms
from .need.missing import Missing, drawn_missing, usual_missing
from .need.money import monthly_money
from .need.works import DEBT, Prices, drawn_works, split
from .pace import drawn_hazard, waiting_months
from .queue import NEVER, end_months, paid_months, start_months
from .trends import crossing_months


@dataclass
class Group:
    """The works of one item and level in a block of worlds; arrays works x draws.

    ``claims``: what each part claims (thousand đồng, or tonnes); ``worth``: money and value of the cement, None without;
    ``left``: months of work left; ``needed``: whether it claims anything.
    """

    claims: list[np.ndarray]
    worth: tuple[np.ndarray, np.ndarray] | None
    left: np.ndarray
    needed: np.ndarray


@dataclass
class Worlds:
    """A block of worlds drawn for a schedule: all that does not depend on when money is paid.

    ``missing``: by level; ``waits``: by level int16, communes x (criteria, one without a name, works of none) x draws, the
    month a criterion without works is met, 0 where it is not missing; ``lag``: months from the year's end to the decision,
    goals x draws.
    """

    layout: Layout
    draws: int
    missing: dict[str, Missing]
    groups: list[Group]
    money: dict[str, np.ndarray]
    waits: dict[str, np.ndarray]
    storm: np.ndarray
    lag: np.ndarray

    def paid(
        self, factor: np.ndarray | float = 1.0, only: str = "", base: list[list[np.ndarray]] | None = None
    ) -> list[list[np.ndarray]]:
        """The month in which every part of every group is paid: int16, works x draws a part.

        ``factor``: money times this, a number or one a world; infinite pays at once. ``only``: of this one instance; the
        months of the others are those of ``base``.
        """
        lines = [line for line in self.layout.lines if only in ("", line.instance)]
        if base is None:
            paid = [[np.zeros(claim.shape, dtype=np.int16) for claim in group.claims] for group in self.groups]
        else:
            touched = {(g, j) for line in lines for g, j, _ in line.pieces}
            paid = [[m.copy() if (g, j) in touched else m for j, m in enumerate(months)] for g, months in enumerate(base)]
        everything = bool(np.isinf(factor).all())
        for line in lines:
            if everything:
                for g, j, mine in line.pieces:
                    paid[g][j][mine] = 0
                continue
            money = self.money.get(line.instance)
            money = np.zeros((self.draws, 0), dtype=np.int64) if money is None else money
            if np.any(factor != 1.0):
                money = np.floor(money * np.reshape(factor, (-1, 1))).astype(np.int64)
            claims = np.empty((len(line.order), self.draws), dtype=np.int64)
            places, at = np.argsort(line.order), 0
            for g, j, mine in line.pieces:
                claims[places[at : at + len(mine)]] = self.groups[g].claims[j][mine]
                at += len(mine)
            # A unit without a weight (a debt of a commune without a goal) gets nothing of a pot that is split.
            weight = None if line.weight is None else np.maximum(line.weight, 1)
            done = paid_months(claims, money, line.first, weight, line.total)
            if line.weight is not None:
                done[(line.weight == 0)[:, None] & (claims > 0)] = NEVER
            at = 0
            for g, j, mine in line.pieces:
                paid[g][j][mine] = done[places[at : at + len(mine)]]
                at += len(mine)
        return paid

    def criteria(self, paid: list[list[np.ndarray]] | None) -> dict[str, np.ndarray]:
        """The month in which each criterion is met, by level: int16, communes x (criteria, one without a name, works of
        none) x draws; 0 where it is not missing. Under ``debt``: the month in which each goal's debts are paid, goals x
        draws. Without ``paid`` all is paid at once."""
        layout, rules = self.layout, self.layout.plan.rules
        ends = np.zeros((len(layout.goal), self.draws), dtype=np.int16)
        owed = np.zeros(self.lag.shape, dtype=np.int16)
        stop, wanted = int(rules["storm_stop"]), rules["start_share"]
        for g, (group, fixed) in enumerate(zip(self.groups, layout.groups, strict=True)):
            start = last = np.int16(0)
            if paid and paid[g]:  # an item that names no pot costs nothing to anybody
                last = paid[g][0] if len(paid[g]) == 1 else np.maximum.reduce(paid[g])
                start = start_months(paid[g], fixed.shares, wanted, group.worth)
                for j in fixed.owed:
                    goal = layout.goal[fixed.rows[j]]
                    owed[goal] = np.maximum(owed[goal], last[j])
            ends[fixed.rows] = end_months(start, last, group.left, self.storm, stop) * group.needed
        made = {"debt": owed}
        for level, missing in self.missing.items():
            months = self.waits[level].copy()
            order, starts, place = layout.slots[level]
            if len(order):
                flat = months.reshape(-1, self.draws)
                flat[place] = np.maximum(flat[place], np.maximum.reduceat(ends[order], starts, axis=0))
            if level == "ntm":  # a higher goal needs all its works, whatever their criterion
                months[:, :-2] *= missing.lacks
            made[level] = months
        return made

    def goals(self, criteria: dict[str, np.ndarray]) -> np.ndarray:
        """The month in which each goal is reached: int16, goals x draws."""
        return np.maximum(np.concatenate([criteria[level].max(axis=1) for level in self.missing]), criteria["debt"])

    def signed(self, months: np.ndarray) -> np.ndarray:
        """The month in which each goal's decision is signed: the end of the year it is reached in, and the lag."""
        december = 12 - self.layout.plan.workbook.as_of.month
        year_end = december + 12 * np.maximum(0, -(-(months.astype(np.int64) - december) // 12))
        return np.where(months >= NEVER, NEVER, year_end + self.lag).astype(np.int16)

    def latest(self, deadline: int, finish: str) -> np.ndarray:
        """The last month in which a goal may be reached to finish by ``deadline``: goals x draws."""
        if finish == "met":
            return np.full(self.lag.shape, deadline, dtype=np.int16)
        december = 12 - self.layout.plan.workbook.as_of.month
        return (december + 12 * ((deadline - december - self.lag) // 12)).astype(np.int16)


def draw_worlds(layout: Layout, draws: int, seed: int | None, block: int = 0) -> Worlds:
    """``draws`` worlds of a schedule from ``block`` onwards (a block is :data:`~ntm_analysis.need.draws.BLOCK` draws).

    With :data:`~ntm_analysis.need.draws.MEANS` in the place of a seed: the central case, the most probable missing criteria, all
    else at its mean, and criteria without works met at once (when they are met is for the forecast to say).
    """
    plan, rules = layout.plan, layout.plan.rules
    prices = Prices(layout.prices, plan.workbook.as_of.year, draws, seed, block)
    missing = {"ntm": usual_missing(plan.facts) if seed is MEANS else drawn_missing(plan.facts, draws, seed, block)}
    missing |= {
        level: replace(found, nameless=np.repeat(found.nameless, draws, axis=1))
        for level, found in plan.missing.items()
        if level != "ntm"
    }
    groups = []
    for level, found in missing.items():
        wide = found if level == "ntm" else replace(found, lacks=np.repeat(found.lacks, draws, axis=2))
        mine = [group for group in layout.groups if group.level == level]
        for group, drawn in zip(mine, drawn_works([g.works for g in mine], wide, prices), strict=True):
            money = drawn.amount if drawn.value is None else drawn.amount - drawn.value
            claims = [claim for _, claim in split(money, layout.prices.shares(drawn.item))]
            worth = None
            if drawn.tonnes is not None:
                claims, worth = [*claims, drawn.tonnes], (money, drawn.value)
            groups.append(Group(claims, worth, _time_left(group, rules, draws, seed, block), drawn.amount > 0))
    if len(layout.debts):
        owed = np.repeat(layout.owed[:, None], draws, axis=1)
        claims = [claim for _, claim in split(owed, layout.prices.shares(DEBT))]
        groups.append(Group(claims, None, np.zeros(owed.shape, dtype=np.int16), owed > 0))
    money = monthly_money(layout.envelopes, prices.index, rules["correlation_money"] / 100, draws, seed, block)
    waits = {level: _waits(layout, level, found, draws, seed, block) for level, found in missing.items()}
    lag = uniforms(seed, "decision", layout.decisions, draws, block)
    lag = np.rint(pert(lag, *(rules[f"decision_{end}"] for end in ("low", "mode", "high")))).astype(np.int16)
    return Worlds(layout, draws, missing, groups, money, waits, _storm(layout, draws, seed, block), lag)


def _time_left(group: GroupLayout, rules: dict[str, float], draws: int, seed: int | None, block: int) -> np.ndarray:
    """The whole months of work left of each work of an item: its time, the months it stands still, less what is done."""
    time = group.duration
    shared = uniforms(seed, "duration together", [""], draws, block)[0]
    u = together(uniforms(seed, "duration", group.keys, draws, block), shared, rules["correlation_works"] / 100)
    months = np.rint(pert(u, time["low"], time["mode"], time["high"]))
    if seed is MEANS:
        months = np.rint(months + time["stall_months"] * time["stall"] / 100)
    elif time["stall"] > 0:
        months += time["stall_months"] * (uniforms(seed, "stall", group.keys, draws, block) < time["stall"] / 100)
    # 10 months of which 40 % are left are 4 months, whatever the last bit of the product says.
    return np.ceil(months * group.left[:, None] - 1e-9).astype(np.int16)


def _waits(layout: Layout, level: str, missing: Missing, draws: int, seed: int | None, block: int) -> np.ndarray:
    """The month in which each missing criterion without works is met."""
    plan, fixed = layout.plan, layout.waits[level]
    months = np.zeros((len(missing.units), len(missing.numbers) + 2, draws), dtype=np.int16)
    if seed is MEANS or not len(fixed.at):
        return months
    factor = fixed.factor[:, None]
    if level == "ntm":
        lost = missing.lost[fixed.at, fixed.column] & ~fixed.planned[:, None]
        factor = factor * np.where(lost, plan.rules["pace_regained"], 1.0)
    hazard = drawn_hazard(uniforms(seed, "pace", [""], draws, block)[0], plan.pace.hazard, plan.pace.sigma)
    own = uniforms(seed, "wait", fixed.keys, draws, block)
    shared = uniforms(seed, "wait together", fixed.shared, draws, block)[fixed.at]
    u = together(own, shared, plan.rules["correlation_commune"] / 100)
    months[fixed.at, fixed.column] = waiting_months(u, hazard * factor)
    if level == "ntm" and len(plan.trends):
        _follow_trends(layout, months, draws, seed, block)
    return months


def _follow_trends(layout: Layout, months: np.ndarray, draws: int, seed: int, block: int) -> None:
    """Put the month in which its own trend crosses the threshold in the place of the wait, where a criterion has a trend."""
    plan, fixed = layout.plan, layout.waits["ntm"]
    waiting = set(zip(fixed.at, plan.facts.numbers[np.minimum(fixed.column, len(plan.facts.numbers) - 1)], strict=True))
    for (at, criterion), tests in plan.trends.groupby(["at", "criterion"]):
        if (at, criterion) in waiting:
            u = uniforms(seed, "trend", [f"{plan.facts.codes[at]}|{criterion}"], draws, block)[0]
            growth = pert(u, *(plan.rules[f"trend_{end}"] / 100 for end in ("low", "mode", "high")))
            found = [
                crossing_months(test["lacks"], test["slope"] * growth, test["since"], plan.workbook.as_of.month)
                for test in tests.to_dict("records")
            ]
            months[at, np.searchsorted(plan.facts.numbers, criterion)] = np.maximum.reduce(found)


def _storm(layout: Layout, draws: int, seed: int | None, block: int) -> np.ndarray:
    """The last month before the bad storm of each world; :data:`NEVER` in a world without one."""
    as_of, rules = layout.plan.workbook.as_of, layout.plan.rules
    storm = np.full(draws, NEVER, dtype=np.int16)
    for year in range(as_of.year + 2 + layout.envelopes.months // 12, as_of.year - 1, -1):
        before = (year - as_of.year) * 12 + int(rules["storm_month"]) - as_of.month - 1
        if before >= 0:
            storm[uniforms(seed, "storm", [str(year)], draws, block)[0] < rules["storm_chance"] / 100] = before
    return storm

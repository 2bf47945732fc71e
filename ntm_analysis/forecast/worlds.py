"""Worlds drawn for a schedule: what each goal lacks, costs and takes, and what money comes when.

Worlds come in blocks; a block knows nothing of the others, so that neither the number of workers
nor the size of a chunk changes a byte. Money is whole thousand dong in float64, which is exact.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..need.draws import MEANS, pert, together, uniforms
from ..need.missing import Missing, drawn_missing, usual_missing
from ..need.money import envelopes_from, instance, instances_of, monthly_money
from ..need.pot_sets import CEMENT_PART, pot_sets
from ..need.works import (
    DEBT,
    THOUSAND,
    PriceList,
    Prices,
    by_item,
    drawn_works,
    newest_debts,
)
from .yearly_list import COMMITTED, Schedule, weights

QUARTER = 3  # months between the moments at which it is asked what has been paid


@dataclass(frozen=True)
class ItemTable:
    """The works of one item and level: what is the same in every world.

    Attributes
    ----------
    works : DataFrame
        Their rows.
    goal, holder : ndarray of int
        By work the goal that needs it, -1 where none does; the first goal of its commune.
    committed : ndarray of bool
        Paid before all others.
    left : ndarray of float
        The part of the work that is still to be done, 0..1.
    keys : list of str
        Names of random numbers.
    """

    level: str
    works: pd.DataFrame
    goal: np.ndarray
    holder: np.ndarray
    committed: np.ndarray
    left: np.ndarray
    keys: list[str]


class Layout:
    """The arrays of a schedule from which worlds are drawn.

    Attributes
    ----------
    sets : PotSets
        The pot sets that can keep works from being paid.
    own : list of int
        Positions of pots that are split, or held by communes for themselves.
    marks : list of int
        Months after the as-of month at which it is asked what has been paid, in order.
    """

    def __init__(self, plan: Schedule) -> None:
        workbook = plan.workbook
        self.plan = plan
        self.prices = PriceList(workbook)
        rows = usual_beyond(workbook.tables["envelopes"], plan.end_of(plan.spans[-1].last).year)
        tables = workbook.tables | {"envelopes": rows}
        self._envelopes = rows
        self.envelopes = envelopes_from(tables, workbook.as_of)
        self.weights, self.split = weights(plan)
        codes = workbook.communes["code"]
        self.instances = {
            pot: instances_of(pot, rows, workbook.communes)
            for pot in workbook.tables["pots"]["pot"]
        }
        # Where some communes hold a pot for themselves and others share it, all of it is common.
        held = {
            pot
            for pot, names in self.instances.items()
            if all(name == instance(pot, code) for name, code in zip(names, codes, strict=True))
        } & set(rows["pot"])
        self.sets = pot_sets(workbook.tables, own=held | self.split)
        self.own = [i for i, pot in enumerate(self.sets.pots) if pot in held | self.split]
        # By goal the first goal of its commune, which holds the commune's own pots.
        first = plan.goals.drop_duplicates("unit").reset_index().set_index("unit")["index"]
        self.holder = plan.goals["unit"].map(first).to_numpy(dtype=np.int64)
        self.items = [
            self._item(level, works)
            for level in plan.missing
            for works in by_item(plan.works[level])
        ]

    @cached_property
    def marks(self) -> list[int]:
        months = {0}
        for span in self.plan.spans:
            months |= {*range(span.last, span.first, -QUARTER), span.first}
        return sorted(months)

    @cached_property
    def decisions(self) -> list[str]:
        """Names of the random numbers of goals."""
        return named(self.plan.goals["level"], self.plan.goals["code"])

    @cached_property
    def debts(self) -> pd.DataFrame:
        """Construction debts still owed: unit, amount (thousand dong)."""
        workbook = self.plan.workbook
        rows = newest_debts(workbook)
        rows = rows[rows["unit"].isin(workbook.communes.index) & (rows["amount"] > 0)]
        owed = np.rint(rows["amount"].to_numpy(dtype=float) * THOUSAND)
        return pd.DataFrame({"unit": rows["unit"].to_numpy(), "amount": owed}, dtype=float)

    def _item(self, level: str, rows: pd.DataFrame) -> ItemTable:
        plan = self.plan
        goals = plan.goals[plan.goals["level"] == level]
        number = dict(zip(goals["unit"], goals.index, strict=True))
        goal = rows["unit"].map(number).to_numpy(dtype=np.int64)
        holder = self.holder[goal]
        if level == "ntm":  # no criterion of NTM needs a work of none
            goal = np.where(rows["criterion"] >= 0, goal, -1)
        committed = rows["committed"].isin(COMMITTED).to_numpy()
        codes = plan.workbook.units["code"].reindex(rows["unit"])
        keys = named([level] * len(rows), codes, rows["criterion"], rows["work"])
        return ItemTable(level, rows, goal, holder, committed, rows["left"].to_numpy(), keys)

    @cached_property
    def durations(self) -> dict[str, dict[str, float]]:
        """By item: low, mode, high (months), stall (%), stall_months."""
        return self.plan.workbook.tables["durations"].set_index("item").to_dict("index")

    def yearly_money(self) -> dict[int, float]:
        """What the envelopes of each year promise, cement at its usual price; million dong.

        Years beyond those entered have the money of the last; credit, which pays no works, is none.
        """
        pots = self.plan.workbook.tables["pots"].set_index("pot")
        rows, measure = self._envelopes, pots["measure"]
        rows = rows[rows["pot"].map(pots["fund"]) != "tin_dung"]
        price = self.prices.costs.get("xi-mang")
        usual = (price["low"] + 4 * price["mode"] + price["high"]) / 6 if price else 0.0
        worth = rows["amount"] * np.where(rows["pot"].map(measure) == "cement", usual, 1.0)
        sums = worth.groupby(rows["year"].astype(int)).sum()
        return {int(year): float(value) for year, value in sums.items()}


def usual_beyond(envelopes: pd.DataFrame, until: int) -> pd.DataFrame:
    """The envelopes, and for years that nobody has entered up to ``until`` those of the last year.

    What is not entered is not nought: that money goes on as before is the assumption.
    """
    if envelopes.empty:
        return envelopes
    last = int(envelopes["year"].max())
    newest = envelopes[envelopes["year"] == last]
    more = [newest.assign(year=year, mark="assumed") for year in range(last + 1, until + 1)]
    return pd.concat([envelopes, *more], ignore_index=True) if more else envelopes


@dataclass
class Block:
    """A block of worlds: all that does not depend on who is listed.

    Attributes
    ----------
    draws : int
    lacks : ndarray of bool
        NTM goals x criteria x draws.
    count : ndarray of int16
        Criteria that each goal lacks, goals x draws.
    cost : ndarray of float64
        Goals x kinds of cost x draws, thousand dong; what is committed is not in it.
    committed : ndarray of float64
        Kinds of cost x draws, thousand dong: paid before all lists.
    own_committed : ndarray of float64 or None
        Goals x kinds of cost x draws: the same of communes with pots of their own, at the first
        goal of each; then ``committed`` holds what communes without a goal have committed.
    months : ndarray of int16
        How long a goal's works take once paid, goals x draws.
    money : ndarray of float64
        Pots x marks x draws, thousand dong come by each mark.
    own_money : ndarray of float64 or None
        Goals x own pots x marks x draws.
    lag : ndarray of int16
        Months from a year's end to the decision, goals x draws.
    """

    draws: int
    lacks: np.ndarray
    count: np.ndarray
    cost: np.ndarray
    committed: np.ndarray
    own_committed: np.ndarray | None
    months: np.ndarray
    money: np.ndarray
    own_money: np.ndarray | None
    lag: np.ndarray


def draw_block(layout: Layout, draws: int, seed: int | None, block: int = 0) -> Block:
    """``draws`` worlds from ``block`` onwards.

    With :data:`~ntm_analysis.need.draws.MEANS` in the place of a seed: the central case, the most
    probable missing criteria and all else at its mean.
    """
    plan = layout.plan
    prices = Prices(layout.prices, plan.workbook.as_of.year, draws, seed, block)
    missing = _missing(plan, draws, seed, block)
    kinds = {kind: i for i, kind in enumerate(layout.sets.kinds)}
    goals = len(plan.goals)
    cost = np.zeros((goals, len(kinds), draws))
    committed = np.zeros((len(kinds), draws))
    own_committed = np.zeros_like(cost) if layout.own else None
    months = np.zeros((goals, draws), dtype=np.int16)
    for level, lacks in missing.items():
        mine = [item for item in layout.items if item.level == level]
        drawn = drawn_works([item.works for item in mine], lacks, prices)
        for item, works in zip(mine, drawn, strict=True):
            value = works.value
            parts = {works.item: works.amount if value is None else works.amount - value}
            if value is not None:
                parts[works.item + CEMENT_PART] = value
            free = ~item.committed & (item.goal >= 0)
            for kind, amount in parts.items():
                if kind in kinds:  # what no pot may pay costs nothing to anybody
                    np.add.at(cost[:, kinds[kind]], item.goal[free], amount[free])
                    owed, holder = amount[item.committed], item.holder[item.committed]
                    if own_committed is None:
                        committed[kinds[kind]] += owed.sum(axis=0)
                    else:
                        np.add.at(own_committed[:, kinds[kind]], holder, owed)
            left = _months_left(item, layout, works.amount > 0, draws, seed, block)
            needed = item.goal >= 0
            np.maximum.at(months, item.goal[needed], left[needed])
    if DEBT in kinds:
        for unit, amount in layout.debts.to_numpy():
            holder = layout.holder[(plan.goals["unit"] == unit).to_numpy()]
            if own_committed is None or not len(holder):
                committed[kinds[DEBT]] += amount
            else:
                own_committed[holder[0], kinds[DEBT]] += amount
    money, own_money = _money(layout, prices, draws, seed, block)
    counts = [lacks.lacks.sum(axis=1) + lacks.nameless for lacks in missing.values()]
    lag = uniforms(seed, "decision", layout.decisions, draws, block)
    ends = (plan.rules[f"decision_{end}"] for end in ("low", "mode", "high"))
    return Block(
        draws,
        missing["ntm"].lacks,
        np.concatenate(counts).astype(np.int16),
        cost,
        committed,
        own_committed,
        months,
        money,
        own_money,
        np.rint(pert(lag, *ends)).astype(np.int16),
    )


def _missing(plan: Schedule, draws: int, seed: int | None, block: int) -> dict[str, Missing]:
    """What goals lack in each world, by level; of higher levels one world stands for all."""
    drawn = {}
    for level, lacks in plan.missing.items():
        if level == "ntm":
            central = seed is MEANS
            facts = plan.facts
            drawn[level] = (
                usual_missing(facts) if central else drawn_missing(facts, draws, seed, block)
            )
        else:
            drawn[level] = replace(
                lacks,
                lacks=np.repeat(lacks.lacks, draws, axis=2),
                nameless=np.repeat(lacks.nameless, draws, axis=1),
            )
    return drawn


def _months_left(
    item: ItemTable, layout: Layout, needed: np.ndarray, draws: int, seed: int | None, block: int
) -> np.ndarray:
    """Whole months each work still takes, standstills included: int16, works x draws."""
    time, rules = layout.durations[item.works["item"].iloc[0]], layout.plan.rules
    shared = uniforms(seed, "duration together", [""], draws, block)[0]
    own = uniforms(seed, "duration", item.keys, draws, block)
    u = together(own, shared, rules["correlation_works"] / 100)
    months = np.rint(pert(u, time["low"], time["mode"], time["high"]))
    if seed is MEANS:
        months = np.rint(months + time["stall_months"] * time["stall"] / 100)
    elif time["stall"] > 0:
        stalls = uniforms(seed, "stall", item.keys, draws, block) < time["stall"] / 100
        months += time["stall_months"] * stalls
    # 10 months of which 40 % are left are 4 months, whatever the last bit of the product says.
    left = np.ceil(months * item.left[:, None] - 1e-9)
    return (left * needed).astype(np.int16)


def _money(
    layout: Layout, prices: Prices, draws: int, seed: int | None, block: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Money come by each mark, of shared pots and of each goal's own; thousand dong."""
    plan, marks = layout.plan, np.array(layout.marks)
    correlation = plan.rules["correlation_money"] / 100
    monthly = monthly_money(
        layout.envelopes, plan.workbook.as_of, prices.index, correlation, draws, seed, block
    )
    measure = plan.workbook.tables["pots"].set_index("pot")["measure"]

    def come(name: str, pot: str) -> np.ndarray:
        months = monthly.get(name)
        if months is None or not months.shape[1]:
            return np.zeros((len(marks), draws))
        padded = np.concatenate([np.zeros((draws, 1)), months], axis=1)
        by_mark = padded[:, np.minimum(marks, months.shape[1])].T
        return np.floor(by_mark * prices.cement) if measure[pot] == "cement" else by_mark

    money = np.zeros((len(layout.sets.pots), len(marks), draws))
    for p, pot in enumerate(layout.sets.pots):
        if p not in layout.own:
            for name in dict.fromkeys(layout.instances[pot]):
                money[p] += come(name, pot)
    if not layout.own:
        return money, None
    place = {unit: i for i, unit in enumerate(plan.workbook.communes.index)}
    own = np.zeros((len(plan.goals), len(layout.own), len(marks), draws))
    for j, p in enumerate(layout.own):
        pot = layout.sets.pots[p]
        served = {unit: layout.instances[pot][i] for unit, i in place.items()}
        of: dict[str, float] = {}  # the weights of all that draw on the same money
        for unit, weight in layout.weights.items():
            of[served[unit]] = of.get(served[unit], 0.0) + weight
        for g, unit in enumerate(plan.goals["unit"]):
            name = served[unit]
            part = layout.weights[unit] / of[name] if pot in layout.split else 1.0
            own[g, j] = np.floor(come(name, pot) * part)
    return money, own


def named(levels, codes, *more) -> list[str]:
    """Names of random numbers: the commune's code, with its level where that is a higher one.

    >>> named(["ntm", "advanced"], ["17731", "17731"])
    ['17731', 'advanced:17731']
    """
    own = [c if level == "ntm" else f"{level}:{c}" for level, c in zip(levels, codes, strict=True)]
    return ["|".join([key, *map(str, rest)]) for key, *rest in zip(own, *more, strict=True)]

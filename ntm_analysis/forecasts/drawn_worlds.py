"""Worlds drawn for a schedule: what each goal lacks, costs and takes, and what money comes when.

Worlds come in blocks; a block knows nothing of the others, so that neither the number of workers
nor the size of a chunk changes a byte. Money is whole thousand dong in float64, which is exact.
"""

from collections import namedtuple
from functools import cached_property

import numpy as np
import pandas as pd
from pandas import DataFrame

from ..data import CEMENT
from ..needs import (
    CEMENT_PART,
    DEBT,
    MEANS,
    THOUSAND,
    PriceList,
    Prices,
    drawn_missing,
    drawn_works,
    envelopes_from,
    instances_of,
    monthly_money,
    newest_debts,
    pert,
    pert_mean,
    pot_instance,
    pot_sets,
    together,
    usual_missing,
)
from .yearly_list import COMMITTED, Schedule, split_pots, weights

QUARTER = 3  # months between the moments at which it is asked what has been paid


class Layout:
    """The arrays of a schedule from which worlds are drawn.

    Attributes
    ----------
    schedule : Schedule
    prices : PriceList
    envelopes : DataFrame
        What each pot brings from the as-of month on, see
        :func:`ntm_analysis.needs.pot_money.envelopes_from`; beyond the last year entered as in
        that year.
    instances : DataFrame
        Which instance of each pot a commune draws on: by unit, pots in columns.
    first : Series of int
        The first goal of each unit, which holds its own pots; nought for all without such pots.
    holder : ndarray of int
        The same by goal.
    sets : PotSets
        The pot sets that can keep works from being paid.
    cells : int
        Kinds x goals + 1, the size of one world's costs.
    own_pots : list of int
        Positions of pots that are split, or held by communes for themselves.
    own_sets : PotSets
        Sets of own pots that can keep their commune's works unpaid.
    blockers : ndarray of bool
        Those of ``sets``, then those of ``own_sets``: sets x pots.
    items : list of tuple of str and DataFrame
        Each item of a level, and its works: as of :func:`ntm_analysis.needs.works.works_of`, with
        goal (that needs it, -1 where none does), holder (first goal of its commune), paid_first
        (before all lists) and name (of its random numbers).
    checkpoints : ndarray of int
        Months at which money is counted and it is asked what has been paid: in months after the
        as-of month, in order.
    """

    def __init__(self, schedule: Schedule):
        workbook = schedule.workbook
        self.schedule = schedule
        self.prices = PriceList(workbook)
        rows = _usual_beyond(
            workbook.tables["envelopes"], schedule.end_of(schedule.spans[-1].last).year
        )
        tables = workbook.tables | {"envelopes": rows}
        self._envelopes = rows
        self.envelopes = envelopes_from(tables, workbook.as_of)
        communes = workbook.communes
        drawn_on = {pot: instances_of(pot, rows, communes) for pot in tables["pots"]["pot"]}
        self.instances = DataFrame(drawn_on, communes.index)
        # Where some communes hold a pot for themselves and others share it, all of it is common.
        own_names = split_pots(workbook, schedule.policy) | {
            pot
            for pot in rows["pot"].unique()
            if drawn_on[pot] == [pot_instance(pot, code) for code in communes["code"]]
        }
        self.sets = pot_sets(tables, own=own_names)
        self.own_pots = self.sets.own
        self.cells = 1 + len(self.sets.kinds) * len(schedule.goals)
        self.own_sets = pot_sets(tables, own={*self.sets.pots} - own_names)
        self.blockers = np.concatenate([self.sets.members, self.own_sets.members])
        # The first goal of each commune holds its own pots; without own pots all is in common.
        first = schedule.goals.drop_duplicates("unit").reset_index().set_index("unit")["index"]
        self.first = first * bool(self.own_pots)
        self.holder = schedule.goals["unit"].map(self.first).to_numpy(dtype=np.int64)
        self.items = [
            (level, works)
            for level in schedule.missing
            for _, works in self._works(level).groupby("item", sort=False)
        ]

    @cached_property
    def checkpoints(self):
        """The months at which money is counted: every quarter of a span, backwards from its end."""
        months = {0}
        for span in self.schedule.spans:
            months |= {*range(span.last, span.first, -QUARTER), span.first}
        return np.array(sorted(months))

    @cached_property
    def goal_keys(self):
        """Names of the random numbers of goals: the code, after its level where that is higher."""
        codes, levels = self.schedule.goals["code"], self.schedule.goals["level"]
        return codes.where(levels == "ntm", levels + ":" + codes).tolist()

    @cached_property
    def durations(self):
        """The row of durations.csv of each item, as a dict."""
        return self.schedule.workbook.tables["durations"].set_index("item").to_dict("index")

    @cached_property
    def debts(self):
        """Construction debts still owed, thousand dong: a Series by unit."""
        workbook = self.schedule.workbook
        owed = newest_debts(workbook).query("amount > 0").set_index("unit")["amount"]
        return np.rint(owed[owed.index.isin(workbook.communes.index)] * THOUSAND)

    def _works(self, level):
        """The works of a level with their goals, see :attr:`items`."""
        works, name = self.schedule.works[level], self.schedule.works[level]["key"]
        # Goals of a level stand in the order of its communes.
        goal = np.flatnonzero(self.schedule.goals["level"] == level)[works["at"]]
        holder = self.holder[goal]
        if level == "ntm":  # no criterion of NTM needs a work of none
            goal = np.where(works["criterion"] >= 0, goal, -1)
        else:
            name = f"{level}:" + name
        paid_first = works["committed"].isin(COMMITTED)
        return works.assign(goal=goal, holder=holder, paid_first=paid_first, name=name)

    @property
    def cement_price(self):
        """The usual price of a tonne of cement, million dong; 0 where none is entered."""
        if CEMENT not in self.prices.costs:
            return 0.0
        return pert_mean(self.prices.costs[CEMENT])

    def yearly_money(self):
        """What the envelopes promise by year, cement at its usual price.

        Years beyond those entered have the money of the last; credit, which pays no works, is none.

        Returns
        -------
        dict of int to float
            Million dong.
        """
        rows = self._envelopes.merge(
            self.schedule.workbook.tables["pots"][["pot", "fund", "measure"]]
        )
        rows = rows[rows["fund"] != "tin_dung"]
        worth = rows["amount"] * np.where(rows["measure"] == "cement", self.cement_price, 1.0)
        return worth.groupby(rows["year"].astype(int)).sum().to_dict()


def _usual_beyond(envelopes, until):
    """The envelopes, and for years that nobody has entered up to ``until`` those of the last year.

    What is not entered is not nought: that money goes on as before is the assumption.
    """
    if envelopes.empty:
        return envelopes
    last = int(envelopes["year"].max())
    newest = envelopes[envelopes["year"] == last]
    more = [newest.assign(year=year, mark="assumed") for year in range(last + 1, until + 1)]
    return pd.concat([envelopes, *more], ignore_index=True)


class DrawnWorlds(
    namedtuple(
        "DrawnWorlds", "lacks count cost committed own_committed duration money own_money lag"
    )
):
    """Some worlds, drawn: all that does not depend on who is listed.

    Attributes
    ----------
    lacks : ndarray of bool
        NTM goals x criteria x draws.
    count : ndarray of int16
        Criteria that each goal lacks, goals x draws.
    cost : ndarray of float64
        Goals x kinds of cost x draws, thousand dong; what is committed is not in it.
    committed : ndarray of float64
        Kinds of cost x draws, thousand dong: paid before all lists.
    own_committed : ndarray of float64
        Goals x kinds of cost x draws, thousand dong: committed cost by commune, at its first goal.
        0 rows where no commune has own pots; otherwise ``committed`` holds only that of communes
        without a goal.
    duration : ndarray of int16
        Months that a goal's works take once paid, goals x draws.
    money : ndarray of float64
        Pots x checkpoints x draws, thousand dong come by each checkpoint.
    own_money : ndarray of float64
        Goals x own pots x checkpoints x draws, likewise.
    lag : ndarray of int16
        Months from a year's end to the decision, goals x draws.
    """

    @property
    def draws(self):
        """How many worlds."""
        return self.lag.shape[1]


def draw_worlds(layout, draws, seed, block=0):
    """Draw worlds, from a block onwards.

    Parameters
    ----------
    layout : Layout
    draws : int
        Any number; whole blocks where others follow.
    seed : int or None
        With :data:`~ntm_analysis.needs.random_numbers.MEANS` the central case, one world: the most
        probable missing criteria and all else at its mean.
    block : int
        Number of the first block of 1,000.

    Returns
    -------
    DrawnWorlds
    """
    schedule, kinds = layout.schedule, layout.sets.kinds
    prices = Prices(layout.prices, schedule.workbook.as_of.year, draws, seed, block)
    facts = schedule.facts
    ntm = usual_missing(facts) if seed is MEANS else drawn_missing(facts, draws, seed, block)
    missing = schedule.missing | {"ntm": ntm}  # of higher levels one world stands for all
    cost = np.zeros((len(schedule.goals), len(kinds), draws))
    # What is committed by holder, last of communes without a goal; without own pots in one row.
    owed = np.zeros((len(cost) + 1 if layout.own_pots else 1, *cost.shape[1:]))
    duration = np.zeros((len(cost), draws), dtype=np.int16)
    for level, works in layout.items:
        drawn = drawn_works(works, missing[level], prices)
        goal, holder = works[["goal", "holder"]].to_numpy().T
        needed, is_committed, cement_value = goal >= 0, works["paid_first"].to_numpy(), drawn.value
        free = ~is_committed & needed
        by_kind = (
            (drawn.item, drawn.amount - cement_value),
            (drawn.item + CEMENT_PART, cement_value),
        )
        for kind, amount in by_kind:
            if kind in kinds:  # what no pot may pay costs nothing to anybody
                k = kinds.index(kind)
                _into(np.add, cost[:, k], goal[free], amount[free])
                _into(np.add, owed[:, k], holder[is_committed], amount[is_committed])
        left = _months_left(layout, works, prices) * (drawn.amount > 0)
        _into(np.maximum, duration, goal[needed], left[needed].astype(np.int16))
    if DEBT in kinds:
        holder = layout.first.reindex(layout.debts.index, fill_value=-1).to_numpy()
        np.add.at(owed[:, kinds.index(DEBT)], holder, layout.debts.to_numpy()[:, None])
    counts = [lacks.lacks.sum(axis=1) + np.zeros(draws) for lacks in missing.values()]
    lag = prices.uniforms("decision", layout.goal_keys)
    ends = (schedule.rules[f"decision_{end}"] for end in ("low", "mode", "high"))
    return DrawnWorlds(
        ntm.lacks,
        np.concatenate(counts).astype(np.int16),
        cost,
        owed[-1],
        owed[:-1],
        duration,
        *_money(layout, prices),
        np.rint(pert(lag, *ends)).astype(np.int16),
    )


def _into(ufunc, target, rows, values):
    """Like ``ufunc.at``, which takes many times as long for rows of many numbers."""
    for row, value in zip(rows, values, strict=True):
        target[row] = ufunc(target[row], value)


def _months_left(layout, works, prices):
    """Whole months each work of an item still takes, standstills included: works x draws."""
    time, rules = layout.durations[works["item"].iloc[0]], layout.schedule.rules
    shared = prices.uniforms("duration together", [""])
    by_work = prices.uniforms("duration", works["name"])
    u = together(by_work, shared, rules["correlation_works"] / 100)
    months = np.rint(pert(u, time["low"], time["mode"], time["high"]))
    stall = time["stall"]
    if prices.seed is not MEANS:
        stall = 100 * (prices.uniforms("stall", works["name"]) < stall / 100)
    months = np.rint(months + time["stall_months"] * stall / 100)
    # 10 months of which 40 % are left are 4 months, whatever the last bit of the product says.
    return np.ceil(months * works["left"].to_numpy()[:, None] - 1e-9)


def _money(layout, prices):
    """Money come by each checkpoint, of shared pots and of each goal's own; thousand dong."""
    schedule, pots, draws = layout.schedule, layout.sets.pots, prices.draws
    correlation = schedule.rules["correlation_money"] / 100
    monthly = monthly_money(layout.envelopes, schedule.workbook.as_of, prices, correlation)
    come = {}
    for name, measure in layout.envelopes.groupby("name")["measure"].first().items():
        by_month = np.pad(monthly[name], ((0, 0), (1, 0))).T
        by_checkpoint = by_month[np.minimum(layout.checkpoints, len(by_month) - 1)]
        come[name] = (
            np.floor(by_checkpoint * prices.cement) if measure == "cement" else by_checkpoint
        )
    money = np.zeros((len(pots), len(layout.checkpoints), draws))
    for p, pot in enumerate(pots):
        if p not in layout.own_pots:
            money[p] = sum(come.get(name, 0.0) for name in {*layout.instances[pot]})
    own_money = np.zeros((len(schedule.goals), len(layout.own_pots), *money.shape[1:]))
    weight = weights(schedule)
    for j, p in enumerate(layout.own_pots):
        served = layout.instances[pots[p]]
        # Those that draw on the same money share it by their weights; what is one's own is whole.
        share = weight / weight.groupby(served).transform("sum")
        for g, unit in enumerate(schedule.goals["unit"]):
            own_money[g, j] = np.floor(come.get(served[unit], 0.0) * share[unit])
    return money, own_money

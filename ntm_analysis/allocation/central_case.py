"""The central case of a district: one world at the means, and any order of communes judged in it.

Places on each year's list, what being listed is worth, and what must be paid by when.

The most probable missing criteria, costs, money and the years of the area at their means. A
commune is listed in one year; its works are paid by a checkpoint that lets them end in that year,
or late, by the year's end. So a plan is by goal a slot: twice the year (from 0), one more if it is
paid late. One reading, :func:`in_order`, judges every order of communes.
"""

from collections import namedtuple
from functools import cached_property
from itertools import compress

import numpy as np
import pandas as pd
from pandas import DataFrame

from ..forecasts import CALIBRATING, draw_area_years, draw_worlds, knowledge, part_of_year
from ..needs import (
    CEMENT_PART,
    DEBT,
    MEANS,
    THOUSAND,
    THOUSANDTHS,
    Prices,
    contribution,
    drawn_works,
    usual_missing,
)

SEED = 2022  # of the worlds over which years of the area are averaged
# Year and slot of a commune that is on no list, checkpoint of works that cannot end in a year.
NONE = -1


class CentralCase(
    namedtuple(
        "CentralCase",
        "sets years ends last checkpoints cost demand months checkpoint money taken places chance "
        "weight minimum owed free reported due rank bounds committed own_money",
    )
):
    """The central case as arrays.

    Attributes
    ----------
    sets : PotSets
    years : list of int
        The years of lists up to the deadline.
    ends, last : ndarray of int
        By year the month it counts until, and the checkpoint of that month.
    checkpoints : ndarray of int
        Months after the as-of month at which it is asked what has been paid.
    cost : ndarray of float
        Goals x kinds of cost, thousand dong.
    demand : ndarray of float
        Goals x years x sets: what a goal listed in a year asks of each set of pots.
    months : ndarray of int
        By goal how long its works take once paid.
    checkpoint : ndarray of int
        Goals x years: by which checkpoint the works must be paid to end in the year; NONE: they
        cannot, or the commune's own pots do not bear their part by then.
    money : ndarray of float
        Pots x checkpoints, thousand dong.
    taken : ndarray of float
        Checkpoints x sets: what committed works take.
    places : ndarray of int
        By year the places on its list, none beside a reported one.
    chance : ndarray of float
        By slot the chance to finish by the deadline.
    weight, minimum : ndarray of float
        By goal what it counts for, and the part of its cost that it must get by the deadline.
    owed : ndarray of float
        By goal what committed works and debts give the commune, thousand dong.
    free : ndarray of bool
        Goals that a plan may list: those of the NTM level.
    reported : ndarray of int
        By goal the year (from 0) of its reported list, on which it needs no place; NONE without.
    due : ndarray of int
        By goal the year by which a plan lists it and pays, because it could were reported lists
        alone; NONE: of no reported list, or it could not.
    rank : ndarray of int
        Of goals that are alike in all else the lowest comes first.
    bounds : DataFrame
        What each pot may pay of each kind of cost: kind, pot, least, usual, most (thousandths);
        pots that may pay nothing are left out.
    committed : DataFrame
        Kinds of cost, thousand dong, paid as soon as it can be: ``c`` of all together; with pots
        that communes hold for themselves ``c3`` of the commune whose first goal is 3, and ``c`` of
        those without a goal.
    own_money : ndarray or None
        Goals x pots that communes hold for themselves x checkpoints, thousand dong.
    """

    @cached_property
    def room(self):
        """What each set of pots may still pay by each checkpoint: dong, checkpoints x sets.

        Never what a later checkpoint cannot.
        """
        left = self.sets.money(self.money).T - self.taken
        return np.minimum.accumulate(left[::-1])[::-1]

    @cached_property
    def reserve(self):
        """What the minimums of all communes ask of each set of pots: dong, sets."""
        return (self.demand[:, -1] * self.minimum[:, None]).sum(axis=0)

    @cached_property
    def kind(self):
        """The number of each goal among those unlike each other: int, goals.

        Goals with one number may be exchanged; NONE of goals that no plan may list.
        """
        own = [self.weight, self.minimum, self.reported, self.due, self.checkpoint]
        demand = self.demand.reshape(len(self.free), np.prod(self.demand.shape[1:]))
        seen = np.column_stack([*own, demand])[self.free]
        kind = np.full(len(self.free), NONE)
        kind[self.free] = pd.factorize(pd.Index([row.tobytes() for row in seen]))[0]
        return kind

    @cached_property
    def slots(self):
        """By which checkpoint the works of each goal must be paid in each slot: int, goals x slots.

        NONE: the works cannot end in the year, or in time is as late.
        """
        late = np.where(self.checkpoint == self.last, NONE, self.last)
        return np.stack([self.checkpoint, late], 2).reshape(len(late), 2 * len(self.years))

    def checkpoints_of(self, slot):
        """The checkpoint by which a plan has each goal paid.

        Parameters
        ----------
        slot : ndarray of int
            By goal.

        Returns
        -------
        ndarray of int
            By goal; NONE where it is not listed.
        """
        return np.where(slot == NONE, NONE, self.slots[np.arange(len(slot)), slot])

    def calendar(self, year):
        """The calendar years of years counted from 0.

        Parameters
        ----------
        year : ndarray of int
            Counted from 0; NONE: no year.

        Returns
        -------
        ndarray of float
            NaN for NONE.
        """
        return np.array([*self.years, np.nan])[year]

    def order(self, slot):
        """The order of goals that the forecast goes by: year of listing, then how soon it is paid.

        Parameters
        ----------
        slot : ndarray of int
            By goal.

        Returns
        -------
        Series of float
            By goal; the lowest comes first.
        """
        place = np.where(slot == NONE, len(self.years), slot // 2) * 100
        return pd.Series(place + np.maximum(self.checkpoints_of(slot), 0), dtype=float)

    def value(self, slot):
        """The aim: the weighted number of goals expected to finish by the deadline.

        Parameters
        ----------
        slot : ndarray of int
            By goal.

        Returns
        -------
        float
            Communes, each times its weight.
        """
        return float((self.weight * self.chance[slot])[slot != NONE].sum())


def central(layout, baseline):
    """The central case of a schedule.

    Parameters
    ----------
    layout : Layout
    baseline : Baseline

    Returns
    -------
    CentralCase

    Examples
    --------
    >>> from ntm_analysis.forecasts import baseline_of
    >>> from ntm_analysis.forecasts import Layout
    >>> from ntm_analysis.forecasts import schedule
    >>> from ntm_analysis.data import Workbook
    >>> workbook = Workbook.open("data/thanh-chuong")
    >>> case = central(Layout(schedule(workbook)), baseline_of(workbook, 2022))
    >>> case.years, int(case.free.sum())
    ([2022, 2023, 2024, 2025], 15)
    """
    schedule, drawn = layout.schedule, draw_worlds(layout, 1, MEANS)
    counting = [span.last <= schedule.deadline_month for span in schedule.spans]
    spans = [*compress(schedule.spans, counting)]
    years, first, ends = np.array([(span.year, span.first, span.last) for span in spans]).T
    checkpoints, sets = layout.checkpoints, layout.sets
    cost, months = drawn.cost[:, :, 0], drawn.duration[:, 0].astype(int)
    last = np.searchsorted(checkpoints, ends)
    checkpoint = np.searchsorted(checkpoints, ends - months[:, None], side="right") - 1
    checkpoint = np.where((checkpoint >= 0) & (checkpoints[checkpoint] >= first), checkpoint, NONE)
    taken = sets.demand(drawn.committed[:, 0]) + np.zeros((len(checkpoints), 1))
    demand = np.repeat(sets.demand(cost.T).T[:, None], len(spans), axis=1)
    committed = DataFrame(drawn.committed.T, ["c"], sets.kinds)
    if layout.own_pots:
        owed, demand, checkpoint = _own_parts(layout, drawn, checkpoint, last)
        taken += owed
        rows = {f"c{g}": drawn.own_committed[g, :, 0] for g in np.unique(layout.holder)}
        committed = pd.concat([committed, DataFrame(rows, sets.kinds).T])
    units = schedule.goals["unit"]
    priorities = schedule.workbook.tables["priorities"].set_index("unit")["weight"]
    own = schedule.goals["year"].to_numpy()
    on_list = schedule.ntm & (own >= years[0]) & (own <= years[-1])
    works = central_works(layout)
    owed = works[works["committed"]].groupby("unit")["amount"].sum()
    case = CentralCase(
        sets,
        years.tolist(),
        ends,
        last,
        checkpoints,
        cost,
        demand,
        months,
        checkpoint,
        drawn.money[:, :, 0],
        taken,
        *_lists(layout, baseline, spans, counting),
        units.map(priorities).fillna(1.0).to_numpy() * schedule.ntm,
        np.zeros(len(cost)),
        units.map(owed).fillna(0.0).to_numpy(),
        schedule.ntm,
        np.where(on_list, np.searchsorted(years, own), NONE),
        np.full(len(cost), NONE),
        np.argsort(np.lexsort([schedule.goals["missing"], schedule.goals["pledge"]])),
        _bounds(layout),
        committed,
        drawn.own_money[..., 0] if layout.own_pots else None,
    )
    alone = in_order(case._replace(free=on_list), np.lexsort([case.rank, own]))
    return case._replace(minimum=minimums(case, schedule.rules["minimum_commune"]), due=alone // 2)


def _own_parts(layout, drawn, checkpoint, last):
    """With pots that communes hold for themselves, which must have come by the checkpoint too.

    What committed works take of the shared ones, what each goal asks of them, by which checkpoint.
    """
    money, owed = drawn.own_money[..., 0].swapaxes(0, 1), drawn.own_committed[layout.holder, :, 0]
    before, claims = (
        # Sets x goals x checkpoints.
        contribution(layout.sets, cost.T[..., None] + np.zeros(money.shape[-1]), money)
        for cost in (owed, owed + drawn.cost[..., 0])
    )
    before = before * (before[0] <= 0)  # who is short of its own asks nothing of others
    taken = before[:, np.unique(layout.holder)].sum(axis=1).T
    enough, goals = claims[0] <= 0, np.arange(len(checkpoint))[:, None]
    more = np.where(enough, claims - before, claims)
    in_time = np.where(enough[goals, checkpoint], checkpoint, NONE)
    at = np.where(in_time == NONE, last, in_time)
    return taken, np.moveaxis(more[:, goals, at], 0, -1), in_time


def _lists(layout, baseline, spans, counting):
    """Places on each list that counts, and the chance that a place brings.

    See :class:`CentralCase`.
    """
    schedule, known = layout.schedule, knowledge(layout.schedule.workbook.as_of)
    area_years = draw_area_years(layout, baseline, known, CALIBRATING, SEED)
    luck, back = area_years.luck.mean(axis=1)[counting], area_years.missed_return.mean()
    luck = np.outer(luck, [1, 1 - area_years.loss_if_late.mean()])
    reported = schedule.goals.loc[schedule.ntm, "year"].value_counts()
    left, missed, places = schedule.ntm.sum(), 0.0, []
    list_shares = area_years.list_share[counting].mean(axis=1)
    for span, list_share, success in zip(spans, list_shares, luck[:, 0], strict=True):
        share = part_of_year(list_share, span.fraction)
        waiting = back * missed * span.fraction
        fresh = max(0.0, share * left - waiting)
        places.append(fresh * (span.year not in reported))
        fresh = reported.get(span.year, fresh)
        met = success * (fresh + waiting)
        missed += fresh - met
        left -= met
    places = np.diff(np.rint(np.cumsum(places)), prepend=0).astype(int)
    later, chance = 0.0, np.zeros((len(spans), 2))
    for y in reversed(range(len(spans))):
        chance[y] = luck[y] + (1 - luck[y]) * later
        later = back * chance[y, 0] + (1 - back) * later
    return places, chance.ravel()


def minimums(case, least):
    """The part of a goal's cost that a minimum for each commune comes to.

    Beside committed works and debts.

    Parameters
    ----------
    case : CentralCase
    least : float
        The minimum, million dong.

    Returns
    -------
    ndarray of float
        By goal, 0..1.
    """
    whole = case.cost.sum(axis=1)
    claims = np.clip(least * THOUSAND - case.owed, 0, whole) * case.free
    return claims / np.maximum(whole, 1)


def in_order(case, order):
    """The plan of an order of goals: each year the next ones are listed, and paid in their order.

    Reported lists come first. Nothing is skipped: who cannot be paid waits, those behind too, and
    stands first next year. Whom its own pots alone keep from being paid waits for itself.

    Parameters
    ----------
    case : CentralCase
    order : ndarray of int
        Goals; those that no plan may list are passed over.

    Returns
    -------
    ndarray of int
        By goal its slot.
    """
    slot = np.full(len(case.weight), NONE)
    order, used = order[case.free[order]], np.zeros(case.room.shape[1])
    for y, places in enumerate(case.places):
        waiting = order[slot[order] == NONE]
        reported = case.reported[waiting]
        first = waiting[(reported != NONE) & (reported <= y)]
        for g in [*first, *waiting[reported == NONE][:places]]:
            if case.own_money is not None and case.demand[g, y, 0] > 0:
                continue  # the empty set asks what own pots lack
            total = used + case.demand[g, y]
            for s in (2 * y, 2 * y + 1):
                checkpoint = case.slots[g, s]
                if checkpoint != NONE and (total <= case.room[checkpoint]).all():
                    used, slot[g] = total, s
                    break
            else:
                break
    return slot


def central_works(layout):
    """The works of the central case, debts among them.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    DataFrame
        A row a work that costs something: unit, goal (NONE: nobody's), level, criterion, work,
        item, committed, mark, amount (thousand dong), value (the cement in it), tonnes.
    """
    schedule = layout.schedule
    prices = Prices(layout.prices, schedule.workbook.as_of.year, 1, MEANS)
    rows = []
    missing = schedule.missing | {"ntm": usual_missing(schedule.facts)}
    for level, works in layout.items:
        drawn = drawn_works(works, missing[level], prices)
        names = ("amount", "value", "tonnes")
        sizes = {name: getattr(drawn, name)[:, 0].astype(float) for name in names}
        table = works[["unit", "criterion", "work", "item", "mark", "goal"]]
        rows.append(table.assign(level=level, committed=works["paid_first"], **sizes))
    debts = {"work": DEBT, "item": DEBT, "level": "ntm", "goal": NONE, "criterion": 0}
    debts |= {"committed": True, "mark": "reported", "value": 0.0, "tonnes": 0.0}
    rows.append(layout.debts.reset_index().assign(**debts))
    works = pd.concat(rows, ignore_index=True)
    return works[works["amount"] > 0].reset_index(drop=True)


def _bounds(layout):
    """See :class:`CentralCase`; the usual share of cement is all of it, of a pot of cement."""
    sets, rows = layout.sets, []
    for k, p in np.argwhere(sets.most):
        kind, pot = sets.kinds[k], sets.pots[p]
        usual = dict(layout.prices.shares[kind.removesuffix(CEMENT_PART)])
        share = 10 * usual.get(pot, 0.0)
        if kind.endswith(CEMENT_PART):
            share = THOUSANDTHS * (pot not in usual)
        rows.append((kind, pot, sets.least[k, p], share, sets.most[k, p]))
    return DataFrame(rows, columns=["kind", "pot", "least", "usual", "most"])

"""The yearly cycle: a list each year, its luck, who waits; the same loop for names and for counts.

The loop knows numbers only. Who stands on a list and who finishes is the business of the crowd:
:class:`Counts` is an area of which nobody has described a commune, :class:`Communes` goes commune
by commune: who is listed, whose works are paid (:class:`Purse`), who finishes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy import ndarray
from pandas import DataFrame

from ..need.draws import uniforms
from ..need.pot_sets import contribution
from .pace import Area, AreaDraws, Posterior, Run, area_draws
from .worlds import Block, Layout
from .yearly_list import Schedule, Span

NEVER = np.int16(9_999)  # the month of what does not come about within the horizon
UNLISTED, FAILED, MONEY, TIME = 0, 1, 2, 3  # what held a commune back when it was last judged
FEW = 12  # places of a list that are looked at one by one
PLEDGED, MISSED, AWAY = -1e6, -2e6, 1e6  # places of those who stand before, or behind, all others


class Crowd(Protocol):
    """The communes of an area not yet NTM, in every world of a run."""

    def left(self) -> ndarray:
        """Communes not yet NTM: (draws,) whole numbers."""

    def waiting(self, year: int, chance: ndarray) -> ndarray:
        """How many stand on the year's list in any case; who missed does with ``chance``."""

    def judge(self, year: int, length: ndarray, luck: ndarray, unlisted: ndarray) -> ndarray:
        """How many finish: of ``length`` listed with chance ``luck``, of others ``unlisted``.

        Those waiting stand first on the list.
        """


# --- the loop -------------------------------------------------------------------------------------


def spans(first: int, last: int) -> list[tuple[int, float]]:
    """Calendar years and the part of each between two month numbers (ends of months).

    Examples
    --------
    >>> spans(12 * 2018 + 6, 12 * 2020 + 12)
    [(2018, 0.5), (2019, 1.0), (2020, 1.0)]
    """
    years = range(first // 12, (last - 1) // 12 + 1)
    return [(year, (min(last, 12 * year + 12) - max(first, 12 * year)) / 12) for year in years]


def finishing(
    crowd: Crowd,
    draws: AreaDraws,
    parts: Sequence[tuple[int, float]],
    listed: Mapping[int, int] | None = None,
) -> ndarray:
    """Communes that finish in each year and world: (years, draws) whole numbers.

    A year's list is the drawn share of those left, at least those who missed and stand on it
    again; a reported list takes its place. A part of a year counts by its hazard.

    Parameters
    ----------
    crowd : Crowd
        Who has not finished; changed by the call.
    draws : AreaDraws
        The years in each world, one row for each of ``parts``.
    parts : sequence of (int, float)
        Year and the part of it that counts, see :func:`spans`.
    listed : mapping of int to int, optional
        Communes on a reported list, by year.

    Examples
    --------
    >>> sure, none = np.ones((1, 2)), np.zeros(2)
    >>> area = AreaDraws(sure / 2, sure / 2, sure, sure / 2, none, none, none, none, sure)
    >>> crowd = Counts(np.array([10, 4]), Run(24279, (2022,), 2), "A")
    >>> finishing(crowd, area, [(2022, 1.0)]).tolist()
    [[5, 2]]
    """
    finished = []
    for row, (year, part) in enumerate(parts):
        left = crowd.left()
        waiting = crowd.waiting(year, draws.missed_return)
        length = part_of_year(draws.length[row], part) * left
        number = whole(np.maximum(length, part * waiting), draws.rounding[row])
        if listed and year in listed:
            number = np.full_like(number, listed[year])
        unlisted = part_of_year(draws.unlisted, part)
        finished.append(crowd.judge(year, np.minimum(number, left), draws.luck[row], unlisted))
    return np.array(finished)


def counted(
    knowledge: tuple[Posterior, DataFrame], area: Area, left: int, last: int, run: Run
) -> ndarray:
    """Communes of an undescribed area that finish until the end of month ``last``: (draws,).

    Parameters
    ----------
    knowledge : tuple of Posterior and pandas.DataFrame
        The fit and what is assumed, see :func:`pace.area_draws`.
    area : Area
        The area and its own figures.
    left : int
        Communes not yet NTM on the as-of day.
    last : int
        Month number of the last day that counts.
    run : Run
        The worlds; its years are set by the two days.

    Examples
    --------
    >>> from .evidence import evidence
    >>> known = evidence()
    >>> own = known.figures[known.figures["area"] == "Hà Tĩnh"]
    >>> area = Area("Hà Tĩnh", "province", own, 229)
    >>> worlds = Run(12 * 2021 + 12, (), 1_000)
    >>> drawn = counted((Posterior.read(), known.assumed), area, 20, 12 * 2023 + 12, worlds)
    >>> drawn.shape, bool(drawn.max() <= 20)
    ((1000,), True)
    """
    parts = spans(run.as_of, last)
    run = replace(run, years=tuple(year for year, _ in parts))
    years = area_draws(*knowledge, area, run)
    return finishing(Counts(left, run, area.name), years, parts).sum(axis=0)


def part_of_year(share: ndarray, part: float) -> ndarray:
    """A year's share for a part of the year, by the hazard.

    Examples
    --------
    >>> part_of_year(np.array([0.75]), 0.5).tolist()
    [0.5]
    """
    return share if part == 1 else 1 - (1 - share) ** part


def whole(number: ndarray, uniform: ndarray) -> ndarray:
    """Numbers rounded up with the chance of their fraction; to the nearest where nothing is drawn.

    Examples
    --------
    >>> whole(np.array([2.25, 2.25, 2.6]), np.array([0.2, 0.3, np.nan])).tolist()
    [3, 2, 3]
    """
    below = np.floor(number)
    return (below + (np.nan_to_num(uniform, nan=0.5) < number - below)).astype(int)


def binomial(uniform: ndarray, number: ndarray, chance: ndarray) -> ndarray:
    """Binomial numbers by the inverse of their distribution; the mean where nothing is drawn.

    Examples
    --------
    >>> binomial(np.array([0.0, 0.3, 0.9]), np.array([2, 2, 2]), np.array([0.5] * 3)).tolist()
    [0, 1, 2]
    """
    from scipy.stats import binom  # slow to load, and only areas in counts need it

    inverse = np.maximum(binom.ppf(uniform, number, chance), 0)
    return np.where(np.isnan(uniform), np.rint(number * chance), inverse).astype(int)


# --- an area in counts ----------------------------------------------------------------------------


class Counts:
    """An area of which nobody has described a commune: how many, in every world.

    Parameters
    ----------
    left : numpy.ndarray
        (draws,) communes not yet NTM, or one number for all.
    run : Run
        The worlds, whose random numbers are named by area and year.
    area : str
        The area's name.

    Attributes
    ----------
    met : numpy.ndarray
        (draws,) how many of the last year's list finished.
    """

    def __init__(self, left: ndarray | int, run: Run, area: str):
        self._run, self._area = run, area
        self._left = np.zeros(run.draws, dtype=int) + left
        self._missed = np.zeros(run.draws, dtype=int)  # and still wait

    def left(self):
        """See :class:`Crowd`."""
        return self._left

    def waiting(self, year, chance):
        """See :class:`Crowd`."""
        self._waiting = binomial(self._draw("returning", year), self._missed, chance)
        return self._waiting

    def judge(self, year: int, length: ndarray, luck: ndarray, unlisted: ndarray) -> ndarray:
        """See :class:`Crowd`."""
        self.met = binomial(self._draw("listed", year), length, luck)
        # Who missed and does not stand on the list again comes behind all others, and waits on.
        again = np.minimum(self._waiting, length)
        fresh = np.minimum(length - again, self._left - self._missed)
        away = self._missed - (length - fresh)
        others = self._left - length - away
        first = binomial(self._draw("unlisted", year), others, unlisted)
        back = binomial(self._draw("unlisted again", year), away, unlisted)
        self._missed = length - self.met + away - back
        finished = self.met + first + back
        self._left = self._left - finished
        return finished

    def _draw(self, quantity, year):
        run, key = self._run, f"{self._area}|{year}"
        return uniforms(run.seed, quantity, [key], run.draws, run.block)[0]


# --- communes by name -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Chances:
    """What the evidence says of the single commune, by world.

    Attributes
    ----------
    drift : ndarray
        Criteria that one on no list gains in a whole year.
    pledge : ndarray
        Chance that a pledge is on its year's list.
    late : ndarray
        Part of the chance of success that is lost where works are not paid and ended in time.
    """

    drift: ndarray
    pledge: ndarray
    late: ndarray


class Outcome:
    """What became of the goals of a schedule in a block of worlds.

    Attributes
    ----------
    month : ndarray of int16
        Goals x draws, when each finishes; :data:`NEVER` beyond the horizon.
    listed : ndarray of int32
        Goals x spans, in how many worlds each is on the list.
    held : ndarray of int8
        Goals x draws, what held each back when it was last judged, as it stood at the deadline.
    lists : list of tuple of ndarray
        Of each list up to the deadline how many communes were on it, and how many of them met it.
    in_time : int
        Places on those lists whose works were paid and ended in time.
    """

    def __init__(self, plan: Schedule, draws: int) -> None:
        shape = (len(plan.goals), draws)
        self._plan, self._span = plan, -1
        self.month = np.full(shape, NEVER, dtype=np.int16)
        self.held = np.full(shape, UNLISTED, dtype=np.int8)
        self.listed = np.zeros((len(plan.goals), len(plan.spans)), dtype=np.int32)
        self.lists: list[tuple[ndarray, ndarray]] = []
        self.in_time = 0

    def begin(self) -> Span:
        """The next year of the plan."""
        self._span += 1
        return self._plan.spans[self._span]

    def end(self, listed: ndarray, finished: ndarray, held: ndarray | int, counts: tuple) -> None:
        """Enter who was on the year's list, who finished, what held the listed ones back.

        ``counts``: communes on the list and those of them that met it, by draw; places in time.
        """
        span = self._plan.spans[self._span]
        self.listed[:, self._span] = listed.sum(axis=1)
        self.month[finished] = span.last
        if span.last <= self._plan.deadline:
            self.held = np.where(listed, held, self.held).astype(np.int8)
            self.lists.append(counts[:2])
            self.in_time += int(counts[2])


class Alike(Counts):
    """The communes of an area that nobody has described: how many is counted, which is a tie.

    Parameters
    ----------
    plan : Schedule
    run : Run
        The worlds, whose random numbers are named by area and year.
    area : str
        The area's name.
    tie : ndarray
        Goals x draws: who comes first.

    Attributes
    ----------
    outcome : Outcome
    """

    def __init__(self, plan: Schedule, run: Run, area: str, tie: ndarray) -> None:
        super().__init__(len(tie), run, area)
        self.outcome = Outcome(plan, run.draws)
        self._place = np.argsort(np.argsort(tie, axis=0, kind="stable"), axis=0)

    def judge(self, year: int, length: ndarray, luck: ndarray, unlisted: ndarray) -> ndarray:
        """See :class:`Crowd`; who finishes comes first, then who failed, then the others."""
        self.outcome.begin()
        place = self._place - (len(self._place) - self._left)  # among those still open
        finished = super().judge(year, length, luck, unlisted)
        on_list = (place >= 0) & (place < length + finished - self.met)
        on_list &= (place < self.met) | (place >= finished)
        # Without money all are paid.
        counts = (length, self.met, length.sum())
        self.outcome.end(on_list, (place >= 0) & (place < finished), FAILED, counts)
        return finished


class Communes:
    """The communes of a data set in a block of worlds; arrays goals x draws.

    Parameters
    ----------
    layout : Layout
    block : Block
    chances : Chances
    uniform : callable
        The uniforms (goals x draws) of a quantity and a year, or of no year.
    purse : Purse, optional
        Without one every listed commune's works are paid and end in time.

    Attributes
    ----------
    outcome : Outcome
    """

    def __init__(
        self,
        layout: Layout,
        block: Block,
        chances: Chances,
        uniform: Callable[[str, int | None], ndarray],
        purse: "Purse | None" = None,
    ) -> None:
        plan = layout.plan
        self._chances, self._uniform, self._purse = chances, uniform, purse
        self.outcome = Outcome(plan, block.draws)
        self._ntm = plan.ntm[:, None]
        self._year, self._pledge = (
            plan.goals[column].fillna(9_999).to_numpy()[:, None] for column in ("year", "pledge")
        )
        # A list of the past was not met.
        self._missed = np.repeat(self._year < plan.spans[0].year, block.draws, axis=1)
        self._order = plan.goals["order"].rank(method="dense").to_numpy()[:, None] * 100
        self._count = block.count.astype(float)

    @property
    def _open(self):
        return self.outcome.month == NEVER

    def left(self):
        """How many communes are not NTM yet: int, draws."""
        return (self._open & self._ntm).sum(axis=0)

    def waiting(self, year, chance):
        """How many stand on the year's list again, or by a pledge that is kept: int, draws."""
        self._back = self._missed & self._open & (self._uniform("return", year) < chance)
        self._pledged = (self._pledge == year) & self._open
        if self._pledged.any():
            self._pledged &= self._uniform("pledge", year) < self._chances.pledge
        return ((self._back | self._pledged) & self._ntm).sum(axis=0)

    def judge(self, year: int, length: ndarray, luck: ndarray, unlisted: ndarray) -> ndarray:
        """List, pay, let the list succeed or fail, let others finish with chance ``unlisted``."""
        span, open_, ntm = self.outcome.begin(), self._open, self._ntm
        key = self._list_order()
        listed = open_ & (
            self._list(key, year, length) | ~ntm & ((self._year == year) | self._back)
        )
        in_time = paid = listed
        if self._purse:
            # NTM is paid before the higher levels of the year.
            key = np.where(listed, key + 4 * AWAY * ~ntm, np.inf)
            in_time, paid = self._purse.pay(key, listed, span)
        chance = np.where(in_time, luck, luck * (1 - self._chances.late))
        success = listed & (self._uniform("success", year) < chance)
        others = open_ & ~listed & ntm & (self._uniform("unlisted", year) < unlisted)
        finished = success | others
        held = np.select([in_time, paid], [FAILED, TIME], MONEY)
        counts = [(each & ntm).sum(axis=0) for each in (listed, success)]
        self.outcome.end(listed, finished, held, (*counts, (listed & in_time & ntm).sum()))
        self._missed = (self._missed | listed) & ~finished
        # Those on no list gain criteria slowly, never the last one; what is done stays done.
        gain = np.floor(self._chances.drift * span.fraction + self._uniform("gain", year))
        self._count = np.where(listed, self._count, np.maximum(1.0, self._count - gain))
        return (finished & ntm).sum(axis=0)

    def _list_order(self):
        key = self._order + self._count + self._uniform("tie", None)
        groups = [self._back, self._pledged, self._missed]
        return key + np.select(groups, [MISSED, PLEDGED, AWAY], 0.0)

    def _list(self, key, year, length):
        """Which NTM goals a reported list names, or else the first ``length`` that are open."""
        of_year = (self._year == year) & self._ntm
        if of_year.any():
            return of_year
        away = np.where(self._open & self._ntm, key, np.inf)
        place = np.argsort(np.argsort(away, axis=0, kind="stable"), axis=0)
        return self._ntm & (place < length)


class Purse:
    """The money of a block, and who has been paid out of it, list after list.

    Works are paid in the order of a list as far as some mix of the pots pays all up to there:
    nothing is skipped, and who is not paid waits. Pots of their own are no queue: a commune whose
    own pots cannot bear their part waits for itself and asks nothing of the shared ones. What has
    come of them by the end of a year counts for the whole year.

    Parameters
    ----------
    layout : Layout
    block : Block
    factor : float
        All money times this.

    Attributes
    ----------
    paid_at : ndarray of int16
        The mark by which each goal's works were paid, goals x draws.
    blocked : ndarray of int
        By set of :attr:`Layout.blockers`, in how many worlds and years it kept a listed commune
        from being paid.
    """

    def __init__(self, layout: Layout, block: Block, factor: float = 1.0) -> None:
        self._sets, self._holder, self._block = layout.sets, layout.holder, block
        self._own_sets, self._held = layout.own_sets, layout.own
        self._money = np.floor(block.money * factor)
        self._own = None if block.own_money is None else np.floor(block.own_money * factor)
        self._marks = np.array(layout.marks)
        # With pots of their own, what communes ask is kept by set; else by kind of cost.
        self._share = np.eye(len(self._sets.members)) if layout.own else self._sets.share
        self.paid_at = np.full(block.months.shape, NEVER, dtype=np.int16)
        self.blocked = np.zeros(len(layout.blockers), dtype=np.int64)

    def pay(self, key: ndarray, listed: ndarray, span: Span) -> tuple[ndarray, ndarray]:
        """Pay a list in the order of ``key``.

        A place is paid by the last mark that lets its works end in time, or else by the end.

        Returns
        -------
        tuple of ndarray
            Whose works are paid and end by the end of the span; whose are paid by then. Both bool,
            goals x draws.
        """
        block, marks, money = self._block, self._marks, self._money
        draw = np.arange(block.draws)
        order = np.argsort(key, axis=0, kind="stable")[: listed.sum(axis=0).max(initial=0)]
        on_list, before, months = (
            np.take_along_axis(each, order, axis=0) for each in (listed, self.paid_at, block.months)
        )
        last = np.searchsorted(marks, span.last, side="right") - 1
        demand, able = self._demand(order, on_list & (before == NEVER), last)
        come = self._sets.money(money[:, last])
        places = reached(self._share, demand, come)
        # The set that the first unpaid place of a list breaks by most.
        short = places < on_list.sum(axis=0)
        over = self._share @ demand[places[short] + 1, :, draw[short]].T - come[:, short]
        self.blocked += np.bincount(over.argmax(axis=0), minlength=len(self.blocked))
        payable = (np.arange(len(order))[:, None] < places) & on_list & able
        mark = np.searchsorted(marks, span.last - months.astype(int), side="right") - 1
        early = payable & (mark >= np.searchsorted(marks, span.first))
        at = np.where(payable, span.last, NEVER)
        if early.sum() <= FEW * len(draw):  # each place by itself; of long lists by halving
            place, draw = np.nonzero(early)
            mark = mark[place, draw]
            come = self._sets.money(money[:, mark, draw])
            enough = (self._share @ demand[place + 1, :, draw].T <= come).all(axis=0)
            at[place[enough], draw[enough]] = marks[mark[enough]]
        else:
            for each in np.unique(mark[early]):
                come = self._sets.money(money[:, each])
                within = np.arange(len(order))[:, None] < reached(self._share, demand, come, places)
                at[early & (mark == each) & within] = marks[each]
        at = np.minimum(before, at).astype(np.int16)
        np.put_along_axis(self.paid_at, order, at, axis=0)
        paid = listed & (self.paid_at <= span.last)
        return paid & (self.paid_at.astype(np.int32) + block.months <= span.last), paid

    def _demand(self, order, owing, mark):
        """What all paid so far and the first 0, 1, ... of a list ask: (places + 1) x rows x draws;
        and which places their own pots do not keep from being paid: bool, places x draws."""
        block, draw = self._block, np.arange(self._block.draws)
        able = np.ones_like(owing)
        paid = (self.paid_at < NEVER).astype(float)
        if self._own is None:
            more = [
                block.cost[goals, :, draw].T * own for goals, own in zip(order, owing, strict=True)
            ]
            done = np.einsum("gkd,gd->kd", block.cost, paid)
            return np.cumsum([block.committed + done, *more], axis=0), able
        own, cost = self._own[:, :, mark], block.own_committed.copy()
        np.add.at(cost, self._holder, block.cost * paid[:, None])
        share = np.zeros((len(cost), len(self._share), len(draw)))
        for holder in np.unique(self._holder):
            share[holder] = self._shared(cost[holder], own[holder])[0]
        demand = [self._sets.demand(block.committed) + share.sum(axis=0)]
        blocked = np.zeros((len(self._own_sets.members), len(draw)), dtype=bool)
        for k, goals in enumerate(order):
            at = (self._holder[goals], slice(None), draw)
            more = cost[at] + block.cost[goals, :, draw] * owing[k][:, None]
            part, enough = self._shared(more.T, own[goals, :, draw].T)
            able[k] = enough | ~owing[k]
            short = ~able[k]
            worst = self._worst(more[short].T, own[goals, :, draw][short].T)
            blocked[worst, draw[short]] = True
            pays = (enough & owing[k])[:, None]
            step = (part.T - share[at]) * pays
            demand.append(demand[-1] + step.T)
            share[at] += step
            cost[at] = np.where(pays, more, cost[at])
        self.blocked[len(self._sets.members) :] += blocked.sum(axis=1)
        return np.array(demand), able

    def _worst(self, cost, own):
        """The set of own pots that a commune which cannot bear its part breaks by most."""
        money = np.zeros((len(self._sets.pots), own.shape[1]))
        money[self._held] = own
        return (self._own_sets.demand(cost) - self._own_sets.money(money)).argmax(axis=0)

    def _shared(self, cost, own):
        """What a commune asks of each set of shared pots, and whether its own can bear the rest."""
        demand = contribution(self._sets, cost, own)
        enough = demand[0] <= 0  # of the empty set: were shared money without end
        return demand * enough, enough


def reached(
    share: ndarray, demand: ndarray, money: ndarray, most: ndarray | None = None
) -> ndarray:
    """How many places of a list some mix of the pots pays: int, draws.

    By halving, with the few sets that are broken most; whether all sets are kept is looked at
    last, and a set that is not joins them.

    Parameters
    ----------
    share : ndarray
        Sets x rows: what a row of ``demand`` asks of each pot set.
    demand : ndarray
        (places + 1) x rows x draws, by the first 0, 1, ... places; never falls.
    money : ndarray
        Sets x draws.
    most : ndarray of int, optional
        By draw what is known to be no less.

    Examples
    --------
    >>> demand = np.array([[[0.0]], [[3.0]], [[7.0]]])
    >>> reached(np.eye(1), demand, np.array([[5.0]])).tolist()
    [1]
    """
    paid = np.full(money.shape[1], len(demand) - 1) if most is None else most.copy()
    open_ = np.arange(len(paid))
    few = np.zeros(len(share), dtype=bool)
    while len(open_):
        over = share @ demand[paid[open_], :, open_].T - money[:, open_]
        broken = (over > 0).any(axis=0) & (paid[open_] > 0)
        open_ = open_[broken]
        few[over[:, broken].argmax(axis=0)] = True
        low, high = np.zeros(len(open_), dtype=int), paid[open_] - 1
        while len(some := np.flatnonzero(low < high)):
            middle = (low[some] + high[some] + 1) // 2
            at = open_[some]
            enough = (share[few] @ demand[middle, :, at].T <= money[few][:, at]).all(axis=0)
            low[some] = np.where(enough, middle, low[some])
            high[some] = np.where(enough, high[some], middle - 1)
        paid[open_] = low
    return paid

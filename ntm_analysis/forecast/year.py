"""Commune by commune inside the cycle: who is on a year's list, whose works are paid, who finishes.

The loop over years is :mod:`ntm_analysis.forecast.cycle`; :class:`Communes` is the crowd that it
leads through the years where communes are described.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..need.pot_sets import contribution
from .area import Run
from .cycle import Counts
from .worlds import Block, Layout
from .yearly_list import Schedule, Span

NEVER = np.int16(9_999)  # the month of what does not come about within the horizon
UNLISTED, FAILED, MONEY, TIME = 0, 1, 2, 3  # what held a commune back when it was last judged
PLEDGED, MISSED, AWAY = -1e6, -2e6, 1e6  # places of those who stand before, or behind, all others


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

    drift: np.ndarray
    pledge: np.ndarray
    late: np.ndarray


class Communes:
    """The communes of a data set in a block of worlds; arrays goals x draws.

    Parameters
    ----------
    layout : Layout
    block : Block
    chances : Chances
    uniform : callable
        The uniforms (goals x draws) of a quantity and a year, or of no year.
    with_money : bool
        False: as if every listed commune's works were paid and ended in time.
    factor : float
        All money times this.

    Attributes
    ----------
    month : ndarray of int16
        When each goal finishes; :data:`NEVER` beyond the horizon.
    listed : ndarray of int32
        Goals x spans, in how many worlds each is on the list.
    held : ndarray of int8
        What held each back when it was last judged, as it stood at the deadline.
    asked, in_time : int
        Places on lists up to the deadline, and those whose works were paid and ended in time.
    blocked : ndarray of int
        By pot set, in how many worlds and years it kept a listed commune from being paid.
    """

    def __init__(
        self,
        layout: Layout,
        block: Block,
        chances: Chances,
        uniform: Callable[[str, int | None], np.ndarray],
        *,
        with_money: bool = True,
        factor: float = 1.0,
    ) -> None:
        plan = layout.plan
        self.plan, self.layout, self.block, self.chances = plan, layout, block, chances
        self._uniforms = uniform
        self.purse = Purse(layout, block, factor) if with_money else None
        shape = (len(plan.goals), block.draws)
        self.ntm = plan.ntm
        self.month = np.full(shape, NEVER, dtype=np.int16)
        self.held = np.zeros(shape, dtype=np.int8)
        self.listed = np.zeros((shape[0], len(plan.spans)), dtype=np.int32)
        self.missed = self._named("year") < plan.spans[0].year  # a list of the past, not met
        self.missed = np.repeat(self.missed[:, None], block.draws, axis=1)
        self.tie = self._uniforms("tie", None)
        self.count = block.count.astype(float)
        self.asked = self.in_time = 0
        self.lists: list[tuple[np.ndarray, np.ndarray]] = []
        self._span = -1  # of the plan, the year that is going on
        self._list = np.zeros(shape, dtype=bool)
        self._key = np.zeros(shape)
        self._back = self._pledged = np.zeros(shape, dtype=bool)

    def _named(self, column):
        return self.plan.goals[column].fillna(9_999).to_numpy()

    @property
    def open(self) -> np.ndarray:
        """Goals that are not finished yet."""
        return self.month == NEVER

    def left(self) -> np.ndarray:
        """How many communes are not NTM yet: int, draws."""
        return (self.open & self.ntm[:, None]).sum(axis=0)

    def waiting(self, year: int, chance: np.ndarray) -> np.ndarray:
        """How many stand on the year's list again, or by a pledge that is kept: int, draws."""
        self._span += 1
        self._back = self.missed & self.open & (self._uniforms("return", year) < chance)
        pledged = (self._named("pledge") == year)[:, None] & self.open
        if pledged.any():
            pledged = pledged & (self._uniforms("pledge", year) < self.chances.pledge)
        self._pledged = pledged
        return ((self._back | self._pledged) & self.ntm[:, None]).sum(axis=0)

    def list(self, year: int, length: np.ndarray) -> None:
        """Put ``length`` communes on the year's list, or those whom a reported list names."""
        open_, ntm = self.open, self.ntm[:, None]
        of_year = self._named("year") == year
        order = self.plan.goals["order"].rank(method="dense").to_numpy() * 100
        groups = [self._back, self._pledged, self.missed]
        key = order[:, None] + self.count + self.tie
        key = key + np.select(groups, [MISSED, PLEDGED, AWAY], 0.0)
        if (of_year & self.ntm).any():
            self._list = open_ & ntm & of_year[:, None]
        else:
            away = np.where(open_ & ntm, key, np.inf)
            place = np.argsort(np.argsort(away, axis=0, kind="stable"), axis=0)
            self._list = open_ & ntm & (place < length)
        higher = ~ntm & (of_year[:, None] | self._back)
        self._list |= open_ & higher
        # NTM is paid before the higher levels of the year.
        self._key = np.where(self._list, key + 4 * AWAY * ~ntm, np.inf)

    def judge(self, year: int, luck: np.ndarray, unlisted: np.ndarray) -> np.ndarray:
        """Pay the list, let it succeed or fail, let others finish with chance ``unlisted``.

        Returns
        -------
        ndarray
            How many communes finished as NTM: int, draws.
        """
        span = self.plan.spans[self._span]
        listed, in_time, held = self._list, self._list, np.full(self._list.shape, FAILED)
        if self.purse is not None:
            in_time, paid = self.purse.pay(self._key, listed, span)
            held = np.where(in_time, FAILED, np.where(paid, TIME, MONEY))
        chance = np.where(in_time, luck, luck * (1 - self.chances.late))
        success = listed & (self._uniforms("success", year) < chance)
        finished = self.open & ~listed & self.ntm[:, None]
        finished &= self._uniforms("unlisted", year) < unlisted
        finished |= success
        self.listed[:, self._span] = listed.sum(axis=1)
        if span.last <= self.plan.deadline:
            of_ntm = listed & self.ntm[:, None]
            self.asked += int(of_ntm.sum())
            self.in_time += int((of_ntm & in_time).sum())
            self.held = np.where(listed, held, self.held).astype(np.int8)
            self.lists.append((of_ntm.sum(axis=0), (success & of_ntm).sum(axis=0)))
        self.month[finished] = span.last
        self.missed = (self.missed | listed) & ~finished
        self._gain(span, listed)
        return (finished & self.ntm[:, None]).sum(axis=0)

    def _gain(self, span, listed):
        """Those on no list gain criteria slowly, never the last one; what is done stays done."""
        whole = self.chances.drift * span.fraction
        gained = np.floor(whole + self._uniforms("gain", span.year))
        self.count = np.where(listed, self.count, np.maximum(1.0, self.count - gained))


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
    month, listed, held, asked, in_time, lists
        As of :class:`Communes`.
    """

    purse = None  # nobody knows what works there are

    def __init__(self, plan: Schedule, run: Run, area: str, tie: np.ndarray) -> None:
        super().__init__(len(tie), run, area)
        self._plan, self._span = plan, -1
        self._place = np.argsort(np.argsort(tie, axis=0, kind="stable"), axis=0)
        self.month = np.full(tie.shape, NEVER, dtype=np.int16)
        self.held = np.full(tie.shape, UNLISTED, dtype=np.int8)
        self.listed = np.zeros((len(tie), len(plan.spans)), dtype=np.int32)
        self.lists: list[tuple[np.ndarray, np.ndarray]] = []
        self.asked = self.in_time = 0

    def judge(self, year: int, luck: np.ndarray, unlisted: np.ndarray) -> np.ndarray:
        """See :class:`cycle.Crowd`; who finishes comes first, then who failed, then the others."""
        self._span += 1
        span, listed, before = self._plan.spans[self._span], self._listed, self._left
        place = self._place - (len(self._place) - before)  # among those still open
        finished = super().judge(year, luck, unlisted)
        others = finished - self.met
        on_list = (place >= 0) & (place < listed + others)
        on_list &= (place < self.met) | (place >= finished)
        self.listed[:, self._span] = on_list.sum(axis=1)
        if span.last <= self._plan.deadline:
            self.asked += int(listed.sum())
            self.in_time = self.asked  # without money all are paid
            self.held[on_list] = FAILED
            self.lists.append((listed, self.met))
        self.month[(place >= 0) & (place < finished)] = span.last
        return finished


class Purse:
    """The money of a block, and who has been paid out of it, list after list.

    Works are paid in the order of a list as far as some mix of the pots pays all up to there:
    nothing is skipped, and who is not paid waits. Pots of their own are no queue: a commune whose
    own pots cannot bear their part waits for itself and asks nothing of the shared ones. What has
    come of them by the end of a year counts for the whole year.

    Attributes
    ----------
    paid_at : ndarray of int16
        The mark by which each goal's works were paid, goals x draws.
    blocked : ndarray of int
        By pot set, in how many worlds and years it kept a listed commune from being paid.
    """

    def __init__(self, layout: Layout, block: Block, factor: float = 1.0) -> None:
        self.sets, self.own, self.block = layout.sets, layout.own, block
        grown = lambda money: money if factor == 1.0 else np.floor(money * factor)  # noqa: E731
        self.money = grown(block.money)
        self.own_money = None if block.own_money is None else grown(block.own_money)
        self.marks = np.array(layout.marks)
        # With pots of their own, what communes ask is kept by set; else by kind of cost.
        self.share = np.eye(len(self.sets.members)) if layout.own else self.sets.share
        self.spent = self.sets.demand(block.committed) if layout.own else block.committed
        # By holder of own pots what is committed and what has been paid of its goals.
        self.holder = layout.holder
        self.cost = block.own_committed.copy() if layout.own else None
        self.paid_at = np.full(block.months.shape, NEVER, dtype=np.int16)
        self.blocked = np.zeros(len(self.sets.members), dtype=np.int64)
        self._draw = np.arange(block.draws)

    def pay(self, key: np.ndarray, listed: np.ndarray, span: Span) -> tuple[np.ndarray, np.ndarray]:
        """Pay a list in the order of ``key``.

        Returns
        -------
        tuple of ndarray
            Whose works are paid and end by the end of the span; whose are paid by then. Both bool,
            goals x draws.
        """
        longest = int(listed.sum(axis=0).max(initial=0))
        if longest:
            order = np.argsort(key, axis=0, kind="stable")[:longest]
            on_list = np.take_along_axis(listed, order, axis=0)
            owing = on_list & (np.take_along_axis(self.paid_at, order, axis=0) == NEVER)
            asked, able = self._asked(order, owing, span)
            self._enter(order, on_list, able, asked, span)
            if self.cost is not None:
                self._charge(order, owing)
        paid = listed & (self.paid_at <= span.last)
        return paid & (self.paid_at.astype(np.int32) + self.block.months <= span.last), paid

    def _asked(self, order, owing, span):
        """What all paid so far and the first 0, 1, ... of a list ask: (places + 1) x rows x draws;
        and which places their own pots do not keep from being paid: bool, places x draws."""
        asked, able = np.empty((len(order) + 1, *self.spent.shape)), np.ones_like(owing)
        asked[0] = self.spent
        if self.own_money is None:
            for k, goals in enumerate(order):
                cost = self.block.cost[goals, :, self._draw].T * owing[k]
                np.add(asked[k], cost, out=asked[k + 1])
            return asked, able
        mark, cost = self._mark(span.last), self.cost.copy()
        share = np.zeros((len(cost), *self.spent.shape))
        for holder in np.unique(self.holder):
            share[holder] = self._shared(cost[holder], self.own_money[holder, :, mark])[0]
        asked[0] += share.sum(axis=0)
        for k, goals in enumerate(order):
            at = (self.holder[goals], slice(None), self._draw)
            more = cost[at] + self.block.cost[goals, :, self._draw] * owing[k][:, None]
            part, enough = self._shared(more.T, self.own_money[goals, :, mark, self._draw].T)
            able[k] = enough | ~owing[k]
            step = (part.T - share[at]) * (enough & owing[k])[:, None]
            np.add(asked[k], step.T, out=asked[k + 1])
            share[at] += step
            cost[at] = np.where((enough & owing[k])[:, None], more, cost[at])
        return asked, able

    def _shared(self, cost, own):
        """What a commune asks of each set of shared pots, and whether its own can bear the rest."""
        asked = contribution(self.sets, cost, own)
        enough = asked[0] <= 0  # of the empty set: were shared money without end
        return asked * enough, enough

    def _charge(self, order, owing):
        """Add what has been paid of a list to what its communes have cost."""
        for k, goals in enumerate(order):
            paid = owing[k] & (self.paid_at[goals, self._draw] < NEVER)
            cost = self.block.cost[goals, :, self._draw] * paid[:, None]
            self.cost[self.holder[goals], :, self._draw] += cost

    def _mark(self, month):
        """The place of the last mark not after a month."""
        return int(np.searchsorted(self.marks, month, side="right")) - 1

    def _enter(self, order, listed, able, asked, span):
        """Enter by which mark each place of the list is paid, and what that takes of the pots.

        A place is paid by the last mark that lets its works end in time, or else by the end.
        """
        money = self.sets.money(self.money[:, self._mark(span.last)])
        paid = reached(self.share, asked, money)
        self._note_blocked(asked, listed, paid, money)
        if self.cost is None:
            self.spent = asked[paid, :, self._draw].T
        payable = (np.arange(len(order))[:, None] < paid) & listed & able
        on_time = np.take_along_axis(self.block.months, order, axis=0)
        wanted = np.searchsorted(self.marks, span.last - on_time.astype(int), side="right") - 1
        place, draw = np.nonzero(payable)
        mark = wanted[place, draw]
        early = (mark >= 0) & (self.marks[mark] >= span.first)
        place, draw, mark = place[early], draw[early], mark[early]
        come = self.sets.money(self.money[:, mark, draw])
        enough = (self.share @ asked[place + 1, :, draw].T <= come).all(axis=0)
        at = np.where(payable, span.last, NEVER)
        at[place[enough], draw[enough]] = self.marks[mark[enough]]
        before = np.take_along_axis(self.paid_at, order, axis=0)
        at = np.minimum(before, at).astype(np.int16)
        np.put_along_axis(self.paid_at, order, at, axis=0)

    def _note_blocked(self, asked, listed, paid, money):
        """Count the set that the first unpaid place of a list breaks by most."""
        short = paid < listed.sum(axis=0)
        if short.any():
            over = self.share @ asked[paid[short] + 1, :, self._draw[short]].T - money[:, short]
            self.blocked += np.bincount(over.argmax(axis=0), minlength=len(self.blocked))


def reached(share: np.ndarray, asked: np.ndarray, money: np.ndarray) -> np.ndarray:
    """How many places of a list some mix of the pots pays: int, draws.

    By halving, with the few sets that are broken most; whether all sets are kept is looked at
    last, and a set that is not joins them.

    Parameters
    ----------
    share : ndarray
        Sets x rows: what a row of ``asked`` asks of each pot set.
    asked : ndarray
        (places + 1) x rows x draws, by the first 0, 1, ... places; never falls.
    money : ndarray
        Sets x draws.

    Examples
    --------
    >>> asked = np.array([[[0.0]], [[3.0]], [[7.0]]])
    >>> reached(np.eye(1), asked, np.array([[5.0]])).tolist()
    [1]
    """
    paid = np.full(money.shape[1], len(asked) - 1)
    open_ = np.arange(len(paid))
    few = np.zeros(len(share), dtype=bool)
    while len(open_):
        over = share @ asked[paid[open_], :, open_].T - money[:, open_]
        broken = (over > 0).any(axis=0) & (paid[open_] > 0)
        open_ = open_[broken]
        few[over[:, broken].argmax(axis=0)] = True
        low, high = np.zeros(len(open_), dtype=int), paid[open_] - 1
        while len(some := np.flatnonzero(low < high)):
            middle = (low[some] + high[some] + 1) // 2
            at = open_[some]
            enough = (share[few] @ asked[middle, :, at].T <= money[few][:, at]).all(axis=0)
            low[some] = np.where(enough, middle, low[some])
            high[some] = np.where(enough, high[some], middle - 1)
        paid[open_] = low
    return paid

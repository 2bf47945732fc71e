"""The yearly cycle: a list each year, its luck, who waits; the same loop for names and for counts.

The loop knows numbers only. Who stands on a list and who finishes is the business of the crowd:
:class:`Counts` is an area of which nobody has described a commune, :class:`NamedCommunes` goes
commune by commune: who is listed, whose works are paid (:class:`Purse`), who finishes.
"""

import numpy as np

from ..needs import THOUSANDTHS, contribution
from .pace import area_draws
from .yearly_list import spans

NEVER = np.int16(9_999)  # the month of what does not come about within the horizon
UNLISTED, FAILED, MONEY, TIME = 0, 1, 2, 3  # what held a commune back when it was last judged
PLEDGED, MISSED, AWAY = -1e6, -2e6, 1e6  # places of those who stand before, or behind, all others


# --- the loop -------------------------------------------------------------------------------------


def finishing(crowd, draws, years, listed=()):
    """Communes that finish in each year and world.

    A year's list is the drawn share of those left, at least those who missed and stand on it
    again; a reported list takes its place. A part of a year counts by its hazard.

    Parameters
    ----------
    crowd : Counts or Communes
        Who has not finished; changed by the call. ``left()``: how many are not NTM yet.
        ``waiting(year, chance)``: how many stand on the year's list in any case, where who missed
        does with ``chance``; they stand first. ``judge(span, length, luck, unlisted)``: how many
        finish, of ``length`` listed with chance ``luck``, of others with chance ``unlisted``.
    draws : AreaDraws
        The years in each world, one row for each of ``years``.
    years : sequence of Span
        The years, or the parts of years that count.
    listed : mapping of int to int
        Communes on a reported list, by year.

    Returns
    -------
    ndarray of int
        Years x draws.

    Examples
    --------
    >>> from .pace import AreaDraws, Run
    >>> from .yearly_list import Span
    >>> sure, none = np.ones((1, 2)), [np.zeros(2)] * 7
    >>> area = AreaDraws(sure / 2, sure / 2, sure, sure / 2, *none)
    >>> crowd = Counts(np.array([10, 4]), Run(24279, (2022,), 2), "A")
    >>> finishing(crowd, area, [Span(2022, 9, 21, 1.0)]).tolist()
    [[5, 2]]
    """
    finished = []
    for row, span in enumerate(years):
        left, waiting = crowd.left(), crowd.waiting(span.year, draws.missed_return)
        length = part_of_year(draws.length[row], span.fraction) * left
        number = whole(np.maximum(length, span.fraction * waiting), draws.rounding[row])
        if span.year in listed:
            number = np.full_like(number, listed[span.year])
        unlisted = part_of_year(draws.unlisted, span.fraction)
        finished.append(crowd.judge(span, np.minimum(number, left), draws.luck[row], unlisted))
    return np.array(finished)


def counted(knowledge, area, left, last, run):
    """Communes of an undescribed area that finish until the end of a month.

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

    Returns
    -------
    ndarray of int
        Draws.

    Examples
    --------
    >>> from .evidence import evidence
    >>> from .pace import Area, Posterior, Run
    >>> known = evidence()
    >>> own = known.figures[known.figures["area"] == "Hà Tĩnh"]
    >>> area = Area("Hà Tĩnh", "province", own, 229)
    >>> worlds = Run(12 * 2021 + 12, (), 1_000)
    >>> drawn = counted((Posterior.read(), known.assumed), area, 20, 12 * 2023 + 12, worlds)
    >>> drawn.shape, bool(drawn.max() <= 20)
    ((1000,), True)
    """
    years = spans(run.as_of, [last - run.as_of])
    run = run._replace(years=[span.year for span in years])
    drawn = area_draws(*knowledge, area, run)
    return finishing(Counts(left, run, area.name), drawn, years).sum(axis=0)


def part_of_year(share, part):
    """A year's share for a part of the year, by the hazard.

    Parameters
    ----------
    share : float or numpy.ndarray
    part : float

    Returns
    -------
    float or numpy.ndarray

    Examples
    --------
    >>> part_of_year(np.array([0.75]), 0.5).tolist()
    [0.5]
    """
    return share if part == 1 else 1 - (1 - share) ** part


def whole(number, uniform):
    """Numbers rounded up with the chance of their fraction.

    Parameters
    ----------
    number, uniform : numpy.ndarray

    Returns
    -------
    numpy.ndarray of int

    Examples
    --------
    >>> whole(np.array([2.25, 2.25]), np.array([0.2, 0.3])).tolist()
    [3, 2]
    """
    below = np.floor(number)
    return (below + (uniform < number - below)).astype(int)


def binomial(uniform, number, chance):
    """Binomial numbers by the inverse of their distribution.

    Parameters
    ----------
    uniform, number, chance : numpy.ndarray

    Returns
    -------
    numpy.ndarray of int

    Examples
    --------
    >>> binomial(np.array([0.0, 0.3, 0.9]), np.array([2, 2, 2]), np.array([0.5] * 3)).tolist()
    [0, 1, 2]
    """
    from scipy.stats import binom  # slow to load, and only areas in counts need it

    return np.maximum(binom.ppf(uniform, number, chance), 0).astype(int)


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

    def __init__(self, left, run, area):
        self._run, self._area = run, area
        self._left = np.zeros(run.draws, dtype=int) + left
        self._missed = np.zeros(run.draws, dtype=int)  # and still wait

    def left(self):
        """How many communes are not NTM yet in every world.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        return self._left

    def waiting(self, year, chance):
        """How many of those who missed stand on the year's list again.

        Parameters
        ----------
        year : int
        chance : ndarray of float
            (draws,) of each to do so, 0..1.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        self._waiting = binomial(self._draw("returning", year), self._missed, chance)
        return self._waiting

    def judge(self, span, length, luck, unlisted):
        """How many communes finish in a span; the crowd is changed by the call.

        Parameters
        ----------
        span : Span
        length : ndarray of int
            (draws,) how many are listed.
        luck : ndarray of float
            (draws,) chance of a listed commune, 0..1.
        unlisted : ndarray of float
            (draws,) chance of any other, 0..1.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        self.met = binomial(self._draw("listed", span.year), length, luck)
        # Who missed and does not stand on the list again comes behind all others, and waits on.
        again = np.minimum(self._waiting, length)
        fresh = np.minimum(length - again, self._left - self._missed)
        away = self._missed - (length - fresh)
        others = self._left - length - away
        first = binomial(self._draw("unlisted", span.year), others, unlisted)
        back = binomial(self._draw("unlisted again", span.year), away, unlisted)
        self._missed = length - self.met + away - back
        finished = self.met + first + back
        self._left -= finished
        return finished

    def _draw(self, quantity, year):
        return self._run.uniforms(quantity, [f"{self._area}|{year}"])[0]


# --- communes by name -----------------------------------------------------------------------------


class Outcome:
    """What became of the goals of a schedule in a block of worlds.

    Attributes
    ----------
    month : ndarray of int16
        Goals x draws, when each finishes; :data:`NEVER` beyond the horizon.
    listed : list of ndarray
        By span in how many worlds each goal is on the list.
    held : ndarray of int8
        Goals x draws, what held each back when it was last judged, as it stood at the deadline.
    lists : list of tuple of ndarray
        Of each list up to the deadline how many communes were on it, how many of them met it, and
        how many had their works paid and ended in time.
    """

    def __init__(self, plan, draws):
        self._deadline, shape = plan.deadline, (len(plan.goals), draws)
        self.month = np.full(shape, NEVER)
        self.held = np.full(shape, UNLISTED, dtype=np.int8)
        self.listed, self.lists = [], []

    def end(self, span, listed, finished, held, counts):
        """Enter who was on a span's list, who finished, what held the listed ones back.

        Parameters
        ----------
        span : Span
        listed, finished : ndarray of bool
            Goals x draws.
        held : ndarray of int, or int
            Goals x draws, or one for all: FAILED, MONEY or TIME.
        counts : tuple of ndarray
            Of the list, as in ``lists``.
        """
        self.listed.append(listed.sum(axis=1))
        self.month[finished] = span.last
        if span.last <= self._deadline:
            self.held = np.where(listed, held, self.held).astype(np.int8)
            self.lists.append(counts)


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

    def __init__(self, plan, run, area, tie):
        super().__init__(len(tie), run, area)
        self.outcome = Outcome(plan, run.draws)
        self._place = np.argsort(np.argsort(tie, axis=0, kind="stable"), axis=0)

    def judge(self, span, length, luck, unlisted):
        """How many communes finish in a span; in the order they stand first, who failed next.

        Parameters
        ----------
        span : Span
        length, luck, unlisted : ndarray
            (draws,) as of :meth:`Counts.judge`.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        place = self._place - (len(self._place) - self._left)  # among those still open
        finished = super().judge(span, length, luck, unlisted)
        on_list = (place >= 0) & (place < length + finished - self.met)
        on_list &= (place < self.met) | (place >= finished)
        counts = (length, self.met, length)  # without money all are paid
        self.outcome.end(span, on_list, (place >= 0) & (place < finished), FAILED, counts)
        return finished


class NamedCommunes:
    """The communes of a data set in a block of worlds; arrays goals x draws.

    Parameters
    ----------
    layout : Layout
    block : Block
    years : AreaDraws
    uniform : callable
        The uniforms (goals x draws) of a quantity and a year, or of no year.
    purse : Purse, optional
        Without one every listed commune's works are paid and end in time.

    Attributes
    ----------
    outcome : Outcome
    """

    def __init__(self, layout, block, years, uniform, purse=None):
        plan = layout.plan
        self._draws, self._uniform, self._purse = years, uniform, purse
        self.outcome = Outcome(plan, block.draws)
        self._ntm = plan.ntm[:, None]
        # No year is NaN, which is equal to none and before none.
        self._year, self._pledge = plan.goals[["year", "pledge"]].to_numpy().T[:, :, None]
        # A list of the past was not met.
        self._missed = np.repeat(self._year < plan.spans[0].year, block.draws, axis=1)
        self._order = plan.goals["order"].rank(method="dense").to_numpy()[:, None] * 100
        self._count = block.count.astype(float)

    def left(self):
        """How many communes are not NTM yet in every world.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        self._open = self.outcome.month == NEVER
        return (self._open & self._ntm).sum(axis=0)

    def waiting(self, year, chance):
        """How many communes stand on the year's list again, or by a pledge that is kept.

        Parameters
        ----------
        year : int
        chance : ndarray of float
            (draws,) of each who missed, 0..1.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        self._back = self._missed & self._open & (self._uniform("return", year) < chance)
        self._pledged = (self._pledge == year) & self._open
        self._pledged &= self._uniform("pledge", year) < self._draws.pledge_chance
        return ((self._back | self._pledged) & self._ntm).sum(axis=0)

    def judge(self, span, length, luck, unlisted):
        """How many communes finish in a span: goals are listed and paid, succeed or fail.

        Parameters
        ----------
        span : Span
        length : ndarray of int
            (draws,) communes on the list, where none is reported.
        luck : ndarray of float
            (draws,) chance of a listed goal, 0..1.
        unlisted : ndarray of float
            (draws,) chance of a commune on no list, 0..1.

        Returns
        -------
        ndarray of int
            (draws,) communes of the NTM level.
        """
        open_, ntm, year = self._open, self._ntm, span.year
        key, on_list = self._order_of_list(year, length)
        listed = open_ & (on_list | ~ntm & ((self._year == year) | self._back))
        in_time = paid = listed
        if self._purse:
            # NTM is paid before the higher levels of the year.
            key = np.where(listed, key + 4 * AWAY * ~ntm, np.inf)
            in_time, paid = self._purse.pay(key, listed, span)
        chance = np.where(in_time, luck, luck * (1 - self._draws.late_share))
        success = listed & (self._uniform("success", year) < chance)
        others = open_ & ~listed & ntm & (self._uniform("unlisted", year) < unlisted)
        finished = success | others
        held = np.select([in_time, paid], [FAILED, TIME], MONEY)
        counts = [(each & ntm).sum(axis=0) for each in (listed, success, in_time)]
        self.outcome.end(span, listed, finished, held, counts)
        self._missed = (self._missed | listed) & ~finished
        # Those on no list gain criteria slowly, never the last one; what is done stays done.
        gain = np.floor(self._draws.drift * span.fraction + self._uniform("gain", year))
        self._count = np.where(listed, self._count, np.maximum(1.0, self._count - gain))
        return (finished & ntm).sum(axis=0)

    def _order_of_list(self, year, length):
        """Keys that order goals, and which NTM goals the year's list names.

        Where no list is reported the first ``length`` that are open.
        """
        groups = [self._back, self._pledged, self._missed]
        key = self._order + self._count + self._uniform("tie", None)
        key += np.select(groups, [MISSED, PLEDGED, AWAY], 0.0)
        of_year = (self._year == year) & self._ntm
        if of_year.any():
            return key, of_year
        order = np.argsort(np.where(self._open & self._ntm, key, np.inf), axis=0, kind="stable")
        on_list = np.empty_like(order, dtype=bool)
        np.put_along_axis(on_list, order, np.arange(len(order))[:, None] < length, axis=0)
        return key, on_list


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

    def __init__(self, layout, block, factor=1.0):
        self._layout, self._sets, self._block = layout, layout.sets, block
        self._money = np.floor(block.money * factor)
        self._own = np.floor(block.own_money * factor)
        # What the places of one world ask is looked up together: worlds come first.
        self._cost = np.ascontiguousarray(block.cost.transpose(2, 0, 1))
        # With pots of their own, what communes ask is kept by set; else by kind of cost.
        share = np.eye(len(self._sets.members)) if layout.own else self._sets.share
        # By set what it must bear of what is asked, less the money of its pots.
        self._over = np.hstack([share, -THOUSANDTHS * self._sets.members])
        self.paid_at = np.full(block.months.shape, NEVER)
        self.blocked = np.zeros(len(layout.blockers), dtype=np.int64)

    def pay(self, key, listed, span):
        """Pay a list in the order of ``key``, in which who is not on it comes last.

        A place is paid by the last mark that lets its works end in time, or else by the end.

        Parameters
        ----------
        key, listed : ndarray
            Goals x draws.
        span : Span

        Returns
        -------
        tuple of ndarray
            Whose works are paid and end by the end of the span; whose are paid by then. Both bool,
            goals x draws.
        """
        marks, money = self._layout.marks, self._money
        number = listed.sum(axis=0)
        order = np.argsort(key, axis=0, kind="stable")[: number.max(initial=0)]
        before, months = (
            np.take_along_axis(each, order, axis=0) for each in (self.paid_at, self._block.months)
        )
        rank = np.arange(len(order))[:, None]
        first, last = np.searchsorted(marks, (span.first, span.last))
        demand, able = self._demand(order, (rank < number) & (before == NEVER), last)
        places = self._reached(demand, money[:, last], number)
        # The set that the first unpaid place of a list breaks by most.
        short = np.flatnonzero(places < number)
        over = self._broken(demand, short, places[short] + 1, money[:, last])
        self.blocked += np.bincount(over.argmax(axis=1), minlength=len(self.blocked))
        payable = (rank < places) & able
        at = np.where(payable, span.last, NEVER)
        mark = np.searchsorted(marks, span.last - months, side="right") - 1
        for early in range(first, last):
            mine = payable & (mark == early)
            places = self._reached(
                demand, money[:, early], (mine * (rank + 1)).max(axis=0, initial=0)
            )
            at[mine & (rank < places)] = marks[early]
        np.put_along_axis(self.paid_at, order, np.minimum(before, at).astype(np.int16), axis=0)
        paid = listed & (self.paid_at <= span.last)
        return paid & (self.paid_at <= span.last - self._block.months), paid

    def _demand(self, order, owing, mark):
        """What all paid so far and the first places of a list ask, and who is not kept by own pots.

        Draws x (places + 1) x rows, of the first 0, 1, ... of the list; and bool, places x draws:
        which places their own pots do not keep from being paid.
        """
        block, draw = self._block, np.arange(self._block.draws)
        committed, paid = block.committed.T, (self.paid_at < NEVER).T.astype(float)
        if not self._layout.own:
            done = committed + np.einsum("dgk,dg->dk", self._cost, paid)
            more = self._cost[draw[:, None], order.T] * owing.T[:, :, None]
            demand = np.concatenate([done[:, None], more], axis=1)
            return np.cumsum(demand, axis=1, out=demand), np.ones_like(owing)
        holders, others, money = self._layout.holder, self._layout.own_sets, self._own[:, :, mark]
        cost = np.array(block.own_committed.transpose(2, 0, 1))
        for g, holder in enumerate(holders):
            cost[:, holder] += self._cost[:, g] * paid[:, g, None]
        claims = self._beyond_own(cost.T, money.swapaxes(0, 1))[0].T
        demand = [self._sets.demand(block.committed).T + claims.sum(axis=1)]
        blocked = np.zeros((block.draws, len(others.members)), dtype=bool)
        able = np.ones_like(owing)
        for k, goals in enumerate(order):
            some = np.flatnonzero(owing[k])
            goal = goals[some]
            mine = some, holders[goal]
            own = money[goal, :, some].T
            more = cost[mine] + self._cost[some, goal]
            part, enough = self._beyond_own(more.T, own)
            step = (part.T - claims[mine]) * enough[:, None]
            demand.append(demand[-1].copy())
            demand[-1][some] += step
            claims[mine] += step
            cost[mine] = np.where(enough[:, None], more, cost[mine])
            able[k, some] = enough
            # The set of own pots that a commune which cannot bear its part breaks by most.
            held = THOUSANDTHS * (others.members[:, self._layout.own] @ own[:, ~enough])
            worst = (others.demand(more[~enough].T) - held).argmax(axis=0)
            blocked[some[~enough], worst] = True
        self.blocked[len(self._sets.members) :] += blocked.sum(axis=0)
        return np.stack(demand, axis=1), able

    def _beyond_own(self, cost, own):
        """What a commune asks of each set of shared pots, and whether its own can bear the rest."""
        demand = contribution(self._sets, cost, own)
        enough = demand[0] <= 0  # of the empty set: were shared money without end
        demand *= enough
        return demand, enough

    def _reached(self, demand, money, most):
        """How many places of a list, at most ``most``, some mix of the pots pays: int, draws.

        All first, then by halving: what the places ask never falls.
        """
        low, high = np.zeros_like(most), most.copy()
        draw, tried = np.flatnonzero(most), most[most > 0]
        while draw.size:
            paid = self._broken(demand, draw, tried, money).max(axis=1) <= 0
            low[draw] = np.where(paid, tried, low[draw])
            high[draw] = np.where(paid, high[draw], tried - 1)
            draw = draw[low[draw] < high[draw]]
            tried = (low[draw] + high[draw] + 1) // 2
        return low

    def _broken(self, demand, draw, places, money):
        """By how much sets are broken in some worlds where so many places are paid.

        Worlds x sets.
        """
        claims = np.hstack([demand[draw, places], money[:, draw].T])
        return claims @ self._over.T

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
# Offsets of sort keys: those who missed and return come first, then pledges that are kept, and last
# those who missed and stay away.
KEY_RETURNING, KEY_PLEDGED, KEY_STAYING_AWAY = -2e6, -1e6, 1e6


# --- the loop -------------------------------------------------------------------------------------


def run_cycle(crowd, area_years, spans, reported=()):
    """Lead a crowd through its years: how many communes finish in each year and world.

    A year's list is the drawn share of those left, at least those who missed and stand on it
    again; a reported list takes its place. A part of a year counts by its hazard.

    Parameters
    ----------
    crowd : Counts, IndistinctCommunes or NamedCommunes
        Who has not finished; changed by the call. ``left()``: how many are not NTM yet.
        ``waiting(year, chance)``: how many stand on the year's list in any case, where who missed
        does with ``chance``; they stand first. ``judge(span, list_size, luck, unlisted)``: how many
        finish, of ``list_size`` listed with chance ``luck``, of others with chance ``unlisted``.
    area_years : AreaDraws
        The years in each world, one row for each of ``spans``.
    spans : sequence of Span
        The years, or the parts of years that count.
    reported : mapping of int to int
        Communes on a reported list, by year.

    Returns
    -------
    ndarray of int
        Spans x draws.

    Examples
    --------
    >>> from .pace import AreaDraws, WorldSet
    >>> from .yearly_list import Span
    >>> sure, none = np.ones((1, 2)), [np.zeros(2)] * 7
    >>> area = AreaDraws(sure / 2, sure / 2, sure, sure / 2, *none)
    >>> crowd = Counts(np.array([10, 4]), WorldSet(24279, (2022,), 2), "A")
    >>> run_cycle(crowd, area, [Span(2022, 9, 21, 1.0)]).tolist()
    [[5, 2]]
    """
    finished = []
    for row, span in enumerate(spans):
        left, waiting = crowd.left(), crowd.waiting(span.year, area_years.missed_return)
        expected = part_of_year(area_years.list_share[row], span.fraction) * left
        number = whole(np.maximum(expected, span.fraction * waiting), area_years.rounding[row])
        if span.year in reported:
            number = np.full_like(number, reported[span.year])
        unlisted = part_of_year(area_years.unlisted, span.fraction)
        finished.append(crowd.judge(span, np.minimum(number, left), area_years.luck[row], unlisted))
    return np.array(finished)


def counted(posterior, assumed, area, left, last_month, worlds):
    """Communes of an undescribed area that finish until the end of a month.

    Parameters
    ----------
    posterior, assumed : Posterior, pandas.DataFrame
        The fit, and what it cannot tell, see :func:`pace.area_draws`.
    area : Area
        The area and its own figures.
    left : int
        Communes not yet NTM on the as-of day.
    last_month : int
        Month number (12 * year + month) of the last month that counts.
    worlds : WorldSet
        Its years are set by the two months.

    Returns
    -------
    ndarray of int
        Draws.

    Examples
    --------
    >>> from .evidence import evidence
    >>> from .pace import Area, Posterior, WorldSet
    >>> shipped = evidence()
    >>> of_area = shipped.figures[shipped.figures["area"] == "Hà Tĩnh"]
    >>> area = Area("Hà Tĩnh", "province", of_area, 229)
    >>> known, worlds = (Posterior.read(), shipped.assumed), WorldSet(12 * 2021 + 12, (), 1_000)
    >>> more = counted(*known, area, 20, 12 * 2023 + 12, worlds)
    >>> more.shape, bool(more.max() <= 20)
    ((1000,), True)
    """
    years = spans(worlds.as_of_month, [last_month - worlds.as_of_month])
    worlds = worlds._replace(years=[span.year for span in years])
    area_years = area_draws(posterior, assumed, area, worlds)
    return run_cycle(Counts(left, worlds, area.name), area_years, years).sum(axis=0)


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
    worlds : WorldSet
        Their random numbers are named by area and year.
    area : str
        The area's name.

    Attributes
    ----------
    met : numpy.ndarray
        (draws,) how many of the last year's list finished.
    """

    def __init__(self, left, worlds, area):
        self._worlds, self._area = worlds, area
        self._left = np.zeros(worlds.draws, dtype=int) + left
        self._missed = np.zeros(worlds.draws, dtype=int)  # and still wait

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

    def judge(self, span, list_size, luck, unlisted):
        """How many communes finish in a span; the crowd is changed by the call.

        Parameters
        ----------
        span : Span
        list_size : ndarray of int
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
        self.met = binomial(self._draw("listed", span.year), list_size, luck)
        # Who missed and does not stand on the list again comes behind all others, and waits on.
        again = np.minimum(self._waiting, list_size)
        fresh = np.minimum(list_size - again, self._left - self._missed)
        away = self._missed - (list_size - fresh)
        others = self._left - list_size - away
        first = binomial(self._draw("unlisted", span.year), others, unlisted)
        back = binomial(self._draw("unlisted again", span.year), away, unlisted)
        self._missed = list_size - self.met + away - back
        finished = self.met + first + back
        self._left -= finished
        return finished

    def _draw(self, quantity, year):
        return self._worlds.uniforms(quantity, [f"{self._area}|{year}"])[0]


# --- communes by name -----------------------------------------------------------------------------


class CycleResult:
    """What became of the goals of a schedule in some worlds.

    Attributes
    ----------
    met_month : ndarray of int16
        Goals x draws, when each finishes, in months after the as-of month; :data:`NEVER` beyond the
        horizon.
    times_listed : list of ndarray
        By span in how many worlds each goal is on the list.
    held_by : ndarray of int8
        Goals x draws, what held each back when it was last judged, as it stood at the deadline.
    list_counts : list of tuple of ndarray
        Of each list up to the deadline how many communes were on it, how many of them met it, and
        how many had their works paid and ended in time.
    """

    def __init__(self, schedule, draws):
        self._deadline_month, shape = schedule.deadline_month, (len(schedule.goals), draws)
        self.met_month = np.full(shape, NEVER)
        self.held_by = np.full(shape, UNLISTED, dtype=np.int8)
        self.times_listed, self.list_counts = [], []

    def end(self, span, listed, finished, held_by, counts):
        """Enter who was on a span's list, who finished, what held the listed ones back.

        Parameters
        ----------
        span : Span
        listed, finished : ndarray of bool
            Goals x draws.
        held_by : ndarray of int, or int
            Goals x draws, or one for all: FAILED, MONEY or TIME.
        counts : tuple of ndarray
            Of the list, as in ``list_counts``.
        """
        self.times_listed.append(listed.sum(axis=1))
        self.met_month[finished] = span.last
        if span.last <= self._deadline_month:
            self.held_by = np.where(listed, held_by, self.held_by).astype(np.int8)
            self.list_counts.append(counts)


class IndistinctCommunes(Counts):
    """An area whose communes are not described.

    :class:`Counts` says how many finish, a random order says which.

    Parameters
    ----------
    schedule : Schedule
    worlds : WorldSet
        Their random numbers are named by area and year.
    area : str
        The area's name.
    random_order : ndarray
        Goals x draws: the lowest comes first.

    Attributes
    ----------
    result : CycleResult
    """

    def __init__(self, schedule, worlds, area, random_order):
        super().__init__(len(random_order), worlds, area)
        self.result = CycleResult(schedule, worlds.draws)
        self._place = np.argsort(np.argsort(random_order, axis=0, kind="stable"), axis=0)

    def judge(self, span, list_size, luck, unlisted):
        """How many communes finish in a span; in the order they stand first, who failed next.

        Parameters
        ----------
        span : Span
        list_size, luck, unlisted : ndarray
            (draws,) as of :meth:`Counts.judge`.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        place = self._place - (len(self._place) - self._left)  # among those still open
        finished = super().judge(span, list_size, luck, unlisted)
        on_list = (place >= 0) & (place < list_size + finished - self.met)
        on_list &= (place < self.met) | (place >= finished)
        counts = (list_size, self.met, list_size)  # without money all are paid
        self.result.end(span, on_list, (place >= 0) & (place < finished), FAILED, counts)
        return finished


class NamedCommunes:
    """The communes of a data set in some worlds; arrays goals x draws.

    Parameters
    ----------
    layout : Layout
    drawn : DrawnWorlds
    area_years : AreaDraws
    uniform : callable
        The uniforms (goals x draws) of a quantity and a year, or of no year.
    purse : Purse, optional
        Without one every listed commune's works are paid and end in time.

    Attributes
    ----------
    result : CycleResult
    """

    def __init__(self, layout, drawn, area_years, uniform, purse=None):
        schedule = layout.schedule
        self._area_years, self._uniform, self._purse = area_years, uniform, purse
        self.result = CycleResult(schedule, drawn.draws)
        self._ntm = schedule.ntm[:, None]
        # No year is NaN, which is equal to none and before none.
        self._year, self._pledge = schedule.goals[["year", "pledge"]].to_numpy().T[:, :, None]
        # A list of the past was not met.
        self._missed = np.repeat(self._year < schedule.spans[0].year, drawn.draws, axis=1)
        self._order = schedule.goals["order"].rank(method="dense").to_numpy()[:, None] * 100
        self._count = drawn.count.astype(float)

    def left(self):
        """How many communes are not NTM yet in every world.

        Returns
        -------
        ndarray of int
            (draws,)
        """
        self._unfinished = self.result.met_month == NEVER
        return (self._unfinished & self._ntm).sum(axis=0)

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
        self._back = self._missed & self._unfinished & (self._uniform("return", year) < chance)
        self._pledged = (self._pledge == year) & self._unfinished
        self._pledged &= self._uniform("pledge", year) < self._area_years.pledge_chance
        return ((self._back | self._pledged) & self._ntm).sum(axis=0)

    def judge(self, span, list_size, luck, unlisted):
        """How many communes finish in a span: goals are listed and paid, succeed or fail.

        Parameters
        ----------
        span : Span
        list_size : ndarray of int
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
        unfinished, ntm, year = self._unfinished, self._ntm, span.year
        key, on_list = self._order_of_list(year, list_size)
        listed = unfinished & (on_list | ~ntm & ((self._year == year) | self._back))
        works_in_time = paid = listed
        if self._purse:
            # NTM is paid before the higher levels of the year.
            key = np.where(listed, key + 4 * KEY_STAYING_AWAY * ~ntm, np.inf)
            works_in_time, paid = self._purse.pay(key, listed, span)
        chance = np.where(works_in_time, luck, luck * (1 - self._area_years.loss_if_late))
        succeeded = listed & (self._uniform("success", year) < chance)
        others = unfinished & ~listed & ntm & (self._uniform("unlisted", year) < unlisted)
        finished = succeeded | others
        held_by = np.select([works_in_time, paid], [FAILED, TIME], MONEY)
        counts = [(each & ntm).sum(axis=0) for each in (listed, succeeded, works_in_time)]
        self.result.end(span, listed, finished, held_by, counts)
        self._missed = (self._missed | listed) & ~finished
        # Those on no list gain criteria slowly, never the last one; what is done stays done.
        gain = np.floor(self._area_years.drift * span.fraction + self._uniform("gain", year))
        self._count = np.where(listed, self._count, np.maximum(1.0, self._count - gain))
        return (finished & ntm).sum(axis=0)

    def _order_of_list(self, year, list_size):
        """Keys that order goals, and which NTM goals the year's list names.

        Where no list is reported the first ``list_size`` that are not finished.
        """
        groups = [self._back, self._pledged, self._missed]
        key = self._order + self._count + self._uniform("tie", None)
        key += np.select(groups, [KEY_RETURNING, KEY_PLEDGED, KEY_STAYING_AWAY], 0.0)
        of_year = (self._year == year) & self._ntm
        if of_year.any():
            return key, of_year
        order = np.argsort(
            np.where(self._unfinished & self._ntm, key, np.inf), axis=0, kind="stable"
        )
        on_list = np.empty_like(order, dtype=bool)
        np.put_along_axis(on_list, order, np.arange(len(order))[:, None] < list_size, axis=0)
        return key, on_list


class Purse:
    """The money of some worlds, and who has been paid out of it, list after list.

    Works are paid in the order of a list as far as some mix of the pots pays all up to there:
    nothing is skipped, and who is not paid waits. Pots of their own are no queue: a commune whose
    own pots cannot bear their part waits for itself and asks nothing of the shared ones. Money come
    into own pots by the end of a year counts for the whole year.

    Parameters
    ----------
    layout : Layout
    drawn : DrawnWorlds
    factor : float
        All money times this.

    Attributes
    ----------
    paid_month : ndarray of int16
        Goals x draws, the checkpoint (in months after the as-of month) by which each goal's works
        were paid; :data:`NEVER` where they are not.
    times_blocked : ndarray of int
        By set of :attr:`Layout.blockers`, in how many worlds and years it kept a listed commune
        from being paid.
    """

    def __init__(self, layout, drawn, factor=1.0):
        self._layout, self._sets, self._drawn = layout, layout.sets, drawn
        self._money = np.floor(drawn.money * factor)
        self._own_money = np.floor(drawn.own_money * factor)
        # What the places of one world ask is looked up together: worlds come first.
        self._cost = np.ascontiguousarray(drawn.cost.transpose(2, 0, 1))
        # With pots of their own, what communes ask is kept by set; else by kind of cost.
        share = np.eye(len(self._sets.members)) if layout.own_pots else self._sets.share
        # By set what it must bear of what is asked, less the money of its pots.
        self._over = np.hstack([share, -THOUSANDTHS * self._sets.members])
        self.paid_month = np.full(drawn.duration.shape, NEVER)
        self.times_blocked = np.zeros(len(layout.blockers), dtype=np.int64)

    def pay(self, key, listed, span):
        """Pay a list in the order of ``key``; goals not on the list have the highest keys.

        Works are paid by the last checkpoint that lets them end in time, or else by the end.

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
        checkpoints, money = self._layout.checkpoints, self._money
        number = listed.sum(axis=0)
        order = np.argsort(key, axis=0, kind="stable")[: number.max(initial=0)]
        before, duration = (
            np.take_along_axis(each, order, axis=0)
            for each in (self.paid_month, self._drawn.duration)
        )
        rank = np.arange(len(order))[:, None]
        first, last = np.searchsorted(checkpoints, (span.first, span.last))
        demand, able = self._demand(order, (rank < number) & (before == NEVER), last)
        paid_positions = self._reached(demand, money[:, last], number)
        # The set that the first unpaid place of a list breaks by most.
        short = np.flatnonzero(paid_positions < number)
        over = self._broken(demand, short, paid_positions[short] + 1, money[:, last])
        self.times_blocked += np.bincount(over.argmax(axis=1), minlength=len(self.times_blocked))
        payable = (rank < paid_positions) & able
        month = np.where(payable, span.last, NEVER)
        checkpoint = np.searchsorted(checkpoints, span.last - duration, side="right") - 1
        for early in range(first, last):
            mine = payable & (checkpoint == early)
            paid_positions = self._reached(
                demand, money[:, early], (mine * (rank + 1)).max(axis=0, initial=0)
            )
            month[mine & (rank < paid_positions)] = checkpoints[early]
        np.put_along_axis(
            self.paid_month, order, np.minimum(before, month).astype(np.int16), axis=0
        )
        paid = listed & (self.paid_month <= span.last)
        return paid & (self.paid_month <= span.last - self._drawn.duration), paid

    def _demand(self, order, owing, checkpoint):
        """What is asked of the shared pots, and whom own pots do not keep from being paid.

        The total asked by what is committed, goals already paid and the first k places of the list,
        k = 0, 1, ...: draws x (places + 1) x kinds of cost, thousand dong, where no commune has own
        pots; with own pots draws x (places + 1) x sets of shared pots, dong. And bool, places x
        draws: which places their own pots do not keep from being paid. ``order``: goals by place;
        ``checkpoint``: the index of that by which money has come.
        """
        drawn, draw = self._drawn, np.arange(self._drawn.draws)
        committed, paid = drawn.committed.T, (self.paid_month < NEVER).T.astype(float)
        if not self._layout.own_pots:
            done = committed + np.einsum("dgk,dg->dk", self._cost, paid)
            more = self._cost[draw[:, None], order.T] * owing.T[:, :, None]
            demand = np.concatenate([done[:, None], more], axis=1)
            return np.cumsum(demand, axis=1, out=demand), np.ones_like(owing)
        holders, others = self._layout.holder, self._layout.own_sets
        money = self._own_money[:, :, checkpoint]
        cost = np.array(drawn.own_committed.transpose(2, 0, 1))
        for g, holder in enumerate(holders):
            cost[:, holder] += self._cost[:, g] * paid[:, g, None]
        claims = self._beyond_own(cost.T, money.swapaxes(0, 1))[0].T
        demand = [self._sets.demand(drawn.committed).T + claims.sum(axis=1)]
        is_blocking = np.zeros((drawn.draws, len(others.members)), dtype=bool)
        able = np.ones_like(owing)
        for k, goals in enumerate(order):
            some = np.flatnonzero(owing[k])
            goal = goals[some]
            mine = some, holders[goal]
            own_money = money[goal, :, some].T
            more = cost[mine] + self._cost[some, goal]
            part, enough = self._beyond_own(more.T, own_money)
            step = (part.T - claims[mine]) * enough[:, None]
            demand.append(demand[-1].copy())
            demand[-1][some] += step
            claims[mine] += step
            cost[mine] = np.where(enough[:, None], more, cost[mine])
            able[k, some] = enough
            # The set of own pots that a commune which cannot bear its part breaks by most.
            own_funds = THOUSANDTHS * (
                others.members[:, self._layout.own_pots] @ own_money[:, ~enough]
            )
            worst = (others.demand(more[~enough].T) - own_funds).argmax(axis=0)
            is_blocking[some[~enough], worst] = True
        self.times_blocked[len(self._sets.members) :] += is_blocking.sum(axis=0)
        return np.stack(demand, axis=1), able

    def _beyond_own(self, cost, own_money):
        """What a commune asks of each set of shared pots, and whether its own can bear the rest."""
        demand = contribution(self._sets, cost, own_money)
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

    def _broken(self, demand, draw, positions, money):
        """By how much sets are broken in some worlds where so many places are paid.

        Worlds x sets.
        """
        claims = np.hstack([demand[draw, positions], money[:, draw].T])
        return claims @ self._over.T

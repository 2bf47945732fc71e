"""All worlds of a run: the cycle led through every block, and what is counted over the worlds.

The evidence sets the level, the engine sets the differences: success already holds the usual want
of money, so that only what departs from the data set's own baseline moves it.
"""

import os
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, lru_cache

import numpy as np
import pandas as pd
from pandas import DataFrame

from ..needs import BLOCK
from ..tables import DataProblemsError, Problem
from .drawn_worlds import Layout, draw_worlds
from .evidence import evidence, province_of
from .pace import ASSUMED, RANGE_COLUMNS, Area, Posterior, WorldSet, area_draws, fit
from .yearly_cycle import NEVER, IndistinctCommunes, NamedCommunes, Purse, run_cycle
from .yearly_list import schedule

LARGEST = 40_000_000  # kinds x goals x draws held at once by all workers
LED_TOGETHER = 1_000_000  # the same of the worlds that are led through the cycle at one time
CALIBRATING = 1_000  # worlds in which the share paid in time is found
ROUNDS = 3  # of finding it: who is listed depends on who succeeded
TRIED, FEWEST = 4_200_000, 500  # communes x worlds of each of many forecasts; worlds at least


def worlds_of_many(draws, communes):
    """Choose in how many worlds each of many forecasts of a data set is made.

    Parameters
    ----------
    draws : int
        Asked for.
    communes : int
        Of the data set.

    Returns
    -------
    int
        Fewer where a data set has so many communes that trying plans would take an hour.

    Examples
    --------
    >>> worlds_of_many(10_000, 411), worlds_of_many(10_000, 2_000), worlds_of_many(200, 50_000)
    (10000, 2100, 200)
    """
    return min(draws, max(FEWEST, TRIED // max(1, communes)))


class Knowledge(
    namedtuple(
        "Knowledge",
        "posterior evidence at",
        defaults=[{}],
    )
):
    """What the evidence says, as known on a day.

    Attributes
    ----------
    posterior : Posterior
    evidence : Evidence
    at : dict of str to float
        Assumptions held at one value instead of being drawn, by key.
    """

    @property
    def assumed(self):
        """What the panel cannot tell: low, mode, high by key."""
        table = self.evidence.assumed.copy()
        for key, value in self.at.items():
            table.loc[key, RANGE_COLUMNS] = value
        return table


@lru_cache(maxsize=8)
def knowledge(as_of):
    """The evidence as known on a day; the fit kept with it where nothing came later.

    Parameters
    ----------
    as_of : datetime.date

    Returns
    -------
    Knowledge

    Raises
    ------
    DataProblemsError
        Where what the panel cannot tell was not assumed by that day.
    """
    then, every = evidence(as_of), evidence()
    if lost := [key for key in ASSUMED if key not in then.assumed.index]:
        details = {"day": f"{as_of:%d/%m/%Y}", "files": f"panel_assumed.csv ({', '.join(lost)})"}
        raise DataProblemsError([Problem("not_known_then", "dataset.yaml", details=details)])
    unchanged = len(then.figures) == len(every.figures) and len(then.lists) == len(every.lists)
    return Knowledge(Posterior.read() if unchanged else fit(then.figures, then.lists), then)


class Baseline(
    namedtuple(
        "Baseline",
        "paid_share usual_money",
        defaults=[1.0, 0.0],
    )
):
    """What the data set itself is used to, kept for all its scenarios.

    Attributes
    ----------
    paid_share : float
        The part of listed communes whose works are paid and ended in time, 0..1; 1 where no money
        is entered at all.
    usual_money : float
        Money of a usual year, million dong; 0 where none is entered.
    """


# Runs of one layout ask for the same worlds again; those of few communes are kept for them.
kept_worlds = lru_cache(maxsize=4)(draw_worlds)

# What a run is of, what is kept of each of its worlds, what is counted over them.
OF_RUN = ("layout", "draws", "seed", "finish", "baseline")
PER_DRAW = ("met_month", "met_month_if_all_paid", "held_by", "list_counts", "lag")
SUMS = ("chance_listed", "times_blocked", "lacking", "finishing_where_lacking")


class Simulation(namedtuple("Simulation", (*OF_RUN, *PER_DRAW, *SUMS))):
    """All worlds of a run.

    Attributes
    ----------
    layout : Layout
    draws, seed : int
    finish : str
        Whether the deadline binds the criteria met (``met``) or the decision (``signed``).
    baseline : Baseline
        Of the data set (:func:`baseline_of`).
    met_month, met_month_if_all_paid : ndarray of int16
        Goals x draws: the month (after the as-of month) in which each is met; in which it were met
        if all works were paid in time.
    held_by : ndarray of int8
        Goals x draws: what held each back (:mod:`ntm_analysis.forecasts.yearly_cycle`).
    list_counts : ndarray of int
        3 x spans up to the deadline x draws: communes on the list, those of them who met it, and
        those whose works were paid and ended in time.
    lag : ndarray of int16
        Goals x draws: months from a year's end to the decision.
    chance_listed : ndarray of float
        Goals x spans: the chance to be on each year's list.
    times_blocked : ndarray of int
        By set of the layout's ``blockers``, how often it kept a listed commune from being paid.
    lacking, finishing_where_lacking : ndarray
        Communes not yet NTM x criteria: in how many worlds a commune lacks a criterion; how many
        communes finish in those, summed.
    """

    @cached_property
    def signed_month(self):
        """The month of each decision, after the as-of month: goals x draws."""
        return self.decided(self.met_month)

    def decided(self, met_month):
        """The month of each decision: the end of the year that a goal is met in, and the lag.

        Parameters
        ----------
        met_month : ndarray of int
            Goals x draws, in which they are met: in months after the as-of month.

        Returns
        -------
        ndarray of int16
            Goals x draws, likewise.
        """
        late = np.maximum(0, -(-(met_month.astype(int) - self._december) // 12))
        month = self._december + 12 * late + self.lag
        return np.where(met_month >= NEVER, NEVER, month).astype(np.int16)

    @cached_property
    def latest(self):
        """The last month in which a goal may be met to finish by the deadline: goals x draws."""
        if self.finish == "met":
            return np.full_like(self.lag, self.deadline_month)
        years = (self.deadline_month - self._december - self.lag) // 12
        return (self._december + 12 * years).astype(np.int16)

    @property
    def _december(self):
        return 12 - self.schedule.workbook.as_of.month

    @property
    def share_paid_in_time(self):
        """The part of listed communes whose works are paid and ended in time."""
        listed, _, paid = self.list_counts.sum(axis=(1, 2))
        return float(paid / max(1, listed))

    @property
    def schedule(self):
        """The schedule."""
        return self.layout.schedule

    @property
    def deadline_month(self):
        """The deadline in months after the as-of month."""
        return self.schedule.deadline_month


def baseline_of(workbook, seed, layout=None):
    """The baseline of a data set: its own policy and deadline, whatever a scenario changes.

    Parameters
    ----------
    workbook : Workbook
    seed : int
    layout : Layout, optional
        A schedule laid out; it serves where it is the one asked about, so that nobody is judged
        twice.

    Returns
    -------
    Baseline

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> usual = baseline_of(Workbook.open("data/thanh-chuong"), 2022)
    >>> 0 < usual.paid_share < 1, usual.usual_money > 100_000
    (True, True)
    """
    usual = workbook.usual or workbook
    wanted = layout and (layout.schedule.policy, layout.schedule.deadline)
    if wanted != ("own", usual.last_day) or layout.schedule.workbook is not usual:
        layout = Layout(schedule(usual))
    yearly = layout.yearly_money()
    if not sum(yearly.values()):
        return Baseline()
    money = float(np.mean(list(yearly.values())))
    share = 1.0
    for _ in range(ROUNDS):
        share = simulation(layout, CALIBRATING, seed, Baseline(share, money)).share_paid_in_time
    return Baseline(share, money)


def simulation(
    layout,
    draws,
    seed,
    baseline,
    *,
    finish="met",
    known=None,
    factor=1.0,
    workers=0,
):
    """All worlds of a schedule laid out.

    Parameters
    ----------
    layout : Layout
    draws, seed : int
    baseline : Baseline
        Of the data set (:func:`baseline_of`).
    finish : str
        Whether the deadline binds the criteria met (``met``) or the decision (``signed``).
    known : Knowledge, optional
        Default: as known on the as-of date.
    factor : float
        All money times this.
    workers : int
        Threads; the default goes by the machine. They change no byte.

    Returns
    -------
    Simulation
    """
    schedule = layout.schedule
    known = known or knowledge(schedule.workbook.as_of)
    _, area = _area_name(schedule.workbook)
    area_years = draw_area_years(layout, baseline, known, draws, seed, factor)

    def one(at):
        some = slice(at, min(at + step, draws))
        worlds = WorldSet(schedule.as_of_month, (), some.stop - at, seed, at // BLOCK)
        money = factor if baseline.usual_money else None
        return _kept_of_worlds(layout, area, worlds, _some_of(area_years, some), money)

    # With a country two workers wait for the memory more than they do.
    workers = (workers or os.cpu_count() or 1) if 4 * layout.cells * BLOCK <= LARGEST else 1
    # Whole blocks, as many together as there is room for, so that every worker has some.
    step = BLOCK * max(1, min(LARGEST // layout.cells, draws) // workers // BLOCK)
    with ThreadPoolExecutor(workers) as pool:
        portions = [portion for some in pool.map(one, range(0, draws, step)) for portion in some]
    joined = {k: np.concatenate([p[k] for p in portions], axis=-1) for k in PER_DRAW}
    sums = {k: np.sum([p[k] for p in portions], axis=0) for k in SUMS}
    sums["chance_listed"] = sums["chance_listed"] / draws
    return Simulation(layout, draws, seed, finish, baseline, **joined, **sums)


def _some_of(numbers, some):
    """The same numbers of some of the worlds."""
    return numbers._make(array[..., some] for array in numbers)


def _kept_of_worlds(layout, area, worlds, area_years, factor):
    """What is kept of some worlds, a few at a time; without a ``factor`` of money all is paid."""
    schedule = layout.schedule
    small = layout.cells * worlds.draws <= LED_TOGETHER
    drawn = (kept_worlds if small else draw_worlds)(layout, worlds.draws, worlds.seed, worlds.block)
    reported = schedule.goals.loc[schedule.ntm, "year"].value_counts()

    @cache  # both crowds live in the same worlds
    def uniform(quantity, year):
        keys = layout.goal_keys if year is None else [f"{k}|{year}" for k in layout.goal_keys]
        return worlds.uniforms(quantity, keys)

    def lead(some):
        """Lead few worlds through the cycle, so that what they take is at hand.

        Gives :data:`PER_DRAW`, and :data:`SUMS`.
        """
        few, few_years = (_some_of(numbers, some) for numbers in (drawn, area_years))
        purse, results = None if factor is None else Purse(layout, few, factor), []
        for payer in (purse, None):
            if schedule.described:
                of_few = lambda *name: uniform(*name)[:, some]  # noqa: E731 - used at once
                crowd = NamedCommunes(layout, few, few_years, of_few, payer)
            else:
                crowd = IndistinctCommunes(schedule, worlds, area, uniform("tie", None))
            run_cycle(crowd, few_years, schedule.spans, reported)
            results.append(crowd.result)
        paid, if_all_paid = results
        reached = (paid.met_month <= schedule.deadline_month)[schedule.ntm].sum(axis=0)
        return {
            "met_month": paid.met_month,
            "met_month_if_all_paid": if_all_paid.met_month,
            "held_by": paid.held_by,
            "list_counts": np.stack(paid.list_counts, axis=1),
            "lag": few.lag,
            "chance_listed": np.transpose(paid.times_listed),
            "times_blocked": purse.times_blocked
            if purse
            else np.zeros(len(layout.blockers), dtype=np.int64),
            "lacking": np.count_nonzero(few.lacks, axis=2),
            # Not a matrix product: the threads of the library behind it would stand in the way.
            "finishing_where_lacking": np.einsum("ucd,d->uc", few.lacks, reached.astype(float)),
        }

    step = 1 + LED_TOGETHER // layout.cells if schedule.described else worlds.draws
    return [lead(slice(at, at + step)) for at in range(0, worlds.draws, step)]


def draw_area_years(layout, baseline, known, draws, seed, factor=1.0):
    """Draw the years of the area in each world, lists as long as the money of the year moves them.

    Parameters
    ----------
    layout : Layout
    baseline : Baseline
    known : Knowledge
    draws, seed : int
    factor : float
        All money times this.

    Returns
    -------
    AreaDraws
    """
    schedule, unpaid = layout.schedule, 1 - baseline.paid_share
    merged = merged_since(schedule.workbook, known.posterior.last_month)
    of_spans = [span.year for span in schedule.spans]
    worlds = WorldSet(schedule.as_of_month, of_spans, draws, seed, merged=merged)
    area_years = area_draws(
        known.posterior, known.assumed, area_of(schedule, known), worlds, unpaid
    )
    reported = set(schedule.goals["year"][schedule.ntm])
    # By a deadline inside its year a part of a whole list has finished.
    fractions = [span.fraction if span.year in reported else 1.0 for span in schedule.spans]
    area_years = area_years._replace(luck=area_years.luck * np.array(fractions)[:, None])
    if baseline.usual_money:
        yearly = layout.yearly_money()
        money = np.array([yearly.get(year, baseline.usual_money) for year in of_spans])
        ratio = factor * money / baseline.usual_money
        list_share = np.clip(
            area_years.list_share * ratio[:, None] ** area_years.money_exponent, 0, 1
        )
        area_years = area_years._replace(list_share=list_share)
    return area_years


def area_of(schedule, known):
    """The area of a data set: its own record, its reported list, the figures of its province.

    Parameters
    ----------
    schedule : Schedule
    known : Knowledge

    Returns
    -------
    Area
    """
    communes, left = len(schedule.workbook.communes), int(schedule.ntm.sum())
    district, area = _area_name(schedule.workbook)
    kind = "district" if district else "province"
    province, month = province_of(area), schedule.as_of_month
    own_figure = {
        "area": area,
        "area_kind": kind,
        "province": province,
        "month": month,
        "finished": communes - left,
        "total": communes,
    }
    # Other districts of the province would speak of this one's own effect, which is not theirs.
    rows = known.evidence.figures.query("area in (@area, @province) and month <= @month")
    # What the data set says itself of its own day comes before what was published.
    rows = pd.concat([rows, DataFrame([own_figure])]).drop_duplicates(
        ["area", "month"], keep="last"
    )
    year = schedule.spans[0].year
    listed = len(schedule.goals.query("level == 'ntm' and year == @year"))
    return Area(area, kind, rows, communes, (year, listed, left) if listed else None)


def _area_name(workbook):
    """District name ('' for a whole province), and area name."""
    meta = workbook.meta
    province, district = ((meta.get(of) or {}).get("name", "") for of in ("province", "district"))
    return district, f"{district} ({province})" if province and district else district or province


def merged_since(workbook, month):
    """Whether units were merged after the end of a month.

    Parameters
    ----------
    workbook : Workbook
    month : int
        Month number: 12 * year + month.

    Returns
    -------
    bool
    """
    on = pd.to_datetime(workbook.tables["mergers"]["on"])
    after = 12 * on.dt.year + on.dt.month > month
    return bool((after & (on <= pd.Timestamp(workbook.as_of))).any())

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
from .drawn_worlds import Layout, draw_block
from .evidence import evidence, province_of
from .pace import ASSUMED, ENDS, Area, Posterior, area_draws, fit
from .pace import Run as AreaRun
from .yearly_cycle import NEVER, Alike, NamedCommunes, Purse, finishing
from .yearly_list import schedule

LARGEST = 40_000_000  # kinds x goals x draws held at once by all workers
PART = 1_000_000  # the same of the worlds that are led through the cycle together
CALIBRATING = 1_000  # worlds in which the share paid in time is found
ROUNDS = 3  # of finding it: who is listed depends on who succeeded


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
            table.loc[key, ENDS] = value
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
    known, every = evidence(as_of), evidence()
    if lost := [key for key in ASSUMED if key not in known.assumed.index]:
        details = {"day": f"{as_of:%d/%m/%Y}", "files": f"panel_assumed.csv ({', '.join(lost)})"}
        raise DataProblemsError([Problem("not_known_then", "dataset.yaml", details=details)])
    unchanged = len(known.figures) == len(every.figures) and len(known.lists) == len(every.lists)
    return Knowledge(Posterior.read() if unchanged else fit(known.figures, known.lists), known)


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
kept_block = lru_cache(maxsize=4)(draw_block)

# What a run is of, what is kept of each of its worlds, what is counted over them.
OF_RUN = ("layout", "draws", "seed", "finish", "baseline")
PER_DRAW = ("months", "unlimited", "held", "lists", "lag")
SUMS = ("listed", "blocked", "lacking", "finishing")


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
    months, unlimited : ndarray of int16
        Goals x draws: the month in which each is met; met were all works paid in time.
    held : ndarray of int8
        Goals x draws: what held each back (:mod:`ntm_analysis.forecasts.yearly_cycle`).
    lists : ndarray of int
        3 x years x draws: communes listed, finishing for their year, and with works paid and ended
        in time, of every list up to the deadline.
    lag : ndarray of int16
        Goals x draws: months from a year's end to the decision.
    listed : ndarray of float
        Goals x spans: the chance to be on each year's list.
    blocked : ndarray of int
        By set of the layout's ``blockers``, how often it kept a listed commune from being paid.
    lacking, finishing : ndarray
        Communes not yet NTM x criteria: in how many worlds a commune lacks a criterion; how many
        communes finish in those, summed.
    """

    @cached_property
    def signed(self):
        """The month of each decision: goals x draws."""
        return self.decided(self.months)

    def decided(self, months):
        """The month of each decision: the end of the year that a goal is met in, and the lag.

        Parameters
        ----------
        months : ndarray of int
            Goals x draws, in which they are met.

        Returns
        -------
        ndarray of int16
            Goals x draws.
        """
        late = np.maximum(0, -(-(months.astype(int) - self._december) // 12))
        month = self._december + 12 * late + self.lag
        return np.where(months >= NEVER, NEVER, month).astype(np.int16)

    @cached_property
    def latest(self):
        """The last month in which a goal may be met to finish by the deadline: goals x draws."""
        if self.finish == "met":
            return np.full_like(self.lag, self.deadline)
        years = (self.deadline - self._december - self.lag) // 12
        return (self._december + 12 * years).astype(np.int16)

    @property
    def _december(self):
        return 12 - self.plan.workbook.as_of.month

    @property
    def in_time(self):
        """The part of listed communes whose works are paid and ended in time."""
        listed, _, in_time = self.lists.sum(axis=(1, 2))
        return float(in_time / max(1, listed))

    @property
    def plan(self):
        """The schedule."""
        return self.layout.plan

    @property
    def deadline(self):
        """The deadline as a month after the as-of month."""
        return self.plan.deadline


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
    wanted = layout and (layout.plan.policy, layout.plan.day)
    if wanted != ("own", usual.last_day) or layout.plan.workbook is not usual:
        layout = Layout(schedule(usual))
    yearly = layout.yearly_money()
    if not sum(yearly.values()):
        return Baseline()
    money = float(np.mean(list(yearly.values())))
    share = 1.0
    for _ in range(ROUNDS):
        share = simulation(layout, CALIBRATING, seed, Baseline(share, money)).in_time
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
    plan = layout.plan
    known = known or knowledge(plan.workbook.as_of)
    _, area = _area_name(plan.workbook)
    years = usual_years(layout, baseline, known, draws, seed, factor)

    def one(at):
        some = slice(at, min(at + step, draws))
        own = AreaRun(plan.as_of_month, (), some.stop - at, seed, at // BLOCK)
        money = factor if baseline.usual_money else None
        return _block(layout, area, own, _part_of(years, some), money)

    # With a country two workers wait for the memory more than they do.
    workers = (workers or os.cpu_count() or 1) if 4 * layout.cells * BLOCK <= LARGEST else 1
    # Whole blocks, as many together as there is room for, so that every worker has some.
    step = BLOCK * max(1, min(LARGEST // layout.cells, draws) // workers // BLOCK)
    with ThreadPoolExecutor(workers) as pool:
        parts = [part for some in pool.map(one, range(0, draws, step)) for part in some]
    joined = {k: np.concatenate([p[k] for p in parts], axis=-1) for k in PER_DRAW}
    sums = {k: np.sum([p[k] for p in parts], axis=0) for k in SUMS}
    sums["listed"] = sums["listed"] / draws
    return Simulation(layout, draws, seed, finish, baseline, **joined, **sums)


def _part_of(numbers, some):
    """The same numbers of some of the worlds."""
    return numbers._make(array[..., some] for array in numbers)


def _block(layout, area, run, years, factor):
    """What is kept of the parts of a block of worlds; without a ``factor`` of money all is paid."""
    plan = layout.plan
    small = layout.cells * run.draws <= PART
    block = (kept_block if small else draw_block)(layout, run.draws, run.seed, run.block)
    reported = plan.goals.loc[plan.ntm, "year"].value_counts()

    @cache  # both crowds live in the same worlds
    def uniform(quantity, year):
        keys = layout.decisions if year is None else [f"{k}|{year}" for k in layout.decisions]
        return run.uniforms(quantity, keys)

    def part(some):
        """Of few worlds at a time, so that what they take is at hand.

        :data:`PER_DRAW`, and :data:`SUMS`.
        """
        few, draws = (_part_of(numbers, some) for numbers in (block, years))
        purse, outcomes = None if factor is None else Purse(layout, few, factor), []
        for own in (purse, None):
            if plan.described:
                part = lambda *name: uniform(*name)[:, some]  # noqa: E731 - used at once
                crowd = NamedCommunes(layout, few, draws, part, own)
            else:
                crowd = Alike(plan, run, area, uniform("tie", None))
            finishing(crowd, draws, plan.spans, reported)
            outcomes.append(crowd.outcome)
        paid, unlimited = outcomes
        reached = (paid.month <= plan.deadline)[plan.ntm].sum(axis=0)
        return {
            "months": paid.month,
            "unlimited": unlimited.month,
            "held": paid.held,
            "lists": np.stack(paid.lists, axis=1),
            "lag": few.lag,
            "listed": np.transpose(paid.listed),
            "blocked": purse.blocked if purse else np.zeros(len(layout.blockers), dtype=np.int64),
            "lacking": np.count_nonzero(few.lacks, axis=2),
            # Not a matrix product: the threads of the library behind it would stand in the way.
            "finishing": np.einsum("ucd,d->uc", few.lacks, reached.astype(float)),
        }

    step = 1 + PART // layout.cells if plan.described else run.draws
    return [part(slice(at, at + step)) for at in range(0, run.draws, step)]


def usual_years(layout, baseline, known, draws, seed, factor=1.0):
    """The years of the area in each world, lists as long as the money of the year moves them.

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
    plan, unpaid = layout.plan, 1 - baseline.paid_share
    merged = merged_since(plan.workbook, known.posterior.last)
    of_spans = [span.year for span in plan.spans]
    run = AreaRun(plan.as_of_month, of_spans, draws, seed, merged=merged)
    years = area_draws(known.posterior, known.assumed, area_of(plan, known), run, unpaid)
    reported = set(plan.goals["year"][plan.ntm])
    # By a deadline inside its year a part of a whole list has finished.
    parts = [span.fraction if span.year in reported else 1.0 for span in plan.spans]
    years = years._replace(luck=years.luck * np.array(parts)[:, None])
    if baseline.usual_money:
        yearly = layout.yearly_money()
        usual = np.array([yearly.get(year, baseline.usual_money) for year in of_spans])
        ratio = factor * usual / baseline.usual_money
        length = np.clip(years.length * ratio[:, None] ** years.money_exponent, 0, 1)
        years = years._replace(length=length)
    return years


def area_of(plan, known):
    """The area of a data set: its own record, its reported list, the figures of its province.

    Parameters
    ----------
    plan : Schedule
    known : Knowledge

    Returns
    -------
    Area
    """
    communes, left = len(plan.workbook.communes), int(plan.ntm.sum())
    district, area = _area_name(plan.workbook)
    kind = "district" if district else "province"
    province, month = province_of(area), plan.as_of_month
    own = {
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
    rows = pd.concat([rows, DataFrame([own])]).drop_duplicates(["area", "month"], keep="last")
    year = plan.spans[0].year
    listed = len(plan.goals.query("level == 'ntm' and year == @year"))
    return Area(area, kind, rows, communes, (year, listed, left) if listed else None)


def _area_name(workbook):
    """The district of a data set, which one of a whole province has none of; the area's name."""
    meta = workbook.meta
    province, district = ((meta.get(of) or {}).get("name", "") for of in ("province", "district"))
    return district, f"{district} ({province})" if province and district else district or province


def merged_since(workbook, month):
    """Whether units were merged after the end of a month.

    Parameters
    ----------
    workbook : Workbook
    month : int
        Numbered as in the evidence.

    Returns
    -------
    bool
    """
    on = pd.to_datetime(workbook.tables["mergers"]["on"])
    after = 12 * on.dt.year + on.dt.month > month
    return bool((after & (on <= pd.Timestamp(workbook.as_of))).any())

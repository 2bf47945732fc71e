"""Will every commune finish by the deadline: what the worlds of a run say, and how sure that is.

In this order: how many finish with the usual range, P(basically all), P(all); then each commune,
registrations and pledges, what dependence does, the weakest links. Beside every forecast stand the
straight line and the plain share of the remaining communes.
"""

import datetime as dt
import math
from collections import namedtuple
from functools import cached_property
from itertools import compress

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..needs import spread, uniforms
from ..standing import RANKS, levels
from .back_test import hazards, pairs, second_opinions
from .drawn_worlds import Layout
from .simulation import CALIBRATING, baseline_of, knowledge, merged_since, simulation, usual_years
from .yearly_cycle import FAILED, MONEY, TIME, UNLISTED
from .yearly_list import deadline_of, schedule

HELD = {"not_listed": UNLISTED, "list_failed": FAILED, "money": MONEY, "time": TIME}
SIZES = ("low", "quantity", "high")


class Forecast(namedtuple("Forecast", "workbook run day level")):
    """A run and what follows from it.

    Attributes
    ----------
    workbook : Workbook
    run : Simulation
    day : date
        The deadline.
    level : DataFrame
        The recognised level of every commune, by unit in administrative order.
    """

    @property
    def communes(self):
        """Unit numbers in administrative order."""
        return self.level.index.tolist()

    @cached_property
    def now(self):
        """The finished communes: recognised NTM or higher."""
        return self.level.index[self.level["level"] != "not_ntm"].tolist()

    @cached_property
    def open_(self):
        """The NTM goals: communes that are not NTM yet."""
        return np.flatnonzero(self.run.plan.ntm)

    def reached(self, months, last):
        """Which NTM goals a run meets by a month.

        Parameters
        ----------
        months : ndarray of int
            Goals x draws, of all goals.
        last : int or ndarray of int
            One for all, or goals x draws.

        Returns
        -------
        ndarray of bool
            NTM goals x draws.
        """
        return (months <= last)[self.open_]

    def number(self, months, last):
        """How many communes have finished by a month, those finished now among them.

        Parameters
        ----------
        months, last : ndarray, ndarray or int
            As for :meth:`reached`.

        Returns
        -------
        ndarray of int
            Draws.
        """
        return len(self.now) + self.reached(months, last).sum(axis=0)

    @cached_property
    def in_time(self):
        """Which NTM goals are met by the deadline: bool, NTM goals x draws."""
        return self.reached(self.run.months, self.run.latest)

    @cached_property
    def in_time_if_paid(self):
        """Which NTM goals would be met by the deadline were all works paid in time.

        Bool, NTM goals x draws.
        """
        return self.reached(self.run.unlimited, self.run.latest)

    @cached_property
    def finishing(self):
        """How many communes finish by the deadline, those finished now among them: int, draws."""
        return self.number(self.run.months, self.run.latest)

    @cached_property
    def basically(self):
        """How many communes are basically all."""
        return math.ceil(len(self.communes) * self.run.plan.rules["basically"] / 100)

    @property
    def enough(self):
        """In which worlds basically all finish: bool, draws."""
        return self.finishing >= self.basically

    @cached_property
    def bands(self):
        """The band of each commune that is not finished; 1 is the likeliest.

        Communes of which the same is known share one.
        """
        plan, facts, tables = self.run.plan, self.run.plan.facts, self.workbook.tables
        reports = [
            (plan.works["ntm"], ["criterion", "item", *SIZES, "left", "committed", "year"]),
            (tables["targets"], ["level", "kind", "year"]),
            (tables["debts"], ["criterion", "amount"]),
        ]
        states = (facts.lacking, facts.open_, facts.now, facts.prior, facts.number)
        known = [[np.array(own).tolist() for own in state] for state in states]
        for table, columns in reports:
            rows = Series(map(repr, table[columns].to_numpy().tolist()), table["unit"], dtype=str)
            known.append(rows.sort_values().groupby(level=0).agg(list).reindex(facts.units))
        served = set(tables["envelopes"]["served"])
        known.append([code in served and code for code in facts.codes])
        known += [
            plan.goals.loc[plan.ntm, "order"],
            self.workbook.units.loc[facts.units, "district"],
        ]
        keys = Series([*map(repr, zip(*known, strict=True))], facts.units, dtype=object)
        mean = Series(self.in_time.mean(axis=1), facts.units).groupby(keys).mean()
        return keys.map(mean.rank(ascending=False, method="first")).astype(int)

    def by_band(self, table):
        """A table of the NTM goals by unit, each with the mean of its band.

        Parameters
        ----------
        table : Series or DataFrame

        Returns
        -------
        Series or DataFrame
        """
        return table.groupby(self.bands).transform("mean")

    def of_band(self, values):
        """The mean over the worlds of each NTM goal; of a band of communes its mean.

        Parameters
        ----------
        values : ndarray
            NTM goals x draws.

        Returns
        -------
        Series of float
            By unit.
        """
        return self.by_band(Series(values.mean(axis=1), index=self.bands.index))

    @cached_property
    def p(self):
        """The chance of each commune by the deadline, by unit; 1 for one finished now."""
        return self.of_band(self.in_time).reindex(self.communes, fill_value=1.0)

    @cached_property
    def held(self):
        """What holds each commune back: the share of all worlds, by unit; columns of HELD."""
        held = np.where(self.in_time, -1, self.run.held[self.open_])
        return DataFrame({name: self.of_band(held == kind) for name, kind in HELD.items()})

    @cached_property
    def list_chance(self):
        """The chance of each open commune to be on each year's list: units x years."""
        years = [span.year for span in self.run.plan.spans]
        table = DataFrame(self.run.listed[self.open_], self.bands.index, years)
        return self.by_band(table.loc[:, ~table.columns.duplicated()])

    @cached_property
    def coarse(self):
        """Whether no single commune gets a figure finer than a word.

        So where the evidence is over a year old on the as-of date, or units were merged since.
        """
        last = knowledge(self.workbook.as_of).posterior.last
        return self.run.plan.as_of_month - last > 12 or merged_since(self.workbook, last)

    def binding(self, months):
        """The months by which goals have finished: met, or decided where that is asked.

        Parameters
        ----------
        months : ndarray of int
            Goals x draws, in which they are met.

        Returns
        -------
        ndarray of int
            Goals x draws.
        """
        return self.run.decided(months) if self.run.finish == "signed" else months

    @cached_property
    def _finished(self):
        return self.binding(self.run.months)

    def dates(self, unit):
        """The days by which 10, 50, 90 % of worlds have an open commune finish; of a band its days.

        Parameters
        ----------
        unit : int

        Returns
        -------
        list of date or None
            None beyond the horizon.
        """
        plan, alike = self.run.plan, self.open_[self.bands == self.bands[unit]]
        months = np.percentile(self._finished[alike], (10, 50, 90), method="inverted_cdf")
        return [plan.end_of(m) if m <= plan.spans[-1].last else None for m in months]

    def over_time(self):
        """How many communes have finished by the end of each year.

        Returns
        -------
        DataFrame
            day, p10, p50, p90, mean.
        """
        plan = self.run.plan
        ends = {0, plan.deadline, *(span.last for span in plan.spans)}
        return DataFrame(
            {"day": plan.end_of(end), **spread(self.number(self._finished, end))}
            for end in sorted(ends)
            if end <= plan.deadline
        )

    def registrations(self):
        """Every planned target and pledge.

        Returns
        -------
        DataFrame
            unit, level, year, kind, closes (the last day of the appraisal, ISO), p (that it counts
            for its year), p_by_year_end (the same), p_unlimited (were all works paid in time),
            under_way. p is 1 for a level that is recognised already; NaN where none stands in the
            schedule.
        """
        run, plan, tables = self.run, self.run.plan, self.workbook.tables
        targets, works, columns = tables["targets"], tables["works"], ["unit", "level"]
        table = targets[targets["unit"].isin(self.communes)].reset_index(drop=True)
        table = table[[*columns, "year", "kind"]].astype({"year": int})
        begun = works[(works["state"] != "done") & (works["percent_done"] > 0)]
        places, goals, begun = (
            pd.MultiIndex.from_frame(rows[columns]) for rows in (table, plan.goals, begun)
        )
        # A list counts for its year, whenever the appraisal is over.
        lasts = table["year"].map(Series({span.year: span.last for span in plan.spans}).asof)

        def chance(months):
            own = DataFrame(months, goals).reindex(places).reset_index(drop=True)
            return own.le(lasts, axis=0).mean(axis=1).where(places.isin(goals))

        level, now = table["level"], table["unit"].map(self.level["level"])
        recognised = now.map(RANKS.index) >= level.map(RANKS.index)
        p = chance(run.months).fillna(recognised.map({True: 1.0}))
        chances = DataFrame({"p": p, "p_by_year_end": p, "p_unlimited": chance(run.unlimited)})
        band = table["unit"].map(self.bands).where(level == "ntm")
        means = chances.groupby([band, table["year"], table["kind"]]).transform("mean")
        months = pd.offsets.MonthEnd(12 + int(plan.rules["dossier_closes"]))
        closes = pd.to_datetime(table["year"].astype(str), format="%Y") + months
        table = table.assign(closes=closes.dt.strftime("%Y-%m-%d")).join(means.fillna(chances))
        return table.assign(under_way=places.isin(begun))

    def weakest(self):
        """Of the worlds in which not all finish: in how many each commune does not.

        Returns
        -------
        DataFrame
            By unit, the weakest first: the share in which it is ``unfinished``, and ``alone`` is.
        """
        late = ~self.in_time[:, ~self.in_time.all(axis=0)]
        alone = late & (late.sum(axis=0) == 1)
        shares = {"unfinished": late.sum(axis=1), "alone": alone.sum(axis=1)}
        table = DataFrame(shares, index=self.bands.index) / max(1, late.shape[1])
        return self.by_band(table).sort_values([*shares], ascending=False, kind="stable")

    def ask_first(self):
        """The unknown states whose answer moves the number finishing most.

        Returns
        -------
        DataFrame
            band, criterion, effect (communes more on average where the communes of the band meet
            it), size (how far an answer moves the expected number); only what stands out of the
            draws.
        """
        run, draws = self.run, self.run.draws
        lacking, finishing = (
            DataFrame(each, self.bands, run.plan.facts.numbers).stack()
            for each in (run.lacking, run.finishing)
        )
        met = draws - lacking
        reached = self.reached(run.months, run.deadline)  # which is what the worlds were counted by
        effect = (reached.sum() - finishing) / met - finishing / lacking
        size = effect * np.sqrt(lacking * met) / draws
        groups = DataFrame({"effect": effect, "size": size}).dropna().groupby(level=[0, 1])
        noise = 3 * self.finishing.std() / np.sqrt(draws * groups.size())
        means = groups.mean()
        means = means[means["size"] > noise].reset_index(names=["band", "criterion"])
        return means.sort_values("size", ascending=False, kind="stable", ignore_index=True)

    def pots_without_money(self):
        """Pots that works may draw on and that bring nothing after the as-of date.

        Returns
        -------
        list of str
        """
        layout, envelopes = self.run.layout, self.run.layout.envelopes
        brings = envelopes["amount"] * envelopes["profile"].map(np.sum) > 0
        full = set(envelopes.loc[brings, "pot"])
        return [pot for pot in layout.sets.pots if pot not in full]

    def blocking_sources(self):
        """The pots that most often keep a listed commune from being paid.

        Returns
        -------
        list of str
            No pot where none does. Pots that a policy splits are among them: there a commune lacks
            its own part.
        """
        blocked, layout = self.run.blocked, self.run.layout
        inside = layout.blockers[blocked.argmax()] & blocked.any()
        return [*compress(layout.sets.pots, inside)]

    @cached_property
    def second_opinions(self):
        """The number finishing by the plain share and by the straight line: int, draws."""
        run = self.run
        pair = {
            "start": len(self.now),
            "communes": len(self.communes),
            "first": run.plan.as_of_month,
            "years": run.deadline / 12,
        }
        panel = knowledge(self.workbook.as_of).evidence.panel
        keys = ["line", "rate", "share"]
        uniform = uniforms(run.seed, "second opinion", keys, run.draws)
        return second_opinions(pair, hazards(pairs(panel)[0]), uniform)

    @cached_property
    def basis(self):
        """What of the number is evidence.

        Returns
        -------
        dict
            ``pace``: the part of the remaining communes that finishes in a year (p10, p50, p90 over
            worlds and years); ``success``: the chance of a listed commune (the same); ``years``:
            the ``factor`` of a year one standard deviation off; ``panel``: how many ``figures``,
            ``areas`` and ``lists`` were known, and the ``last`` month (12 * year + month).
        """
        run, known = self.run, knowledge(self.workbook.as_of)
        draws = min(run.draws, CALIBRATING)
        years = usual_years(run.layout, run.baseline, known, draws, run.seed)
        posterior, figures = known.posterior, known.evidence.figures
        return {
            "pace": _usual_range(years.share),
            "success": _usual_range(years.success),
            "years": {"factor": float(np.exp(posterior.draws["year"].mean()))},
            "panel": {
                "figures": len(figures),
                "areas": figures["area"].nunique(),
                "lists": len(known.evidence.lists),
                "last": posterior.last,
            },
        }

    @property
    def yearly(self):
        """Communes recognised a year since the programme began, on average."""
        as_of, begin = self.workbook.as_of, self.run.plan.rules["programme_start"]
        return len(self.now) / max(as_of.year + as_of.month / 12 - begin, 1)

    def line_date(self):
        """The day on which the straight line of the pace so far reaches the last commune.

        Returns
        -------
        date or None
        """
        left = len(self.communes) - len(self.now)
        try:
            return self.workbook.as_of + dt.timedelta(days=round(365.25 * (left / self.yearly)))
        except (ZeroDivisionError, OverflowError):  # at no pace, or beyond all calendars
            return None

    def fails_set_in_force(self):
        """The chance that a recognised commune fails the set in force.

        Returns
        -------
        float or None
            None where no set changed.
        """
        facts = self.run.plan.facts
        if facts.set_id == facts.reported_in:
            return None
        return float(1 - np.prod(1 - facts.lost))


def _usual_range(values):
    return dict(
        zip(("p10", "p50", "p90"), np.quantile(values, [0.1, 0.5, 0.9]).tolist(), strict=True)
    )


def forecast(
    workbook,
    *,
    policy="own",
    deadline=None,
    finish="met",
    draws=10_000,
    seed=2022,
    baseline=None,
    schedule_of=schedule,
):
    """The forecast of a data set.

    Parameters
    ----------
    workbook : Workbook
        The data set, or a scenario of it.
    policy : str
        Who comes first among those on no reported list.
    deadline : date, optional
        Default: the end of the term, or a scenario's own.
    finish : str
        Whether the deadline binds the criteria met (``met``) or the decision (``signed``).
    draws, seed : int
    baseline : Baseline, optional
        Of the data set, where it is known already (:func:`baseline_of`).
    schedule_of : callable
        Gives the schedule of (workbook, policy, day): the rules alone, or the best plan too
        (:func:`ntm_analysis.allocation.plans.planned_forecast`).

    Returns
    -------
    Forecast

    Raises
    ------
    ValueError
        For a policy, finish or number of draws that is none.
    DataProblemsError
        For a deadline not after the as-of date, and for what a forecast needs and was not known.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> will = forecast(Workbook.open("data/thanh-chuong"), draws=200)
    >>> len(will.now), len(will.communes), will.basically
    (22, 37, 36)
    """
    if finish not in ("met", "signed") or draws < 1:
        raise ValueError(f"finish={finish!r}, draws={draws}: met or signed; at least 1")
    day = deadline_of(workbook, deadline)
    plan = schedule_of(workbook, policy, day)
    return forecast_of(Layout(plan), draws, seed, finish=finish, baseline=baseline)


def forecast_of(layout, draws, seed, *, finish="met", baseline=None):
    """The forecast of a schedule laid out already.

    Parameters
    ----------
    layout : Layout
    draws, seed : int
    finish : str
    baseline : Baseline, optional
        As for :func:`forecast`.

    Returns
    -------
    Forecast
    """
    workbook = layout.plan.workbook
    baseline = baseline or baseline_of(workbook, seed, layout)
    run = simulation(layout, draws, seed, baseline, finish=finish)
    return Forecast(workbook, run, layout.plan.day, levels(workbook))

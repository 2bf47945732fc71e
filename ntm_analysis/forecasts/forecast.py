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
from .simulation import (
    CALIBRATING,
    baseline_of,
    draw_area_years,
    knowledge,
    merged_since,
    simulation,
)
from .yearly_cycle import FAILED, MONEY, TIME, UNLISTED
from .yearly_list import deadline_of, schedule

HELD_REASONS = {"not_listed": UNLISTED, "list_failed": FAILED, "money": MONEY, "time": TIME}
SIZE_COLUMNS = ("low", "quantity", "high")


class Forecast(namedtuple("Forecast", "workbook simulation deadline levels")):
    """A run and what follows from it.

    Attributes
    ----------
    workbook : Workbook
    simulation : Simulation
    deadline : date
    levels : DataFrame
        The recognised level of every commune, by unit in administrative order.
    """

    @property
    def schedule(self):
        """The schedule."""
        return self.simulation.schedule

    @property
    def communes(self):
        """Unit numbers in administrative order."""
        return self.levels.index.tolist()

    @cached_property
    def now(self):
        """The finished communes: recognised NTM or higher."""
        return self.levels.index[self.levels["level"] != "not_ntm"].tolist()

    @cached_property
    def ntm_goals(self):
        """Positions of the NTM goals: communes that are not NTM yet."""
        return np.flatnonzero(self.schedule.ntm)

    def reached(self, met_month, by_month):
        """Which NTM goals are met by a month.

        Parameters
        ----------
        met_month : ndarray of int
            Goals x draws, of all goals: in months after the as-of month.
        by_month : int or ndarray of int
            Likewise, one for all, or goals x draws.

        Returns
        -------
        ndarray of bool
            NTM goals x draws.
        """
        return (met_month <= by_month)[self.ntm_goals]

    def number(self, met_month, by_month):
        """How many communes have finished by a month, those finished now among them.

        Parameters
        ----------
        met_month, by_month : ndarray, ndarray or int
            As for :meth:`reached`.

        Returns
        -------
        ndarray of int
            Draws.
        """
        return len(self.now) + self.reached(met_month, by_month).sum(axis=0)

    @cached_property
    def in_time(self):
        """Which NTM goals are met by the deadline: bool, NTM goals x draws."""
        return self.reached(self.simulation.met_month, self.simulation.latest)

    @cached_property
    def in_time_if_all_paid(self):
        """Which NTM goals would be met by the deadline were all works paid in time.

        Bool, NTM goals x draws.
        """
        return self.reached(self.simulation.met_month_if_all_paid, self.simulation.latest)

    @cached_property
    def finishing(self):
        """How many communes finish by the deadline, those finished now among them: int, draws."""
        return self.number(self.simulation.met_month, self.simulation.latest)

    @cached_property
    def n_basically_all(self):
        """How many communes are basically all."""
        return math.ceil(len(self.communes) * self.schedule.rules["basically"] / 100)

    @property
    def basically_all(self):
        """In which worlds basically all finish: bool, draws."""
        return self.finishing >= self.n_basically_all

    @cached_property
    def alike_groups(self):
        """The group (told as its band) of each commune that is not finished; 1 is the likeliest.

        Communes of which the same is known share one.
        """
        schedule, facts, tables = self.schedule, self.schedule.facts, self.workbook.tables
        reports = [
            (
                schedule.works["ntm"],
                ["criterion", "item", *SIZE_COLUMNS, "left", "committed", "year"],
            ),
            (tables["targets"], ["level", "kind", "year"]),
            (tables["debts"], ["criterion", "amount"]),
        ]
        states = (facts.lacking, facts.open_, facts.now, facts.prior, facts.number)
        traits = [[np.array(each).tolist() for each in state] for state in states]
        for table, columns in reports:
            rows = Series(map(repr, table[columns].to_numpy().tolist()), table["unit"], dtype=str)
            traits.append(rows.sort_values().groupby(level=0).agg(list).reindex(facts.units))
        served = set(tables["envelopes"]["served"])
        traits.append([code in served and code for code in facts.codes])
        traits += [
            schedule.goals.loc[schedule.ntm, "order"],
            self.workbook.units.loc[facts.units, "district"],
        ]
        keys = Series([*map(repr, zip(*traits, strict=True))], facts.units, dtype=object)
        mean = Series(self.in_time.mean(axis=1), facts.units).groupby(keys).mean()
        return keys.map(mean.rank(ascending=False, method="first")).astype(int)

    def by_group(self, table):
        """A table of the NTM goals by unit, each with the mean of its group.

        Parameters
        ----------
        table : Series or DataFrame

        Returns
        -------
        Series or DataFrame
        """
        return table.groupby(self.alike_groups).transform("mean")

    def of_group(self, values):
        """The mean over the worlds of each NTM goal; of a group of communes its mean.

        Parameters
        ----------
        values : ndarray
            NTM goals x draws.

        Returns
        -------
        Series of float
            By unit.
        """
        return self.by_group(Series(values.mean(axis=1), index=self.alike_groups.index))

    @cached_property
    def p(self):
        """The chance of each commune by the deadline, by unit; 1 for one finished now."""
        return self.of_group(self.in_time).reindex(self.communes, fill_value=1.0)

    @cached_property
    def held_shares(self):
        """What holds each commune back: the share of all worlds, by unit and reason."""
        held_by = np.where(self.in_time, -1, self.simulation.held_by[self.ntm_goals])
        return DataFrame(
            {name: self.of_group(held_by == kind) for name, kind in HELD_REASONS.items()}
        )

    @cached_property
    def list_chance(self):
        """The chance of each open commune to be on each year's list: units x years."""
        years = [span.year for span in self.schedule.spans]
        table = DataFrame(
            self.simulation.chance_listed[self.ntm_goals], self.alike_groups.index, years
        )
        return self.by_group(table.loc[:, ~table.columns.duplicated()])

    @cached_property
    def coarse(self):
        """Whether no single commune gets a figure finer than a word.

        So where the evidence is over a year old on the as-of date, or units were merged since.
        """
        last = knowledge(self.workbook.as_of).posterior.last_month
        return self.schedule.as_of_month - last > 12 or merged_since(self.workbook, last)

    def binding(self, met_month):
        """The months by which goals have finished: met, or decided where that is asked.

        Parameters
        ----------
        met_month : ndarray of int
            Goals x draws, in which they are met: in months after the as-of month.

        Returns
        -------
        ndarray of int
            Goals x draws, likewise.
        """
        simulation = self.simulation
        return simulation.decided(met_month) if simulation.finish == "signed" else met_month

    @cached_property
    def _finished(self):
        return self.binding(self.simulation.met_month)

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
        schedule = self.schedule
        alike = self.ntm_goals[self.alike_groups == self.alike_groups[unit]]
        months = np.percentile(self._finished[alike], (10, 50, 90), method="inverted_cdf")
        return [schedule.end_of(m) if m <= schedule.spans[-1].last else None for m in months]

    def over_time(self):
        """How many communes have finished by the end of each year.

        Returns
        -------
        DataFrame
            day, p10, p50, p90, mean.
        """
        schedule = self.schedule
        ends = {0, schedule.deadline_month, *(span.last for span in schedule.spans)}
        return DataFrame(
            {"day": schedule.end_of(end), **spread(self.number(self._finished, end))}
            for end in sorted(ends)
            if end <= schedule.deadline_month
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
        simulation, schedule, tables = self.simulation, self.schedule, self.workbook.tables
        targets, works, columns = tables["targets"], tables["works"], ["unit", "level"]
        table = targets[targets["unit"].isin(self.communes)].reset_index(drop=True)
        table = table[[*columns, "year", "kind"]].astype({"year": int})
        begun = works[(works["state"] != "done") & (works["percent_done"] > 0)]
        keys, goals, begun = (
            pd.MultiIndex.from_frame(rows[columns]) for rows in (table, schedule.goals, begun)
        )
        # A list counts for its year, whenever the appraisal is over.
        last_months = table["year"].map(
            Series({span.year: span.last for span in schedule.spans}).asof
        )

        def chance(met_month):
            own = DataFrame(met_month, goals).reindex(keys).reset_index(drop=True)
            return own.le(last_months, axis=0).mean(axis=1).where(keys.isin(goals))

        level, now = table["level"], table["unit"].map(self.levels["level"])
        recognised = now.map(RANKS.index) >= level.map(RANKS.index)
        p = chance(simulation.met_month).fillna(recognised.map({True: 1.0}))
        chances = DataFrame(
            {"p": p, "p_by_year_end": p, "p_unlimited": chance(simulation.met_month_if_all_paid)}
        )
        group = table["unit"].map(self.alike_groups).where(level == "ntm")
        means = chances.groupby([group, table["year"], table["kind"]]).transform("mean")
        months = pd.offsets.MonthEnd(12 + int(schedule.rules["dossier_closes"]))
        closes = pd.to_datetime(table["year"].astype(str), format="%Y") + months
        table = table.assign(closes=closes.dt.strftime("%Y-%m-%d")).join(means.fillna(chances))
        return table.assign(under_way=keys.isin(begun))

    def weakest(self):
        """Of the worlds in which not all finish: in how many each commune does not.

        Returns
        -------
        DataFrame
            By unit, the weakest first: the share in which it is ``unfinished``, and in which it
            ``alone`` is unfinished.
        """
        late = ~self.in_time[:, ~self.in_time.all(axis=0)]
        alone = late & (late.sum(axis=0) == 1)
        shares = {"unfinished": late.sum(axis=1), "alone": alone.sum(axis=1)}
        table = DataFrame(shares, index=self.alike_groups.index) / max(1, late.shape[1])
        return self.by_group(table).sort_values([*shares], ascending=False, kind="stable")

    def ask_first(self):
        """The unknown states whose answer moves the number finishing most.

        Returns
        -------
        DataFrame
            band, criterion, effect (communes more on average where the communes of the band meet
            it), size (how far an answer moves the expected number); only what stands out of the
            draws.
        """
        simulation, draws = self.simulation, self.simulation.draws
        lacking, finishing_where_lacking = (
            DataFrame(each, self.alike_groups, self.schedule.facts.numbers).stack()
            for each in (simulation.lacking, simulation.finishing_where_lacking)
        )
        met = draws - lacking
        # Met by the deadline, which is what the worlds were counted by.
        reached = self.reached(simulation.met_month, simulation.deadline_month)
        effect = (reached.sum() - finishing_where_lacking) / met - finishing_where_lacking / lacking
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
        layout, envelopes = self.simulation.layout, self.simulation.layout.envelopes
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
        times_blocked, layout = self.simulation.times_blocked, self.simulation.layout
        inside = layout.blockers[times_blocked.argmax()] & times_blocked.any()
        return [*compress(layout.sets.pots, inside)]

    @cached_property
    def second_opinions(self):
        """The number finishing by the plain share and by the straight line: int, draws."""
        simulation = self.simulation
        pair = {
            "start": len(self.now),
            "communes": len(self.communes),
            "first": self.schedule.as_of_month,
            "years": simulation.deadline_month / 12,
        }
        panel = knowledge(self.workbook.as_of).evidence.panel
        keys = ["line", "rate", "share"]
        uniform = uniforms(simulation.seed, "second opinion", keys, simulation.draws)
        return second_opinions(pair, hazards(pairs(panel)[0]), uniform)

    @cached_property
    def evidence_basis(self):
        """What of the number is evidence.

        Returns
        -------
        dict
            ``pace``: the part of the remaining communes that finishes in a year (p10, p50, p90 over
            worlds and years); ``success``: the mean chance of a listed commune (the same over
            worlds); ``years``: the ``factor`` of a year one standard deviation off; ``panel``: how
            many ``figures``, ``areas`` and ``lists`` were known, and the ``last`` month number
            (12 * year + month).
        """
        simulation, known = self.simulation, knowledge(self.workbook.as_of)
        draws = min(simulation.draws, CALIBRATING)
        area_years = draw_area_years(
            simulation.layout, simulation.baseline, known, draws, simulation.seed
        )
        posterior, figures = known.posterior, known.evidence.figures
        return {
            "pace": _usual_range(area_years.finishing_share),
            "success": _usual_range(area_years.mean_success),
            "years": {"factor": float(np.exp(posterior.rows["year"].mean()))},
            "panel": {
                "figures": len(figures),
                "areas": figures["area"].nunique(),
                "lists": len(known.evidence.lists),
                "last": posterior.last_month,
            },
        }

    @property
    def yearly(self):
        """Communes recognised a year since the programme began, on average."""
        as_of, begin = self.workbook.as_of, self.schedule.rules["programme_start"]
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
        facts = self.schedule.facts
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
        Gives the schedule of (workbook, policy, deadline): the rules alone, or the best plan too
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
    >>> len(will.now), len(will.communes), will.n_basically_all
    (22, 37, 36)
    """
    if finish not in ("met", "signed") or draws < 1:
        raise ValueError(f"finish={finish!r}, draws={draws}: met or signed; at least 1")
    deadline = deadline_of(workbook, deadline)
    schedule = schedule_of(workbook, policy, deadline)
    return forecast_of(Layout(schedule), draws, seed, finish=finish, baseline=baseline)


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
    workbook = layout.schedule.workbook
    baseline = baseline or baseline_of(workbook, seed, layout)
    return Forecast(
        workbook,
        simulation(layout, draws, seed, baseline, finish=finish),
        layout.schedule.deadline,
        levels(workbook),
    )

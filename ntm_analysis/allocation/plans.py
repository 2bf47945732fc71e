"""Which commune to list in which year: the best plan beside every rule of the office.

All on one central case, read by one function, checked by one audit.
"""

import copy
from collections import namedtuple
from functools import cached_property, partial

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..forecasts import Layout, baseline_of, by_policy, deadline_of, forecast, schedule
from ..language import OPTIMAL, POLICIES
from ..needs import CEMENT_PART, THOUSAND, THOUSANDTHS
from ..standing import levels
from .audit import audit
from .best_plan import optimum
from .central_case import NONE, central, central_works, in_order
from .payments import claim_of, flows

SPLITTING = ("equal", "decree")  # policies that share pots out to communes: a case of their own


class Plan(namedtuple("Plan", "case layout slot payments broken")):
    """A plan on the central case.

    Attributes
    ----------
    case : CentralCase
    layout : Layout
        In the order that the forecast goes by.
    slot : ndarray of int
        By goal twice the year (from 0) in which it is listed and paid, one more if late; NONE for
        never.
    payments : DataFrame
        Which pot pays what of which claim, see :func:`~.payments.flows`; empty: no mix pays.
    broken : list of dict
        What the audit finds.
    """


class Allocation(namedtuple("Allocation", "workbook layout baseline seed now case plans best")):
    """The plans of all policies, and the best of them with its bound.

    Attributes
    ----------
    workbook : Workbook
    layout : Layout
        Of the data set's own order.
    baseline : Baseline
    seed : int
        Of the worlds in which the baseline was found.
    now : int
        Communes recognised already.
    case : CentralCase
    plans : dict of str to Plan
    best : Best
    """

    @property
    def goals(self):
        """The goals of the schedule, a row each, see :class:`Schedule`."""
        return self.layout.schedule.goals

    @property
    def ntm(self):
        """Which goals are communes that are to be NTM, whatever they weigh: bool, goals."""
        return self.layout.schedule.ntm

    @property
    def deadline(self):
        """The deadline, a date."""
        return self.layout.schedule.deadline

    @property
    def available(self):
        """By pot what comes by the deadline, thousand dong.

        Of pots that communes hold for themselves all of them together.
        """
        case, money = self.case, self.case.money[:, -1].copy()
        if case.own_money is not None:
            holders = np.unique(self.layout.holder)
            money[case.sets.own] = case.own_money[holders, :, -1].sum(axis=0)
        return money

    def value(self, policy):
        """The aim: the weighted number of communes expected to finish by the deadline.

        Parameters
        ----------
        policy : str
            Whose plan.

        Returns
        -------
        float
            Communes, each times its weight.
        """
        return self.case.value(self.plans[policy].slot)

    def finishing(self, policy):
        """Communes expected to finish by the deadline under a policy's plan.

        Parameters
        ----------
        policy : str

        Returns
        -------
        float
            Those recognised now among them.
        """
        return self.expected(self.plans[policy].slot)

    def expected(self, slot):
        """Communes expected to finish by the deadline under any plan.

        Parameters
        ----------
        slot : ndarray of int
            By goal, see :class:`Plan`.

        Returns
        -------
        float
            Those recognised now among them.
        """
        alike = self.case._replace(weight=self.ntm.astype(float))
        return self.now + alike.value(slot)

    def years(self, policy=OPTIMAL):
        """The calendar year in which a policy's plan lists each goal.

        Parameters
        ----------
        policy : str

        Returns
        -------
        Series of float
            By goal; NaN: not by the deadline.
        """
        return Series(self.case.calendar(self.plans[policy].slot // 2), index=self.goals.index)

    @cached_property
    def works(self):
        """The works of the central case, see :func:`~.central_case.central_works`."""
        return central_works(self.layout)


def allocate(workbook, deadline=None, seed=2022):
    """Every rule, and the best plan, never worse than the best rule that keeps all constraints.

    Parameters
    ----------
    workbook : Workbook
    deadline : date, optional
        Default: the end of the term, or a scenario's own.
    seed : int
        Of the worlds in which the data set's own baseline is found.

    Returns
    -------
    Allocation

    Raises
    ------
    DataProblemsError
        As :func:`ntm_analysis.forecasts.yearly_list.schedule`.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> best = allocate(Workbook.open("data/thanh-chuong")).best
    >>> best.status, best.gap
    ('optimal', 0.0)
    """
    deadline = deadline_of(workbook, deadline)
    base = Layout(schedule(workbook, "own", deadline))
    baseline = baseline_of(workbook, seed, base)
    case = central(base, baseline)
    plans = {}
    for policy in POLICIES:
        layout, mine = policy_layout(base, policy), case
        if policy in SPLITTING:
            layout = Layout(layout.schedule)
            mine = central(layout, baseline)._replace(due=case.due)
        goals = layout.schedule.goals
        order = np.lexsort([case.rank, goals["missing"], goals["order"]])
        plans[policy] = _plan(mine, layout, in_order(mine, order))
    sound = [plan for plan in plans.values() if not plan.broken and plan.case is case]
    start = max(sound, key=lambda plan: case.value(plan.slot), default=None)
    best = optimum(case, start and start.slot)
    layout = policy_layout(base, OPTIMAL, case.order(best.slot))
    plans[OPTIMAL] = _plan(case, layout, best.slot)
    recognised = levels(workbook)["level"] != "not_ntm"
    return Allocation(workbook, base, baseline, seed, int(recognised.sum()), case, plans, best)


def schedule_of(workbook, policy, deadline, seed=2022):
    """The schedule of a policy, that of the best plan among them.

    Parameters
    ----------
    workbook : Workbook
    policy : str
        One of :data:`ntm_analysis.language.parameters.PLANS`.
    deadline : date
    seed : int
        Of the worlds in which the best plan's baseline is found.

    Returns
    -------
    Schedule
    """
    if policy != OPTIMAL:
        return schedule(workbook, policy, deadline)
    return allocate(workbook, deadline, seed).plans[OPTIMAL].layout.schedule


def planned_forecast(workbook, *, seed=2022, **question):
    """The forecast of a data set under any policy, the best plan among them.

    Parameters
    ----------
    workbook : Workbook
    seed : int
    **asked
        As for :func:`ntm_analysis.forecasts.forecast.forecast`.

    Returns
    -------
    Forecast
    """
    return forecast(workbook, seed=seed, schedule_of=partial(schedule_of, seed=seed), **question)


def policy_layout(layout, policy, order=None):
    """The layout of the same goals in the order of another policy.

    Parameters
    ----------
    layout : Layout
    policy : str
    order : Series, optional
        As for :func:`~ntm_analysis.forecasts.yearly_list.by_policy`.

    Returns
    -------
    Layout
    """
    other = copy.copy(layout)
    other.schedule = by_policy(layout.schedule, policy, order)
    return other


def _plan(case, layout, slot):
    """A plan with its payment and what the audit finds."""
    (payments, lacking), year = flows(case, slot), slot // 2
    reserve = not case.minimum.any() or flows(case, slot, minimum=True)[1] is None
    # When who is not listed is paid, and what closes then, nobody asks: it counts as late.
    communes = DataFrame(
        {
            "year": case.calendar(year),
            "month": case.checkpoints[case.checkpoints_of(slot)],
            "months": case.months,
            "closes": case.ends[year],
            "late": slot % 2 == 1,
            "placed": case.reported == NONE,
            "due": case.calendar(case.due),
        },
        index=layout.schedule.goals["code"],
    )
    communes = communes[(year != NONE) | (case.due != NONE)]
    places = dict(zip(case.years, case.places.tolist(), strict=True))
    broken = audit(communes, places, lacking is None, reserve)
    return Plan(case, layout, slot, payments, broken)


def plan_table(allocation, policy=OPTIMAL):
    """A plan, a row for each part of a work on the central case.

    Who pays: of what is listed the mix that pays the plan, of the rest the usual shares.

    Parameters
    ----------
    allocation : Allocation
    policy : str

    Returns
    -------
    DataFrame
        unit, code, commune, level, criterion, work, item, pot, cement, year (listed; NaN: not by
        the deadline), amount (million dong, or tonnes), committed, mark.
    """
    plan, works, units = allocation.plans[policy], allocation.works, allocation.workbook.all_units
    # After the goals stands nobody, who is never listed.
    year = plan.case.calendar(np.append(plan.slot // 2, NONE))
    checkpoints = np.append(plan.case.checkpoints_of(plan.slot), NONE)
    keys = [claim_of(plan.case, g, checkpoints[g]) for g in works["goal"]]
    holder = plan.layout.first if plan.layout.own_pots else {}
    owed = [f"c{holder.get(unit, '')}" for unit in works["unit"]]
    works = works.assign(
        key=np.where(works["committed"], owed, keys),
        year=np.where(works["committed"], allocation.workbook.as_of.year, year[works["goal"]]),
        code=works["unit"].map(units["code"]),
        commune=works["unit"].map(units["name"]),
    )
    # What the payment of the plan does not reach stands with the usual shares.
    paid = works["key"].isin(plan.payments["key"])
    works = works.assign(key=works["key"].where(paid, ""), year=works["year"].where(paid))
    money = works.assign(kind=works["item"], part=works["amount"] - works["value"])
    cement = works.assign(kind=works["item"] + CEMENT_PART, part=works["value"])
    parts = pd.concat([money, cement]).reset_index().merge(_shares(plan), on=["key", "kind"])
    parts["part"] *= parts["share"]
    parts = parts.groupby(["index", "pot"], sort=False)["part"].sum().reset_index("pot")
    table = works.join(parts)
    measure = allocation.workbook.tables["pots"].set_index("pot")["measure"]
    table["cement"] = table["pot"].map(measure) == "cement"
    tonnes = table["tonnes"] * table["part"] / table["value"]
    table["amount"] = np.where(table["cement"], tonnes, table["part"] / THOUSAND).round(3)
    return table[table["part"] >= 1].reset_index(drop=True)


def _shares(plan):
    """By claim (key, kind) the part that each pot pays of it; key "": the usual shares."""
    usual, paid = plan.case.bounds, plan.payments
    usual = usual.assign(key="", share=usual["usual"] / THOUSANDTHS)
    share = paid["amount"] / paid["cost"]
    paid = paid.assign(pot=paid["pot"].str.split("@").str[0], share=share)
    return pd.concat([paid, usual])[["key", "kind", "pot", "share"]]

"""Which commune to list in which year: every rule and the best plan on one central case, read by
one function, checked by one audit."""

import copy
import datetime as dt
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.simulation import Baseline, baseline_of
from ..forecast.worlds import Layout
from ..forecast.yearly_list import Schedule, by_policy, deadline_of, schedule
from ..need.pot_sets import CEMENT_PART, THOUSANDTHS
from ..need.works import THOUSAND
from ..parameters import OPTIMAL, POLICIES
from ..recognition import levels
from ..workbook import Workbook
from .audit import audit
from .central import NONE, Central, central, central_works, in_order
from .choice import Choice
from .optimum import Best, optimum
from .payments import payments_of

SPLITTING = ("equal", "decree")  # policies that share pots out to communes: a case of their own


@dataclass(frozen=True)
class Plan:
    """A plan on the central case.

    Attributes
    ----------
    policy : str
    year, late : ndarray
        By goal the year (from 0) in which it is listed and paid, NONE for never; whether late.
    payments : DataFrame or None
        Which pot pays what of which claim, see :class:`~.payments.Payments`; None: no mix pays.
    broken : list of dict
        What the audit finds.
    """

    policy: str
    case: Central
    layout: Layout
    year: np.ndarray
    late: np.ndarray
    payments: pd.DataFrame | None = field(repr=False)
    broken: list[dict]

    @property
    def order(self) -> pd.Series:
        """By goal what the forecast goes by: the year of listing, then how soon it is paid."""
        marks = self.case.marks_of(self.year, self.late)
        far = len(self.case.years)
        place = np.where(self.year == NONE, far, self.year) * 100 + np.maximum(marks, 0)
        return pd.Series(place.astype(float), index=self.layout.plan.goals.index)


@dataclass(frozen=True)
class Allocation:
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
    case : Central
    plans : dict of str to Plan
    best : Best
    """

    workbook: Workbook
    layout: Layout
    baseline: Baseline
    seed: int
    now: int
    case: Central
    plans: dict[str, Plan]
    best: Best

    @cached_property
    def choice(self) -> Choice:
        """What the best plan could choose from."""
        return Choice(self.case)

    @property
    def goals(self) -> pd.DataFrame:
        return self.layout.plan.goals

    @property
    def ntm(self) -> np.ndarray:
        """Which goals are communes that are to be NTM, whatever they weigh."""
        return self.layout.plan.ntm

    @property
    def day(self) -> dt.date:
        """The deadline."""
        return self.layout.plan.day

    def value(self, policy: str) -> float:
        """The aim: the weighted number of communes expected to finish by the deadline."""
        plan = self.plans[policy]
        return self.case.value(plan.year, plan.late)

    def finishing(self, policy: str) -> float:
        """Communes expected to finish by the deadline, those recognised now among them."""
        plan = self.plans[policy]
        alike = replace(self.case, weight=self.ntm.astype(float))
        return self.now + alike.value(plan.year, plan.late)

    def years(self, policy: str = OPTIMAL) -> pd.Series:
        """The calendar year in which a plan lists each goal; NaN: not by the deadline."""
        return pd.Series(self.case.calendar(self.plans[policy].year), index=self.goals.index)

    @cached_property
    def works(self) -> pd.DataFrame:
        """The works of the central case, see :func:`~.central.central_works`."""
        return central_works(self.layout)


def allocate(workbook: Workbook, deadline: dt.date | None = None, seed: int = 2022) -> Allocation:
    """Every rule, and the best plan, which starts from the best rule that keeps all constraints.

    Parameters
    ----------
    workbook : Workbook
    deadline : date, optional
        Default: the end of the term, or a scenario's own.
    seed : int
        Of the worlds in which the data set's own baseline is found.

    Raises
    ------
    DataProblems
        As :func:`ntm_analysis.forecast.yearly_list.schedule`.

    Examples
    --------
    >>> best = allocate(Workbook.open("data/thanh-chuong")).best
    >>> best.status, best.gap
    ('optimal', 0.0)
    """
    day = deadline_of(workbook, deadline)
    base = Layout(schedule(workbook, "own", day))
    baseline = baseline_of(workbook, seed)
    case = central(base, baseline)
    payments = payments_of(case, base)
    plans = {}
    for policy in POLICIES:
        plan = by_policy(base.plan, policy)
        layout = Layout(plan) if policy in SPLITTING else ordered(base, plan)
        mine = central(layout, baseline) if policy in SPLITTING else case
        flows = payments_of(mine, layout) if policy in SPLITTING else payments
        goals = plan.goals
        order = np.lexsort([case.rank, goals["missing"], goals["order"]])
        plans[policy] = _plan(policy, layout, case, flows, *in_order(mine, order))
    sound = [plan for plan in plans.values() if not plan.broken and plan.case is case]
    start = max(sound, key=lambda plan: case.value(plan.year, plan.late), default=None)
    best = optimum(
        case, None if start is None else (start.year, start.late), over_time=payments.over_time
    )
    plans[OPTIMAL] = _plan(OPTIMAL, base, case, payments, best.year, best.late)
    recognised = levels(workbook)["level"] != "not_ntm"
    return Allocation(workbook, base, baseline, seed, int(recognised.sum()), case, plans, best)


def order_of(workbook: Workbook, deadline: dt.date | None = None) -> pd.Series:
    """The order in which the best plan lists goals, for a forecast of the policy ``optimal``."""
    return allocate(workbook, deadline).plans[OPTIMAL].order


def ordered(layout: Layout, plan: Schedule) -> Layout:
    """The layout of the same goals in another order."""
    other = copy.copy(layout)
    other.plan = plan
    return other


def _plan(policy, layout, base, payments, year, late):
    """A plan with its payment and what the audit finds; ``base``: the case of the best plan."""
    case = payments.case
    flows = payments.flows(year, late)[0]
    reserve = not case.minimum.any() or payments.flows(year, late, minimum=True)[0] is not None
    communes = pd.DataFrame(
        {
            "year": case.calendar(year),
            "month": case.marks[np.maximum(case.marks_of(year, late), 0)],
            "months": case.months,
            "closes": np.append(case.ends, 0)[year],
            "late": late | (year == NONE),
            "placed": case.reported == NONE,
            "due": case.calendar(base.due),
        },
        index=layout.plan.goals["code"],
    )
    communes = communes[case.free & ((year != NONE) | (base.due != NONE))]
    places = dict(zip(case.years, case.places.tolist(), strict=True))
    broken = audit(communes, places, flows is not None, reserve)
    return Plan(policy, case, layout, year, late, flows, broken)


def plan_table(allocation: Allocation, policy: str = OPTIMAL) -> pd.DataFrame:
    """A plan, a row for each part of a work on the central case.

    Who pays: of what is listed the mix that pays the plan, of the rest the usual shares.

    Returns
    -------
    DataFrame
        unit, code, commune, level, criterion, work, item, pot, cement, year (listed; NaN: not by
        the deadline), amount (million dong, or tonnes), committed, mark.
    """
    plan, works = allocation.plans[policy], allocation.works.reset_index(drop=True)
    payments, units = payments_of(plan.case, plan.layout), allocation.workbook.all_units
    goal = works["goal"].to_numpy()
    marks = plan.case.marks_of(plan.year, plan.late)[goal]
    listed = (goal != NONE) & (marks != NONE) & ~works["committed"]
    keys = [payments.key(g, m) for g, m in zip(goal, marks, strict=True)]
    holders = allocation.goals.drop_duplicates("unit").reset_index().set_index("unit")["index"]
    holders = "c" + works["unit"].map(holders).astype("Int64").astype(str).replace("<NA>", "")
    owed = holders if plan.layout.own else "c"
    paid = works["committed"] & (payments.first != NONE)
    year = allocation.years(policy).reindex(goal).to_numpy()
    works = works.assign(
        key=np.select([paid, listed], [owed, keys], ""),
        year=np.select([paid, listed], [float(allocation.workbook.as_of.year), year], np.nan),
        code=works["unit"].map(units["code"]),
        commune=works["unit"].map(units["name"]),
    )
    cement = works.assign(kind=works["item"] + CEMENT_PART, part=works["value"])
    money = works.assign(kind=works["item"], part=works["amount"] - works["value"])
    rows = pd.concat([money, cement]).rename_axis("number").reset_index()
    rows = rows.merge(_shares(plan, payments), on=["key", "kind"])
    rows["part"] *= rows["share"]
    measure = allocation.workbook.tables["pots"].set_index("pot")["measure"]
    whole = {"part": "sum"} | dict.fromkeys([*works.columns.drop("key")], "first")
    table = rows.groupby(["number", "pot"], sort=False).agg(whole).reset_index()
    table = table.sort_values("number", kind="stable")
    table["cement"] = table["pot"].map(measure) == "cement"
    tonnes = table["tonnes"] * table["part"] / table["value"].where(table["value"] > 0, 1)
    table["amount"] = np.where(table["cement"], tonnes, table["part"] / THOUSAND).round(3)
    columns = ["unit", "code", "commune", "level", "criterion", "work", "item", "pot", "cement"]
    columns += ["year", "amount", "committed", "mark"]
    return table.loc[table["part"] >= 1, columns].reset_index(drop=True)


def _shares(plan, payments):
    """By claim (key, kind) the part that each pot pays of it; key "": the usual shares."""
    usual = payments.bounds.assign(key="", share=payments.bounds["usual"] / THOUSANDTHS)
    columns = ["key", "kind", "pot", "share"]
    if plan.payments is None or plan.payments.empty:
        return usual[columns]
    rows = plan.payments
    shares = pd.DataFrame(rows["claim"].tolist(), columns=["key", "kind"])
    shares["pot"] = rows["pot"].str.partition("@")[0].to_numpy()
    whole = rows["amount"].groupby(rows["claim"]).transform("sum")
    shares["share"] = (rows["amount"] / whole).to_numpy()
    return pd.concat([shares, usual])[columns]

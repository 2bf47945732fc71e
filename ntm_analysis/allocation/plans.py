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
from ..need.pot_sets import CEMENT_PART
from ..need.works import split
from ..parameters import OPTIMAL, POLICIES
from ..recognition import levels
from ..workbook import Workbook
from .audit import audit
from .central import NONE, Central, central, central_works, in_order
from .choice import Choice
from .optimum import Best, optimum
from .payments import Payments, payments_of

SPLITTING = ("equal", "decree")  # policies that share pots out to communes: a case of their own


@dataclass(frozen=True)
class Plan:
    """A plan on the central case.

    Attributes
    ----------
    policy : str
    year, late : ndarray
        By goal the year (from 0) in which it is listed and paid, NONE for never; whether late.
        Reported lists are in it.
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
        year = self.plans[policy].year
        names = np.append(np.array(self.case.years, dtype=float), np.nan)
        return pd.Series(names[year], index=self.goals.index)

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
        plans[policy] = _plan(policy, layout, flows, *in_order(mine, order))
    sound = [plan for plan in plans.values() if not plan.broken and plan.case is case]
    start = max(sound, key=lambda plan: case.value(plan.year, plan.late), default=None)
    best = optimum(
        case, None if start is None else (start.year, start.late), over_time=payments.over_time
    )
    plans[OPTIMAL] = _plan(OPTIMAL, base, payments, best.year, best.late)
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


def _plan(
    policy: str, layout: Layout, payments: Payments, year: np.ndarray, late: np.ndarray
) -> Plan:
    """A plan with its payment and what the audit finds."""
    case = payments.case
    free = np.bincount(year[case.free & (year != NONE)], minlength=len(case.years))
    year, late = case.whole(year, late)
    flows, _, _ = payments.flows(year, late)
    reserve = flows if not case.minimum.any() else payments.flows(year, late, minimum=True)[0]
    works = central_works(layout)
    works = works[(works["goal"] != NONE) & ~works["committed"]]
    goal = works["goal"].to_numpy()
    names = np.append(np.array(case.years, dtype=float), np.nan)
    marks, ends = case.marks_of(year, late), np.append(case.ends, 0)
    table = pd.DataFrame(
        {
            "work": works["work"].to_numpy(),
            "commune": layout.plan.goals["code"].to_numpy()[goal],
            "amount": works["amount"].to_numpy(),
            "year": names[year[goal]],
            "month": case.marks[np.maximum(marks[goal], 0)],
            "months": case.months[goal],
            "closes": ends[year[goal]],
            "late": late[goal],
        }
    )
    table = table[layout.plan.ntm[goal]]
    lists = pd.DataFrame({"places": case.places, "listed": free}, index=case.years)
    broken = audit(table, lists, flows is not None, reserve is not None)
    return Plan(policy, case, layout, year, late, flows, broken)


def plan_table(allocation: Allocation, policy: str = OPTIMAL) -> pd.DataFrame:
    """A plan, a row for each part of a work on the central case.

    Who pays: of what is listed the mix that pays the plan, of the rest the usual shares.

    Returns
    -------
    DataFrame
        unit, code, commune, level, criterion, work, item, pot, cement, year (listed; NaN: not by
        the deadline), amount (million dong, or tonnes), committed.
    """
    plan, works = allocation.plans[policy], allocation.works
    payments = payments_of(plan.case, plan.layout)
    marks, names = plan.case.marks_of(plan.year, plan.late), allocation.years(policy)
    usual = plan.layout.prices
    cement = {
        pot
        for pot in plan.case.sets.pots
        if allocation.workbook.tables["pots"].set_index("pot")["measure"][pot] == "cement"
    }
    mixes = _mixes(plan)
    rows = []
    for row in works.to_dict("records"):
        goal = row["goal"]
        listed = goal != NONE and marks[goal] != NONE
        year = names[goal] if listed else np.nan
        if row["committed"] and payments.first != NONE:
            listed, year = True, float(allocation.workbook.as_of.year)
        own = payments.own_money is not None
        key = "committed" if row["committed"] else f"{goal}" if own else int(marks[goal])
        parts = {row["item"]: row["amount"] - row["value"], row["item"] + CEMENT_PART: row["value"]}
        paid: dict[str, float] = {}
        for kind, amount in parts.items():
            mix = mixes.get((key, kind)) if listed else None
            if mix is None:
                whole = np.array([int(amount)])
                shares = usual.shares(row["item"])
                if kind != row["item"]:
                    shares = [(usual.cement[row["item"]]["pot"], 100.0)] if amount else []
                mix = {pot: float(part[0]) / max(amount, 1) for pot, part in split(whole, shares)}
            for pot, share in mix.items():
                paid[pot] = paid.get(pot, 0.0) + share * amount
        unit = allocation.workbook.all_units
        for pot, amount in paid.items():
            if round(amount) > 0:
                kind = pot in cement
                size = row["tonnes"] * amount / row["value"] if kind else amount / 1_000
                rows.append(
                    {
                        "unit": row["unit"],
                        "code": unit["code"][row["unit"]],
                        "commune": unit["name"][row["unit"]],
                        **{key: row[key] for key in ("level", "criterion", "work", "item")},
                        "pot": pot,
                        "cement": kind,
                        "year": year,
                        "amount": round(size, 3),
                        "committed": bool(row["committed"]),
                        "mark": row["mark"],
                    }
                )
    columns = ["unit", "code", "commune", "level", "criterion", "work", "item", "pot", "cement"]
    return pd.DataFrame(rows, columns=[*columns, "year", "amount", "committed", "mark"])


def _mixes(plan: Plan) -> dict[tuple, dict[str, float]]:
    """By claim the part that each pot pays of it."""
    if plan.payments is None or plan.payments.empty:
        return {}
    flows = plan.payments.assign(pot=plan.payments["pot"].str.partition("@")[0])
    kinds = plan.case.sets.kinds
    mixes: dict[tuple, dict[str, float]] = {}
    for claim, rows in flows.groupby("claim", sort=False):
        whole = rows["amount"].sum()
        shares = zip(rows["pot"], rows["amount"] / whole, strict=True)
        mixes[claim[0], kinds[claim[1]]] = {pot: share for pot, share in shares if share > 1e-9}
    return mixes

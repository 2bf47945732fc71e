"""Which works to fund in which year: every rule and the best plan on one central case, by one timing, checked by one audit."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..layout import Layout
from ..need.works import THOUSAND
from ..parameters import OPTIMAL, POLICIES
from ..recognition import levels
from ..schedule import by_policy, deadline_of, schedule
from ..workbook import Workbook
from .audit import audit
from .central import Central, central, funded, in_order, in_time, reached
from .choice import Choice
from .optimum import Best, optimum, places


@dataclass(frozen=True)
class Plan:
    """A policy on the central case. ``period``: by work that in which its last part is paid (0: claims nothing); ``done``: goals
    reached by the deadline; ``broken``: what the audit finds."""

    policy: str
    layout: Layout
    period: np.ndarray
    done: np.ndarray
    broken: list[dict]


@dataclass(frozen=True)
class Allocation:
    """The plans of all policies, and the best of them with its bound. ``now``: communes recognised already."""

    workbook: Workbook
    deadline: int
    now: int
    case: Central
    plans: dict[str, Plan]
    best: Best

    @cached_property
    def choice(self) -> Choice:
        """What the best plan could choose from."""
        return Choice(self.case)

    @cached_property
    def goals(self) -> pd.DataFrame:
        return self.plans[OPTIMAL].layout.plan.goals

    @property
    def day(self) -> dt.date:
        """The deadline."""
        return self.plans[OPTIMAL].layout.plan.end_of(self.deadline).date()

    @cached_property
    def years(self) -> list[int]:
        """The calendar year in which each period ends."""
        schedule = self.plans[OPTIMAL].layout.plan
        return [schedule.end_of(month).year for month in self.case.ends]

    def value(self, policy: str) -> float:
        """The aim: weighted number of goals that the plan reaches by the deadline."""
        return float(self.case.weight[self.plans[policy].done].sum())

    def finishing(self, policy: str) -> int:
        """How many communes finish by the deadline on the central case, those recognised now among them."""
        return self.now + int((self.plans[policy].done & self.ntm).sum())

    @property
    def ntm(self) -> np.ndarray:
        """Which goals are communes that are to be NTM, whatever they weigh."""
        return (self.goals["level"] == "ntm").to_numpy()

    def table(self, policy: str = OPTIMAL) -> pd.DataFrame:
        return plan_table(self.case, self.plans[policy].layout, self.plans[policy].period)

    def finish_years(self, policy: str = OPTIMAL) -> pd.Series:
        """The year in which each goal is reached by a plan; NaN: not by the deadline."""
        month = reached(self.case, self.plans[policy].period)
        place = np.searchsorted(self.case.ends, month)
        return pd.Series(np.append(np.array(self.years, dtype=float), np.nan)[place], index=self.goals.index)


def allocate(workbook: Workbook, deadline: dt.date | None = None) -> Allocation:
    """Every rule, and the best plan, which starts from the best rule that keeps all constraints.

    Raises what :func:`~ntm_analysis.schedule.schedule` raises.

    >>> found = allocate(Workbook.open("data/thanh-chuong"))
    >>> {policy: found.finishing(policy) for policy in found.plans}
    {'own': 25, 'closest': 23, 'cheapest': 23, 'equal': 22, 'decree': 22, 'optimal': 26}
    >>> found.best.status, found.best.gap, found.plans["optimal"].broken
    ('optimal', 0.0, [])
    """
    day = deadline_of(workbook, deadline)
    base = Layout(schedule(workbook))
    last = base.plan.month_of(day)
    case = central(base, last)
    plans = {}
    for policy in POLICIES:
        layout = base.by(by_policy(base.plan, policy))
        plans[policy] = _plan(policy, case, layout, funded(case, layout.lines))
    sound = [plan for plan in plans.values() if not plan.broken]
    start = max(sound, key=lambda plan: case.weight[plan.done].sum(), default=None)
    if start is not None:
        # Committed works follow each other as in that rule, or it might pay for a commune that no plan of another order can.
        place = np.empty(len(start.period), dtype=np.int64)
        place[np.lexsort([start.layout.plan.works["place"], start.period])] = np.arange(len(place))
        case = replace(case, place=place)
    best = optimum(case, None if start is None else start.period)
    layout = ordered(base, case, best)
    plans[OPTIMAL] = _plan(OPTIMAL, case, layout, funded(case, in_order(case, layout.plan.works["place"].to_numpy())))
    timed = float(case.weight[plans[OPTIMAL].done].sum())
    if timed > best.value and best.status != "infeasible":  # a search cut short may be beaten by its own order
        best = replace(best, value=timed, bound=max(best.bound, timed))
    recognised = levels(workbook)["level"] != "not_ntm"
    return Allocation(workbook, last, int(recognised.sum()), case, plans, best)


def layout_of(workbook: Workbook, deadline: dt.date | None = None) -> Layout:
    """The best plan as a schedule laid out."""
    return allocate(workbook, deadline).plans[OPTIMAL].layout


def ordered(base: Layout, case: Central, best: Best) -> Layout:
    """The order that carries a plan out; what it does not fund follows as ``base`` has it."""
    place = places(case, best.finish, best.fill, base.plan.works["place"].to_numpy())
    works = base.plan.works.assign(place=place)
    return base.by(by_policy(base.plan, OPTIMAL, works))


def _plan(policy: str, case: Central, layout: Layout, period: np.ndarray) -> Plan:
    plan = layout.plan
    table, done = plan_table(case, layout, period), in_time(case, period)
    ntm = (plan.goals["level"] == "ntm").to_numpy()
    finishing = set(plan.goals.loc[done & ntm & (case.weight > 0), "code"])
    days = [plan.end_of(month) for month in case.ends]
    money = pd.DataFrame([pot.money for pot in case.pots], index=[pot.name for pot in case.pots], columns=[d.year for d in days])
    # Who waits for a work, a debt too: the commune's NTM or a higher level of it; nobody's works stand for themselves.
    names = plan.goals["code"].where(ntm, plan.goals["level"] + ":" + plan.goals["code"])
    goal = pd.Series(case.goal[table["number"].to_numpy(dtype=int)], index=table.index)
    nobody = "debt:" + table["code"]
    checked = table.assign(amount=table["claim"], work=table["number"], commune=goal.map(names).fillna(nobody))
    return Plan(policy, layout, period, done, audit(checked, money, finishing, {d.year: d for d in days}, days[-1]))


def plan_table(case: Central, layout: Layout, period: np.ndarray) -> pd.DataFrame:
    """A plan, a row for each part that claims something on the central case.

    number (of the work), unit, code, commune, level, criterion, work, item, pot (instance), cement, year (funded; NaN: not by the
    deadline), claim (thousand đồng, or tonnes), amount (million đồng, or tonnes), committed, counted, months, minimum.
    """
    plan = layout.plan
    years = np.append(np.nan, [float(plan.end_of(month).year) for month in case.ends])
    when = years[np.where(period <= len(case.ends), period, 0)]
    pieces = []
    for pot in case.pots:
        some = pot.amounts > 0
        rows = pot.works[some]
        pieces.append(pd.DataFrame({"number": rows, "pot": pot.name, "cement": pot.cement, "claim": pot.amounts[some]}))
    nothing = {
        "number": np.zeros(0, dtype=int),
        "pot": [],
        "cement": np.zeros(0, dtype=bool),
        "claim": np.zeros(0, dtype=np.int64),
    }
    made = pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(nothing)
    made = made.sort_values(["number"], kind="stable", ignore_index=True)
    number = made["number"].to_numpy(dtype=int)
    works = plan.works.loc[number].reset_index(drop=True)
    made["year"] = when[number]
    made = made.join(works[["unit", "level", "criterion", "work", "item"]])
    made["code"], made["commune"] = (made["unit"].map(plan.workbook.all_units[c]) for c in ("code", "name"))
    made["amount"] = np.where(made["cement"].astype(bool), made["claim"], made["claim"] / THOUSAND)
    made["committed"], made["counted"], made["months"] = (a[number] for a in (case.committed, case.counted, case.left))
    goal = case.goal[number]
    made["minimum"] = np.where(goal >= 0, case.minimum[np.maximum(goal, 0)], 0)
    return made

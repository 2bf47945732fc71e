"""What moves the number finishing: all pots times a factor (the frontier), each assumption at its ends (the tornado).

The plan stays what it is: goals, order of works, policy. Only what the worlds make of it changes, in the same worlds.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd

from .forecast.forecast import Forecast
from .layout import Layout
from .need.missing import facts_ntm, one_more_met
from .need.works import unit_costs
from .plan_checks import RULES, WHOLE
from .possible_worlds import draw_worlds
from .promise import WORLDS, planned, with_money

FACTORS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
DRAWS = 1_000  # worlds of the tornado
# The one rule for a range that the data do not give: so much less, so much more. An assumption.
SHARE = 0.25
# Ranges that the data give: what is put at its low, then its high end: table and columns.
RANGES = {
    "unit_costs": ("unit_costs", ("low", "mode", "high")),
    "prices": ("prices", ("low", "mode", "high")),
    "durations": ("durations", ("low", "mode", "high")),
    "disbursed": ("envelopes", ("disbursed_low", "disbursed", "disbursed_high")),
    "delay": ("envelopes", ("delay_low", "delay", "delay_high")),
}
# Rules that cannot move the number meeting all criteria by the deadline, or that stand in another row.
APART = ("basically", "dossier_closes", "programme_start", "decision_low", "decision_mode", "decision_high", "trend_low",
         "trend_mode", "trend_high", "coefficient_under_15", "coefficient_15_18", "coefficient_ntm",
         "minimum_commune")  # fmt: skip


def frontier(found: Forecast) -> pd.DataFrame:
    """How many communes finish were all pots multiplied by each of :data:`FACTORS`: factor, money (planned, million đồng),
    mean, p10, p50, p90; in the first :data:`~ntm_analysis.promise.WORLDS` worlds.

    >>> from ntm_analysis.forecast.forecast import forecast
    >>> from ntm_analysis.workbook import Workbook
    >>> bool(frontier(forecast(Workbook.open("data/thanh-chuong"), draws=100))["mean"].is_monotonic_increasing)
    True
    """
    run = found.run
    worlds = draw_worlds(run.layout, min(run.draws, WORLDS), run.seed)
    latest = worlds.latest(run.deadline, run.finish)[found.open_]
    rows = [{"money": planned(found) * factor, **with_money(found, worlds, latest, factor)} for factor in FACTORS]
    return pd.DataFrame(rows)


def tornado(found: Forecast) -> pd.DataFrame:
    """The mean number finishing with each assumption at its low and its high end, in the first :data:`DRAWS` worlds.

    key (of assumptions.csv, of :data:`RANGES`, or ``quantities``, ``pace``, ``trend``, ``stall``, ``lost``, ``count``), basis
    (``data``: the ends stand in the data; ``fitted``: an 80 % interval; ``assumed``: the rule of :data:`SHARE`, or one
    criterion), low_end, high_end (the values put, NaN where it is a table), low, high (mean number finishing), usual (with
    everything as it is), swing = high - low, se (its standard error); the largest swing first.
    """
    run, n = found.run, min(found.run.draws, DRAWS)

    def finishing(layout: Layout) -> np.ndarray:
        worlds = draw_worlds(layout, n, run.seed)
        months = worlds.goals(worlds.criteria(worlds.paid()))
        return len(found.now) + (months <= worlds.latest(run.deadline, run.finish))[found.open_].sum(axis=0)

    usual, rows = float(found.finishing[:n].mean()), []
    for key, basis, ends, layouts in _ends(run.layout):
        low, high = (finishing(layout) for layout in layouts)
        swing = high - low
        rows.append((key, basis, *ends, low.mean(), high.mean(), usual, swing.mean(), swing.std() / np.sqrt(n)))
    columns = ["key", "basis", "low_end", "high_end", "low", "high", "usual", "swing", "se"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("swing", key=abs, ascending=False, kind="stable").reset_index(drop=True)


def _ends(layout: Layout) -> Iterator[tuple[str, str, tuple[float, float], list[Layout]]]:
    """Each assumption: key, basis, its ends, the schedule laid out with it at its low and at its high end."""
    plan, none = layout.plan, (np.nan, np.nan)
    workbook, tables = plan.workbook, plan.workbook.tables

    def with_table(name: str, **columns: pd.Series) -> Layout:
        return Layout(replace(plan, workbook=replace(workbook, tables=tables | {name: tables[name].assign(**columns)})))

    def worlds_only(**changes: object) -> Layout:
        """The same layout of a plan that differs in what worlds are drawn from alone."""
        made = copy(layout)
        made.plan = replace(plan, **changes)
        return made

    for key, (name, columns) in RANGES.items():
        told = unit_costs(workbook).reset_index().set_axis(tables[name].index) if key == "unit_costs" else tables[name]
        yield key, "data", none, [with_table(name, **dict.fromkeys(columns, told[columns[i]])) for i in (0, 2)]
    sizes = ("low", "quantity", "high")
    at = lambda end: {k: works.assign(**dict.fromkeys(sizes, works[end])) for k, works in plan.by_level.items()}  # noqa: E731
    yield "quantities", "data", none, [Layout(replace(plan, by_level=at(end))) for end in ("low", "high")]
    ends = (plan.pace.low, plan.pace.high)
    yield "pace", "fitted", ends, [worlds_only(pace=replace(plan.pace, hazard=end, sigma=0.0)) for end in ends]
    if len(plan.trends):
        ends, keys = (plan.rules["trend_low"], plan.rules["trend_high"]), ("trend_low", "trend_mode", "trend_high")
        yield "trend", "data", ends, [worlds_only(rules=plan.rules | dict.fromkeys(keys, end)) for end in ends]
    times, stall, facts = (1 - SHARE, 1 + SHARE), tables["durations"]["stall"], plan.facts
    yield "stall", "assumed", none, [with_table("durations", stall=(stall * by).clip(upper=100)) for by in times]
    if facts.lost.any():
        lost = [replace(facts, lost=np.minimum(facts.lost * by, 1.0)) for by in times]
        yield "lost", "assumed", none, [worlds_only(facts=made) for made in lost]
    if any(prior is not None for prior in facts.prior):
        priors = [one_more_met(tables["count_priors"], way) for way in (-1, 1)]
        changed = [replace(workbook, tables=tables | {"count_priors": prior}) for prior in priors]
        yield "count", "assumed", (-1.0, 1.0), [worlds_only(facts=facts_ntm(made, facts.units)) for made in changed]
    for row in tables["assumptions"].to_dict("records"):
        if row["key"] in RULES and row["key"] not in APART:
            made = [float(np.clip(row["value"] * by, *RULES[row["key"]])) for by in times]
            ends = tuple(float(round(end)) if row["key"] in WHOLE else end for end in made)
            rules = [plan.rules | {row["key"]: end} for end in ends]
            laid = row["key"] == "pace_registered"  # which a layout holds
            yield (row["key"], "assumed", ends, [Layout(replace(plan, rules=r)) if laid else worlds_only(rules=r) for r in rules])

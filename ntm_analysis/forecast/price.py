"""What more money or time would bring, and which assumption moves the number finishing most.

The plan stays what it is; only what the worlds make of it changes, in the same worlds.
"""

from copy import copy
from dataclasses import replace

import numpy as np
from pandas import DataFrame

from ..need.funding import still_to_come
from ..need.missing import facts_ntm, one_more_met
from ..need.need import spread
from ..need.works import unit_costs
from ..plan_checks import RULES
from .cycle import NEVER
from .forecast import Forecast
from .pace import Posterior
from .simulation import ASSUMED, knowledge, simulation
from .worlds import Layout

CHANCES = (50, 80, 90)
MORE = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
FRONTIER = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
WORLDS = 2_000  # of the price and the frontier
TORNADO = 1_000  # worlds of the tornado
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
MOVING = ("correlation_money", "correlation_works")  # rules of assumptions.csv that worlds draw on


def promise(will: Forecast) -> dict:
    """What it would take that basically all, or all, finish.

    Returns
    -------
    dict
        For ``basically_all`` and ``all``: the chance now (``p``), were all works paid in time
        (``p_unlimited``); ``money``: for each of :data:`CHANCES` the least of :data:`MORE` times
        the money that is enough and its extra million dong, or the reason why there is none;
        ``months``: the day by which so many finish, ``months_unlimited``: were all paid in time.
        Under ``more_money`` how many finish with each of :data:`MORE`.
    """
    runs = {factor: _with_money(will, factor) for factor in MORE}
    sums = {factor: _finishing(will, run) for factor, run in runs.items()}
    rich = len(will.now) + (runs[1.0].unlimited <= runs[1.0].latest)[will.open_].sum(axis=0)
    answer: dict = {}
    for name, wanted in (("basically_all", will.basically), ("all", len(will.communes))):
        chance = {factor: float((number >= wanted).mean()) for factor, number in sums.items()}
        months = {"months": will.run.months, "months_unlimited": will.run.unlimited}
        answer[name] = {
            "p": chance[1.0],
            "p_unlimited": float((rich >= wanted).mean()),
            "money": {str(level): _level(will, chance, level) for level in CHANCES},
            "by_pot": None,
            **{
                key: {str(level): _date(will, wanted, level, each) for level in CHANCES}
                for key, each in months.items()
            },
        }
    rows = [
        {"factor": factor, **spread(number)} for factor, number in (*sums.items(), (None, rich))
    ]
    return answer | {"more_money": rows}


def _with_money(will, factor):
    run = will.run
    draws = min(run.draws, WORLDS)
    return simulation(run.layout, draws, run.seed, run.baseline, finish=run.finish, factor=factor)


def _finishing(will, run):
    return len(will.now) + (run.months <= run.latest)[will.open_].sum(axis=0)


def _level(will, chance, level):
    """What one chance asks for: the factor, the extra million dong, or why there is none."""
    factor = next((factor for factor in MORE if chance[factor] >= level / 100), None)
    if factor is None:
        return {"factor": None, "extra": None, "reason": "money_does_not_reach"}
    reason = "reached_now" if factor == 1 else None
    return {"factor": factor, "extra": round((factor - 1) * planned(will), 1), "reason": reason}


def _date(will, wanted, level, months):
    """The day by which so many communes have finished in ``level`` % of worlds."""
    more = wanted - len(will.now)
    if more <= 0:
        return f"{will.workbook.as_of}"
    last = np.sort(months[will.open_], axis=0)[more - 1]
    month = int(np.quantile(last, level / 100, method="inverted_cdf"))
    return None if month >= NEVER else f"{will.run.plan.end_of(month):%Y-%m-%d}"


def planned(will: Forecast) -> float:
    """Planned money of all money pots still to come by the deadline's year, million dong."""
    rows = still_to_come(will.workbook, will.day.year)
    measure = will.workbook.tables["pots"].set_index("pot")["measure"]
    return float(rows.loc[rows["pot"].map(measure) == "money", "amount"].sum())


def frontier(will: Forecast) -> DataFrame:
    """How many communes finish were all money multiplied by each of :data:`FRONTIER`.

    Returns
    -------
    DataFrame
        money (planned, million dong), factor, mean, p10, p50, p90.
    """
    money = planned(will)
    return DataFrame(
        {"money": money * f, "factor": f, **spread(_finishing(will, _with_money(will, f)))}
        for f in FRONTIER
    )


def tornado(will: Forecast) -> DataFrame:
    """The mean number finishing with each assumption at its low and its high end.

    Returns
    -------
    DataFrame
        key (of panel_assumed.csv, of assumptions.csv, of :data:`RANGES`, or ``pace``, ``success``,
        ``bounds``, ``quantities``, ``stall``, ``lost``, ``count``), basis (``data``: the ends stand
        in the data; ``fitted``: an 80 % interval; ``assumed``), low_end, high_end (the values put,
        NaN where it is a table), low, high (mean number finishing), usual, swing = high - low, se
        (its standard error); the largest swing first.
    """
    run, draws = will.run, min(will.run.draws, TORNADO)
    known, rows = knowledge(will.workbook.as_of), []
    usual = float(will.finishing[:draws].mean())
    for key, basis, ends, cases in (*_evidence_ends(known), *_data_ends(run.layout)):
        runs = [
            simulation(
                case.get("layout", run.layout),
                draws,
                run.seed,
                run.baseline,
                finish=run.finish,
                known=case.get("known"),
                workers=1,
            )
            for case in cases
        ]
        low, high = (_finishing(will, moved) for moved in runs)
        swing = high - low
        error = swing.std() / np.sqrt(draws)
        rows.append((key, basis, *ends, low.mean(), high.mean(), usual, swing.mean(), error))
    columns = ["key", "basis", "low_end", "high_end", "low", "high", "usual", "swing", "se"]
    table = DataFrame(rows, columns=columns)
    return table.sort_values("swing", key=abs, ascending=False, kind="stable", ignore_index=True)


def _evidence_ends(known):
    """What the evidence tells and cannot tell, each at its low and at its high end."""
    draws, last = known.posterior.draws, known.posterior.last
    for key, name, scale in (("mean", "pace", np.exp), ("success", "success", float)):
        ends = [float(draws[key].quantile(q)) for q in (0.1, 0.9)]
        fits = [Posterior(draws.assign(**{key: end}), last) for end in ends]
        cases = [{"known": replace(known, posterior=each)} for each in fits]
        yield name, "fitted", [float(scale(end)) for end in ends], cases
    for key in ASSUMED:
        ends = known.evidence.assumed.loc[key, ["low", "high"]].astype(float).tolist()
        yield key, "assumed", ends, [{"known": replace(known, at={key: end})} for end in ends]


def _data_ends(layout):
    """What the data set tells or assumes, each at its low and at its high end."""
    plan, facts, none = layout.plan, layout.plan.facts, (np.nan, np.nan)
    workbook, tables = plan.workbook, plan.workbook.tables

    def other(name, *ends):
        """Layouts with other columns of a table."""
        for columns in ends:
            changed = replace(workbook, tables=tables | {name: tables[name].assign(**columns)})
            yield {"layout": Layout(replace(plan, workbook=changed))}

    def moved(**changes):
        """The same layout of a schedule that differs in what worlds draw on alone."""
        same = copy(layout)
        same.plan = replace(plan, **changes)
        return {"layout": same}

    for key, (name, columns) in RANGES.items():
        table = tables[name]
        if key == "unit_costs":
            table = unit_costs(workbook).reset_index().set_axis(table.index)
        ends = (dict.fromkeys(columns, table[columns[i]]) for i in (0, 2))
        yield key, "data", none, other(name, *ends)
    works = [
        {
            level: rows.assign(low=rows[e], quantity=rows[e], high=rows[e])
            for level, rows in plan.works.items()
        }
        for e in ("low", "high")
    ]
    yield "quantities", "data", none, [{"layout": Layout(replace(plan, works=w))} for w in works]
    share, stall = tables["parts"]["share"], tables["durations"]["stall"]
    bounds = {"least": share, "most": share}, {"least": share * 0, "most": share * 0 + 100}
    yield "bounds", "assumed", none, other("parts", *bounds)
    times = (1 - SHARE, 1 + SHARE)
    stalls = ({"stall": (stall * by).clip(upper=100)} for by in times)
    yield "stall", "assumed", none, other("durations", *stalls)
    if facts.lost.any():
        lost = [replace(facts, lost=np.minimum(facts.lost * by, 1.0)) for by in times]
        yield "lost", "assumed", none, [moved(facts=case) for case in lost]
    if any(prior is not None for prior in facts.prior):
        priors = [one_more_met(tables["count_priors"], way) for way in (-1, 1)]
        changed = [replace(workbook, tables=tables | {"count_priors": prior}) for prior in priors]
        cases = [moved(facts=facts_ntm(case, facts.units)) for case in changed]
        yield "count", "assumed", (-1.0, 1.0), cases
    for key in MOVING:
        ends = [float(np.clip(plan.rules[key] * by, *RULES[key])) for by in times]
        yield key, "assumed", ends, [moved(rules=plan.rules | {key: end}) for end in ends]

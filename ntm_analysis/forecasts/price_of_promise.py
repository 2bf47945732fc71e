"""What more money or time would bring, and which assumption moves the number finishing most.

The schedule stays what it is; only what the worlds make of it changes, in the same worlds.
"""

from dataclasses import replace

import numpy as np
from pandas import DataFrame

from ..data import ASSUMPTION_BOUNDS
from ..needs import facts_ntm, one_more_met, spread, still_to_come, unit_costs
from .drawn_worlds import Layout
from .forecast import SIZE_COLUMNS
from .pace import ASSUMED
from .simulation import knowledge, simulation
from .yearly_cycle import NEVER

CHANCES = (50, 80, 90)
MONEY_FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
FRONTIER_FACTORS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
PRICE_WORLDS = 2_000  # of the price and the frontier
TORNADO_WORLDS = 1_000
# The tornado's rule for a range that the data do not give: so much less or more. An assumption.
TORNADO_SHARE = 0.25
# Of each end the quantile of what is fitted, the factor of what has no range, the criteria more.
TORNADO_ENDS = {"low": (0.1, 1 - TORNADO_SHARE, -1), "high": (0.9, 1 + TORNADO_SHARE, 1)}
# Ranges that the data give: what is put at its low, then its high end: table and columns.
DATA_RANGES = {
    **{name: (name, ("low", "mode", "high")) for name in ("unit_costs", "prices", "durations")},
    "disbursed": ("envelopes", ("disbursed_low", "disbursed", "disbursed_high")),
    "delay": ("envelopes", ("delay_low", "delay", "delay_high")),
}
SWINGS = ["key", "basis", "low_end", "high_end", "low", "high", "usual", "swing", "se"]
MOVING = ("correlation_money", "correlation_works")  # rules of assumptions.csv that worlds draw on


def price_of_promise(will):
    """What it would take that basically all, or all, finish.

    Parameters
    ----------
    will : Forecast

    Returns
    -------
    dict
        For ``basically_all`` and ``all``: the chance now in the first :data:`PRICE_WORLDS` (``p``),
        were all works paid in time (``p_unlimited``); ``money``: for each of :data:`CHANCES` the
        least of :data:`MONEY_FACTORS` times the money that is enough and its extra million dong, or
        the reason why there is none; ``by_pot``: None, the extra money is not told by pot;
        ``months``: for each of :data:`CHANCES` the day (ISO) by which so many finish,
        ``months_unlimited``: were all paid in time.
        Under ``more_money`` how many finish with each of :data:`MONEY_FACTORS`, and (factor None)
        were all paid in time.
    """
    simulation = will.simulation
    sums = {factor: _finishing_with(will, PRICE_WORLDS, factor=factor) for factor in MONEY_FACTORS}
    if_all_paid = will.number(simulation.met_month_if_all_paid, simulation.latest)[:PRICE_WORLDS]
    dates = {"months": simulation.met_month, "months_unlimited": simulation.met_month_if_all_paid}
    dates = {key: will.binding(each) for key, each in dates.items()}
    answer = {}
    for name, wanted in (("basically_all", will.n_basically_all), ("all", len(will.communes))):
        chance = {factor: float((number >= wanted).mean()) for factor, number in sums.items()}
        answer[name] = {
            "p": chance[1.0],
            "p_unlimited": float((if_all_paid >= wanted).mean()),
            "money": {f"{percent}": _money_for(will, chance, percent) for percent in CHANCES},
            "by_pot": None,
            **{
                key: {f"{percent}": _date(will, wanted, percent, each) for percent in CHANCES}
                for key, each in dates.items()
            },
        }
    sums |= {None: if_all_paid}
    rows = [{"factor": factor, **spread(number)} for factor, number in sums.items()]
    return answer | {"more_money": rows}


def _finishing_with(will, worlds, schedule=None, **changed):
    """How many communes finish in the first worlds of a forecast with something changed."""
    run, draws = will.simulation, min(will.simulation.draws, worlds)
    layout = Layout(schedule) if schedule else run.layout
    other = simulation(layout, draws, run.seed, run.baseline, finish=run.finish, **changed)
    return will.number(other.met_month, other.latest)


def _money_for(will, chance, percent):
    """What one chance asks for: the factor, the extra million dong, or why there is none."""
    factor = next((factor for factor, p in chance.items() if p >= percent / 100), None)
    extra = factor and round((factor - 1) * planned_money(will), 1)
    reason = {None: "money_does_not_reach", 1.0: "reached_now"}.get(factor)
    return {"factor": factor, "extra": extra, "reason": reason}


def _date(will, wanted, percent, binding_month):
    """The day by which so many communes have finished in ``percent`` % of worlds."""
    more = wanted - len(will.now)
    if more <= 0:
        return f"{will.workbook.as_of}"
    last = np.sort(binding_month[will.ntm_goals], axis=0)[more - 1]
    month = np.percentile(last, percent, method="inverted_cdf")
    return None if month >= NEVER else f"{will.simulation.schedule.end_of(month):%Y-%m-%d}"


def planned_money(will):
    """Planned money of all money pots still to come by the deadline's year.

    Parameters
    ----------
    will : Forecast

    Returns
    -------
    float
        Million dong.
    """
    rows = still_to_come(will.workbook, will.deadline.year)
    return float(rows.loc[rows["measure"] == "money", "amount"].sum())


def frontier(will):
    """How many communes finish were all money multiplied by :data:`FRONTIER_FACTORS`, one by one.

    Parameters
    ----------
    will : Forecast

    Returns
    -------
    DataFrame
        money (planned, million dong), factor, mean, p10, p50, p90.
    """
    money = planned_money(will)
    return DataFrame(
        {"money": money * f, "factor": f, **spread(_finishing_with(will, PRICE_WORLDS, factor=f))}
        for f in FRONTIER_FACTORS
    )


def tornado(will):
    """The mean number finishing with each assumption at its low and its high end.

    Parameters
    ----------
    will : Forecast

    Returns
    -------
    DataFrame
        key (of panel_assumed.csv, of assumptions.csv, of :data:`DATA_RANGES`, or ``pace``,
        ``success``, ``bounds``, ``quantities``, ``stall``, ``lost``, ``count``), basis (``data``:
        the ends stand in the data; ``fitted``: an 80 % interval; ``assumed``), low_end, high_end
        (the values put, NaN where it is a table), low, high (mean number finishing), usual, swing =
        high - low, se (its standard error); the largest swing first.
    """
    schedule, known = will.simulation.schedule, knowledge(will.workbook.as_of)
    lows, highs = (
        [*_evidence_ends(known, end), *_data_ends(schedule, end)] for end in TORNADO_ENDS
    )
    usual, rows = will.finishing[:TORNADO_WORLDS], []
    for (key, basis, low_end, less), (*_, high_end, more) in zip(lows, highs, strict=True):
        low, high = (
            _finishing_with(will, TORNADO_WORLDS, workers=1, **case) for case in (less, more)
        )
        swing = high - low
        means = (each.mean() for each in (low, high, usual, swing))
        rows.append((key, basis, low_end, high_end, *means, swing.std() / np.sqrt(len(swing))))
    table = DataFrame(rows, columns=SWINGS)
    return table.sort_values("swing", key=abs, ascending=False, kind="stable", ignore_index=True)


def _evidence_ends(known, end):
    """What the evidence tells and cannot tell: key, basis, value put, what a run is asked with."""
    quantile, *_ = TORNADO_ENDS[end]
    rows = known.posterior.rows
    for key, name, scale in (("mean", "pace", np.exp), ("success", "success", float)):
        value = rows[key].quantile(quantile)
        fitted = known.posterior._replace(rows=rows.assign(**{key: value}))
        yield name, "fitted", scale(value), {"known": known._replace(posterior=fitted)}
    for key in ASSUMED:
        value = float(known.evidence.assumed.loc[key, end])
        yield key, "assumed", value, {"known": known._replace(at={key: value})}


def _data_ends(schedule, end):
    """What the data set tells or assumes, likewise."""
    facts, workbook, tables = schedule.facts, schedule.workbook, schedule.workbook.tables
    _, by, way = TORNADO_ENDS[end]

    def case(key, basis, value=np.nan, **changes):
        return key, basis, value, {"schedule": schedule._replace(**changes)}

    def other(name, **columns):
        """The data set with other columns of a table."""
        return replace(workbook, tables=tables | {name: tables[name].assign(**columns)})

    ranges = tables | {"unit_costs": unit_costs(workbook)}
    for key, (name, columns) in DATA_RANGES.items():
        column = ranges[name][columns[1 + way]].to_numpy()
        yield case(key, "data", workbook=other(name, **dict.fromkeys(columns, column)))
    works = {
        level: rows.assign(**dict.fromkeys(SIZE_COLUMNS, rows[end]))
        for level, rows in schedule.works.items()
    }
    yield case("quantities", "data", works=works)
    least, most = (0.0, 100.0) if way > 0 else [tables["parts"]["share"]] * 2
    yield case("bounds", "assumed", workbook=other("parts", least=least, most=most))
    stall = (tables["durations"]["stall"] * by).clip(upper=100)
    yield case("stall", "assumed", workbook=other("durations", stall=stall))
    if facts.lost.any():
        lost = facts._replace(lost=np.minimum(facts.lost * by, 1.0))
        yield case("lost", "assumed", facts=lost)
    if any(prior is not None for prior in facts.prior):
        priors = one_more_met(tables["count_priors"], way)
        counts = facts_ntm(other("count_priors", average=priors["average"]), facts.units)
        yield case("count", "assumed", float(way), facts=counts)
    for key in MOVING:
        value = float(np.clip(schedule.rules[key] * by, *ASSUMPTION_BOUNDS[key]))
        yield case(key, "assumed", value, rules=schedule.rules | {key: value})

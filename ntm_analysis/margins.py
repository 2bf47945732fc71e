"""The best plan under uncertainty: plans made with a safety margin, chosen in one set of worlds and judged in another."""

from dataclasses import dataclass, replace

import numpy as np

from .allocation import Allocation, ordered
from .finishing import Run, run_of
from .forecast import Forecast
from .optimum import optimum
from .recognition import levels

MARGINS = tuple(round(0.05 * step, 2) for step in range(10))  # shares of the money that a plan does not count on
CHOOSING = 2_000  # worlds in which a plan is chosen
SAFE = "safe"


@dataclass(frozen=True)
class Tested:
    """The plans in the forecast's worlds. ``tried``: by (margin, whether communes are weighed by their chance) the mean number
    finishing in the worlds the plan was chosen in; ``chosen``: the best of them; ``forecasts``: by plan (the rules, ``optimal``,
    ``safe``), in the worlds of the report."""

    tried: dict[tuple[float, bool], float]
    chosen: tuple[float, bool]
    forecasts: dict[str, Forecast]


def tested(found: Allocation, draws: int = 10_000, seed: int = 2022) -> Tested:
    """Make plans, choose the one by which most communes finish on average in the worlds of ``seed`` + 1 (of equals the first),
    and judge it beside the central plan and the rules in the worlds of ``seed``.

    A plan is made for each margin twice: every commune weighs the same, as in the central plan; or each by its chance to finish
    with money without limit, so that money goes where the criteria without works will be met too. A plan is tried by its order:
    in each world money is paid in that order, whatever comes in.

    >>> from ntm_analysis.allocation import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> made = tested(allocate(Workbook.open("data/thanh-chuong")), draws=100)
    >>> list(made.forecasts), len(made.tried)
    (['own', 'closest', 'cheapest', 'equal', 'decree', 'optimal', 'safe'], 20)
    """
    case, base, day = found.case, found.plans["own"].layout, found.day
    first = run_of(base, min(draws, CHOOSING), seed + 1, deadline=day)
    level = levels(found.workbook)
    by_chance = replace(case, weight=case.weight * _chance(Forecast(found.workbook, first, day, level)))
    tried, means, layouts = {}, {}, {}
    for margin in MARGINS:
        for weighed, aim in ((False, case), (True, by_chance)):
            pots = [replace(pot, money=np.floor(pot.money * (1 - margin)).astype(np.int64)) for pot in case.pots]
            best = optimum(replace(aim, pots=pots))
            if best.status == "infeasible":  # the minimums do not fit in so little
                continue
            layout = ordered(base, case, best)
            order = layout.plan.works["place"].to_numpy().tobytes()
            if order not in means:
                means[order] = _mean(found, run_of(layout, min(draws, CHOOSING), seed + 1, deadline=day))
            tried[margin, weighed], layouts[margin, weighed] = means[order], layout
    chosen = max(tried, key=lambda plan: tried[plan])
    judged = {name: plan.layout for name, plan in found.plans.items()} | {SAFE: layouts[chosen]}
    runs = {name: run_of(layout, draws, seed, deadline=day) for name, layout in judged.items()}
    return Tested(tried, chosen, {name: Forecast(found.workbook, run, day, level) for name, run in runs.items()})


def _chance(found: Forecast) -> np.ndarray:
    """The chance of each goal with money without limit; of communes of which the same is known their mean."""
    chance = (found.run.unlimited <= found.run.latest).mean(axis=1)
    band = found.bands.to_numpy()
    chance[found.open_] = (np.bincount(band, weights=chance[found.open_]) / np.maximum(np.bincount(band), 1))[band]
    return chance.round(3)


def _mean(found: Allocation, run: Run) -> float:
    ntm = (run.goals["level"] == "ntm").to_numpy()
    return found.now + float((run.months[ntm] <= run.deadline).sum(axis=0).mean())

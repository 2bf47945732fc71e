"""The best plan under uncertainty: plans made with a safety margin, chosen in one set of worlds and judged in another."""

from dataclasses import dataclass, replace

import numpy as np

from ..finishing import run_of
from ..forecast.forecast import Forecast
from ..recognition import levels
from .optimum import optimum
from .plans import OPTIMAL, Allocation, ordered

MARGINS = tuple(round(0.025 * step, 3) for step in range(20))  # shares of the money that a plan does not count on
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


def tested(found: Allocation, draws: int = 10_000, seed: int = 2022) -> Tested | None:
    """Make plans, choose the one by which most communes finish on average in the worlds of ``seed`` + 1 (of equals the first),
    and judge it beside the central plan and the rules in the worlds of ``seed``. None where no plan can be had at all.

    A plan is made for each margin twice: every commune weighs the same, as in the central plan; or each by its chance to finish
    with money without limit, so that money goes where the criteria without works will be met too. A plan is tried by its order:
    in each world money is paid in that order, whatever comes in.

    >>> from ntm_analysis.allocation.plans import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> made = tested(allocate(Workbook.open("data/thanh-chuong")), draws=100)
    >>> list(made.forecasts), len(made.tried)
    (['own', 'closest', 'cheapest', 'equal', 'decree', 'optimal', 'safe'], 40)
    """
    if found.best.status == "infeasible":
        return None
    case, base, day = found.case, found.plans["own"].layout, found.day
    first = run_of(base, min(draws, CHOOSING), seed + 1, deadline=day)
    level = levels(found.workbook)
    by_chance = replace(case, weight=case.weight * _chance(Forecast(found.workbook, first, day, level)))
    tried, means, layouts = {}, {}, {}
    for margin in MARGINS:
        for weighed, aim in ((False, case), (True, by_chance)):
            counted = aim.with_money(lambda pot, share=1 - margin: np.floor(pot.money * share).astype(np.int64))
            best = optimum(counted)
            if best.status == "infeasible":  # the minimums do not fit in so little
                continue
            layout = ordered(base, case, best)
            order = layout.plan.works["place"].to_numpy().tobytes()
            if order not in means:
                run = run_of(layout, min(draws, CHOOSING), seed + 1, deadline=day)
                means[order] = float(Forecast(found.workbook, run, day, level).finishing.mean())
            tried[margin, weighed], layouts[margin, weighed] = means[order], layout
    chosen = max(tried, key=lambda plan: tried[plan])
    runs = {name: run_of(plan.layout, draws, seed, deadline=day) for name, plan in found.plans.items()}
    orders = [made.plan.works["place"] for made in (layouts[chosen], found.plans[OPTIMAL].layout)]
    same = orders[0].equals(orders[1])  # as it is where no margin is needed
    runs[SAFE] = runs[OPTIMAL] if same else run_of(layouts[chosen], draws, seed, deadline=day)
    return Tested(tried, chosen, {name: Forecast(found.workbook, run, day, level) for name, run in runs.items()})


def _chance(found: Forecast) -> np.ndarray:
    """The chance of each goal with money without limit; of communes of which the same is known their mean."""
    chance = (found.run.unlimited <= found.run.latest).mean(axis=1)
    band = found.bands.to_numpy()
    chance[found.open_] = (np.bincount(band, weights=chance[found.open_]) / np.maximum(np.bincount(band), 1))[band]
    return chance.round(3)

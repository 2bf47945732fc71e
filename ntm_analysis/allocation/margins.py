"""Plans tried in the forecast's worlds, and the best plan with a safety margin.

The margin is chosen in one set of worlds and judged in another.
"""

from collections import namedtuple

import numpy as np

from ..forecasts import baseline_of, forecast_of, worlds_of_many
from ..language import OPTIMAL
from .best_plan import optimum
from .plans import policy_layout

MARGINS = tuple(round(0.025 * step, 3) for step in range(20))  # shares of money not counted on
CHOOSING = 2_000  # worlds in which a plan is chosen
MARGIN_NOISE = 2  # standard errors of a difference that the draws cannot tell from none
SAFE = "safe"


class Trial(namedtuple("Trial", "means chosen forecasts")):
    """The plans in the forecast's worlds.

    Attributes
    ----------
    means : dict of float to float
        By margin the mean number finishing in the worlds the plan was chosen in.
    chosen : float
        The margin of the best of them.
    forecasts : dict of str to Forecast
        By plan (the rules, ``optimal``, ``safe``), in the worlds of the report.
    """


def try_plans(allocation, draws=10_000):
    """Make plans, choose one in the worlds of the next seed, judge all in those of the allocation.

    A plan is tried by its order: in each world lists are filled and money is paid in that order,
    whatever comes in. The smallest margin is chosen that is as good as the best one, but for what
    the draws cannot tell (two standard errors of the difference). A margin spares shared pots; pots
    that communes hold for themselves are counted on.

    Parameters
    ----------
    allocation : Allocation
    draws : int
        Worlds in which the plans are judged; at most :data:`CHOOSING` in which one is chosen.
        Fewer of a large data set, see :func:`~ntm_analysis.forecasts.worlds_of_many`.

    Returns
    -------
    Trial or None
        None where no plan can be had.

    Examples
    --------
    >>> from ntm_analysis.allocation import allocate
    >>> from ntm_analysis.data import Workbook
    >>> trial = try_plans(allocate(Workbook.open("data/huyen-mau")), draws=100)
    >>> list(trial.forecasts), len(trial.means)
    (['own', 'closest', 'cheapest', 'equal', 'decree', 'optimal', 'safe'], 20)
    """
    if allocation.best.status == "infeasible":
        return None
    from scipy.stats import sem  # slow to load, and only a plan needs it

    case, layout, seed = allocation.case, allocation.layout, allocation.seed
    communes = len(allocation.workbook.communes)
    choosing = worlds_of_many(min(draws, CHOOSING), len(MARGINS) // 4 * communes)
    draws = worlds_of_many(draws, communes)
    other = baseline_of(allocation.workbook, seed + 1, layout)
    orders, known, finishing = {}, {}, {}
    for margin in MARGINS:
        counted = case._replace(money=np.floor(case.money * (1 - margin)))
        best = optimum(counted)
        if best.status == "infeasible":  # the minimums do not fit in so little
            continue
        order = orders[margin] = counted.order(best.slot)
        key = best.slot.tobytes()
        if key not in known:
            own = policy_layout(layout, OPTIMAL, order)
            known[key] = forecast_of(own, choosing, seed + 1, baseline=other).finishing
        finishing[margin] = known[key]
    means = {margin: float(worlds.mean()) for margin, worlds in finishing.items()}
    best = finishing[max(means, key=means.get)]
    chosen = next(
        margin
        for margin, worlds in finishing.items()
        if (best - worlds).mean() <= MARGIN_NOISE * sem(best - worlds, ddof=0)
    )
    layouts = {name: plan.layout for name, plan in allocation.plans.items()}
    layouts[SAFE] = policy_layout(layout, OPTIMAL, orders[chosen])
    forecasts = {
        name: forecast_of(own, draws, seed, baseline=allocation.baseline)
        for name, own in layouts.items()
    }
    return Trial(means, chosen, forecasts)

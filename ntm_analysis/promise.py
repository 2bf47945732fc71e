"""The price of a promise: how much more money, or how many more months, would make all (or basically all) communes finish.

Money is raised in all pots by one factor, and in each pot alone, in the order of the run. More money never ends a work later,
so that the least factor of a world is found by halving; 50, 80 and 90 % are read off as quantiles over worlds.
"""

import numpy as np

from .forecast import Forecast
from .funding import still_to_come
from .need import spread
from .possible_worlds import Worlds, draw_worlds
from .queue import NEVER

CHANCES = (50, 80, 90)
FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, np.inf)
STEPS, TOP = 64, 6  # factors from 1 to 2^6, in steps of 2^(6/64): about 7 %
WORLDS = 2_000  # worlds in which factors are sought: the ninth decile of so many is known to about one step


def promise(found: Forecast) -> dict:
    """What it would take: for ``basically_all`` and ``all`` the chance now (``p``), with money without limit
    (``p_unlimited``), the ``money`` (factor, and extra million đồng of planned money) and the ``months`` for each of
    :data:`CHANCES`, and each pot alone (``by_pot``); and under ``more_money`` how many communes finish with all pots times
    each of :data:`FACTORS`.

    None where so many worlds do not get there; ``reason`` is then ``money_does_not_reach``, or ``reached_now`` where nothing
    is needed.

    >>> from ntm_analysis.forecast import forecast
    >>> from ntm_analysis.workbook import Workbook
    >>> promise(forecast(Workbook.open("data/thanh-chuong"), draws=100))["all"]["reason"]
    'money_does_not_reach'
    """
    run = found.run
    worlds = draw_worlds(run.layout, min(run.draws, WORLDS), run.seed)
    latest = worlds.latest(run.deadline, run.finish)[found.open_]
    paid = worlds.paid()
    made = {
        name: _price(found, worlds, latest, paid, number - len(found.now))
        for name, number in (("basically_all", found.basically), ("all", len(found.communes)))
    }
    return made | {"more_money": [_with(found, worlds, latest, factor) for factor in FACTORS]}


def _with(found: Forecast, worlds: Worlds, latest: np.ndarray, factor: float) -> dict:
    """How many communes finish were all pots multiplied by ``factor``; None stands for money without limit."""
    months = worlds.goals(worlds.criteria(worlds.paid(factor)))[found.open_]
    figures = spread(len(found.now) + (months <= latest).sum(axis=0))
    return {"factor": None if np.isinf(factor) else factor, **figures}


def _price(found: Forecast, worlds: Worlds, latest: np.ndarray, paid: list, wanted: int) -> dict:
    """The price of ``wanted`` more communes."""
    run = found.run
    p = float((found.in_time.sum(axis=0) >= wanted).mean())
    unlimited = (run.unlimited <= run.latest)[found.open_].sum(axis=0) >= wanted
    money = _least(found, worlds, latest, paid, wanted)
    planned = _planned(found)
    reason = "reached_now" if p >= CHANCES[-1] / 100 else None
    if reason is None and float(unlimited.mean()) < CHANCES[0] / 100:
        reason = "money_does_not_reach"
    by_pot = []
    for name in dict.fromkeys(line.instance for line in worlds.layout.lines):
        factors = _least(found, worlds, latest, paid, wanted, name)
        row = {"pot": name, "p_unlimited": float(np.isfinite(factors).mean())}
        by_pot.append(row | {str(chance): _quantile(factors, chance) for chance in CHANCES})
    return {
        "p": p,
        "p_unlimited": float(unlimited.mean()),
        "reason": reason,
        "money": {
            str(chance): None
            if (factor := _quantile(money, chance)) is None
            else {"factor": factor, "extra": round((factor - 1) * planned, 1)}
            for chance in CHANCES
        },
        "by_pot": by_pot,
        "months": {str(chance): _date(found, wanted, chance) for chance in CHANCES},
    }


def _least(found: Forecast, worlds: Worlds, latest: np.ndarray, paid: list, wanted: int, only: str = "") -> np.ndarray:
    """The least factor of each world, at least 1; infinite where no money (in this pot, if ``only``) is enough."""

    def enough(factor: np.ndarray | float) -> np.ndarray:
        months = worlds.goals(worlds.criteria(worlds.paid(factor, only, paid if only else None)))[found.open_]
        return (months <= latest).sum(axis=0) >= wanted

    reached = enough(np.inf)
    least = np.where(reached, 1.0, np.inf)
    if reached.mean() < CHANCES[0] / 100:  # nothing to read off: the halving is spared
        return least
    low, high = np.zeros(worlds.draws, dtype=np.int64), np.full(worlds.draws, STEPS, dtype=np.int64)
    now = enough(1.0)
    high[now] = 0
    while (high - low).max() > 0:
        middle = (low + high) // 2
        fits = enough(2.0 ** (TOP * middle / STEPS))
        high, low = np.where(fits, middle, high), np.where(fits, low, np.minimum(middle + 1, high))
    found_at = 2.0 ** (TOP * high / STEPS)
    return np.where(reached & enough(found_at), found_at, np.inf)


def _quantile(factors: np.ndarray, chance: int) -> float | None:
    """The least factor that is enough in ``chance`` % of worlds; None where fewer get there."""
    place = -(-len(factors) * chance // 100) - 1
    value = float(np.partition(factors, place)[place])
    return round(value, 2) if np.isfinite(value) else None


def _date(found: Forecast, wanted: int, chance: int) -> str | None:
    """The day by which so many more communes have finished in ``chance`` % of worlds, money ending with the last envelope."""
    if wanted <= 0:
        return f"{found.workbook.as_of}"
    binding = found.run.signed if found.run.finish == "signed" else found.run.months
    months = np.sort(binding[found.open_], axis=0)[wanted - 1]
    place = -(-len(months) * chance // 100) - 1
    month = int(np.partition(months, place)[place])
    return f"{found.run.plan.end_of(month):%Y-%m-%d}" if month < NEVER else None


def _planned(found: Forecast) -> float:
    """Planned money of all money pots that is still to come by the deadline's year, million đồng."""
    rows = still_to_come(found.workbook, found.day.year)
    measure = found.workbook.tables["pots"].set_index("pot")["measure"]
    return float(rows.loc[rows["pot"].map(measure) == "money", "amount"].sum())

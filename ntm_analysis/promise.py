"""The price of a promise: how much more money, or how many more months, would make all (or basically all) communes finish.

Money is raised in all pots by one factor, and in each pot alone, in the order of the run. More money never ends a work later,
so that the least factor of a world is found by halving; 50, 80 and 90 % are read off as quantiles over worlds.
"""

import numpy as np

from .forecast.forecast import Forecast
from .need.funding import still_to_come
from .need.need import spread
from .possible_worlds import Worlds, draw_worlds
from .queue import NEVER

CHANCES = (50, 80, 90)
FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, np.inf)
STEPS, TOP = 64, 6  # factors from 1 to 2^6, in steps of 2^(6/64): about 7 %
WORLDS = 2_000  # worlds in which factors are sought: the ninth decile of so many is known to about one step


def promise(found: Forecast) -> dict:
    """What it would take: for ``basically_all`` and ``all`` the chance now (``p``), with money without limit (``p_unlimited``),
    the ``money`` (factor, and extra million đồng of planned money) the ``months`` (the day by which so many finish) and
    ``months_unlimited`` (the same with money without limit) for each of :data:`CHANCES`, and each pot alone (``by_pot``); and
    under ``more_money`` how many communes finish with all pots times each of :data:`FACTORS`.

    ``factor`` and ``extra`` are None with a ``reason``: ``money_does_not_reach`` where fewer worlds get there however much
    money there is, ``above_64_times`` where no factor up to 64 is enough; ``reached_now``, with a factor of 1, where nothing
    is needed. A pot alone has None where it is not enough.

    >>> from ntm_analysis.forecast.forecast import forecast
    >>> from ntm_analysis.workbook import Workbook
    >>> promise(forecast(Workbook.open("data/thanh-chuong"), draws=100))["all"]["money"]["50"]["reason"]
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
    return made | {"more_money": [with_money(found, worlds, latest, factor) for factor in FACTORS]}


def with_money(found: Forecast, worlds: Worlds, latest: np.ndarray, factor: float) -> dict:
    """How many communes finish were all pots multiplied by ``factor``; None stands for money without limit."""
    months = worlds.goals(worlds.criteria(worlds.paid(factor)))[found.open_]
    figures = spread(len(found.now) + (months <= latest).sum(axis=0))
    return {"factor": None if np.isinf(factor) else factor, **figures}


def _price(found: Forecast, worlds: Worlds, latest: np.ndarray, paid: list, wanted: int) -> dict:
    """The price of ``wanted`` more communes."""
    run = found.run
    p = float((found.in_time.sum(axis=0) >= wanted).mean())
    unlimited = (run.unlimited <= run.latest)[found.open_].sum(axis=0) >= wanted
    money, reached = _least(found, worlds, latest, paid, wanted)
    held, by_pot = planned(found), []
    for name in dict.fromkeys(line.instance for line in worlds.layout.lines):
        factors, alone = _least(found, worlds, latest, paid, wanted, name)
        by_pot.append({"pot": name, "p_unlimited": alone} | {str(c): _quantile(factors, c) for c in CHANCES})
    return {
        "p": p,
        "p_unlimited": float(unlimited.mean()),
        "money": {str(chance): _level(_quantile(money, chance), reached, chance, held) for chance in CHANCES},
        "by_pot": by_pot,
        "months": {str(chance): _date(found, wanted, chance, found.run.months) for chance in CHANCES},
        "months_unlimited": {str(chance): _date(found, wanted, chance, found.run.unlimited) for chance in CHANCES},
    }


def _level(factor: float | None, reached: float, chance: int, planned: float) -> dict:
    """What one chance asks for: the factor, the extra million đồng, or why there is none."""
    if factor is None:
        reason = "money_does_not_reach" if reached < chance / 100 else "above_64_times"
        return {"factor": None, "extra": None, "reason": reason}
    return {"factor": factor, "extra": round((factor - 1) * planned, 1), "reason": "reached_now" if factor == 1 else None}


def _least(
    found: Forecast, worlds: Worlds, latest: np.ndarray, paid: list, wanted: int, only: str = ""
) -> tuple[np.ndarray, float]:
    """The least factor of each world, at least 1, infinite where none (in this pot, if ``only``) is enough; and the share of
    worlds in which money without limit is."""

    def enough(factor: np.ndarray | float) -> np.ndarray:
        months = worlds.goals(worlds.criteria(worlds.paid(factor, only, paid if only else None)))[found.open_]
        return (months <= latest).sum(axis=0) >= wanted

    reached = enough(np.inf)
    least = np.where(reached, 1.0, np.inf)
    if reached.mean() < CHANCES[0] / 100:  # nothing to read off: the halving is spared
        return least, float(reached.mean())
    low, high = np.zeros(worlds.draws, dtype=np.int64), np.full(worlds.draws, STEPS, dtype=np.int64)
    now = enough(1.0)
    high[now] = 0
    while (high - low).max() > 0:
        middle = (low + high) // 2
        fits = enough(2.0 ** (TOP * middle / STEPS))
        high, low = np.where(fits, middle, high), np.where(fits, low, np.minimum(middle + 1, high))
    found_at = 2.0 ** (TOP * high / STEPS)
    return np.where(reached & enough(found_at), found_at, np.inf), float(reached.mean())


def _quantile(factors: np.ndarray, chance: int) -> float | None:
    """The least factor that is enough in ``chance`` % of worlds; None where fewer get there."""
    place = -(-len(factors) * chance // 100) - 1
    value = float(np.partition(factors, place)[place])
    return round(value, 2) if np.isfinite(value) else None


def _date(found: Forecast, wanted: int, chance: int, binding: np.ndarray) -> str | None:
    """The day by which so many more communes have finished in ``chance`` % of worlds; ``binding``: months, goals x draws."""
    if wanted <= 0:
        return f"{found.workbook.as_of}"
    if found.run.finish == "signed":
        binding = np.where(binding >= NEVER, NEVER, found.run.signed - found.run.months + binding)
    months = np.sort(binding[found.open_], axis=0)[wanted - 1]
    place = -(-len(months) * chance // 100) - 1
    month = int(np.partition(months, place)[place])
    return f"{found.run.plan.end_of(month):%Y-%m-%d}" if month < NEVER else None


def planned(found: Forecast) -> float:
    """Planned money of all money pots that is still to come by the deadline's year, million đồng."""
    rows = still_to_come(found.workbook, found.day.year)
    measure = found.workbook.tables["pots"].set_index("pot")["measure"]
    return float(rows.loc[rows["pot"].map(measure) == "money", "amount"].sum())

"""How fast missing criteria get met: one pooled yearly hazard, fitted to published averages; and the planners' own rule.

Model: with m criteria missing per commune on average, d log(m) = -hazard dt + noise, the variance of the noise growing
with dt. One hazard for all areas: each has too few published figures for its own. How far a term may differ from the pooled
hazard goes into ``sigma``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtri, pdtr, stdtrit

AVERAGE = "avg_criteria_per_commune"
TWICE = 0.1  # years: two figures closer than this are two reports of one moment
SHORTEST = 0.5  # years: over less, a change says more about two ways of counting than about pace
CRITERIA = 19  # of every set whose averages were published
FEWEST = 3  # changes: with fewer neither the hazard nor its spread can be told
NEVER = 9_999  # months
TERM = 4.0  # years for which one drawn hazard is to hold: what is left of a five-year term after its first


def end_of_period(period: str) -> dt.date:
    """Last day of a published period: a year, a year-month, a day, or a span of these. Raises ValueError for others.

    >>> end_of_period("2019").isoformat(), end_of_period("2011/2016-02").isoformat()
    ('2019-12-31', '2016-02-29')
    """
    parts = [int(part) for part in period.rpartition("/")[2].split("-")]
    if len(parts) == 3:
        return dt.date(*parts)
    year, month = parts if len(parts) == 2 else (*parts, 12)
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def decimal_year(day: dt.date) -> float:
    """The end of a day as a decimal year.

    >>> decimal_year(dt.date(2019, 12, 31)), round(decimal_year(dt.date(2019, 6, 30)), 3)
    (2020.0, 2019.496)
    """
    return day.year + day.timetuple().tm_yday / dt.date(day.year, 12, 31).timetuple().tm_yday


def day_of(when: float) -> dt.date | None:
    """The day in which a decimal year lies; None after year 9998, where the calendar ends.

    >>> day_of(2020.0).isoformat(), day_of(2019.49589).isoformat()
    ('2019-12-31', '2019-06-30')
    """
    if when >= dt.MAXYEAR:
        return None
    year = int(when)
    days = (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
    return dt.date(year, 1, 1) + dt.timedelta(days=int(np.ceil(round((when - year) * days, 4))) - 1)


def series(history: pd.DataFrame, area: str, measure: str, as_of: dt.date) -> pd.DataFrame:
    """The published figures of one measure known by ``as_of``: when (decimal year), value, known_from, source; by time.

    ``history``: area, period, measure, value, known_from, source, mark. Rows marked ``assumed`` are no evidence and left
    out. Of two figures less than :data:`TWICE` apart the one published later stays, and of two published on one day the one
    about the later moment. A fall is no contradiction: criteria can be lost.

    >>> row = ["Nghệ An", "2018", AVERAGE, 14.5, "2018-12-31", "a newspaper", "reported"]
    >>> names = ["area", "period", "measure", "value", "known_from", "source", "mark"]
    >>> series(pd.DataFrame([row], columns=names), "Nghệ An", AVERAGE, dt.date(2019, 1, 1))[["when", "value"]].values.tolist()
    [[2019.0, 14.5]]
    """
    known = pd.to_datetime(history["known_from"])
    chosen = (history["area"] == area) & (history["measure"] == measure) & (history["mark"] != "assumed")
    rows = history.assign(known_from=known)[chosen & (known <= pd.Timestamp(as_of))].reset_index(drop=True)
    rows["when"] = np.array([decimal_year(end_of_period(period)) for period in rows["period"]], dtype=float)
    rows = rows.sort_values("when", kind="stable", ignore_index=True)
    kept: list[int] = []
    for at in rows.index:
        if kept and rows["when"][at] - rows["when"][kept[-1]] < TWICE:
            if rows["known_from"][at] < rows["known_from"][kept[-1]]:
                continue
            kept.pop()
        kept.append(at)
    return rows.loc[kept, ["when", "value", "known_from", "source"]].reset_index(drop=True)


def spaced(points: pd.DataFrame) -> pd.DataFrame:
    """The figures at least :data:`SHORTEST` apart: from the newest backwards, the next one that is far enough.

    A figure in between is passed over, so its movement is not lost: it belongs to the longer change around it.

    >>> spaced(pd.DataFrame({"when": [2015.0, 2015.75, 2016.0], "value": [9.0, 10.0, 11.0]}))["when"].tolist()
    [2015.0, 2016.0]
    """
    kept: list[int] = []
    for at in reversed(points.index):
        if not kept or points["when"][kept[-1]] - points["when"][at] >= SHORTEST:
            kept.append(at)
    return points.loc[kept[::-1]].reset_index(drop=True)


def changes_of(area: str, points: pd.DataFrame, missing: pd.Series) -> pd.DataFrame:
    """Changes between neighbouring figures: area, from, to (decimal years), missing_before, missing_after, hazard a year.

    Formula: hazard = log(missing_before / missing_after) / (to - from). Raises ValueError where nothing is missing any more:
    no hazard can be told from there on.

    >>> points = pd.DataFrame({"when": [2019.0, 2021.0]})
    >>> changes_of("X", points, pd.Series([4.0, 1.0])).round(3).values.tolist()
    [['X', 2019.0, 2021.0, 4.0, 1.0, 0.693]]
    """
    if (missing <= 0).any():
        raise ValueError(f"{area}: nothing is missing any more, so no pace can be fitted to it")
    when, left = points["when"].to_numpy(dtype=float), missing.to_numpy(dtype=float)
    table = pd.DataFrame({"from": when[:-1], "to": when[1:], "missing_before": left[:-1], "missing_after": left[1:]})
    table.insert(0, "area", area)
    return table.assign(hazard=-np.diff(np.log(left)) / np.diff(when))


def fitted(years: np.ndarray, drops: np.ndarray) -> tuple[float, float, float]:
    """Hazard a year, its standard error, and the noise (standard deviation of one year's drop in log missing).

    ``years``: length of each change; ``drops``: log(missing before / missing after). Fitted by scipy.optimize.curve_fit: it
    takes a standard deviation for each change (here the root of its years) and scales the error by what the fit leaves
    over, where scipy.stats.linregress weighs all alike and adds an intercept, a drop in no time. With one slope this
    equals sum(drops) / sum(years).

    >>> [round(number, 3) for number in fitted(np.array([1.0, 1.0, 2.0]), np.array([0.1, 0.3, 0.4]))]
    [0.2, 0.05, 0.1]
    """
    from scipy.optimize import curve_fit  # takes 0.2 s to import, which commands that forecast nothing need not wait for

    slope, spread = curve_fit(lambda year, hazard: hazard * year, years, drops, p0=[0.1], sigma=np.sqrt(years))
    error = float(np.sqrt(spread[0, 0]))
    return float(slope[0]), error, error * float(np.sqrt(years.sum()))


def spread_of(hazard: float, error: float, noise: float, changes: int, term: float) -> float:
    """sigma of the logarithm of a hazard that holds for ``term`` years, told from so many changes; see :func:`fit_pace`.

    >>> round(spread_of(0.2, 0.05, 0.1, 1_000_000, 4.0), 3)  # sqrt(log(1 + (0.0025 + 0.0025) / 0.04))
    0.343
    """
    wider = stdtrit(changes - 1, 0.9) / ndtri(0.9)
    return float(np.sqrt(np.log1p((error**2 + noise**2 / term) / hazard**2)) * wider)


@dataclass(frozen=True)
class Pace:
    """The pooled pace: ``hazard`` a year per missing criterion, ``sigma`` of its logarithm, 80 % interval ``low``-``high``.

    ``error``: standard error of the hazard; ``noise``: standard deviation of one year's drop in log missing;
    ``changes``: what it was fitted to (see :func:`changes_of`); ``sources``: where those figures were published.
    """

    hazard: float
    sigma: float
    low: float
    high: float
    error: float
    noise: float
    changes: pd.DataFrame = field(compare=False, repr=False)
    sources: tuple[str, ...] = field(repr=False)


def fit_pace(history: pd.DataFrame, areas: Sequence[str], as_of: dt.date) -> Pace:
    """The hazard per missing criterion pooled over ``areas``, from the averages known by ``as_of``.

    Missing per commune = 19 - average. sigma covers the error of the pooled hazard and the noise of areas and periods over
    :data:`TERM` years, widened from the normal to Student's t because both are told from few changes:
    sigma^2 = log(1 + (error^2 + noise^2 / term) / hazard^2) x (t / z)^2 at the 90 % quantiles. Raises
    ValueError with fewer than :data:`FEWEST` changes, or when they show no progress at all.

    >>> rows = [["A", str(year), AVERAGE, 19 - 16 * 0.8**n, f"{year}-12-31", "s", "reported"] for n, year in
    ...         enumerate(range(2015, 2020))]
    >>> names = ["area", "period", "measure", "value", "known_from", "source", "mark"]
    >>> round(fit_pace(pd.DataFrame(rows, columns=names), ["A"], dt.date(2020, 1, 1)).hazard, 4)  # -log(0.8)
    0.2231
    """
    points = {area: spaced(series(history, area, AVERAGE, as_of)) for area in areas}
    changes = pd.concat([changes_of(area, table, CRITERIA - table["value"]) for area, table in points.items()], ignore_index=True)
    if len(changes) < FEWEST:
        raise ValueError(
            f"{len(changes)} published changes of {AVERAGE} are known by {as_of} for {', '.join(areas)}: "
            f"a pace needs at least {FEWEST}"
        )
    years = (changes["to"] - changes["from"]).to_numpy()
    hazard, error, noise = fitted(years, changes["hazard"].to_numpy() * years)
    if hazard <= 0:
        raise ValueError(f"the figures of {AVERAGE} known by {as_of} show no progress: no pace can be fitted")
    sigma = spread_of(hazard, error, noise, len(changes), TERM)
    reach = float(np.exp(sigma * ndtri(0.9)))
    sources = tuple(dict.fromkeys(pd.concat([table["source"] for table in points.values()])))
    return Pace(hazard, sigma, hazard / reach, hazard * reach, error, noise, changes, sources)


def drawn_hazard(u: np.ndarray, hazard: float, sigma: float) -> np.ndarray:
    """Hazards a year from uniforms: lognormal with the pooled hazard as median. Formula: hazard x exp(sigma z(u)).

    >>> drawn_hazard(np.array([0.5]), 0.2, 0.5).tolist()
    [0.2]
    """
    # A uniform of exactly 0 would be a hazard of 0 for a whole world.
    return hazard * np.exp(sigma * ndtri(np.clip(u, 1e-12, 1 - 1e-12)))


def waiting_months(u: np.ndarray, hazard: np.ndarray | float) -> np.ndarray:
    """Whole months until a missing criterion is met, int16: max(1, ceil(-12 log(1 - u) / hazard)), at most :data:`NEVER`.

    ``u`` in [0, 1); ``hazard`` a year, of any shape that broadcasts; a hazard of 0 waits :data:`NEVER`.

    >>> waiting_months(np.array([0.0, 0.5, 0.5]), np.array([0.2, 0.2, 0.0])).tolist()
    [1, 42, 9999]
    """
    months = -12 * np.log1p(-np.asarray(u, dtype=float))
    # A hazard of 0 waits for ever: the quotient is infinite, or none where u is 0 too, and the cap makes it NEVER.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        months = np.asarray(months / hazard)
    np.fmin(np.ceil(months, out=months), NEVER, out=months)
    return np.maximum(months, 1, out=months).astype(np.int16)


@dataclass(frozen=True)
class Naive:
    """Today's rule of thumb: ``yearly`` communes, ``date`` of the last one, ``expected`` finished by the deadline.

    ``mass[k]``: chance of k more communes by the deadline, the last being "all of the rest or more"; ``p_all`` is that last.
    """

    yearly: float
    date: dt.date | None
    expected: float
    mass: np.ndarray = field(compare=False, repr=False)
    p_all: float


def naive(finished: int, total: int, start: dt.date, as_of: dt.date, deadline: dt.date) -> Naive:
    """The straight line of plans: pace = finished / years since the programme's start, and its Poisson form.

    ``date`` is None when nothing is finished yet (or the line ends after year 9998). Raises ValueError unless
    start < as_of <= deadline and 0 <= finished <= total.

    >>> line = naive(50, 100, dt.date(2010, 12, 31), dt.date(2020, 12, 31), dt.date(2025, 12, 31))
    >>> line.yearly, line.date.isoformat(), line.expected, round(line.p_all, 4)
    (5.0, '2030-12-31', 75.0, 0.0)
    """
    if not start < as_of <= deadline:
        raise ValueError(f"start={start}, as_of={as_of}, deadline={deadline}: must follow each other")
    if not 0 <= finished <= total:
        raise ValueError(f"finished={finished}: must lie between 0 and total={total}")
    now, rest = decimal_year(as_of), total - finished
    yearly = finished / (now - decimal_year(start))
    last = as_of if not rest else day_of(now + rest / yearly) if finished else None
    more = yearly * (decimal_year(deadline) - now)
    at_most = np.append(pdtr(np.arange(rest), more), 1.0)
    mass = np.diff(at_most, prepend=0.0)
    return Naive(yearly, last, min(float(total), finished + more), mass, float(mass[-1]))

"""Was the pace model right before? Published series forecast from what was known then, scored against what came.

Both measures are a share of what is still missing: of the criteria (averages) or of the communes (titles). The model lets
the logarithm of that share fall by a drawn hazard and drawn noise; the planners' rule goes on in a straight line. Averages are
tested a second time with the hazard just as the forecast draws it: one lognormal number a world, and no further noise.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtri, gammaincinv, ndtri, pdtr

from .need.draws import uniforms
from .pace import AVERAGE, CRITERIA, FEWEST, SHORTEST, TERM, changes_of, drawn_hazard, fitted, series, spaced, spread_of

TITLES = "ntm_communes"
AS_DRAWN = "avg_criteria_as_drawn"  # averages, by the hazard that the forecast draws
COMMUNES = "communes"  # the number of communes that a number of titles is out of
DRAWN = ("evidence-spread", "evidence-hazard", "evidence-noise")


def crps(sample: np.ndarray, outcome: float) -> float:
    """Continuous ranked probability score of a sample, in the outcome's unit; 0 is perfect, smaller is better.

    Formula: mean |x - y| - mean |x - x'| / 2 over the n draws x, by sorting: 2/n^2 sum (x_i - y)(n [y < x_i] - i + 1/2).

    >>> crps(np.array([3.0]), 5.0), crps(np.array([4.0, 6.0]), 5.0)
    (2.0, 0.5)
    """
    x, n = np.sort(np.asarray(sample, dtype=float)), len(sample)
    return float(2 / n**2 * np.sum((x - outcome) * (n * (outcome < x) - np.arange(1, n + 1) + 0.5)))


def covered(sample: np.ndarray, outcome: float, level: float = 0.8) -> bool:
    """Does the middle ``level`` of the sample hold the outcome, its ends included?

    >>> covered(np.arange(101), 10), covered(np.arange(101), 9)
    (True, False)
    """
    low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2])
    return bool(low <= outcome <= high)


def drawn_drop(u: np.ndarray, fit: tuple[float, float, float], years: np.ndarray, horizon: float) -> np.ndarray:
    """Drawn fall of log missing over ``horizon`` years, from three uniforms a draw (first axis of ``u``).

    ``fit``: hazard, error and noise of :func:`ntm_analysis.pace.fitted`; ``years``: lengths of the changes it was fitted to.
    Drawn in turn, since few changes tell none of them well: the size of the noise (s^2 = noise^2 (n - 1) / chi^2 of n - 1),
    the hazard (normal, s / sqrt(sum of years)), the noise to come (normal, s sqrt(horizon)). Together that is Student's t
    with n - 1 degrees of freedom, so that an 80 % interval is one however few the changes are.

    >>> median = np.array([[0.5], [0.5], [0.5]])
    >>> drawn_drop(median, (0.2, 0.05, 0.1), np.array([1.0, 1.0, 2.0]), 2.0).round(6).tolist()
    [0.4]
    """
    hazard, _, noise = fit
    free = len(years) - 1
    z = ndtri(np.clip(u[1:], 1e-12, 1 - 1e-12))
    size = noise * np.sqrt(free / chdtri(free, np.clip(u[0], 1e-12, 1 - 1e-12)))
    return (hazard + size / np.sqrt(years.sum()) * z[0]) * horizon + size * np.sqrt(horizon) * z[1]


def forecast_drop(u: np.ndarray, fit: tuple[float, float, float], changes: int, horizon: float) -> np.ndarray:
    """The fall of log missing over ``horizon`` years as the forecast draws it: a lognormal hazard, one uniform a draw.

    Its spread is that of a hazard which is to hold for :data:`~ntm_analysis.pace.TERM` years, whatever the horizon.

    >>> forecast_drop(np.array([0.5]), (0.2, 0.05, 0.1), 4, 2.0).tolist()
    [0.4]
    """
    return drawn_hazard(u, fit[0], spread_of(*fit, changes, TERM)) * horizon


def left_over(missing: float | np.ndarray, drop: np.ndarray, most: float = 1.0) -> np.ndarray:
    """Share missing after log missing fell by ``drop``, at most ``most``.

    >>> left_over(0.5, np.array([0.0, np.log(2), -9.0])).tolist()
    [0.5, 0.25, 1.0]
    """
    # The t distribution of three changes has tails that exp() cannot hold; -50 is far beyond ``most``.
    return np.minimum(most, missing * np.exp(-np.maximum(drop, -50.0)))


def straight_on(u: np.ndarray, changes: pd.DataFrame, horizon: float, full: float, counts: bool) -> np.ndarray:
    """Drawn gains by the planners' rule: past gain a year x ``horizon``, in units of ``full`` (19 criteria, or communes).

    Communes are a Poisson number. An average has no natural Poisson unit, so its spread is learnt from the past: variance =
    mean x Pearson's dispersion of the past gains (quasi-Poisson), drawn as a gamma number, its continuous counterpart. A
    narrower spread would make this rule lose by its certainty rather than by its line.

    >>> past = pd.DataFrame({"from": [2015.0, 2016.0], "to": [2016.0, 2017.0], "missing_before": [0.5, 0.4],
    ...                      "missing_after": [0.4, 0.3]})
    >>> straight_on(np.array([0.5]), past, 2.0, 100, counts=True).tolist()
    [20.0]
    """
    years = (changes["to"] - changes["from"]).to_numpy()
    gains = (changes["missing_before"] - changes["missing_after"]).to_numpy() * full
    yearly = gains.sum() / years.sum()
    if yearly <= 0:
        return np.zeros(np.shape(u))
    mean = yearly * horizon
    if counts:
        return np.searchsorted(pdtr(np.arange(int(full)), mean), u, side="right").astype(float)
    dispersion = np.sum((gains - yearly * years) ** 2 / (yearly * years)) / (len(years) - 1)
    return dispersion * gammaincinv(mean / dispersion, u) if dispersion > 1e-9 else np.full(np.shape(u), mean)


def shares(history: pd.DataFrame, area: str, measure: str, as_of: dt.date) -> pd.DataFrame:
    """The spaced figures of a measure known by ``as_of`` with ``full`` (what they are out of) and ``missing`` (share left).

    Titles are out of the newest number of communes up to their moment, else of the first known one; shares, because mergers
    of communes change both numbers at once. Empty when no number of communes is known.
    """
    points = spaced(series(history, area, measure, as_of))
    full = np.full(len(points), float(CRITERIA))
    if measure == TITLES:
        totals = series(history, area, COMMUNES, as_of)
        if totals.empty:
            return points.iloc[:0].assign(full=0.0, missing=0.0)
        at = np.searchsorted(totals["when"], points["when"], side="right") - 1
        full = totals["value"].to_numpy(dtype=float)[np.maximum(at, 0)]
    return points.assign(full=full, missing=1 - points["value"] / full)


def back_test(history: pd.DataFrame, areas: Sequence[str], as_of: dt.date, draws: int = 1_000, seed: int = 2022) -> pd.DataFrame:
    """Forecasts that could have been made, one row a (measure, area, origin, horizon), with what came and the scores.

    An origin is the day a figure became public; a forecast from it uses only rows known by that day, and needs
    :data:`~ntm_analysis.pace.FEWEST` changes. Averages are fitted to the changes of all ``areas`` as in
    :func:`~ntm_analysis.pace.fit_pace`, titles to those of their own area; a title once given stays. Both rules see the same
    rows and are told the number of communes at the outcome: mergers are not what is tested.

    Columns: measure (:data:`AS_DRAWN`: averages once more, by :func:`forecast_drop`), area, origin, start (decimal year of
    the figure started from), horizon (years), full (what it is out of), outcome, p10, p50, p90, inside, crps, naive_crps,
    naive_inside. Rows of one series overlap in time and are not independent.
    """
    rows = []
    for measure, area in ((measure, area) for measure in (AVERAGE, TITLES) for area in areas):
        counts = measure == TITLES
        outcomes = shares(history, area, measure, as_of)
        for origin in sorted(set(outcomes["known_from"])):
            past = {name: shares(history, name, measure, origin) for name in ([area] if counts else areas)}
            changes = pd.concat([changes_of(name, points, points["missing"]) for name, points in past.items()])
            if len(changes) < FEWEST or past[area].empty:
                continue
            start = past[area].iloc[-1]
            years = (changes["to"] - changes["from"]).to_numpy()
            fit = fitted(years, changes["hazard"].to_numpy() * years)
            later = (outcomes["known_from"] > origin) & (outcomes["when"] >= start["when"] + SHORTEST)
            for point in outcomes[later].itertuples():
                horizon, key = point.when - start["when"], f"{measure}|{area}|{origin:%Y-%m-%d}|{point.when:.2f}"
                u = np.concatenate([uniforms(seed, quantity, [key], draws) for quantity in (*DRAWN, "evidence-naive")])
                most = start["missing"] if counts else 1.0
                drops = {measure: drawn_drop(u[:3], fit, years, horizon)}
                if not counts and fit[0] > 0:
                    drops[AS_DRAWN] = forecast_drop(u[1], fit, len(years), horizon)
                line = point.full * (1 - start["missing"]) + straight_on(u[3], changes, horizon, point.full, counts)
                line = np.minimum(line, point.full)
                line = np.rint(line) if counts else line
                told = dict(naive_crps=crps(line, point.value), naive_inside=covered(line, point.value))
                for name, drop in drops.items():
                    sample = point.full * (1 - left_over(start["missing"], drop, most))
                    sample = np.rint(sample) if counts else sample
                    row = dict(measure=name, area=area, origin=origin.date(), start=start["when"], horizon=horizon)
                    row |= dict(full=point.full, outcome=point.value)
                    row |= dict(zip(("p10", "p50", "p90"), np.quantile(sample, [0.1, 0.5, 0.9]), strict=True))
                    rows.append(row | dict(inside=covered(sample, point.value), crps=crps(sample, point.value)) | told)
    names = "measure area origin start horizon full outcome p10 p50 p90 inside crps naive_crps naive_inside"
    return pd.DataFrame(rows, columns=names.split())


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a measure of a :func:`back_test`: n, coverage of the 80 % interval, mean scores, skill, and naive coverage.

    Scores are in per cent of what the figure is out of (19 criteria, or the communes of the area): the country's thousands
    would drown a province otherwise. skill = 1 - mean crps / mean naive crps: above 0 the model is better than the straight
    line, below 0 worse. Call it on the rows of one area for that area alone.

    >>> row = {"measure": "x", "full": 50, "inside": True, "crps": 1.0, "naive_crps": 4.0, "naive_inside": False}
    >>> summary(pd.DataFrame([row])).values.tolist()
    [['x', 1, 1.0, 2.0, 8.0, 0.75, 0.0]]
    """
    scaled = table.assign(**{name: 100 * table[name] / table["full"] for name in ("crps", "naive_crps")})
    columns = {"n": ("crps", "size"), "coverage": ("inside", "mean"), "crps": ("crps", "mean")}
    made = scaled.groupby("measure", sort=False).agg(
        **columns, naive_crps=("naive_crps", "mean"), skill=("crps", "mean"), naive_coverage=("naive_inside", "mean")
    )
    return made.assign(skill=1 - made["crps"] / made["naive_crps"]).reset_index()


def synthetic_coverage(
    series_count: int = 200,
    seed: int = 2022,
    draws: int = 500,
    hazard: float = 0.17,
    sigma: float = 0.4,
    noise: float = 0.12,
    missing: float = 0.5,
    horizon: int = 1,
    as_drawn: bool = False,
) -> float:
    """Share of made-up series whose last figure falls in its 80 % interval: near 0.8 if the intervals mean what they say.

    Each series has five or six yearly figures, a hazard of its own (lognormal: median ``hazard``, ``sigma``), yearly ``noise``
    in log missing and ``missing`` (share) at the start; the figure ``horizon`` years later is forecast from them, by the same
    fit and draws as in :func:`back_test` (``as_drawn``: by the hazard as the forecast draws it). The figures are settings of a
    trial, near what the real series show; none is a fact.

    >>> 0.7 < synthetic_coverage(60, seed=1, draws=200) < 0.9
    True
    """
    names = [str(number) for number in range(series_count)]
    made = ndtri(np.clip(uniforms(seed, "synthetic", names, 6 + horizon), 1e-12, 1 - 1e-12))
    drops = (hazard * np.exp(sigma * made[:, :1])) + noise * made[:, 1:]  # yearly falls of log missing
    u = np.stack([uniforms(seed, quantity, names, draws) for quantity in DRAWN])
    inside = 0
    for number in range(series_count):
        known = drops[number, : 4 + number % 2]  # five or six figures known
        years = np.ones(len(known))
        now, fit = missing * np.exp(-known.sum()), fitted(years, known)
        if not as_drawn:
            drop = drawn_drop(u[:, number], fit, years, horizon)
        else:  # a series that went backwards is one from which no forecast would be made
            drop = forecast_drop(u[1, number], fit, len(years), horizon) if fit[0] > 0 else np.zeros(draws)
        to_come = drops[number, len(known) : len(known) + horizon].sum()
        inside += covered(left_over(now, drop), float(left_over(now, to_come)))
    return inside / series_count

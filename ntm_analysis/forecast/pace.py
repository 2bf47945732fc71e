"""How fast the communes of areas finish: a written likelihood and its posterior.

For two neighbouring figures of an area, ``left`` communes not yet NTM at the first and
``finished`` of them at the second, the likelihood is

    finished ~ Binomial(left, 1 - exp(-exp(h) * time))
    time = sum over years of months/12, times exp(step) before 2014
    h = mean + area + sum over years of p(year) * (year + area-year) + error / years between them

with p(year) the year's part of the hazard, all effects normal with mean 0. A district's area effect
shares half its variance with its province; the country has a level of its own and moves year
effects only. The error of a figure is one of date, so that it fades with the time between two
figures. ``docs/method/forecast.md`` says more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtri

from ..need.draws import uniforms
from .evidence import BEGIN, COUNTRY, REFERENCE
from .luck import success_draws

FIT = REFERENCE / "fit.csv"
APART = 0.7 * 12  # months between neighbouring figures, at least
STEP_UNTIL = 2013  # the programme's first years, in which next to nothing was recognised
SPREADS = ("area", "year", "area_year", "figure")
HYPER = ("step", *SPREADS)
# Weak priors: normal for mean and step, half-normal for the standard deviations.
MEAN_PRIOR = (-2.0, 2.0)
STEP_PRIOR = (-2.0, 1.5)
SPREAD_PRIOR = 1.0
LEVEL_OF_COUNTRY = 1.0  # standard deviation of the country's own level
START = (np.array([-2.0, *np.log([0.7, 0.5, 0.4, 0.5])]), np.diag([1.0, 0.5, 0.5, 0.8, 0.5]) ** 2)
SIZES = (512, 512, 2048)  # points of the three rounds of importance sampling
FREEDOM = 4  # of the t distribution that the points are drawn from


@dataclass(frozen=True)
class Posterior:
    """Draws of what the evidence tells.

    Attributes
    ----------
    draws : pandas.DataFrame
        One row a draw: ``mean``, ``step``, standard deviations ``area``, ``year``, ``area_year``
        and ``figure`` of the log yearly hazard, ``y2012``... (year effects), ``success`` (mean
        success of a listed commune), ``correlation`` (inside a list).
    last : int
        Month number of the last figure.
    """

    draws: pd.DataFrame
    last: int

    @classmethod
    def read(cls, path: Path = FIT) -> "Posterior":
        """The fit kept with the reference data.

        Examples
        --------
        >>> bool(0.6 < Posterior.read().draws["success"].mean() < 0.95)
        True
        """
        table = pd.read_csv(path)
        return cls(table.drop(columns="last"), int(table["last"].iloc[0]))

    def table(self) -> pd.DataFrame:
        """The fit as the file keeps it."""
        return self.draws.round(5).assign(last=self.last)

    def proposal(self) -> tuple[np.ndarray, np.ndarray]:
        """Where a fit of nearly the same rows may begin: mean and covariance of its points."""
        points = self.draws[list(HYPER)].to_numpy().copy()
        points[:, 1:] = np.log(points[:, 1:])
        return points.mean(axis=0), np.cov(points.T)

    def years(self) -> list[int]:
        """Years with an effect of their own."""
        return [int(name[1:]) for name in self.draws.columns if name.startswith("y2")]


# --- figures to intervals -------------------------------------------------------------------------


def intervals(figures: pd.DataFrame, communes: float = np.nan) -> pd.DataFrame:
    """Neighbouring figures of each area, at least 0.7 years apart, the last always among them.

    Parameters
    ----------
    figures : pandas.DataFrame
        See :func:`evidence.figures`.
    communes : float
        Communes of an area whose figures name no total.

    Returns
    -------
    pandas.DataFrame
        ``area``, ``area_kind``, ``province``, ``left``, ``finished``, ``first``, ``last`` (months).

    Examples
    --------
    >>> one = {"area": "A", "area_kind": "province", "province": "A"}
    >>> rows = [{**one, "month": 24192, "finished": 8, "total": 20.0}]
    >>> intervals(pd.DataFrame(rows)).iloc[0, 3:].tolist()
    [20, 8, 24144, 24192]
    """
    rows = []
    figures = figures[figures["month"] > BEGIN]
    for area, own in figures.sort_values("month").groupby("area", sort=True):
        known = own["total"].dropna()
        usual = float(known.iloc[-1]) if len(known) else communes
        points = [(BEGIN, 0.0, np.nan)]
        points += list(zip(own["month"], own["finished"], own["total"], strict=True))
        chain = [points[-1]]
        for point in points[-2::-1]:
            if chain[-1][0] - point[0] >= APART:
                chain.append(point)
        for first, second in zip(chain[:0:-1], chain[-2::-1], strict=True):
            counts = increase(first, second, usual)
            if not isinstance(counts, str):
                names = (area, own["area_kind"].iloc[0], own["province"].iloc[0])
                left, finished = counts[0] - counts[1], max(counts[2] - counts[1], 0)
                rows.append((*names, left, finished, int(first[0]), int(second[0])))
    columns = ["area", "area_kind", "province", "left", "finished", "first", "last"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[3:], int))


def increase(first: tuple, second: tuple, usual: float) -> tuple[int, int, int] | str:
    """Communes, start and outcome of two figures (month, finished, total), or why they tell none.

    Communes are the second total, else the first, else ``usual``; the start moves with a total
    that changed by over 1 %. A fall by over 2 % of the communes is a change of units.

    Examples
    --------
    >>> increase((0, 50, 100.0), (12, 45, 80.0), np.nan), increase((0, 5, 8.0), (12, 9, 8.0), 8.0)
    ((80, 40, 45), 'above_total')
    """
    totals = [total for total in (second[2], first[2], usual) if total == total]
    if not totals:
        return "no_total"
    communes, start = totals[0], first[1]
    # A total that is not told is NaN, and no comparison with it holds.
    if abs(first[2] - second[2]) > 0.01 * first[2]:
        start = round(first[1] * second[2] / first[2])
    reasons = {
        "nothing_left": start >= communes,
        "above_total": second[1] > communes,
        "fell": second[1] < start - 0.02 * communes,
    }
    for reason, holds in reasons.items():
        if holds:
            return reason
    return int(communes), int(start), int(second[1])


# --- the likelihood -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """Intervals as arrays: months by year, which areas are one, which share a province."""

    left: np.ndarray
    finished: np.ndarray
    parts: np.ndarray  # (intervals, years) years' fractions
    early: np.ndarray  # (years,) 1 before 2014
    between: np.ndarray  # correlation of area effects
    same: np.ndarray  # one area, not the country
    country: np.ndarray


def design(rows: pd.DataFrame, years: Sequence[int]) -> Design:
    """The arrays of the likelihood for ``rows`` of :func:`intervals`."""
    after = 12 * np.asarray(years)
    ends = np.minimum(rows["last"].to_numpy()[:, None], after + 12)
    parts = np.maximum(ends - np.maximum(rows["first"].to_numpy()[:, None], after), 0) / 12
    country = (rows["area_kind"] == COUNTRY).to_numpy()
    district = (rows["area_kind"] == "district").to_numpy()
    pairs = [
        rows[name].to_numpy()[:, None] == rows[name].to_numpy() for name in ("area", "province")
    ]
    both = district[:, None] & district
    shared = np.where(both, 0.5, np.where(district[:, None] | district, 0.5**0.5, 0.0))
    inside = ~country[:, None] & ~country
    return Design(
        rows["left"].to_numpy(float),
        rows["finished"].to_numpy(float),
        parts,
        (np.asarray(years) <= STEP_UNTIL).astype(float),
        np.where(pairs[0], 1.0, np.where(pairs[1], shared, 0.0)) * inside,
        pairs[0] & inside,
        (country[:, None] & country).astype(float),
    )


def hazard_parts(model: Design, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the years that count (points, intervals), and each year's part of them."""
    years = model.parts * np.exp(np.multiply.outer(step, model.early))[:, None, :]
    total = years.sum(axis=2)
    return np.log(total), years / total[:, :, None]


def covariance(model: Design, hyper: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the log yearly hazards for each point of ``hyper`` (points, 5); offsets and parts."""
    offset, parts = hazard_parts(model, hyper[:, 0])
    area, year, area_year, figure = (hyper[:, [k], None] ** 2 for k in range(1, 5))
    together = parts @ parts.transpose(0, 2, 1)
    cover = area * model.between + year * together + area_year * together * model.same
    cover += MEAN_PRIOR[1] ** 2 + LEVEL_OF_COUNTRY**2 * model.country
    cover += figure * np.diag(model.parts.sum(axis=1) ** -2.0)
    return cover, offset, parts


def responses(
    model: Design,
    cover: np.ndarray,
    centre: np.ndarray | float,
    offset: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The binomial counts as normal figures of the log hazard at the mode: values and variances.

    Iterated weighted least squares with the complementary log-log link, so that small areas and
    counts of nought weigh what they tell.
    """
    log_hazard = np.log(-np.log1p(-(model.finished + 0.5) / (model.left + 1)))
    for _ in range(100):
        hazard = np.exp(log_hazard)
        chance = -np.expm1(-hazard)
        slope = np.maximum(hazard * np.exp(-hazard), 1e-9)
        value = log_hazard + (model.finished - model.left * chance) / (model.left * slope)
        variance = np.maximum(chance * (1 - chance), 1e-12) / (model.left * slope**2)
        weighed = np.linalg.solve(cover + np.diag(variance), value - offset - centre)
        moved = offset + centre + cover @ weighed
        change = np.clip(moved - log_hazard, -2, 2)
        log_hazard = log_hazard + change
        if not len(change) or np.abs(change).max() < 1e-7:
            break
    return value, variance


def log_likelihood(
    model: Design,
    hyper: np.ndarray,
    value: np.ndarray,
    variance: np.ndarray,
) -> np.ndarray:
    """Log density of the figures for each point of ``hyper``, all effects integrated out."""
    cover, offset, _ = covariance(model, hyper)
    root = np.linalg.cholesky(cover + np.diag(variance))
    rest = np.linalg.solve(root, (value - offset - MEAN_PRIOR[0])[:, :, None])[:, :, 0]
    size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    return -size - 0.5 * (rest**2).sum(axis=1) - 0.5 * len(value) * np.log(2 * np.pi)


def _log_prior(points):
    """Of step and log spreads; the last term is the change from spreads to their logarithms."""
    step = (points[:, 0] - STEP_PRIOR[0]) / STEP_PRIOR[1]
    spreads = np.exp(points[:, 1:]) / SPREAD_PRIOR
    return -0.5 * step**2 - 0.5 * (spreads**2).sum(axis=1) + points[:, 1:].sum(axis=1)


# --- the fit --------------------------------------------------------------------------------------


def fit(
    figures: pd.DataFrame,
    lists: pd.DataFrame,
    draws: int = 1_000,
    proposal: tuple = START,
    sizes: Sequence[int] = SIZES,
) -> Posterior:
    """The posterior by importance sampling in rounds, the effects normal given the spreads.

    Parameters
    ----------
    figures, lists : pandas.DataFrame
        See :class:`evidence.Evidence`.
    draws : int
        Rows of the posterior.
    proposal : tuple of numpy.ndarray
        Mean and covariance of the first round's points: step and log spreads.
    sizes : sequence of int
        Points of each round.

    Examples
    --------
    >>> from .evidence import evidence
    >>> known = evidence()
    >>> fit(known.figures, known.lists, 50, sizes=(64, 64)).draws.shape
    (50, 18)
    """
    rows = intervals(figures)
    last = int(rows["last"].max()) if len(rows) else BEGIN
    years = range(BEGIN // 12, max((last - 1) // 12, STEP_UNTIL) + 1)
    model = design(rows, years)
    centre, spread = proposal
    for number, size in enumerate(sizes):
        middle = np.array([[centre[0], *np.exp(centre[1:])]])
        cover, offset, _ = covariance(model, middle)
        value, variance = responses(model, cover[0], MEAN_PRIOR[0], offset[0])
        points, log_proposed = _points(centre, spread, number, size)
        hyper = np.column_stack([points[:, 0], np.exp(points[:, 1:])])
        log_weight = log_likelihood(model, hyper, value, variance) + _log_prior(points)
        log_weight = log_weight - log_proposed
        flat = _tempered(log_weight)
        centre = flat @ points
        spread = (points - centre).T * flat @ (points - centre) + 1e-4 * np.eye(len(HYPER))
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    chosen = np.searchsorted(np.cumsum(weight), (np.arange(draws) + 0.5) / draws)
    # In an order that says nothing: worlds take the rows one by one.
    shuffled = np.argsort(uniforms(0, "fit", ["order"], draws)[0])
    hyper = hyper[np.minimum(chosen, len(hyper) - 1)[shuffled]]
    effects = _effects(model, hyper, value, variance)
    columns = ["mean", *HYPER, *(f"y{year}" for year in years)]
    table = pd.DataFrame(np.hstack([effects[:, :1], hyper, effects[:, 1:]]), columns=columns)
    success, correlation = success_draws(lists, draws)
    table = table.assign(success=success, correlation=correlation)
    return Posterior(table, last)


def _points(centre, spread, number, size):
    """Points of a round of sampling and their log density: Student's t, whose tails hold spreads
    near nought."""
    names = [f"{number}|{name}" for name in (*HYPER, "scale")]
    uniform = uniforms(0, "fit", names, size)
    scale = 2 * gammaincinv(FREEDOM / 2, np.clip(uniform[-1], 1e-9, 1 - 1e-9)) / FREEDOM
    student = (standard_normal(uniform[:-1]) / np.sqrt(scale)).T
    density = -0.5 * (FREEDOM + len(HYPER)) * np.log1p((student**2).sum(axis=1) / FREEDOM)
    return centre + student @ np.linalg.cholesky(spread).T, density


def _tempered(log_weight):
    """Weights made so even that a tenth of the points count: for where to look next."""
    power = 1.0
    while True:
        weight = np.exp(power * (log_weight - log_weight.max()))
        weight /= weight.sum()
        if (weight**2).sum() * len(weight) <= 10:
            return weight
        power *= 0.8


def _effects(model, hyper, value, variance):
    """Mean and year effects, one draw for each row of ``hyper``: (rows, 1 + years)."""
    cover, offset, parts = covariance(model, hyper)
    size = 1 + parts.shape[2]
    loads = np.concatenate(
        [
            np.full((len(hyper), 1, len(value)), MEAN_PRIOR[1] ** 2),
            hyper[:, [2], None] ** 2 * parts.transpose(0, 2, 1),
        ],
        axis=1,
    )
    gain = np.linalg.solve(cover + np.diag(variance), loads.transpose(0, 2, 1)).transpose(0, 2, 1)
    mean = np.einsum("dgi,di->dg", gain, value - offset - MEAN_PRIOR[0])
    prior = np.zeros((len(hyper), size, size))
    prior[:, 0, 0] = MEAN_PRIOR[1] ** 2
    prior[:, range(1, size), range(1, size)] = hyper[:, [2]] ** 2
    root = np.linalg.cholesky(prior - gain @ loads.transpose(0, 2, 1) + 1e-9 * np.eye(size))
    normal = standard_normal(uniforms(0, "fit", [f"effect|{k}" for k in range(size)], len(hyper))).T
    effects = mean + np.einsum("dij,dj->di", root, normal)
    effects[:, 0] += MEAN_PRIOR[0]
    return effects


def standard_normal(uniform: np.ndarray) -> np.ndarray:
    """Standard normal numbers; the mean where nothing is drawn."""
    return np.nan_to_num(ndtri(np.clip(uniform, 1e-12, 1 - 1e-12)), nan=0.0)

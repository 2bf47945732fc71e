"""The years of one area: its pace given its own figures, drawn from the posterior in each world.

What was fitted serves the past only; years after the as-of day are drawn afresh.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..need.draws import MEANS, pert, uniforms
from .evidence import BEGIN, COUNTRY, province_of
from .luck import HIGHEST_SUCCESS, list_luck, luck_variance
from .pace import (
    HYPER,
    LEVEL_OF_COUNTRY,
    STEP_UNTIL,
    Posterior,
    design,
    hazard_parts,
    intervals,
    responses,
    standard_normal,
)


@dataclass(frozen=True)
class Area:
    """An area whose next years are asked for.

    Attributes
    ----------
    name : str
        As in its figures; a district with its province in brackets shares half its effect.
    kind : str
        district, province or country.
    figures : pandas.DataFrame
        Its own figures up to the as-of day (:func:`evidence.figures`), and those of its province
        where wanted.
    communes : int
        Communes of the area, for figures without a total.
    reported : tuple of (int, int, int), optional
        A reported list: year, communes listed, communes remaining before it.
    """

    name: str
    kind: str
    figures: pd.DataFrame
    communes: int
    reported: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Run:
    """Which worlds: the as-of month, the calendar years, draws from ``block`` on, the seed."""

    as_of: int
    years: Sequence[int]
    draws: int
    seed: int | None = 2022
    block: int = 0
    merged: bool = False  # units were merged since the evidence: as if it were old


@dataclass(frozen=True)
class AreaDraws:
    """What an area's years are like in each world.

    Attributes
    ----------
    years : tuple of int
        The calendar years of the rows below.
    share : numpy.ndarray
        (years, draws) part of the remaining communes that finishes in a whole year.
    length : numpy.ndarray
        (years, draws) part of the remaining communes on a whole year's list.
    luck : numpy.ndarray
        (years, draws) chance of a listed commune, one a list.
    rounding : numpy.ndarray
        (years, draws) uniforms that round the number on a list.
    unlisted, missed_return : numpy.ndarray
        (draws,) yearly share of unlisted communes that finishes; share of those who missed that
        stands on the next list.
    success, correlation, ease : numpy.ndarray
        (draws,), (draws,), (years, draws): ``luck`` is ``list_luck(ease, success, correlation)``.
    """

    years: tuple[int, ...]
    share: np.ndarray
    length: np.ndarray
    luck: np.ndarray
    rounding: np.ndarray
    unlisted: np.ndarray
    missed_return: np.ndarray
    success: np.ndarray
    correlation: np.ndarray
    ease: np.ndarray


def area_draws(
    posterior: Posterior,
    assumed: pd.DataFrame,
    area: Area,
    run: Run,
) -> AreaDraws:
    """An area's years in each world: its effect given its own figures, all later years afresh.

    Parameters
    ----------
    posterior : Posterior
        Of evidence that does not hold the outcome that is to be forecast.
    assumed : pandas.DataFrame
        ``low``, ``mode``, ``high`` by key (:class:`evidence.Evidence`).
    area : Area
        The area and what is known of it.
    run : Run
        The worlds.

    Examples
    --------
    >>> from .evidence import evidence
    >>> known = evidence()
    >>> own = known.figures[known.figures["area"] == "Hà Tĩnh"]
    >>> run = Run(12 * 2021 + 12, (2022, 2023), 1_000)
    >>> area = Area("Hà Tĩnh", "province", own, 229)
    >>> area_draws(Posterior.read(), known.assumed, area, run).share.shape
    (2, 1000)
    """
    table = posterior.draws if run.seed is not MEANS else posterior.draws.mean().to_frame().T
    which = _draw(run, "fit", [""])[0]
    row = (np.nan_to_num(which) * len(table)).astype(int)
    unlisted, back = (
        _assumed(run, assumed, key) for key in ("unlisted_finishing", "missed_return")
    )
    hyper = table[list(HYPER)].to_numpy()[row]
    # Lists fare better or worse by area; the finishing share keeps its level all the same.
    hardness = _assumed(run, assumed, "hard_area")
    success = np.minimum(table["success"].to_numpy()[row] * hardness, HIGHEST_SUCCESS)
    correlation = table["correlation"].to_numpy()[row]
    if area.kind == COUNTRY:  # many lists: their lucks and area-years even out
        correlation, hyper = np.full(run.draws, 1e-6), hyper * np.array([1, 1, 1, 0, 1])
    level = table["mean"].to_numpy()[row] + _level(posterior, table, area, run, row)
    ease = _draw(run, "luck", [f"{area.name}|{year}" for year in run.years])
    early = np.array([year <= STEP_UNTIL for year in run.years])
    level += np.multiply.outer(early, hyper[:, 0])
    level += hyper[:, 2] * standard_normal(_draw(run, "year", [f"{year}" for year in run.years]))
    pace = standard_normal(_draw(run, "area_year", [f"{area.name}|{year}" for year in run.years]))
    share = -np.expm1(-np.exp(level + hyper[:, 3] * pace))
    # The length's spread is what success leaves over of the area-year's: nothing is counted twice.
    spread = np.sqrt(np.maximum(hyper[:, 3] ** 2 - luck_variance(success, correlation), 0))
    usual = -np.expm1(-np.exp(level + hyper[:, 3] ** 2 / 2))
    length = np.maximum(usual - unlisted, 0) / np.maximum(success - unlisted, 0.05)
    length = np.clip(length * np.exp(spread * pace - spread**2 / 2), 0, 1)
    return AreaDraws(
        tuple(run.years),
        share,
        length,
        list_luck(ease, success, correlation),
        _draw(run, "rounding", [f"{area.name}|{year}" for year in run.years]),
        unlisted,
        back,
        success,
        correlation,
        ease,
    )


@dataclass(frozen=True)
class Told:
    """What an area's figures say of its level, by posterior row."""

    value: np.ndarray  # (rows, figures) log hazard less mean and year effects already fitted
    loads: np.ndarray  # (rows, figures, states)
    noise: np.ndarray  # (rows, figures, figures)


def _level(posterior, table, area, run, row):
    """Area effect and walk of each world, given the area's own figures: (years, draws).

    The state is the effects of province and area, then a step for each year of the random walk.
    """
    steps = _walk_years(posterior, run)
    hyper = table[list(HYPER)].to_numpy()
    scale = np.full(len(hyper), LEVEL_OF_COUNTRY) if area.kind == COUNTRY else hyper[:, 1]
    prior = np.column_stack([scale, scale, *([hyper[:, 2]] * len(steps))]) ** 2
    told = _told(posterior, table, area, run, steps)
    loads = told.loads * prior[:, None, :]
    cover = loads @ told.loads.transpose(0, 2, 1) + told.noise
    gain = np.linalg.solve(cover, loads).transpose(0, 2, 1)
    mean = np.einsum("rsf,rf->rs", gain, told.value)
    left = prior[:, :, None] * np.eye(prior.shape[1]) - gain @ loads
    root = np.linalg.cholesky(left + 1e-9 * np.eye(prior.shape[1]))
    keys = [f"area|{province_of(area.name)}", f"area|{area.name}|own"]
    keys += [f"walk|{year}" for year in steps]
    normal = standard_normal(_draw(run, "level", keys)).T
    state = mean[row] + np.einsum("dij,dj->di", root[row], normal)
    own = state[:, :2] @ _shares(area.kind == "district")
    walk = np.cumsum(np.column_stack([np.zeros(run.draws), state[:, 2:]]), axis=1)
    passed = [sum(step <= year for step in steps) for year in run.years]
    return own + walk[:, passed].T


def _shares(district):
    """How much an area's effect takes of its province's and of its own."""
    return np.array([0.5**0.5, 0.5**0.5]) if district else np.array([1.0, 0.0])


def _walk_years(posterior, run):
    """Years that each add a step of a random walk: all after evidence that is over a year old."""
    if run.as_of - posterior.last <= 12 and not run.merged:
        return []
    after = (min(posterior.last, run.as_of) - 1) // 12 + 1
    return list(range(after, max(run.years) + 1))


def _told(posterior, table, area, run, steps):
    """The area's own figures, and those of its province where given, as normal observations."""
    rows = intervals(area.figures, area.communes)
    years = range(BEGIN // 12, max((run.as_of - 1) // 12, STEP_UNTIL, posterior.years()[-1]) + 1)
    model = design(rows, years)
    hyper = table[list(HYPER)].to_numpy()
    offset, parts = hazard_parts(model, hyper[:, 0])
    # A year that was not over on the as-of day, or was not fitted, is unknown.
    seen = [year in posterior.years() and 12 * year + 12 <= run.as_of for year in years]
    effects = np.column_stack(
        [
            table[f"y{year}"] if ok else np.zeros(len(table))
            for year, ok in zip(years, seen, strict=True)
        ],
    )
    centre = table["mean"].to_numpy()[:, None] + np.einsum("rfy,ry->rf", parts, effects)
    unseen = parts * ~np.array(seen)
    noise = hyper[:, [2], None] ** 2 * (unseen @ unseen.transpose(0, 2, 1))
    if area.kind != COUNTRY:
        same = rows["area"].to_numpy()[:, None] == rows["area"].to_numpy()
        noise = noise + hyper[:, [3], None] ** 2 * (parts @ parts.transpose(0, 2, 1)) * same
    noise = noise + hyper[:, [4], None] ** 2 * np.diag(model.parts.sum(axis=1) ** -2.0)
    own = np.array([_shares(kind == "district") for kind in rows["area_kind"]]).reshape(-1, 2)
    walk = [parts[:, :, [year >= step for year in years]].sum(axis=2) for step in steps]
    loads = np.stack([*np.broadcast_to(own.T[:, None], (2, *offset.shape)), *walk], axis=2)
    cover = noise.mean(axis=0) + (hyper[:, 1] ** 2).mean() * own @ own.T
    value, variance = responses(model, cover, centre.mean(axis=0), offset.mean(axis=0))
    told = Told(value - offset - centre, loads, noise + np.diag(variance))
    return told if area.reported is None else _with_list(told, table, area, steps)


def _with_list(told, table, area, steps):
    """A reported list beside the figures: its length by the usual success is a finishing share."""
    year, listed, remaining = area.reported
    success = table["success"].to_numpy()
    part = min((listed + 0.5) / (remaining + 1), 0.98)
    value = np.log(-np.log1p(-part * success)) - table["mean"].to_numpy()
    left_over = table["area_year"] ** 2 - luck_variance(success, table["correlation"].to_numpy())
    noise = table["year"] ** 2 + np.maximum(left_over, 0) + (1 - part) / (listed + 0.5)
    load = [*_shares(area.kind == "district"), *(float(step <= year) for step in steps)]
    count = told.value.shape[1]
    wide = np.zeros((len(table), count + 1, count + 1))
    wide[:, :count, :count] = told.noise
    wide[:, count, count] = noise
    loads = np.broadcast_to(np.array(load), (len(table), 1, len(load)))
    return Told(
        np.column_stack([told.value, value]),
        np.concatenate([told.loads, loads], axis=1),
        wide,
    )


def _draw(run, quantity, keys):
    return uniforms(run.seed, quantity, keys, run.draws, run.block)


def _assumed(run, assumed, key):
    low, mode, high = assumed.loc[key, ["low", "mode", "high"]].astype(float)
    return pert(_draw(run, "assumed", [key])[0], low, mode, high)

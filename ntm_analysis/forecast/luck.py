"""How listed communes fare: whole lists stand or fall together, beta-binomial.

A list's luck is the chance of each of its communes; its spread over lists is the correlation
inside a list.
"""

import numpy as np
import pandas as pd
from scipy.special import betaincinv, betaln, polygamma

from ..need.draws import uniforms
from .evidence import month_number

GRID = (np.arange(60) + 0.5) / 60  # of the mean success and of the correlation inside a list
HIGHEST_SUCCESS = 0.97


def success_weights(lists: pd.DataFrame) -> np.ndarray:
    """Posterior of mean success and correlation on ``GRID`` x ``GRID``, the prior flat."""
    mean, correlation = np.meshgrid(GRID, GRID, indexing="ij")
    met, failed = beta_sizes(mean, correlation)
    weight = np.zeros_like(mean)
    for listed, finished in lists[["listed", "finished"]].to_numpy(float):
        weight += betaln(met + finished, failed + listed - finished) - betaln(met, failed)
    weight = np.exp(weight - weight.max())
    return weight / weight.sum()


def success_draws(lists: pd.DataFrame, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws of mean success and correlation, one each a posterior row."""
    weight = success_weights(lists).ravel().cumsum()
    cell = np.searchsorted(weight, uniforms(0, "fit", ["success"], draws)[0] * weight[-1])
    return GRID[cell // len(GRID)], GRID[cell % len(GRID)]


def beta_sizes(mean: np.ndarray, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = (1 - correlation) / correlation
    return mean * size, (1 - mean) * size


def list_luck(ease: np.ndarray, success: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Chance of a listed commune, beta with this mean and this correlation inside a list.

    Examples
    --------
    >>> list_luck(np.array([0.5]), np.array([0.5]), np.array([0.2])).round(3).tolist()
    [0.5]
    """
    met, failed = beta_sizes(success, correlation)
    return np.where(np.isnan(ease), success, betaincinv(met, failed, np.nan_to_num(ease)))


def luck_variance(success: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Variance of the logarithm of a list's luck."""
    met, failed = beta_sizes(success, correlation)
    return polygamma(1, met) - polygamma(1, met + failed)


def list_outcomes(lists: pd.DataFrame) -> pd.DataFrame:
    """Lists against their outcomes: how many were met in full and under half, seen and expected.

    Parameters
    ----------
    lists : pandas.DataFrame
        See :func:`evidence.lists`.

    Returns
    -------
    pandas.DataFrame
        Rows ``full`` and ``under_half``, columns ``seen`` and ``expected`` (shares of the lists;
        expected for lists of the same lengths from the posterior).

    Examples
    --------
    >>> from .evidence import evidence
    >>> table = list_outcomes(evidence().lists)
    >>> bool(0.5 < table.loc["full", "expected"] < 0.78)
    True
    """
    from scipy.stats import betabinom

    mean, correlation = np.meshgrid(GRID, GRID, indexing="ij")
    sizes = beta_sizes(mean, correlation)
    weight = success_weights(lists)
    listed, finished = lists["listed"].to_numpy(), lists["finished"].to_numpy()
    full = [(weight * betabinom.pmf(number, number, *sizes)).sum() for number in listed]
    half = [(weight * betabinom.cdf((number - 1) // 2, number, *sizes)).sum() for number in listed]
    seen = [(finished == listed).mean(), (2 * finished < listed).mean()]
    expected = [np.mean(full), np.mean(half)]
    return pd.DataFrame({"seen": seen, "expected": expected}, index=["full", "under_half"])


def listed_communes(trajectories: pd.DataFrame) -> pd.DataFrame:
    """Single communes listed for one year against what became of them; thin.

    A result is known where a row from October of the year on tells a number of criteria: on time
    with all of them by the end of the year.

    Parameters
    ----------
    trajectories : pandas.DataFrame
        The table ``panel_trajectories.csv``.

    Returns
    -------
    pandas.DataFrame
        ``area``, ``commune``, ``year``, ``on_time``; one row a commune and year.

    Examples
    --------
    >>> from .evidence import reference
    >>> communes = listed_communes(reference("trajectories"))
    >>> 20 < len(communes) < 100
    True
    """
    single = trajectories["registered_for"].str.fullmatch("[0-9]{4}")
    listed = trajectories[single & (trajectories["level"] == "ntm")]
    results = trajectories[trajectories["criteria_met"].notna()]
    rows = listed[["area", "commune", "registered_for"]].drop_duplicates()
    joined = rows.merge(results, on=["area", "commune"], suffixes=("", "_told"))
    joined["year"] = joined["registered_for"].astype(int)
    joined["month"] = joined["date"].str[:7].map(month_number)
    known = joined[joined["month"] >= 12 * joined["year"] + 10]
    all_met = (known["criteria_met"] >= known["of"]) & (known["month"] <= 12 * known["year"] + 12)
    told = known.assign(on_time=all_met)
    return told.groupby(["area", "commune", "year"], as_index=False)["on_time"].any()

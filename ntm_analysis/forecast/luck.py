"""How listed communes fare: whole lists stand or fall together, beta-binomial.

A list's luck is the chance of each of its communes; its spread over lists is the correlation
inside a list.
"""

import numpy as np
import pandas as pd
from scipy.special import betaincinv, betaln, polygamma

from ..need.draws import uniforms

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

"""Statuses that nobody reported, drawn: first how many criteria are met, then which ones.

How many: a discrete distribution whose mean is pinned by published figures of communes not yet NTM. Which: conditional
Bernoulli given the number, in criterion order with one uniform each, so that the set only grows as the number does.
"""

import numpy as np


def mean_of_the_rest(average: float, communes: int, ntm: int, of: int = 19) -> float:
    """The mean number of criteria met by communes not yet NTM, from a published average over all communes.

    Formula: (average x communes - of x ntm) / (communes - ntm).

    >>> round(mean_of_the_rest(15.64, 431, 218), 1)
    12.2
    """
    return (average * communes - of * ntm) / (communes - ntm)


def count_distribution(mean: float, spread: float, low: int, high: int) -> np.ndarray:
    """Probabilities of low..high criteria met, with exactly this mean.

    A bell around the mean with this spread (standard deviation, in criteria), cut to low..high and tilted exponentially
    until its mean is met. Raises ValueError when the mean does not lie between ``low`` and ``high``.

    >>> p = count_distribution(11.3, 2.5, 3, 18)
    >>> round(float(p @ np.arange(3, 19)), 6), round(float(p.sum()), 6)
    (11.3, 1.0)
    """
    numbers = np.arange(low, high + 1)
    if not low < mean < high:
        raise ValueError(f"mean={mean}: must lie between {low} and {high}")

    def tilted(slope: float) -> np.ndarray:
        logs = -0.5 * ((numbers - mean) / spread) ** 2 + slope * (numbers - mean)
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()

    from scipy.optimize import brentq

    return tilted(brentq(lambda slope: tilted(slope) @ numbers - mean, -50.0, 50.0, xtol=1e-12))


def drawn_counts(u: np.ndarray, probabilities: np.ndarray, low: int) -> np.ndarray:
    """Counts from uniforms by the inverse of the distribution: int16, the shape of ``u``.

    >>> drawn_counts(np.array([0.0, 0.49, 0.51, 0.99]), np.array([0.5, 0.5]), low=7).tolist()
    [7, 7, 8, 8]
    """
    edges = np.cumsum(probabilities)
    edges[-1] = 1.0  # rounding must not leave a gap under the last edge
    return (low + np.searchsorted(edges, u, side="right")).astype(np.int16)


def inclusion_table(odds: np.ndarray) -> np.ndarray:
    """P(criterion j is met | r of the criteria j..n are met), shape (n, n + 1): conditional Bernoulli with these odds.

    With R(r, j) the sum over all sets of r criteria out of j..n of the product of their odds:
    P = odds_j R(r - 1, j + 1) / R(r, j). Impossible pairs (r > n - j + 1) are 1, r = 0 is 0.

    >>> inclusion_table(np.array([1.0, 1.0])).tolist()
    [[0.0, 0.5, 1.0], [0.0, 1.0, 1.0]]
    """
    n = len(odds)
    sums = np.zeros((n + 1, n + 1))
    sums[n, 0] = 1.0
    table = np.ones((n, n + 1))
    for j in range(n - 1, -1, -1):
        before = np.concatenate([[0.0], sums[j + 1, :-1]])
        sums[j] = sums[j + 1] + odds[j] * before
        possible = sums[j] > 0
        table[j, possible] = odds[j] * before[possible] / sums[j, possible]
    return table


def drawn_sets(u: np.ndarray, counts: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Which criteria are met: bool, shape (criteria, ...), from uniforms of that shape and the counts of shape (...).

    Criterion by criterion, each decided by its own uniform: with the same uniforms a larger count gives a larger set.

    >>> drawn_sets(np.array([[0.4], [0.9]]), np.array([1]), inclusion_table(np.array([1.0, 1.0])))[:, 0].tolist()
    [True, False]
    """
    left = np.array(counts, dtype=np.int64)
    met = np.zeros(u.shape, dtype=bool)
    for j in range(len(u)):
        met[j] = u[j] < table[j][left]
        left -= met[j]
    return met

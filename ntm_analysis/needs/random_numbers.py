"""Random numbers that belong to what they are about, and the distributions drawn with them (PERT).

The same world for every scenario, group of communes and machine.

A number is named by (seed, quantity, key), the key being a commune, or a commune with a work, a
criterion, a pot or a year. Its draws come from a counter-based generator keyed by a hash of that
name, so that adding a commune, a draw or a scenario changes no other number. Draws come in blocks
of :data:`BLOCK`; one uniform makes one number, turned by an inverse table.

Statuses that nobody reported are drawn in two steps. How many criteria are met: a discrete
distribution whose mean is pinned by published figures of communes not yet NTM. Which: conditional
Bernoulli given the number, in criterion order with one uniform each, so that the set only grows as
the number does.
"""

import hashlib
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, softmax

BLOCK = 1_000  # draws in one block; a run takes whole blocks or the first part of the last one
# In the place of a seed: one world in which nothing is drawn and every number stands at its mean.
MEANS = None
STEPS = 4_096  # cells of an inverse table: finer than any assumed range is known


def uniforms(seed, quantity, keys, draws, block=0):
    """Uniform numbers in [0, 1), shape (keys, draws).

    They are the draws of each named number from ``block`` onwards.

    With :data:`MEANS` in the place of a seed they are NaN, which :func:`pert` turns into its mean,
    and which is below no chance.

    Parameters
    ----------
    seed : int or None
    quantity : str
    keys : sequence of str
    draws : int
    block : int

    Returns
    -------
    ndarray
        Keys x draws.

    Examples
    --------
    >>> whole = uniforms(2022, "cost", ["17758", "17755"], 2_000)
    >>> bool((whole[1:, 1_000:] == uniforms(2022, "cost", ["17755"], 1_000, block=1)).all())
    True
    """
    if seed is MEANS:
        return np.full((len(keys), draws), np.nan)
    u = np.empty((len(keys), draws))
    # One step of the generator makes four numbers. Its state is set anew for each name: much
    # cheaper than a generator each.
    bits = np.random.Philox(key=0, counter=block * BLOCK // 4)
    generator, state = np.random.Generator(bits), bits.state
    for row, key in zip(u, keys, strict=True):
        name = hashlib.blake2b(f"{seed}|{quantity}|{key}".encode(), digest_size=16)
        state["state"]["key"] = np.frombuffer(name.digest(), dtype="<u8")
        bits.state = state
        generator.random(out=row)
    return u


@lru_cache(maxsize=1024)
def _pert_table(peak):
    """Quantiles of the PERT distribution on [0, 1] with its mode at ``peak``.

    At the middle of each cell of the table.
    """
    middles = (np.arange(STEPS) + 0.5) / STEPS
    return betaincinv(1 + 4 * peak, 5 - 4 * peak, middles)


def pert_mean(ends):
    """The mean of the PERT distribution of a range.

    Parameters
    ----------
    ends : dict or DataFrame
        ``low``, ``mode``, ``high``: numbers, or one a row.

    Returns
    -------
    float, or Series of float

    Examples
    --------
    >>> pert_mean({"low": 1.0, "mode": 2.0, "high": 9.0})
    3.0
    """
    return (ends["low"] + 4 * ends["mode"] + ends["high"]) / 6


def pert(u, low, mode, high):
    """PERT numbers from uniforms.

    A beta distribution on [low, high] with the mean (low + 4 mode + high) / 6.

    The ends, which must not fall, are numbers, or one a row of ``u``. Turned by a table of
    :data:`STEPS` quantiles; a range of no width gives ``mode``, uniforms that are NaN give the
    mean.

    Parameters
    ----------
    u : ndarray
    low, mode, high : float, or ndarray of one a row of ``u``

    Returns
    -------
    ndarray
        Of the shape of ``u``.

    Examples
    --------
    >>> pert(np.array([0.0, 0.5, 0.999]), 2.0, 2.0, 2.0).tolist()
    [2.0, 2.0, 2.0]
    >>> ends = np.array([1.0, 0]), np.array([1.0, 5]), np.array([1.0, 10])
    >>> pert(np.full((2, 1), 0.5), *ends).round(2).tolist()
    [[1.0], [5.0]]
    """
    low, mode, high = (np.asarray(end, dtype=float)[..., None] for end in (low, mode, high))
    width = high - low
    if np.isnan(u[..., :1]).any():
        return np.full(u.shape, np.where(width > 0, (low + 4 * mode + high) / 6, mode))
    # Rounded, so that ranges of one shape (160-200-320, 1.6-2-3.2) share one table.
    peaks = ((mode - low) / np.where(width > 0, width, 1.0)).round(6)
    kinds, kind = np.unique(peaks, return_inverse=True)
    tables = np.array([_pert_table(peak) for peak in kinds.tolist()])
    cells = (u * STEPS).astype(np.int32)
    return tables.take(cells + kind.astype(np.int32) * STEPS) * width + low


def together(own, shared, correlation):
    """Uniforms that take the shared number with chance sqrt(correlation).

    Uniform, rank correlation between any two ``correlation``.

    One number decides both whether the shared one is taken and, if not, what stands in its place.

    Parameters
    ----------
    own, shared : ndarray
    correlation : float
        0..1.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> together(np.array([0.1, 0.6]), np.array([0.9, 0.9]), 0.25).round(3).tolist()
    [0.9, 0.2]
    """
    chance = correlation**0.5
    return np.where(own < chance, shared, (own - chance) / max(1 - chance, 1e-12))


def mean_of_the_rest(average, communes, ntm, of):
    """The mean number of criteria met by communes not yet NTM.

    From a published average over all communes.

    Formula: (average x communes - of x ntm) / (communes - ntm).

    Parameters
    ----------
    average : float
        Criteria met by a commune, of all.
    communes, ntm : int
        How many there are, and are NTM.
    of : int
        Criteria of the set.

    Returns
    -------
    float

    Examples
    --------
    >>> round(mean_of_the_rest(15.64, 431, 218, 19), 1)
    12.2
    """
    return (average * communes - of * ntm) / (communes - ntm)


def count_distribution(mean, spread, low, high):
    """Probabilities of low..high criteria met, with exactly this mean.

    A bell around the mean with this spread (standard deviation, in criteria), cut to low..high and
    tilted exponentially until its mean, which lies between them, is met.

    Parameters
    ----------
    mean, spread : float
    low, high : int

    Returns
    -------
    ndarray
        Of high - low + 1 chances.

    Examples
    --------
    >>> p = count_distribution(11.3, 2.5, 3, 18)
    >>> round(float(p @ np.arange(3, 19)), 6), round(float(p.sum()), 6)
    (11.3, 1.0)
    """
    from scipy.optimize import brentq

    away = np.arange(low, high + 1) - mean
    bell = -0.5 * (away / spread) ** 2
    slope = brentq(lambda s: softmax(bell + s * away) @ away, -50.0, 50.0, xtol=1e-12)
    return softmax(bell + slope * away)


def drawn_counts(u, probabilities):
    """Counts from uniforms by the inverse of the distribution: the shape of ``u``.

    Parameters
    ----------
    u : ndarray
    probabilities : ndarray
        Of 0, 1, ...

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> drawn_counts(np.array([0.0, 0.49, 0.51, 0.99]), np.array([0.5, 0.5])).tolist()
    [0, 0, 1, 1]
    """
    edges = np.cumsum(probabilities)[:-1]  # the last one is 1, but for rounding
    return np.searchsorted(edges, u, side="right")


@lru_cache(maxsize=1024)
def inclusion_table(odds):
    """P(criterion j is met | r of the criteria j..n are met), shape (n, n + 1).

    Conditional Bernoulli with these odds.

    With R(r, j) the sum over all sets of r criteria out of j..n of the product of their odds:
    P = odds_j R(r - 1, j + 1) / R(r, j). Impossible pairs (r > n - j + 1) are 1, r = 0 is 0.

    Parameters
    ----------
    odds : tuple of float

    Returns
    -------
    ndarray

    Examples
    --------
    >>> inclusion_table((1.0, 1.0)).tolist()
    [[0.0, 0.5, 1.0], [0.0, 1.0, 1.0]]
    """
    n = len(odds)
    table, sums = np.ones((n, n + 1)), np.eye(n + 1)[0]  # R(0..n, j) from the last criterion on
    for row, odd in zip(table[::-1], odds[::-1], strict=True):
        taken = odd * np.append(0.0, sums[:-1])
        sums = sums + taken
        np.divide(taken, sums, out=row, where=sums > 0)
    return table


def drawn_sets(u, counts, table):
    """Which criteria are met.

    Bool, shape (criteria, ...), from uniforms of that shape and the counts of shape (...), or one
    count.

    Criterion by criterion, each decided by its own uniform: with the same uniforms a larger count
    gives a larger set.

    Parameters
    ----------
    u : ndarray
    counts : int or ndarray
    table : ndarray
        Of :func:`inclusion_table`.

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> even = inclusion_table((1.0, 1.0))
    >>> drawn_sets(np.array([[0.4], [0.9]]), np.array([1]), even)[:, 0].tolist()
    [True, False]
    """
    left, met = counts, np.zeros(u.shape, dtype=bool)
    for j in range(len(u)):
        met[j] = u[j] < table[j][left]
        left = left - met[j]
    return met

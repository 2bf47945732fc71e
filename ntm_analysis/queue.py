"""The queue for money: when each part of a work is paid, when the work starts and ends. Whole months, whole money, no loop
over time.

In one pot and one order a part is paid in the first month whose cumulative money reaches the cumulative claims up to it: one
cumulative sum and one comparison a pot.
"""

import numpy as np

from .need.draws import BLOCK
from .pace import NEVER  # also the month of what is never paid or never ends


def paid_months(
    claims: np.ndarray, money: np.ndarray, first: np.ndarray | None = None, weight: np.ndarray | None = None, total: int = 1
) -> np.ndarray:
    """The month in which each part is paid: int16, parts x draws; 0 for a part that claims nothing, :data:`NEVER` if never.

    ``claims``: int64, parts x draws, in the order of the queue; ``money``: int64, draws x months, cumulative. In a pot
    split into sub-pots the parts of one stand together: ``first`` (parts) is the place of the first part of each one's
    sub-pot, ``weight`` (parts) out of ``total`` what that sub-pot gets.

    >>> claims, money = np.array([[5], [0], [5]]), np.array([[4, 6, 9, 10]])
    >>> paid_months(claims, money).ravel().tolist()
    [2, 0, 4]
    >>> paid_months(claims, money, np.array([0, 0, 2]), np.array([1, 1, 1]), 2).ravel().tolist()
    [4, 0, 4]
    """
    paid = np.empty(claims.shape, dtype=np.int16)
    for at in range(0, len(money), BLOCK):  # a block of draws stays in the processor's memory
        some = slice(at, at + BLOCK)
        paid[:, some] = _paid(np.ascontiguousarray(claims[:, some].T), money[some], first, weight, total).T
    return paid


def _paid(claims: np.ndarray, money: np.ndarray, first: np.ndarray | None, weight: np.ndarray | None, total: int) -> np.ndarray:
    """Like :func:`paid_months`, draws first, so that sums run along memory."""
    sums = np.cumsum(claims, axis=1)
    if first is not None:
        before = np.concatenate([np.zeros((len(sums), 1), dtype=np.int64), sums], axis=1)[:, first]
        sums = -(-(sums - before) * total // weight)
    draws, months = money.shape
    if not months or not sums.size:
        return np.where(claims == 0, 0, NEVER)
    # Each draw's months stand on a step of their own in one long ladder, so that one search serves all draws.
    step = int(max(money[:, -1].max(), sums.max())) + 1
    steps = (np.arange(draws) * step)[:, None]
    sums += steps
    found = np.searchsorted((money + steps).ravel(), sums.ravel()).reshape(draws, -1)
    found -= months * np.arange(draws)[:, None] - 1
    found[found > months] = NEVER
    found[claims == 0] = 0
    return found


def start_months(
    paid: list[np.ndarray], shares: list[float], wanted: float, worth: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """The first month in which the parts paid weigh at least ``wanted`` % of the work: int16, works x draws.

    ``paid``: one array a part, works x draws; ``shares``: the share of each money part in % of the money. A work with
    cement has one part more, and ``worth``: its money and the value of its cement.

    >>> months = [np.array([[3]]), np.array([[7]])]
    >>> start_months(months, [20.0, 80.0], 30).item(), start_months(months, [30.0, 70.0], 30).item()
    (7, 3)
    >>> start_months([np.array([[a]]) for a in (3, 5, 8)], [37.05, 38.46, 24.49], 100).item()
    8
    >>> start_months(months, [100.0], 30, (np.array([[20]]), np.array([[80]]))).item()
    7
    """
    if wanted <= 0:
        return np.zeros_like(paid[0])
    if len(paid) == 1:
        return paid[0]
    start = np.full(paid[0].shape, NEVER, dtype=np.int16)
    money, value = worth or (None, None)
    # In hundredths of a per cent, whole numbers: 37,05 + 38,46 + 24,49 must reach 100.
    wanted, parts = round(wanted * 100), [round(share * 100) for share in shares]
    for month in paid:
        there = np.zeros(month.shape, dtype=np.int16)
        for other, share in zip(paid, parts, strict=False):
            there += np.int16(share) * (other <= month)
        enough = there >= wanted
        if worth:
            enough = there * money + 10_000 * value * (paid[-1] <= month) >= wanted * (money + value)
        np.minimum(start, month, out=start, where=enough)
    return start


def end_months(start: np.ndarray, last: np.ndarray, left: np.ndarray, storm: np.ndarray, stop: int) -> np.ndarray:
    """The month in which each work ends: int16, works x draws.

    ``left``: months of work left; ``last``: when its last part is paid; ``storm`` (draws): the last month before a storm
    that stops every work for ``stop`` months (:data:`NEVER`: no storm). More money early never ends a work later: who
    starts in a storm waits for its end.

    >>> months = [np.array([[a]]) for a in (2, 5, 8, 20)]
    >>> [end_months(a, a, np.array([[4]]), np.array([5]), 3).item() for a in months]
    [9, 12, 12, 24]
    """
    lost = np.where((left > 0) & (start + left > storm), np.clip(storm + stop - start, 0, stop), 0)
    end = np.maximum(start + left + lost, last)
    return np.where((start >= NEVER) | (last >= NEVER), NEVER, end).astype(np.int16)

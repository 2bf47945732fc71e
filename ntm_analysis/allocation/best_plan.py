"""The best plan under the money and the lists there are, found and bounded by HiGHS.

Aims, one after the other: the weighted number of communes expected to finish by the deadline (the
gap is this one's); then earliest; then least money.
"""

from collections import namedtuple

import numpy as np

from .central_case import NONE
from .listing_model import ListingModel
from .payments import over_time
from .solver import NODES

LATER_NODES = (400, 200)  # that each later aim may search


class Best(namedtuple("Best", "slot value bound status settled")):
    """A plan with its bound.

    Attributes
    ----------
    slot : ndarray of int
        By goal twice the year (from 0) in which it is listed and paid, one more if late; NONE for
        never.
    value, bound : float
        The aim that it attains, and what no plan exceeds.
    status : str
        ``optimal``, ``limit`` or ``infeasible``.
    settled : bool
        The later aims are proved too.
    """

    @property
    def gap(self):
        """The part of its value that the plan may fall short of the best: (bound - value) / value.

        None where a plan of no value is not proved.
        """
        if self.bound <= self.value:
            return 0.0
        return (self.bound - self.value) / self.value if self.value else None


def optimum(case, start=None, *, nodes=NODES, later=True):
    """The best plan of a central case.

    Parameters
    ----------
    case : CentralCase
    start : ndarray of int, optional
        By goal the slot of the best rule, for a search cut short that falls behind it.
    nodes : int
        The most that the first aim may search.
    later : bool
        False: only the first aim is sought.

    Returns
    -------
    Best
    """
    choice = ListingModel(case, over_time)
    if case.minimum.any() and (case.reserve > case.room[-1]).any():
        return Best(np.full(len(case.free), NONE), 0.0, 0.0, "infeasible", False)
    # The rows that bind the linear programme come cheaper than those of whole numbers.
    worth = choice.worth + choice.first
    relaxed = choice.solved(worth, whole=False)
    answer = choice.solved(worth, nodes=nodes)
    proved = settled = answer.proved
    x = np.zeros(len(worth)) if answer.x is None else answer.x
    bound = min(answer.bound, relaxed.bound if relaxed.proved else np.inf)
    bound -= float(choice.first @ x)
    value = float(choice.worth @ x)
    if start is not None and not proved and case.value(start) > value:
        # A search cut short may fall behind the rule.
        x, value, settled = None, case.value(start), False
    elif later:
        x, settled = _later_aims(choice, worth, x, proved)
    slot = start if x is None else choice.plan(x)
    status, bound = ("optimal", value) if proved else ("limit", max(bound, value))
    return Best(slot, value, bound, status, settled)


def _later_aims(choice, worth, x, settled):
    """Of the plans as good the earliest, of those the cheapest: solution, whether all is proved."""
    cost = choice.case.cost.sum(axis=1)[choice.goal]
    aims = (choice.year.astype(float), cost / max(1.0, float((cost * choice.upper).sum())))
    # Chances are not whole, so that the first aim is held to a millionth.
    choice.rows.append((-worth, 1e-6 - float(worth @ x)))
    for aim, most in zip(aims, LATER_NODES, strict=True):
        answer = choice.solved(-aim, nodes=most)
        settled &= answer.proved
        if answer.x is not None and aim @ answer.x <= aim @ x:
            x = answer.x
        choice.rows.append((aim, float(aim @ x) + 1e-9))
    return x, settled


def relaxed_prices(case):
    """Relaxed prices, were communes divisible.

    Parameters
    ----------
    case : CentralCase

    Returns
    -------
    tuple of ndarray
        Pots x years: what the aim gains from a thousand dong more in the pot from that year on. By
        year: what it gains from one place more on the list. Only what is short has a price.
    """
    choice = ListingModel(case)
    duals = np.abs(choice.solved(choice.worth, whole=False).duals)
    money = np.zeros((len(case.sets.pots), len(case.years)))
    for m, s, row, scale in choice.known:
        money += 1_000 * duals[row] / scale * np.outer(case.sets.members[s], case.last <= m)
    return money, duals[choice.lists]

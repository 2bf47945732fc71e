"""The best plan under the money and the lists there are, found and bounded by HiGHS.

Aims, one after the other: the weighted number of communes expected to finish by the deadline (the
gap is this one's); then earliest; then least money.
"""

from dataclasses import dataclass

import numpy as np

from .central import NONE, Central
from .choice import Choice, OverTime
from .solver import NODES

LATER_NODES = (400, 200)  # that each later aim may search


@dataclass(frozen=True)
class Best:
    """A plan with its bound.

    Attributes
    ----------
    year, late : ndarray
        By goal the year (from 0) in which it is listed and paid, NONE for never; whether late.
    value, bound : float
        The aim that it attains, and what no plan exceeds.
    status : str
        ``optimal``, ``limit`` or ``infeasible``.
    settled : bool
        The later aims are proved too.
    nodes : int
        Nodes searched.
    """

    year: np.ndarray
    late: np.ndarray
    value: float
    bound: float
    status: str
    settled: bool
    nodes: int

    @property
    def gap(self) -> float | None:
        """(bound - value) / value; None where a plan of no value is not proved."""
        if self.bound <= self.value:
            return 0.0
        return (self.bound - self.value) / self.value if self.value else None


def optimum(
    case: Central,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    nodes: int = NODES,
    ruled_out: np.ndarray | None = None,
    over_time: OverTime | None = None,
    later: bool = True,
) -> Best:
    """The best plan of a central case.

    Parameters
    ----------
    case : Central
    start : tuple of ndarray, optional
        Year and lateness by goal of the best rule.
    nodes : int
        The most that the first aim may search.
    ruled_out : ndarray of bool, optional
        Goals that the plan shall not list.
    over_time : callable, optional
        See :class:`~ntm_analysis.allocation.choice.Choice`.
    later : bool
        False: only the first aim is sought.
    """
    choice = Choice(case, ruled_out, over_time)
    none = np.full(len(case.free), NONE)
    if not choice.feasible():
        return Best(none, none < NONE, 0.0, 0.0, "infeasible", False, 0)
    # The rows that bind the linear programme come cheaper than those of whole numbers.
    worth = choice.worth + choice.first
    relaxed = choice.solved(worth, whole=False)
    known = None if start is None else choice.solution(*start)
    first = choice.solved(worth, start=known, nodes=nodes)
    x, proved = first.x, first.proved
    bound = min(first.bound, relaxed.bound if relaxed.x is not None else np.inf)
    if known is not None and (x is None or worth @ x < worth @ known):
        x, proved = known, False  # a search cut short may lose its start
    if x is None:
        x, proved = np.zeros(len(worth)), False
    value = float(choice.worth @ x)
    bound = value if proved else max(bound - float(choice.first @ x), value)
    settled, searched = proved, first.nodes
    if later:
        x, settled, searched = _later_aims(choice, x, first)
        settled &= proved
    year, late = choice.plan(x)
    status = "optimal" if proved else "limit"
    return Best(year, late, value, bound, status, settled, searched)


def _later_aims(choice, x, first):
    """Of the plans as good the earliest, of those the cheapest: solution, whether proved, nodes."""
    case, settled, searched = choice.case, True, first.nodes
    # Of plans of one aim; chances are not whole, so that the aim is held to a millionth.
    worth = choice.worth + choice.first
    choice.rows.add_dense(-worth, -float(worth @ x) + 1e-6)
    cost = case.cost.sum(axis=1)[choice.goal]
    aims = (choice.year.astype(float), cost / max(1.0, float((cost * choice.upper).sum())))
    for aim, most in zip(aims, LATER_NODES, strict=True):
        if aim @ x > 0:  # else there is nothing less
            answer = choice.solved(-aim, start=x, nodes=most)
            searched, settled = searched + answer.nodes, settled and answer.proved
            if answer.x is not None and aim @ answer.x <= aim @ x:
                x = answer.x
        choice.rows.add_dense(aim, float(aim @ x) + 1e-9)
    return x, settled, searched


def relaxed_prices(case: Central) -> tuple[dict[tuple[str, int], float], dict[int, float]]:
    """Relaxed prices, were communes divisible.

    Returns
    -------
    tuple of dict
        By pot and year: communes more for one thousand dong more in the pot from that year on.
        By year: communes more for one place more on its list. Only what is short has a price.
    """
    choice = Choice(case)
    duals = np.abs(choice.solved(choice.worth, whole=False).duals)
    money: dict[tuple[str, int], float] = {}
    for (m, s), row in choice.known.items():
        scale = abs(choice.blocks[m][1][s]) or 1.0
        price = 1_000 * duals[row] / scale
        for pot in case.sets.names(s) if price > 0 else []:
            for year, last in zip(case.years, case.last, strict=True):
                if last <= min(m, len(case.marks) - 1):
                    money[pot, year] = money.get((pot, year), 0.0) + float(price)
    places = {case.years[y]: float(duals[row]) for y, row in choice.lists.items() if duals[row] > 0}
    return money, places

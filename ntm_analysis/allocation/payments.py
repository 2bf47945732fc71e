"""How a plan's works are paid, year after year, by one mix of the pots: the check of every plan.

What the pot sets allow mark by mark need not be payable by one mix that holds through the years;
where it is not, the plan gets a row of its own in the model.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.worlds import Layout, draw_block
from ..need.draws import MEANS
from ..need.pot_sets import contribution
from .audit import payment
from .central import NONE, Central, bounds_of

ENOUGH = 1e15  # more money than anything costs: own pots of those whose committed works are paid


def payments_of(case: Central, layout: Layout) -> "Payments":
    """The flows of the central case of a schedule."""
    block = draw_block(layout, 1, MEANS)
    bounds, committed = bounds_of(layout), {"": block.committed[:, 0]}
    if block.own_money is None:
        return Payments(case, bounds, committed)
    owed = block.own_committed[..., 0]
    committed |= {f"{g}": owed[g] for g in np.unique(layout.holder)}
    return Payments(case, bounds, committed, layout.own, block.own_money[..., 0])


class Payments:
    """The flows of a central case.

    Claims of communes that hold no pot for themselves are one claim for each mark and kind of
    cost; with pots of their own each commune claims for itself.

    Parameters
    ----------
    case : Central
    bounds : DataFrame
        kind, pot, least, usual, most (thousandths).
    committed : dict of str to ndarray
        By goal ("": of all together) and kind of cost, thousand dong: paid as soon as it can be.
    own : sequence of int
        Positions of pots that communes hold for themselves.
    own_money : ndarray, optional
        Goals x own pots x marks, thousand dong.
    """

    def __init__(
        self,
        case: Central,
        bounds: pd.DataFrame,
        committed: dict[str, np.ndarray],
        own: Sequence[int] = (),
        own_money: np.ndarray | None = None,
    ) -> None:
        self.case, self.bounds, self.committed = case, bounds, committed
        self.own, self.own_money = own, own_money
        self.pots = [p for i, p in enumerate(case.sets.pots) if i not in own]

    @cached_property
    def first(self) -> int:
        """The first mark at which committed works are paid; NONE: never."""
        payable = (self.case.room >= 0).all(axis=1)
        return int(payable.argmax()) if payable.any() else NONE

    def _due(self, goal):
        """The mark by which what a commune has committed is paid; NONE where its own pots never
        bear their part."""
        if not goal or self.first == NONE:
            return self.first
        for mark in range(self.first, len(self.case.marks)):
            money = self.own_money[int(goal), :, mark]
            if contribution(self.case.sets, self.committed[goal], money)[0] <= 0:
                return mark
        return NONE

    def key(self, goal: int, mark: int) -> str:
        """The claim of a goal paid by a mark."""
        return f"m{mark}" if self.own_money is None else f"g{goal}"

    def flows(
        self, year: np.ndarray, late: np.ndarray, minimum: bool = False
    ) -> tuple[pd.DataFrame | None, pd.Series, float]:
        """The payment of a plan, see :func:`~.audit.payment`; claims are (key, kind of cost).

        ``minimum``: with that of every commune that is not in the plan, by the deadline.
        """
        case = self.case
        mark, part = case.marks_of(year, late), np.ones(len(year))
        if minimum:
            rest = case.free & (mark == NONE)
            part[rest], mark[rest] = case.minimum[rest], len(case.marks) - 1
        costs = [(self.key(g, mark[g]), mark[g], case.cost[g] * part[g]) for g in range(len(year))]
        owed = [(f"c{goal}", self._due(goal), cost) for goal, cost in self.committed.items()]
        rows = [
            (key, kind, due, amount)
            for key, due, cost in owed + costs
            for kind, amount in zip(case.sets.kinds, cost, strict=True)
            if due != NONE and amount > 0
        ]
        claims = pd.DataFrame(rows, columns=["key", "kind", "due", "cost"])
        claims = claims.groupby(["key", "kind"], sort=False).agg({"due": "first", "cost": "sum"})
        if claims.empty:
            return pd.DataFrame(columns=["claim", "pot", "amount"]), pd.Series(dtype=float), 0.0
        bounds = pd.DataFrame({"claim": list(claims.index)})
        bounds["kind"] = claims.index.get_level_values("kind")
        bounds = bounds.merge(self.bounds, on="kind")
        own = ~bounds["pot"].isin(self.pots)
        bounds.loc[own, "pot"] += "@" + bounds.loc[own, "claim"].str[0].str[1:]
        return payment(claims, bounds, self._money(claims.index.get_level_values("key")))

    def over_time(self, year: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, float] | None:
        """The row that a plan breaks over time, as :class:`~.choice.Choice` asks for it."""
        flows, asked, most = self.flows(year, late)
        if flows is not None:
            return None
        case = self.case
        prices = asked.unstack(fill_value=0.0).reindex(columns=case.sets.kinds, fill_value=0.0)
        value = np.zeros((*case.mark.shape, 2))
        for g, y in np.ndindex(case.mark.shape):
            for slow, mark in enumerate((case.mark[g, y], case.last[y])):
                mine = self.own_money is None or (year[g] == y and late[g] == bool(slow))
                if mark != NONE and mine and (key := self.key(g, mark)) in prices.index:
                    value[g, y, slow] = case.cost[g] @ prices.loc[key]
        owed = {f"c{goal}": cost for goal, cost in self.committed.items()}
        fixed = sum(cost @ prices.loc[key] for key, cost in owed.items() if key in prices.index)
        return value, most - float(fixed)

    def _money(self, keys):
        """Money by pot and mark; pots that communes hold for themselves by goal."""
        case = self.case
        shared = dict(zip(case.sets.pots, case.money, strict=True))
        money = {pot: shared[pot] for pot in self.pots}
        for goal in {key[1:] for key in keys} if self.own else ():
            for j, p in enumerate(self.own):
                come = self.own_money[int(goal), j] if goal else case.money[p] + ENOUGH
                money[f"{case.sets.pots[p]}@{goal}"] = come
        return pd.DataFrame(money, index=range(len(case.marks))).T

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
from .audit import payment
from .central import NONE, Central, bounds_of

ENOUGH = 1e15  # more money than anything costs: own pots of those whose committed works are paid


def payments_of(case: Central, layout: Layout) -> "Payments":
    """The flows of the central case of a schedule."""
    block = draw_block(layout, 1, MEANS)
    own_money = None if block.own_money is None else block.own_money[..., 0]
    return Payments(case, bounds_of(layout), block.committed[:, 0], layout.own, own_money)


class Payments:
    """The flows of a central case.

    Claims of communes that hold no pot for themselves are one claim for each mark and kind of
    cost; with pots of their own each commune claims for itself.

    Parameters
    ----------
    case : Central
    bounds : DataFrame
        kind, pot, least, usual, most (thousandths).
    committed : ndarray
        By kind of cost, thousand dong: paid as soon as all of it can be.
    own : sequence of int
        Positions of pots that communes hold for themselves.
    own_money : ndarray, optional
        Goals x own pots x marks, thousand dong.
    """

    def __init__(
        self,
        case: Central,
        bounds: pd.DataFrame,
        committed: np.ndarray,
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

    def flows(
        self, year: np.ndarray, late: np.ndarray, minimum: bool = False
    ) -> tuple[pd.DataFrame | None, pd.Series, float]:
        """The payment of a plan and the reported lists, see :func:`~.audit.payment`; ``minimum``:
        with that of every commune that is not in it, by the deadline."""
        case = self.case
        year, late = case.whole(year, late)
        mark, part = case.marks_of(year, late), np.ones(len(year))
        if minimum:
            rest = case.free & (mark == NONE)
            part[rest], mark[rest] = case.minimum[rest], len(case.marks) - 1
        cost, rows = case.cost * part[:, None], []
        if self.first != NONE:
            rows += [("committed", k, self.first, c) for k, c in enumerate(self.committed)]
        for g in np.flatnonzero(mark != NONE):
            key = int(mark[g]) if self.own_money is None else f"{g}"
            rows += [(key, k, mark[g], c) for k, c in enumerate(cost[g])]
        table = pd.DataFrame(rows, columns=["key", "kind", "due", "cost"])
        claims = table[table["cost"] > 0].groupby(["key", "kind"], sort=False)
        claims = claims.agg(due=("due", "first"), cost=("cost", "sum"))
        if claims.empty:
            return pd.DataFrame(columns=["claim", "pot", "amount"]), pd.Series(dtype=float), 0.0
        return payment(claims, self._bounds(claims.index), self._money(claims, year))

    def over_time(self, year: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, float] | None:
        """The row that a plan breaks over time, as :class:`~.choice.Choice` asks for it."""
        flows, asked, most = self.flows(year, late)
        if flows is not None:
            return None
        case, kinds = self.case, range(self.case.cost.shape[1])
        value = np.zeros((*case.mark.shape, 2))
        year, late = case.whole(year, late)
        for g, y in np.ndindex(case.mark.shape):
            for slow, mark in enumerate((case.mark[g, y], case.last[y])):
                mine = self.own_money is None or (year[g] == y and late[g] == bool(slow))
                key = int(mark) if self.own_money is None else f"{g}"
                if mark != NONE and mine:
                    prices = [asked.get((key, k), 0.0) for k in kinds]
                    value[g, y, slow] = case.cost[g] @ np.array(prices)
        listed = np.flatnonzero(case.reported[:, 0] != NONE)
        at = case.reported[listed].T
        fixed = value[listed, at[0], at[1]].sum()
        fixed += sum(asked.get(("committed", k), 0.0) * c for k, c in enumerate(self.committed))
        return value, most - float(fixed)

    def _bounds(self, index: pd.MultiIndex) -> pd.DataFrame:
        """Bounds of every claim; pots that communes hold for themselves by the claim's own name."""
        names = self.case.sets.kinds
        kinds = pd.DataFrame({"claim": list(index), "kind": [names[k] for _, k in index]})
        rows = kinds.merge(self.bounds, on="kind")
        own = ~rows["pot"].isin(self.pots)
        rows.loc[own, "pot"] += "@" + rows.loc[own, "claim"].map(lambda claim: f"{claim[0]}")
        return rows

    def _money(self, claims: pd.DataFrame, year: np.ndarray) -> pd.DataFrame:
        """Money by pot and mark; a commune's own counts as it stands at its year's end."""
        case, marks = self.case, range(len(self.case.marks))
        place = {pot: i for i, pot in enumerate(case.sets.pots)}
        money = {pot: case.money[place[pot]] for pot in self.pots}
        for key in dict.fromkeys(claims.index.get_level_values(0)):
            for j, p in enumerate(self.own):
                come = ENOUGH
                if key != "committed":
                    last = case.last[max(year[int(key)], 0)]
                    come = self.own_money[int(key), j, last]
                money[f"{case.sets.pots[p]}@{key}"] = np.full(len(marks), come)
        return pd.DataFrame(money, index=marks).T

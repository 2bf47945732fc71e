"""How a plan's works are paid, year after year, by one mix of the pots: the check of every plan.

What the pot sets allow mark by mark need not be payable by one mix that holds through the years;
where it is not, the plan gets a row of its own in the model.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.worlds import Layout, draw_block
from ..need.draws import MEANS
from .audit import payment
from .central import NONE, Central, bounds_of

ENOUGH = 1e15  # more money than anything costs: own pots of those whose committed works are paid


class Payments:
    """The flows of a central case.

    Claims of communes that hold no pot for themselves are one claim for each mark and kind of
    cost; with pots of their own each commune claims for itself.

    Parameters
    ----------
    case : Central
    layout : Layout
    """

    def __init__(self, case: Central, layout: Layout) -> None:
        self.case, self.layout = case, layout
        self.bounds = bounds_of(layout)
        block = draw_block(layout, 1, MEANS)
        self.committed = block.committed[:, 0]
        self.months = block.months[:, 0].astype(int)
        self.own_money = None if block.own_money is None else block.own_money[..., 0]
        self.pots = [p for i, p in enumerate(case.sets.pots) if i not in layout.own]

    @cached_property
    def first(self) -> int:
        """The first mark at which committed works are paid; NONE: never."""
        payable = (self.case.room >= 0).all(axis=1)
        return int(payable.argmax()) if payable.any() else NONE

    def marks(self, year: np.ndarray, late: np.ndarray) -> np.ndarray:
        """By goal the mark by which a plan has it paid; NONE where it is not listed."""
        case = self.case
        mark = np.where(late, case.last[year], case.mark[np.arange(len(year)), year])
        return np.where(year == NONE, NONE, mark)

    def flows(
        self, year: np.ndarray, late: np.ndarray, minimum: bool = False
    ) -> tuple[pd.DataFrame | None, pd.Series, float]:
        """The payment of a plan and the reported lists, see :func:`~.audit.payment`; ``minimum``:
        with that of every commune that is not in it, by the deadline."""
        case = self.case
        year, late = self.whole(year, late)
        mark, part = self.marks(year, late), np.ones(len(year))
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
        year, late = self.whole(year, late)
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

    def whole(self, year: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A plan with the reported lists beside it."""
        own = self.case.reported[:, 0] != NONE
        reported = self.case.reported.T
        return np.where(own, reported[0], year), np.where(own, reported[1] == 1, late)

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
            for j, p in enumerate(self.layout.own):
                come = ENOUGH
                if key != "committed":
                    last = case.last[max(year[int(key)], 0)]
                    come = self.own_money[int(key), j, last]
                money[f"{case.sets.pots[p]}@{key}"] = np.full(len(marks), come)
        return pd.DataFrame(money, index=marks).T

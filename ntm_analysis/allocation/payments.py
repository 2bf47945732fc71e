"""How a plan's works are paid, year after year, by one mix of the pots: the check of every plan.

What the pot sets allow mark by mark need not be payable by one mix that holds through the years;
where it is not, the plan gets a row of its own in the model.
"""

import numpy as np
import pandas as pd

from ..need.pot_sets import contribution
from .audit import payment
from .central import NONE, Central

ENOUGH = 1e15  # more money than anything costs: own pots of those who have no goal


class Payments:
    """The flows of a central case.

    Claims of communes that hold no pot for themselves are one claim for each mark and kind of
    cost; with pots of their own each commune claims for itself.
    """

    def __init__(self, case: Central) -> None:
        self.case = case

    def due(self, key: str) -> int:
        """The mark by which what is committed (a row of :attr:`~.central.Central.committed`) is
        paid; NONE where it never is, or the commune's own pots never bear their part."""
        case = self.case
        payable = (case.room >= 0).all(axis=1)
        if key[1:]:
            owed = case.committed.loc[key].to_numpy()[:, None]
            payable &= contribution(case.sets, owed, case.own_money[int(key[1:])])[0] <= 0
        return int(payable.argmax()) if payable.any() else NONE

    def key(self, goal: int, mark: int) -> str:
        """The claim of a goal paid by a mark."""
        return f"m{mark}" if self.case.own_money is None else f"g{goal}"

    def flows(
        self, year: np.ndarray, late: np.ndarray, minimum: bool = False
    ) -> tuple[pd.DataFrame, tuple[pd.Series, float] | None]:
        """The payment of a plan (key, kind, pot, amount), see :func:`~.audit.payment`.

        ``minimum``: with that of every commune that is not in the plan, by the deadline.
        """
        case = self.case
        mark, part = case.marks_of(year, late), np.ones((len(year), 1))
        if minimum:
            rest = mark == NONE
            part[rest], mark[rest] = case.minimum[rest, None], len(case.marks) - 1
        keys = [self.key(g, m) for g, m in enumerate(mark)]
        claims = pd.concat([case.committed, pd.DataFrame(case.cost * part, keys, case.sets.kinds)])
        claims["due"] = [*map(self.due, case.committed.index), *mark]
        claims = claims.set_index("due", append=True).rename_axis(["key", "due"])
        claims = claims.rename_axis(columns="kind").stack().rename("cost").reset_index()
        claims = claims[(claims["due"] != NONE) & (claims["cost"] > 0)]
        claims = claims.groupby(["key", "kind"], sort=False).agg({"due": "first", "cost": "sum"})
        bounds = claims.reset_index().merge(case.bounds, on="kind")
        if bounds.empty:
            return bounds.assign(amount=0.0), None
        bounds["claim"] = [*zip(bounds["key"], bounds["kind"], strict=True)]
        own = bounds["pot"].isin([case.sets.pots[p] for p in case.sets.own])
        bounds.loc[own, "pot"] += "@" + bounds.loc[own, "key"].str[1:]
        return payment(claims, bounds, self._money(bounds["key"].str[1:].unique()))

    def over_time(self, year: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, float] | None:
        """The row that a plan breaks over time, as :class:`~.choice.Choice` asks for it."""
        _, row = self.flows(year, late)
        if row is None:
            return None
        case, (asked, most) = self.case, row
        prices = asked.unstack(fill_value=0.0).reindex(columns=case.sets.kinds, fill_value=0.0)
        value = np.zeros((*case.mark.shape, 2))
        for g, y, slow in np.ndindex(value.shape):
            key = self.key(g, (case.mark[g, y], case.last[y])[slow])
            mine = case.own_money is None or (year[g], late[g]) == (y, slow)
            if mine and key in prices.index:
                value[g, y, slow] = case.cost[g] @ prices.loc[key]
        return value, most - float((case.committed * prices).sum(axis=None))

    def _money(self, goals):
        """Money by pot and mark; of pots that communes hold for themselves by goal."""
        case, own = self.case, self.case.sets.own
        pots = zip(case.sets.pots, case.money, strict=True)
        money = {pot: come for p, (pot, come) in enumerate(pots) if p not in own}
        for j, p in enumerate(own):
            for goal in goals:
                come = case.own_money[int(goal), j] if goal else case.money[p] + ENOUGH
                money[f"{case.sets.pots[p]}@{goal}"] = come
        return pd.DataFrame(money).T

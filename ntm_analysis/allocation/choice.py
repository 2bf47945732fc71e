"""What a plan may choose from on the central case: the columns and rows of the model that :mod:`~.optimum` solves."""

from functools import cached_property

import numpy as np

from .central import Central, funded, in_order, latest, reached
from .solver import Rows


class Choice:
    """What may be chosen in a central case: the columns and rows of the model.

    ``demand``: by pot the goals that claim from it and what each claims by the end of period t if it is to be reached by period
    y: goals x y x t. ``room``: by pot the money that committed works leave, by period. Goals x y: ``possible``, what lead time
    and committed works that are paid late do not rule out; ``open_``, nor a pot that could not pay this goal alone.
    """

    def __init__(self, case: Central, ruled_out: np.ndarray | None = None) -> None:
        self.case, (goals, periods) = case, (len(case.weight), len(case.ends))
        last = np.full(len(case.goal), len(case.goal))
        self.committed = funded(case, in_order(case, case.queue(last)))
        self.committed[~case.committed] = 0
        free = case.counted & ~case.committed & (case.goal >= 0)
        last = latest(case)
        claims = np.zeros(len(case.goal), dtype=bool)
        for pot in case.pots:
            claims[pot.works[pot.amounts > 0]] = True
        self.open_ = np.ones((goals, periods), dtype=bool)
        # Others as if they cost nothing and began today.
        held = reached(case, np.where(case.committed, self.committed, 0))
        self.open_ &= held[:, None] <= case.ends[None, :]
        late = free & claims
        for y in range(periods):
            self.open_[case.goal[late & (last[:, y] == 0)], y] = False
        self.possible = self.open_.copy()
        if ruled_out is not None:
            self.open_ &= ~ruled_out[:, None]
        self.demand, self.room = [], []
        for pot in case.pots:
            self.room.append(pot.money - pot.amounts[case.committed[pot.works]].sum())
            mine = free[pot.works] & (pot.amounts > 0)
            who, at = np.unique(case.goal[pot.works[mine]], return_inverse=True)
            wants = np.zeros((len(who), periods, periods + 1), dtype=np.int64)
            for y in range(periods):
                np.add.at(wants[:, y], (at, last[pot.works[mine], y]), pot.amounts[mine])
            # Column 0 holds what is too late; those goals are ruled out for that period.
            self.demand.append((who, np.cumsum(wants[:, :, 1:], axis=2)))
            # Whatever claims more than the whole room can never be reached.
            self.open_[who] &= (self.demand[-1][1] <= np.maximum(self.room[-1], 0)).all(axis=2)
        self.open_[case.weight <= 0] = False
        self.cost = np.bincount(case.goal[free], weights=case.money_of_works()[free], minlength=goals)

    @cached_property
    def kinds(self) -> tuple[np.ndarray, np.ndarray]:
        """Goals that are alike in all the model sees: the number of the kind of each goal, and a goal of each kind."""
        goals = len(self.case.weight)
        if self.case.minimum.any():
            return np.arange(goals), np.arange(goals)
        seen: list[list[bytes]] = [[w.tobytes(), o.tobytes(), c.tobytes()] for w, o, c in
                                   zip(self.case.weight, self.open_, self.cost, strict=True)]  # fmt: skip
        for p, (who, wants) in enumerate(self.demand):
            for goal, row in zip(who, wants, strict=True):
                seen[goal].append(b"%d|" % p + row.tobytes())
        _, first, kind = np.unique([b"\0".join(s) for s in seen], return_index=True, return_inverse=True)
        return kind, first

    @cached_property
    def held(self) -> np.ndarray:
        """By goal the money that committed works give it by the deadline, thousand đồng."""
        case, made = self.case, np.zeros(len(self.case.weight), dtype=np.int64)
        paid = case.committed & (self.committed <= len(case.ends)) & (case.goal >= 0)
        np.add.at(made, case.goal[paid], case.money_of_works()[paid])
        return made

    @cached_property
    def fill(self) -> np.ndarray:
        """The works that may be funded only so that their commune gets its minimum."""
        case = self.case
        some = (case.goal >= 0) & ~case.committed & (case.money_of_works() > 0)
        some[some] = case.minimum[case.goal[some]] > 0
        return np.flatnonzero(some)

    def columns(self, first_period: int) -> np.ndarray:
        """(kind, period from 0) of the goals that may be reached, from this period on."""
        _, first = self.kinds
        periods = range(first_period, len(self.case.ends))
        open_ = [(k, y) for k in range(len(first)) for y in periods if self.open_[first[k], y]]
        return np.array(open_, dtype=int).reshape(-1, 2)

    def first_aim(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, Rows]:
        """The model of the first aim: a column for each kind, to be reached by the deadline, and ``fill``; what each column
        counts for, how many it stands for, the rows."""
        kind, first = self.kinds
        last = self.columns(len(self.case.ends) - 1)
        weight = np.append(self.case.weight[first[last[:, 0]]], np.zeros(len(self.fill)))
        upper = np.append(np.bincount(kind)[last[:, 0]], np.ones(len(self.fill)))
        return last, weight, upper, self.rows(last)

    def rows(self, columns: np.ndarray) -> Rows:
        """The rows over ``columns`` (kind, period from 0), and after them ``fill``: pots, then minimums."""
        case, made = self.case, Rows()
        kind, first = self.kinds
        goal, until = first[columns[:, 0]], columns[:, 1]
        size = np.bincount(kind)[columns[:, 0]]
        place = np.full(len(case.goal), -1)
        place[self.fill] = len(columns) + np.arange(len(self.fill))
        periods = len(case.ends)
        for p, pot in enumerate(case.pots):
            who, wants = self.demand[p]
            at = np.searchsorted(who, goal)
            mine = np.flatnonzero((at < len(who)) & (who[np.minimum(at, len(who) - 1)] == goal)) if len(who) else []
            extra = np.flatnonzero((place[pot.works] >= 0) & (pot.amounts > 0))
            for t in range(periods):
                asked = wants[at[mine], until[mine], t] if len(mine) else np.zeros(0, dtype=np.int64)
                also = pot.amounts[extra] if t == periods - 1 else np.zeros(0, dtype=np.int64)
                room = max(int(self.room[p][t]), 0)
                if (asked * size[mine]).sum() + also.sum() <= room if len(mine) else also.sum() <= room:
                    continue
                where = np.concatenate([np.asarray(mine, dtype=int), place[pot.works[extra]][: len(also)]])
                values = np.concatenate([asked, also]).astype(float)
                some = values > 0
                scale = room or 1
                row = made.add(where[some], values[some] / scale, -np.inf, 1.0 if room else 0.0)
                made.pots[row] = (p, t + 1)
        self._minimum_rows(columns, made)
        return made

    def _minimum_rows(self, columns: np.ndarray, rows: Rows) -> None:
        """Add the rows of the minimum of each unfinished commune."""
        case, (_, first), money = self.case, self.kinds, self.case.money_of_works()
        for goal in np.flatnonzero(case.minimum > self.held):
            mine = np.flatnonzero(first[columns[:, 0]] == goal)
            works = len(columns) + np.flatnonzero(case.goal[self.fill] == goal)
            values = np.append(np.full(len(mine), self.cost[goal]), money[self.fill[works - len(columns)]])
            scale = float(case.minimum[goal] - self.held[goal])
            rows.add(np.append(mine, works), values / scale, 1.0, np.inf)
            for work in works[case.counted[self.fill[works - len(columns)]]] if len(mine) else []:
                rows.add(np.append(mine, work), np.ones(len(mine) + 1), -np.inf, 1.0)

    def used(self, x: np.ndarray, columns: np.ndarray, p: int, t: int) -> int:
        """What a solution claims from a pot by the end of a period, exactly."""
        who, wants = self.demand[p]
        goal = self.kinds[1][columns[:, 0]]
        mine = np.flatnonzero(np.isin(goal, who) & (x[: len(columns)] > 0))
        total = int((wants[np.searchsorted(who, goal[mine]), columns[mine, 1], t - 1] * x[mine].astype(np.int64)).sum())
        if t == len(self.case.ends) and len(self.fill):
            pot = self.case.pots[p]
            total += int(pot.amounts[np.isin(pot.works, self.fill[x[len(columns) :] > 0])].sum())
        return total

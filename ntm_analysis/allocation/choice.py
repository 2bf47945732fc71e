"""What a plan may choose from on the central case: the columns and rows that ``optimum`` solves.

A column lists goals of one kind (alike in all that the model sees) in one year, paid in time or
late. A row keeps what is listed so far within a set of pots by a mark. Of the thousands of such
rows few bind: they are added as solutions break them.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from .central import NONE
from .solver import EXACT, NODES, Rows, Solution, solve

ROUNDS = 400  # of adding rows; a district takes some ten
AT_ONCE = 3  # sets added for a mark that a solution breaks


class Choice:
    """The columns and rows of a central case.

    Parameters
    ----------
    case : Central
    over_time : callable, optional
        Asked of every plan whether its works can be paid year after year by one mix, see
        :func:`~.payments.over_time`.
    """

    def __init__(self, case, over_time=None):
        self.case, self.over_time = case, over_time
        goals = np.flatnonzero(case.free)
        _, first, self.size = np.unique(case.kind[goals], return_index=True, return_counts=True)
        columns = []
        for k, g in enumerate(goals[first]):
            last = len(case.years) if case.due[g] == NONE else case.due[g] + 1
            for y in range(max(case.reported[g], 0), last):
                for late, mark in enumerate(dict.fromkeys((case.mark[g, y], case.last[y]))):
                    if mark != NONE and (case.demand[g, y] <= case.room[mark]).all():
                        columns.append((k, y, late, mark, g))
        table = np.array(columns, dtype=int).reshape(-1, 5)
        self.of, self.year, self.late, self.at, self.goal = table.T
        self.worth = case.weight[self.goal] * case.chance[self.late, self.year]
        self.upper = self.size[self.of]
        # Reported lists before all else: one of them is worth more than all others together.
        self.first = (case.due[self.goal] != NONE) * (case.weight.sum() + 1.0)
        self.asks = case.demand[self.goal, self.year]
        self.placed = case.reported[self.goal] == NONE
        self.rows = Rows()
        for k, size in enumerate(self.size):
            self.rows.add(self.of == k, size)
        self.lists = [
            self.rows.add(self.placed & (self.year == y), places)
            for y, places in enumerate(case.places)
        ]
        self.known = {}  # (mark, set): its row, the scale; last mark + 1: minimums

    @cached_property
    def blocks(self) -> list[tuple]:
        """By mark which columns count by it, what each set may bear, what part each column asks;
        last the end with the minimums of all communes."""
        case = self.case
        blocks = [(self.at <= m, room, 1.0) for m, room in enumerate(case.room)]
        if case.minimum.any():
            more = 1 - case.minimum[self.goal]
            blocks.append((self.at != NONE, case.room[-1] - case.reserve, more))
        return blocks

    def broken(self, x, slack=0.0):
        """What a solution breaks by most.

        Parameters
        ----------
        x : ndarray
            By column.
        slack : float
            The part of its room by which a set may be exceeded.

        Returns
        -------
        list of tuple of int
            Mark and set, some of each mark.
        """
        rows = []
        for m, (some, room, part) in enumerate(self.blocks):
            if not some.any():  # committed works may wait as long as nobody is listed
                continue
            over = (some * x * part) @ self.asks - room
            worst = np.argsort(over, kind="stable")[::-1][:AT_ONCE]
            rows += [(m, int(s)) for s in worst if over[s] > slack * (1 + abs(room[s]))]
        return rows

    def solved(self, worth, *, whole=True, nodes=NODES):
        """The best solution that breaks no row, rows being added as they are broken.

        Parameters
        ----------
        worth : ndarray
            Of each column.
        whole : bool
            False: the linear programme.
        nodes : int
            The most that may be searched.

        Returns
        -------
        Solution
        """
        searched, proved = 0, True
        for _ in range(ROUNDS):
            left = max(nodes - searched, 1)
            answer = solve(worth, self.upper, self.rows, whole=whole, nodes=left)
            searched += answer.nodes
            if answer.x is None:
                return answer
            x = np.rint(answer.x) if whole else answer.x
            broken = self.broken(x, 0.0 if whole else 1e-7)
            for m, s in broken:
                proved &= self._keep(m, s)
            if broken or (whole and self._unpayable_over_time(x)):
                continue
            # A row drawn in by the tolerance leaves the proof to the bound.
            sure = answer.proved and (proved or bool(worth @ x >= answer.bound - 1e-6))
            return replace(answer, x=x, proved=sure)
        return Solution(None, float(worth @ self.upper), False, searched, np.zeros(0))

    def _keep(self, m, s):
        """Add the row of a mark and set; False where it was there and is drawn in a little."""
        if (m, s) in self.known:
            row, _ = self.known[m, s]
            self.rows.high[row] -= 4 * EXACT
            return False
        some, room, part = self.blocks[m]
        scale = abs(room[s]) or 1.0
        row = self.rows.add(some * self.asks[:, s] * part / scale, room[s] / scale)
        self.known[m, s] = row, scale
        return True

    def _unpayable_over_time(self, x):
        """Whether the works of a solution cannot be paid year after year; its row is added."""
        row = self.over_time and self.over_time(self.case, *self.plan(x))
        if row is None:
            return False
        asked, most = row
        scale = abs(most) or 1.0
        self.rows.add(asked[self.goal, self.year, self.late] / scale, most / scale + EXACT)
        return True

    def plan(self, x):
        """A solution as a plan; of goals alike the lowest rank first.

        Parameters
        ----------
        x : ndarray
            By column.

        Returns
        -------
        tuple of ndarray
            By goal the year (from 0) of its listing, NONE for never; whether it is late.
        """
        case = self.case
        year, late = np.full(len(case.free), NONE), np.zeros(len(case.free), dtype=bool)
        ranked = np.argsort(case.rank, kind="stable")
        for i in np.lexsort([self.late, self.year]):
            open_ = ranked[(case.kind[ranked] == self.of[i]) & (year[ranked] == NONE)]
            year[open_[: int(x[i])]], late[open_[: int(x[i])]] = self.year[i], self.late[i]
        return year, late

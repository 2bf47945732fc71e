"""What a plan may choose from on the central case: the columns and rows that ``best_plan`` solves.

A column lists goals of one kind (alike in all that the model sees) in one year, paid in time or
late. A row keeps what is listed so far within a set of pots by a checkpoint. Of the thousands of
such rows few bind: they are added as solutions break them.
"""

import numpy as np

from .central_case import NONE
from .solver import EXACT, NODES, Solution, solve

ROUNDS = 400  # of adding rows; a district takes some ten
SLACK = 1e-7  # of the room of a set: a tenth of a million dong in a thousand billion
AT_ONCE = 3  # sets added for a checkpoint that a solution breaks


class ListingModel:
    """The columns and rows of a central case.

    Parameters
    ----------
    case : CentralCase
    over_time : callable, optional
        Asked of every plan whether its works can be paid year after year by one mix, see
        :func:`~.payments.over_time`.
    """

    def __init__(self, case, over_time=None):
        self.case, self.over_time = case, over_time
        goals = np.flatnonzero(case.free)
        _, first, sizes = np.unique(case.kind[goals], return_index=True, return_counts=True)
        columns = []
        for k, g in enumerate(goals[first]):
            last = len(case.years) if case.due[g] == NONE else case.due[g] + 1
            for slot in range(2 * max(case.reported[g], 0), 2 * last):
                checkpoint = case.slots[g, slot]
                if (
                    checkpoint != NONE
                    and (case.demand[g, slot // 2] <= case.room[checkpoint]).all()
                ):
                    columns.append((k, slot, checkpoint, g))
        self.of, self.slot, at, self.goal = np.array(columns, dtype=int).reshape(-1, 4).T
        self.year = self.slot // 2
        self.worth = case.weight[self.goal] * case.chance[self.slot]
        self.upper = sizes[self.of]
        # Reported lists before all else: one of them is worth more than all others together.
        self.first = (case.due[self.goal] != NONE) * (case.weight.sum() + 1.0)
        self.asks = case.demand[self.goal, self.year]
        placed = case.reported[self.goal] == NONE
        self.rows = [(self.of == k, size) for k, size in enumerate(sizes)]
        self.lists = len(self.rows) + np.arange(len(case.places))
        for y, places in enumerate(case.places):
            self.rows.append((placed & (self.year == y), places))
        # By checkpoint which columns count, what each set may bear, what part each column asks;
        # last the end with the minimums of all communes.
        self.blocks = [(at <= m, room, 1.0) for m, room in enumerate(case.room)]
        if case.minimum.any():
            more = 1 - case.minimum[self.goal]
            self.blocks.append((at != NONE, case.room[-1] - case.reserve, more))
        self.known = []  # number of a block, of a set, their row, its scale

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
        searched = 0
        for _ in range(ROUNDS):
            left = max(nodes - searched, 1)
            answer = solve(worth, self.upper, self.rows, whole=whole, nodes=left)
            searched += answer.nodes
            if answer.x is None:
                return answer
            x = np.rint(answer.x) if whole else answer.x
            if not self._breaks(x) and not (whole and self._unpayable_over_time(x)):
                return answer._replace(x=x)
        return Solution(None, float(worth @ self.upper), False, searched, np.zeros(0))

    def _breaks(self, x):
        """Whether a solution breaks rows; of each checkpoint those broken by most are added."""
        before = len(self.known)
        for m, (some, room, part) in enumerate(self.blocks):
            if not some.any():  # committed works may wait as long as nobody is listed
                continue
            over = (some * x * part) @ self.asks - room
            worst = np.argsort(over, kind="stable")[::-1][:AT_ONCE]
            for s in worst[over[worst] > SLACK * (1 + np.abs(room[worst]))]:
                scale = abs(room[s]) or 1.0
                self.known.append((m, s, len(self.rows), scale))
                self.rows.append((some * self.asks[:, s] * part / scale, room[s] / scale))
        return len(self.known) > before

    def _unpayable_over_time(self, x):
        """Whether the works of a solution cannot be paid year after year; its row is added."""
        row = self.over_time and self.over_time(self.case, self.plan(x))
        if row is None:
            return False
        claims, most = row
        scale = abs(most) or 1.0
        self.rows.append((claims[self.goal, self.slot] / scale, most / scale + EXACT))
        return True

    def plan(self, x):
        """A solution as a plan; of goals alike the lowest rank first.

        Parameters
        ----------
        x : ndarray
            By column.

        Returns
        -------
        ndarray of int
            By goal its slot.
        """
        case, slot = self.case, np.full(len(self.case.free), NONE)
        ranked = np.argsort(case.rank, kind="stable")
        for i, number in enumerate(x.astype(int)):
            alike = ranked[(case.kind[ranked] == self.of[i]) & (slot[ranked] == NONE)][:number]
            slot[alike] = self.slot[i]
        return slot

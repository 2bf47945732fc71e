"""What a plan may choose from on the central case: the columns and rows that ``optimum`` solves.

A column lists goals of one kind (alike in all that the model sees) in one year, paid in time or
late. A row keeps what is listed so far within a set of pots by a mark. Of the thousands of such
rows few bind: they are added as solutions break them.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from .central import NONE, Central
from .solver import EXACT, NODES, Rows, Solution, solve

ROUNDS = 400  # of adding rows; a district takes some ten
AT_ONCE = 3  # sets added for a mark that a solution breaks
OverTime = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float] | None]


class Choice:
    """The columns and rows of a central case.

    Parameters
    ----------
    case : Central
    ruled_out : ndarray of bool, optional
        Goals that shall not be listed by the plan.
    over_time : callable, optional
        Asked of every plan found: whether its works can be paid year after year by one mix. Gets
        the plan (by goal its year, whether late); gives None, or what each goal listed so asks of
        a row that the plan breaks (goals x years x 2), and the most that the row allows.
    """

    def __init__(
        self,
        case: Central,
        ruled_out: np.ndarray | None = None,
        over_time: OverTime | None = None,
    ) -> None:
        self.case, self.over_time = case, over_time
        free = case.free if ruled_out is None else case.free & ~ruled_out
        seen: dict[bytes, int] = {}
        self.kind = np.full(len(free), NONE)
        for g in np.flatnonzero(free):
            own = (case.weight[g], case.minimum[g], case.reported[g], case.due[g])
            same = (*own, *case.mark[g], *case.demand[g].ravel())
            self.kind[g] = seen.setdefault(np.array(same).tobytes(), len(seen))
        self.size = np.bincount(self.kind[free], minlength=len(seen)).astype(float)
        first = [int(np.flatnonzero(self.kind == k)[0]) for k in range(len(seen))]
        columns = []
        for k, g in enumerate(first):
            last = len(case.years) if case.due[g] == NONE else case.due[g] + 1
            for y in range(max(case.reported[g], 0), last):
                marks = dict.fromkeys((case.mark[g, y], case.last[y]))
                for mark in marks:
                    late = mark != case.mark[g, y]
                    if mark != NONE and (case.demand[g, y] <= case.room[mark]).all():
                        columns.append((k, y, late, mark, g))
        table = np.array(columns, dtype=int).reshape(-1, 5)
        self.of, self.year, self.late, self.at, self.goal = table.T
        self.worth = case.weight[self.goal] * case.chance[self.late, self.year]
        self.upper = self.size[self.of]
        # Reported lists before all else: one of them is worth more than all others together.
        self.first = (case.due[self.goal] != NONE) * (case.weight.sum() + 1.0)
        self.asks = case.demand[self.goal, self.year]
        self.rows = Rows()
        for k in range(len(seen)):
            mine = np.flatnonzero(self.of == k)
            self.rows.add(mine, np.ones(len(mine)), self.size[k])
        self.lists = {}
        for y, places in enumerate(case.places):
            mine = np.flatnonzero((self.year == y) & (case.reported[self.goal] == NONE))
            self.lists[y] = self.rows.add(mine, np.ones(len(mine)), float(places))
        self.known: dict[tuple[int, int], int] = {}  # (mark, set): its row; last mark + 1: minimums

    @cached_property
    def blocks(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """By mark which columns count by it, what each set may bear, what part each column asks;
        last the end with the minimums of all communes."""
        case = self.case
        marks = range(len(case.marks))
        whole = np.ones(len(self.at))
        by_mark = [(self.at <= m, case.room[m], whole) for m in marks]
        if not case.minimum.any():
            return by_mark
        more = 1 - case.minimum[self.goal]
        return [*by_mark, (self.at < len(marks), case.room[-1] - case.reserve, more)]

    def feasible(self) -> bool:
        """Whether the minimums of all communes can be paid at all."""
        return bool((self.blocks[-1][1] >= 0).all()) or not self.case.minimum.any()

    def broken(self, x: np.ndarray, slack: float = 0.0) -> list[tuple[int, int]]:
        """The (mark, set) that a solution breaks by most, some of each mark."""
        rows = []
        for m, (some, room, part) in enumerate(self.blocks):
            if not some.any():  # committed works may wait as long as nobody is listed
                continue
            counts = np.where(some, x * part, 0.0)
            over = counts @ self.asks - room
            worst = np.argsort(over, kind="stable")[::-1][:AT_ONCE]
            rows += [(m, int(s)) for s in worst if over[s] > slack * (1 + abs(room[s]))]
        return rows

    def solved(
        self,
        worth: np.ndarray,
        *,
        start: np.ndarray | None = None,
        whole: bool = True,
        nodes: int = NODES,
    ) -> Solution:
        """The best solution that breaks no row, rows being added as they are broken."""
        searched, proved = 0, True
        for _ in range(ROUNDS):
            answer = solve(
                worth,
                self.upper,
                self.rows,
                start=start,
                whole=whole,
                nodes=max(nodes - searched, 1),
            )
            searched += answer.nodes
            if answer.x is None:
                return Solution(None, answer.bound, answer.proved, searched, answer.duals)
            x = np.rint(answer.x) if whole else answer.x
            broken = self.broken(x, 0.0 if whole else 1e-7)
            for m, s in broken:
                proved &= self._keep(m, s)
            if broken or (whole and self._unpayable_over_time(x)):
                continue
            # A row drawn in by the tolerance leaves the proof to the bound.
            sure = answer.proved and (proved or bool(worth @ x >= answer.bound - 1e-6))
            return Solution(x, answer.bound, sure, searched, answer.duals)
        return Solution(None, float(worth @ self.upper), False, searched, np.zeros(0))

    def _keep(self, m, s):
        """Add the row of a mark and set; False where it was there and is drawn in a little."""
        if (row := self.known.get((m, s))) is not None:
            self.rows.high[row] -= 4 * EXACT
            return False
        some, room, part = self.blocks[m]
        scale = abs(room[s]) or 1.0
        values = np.where(some, self.asks[:, s] * part, 0.0) / scale
        self.known[m, s] = self.rows.add_dense(values, room[s] / scale)
        return True

    def _unpayable_over_time(self, x):
        """Whether the works of a solution cannot be paid year after year; its row is added."""
        if self.over_time is None:
            return False
        cut = self.over_time(*self.plan(x))
        if cut is None:
            return False
        asked, most = cut
        values = asked[self.goal, self.year, self.late]
        self.rows.add_dense(values / (abs(most) or 1.0), most / (abs(most) or 1.0) + EXACT)
        return True

    def plan(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A solution as the year of each goal and whether it is late; of goals alike the lowest
        rank first."""
        case = self.case
        year, late = np.full(len(case.free), NONE), np.zeros(len(case.free), dtype=bool)
        for i in np.lexsort([self.late, self.year]):
            open_ = np.flatnonzero((self.kind == self.of[i]) & (year == NONE))
            open_ = open_[np.argsort(case.rank[open_], kind="stable")][: int(x[i])]
            year[open_], late[open_] = self.year[i], bool(self.late[i])
        return year, late

    def solution(self, year: np.ndarray, late: np.ndarray) -> np.ndarray | None:
        """A plan as a solution; None where it breaks a row or takes what is no column."""
        x = np.zeros(len(self.of))
        for g in np.flatnonzero((year != NONE) & self.case.free):
            mine = (self.of == self.kind[g]) & (self.year == year[g])
            i = np.flatnonzero(mine & ((self.late == late[g]) | ~late[g]))
            if not len(i):
                return None
            x[i[0] if not late[g] else i[-1]] += 1
        rows = [(self.rows.entries[row][0], row) for row in self.lists.values()]
        fits = all(x[mine].sum() <= self.rows.high[row] for mine, row in rows)
        fits = fits and not self.broken(x)
        return x if fits else None

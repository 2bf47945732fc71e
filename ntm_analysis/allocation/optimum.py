"""The best plan under the money there is, found and bounded by HiGHS.

Money adds up over the periods. So a goal that is to be reached by some period may have each of its works funded in the last
period that still lets it end in time, and nothing is lost by it: one column for each goal and period is enough, against one row
for each pot and period, and only where the money may run short. Goals that claim the same from the same pots share an integer
column. Committed works are paid first, so that what they claim is taken off their pots.

Aims, one after the other: the weighted number of goals reached by the deadline (the gap is this one's); then earliest; then least
money. The plan is an order of works (:func:`places`), timed by the queue like every other policy.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..queue import NEVER
from .central import Central, funded, in_order, in_time, latest, reached
from .choice import Choice
from .solver import EXACT, Answer, Rows, solve

NODES, LATER_NODES = 20_000, (400, 200)  # that the first aim, and each later one, may search


@dataclass(frozen=True)
class Best:
    """A plan. ``finish``: by goal the period (from 1) in which the plan has it reached, 0: not; ``fill``: works funded only so
    that an unfinished commune gets its minimum. ``value``, ``bound``: weighted number of goals reached, and the most that any
    plan can reach; ``status``: optimal, limit or infeasible; ``settled``: the later aims are proved too; ``nodes`` searched."""

    finish: np.ndarray
    fill: np.ndarray
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
    case: Central, start: np.ndarray | None = None, nodes: int = NODES, ruled_out: np.ndarray | None = None, later: bool = True
) -> Best:
    """The best plan of a central case, committed works being paid in their order (``case.place``). ``start``: by work the periods
    in which the best rule funds it; ``nodes``: the most that the first aim may search; ``ruled_out``: goals that shall not be
    reached by the plan; without ``later`` only the first aim is sought.

    >>> from ntm_analysis.allocation.central import Pot
    >>> pot = Pot("a", np.array([0, 1, 2]), np.array([5, 3, 4]), np.array([4, 8]))
    >>> case = Central(np.array([9, 21]), [pot], np.arange(3), np.zeros(3, int), np.ones(3, bool), np.zeros(3, bool), np.ones(3),
    ...                np.zeros(3, int))
    >>> best = optimum(case)
    >>> best.finish.tolist(), best.value, best.bound
    ([0, 1, 2], 2.0, 2.0)
    """
    choice = Choice(case, ruled_out)
    kind, first = choice.kinds
    size, periods = np.bincount(kind), len(case.ends)
    fill, money = choice.fill, case.money_of_works()
    last, weight, upper, rows = choice.first_aim()
    known = None if start is None else _started(case, start, kind, last, fill)
    first_aim = _exact(choice, weight, upper, rows, known, nodes, last)
    x, bound, proved = first_aim.x, first_aim.bound, first_aim.proved
    if known is not None and rows.kept(known) and (x is None or weight @ x < weight @ known):
        x, proved = known, False  # a search cut short may lose its start
    none = np.zeros(len(case.weight), dtype=int)
    bound = _whole(min(bound, float(weight @ upper)), case.weight)
    if x is None:
        return Best(none, none[:0], 0.0, 0.0 if proved else bound, "infeasible" if proved else "limit", False, first_aim.nodes)
    value = float(weight @ x)
    if not later:
        plan = _by_rank(choice, *_plan(case, x, last, fill, kind))
        return Best(*plan, value, max(bound, value), "optimal" if proved else "limit", False, first_aim.nodes)
    # The later aims: a column for each kind and period, as many goals reached as before.
    both = choice.columns(0)
    rows = choice.rows(both)
    for k in np.flatnonzero(np.bincount(both[:, 0], minlength=len(first)) > 1):
        mine = np.flatnonzero(both[:, 0] == k)
        rows.add(mine, np.ones(len(mine)), -np.inf, float(size[k]))
    rows.add(np.arange(len(both)), case.weight[first[both[:, 0]]], value - 1e-6, np.inf)
    plan = _plan(case, x, last, fill, kind)
    timed = reached(case, funded(case, in_order(case, places(case, *plan, np.arange(len(case.goal))))))
    by = np.minimum(np.searchsorted(case.ends, timed), periods - 1)
    at = {(k, y): i for i, (k, y) in enumerate(both.tolist())}
    known = np.append(np.zeros(len(both)), x[len(last) :])
    for goal in np.flatnonzero(plan[0]):
        known[at.get((kind[goal], by[goal]), at[(kind[goal], periods - 1)])] += 1
    upper = np.append(size[both[:, 0]], np.ones(len(fill)))
    waits = np.append(both[:, 1], np.zeros(len(fill)))
    searched, settled = first_aim.nodes, proved
    whole = max(1.0, float(choice.cost.sum() + money[fill].sum()))
    price = np.append(choice.cost[first[both[:, 0]]], money[fill]) / whole
    for aim, most in zip((waits, price), LATER_NODES, strict=True):
        if aim @ known > 0:  # else there is nothing less
            later = _exact(choice, -aim, upper, rows, known, most, both)
            searched, settled = searched + later.nodes, settled and later.proved
            if later.x is not None and aim @ later.x <= aim @ known:
                known = later.x
        some = np.flatnonzero(aim)
        rows.add(some, aim[some], -np.inf, float(aim @ known) + 1e-6)
    plan = _by_rank(choice, *_plan(case, known, both, fill, kind))
    return Best(*plan, value, max(bound, value), "optimal" if proved else "limit", settled, searched)


def _started(case: Central, period: np.ndarray, kind: np.ndarray, columns: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The plan of a rule as a solution of the first aim."""
    done = in_time(case, period)
    count = np.bincount(kind[done], minlength=kind.max(initial=-1) + 1)
    there = (period[fill] <= len(case.ends)) & ~(done[case.goal[fill]] & case.counted[fill])
    return np.append(count[columns[:, 0]], there).astype(float)


def _exact(choice: Choice, cost, upper, rows: Rows, start, nodes: int, columns: np.ndarray) -> Answer:
    """Like :func:`~ntm_analysis.allocation.solver.solve`, whole numbers made whole and every pot kept to the last thousand đồng.

    The solver works with a tolerance; a row that it breaks by less than that is drawn in a little. The first bound stays, and
    what is found then is proved only where it reaches that bound.
    """
    first = answer = solve(cost, upper, rows, start, nodes=nodes)
    searched, proved = first.nodes, first.proved
    for _ in range(9):
        if answer.x is None:
            return replace(first, x=None, proved=proved, nodes=searched)
        x = np.rint(answer.x)
        broken = [row for row, (p, t) in rows.pots.items() if choice.used(x, columns, p, t) > max(choice.room[p][t - 1], 0)]
        if not broken:
            proved = proved or (first.proved and bool(np.asarray(cost) @ x >= first.bound - 1e-6))
            return replace(first, x=x, proved=proved, nodes=searched)
        for row in broken:
            rows.high[row] -= 4 * EXACT
        answer, proved = solve(cost, upper, rows, None, nodes=nodes), False
        searched += answer.nodes
    return replace(first, x=None, proved=False, nodes=searched)


def _whole(bound: float, weight: np.ndarray) -> float:
    """The bound cut to what sums of the weights can be: whole communes where every weight is 1. As it is where a weight has
    more than three decimals."""
    parts = weight[weight > 0] * 1000
    if not len(parts) or np.abs(parts - np.rint(parts)).max() > 1e-6:
        return bound
    unit = np.gcd.reduce(np.rint(parts).astype(np.int64)) / 1000
    return float(np.floor(bound / unit + 1e-6) * unit)


def _plan(case: Central, x: np.ndarray, columns: np.ndarray, fill: np.ndarray, kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A solution as the period by which each goal is reached, and the works funded for the minimum. Of goals that are alike the
    one of the lowest rank is taken first, and is reached first."""
    finish = np.zeros(len(kind), dtype=int)
    for (k, y), number in sorted(zip(map(tuple, columns), x, strict=False), key=lambda pair: pair[0][1]):
        open_ = np.flatnonzero((kind == k) & (finish == 0))
        open_ = open_[np.argsort(case.order[open_])]
        finish[open_[: int(number)]] = y + 1
    return finish, fill[x[len(columns) :] > 0]


def _by_rank(choice: Choice, finish: np.ndarray, fill: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same plan with goals that are alike in every work changed about, so that the lowest rank is reached first. Needed where
    minimums keep them apart in the model."""
    case = choice.case
    if not case.minimum.any():
        return finish, fill
    claims: list[list[tuple[int, int]]] = [[] for _ in case.goal]
    for p, pot in enumerate(case.pots):
        for work, amount in zip(pot.works.tolist(), pot.amounts.tolist(), strict=True):
            if amount:
                claims[work].append((p, amount))
    filled, finish, alike = set(fill.tolist()), finish.copy(), {}
    works = [np.flatnonzero(case.goal == goal).tolist() for goal in range(len(finish))]
    for goal in np.argsort(case.order).tolist():
        told = tuple((int(case.left[w]), bool(case.counted[w]), tuple(sorted(claims[w]))) for w in works[goal])
        own = goal if case.committed[works[goal]].any() else -1  # what is committed is paid in an order of its own
        key = (own, float(case.weight[goal]), int(case.minimum[goal]), choice.open_[goal].tobytes(), told)
        alike.setdefault(key, []).append(goal)
    for goals in alike.values():
        parts = [(int(finish[g]), tuple(i for i, w in enumerate(works[g]) if w in filled)) for g in goals]
        for goal, (period, some) in zip(goals, sorted(parts, key=lambda part: (part[0] or NEVER, part[1])), strict=True):
            finish[goal] = period
            filled -= set(works[goal])
            filled |= {works[goal][i] for i in some}
    return finish, np.array(sorted(filled), dtype=int)


def places(case: Central, finish: np.ndarray, fill: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The order of works that carries a plan out: by work its place, 0 first.

    Committed works first, in their own order; then the works of goals that are to be reached, each as late as it may be funded
    (of one period those of the goal reached first); then what is funded for the minimum; then all others as ``base`` has them.
    """
    last, periods = latest(case), len(case.ends)
    until = np.where(case.goal >= 0, finish[np.maximum(case.goal, 0)], 0)
    chosen = (until > 0) & case.counted & ~case.committed
    when = np.where(chosen, last[np.arange(len(last)), np.maximum(until - 1, 0)], periods + 1)
    extra = np.zeros(len(case.goal), dtype=bool)
    extra[fill] = True
    group = np.select([case.committed, chosen, extra & ~chosen], [0, 1, 2], 3)
    ranked = np.lexsort(
        [
            case.queue(base),
            np.where(chosen, case.order[case.goal], 0),
            np.where(chosen, until, 0),
            np.where(chosen, when, 0),
            group,
        ]
    )
    made = np.empty(len(ranked), dtype=np.int64)
    made[ranked] = np.arange(len(ranked))
    return made


def relaxed_prices(case: Central) -> dict[tuple[int, int], float]:
    """The relaxed price of each pot and period: weighted goals more for one unit (thousand đồng, tonne) more from that period on,
    in the linear relaxation of the first aim. Rows without a price are not short."""
    choice = Choice(case)
    _, weight, upper, rows = choice.first_aim()
    duals = solve(weight, upper, rows, integer=False).duals
    found = {place: abs(duals[row]) / max(choice.room[place[0]][place[1] - 1], 1) for row, place in rows.pots.items()}
    periods = len(case.ends)
    made = {}
    for p in range(len(case.pots)):
        # Money of a period is there later too.
        worth = np.cumsum([found.get((p, t), 0.0) for t in range(periods, 0, -1)])[::-1]
        made |= {(p, t + 1): float(price) for t, price in enumerate(worth) if price > 0}
    return made

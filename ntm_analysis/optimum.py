"""The best plan under the money there is, found and bounded by HiGHS.

Money adds up over the periods. So a goal that is to be reached by some period may have each of its works funded in the last
period that still lets it end in time, and nothing is lost by it: one column for each goal and period is enough, against one row
for each pot and period, and only where the money may run short. Goals that claim the same from the same pots share an integer
column. Committed works are paid first, so that what they claim is taken off their pots.

Aims, one after the other: the weighted number of goals reached by the deadline (the gap is this one's); then earliest; then least
money. The plan is an order of works (:func:`places`), timed by the queue like every other policy.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import highspy
import numpy as np

from .central import Central, funded, in_order, in_time, latest, reached

# Limits: nodes of the first aim, nodes of each later one, iterations of one linear programme.
NODES, LATER_NODES, ITERATIONS = 20_000, (400, 200), 2_000_000
EXACT = 1e-9  # tolerance of a row scaled to 1: less than a thousand đồng in a pot of a thousand tỷ
FEASIBLE = 2  # what HiGHS says of a solution that keeps every row


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
    def gap(self) -> float:
        """(bound - value) / value; 0 where both are nothing."""
        return 0.0 if self.bound <= self.value else (self.bound - self.value) / max(self.value, 1e-9)


@dataclass
class _Rows:
    """Rows of a model: row number, column and coefficient of each entry, lower and upper end of each row, names of pot rows."""

    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    pots: dict[int, tuple[int, int]] = field(default_factory=dict)  # row: (pot, period from 1)

    def add(self, columns: np.ndarray, values: np.ndarray, low: float, high: float) -> int:
        self.entries.append((np.full(len(columns), len(self.low)), columns, values))
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1


class Choice:
    """What may be chosen in a central case: the columns and rows of the model.

    ``demand``: by pot the goals that claim from it and what each claims by the end of period t if it is to be reached by period
    y: goals x y x t. ``room``: by pot the money that committed works leave, by period. ``open_``: goals x y, what is not ruled
    out by lead time or by committed works that are paid too late.
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

    def rows(self, columns: np.ndarray, fill: np.ndarray) -> _Rows:
        """The rows over ``columns`` (kind, period from 0) and after them the works that may be funded for the minimum."""
        case, made = self.case, _Rows()
        kind, first = self.kinds
        goal, until = first[columns[:, 0]], columns[:, 1]
        size = np.bincount(kind)[columns[:, 0]]
        place = np.full(len(case.goal), -1)
        place[fill] = len(columns) + np.arange(len(fill))
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
        return made


class _Quiet(highspy.Highs):
    """HiGHS without the line about itself that it prints before anyone can ask it not to."""

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()


@dataclass(frozen=True)
class _Answer:
    """What the solver says: the solution (None: there is none), the bound, whether that is proved, nodes searched, row duals."""

    x: np.ndarray | None
    bound: float
    proved: bool
    nodes: int
    duals: np.ndarray


def _solve(cost, upper, rows: _Rows, start=None, integer: bool = True, nodes: int = NODES) -> _Answer:
    """Maximise ``cost`` over whole numbers 0..``upper`` that keep the rows."""
    n, none = len(cost), np.zeros(0)
    if not n:
        fits = all(low <= 0 <= high for low, high in zip(rows.low, rows.high, strict=True))
        return _Answer(none if fits else None, 0.0, True, 0, np.zeros(len(rows.low)))
    model, solver = highspy.HighsLp(), _Quiet()
    model.num_col_, model.num_row_ = n, len(rows.low)
    model.col_cost_, model.col_upper_ = np.asarray(cost, dtype=float), np.asarray(upper, dtype=float)
    model.col_lower_, model.row_lower_, model.row_upper_ = np.zeros(n), np.array(rows.low), np.array(rows.high)
    model.sense_ = highspy.ObjSense.kMaximize
    if rows.entries:
        _, columns, values = (np.concatenate(part) for part in zip(*rows.entries, strict=True))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.append(0, np.cumsum([len(e[1]) for e in rows.entries])).astype(np.int32)
        model.a_matrix_.index_, model.a_matrix_.value_ = columns.astype(np.int32), values.astype(float)
    if integer:
        model.integrality_ = [highspy.HighsVarType.kInteger] * n
    # Without presolve: with it HiGHS 1.16 may take a start from which presolve has fixed a column away for better than it is, and
    # call it optimal (tests/test_optimum.py has the case). One thread and one seed: the same plan on every machine.
    options = {"threads": 1, "random_seed": 0, "presolve": "off", "mip_rel_gap": 0.0, "mip_abs_gap": 1e-6,
               "mip_max_nodes": nodes, "simplex_iteration_limit": ITERATIONS, "primal_feasibility_tolerance": EXACT,
               "mip_feasibility_tolerance": EXACT}  # fmt: skip
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = list(np.asarray(start, dtype=float))
        solver.setSolution(known)
    solver.run()
    info, found = solver.getInfo(), solver.getSolution()
    x = np.array(found.col_value) if info.primal_solution_status == FEASIBLE else None
    proved = solver.getModelStatus() in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
    bound = info.mip_dual_bound if integer else info.objective_function_value
    return _Answer(x, float(bound), proved, int(info.mip_node_count) if integer else 0, np.array(found.row_dual))


def optimum(
    case: Central, start: np.ndarray | None = None, nodes: int = NODES, ruled_out: np.ndarray | None = None
) -> Best:
    """The best plan of a central case. ``start``: by work the periods in which the best rule funds it; ``nodes``: the most that
    the first aim may search; ``ruled_out``: goals that shall not be reached by the plan.

    >>> from ntm_analysis.central import Pot
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
    money = case.money_of_works()
    needy = (case.goal >= 0) & ~case.committed & (money > 0)
    needy[needy] = case.minimum[case.goal[needy]] > 0
    fill = np.flatnonzero(needy)
    # The first aim: a column for each kind, to be reached by the deadline.
    every = [(k, periods - 1) for k in range(len(first)) if choice.open_[first[k], -1]]
    last = np.array(every, dtype=int).reshape(-1, 2)
    rows = _with_minimum(choice, last, fill, choice.rows(last, fill), money)
    weight = np.append(case.weight[first[last[:, 0]]], np.zeros(len(fill)))
    upper = np.append(size[last[:, 0]], np.ones(len(fill)))
    known = None if start is None else _started(case, start, kind, last, fill)
    first_aim = _exact(choice, weight, upper, rows, known, nodes, last, fill)
    x, bound, proved = first_aim.x, first_aim.bound, first_aim.proved
    none = np.zeros(len(case.weight), dtype=int)
    bound = _whole(min(bound, float(weight @ upper)), case.weight)
    if x is None:
        return Best(
            none, none[:0], 0.0, 0.0 if proved else bound, "infeasible" if proved else "limit", False, first_aim.nodes
        )
    value = float(weight @ x)
    # The later aims: a column for each kind and period, as many goals reached as before.
    every = [(k, y) for k in range(len(first)) for y in range(periods) if choice.open_[first[k], y]]
    both = np.array(every, dtype=int).reshape(-1, 2)
    rows = _with_minimum(choice, both, fill, choice.rows(both, fill), money)
    for k in np.flatnonzero(np.bincount(both[:, 0], minlength=len(first)) > 1):
        mine = np.flatnonzero(both[:, 0] == k)
        rows.add(mine, np.ones(len(mine)), -np.inf, float(size[k]))
    rows.add(np.arange(len(both)), case.weight[first[both[:, 0]]], value - 1e-6, np.inf)
    plan = _plan(x, last, fill, kind, periods)
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
            later = _exact(choice, -aim, upper, rows, known, most, both, fill)
            searched, settled = searched + later.nodes, settled and later.proved
            if later.x is not None and aim @ later.x <= aim @ known:
                known = later.x
        some = np.flatnonzero(aim)
        rows.add(some, aim[some], -np.inf, float(aim @ known) + 1e-6)
    plan = _plan(known, both, fill, kind, periods)
    return Best(*plan, value, max(bound, value), "optimal" if proved else "limit", settled, searched)


def _with_minimum(choice: Choice, columns: np.ndarray, fill: np.ndarray, rows: _Rows, money: np.ndarray) -> _Rows:
    """The rows, and those of the minimum of each unfinished commune."""
    case, (_, first) = choice.case, choice.kinds
    done = np.flatnonzero(case.committed & (choice.committed <= len(case.ends)) & (case.goal >= 0))
    held = np.bincount(case.goal[done], weights=money[done], minlength=len(case.weight))
    for goal in np.flatnonzero(case.minimum > held):
        mine = np.flatnonzero(first[columns[:, 0]] == goal)
        works = len(columns) + np.flatnonzero(case.goal[fill] == goal)
        values = np.append(np.full(len(mine), choice.cost[goal]), money[fill[works - len(columns)]])
        scale = float(case.minimum[goal] - held[goal])
        rows.add(np.append(mine, works), values / scale, 1.0, np.inf)
        for work in works[case.counted[fill[works - len(columns)]]] if len(mine) else []:
            rows.add(np.append(mine, work), np.ones(len(mine) + 1), -np.inf, 1.0)
    return rows


def _started(case: Central, period: np.ndarray, kind: np.ndarray, columns: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """The plan of a rule as a solution of the first aim."""
    done = in_time(case, period)
    count = np.bincount(kind[done], minlength=kind.max(initial=-1) + 1)
    there = (period[fill] <= len(case.ends)) & ~(done[case.goal[fill]] & case.counted[fill])
    return np.append(count[columns[:, 0]], there).astype(float)


def _exact(
    choice: Choice, cost, upper, rows: _Rows, start, nodes: int, columns: np.ndarray, fill: np.ndarray
) -> _Answer:
    """Like :func:`_solve`, whole numbers made whole and every pot kept to the last thousand đồng.

    The solver works with a tolerance; a row that it breaks by less than that is drawn in a little. The first bound stays, and
    what is found then is proved only where it reaches that bound.
    """
    first = answer = _solve(cost, upper, rows, start, nodes=nodes)
    searched, proved = first.nodes, first.proved
    for _ in range(9):
        if answer.x is None:
            return replace(first, x=None, proved=proved, nodes=searched)
        x = np.rint(answer.x)
        broken = [
            row
            for row, (p, t) in rows.pots.items()
            if _used(choice, x, columns, fill, p, t) > max(choice.room[p][t - 1], 0)
        ]
        if not broken:
            proved = proved or (first.proved and bool(np.asarray(cost) @ x >= first.bound - 1e-6))
            return replace(first, x=x, proved=proved, nodes=searched)
        for row in broken:
            rows.high[row] -= 4 * EXACT
        answer, proved = _solve(cost, upper, rows, None, nodes=nodes), False
        searched += answer.nodes
    return replace(first, x=None, proved=False, nodes=searched)


def _used(choice: Choice, x: np.ndarray, columns: np.ndarray, fill: np.ndarray, p: int, t: int) -> int:
    """What a solution claims from a pot by the end of a period, exactly."""
    who, wants = choice.demand[p]
    goal = choice.kinds[1][columns[:, 0]]
    mine = np.flatnonzero(np.isin(goal, who) & (x[: len(columns)] > 0))
    total = int((wants[np.searchsorted(who, goal[mine]), columns[mine, 1], t - 1] * x[mine].astype(np.int64)).sum())
    if t == len(choice.case.ends) and len(fill):
        pot = choice.case.pots[p]
        total += int(pot.amounts[np.isin(pot.works, fill[x[len(columns) :] > 0])].sum())
    return total


def _whole(bound: float, weight: np.ndarray) -> float:
    """The bound cut to what sums of the weights can be: whole communes where every weight is 1. As it is where a weight has
    more than three decimals."""
    parts = weight[weight > 0] * 1000
    if not len(parts) or np.abs(parts - np.rint(parts)).max() > 1e-6:
        return bound
    unit = np.gcd.reduce(np.rint(parts).astype(np.int64)) / 1000
    return float(np.floor(bound / unit + 1e-6) * unit)


def _plan(
    x: np.ndarray, columns: np.ndarray, fill: np.ndarray, kind: np.ndarray, periods: int
) -> tuple[np.ndarray, np.ndarray]:
    """A solution as the period by which each goal is reached, and the works funded for the minimum. Of goals that are alike the
    first in administrative order is taken first, and is reached first."""
    finish = np.zeros(len(kind), dtype=int)
    for (k, y), number in sorted(zip(map(tuple, columns), x, strict=False), key=lambda pair: pair[0][1]):
        open_ = np.flatnonzero((kind == k) & (finish == 0))
        finish[open_[: int(number)]] = y + 1
    return finish, fill[x[len(columns) :] > 0]


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
        [case.queue(base), np.where(chosen, case.goal, 0), np.where(chosen, until, 0), np.where(chosen, when, 0), group]
    )
    made = np.empty(len(ranked), dtype=np.int64)
    made[ranked] = np.arange(len(ranked))
    return made


def relaxed_prices(case: Central, start: np.ndarray | None = None) -> dict[tuple[int, int], float]:
    """The relaxed price of each pot and period: weighted goals more for one unit (thousand đồng, tonne) more from that period on,
    in the linear relaxation of the first aim. Rows without a price are not short."""
    choice = Choice(case)
    kind, first = choice.kinds
    every = [(k, len(case.ends) - 1) for k in range(len(first)) if choice.open_[first[k], -1]]
    last = np.array(every, dtype=int).reshape(-1, 2)
    rows, size = choice.rows(last, np.zeros(0, dtype=int)), np.bincount(kind)
    weight = case.weight[first[last[:, 0]]]
    duals = _solve(weight, size[last[:, 0]], rows, integer=False).duals
    found = {place: abs(duals[row]) / max(choice.room[place[0]][place[1] - 1], 1) for row, place in rows.pots.items()}
    periods = len(case.ends)
    made = {}
    for p in range(len(case.pots)):
        # Money of a period is there later too.
        worth = np.cumsum([found.get((p, t), 0.0) for t in range(periods, 0, -1)])[::-1]
        made |= {(p, t + 1): float(price) for t, price in enumerate(worth) if price > 0}
    return made

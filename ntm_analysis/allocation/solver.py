"""The solver behind one door: whole numbers that keep some rows and make the most of a sum.

HiGHS, limited by nodes and iterations, never by time, on one thread and one seed: the same answer
wherever the lock file is the same.
"""

from dataclasses import dataclass, field

import highspy
import numpy as np

ITERATIONS = 2_000_000  # of one linear programme
EXACT = 1e-9  # tolerance of a row scaled to 1: less than a thousand dong in a thousand billion
NODES = 5_000  # of one search
FEASIBLE = 2  # what HiGHS says of a solution that keeps every row


@dataclass
class Rows:
    """Rows of a model: columns and coefficients of each, the most that each may come to."""

    entries: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, columns: np.ndarray, values: np.ndarray, high: float) -> int:
        """Add a row; its number."""
        self.entries.append((columns, values))
        self.high.append(high)
        return len(self.high) - 1

    def add_dense(self, values: np.ndarray, high: float) -> int:
        """Add a row given over all columns; its number."""
        some = np.flatnonzero(values)
        return self.add(some, values[some], high)


class _Quiet(highspy.Highs):
    """HiGHS without the line about itself that it prints before anyone can ask it not to."""

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()


@dataclass(frozen=True)
class Solution:
    """What the solver says.

    Attributes
    ----------
    x : ndarray or None
        None: there is none.
    bound : float
        What no solution exceeds.
    proved : bool
        Whether the search came to its end.
    nodes : int
        Nodes searched.
    duals : ndarray
        By row, of a linear programme.
    """

    x: np.ndarray | None
    bound: float
    proved: bool
    nodes: int
    duals: np.ndarray


def solve(
    cost: np.ndarray,
    upper: np.ndarray,
    rows: Rows,
    *,
    start: np.ndarray | None = None,
    whole: bool = True,
    nodes: int = NODES,
) -> Solution:
    """Maximise ``cost`` over (whole) numbers 0..``upper`` that keep the rows.

    Examples
    --------
    >>> rows = Rows()
    >>> rows.add(np.array([0, 1]), np.array([2.0, 3.0]), 4.0)
    0
    >>> solve(np.array([1.0, 1.0]), np.array([1.0, 1.0]), rows).x.astype(int).tolist()
    [1, 0]
    """
    n = len(cost)
    if not n:
        fits = all(high >= 0 for high in rows.high)
        return Solution(np.zeros(0) if fits else None, 0.0, True, 0, np.zeros(len(rows.high)))
    model, solver = highspy.HighsLp(), _Quiet()
    model.num_col_, model.num_row_ = n, len(rows.high)
    model.col_cost_, model.col_upper_ = np.asarray(cost, float), np.asarray(upper, float)
    model.col_lower_ = np.zeros(n)
    model.row_lower_, model.row_upper_ = np.full(len(rows.high), -np.inf), np.array(rows.high)
    model.sense_ = highspy.ObjSense.kMaximize
    if rows.entries:
        columns, values = (np.concatenate(part) for part in zip(*rows.entries, strict=True))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        starts = np.cumsum([0, *(len(entry[0]) for entry in rows.entries)])
        model.a_matrix_.start_ = starts.astype(np.int32)
        model.a_matrix_.index_ = columns.astype(np.int32)
        model.a_matrix_.value_ = values.astype(float)
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * n
    # Without presolve: with it HiGHS 1.16 may take a start from which presolve has fixed a column
    # away for better than it is, and call it optimal (tests/allocation has the case).
    options = {
        "threads": 1,
        "random_seed": 0,
        "presolve": "off",
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-6,
        "mip_max_nodes": nodes,
        "simplex_iteration_limit": ITERATIONS,
        "primal_feasibility_tolerance": EXACT,
        "mip_feasibility_tolerance": EXACT,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = list(np.asarray(start, dtype=float))
        solver.setSolution(known)
    solver.run()
    info, solution = solver.getInfo(), solver.getSolution()
    x = np.array(solution.col_value) if info.primal_solution_status == FEASIBLE else None
    ends = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
    bound = info.mip_dual_bound if whole else info.objective_function_value
    searched = int(info.mip_node_count) if whole else 0
    duals = np.array(solution.row_dual)
    return Solution(x, float(bound), solver.getModelStatus() in ends, searched, duals)

"""The solver behind one door: whole numbers that keep some rows and make the most of a sum, by HiGHS.

Limited by nodes and iterations, never by time, on one thread and one seed: the same answer wherever the lock file is the same.
"""

from dataclasses import dataclass, field

import highspy
import numpy as np

ITERATIONS = 2_000_000  # of one linear programme
EXACT = 1e-9  # tolerance of a row scaled to 1: less than a thousand đồng in a pot of a thousand tỷ
FEASIBLE = 2  # what HiGHS says of a solution that keeps every row


@dataclass
class Rows:
    """Rows of a model: columns and coefficients of each, lower and upper end of each, which are of pots."""

    entries: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    pots: dict[int, tuple[int, int]] = field(default_factory=dict)  # row: (pot, period from 1)

    def add(self, columns: np.ndarray, values: np.ndarray, low: float, high: float) -> int:
        self.entries.append((columns, values))
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def kept(self, x: np.ndarray) -> bool:
        """Whether a solution keeps every row."""
        sums = np.array([values @ x[columns] for columns, values in self.entries])
        return bool((sums >= np.array(self.low) - EXACT).all() and (sums <= np.array(self.high) + EXACT).all())


class _Quiet(highspy.Highs):
    """HiGHS without the line about itself that it prints before anyone can ask it not to."""

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()


@dataclass(frozen=True)
class Answer:
    """What the solver says: the solution (None: there is none), the bound, whether that is proved, nodes searched, row duals."""

    x: np.ndarray | None
    bound: float
    proved: bool
    nodes: int
    duals: np.ndarray


def solve(cost, upper, rows: Rows, start=None, integer: bool = True, nodes: int = 0) -> Answer:
    """Maximise ``cost`` over whole numbers 0..``upper`` that keep the rows."""
    n, none = len(cost), np.zeros(0)
    if not n:
        fits = all(low <= 0 <= high for low, high in zip(rows.low, rows.high, strict=True))
        return Answer(none if fits else None, 0.0, True, 0, np.zeros(len(rows.low)))
    model, solver = highspy.HighsLp(), _Quiet()
    model.num_col_, model.num_row_ = n, len(rows.low)
    model.col_cost_, model.col_upper_ = np.asarray(cost, dtype=float), np.asarray(upper, dtype=float)
    model.col_lower_, model.row_lower_, model.row_upper_ = np.zeros(n), np.array(rows.low), np.array(rows.high)
    model.sense_ = highspy.ObjSense.kMaximize
    if rows.entries:
        columns, values = (np.concatenate(part) for part in zip(*rows.entries, strict=True))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.append(0, np.cumsum([len(e[0]) for e in rows.entries])).astype(np.int32)
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
    return Answer(x, float(bound), proved, int(info.mip_node_count) if integer else 0, np.array(found.row_dual))

"""The solver behind one door: whole numbers that keep some rows and make the most of a sum.

HiGHS, limited by nodes and iterations, never by time, on one thread and one seed: the same answer
wherever the lock file is the same.
"""

from collections import namedtuple
from functools import cache

import numpy as np

ITERATIONS = 2_000_000  # of one linear programme
EXACT = 1e-9  # tolerance of a row scaled to 1: less than a thousand dong in a thousand billion
NODES = 5_000  # of one search
FEASIBLE = 2  # what HiGHS says of a solution that keeps every row


@cache
def _highs():
    """The solver's library, loaded only for a plan, and its solver without a line about itself.

    HiGHS prints that line before anyone can ask it not to.
    """
    import highspy

    class Quiet(highspy.Highs):
        def enableCallbacks(self):  # noqa: N802 - the library calls it so
            self.silent()
            super().enableCallbacks()

    return highspy, Quiet


class Solution(namedtuple("Solution", "x bound proved nodes duals")):
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


def solve(cost, upper, rows, *, whole=True, nodes=NODES):
    """Maximise ``cost`` over (whole) numbers 0..``upper`` that keep the rows.

    Parameters
    ----------
    cost, upper : ndarray
        By column.
    rows : list of tuple
        Of each its coefficients by column, and the most that it may come to.
    whole : bool
        False: the linear programme.
    nodes : int
        The most that may be searched.

    Returns
    -------
    Solution

    Examples
    --------
    >>> rows = [(np.array([2.0, 3.0]), 4.0)]
    >>> solve(np.array([1.0, 1.0]), np.array([1.0, 1.0]), rows).x.astype(int).tolist()
    [1, 0]
    """
    if not len(cost):  # which HiGHS does not call solved
        return Solution(np.zeros(0), 0.0, True, 0, np.zeros(len(rows)))
    highspy, quiet = _highs()
    solver = quiet()
    for column, most in enumerate(upper):
        solver.addCol(cost[column], 0.0, most, 0, [], [])
        if whole:
            solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    for values, high in rows:
        columns = np.flatnonzero(values)
        solver.addRow(-np.inf, high, len(columns), columns, values[columns].astype(float))
    # With presolve HiGHS comes to another of the plans that tie, hardly sooner.
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
    solver.run()
    info, solution = solver.getInfo(), solver.getSolution()
    x = np.array(solution.col_value) if info.primal_solution_status == FEASIBLE else None
    ends = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
    bound = info.mip_dual_bound if whole else info.objective_function_value
    proved, duals = solver.getModelStatus() in ends, np.array(solution.row_dual)
    return Solution(x, float(bound), proved, int(info.mip_node_count), duals)

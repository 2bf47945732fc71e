"""Arrays of communes x criteria that the grains of facts fill in turn."""

import numpy as np
import pandas as pd

from .indicators import BASIC, MET, NEVER, NOT_APPLICABLE, NOT_MET, UNKNOWN

BASES = ("none", "reported", "indicators", "count", "recognition")
NONE, REPORTED, INDICATORS, COUNT, RECOGNITION = range(5)


def counts_as_met(state: np.ndarray, basic: bool = False) -> np.ndarray:
    """Met or not applicable; basically met too where ``basic`` says so.

    >>> counts_as_met(np.array([MET, BASIC, NOT_MET])).tolist(), counts_as_met(np.array([BASIC]), basic=True).tolist()
    ([True, False, False], [True])
    """
    return (state == MET) | (state == NOT_APPLICABLE) | ((state == BASIC) & basic)


def lacking(state: np.ndarray, basic: bool = False) -> np.ndarray:
    """Not met, or only basically met unless ``basic`` says that this is enough."""
    return (state == NOT_MET) | ((state == BASIC) & (not basic))


class Grid:
    """State, basis, date, source, mark and checked of every commune x criterion; empty at first."""

    def __init__(self, units: int, criteria: int) -> None:
        shape = (units, criteria)
        self.state = np.full(shape, UNKNOWN, dtype=np.int8)
        self.basis = np.full(shape, NONE, dtype=np.int8)
        self.date = np.full(shape, NEVER)
        self.source = np.full(shape, "", dtype=object)
        self.mark = np.full(shape, "", dtype=object)
        self.checked = np.ones(shape, dtype=bool)

    def put(self, facts: dict[str, np.ndarray], basis: int, where: np.ndarray | None = None) -> None:
        """Take over states (arrays of the grid's shape) where they are known, or only at ``where``."""
        where = facts["state"] != UNKNOWN if where is None else where
        self.basis[where] = basis
        for name in ("state", "date", "source", "mark", "checked"):
            getattr(self, name)[where] = facts[name][where]

    def fill(self, where: np.ndarray, state: int, basis: int, facts: pd.DataFrame) -> None:
        """Give one state to all cells ``where``, on the strength of each commune's row of ``facts``."""
        self.state[where], self.basis[where], self.checked[where] = state, basis, True
        dates = facts["date"].to_numpy().astype("datetime64[s]")
        for name, values in (("date", dates), *((c, facts[c].to_numpy(dtype=object)) for c in ("source", "mark"))):
            getattr(self, name)[where] = np.broadcast_to(values[:, None], where.shape)[where]

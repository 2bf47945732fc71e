"""Counts that name no criterion ("11 of 15"): what follows from them beside the list of what is known by name."""

import numpy as np
import pandas as pd

from .grid import COUNT, Grid, counts_as_met, lacking
from .indicators import MET, NOT_MET, UNKNOWN
from .problems import Problem


def newest_counts(rows: pd.DataFrame, communes: int) -> pd.DataFrame:
    """Each commune's newest count by position (NaN without one): met, of, date, source, mark, row, reported_met, counted.

    ``rows``: the counts of one set, the newest last, with each commune's position ``at``.
    """
    table = rows.drop_duplicates("at", keep="last").set_index("at").reindex(np.arange(communes))
    return table.assign(reported_met=table["met"], counted=table["met"].notna())


def counted_states(grid: Grid, then: np.ndarray, counted: pd.DataFrame, labels: np.ndarray, basic_counts: bool) -> list[Problem]:
    """Fill ``grid`` where the names of the rest follow from a count, and move the counts on to today.

    ``then``: the states known by name on the day of each count; only those are held against it, so that later changes do not
    make an old count look wrong. ``counted["met"]`` gains what was missing then and is met now, loses what was met then and
    is missing now, and becomes NaN (``counted`` False) where the count disagreed with its list.

    A count c of n with m named met and k named missing: k = n - c makes the rest met, m = c makes the rest missing.
    Returns a warning, with both figures, for each count with m > c or k > n - c.
    """
    count, of = counted["met"].to_numpy(dtype=float), then.shape[1]
    was_met, was_missing = counts_as_met(then), lacking(then)
    met, missing = was_met.sum(axis=1), was_missing.sum(axis=1)
    disagrees = (met > count) | (missing > of - count)
    contradictions = []
    for index in np.flatnonzero(disagrees):
        listed = f"{met[index]} + {missing[index]} + {of - met[index] - missing[index]} (Đ + C + ...)"
        details = {"unit": labels[index], "count": f"{count[index]:g}/{of}", "listed": listed}
        place = ("count_against_list", "criterion_counts.csv", int(counted["row"].iloc[index]), "met")
        contradictions.append(Problem(*place, details, warning=True))
    gained = (was_missing & counts_as_met(grid.state, basic_counts)).sum(axis=1)
    lost = (was_met & lacking(grid.state, basic_counts)).sum(axis=1)
    rest_met = ~disagrees & (missing == of - count)
    rest_missing = ~disagrees & ~rest_met & (met == count)
    nameless = grid.state == UNKNOWN
    grid.fill(nameless & rest_met[:, None], MET, COUNT, counted)
    grid.fill(nameless & rest_missing[:, None], NOT_MET, COUNT, counted)
    counted["met"] = np.where(disagrees, np.nan, count + gained - lost)
    counted["counted"] = counted["met"].notna()
    return contradictions

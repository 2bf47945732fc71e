"""Criteria that come of themselves: indicators whose own trend crosses their threshold, which may move from year to year.

A missing criterion without works follows its trend when every test it fails is a number reported at least twice, half a year
or more apart, and moving the right way; else it waits by the pooled pace.
"""

import datetime as dt

import numpy as np
import pandas as pd

from .assess import assess
from .criteria import thresholds
from .indicators import values_of
from .queue import NEVER
from .workbook import Workbook

APART = 182  # days between the first and the last figure that a trend needs at least


def trends(workbook: Workbook, set_id: str, units: list[int], last_year: int) -> pd.DataFrame:
    """The failing tests of criteria that follow their trend: at (place in ``units``), criterion, test, since (months from
    the last figure to the as-of date), slope (improvement a year, in the test's own unit), lacks (a tuple: what is lacking
    against the threshold of the as-of year, the next, ... ``last_year``; NaN where that threshold is not known).

    >>> found = trends(Workbook.open("data/huyen-mau"), "ntm-2021-2025", [4], 2025)
    >>> found[["criterion", "test"]].values.tolist()
    [[10, '10']]
    """
    columns = ["at", "criterion", "test", "since", "slope", "lacks"]
    if not len(workbook.tables["indicator_values"]) or not units:
        return pd.DataFrame(columns=columns)
    standing = assess(workbook, set_id, carry=True)
    tests = standing.tests[standing.tests["unit"].isin(units)]
    failing = tests[tests["verdict"] == "not_met"]
    states = standing.states.set_index(["unit", "criterion"])
    regions = dict.fromkeys(standing.regions[units])
    levels = {
        region: [_levels(workbook, set_id, region, year) for year in range(workbook.as_of.year, last_year + 1)]
        for region in regions
    }
    position = pd.Series(np.arange(len(units)), index=units)
    frame = next(iter(standing.thresholds.values()))
    values = values_of(workbook, set_id, position, frame, carry=True).dropna(subset="value")
    names = frame["test"].to_numpy()
    history = {key: part for key, part in values.groupby(["at", values["column"].map(lambda c: names[c])])}
    rows, refused = [], set()
    for test in failing.to_dict("records"):
        at, key = int(position[test["unit"]]), (test["unit"], test["criterion"])
        told = history.get((at, test["test"]), values.iloc[:0])
        days = (told["date"].iloc[-1] - told["date"].iloc[0]).days if len(told) else 0
        sign = -1.0 if test["op"] == "<=" else 1.0
        change = sign * (told["value"].iloc[-1] - told["value"].iloc[0]) if len(told) else 0.0
        if days < APART or change <= 0 or states.loc[key, "open"] or states.loc[key, "basis"] != "indicators":
            refused.add(key)
            continue
        lacks = tuple(
            sign * (level.get(test["test"], np.nan) - test["value"]) for level in levels[standing.regions[test["unit"]]]
        )
        since = (workbook.as_of.year - test["date"].year) * 12 + workbook.as_of.month - test["date"].month
        rows.append((key, at, int(test["criterion"]), test["test"], since, change / days * 365.25, lacks))
    return pd.DataFrame([row[1:] for row in rows if row[0] not in refused], columns=columns)


def _levels(workbook: Workbook, set_id: str, region: str, year: int) -> dict[str, float]:
    """The thresholds of one year's end, by test, as known on the as-of date."""
    found = thresholds(workbook.law, set_id, region, dt.date(year, 12, 31), workbook.as_of)
    return found.loc[found["kind"] == "number"].set_index("test")["value"].astype(float).to_dict()


def crossing_months(lacks: tuple[float, ...], slope: np.ndarray, since: int, as_of_month: int) -> np.ndarray:
    """The month from which a value holds its threshold for good: int64, like ``slope`` (improvement a year); at least 1.

    In month t the value has risen by slope x (t + since) / 12 over the last figure. ``lacks``: by year, from the as-of year
    on, what that figure lacks; the last year's threshold stays in force. A year whose threshold is not known asks what the
    year before it did.

    >>> crossing_months((2.0, 5.0), np.array([12.0, 1.2]), 0, 3).tolist()
    [2, 50]
    >>> crossing_months((2.0, 5.0), np.array([3.0]), 0, 3).tolist()
    [20]
    """
    last_fail = np.zeros(slope.shape)
    known = 0.0
    for place, lack in enumerate(lacks):
        known = known if np.isnan(lack) else lack
        begin = max(1, 12 * place - as_of_month + 1)
        end = 12 * (place + 1) - as_of_month if place < len(lacks) - 1 else NEVER
        fails = np.minimum(
            np.ceil(np.divide(12 * known, slope, out=np.full(slope.shape, float(NEVER)), where=slope > 0) - since) - 1, end
        )
        last_fail = np.where(fails >= begin, np.maximum(last_fail, fails), last_fail)
    return np.clip(last_fail + 1, 1, NEVER).astype(np.int64)

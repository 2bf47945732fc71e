"""The yearly rules of the district, commune by commune: met, not met, or no data, and why. No data is never "not met"."""

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from .assess import Standing
from .monthly import dated_by
from .names import fold
from .workbook import Workbook

HAMLET_WORDS = ("xóm", "thôn", "bản", "làng", "ấp", "buôn", "tổ dân phố")


def measure_of(rule: pd.Series) -> str:
    """What a rule counts by its unit: criteria, hamlets, or "" for a rule without a quantity or with another unit.

    >>> [measure_of(pd.Series({"unit_vi": unit, "quantity": n})) for unit, n in (("tiêu chí", 2), ("Xóm", 1), ("mô hình", 1))]
    ['criteria', 'hamlets', '']
    """
    unit = fold(rule["unit_vi"]) if pd.notna(rule["quantity"]) else ""
    if unit == fold("tiêu chí"):
        return "criteria"
    return "hamlets" if unit in {fold(word) for word in HAMLET_WORDS} else ""


def before_year(workbook: Workbook, year: int) -> Workbook:
    """The workbook with the newest facts dated before the year's start."""
    return dated_by(workbook, dt.date(year - 1, 12, 31))


def bounds(workbook: Workbook, standing: Standing, unit: int) -> tuple[float, float]:
    """The least and the most criteria that a commune can meet by what is known; NaN twice where nothing is.

    Criteria without a state may be met, except where the newest fact is a count: that is the number itself.
    """
    row = standing.counts.loc[unit]
    if pd.isna(row["met"]):
        return np.nan, np.nan
    told = workbook.tables["criterion_counts"]
    told = told.loc[(told["unit"] == unit) & (told["set"] == standing.set_id), "date"]
    exact = row["counted"] and len(told) and told.max() >= row["date"]
    return float(row["met"]), float(row["met"] + (0 if exact else row["unknown"]))


def verdict(low: float, high: float, quantity: float) -> str:
    """Met when the least possible gain suffices, not met when the most possible does not, else no data.

    >>> verdict(2, 2, 2), verdict(0, 1, 2), verdict(1, 3, 2), verdict(np.nan, np.nan, 1)
    ('met', 'not_met', 'no_data', 'no_data')
    """
    return "met" if low >= quantity else "not_met" if high < quantity else "no_data"


def judge_rule(
    rule: pd.Series, units: Iterable[int], workbook: Workbook, before: Standing, now: Standing, then: Workbook
) -> pd.DataFrame:
    """A rule judged for the communes that it covers: unit, verdict, reason, of, before, now, low, high (least and most gain).

    Criteria: met by the newest facts before the year's start (``then``, ``before``) against now, where a fact of this year
    exists. Hamlets: recognised as NTM within the year; those without a level may have been. ``reason``: counted, range (the
    figures leave it open), no_start, no_year (nothing reported within the year), no_hamlets, no_measure.
    """
    measure, rows = measure_of(rule), []
    for unit in units:
        made = {"unit": unit, "of": now.counts.loc[unit, "of"], "before": np.nan, "now": np.nan, "low": np.nan, "high": np.nan}
        if measure == "criteria":
            made |= _criteria(unit, int(rule["year"]), workbook, before, now, then)
        elif measure == "hamlets":
            made |= _hamlets(unit, int(rule["year"]), workbook)
        else:
            made["reason"] = "no_measure"
        made["verdict"] = verdict(made["low"], made["high"], rule["quantity"])
        if made["verdict"] == "no_data" and made["reason"] == "counted":
            made["reason"] = "range"
        rows.append(made)
    return pd.DataFrame(rows, columns=["unit", "verdict", "reason", "of", "before", "now", "low", "high"])


def _criteria(unit, year, workbook, before, now, then):
    first, last = bounds(then, before, unit), bounds(workbook, now, unit)
    if np.isnan(first[0]):
        return {"reason": "no_start"}
    if np.isnan(last[0]) or now.counts.loc[unit, "date"] < pd.Timestamp(year, 1, 1):
        return {"reason": "no_year"}
    made = {"before": first[0], "now": last[0], "low": last[0] - first[1], "high": last[1] - first[0]}
    return made | {"reason": "counted"}


def _hamlets(unit, year, workbook):
    rows = workbook.tables["hamlets"]
    rows = rows[rows["unit"] == unit]
    if rows.empty:
        return {"reason": "no_hamlets"}
    gained = float(((rows["level"] == "ntm") & (rows["date"].dt.year == year)).sum())
    return {"now": gained, "low": gained, "high": gained + float((rows["level"] == "").sum()), "reason": "counted"}

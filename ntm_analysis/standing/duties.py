"""What departments owe by commune, yearly rules, registrations of a year."""

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..data import Workbook
from ..language import fold
from ..law import LEVELS
from .assess import Standing
from .month import dated_by


def owed(workbook: Workbook, standings: dict[str, Standing], sets: pd.Series) -> pd.DataFrame:
    """A row a commune and criterion that is named missing (and an assignment, where there are
    several): unit, set, criterion, department, mark (of the owner), assigned, partner, person,
    action, due, overdue.

    ``sets``: by unit, the set of the level that the commune works towards; ``standings``: by set.
    Where nobody is assigned the department is the law's owner. Not assigned rows come first, then
    by department and administrative order.
    """
    given = workbook.tables["assignments"].groupby(["unit", "set", "criterion"])
    given = {key: part.to_dict("records") for key, part in given}
    rows = []
    for unit in workbook.communes.index:
        set_id = sets[unit]
        owners = workbook.law.criteria_of(set_id)
        for number in standings[set_id].counts.loc[unit, "missing"]:
            base = {"unit": unit, "set": set_id, "criterion": number}
            own = owners.loc[number]
            law = {
                "department": own["owner_vi"],
                "department_en": own["owner_en"],
                "mark": own["owner_mark"],
            }
            for row in given.get((unit, set_id, number), [None]):
                told = (
                    {
                        k: row[k]
                        for k in ("department", "partner", "person", "action", "due", "mark")
                    }
                    if row
                    else law
                )
                rows.append({"assigned": row is not None} | base | told)
    columns = [
        "unit",
        "set",
        "criterion",
        "assigned",
        "department",
        "department_en",
        "mark",
        "partner",
        "person",
        "action",
        "due",
    ]
    made = pd.DataFrame(rows, columns=columns)
    for text in ("department_en", "partner", "person", "action"):
        made[text] = made[text].astype(object).fillna("")
    made["department_en"] = made["department_en"].where(
        made["department_en"] != "", made["department"]
    )
    made["due"] = pd.to_datetime(made["due"])
    made["overdue"] = made["due"] < pd.Timestamp(workbook.as_of)
    return made.sort_values(["assigned", "department"], kind="stable").reset_index(drop=True)


def needing_direction(
    works: pd.DataFrame, money: pd.DataFrame, tasks: pd.DataFrame
) -> dict[int, dict[str, pd.DataFrame]]:
    """The communes that need direction and why, by unit: late works, money behind, tasks overdue
    (the rows of each, if any).

    Only reported progress behind its plan counts; a commune without figures is never among them.
    """
    found = {}
    behind = money[money["behind"] > 0].rename_axis("unit").reset_index()
    for reason, rows in (
        ("late", works[works["late"]]),
        ("money", behind),
        ("overdue", tasks[tasks["overdue"]]),
    ):
        for unit, part in rows.groupby("unit"):
            found.setdefault(int(unit), {})[reason] = part
    return found


HAMLET_WORDS = ("xóm", "thôn", "bản", "làng", "ấp", "buôn", "tổ dân phố")


def measure_of(rule: pd.Series) -> str:
    """What a rule counts by its unit: criteria, hamlets, or "" for a rule without a quantity or
    with another unit.

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
    """The least and the most criteria that a commune can meet by what is known; NaN twice where
    nothing is.

    Criteria without a state may be met, except where the newest fact is a count: that is the number
    itself.
    """
    row = standing.counts.loc[unit]
    if pd.isna(row["met"]):
        return np.nan, np.nan
    told = workbook.tables["criterion_counts"]
    told = told.loc[(told["unit"] == unit) & (told["set"] == standing.set_id), "date"]
    exact = row["counted"] and len(told) and told.max() >= row["date"]
    return float(row["met"]), float(row["met"] + (0 if exact else row["unknown"]))


def verdict(low: float, high: float, quantity: float) -> str:
    """Met when the least possible gain suffices, not met when the most possible does not, else no
    data.

    >>> verdict(2, 2, 2), verdict(0, 1, 2), verdict(1, 3, 2), verdict(np.nan, np.nan, 1)
    ('met', 'not_met', 'no_data', 'no_data')
    """
    return "met" if low >= quantity else "not_met" if high < quantity else "no_data"


def judge_rule(
    rule: pd.Series,
    units: Iterable[int],
    workbook: Workbook,
    before: Standing,
    now: Standing,
    then: Workbook,
) -> pd.DataFrame:
    """A rule judged for the communes that it covers: unit, verdict, reason, of, before, now, low,
    high (least and most gain).

    Criteria: met by the newest facts before the year's start (``then``, ``before``) against now,
    where a fact of this year exists. Hamlets: recognised as NTM within the year; those without a
    level may have been. ``reason``: counted, range (the figures leave it open), no_start, no_year
    (nothing reported within the year), no_hamlets, no_measure.
    """
    measure, rows = measure_of(rule), []
    for unit in units:
        made = {
            "unit": unit,
            "of": now.counts.loc[unit, "of"],
            "before": np.nan,
            "now": np.nan,
            "low": np.nan,
            "high": np.nan,
        }
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
    return pd.DataFrame(
        rows, columns=["unit", "verdict", "reason", "of", "before", "now", "low", "high"]
    )


def _criteria(unit, year, workbook, before, now, then):
    first, last = bounds(then, before, unit), bounds(workbook, now, unit)
    if np.isnan(first[0]):
        return {"reason": "no_start"}
    if np.isnan(last[0]) or now.counts.loc[unit, "date"] < pd.Timestamp(year, 1, 1):
        return {"reason": "no_year"}
    made = {
        "before": first[0],
        "now": last[0],
        "low": last[0] - first[1],
        "high": last[1] - first[0],
    }
    return made | {"reason": "counted"}


def _hamlets(unit, year, workbook):
    rows = workbook.tables["hamlets"]
    rows = rows[rows["unit"] == unit]
    if rows.empty:
        return {"reason": "no_hamlets"}
    gained = float(((rows["level"] == "ntm") & (rows["date"].dt.year == year)).sum())
    return {
        "now": gained,
        "low": gained,
        "high": gained + float((rows["level"] == "").sum()),
        "reason": "counted",
    }


COUNTED_MET = ("met", "not_applicable")


def years(workbook: Workbook) -> list[int]:
    """The years for which a commune or a hamlet is registered, in order; pledges are no
    registrations.

    >>> years(Workbook.open("data/thanh-chuong"))
    [2022]
    """
    communes, hamlets = _communes(workbook), workbook.tables["hamlet_targets"]
    return sorted({int(year) for year in [*communes["year"], *hamlets["year"]]})


def registration_year(workbook: Workbook) -> int:
    """The year that an annex is for unless told: the first from the as-of date's year on, else the
    last, else that year.
    """
    known, now = years(workbook), workbook.as_of.year
    return next((year for year in known if year >= now), known[-1] if known else now)


def communes_registered(workbook: Workbook, year: int) -> pd.DataFrame:
    """The communes on the planned list of a year: unit, level, source, by level and in
    administrative order.
    """
    rows = _communes(workbook)
    rows = rows[rows["year"] == year]
    order = workbook.units["order"]
    places = rows.assign(at=rows["level"].map(LEVELS.index), place=rows["unit"].map(order))
    return places.sort_values(["at", "place"], kind="stable")[["unit", "level", "source"]]


def _communes(workbook):
    rows = workbook.tables["targets"]
    return rows[(rows["kind"] == "plan") & rows["unit"].isin(workbook.communes.index)]


def hamlets_registered(workbook: Workbook, year: int) -> pd.DataFrame:
    """The hamlets registered for a year: unit, hamlet, level, source, households, met, of, missing,
    unknown.

    met (criteria known to hold), missing (tuple of those known not to, basically met ones too) and
    unknown add up to ``of``, the criteria of the hamlet set of that level; ``of`` 0: the set is not
    in the data, so that nothing can be said.
    """
    rows = workbook.tables["hamlet_targets"]
    rows = rows[(rows["year"] == year) & rows["unit"].isin(workbook.units.index)]
    criteria, states = workbook.tables["hamlet_criteria"], workbook.tables["hamlet_states"]
    listed = workbook.tables["hamlets"]
    households = {
        (u, fold(h)): n
        for u, h, n in zip(listed["unit"], listed["hamlet"], listed["households"], strict=True)
    }
    newest = {
        (s["unit"], fold(s["hamlet"]), s["level"], s["criterion"]): s["state"]
        for s in states.sort_values("date", kind="stable").to_dict("records")
    }
    made = []
    for row in rows.to_dict("records"):
        key = row["unit"], fold(row["hamlet"])
        numbers = sorted(criteria.loc[criteria["level"] == row["level"], "number"].astype(int))
        known = {n: newest.get((*key, row["level"], n), "") for n in numbers}
        missing = tuple(n for n, state in known.items() if state and state not in COUNTED_MET)
        met = sum(state in COUNTED_MET for state in known.values())
        made.append(
            {
                "unit": row["unit"],
                "hamlet": row["hamlet"],
                "level": row["level"],
                "source": row["source"],
                "households": households.get(key, float("nan")),
                "met": met,
                "of": len(numbers),
                "missing": missing,
                "unknown": len(numbers) - met - len(missing),
            }
        )
    columns = ["unit", "hamlet", "level", "source", "households", "met", "of", "missing", "unknown"]
    table = pd.DataFrame(made, columns=columns)
    place = table["unit"].map(workbook.units["order"])
    return (
        table.assign(place=place)
        .sort_values("place", kind="stable")
        .drop(columns="place")
        .reset_index(drop=True)
    )

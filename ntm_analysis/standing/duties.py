"""What departments owe by commune, yearly rules, registrations of a year."""

import datetime as dt

import numpy as np
import pandas as pd

from ..language import fold
from ..law import LEVELS
from .monthly_changes import dated_by
from .verdicts import MET_STATES

HAMLET_WORDS = ("xóm", "thôn", "bản", "làng", "ấp", "buôn", "tổ dân phố")
# By whom a yearly rule covers: the level aimed at.
RULE_LEVELS = {"not_ntm": "ntm", "ntm_not_on_list": "advanced"}


def department_duties(workbook, standings, sets):
    """List the criteria that are named missing, each with the department that owes it.

    Where nobody is assigned the department is the law's owner.

    Parameters
    ----------
    workbook : Workbook
    standings : dict of str to Standing
        By set.
    sets : Series of str
        By unit: the set of the level that the commune works towards.

    Returns
    -------
    DataFrame
        A row a commune and missing criterion, one an assignment where there are several: unit,
        set, criterion, department, partner, person, action, due, mark (of the owner or the
        assignment), assigned, department_en, overdue. Rows without an assignment stand first, then
        by department and administrative order.
    """
    keys = ["unit", "set", "criterion"]
    missing = [
        (unit, sets[unit], number)
        for unit in workbook.communes.index
        for number in standings[sets[unit]].counts.loc[unit, "missing"]
    ]
    columns = [*keys, "department", "partner", "person", "action", "due", "mark"]
    assignments = workbook.tables["assignments"][columns]
    duties = pd.DataFrame(missing, columns=keys).astype({"unit": int, "criterion": int})
    duties = duties.merge(assignments, how="left", on=keys)
    owners = [workbook.law.criteria_of(row.set).loc[row.criterion] for row in duties.itertuples()]
    owners = pd.DataFrame(
        owners, columns=["owner_vi", "owner_en", "owner_mark"], dtype="str"
    ).set_axis(duties.index)
    duties["assigned"] = duties["department"].notna()
    duties["department"] = duties["department"].fillna(owners["owner_vi"])
    duties["mark"] = duties["mark"].fillna(owners["owner_mark"])
    duties["department_en"] = owners["owner_en"].mask(duties["assigned"], duties["department"])
    texts = ["partner", "person", "action"]
    duties[texts] = duties[texts].fillna("")
    duties["overdue"] = duties["due"] < pd.Timestamp(workbook.as_of)
    return duties.sort_values(["assigned", "department"], kind="stable", ignore_index=True)


def communes_at_risk(works, money, duties):
    """Collect the communes that need direction, and why.

    Only reported progress behind its plan counts; a commune without figures is never among them.

    Parameters
    ----------
    works : DataFrame
        As of :func:`~ntm_analysis.standing.works_progress`.
    money : DataFrame
        As of :func:`~ntm_analysis.standing.disbursement_by_commune`.
    duties : DataFrame
        As of :func:`department_duties`.

    Returns
    -------
    dict of int to dict
        By unit: the rows of each reason that there is, ``late`` (works), ``money`` (behind plan)
        and ``overdue`` (duties).
    """
    reasons = {}
    behind = money[money["behind"] > 0].rename_axis("unit").reset_index()
    for reason, rows in (
        ("late", works[works["late"]]),
        ("money", behind),
        ("overdue", duties[duties["overdue"]]),
    ):
        for unit, part in rows.groupby("unit"):
            reasons.setdefault(int(unit), {})[reason] = part
    return reasons


def measure_of(rule):
    """Name what a yearly rule counts, by its unit.

    Parameters
    ----------
    rule : Series
        A row of ``goals``.

    Returns
    -------
    str
        ``criteria``, ``hamlets``, or "" for a rule without a quantity or with another unit.

    Examples
    --------
    >>> rules = pd.DataFrame({"unit_vi": ["tiêu chí", "Xóm", "mô hình"], "quantity": [2, 1, 1]})
    >>> [measure_of(rule) for _, rule in rules.iterrows()]
    ['criteria', 'hamlets', '']
    """
    unit = fold(rule["unit_vi"]) if pd.notna(rule["quantity"]) else ""
    if unit == fold("tiêu chí"):
        return "criteria"
    return "hamlets" if unit in {fold(word) for word in HAMLET_WORDS} else ""


def before_year(workbook, year):
    """Workbook with the newest facts dated before a year's start.

    Parameters
    ----------
    workbook : Workbook
    year : int

    Returns
    -------
    Workbook
    """
    return dated_by(workbook, dt.date(year - 1, 12, 31))


def bounds(workbook, standing, unit):
    """Bound the number of criteria that a commune meets, by what is known.

    Criteria without a state may be met, except where the newest fact is a count: that is the number
    itself.

    Parameters
    ----------
    workbook : Workbook
    standing : Standing
    unit : int

    Returns
    -------
    low, high : float
        NaN where nothing is known.
    """
    row = standing.counts.loc[unit]
    counts = workbook.tables["criterion_counts"]
    counts = counts[(counts["unit"] == unit) & (counts["set"] == standing.set_id)]
    exact = row["counted"] and counts["date"].max() >= row["date"]
    return float(row["met"]), float(row["met"] + (0 if exact else row["unknown"]))


def judge_gain(low, high, quantity):
    """Judge a gain that is known within bounds against the quantity that a rule asks for.

    Parameters
    ----------
    low, high : float
        The least and the most possible gain; NaN when nothing is known.
    quantity : float

    Returns
    -------
    str
        ``met`` when the least gain suffices, ``not_met`` when the most does not, else ``no_data``.

    Examples
    --------
    >>> judge_gain(2, 2, 2), judge_gain(0, 1, 2), judge_gain(1, 3, 2)
    ('met', 'not_met', 'no_data')
    >>> judge_gain(np.nan, np.nan, 1)
    'no_data'
    """
    return "met" if low >= quantity else "not_met" if high < quantity else "no_data"


def rule_level(goal):
    """The level by whose set a yearly rule is judged.

    Parameters
    ----------
    goal : Series
        A row of the table ``goals``.

    Returns
    -------
    str
    """
    return RULE_LEVELS.get(goal["covers"], "ntm")


def covered_communes(workbook, goal, level):
    """The communes that a yearly rule covers.

    Parameters
    ----------
    workbook : Workbook
    goal : Series
        A row of the table ``goals``: all communes, those not yet NTM, or those that are NTM and not
        on the year's list for more.
    level : Series of str
        Recognised levels by unit.

    Returns
    -------
    Index
        Unit numbers.
    """
    if goal["covers"] == "all":
        return level.index
    if goal["covers"] == "not_ntm":
        return level.index[level == "not_ntm"]
    plans = workbook.tables["targets"]
    listed = plans[
        (plans["kind"] == "plan") & (plans["level"] != "ntm") & (plans["year"] == goal["year"])
    ]
    return level.index[(level == "ntm") & ~level.index.isin(listed["unit"])]


def judge_rule(rule, units, workbook, before, now, then):
    """Judge a yearly rule for each commune that it covers.

    Criteria: met by the newest facts before the year's start against now, where a fact of this year
    exists. Hamlets: recognised as NTM within the year; those without a level may have been.

    Parameters
    ----------
    rule : Series
        A row of ``goals``.
    units : iterable of int
        The communes covered.
    workbook : Workbook
    before, now : Standing
        Of ``then`` and of ``workbook``.
    then : Workbook
        As of :func:`before_year`.

    Returns
    -------
    DataFrame
        A row a commune: unit, verdict (see :func:`judge_gain`), reason, of (criteria of the set),
        before, now, low, high (least and most gain). ``reason``: counted, range (the figures leave
        the gain open), no_start, no_year (nothing reported within the year), no_hamlets,
        no_measure.
    """
    measure, year, rows = measure_of(rule), int(rule["year"]), []
    for unit in units:
        gain = {"unit": unit, "of": now.counts.loc[unit, "of"], "reason": "no_measure"}
        gain |= dict.fromkeys(("before", "now", "low", "high"), np.nan)
        if measure == "criteria":
            gain |= _criteria_gain(unit, year, workbook, before, now, then)
        elif measure == "hamlets":
            gain |= _hamlet_gain(unit, year, workbook)
        gain["verdict"] = judge_gain(gain["low"], gain["high"], rule["quantity"])
        if gain["verdict"] == "no_data" and gain["reason"] == "counted":
            gain["reason"] = "range"
        rows.append(gain)
    columns = ["unit", "verdict", "reason", "of", "before", "now", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _criteria_gain(unit, year, workbook, before, now, then):
    first, last = bounds(then, before, unit), bounds(workbook, now, unit)
    if np.isnan(first[0]):
        return {"reason": "no_start"}
    if np.isnan(last[0]) or now.counts.loc[unit, "date"] < pd.Timestamp(year, 1, 1):
        return {"reason": "no_year"}
    return {
        "before": first[0],
        "now": last[0],
        "low": last[0] - first[1],
        "high": last[1] - first[0],
        "reason": "counted",
    }


def _hamlet_gain(unit, year, workbook):
    rows = workbook.tables["hamlets"]
    rows = rows[rows["unit"] == unit]
    if rows.empty:
        return {"reason": "no_hamlets"}
    gain = float(((rows["level"] == "ntm") & (rows["date"].dt.year == year)).sum())
    open_ = float((rows["level"] == "").sum())
    return {"now": gain, "low": gain, "high": gain + open_, "reason": "counted"}


def registration_years(workbook):
    """Years for which a commune or a hamlet is registered; pledges are no registrations.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    list of int
        In order.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> registration_years(Workbook.open("data/thanh-chuong"))
    [2022]
    """
    communes, hamlets = _planned_targets(workbook), workbook.tables["hamlet_targets"]
    return sorted({int(year) for year in [*communes["year"], *hamlets["year"]]})


def registration_year(workbook):
    """Year that an annex is for where none is named.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    int
        The first year with registrations from the as-of date's year on, else the last such year,
        else the as-of date's.
    """
    known, now = registration_years(workbook), workbook.as_of.year
    return next((year for year in known if year >= now), known[-1] if known else now)


def communes_registered(workbook, year):
    """Communes on the planned list of a year.

    Parameters
    ----------
    workbook : Workbook
    year : int

    Returns
    -------
    DataFrame
        unit, level, source; by level and in administrative order.
    """
    rows = _planned_targets(workbook)
    rows = rows[rows["year"] == year]
    places = rows.assign(
        at=rows["level"].map(LEVELS.index), place=rows["unit"].map(workbook.units["order"])
    )
    return places.sort_values(["at", "place"], kind="stable")[["unit", "level", "source"]]


def _planned_targets(workbook):
    rows = workbook.tables["targets"]
    return rows[(rows["kind"] == "plan") & rows["unit"].isin(workbook.communes.index)]


def hamlets_registered(workbook, year):
    """Hamlets registered for a year, with what is known of their criteria.

    Parameters
    ----------
    workbook : Workbook
    year : int

    Returns
    -------
    DataFrame
        A row a hamlet, in administrative order: unit, hamlet, level, source, households, met
        (criteria known to hold), of (criteria of the hamlet set of that level; 0: the set is not in
        the data, so that nothing can be said), missing (tuple of those known not to hold, basically
        met ones too), unknown (the rest).
    """
    rows = workbook.tables["hamlet_targets"]
    rows = rows[(rows["year"] == year) & rows["unit"].isin(workbook.units.index)]
    criteria, states = workbook.tables["hamlet_criteria"], workbook.tables["hamlet_states"]
    hamlets = workbook.tables["hamlets"]
    households = {
        (u, fold(h)): n
        for u, h, n in zip(hamlets["unit"], hamlets["hamlet"], hamlets["households"], strict=True)
    }
    newest = {
        (s["unit"], fold(s["hamlet"]), s["level"], s["criterion"]): s["state"]
        for s in states.sort_values("date", kind="stable").to_dict("records")
    }
    entries = []
    for row in rows.to_dict("records"):
        key = row["unit"], fold(row["hamlet"])
        numbers = sorted(criteria.loc[criteria["level"] == row["level"], "number"].astype(int))
        known = {n: newest.get((*key, row["level"], n), "") for n in numbers}
        missing = tuple(n for n, state in known.items() if state and state not in MET_STATES)
        met = sum(state in MET_STATES for state in known.values())
        entries.append(
            row
            | {
                "households": households.get(key, np.nan),
                "met": met,
                "of": len(numbers),
                "missing": missing,
                "unknown": len(numbers) - met - len(missing),
            }
        )
    columns = ["unit", "hamlet", "level", "source", "households", "met", "of", "missing", "unknown"]
    order = workbook.units["order"]
    return pd.DataFrame(entries, columns=columns).sort_values(
        "unit", key=lambda unit: unit.map(order), kind="stable", ignore_index=True
    )

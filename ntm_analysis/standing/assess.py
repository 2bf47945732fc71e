"""State of every commune x criterion, and counts of every commune, judged by one criteria set.

In this order: what the indicators say, what was reported of a criterion as a whole where that is
newer, what follows from a reported count, what follows from a recognition.
"""

from collections import namedtuple

import numpy as np
import pandas as pd

from ..law import thresholds
from ..tables import Problem
from .verdicts import (
    BASIC,
    CODE,
    LACKING_STATES,
    MET,
    NOT_APPLICABLE,
    NOT_MET,
    STATES,
    UNKNOWN,
    Grid,
    RegionThresholds,
    dates_of,
    judge,
    values_of,
)

BASES = ("none", "reported", "indicators", "count", "recognition")
REPORTED, INDICATORS, COUNT, RECOGNITION = range(1, 5)


def counts_as_met(state, basic=False):
    """Whether states count as met: met or not applicable.

    Parameters
    ----------
    state : ndarray of int
        Positions in ``STATES``.
    basic : bool
        Whether basically met counts too.

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> counts_as_met(np.array([MET, BASIC, NOT_MET])).tolist()
    [True, False, False]
    >>> counts_as_met(np.array([BASIC]), basic=True).tolist()
    [True]
    """
    return (state == MET) | (state == NOT_APPLICABLE) | ((state == BASIC) & basic)


def is_lacking(state, basic=False):
    """Whether states are known to fall short: not met, or only basically met.

    Parameters
    ----------
    state : ndarray of int
        Positions in ``STATES``.
    basic : bool
        Whether basically met is enough.

    Returns
    -------
    ndarray of bool
    """
    return (state == NOT_MET) | ((state == BASIC) & (not basic))


def newest_reported_counts(rows, communes):
    """Each commune's newest count.

    Parameters
    ----------
    rows : DataFrame
        The counts of one set, the newest last, with each commune's position ``at``.
    communes : int
        How many.

    Returns
    -------
    DataFrame
        By position, NaN without a count: met, of, date, source, mark, row, reported_met, counted.
    """
    table = rows.drop_duplicates("at", keep="last").set_index("at").reindex(np.arange(communes))
    return table.assign(reported_met=table["met"], counted=table["met"].notna())


def fill_from_counts(grid, then, counts, labels, basic_counts):
    """Fill a grid where the names of the rest follow from a count; move the counts on to today.

    Of a count c of n criteria with m named met and k named missing: where k = n - c the rest is
    met, where m = c the rest is missing.

    Parameters
    ----------
    grid : Grid
        Filled in place.
    then : ndarray of int
        Communes x criteria, the states known by name on the day of each count. Only they are held
        against the count, so that later changes do not make an old count look wrong.
    counts : DataFrame
        As of :func:`newest_reported_counts`. ``met`` gains what was missing then and is met now,
        loses what was met then and is missing now, and becomes NaN (``counted`` False) where the
        count disagreed with its list.
    labels : ndarray of str
        What messages call the communes.
    basic_counts : bool

    Returns
    -------
    list of Problem
        A warning, with both figures, for each count with m > c or k > n - c.
    """
    count, of = counts["met"].to_numpy(dtype=float), then.shape[1]
    was_met, was_missing = counts_as_met(then), is_lacking(then)
    met, missing = was_met.sum(axis=1), was_missing.sum(axis=1)
    disagrees = (met > count) | (missing > of - count)
    contradictions = []
    for index in np.flatnonzero(disagrees):
        unknown = of - met[index] - missing[index]
        details = {
            "unit": labels[index],
            "count": f"{count[index]:g}/{of}",
            "listed": f"{met[index]} + {missing[index]} + {unknown} (Đ + C + ...)",
        }
        row = int(counts["row"].iloc[index])
        place = ("count_against_list", "criterion_counts.csv", row, "met")
        contradictions.append(Problem(*place, details, warning=True))
    gained = (was_missing & counts_as_met(grid.state, basic_counts)).sum(axis=1)
    lost = (was_met & is_lacking(grid.state, basic_counts)).sum(axis=1)
    rest_met = ~disagrees & (missing == of - count)
    rest_missing = ~disagrees & ~rest_met & (met == count)
    nameless = grid.state == UNKNOWN
    grid.fill(nameless & rest_met[:, None], MET, COUNT, counts)
    grid.fill(nameless & rest_missing[:, None], NOT_MET, COUNT, counts)
    counts["met"] = np.where(disagrees, np.nan, count + gained - lost)
    counts["counted"] = counts["met"].notna()
    return contradictions


class Standing(
    namedtuple("Standing", "set_id day counts states tests thresholds regions contradictions")
):
    """Where the communes stand by one criteria set, as :func:`assess` judges them.

    Attributes
    ----------
    set_id : str
    day : date
        The day whose thresholds apply.
    counts : DataFrame
        By unit: met (NaN when nothing is known), of, missing and basic (tuples of criterion
        numbers), unknown, reported_met (the newest count reported, NaN without one), counted
        (whether that count is used), date (of the newest fact), source and mark of the count,
        checked (no state counted rests on a threshold that was not read in its text).
    states : DataFrame
        A row a unit and criterion: unit, criterion, state, basis, date, source, mark, checked (as
        above), failing (number of indicators failed), open (indicators without a verdict),
        indicators (in all).
    tests : DataFrame
        A row a unit and test with a fact: test, criterion, value, answer, verdict, threshold, op,
        distance (what is lacking, in the test's own unit, 0 when met), reason, date, source, mark,
        carried, checked, unit.
    thresholds : dict of str to DataFrame
        Those used, by region.
    regions : Series of str
        By unit: whose thresholds the unit is judged by.
    contradictions : list of Problem
        Warnings that show both figures.
    """

    @property
    def labels(self):
        """States by unit and criterion; one met by recognition reads ``recognition``."""
        states = self.states.set_index(["unit", "criterion"])
        by_decision = states["basis"] == "recognition"
        return states["state"].astype(object).mask(by_decision, "recognition")

    def matrix(self):
        """Lay out the states as a table; one met by recognition reads ``recognition``.

        Returns
        -------
        DataFrame of str
            Units x criteria.
        """
        return self.labels.unstack()

    def unread(self):
        """Lay out which states rest on a threshold that was not read in its text.

        Returns
        -------
        DataFrame of bool
            Units x criteria.
        """
        return ~self.states.set_index(["unit", "criterion"])["checked"].unstack()


def assess(workbook, set_id, *, day=None, basic_counts=False, carry=False):
    """Judge every commune of a workbook by one criteria set.

    Parameters
    ----------
    workbook : Workbook
    set_id : str
    day : date, optional
        The day whose thresholds apply; the as-of date.
    basic_counts : bool
        Whether basically met counts as met.
    carry : bool
        Whether values reported under another set count too, for a test that measures the same
        thing (``same_measure``).

    Returns
    -------
    Standing

    Raises
    ------
    KeyError
        If there is no such set.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> standing = assess(wb, "ntm-2016-2020")
    >>> row = standing.counts.loc[wb.find("Thanh Hương")]
    >>> int(row["met"]), int(row["of"]), row["missing"], int(row["unknown"])
    (15, 19, (2, 5, 6, 17), 0)
    """
    law, day, communes = workbook.law, day or workbook.as_of, workbook.communes
    position = pd.Series(np.arange(len(communes)), index=communes.index)
    numbers = law.criteria_of(set_id).index.to_numpy()
    levels = _levels(workbook, set_id, day)
    options = {"day": day, "basic_counts": basic_counts, "carry": carry}
    values = values_of(workbook, set_id, position, levels.frame, carry)
    values = pd.concat([values, *_facts_of_sets(workbook, levels.frame, position, options)])
    reports = _of_set(workbook, "criterion_states", set_id, position)

    def named(until):
        """States known by name from facts of each commune's day ``until`` or before."""
        tests, derived = judge(
            values[values["date"].to_numpy() <= until[values["at"]]], levels, numbers
        )
        grid = Grid(len(communes), len(numbers))
        grid.put(derived, INDICATORS, derived.state != UNKNOWN)
        early = reports["date"].to_numpy() <= until[reports["at"]]
        _put_reports(grid, reports[early], numbers, derived)
        return grid, tests, derived

    today = np.full(len(communes), np.datetime64(workbook.as_of, "s"))
    grid, tests, derived = named(today)
    contradictions = _contradictions(workbook, reports, numbers, derived)
    counts = newest_reported_counts(
        _of_set(workbook, "criterion_counts", set_id, position), len(communes)
    )
    if counts["met"].notna().any():
        days = dates_of(counts)
        then = named(np.where(np.isnat(days), today, days))[0].state
        labels = communes["label"].to_numpy()
        contradictions += fill_from_counts(grid, then, counts, labels, basic_counts)
    _put_recognitions(grid, _of_set(workbook, "recognitions", set_id, position), counts)
    return Standing(
        set_id,
        day,
        _count_table(grid, communes, numbers, counts, basic_counts),
        _state_table(grid, communes, numbers, derived),
        tests.assign(unit=communes.index.to_numpy()[tests["at"]]).drop(columns="at"),
        levels.by_region,
        pd.Series(levels.regions, index=communes.index),
        contradictions,
    )


def _of_set(workbook, table, set_id, position):
    """Rows of a table for one set and the communes, the newest last, with the position ``at``."""
    rows = workbook.tables[table]
    rows = rows[(rows["set"] == set_id) & rows["unit"].isin(position.index)]
    return rows.assign(at=position[rows["unit"]].to_numpy()).sort_values("date", kind="stable")


def _levels(workbook, set_id, day):
    """Thresholds by region; the set names the region that judges specially difficult communes."""
    communes, special = workbook.communes, workbook.law.sets[set_id].specially_difficult
    regions = communes["region"].astype(object)
    possible = pd.Series("", index=communes.index, dtype=object)
    if special:
        possible = possible.mask(communes["specially_difficult"] == "", special["region"])
        regions = regions.mask(communes["specially_difficult"] == "yes", special["region"])
    used = sorted({*regions, *possible} - {""})
    by_region = {
        region: thresholds(workbook.law, set_id, region, day, workbook.as_of) for region in used
    }
    return RegionThresholds(by_region, regions.to_numpy(), possible.to_numpy())


def _facts_of_sets(workbook, frame, position, options):
    """Facts for tests that rest on another set as a whole (the model level on the advanced one).

    The mark is "assumed" as soon as one state under it is; the source names the other set.
    """
    facts = []
    for column in np.flatnonzero(frame["kind"] == "verdict"):
        other = assess(workbook, frame["times_set"].iloc[column], **options)
        counts, failed = other.counts, other.counts["missing"].map(len) > 0
        # Met rests on every criterion of the other set; not met on any failed one whose thresholds
        # were read.
        states = other.states
        lacks = states[states["state"].isin(LACKING_STATES)]
        every, one = (part.groupby("unit")["checked"] for part in (states, lacks))
        # "assumed" sorts before the other marks
        marks = states[states["mark"] != ""].groupby("unit")["mark"].min()
        table = counts[["date"]].assign(
            at=position,
            column=column,
            value=np.nan,
            state=np.where(counts["met"] == counts["of"], "met", np.where(failed, "not_met", "")),
            source=other.set_id,
            mark=marks.reindex(counts.index).fillna(counts["mark"]),
            carried="",
            checked=every.all().where(~failed, one.any().reindex(counts.index, fill_value=True)),
        )
        facts.append(table[table["state"] != ""])
    return facts


def _newest_reports(reports, numbers):
    """Newest report of each commune and criterion, and its cell in a grid."""
    rows = reports.drop_duplicates(["at", "criterion"], keep="last")
    return rows, (rows["at"].to_numpy(), np.searchsorted(numbers, rows["criterion"].to_numpy()))


def _put_reports(grid, reports, numbers, derived):
    """Put in reported states where they are newer than what the indicators say, if anything."""
    rows, at = _newest_reports(reports, numbers)
    # checked stays: an office judged by its own papers; no threshold of ours is used
    facts = Grid(*grid.state.shape)
    facts.state[at] = rows["state"].map(CODE).to_numpy(dtype=np.int8)
    facts.date[at] = dates_of(rows)
    facts.source[at], facts.mark[at] = (rows[c].to_numpy(dtype=object) for c in ("source", "mark"))
    older = (derived.state != UNKNOWN) & (derived.date >= facts.date)
    grid.put(facts, REPORTED, (facts.state != UNKNOWN) & ~older)


def _contradictions(workbook, reports, numbers, derived):
    """Warnings where a report and the indicators, less than a year apart, say different things."""
    contradictions = []
    rows, at = _newest_reports(reports, numbers)
    state = derived.state[at]
    # over a longer time a state may simply have changed
    close = np.abs(derived.date[at] - dates_of(rows)) < np.timedelta64(366, "D")
    reported = rows["state"].map(CODE).to_numpy(dtype=np.int8)
    disagrees = counts_as_met(reported) != counts_as_met(state)
    for index in np.flatnonzero(close & (state != UNKNOWN) & disagrees):
        row = rows.iloc[index]
        details = {
            "unit": workbook.units.loc[row["unit"], "label"],
            "criterion": int(row["criterion"]),
            "state": row["state"],
            "derived": STATES[state[index]],
        }
        place = ("state_against_indicators", f"{row['table']}.csv", int(row["row"]), "state")
        contradictions.append(Problem(*place, details, warning=True))
    return contradictions


def _put_recognitions(grid, rows, counts):
    """Met by recognition: what nothing reports, and what was last reported before its day."""
    rows = rows.drop_duplicates("at", keep="last").set_index("at")
    rows = rows.reindex(np.arange(len(grid.state)))
    decided = dates_of(rows)
    counts.loc[decided > dates_of(counts), ["met", "counted"]] = np.nan, False
    covered = rows["source"].notna().to_numpy() & ~(counts["met"].to_numpy() < grid.state.shape[1])
    silent = grid.state == UNKNOWN
    overruled = is_lacking(grid.state) & (grid.date < decided[:, None])
    grid.fill(covered[:, None] & (silent | overruled), MET, RECOGNITION, rows)


def _count_table(grid, communes, numbers, counts, basic_counts):
    of, count = len(numbers), counts["met"].to_numpy(dtype=float)
    missing = is_lacking(grid.state, basic_counts)
    met = np.fmax(
        counts_as_met(grid.state, basic_counts).sum(axis=1),
        np.minimum(count, of - missing.sum(axis=1)),
    )
    known = (grid.state != UNKNOWN).any(axis=1) | ~np.isnan(count)
    newest = np.fmax.reduce(grid.date, axis=1)
    return pd.DataFrame(
        {
            "met": np.where(known, met, np.nan),
            "of": of,
            "missing": [tuple(numbers[row].tolist()) for row in missing],
            "basic": [tuple(numbers[row].tolist()) for row in grid.state == BASIC],
            "unknown": (of - met - missing.sum(axis=1)).astype(int),
            "reported_met": counts["reported_met"].to_numpy(dtype=float),
            "counted": counts["counted"].to_numpy(dtype=bool),
            "date": np.fmax(dates_of(counts), newest),
            "source": counts["source"].fillna("").to_numpy(dtype=object),
            "mark": counts["mark"].fillna("").to_numpy(dtype=object),
            "checked": grid.checked.all(axis=1),
        },
        index=communes.index,
    )


def _state_table(grid, communes, numbers, derived):
    return pd.DataFrame(
        {
            "unit": np.repeat(communes.index.to_numpy(), len(numbers)),
            "criterion": np.tile(numbers, len(communes)),
            "state": pd.Categorical.from_codes(grid.state.ravel(), STATES),
            "basis": pd.Categorical.from_codes(grid.basis.ravel(), BASES),
            **{name: getattr(grid, name).ravel() for name in ("date", "source", "mark", "checked")},
            **{name: getattr(derived, name).ravel() for name in ("failing", "open", "indicators")},
        }
    )

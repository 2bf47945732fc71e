"""The state of every commune x criterion, the counts of every commune."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..data import Workbook
from ..law import thresholds
from ..tables import Problem
from .tests import (
    BASIC,
    CODE,
    MET,
    NEVER,
    NOT_APPLICABLE,
    NOT_MET,
    STATES,
    UNKNOWN,
    Levels,
    judge,
    values_of,
)

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

    def put(
        self, facts: dict[str, np.ndarray], basis: int, where: np.ndarray | None = None
    ) -> None:
        """Take over states (arrays of the grid's shape) where they are known, or only at
        ``where``.
        """
        where = facts["state"] != UNKNOWN if where is None else where
        self.basis[where] = basis
        for name in ("state", "date", "source", "mark", "checked"):
            getattr(self, name)[where] = facts[name][where]

    def fill(self, where: np.ndarray, state: int, basis: int, facts: pd.DataFrame) -> None:
        """Give one state to all cells ``where``, on the strength of each commune's row of
        ``facts``.
        """
        self.state[where], self.basis[where], self.checked[where] = state, basis, True
        dates = facts["date"].to_numpy().astype("datetime64[s]")
        for name, values in (
            ("date", dates),
            *((c, facts[c].to_numpy(dtype=object)) for c in ("source", "mark")),
        ):
            getattr(self, name)[where] = np.broadcast_to(values[:, None], where.shape)[where]


def newest_counts(rows: pd.DataFrame, communes: int) -> pd.DataFrame:
    """Each commune's newest count by position (NaN without one): met, of, date, source, mark, row,
    reported_met, counted.

    ``rows``: the counts of one set, the newest last, with each commune's position ``at``.
    """
    table = rows.drop_duplicates("at", keep="last").set_index("at").reindex(np.arange(communes))
    return table.assign(reported_met=table["met"], counted=table["met"].notna())


def counted_states(
    grid: Grid, then: np.ndarray, counted: pd.DataFrame, labels: np.ndarray, basic_counts: bool
) -> list[Problem]:
    """Fill ``grid`` where the names of the rest follow from a count, and move the counts on to
    today.

    ``then``: the states known by name on the day of each count; only those are held against it, so
    that later changes do not make an old count look wrong. ``counted["met"]`` gains what was
    missing then and is met now, loses what was met then and is missing now, and becomes NaN
    (``counted`` False) where the count disagreed with its list.

    A count c of n with m named met and k named missing: k = n - c makes the rest met, m = c makes
    the rest missing. Returns a warning, with both figures, for each count with m > c or k > n - c.
    """
    count, of = counted["met"].to_numpy(dtype=float), then.shape[1]
    was_met, was_missing = counts_as_met(then), lacking(then)
    met, missing = was_met.sum(axis=1), was_missing.sum(axis=1)
    disagrees = (met > count) | (missing > of - count)
    contradictions = []
    for index in np.flatnonzero(disagrees):
        listed = (
            f"{met[index]} + {missing[index]} + {of - met[index] - missing[index]} (Đ + C + ...)"
        )
        details = {"unit": labels[index], "count": f"{count[index]:g}/{of}", "listed": listed}
        place = (
            "count_against_list",
            "criterion_counts.csv",
            int(counted["row"].iloc[index]),
            "met",
        )
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


@dataclass(frozen=True)
class Standing:
    """What :func:`assess` found for one criteria set.

    ``counts``, by unit: met (NaN when nothing is known), of, missing and basic (tuples of criterion
    numbers), unknown, reported_met (the newest count reported, NaN without one), counted (whether
    that count is used), date (of the newest fact), source and mark of the count, checked (no state
    counted rests on a threshold that was not read). ``states``, a row a unit and criterion: state,
    basis, date, source, mark, checked (no verdict rests on a threshold that was not read), failing
    (number of indicators failed), open (indicators without a verdict), indicators (in all).
    ``tests``, a row a unit and test with a fact: value, answer, verdict, threshold, op, distance
    (what is lacking, in the test's own unit, 0 when met), reason, date, source, mark, checked.
    ``thresholds``: the thresholds used, by region; ``regions``: whose level each unit is judged by.
    ``contradictions``: warnings that show both figures.
    """

    set_id: str
    day: dt.date
    counts: pd.DataFrame
    states: pd.DataFrame
    tests: pd.DataFrame
    thresholds: dict[str, pd.DataFrame]
    regions: pd.Series
    contradictions: list[Problem] = field(default_factory=list)

    def matrix(self) -> pd.DataFrame:
        """States as a table of units x criteria; a state met by recognition shows as
        ``recognition``.
        """
        shown = (
            self.states["state"]
            .astype(object)
            .where(self.states["basis"] != "recognition", "recognition")
        )
        return self._table(shown)

    def unread(self) -> pd.DataFrame:
        """Which states rest on a threshold that was not read in its text, as a table of units x
        criteria.
        """
        return self._table(~self.states["checked"])

    def _table(self, values):
        return values.set_axis(
            pd.MultiIndex.from_frame(self.states[["unit", "criterion"]])
        ).unstack()


def assess(
    workbook: Workbook,
    set_id: str,
    *,
    day: dt.date | None = None,
    basic_counts: bool = False,
    carry: bool = False,
) -> Standing:
    """Judge every commune of a workbook by one criteria set.

    ``day``: the day whose thresholds apply (default: the as-of date). ``basic_counts``: count
    basically met as met. ``carry``: also use values reported under another set for a test that
    measures the same thing (``same_measure``). Raises KeyError for a set that is none.

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
    values = values_of(workbook, set_id, position, levels.frame, carry)
    values = pd.concat(
        [values, *_verdicts(workbook, levels.frame, position, day, basic_counts, carry)]
    )
    reports = _of_set(workbook, "criterion_states", set_id, position)

    def named(until):
        """What is known by name from facts of each commune's day ``until`` or before."""
        tests, derived = judge(
            values[values["date"].to_numpy() <= until[values["at"]]], levels, numbers
        )
        grid = Grid(len(communes), len(numbers))
        grid.put(derived, INDICATORS)
        _report(grid, reports[reports["date"].to_numpy() <= until[reports["at"]]], numbers, derived)
        return grid, tests, derived

    today = np.full(len(communes), np.datetime64(workbook.as_of, "s"))
    grid, tests, derived = named(today)
    contradictions = _contradictions(workbook, reports, numbers, derived)
    counted = newest_counts(_of_set(workbook, "criterion_counts", set_id, position), len(communes))
    if counted["met"].notna().any():
        days = counted["date"].to_numpy().astype("datetime64[s]")
        then = named(np.where(np.isnat(days), today, days))[0].state
        labels = communes["label"].to_numpy()
        contradictions += counted_states(grid, then, counted, labels, basic_counts)
    _recognised(grid, _of_set(workbook, "recognitions", set_id, position), counted)
    return Standing(
        set_id,
        day,
        _count_table(grid, communes, numbers, counted, basic_counts),
        _state_table(grid, communes, numbers, derived),
        tests.assign(unit=communes.index.to_numpy()[tests["at"]]).drop(columns="at"),
        levels.by_region,
        pd.Series(levels.regions, index=communes.index),
        contradictions,
    )


def _of_set(workbook, table, set_id, position):
    """The rows of a table for one set and the communes, the newest last, with each commune's
    position ``at``.
    """
    rows = workbook.tables[table]
    rows = rows[(rows["set"] == set_id) & rows["unit"].isin(position.index)]
    return rows.assign(at=position[rows["unit"]].to_numpy()).sort_values("date", kind="stable")


def _levels(workbook, set_id, day):
    """The thresholds by region: specially difficult communes are judged by the region that the set
    names for them.
    """
    communes, special = workbook.communes, workbook.law.sets[set_id].specially_difficult
    regions, possible = (
        communes["region"].astype(object),
        pd.Series("", index=communes.index, dtype=object),
    )
    if special:
        possible = possible.mask(communes["specially_difficult"] == "", special["region"])
        regions = regions.mask(communes["specially_difficult"] == "yes", special["region"])
    used = sorted({*regions, *possible} - {""})
    by_region = {
        region: thresholds(workbook.law, set_id, region, day, workbook.as_of) for region in used
    }
    return Levels(by_region, regions.to_numpy(), possible.to_numpy())


def _verdicts(workbook, frame, position, day, basic_counts, carry):
    """Facts for tests that rest on another set as a whole (the model level on the advanced one):
    each commune's verdict.

    The mark is "assumed" as soon as one state under it is; the source names the other set.
    """
    made = []
    for column in np.flatnonzero(frame["kind"] == "verdict"):
        other = assess(
            workbook,
            frame["times_set"].iloc[column],
            day=day,
            basic_counts=basic_counts,
            carry=carry,
        )
        counts, failed = other.counts, other.counts["missing"].map(len) > 0
        states = other.states.assign(lacks=other.states["state"].isin(["not_met", "basic"]))
        # Met rests on every criterion of the other set; not met on any failed one whose thresholds
        # were read.
        every, one = (part.groupby("unit")["checked"] for part in (states, states[states["lacks"]]))
        marks = (
            states[states["mark"] != ""].groupby("unit")["mark"].min()
        )  # "assumed" sorts before the other marks
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
        made.append(table[table["state"] != ""])
    return made


def _report(grid, reports, numbers, derived):
    """Put reported states into the grid where they are newer than what the indicators say, or those
    say nothing.
    """
    rows = reports.drop_duplicates(["at", "criterion"], keep="last")
    at = (rows["at"].to_numpy(), np.searchsorted(numbers, rows["criterion"].to_numpy()))
    # checked: an office judged it by its own papers; no threshold of ours is used
    facts = Grid(*grid.state.shape)
    facts.state[at] = rows["state"].map(CODE).to_numpy(dtype=np.int8)
    facts.date[at] = rows["date"].to_numpy().astype("datetime64[s]")
    facts.source[at], facts.mark[at] = (rows[c].to_numpy(dtype=object) for c in ("source", "mark"))
    older = (derived["state"] != UNKNOWN) & (derived["date"] >= facts.date)
    grid.put(vars(facts), REPORTED, (facts.state != UNKNOWN) & ~older)


def _contradictions(workbook, reports, numbers, derived):
    """Warnings: a reported state and the indicators, less than a year apart, say different
    things.
    """
    made = []
    rows = reports.drop_duplicates(["at", "criterion"], keep="last")
    at = (rows["at"].to_numpy(), np.searchsorted(numbers, rows["criterion"].to_numpy()))
    state, day = derived["state"][at], derived["date"][at]
    apart = np.abs(day - rows["date"].to_numpy().astype("datetime64[s]"))
    close = (state != UNKNOWN) & (
        apart < np.timedelta64(366, "D")
    )  # over a longer time a state may simply have changed
    reported = rows["state"].map(CODE).to_numpy(dtype=np.int8)
    for index in np.flatnonzero(close & (counts_as_met(reported) != counts_as_met(state))):
        row = rows.iloc[index]
        details = {
            "unit": workbook.units.loc[row["unit"], "label"],
            "criterion": int(row["criterion"]),
        }
        details |= {"state": row["state"], "derived": STATES[state[index]]}
        place = ("state_against_indicators", f"{row['table']}.csv", int(row["row"]), "state")
        made.append(Problem(*place, details, warning=True))
    return made


def _recognised(grid, rows, counted):
    """Met by recognition: what nothing reports, and what was last reported before the day of the
    decision.
    """
    rows = (
        rows.drop_duplicates("at", keep="last").set_index("at").reindex(np.arange(len(grid.state)))
    )
    decided = rows["date"].to_numpy().astype("datetime64[s]")
    older_count = decided > counted["date"].to_numpy().astype("datetime64[s]")
    counted.loc[older_count, ["met", "counted"]] = np.nan, False
    covered = rows["source"].notna().to_numpy() & ~(counted["met"].to_numpy() < grid.state.shape[1])
    silent = grid.state == UNKNOWN
    overruled = lacking(grid.state) & (grid.date < decided[:, None])
    grid.fill(covered[:, None] & (silent | overruled), MET, RECOGNITION, rows)


def _count_table(grid, communes, numbers, counted, basic_counts):
    of, count = len(numbers), counted["met"].to_numpy(dtype=float)
    missing = lacking(grid.state, basic_counts)
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
            "missing": [tuple(int(n) for n in numbers[row]) for row in missing],
            "basic": [tuple(int(n) for n in numbers[row]) for row in grid.state == CODE["basic"]],
            "unknown": (of - met - missing.sum(axis=1)).astype(int),
            "reported_met": counted["reported_met"].to_numpy(dtype=float),
            "counted": counted["counted"].to_numpy(dtype=bool),
            "date": np.fmax(counted["date"].to_numpy().astype("datetime64[s]"), newest),
            "source": counted["source"].fillna("").to_numpy(dtype=object),
            "mark": counted["mark"].fillna("").to_numpy(dtype=object),
            "checked": grid.checked.all(axis=1),
        },
        index=communes.index,
    )


def _state_table(grid, communes, numbers, derived):
    units = len(communes)
    return pd.DataFrame(
        {
            "unit": np.repeat(communes.index.to_numpy(), len(numbers)),
            "criterion": np.tile(numbers, units),
            "state": pd.Categorical.from_codes(grid.state.ravel(), STATES),
            "basis": pd.Categorical.from_codes(grid.basis.ravel(), BASES),
            **{name: getattr(grid, name).ravel() for name in ("date", "source", "mark", "checked")},
            **{name: derived[name].ravel() for name in ("failing", "open", "indicators")},
        }
    )

"""The state of every commune x criterion, and the counts of every commune, from facts at three grains and the law.

Rules (section by section in :func:`assess`):

* a test compares the newest value known with the threshold in force on the day judged, in the commune's region;
* a criterion is met when all its tests are, not met when any fails, else unknown; a test or criterion that does not
  apply counts as met; basically met comes only from a report and counts as not met unless a parameter says otherwise;
* a state reported for the criterion stands beside that; the newer one is used, on the same day the indicators;
* a count ("15 of 19") names nothing, but with as many named missing as it leaves open the rest are met, and with as many
  named met as it counts the rest are not met; a count that disagrees with its list is reported and not used;
* what a recognition decision in this set covers and nothing else reports is met by recognition.

``met + len(missing) + unknown == of`` always. Everything is arrays of communes x tests or communes x criteria.
"""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .criteria import thresholds
from .indicators import BASIC, CODE, MET, NEVER, NOT_APPLICABLE, NOT_MET, STATES, UNKNOWN, judge, newest_values
from .problems import Problem
from .workbook import Workbook

BASES = ("none", "reported", "indicators", "count", "recognition")
NONE, REPORTED, INDICATORS, COUNT, RECOGNITION = range(5)


@dataclass(frozen=True)
class Standing:
    """What :func:`assess` found for one criteria set.

    ``counts``, by unit: met (NaN when nothing is known), of, missing and basic (tuples of criterion numbers), unknown,
    reported_met (the newest count reported, NaN without one), source and mark of that
    count, checked (no state counted rests on a threshold that was not read).
    ``states``, a row a unit and criterion: state, basis, date, source, mark, checked (no verdict rests on a threshold that was
    not read), failing (number of tests failed), open (tests without a verdict), tests (tests in all).
    ``tests``, a row a unit and test with a fact: value, answer, verdict, threshold, op, distance (what is lacking, in the
    test's own unit, 0 when met), reason, date, source, mark, checked.
    ``thresholds``: the thresholds used, by region. ``contradictions``: warnings that show both figures.
    """

    set_id: str
    day: dt.date
    counts: pd.DataFrame
    states: pd.DataFrame
    tests: pd.DataFrame
    thresholds: dict[str, pd.DataFrame]
    contradictions: list[Problem] = field(default_factory=list)

    def matrix(self) -> pd.DataFrame:
        """States as a table of units x criteria; a state met by recognition shows as ``recognition``."""
        shown = self.states["state"].astype(object).where(self.states["basis"] != "recognition", "recognition")
        return self._table(shown)

    def unread(self) -> pd.DataFrame:
        """Which states rest on a threshold that was not read in its text, as a table of units x criteria."""
        return self._table(~self.states["checked"])

    def _table(self, values: pd.Series) -> pd.DataFrame:
        return values.set_axis(pd.MultiIndex.from_frame(self.states[["unit", "criterion"]])).unstack()


def assess(
    workbook: Workbook,
    set_id: str,
    *,
    day: dt.date | None = None,
    basic_counts: bool = False,
    carry: bool = False,
) -> Standing:
    """Judge every commune of a workbook by one criteria set.

    ``day``: the day whose thresholds apply (default: the as-of date). ``basic_counts``: count basically met as met.
    ``carry``: also use values reported under another set for a test that measures the same thing (``same_measure``).

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> standing = assess(wb, "ntm-2016-2020")
    >>> row = standing.counts.loc[wb.find("Thanh Hương")]
    >>> int(row["met"]), int(row["of"]), row["missing"], int(row["unknown"])
    (15, 19, (2, 5, 6, 17), 0)
    """
    law, chosen, day = workbook.law, workbook.law.sets[set_id], day or workbook.as_of
    communes = workbook.communes
    position = pd.Series(np.arange(len(communes)), index=communes.index)
    numbers = law.criteria_of(set_id).index.to_numpy()
    regions = communes["region"]
    if chosen.specially_difficult:
        special = communes["specially_difficult"] == "yes"
        regions = regions.mask(special, chosen.specially_difficult["region"])
    by_region = {r: thresholds(law, set_id, r, day, workbook.as_of) for r in sorted(regions.unique())}

    facts = newest_values(workbook, set_id, position, by_region, carry)
    frame = next(iter(by_region.values()))
    other_sets = _other_sets(workbook, frame, set_id, basic_counts)
    tests, derived = judge(
        facts, regions, by_region, numbers, {test: made["verdict"] for test, made in other_sets.items()}
    )
    for test, made in other_sets.items():
        column = np.searchsorted(numbers, frame.loc[frame["test"] == test, "criterion"].iloc[0])
        bare = (derived["state"][:, column] != UNKNOWN) & (derived["mark"][:, column] == "")
        for name in ("mark", "source"):
            derived[name][bare, column] = made[name].to_numpy(dtype=object)[bare]
        derived["checked"][:, column] &= made["checked"].to_numpy() | (derived["state"][:, column] == UNKNOWN)
    grid = _Grid(len(communes), len(numbers))
    grid.put(derived, INDICATORS)
    contradictions: list[Problem] = []
    _criterion_states(grid, workbook, set_id, position, numbers, derived, contradictions)
    counted = _counts(grid, workbook, set_id, position, numbers, contradictions)
    _recognised(grid, workbook, set_id, position, counted)
    return Standing(
        set_id,
        day,
        _count_table(grid, communes, numbers, counted, basic_counts),
        _state_table(grid, communes, numbers, derived),
        tests.assign(unit=communes.index.to_numpy()[tests["at"]]).drop(columns="at"),
        by_region,
        contradictions,
    )


class _Grid:
    """Arrays of communes x criteria that the grains of facts fill in turn."""

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
        self.state[where], self.basis[where] = state, basis
        dates = facts["date"].to_numpy().astype("datetime64[s]")
        for name, values in (("date", dates), *((c, facts[c].to_numpy(dtype=object)) for c in ("source", "mark"))):
            getattr(self, name)[where] = np.broadcast_to(values[:, None], where.shape)[where]


def _other_sets(workbook: Workbook, frame: pd.DataFrame, set_id: str, basic_counts: bool) -> dict[str, pd.DataFrame]:
    """Tests that rest on another set as a whole (the model level on the advanced one): each commune's verdict, mark, source,
    checked.

    The mark is "assumed" as soon as one state under it is; the source names the other set.
    """
    values, made = workbook.law.values, {}
    for test in frame.loc[frame["kind"] == "verdict", "test"]:
        rows = values[(values["set"] == set_id) & (values["test"] == test) & (values["kind"] == "verdict")]
        other = assess(workbook, rows["times_set"].iloc[0], basic_counts=basic_counts)
        counts, marks = other.counts, other.states[other.states["mark"] != ""].groupby("unit")["mark"]
        failed = counts["missing"].map(len) > 0
        verdict = np.where(counts["met"] == counts["of"], MET, np.where(failed, NOT_MET, UNKNOWN)).astype(np.int8)
        table = pd.DataFrame({"verdict": verdict, "source": other.set_id}, index=counts.index)
        # Met rests on every criterion of the other set; not met on any failed one whose thresholds were read.
        states = other.states.assign(lacks=other.states["state"].isin(["not_met", "basic"]))
        every, one = (part.groupby("unit")["checked"] for part in (states, states[states["lacks"]]))
        table["checked"] = every.all().where(~failed, one.any().reindex(counts.index, fill_value=True))
        table["mark"] = marks.min().reindex(counts.index).fillna("")  # "assumed" sorts before the other marks
        made[test] = table
    return made


def _criterion_states(
    grid: _Grid,
    workbook: Workbook,
    set_id: str,
    position: pd.Series,
    numbers: np.ndarray,
    derived: dict[str, np.ndarray],
    contradictions: list[Problem],
) -> None:
    """Reported states: taken where they are newer than what the indicators say, or where those say nothing."""
    rows = workbook.tables["criterion_states"]
    rows = rows[
        (rows["set"] == set_id) & rows["unit"].isin(position.index) & (rows["date"] <= pd.Timestamp(workbook.as_of))
    ]
    rows = rows.sort_values("date", kind="stable").drop_duplicates(["unit", "criterion"], keep="last")
    at = (position[rows["unit"]].to_numpy(), np.searchsorted(numbers, rows["criterion"].to_numpy()))
    reported = {name: np.copy(getattr(grid, name)) for name in ("state", "date", "source", "mark", "checked")}
    reported["state"][:] = UNKNOWN
    reported["checked"][:] = True  # an office judged it by its own papers; no threshold of ours is used
    reported["state"][at] = rows["state"].map(CODE).to_numpy(dtype=np.int8)
    reported["date"][at] = rows["date"].to_numpy().astype("datetime64[s]")
    reported["source"][at], reported["mark"][at] = (
        rows["source"].to_numpy(dtype=object),
        rows["mark"].to_numpy(dtype=object),
    )
    both = (reported["state"] != UNKNOWN) & (derived["state"] != UNKNOWN)
    differ = both & (_counts_as_met(reported["state"]) != _counts_as_met(derived["state"]))
    for row in rows[differ[at]].itertuples():
        cell = (position[row.unit], np.searchsorted(numbers, row.criterion))
        details = {
            "unit": workbook.units.loc[row.unit, "label"],
            "criterion": int(row.criterion),
            "state": row.state,
            "derived": STATES[derived["state"][cell]],
        }
        contradictions.append(
            Problem("state_against_indicators", "criterion_states.csv", int(row.row), "state", details, warning=True)
        )
    newer = (reported["state"] != UNKNOWN) & ~(both & (derived["date"] >= reported["date"]))
    grid.put(reported, REPORTED, newer)


def _counts_as_met(state: np.ndarray, basic: bool = False) -> np.ndarray:
    return (state == MET) | (state == NOT_APPLICABLE) | ((state == BASIC) & basic)


def _counts(
    grid: _Grid,
    workbook: Workbook,
    set_id: str,
    position: pd.Series,
    numbers: np.ndarray,
    contradictions: list[Problem],
) -> pd.DataFrame:
    """Each commune's newest count (NaN without one, or where it disagrees with its list): ``met`` moved on by the named
    changes since, ``reported_met`` as reported. Fills the grid where the names of the rest follow."""
    rows = workbook.tables["criterion_counts"]
    rows = rows[
        (rows["set"] == set_id) & rows["unit"].isin(position.index) & (rows["date"] <= pd.Timestamp(workbook.as_of))
    ]
    rows = rows.sort_values("date", kind="stable").drop_duplicates("unit", keep="last")
    table = rows.set_index(position[rows["unit"]].to_numpy()).reindex(np.arange(len(position)))
    count, of = table["met"].to_numpy(dtype=float), len(numbers)
    day = table["date"].to_numpy().astype("datetime64[s]")[:, None]
    # What was named on the day of the count: later changes must not make an old count look wrong.
    then = np.where(grid.date <= day, grid.state, UNKNOWN)
    past = workbook.tables["criterion_states"]
    past = past[(past["set"] == set_id) & past["unit"].isin(rows["unit"])]
    past = past[past["date"].to_numpy() <= table["date"].to_numpy()[position[past["unit"]].to_numpy()]]
    past = past.sort_values("date", kind="stable").drop_duplicates(["unit", "criterion"], keep="last")
    at, column = position[past["unit"]].to_numpy(), np.searchsorted(numbers, past["criterion"].to_numpy())
    overruled = then[at, column] == UNKNOWN
    then[at[overruled], column[overruled]] = past["state"].map(CODE).to_numpy(dtype=np.int8)[overruled]
    was_met, was_missing = _counts_as_met(then), (then == NOT_MET) | (then == BASIC)
    met, missing = was_met.sum(axis=1), was_missing.sum(axis=1)
    disagrees = (met > count) | (missing > of - count)
    for index in np.flatnonzero(disagrees):
        details = {
            "unit": workbook.units.loc[position.index[index], "label"],
            "count": f"{count[index]:g}/{of}",
            "listed": f"{met[index]} + {missing[index]} + {of - met[index] - missing[index]} (Đ + C + ...)",
        }
        row = int(table["row"].iloc[index])
        contradictions.append(Problem("count_against_list", "criterion_counts.csv", row, "met", details, warning=True))
    now = grid.state
    gained = (was_missing & _counts_as_met(now)).sum(axis=1)
    lost = (was_met & ((now == NOT_MET) | (now == BASIC))).sum(axis=1)
    rest_met = ~disagrees & (missing == of - count)
    rest_missing = ~disagrees & ~rest_met & (met == count)
    nameless = now == UNKNOWN
    grid.fill(nameless & rest_met[:, None], MET, COUNT, table)
    grid.fill(nameless & rest_missing[:, None], NOT_MET, COUNT, table)
    return table.assign(reported_met=count, met=np.where(disagrees, np.nan, count + gained - lost))


def _recognised(grid: _Grid, workbook: Workbook, set_id: str, position: pd.Series, counted: pd.DataFrame) -> None:
    """Criteria that nothing else reports are met by recognition, unless a count says that some are not met."""
    rows = workbook.tables["recognitions"]
    rows = rows[(rows["set"] == set_id) & rows["unit"].isin(position.index)].drop_duplicates("unit", keep="last")
    table = rows.set_index(position[rows["unit"]].to_numpy()).reindex(np.arange(len(position)))
    covered = (table["source"].notna() & ~(counted["met"] < grid.state.shape[1])).to_numpy()
    grid.fill((grid.state == UNKNOWN) & covered[:, None], MET, RECOGNITION, table)


def _count_table(
    grid: _Grid, communes: pd.DataFrame, numbers: np.ndarray, counted: pd.DataFrame, basic_counts: bool
) -> pd.DataFrame:
    of = len(numbers)
    named_met = _counts_as_met(grid.state, basic_counts).sum(axis=1)
    lacking = (grid.state == NOT_MET) | ((grid.state == BASIC) & (not basic_counts))
    count = counted["met"].to_numpy(dtype=float)
    met = np.fmax(named_met, np.minimum(count, of - lacking.sum(axis=1)))
    known = (grid.state != UNKNOWN).any(axis=1) | ~np.isnan(count)
    return pd.DataFrame(
        {
            "met": np.where(known, met, np.nan),
            "of": of,
            "missing": [tuple(int(n) for n in numbers[row]) for row in lacking],
            "basic": [tuple(int(n) for n in numbers[row]) for row in grid.state == BASIC],
            "unknown": (of - met - lacking.sum(axis=1)).astype(int),
            "reported_met": counted["reported_met"].to_numpy(dtype=float),
            "source": counted["source"].fillna("").to_numpy(dtype=object),
            "mark": counted["mark"].fillna("").to_numpy(dtype=object),
            "checked": grid.checked.all(axis=1),
        },
        index=communes.index,
    )


def _state_table(
    grid: _Grid, communes: pd.DataFrame, numbers: np.ndarray, derived: dict[str, np.ndarray]
) -> pd.DataFrame:
    units = len(communes)
    return pd.DataFrame(
        {
            "unit": np.repeat(communes.index.to_numpy(), len(numbers)),
            "criterion": np.tile(numbers, units),
            "state": pd.Categorical.from_codes(grid.state.ravel(), STATES),
            "basis": pd.Categorical.from_codes(grid.basis.ravel(), BASES),
            "date": grid.date.ravel(),
            "source": grid.source.ravel(),
            "mark": grid.mark.ravel(),
            "checked": grid.checked.ravel(),
            "failing": derived["failing"].ravel(),
            "open": derived["open"].ravel(),
            "tests": derived["tests"].ravel(),
        }
    )

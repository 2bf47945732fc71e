"""Values against thresholds: the verdict of every test, gathered into criteria.

A test compares the newest value known with the threshold in force in the commune's region. A
criterion is met when all its tests are, not met when any fails, else unknown; a test that does not
apply counts as met. Everything is worked out in arrays of communes x tests or communes x criteria.
"""

from collections import namedtuple

import numpy as np
import pandas as pd

STATES = ("unknown", "not_met", "met", "basic", "not_applicable")
UNKNOWN, NOT_MET, MET, BASIC, NOT_APPLICABLE = range(5)
CODE = {state: code for code, state in enumerate(STATES)}
MET_STATES = ("met", "recognition", "not_applicable")
LACKING_STATES = ("not_met", "basic")
NEVER = np.datetime64("NaT", "s")


def dates_of(rows):
    """Dates of some rows, to the second.

    Parameters
    ----------
    rows : DataFrame
        With a column ``date``.

    Returns
    -------
    ndarray of datetime64
    """
    return rows["date"].to_numpy().astype("datetime64[s]")


class Grid:
    """What is known of every commune x criterion; nothing at first.

    Parameters
    ----------
    communes, criteria : int
        How many.

    Attributes
    ----------
    state, basis : ndarray of int8
        Communes x criteria: position in :data:`STATES`; in ``assess.BASES``.
    date : ndarray of datetime64
    source, mark : ndarray of str
        Of the fact that decided.
    checked : ndarray of bool
        Whether the state rests on no threshold that was not read in its text.
    failing, open, indicators : ndarray of int16
        Number of indicators that fail, that have no verdict, in all.
    """

    def __init__(self, communes, criteria):
        shape = (communes, criteria)
        self.state = np.full(shape, UNKNOWN, dtype=np.int8)
        self.basis = np.zeros(shape, dtype=np.int8)
        self.date = np.full(shape, NEVER)
        self.source = np.full(shape, "", dtype=object)
        self.mark = np.full(shape, "", dtype=object)
        self.checked = np.ones(shape, dtype=bool)
        self.failing, self.open, self.indicators = np.zeros((3, *shape), dtype=np.int16)

    def put(self, facts, basis, where):
        """Take over states of another grid.

        Parameters
        ----------
        facts : Grid
        basis : int
            Position in ``assess.BASES``.
        where : ndarray of bool
            Communes x criteria.
        """
        self.basis[where] = basis
        for name in ("state", "date", "source", "mark", "checked"):
            getattr(self, name)[where] = getattr(facts, name)[where]

    def fill(self, where, state, basis, facts):
        """Give one state to cells, on the strength of each commune's fact.

        Parameters
        ----------
        where : ndarray of bool
            Communes x criteria.
        state, basis : int
        facts : DataFrame
            A row a commune, in order: date, source, mark.
        """
        self.state[where], self.basis[where], self.checked[where] = state, basis, True
        columns = {"date": dates_of(facts)}
        columns |= {name: facts[name].to_numpy(dtype=object) for name in ("source", "mark")}
        for name, values in columns.items():
            getattr(self, name)[where] = np.broadcast_to(values[:, None], where.shape)[where]


class RegionThresholds(namedtuple("RegionThresholds", "by_region regions possible")):
    """What the communes are judged by.

    Attributes
    ----------
    by_region : dict of str to DataFrame
        Thresholds, a row a test, by region.
    regions : ndarray of str
        Each commune's region.
    possible : ndarray of str
        The region that would apply if a commune turned out to be specially difficult; empty where
        that is known or makes no difference.
    """

    @property
    def frame(self):
        """Thresholds of one region; the tests and their order are the same in every region."""
        return next(iter(self.by_region.values()))

    def of(self, column, regions):
        """Spread one column of the thresholds over the communes.

        Parameters
        ----------
        column : str
        regions : sequence of str
            A region a commune.

        Returns
        -------
        ndarray
            Communes x tests.
        """
        names = sorted(self.by_region)
        stacked = np.stack([self.by_region[name][column].to_numpy() for name in names])
        return stacked[[names.index(region) for region in regions]]


def values_of(workbook, set_id, position, frame, carry):
    """All values of the communes for the tests of a set, the newest last.

    Parameters
    ----------
    workbook : Workbook
    set_id : str
    position : Series of int
        By unit.
    frame : DataFrame
        The tests, in order.
    carry : bool
        Whether values reported under another set count where a test measures the same thing.

    Returns
    -------
    DataFrame
        The columns of ``indicator_values`` and: at (position of the commune), column (position of
        the test), carried (the other set that a value was reported under, or ""), checked.
    """
    columns = pd.Series(np.arange(len(frame)), index=frame["test"])
    rows = workbook.tables["indicator_values"]
    rows = rows[rows["unit"].isin(position.index)]
    own = rows[rows["set"] == set_id]
    own = own.assign(column=own["indicator"].map(columns), carried="")
    if carry:
        key = {
            pair: columns[test]
            for test, same in zip(frame["test"], frame["same_measure"], strict=True)
            for pair in same.items()
        }
        column = np.array(
            [key.get(p, -1) for p in zip(rows["set"], rows["indicator"], strict=True)],
            dtype="int64",
        )
        other = rows.assign(column=column, carried=rows["set"])[column >= 0]
        # On one day a value of the set itself beats one carried over.
        own = pd.concat([other.sort_values("carried", kind="stable"), own])
    own = own[own["column"].notna()]
    return own.assign(
        at=own["unit"].map(position).astype("int64"),
        column=own["column"].astype("int64"),
        checked=True,
    ).sort_values("date", kind="stable")


def judge(facts, levels, numbers):
    """Judge each newest fact, and gather the verdicts into criteria.

    Parameters
    ----------
    facts : DataFrame
        As of :func:`values_of`.
    levels : RegionThresholds
    numbers : ndarray of int
        Of the criteria, in order.

    Returns
    -------
    tests : DataFrame
        A row a commune and test with a fact: at, test, criterion, value, answer, verdict,
        threshold, op, distance, reason, date, source, mark, carried, checked.
    criteria : Grid
        What the tests say of each criterion.
    """
    frame = levels.frame
    facts = facts.drop_duplicates(["at", "column"], keep="last")
    at, column = facts["at"].to_numpy(), facts["column"].to_numpy()
    threshold, kind, op, read = (
        levels.of(c, levels.regions)[at, column] for c in ("value", "kind", "op", "checked")
    )
    threshold = threshold.astype(float)
    value, answer = facts["value"].to_numpy(dtype=float), facts["state"].to_numpy(dtype=object)
    lack = _lack(value, threshold, op)
    measured = (op != "judged") & (kind == "number")
    # Not known whether the commune is specially difficult, and the two levels disagree: nothing can
    # be said.
    either = np.where(levels.possible == "", levels.regions, levels.possible)
    other = _lack(value, levels.of("value", either)[at, column].astype(float), op)
    torn = measured & (other * lack <= 0) & ((other <= 0) != (lack <= 0))
    verdict, reason = _verdicts(answer, op == "judged", measured, lack, torn, kind)
    tests = pd.DataFrame(
        {
            "at": at,
            "test": frame["test"].to_numpy()[column],
            "criterion": frame["criterion"].to_numpy()[column],
            "value": value,
            "answer": answer,
            "verdict": pd.Categorical.from_codes(verdict, STATES),
            "threshold": threshold,
            "op": op,
            "distance": np.where(measured, np.maximum(lack, 0.0), np.nan),
            "reason": reason,
            "date": facts["date"].to_numpy(),
            "source": facts["source"].to_numpy(dtype=object),
            "mark": facts["mark"].to_numpy(dtype=object),
            "carried": facts["carried"].to_numpy(dtype=object),
            "checked": read.astype(bool) & facts["checked"].to_numpy(dtype=bool),
        }
    )
    fact_at = np.full((len(levels.regions), len(frame)), -1)
    fact_at[at, column] = np.arange(len(facts))
    checked = levels.of("checked", levels.regions).astype(bool)
    return tests, _criteria_of_tests(fact_at, tests, frame, checked, numbers)


def _lack(value, threshold, op):
    """How far a value falls short of its threshold, in the test's unit; 0 or less when met."""
    return np.round(np.where(op == "<=", value - threshold, threshold - value), 6)


def _verdicts(answer, judged, measured, lack, torn, kind):
    """Verdicts (positions in STATES) and their reasons: of the cases the first that holds."""
    cases = [
        (answer == "not_applicable", NOT_APPLICABLE, "not_applicable"),
        (torn, UNKNOWN, "torn"),
        (measured & (lack <= 0), MET, "reaches"),
        (measured & (lack > 0), NOT_MET, "lacks"),
        (judged & (answer == "met"), MET, "judged"),
        (judged & (answer == "not_met"), NOT_MET, "judged"),
        (judged | measured, UNKNOWN, "other_form"),
        (kind == "province", UNKNOWN, "threshold_province"),
    ]
    conditions, verdicts, reasons = (list(column) for column in zip(*cases, strict=True))
    return (
        np.select(conditions, verdicts, UNKNOWN),
        np.select(conditions, reasons, "threshold_unknown"),
    )


def _criteria_of_tests(fact_at, tests, frame, checked, numbers):
    """Gather tests into criteria; date, source and mark are those of what decided."""
    criteria = Grid(len(fact_at), len(numbers))
    # One more entry at the end, where -1 (no fact) looks.
    verdicts = np.append(tests["verdict"].cat.codes.to_numpy(), UNKNOWN)[fact_at]
    read = np.append(tests["checked"].to_numpy(), False)[fact_at]
    read = np.where(fact_at >= 0, read, checked)
    dates = np.append(dates_of(tests), NEVER)
    sources = np.append(tests["source"].to_numpy(dtype=object), "")
    marks = np.append(tests["mark"].to_numpy(dtype=object), "")
    for column, number in enumerate(numbers):
        cells = np.flatnonzero(frame["criterion"].to_numpy() == number)
        if not len(cells):
            continue
        part, facts, safe = verdicts[:, cells], fact_at[:, cells], read[:, cells]
        failed, exempt = part == NOT_MET, part == NOT_APPLICABLE
        fails = failed.any(axis=1)
        met = ((part == MET) | exempt).all(axis=1)
        state = np.where(fails, NOT_MET, np.where(met, MET, UNKNOWN))
        state = np.where(exempt.all(axis=1), NOT_APPLICABLE, state)
        # One failed test with a threshold that was read is enough for "not met"; "met" rests on all
        # of them.
        sure = np.where(fails, (failed & safe).any(axis=1), (safe | exempt).all(axis=1))
        when = np.where(np.where(fails[:, None], failed, facts >= 0), dates[facts], NEVER)
        newest = np.where(np.isnat(when), np.datetime64(0, "s"), when).argmax(axis=1)
        rows = np.arange(len(part))
        first = facts[rows, np.where(fails, failed.argmax(axis=1), newest)]
        criteria.state[:, column] = state
        criteria.date[:, column] = when[rows, newest]
        criteria.source[:, column], criteria.mark[:, column] = sources[first], marks[first]
        criteria.checked[:, column] = sure | (state == UNKNOWN)
        # An indicator with an "of which" part is one indicator with two tests.
        names = frame["indicator"].to_numpy()[cells]
        for name in dict.fromkeys(names):
            lacks = failed[:, names == name].any(axis=1)
            criteria.failing[:, column] += lacks
            criteria.open[:, column] += ~lacks & (part[:, names == name] == UNKNOWN).any(axis=1)
            criteria.indicators[:, column] += 1
    return criteria

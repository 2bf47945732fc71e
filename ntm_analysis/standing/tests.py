"""Values against thresholds: the verdict of every test, gathered into criteria, in arrays of
communes x tests.

A test compares the newest value known with the threshold in force in the commune's region. A
criterion is met when all its tests are, not met when any fails, else unknown; a test that does not
apply counts as met.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data import Workbook

STATES = ("unknown", "not_met", "met", "basic", "not_applicable")
UNKNOWN, NOT_MET, MET, BASIC, NOT_APPLICABLE = range(5)
CODE = {state: code for code, state in enumerate(STATES)}
NEVER = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class Levels:
    """What the communes are judged by: thresholds by region, each commune's region, and the region
    that would apply if it turned out to be specially difficult ("" where that is known or makes no
    difference).
    """

    by_region: dict[str, pd.DataFrame]
    regions: np.ndarray
    possible: np.ndarray

    @property
    def frame(self) -> pd.DataFrame:
        """The tests in order; they are the same in every region."""
        return next(iter(self.by_region.values()))

    def of(self, column: str, regions: np.ndarray) -> np.ndarray:
        """One column of the thresholds as an array of communes x tests, each commune by its
        region.
        """
        names = sorted(self.by_region)
        stacked = np.stack([self.by_region[name][column].to_numpy() for name in names])
        return stacked[[names.index(region) for region in regions]]


def values_of(
    workbook: Workbook, set_id: str, position: pd.Series, frame: pd.DataFrame, carry: bool
) -> pd.DataFrame:
    """All values of the communes for the tests of ``frame``, the newest last (columns of
    indicator_values, plus ``at``, ``column``, ``carried``: the set a value was reported under when
    it is another one, ``checked``).
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
        other = rows[column >= 0].assign(
            column=column[column >= 0], carried=rows["set"][column >= 0]
        )
        # On one day a value of the set itself beats one carried over.
        own = pd.concat([other.sort_values("carried", kind="stable"), own])
    own = own[own["column"].notna()]
    made = {
        "at": own["unit"].map(position).astype("int64"),
        "column": own["column"].astype("int64"),
        "checked": True,
    }
    return own.assign(**made).sort_values("date", kind="stable")


def judge(
    facts: pd.DataFrame, levels: Levels, numbers: np.ndarray
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Each newest fact's verdict (long), and what the tests say of each criterion (arrays of
    communes x criteria).
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

    judged, measured = op == "judged", (op != "judged") & (kind == "number")
    verdict = np.full(len(facts), UNKNOWN, dtype=np.int8)
    verdict[measured & (lack <= 0)], verdict[measured & (lack > 0)] = MET, NOT_MET
    verdict[judged & (answer == "met")], verdict[judged & (answer == "not_met")] = MET, NOT_MET
    verdict[answer == "not_applicable"] = NOT_APPLICABLE
    # Not known whether the commune is specially difficult, and the two levels disagree: nothing can
    # be said.
    either = np.where(levels.possible == "", levels.regions, levels.possible)
    other = _lack(value, levels.of("value", either)[at, column].astype(float), op)
    torn = (
        measured & (other * lack <= 0) & ((other <= 0) != (lack <= 0)) & (verdict != NOT_APPLICABLE)
    )
    verdict[torn] = UNKNOWN
    reason = np.select(
        [
            verdict == NOT_APPLICABLE,
            torn,
            measured & (verdict == MET),
            measured & (verdict == NOT_MET),
            judged & (verdict != UNKNOWN),
            judged | (measured & np.isnan(lack)),
            kind == "province",
        ],
        [
            "not_applicable",
            "torn",
            "reaches",
            "lacks",
            "judged",
            "other_form",
            "threshold_province",
        ],
        "threshold_unknown",
    )
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
    return tests, _criteria_of_tests(
        fact_at, tests, frame, levels.of("checked", levels.regions), numbers
    )


def _lack(value, threshold, op):
    """How far a value falls short of its threshold, in the test's own unit; 0 or less when it is
    met.
    """
    return np.round(np.where(op == "<=", value - threshold, threshold - value), 6)


def _criteria_of_tests(fact_at, tests, frame, checked, numbers):
    """Tests gathered into criteria: all met, any failed, else unknown; the date and source of what
    decided.
    """
    shape = (len(fact_at), len(numbers))
    made = {
        "state": np.full(shape, UNKNOWN, dtype=np.int8),
        "date": np.full(shape, NEVER),
        "source": np.full(shape, "", dtype=object),
        "mark": np.full(shape, "", dtype=object),
        "checked": np.ones(shape, dtype=bool),
        "failing": np.zeros(shape, dtype=np.int16),
        "open": np.zeros(shape, dtype=np.int16),
        "indicators": np.zeros(shape, dtype=np.int16),
    }
    # One more entry at the end, where -1 (no fact) looks.
    verdicts = np.append(tests["verdict"].cat.codes.to_numpy(), UNKNOWN)[fact_at]
    read = np.where(
        fact_at >= 0, np.append(tests["checked"].to_numpy(), False)[fact_at], checked.astype(bool)
    )
    dates = np.append(tests["date"].to_numpy().astype("datetime64[s]"), NEVER)
    sources = np.append(tests["source"].to_numpy(dtype=object), "")
    marks = np.append(tests["mark"].to_numpy(dtype=object), "")
    for column, number in enumerate(numbers):
        cells = np.flatnonzero(frame["criterion"].to_numpy() == number)
        if not len(cells):
            continue
        part, facts, safe = verdicts[:, cells], fact_at[:, cells], read[:, cells]
        failed = part == NOT_MET
        fails = failed.any(axis=1)
        met = ((part == MET) | (part == NOT_APPLICABLE)).all(axis=1)
        state = np.where(fails, NOT_MET, np.where(met, MET, UNKNOWN))
        state = np.where((part == NOT_APPLICABLE).all(axis=1), NOT_APPLICABLE, state)
        # One failed test with a threshold that was read is enough for "not met"; "met" rests on all
        # of them.
        sure = np.where(
            fails, (failed & safe).any(axis=1), (safe | (part == NOT_APPLICABLE)).all(axis=1)
        )
        when = np.where(np.where(fails[:, None], failed, facts >= 0), dates[facts], NEVER)
        newest = np.where(np.isnat(when), np.datetime64(0, "s"), when).argmax(axis=1)
        rows = np.arange(len(part))
        first = facts[rows, np.where(fails, failed.argmax(axis=1), newest)]
        made["state"][:, column] = state
        made["date"][:, column] = when[rows, newest]
        made["source"][:, column], made["mark"][:, column] = sources[first], marks[first]
        made["checked"][:, column] = sure | (state == UNKNOWN)
        # An indicator with an "of which" part is one indicator with two tests.
        names = frame["indicator"].to_numpy()[cells]
        for name in dict.fromkeys(names):
            lacks = failed[:, names == name].any(axis=1)
            made["failing"][:, column] += lacks
            made["open"][:, column] += ~lacks & (part[:, names == name] == UNKNOWN).any(axis=1)
            made["indicators"][:, column] += 1
    return made

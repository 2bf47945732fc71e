"""Values against thresholds: the verdict of every test, gathered into criteria, in arrays of communes x tests.

A test compares the newest value known with the threshold in force in the commune's region. A criterion is met when all its
tests are, not met when any fails, else unknown; a test that does not apply counts as met.
"""

import numpy as np
import pandas as pd

from .workbook import Workbook

STATES = ("unknown", "not_met", "met", "basic", "not_applicable")
UNKNOWN, NOT_MET, MET, BASIC, NOT_APPLICABLE = range(5)
CODE = {state: code for code, state in enumerate(STATES)}
NEVER = np.datetime64("NaT", "s")


def newest_values(
    workbook: Workbook, set_id: str, position: pd.Series, by_region: dict[str, pd.DataFrame], carry: bool
) -> pd.DataFrame:
    """The newest value of each commune and test (columns of indicator_values, plus ``at``, ``column``, ``carried``)."""
    frame = next(iter(by_region.values()))
    columns = pd.Series(np.arange(len(frame)), index=frame["test"])
    rows = workbook.tables["indicator_values"]
    rows = rows[rows["unit"].isin(position.index) & (rows["date"] <= pd.Timestamp(workbook.as_of))]
    own = rows[rows["set"] == set_id]
    own = own.assign(column=own["indicator"].map(columns), carried="")
    if carry:
        pairs = [
            (s, t, test)
            for test, same in zip(frame["test"], frame["same_measure"], strict=True)
            for s, t in same.items()
        ]
        key = {(s, t): columns[test] for s, t, test in pairs}
        found = [key.get(pair, -1) for pair in zip(rows["set"], rows["indicator"], strict=True)]
        column = np.array(found, dtype="int64")
        other, column = rows[column >= 0], column[column >= 0]
        own = pd.concat([other.assign(column=column, carried=other["set"]), own])
    own = own[own["column"].notna()]
    own = own.assign(at=own["unit"].map(position).astype("int64"), column=own["column"].astype("int64"))
    return own.sort_values("date", kind="stable").drop_duplicates(["at", "column"], keep="last").reset_index(drop=True)


def judge(
    facts: pd.DataFrame,
    regions: pd.Series,
    by_region: dict[str, pd.DataFrame],
    numbers: np.ndarray,
    other_sets: dict[str, pd.Series],
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Each fact's verdict (long), and what the tests say of each criterion (arrays of communes x criteria).

    ``other_sets``: tests whose verdict is that of another set as a whole, with each commune's verdict.
    """
    names = sorted(by_region)
    region_of = regions.map({name: i for i, name in enumerate(names)}).to_numpy(dtype=int)
    stacked = {c: np.stack([by_region[n][c].to_numpy() for n in names]) for c in ("value", "kind", "op", "checked")}
    frame = by_region[names[0]]
    at, column = facts["at"].to_numpy(), facts["column"].to_numpy()
    here = (region_of[at], column)
    threshold, kind, op = stacked["value"][here].astype(float), stacked["kind"][here], stacked["op"][here]
    value, answer = facts["value"].to_numpy(dtype=float), facts["state"].to_numpy(dtype=object)
    lack = np.round(np.where(op == "<=", value - threshold, threshold - value), 6)

    judged, measured = op == "judged", (op != "judged") & (kind == "number")
    verdict = np.full(len(facts), UNKNOWN, dtype=np.int8)
    verdict[measured & (lack <= 0)], verdict[measured & (lack > 0)] = MET, NOT_MET
    verdict[measured & np.isnan(lack)] = UNKNOWN
    verdict[judged & (answer == "met")], verdict[judged & (answer == "not_met")] = MET, NOT_MET
    verdict[answer == "not_applicable"] = NOT_APPLICABLE
    reason = np.select(
        [
            verdict == NOT_APPLICABLE,
            measured & (verdict == MET),
            measured & (verdict == NOT_MET),
            judged & (verdict != UNKNOWN),
            judged | (measured & np.isnan(lack)),
            kind == "province",
        ],
        ["not_applicable", "reaches", "lacks", "judged", "other_form", "threshold_province"],
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
            "checked": stacked["checked"][here].astype(bool),
        }
    )
    verdicts = np.full((len(regions), len(frame)), UNKNOWN, dtype=np.int8)
    verdicts[at, column] = verdict
    for test, whole in other_sets.items():
        verdicts[:, np.flatnonzero(frame["test"] == test)[0]] = np.asarray(whole)
    fact_at = np.full((len(regions), len(frame)), -1)
    fact_at[at, column] = np.arange(len(facts))
    return tests, _criteria_of_tests(
        verdicts, fact_at, tests, frame, stacked["checked"][region_of].astype(bool), numbers
    )


def _criteria_of_tests(
    verdicts: np.ndarray,
    fact_at: np.ndarray,
    tests: pd.DataFrame,
    frame: pd.DataFrame,
    checked: np.ndarray,
    numbers: np.ndarray,
) -> dict[str, np.ndarray]:
    """Tests gathered into criteria: all met, any failed, else unknown; the date and source of what decided."""
    shape = (len(verdicts), len(numbers))
    made = {
        "state": np.full(shape, UNKNOWN, dtype=np.int8),
        "date": np.full(shape, NEVER),
        "source": np.full(shape, "", dtype=object),
        "mark": np.full(shape, "", dtype=object),
        "checked": np.ones(shape, dtype=bool),
        "failing": np.zeros(shape, dtype=np.int16),
        "open": np.zeros(shape, dtype=np.int16),
        "tests": np.zeros(shape, dtype=np.int16),
    }
    dates = np.append(tests["date"].to_numpy().astype("datetime64[s]"), NEVER)
    sources = np.append(tests["source"].to_numpy(dtype=object), "")
    marks = np.append(tests["mark"].to_numpy(dtype=object), "")
    for column, number in enumerate(numbers):
        cells = np.flatnonzero(frame["criterion"].to_numpy() == number)
        if not len(cells):
            continue
        part, facts, read = verdicts[:, cells], fact_at[:, cells], checked[:, cells]
        failed = part == NOT_MET
        met = ((part == MET) | (part == NOT_APPLICABLE)).all(axis=1)
        state = np.where(failed.any(axis=1), NOT_MET, np.where(met, MET, UNKNOWN))
        state = np.where((part == NOT_APPLICABLE).all(axis=1), NOT_APPLICABLE, state)
        # One failed test with a threshold that was read is enough for "not met"; "met" rests on all of them.
        safe = np.where(failed.any(axis=1), (failed & read).any(axis=1), (read | (part == NOT_APPLICABLE)).all(axis=1))
        deciding = np.where(failed.any(axis=1, keepdims=True), failed, facts >= 0)
        when = np.where(deciding, dates[facts], NEVER)
        newest = np.where(np.isnat(when), np.datetime64(0, "s"), when).argmax(axis=1)
        rows = np.arange(len(part))
        first = facts[rows, np.where(failed.any(axis=1), failed.argmax(axis=1), newest)]
        made["state"][:, column] = state
        made["date"][:, column] = when[rows, newest]
        made["source"][:, column], made["mark"][:, column] = sources[first], marks[first]
        made["checked"][:, column] = safe | (state == UNKNOWN)
        made["failing"][:, column] = failed.sum(axis=1)
        made["open"][:, column] = (part == UNKNOWN).sum(axis=1)
        made["tests"][:, column] = len(cells)
    return made

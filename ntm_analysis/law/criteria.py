"""Criteria sets as tables, and the thresholds in force on a day in a region, as far as they were
known.

A set has criteria (1..19), a criterion has indicators (17.1), an indicator one or more tests
("17.1" and its "of which" part "17.1a"). A test has values by date and region, each with a
reference, a mark and ``known_from``. Everything here is pure; :mod:`ntm_analysis.law.reader` reads
the files.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from ..language import write_number

REGIONS = ("all", "national", "tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")
REGION_NAMES = {
    "tdmnpb": ("Trung du miền núi phía Bắc", "Northern midlands and mountains"),
    "dbsh": ("Đồng bằng sông Hồng", "Red River Delta"),
    "btb": ("Bắc Trung Bộ", "North Central"),
    "dhntb": ("Duyên hải Nam Trung Bộ", "South Central Coast"),
    "tn": ("Tây Nguyên", "Central Highlands"),
    "dnb": ("Đông Nam Bộ", "South East"),
    "dbscl": ("Đồng bằng sông Cửu Long", "Mekong Delta"),
}
LEVELS = ("ntm", "advanced", "model")  # of criteria sets, targets and recognitions, from the lowest
LAW_MARKS = ("read", "memory", "unclear")


@dataclass(frozen=True)
class CriteriaSet:
    """One criteria set: what it is, when it is in force, since when it is known; texts are ``{"vi":
    ..., "en": ...}``.
    """

    id: str
    level: str
    title: dict[str, str]
    decision: dict
    start: dt.date
    end: dt.date | None
    known_from: dt.date
    counts_only: bool
    criteria_count: int
    indicator_count: int
    note: dict[str, str] | None = None
    specially_difficult: dict | None = None
    requires: dict | None = None


@dataclass(frozen=True, eq=False)
class Law:
    """All law that was read; nothing of it changes afterwards.

    ``criteria``: set, criterion, name_vi, name_en, owner_vi, owner_en, owner_mark, owner_reference.
    ``tests``: set, criterion, indicator, test, name_vi, name_en, unit, op, same_measure.
    ``values``: set, test, region, start, end, op, kind (number, met, province, unknown, verdict),
    value, mark, reference, known_from, name_vi, name_en, unit, note_vi, note_en (names and unit
    blank unless an amendment changes them), times_set, times_test (the set and test whose value or
    verdict it follows; blank for a value of its own). ``district``, ``recognition``,
    ``revocation``: rows of the further rules, as in their files.
    """

    sets: dict[str, CriteriaSet]
    criteria: pd.DataFrame
    tests: pd.DataFrame
    values: pd.DataFrame
    district: list[dict] = field(default_factory=list)
    recognition: list[dict] = field(default_factory=list)
    revocation: list[dict] = field(default_factory=list)

    def criteria_of(self, set_id: str) -> pd.DataFrame:
        """The criteria of one set by number; for a set that only counts, nameless rows 1..n."""
        rows = self.criteria[self.criteria["set"] == set_id].set_index("criterion").sort_index()
        if self.sets[set_id].counts_only:
            numbers = pd.RangeIndex(1, self.sets[set_id].criteria_count + 1, name="criterion")
            rows = rows.reindex(numbers)
        return rows

    def in_force(self, level: str, day: dt.date) -> str | None:
        """The set of ``level`` in force on ``day`` and known by then, the newest first; None when
        there is none.

        >>> law.in_force("ntm", dt.date(2022, 3, 31))  # doctest: +SKIP
        'ntm-2021-2025'
        """
        fits = [
            s
            for s in self.sets.values()
            if s.level == level
            and max(s.start, s.known_from) <= day
            and (s.end is None or s.end >= day)
        ]
        return max(fits, key=lambda s: s.start).id if fits else None


@lru_cache(maxsize=256)
def thresholds(law: Law, set_id: str, region: str, day: dt.date, as_of: dt.date) -> pd.DataFrame:
    """The tests of a set on ``day`` in ``region`` with the threshold known by ``as_of``; one row a
    test, by criterion.

    Columns: criterion, indicator, test, name_vi, name_en, unit, op, kind, value, mark, reference,
    start, note_vi, note_en, checked (the value was read in its text), national. ``kind`` is
    ``unknown`` where the region has no value that was known; a value of another region never stands
    in. A row that begins by ``as_of`` makes its test exist even where the value itself became known
    later. Found once for each question: the table is not to be changed.
    """
    day_, known = pd.Timestamp(day), pd.Timestamp(as_of)
    rows = law.values[(law.values["set"] == set_id) & (law.values["start"] <= day_)]
    # An end that lies after the as-of date came with a later amendment: it was not known yet.
    rows = rows[(rows["end"].isna()) | (rows["end"] >= day_) | (rows["end"] > known)]
    exists = rows.loc[(rows["start"] <= known) | (rows["known_from"] <= known), "test"].unique()
    rows = rows[rows["known_from"] <= known].sort_values("start")
    here = (
        rows[rows["region"].isin([region, "all"])]
        .drop_duplicates("test", keep="last")
        .set_index("test")
    )
    latest = rows.drop_duplicates("test", keep="last").set_index("test")
    national = (
        rows[rows["region"] == "national"]
        .drop_duplicates("test", keep="last")
        .set_index("test")["value"]
    )
    tests = law.tests[(law.tests["set"] == set_id) & law.tests["test"].isin(exists)].set_index(
        "test"
    )
    found = here.reindex(tests.index)
    found["kind"] = found["kind"].fillna("unknown")
    # Name, unit and direction do not depend on the region: an amendment's wording holds where its
    # value is unknown too.
    for column in ("op", "name_vi", "name_en", "unit"):
        worded = found[column].where(found[column].notna(), latest[column].reindex(tests.index))
        found[column] = worded.where(worded.notna(), tests[column])
    found.insert(0, "criterion", tests["criterion"])
    found.insert(1, "indicator", tests["indicator"])
    found["same_measure"] = tests["same_measure"]
    found["checked"] = found["mark"] == "read"
    found["national"] = national.reindex(tests.index)
    return found.drop(columns=["set", "region"]).reset_index()


def checkable_rules(law: Law) -> list[dict]:
    """The rules on districts and recognition that stand for one condition each (with ``file`` and
    ``key``).
    """
    return [
        *law.district,
        *(condition for rule in law.recognition for condition in rule["conditions"]),
    ]


def to_check(law: Law) -> pd.DataFrame:
    """Every value that was not read in its text, for an officer to complete
    (``data/criteria/TO_CHECK.csv``).

    Columns: those of ``dictionary/to_check.csv``; read_value, article, checked_by, checked_on are
    left blank for the officer. A row with them filled replaces the value when the law is read
    again. Values worked out from another set's are not listed: they follow it.
    """
    rows = law.values[(law.values["mark"] != "read") & law.values["times_set"].isna()]
    names = law.tests.set_index(["set", "test"])["name_vi"]
    units = law.tests.set_index(["set", "test"])["unit"]
    listed = [
        {
            "set": row.set,
            "test": row.test,
            "region": row.region,
            "from": f"{row.start:%Y-%m-%d}",
            "name_vi": names[(row.set, row.test)],
            "unit": units[(row.set, row.test)],
            "op": row.op,
            "value": write_number(row.value)
            if row.kind == "number"
            else row.kind.replace("unknown", ""),
            "mark": row.mark,
            "reference": row.reference,
        }
        for row in rows.itertuples()
    ]
    listed += [
        {
            "set": rule["file"],
            "test": rule["key"],
            "region": "all",
            "from": f"{rule['from']:%Y-%m-%d}",
            "name_vi": rule["name"]["vi"],
            "unit": rule.get("unit", ""),
            "op": rule.get("op", ""),
            "value": "" if rule.get("value") is None else write_number(rule["value"]),
            "mark": rule["mark"],
            "reference": rule["reference"],
        }
        for rule in checkable_rules(law)
        if rule["mark"] != "read"
    ]
    return pd.DataFrame(listed).assign(read_value="", article="", checked_by="", checked_on="")

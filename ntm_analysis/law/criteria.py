"""Criteria sets as tables, and the thresholds in force on a day in a region, as far as known.

A set has criteria (1..19), a criterion has indicators (17.1), an indicator one or more tests
("17.1" and its "of which" part "17.1a"). A test has values by date and region, each with a
reference, a mark and ``known_from``. Everything here is pure; :mod:`ntm_analysis.law.reader` reads
the files.
"""

from collections import namedtuple
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


class CriteriaSet(
    namedtuple(
        "CriteriaSet",
        "id level title decision start end known_from counts_only criteria_count note "
        "specially_difficult",
    )
):
    """One criteria set.

    Attributes
    ----------
    id, level : str
    title : dict of str to str
        By language.
    decision : dict
        What issued it: ``number``, ``signed``, ``mark``, ``reference``.
    start, known_from : datetime.date
        In force, and public, from that day.
    end : datetime.date or None
        Last day in force.
    counts_only : bool
        Whether the set only counts criteria and names none.
    criteria_count : int
    note : dict of str to str or None
        By language.
    specially_difficult : dict or None
        The region whose values a specially difficult commune takes.
    """


@dataclass(frozen=True, eq=False)
class Law:
    """All law that was read; nothing of it changes afterwards.

    Attributes
    ----------
    sets : dict of str to CriteriaSet
    criteria : DataFrame
        set, criterion, name_vi, name_en, owner_vi, owner_en, owner_mark, owner_reference.
    tests : DataFrame
        set, criterion, indicator, test, name_vi, name_en, unit, op, same_measure.
    values : DataFrame
        set, test, region, start, end, op, kind (number, met, province, unknown, verdict), value,
        mark, reference, known_from, name_vi, name_en, unit, note_vi, note_en (names and unit blank
        unless an amendment changes them), times_set, times_test (the set and test whose value or
        verdict it follows; blank for a value of its own).
    district, recognition, revocation : list of dict
        Rows of the further rules, as in their files.
    """

    sets: dict
    criteria: pd.DataFrame
    tests: pd.DataFrame
    values: pd.DataFrame
    district: list = field(default_factory=list)
    recognition: list = field(default_factory=list)
    revocation: list = field(default_factory=list)

    def criteria_of(self, set_id):
        """List the criteria of one set.

        Parameters
        ----------
        set_id : str

        Returns
        -------
        DataFrame
            By number; for a set that only counts, nameless rows 1..n.
        """
        rows = self.criteria[self.criteria["set"] == set_id].set_index("criterion").sort_index()
        if self.sets[set_id].counts_only:
            numbers = pd.RangeIndex(1, self.sets[set_id].criteria_count + 1, name="criterion")
            rows = rows.reindex(numbers)
        return rows

    def in_force(self, level, day):
        """Find the set of a level in force on a day and known by then.

        Parameters
        ----------
        level : str
        day : datetime.date

        Returns
        -------
        str or None
            The newest; None when there is none.

        Examples
        --------
        >>> law.in_force("ntm", dt.date(2022, 3, 31))  # doctest: +SKIP
        'ntm-2021-2025'
        """
        fits = [
            its
            for its in self.sets.values()
            if its.level == level
            and max(its.start, its.known_from) <= day
            and (its.end is None or its.end >= day)
        ]
        return max(fits, key=lambda its: its.start).id if fits else None


@lru_cache(maxsize=256)
def thresholds(law, set_id, region, day, as_of):
    """List the tests of a set with the threshold that holds on a day and was known.

    A value of another region never stands in. A row that begins by ``as_of`` makes its test exist
    even where the value itself became known later.

    Parameters
    ----------
    law : Law
    set_id, region : str
    day : datetime.date
    as_of : datetime.date
        What became known later does not count.

    Returns
    -------
    DataFrame
        One row a test, by criterion: criterion, indicator, test, name_vi, name_en, unit, op, kind
        (``unknown`` where the region has no value that was known), value, mark, reference, start,
        note_vi, note_en, checked (the value was read in its text), national. Worked out once for
        each question: the table is not to be changed.
    """
    day_, known = pd.Timestamp(day), pd.Timestamp(as_of)
    rows = law.values[(law.values["set"] == set_id) & (law.values["start"] <= day_)]
    # An end that lies after the as-of date came with a later amendment: it was not known yet.
    rows = rows[(rows["end"].isna()) | (rows["end"] >= day_) | (rows["end"] > known)]
    exists = rows.loc[(rows["start"] <= known) | (rows["known_from"] <= known), "test"].unique()
    rows = rows[rows["known_from"] <= known].sort_values("start")

    def latest(rows):
        return rows.drop_duplicates("test", keep="last").set_index("test")

    tests = law.tests[(law.tests["set"] == set_id) & law.tests["test"].isin(exists)]
    tests = tests.set_index("test")
    table = latest(rows[rows["region"].isin([region, "all"])]).reindex(tests.index)
    table["kind"] = table["kind"].fillna("unknown")
    # Name, unit and direction do not depend on the region: an amendment's wording holds where its
    # value is unknown too.
    for column in ("op", "name_vi", "name_en", "unit"):
        amended = latest(rows)[column].reindex(tests.index)
        table[column] = table[column].fillna(amended).fillna(tests[column])
    table.insert(0, "criterion", tests["criterion"])
    table.insert(1, "indicator", tests["indicator"])
    table["same_measure"] = tests["same_measure"]
    table["checked"] = table["mark"] == "read"
    table["national"] = latest(rows[rows["region"] == "national"])["value"].reindex(tests.index)
    return table.drop(columns=["set", "region"]).reset_index()


def checkable_rules(law):
    """List the rules on districts and recognition that stand for one condition each.

    Parameters
    ----------
    law : Law

    Returns
    -------
    list of dict
        With ``file`` and ``key``.
    """
    conditions = (condition for rule in law.recognition for condition in rule["conditions"])
    return [*law.district, *conditions]


def to_check(law):
    """List every value that was not read in its text, for an officer to complete.

    Values worked out from another set's are not listed: they follow it.

    Parameters
    ----------
    law : Law

    Returns
    -------
    DataFrame
        ``data/criteria/TO_CHECK.csv``, with the columns of ``dictionary/to_check.csv``; read_value,
        article, checked_by, checked_on are left blank for the officer. A row with them filled
        replaces the value when the law is read again.
    """
    rows = law.values[(law.values["mark"] != "read") & law.values["times_set"].isna()]
    tests = law.tests.set_index(["set", "test"])
    unread = [
        {
            "set": row.set,
            "test": row.test,
            "region": row.region,
            "from": f"{row.start:%Y-%m-%d}",
            "name_vi": tests["name_vi"][row.set, row.test],
            "unit": tests["unit"][row.set, row.test],
            "op": row.op,
            "value": write_number(row.value)
            if row.kind == "number"
            else row.kind.replace("unknown", ""),
            "mark": row.mark,
            "reference": row.reference,
        }
        for row in rows.itertuples()
    ]
    unread += [
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
    return pd.DataFrame(unread).assign(read_value="", article="", checked_by="", checked_on="")

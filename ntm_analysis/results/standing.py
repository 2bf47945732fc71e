"""Where communes stand: the tables, and in sentences levels, thresholds, reasons, counts."""

from functools import cached_property

import pandas as pd

from ..language import (
    LEVEL_WORDS,
    MARK_WORDS,
    STATE_WORDS,
    UNCHECKED_SIGN,
    join_names,
    pick,
    text,
    unit_words,
    write_date,
    write_number,
    write_percent,
    write_quantity,
)
from ..law import LEVELS
from ..standing import MOST_MISSING_WHEN_NEAR, assess, levels, overview
from .frames import Result, answer_table, commune_table, plain_types

COUNTS = ["set", "met", "of", "missing", "unknown", "checked"]
ON_CONSOLE = "set met of missing unknown"  # in a console


class AssessmentResult(Result):
    """Where every commune stands.

    Attributes
    ----------
    workbook : Workbook
    set_id : str
        The criteria set that all communes are judged by; empty: each by that of its next level.
    units : list of int, optional
        Only these communes.
    draws : dict of str to Standing
        What was judged, by criteria set.
    """

    tables = ("communes", "standings", "criteria", "tests", "contradictions")
    about = "assess"

    @property
    def console(self):
        """The tables that the console prints, each with its columns.

        Of one commune the states of its criteria too.
        """
        one = self.units is not None and len(self.units) == 1
        if one:
            states = "set criterion state mark"
            return ("standings", f"code name {ON_CONSOLE}"), ("criteria", states)
        return (("communes", f"code name level {ON_CONSOLE}"),)

    def __init__(self, workbook, set_id="", units=None, lang="vi"):
        self.workbook, self.set_id, self.units, self.lang = workbook, set_id, units, lang
        sets = [workbook.default_set(name) for name in LEVELS]
        sets = dict.fromkeys([set_id, *sets] if set_id else sets)
        self.draws = {name: assess(workbook, name) for name in sets}

    @cached_property
    def _level(self):
        return levels(self.workbook)

    @cached_property
    def _records(self):
        """Each commune's counts by the set of its next level, then by the others."""
        records = []
        for unit, commune in self.workbook.communes.iterrows():
            if self.units is not None and unit not in self.units:
                continue
            chosen = self.set_id or self.workbook.default_set(self._level.loc[unit, "next"])
            others = [_counts(each, unit) for name, each in self.draws.items() if name != chosen]
            others = [other for other in others if other["met"] is not None]
            record = commune[["code", "name"]].to_dict() | _counts(self.draws[chosen], unit)
            level = {"level": self._level.loc[unit, "level"], "standings": others}
            records.append(record | level)
        return records

    def _counted(self, rows, columns):
        table = pd.DataFrame(rows, columns=columns)
        numbers = table["missing"].map(lambda row: ", ".join(map(str, row)))
        return table.assign(missing=numbers)

    @answer_table
    def communes(self):
        """The count of criteria of every commune by the set of its next level.

        In administrative order.
        """
        return self._counted(self._records, ["code", "name", "level", *COUNTS])

    @answer_table
    def standings(self):
        """The count of criteria of every commune by each set in which something is known."""
        rows = [
            {"code": record["code"], "name": record["name"]} | counts
            for record in self._records
            for counts in (record, *record["standings"])
        ]
        return self._counted(rows, ["code", "name", *COUNTS])

    @answer_table
    def criteria(self):
        """The state of every commune and criterion, by set."""
        return self._all(lambda standing: standing.states)

    @answer_table
    def tests(self):
        """Every test of an indicator for which there is a fact, by set, in the test's own unit."""
        return self._all(lambda standing: standing.tests)

    def _all(self, table_of):
        tables = {name: table_of(standing) for name, standing in self.draws.items()}
        table = pd.concat(tables, names=["set"]).reset_index("set").set_index("unit")
        wanted = table.index.isin(table.index if self.units is None else self.units)
        return commune_table(self.workbook, table[wanted])

    @answer_table
    def contradictions(self):
        """What the data say in two ways: where, and in which words."""
        rows = [
            {"file": problem.file, "row": problem.row, "text": " ".join(problem.words(self.lang))}
            for standing in self.draws.values()
            for problem in standing.contradictions
        ]
        return pd.DataFrame(rows, columns=["file", "row", "text"])

    def matrix(self, set_id=""):
        """The states as communes x criteria.

        Parameters
        ----------
        set_id : str, optional
            Default: the set asked for, or that of the NTM level.

        Returns
        -------
        DataFrame
            code, name, then a column a criterion.
        """
        chosen = set_id or self.set_id or self.workbook.default_set("ntm")
        return commune_table(self.workbook, self.draws[chosen].matrix())

    def sentence(self, lang=""):
        """How many communes are recognised.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        ntm = self.draws[self.set_id or self.workbook.default_set("ntm")]
        districts = overview(self.workbook, ntm)
        return recognition_sentence(districts, self.workbook.unlisted, lang or self.lang)

    def notes(self, lang=""):
        """Which communes are ready, near, far, and of which nothing is known.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        lang, names = lang or self.lang, self.workbook.units["name"]
        ntm = self.draws[self.set_id or self.workbook.default_set("ntm")]
        groups = overview(self.workbook, ntm)
        return [
            text(
                f"group_{name}",
                lang,
                n=len(units),
                most=MOST_MISSING_WHEN_NEAR,
                names=join_names(names[units], lang),
            )
            for name in ("ready", "near", "far", "no_data")
            if (units := getattr(groups, name))
        ]

    def to_dict(self):
        """The communes in plain Python types, as ``ntm status --json`` prints them.

        Returns
        -------
        dict
            Of each commune its counts by the set of its next level (met is None when nothing is
            known), its level, and ``standings``: the other sets in which something is known.
        """
        workbook = self.workbook
        return {
            "dataset": workbook.id,
            "as_of": f"{workbook.as_of}",
            "communes": self._records,
        }


def _counts(standing, unit):
    """One commune's counts by one set, in plain Python types."""
    row = standing.counts.loc[unit]
    return (
        {"set": standing.set_id}
        | plain_types(row[COUNTS[1:]].to_dict())
        | {
            "met": None if pd.isna(row["met"]) else int(row["met"]),
        }
    )


def distance_words(distance, op, unit, lang):
    """The distance to a threshold in words, in the indicator's unit.

    Parameters
    ----------
    distance : float
        What is lacking, or too much.
    op : str
        ``>=`` or ``<=``.
    unit : str
        Of the indicator.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> distance_words(7.5, ">=", "%", "vi"), distance_words(2, "<=", "nhà", "vi")
    ('còn thiếu 7,5 điểm phần trăm', 'còn vượt 2 nhà')
    >>> distance_words(7.5, ">=", "%", "en")
    '7.5 percentage points short'
    """
    words = text("points", lang) if unit == "%" else unit_words(unit, lang)
    key = "lacks_ceiling" if op == "<=" else "lacks_floor"
    return text(key, lang, distance=write_number(distance, lang), unit=words)


def threshold_text(value, op, unit, lang):
    """The value of a threshold with its direction, as an office would say it.

    No "≥ 100%", no "≤ 0 houses".

    Parameters
    ----------
    value : float
    op : str
        ``>=`` or ``<=``.
    unit : str
        Of the indicator.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> threshold_text(36, ">=", "%", "vi"), threshold_text(100, ">=", "%", "vi")
    ('≥ 36%', '100%')
    >>> threshold_text(0, "<=", "nhà", "vi"), threshold_text(3, ">=", "mức độ", "vi")
    ('không có', 'mức độ 3 trở lên')
    """
    if unit == "mức độ":
        return text("level_grade", lang, n=write_number(value, lang))
    if op == "<=" and value == 0:
        return text("level_none", lang)
    return ("" if unit == "%" and value == 100 else "≥ " if op == ">=" else "≤ ") + write_quantity(
        value, unit, lang
    )


def threshold_words(row, lang):
    """The threshold of a test, with (†) where it was not read in its legal text.

    Parameters
    ----------
    row : dict or Series
        Of a region's thresholds: kind, op, value, unit, checked.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"kind": "number", "op": ">=", "value": 36.0, "unit": "%", "checked": False}
    >>> threshold_words(row, "vi")
    '≥ 36% (†)'
    """
    mark = "" if row["checked"] or row["kind"] in ("province", "unknown") else f" {UNCHECKED_SIGN}"
    if row["kind"] == "number":
        return threshold_text(row["value"], row["op"], row["unit"], lang) + mark
    return text(f"level_{row['kind']}", lang) + mark


def test_reason(row, unit, lang):
    """Why a test has its verdict, with the distance to the threshold.

    Parameters
    ----------
    row : dict or Series
        Of the tests of a :class:`~ntm_analysis.standing.Standing`.
    unit : str
        Of the indicator.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"test": "17.1", "reason": "lacks", "value": 52.5, "threshold": 60.0, "op": ">="}
    >>> row |= {"distance": 7.5, "answer": "", "checked": True, "carried": ""}
    >>> test_reason(row, "%", "vi")
    '17.1: 52,5%, ngưỡng ≥ 60%, còn thiếu 7,5 điểm phần trăm'
    """
    name, mark = row["test"], "" if row["checked"] else f" {UNCHECKED_SIGN}"
    value = (
        pick(STATE_WORDS[row["answer"]], lang)
        if row["answer"]
        else write_quantity(row["value"], unit, lang)
    )
    if row["reason"] in ("lacks", "reaches"):
        level = threshold_text(row["threshold"], row["op"], unit, lang)
        key = (
            "test_measured_none" if row["op"] == "<=" and row["threshold"] == 0 else "test_measured"
        )
        words = text(key, lang, test=name, value=value, level=level, mark=mark)
        if row["reason"] == "lacks":
            words += ", " + distance_words(row["distance"], row["op"], unit, lang)
    elif row["reason"] in ("judged", "not_applicable"):
        words = f"{name}: {value}" + (mark if row["reason"] == "judged" else "")
    else:
        key = {"other_form": "test_other_form", "torn": "test_torn"}.get(
            row["reason"], "test_unknown"
        )
        words = text(key, lang, test=name, value=value)
    return words + (text("test_carried", lang, set=row["carried"]) if row["carried"] else "")


def criterion_reason(state, tests, units, count, lang):
    """Why a criterion has its state.

    Parameters
    ----------
    state : dict or Series
        Of the states of a :class:`~ntm_analysis.standing.Standing`.
    tests : DataFrame
        The commune's rows of its tests, for the criterion.
    units : dict of str to str
        The indicator's unit by test.
    count : str
        The commune's reported count ("15/19"), or "".
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    basis, of = state["basis"], int(state["indicators"])
    parts = []
    if basis == "indicators":
        tests = tests[tests["verdict"] == "not_met"] if state["state"] == "not_met" else tests
        one = "_one" if of == 1 and state["state"] != "not_applicable" else ""
        parts.append(
            text(f"reason_{state['state']}{one}", lang, of=of, failed=int(state["failing"]))
        )
    elif basis == "reported":
        parts.append(text("reason_reported", lang, day=write_date(state["date"], lang)))
        if tests.empty and state["state"] in ("not_met", "basic"):
            parts.append(text("reason_no_values", lang))
    elif basis == "count":
        parts.append(text(f"reason_count_{state['state']}", lang, count=count))
    elif basis == "recognition":
        parts.append(text("reason_recognition", lang))
    elif of > state["open"]:
        parts.append(text("reason_open", lang, known=of - int(state["open"]), of=of))
    else:
        parts.append(pick(STATE_WORDS["unknown"], lang))
    return "; ".join(
        [*parts, *(test_reason(row, units[row["test"]], lang) for _, row in tests.iterrows())]
    )


def mark_shares_words(shares, lang):
    """How much of the facts is reported, assumed and unknown, in per cent.

    Parameters
    ----------
    shares : dict of str to float
        By mark, 0..1.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> mark_shares_words({"reported": 0.25, "assumed": 0.5, "unknown": 0.25}, "vi")
    'số liệu báo cáo 25,0%, số liệu giả định 50,0%, chưa có số liệu 25,0%'
    """
    return ", ".join(
        f"{pick(MARK_WORDS[name], lang)} {write_percent(share, lang)}"
        for name, share in shares.items()
    )


def count_text(met, of):
    """The number of criteria met, as offices write it.

    Parameters
    ----------
    met : float or None
    of : int
        Criteria of the set.

    Returns
    -------
    str
        "..." where nothing is known (None, NaN).

    Examples
    --------
    >>> count_text(15, 19), count_text(None, 19)
    ('15/19', '...')
    """
    return "..." if met is None or pd.isna(met) else f"{int(met)}/{int(of)}"


def count_words(counts):
    """The number of criteria met, with (†) where it rests on a threshold that was not read.

    Parameters
    ----------
    counts : dict or Series
        met, of, checked.

    Returns
    -------
    str

    Examples
    --------
    >>> count_words({"met": 15, "of": 19, "checked": False})
    '15/19 (†)'
    """
    return count_text(counts["met"], counts["of"]) + (
        "" if counts["checked"] else f" {UNCHECKED_SIGN}"
    )


def count_sentence(workbook, standing, unit, lang):
    """How many criteria of a set a commune meets, and which it lacks.

    Parameters
    ----------
    workbook : Workbook
    standing : Standing
        By the set.
    unit : int
        The commune.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        What it lacks by name; how many criteria have no name or no data.
    """
    counts, law = standing.counts.loc[unit], workbook.law
    level = pick(LEVEL_WORDS[law.sets[standing.set_id].level], lang)
    if pd.isna(counts["met"]):
        return text("count_no_data", lang, level=level)
    old = counts["date"].date() < workbook.as_of
    dated = text("count_dated", lang, day=write_date(counts["date"], lang)) if old else ""
    words = text("count_met", lang, count=count_words(counts), level=level, dated=dated)
    if counts["missing"]:
        titles = law.criteria_of(standing.set_id)[f"name_{lang}"]
        names = [
            text("criterion_name", lang, number=number, name=titles[number])
            for number in counts["missing"]
        ]
        words += text("count_missing", lang, names=join_names(names, lang))
    if counts["unknown"]:
        key = "count_nameless" if counts["counted"] else "count_open"
        words += text(key, lang, n=counts["unknown"])
    return words + "."


def recognition_sentence(overview, unlisted, lang):
    """How many communes are recognised; where units are not in the list, of the rest only.

    Parameters
    ----------
    overview : Overview
        As of :func:`ntm_analysis.standing.overview`.
    unlisted : list of str
        Names of units that are not in the list.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    numbers = {"n": len(overview.recognised), "of": overview.communes}
    numbers |= {"sourced": overview.sourced, "inferred": overview.inferred}
    if unlisted:
        return text(
            "verdict_unlisted", lang, m=len(unlisted), names=join_names(unlisted, lang), **numbers
        )
    return text("verdict_district", lang, **numbers)


def missing_criteria_words(counts, lang):
    """The criteria that a commune is known to lack, by number, and how many are unknown.

    Parameters
    ----------
    counts : dict
        met, missing, unknown.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "..." when nothing is known, "-" for nothing.

    Examples
    --------
    >>> missing_criteria_words({"met": 15, "missing": [2, 5], "unknown": 2}, "vi")
    '2, 5; 2 chưa rõ'
    >>> missing_criteria_words({"met": 19, "missing": [], "unknown": 0}, "vi")
    '-'
    """
    if counts["met"] is None:
        return "..."
    nameless = [text("cli_nameless", lang, n=counts["unknown"])] if counts["unknown"] else []
    return "; ".join(filter(None, [", ".join(map(str, counts["missing"])), *nameless])) or "-"

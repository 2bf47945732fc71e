"""Where communes stand, in sentences: levels, thresholds, reasons, counts."""

from collections.abc import Sequence

import pandas as pd

from ..language import (
    MARK_WORDS,
    STATE_WORDS,
    UNCHECKED,
    listed,
    measured,
    pick,
    text,
    unit_words,
    write_date,
    write_number,
    write_percent,
)
from ..standing import Overview


def lacking(distance: float, op: str, unit: str, lang: str) -> str:
    """How far it is to a threshold, in the indicator's unit.

    >>> lacking(7.5, ">=", "%", "vi"), lacking(2, "<=", "nhà", "vi"), lacking(7.5, ">=", "%", "en")
    ('còn thiếu 7,5 điểm phần trăm', 'còn vượt 2 nhà', '7.5 percentage points short')
    """
    words = text("points", lang) if unit == "%" else unit_words(unit, lang)
    key = "lacks_ceiling" if op == "<=" else "lacks_floor"
    return text(key, lang, distance=write_number(distance, lang), unit=words)


def level_words(value: float, op: str, unit: str, lang: str) -> str:
    """A level with its direction, as an office would say it: no "≥ 100%", no "≤ 0 houses".

    >>> level_words(36, ">=", "%", "vi"), level_words(100, ">=", "%", "vi"), level_words(0, "<=", "nhà", "vi")
    ('≥ 36%', '100%', 'không có')
    >>> level_words(3, ">=", "mức độ", "vi")
    'mức độ 3 trở lên'
    """
    if unit == "mức độ":
        return text("level_grade", lang, n=write_number(value, lang))
    if op == "<=" and value == 0:
        return text("level_none", lang)
    return ("" if unit == "%" and value == 100 else "≥ " if op == ">=" else "≤ ") + measured(
        value, unit, lang
    )


def threshold_words(row: pd.Series | dict, lang: str) -> str:
    """A test's threshold with sign, unit and (†) where it was not read in its text.

    >>> threshold_words({"kind": "number", "op": ">=", "value": 36.0, "unit": "%", "checked": False}, "vi")
    '≥ 36% (†)'
    """
    mark = "" if row["checked"] or row["kind"] in ("province", "unknown") else f" {UNCHECKED}"
    if row["kind"] == "number":
        return level_words(row["value"], row["op"], row["unit"], lang) + mark
    return text(f"level_{row['kind']}", lang) + mark


def test_reason(row: pd.Series | dict, unit: str, lang: str) -> str:
    """Why a test has its verdict, in words, with the distance to the threshold.

    >>> test_reason({"test": "17.1", "reason": "lacks", "value": 52.5, "threshold": 60.0, "op": ">=", "distance": 7.5,
    ...     "answer": "", "checked": True, "carried": ""}, "%", "vi")
    '17.1: 52,5%, ngưỡng ≥ 60%, còn thiếu 7,5 điểm phần trăm'
    """
    name, mark = row["test"], "" if row["checked"] else f" {UNCHECKED}"
    value = (
        pick(STATE_WORDS[row["answer"]], lang)
        if row["answer"]
        else measured(row["value"], unit, lang)
    )
    if row["reason"] in ("lacks", "reaches"):
        level = level_words(row["threshold"], row["op"], unit, lang)
        key = (
            "test_measured_none" if row["op"] == "<=" and row["threshold"] == 0 else "test_measured"
        )
        words = text(key, lang, test=name, value=value, level=level, mark=mark)
        if row["reason"] == "lacks":
            words += ", " + lacking(row["distance"], row["op"], unit, lang)
    elif row["reason"] in ("judged", "not_applicable"):
        words = f"{name}: {value}" + (mark if row["reason"] == "judged" else "")
    else:
        key = {"other_form": "test_other_form", "torn": "test_torn"}.get(
            row["reason"], "test_unknown"
        )
        words = text(key, lang, test=name, value=value)
    return words + (text("test_carried", lang, set=row["carried"]) if row["carried"] else "")


def criterion_reason(
    state: pd.Series, tests: pd.DataFrame, units: dict[str, str], count: str, lang: str
) -> str:
    """Why a criterion has its state, in words.

    ``state``: a row of Standing.states; ``tests``: the commune's rows of Standing.tests for the
    criterion; ``units``: unit by test; ``count``: the commune's reported count ("15/19") or "".
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


def shares_words(shares: dict[str, float], lang: str) -> str:
    """How much is reported, assumed and unknown.

    >>> shares_words({"reported": 0.25, "assumed": 0.5, "unknown": 0.25}, "vi")
    'số liệu báo cáo 25,0%, số liệu giả định 50,0%, chưa có số liệu 25,0%'
    """
    return ", ".join(
        f"{pick(MARK_WORDS[name], lang)} {write_percent(share, lang)}"
        for name, share in shares.items()
    )


def count_text(met: float | None, of: int) -> str:
    """The number of criteria met as offices write it; "..." when nothing is known.

    >>> count_text(15, 19), count_text(None, 19)
    ('15/19', '...')
    """
    return "..." if met is None or pd.isna(met) else f"{int(met)}/{int(of)}"


def count_words(counts: pd.Series | dict) -> str:
    """:func:`count_text` of a row of counts, with (†) where a state counted rests on a threshold
    that was not read.
    """
    return count_text(counts["met"], counts["of"]) + ("" if counts["checked"] else f" {UNCHECKED}")


def recognised_sentence(overview: Overview, unlisted: Sequence[str], lang: str) -> str:
    """How many communes are recognised; with units that are not in the list, for the rest only, and
    says so.
    """
    numbers = {"n": len(overview.recognised), "of": overview.communes}
    numbers |= {"sourced": overview.sourced, "inferred": overview.inferred}
    if unlisted:
        return text(
            "verdict_unlisted", lang, m=len(unlisted), names=listed(unlisted, lang), **numbers
        )
    return text("verdict_district", lang, **numbers)


def lacking_words(counts: dict, lang: str) -> str:
    """What a commune's counts lack, by number: "2, 5, 6, 17", "2; 3 chưa rõ", "..." when nothing is
    known, "-" for nothing.

    >>> lacking_words({"met": 15, "missing": [2, 5], "unknown": 2}, "vi")
    '2, 5; 2 chưa rõ'
    """
    if counts["met"] is None:
        return "..."
    nameless = [text("cli_nameless", lang, n=counts["unknown"])] if counts["unknown"] else []
    return "; ".join(filter(None, [", ".join(map(str, counts["missing"])), *nameless])) or "-"

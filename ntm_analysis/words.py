"""Sentences in Vietnamese and English, written from the numbers; the words are those of ``docs/glossary.md``."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import pandas as pd
import yaml

from .office_numbers import write_date, write_number, write_percent

UNCHECKED = "(†)"

STATE_SIGNS = {
    "met": ("Đ", "M"),
    "recognition": ("Đ*", "M*"),
    "basic": ("CBĐ", "BM"),
    "not_met": ("C", "N"),
    "unknown": ("...", "..."),
    "not_applicable": ("KAD", "NA"),
}
STATE_WORDS = {
    "met": ("đạt", "met"),
    "recognition": ("suy ra từ quyết định công nhận", "met by recognition"),
    "basic": ("cơ bản đạt", "basically met"),
    "not_met": ("chưa đạt", "not met"),
    "unknown": ("chưa có số liệu", "no data"),
    "not_applicable": ("không áp dụng", "not applicable"),
}
LEVEL_WORDS = {
    "not_ntm": ("chưa đạt chuẩn nông thôn mới", "not yet NTM"),
    "ntm": ("nông thôn mới", "NTM"),
    "advanced": ("nông thôn mới nâng cao", "advanced NTM"),
    "model": ("nông thôn mới kiểu mẫu", "model NTM"),
}
MARK_WORDS = {
    "reported": ("số liệu báo cáo", "reported"),
    "assumed": ("số liệu giả định", "assumed"),
    "illustrative": ("số liệu minh họa", "illustrative"),
    "unknown": ("chưa có số liệu", "no data"),
}
BASIS_WORDS = {
    "decision": ("quyết định", "decision"),
    "reported": ("báo chí nêu", "reported in the press"),
    "inferred": ("suy ra", "inferred"),
    "none": ("-", "-"),
}
UNITS_EN = {
    "nhà": "houses",
    "lít/người/ngày đêm": "litres/person/day",
    "m2/người": "m²/person",
    "mô hình": "models",
    "mức độ": "level",
    "sản phẩm": "products",
    "sự cố": "incidents",
    "tiêu chí": "criteria",
    "tổ chức": "organisations",
    "triệu đồng/người/năm": "million VND/person/year",
}


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every sentence of the pages by key and language (``texts/pages.yaml``)."""
    raw = files("ntm_analysis").joinpath("texts", "pages.yaml").read_text(encoding="utf-8")
    return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def text(key: str, lang: str, **values: object) -> str:
    """The sentence of ``key`` with its values filled in.

    >>> text("group_near", "en", n=3, most=4, names="A, B and C")
    '3 are near, lacking 1 to 4 criteria: A, B and C.'
    """
    return texts()[key][lang].format(**values)


def say(lang: str, vi: str, en: str) -> str:
    """One of two texts."""
    return en if lang == "en" else vi


def pick(pair: Sequence[str], lang: str) -> str:
    """The text of a (Vietnamese, English) pair."""
    return pair[1] if lang == "en" else pair[0]


def listed(names: Iterable[str], lang: str, most: int | None = None) -> str:
    """Names in running text.

    >>> listed(["Thanh Ngọc", "Thanh Hương", "Thanh Chi"], "vi")
    'Thanh Ngọc, Thanh Hương và Thanh Chi'
    """
    names = list(names)
    if most is not None and len(names) > most:
        rest = len(names) - most
        return ", ".join(names[:most]) + say(lang, f" và {rest} xã khác", f" and {rest} more")
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + say(lang, " và ", " and ") + names[-1]


def plural(number: int, vi: str, en: str, lang: str, en_many: str | None = None) -> str:
    """A number with its noun; Vietnamese nouns do not change.

    >>> plural(3, "xã", "commune", "en"), plural(1, "xã", "commune", "en"), plural(3, "xã", "commune", "vi")
    ('3 communes', '1 commune', '3 xã')
    """
    return f"{number} " + say(lang, vi, en if number == 1 else en_many or en + "s")


def unit_words(unit: str, lang: str) -> str:
    """A unit of measure in the reader's language."""
    return UNITS_EN.get(unit, unit) if lang == "en" else unit.replace("m2", "m²")


def measured(value: float, unit: str, lang: str) -> str:
    """A value with its unit: shares without a space, the rest with one.

    >>> measured(52.5, "%", "vi"), measured(36, "triệu đồng/người/năm", "vi")
    ('52,5%', '36 triệu đồng/người/năm')
    """
    number = write_number(value, lang)
    return f"{number}%" if unit == "%" else f"{number} {unit_words(unit, lang)}".rstrip()


def lacking(distance: float, op: str, unit: str, lang: str) -> str:
    """How far it is to a threshold, in the indicator's unit.

    >>> lacking(7.5, ">=", "%", "vi"), lacking(2, "<=", "nhà", "vi"), lacking(7.5, ">=", "%", "en")
    ('còn thiếu 7,5 điểm phần trăm', 'còn vượt 2 nhà', '7.5 percentage points short')
    """
    number = write_number(distance, lang)
    points = say(lang, "điểm phần trăm", "percentage points") if unit == "%" else unit_words(unit, lang)
    if op == "<=":
        return say(lang, f"còn vượt {number} {points}", f"{number} {points} too many").rstrip()
    return say(lang, f"còn thiếu {number} {points}", f"{number} {points} short").rstrip()


def threshold_words(row: pd.Series | dict, lang: str) -> str:
    """A test's threshold with sign, unit and (†) where it was not read in its text.

    >>> threshold_words({"kind": "number", "op": ">=", "value": 36.0, "unit": "%", "checked": False}, "vi")
    '≥ 36% (†)'
    """
    mark = "" if row["checked"] else f" {UNCHECKED}"
    if row["kind"] == "number":
        return f"{'≥' if row['op'] == '>=' else '≤'} {measured(row['value'], row['unit'], lang)}{mark}"
    if row["kind"] == "met":
        return say(lang, "Đạt", "Met") + mark
    if row["kind"] == "verdict":
        return say(lang, "Đạt bộ tiêu chí nâng cao", "Meets the advanced set") + mark
    if row["kind"] == "province":
        return say(lang, "UBND tỉnh quy định; chưa có", "set by the province; not available")
    return say(lang, "chưa biết mức của vùng này", "level for this region not known")


def test_reason(row: pd.Series | dict, unit: str, lang: str) -> str:
    """Why a test has its verdict, in words, with the distance to the threshold.

    >>> test_reason({"test": "17.1", "reason": "lacks", "value": 52.5, "threshold": 60.0, "op": ">=", "distance": 7.5,
    ...     "answer": "", "checked": True, "carried": ""}, "%", "vi")
    '17.1: 52,5%, ngưỡng ≥ 60%, còn thiếu 7,5 điểm phần trăm'
    """
    mark = "" if row["checked"] else f" {UNCHECKED}"
    sign = "≥" if row["op"] == ">=" else "≤"
    name = row["test"]
    if row["reason"] in ("lacks", "reaches"):
        value, level = measured(row["value"], unit, lang), measured(row["threshold"], unit, lang)
        text = say(
            lang, f"{name}: {value}, ngưỡng {sign} {level}{mark}", f"{name}: {value}, threshold {sign} {level}{mark}"
        )
        if row["reason"] == "lacks":
            text += ", " + lacking(row["distance"], row["op"], unit, lang)
    elif row["reason"] == "judged":
        text = f"{name}: {pick(STATE_WORDS[row['answer']], lang)}{mark}"
    elif row["reason"] == "not_applicable":
        text = f"{name}: {pick(STATE_WORDS['not_applicable'], lang)}"
    elif row["reason"] == "other_form":
        text = say(
            lang,
            f"{name}: số liệu không cùng dạng với chỉ tiêu hiện hành",
            f"{name}: not in the indicator's present form",
        )
    else:
        value = (
            measured(row["value"], unit, lang) if not pd.isna(row["value"]) else pick(STATE_WORDS[row["answer"]], lang)
        )
        text = say(
            lang, f"{name}: {value}, chưa biết ngưỡng của vùng", f"{name}: {value}, threshold of the region not known"
        )
    if row["carried"]:
        text += say(lang, f" (số liệu theo bộ {row['carried']})", f" (reported under {row['carried']})")
    return text


def criterion_reason(state: pd.Series, tests: pd.DataFrame, units: dict[str, str], count: str, lang: str) -> str:
    """Why a criterion has its state, in words.

    ``state``: a row of Standing.states; ``tests``: the commune's rows of Standing.tests for the criterion; ``units``: unit by
    test; ``count``: the commune's reported count ("15/19") or "".
    """
    basis = state["basis"]
    if basis == "indicators":
        shown = tests[tests["verdict"] == "not_met"] if state["state"] == "not_met" else tests
        failed = int(state["failing"])
        head = {
            "met": say(lang, f"đạt cả {state['tests']} chỉ tiêu", f"all {state['tests']} indicators met"),
            "not_met": say(
                lang, f"{failed}/{state['tests']} chỉ tiêu chưa đạt", f"{failed} of {state['tests']} not met"
            ),
            "not_applicable": pick(STATE_WORDS["not_applicable"], lang),
        }[state["state"]]
        reasons = "; ".join(test_reason(row, units[row["test"]], lang) for _, row in shown.iterrows())
        return f"{head}: {reasons}" if reasons else head
    if basis == "reported":
        day = write_date(state["date"], lang)
        return say(
            lang, f"báo cáo cho cả tiêu chí, tính đến {day}", f"reported for the criterion as a whole, as of {day}"
        )
    if basis == "count":
        if state["state"] == "met":
            return say(
                lang,
                f"suy từ số lượng {count} và các tiêu chí chưa đạt đã nêu tên",
                f"follows from {count} and the named missing criteria",
            )
        return say(
            lang,
            f"suy từ số lượng {count} và các tiêu chí đạt đã nêu tên",
            f"follows from {count} and the named met criteria",
        )
    if basis == "recognition":
        return say(
            lang,
            "suy ra từ việc xã đã được công nhận; tiêu chí không được báo cáo riêng",
            "follows from the recognition; the criterion was not reported itself",
        )
    known = int(state["tests"]) - int(state["open"])
    if known > 0:
        text = say(
            lang,
            f"mới đủ cơ sở xét {known}/{state['tests']} chỉ tiêu",
            f"only {known} of {state['tests']} indicators can be judged",
        )
        reasons = "; ".join(test_reason(row, units[row["test"]], lang) for _, row in tests.iterrows())
        return f"{text}: {reasons}"
    return pick(STATE_WORDS["unknown"], lang)


def shares_words(shares: dict[str, float], lang: str) -> str:
    """How much is reported, assumed and unknown.

    >>> shares_words({"reported": 0.25, "assumed": 0.5, "unknown": 0.25}, "vi")
    'số liệu báo cáo 25,0%, số liệu giả định 50,0%, chưa có số liệu 25,0%'
    """
    return ", ".join(f"{pick(MARK_WORDS[name], lang)} {write_percent(share, lang)}" for name, share in shares.items())


def count_text(met: float | None, of: int) -> str:
    """The number of criteria met as offices write it; "..." when nothing is known.

    >>> count_text(15, 19), count_text(None, 19)
    ('15/19', '...')
    """
    return "..." if met is None or pd.isna(met) else f"{int(met)}/{int(of)}"


def count_words(counts: pd.Series) -> str:
    """:func:`count_text` of a row of counts."""
    return count_text(counts["met"], counts["of"])

"""Sentences in Vietnamese and English, written from the numbers; the words are those of
``docs/glossary.md``.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import yaml

from .numbers import write_number

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
    "inferred": ("suy ra từ số liệu báo cáo", "inferred from reported figures"),
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
    """Every sentence by key and language (``texts/*.yaml`` but ``problems*.yaml``)."""
    made = {}
    for path in sorted(
        files("ntm_analysis").joinpath("texts").iterdir(), key=lambda path: path.name
    ):
        if path.name.startswith("problems"):
            continue
        raw = path.read_text(encoding="utf-8")
        made |= yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return made


def text(key: str, lang: str, **values: object) -> str:
    """The sentence of ``key`` with its values filled in.

    >>> text("group_near", "en", n=3, most=4, names="A, B and C")
    '3 are near, lacking 1 to 4 criteria: A, B and C.'
    """
    return texts()[key][lang].format(**values)


def pick(pair: Sequence[str], lang: str) -> str:
    """The text of a (Vietnamese, English) pair."""
    return pair[1] if lang == "en" else pair[0]


def listed(names: Iterable[str], lang: str) -> str:
    """Names in running text.

    >>> listed(["Thanh Ngọc", "Thanh Hương", "Thanh Chi"], "vi")
    'Thanh Ngọc, Thanh Hương và Thanh Chi'
    """
    names = list(names)
    return (
        "".join(names)
        if len(names) < 2
        else text("and", lang, first=", ".join(names[:-1]), last=names[-1])
    )


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

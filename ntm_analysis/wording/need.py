"""The funding need in sentences and short lines, no more digits than the draws support."""

import math

from ..data import Workbook
from ..language import LEVEL_WORDS, STATE_WORDS, pick, text, write_number, write_percent

FUND_WORDS = {
    "nstw": ("Ngân sách trung ương", "Central budget"),
    "nst": ("Ngân sách tỉnh", "Province budget"),
    "nsh": ("Ngân sách huyện", "District budget"),
    "nsx": ("Ngân sách xã", "Commune budget"),
    "dat": ("Thu tiền sử dụng đất", "Land-use revenue"),
    "long_ghep": ("Vốn lồng ghép", "Integrated programmes"),
    "dn": ("Doanh nghiệp, hợp tác xã", "Enterprises, cooperatives"),
    "dan": ("Nhân dân đóng góp tự nguyện", "Voluntary contribution of the people"),
    "tin_dung": ("Vốn tín dụng", "Credit"),
    "cement": ("Xi măng tỉnh hỗ trợ (giá trị)", "Cement of the province (value)"),
}
CAPITAL_WORDS = {
    "in_kind": ("bằng hiện vật", "in kind"),
    "investment": ("đầu tư phát triển", "investment"),
    "recurrent": ("sự nghiệp", "recurrent"),
}


def rough(value: float, digits: int = 2) -> float:
    """A number to so many significant digits.

    >>> rough(518.6), rough(0.0364), rough(0)
    (520.0, 0.036, 0.0)
    """
    return round(value, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0.0


def billions(million: float, lang: str) -> str:
    """Million đồng as billion đồng to two significant digits; "-" for nothing, "..." for no data.

    >>> billions(518_600.0, "vi"), billions(3_640.0, "vi"), billions(0.0, "vi")
    ('520', '3,6', '-')
    """
    if million is None or math.isnan(million):
        return "..."
    return write_number(rough(million / 1000), lang) if million else "-"


def billions_range(found: dict[str, float], lang: str) -> str:
    """The usual range P10-P90 in billion đồng.

    >>> billions_range({"p10": 476_800.0, "p90": 560_500.0}, "vi")
    '480-560'
    """
    low, high = (billions(found[end], lang).replace("-", "0") for end in ("p10", "p90"))
    return (low if low == high else f"{low}-{high}") if found["p90"] else "-"


def need_sentence(made: dict, communes: int, lang: str) -> str:
    """What finishing costs, in one sentence; ``made`` is the record of
    :func:`~ntm_analysis.needs.funding.record`.
    """
    if not made["total"]["mean"]:
        return text("need_none", lang)
    numbers = {
        "n": communes,
        "mid": billions(made["total"]["p50"], lang),
        "range": billions_range(made["total"], lang),
    }
    key = "need_registered" if made["target"] == "registered" else "need_ntm"
    draws = write_number(made["draws"], lang)
    return text(key, lang, year=made["price_year"], draws=draws, **numbers)


def gap_words(gap: dict[str, float], lang: str) -> str:
    """A gap by its mean and usual range; one that nearly no world has is told as such."""
    if not gap["mean"]:
        return text("gap_none", lang)
    mean = billions(gap["mean"], lang)
    return (
        text("gap_mean", lang, mean=mean, range=billions_range(gap, lang))
        if gap["p90"]
        else text("gap_rare", lang, mean=mean)
    )


def gap_sentence(workbook: Workbook, made: dict, lang: str) -> str:
    """Planned money, the gap when sources stand in for each other, and which of them lack it."""
    money = [
        row for row in made["envelope"] if row["unit"] != "tấn" and row["source"] != "tin_dung"
    ]
    planned = billions(sum(row["planned"] for row in money), lang)
    told = [row["allotted"] for row in money if row["allotted"] is not None]
    allotted = billions(sum(told), lang) if told else pick(STATE_WORDS["unknown"], lang)
    gap, late = (gap_words(gap, lang) for gap in (made["gap"], made["gap"]["if_late"]))
    said = text(
        "need_gap",
        lang,
        until=made["until"],
        planned=planned,
        allotted=allotted,
        gap=gap,
        late=late,
    )
    names = workbook.tables["pots"].set_index("pot")[f"name_{lang}"]
    blocking = "; ".join(names[pot] for pot in made["blocking_sources"])
    return said + (" " + text("need_blocking", lang, names=blocking) if blocking else "")


def need_assumed_sentence(made: dict, all_assumed: bool, lang: str) -> str:
    """How much rests on assumptions; a need whose quantities are all assumed is a rough
    estimate.
    """
    share = "100%" if made["assumed_share"] == 1 else write_percent(made["assumed_share"], lang)
    return text("need_all_assumed" if all_assumed else "need_assumed", lang, share=share)


def criterion_label(row: dict, lang: str) -> str:
    """A line of the need by criterion: number and name, or what stands without a criterion."""
    if row["criterion"] is None:
        return text(f"need_{row['name']}", lang)
    level = "" if row["level"] == "ntm" else f" ({pick(LEVEL_WORDS[row['level']], lang)})"
    return f"{row['criterion']}. {row['name' if lang == 'vi' else 'name_en']}{level}"


def need_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The record as short lines for a console."""
    lines = [need_sentence(made, len(made["by_commune"]), lang)]
    if not made["total"]["mean"]:
        return lines
    if made["gap"]:
        lines.append(gap_sentence(workbook, made, lang))
    lines.append(text("need_assumed", lang, share=write_percent(made["assumed_share"], lang)))
    if made["without_works"]:
        lines.append(text("need_without", lang, numbers=", ".join(map(str, made["without_works"]))))
    blocks = {
        "by_level": lambda r: pick(LEVEL_WORDS[r["level"]], lang),
        "by_criterion": lambda r: (
            text("need_nameless", lang)
            if r["criterion"] is None
            else f"{r['criterion']}. {r['name']}"
        ),
        "by_source": lambda r: (
            f"{pick(FUND_WORDS[r['source']], lang)} ({pick(CAPITAL_WORDS[r['capital']], lang)})"
        ),
        "by_year": lambda r: text("need_unplanned", lang) if r["year"] is None else str(r["year"]),
        "by_commune": lambda r: r["name"],
    }
    for name, label in blocks.items():
        lines += ["", text(f"need_{name}", lang)]
        lines += [
            f"  {label(row):<44} {billions(row['p50'], lang):>8}  {billions_range(row, lang):>12}"
            for row in made[name]
        ]
    cement = made["cement"]
    granted, expected = (
        "..." if cement[k] is None else write_number(rough(cement[k]), lang)
        for k in ("granted", "expected")
    )
    mid = write_number(rough(cement["need"]["p50"]), lang)
    return [*lines, "", text("need_cement", lang, mid=mid, granted=granted, expected=expected)]

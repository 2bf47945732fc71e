"""The comparison in sentences: ``made`` is the record of :func:`~ntm_analysis.scenarios.comparison.record`."""

import datetime as dt

import numpy as np

from .forecast_words import chance, rests_on
from .need_words import billions, rough
from .office_numbers import write_change, write_date, write_number
from .scenarios.comparison import NOISE
from .scenarios.scenario import BASELINE
from .sensitivity import DRAWS, RANGES, SHARE
from .words import text
from .workbook import Workbook

LEAST = 0.05  # communes: less is not told


def title_of(row: dict, lang: str) -> str:
    return row["title"] if lang == "vi" else row["title_en"]


def base_name(made: dict, lang: str) -> str:
    """The baseline in running text."""
    if made["baseline"] == BASELINE:
        return text("compare_the_baseline", lang)
    return text("compare_base_name", lang, title=title_of(made["scenarios"][0], lang))


def clear(difference: dict) -> bool:
    """Whether a difference of the number finishing stands out of its noise."""
    return abs(difference["finishing"]) > NOISE * difference["se"]


def change_words(difference: dict, lang: str) -> str:
    """A difference of the number finishing, to as many digits as its size has use for.

    >>> change_words({"finishing": -0.046, "se": 0.002}, "vi"), change_words({"finishing": 2.18, "se": 0.01}, "en")
    ('-0,05', '+2.2')
    >>> change_words({"finishing": 0.01, "se": 0.1}, "vi"), change_words({"finishing": 0.0, "se": 0.0}, "vi")
    ('trong sai số', '0')
    """
    change = difference["finishing"]
    if change == 0 == difference["se"]:
        return "0"
    if not clear(difference):
        return text("within_noise", lang)
    return write_change(change, lang, 1 if abs(change) >= 0.095 else 2)


def own_day(row: dict, made: dict, lang: str) -> str:
    """The deadline of a scenario, where it is not that of the baseline."""
    if row["deadline"] == made["scenarios"][0]["deadline"]:
        return ""
    return text("compare_own_day", lang, day=write_date(dt.date.fromisoformat(row["deadline"]), lang))


def verdict(made: dict, lang: str) -> str:
    """Which scenario adds most communes, which loses most, and what that does to the promise."""
    base, *others = made["scenarios"]
    ordered = sorted(others, key=lambda row: row["difference"]["finishing"])

    def told(key: str, row: dict) -> str:
        change = change_words(row["difference"], lang).lstrip("+-")
        return text(key, lang, title=title_of(row, lang), change=change, own=own_day(row, made, lang))

    best, worst = text("compare_no_best", lang), ""
    if ordered and clear(ordered[-1]["difference"]) and ordered[-1]["difference"]["finishing"] > 0:
        best = told("compare_best", ordered[-1])
    if ordered and clear(ordered[0]["difference"]) and ordered[0]["difference"]["finishing"] < 0:
        worst = told("compare_worst", ordered[0])
    return text(
        "compare_verdict", lang, baseline=base_name(made, lang), mean=write_number(round(base["finishing_mean"]), lang),
        total=base["n_communes"], day=write_date(dt.date.fromisoformat(base["deadline"]), lang), n=len(others),
        draws=write_number(made["draws"], lang), best=best, worst=worst, basically=_chances(made, lang),
    )  # fmt: skip


def _chances(made: dict, lang: str) -> str:
    """The highest chance that basically all finish; that all do, where that is neither nearly certain nor nearly none."""
    rows, base = made["scenarios"], made["scenarios"][0]
    top = max(rows, key=lambda row: row["p_basically_all"])
    shown = {chance(row["p_basically_all"], made["draws"], lang) for row in rows}
    key = "compare_basically_alike" if len(shown) == 1 else "compare_basically_best"
    told = {"basically": base["basically_all"], "total": base["n_communes"], "title": title_of(top, lang)}
    line = text(key, lang, p=chance(top["p_basically_all"], made["draws"], lang), **told)
    most = max(rows, key=lambda row: row["p_all"])
    if not 0.01 <= most["p_all"] <= 0.99:
        return line
    p = chance(most["p_all"], made["draws"], lang)
    return line + " " + text("compare_all_best", lang, p=p, title=title_of(most, lang))


def price_words(row: dict, made: dict, lang: str) -> str:
    """What a scenario that adds or takes money pays for a commune; "" for one that does neither."""
    more = row["money"] - made["scenarios"][0]["money"]
    if not more:
        return ""
    told = {"title": title_of(row, lang), "money": write_change(rough(more / 1000), lang)}
    if row["cost_reason"] == "within_noise":
        return text("compare_price_noise", lang, **told)
    price = billions(row["cost_per_extra_commune"], lang) if row["cost_per_extra_commune"] else "..."
    return text("compare_price_told", lang, change=change_words(row["difference"], lang), price=price, **told)


def mover_name(workbook: Workbook, key: str, lang: str) -> str:
    """What an assumption is, in words: of assumptions.csv its own text."""
    rules = workbook.tables["assumptions"].set_index("key")[f"text_{lang}"]
    return rules[key].split(":")[0] if key in rules.index else text(f"move_{key}", lang)


def ends_words(workbook: Workbook, row: dict, lang: str) -> str:
    """The ends that an assumption was put at."""
    if row["key"] in (*RANGES, "quantities"):
        return text("ends_table", lang)
    if row["low_end"] is None:
        return text("ends_times", lang, **{end: write_number(1 + way * SHARE, lang) for end, way in (("low", -1), ("high", 1))})
    if row["key"] == "count":
        return text("ends_count", lang)
    ends = {end: write_number(row[f"{end}_end"], lang) for end in ("low", "high")}
    if row["key"] == "pace":
        ends = {end: f"{100 * (1 - np.exp(-row[f'{end}_end'])):.0f}" for end in ends}
    measure = workbook.tables["assumptions"].set_index("key")["measure"].get(row["key"], "%")
    return text("ends_share" if measure == "%" else "ends_values", lang, **ends)


def loud(made: dict) -> list[dict]:
    """The rows of the tornado that stand out of their noise and are worth telling."""
    return [row for row in made["tornado"] if abs(row["swing"]) > NOISE * row["se"] and abs(row["swing"]) >= LEAST]


def tornado_told(workbook: Workbook, made: dict, lang: str, key: str = "tornado_told") -> str:
    """The assumption that moves the number finishing most; "" where none does."""
    if not (rows := loud(made)):
        return ""
    ends = {end: write_number(rows[0][end], lang, 1) for end in ("low", "high", "usual")}
    n = write_number(min(made["draws"], DRAWS), lang)
    what = mover_name(workbook, rows[0]["key"], lang)
    return text(key, lang, what=what if key == "tornado_told" else what[0].lower() + what[1:], n=n, **ends)


def compare_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The comparison as text: the verdict, a line a scenario, prices, the strongest assumptions."""
    lines = [verdict(made, lang), rests_on(workbook, lang), "", text("compare_line_head", lang)]
    for row in made["scenarios"]:
        shares = ", ".join(chance(row[key], made["draws"], lang) for key in ("p_basically_all", "p_all"))
        money = ", ".join(billions(row[key], lang) for key in ("need_p50", "gap_mean"))
        cells = [write_number(row["finishing_mean"], lang, 1), change_words(row["difference"], lang), shares, money]
        title = f"{row['id']} ({title_of(row, lang)}{own_day(row, made, lang)})"
        lines.append(f"  {title}: {'; '.join([*cells, write_number(row['se_ratio'], lang, 2)])}")
    lines += ["", *filter(None, (price_words(row, made, lang) for row in made["scenarios"]))]
    for row in loud(made)[:5]:
        ends = f"{write_number(row['low'], lang, 1)} - {write_number(row['high'], lang, 1)}"
        lines.append(f"  {mover_name(workbook, row['key'], lang)} ({ends_words(workbook, row, lang)}): {ends}")
    return lines

"""The comparison in sentences: ``made`` is the record of
:func:`~ntm_analysis.scenarios.comparison.record`.
"""

import pandas as pd

from ..data import Workbook
from ..forecasts import TORNADO
from ..language import text, write_change, write_number
from ..scenarios import BASELINE, NOISE
from .forecast import (
    blocking_pots,
    blocking_words,
    chance,
    chance_words,
    day_words,
    mover_name,
    mover_rows,
    moving,
    rests_on,
)
from .need import billions, rough


def title_of(row: dict, lang: str) -> str:
    return row["title"] if lang == "vi" else row["title_en"]


def base_name(made: dict, lang: str) -> str:
    """The baseline in running text."""
    if made["baseline"] == BASELINE:
        return text("compare_the_baseline", lang)
    return text("compare_base_name", lang, title=title_of(made["scenarios"][0], lang))


def tells_all(p: float) -> bool:
    """Whether the chance that all finish is told: neither nearly none nor nearly certain."""
    return 0.01 <= p <= 0.99


def blocking_cell(workbook: Workbook, row: dict, made: dict, lang: str) -> str:
    """The sources that block in a scenario, where they are not those of the baseline."""
    base, pots = made["scenarios"][0], blocking_pots(workbook, row, lang)
    same = row is not base and pots == blocking_pots(workbook, base, lang)
    return text("blocking_as_first", lang) if same else pots or "-"


def way(difference: dict) -> int:
    """1 where clearly more communes finish, -1 where fewer, 0 where the difference does not stand
    out of its noise.
    """
    change = difference["finishing"]
    return (change > 0) - (change < 0) if abs(change) > NOISE * difference["se"] else 0


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
    if not way(difference):
        return text("within_noise", lang)
    return write_change(change, lang, 1 if abs(change) >= 0.095 else 2)


def own_day(row: dict, made: dict, lang: str) -> str:
    """The deadline of a scenario, where it is not that of the baseline."""
    if row["deadline"] == made["scenarios"][0]["deadline"]:
        return ""
    return text("compare_own_day", lang, day=day_words(row["deadline"], lang))


def comparison_sentence(made: dict, lang: str) -> str:
    """Which scenario adds most communes, which loses most, and what that does to the promise."""
    base, *others = made["scenarios"]
    ends = {"best": text("compare_no_best", lang), "worst": ""}
    for end, sign in (("worst", -1), ("best", 1)):
        row = max(others, key=lambda row: sign * row["difference"]["finishing"], default=base)
        if way(row["difference"]) == sign:
            change = change_words(row["difference"], lang).lstrip("+-")
            ends[end] = text(
                f"compare_{end}",
                lang,
                title=title_of(row, lang),
                change=change,
                own=own_day(row, made, lang),
            )
    return text(
        "compare_verdict",
        lang,
        baseline=base_name(made, lang),
        mean=write_number(base["finishing_mean"], lang, 1),
        total=base["n_communes"],
        day=day_words(base["deadline"], lang),
        n=len(others),
        draws=write_number(made["draws"], lang),
        basically=_chances(made, lang),
        **ends,
    )


def _chances(made: dict, lang: str) -> str:
    """The highest chance that basically all finish; that all do, where that is neither nearly
    certain nor nearly none.
    """
    rows, base, lines = made["scenarios"], made["scenarios"][0], []
    for key, p, n in (
        ("basically", "p_basically_all", "basically_all"),
        ("all", "p_all", "n_communes"),
    ):
        top = max(rows, key=lambda row, p=p: row[p])
        if key == "basically" or tells_all(top[p]):
            alike = len({chance(row[p], made["draws"], lang) for row in rows}) == 1
            told = {"title": title_of(top, lang), "p": chance_words(top[p], made["draws"], lang)}
            told |= {"n": base[n], "total": base["n_communes"]}
            lines.append(text(f"compare_{key}_{'alike' if alike else 'best'}", lang, **told))
    return " ".join(lines)


def price_words(row: dict, made: dict, lang: str) -> str:
    """What a scenario that adds or takes money pays for a commune; "" for one that does neither."""
    more = row["money"] - made["scenarios"][0]["money"]
    if not more:
        return ""
    told = {"title": title_of(row, lang), "money": write_change(rough(more / 1000), lang)}
    if row["cost_reason"] == "within_noise":
        return text("compare_price_noise", lang, **told)
    price = (
        billions(row["cost_per_extra_commune"], lang) if row["cost_per_extra_commune"] else "..."
    )
    return text(
        "compare_price_told",
        lang,
        change=change_words(row["difference"], lang),
        price=price,
        **told,
    )


def loud(made: dict) -> pd.DataFrame:
    """The rows of the tornado that stand out of their noise and are worth telling."""
    return moving(pd.DataFrame(made["tornado"])) if made["tornado"] else pd.DataFrame()


def tornado_told(workbook: Workbook, made: dict, lang: str, key: str = "tornado_told") -> str:
    """The assumption that moves the number finishing most; "" where none does."""
    if (rows := loud(made)).empty:
        return ""
    first = rows.iloc[0]
    ends = {end: write_number(first[end], lang, 1) for end in ("low", "high", "usual")}
    n = write_number(min(made["draws"], TORNADO), lang)
    what = mover_name(workbook, first["key"], lang)
    return text(
        key, lang, what=what if key == "tornado_told" else what[0].lower() + what[1:], n=n, **ends
    )


def compare_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The comparison as text: the verdict, a line a scenario, prices, the strongest assumptions."""
    base = made["scenarios"][0]
    lines = [
        comparison_sentence(made, lang),
        blocking_words(workbook, base, lang),
        rests_on(workbook, lang),
        "",
        text("compare_line_head", lang),
    ]
    for row in made["scenarios"]:
        shares = ", ".join(
            chance(row[key], made["draws"], lang) for key in ("p_basically_all", "p_all")
        )
        money = ", ".join(billions(row[key], lang) for key in ("need_p50", "gap_mean"))
        cells = [
            write_number(row["finishing_mean"], lang, 1),
            change_words(row["difference"], lang),
            shares,
            money,
        ]
        title = f"{row['id']} ({title_of(row, lang)}{own_day(row, made, lang)})"
        blocking = blocking_cell(workbook, row, made, lang)
        lines.append(
            f"  {title}: {'; '.join([*cells, write_number(row['se_ratio'], lang, 2), blocking])}"
        )
    lines += ["", *filter(None, (price_words(row, made, lang) for row in made["scenarios"]))]
    rows = mover_rows(workbook, loud(made).head(5), lang)
    return lines + [f"  {name} ({ends}): {low} - {high}" for _, name, ends, low, high, _ in rows]

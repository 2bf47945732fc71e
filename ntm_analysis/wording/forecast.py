"""The forecast in sentences: one fixed scale of words, chances to whole per cent, the two ends of
the scale as words.
"""

import datetime as dt

import numpy as np
import pandas as pd

from ..data import Workbook
from ..forecasts import EDGES, MORE, RANGES, knowledge, scale_places, split_pots
from ..language import text, write_date, write_number

ASSUMABLE = (
    "durations",
    "envelopes",
    "parts",
    "assumptions",
)  # the tables of a data set that a forecast rests on most
FEW = 300  # draws: of fewer, a per cent would say too much
SCALE = ("very_unlikely", "unlikely", "less_likely", "even", "likely", "very_likely", "certain")
FELT = 0.05  # what holds a commune back in fewer worlds is not worth a word
NOISE, LEAST = 3, 0.05  # standard errors and communes: a smaller swing is not told


def scale_of(p: float) -> str:
    """The word of the fixed scale, by its key: under 5, 5-20, 20-40, 40-60, 60-80, 80-95, over 95
    %.

    >>> [scale_of(p) for p in (0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.951)]
    ['very_unlikely', 'unlikely', 'less_likely', 'even', 'very_likely', 'very_likely', 'certain']
    """
    return SCALE[int(scale_places([p])[0])]


def chance_word(p: float, lang: str) -> str:
    """A chance in the word of the scale.

    >>> chance_word(0.3, "vi"), chance_word(0.99, "en")
    ('ít khả năng', 'almost certain')
    """
    return text(f"scale_{scale_of(p)}", lang)


def chance(p: float | None, draws: int | None, lang: str) -> str:
    """A chance for a cell: whole per cent, at the two ends of the scale the word; "..." for none.

    Of few draws the word too.

    >>> chance(0.004, 10_000, "vi"), chance(0.304, 10_000, "vi"), chance(0.304, 100, "vi"), chance(1.0, None, "vi")
    ('rất khó', '30%', 'ít khả năng', 'gần như chắc')
    """
    if p is None or np.isnan(p):
        return "..."
    few = draws is not None and draws < FEW
    return (
        chance_word(p, lang) if few or scale_of(p) in (SCALE[0], SCALE[-1]) else f"{100 * p:.0f}%"
    )


def chance_words(p: float, draws: int | None, lang: str) -> str:
    """A chance in running text: "ít khả năng, khoảng 3 trên 10 (30%)"; at the ends of the scale
    "rất khó (dưới 5%)".

    >>> chance_words(0.304, 10_000, "vi"), chance_words(0.004, 10_000, "vi"), chance_words(0.304, 100, "vi")
    ('ít khả năng, khoảng 3 trên 10 (30%)', 'rất khó (dưới 5%)', 'ít khả năng')
    """
    word, scale = chance_word(p, lang), scale_of(p)
    if scale in (SCALE[0], SCALE[-1]):
        key, edge = ("chance_below", EDGES[1]) if scale == SCALE[0] else ("chance_above", EDGES[-2])
        return text(key, lang, word=word, edge=f"{100 * edge:.0f}")
    shown = chance(p, draws, lang)
    if shown == word:
        return word
    tenths = min(max(round(10 * p), 1), 9)  # between the two ends nothing is never, nothing certain
    return text("chance_of_ten", lang, word=word, tenths=tenths, shown=shown)


def rests_on(workbook: Workbook, lang: str) -> str:
    """How much of what the data set brings to the forecast is assumed, by the marks of its rows.

    >>> rests_on(Workbook.open("data/huyen-mau"), "en")
    'Durations, envelopes and shares of who pays are all illustrative.'
    """
    tables = {name: workbook.tables[name]["mark"] for name in ASSUMABLE}
    marks = [mark for column in tables.values() for mark in column]
    if marks and set(marks) == {"illustrative"}:
        return text("forecast_invented", lang)
    if all((column == "assumed").all() for name, column in tables.items() if name != "assumptions"):
        return text("forecast_assumed", lang)
    return text(
        "forecast_assumed_part", lang, n=sum(mark != "reported" for mark in marks), of=len(marks)
    )


def whole_percent(share: float) -> str:
    """A share that is no chance of the forecast, in whole per cent."""
    return f"{100 * share:.0f}%"


def usual_range(low: float, high: float) -> str:
    """A range of whole numbers, one number where its ends are alike."""
    return f"{low:g}-{high:g}" if low != high else f"{low:g}"


def median_range(figures: dict[str, float]) -> str:
    """A median with its usual range: "28 (24-33)"."""
    return f"{figures['p50']:g} ({usual_range(figures['p10'], figures['p90'])})"


def forecast_sentence(made: dict, lang: str) -> str:
    """How many will have finished, with the range and the two second opinions; then whether
    basically all, and all, will.

    ``made``: what :func:`~.forecast.forecast.record` gives.
    """
    figures, draws = made["finishing"], made["draws"]
    opinions = {name: median_range(more) for name, more in made["second_opinions"].items()}
    first = text(
        f"forecast_verdict_{made['finish']}",
        lang,
        day=day_words(made["deadline"], lang),
        middle=figures["p50"],
        range=usual_range(figures["p10"], figures["p90"]),
        total=made["n_communes"],
        now=made["n_finished_now"],
        **opinions,
    )
    second = text(
        "forecast_verdict_all",
        lang,
        share=f"{100 * made['basically_share']:.3g}%".replace(".", "," if lang == "vi" else "."),
        basically=made["basically_all"],
        total=made["n_communes"],
        p_basically=chance_words(made["p_basically_all"], draws, lang),
        p_all=chance_words(made["p_all"], draws, lang),
        draws=write_number(draws, lang),
    )
    return f"{first} {second}"


def setting(workbook: Workbook, made: dict, lang: str) -> str:
    """What the forecast was asked: criteria set, scenario, allocation plan."""
    title = workbook.law.sets[made["set"]].title[lang]
    return text(
        "forecast_setting",
        lang,
        set=title,
        scenario=made["scenario_title"][lang],
        policy=text(f"policy_{made['policy']}", lang),
    )


def month_words(day: str | None, lang: str) -> str:
    """A month as "11/2023"; "sau kỳ" beyond the horizon.

    >>> month_words("2023-11-30", "vi"), month_words(None, "vi")
    ('11/2023', 'sau kỳ')
    """
    return text("beyond_term", lang) if day is None else f"{int(day[5:7])}/{day[:4]}"


def day_words(day: str, lang: str) -> str:
    """A day of a record as offices write it.

    >>> day_words("2025-12-31", "vi")
    '31/12/2025'
    """
    return write_date(dt.date.fromisoformat(day), lang)


def commune_sentence(row: dict, made: dict, lang: str, coarse: bool = False) -> str:
    """One commune's answer: the chance by the deadline, that of the decision, dates.

    ``coarse``: in words alone.
    """
    if row["finished"]:
        return text("forecast_commune_finished", lang, name=row["name"])
    draws = 0 if coarse else made["draws"]
    months = zip(("early", "middle", "late"), ("p10_date", "p50_date", "p90_date"), strict=True)
    return text(
        "forecast_commune_signed" if made["finish"] == "signed" else "forecast_commune",
        lang,
        name=row["name"],
        day=day_words(made["deadline"], lang),
        p=chance_words(row["p"], draws, lang),
        signed=chance_words(row["p_signed"], draws, lang),
        unlimited=chance_words(row["p_unlimited"], draws, lang),
        **{name: month_words(row[key], lang) for name, key in months},
    )


def held_most(row: dict) -> str:
    """What holds a commune back most, by its key; "" where next to nothing does.

    >>> held_most({"held_back": {"not_listed": 0.5, "money": 0.1}}), held_most({"held_back": None})
    ('not_listed', '')
    """
    held = row["held_back"] or {}
    most = max(held, key=held.get, default="")
    return most if held.get(most, 0) >= FELT else ""


def held_sentence(row: dict, draws: int, lang: str) -> str:
    """What holds a commune back, the most frequent first; "" where next to nothing does."""
    held = {name: share for name, share in (row["held_back"] or {}).items() if share >= FELT}
    reasons = [
        text(
            "held_part", lang, reason=text(f"held_{name}", lang), p=chance(held[name], draws, lang)
        )
        for name in sorted(held, key=held.get, reverse=True)
    ]
    return text("held_told", lang, reasons="; ".join(reasons)) if reasons else ""


def list_sentence(row: dict, draws: int, lang: str) -> str:
    """The chance of a commune to be on each year's list."""
    years = [
        text(
            "list_year",
            lang,
            year=year,
            p=chance_word(p, lang) if draws < FEW else chance(p, draws, lang),
        )
        for year, p in row["list_chance"].items()
    ]
    return text("list_told", lang, years="; ".join(years)) if years else ""


def without_money(workbook: Workbook) -> bool:
    """Whether no money of any pot and year is known: a forecast then says nothing of money."""
    return not (workbook.tables["envelopes"]["amount"] > 0).any()


def pot_words(workbook: Workbook, instance: str, lang: str) -> str:
    """The name of a pot instance, and whom it serves where that is not everybody.

    >>> pot_words(Workbook.open("data/thanh-chuong"), "nstw-dt@17731", "en")
    'Central budget, investment (Thanh Phong)'
    """
    pot, _, served = instance.partition("@")
    name = workbook.tables["pots"].set_index("pot")[f"name_{lang}"].get(pot, pot)
    units = workbook.units.loc[workbook.units["code"] == served, "name"]
    return f"{name} ({units.iloc[0] if len(units) else served})" if served else name


def blocking_pots(workbook: Workbook, row: dict, lang: str) -> str:
    """The sources that keep listed communes from being paid, of the record of a forecast or a
    scenario; "" where none does.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> blocking_pots(wb, {"policy": "equal", "blocking_sources": ["dat"]}, "vi")
    'phần vốn chia riêng cho từng xã từ Thu tiền sử dụng đất (đấu giá đất)'
    """
    pots = row["blocking_sources"]
    names = "; ".join(pot_words(workbook, pot, lang) for pot in pots)  # their names hold commas
    return (
        text("blocking_own_part", lang, pots=names)
        if split_pots(workbook, row["policy"]).intersection(pots)
        else names
    )


def blocking_words(workbook: Workbook, row: dict, lang: str) -> str:
    """The same as a sentence.

    >>> blocking_words(Workbook.open("data/thanh-chuong"), {"policy": "own", "blocking_sources": ["dat"]}, "vi")
    'Nguồn đang chặn: Thu tiền sử dụng đất (đấu giá đất). Chặn là thiếu vào năm xã cần, dù cộng cả kỳ có thể đủ.'
    """
    pots = blocking_pots(workbook, row, lang)
    return text("blocking_told", lang, pots=pots) if pots else ""


def mover_name(workbook: Workbook, key: str, lang: str) -> str:
    """What an assumption of the tornado is: by its own text in the data, else by the texts of the
    pages.
    """
    for table in (
        workbook.tables["assumptions"].set_index("key"),
        knowledge(workbook.as_of).evidence.assumed,
    ):
        if key in table.index:
            return table.loc[key, f"text_{lang}"].split(":")[0]
    return text(f"move_{key}", lang)


def mover_ends(workbook: Workbook, row: dict, lang: str) -> str:
    """The ends that an assumption was put at."""
    key, ends = row["key"], (row["low_end"], row["high_end"])
    if np.isnan(ends[0]):
        return text(
            "ends_bounds"
            if key == "bounds"
            else "ends_table"
            if key in (*RANGES, "quantities")
            else "ends_share",
            lang,
        )
    if key == "pace":
        ends = tuple(-np.expm1(-end) for end in ends)
    share = key in ("pace", "success") or is_share(
        knowledge(workbook.as_of).evidence.assumed["unit"].get(key, "")
    )
    shown = (whole_percent(end) if share else write_number(end, lang, 2) for end in ends)
    return text("ends_values", lang, **dict(zip(("low", "high"), shown, strict=True)))


def mover_rows(workbook: Workbook, rows: pd.DataFrame, lang: str) -> list[list]:
    """The tornado as a table: place, what, its two ends, the mean number at each, on what the ends
    rest.
    """
    return [
        [
            place,
            mover_name(workbook, row["key"], lang),
            mover_ends(workbook, row, lang),
            write_number(row["low"], lang, 1),
            write_number(row["high"], lang, 1),
            text(f"basis_{row['basis']}", lang),
        ]
        for place, row in enumerate(rows.to_dict("records"), start=1)
    ]


def is_share(unit: str) -> bool:
    """Whether a unit of panel_assumed.csv is a part of one."""
    return unit.startswith(("tỷ lệ", "khả năng"))


def moving(tornado: pd.DataFrame) -> pd.DataFrame:
    """The rows of the tornado that stand out of the noise of the draws and are worth telling."""
    swing = tornado["swing"].abs()
    return tornado[(swing > NOISE * tornado["se"]) & (swing >= LEAST)]


def promise_lines(price: dict, made: dict, lang: str) -> list[str]:
    """What it would take to keep the promise: which money is enough, or that money alone is not."""
    lines = []
    most = {"most": write_number(MORE[-1], lang)}
    for key in ("basically_all", "all"):
        found = price[key]
        what = text(
            f"price_{key}",
            lang,
            n=made["basically_all"] if key == "basically_all" else made["n_communes"],
        )
        rich = chance_words(found["p_unlimited"], made["draws"], lang)
        beyond = [level for level, money in found["money"].items() if money["factor"] is None]
        for level, money in found["money"].items():
            if money["factor"] is None:
                continue
            extra = write_number(float(f"{(money['extra'] or 0) / 1000:.2g}"), lang)
            told = {
                "what": what,
                "level": level,
                "factor": write_number(money["factor"], lang),
                "extra": extra,
            }
            lines.append(
                text(
                    "price_reached" if money["reason"] == "reached_now" else "price_money",
                    lang,
                    **told,
                )
            )
        if beyond:
            lines.append(text("price_beyond", lang, what=what, level=beyond[0], p=rich, **most))
    return lines


def forecast_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The forecast as text: verdict, communes, registrations, what it would take."""
    draws = made["draws"]
    penniless = [text("forecast_no_money", lang)] if without_money(workbook) else []
    lines = [
        forecast_sentence(made, lang),
        *penniless,
        setting(workbook, made, lang),
        rests_on(workbook, lang),
    ]
    lines += [*filter(None, [blocking_words(workbook, made, lang)]), ""]
    open_ = [row for row in made["communes"] if not row["finished"]]
    if len(made["communes"]) == 1:
        row = made["communes"][0]
        lines += filter(None, (commune_sentence(row, made, lang), held_sentence(row, draws, lang)))
    elif open_:
        lines.append(text("forecast_line_head", lang))
        for row in sorted(open_, key=lambda row: (row["band"], -row["p"])):
            dates = " / ".join(month_words(row[f"{q}_date"], lang) for q in ("p10", "p50", "p90"))
            cells = (
                row["name"],
                chance(row["p"], draws, lang),
                chance(row["p_signed"], draws, lang),
                dates,
            )
            lines.append(
                f"  {row['band']:>2}  {cells[0]:<16} {cells[1]:<14} {cells[2]:<14} {cells[3]}"
            )
    if made["registrations"]:
        lines += ["", text("forecast_registrations", lang)]
        for row in made["registrations"]:
            level = text(f"level_short_{row['level']}", lang)
            kind = text(f"kind_{row['kind']}", lang)
            lines.append(
                f"  {row['name']:<16} {level}, {row['year']} ({kind}): {chance(row['p'], draws, lang)}"
            )
    if made["pots_without_money"]:
        pots = ", ".join(pot_words(workbook, pot, lang) for pot in made["pots_without_money"])
        lines += ["", text("forecast_empty_pots", lang, pots=pots)]
    if made["price_of_promise"]:
        lines += ["", *promise_lines(made["price_of_promise"], made, lang)]
    return lines

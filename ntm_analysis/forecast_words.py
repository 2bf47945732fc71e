"""The forecast in sentences: one fixed scale of words, chances as "3 in 10", no more digits than the draws support."""

import datetime as dt

from .forecast.scoring import scale_places, wilson
from .office_numbers import write_date, write_number
from .words import text
from .workbook import Workbook

ASSUMABLE = ("durations", "envelopes", "assumptions")  # the tables that a forecast rests on most
PRICES = {
    None: "price_money", "reached_now": "price_reached_level", "money_does_not_reach": "price_level_beyond",
    "above_64_times": "price_level_above",
}  # fmt: skip
ALIKE = {"reached_now": "price_reached", "money_does_not_reach": "price_beyond"}  # said once when true of every chance
FEW = 300  # draws: with fewer, "below 3/n" or "over 99 %" would claim too much
LOOKS = ("very_low", "low", "even", "high", "very_high")


WORD_EDGES = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
CHANCE_WORDS = ("very_hard", "hard", "unlikely", "even", "likely", "very_likely", "certain")


def chance_word(p: float, lang: str) -> str:
    """The word of the scale for a chance; an edge belongs to the middle band beside it.

    >>> [chance_word(p, "vi") for p in (0.049, 0.05, 0.5, 0.95, 0.951)]
    ['rất khó', 'khó', 'ngang ngửa', 'nhiều khả năng', 'gần như chắc']
    """
    place = sum(p >= edge for edge in WORD_EDGES[:-1]) + (p > WORD_EDGES[-1])
    return text(f"chance_word_{CHANCE_WORDS[place]}", lang)


def scale_of(p: float) -> str:
    """The word of the fixed scale: under 10, 10-33, 33-66, 66-90, over 90 %.

    >>> [scale_of(p) for p in (0, 0.1, 0.5, 0.9, 0.95)]
    ['very_low', 'low', 'even', 'high', 'very_high']
    """
    return LOOKS[int(scale_places([p])[0])]


def chance(p: float | None, draws: int | None, lang: str) -> str:
    """A chance in per cent, as exactly as the draws allow: "dưới 3/10.000", "dưới 1%", "30%", "trên 99%"; "..." for none.
    ``draws`` is None for a chance that is computed and not counted; of few draws the count is said.

    >>> chance(0.0, 10_000, "vi"), chance(0.004, 10_000, "vi"), chance(0.304, 10_000, "vi"), chance(1.0, 100, "vi")
    ('dưới 3/10.000', 'dưới 1%', '30%', '100/100 tình huống')
    """
    if p is None:
        return "..."
    if draws and draws < FEW and p in (0, 1):
        return text("chance_every" if p else "chance_never", lang, n=write_number(draws, lang))
    if p == 0 and draws:
        return text("chance_none", lang, draws=write_number(draws, lang))
    if p < 0.01:
        return text("chance_below", lang)
    return text("chance_above", lang) if p > 0.99 else f"{100 * p:.0f}%"


def chance_words(p: float, draws: int, lang: str) -> str:
    """A chance in the words of the scale: "thấp, khoảng 3 trên 10 (30%)".

    >>> chance_words(0.304, 10_000, "vi")
    'thấp, khoảng 3 trên 10 (30%)'
    """
    word, shown = text(f"scale_{scale_of(p)}", lang), chance(p, draws, lang)
    if not 0.095 <= p <= 0.905:
        return text("chance_plain", lang, word=word, shown=shown)
    return text("chance_of_ten", lang, word=word, tenths=round(10 * p), shown=shown)


def interval(p: float, draws: int, lang: str) -> str:
    """Wilson's 95 % interval of a chance, in per cent; below 1 % to two decimals, else whole.

    >>> interval(0.0, 10_000, "vi"), interval(0.304, 10_000, "vi"), interval(1.0, 10_000, "en")
    ('0-0,04%', '30-31%', '99.96-100%')
    """
    ends = [100 * end for end in wilson(round(p * draws), draws)]
    fine = ends[1] < 1 or ends[0] > 99
    low, high = (write_number(end, lang, None if fine else 0) for end in ends)
    return f"{low}%" if low == high else f"{low}-{high}%"


def rests_on(workbook: Workbook, lang: str) -> str:
    """How much of what the forecast rests on is assumed, by the marks of its rows.

    >>> rests_on(Workbook.open("data/huyen-mau"), "en")
    'Durations, envelopes, paces and correlations are all illustrative.'
    """
    tables = {name: workbook.tables[name]["mark"] for name in ASSUMABLE}
    marks = [mark for column in tables.values() for mark in column]
    if marks and set(marks) == {"illustrative"}:
        return text("forecast_invented", lang)
    if all((column == "assumed").all() for name, column in tables.items() if name != "assumptions"):
        return text("forecast_assumed", lang)
    return text("forecast_assumed_part", lang, n=sum(mark != "reported" for mark in marks), of=len(marks))


def verdict(made: dict, lang: str) -> str:
    """How many will have finished, P(basically all), P(all): ``made`` is what :func:`~.forecast.forecast.record` gives."""
    figures, draws, total = made["finishing"], made["draws"], made["n_communes"]
    low, high = figures["p10"], figures["p90"]
    return text(
        f"forecast_verdict_{made['finish']}",
        lang,
        day=write_date(dt.date.fromisoformat(made["deadline"]), lang),
        middle=figures["p50"],
        range=f"{low}-{high}" if low != high else str(low),
        total=total,
        now=made["n_finished_now"],
        share=f"{100 * made['basically_share']:.3g}%".replace(".", "," if lang == "vi" else "."),
        basically=made["basically_all"],
        p_basically=chance_words(made["p_basically_all"], draws, lang),
        p_all=chance_words(made["p_all"], draws, lang),
        draws=write_number(draws, lang),
    )


def setting(workbook: Workbook, made: dict, lang: str) -> str:
    """What the forecast was asked: criteria set, scenario, allocation plan."""
    title = workbook.law.sets[made["set"]].title[lang]
    return text(
        "forecast_setting", lang, set=title, scenario=made["scenario_title"][lang], policy=text(f"policy_{made['policy']}", lang)
    )


def month_words(day: str | None, lang: str) -> str:
    """A month as "11/2023"; "..." beyond the term."""
    return "..." if day is None else f"{int(day[5:7])}/{day[:4]}"


def commune_sentence(row: dict, made: dict, lang: str) -> str:
    """One commune's answer: chance by the deadline, of the decision, dates, last criterion."""
    day = write_date(dt.date.fromisoformat(made["deadline"]), lang)
    if row["finished"]:
        return text("forecast_commune_finished", lang, name=row["name"])
    if row["p"] == 1 and row["last_criterion"] is None:
        return text("forecast_commune_nothing", lang, name=row["name"])
    return text(
        "forecast_commune_signed" if made["finish"] == "signed" else "forecast_commune",
        lang, name=row["name"], day=day, p=chance_words(row["p"], made["draws"], lang),
        signed=chance(row["p_signed"], made["draws"], lang),
        **{
            name: month_words(row[key], lang) if row[key] else text("beyond_term", lang)
            for name, key in (("early", "p10_date"), ("middle", "p50_date"), ("late", "p90_date"))
        },
        unlimited=chance(row["p_unlimited"], made["draws"], lang),
    )  # fmt: skip


def without_money(workbook: Workbook) -> bool:
    """Whether no money of any pot and year is known: a forecast then tells of works that nobody pays."""
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


def price_lines(price: dict, made: dict, lang: str) -> list[str]:
    """What it would take to keep the promise: money, months, or neither."""
    lines = []
    for key in ("basically_all", "all"):
        found = price[key]
        what = text(f"price_{key}", lang, n=made["basically_all"] if key == "basically_all" else made["n_communes"])
        reasons = {money["reason"] for money in found["money"].values()}
        most = chance(found["p_unlimited"], made["draws"], lang)
        alike = ALIKE.get(reasons.pop()) if len(reasons) == 1 else None
        if alike:
            p = chance(found["p"], made["draws"], lang) if alike == "price_reached" else most
            lines.append(text(alike, lang, what=what, p=p))
        for level, money in found["money"].items() if not alike else ():
            extra = None if money["extra"] is None else write_number(float(f"{money['extra'] / 1000:.2g}"), lang)
            factor = None if money["factor"] is None else write_number(money["factor"], lang)
            told = {"what": what, "level": level, "factor": factor, "extra": extra, "p": most}
            lines.append(text(PRICES[money["reason"]], lang, **told))
        months = [(level, day) for level, day in found["months"].items() if day]
        lines += [text("price_months", lang, what=what, level=level, day=month_words(day, lang)) for level, day in months]
        if not months:
            lines.append(text("price_no_months", lang, what=what))
        for level, day in found["months_unlimited"].items():
            if day and not found["months"][level]:
                lines.append(text("price_unlimited_months", lang, what=what, level=level, day=month_words(day, lang)))
    return lines


def forecast_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The forecast as text: verdict, communes, registrations, what it would take."""
    draws = made["draws"]
    penniless = [text("forecast_no_money", lang)] if without_money(workbook) else []
    lines = [verdict(made, lang), *penniless, setting(workbook, made, lang), rests_on(workbook, lang), ""]
    open_ = [row for row in made["communes"] if not row["finished"]]
    if len(made["communes"]) == 1:
        lines.append(commune_sentence(made["communes"][0], made, lang))
    elif open_:
        lines.append(text("forecast_line_head", lang))
        for row in sorted(open_, key=lambda row: (row["band"], -row["p"])):
            dates = " / ".join(month_words(row[f"{q}_date"], lang) for q in ("p10", "p50", "p90"))
            cells = (row["name"], chance(row["p"], draws, lang), chance(row["p_signed"], draws, lang), dates)
            lines.append(f"  {row['band']:>2}  {cells[0]:<16} {cells[1]:<14} {cells[2]:<14} {cells[3]}")
    if made["registrations"]:
        lines += ["", text("forecast_registrations", lang)]
        for row in made["registrations"]:
            level = text(f"level_short_{row['level']}", lang)
            kind = text(f"kind_{row['kind']}", lang)
            closes = write_date(dt.date.fromisoformat(row["closes"]), lang)
            lines.append(f"  {row['name']:<16} {level}, {row['year']} ({kind}): {chance(row['p'], draws, lang)} ({closes})")
    if made["pots_without_money"]:
        lines += [
            "",
            text("forecast_empty_pots", lang, pots=", ".join(pot_words(workbook, p, lang) for p in made["pots_without_money"])),
        ]
    if made["price_of_promise"]:
        lines += ["", *price_lines(made["price_of_promise"], made, lang)]
    return lines

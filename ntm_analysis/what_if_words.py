"""What a what-if panel reads and says: fields as people type them, the answer as sentences, chart and table."""

import datetime as dt
from collections.abc import Iterable

from markupsafe import Markup

from .charts import picture
from .comparison_words import change_words, tells_all, way
from .forecast_charts import fan
from .forecast_words import (
    blocking_words,
    chance,
    chance_words,
    commune_sentence,
    day_words,
    held_sentence,
    month_words,
    pot_words,
    usual_range,
)
from .names import plain
from .need_words import billions
from .office_numbers import YEARS, NotRead, read_date, write_change, write_date, write_number
from .problems import DataProblems, Problem
from .scenarios.comparison import felt
from .scenarios.scenario import BASELINE, BASELINE_TITLE, folder_of, is_title, scenario_ids
from .scenarios.what_if import WhatIfResult
from .words import listed, text
from .workbook import UnknownCommune, Workbook
from .yaml_files import read_yaml

SLIDERS = dict.fromkeys(("delay_low", "delay", "delay_high"), "delay") | dict.fromkeys(("low", "mode", "high"), "prices")
TOLD = 3  # communes whose own answer is told in sentences


class NotUnderstood(ValueError):
    """A field that cannot be read; the message says so in words."""


def paragraphs(lines: Iterable[str], attributes: str = "") -> Markup:
    """Each line as a paragraph."""
    return _each(f"<p{attributes}>{{}}</p>", lines)


def words_of(error: DataProblems, lang: str) -> str:
    """What is wrong, and how to mend it, as sentences without the places in files: a panel has none."""
    lines = []
    for problem in error.problems:
        what, mend = problem.words(lang)
        line = text("panel_problem", lang, what=what, mend=mend)
        slider = SLIDERS.get((problem.column or "").partition(" ")[0])
        lines.append(f"{text(f'panel_{slider}', lang)}: {line}" if slider else line[0].upper() + line[1:])
    return " ".join(dict.fromkeys(lines))


def read_deadline(typed: str, workbook: Workbook, lang: str) -> dt.date | None:
    """A deadline as typed, None for a blank field; raises :class:`NotUnderstood`.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> read_deadline("30/6/2025", wb, "vi"), read_deadline("2025-12-31", wb, "vi"), read_deadline(" ", wb, "vi")
    (datetime.date(2025, 6, 30), datetime.date(2025, 12, 31), None)
    """
    if not typed.strip():
        return None
    as_of = workbook.as_of
    try:
        day = read_date(typed)
        if day <= as_of:
            raise NotRead("deadline_past", day=write_date(day), as_of=write_date(as_of))
    except NotRead as error:
        problem = Problem(error.reason, "", details={"value": typed} | error.details)
        said = words_of(DataProblems([problem]), lang)
        if error.beyond:
            ends = {"first": as_of, "last": dt.date(YEARS[1], 12, 31), "day": error.beyond}
            said = text("panel_deadline_range", lang, **{name: write_date(day, lang) for name, day in ends.items()})
        raise NotUnderstood(said) from None
    return day


def commune_options(workbook: Workbook, units: list[int]) -> list[str]:
    """What a list of communes offers: each name with its letters without diacritics, so that the browser finds it by these."""
    names = workbook.units.loc[units, "name"]
    return [f"{name} ({plain(name)})" if plain(name) != name.lower() else name for name in names]


def read_communes(typed: str, workbook: Workbook, lang: str) -> tuple[list[int], str]:
    """The communes named, none for all of them, and what is said of a field that names none; raises :class:`NotUnderstood`.

    >>> read_communes("thanh huong, 17758", Workbook.open("data/thanh-chuong"), "vi")[1]
    ''
    """
    parts = [part.partition("(")[0].strip() for part in typed.replace(";", ",").split(",")]
    names = dict.fromkeys(filter(None, parts))
    if not names:
        return [], text("panel_commune_empty", lang)
    everyone = [plain(text("panel_all", one)) for one in (lang, "vi")]
    if any(plain(name) in everyone for name in names):
        return [], text("panel_commune_all", lang)
    units, unknown = {}, []
    for name in names:
        try:
            units[workbook.find(name)] = name
        except UnknownCommune as error:
            near = listed(error.near, lang) or "..."
            unknown.append(text("panel_commune_unknown", lang, value=name[:60], near=near))
    if unknown:
        raise NotUnderstood(" ".join(unknown))
    return [*units], ""


def start_options(workbook: Workbook, lang: str) -> list[tuple[str, str]]:
    """The scenarios that a setting may start from: title (its id where the file has none), id.

    >>> start_options(Workbook.open("data/thanh-chuong"), "en")[3]
    ('Closest first', 'closest')
    """
    options = [(BASELINE_TITLE[lang].capitalize(), BASELINE)]
    for name in scenario_ids(workbook)[1:]:
        title = (read_yaml(folder_of(workbook) / f"{name}.yaml", []) or {}).get("title")
        shown = title[lang] if is_title(title) else name
        options.append((shown[0].upper() + shown[1:], name))
    return options


def money_shown(share: int, amount: float, cement: bool, lang: str) -> str:
    """What a slider of money stands at."""
    much = amount * share / 100
    shown = write_number(round(much), lang) if cement or not much else billions(much, lang)
    return text("panel_cement_shown" if cement else "panel_money_shown", lang, share=share, amount=shown)


def verdict(result: WhatIfResult, lang: str) -> Markup:
    """The answer in large letters, its range, the chances with their intervals, and the difference."""
    row, workbook = result.record, result.forecast.workbook
    figures, total, day = row["finishing"], row["n_communes"], day_words(row["deadline"], lang)
    share = f"{write_number(100 * row['basically_share'], lang)}%"
    p_enough, p_all = (chance_words(row[key], row["draws"], lang) for key in ("p_basically_all", "p_all"))
    lines = [text("panel_enough", lang, share=share, basically=row["basically_all"], total=total, p=p_enough)]
    if tells_all(row["p_all"]):
        lines.append(text("panel_everyone_chance", lang, p=p_all))
    lines.append(blocking_words(workbook, row, lang))
    if empty := [pot_words(workbook, name, lang) for name in row["pots_without_money"]]:
        lines.append(text("panel_ends", lang, pots=listed(empty, lang)))
    head = {
        "big": text("panel_verdict", lang, middle=write_number(figures["p50"], lang), total=total, day=day),
        "range": text("panel_range", lang, range=usual_range(figures["p10"], figures["p90"]), now=row["n_finished_now"]),
        "change": difference(result, lang),
    }
    marked = (paragraphs([line], f' class="{name}"') for name, line in head.items())
    return Markup("").join([*marked, paragraphs(lines)])


def difference(result: WhatIfResult, lang: str) -> str:
    """How the answer differs from that at the beginning, in the same worlds."""
    told = result.difference
    if told["finishing"] == 0 == told["se"] and not told["p_basically_all"]:
        return text("panel_same", lang)
    error = write_number(1.96 * told["se"], lang, 2) if 1.96 * told["se"] >= 0.005 else text("panel_least", lang)
    if told["se"] and not way(told):
        return text("panel_difference_noise", lang, error=error)
    enough = write_change(100 * told["p_basically_all"], lang, 1)
    return text("panel_difference", lang, change=change_words(told, lang), error=error, enough=enough)


def chart(result: WhatIfResult, lang: str) -> Markup:
    """Communes finished over time."""
    table, row = result.forecast.over_time(), result.record
    last, total = table.iloc[-1], row["n_communes"]
    alt = text(
        "fan_alt",
        lang,
        now=row["n_finished_now"],
        low=int(last["p10"]),
        high=int(last["p90"]),
        total=total,
        day=day_words(row["deadline"], lang),
    )
    return picture(fan(table, total, row["basically_all"], None, lang), alt)


def communes(result: WhatIfResult, chosen: list[int], lang: str) -> Markup:
    """The communes chosen in sentences, and a table of them and of those that change; without any chosen, of all."""
    coarse, record, moved = result.forecast.coarse, result.record, result.moved
    draws = 0 if coarse else record["draws"]  # none where a commune gets no figure finer than a word
    rows = dict(zip(result.forecast.communes, record["communes"], strict=True))
    lines = []
    for row in [rows[unit] for unit in chosen[:TOLD] if unit in rows]:
        said = commune_sentence(row, record, lang, coarse)
        lines.append(f"{said} {held_sentence(row, draws, lang)}".strip())
    movers = set(felt(moved).index)
    if chosen and not movers:
        lines.append(text("panel_nobody", lang))
    units = [unit for unit, row in rows.items() if not row["finished"] and (not chosen or unit in {*chosen, *movers})]
    if not units:
        return paragraphs(lines)
    cells = []
    for unit in sorted(units, key=lambda unit: (unit not in chosen, -abs(moved.loc[unit, "change"]))):
        row, change = rows[unit], moved.loc[unit]
        points = write_change(100 * change["change"], lang, 1) if unit in movers else text("within_noise", lang)
        shown = (
            chance(change["before"], draws, lang),
            chance(change["p"], draws, lang),
            points if change["change"] else "0",
            month_words(row["p50_date"], lang),
        )
        cells.append(Markup("<tr><th scope=row>{}</th>{}</tr>").format(row["name"], _each("<td>{}</td>", shown)))
    heads = (text(f"panel_head_{name}", lang) for name in ("commune", "before", "now", "change", "middle"))
    table = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    title = text("panel_moved" if chosen else "panel_everyone", lang)
    return paragraphs(lines) + table.format(title, _each("<th scope=col>{}</th>", heads), Markup("").join(cells))


def _each(form: str, cells: Iterable[str]) -> Markup:
    return Markup("").join(Markup(form).format(cell) for cell in cells)

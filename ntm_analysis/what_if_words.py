"""What a what-if panel reads and says: fields as people type them, the answer as sentences, chart and table."""

import datetime as dt

from markupsafe import Markup

from .charts import picture
from .comparison_words import change_words, clear, tells_all
from .forecast_charts import fan
from .forecast_words import blocking_words, chance, chance_words, commune_sentence, held_sentence, month_words, pot_words
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
    try:
        day = read_date(typed)
    except NotRead as error:
        if error.beyond:
            first, last = write_date(workbook.as_of, lang), write_date(dt.date(YEARS[1], 12, 31), lang)
            raise NotUnderstood(
                text("panel_deadline_range", lang, day=write_date(error.beyond, lang), first=first, last=last)
            ) from None
        found = [Problem(error.reason, "", details={"value": typed} | error.details)]
        raise NotUnderstood(words_of(DataProblems(found), lang)) from None
    if day <= workbook.as_of:
        details = {"day": write_date(day), "as_of": write_date(workbook.as_of)}
        raise NotUnderstood(words_of(DataProblems([Problem("deadline_past", "", details=details)]), lang))
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
    names = [name.partition("(")[0].strip() for name in typed.replace(";", ",").split(",")]
    names = [name for name in names if name]
    if not names:
        return [], text("panel_commune_empty", lang)
    everyone = {plain(text("panel_all", lang)), plain(text("panel_all", "vi"))}
    if any(plain(name) in everyone for name in names):
        return [], text("panel_commune_all", lang)
    found, unknown = [], []
    for name in names:
        try:
            found.append(workbook.find(name))
        except UnknownCommune as error:
            near = listed(error.near, lang) or "..."
            unknown.append(text("panel_commune_unknown", lang, value=name[:60], near=near))
    if unknown:
        raise NotUnderstood(" ".join(dict.fromkeys(unknown)))
    return list(dict.fromkeys(found)), ""


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
    figures, total = row["finishing"], row["n_communes"]
    low, high = figures["p10"], figures["p90"]
    middle = write_number(figures["p50"], lang)
    day = write_date(dt.date.fromisoformat(row["deadline"]), lang)
    share = f"{write_number(100 * row['basically_share'], lang)}%"
    told = {
        "share": share,
        "basically": row["basically_all"],
        "total": total,
        "p": chance_words(row["p_basically_all"], row["draws"], lang),
    }
    lines = [text("panel_enough", lang, **told), blocking_words(workbook, row, lang)]
    if tells_all(row["p_all"]):
        lines.insert(1, text("panel_everyone_chance", lang, p=chance_words(row["p_all"], row["draws"], lang)))
    empty = [pot_words(workbook, name, lang) for name in row["pots_without_money"]]
    lines += [text("panel_ends", lang, pots=listed(empty, lang))] if empty else []
    return Markup('<p class="big">{}</p><p class="range">{}</p><p class="change">{}</p>{}').format(
        text("panel_verdict", lang, middle=middle, total=total, day=day),
        text("panel_range", lang, range=f"{low}-{high}" if low != high else low, now=row["n_finished_now"]),
        difference(result, lang),
        Markup("").join(Markup("<p>{}</p>").format(line) for line in lines),
    )


def difference(result: WhatIfResult, lang: str) -> str:
    """How the answer differs from that at the beginning, in the same worlds."""
    told = result.difference
    if told["finishing"] == 0 == told["se"] and not told["enough"]:
        return text("panel_same", lang)
    error = write_number(1.96 * told["se"], lang, 2) if 1.96 * told["se"] >= 0.005 else text("panel_least", lang)
    if told["se"] and not clear(told):
        return text("panel_difference_noise", lang, error=error)
    enough = write_change(100 * told["enough"], lang, 1)
    return text("panel_difference", lang, change=change_words(told, lang), error=error, enough=enough)


def chart(result: WhatIfResult, lang: str) -> Markup:
    """Communes finished over time."""
    table, made = result.forecast.over_time(), result.record
    last = table.iloc[-1]
    alt = text(
        "fan_alt", lang, now=made["n_finished_now"], low=int(last["p10"]), high=int(last["p90"]), total=made["n_communes"],
        day=write_date(dt.date.fromisoformat(made["deadline"]), lang),
    )  # fmt: skip
    return picture(fan(table, made["n_communes"], made["basically_all"], None, lang), alt)


def communes(result: WhatIfResult, chosen: list[int], lang: str) -> Markup:
    """The communes chosen in sentences, and a table of them and of those that change; without any chosen, of all."""
    workbook, draws = result.forecast.workbook, _draws(result)
    code = workbook.units["code"]
    rows = {row["code"]: row for row in result.record["communes"]}
    told = [_own(result, rows[code[unit]], lang) for unit in chosen[:TOLD] if code[unit] in rows]
    movers = felt(result.moved).index.tolist()
    listed_units = [
        unit
        for unit in result.forecast.communes
        if not rows[code[unit]]["finished"] and (not chosen or unit in (*chosen, *movers))
    ]
    title = text("panel_moved" if chosen else "panel_everyone", lang)
    cells = []
    for unit in sorted(listed_units, key=lambda unit: (unit not in chosen, -abs(result.moved.loc[unit, "change"]))):
        row, moved = rows[code[unit]], result.moved.loc[unit]
        change = (
            write_change(100 * moved["change"], lang, 1)
            if unit in movers
            else ("0" if not moved["change"] else text("within_noise", lang))
        )
        shown = [
            chance(moved["before"], draws, lang),
            chance(moved["p"], draws, lang),
            change,
            month_words(row["p50_date"], lang),
        ]
        cells.append(Markup("<tr><th scope=row>{}</th>{}</tr>").format(
            row["name"], Markup("").join(Markup("<td>{}</td>").format(cell) for cell in shown)
        ))  # fmt: skip
    heads = [text(f"panel_head_{name}", lang) for name in ("commune", "before", "now", "change", "middle")]
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(h) for h in heads)
    table = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    made = Markup("").join(Markup("<p>{}</p>").format(line) for line in told)
    if chosen and not movers:
        made += Markup("<p>{}</p>").format(text("panel_nobody", lang))
    return made + (table.format(title, head, Markup("").join(cells)) if cells else "")


def _draws(result: WhatIfResult) -> int:
    """The draws that a commune's chance may be told by: none where it gets no figure finer than a word."""
    return 0 if result.forecast.coarse else result.record["draws"]


def _own(result: WhatIfResult, row: dict, lang: str) -> str:
    """One commune's own answer: chance, dates, and what holds it back most."""
    said = commune_sentence(row, result.record, lang, result.forecast.coarse)
    return f"{said} {held_sentence(row, _draws(result), lang)}".strip()

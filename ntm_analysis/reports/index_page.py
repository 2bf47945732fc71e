"""The index of a report: every commune with its level, standing, forecast and need in one table
that sorts and is searched.
"""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from ..data import Workbook
from ..language import LEVEL_WORDS, pick, plain, text, write_date
from ..results import (
    AssessmentResult,
    billions,
    chance_words,
    count_words,
    missing_criteria_words,
    month_words,
    recognition_sentence,
)
from ..standing import RANKS, assess, overview
from .render import script, style

STALE = "<!--stale-->"  # where a page says that it is older than the data
STATES = ("made", "stale", "none")
BEYOND = "9999-12-31"  # sorts after every date
FEW = 5  # failures that are shown unfolded
COLUMNS = (
    "tt",
    "unit",
    "code",
    "level",
    "commune_standing",
    "missing",
    "finish_in_time",
    "finish_date",
    "need_billion",
    "page_state",
)


# what the template calls its sentences, and where they stand
WORDS = {
    "draft": "draft",
    "illustrative_long": "illustrative_long",
    "sheet": "hint_villagers",
    "failed_head": "failed_head",
    "stale": "page_stale",
    "more": "question_more",
    "search": "search",
    "unit": "communes_shown",
    "filter": "filter_level",
    "all": "filter_all",
    "sort": "sort_by",
    "note": "results_note",
}


def index_page(
    workbook: Workbook,
    pages: dict[str, dict],
    files: dict[int | None, str],
    others: list[tuple[str, str]],
    failed: list[tuple[str, str, str]],
    lang: str,
    *,
    questions: Sequence[tuple[str, list[str], str]] = (),
    sheets: dict[int, str] | None = None,
) -> str:
    """The index. ``pages``: lines of the manifest by file; ``files``: by unit those that may be
    opened (None: the district's); ``others``: the other pages of the district (file, label);
    ``failed``: (title, message, file of the older page that was kept); ``questions``: those of
    the meeting (question, links, note); ``sheets``: by unit the sheets for villagers that there
    are.
    """
    verdict = recognition_sentence(
        overview(workbook, assess(workbook, workbook.default_set("ntm"))), workbook.unlisted, lang
    )
    rows = []
    for unit, record in zip(
        workbook.communes.index, AssessmentResult(workbook).to_dict()["communes"], strict=True
    ):
        line = pages.get(files.get(unit), {})
        state = "stale" if line.get("stale") else "made" if unit in files else "none"
        page = text(f"page_{state}", lang), STATES.index(state)
        rows.append(
            {
                "place": len(rows) + 1,
                "name": record["name"],
                "code": record["code"],
                "level": record["level"],
                "file": files.get(unit),
                "sheet": (sheets or {}).get(unit),
                "cells": [*_figures(record, line.get("result") or {}, lang), page],
                "key": _search_key(workbook.units.loc[unit, "label"], record["code"]),
            }
        )
    links = list(others)
    if None in files:
        links.insert(0, (files[None], text("district_link", lang, verdict=verdict)))
    day, place_name = write_date(workbook.as_of, lang), workbook.meta["title"][lang]
    templates = Environment(
        loader=PackageLoader("ntm_analysis", "templates"), autoescape=True, trim_blocks=True
    )
    return templates.get_template("index.html.j2").render(
        {name: text(key, lang) for name, key in WORDS.items()},
        lang=lang,
        title=text("index_title", lang, place=place_name, day=day),
        style=style(),
        script=script(),
        illustrative=text("illustrative", lang) if workbook.illustrative else "",
        links=[(file, label, pages.get(file, {}).get("stale")) for file, label in links],
        failed=failed,
        few=FEW,
        questions=questions,
        questions_head=text("questions_head", lang, n=len(questions)),
        levels=[
            (level, _level(level, lang))
            for level in RANKS
            if level in {row["level"] for row in rows}
        ],
        heads=[text(f"head_{key}", lang) for key in COLUMNS],
        rows=rows,
    )


def _figures(record, result, lang):
    """The cells of one commune after its name and code: as shown, and what they sort by ("" sorts
    last, either way).
    """
    p, day, need = result.get("p_met"), result.get("p50_date"), result.get("need_p50")
    finished, draws = result.get("finished"), 0 if result.get("coarse") else None
    return [
        (_level(record["level"], lang), RANKS.index(record["level"])),
        (count_words(record), "" if record["met"] is None else record["met"] / record["of"]),
        (
            missing_criteria_words(record, lang),
            "" if record["met"] is None else len(record["missing"]) + record["unknown"],
        ),
        (
            "-" if finished else "..." if p is None else chance_words(p, draws, lang),
            "" if finished or p is None else p,
        ),
        _finish(finished, p, day, lang),
        ("..." if need is None else billions(need * 1000, lang) if need else "-", need or ""),
    ]


def _level(level, lang):
    """A recognised level, or that there is none."""
    return (
        text("level_not_recognised", lang) if level == "not_ntm" else pick(LEVEL_WORDS[level], lang)
    )


def _finish(finished, p, day, lang):
    """The cell of the month in which a commune finishes."""
    if finished or p is None:
        return "-" if finished else "...", ""
    return month_words(day, lang), day or BEYOND


def _search_key(label, code):
    """What the search box looks in: without diacritics, i for y, also in one word."""
    key = plain(label).replace("y", "i")
    return f"{key} {key.replace(' ', '')} {code}"


def mark_stale(page: Path, lang: str) -> bytes:
    """A page with the sentence, at its top, that it is older than the data."""
    banner = f'<p class="banner stale">{text("page_is_stale", lang)}</p>'
    return page.read_text(encoding="utf-8").replace(STALE, banner, 1).encode()

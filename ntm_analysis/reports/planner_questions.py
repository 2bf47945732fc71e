"""The questions of the monthly meeting, and the page and section of the report where each is
answered (``questions.yaml``).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from ..data import Workbook
from ..language import text, write_date
from ..standing import former_units

# the page of a commune and its sheet for villagers, in the places of questions
COMMUNE, SHEET = "xa", "hop-dan"


@dataclass(frozen=True)
class Question:
    """One question: its number, its words by language (with {fields}), its places (page, section),
    what must have happened.
    """

    number: int
    words: dict[str, str]
    places: tuple[tuple[str, str], ...]
    when: str = ""


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in order.

    >>> len(questions()), questions()[3].places
    (24, (('huyen', 'giu-chan'),))
    """
    rows = yaml.safe_load(
        files("ntm_analysis").joinpath("questions.yaml").read_text(encoding="utf-8")
    )
    return tuple(
        Question(
            number,
            {lang: row[lang] for lang in ("vi", "en")},
            tuple(tuple(place.split("#")) for place in row["at"].split()),
            row.get("when", ""),
        )
        for number, row in enumerate(rows, start=1)
    )


def details(workbook: Workbook, lang: str) -> dict[str, object]:
    """What stands in the questions for the {fields} in a report on this data set."""
    pledges = workbook.tables["targets"].query("kind == 'pledge'").sort_values("year")
    pledges = pledges[pledges["unit"].isin(workbook.communes.index)]
    merged = former_units(workbook)["unit"].nunique()
    pledged, year = text("question_pledge", lang), workbook.as_of.year
    if len(pledges):
        pledged = workbook.units.at[pledges["unit"].iloc[0], "label"]
        year = int(pledges["year"].iloc[0])
    deadline = workbook.deadline or (workbook.meta.get("term_end") or {}).get("date")
    return {
        "listed": text("question_listed", lang),
        "pledged": pledged,
        "pledge_year": year,
        "communes": len(workbook.communes),
        "deadline": write_date(deadline, lang) if deadline else "...",
        "next_year": workbook.as_of.year + 1,
        "left": text("question_left", lang, n=merged) if merged else "",
    }


def index_questions(
    workbook: Workbook, pages: dict[str, str], commune: str, lang: str
) -> list[tuple[str, list[str], str]]:
    """The questions for the index: (question, links, note).

    ``pages``: files that may be opened by page name, ``commune``: the commune whose page stands for
    ``xa``. Without a link the note says why.
    """
    words, answers = details(workbook, lang), []
    for question in questions():
        links = [f"{pages[page]}#{section}" for page, section in question.places if page in pages]
        note = "" if links else text("question_no_page", lang)
        if question.when == "merged" and not words["left"]:
            day = write_date(workbook.as_of, lang)
            links, note = [], text("question_not_merged", lang, day=day)
        elif links and {COMMUNE, SHEET} & {page for page, _ in question.places}:
            note = text("question_example", lang, name=commune)
            if SHEET in dict(question.places) and SHEET not in pages:
                note += f"; {text('question_sheet', lang)}"
        answers.append((question.words[lang].format(**words), links, note))
    return answers

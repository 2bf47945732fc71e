"""Write anew what is made from the package's vocabulary: ``docs/planner-questions.md`` and the
notebooks' own text (the list of notebooks, the questions of the meeting, the key of the
parameters).

    .venv/bin/python docs/make_texts.py

Run it after a change of ``questions.yaml``, of a parameter or of a section's heading; tests ask
whether all is in step.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ntm_analysis.language import BY_NAME, pick, text, texts
from ntm_analysis.reports.plan import PAGES
from ntm_analysis.reports.questions import COMMUNE, SHEET, Question, questions
from ntm_analysis.tables import write_whole

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
ORDER = (
    "status",
    "commune",
    "funding_needs",
    "feasibility",
    "allocation",
    "scenario_comparison",
    "monthly_meeting",
    "registrations",
    "villagers",
    "tutorial",
)
OF_PAGE = {file: notebook for notebook, file, _, _ in PAGES.values()} | {
    COMMUNE: "commune",
    SHEET: "villagers",
}
# Sections whose heading is not the text "section_<name>".
HEADINGS = {
    ("xa", "tong-quan"): "xa",
    ("xa", "nhu-cau-xa"): "nhu-cau-von",
    ("kha-nang-ve-dich", "dang-ky"): "chi-tieu",
}
# What a notebook calls to show a section: the cell that a question leads to.
SHOWN_BY = {
    ("huyen", "tong-quan"): "summary",
    ("huyen", "muc-tieu"): "targets",
    ("huyen", "giu-chan"): "holding_back",
    ("huyen", "bo-moi"): "set_in_force",
    ("huyen", "huyen"): "district_conditions",
    ("huyen", "biet-den-dau"): "knowledge",
    ("xa", "tong-quan"): "summary",
    ("hop-dan", "dang-o-dau"): "standing_now",
    ("xa", "nhu-cau-xa"): "funding",
    ("nhu-cau-von", "nhu-cau-von"): "need_summary",
    ("nhu-cau-von", "xi-mang"): "cement_and_requests",
    ("nhu-cau-von", "gia-dinh"): "rests_on",
    ("kha-nang-ve-dich", "kha-nang"): "forecast_summary",
    ("kha-nang-ve-dich", "vi-sao"): "why_not",
    ("kha-nang-ve-dich", "dang-ky"): "registered",
    ("kha-nang-ve-dich", "cai-gia"): "price",
    ("kha-nang-ve-dich", "tin-cay"): "trust",
    ("phan-bo-von", "phan-bo"): "allocation_summary",
    ("phan-bo-von", "ke-hoach"): "plan",
    ("phan-bo-von", "them-xa"): "extra",
    ("so-sanh-kich-ban", "so-sanh"): "summary",
    ("so-sanh-kich-ban", "duoc-mat"): "movers",
    ("giao-ban", "thay-doi"): "change",
    ("giao-ban", "cham"): "late",
    ("giao-ban", "quy-dinh"): "rules",
    ("giao-ban", "vi-sao-khac"): "forecast_change",
    ("phu-luc-dang-ky", "xa-dang-ky"): "communes",
    ("phu-luc-dang-ky", "xom-dang-ky"): "hamlets",
}
EXAMPLES = {
    "dataset": "data/huyen-mau",
    "commune": "thanh chi",
    "criteria_set": "ntm-2021-2025",
    "as_of": "2022-03-31",
    "month": "12/2022",
    "year": 2023,
    "target": "registered",
    "scenario": "money-110",
    "scenarios": "closest,equal",
    "baseline": "closest",
    "policy": "optimal",
    "deadline": "2027-12-31",
    "finish": "signed",
    "draws": 2000,
    "seed": 7,
    "lang": "en",
    "audience": "cong-khai",
}
# What was asked in Thanh Chương's meeting of the first quarter of 2022.
AS_ASKED = {
    "vi": {"listed": "Ba xã", "pledged": "Xã Thanh Lâm", "left": " còn 9 xã"},
    "en": {
        "listed": "the three communes",
        "pledged": "Thanh Lâm commune",
        "left": " to 9 communes",
    },
}
NUMBERS = {"pledge_year": 2023, "communes": 37, "deadline": "31/12/2025", "next_year": 2023}
SHOWN = "shown"  # the tag of cells whose code stays open
KEY = "parameters-key"  # the id of the cell that explains the parameters


def as_asked(question: Question, lang: str) -> str:
    """A question as it was asked.

    >>> as_asked(questions()[4], "vi")[:27]
    'Để cả 37 xã về đích cuối nh'
    """
    return question.words[lang].format(**AS_ASKED[lang], **NUMBERS)


def notebooks_table(lang: str) -> str:
    """The notebooks in reading order, as Markdown."""
    heads = [text(f"start_{key}", lang) for key in ("order", "notebook", "answers")]
    rows = [
        [
            f"{place}",
            f"**[{text(f'start_{name}', lang)}]({name}.ipynb)**",
            text(f"start_{name}_says", lang),
        ]
        for place, name in enumerate(ORDER, start=1)
    ]
    return _markdown(heads, rows)


def questions_table(lang: str) -> str:
    """The questions of the meeting as asked, each with its notebooks and the sections in them, as
    Markdown.
    """
    rows = []
    for question in questions():
        places = "; ".join(place_link(page, section, lang) for page, section in question.places)
        rows.append([f"{question.number}", as_asked(question, lang), places])
    return _markdown(
        [text("start_number", lang), text("start_question", lang), text("start_where", lang)], rows
    )


def place_link(page: str, section: str, lang: str) -> str:
    """Where a question is answered, as a link to the cell of its notebook that shows the section.

    >>> place_link("huyen", "giu-chan", "vi")
    '[Hiện trạng: Tiêu chí nào giữ chân cả huyện](status.ipynb#cell-id=status-07)'
    """
    notebook, shown = OF_PAGE[page], heading(page, section, lang)
    name = text(f"start_{notebook}", lang)
    return f"[{name if name == shown else f'{name}: {shown}'}]({notebook}.ipynb#cell-id={cell_of(page, section)})"


@cache
def cell_of(page: str, section: str) -> str:
    """The id of the cell that shows a section of a page."""
    cells = json.loads((NOTEBOOKS / f"{OF_PAGE[page]}.ipynb").read_text(encoding="utf-8"))["cells"]
    return next(
        cell["id"]
        for cell in cells
        if f"page.{SHOWN_BY[page, section]}()" in "".join(cell["source"])
    )


def heading(page: str, section: str, lang: str) -> str:
    """The heading of a section of a page."""
    words = texts()[f"section_{HEADINGS.get((page, section), section)}"][lang].format(
        word=text("annex_hamlet", lang)
    )
    return words[0].upper() + words[1:]


def parameters_table(names: Iterable[str], lang: str) -> str:
    """A notebook's parameters line by line: what each means, and an example, as Markdown.

    >>> print(parameters_table(["draws"], "vi").splitlines()[-1])
    | `draws` | số tình huống mô phỏng | `draws = 2000` |
    """
    heads = [text(f"start_{key}", lang) for key in ("parameter", "meaning", "example")]
    rows = [
        [
            f"`{name}`",
            pick((BY_NAME[name].vi, BY_NAME[name].en), lang),
            f"`{name} = {json.dumps(EXAMPLES[name])}`",
        ]
        for name in names
    ]
    return _markdown(heads, rows)


def _markdown(heads, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, [":---"] * len(heads), *rows])


def in_step(notebook: dict) -> dict:
    """The notebook (as JSON) with its tables as they should be, the key of its parameters above
    them, all other code folded.
    """
    cells = []
    for cell in notebook["cells"]:
        if cell["id"] == KEY:
            continue
        if "parameters" in cell["metadata"].get("tags", []):
            names = [line.split(" = ")[0] for line in cell["source"]]
            lines = [text("start_key", "vi"), "", *parameters_table(names, "vi").split("\n")]
            cells.append(
                {"cell_type": "markdown", "id": KEY, "metadata": {}, "source": _source(lines)}
            )
        elif cell["cell_type"] == "code" and SHOWN not in cell["metadata"].get("tags", []):
            cell["metadata"] = cell["metadata"] | {"jupyter": {"source_hidden": True}}
        elif cell["id"] in ("notebooks", "questions"):
            table = notebooks_table("vi") if cell["id"] == "notebooks" else questions_table("vi")
            lead = "".join(cell["source"]).split("\n|")[0].rstrip().split("\n")
            cell["source"] = _source([*lead, "", *table.split("\n")])
        cells.append(cell)
    return notebook | {"cells": cells}


def _source(lines):
    return [line + "\n" for line in lines[:-1]] + lines[-1:]


def written(notebook: dict) -> str:
    """A notebook as it stands in its file."""
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def main(folder: Path = NOTEBOOKS) -> None:
    """Bring every notebook of a folder in step."""
    for path in sorted(folder.glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        after = written(in_step(json.loads(before)))
        if after != before:
            write_whole(path, after)


def questions_page() -> str:
    """The text of ``docs/planner-questions.md``."""
    lines = [
        "# Questions a planner or a leader asks in the monthly meeting",
        "",
        "Each is answered by a page of the report within a minute, with the figure, its range, its source, and who must act:",
        "open `index.html` of the report, unfold the questions, follow the link. The places are the files of the report without",
        "the day, and the section (`xa`: the page of a commune). Made from `ntm_analysis/questions.yaml`;",
        "`tests/reports/test_questions.py` follows each link.",
        "",
        "| # | question (as asked) | in English | answered in |",
        "|---|---|---|---|",
    ]
    for question in questions():
        places = ", ".join(f"`{page}#{section}`" for page, section in question.places)
        lines.append(
            f"| {question.number} | {as_asked(question, 'vi')} | {as_asked(question, 'en')} | {places} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
    write_whole(ROOT / "docs" / "planner-questions.md", questions_page())

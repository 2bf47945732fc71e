"""Write anew what is made from the package's vocabulary: ``docs/reference/questions.md``, the
tables of ``commands.md`` and ``parameters.md`` beside it, the list of modules in
``docs/developer/modules.md``, and the notebooks' own text (the list of
notebooks, the questions of the meeting, the key of the parameters).

    .venv/bin/python docs/make_texts.py

Run it after a change of ``questions.yaml``, of ``commands.yaml``, of a parameter or of a section's
heading; tests ask whether all is in step.
"""

import ast
import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ntm_analysis.cli import parser_of
from ntm_analysis.language import BY_NAME, pick, text, texts
from ntm_analysis.reports.planner_questions import COMMUNE, SHEET, Question, questions
from ntm_analysis.reports.report import PAGES
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
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
ROOMS = [name for name in CONTRACTS[0]["layers"][::-1] if (ROOT / "ntm_analysis" / name).is_dir()]
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
    return (
        f"[{name if name == shown else f'{name}: {shown}'}]"
        f"({notebook}.ipynb#cell-id={cell_of(page, section)})"
    )


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
    """The text of ``docs/reference/questions.md``."""
    lines = [
        "# Questions a planner or a leader asks in the monthly meeting",
        "",
        "Each is answered by a page of the report within a minute, with the figure, its range, "
        "its source, and who must act:",
        "open `index.html` of the report, unfold the questions, follow the link. "
        "The places are the files of the report without",
        "the day, and the section (`xa`: the page of a commune). "
        "Made from `ntm_analysis/questions.yaml`;",
        "`tests/reports/test_questions.py` follows each link.",
        "",
        "| # | question (as asked) | in English | answered in |",
        "|---|---|---|---|",
    ]
    for question in questions():
        places = ", ".join(f"`{page}#{section}`" for page, section in question.places)
        lines.append(
            f"| {question.number} | {as_asked(question, 'vi')} "
            f"| {as_asked(question, 'en')} | {places} |"
        )
    return "\n".join(lines) + "\n"


def commands() -> dict[str, str]:
    """By command what it does and what it takes, as ``ntm`` itself says, as Markdown."""
    both = [parser_of(lang)._subparsers._group_actions[0].choices for lang in ("en", "vi")]
    tables, heads = {}, ["option", "default", "English", "tiếng Việt"]
    for name, command in both[0].items():
        words = both[1][name]
        actions = zip(command._actions, words._actions, strict=True)
        rows = [
            [*_option(en), *(action.help.replace("%%", "%") for action in (en, vi))]
            for en, vi in actions
            if en.dest not in ("help", "lang")
        ]
        lead = f"{_sentence(command.description)} *{_sentence(words.description)}*"
        tables[name] = "\n\n".join([lead, _markdown(heads, rows)])
    return tables


def _sentence(words):
    return words[0].upper() + words[1:] + "."


def _option(action):
    """An option with its values, and its default."""
    values = "\\|".join(action.choices) if action.choices else action.metavar or ""
    named = " ".join([*action.option_strings[:1], values]).strip()
    if action.nargs == "?":
        named = f"[{named}]"
    if action.nargs == "+":
        named += " ..."
    default = f"`{action.default}`" if action.default else ""
    return f"`{named}`", default


def parameters() -> str:
    """Every parameter with its default and the values it may have, as Markdown."""
    rows = [
        [f"`{name} = {json.dumps(each.default, ensure_ascii=False)}`", each.en, each.vi]
        for name, each in BY_NAME.items()
    ]
    for row, each in zip(rows, BY_NAME.values(), strict=True):
        row.append(", ".join(f"`{value}`" for value in each.allowed if value))
    return _markdown(["parameter and default", "English", "tiếng Việt", "values"], rows)


def modules() -> str:
    """The modules of each room with the first sentence that they say of themselves, as Markdown."""
    package, parts = ROOT / "ntm_analysis", []
    for room in ROOMS:
        rows = []
        for path in sorted((package / room).glob("[!_]*.py")):
            said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n\n")[0]
            rows.append([f"`{path.stem}`", " ".join(said.replace("``", "`").split())])
        parts += [f"## {room}", _markdown(["module", "what stands in it"], rows)]
    return "\n\n".join(parts)


def with_tables(page: str, tables: dict[str, str]) -> str:
    """A page with what stands between ``<!-- name -->`` and ``<!-- end -->`` made anew."""
    for name, table in tables.items():
        begin = f"<!-- {name} -->\n"
        before, _, rest = page.partition(begin)
        after = rest.partition("<!-- end -->")[2]
        page = f"{before}{begin}\n{table}\n\n<!-- end -->{after}"
    return page


def reference(folder: Path) -> dict[Path, str]:
    """The pages beside the notebooks that are made, wholly or in part, as they should be."""
    return {folder / "questions.md": questions_page()} | {
        path: with_tables(path.read_text(encoding="utf-8"), tables)
        for path, tables in (
            (folder / "commands.md", commands()),
            (folder / "parameters.md", {"parameters": parameters()}),
            (folder.parent / "developer" / "modules.md", {"modules": modules()}),
        )
    }


if __name__ == "__main__":
    main()
    for path, page in reference(ROOT / "docs" / "reference").items():
        write_whole(path, page)

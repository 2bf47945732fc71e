"""One clear report of everything that is wrong with the data, and how a check tells of
wrong rows.
"""

import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import pandas as pd
import yaml

from ..language import write_date, write_figure, write_month

# What makes a whole file unreadable: told first, and what would follow from it is not told at all.
WHOLE_FILE = frozenset(
    (
        "missing_file",
        "unopened_file",
        "empty_file",
        "no_rows",
        "encoding",
        "missing_column",
        "open_quote",
        "ragged_row",
        "yaml",
    )
)


MANY = 20  # cells named in one line of a report


@cache
def messages() -> dict[str, dict[str, list[str]]]:
    """The words of every problem, by code and language: ``[what, how to mend it]``
    (``texts/problems*.yaml``); a third is how to mend it where nothing is ``{near}``.
    ``{names[date]}`` is what the column date is called in the file that is wrong.
    """
    made = {}
    for path in files("ntm_analysis").joinpath("texts").iterdir():
        if path.name.startswith("problems"):
            made |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


@dataclass(frozen=True)
class Problem:
    """One thing wrong: a code of :func:`messages`, its place, and the details the message names.

    In an Excel file the place is a ``sheet`` and a ``cell`` ("C7") instead of a row, and ``names``
    says what columns and tables ("date", "works.csv") are called there; in a data set's own files
    they go by their code names.
    """

    code: str
    file: str
    row: int | None = None
    column: str | None = None
    details: dict[str, object] = field(default_factory=dict, hash=False)
    warning: bool = False
    sheet: str | None = None
    cell: str | None = None
    names: dict[str, str] = field(default_factory=dict, hash=False)

    def called(self, code: str, lang: str) -> str:
        """A column, or a table ("works.csv"), as the file that is wrong names it; in English with
        its code name.
        """
        if code not in self.names:
            return code
        sheet = {"vi": "trang ", "en": "sheet "}[lang] if code.endswith(".csv") else ""
        return f"{sheet}“{self.names[code]}”" + (f" ({code})" if lang == "en" else "")

    def words(self, lang: str = "vi") -> tuple[str, str]:
        """What is wrong and how to mend it, in ``lang``.

        >>> Problem("not_whole", "units.csv", 3, "order", {"value": "1,5"}).words("en")
        ('“1,5” is not a whole number', 'write a whole number')
        """
        what, mend, *alone = messages()[self.code][lang]
        details = {
            key: shown("" if value is None else str(value)) for key, value in self.details.items()
        }
        if "file" in details:
            details["file"] = self.called(details["file"], lang)
        if alone and not details["near"]:
            mend = alone[0]
        names = _Names(self, lang)
        return what.format_map(details | {"names": names}), mend.format_map(
            details | {"names": names}
        )


@dataclass(frozen=True)
class _Names:
    """What ``{names[date]}`` stands for in a message."""

    problem: Problem
    lang: str

    def __getitem__(self, code):
        return self.problem.called(code, self.lang)


class DataProblems(Exception):
    """Raised once, with every problem found in a data set (errors and warnings)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(report(self.problems, "en"))

    def _render_traceback_(self):
        """What a notebook shows in the place of a traceback: the report, in both languages."""
        return [
            *report(self.problems, "vi").splitlines(),
            "",
            *report(self.problems, "en").splitlines(),
        ]


def lines_of(problems: Iterable[Problem], lang: str = "vi") -> list[str]:
    """The lines of :func:`report` that tell of problems, without its heads.

    >>> lines_of([Problem("missing_column", "u.csv", column="order", details={"header": "code"})], "en")
    ['u.csv, column order: the column is missing. Mend: add it; the columns are: code.']
    """
    return [line.strip() for line in report(problems, lang).splitlines() if line.startswith("  ")]


def shown(text: str, most: int = 300) -> str:
    """Text fit for one line of a report: control characters shown, not obeyed by the terminal;
    length bounded.
    """
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= most else text[: most - 3] + "..."


def _rows(rows):
    """Row numbers as ranges: 2, 5-7."""
    spans = []
    for row in sorted(set(rows)):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)


def report(problems: Iterable[Problem], lang: str = "vi") -> str:
    """All problems as text, errors first, one line for each thing wrong (the same thing in several
    rows is one line).

    >>> print(report([Problem("not_whole", "u.csv", r, "order", {"value": "1,5"}) for r in (3, 4, 9)], "en"))
    Errors: 3
      u.csv, row 3-4, 9, column order: “1,5” is not a whole number. Mend: write a whole number.
    """
    words = {
        "vi": ("Lỗi", "Cảnh báo", "dòng", "cột", "Cách sửa", "trang", "ô"),
        "en": ("Errors", "Warnings", "row", "column", "Mend", "sheet", "cell"),
    }[lang]
    lines = []
    for title, warning in ((words[0], False), (words[1], True)):
        chosen = [p for p in problems if p.warning is warning]
        if not chosen:
            continue
        lines.append(f"{title}: {len(chosen)}")
        grouped = {}
        order = lambda p: (
            p.code not in WHOLE_FILE,
            p.file,
            p.sheet or "",
            p.row or 0,
            p.column or "",
        )
        for p in sorted(chosen, key=order):
            column = p.called(p.column, lang) if p.column else ""
            rows, cells = grouped.setdefault((p.file, p.sheet, column, *p.words(lang)), ([], []))
            if p.row is not None:
                rows.append(p.row)
            if p.cell is not None and p.cell not in cells:
                cells.append(p.cell)
        for (file, sheet, column, what, mend), (rows, cells) in grouped.items():
            place = file + (f", {words[5]} “{shown(sheet)}”" if sheet is not None else "")
            place += f", {words[2]} {_rows(rows)}" if rows else ""
            place += (
                f", {words[6]} {', '.join(cells[:MANY]) + (', ...' if len(cells) > MANY else '')}"
                if cells
                else ""
            )
            place += f", {words[3]} {shown(column)}" if column else ""
            lines.append(f"  {place}: {what}. {words[4]}: {mend}.")
    return "\n".join(lines)


class RowWords(string.Formatter):
    """Words with the cells of a row: ``{value:figure}`` and ``{date:day}`` as offices write them,
    "?" for an empty cell.

    >>> RowWords().vformat("{indicator}: {value:figure}", (), {"indicator": "17.1", "value": 1234.5})
    '17.1: 1.234,5'
    """

    def format_field(self, value: object, format_spec: str) -> str:
        """One cell in its words."""
        if format_spec and pd.isna(value):
            return "?"
        written = {"figure": write_figure, "day": write_date, "month": write_month}.get(format_spec)
        return written(value) if written else super().format_field(value, format_spec)


def teller(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> Callable[..., None]:
    """What a check calls with a table, the rows that are wrong, the problem's code, the column and
    the details of its message.

    A detail is text with cells in braces (:class:`RowWords`), a list of names, a column of words or
    figures beside those of the table, or a function of the row that gives words or names. A row is
    passed over where the cell of ``column`` or ``also`` could not be read: its own problem tells.
    """
    spoilt = {(p.file, p.row, p.column) for p in problems}

    def bad(name, rows, code, column, also="", **details):
        file = f"{name}.csv"
        for _, row in tables[name][rows].iterrows():
            if not spoilt & {(file, row["row"], column), (file, row["row"], also)}:
                told = {key: _words(detail, row) for key, detail in details.items()}
                problems.append(Problem(code, file, int(row["row"]), column, told))

    return bad


def _words(detail, row):
    if isinstance(detail, str):
        return RowWords().vformat(detail, (), row)
    if isinstance(detail, pd.Series):
        said = detail[row.name]
        return said if isinstance(said, str) else RowWords().format_field(said, "figure")
    said = detail(row) if callable(detail) else detail
    return ", ".join(said) if isinstance(said, Iterable) and not isinstance(said, str) else said

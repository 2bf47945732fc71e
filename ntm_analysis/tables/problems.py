"""One clear report of everything that is wrong with the data.

A check appends a :class:`Problem` for each thing wrong, or calls what :func:`teller` gives with all
rows that are wrong; :func:`report` writes them in one language.
"""

import string
from collections import namedtuple
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
import yaml

from ..language import printable, write_date, write_figure, write_month

# What makes a whole file unreadable: told first, and what would follow from it is not told at all.
WHOLE_FILE = {
    "missing_file",
    "unopened_file",
    "table_large",
    "empty_file",
    "no_rows",
    "encoding",
    "missing_column",
    "open_quote",
    "ragged_row",
    "yaml",
}
MANY = 20  # cells named in one line of a report
_WORDS = {
    "vi": ("Lỗi", "Cảnh báo", "dòng", "cột", "Cách sửa", "trang", "ô"),
    "en": ("Errors", "Warnings", "row", "column", "Mend", "sheet", "cell"),
}
_FORMATS = {"figure": write_figure, "day": write_date, "month": write_month}


@cache
def messages():
    """Read the words of every problem (``texts/problems*.yaml``).

    Returns
    -------
    dict of str to dict
        By code and language: ``[what, how to mend it]``; a third is how to mend it where nothing is
        ``{near}``. ``{names[date]}`` is what the column date is called in the file that is wrong.
    """
    texts = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in files("ntm_analysis").joinpath("texts").iterdir()
        if path.name.startswith("problems")
    ]
    return {code: words for text in texts for code, words in text.items()}


@dataclass(frozen=True)
class Problem:
    """One thing wrong.

    Attributes
    ----------
    code : str
        A key of :func:`messages`.
    file : str
    row : int or None
        Line in the file, from 1.
    column : str or None
    details : dict
        What the message names.
    warning : bool
        Whether the data can be used in spite of it.
    sheet, cell : str or None
        The place in an Excel file ("C7"), in the place of a row.
    names : dict of str to str
        What columns and tables ("date", "works.csv") are called in an Excel file; in a data set's
        own files they go by their code names.
    """

    code: str
    file: str
    row: int = None
    column: str = None
    details: dict = field(default_factory=dict, hash=False)
    warning: bool = False
    sheet: str = None
    cell: str = None
    names: dict = field(default_factory=dict, hash=False)

    def name_of(self, code, lang):
        """Name a column, or a table ("works.csv"), as the file that is wrong does.

        Parameters
        ----------
        code, lang : str

        Returns
        -------
        str
            In English with the code name.
        """
        if code not in self.names:
            return code
        sheet = {"vi": "trang ", "en": "sheet "}[lang] if code.endswith(".csv") else ""
        return f"{sheet}“{self.names[code]}”" + (f" ({code})" if lang == "en" else "")

    def words(self, lang="vi"):
        """Say what is wrong and how to mend it.

        Parameters
        ----------
        lang : str

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> Problem("not_whole", "units.csv", 3, "order", {"value": "1,5"}).words("en")
        ('“1,5” is not a whole number', 'write a whole number')
        """
        what, mend, *alone = messages()[self.code][lang]
        details = {
            key: printable("" if value is None else str(value))
            for key, value in self.details.items()
        }
        if "file" in details:
            details["file"] = self.name_of(details["file"], lang)
        if alone and not details["near"]:
            mend = alone[0]
        details["names"] = _Names(self, lang)
        return what.format_map(details), mend.format_map(details)


class _Names(namedtuple("_Names", "problem lang")):
    """What ``{names[date]}`` stands for in a message."""

    def __getitem__(self, code):
        return self.problem.name_of(code, self.lang)


class DataProblemsError(Exception):
    """What is wrong with a data set, raised once.

    Attributes
    ----------
    problems : list of Problem
        Errors and warnings.
    """

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__(report(self.problems, "en"))

    def _render_traceback_(self):
        """Show the report in the place of a notebook's traceback, in both languages."""
        vi, en = (report(self.problems, lang).splitlines() for lang in ("vi", "en"))
        return [*vi, "", *en]


def lines_of(problems, lang="vi"):
    """Write problems as the lines of :func:`report`, without its heads.

    Parameters
    ----------
    problems : iterable of Problem
    lang : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> problem = Problem("missing_column", "u.csv", column="order", details={"header": "code"})
    >>> lines_of([problem], "en")
    ['u.csv, column order: the column is missing. Mend: add it; the columns are: code.']
    """
    return [line.strip() for line in report(problems, lang).splitlines() if line.startswith("  ")]


def _rows(rows):
    """Row numbers as ranges: 2, 5-7."""
    spans = []
    for row in sorted(set(rows)):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)


def report(problems, lang="vi"):
    """Write all problems, errors first.

    Parameters
    ----------
    problems : iterable of Problem
    lang : str

    Returns
    -------
    str
        One line for each thing wrong; the same thing in several rows is one line.

    Examples
    --------
    >>> rows = [Problem("not_whole", "u.csv", row, "order", {"value": "1,5"}) for row in (3, 4, 9)]
    >>> print(report(rows, "en"))
    Errors: 3
      u.csv, row 3-4, 9, column order: “1,5” is not a whole number. Mend: write a whole number.
    """
    lines = []
    for title, warning in zip(_WORDS[lang], (False, True), strict=False):
        chosen = [p for p in problems if p.warning is warning]
        if chosen:
            lines += [f"{title}: {len(chosen)}", *_lines(chosen, lang)]
    return "\n".join(lines)


def _order(p):
    return p.code not in WHOLE_FILE, p.file, p.sheet or "", p.row or 0, p.column or ""


def _lines(problems, lang):
    _, _, row_word, column_word, mend_word, sheet_word, cell_word = _WORDS[lang]
    places = {}
    for p in sorted(problems, key=_order):
        column = p.name_of(p.column, lang) if p.column else ""
        rows, cells = places.setdefault((p.file, p.sheet, column, *p.words(lang)), ([], {}))
        if p.row is not None:
            rows.append(p.row)
        if p.cell is not None:
            cells[p.cell] = None
    for (file, sheet, column, what, mend), (rows, cells) in places.items():
        more = ", ..." if len(cells) > MANY else ""
        parts = [
            file,
            f"{sheet_word} “{printable(sheet)}”" if sheet is not None else "",
            f"{row_word} {_rows(rows)}" if rows else "",
            f"{cell_word} {', '.join([*cells][:MANY])}{more}" if cells else "",
            f"{column_word} {printable(column)}" if column else "",
        ]
        yield f"  {', '.join(filter(None, parts))}: {what}. {mend_word}: {mend}."


class RowWords(string.Formatter):
    """Words with the cells of a row.

    ``{value:figure}``, ``{date:day}`` and ``{month:month}`` stand as offices write them, "?" for an
    empty cell.

    Examples
    --------
    >>> RowWords().vformat("{item}: {value:figure}", (), {"item": "kenh", "value": 1234.5})
    'kenh: 1.234,5'
    """

    def format_field(self, value, format_spec):
        """Write one cell.

        Parameters
        ----------
        value : object
        format_spec : str

        Returns
        -------
        str
        """
        if format_spec and pd.isna(value):
            return "?"
        if format_spec in _FORMATS:
            return _FORMATS[format_spec](value)
        return super().format_field(value, format_spec)


def teller(tables, problems):
    """Make what a check calls with the rows that are wrong.

    Parameters
    ----------
    tables : dict of str to DataFrame
    problems : list of Problem
        Gains one for each row; what it holds now says which cells could not be read.

    Returns
    -------
    callable
        Takes a table, a mask of its rows, the problem's code, the column, and the details of its
        message: text with cells in braces (:class:`RowWords`), a list of names, a column of words
        or figures beside those of the table, or a function of the row that gives words or names. A
        row is passed over where the cell of the column, or of ``also``, could not be read: its own
        problem tells. ``odd`` makes it a warning.
    """
    spoilt = {(p.file, p.row, p.column) for p in problems}

    def bad(name, rows, code, column, also="", odd=False, /, **details):
        if not np.any(rows):
            return
        file = f"{name}.csv"
        for _, row in tables[name][rows].iterrows():
            if not spoilt & {(file, row["row"], column), (file, row["row"], also)}:
                words = {key: _words(detail, row) for key, detail in details.items()}
                problems.append(Problem(code, file, int(row["row"]), column, words, odd))

    return bad


def _words(detail, row):
    if isinstance(detail, str):
        return RowWords().vformat(detail, (), row)
    if isinstance(detail, pd.Series):
        cell = detail[row.name]
        return cell if isinstance(cell, str) else RowWords().format_field(cell, "figure")
    words = detail(row) if callable(detail) else detail
    return ", ".join(words) if isinstance(words, Iterable) and not isinstance(words, str) else words

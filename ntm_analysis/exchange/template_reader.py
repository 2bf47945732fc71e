"""The Excel template read back: rows of tables with the place of every cell, found by the hidden
codes and never by wording.

Cells pass the same checks as those of CSV files; a number or date that Excel keeps as one is taken
as it is.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..data import Communes, Entry, number_text
from ..language import NotRead, read_date, read_month
from ..tables import TABLES, Problem, dictionary, read_cell, sheet_name
from .form_cells import state_of
from .sheets import Sheet, cell_name
from .template import CODES, EXAMPLE, FILE_MARK, HEADS, LEAD, LISTS, called, example

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_WITH_CODE = re.compile(r".*\((\d{5})\)", re.ASCII)
_NO_DATA = ("...", "…")


@dataclass
class TemplateRows:
    """What a template holds: its rows, the sheet of each table that it has, the data set and
    content that it was made from.
    """

    entries: list[Entry] = field(default_factory=list)
    sheets: dict[str, str] = field(default_factory=dict)
    dataset: str = ""
    content_hash: str = ""


def is_template(sheets: Iterable[Sheet]) -> bool:
    """Whether a workbook is a template of this package: some sheet bears a hidden row of codes."""
    return any(_line(sheet, CODES) is not None for sheet in sheets)


def template_rows(
    sheets: list[Sheet], file: str, style: str, communes: Communes, problems: list[Problem]
) -> TemplateRows:
    """All rows of a template; problems name sheet and cell, and a row with an error in it is left
    out.
    """
    made, names = TemplateRows(), {sheet_name(table) for table in TABLES}
    for sheet in sheets:
        first = sheet.cells[0] if sheet.cells else []
        if len(first) > 2 and first[0] == FILE_MARK:
            made.dataset, made.content_hash = str(first[1]), str(first[2])
        codes = _line(sheet, CODES)
        if codes is None:
            if (
                sheet.name in names
            ):  # its hidden column or row is gone: what it holds would be lost in silence
                problems.append(
                    Problem(
                        "template_codes_gone", file, details={"value": sheet.name}, sheet=sheet.name
                    )
                )
            elif (
                sheet.name != LISTS
                and first[:1] != [FILE_MARK]
                and any(cell is not None for row in sheet.cells for cell in row)
            ):
                unread = Problem(
                    "template_unread",
                    file,
                    details={"value": sheet.name},
                    warning=True,
                    sheet=sheet.name,
                )
                problems.append(unread)
            continue
        heads, table = _line(sheet, HEADS), str(sheet.cells[codes][1])
        if heads is None or table not in TABLES:
            problems.append(
                Problem("template_broken", file, sheet=sheet.name, cell=cell_name(codes, 0))
            )
            continue
        made.sheets[table] = sheet.name
        reader = _Reader(sheet, file, table, style, communes, problems)
        made.entries += reader.rows(codes, heads)
    return made


def _line(sheet, mark):
    return next((n for n, row in enumerate(sheet.cells[:40]) if row and row[0] == mark), None)


class _Reader:
    """Reads one sheet; every distinct cell of a column is read once."""

    def __init__(self, sheet, file, table, style, communes, problems):
        self.sheet, self.file, self.table, self.style = sheet, file, table, style
        self.communes, self.problems, self.names = communes, problems, called(table)
        self.read = {}

    def rows(self, codes, heads):
        """The rows below the heads that are not blank."""
        columns = dictionary(self.table)
        named = self.sheet.cells[codes]
        places = {
            str(code): place
            for place, code in enumerate(named)
            if place >= LEAD and code in columns
        }
        self._check_columns(named, columns, places, heads)
        self._check_example(columns, places)
        made = []
        for line in range(heads + 1, len(self.sheet.cells)):
            cells = self.sheet.cells[line]
            if all(_blank(cells[place]) for place in places.values() if place < len(cells)):
                continue
            before = len(self.problems)
            values = {
                name: self._value(
                    columns[name], line, place, cells[place] if place < len(cells) else None
                )
                for name, place in places.items()
            }
            if len(self.problems) == before:
                mark = str(cells[0] or "")
                where = {name: cell_name(line, place) for name, place in places.items()}
                made.append(
                    Entry(
                        self.table,
                        values,
                        self.sheet.name,
                        where,
                        "" if mark.startswith("#") else mark,
                    )
                )
        return made

    def _check_columns(self, named, columns, places, heads):
        """A column taken out is told (its cells stay as they are), or refused where rows cannot do
        without; so is one put in.
        """
        titles = self.sheet.cells[heads]
        for name, column in columns.items():
            if name not in places:
                self._tell(
                    "template_no_column",
                    cell_name(heads, 0),
                    not column.required,
                    value=name,
                    meaning=column.title,
                )
        for place in range(LEAD, max(len(named), len(titles))):
            if (named[place] if place < len(named) else None) in columns:
                continue
            title = titles[place] if place < len(titles) else None
            below = any(
                place < len(row) and not _blank(row[place]) for row in self.sheet.cells[heads + 1 :]
            )
            if below:
                self._tell(
                    "template_strange_column",
                    cell_name(heads, place),
                    True,
                    value=_as_text(title, self.style),
                )

    def _check_example(self, columns, places):
        """The example row is never imported; that it was written over is told."""
        line = _line(self.sheet, EXAMPLE)
        shown = dict(zip(columns, example(self.table), strict=True))
        if line is None:
            return
        cells = self.sheet.cells[line]
        for name, place in places.items():
            if place < len(cells) and not _blank(cells[place]) and str(cells[place]) != shown[name]:
                self._tell(
                    "template_example_filled",
                    cell_name(line, place),
                    True,
                    value=_as_text(cells[place], self.style),
                )
                return

    def _value(self, column, line, place, cell):
        """A cell typed; None, and a problem, where it cannot be."""
        if (line, place) in self.sheet.unsaved:
            self._tell("unsaved_formula", cell_name(line, place), column=column.name)
            return None
        shown_as_percent = (line, place) in self.sheet.percent
        known = (column.name, type(cell), cell, shown_as_percent)
        if known not in self.read:
            try:
                self.read[known] = self._typed(column, cell, shown_as_percent), None
            except NotRead as error:
                self.read[known] = None, error
        value, error = self.read[known]
        if error is not None:
            style = {"vi": "1.234,5", "en": "1,234.5"}[self.style]
            details = {
                "value": _as_text(cell, self.style),
                "style": style,
                "where": "dataset.yaml",
                "meaning": column.title,
            }
            if error.reason == "not_allowed":  # the workbook shows words, not codes
                error.details["allowed"] = ", ".join(column.allowed.values())
            self._tell(
                error.reason,
                cell_name(line, place),
                column=column.name,
                **(details | error.details),
            )
        return value

    def _typed(self, column, cell, percent):
        if isinstance(cell, str):
            cell = (
                " ".join(unicodedata.normalize("NFC", cell).replace("\u00a0", " ").split("\n"))
                .replace("\r", "")
                .strip()
            )
            if _ERROR.fullmatch(cell):
                raise NotRead("excel_error")
        if cell is None or cell == "" or cell in _NO_DATA:
            if column.required:
                raise NotRead("required")
            return None
        if isinstance(cell, dt.datetime | dt.date | dt.time | dt.timedelta):
            return _day(cell, column)
        if isinstance(cell, bool):
            raise NotRead("excel_truth")
        text = cell
        if isinstance(cell, int | float):
            number = cell * 100 if percent and column.type in ("number", "integer") else cell
            text = _number_text(number, column, self.style)
        elif (
            column.type == "unit"
            and (code := _WITH_CODE.fullmatch(text))
            and code[1] in self.communes.names
        ):
            return code[1]
        if (
            column.name == "state" and column.code_of(str(text)) is None
        ):  # Đ, CBĐ, x: as offices mark
            text = state_of(text, {}, False) or text
        return read_cell(text, column, self.style)

    def _tell(self, code, cell, warning=False, column=None, **details):
        self.problems.append(
            Problem(
                code, self.file, None, column, details, warning, self.sheet.name, cell, self.names
            )
        )


def _blank(cell):
    return cell is None or (isinstance(cell, str) and cell.strip() in ("", *_NO_DATA))


def _day(cell, column):
    """A day that Excel keeps as one, or a month: its last day.

    Anywhere else Excel made it of something typed otherwise (1/2).
    """
    if column.type not in ("date", "month") or not isinstance(cell, dt.date):
        raise NotRead(
            "excel_date", near=f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else str(cell)
        )
    day = dt.date(cell.year, cell.month, cell.day)
    return (read_month if column.type == "month" else read_date)(day.isoformat())


def _number_text(number, column, style):
    """A number as it would be typed into a cell of the column."""
    if column.type in ("number", "integer", "criterion"):
        return number_text(number, style)
    if column.type == "test" and number % 1:  # 17.10 typed as a number is 17.1
        raise NotRead("excel_test", near=number_text(number, "en"))
    return number_text(number, "en")


def _as_text(cell, style):
    """A cell as a message shows it."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return (
            f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else "" if cell is None else str(cell)
        )
    return number_text(cell, style)

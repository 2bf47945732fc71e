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
from functools import partial

from ..data import CommuneNames, IncomingRow, number_text
from ..language import UnreadableError, read_date, read_month
from ..tables import TABLES, Problem, dictionary, read_cell, sheet_name
from .form_cells import state_of
from .sheets import Sheet, cell_name
from .template import CODES, EXAMPLE, FILE_MARK, HEADS, LEAD, LISTS, called, example

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_WITH_CODE = re.compile(r".*\((\d{5})\)", re.ASCII)
_NO_DATA = ("...", "…")
MOST_PROBLEMS = 10_000  # then the columns stand wrong, or somebody wants the machine's memory


@dataclass
class TemplateRows:
    """What a template holds: its rows, the sheet of each table that it has, the data set and
    content that it was made from.
    """

    entries: list[IncomingRow] = field(default_factory=list)
    sheets: dict[str, str] = field(default_factory=dict)
    dataset: str = ""
    content_hash: str = ""


def is_template(sheets: Iterable[Sheet]) -> bool:
    """Whether a workbook is a template of this package: some sheet bears a hidden row of codes."""
    return any(_line(sheet, CODES) is not None for sheet in sheets)


def template_rows(
    sheets: list[Sheet], file: str, style: str, communes: CommuneNames, problems: list[Problem]
) -> TemplateRows:
    """All rows of a template; problems name sheet and cell, and a row with an error in it is left
    out.
    """
    template, names = TemplateRows(), {sheet_name(table) for table in TABLES}
    for sheet in sheets:
        if len(problems) > MOST_PROBLEMS:
            break
        first, name = sheet.cells[0] if sheet.cells else [], {"value": sheet.name}
        if len(first) > 2 and first[0] == FILE_MARK:
            template.dataset, template.content_hash = str(first[1]), str(first[2])
        problem = partial(Problem, file=file, sheet=sheet.name)
        codes, heads = _line(sheet, CODES), _line(sheet, HEADS)
        if codes is None:
            # its hidden column or row is gone: what it holds would be lost in silence
            if sheet.name in names:
                problems.append(problem("template_codes_gone", details=name))
            elif (
                sheet.name != LISTS
                and first[:1] != [FILE_MARK]
                and any(cell is not None for row in sheet.cells for cell in row)
            ):
                problems.append(problem("template_unread", details=name, warning=True))
        elif heads is None or (table := str([*sheet.cells[codes], ""][1])) not in TABLES:
            problems.append(problem("template_broken", cell=cell_name(codes, 0)))
        else:
            template.sheets[table] = sheet.name
            reader = _SheetReader(sheet, file, table, style, communes, problems)
            template.entries += reader.rows(codes, heads)
    return template


def _line(sheet, mark):
    return next((n for n, row in enumerate(sheet.cells[:40]) if row and row[0] == mark), None)


class _SheetReader:
    """Reads one sheet; every distinct cell of a column is read once."""

    def __init__(self, sheet, file, table, style, communes, problems):
        self.sheet, self.file, self.table, self.style = sheet, file, table, style
        self.communes, self.problems, self.names = communes, problems, called(table)
        self.read = {}

    def rows(self, codes, heads):
        """The rows below the heads that are not blank."""
        columns = dictionary(self.table)
        named = self.sheet.cells[codes]
        places = {}
        for place, code in enumerate(named):
            if place >= LEAD and code in columns and places.setdefault(code, place) != place:
                other = cell_name(heads, places[code])
                self._tell("form_twice", cell_name(heads, place), value=code, other=other)
        self._check_columns(named, columns, places, heads)
        self._check_example(columns, places)
        rows = []
        for line in range(heads + 1, len(self.sheet.cells)):
            if all(_blank(self._cell(line, place)) for place in places.values()):
                continue
            before = len(self.problems)
            if before > MOST_PROBLEMS:
                self._tell("template_given_up", cell_name(line, 0), most=MOST_PROBLEMS)
                return rows
            values = {name: self._value(columns[name], line, at) for name, at in places.items()}
            if len(self.problems) == before:
                mark = str(self.sheet.cells[line][0] or "")
                mark = "" if mark.startswith("#") else mark
                where = {name: cell_name(line, place) for name, place in places.items()}
                rows.append(IncomingRow(self.table, values, self.sheet.name, where, mark))
        return rows

    def _cell(self, line, place):
        cells = self.sheet.cells[line]
        return cells[place] if place < len(cells) else None

    def _check_columns(self, named, columns, places, heads):
        """A column taken out is told (its cells stay as they are), or refused where rows cannot do
        without; so is one put in.
        """
        for name, column in columns.items():
            if name not in places:
                warning = not column.required
                details = {"value": name, "meaning": column.title}
                self._tell("template_no_column", cell_name(heads, 0), warning, **details)
        lines = range(heads + 1, len(self.sheet.cells))
        for place in range(LEAD, max(len(named), len(self.sheet.cells[heads]))):
            if (named[place] if place < len(named) else None) not in columns and any(
                not _blank(self._cell(line, place)) for line in lines
            ):
                title = _as_text(self._cell(heads, place), self.style)
                self._tell("template_strange_column", cell_name(heads, place), True, value=title)

    def _check_example(self, columns, places):
        """The example row is never imported; that it was written over is told."""
        line = _line(self.sheet, EXAMPLE)
        if line is None:
            return
        texts = dict(zip(columns, example(self.table), strict=True))
        for name, place in places.items():
            cell = self._cell(line, place)
            if not _blank(cell) and str(cell) != texts[name]:
                words = _as_text(cell, self.style)
                self._tell("template_example_filled", cell_name(line, place), True, value=words)
                return

    def _value(self, column, line, place):
        """A cell typed; None, and a problem, where it cannot be."""
        cell, at = self._cell(line, place), (line, place)
        if at in self.sheet.unsaved:
            self._tell("unsaved_formula", cell_name(line, place), column=column.name)
            return None
        known = (column.name, type(cell), cell, at in self.sheet.percent)
        if known not in self.read:
            try:
                self.read[known] = self._typed(column, cell, at in self.sheet.percent), None
            except UnreadableError as error:
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
            details |= error.details
            self._tell(error.reason, cell_name(line, place), column=column.name, **details)
        return value

    def _typed(self, column, cell, percent):
        if isinstance(cell, str):
            cell = unicodedata.normalize("NFC", cell).replace("\u00a0", " ").replace("\n", " ")
            cell = cell.replace("\r", "").strip()
            if _ERROR.fullmatch(cell):
                raise UnreadableError("excel_error")
        if _blank(cell):
            if column.required:
                raise UnreadableError("required")
            return None
        if isinstance(cell, dt.date):
            return _day(cell, column)
        if isinstance(cell, bool):
            raise UnreadableError("excel_truth")
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
        # Đ, CBĐ, x: as offices mark
        if column.name == "state" and column.code_of(str(text)) is None:
            text = state_of(text, {}, False) or text
        return read_cell(text, column, self.style)

    def _tell(self, code, cell, warning=False, column=None, **details):
        self.problems.append(
            Problem(
                code, self.file, None, column, details, warning, self.sheet.name, cell, self.names
            )
        )


def _blank(cell):
    return cell is None or str(cell).strip() in ("", *_NO_DATA)


def _day(cell, column):
    """A day that Excel keeps as one, or a month: its last day.

    Anywhere else Excel made it of something typed otherwise (1/2).
    """
    read = {"date": read_date, "month": read_month}.get(column.type)
    if read is None:
        raise UnreadableError("excel_date", near=f"{cell:%d/%m/%Y}")
    return read(cell.isoformat()[:10])


def _number_text(number, column, style):
    """A number as it would be typed into a cell of the column."""
    if column.type in ("number", "integer", "criterion"):
        return number_text(number, style)
    if column.type == "test" and number % 1:  # 17.10 typed as a number is 17.1
        raise UnreadableError("excel_test", near=number_text(number, "en"))
    return number_text(number, "en")


def _as_text(cell, style):
    """A cell as a message shows it."""
    if isinstance(cell, float):
        return number_text(cell, style)
    return "" if cell is None else f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else str(cell)

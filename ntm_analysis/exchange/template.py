"""The Excel template: its form, and the bytes of its file."""

import datetime as dt
import io
import re
from collections.abc import Mapping
from itertools import count

import xlsxwriter

from ..data import CommuneNames, CurrentRow, Workbook, content_hash
from ..language import YEARS, text, write_date, write_figure
from ..tables import TABLE_GROUPS, TABLE_ORDER, Column, dictionary, sheet_name

LISTS = "Danh mục"  # the hidden sheet of what drop-down lists offer
# first cell of the instruction sheet; data set and content hash stand to its right
FILE_MARK = "#ntm"
# in the hidden column of a table's sheet
CODES, EXAMPLE, HEADS = "#ntm-codes", "#ntm-example", "#ntm-heads"
_LIKE = {
    "criterion": "2",
    "date": "31/3/2022",
    "month": "3/2022",
    "integer": "12",
    "number": "12,5",
    "test": "17.1",
}
LEAD = 2  # the hidden marks and "TT" stand before the table's own columns


def head(column: Column) -> str:
    """The head of a column: its Vietnamese name, unit of measure, a star where it must be filled.

    >>> head(dictionary("debts")["amount"])
    'Nợ đọng xây dựng cơ bản (triệu đồng) *'
    """
    named = re.sub(r"(\w+)\.csv", lambda file: f"trang {sheet_name(file[1])}", column.vi)
    return named + (f" ({column.unit})" if column.unit else "") + (" *" if column.required else "")


def called(table: str, sheets: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the workbook calls the columns of a table and, by "<table>.csv", the sheets; ``sheets``:
    those that were renamed.

    >>> names = called("progress")
    >>> names["known_from"], names["works.csv"]
    ('Ngày được biết', 'Công trình của xã')
    """
    named = {f"{name}.csv": sheet_name(name) for name in TABLE_ORDER} | {
        f"{name}.csv": sheet for name, sheet in (sheets or {}).items()
    }
    return named | {column.name: column.title for column in dictionary(table).values()}


def explained(column: Column) -> str:
    """The note on a head: code name, what may be written."""
    parts = [text("template_note_name", "vi", code=column.name)]
    if column.allowed:
        parts.append(text("template_note_choice", "vi", words="; ".join(column.allowed.values())))
    if column.low is not None and column.high is not None:
        parts.append(
            text("template_note_range", "vi", low=f"{column.low:g}", high=f"{column.high:g}")
        )
    if column.type in ("date", "month", "code", "source", "unit", "test", "set"):
        parts.append(text(f"template_note_{column.type}", "vi"))
    parts.append(
        text("template_note_required" if column.required else "template_note_optional", "vi")
    )
    return "\n".join(parts)


def example(table: str) -> list[str]:
    """The cells of the example row, below "Ví dụ": how each kind of cell is written; never
    imported.

    >>> example("criterion_states")[:5]
    ['(tên xã)', '(mã bộ tiêu chí)', '2', '31/3/2022', 'đạt']
    """
    return [_example(column) for column in dictionary(table).values()]


def _example(column):
    if column.allowed:
        return next(iter(column.allowed.values()))
    if column.name == "year" or column.name.endswith("_year"):
        return "2022"
    return _LIKE.get(column.type) or text(f"template_like_{column.type}", "vi")


_LAST = 1_048_575  # the last row of a sheet, from 0
_BORDER = {"border": 1, "border_color": "#BFBFBF"}
_CELL = {"valign": "top"} | _BORDER
_SECTION = {"bold": True, "bg_color": "#DDEBF7", "border": 1}
_HEAD = _SECTION | {"text_wrap": True, "valign": "vcenter", "align": "center"}
_FORMATS = {
    "title": {"bold": True, "font_size": 14, "font_color": "#1F3864"},
    "section": _SECTION,
    "line": {"text_wrap": True, "valign": "top"},
    "hint": {"italic": True, "font_color": "#404040"},
    "example": {"italic": True, "font_color": "#808080", "bg_color": "#F2F2F2"} | _BORDER,
    "required": _HEAD | {"bg_color": "#FFE699"},
    "optional": _HEAD,
    "text": {"num_format": "@", "text_wrap": True},
    "date": {"num_format": "dd/mm/yyyy"},
    "month": {"num_format": "mm/yyyy"},
    "number": {},
}
_TABS = {"report": "#70AD47", "plan": "#4472C4", "list": "#FFC000", "ground": "#A5A5A5"}
_WIDTHS = {"unit": 22, "name": 22, "text": 26, "source": 18, "month": 10}
_WIDTHS |= dict.fromkeys(("set", "choice", "choices"), 17)


def template_book(
    workbook: Workbook, rows: dict[str, list[CurrentRow]], communes: CommuneNames
) -> bytes:
    """The workbook as the bytes of an .xlsx file; ``rows`` and ``communes`` as
    :func:`data.current_rows` gives them.

    Numbers and dates are numbers and dates; text from data is text, never a formula or a link.
    """
    raw = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(raw, options) as book:
        book.set_properties(
            {"title": text("template_title", "vi"), "created": dt.datetime(2000, 1, 1)}
        )
        formats = {name: book.add_format(form) for name, form in _FORMATS.items()}
        formats |= {
            f"{name} filled": book.add_format(_FORMATS[name] | _CELL)
            for name in ("text", "date", "month", "number")
        }
        _instructions(book.add_worksheet(text("template_sheet", "vi")), workbook, rows, formats)
        sheets = {table: book.add_worksheet(sheet_name(table)) for table in TABLE_ORDER}
        lists = _Lists(book.add_worksheet(LISTS), workbook, communes)
        for group, tables in TABLE_GROUPS.items():
            for table in tables:
                sheets[table].set_tab_color(_TABS[group])
                _table(sheets[table], table, rows[table], communes, lists, formats)
    return raw.getvalue()


def _instructions(sheet, workbook, rows, formats):
    hidden = (FILE_MARK, workbook.id, content_hash(workbook.path))
    sheet.write_row(0, 0, hidden)
    sheet.set_row(0, None, None, {"hidden": True})
    sheet.set_column(0, 0, 34, formats["line"])
    sheet.set_column(1, 1, 64, formats["line"])
    sheet.set_column(2, 2, 12, formats["line"])
    sheet.write_string(1, 0, text("template_title", "vi"), formats["title"])
    at = count(2)
    facts = {
        "place": workbook.meta["title"]["vi"],
        "day": write_date(workbook.as_of),
        "id": workbook.id,
        "hash": hidden[2],
    }
    for key in ("template_of", *(f"template_how_{n}" for n in range(1, 12))):
        row = next(at)
        sheet.merge_range(row, 0, row, 2, "", formats["line"])
        line = text(key, "vi", **facts) if key == "template_of" else text(key, "vi")
        sheet.write_string(row, 0, line, formats["line"])
        sheet.set_row(row, 15 * (1 + len(line) // 125))
    next(at)
    for group, tables in TABLE_GROUPS.items():
        row = next(at)
        for column, key in enumerate(
            (f"template_group_{group}", f"template_group_{group}_who", "template_rows")
        ):
            sheet.write_string(row, column, text(key, "vi"), formats["section"])
        for table in tables:
            row = next(at)
            sheet.write_url(row, 0, f"internal:'{sheet_name(table)}'!A1", string=sheet_name(table))
            sheet.write_string(row, 1, text(f"sheet_about_{table}", "vi"), formats["line"])
            sheet.write_number(row, 2, len(rows[table]), formats["line"])
    _printed(sheet, next(at), 2)


def _table(sheet, table, rows, communes, lists, formats):
    columns = dictionary(table)
    sheet.write_string(
        0, 1, f"{sheet_name(table)}: {text(f'sheet_about_{table}', 'vi')}", formats["title"]
    )
    sheet.write_string(1, 1, text("template_hint", "vi"), formats["hint"])
    sheet.write_row(2, 0, (CODES, table, *columns))
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.write_row(
        3, 0, (EXAMPLE, text("template_example", "vi"), *example(table)), formats["example"]
    )
    sheet.write_string(4, 0, HEADS)
    sheet.write_string(4, 1, "TT", formats["optional"])
    sheet.set_row(4, 62)
    sheet.set_column(0, 0, None, None, {"hidden": True})
    sheet.set_column(1, 1, 6)
    for place, column in enumerate(columns.values(), LEAD):
        number = column.type in ("integer", "number", "criterion")
        kind = column.type if column.type in ("date", "month") else "number" if number else "text"
        form = formats[f"{kind} filled"]
        sheet.set_column(place, place, _WIDTHS.get(column.type, 12), formats[kind])
        sheet.write_string(
            4, place, head(column), formats["required" if column.required else "optional"]
        )
        sheet.write_comment(4, place, explained(column), {"x_scale": 2, "y_scale": 1.5})
        if rule := lists.rule(column):
            sheet.data_validation(5, place, _LAST, place, rule)
        for line, row in enumerate(rows, 5):
            value = row.values[column.name]
            if isinstance(value, float):
                sheet.write_number(line, place, value, form)
            elif isinstance(value, dt.date):
                sheet.write_datetime(line, place, value, form)
            elif value is not None:
                sheet.write_string(line, place, _shown(value, column, communes), form)
    widths = {name: _WIDTHS.get(column.type, 12) for name, column in columns.items()}
    for line, row in enumerate(rows, 5):
        sheet.write_string(line, 0, row.mark)
        sheet.write_number(line, 1, line - 4, formats["number filled"])
        deep = max(
            -(-len(v) // widths[name]) for name, v in row.values.items() if isinstance(v, str)
        )
        if deep > 1:  # told, because only Excel would find out by itself
            sheet.set_row(line, 15 * min(deep, 8))
    sheet.freeze_panes(5, LEAD + 1)
    sheet.autofilter(4, 0, max(5, 4 + len(rows)), LEAD + len(columns) - 1)
    sheet.repeat_rows(4)
    _printed(sheet, max(5, 4 + len(rows)), LEAD + len(columns) - 1)


def _shown(value, column, communes):
    """A text cell as people read it: words of choices; names of communes, with the code where
    several bear the name.
    """
    if column.type == "choice":
        return column.allowed[value]
    if column.type == "unit":
        code = communes.key(value)
        return unit_label(code, communes) if code in communes.names else value
    return value


def unit_label(code: str, communes: CommuneNames) -> str:
    """The name of a commune in the template's cells and lists: with its code where the name is not
    its alone.
    """
    return communes.names[code] if communes.alone(code) else f"{communes.names[code]} ({code})"


def _printed(sheet, last_row, last_column):
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&R&P/&N")
    sheet.print_area(0, 0, last_row, last_column)
    sheet.fit_to_pages(1, 0)


def _column_of(table, name):
    """The cells of a column of a table's sheet, as a rule names them: with what is typed there
    later.
    """
    letters = xlsxwriter.utility.xl_col_to_name(LEAD + list(dictionary(table)).index(name), True)
    return f"='{sheet_name(table)}'!{letters}$6:{letters}${_LAST + 1}"


class _Lists:
    """The drop-down lists, on a sheet of their own, and what each column lets in."""

    def __init__(self, sheet, workbook, communes):
        self.sheet, self.ranges, self.columns = sheet, {}, count()
        sheet.hide()
        if communes.names:
            self.add("unit", [unit_label(code, communes) for code in communes.names])
        else:  # those that are being entered
            self.ranges["unit"] = _column_of("units", "name")
        self.ranges["source"] = _column_of("sources", "id")
        self.add("set", sorted(workbook.law.sets))

    def add(self, name, words):
        """A list put on the sheet once; the range that a rule names."""
        if name not in self.ranges:
            column = next(self.columns)
            for row, word in enumerate(words):
                self.sheet.write_string(row, column, word)
            letters = xlsxwriter.utility.xl_col_to_name(column, True)
            self.ranges[name] = f"='{LISTS}'!{letters}$1:{letters}${max(1, len(words))}"
        return self.ranges[name]

    def rule(self, column):
        """The check that Excel makes when a cell of the column is typed; None for free text."""
        kind = column.type
        if column.allowed and kind == "choice":
            words = list(column.allowed.values())
            message = text("template_stop_choice", "vi", words="; ".join(words))
            rule = {"validate": "list", "source": self.add(tuple(column.allowed), words)}
        elif kind in ("unit", "source", "set"):
            message = text(f"template_stop_{kind}", "vi")
            rule = {"validate": "list", "source": self.ranges[kind], "error_type": "warning"}
        elif kind in ("date", "month"):
            message = text("template_stop_date", "vi")
            low, high = dt.date(YEARS[0], 1, 1), dt.date(YEARS[1], 12, 31)
            rule = {"validate": "date", "error_type": "warning", "minimum": low, "maximum": high}
        elif kind in ("number", "integer", "criterion"):
            lowest = 1.0 if kind == "criterion" else -1e12
            ends = (column.low, lowest), (column.high, 1e12)
            ends = (usual if end is None else end for end, usual in ends)
            low, high = (int(end) if end % 1 == 0 else end for end in ends)
            key, check = ("number", "decimal") if kind == "number" else ("whole", "integer")
            words = {"low": write_figure(low), "high": write_figure(high)}
            message = text(f"template_stop_{key}", "vi", **words)
            rule = {"validate": check, "minimum": low, "maximum": high}
        else:
            return None
        if "minimum" in rule:
            rule["criteria"] = "between"
        return rule | {"error_title": column.name[:32], "error_message": message[:255]}

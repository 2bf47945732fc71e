"""The Excel template: its form, and the bytes of its file."""

import datetime as dt
import io
import re
from collections.abc import Mapping
from itertools import count

import xlsxwriter

from ..data import Communes, PresentRow, Workbook, content_hash
from ..language import YEARS, text, write_date, write_figure
from ..tables import GROUPS, ORDER, Column, dictionary, sheet_name

LISTS = "Danh mục"  # the hidden sheet of what drop-down lists offer
FILE_MARK = (
    "#ntm"  # first cell of the instruction sheet; data set and content hash stand to its right
)
CODES, EXAMPLE, HEADS = (
    "#ntm-codes",
    "#ntm-example",
    "#ntm-heads",
)  # in the hidden column of a table's sheet
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
    named = {f"{name}.csv": sheet_name(name) for name in ORDER} | {
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
_CELL = {"valign": "top", "border": 1, "border_color": "#BFBFBF"}
_FORMATS = {
    "title": {"bold": True, "font_size": 14, "font_color": "#1F3864"},
    "section": {"bold": True, "bg_color": "#DDEBF7", "border": 1},
    "line": {"text_wrap": True, "valign": "top"},
    "hint": {"italic": True, "font_color": "#404040"},
    "example": {
        "italic": True,
        "font_color": "#808080",
        "bg_color": "#F2F2F2",
        "border": 1,
        "border_color": "#BFBFBF",
    },
    "required": {
        "bold": True,
        "bg_color": "#FFE699",
        "border": 1,
        "text_wrap": True,
        "valign": "vcenter",
        "align": "center",
    },
    "optional": {
        "bold": True,
        "bg_color": "#DDEBF7",
        "border": 1,
        "text_wrap": True,
        "valign": "vcenter",
        "align": "center",
    },
    "text": {"num_format": "@", "text_wrap": True},
    "date": {"num_format": "dd/mm/yyyy"},
    "month": {"num_format": "mm/yyyy"},
    "number": {},
}
_TABS = {"report": "#70AD47", "plan": "#4472C4", "list": "#FFC000", "ground": "#A5A5A5"}
_WIDTHS = {
    "unit": 22,
    "name": 22,
    "text": 26,
    "source": 18,
    "set": 17,
    "choice": 17,
    "choices": 17,
    "date": 12,
    "month": 10,
}


def template_book(
    workbook: Workbook, rows: dict[str, list[PresentRow]], communes: Communes
) -> bytes:
    """The workbook as the bytes of an .xlsx file; ``rows`` and ``communes`` as
    :func:`present.present_rows` gives them.

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
        sheets = {table: book.add_worksheet(sheet_name(table)) for table in ORDER}
        lists = _Lists(book.add_worksheet(LISTS), workbook, communes)
        for group, tables in GROUPS.items():
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
    for group, tables in GROUPS.items():
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
    sheet.fit_to_pages(1, 0)


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
        write = {"date": sheet.write_datetime, "month": sheet.write_datetime}.get(column.type)
        for line, row in enumerate(rows, 5):
            value = row.values[column.name]
            if value is None:
                continue
            if isinstance(value, float):
                sheet.write_number(line, place, value, form)
            elif write:
                write(line, place, value, form)
            else:
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
    sheet.fit_to_pages(1, 0)


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


def unit_label(code: str, communes: Communes) -> str:
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


def _column_of(table, name):
    """The cells of a column of a table's sheet, as a rule names them: with what is typed there
    later.
    """
    letters = xlsxwriter.utility.xl_col_to_name(LEAD + list(dictionary(table)).index(name), True)
    return f"='{sheet_name(table)}'!{letters}$6:{letters}${_LAST + 1}"


class _Lists:
    """The drop-down lists, on a sheet of their own, and what each column lets in."""

    def __init__(self, sheet, workbook, communes):
        self.sheet, self.made, self.columns = sheet, {}, 0
        sheet.hide()
        if communes.names:
            self.add("unit", [unit_label(code, communes) for code in communes.names])
        else:  # those that are being entered
            self.made["unit"] = _column_of("units", "name")
        self.made["source"] = _column_of("sources", "id")
        self.add("set", sorted(workbook.law.sets))

    def add(self, name, words):
        """A list put on the sheet once; the range that a rule names."""
        if name not in self.made:
            column, self.columns = self.columns, self.columns + 1
            for row, word in enumerate(words):
                self.sheet.write_string(row, column, word)
            letters = xlsxwriter.utility.xl_col_to_name(column, True)
            self.made[name] = f"='{LISTS}'!{letters}$1:{letters}${max(1, len(words))}"
        return self.made[name]

    def rule(self, column):
        """The check that Excel makes when a cell of the column is typed; None for free text."""
        title = column.name[:32]
        if column.allowed and column.type == "choice":
            source = self.add(tuple(column.allowed), list(column.allowed.values()))
            words = "; ".join(column.allowed.values())
            return _rule(
                "list", title, text("template_stop_choice", "vi", words=words), source=source
            )
        if column.type in ("unit", "source", "set"):
            message = text(f"template_stop_{column.type}", "vi")
            return _rule(
                "list", title, message, source=self.made[column.type], error_type="warning"
            )
        if column.type in ("date", "month"):
            span = {"minimum": dt.date(YEARS[0], 1, 1), "maximum": dt.date(YEARS[1], 12, 31)}
            return _rule(
                "date",
                title,
                text("template_stop_date", "vi"),
                criteria="between",
                error_type="warning",
                **span,
            )
        if column.type in ("number", "integer", "criterion"):
            low = 1.0 if column.type == "criterion" and column.low is None else column.low
            span = {
                "minimum": -1e12 if low is None else low,
                "maximum": 1e12 if column.high is None else column.high,
            }
            span = {key: int(value) if value % 1 == 0 else value for key, value in span.items()}
            shown = {key: write_figure(value) for key, value in span.items()}
            kind, message = (
                ("decimal", "template_stop_number")
                if column.type == "number"
                else ("integer", "template_stop_whole")
            )
            message = text(message, "vi", low=shown["minimum"], high=shown["maximum"])
            return _rule(kind, title, message, criteria="between", **span)
        return None


def _rule(kind, title, message, **more):
    return {"validate": kind, "error_title": title, "error_message": message[:255]} | more

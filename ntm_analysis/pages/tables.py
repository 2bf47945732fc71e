"""Tables in office form: as HTML, as one Excel workbook of forms, as the Excel and CSV files of a
page.
"""

import contextlib
import csv
import datetime as dt
import glob
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from xlsxwriter.utility import xl_col_to_name

from ..data import Workbook, reports_folder
from ..language import (
    STATE_SIGNS,
    STATE_WORDS,
    UNCHECKED_SIGN,
    UnreadableError,
    pick,
    read_number,
    slug,
    text,
)
from ..tables import REPOSITORY, write_whole

_TEMPLATE = Environment(
    loader=PackageLoader("ntm_analysis", "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("table.html.j2")


@dataclass(frozen=True)
class PageColumn:
    """One column: its head and its kind.

    Kinds: "" (text), "num" (right-aligned), "name" (row head), "state" (sign of a state), "short"
    (kept on one line).
    """

    head: str
    kind: str = ""


class Sign(NamedTuple):
    """A cell that shows a state by its letters, with (†) where it rests on a threshold that was not
    read.
    """

    state: str
    unread: bool = False


def office_table(
    number: str,
    title: str,
    columns: Sequence[PageColumn],
    rows: Iterable[Sequence[object]],
    *,
    lang: str = "vi",
    unit: str = "",
    style: str = "",
) -> Markup:
    """A table as HTML. ``rows`` hold one cell a column; a ``state`` cell is a :class:`Sign`.

    >>> "HIỆN TRẠNG" in office_table("Biểu số 02", "HIỆN TRẠNG", [PageColumn("TT")], [["1"]])
    True
    """
    return Markup(
        _TEMPLATE.render(
            number=number,
            title=title,
            columns=columns,
            rows=rows,
            unit=unit,
            style=style,
            signs={state: pick(pair, lang) for state, pair in STATE_SIGNS.items()},
            dagger=dagger(UNCHECKED_SIGN),
        )
    )


def key_of_signs(states: Iterable[str], lang: str, unchecked: bool = False) -> Markup:
    """The key under a table: only the signs that stand in it."""
    parts = [
        f"{pick(STATE_SIGNS[s], lang)}: {pick(STATE_WORDS[s], lang)}"
        for s in STATE_SIGNS
        if s in set(states)
    ]
    if unchecked:
        parts.append(f"{UNCHECKED_SIGN}: {text('unchecked', lang)}")
    return Markup('<p class="key">{}</p>').format(
        text("key_of_signs", lang, parts="; ".join(parts))
    )


def dagger(line: str) -> Markup:
    """Text with each (†) set as a small raised mark that a screen reader still reads."""
    mark = Markup('<sup class="unchecked">{}</sup>').format(UNCHECKED_SIGN)
    return mark.join(Markup.escape(part) for part in line.split(UNCHECKED_SIGN))


# Nothing is a dash, as offices write it; the cell stays a number.
NUMBER_FORMAT, WHOLE_FORMAT = '#,##0.0;-#,##0.0;"-"', '#,##0;-#,##0;"-"'
SHARE_FORMAT, DAY_FORMAT = "0%", "dd/mm/yyyy"
BLANK = "..."
LETTERS = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter"}
LINE = {"italic": True, "text_wrap": True, "align": "left"}


@dataclass(frozen=True)
class Head:
    """A column: its head, width, format of figures, and the head that it shares with its neighbours
    (``group``).

    ``total``: the first row adds it up. ``formula``: every row's cell is this formula, in which
    ``{row}`` stands for the row and ``{name}`` for the column of that ``name``.
    """

    name: str
    text: str
    width: float = 12
    format: str = ""
    group: str = ""
    total: bool = False
    formula: str = ""


@dataclass
class Form:
    """One sheet. ``rows``: cells by column, figures as the package gives them (they are saved as
    the results of formulas); ``total``: the package's own totals by column name, saved as the
    results of the sums; ``lead``: lines above the table, ``notes``: lines below it.
    """

    sheet: str
    title: str
    unit: str
    heads: list[Head]
    rows: list[list[object]]
    total_label: str = ""
    total: dict[str, object] = field(default_factory=dict)
    lead: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signed: tuple[str, ...] = ()
    blank: str = BLANK  # what a cell without a value shows
    count: str = ""  # the total row counts cells that begin with this sign


def office_book(forms: Sequence[Form], day: dt.date, header: str = "") -> bytes:
    """The workbook as bytes; the same forms give the same bytes.

    ``day``: written as that of its making, so that another day makes no other file; ``header``:
    printed at the top of every page.
    """
    raw = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(raw, options) as book:
        book.set_properties({"created": dt.datetime(day.year, day.month, day.day)})
        # cell formats, in the workbook's own letters, each made once
        style = cache(lambda **settings: book.add_format(LETTERS | settings))
        for form in forms:
            _sheet(book.add_worksheet(form.sheet), form, style, header)
    return raw.getvalue()


def _sheet(sheet, form, style, header):
    last, width = max(len(form.heads) - 1, 1), sum(head.width for head in form.heads)
    row = len(form.lead)
    _lines(sheet, 0, form.lead, last, width, style(**LINE))
    title = style(bold=True, align="center", text_wrap=True, font_size=13)
    sheet.merge_range(row, 0, row, last, form.title, title)
    sheet.set_row(row, 1.4 * _height(form.title, width / 1.3))
    if form.unit:
        unit = style(italic=True, align="right")
        sheet.merge_range(row + 1, 0, row + 1, last, form.unit, unit)
    row = _heads(sheet, form, style, row + 2)
    first = row + bool(form.total_label)
    if form.total_label:
        _total(sheet, form, style, row)
    for n, cells in enumerate(form.rows, start=first):
        pairs = list(zip(form.heads, cells, strict=True))
        heights = [_height(cell, head.width) for head, cell in pairs if isinstance(cell, str)]
        sheet.set_row(n, max(heights))
        for column, (head, cell) in enumerate(pairs):
            _cell(sheet, n, column, head, cell, form, style)
    end = first + len(form.rows)
    _lines(sheet, end, form.notes, last, width, style(**LINE, font_size=10))
    end += len(form.notes)
    if form.signed:
        end, middle = end + 1, last // 2
        for place, words in zip(((0, middle), (middle + 1, last)), form.signed, strict=True):
            _span(sheet, end, *place, words, style(bold=True, align="center"))
        end += 5  # room to sign
    _print(sheet, form, row, first, end, last, header)


def _lines(sheet, row, lines, last, width, style):
    """Lines of text across the table, each as high as it must be."""
    for n, line in enumerate(lines, start=row):
        sheet.merge_range(n, 0, n, last, line, style)
        sheet.set_row(n, _height(line, width))


def _span(sheet, row, first, last, words, style):
    """Text over one cell or several."""
    if first < last:
        sheet.merge_range(row, first, row, last, words, style)
    else:
        sheet.write_string(row, first, words, style)


def _height(text, width):
    """The height in points that a wrapped text takes in a column: letters are a little wider than a
    unit of width.
    """
    return 15.0 * max(1, math.ceil(1.15 * len(text) / width))


def _heads(sheet, form, style, row):
    """The head lines: one, or two where columns share a head; the row below them."""
    style = style(bold=True, border=1, align="center", text_wrap=True, bg_color="#EEEEEE")
    grouped = any(head.group for head in form.heads)
    below = max(
        _height(head.text, head.width - 1) for head in form.heads if head.group or not grouped
    )
    sheet.set_row(row + grouped, below)
    if grouped:
        alone = max(
            (_height(head.text, head.width - 1) for head in form.heads if not head.group),
            default=15.0,
        )
        groups = {
            head.group: sum(h.width for h in form.heads if h.group == head.group)
            for head in form.heads
            if head.group
        }
        sheet.set_row(
            row, max([alone - below, *(_height(text, wide - 1) for text, wide in groups.items())])
        )
    for column, head in enumerate(form.heads):
        sheet.set_column(column, column, head.width)
        if grouped and not head.group:
            sheet.merge_range(row, column, row + 1, column, head.text, style)
        else:
            sheet.write_string(row + grouped, column, head.text, style)
    if grouped:
        for group, pairs in groupby(enumerate(form.heads), key=lambda pair: pair[1].group):
            columns = [column for column, _ in pairs]
            if group:
                _span(sheet, row, columns[0], columns[-1], group, style)
    return row + 1 + grouped


def _total(sheet, form, style, row):
    """The row of totals: sums or counts over the rows below, as formulas with the package's figures
    as their results.
    """
    for column, head in enumerate(form.heads):
        settings = _figures(head) | {"bold": True}
        letter = xl_col_to_name(column)
        cells = f"{letter}{row + 2}:{letter}{row + 1 + len(form.rows)}"
        if column == 1:
            sheet.write_string(row, column, form.total_label, style(bold=True, border=1))
        elif head.total and form.rows:
            formula = f'=COUNTIF({cells},"{form.count}*")' if form.count else f"=SUM({cells})"
            sheet.write_formula(row, column, formula, style(**settings), form.total[head.name])
        else:
            sheet.write_string(row, column, "", style(**settings))


def _figures(head):
    """The settings of a cell with a figure."""
    align = "right" if head.format else "left"
    return {"border": 1, "num_format": head.format or "General", "align": align}


def _cell(sheet, row, column, head, cell, form, style):
    figures = style(**_figures(head), text_wrap=not head.format)
    if head.formula and isinstance(cell, int | float):
        places = {h.name: xl_col_to_name(n) for n, h in enumerate(form.heads)}
        sheet.write_formula(row, column, head.formula.format(row=row + 1, **places), figures, cell)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, column, dt.datetime(cell.year, cell.month, cell.day), figures)
    elif isinstance(cell, int | float) and cell == cell:
        sheet.write_number(row, column, cell, figures)
    else:
        words = form.blank if cell is None or cell != cell or cell == "" else str(cell)
        align = "center" if words in (BLANK, "-") else "left"
        sheet.write_string(row, column, words, style(border=1, text_wrap=True, align=align))


def _print(sheet, form, heads, first, end, last, header):
    """Landscape A4, one page wide, heads on every page, page numbers; the table stays in sight on
    the screen.
    """
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.4, 0.4, 0.6, 0.6)
    sheet.print_area(0, 0, end, last)
    sheet.repeat_rows(heads - 1 - any(h.group for h in form.heads), heads - 1)
    sheet.freeze_panes(first, 2)
    sheet.set_footer("&C&P/&N")
    if header:
        sheet.set_header(f"&C{header.replace('&', '&&')}")


# Numbers of four digits and more as pages write them.
GROUPED = {
    "vi": r"-?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?",
    "en": r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?",
}
POINTS = {"vi": str.maketrans(",", ".", "."), "en": str.maketrans("", "", ",")}
SIGNED = re.compile(r"[+−-][0-9][0-9.,]*\s?%?")  # a figure with its sign computes nothing
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_folder(workbook: Workbook) -> tuple[Path, str]:
    """Where the files of a page go, and how that is told: ``bieu`` beside the report's pages: in
    the folder that the environment variable ``NTM_REPORTS`` names, which a report run sets, else in
    ``reports/<data set>``.
    """
    usual = reports_folder(workbook.path, workbook.id)
    folder = Path(os.environ.get("NTM_REPORTS") or usual) / "bieu"
    if folder.is_relative_to(REPOSITORY):
        return folder, folder.relative_to(REPOSITORY).as_posix()
    return folder, folder.name


def plain_text(cell: object) -> str:
    """A cell as text, safe for a spreadsheet.

    >>> plain_text("=1+1"), plain_text("-"), plain_text(12)
    ("'=1+1", '-', '12')
    >>> plain_text("-5,2"), plain_text("+1.234 %")
    ('-5,2', '+1.234 %')
    """
    text = str(cell.striptags()) if hasattr(cell, "striptags") else str(cell)
    risky = text.startswith(FORMULA) and text != "-" and not SIGNED.fullmatch(text)
    return f"'{text}" if risky else text


def ungrouped(text: str, lang: str) -> str:
    """A figure without the signs between its thousands, which a spreadsheet set to another country
    reads as decimals.

    >>> ungrouped("1.150", "vi"), ungrouped("-1.234,5", "vi"), ungrouped("1,150", "en")
    ('1150', '-1234,5', '1150')
    >>> ungrouped("1.5", "vi")
    '1.5'
    """
    shape = re.compile(r"[+−-]?" + GROUPED[lang].removeprefix("-?") + "%?")
    return text.replace({"vi": ".", "en": ","}[lang], "") if shape.fullmatch(text) else text


def _typed(cell, lang):
    """The number that a cell shows, else its text (a range, "...", a share)."""
    if isinstance(cell, int | float):
        return float(cell)
    if re.fullmatch(GROUPED[lang], str(cell)):  # as pages write it: no other reading is meant
        return float(str(cell).translate(POINTS[lang]))
    with contextlib.suppress(UnreadableError):
        return read_number(str(cell), lang)
    return plain_text(cell).removeprefix("'")


def write_tables(
    tables: Sequence[tuple],
    folder: Path,
    stem: str,
    day: dt.date,
    lead: Sequence[str] = (),
    lang: str = "vi",
) -> list[Path]:
    """Write ``stem``.xlsx and one CSV a table into ``folder``; the paths written.

    ``tables``: (title "Biểu số 01. ...", unit of measure, heads, rows of cells) each, as a page
    made them. ``day``: as of which they are. ``lead``: lines above each table: what it is, its day,
    how much is assumed. A cell that is a number in the office form of ``lang`` becomes one.
    """
    # of an earlier run with other tables
    for old in folder.glob(f"{glob.escape(stem)}_bieu-*.csv"):
        old.unlink()
    paths, forms = [folder / f"{stem}.xlsx"], []
    for number, (name, unit, heads, rows) in enumerate(tables, start=1):
        columns = [Head("c0", heads[0], 6)]
        columns += [Head(f"c{n}", head, 22, "General") for n, head in enumerate(heads[1:], start=1)]
        cells = [
            [plain_text(row[0]).removeprefix("'"), *(_typed(cell, lang) for cell in row[1:])]
            for row in rows
        ]
        sheet = f"Bieu {number:02d}"
        forms.append(Form(sheet, name, unit, columns, cells, lead=list(lead), blank=""))
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\r\n").writerows(
            [
                *([line] for line in lead),
                [name],
                [unit],
                heads,
                *([ungrouped(plain_text(cell), lang) for cell in row] for row in rows),
            ]
        )
        paths.append(folder / f"{stem}_bieu-{number:02d}_{slug(name.split('. ', 1)[-1])[:60]}.csv")
        write_whole(paths[-1], lines.getvalue().encode("utf-8-sig"), durable=False)
    write_whole(paths[0], office_book(forms, day))
    return paths

"""Excel files as plain grids: .xlsx and .xls read cell by cell, nothing in them run, nothing of
their size trusted.

Values come from python-calamine. What it does not tell of an .xlsx file - hidden rows, formulas
saved without a result, error values, numbers shown as a percentage - comes from one streaming pass
over the sheet's XML, which also bounds what is read.
"""

import datetime as dt
import posixpath
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import python_calamine
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from ..tables import DataProblemsError, Problem

# bytes of a file, and cells of a sheet's filled rectangle x 10: an office's form is far smaller
LARGEST = 200_000_000
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Sheet:
    """One sheet from its first cell: ``cells[row][column]`` is None, text, float, bool, a date or a
    datetime.

    ``merged``: (first row, first column, last row, last column); ``hidden``: rows; ``unsaved``:
    formulas without a saved result; ``percent``: numbers shown as a percentage, kept as a share of
    one. All counted from 0.
    """

    name: str
    cells: list[list[object]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: frozenset[int] = frozenset()
    unsaved: frozenset[tuple[int, int]] = frozenset()
    percent: frozenset[tuple[int, int]] = frozenset()


def cell_name(row: int, column: int) -> str:
    """A cell as Excel names it.

    >>> cell_name(6, 2)
    'C7'
    """
    return xl_rowcol_to_cell(row, column)


def read_book(path: Path) -> list[Sheet]:
    """The worksheets of an Excel file, hidden ones too; raises
    :class:`~ntm_analysis.tables.DataProblemsError` for what is none.
    """

    def refuse(code, **details):
        return DataProblemsError([Problem(code, path.name, details=details)])

    try:
        size = path.stat().st_size
        raw = path.read_bytes() if path.is_file() and size <= LARGEST else b""
    except FileNotFoundError:
        raise refuse("book_missing") from None
    except OSError:
        raise refuse("unopened_file") from None
    if not path.is_file():
        raise refuse("unopened_file")
    if size > LARGEST:
        raise refuse("book_large", limit=LARGEST // 1_000_000)
    if not raw.strip(b"\0"):
        raise refuse("book_empty")
    if raw.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in raw:
        raise refuse("book_password")
    if b"mimetypeapplication/vnd.oasis.opendocument" in raw[:200]:
        raise refuse("book_other", looks="OpenDocument, .ods")
    if not raw.startswith((_OLE, _ZIP)):
        raise refuse(
            "book_other", looks="HTML" if re.match(rb"\s*(\xef\xbb\xbf)?\s*<", raw) else "CSV, TXT"
        )
    try:
        extras = _extras(path) if raw.startswith(_ZIP) else {}
        with python_calamine.load_workbook(str(path)) as book:
            return [
                _sheet(book.get_sheet_by_name(known.name), extras.get(known.name) or _Extras())
                for known in book.sheets_metadata
                if known.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except python_calamine.PasswordError:
        raise refuse("book_password") from None
    except _LargeError:
        raise refuse("book_large", limit=LARGEST // 1_000_000) from None
    except (
        python_calamine.CalamineError,
        zipfile.BadZipFile,
        ElementTree.ParseError,
        expat.ExpatError,
        KeyError,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise refuse(
            "book_password" if "password" in str(error).lower() else "book_broken"
        ) from None
    except BaseException as error:  # the reader's own panic on a damaged file is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise refuse("book_broken") from None


class _LargeError(Exception):
    """More than an office's form can hold."""


class _Extras:
    """What one pass over a sheet's XML finds: hidden rows, unsaved formulas, errors (by cell),
    percentages, the filled size.
    """

    def __init__(self):
        self.hidden = set()
        self.unsaved = set()
        self.errors = {}
        self.percent = set()
        self.rows = self.columns = 0

    def read(self, stream, styles):
        """Parse the XML of a worksheet from ``stream``; ``styles``: those that show a
        percentage.
        """
        self.styles, self.inside, self.text = styles, False, ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        while piece := stream.read(1 << 20):
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    def _start(self, name, attributes):
        if name == "c":
            self.cell, self.formula, self.text = attributes, False, ""
        elif name == "f":
            self.formula = True
        elif name in ("v", "t"):
            self.inside = True
        elif name == "row" and attributes.get("hidden") in ("1", "true"):
            self.hidden.add(int(attributes["r"]) - 1)

    def _data(self, piece):
        if self.inside:
            self.text += piece

    def _end(self, name):
        if name in ("v", "t"):
            self.inside = False
        if name != "c" or not (self.text or self.formula):
            return
        kind = self.cell.get("t", "")
        place = row, column = xl_cell_to_rowcol(self.cell.get("r", ""))
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)
        if self.rows * self.columns > LARGEST / 10:
            raise _LargeError
        if not self.text:
            if kind != "str":  # a formula that gives an empty text has a result
                self.unsaved.add(place)
        elif kind == "e":
            self.errors[place] = self.text
        elif kind in ("", "n") and self.cell.get("s", "") in self.styles:
            self.percent.add(place)


def _extras(path):
    """The extras of each worksheet of an .xlsx file, by name."""
    extras = {}
    with zipfile.ZipFile(path) as packed:
        if sum(info.file_size for info in packed.infolist()) > 10 * LARGEST:
            raise _LargeError
        names = set(packed.namelist())
        if "xl/workbook.xml" not in names:
            raise KeyError("xl/workbook.xml")
        relations = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
        percent = (
            _percent_styles(packed.read("xl/styles.xml"))
            if "xl/styles.xml" in names
            else frozenset()
        )
        for sheet in ElementTree.fromstring(packed.read("xl/workbook.xml")).iter(f"{_MAIN}sheet"):
            target = targets.get(sheet.get(_RELATION), "")
            place = (
                target.lstrip("/")
                if target.startswith("/")
                else posixpath.normpath(posixpath.join("xl", target))
            )
            if place.startswith("xl/worksheets/") and place in names:
                extras[sheet.get("name", "")] = sheet_extras = _Extras()
                with packed.open(place) as stream:
                    sheet_extras.read(stream, percent)
    return extras


def _percent_styles(raw):
    """The numbers of the cell styles that show a percentage."""
    root = ElementTree.fromstring(raw)
    own = {f.get("numFmtId"): f.get("formatCode", "") for f in root.iter(f"{_MAIN}numFmt")}
    percents = {number for number, code in own.items() if "%" in code} | {"9", "10"}
    styles = root.find(f"{_MAIN}cellXfs")
    return frozenset(
        f"{n}"
        for n, xf in enumerate(styles if styles is not None else [])
        if xf.get("numFmtId") in percents
    )


def _sheet(read, extras):
    cells = [[_value(cell) for cell in row] for row in read.to_python(skip_empty_area=False)]
    for (row, column), text in extras.errors.items():
        while len(cells) <= row:
            cells.append([])
        cells[row] += [None] * (column + 1 - len(cells[row]))
        cells[row][column] = text
    merged = tuple((*first, *last) for first, last in read.merged_cell_ranges or ())
    return Sheet(
        read.name, cells, merged, *map(frozenset, (extras.hidden, extras.unsaved, extras.percent))
    )


def _value(cell):
    if cell == "" and isinstance(cell, str):
        return None
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    return f"{cell}" if isinstance(cell, dt.time | dt.timedelta) else cell

"""The program that :mod:`ntm_analysis.exchange.sheets` starts to read one Excel file.

It runs by itself, apart from the package, so that a file which kills or overfills the reader ends
this process only: ``excel_reader.py FILE`` writes to its standard output, as a pickle, the sheets
as tuples (see :class:`~ntm_analysis.exchange.sheets.Sheet`) or the code of a problem.

Values come from python-calamine. What it does not tell of an .xlsx file - hidden rows, formulas
saved without a result, error values, numbers shown as a percentage - comes from one streaming pass
over the sheet's XML, which also bounds what is read.
"""

import datetime as dt
import pickle
import posixpath
import re
import sys
import zipfile
from xml.etree import ElementTree
from xml.parsers import expat

import python_calamine

# What an office's form never reaches: bytes unpacked, sheets, cells of the filled rectangles of all
# sheets, letters of a cell (Excel's own limit).
UNPACKED, SHEETS, CELLS, LONGEST = 150_000_000, 300, 2_000_000, 32_767
ZIP = b"PK"


def read(path):
    """Read the worksheets of an Excel file.

    Parameters
    ----------
    path : str

    Returns
    -------
    list of tuple, or str
        The code of a problem.
    """
    try:
        with open(path, "rb") as file:
            extras = _extras(path) if file.read(2) == ZIP else {}
        with python_calamine.load_workbook(path) as book:
            names = [
                known.name
                for known in book.sheets_metadata
                if known.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
            _bound(len(names), SHEETS)
            return [
                _sheet(book.get_sheet_by_name(name), extras.get(name) or _Extras())
                for name in names
            ]
    except python_calamine.PasswordError:
        return "book_password"
    except (_LargeError, MemoryError):
        return "book_large"
    except Exception as error:
        return "book_password" if "password" in str(error).lower() else "book_broken"
    except BaseException as error:  # the reader's own panic on a damaged file is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return "book_broken"


class _LargeError(Exception):
    """More than an office's form can hold."""


def _bound(count, most):
    if count > most:
        raise _LargeError


class _Extras:
    """What one pass over a sheet's XML finds.

    Hidden rows, unsaved formulas, errors (by cell), percentages, the filled size. A row or cell
    that does not say where it stands follows the one before.
    """

    def __init__(self):
        self.hidden = set()
        self.unsaved = set()
        self.errors = {}
        self.percent = set()
        self.rows = self.columns = 0
        self.row = self.column = -1

    def read(self, stream, styles):
        """Parse the XML of a worksheet.

        Parameters
        ----------
        stream : file
        styles : collection of str
            Those that show a percentage.
        """
        self.styles, self.inside, self.text = styles, False, []
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        while piece := stream.read(1 << 20):
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    def _start(self, name, attributes):
        name = name.rpartition(":")[2]  # some programs write x:row
        if name == "c":
            self.cell, self.formula, self.text, self.length = attributes, False, [], 0
            self.row, self.column = _place(attributes.get("r"), self.row, self.column + 1)
        elif name == "f":
            self.formula = True
        elif name in ("v", "t"):
            self.inside = True
        elif name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1
            if attributes.get("hidden") in ("1", "true"):
                self.hidden.add(self.row)

    def _data(self, piece):
        if self.inside:
            self.length += len(piece)
            _bound(self.length, LONGEST)
            self.text.append(piece)

    def _end(self, name):
        name = name.rpartition(":")[2]
        if name in ("v", "t"):
            self.inside = False
        if name != "c" or not (self.text or self.formula):
            return
        kind = self.cell.get("t", "")
        place = self.row, self.column
        self.rows, self.columns = max(self.rows, place[0] + 1), max(self.columns, place[1] + 1)
        _bound(self.rows * self.columns, CELLS)
        if not self.text:
            if kind != "str":  # a formula that gives an empty text has a result
                self.unsaved.add(place)
        elif kind == "e":
            self.errors[place] = "".join(self.text)
        elif kind in ("", "n") and self.cell.get("s", "") in self.styles:
            self.percent.add(place)


def _place(name, row, column):
    """Row and column of a cell's name; those given where it has none."""
    if name is None:
        return row, column
    match = re.fullmatch("([A-Z]{1,3})([1-9][0-9]{0,6})", name)
    if not match:
        raise ValueError(name)
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1


def _extras(path):
    """The extras of each worksheet of an .xlsx file, by name."""
    extras = {}
    with zipfile.ZipFile(path) as packed:
        _bound(sum(info.file_size for info in packed.infolist()), UNPACKED)
        names = set(packed.namelist())
        relations = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
        percent = _percent_styles(packed.read("xl/styles.xml")) if "xl/styles.xml" in names else ()
        book = ElementTree.fromstring(packed.read("xl/workbook.xml"))
        sheets = book.findall(".//{*}sheet")
        _bound(len(sheets), SHEETS)
        for sheet in sheets:
            relation = next((id for name, id in sheet.items() if name.endswith("}id")), "")
            target = targets.get(relation, "")
            place = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if place in names:
                extras[sheet.get("name", "")] = sheet_extras = _Extras()
                with packed.open(place) as stream:
                    sheet_extras.read(stream, percent)
        _bound(sum(sheet.rows * sheet.columns for sheet in extras.values()), CELLS)
    return extras


def _percent_styles(raw):
    """The numbers of the cell styles that show a percentage."""
    root = ElementTree.fromstring(raw)
    percents = {"9", "10"} | {
        own.get("numFmtId")
        for own in root.iterfind(".//{*}numFmt")
        if "%" in re.sub(r'"[^"]*"|\\.', "", own.get("formatCode", ""))  # quoted, it is a letter
    }
    styles = enumerate(root.iterfind("{*}cellXfs/{*}xf"))
    return {f"{n}" for n, xf in styles if xf.get("numFmtId") in percents}


def _sheet(read, extras):
    _bound(read.total_height * read.total_width, CELLS)
    cells = [[_value(cell) for cell in row] for row in read.to_python(skip_empty_area=False)]
    for (row, column), text in extras.errors.items():
        while len(cells) <= row:
            cells.append([])
        cells[row] += [None] * (column + 1 - len(cells[row]))
        cells[row][column] = text
    merged = tuple((*first, *last) for first, last in read.merged_cell_ranges or ())
    _bound(sum((r2 - r1 + 1) * (c2 - c1 + 1) for r1, c1, r2, c2 in merged), CELLS)
    places = (extras.hidden, extras.unsaved, extras.percent)
    return read.name, cells, merged, *map(frozenset, places)


def _value(cell):
    if cell == "":
        return None
    if type(cell) is int:
        return float(cell)
    return f"{cell}" if isinstance(cell, dt.time | dt.timedelta) else cell


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(read(sys.argv[1])))

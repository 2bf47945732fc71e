"""CSV tables as their exact text: cells changed, rows added or dropped, all else letter by letter.

The file's own separator, line ends, byte-order mark, quotes and ways of writing numbers, dates and
choices stay.
"""

import csv
import datetime as dt
import io
import re

from ..language import fold

_DMY = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{4}", re.ASCII)


class TableText:
    r"""The text of one table; a row is its line in the file, from 1 (the head), as in messages.

    Parameters
    ----------
    text : str
    bom : bool
        Whether the file begins with a byte-order mark.

    Attributes
    ----------
    bom, separator, end
        Of the file; ``end`` is how its lines end.
    head : list of str
        Names of the columns.
    lines, ends : list of str
        Every line, and its end.

    Examples
    --------
    >>> table = TableText('commune;note\r\n"A";x\r\n')
    >>> table.change(2, {"note": "y;z"}); table.add({"commune": "B"}); table.text()
    '\ufeffcommune;note\r\n"A";"y;z"\r\nB;\r\n'
    """

    def __init__(self, text, bom=True):
        parts = re.split(r"(\r\n|\r|\n)", text)
        self.bom, self.lines, self.ends = bom, parts[0::2], [*parts[1::2], ""]
        head = self.lines[0]
        self.separator = max(",;\t", key=head.count)
        self.head = [name.strip() for name in head.replace('"', "").split(self.separator)]
        self.end = self.ends[0] or "\n"
        self._dropped, self._added = set(), []
        self._field = re.compile(rf'("(?:[^"]|"")*"|[^{self.separator}]*)(?:{self.separator}|$)')

    @classmethod
    def read(cls, path):
        """Read a file (UTF-8, with or without its mark).

        Parameters
        ----------
        path : Path

        Returns
        -------
        TableText
        """
        raw = path.read_bytes()
        return cls(raw.decode("utf-8-sig"), raw.startswith(b"\xef\xbb\xbf"))

    def cells(self, row):
        """List the cells of a row as they stand, with their quotes.

        Parameters
        ----------
        row : int

        Returns
        -------
        list of str
        """
        cells, at, line = [], 0, self.lines[row - 1]
        while True:
            match = self._field.match(line, at)
            cells.append(match[1])
            if match.end() == match.end(1):
                return cells
            at = match.end()

    def manners(self):
        """Find the manner of writing that new cells follow.

        Returns
        -------
        dict of str to str
            By column, the last cell that is not blank.
        """
        manners = {}
        for cells in csv.reader(reversed(self.lines[1:]), delimiter=self.separator):
            for column, cell in zip(self.head, cells, strict=False):
                if cell.strip():
                    manners.setdefault(column, cell.strip())
            if len(manners) == len(self.head):
                break
        return manners

    def change(self, row, cells):
        """Replace cells of a row; the others keep their text.

        Parameters
        ----------
        row : int
        cells : dict of str to str
            By column; one that the file does not have yet is added to it.
        """
        self._widen(cells)
        line = self.cells(row)
        line += [""] * (len(self.head) - len(line))
        for column in [name for name in cells if name in self.head]:
            line[self.head.index(column)] = self._quoted(cells[column])
        self.lines[row - 1] = self.separator.join(line)

    def add(self, cells):
        """Add a row below the last one.

        Parameters
        ----------
        cells : dict of str to str
            By column.
        """
        self._widen(cells)
        line = (self._quoted(cells.get(column, "")) for column in self.head)
        self._added.append(self.separator.join(line))

    def _widen(self, cells):
        """Add columns that ``cells`` fill and the file lacks; rows may be shorter than the head."""
        for column in [name for name, text in cells.items() if text and name not in self.head]:
            self.head.append(column)
            self.lines[0] += self.separator + column

    def drop(self, row):
        """Take a row out.

        Parameters
        ----------
        row : int
        """
        self._dropped.add(row)

    def places(self):
        """Find where rows stand in :meth:`text`.

        Returns
        -------
        moved : dict of int to int
            New line by old line.
        added : list of int
            The lines of the added rows, in order.
        """
        rows = self._left()
        moved = {old: new for new, old in enumerate(rows, 1)}
        return moved, [len(rows) + n for n in range(1, len(self._added) + 1)]

    def text(self):
        """Give the whole file, with the byte-order mark where it had one.

        Returns
        -------
        str
        """
        end = self.end if self._added else ""
        lines = [self.lines[row - 1] + (self.ends[row - 1] or end) for row in self._left()]
        lines += [line + self.end for line in self._added]
        both = zip(self.lines[self._last() :], self.ends[self._last() :], strict=True)
        lines += [line + end for line, end in both]
        return ("\ufeff" if self.bom else "") + "".join(lines)

    def _last(self):
        """Find the last line that is not blank."""
        return max(row for row, line in enumerate(self.lines, 1) if line.strip() or row == 1)

    def _left(self):
        """List the rows that were not dropped."""
        return [row for row in range(1, self._last() + 1) if row not in self._dropped]

    def _quoted(self, text):
        line = io.StringIO()
        csv.writer(line, delimiter=self.separator, lineterminator="").writerow([text, ""])
        return line.getvalue()[:-1]


def cell_text(value, column, style, like=""):
    """Write a typed value as text for a CSV cell.

    Parameters
    ----------
    value : object
    column : Column
    style : str
        Of numbers, see :func:`ntm_analysis.tables.read_table`.
    like : str
        A cell of the column, whose manner of writing is followed.

    Returns
    -------
    str
        Blank for none; unless ``like`` says otherwise days as 2025-07-01, months as 7/2025, choices
        as their code.

    Examples
    --------
    >>> from ntm_analysis.tables import dictionary
    >>> cell_text(1234.5, dictionary("units")["area_km2"], "vi")
    '1234,5'
    >>> cell_text("not_met", dictionary("criterion_states")["state"], "vi", "chưa đạt")
    'chưa đạt'
    """
    if value is None or value != value:  # also NaN, NaT
        return ""
    if isinstance(value, dt.date):
        if match := _DMY.fullmatch(like):
            return f"{value.day}{match[1]}{value.month}{match[1]}{value.year}"
        month = column.type == "month" and "-" not in like
        return f"{value.month}/{value.year}" if month else f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return number_text(value, style)
    if column.type == "choice" and fold(like) in map(fold, column.allowed.values()):
        return column.allowed[value]
    return str(value)


def number_text(value, style):
    """Write a number without grouping, with at most twelve digits that count.

    Parameters
    ----------
    value : float
    style : str

    Returns
    -------
    str

    Examples
    --------
    >>> number_text(1234.5, "vi"), number_text(0.1 + 0.2, "en"), number_text(15.0, "vi")
    ('1234,5', '0.3', '15')
    """
    text = f"{float(f'{value:.12g}'):.12f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if style == "vi" else text

"""CSV tables as their exact text: single cells changed, rows added or dropped, everything else kept
letter by letter.

The file's own separator, line ends, byte-order mark, quotes and ways of writing numbers, dates and
choices stay.
"""

import csv
import datetime as dt
import io
import re
from pathlib import Path

from ..language import fold
from ..tables import Column

_DMY = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{4}", re.ASCII)


class TableText:
    """The text of one table; ``row`` is the line in the file, from 1 (the head), as in messages.

    >>> made = TableText('commune;note\\r\\n"A";x\\r\\n')
    >>> made.change(2, {"note": "y;z"}); made.add({"commune": "B"}); made.text()
    '\\ufeffcommune;note\\r\\n"A";"y;z"\\r\\nB;\\r\\n'
    """

    def __init__(self, text: str, bom: bool = True) -> None:
        parts = re.split(r"(\r\n|\r|\n)", text)
        self.bom, self.lines, self.ends = bom, parts[0::2], [*parts[1::2], ""]
        head = self.lines[0]
        self.separator = max(",;\t", key=head.count)
        self.head = [name.strip() for name in head.replace('"', "").split(self.separator)]
        self.end = self.ends[0] or "\n"
        self._dropped = set()
        self._added = []
        self._field = re.compile(rf'("(?:[^"]|"")*"|[^{self.separator}]*)(?:{self.separator}|$)')

    @classmethod
    def read(cls, path: Path) -> "TableText":
        """The text of a file (UTF-8, with or without its mark)."""
        raw = path.read_bytes()
        return cls(raw.decode("utf-8-sig"), raw.startswith(b"\xef\xbb\xbf"))

    def cells(self, row: int) -> list[str]:
        """The cells of a row as they stand, with their quotes."""
        found, at, line = [], 0, self.lines[row - 1]
        while True:
            match = self._field.match(line, at)
            found.append(match[1])
            if match.end() == match.end(1):
                return found
            at = match.end()

    def manners(self) -> dict[str, str]:
        """The last cell of each column that is not blank: the manner of writing that new cells
        follow.
        """
        found = {}
        for cells in csv.reader(reversed(self.lines[1:]), delimiter=self.separator):
            for column, cell in zip(self.head, cells, strict=False):
                if cell.strip():
                    found.setdefault(column, cell.strip())
            if len(found) == len(self.head):
                break
        return found

    def change(self, row: int, cells: dict[str, str]) -> None:
        """Cells of a row replaced; the others keep their text.

        A column that the file does not have yet is added to it.
        """
        self._widen(cells)
        made = self.cells(row)
        made += [""] * (len(self.head) - len(made))
        for column in [name for name in cells if name in self.head]:
            made[self.head.index(column)] = self._quoted(cells[column])
        self.lines[row - 1] = self.separator.join(made)

    def add(self, cells: dict[str, str]) -> None:
        """A row below the last one."""
        self._widen(cells)
        self._added.append(
            self.separator.join(self._quoted(cells.get(column, "")) for column in self.head)
        )

    def _widen(self, cells):
        """Columns added at the end of the head that ``cells`` fill and the file lacks; rows may be
        shorter than the head.
        """
        for column in [name for name, text in cells.items() if text and name not in self.head]:
            self.head.append(column)
            self.lines[0] += self.separator + column

    def drop(self, row: int) -> None:
        """A row taken out."""
        self._dropped.add(row)

    def places(self) -> tuple[dict[int, int], list[int]]:
        """Where rows stand in :meth:`text`: new line by old line, and the lines of the added rows
        in order.
        """
        kept = [row for row in range(1, self._last() + 1) if row not in self._dropped]
        return {old: new for new, old in enumerate(kept, 1)}, [
            len(kept) + n for n in range(1, len(self._added) + 1)
        ]

    def text(self) -> str:
        """The whole file, with the byte-order mark where it had one."""
        kept = [row for row in range(1, self._last() + 1) if row not in self._dropped]
        made = [
            self.lines[row - 1] + (self.ends[row - 1] or (self.end if self._added else ""))
            for row in kept
        ]
        tail = [line + end for line, end in zip(self.lines, self.ends, strict=True)][self._last() :]
        return ("\ufeff" if self.bom else "") + "".join(
            [*made, *(line + self.end for line in self._added), *tail]
        )

    def _last(self):
        """The last line that is not blank."""
        return max(row for row, line in enumerate(self.lines, 1) if line.strip() or row == 1)

    def _quoted(self, text):
        made = io.StringIO()
        csv.writer(made, delimiter=self.separator, lineterminator="").writerow([text, ""])
        return made.getvalue()[:-1]


def written(value: object, column: Column, style: str, like: str = "") -> str:
    """A typed value as text for a CSV cell, in the number style of the data set and the manner of
    ``like``, a cell of its column; blank for none, else days as 2025-07-01, months as 7/2025,
    choices as their code.

    >>> from ntm_analysis.tables import dictionary
    >>> written(1234.5, dictionary("units")["area_km2"], "vi", ""), written("not_met", dictionary("criterion_states")["state"],
    ...     "vi", "chưa đạt")
    ('1234,5', 'chưa đạt')
    """
    if value is None or value != value:  # also NaN, NaT
        return ""
    if isinstance(value, dt.date):
        if match := _DMY.fullmatch(like):
            return f"{value.day}{match[1]}{value.month}{match[1]}{value.year}"
        return (
            f"{value.month}/{value.year}"
            if column.type == "month" and "-" not in like
            else f"{value:%Y-%m-%d}"
        )
    if isinstance(value, float):
        return number_text(value, style)
    if column.type == "choice" and fold(like) in {fold(word) for word in column.allowed.values()}:
        return column.allowed[value]
    return str(value)


def number_text(value: float, style: str) -> str:
    """A number without grouping, at most twelve digits that count.

    >>> number_text(1234.5, "vi"), number_text(0.1 + 0.2, "en"), number_text(15.0, "vi")
    ('1234,5', '0.3', '15')
    """
    text = f"{float(f'{value:.12g}'):.12f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if style == "vi" else text

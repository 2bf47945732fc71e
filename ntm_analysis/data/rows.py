"""Rows as files give them: which are the same row, which cells say the same, which a data set has
at present.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ..language import fold
from ..tables import KEYS, TABLES, Column, DataProblems, dictionary, read_table
from .workbook import Workbook


@dataclass(frozen=True)
class Entry:
    """A row for a table: typed values by column (text, float, bool, date; None blank) and where
    each stands ("C7").
    """

    table: str
    values: dict[str, object]
    sheet: str
    cells: dict[str, str]
    key: str = ""  # the template's hidden mark of a row


class Communes:
    """Names and codes of units as one key: a name that belongs to one code alone means that code.

    >>> communes = Communes([("10001", "Thử"), ("10002", "Hòa"), ("10003", "Hòa")])
    >>> communes.key("Xã Thử"), communes.key("10002"), communes.key("Hoà") == communes.key("Hòa")
    ('10001', '10002', True)
    """

    def __init__(self, units: Iterable[tuple[str, str]]) -> None:
        self.codes = {}
        self.names = {}
        self._keys = {}
        for code, name in units:
            self.codes.setdefault(fold(name), set()).add(code)
            self.names[code] = name

    def key(self, typed: str) -> str:
        """The code meant, else the folded name."""
        if typed not in self._keys:
            codes = self.codes.get(fold(typed), set())
            key = (
                next(iter(codes))
                if len(codes) == 1
                else typed
                if typed in self.names
                else fold(typed)
            )
            self._keys[typed] = key
        return self._keys[typed]

    def alone(self, code: str) -> bool:
        """Whether the unit's name belongs to it alone."""
        return len(self.codes[fold(self.names[code])]) == 1


def sense(value: object, column: Column, communes: Communes) -> object:
    """What a typed value says: equal for equal facts (1.234,5 and 1234.5; a commune by code or by
    name).
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return float(f"{value:.12g}")
    if isinstance(value, dt.date):
        return value.isoformat()
    return communes.key(value) if column.type == "unit" else value


def key_of(table: str, values: dict[str, object], communes: Communes) -> tuple:
    """What a row is about: the sense of its key columns; spellings of one name are one."""
    columns = dictionary(table)
    made = (sense(values.get(name), columns[name], communes) for name in KEYS[table])
    return tuple(
        fold(v) if columns[k].type == "name" and v else v
        for k, v in zip(KEYS[table], made, strict=True)
    )


def mark_of(table: str, values: dict[str, object], communes: Communes) -> str:
    """The mark that the template hides with a row: one half for its key, one for all it says."""
    said = tuple(
        sense(values.get(name), column, communes) for name, column in dictionary(table).items()
    )
    return ".".join(
        hashlib.sha256(f"{table}|{part}".encode()).hexdigest()[:12]
        for part in (key_of(table, values, communes), said)
    )


@dataclass(frozen=True)
class PresentRow:
    """A row of a table: its line in the file, its typed values (None blank), its mark
    (:func:`row_identity.mark_of`).
    """

    line: int
    values: dict[str, object]
    mark: str


def present_rows(workbook: Workbook) -> tuple[dict[str, list[PresentRow]], Communes]:
    """All rows by table, also those known only after the as-of date, and the units that names mean.

    >>> rows, communes = present_rows(Workbook.open("data/thanh-chuong"))
    >>> rows["targets"][0].values["level"], communes.key("Thanh Hương")
    ('ntm', '17758')
    """
    problems = []
    style = workbook.meta["number_style"]
    frames = {
        t: read_table(workbook.path / f"{t}.csv", t, style, "dataset.yaml", problems)
        for t in TABLES
    }
    if problems:
        raise DataProblems(problems)
    units = frames["units"][["code", "name"]]
    here = pd.MultiIndex.from_frame(units).isin(
        pd.MultiIndex.from_frame(workbook.units[["code", "name"]])
    )
    # A code used again later means, on the as-of date, the unit that bears it then: that one has
    # the last word.
    communes = Communes(
        [
            *units[~here].itertuples(index=False, name=None),
            *units[here].itertuples(index=False, name=None),
        ]
    )
    made = {}
    for table, frame in frames.items():
        names = [name for name in frame.columns if name != "row"]
        columns = [[_bare(value) for value in frame[name].tolist()] for name in names]
        rows = (dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True))
        lines = frame["row"].tolist()
        made[table] = [
            PresentRow(n, row, mark_of(table, row, communes))
            for n, row in zip(lines, rows, strict=True)
        ]
    return made, communes


def _bare(value):
    if isinstance(value, pd.Timestamp):
        return dt.date(value.year, value.month, value.day)
    return None if value is pd.NaT or value == "" or value != value else value

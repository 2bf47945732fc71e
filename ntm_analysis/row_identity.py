"""Which rows of two tables are the same row, and which cells of them say the same, whatever the spelling.

A row is known by the columns of its key (:data:`ntm_analysis.dictionary.KEYS`); the Excel template hides a mark with each row, so
that a row keeps its identity when a cell of its key is changed.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable

from .dictionary import KEYS, Column, dictionary
from .names import fold


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
            key = next(iter(codes)) if len(codes) == 1 else typed if typed in self.names else fold(typed)
            self._keys[typed] = key
        return self._keys[typed]

    def alone(self, code: str) -> bool:
        """Whether the unit's name belongs to it alone."""
        return len(self.codes[fold(self.names[code])]) == 1


def sense(value: object, column: Column, communes: Communes) -> object:
    """What a typed value says: equal for equal facts (1.234,5 and 1234.5; a commune by code or by name)."""
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
    return tuple(fold(v) if columns[k].type == "name" and v else v for k, v in zip(KEYS[table], made, strict=True))


def mark_of(table: str, values: dict[str, object], communes: Communes) -> str:
    """The mark that the template hides with a row: one half for its key, one for all it says."""
    said = tuple(sense(values.get(name), column, communes) for name, column in dictionary(table).items())
    return ".".join(
        hashlib.sha256(f"{table}|{part}".encode()).hexdigest()[:12] for part in (key_of(table, values, communes), said)
    )

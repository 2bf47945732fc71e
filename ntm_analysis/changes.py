"""What a file would change in a data set: rows added, changed, lost, contradicting; spellings of one value are no change.

A row of the template is known by its hidden mark, so that it may change in every cell, its key too; any other row by its key. Two
rows of a file that say different things under one key are an error. A row is contradicting, and still enters, where a file that
is no template gives another figure for a fact that somebody reported under the same key, and where it gives a fact older than the
newest one of the table and different from it. A reported fact that such a file only repeats keeps its source and is no change.
Rows that a template no longer holds are lost; other files lose nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .dictionary import KEYS, dictionary
from .entries import Entry
from .present import PresentRow
from .problems import Problem
from .row_identity import Communes, key_of, mark_of, sense

KINDS = ("added", "changed", "contradicting", "lost")
HOW_KNOWN = ("known_from", "source", "mark", "note")  # about the row, not about the fact
_FORMULA = re.compile(r"[=@\t\r]|[+-].*\|")


@dataclass(frozen=True)
class Change:
    """One row that is added (no ``present``), changed, contradicting, or lost (no ``entry``); ``cells``: old and new value."""

    kind: str
    table: str
    entry: Entry | None
    present: PresentRow | None
    cells: dict[str, tuple[object, object]] = field(default_factory=dict)
    newest: object = None  # contradicting for being older than this day


@dataclass
class Changes:
    """All changes in the order of the file; ``same``: rows that change nothing; ``stale``: rows left as the template gave them,
    while the data set changed or dropped them since (they stay as the data set has them)."""

    rows: list[Change] = field(default_factory=list)
    same: int = 0
    stale: int = 0

    def of(self, kind: str, table: str | None = None) -> list[Change]:
        """The changes of one kind."""
        return [c for c in self.rows if c.kind == kind and table in (None, c.table)]


def compare(
    entries: Iterable[Entry], present: dict[str, list[PresentRow]], whole: Iterable[str], communes: Communes, file: str,
    problems: list[Problem],
) -> Changes:  # fmt: skip
    """The changes that ``entries`` make to ``present``; ``whole``: the tables that the file means to give in full."""
    made = Changes()
    by_table = {table: [] for table in whole}
    for entry in entries:
        by_table.setdefault(entry.table, []).append(entry)
    for table, told in by_table.items():
        _Table(table, present[table], communes, file, problems, made).compare(told, table in whole)
    return made


class _Table:
    """The entries of one table held against its rows."""

    def __init__(self, table, rows, communes, file, problems, made):
        self.table, self.rows, self.communes, self.file = table, rows, communes, file
        self.problems, self.made, self.columns = problems, made, dictionary(table)
        self.by_key = {row.mark.split(".")[0]: row for row in rows}
        self.newest = _newest(table, rows, communes) if "date" in KEYS[table] else {}

    def compare(self, told, whole):
        """Each entry finds its row, or is new; then what no entry claims is lost."""
        marks = [mark_of(self.table, entry.values, self.communes) for entry in told]
        claims = self._claims(told, marks)
        seen = {}
        for n, entry in enumerate(told):
            key = marks[n].split(".")[0]
            if (first := seen.setdefault(key, n)) != n:
                self._twice(told[first], entry, same=marks[first] == marks[n] and claims.get(n) is None)
                continue
            self._one(entry, marks[n], claims.get(n))
        if whole:
            claimed = {id(row) for row in claims.values()}
            lost = [row for row in self.rows if id(row) not in claimed]
            self.made.rows += [Change("lost", self.table, None, row) for row in lost]

    def _claims(self, told, marks):
        """Which row each entry is: of several copies of a mark the one that kept its key, then by key whatever is left."""
        claims = {}
        taken = set()
        hidden = [entry.key.split(".")[0] for entry in told]
        own = [mark.split(".")[0] for mark in marks]
        tries = (
            (n for n in range(len(told)) if hidden[n] == own[n]),
            (n for n in range(len(told)) if hidden[n] and hidden[n] != own[n]),
        )
        for places in tries:
            for n in places:
                if hidden[n] in self.by_key and hidden[n] not in taken:
                    claims[n] = self.by_key[hidden[n]]
                    taken.add(hidden[n])
        for n in range(len(told)):
            if n not in claims and own[n] in self.by_key and own[n] not in taken:
                claims[n] = self.by_key[own[n]]
                taken.add(own[n])
        return claims

    def _one(self, entry, mark, row):
        if entry.key == mark and (row is None or row.mark != mark):
            self.made.stale += 1
            return
        before = {} if row is None else row.values
        cells = {
            name: (before.get(name), value) for name, value in entry.values.items() if self._differ(name, before.get(name), value)
        }
        facts = [name for name in cells if name not in HOW_KNOWN]
        told_again = row is not None and not entry.key and row.values.get("mark") == "reported" and not facts
        if not cells or told_again:
            self.made.same += 1
            return
        for name, (_, value) in cells.items():
            if isinstance(value, str) and _FORMULA.match(value):
                self._tell("formula_text", entry, name, value=value)
        kind, newest = "added" if row is None else "changed", None
        if (row is not None and not entry.key and row.values.get("mark") == "reported" and facts) or (
            row is None and self.newest and (newest := self._older(entry))
        ):
            kind = "contradicting"
        self.made.rows.append(Change(kind, self.table, entry, row, cells, newest))

    def _older(self, entry):
        """The day of the newest fact of the table that this one is older than and different from; None when it is not."""
        values = entry.values
        found = self.newest.get(_subject(self.table, values, self.communes))
        if found is None or not values.get("date") or values["date"] >= found["date"]:
            return None
        facts = [name for name in values if name not in (*KEYS[self.table], *HOW_KNOWN)]
        return found["date"] if any(self._differ(name, found.get(name), values[name]) for name in facts) else None

    def _differ(self, name, old, new):
        return sense(old, self.columns[name], self.communes) != sense(new, self.columns[name], self.communes)

    def _twice(self, first, entry, same):
        """Two rows under one key: a copy is one row, anything else is an error."""
        if same:
            self.made.same += 1
            return
        key = KEYS[self.table]
        said = {name: entry.values[name] for name in key if entry.values.get(name) is not None}
        about = ", ".join(self.columns[name].written(value) for name, value in said.items())
        self._tell(
            "said_twice", entry, next(n for n in key if n in entry.cells), other=next(iter(first.cells.values())), value=about
        )

    def _tell(self, code, entry, column, **details):
        cell, names = entry.cells.get(column), {c.name: c.title for c in self.columns.values()}
        problem = Problem(code, self.file, None, column, details, sheet=entry.sheet, cell=cell, names=names)
        self.problems.append(problem)


def _subject(table, values, communes):
    """What a dated fact is about: its key without the day."""
    made = zip(KEYS[table], key_of(table, values, communes), strict=True)
    return tuple(part for name, part in made if name != "date")


def _newest(table, rows, communes):
    newest = {}
    for row in sorted(rows, key=lambda row: row.values["date"]):
        newest[_subject(table, row.values, communes)] = row.values
    return newest

"""The usual form of an office - communes down, criteria or indicators across, or the other way
round - read into rows of tables.

Nothing is dropped in silence: every row left out, every column not used and every choice made is
told; what cannot be read is a problem with its sheet and cell.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..data import IncomingRow, Workbook
from ..language import STATE_WORDS, fold, pick, printable, slug, text, write_date
from ..tables import Problem
from .form_cells import SheetView, Values, rows_of
from .form_layout import (
    Criteria,
    cleaned,
    data_days,
    doubts,
    find_tables,
    named_sets,
    own_signs,
    turned,
    unread_days,
)
from .sheets import Sheet

TABLE_OF = {
    "criterion": "criterion_states",
    "indicator": "indicator_values",
    "count": "criterion_counts",
}


# of a file: rows, columns and merged ranges of a sheet; cells; letters
MOST = {"side": 5_000, "cells": 150_000, "letters": 3_000_000}


@dataclass
class FormReading:
    """What was read: rows for tables, what to tell about it as (key of a text, its values),
    problems (errors and warnings).
    """

    entries: list[IncomingRow] = field(default_factory=list)
    remarks: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_forms(
    sheets: list[Sheet],
    workbook: Workbook,
    file: str,
    *,
    date: dt.date | None = None,
    set_id: str = "",
) -> FormReading:
    """All tables of a file that look like the usual form.

    ``date``, ``set_id``: what the figures stand for where the sheet does not say it (the sheet goes
    first for the day, the option for the set).
    """
    understood = FormReading()
    tables, idle = 0, {}
    for sheet in map(cleaned, _bounded(sheets, file, understood.problems)):
        filled = any(cell is not None for row in sheet.cells for cell in row)
        tables_here = filled and _Form(sheet, workbook, file, understood, date, set_id).read()
        if not tables_here:
            idle.setdefault("form_no_table" if filled else "form_blank", []).append(sheet.name)
        tables += tables_here
    for key, names in idle.items():
        some = names[:5] + ["..."] * (len(names) > 5)
        understood.remarks.append((key, {"sheet": "”, “".join(some)}))
    if not tables:
        understood.problems.append(Problem("form_none", file))
    elif not understood.entries and not understood.problems:
        understood.problems.append(Problem("form_nothing", file))
    return understood


def _bounded(sheets, file, problems):
    """The sheets that are no more than a form of any province; each other one is told.

    Whoever reads a form looks at each cell more than once, so that its size bounds the time.
    """
    taken = Counter()
    for sheet in sheets:
        width = max(map(len, sheet.cells), default=0)
        side = Counter(side=max(len(sheet.cells), width, len(sheet.merged)))
        letters = sum(map(len, _texts(sheet.cells)))
        whole = taken + Counter(cells=len(sheet.cells) * width, letters=letters)
        if whole + side <= Counter(MOST):
            taken = whole
            yield sheet
        else:
            problems.append(Problem("form_large", file, None, None, MOST, True, sheet.name))


def _texts(rows):
    return [cell for row in rows for cell in row if isinstance(cell, str)]


class _Form:
    """One sheet: its set and day, its tables, their rows."""

    def __init__(self, sheet, workbook, file, understood, date, set_id):
        self.sheet, self.workbook, self.understood = sheet, workbook, understood
        self.view = SheetView(sheet, file, understood.problems)
        self.lines = [line for line in _texts(sheet.cells) if len(line) < 1000]
        self.set_id, self.set_from = self._set(set_id)
        self.date = date

    def _set(self, wanted):
        """The set of the figures, and how it is known: asked for, named by the sheet, or the data
        set's own.
        """
        if wanted:
            return wanted, "form_set_asked"
        named = named_sets([*self.lines, self.sheet.name], self.workbook.law)
        own = self.workbook.default_set("ntm")
        if len(named) == 1:
            return named[0], "form_set_named"
        return (own if own in named or not named else named[0]), "form_set_own"

    def _remark(self, key, **values):
        self.understood.remarks.append((key, values))

    def read(self):
        """Read the sheet; how many tables it has."""
        names = set(self.workbook.all_units["name"].map(fold))
        criteria = Criteria.of(self.workbook.law, self.set_id)
        tables = find_tables(self.sheet, names, criteria)
        if not tables:
            self.view.sheet, self.view.turned = turned(self.sheet), True
            tables = find_tables(self.view.sheet, names, criteria)
        if not tables:
            return 0
        day = self._day(tables[0].top)
        for table in tables:
            self._table(table, day)
        return len(tables)

    def _day(self, top):
        """The day of the figures: what the lines above the table say, then any line and the sheet's
        name, then the option.
        """
        above = _texts(self.sheet.cells if self.view.turned else self.sheet.cells[:top])
        if not data_days(above) and not unread_days(above):
            above = [*self.lines, self.sheet.name]
        days, unread = data_days(above), unread_days(above)
        for line in unread:  # only told where another line, or --date, names the day
            self.view.tell("form_bad_day", None, bool(days or self.date), value=line)
        if len(days) > 1:
            said_by = "; ".join(f"{write_date(day)} (“{line}”)" for day, line in days)
            self.view.tell("form_two_days", value=said_by)
        if days:
            return days[0]
        if self.date:
            return self.date, "form_day_asked"
        if not unread:
            self.view.tell("form_no_day")
        return None

    def _table(self, table, day):
        view, law = self.view, self.workbook.law
        when = min(day[0], self.workbook.as_of) if day else self.workbook.as_of
        above = self.lines[:4] if view.turned else _texts(self.sheet.cells[: table.top])
        planned, lacking = doubts(above, self.lines)
        if planned:
            view.tell("form_not_results", value=planned)
        rows = rows_of(view, table, self.workbook, when)
        signs = own_signs(self.lines)
        values = Values(view, table, rows, law, self.set_id, signs, lacking)
        self._twice(table)
        facts = {}
        for row, unit in rows.communes.items():
            for fact in values.facts(row, unit):
                self._put(facts, fact)
        values.check_totals(facts.values())
        self._tell_read(table, rows, values.marks, facts, day)
        self._tell_unread(table, rows)
        if day and facts:
            self._enter(facts.values(), day[0])

    def _twice(self, table):
        """Two columns of one subject are a problem: which one counts cannot be known."""
        seen, line = {}, table.body - 1
        for head in table.of("criterion", "indicator", "tick"):
            first = seen.setdefault((head.kind, head.subject, head.state), head)
            if first is not head:
                other, cell = (self.view.place(line, h.column) for h in (first, head))
                self.view.tell("form_twice", cell, value=head.text, other=other)

    def _put(self, facts, fact):
        """A fact told twice alike is one fact; told otherwise it is a problem that names both
        cells.
        """
        first = facts.setdefault((fact.kind, fact.unit, fact.subject), fact)
        if first.value != fact.value:
            label = self.workbook.all_units.loc[fact.unit, "label"]
            self.view.tell("form_differs", fact.cell, value=label, other=first.cell)

    def _tell_read(self, table, rows, marks, facts, day):
        """What was understood of one table."""
        place = self.view.place
        last = max((head.column for head in table.heads), default=table.name)
        kinds = Counter(fact.kind for fact in facts.values())
        self._remark(
            "form_table",
            sheet=self.sheet.name,
            area=f"{place(table.top, 0)}:{place(table.end - 1, last)}",
            n=len(set(rows.communes.values())),
            states=kinds["criterion"],
            values=kinds["indicator"],
            counts=kinds["count"],
        )
        self._remark(self.set_from, set=self.workbook.law.sets[self.set_id].title)
        if day:
            key = "form_day_asked" if day[1] == "form_day_asked" else "form_day"
            words = {lang: write_date(day[0], lang) for lang in ("vi", "en")}
            self._remark(key, day=words, words=day[1])
        columns = [head.subject for head in table.of("criterion", "indicator", "tick")]
        columns = columns or [head.text for head in table.of("count")]
        self._remark("form_columns", columns=", ".join(dict.fromkeys(columns)))
        if marks:
            parts = {
                lang: "; ".join(
                    f"“{sign}” = {pick(STATE_WORDS[state], lang)}: {n}"
                    for (sign, state), n in Counter(marks).most_common(20)
                )
                for lang in ("vi", "en")
            }
            self._remark("form_marks", parts=parts)

    def _tell_unread(self, table, rows):
        """What was left out of one table."""
        view = self.view
        unused = [
            f"{view.place(table.body - 1, head.column)} “{head.text}”"
            for head in table.of("other")
            if any(view.cell(row, head.column) is not None for row in rows.communes)
        ]
        if unused:
            self._remark("form_unused", columns=", ".join(unused))
        for key, cells in rows.left_out.items():
            self._remark(key, rows="; ".join(cells))
        hidden = sorted(view.sheet.hidden.intersection(range(table.body, table.end)))
        if hidden:
            self._remark("form_hidden", rows=", ".join(view.place(r, table.name) for r in hidden))
        communes = self.workbook.communes
        absent = communes.loc[~communes.index.isin(rows.communes.values()), "name"]
        if len(absent):
            self._remark("form_absent", n=len(absent), names=", ".join(absent))

    def _enter(self, facts, day):
        """The facts as rows of their tables, and the file as their source."""
        file, entries = self.view.file, self.understood.entries
        source = f"{slug(Path(file).stem)[:40]}-{day}".strip("-")
        mark = "illustrative" if self.workbook.illustrative else "reported"
        known = {"known_from": day, "source": source, "mark": mark}
        units = self.workbook.all_units

        def enter(table, values, cell):
            entries.append(IncomingRow(table, values, self.sheet.name, dict.fromkeys(values, cell)))

        for fact in facts:
            values = {"commune": units.loc[fact.unit, "code"], "set": self.set_id, "date": day}
            enter(TABLE_OF[fact.kind], values | fact.values() | known, fact.cell)
        if not any(entry.table == "sources" and entry.values["id"] == source for entry in entries):
            title = f"Tệp {file}, trang {self.sheet.name}, số liệu đến {write_date(day)}"
            values = {"id": source, "short": file[:60], "title": title, "published": day}
            enter("sources", values, "A1")


def told_lines(understood: FormReading, lang: str) -> list[str]:
    """What was understood, in sentences."""

    def words(value):
        return printable(value[lang] if isinstance(value, dict) else f"{value}", 2000)

    return [
        text(key, lang, **{name: words(value) for name, value in values.items()})
        for key, values in understood.remarks
    ]

"""The usual form of an office - communes down, criteria or indicators across, or the other way
round - read into rows of tables.

Nothing is dropped in silence: every row left out, every column not used and every choice made is
told; what cannot be read is a problem with its sheet and cell.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..data import Entry, Workbook
from ..language import STATE_WORDS, fold, pick, slug, text, write_date
from ..tables import Problem, shown
from .form_cells import Values, rows_of
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
from .sheets import Sheet, cell_name

TABLE_OF = {
    "criterion": "criterion_states",
    "indicator": "indicator_values",
    "count": "criterion_counts",
}


@dataclass
class Understood:
    """What was read: rows for tables, what to tell about it as (key of a text, its values),
    problems (errors and warnings).
    """

    entries: list[Entry] = field(default_factory=list)
    told: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_forms(
    sheets: list[Sheet],
    workbook: Workbook,
    file: str,
    *,
    date: dt.date | None = None,
    set_id: str = "",
    known_from: dt.date | None = None,
) -> Understood:
    """All tables of a file that look like the usual form.

    ``date``, ``set_id``: what the figures stand for where the sheet does not say it (the sheet goes
    first for the day, the option for the set); ``known_from``: the day they became known (default:
    the day of the figures).
    """
    made = Understood()
    found = 0
    for sheet in map(cleaned, sheets):
        if not any(cell is not None for row in sheet.cells for cell in row):
            made.told.append(("form_blank", {"sheet": sheet.name}))
            continue
        reader = _Form(sheet, workbook, file, made, date, set_id, known_from)
        found += reader.read()
    if not found:
        made.problems.append(Problem("form_none", file))
    elif not made.entries and not made.problems:
        made.problems.append(Problem("form_nothing", file))
    return made


class _Form:
    """One sheet: its set and day, its tables, their rows."""

    def __init__(self, sheet, workbook, file, made, date, set_id, known_from):
        self.sheet, self.workbook, self.file, self.made = sheet, workbook, file, made
        self.lines = [
            cell
            for row in sheet.cells
            for cell in row
            if isinstance(cell, str) and len(cell) < 1000
        ]
        self.set_id, self.set_from = self._set(set_id)
        self.asked, self.known_from = date, known_from
        self.criteria = Criteria.of(workbook.law, self.set_id)

    def _set(self, asked):
        """The set of the figures, and how it is known: asked for, named by the sheet, or the data
        set's own.
        """
        if asked:
            return asked, "form_set_asked"
        named = named_sets([*self.lines, self.sheet.name], self.workbook.law)
        own = self.workbook.default_set("ntm")
        if len(named) == 1:
            return named[0], "form_set_named"
        return (own if own in named or not named else named[0]), "form_set_own"

    def read(self):
        """Read the sheet; how many tables it has."""
        names = set(self.workbook.all_units["name"].map(fold))
        turn, sheet = False, self.sheet
        tables = find_tables(sheet, names, self.criteria)
        if not tables:
            turn, sheet = True, turned(self.sheet)
            tables = find_tables(sheet, names, self.criteria)
        if not tables:
            self.made.told.append(("form_no_table", {"sheet": self.sheet.name}))
            return 0
        day = self._day(tables[0].top if not turn else None)
        if day is None and not any(
            p.code == "form_bad_day" and p.sheet == self.sheet.name for p in self.made.problems
        ):
            self.made.problems.append(Problem("form_no_day", self.file, sheet=self.sheet.name))
        for table in tables:
            self._table(replace(sheet, name=self.sheet.name), table, turn, day)
        return len(tables)

    def _day(self, top):
        """The day of the figures: what the lines above the table say, then any line and the sheet's
        name, then the option.
        """
        rows = self.sheet.cells if top is None else self.sheet.cells[:top]
        above = [cell for row in rows for cell in row if isinstance(cell, str)]
        lines = above if data_days(above) or unread_days(above) else [*self.lines, self.sheet.name]
        found = data_days(lines)
        for line in unread_days(lines):  # only told where another line, or --date, names the day
            told = {
                "details": {"value": line},
                "warning": bool(found or self.asked),
                "sheet": self.sheet.name,
            }
            self.made.problems.append(Problem("form_bad_day", self.file, **told))
        if len({day for day, _ in found}) > 1:
            told = "; ".join(f"{write_date(day)} (“{line}”)" for day, line in found)
            self.made.problems.append(
                Problem("form_two_days", self.file, details={"value": told}, sheet=self.sheet.name)
            )
        if not found and self.asked:
            return self.asked, "form_day_asked"
        return found[0] if found else None

    def _table(self, sheet, table, turn, day):
        place = (lambda r, c: cell_name(c, r)) if turn else cell_name
        when = min(day[0], self.workbook.as_of) if day else self.workbook.as_of
        above = (
            [cell for row in sheet.cells[: table.top] for cell in row if isinstance(cell, str)]
            if not turn
            else self.lines[:4]
        )
        planned, lacking = doubts(above, self.lines)
        if planned:
            problem = Problem(
                "form_not_results", self.file, details={"value": planned}, sheet=self.sheet.name
            )
            self.made.problems.append(problem)
        rows = rows_of(sheet, table, self.workbook, when, place, self.file, self.made.problems)
        values = Values(
            sheet,
            table,
            rows,
            self.workbook.law,
            self.set_id,
            own_signs(self.lines),
            lacking,
            place,
            self.file,
            self.made.problems,
        )
        self._twice(table.heads, table, place)
        facts = {}
        for row in rows.communes:
            for fact in values.facts(row):
                self._put(facts, fact)
        values.check_totals(list(facts.values()))
        self._tell(table, rows, values, facts, day, place, sheet)
        if day and facts:
            self._enter(list(facts.values()), day[0])

    def _twice(self, heads, table, place):
        """Two columns of one subject are a problem: which one counts cannot be known."""
        seen = {}
        for head in heads:
            if head.kind not in ("criterion", "indicator", "tick"):
                continue
            if (first := seen.setdefault((head.kind, head.subject, head.state), head)) is not head:
                details = {"value": head.text, "other": place(table.body - 1, first.column)}
                cell = place(table.body - 1, head.column)
                self.made.problems.append(
                    Problem(
                        "form_twice", self.file, details=details, sheet=self.sheet.name, cell=cell
                    )
                )

    def _put(self, facts, fact):
        """A fact told twice alike is one fact; told otherwise it is a problem that names both
        cells.
        """
        first = facts.setdefault((fact.kind, fact.unit, fact.subject), fact)
        if first is not fact and first.value != fact.value:
            details = {
                "value": self.workbook.all_units.loc[fact.unit, "label"],
                "other": first.cell,
            }
            problem = Problem(
                "form_differs", self.file, details=details, sheet=self.sheet.name, cell=fact.cell
            )
            self.made.problems.append(problem)

    def _tell(self, table, rows, values, facts, day, place, sheet):
        """What was understood of one table."""
        told, name = self.made.told, self.sheet.name
        last = max((head.column for head in table.heads), default=table.name)
        kinds = Counter(fact.kind for fact in facts.values())
        area = f"{place(table.top, 0)}:{place(table.end - 1, last)}"
        numbers = {
            "n": len({row.unit for row in rows.communes}),
            "states": kinds["criterion"],
            "values": kinds["indicator"],
        }
        told.append(
            ("form_table", {"sheet": name, "area": area, "counts": kinds["count"], **numbers})
        )
        told.append((self.set_from, {"set": self.workbook.law.sets[self.set_id].title}))
        if day:
            asked = day[1] == "form_day_asked"
            told.append(
                (
                    "form_day_asked" if asked else "form_day",
                    {
                        "day": {lang: write_date(day[0], lang) for lang in ("vi", "en")},
                        "words": day[1],
                    },
                )
            )
        columns = [h.subject for h in table.of("criterion", "indicator", "tick")]
        told.append(
            (
                "form_columns",
                {
                    "columns": ", ".join(
                        dict.fromkeys(columns or [h.text for h in table.of("count")])
                    )
                },
            )
        )
        if marks := values.marks:
            counted = Counter(marks).most_common(20)
            parts = [
                {lang: f"“{sign}” = {pick(STATE_WORDS[state], lang)}: {n}" for lang in ("vi", "en")}
                for (sign, state), n in counted
            ]
            told.append(
                (
                    "form_marks",
                    {
                        "parts": {
                            lang: "; ".join(part[lang] for part in parts) for lang in ("vi", "en")
                        }
                    },
                )
            )
        for head in table.of("other"):
            if all(
                head.column >= len(sheet.cells[r.row]) or sheet.cells[r.row][head.column] is None
                for r in rows.communes
            ):
                continue
            told.append(
                ("form_unused", {"cell": place(table.body - 1, head.column), "text": head.text})
            )
        for key, cells in rows.left_out.items():
            told.append((key, {"rows": "; ".join(cells)}))
        hidden = [place(r, table.name) for r in sorted(sheet.hidden) if table.body <= r < table.end]
        if hidden:
            told.append(("form_hidden", {"rows": ", ".join(hidden)}))
        communes = self.workbook.communes
        absent = communes.loc[~communes.index.isin([r.unit for r in rows.communes]), "name"]
        if len(absent):
            told.append(("form_absent", {"n": len(absent), "names": ", ".join(absent)}))

    def _enter(self, facts, day):
        """The facts as rows of their tables, and the file as their source."""
        source = f"{slug(Path(self.file).stem)[:40]}-{day}".strip("-")
        title = f"Tệp {self.file}, trang {self.sheet.name}, số liệu đến {write_date(day)}"
        mark = "illustrative" if self.workbook.illustrative else "reported"
        known = {"known_from": self.known_from or day, "source": source, "mark": mark}
        units = self.workbook.all_units
        for fact in facts:
            values = {
                "commune": units.loc[fact.unit, "code"],
                "set": self.set_id,
                "date": day,
                **fact.values(),
                **known,
            }
            self.made.entries.append(
                Entry(
                    TABLE_OF[fact.kind], values, self.sheet.name, dict.fromkeys(values, fact.cell)
                )
            )
        if not any(
            entry.table == "sources" and entry.values["id"] == source for entry in self.made.entries
        ):
            values = {"id": source, "short": self.file[:60], "title": title, "published": day}
            self.made.entries.append(
                Entry("sources", values, self.sheet.name, dict.fromkeys(values, "A1"))
            )


def told_lines(made: Understood, lang: str) -> list[str]:
    """What was understood, in sentences."""
    lines = []
    for key, values in made.told:
        said = {
            name: value[lang] if isinstance(value, dict) else f"{value}"
            for name, value in values.items()
        }
        lines.append(text(key, lang, **{name: shown(value, 2000) for name, value in said.items()}))
    return lines

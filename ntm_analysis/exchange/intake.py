"""A file taken into a data set: what it would change, checked as a whole, written, and told in
sentences.
"""

import datetime as dt
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..data import (
    CommuneNames,
    CurrentRow,
    IncomingRow,
    TableText,
    Workbook,
    cell_text,
    content_hash,
    current_rows,
    key_of,
    mark_of,
    sense,
)
from ..forecasts import contradictions
from ..language import printable, text, write_date
from ..tables import TABLE_KEYS, DataProblemsError, Problem, dictionary
from .form_reader import FormReading, read_forms, told_lines
from .sheets import read_book
from .template import called
from .template_reader import TemplateRows, is_template, template_rows

KINDS = ("added", "changed", "contradicting", "lost")
HOW_KNOWN = ("known_from", "source", "mark", "note")  # about the row, not about the fact
_FORMULA = re.compile(r"[=@\t\r]|[+-].*\|")


@dataclass(frozen=True)
class Change:
    """One row that is added (no ``present``), changed, contradicting, or lost (no ``entry``);
    ``cells``: old and new value.
    """

    kind: str
    table: str
    entry: IncomingRow | None
    present: CurrentRow | None
    cells: dict[str, tuple[object, object]] = field(default_factory=dict)
    newest: object = None  # contradicting for being older than this day


@dataclass
class Changes:
    """All changes in the order of the file; ``same``: rows that change nothing; ``stale``: rows
    left as the template gave them, while the data set changed or dropped them since (they stay as
    the data set has them).
    """

    rows: list[Change] = field(default_factory=list)
    same: int = 0
    stale: int = 0

    def of(self, kind: str, table: str | None = None) -> list[Change]:
        """The changes of one kind."""
        return [c for c in self.rows if c.kind == kind and table in (None, c.table)]


class _TableIntake:
    """The rows of a file for one table held against those that the data set has."""

    def __init__(self, intake, table):
        self.intake, self.table, self.columns = intake, table, dictionary(table)
        self.rows, self.changes = intake.present[table], intake.changes
        self.newest = {}
        if "date" in TABLE_KEYS[table]:
            for row in sorted(self.rows, key=lambda row: row.values["date"]):
                self.newest[self._subject(row.values)] = row.values

    def _subject(self, values):
        """What a dated fact is about: its key without the day."""
        parts = zip(
            TABLE_KEYS[self.table], key_of(self.table, values, self.intake.communes), strict=True
        )
        return tuple(part for name, part in parts if name != "date")

    def compare(self, entries, whole):
        """Each entry finds its row, or is new; then what no entry claims is lost."""
        marks = [mark_of(self.table, entry.values, self.intake.communes) for entry in entries]
        keys = list(map(_key, marks))
        claims = self._claims([_key(entry.key) for entry in entries], keys)
        seen = {}
        for n, entry in enumerate(entries):
            if (first := seen.setdefault(keys[n], n)) == n:
                self._one(entry, marks[n], claims.get(n))
            elif marks[first] == marks[n] and n not in claims:  # a copy is one row
                self.changes.same += 1
            else:
                self._twice(entries[first], entry)
        if whole:
            claimed = {id(row) for row in claims.values()}
            lost = [row for row in self.rows if id(row) not in claimed]
            self.changes.rows += [Change("lost", self.table, None, row) for row in lost]

    def _claims(self, hidden, keys):
        """Which row each entry is: of several copies of a mark the one that kept its key, then by
        key whatever is left.
        """
        claims, rows = {}, {_key(row.mark): row for row in self.rows}
        places = sorted(range(len(keys)), key=lambda n: hidden[n] != keys[n])
        for n, key in [*((n, hidden[n]) for n in places), *enumerate(keys)]:
            if n not in claims and key in rows:
                claims[n] = rows.pop(key)
        return claims

    def _one(self, entry, mark, row):
        if entry.key == mark and (row is None or row.mark != mark):
            self.changes.stale += 1
            return
        before = {} if row is None else row.values
        cells = {
            name: (before.get(name), value)
            for name, value in entry.values.items()
            if self._differ(name, before.get(name), value)
        }
        reported = row is not None and not entry.key and before.get("mark") == "reported"
        if not cells or (reported and cells.keys() <= {*HOW_KNOWN}):
            self.changes.same += 1
            return
        for name, (_, value) in cells.items():
            if isinstance(value, str) and _FORMULA.match(value):
                self._tell("formula_text", entry, name, value=value)
        newest = self._older(entry) if row is None else None
        kind = "added" if row is None else "changed"
        kind = "contradicting" if reported or newest else kind
        self.changes.rows.append(Change(kind, self.table, entry, row, cells, newest))

    def _older(self, entry):
        """The day of the newest fact of the table that this one is older than and different from;
        None when it is not.
        """
        values, newest = entry.values, self.newest.get(self._subject(entry.values))
        if newest and values.get("date") and values["date"] < newest["date"]:
            facts = values.keys() - {*TABLE_KEYS[self.table], *HOW_KNOWN}
            if any(self._differ(name, newest.get(name), values[name]) for name in facts):
                return newest["date"]
        return None

    def _differ(self, name, old, new):
        old, new = (sense(cell, self.columns[name], self.intake.communes) for cell in (old, new))
        return old != new

    def _twice(self, first, entry):
        """Two rows under one key that differ are an error."""
        key, values = TABLE_KEYS[self.table], entry.values
        parts = [self.columns[n].format(values[n]) for n in key if values.get(n) is not None]
        column = next(name for name in key if name in entry.cells)
        other = next(iter(first.cells.values()))
        self._tell("said_twice", entry, column, other=other, value=", ".join(parts))

    def _tell(self, code, entry, column, **details):
        place = {"sheet": entry.sheet, "cell": entry.cells.get(column)}
        place["names"] = {c.name: c.title for c in self.columns.values()}
        problem = Problem(code, self.intake.file, None, column, details, **place)
        self.intake.problems.append(problem)


def _key(mark):
    """The part of a row's mark that stands for its key."""
    return mark.split(".")[0]


@dataclass
class Intake:
    """What was understood of a file and what it would change; ``problems`` hold the warnings when
    there is no error.
    """

    workbook: Workbook
    file: str
    present: dict[str, list[CurrentRow]]
    communes: CommuneNames
    template: TemplateRows | None = None
    form: FormReading | None = None
    entries: list[IncomingRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)

    @property
    def outdated(self) -> bool:
        """Whether the data set was changed since the template was made."""
        return self.template is not None and self.template.content_hash != content_hash(
            self.workbook.path
        )

    @property
    def stranger(self) -> str:
        """The data set that the template was made from, where it is another one."""
        origin = self.template.dataset if self.template else ""
        return origin if origin != self.workbook.id else ""


def understand(
    path: Path, workbook: Workbook, date: dt.date | None = None, set_id: str = ""
) -> Intake:
    """Read a file and hold it against the data set; errors stand in ``problems``.

    Raises DataProblemsError for an unreadable file.

    A file that is no template is read as an office's form; ``date``, ``set_id``: see
    :func:`~ntm_analysis.exchange.form_reader.read_forms`.
    """
    sheets = read_book(path)
    intake = Intake(workbook, path.name, *current_rows(workbook))
    if is_template(sheets):
        style = workbook.meta["number_style"]
        intake.template = template_rows(sheets, path.name, style, intake.communes, intake.problems)
    else:
        intake.form = read_forms(sheets, workbook, path.name, date=date, set_id=set_id)
        intake.problems = intake.form.problems
    intake.entries = (intake.template or intake.form).entries
    whole = intake.template.sheets if intake.template else ()
    by_table = {table: [] for table in whole}
    for entry in intake.entries:
        by_table.setdefault(entry.table, []).append(entry)
    for table, entries in by_table.items():
        _TableIntake(intake, table).compare(entries, table in whole)
    return intake


def next_texts(
    intake: Intake, drop_lost: bool
) -> tuple[dict[str, str], dict[tuple[str, int], IncomingRow]]:
    """The files that change, as text, and the entry that each changed or added line of them comes
    from.
    """
    style, folder = intake.workbook.meta["number_style"], intake.workbook.path
    texts, origins = {}, {}
    for table in dict.fromkeys(change.table for change in intake.changes.rows):
        name = f"{table}.csv"
        path = folder / name
        text = TableText.read(path) if path.exists() else _new_table(folder, table)
        columns, added, changed = dictionary(table), [], {}
        like = text.manners()
        for change in intake.changes.rows:
            if change.table != table or (change.kind == "lost" and not drop_lost):
                continue
            if change.entry is None:
                text.drop(change.present.line)
                continue
            cells = {
                column: cell_text(new, columns[column], style, like.get(column, ""))
                for column, (_, new) in change.cells.items()
            }
            if change.present is None:
                text.add(cells)
                added.append(change.entry)
            else:
                text.change(change.present.line, cells)
                changed[change.present.line] = change.entry
        now_at, new_lines = text.places()
        origins |= {(name, now_at[line]): entry for line, entry in changed.items()}
        origins |= {(name, line): entry for line, entry in zip(new_lines, added, strict=True)}
        if (new := text.text()) != _whole(path):
            texts[name] = new
    return texts, origins


def check(
    intake: Intake, texts: dict[str, str], origins: dict, folder: Path | None = None
) -> Workbook | None:
    """Open the next version (in ``folder``, else its files laid over the present ones); raises
    DataProblemsError with all problems of file and version, those of the version at the sheet and
    cell that they come from.
    """
    errors = [p for p in intake.problems if not p.warning]
    spoilt = {(p.sheet, p.cell) for p in errors}
    try:
        if folder is not None:
            opened = Workbook.open(folder)
        else:
            with tempfile.TemporaryDirectory() as place:
                for name, text in texts.items():
                    (Path(place) / name).write_bytes(text.encode("utf-8"))
                opened = Workbook.open(intake.workbook.path, over=Path(place))
    except DataProblemsError as error:
        for problem in error.problems:
            entry = origins.get((problem.file, problem.row))
            if entry is None or not spoilt & {(entry.sheet, cell) for cell in entry.cells.values()}:
                errors.append(problem_at_cell(problem, entry, intake))
        raise DataProblemsError([*errors, *(p for p in intake.problems if p.warning)]) from None
    if errors:
        raise DataProblemsError(intake.problems)
    return opened


def problem_at_cell(problem: Problem, entry: IncomingRow | None, intake: Intake) -> Problem:
    """A problem of the next version, at the sheet and cell that it comes from and in the words of
    the heads there.
    """
    if entry is None:
        return problem
    cell = entry.cells.get(problem.column or "") or next(iter(entry.cells.values()), None)
    names = called(entry.table, intake.template.sheets if intake.template else None)
    return replace(problem, file=intake.file, row=None, sheet=entry.sheet, cell=cell, names=names)


def _new_table(folder, table):
    """A table that has no file yet, in the manner of units.csv."""
    units = TableText.read(folder / "units.csv")
    return TableText(units.separator.join(dictionary(table)) + units.end, units.bom)


def _whole(path):
    return path.read_bytes().decode("utf-8") if path.exists() else ""


MOST_CHANGES_SHOWN = 40  # changes of a table that are told one by one


def understood_lines(intake: Intake, lang: str) -> list[str]:
    """What the file is: its sheets, tables and rows, and whether it fits the data set."""
    template, rows = intake.template, len(intake.entries)
    lines = [
        text(
            "import_file",
            lang,
            file=printable(intake.file),
            place=intake.workbook.meta["title"][lang],
        )
    ]
    if template is None:
        return [*lines, *told_lines(intake.form, lang)]
    count = Counter(entry.table for entry in intake.entries)
    lines.append(text("import_template", lang, sheets=len(template.sheets), rows=rows))
    lines += [
        text(
            "import_sheet",
            lang,
            sheet=printable(sheet),
            table=f"{table}.csv",
            n=count[table],
        )
        for table, sheet in template.sheets.items()
        if count[table]
    ]
    if intake.stranger:
        lines.append(
            text("import_stranger", lang, origin=printable(intake.stranger), id=intake.workbook.id)
        )
    elif intake.outdated:
        lines.append(text("import_outdated", lang, n=intake.changes.stale))
    return lines


def change_lines(intake: Intake, lang: str, full: bool = False) -> list[str]:
    """The changes by table and kind; of a table at most :data:`MOST_CHANGES_SHOWN`, or (``full``)
    all of them.
    """
    changes = intake.changes
    if not changes.rows:
        return [text("import_no_change", lang, n=changes.same)]
    lines = []
    for table in dict.fromkeys(change.table for change in changes.rows):
        counts = {kind: len(changes.of(kind, table)) for kind in KINDS}
        title = text(f"sheet_{table}", lang)
        lines.append(text("import_table", lang, table=title, file=f"{table}.csv", **counts))
        listed = [
            change
            for kind in ("contradicting", "changed", "added", "lost")
            for change in changes.of(kind, table)
        ]
        first = listed if full else listed[:MOST_CHANGES_SHOWN]
        lines += [f"    {line}" for change in first for line in _change(change, intake, lang)]
        if more := len(listed) - len(first):
            lines.append("    " + text("import_more", lang, n=more))
    as_of = intake.workbook.as_of
    later = [
        day
        for c in changes.rows
        if c.entry and c.cells and (day := c.entry.values.get("known_from")) and day > as_of
    ]
    if later:
        words = {"as_of": write_date(as_of, lang), "day": write_date(max(later), lang)}
        lines.append(text("import_later", lang, n=len(later), **words))
    if lost := len(changes.of("lost")):
        lines.append(text("import_lost_kept", lang, n=lost))
    return lines


def _change(change, intake, lang):
    columns = dictionary(change.table)
    row = (change.present or change.entry).values
    words = {"about": _about(change.table, row, intake, lang)}
    words["sign"] = text(f"import_kind_{change.kind}", lang)
    if change.entry is None:
        return [text("import_row_lost", lang, line=change.present.line, **words)]
    place = f"{printable(change.entry.sheet)}!{next(iter(change.entry.cells.values()), '')}"
    if change.present is None:
        facts = "; ".join(
            f"{_title(columns[n], lang)}: {_value(new, columns[n], lang)}"
            for n, (_, new) in change.cells.items()
            if n not in (*TABLE_KEYS[change.table], *HOW_KNOWN) and new is not None
        )
        day = write_date(change.newest, lang) if change.newest else ""
        older = text("import_older", lang, day=day) if day else ""
        return [text("import_row_added", lang, facts=facts, place=place, **words) + older]
    return [
        text(
            "import_cell",
            lang,
            column=_title(columns[name], lang),
            old=_value(old, columns[name], lang),
            new=_value(new, columns[name], lang),
            place=f"{printable(change.entry.sheet)}!{change.entry.cells.get(name, '')}",
            **words,
        )
        for name, (old, new) in change.cells.items()
    ]


def _about(table, row, intake, lang):
    """What a row is about: the commune first, then the rest of its key."""
    columns = dictionary(table)
    parts = []
    for name in sorted(TABLE_KEYS[table], key=lambda name: name != "commune"):
        value = row.get(name)
        if value is None:
            continue
        if name == "commune":
            code = intake.communes.key(value)
            parts.append(printable(intake.communes.names.get(code, value)))
        elif name in ("criterion", "indicator", "month"):
            parts.append(f"{_title(columns[name], lang)} {_value(value, columns[name], lang)}")
        else:
            parts.append(_value(value, columns[name], lang))
    return ", ".join(parts)


def _title(column, lang):
    """A column's name without what its head explains in brackets; the code name where the head only
    lists choices.
    """
    if column.name == "state":
        return text("import_column_state", lang)
    head = (column.vi if lang == "vi" else column.en).split(" (")[0].split(":")[0]
    return column.name if " / " in head else head


def _value(value, column, lang):
    if value is None:
        return text("import_blank", lang)
    return printable(column.format(value, lang), 80)


def rows_of_the_future(intake: Intake, lang: str) -> list[Problem]:
    """An error at the first row whose day lies after today."""
    for row in intake.entries:
        day = row.values.get("date")
        if isinstance(day, dt.date) and day > dt.date.today():
            details = {"day": write_date(day, lang)}
            cell = row.cells.get("date")
            return [
                Problem("form_future", intake.file, None, None, details, False, row.sheet, cell)
            ]
    return []


def new_contradictions(before: Workbook, after: Workbook) -> list[Problem]:
    """Those of a change: rows may have moved, so that a contradiction is known by what it says."""

    def says(problem):
        return problem.code, problem.file, tuple(problem.details.items())

    known = {says(problem) for problem in contradictions(before)}
    return [problem for problem in contradictions(after) if says(problem) not in known]

"""A file taken into a data set: what it would change, checked as a whole, written, and told in
sentences.
"""

import datetime as dt
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..data import (
    Communes,
    Entry,
    PresentRow,
    TableText,
    Workbook,
    content_hash,
    key_of,
    mark_of,
    present_rows,
    sense,
    written,
)
from ..language import text, write_date
from ..tables import KEYS, DataProblems, Problem, dictionary, shown
from .form_reader import Understood, read_forms, told_lines
from .sheets import Sheet, read_book
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
    entry: Entry | None
    present: PresentRow | None
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


def compare(
    entries: Iterable[Entry],
    present: dict[str, list[PresentRow]],
    whole: Iterable[str],
    communes: Communes,
    file: str,
    problems: list[Problem],
) -> Changes:
    """The changes that ``entries`` make to ``present``; ``whole``: the tables that the file means
    to give in full.
    """
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
                self._twice(
                    told[first], entry, same=marks[first] == marks[n] and claims.get(n) is None
                )
                continue
            self._one(entry, marks[n], claims.get(n))
        if whole:
            claimed = {id(row) for row in claims.values()}
            lost = [row for row in self.rows if id(row) not in claimed]
            self.made.rows += [Change("lost", self.table, None, row) for row in lost]

    def _claims(self, told, marks):
        """Which row each entry is: of several copies of a mark the one that kept its key, then by
        key whatever is left.
        """
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
            name: (before.get(name), value)
            for name, value in entry.values.items()
            if self._differ(name, before.get(name), value)
        }
        facts = [name for name in cells if name not in HOW_KNOWN]
        told_again = (
            row is not None and not entry.key and row.values.get("mark") == "reported" and not facts
        )
        if not cells or told_again:
            self.made.same += 1
            return
        for name, (_, value) in cells.items():
            if isinstance(value, str) and _FORMULA.match(value):
                self._tell("formula_text", entry, name, value=value)
        kind, newest = "added" if row is None else "changed", None
        if (
            row is not None and not entry.key and row.values.get("mark") == "reported" and facts
        ) or (row is None and self.newest and (newest := self._older(entry))):
            kind = "contradicting"
        self.made.rows.append(Change(kind, self.table, entry, row, cells, newest))

    def _older(self, entry):
        """The day of the newest fact of the table that this one is older than and different from;
        None when it is not.
        """
        values = entry.values
        found = self.newest.get(_subject(self.table, values, self.communes))
        if found is None or not values.get("date") or values["date"] >= found["date"]:
            return None
        facts = [name for name in values if name not in (*KEYS[self.table], *HOW_KNOWN)]
        return (
            found["date"]
            if any(self._differ(name, found.get(name), values[name]) for name in facts)
            else None
        )

    def _differ(self, name, old, new):
        return sense(old, self.columns[name], self.communes) != sense(
            new, self.columns[name], self.communes
        )

    def _twice(self, first, entry, same):
        """Two rows under one key: a copy is one row, anything else is an error."""
        if same:
            self.made.same += 1
            return
        key = KEYS[self.table]
        said = {name: entry.values[name] for name in key if entry.values.get(name) is not None}
        about = ", ".join(self.columns[name].written(value) for name, value in said.items())
        self._tell(
            "said_twice",
            entry,
            next(n for n in key if n in entry.cells),
            other=next(iter(first.cells.values())),
            value=about,
        )

    def _tell(self, code, entry, column, **details):
        cell, names = entry.cells.get(column), {c.name: c.title for c in self.columns.values()}
        problem = Problem(
            code, self.file, None, column, details, sheet=entry.sheet, cell=cell, names=names
        )
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


@dataclass
class Intake:
    """What was understood of a file and what it would change; ``problems`` hold the warnings when
    there is no error.
    """

    workbook: Workbook
    file: str
    sheets: list[Sheet]
    present: dict[str, list[PresentRow]]
    communes: Communes
    template: TemplateRows | None = None
    form: Understood | None = None
    entries: list[Entry] = field(default_factory=list)
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
        made_of = self.template.dataset if self.template else ""
        return made_of if made_of != self.workbook.id else ""


def understand(
    path: Path, workbook: Workbook, date: dt.date | None = None, set_id: str = ""
) -> Intake:
    """Read a file and hold it against the data set; errors stand in ``problems``.

    Raises DataProblems for an unreadable file.

    A file that is no template is read as an office's form; ``date``, ``set_id``: see
    :func:`forms.read_forms`.
    """
    sheets = read_book(path)
    present, communes = present_rows(workbook)
    made = Intake(workbook, path.name, sheets, present, communes)
    if is_template(sheets):
        made.template = template_rows(
            sheets, path.name, workbook.meta["number_style"], communes, made.problems
        )
        made.entries = made.template.entries
    else:
        made.form = read_forms(sheets, workbook, path.name, date=date, set_id=set_id)
        made.entries, made.problems = made.form.entries, list(made.form.problems)
    whole = made.template.sheets if made.template else ()
    made.changes = compare(made.entries, present, whole, communes, path.name, made.problems)
    return made


def next_texts(
    intake: Intake, drop_lost: bool
) -> tuple[dict[str, str], dict[tuple[str, int], Entry]]:
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
                column: written(new, columns[column], style, like.get(column, ""))
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
        if (made := text.text()) != _whole(path):
            texts[name] = made
    return texts, origins


def check(
    intake: Intake, texts: dict[str, str], origins: dict, folder: Path | None = None
) -> Workbook | None:
    """Open the next version (in ``folder``, else its files laid over the present ones); raises
    DataProblems with all problems of file and version, those of the version at the sheet and cell
    that they come from.
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
    except DataProblems as error:
        for problem in error.problems:
            entry = origins.get((problem.file, problem.row))
            if entry is None or not spoilt & {(entry.sheet, cell) for cell in entry.cells.values()}:
                errors.append(placed(problem, entry, intake))
        raise DataProblems([*errors, *(p for p in intake.problems if p.warning)]) from None
    if errors:
        raise DataProblems(intake.problems)
    return opened


def placed(problem: Problem, entry: Entry | None, intake: Intake) -> Problem:
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


MOST = 40  # changes of a table that are told one by one


def understood_lines(intake: Intake, lang: str) -> list[str]:
    """What the file is: its sheets, tables and rows, and whether it fits the data set."""
    template, rows = intake.template, len(intake.entries)
    lines = [
        text(
            "import_file", lang, file=shown(intake.file), place=intake.workbook.meta["title"][lang]
        )
    ]
    if template is None:
        return [*lines, *told_lines(intake.form, lang)]
    count = {}
    for entry in intake.entries:
        count[entry.table] = count.get(entry.table, 0) + 1
    lines.append(text("import_template", lang, sheets=len(template.sheets), rows=rows))
    lines += [
        text("import_sheet", lang, sheet=shown(sheet), table=f"{table}.csv", n=count.get(table, 0))
        for table, sheet in template.sheets.items()
        if count.get(table)
    ]
    if intake.stranger:
        lines.append(
            text("import_stranger", lang, made=shown(intake.stranger), id=intake.workbook.id)
        )
    elif intake.outdated:
        lines.append(text("import_outdated", lang, n=intake.changes.stale))
    return lines


def change_lines(intake: Intake, lang: str, most: int | None = MOST) -> list[str]:
    """The changes by table and kind; ``most`` None tells them all."""
    changes = intake.changes
    if not changes.rows:
        return [text("import_no_change", lang, n=changes.same)]
    lines = []
    for table in dict.fromkeys(change.table for change in changes.rows):
        counts = {kind: len(changes.of(kind, table)) for kind in KINDS}
        lines.append(
            text(
                "import_table",
                lang,
                table=text(f"sheet_{table}", lang),
                file=f"{table}.csv",
                **counts,
            )
        )
        told = [
            change
            for kind in ("contradicting", "changed", "added", "lost")
            for change in changes.of(kind, table)
        ]
        lines += [line for change in told[:most] for line in _change(change, intake, lang)]
        if most is not None and len(told) > most:
            lines.append("    " + text("import_more", lang, n=len(told) - most))
    as_of = intake.workbook.as_of
    later = [
        c
        for c in changes.rows
        if c.entry and c.cells and (c.entry.values.get("known_from") or as_of) > as_of
    ]
    if later:
        day = max(change.entry.values["known_from"] for change in later)
        lines.append(
            text(
                "import_later",
                lang,
                n=len(later),
                as_of=write_date(as_of, lang),
                day=write_date(day, lang),
            )
        )
    if changes.of("lost"):
        lines.append(text("import_lost_kept", lang, n=len(changes.of("lost"))))
    return lines


def _change(change, intake, lang):
    columns = dictionary(change.table)
    row = change.present.values if change.present else change.entry.values
    about = _about(change.table, row, intake, lang)
    sign = text(f"import_kind_{change.kind}", lang)
    if change.entry is None:
        return [
            "    " + text("import_row_lost", lang, sign=sign, about=about, line=change.present.line)
        ]
    place = f"{shown(change.entry.sheet)}!{next(iter(change.entry.cells.values()), '')}"
    if change.present is None:
        said = "; ".join(
            f"{_title(columns[n], lang)}: {_value(new, columns[n], lang)}"
            for n, (_, new) in change.cells.items()
            if n not in (*KEYS[change.table], *HOW_KNOWN) and new is not None
        )
        older = (
            text("import_older", lang, day=write_date(change.newest, lang)) if change.newest else ""
        )
        return [
            "    "
            + text("import_row_added", lang, sign=sign, about=about, said=said, place=place)
            + older
        ]
    return [
        "    "
        + text(
            "import_cell",
            lang,
            sign=sign,
            about=about,
            column=_title(columns[name], lang),
            old=_value(old, columns[name], lang),
            new=_value(new, columns[name], lang),
            place=f"{shown(change.entry.sheet)}!{change.entry.cells.get(name, '')}",
        )
        for name, (old, new) in change.cells.items()
    ]


def _about(table, row, intake, lang):
    """What a row is about: the commune first, then the rest of its key."""
    columns = dictionary(table)
    parts = []
    for name in sorted(KEYS[table], key=lambda name: name != "commune"):
        value = row.get(name)
        if value is None:
            continue
        if name == "commune":
            code = intake.communes.key(value)
            parts.append(shown(intake.communes.names.get(code, value)))
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
    return shown(column.written(value, lang), 80)

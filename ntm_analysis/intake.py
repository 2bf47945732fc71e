"""A file taken into a data set: understood, held against what is there, checked as a whole, written all or nothing."""

import datetime as dt
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from .changes import Changes, compare
from .dictionary import dictionary
from .entries import Entry
from .forms import Understood, read_forms
from .present import PresentRow, present_rows
from .problems import DataProblems, Problem
from .row_identity import Communes
from .sheets import Sheet, read_book
from .table_text import TableText, written
from .template_form import called
from .template_rows import TemplateRows, is_template, template_rows
from .workbook import Workbook, content_hash


@dataclass
class Intake:
    """What was understood of a file and what it would change; ``problems`` hold the warnings when there is no error."""

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
        return self.template is not None and self.template.content_hash != content_hash(self.workbook.path)

    @property
    def stranger(self) -> str:
        """The data set that the template was made from, where it is another one."""
        made_of = self.template.dataset if self.template else ""
        return made_of if made_of != self.workbook.id else ""


def understand(path: Path, workbook: Workbook, date: dt.date | None = None, set_id: str = "") -> Intake:
    """Read a file and hold it against the data set; errors stand in ``problems``. Raises DataProblems for an unreadable file.

    A file that is no template is read as an office's form; ``date``, ``set_id``: see :func:`forms.read_forms`.
    """
    sheets = read_book(path)
    present, communes = present_rows(workbook)
    made = Intake(workbook, path.name, sheets, present, communes)
    if is_template(sheets):
        made.template = template_rows(sheets, path.name, workbook.meta["number_style"], communes, made.problems)
        made.entries = made.template.entries
    else:
        made.form = read_forms(sheets, workbook, path.name, date=date, set_id=set_id)
        made.entries, made.problems = made.form.entries, list(made.form.problems)
    whole = made.template.sheets if made.template else ()
    made.changes = compare(made.entries, present, whole, communes, path.name, made.problems)
    return made


def next_texts(intake: Intake, drop_lost: bool) -> tuple[dict[str, str], dict[tuple[str, int], Entry]]:
    """The files that change, as text, and the entry that each changed or added line of them comes from."""
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
                column: written(new, columns[column], style, like.get(column, "")) for column, (_, new) in change.cells.items()
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


def check(intake: Intake, texts: dict[str, str], origins: dict, folder: Path | None = None) -> Workbook | None:
    """Open the next version (in ``folder``, else its files laid over the present ones); raises DataProblems with all problems of
    file and version, those of the version at the sheet and cell that they come from."""
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
    """A problem of the next version, at the sheet and cell that it comes from and in the words of the heads there."""
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

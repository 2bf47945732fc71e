"""What an import understood and would change, in sentences: one line a change, by table."""

from .changes import HOW_KNOWN, KINDS
from .dictionary import KEYS, dictionary
from .forms import told_lines
from .intake import Intake
from .office_numbers import write_date
from .problems import shown
from .words import text

MOST = 40  # changes of a table that are told one by one


def understood_lines(intake: Intake, lang: str) -> list[str]:
    """What the file is: its sheets, tables and rows, and whether it fits the data set."""
    template, rows = intake.template, len(intake.entries)
    lines = [text("import_file", lang, file=shown(intake.file), place=intake.workbook.meta["title"][lang])]
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
        lines.append(text("import_stranger", lang, made=shown(intake.stranger), id=intake.workbook.id))
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
        lines.append(text("import_table", lang, table=text(f"sheet_{table}", lang), file=f"{table}.csv", **counts))
        told = [change for kind in ("contradicting", "changed", "added", "lost") for change in changes.of(kind, table)]
        lines += [line for change in told[:most] for line in _change(change, intake, lang)]
        if most is not None and len(told) > most:
            lines.append("    " + text("import_more", lang, n=len(told) - most))
    as_of = intake.workbook.as_of
    later = [c for c in changes.rows if c.entry and c.cells and (c.entry.values.get("known_from") or as_of) > as_of]
    if later:
        day = max(change.entry.values["known_from"] for change in later)
        lines.append(text("import_later", lang, n=len(later), as_of=write_date(as_of, lang), day=write_date(day, lang)))
    if changes.of("lost"):
        lines.append(text("import_lost_kept", lang, n=len(changes.of("lost"))))
    return lines


def _change(change, intake, lang):
    columns = dictionary(change.table)
    row = change.present.values if change.present else change.entry.values
    about = _about(change.table, row, intake, lang)
    sign = text(f"import_kind_{change.kind}", lang)
    if change.entry is None:
        return ["    " + text("import_row_lost", lang, sign=sign, about=about, line=change.present.line)]
    place = f"{shown(change.entry.sheet)}!{next(iter(change.entry.cells.values()), '')}"
    if change.present is None:
        said = "; ".join(
            f"{_title(columns[n], lang)}: {_value(new, columns[n], lang)}"
            for n, (_, new) in change.cells.items()
            if n not in (*KEYS[change.table], *HOW_KNOWN) and new is not None
        )
        older = text("import_older", lang, day=write_date(change.newest, lang)) if change.newest else ""
        return ["    " + text("import_row_added", lang, sign=sign, about=about, said=said, place=place) + older]
    return [
        "    " + text(
            "import_cell", lang, sign=sign, about=about, column=_title(columns[name], lang), old=_value(old, columns[name], lang),
            new=_value(new, columns[name], lang), place=f"{shown(change.entry.sheet)}!{change.entry.cells.get(name, '')}",
        )
        for name, (old, new) in change.cells.items()
    ]  # fmt: skip


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
    """A column's name without what its head explains in brackets; the code name where the head only lists choices."""
    if column.name == "state":
        return text("import_column_state", lang)
    head = (column.vi if lang == "vi" else column.en).split(" (")[0].split(":")[0]
    return column.name if " / " in head else head


def _value(value, column, lang):
    if value is None:
        return text("import_blank", lang)
    return shown(column.written(value, lang), 80)

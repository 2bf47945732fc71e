"""What a change of units did to a data set: settings of the new one, sentences, and its table ``chuyen-doi.csv``."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from .exports import plain_text
from .names import slug
from .new_dataset import law_place
from .office_numbers import write_date
from .rebasing import OUTCOMES, Rebased
from .unit_changes import VERDICTS, recognition_words
from .words import MARK_WORDS, STATE_WORDS, listed, pick, text
from .workbook import Workbook

REPORT = "chuyen-doi.csv"


def new_meta(workbook: Workbook, folder: Path) -> dict:
    """The settings of a data set carried over, into ``folder``, to the units of the day that ``workbook`` was opened as of."""
    law, day = workbook.law_folder, workbook.as_of
    return dict(workbook.meta) | {
        "id": slug(folder.name),
        "title": {
            lang: text("rebase_title", lang, title=workbook.meta["title"][lang], day=write_date(day, lang))
            for lang in ("vi", "en")
        },
        "as_of": {"date": day, "mark": "illustrative" if workbook.illustrative else "assumed"},
        "criteria": law_place(law, folder),
    }


def standing_lines(workbook: Workbook, made: Rebased, lang: str) -> list[str]:
    """Which new communes stand and which are judged anew, the question of the meeting, in the order of the units."""
    table, names = made.standing, workbook.all_units["name"]
    same = [unit for unit in workbook.communes.index if unit not in table.index]
    lines = [text("rebase_standing", lang, n=len(workbook.communes), day=write_date(workbook.as_of, lang))]
    for verdict in VERDICTS:
        rows = table[table["verdict"] == verdict]
        if len(rows):
            lines.append("  " + text(f"rebase_group_{verdict}", lang, n=len(rows), names=listed(names[rows.index], lang)))
        for unit, row in rows.iterrows() if verdict in ("all", "judge") else ():
            lines.append("    " + recognition_words(workbook, unit, row, lang))
    if same:
        lines.append("  " + text("rebase_group_same", lang, n=len(same)))
    return lines


def account_lines(made: Rebased, lang: str) -> Iterator[str]:
    """For every table with rows: how many were carried, merged, left behind and why; what was made of them."""
    fresh = made.made.groupby("table").size()
    yield text("rebase_account", lang)
    for name, rows in made.account.groupby("table", sort=False):
        counts = rows["outcome"].value_counts()
        parts = ", ".join(f"{counts[o]} {text(f'rebase_{o}', lang)}" for o in OUTCOMES if counts.get(o))
        parts += f" → {fresh[name]} {text('rebase_made', lang)}" if fresh.get(name) else ""
        yield f"  {name}.csv: {parts}"
        for why, n in rows.loc[rows["outcome"] == "left", "why"].value_counts().items():
            yield f"    - {n}: {text(f'rebase_why_{why}', lang)}"
    for name in fresh.index.difference(made.account["table"]):
        yield f"  {name}.csv: {fresh[name]} {text('rebase_made', lang)}"


def report_csv(workbook: Workbook, made: Rebased, lang: str) -> bytes:
    """``chuyen-doi.csv``: for each new unit its parts and what recognition means, each value made (from which parts, by which
    rule), and each row of an old unit (where it went, or why it stayed). Text is never a formula."""
    units = workbook.all_units
    label = units["label"].to_dict() | {-1: ""}
    rows = [
        [text(f"rebase_head_{head}", lang) for head in ("table", "row", "old", "new", "outcome", "what", "value", "how", "mark")]
    ]
    for unit, row in made.standing.iterrows():
        old = "; ".join(label[part] for part in row["parts"])
        mark = pick(MARK_WORDS["reported" if (made.link.mark[row["parts"]] == "reported").all() else "assumed"], lang)
        why = recognition_words(workbook, unit, row, lang)
        rows.append(["recognitions.csv", "", old, label[unit], text("rebase_judged", lang), "", "", why, mark])
    for row in made.made.itertuples():
        value = pick(STATE_WORDS[row.value], lang) if row.value in STATE_WORDS else row.value
        rows.append([f"{row.table}.csv", "", row.parts, label[row.unit], text("rebase_made", lang), row.what, value, row.note,
                     pick(MARK_WORDS[row.mark], lang)])  # fmt: skip
    for row in made.account[made.account["why"] != "same"].itertuples():
        rows.append([f"{row.table}.csv", row.row, label[row.unit], label[row.into], text(f"rebase_{row.outcome}", lang), "", "",
                     text(f"rebase_why_{row.why}", lang), ""])  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([plain_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")

"""The form of the Excel template: its sheets, heads, hidden codes and example rows, to write it and to read it back.

A sheet of a table, from the top: title, hint, the hidden row of code names, the example row, the heads, the rows. Its first
column is hidden: it says what each of these lines is, and carries the mark of each row (:mod:`ntm_analysis.row_identity`).
"""

import re
from collections.abc import Mapping

from .dictionary import ORDER, Column, dictionary, sheet_name
from .words import text

LISTS = "Danh mục"  # the hidden sheet of what drop-down lists offer
FILE_MARK = "#ntm"  # first cell of the instruction sheet; data set and content hash stand to its right
CODES, EXAMPLE, HEADS = "#ntm-codes", "#ntm-example", "#ntm-heads"  # in the hidden column of a table's sheet
_LIKE = {"criterion": "2", "date": "31/3/2022", "month": "3/2022", "integer": "12", "number": "12,5", "test": "17.1"}
LEAD = 2  # the hidden marks and "TT" stand before the table's own columns


def head(column: Column) -> str:
    """The head of a column: its Vietnamese name, unit of measure, a star where it must be filled.

    >>> head(dictionary("debts")["amount"])
    'Nợ đọng xây dựng cơ bản (triệu đồng) *'
    """
    named = re.sub(r"(\w+)\.csv", lambda file: f"trang {sheet_name(file[1])}", column.vi)
    return named + (f" ({column.unit})" if column.unit else "") + (" *" if column.required else "")


def called(table: str, sheets: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the workbook calls the columns of a table and, by "<table>.csv", the sheets; ``sheets``: those that were renamed.

    >>> names = called("progress")
    >>> names["known_from"], names["works.csv"]
    ('Ngày được biết', 'Công trình của xã')
    """
    named = {f"{name}.csv": sheet_name(name) for name in ORDER} | {f"{name}.csv": sheet for name, sheet in (sheets or {}).items()}
    return named | {column.name: column.title for column in dictionary(table).values()}


def explained(column: Column) -> str:
    """The note on a head: code name, what may be written."""
    parts = [text("template_note_name", "vi", code=column.name)]
    if column.allowed:
        parts.append(text("template_note_choice", "vi", words="; ".join(column.allowed.values())))
    if column.low is not None and column.high is not None:
        parts.append(text("template_note_range", "vi", low=f"{column.low:g}", high=f"{column.high:g}"))
    if column.type in ("date", "month", "code", "source", "unit", "test", "set"):
        parts.append(text(f"template_note_{column.type}", "vi"))
    parts.append(text("template_note_required" if column.required else "template_note_optional", "vi"))
    return "\n".join(parts)


def example(table: str) -> list[str]:
    """The cells of the example row, below "Ví dụ": how each kind of cell is written; never imported.

    >>> example("criterion_states")[:5]
    ['(tên xã)', '(mã bộ tiêu chí)', '2', '31/3/2022', 'đạt']
    """
    return [_example(column) for column in dictionary(table).values()]


def _example(column):
    if column.allowed:
        return next(iter(column.allowed.values()))
    if column.name == "year" or column.name.endswith("_year"):
        return "2022"
    return _LIKE.get(column.type) or text(f"template_like_{column.type}", "vi")

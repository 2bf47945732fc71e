"""Files that offices send and get: the Excel template, forms of their own, the office workbook, a
change of units.

``understand`` holds a file against the data set, ``next_texts`` and ``check`` give what it would
become, as a whole or not at all; ``template_book`` and ``office_workbook`` write; ``rebase``
carries a data set over to the units of a later day.
"""

from .intake import (
    change_lines,
    check,
    new_contradictions,
    next_texts,
    problem_at_cell,
    rows_of_the_future,
    understand,
    understood_lines,
)
from .office_tables import office_workbook
from .rebase import REBASE_REPORT, account_lines, new_meta, rebase, report_csv, standing_lines
from .template import template_book

__all__ = [
    "REBASE_REPORT",
    "account_lines",
    "change_lines",
    "check",
    "new_contradictions",
    "new_meta",
    "next_texts",
    "office_workbook",
    "problem_at_cell",
    "rebase",
    "report_csv",
    "rows_of_the_future",
    "standing_lines",
    "template_book",
    "understand",
    "understood_lines",
]

"""Files that offices send and get: the Excel template, forms of their own, the office workbook, a
change of units.

``intake`` takes a file in as a whole or not at all; ``template`` and ``office_tables`` make files;
``rebase`` carries a data set over to the units of a later day.
"""

from .intake import (
    MOST,
    change_lines,
    check,
    new_contradictions,
    next_texts,
    placed,
    rows_of_the_future,
    understand,
    understood_lines,
)
from .office_tables import exported
from .rebase import REPORT, account_lines, new_meta, rebase, report_csv, standing_lines
from .template import template_book

__all__ = [
    "MOST",
    "REPORT",
    "account_lines",
    "change_lines",
    "check",
    "exported",
    "new_contradictions",
    "new_meta",
    "next_texts",
    "placed",
    "rebase",
    "report_csv",
    "rows_of_the_future",
    "standing_lines",
    "template_book",
    "understand",
    "understood_lines",
]

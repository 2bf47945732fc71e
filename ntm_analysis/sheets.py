"""STAND-IN of b's module."""

from dataclasses import dataclass, field
from pathlib import Path

import python_calamine
import xlsxwriter.utility

from .problems import DataProblems, Problem


@dataclass(frozen=True)
class Sheet:
    name: str
    cells: list[list[object]]
    merged: list = field(default_factory=list)
    hidden: frozenset = frozenset()
    unsaved: frozenset = frozenset()


def cell_name(row, column):
    return xlsxwriter.utility.xl_rowcol_to_cell(row, column)


def read_book(path: Path):
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            return [
                Sheet(
                    n,
                    [
                        [None if c == "" else c for c in r]
                        for r in book.get_sheet_by_name(n).to_python(skip_empty_area=False)
                    ],
                )
                for n in book.sheet_names
            ]
    except python_calamine.CalamineError:
        raise DataProblems([Problem("unopened_file", path.name)]) from None

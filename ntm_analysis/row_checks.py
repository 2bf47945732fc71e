"""How a check of tables tells of the rows that are wrong, each with the words of its own cells."""

import string
from collections.abc import Callable, Iterable

import pandas as pd

from .office_numbers import write_date, write_figure, write_month
from .problems import Problem


class RowWords(string.Formatter):
    """Words with the cells of a row: ``{value:figure}`` and ``{date:day}`` as offices write them, "?" for an empty cell.

    >>> RowWords().vformat("{indicator}: {value:figure}", (), {"indicator": "17.1", "value": 1234.5})
    '17.1: 1.234,5'
    """

    def format_field(self, value: object, format_spec: str) -> str:
        """One cell in its words."""
        if format_spec and pd.isna(value):
            return "?"
        written = {"figure": write_figure, "day": write_date, "month": write_month}.get(format_spec)
        return written(value) if written else super().format_field(value, format_spec)


def teller(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> Callable[..., None]:
    """What a check calls with a table, the rows that are wrong, the problem's code, the column and the details of its message.

    A detail is text with cells in braces (:class:`RowWords`), a list of names, a column of words or figures beside those of the
    table, or a function of the row that gives words or names. A row is passed over where the cell of ``column`` or ``also`` could
    not be read: its own problem tells.
    """
    spoilt = {(p.file, p.row, p.column) for p in problems}

    def bad(name, rows, code, column, also="", **details):
        file = f"{name}.csv"
        for _, row in tables[name][rows].iterrows():
            if not spoilt & {(file, row["row"], column), (file, row["row"], also)}:
                told = {key: _words(detail, row) for key, detail in details.items()}
                problems.append(Problem(code, file, int(row["row"]), column, told))

    return bad


def _words(detail, row):
    if isinstance(detail, str):
        return RowWords().vformat(detail, (), row)
    if isinstance(detail, pd.Series):
        said = detail[row.name]
        return said if isinstance(said, str) else RowWords().format_field(said, "figure")
    said = detail(row) if callable(detail) else detail
    return ", ".join(said) if isinstance(said, Iterable) and not isinstance(said, str) else said

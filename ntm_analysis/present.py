"""The rows that a data set has at present: all of them, typed, with the line and the text they stand in."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from .dictionary import TABLES
from .problems import DataProblems
from .row_identity import Communes, mark_of
from .table_files import read_table
from .workbook import Workbook


@dataclass(frozen=True)
class PresentRow:
    """A row of a table: its line in the file, its typed values (None blank), its mark (:func:`row_identity.mark_of`)."""

    line: int
    values: dict[str, object]
    mark: str


def present_rows(workbook: Workbook) -> tuple[dict[str, list[PresentRow]], Communes]:
    """All rows by table, also those known only after the as-of date, and the units that names mean.

    >>> rows, communes = present_rows(Workbook.open("data/thanh-chuong"))
    >>> rows["targets"][0].values["level"], communes.key("Thanh Hương")
    ('ntm', '17758')
    """
    problems = []
    style = workbook.meta["number_style"]
    frames = {t: read_table(workbook.path / f"{t}.csv", t, style, "dataset.yaml", problems) for t in TABLES}
    if problems:
        raise DataProblems(problems)
    units = frames["units"][["code", "name"]]
    here = pd.MultiIndex.from_frame(units).isin(pd.MultiIndex.from_frame(workbook.units[["code", "name"]]))
    # A code used again later means, on the as-of date, the unit that bears it then: that one has the last word.
    communes = Communes([*units[~here].itertuples(index=False, name=None), *units[here].itertuples(index=False, name=None)])
    made = {}
    for table, frame in frames.items():
        names = [name for name in frame.columns if name != "row"]
        columns = [[_bare(value) for value in frame[name].tolist()] for name in names]
        rows = (dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True))
        lines = frame["row"].tolist()
        made[table] = [PresentRow(n, row, mark_of(table, row, communes)) for n, row in zip(lines, rows, strict=True)]
    return made, communes


def _bare(value):
    if isinstance(value, pd.Timestamp):
        return dt.date(value.year, value.month, value.day)
    return None if value is pd.NaT or value == "" or value != value else value

"""Rows as files give them: the key of a row, cells that say the same, rows of a data set now."""

import datetime as dt
import hashlib
from collections import namedtuple

import pandas as pd

from ..language import fold
from ..tables import TABLE_KEYS, TABLES, DataProblemsError, dictionary, read_table


class IncomingRow(namedtuple("IncomingRow", "table values sheet cells key", defaults=[""])):
    """A row of an Excel file, for a table.

    Attributes
    ----------
    table : str
    values : dict of str to object
        Typed values by column (text, float, bool, date; None blank).
    sheet : str
    cells : dict of str to str
        Where each value stands ("C7").
    key : str
        The template's hidden mark of a row.
    """


class CommuneNames:
    """Names and codes of units as one key: a name that belongs to one code alone means that code.

    Parameters
    ----------
    units : iterable of tuple
        Code and name; of a code given twice the last name counts.

    Attributes
    ----------
    codes : dict of str to set
        Codes by folded name.
    names : dict of str to str
        Name by code.

    Examples
    --------
    >>> communes = CommuneNames([("10001", "Thử"), ("10002", "Hòa"), ("10003", "Hòa")])
    >>> communes.key("Xã Thử"), communes.key("10002"), communes.key("Hoà") == communes.key("Hòa")
    ('10001', '10002', True)
    """

    def __init__(self, units):
        self.codes, self.names, self._keys = {}, {}, {}
        for code, name in units:
            self.codes.setdefault(fold(name), set()).add(code)
            self.names[code] = name

    def key(self, typed):
        """Find the code meant, else fold the name.

        Parameters
        ----------
        typed : str

        Returns
        -------
        str
        """
        if typed not in self._keys:
            codes = self.codes.get(fold(typed), ())
            one = next(iter(codes)) if len(codes) == 1 else ""
            self._keys[typed] = one or (typed if typed in self.names else fold(typed))
        return self._keys[typed]

    def alone(self, code):
        """Say whether the name of a unit belongs to it alone.

        Parameters
        ----------
        code : str

        Returns
        -------
        bool
        """
        return len(self.codes[fold(self.names[code])]) == 1


def sense(value, column, communes):
    """Reduce a typed value to what it says.

    Parameters
    ----------
    value : object
    column : Column
    communes : CommuneNames

    Returns
    -------
    object
        Equal for equal facts (1.234,5 and 1234.5; a commune by code or by name); None for none.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return float(f"{value:.12g}")
    if isinstance(value, dt.date):
        return value.isoformat()
    return communes.key(value) if column.type == "unit" else value


def key_of(table, values, communes):
    """Say what a row is about: the sense of its key columns.

    Parameters
    ----------
    table : str
    values : dict of str to object
    communes : CommuneNames

    Returns
    -------
    tuple
        Spellings of one name are one.
    """
    columns = dictionary(table)
    senses = {name: sense(values.get(name), columns[name], communes) for name in TABLE_KEYS[table]}
    return tuple(
        fold(value) if columns[name].type == "name" and value else value
        for name, value in senses.items()
    )


def mark_of(table, values, communes):
    """Make the mark that the template hides with a row.

    Parameters
    ----------
    table : str
    values : dict of str to object
    communes : CommuneNames

    Returns
    -------
    str
        One half for the row's key, one for all it says.
    """
    columns = dictionary(table).items()
    senses = tuple(sense(values.get(name), column, communes) for name, column in columns)
    return ".".join(
        hashlib.sha256(f"{table}|{part}".encode()).hexdigest()[:12]
        for part in (key_of(table, values, communes), senses)
    )


class CurrentRow(namedtuple("CurrentRow", "line values mark")):
    """A row of a table as it stands.

    Attributes
    ----------
    line : int
        In the file, from 1.
    values : dict of str to object
        Typed values, None blank.
    mark : str
        See :func:`mark_of`.
    """


def current_rows(workbook):
    """Read all rows of a data set, also those known only after the as-of date.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    rows : dict of str to list of CurrentRow
        By table.
    communes : CommuneNames
        The units that names mean.

    Raises
    ------
    DataProblemsError
        With everything in the tables that cannot be read.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> rows, communes = current_rows(Workbook.open("data/thanh-chuong"))
    >>> rows["targets"][0].values["level"], communes.key("Thanh Hương")
    ('ntm', '17758')
    """
    problems, style = [], workbook.meta["number_style"]
    frames = {
        name: read_table(workbook.path / f"{name}.csv", name, style, "dataset.yaml", problems)
        for name in TABLES
    }
    if problems:
        raise DataProblemsError(problems)
    units = frames["units"][["code", "name"]]
    today = pd.MultiIndex.from_frame(workbook.units[["code", "name"]])
    here = pd.MultiIndex.from_frame(units).isin(today)
    # A code used again later means, on the as-of date, the unit that bears it then: that one has
    # the last word.
    units = pd.concat([units[~here], units[here]])
    communes = CommuneNames(units.itertuples(index=False, name=None))
    rows = {}
    for table, frame in frames.items():
        columns = {name: map(_bare, frame[name].tolist()) for name in frame if name != "row"}
        cells = zip(*columns.values(), strict=True)
        values = [dict(zip(columns, row, strict=True)) for row in cells]
        rows[table] = [
            CurrentRow(line, row, mark_of(table, row, communes))
            for line, row in zip(frame["row"].tolist(), values, strict=True)
        ]
    return rows, communes


def _bare(value):
    if isinstance(value, pd.Timestamp):
        return dt.date(value.year, value.month, value.day)
    return None if value is pd.NaT or value == "" or value != value else value

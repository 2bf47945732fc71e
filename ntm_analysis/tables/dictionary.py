"""The data dictionary of every table: one CSV a table under ``dictionary/``, one row a column.

It drives the checks of :mod:`ntm_analysis.tables.csv_files` and of the data room, the page
``docs/reference/data-dictionary.md`` and the Excel template. Three files speak of more than one
column: ``_tables.csv`` (key, sheet and place of every table), ``_rules.csv`` (what no row of a
table may say) and ``_assumptions.csv`` (the assumptions there are, with their bounds).
"""

import csv
import datetime as dt
import re
from collections import namedtuple
from functools import cache, cached_property
from importlib.resources import files

from ..language import fold, text, write_date, write_figure, write_month

# A province changes thousands of cells to a few values.
_figure, _date = cache(write_figure), cache(write_date)


@cache
def dictionary_rows(name):
    """Read one file of ``dictionary/``.

    Parameters
    ----------
    name : str
        A table, or ``_tables``, ``_rules``, ``_assumptions``.

    Returns
    -------
    list of dict of str to str
        Not to be changed: the file is read once.
    """
    file = files("ntm_analysis").joinpath("dictionary", f"{name}.csv")
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def tables_where(head, word):
    """List the tables of which ``_tables.csv`` says something.

    Parameters
    ----------
    head : str
        ``group``, ``optional``, ``checks`` or ``judged``.
    word : str
        What stands in the column.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> tables_where("judged", "yes")[:2]
    ('indicator_values', 'criterion_states')
    """
    return tuple(row["table"] for row in dictionary_rows("_tables") if row[head] == word)


_INDEX = dictionary_rows("_tables")
_SHEETS = sorted((row for row in _INDEX if row["sheet"]), key=lambda row: int(row["sheet"]))
# Columns that together name a row: two rows alike in all of them are a duplicate.
TABLE_KEYS = {row["table"]: tuple(re.findall(r"\w+", row["key"])) for row in _INDEX}
# Key columns that may be blank and then say something: the pot serves all, the whole district.
BLANK_KEYS = {row["table"]: re.findall(r"(\w+)\?", row["key"]) for row in _INDEX}
TABLES = tuple(row["table"] for row in _INDEX if row["sheet"])  # the tables of a data set
# In the order of the sheets: what an office reports, what it plans, what both refer to; then what
# is calculated with.
TABLE_ORDER = tuple(row["table"] for row in _SHEETS)
TABLE_GROUPS = {}
for _row in _SHEETS:
    TABLE_GROUPS.setdefault(_row["group"], []).append(_row["table"])
# Tables of the monthly work and of a merger that is over: a data set without the file has no such
# rows.
OPTIONAL = tables_where("optional", "yes")
# Tables that older data sets hold and that no answer rests on any more: accepted, and told once.
UNUSED_TABLES = ("pace_factors",)


class Column(
    namedtuple("Column", "name type unit required later allowed low high ref triple sums_to vi en")
):
    """One column of a table.

    Attributes
    ----------
    name : str
        The code name.
    type : str
        ``text``, ``name``, ``code`` (5 digits), ``unit`` (a unit's name or code), ``set``,
        ``criterion``, ``test``, ``source``, ``date``, ``month``, ``integer``, ``number``,
        ``choice``, ``choices`` (several, joined by ``|``).
    unit : str
        Unit of measure.
    required : bool
        Whether every row must fill the column.
    later : bool
        Whether a file may do without the column, as those of older data sets do; blank then.
    allowed : dict of str to str
        Vietnamese words by code, of a choice.
    low, high : float or None
        Least and greatest number.
    ref : str
        ``"pots.pot"``: where every value must stand; ``"works.work by unit"``: in a row of the same
        unit.
    triple : str
        ``"low quantity"``: the role of the column (low, mode, high) in three that do not fall,
        called by the middle one.
    sums_to : str
        ``"100 by pot"``, ``"at most 100 by set"``: what the rows of each pot or set add up to.
    vi, en : str
        What the column holds.
    """

    @cached_property
    def _codes(self):
        return {fold(word): code for code, words in self.allowed.items() for word in (code, words)}

    def code_of(self, typed):
        """Find the code of a choice.

        Parameters
        ----------
        typed : str
            The code, or its Vietnamese words.

        Returns
        -------
        str or None

        Examples
        --------
        >>> dictionary("criterion_states")["state"].code_of("Chưa đạt")
        'not_met'
        """
        return self._codes.get(fold(typed))

    @property
    def title(self):
        """The Vietnamese name without what it explains in brackets or after a colon.

        Examples
        --------
        >>> dictionary("debts")["source"].title, dictionary("debts")["mark"].title
        ('Nguồn', 'Dấu')
        """
        return re.split(r" \(|[:;]", self.vi)[0]

    def format(self, value, lang="vi"):
        """Write a value of the column as offices do.

        Parameters
        ----------
        value : object
        lang : str

        Returns
        -------
        str
            Of a choice the Vietnamese words, in English the code.

        Examples
        --------
        >>> columns = dictionary("progress")
        >>> columns["month"].format(dt.date(2022, 12, 31)), columns["state"].format("met")
        ('12/2022', 'đạt')
        """
        if isinstance(value, int | float):
            return _figure(value, lang)
        if isinstance(value, dt.date):
            return write_month(value) if self.type == "month" else _date(value, lang)
        return self.allowed.get(str(value), str(value)) if lang == "vi" else str(value)


@cache
def dictionary(table):
    """Read the columns of a table.

    Parameters
    ----------
    table : str

    Returns
    -------
    dict of str to Column
        By name, in order.

    Examples
    --------
    >>> dictionary("criterion_counts")["met"].type, dictionary("units")["households"].unit
    ('integer', 'hộ')
    """
    columns = {}
    for row in dictionary_rows(table):
        name, kind, unit, filled, allowed, *ends, ref, triple, sums_to, vi, en = row.values()
        choices = dict(choice.split("=", 1) for choice in allowed.split("|") if choice)
        low, high = (float(end) if end else None for end in ends)
        required, later = filled == "yes", filled == "later"
        columns[name] = Column(
            name, kind, unit, required, later, choices, low, high, ref, triple, sums_to, vi, en
        )
    return columns


@cache
def triples(table):
    """List what does not fall in a row: low, most usual, high.

    Parameters
    ----------
    table : str

    Returns
    -------
    list of list of str
        The three columns, in this order.

    Examples
    --------
    >>> triples("works")
    [['low', 'quantity', 'high']]
    """
    names = {column.triple: column.name for column in dictionary(table).values()}
    middles = dict.fromkeys(role.split()[1] for role in names if role)
    return [[names[f"{role} {mode}"] for role in ("low", "mode", "high")] for mode in middles]


def dictionary_page():
    """Write the page ``docs/reference/data-dictionary.md``.

    Returns
    -------
    str
        Markdown; a test keeps page and dictionaries in step.
    """
    lines = [
        "# Data dictionary (từ điển dữ liệu)",
        "",
        "Made from `ntm_analysis/dictionary/*.csv`; do not edit by hand. Every data set has one "
        "CSV per table (`TO_CHECK.csv` stands in `data/criteria/`). "
        "Two rows alike in all key columns (**bold**) are a duplicate.",
    ]
    for table in TABLES:
        heads = ("column", "type", "unit", "required", "allowed", "must", "vi", "en")
        lines += ["", f"## {table}.csv", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for column in dictionary(table).values():
            cells = (cell.replace("|", "\\|") for cell in _page_row(table, column))
            lines.append("| " + " | ".join(cells) + " |")
        for odd, head in ("", "No row may have:"), ("yes", "Odd, and only warned of:"):
            rules = [*_rules(table, odd)]
            lines += ["", head, "", *rules] if rules else []
        if table == "assumptions":
            lines += ["", "Keys that answers rest on, with their bounds:", "", *_bounds()]
    return "\n".join(lines) + "\n"


def _page_row(table, column):
    """List the cells of a column on the page."""
    allowed = ", ".join(f"{code} ({words})" for code, words in column.allowed.items())
    if column.low is not None or column.high is not None:
        allowed = f"{column.low:g} to {column.high:g}"
    name = f"**{column.name}**" if column.name in TABLE_KEYS[table] else column.name
    must = [f"stand in {column.ref}"] if column.ref else []
    must += [" ≤ ".join(columns) for columns in triples(table) if column.name in columns]
    must += [f"sum to {column.sums_to}"] if column.sums_to else []
    required = "yes" if column.required else ""
    kind = (name, column.type, column.unit, required, allowed, "; ".join(must))
    return *kind, column.vi, column.en


def _rules(table, odd):
    """Write a line for each rule of a table, those of impossible or of odd facts."""
    for rule in dictionary_rows("_rules"):
        if (rule["table"], rule["odd"]) == (table, odd):
            joined = f" (`its_`: the row of {rule['with']})" if rule["with"] else ""
            yield f"- `{rule['wrong']}`{joined}"


def _bounds():
    """Write a line for each assumption that is used."""
    for row in dictionary_rows("_assumptions"):
        if row["least"]:
            whole = ", whole" if row["whole"] else ""
            yield f"- `{row['key']}` ({row['use']}): {row['least']} to {row['most']}{whole}"


def sheet_name(table):
    """Name the sheet of a table.

    Parameters
    ----------
    table : str

    Returns
    -------
    str

    Examples
    --------
    >>> sheet_name("criterion_states")
    'Kết quả tiêu chí'
    """
    return text(f"sheet_{table}", "vi")

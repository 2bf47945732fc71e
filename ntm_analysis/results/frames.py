"""What all answers have in common: tidy tables, a sentence, plain Python types.

Every column of every table of an answer stands in ``columns.csv`` with its kind, its unit and what
it is, in both languages; the page ``docs/analyst/results.md`` and the heads of the console are made
from it.
"""

import csv
import datetime as dt
import re
from functools import cache, cached_property, wraps
from importlib.resources import files

import numpy as np
import pandas as pd

from ..language import (
    CAPITAL_WORDS,
    FUND_WORDS,
    LEVEL_WORDS,
    MARK_WORDS,
    STATE_WORDS,
    pick,
    text,
    write_date,
    write_number,
)
from .chance_words import chance, rough

ROWS = 15  # of the table under an answer that a notebook shows
INTERVAL = ["mean", "p10", "p50", "p90"]
# What codes are called, by the kind of their column.
CODES = {
    "fund": FUND_WORDS,
    "capital": CAPITAL_WORDS,
    "level": LEVEL_WORDS,
    "mark": MARK_WORDS,
    "state": STATE_WORDS,
}
# Types by the kind of a column; all others are text.
TYPES = {
    **dict.fromkeys(("number", "money", "amount", "chance"), "float64"),
    "count": "Int64",
    "day": "datetime64[s]",
    "flag": "boolean",
}


def answer_table(make):
    """A table of an answer, worked out when first asked for, each column of the type of its kind.

    Parameters
    ----------
    make : callable
        The method that gives the rows.

    Returns
    -------
    cached_property
    """

    @wraps(make)
    def typed(answer):
        table, about = make(answer), columns(answer.about, make.__name__)
        types = {name: TYPES.get(about[name]["kind"], "str") for name in table}
        return table.astype(types).reset_index(drop=True)

    return cached_property(typed)


class Result:
    """An answer: tidy tables, one sentence, plain Python types.

    Every table is an attribute, a DataFrame of one row a fact; what is about communes has ``code``
    and ``name`` first.

    Attributes
    ----------
    tables : tuple of str
        The names of the tables, the leading one first.
    about : str
        What its tables stand under in ``columns.csv``.
    console : tuple of (str, str)
        The tables that a console prints, each with the columns of it.
    lang : str
        Of the sentence: ``vi`` or ``en``.
    """

    tables, about, console, lang = (), "", (), "vi"

    def sentence(self, lang=""):
        """The answer in one sentence, or a few.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        raise NotImplementedError

    def notes(self, lang=""):
        """Further sentences: what the answer rests on, what stands in the way.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        return []

    def __repr__(self):
        names = ", ".join(f".{name}" for name in self.tables)
        return f"{self.sentence()}\n{text('result_tables', self.lang, names=names)}"

    def _repr_html_(self):
        from markupsafe import escape

        lead, about = getattr(self, self.tables[0]).head(ROWS), columns(self.about, self.tables[0])
        cells = {
            name: [written_cell(value, about[name]["kind"], self.lang) for value in lead[name]]
            for name in lead
        }
        html = pd.DataFrame(cells).to_html(index=False)
        return f"<p>{escape(self.sentence())}</p>{html}"


def commune_table(workbook, table):
    """A table by unit as one that anybody can read.

    Parameters
    ----------
    workbook : Workbook
    table : DataFrame
        By unit number.

    Returns
    -------
    DataFrame
        code and name first, the rows in the same order.
    """
    names = workbook.all_units.loc[table.index, ["code", "name"]]
    return pd.concat([each.reset_index(drop=True) for each in (names, table)], axis=1)


def plain_types(value):
    """Tables and figures in plain Python types, as JSON takes them.

    Parameters
    ----------
    value : object
        A DataFrame (its rows), a dict or sequence of such, a figure, a day, text.

    Returns
    -------
    object
        Days are ISO, None is what is not known.

    Examples
    --------
    >>> plain_types(pd.DataFrame({"day": [pd.Timestamp("2022-03-31"), pd.NaT], "p": [0.5, np.nan]}))
    [{'day': '2022-03-31', 'p': 0.5}, {'day': None, 'p': None}]
    """
    if isinstance(value, pd.DataFrame):
        return [plain_types(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {key: plain_types(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain_types(each) for each in value]
    if pd.isna(value):
        return None
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    return value.item() if isinstance(value, np.generic) else value


@cache
def _declared():
    content = files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    return [*csv.DictReader(content.splitlines())]


@cache
def columns(result, table):
    """What the columns of a table of an answer are.

    Parameters
    ----------
    result : str
        The answer: assess, need, forecast, allocate, compare, meeting.
    table : str

    Returns
    -------
    dict of str to dict
        By column: kind (text, code, count, number, chance, day), unit, vi, en.
    """
    return {
        row["column"]: row
        for row in _declared()
        if (row["result"], row["table"]) == (result, table)
    }


def table_lines(result, name, wanted, lang):
    """A table of an answer as text for a console, in columns under their heads.

    Parameters
    ----------
    result : Result
    name : str
        Of the table.
    wanted : str
        The columns, with spaces between.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
        Empty where the table is.
    """
    wanted, about = wanted.split(), columns(result.about, name)
    table = getattr(result, name)
    if "finished" in table:  # who has finished is not told again
        table = table[~table["finished"]]
    if table.empty:
        return []
    heads = [re.split(r"[,;:(]", about[column][lang])[0].strip() for column in wanted]
    kinds = [about[column]["kind"] for column in wanted]
    million = text("million_dong", lang)
    units = [f" ({million})" if about[c]["kind"] == "money" else "" for c in wanted]
    words = {"pot": result.workbook.tables["pots"].set_index("pot")[f"name_{lang}"].to_dict()}
    rows = [[head + unit for head, unit in zip(heads, units, strict=True)]]
    rows += [
        [written_cell(value, kind, lang, words) for value, kind in zip(row, kinds, strict=True)]
        for row in table[wanted].itertuples(index=False)
    ]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    right = ("count", "number", "money", "amount", "chance", "day")
    left = [kind not in right for kind in kinds]
    return [
        "  ".join(
            cell.ljust(width) if text_ else cell.rjust(width)
            for cell, width, text_ in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in rows
    ]


def written_cell(value, kind, lang, words=None):
    """A cell as offices write it, no finer than is known.

    Parameters
    ----------
    value : object
    kind : str
        Of its column.
    lang : str
        ``"vi"`` or ``"en"``.
    words : dict of str to dict, optional
        What codes of a kind are called.

    Returns
    -------
    str
        "..." for what is not known.

    Examples
    --------
    >>> written_cell(0.31, "chance", "vi"), written_cell(12_345.6, "money", "vi")
    ('31%', '12.000')
    >>> written_cell(None, "count", "vi")
    '...'
    """
    if value is None or pd.isna(value):
        return "..."
    if kind == "chance":
        return chance(value, None, lang)
    if kind in ("money", "amount"):
        return write_number(rough(value), lang)
    if kind == "number":
        return write_number(float(value), lang, 1)
    if kind == "day":
        return write_date(value, lang)
    if kind == "flag":
        return text("flag_yes" if value else "flag_no", lang)
    if kind in CODES:
        return pick(CODES[kind].get(value, (value, value)), lang)
    if kind in ("policy", "kind"):
        return text(f"{kind}_{value}", lang)
    if kind == "pot":
        return (words or {}).get(kind, {}).get(value, value)
    return f"{int(value)}" if kind == "count" else f"{value}"


def results_page():
    """The page of all tables of all answers, as Markdown.

    Returns
    -------
    str
    """
    lines, before = [text("results_page", "en")], None
    for row in _declared():
        if (place := (row["result"], row["table"])) != before:
            lines += ["", f"## `ntm.{row['result']}(...).{row['table']}`", ""]
            lines += ["| column | kind | unit | English | tiếng Việt |", "|---|---|---|---|---|"]
            before = place
        lines.append(
            f"| `{row['column']}` | {row['kind']} | {row['unit']} | {row['en']} | {row['vi']} |"
        )
    return "\n".join(lines) + "\n"

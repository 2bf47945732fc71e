"""The data dictionary of every table: one CSV a table under ``dictionary/``, one row a column.

It drives the checks of :mod:`ntm_analysis.tables.csv_files`, the page ``docs/data-dictionary.md``
and the Excel template.
"""

import csv
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ..language import fold, text, write_date, write_figure, write_month

_figure, _date = (
    cache(write_figure),
    cache(write_date),
)  # a province changes thousands of cells to a few values

# Which sheets an office usually fills: what it reports, what it plans, what both refer to; then
# what is calculated with.
GROUPS: dict[str, tuple[str, ...]] = {
    "report": (
        "criterion_states",
        "indicator_values",
        "criterion_counts",
        "progress",
        "hamlet_states",
        "recognitions",
        "debts",
        "cement",
        "ocop",
    ),
    "plan": (
        "targets",
        "hamlet_targets",
        "tasks",
        "assignments",
        "works",
        "work_plans",
        "envelopes",
        "goals",
    ),
    "list": ("sources", "units", "hamlets", "hamlet_criteria", "mergers", "former_units"),
    "ground": (
        "unit_costs",
        "typical_works",
        "parts",
        "pots",
        "profiles",
        "prices",
        "durations",
        "priorities",
        "carry_over",
        "count_priors",
        "criterion_shares",
        "assumptions",
    ),
}
ORDER = tuple(table for tables in GROUPS.values() for table in tables)


@dataclass(frozen=True)
class Column:
    """One column: its code name, type, unit, whether it must be filled, allowed values, range, and
    text vi/en.

    Types: ``text``, ``name``, ``code`` (5 digits), ``unit`` (a unit's name or code), ``set``,
    ``criterion``, ``test``, ``source``, ``date``, ``month``, ``integer``, ``number``, ``choice``,
    ``choices`` (several, joined by ``|``).
    """

    name: str
    type: str
    unit: str
    required: bool
    allowed: dict[str, str]
    low: float | None
    high: float | None
    vi: str
    en: str

    def code_of(self, text: str) -> str | None:
        """The code of a choice typed as code or as its Vietnamese words.

        >>> dictionary("criterion_states")["state"].code_of("Chưa đạt")
        'not_met'
        """
        return _spellings(self).get(fold(text))

    @property
    def title(self) -> str:
        """The Vietnamese name without what it explains in brackets or after a colon: the beginning
        of the column's head.

        >>> dictionary("debts")["source"].title, dictionary("debts")["mark"].title
        ('Nguồn', 'Dấu')
        """
        return re.split(r" \(|[:;]", self.vi)[0]

    def written(self, value: object, lang: str = "vi") -> str:
        """A value of the column as offices write it; a choice in its Vietnamese words, in English
        as its code.

        >>> columns = dictionary("progress")
        >>> columns["month"].written(dt.date(2022, 12, 31)), columns["criterion"].written(5.0), columns["state"].written("met")
        ('12/2022', '5', 'đạt')
        """
        if isinstance(value, int | float):
            return _figure(value, lang)
        if isinstance(value, dt.date):
            return write_month(value) if self.type == "month" else _date(value, lang)
        return self.allowed.get(str(value), str(value)) if lang == "vi" else str(value)


@cache
def _spellings_of(allowed):
    return {fold(word): code for code, text in allowed for word in (code, text)}


def _spellings(column):
    return _spellings_of(tuple(column.allowed.items()))


# Columns that together name a row: two rows alike in all of them are a duplicate.
KEYS: dict[str, tuple[str, ...]] = {
    "units": ("code", "valid_from"),
    "mergers": ("commune", "on"),
    "former_units": ("commune", "former_code", "former_name"),
    "indicator_values": ("commune", "set", "indicator", "date"),
    "criterion_states": ("commune", "set", "criterion", "date"),
    "criterion_counts": ("commune", "set", "date"),
    "recognitions": ("commune", "level", "set"),
    "targets": ("commune", "level", "year", "kind"),
    "tasks": ("commune", "level", "number"),
    "goals": ("kind", "year", "covers", "text_vi"),
    "unit_costs": ("item",),
    "works": ("commune", "level", "work"),
    "typical_works": ("set", "criterion", "item", "per"),
    "parts": ("item", "pot"),
    "pots": ("pot",),
    "envelopes": ("pot", "served", "year"),
    "profiles": ("pot", "month"),
    "prices": ("year",),
    "cement": ("commune", "year"),
    "durations": ("item",),
    "priorities": ("commune",),
    "debts": ("commune", "criterion", "date"),
    "carry_over": ("from_set", "to_set", "criterion"),
    "count_priors": ("set", "group"),
    "criterion_shares": ("set", "criterion"),
    "progress": ("commune", "month", "set", "criterion", "indicator", "work", "pot"),
    "work_plans": ("commune", "work", "month"),
    "assignments": ("commune", "set", "criterion", "action"),
    "hamlets": ("commune", "hamlet"),
    "hamlet_targets": ("commune", "hamlet", "level", "year"),
    "hamlet_criteria": ("number", "level"),
    "hamlet_states": ("commune", "hamlet", "level", "criterion", "date"),
    "ocop": ("commune", "product"),
    "assumptions": ("key",),
    "sources": ("id",),
    "to_check": ("set", "test", "region", "from"),
    "history": ("area", "period", "measure", "value"),
    "outcomes": ("dataset", "code", "level"),
    "indicator_weights": ("set", "test"),
    "panel_series": ("area", "date", "measure", "value", "source_url"),
    "panel_registrations": ("area", "year", "level", "source_url"),
    "panel_groups": ("area", "date", "bucket_low", "bucket_high", "communes", "source_url"),
    "panel_trajectories": ("area", "commune", "date", "registered_for", "source_url", "note"),
    "panel_assumed": ("key",),
}
# With the law, in data/reference/, in forecasts/.
PANEL = (
    "panel_series",
    "panel_registrations",
    "panel_groups",
    "panel_trajectories",
    "panel_assumed",
)
ELSEWHERE = ("to_check", "history", "outcomes", "indicator_weights", *PANEL)
TABLES = tuple(name for name in KEYS if name not in ELSEWHERE)  # the tables of a data set
# Tables of the monthly work and of a merger that is over: a data set without the file has no such
# rows.
OPTIONAL = (
    "former_units",
    "progress",
    "work_plans",
    "assignments",
    "hamlets",
    "hamlet_targets",
    "hamlet_criteria",
    "hamlet_states",
    "ocop",
)
# Tables that older data sets hold and that no answer rests on any more: accepted, and told once.
UNUSED = ("pace_factors",)
# Columns that older data sets do not have: a file without them is read as if they were blank.
LATER = {"parts": ("least", "most")}
# Key columns that may be blank and then say something: the pot serves all, the row is about no
# indicator.
BLANK_KEYS = ("served", "pot", "indicator", "work")


@cache
def dictionary(table: str) -> dict[str, Column]:
    """The columns of ``table`` in order, by name.

    >>> dictionary("criterion_counts")["met"].type, dictionary("units")["households"].unit
    ('integer', 'hộ')
    """
    text = files("ntm_analysis").joinpath("dictionary", f"{table}.csv").read_text(encoding="utf-8")
    columns = {}
    for row in csv.DictReader(text.splitlines()):
        allowed = (
            dict(item.split("=", 1) for item in row["allowed"].split("|")) if row["allowed"] else {}
        )
        low, high = (float(row[k]) if row[k] else None for k in ("min", "max"))
        columns[row["column"]] = Column(
            row["column"],
            row["type"],
            row["unit"],
            row["required"] == "yes",
            allowed,
            low,
            high,
            row["vi"],
            row["en"],
        )
    return columns


def dictionary_page() -> str:
    """The page ``docs/data-dictionary.md`` (Markdown), made from the dictionaries; a test keeps the
    two in step.
    """
    lines = [
        "# Data dictionary (từ điển dữ liệu)",
        "",
        "Made from `ntm_analysis/dictionary/*.csv`; do not edit by hand. Every data set has one CSV per table "
        "(`TO_CHECK.csv` stands in `data/criteria/`). "
        "Two rows alike in all key columns (**bold**) are a duplicate.",
    ]
    for table in TABLES:
        lines += [
            "",
            f"## {table}.csv",
            "",
            "| column | type | unit | required | allowed | vi | en |",
            "|---" * 7 + "|",
        ]
        for c in dictionary(table).values():
            allowed = ", ".join(f"{code} ({text})" for code, text in c.allowed.items())
            if c.low is not None or c.high is not None:
                allowed = f"{c.low:g} to {c.high:g}"
            name = f"**{c.name}**" if c.name in KEYS[table] else c.name
            cells = (name, c.type, c.unit, "yes" if c.required else "", allowed, c.vi, c.en)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def sheet_name(table: str) -> str:
    """The name of a table's sheet.

    >>> sheet_name("criterion_states")
    'Kết quả tiêu chí'
    """
    return text(f"sheet_{table}", "vi")

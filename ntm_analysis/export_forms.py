"""What every form of the office workbook shares: a data set, a language, words, heads, rows that say there is no data."""

from dataclasses import dataclass, field

import pandas as pd

from .need.funding import Demand
from .office_book import DAY, NUMBER, SHARE, WHOLE, Form, Head
from .office_numbers import write_date
from .words import STATE_SIGNS, pick, text
from .workbook import Workbook

DAGGER = "†"
FORMATS = {"": "", "number": NUMBER, "whole": WHOLE, "share": SHARE, "day": DAY, "count": "0"}


@dataclass
class ExportForms:
    """A data set told as forms in one language; ``needs``: what finishing costs, ``made``: the forecast's record, each None with
    the reason in ``lacking`` ("need", "forecast") where it cannot be told."""

    workbook: Workbook
    lang: str
    needs: Demand | None
    made: dict | None
    lacking: dict[str, str] = field(default_factory=dict)

    def text(self, key: str, **values: object) -> str:
        """The text of ``key`` in the workbook's language, with its values filled in."""
        return text(key, self.lang, **values)

    @property
    def day(self) -> str:
        """The as-of date as written."""
        return write_date(self.workbook.as_of, self.lang)

    @property
    def place(self) -> str:
        """The data set's title."""
        return self.workbook.meta["title"][self.lang]

    def source(self, ids: str) -> str:
        """The short names of sources ("a|b")."""
        rows = self.workbook.tables["sources"].set_index("id")
        return "; ".join(rows.loc[i, "short"] or rows.loc[i, "title"] if i in rows.index else i for i in ids.split("|") if i)

    def mark(self, mark: str) -> str:
        """A mark by its letters (BC, GĐ); "" for none."""
        return self.text(f"export_mark_{mark}") if mark else ""

    def told(self, row: dict) -> tuple[str, str]:
        """By whom a row was told, and its mark."""
        return self.source(row["source"]), self.mark(row["mark"])

    def heads(self, spec: str) -> list[Head]:
        """Columns by name, width, format of figures and whether the first row adds them up: ``"tt:5 amount:14:whole:total"``."""
        made = []
        for part in spec.split():
            name, width, *more = part.split(":")
            kind = FORMATS[more[0] if more else ""]
            made.append(Head(name, self.text(f"export_head_{name}"), int(width), kind, total="total" in more))
        return made

    def form(self, name: str, heads: list[Head], rows: list[list[object]], **more) -> Form:
        """A form with its texts; ``rows`` without the number that each begins with. None: one row that says so."""
        rows = [[f"{n}", *row] for n, row in enumerate(rows, start=1)]
        if not rows:
            rows = [["", self.text("export_none"), *[None] * (len(heads) - 2)]]
            more.pop("total_label", None)
        unit = more.pop("unit", "")
        unit = self.text("table_unit", unit=unit) if unit else ""
        return Form(self.text(f"export_sheet_{name}"), self.text(f"export_title_{name}"), unit, heads, rows, **more)

    def sign(self, state: str, unread: bool) -> str:
        """A state by its letters, with a dagger where it rests on a threshold that was not read."""
        return pick(STATE_SIGNS[state], "vi") + (DAGGER if unread else "")

    def marks(self, marks: pd.Series) -> str:
        """The marks of several rows, each once."""
        return "; ".join(self.mark(mark) for mark in dict.fromkeys(marks))

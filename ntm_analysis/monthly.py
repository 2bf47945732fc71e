"""The month of a meeting: which months it compares, who reported, what changed, which cumulative figures fell.

A meeting looks at one month and is held in it or in the month after. What was known at the meeting before is what was known one
month before the as-of date.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .assess import Standing
from .office_numbers import read_month, write_figure, write_month
from .problems import Problem
from .workbook import Workbook

HOLDS = ("met", "recognition", "not_applicable")
LACKS = ("not_met", "basic")
EARLY = 20  # until this day of a month a meeting may still look at the month before
SUBJECT = ["criterion", "indicator", "work"]


def known_by(workbook: Workbook, day: dt.date) -> Workbook:
    """The same communes with the rows that were known on an earlier day, judged by the law known then; communes that became
    known later count as known without a row of theirs."""
    units, then = workbook.all_units, pd.Timestamp(day)
    early = {name: units[name].mask(units.index.isin(workbook.units.index), units[name].clip(upper=then))
             for name in ("known_from", "valid_from")}  # fmt: skip
    before = workbook.again(day, workbook.written, units.assign(**early))
    return replace(before, units=workbook.units)


def dated_by(workbook: Workbook, day: dt.date) -> Workbook:
    """The same communes with facts of ``day`` or before, whenever they became known; judged by the law of now."""
    last = pd.Timestamp(day)
    rows = {name: t[~(t["date"] > last)] if "date" in t else t for name, t in workbook.tables.items()}
    return replace(workbook, tables=rows)


def month_before(day: dt.date) -> dt.date:
    """The day of the meeting before: one month earlier, a month's end for a month's end.

    >>> month_before(dt.date(2022, 3, 31)), month_before(dt.date(2022, 3, 15))
    (datetime.date(2022, 2, 28), datetime.date(2022, 2, 15))
    """
    then = pd.Timestamp(day)
    back = then - (pd.offsets.MonthEnd(1) if then.is_month_end else pd.DateOffset(months=1))
    return back.date()


@dataclass(frozen=True)
class Month:
    """The month of a meeting, ``end`` and ``previous`` as last days; ``now``, ``before``: what is and was known."""

    end: pd.Timestamp
    previous: pd.Timestamp
    now: Workbook
    before: Workbook

    @property
    def first(self) -> bool:
        """Whether this is the first period reported: nothing was reported of an earlier month."""
        return not (self.now.tables["progress"]["month"] <= self.previous).any()


def meeting(workbook: Workbook, month: str = "") -> Month:
    """The month of the meeting held on the as-of date; ``month``: as typed ("12/2022"), default the as-of date's.

    Raises ValueError for a month that is neither the as-of date's nor the one before it.

    >>> made = meeting(Workbook.open("data/thanh-chuong"))
    >>> f"{made.end:%m/%Y} {made.before.as_of} {made.first}"
    '03/2022 2022-02-28 True'
    """
    day = pd.Timestamp(workbook.as_of)
    own = day + pd.offsets.MonthEnd(0)
    end = pd.Timestamp(read_month(month)) if month else own
    last = own - pd.offsets.MonthEnd(1)
    if end not in (own, last) or (end == last and day.day > EARLY):
        raise ValueError(
            f"month={month!r}: must be that of the as-of date {workbook.as_of} (until its {EARLY}th day also the one before); "
            "for an earlier meeting give its as_of too"
        )
    return Month(end, end - pd.offsets.MonthEnd(1), workbook, known_by(workbook, month_before(workbook.as_of)))


def reporting(workbook: Workbook, month: pd.Timestamp) -> list[int]:
    """The communes that reported anything of a month, in administrative order."""
    rows = workbook.tables["progress"]
    told = set(rows.loc[rows["month"] == month, "unit"])
    return [unit for unit in workbook.communes.index if unit in told]


def changes(before: Standing, now: Standing) -> pd.DataFrame:
    """What changed for each commune and criterion: unit, criterion, before, now, kind, source.

    ``kind``: gained (lacked, now holds), lost (held, now lacks), first (nothing known before), other.
    """
    keys = pd.MultiIndex.from_frame(now.states[["unit", "criterion"]])
    shown = [_shown(standing).reindex(keys, fill_value="unknown").to_numpy() for standing in (before, now)]
    made = now.states[["unit", "criterion", "source"]].assign(before=shown[0], now=shown[1])
    made = made[made["before"] != made["now"]]
    held, holds = (made[c].isin(HOLDS) for c in ("before", "now"))
    lacked, lacks = (made[c].isin(LACKS) for c in ("before", "now"))
    cases = [lacked & holds, held & lacks, made["before"] == "unknown"]
    made = made.assign(kind=np.select(cases, ["gained", "lost", "first"], "other"))
    return made[~(held & holds)]  # met, and now covered by a decision: nothing to tell


def _shown(standing):
    states = standing.states
    shown = states["state"].astype(object).where(states["basis"] != "recognition", "recognition")
    return shown.set_axis(pd.MultiIndex.from_frame(states[["unit", "criterion"]]))


def falls(progress: pd.DataFrame, month: pd.Timestamp | None = None) -> pd.DataFrame:
    """Cumulative figures of ``month`` (None: of every month) below one of an earlier month: row, unit, work, pot, what
    (disbursed, value), month, earlier (the highest before), since (the month of that), now.

    Money is cumulative within its year, the volume of a work always.
    """
    made = []
    for what in ("disbursed", "value"):
        rows = progress[progress[what].notna() & ((progress["work"] != "") | (what == "disbursed"))]
        keys = ["unit", *SUBJECT, *(["pot", "year"] if what == "disbursed" else [])]
        rows = rows.assign(what=what, now=rows[what], year=rows["month"].dt.year).sort_values("month", kind="stable")
        rows = rows.drop_duplicates([*keys, "month"], keep="last")
        highest = rows.groupby(keys, dropna=False)["now"].cummax()
        rows["earlier"] = highest.groupby([rows[key] for key in keys], dropna=False).shift()
        rows["since"] = rows["month"].where((rows["now"] > rows["earlier"]) | rows["earlier"].isna())
        rows["since"] = rows.groupby(keys, dropna=False)["since"].ffill()
        made.append(rows[rows["now"] < rows["earlier"]])
    columns = ["row", "unit", "work", "pot", "what", "month", "earlier", "since", "now"]
    found = pd.concat(made)[columns].reset_index(drop=True)
    return found if month is None else found[found["month"] == month]


def fallen(workbook: Workbook) -> list[Problem]:
    """Warnings: the falls of every month, rows that are known only after the as-of date too (a file may bring next month's)."""
    made = []
    for row in falls(workbook.written["progress"]).to_dict("records"):
        code = {"value": "volume_fell", "disbursed": "money_fell"}[row["what"]]
        details = {"unit": workbook.all_units.loc[row["unit"], "label"], "work": row["work"]}
        details |= {"of": "".join(f", {name}" for name in (row["work"], row["pot"]) if name)}
        details |= {name: write_month(row[name]) for name in ("month", "since")}
        details |= {name: write_figure(row[name]) for name in ("earlier", "now")}
        made.append(Problem(code, "progress.csv", int(row["row"]), row["what"], details, warning=True))
    return made

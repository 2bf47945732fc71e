"""The month of a meeting: what changed, who reported, late works, money disbursed."""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..data import Workbook, merged_mark, newest_volumes, reported_volumes
from ..language import read_month, write_figure, write_month
from ..tables import Problem
from .assess import Standing

HOLDS = ("met", "recognition", "not_applicable")
LACKS = ("not_met", "basic")
EARLY = 20  # until this day of a month a meeting may still look at the month before
SUBJECT = ["criterion", "indicator", "work"]


def known_by(workbook: Workbook, day: dt.date) -> Workbook:
    """The same communes with the rows that were known on an earlier day, judged by the law known
    then; communes that became known later count as known without a row of theirs.
    """
    units, then = workbook.all_units, pd.Timestamp(day)
    early = {
        name: units[name].mask(units.index.isin(workbook.units.index), units[name].clip(upper=then))
        for name in ("known_from", "valid_from")
    }
    before = workbook.again(day, workbook.written, units.assign(**early))
    return replace(before, units=workbook.units)


def dated_by(workbook: Workbook, day: dt.date) -> Workbook:
    """The same communes with facts of ``day`` or before, whenever they became known; judged by the
    law of now.
    """
    last = pd.Timestamp(day)
    rows = {
        name: t[~(t["date"] > last)] if "date" in t else t for name, t in workbook.tables.items()
    }
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
    """The month of a meeting, ``end`` and ``previous`` as last days; ``now``, ``before``: what is
    and was known.
    """

    end: pd.Timestamp
    previous: pd.Timestamp
    now: Workbook
    before: Workbook

    @property
    def first(self) -> bool:
        """Whether this is the first period reported: nothing was reported of an earlier month."""
        return not (self.now.tables["progress"]["month"] <= self.previous).any()


def meeting(workbook: Workbook, month: str = "") -> Month:
    """The month of the meeting held on the as-of date; ``month``: as typed ("12/2022"), default the
    as-of date's.

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
    return Month(
        end,
        end - pd.offsets.MonthEnd(1),
        workbook,
        known_by(workbook, month_before(workbook.as_of)),
    )


def reporting(workbook: Workbook, month: pd.Timestamp) -> list[int]:
    """The communes that reported anything of a month, in administrative order."""
    rows = workbook.tables["progress"]
    told = set(rows.loc[rows["month"] == month, "unit"])
    return [unit for unit in workbook.communes.index if unit in told]


def changes(before: Standing, now: Standing) -> pd.DataFrame:
    """What changed for each commune and criterion: unit, criterion, before, now, kind, source.

    ``kind``: gained (lacked, now holds), lost (held, now lacks), first (nothing known before),
    other.
    """
    keys = pd.MultiIndex.from_frame(now.states[["unit", "criterion"]])
    shown = [
        _shown(standing).reindex(keys, fill_value="unknown").to_numpy()
        for standing in (before, now)
    ]
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
    """Cumulative figures of ``month`` (None: of every month) below one of an earlier month: row,
    unit, work, pot, what (disbursed, value), month, earlier (the highest before), since (the month
    of that), now.

    Money is cumulative within its year, the volume of a work always.
    """
    made = []
    for what in ("disbursed", "value"):
        rows = progress[progress[what].notna() & ((progress["work"] != "") | (what == "disbursed"))]
        keys = ["unit", *SUBJECT, *(["pot", "year"] if what == "disbursed" else [])]
        rows = rows.assign(what=what, now=rows[what], year=rows["month"].dt.year).sort_values(
            "month", kind="stable"
        )
        rows = rows.drop_duplicates([*keys, "month"], keep="last")
        highest = rows.groupby(keys, dropna=False)["now"].cummax()
        rows["earlier"] = highest.groupby([rows[key] for key in keys], dropna=False).shift()
        rows["since"] = rows["month"].where(
            (rows["now"] > rows["earlier"]) | rows["earlier"].isna()
        )
        rows["since"] = rows.groupby(keys, dropna=False)["since"].ffill()
        made.append(rows[rows["now"] < rows["earlier"]])
    columns = ["row", "unit", "work", "pot", "what", "month", "earlier", "since", "now"]
    found = pd.concat(made)[columns].reset_index(drop=True)
    return found if month is None else found[found["month"] == month]


def fallen(workbook: Workbook) -> list[Problem]:
    """Warnings: the falls of every month, rows that are known only after the as-of date too (a file
    may bring next month's).
    """
    made = []
    for row in falls(workbook.written["progress"]).to_dict("records"):
        code = {"value": "volume_fell", "disbursed": "money_fell"}[row["what"]]
        details = {"unit": workbook.all_units.loc[row["unit"], "label"], "work": row["work"]}
        details |= {"of": "".join(f", {name}" for name in (row["work"], row["pot"]) if name)}
        details |= {name: write_month(row[name]) for name in ("month", "since")}
        details |= {name: write_figure(row[name]) for name in ("earlier", "now")}
        made.append(
            Problem(code, "progress.csv", int(row["row"]), row["what"], details, warning=True)
        )
    return made


KEY = ["unit", "work"]


def planned_volume(works: pd.DataFrame, plans: pd.DataFrame, month: pd.Timestamp) -> np.ndarray:
    """The volume (%) that each work is to have reached by the end of ``month``; NaN where it has no
    plan.

    A step function: the last step named on or before the month holds, 0 before the first; a work
    without steps has one, 100 % in December of its planned year.

    >>> works = pd.DataFrame({"unit": [1, 1, 2], "work": ["a", "b", "c"], "planned_year": [2023, 2022, np.nan]})
    >>> steps = pd.DataFrame({"unit": 1, "work": "a", "month": pd.to_datetime(["2022-10-31", "2022-12-31"]), "percent": [30, 60]})
    >>> planned_volume(works, steps, pd.Timestamp("2022-11-30"))
    array([30.,  0., nan])
    """
    keys = pd.MultiIndex.from_frame(works[KEY])
    steps = plans.sort_values("month", kind="stable")
    past = (
        steps[steps["month"] <= month].drop_duplicates(KEY, keep="last").set_index(KEY)["percent"]
    )
    year = works["planned_year"].to_numpy(dtype=float)
    due = np.where(
        np.isnan(year),
        np.nan,
        np.where(year * 12 + 12 <= month.year * 12 + month.month, 100.0, 0.0),
    )
    stepped = past.reindex(keys).fillna(0.0).to_numpy() if len(past) else np.zeros(len(works))
    return np.where(keys.isin(pd.MultiIndex.from_frame(plans[KEY])), stepped, due)


def _months(later, earlier):
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def works_progress(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """Each work of a commune with its plan and its newest report up to ``month``; works done that
    nobody reports on are left out.

    unit, work, item, cost (million đồng at the most usual unit cost, the weight), planned (% by
    ``month``), reported (month of the newest report), actual (%), planned_then (% planned for the
    month of that report), said_by, mark, current (reported in ``month``), late (actual below
    planned_then), months_late (from the first month whose plan asked for more than is done to the
    month of the report; 0: within that month).
    """
    tables = workbook.tables
    works = tables["works"][tables["works"]["unit"].isin(workbook.communes.index)]
    told = newest_volumes(tables["progress"][tables["progress"]["month"] <= month], works)
    usual = tables["unit_costs"].set_index("item")["mode"]
    made = works[[*KEY, "item", "planned_year", "state"]].assign(
        cost=works["quantity"] * works["item"].map(usual).astype(float),
        planned=planned_volume(works, tables["work_plans"], month),
        reported=told["month"],
        actual=told["value"].astype(float),
        said_by=told["said_by"],
        mark=told["mark"],
    )
    made = (
        made[(made["state"] != "done") | made["reported"].notna()]
        .drop_duplicates(KEY)
        .reset_index(drop=True)
    )
    made["planned_then"] = np.nan
    for then, part in made.groupby("reported"):
        made.loc[part.index, "planned_then"] = planned_volume(part, tables["work_plans"], then)
    made["current"] = made["reported"] == month
    made["late"] = made["actual"] < made["planned_then"]
    made["months_late"] = [
        _months(row["reported"], _due(row, tables["work_plans"])) if row["late"] else np.nan
        for _, row in made.iterrows()
    ]
    place = {unit: i for i, unit in enumerate(workbook.communes.index)}
    return made.sort_values("unit", key=lambda c: c.map(place), kind="stable").reset_index(
        drop=True
    )


def _due(work, plans):
    """The first month whose plan asks for more than is done."""
    steps = plans[(plans["unit"] == work["unit"]) & (plans["work"] == work["work"])]
    if steps.empty:
        return pd.Timestamp(int(work["planned_year"]), 12, 31)
    return steps.loc[steps["percent"] > work["actual"], "month"].min()


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """The works held against their plan in the month: with a plan, a cost and a report of that
    month.
    """
    return table[table["current"] & table["planned"].notna() & (table["cost"] > 0)]


def weighted(table: pd.DataFrame) -> pd.Series:
    """Planned and actual volume (%) of works together, weighted by cost; their difference in
    percentage points; their number.

    Formula: sum(cost x volume) / sum(cost).

    >>> two = pd.DataFrame({"cost": [300.0, 100.0], "planned": [50.0, 100.0], "actual": [40.0, 100.0]})
    >>> weighted(two).to_dict()
    {'planned': 62.5, 'actual': 55.0, 'difference': -7.5, 'works': 2.0}
    """
    planned, actual = (
        (table["cost"] * table[c]).sum() / table["cost"].sum() for c in ("planned", "actual")
    )
    return pd.Series(
        {
            "planned": planned,
            "actual": actual,
            "difference": actual - planned,
            "works": float(len(table)),
        }
    )


def volume_change(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The works reported in the month beside what was known of them at the meeting before: the rows
    of ``now`` with ``earlier`` (%; NaN where nothing was reported).
    """
    told = before.set_index(KEY)["actual"].reindex(pd.MultiIndex.from_frame(now[KEY]))
    return now.assign(earlier=told.to_numpy(dtype=float))[now["current"]]


def curve(workbook: Workbook, works: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """The S-curve of works (rows of :func:`compared` in ``month``, of the district or of one
    commune): planned, actual (%), weighted by cost, from the January of the month's year to the end
    of the plans or of the year, whichever is later.

    The works are the same in every month. ``actual`` is NaN after ``month``, and in a month for
    which some work had neither a report yet nor a plan that was still to begin. Empty without
    works.
    """
    plans = workbook.tables["work_plans"]
    if works.empty:
        return pd.DataFrame(columns=["planned", "actual"])
    volumes = reported_volumes(workbook.tables["progress"]).pivot_table(
        index=KEY, columns="month", values="value", aggfunc="last"
    )
    keys, weight, made = pd.MultiIndex.from_frame(works[KEY]), works["cost"].to_numpy(), {}
    steps = plans.loc[pd.MultiIndex.from_frame(plans[KEY]).isin(keys), "month"].max()
    stepped = pd.MultiIndex.from_frame(works[KEY]).isin(pd.MultiIndex.from_frame(plans[KEY]))
    ends = [month.year * 12 + 12, works.loc[~stepped, "planned_year"].max() * 12 + 12]
    last = max(
        end
        for end in [*ends, *([] if pd.isna(steps) else [steps.year * 12 + steps.month])]
        if end == end
    )
    for then in pd.date_range(
        f"{month.year}-01-31", periods=int(last) - month.year * 12, freq="ME"
    ):
        planned = planned_volume(works, plans, then)
        past = volumes.loc[:, volumes.columns <= then].ffill(axis=1)
        newest = (
            past.iloc[:, -1].reindex(keys).to_numpy(dtype=float)
            if past.shape[1]
            else np.full(len(works), np.nan)
        )
        actual = (
            np.where(np.isnan(newest) & (planned == 0), 0.0, newest)
            if then <= month
            else np.full(len(works), np.nan)
        )
        made[then] = [float((weight * v).sum() / weight.sum()) for v in (planned, actual)]
    return pd.DataFrame.from_dict(made, orient="index", columns=["planned", "actual"])


def disbursed(progress: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Money disbursed from the year's start, by commune and pot, from the newest reports up to
    ``month``: unit, pot, disbursed, month (of the report), mark.

    A row about the commune as a whole stands for all its works; where the works' own rows are
    newer, or there is no such row, they are added up, each at its newest.
    """
    rows = progress[
        progress["disbursed"].notna()
        & (progress["month"] <= month)
        & (progress["month"].dt.year == month.year)
    ]
    rows = rows.sort_values("month", kind="stable").drop_duplicates(
        ["unit", "pot", "criterion", "indicator", "work"], keep="last"
    )
    whole = rows["criterion"].isna() & (rows["indicator"] == "") & (rows["work"] == "")
    made = []
    for (unit, pot), part in rows.groupby(["unit", "pot"], sort=False):
        total, parts = part[whole[part.index]], part[~whole[part.index]]
        chosen = (
            total if len(total) and not (parts["month"] > total["month"].iloc[0]).any() else parts
        )
        made.append(
            (
                unit,
                pot,
                chosen["disbursed"].sum(),
                chosen["month"].max(),
                "|".join(sorted(set(chosen["mark"]))),
            )
        )
    return pd.DataFrame(made, columns=["unit", "pot", "disbursed", "month", "mark"])


def share_by(profiles: pd.DataFrame, pot: str, month: int) -> float:
    """The part of a pot's year (0..1) planned to have come by the end of ``month``; evenly where it
    has no monthly profile.

    >>> told = pd.DataFrame({"pot": "a", "month": [3, 6], "share": [25.0, 75.0]})
    >>> share_by(told, "a", 5), share_by(told, "b", 6)
    (0.25, 0.5)
    """
    own = profiles[profiles["pot"] == pot]
    return month / 12 if own.empty else float(own.loc[own["month"] <= month, "share"].sum()) / 100


def _year(workbook, month):
    """The envelopes of money of the month's year."""
    envelopes, pots = workbook.tables["envelopes"], workbook.tables["pots"]
    money = pots.loc[pots["measure"] == "money", "pot"]
    return envelopes[(envelopes["year"] == month.year) & envelopes["pot"].isin(money)]


def by_pot(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """A row a pot with an envelope of the year or a report: amount, planned, disbursed (NaN: nobody
    reported), rate (disbursed / amount), behind (planned less disbursed, 0 at least), communes (how
    many reported), of (how many it serves), mark (of the envelope; assumed as soon as one is).
    """
    envelopes, told = _year(workbook, month), disbursed(workbook.tables["progress"], month)
    told = told[told["unit"].isin(workbook.communes.index)]
    pots = workbook.tables["pots"]
    told = told[~told["pot"].isin(pots.loc[pots["measure"] != "money", "pot"])]
    made = envelopes.groupby("pot", sort=False).agg(
        amount=("amount", "sum"), mark=("mark", lambda marks: merged_mark(list(marks)))
    )
    made = made.reindex(
        [*made.index, *(pot for pot in dict.fromkeys(told["pot"]) if pot not in made.index)]
    )
    profiles = workbook.tables["profiles"]
    made["planned"] = made["amount"] * [share_by(profiles, pot, month.month) for pot in made.index]
    sums = told.groupby("pot")["disbursed"].agg(["sum", "size"])
    made["disbursed"] = sums["sum"].reindex(made.index)
    made["communes"] = sums["size"].reindex(made.index, fill_value=0).astype(int)
    # Money that serves single communes is told in full when those have reported, other money when
    # all have.
    own, count = envelopes["served"].isin(workbook.communes["code"]), len(workbook.communes)
    shared = set(envelopes.loc[~own, "pot"])
    served = envelopes[own].groupby("pot")["served"].nunique()
    made["of"] = [count if pot in shared else int(served.get(pot, count)) for pot in made.index]
    return _against(made)


def by_commune(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """A row a commune with an envelope of its own or a report: all (disbursed from all pots), and
    of the pots that serve it alone amount, planned (for the month of the report), disbursed, rate,
    behind; month (of the newest report).

    Only what serves the commune alone has a plan for it; the district's pots are planned for the
    district.
    """
    envelopes, told = _year(workbook, month), disbursed(workbook.tables["progress"], month)
    codes = workbook.communes["code"]
    profiles, made = workbook.tables["profiles"], {}
    for unit, code in codes.items():
        own, mine = envelopes[envelopes["served"] == code], told[told["unit"] == unit]
        if own.empty and mine.empty:
            continue
        paid = mine.set_index("pot")
        whole = own["pot"].isin(paid.index).all() and len(own)
        months = [paid["month"].get(pot, month).month for pot in own["pot"]]
        shares = [share_by(profiles, pot, m) for pot, m in zip(own["pot"], months, strict=True)]
        made[unit] = {
            "all": mine["disbursed"].sum() if len(mine) else np.nan,
            "amount": own["amount"].sum() if len(own) else np.nan,
            "planned": float((own["amount"] * shares).sum()) if len(own) else np.nan,
            "disbursed": paid["disbursed"].reindex(own["pot"]).sum() if whole else np.nan,
            "month": mine["month"].max(),
        }
    columns = ["all", "amount", "planned", "disbursed", "month"]
    return _against(pd.DataFrame.from_dict(made, orient="index", columns=columns))


def _against(made):
    behind = (made["planned"] - made["disbursed"]).clip(lower=0)
    return made.assign(rate=made["disbursed"] / made["amount"], behind=behind)

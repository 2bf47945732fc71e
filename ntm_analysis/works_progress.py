"""Works: the volume planned month by month against the volume reported; which works are late and by how many months."""

import numpy as np
import pandas as pd

from .progress import newest_volumes, reported_volumes
from .workbook import Workbook

KEY = ["unit", "work"]


def planned_volume(works: pd.DataFrame, plans: pd.DataFrame, month: pd.Timestamp) -> np.ndarray:
    """The volume (%) that each work is to have reached by the end of ``month``; NaN where it has no plan.

    A step function: the last step named on or before the month holds, 0 before the first; a work without steps has one, 100 %
    in December of its planned year.

    >>> works = pd.DataFrame({"unit": [1, 1, 2], "work": ["a", "b", "c"], "planned_year": [2023, 2022, np.nan]})
    >>> steps = pd.DataFrame({"unit": 1, "work": "a", "month": pd.to_datetime(["2022-10-31", "2022-12-31"]), "percent": [30, 60]})
    >>> planned_volume(works, steps, pd.Timestamp("2022-11-30"))
    array([30.,  0., nan])
    """
    keys = pd.MultiIndex.from_frame(works[KEY])
    steps = plans.sort_values("month", kind="stable")
    past = steps[steps["month"] <= month].drop_duplicates(KEY, keep="last").set_index(KEY)["percent"]
    year = works["planned_year"].to_numpy(dtype=float)
    due = np.where(np.isnan(year), np.nan, np.where(year * 12 + 12 <= month.year * 12 + month.month, 100.0, 0.0))
    stepped = past.reindex(keys).fillna(0.0).to_numpy() if len(past) else np.zeros(len(works))
    return np.where(keys.isin(pd.MultiIndex.from_frame(plans[KEY])), stepped, due)


def _months(later, earlier):
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def works_progress(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """Each work of a commune with its plan and its newest report up to ``month``; works done that nobody reports on are left out.

    unit, work, item, cost (million đồng at the most usual unit cost, the weight), planned (% by ``month``), reported (month
    of the newest report), actual (%), planned_then (% planned for the month of that report), said_by, mark, current (reported in
    ``month``), late (actual below planned_then), months_late (from the first month whose plan asked for more than is done to the
    month of the report; 0: within that month).
    """
    tables = workbook.tables
    works = tables["works"][tables["works"]["unit"].isin(workbook.communes.index)]
    told = newest_volumes(tables["progress"][tables["progress"]["month"] <= month], works)
    usual = tables["unit_costs"].set_index("item")["mode"]
    made = works[[*KEY, "item", "planned_year", "state"]].assign(
        cost=works["quantity"] * works["item"].map(usual).astype(float),
        planned=planned_volume(works, tables["work_plans"], month),
        reported=told["month"], actual=told["value"].astype(float), said_by=told["said_by"], mark=told["mark"],
    )  # fmt: skip
    made = made[(made["state"] != "done") | made["reported"].notna()].drop_duplicates(KEY).reset_index(drop=True)
    made["planned_then"] = np.nan
    for then, part in made.groupby("reported"):
        made.loc[part.index, "planned_then"] = planned_volume(part, tables["work_plans"], then)
    made["current"] = made["reported"] == month
    made["late"] = made["actual"] < made["planned_then"]
    made["months_late"] = [
        _months(row["reported"], _due(row, tables["work_plans"])) if row["late"] else np.nan for _, row in made.iterrows()
    ]
    place = {unit: i for i, unit in enumerate(workbook.communes.index)}
    return made.sort_values("unit", key=lambda c: c.map(place), kind="stable").reset_index(drop=True)


def _due(work, plans):
    """The first month whose plan asks for more than is done."""
    steps = plans[(plans["unit"] == work["unit"]) & (plans["work"] == work["work"])]
    if steps.empty:
        return pd.Timestamp(int(work["planned_year"]), 12, 31)
    return steps.loc[steps["percent"] > work["actual"], "month"].min()


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """The works held against their plan in the month: with a plan, a cost and a report of that month."""
    return table[table["current"] & table["planned"].notna() & (table["cost"] > 0)]


def weighted(table: pd.DataFrame) -> pd.Series:
    """Planned and actual volume (%) of works together, weighted by cost; their difference in percentage points; their number.

    Formula: sum(cost x volume) / sum(cost).

    >>> two = pd.DataFrame({"cost": [300.0, 100.0], "planned": [50.0, 100.0], "actual": [40.0, 100.0]})
    >>> weighted(two).to_dict()
    {'planned': 62.5, 'actual': 55.0, 'difference': -7.5, 'works': 2.0}
    """
    planned, actual = ((table["cost"] * table[c]).sum() / table["cost"].sum() for c in ("planned", "actual"))
    return pd.Series({"planned": planned, "actual": actual, "difference": actual - planned, "works": float(len(table))})


def volume_change(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The works reported in the month beside what was known of them at the meeting before: the rows of ``now`` with ``earlier``
    (%; NaN where nothing was reported)."""
    told = before.set_index(KEY)["actual"].reindex(pd.MultiIndex.from_frame(now[KEY]))
    return now.assign(earlier=told.to_numpy(dtype=float))[now["current"]]


def curve(workbook: Workbook, works: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """The S-curve of works (rows of :func:`compared` in ``month``, of the district or of one commune): planned, actual (%),
    weighted by cost, from the January of the month's year to the end of the plans or of the year, whichever is later.

    The works are the same in every month. ``actual`` is NaN after ``month``, and in a month for which some work had neither a
    report yet nor a plan that was still to begin. Empty without works.
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
    last = max(end for end in [*ends, *([] if pd.isna(steps) else [steps.year * 12 + steps.month])] if end == end)
    for then in pd.date_range(f"{month.year}-01-31", periods=int(last) - month.year * 12, freq="ME"):
        planned = planned_volume(works, plans, then)
        past = volumes.loc[:, volumes.columns <= then].ffill(axis=1)
        newest = past.iloc[:, -1].reindex(keys).to_numpy(dtype=float) if past.shape[1] else np.full(len(works), np.nan)
        actual = np.where(np.isnan(newest) & (planned == 0), 0.0, newest) if then <= month else np.full(len(works), np.nan)
        made[then] = [float((weight * v).sum() / weight.sum()) for v in (planned, actual)]
    return pd.DataFrame.from_dict(made, orient="index", columns=["planned", "actual"])

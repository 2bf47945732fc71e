"""The month of a meeting: what changed, who reported, late works, money disbursed."""

from collections import namedtuple
from dataclasses import replace

import numpy as np
import pandas as pd

from ..data import merged_mark, newest_volumes, reported_volumes
from ..language import read_month, write_figure, write_month
from ..tables import Problem
from .verdicts import LACKING_STATES, MET_STATES

EARLY = 20  # until this day of a month a meeting may still look at the month before
SUBJECT = ["criterion", "indicator", "work"]
WORK_KEY = ["unit", "work"]


def known_by(workbook, day):
    """Workbook of the same communes with the rows that were known on an earlier day.

    The law known then judges; communes that became known later count as known without a row of
    theirs.

    Parameters
    ----------
    workbook : Workbook
    day : date

    Returns
    -------
    Workbook
    """
    units, then = workbook.all_units, pd.Timestamp(day)
    early = {
        name: units[name].mask(units.index.isin(workbook.units.index), units[name].clip(upper=then))
        for name in ("known_from", "valid_from")
    }
    before = workbook.as_known_on(day, workbook.all_rows, units.assign(**early))
    return replace(before, units=workbook.units)


def dated_by(workbook, day):
    """Workbook of the same communes with facts of a day or before, whenever they became known.

    The law of now judges.

    Parameters
    ----------
    workbook : Workbook
    day : date

    Returns
    -------
    Workbook
    """
    last = pd.Timestamp(day)
    rows = {
        name: t[~(t["date"] > last)] if "date" in t else t for name, t in workbook.tables.items()
    }
    return replace(workbook, tables=rows)


def month_before(day):
    """Day of the meeting before: one month earlier, a month's end for a month's end.

    Parameters
    ----------
    day : date

    Returns
    -------
    date

    Examples
    --------
    >>> import datetime as dt
    >>> month_before(dt.date(2022, 3, 31)), month_before(dt.date(2022, 3, 15))
    (datetime.date(2022, 2, 28), datetime.date(2022, 2, 15))
    """
    then = pd.Timestamp(day)
    back = then - (pd.offsets.MonthEnd(1) if then.is_month_end else pd.DateOffset(months=1))
    return back.date()


class Month(namedtuple("Month", "end previous now before")):
    """The month of a meeting.

    Attributes
    ----------
    end, previous : Timestamp
        Last day of the month, and of the month before.
    now, before : Workbook
        What is known, and what was known at the meeting before.
    """

    @property
    def first(self):
        """Whether nothing was reported of an earlier month: the first period reported."""
        return not (self.now.tables["progress"]["month"] <= self.previous).any()


def meeting_month(workbook, month=""):
    """Month of the meeting held on the as-of date.

    Parameters
    ----------
    workbook : Workbook
    month : str
        As typed ("12/2022"); empty: the as-of date's.

    Returns
    -------
    Month

    Raises
    ------
    ValueError
        If the month is neither the as-of date's nor the one before it.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> month = meeting_month(Workbook.open("data/thanh-chuong"))
    >>> f"{month.end:%m/%Y} {month.before.as_of} {month.first}"
    '03/2022 2022-02-28 True'
    """
    day = pd.Timestamp(workbook.as_of)
    own = day + pd.offsets.MonthEnd(0)
    end = pd.Timestamp(read_month(month)) if month else own
    last = own - pd.offsets.MonthEnd(1)
    if end not in (own, last) or (end == last and day.day > EARLY):
        raise ValueError(
            f"month={month!r}: must be that of the as-of date {workbook.as_of} "
            f"(until its {EARLY}th day also the one before); "
            "for an earlier meeting give its as_of too"
        )
    before = known_by(workbook, month_before(workbook.as_of))
    return Month(end, end - pd.offsets.MonthEnd(1), workbook, before)


def reporting_communes(workbook, month):
    """Communes that reported anything of a month.

    Parameters
    ----------
    workbook : Workbook
    month : Timestamp
        Its last day, here and below.

    Returns
    -------
    list of int
        In administrative order.
    """
    rows = workbook.tables["progress"]
    reporting = set(rows.loc[rows["month"] == month, "unit"])
    return [unit for unit in workbook.communes.index if unit in reporting]


def state_changes(before, now):
    """Compare the states of communes and criteria with those of the meeting before.

    Parameters
    ----------
    before, now : Standing

    Returns
    -------
    DataFrame
        A row a commune and criterion that changed: unit, criterion, source, before, now, kind:
        gained (lacked, now holds), lost (held, now lacks), first (nothing known before), other.
    """
    labels = now.labels
    earlier = before.labels.reindex(labels.index, fill_value="unknown")
    changes = now.states[["unit", "criterion", "source"]].assign(
        before=earlier.to_numpy(), now=labels.to_numpy()
    )
    changes = changes[changes["before"] != changes["now"]]
    held, holds = (changes[c].isin(MET_STATES) for c in ("before", "now"))
    lacked, lacks = (changes[c].isin(LACKING_STATES) for c in ("before", "now"))
    cases = [lacked & holds, held & lacks, changes["before"] == "unknown"]
    changes = changes.assign(kind=np.select(cases, ["gained", "lost", "first"], "other"))
    return changes[~(held & holds)]  # met, and now covered by a decision: nothing to tell


def falls(progress, month=None):
    """Find cumulative figures below those of an earlier month.

    Money is cumulative within its year, the volume of a work always.

    Parameters
    ----------
    progress : DataFrame
    month : Timestamp, optional
        Falls of this month only.

    Returns
    -------
    DataFrame
        row, unit, work, pot, what (disbursed, value), month, earlier (the highest figure before),
        since (the month of that figure), now.
    """
    parts = []
    for what in ("disbursed", "value"):
        rows = progress[progress[what].notna() & ((progress["work"] != "") | (what == "disbursed"))]
        keys = ["unit", *SUBJECT, *(["pot", "year"] if what == "disbursed" else [])]
        rows = rows.assign(what=what, now=rows[what], year=rows["month"].dt.year)
        rows = rows.sort_values("month", kind="stable")
        rows = rows.drop_duplicates([*keys, "month"], keep="last")
        highest = rows.groupby(keys, dropna=False)["now"].cummax()
        rows["earlier"] = highest.groupby([rows[key] for key in keys], dropna=False).shift()
        new_high = (rows["now"] > rows["earlier"]) | rows["earlier"].isna()
        rows["since"] = rows["month"].where(new_high)
        rows["since"] = rows.groupby(keys, dropna=False)["since"].ffill()
        parts.append(rows[rows["now"] < rows["earlier"]])
    columns = ["row", "unit", "work", "pot", "what", "month", "earlier", "since", "now"]
    table = pd.concat(parts)[columns].reset_index(drop=True)
    return table if month is None else table[table["month"] == month]


def fall_warnings(workbook):
    """Warn of the :func:`falls` of every month.

    Rows that are known only after the as-of date count too: a file may bring next month's.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    list of Problem
    """
    warnings = []
    for row in falls(workbook.all_rows["progress"]).to_dict("records"):
        code = {"value": "volume_fell", "disbursed": "money_fell"}[row["what"]]
        details = {"unit": workbook.all_units.loc[row["unit"], "label"], "work": row["work"]}
        details |= {"of": "".join(f", {name}" for name in (row["work"], row["pot"]) if name)}
        details |= {name: write_month(row[name]) for name in ("month", "since")}
        details |= {name: write_figure(row[name]) for name in ("earlier", "now")}
        place = (code, "progress.csv", int(row["row"]), row["what"])
        warnings.append(Problem(*place, details, warning=True))
    return warnings


def _keys(rows):
    return pd.MultiIndex.from_frame(rows[WORK_KEY])


def planned_volume(works, plans, month):
    """Volume that each work is to have reached by the end of a month.

    A step function: the last step named on or before the month holds, 0 before the first; a work
    without steps has one, 100 % in December of its planned year.

    Parameters
    ----------
    works : DataFrame
        unit, work, planned_year.
    plans : DataFrame
        Steps: unit, work, month, percent.
    month : Timestamp

    Returns
    -------
    ndarray
        In %, NaN where a work has no plan.

    Examples
    --------
    >>> works = pd.DataFrame({"unit": [1, 1, 2], "work": ["a", "b", "c"]})
    >>> works["planned_year"] = [2023, 2022, np.nan]
    >>> months = pd.to_datetime(["2022-10-31", "2022-12-31"])
    >>> steps = pd.DataFrame({"unit": 1, "work": "a", "month": months, "percent": [30, 60]})
    >>> planned_volume(works, steps, pd.Timestamp("2022-11-30"))
    array([30.,  0., nan])
    """
    keys = _keys(works)
    past = plans[plans["month"] <= month].sort_values("month", kind="stable")
    past = past.drop_duplicates(WORK_KEY, keep="last").set_index(WORK_KEY)["percent"]
    year = works["planned_year"].to_numpy(dtype=float)
    done = np.where(year * 12 + 12 <= month.year * 12 + month.month, 100.0, 0.0)
    due = np.where(np.isnan(year), np.nan, done)
    stepped = past.reindex(keys).fillna(0.0).to_numpy() if len(past) else np.zeros(len(works))
    return np.where(keys.isin(_keys(plans)), stepped, due)


def works_progress(workbook, month):
    """Works of the communes, each with its plan and its newest report up to a month.

    Works done that nobody reports on are left out.

    Parameters
    ----------
    workbook : Workbook
    month : Timestamp

    Returns
    -------
    DataFrame
        A row a work, in administrative order: unit, work, item, planned_year, state, cost (million
        đồng at the most usual unit cost, the weight), planned (% by the month), reported (month of
        the newest report), actual (%), said_by, mark, planned_then (% planned for the month of that
        report), current (reported in the month), late (actual below planned_then), months_late
        (from the first month whose plan asked for more than is done to the month of the report; 0:
        within that month).
    """
    tables = workbook.tables
    works = tables["works"][tables["works"]["unit"].isin(workbook.communes.index)]
    plans, progress = tables["work_plans"], tables["progress"]
    newest = newest_volumes(progress[progress["month"] <= month], works)
    usual = tables["unit_costs"].set_index("item")["mode"]
    table = works[[*WORK_KEY, "item", "planned_year", "state"]].assign(
        cost=works["quantity"] * works["item"].map(usual).astype(float),
        planned=planned_volume(works, plans, month),
        reported=newest["month"],
        actual=newest["value"].astype(float),
        said_by=newest["said_by"],
        mark=newest["mark"],
    )
    table = table[(table["state"] != "done") | table["reported"].notna()]
    table = table.drop_duplicates(WORK_KEY).reset_index(drop=True)
    table["planned_then"] = np.nan
    for then, part in table.groupby("reported"):
        table.loc[part.index, "planned_then"] = planned_volume(part, plans, then)
    table["current"] = table["reported"] == month
    table["late"] = table["actual"] < table["planned_then"]
    table["months_late"] = [
        _months_late(row, plans) if row["late"] else np.nan for _, row in table.iterrows()
    ]
    place = {unit: place for place, unit in enumerate(workbook.communes.index)}
    return table.sort_values(
        "unit", key=lambda unit: unit.map(place), kind="stable", ignore_index=True
    )


def _months_late(work, plans):
    """Months from the first one whose plan asks for more than is done to that of the report."""
    steps = plans[(plans["unit"] == work["unit"]) & (plans["work"] == work["work"])]
    due = steps.loc[steps["percent"] > work["actual"], "month"].min()
    if steps.empty:
        due = pd.Timestamp(int(work["planned_year"]), 12, 31)
    reported = work["reported"]
    return (reported.year - due.year) * 12 + reported.month - due.month


def comparable_works(table):
    """Works that are held against their plan in the month.

    Parameters
    ----------
    table : DataFrame
        As of :func:`works_progress`.

    Returns
    -------
    DataFrame
        The rows with a plan, a cost and a report of that month.
    """
    return table[table["current"] & table["planned"].notna() & (table["cost"] > 0)]


def weighted_volume(table):
    """Volume of works together, weighted by cost: sum(cost x volume) / sum(cost).

    Parameters
    ----------
    table : DataFrame
        cost, planned, actual.

    Returns
    -------
    Series of float
        planned, actual (%), difference (percentage points), works (their number).

    Examples
    --------
    >>> costs, volumes = [300.0, 100.0], {"planned": [50.0, 100.0], "actual": [40.0, 100.0]}
    >>> weighted_volume(pd.DataFrame({"cost": costs, **volumes})).to_dict()
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


def volume_change(before, now):
    """Works reported in the month beside what was known of them at the meeting before.

    Parameters
    ----------
    before, now : DataFrame
        As of :func:`works_progress`.

    Returns
    -------
    DataFrame
        The rows of ``now`` with ``earlier`` (%; NaN where nothing was reported).
    """
    earlier = before.set_index(WORK_KEY)["actual"].reindex(_keys(now))
    return now.assign(earlier=earlier.to_numpy(dtype=float))[now["current"]]


def volume_curve(workbook, works, month):
    """S-curve of works, the same works in every month.

    It runs from the January of the month's year to the end of the plans or of the year, whichever
    is later.

    Parameters
    ----------
    workbook : Workbook
    works : DataFrame
        Rows of :func:`comparable_works`, of the district or of one commune.
    month : Timestamp

    Returns
    -------
    DataFrame
        By month: planned, actual (%), weighted by cost. ``actual`` is NaN after the month, and in a
        month for which some work had neither a report yet nor a plan that was still to begin.
        Empty without works.
    """
    if works.empty:
        return pd.DataFrame(columns=["planned", "actual"])
    plans, keys, weight = workbook.tables["work_plans"], _keys(works), works["cost"].to_numpy()
    volumes = reported_volumes(workbook.tables["progress"]).pivot_table(
        index=WORK_KEY, columns="month", values="value", aggfunc="last"
    )
    steps = plans.loc[_keys(plans).isin(keys), "month"].max()
    unstepped = works.loc[~keys.isin(_keys(plans)), "planned_year"]
    ends = [month.year * 12 + 12, unstepped.max() * 12 + 12, steps.year * 12 + steps.month]
    length = int(np.nanmax(ends)) - month.year * 12
    curve, nothing = {}, np.full(len(works), np.nan)
    for then in pd.date_range(f"{month.year}-01-31", periods=length, freq="ME"):
        planned = planned_volume(works, plans, then)
        past = volumes.loc[:, volumes.columns <= then].ffill(axis=1)
        newest = past.iloc[:, -1].reindex(keys).to_numpy() if past.shape[1] else nothing
        actual = np.where(np.isnan(newest) & (planned == 0), 0.0, newest)
        actual = actual if then <= month else nothing
        curve[then] = [float((weight * v).sum() / weight.sum()) for v in (planned, actual)]
    return pd.DataFrame.from_dict(curve, orient="index", columns=["planned", "actual"])


def disbursements(progress, month):
    """Add up the money disbursed from the year's start, from the newest reports up to a month.

    A row about the commune as a whole stands for all its works; where the works' own rows are
    newer, or there is no such row, they are added up, each at its newest.

    Parameters
    ----------
    progress : DataFrame
    month : Timestamp

    Returns
    -------
    DataFrame
        A row a commune and pot: unit, pot, disbursed (million đồng), month (of the report), mark.
    """
    rows = progress[
        progress["disbursed"].notna()
        & (progress["month"] <= month)
        & (progress["month"].dt.year == month.year)
    ]
    rows = rows.sort_values("month", kind="stable")
    rows = rows.drop_duplicates(["unit", "pot", *SUBJECT], keep="last")
    whole = rows["criterion"].isna() & (rows["indicator"] == "") & (rows["work"] == "")
    sums = []
    for key, part in rows.groupby(["unit", "pot"], sort=False):
        total, parts = part[whole[part.index]], part[~whole[part.index]]
        newer = len(total) == 0 or (parts["month"] > total["month"].iloc[0]).any()
        chosen = parts if newer else total
        marks = "|".join(sorted(set(chosen["mark"])))
        sums.append((*key, chosen["disbursed"].sum(), chosen["month"].max(), marks))
    return pd.DataFrame(sums, columns=["unit", "pot", "disbursed", "month", "mark"])


def planned_share(profiles, pot, month):
    """Part of a pot's year that is planned to have come by the end of a month.

    Parameters
    ----------
    profiles : DataFrame
        pot, month (1..12), share (%).
    pot : str
    month : int

    Returns
    -------
    float
        0..1; evenly over the year where the pot has no monthly profile.

    Examples
    --------
    >>> profiles = pd.DataFrame({"pot": "a", "month": [3, 6], "share": [25.0, 75.0]})
    >>> planned_share(profiles, "a", 5), planned_share(profiles, "b", 6)
    (0.25, 0.5)
    """
    own = profiles[profiles["pot"] == pot]
    return month / 12 if own.empty else float(own.loc[own["month"] <= month, "share"].sum()) / 100


def _money_envelopes(workbook, month):
    """Envelopes of money of the month's year."""
    envelopes, pots = workbook.tables["envelopes"], workbook.tables["pots"]
    money = pots.loc[pots["measure"] == "money", "pot"]
    return envelopes[(envelopes["year"] == month.year) & envelopes["pot"].isin(money)]


def disbursement_by_pot(workbook, month):
    """Money disbursed from each pot against its envelope of the year and the plan for the month.

    Parameters
    ----------
    workbook : Workbook
    month : Timestamp

    Returns
    -------
    DataFrame
        By pot with an envelope of the year or a report, million đồng: amount, mark (of the
        envelope; assumed as soon as one is), planned, disbursed (NaN: nobody reported), communes
        (how many reported), of (how many it serves), rate (disbursed / amount), behind (planned
        less disbursed, 0 at least).
    """
    tables, communes = workbook.tables, workbook.communes
    envelopes, reports = _money_envelopes(workbook, month), disbursements(tables["progress"], month)
    pots, profiles = tables["pots"], tables["profiles"]
    kinds = pots.loc[pots["measure"] != "money", "pot"]
    reports = reports[reports["unit"].isin(communes.index) & ~reports["pot"].isin(kinds)]
    table = envelopes.groupby("pot", sort=False).agg(
        amount=("amount", "sum"), mark=("mark", lambda marks: merged_mark(list(marks)))
    )
    table = table.reindex(list(dict.fromkeys([*table.index, *reports["pot"]])))
    shares = [planned_share(profiles, pot, month.month) for pot in table.index]
    table["planned"] = table["amount"] * shares
    sums = reports.groupby("pot")["disbursed"].agg(["sum", "size"])
    table["disbursed"] = sums["sum"].reindex(table.index)
    table["communes"] = sums["size"].reindex(table.index, fill_value=0).astype(int)
    # Money that serves single communes is reported in full when those have reported, other money
    # when all have.
    own, count = envelopes["served"].isin(communes["code"]), len(communes)
    shared = set(envelopes.loc[~own, "pot"])
    served = envelopes[own].groupby("pot")["served"].nunique()
    table["of"] = [count if pot in shared else int(served.get(pot, count)) for pot in table.index]
    return _with_rate(table)


def disbursement_by_commune(workbook, month):
    """Money disbursed in each commune against the envelopes that serve the commune alone.

    Only what serves the commune alone has a plan for it; the district's pots are planned for the
    district.

    Parameters
    ----------
    workbook : Workbook
    month : Timestamp

    Returns
    -------
    DataFrame
        By unit with an envelope of its own or a report, million đồng: all (disbursed from all
        pots), and of the pots that serve the commune alone amount, planned (for the month of the
        report), disbursed; month (of the newest report), rate, behind (see
        :func:`disbursement_by_pot`).
    """
    profiles, rows = workbook.tables["profiles"], {}
    envelopes = _money_envelopes(workbook, month)
    reports = disbursements(workbook.tables["progress"], month)
    for unit, code in workbook.communes["code"].items():
        own, mine = envelopes[envelopes["served"] == code], reports[reports["unit"] == unit]
        if own.empty and mine.empty:
            continue
        paid = mine.set_index("pot")
        months = [paid["month"].get(pot, month).month for pot in own["pot"]]
        shares = [planned_share(profiles, *pair) for pair in zip(own["pot"], months, strict=True)]
        whole = own["pot"].isin(paid.index).all() and len(own)
        rows[unit] = {
            "all": mine["disbursed"].sum() if len(mine) else np.nan,
            "amount": own["amount"].sum() if len(own) else np.nan,
            "planned": float((own["amount"] * shares).sum()) if len(own) else np.nan,
            "disbursed": paid["disbursed"].reindex(own["pot"]).sum() if whole else np.nan,
            "month": mine["month"].max(),
        }
    columns = ["all", "amount", "planned", "disbursed", "month"]
    return _with_rate(pd.DataFrame.from_dict(rows, orient="index", columns=columns))


def _with_rate(table):
    behind = (table["planned"] - table["disbursed"]).clip(lower=0)
    return table.assign(rate=table["disbursed"] / table["amount"], behind=behind)

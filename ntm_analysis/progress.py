"""Monthly progress as facts: what a monthly report says of a criterion, an indicator or a work moves standing, need and forecast.

A row is written once, in ``progress.csv``; the tables that the engines read take it over, so nobody types it twice.
"""

import pandas as pd


def reported_volumes(progress: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``progress`` that report the volume of a work, the oldest month first."""
    return progress[(progress["work"] != "") & progress["value"].notna()].sort_values("month", kind="stable")


def newest_volumes(progress: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """The newest report of the volume of each of ``works``, under its index; blank where there is none."""
    newest = reported_volumes(progress).drop_duplicates(["unit", "work"], keep="last").set_index(["unit", "work"])
    return newest.reindex(pd.MultiIndex.from_frame(works[["unit", "work"]])).set_axis(works.index)


def with_progress(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables with the facts of ``progress`` (rows known by the as-of date) entered.

    A criterion's state becomes a row of ``criterion_states``, an indicator's value or state one of ``indicator_values``, dated
    the month's last day or the day it was known, whichever is earlier; the newest volume of a work replaces its
    ``percent_done``, and a work of 100 % is done, unless the work's own row is newer or says that it is done already.
    ``criterion_states`` gains ``table``: the file a row stands in, for messages.
    """
    rows = tables["progress"]
    made = dict(tables)
    made["criterion_states"] = tables["criterion_states"].assign(table="criterion_states")
    if rows.empty:
        return made
    rows = rows.assign(date=rows[["month", "known_from"]].min(axis=1), table="progress").sort_values("month", kind="stable")
    states = rows[rows["criterion"].notna() & (rows["state"] != "")]
    values = rows[(rows["indicator"] != "") & (rows["value"].notna() | (rows["state"] != ""))]
    for name, told in (("criterion_states", states), ("indicator_values", values)):
        if len(told):
            columns = list(made[name].columns)
            made[name] = pd.concat([made[name], told.reindex(columns=columns)], ignore_index=True)
    works = tables["works"]
    told = newest_volumes(rows, works)
    done = told["value"].where((told["known_from"] >= works["known_from"]) & (works["state"] != "done"))
    made["works"] = works.assign(
        percent_done=done.where(done.notna(), works["percent_done"]), state=works["state"].mask(done >= 100, "done")
    )
    return made

"""Units over time: labels, mergers, what a name means on a day.

Also the facts of monthly reports (``progress.csv``) as rows of the other tables.
"""

import numpy as np
import pandas as pd

from ..language import fold, from_tcvn3, nearest, slug
from ..tables import Problem

SLIPS = 200  # unknown names of a table that may be meant for others: of more, none is a slip
LONGEST = 80  # letters of a name in a file name
KIND_WORDS = {"commune": "Xã", "township": "Thị trấn"}


def describe_unit(unit):
    """Write code, name and district of a unit, for messages.

    Parameters
    ----------
    unit : Series
        A row of :attr:`Workbook.all_units`.

    Returns
    -------
    str
    """
    district = f" ({unit['district']})" if unit["district"] else ""
    return f"{unit['code']} {unit['label']}{district}"


def number_units(table, mergers, meta, problems):
    """Give every unit that ever was a number, a label and a slug.

    Parameters
    ----------
    table : DataFrame
        ``units.csv``.
    mergers : DataFrame
        Gains ``unit`` and ``into``: the numbers of each row's ``commune`` and ``into_code``.
    meta : dict
        What ``dataset.yaml`` says.
    problems : list of Problem
        Gains what is wrong with the names in ``mergers``.

    Returns
    -------
    DataFrame
        ``table`` with ``label`` ("Xã Thanh Hương"), ``slug``, ``region``, ``end`` (last day, NaT)
        and ``district`` filled.
    """
    if table.empty and not any(p.file == "units.csv" for p in problems):
        problems.append(Problem("no_rows", "units.csv"))
    units, name = table.copy(), table["name"]
    words = units["kind"].map(KIND_WORDS).fillna("")
    has_word = name.str.lower().str.startswith(("xã ", "thị trấn "))
    units["label"] = name.where(has_word, (words + " " + name).str.strip())
    slugs = units["label"].map(slug)
    short = slugs.str[:LONGEST]
    alike = pd.DataFrame({"slug": short, "from": units["valid_from"]}).duplicated(keep=False)
    units["slug"] = slugs.where(~alike & (short == slugs), short + "-" + units["code"])
    district = (meta.get("district") or {}).get("name", "")
    units["district"] = units["district"].where(units["district"] != "", district)
    units["region"] = meta.get("region", "btb")
    mergers["unit"] = -1
    if len(units):
        before = mergers["on"] - pd.Timedelta(days=1)
        mergers["unit"] = resolve(mergers, "mergers.csv", units, before, problems)
    units["end"] = end_days(units, mergers, None)
    # Of what unit the code is on the day; without a code there is none.
    coded = mergers.assign(commune=mergers["into_code"])
    mergers["into"] = resolve(coded, "mergers.csv", units, mergers["on"], [])
    return units


def end_days(units, mergers, known):
    """Find the day on which each unit ended.

    Parameters
    ----------
    units, mergers : DataFrame
    known : Timestamp or None
        Units that became known later do not count.

    Returns
    -------
    Series of datetime64
        By unit: the first merger of it, or the first day of a later unit under the same code; NaT
        when it goes on.
    """
    merged = mergers[mergers["unit"] >= 0].groupby("unit")["on"].min().reindex(units.index)
    later = units if known is None else units[units["known_from"] <= known]
    following = later.sort_values("valid_from").groupby("code")["valid_from"].shift(-1)
    return pd.concat([merged, following.reindex(units.index)], axis=1).min(axis=1)


def newest_mergers(mergers, day):
    """Take the newest merger of each unit that has begun by a day.

    Parameters
    ----------
    mergers : DataFrame
    day : datetime.date

    Returns
    -------
    DataFrame
        One row a unit, the oldest first.
    """
    begun = mergers[mergers["on"] <= pd.Timestamp(day)].sort_values("on", kind="stable")
    return begun.drop_duplicates("unit", keep="last")


def resolve(table, file, units, dates, problems):
    """Find the unit that each row of a table means.

    Parameters
    ----------
    table : DataFrame
        With ``commune``, a name or code.
    file : str
        For messages.
    units : DataFrame
        See :func:`number_units`.
    dates : Series of datetime64
        Of each row: a name shared over time goes by date.
    problems : list of Problem
        Gains one for each row that means no unit, or more than one.

    Returns
    -------
    Series of int
        Unit numbers; -1 where there is none.
    """
    by_key = {}
    for number, code, name in zip(units.index, units["code"], units["name"], strict=True):
        by_key.setdefault(code, []).append(number)
        by_key.setdefault(fold(name), []).append(number)
    codes, names = pd.factorize(table["commune"])
    meant = [by_key.get(name) or by_key.get(fold(name)) or [] for name in names]
    first = np.array([numbers[0] if len(numbers) == 1 else -1 for numbers in meant], dtype=int)
    unknown = [index for index, name in enumerate(names) if name and not meant[index]]
    words = {index: _unknown(names[index], units, n < SLIPS) for n, index in enumerate(unknown)}
    for index, row in zip(codes, table["row"], strict=True):
        if index in words:
            code, near = words[index]
            details = {"value": names[index], "near": near}
            problems.append(Problem(code, file, row, "commune", details))
    resolved = first[codes]
    over = units["end"] if "end" in units else pd.Series(pd.NaT, index=units.index)
    start, end = units["valid_from"].to_dict(), over.to_dict()  # plain: a province asks often
    several = [index for index, numbers in enumerate(meant) if len(numbers) > 1]
    for position in np.flatnonzero(np.isin(codes, several)):
        name, day = names[codes[position]], dates.iloc[position]
        there = sorted(meant[codes[position]], key=start.get)
        alive = [unit for unit in there if start[unit] <= day and not end[unit] <= day]
        if not alive and day < start[there[0]]:
            alive = [unit for unit in there if start[unit] == start[there[0]]]
        if len(alive) == 1:
            resolved[position] = alive[0]
            continue
        code, details = "not_then", {"day": "?" if pd.isna(day) else f"{day:%d/%m/%Y}"}
        if alive:
            units_meant = "; ".join(describe_unit(units.loc[unit]) for unit in alive)
            code, details = "same_name", {"units": units_meant}
        row = int(table["row"].iloc[position])
        problems.append(Problem(code, file, row, "commune", {"value": name} | details))
    return pd.Series(resolved, index=table.index, dtype="int64")


def _unknown(name, units, slip):
    """Choose the message that fits a reference to no unit, and the nearest names."""
    if name.isdigit() and len(name) < 5 and (units["code"] == name.zfill(5)).any():
        return "lost_noughts", name.zfill(5)
    near = ", ".join(nearest(name, units["name"] if slip else ()))
    if "?" in name or "\ufffd" in name:
        return "lost_letters", near or "..."
    restored = from_tcvn3(name)
    if restored != name and (units["name"].map(fold) == fold(restored)).any():
        return "tcvn3", restored
    return "unknown_unit", near


def reported_volumes(progress):
    """Take the rows of monthly reports that give the volume of a work.

    Parameters
    ----------
    progress : DataFrame

    Returns
    -------
    DataFrame
        The oldest month first.
    """
    volumes = progress[(progress["work"] != "") & progress["value"].notna()]
    return volumes.sort_values("month", kind="stable")


def newest_volumes(progress, works):
    """Take the newest report of the volume of each work.

    Parameters
    ----------
    progress, works : DataFrame

    Returns
    -------
    DataFrame
        Rows of ``progress`` under the index of ``works``; blank where there is none.
    """
    key = ["unit", "work"]
    newest = reported_volumes(progress).drop_duplicates(key, keep="last").set_index(key)
    return newest.reindex(pd.MultiIndex.from_frame(works[key])).set_axis(works.index)


def with_progress(tables):
    """Enter the facts of monthly reports in the other tables.

    A criterion's state becomes a row of ``criterion_states``, an indicator's value or state one of
    ``indicator_values``, dated the month's last day or the day it was known, whichever is earlier;
    the newest volume of a work replaces its ``percent_done``, and a work of 100 % is done, unless
    the work's own row is newer or says that it is done already.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Rows known by the as-of date.

    Returns
    -------
    dict of str to DataFrame
        ``criterion_states`` gains ``table``: the file a row stands in, for messages.
    """
    rows = tables["progress"]
    states = tables["criterion_states"].assign(table="criterion_states")
    entered = tables | {"criterion_states": states}
    if rows.empty:
        return entered
    dates = rows[["month", "known_from"]].min(axis=1)
    rows = rows.assign(date=dates, table="progress").sort_values("month", kind="stable")
    judged = rows["state"] != ""
    facts = {
        "criterion_states": rows[rows["criterion"].notna() & judged],
        "indicator_values": rows[(rows["indicator"] != "") & (rows["value"].notna() | judged)],
    }
    for name, new in facts.items():
        if len(new):
            own = new.reindex(columns=entered[name].columns)
            entered[name] = pd.concat([entered[name], own], ignore_index=True)
    works = tables["works"]
    newest = newest_volumes(rows, works)
    usable = (newest["known_from"] >= works["known_from"]) & (works["state"] != "done")
    done = newest["value"].where(usable)
    entered["works"] = works.assign(
        percent_done=done.fillna(works["percent_done"]),
        state=works["state"].mask(done >= 100, "done"),
    )
    return entered

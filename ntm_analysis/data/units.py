"""Units over time: labels, mergers, what a name means on a day; monthly progress as rows of the
other tables.
"""

import numpy as np
import pandas as pd

from ..language import fold, from_tcvn3, nearest, slug
from ..tables import Problem

LONGEST = 80  # letters of a name in a file name
KIND_WORDS = {"commune": "Xã", "township": "Thị trấn"}


def described(unit: pd.Series) -> str:
    """Code, name and district of a unit, for messages."""
    return f"{unit['code']} {unit['label']}" + (
        f" ({unit['district']})" if unit["district"] else ""
    )


def number_units(
    table: pd.DataFrame, mergers: pd.DataFrame, meta: dict, problems: list[Problem]
) -> pd.DataFrame:
    """All units that ever were, with label and slug, numbered; each row's ``commune`` in
    ``mergers`` resolved.
    """
    if table.empty and not any(p.file == "units.csv" for p in problems):
        problems.append(Problem("no_rows", "units.csv"))
    units = table.copy()
    words = units["kind"].map(KIND_WORDS).fillna("")
    has_word = units["name"].str.lower().str.startswith(("xã ", "thị trấn "))
    units["label"] = units["name"].where(has_word, (words + " " + units["name"]).str.strip())
    units["slug"] = units["label"].map(slug)
    short = units["slug"].str[:LONGEST]
    alike = pd.DataFrame({"slug": short, "valid_from": units["valid_from"]}).duplicated(keep=False)
    units["slug"] = units["slug"].where(
        ~alike & (short == units["slug"]), short + "-" + units["code"]
    )
    units["district"] = units["district"].where(
        units["district"] != "", (meta.get("district") or {}).get("name", "")
    )
    units["region"] = meta.get("region", "btb")
    mergers["unit"] = -1
    if len(units):
        mergers["unit"] = resolve(
            mergers, "mergers.csv", units, mergers["on"] - pd.Timedelta(days=1), problems
        )
    units["end"] = ends(units, mergers, None)
    return units


def ends(units: pd.DataFrame, mergers: pd.DataFrame, known: pd.Timestamp | None) -> pd.Series:
    """The day each unit ended: the first merger known of it, or a later unit under the same code;
    NaT when it goes on.
    """
    merged = mergers[mergers["unit"] >= 0].groupby("unit")["on"].min().reindex(units.index)
    later = units if known is None else units[units["known_from"] <= known]
    following = (
        later.sort_values("valid_from").groupby("code")["valid_from"].shift(-1).reindex(units.index)
    )
    return pd.concat([merged, following], axis=1).min(axis=1)


def resolve(
    table: pd.DataFrame, file: str, units: pd.DataFrame, dates: pd.Series, problems: list[Problem]
) -> pd.Series:
    """The unit number each row means; -1 with a problem where there is none.

    A name shared over time goes by date.
    """
    by_key = {}
    for number, code, name in zip(units.index, units["code"], units["name"], strict=True):
        by_key.setdefault(code, []).append(number)
        by_key.setdefault(fold(name), []).append(number)
    codes, refs = pd.factorize(table["commune"])
    first = np.full(len(refs), -1)
    several = set()
    for index, ref in enumerate(refs):
        found = by_key.get(ref) or by_key.get(fold(ref)) or []
        if len(found) == 1:
            first[index] = found[0]
        elif found:
            several.add(index)
        elif ref:
            code, near = _unknown(ref, units)
            rows = table["row"].to_numpy()[codes == index]
            problems.extend(
                Problem(code, file, int(row), "commune", {"value": ref, "near": near})
                for row in rows
            )
    resolved = first[codes] if len(refs) else np.array([], dtype=int)
    over = units["end"] if "end" in units else pd.Series(pd.NaT, index=units.index)
    for position in np.flatnonzero(np.isin(codes, list(several))):
        ref, day = refs[codes[position]], dates.iloc[position]
        found = units.loc[by_key.get(ref) or by_key[fold(ref)]].sort_values("valid_from")
        alive = found[(found["valid_from"] <= day) & ~(over[found.index] <= day)]
        if alive.empty and len(found) and day < found["valid_from"].min():
            alive = found[found["valid_from"] == found["valid_from"].min()]
        row = int(table["row"].iloc[position])
        if len(alive) == 1:
            resolved[position] = alive.index[0]
        elif alive.empty:
            details = {"value": ref, "day": "?" if pd.isna(day) else f"{day:%d/%m/%Y}"}
            problems.append(Problem("not_then", file, row, "commune", details))
        else:
            shown = "; ".join(described(unit) for _, unit in alive.iterrows())
            problems.append(
                Problem("same_name", file, row, "commune", {"value": ref, "found": shown})
            )
    return pd.Series(resolved, index=table.index, dtype="int64")


def _unknown(ref, units):
    """Which message fits a reference to no unit, and the nearest names."""
    if ref.isdigit() and len(ref) < 5 and (units["code"] == ref.zfill(5)).any():
        return "lost_noughts", ref.zfill(5)
    near = ", ".join(nearest(ref, units["name"]))
    if "?" in ref or "\ufffd" in ref:
        return "lost_letters", near or "..."
    if from_tcvn3(ref) != ref and (units["name"].map(fold) == fold(from_tcvn3(ref))).any():
        return "tcvn3", from_tcvn3(ref)
    return "unknown_unit", near


def reported_volumes(progress: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``progress`` that report the volume of a work, the oldest month first."""
    return progress[(progress["work"] != "") & progress["value"].notna()].sort_values(
        "month", kind="stable"
    )


def newest_volumes(progress: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """The newest report of the volume of each of ``works``, under its index; blank where there is
    none.
    """
    newest = (
        reported_volumes(progress)
        .drop_duplicates(["unit", "work"], keep="last")
        .set_index(["unit", "work"])
    )
    return newest.reindex(pd.MultiIndex.from_frame(works[["unit", "work"]])).set_axis(works.index)


def with_progress(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables with the facts of ``progress`` (rows known by the as-of date) entered.

    A criterion's state becomes a row of ``criterion_states``, an indicator's value or state one of
    ``indicator_values``, dated the month's last day or the day it was known, whichever is earlier;
    the newest volume of a work replaces its ``percent_done``, and a work of 100 % is done, unless
    the work's own row is newer or says that it is done already. ``criterion_states`` gains
    ``table``: the file a row stands in, for messages.
    """
    rows = tables["progress"]
    made = dict(tables)
    made["criterion_states"] = tables["criterion_states"].assign(table="criterion_states")
    if rows.empty:
        return made
    rows = rows.assign(
        date=rows[["month", "known_from"]].min(axis=1), table="progress"
    ).sort_values("month", kind="stable")
    states = rows[rows["criterion"].notna() & (rows["state"] != "")]
    values = rows[(rows["indicator"] != "") & (rows["value"].notna() | (rows["state"] != ""))]
    for name, told in (("criterion_states", states), ("indicator_values", values)):
        if len(told):
            columns = list(made[name].columns)
            made[name] = pd.concat([made[name], told.reindex(columns=columns)], ignore_index=True)
    works = tables["works"]
    told = newest_volumes(rows, works)
    done = told["value"].where(
        (told["known_from"] >= works["known_from"]) & (works["state"] != "done")
    )
    made["works"] = works.assign(
        percent_done=done.where(done.notna(), works["percent_done"]),
        state=works["state"].mask(done >= 100, "done"),
    )
    return made

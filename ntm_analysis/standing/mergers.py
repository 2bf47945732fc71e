"""Which units a day's units were made of, by ``mergers.csv``, and what the recognition of the parts
means for the whole.

One step: an old unit follows what the newest row of mergers known and begun by the day says of it.
A unit stands once a day in that table, so none can be told to be split.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from ..data import Workbook, described
from ..language import fold, listed, text, write_date
from ..tables import DataProblems, Problem
from .recognition import levels

VERDICTS = ("kept", "all", "judge", "none")
LANG = "vi"  # notes in the data are Vietnamese, as all notes of the data sets


@dataclass(frozen=True)
class Link:
    """Old units and what became of them.

    ``to``: the new unit by old unit; ``mark``, ``source``: of the row that says so.
    """

    to: pd.Series
    mark: pd.Series
    source: pd.Series

    @cached_property
    def parts(self) -> dict[int, list[int]]:
        """The old units by new unit."""
        return {int(new): list(rows.index) for new, rows in self.to.groupby(self.to, sort=False)}


def destinations(workbook: Workbook) -> Link:
    """What became, by the as-of day, of every unit that no longer exists then.

    Raises :class:`DataProblems`: a merger into a unit that ``units.csv`` does not hold from that
    day on, or that has merged again by then (a step at a time); a unit that ended without a merger;
    nothing that changed; a day not after the data's own.
    """
    units, day, problems = workbook.all_units, pd.Timestamp(workbook.as_of), []
    base = pd.Timestamp(workbook.meta["as_of"]["date"])
    told = {"day": write_date(day), "since": write_date(base)}
    if day <= base:
        raise DataProblems([Problem("before_data", "dataset.yaml", details=told)])
    alive = workbook.units.index
    gone = units[
        (units["valid_from"] <= day) & ~units.index.isin(alive) & (units["known_from"] <= day)
    ]
    rows = workbook.tables["mergers"]
    rows = (
        rows[rows["on"] <= day]
        .sort_values("on", kind="stable")
        .drop_duplicates("unit", keep="last")
        .set_index("unit")
    )
    to = {}
    for unit in gone.index:
        if unit not in rows.index:
            problems.append(
                Problem("ended_unsaid", "mergers.csv", details={"unit": described(units.loc[unit])})
            )
            continue
        row = rows.loc[unit]
        same = (
            (units["code"] == row["into_code"])
            if row["into_code"]
            else (units["name"].map(fold) == fold(row["into_name"]))
        )
        found = units[same & (units["valid_from"] == row["on"])]
        details = {
            "unit": described(units.loc[unit]),
            "into": row["into_name"],
            "on": write_date(row["on"]),
        }
        if found.empty:
            problems.append(
                Problem("into_unlisted", "mergers.csv", int(row["row"]), "into_code", details)
            )
        elif found.index[0] not in alive:
            problems.append(
                Problem("into_ended", "mergers.csv", int(row["row"]), "into_code", details)
            )
        else:
            to[unit] = int(found.index[0])
    if not problems and not (units.loc[list(set(to.values())), "valid_from"] > base).any():
        problems.append(Problem("nothing_changed", "mergers.csv", details=told))
    if problems:
        raise DataProblems(problems)
    rows = rows.loc[list(to)]
    return Link(pd.Series(to, dtype="int64"), rows["mark"], rows["source"])


def before(workbook: Workbook, link: Link) -> Workbook:
    """The workbook (opened as of the new day) with the old units in place of the new ones."""
    return replace(workbook, units=workbook.all_units.loc[link.to.index])


def formed(workbook: Workbook) -> pd.DataFrame:
    """The former units of today's communes, in their order: unit, name (of the former), held
    (recognised), inferred (no source says so). From ``former_units.csv``, else, in a data set of
    the former units themselves, from the mergers done.
    """
    told = workbook.tables["former_units"]
    if len(told):
        made = pd.DataFrame(
            {
                "unit": told["unit"],
                "name": told["former_name"],
                "held": told["level"] != "",
                "inferred": told["basis"] == "inferred",
            }
        )
    else:
        done = workbook.tables["mergers"]
        done = (
            done[done["on"] <= pd.Timestamp(workbook.as_of)]
            .sort_values("on", kind="stable")
            .drop_duplicates("unit", keep="last")
        )
        codes = pd.Series(workbook.units.index, index=workbook.units["code"])
        held = (
            workbook.tables["recognitions"]
            .groupby("unit")["basis"]
            .agg(lambda basis: (basis == "inferred").all())
        )
        made = pd.DataFrame(
            {
                "unit": done["into_code"].map(codes),
                "name": done["unit"].map(workbook.all_units["name"]),
                "held": done["unit"].isin(held.index),
                "inferred": done["unit"].map(held).eq(True),
            }
        )
    place = {unit: place for place, unit in enumerate(workbook.communes.index)}
    return made[made["unit"].isin(place)].sort_values(
        "unit", key=lambda c: c.map(place), kind="stable"
    )


def verdict(held: int, of: int) -> str:
    """What the recognition of ``held`` of its ``of`` former units means: kept (one unit,
    recognised), all, judge (some), none.

    >>> verdict(1, 1), verdict(3, 3), verdict(2, 3), verdict(0, 3)
    ('kept', 'all', 'judge', 'none')
    """
    return "none" if not held else "judge" if held < of else "all" if of > 1 else "kept"


def recognised_parts(old: Workbook, link: Link) -> pd.DataFrame:
    """By new unit, in order: parts, held (how many were communes recognised NTM), inferred (of
    these without a source that says so), lacking (the parts that were not), verdict
    (:func:`verdict`).
    """
    level, units = levels(old), old.all_units
    recognised = set(
        level.index[level["level"] != "not_ntm"]
    )  # of communes; a township is not recognised
    made = []
    for new, parts in link.parts.items():
        lacking = [part for part in parts if part not in recognised]
        held = len(parts) - len(lacking)
        inferred = sum(not level.at[part, "sourced"] for part in parts if part in recognised)
        made.append(
            {
                "unit": new,
                "parts": parts,
                "held": held,
                "inferred": inferred,
                "lacking": lacking,
                "verdict": verdict(held, len(parts)),
                "order": units.at[new, "order"],
            }
        )
    return pd.DataFrame(made).set_index("unit").sort_values("order", kind="stable")


def recognition_words(workbook: Workbook, unit: int, row: pd.Series, lang: str) -> str:
    """One row of :func:`recognised_parts` as a sentence without its end."""
    names = workbook.all_units["name"]
    details = {
        "name": names[unit],
        "held": row["held"],
        "of": len(row["parts"]),
        "names": listed(names[row["lacking"]], lang),
    }
    details["inferred"] = (
        text("rebase_inferred", lang, n=row["inferred"]) if row["inferred"] else ""
    )
    return text(f"rebase_reason_{row['verdict']}", lang, **details)

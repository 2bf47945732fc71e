"""Which units a day's units were made of, and what the parts' recognition means for the whole.

One step: an old unit follows what the newest row of ``mergers.csv`` known and begun by the day
says. A unit stands once a day in that table, so the table can split no unit.
"""

from collections import namedtuple
from dataclasses import replace
from functools import cached_property

import pandas as pd

from ..data import describe_unit, newest_mergers
from ..language import fold, join_names, text, write_date
from ..tables import DataProblemsError, Problem
from .recognition import levels

PART_VERDICTS = ("kept", "all", "judge", "none")
NOTE_LANG = "vi"  # notes in the data are Vietnamese, as all notes of the data sets


class Successors(namedtuple("Successors", "to mark source")):
    """Old units and what became of them.

    Attributes
    ----------
    to : Series of int
        The new unit, by old unit.
    mark, source : Series of str
        By old unit: of the row that says so.
    """

    @cached_property
    def parts(self):
        """The old units (list of int) by new unit."""
        return {int(new): list(rows.index) for new, rows in self.to.groupby(self.to, sort=False)}


def find_successors(workbook):
    """Find what became, by the as-of day, of every unit that no longer exists then.

    Parameters
    ----------
    workbook : Workbook
        Opened as of the new day.

    Returns
    -------
    Successors

    Raises
    ------
    DataProblemsError
        If a merger leads into a unit that ``units.csv`` does not hold from that day on, or that has
        merged again by then (a step at a time); if a unit ended without a merger; if nothing
        changed; if the day is not after the data's own.
    """
    units, day, problems, to = workbook.all_units, pd.Timestamp(workbook.as_of), [], {}
    base = pd.Timestamp(workbook.meta["as_of"]["date"])
    days = {"day": write_date(day), "since": write_date(base)}
    if day <= base:
        raise DataProblemsError([Problem("before_data", "dataset.yaml", details=days)])
    alive = workbook.units.index
    known = (units["valid_from"] <= day) & (units["known_from"] <= day)
    rows = newest_mergers(workbook.tables["mergers"], workbook.as_of).set_index("unit")
    for unit in units.index[known & ~units.index.isin(alive)]:
        details = {"unit": describe_unit(units.loc[unit])}
        if unit not in rows.index:
            problems.append(Problem("ended_unsaid", "mergers.csv", details=details))
            continue
        row = rows.loc[unit]
        same = (
            units["code"] == row["into_code"]
            if row["into_code"]
            else units["name"].map(fold) == fold(row["into_name"])
        )
        new = units.index[same & (units["valid_from"] == row["on"])]
        if len(new) and new[0] in alive:
            to[unit] = int(new[0])
            continue
        code = "into_ended" if len(new) else "into_unlisted"
        details |= {"into": row["into_name"], "on": write_date(row["on"])}
        problems.append(Problem(code, "mergers.csv", int(row["row"]), "into_code", details))
    if not problems and not (units.loc[list(set(to.values())), "valid_from"] > base).any():
        problems.append(Problem("nothing_changed", "mergers.csv", details=days))
    if problems:
        raise DataProblemsError(problems)
    rows = rows.loc[list(to)]
    return Successors(pd.Series(to, dtype="int64"), rows["mark"], rows["source"])


def before_mergers(workbook, successors):
    """Workbook with the old units in place of the new ones.

    Parameters
    ----------
    workbook : Workbook
        Opened as of the new day.
    successors : Successors

    Returns
    -------
    Workbook
    """
    return replace(workbook, units=workbook.all_units.loc[successors.to.index])


def former_units(workbook):
    """Former units of today's communes.

    They stand in ``former_units.csv``; in a data set of the former units themselves they follow
    from the mergers done.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    DataFrame
        In the order of today's communes: unit, name (of the former unit), held (whether it was
        recognised), inferred (no source says so).
    """
    listed = workbook.tables["former_units"]
    if len(listed):
        former = pd.DataFrame(
            {
                "unit": listed["unit"],
                "name": listed["former_name"],
                "held": listed["level"] != "",
                "inferred": listed["basis"] == "inferred",
            }
        )
    else:
        mergers = newest_mergers(workbook.tables["mergers"], workbook.as_of)
        codes = pd.Series(workbook.units.index, index=workbook.units["code"])
        recognitions = workbook.tables["recognitions"]
        inferred = (recognitions["basis"] == "inferred").groupby(recognitions["unit"]).all()
        former = pd.DataFrame(
            {
                "unit": mergers["into_code"].map(codes),
                "name": mergers["unit"].map(workbook.all_units["name"]),
                "held": mergers["unit"].isin(inferred.index),
                "inferred": mergers["unit"].map(inferred).eq(True),
            }
        )
    place = {unit: place for place, unit in enumerate(workbook.communes.index)}
    former = former[former["unit"].isin(place)]
    return former.sort_values("unit", key=lambda unit: unit.map(place), kind="stable")


def recognition_of_merged(held, of):
    """Judge what the recognition of former units means for the unit that they make.

    Parameters
    ----------
    held : int
        How many were recognised.
    of : int
        How many there are.

    Returns
    -------
    str
        ``kept`` (one unit, recognised), ``all``, ``judge`` (some: the new unit is judged anew) or
        ``none``.

    Examples
    --------
    >>> [recognition_of_merged(held, of) for held, of in ((1, 1), (3, 3), (2, 3), (0, 3))]
    ['kept', 'all', 'judge', 'none']
    """
    return "none" if not held else "judge" if held < of else "all" if of > 1 else "kept"


def recognised_parts(old, successors):
    """Which parts of each new unit were recognised NTM.

    Parameters
    ----------
    old : Workbook
        As of :func:`before_mergers`.
    successors : Successors

    Returns
    -------
    DataFrame
        By new unit, in order: parts (list of old units), held (how many were communes recognised
        NTM), inferred (how many of these no source says so of), lacking (the parts that were not),
        verdict (see :func:`recognition_of_merged`), order.
    """
    level, units = levels(old), old.all_units
    # of communes; a township is not recognised
    recognised = set(level.index[level["level"] != "not_ntm"])
    rows = []
    for new, parts in successors.parts.items():
        lacking = [part for part in parts if part not in recognised]
        held = len(parts) - len(lacking)
        rows.append(
            {
                "unit": new,
                "parts": parts,
                "held": held,
                "inferred": sum(
                    not level.at[part, "sourced"] for part in parts if part in recognised
                ),
                "lacking": lacking,
                "verdict": recognition_of_merged(held, len(parts)),
                "order": units.at[new, "order"],
            }
        )
    return pd.DataFrame(rows).set_index("unit").sort_values("order", kind="stable")


def recognition_words(workbook, unit, row, lang):
    """Say in a sentence, without its end, what the recognition of the parts means for a unit.

    Parameters
    ----------
    workbook : Workbook
    unit : int
        The new unit.
    row : Series
        The unit's row of :func:`recognised_parts`.
    lang : str

    Returns
    -------
    str
    """
    names, inferred = workbook.all_units["name"], row["inferred"]
    return text(
        f"rebase_reason_{row['verdict']}",
        lang,
        name=names[unit],
        held=row["held"],
        of=len(row["parts"]),
        names=join_names(names[row["lacking"]], lang),
        inferred=text("rebase_inferred", lang, n=inferred) if inferred else "",
    )

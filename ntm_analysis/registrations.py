"""Who is registered for a year: communes by level, hamlets with the criteria of the set that recognises them."""

import pandas as pd

from .criteria import LEVELS
from .names import fold
from .workbook import Workbook

COUNTED_MET = ("met", "not_applicable")


def years(workbook: Workbook) -> list[int]:
    """The years for which a commune or a hamlet is registered, in order; pledges are no registrations.

    >>> years(Workbook.open("data/thanh-chuong"))
    [2022]
    """
    communes, hamlets = _communes(workbook), workbook.tables["hamlet_targets"]
    return sorted({int(year) for year in [*communes["year"], *hamlets["year"]]})


def registration_year(workbook: Workbook) -> int:
    """The year that an annex is for unless told: the first from the as-of date's year on, else the last, else that year."""
    known, now = years(workbook), workbook.as_of.year
    return next((year for year in known if year >= now), known[-1] if known else now)


def communes_registered(workbook: Workbook, year: int) -> pd.DataFrame:
    """The communes on the planned list of a year: unit, level, source, by level and in administrative order."""
    rows = _communes(workbook)
    rows = rows[rows["year"] == year]
    order = workbook.units["order"]
    places = rows.assign(at=rows["level"].map(LEVELS.index), place=rows["unit"].map(order))
    return places.sort_values(["at", "place"], kind="stable")[["unit", "level", "source"]]


def _communes(workbook):
    rows = workbook.tables["targets"]
    return rows[(rows["kind"] == "plan") & rows["unit"].isin(workbook.communes.index)]


def hamlets_registered(workbook: Workbook, year: int) -> pd.DataFrame:
    """The hamlets registered for a year: unit, hamlet, level, source, households, met, of, missing, unknown.

    met (criteria known to hold), missing (tuple of those known not to, basically met ones too) and unknown add up to ``of``, the
    criteria of the hamlet set of that level; ``of`` 0: the set is not in the data, so that nothing can be said.
    """
    rows = workbook.tables["hamlet_targets"]
    rows = rows[(rows["year"] == year) & rows["unit"].isin(workbook.units.index)]
    criteria, states = workbook.tables["hamlet_criteria"], workbook.tables["hamlet_states"]
    listed = workbook.tables["hamlets"]
    households = {(u, fold(h)): n for u, h, n in zip(listed["unit"], listed["hamlet"], listed["households"], strict=True)}
    newest = {
        (s["unit"], fold(s["hamlet"]), s["level"], s["criterion"]): s["state"]
        for s in states.sort_values("date", kind="stable").to_dict("records")
    }
    made = []
    for row in rows.to_dict("records"):
        key = row["unit"], fold(row["hamlet"])
        numbers = sorted(criteria.loc[criteria["level"] == row["level"], "number"].astype(int))
        known = {n: newest.get((*key, row["level"], n), "") for n in numbers}
        missing = tuple(n for n, state in known.items() if state and state not in COUNTED_MET)
        met = sum(state in COUNTED_MET for state in known.values())
        made.append({
            "unit": row["unit"], "hamlet": row["hamlet"], "level": row["level"], "source": row["source"],
            "households": households.get(key, float("nan")), "met": met, "of": len(numbers), "missing": missing,
            "unknown": len(numbers) - met - len(missing),
        })  # fmt: skip
    columns = ["unit", "hamlet", "level", "source", "households", "met", "of", "missing", "unknown"]
    table = pd.DataFrame(made, columns=columns)
    place = table["unit"].map(workbook.units["order"])
    return table.assign(place=place).sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)

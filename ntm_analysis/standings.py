"""One record a commune: its set, counts, level and the other sets in which something is known; for JSON, text and index."""

import pandas as pd

from .assess import assess
from .recognition import levels
from .workbook import Workbook


def commune_records(workbook: Workbook, set_id: str = "", units: list[int] | None = None) -> list[dict]:
    """Records of communes in administrative order (all, or ``units``), as ``ntm status --json`` prints them.

    code, name, set (``set_id``, else the default set of the commune's next level), met (None when nothing is known), of, missing
    (criterion numbers known missing), unknown (how many without a state), checked (no state counted rests on a threshold that was
    not read in its text), level, standings (the other default sets in which
    something is known).

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> record = commune_records(wb, units=[wb.find("Thanh Tiên")])[0]
    >>> record["set"], record["met"], record["of"], record["missing"], record["unknown"], record["level"]
    ('advanced-nghe-an-2018-2020', 11, 15, [], 4, 'ntm')
    """
    level = levels(workbook)
    sets = dict.fromkeys(workbook.default_set(name) for name in ("ntm", "advanced", "model"))
    if set_id:
        sets = dict.fromkeys([set_id, *sets])
    standings = {name: assess(workbook, name) for name in sets}
    records = []
    for unit, commune in workbook.communes.iterrows():
        if units is not None and unit not in units:
            continue
        chosen = set_id or workbook.default_set(level.loc[unit, "next"])
        others = [_counts(standings[name], unit) for name in sets if name != chosen]
        records.append(
            {"code": commune["code"], "name": commune["name"]}
            | _counts(standings[chosen], unit)
            | {"level": level.loc[unit, "level"], "standings": [o for o in others if o["met"] is not None]}
        )
    return records


def _counts(standing, unit):
    """One commune's counts by one set, in plain Python types."""
    row = standing.counts.loc[unit]
    return {
        "set": standing.set_id,
        "met": None if pd.isna(row["met"]) else int(row["met"]),
        "of": int(row["of"]),
        "missing": list(row["missing"]),
        "unknown": int(row["unknown"]),
        "checked": bool(row["checked"]),
    }

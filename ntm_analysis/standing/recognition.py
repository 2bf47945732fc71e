"""Recognised levels, revocation, conditions of the district, the set in force applied today; a
record a commune.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data import Workbook
from ..law import LEVELS
from .assess import Standing, assess

RANKS = ("not_ntm", *LEVELS)
NEXT = {"not_ntm": "ntm", "ntm": "advanced", "advanced": "model", "model": "model"}
# a commune that lacks 1 to 4 criteria is near: the planners' own question (question 1 of the
# monthly meeting)
NEAR = 4


def levels(workbook: Workbook) -> pd.DataFrame:
    """The recognised level of every commune, by unit: level, basis, set, decision, date, source,
    mark, sourced, next.

    ``sourced``: a source says so; else the level was inferred. A commune without a row is
    ``not_ntm``; the same holds for ``basis`` "none". ``next`` is the level it works towards.

    >>> int((levels(Workbook.open("data/thanh-chuong"))["level"] == "ntm").sum())
    21
    """
    rows = workbook.tables["recognitions"].copy()
    rows["rank"] = rows["level"].map(RANKS.index)
    rows = (
        rows.sort_values(["rank", "known_from"], kind="stable")
        .drop_duplicates("unit", keep="last")
        .set_index("unit")
    )
    made = rows[["level", "basis", "set", "decision", "date", "source", "mark"]].reindex(
        workbook.communes.index
    )
    made["level"] = made["level"].fillna("not_ntm")
    made["basis"] = made["basis"].fillna("none")
    made[["set", "decision", "source", "mark"]] = made[
        ["set", "decision", "source", "mark"]
    ].fillna("")
    made["sourced"] = made["basis"].isin(["decision", "reported"])
    made["next"] = made["level"].map(NEXT)
    return made


@dataclass(frozen=True)
class Overview:
    """The district in numbers; communes are named by unit number.

    ``near``: not yet recognised, 1 to 4 criteria missing or unknown. ``far``: more than 4.
    ``no_data``: nothing is known.
    """

    communes: int
    recognised: list[int]
    sourced: int
    inferred: int
    higher: list[int]
    near: list[int]
    far: list[int]
    ready: list[int]
    no_data: list[int]


def overview(workbook: Workbook, ntm: Standing) -> Overview:
    """Where the communes stand at the NTM level, each counted once.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> made = overview(wb, assess(wb, "ntm-2016-2020"))
    >>> len(made.recognised), made.sourced, made.inferred, len(made.near), len(made.no_data)
    (22, 5, 17, 3, 12)
    """
    level = levels(workbook)
    recognised = level["level"] != "not_ntm"
    counts = ntm.counts[~recognised]
    lacking = counts["of"] - counts["met"]
    groups = {
        "near": lacking.between(1, NEAR),
        "far": lacking > NEAR,
        "ready": lacking == 0,
        "no_data": counts["met"].isna(),
    }
    return Overview(
        communes=len(level),
        recognised=level.index[recognised].tolist(),
        sourced=int((recognised & level["sourced"]).sum()),
        inferred=int((recognised & ~level["sourced"]).sum()),
        higher=level.index[level["level"].isin(["advanced", "model"])].tolist(),
        **{name: counts.index[rows].tolist() for name, rows in groups.items()},
    )


def holding_back(workbook: Workbook, standing: Standing) -> pd.DataFrame:
    """Criteria by how many communes they hold back, the worst first.

    By criterion number: name_vi, name_en, owner_vi, owner_en, owner_mark, met, basic, not_met,
    unknown (communes), missing (not met or only basically met).
    """
    states = standing.states.assign(
        state=standing.states["state"].replace({"not_applicable": "met"}).astype(str)
    )
    table = states.groupby(["criterion", "state"], observed=True).size().unstack(fill_value=0)
    table = table.reindex(columns=["met", "basic", "not_met", "unknown"], fill_value=0)
    table["missing"] = table["not_met"] + table["basic"]
    names = workbook.law.criteria_of(standing.set_id)
    table = names[["name_vi", "name_en", "owner_vi", "owner_en", "owner_mark"]].join(table)
    return table.sort_values(["missing", "unknown"], ascending=False, kind="stable")


def knowledge(standing: Standing) -> dict[str, float]:
    """How much of a standing is known: shares of commune x criterion, adding to 1.

    ``reported`` (said of the criterion itself or its indicators), ``inferred`` (follows from a
    reported count or recognition), ``assumed`` and ``illustrative`` by the mark of the fact behind
    each state; a count that names nothing makes that many criteria known; the rest is ``unknown``.
    """
    cells = standing.states[standing.states["state"] != "unknown"]
    inferred = (cells["mark"] == "reported") & cells["basis"].isin(["count", "recognition"])
    shares = cells["mark"].mask(inferred, "inferred").value_counts().to_dict()
    named = cells.groupby("unit").size().reindex(standing.counts.index, fill_value=0)
    nameless = (standing.counts["met"] + standing.counts["missing"].map(len)).fillna(0) - named
    for mark, number in nameless.clip(lower=0).groupby(standing.counts["mark"]).sum().items():
        shares[mark] = shares.get(mark, 0) + int(number)
    total = len(standing.states)
    shares["unknown"] = total - sum(shares.values())
    order = ("reported", "inferred", "assumed", "illustrative", "unknown")
    return {
        name: shares.get(name, 0) / total
        for name in order
        if shares.get(name) or name in ("reported", "unknown")
    }


def revocation(
    workbook: Workbook, standing: Standing, held: tuple[str, ...] = LEVELS
) -> pd.DataFrame:
    """What the rule on revocation says of each commune recognised at one of the levels ``held``,
    judged by ``standing``.

    By unit: failed, unknown, of, checked, outcome, rule. Outcomes: ``rule_unknown`` (no rule known
    on the as-of date), ``any`` (half of the criteria or more failed), ``with_key`` (30 % to under
    50 % failed and a key criterion among them), ``none`` (cannot come to that, whatever the unknown
    ones are), ``open`` (depends on criteria without data).
    """
    level = levels(workbook)
    recognised = level.index[level["level"].isin(held)]
    counts = standing.counts.loc[recognised]
    made = counts[["unknown", "of", "checked"]].assign(
        failed=counts["missing"].map(len).astype(int)
    )
    rules = workbook.rules_in_force(workbook.law.revocation)
    if not rules:
        return made.assign(outcome="rule_unknown", rule="")
    rule = rules[-1]
    chosen = workbook.law.sets[standing.set_id]
    # The criteria of a set that only counts have no names, so none of them can be told to be a key
    # one.
    keys = set() if chosen.counts_only else set(rule["key_criteria"].get(chosen.level, []))
    states = standing.matrix().loc[recognised]
    key_states = states[[c for c in states.columns if c in keys]]
    key_failed = key_states.isin(["not_met", "basic"]).any(axis=1)
    key_open = (key_states == "unknown").any(axis=1) | ~states.columns.isin(list(keys)).any()
    low, high = rule["share_with_key"] / 100 * made["of"], rule["share_any"] / 100 * made["of"]
    most = made["failed"] + made["unknown"]
    outcome = np.select(
        [
            made["failed"] >= high,
            (made["failed"] >= low) & key_failed & (most < high),
            most < low,
            (most < high) & ~key_failed & ~key_open,
            (made["failed"] >= low) & key_failed,
        ],
        ["any", "with_key", "none", "none", "with_key"],
        "open",
    )
    return made.assign(outcome=outcome, rule=rule["decision"])


def district_conditions(workbook: Workbook) -> pd.DataFrame:
    """The district's conditions as far as known: number, name_vi, name_en, op, value, unit, need,
    have, of, state.

    Formula: need = ceil(value % x communes). ``need`` is NaN for conditions on which the data hold
    no figures, and for all of them where units made by mergers are not in the list.
    """
    level = levels(workbook)["level"]
    total = len(level)
    have = {
        "share_ntm": int((level != "not_ntm").sum()),
        "share_advanced": int(level.isin(["advanced", "model"]).sum()),
    }
    rows = []
    for rule in workbook.rules_in_force(workbook.law.district):
        countable = rule["measure"] in have and rule["value"] is not None and not workbook.unlisted
        need = math.ceil(rule["value"] / 100 * total - 1e-9) if countable else float("nan")
        has = have[rule["measure"]] if countable else float("nan")
        rows.append(
            {
                "number": rule["number"],
                "name_vi": rule["name"]["vi"],
                "name_en": rule["name"]["en"],
                "op": rule["op"],
                "value": rule["value"],
                "unit": rule["unit"],
                "need": need,
                "have": has,
                "of": total,
                "state": ("met" if has >= need else "not_met") if countable else "unknown",
                "checked": rule["mark"] == "read",
                "reference": rule["reference"],
            }
        )
    columns = [
        "number",
        "name_vi",
        "name_en",
        "op",
        "value",
        "unit",
        "need",
        "have",
        "of",
        "state",
        "checked",
        "reference",
    ]
    return pd.DataFrame(rows, columns=columns)


def set_in_force(workbook: Workbook, level: str = "ntm") -> tuple[Standing, pd.DataFrame] | None:
    """The set in force on the as-of date applied today: its standing, and by criterion what can be
    judged.

    Values reported under another set are carried over only where a test measures the same thing; a
    state of an old criterion is not. Table by criterion: name_vi, name_en, indicators, read
    (thresholds read in their text), unread, missing (thresholds not known; all four count
    indicators), met, not_met, unknown (communes). None when no set of the level is in force.
    """
    set_id = workbook.law.in_force(level, workbook.as_of)
    if set_id is None:
        return None
    standing = assess(workbook, set_id, carry=True)
    tests = standing.thresholds.get(
        workbook.meta["region"], next(iter(standing.thresholds.values()))
    )
    known = tests["kind"].isin(["number", "met", "verdict"])
    whole = pd.DataFrame({"known": known, "read": known & tests["checked"]})
    each = whole.groupby([tests["criterion"], tests["indicator"]], sort=False).all()
    each = each.assign(indicators=1, unread=each["known"] & ~each["read"], missing=~each["known"])
    grouped = each.groupby("criterion")[["indicators", "read", "unread", "missing"]].sum()
    table = holding_back(workbook, standing).sort_index()
    table["not_met"] = table.pop("missing")
    return standing, table[["name_vi", "name_en"]].join(grouped).join(
        table[["met", "not_met", "unknown"]]
    )


def ask_first(workbook: Workbook, ntm: Standing) -> list[int]:
    """Communes whose answers are missing and would change the district's figures most: registered
    first, then no data.

    Order: a target or pledge nearest in time, then communes without any data in administrative
    order; communes about which the same is known stand as one band and are not ranked against each
    other.
    """
    counts = ntm.counts
    level = levels(workbook)["level"]
    open_ = counts.index[(counts["unknown"] > 0) & (level == "not_ntm")]
    targets = workbook.tables["targets"]
    year = (
        targets[targets["level"] == "ntm"].groupby("unit")["year"].min().reindex(open_).fillna(9999)
    )
    return year.sort_values(kind="stable").index.tolist()


def commune_records(
    workbook: Workbook, set_id: str = "", units: list[int] | None = None
) -> list[dict]:
    """Records of communes in administrative order (all, or ``units``), as ``ntm status --json``
    prints them.

    code, name, set (``set_id``, else the default set of the commune's next level), met (None when
    nothing is known), of, missing (criterion numbers known missing), unknown (how many without a
    state), checked (no state counted rests on a threshold that was not read in its text), level,
    standings (the other default sets in which something is known).

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
            | {
                "level": level.loc[unit, "level"],
                "standings": [o for o in others if o["met"] is not None],
            }
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

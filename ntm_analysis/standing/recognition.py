"""Recognised levels, revocation, conditions of the district, the set in force applied today."""

import math
from collections import namedtuple

import numpy as np
import pandas as pd

from ..law import LEVELS
from .assess import assess
from .verdicts import LACKING_STATES

RANKS = ("not_ntm", *LEVELS)
NEXT_LEVEL = {"not_ntm": "ntm", "ntm": "advanced", "advanced": "model", "model": "model"}
# A commune that lacks 1 to 4 criteria is near: the planners' own question (question 1 of the
# monthly meeting).
MOST_MISSING_WHEN_NEAR = 4


def levels(workbook):
    """Recognised level of every commune.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    DataFrame
        By unit: level (``not_ntm`` without a row), basis ("none" without a row), set, decision,
        date, source, mark, sourced (a source says so; else the level was inferred), next (the level
        that the commune works towards).

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> int((levels(Workbook.open("data/thanh-chuong"))["level"] == "ntm").sum())
    21
    """
    rows = workbook.tables["recognitions"]
    rows = rows.assign(rank=rows["level"].map(RANKS.index))
    rows = rows.sort_values(["rank", "known_from"], kind="stable")
    rows = rows.drop_duplicates("unit", keep="last").set_index("unit")
    table = rows[["level", "basis", "set", "decision", "date", "source", "mark"]]
    table = table.reindex(workbook.communes.index)
    blanks = {"level": "not_ntm", "basis": "none"}
    table = table.fillna(blanks | dict.fromkeys(("set", "decision", "source", "mark"), ""))
    table["sourced"] = table["basis"].isin(["decision", "reported"])
    table["next"] = table["level"].map(NEXT_LEVEL)
    return table


class Overview(
    namedtuple("Overview", "communes recognised sourced inferred higher near far ready no_data")
):
    """The district in numbers; communes are named by unit number.

    Attributes
    ----------
    communes : int
        How many there are.
    recognised : list of int
        NTM or higher.
    sourced, inferred : int
        How many of the recognised a source names, and how many were inferred.
    higher : list of int
        Advanced or model.
    near, far, ready : list of int
        Not yet recognised, with 1 to 4 criteria missing or unknown, with more, with none.
    no_data : list of int
        Not yet recognised, and nothing is known.
    """


def overview(workbook, ntm):
    """Where the communes stand at the NTM level, each counted once.

    Parameters
    ----------
    workbook : Workbook
    ntm : Standing
        By the NTM set.

    Returns
    -------
    Overview

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> o = overview(wb, assess(wb, "ntm-2016-2020"))
    >>> len(o.recognised), o.sourced, o.inferred, len(o.near), len(o.no_data)
    (22, 5, 17, 3, 12)
    """
    level = levels(workbook)
    recognised = level["level"] != "not_ntm"
    counts = ntm.counts[~recognised]
    lacking = counts["of"] - counts["met"]
    groups = {
        "near": lacking.between(1, MOST_MISSING_WHEN_NEAR),
        "far": lacking > MOST_MISSING_WHEN_NEAR,
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


def criteria_holding_back(workbook, standing):
    """Criteria by how many communes they hold back, the worst first.

    Parameters
    ----------
    workbook : Workbook
    standing : Standing

    Returns
    -------
    DataFrame
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


def knowledge_shares(standing):
    """How much of a standing is known: shares of commune x criterion.

    A count that names nothing makes that many criteria known.

    Parameters
    ----------
    standing : Standing

    Returns
    -------
    dict of str to float
        Adding to 1: ``reported`` (the criterion itself or its indicators), ``inferred`` (follows
        from a reported count or recognition), ``assumed`` and ``illustrative`` by the mark of the
        fact behind each state, ``unknown``. Nought is left out but for the first and the last.
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


def revocation(workbook, standing, held=LEVELS):
    """Apply the rule on revocation to each recognised commune.

    Parameters
    ----------
    workbook : Workbook
    standing : Standing
        By which the communes are judged.
    held : tuple of str
        Communes recognised at one of these levels.

    Returns
    -------
    DataFrame
        By unit: unknown, of, checked, failed, outcome, rule. Outcomes: ``rule_unknown`` (no rule
        known on the as-of date), ``any`` (half of the criteria or more failed), ``with_key`` (30 %
        to under 50 % failed and a key criterion among them), ``none`` (cannot come to that,
        whatever the unknown ones are), ``open`` (depends on criteria without data).
    """
    level = levels(workbook)
    recognised = level.index[level["level"].isin(held)]
    counts = standing.counts.loc[recognised]
    table = counts[["unknown", "of", "checked"]].assign(
        failed=counts["missing"].map(len).astype(int)
    )
    rules = workbook.rules_in_force(workbook.law.revocation)
    if not rules:
        return table.assign(outcome="rule_unknown", rule="")
    rule = rules[-1]
    chosen = workbook.law.sets[standing.set_id]
    # The criteria of a set that only counts have no names: nobody can say that one is a key one.
    keys = set() if chosen.counts_only else set(rule["key_criteria"].get(chosen.level, []))
    states = standing.matrix().loc[recognised]
    key_states = states[[c for c in states.columns if c in keys]]
    key_failed = key_states.isin(LACKING_STATES).any(axis=1)
    key_open = (key_states == "unknown").any(axis=1) | ~states.columns.isin(list(keys)).any()
    failed, most = table["failed"], table["failed"] + table["unknown"]
    low, high = (rule[share] / 100 * table["of"] for share in ("share_with_key", "share_any"))
    outcome = np.select(
        [
            failed >= high,
            (failed >= low) & key_failed & (most < high),
            most < low,
            (most < high) & ~key_failed & ~key_open,
            (failed >= low) & key_failed,
        ],
        ["any", "with_key", "none", "none", "with_key"],
        "open",
    )
    return table.assign(outcome=outcome, rule=rule["decision"])


def district_conditions(workbook):
    """Conditions of the district, as far as known: need = ceil(value % x communes).

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    DataFrame
        A row a condition: number, name_vi, name_en, op, value, unit, need, have, of (communes),
        state, checked, reference. ``need`` is NaN for conditions on which the data hold no figures,
        and for all of them where units made by mergers are not in the list.
    """
    level = levels(workbook)["level"]
    total = len(level)
    numbers = {
        "share_ntm": int((level != "not_ntm").sum()),
        "share_advanced": int(level.isin(["advanced", "model"]).sum()),
    }
    rows = []
    for rule in workbook.rules_in_force(workbook.law.district):
        need = have = float("nan")
        if rule["measure"] in numbers and rule["value"] is not None and not workbook.unlisted:
            need = math.ceil(rule["value"] / 100 * total - 1e-9)
            have = numbers[rule["measure"]]
        rows.append(
            {name: rule[name] for name in ("number", "op", "value", "unit", "reference")}
            | {
                "name_vi": rule["name"]["vi"],
                "name_en": rule["name"]["en"],
                "need": need,
                "have": have,
                "of": total,
                "state": "unknown" if need != need else "met" if have >= need else "not_met",
                "checked": rule["mark"] == "read",
            }
        )
    columns = ["number", "name_vi", "name_en", "op", "value", "unit", "need", "have", "of", "state"]
    return pd.DataFrame(rows, columns=[*columns, "checked", "reference"])


def set_in_force(workbook, level="ntm"):
    """Apply the set in force on the as-of date today: its standing, and what it can judge.

    Values reported under another set are carried over only where a test measures the same thing; a
    state of an old criterion is not.

    Parameters
    ----------
    workbook : Workbook
    level : str

    Returns
    -------
    (Standing, DataFrame) or None
        None when no set of the level is in force. The table by criterion: name_vi, name_en,
        indicators, read (thresholds read in their text), unread, missing (thresholds not known; all
        four count indicators), met, not_met, unknown (communes).
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
    table = criteria_holding_back(workbook, standing).sort_index()
    table["not_met"] = table.pop("missing")
    return standing, table[["name_vi", "name_en"]].join(grouped).join(
        table[["met", "not_met", "unknown"]]
    )


def ask_first(workbook, ntm):
    """Communes whose answers are missing and would change the district's figures most.

    Communes about which the same is known stand as one band and are not ranked against each other.

    Parameters
    ----------
    workbook : Workbook
    ntm : Standing
        By the NTM set.

    Returns
    -------
    list of int
        By the nearest year of a target or pledge, then communes without one in administrative
        order.
    """
    counts = ntm.counts
    level = levels(workbook)["level"]
    open_ = counts.index[(counts["unknown"] > 0) & (level == "not_ntm")]
    targets = workbook.tables["targets"]
    year = targets[targets["level"] == "ntm"].groupby("unit")["year"].min().reindex(open_)
    return year.sort_values(kind="stable").index.tolist()

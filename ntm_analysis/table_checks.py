"""Tables checked against each other and against the law: references, totals, the form of every value."""

from functools import partial

import numpy as np
import pandas as pd

from .criteria import Law
from .dictionary import KEYS
from .names import fold, nearest
from .office_numbers import write_date
from .problems import Problem
from .row_checks import teller
from .table_files import duplicates
from .units import described, resolve

# Tables about the criteria for communes, which do not apply to a township.
JUDGED = ("indicator_values", "criterion_states", "criterion_counts", "recognitions", "targets")


def check_table(
    name: str, table: pd.DataFrame, units: pd.DataFrame, law: Law, sources: pd.DataFrame | None, problems: list[Problem]
) -> None:
    """References of one table to units, law and sources, and the rules between its columns.

    A cell that could not be read is passed over: its own problem tells. ``sources`` is None when it could not be read.
    """
    file = f"{name}.csv"
    bad = partial(teller({name: table}, problems), name)
    if "commune" in table:
        if name != "mergers":
            dates = (
                table["month"]
                if "month" in table and "date" not in table
                else (table["date"].where(table["date"].notna(), table["known_from"]) if "date" in table else table["known_from"])
            )
            table["unit"] = resolve(table, file, units, dates, problems)
        duplicates(table, name, tuple("unit" if k == "commune" else k for k in KEYS[name]), file, problems)
    if table.empty:
        return
    if name in JUDGED:
        town = table["unit"].map(units["kind"]) == "township"
        bad(town, "not_judged", "commune", unit=table["unit"].map(units["label"]))
    if "date" in table:
        bad(table["date"] > table["known_from"], "known_before", "date", date="{date:day}", known="{known_from:day}")
    if "source" in table and sources is not None:
        ids = set(sources["id"])
        known = {cell: [part for part in cell.split("|") if part not in ids] for cell in table["source"].unique() if cell}
        bad(table["source"].map(known).map(bool, na_action="ignore").eq(True), "unknown_source", "source",
            value=lambda r: known[r["source"]],
            near=lambda r: nearest(known[r["source"]][0], sorted(ids)) or sorted(ids)[:3])  # fmt: skip
    if name == "mergers":
        start = table["unit"].map(units["valid_from"])
        bad(
            table["on"] <= start,
            "merged_before",
            "on",
            on="{on:day}",
            start=lambda r: write_date(units.loc[r["unit"], "valid_from"]),
        )
        missing = (table["into_code"] != "") & ~table["into_code"].isin(units["code"])
        bad(missing, "unknown_unit", "into_code", value="{into_code}",
            near=lambda r: nearest(r["into_name"], units["name"]))  # fmt: skip
    if name == "units":
        _check_units(units, file, problems)
    if "set" in table:
        _check_sets(name, table, law, bad)
    if name == "carry_over":
        for column in ("from_set", "to_set"):
            unknown = ~table[column].isin(law.sets) & (table[column] != "")
            bad(unknown, "unknown_set", column, value=table[column], allowed=sorted(law.sets))
        last = table["to_set"].map({s: law.sets[s].criteria_count for s in law.sets}).astype("float64")
        bad(table["criterion"] > last, "unknown_criterion", "criterion", value="{criterion:g}",
            set="{to_set}", of=last)  # fmt: skip
    if name == "typical_works":
        known_tests = set(law.tests["set"] + "|" + law.tests["test"])
        lost = (table["per"] == "point") & ~(table["set"] + "|" + table["indicator"]).isin(known_tests)
        bad(lost, "unknown_test", "indicator", value="{indicator}", set="{set}",
            near=lambda r: law.tests.loc[law.tests["set"] == r["set"], "test"])  # fmt: skip


def _check_units(units, file, problems):
    """No two units of one district with the same name (after folding) from the same day."""
    same = units.sort_values("valid_from", kind="stable").assign(key=units["name"].map(fold) + "|" + units["district"])
    for number, unit in same[same.duplicated(["key", "valid_from"], keep="first")].iterrows():
        others = same[(same["key"] == unit["key"]) & (same["valid_from"] == unit["valid_from"])].drop(number)
        details = {"other": int(others["row"].iloc[0]), "value": f"{described(unit)} = {described(others.iloc[0])}"}
        problems.append(Problem("duplicate", file, int(unit["row"]), "name", details))


def _check_sets(name, table, law, bad):
    """The set of each row exists, is of the right level, and has the criterion, the total or the indicator named."""
    known_set = table["set"].isin(law.sets)
    bad(~known_set & (table["set"] != ""), "unknown_set", "set", value="{set}", allowed=sorted(law.sets))
    of = table["set"].map({s: law.sets[s].criteria_count for s in law.sets}).astype("float64")
    if "criterion" in table:
        counting = table["set"].map({s: law.sets[s].counts_only for s in law.sets}).eq(True)
        bad(counting & table["criterion"].notna(), "counts_only", "set", set="{set}")
        outside = known_set & ~counting & ((table["criterion"] < 1) | (table["criterion"] > of))
        bad(outside, "unknown_criterion", "criterion", value="{criterion:g}", set="{set}",
            of=of)  # fmt: skip
    if name == "criterion_counts":
        above = table["met"] > table["of"]
        bad(above, "count_above_total", "met", met="{met:g}", of="{of:g}")
        bad(~above & known_set & table["of"].notna() & (table["of"] != of), "wrong_total", "of", of="{of:g}",
            set="{set}", expected=of)  # fmt: skip
    elif name == "indicator_values":
        check_indicators(table, law, known_set, bad)
    elif name in ("recognitions", "works"):
        level = table["set"].map({s: law.sets[s].level for s in law.sets})
        bad(known_set & (level != table["level"]), "wrong_level", "set", set="{set}",
            found=level, wanted="{level}")  # fmt: skip
    if name == "recognitions":
        bad((table["basis"] == "decision") & ((table["decision"] == "") | table["date"].isna()), "decision_open", "basis")


def check_indicators(table: pd.DataFrame, law: Law, known_set: pd.Series, bad) -> None:
    """Each value names a test of its set and comes in the form that the test takes."""
    key = law.tests.set_index(["set", "test"])
    pairs, uniques = pd.factorize(table["set"] + "|" + table["indicator"])
    lists = {s: sorted(g["test"]) for s, g in law.tests.groupby("set")}
    # A test takes the forms of all its versions: an amendment may turn a share into a yes/no item.
    ops = law.values.groupby(["set", "test"])["op"].agg(set)
    forms = [ops.get(tuple(pair.split("|", 1)), set()) for pair in uniques]
    found = np.array([tuple(pair.split("|", 1)) in key.index for pair in uniques], dtype=bool)[pairs]
    judged = np.array(["judged" in form for form in forms], dtype=bool)[pairs]
    measured = np.array([bool(form - {"judged"}) for form in forms], dtype=bool)[pairs]
    bad(known_set & ~found & (table["indicator"] != ""), "unknown_test", "indicator", value="{indicator}",
        set="{set}",
        near=lambda r: nearest(r["indicator"], lists[r["set"]]) or lists[r["set"]])  # fmt: skip
    followed = law.values[law.values["kind"] == "verdict"]
    follows = set(followed["set"] + "|" + followed["test"])
    bad((table["set"] + "|" + table["indicator"]).isin(follows), "follows_set", "indicator", value="{indicator}")
    has_value, has_state = table["value"].notna(), table["state"] != ""
    bad(has_value == has_state, "value_or_state", "value", also="state")
    bad(found & has_value & ~has_state & ~measured, "needs_state", "value", indicator="{indicator}")
    share = np.array([key["unit"].get(tuple(pair.split("|", 1))) == "%" for pair in uniques], dtype=bool)[pairs]
    bad(share & (table["value"] > 100), "out_of_range", "value", value="{value:figure}", low="0", high="100")
    answers = has_state & ~has_value & (table["state"] != "not_applicable")
    bad(found & answers & ~judged, "needs_value", "state", indicator="{indicator}", value="{state}",
        unit=lambda r: key.loc[(r["set"], r["indicator"]), "unit"])  # fmt: skip

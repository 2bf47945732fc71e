"""Tables checked against each other and against the law: references, totals, the form of every value."""

import numpy as np
import pandas as pd

from .criteria import Law
from .names import fold, nearest
from .problems import Problem
from .units import described, resolve


def check_table(
    name: str, table: pd.DataFrame, units: pd.DataFrame, law: Law, sources: pd.DataFrame, problems: list[Problem]
) -> None:
    """References of one table to units, law and sources, and the rules between its columns."""
    file = f"{name}.csv"

    def bad(rows: pd.Series, code: str, column: str | None = None, **details) -> None:
        for _, row in table[rows].iterrows():
            made = {k: v(row) if callable(v) else v for k, v in details.items()}
            problems.append(Problem(code, file, int(row["row"]), column, made))

    def whole(value: float) -> str:
        return "?" if pd.isna(value) else f"{value:g}"

    if "commune" in table and name != "mergers":
        dates = (
            table["date"].where(table["date"].notna(), table["known_from"]) if "date" in table else table["known_from"]
        )
        table["unit"] = resolve(table, file, units, dates, problems)
    if "source" in table:
        ids = set(sources["id"])
        unknown = (table["source"] != "") & ~table["source"].isin(ids)
        bad(unknown, "unknown_source", "source", value=lambda r: r["source"],
            near=lambda r: ", ".join(nearest(r["source"], sorted(ids)) or sorted(ids)[:3]))  # fmt: skip
    if name == "units":
        same = units.sort_values("valid_from", kind="stable").assign(
            key=units["name"].map(fold) + "|" + units["district"]
        )
        clash = same[same.duplicated(["key", "valid_from"], keep="first")]
        for number, unit in clash.iterrows():
            others = same[(same["key"] == unit["key"]) & (same["valid_from"] == unit["valid_from"])].drop(number)
            details = {"other": int(others["row"].iloc[0]), "value": f"{described(unit)} = {described(others.iloc[0])}"}
            problems.append(Problem("duplicate", file, int(unit["row"]), "name", details))
    if "set" not in table:
        return
    known_set = table["set"].isin(law.sets)
    bad(
        ~known_set & (table["set"] != ""),
        "unknown_set",
        "set",
        value=lambda r: r["set"],
        allowed=", ".join(sorted(law.sets)),
    )
    of = table["set"].map({s: law.sets[s].criteria_count for s in law.sets}).astype("float64")
    if name == "criterion_states":
        counting = table["set"].map({s: law.sets[s].counts_only for s in law.sets}).eq(True)
        bad(counting, "counts_only", "set", set=lambda r: r["set"])
        outside = known_set & ((table["criterion"] < 1) | (table["criterion"] > of))
        bad(outside, "unknown_criterion", "criterion", value=lambda r: whole(r["criterion"]), set=lambda r: r["set"],
            of=lambda r: law.sets[r["set"]].criteria_count)  # fmt: skip
    elif name == "criterion_counts":
        above = table["met"] > table["of"]
        bad(above, "count_above_total", "met", met=lambda r: whole(r["met"]), of=lambda r: whole(r["of"]))
        bad(~above & known_set & table["of"].notna() & (table["of"] != of), "wrong_total", "of", of=lambda r: whole(r["of"]),
            set=lambda r: r["set"], expected=lambda r: law.sets[r["set"]].criteria_count)  # fmt: skip
    elif name == "indicator_values":
        _check_indicators(table, law, known_set, bad)


def _check_indicators(table: pd.DataFrame, law: Law, known_set: pd.Series, bad) -> None:
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
    bad(known_set & ~found & (table["indicator"] != ""), "unknown_test", "indicator", value=lambda r: r["indicator"],
        set=lambda r: r["set"], near=lambda r: ", ".join(nearest(r["indicator"], lists.get(r["set"], []))) or "?")  # fmt: skip
    has_value, has_state = table["value"].notna(), table["state"] != ""
    bad(has_value == has_state, "value_or_state", "value")
    bad(found & has_value & ~has_state & ~measured, "needs_state", "value", indicator=lambda r: r["indicator"])
    answers = has_state & ~has_value & (table["state"] != "not_applicable")
    bad(found & answers & ~judged, "needs_value", "state", indicator=lambda r: r["indicator"], value=lambda r: r["state"],
        unit=lambda r: key.loc[(r["set"], r["indicator"]), "unit"])  # fmt: skip

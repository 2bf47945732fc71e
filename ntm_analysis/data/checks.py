"""Tables checked against each other and the law; progress, planned steps, assignments, hamlets as
well.
"""

from functools import partial

import numpy as np
import pandas as pd

from ..language import fold, nearest, write_date
from ..law import Law
from ..tables import KEYS, Problem, duplicates, teller
from .units import described, resolve

# Tables about the criteria for communes, which do not apply to a township.
JUDGED = ("indicator_values", "criterion_states", "criterion_counts", "recognitions", "targets")


def check_table(
    name: str,
    table: pd.DataFrame,
    units: pd.DataFrame,
    law: Law,
    sources: pd.DataFrame | None,
    problems: list[Problem],
) -> None:
    """References of one table to units, law and sources, and the rules between its columns.

    A cell that could not be read is passed over: its own problem tells. ``sources`` is None when it
    could not be read.
    """
    file = f"{name}.csv"
    bad = partial(teller({name: table}, problems), name)
    if "commune" in table:
        if name != "mergers":
            dates = (
                table["month"]
                if "month" in table and "date" not in table
                else (
                    table["date"].where(table["date"].notna(), table["known_from"])
                    if "date" in table
                    else table["known_from"]
                )
            )
            table["unit"] = resolve(table, file, units, dates, problems)
        duplicates(
            table, name, tuple("unit" if k == "commune" else k for k in KEYS[name]), file, problems
        )
    if table.empty:
        return
    if name in JUDGED:
        town = table["unit"].map(units["kind"]) == "township"
        bad(town, "not_judged", "commune", unit=table["unit"].map(units["label"]))
    if "date" in table:
        bad(
            table["date"] > table["known_from"],
            "known_before",
            "date",
            date="{date:day}",
            known="{known_from:day}",
        )
    if "source" in table and sources is not None:
        ids = set(sources["id"])
        known = {
            cell: [part for part in cell.split("|") if part not in ids]
            for cell in table["source"].unique()
            if cell
        }
        bad(
            table["source"].map(known).map(bool, na_action="ignore").eq(True),
            "unknown_source",
            "source",
            value=lambda r: known[r["source"]],
            near=lambda r: nearest(known[r["source"]][0], sorted(ids)) or sorted(ids)[:3],
        )
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
        bad(
            missing,
            "unknown_unit",
            "into_code",
            value="{into_code}",
            near=lambda r: nearest(r["into_name"], units["name"]),
        )
    if name == "units":
        _check_units(units, file, problems)
    if "set" in table:
        _check_sets(name, table, law, bad)
    if name == "carry_over":
        for column in ("from_set", "to_set"):
            unknown = ~table[column].isin(law.sets) & (table[column] != "")
            bad(unknown, "unknown_set", column, value=table[column], allowed=sorted(law.sets))
        last = (
            table["to_set"].map({s: law.sets[s].criteria_count for s in law.sets}).astype("float64")
        )
        bad(
            table["criterion"] > last,
            "unknown_criterion",
            "criterion",
            value="{criterion:g}",
            set="{to_set}",
            of=last,
        )
    if name == "typical_works":
        known_tests = set(law.tests["set"] + "|" + law.tests["test"])
        lost = (table["per"] == "point") & ~(table["set"] + "|" + table["indicator"]).isin(
            known_tests
        )
        bad(
            lost,
            "unknown_test",
            "indicator",
            value="{indicator}",
            set="{set}",
            near=lambda r: law.tests.loc[law.tests["set"] == r["set"], "test"],
        )


def _check_units(units, file, problems):
    """No two units of one district with the same name (after folding) from the same day."""
    same = units.sort_values("valid_from", kind="stable").assign(
        key=units["name"].map(fold) + "|" + units["district"]
    )
    for number, unit in same[same.duplicated(["key", "valid_from"], keep="first")].iterrows():
        others = same[
            (same["key"] == unit["key"]) & (same["valid_from"] == unit["valid_from"])
        ].drop(number)
        details = {
            "other": int(others["row"].iloc[0]),
            "value": f"{described(unit)} = {described(others.iloc[0])}",
        }
        problems.append(Problem("duplicate", file, int(unit["row"]), "name", details))


def _check_sets(name, table, law, bad):
    """The set of each row exists, is of the right level, and has the criterion, the total or the
    indicator named.
    """
    known_set = table["set"].isin(law.sets)
    bad(
        ~known_set & (table["set"] != ""),
        "unknown_set",
        "set",
        value="{set}",
        allowed=sorted(law.sets),
    )
    of = table["set"].map({s: law.sets[s].criteria_count for s in law.sets}).astype("float64")
    if "criterion" in table:
        counting = table["set"].map({s: law.sets[s].counts_only for s in law.sets}).eq(True)
        bad(counting & table["criterion"].notna(), "counts_only", "set", set="{set}")
        outside = known_set & ~counting & ((table["criterion"] < 1) | (table["criterion"] > of))
        bad(outside, "unknown_criterion", "criterion", value="{criterion:g}", set="{set}", of=of)
    if name == "criterion_counts":
        above = table["met"] > table["of"]
        bad(above, "count_above_total", "met", met="{met:g}", of="{of:g}")
        bad(
            ~above & known_set & table["of"].notna() & (table["of"] != of),
            "wrong_total",
            "of",
            of="{of:g}",
            set="{set}",
            expected=of,
        )
    elif name == "indicator_values":
        check_indicators(table, law, known_set, bad)
    elif name in ("recognitions", "works"):
        level = table["set"].map({s: law.sets[s].level for s in law.sets})
        bad(
            known_set & (level != table["level"]),
            "wrong_level",
            "set",
            set="{set}",
            found=level,
            wanted="{level}",
        )
    if name == "recognitions":
        bad(
            (table["basis"] == "decision") & ((table["decision"] == "") | table["date"].isna()),
            "decision_open",
            "basis",
        )


def check_indicators(table: pd.DataFrame, law: Law, known_set: pd.Series, bad) -> None:
    """Each value names a test of its set and comes in the form that the test takes."""
    key = law.tests.set_index(["set", "test"])
    pairs, uniques = pd.factorize(table["set"] + "|" + table["indicator"])
    lists = {s: sorted(g["test"]) for s, g in law.tests.groupby("set")}
    # A test takes the forms of all its versions: an amendment may turn a share into a yes/no item.
    ops = law.values.groupby(["set", "test"])["op"].agg(set)
    forms = [ops.get(tuple(pair.split("|", 1)), set()) for pair in uniques]
    found = np.array([tuple(pair.split("|", 1)) in key.index for pair in uniques], dtype=bool)[
        pairs
    ]
    judged = np.array(["judged" in form for form in forms], dtype=bool)[pairs]
    measured = np.array([bool(form - {"judged"}) for form in forms], dtype=bool)[pairs]
    bad(
        known_set & ~found & (table["indicator"] != ""),
        "unknown_test",
        "indicator",
        value="{indicator}",
        set="{set}",
        near=lambda r: nearest(r["indicator"], lists[r["set"]]) or lists[r["set"]],
    )
    followed = law.values[law.values["kind"] == "verdict"]
    follows = set(followed["set"] + "|" + followed["test"])
    bad(
        (table["set"] + "|" + table["indicator"]).isin(follows),
        "follows_set",
        "indicator",
        value="{indicator}",
    )
    has_value, has_state = table["value"].notna(), table["state"] != ""
    bad(has_value == has_state, "value_or_state", "value", also="state")
    bad(found & has_value & ~has_state & ~measured, "needs_state", "value", indicator="{indicator}")
    share = np.array(
        [key["unit"].get(tuple(pair.split("|", 1))) == "%" for pair in uniques], dtype=bool
    )[pairs]
    bad(
        share & (table["value"] > 100),
        "out_of_range",
        "value",
        value="{value:figure}",
        low="0",
        high="100",
    )
    answers = has_state & ~has_value & (table["state"] != "not_applicable")
    bad(
        found & answers & ~judged,
        "needs_value",
        "state",
        indicator="{indicator}",
        value="{state}",
        unit=lambda r: key.loc[(r["set"], r["indicator"]), "unit"],
    )


MONTHLY = ("progress", "work_plans", "hamlets", "hamlet_targets", "hamlet_states", "ocop")


def check_monthly(tables: dict[str, pd.DataFrame], law: Law, problems: list[Problem]) -> None:
    """Each row of progress has one subject and the figures it takes; works, pots, hamlets and
    hamlet criteria named exist.

    A cell that could not be read is passed over: its own problem tells.
    """
    bad = teller(tables, problems)
    _check_progress(tables, law, partial(bad, "progress"))
    plans = tables["work_plans"]
    for name in ("progress", "work_plans"):
        _check_works(tables[name], tables["works"], partial(bad, name))
    steps = plans.sort_values("month", kind="stable").groupby(["unit", "work"])["percent"].diff()
    bad(
        "work_plans",
        steps.reindex(plans.index) < 0,
        "falls_back",
        "percent",
        value="{percent:figure}",
    )
    _check_hamlets(tables, bad)
    ocop = tables["ocop"]
    bad(
        "ocop",
        ocop["valid_to"] < ocop["date"],
        "ends_before",
        "valid_to",
        on="{valid_to:day}",
        start="{date:day}",
    )


def _check_progress(tables, law, bad):
    rows = tables["progress"]
    subjects = pd.concat(
        [rows["criterion"].notna(), rows["indicator"] != "", rows["work"] != ""], axis=1
    )
    criterion, indicator, work = (subjects.iloc[:, i] for i in range(3))
    bad(subjects.sum(axis=1) > 1, "one_subject", "criterion")
    bad((criterion | indicator) & (rows["set"] == ""), "needs_set", "set")
    bad(~subjects.any(axis=1) & rows["disbursed"].isna(), "one_subject", "criterion")
    bad(
        criterion & (rows["value"].notna() | (rows["state"] == "") & rows["disbursed"].isna()),
        "criterion_form",
        "state",
    )
    bad(work & (rows["state"] != ""), "work_form", "state")
    bad(work & rows["value"].isna() & rows["disbursed"].isna(), "work_form", "value")
    bad(
        work & (rows["value"] > 100),
        "out_of_range",
        "value",
        value="{value:figure}",
        low="0",
        high="100",
    )
    bad(
        (rows["pot"] != "") & rows["disbursed"].isna(),
        "pot_without_money",
        "disbursed",
        pot="{pot}",
    )
    pots = sorted(set(tables["pots"]["pot"]))
    bad(
        (rows["pot"] != "") & ~rows["pot"].isin(pots),
        "unknown_row",
        "pot",
        value="{pot}",
        file="pots.csv",
        near=lambda r: nearest(r["pot"], pots) or pots,
    )
    begins = rows["month"].dt.to_period("M").dt.to_timestamp()
    bad(
        begins > rows["known_from"],
        "month_ahead",
        "month",
        month="{month:month}",
        known="{known_from:day}",
    )
    told = indicator & (subjects.sum(axis=1) == 1)
    if told.any():
        check_indicators(
            rows[told],
            law,
            rows.loc[told, "set"].isin(law.sets),
            lambda hit, *args, **details: bad(
                hit.reindex(rows.index, fill_value=False), *args, **details
            ),
        )


def _check_works(rows, works, bad):
    """The work is one of the commune's."""
    of_unit = works.groupby("unit")["work"].agg(list).to_dict() if len(works) else {}
    lost = [
        w != "" and w not in of_unit.get(u, [])
        for u, w in zip(rows["unit"], rows["work"], strict=True)
    ]
    bad(
        pd.Series(lost, index=rows.index, dtype=bool),
        "unknown_row",
        "work",
        value="{work}",
        file="works.csv",
        near=lambda r: of_unit.get(r["unit"], []),
    )


def _check_hamlets(tables, bad):
    """Hamlets named are listed; a recognised one has its decision; criteria of hamlets are those of
    the set.
    """
    hamlets = tables["hamlets"]
    listed = {}
    for unit, hamlet in zip(hamlets["unit"], hamlets["hamlet"], strict=True):
        listed.setdefault(unit, {})[fold(hamlet)] = hamlet
    for name in ("hamlet_targets", "hamlet_states"):
        rows = tables[name]
        lost = [
            fold(h) not in listed.get(u, {})
            for u, h in zip(rows["unit"], rows["hamlet"], strict=True)
        ]
        bad(
            name,
            pd.Series(lost, index=rows.index, dtype=bool) & (rows["hamlet"] != ""),
            "unknown_row",
            "hamlet",
            value="{hamlet}",
            file="hamlets.csv",
            near=lambda r: nearest(r["hamlet"], of := listed.get(r["unit"], {}).values()) or of,
        )
    recognised = hamlets["level"].isin(["ntm", "model"])
    bad(
        "hamlets",
        recognised & ((hamlets["decision"] == "") | hamlets["date"].isna()),
        "hamlet_decision",
        "decision",
        "date",
    )
    states, criteria = tables["hamlet_states"], tables["hamlet_criteria"]
    known = set(zip(criteria["level"], criteria["number"], strict=True))
    lost = pd.Series(
        [pair not in known for pair in zip(states["level"], states["criterion"], strict=True)],
        states.index,
        bool,
    )
    bad(
        "hamlet_states",
        lost & states["criterion"].notna(),
        "unknown_row",
        "criterion",
        value="{criterion:g}",
        file="hamlet_criteria.csv",
        near=lambda r: [f"{n:g}" for level, n in sorted(known) if level == r["level"]],
    )

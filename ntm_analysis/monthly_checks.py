"""The tables of the monthly work checked against each other and the law: progress, planned steps, assignments, hamlets, OCOP."""

from functools import partial

import pandas as pd

from .criteria import Law
from .names import fold, nearest
from .problems import Problem
from .row_checks import teller
from .table_checks import check_indicators

MONTHLY = ("progress", "work_plans", "hamlets", "hamlet_targets", "hamlet_states", "ocop")


def check_monthly(tables: dict[str, pd.DataFrame], law: Law, problems: list[Problem]) -> None:
    """Each row of progress has one subject and the figures it takes; works, pots, hamlets and hamlet criteria named exist.

    A cell that could not be read is passed over: its own problem tells.
    """
    bad = teller(tables, problems)
    _check_progress(tables, law, partial(bad, "progress"))
    plans = tables["work_plans"]
    for name in ("progress", "work_plans"):
        _check_works(tables[name], tables["works"], partial(bad, name))
    steps = plans.sort_values("month", kind="stable").groupby(["unit", "work"])["percent"].diff()
    bad("work_plans", steps.reindex(plans.index) < 0, "falls_back", "percent", value="{percent:figure}")
    _check_hamlets(tables, bad)
    ocop = tables["ocop"]
    bad("ocop", ocop["valid_to"] < ocop["date"], "ends_before", "valid_to",
                on="{valid_to:day}", start="{date:day}")  # fmt: skip


def _check_progress(tables, law, bad):
    rows = tables["progress"]
    subjects = pd.concat([rows["criterion"].notna(), rows["indicator"] != "", rows["work"] != ""], axis=1)
    criterion, indicator, work = (subjects.iloc[:, i] for i in range(3))
    bad(subjects.sum(axis=1) > 1, "one_subject", "criterion")
    bad((criterion | indicator) & (rows["set"] == ""), "needs_set", "set")
    bad(~subjects.any(axis=1) & rows["disbursed"].isna(), "one_subject", "criterion")
    bad(criterion & (rows["value"].notna() | (rows["state"] == "") & rows["disbursed"].isna()), "criterion_form", "state")
    bad(work & (rows["state"] != ""), "work_form", "state")
    bad(work & rows["value"].isna() & rows["disbursed"].isna(), "work_form", "value")
    bad(work & (rows["value"] > 100), "out_of_range", "value", value="{value:figure}", low="0", high="100")
    bad((rows["pot"] != "") & rows["disbursed"].isna(), "pot_without_money", "disbursed", pot="{pot}")
    pots = sorted(set(tables["pots"]["pot"]))
    bad((rows["pot"] != "") & ~rows["pot"].isin(pots), "unknown_row", "pot", value="{pot}", file="pots.csv",
        near=lambda r: nearest(r["pot"], pots) or pots)  # fmt: skip
    begins = rows["month"].dt.to_period("M").dt.to_timestamp()
    bad(begins > rows["known_from"], "month_ahead", "month",
        month="{month:month}", known="{known_from:day}")  # fmt: skip
    told = indicator & (subjects.sum(axis=1) == 1)
    if told.any():
        check_indicators(rows[told], law, rows.loc[told, "set"].isin(law.sets), lambda hit, *args, **details:
                         bad(hit.reindex(rows.index, fill_value=False), *args, **details))  # fmt: skip


def _check_works(rows, works, bad):
    """The work is one of the commune's."""
    of_unit = works.groupby("unit")["work"].agg(list).to_dict() if len(works) else {}
    lost = [w != "" and w not in of_unit.get(u, []) for u, w in zip(rows["unit"], rows["work"], strict=True)]
    bad(pd.Series(lost, index=rows.index, dtype=bool), "unknown_row", "work", value="{work}", file="works.csv",
        near=lambda r: of_unit.get(r["unit"], []))  # fmt: skip


def _check_hamlets(tables, bad):
    """Hamlets named are listed; a recognised one has its decision; criteria of hamlets are those of the set."""
    hamlets = tables["hamlets"]
    listed = {}
    for unit, hamlet in zip(hamlets["unit"], hamlets["hamlet"], strict=True):
        listed.setdefault(unit, {})[fold(hamlet)] = hamlet
    for name in ("hamlet_targets", "hamlet_states"):
        rows = tables[name]
        lost = [fold(h) not in listed.get(u, {}) for u, h in zip(rows["unit"], rows["hamlet"], strict=True)]
        bad(name, pd.Series(lost, index=rows.index, dtype=bool) & (rows["hamlet"] != ""), "unknown_row", "hamlet",
                  value="{hamlet}", file="hamlets.csv",
                  near=lambda r: nearest(r["hamlet"], of := listed.get(r["unit"], {}).values()) or of)  # fmt: skip
    recognised = hamlets["level"].isin(["ntm", "model"])
    bad("hamlets", recognised & ((hamlets["decision"] == "") | hamlets["date"].isna()), "hamlet_decision", "decision", "date")
    states, criteria = tables["hamlet_states"], tables["hamlet_criteria"]
    known = set(zip(criteria["level"], criteria["number"], strict=True))
    lost = pd.Series([pair not in known for pair in zip(states["level"], states["criterion"], strict=True)], states.index, bool)
    bad("hamlet_states", lost & states["criterion"].notna(), "unknown_row", "criterion",
                         value="{criterion:g}", file="hamlet_criteria.csv",
                         near=lambda r: [f"{n:g}" for level, n in sorted(known) if level == r["level"]])  # fmt: skip

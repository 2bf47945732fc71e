"""What becomes of the rows of every table when communes merge; facts about the parts as facts about
the whole.
"""

import math
from dataclasses import dataclass, field

import pandas as pd

from ..data import Workbook, merged_mark
from ..language import join_names, text
from ..standing import NOTE_LANG, Successors, assess


@dataclass(frozen=True)
class Rule:
    """``how``: as_is (names no unit), move (things in places go to the new unit), states, values
    (facts, merged where all parts allow), sum (newest amounts added), sum_all (added only when all
    parts report), own (a rule in ``rebase``), leave. ``why``: the reason of the rows left behind.
    ``names``: the column whose ids must stay unique in the new unit.
    """

    how: str
    why: str = ""
    names: str = ""


RULES: dict[str, Rule] = {
    "units": Rule("own"),
    "mergers": Rule("own"),
    "former_units": Rule("own"),
    "indicator_values": Rule("values"),
    "criterion_states": Rule("states"),
    "criterion_counts": Rule("leave", "count"),  # 15 and 16 of 19 say nothing of how many both meet
    "recognitions": Rule("leave", "decision"),
    "targets": Rule("leave", "registration"),
    "tasks": Rule("leave", "assignment"),
    "goals": Rule("own"),
    "works": Rule("move", names="work"),
    "envelopes": Rule("own"),
    "cement": Rule("sum_all", "part_unknown"),
    "priorities": Rule("leave", "assignment"),
    "debts": Rule("sum"),
    "progress": Rule("own"),
    "work_plans": Rule("move", names="work"),
    "assignments": Rule("leave", "assignment"),
    "hamlets": Rule("move", names="hamlet"),
    "hamlet_targets": Rule("leave", "registration"),
    "hamlet_states": Rule("move", names="hamlet"),
    "ocop": Rule("move", names="product"),
} | dict.fromkeys(
    (
        "unit_costs",
        "typical_works",
        "parts",
        "pots",
        "profiles",
        "prices",
        "durations",
        "carry_over",
        "count_priors",
        "criterion_shares",
        "hamlet_criteria",
        "assumptions",
        "sources",
    ),
    Rule("as_is"),
)


def merged_state(states: list[str]) -> str:
    """The state of the whole from those of all its parts: not met when a part is known not to meet
    it; met only when all parts do; basically met when all parts do at least that; else unknown.
    What does not apply to a part does not count.

    >>> merged_state(["met", "met"]), merged_state(["met", "unknown"])
    ('met', 'unknown')
    >>> merged_state(["unknown", "not_met"]), merged_state(["basic", "met"])
    ('not_met', 'basic')
    >>> merged_state(["met", "not_applicable"]), merged_state(["not_applicable"])
    ('met', 'not_applicable')
    """
    for state in ("not_met", "unknown", "basic", "met"):
        if state in states:
            return state
    return "not_applicable" if states else "unknown"


WHY = {"not_met": "one_not", "unknown": "part_unknown", "basic": "all_basic"}
APART = pd.Timedelta(days=366)  # figures further apart than a year are not of one time


@dataclass
class MergedFacts:
    """``rows``: the facts made (unit, set, criterion or indicator, date, state, value, source,
    mark, note, why). ``fate``: what became of the newest fact of (old unit, set, key): (outcome,
    why).
    """

    rows: list[dict] = field(default_factory=list)
    fate: dict[tuple, tuple[str, str]] = field(default_factory=dict)


def merged_states(old: Workbook, link: Successors) -> MergedFacts:
    """Criterion states of the new units that several old ones made, in every set that anything was
    reported in.
    """
    facts, write = MergedFacts(), _Writer(old, link)
    units = old.all_units
    decided = old.tables["recognitions"]
    decided = decided[decided["basis"] != "inferred"]
    known = decided.groupby(["unit", "set"])["known_from"].max().to_dict()
    names = ("criterion_states", "criterion_counts", "recognitions", "indicator_values")
    tables = (old.tables[name] for name in names)
    sets = {s for rows in tables for s in rows["set"][rows["unit"].isin(link.to.index)]}
    for set_id in sorted(s for s in sets if not old.law.sets[s].counts_only):
        states = assess(old, set_id).states
        cells = {(row.unit, row.criterion): row for row in states.itertuples()}
        for new, parts in link.parts.items():
            if len(parts) == 1:
                continue
            same = {
                part: all(
                    units.at[part, c] == units.at[new, c] for c in ("region", "specially_difficult")
                )
                for part in parts
            }
            for criterion in sorted(states["criterion"].unique()):
                part_states = {
                    part: _part_state(
                        cells.get((part, criterion)), same[part], (part, set_id) in known
                    )
                    for part in parts
                }
                state = merged_state(part_states.values())
                why = WHY.get(state, "all_met")
                for part in parts:
                    outcome = "left" if state == "unknown" else "merged"
                    facts.fate[part, set_id, criterion] = outcome, why
                if state == "unknown":
                    continue
                on = [p for p in parts if state != "not_met" or part_states[p] == "not_met"]
                rows = [cells[part, criterion] for part in on]
                days = [
                    known.get((row.unit, set_id), old.as_of) if pd.isna(row.date) else row.date
                    for row in rows
                ]
                derived = [row.basis != "reported" for row in rows]
                fact = {"set": set_id, "criterion": criterion, "state": state, "why": why}
                facts.rows.append(
                    write.row(
                        new,
                        on,
                        fact,
                        date=(max if state == "not_met" else min)(map(pd.Timestamp, days)),
                        marks=[row.mark for row in rows] + ["assumed"] * any(derived),
                        sources=[row.source for row in rows],
                        derived=any(derived),
                    )
                )
    return facts


def _part_state(cell, same_thresholds, sourced):
    """What a part's state says for the whole; what follows from a recognition only inferred says
    nothing.
    """
    if cell is None:  # a township: nobody judged it by the criteria for communes
        return "unknown"
    if cell.basis == "indicators" and not (
        same_thresholds and cell.state in ("met", "not_applicable")
    ):
        return "unknown"
    if cell.basis == "recognition" and not sourced:
        return "unknown"
    return cell.state


def merged_values(
    old: Workbook, link: Successors, weights: dict[tuple[str, str], str]
) -> MergedFacts:
    """Indicator values of the new units that several old ones made; ``weights`` by (set, test)."""
    facts, write = MergedFacts(), _Writer(old, link)
    values = old.tables["indicator_values"]
    values = values[values["unit"].isin(link.to.index)].sort_values("date", kind="stable")
    newest = values.drop_duplicates(["unit", "set", "indicator"], keep="last")
    by_fact = {}
    for row in newest.itertuples():
        by_fact.setdefault((int(link.to[row.unit]), row.set, row.indicator), {})[row.unit] = row
    units = old.all_units[["households", "population", "mark"]].to_dict("index")
    for (new, set_id, test), rows in by_fact.items():
        if len(link.parts[new]) == 1:
            continue
        fact, why = _whole(rows, link.parts[new], units, weights.get((set_id, test), ""))
        for part in rows:
            facts.fate[part, set_id, test] = ("merged" if fact else "left", why)
        if fact:
            lacks = fact.get("state") == "not_met"
            on = [part for part, row in rows.items() if not lacks or row.state == "not_met"]
            facts.rows.append(
                write.row(
                    new,
                    on,
                    {"set": set_id, "indicator": test, "why": why} | fact,
                    date=(max if lacks else min)(rows[part].date for part in on),
                    marks=[rows[part].mark for part in on],
                    sources=[rows[part].source for part in on],
                )
            )
    return facts


def _whole(rows, parts, units, weight):
    """The value or state of the whole, and by which rule; nothing, and why.

    ``rows``: the newest of each part that has one.
    """
    values = [row.value for row in rows.values()]
    if all(map(pd.isna, values)):
        state = merged_state([rows[part].state if part in rows else "unknown" for part in parts])
        if state == "unknown":
            return {}, "part_unknown"
        return {"state": state}, "one_not" if state == "not_met" else "all_met"
    if len(rows) < len(parts) or any(map(pd.isna, values)):
        return {}, "part_unknown"
    if not weight:
        return {}, "no_weight"
    days = [row.date for row in rows.values()]
    if max(days) - min(days) > APART:
        return {}, "dates_apart"
    if weight == "sum":
        return {"value": math.fsum(values)}, "summed"
    heavy = [units[part][weight] for part in rows]
    if any(map(pd.isna, heavy)) or any(units[part]["mark"] == "assumed" for part in rows):
        return {}, "weights_missing"
    mean = math.fsum(v * w for v, w in zip(values, heavy, strict=True)) / math.fsum(heavy)
    return {"value": round(mean, 6)}, f"by_{weight}"


class _Writer:
    """Writes facts about new units, each with where it comes from."""

    def __init__(self, old, link):
        self.link, self.day = link, pd.Timestamp(old.as_of)
        self.names = old.all_units["name"].to_dict()
        self.mark, self.source = link.mark.to_dict(), link.source.to_dict()
        self.known = set(old.tables["sources"]["id"])

    def row(self, new, on, fact, *, date, marks, sources, derived=False):
        """``fact`` about the unit ``new`` that rests on the parts ``on``."""
        names = join_names([self.names[part] for part in on], NOTE_LANG)
        note = text(
            f"rebase_note_{fact['why']}", NOTE_LANG, names=names, of=len(self.link.parts[new])
        )
        cells = "|".join(map(str, [*sources, *(self.source[p] for p in on)])).split("|")
        return (
            {"state": ""}
            | fact
            | {
                "unit": new,
                "date": pd.Timestamp(date),
                "known_from": self.day,
                "parts": names,
                "note": note + (text("rebase_note_derived", NOTE_LANG) if derived else ""),
                "source": "|".join(s for s in dict.fromkeys(cells) if s in self.known),
                "mark": merged_mark([*marks, *(self.mark[p] for p in on)]),
            }
        )

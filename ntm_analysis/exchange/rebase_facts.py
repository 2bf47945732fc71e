"""What becomes of the rows of every table when communes merge; facts about the parts as facts about
the whole.
"""

import math
from dataclasses import dataclass, field

import pandas as pd

from ..data import Workbook, merged_mark
from ..language import listed, text
from ..standing import LANG, Link, assess


@dataclass(frozen=True)
class Rule:
    """``how``: as_is (names no unit), move (things in places go to the new unit), states, values
    (facts, merged where all parts allow), sum (newest amounts added), sum_all (added only when all
    parts report), own (a rule in ``rebasing``), leave. ``why``: the reason of the rows left behind.
    ``names``: the column whose ids must stay unique in the new unit.
    """

    how: str
    why: str = ""
    names: str = ""


AS_IS = Rule("as_is")
RULES: dict[str, Rule] = {
    "units": Rule("own", "ended"),
    "mergers": Rule("own", "done"),
    "former_units": Rule("own", "done"),
    "indicator_values": Rule("values"),
    "criterion_states": Rule("states"),
    "criterion_counts": Rule("leave", "count"),  # 15 and 16 of 19 say nothing of how many both meet
    "recognitions": Rule("leave", "decision"),
    "targets": Rule("leave", "registration"),
    "tasks": Rule("leave", "assignment"),
    "goals": Rule("own", "past_year"),
    "unit_costs": AS_IS,
    "works": Rule("move", names="work"),
    "typical_works": AS_IS,
    "parts": AS_IS,
    "pots": AS_IS,
    "envelopes": Rule("own", "past_year"),
    "profiles": AS_IS,
    "prices": AS_IS,
    "cement": Rule("sum_all", "part_unknown"),
    "durations": AS_IS,
    "priorities": Rule("leave", "assignment"),
    "debts": Rule("sum"),
    "carry_over": AS_IS,
    "count_priors": AS_IS,
    "criterion_shares": AS_IS,
    "progress": Rule("own", "money"),
    "work_plans": Rule("move", names="work"),
    "assignments": Rule("leave", "assignment"),
    "hamlets": Rule("move", names="hamlet"),
    "hamlet_targets": Rule("leave", "registration"),
    "hamlet_criteria": AS_IS,
    "hamlet_states": Rule("move", names="hamlet"),
    "ocop": Rule("move", names="product"),
    "assumptions": AS_IS,
    "sources": AS_IS,
}


def merged_state(states: list[str]) -> str:
    """The state of the whole from those of all its parts: not met when a part is known not to meet
    it; met only when all parts do; basically met when all parts do at least that; else unknown.
    What does not apply to a part does not count.

    >>> merged_state(["met", "met"]), merged_state(["met", "unknown"]), merged_state(["unknown", "not_met"])
    ('met', 'unknown', 'not_met')
    >>> merged_state(["basic", "met"]), merged_state(["met", "not_applicable"]), merged_state(["not_applicable"])
    ('basic', 'met', 'not_applicable')
    """
    found = set(states)
    for state in ("not_met", "unknown", "basic", "met"):
        if state in found:
            return state
    return "not_applicable" if found else "unknown"


APART = pd.Timedelta(days=366)  # figures further apart than a year are not of one time


@dataclass
class Facts:
    """``rows``: the facts made (unit, set, criterion or indicator, date, state, value, source,
    mark, note, why). ``fate``: what became of the newest fact of (old unit, set, key): (outcome,
    why).
    """

    rows: list[dict] = field(default_factory=list)
    fate: dict[tuple, tuple[str, str]] = field(default_factory=dict)


def merged_states(old: Workbook, link: Link) -> Facts:
    """Criterion states of the new units that several old ones made, in every set that anything was
    reported in.
    """
    made, write = Facts(), _Writer(old, link)
    units = old.all_units
    decided = old.tables["recognitions"]
    decided = decided[decided["basis"] != "inferred"]
    known = decided.groupby(["unit", "set"])["known_from"].max().to_dict()
    tables = ("criterion_states", "criterion_counts", "recognitions", "indicator_values")
    told = {name: old.tables[name][old.tables[name]["unit"].isin(link.to.index)] for name in tables}
    for set_id in sorted({s for rows in told.values() for s in rows["set"]}):
        if old.law.sets[set_id].counts_only:
            continue
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
                found = {part: cells.get((part, criterion)) for part in parts}
                said = {p: _said(cell, same[p], (p, set_id) in known) for p, cell in found.items()}
                state = merged_state(list(said.values()))
                on = [p for p in parts if state != "not_met" or said[p] == "not_met"]
                why = {"not_met": "one_not", "unknown": "part_unknown", "basic": "all_basic"}.get(
                    state, "all_met"
                )
                for part in parts:
                    made.fate[part, set_id, criterion] = (
                        "left" if state == "unknown" else "merged",
                        why,
                    )
                if state == "unknown":
                    continue
                days = [
                    known.get((p, set_id), old.as_of) if pd.isna(found[p].date) else found[p].date
                    for p in on
                ]
                derived = {p: found[p].basis != "reported" for p in on}
                marks = [
                    merged_mark([found[p].mark, "assumed" if derived[p] else "reported"])
                    for p in on
                ]
                made.rows.append(
                    write.row(
                        new,
                        on,
                        {"set": set_id, "criterion": criterion, "state": state, "why": why},
                        date=(max if state == "not_met" else min)(map(pd.Timestamp, days)),
                        marks=marks,
                        sources=[found[p].source for p in on],
                        derived=any(derived.values()),
                    )
                )
    return made


def _said(cell, same_thresholds, sourced):
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


def merged_values(old: Workbook, link: Link, weights: dict[tuple[str, str], str]) -> Facts:
    """Indicator values of the new units that several old ones made; ``weights`` by (set, test)."""
    made, write = Facts(), _Writer(old, link)
    values = old.tables["indicator_values"]
    values = values[values["unit"].isin(link.to.index)].sort_values("date", kind="stable")
    newest = values.drop_duplicates(["unit", "set", "indicator"], keep="last")
    told = {}
    for row in newest.itertuples():
        told.setdefault((int(link.to[row.unit]), row.set, row.indicator), {})[row.unit] = row
    units = old.all_units[["households", "population", "mark"]].to_dict("index")
    for (new, set_id, test), rows in told.items():
        if len(link.parts[new]) == 1:
            continue
        fact, why = _whole(rows, link.parts[new], units, weights.get((set_id, test), ""))
        for part in rows:
            made.fate[part, set_id, test] = ("merged" if fact else "left", why)
        if fact:
            lacks = fact.get("state") == "not_met"
            on = [part for part, row in rows.items() if not lacks or row.state == "not_met"]
            made.rows.append(
                write.row(
                    new,
                    on,
                    {"set": set_id, "indicator": test, "why": why} | fact,
                    date=(max if lacks else min)(rows[part].date for part in on),
                    marks=[rows[part].mark for part in on],
                    sources=[rows[part].source for part in on],
                )
            )
    return made


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
        names = listed([self.names[part] for part in on], LANG)
        note = text(f"rebase_note_{fact['why']}", LANG, names=names, of=len(self.link.parts[new]))
        cells = [
            s
            for cell in [*sources, *(self.source[p] for p in on)]
            for s in str(cell).split("|")
            if s in self.known
        ]
        return (
            {"state": ""}
            | fact
            | {
                "unit": new,
                "date": pd.Timestamp(date),
                "known_from": self.day,
                "parts": names,
                "note": note + (text("rebase_note_derived", LANG) if derived else ""),
                "source": "|".join(dict.fromkeys(cells)),
                "mark": merged_mark([*marks, *(self.mark[p] for p in on)]),
            }
        )

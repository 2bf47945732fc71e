"""What becomes of the rows of every table when communes merge: one rule a table, with its reason.

A unit that did not change keeps its rows, and so does one whole old unit under a new code; the rules are for rows of old units
of which several made one new unit. Which reason stands behind a word: the texts ``rebase_why_<word>``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """``how``: as_is (names no unit), move (things in places go to the new unit), states, values (facts, merged where all parts
    allow), sum (newest amounts added), sum_all (added only when all parts report), own (a rule in ``rebasing``), leave.
    ``why``: the reason of the rows left behind. ``names``: the column whose ids must stay unique in the new unit."""

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
    """The state of the whole from those of all its parts: not met when a part is known not to meet it; met only when all
    parts do; basically met when all parts do at least that; else unknown. What does not apply to a part does not count.

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

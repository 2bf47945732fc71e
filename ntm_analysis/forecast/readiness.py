"""What is to be looked at in a data set that opened: it may contradict itself, or lack what need and forecast ask for."""

from dataclasses import replace
from functools import partial

from ..assess import assess
from ..monthly import fallen
from ..need.funding import demand
from ..need.need import works_not_needed
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .yearly_list import schedule


def contradictions(workbook: Workbook) -> list[Problem]:
    """What a data set says against itself: lists against counts, states against indicators, cumulative progress that falls."""
    names = ("indicator_values", "criterion_states", "criterion_counts")
    sets = {set_id for name in names for set_id in workbook.tables[name]["set"]}
    return [
        problem for set_id in sorted(sets) for problem in assess(workbook, set_id).contradictions
    ] + fallen(workbook)


def points(workbook: Workbook) -> list[Problem]:
    """Every warning of the check; what the need or the forecast lacks is one here, not an error first when it is asked for."""
    found = [*workbook.warnings]
    if workbook.communes.empty:
        return found
    found += contradictions(workbook)
    for asked in (partial(demand, draws=1), schedule):
        try:
            asked(workbook)
        except DataProblems as error:
            lacking = [replace(problem, warning=True) for problem in error.problems]
            found += [problem for problem in lacking if problem not in found]
    return found + works_not_needed(workbook, assess(workbook, workbook.default_set("ntm")))

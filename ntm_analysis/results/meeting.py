"""The monthly meeting: what changed, which works are late, money disbursed, open tasks, rules."""

from functools import cached_property

import pandas as pd

from ..language import text, write_month
from ..law import LEVELS
from ..standing import (
    assess,
    before_year,
    covered_communes,
    department_duties,
    disbursement_by_pot,
    judge_rule,
    levels,
    meeting_month,
    reporting_communes,
    rule_level,
    state_changes,
    works_progress,
)
from .frames import Result, answer_table, commune_table, plain_types

WORKS = ["work", "item", "cost", "planned", "reported", "actual", "planned_then", "months_late"]
WORKS += ["said_by", "mark"]
RULES = ["code", "name", "rule", "verdict", "reason", "of", "before", "now", "low", "high"]


class MeetingResult(Result):
    """What a month brought.

    Attributes
    ----------
    workbook : Workbook
    draws : Month
        The month, and what was known at the meeting before.
    """

    tables = ("changes", "late_works", "disbursed", "open_tasks", "rules")
    about = "meeting"

    def __init__(self, workbook, month="", lang="vi"):
        self.workbook, self.draws, self.lang = workbook, meeting_month(workbook, month), lang

    def _standings(self, workbook, names):
        return {name: assess(workbook, name) for name in dict.fromkeys(names)}

    @cached_property
    def _level(self):
        return levels(self.workbook)

    @cached_property
    def _now(self):
        return self._standings(self.workbook, map(self.workbook.default_set, LEVELS))

    @answer_table
    def changes(self):
        """The states of criteria that are others than at the meeting before, by commune and set."""
        before = self._standings(self.draws.before, self._now)
        tables = {
            name: state_changes(before[name], standing) for name, standing in self._now.items()
        }
        table = pd.concat(tables, names=["set"]).reset_index("set").set_index("unit")
        return commune_table(self.workbook, table)

    @answer_table
    def late_works(self):
        """The works whose reported volume (%) is below that planned for the month of the report."""
        works = works_progress(self.workbook, self.draws.end)
        return commune_table(self.workbook, works[works["late"]].set_index("unit")[WORKS])

    @answer_table
    def disbursed(self):
        """Million dong disbursed since the year began, by pot."""
        return disbursement_by_pot(self.workbook, self.draws.end).reset_index()

    @answer_table
    def open_tasks(self):
        """What departments still have to bring about, commune by commune."""
        sets = self._level["next"].map(self.workbook.default_set)
        table = department_duties(self.workbook, self._now, sets)
        return commune_table(self.workbook, table.set_index("unit"))

    @answer_table
    def rules(self):
        """The yearly rules of the district, judged for each commune that they cover."""
        workbook, year = self.workbook, self.draws.end.year
        goals = workbook.tables["goals"]
        goals = goals[(goals["kind"] == "yearly_rule") & (goals["year"] == year)]
        then, tables = before_year(workbook, year), []
        for _, goal in goals.iterrows():
            set_id = workbook.default_set(rule_level(goal))
            units = covered_communes(workbook, goal, self._level["level"])
            now, start = self._now[set_id], assess(then, set_id)
            judged = judge_rule(goal, units, workbook, start, now, then).set_index("unit")
            tables.append(commune_table(workbook, judged.assign(rule=goal[f"text_{self.lang}"])))
        return pd.concat(tables)[RULES] if tables else pd.DataFrame(columns=RULES)

    def sentence(self, lang=""):
        """How many communes reported in the month, and how many works are late.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        workbook, month = self.workbook, self.draws.end
        return text(
            "meeting_sentence",
            lang or self.lang,
            month=write_month(month),
            n=len(reporting_communes(workbook, month)),
            total=len(workbook.communes),
            changes=len(self.changes),
            late=len(self.late_works),
            tasks=len(self.open_tasks),
        )

    def to_dict(self):
        """The meeting in plain Python types.

        Returns
        -------
        dict
        """
        tables = {name: getattr(self, name) for name in self.tables}
        return plain_types({"dataset": self.workbook.id, "month": self.draws.end, **tables})

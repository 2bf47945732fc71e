"""Targets, pledges, tasks and yearly rules: who aims at what, where they stand now, which rule covers whom."""

import pandas as pd
from markupsafe import Markup

from .criteria import LEVELS
from .page import Page
from .standing_words import count_words


class PlanPage(Page):
    """A page that can show the district's plan, for all communes or for one."""

    def planned(self, kind: str) -> pd.DataFrame:
        """Targets of one kind (``plan`` or ``pledge``) for communes that exist, the nearest year first."""
        rows = self.workbook.tables["targets"]
        rows = rows[(rows["kind"] == kind) & rows["unit"].isin(self.workbook.communes.index)]
        places = {"level": LEVELS.index, "unit": self.workbook.units["order"].to_dict().get}
        by = lambda column: column.map(places[column.name]) if column.name in places else column  # noqa: E731
        return rows.sort_values(["year", "level", "unit"], key=by, kind="stable")

    def covered_by(self, goal: pd.Series) -> pd.Index:
        """Communes that a yearly rule covers: all; those not yet NTM; those NTM and not on the year's list for more."""
        level = self.level["level"]
        if goal["covers"] == "all":
            return level.index
        if goal["covers"] == "not_ntm":
            return level.index[level == "not_ntm"]
        plans = self.planned("plan")
        on_list = plans.loc[(plans["level"] != "ntm") & (plans["year"] == goal["year"]), "unit"]
        return level.index[(level == "ntm") & ~level.index.isin(on_list)]

    def missing_words(self, set_id: str, unit: int) -> str:
        """What a commune still lacks of a set: criteria by name, and how many have no name or no data."""
        counts = self.standing(set_id).counts.loc[unit]
        if pd.isna(counts["met"]):
            return self.text("bar_no_data")
        named = [self.criterion(set_id, n) for n in counts["missing"]]
        nameless = [self.text("nameless", n=counts["unknown"])] if counts["unknown"] else []
        return self.listed(named + nameless) or "-"

    def department(self, row: pd.Series) -> str:
        """Who is to act by a row of :func:`~ntm_analysis.owed.owed`, marked where the law's owner is only assumed."""
        if row["assigned"]:
            return row["department"]
        name = row["department"] if self.lang == "vi" else row["department_en"]
        return name + (f" ({self.text('assumed_short')})" if row["mark"] == "assumed" else "")

    def target_cells(self, target: pd.Series) -> list[str]:
        """A target as cells: the commune, what it aims at, by when, of which kind, how many criteria it meets, what it lacks."""
        set_id, unit = self.workbook.default_set(target["level"]), target["unit"]
        aim = (self.level_words(target["level"]), f"{target['year']:g}", self.text(f"kind_{target['kind']}"))
        count = count_words(self.standing(set_id).counts.loc[unit])
        return [self.workbook.units.loc[unit, "name"], *aim, count, self.missing_words(set_id, unit)]

    def targets_table(self) -> Markup:
        """Planned targets and pledges of the district, with where each commune stands now."""
        chosen = pd.concat([self.planned("plan"), self.planned("pledge")])
        rows = [[*self.target_cells(target), self.source(target["source"])] for target in chosen.to_dict("records")]
        return self.table("targets", "tt unit:name aim year:num kind count:num missing source", rows)

    def owners_sentence(self) -> str:
        """Which department owns each criterion that a planned commune lacks."""
        owners = {}
        for _, target in self.planned("plan").iterrows():
            set_id = self.workbook.default_set(target["level"])
            criteria = self.workbook.law.criteria_of(set_id)
            for number in self.standing(set_id).counts.loc[target["unit"], "missing"]:
                owners[self.criterion(set_id, number)] = criteria.loc[number, f"owner_{self.lang}"]
        parts = "; ".join(f"{name}: {owner}" for name, owner in owners.items())
        return self.text("owners", parts=parts) if parts else ""

    def tasks_table(self, unit: int | None = None) -> Markup:
        """Tasks by name and quantity, of one commune or of all."""
        tasks = self.workbook.tables["tasks"]
        chosen = [unit] if unit is not None else self.workbook.communes.index
        rows = []
        for _, task in tasks[tasks["unit"].isin(chosen)].sort_values(["unit", "number"]).iterrows():
            quantity = self.number(task["quantity"])
            cells = [f"{task['number']:g}", self.workbook.units.loc[task["unit"], "name"], task[f"task_{self.lang}"]]
            rows.append([*cells, quantity, task[f"unit_{self.lang}"] or "...", self.source(task["source"])])
        return self.table("tasks", "tt unit:name task quantity:num measure source", rows)

    def goals_table(self) -> Markup:
        """The yearly rules and how many communes each covers."""
        goals = self.workbook.tables["goals"]
        rows = []
        for _, goal in goals[goals["kind"] == "yearly_rule"].iterrows():
            quantity = (self.number(goal["quantity"]), goal[f"unit_{self.lang}"])
            rows.append(
                [
                    goal[f"text_{self.lang}"],
                    f"{goal['year']:g}",
                    *quantity,
                    len(self.covered_by(goal)),
                    self.source(goal["source"]),
                ]
            )
        return self.table("goals", "rule:name year:num quantity:num measure covered:num source", rows)

"""The page of the monthly meeting: what changed, who is late, what is owed, the yearly rules, what to conclude."""

import pandas as pd
from markupsafe import Markup

from .assess import assess
from .meeting_parts import MeetingParts
from .page import Part
from .parameters import check
from .yearly_rules import before_year, judge_rule, measure_of

USED = ("progress", "work_plans", "assignments", "works", "unit_costs", "envelopes", "profiles", "pots", "targets", "goals",
        "hamlets", "debts", "criterion_states", "indicator_values", "criterion_counts", "recognitions")  # fmt: skip


class MeetingPage(MeetingParts):
    """The parts of ``notebooks/monthly_meeting.ipynb``, in order.

    ``month``: the month looked at ("12/2022"; default the as-of date's). Raises ValueError for a parameter that is none.

    >>> "Kỳ báo cáo đầu tiên" in MeetingPage("data/thanh-chuong").change()
    True
    """

    subject = "meeting"

    def __init__(
        self, dataset: str, *, month: str = "", draws: int = MeetingParts.draws, seed: int = MeetingParts.seed, **options: str
    ) -> None:
        super().__init__(dataset, **options)
        if faults := check({"month": month, "draws": draws, "seed": seed}):
            raise ValueError("; ".join(faults))
        self.typed_month, self.draws, self.seed = month, draws, seed
        given = {"month": self.month_name(self.month.end), "draws": f"{draws}", "seed": f"{seed}"}
        self.parameters = {**given, **self.parameters}

    @property
    def heading(self) -> str:
        """The page's heading, with its month."""
        place = self.workbook.meta["title"][self.lang]
        return self.text("heading_meeting", place=place, month=self.month_name(self.month.end), day=self.day)

    def title(self) -> Part:
        """The title; on paper the whole page lies across."""
        return Part(Markup('<div class="landscape">{}</div>').format(super().title()))

    # 6: requests -------------------------------------------------------------------------------------------------

    def requests(self) -> Part:
        """What the communes ask for."""
        goals = self.workbook.tables["goals"]
        rows = [
            [g[f"text_{self.lang}"], self.number(g["quantity"]), g[f"unit_{self.lang}"] or "...",
             self.source(g["source"])]
            for g in goals[goals["kind"] == "request"].to_dict("records")
        ]  # fmt: skip
        table = self.table("requests", "tt request:name quantity:num measure source", rows)
        return self.section("de-nghi", table or self.text("meeting_no_requests"), wide=True)

    # 7: what departments owe -------------------------------------------------------------------------------------

    def departments(self) -> Part:
        """Every criterion named missing with its department, not assigned ones first. For the office only."""
        if not self.internal:
            return Part("")
        tasks, open_ = self.tasks, self._nameless()
        if tasks.empty:
            return self.section("phan-cong", self.text("meeting_nothing_owed"), open_, wide=True)
        rows = [
            [self.department(row), self.name_of(row["unit"]), self.criterion(row["set"], row["criterion"]),
             row["partner"] or "-", row["person"] or "-" if row["assigned"] else self.text("not_assigned"), row["action"] or "-",
             self._due(row)]
            for row in tasks.to_dict("records")
        ]  # fmt: skip
        lead = self.text(
            "meeting_owed", n=len(tasks), open=(~tasks["assigned"]).sum(), overdue=tasks["overdue"].sum(), day=self.day
        )
        columns = "tt department:name unit name partner person action due"
        note = self.key("owner_note") if (tasks["mark"] == "assumed").any() else ""
        form = "" if tasks["assigned"].any() else self.text("meeting_form_tasks")
        return self.section(
            "phan-cong", self.paragraph(lead, "verdict"), form, self.table("owed", columns, rows), note, open_, wide=True
        )

    def _due(self, row):
        if pd.isna(row["due"]):
            return "..." if row["assigned"] else "-"
        day = self.date(row["due"])
        return self.text("due_over", day=day) if row["overdue"] else day

    def _nameless(self):
        """The communes whose missing criteria are not, or not all, known by name."""
        sets = self.level["next"].map(self.workbook.default_set)
        open_ = [u for u, set_id in sets.items() if self.standing(set_id).counts.loc[u, "unknown"] > 0]
        return self.text("meeting_nameless", n=len(open_), names=self.names(open_)) if open_ else ""

    # 8: yearly rules ---------------------------------------------------------------------------------------------

    def rules(self) -> Part:
        """The yearly rules of the month's year: which communes each covers, met, not met or no data for each, and why."""
        goals, year = self.workbook.tables["goals"], self.month.end.year
        goals = goals[(goals["kind"] == "yearly_rule") & (goals["year"] == year)]
        if goals.empty:
            return self.section("quy-dinh", self.text("meeting_no_rules", year=year), wide=True)
        then = before_year(self.workbook, year)
        parts = [self.text("meeting_rules_lead", year=year)]
        for place, (_, goal) in enumerate(goals.iterrows(), start=1):
            parts += self._rule(place, goal, then)
        return self.section("quy-dinh", *parts, wide=True)

    def _rule(self, place, goal, then):
        covered = self.covered_by(goal)
        level = {"not_ntm": "ntm", "ntm_not_on_list": "advanced"}.get(goal["covers"], "ntm")
        set_id = self.workbook.default_set(level)
        found = judge_rule(goal, covered, self.workbook, assess(then, set_id), self.standing(set_id), then)
        found["why"] = [self._why(row, goal, measure_of(goal)) for _, row in found.iterrows()]
        counts = found["verdict"].value_counts()
        told = {k: int(counts.get(k, 0)) for k in ("met", "not_met", "no_data")}
        lead = self.text(
            "meeting_rule", place=place, rule=goal[f"text_{self.lang}"], source=self.source(goal["source"]), n=len(covered),
            covers=self.text(f"covers_{goal['covers']}"), names=self.names(covered) or "-", **told,
        )  # fmt: skip
        groups = list(found.groupby(["verdict", "why"], sort=False))
        if len(groups) == 1:
            (verdict, why), _ = groups[0]
            return [lead, self.text("rule_all", verdict=self.text(f"rule_{verdict}"), why=why)]
        order = ("not_met", "no_data", "met")
        rows = [
            [self.text(f"rule_{verdict}"), self.names(part["unit"], None), why]
            for (verdict, why), part in sorted(groups, key=lambda group: order.index(group[0][0]))
        ]
        return [lead, self.table("rule", "result:name units why", rows, note=f" {place}")]

    def _why(self, row, goal, measure):
        """The reason of a verdict, with the figures."""
        year = int(goal["year"])
        figures = {k: "..." if pd.isna(row[k]) else f"{row[k]:g}" for k in ("before", "now", "low", "high", "of")}
        key = f"rule_why_{row['reason']}" + (f"_{measure}" if row["reason"] in ("counted", "range") else "")
        hamlet = (self.workbook.meta.get("hamlet_word") or {}).get(self.lang) or goal[f"unit_{self.lang}"]
        return self.text(key, year=year, start=self.date(pd.Timestamp(year, 1, 1)), hamlet=hamlet, **figures)

    # 9: targets, conclusions -------------------------------------------------------------------------------------

    def conclusions(self) -> Part:
        """Targets and pledges with where they stand, and three columns to fill in: conclusion, assignment, due date."""
        chosen = pd.concat([self.planned("plan"), self.planned("pledge")])
        rows = []
        for target in chosen.to_dict("records"):
            set_id, unit = self.workbook.default_set(target["level"]), target["unit"]
            given = self.tasks[(self.tasks["unit"] == unit) & (self.tasks["set"] == set_id) & self.tasks["assigned"]]
            told = [(f"{r['criterion']:g}", r) for _, r in given.iterrows()] if self.internal else []
            who = "; ".join(self.text("given_to", n=n, who=r["department"], action=r["action"]) for n, r in told)
            due = "; ".join(self.text("given_due", n=n, day=self._due(r)) for n, r in told if not pd.isna(r["due"]))
            rows.append([*self.target_cells(target), "", who, due])
        columns = "tt unit:name aim year:num kind count:num missing conclusion:blank assignment:blank due_date:blank"
        table = self.table("conclusions", columns, rows)
        return self.section("ket-luan", table or self.text("meeting_no_targets"), wide=True)

    # 11: sources -------------------------------------------------------------------------------------------------

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        lead = [self.heading, self.text("draft")] + ([self.text("illustrative_long")] if self.workbook.illustrative else [])
        return self.exported(f"giao-ban_{self.workbook.as_of}", f"_thang-{self.month.end:%Y-%m}", lead)

    def knowledge(self) -> Part:
        """How many rows of progress are reported, assumed, illustrative; the sources; what was left out."""
        rows = self.workbook.tables["progress"]
        marks = rows.loc[rows["month"] == self.month.end, "mark"].value_counts()
        parts = ", ".join(f"{self.text(f'mark_{mark}')} {n}" for mark, n in marks.items()) or "-"
        told = self.text("meeting_marks", month=self.month_name(self.month.end), n=int(marks.sum()), parts=parts)
        return self.section("biet-den-dau", told, self.left_out(), self.sources_of(USED), wide=True)

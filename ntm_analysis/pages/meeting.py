"""The page of the monthly meeting: change, volume, late works, money, direction."""

from collections import Counter
from functools import cached_property

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..language import STATE_WORDS, check_parameters, pick, write_month, write_percent
from ..law import LEVELS
from ..standing import (
    Month,
    assess,
    before_year,
    communes_at_risk,
    comparable_works,
    disbursement_by_commune,
    disbursement_by_pot,
    disbursements,
    falls,
    judge_rule,
    measure_of,
    meeting_month,
    reporting_communes,
    rule_level,
    state_changes,
    volume_change,
    volume_curve,
    weighted_volume,
    works_progress,
)
from ..tables import sheet_name
from .charts import picture, s_curve, s_curves
from .page import Part, reject
from .scenarios import ForecastChangeParts

PANELS = 12  # communes with a chart of their own; the table has them all
SHEETS = (
    "progress work_plans works envelopes profiles assignments criterion_counts criterion_states "
    "hamlets goals targets"
)
FORMS = ("progress", "plans", "money", "tasks", "rules")


class MeetingParts(ForecastChangeParts):
    """A page that can show the progress of a month; ``typed_month``: as typed, "" for the as-of
    date's.
    """

    typed_month = ""

    @cached_property
    def _sheets(self):
        """The sheets of the Excel template (whose names are Vietnamese) that fill the parts, by the
        names that the texts use.
        """
        text = super().text
        return {
            f"sheet_{table}": text("sheet_named", sheet=sheet_name(table), table=table)
            for table in SHEETS.split()
        }

    def text(self, key: str, **values: object) -> str:
        """The text of ``key``; names of sheets of the template are filled in by themselves."""
        return super().text(key, **self._sheets, **values)

    def section(self, name: str, *parts: str, wide: bool = True, **titles: str) -> Part:
        """As on every page; here most tables are wide."""
        return super().section(name, *parts, wide=wide, **titles)

    @cached_property
    def month(self) -> Month:
        """The month of the meeting."""
        return meeting_month(self.workbook, self.typed_month)

    def month_name(self, day: pd.Timestamp) -> str:
        """A month as written (12/2022)."""
        return "..." if pd.isna(day) else write_month(day)

    @cached_property
    def works(self) -> pd.DataFrame:
        """Each work with its plan and its newest report."""
        return works_progress(self.workbook, self.month.end)

    @cached_property
    def money(self) -> pd.DataFrame:
        """Money disbursed by commune against its own envelopes."""
        return disbursement_by_commune(self.workbook, self.month.end)

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """What departments owe (:func:`~ntm_analysis.standing.department_duties`), by the set of
        the level that each commune works towards.
        """
        return self.duties(self.level["next"].map(self.workbook.default_set))

    @cached_property
    def _reporting(self):
        """The communes that reported in the month, and those that did not."""
        reporting = reporting_communes(self.workbook, self.month.end)
        return reporting, [unit for unit in self.workbook.communes.index if unit not in reporting]

    def work_name(self, work: pd.Series) -> str:
        """A work by its item and its id in the commune."""
        names = self.item_names()
        return f"{names.get(work['item'], work['item'])} ({work['work']})"

    def percent(self, value: float) -> str:
        """A share or volume in %, to one decimal."""
        return "..." if pd.isna(value) else f"{self.number(value, 1)}%"

    def speakers(self, *rows: pd.Series) -> str:
        """Who says so, marked where the row is an assumption."""
        assumed = f" ({self.text('assumed_short')})"
        names = [row["said_by"] + assumed * (row["mark"] == "assumed") for row in rows]
        return "; ".join(dict.fromkeys(names))

    def million(self, value: float) -> str:
        """An amount in million đồng."""
        return self.number(value, 0) if pd.isna(value) or value else "-"

    # 1: change ------------------------------------------------------------------------------------

    def change(self) -> Part:
        """How many communes reported; what became met or no longer met, volume and money since last
        month; figures that fell.
        """
        month, (reporting, silent) = self.month, self._reporting
        key = "meeting_none_reported"
        if reporting:
            key = "meeting_reported" if silent else "meeting_all_reported"
        verdict = self.text(
            key,
            month=self.month_name(month.end),
            n=len(reporting),
            of=len(self.workbook.communes),
            m=len(silent),
            names=self.names(silent),
        )
        if month.first:
            lead = self.paragraph(self.text("meeting_first"), "banner")
            parts = [lead, self.bullets(self.text(f"meeting_form_{name}") for name in FORMS)]
        else:
            parts = [*self._criteria(), self._volumes(), self._payments()]
        return self.section("thay-doi", self.paragraph(verdict, "verdict"), *parts, self._fallen())

    def _criteria(self):
        """How many criteria became met and no longer are; which, by commune."""
        rows, counts = [], Counter()
        reports = self._reports()
        for level in LEVELS:
            set_id = self.workbook.default_set(level)
            changes = state_changes(assess(self.month.before, set_id), self.standing(set_id))
            counts.update(changes["kind"])
            for unit, part in changes.groupby("unit", sort=False):
                speakers = [
                    reports.get((unit, set_id, row["criterion"])) or self.source(row["source"])
                    for row in part.to_dict("records")
                ]
                names = "; ".join(dict.fromkeys(filter(None, speakers)))
                cells = [self.name_of(unit), self.level_words(level), *self._moves(set_id, part)]
                rows.append([*cells, names])
        before = self.month_name(self.month.previous)
        table = self.table("changes", "tt unit:name aim gained lost other_change said_by", rows)
        return (
            self.text("meeting_since", before=before, gained=counts["gained"], lost=counts["lost"]),
            table or self.text("meeting_no_change"),
        )

    def _reports(self):
        """Who reported in the month, by unit, set and criterion; an indicator speaks for its
        criterion.
        """
        tests = self.workbook.law.tests.set_index(["set", "test"])["criterion"].to_dict()
        rows = self.workbook.tables["progress"]
        speakers = {}
        for row in rows[rows["month"] == self.month.end].to_dict("records"):
            criterion = tests.get((row["set"], row["indicator"]), row["criterion"])
            speakers[row["unit"], row["set"], criterion] = row["said_by"]
        return speakers

    def _moves(self, set_id, changes):
        """Criteria gained and lost; states first reported, and moves between states that are not
        met.
        """
        lines, first = {"gained": [], "lost": [], "other": []}, {}
        for row in changes.to_dict("records"):
            number, kind = f"{row['criterion']:g}", row["kind"]
            before, now = (pick(STATE_WORDS[row[end]], self.lang) for end in ("before", "now"))
            if kind == "first":
                first.setdefault(now, []).append(number)
            elif kind == "other":
                lines[kind].append(self.text("change_other", n=number, before=before, now=now))
            else:
                lines[kind].append(self.criterion(set_id, row["criterion"]))
        lines["other"][:0] = [
            self.text("change_first", state=state, numbers=", ".join(numbers))
            for state, numbers in first.items()
        ]
        return ["; ".join(cell) or "-" for cell in lines.values()]

    def _volumes(self):
        changes = volume_change(works_progress(self.month.before, self.month.previous), self.works)
        rows = [
            [
                self.work_name(row),
                self.name_of(row["unit"]),
                self.number(row["earlier"], 1),
                self.number(row["actual"], 1),
                self._more(row["actual"] - row["earlier"]),
                self.speakers(row),
            ]
            for row in changes.to_dict("records")
        ]
        columns = "tt works:name unit last_month:num this_month:num points:num said_by"
        return self.table("volumes", columns, rows) or self.text("meeting_no_volumes")

    def _payments(self):
        """Money disbursed by commune since last month, from what was known then and is
        known now.
        """
        month, communes = self.month, self.workbook.communes.index
        progress = self.workbook.tables["progress"]
        now = disbursements(progress, month.end)
        now = now[now["unit"].isin(communes) & (now["month"] == month.end)]
        if now.empty:
            return self.text("meeting_no_payments")
        earlier = 0.0
        if month.end.month > 1:  # a new year counts from nothing
            then = disbursements(month.before.tables["progress"], month.previous)
            then = then.set_index(["unit", "pot"])["disbursed"]
            pairs = pd.MultiIndex.from_frame(now[["unit", "pot"]])
            earlier = then.reindex(pairs).to_numpy(dtype=float)
        reports = progress[(progress["month"] == month.end) & progress["disbursed"].notna()]
        now = now.assign(earlier=earlier)
        now = now.sort_values("unit", key=communes.get_indexer, kind="stable")
        rows = [
            [
                self.name_of(row["unit"]),
                self.pot(row["pot"]),
                self.million(row["earlier"]),
                self.million(row["disbursed"]),
                self._more(row["disbursed"] - row["earlier"], 0),
                self.speakers(*reports[reports["unit"] == row["unit"]].to_dict("records")),
            ]
            for row in now.to_dict("records")
        ]
        columns = "tt unit:name fund last_month:num this_month:num added_money:num said_by"
        return self.table("payments", columns, rows, unit="unit_million_money")

    def pot(self, pot: str) -> str:
        """A pot by its name."""
        return super().pot(pot) if pot else self.text("pot_unnamed")

    def _fallen(self):
        """Warnings of cumulative figures below an earlier report."""
        lines = []
        for _, row in falls(self.workbook.tables["progress"], self.month.end).iterrows():
            if row["unit"] in self.workbook.communes.index:
                volume = row["what"] == "value"
                lines.append(
                    self.text(
                        "meeting_falls_volume" if volume else "meeting_falls_money",
                        unit=self.name_of(row["unit"]),
                        what=row["work"] if volume else self.pot(row["pot"]),
                        since=self.month_name(row["since"]),
                        earlier=self.number(row["earlier"]),
                        now=self.number(row["now"]),
                    )
                )
        return self.bullets(lines)

    # 2, 3: plan against actual, late works --------------------------------------------------------

    def volume(self) -> Part:
        """Planned and actual volume of the works: S-curve of the district, table by commune; works
        that cannot be compared.
        """
        works = comparable_works(self.works)
        if works.empty:
            return self.section("khoi-luong", self.text("meeting_no_curve"), *self._uncompared())
        total = weighted_volume(works)
        way = "even"
        if total["difference"]:
            way = "ahead" if total["difference"] > 0 else "behind"
        verdict = self.text(
            f"meeting_curve_{way}",
            month=self.month_name(self.month.end),
            n=len(works),
            planned=self.percent(total["planned"]),
            actual=self.percent(total["actual"]),
            points=self.number(abs(total["difference"]), 1),
        )
        rows = []
        for unit, part in works.groupby("unit", sort=False):
            volume = weighted_volume(part)
            rows.append(
                [
                    self.name_of(unit),
                    len(part),
                    self.billions(part["cost"].sum()),
                    self.number(volume["planned"], 1),
                    self.number(volume["actual"], 1),
                    self._more(volume["difference"]),
                ]
            )
        columns = (
            "tt unit:name works_count:num weight:num planned_volume:num actual_volume:num "
            "points:num"
        )
        curve = volume_curve(self.workbook, works, self.month.end)
        return self.section(
            "khoi-luong",
            self.paragraph(verdict, "verdict"),
            picture(s_curve(curve, self.lang), verdict),
            self.key("meeting_weights", n=len(works), total=self.billions(works["cost"].sum())),
            self._panels(works),
            self.table("volume_commune", columns, rows),
            *self._uncompared(),
        )

    def _panels(self, works):
        """The S-curve of every commune, those furthest behind plan first; where there are many,
        only those furthest behind.
        """
        parts = {self.name_of(unit): part for unit, part in works.groupby("unit", sort=False)}
        behind = {name: weighted_volume(part)["difference"] for name, part in parts.items()}
        order = sorted(parts, key=behind.get)[:PANELS]
        if len(parts) < 2:
            return ""
        key = "meeting_panels" if len(order) == len(parts) else "meeting_panels_some"
        caption = self.text(key, n=len(order), of=len(parts))
        figures = self.listed(f"{name} {self._more(behind[name])}" for name in order)
        curves = {name: volume_curve(self.workbook, parts[name], self.month.end) for name in order}
        alt = self.text("meeting_panels_alt", caption=caption, figures=figures)
        return picture(s_curves(curves, self.lang), alt, caption)

    def _uncompared(self):
        """Works without a plan, and works planned that nobody reported on this month."""
        planned, lines = self.works["planned"].notna(), []
        for key, rows in (
            ("meeting_no_plan", self.works[~planned]),
            ("meeting_not_reported", self.works[planned & ~self.works["current"]]),
        ):
            names = [
                f"{self.work_name(row)}, {self.name_of(row['unit'])}" for _, row in rows.iterrows()
            ]
            if names:
                lines.append(self.text(key, n=len(names), names="; ".join(names)))
        return lines

    def late(self) -> Part:
        """Works whose newest report is behind the plan of its month."""
        if not self.works["reported"].notna().any():
            return self.section("cham", self.text("meeting_late_unknown"))
        late = self.works[self.works["late"]]
        late = late.sort_values("months_late", ascending=False, kind="stable")
        if late.empty:
            return self.section("cham", self.text("meeting_none_late"))
        rows = [
            [
                self.work_name(row),
                self.name_of(row["unit"]),
                self.number(row["planned_then"], 1),
                self.number(row["actual"], 1),
                self.month_name(row["reported"]),
                f"{row['months_late']:.0f}" if row["months_late"] else self.text("late_this_month"),
                self.speakers(row),
            ]
            for row in late.to_dict("records")
        ]
        columns = (
            "tt works:name unit planned_volume:num actual_volume:num report_month:num "
            "months_late:num said_by"
        )
        lead = self.text("meeting_late", n=len(late), communes=late["unit"].nunique())
        return self.section(
            "cham", self.paragraph(lead, "verdict"), self.table("late", columns, rows)
        )

    # 4: money -------------------------------------------------------------------------------------

    def disbursement(self) -> Part:
        """Money disbursed against the year's plan, by pot and by commune."""
        pots, year = disbursement_by_pot(self.workbook, self.month.end), self.month.end.year
        if not pots["disbursed"].notna().any():
            return self.section("giai-ngan", self.text("meeting_no_money", year=year))
        # money and plan of the same pots
        held = pots[pots["amount"].notna() & pots["disbursed"].notna()]
        paid, planned, amount = held[["disbursed", "planned", "amount"]].sum()
        verdict = self.text(
            "meeting_money",
            month=self.month_name(self.month.end),
            paid=self.billions(paid),
            amount=self.billions(amount),
            rate=write_percent(paid / amount if amount else None, self.lang),
            planned=self.billions(planned),
            year=year,
        )
        rows = [
            [
                self.pot(pot),
                *self._amounts(row),
                self.million(row["behind"] if row["communes"] >= row["of"] else np.nan),
                f"{row['communes']}/{row['of']}",
                "..." if pd.isna(row["mark"]) else self.text(f"mark_{row['mark']}"),
            ]
            for pot, row in pots.iterrows()
        ]
        communes = [
            [
                self.name_of(unit),
                self.million(row["all"]),
                *self._amounts(row),
                self.million(row["behind"]),
                self.month_name(row["month"]),
            ]
            for unit, row in self.money.iterrows()
        ]
        columns = (
            "tt fund:name year_amount:num planned_money:num paid_money:num rate:num "
            "behind_money:num reporting:num note"
        )
        own_columns = (
            "tt unit:name paid_all:num own_amount:num planned_money:num paid_own:num rate:num "
            "behind_money:num report_month:num"
        )
        return self.section(
            "giai-ngan",
            self.paragraph(verdict, "verdict"),
            self.table("money_pots", columns, rows, unit="unit_million_money"),
            self.key("meeting_money_pots"),
            self.table("money_communes", own_columns, communes, unit="unit_million_money"),
            self.key("meeting_money_communes"),
        )

    def _amounts(self, row):
        """Money of the year, planned, disbursed, and its rate."""
        amounts = map(self.million, row[["amount", "planned", "disbursed"]])
        rate = write_percent(None if np.isinf(row["rate"]) else row["rate"], self.lang)
        return [*amounts, rate]

    # 5: direction ---------------------------------------------------------------------------------

    def direction(self) -> Part:
        """Communes that need direction, each with its reasons; those that did not report;
        construction debt. For the office.
        """
        if not self.internal:
            return Part("")
        reasons = communes_at_risk(self.works, self.money, self.tasks)
        rows = [
            [
                self.name_of(unit),
                "; ".join(
                    self._reason(reason, row)
                    for reason, cases in reasons[unit].items()
                    for _, row in cases.iterrows()
                ),
            ]
            for unit in self.workbook.communes.index
            if unit in reasons
        ]
        reporting, silent = self._reporting
        nobody = "meeting_no_direction" if reporting else "meeting_direction_unknown"
        return self.section(
            "chi-dao",
            self.text("meeting_direction_lead"),
            self.table("direction", "tt unit:name why", rows) or self.text(nobody),
            self.text("meeting_silent", n=len(silent), names=self.names(silent)) if silent else "",
            self.debts_table(self.workbook.communes.index.tolist()),
        )

    def _reason(self, reason, row):
        """Why a commune needs direction, in words with the figures."""
        if reason == "late":
            return self.text(
                "why_late",
                work=self.work_name(row),
                planned=self.percent(row["planned_then"]),
                actual=self.percent(row["actual"]),
                month=self.month_name(row["reported"]),
            )
        if reason == "money":
            behind, planned = self.million(row["behind"]), self.million(row["planned"])
            month = self.month_name(row["month"])
            return self.text("why_money", behind=behind, planned=planned, month=month)
        criterion, due = self.criterion(row["set"], row["criterion"]), self.date(row["due"])
        department = row["department"]
        return self.text("why_overdue", criterion=criterion, department=department, due=due)


class MeetingPage(MeetingParts):
    """The parts of ``notebooks/monthly_meeting.ipynb``, in order.

    ``month``: the month looked at ("12/2022"; default the as-of date's). Raises ValueError for a
    parameter that is none.

    >>> "Kỳ báo cáo đầu tiên" in MeetingPage("data/thanh-chuong").change()
    True
    """

    subject = "meeting"
    based_on = (
        "progress work_plans assignments works unit_costs envelopes profiles pots targets goals "
        "hamlets debts criterion_states indicator_values criterion_counts recognitions"
    )

    def __init__(
        self,
        dataset: str,
        *,
        month: str = "",
        draws: int = MeetingParts.draws,
        seed: int = MeetingParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        reject(check_parameters({"month": month, "draws": draws, "seed": seed}))
        self.typed_month, self.draws, self.seed = month, draws, seed
        self.add_parameters(month=self.month_name(self.month.end), draws=draws, seed=seed)

    @property
    def heading(self) -> str:
        """The page's heading, with its month."""
        place = self.workbook.meta["title"][self.lang]
        return self.text(
            "heading_meeting", place=place, month=self.month_name(self.month.end), day=self.day
        )

    def title(self) -> Part:
        """The title; on paper the whole page lies across."""
        return Part(Markup('<div class="landscape">{}</div>').format(super().title()))

    # 6: requests ----------------------------------------------------------------------------------

    def requests(self) -> Part:
        """What the communes ask for."""
        goals = self.workbook.tables["goals"]
        rows = [
            [
                goal[f"text_{self.lang}"],
                self.number(goal["quantity"]),
                goal[f"unit_{self.lang}"] or "...",
                self.source(goal["source"]),
            ]
            for goal in goals[goals["kind"] == "request"].to_dict("records")
        ]
        table = self.table("requests", "tt request:name quantity:num measure source", rows)
        return self.section("de-nghi", table or self.text("meeting_no_requests"))

    # 7: what departments owe ----------------------------------------------------------------------

    def departments(self) -> Part:
        """Every criterion named missing with its department, not assigned ones first.

        For the office only.
        """
        if not self.internal:
            return Part("")
        tasks, open_ = self.tasks, self._nameless()
        if tasks.empty:
            return self.section("phan-cong", self.text("meeting_nothing_owed"), open_)
        rows = [
            [
                self.department(row),
                self.name_of(row["unit"]),
                self.criterion(row["set"], row["criterion"]),
                row["partner"] or "-",
                row["person"] or "-" if row["assigned"] else self.text("not_assigned"),
                row["action"] or "-",
                self._due(row),
            ]
            for row in tasks.to_dict("records")
        ]
        lead = self.text(
            "meeting_owed",
            n=len(tasks),
            open=(~tasks["assigned"]).sum(),
            overdue=tasks["overdue"].sum(),
            day=self.day,
        )
        columns = "tt department:name unit name partner person action due"
        note = self.key("owner_note") if (tasks["mark"] == "assumed").any() else ""
        form = "" if tasks["assigned"].any() else self.text("meeting_form_tasks")
        return self.section(
            "phan-cong",
            self.paragraph(lead, "verdict"),
            form,
            self.table("owed", columns, rows),
            note,
            open_,
        )

    def _due(self, row):
        if pd.isna(row["due"]):
            return "..." if row["assigned"] else "-"
        day = self.date(row["due"])
        return self.text("due_over", day=day) if row["overdue"] else day

    def _nameless(self):
        """The communes whose missing criteria are not, or not all, known by name."""
        sets = self.level["next"].map(self.workbook.default_set)
        open_ = [
            u for u, set_id in sets.items() if self.standing(set_id).counts.loc[u, "unknown"] > 0
        ]
        return self.text("meeting_nameless", n=len(open_), names=self.names(open_)) if open_ else ""

    # 8: yearly rules ------------------------------------------------------------------------------

    def rules(self) -> Part:
        """The yearly rules of the month's year: which communes each covers, met, not met or no data
        for each, and why.
        """
        goals, year = self.workbook.tables["goals"], self.month.end.year
        goals = goals[(goals["kind"] == "yearly_rule") & (goals["year"] == year)]
        if goals.empty:
            return self.section("quy-dinh", self.text("meeting_no_rules", year=year))
        then = before_year(self.workbook, year)
        parts = [self.text("meeting_rules_lead", year=year)]
        for place, (_, goal) in enumerate(goals.iterrows(), start=1):
            parts += self._rule(place, goal, then)
        return self.section("quy-dinh", *parts)

    def _rule(self, place, goal, then):
        covered, set_id = self.covered_by(goal), self.workbook.default_set(rule_level(goal))
        start, now = assess(then, set_id), self.standing(set_id)
        verdicts = judge_rule(goal, covered, self.workbook, start, now, then)
        verdicts["why"] = [self._why(row, goal) for _, row in verdicts.iterrows()]
        order = ("not_met", "no_data", "met")
        lead = self.text(
            "meeting_rule",
            place=place,
            rule=goal[f"text_{self.lang}"],
            source=self.source(goal["source"]),
            n=len(covered),
            covers=self.text(f"covers_{goal['covers']}"),
            names=self.names(covered) or "-",
            **{verdict: int((verdicts["verdict"] == verdict).sum()) for verdict in order},
        )
        groups = list(verdicts.groupby(["verdict", "why"], sort=False))
        if len(groups) == 1:
            (verdict, why), _ = groups[0]
            return [lead, self.text("rule_all", verdict=self.text(f"rule_{verdict}"), why=why)]
        rows = [
            [self.text(f"rule_{verdict}"), self.names(part["unit"], None), why]
            for (verdict, why), part in sorted(groups, key=lambda group: order.index(group[0][0]))
        ]
        return [lead, self.table("rule", "result:name units why", rows, note=f" {place}")]

    def _why(self, row, goal):
        """The reason of a verdict, with the figures."""
        figures = {
            name: "..." if pd.isna(row[name]) else f"{row[name]:g}"
            for name in ("before", "now", "low", "high", "of")
        }
        key = f"rule_why_{row['reason']}"
        if row["reason"] in ("counted", "range"):
            key += f"_{measure_of(goal)}"
        hamlet, year = self.hamlet_word or goal[f"unit_{self.lang}"], int(goal["year"])
        start = self.date(pd.Timestamp(year, 1, 1))
        return self.text(key, year=year, start=start, hamlet=hamlet, **figures)

    # 9: targets, conclusions ----------------------------------------------------------------------

    def conclusions(self) -> Part:
        """Targets and pledges with where they stand, and three columns to fill in: conclusion,
        assignment, due date.
        """
        chosen = pd.concat([self.targets_of("plan"), self.targets_of("pledge")])
        rows = []
        for target in chosen.to_dict("records"):
            tasks, whom, due = self.tasks, [], []
            mine = (tasks["unit"] == target["unit"]) & tasks["assigned"] & self.internal
            mine &= tasks["set"] == self.workbook.default_set(target["level"])
            for _, task in tasks[mine].iterrows():
                n, who = f"{task['criterion']:g}", task["department"]
                whom.append(self.text("given_to", n=n, who=who, action=task["action"]))
                if pd.notna(task["due"]):
                    due.append(self.text("given_due", n=n, day=self._due(task)))
            rows.append([*self.target_cells(target), "", "; ".join(whom), "; ".join(due)])
        columns = (
            "tt unit:name aim year:num kind count:num missing conclusion:blank "
            "assignment:blank due_date:blank"
        )
        table = self.table("conclusions", columns, rows)
        return self.section("ket-luan", table or self.text("meeting_no_targets"))

    # 11: sources ----------------------------------------------------------------------------------

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        return self.exported("giao-ban", f"_thang-{self.month.end:%Y-%m}")

    def knowledge(self) -> Part:
        """How many rows of progress are reported, assumed, illustrative; the sources; what was left
        out.
        """
        rows = self.workbook.tables["progress"]
        marks = rows.loc[rows["month"] == self.month.end, "mark"].value_counts()
        parts = ", ".join(f"{self.text(f'mark_{mark}')} {n}" for mark, n in marks.items()) or "-"
        month = self.month_name(self.month.end)
        line = self.text("meeting_marks", month=month, n=int(marks.sum()), parts=parts)
        return super().knowledge(line)

"""The page of the monthly meeting: change, volume, late works, money, direction."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..language import STATE_WORDS, check, pick, write_change, write_percent
from ..standing import (
    Month,
    assess,
    before_year,
    by_commune,
    by_pot,
    changes,
    compared,
    curve,
    disbursed,
    falls,
    judge_rule,
    measure_of,
    meeting,
    needing_direction,
    owed,
    reporting,
    volume_change,
    weighted,
    works_progress,
)
from ..tables import sheet_name
from ..wording import billions, month_words, pot_words
from .charts import picture, s_curve, s_curves
from .page import Part
from .scenarios import ForecastChangeParts

PANELS = 12  # communes with a chart of their own; the table has them all
SHEETS = (
    "progress",
    "work_plans",
    "works",
    "envelopes",
    "profiles",
    "assignments",
    "criterion_counts",
    "criterion_states",
    "hamlets",
    "goals",
    "targets",
)


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
        named = super().text
        return {
            f"sheet_{table}": named("sheet_named", sheet=sheet_name(table), table=table)
            for table in SHEETS
        }

    def text(self, key: str, **values: object) -> str:
        """The text of ``key``; names of sheets of the template are filled in by themselves."""
        return super().text(key, **self._sheets, **values)

    @cached_property
    def month(self) -> Month:
        """The month of the meeting."""
        return meeting(self.workbook, self.typed_month)

    def month_name(self, day: pd.Timestamp) -> str:
        """A month as written (12/2022)."""
        return "..." if pd.isna(day) else month_words(f"{day:%Y-%m-%d}", self.lang)

    @cached_property
    def works(self) -> pd.DataFrame:
        """Each work with its plan and its newest report."""
        return works_progress(self.workbook, self.month.end)

    @cached_property
    def money(self) -> pd.DataFrame:
        """Money disbursed by commune against its own envelopes."""
        return by_commune(self.workbook, self.month.end)

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """What departments owe (:func:`~ntm_analysis.standing.owed`), by the set of the level that
        each commune works towards.
        """
        sets = self.level["next"].map(self.workbook.default_set)
        return owed(self.workbook, {set_id: self.standing(set_id) for set_id in set(sets)}, sets)

    @cached_property
    def _reporting(self):
        """The communes that reported in the month, and those that did not."""
        told = reporting(self.workbook, self.month.end)
        return told, [unit for unit in self.workbook.communes.index if unit not in told]

    def name_of(self, unit: int) -> str:
        """A unit's name."""
        return self.workbook.units.loc[unit, "name"]

    def work_name(self, work: pd.Series) -> str:
        """A work by its item and its id in the commune."""
        names = self.item_names()
        return f"{names.get(work['item'], work['item'])} ({work['work']})"

    def percent(self, value: float) -> str:
        """A share or volume in %, to one decimal."""
        return "..." if pd.isna(value) else f"{self.number(value, 1)}%"

    def said(self, names: Iterable[str], marks: Iterable[str]) -> str:
        """Who says so, marked where the row is an assumption."""
        assumed = f" ({self.text('assumed_short')})"
        told = [
            n + (assumed if mark == "assumed" else "") for n, mark in zip(names, marks, strict=True)
        ]
        return "; ".join(dict.fromkeys(told))

    def volume_of(self, value: float) -> str:
        """A volume for a column in per cent."""
        return self.number(value, 1)

    def million(self, value: float) -> str:
        """An amount in million đồng."""
        return self.number(value, 0) if pd.isna(value) or value else "-"

    # 1: change ------------------------------------------------------------------------------------

    def change(self) -> Part:
        """How many communes reported; what became met or no longer met, volume and money since last
        month; figures that fell.
        """
        month, (told, silent) = self.month, self._reporting
        values = {
            "month": self.month_name(month.end),
            "n": len(told),
            "of": len(self.workbook.communes),
            "m": len(silent),
        }
        key = (
            "meeting_reported"
            if told and silent
            else "meeting_all_reported"
            if told
            else "meeting_none_reported"
        )
        verdict = self.paragraph(self.text(key, names=self.names(silent), **values), "verdict")
        if month.first:
            forms = self.bullets(
                self.text(f"meeting_form_{name}")
                for name in ("progress", "plans", "money", "tasks", "rules")
            )
            return self.section(
                "thay-doi",
                verdict,
                self.paragraph(self.text("meeting_first"), "banner"),
                forms,
                self._fallen(),
                wide=True,
            )
        gained, lost, table = self._criteria()
        since = self.text(
            "meeting_since", gained=gained, lost=lost, before=self.month_name(month.previous)
        )
        parts = [since, table, self._volumes(), self._payments(), self._fallen()]
        return self.section("thay-doi", verdict, *parts, wide=True)

    def _criteria(self):
        """Criteria that became met and that no longer are, by commune; and how many."""
        rows, gained, lost = [], 0, 0
        reports = self._reports()
        for level in ("ntm", "advanced", "model"):
            set_id = self.workbook.default_set(level)
            found = changes(assess(self.month.before, set_id), self.standing(set_id))
            gained, lost = (
                n + (found["kind"] == kind).sum()
                for n, kind in ((gained, "gained"), (lost, "lost"))
            )
            for unit, part in found.groupby("unit", sort=False):
                told = [
                    reports.get((unit, set_id, n)) or self.source(s)
                    for n, s in zip(part["criterion"], part["source"], strict=True)
                ]
                said = "; ".join(dict.fromkeys(filter(None, told)))
                kinds = {
                    kind: part[part["kind"] == kind]
                    for kind in ("gained", "lost", "first", "other")
                }
                named = [
                    "; ".join(self.criterion(set_id, n) for n in kinds[k]["criterion"]) or "-"
                    for k in ("gained", "lost")
                ]
                cells = (
                    self.name_of(unit),
                    self.level_words(level),
                    *named,
                    self._other(kinds),
                    said,
                )
                rows.append(cells)
        table = self.table("changes", "tt unit:name aim gained lost other_change said_by", rows)
        return int(gained), int(lost), table or self.paragraph(self.text("meeting_no_change"))

    def _reports(self):
        """Who reported in the month, by unit, set and criterion; an indicator speaks for its
        criterion.
        """
        tests = self.workbook.law.tests.set_index(["set", "test"])["criterion"].to_dict()
        rows = self.workbook.tables["progress"]
        return {
            (r["unit"], r["set"], tests.get((r["set"], r["indicator"]), r["criterion"])): r[
                "said_by"
            ]
            for r in rows[rows["month"] == self.month.end].to_dict("records")
        }

    def _other(self, kinds):
        """States first reported, and moves between states that are not met."""
        words = lambda state: pick(STATE_WORDS[state], self.lang)  # noqa: E731
        first = (
            kinds["first"]
            .groupby("now", sort=False)["criterion"]
            .agg(lambda c: ", ".join(f"{n:g}" for n in c))
        )
        told = [
            self.text("change_first", state=words(state), numbers=numbers)
            for state, numbers in first.items()
        ]
        moved = [
            self.text(
                "change_other",
                n=f"{row['criterion']:g}",
                before=words(row["before"]),
                now=words(row["now"]),
            )
            for _, row in kinds["other"].iterrows()
        ]
        return "; ".join([*told, *moved]) or "-"

    def _volumes(self):
        found = volume_change(works_progress(self.month.before, self.month.previous), self.works)
        rows = [
            [
                self.work_name(row),
                self.name_of(row["unit"]),
                *(self.volume_of(row[k]) for k in ("earlier", "actual")),
                self._more(row["actual"] - row["earlier"]),
                self.said([row["said_by"]], [row["mark"]]),
            ]
            for row in found.to_dict("records")
        ]
        table = self.table(
            "volumes", "tt works:name unit last_month:num this_month:num points:num said_by", rows
        )
        return table or self.paragraph(self.text("meeting_no_volumes"))

    def _more(self, value, decimals=1):
        return write_change(value, self.lang, decimals)

    def _payments(self):
        """Money disbursed by commune since last month, from what was known then and is
        known now.
        """
        month = self.month
        now = disbursed(self.workbook.tables["progress"], month.end)
        now = now[now["unit"].isin(self.workbook.communes.index) & (now["month"] == month.end)]
        if now.empty:
            return self.paragraph(self.text("meeting_no_payments"))
        fresh = month.end.month == 1  # a new year counts from nothing
        then = disbursed(
            month.before.tables["progress"].iloc[: 0 if fresh else None], month.previous
        )
        before = then.set_index(["unit", "pot"])["disbursed"]
        pairs = pd.MultiIndex.from_frame(now[["unit", "pot"]])
        now = now.assign(earlier=0.0 if fresh else before.reindex(pairs).to_numpy(dtype=float))
        progress = self.workbook.tables["progress"]
        rows = progress[(progress["month"] == month.end) & progress["disbursed"].notna()]
        said = {
            unit: self.said(part["said_by"], part["mark"]) for unit, part in rows.groupby("unit")
        }
        place = {unit: i for i, unit in enumerate(self.workbook.communes.index)}
        now = now.sort_values("unit", key=lambda c: c.map(place), kind="stable")
        rows = [
            [
                self.name_of(row["unit"]),
                self.pot(row["pot"]),
                self.million(row["earlier"]),
                self.million(row["disbursed"]),
                self._more(row["disbursed"] - row["earlier"], 0),
                said[row["unit"]],
            ]
            for row in now.to_dict("records")
        ]
        columns = "tt unit:name fund last_month:num this_month:num added_money:num said_by"
        return self.table("payments", columns, rows, unit=self.text("unit_million_money"))

    def pot(self, pot: str) -> str:
        """A pot by its name."""
        return pot_words(self.workbook, pot, self.lang) if pot else self.text("pot_unnamed")

    def _fallen(self):
        """Warnings of cumulative figures below an earlier report."""
        lines = []
        for _, row in falls(self.workbook.tables["progress"], self.month.end).iterrows():
            if row["unit"] not in self.workbook.communes.index:
                continue
            what = "meeting_falls_money" if row["what"] == "disbursed" else "meeting_falls_volume"
            subject = row["work"] if row["what"] == "value" else self.pot(row["pot"])
            figures = {k: self.number(row[k]) for k in ("earlier", "now")}
            lines.append(
                self.text(
                    what,
                    unit=self.name_of(row["unit"]),
                    what=subject,
                    since=self.month_name(row["since"]),
                    **figures,
                )
            )
        return self.bullets(lines)

    # 2, 3: plan against actual, late works --------------------------------------------------------

    def volume(self) -> Part:
        """Planned and actual volume of the works: S-curve of the district, table by commune; works
        that cannot be compared.
        """
        works = compared(self.works)
        if works.empty:
            return self.section(
                "khoi-luong", self.text("meeting_no_curve"), *self._uncompared(), wide=True
            )
        total, made = weighted(works), curve(self.workbook, works, self.month.end)
        key = (
            "ahead" if total["difference"] > 0 else "behind" if total["difference"] < 0 else "even"
        )
        figures = {k: self.percent(total[k]) for k in ("planned", "actual")}
        figures["points"] = self.number(abs(total["difference"]), 1)
        told = self.text(
            f"meeting_curve_{key}", month=self.month_name(self.month.end), n=len(works), **figures
        )
        weights = self.text(
            "meeting_weights", n=len(works), total=billions(works["cost"].sum(), self.lang)
        )
        rows = []
        for unit, part in works.groupby("unit", sort=False):
            found = weighted(part)
            rows.append(
                [
                    self.name_of(unit),
                    len(part),
                    billions(part["cost"].sum(), self.lang),
                    *(self.volume_of(found[k]) for k in ("planned", "actual")),
                    self._more(found["difference"]),
                ]
            )
        table = self.table(
            "volume_commune",
            "tt unit:name works_count:num weight:num planned_volume:num actual_volume:num points:num",
            rows,
        )
        return self.section(
            "khoi-luong",
            self.paragraph(told, "verdict"),
            picture(s_curve(made, self.lang), told),
            self.paragraph(weights, "key"),
            self._panels(works),
            table,
            *self._uncompared(),
            wide=True,
        )

    def _panels(self, works):
        """The S-curve of every commune, those furthest behind plan first; where there are many,
        only those furthest behind.
        """
        parts = {self.name_of(unit): part for unit, part in works.groupby("unit", sort=False)}
        behind = {name: weighted(part)["difference"] for name, part in parts.items()}
        order = sorted(parts, key=behind.__getitem__)[:PANELS]
        if len(parts) < 2:
            return Markup("")
        told = self.text(
            "meeting_panels" if len(order) == len(parts) else "meeting_panels_some",
            n=len(order),
            of=len(parts),
        )
        figures = self.listed(f"{name} {self._more(behind[name])}" for name in order)
        made = {name: curve(self.workbook, parts[name], self.month.end) for name in order}
        return picture(
            s_curves(made, self.lang),
            self.text("meeting_panels_alt", told=told, figures=figures),
            told,
        )

    def _uncompared(self):
        """Works without a plan, and works planned that nobody reported on this month."""
        lines = []
        for key, rows in (
            ("meeting_no_plan", self.works[self.works["planned"].isna()]),
            (
                "meeting_not_reported",
                self.works[self.works["planned"].notna() & ~self.works["current"]],
            ),
        ):
            names = [
                f"{self.work_name(row)}, {self.name_of(row['unit'])}" for _, row in rows.iterrows()
            ]
            lines.append(self.text(key, n=len(names), names="; ".join(names)) if names else "")
        return lines

    def late(self) -> Part:
        """Works whose newest report is behind the plan of its month."""
        if not self.works["reported"].notna().any():
            return self.section("cham", self.text("meeting_late_unknown"), wide=True)
        late = self.works[self.works["late"]].sort_values(
            "months_late", ascending=False, kind="stable"
        )
        if late.empty:
            return self.section("cham", self.text("meeting_none_late"), wide=True)
        rows = [
            [
                self.work_name(row),
                self.name_of(row["unit"]),
                self.volume_of(row["planned_then"]),
                self.volume_of(row["actual"]),
                self.month_name(row["reported"]),
                f"{row['months_late']:.0f}" if row["months_late"] else self.text("late_this_month"),
                self.said([row["said_by"]], [row["mark"]]),
            ]
            for row in late.to_dict("records")
        ]
        columns = "tt works:name unit planned_volume:num actual_volume:num report_month:num months_late:num said_by"
        lead = self.text("meeting_late", n=len(late), communes=late["unit"].nunique())
        return self.section(
            "cham", self.paragraph(lead, "verdict"), self.table("late", columns, rows), wide=True
        )

    # 4: money -------------------------------------------------------------------------------------

    def disbursement(self) -> Part:
        """Money disbursed against the year's plan, by pot and by commune."""
        pots, year = by_pot(self.workbook, self.month.end), self.month.end.year
        if not pots["disbursed"].notna().any():
            return self.section("giai-ngan", self.text("meeting_no_money", year=year), wide=True)
        held = pots[
            pots["amount"].notna() & pots["disbursed"].notna()
        ]  # money and plan of the same pots
        paid, planned, amount = (
            held[column].sum() for column in ("disbursed", "planned", "amount")
        )
        told = self.text(
            "meeting_money",
            month=self.month_name(self.month.end),
            paid=billions(paid, self.lang),
            amount=billions(amount, self.lang),
            rate=write_percent(paid / amount if amount else None, self.lang),
            planned=billions(planned, self.lang),
            year=year,
        )
        rows = [
            [
                self.pot(pot),
                *(self.million(row[k]) for k in ("amount", "planned", "disbursed")),
                self._rate(row["rate"]),
                self.million(row["behind"] if row["communes"] >= row["of"] else np.nan),
                f"{row['communes']}/{row['of']}",
                "..." if pd.isna(row["mark"]) else self.text(f"mark_{row['mark']}"),
            ]
            for pot, row in pots.iterrows()
        ]
        columns = "tt fund:name year_amount:num planned_money:num paid_money:num rate:num behind_money:num reporting:num note"
        table = self.table("money_pots", columns, rows, unit=self.text("unit_million_money"))
        rows = [
            [
                self.name_of(unit),
                *(self.million(row[k]) for k in ("all", "amount", "planned", "disbursed")),
                self._rate(row["rate"]),
                self.million(row["behind"]),
                self.month_name(row["month"]),
            ]
            for unit, row in self.money.iterrows()
        ]
        columns = "tt unit:name paid_all:num own_amount:num planned_money:num paid_own:num rate:num behind_money:num "
        columns += "report_month:num"
        own = self.table("money_communes", columns, rows, unit=self.text("unit_million_money"))
        notes = [self.key(f"meeting_money_{k}") for k in ("pots", "communes")]
        return self.section(
            "giai-ngan", self.paragraph(told, "verdict"), table, notes[0], own, notes[1], wide=True
        )

    def _rate(self, rate):
        return write_percent(None if np.isinf(rate) else rate, self.lang)

    # 5: direction ---------------------------------------------------------------------------------

    def direction(self) -> Part:
        """Communes that need direction, each with its reasons; those that did not report;
        construction debt. For the office.
        """
        if not self.internal:
            return Part("")
        found = needing_direction(self.works, self.money, self.tasks)
        rows = [
            [self.name_of(unit), "; ".join(self._reasons(found[unit]))]
            for unit in self.workbook.communes.index
            if unit in found
        ]
        told, silent = self._reporting
        nobody = "meeting_no_direction" if told else "meeting_direction_unknown"
        return self.section(
            "chi-dao",
            self.text("meeting_direction_lead"),
            self.table("direction", "tt unit:name why", rows) or self.text(nobody),
            self.text("meeting_silent", n=len(silent), names=self.names(silent)) if silent else "",
            self.debts_table(self.workbook.communes.index.tolist()),
            wide=True,
        )

    def _reasons(self, found):
        """Why a commune needs direction, in words with the figures."""
        lines = [
            self.text(
                "why_late",
                work=self.work_name(row),
                planned=self.percent(row["planned_then"]),
                actual=self.percent(row["actual"]),
                month=self.month_name(row["reported"]),
            )
            for _, row in found.get("late", pd.DataFrame()).iterrows()
        ]
        lines += [
            self.text(
                "why_money",
                behind=self.million(row["behind"]),
                planned=self.million(row["planned"]),
                month=self.month_name(row["month"]),
            )
            for _, row in found.get("money", pd.DataFrame()).iterrows()
        ]
        return lines + [
            self.text(
                "why_overdue",
                criterion=self.criterion(row["set"], row["criterion"]),
                department=row["department"],
                due=self.date(row["due"]),
            )
            for _, row in found.get("overdue", pd.DataFrame()).iterrows()
        ]


USED = (
    "progress",
    "work_plans",
    "assignments",
    "works",
    "unit_costs",
    "envelopes",
    "profiles",
    "pots",
    "targets",
    "goals",
    "hamlets",
    "debts",
    "criterion_states",
    "indicator_values",
    "criterion_counts",
    "recognitions",
)


class MeetingPage(MeetingParts):
    """The parts of ``notebooks/monthly_meeting.ipynb``, in order.

    ``month``: the month looked at ("12/2022"; default the as-of date's). Raises ValueError for a
    parameter that is none.

    >>> "Kỳ báo cáo đầu tiên" in MeetingPage("data/thanh-chuong").change()
    True
    """

    subject = "meeting"

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
        if faults := check({"month": month, "draws": draws, "seed": seed}):
            raise ValueError("; ".join(faults))
        self.typed_month, self.draws, self.seed = month, draws, seed
        given = {"month": self.month_name(self.month.end), "draws": f"{draws}", "seed": f"{seed}"}
        self.parameters = {**given, **self.parameters}

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
                g[f"text_{self.lang}"],
                self.number(g["quantity"]),
                g[f"unit_{self.lang}"] or "...",
                self.source(g["source"]),
            ]
            for g in goals[goals["kind"] == "request"].to_dict("records")
        ]
        table = self.table("requests", "tt request:name quantity:num measure source", rows)
        return self.section("de-nghi", table or self.text("meeting_no_requests"), wide=True)

    # 7: what departments owe ----------------------------------------------------------------------

    def departments(self) -> Part:
        """Every criterion named missing with its department, not assigned ones first.

        For the office only.
        """
        if not self.internal:
            return Part("")
        tasks, open_ = self.tasks, self._nameless()
        if tasks.empty:
            return self.section("phan-cong", self.text("meeting_nothing_owed"), open_, wide=True)
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
            wide=True,
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
        found = judge_rule(
            goal, covered, self.workbook, assess(then, set_id), self.standing(set_id), then
        )
        found["why"] = [self._why(row, goal, measure_of(goal)) for _, row in found.iterrows()]
        counts = found["verdict"].value_counts()
        told = {k: int(counts.get(k, 0)) for k in ("met", "not_met", "no_data")}
        lead = self.text(
            "meeting_rule",
            place=place,
            rule=goal[f"text_{self.lang}"],
            source=self.source(goal["source"]),
            n=len(covered),
            covers=self.text(f"covers_{goal['covers']}"),
            names=self.names(covered) or "-",
            **told,
        )
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
        figures = {
            k: "..." if pd.isna(row[k]) else f"{row[k]:g}"
            for k in ("before", "now", "low", "high", "of")
        }
        key = f"rule_why_{row['reason']}" + (
            f"_{measure}" if row["reason"] in ("counted", "range") else ""
        )
        hamlet = (self.workbook.meta.get("hamlet_word") or {}).get(self.lang) or goal[
            f"unit_{self.lang}"
        ]
        return self.text(
            key, year=year, start=self.date(pd.Timestamp(year, 1, 1)), hamlet=hamlet, **figures
        )

    # 9: targets, conclusions ----------------------------------------------------------------------

    def conclusions(self) -> Part:
        """Targets and pledges with where they stand, and three columns to fill in: conclusion,
        assignment, due date.
        """
        chosen = pd.concat([self.planned("plan"), self.planned("pledge")])
        rows = []
        for target in chosen.to_dict("records"):
            set_id, unit = self.workbook.default_set(target["level"]), target["unit"]
            given = self.tasks[
                (self.tasks["unit"] == unit)
                & (self.tasks["set"] == set_id)
                & self.tasks["assigned"]
            ]
            told = (
                [(f"{r['criterion']:g}", r) for _, r in given.iterrows()] if self.internal else []
            )
            who = "; ".join(
                self.text("given_to", n=n, who=r["department"], action=r["action"]) for n, r in told
            )
            due = "; ".join(
                self.text("given_due", n=n, day=self._due(r))
                for n, r in told
                if not pd.isna(r["due"])
            )
            rows.append([*self.target_cells(target), "", who, due])
        columns = "tt unit:name aim year:num kind count:num missing conclusion:blank assignment:blank due_date:blank"
        table = self.table("conclusions", columns, rows)
        return self.section("ket-luan", table or self.text("meeting_no_targets"), wide=True)

    # 11: sources ----------------------------------------------------------------------------------

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        lead = [self.heading, self.text("draft")] + (
            [self.text("illustrative_long")] if self.workbook.illustrative else []
        )
        return self.exported(
            f"giao-ban_{self.workbook.as_of}", f"_thang-{self.month.end:%Y-%m}", lead
        )

    def knowledge(self) -> Part:
        """How many rows of progress are reported, assumed, illustrative; the sources; what was left
        out.
        """
        rows = self.workbook.tables["progress"]
        marks = rows.loc[rows["month"] == self.month.end, "mark"].value_counts()
        parts = ", ".join(f"{self.text(f'mark_{mark}')} {n}" for mark, n in marks.items()) or "-"
        told = self.text(
            "meeting_marks", month=self.month_name(self.month.end), n=int(marks.sum()), parts=parts
        )
        return self.section("biet-den-dau", told, self.left_out(), self.sources_of(USED), wide=True)

"""One A4 side for a commune's own people: where we stand, what is missing, when we can finish, what to do next, in plain words.

It names no other commune and ranks nothing. Money per household is told only when works, quantities and households are all
reported; giving is voluntary, and every page says so.
"""

import datetime as dt

import pandas as pd
from markupsafe import Markup

from .commune_page import CommunePage
from .forecast_words import chance_words, month_words
from .need_words import rough
from .office_numbers import write_date, write_number
from .owed import owed
from .page import Part
from .words import listed
from .works import THOUSAND

MOST = 6  # things to do that fit on the page


class VillagersPage(CommunePage):
    """The parts of ``notebooks/villagers.ipynb``, in order.

    >>> "15 trên 19 tiêu chí" in VillagersPage("data/thanh-chuong", "Thanh Hương").standing_now()
    True
    """

    def __init__(self, dataset: str, commune: str = "Thanh Hương", **options: str) -> None:
        super().__init__(dataset, commune, **options, audience="cong-khai")
        if not self.is_commune:
            raise ValueError(self.text("not_a_commune", label=self.commune["label"]))
        self.parameters.pop("audience")
        self.states_now = self.states(self.shown_set)

    @property
    def heading(self) -> str:
        return self.text("people_heading", label=self.commune["label"], day=self.day)

    def title(self) -> Part:
        """As on every page; the mark by which the printed page takes its form."""
        return Part(super().title() + Markup('<p class="villagers">{}</p>').format(self.text("people_lead")))

    def standing_now(self) -> Part:
        """How many criteria are met, by level, with a bar of their states."""
        counts = self.counts(self.next_set)
        level = self.level_words(self.workbook.law.sets[self.next_set].level)
        lines = []
        if self.recognised != "not_ntm":
            basis = self.level.loc[self.unit, "basis"]
            told = "people_recognised" if basis == "decision" else "people_recognised_inferred"
            lines.append(self.text(told, level=self.level_words(self.recognised)))
        if pd.isna(counts["met"]):
            lines.append(self.text("people_no_count", level=level))
        else:
            day = write_date(counts["date"], self.lang)
            lines.append(self.text("people_count", met=f"{counts['met']:g}", of=f"{counts['of']:g}", level=level, day=day))
        if counts["unknown"]:
            lines.append(self.text("people_open", n=counts["unknown"]))
        drawn = self.level_words(self.workbook.law.sets[self.shown_set].level)  # of the next level there may be counts only
        what = "" if drawn == level else self.text("people_axis", level=drawn)
        return self._section("dang-o-dau", *lines, self.state_bar(self.states_now, what))

    def criterion_named(self, set_id: str, number: int) -> str:
        """A criterion as people say it, the name first."""
        return self.text(
            "people_criterion", number=number, name=self.workbook.law.criteria_of(set_id).loc[number, f"name_{self.lang}"]
        )

    def missing(self) -> Part:
        """The criteria named missing, and those only basically met."""
        counts = self.counts(self.next_set)
        named = [self.criterion_named(self.next_set, n) for n in counts["missing"]]
        lines = [self.text("people_missing", names=listed(named, self.lang))] if named else []
        if len(counts["basic"]):
            basic = listed([self.criterion_named(self.next_set, n) for n in counts["basic"]], self.lang)
            lines.append(self.text("people_basic", names=basic))
        if not named:
            lines.append(self.text("people_nameless" if counts["unknown"] or pd.isna(counts["met"]) else "people_nothing"))
        return self._section("con-thieu", *lines)

    def finishing(self) -> Part:
        """When it can finish, as a range, how likely by the deadline, and what that rests on."""
        said = self.commune_forecasts().get(self.unit) if self.foreseeable() else None
        if said is None:
            return self._section("bao-gio", self.text("people_not_foreseen"))
        row, setting = said["row"], said["setting"]
        if row["finished"]:
            return self._section("bao-gio", self.text("people_finished"))
        day = write_date(dt.date.fromisoformat(setting["deadline"]), self.lang)
        months = [
            month_words(row[key], self.lang) if row[key] else self.text("beyond_term")
            for key in ("p10_date", "p50_date", "p90_date")
        ]
        told = "people_finish" if row["p50_date"] else "people_finish_beyond"
        lines = [self.text(told, early=months[0], middle=months[1], late=months[2], day=day,
                           p=chance_words(row["p"], setting["draws"], self.lang))]  # fmt: skip
        for aim in said["registrations"]:
            told = {"level": self.level_words(aim["level"]), "year": aim["year"], "kind": self.text(f"kind_{aim['kind']}")}
            lines.append(self.text("people_registered", **told, p=chance_words(aim["p"], setting["draws"], self.lang)))
        if row["last_criterion"] is not None:
            lines.append(self.text("people_last", name=self.criterion_named(setting["set"], row["last_criterion"])))
        return self._section("bao-gio", *lines, self.text("people_rests_on"))

    def next_month(self) -> Part:
        """What is to be done next month: steps of works planned for then, what was assigned, tasks; who to ask if nothing was."""
        coming = pd.Timestamp(self.workbook.as_of) + pd.offsets.MonthBegin(1)
        sets = self.workbook.communes["code"].map(lambda _: self.next_set)
        rows = owed(self.workbook, {self.next_set: self.standing(self.next_set)}, sets)
        lines = []
        for _, row in rows[rows["unit"] == self.unit].sort_values("criterion", kind="stable").iterrows():
            department = row["department"] if self.lang == "vi" else row["department_en"]
            given = {"criterion": self.criterion_named(self.next_set, row["criterion"]), "department": department}
            if row["assigned"]:
                due = "" if pd.isna(row["due"]) else self.text("people_due", day=write_date(row["due"], self.lang))
                lines.append(self.text("people_assigned", **given, action=row["action"] or "...", due=due))
            else:
                lines.append(self.text("people_ask", **given))
        lines = self._steps(coming) + lines + self._tasks()
        more = [self.text("people_more", n=len(lines) - MOST)] if len(lines) > MOST else []
        return self._section(
            "thang-toi",
            self.bullets([*lines[:MOST], *more]) or self.text("people_no_step"),
            month=f"{coming.month}/{coming.year}",
        )

    def _steps(self, coming: pd.Timestamp) -> list[str]:
        """The next planned step of each of its works that has one in the coming month or later."""
        plans, works = self.workbook.tables["work_plans"], self.workbook.tables["works"]
        mine = plans[(plans["unit"] == self.unit) & (plans["month"] >= coming)].sort_values("month").drop_duplicates("work")
        items = works[works["unit"] == self.unit].set_index("work")["item"]
        names = self.workbook.tables["unit_costs"].set_index("item")[f"name_{self.lang}"]
        return [
            self.text("people_step", work=names[items[step["work"]]], month=f"{step['month'].month}/{step['month'].year}",
                      percent=write_number(step["percent"], self.lang))
            for _, step in mine.iterrows() if step["work"] in items.index
        ]  # fmt: skip

    def _tasks(self) -> list[str]:
        tasks = self.workbook.tables["tasks"]
        return [self.text("people_task", task=task[f"task_{self.lang}"]) for _, task in
                tasks[tasks["unit"] == self.unit].sort_values("number").iterrows()]  # fmt: skip

    def money(self) -> Part:
        """What a household would give, where that is known from what was reported; that giving is voluntary, always."""
        households, mark = self.workbook.units.loc[self.unit, ["households", "mark"]]
        people = self._people() if households > 0 and mark != "assumed" else None
        if people is None:
            told = self.text("people_no_estimate")
        else:
            each = [rough(float(v) / THOUSAND / households) for v in people.quantile([0.1, 0.5, 0.9])]
            low, mid, high = (write_number(v, self.lang) for v in each)
            shown = mid if low == high else f"{mid} ({low}-{high})"
            told = self.text("people_each", each=shown, households=write_number(households, self.lang))
        return self._section("dong-gop", self.paragraph(told, "verdict"), self.text("people_voluntary"))

    def _people(self) -> pd.Series | None:
        """What the people would give, in each world; None unless every work that may be needed is listed and reported, its price
        too."""
        made = self.found("ntm", self.unit)[0] if self.known(self.unit) else None
        if made is None or made.together.assumed_share != 0:
            return None
        works = made.needs["ntm"].works
        mine = works[(works["unit"] == self.unit) & (works["needed"] > 0)]
        people = made.together.by["people"].get(self.unit)
        return pd.Series(people) if people is not None and (mine["listed"] & mine["sure"]).all() else None

    def footer(self) -> Part:
        """Data set, day, hash and sources on two lines."""
        used = {*self.states_now["source"], self.counts(self.next_set)["source"], self.level.loc[self.unit, "source"]}
        named = "; ".join(dict.fromkeys(self.source(s) for s in sorted(u for u in used if isinstance(u, str) and u)))
        lines = (
            self.text("people_sources", sources=named or "..."),
            self.text("footer_data", id=self.workbook.id, hash=self.data_hash()[:12], day=self.day),
        )
        made = Part(Markup("<footer>{}</footer>").format(Markup("").join(self.paragraph(line) for line in lines)))
        made.result = {"files": self.files, "data": self.data_hash()}
        return made

    def _section(self, name: str, *parts: str, **told: str) -> Part:
        return self.section(name, *parts, title=self.text(f"section_{name}", **told))

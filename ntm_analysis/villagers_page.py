"""One A4 side for a commune's own people: where we stand, what is missing, when we can finish, what to do next, in plain words.

It names no other commune and ranks nothing. Money per household is told only when works, quantities and households are all
reported; giving is voluntary, and every page says so.
"""

import re
import unicodedata
from functools import cached_property
from textwrap import shorten

import pandas as pd
from markupsafe import Markup

from .commune_page import CommunePage
from .forecast_words import chance_words, held_most, month_words
from .names import KIND_WORDS, fold, plain
from .need.works import THOUSAND
from .need_words import rough
from .owed import owed
from .page import Part

MOST = 6  # things to do that fit on the page
LEAST = 0.1  # million đồng a household; less is only said to be less
ROWS, WIDTH = 14, 88  # printed rows for what is missing and what to do, and letters in a row
LONG, SHORT, SOURCES = 80, 45, 170  # letters of a task, of a name, of all sources, that fit


def rows_of(line: str) -> int:
    """Printed rows that a line takes."""
    return -(-len(line) // WIDTH)


RANKING = (
    "xếp thứ", "xếp hạng", "thứ hạng", "đứng thứ", "đứng đầu", "dẫn đầu", "đi đầu", "hàng đầu", "đứng cuối", "xếp cuối",
    "đứng chót", "đội sổ", "đầu bảng", "cuối bảng", "nhất huyện", "nhất tỉnh", "tốp", "so với các xã", "hơn các xã",
    "rank", "ranks", "ranked", "ranking", "first place", "last place", "top", "best in", "worst in", "ahead of other",
)  # fmt: skip


def spelt(phrase: str) -> tuple[frozenset[str], ...]:
    """The keys of each word of a phrase, with its diacritics and without.

    >>> [sorted(keys) for keys in spelt("Thanh Mỹ")] == [["thanh"], sorted({"mi", fold("mĩ")})]
    True
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFC", phrase))
    return tuple(frozenset({fold(word), fold(plain(word))}) for word in words)


def first_of(phrases: list[tuple[frozenset[str], ...]], words: list[str]) -> int:
    """How many of the words a text begins with are one of the phrases: of the longest one, 0 for none."""
    fits = (len(keys) for keys in phrases if len(keys) <= len(words) and all(w in k for w, k in zip(words, keys, strict=False)))
    return max(fits, default=0)


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

    @cached_property
    def _not_told(self):
        """Names of other communes and words that rank."""
        own, district = fold(self.commune["name"]), fold(self.commune["district"])
        names = {name for name in self.workbook.all_units["name"] if fold(name) != own}
        bare = {name if fold(name) == district else KIND_WORDS.sub("", name) for name in names}
        return [spelt(phrase) for phrase in sorted(bare) + list(RANKING)]

    def may_be_told(self, text: str) -> bool:
        """Whether free text of the data names no other commune and ranks nothing."""
        own = [spelt(KIND_WORDS.sub("", self.commune["name"]))]
        words = [fold(word) for word in re.findall(r"\w+", unicodedata.normalize("NFC", text))]
        while words:
            mine = first_of(own, words)
            if first_of(self._not_told, words) > mine:
                return False
            words = words[max(mine, 1) :]
        return True

    def told(self, text: str, most: int = LONG) -> str:
        """Free text of the data on one line, cut to what fits; "" where it may not be told."""
        return shorten(text, most, placeholder=" ...") if self.may_be_told(text) else ""

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
            day = self.date(counts["date"])
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
        return self._section("con-thieu", *self._missing_lines())

    def _missing_lines(self):
        counts = self.counts(self.next_set)
        named = [self.criterion_named(self.next_set, n) for n in counts["missing"]]
        lines = [self.text("people_missing", names=self.listed(named))] if named else []
        if len(counts["basic"]):
            basic = self.listed([self.criterion_named(self.next_set, n) for n in counts["basic"]])
            lines.append(self.text("people_basic", names=basic))
        if not named:
            lines.append(self.text("people_nameless" if counts["unknown"] or pd.isna(counts["met"]) else "people_nothing"))
        return lines

    def finishing(self) -> Part:
        """When it can finish, as a range, how likely by the deadline, and what that rests on."""
        said = self.commune_forecasts().get(self.unit) if self.foreseeable() else None
        if said is None:
            return self._section("bao-gio", self.text("people_not_foreseen"))
        row, setting = said["row"], said["setting"]
        if row["finished"]:
            return self._section("bao-gio", self.text("people_finished"))
        day = self.date(setting["deadline"])
        draws = 0 if setting["coarse"] else setting["draws"]
        early, middle, late = (month_words(row[f"{q}_date"], self.lang) for q in ("p10", "p50", "p90"))
        told = "people_finish" if row["p50_date"] else "people_finish_beyond" if row["p10_date"] else "people_finish_out"
        lines = [self.text(told, early=early, middle=middle, late=late, day=day, p=chance_words(row["p"], draws, self.lang))]
        for aim in said["registrations"]:
            told = {"level": self.level_words(aim["level"]), "year": aim["year"], "kind": self.text(f"kind_{aim['kind']}")}
            lines.append(self.text("people_registered", **told, p=chance_words(aim["p"], draws, self.lang)))
        if held := held_most(row):
            lines.append(self.text(f"people_held_{held}"))
        return self._section("bao-gio", *lines, self.text("people_rests_on"))

    def next_month(self) -> Part:
        """What is to be done next month: steps of works planned for then, what was assigned, tasks; who to ask if nothing was."""
        coming = pd.Timestamp(self.workbook.as_of) + pd.offsets.MonthBegin(1)
        sets = self.workbook.communes["code"].map(lambda _: self.next_set)
        rows = owed(self.workbook, {self.next_set: self.standing(self.next_set)}, sets)
        mine = rows[rows["unit"] == self.unit].sort_values("criterion", kind="stable")
        asked = {at: self._asked(row) for at, row in mine.iterrows()}
        dated = mine[mine["due"].notna()].sort_values("due", kind="stable").index
        lines = [asked.pop(at) for at in dated] + self._steps(coming) + list(asked.values()) + self._tasks()
        lines = list(dict.fromkeys(lines))
        room, most = ROWS - sum(map(rows_of, self._missing_lines())), 0
        while most < min(MOST, len(lines)) and (room := room - rows_of(lines[most])) >= 0:
            most += 1
        more = [self.text("people_more", n=len(lines) - most)] if len(lines) > most else []
        return self._section(
            "thang-toi",
            self.bullets([*lines[:most], *more]) or self.text("people_no_step"),
            month=f"{coming.month}/{coming.year}",
        )

    def _asked(self, row):
        """What was assigned for a criterion, to whom and by when; whom to ask if nothing was."""
        criterion = self.criterion_named(self.next_set, row["criterion"])
        department = row["department"] if self.lang == "vi" else row["department_en"]
        if not row["assigned"]:
            return self.text("people_ask", criterion=criterion, department=department)
        due = "" if pd.isna(row["due"]) else self.text("people_due", day=self.date(row["due"]))
        who = ", ".join(filter(None, (self.told(department, SHORT), due)))
        action = self.told(row["action"]) or self.text("people_given")
        late = self.text("people_overdue") if row["overdue"] else ""
        return self.text("people_assigned", criterion=criterion, action=action, who=f" ({who})" if who else "", late=late)

    def _steps(self, coming):
        """The next planned step of each of its works that has one in the coming month or later."""
        plans, works = self.workbook.tables["work_plans"], self.workbook.tables["works"]
        mine = plans[(plans["unit"] == self.unit) & (plans["month"] >= coming)].sort_values("month").drop_duplicates("work")
        items = works[works["unit"] == self.unit].set_index("work")["item"]
        names = self.item_names()
        return [
            self.text("people_step", work=self.told(names[items[step["work"]]], SHORT) or self.text("people_work"),
                      month=f"{step['month'].month}/{step['month'].year}", percent=self.number(step["percent"]))
            for _, step in mine.iterrows() if step["work"] in items.index
        ]  # fmt: skip

    def _tasks(self):
        tasks = self.workbook.tables["tasks"]
        return [
            self.text(
                "people_task", task=self.told(task[f"task_{self.lang}"]) or self.text("people_task_number", n=int(task["number"]))
            )
            for _, task in tasks[tasks["unit"] == self.unit].sort_values("number").iterrows()
        ]

    def money(self) -> Part:
        """What a household would give, where that is known from what was reported; that giving is voluntary, always."""
        households, mark = self.workbook.units.loc[self.unit, ["households", "mark"]]
        people = self._people() if households > 0 and mark in self._true_marks else None
        if people is None:
            told = self.text("people_no_estimate")
        else:
            low, mid, high = (rough(float(v) / THOUSAND / households) for v in people.quantile([0.1, 0.5, 0.9]))
            shown, counted = [self._million(v) for v in (low, mid, high)], self.number(households)
            if mid < LEAST:
                up = "" if high < LEAST else self.text("people_each_up", high=shown[2])
                told = self.text("people_each_less", least=self._million(mid), up=up, households=counted)
            else:
                each = shown[1] if shown[0] == shown[2] else f"{shown[1]} ({shown[0]}-{shown[2]})"
                told = self.text("people_each", each=each, households=counted)
        return self._section("dong-gop", self.paragraph(told, "verdict"), self.text("people_voluntary"))

    def _million(self, value):
        """Million đồng; below the least amount that is told, only that it is."""
        least = self.number(LEAST)
        return self.text("people_less", least=least) if value < LEAST else self.number(value)

    @property
    def _true_marks(self):
        """The marks of what counts as reported: in a set that is illustrative as a whole, what is so marked too."""
        return ("reported", "illustrative") if self.workbook.illustrative else ("reported",)

    def _people(self):
        """What the people would give, in each world; None unless every work that may be needed is listed and reported, its price
        too."""
        made = self.found("ntm", self.unit)[0] if self.known(self.unit) else None
        if made is None or made.together.assumed_share != 0:
            return None
        works = made.needs["ntm"].works
        mine = works[(works["unit"] == self.unit) & (works["needed"] > 0)]
        people, tables = made.together.by["people"].get(self.unit), self.workbook.tables
        marks = [
            mine["mark"],
            *(tables[name].loc[tables[name]["item"].isin(mine["item"]), "mark"] for name in ("unit_costs", "parts")),
        ]
        sure = (mine["listed"] & mine["sure"]).all() and pd.concat(marks).isin(self._true_marks).all()
        return pd.Series(people) if people is not None and sure else None

    def footer(self) -> Part:
        """Data set, day, hash and sources on two lines."""
        used = {*self.states_now["source"], self.counts(self.next_set)["source"], self.level.loc[self.unit, "source"]}
        ids = dict.fromkeys(i for cell in sorted(u for u in used if isinstance(u, str)) for i in cell.split("|") if i)
        named = shorten("; ".join(dict.fromkeys(map(self._source_told, ids))), SOURCES, placeholder=" ...")
        lines = (
            self.text("people_sources", sources=named).replace("....", "...") if named else self.text("people_no_source"),
            self.text("footer_data", id=self.workbook.id, hash=self.data_hash()[:12], day=self.day),
        )
        made = Part(Markup("<footer>{}</footer>").format(Markup("").join(self.paragraph(line) for line in lines)))
        made.result = {"files": self.files, "data": self.data_hash()}
        return made

    def _source_told(self, source):
        """A source by its name; by its day alone where the name may not be told."""
        if name := self.told(self.source(source)):
            return name
        days = self.workbook.tables["sources"].set_index("id")["published"]
        day = days.get(source, pd.NaT)
        return self.text("people_source") if pd.isna(day) else self.text("people_source_of", day=self.date(day))

    def _section(self, name, *parts, **told):
        return self.section(name, *parts, title=self.text(f"section_{name}", **told))

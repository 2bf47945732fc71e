"""The parts of a commune's page, and one side for a commune's own people."""

import re
import unicodedata
from dataclasses import replace
from functools import cached_property
from textwrap import shorten

import pandas as pd
from markupsafe import Markup

from ..data import communes_hashes
from ..language import (
    BASIS_WORDS,
    KIND_WORDS,
    MARK_WORDS,
    STATE_SIGNS,
    STATE_WORDS,
    fold,
    pick,
    plain,
    write_date,
)
from ..law import REGION_NAMES
from ..needs import THOUSAND
from ..standing import NEXT, Standing, owed
from ..tables import report
from ..wording import (
    chance_words,
    count_words,
    criterion_reason,
    held_most,
    month_words,
    rough,
    test_reason,
    threshold_words,
)
from .charts import picture, state_bars, threshold_bars
from .forecast import ForecastParts
from .page import Part
from .tables import Sign, dagger, key_of_signs

CHART_ROWS = 14  # measured indicators in one chart; more are not readable on a phone


class CommunePage(ForecastParts):
    """The parts of ``notebooks/commune.ipynb``, in order, for the commune named by code, name or
    slug.

    Raises :class:`~ntm_analysis.data.workbook.UnknownCommune` when no unit, or more than one,
    answers to the name.

    >>> "15/19" in CommunePage("data/thanh-chuong", "Thanh Hương").summary()
    True
    """

    subject = "commune"

    def __init__(self, dataset: str, commune: str = "Thanh Hương", **options: str) -> None:
        super().__init__(dataset, **options)
        self.unit = self.workbook.find(commune)
        self.commune = self.workbook.units.loc[self.unit]
        self.parameters = {"commune": self.commune["name"], **self.parameters}
        self.is_commune = self.commune["kind"] == "commune"
        self.recognised = self.level.loc[self.unit, "level"] if self.is_commune else "not_ntm"
        self.next_set = options.get("criteria_set") or self.workbook.default_set(
            NEXT[self.recognised]
        )

    @property
    def heading(self) -> str:
        return self.text("heading_commune", label=self.commune["label"], day=self.day)

    def counts(self, set_id: str) -> pd.Series:
        """This commune's counts by one set."""
        return self.standing(set_id).counts.loc[self.unit]

    def states(self, set_id: str) -> pd.DataFrame:
        """This commune's states by criterion; ``shown`` is the state, or ``recognition``."""
        standing = self.standing(set_id)
        rows = standing.states[standing.states["unit"] == self.unit].set_index("criterion")
        return rows.assign(shown=standing.matrix().loc[self.unit])

    @cached_property
    def shown_set(self) -> str:
        """The set of the criteria table: that of the next level if anything of it is known by name,
        else the NTM set.
        """
        for set_id in (self.next_set, self.set_id):
            if not self.workbook.law.sets[set_id].counts_only and not pd.isna(
                self.counts(set_id)["met"]
            ):
                return set_id
        return self.workbook.default_set("ntm")

    def summary(self) -> Part:
        """Where the commune stands, in one sentence, and by every set in which something is
        known.
        """
        if not self.is_commune:
            verdict = self.text("not_a_commune", label=self.commune["label"])
            return self.section("tong-quan", self.paragraph(verdict, "verdict"), heading="xa")
        level = self.level.loc[self.unit]
        count = self.count_sentence(self.next_set)
        if self.recognised == "not_ntm":
            verdict = self.text("not_recognised", count=count)
        else:
            basis = [pick(BASIS_WORDS[level["basis"]], self.lang), level["decision"]]
            basis += [] if pd.isna(level["date"]) else [self.date(level["date"])]
            words = ", ".join(filter(None, basis))
            verdict = self.text(
                "recognised", level=self.level_words(self.recognised), basis=words, count=count
            )
        rows, notes = [], []
        defaults = (self.workbook.default_set(name) for name in ("ntm", "advanced", "model"))
        for set_id in dict.fromkeys([self.next_set, self.set_id, *defaults]):
            made = self.counts(set_id)
            if pd.isna(made["met"]) and set_id != self.next_set:
                continue
            named = [self.listed(map(str, made[c])) or "-" for c in ("missing", "basic")]
            rows.append([self.set_title(set_id), count_words(made), *named, made["unknown"] or "-"])
            law_set = self.workbook.law.sets[set_id]
            if law_set.counts_only and law_set.note:
                notes.append(self.paragraph(law_set.note[self.lang], "note"))
        table = self.table("sets", "set:name count:num not_met basic unknown:num", rows)
        recognitions = self.workbook.tables["recognitions"]
        for note in recognitions.loc[
            (recognitions["unit"] == self.unit) & (recognitions["note"] != ""), "note"
        ]:
            notes.append(self.paragraph(self.text("recognition_note", note=note), "note"))
        parts = (
            self.paragraph(verdict, "verdict"),
            table,
            *notes,
            self._facts(),
            self._revocation(),
        )
        return self.section("tong-quan", *parts, heading="xa")

    def count_sentence(self, set_id: str) -> str:
        """The number met, what is missing by name, what has no name or no data."""
        counts, level = self.counts(set_id), self.level_words(self.workbook.law.sets[set_id].level)
        if pd.isna(counts["met"]):
            return self.text("count_no_data", level=level)
        old = counts["date"].date() < self.workbook.as_of
        dated = self.text("count_dated", day=self.date(counts["date"])) if old else ""
        text = self.text("count_met", count=count_words(counts), level=level, dated=dated)
        if counts["missing"]:
            named = self.listed(self.criterion(set_id, n) for n in counts["missing"])
            text += self.text("count_missing", names=named)
        if counts["unknown"]:
            text += self.text(
                "count_nameless" if counts["counted"] else "count_open", n=counts["unknown"]
            )
        return text + "."

    def _facts(self):
        """Region, group, households: what the verdicts rest on."""
        c = self.commune
        groups = [
            self.text(f"group_{g}") for g in c["group"].split("|") if g in ("border", "resettled")
        ]
        region = self.text("region", name=pick(REGION_NAMES[c["region"]], self.lang))
        parts = "; ".join([region, *groups, self.text(f"special_{c['specially_difficult']}")])
        sizes = {
            key: self.number(c[column])
            for key, column in (
                ("households", "households"),
                ("population", "population"),
                ("area", "area_km2"),
            )
        }
        line = self.text(
            "facts", code=c["code"], parts=parts, source=self.source(c["source"]), **sizes
        )
        return self.paragraph(f"{line} {c['note']}.".strip() if c["note"] else line, "note")

    def _revocation(self):
        if self.recognised == "not_ntm" or not self.internal:
            return ""
        row = self.revocations().loc[self.unit]
        if row["outcome"] == "rule_unknown":
            return ""
        unread = "" if row["checked"] or row["outcome"] == "open" else " (†)"
        return self.text(f"revocation_{row['outcome']}", rule=row["rule"]) + unread

    def criteria(self) -> Part:
        """Each criterion: state, reason, distance, legal basis, source, how sure."""
        if not self.is_commune:
            return Part("")
        set_id, standing = self.shown_set, self.standing(self.shown_set)
        states, tests = self.states(set_id), standing.tests[standing.tests["unit"] == self.unit]
        law = self.workbook.law
        criteria = law.criteria_of(set_id)
        units = law.tests[law.tests["set"] == set_id].set_index("test")["unit"].to_dict()
        count = self.counts(set_id)
        counted = f"{count['reported_met']:g}/{count['of']}" if count["counted"] else ""
        signed = law.sets[set_id].decision.get("signed")
        rows = []
        for number, state in states.iterrows():
            why = criterion_reason(
                state, tests[tests["criterion"] == number], units, counted, self.lang
            )
            name = criteria.loc[number, f"name_{self.lang}"]
            cells = [
                number,
                name,
                Sign(state["shown"], not state["checked"]),
                dagger(why),
                self.text(
                    "criterion_basis",
                    decision=self.decision(set_id),
                    day=write_date(signed),
                    number=number,
                )
                if signed
                else self.decision(set_id),
            ]
            rows.append(
                [
                    *cells,
                    self._how_sure(state, set_id),
                    *([self.owner(criteria.loc[number])] if self.internal else []),
                ]
            )
        unchecked = any(row[2].unread or "(†)" in row[3] for row in rows)
        columns = "criterion name:name state:state reason basis sure" + (
            " owner" if self.internal else ""
        )
        return self.section(
            "tieu-chi",
            self.text("judged_by", set=self.set_title(set_id)),
            self._chart(standing, states, tests, units),
            self.table("criteria", columns, rows),
            key_of_signs(states["shown"], self.lang, unchecked),
            self._contradictions(standing),
        )

    def _how_sure(self, state, set_id):
        """The source of a state, its mark in words, and the note of the row that reported it (how a
        merged one came about).
        """
        if state["state"] == "unknown":
            return pick(STATE_WORDS["unknown"], self.lang)
        inferred = [self.text("inferred")] if state["basis"] in ("count", "recognition") else []
        told = (
            self.workbook.tables["criterion_states"]
            if state["basis"] == "reported"
            else pd.DataFrame()
        )
        if len(told):
            told = told[
                (told["unit"] == self.unit)
                & (told["set"] == set_id)
                & (told["criterion"] == state.name)
            ]
        notes = (
            [note for note in told["note"][told["date"] == state["date"]][-1:] if note]
            if len(told)
            else []
        )
        sure = ", ".join([pick(MARK_WORDS[state["mark"]], self.lang), *inferred])
        return "; ".join([self.source(state["source"]), sure, *notes])

    def _contradictions(self, standing):
        mine = [
            p for p in standing.contradictions if p.details.get("unit") == self.commune["label"]
        ]
        return self.bullets(report(mine, self.lang).splitlines()[1:] if self.internal else [])

    def state_bar(self, states: pd.DataFrame, what: str = "") -> Markup:
        """The criteria by state, as one bar; nothing known, no chart.

        ``what``: the words for criteria of another set than that which the text beside the chart is
        about.
        """
        if (states["shown"] == "unknown").all():
            return Markup("")
        counted = states["shown"].value_counts()
        frame = pd.DataFrame(
            {s: [int(counted.get(s, 0))] for s in STATE_SIGNS}, index=[self.commune["name"]]
        )
        parts = ", ".join(f"{n} {pick(STATE_WORDS[s], self.lang)}" for s, n in counted.items())
        alt = self.text("chart_states", of=len(states), parts=parts)
        return picture(
            state_bars(frame, self.lang, what=what or self.text("axis_criteria")),
            f"{what}: {alt}" if what else alt,
        )

    def _chart(self, standing, states, tests, units):
        """How near the measured indicators are; without any, the criteria by state; nothing known,
        no chart.
        """
        measured = tests[tests["reason"].isin(["reaches", "lacks"]) & (tests["threshold"] > 0)]
        if measured.empty:
            return self.state_bar(states)
        ceiling = measured["op"] == "<="
        inverse = (measured["threshold"] / measured["value"].where(measured["value"] > 0)).fillna(
            1.5
        )
        share = (measured["value"] / measured["threshold"]).where(~ceiling, inverse)
        names = standing.thresholds[standing.regions[self.unit]].set_index("test")[
            f"name_{self.lang}"
        ]
        chosen = (
            measured.assign(share=share, state=measured["verdict"].astype(str))
            .sort_values("share")
            .head(CHART_ROWS)
        )
        chosen = chosen.assign(
            label=[shorten(f"{t} {names[t]}", 44, placeholder=" ...") for t in chosen["test"]]
        ).reset_index(drop=True)
        failed = int((measured["verdict"] == "not_met").sum())
        if failed:
            first = chosen[chosen["state"] == "not_met"].iloc[0]
            worst = test_reason(first, units[first["test"]], self.lang)
            alt = self.text("chart_lacking", n=failed, of=len(measured), worst=worst)
        else:
            alt = self.text("chart_reached", of=len(measured))
        return picture(threshold_bars(chosen, self.lang), alt, self.text("chart_caption"))

    def targets(self) -> Part:
        """The commune's targets, pledges and tasks, and the yearly rules that cover it."""
        if not self.is_commune:
            return Part("")
        lines = []
        for kind in ("plan", "pledge"):
            rows = self.planned(kind)
            for _, row in rows[rows["unit"] == self.unit].iterrows():
                level, year = self.level_words(row["level"]), f"{row['year']:g}"
                lines.append(
                    self.text(
                        f"target_{kind}", level=level, year=year, source=self.source(row["source"])
                    )
                )
        lines = lines or [self.text("no_target")]
        goals = self.workbook.tables["goals"]
        for _, goal in goals[goals["kind"] != "request"].iterrows():
            if self.unit in self.covered_by(goal):
                lines.append(
                    self.text(
                        "goal",
                        text=goal[f"text_{self.lang}"].rstrip("."),
                        source=self.source(goal["source"]),
                    )
                )
        return self.section("muc-tieu", self.bullets(lines), self.tasks_table(self.unit))

    def funding(self) -> Part:
        """What finishing costs this commune."""
        return self.commune_need(self.unit) if self.is_commune else Part("")

    def feasibility(self) -> Part:
        """Whether it will finish by the end of the term."""
        return self.commune_forecast(self.unit) if self.is_commune else Part("")

    def set_in_force(self) -> Part:
        """The set in force applied today: every indicator with its threshold, the commune's value
        and verdict.
        """
        level = {"model": "advanced"}.get(NEXT[self.recognised], NEXT[self.recognised])
        found = self.applied_today(level) if self.is_commune and self.internal else None
        if found is None:
            return Part("")
        standing = found[0]
        region = standing.regions[self.unit]
        mine = standing.tests[standing.tests["unit"] == self.unit].set_index("test", drop=False)
        rows = []
        for _, test in standing.thresholds[region].iterrows():
            fact = mine.loc[test["test"]] if test["test"] in mine.index else None
            state = "unknown" if fact is None else str(fact["verdict"])
            why = "..." if fact is None else test_reason(fact, test["unit"], self.lang)
            level_words = dagger(threshold_words(test, self.lang))
            unread = fact is not None and state != "unknown" and not fact["checked"]
            rows.append(
                [
                    test["test"],
                    test[f"name_{self.lang}"],
                    level_words,
                    Sign(state, unread),
                    dagger(why),
                ]
            )
        states = standing.states[standing.states["unit"] == self.unit]
        of = int(states["indicators"].sum())
        where = pick(REGION_NAMES[region], self.lang)
        title = self.set_title(standing.set_id)
        text = self.text(
            "indicators_lead", set=title, region=where, judged=of - int(states["open"].sum()), of=of
        )
        table = self.table(
            "indicators", "indicator indicator_name:name threshold state:state value", rows
        )
        return self.section(
            "bo-moi",
            text,
            table,
            key_of_signs({row[3].state for row in rows}, self.lang, unchecked=True),
        )

    def knowledge(self) -> Part:
        """What was left out, and the sources of this page."""
        used = {self.commune["source"], *self.workbook.tables["goals"]["source"]}
        if self.is_commune:
            used.add(self.level.loc[self.unit, "source"])
            for set_id in (self.next_set, self.shown_set):
                used |= {*self.states(set_id)["source"], self.counts(set_id)["source"]}
        for name in ("targets", "tasks"):
            table = self.workbook.tables[name]
            used |= set(table.loc[table["unit"] == self.unit, "source"])
        return self.section("biet-den-dau", self.left_out(), self.sources(used))

    def data_hash(self) -> str:
        """The hash of what is said of this commune, or of none, and of what the forecast says of
        it.
        """
        foreseen = self.commune_forecasts() if self.foreseeable() else {}
        made = self.kept("inputs", lambda: communes_hashes(self.workbook, foreseen))
        return made[self.commune["code"]]

    def footer(self) -> Part:
        """As on every page; gives the commune's row of the results table."""
        made = super().footer()
        if self.is_commune:
            made.result |= self._result() | {"data": self.data_hash()}
        return made

    def _result(self):
        """What the table of all communes shows of this one; money in billion đồng; None:
        not known.
        """
        counts, foreseen = self.counts(self.set_id), {}
        if self.foreseeable():
            said = self.commune_forecasts()[self.unit]
            foreseen = said["row"] | {"coarse": said["setting"]["coarse"]}
        need = self.found("ntm", self.unit)[1]["total"] if self.known(self.unit) else {}
        return {
            "code": self.commune["code"],
            "name": self.commune["name"],
            "level": self.recognised,
            "met": None if pd.isna(counts["met"]) else int(counts["met"]),
            "of": int(counts["of"]),
            **{
                key: foreseen.get(key)
                for key in ("finished", "p_met", "p_signed", "p50_date", "coarse")
            },
            **{
                f"need_{key}": None if key not in need else need[key] / 1000
                for key in ("p10", "p50", "p90")
            },
        }

    def footer_standing(self) -> Standing:
        """Only this commune's cells."""
        standing = self.standing(self.shown_set if self.is_commune else self.set_id)
        if not self.is_commune:
            return standing
        mine = standing.states["unit"] == self.unit
        return replace(
            standing, counts=standing.counts.loc[[self.unit]], states=standing.states[mine]
        )


MOST = 6  # things to do that fit on the page
LEAST = 0.1  # million đồng a household; less is only said to be less
ROWS, WIDTH = 14, 88  # printed rows for what is missing and what to do, and letters in a row
LONG, SHORT, SOURCES = 80, 45, 170  # letters of a task, of a name, of all sources, that fit


def rows_of(line: str) -> int:
    """Printed rows that a line takes."""
    return -(-len(line) // WIDTH)


RANKING = (
    "xếp thứ",
    "xếp hạng",
    "thứ hạng",
    "đứng thứ",
    "đứng đầu",
    "dẫn đầu",
    "đi đầu",
    "hàng đầu",
    "đứng cuối",
    "xếp cuối",
    "đứng chót",
    "đội sổ",
    "đầu bảng",
    "cuối bảng",
    "nhất huyện",
    "nhất tỉnh",
    "tốp",
    "so với các xã",
    "hơn các xã",
    "rank",
    "ranks",
    "ranked",
    "ranking",
    "first place",
    "last place",
    "top",
    "best in",
    "worst in",
    "ahead of other",
)


def spelt(phrase: str) -> tuple[frozenset[str], ...]:
    """The keys of each word of a phrase, with its diacritics and without.

    >>> [sorted(keys) for keys in spelt("Thanh Mỹ")] == [["thanh"], sorted({"mi", fold("mĩ")})]
    True
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFC", phrase))
    return tuple(frozenset({fold(word), fold(plain(word))}) for word in words)


def first_of(phrases: list[tuple[frozenset[str], ...]], words: list[str]) -> int:
    """How many of the words a text begins with are one of the phrases: of the longest one, 0 for
    none.
    """
    fits = (
        len(keys)
        for keys in phrases
        if len(keys) <= len(words) and all(w in k for w, k in zip(words, keys, strict=False))
    )
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
        return Part(
            super().title() + Markup('<p class="villagers">{}</p>').format(self.text("people_lead"))
        )

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
            lines.append(
                self.text(
                    "people_count",
                    met=f"{counts['met']:g}",
                    of=f"{counts['of']:g}",
                    level=level,
                    day=day,
                )
            )
        if counts["unknown"]:
            lines.append(self.text("people_open", n=counts["unknown"]))
        drawn = self.level_words(
            self.workbook.law.sets[self.shown_set].level
        )  # of the next level there may be counts only
        what = "" if drawn == level else self.text("people_axis", level=drawn)
        return self._section("dang-o-dau", *lines, self.state_bar(self.states_now, what))

    def criterion_named(self, set_id: str, number: int) -> str:
        """A criterion as people say it, the name first."""
        return self.text(
            "people_criterion",
            number=number,
            name=self.workbook.law.criteria_of(set_id).loc[number, f"name_{self.lang}"],
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
            lines.append(
                self.text(
                    "people_nameless"
                    if counts["unknown"] or pd.isna(counts["met"])
                    else "people_nothing"
                )
            )
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
        early, middle, late = (
            month_words(row[f"{q}_date"], self.lang) for q in ("p10", "p50", "p90")
        )
        told = (
            "people_finish"
            if row["p50_date"]
            else "people_finish_beyond"
            if row["p10_date"]
            else "people_finish_out"
        )
        lines = [
            self.text(
                told,
                early=early,
                middle=middle,
                late=late,
                day=day,
                p=chance_words(row["p"], draws, self.lang),
            )
        ]
        for aim in said["registrations"]:
            told = {
                "level": self.level_words(aim["level"]),
                "year": aim["year"],
                "kind": self.text(f"kind_{aim['kind']}"),
            }
            lines.append(
                self.text("people_registered", **told, p=chance_words(aim["p"], draws, self.lang))
            )
        if held := held_most(row):
            lines.append(self.text(f"people_held_{held}"))
        return self._section("bao-gio", *lines, self.text("people_rests_on"))

    def next_month(self) -> Part:
        """What is to be done next month: steps of works planned for then, what was assigned, tasks;
        who to ask if nothing was.
        """
        coming = pd.Timestamp(self.workbook.as_of) + pd.offsets.MonthBegin(1)
        sets = self.workbook.communes["code"].map(lambda _: self.next_set)
        rows = owed(self.workbook, {self.next_set: self.standing(self.next_set)}, sets)
        mine = rows[rows["unit"] == self.unit].sort_values("criterion", kind="stable")
        asked = {at: self._asked(row) for at, row in mine.iterrows()}
        dated = mine[mine["due"].notna()].sort_values("due", kind="stable").index
        lines = (
            [asked.pop(at) for at in dated]
            + self._steps(coming)
            + list(asked.values())
            + self._tasks()
        )
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
        return self.text(
            "people_assigned",
            criterion=criterion,
            action=action,
            who=f" ({who})" if who else "",
            late=late,
        )

    def _steps(self, coming):
        """The next planned step of each of its works that has one in the coming month or later."""
        plans, works = self.workbook.tables["work_plans"], self.workbook.tables["works"]
        mine = (
            plans[(plans["unit"] == self.unit) & (plans["month"] >= coming)]
            .sort_values("month")
            .drop_duplicates("work")
        )
        items = works[works["unit"] == self.unit].set_index("work")["item"]
        names = self.item_names()
        return [
            self.text(
                "people_step",
                work=self.told(names[items[step["work"]]], SHORT) or self.text("people_work"),
                month=f"{step['month'].month}/{step['month'].year}",
                percent=self.number(step["percent"]),
            )
            for _, step in mine.iterrows()
            if step["work"] in items.index
        ]

    def _tasks(self):
        tasks = self.workbook.tables["tasks"]
        return [
            self.text(
                "people_task",
                task=self.told(task[f"task_{self.lang}"])
                or self.text("people_task_number", n=int(task["number"])),
            )
            for _, task in tasks[tasks["unit"] == self.unit].sort_values("number").iterrows()
        ]

    def money(self) -> Part:
        """What a household would give, where that is known from what was reported; that giving is
        voluntary, always.
        """
        households, mark = self.workbook.units.loc[self.unit, ["households", "mark"]]
        people = self._people() if households > 0 and mark in self._true_marks else None
        if people is None:
            told = self.text("people_no_estimate")
        else:
            low, mid, high = (
                rough(float(v) / THOUSAND / households) for v in people.quantile([0.1, 0.5, 0.9])
            )
            shown, counted = [self._million(v) for v in (low, mid, high)], self.number(households)
            if mid < LEAST:
                up = "" if high < LEAST else self.text("people_each_up", high=shown[2])
                told = self.text(
                    "people_each_less", least=self._million(mid), up=up, households=counted
                )
            else:
                each = shown[1] if shown[0] == shown[2] else f"{shown[1]} ({shown[0]}-{shown[2]})"
                told = self.text("people_each", each=each, households=counted)
        return self._section(
            "dong-gop", self.paragraph(told, "verdict"), self.text("people_voluntary")
        )

    def _million(self, value):
        """Million đồng; below the least amount that is told, only that it is."""
        least = self.number(LEAST)
        return self.text("people_less", least=least) if value < LEAST else self.number(value)

    @property
    def _true_marks(self):
        """The marks of what counts as reported: in a set that is illustrative as a whole, what is
        so marked too.
        """
        return ("reported", "illustrative") if self.workbook.illustrative else ("reported",)

    def _people(self):
        """What the people would give, in each world; None unless every work that may be needed is
        listed and reported, its price too.
        """
        made = self.found("ntm", self.unit)[0] if self.known(self.unit) else None
        if made is None or made.together.assumed_share != 0:
            return None
        works = made.needs["ntm"].works
        mine = works[(works["unit"] == self.unit) & (works["needed"] > 0)]
        people, tables = made.together.by["people"].get(self.unit), self.workbook.tables
        marks = [
            mine["mark"],
            *(
                tables[name].loc[tables[name]["item"].isin(mine["item"]), "mark"]
                for name in ("unit_costs", "parts")
            ),
        ]
        sure = (mine["listed"] & mine["sure"]).all() and pd.concat(marks).isin(
            self._true_marks
        ).all()
        return pd.Series(people) if people is not None and sure else None

    def footer(self) -> Part:
        """Data set, day, hash and sources on two lines."""
        used = {
            *self.states_now["source"],
            self.counts(self.next_set)["source"],
            self.level.loc[self.unit, "source"],
        }
        ids = dict.fromkeys(
            i
            for cell in sorted(u for u in used if isinstance(u, str))
            for i in cell.split("|")
            if i
        )
        named = shorten(
            "; ".join(dict.fromkeys(map(self._source_told, ids))), SOURCES, placeholder=" ..."
        )
        lines = (
            self.text("people_sources", sources=named).replace("....", "...")
            if named
            else self.text("people_no_source"),
            self.text("footer_data", id=self.workbook.id, hash=self.data_hash()[:12], day=self.day),
        )
        made = Part(
            Markup("<footer>{}</footer>").format(
                Markup("").join(self.paragraph(line) for line in lines)
            )
        )
        made.result = {"files": self.files, "data": self.data_hash()}
        return made

    def _source_told(self, source):
        """A source by its name; by its day alone where the name may not be told."""
        if name := self.told(self.source(source)):
            return name
        days = self.workbook.tables["sources"].set_index("id")["published"]
        day = days.get(source, pd.NaT)
        return (
            self.text("people_source")
            if pd.isna(day)
            else self.text("people_source_of", day=self.date(day))
        )

    def _section(self, name, *parts, **told):
        return self.section(name, *parts, title=self.text(f"section_{name}", **told))

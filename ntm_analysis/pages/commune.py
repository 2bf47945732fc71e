"""The parts of a commune's page, and one side for a commune's own people."""

import re
import unicodedata
from functools import cached_property
from textwrap import shorten

import pandas as pd
from markupsafe import Markup

from ..data import communes_hashes
from ..language import (
    BASIS_WORDS,
    KIND_PREFIX,
    MARK_WORDS,
    STATE_SIGNS,
    STATE_WORDS,
    fold,
    pick,
    plain,
    write_date,
)
from ..law import LEVELS, REGION_NAMES
from ..needs import THOUSAND
from ..results import (
    chance_words,
    count_sentence,
    count_words,
    criterion_reason,
    main_obstacle,
    month_words,
    rough,
    test_reason,
    threshold_words,
)
from ..standing import NEXT_LEVEL, Standing
from .charts import picture, state_bars, threshold_bars
from .forecast import ForecastParts
from .page import Part
from .tables import Sign, dagger, key_of_signs

CHART_ROWS = 14  # measured indicators in one chart; more are not readable on a phone


class CommunePage(ForecastParts):
    """The parts of ``notebooks/commune.ipynb``, in order, for the commune named by code, name or
    slug.

    Raises :class:`~ntm_analysis.data.workbook.UnknownCommuneError` when no unit, or more than one,
    answers to the name.

    >>> "15/19" in CommunePage("data/thanh-chuong", "Thanh Hương").summary()
    True
    """

    subject = "commune"

    def __init__(self, dataset: str, commune: str = "Thanh Hương", **options: str) -> None:
        super().__init__(dataset, **options)
        self.unit = self.workbook.find(commune)
        self.commune = self.workbook.units.loc[self.unit]
        self.add_parameters(commune=self.commune["name"])
        self.is_commune = self.commune["kind"] == "commune"
        self.recognised = self.level.loc[self.unit, "level"] if self.is_commune else "not_ntm"
        self.next_set = options.get("criteria_set") or self.workbook.default_set(
            NEXT_LEVEL[self.recognised]
        )

    @property
    def heading(self) -> str:
        return self.text("heading_commune", label=self.commune["label"], day=self.day)

    def mine(self, table: pd.DataFrame) -> pd.DataFrame:
        """This commune's rows of a table."""
        return table[table["unit"] == self.unit]

    def counts(self, set_id: str) -> pd.Series:
        """This commune's counts by one set."""
        return self.standing(set_id).counts.loc[self.unit]

    def states(self, set_id: str) -> pd.DataFrame:
        """This commune's states by criterion; ``sign`` is the state, or ``recognition``."""
        standing = self.standing(set_id)
        rows = self.mine(standing.states).set_index("criterion")
        return rows.assign(sign=standing.matrix().loc[self.unit])

    @cached_property
    def shown_set(self) -> str:
        """The set of the criteria table: that of the next level if anything of it is known by name,
        else the NTM set.
        """
        sets = self.workbook.law.sets
        for set_id in (self.next_set, self.set_id):
            if not sets[set_id].counts_only and pd.notna(self.counts(set_id)["met"]):
                return set_id
        return self.workbook.default_set("ntm")

    def summary(self) -> Part:
        """Where the commune stands, in one sentence, and by every set in which something is
        known.
        """
        if not self.is_commune:
            verdict = self.text("not_a_commune", label=self.commune["label"])
            return self.section("tong-quan", self.paragraph(verdict, "verdict"), heading="xa")
        rows, notes = [], []
        defaults = map(self.workbook.default_set, LEVELS)
        for set_id in dict.fromkeys([self.next_set, self.set_id, *defaults]):
            counts, law_set = self.counts(set_id), self.workbook.law.sets[set_id]
            if pd.isna(counts["met"]) and set_id != self.next_set:
                continue
            named = [self.listed(map(str, counts[c])) or "-" for c in ("missing", "basic")]
            count = count_words(counts)
            rows.append([self.set_title(set_id), count, *named, counts["unknown"] or "-"])
            if law_set.counts_only and law_set.note:
                notes.append(law_set.note[self.lang])
        recognitions = self.mine(self.workbook.tables["recognitions"])["note"]
        notes += [self.text("recognition_note", note=note) for note in recognitions if note]
        return self.section(
            "tong-quan",
            self.paragraph(self._verdict(), "verdict"),
            self.table("sets", "set:name count:num not_met basic unknown:num", rows),
            *(self.paragraph(note, "note") for note in notes),
            self._facts(),
            self._revocation(),
            heading="xa",
        )

    def _verdict(self):
        """Whether the commune is recognised, on what basis, and how many criteria it meets."""
        level, standing = self.level.loc[self.unit], self.standing(self.next_set)
        count = count_sentence(self.workbook, standing, self.unit, self.lang)
        if self.recognised == "not_ntm":
            return self.text("not_recognised", count=count)
        day = "" if pd.isna(level["date"]) else self.date(level["date"])
        basis = (pick(BASIS_WORDS[level["basis"]], self.lang), level["decision"], day)
        words = {
            "level": self.level_words(self.recognised),
            "basis": ", ".join(filter(None, basis)),
        }
        return self.text("recognised", count=count, **words)

    def _facts(self):
        """Region, group, households: what the verdicts rest on."""
        c = self.commune
        groups = [
            self.text(f"group_{g}") for g in c["group"].split("|") if g in ("border", "resettled")
        ]
        region = self.text("region", name=pick(REGION_NAMES[c["region"]], self.lang))
        line = self.text(
            "facts",
            code=c["code"],
            parts="; ".join([region, *groups, self.text(f"special_{c['specially_difficult']}")]),
            source=self.source(c["source"]),
            households=self.number(c["households"]),
            population=self.number(c["population"]),
            area=self.number(c["area_km2"]),
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
        set_id, law = self.shown_set, self.workbook.law
        standing, states = self.standing(set_id), self.states(set_id)
        tests, criteria = self.mine(standing.tests), law.criteria_of(set_id)
        units = law.tests[law.tests["set"] == set_id].set_index("test")["unit"].to_dict()
        count = self.counts(set_id)
        counted = f"{count['reported_met']:g}/{count['of']}" if count["counted"] else ""
        rows = []
        for number, state in states.iterrows():
            mine = tests[tests["criterion"] == number]
            why = criterion_reason(state, mine, units, counted, self.lang)
            rows.append(
                [
                    number,
                    criteria.loc[number, f"name_{self.lang}"],
                    Sign(state["sign"], not state["checked"]),
                    dagger(why),
                    self._basis(set_id, number),
                    self._how_sure(state, set_id),
                    *([self.owner(criteria.loc[number])] if self.internal else []),
                ]
            )
        unchecked = any(row[2].unread or "(†)" in row[3] for row in rows)
        columns = "criterion name:name state:state reason basis sure" + " owner" * self.internal
        name = self.commune["label"]
        contradictions = [p for p in standing.contradictions if p.details.get("unit") == name]
        return self.section(
            "tieu-chi",
            self.text("judged_by", set=self.set_title(set_id)),
            self._chart(standing, states, tests, units),
            self.table("criteria", columns, rows),
            key_of_signs(states["sign"], self.lang, unchecked),
            self.warnings(contradictions),
        )

    def _basis(self, set_id, number):
        """The decision that a criterion stands in, with its day."""
        decision = self.decision(set_id)
        if not (signed := self.workbook.law.sets[set_id].decision.get("signed")):
            return decision
        day = write_date(signed)
        return self.text("criterion_basis", decision=decision, day=day, number=number)

    def _how_sure(self, state, set_id):
        """The source of a state, its mark in words, and the note of the row that reported it (how a
        merged one came about).
        """
        if state["state"] == "unknown":
            return pick(STATE_WORDS["unknown"], self.lang)
        sure, notes = pick(MARK_WORDS[state["mark"]], self.lang), []
        if state["basis"] in ("count", "recognition"):
            sure += ", " + self.text("inferred")
        if state["basis"] == "reported":
            rows = self.mine(self.workbook.tables["criterion_states"])
            rows = rows[(rows["set"] == set_id) & (rows["criterion"] == state.name)]
            notes = filter(None, rows["note"][rows["date"] == state["date"]][-1:])
        return "; ".join([self.source(state["source"]), sure, *notes])

    def state_bar(self, states: pd.DataFrame, what: str = "") -> Markup:
        """The criteria by state, as one bar; nothing known, no chart.

        ``what``: the words for criteria of another set than that which the text beside the chart is
        about.
        """
        if (states["sign"] == "unknown").all():
            return Markup("")
        counted = states["sign"].value_counts()
        frame = counted.reindex([*STATE_SIGNS], fill_value=0).to_frame(self.commune["name"]).T
        parts = ", ".join(f"{n} {pick(STATE_WORDS[s], self.lang)}" for s, n in counted.items())
        alt = self.text("chart_states", of=len(states), parts=parts)
        return picture(
            state_bars(frame, self.lang, what or self.text("axis_criteria")),
            f"{what}: {alt}" if what else alt,
        )

    def _chart(self, standing, states, tests, units):
        """How near the measured indicators are; without any, the criteria by state; nothing known,
        no chart.
        """
        measured = tests[tests["reason"].isin(["reaches", "lacks"]) & (tests["threshold"] > 0)]
        if measured.empty:
            return self.state_bar(states)
        value, threshold = measured["value"], measured["threshold"]
        inverse = (threshold / value.where(value > 0)).fillna(1.5)
        share = (value / threshold).where(measured["op"] != "<=", inverse)
        chosen = measured.assign(share=share, state=measured["verdict"].astype(str))
        chosen = chosen.sort_values("share").head(CHART_ROWS).reset_index(drop=True)
        names = standing.thresholds[standing.regions[self.unit]].set_index("test")
        names = names[f"name_{self.lang}"]
        labels = [shorten(f"{t} {names[t]}", 44, placeholder=" ...") for t in chosen["test"]]
        failed = int((measured["verdict"] == "not_met").sum())
        alt = self.text("chart_reached", of=len(measured))
        if failed:
            first = chosen[chosen["state"] == "not_met"].iloc[0]
            worst = test_reason(first, units[first["test"]], self.lang)
            alt = self.text("chart_lacking", n=failed, of=len(measured), worst=worst)
        chart = threshold_bars(chosen.assign(label=labels), self.lang)
        return picture(chart, alt, self.text("chart_caption"))

    def targets(self) -> Part:
        """The commune's targets, pledges and tasks, and the yearly rules that cover it."""
        if not self.is_commune:
            return Part("")
        lines = [
            self.text(f"target_{kind}", source=self.source(row["source"]), **self.aim(row))
            for kind in ("plan", "pledge")
            for _, row in self.mine(self.targets_of(kind)).iterrows()
        ]
        lines = lines or [self.text("no_target")]
        goals = self.workbook.tables["goals"]
        for _, goal in goals[goals["kind"] != "request"].iterrows():
            if self.unit in self.covered_by(goal):
                rule = goal[f"text_{self.lang}"].rstrip(".")
                lines.append(self.text("goal", text=rule, source=self.source(goal["source"])))
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
        level = NEXT_LEVEL[self.recognised].replace("model", "advanced")
        applied = self.applied_today(level) if self.is_commune and self.internal else None
        if applied is None:
            return Part("")
        standing = applied[0]
        region = standing.regions[self.unit]
        facts = self.mine(standing.tests).set_index("test", drop=False)
        rows = []
        for _, test in standing.thresholds[region].iterrows():
            sign, why = Sign("unknown"), "..."
            if test["test"] in facts.index:
                fact = facts.loc[test["test"]]
                state = str(fact["verdict"])
                sign = Sign(state, state != "unknown" and not fact["checked"])
                why = test_reason(fact, test["unit"], self.lang)
            threshold = dagger(threshold_words(test, self.lang))
            rows.append([test["test"], test[f"name_{self.lang}"], threshold, sign, dagger(why)])
        states = self.mine(standing.states)
        of = int(states["indicators"].sum())
        lead = self.text(
            "indicators_lead",
            set=self.set_title(standing.set_id),
            region=pick(REGION_NAMES[region], self.lang),
            judged=of - int(states["open"].sum()),
            of=of,
        )
        columns = "indicator indicator_name:name threshold state:state value"
        return self.section(
            "bo-moi",
            lead,
            self.table("indicators", columns, rows),
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
            used |= {*self.mine(self.workbook.tables[name])["source"]}
        return self.section("biet-den-dau", self.left_out(), self.sources(used))

    def data_hash(self) -> str:
        """The hash of what is said of this commune, or of none, and of what the forecast says of
        it.
        """
        foreseen = self.commune_forecasts() if self.foreseeable() else {}
        hashes = self.keep("inputs", lambda: communes_hashes(self.workbook, foreseen))
        return hashes[self.commune["code"]]

    def footer(self) -> Part:
        """As on every page; gives the commune's row of the results table."""
        footer = super().footer()
        if self.is_commune:
            footer.result |= self._result() | {"data": self.data_hash()}
        return footer

    def _result(self):
        """What the table of all communes shows of this one; money in billion đồng; None:
        not known.
        """
        counts, foreseen = self.counts(self.set_id), {}
        if self.foreseeable():
            forecast = self.commune_forecasts()[self.unit]
            foreseen = forecast["row"] | {"coarse": forecast["setting"]["coarse"]}
        need = self.demand("ntm", self.unit)[1]["total"] if self.known(self.unit) else {}
        chances = ("finished", "p_met", "p_signed", "p50_date", "coarse")
        return {
            **self.commune[["code", "name"]],
            "level": self.recognised,
            "met": None if pd.isna(counts["met"]) else int(counts["met"]),
            "of": int(counts["of"]),
            **{key: foreseen.get(key) for key in chances},
            **{f"need_{key}": need[key] / 1000 if need else None for key in ("p10", "p50", "p90")},
        }

    def footer_standing(self) -> Standing:
        """Only this commune's cells."""
        if not self.is_commune:
            return super().footer_standing()
        standing = self.standing(self.shown_set)
        counts, states = standing.counts.loc[[self.unit]], self.mine(standing.states)
        return standing._replace(counts=counts, states=states)


MOST = 6  # things to do that fit on the page
LEAST = 0.1  # million đồng a household; less is only said to be less
ROWS, WIDTH = 14, 88  # printed rows for what is missing and what to do, and letters in a row
LONG, SHORT, SOURCES = 80, 45, 170  # letters of a task, of a name, of all sources, that fit


def rows_of(line: str) -> int:
    """Printed rows that a line takes."""
    return -(-len(line) // WIDTH)


RANKING = (
    "xếp thứ, xếp hạng, thứ hạng, đứng thứ, đứng đầu, dẫn đầu, đi đầu, hàng đầu, đứng cuối, "
    "xếp cuối, đứng chót, đội sổ, đầu bảng, cuối bảng, nhất huyện, nhất tỉnh, tốp, so với các xã, "
    "hơn các xã, rank, ranks, ranked, ranking, first place, last place, top, best in, worst in, "
    "ahead of other"
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
        bare = {name if fold(name) == district else KIND_PREFIX.sub("", name) for name in names}
        return [spelt(phrase) for phrase in [*sorted(bare), *RANKING.split(", ")]]

    def may_be_told(self, text: str) -> bool:
        """Whether free text of the data names no other commune and ranks nothing."""
        own = [spelt(KIND_PREFIX.sub("", self.commune["name"]))]
        words = [fold(word) for word in re.findall(r"\w+", unicodedata.normalize("NFC", text))]
        while words:
            mine = first_of(own, words)
            if first_of(self._not_told, words) > mine:
                return False
            words = words[max(mine, 1) :]
        return True

    def excerpt(self, text: str, most: int = LONG) -> str:
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
        counts, sets = self.counts(self.next_set), self.workbook.law.sets
        level = self.level_words(sets[self.next_set].level)
        lines = []
        if self.recognised != "not_ntm":
            sourced = self.level.loc[self.unit, "basis"] == "decision"
            key = "people_recognised" if sourced else "people_recognised_inferred"
            lines.append(self.text(key, level=self.level_words(self.recognised)))
        if pd.isna(counts["met"]):
            lines.append(self.text("people_no_count", level=level))
        else:
            figures = {key: f"{counts[key]:g}" for key in ("met", "of")}
            day = self.date(counts["date"])
            lines.append(self.text("people_count", level=level, day=day, **figures))
        if counts["unknown"]:
            lines.append(self.text("people_open", n=counts["unknown"]))
        # of the next level there may be counts only
        drawn = self.level_words(sets[self.shown_set].level)
        what = "" if drawn == level else self.text("people_axis", level=drawn)
        return self._section("dang-o-dau", *lines, self.state_bar(self.states_now, what))

    def criterion_named(self, set_id: str, number: int) -> str:
        """A criterion as people say it, the name first."""
        name = self.workbook.law.criteria_of(set_id).loc[number, f"name_{self.lang}"]
        return self.text("people_criterion", number=number, name=name)

    def missing(self) -> Part:
        """The criteria named missing, and those only basically met."""
        return self._section("con-thieu", *self._missing_lines())

    def _missing_lines(self):
        counts, lines = self.counts(self.next_set), []
        for key in ("missing", "basic"):
            if names := [self.criterion_named(self.next_set, n) for n in counts[key]]:
                lines.append(self.text(f"people_{key}", names=self.listed(names)))
        if not len(counts["missing"]):
            unclear = counts["unknown"] or pd.isna(counts["met"])
            lines.append(self.text("people_nameless" if unclear else "people_nothing"))
        return lines

    def finishing(self) -> Part:
        """When it can finish, as a range, how likely by the deadline, and what that rests on."""
        forecast = self.commune_forecasts().get(self.unit) if self.foreseeable() else None
        if forecast is None:
            return self._section("bao-gio", self.text("people_not_foreseen"))
        row, setting = forecast["row"], forecast["setting"]
        if row["finished"]:
            return self._section("bao-gio", self.text("people_finished"))
        draws = 0 if setting["coarse"] else setting["draws"]
        key = "people_finish"
        if not row["p50_date"]:
            key = "people_finish_beyond" if row["p10_date"] else "people_finish_out"
        lines = [
            self.text(
                key,
                early=month_words(row["p10_date"], self.lang),
                middle=month_words(row["p50_date"], self.lang),
                late=month_words(row["p90_date"], self.lang),
                day=self.date(setting["deadline"]),
                p=chance_words(row["p"], draws, self.lang),
            )
        ]
        for aim in forecast["registrations"]:
            p = chance_words(aim["p"], draws, self.lang)
            lines.append(self.text("people_registered", p=p, **self.aim(aim)))
        if held := main_obstacle(row):
            lines.append(self.text(f"people_held_{held}"))
        return self._section("bao-gio", *lines, self.text("people_rests_on"))

    def next_month(self) -> Part:
        """What is to be done next month: steps of works planned for then, what was assigned, tasks;
        who to ask if nothing was.
        """
        coming = pd.Timestamp(self.workbook.as_of) + pd.offsets.MonthBegin(1)
        duties = self.mine(self.duties(pd.Series(self.next_set, self.workbook.communes.index)))
        duties = duties.sort_values(["due", "criterion"], kind="stable")
        dated, undated = (
            [self._duty(row) for _, row in duties[rows].iterrows()]
            for rows in (duties["due"].notna(), duties["due"].isna())
        )
        lines = list(dict.fromkeys([*dated, *self._steps(coming), *undated, *self._tasks()]))
        room, most = ROWS - sum(map(rows_of, self._missing_lines())), 0
        while most < min(MOST, len(lines)) and (room := room - rows_of(lines[most])) >= 0:
            most += 1
        more = [self.text("people_more", n=len(lines) - most)] if len(lines) > most else []
        return self._section(
            "thang-toi",
            self.bullets([*lines[:most], *more]) or self.text("people_no_step"),
            month=f"{coming.month}/{coming.year}",
        )

    def _duty(self, row):
        """What was assigned for a criterion, to whom and by when; whom to ask if nothing was."""
        criterion = self.criterion_named(self.next_set, row["criterion"])
        department = row["department"] if self.lang == "vi" else row["department_en"]
        if not row["assigned"]:
            return self.text("people_ask", criterion=criterion, department=department)
        due = "" if pd.isna(row["due"]) else self.text("people_due", day=self.date(row["due"]))
        who = ", ".join(filter(None, (self.excerpt(department, SHORT), due)))
        return self.text(
            "people_assigned",
            criterion=criterion,
            action=self.excerpt(row["action"]) or self.text("people_given"),
            who=f" ({who})" if who else "",
            late=self.text("people_overdue") if row["overdue"] else "",
        )

    def _steps(self, coming):
        """The next planned step of each of its works that has one in the coming month or later."""
        plans, works = (self.mine(self.workbook.tables[name]) for name in ("work_plans", "works"))
        plans = plans[plans["month"] >= coming].sort_values("month").drop_duplicates("work")
        names = works.set_index("work")["item"].map(self.item_names())
        return [
            self.text(
                "people_step",
                work=self.excerpt(names[step["work"]], SHORT) or self.text("people_work"),
                month=f"{step['month'].month}/{step['month'].year}",
                percent=self.number(step["percent"]),
            )
            for _, step in plans.iterrows()
            if step["work"] in names.index
        ]

    def _tasks(self):
        lines = []
        for _, task in self.mine(self.workbook.tables["tasks"]).sort_values("number").iterrows():
            number = self.text("people_task_number", n=int(task["number"]))
            words = self.excerpt(task[f"task_{self.lang}"]) or number
            lines.append(self.text("people_task", task=words))
        return lines

    def money(self) -> Part:
        """What a household would give, where that is known from what was reported; that giving is
        voluntary, always.
        """
        households, mark = self.workbook.units.loc[self.unit, ["households", "mark"]]
        people = self._people() if households > 0 and mark in self._true_marks else None
        verdict = self.text("people_no_estimate")
        if people is not None:
            quantiles = people.quantile([0.1, 0.5, 0.9]) / THOUSAND / households
            verdict = self._each(*map(rough, quantiles), self.number(households))
        return self._section(
            "dong-gop", self.paragraph(verdict, "verdict"), self.text("people_voluntary")
        )

    def _each(self, low, mid, high, households):
        """What a household would give; below the least amount that is told, only that it is."""
        least = self.text("people_less", least=self.number(LEAST))
        low, each, top = (self.number(v) if v >= LEAST else least for v in (low, mid, high))
        if mid < LEAST:
            up = "" if high < LEAST else self.text("people_each_up", high=top)
            return self.text("people_each_less", least=least, up=up, households=households)
        each += f" ({low}-{top})" if low != top else ""
        return self.text("people_each", each=each, households=households)

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
        drawn = self.demand("ntm", self.unit)[0] if self.known(self.unit) else None
        if drawn is None or drawn.together.assumed_share != 0:
            return None
        works, tables = self.mine(drawn.needs["ntm"].works), self.workbook.tables
        works = works[works["needed"] > 0]
        prices = pd.concat([tables["unit_costs"], tables["parts"]])
        marks = pd.concat([works, prices[prices["item"].isin(works["item"])]])["mark"]
        sure = (works["listed"] & works["sure"]).all() and marks.isin(self._true_marks).all()
        people = drawn.together.by["people"].get(self.unit)
        return pd.Series(people) if people is not None and sure else None

    def footer(self) -> Part:
        """Data set, day, hash and sources on two lines."""
        used = {
            *self.states_now["source"],
            self.counts(self.next_set)["source"],
            self.level.loc[self.unit, "source"],
        }
        cells = sorted(cell for cell in used if isinstance(cell, str))
        ids = dict.fromkeys(filter(None, "|".join(cells).split("|")))
        names = "; ".join(dict.fromkeys(map(self._source_name, ids)))
        line = self.text("people_no_source")
        if names:
            names = shorten(names, SOURCES, placeholder=" ...")
            line = self.text("people_sources", sources=names).replace("....", "...")
        footer = self.footer_of(line, self.data_line())
        footer.result["data"] = self.data_hash()
        return footer

    def _source_name(self, source):
        """A source by its name; by its day alone where the name may not be told."""
        if name := self.excerpt(self.source(source)):
            return name
        days = self.workbook.tables["sources"].set_index("id")["published"]
        if pd.isna(day := days.get(source)):
            return self.text("people_source")
        return self.text("people_source_of", day=self.date(day))

    def _section(self, name, *parts, **words):
        return self.section(name, *parts, title=self.text(f"section_{name}", **words))

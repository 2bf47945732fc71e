"""One commune's page: each criterion with state, reason in words, distance, legal basis, source, and how sure we are."""

from dataclasses import replace
from functools import cached_property
from textwrap import shorten

import pandas as pd
from markupsafe import Markup

from .assess import Standing
from .charts import picture, state_bars, threshold_bars
from .criteria import REGION_NAMES
from .forecast_parts import ForecastParts
from .office_numbers import write_date
from .page import Part
from .page_inputs import communes_hashes
from .problems import report
from .recognition import NEXT
from .standing_words import count_words, criterion_reason, test_reason, threshold_words
from .tables import Sign, dagger, key_of_signs
from .words import BASIS_WORDS, MARK_WORDS, STATE_SIGNS, STATE_WORDS, pick

CHART_ROWS = 14  # measured indicators in one chart; more are not readable on a phone


class CommunePage(ForecastParts):
    """The parts of ``notebooks/commune.ipynb``, in order, for the commune named by code, name or slug.

    Raises :class:`~ntm_analysis.workbook.UnknownCommune` when no unit, or more than one, answers to the name.

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
        self.next_set = options.get("criteria_set") or self.workbook.default_set(NEXT[self.recognised])

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
        """The set of the criteria table: that of the next level if anything of it is known by name, else the NTM set."""
        for set_id in (self.next_set, self.set_id):
            if not self.workbook.law.sets[set_id].counts_only and not pd.isna(self.counts(set_id)["met"]):
                return set_id
        return self.workbook.default_set("ntm")

    def summary(self) -> Part:
        """Where the commune stands, in one sentence, and by every set in which something is known."""
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
            verdict = self.text("recognised", level=self.level_words(self.recognised), basis=words, count=count)
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
        for note in recognitions.loc[(recognitions["unit"] == self.unit) & (recognitions["note"] != ""), "note"]:
            notes.append(self.paragraph(self.text("recognition_note", note=note), "note"))
        parts = (self.paragraph(verdict, "verdict"), table, *notes, self._facts(), self._revocation())
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
            text += self.text("count_nameless" if counts["counted"] else "count_open", n=counts["unknown"])
        return text + "."

    def _facts(self):
        """Region, group, households: what the verdicts rest on."""
        c = self.commune
        groups = [self.text(f"group_{g}") for g in c["group"].split("|") if g in ("border", "resettled")]
        region = self.text("region", name=pick(REGION_NAMES[c["region"]], self.lang))
        parts = "; ".join([region, *groups, self.text(f"special_{c['specially_difficult']}")])
        sizes = {key: self.number(c[column]) for key, column in
                 (("households", "households"), ("population", "population"), ("area", "area_km2"))}  # fmt: skip
        line = self.text("facts", code=c["code"], parts=parts, source=self.source(c["source"]), **sizes)
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
            why = criterion_reason(state, tests[tests["criterion"] == number], units, counted, self.lang)
            name = criteria.loc[number, f"name_{self.lang}"]
            cells = [
                number,
                name,
                Sign(state["shown"], not state["checked"]),
                dagger(why),
                self.text("criterion_basis", decision=self.decision(set_id), day=write_date(signed), number=number)
                if signed
                else self.decision(set_id),
            ]
            rows.append([*cells, self._how_sure(state, set_id), *([self.owner(criteria.loc[number])] if self.internal else [])])
        unchecked = any(row[2].unread or "(†)" in row[3] for row in rows)
        columns = "criterion name:name state:state reason basis sure" + (" owner" if self.internal else "")
        return self.section(
            "tieu-chi",
            self.text("judged_by", set=self.set_title(set_id)),
            self._chart(standing, states, tests, units),
            self.table("criteria", columns, rows),
            key_of_signs(states["shown"], self.lang, unchecked),
            self._contradictions(standing),
        )

    def _how_sure(self, state, set_id):
        """The source of a state, its mark in words, and the note of the row that reported it (how a merged one came about)."""
        if state["state"] == "unknown":
            return pick(STATE_WORDS["unknown"], self.lang)
        inferred = [self.text("inferred")] if state["basis"] in ("count", "recognition") else []
        told = self.workbook.tables["criterion_states"] if state["basis"] == "reported" else pd.DataFrame()
        if len(told):
            told = told[(told["unit"] == self.unit) & (told["set"] == set_id) & (told["criterion"] == state.name)]
        notes = [note for note in told["note"][told["date"] == state["date"]][-1:] if note] if len(told) else []
        sure = ", ".join([pick(MARK_WORDS[state["mark"]], self.lang), *inferred])
        return "; ".join([self.source(state["source"]), sure, *notes])

    def _contradictions(self, standing):
        mine = [p for p in standing.contradictions if p.details.get("unit") == self.commune["label"]]
        return self.bullets(report(mine, self.lang).splitlines()[1:] if self.internal else [])

    def state_bar(self, states: pd.DataFrame, what: str = "") -> Markup:
        """The criteria by state, as one bar; nothing known, no chart. ``what``: the words for criteria of another set than that
        which the text beside the chart is about."""
        if (states["shown"] == "unknown").all():
            return Markup("")
        counted = states["shown"].value_counts()
        frame = pd.DataFrame({s: [int(counted.get(s, 0))] for s in STATE_SIGNS}, index=[self.commune["name"]])
        parts = ", ".join(f"{n} {pick(STATE_WORDS[s], self.lang)}" for s, n in counted.items())
        alt = self.text("chart_states", of=len(states), parts=parts)
        return picture(state_bars(frame, self.lang, what=what or self.text("axis_criteria")), f"{what}: {alt}" if what else alt)

    def _chart(self, standing, states, tests, units):
        """How near the measured indicators are; without any, the criteria by state; nothing known, no chart."""
        measured = tests[tests["reason"].isin(["reaches", "lacks"]) & (tests["threshold"] > 0)]
        if measured.empty:
            return self.state_bar(states)
        ceiling = measured["op"] == "<="
        inverse = (measured["threshold"] / measured["value"].where(measured["value"] > 0)).fillna(1.5)
        share = (measured["value"] / measured["threshold"]).where(~ceiling, inverse)
        names = standing.thresholds[standing.regions[self.unit]].set_index("test")[f"name_{self.lang}"]
        chosen = measured.assign(share=share, state=measured["verdict"].astype(str)).sort_values("share").head(CHART_ROWS)
        chosen = chosen.assign(label=[shorten(f"{t} {names[t]}", 44, placeholder=" ...") for t in chosen["test"]]).reset_index(
            drop=True
        )
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
                lines.append(self.text(f"target_{kind}", level=level, year=year, source=self.source(row["source"])))
        lines = lines or [self.text("no_target")]
        goals = self.workbook.tables["goals"]
        for _, goal in goals[goals["kind"] != "request"].iterrows():
            if self.unit in self.covered_by(goal):
                lines.append(self.text("goal", text=goal[f"text_{self.lang}"].rstrip("."), source=self.source(goal["source"])))
        return self.section("muc-tieu", self.bullets(lines), self.tasks_table(self.unit))

    def funding(self) -> Part:
        """What finishing costs this commune."""
        return self.commune_need(self.unit) if self.is_commune else Part("")

    def feasibility(self) -> Part:
        """Whether it will finish by the end of the term."""
        return self.commune_forecast(self.unit) if self.is_commune else Part("")

    def set_in_force(self) -> Part:
        """The set in force applied today: every indicator with its threshold, the commune's value and verdict."""
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
            rows.append([test["test"], test[f"name_{self.lang}"], level_words, Sign(state, unread), dagger(why)])
        states = standing.states[standing.states["unit"] == self.unit]
        of = int(states["indicators"].sum())
        where = pick(REGION_NAMES[region], self.lang)
        title = self.set_title(standing.set_id)
        text = self.text("indicators_lead", set=title, region=where, judged=of - int(states["open"].sum()), of=of)
        table = self.table("indicators", "indicator indicator_name:name threshold state:state value", rows)
        return self.section("bo-moi", text, table, key_of_signs({row[3].state for row in rows}, self.lang, unchecked=True))

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
        """The hash of what is said of this commune, or of none, and of what the forecast says of it."""
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
        """What the table of all communes shows of this one; money in billion đồng; None: not known."""
        counts, foreseen = self.counts(self.set_id), {}
        if self.foreseeable():
            said = self.commune_forecasts()[self.unit]
            foreseen = said["row"] | {"coarse": said["setting"]["coarse"]}
        need = self.found("ntm", self.unit)[1]["total"] if self.known(self.unit) else {}
        return {
            "code": self.commune["code"], "name": self.commune["name"], "level": self.recognised,
            "met": None if pd.isna(counts["met"]) else int(counts["met"]), "of": int(counts["of"]),
            **{key: foreseen.get(key) for key in ("finished", "p_met", "p_signed", "p50_date", "coarse")},
            **{f"need_{key}": None if key not in need else need[key] / 1000 for key in ("p10", "p50", "p90")},
        }  # fmt: skip

    def footer_standing(self) -> Standing:
        """Only this commune's cells."""
        standing = self.standing(self.shown_set if self.is_commune else self.set_id)
        if not self.is_commune:
            return standing
        mine = standing.states["unit"] == self.unit
        return replace(standing, counts=standing.counts.loc[[self.unit]], states=standing.states[mine])

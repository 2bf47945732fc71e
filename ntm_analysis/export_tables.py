"""The forms of the office workbook, from what the package found: standing, need, capital plan, debt, cement, OCOP, registrations,
forecast. Every figure is the engines' own; a sum is left to Excel, with the engines' total as its saved result.
"""

import datetime as dt
from functools import cached_property

import pandas as pd

from .assess import Standing, assess
from .export_forms import DAGGER
from .export_money import ExportMoney
from .forecast.forecast import forecast, record
from .forecast_words import held_most
from .need.funding import demand
from .office_book import DAY, Form, Head, office_book
from .office_numbers import write_date, write_number
from .problems import DataProblems, report
from .recognition import knowledge, levels
from .standing_words import level_words as threshold_words
from .standing_words import shares_words
from .words import LEVEL_WORDS, MARK_WORDS, STATE_SIGNS, STATE_WORDS, pick, text
from .workbook import Workbook

MET = "Đ"  # all signs of a criterion met begin with it, and no other sign does


class Export(ExportMoney):
    """All forms of a data set."""

    def forms(self) -> list[Form]:
        """All sheets in order, the contents first."""
        made = [
            self.standing(),
            self.indicators(),
            *self.need(),
            self.capital(),
            self.debts(),
            self.cement(),
            self.ocop(),
            self.registrations(),
            self.hamlets(),
            *self.forecast(),
        ]
        for number, form in enumerate(made, start=1):
            form.title = f"{self.text('table_number', number=number)}. {form.title}"
            form.lead = [self.text("export_lead", place=self.place, day=self.day), self.text("draft"), *form.lead]
            if self.workbook.illustrative:
                form.lead.insert(0, self.text("illustrative_long"))
            form.signed = (self.text("export_prepared"), self.text("export_head"))
        return [self.contents(made), *made]

    @cached_property
    def found(self) -> Standing:
        """The standing at the NTM level, by the set that the data set reports it in."""
        return assess(self.workbook, self.workbook.default_set("ntm"))

    def standing(self) -> Form:
        """Communes by criteria; the count of each row and column is a formula over the signs."""
        states, unread, counts = self.found.matrix(), self.found.unread(), self.found.counts
        level = levels(self.workbook)
        rows = []
        for unit in self.workbook.communes.index:
            signs = [self.sign(s, u) for s, u in zip(states.loc[unit], unread.loc[unit], strict=True)]
            reported = None if pd.isna(counts.loc[unit, "met"]) else int(counts.loc[unit, "met"])
            words = "-" if level.loc[unit, "level"] == "not_ntm" else pick(LEVEL_WORDS[level.loc[unit, "level"]], self.lang)
            note = "" if level.loc[unit, "level"] == "not_ntm" or level.loc[unit, "sourced"] else self.text("inferred")
            rows.append([self.workbook.communes.loc[unit, "name"], *signs, _listed(signs), reported, words, note or "-"])
        numbers = list(states.columns)
        first, last = f"c{numbers[0]}", f"c{numbers[-1]}"
        heads = [
            *self.heads("tt:5 unit:18"),
            *(Head(f"c{n}", f"{n}", 5, "General", self.text("export_group_criteria"), total=True) for n in numbers),
            Head(
                "listed",
                self.text("export_head_listed"),
                9,
                "0",
                formula=f'=COUNTIF({{{first}}}{{row}}:{{{last}}}{{row}},"{MET}*")',
            ),
            *self.heads("met:9:count level:16 note:12"),
        ]
        totals = {f"c{n}": sum(row[1 + i].startswith(MET) for row in rows) for i, n in enumerate(numbers)}
        names = self.workbook.law.criteria_of(self.found.set_id)[f"name_{self.lang}"].dropna()
        key = "; ".join(f"{pick(STATE_SIGNS[s], 'vi')}: {pick(STATE_WORDS[s], self.lang)}" for s in STATE_SIGNS)
        notes = [
            self.text("export_signs", signs=key),
            self.text("legend", parts="; ".join(f"{n}: {name}" for n, name in names.items())),
            self.text("export_listed"),
        ]
        set_ = self.text("judged_by", set=self.workbook.law.sets[self.found.set_id].title[self.lang])
        return self.form(
            "standing",
            heads,
            rows,
            total_label=self.text("export_met_communes"),
            total=totals,
            count=MET,
            lead=[set_],
            notes=notes,
        )

    def indicators(self) -> Form:
        """Every value reported, against its threshold."""
        law = self.workbook.law.tests
        law = law[law["set"] == self.found.set_id].set_index("test")
        names, measures = law[f"name_{self.lang}"], law["unit"]
        rows = []
        places = self.found.tests["unit"].map(self.workbook.communes["order"])  # commune by commune, not by day
        for row in self.found.tests.assign(place=places).sort_values("place", kind="stable").to_dict("records"):
            measure = measures[row["test"]]
            value = pick(STATE_WORDS[row["answer"]], self.lang) if row["answer"] else row["value"]
            level = None if pd.isna(row["threshold"]) else threshold_words(row["threshold"], row["op"], measure, self.lang)
            level = "-" if row["op"] == "judged" else level
            rows.append(
                [
                    self.workbook.communes.loc[row["unit"], "name"],
                    row["test"],
                    names.get(row["test"], ""),
                    value,
                    measure or "-",
                    level and level + ("" if row["checked"] else f" ({DAGGER})"),
                    self.sign(row["verdict"], not row["checked"]),
                    "-" if row["op"] == "judged" else row["distance"],
                    row["date"].date(),
                    *self.told(row),
                ]
            )
        spec = "tt:5 unit:16 indicator:8 content:44 value:10:number measure:9 threshold:16 result:8 distance:10:number"
        heads = self.heads(f"{spec} date:11:day source:20 note:9")
        return self.form("indicators", heads, rows, notes=[self.text("export_unread")])

    def ocop(self) -> Form:
        """OCOP products with their stars, decision and days."""
        rows = [
            [
                self.workbook.units.loc[o["unit"], "name"],
                o["product"],
                o["owner"],
                int(o["stars"]),
                o["decision"],
                *(None if pd.isna(o[d]) else o[d].date() for d in ("date", "valid_to")),
                *self.told(o),
            ]
            for o in self.workbook.tables["ocop"].to_dict("records")
            if o["unit"] in self.workbook.units.index
        ]
        heads = self.heads(
            "tt:5 unit:18 product:26 owner:24 stars:7:count decision:20 date:12:day valid_to:12:day source:24 note:9"
        )
        return self.form("ocop", heads, rows)

    def registrations(self) -> Form:
        """Communes on the planned list and pledges, each with its kind; a pledge is no registration."""
        rows = []
        for target in self.workbook.tables["targets"].sort_values(["year", "kind", "level", "unit"]).to_dict("records"):
            if target["unit"] not in self.workbook.communes.index:
                continue
            counts = assess(self.workbook, self.workbook.default_set(target["level"])).counts.loc[target["unit"]]
            met = None if pd.isna(counts["met"]) else int(counts["met"])
            missing = ", ".join(map(str, counts["missing"])) or ("..." if counts["unknown"] else "-")
            rows.append(
                [
                    self.workbook.communes.loc[target["unit"], "name"],
                    pick(LEVEL_WORDS[target["level"]], self.lang),
                    f"{target['year']:g}",
                    self.text(f"kind_{target['kind']}"),
                    met,
                    int(counts["of"]),
                    missing,
                    *self.told(target),
                ]
            )
        heads = self.heads("tt:5 unit:18 level:24 year:8 kind:20 met:8:count of:8:count missing:18 source:24 note:9")
        return self.form("registrations", heads, rows)

    def hamlets(self) -> Form:
        """The hamlets registered, whatever the year."""
        word = self.workbook.meta.get("hamlet_word", {}).get(self.lang, self.text("export_hamlet"))
        rows = [
            [
                self.workbook.units.loc[h["unit"], "name"],
                h["hamlet"],
                pick(LEVEL_WORDS[h["level"]], self.lang),
                f"{h['year']:g}",
                *self.told(h),
            ]
            for h in self.workbook.tables["hamlet_targets"].to_dict("records")
            if h["unit"] in self.workbook.units.index
        ]
        heads = [
            *self.heads("tt:5 unit:20"),
            Head("hamlet", word.capitalize(), 22),
            *self.heads("level:26 year:8 source:28 note:10"),
        ]
        return self.form("hamlets", heads, rows)

    def forecast(self) -> list[Form]:
        """Each commune's chance and dates; the district's number with its usual range above the table."""
        if self.made is None:
            return [self.form("forecast", self.heads("tt:5 unit:60"), [], lead=[self.lacking["forecast"]])]
        made, figures = self.made, self.made["finishing"]
        rows = []
        for c in made["communes"]:
            days = [c[f"p{q}_date"] and dt.date.fromisoformat(c[f"p{q}_date"]) for q in (10, 50, 90)]
            if c["finished"]:
                days = ["-"] * 3
            held = held_most(c)
            told = self.text(f"held_{held}") if held else "-"
            note = self.text("export_finished") if c["finished"] else "-"
            rows.append([c["name"], c["p_met"], c["p_signed"], *days, told, note])
        day = write_date(made["deadline"], self.lang)
        lead = [
            self.text(
                "export_forecast",
                day=day,
                mean=write_number(figures["mean"], self.lang, 1),
                low=figures["p10"],
                high=figures["p90"],
                total=made["n_communes"],
                draws=write_number(made["draws"], self.lang),
            )
        ]
        group = self.text("export_group_dates")
        heads = [
            *self.heads("tt:5 unit:18 p_met:14:share p_signed:14:share"),
            *(Head(f"d{q}", f"P{q}", 13, DAY, group) for q in (10, 50, 90)),
            *self.heads("held:34 note:18"),
        ]
        return [self.form("forecast", heads, rows, lead=lead, notes=[self.text("export_forecast_notes")])]

    def contents(self, forms: list[Form]) -> Form:
        """What the workbook is, its sheets, its signs, how much of it is known."""
        rows = [[f"{n}", form.title, form.sheet] for n, form in enumerate(forms, start=1)]
        key = "; ".join(f"{pick(STATE_SIGNS[s], 'vi')}: {pick(STATE_WORDS[s], self.lang)}" for s in STATE_SIGNS)
        marks = "; ".join(f"{self.mark(m)}: {pick(MARK_WORDS[m], self.lang)}" for m in ("reported", "assumed", "illustrative"))
        notes = [
            self.text("export_signs", signs=key),
            self.text("export_marks", marks=marks),
            self.text("export_unread"),
            self.text("export_zero"),
            self.text(
                "footer_shares",
                set=self.workbook.law.sets[self.found.set_id].title[self.lang],
                shares=shares_words(knowledge(self.found), self.lang),
            ),
            self.text("footer_data", id=self.workbook.id, hash=self.workbook.content_hash, day=self.day),
        ]
        heads = self.heads("tt:6 content:80 sheet:26")
        lead = [self.text("illustrative_long")] if self.workbook.illustrative else []
        title = self.text("export_cover", place=self.place.upper(), day=self.day)
        return Form(self.text("export_sheet_contents"), title, "", heads, rows, lead=[*lead, self.text("draft")], notes=notes)


def _listed(signs):
    return sum(sign.startswith(MET) for sign in signs)


def exported(workbook: Workbook, lang: str, draws: int, seed: int) -> tuple[int, bytes]:
    """The office workbook of a data set: how many forms, and the file. What the data lack for need or forecast is told there."""
    lacking = {}

    def found(name, answer):
        try:
            return answer()
        except DataProblems as error:
            lacking[name] = " ".join(line.strip() for line in report(error.problems, lang).splitlines()[1:])
            return None

    needs = found("need", lambda: demand(workbook, draws=draws, seed=seed))
    made = found("forecast", lambda: record(forecast(workbook, draws=draws, seed=seed)))
    forms = Export(workbook, lang, needs, made, lacking).forms()
    header = text("illustrative_long", lang) if workbook.illustrative else text("draft", lang)
    return len(forms) - 1, office_book(forms, workbook.as_of, header)

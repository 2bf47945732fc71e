"""All forms of the office workbook."""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ..data import CEMENT, Workbook
from ..forecasts import forecast, forecast_record
from ..language import (
    LEVEL_WORDS,
    MARK_WORDS,
    STATE_SIGNS,
    STATE_WORDS,
    pick,
    text,
    write_date,
    write_number,
)
from ..needs import THOUSAND, Demand, demand, in_millions, newest_debts
from ..pages import DAY, NUMBER, SHARE, WHOLE, Form, Head, office_book
from ..standing import Standing, assess, knowledge, levels
from ..tables import DataProblems, report
from ..wording import FUND_WORDS, billions_range, held_most, rough, shares_words
from ..wording import level_words as threshold_words

DAGGER = "†"
FORMATS = {"": "", "number": NUMBER, "whole": WHOLE, "share": SHARE, "day": DAY, "count": "0"}


@dataclass
class ExportForms:
    """A data set told as forms in one language; ``needs``: what finishing costs, ``made``: the
    forecast's record, each None with the reason in ``lacking`` ("need", "forecast") where it cannot
    be told.
    """

    workbook: Workbook
    lang: str
    needs: Demand | None
    made: dict | None
    lacking: dict[str, str] = field(default_factory=dict)

    def text(self, key: str, **values: object) -> str:
        """The text of ``key`` in the workbook's language, with its values filled in."""
        return text(key, self.lang, **values)

    @property
    def day(self) -> str:
        """The as-of date as written."""
        return write_date(self.workbook.as_of, self.lang)

    @property
    def place(self) -> str:
        """The data set's title."""
        return self.workbook.meta["title"][self.lang]

    def source(self, ids: str) -> str:
        """The short names of sources ("a|b")."""
        rows = self.workbook.tables["sources"].set_index("id")
        return "; ".join(
            rows.loc[i, "short"] or rows.loc[i, "title"] if i in rows.index else i
            for i in ids.split("|")
            if i
        )

    def mark(self, mark: str) -> str:
        """A mark by its letters (BC, GĐ); "" for none."""
        return self.text(f"export_mark_{mark}") if mark else ""

    def told(self, row: dict) -> tuple[str, str]:
        """By whom a row was told, and its mark."""
        return self.source(row["source"]), self.mark(row["mark"])

    def heads(self, spec: str) -> list[Head]:
        """Columns by name, width, format of figures and whether the first row adds them up: ``"tt:5
        amount:14:whole:total"``.
        """
        made = []
        for part in spec.split():
            name, width, *more = part.split(":")
            kind = FORMATS[more[0] if more else ""]
            made.append(
                Head(
                    name, self.text(f"export_head_{name}"), int(width), kind, total="total" in more
                )
            )
        return made

    def form(self, name: str, heads: list[Head], rows: list[list[object]], **more) -> Form:
        """A form with its texts; ``rows`` without the number that each begins with.

        None: one row that says so.
        """
        rows = [[f"{n}", *row] for n, row in enumerate(rows, start=1)]
        if not rows:
            rows = [["", self.text("export_none"), *[None] * (len(heads) - 2)]]
            more.pop("total_label", None)
        unit = more.pop("unit", "")
        unit = self.text("table_unit", unit=unit) if unit else ""
        return Form(
            self.text(f"export_sheet_{name}"),
            self.text(f"export_title_{name}"),
            unit,
            heads,
            rows,
            **more,
        )

    def sign(self, state: str, unread: bool) -> str:
        """A state by its letters, with a dagger where it rests on a threshold that was not read."""
        return pick(STATE_SIGNS[state], "vi") + (DAGGER if unread else "")

    def marks(self, marks: pd.Series) -> str:
        """The marks of several rows, each once."""
        return "; ".join(self.mark(mark) for mark in dict.fromkeys(marks))


class ExportMoney(ExportForms):
    """The need as means, which add up, with the usual range beside them; capital allotted and
    expected apart.
    """

    def _funds(self):
        """The pots that the need claims on, investment before recurrent, cement in kind last; a
        head each.
        """
        pots = self.workbook.tables["pots"].set_index("pot")
        claimed = {pot for claims in self.needs.together.works.get("claims", []) for pot in claims}
        order = [
            pot
            for capital in ("investment", "recurrent")
            for pot in pots.index[pots["capital"] == capital]
            if pot in claimed
        ]
        heads = {}
        for pot in order:
            group = self.text(f"export_group_{pots.loc[pot, 'capital']}")
            heads[pot] = Head(
                f"p{len(heads)}", pots.loc[pot, f"name_{self.lang}"], 13, WHOLE, group, total=True
            )
        if CEMENT in claimed:
            words = pick(FUND_WORDS["cement"], self.lang)
            heads[CEMENT] = Head(
                f"p{len(heads)}", words, 13, WHOLE, self.text("export_group_in_kind"), total=True
            )
        return list(heads), heads

    def need(self) -> list[Form]:
        """The mean need by commune and by work, each by source; sums of means are the mean of the
        sum.
        """
        if self.needs is None:
            return [
                self.form(name, self.heads("tt:5 unit:60"), [], lead=[self.lacking["need"]])
                for name in ("need", "works")
            ]
        together, (funds, heads) = self.needs.together, self._funds()
        works = (
            together.works[together.works["needed"] > 0] if len(together.works) else together.works
        )
        by_commune = {}
        rows = []
        for work in works.to_dict("records"):
            claims = {pot: work["claims"].get(pot, 0.0) / THOUSAND for pot in funds}
            mine = by_commune.setdefault(work["unit"], dict.fromkeys(funds, 0.0))
            for pot, claim in claims.items():
                mine[pot] += claim
            rows.append(self._work(work, claims))
        names = self.workbook.communes["name"]
        communes = [
            [
                names[unit],
                sum(by_commune[unit].values()),
                *by_commune[unit].values(),
                billions_range(in_millions(together.by["commune"][unit]), self.lang),
                "-",
            ]
            for unit in names.index
            if unit in by_commune
        ]
        sums = [heads[pot] for pot in funds]
        across = f"=SUM({{{sums[0].name}}}{{row}}:{{{sums[-1].name}}}{{row}})" if sums else ""
        money = [
            Head("all", self.text("export_head_all"), 14, WHOLE, total=True, formula=across),
            *sums,
        ]
        totals = {heads[pot].name: sum(mine[pot] for mine in by_commune.values()) for pot in funds}
        shared = {
            "total_label": self.text("export_total"),
            "total": totals | {"all": float(together.total.mean()) / THOUSAND},
            "unit": self.text("unit_million_money"),
            "lead": self._need_lead(),
        }
        of_communes = [*self.heads("tt:5 unit:18"), *money, *self.heads("range:14 note:9")]
        of_works = [
            *self.heads("tt:5 unit:16 criterion:8 work:30 quantity:10:number measure:8"),
            *money,
            *self.heads("chance:9:share year:8 note:9"),
        ]
        return [
            self.form(
                "need", of_communes, communes, notes=[self.text("export_need_notes")], **shared
            ),
            self.form("works", of_works, rows, notes=[self.text("export_works_notes")], **shared),
        ]

    def _work(self, work, claims):
        """The cells of a needed work; ``claims``: its mean claim on each source."""
        item = self.workbook.tables["unit_costs"].set_index("item").loc[work["item"]]
        mark = "reported" if work["sure"] and work["mark"] != "illustrative" else work["mark"]
        return [
            self.workbook.communes.loc[work["unit"], "name"],
            f"{work['criterion']:g}" if work["criterion"] > 0 else None,
            item[f"name_{self.lang}"],
            work["quantity"],
            item[f"measure_{self.lang}"],
            sum(claims.values()),
            *claims.values(),
            work["needed"],
            "..." if pd.isna(work["year"]) else f"{work['year']:g}",
            self.mark(mark),
        ]

    def _need_lead(self):
        """What the need rests on: how it was drawn, how much of it is assumed."""
        together = self.needs.together
        share = together.assumed_share
        drawn = self.text(
            "export_means",
            range=billions_range(in_millions(together.total), self.lang),
            draws=write_number(together.draws, self.lang),
            year=together.price_year,
            share="..." if share != share else f"{100 * share:.0f}%",
        )
        return [*([self.text("export_estimate")] if self.needs.assumed_quantities else []), drawn]

    def capital(self) -> Form:
        """Money of every pot by year: allotted and expected apart; cement pots have their
        own form.
        """
        pots = self.workbook.tables["pots"].set_index("pot")
        rows_ = self.workbook.tables["envelopes"]
        credit = rows_[rows_["pot"].map(pots["fund"]) == "tin_dung"]["amount"].sum()
        rows_ = rows_[
            (rows_["pot"].map(pots["measure"]) == "money")
            & (rows_["pot"].map(pots["fund"]) != "tin_dung")
        ]
        called = self.workbook.units.set_index("code")["name"].to_dict()
        years = sorted({int(y) for y in rows_["year"]})
        kinds = ("allotted", "expected")
        heads = self.heads("tt:5 fund:34 serves:16")
        for kind in kinds:
            heads += [
                Head(f"{kind}{y}", f"{y}", 12, WHOLE, self.text(f"export_group_{kind}"), total=True)
                for y in years
            ]
        heads += self.heads("source:26 note:9")
        rows, totals = [], {head.name: 0.0 for head in heads if head.total}
        for (pot, served), part in rows_.groupby(["pot", "served"], sort=False):
            amounts = part.groupby(["kind", "year"])["amount"].sum()
            cells = [amounts.get((kind, year), 0.0) for kind in kinds for year in years]
            for head, cell in zip((h for h in heads if h.total), cells, strict=True):
                totals[head.name] += cell
            sources = "|".join(dict.fromkeys(s for ids in part["source"] for s in ids.split("|")))
            rows.append(
                [
                    pots.loc[pot, f"name_{self.lang}"],
                    called.get(served, served) or self.text("export_all_served"),
                    *(cell or "-" for cell in cells),
                    self.source(sources),
                    self.marks(part["mark"]),
                ]
            )
        return self.form(
            "capital",
            heads,
            rows,
            total_label=self.text("export_total"),
            total=totals,
            unit=self.text("unit_million_money"),
            notes=[
                self.text(
                    "export_capital_notes",
                    credit=write_number(credit, self.lang, 0) if credit else "-",
                )
            ],
        )

    def debts(self) -> Form:
        """Construction debt, the newest figure of each commune and criterion."""
        debts = newest_debts(self.workbook)
        debts = debts[debts["unit"].isin(self.workbook.units.index)]
        rows = [
            [
                self.workbook.units.loc[d["unit"], "name"],
                f"{d['criterion']:g}" if d["criterion"] == d["criterion"] else None,
                d["amount"],
                d["date"].date(),
                *self.told(d),
            ]
            for d in debts.to_dict("records")
        ]
        heads = self.heads(
            "tt:5 unit:20 criterion:10 amount:14:whole:total date:12:day source:30 note:10"
        )
        return self.form(
            "debts",
            heads,
            rows,
            total_label=self.text("export_total"),
            unit=self.text("unit_million_money"),
            total={"amount": float(debts["amount"].sum())},
            notes=[self.text("export_debt_notes")],
        )

    def cement(self) -> Form:
        """Cement by unit and year: granted, delivered, used; the district has a row of its own,
        which is no sum.
        """
        given = self.workbook.tables["cement"].sort_values(["year", "unit"])
        rows = [
            [
                self.text("export_district")
                if c["unit"] == -1
                else self.workbook.units.loc[c["unit"], "name"],
                f"{c['year']:g}",
                *(c[name] for name in ("granted", "delivered", "used")),
                *self.told(c),
            ]
            for c in given.to_dict("records")
            if c["unit"] == -1 or c["unit"] in self.workbook.units.index
        ]
        notes = [self.text("export_cement_notes")]
        if self.needs is not None and self.needs.together.by["tonnes"]:
            found = sum(self.needs.together.by["tonnes"].values())
            notes.append(
                self.text("export_cement_need", tonnes=write_number(rough(found.mean()), self.lang))
            )
        heads = self.heads(
            "tt:5 unit:24 year:8 granted:14:whole delivered:14:whole used:14:whole source:30 note:10"
        )
        return self.form("cement", heads, rows, unit=self.text("export_tonnes"), notes=notes)


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
            form.lead = [
                self.text("export_lead", place=self.place, day=self.day),
                self.text("draft"),
                *form.lead,
            ]
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
            signs = [
                self.sign(s, u) for s, u in zip(states.loc[unit], unread.loc[unit], strict=True)
            ]
            reported = None if pd.isna(counts.loc[unit, "met"]) else int(counts.loc[unit, "met"])
            words = (
                "-"
                if level.loc[unit, "level"] == "not_ntm"
                else pick(LEVEL_WORDS[level.loc[unit, "level"]], self.lang)
            )
            note = (
                ""
                if level.loc[unit, "level"] == "not_ntm" or level.loc[unit, "sourced"]
                else self.text("inferred")
            )
            rows.append(
                [
                    self.workbook.communes.loc[unit, "name"],
                    *signs,
                    _listed(signs),
                    reported,
                    words,
                    note or "-",
                ]
            )
        numbers = list(states.columns)
        first, last = f"c{numbers[0]}", f"c{numbers[-1]}"
        heads = [
            *self.heads("tt:5 unit:18"),
            *(
                Head(f"c{n}", f"{n}", 5, "General", self.text("export_group_criteria"), total=True)
                for n in numbers
            ),
            Head(
                "listed",
                self.text("export_head_listed"),
                9,
                "0",
                formula=f'=COUNTIF({{{first}}}{{row}}:{{{last}}}{{row}},"{MET}*")',
            ),
            *self.heads("met:9:count level:16 note:12"),
        ]
        totals = {
            f"c{n}": sum(row[1 + i].startswith(MET) for row in rows) for i, n in enumerate(numbers)
        }
        names = self.workbook.law.criteria_of(self.found.set_id)[f"name_{self.lang}"].dropna()
        key = "; ".join(
            f"{pick(STATE_SIGNS[s], 'vi')}: {pick(STATE_WORDS[s], self.lang)}" for s in STATE_SIGNS
        )
        notes = [
            self.text("export_signs", signs=key),
            self.text("legend", parts="; ".join(f"{n}: {name}" for n, name in names.items())),
            self.text("export_listed"),
        ]
        set_ = self.text(
            "judged_by", set=self.workbook.law.sets[self.found.set_id].title[self.lang]
        )
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
        places = self.found.tests["unit"].map(
            self.workbook.communes["order"]
        )  # commune by commune, not by day
        for row in (
            self.found.tests.assign(place=places)
            .sort_values("place", kind="stable")
            .to_dict("records")
        ):
            measure = measures[row["test"]]
            value = pick(STATE_WORDS[row["answer"]], self.lang) if row["answer"] else row["value"]
            level = (
                None
                if pd.isna(row["threshold"])
                else threshold_words(row["threshold"], row["op"], measure, self.lang)
            )
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
        """Communes on the planned list and pledges, each with its kind; a pledge is no
        registration.
        """
        rows = []
        for target in (
            self.workbook.tables["targets"]
            .sort_values(["year", "kind", "level", "unit"])
            .to_dict("records")
        ):
            if target["unit"] not in self.workbook.communes.index:
                continue
            counts = assess(self.workbook, self.workbook.default_set(target["level"])).counts.loc[
                target["unit"]
            ]
            met = None if pd.isna(counts["met"]) else int(counts["met"])
            missing = ", ".join(map(str, counts["missing"])) or (
                "..." if counts["unknown"] else "-"
            )
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
        heads = self.heads(
            "tt:5 unit:18 level:24 year:8 kind:20 met:8:count of:8:count missing:18 source:24 note:9"
        )
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
        """Each commune's chance and dates; the district's number with its usual range above the
        table.
        """
        if self.made is None:
            return [
                self.form(
                    "forecast", self.heads("tt:5 unit:60"), [], lead=[self.lacking["forecast"]]
                )
            ]
        made, figures = self.made, self.made["finishing"]
        rows = []
        for c in made["communes"]:
            days = [
                c[f"p{q}_date"] and dt.date.fromisoformat(c[f"p{q}_date"]) for q in (10, 50, 90)
            ]
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
        return [
            self.form(
                "forecast", heads, rows, lead=lead, notes=[self.text("export_forecast_notes")]
            )
        ]

    def contents(self, forms: list[Form]) -> Form:
        """What the workbook is, its sheets, its signs, how much of it is known."""
        rows = [[f"{n}", form.title, form.sheet] for n, form in enumerate(forms, start=1)]
        key = "; ".join(
            f"{pick(STATE_SIGNS[s], 'vi')}: {pick(STATE_WORDS[s], self.lang)}" for s in STATE_SIGNS
        )
        marks = "; ".join(
            f"{self.mark(m)}: {pick(MARK_WORDS[m], self.lang)}"
            for m in ("reported", "assumed", "illustrative")
        )
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
            self.text(
                "footer_data", id=self.workbook.id, hash=self.workbook.content_hash, day=self.day
            ),
        ]
        heads = self.heads("tt:6 content:80 sheet:26")
        lead = [self.text("illustrative_long")] if self.workbook.illustrative else []
        title = self.text("export_cover", place=self.place.upper(), day=self.day)
        return Form(
            self.text("export_sheet_contents"),
            title,
            "",
            heads,
            rows,
            lead=[*lead, self.text("draft")],
            notes=notes,
        )


def _listed(signs):
    return sum(sign.startswith(MET) for sign in signs)


def exported(workbook: Workbook, lang: str, draws: int, seed: int) -> tuple[int, bytes]:
    """The office workbook of a data set: how many forms, and the file.

    What the data lack for need or forecast is told there.
    """
    lacking = {}

    def found(name, answer):
        try:
            return answer()
        except DataProblems as error:
            lacking[name] = " ".join(
                line.strip() for line in report(error.problems, lang).splitlines()[1:]
            )
            return None

    needs = found("need", lambda: demand(workbook, draws=draws, seed=seed))
    made = found("forecast", lambda: forecast_record(forecast(workbook, draws=draws, seed=seed)))
    forms = Export(workbook, lang, needs, made, lacking).forms()
    header = text("illustrative_long", lang) if workbook.illustrative else text("draft", lang)
    return len(forms) - 1, office_book(forms, workbook.as_of, header)

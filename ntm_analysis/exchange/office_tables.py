"""All forms of the office workbook."""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ..data import CEMENT, Workbook
from ..forecasts import forecast
from ..language import (
    FUND_WORDS,
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
from ..pages import DAY_FORMAT, NUMBER_FORMAT, SHARE_FORMAT, WHOLE_FORMAT, Form, Head, office_book
from ..results import (
    ForecastResult,
    billions_range,
    main_obstacle,
    mark_shares_words,
    rough,
    threshold_text,
)
from ..standing import Standing, assess, knowledge_shares, levels
from ..tables import DataProblemsError, report

DAGGER = "†"
FORMATS = {
    "": "",
    "number": NUMBER_FORMAT,
    "whole": WHOLE_FORMAT,
    "share": SHARE_FORMAT,
    "day": DAY_FORMAT,
    "count": "0",
}


MET = "Đ"  # all signs of a criterion met begin with it, and no other sign does


@dataclass
class Export:
    """All forms of a data set in one language; ``needs``: what finishing costs, ``outlook``: the
    forecast's record, each None with the reason in ``lacking`` ("need", "forecast") where it cannot
    be told.
    """

    workbook: Workbook
    lang: str
    needs: Demand | None
    outlook: dict | None
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

    def origin(self, row: dict) -> tuple[str, str]:
        """By whom a row was told, and its mark."""
        return self.source(row["source"]), self.mark(row["mark"])

    def heads(self, *parts: str | Head) -> list[Head]:
        """Columns; in a text by name, width, format of figures and whether the first row adds them
        up: ``"tt:5 amount:14:whole:total"``.
        """
        heads = []
        for part in parts:
            if isinstance(part, Head):
                heads.append(part)
                continue
            for spec in part.split():
                name, width, *more = spec.split(":")
                label, kind = self.text(f"export_head_{name}"), FORMATS[more[0] if more else ""]
                heads.append(Head(name, label, int(width), kind, total="total" in more))
        return heads

    def form(self, name: str, heads: list[Head], rows: list[list[object]], **more) -> Form:
        """A form with its texts; ``rows`` without the number that each begins with.

        None: one row that says so. ``money``: in millions of dong, added up.
        """
        rows = [[f"{n}", *row] for n, row in enumerate(rows, start=1)]
        if more.pop("money", False):
            more |= {"total_label": self.text("export_total")}
            more |= {"unit": self.text("unit_million_money")}
        if not rows:
            rows = [["", self.text("export_none"), *[None] * (len(heads) - 2)]]
            more.pop("total_label", None)
        if unit := more.pop("unit", ""):
            unit = self.text("table_unit", unit=unit)
        sheet, title = (self.text(f"export_{key}_{name}") for key in ("sheet", "title"))
        return Form(sheet, title, unit, heads, rows, **more)

    def about_units(self, name, heads, rows, cells, district=None, **more):
        """A form about units of the district: what each is called, the ``cells`` of its row, who
        told it. ``district``: what the district itself is called where it has rows.
        """
        names = self.workbook.units["name"].to_dict()
        names |= {-1: district} if district else {}
        rows = [
            [names[row["unit"]], *cells(row), *self.origin(row)]
            for row in rows.to_dict("records")
            if row["unit"] in names
        ]
        return self.form(name, heads, rows, **more)

    def sign(self, state: str, unread: bool) -> str:
        """A state by its letters, with a dagger where it rests on a threshold that was not read."""
        return pick(STATE_SIGNS[state], "vi") + (DAGGER if unread else "")

    def _funds(self):
        """The pots that the need claims on, investment before recurrent, cement in kind last; a
        head each.
        """
        pots = self.workbook.tables["pots"].set_index("pot")
        claimed = {pot for claims in self.needs.together.works.get("claims", []) for pot in claims}
        columns = [
            (pot, pots.loc[pot, f"name_{self.lang}"], capital)
            for capital in ("investment", "recurrent")
            for pot in pots.index[pots["capital"] == capital]
        ]
        columns.append((CEMENT, pick(FUND_WORDS["cement"], self.lang), "in_kind"))
        heads = {}
        for pot, name, capital in columns:
            if pot in claimed:
                group = self.text(f"export_group_{capital}")
                heads[pot] = Head(f"p{len(heads)}", name, 13, WHOLE_FORMAT, group, total=True)
        return heads

    def need(self) -> list[Form]:
        """The mean need by commune and by work, each by source; sums of means are the mean of the
        sum.
        """
        if self.needs is None:
            return [self.lacking_form(name, "need") for name in ("need", "works")]
        together, heads = self.needs.together, self._funds()
        works = together.works
        works = works[works["needed"] > 0] if len(works) else works
        by_commune = {}
        rows = []
        for work in works.to_dict("records"):
            claims = {pot: work["claims"].get(pot, 0.0) / THOUSAND for pot in heads}
            mine = by_commune.setdefault(work["unit"], dict.fromkeys(heads, 0.0))
            for pot, claim in claims.items():
                mine[pot] += claim
            rows.append(self._work(work, claims))
        communes = [
            [
                name,
                sum(by_commune[unit].values()),
                *by_commune[unit].values(),
                billions_range(in_millions(together.by["commune"][unit]), self.lang),
                "-",
            ]
            for unit, name in self.workbook.communes["name"].items()
            if unit in by_commune
        ]
        sums = list(heads.values())
        across = f"=SUM({{{sums[0].name}}}{{row}}:{{{sums[-1].name}}}{{row}})" if sums else ""
        label = self.text("export_head_all")
        amounts = [Head("all", label, 14, WHOLE_FORMAT, total=True, formula=across), *sums]
        totals = {
            head.name: sum(mine[pot] for mine in by_commune.values()) for pot, head in heads.items()
        }
        totals["all"] = float(together.total.mean()) / THOUSAND
        shared = {"money": True, "total": totals, "lead": self._need_lead()}
        of_communes = self.heads("tt:5 unit:18", *amounts, "range:14 note:9")
        of_works = self.heads(
            "tt:5 unit:16 criterion:8 work:30 quantity:10:number measure:8",
            *amounts,
            "chance:9:share year:8 note:9",
        )
        return [
            self.form(name, heads, rows, notes=[self.text(f"export_{name}_notes")], **shared)
            for name, heads, rows in (("need", of_communes, communes), ("works", of_works, rows))
        ]

    def lacking_form(self, name: str, answer: str) -> Form:
        """A form that only says what the data lack for it."""
        return self.form(name, self.heads("tt:5 unit:60"), [], lead=[self.lacking[answer]])

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
        envelopes = self.workbook.tables["envelopes"]
        is_credit = envelopes["pot"].map(pots["fund"]) == "tin_dung"
        credit = envelopes[is_credit]["amount"].sum()
        envelopes = envelopes[(envelopes["pot"].map(pots["measure"]) == "money") & ~is_credit]
        units = self.workbook.units.set_index("code")["name"].to_dict()
        years = sorted({int(year) for year in envelopes["year"]})
        kinds = ("allotted", "expected")
        amounts = [
            Head(
                f"{kind}{y}",
                f"{y}",
                12,
                WHOLE_FORMAT,
                self.text(f"export_group_{kind}"),
                total=True,
            )
            for kind in kinds
            for y in years
        ]
        rows, totals = [], dict.fromkeys((head.name for head in amounts), 0.0)
        for (pot, served), part in envelopes.groupby(["pot", "served"], sort=False):
            sums = part.groupby(["kind", "year"])["amount"].sum()
            cells = [sums.get((kind, year), 0.0) for kind in kinds for year in years]
            for name, cell in zip(totals, cells, strict=True):
                totals[name] += cell
            rows.append(
                [
                    pots.loc[pot, f"name_{self.lang}"],
                    units.get(served, served) or self.text("export_all_served"),
                    *(cell or "-" for cell in cells),
                    self.source("|".join(dict.fromkeys("|".join(part["source"]).split("|")))),
                    "; ".join(map(self.mark, dict.fromkeys(part["mark"]))),
                ]
            )
        heads = self.heads("tt:5 fund:34 serves:16", *amounts, "source:26 note:9")
        credit = write_number(credit, self.lang, 0) if credit else "-"
        notes = [self.text("export_capital_notes", credit=credit)]
        return self.form("capital", heads, rows, money=True, total=totals, notes=notes)

    def debts(self) -> Form:
        """Construction debt, the newest figure of each commune and criterion."""
        debts = newest_debts(self.workbook)
        debts = debts[debts["unit"].isin(self.workbook.units.index)]

        def cells(debt):
            criterion = debt["criterion"]
            number = f"{criterion:g}" if criterion == criterion else None
            return number, debt["amount"], debt["date"].date()

        heads = self.heads(
            "tt:5 unit:20 criterion:10 amount:14:whole:total date:12:day source:30 note:10"
        )
        total, notes = {"amount": float(debts["amount"].sum())}, [self.text("export_debt_notes")]
        return self.about_units("debts", heads, debts, cells, money=True, total=total, notes=notes)

    def cement(self) -> Form:
        """Cement by unit and year: granted, delivered, used; the district has a row of its own,
        which is no sum.
        """
        notes = [self.text("export_cement_notes")]
        if self.needs is not None and self.needs.together.by["tonnes"]:
            tonnes = rough(sum(self.needs.together.by["tonnes"].values()).mean())
            notes.append(self.text("export_cement_need", tonnes=write_number(tonnes, self.lang)))
        return self.about_units(
            "cement",
            self.heads(
                "tt:5 unit:24 year:8 granted:14:whole delivered:14:whole used:14:whole "
                "source:30 note:10"
            ),
            self.workbook.tables["cement"].sort_values(["year", "unit"]),
            lambda row: (f"{row['year']:g}", row["granted"], row["delivered"], row["used"]),
            district=self.text("export_district"),
            unit=self.text("export_tonnes"),
            notes=notes,
        )

    def forms(self) -> list[Form]:
        """All sheets in order, the contents first."""
        forms = [
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
        for number, form in enumerate(forms, start=1):
            form.title = f"{self.text('table_number', number=number)}. {form.title}"
            form.lead = [
                self.text("export_lead", place=self.place, day=self.day),
                self.text("draft"),
                *form.lead,
            ]
            if self.workbook.illustrative:
                form.lead.insert(0, self.text("illustrative_long"))
            form.signed = (self.text("export_prepared"), self.text("export_head"))
        return [self.contents(forms), *forms]

    @cached_property
    def ntm(self) -> Standing:
        """The standing at the NTM level, by the set that the data set reports it in."""
        return assess(self.workbook, self.workbook.default_set("ntm"))

    @property
    def set_title(self) -> str:
        """The set of :attr:`ntm` as it is called."""
        return self.workbook.law.sets[self.ntm.set_id].title[self.lang]

    def signs_key(self) -> str:
        """The key of the signs of states."""
        key = "; ".join(
            f"{pick(sign, 'vi')}: {pick(STATE_WORDS[state], self.lang)}"
            for state, sign in STATE_SIGNS.items()
        )
        return self.text("export_signs", signs=key)

    def standing(self) -> Form:
        """Communes by criteria; the count of each row and column is a formula over the signs."""
        states, unread, counts = self.ntm.matrix(), self.ntm.unread(), self.ntm.counts
        recognised = levels(self.workbook)
        rows = []
        for unit, name in self.workbook.communes["name"].items():
            signs = list(map(self.sign, states.loc[unit], unread.loc[unit]))
            met, (level, note) = _whole(counts.loc[unit, "met"]), self._level(recognised.loc[unit])
            rows.append([name, *signs, _listed(signs), met, level, note])
        numbers = list(states.columns)
        first, last = f"c{numbers[0]}", f"c{numbers[-1]}"
        across = f'=COUNTIF({{{first}}}{{row}}:{{{last}}}{{row}},"{MET}*")'
        group = self.text("export_group_criteria")
        heads = self.heads(
            "tt:5 unit:18",
            *(Head(f"c{n}", f"{n}", 5, "General", group, total=True) for n in numbers),
            Head("listed", self.text("export_head_listed"), 9, "0", formula=across),
            "met:9:count level:16 note:12",
        )
        names = self.workbook.law.criteria_of(self.ntm.set_id)[f"name_{self.lang}"].dropna()
        legend = "; ".join(f"{n}: {name}" for n, name in names.items())
        return self.form(
            "standing",
            heads,
            rows,
            total_label=self.text("export_met_communes"),
            total={f"c{n}": _listed(row[i] for row in rows) for i, n in enumerate(numbers, 1)},
            count=MET,
            lead=[self.text("judged_by", set=self.set_title)],
            notes=[self.signs_key(), self.text("legend", parts=legend), self.text("export_listed")],
        )

    def _level(self, row):
        """The level of a commune, and whether that is only inferred."""
        if row["level"] == "not_ntm":
            return "-", "-"
        note = "-" if row["sourced"] else self.text("inferred")
        return pick(LEVEL_WORDS[row["level"]], self.lang), note

    def indicators(self) -> Form:
        """Every value reported, against its threshold."""
        law = self.workbook.law.tests
        law = law[law["set"] == self.ntm.set_id].set_index("test")
        names, measures = law[f"name_{self.lang}"], law["unit"]
        # commune by commune, not by day
        places = self.ntm.tests["unit"].map(self.workbook.communes["order"])
        tests = self.ntm.tests.assign(place=places).sort_values("place", kind="stable")

        def cells(row):
            test, measure, judged = row["test"], measures[row["test"]], row["op"] == "judged"
            threshold = row["threshold"], row["op"], measure, self.lang
            level = None if pd.isna(row["threshold"]) else threshold_text(*threshold)
            level = "-" if judged else level
            return [
                test,
                names.get(test, ""),
                pick(STATE_WORDS[row["answer"]], self.lang) if row["answer"] else row["value"],
                measure or "-",
                level and level + ("" if row["checked"] else f" ({DAGGER})"),
                self.sign(row["verdict"], not row["checked"]),
                "-" if judged else row["distance"],
                row["date"].date(),
            ]

        heads = self.heads(
            "tt:5 unit:16 indicator:8 content:44 value:10:number measure:9 threshold:16 result:8 "
            "distance:10:number date:11:day source:20 note:9"
        )
        notes = [self.text("export_unread")]
        return self.about_units("indicators", heads, tests, cells, notes=notes)

    def ocop(self) -> Form:
        """OCOP products with their stars, decision and days."""

        def cells(row):
            days = [None if pd.isna(row[day]) else row[day].date() for day in ("date", "valid_to")]
            return row["product"], row["owner"], int(row["stars"]), row["decision"], *days

        heads = self.heads(
            "tt:5 unit:18 product:26 owner:24 stars:7:count decision:20 date:12:day "
            "valid_to:12:day source:24 note:9"
        )
        return self.about_units("ocop", heads, self.workbook.tables["ocop"], cells)

    def registrations(self) -> Form:
        """Communes on the planned list and pledges, each with its kind; a pledge is no
        registration.
        """
        targets = self.workbook.tables["targets"].sort_values(["year", "kind", "level", "unit"])
        targets = targets[targets["unit"].isin(self.workbook.communes.index)]

        def cells(target):
            set_id = self.workbook.default_set(target["level"])
            counts = assess(self.workbook, set_id).counts.loc[target["unit"]]
            blank = "..." if counts["unknown"] else "-"
            return [
                pick(LEVEL_WORDS[target["level"]], self.lang),
                f"{target['year']:g}",
                self.text(f"kind_{target['kind']}"),
                _whole(counts["met"]),
                int(counts["of"]),
                ", ".join(map(str, counts["missing"])) or blank,
            ]

        heads = self.heads(
            "tt:5 unit:18 level:24 year:8 kind:20 met:8:count of:8:count "
            "missing:18 source:24 note:9"
        )
        return self.about_units("registrations", heads, targets, cells)

    def hamlets(self) -> Form:
        """The hamlets registered, whatever the year."""
        word = self.workbook.meta.get("hamlet_word", {}).get(self.lang, self.text("export_hamlet"))

        def cells(row):
            level = pick(LEVEL_WORDS[row["level"]], self.lang)
            return row["hamlet"], level, f"{row['year']:g}"

        head = Head("hamlet", word.capitalize(), 22)
        heads = self.heads("tt:5 unit:20", head, "level:26 year:8 source:28 note:10")
        hamlets = self.workbook.tables["hamlet_targets"]
        return self.about_units("hamlets", heads, hamlets, cells)

    def forecast(self) -> list[Form]:
        """Each commune's chance and dates; the district's number with its usual range above the
        table.
        """
        if self.outlook is None:
            return [self.lacking_form("forecast", "forecast")]
        outlook, figures = self.outlook, self.outlook["finishing"]
        rows = []
        for c in outlook["communes"]:
            days = [
                c[f"p{q}_date"] and dt.date.fromisoformat(c[f"p{q}_date"]) for q in (10, 50, 90)
            ]
            days = ["-"] * 3 if c["finished"] else days
            held = main_obstacle(c)
            holder = self.text(f"held_{held}") if held else "-"
            note = self.text("export_finished") if c["finished"] else "-"
            rows.append([c["name"], c["p_met"], c["p_signed"], *days, holder, note])
        lead = self.text(
            "export_forecast",
            day=write_date(outlook["deadline"], self.lang),
            mean=write_number(figures["mean"], self.lang, 1),
            low=figures["p10"],
            high=figures["p90"],
            total=outlook["n_communes"],
            draws=write_number(outlook["draws"], self.lang),
        )
        group = self.text("export_group_dates")
        heads = self.heads(
            "tt:5 unit:18 p_met:14:share p_signed:14:share",
            *(Head(f"d{q}", f"P{q}", 13, DAY_FORMAT, group) for q in (10, 50, 90)),
            "held:34 note:18",
        )
        notes = [self.text("export_forecast_notes")]
        return [self.form("forecast", heads, rows, lead=[lead], notes=notes)]

    def contents(self, forms: list[Form]) -> Form:
        """What the workbook is, its sheets, its signs, how much of it is known."""
        rows = [[f"{n}", form.title, form.sheet] for n, form in enumerate(forms, start=1)]
        marks = "; ".join(
            f"{self.mark(m)}: {pick(MARK_WORDS[m], self.lang)}"
            for m in ("reported", "assumed", "illustrative")
        )
        notes = [
            self.signs_key(),
            self.text("export_marks", marks=marks),
            self.text("export_unread"),
            self.text("export_zero"),
            self.text(
                "footer_shares",
                set=self.set_title,
                shares=mark_shares_words(knowledge_shares(self.ntm), self.lang),
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


def _whole(count):
    return None if pd.isna(count) else int(count)


def office_workbook(workbook: Workbook, lang: str, draws: int, seed: int) -> tuple[int, bytes]:
    """The office workbook of a data set: how many forms, and the file.

    What the data lack for need or forecast is told there.
    """
    lacking, options = {}, {"draws": draws, "seed": seed}

    def answer(name, ask):
        try:
            return ask(workbook, **options)
        except DataProblemsError as error:
            lines = report(error.problems, lang).splitlines()[1:]
            lacking[name] = " ".join(map(str.strip, lines))
            return None

    needs, worlds = answer("need", demand), answer("forecast", forecast)
    outlook = None if worlds is None else ForecastResult(worlds).to_dict()
    forms = Export(workbook, lang, needs, outlook, lacking).forms()
    header = text("illustrative_long" if workbook.illustrative else "draft", lang)
    return len(forms) - 1, office_book(forms, workbook.as_of, header)

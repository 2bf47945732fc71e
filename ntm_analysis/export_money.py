"""The forms of money: need by commune and work, capital plan, construction debt, cement."""

import pandas as pd

from .export_forms import ExportForms
from .need.funding import in_millions
from .need.works import THOUSAND, newest_debts
from .need_words import FUND_WORDS, ranged, rough
from .office_book import WHOLE, Form, Head
from .office_numbers import write_number
from .plan_checks import CEMENT
from .words import pick


class ExportMoney(ExportForms):
    """The need as means, which add up, with the usual range beside them; capital allotted and expected apart."""

    def _funds(self):
        """The pots that the need claims on, investment before recurrent, cement in kind last; a head each."""
        pots = self.workbook.tables["pots"].set_index("pot")
        claimed = {pot for claims in self.needs.together.works.get("claims", []) for pot in claims}
        order = [
            pot for capital in ("investment", "recurrent") for pot in pots.index[pots["capital"] == capital] if pot in claimed
        ]
        heads = {}
        for pot in order:
            group = self.text(f"export_group_{pots.loc[pot, 'capital']}")
            heads[pot] = Head(f"p{len(heads)}", pots.loc[pot, f"name_{self.lang}"], 13, WHOLE, group, total=True)
        if CEMENT in claimed:
            words = pick(FUND_WORDS["cement"], self.lang)
            heads[CEMENT] = Head(f"p{len(heads)}", words, 13, WHOLE, self.text("export_group_in_kind"), total=True)
        return list(heads), heads

    def need(self) -> list[Form]:
        """The mean need by commune and by work, each by source; sums of means are the mean of the sum."""
        if self.needs is None:
            return [self.form(name, self.heads("tt:5 unit:60"), [], lead=[self.lacking["need"]]) for name in ("need", "works")]
        together, (funds, heads) = self.needs.together, self._funds()
        works = together.works[together.works["needed"] > 0] if len(together.works) else together.works
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
            [names[unit], sum(by_commune[unit].values()), *by_commune[unit].values(),
             ranged(in_millions(together.by["commune"][unit]), self.lang), "-"]
            for unit in names.index
            if unit in by_commune
        ]  # fmt: skip
        sums = [heads[pot] for pot in funds]
        across = f"=SUM({{{sums[0].name}}}{{row}}:{{{sums[-1].name}}}{{row}})" if sums else ""
        money = [Head("all", self.text("export_head_all"), 14, WHOLE, total=True, formula=across), *sums]
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
            self.form("need", of_communes, communes, notes=[self.text("export_need_notes")], **shared),
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
            range=ranged(in_millions(together.total), self.lang),
            draws=write_number(together.draws, self.lang),
            year=together.price_year,
            share="..." if share != share else f"{100 * share:.0f}%",
        )
        return [*([self.text("export_estimate")] if self.needs.assumed_quantities else []), drawn]

    def capital(self) -> Form:
        """Money of every pot by year: allotted and expected apart; cement pots have their own form."""
        pots = self.workbook.tables["pots"].set_index("pot")
        rows_ = self.workbook.tables["envelopes"]
        credit = rows_[rows_["pot"].map(pots["fund"]) == "tin_dung"]["amount"].sum()
        rows_ = rows_[(rows_["pot"].map(pots["measure"]) == "money") & (rows_["pot"].map(pots["fund"]) != "tin_dung")]
        called = self.workbook.units.set_index("code")["name"].to_dict()
        years = sorted({int(y) for y in rows_["year"]})
        kinds = ("allotted", "expected")
        heads = self.heads("tt:5 fund:34 serves:16")
        for kind in kinds:
            heads += [Head(f"{kind}{y}", f"{y}", 12, WHOLE, self.text(f"export_group_{kind}"), total=True) for y in years]
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
            notes=[self.text("export_capital_notes", credit=write_number(credit, self.lang, 0) if credit else "-")],
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
        heads = self.heads("tt:5 unit:20 criterion:10 amount:14:whole:total date:12:day source:30 note:10")
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
        """Cement by unit and year: granted, delivered, used; the district has a row of its own, which is no sum."""
        given = self.workbook.tables["cement"].sort_values(["year", "unit"])
        rows = [
            [
                self.text("export_district") if c["unit"] == -1 else self.workbook.units.loc[c["unit"], "name"],
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
            notes.append(self.text("export_cement_need", tonnes=write_number(rough(found.mean()), self.lang)))
        heads = self.heads("tt:5 unit:24 year:8 granted:14:whole delivered:14:whole used:14:whole source:30 note:10")
        return self.form("cement", heads, rows, unit=self.text("export_tonnes"), notes=notes)

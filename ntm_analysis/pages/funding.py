"""The funding need on a page: what finishing costs, who pays, where the gap is, what it
rests on.
"""

from functools import cache

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..language import CAPITAL_WORDS, FUND_WORDS, check_parameters, pick
from ..needs import (
    DRAWS,
    SEED,
    THOUSAND,
    Demand,
    Need,
    demand,
    in_millions,
    movers,
    newest_debts,
    works_not_needed,
)
from ..results import (
    NeedResult,
    billions,
    billions_range,
    criterion_label,
    funding_gap_sentence,
    need_assumed_sentence,
    need_sentence,
    rough,
    whole_percent,
)
from ..tables import DataProblemsError
from .charts import picture, waterfall
from .page import Part, TargetsPage, reject
from .tables import export_folder, write_tables

CEMENT = ("granted", "delivered", "used")


class FundingParts(TargetsPage):
    """A page that can show the funding need, for the district or for one commune.

    Figures are in billion đồng, two digits.
    """

    draws, seed, until, target = DRAWS, SEED, 0, "ntm"

    @cache  # noqa: B019 - a page lives as long as its notebook
    def demand(self, target: str = "", unit: int | None = None) -> tuple[Demand, dict]:
        """The demand for a target (default: the page's own), of the district or of one commune, and
        its record.
        """
        target = target or self.target
        question = {"until": self.until or None, "draws": self.draws, "seed": self.seed}
        standing = self.standing(self.workbook.default_set("ntm"))

        def make():
            units = None if unit is None else [unit]
            drawn = demand(self.workbook, target, units=units, standing=standing, **question)
            return drawn, NeedResult(self.workbook, drawn).to_dict()

        # The need of one commune is asked for by its own page alone: it is not kept.
        return self.keep("need", make, target=target, **question) if unit is None else make()

    def known(self, unit: int | None = None) -> bool:
        """Whether enough was known on the as-of date to count a need, of the district or of one
        commune.
        """
        try:
            self.demand("ntm", unit)
        except DataProblemsError:
            return False
        return True

    def exported(self, stem: str, edition: str, *lead: str) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files, each led by the
        page's heading, what it is and the lines ``lead``; say where.
        """
        folder, place = export_folder(self.workbook)
        stem = f"{stem}_{self.workbook.as_of}" + "_en" * (self.lang == "en")
        stem += "" if self.internal else "_cong-khai"
        invented = [self.text("illustrative_long")] * self.workbook.illustrative
        lead = [self.heading, self.text("draft"), *invented, *lead]
        paths = write_tables(
            self.tables, folder, stem + edition, self.workbook.as_of, lead, self.lang
        )
        return Part(self.key("export_made", folder=place, file=paths[0].name, n=len(paths) - 1))

    def billions(self, million: float | None) -> str:
        """Million đồng as billion đồng."""
        return billions(million, self.lang)

    def figures(self, row: dict) -> tuple[str, str]:
        """Median and usual range of a row of the record, in billion đồng."""
        return self.billions(row["p50"]), billions_range(row, self.lang)

    def rough(self, value: float) -> str:
        """A figure to two digits."""
        return self.number(rough(value))

    def _fund(self, row):
        """A source of money and the kind of capital, of a row with both."""
        return [
            pick(FUND_WORDS[row["source"]], self.lang),
            pick(CAPITAL_WORDS[row["capital"]], self.lang),
        ]

    def need_summary(self) -> Part:
        """What finishing costs, planned money, the gap, how much is assumed; the way from need to
        gap as a chart.
        """
        if not self.known():
            return self.section("nhu-cau-von", self.text("need_not_known", day=self.day))
        record = self.demand()[1]
        without = ", ".join(map(str, record["without_works"]))
        unpriced = self.text("need_without", numbers=without) if without else ""
        if not record["total"]["mean"]:
            return self.section("nhu-cau-von", need_sentence(record, 0, self.lang), unpriced)
        verdict = need_sentence(record, len(record["by_commune"]), self.lang)
        pots_note = "" if self.workbook.illustrative else self.text("need_pots_note")
        return self.section(
            "nhu-cau-von",
            self.paragraph(verdict, "verdict"),
            self.paragraph(self._assumed(), "banner"),
            funding_gap_sentence(self.workbook, record, self.lang),
            unpriced,
            self._waterfall(),
            self.source_table(),
            self.pots_table(),
            self.paragraph(pots_note, "key"),
            self.key("need_recurrent_note"),
        )

    def _assumed(self, *question):
        """How much of the need rests on assumptions."""
        drawn, record = self.demand(*question)
        return need_assumed_sentence(record, drawn.assumed_quantities, self.lang)

    def _waterfall(self) -> str:
        """The way from the mean need to the mean gap: cement, what each source pays at usual
        shares, what others pay for it.
        """
        drawn, record = self.demand()
        money, need = drawn.money, drawn.together
        pots = money.pots
        million = {"need": record["total"]["mean"], "gap": record["gap"]["mean"]}
        covered = need.sum("cement").astype(float)
        for pot in pots.index[pots["measure"] == "cement"]:
            tonnes = np.sum(list(need.by["tonnes"].values()), axis=0)
            covered = covered * (1 - money.by_pot[pot] / np.maximum(tonnes, 1))
        million["cement"] = covered.mean() / THOUSAND
        steps = {self.text("waterfall_cement"): million["cement"]}
        for pot in pots.index[pots["measure"] == "money"]:
            name = pick(FUND_WORDS[pots.loc[pot, "fund"]], self.lang)
            paid = need.by["pot"].get(pot, np.zeros(1)).mean() - money.by_pot[pot].mean()
            steps[name] = steps.get(name, 0.0) + paid / THOUSAND
        million["paid"] = million["need"] - million["cement"] - million["gap"]
        stand_in = million["need"] - million["gap"] - sum(steps.values())
        steps[self.text("waterfall_stand_in")] = stand_in
        alt = self.text("waterfall_alt", **{k: self.billions(v) for k, v in million.items()})
        billion = {name: value / 1000 for name, value in steps.items() if value >= 1}
        return picture(
            waterfall(million["need"] / 1000, billion, million["gap"] / 1000, self.lang), alt
        )

    def pots_table(self) -> Markup:
        """What each pot lacks at usual shares: beside each other, never added up."""
        drawn, record = self.demand()
        names = drawn.money.pots[f"name_{self.lang}"]
        rows = [
            [names[row["pot"]], self.billions(row["mean"]), billions_range(row, self.lang)]
            for row in record["gap"]["by_pot"]
            if row["mean"]
        ]
        return self.table("need_pots", "tt fund:name gap:num usual:num", rows, unit="unit_billion")

    def source_table(self) -> Markup:
        """Need, allotted and expected by source, investment and recurrent capital apart."""
        drawn, record = self.demand()
        money = drawn.money.pots[drawn.money.pots["measure"] == "money"]
        needs = {(row["source"], row["capital"]): row for row in record["by_source"]}

        def amounts(pots):
            return [self.billions(pots[c].sum(min_count=1)) for c in ("allotted", "planned")]

        held = money[money["fund"] != "tin_dung"]
        total = ["", self.text("total_row"), "", *self.figures(record["total"]), *amounts(held), ""]
        rows = [total]
        for (fund, capital), pots in money.groupby(["fund", "capital"], sort=False):
            row = {"source": fund, "capital": capital, "p10": 0, "p50": 0, "p90": 0}
            row = needs.get((fund, capital), row)
            mark = self.text("assumed_short") if (pots["mark"] == "assumed").any() else ""
            rows.append([*self._fund(row), *self.figures(row), *amounts(pots), mark])
        if drawn.together.sum("cement").any():
            row = needs["cement", "in_kind"]
            rows.append([*self._fund(row), *self.figures(row), "...", "...", ""])
        columns = "tt fund:name capital need:num usual:num allotted:num expected:num note"
        return self.table("need_source", columns, rows, unit="unit_billion")

    def need_tables(self) -> Part:
        """The need by criterion, planned year and commune."""
        if not self.known():
            return Part("")
        drawn, record = self.demand()
        total = ["", self.text("total_row"), *self.figures(record["total"])]
        criteria = [
            [criterion_label(row, self.lang), *self.figures(row)] for row in record["by_criterion"]
        ]
        years = [
            [str(row["year"] or self.text("need_unplanned")), *self.figures(row)]
            for row in record["by_year"]
        ]
        by_household = self.internal or not (
            drawn.assumed_quantities or drawn.together.assumed_share
        )
        units, communes = self.workbook.communes.reset_index().set_index("code"), []
        for row in record["by_commune"]:
            unit, households = units.loc[row["code"], ["index", "households"]]
            people = drawn.together.by["people"].get(unit, np.zeros(1)).mean() / THOUSAND
            each = people / households
            cells = [row["name"], *self.figures(row), self.billions(people)]
            if by_household:
                cells.append(self.rough(each) if each == each else "...")
            communes.append(cells)
        columns = "tt unit:name need:num usual:num people:num" + " household:num" * by_household
        unit, usual = "unit_billion", "need:num usual:num"
        return self.section(
            "chi-tiet",
            self.table("need_criterion", f"tt name:name {usual}", [total, *criteria], unit=unit),
            self.table("need_year", f"tt year:name {usual}", [total, *years], unit=unit),
            self.table("need_commune", columns, communes, unit=unit),
            self.key("need_one_like"),
        )

    def _higher(self, unit: int) -> dict[str, Need]:
        """The need of one commune for the levels above NTM that it is planned for, by level."""
        planned = self.targets_of("plan")
        if not ((planned["unit"] == unit) & (planned["level"] != "ntm")).any():
            return {}
        needs = self.demand("registered", unit)[0].needs
        return {level: need for level, need in needs.items() if level != "ntm"}

    def works_table(self, unit: int) -> Markup:
        """The works of one commune: quantity, cost with its range, year, chance that it is
        needed.
        """
        needs = [self.demand("ntm", unit)[0].needs["ntm"], *self._higher(unit).values()]
        works = pd.concat([need.works for need in needs if len(need.works)] or [needs[0].works])
        items = self.workbook.tables["unit_costs"].set_index("item")
        rows = []
        for _, work in works[(works["needed"] > 0) | works["listed"]].iterrows():
            item = items.loc[work["item"]]
            money = {name: work[name] / THOUSAND for name in ("p10", "p50", "p90")}
            sure = "" if work["mark"] == "illustrative" else self.text("reported_short")
            rows.append(
                [
                    item[f"name_{self.lang}"],
                    f"{work['criterion']:g}" if work["criterion"] > 0 else "...",
                    f"{self.rough(work['quantity'])} {item[f'measure_{self.lang}']}",
                    whole_percent(1 - work["left"]) if work["listed"] else "...",
                    *self.figures(money),
                    "..." if pd.isna(work["year"]) else f"{work['year']:g}",
                    whole_percent(work["needed"]),
                    sure if work["sure"] else self.text("assumed_short"),
                ]
            )
        columns = (
            "tt works:name criterion quantity done:num if_needed:num usual:num year chance:num note"
        )
        return self.table("need_works", columns, rows, unit="unit_billion")

    def commune_need(self, unit: int, title: str = "") -> Part:
        """The need of one commune: its sum, its works, the registered higher level apart, debt."""
        not_known = [self.text("need_not_known", day=self.day)]
        parts = self._commune_parts(unit) if self.known(unit) else not_known
        return self.section("nhu-cau-xa", *parts, heading="nhu-cau-von", title=title)

    def _commune_parts(self, unit):
        record, lines = self.demand("ntm", unit)[1], []
        if record["total"]["mean"]:
            mid, usual = self.figures(record["total"])
            figures = {"year": record["price_year"], "draws": self.number(record["draws"])}
            lines = [self.text("need_commune", mid=mid, range=usual, **figures)]
            lines.append(self._assumed("ntm", unit))
        elif self.level.loc[unit, "level"] != "not_ntm":
            lines = [self.text("need_commune_none")]
        for level, need in self._higher(unit).items():
            if need.total.any():
                mid, usual = self.figures(in_millions(need.total))
                words = self.level_words(level)
                lines.append(self.text("need_higher", level=words, mid=mid, range=usual))
        return [
            *lines,
            self.commune_sources(unit),
            self.works_table(unit),
            self.work_warnings(unit),
            self.debts_table([unit]) if self.internal else "",
        ]

    def commune_sources(self, unit: int) -> Markup:
        """The need of one commune by source, its cement, and what the people give (to the public
        only when all is reported).
        """
        drawn, record = self.demand("ntm", unit)
        if not record["total"]["mean"]:
            return Markup("")
        rows = [[*self._fund(row), *self.figures(row)] for row in record["by_source"]]
        columns = "tt fund:name capital need:num usual:num"
        table = self.table("need_source", columns, rows, unit="unit_billion")
        tonnes, usual = self._tonnes(record["cement"]["need"])
        lines = [self.text("need_commune_pots", tonnes=tonnes, range=usual)]
        cement = self.workbook.tables["cement"]
        for _, row in cement[cement["unit"] == unit].sort_values("year").iterrows():
            amounts = {name: self.number(row[name], 0) for name in CEMENT}
            lines.append(self.text("need_commune_cement", year=f"{row['year']:g}", **amounts))
        people = drawn.together.by["people"].get(unit)
        households, mark = self.workbook.units.loc[unit, ["households", "mark"]]
        sure = not drawn.together.assumed_share and mark != "assumed"
        if people is not None and households > 0 and (self.internal or sure):
            money = people.mean() / THOUSAND
            each = self.rough(money / households)
            lines.append(self.text("need_commune_people", money=self.billions(money), each=each))
        elif people is not None and people.any() and self.internal:
            mid, usual = self.figures(in_millions(people))
            lines.append(self.text("need_no_households", money=mid, range=usual))
        return table + Markup("").join(map(self.paragraph, lines))

    def _tonnes(self, row):
        """Tonnes of cement: median and usual range."""
        low, mid, high = (self.rough(row[key]) for key in ("p10", "p50", "p90"))
        return mid, f"{low}-{high}"

    def work_warnings(self, unit: int | None = None) -> Markup:
        """Listed works that the standing does not ask for (for the office only)."""
        standing = self.standing(self.workbook.default_set("ntm"))
        label = None if unit is None else self.workbook.units.loc[unit, "label"]
        mine = [
            problem
            for problem in works_not_needed(self.workbook, standing)
            if label in (None, problem.details["unit"])
        ]
        return self.warnings(mine)

    def debts_table(self, units: list[int]) -> str:
        """Construction debt by commune; what is not reported is asked for."""
        debts = newest_debts(self.workbook)
        debts = debts[debts["unit"].isin(units)]
        if debts.empty:
            return self.text("need_no_debts")
        rows = [
            [
                self.name_of(debt["unit"]),
                f"{debt['criterion']:g}",
                self.number(debt["amount"], 0),
                self.date(debt["date"]),
                self.source(debt["source"]),
            ]
            for _, debt in debts.iterrows()
        ]
        return self.paragraph(self.text("need_debts")) + self.table(
            "debts", "tt unit:name criterion debt:num date source", rows
        )

    def cement_and_requests(self) -> Part:
        """Cement needed, granted, delivered and used by year; what the communes ask for;
        construction debt.
        """
        if not self.known():
            return Part("")
        tables, record = self.workbook.tables, self.demand()[1]
        cement = tables["cement"][tables["cement"]["unit"] == -1].set_index("year")
        envelopes, pots = tables["envelopes"], tables["pots"].set_index("pot")["measure"]
        expected = envelopes[envelopes["pot"].map(pots) == "cement"].groupby("year")["amount"].sum()
        needs = {row["year"]: row for row in record["cement"]["by_year"]}
        rows = []
        for year in [*sorted({*expected.index, *cement.index, *filter(None, needs)}), None]:
            row = needs.get(year)
            amounts = [
                self.number(cement.loc[year, name] if year in cement.index else None, 0)
                for name in CEMENT
            ]
            rows.append(
                [
                    self.text("need_unplanned") if year is None else f"{year:g}",
                    *(self._tonnes(row) if row and row["p90"] else ("-", "-")),
                    "..." if year is None else self.number(expected.get(year), 0),
                    *amounts,
                ]
            )
        goals = tables["goals"]
        requests = [
            [goal[f"text_{self.lang}"], self.source(goal["source"])]
            for _, goal in goals[goals["kind"] == "request"].iterrows()
        ]
        columns = (
            "tt year:name tonnes:num usual:num expected:num granted:num delivered:num used:num"
        )
        return self.section(
            "xi-mang",
            self.table("cement", columns, rows),
            self.text("need_cement_none") if cement.empty else "",
            self.table("requests", "tt request:name source", requests),
            self.debts_table(self.workbook.communes.index.tolist()) if self.internal else "",
            self.work_warnings(),
        )

    def registered_need(self) -> Part:
        """The need of the communes on the list of planned targets, level by level."""
        if not self.known():
            return Part("")
        rows = [
            [place, self.level_words(row["level"]), *self.figures(row)]
            for place, row in enumerate(self.demand("registered")[1]["by_level"], start=1)
            if row["mean"]
        ]
        if not rows:
            return Part("")
        columns = "tt aim:name need:num usual:num"
        table = self.table("need_level", columns, rows, unit="unit_billion")
        return self.section("dang-ky", self.text("need_registered_lead"), table)

    def rests_on(self) -> Part:
        """Which assumptions move the need most, and how it compares with published totals."""
        if not self.known():
            return Part("")
        items = self.item_names()
        moved = movers(self.workbook, self.demand("ntm")[0].needs["ntm"], self.seed)
        rows = [
            [
                self.text(f"mover_{row['kind']}", name=items.get(row["item"], "")),
                self.billions(row["low"]),
                self.billions(row["high"]),
            ]
            for _, row in moved.head(3).iterrows()
        ]
        columns = "tt assumption:name low_end:num high_end:num"
        table = self.table("movers", columns, rows, unit="unit_billion")
        return self.section("gia-dinh", table, self.credible())

    def credible(self) -> str:
        """The need of communes at 15 of 19 beside what communes of the province spent (only where
        the data set is theirs).
        """
        counts = self.standing(self.workbook.default_set("ntm")).counts
        near = counts.index[(counts["met"] == 15) & counts["counted"]]
        needs = self.demand()[0].together.by["commune"]
        values = [needs[unit] for unit in near if unit in needs]
        if not values or self.workbook.illustrative:
            return ""
        values = billions_range(in_millions(np.concatenate(values)), self.lang)
        return self.text("need_credible", values=values)


class FundingPage(FundingParts):
    """The parts of ``notebooks/funding_needs.ipynb``, in order; ``commune`` is the one whose works
    are shown.

    ``target``: ntm (all communes) or registered; ``deadline``: money up to its year counts
    (default: the end of the term). Raises ValueError for a scenario that is none,
    :class:`~ntm_analysis.data.workbook.UnknownCommuneError` for a commune that is none.

    >>> "520 tỷ đồng" in FundingPage("data/thanh-chuong").need_summary()
    True
    """

    subject = "funding"
    based_on = (
        "unit_costs works typical_works parts pots envelopes prices count_priors carry_over "
        "criterion_shares cement debts"
    )

    def __init__(
        self,
        dataset: str,
        commune: str = "Thanh Hương",
        *,
        target: str = "ntm",
        scenario: str = "baseline",
        deadline: str = "",
        draws: int = FundingParts.draws,
        seed: int = FundingParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        typed = {"target": target, "deadline": deadline, "draws": draws, "seed": seed}
        faults = check_parameters(typed) + (
            [f"scenario={scenario!r}: must be one of baseline"] if scenario != "baseline" else []
        )
        first, last = self.workbook.as_of, self.workbook.meta["term_end"]["date"]
        if deadline and not faults and not f"{first}" <= deadline <= f"{last}":
            faults.append(f"deadline={deadline!r}: must lie between {first} and {last}")
        reject(faults)
        self.draws, self.seed, self.target = draws, seed, target
        self.until = int(deadline[:4]) if deadline else 0
        self.unit = self.workbook.find(commune)
        self.add_parameters(commune=self.name_of(self.unit), **typed)

    def need_tables(self) -> Part:
        """The need by criterion, year and commune, with a row for signatures."""
        part = super().need_tables()
        return Part(part + self.section("ky", self.signatures())) if part else part

    def commune(self) -> Part:
        """The need of the one commune."""
        return self.commune_need(
            self.unit, self.text("need_of", label=self.workbook.units.loc[self.unit, "label"])
        )

    def form(self) -> Part:
        """The blank form for one commune: every item that was assumed for it, to be filled in by
        hand.
        """
        if not self.known():
            return Part("")
        items = self.workbook.tables["unit_costs"].set_index("item")
        items = items[[f"name_{self.lang}", f"measure_{self.lang}"]]
        works = self.demand("ntm", self.unit)[0].needs["ntm"].works
        assumed = dict.fromkeys(works.loc[works["mark"] == "assumed", "item"])
        if not assumed:
            return Part("")
        rows = [[*items.loc[item], *[""] * 4] for item in assumed]
        table = self.table("form", "tt works:name measure missing_quantity done money note", rows)
        return self.section("bieu-trong", self.text("form_lead"), table, self.signatures())

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        edition = f"_{self.workbook.units.loc[self.unit, 'slug']}"
        edition += "_dang-ky" * (self.target == "registered")
        some = self.known() and self.demand()[1]["total"]["mean"]
        return self.exported("nhu-cau-von", edition, *[self._assumed()] if some else ())

"""The funding need on a page: what finishing costs, who pays, where the gap is, what it
rests on.
"""

from functools import cache

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..language import LEVEL_WORDS, check, pick, write_date, write_number
from ..needs import (
    DRAWS,
    SEED,
    THOUSAND,
    Demand,
    Need,
    demand,
    in_millions,
    movers,
    need_record,
    newest_debts,
    works_not_needed,
)
from ..tables import DataProblems, report
from ..wording import (
    CAPITAL_WORDS,
    FUND_WORDS,
    billions,
    billions_range,
    criterion_label,
    gap_sentence,
    need_assumed_sentence,
    need_sentence,
    rough,
)
from .charts import picture, waterfall
from .page import Part, PlanPage
from .tables import export_folder, write_tables


class FundingParts(PlanPage):
    """A page that can show the funding need, for the district or for one commune.

    Figures are in billion đồng, two digits.
    """

    draws, seed, until, target = DRAWS, SEED, 0, "ntm"

    def found(self, target: str = "", unit: int | None = None) -> tuple[Demand, dict]:
        """The demand for a target (default: the page's own), of the district or of one commune, and
        its record.
        """
        return self._drawn(target or self.target, unit)

    @cache  # noqa: B019 - a page lives as long as its notebook
    def _drawn(self, target: str, unit: int | None) -> tuple[Demand, dict]:
        asked = {"until": self.until or None, "draws": self.draws, "seed": self.seed}
        standing = self.standing(self.workbook.default_set("ntm"))

        def make() -> tuple[Demand, dict]:
            made = demand(
                self.workbook,
                target,
                units=None if unit is None else [unit],
                standing=standing,
                **asked,
            )
            return made, need_record(self.workbook, made)

        # The need of one commune is asked for by its own page alone: it is not kept.
        return self.kept("need", make, target=target, **asked) if unit is None else make()

    def known(self, unit: int | None = None) -> bool:
        """Whether enough was known on the as-of date to count a need, of the district or of one
        commune.
        """
        try:
            self.found("ntm", unit)
        except DataProblems:
            return False
        return True

    def exported(self, stem: str, edition: str, lead: list[str]) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files, each led by the
        lines ``lead``; say where.
        """
        folder, shown = export_folder(self.workbook.id)
        edition = (
            ("_en" if self.lang == "en" else "") + ("" if self.internal else "_cong-khai") + edition
        )
        made = write_tables(self.made, folder, stem + edition, lead, self.lang)
        return Part(
            self.paragraph(
                self.text("export_made", folder=shown, file=made[0].name, n=len(made) - 1), "key"
            )
        )

    def figures(self, row: dict) -> tuple[str, str]:
        """Median and usual range of a row of the record, in billion đồng."""
        return billions(row["p50"], self.lang), billions_range(row, self.lang)

    def need_summary(self) -> Part:
        """What finishing costs, planned money, the gap, how much is assumed; the way from need to
        gap as a chart.
        """
        if not self.known():
            return self.section("nhu-cau-von", self.text("need_not_known", day=self.day))
        made, numbers = self.found()
        without = numbers["without_works"]
        unpriced = (
            self.text("need_without", numbers=", ".join(map(str, without))) if without else ""
        )
        if not numbers["total"]["mean"]:
            return self.section("nhu-cau-von", need_sentence(numbers, 0, self.lang), unpriced)
        verdict = need_sentence(numbers, len(numbers["by_commune"]), self.lang)
        return self.section(
            "nhu-cau-von",
            self.paragraph(verdict, "verdict"),
            self.paragraph(
                need_assumed_sentence(numbers, made.assumed_quantities, self.lang), "banner"
            ),
            self.paragraph(gap_sentence(self.workbook, numbers, self.lang)),
            unpriced,
            self._waterfall(),
            self.source_table(),
            self.pots_table(),
            self.paragraph(
                "" if self.workbook.illustrative else self.text("need_pots_note"), "key"
            ),
            self.paragraph(self.text("need_recurrent_note"), "key"),
        )

    def _waterfall(self) -> str:
        """The way from the mean need to the mean gap: cement, what each source pays at usual
        shares, what others pay for it.
        """
        made, numbers = self.found()
        money, need = made.money, made.together
        pots, million = (
            money.pots,
            {"need": numbers["total"]["mean"], "gap": numbers["gap"]["mean"]},
        )
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
        steps[self.text("waterfall_stand_in")] = (
            million["need"] - million["gap"] - sum(steps.values())
        )
        alt = self.text("waterfall_alt", **{k: billions(v, self.lang) for k, v in million.items()})
        billion = {name: value / 1000 for name, value in steps.items() if value >= 1}
        return picture(
            waterfall(million["need"] / 1000, billion, million["gap"] / 1000, self.lang), alt
        )

    def pots_table(self) -> Markup:
        """What each pot lacks at usual shares: beside each other, never added up."""
        made, numbers = self.found()
        names = made.money.pots[f"name_{self.lang}"]
        rows = [
            [names[row["pot"]], billions(row["mean"], self.lang), billions_range(row, self.lang)]
            for row in numbers["gap"]["by_pot"]
            if row["mean"]
        ]
        rows = [[place, *row] for place, row in enumerate(rows, start=1)]
        return self.table(
            "need_pots", "tt fund:name gap:num usual:num", rows, unit=self.text("unit_billion")
        )

    def source_table(self) -> Markup:
        """Need, allotted and expected by source, investment and recurrent capital apart."""
        made, numbers = self.found()
        money = made.money.pots[made.money.pots["measure"] == "money"]
        needs = {(r["source"], r["capital"]): r for r in numbers["by_source"]}
        rows = []
        total = numbers["total"]
        held = money[money["fund"] != "tin_dung"]
        amounts = (billions(held[c].sum(min_count=1), self.lang) for c in ("allotted", "planned"))
        rows.append(["", self.text("total_row"), "", *self.figures(total), *amounts, ""])
        for place, ((fund, capital), pots) in enumerate(
            money.groupby(["fund", "capital"], sort=False), start=1
        ):
            row = needs.get((fund, capital), {"p10": 0, "p50": 0, "p90": 0})
            amounts = (
                billions(pots[c].sum(min_count=1), self.lang) for c in ("allotted", "planned")
            )
            names = (pick(FUND_WORDS[fund], self.lang), pick(CAPITAL_WORDS[capital], self.lang))
            mark = self.text("assumed_short") if (pots["mark"] == "assumed").any() else ""
            rows.append([place, *names, *self.figures(row), *amounts, mark])
        if made.together.sum("cement").any():
            row = needs[("cement", "in_kind")]
            names = (
                pick(FUND_WORDS["cement"], self.lang),
                pick(CAPITAL_WORDS["in_kind"], self.lang),
            )
            rows.append([len(rows), *names, *self.figures(row), "...", "...", ""])
        columns = "tt fund:name capital need:num usual:num allotted:num expected:num note"
        return self.table("need_source", columns, rows, unit=self.text("unit_billion"))

    def need_tables(self) -> Part:
        """The need by criterion, planned year and commune."""
        if not self.known():
            return Part("")
        made, numbers = self.found()
        billion = {"unit": self.text("unit_billion")}
        total = ["", self.text("total_row"), *self.figures(numbers["total"])]
        criteria = [
            [i, criterion_label(r, self.lang), *self.figures(r)]
            for i, r in enumerate(numbers["by_criterion"], start=1)
        ]
        years = [
            [
                i,
                self.text("need_unplanned") if r["year"] is None else str(r["year"]),
                *self.figures(r),
            ]
            for i, r in enumerate(numbers["by_year"], start=1)
        ]
        households = self.workbook.communes.set_index("code")["households"]
        units = self.workbook.communes.reset_index().set_index("code")["index"]
        shown = self.internal or not (made.assumed_quantities or made.together.assumed_share)
        communes = []
        for place, row in enumerate(numbers["by_commune"], start=1):
            people = (
                made.together.by["people"].get(units[row["code"]], np.zeros(1)).mean() / THOUSAND
            )
            each = people / households[row["code"]]
            cells = [place, row["name"], *self.figures(row), billions(people, self.lang)]
            communes.append(
                [
                    *cells,
                    *(
                        [write_number(rough(each), self.lang) if each == each else "..."]
                        if shown
                        else []
                    ),
                ]
            )
        columns = "tt unit:name need:num usual:num people:num" + (" household:num" if shown else "")
        return self.section(
            "chi-tiet",
            self.table(
                "need_criterion", "tt name:name need:num usual:num", [total, *criteria], **billion
            ),
            self.table("need_year", "tt year:name need:num usual:num", [total, *years], **billion),
            self.table("need_commune", columns, communes, **billion),
            self.paragraph(self.text("need_one_like"), "key"),
        )

    def _higher(self, unit: int) -> dict[str, Need]:
        """The need of one commune for the levels above NTM that it is planned for, by level."""
        planned = self.planned("plan")
        if not ((planned["unit"] == unit) & (planned["level"] != "ntm")).any():
            return {}
        return {
            level: need
            for level, need in self.found("registered", unit)[0].needs.items()
            if level != "ntm"
        }

    def works_table(self, unit: int) -> Markup:
        """The works of one commune: quantity, cost with its range, year, chance that it is
        needed.
        """
        made, _ = self.found("ntm", unit)
        needs = [made.needs["ntm"], *self._higher(unit).values()]
        works = pd.concat([need.works for need in needs if len(need.works)] or [needs[0].works])
        items = self.workbook.tables["unit_costs"].set_index("item")
        rows = []
        for _, work in works[(works["needed"] > 0) | works["listed"]].iterrows():
            item = items.loc[work["item"]]
            quantity = (
                f"{write_number(rough(work['quantity']), self.lang)} {item[f'measure_{self.lang}']}"
            )
            money = {name: work[name] / THOUSAND for name in ("p10", "p50", "p90")}
            year = "..." if pd.isna(work["year"]) else f"{work['year']:g}"
            criterion = f"{work['criterion']:g}" if work["criterion"] > 0 else "..."
            cells = [len(rows) + 1, item[f"name_{self.lang}"], criterion, quantity]
            sure = "" if work["mark"] == "illustrative" else self.text("reported_short")
            mark = sure if work["sure"] else self.text("assumed_short")
            state = f"{100 * (1 - work['left']):.0f}%" if work["listed"] else "..."
            rows.append(
                [*cells, state, *self.figures(money), year, f"{100 * work['needed']:.0f}%", mark]
            )
        columns = (
            "tt works:name criterion quantity done:num if_needed:num usual:num year chance:num note"
        )
        return self.table("need_works", columns, rows, unit=self.text("unit_billion"))

    def commune_need(self, unit: int, title: str = "") -> Part:
        """The need of one commune: its sum, its works, the registered higher level apart, debt."""
        if not self.known(unit):
            title = title or self.text("section_nhu-cau-von")
            return self.section(
                "nhu-cau-xa", self.text("need_not_known", day=self.day), title=title
            )
        made, numbers = self.found("ntm", unit)
        parts: list[str] = []
        if numbers["total"]["mean"]:
            mid, usual = self.figures(numbers["total"])
            draws = write_number(numbers["draws"], self.lang)
            verdict = self.text(
                "need_commune", mid=mid, range=usual, year=numbers["price_year"], draws=draws
            )
            parts += [
                self.paragraph(verdict),
                self.paragraph(need_assumed_sentence(numbers, made.assumed_quantities, self.lang)),
            ]
        elif self.level.loc[unit, "level"] != "not_ntm":
            parts.append(self.text("need_commune_none"))
        for level, need in self._higher(unit).items():
            if need.total.any():
                mid, usual = self.figures(in_millions(need.total))
                parts.append(
                    self.text("need_higher", level=self.level_words(level), mid=mid, range=usual)
                )
        parts += [
            self.commune_sources(unit),
            self.works_table(unit),
            self.work_warnings(unit),
            self.debts_table([unit]) if self.internal else "",
        ]
        return self.section("nhu-cau-xa", *parts, title=title or self.text("section_nhu-cau-von"))

    def commune_sources(self, unit: int) -> Markup:
        """The need of one commune by source, its cement, and what the people give (to the public
        only when all is reported).
        """
        made, numbers = self.found("ntm", unit)
        if not numbers["total"]["mean"]:
            return Markup("")
        rows = [
            [
                place,
                pick(FUND_WORDS[r["source"]], self.lang),
                pick(CAPITAL_WORDS[r["capital"]], self.lang),
                *self.figures(r),
            ]
            for place, r in enumerate(numbers["by_source"], start=1)
        ]
        table = self.table(
            "need_source",
            "tt fund:name capital need:num usual:num",
            rows,
            unit=self.text("unit_billion"),
        )
        low, mid, high = (
            write_number(rough(numbers["cement"]["need"][k]), self.lang)
            for k in ("p10", "p50", "p90")
        )
        lines = self.paragraph(self.text("need_commune_pots", tonnes=mid, range=f"{low}-{high}"))
        given = self.workbook.tables["cement"]
        for _, row in given[given["unit"] == unit].sort_values("year").iterrows():
            amounts = {
                name: write_number(row[name], self.lang, 0)
                for name in ("granted", "delivered", "used")
            }
            lines += self.paragraph(
                self.text("need_commune_cement", year=f"{row['year']:g}", **amounts)
            )
        people = made.together.by["people"].get(unit)
        households, mark = self.workbook.units.loc[unit, ["households", "mark"]]
        told = not made.together.assumed_share and mark != "assumed"
        if people is not None and households > 0 and (self.internal or told):
            money = people.mean() / THOUSAND
            each = write_number(rough(money / households), self.lang)
            lines += self.paragraph(
                self.text("need_commune_people", money=billions(money, self.lang), each=each)
            )
        elif people is not None and people.any() and self.internal:
            mid, usual = self.figures(in_millions(people))
            lines += self.paragraph(self.text("need_no_households", money=mid, range=usual))
        return table + lines

    def work_warnings(self, unit: int | None = None) -> Markup:
        """Listed works that the standing does not ask for (for the office only)."""
        found = works_not_needed(self.workbook, self.standing(self.workbook.default_set("ntm")))
        label = None if unit is None else self.workbook.units.loc[unit, "label"]
        mine = [p for p in found if label in (None, p.details["unit"])]
        return self.bullets(report(mine, self.lang).splitlines()[1:] if self.internal else [])

    def debts_table(self, units: list[int]) -> str:
        """Construction debt by commune; what is not reported is asked for."""
        debts = newest_debts(self.workbook)
        debts = debts[debts["unit"].isin(units)]
        if debts.empty:
            return self.text("need_no_debts")
        rows = [
            [
                place,
                self.workbook.units.loc[d["unit"], "name"],
                f"{d['criterion']:g}",
                write_number(d["amount"], self.lang, 0),
                write_date(d["date"], self.lang),
                self.source(d["source"]),
            ]
            for place, (_, d) in enumerate(debts.iterrows(), start=1)
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
        _, numbers = self.found()
        given = self.workbook.tables["cement"]
        given = given[given["unit"] == -1].set_index("year")
        envelopes = self.workbook.tables["envelopes"]
        pots = self.workbook.tables["pots"].set_index("pot")["measure"]
        expected = envelopes[envelopes["pot"].map(pots) == "cement"].groupby("year")["amount"].sum()
        needs = {row["year"]: row for row in numbers["cement"]["by_year"]}
        rows = []
        for place, year in enumerate(
            [*sorted({*expected.index, *given.index, *(y for y in needs if y)}), None], start=1
        ):
            row = needs.get(year)
            tonnes = ["-", "-"]
            if row and row["p90"]:
                low, mid, high = (
                    write_number(rough(row[k]), self.lang) for k in ("p10", "p50", "p90")
                )
                tonnes = [mid, f"{low}-{high}"]
            amounts = [
                given.loc[year, c] if year in given.index else float("nan")
                for c in ("granted", "delivered", "used")
            ]
            label = self.text("need_unplanned") if year is None else f"{year:g}"
            held = "..." if year is None else write_number(expected.get(year), self.lang, 0)
            rows.append(
                [place, label, *tonnes, held, *(write_number(a, self.lang, 0) for a in amounts)]
            )
        goals = self.workbook.tables["goals"]
        asked = goals[goals["kind"] == "request"]
        requests = [
            [i, g[f"text_{self.lang}"], self.source(g["source"])]
            for i, (_, g) in enumerate(asked.iterrows(), start=1)
        ]
        columns = (
            "tt year:name tonnes:num usual:num expected:num granted:num delivered:num used:num"
        )
        return self.section(
            "xi-mang",
            self.table("cement", columns, rows),
            self.text("need_cement_none") if given.empty else "",
            self.table("requests", "tt request:name source", requests),
            self.debts_table(self.workbook.communes.index.tolist()) if self.internal else "",
            self.work_warnings(),
        )

    def registered_need(self) -> Part:
        """The need of the communes on the list of planned targets, level by level."""
        if not self.known():
            return Part("")
        _, numbers = self.found("registered")
        rows = [
            [place, pick(LEVEL_WORDS[row["level"]], self.lang), *self.figures(row)]
            for place, row in enumerate(numbers["by_level"], start=1)
            if row["mean"]
        ]
        table = self.table(
            "need_level", "tt aim:name need:num usual:num", rows, unit=self.text("unit_billion")
        )
        return (
            self.section("dang-ky", self.text("need_registered_lead"), table) if rows else Part("")
        )

    def rests_on(self) -> Part:
        """Which assumptions move the need most, and how it compares with published totals."""
        if not self.known():
            return Part("")
        made, _ = self.found("ntm")
        items = self.workbook.tables["unit_costs"].set_index("item")[f"name_{self.lang}"]
        rows = []
        moved = movers(self.workbook, made.needs["ntm"], self.seed)
        for place, (_, row) in enumerate(moved.head(3).iterrows(), start=1):
            name = self.text(f"mover_{row['kind']}", name=items.get(row["item"], ""))
            rows.append([place, name, *(billions(row[end], self.lang) for end in ("low", "high"))])
        table = self.table(
            "movers",
            "tt assumption:name low_end:num high_end:num",
            rows,
            unit=self.text("unit_billion"),
        )
        return self.section("gia-dinh", table, self.credible())

    def credible(self) -> str:
        """The need of communes at 15 of 19 beside what communes of the province spent (only where
        the data set is theirs).
        """
        counts = self.standing(self.workbook.default_set("ntm")).counts
        near = counts.index[(counts["met"] == 15) & counts["counted"]]
        made, _ = self.found()
        values = [
            made.together.by["commune"][unit]
            for unit in near
            if unit in made.together.by["commune"]
        ]
        if not values or self.workbook.illustrative:
            return ""
        return self.text(
            "need_credible", values=billions_range(in_millions(np.concatenate(values)), self.lang)
        )


class FundingPage(FundingParts):
    """The parts of ``notebooks/funding_needs.ipynb``, in order; ``commune`` is the one whose works
    are shown.

    ``target``: ntm (all communes) or registered; ``deadline``: money up to its year counts
    (default: the end of the term). Raises ValueError for a scenario that is none,
    :class:`~ntm_analysis.data.workbook.UnknownCommune` for a commune that is none.

    >>> "520 tỷ đồng" in FundingPage("data/thanh-chuong").need_summary()
    True
    """

    subject = "funding"

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
        faults = check(typed) + (
            [f"scenario={scenario!r}: must be one of baseline"] if scenario != "baseline" else []
        )
        first, last = self.workbook.as_of, self.workbook.meta["term_end"]["date"]
        if deadline and not faults and not f"{first}" <= deadline <= f"{last}":
            faults.append(f"deadline={deadline!r}: must lie between {first} and {last}")
        if faults:
            raise ValueError("; ".join(faults))
        self.draws, self.seed, self.target = draws, seed, target
        self.until = int(deadline[:4]) if deadline else 0
        self.unit = self.workbook.find(commune)
        given = {
            "commune": self.workbook.units.loc[self.unit, "name"],
            "target": target,
            "deadline": deadline,
        }
        self.parameters = {**given, "draws": f"{draws}", "seed": f"{seed}", **self.parameters}

    def need_tables(self) -> Part:
        """The need by criterion, year and commune, with a row for signatures."""
        made = super().need_tables()
        return Part(made + self.section("ky", self.signatures())) if made else made

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
        made, _ = self.found("ntm", self.unit)
        items = self.workbook.tables["unit_costs"].set_index("item")
        works = made.needs["ntm"].works
        assumed = dict.fromkeys(works.loc[works["mark"] == "assumed", "item"])
        rows = [
            [
                place,
                items.loc[item, f"name_{self.lang}"],
                items.loc[item, f"measure_{self.lang}"],
                "",
                "",
                "",
                "",
            ]
            for place, item in enumerate(assumed, start=1)
        ]
        columns = "tt works:name measure missing_quantity done money note"
        table = self.table("form", columns, rows)
        return (
            self.section("bieu-trong", self.text("form_lead"), table, self.signatures())
            if rows
            else Part("")
        )

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        edition = f"_{self.workbook.units.loc[self.unit, 'slug']}" + (
            "_dang-ky" if self.target == "registered" else ""
        )
        lead = [self.heading, self.text("draft")]
        if self.workbook.illustrative:
            lead.append(self.text("illustrative_long"))
        if self.known() and self.found()[1]["total"]["mean"]:
            lead.append(
                need_assumed_sentence(
                    self.found()[1], self.found()[0].assumed_quantities, self.lang
                )
            )
        return self.exported(f"nhu-cau-von_{self.workbook.as_of}", edition, lead)

    def knowledge(self) -> Part:
        """The sources of works, prices and money, and what was left out."""
        names = (
            "unit_costs",
            "works",
            "typical_works",
            "parts",
            "pots",
            "envelopes",
            "prices",
            "count_priors",
            "carry_over",
            "criterion_shares",
            "cement",
            "debts",
        )
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        return self.section("biet-den-dau", self.left_out(), self.sources(used))

"""The page of the allocation: the best plan by year, commune and source, the rules beside it, what
to add, what to relax.
"""

import datetime as dt
from functools import cached_property
from itertools import groupby

import pandas as pd
from markupsafe import Markup

from ..allocation import SAFE, Allocation, allocate, allocation_record, tried
from ..language import OPTIMAL, pick, write_change
from ..needs import in_millions
from ..scenarios import BASELINE
from ..tables import DataProblems
from ..wording import (
    FUND_WORDS,
    allocation_sentence,
    billions,
    billions_range,
    blocking_words,
    conflict_lines,
    extra_lines,
    extra_words,
    near_lines,
    plan_assumed_sentence,
    pot_words,
    price_lines,
    reason_words,
    relax_lines,
    rough,
    rules_words,
    tested_sentences,
    usual,
    weights_sentence,
)
from .charts import picture, stacked_years
from .forecast import ForecastParts
from .page import Part

TERMS = ("central", "optimal", "conditions", "prices")
COLUMNS = [
    "commune",
    "code",
    "level",
    "criterion",
    "work",
    "item",
    "pot",
    "year",
    "amount",
    "unit",
    "committed",
]


class AllocationPage(ForecastParts):
    """The parts of ``notebooks/allocation.ipynb``, in order.

    ``policy``: whose plan is shown (default: the optimal one); ``scenario``, ``deadline``. Raises
    ValueError for a parameter that is none.

    >>> "/37 xã về đích" in AllocationPage("data/thanh-chuong", draws=100).allocation_summary()
    True
    """

    subject = "allocation"

    def __init__(
        self,
        dataset: str,
        *,
        scenario: str = "baseline",
        policy: str = "",
        deadline: str = "",
        draws: int = ForecastParts.draws,
        seed: int = ForecastParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        self.chosen = self.checked(
            scenario, {"policy": policy, "deadline": deadline, "draws": draws, "seed": seed}
        )
        self.scenario, self.policy, self.deadline, self.draws, self.seed = (
            scenario,
            policy,
            deadline,
            draws,
            seed,
        )
        given = {
            "scenario": scenario,
            "policy": policy,
            "deadline": deadline,
            "draws": f"{draws}",
            "seed": f"{seed}",
        }
        self.parameters = {**given, **self.parameters}

    @cached_property
    def allocated(self) -> tuple[Allocation, dict] | None:
        """The allocation and its record; None where too little was known on the as-of date."""
        day = dt.date.fromisoformat(self.deadline) if self.deadline else None

        def make():
            found = allocate(self.chosen.workbook, day, self.seed)
            trial = tried(found, self.draws)
            return found, allocation_record(
                found, self.policy or OPTIMAL, trial, self.scenario, self.chosen.title
            )

        asked = {
            "scenario": self.scenario,
            "deadline": day,
            "policy": self.policy,
            "draws": self.draws,
            "seed": self.seed,
        }
        try:
            return self.kept("allocation", make, **asked)
        except DataProblems:
            return None

    def allocation_summary(self) -> Part:
        """The verdict in one sentence, what it rests on, every policy beside the best."""
        if self.allocated is None:
            return self.section("phan-bo", self.text("forecast_not_known", day=self.day))
        _, made = self.allocated
        rows = []
        for policy, other in (
            made["under_uncertainty"]["plans"].items() if "under_uncertainty" in made else ()
        ):
            beyond = "-"
            if policy != "own":
                error = self.number(other["se"] or 0, 3)
                beyond = f"{write_change(other['beyond_own'], self.lang, 2)} ({error})"
            central = made["finishing_by_policy"].get(policy)
            central = "-" if central is None else self.number(central, 1)
            kept = rules_words(made, policy, self.lang) if policy != SAFE else "-"
            mean = self.number(other["finishing"]["mean"], 1)
            rows.append(
                [
                    self.text(f"policy_{policy}"),
                    central,
                    mean,
                    usual(other["finishing"]),
                    self.chance(other["p_basically_all"]),
                    beyond,
                    kept,
                ]
            )
        columns = "policy:name central:num forecast_mean:num usual:num basically_chance:num beyond_own:num conditions"
        return self.section(
            "phan-bo",
            self.paragraph(allocation_sentence(made, self.lang), "verdict"),
            self.paragraph(plan_assumed_sentence(made, self.lang), "banner"),
            self.bullets(conflict_lines(self.workbook, made, self.lang)),
            self.text("allocation_central"),
            *tested_sentences(made, self.lang),
            weights_sentence(made, self.lang),
            blocking_words(self.workbook, made | {"policy": "own"}, self.lang),
            self.table("policies", columns, rows),
        )

    def plan(self) -> Part:
        """The plan by year and source, by commune, by work; the whole plan goes into the exported
        files.
        """
        if self.allocated is None or not self.allocated[1]["plan"]:
            return Part("")
        _, made = self.allocated
        table = pd.DataFrame(made["plan"], columns=COLUMNS)
        communes = [
            [
                row["name"],
                row["registered"] or "-",
                row["year"] or self.text("not_funded"),
                self.chance(row.get("p")),
                *(billions(row[key], self.lang) for key in ("cost", "funded")),
                reason_words(self.workbook, made, row, self.lang) or "-",
            ]
            for row in sorted(made["communes"], key=lambda r: r["year"] or 9999)
        ]
        columns = "tt unit:name registered:num finish_year:num forecast_chance:num need_amount:num funded_amount:num why"
        money = table[(table["unit"] != "tấn") & table["year"].notna()]
        return self.section(
            "ke-hoach",
            self.text("plan_note"),
            *self._by_year(money, made),
            self.table("plan_communes", columns, communes),
            self._works(table, made),
        )

    def _by_year(self, money, made):
        """Money by year and source, as a chart and as a table, in billion đồng."""
        if money.empty:
            return Markup(""), Markup("")
        years = list(range(self.workbook.as_of.year, int(made["deadline"][:4]) + 1))
        by_pot = (
            money.pivot_table(index="pot", columns="year", values="amount", aggfunc="sum")
            .reindex(columns=years)
            .fillna(0.0)
        )
        fund = self.workbook.tables["pots"].set_index("pot")["fund"]
        named = [pick(FUND_WORDS[fund[pot.partition("@")[0]]], self.lang) for pot in by_pot.index]
        told = ", ".join(f"{year}: {billions(by_pot[year].sum(), self.lang)}" for year in years)
        unit = self.text("axis_plan_money")
        chart = stacked_years(by_pot.groupby(named, sort=False).sum() / 1000, unit)
        held = {row["pot"]: row["available"] for row in made["pots"]}
        lines = [
            (pot_words(self.workbook, pot, self.lang), row, held[pot])
            for pot, row in by_pot.iterrows()
        ]
        total = (self.text("head_total"), by_pot.sum(), sum(held[pot] for pot in by_pot.index))
        rows = [
            [
                name,
                *(billions(amounts[year], self.lang) for year in years),
                billions(amounts.sum(), self.lang),
                billions(come, self.lang),
                billions(come - amounts.sum(), self.lang),
            ]
            for name, amounts, come in [*lines, total]
        ]
        columns = (
            "source:name "
            + " ".join(f"{year}:num" for year in years)
            + " total:num available:num left:num"
        )
        return picture(chart, self.text("plan_chart_alt", parts=told)), self.table(
            "plan_years", columns, rows, unit=unit
        )

    def _works(self, table, made):
        """The works of communes that finish, each once."""
        finishing = {row["code"] for row in made["communes"] if row["year"]}
        names = self.item_names()
        mine = table[
            table["code"].isin(finishing) & (table["level"] == "ntm") & table["year"].notna()
        ]
        rows = []
        for (commune, criterion, _, item, year), parts in mine.groupby(
            ["commune", "criterion", "work", "item", "year"], sort=False, dropna=False
        ):
            money = parts.loc[parts["unit"] != "tấn", "amount"].sum()
            tonnes = parts.loc[parts["unit"] == "tấn", "amount"].sum()
            number = "-" if pd.isna(criterion) else int(criterion)
            rows.append(
                [
                    commune,
                    number,
                    names.get(item, item),
                    int(year),
                    self.number(rough(money)),
                    self.number(rough(tonnes)) if tonnes else "-",
                ]
            )
        rows.sort(key=lambda row: (row[3], row[0]))
        return self.table(
            "plan_works",
            "tt unit:name plan_criterion:num works:name year:num plan_money:num cement:num",
            rows,
        )

    def _keep_whole(self, table):
        """The whole plan by part for the exported files: too long for a page."""
        heads = [
            self.text(f"head_{key}")
            for key in ("unit", "plan_criterion", "works", "source", "year", "amount", "measure")
        ]
        names = self.item_names()
        rows = [
            [
                r["commune"],
                "-" if pd.isna(r["criterion"]) else int(r["criterion"]),
                names.get(r["item"], r["item"]),
                pot_words(self.workbook, r["pot"], self.lang),
                "-" if pd.isna(r["year"]) else int(r["year"]),
                self.number(round(r["amount"], 3)),
                r["unit"],
            ]
            for r in table.to_dict("records")
        ]
        self.made.append((self.text("table_plan_whole"), "", heads, rows))

    def extra(self) -> Part:
        """One commune more: the cheapest of each year, the next ones, what more money buys."""
        if self.allocated is None or self.allocated[1]["status"] == "infeasible":
            return Part("")
        _, made = self.allocated
        rows = []
        for year in made["extra_commune"]:
            listed_ = [year["cheapest"], *year["next"]]
            for (what, pots, planned), some in groupby(listed_, self._needed):
                alike = list(some)
                names, more = (
                    self.listed([row["name"] for row in alike]),
                    alike[0]["alike"] - len(alike),
                )
                names = self.text("and_more", names=names, n=more) if more > 0 else names
                chances = dict.fromkeys(self.chance(row["p_if_money"]) for row in alike)
                rows.append([year["year"], names, planned or "-", what, pots, " - ".join(chances)])
        return self.section(
            "them-xa",
            self.bullets(extra_lines(made, self.lang)),
            self._extra_range(made),
            self.table(
                "extra", "year:num unit:name planned_finish:num added by_pot if_money:num", rows
            ),
            self.bullets(price_lines(self.workbook, made, self.lang)),
        )

    def _extra_range(self, made):
        """How far the whole need of the cheapest commune ranges: what it takes more is known no
        better.
        """
        cheapest = next((row["cheapest"] for row in made["extra_commune"]), None)
        drawn = self.found("ntm")[0].together.by["commune"] if cheapest and self.known() else {}
        unit = self.workbook.find(cheapest["name"]) if cheapest else -1
        if unit not in drawn:
            return ""
        return self.text(
            "extra_range",
            name=cheapest["name"],
            range=billions_range(in_millions(drawn[unit]), self.lang),
        )

    def _needed(self, row):
        pots = self.listed(
            [pot_words(self.workbook, pot["pot"], self.lang) for pot in row["by_pot"]]
        )
        return extra_words(row, self.lang), pots, row["planned_year"]

    def relax(self) -> Part:
        """What would have to give for all communes to finish; plans nearly as good."""
        if self.allocated is None:
            return Part("")
        _, made = self.allocated
        near = near_lines(made, self.lang)
        parts = self.section("noi-long", self.bullets(relax_lines(self.workbook, made, self.lang)))
        return Part(
            parts
            + (self.section("gan-tot", self.text("near_head"), self.bullets(near)) if near else "")
        )

    def reckoning(self) -> Part:
        """How it is worked out, with the technical terms."""
        if self.allocated is None:
            return Part("")
        rules = self.allocated[0].layout.plan.rules
        least = self.number(rules["minimum_commune"])
        return self.section(
            "cach-tinh", self.bullets(self.text(f"term_{name}", minimum=least) for name in TERMS)
        )

    def export(self) -> Part:
        """Write every table, and the whole plan, as one Excel workbook and as CSV files; say where.

        A scenario, a policy or a deadline of its own stands in the files' names and above each
        table.
        """
        own = {
            "scenario": self.scenario if self.scenario != BASELINE else "",
            "policy": self.policy,
            "deadline": self.deadline,
        }
        lead = [
            self.heading,
            self.text("draft"),
            *([self.text("illustrative_long")] if self.workbook.illustrative else []),
        ]
        if any(own.values()):
            lead.append(", ".join(f"{name}: {value}" for name, value in own.items() if value))
        if self.allocated:
            lead += [
                allocation_sentence(self.allocated[1], self.lang),
                plan_assumed_sentence(self.allocated[1], self.lang),
            ]
            self._keep_whole(pd.DataFrame(self.allocated[1]["plan"], columns=COLUMNS))
        edition = "".join(f"_{value}" for value in own.values() if value)
        return self.exported(f"phan-bo-von_{self.workbook.as_of}", edition, lead)

    def knowledge(self) -> Part:
        """The sources of works, prices, money and weights, and what was left out."""
        names = (
            "works",
            "typical_works",
            "unit_costs",
            "parts",
            "pots",
            "envelopes",
            "durations",
            "prices",
            "priorities",
            "assumptions",
            "targets",
            "criterion_states",
            "criterion_counts",
            "count_priors",
            "criterion_shares",
            "carry_over",
        )
        return self.section("biet-den-dau", self.left_out(), self.sources_of(names))

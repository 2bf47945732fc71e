"""The page of the allocation: the best plan by year, commune and source, the rules beside it, what
to add, what to relax.
"""

from functools import cached_property
from itertools import groupby

import pandas as pd

from ..allocation import SAFE, Allocation, allocate, try_plans
from ..language import FUND_WORDS, OPTIMAL, pick, write_change
from ..needs import in_millions
from ..results import (
    AllocationResult,
    allocation_sentence,
    billions_range,
    blocking_sentence,
    broken_rules_words,
    conflict_lines,
    extra_commune_lines,
    extra_commune_words,
    finishing_range,
    near_plan_lines,
    plan_assumed_sentence,
    plan_gain_sentences,
    price_lines,
    reason_words,
    relaxation_lines,
    weights_sentence,
)
from ..scenarios import BASELINE
from ..tables import DataProblemsError
from .charts import picture, stacked_years
from .forecast import ForecastParts
from .page import Part

TERMS = ("central", "optimal", "conditions", "prices")
WHOLE = ("unit", "plan_criterion", "works", "source", "year", "amount", "measure")


class AllocationPage(ForecastParts):
    """The parts of ``notebooks/allocation.ipynb``, in order.

    ``policy``: whose plan is shown (default: the optimal one); ``scenario``, ``deadline``. Raises
    ValueError for a parameter that is none.
    """

    subject = "allocation"
    based_on = (
        "works typical_works unit_costs parts pots envelopes durations prices priorities "
        "assumptions targets criterion_states criterion_counts count_priors criterion_shares "
        "carry_over"
    )

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
        self.chosen = self.take(scenario, policy=policy, deadline=deadline, draws=draws, seed=seed)

    @cached_property
    def allocated(self) -> tuple[Allocation, dict] | None:
        """The allocation and its record; None where too little was known on the as-of date."""

        def make():
            allocation = allocate(self.chosen, self.last_day, self.seed)
            trial = try_plans(allocation, self.draws)
            result = AllocationResult(allocation, self.policy or OPTIMAL, trial)
            return allocation, result.to_dict()

        try:
            return self.keep("allocation", make, **self._question())
        except DataProblemsError:
            return None

    def allocation_summary(self) -> Part:
        """The verdict in one sentence, what it rests on, every policy beside the best."""
        if self.allocated is None:
            return self.section("phan-bo", self.text("forecast_not_known", day=self.day))
        _, record = self.allocated
        return self.section(
            "phan-bo",
            self.paragraph(allocation_sentence(record, self.lang), "verdict"),
            self.paragraph(plan_assumed_sentence(record, self.lang), "banner"),
            self.bullets(conflict_lines(self.workbook, record, self.lang)),
            self.text("allocation_central"),
            *plan_gain_sentences(record, self.lang),
            weights_sentence(record, self.lang),
            blocking_sentence(self.workbook, record | {"policy": "own"}, self.lang),
            self._policies(record),
        )

    def _policies(self, record):
        """Every policy on the same worlds, beside the district's own plan."""
        rows = []
        for policy, plan in record.get("under_uncertainty", {}).get("plans", {}).items():
            beyond = f"{write_change(plan['beyond_own'], self.lang, 2)} "
            beyond += f"({self.number(plan['se'] or 0, 3)})"
            central = record["finishing_by_policy"].get(policy)
            rows.append(
                [
                    self.text(f"policy_{policy}"),
                    "-" if central is None else self.number(central, 1),
                    self.number(plan["finishing"]["mean"], 1),
                    finishing_range(plan["finishing"]),
                    self.chance(plan["p_basically_all"]),
                    beyond if policy != "own" else "-",
                    broken_rules_words(record, policy, self.lang) if policy != SAFE else "-",
                ]
            )
        columns = (
            "policy:name central:num forecast_mean:num usual:num basically_chance:num "
            "beyond_own:num conditions"
        )
        return self.table("policies", columns, rows)

    def plan(self) -> Part:
        """The plan by year and source, by commune, by work; the whole plan goes into the exported
        files.
        """
        if self.allocated is None or not self.allocated[1]["plan"]:
            return Part("")
        _, record = self.allocated
        table = pd.DataFrame(record["plan"])
        communes = [
            [
                row["name"],
                row["registered"] or "-",
                row["year"] or self.text("not_funded"),
                self.chance(row.get("p")),
                self.billions(row["cost"]),
                self.billions(row["funded"]),
                reason_words(self.workbook, record, row, self.lang) or "-",
            ]
            for row in sorted(record["communes"], key=lambda row: row["year"] or 9999)
        ]
        columns = (
            "tt unit:name registered:num finish_year:num forecast_chance:num need_amount:num "
            "funded_amount:num why"
        )
        money = table[(table["unit"] != "tấn") & table["year"].notna()]
        return self.section(
            "ke-hoach",
            self.text("plan_note"),
            *(() if money.empty else self._by_year(money, record)),
            self.table("plan_communes", columns, communes),
            self._works(table, record),
        )

    def _by_year(self, money, record):
        """Money by year and source, as a chart and as a table, in billion đồng."""
        years = list(range(self.workbook.as_of.year, int(record["deadline"][:4]) + 1))
        by_pot = money.pivot_table(index="pot", columns="year", values="amount", aggfunc="sum")
        by_pot = by_pot.reindex(columns=years).fillna(0.0)
        fund = self.workbook.tables["pots"].set_index("pot")["fund"]
        named = [pick(FUND_WORDS[fund[pot.partition("@")[0]]], self.lang) for pot in by_pot.index]
        parts = ", ".join(f"{year}: {self.billions(by_pot[year].sum())}" for year in years)
        unit = "axis_plan_money"
        chart = stacked_years(by_pot.groupby(named, sort=False).sum() / 1000, self.text(unit))
        available = {row["pot"]: row["available"] for row in record["pots"]}
        held = sum(available[pot] for pot in by_pot.index)
        lines = [(self.pot(pot), row, available[pot]) for pot, row in by_pot.iterrows()]
        rows = [
            [name, *map(self.billions, [*amounts, amounts.sum(), come, come - amounts.sum()])]
            for name, amounts, come in [*lines, (self.text("head_total"), by_pot.sum(), held)]
        ]
        columns = " ".join(f"{year}:num" for year in years)
        columns = f"source:name {columns} total:num available:num left:num"
        return (
            picture(chart, self.text("plan_chart_alt", parts=parts)),
            self.table("plan_years", columns, rows, unit=unit),
        )

    def _works(self, table, record):
        """The works of communes that finish, each once."""
        finishing = {row["code"] for row in record["communes"] if row["year"]}
        names, rows = self.item_names(), []
        mine = table[
            table["code"].isin(finishing) & (table["level"] == "ntm") & table["year"].notna()
        ]
        for (commune, criterion, _, item, year), parts in mine.groupby(
            ["commune", "criterion", "work", "item", "year"], sort=False, dropna=False
        ):
            cement = parts["unit"] == "tấn"
            tonnes = parts.loc[cement, "amount"].sum()
            rows.append(
                [
                    commune,
                    "-" if pd.isna(criterion) else int(criterion),
                    names.get(item, item),
                    int(year),
                    self.rough(parts.loc[~cement, "amount"].sum()),
                    self.rough(tonnes) if tonnes else "-",
                ]
            )
        rows.sort(key=lambda row: (row[3], row[0]))
        columns = "tt unit:name plan_criterion:num works:name year:num plan_money:num cement:num"
        return self.table("plan_works", columns, rows)

    def _keep_whole(self):
        """The whole plan by part for the exported files: too long for a page."""
        heads, names = [self.text(f"head_{key}") for key in WHOLE], self.item_names()
        rows = [
            [
                row["commune"],
                row["criterion"] or "-",
                names.get(row["item"], row["item"]),
                self.pot(row["pot"]),
                row["year"] or "-",
                self.number(round(row["amount"], 3)),
                row["unit"],
            ]
            for row in self.allocated[1]["plan"]
        ]
        self.tables.append((self.text("table_plan_whole"), "", heads, rows))

    def extra(self) -> Part:
        """One commune more: the cheapest of each year, the next ones, what more money buys."""
        if self.allocated is None or self.allocated[1]["status"] == "infeasible":
            return Part("")
        _, record = self.allocated
        rows = []
        for year in record["extra_commune"]:
            for (what, pots, planned), group in groupby(
                [year["cheapest"], *year["next"]], self._needed
            ):
                alike = list(group)
                names, more = self.listed([row["name"] for row in alike]), alike[0]["alike"]
                if more > len(alike):
                    names = self.text("and_more", names=names, n=more - len(alike))
                chances = dict.fromkeys(self.chance(row["p_if_money"]) for row in alike)
                rows.append([year["year"], names, planned or "-", what, pots, " - ".join(chances)])
        columns = "year:num unit:name planned_finish:num added by_pot if_money:num"
        return self.section(
            "them-xa",
            self.bullets(extra_commune_lines(record, self.lang)),
            self._extra_range(record),
            self.table("extra", columns, rows),
            self.bullets(price_lines(self.workbook, record, self.lang)),
        )

    def _extra_range(self, record):
        """How far the whole need of the cheapest commune ranges: what it takes more is known no
        better.
        """
        if not record["extra_commune"] or not self.known():
            return ""
        name = record["extra_commune"][0]["cheapest"]["name"]
        need = self.demand("ntm")[0].together.by["commune"].get(self.workbook.find(name))
        if need is None:
            return ""
        usual = billions_range(in_millions(need), self.lang)
        return self.text("extra_range", name=name, range=usual)

    def _needed(self, row):
        pots = self.listed([self.pot(pot["pot"]) for pot in row["by_pot"]])
        return extra_commune_words(row, self.lang), pots, row["planned_year"]

    def relax(self) -> Part:
        """What would have to give for all communes to finish; plans nearly as good."""
        if self.allocated is None:
            return Part("")
        _, record = self.allocated
        lines = self.bullets(relaxation_lines(self.workbook, record, self.lang))
        part = self.section("noi-long", lines)
        if near := near_plan_lines(record, self.lang):
            part += self.section("gan-tot", self.text("near_head"), self.bullets(near))
        return Part(part)

    def reckoning(self) -> Part:
        """How it is worked out, with the technical terms."""
        if self.allocated is None:
            return Part("")
        rules = self.allocated[0].layout.schedule.rules
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
        own = {name: value for name, value in own.items() if value}
        lead = [", ".join(f"{name}: {value}" for name, value in own.items())] if own else []
        if self.allocated:
            _, record = self.allocated
            lead.append(allocation_sentence(record, self.lang))
            lead.append(plan_assumed_sentence(record, self.lang))
            self._keep_whole()
        edition = "".join(f"_{value}" for value in own.values())
        return self.exported("phan-bo-von", edition, *lead)

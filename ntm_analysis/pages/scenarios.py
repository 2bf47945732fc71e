"""Scenarios side by side on a page, and why a forecast differs from an earlier one."""

import datetime as dt
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..data import read_register, register_folder
from ..forecasts import PRICE_WORLDS, TORNADO_SHARE
from ..language import check_parameters, write_change, write_number
from ..needs import DRAWS, SEED
from ..results import (
    LEAST_SWING,
    ComparisonResult,
    baseline_name,
    billions,
    blocking_cell,
    blocking_sentence,
    chance,
    chance_words,
    change_sign,
    change_words,
    clear_swings_of,
    comparison_sentence,
    day_words,
    forecast_assumed_sentence,
    is_uncertain,
    month_words,
    mover_name,
    mover_rows,
    own_deadline_words,
    price_words,
    title_of,
    tornado_sentence,
    usual_range,
)
from ..scenarios import (
    NOISE,
    Comparison,
    Setting,
    WhatIf,
    by_commune,
    change_since,
    compare,
    is_entry_of,
    last_entry,
    scenario_ids,
)
from ..standing import month_before
from ..tables import DataProblemsError, report
from .charts import frontier, picture, slope, tornado
from .forecast import ForecastParts
from .page import Page, Part, reject

NAMES, BARS = 5, 10  # communes named in a cell, bars of the tornado


class ComparisonPage(Page):
    """The parts of ``notebooks/scenario_comparison.ipynb``, in order; ``scenarios``: ids joined by
    commas, empty: all there are.

    Raises ValueError for a parameter or a scenario that is none.
    """

    subject = "comparison"
    based_on = (
        "assumptions durations envelopes parts prices carry_over count_priors works typical_works "
        "unit_costs"
    )

    def __init__(
        self,
        dataset: str,
        *,
        scenarios: str = "",
        baseline: str = "baseline",
        draws: int = DRAWS,
        seed: int = SEED,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        typed = {"scenarios": scenarios, "baseline": baseline, "draws": draws, "seed": seed}
        self.ids = [name.strip() for name in scenarios.split(",") if name.strip()]
        known = scenario_ids(self.workbook)
        faults = check_parameters(typed)
        faults += [
            f"scenario={name!r}: must be one of {', '.join(known)}"
            for name in (*self.ids, baseline)
            if name not in known
        ]
        reject(faults)
        self.baseline, self.draws, self.seed = baseline, draws, seed
        self.add_parameters(**typed)

    @cache  # noqa: B019 - a page lives as long as its notebook
    def compared(self) -> tuple[Comparison, dict] | None:
        """The comparison and its record; None where not enough was known on the as-of date."""
        question = {"baseline": self.baseline, "draws": self.draws, "seed": self.seed}
        make = partial(compare, self.workbook, self.ids, **question)
        try:
            both = self.keep("comparison", make, scenarios=self.ids, **question)
        except DataProblemsError:
            # the fault is in a scenario: it is told as it is
            if self.ids or self.baseline != "baseline":
                raise
            return None
        return both, ComparisonResult(both).to_dict()

    def number(self, value: float, decimals: int = 1) -> str:
        return write_number(value, self.lang, decimals)

    def _title(self, row: dict) -> str:
        """A scenario's title as it stands in a table."""
        title = title_of(row, self.lang)
        return title[0].upper() + title[1:]

    def summary(self) -> Part:
        """The verdict, slopes from the baseline, the table of scenarios, what changes nothing or
        does not fit.
        """
        if self.compared() is None:
            return self.section("so-sanh", self.text("compare_not_known", day=self.day))
        (both, record), lang = self.compared(), self.lang
        scenarios = record["scenarios"]
        base, *others = scenarios
        everyone = {chance_words(row["p_all"], both.draws, lang) for row in scenarios}
        of_all = len(everyone) > 1 or any(is_uncertain(row["p_all"]) for row in scenarios)
        chances = ("p_basically_all", "p_all")[: 1 + of_all]
        rows = [
            [
                place or "",
                self._title(row) + own_deadline_words(row, record, lang),
                self.number(row["finishing_mean"]),
                usual_range(row["finishing_p10"], row["finishing_p90"]),
                change_words(row["difference"], lang) if place else "-",
                *(chance(row[key], both.draws, lang) for key in chances),
                billions(row["need_p50"], lang),
                billions(row["gap_mean"], lang),
            ]
            for place, row in enumerate(scenarios)
        ]
        everyone_too = "everyone:num " * of_all
        columns = "tt scenario:name mean:num usual:num change:num enough:num "
        columns += f"{everyone_too}need:num gap:num"
        return self.section(
            "so-sanh",
            self.paragraph(comparison_sentence(record, lang), "verdict"),
            self.paragraph(blocking_sentence(self.workbook, base, lang)),
            self.paragraph(forecast_assumed_sentence(self.workbook, lang), "banner"),
            self._slope(base, others) if others else "",
            self.table("compare", columns, rows),
            self.key("compare_key", noise=NOISE, year=self.workbook.as_of.year),
            "" if of_all else self.text("compare_all_untold", p=everyone.pop()),
            self._warnings(both, scenarios),
        )

    def _warnings(self, both, scenarios):
        """Which scenarios change nothing, and which do not fit the data."""
        idle, unfit = (
            [problem for problem in both.warnings if problem.code == code]
            for code in ("scenario_idle", "scenario_unfit")
        )
        ids = {problem.details["value"] for problem in idle}
        lines = [
            self.text("compare_idle", title=title_of(row, self.lang))
            for row in scenarios
            if row["id"] in ids
        ]
        if unfit and self.internal:
            lines += report(unfit, self.lang).splitlines()[1:]
        return self.bullets(lines)

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the baseline's verdict and
        how to get there.
        """
        if not self.internal or self.compared() is None:
            return Part("")
        if not (self.level["level"] == "not_ntm").any():
            return self.section("thu-thay-doi", self.text("panel_none"))
        base = self.compared()[1]["scenarios"][0]
        verdict = self.text(
            "panel_verdict",
            day=day_words(base["deadline"], self.lang),
            middle=self.number(base["finishing_p50"], None),
            total=base["n_communes"],
        )
        return self.to_try(
            partial(
                WhatIf, self.workbook, Setting(self.baseline), draws=self.draws, seed=self.seed
            ),
            self.text("panel_static_result", verdict=verdict + "."),
            self.text("panel_static"),
        )

    def _slope(self, base, others):
        rows = [
            (title_of(row, self.lang), row["finishing_mean"], change_sign(row["difference"]))
            for row in others
        ]
        table = pd.DataFrame(rows, columns=["label", "mean", "way"])
        best, worst = (rows[end] for end in (table["mean"].argmax(), table["mean"].argmin()))
        mean = base["finishing_mean"]
        alt = self.text(
            "slope_alt",
            mean=self.number(mean),
            best=best[0],
            high=self.number(best[1]),
            worst=worst[0],
            low=self.number(worst[1]),
        )
        return picture(slope(mean, table, self.lang), alt)

    def prices(self) -> Part:
        """What a commune more costs, what is missed by not choosing the best, what the shared
        worlds save.
        """
        if self.compared() is None:
            return Part("")
        record, lang, rows = self.compared()[1], self.lang, []
        for place, row in enumerate(record["scenarios"]):
            price = "-"
            if row["cost_per_extra_commune"] is not None:
                price = billions(row["cost_per_extra_commune"], lang)
            elif row["cost_reason"] == "within_noise":
                price = self.text("within_noise")
            rows.append(
                [
                    place or "",
                    self._title(row),
                    billions(row["money"] - record["scenarios"][0]["money"], lang),
                    price,
                    self.number(row["regret"]["mean"]),
                    row["regret"]["p90"],
                    self.number(row["se_ratio"], 2),
                    blocking_cell(self.workbook, row, record, lang),
                ]
            )
        columns = (
            "tt scenario:name extra:num extra_price:num regret:num regret_high:num "
            "ratio:num blocking"
        )
        return self.section(
            "cai-gia",
            self.bullets(price_words(row, record, lang) for row in record["scenarios"]),
            self.table("compare_price", columns, rows),
            self.key("compare_price_key"),
            heading="gia-thay-doi",
        )

    def movers(self) -> Part:
        """Which communes' chances clearly rise and fall in each scenario."""
        if self.compared() is None:
            return Part("")
        rows, dates = [], []
        for row in self.compared()[1]["scenarios"]:
            title = title_of(row, self.lang)
            if row["gains"] or row["losses"]:
                rows.append([title, self._moved(row["gains"]), self._moved(row["losses"])])
            moves = []
            for commune in row["dates"]:
                before, after = (month_words(commune[k], self.lang) for k in ("before", "after"))
                moves.append(f"{commune['name']} ({before} → {after})")
            if moves:
                dates.append([title, ", ".join(moves)])
        return self.section(
            "duoc-mat",
            self.table("moved", "tt scenario:name gains losses", rows),
            self.table("dates_moved", "tt scenario:name later_or_sooner", dates),
            self.key("moved_key", noise=NOISE) if rows else self.text("moved_none"),
        )

    def _moved(self, communes):
        """Communes by name, each with its change in points where that is known so finely."""
        names, more = [], len(communes) - NAMES
        for commune in communes[:NAMES]:
            change = f" ({write_change(100 * commune['change'], self.lang, 0)})"
            names.append(commune["name"] + ("" if self.compared()[0].coarse else change))
        names = ", ".join(names).replace("(0)", "(<1)") or "-"
        return self.text("and_more", names=names, n=more) if more > 0 else names

    def frontier(self) -> Part:
        """Money in all pots against communes finishing."""
        if self.compared() is None:
            return Part("")
        (both, record), number = self.compared(), self.number
        first, *_, last = record["frontier"]
        ends = {"low": number(first["factor"]), "high": number(last["factor"])}
        ends |= {"few": number(first["mean"]), "many": number(last["mean"])}
        rows = [
            [
                f"x {number(row['factor'], None)}",
                billions(row["money"], self.lang),
                number(row["mean"]),
                usual_range(row["p10"], row["p90"]),
            ]
            for row in record["frontier"]
        ]
        total, n = (
            record["scenarios"][0]["n_communes"],
            number(min(record["draws"], PRICE_WORLDS), None),
        )
        alt = self.text("frontier_alt", total=total, **ends)
        return self.section(
            "them-bot",
            self.text("frontier_told", baseline=baseline_name(record, self.lang), n=n, **ends),
            picture(frontier(both.frontier, total, self.lang), alt),
            self.table("frontier", "factor:name planned:num mean:num usual:num", rows),
        )

    def tornado(self) -> Part:
        """Which assumptions move the number finishing most, each at its low and its high end."""
        if self.compared() is None or (rows := clear_swings_of(self.compared()[1])).empty:
            return Part("")
        record, lang = self.compared()[1], self.lang
        table = mover_rows(self.workbook, rows, lang)
        still = [row["key"] for row in record["tornado"] if row["key"] not in set(rows["key"])]
        quiet = "; ".join(mover_name(self.workbook, key, lang).lower() for key in still) or "-"
        chart = rows.assign(label=[row[1] for row in table]).head(BARS)
        alt = tornado_sentence(self.workbook, record, lang, "tornado_alt")
        share, least = f"{100 * TORNADO_SHARE:.0f}", self.number(LEAST_SWING, 2)
        return self.section(
            "nhay",
            tornado_sentence(self.workbook, record, lang),
            picture(tornado(chart, rows["usual"].iloc[0], lang), alt),
            self.table("tornado", "tt content:name ends mean_low:num mean_high:num note", table),
            self.key("tornado_key", share=share, quiet=quiet, least=least),
        )

    def reckoning(self) -> Part:
        """How it is worked out."""
        terms = ("same", "level", "file", "price")
        lines = [self.text(f"compare_term_{term}") for term in terms]
        return self.section("cach-tinh", self.bullets(lines))


class ForecastChangeParts(ForecastParts):
    """A page that can say why the forecast changed."""

    @cached_property
    def register(self) -> Path:
        """The folder of registered forecasts."""
        return register_folder(self.workbook.path)

    def forecast_change(self) -> Part:
        """The change in a sentence, by reason, by commune, and the rows that came in; what it is
        held against.
        """
        parts = self._change_parts()
        return self.section("vi-sao-khac", *parts, wide=len(parts) > 2)

    def _change_parts(self):
        if not self.foreseeable():
            return [self.text("forecast_not_known", day=self.day)]
        record, entry = self.foreseen()[1], None
        question = {name: record[name] for name in ("deadline", "finish", "policy", "scenario")}
        try:
            if not self.workbook.illustrative:
                entry = last_entry(read_register(self.register), self.workbook, question)
        except DataProblemsError:
            return [self.text("change_register_bad")]
        since = month_before(self.workbook.as_of)
        if entry is not None:
            if is_entry_of(entry, self.workbook):
                return [self.text("change_itself", id=entry["id"])]
            since = dt.date.fromisoformat(entry["parameters"]["as_of"])
        lead = self._change_lead(entry, since)
        change = change_since(self.workbook, since, self._in_worlds(entry), entry, self.scenario)
        if change is None:
            return [lead, self.text("change_not_known", day=self.date(since))]
        return [
            lead,
            self._change_verdict(change),
            self._change_reasons(change),
            self._change_communes(change),
            self._change_rows(change),
        ]

    def _in_worlds(self, entry):
        """The forecast of the page in the worlds of the entry: with its seed and draws."""
        forecast = self.foreseen()[0]
        worlds = {"draws": self.draws, "seed": self.seed}
        if entry is None or worlds.items() <= entry["parameters"].items():
            return forecast
        run = forecast.simulation
        return planned_forecast(
            forecast.workbook,
            policy=run.schedule.policy,
            deadline=forecast.deadline,
            finish=run.finish,
            **{name: entry["parameters"][name] for name in worlds},
        )

    def _change_lead(self, entry, since):
        day = self.date(since)
        if entry is not None:
            on = self.date(entry["registered_on"])
            return self.text("change_since_entry", day=day, on=on, id=entry["id"])
        key = "change_illustrative" if self.workbook.illustrative else "change_no_entry"
        return self.text(key, day=day)

    def _more(self, value, decimals=1):
        return write_change(value, self.lang, decimals)

    def _change_verdict(self, change):
        # to two decimals: the error of the draws is of the second
        clear = [step for step in change.steps if step.is_clear]
        parts = [f"{self._step_names(step)} {self._more(step.change, 2)}" for step in clear]
        return self.text(
            "change_verdict" if clear else "change_none",
            before=self.number(change.before, 2),
            now=self.number(change.now, 2),
            change=self._more(change.now - change.before, 2),
            parts="; ".join(parts),
        )

    def _step_names(self, step):
        return " + ".join(self.text(f"change_step_{name}") for name in step.names)

    def _change_reasons(self, change):
        """A row a reason; what lies within the noise of the draws is told as no change."""
        total = self._more(change.now - change.before, 2)
        rows = [["", self.text("total_row"), total, *[""] * 3]]
        for step in change.steps:
            points = round(100 * step.basically, 1)
            rows.append(
                [
                    self._step_names(step),
                    self._more(step.change, 2) if step.is_clear else self.text("change_within"),
                    "± " + self.number(1.96 * step.se, 2) if step.se else "-",
                    self._more(points) if points else "-",
                    "; ".join(self.text(f"change_why_{name}") for name in step.names),
                ]
            )
        columns = (
            "tt reason_of_change:name communes_more:num interval_95:num basically_points:num "
            "explanation"
        )
        return self.table("forecast_change", columns, rows)

    def _change_communes(self, change):
        """The communes whose chance changed most."""
        p, rows = self.foreseen()[0].p, []
        for unit, more in by_commune(change).items():
            if unit in self.workbook.units.index:
                after = float(p.get(unit, np.nan))
                chances = (min(1.0, max(0.0, each)) for each in (after - more, after))
                rows.append([self.name_of(unit), *map(self.single, chances)])
        columns = "tt unit:name chance_before:num chance_now:num"
        return self.table("forecast_change_communes", columns, rows)

    def _change_rows(self, change):
        """Which rows came in since, by table, and the communes they are about."""
        rows = []
        for kind, tables in change.rows.items():
            for table, new in tables.items():
                some = "unit" in new and (new["unit"] >= 0).any()
                names = self.names(new["unit"]) if some else "-"
                rows.append([self.text(f"change_step_{kind}"), f"{table}.csv", len(new), names])
        columns = "tt reason_of_change:name file rows_new:num communes_about"
        return self.table("forecast_change_rows", columns, rows)

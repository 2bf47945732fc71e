"""Scenarios side by side on a page, and why a forecast differs from an earlier one."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..forecasts import SHARE, WORLDS, read_register
from ..language import check, write_change, write_number
from ..needs import DRAWS, SEED
from ..scenarios import (
    NOISE,
    Comparison,
    Setting,
    WhatIf,
    by_commune,
    change_since,
    compare,
    comparison_record,
    is_this,
    last_entry,
    scenario_ids,
)
from ..standing import month_before
from ..tables import FORECASTS, DataProblems, report
from ..wording import (
    LEAST,
    base_name,
    billions,
    blocking_cell,
    blocking_words,
    chance,
    chance_words,
    change_words,
    comparison_sentence,
    day_words,
    loud,
    month_words,
    mover_name,
    mover_rows,
    own_day,
    price_words,
    rests_on,
    tells_all,
    title_of,
    tornado_told,
    usual_range,
    way,
)
from .charts import frontier, picture, slope, tornado
from .forecast import ForecastParts
from .page import Page, Part

NAMES, BARS = 5, 10  # communes named in a cell, bars of the tornado


class ComparisonPage(Page):
    """The parts of ``notebooks/scenario_comparison.ipynb``, in order; ``scenarios``: ids joined by
    commas, empty: all there are.

    Raises ValueError for a parameter or a scenario that is none.

    >>> "thêm được nhiều nhất" in ComparisonPage("data/thanh-chuong", scenarios="money-110", draws=300).summary()
    True
    """

    subject = "comparison"

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
        self.ids, known = (
            [name.strip() for name in scenarios.split(",") if name.strip()],
            scenario_ids(self.workbook),
        )
        faults = check(typed)
        for name in [name for name in (*self.ids, baseline) if name not in known]:
            faults.append(f"scenario={name!r}: must be one of {', '.join(known)}")
        if faults:
            raise ValueError("; ".join(faults))
        self.baseline, self.draws, self.seed = baseline, draws, seed
        self.parameters = {**{name: f"{value}" for name, value in typed.items()}, **self.parameters}

    @cache  # noqa: B019 - a page lives as long as its notebook
    def compared(self) -> tuple[Comparison, dict] | None:
        """The comparison and its record; None where not enough was known on the as-of date."""
        try:
            found = self.kept(
                "comparison",
                lambda: compare(
                    self.workbook, self.ids, self.baseline, draws=self.draws, seed=self.seed
                ),
                scenarios=self.ids,
                baseline=self.baseline,
                draws=self.draws,
                seed=self.seed,
            )
        except DataProblems:
            if (
                self.ids or self.baseline != "baseline"
            ):  # the fault is in a scenario: it is told as it is
                raise
            return None
        return found, comparison_record(found)

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
        (both, made), lang = self.compared(), self.lang
        base, *others = made["scenarios"]
        everyone = {chance_words(row["p_all"], self.draws, lang) for row in made["scenarios"]}
        of_all = len(everyone) > 1 or any(tells_all(row["p_all"]) for row in made["scenarios"])
        rows = [
            [
                place or "",
                self._title(row) + own_day(row, made, lang),
                self.number(row["finishing_mean"]),
                usual_range(row["finishing_p10"], row["finishing_p90"]),
                change_words(row["difference"], lang) if place else "-",
                *(
                    chance(row[key], self.draws, lang)
                    for key in ("p_basically_all", "p_all")[: 1 + of_all]
                ),
                *(billions(row[key], lang) for key in ("need_p50", "gap_mean")),
            ]
            for place, row in enumerate(made["scenarios"])
        ]
        columns = (
            "tt scenario:name mean:num usual:num change:num enough:num "
            + "everyone:num " * of_all
            + "need:num gap:num"
        )
        idle = {p.details["value"] for p in both.warnings if p.code == "scenario_idle"}
        lines = [
            self.text("compare_idle", title=title_of(row, lang))
            for row in made["scenarios"]
            if row["id"] in idle
        ]
        unfit = [p for p in both.warnings if p.code == "scenario_unfit"]
        if unfit and self.internal:
            lines += report(unfit, lang).splitlines()[1:]
        return self.section(
            "so-sanh",
            self.paragraph(comparison_sentence(made, lang), "verdict"),
            self.paragraph(blocking_words(self.workbook, base, lang)),
            self.paragraph(rests_on(self.workbook, lang), "banner"),
            self._slope(base, others) if others else "",
            self.table("compare", columns, rows),
            self.paragraph(
                self.text("compare_key", noise=NOISE, year=self.workbook.as_of.year), "key"
            ),
            "" if of_all else self.text("compare_all_untold", p=everyone.pop()),
            self.bullets(lines),
        )

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the baseline's verdict and
        how to get there.
        """
        if not self.internal or self.compared() is None:
            return Part("")
        if not (self.level["level"] == "not_ntm").any():
            return self.section("thu-thay-doi", self.text("panel_none"))
        base = self.compared()[1]["scenarios"][0]
        figures = {
            "middle": write_number(base["finishing_p50"], self.lang),
            "total": base["n_communes"],
        }
        told = (
            self.text("panel_verdict", day=day_words(base["deadline"], self.lang), **figures) + "."
        )
        told = self.text("panel_static_result", verdict=told)
        first, options = Setting(self.baseline), {"draws": self.draws, "seed": self.seed}
        return self.to_try(
            lambda: WhatIf(self.workbook, first, **options), told, self.text("panel_static")
        )

    def _slope(self, base: dict, others: list[dict]) -> str:
        rows = [
            (title_of(row, self.lang), row["finishing_mean"], way(row["difference"]))
            for row in others
        ]
        mean = base["finishing_mean"]
        figures = {"mean": self.number(mean)}
        for name, number, end in (("best", "high", max), ("worst", "low", min)):
            title, value, _ = end(rows, key=lambda row: row[1])
            figures |= {name: title, number: self.number(value)}
        table = pd.DataFrame(rows, columns=["label", "mean", "way"])
        return picture(slope(mean, table, self.lang), self.text("slope_alt", **figures))

    def prices(self) -> Part:
        """What a commune more costs, what is missed by not choosing the best, what the shared
        worlds save.
        """
        if self.compared() is None:
            return Part("")
        (_, made), lang, rows = self.compared(), self.lang, []
        for place, row in enumerate(made["scenarios"]):
            more, price = (
                row["money"] - made["scenarios"][0]["money"],
                row["cost_per_extra_commune"],
            )
            no_price = self.text("within_noise") if row["cost_reason"] == "within_noise" else "-"
            rows.append(
                [
                    place or "",
                    self._title(row),
                    billions(more, lang),
                    no_price if price is None else billions(price, lang),
                    self.number(row["regret"]["mean"]),
                    row["regret"]["p90"],
                    self.number(row["se_ratio"], 2),
                    blocking_cell(self.workbook, row, made, lang),
                ]
            )
        columns = "tt scenario:name extra:num extra_price:num regret:num regret_high:num ratio:num blocking"
        return self.section(
            "cai-gia",
            self.bullets(price_words(row, made, lang) for row in made["scenarios"]),
            self.table("compare_price", columns, rows),
            self.paragraph(self.text("compare_price_key"), "key"),
            title=self.text("section_gia-thay-doi"),
        )

    def movers(self) -> Part:
        """Which communes' chances clearly rise and fall in each scenario."""
        if self.compared() is None:
            return Part("")
        (both, made), lang, rows, dates = self.compared(), self.lang, [], []

        def named(communes: list[dict]) -> str:
            points = [
                "" if both.coarse else f" ({write_change(100 * c['change'], lang, 0)})"
                for c in communes[:NAMES]
            ]
            names = ", ".join(
                c["name"] + change for c, change in zip(communes, points, strict=False)
            )
            names, more = names.replace("(0)", "(<1)") or "-", len(communes) - NAMES
            return self.text("and_more", names=names, n=more) if more > 0 else names

        for row in made["scenarios"]:
            title = title_of(row, lang)
            if row["gains"] or row["losses"]:
                rows.append([len(rows) + 1, title, named(row["gains"]), named(row["losses"])])
            months = [
                (c["name"], *(month_words(c[key], lang) for key in ("before", "after")))
                for c in row["dates"]
            ]
            if moves := [f"{name} ({before} → {after})" for name, before, after in months]:
                dates.append([len(dates) + 1, title, ", ".join(moves)])
        return self.section(
            "duoc-mat",
            self.table("moved", "tt scenario:name gains losses", rows),
            self.table("dates_moved", "tt scenario:name later_or_sooner", dates),
            self.paragraph(self.text("moved_key", noise=NOISE), "key")
            if rows
            else self.text("moved_none"),
        )

    def frontier(self) -> Part:
        """Money in all pots against communes finishing."""
        if self.compared() is None:
            return Part("")
        (both, made), number = self.compared(), self.number
        first, *_, last = made["frontier"]
        ends = {"low": number(first["factor"]), "high": number(last["factor"])}
        ends |= {"few": number(first["mean"]), "many": number(last["mean"])}
        rows = [
            [
                f"x {write_number(row['factor'], self.lang)}",
                billions(row["money"], self.lang),
                number(row["mean"]),
                usual_range(row["p10"], row["p90"]),
            ]
            for row in made["frontier"]
        ]
        total, n = (
            made["scenarios"][0]["n_communes"],
            write_number(min(self.draws, WORLDS), self.lang),
        )
        return self.section(
            "them-bot",
            self.text("frontier_told", baseline=base_name(made, self.lang), n=n, **ends),
            picture(
                frontier(both.frontier, total, self.lang),
                self.text("frontier_alt", total=total, **ends),
            ),
            self.table("frontier", "factor:name planned:num mean:num usual:num", rows),
        )

    def tornado(self) -> Part:
        """Which assumptions move the number finishing most, each at its low and its high end."""
        if self.compared() is None or (rows := loud(self.compared()[1])).empty:
            return Part("")
        (_, made), lang = self.compared(), self.lang
        table = mover_rows(self.workbook, rows, lang)
        still = [row["key"] for row in made["tornado"] if row["key"] not in set(rows["key"])]
        quiet = "; ".join(mover_name(self.workbook, key, lang).lower() for key in still) or "-"
        chart = rows.assign(label=[name for _, name, *_ in table]).head(BARS)
        alt = tornado_told(self.workbook, made, lang, "tornado_alt")
        key = self.text(
            "tornado_key", share=f"{100 * SHARE:.0f}", quiet=quiet, least=self.number(LEAST, 2)
        )
        return self.section(
            "nhay",
            tornado_told(self.workbook, made, lang),
            picture(tornado(chart, rows["usual"].iloc[0], lang), alt),
            self.table("tornado", "tt content:name ends mean_low:num mean_high:num note", table),
            self.paragraph(key, "key"),
        )

    def reckoning(self) -> Part:
        """How it is worked out."""
        terms = (
            "compare_term_same",
            "compare_term_level",
            "compare_term_file",
            "compare_term_price",
        )
        return self.section("cach-tinh", self.bullets(self.text(term) for term in terms))

    def knowledge(self) -> Part:
        """The sources of what the comparison rests on, and what was left out."""
        names = (
            "assumptions",
            "durations",
            "envelopes",
            "parts",
            "prices",
            "carry_over",
            "count_priors",
            "works",
            "typical_works",
            "unit_costs",
        )
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        return self.section("biet-den-dau", self.left_out(), self.sources(used))


class ForecastChangeParts(ForecastParts):
    """A page that can say why the forecast changed; ``register``: the folder of registered
    forecasts.
    """

    register = FORECASTS

    def forecast_change(self) -> Part:
        """The change in a sentence, by reason, by commune, and the rows that came in; what it is
        held against.
        """
        if not self.foreseeable():
            return self.section("vi-sao-khac", self.text("forecast_not_known", day=self.day))
        found, record = self.foreseen()
        asked = {name: record[name] for name in ("deadline", "finish", "policy", "scenario")}
        try:
            entry = (
                None
                if self.workbook.illustrative
                else last_entry(read_register(self.register), self.workbook, asked)
            )
        except DataProblems:
            return self.section("vi-sao-khac", self.text("change_register_bad"))
        if entry is not None and is_this(entry, self.workbook):
            return self.section("vi-sao-khac", self.text("change_itself", id=entry["id"]))
        since = (
            dt.date.fromisoformat(entry["parameters"]["as_of"])
            if entry
            else month_before(self.workbook.as_of)
        )
        now = self._asked_as(found, entry)
        made = change_since(self.workbook, since, now, entry, self.scenario)
        lead = self._change_lead(entry, since)
        if made is None:
            return self.section(
                "vi-sao-khac", lead, self.text("change_not_known", day=self.date(since))
            )
        return self.section(
            "vi-sao-khac",
            lead,
            self._change_verdict(made),
            self._change_reasons(made),
            self._change_communes(made),
            self._change_rows(made),
            wide=True,
        )

    def _asked_as(self, found, entry):
        """The forecast of the page in the worlds of the entry: with its seed and draws."""
        if entry is None or (entry["parameters"]["seed"], entry["parameters"]["draws"]) == (
            self.seed,
            self.draws,
        ):
            return found
        run = found.run
        asked = {"policy": run.plan.policy, "deadline": found.day, "finish": run.finish}
        return planned_forecast(
            found.workbook,
            **asked,
            **{name: entry["parameters"][name] for name in ("draws", "seed")},
        )

    def _change_lead(self, entry, since):
        day = self.date(since)
        if entry is not None:
            on = self.date(entry["registered_on"])
            return self.text("change_since_entry", day=day, on=on, id=entry["id"])
        key = "change_illustrative" if self.workbook.illustrative else "change_no_entry"
        return self.text(key, day=day)

    def _change_figure(self, value):
        """A change of a number of communes to two decimals (the error of the draws is of the
        second).
        """
        return write_change(value, self.lang, 2)

    def _change_verdict(self, made):
        whole = made.now - made.before
        felt = [step for step in made.steps if step.felt]
        parts = "; ".join(
            f"{self._step_names(step)} {self._change_figure(step.change)}" for step in felt
        )
        numbers = {
            "before": self.number(made.before, 2),
            "now": self.number(made.now, 2),
            "change": self._change_figure(whole),
        }
        return (
            self.text("change_verdict", **numbers, parts=parts)
            if felt
            else self.text("change_none", **numbers)
        )

    def _step_names(self, step):
        return " + ".join(self.text(f"change_step_{name}") for name in step.names)

    def _change_reasons(self, made):
        """A row a reason; what lies within the noise of the draws is told as no change."""
        rows = []
        for step in made.steps:
            shown = self._change_figure(step.change) if step.felt else self.text("change_within")
            error = "-" if not step.se else "± " + self.number(1.96 * step.se, 2)
            points = (
                write_change(100 * step.basically, self.lang, 1)
                if round(100 * step.basically, 1)
                else "-"
            )
            why = "; ".join(self.text(f"change_why_{name}") for name in step.names)
            rows.append([self._step_names(step), shown, error, points, why])
        total = [
            "",
            self.text("total_row"),
            self._change_figure(made.now - made.before),
            "",
            "",
            "",
        ]
        columns = "tt reason_of_change:name communes_more:num interval_95:num basically_points:num explanation"
        return self.table("forecast_change", columns, [total, *rows])

    def _change_communes(self, made):
        """The communes whose chance changed most."""
        now, rows = self.foreseen()[0], []
        for unit, change in by_commune(made).items():
            if unit not in self.workbook.units.index:
                continue
            after = float(now.p.get(unit, np.nan))
            shown = [self.single(min(1.0, max(0.0, p))) for p in (after - change, after)]
            rows.append([self.workbook.units.loc[unit, "name"], *shown])
        return self.table(
            "forecast_change_communes", "tt unit:name chance_before:num chance_now:num", rows
        )

    def _change_rows(self, made):
        """Which rows came in since, by table, and the communes they are about."""
        rows = []
        for kind, tables in made.rows.items():
            for table, new in tables.items():
                names = (
                    self.names(new["unit"]) if "unit" in new and (new["unit"] >= 0).any() else "-"
                )
                rows.append([self.text(f"change_step_{kind}"), f"{table}.csv", len(new), names])
        return self.table(
            "forecast_change_rows",
            "tt reason_of_change:name file rows_new:num communes_about",
            rows,
        )

"""Why the forecast differs from the last registered one, on a page."""

import datetime as dt

import numpy as np

from .allocation.plans import planned_forecast
from .forecast.scoring import read_register
from .forecast_parts import ForecastParts
from .monthly import month_before
from .office_numbers import write_change
from .page import Part
from .problems import DataProblems
from .scenarios.change import by_commune, change_since, is_this, last_entry
from .whole_files import FORECASTS


class ForecastChangeParts(ForecastParts):
    """A page that can say why the forecast changed; ``register``: the folder of registered forecasts."""

    register = FORECASTS

    def forecast_change(self) -> Part:
        """The change in a sentence, by reason, by commune, and the rows that came in; what it is held against."""
        if not self.foreseeable():
            return self.section("vi-sao-khac", self.text("forecast_not_known", day=self.day))
        found, record = self.foreseen()
        asked = {name: record[name] for name in ("deadline", "finish", "policy", "scenario")}
        try:
            entry = None if self.workbook.illustrative else last_entry(read_register(self.register), self.workbook, asked)
        except DataProblems:
            return self.section("vi-sao-khac", self.text("change_register_bad"))
        if entry is not None and is_this(entry, self.workbook):
            return self.section("vi-sao-khac", self.text("change_itself", id=entry["id"]))
        since = dt.date.fromisoformat(entry["parameters"]["as_of"]) if entry else month_before(self.workbook.as_of)
        now = self._asked_as(found, entry)
        made = change_since(self.workbook, since, now, entry, self.scenario)
        lead = self._change_lead(entry, since)
        if made is None:
            return self.section("vi-sao-khac", lead, self.text("change_not_known", day=self.date(since)))
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
        if entry is None or (entry["parameters"]["seed"], entry["parameters"]["draws"]) == (self.seed, self.draws):
            return found
        run = found.run
        asked = {"policy": run.plan.policy, "deadline": found.day, "finish": run.finish}
        return planned_forecast(found.workbook, **asked, **{name: entry["parameters"][name] for name in ("draws", "seed")})

    def _change_lead(self, entry, since):
        day = self.date(since)
        if entry is not None:
            on = self.date(entry["registered_on"])
            return self.text("change_since_entry", day=day, on=on, id=entry["id"])
        key = "change_illustrative" if self.workbook.illustrative else "change_no_entry"
        return self.text(key, day=day)

    def _change_figure(self, value):
        """A change of a number of communes to two decimals (the error of the draws is of the second)."""
        return write_change(value, self.lang, 2)

    def _change_verdict(self, made):
        whole = made.now - made.before
        felt = [step for step in made.steps if step.felt]
        parts = "; ".join(f"{self._step_names(step)} {self._change_figure(step.change)}" for step in felt)
        numbers = {"before": self.number(made.before, 2), "now": self.number(made.now, 2), "change": self._change_figure(whole)}
        return self.text("change_verdict", **numbers, parts=parts) if felt else self.text("change_none", **numbers)

    def _step_names(self, step):
        return " + ".join(self.text(f"change_step_{name}") for name in step.names)

    def _change_reasons(self, made):
        """A row a reason; what lies within the noise of the draws is told as no change."""
        rows = []
        for step in made.steps:
            shown = self._change_figure(step.change) if step.felt else self.text("change_within")
            error = "-" if not step.se else "± " + self.number(1.96 * step.se, 2)
            points = write_change(100 * step.basically, self.lang, 1) if round(100 * step.basically, 1) else "-"
            why = "; ".join(self.text(f"change_why_{name}") for name in step.names)
            rows.append([self._step_names(step), shown, error, points, why])
        total = ["", self.text("total_row"), self._change_figure(made.now - made.before), "", "", ""]
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
        return self.table("forecast_change_communes", "tt unit:name chance_before:num chance_now:num", rows)

    def _change_rows(self, made):
        """Which rows came in since, by table, and the communes they are about."""
        rows = []
        for kind, tables in made.rows.items():
            for table, new in tables.items():
                names = self.names(new["unit"]) if "unit" in new and (new["unit"] >= 0).any() else "-"
                rows.append([self.text(f"change_step_{kind}"), f"{table}.csv", len(new), names])
        return self.table("forecast_change_rows", "tt reason_of_change:name file rows_new:num communes_about", rows)

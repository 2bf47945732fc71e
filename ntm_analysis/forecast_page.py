"""The page of the forecast: whether every commune finishes by the end of the term, and how far to trust the answer."""

import datetime as dt

import numpy as np
import pandas as pd
from markupsafe import Markup

from .evidence import AS_DRAWN, AVERAGE, TITLES, back_test, shares, summary, synthetic_coverage
from .forecast_parts import ForecastParts
from .forecast_words import chance, month_words, verdict
from .office_numbers import write_number
from .pace import TERM, changes_of, day_of
from .page import Part, linked
from .panel import panel_part
from .scenarios.what_if import Setting, WhatIf
from .schedule import COUNTRY

TERMS = ("worlds", "policy", "queue", "work", "pace", "trend", "together", "storm", "finish", "interval", "words")
MEASURES = {AVERAGE: "measure_average", AS_DRAWN: "measure_as_drawn", TITLES: "measure_titles"}
STALLED = 1 / 3  # a yearly gain below this part of the mean one before it is told as a pause


class ForecastPage(ForecastParts):
    """The parts of ``notebooks/feasibility.ipynb``, in order; ``commune`` is the one whose own answer is shown.

    ``deadline``: default the end of the term; ``finish``: met or signed; ``policy``: who is paid first (default: as the
    scenario has it). Raises ValueError for a parameter that is none, :class:`~ntm_analysis.workbook.UnknownCommune` for a
    commune that is none.

    >>> "22 xã đã được công nhận" in ForecastPage("data/thanh-chuong", draws=200).forecast_summary()
    True
    """

    subject = "forecast"

    def __init__(
        self,
        dataset: str,
        commune: str = "Thanh Hương",
        *,
        scenario: str = "baseline",
        policy: str = "",
        deadline: str = "",
        finish: str = "met",
        draws: int = ForecastParts.draws,
        seed: int = ForecastParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        typed = {"policy": policy, "deadline": deadline, "finish": finish, "draws": draws, "seed": seed}
        self.checked(scenario, typed)
        self.scenario, self.policy, self.deadline, self.finish = scenario, policy, deadline, finish
        self.draws, self.seed = draws, seed
        self.unit = self.workbook.find(commune)
        given = {"commune": self.workbook.units.loc[self.unit, "name"], "scenario": scenario, "policy": policy}
        given |= {"deadline": deadline, "finish": finish, "draws": f"{draws}", "seed": f"{seed}"}
        self.parameters = {**given, **self.parameters}

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the verdict and how to get there."""
        if not self.internal or not self.foreseeable():
            return Part("")
        found, made = self.foreseen()
        if not len(found.open_):
            return self.section("thu-thay-doi", self.text("panel_none"))
        told = self.text("panel_static_result", verdict=verdict(made, self.lang))
        static = self.section("thu-thay-doi", told, self.text("panel_static"))
        day = dt.date.fromisoformat(self.deadline) if self.deadline else None
        first, asked = Setting(self.scenario, self.policy, day), {"finish": self.finish, "draws": self.draws, "seed": self.seed}
        name = self.workbook.units.loc[self.unit, "name"]
        return panel_part(static, lambda: WhatIf(self.workbook, first, **asked), name, self.lang)

    def commune(self) -> Part:
        """The answer for the one commune."""
        part = self.commune_forecast(self.unit)
        return Part(self.paragraph(self.text("commune_example"), "key") + part) if part else part

    def reckoning(self) -> Part:
        """How it is worked out, with the technical terms, and every assumption with its value and source."""
        if not self.foreseeable():
            return Part("")
        found, _ = self.foreseen()
        tables = found.workbook.tables
        written = lambda r: f"{r['value']:g}" if r["key"] == "programme_start" else write_number(r["value"], self.lang)  # noqa: E731
        rows = [
            [i, r[f"text_{self.lang}"], written(r), r["measure"], self.source(r["source"]), self.text(f"mark_{r['mark']}")]
            for i, r in enumerate(tables["assumptions"].to_dict("records"), start=1)
        ]  # fmt: skip
        items = tables["unit_costs"].set_index("item")[f"name_{self.lang}"]
        times = [
            [i, items[r["item"]], " - ".join(write_number(r[end], self.lang) for end in ("low", "mode", "high")),
             f"{write_number(r['stall'], self.lang)}%", write_number(r["stall_months"], self.lang), self.source(r["source"])]
            for i, r in enumerate(tables["durations"].to_dict("records"), start=1)
        ]  # fmt: skip
        return self.section(
            "cach-tinh",
            self.bullets(self.text(f"term_{name}", draws=write_number(self.draws, self.lang)) for name in TERMS),
            self.table("assumptions", "tt content:name amount:num measure source note", rows),
            self.table("durations", "tt works:name months:short stall:num stall_months:num source", times),
        )

    def trust(self) -> Part:
        """How far to trust it: the pace and its back-test, synthetic series, the first year, another seed, what cannot be
        tested."""
        if not self.foreseeable():
            return Part("")
        areas = [(self.workbook.meta.get("province") or {}).get("name"), COUNTRY]
        tested = back_test(self.workbook.tables["history"], [area for area in areas if area], self.workbook.as_of)
        lines = [*self._tested_words(tested), self._pause(areas[0]), *self._run_words()]
        return self.section("tin-cay", self.text("not_testable"), self._pace(), self._tested(tested), self.bullets(lines))

    def area(self, name: str) -> str:
        return self.text("country") if name == COUNTRY else name

    def _pace(self) -> Markup:
        """The pooled pace in a sentence, and the published changes that it is fitted to."""
        pace = self.foreseen()[0].run.plan.pace
        share = {k: self._yearly(h) for k, h in (("share", pace.hazard), ("low", pace.low), ("high", pace.high))}
        told = self.text("pace_told", n=len(pace.changes), **{k: v.removesuffix("%") for k, v in share.items()})
        rows = [
            [self.area(r["area"]), *(self._month(r[end]) for end in ("from", "to")),
             *(write_number(r[f"missing_{end}"], self.lang) for end in ("before", "after")), self._yearly(r["hazard"])]
            for r in pace.changes.to_dict("records")
        ]  # fmt: skip
        columns = "area:name from:short to:short missing_before:num missing_after:num yearly_share:num"
        return self.paragraph(told) + self.table("pace", columns, rows)

    def _yearly(self, hazard: float) -> str:
        """A yearly hazard as the share met in a year."""
        return f"{100 * (1 - np.exp(-hazard)):.0f}%"

    def _month(self, when: float) -> str:
        day = day_of(when)
        return month_words(day and f"{day}", self.lang)

    def _tested(self, tested: pd.DataFrame) -> Markup:
        """Scores of the back-test by area and measure."""
        rows = []
        for area, table in tested.groupby("area", sort=False):
            for row in summary(table).to_dict("records"):
                measure = self.text(MEASURES[row["measure"]])
                inside = (f"{100 * row[c]:.0f}%" for c in ("coverage", "naive_coverage"))
                scores = (write_number(row[c], self.lang, 1) for c in ("crps", "naive_crps"))
                rows.append([self.area(area), measure, int(row["n"]), *inside, *scores])
        return self.table("back_test", "area series:name cases:num inside:num naive_inside:num crps:num naive_crps:num", rows)

    def _tested_words(self, tested: pd.DataFrame) -> list[str]:
        """What the back-test says: of averages, of titles in the country, of Poisson intervals."""
        made, lines = summary(tested).set_index("measure"), []
        if AVERAGE in made.index:
            row = made.loc[AVERAGE]
            scores = {k: write_number(row[c], self.lang, 1) for k, c in (("model", "crps"), ("naive", "naive_crps"))}
            lines.append(self.text("trust_average", n=int(row["n"]), inside=round(row["coverage"] * row["n"]), **scores))
        points = self._titles(COUNTRY)
        changes = changes_of(COUNTRY, points, points["missing"]) if len(points) > 1 else pd.DataFrame()
        if len(changes) and changes["hazard"].max() > changes["hazard"].iloc[0]:
            first, best = changes.iloc[0], changes.loc[changes["hazard"].idxmax()]
            lines.append(self.text(
                "trust_titles", first=self._yearly(first["hazard"]), start=self._month(first["from"]),
                most=self._yearly(best["hazard"]), best=self._month(best["from"]),
            ))  # fmt: skip
        if TITLES in made.index:
            lines.append(self.text("trust_poisson", share=f"{100 * made.loc[TITLES, 'naive_coverage']:.0f}%"))
        return lines

    def _titles(self, area: str | None) -> pd.DataFrame:
        return shares(self.workbook.tables["history"], area or "", TITLES, self.workbook.as_of)

    def _pause(self, area: str | None) -> str:
        """The newest figures of the province's titles, where its gain all but stopped before the set in force changed."""
        points, facts = self._titles(area), self.foreseen()[0].run.plan.facts
        if len(points) < 3 or facts.set_id == facts.reported_in:
            return ""
        yearly = np.diff(points["value"].to_numpy(dtype=float)) / np.diff(points["when"].to_numpy(dtype=float))
        if yearly[-1] > STALLED * yearly[:-1].mean():
            return ""
        (start, before), (end, after) = points[["when", "value"]].iloc[-2:].to_numpy().tolist()
        numbers = {"before": write_number(before, self.lang), "after": write_number(after, self.lang)}
        return self.text("trust_pause", area=area, start=self._month(start), end=self._month(end), **numbers)

    def _run_words(self) -> list[str]:
        """Of this run: synthetic series, the first year, today's rule, another seed."""
        (found, made), (other_found, other) = self.foreseen(), self.foreseen(1)
        first, line, year = made["first_year"], made["naive"], ""
        if first["criteria_met_share"] is not None:
            mine, share = first["criteria_met_share"], first["published_share"]
            ends = {k: f"{100 * first[f'published_{k}']:.0f}" for k in ("low", "high")}
            year = self.text("first_year", mine=f"{100 * mine:.0f}", share=f"{100 * share:.0f}", **ends)
            year += " " + self.text("first_year_faster") if mine > share else ""
        mean, again = (write_number(m["finishing"]["mean"], self.lang, 2) for m in (made, other))
        # Of the difference of two independent runs.
        lacks = write_number(float(found.run.plan.expected.sum(axis=1).mean()), self.lang, 1) if len(found.open_) else ""
        slower = lacks and line["expected"] > made["finishing"]["mean"]
        error = write_number(float(found.finishing.std() * np.sqrt(2 / self.draws)), self.lang, 3)
        return [
            self.text("trust_synthetic", p=f"{100 * synthetic_coverage():.0f}", years=write_number(TERM, self.lang),
                      drawn=f"{100 * synthetic_coverage(horizon=int(TERM), as_drawn=True):.0f}",
                      soon=f"{100 * synthetic_coverage(as_drawn=True):.0f}"),
            year,
            self.text("naive_told", yearly=write_number(line["yearly"], self.lang, 1), p=chance(line["p_all"], None, self.lang),
                      expected=write_number(line["expected"], self.lang, 1), date=month_words(line["date"], self.lang))
            + (" " + self.text("naive_slower", lacks=lacks) if slower else ""),
            self.text("other_seed", seed=other_found.run.seed, mean=mean, again=again, error=error,
                      p=self.chance(other["p_all"])),
        ]  # fmt: skip

    def knowledge(self) -> Part:
        """The sources of what the forecast rests on, and what was left out."""
        names = (
            "assumptions", "durations", "pace_factors", "envelopes", "parts", "carry_over", "count_priors", "criterion_shares",
            "criterion_states", "criterion_counts", "targets", "works", "typical_works", "unit_costs",
        )  # fmt: skip
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        told = self.foreseen()[0].run.plan.pace.sources if self.foreseeable() else ()
        published = self.text("pace_sources") if told else ""
        return self.section(
            "biet-den-dau",
            self.left_out(),
            published,
            self.bullets(linked(source) for source in dict.fromkeys(told)),
            self.sources(used),
        )

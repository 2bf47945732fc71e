"""The page of the forecast: whether every commune finishes by the end of the term, and how far to trust the answer."""

import datetime as dt
from functools import cached_property

from .back_test_words import parts_of
from .charts import picture
from .comparison_charts import tornado as tornado_chart
from .forecast.back_test import kept_summary
from .forecast.evidence import evidence, list_outcomes, listed_communes, reference
from .forecast.price import TORNADO, tornado
from .forecast.simulation import knowledge
from .forecast_parts import ForecastParts
from .forecast_words import is_share, month_words, mover_rows, moving, ranged, verdict, whole_percent
from .office_numbers import write_number
from .page import Part
from .scenarios.what_if import Setting, WhatIf

TERMS = ("worlds", "list", "money", "luck", "finish", "policy", "words")
BARS = 10  # of the tornado's chart; its table has them all


class ForecastPage(ForecastParts):
    """The parts of ``notebooks/feasibility.ipynb``, in order; ``commune`` is the one whose own answer is shown.

    ``deadline``: default the end of the term; ``finish``: met or signed; ``policy``: who comes first (default: as the
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

    @cached_property
    def _tornado(self):
        """Each assumption at its two ends, in the worlds of the page."""
        return self.kept("forecast-tornado", lambda: tornado(self.foreseen()[0]), **self._question())

    def why(self) -> Part:
        """What of the number is evidence, what is assumed, what the plain share says, which assumption moves it most."""
        if not self.undecided():
            return Part("")
        found, made = self.foreseen()
        basis, evidence = found.basis, knowledge(self.workbook.as_of).evidence
        shares = {name: {q: whole_percent(basis[name][q]) for q in ("p10", "p50", "p90")} for name in ("pace", "success")}
        panel, plain = basis["panel"], made["second_opinions"]["share"]
        names = "; ".join(text[0].lower() + text[1:] for text in evidence.assumed[f"text_{self.lang}"])
        lines = [
            self.text("why_record", now=len(found.now), total=made["n_communes"], figures=panel["figures"], **shares["pace"]),
            self.text("why_lists", lists=panel["lists"], **shares["success"]),
            self.text("why_years", factor=self.number(basis["years"]["factor"], 1)),
            self.text("why_assumed", names=names),
            self.text("why_other", share=ranged(plain)),
        ]
        return self.section("vi-sao-con-so", self.bullets(lines), *self._moving())

    def _moving(self):
        """The tornado: the assumption that moves the number most, chart and table of those that do."""
        rows = moving(self._tornado)
        if rows.empty:
            return [self.text("why_still")]
        lang = self.lang
        table = mover_rows(self.foreseen()[0].workbook, rows, lang)
        _, name, ends, low, high, _ = table[0]
        usual = rows["usual"].iloc[0]
        chart = rows[["low", "high"]].assign(label=[what for _, what, *_ in table]).head(BARS)
        return [
            self.text("why_most", what=name, ends=ends, low=low, high=high, usual=write_number(usual, lang, 1)),
            picture(tornado_chart(chart, usual, lang), self.text("why_alt", what=name, low=low, high=high)),
            self.table("why", "tt content:name ends mean_low:num mean_high:num note", table),
            self.key("why_key", n=write_number(min(self.draws, TORNADO), lang)),
        ]

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the verdict and how to get there."""
        if not self.internal or not self.foreseeable():
            return Part("")
        found, made = self.foreseen()
        if not len(found.open_):
            return self.section("thu-thay-doi", self.text("panel_none"))
        told = self.text("panel_static_result", verdict=verdict(made, self.lang))
        day = dt.date.fromisoformat(self.deadline) if self.deadline else None
        first, asked = Setting(self.scenario, self.policy, day), {"finish": self.finish, "draws": self.draws, "seed": self.seed}
        name = self.workbook.units.loc[self.unit, "name"]
        return self.to_try(lambda: WhatIf(self.workbook, first, **asked), told, self.text("panel_static"), commune=name)

    def commune(self) -> Part:
        """The answer for the one commune."""
        part = self.commune_forecast(self.unit)
        return Part(self.key("commune_example") + part) if part else part

    def reckoning(self) -> Part:
        """How it is worked out, and every assumption with its value and source."""
        if not self.foreseeable():
            return Part("")
        tables = self.foreseen()[0].workbook.tables
        written = lambda r: f"{r['value']:g}" if r["key"] == "programme_start" else self.number(r["value"])  # noqa: E731
        rows = [
            [r[f"text_{self.lang}"], written(r), r["measure"], self.source(r["source"]), self.text(f"mark_{r['mark']}")]
            for r in tables["assumptions"].to_dict("records")
        ]
        assumed = [
            [r[f"text_{self.lang}"], self._ends(r, is_share(r["unit"]))]
            for r in knowledge(self.workbook.as_of).evidence.assumed.to_dict("records")
        ]
        items = self.item_names()
        times = [
            [items[r["item"]], self._ends(r), f"{self.number(r['stall'])}%",
             self.number(r["stall_months"]), self.source(r["source"])]
            for r in tables["durations"].to_dict("records")
        ]  # fmt: skip
        return self.section(
            "cach-tinh",
            self.bullets(self.text(f"term_{name}") for name in TERMS),
            self.table("panel_assumed", "tt content:name amount:num", assumed),
            self.key("panel_assumed_key"),
            self.table("assumptions", "tt content:name amount:num measure source note", rows),
            self.table("durations", "tt works:name months:short stall:num stall_months:num source", times),
        )

    def _ends(self, row, share=False):
        """A low, usual and high value."""
        values = (row[end] for end in ("low", "mode", "high"))
        return " - ".join(whole_percent(value) if share else self.number(value) for value in values)

    def trust(self) -> Part:
        """How far to trust it: provinces left out, lists against outcomes, single communes, the straight line's own date."""
        if not self.foreseeable():
            return Part("")
        found, _ = self.foreseen()
        line = found.line_date()
        yearly = self.number(found.yearly, 1)
        told = self.text("trust_line", yearly=yearly, date=month_words(line and f"{line}", self.lang))
        every = evidence()
        known = knowledge(self.workbook.as_of).evidence
        summary = kept_summary() if len(known.figures) == len(every.figures) and len(known.lists) == len(every.lists) else None
        if summary is None:
            return self.section("tin-cay", self.text("not_testable"), self.text("trust_not_then"), told)
        return self.section(
            "tin-cay",
            self.text("not_testable"),
            self._seen(summary),
            self._tested(summary),
            self.key("trust_key"),
            self.bullets([*self._lists(known), told]),
        )

    def _seen(self, summary):
        ratios = {key: self.number(summary[f"ratio_{key}"], 2) for key in ("line", "share")}
        counts = {key: summary[key] for key in ("pairs", "provinces")}
        return self.text("trust_seen", **counts, **ratios, coverage=whole_percent(summary["coverage"]))

    def _tested(self, summary):
        """The scores of the back-test, all pairs and parts of them."""
        rows = []
        for name, part in (("backtest_all", summary), *parts_of(summary)):
            shown = [
                self._interval(part, "ratio_line", lambda value: self.number(value, 2)),
                self._interval(part, "ratio_share", lambda value: self.number(value, 2)),
                self._interval(part, "coverage", whole_percent),
            ]
            rows.append([self.text(name), part["pairs"], *shown])
        return self.table("back_test", "part:name pairs:num ratio_line:num ratio_share:num inside:num", rows)

    def _interval(self, part, key, written):
        """A score with its interval by resampling provinces, which one province alone does not have."""
        ends = "-".join(written(end) for end in part[f"{key}_interval"])
        return f"{written(part[key])} ({ends})" if part["provinces"] > 1 else written(part[key])

    def _lists(self, known):
        """Lists and single communes against their outcomes."""
        lists, communes = list_outcomes(known.lists), listed_communes(reference("trajectories", self.workbook.as_of))
        shares = {
            f"{name}{suffix}": whole_percent(lists.loc[row, column])
            for name, row in (("full", "full"), ("half", "under_half"))
            for suffix, column in (("", "seen"), ("_model", "expected"))
        }
        return [
            self.text("trust_lists", n=len(known.lists), **shares),
            self.text("trust_communes", n=len(communes), met=int(communes["on_time"].sum())),
        ]

    def knowledge(self) -> Part:
        """The sources of what the forecast rests on, and what was left out."""
        names = (
            "assumptions", "durations", "envelopes", "parts", "carry_over", "count_priors", "criterion_shares",
            "criterion_states", "criterion_counts", "targets", "works", "typical_works", "unit_costs",
        )  # fmt: skip
        published = ""
        if self.foreseeable():
            panel = self.foreseen()[0].basis["panel"]
            last = f"{(panel['last'] - 1) % 12 + 1}/{(panel['last'] - 1) // 12}"
            published = self.text("evidence_sources", **panel | {"last": last})
        return self.section("biet-den-dau", self.left_out(), published, self.sources_of(names))

"""The page that sets scenarios side by side: what each would change, for whom, at what price, and how sure that is."""

import datetime as dt
from functools import cache

import pandas as pd

from .charts import picture
from .comparison_charts import frontier, slope, tornado
from .comparison_words import (
    base_name,
    blocking_cell,
    change_words,
    clear,
    loud,
    own_day,
    price_words,
    tells_all,
    title_of,
    tornado_told,
    verdict,
)
from .forecast.price import SHARE, WORLDS
from .forecast_words import LEAST, blocking_words, chance, chance_words, month_words, mover_ends, mover_name, rests_on
from .need.demand import DRAWS, SEED
from .need_words import billions
from .office_numbers import write_change, write_date, write_number
from .page import Page, Part
from .panel import panel_part
from .parameters import check
from .problems import DataProblems, report
from .scenarios.comparison import NOISE, Comparison, compare, record
from .scenarios.scenario import scenario_ids
from .scenarios.what_if import Setting, WhatIf

NAMES, BARS = 5, 10  # communes named in a cell, bars of the tornado


class ComparisonPage(Page):
    """The parts of ``notebooks/scenario_comparison.ipynb``, in order; ``scenarios``: ids joined by commas, empty: all there are.

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
        self.ids, known = [name.strip() for name in scenarios.split(",") if name.strip()], scenario_ids(self.workbook)
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
                "comparison", lambda: compare(self.workbook, self.ids, self.baseline, draws=self.draws, seed=self.seed),
                scenarios=self.ids, baseline=self.baseline, draws=self.draws, seed=self.seed,
            )  # fmt: skip
        except DataProblems:
            if self.ids or self.baseline != "baseline":  # the fault is in a scenario: it is told as it is
                raise
            return None
        return found, record(found)

    def number(self, value: float, decimals: int = 1) -> str:
        return write_number(value, self.lang, decimals)

    def _title(self, row: dict) -> str:
        """A scenario's title as it stands in a table."""
        title = title_of(row, self.lang)
        return title[0].upper() + title[1:]

    def summary(self) -> Part:
        """The verdict, slopes from the baseline, the table of scenarios, what changes nothing or does not fit."""
        if self.compared() is None:
            return self.section("so-sanh", self.text("compare_not_known", day=self.day))
        found, made = self.compared()
        base, *others = made["scenarios"]
        everyone = {chance_words(row["p_all"], self.draws, self.lang) for row in made["scenarios"]}
        told = len(everyone) > 1 or any(tells_all(row["p_all"]) for row in made["scenarios"])
        rows = []
        for place, row in enumerate(made["scenarios"]):
            low, high = row["finishing_p10"], row["finishing_p90"]
            cells = [self.number(row["finishing_mean"]), f"{low}-{high}" if low != high else str(low)]
            cells += [
                "-" if row is base else change_words(row["difference"], self.lang),
                chance(row["p_basically_all"], self.draws, self.lang),
            ]
            cells += [chance(row["p_all"], self.draws, self.lang)] if told else []
            name = self._title(row) + own_day(row, made, self.lang)
            rows.append([place or "", name, *cells, *(billions(row[key], self.lang) for key in ("need_p50", "gap_mean"))])
        columns = "tt scenario:name mean:num usual:num change:num enough:num " + "everyone:num " * told + "need:num gap:num"
        idle = {p.details["value"] for p in found.warnings if p.code == "scenario_idle"}
        told_idle = [self.text("compare_idle", title=title_of(r, self.lang)) for r in made["scenarios"] if r["id"] in idle]
        unfit = [p for p in found.warnings if p.code == "scenario_unfit"]
        warned = report(unfit, self.lang).splitlines()[1:] if unfit else []
        return self.section(
            "so-sanh",
            self.paragraph(verdict(made, self.lang), "verdict"),
            self.paragraph(blocking_words(self.workbook, base, self.lang)),
            self.paragraph(rests_on(self.workbook, self.lang), "banner"),
            self._slope(base, others) if others else "",
            self.table("compare", columns, rows),
            self.paragraph(self.text("compare_key", noise=NOISE, year=self.workbook.as_of.year), "key"),
            "" if told else self.text("compare_all_untold", p=everyone.pop()),
            self.bullets([*told_idle, *(warned if self.internal else [])]),
        )

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the baseline's verdict and how to get there."""
        if not self.internal or self.compared() is None:
            return Part("")
        if not (self.level["level"] == "not_ntm").any():
            return self.section("thu-thay-doi", self.text("panel_none"))
        base = self.compared()[1]["scenarios"][0]
        middle, day = (
            write_number(base["finishing_p50"], self.lang),
            write_date(dt.date.fromisoformat(base["deadline"]), self.lang),
        )
        told = self.text("panel_verdict", middle=middle, total=base["n_communes"], day=day) + "."
        static = self.section("thu-thay-doi", self.text("panel_static_result", verdict=told), self.text("panel_static"))
        first, asked = Setting(self.baseline), {"draws": self.draws, "seed": self.seed}
        return panel_part(static, lambda: WhatIf(self.workbook, first, **asked), "", self.lang)

    def _slope(self, base: dict, others: list[dict]) -> str:
        ways = [int(clear(r["difference"])) * (1 if r["difference"]["finishing"] > 0 else -1) for r in others]
        table = pd.DataFrame({"label": [title_of(r, self.lang) for r in others], "way": ways,
                              "mean": [r["finishing_mean"] for r in others]})  # fmt: skip
        best, worst = (table.loc[table["mean"].agg(end)] for end in ("idxmax", "idxmin"))
        alt = self.text(
            "slope_alt", mean=self.number(base["finishing_mean"]), best=best["label"], high=self.number(best["mean"]),
            worst=worst["label"], low=self.number(worst["mean"]),
        )  # fmt: skip
        return picture(slope(base["finishing_mean"], table, self.lang), alt)

    def prices(self) -> Part:
        """What a commune more costs, what is missed by not choosing the best, what the shared worlds save."""
        if self.compared() is None:
            return Part("")
        _, made = self.compared()
        rows = []
        for place, row in enumerate(made["scenarios"]):
            more, price = row["money"] - made["scenarios"][0]["money"], row["cost_per_extra_commune"]
            why = self.text("within_noise") if row["cost_reason"] == "within_noise" else "-"
            cells = [billions(more, self.lang), why if price is None else billions(price, self.lang)]
            cells += [self.number(row["regret"]["mean"]), str(row["regret"]["p90"]), self.number(row["se_ratio"], 2)]
            cells.append(blocking_cell(self.workbook, row, made, self.lang))
            rows.append([place or "", self._title(row), *cells])
        lines = (price_words(row, made, self.lang) for row in made["scenarios"])
        columns = "tt scenario:name extra:num extra_price:num regret:num regret_high:num ratio:num blocking"
        return self.section(
            "cai-gia", self.bullets(lines), self.table("compare_price", columns, rows),
            self.paragraph(self.text("compare_price_key"), "key"), title=self.text("section_gia-thay-doi"),
        )  # fmt: skip

    def movers(self) -> Part:
        """Which communes' chances clearly rise and fall in each scenario."""
        if self.compared() is None:
            return Part("")
        found, made = self.compared()
        coarse = found.coarse

        def told(rows: list[dict]) -> str:
            points = ["" if coarse else f" ({write_change(100 * r['change'], self.lang, 0)})" for r in rows[:NAMES]]
            named = (f"{r['name']}{change}" for r, change in zip(rows, points, strict=False))
            names = ", ".join(named).replace("(0)", "(<1)") or "-"
            return self.text("and_more", names=names, n=len(rows) - NAMES) if len(rows) > NAMES else names

        moved = [row for row in made["scenarios"] if row["gains"] or row["losses"]]
        rows = [[i, title_of(r, self.lang), told(r["gains"]), told(r["losses"])] for i, r in enumerate(moved, start=1)]
        return self.section(
            "duoc-mat",
            self.table("moved", "tt scenario:name gains losses", rows),
            self.table("dates_moved", "tt scenario:name later_or_sooner", self._dates(made)),
            self.paragraph(self.text("moved_key", noise=NOISE), "key") if rows else self.text("moved_none"),
        )

    def _dates(self, made: dict) -> list[list]:
        """Whose middle date moves in each scenario, from which month to which."""
        rows = []
        for row in made["scenarios"]:
            told = [
                f"{r['name']} ({month_words(r['before'], self.lang)} → {month_words(r['after'], self.lang)})"
                for r in row["dates"]
            ]
            if told:
                rows.append([len(rows) + 1, title_of(row, self.lang), ", ".join(told)])
        return rows

    def frontier(self) -> Part:
        """Money in all pots against communes finishing."""
        if self.compared() is None:
            return Part("")
        found, made = self.compared()
        table, total = found.frontier, made["scenarios"][0]["n_communes"]
        first, last = table.iloc[0], table.iloc[-1]
        told = {"low": self.number(first["factor"]), "high": self.number(last["factor"])}
        told |= {"few": self.number(first["mean"]), "many": self.number(last["mean"])}
        rows = [
            [f"x {write_number(r['factor'], self.lang)}", billions(r["money"], self.lang), self.number(r["mean"]),
             f"{r['p10']}-{r['p90']}" if r["p10"] != r["p90"] else str(r["p10"])]
            for r in made["frontier"]
        ]  # fmt: skip
        n = write_number(min(self.draws, WORLDS), self.lang)
        return self.section(
            "them-bot",
            self.text("frontier_told", baseline=base_name(made, self.lang), n=n, **told),
            picture(frontier(table, total, self.lang), self.text("frontier_alt", total=total, **told)),
            self.table("frontier", "factor:name planned:num mean:num usual:num", rows),
        )

    def tornado(self) -> Part:
        """Which assumptions move the number finishing most, each at its low and its high end."""
        if self.compared() is None or (shown := loud(self.compared()[1])).empty:
            return Part("")
        _, made = self.compared()
        names = {row["key"]: mover_name(self.workbook, row["key"], self.lang) for row in made["tornado"]}
        shown = shown.assign(label=shown["key"].map(names))
        rows = [
            [i, r["label"], mover_ends(self.workbook, r, self.lang), self.number(r["low"]), self.number(r["high"]),
             self.text(f"basis_{r['basis']}")]
            for i, r in enumerate(shown.to_dict("records"), start=1)
        ]  # fmt: skip
        quiet = "; ".join(name.lower() for key, name in names.items() if key not in set(shown["key"])) or "-"
        alt = tornado_told(self.workbook, made, self.lang, "tornado_alt")
        return self.section(
            "nhay",
            tornado_told(self.workbook, made, self.lang),
            picture(tornado(shown.head(BARS), shown["usual"].iloc[0], self.lang), alt),
            self.table("tornado", "tt content:name ends mean_low:num mean_high:num note", rows),
            self.paragraph(self.text("tornado_key", share=f"{100 * SHARE:.0f}", quiet=quiet, least=self.number(LEAST, 2)), "key"),
        )

    def reckoning(self) -> Part:
        """How it is worked out."""
        terms = ("compare_term_same", "compare_term_level", "compare_term_file", "compare_term_price")
        return self.section("cach-tinh", self.bullets(self.text(term) for term in terms))

    def knowledge(self) -> Part:
        """The sources of what the comparison rests on, and what was left out."""
        names = ("assumptions", "durations", "envelopes", "parts", "prices", "carry_over", "count_priors", "works",
                 "typical_works", "unit_costs")  # fmt: skip
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        return self.section("biet-den-dau", self.left_out(), self.sources(used))

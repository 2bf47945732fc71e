"""The forecast on a page: verdict, fan, bands, last criteria, registrations, price, how it is worked out, how far to trust it."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd
from markupsafe import Markup

from .charts import picture
from .evidence import AVERAGE, back_test, summary, synthetic_coverage
from .forecast import Forecast, forecast, record
from .forecast_charts import fan, heat, strip
from .forecast_words import (
    chance,
    chance_words,
    commune_sentence,
    month_words,
    price_lines,
    scale_of,
    verdict,
)
from .funding_parts import FundingParts
from .office_numbers import write_date, write_number
from .page import Part
from .problems import DataProblems
from .promise import promise
from .scenarios import scenario
from .schedule import COUNTRY
from .scoring import wilson
from .words import listed

OWN_FUNDS = ("nsx", "dan", "dn")  # what a commune raises itself; all other pots are given by district, province, centre


class ForecastParts(FundingParts):
    """A page that can show the forecast, for the district or for one commune."""

    policy, finish, deadline, scenario = "own", "met", "", "baseline"

    @cache  # noqa: B019 - a page lives as long as its notebook
    def foreseen(self, more: int = 0) -> tuple[Forecast, dict]:
        """The forecast of the page and its record; ``more`` is added to the seed."""
        chosen = scenario(self.workbook, self.scenario)
        day = dt.date.fromisoformat(self.deadline) if self.deadline else chosen.deadline
        found = forecast(
            chosen.workbook, policy=self.policy if self.policy != "own" else chosen.policy, deadline=day, finish=self.finish,
            draws=self.draws, seed=self.seed + more,
        )  # fmt: skip
        return found, record(found, self.scenario)

    def foreseeable(self) -> bool:
        """Whether enough was known on the as-of date for a forecast."""
        try:
            self.foreseen()
        except DataProblems:
            return False
        return True

    @property
    def deadline_words(self) -> str:
        return write_date(self.foreseen()[0].day, self.lang)

    def chance(self, p: float | None) -> str:
        return chance(p, self.draws, self.lang)

    def forecast_summary(self) -> Part:
        """The verdict in one sentence, both ways of finishing, what it rests on; the fan over time."""
        if not self.foreseeable():
            return self.section("kha-nang", self.text("forecast_not_known", day=self.day))
        found, made = self.foreseen()
        low, high = (100 * end for end in made["p_all_ci"])
        interval = self.text(
            "forecast_interval", low=write_number(low, self.lang, 2), high=write_number(high, self.lang, 2)
        )
        signed = self.text("forecast_signed", p=self.chance(made["p_all_signed"]))
        unknown = int((found.run.plan.facts.open_.any(axis=1) & (found.run.plan.facts.number < 0)).sum())
        lines = [
            self.text("forecast_unknown", n=unknown, of=len(found.open_)) if unknown else "",
            signed + " " + interval,
        ]
        fails = made["recognised_fail_set_in_force"]
        if fails is not None and found.now:
            lines.append(self.text("forecast_recognised", n=len(found.now), p=self.chance(fails)))
        if made["pots_without_money"]:
            lines.append(self.text("forecast_empty_pots", pots=", ".join(made["pots_without_money"])))
        return self.section(
            "kha-nang",
            self.paragraph(verdict(made, self.lang), "verdict"),
            self.paragraph(self.text("forecast_assumed"), "banner"),
            *lines,
            self._fan(),
        )

    def _fan(self) -> Markup:
        found, made = self.foreseen()
        table, line = found.over_time(), found.naive()
        days = table["day"]
        years = (days - pd.Timestamp(self.workbook.as_of)).dt.days / 365.25
        straight = pd.Series(
            np.minimum(len(found.now) + line.yearly * years.to_numpy(), made["n_communes"]), index=days
        )
        last = table.iloc[-1]
        alt = self.text(
            "fan_alt",
            now=len(found.now),
            low=int(last["p10"]),
            high=int(last["p90"]),
            total=made["n_communes"],
            day=self.deadline_words,
        )
        return picture(fan(table, made["n_communes"], found.basically, straight, self.lang), alt)

    def bands(self) -> Part:
        """Each band with its chance, then every commune with its dates; communes of which the same is known are not ranked."""
        if not self.foreseeable() or not len(self.foreseen()[0].open_):
            return Part("")
        found, _ = self.foreseen()
        rows, shown = [], []
        for band, units in found.bands.groupby(found.bands):
            p = found.p[units.index]
            low, high = wilson(round(p.mean() * len(p) * self.draws), len(p) * self.draws)
            names = listed(self.workbook.units.loc[units.index, "name"], self.lang)
            label = self.text("band_label", n=band, count=len(units))
            rows.append({"label": label, "p": p.mean(), "low": low, "high": high, "look": scale_of(p.mean())})
            within = f"{self.chance(p.min())} - {self.chance(p.max())}" if len(p) > 1 else "-"
            shown.append([band, names, len(units), chance_words(p.mean(), self.draws, self.lang), within])
        best = max(rows, key=lambda row: row["p"])
        chart = picture(
            strip(pd.DataFrame(rows), self.lang),
            self.text("strip_alt", n=len(rows), best=best["label"], p=self.chance(best["p"])),
        )
        return self.section(
            "tung-xa",
            self.text("bands_lead"),
            chart,
            self.table("bands", "band communes:name count:num met_chance range", shown),
            self._communes_table(),
            self.paragraph(self.text("dates_key"), "key"),
        )

    def _communes_table(self) -> Markup:
        _, made = self.foreseen()
        open_ = sorted((r for r in made["communes"] if not r["finished"]), key=lambda r: r["band"])
        rows = []
        for place, row in enumerate(open_, start=1):
            dates = [month_words(row[f"{q}_date"], self.lang) for q in ("p10", "p50", "p90")]
            last = "-" if row["last_criterion"] is None else row["last_criterion"]
            cells = [place, row["name"], row["band"], self.chance(row["p"]), self.chance(row["p_signed"])]
            rows.append([*cells, *dates, last, self.chance(row["p_unlimited"])])
        columns = "tt unit:name band:num met_chance:num signed_chance:num early:num middle:num late:num "
        columns += "last_criterion:num if_money:num"
        return self.table("chances", columns, rows)

    def why_not(self) -> Part:
        """Which criterion is last, the weakest links, what money does not mend, what dependence does."""
        if not self.foreseeable() or not len(self.foreseen()[0].open_):
            return Part("")
        found, made = self.foreseen()
        shares = found.last.groupby(found.bands).mean()
        shares = shares.loc[:, (shares >= 0.005).any()]
        heated = ""
        if shares.size:
            shares.index = [self.text("band_short", n=band) for band in shares.index]
            top = shares.max().idxmax()
            heated = picture(
                heat(shares, self.lang),
                self.text("heat_alt", criterion=self.criterion(found.run.plan.facts.set_id, top)),
            )
        links = [
            [i, row["name"], self.chance(row["unfinished"]), self.chance(row["alone"])]
            for i, row in enumerate(made["weakest"]["communes"], start=1)
        ]
        criteria = [
            [
                row["criterion"],
                row["name" if self.lang == "vi" else "name_en"],
                self.chance(row["unfinished"]),
                self.chance(row["alone"]),
            ]
            for row in made["weakest"]["criteria"]
        ]
        beyond = [row["name"] for row in made["communes"] if row["p_unlimited"] < 0.5]
        money = self.text("beyond_money", n=len(beyond), names=listed(beyond, self.lang)) if beyond else ""
        apart, joint = (write_number(made[key], self.lang, 1) for key in ("sd_if_independent", "sd"))
        depends = self.text("dependence", joint=joint, apart=apart, p=self.chance(made["p_all_if_independent"]))
        asked = [
            self.text("ask_line", band=r["band"], criterion=self.criterion(found.run.plan.facts.set_id, r["criterion"]),
                      effect=write_number(r["effect"], self.lang, 2))
            for r in made["ask_first"][:5]
        ]  # fmt: skip
        return self.section(
            "vi-sao",
            self.text("heat_lead") if heated else "",
            heated,
            self.table("weak_communes", "tt unit:name unfinished:num alone:num", links),
            self.table("weak_criteria", "criterion name:name unfinished:num alone:num", criteria),
            self.paragraph(self.text("weak_key"), "key"),
            money,
            depends,
            self.text("ask_lead") if asked else self.text("ask_none"),
            self.bullets(asked),
        )

    def registered(self) -> Part:
        """The year's registrations and pledges on the same worlds."""
        if not self.foreseeable() or not self.foreseen()[1]["registrations"]:
            return Part("")
        _, made = self.foreseen()
        rows = []
        for place, row in enumerate(made["registrations"], start=1):
            closes = write_date(dt.date.fromisoformat(row["closes"]), self.lang)
            under_way = self.text("yes_word" if row["under_way"] else "no_word")
            cells = [
                place,
                row["name"],
                self.level_words(row["level"]),
                str(row["year"]),
                self.text(f"kind_{row['kind']}"),
            ]
            rows.append([*cells, closes, self.chance(row["p"]), self.chance(row["p_by_year_end"]), under_way])
        idle = [
            r["name"]
            for r in made["registrations"]
            if r["kind"] == "plan" and not r["under_way"] and (r["p"] or 0) < 0.5
        ]
        columns = "tt unit:name level year:num kind closes met_chance:num by_year_end:num under_way"
        return self.section(
            "dang-ky",
            self.table("registrations", columns, rows),
            self.text("registered_idle", names=listed(idle, self.lang)) if idle else "",
            self.paragraph(self.text("registered_key"), "key"),
        )

    def price(self) -> Part:
        """What it would take: more money, more months, or neither."""
        if not self.foreseeable() or not len(self.foreseen()[0].open_):
            return Part("")
        found, made = self.foreseen()
        price = promise(found)
        rows = []
        for row in price["more_money"]:
            factor = self.text("no_limit") if row["factor"] is None else f"x {write_number(row['factor'], self.lang)}"
            low, high = row["p10"], row["p90"]
            rows.append([factor, write_number(row["mean"], self.lang, 1), f"{low}-{high}" if low != high else str(low)])
        pots = self.workbook.tables["pots"].set_index("pot")[f"name_{self.lang}"]
        helps = [
            self.text(
                "price_pot", pot=pots.get(r["pot"].split("@")[0], r["pot"]), factor=write_number(r["50"], self.lang)
            )
            for r in price["all"]["by_pot"]
            if r["50"] and r["50"] > 1
        ]
        return self.section(
            "cai-gia", self.bullets(price_lines(price, made, self.lang)), self.bullets(helps),
            self.table("more_money", "factor:name mean:num usual:num", rows), self.paragraph(self.text("price_key"), "key"),
        )  # fmt: skip

    def reckoning(self) -> Part:
        """How it is worked out, with the technical terms, and every assumption with its value and source."""
        if not self.foreseeable():
            return Part("")
        found, _ = self.foreseen()
        pace = found.run.plan.pace
        terms = [
            self.text(f"term_{name}")
            for name in ("worlds", "queue", "work", "pace", "trend", "together", "storm", "finish", "interval")
        ]
        rules = self.workbook.tables["assumptions"]
        rows = [
            [
                i,
                r[f"text_{self.lang}"],
                f"{r['value']:g}" if r["key"] == "programme_start" else write_number(r["value"], self.lang),
                r["measure"],
                self.source(r["source"]),
                self.text(f"mark_{r['mark']}"),
            ]
            for i, r in enumerate(rules.to_dict("records"), start=1)
        ]
        items = self.workbook.tables["unit_costs"].set_index("item")[f"name_{self.lang}"]
        times = [
            [i, items[r["item"]], f"{r['low']:.0f}-{r['mode']:.0f}-{r['high']:.0f}", f"{r['stall']:.0f}%",
            f"{r['stall_months']:.0f}", self.source(r["source"])]
            for i, r in enumerate(self.workbook.tables["durations"].to_dict("records"), start=1)
        ]  # fmt: skip
        share = [100 * (1 - np.exp(-h)) for h in (pace.hazard, pace.low, pace.high)]
        told = self.text(
            "pace_told", n=len(pace.changes), share=f"{share[0]:.0f}", low=f"{share[1]:.0f}", high=f"{share[2]:.0f}"
        )
        return self.section(
            "cach-tinh",
            self.bullets(terms),
            told,
            self.table("assumptions", "tt content:name value:num measure source note", rows),
            self.table("durations", "tt works:name months stall:num stall_months:num source", times),
        )

    def trust(self) -> Part:
        """How far to trust it: back-test, synthetic series, the first year, another seed, what cannot be tested."""
        if not self.foreseeable():
            return Part("")
        found, made = self.foreseen()
        history, first = self.workbook.tables["history"], made["first_year"]
        areas = [self.workbook.meta["province"]["name"], COUNTRY]
        tested = back_test(history, areas, self.workbook.as_of)
        rows = []
        for area, table in tested.groupby("area", sort=False):
            for row in summary(table).reset_index().to_dict("records"):
                measure = self.text("measure_average" if row["measure"] == AVERAGE else "measure_titles")
                place = self.text("country") if area == COUNTRY else area
                cells = [
                    place,
                    measure,
                    int(row["n"]),
                    *(f"{100 * row[c]:.0f}%" for c in ("coverage", "naive_coverage")),
                ]
                rows.append([*cells, *(write_number(row[c], self.lang, 1) for c in ("crps", "naive_crps"))])
        covered = synthetic_coverage()
        other_found, other = self.foreseen(1)
        mean, again = (write_number(m["finishing"]["mean"], self.lang, 2) for m in (made, other))
        error = write_number(float(found.finishing.std() / np.sqrt(self.draws)), self.lang, 3)
        line = made["naive"]
        naive = self.text(
            "naive_told", yearly=write_number(line["yearly"], self.lang, 1), expected=write_number(line["expected"], self.lang,
            1),
            date=month_words(line["date"], self.lang), p=self.chance(line["p_all"]),
        )  # fmt: skip
        year = ""
        if first["criteria_met_share"] is not None:
            share = {k: f"{100 * v:.0f}" for k, v in first.items()}
            year = self.text("first_year", mine=share["criteria_met_share"], share=share["published_share"],
                low=share["published_low"],
                             high=share["published_high"])  # fmt: skip
        return self.section(
            "tin-cay",
            self.text("not_testable"),
            self.table("back_test", "area series:name cases:num inside:num naive_inside:num crps:num naive_crps:num", rows),
            self.bullets([
                self.text("trust_average"), self.text("trust_titles"), self.text("trust_pause"), self.text("trust_synthetic",
                p=f"{100 * covered:.0f}"),
                year, naive, self.text("other_seed", seed=other_found.run.seed, mean=mean, again=again, error=error,
                p=self.chance(other["p_all"])),
            ]),
        )  # fmt: skip

    def commune_forecast(self, unit: int) -> Part:
        """One commune's own answer: chance, dates, last criterion, what it can do alone and what needs others."""
        label = self.workbook.units.loc[unit, "label"]
        title = self.text("forecast_of", label=label)
        if not self.foreseeable():
            return self.section("kha-nang-xa", self.text("forecast_not_known", day=self.day), title=title)
        found, made = self.foreseen()
        code = self.workbook.units.loc[unit, "code"]
        row = next((r for r in made["communes"] if r["code"] == code), None)
        if row is None:
            return Part("")
        lines = [commune_sentence(row, made, self.lang)]
        for r in made["registrations"]:
            if r["code"] == code:
                closes = write_date(dt.date.fromisoformat(r["closes"]), self.lang)
                values = {
                    "level": self.level_words(r["level"]),
                    "year": r["year"],
                    "kind": self.text(f"kind_{r['kind']}"),
                    "p": self.chance(r["p"]),
                }
                lines.append(self.text("forecast_registration", closes=closes, **values))
        if not row["finished"] and row["last_criterion"] is not None:
            lines += self._own_and_others(found, unit)
            lines.append(self.text("forecast_one_like", band=row["band"]))
        return self.section("kha-nang-xa", *lines, title=title)

    def _own_and_others(self, found: Forecast, unit: int) -> list[str]:
        """What the commune lacks, or may lack: with no works, with works that its own means pay, with works that need others."""
        plan = found.run.plan
        i = plan.facts.units.index(unit)
        works, parts = plan.by_level["ntm"], self.workbook.tables["parts"]
        funds = self.workbook.tables["pots"].set_index("pot")["fund"]
        given = {item for item, pot in zip(parts["item"], parts["pot"], strict=True) if funds.get(pot) not in OWN_FUNDS}
        mine = works[works["unit"] == unit]
        likely = [int(n) for n in plan.facts.numbers[plan.expected[i] >= 0.5]]
        others = sorted(set(mine.loc[mine["item"].isin(given), "criterion"]) & set(likely))
        own = [n for n in likely if n not in others]
        last = found.last.loc[unit].sort_values(ascending=False).head(2)
        shown = listed(
            [f"{self.criterion(plan.facts.set_id, n)} ({100 * p:.0f}%)" for n, p in last.items() if p > 0.005],
            self.lang,
        )
        set_id = plan.facts.set_id
        return [
            self.text("last_told", shown=shown) if shown else "",
            self.text("needs_others", names=listed([self.criterion(set_id, n) for n in others], self.lang))
            if others
            else "",
            self.text("needs_none", names=listed([self.criterion(set_id, n) for n in own], self.lang)) if own else "",
        ]

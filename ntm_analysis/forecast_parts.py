"""The forecast on a page: verdict, fan, bands, last criteria, registrations, price, how it is worked out, how far to trust it."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd
from markupsafe import Markup

from .charts import picture
from .forecast.forecast import Forecast, forecast, record
from .forecast.scoring import wilson
from .forecast_charts import fan, heat, strip
from .forecast_words import (
    chance,
    chance_words,
    commune_sentence,
    interval,
    month_words,
    pot_words,
    price_lines,
    rests_on,
    scale_of,
    setting,
    verdict,
    without_money,
)
from .funding_parts import FundingParts
from .office_numbers import write_date, write_number
from .page import Part
from .parameters import check
from .problems import DataProblems, Problem, lines_of
from .promise import WORLDS, promise
from .scenarios.scenario import Scenario, UnknownScenario, scenario
from .words import listed

MOST = 8  # lacks listed where there is no forecast
OWN_FUNDS = ("nsx", "dan", "dn")  # what a commune raises itself; all other pots are given by district, province, centre


class ForecastParts(FundingParts):
    """A page that can show the forecast, for the district or for one commune."""

    policy, finish, deadline, scenario = "", "met", "", "baseline"

    def checked(self, name: str, typed: dict[str, object]) -> Scenario:
        """The scenario of that name; raises ValueError with all that is wrong with it and with the parameters typed."""
        faults, deadline = check(typed), typed["deadline"]
        if deadline and not faults and deadline <= f"{self.workbook.as_of}":
            faults.append(f"deadline={deadline!r}: must lie after {self.workbook.as_of}")
        try:
            chosen = scenario(self.workbook, name)
        except UnknownScenario as error:
            faults.append(f"scenario={name!r}: must be one of {', '.join(error.known)}")
        if faults:
            raise ValueError("; ".join(faults))
        return chosen

    @cache  # noqa: B019 - a page lives as long as its notebook
    def foreseen(self, more: int = 0) -> tuple[Forecast, dict]:
        """The forecast of the page and its record; ``more`` is added to the seed."""
        asked = {"finish": self.finish, "draws": self.draws, "seed": self.seed + more}

        def make() -> tuple[Forecast, dict]:
            chosen = scenario(self.workbook, self.scenario)
            day = dt.date.fromisoformat(self.deadline) if self.deadline else chosen.deadline
            found = forecast(chosen.workbook, policy=self.policy or chosen.policy, deadline=day, **asked)
            return found, record(found, self.scenario, chosen.title)

        return self.kept("forecast", make, scenario=self.scenario, policy=self.policy, deadline=self.deadline, **asked)

    def foreseeable(self) -> bool:
        """Whether enough was known on the as-of date for a forecast."""
        return not self._wanting()

    @cache  # noqa: B019 - likewise; what cannot be foreseen is not tried again for every part
    def _wanting(self) -> list[Problem]:
        """What a forecast needs and was not known."""
        try:
            self.commune_forecasts()
        except DataProblems as error:
            return error.problems
        return []

    def not_known(self) -> list[str]:
        """That there is no forecast, and for the office the first things that it lacks."""
        told = self.bullets(lines_of(self._wanting(), self.lang)[:MOST]) if self.internal else ""
        return [self.text("forecast_not_known", day=self.day), told]

    @property
    def deadline_words(self) -> str:
        return write_date(self.foreseen()[0].day, self.lang)

    def chance(self, p: float | None) -> str:
        return chance(p, self.draws, self.lang)

    def forecast_summary(self) -> Part:
        """The verdict in one sentence, both ways of finishing, what it rests on; the fan over time."""
        if not self.foreseeable():
            return self.section("kha-nang", *self.not_known())
        found, made = self.foreseen()
        shown = {
            k: interval(made[f"p_{name}"], self.draws, self.lang) for k, name in (("basically", "basically_all"), ("all", "all"))
        }
        within, facts = self.text("forecast_interval", **shown), found.run.plan.facts
        unknown = [unit for i, unit in enumerate(facts.units) if facts.open_[i].any() and facts.number[i] < 0]
        names = self.names(unknown)
        lines = [
            self.text("forecast_unknown", n=len(unknown), of=len(found.open_), names=names) if unknown else "",
            self._other_finish() + " " + within,
        ]
        fails = made["recognised_fail_set_in_force"]
        if fails is not None and found.now:
            lines.append(self.text("forecast_recognised", n=len(found.now), p=chance(fails, None, self.lang)))
        if made["pots_without_money"]:
            names = [pot_words(self.workbook, name, self.lang) for name in made["pots_without_money"]]
            lines.append(self.text("forecast_empty_pots", pots=", ".join(names)))
        return self.section(
            "kha-nang",
            self.paragraph(verdict(made, self.lang), "verdict"),
            self.paragraph(self.text("forecast_no_money"), "banner") if without_money(found.workbook) else "",
            self.paragraph(rests_on(found.workbook, self.lang), "banner"),
            setting(found.workbook, made, self.lang),
            *lines,
            self._fan(),
        )

    def _other_finish(self) -> str:
        """The chance that all finish in the other meaning of the word: signed where criteria met count, and the other way."""
        found, made = self.foreseen()
        rules = found.run.plan.rules
        lag = {end: write_number(rules[f"decision_{end}"], self.lang) for end in ("low", "high")}
        if self.finish == "met":
            figures = made["finishing_signed"]
            told = {"middle": figures["p50"], "total": made["n_communes"]}
            told |= {"range": " - ".join(dict.fromkeys([str(figures["p10"]), str(figures["p90"])]))}
            told |= {"basically": self.chance(made["p_basically_all_signed"]), "p": self.chance(made["p_all_signed"])}
            return self.text("forecast_signed", **told, **lag)
        return self.text("forecast_met", p=self.chance(made["p_all_met"]), **lag)

    def _fan(self) -> Markup:
        found, made = self.foreseen()
        table, line = found.over_time(), found.naive()
        days = table["day"]
        years = (days - pd.Timestamp(self.workbook.as_of)).dt.days / 365.25
        straight = pd.Series(np.minimum(len(found.now) + line.yearly * years.to_numpy(), made["n_communes"]), index=days)
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
            low, high = wilson(round(p.mean() * self.draws), self.draws)  # its communes share the worlds
            names = listed(self.workbook.units.loc[units.index, "name"], self.lang)
            label = self.text("band_label", n=band, count=len(units))
            said = self.text("chance_plain", word=self.text(f"scale_{scale_of(p.mean())}"), shown=self.chance(p.mean()))
            rows.append({"label": label, "p": p.mean(), "low": low, "high": high, "look": scale_of(p.mean()), "said": said})
            ends = dict.fromkeys([self.chance(p.min()), self.chance(p.max())])
            mean = (chance_words(p.mean(), self.draws, self.lang), interval(p.mean(), self.draws, self.lang))
            shown.append([band, names, len(units), *mean, " - ".join(ends) if len(p) > 1 else "-"])
        best = max(rows, key=lambda row: row["p"])
        chart = picture(
            strip(pd.DataFrame(rows), self.lang),
            self.text("strip_alt", n=len(rows), best=best["label"], p=self.chance(best["p"])),
        )
        return self.section(
            "tung-xa",
            self.text("bands_lead"),
            chart,
            self.table("bands", "band communes:name communes_number:num finish_chance wilson:num range", shown),
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
            chances = (self.chance(row["p_met"]), self.chance(row["p_signed"]))
            rows.append([place, row["name"], row["band"], *chances, *dates, last, self.chance(row["p_unlimited"])])
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
            top, mean = found.last.mean().idxmax(), found.last.mean().max()
            named = self.criterion(found.run.plan.facts.set_id, top)
            heated = picture(heat(shares, self.lang), self.text("heat_alt", criterion=named, share=self.chance(float(mean))))
        fails = round((1 - made["p_all"]) * self.draws)  # the worlds that these shares are of
        weak = (*made["weakest"]["communes"], *made["weakest"]["criteria"])
        shown = ["unfinished", "alone"][: 1 + any(row["alone"] for row in weak)]
        columns = " ".join(f"{key}:num" for key in shown)
        told = lambda row: [chance(row[k], fails, self.lang) for k in shown]  # noqa: E731
        place = {row["code"]: (-row["band"], i) for i, row in enumerate(made["communes"]) if row["band"] is not None}
        hardest = sorted(made["weakest"]["communes"], key=lambda row: place[row["code"]]) if fails else []
        links = [[row["name"], -place[row["code"]][0], *told(row)] for row in hardest]
        name = "name" if self.lang == "vi" else "name_en"
        criteria = [[row["criterion"], row[name], *told(row)] for row in made["weakest"]["criteria"]] if fails else []
        apart, joint = (write_number(made[key], self.lang, 1) for key in ("sd_if_independent", "sd"))
        chances = {"all": self.chance(made["p_all"]), "p": chance(made["p_all_if_independent"], None, self.lang)}
        neither = max(made["p_all"], made["p_all_if_independent"]) < 0.01
        depends = self.text("dependence_neither" if neither else "dependence", joint=joint, apart=apart, **chances)
        asked = [
            self.text("ask_line", band=r["band"], criterion=self.criterion(found.run.plan.facts.set_id, r["criterion"]),
                      names=self.names(found.bands.index[found.bands == r["band"]]),
                      effect=write_number(r["effect"], self.lang, 2))
            for r in made["ask_first"][:5]
        ]  # fmt: skip
        return self.section(
            "vi-sao",
            self.text("heat_lead") if heated else "",
            heated,
            self.table("weak_communes", f"unit:name band:num {columns}", links),
            self.table("weak_criteria", f"criterion name:name {columns}", criteria),
            self.paragraph(self.text("weak_key"), "key") if fails else "",
            self._beyond_money(),
            self.text("forecast_reconcile"),
            depends,
            self.text("ask_lead" if asked else "ask_none") if self.internal else "",
            self.bullets(asked if self.internal else []),
        )

    def _beyond_money(self) -> str:
        """Which communes money without limit does not bring home, and the criteria without works that they most likely lack."""
        found, made = self.foreseen()
        plan, codes = found.run.plan, [row["code"] for row in made["communes"] if row["p_unlimited"] < 0.5]
        units = [unit for unit in plan.facts.units if self.workbook.units.loc[unit, "code"] in codes]
        if not units:
            return ""
        works = plan.by_level["ntm"]
        served = set(zip(works["unit"], works["criterion"], strict=True))
        lacks = pd.Series(0.0, index=plan.facts.numbers)
        for i, unit in enumerate(plan.facts.units):
            free = np.array([(unit, n) not in served for n in plan.facts.numbers])
            lacks += plan.expected[i] * free * (unit in units)
        worst = [self.criterion(plan.facts.set_id, n) for n in lacks[lacks > 0].nlargest(3).index]
        line = self.text("beyond_money", n=len(units), names=self.names(units))
        return line + (" " + self.text("beyond_why", criteria=listed(worst, self.lang)) if worst else "")

    def registered(self) -> Part:
        """The year's registrations and pledges on the same worlds."""
        if not self.foreseeable() or not self.foreseen()[1]["registrations"]:
            return Part("")
        found, made = self.foreseen()
        run = found.run
        rows, idle, slow = [], [], []
        told = found.registrations().to_dict("records")  # the same rows as the record's, with what it leaves out
        for place, (row, more) in enumerate(zip(made["registrations"], told, strict=True), start=1):
            rich = None if more["goal"] < 0 else more["p_unlimited"]
            under_way = self.text("yes_word" if row["under_way"] else "no_word")
            aim = (self.level_words(row["level"]), str(row["year"]), self.text(f"kind_{row['kind']}"))
            chances = (self.chance(row["p"]), self.chance(row["p_by_year_end"]), self.chance(rich))
            rows.append([place, row["name"], *aim, write_date(more["closes"], self.lang), *chances, under_way])
            if rich is None or row["p"] >= 0.5:
                continue
            if rich - row["p"] >= 0.1 and not row["under_way"]:  # money first
                idle.append(row["name"])
            if rich < 0.5 and row["level"] == "ntm":
                last = int(found.last.loc[more["unit"]].idxmax())
                named = self.criterion(run.plan.facts.set_id, last)
                slow.append(self.text("registered_slow", name=row["name"], p=self.chance(rich), criterion=named))
        columns = "tt unit:name aim year:num kind closes met_chance:num by_year_end:num if_money:num under_way"
        idle_words = self.text("registered_idle", names=listed(dict.fromkeys(idle), self.lang)) if idle else ""
        idle_words += " " + self.text("registered_lists") if idle and not self.workbook.illustrative else ""
        ask = " " + self.text("registered_report") if idle and self.internal else ""
        return self.section(
            "dang-ky", self.table("registrations", columns, rows), idle_words + ask, self.bullets(slow),
            self.paragraph(self.text("registered_key"), "key"), heading="chi-tieu",
        )  # fmt: skip

    def price(self) -> Part:
        """What it would take: more money, more months, or neither."""
        if not self.foreseeable() or not len(self.foreseen()[0].open_):
            return Part("")
        found, made = self.foreseen()
        price, worlds = promise(found), write_number(min(self.draws, WORLDS), self.lang)
        rows = []
        for row in price["more_money"]:
            factor = self.text("no_limit") if row["factor"] is None else f"x {write_number(row['factor'], self.lang)}"
            low, high = row["p10"], row["p90"]
            rows.append([factor, write_number(row["mean"], self.lang, 1), f"{low}-{high}" if low != high else str(low)])
        helps = [
            self.text("price_pot", what=self.text(f"price_{key}", n=number), factor=write_number(r["50"], self.lang),
                      pot=pot_words(self.workbook, r["pot"], self.lang))
            for key, number in (("basically_all", made["basically_all"]), ("all", made["n_communes"]))
            for r in price[key]["by_pot"]
            if r["50"] and r["50"] > 1
        ]  # fmt: skip
        return self.section(
            "cai-gia", self.bullets(price_lines(price, made, self.lang)), self.bullets(helps),
            self.table("more_money", "factor:name mean:num usual:num", rows),
            self.paragraph(self.text("price_key", n=worlds), "key"),
        )  # fmt: skip

    def commune_forecasts(self) -> dict[int, dict]:
        """What the forecast says of each commune, in plain values, by unit: so that one commune's page need not read it all.

        ``row`` (of the record), ``registrations``, ``setting`` (deadline, finish, draws, set), ``last`` (criterion: share of
        worlds where it is last), ``others``, ``own`` (criteria that it likely lacks, with works that need others' money, and
        without), ``drawn`` (which it lacks is drawn). Raises what a forecast raises.
        """

        def make() -> dict[int, dict]:
            found, made = self.foreseen()
            setting = {key: made[key] for key in ("deadline", "finish", "draws", "set")}
            units = self.workbook.communes["code"]
            rows = {row["code"]: row for row in made["communes"]}
            said = {
                unit: {"row": rows[code], "setting": setting, "registrations": [r for r in made["registrations"] if r["code"] ==
                code]} for unit, code in units.items() if code in rows
            }  # fmt: skip
            for unit in found.run.plan.facts.units:
                said[unit] |= self._own_and_others(found, unit)
            return said

        asked = {"scenario": self.scenario, "policy": self.policy, "deadline": self.deadline, "finish": self.finish}
        return self.kept("forecast-communes", make, draws=self.draws, seed=self.seed, **asked)

    def _own_and_others(self, found: Forecast, unit: int) -> dict:
        """What the commune lacks, or may lack: with no works, with works that its own means pay, with works that need others."""
        plan = found.run.plan
        i = plan.facts.units.index(unit)
        works, parts = plan.by_level["ntm"], self.workbook.tables["parts"]
        funds = self.workbook.tables["pots"].set_index("pot")["fund"]
        given = {item for item, pot in zip(parts["item"], parts["pot"], strict=True) if funds.get(pot) not in OWN_FUNDS}
        mine = works[works["unit"] == unit]
        likely = [int(n) for n in plan.facts.numbers[plan.expected[i] >= 0.5]]
        others = sorted(set(mine.loc[mine["item"].isin(given), "criterion"]) & set(likely))
        last = found.last.loc[unit].sort_values(ascending=False).head(2)
        return {
            "last": {int(n): float(p) for n, p in last.items() if p > 0.005},
            "others": [int(n) for n in others],
            "own": [n for n in likely if n not in others],
            "drawn": bool(plan.facts.open_[i].any() and plan.facts.number[i] < 0),
        }

    def commune_forecast(self, unit: int) -> Part:
        """One commune's own answer: chance, dates, last criterion, what it can do alone and what needs others."""
        label = self.workbook.units.loc[unit, "label"]
        title = self.text("forecast_of", label=label)
        if not self.foreseeable():
            return self.section("kha-nang-xa", self.text("forecast_not_known", day=self.day), title=title)
        said = self.commune_forecasts().get(unit)
        if said is None:
            return Part("")
        row = said["row"]
        lines = [commune_sentence(row, said["setting"], self.lang)]
        for r in said["registrations"]:
            closes = write_date(dt.date.fromisoformat(r["closes"]), self.lang)
            level, kind = self.level_words(r["level"]), self.text(f"kind_{r['kind']}")
            lines.append(
                self.text("forecast_registration", closes=closes, level=level, year=r["year"], kind=kind, p=self.chance(r["p"]))
            )
        if not row["finished"] and row["last_criterion"] is not None:
            lines += [*self._lacking(said), self.text("forecast_one_like", band=row["band"])]
        return self.section("kha-nang-xa", *lines, title=title)

    def _lacking(self, said: dict) -> list[str]:
        """The sentences on what a commune lacks and who can mend it."""
        named = lambda numbers: listed([self.criterion(said["setting"]["set"], n) for n in numbers], self.lang)  # noqa: E731
        last = listed([f"{named([n])} ({100 * p:.0f}%)" for n, p in said["last"].items()], self.lang)
        return [
            self.text("last_told", shown=last) if last else "",
            self.text("needs_lead") if said["drawn"] and (said["own"] or said["others"]) else "",
            self.text("needs_others", names=named(said["others"])) if said["others"] else "",
            self.text("needs_none", names=named(said["own"])) if said["own"] else self.text("needs_nothing_alone"),
        ]

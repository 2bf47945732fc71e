"""The forecast on a page: the answer, bands of communes, what holds them back, registrations, how
far to trust it.
"""

import datetime as dt
from functools import cache, cached_property

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..forecasts import (
    HELD,
    TORNADO,
    WORLDS,
    Forecast,
    evidence,
    forecast_record,
    kept_summary,
    knowledge,
    list_outcomes,
    listed_communes,
    promise,
    reference,
    tornado,
)
from ..language import check, write_number
from ..scenarios import Scenario, Setting, UnknownScenario, WhatIf, scenario
from ..tables import DataProblems, lines_of
from ..wording import (
    FELT,
    blocking_words,
    chance,
    chance_word,
    chance_words,
    commune_sentence,
    forecast_sentence,
    held_sentence,
    is_share,
    list_sentence,
    median_range,
    month_words,
    mover_rows,
    moving,
    parts_of,
    pot_words,
    promise_lines,
    rests_on,
    scale_of,
    setting,
    usual_range,
    whole_percent,
    without_money,
)
from .charts import fan, picture, strip
from .charts import tornado as tornado_chart
from .funding import FundingParts
from .page import Part

MOST = 8  # lacks listed where there is no forecast
OWN_FUNDS = (
    "nsx",
    "dan",
    "dn",
)  # what a commune raises itself; all other pots are given by district, province, centre


class ForecastParts(FundingParts):
    """A page that can show the forecast, for the district or for one commune."""

    policy, finish, deadline, scenario = "", "met", "", "baseline"

    def checked(self, name: str, typed: dict[str, object]) -> Scenario:
        """The scenario of that name; raises ValueError with all that is wrong with it and with the
        parameters typed.
        """
        faults, deadline = check(typed), typed["deadline"]
        if deadline and not faults and deadline <= f"{self.workbook.as_of}":
            faults.append(f"deadline={deadline!r}: must lie after {self.workbook.as_of}")
        try:
            chosen = scenario(self.workbook, name)
        except UnknownScenario as error:
            faults.append(f"scenario={name!r}: must be one of {', '.join(error.args[1])}")
        if faults:
            raise ValueError("; ".join(faults))
        return chosen

    @cache  # noqa: B019 - a page lives as long as its notebook
    def foreseen(self) -> tuple[Forecast, dict]:
        """The forecast of the page and its record."""
        asked = {"finish": self.finish, "draws": self.draws, "seed": self.seed}

        def make():
            chosen = scenario(self.workbook, self.scenario)
            day = dt.date.fromisoformat(self.deadline) if self.deadline else None
            found = planned_forecast(
                chosen.workbook, policy=self.policy or chosen.policy, deadline=day, **asked
            )
            return found, forecast_record(found, self.scenario, chosen.title)

        return self.kept("forecast", make, **self._question())

    def _question(self):
        """What the page asks the forecast."""
        names = ("scenario", "policy", "deadline", "finish", "draws", "seed")
        return {name: getattr(self, name) for name in names}

    def foreseeable(self) -> bool:
        """Whether enough was known on the as-of date for a forecast."""
        return not self._wanting()

    def undecided(self) -> bool:
        """Whether there is a forecast, with a commune that has not finished yet."""
        return self.foreseeable() and len(self.foreseen()[0].open_) > 0

    @cache  # noqa: B019 - likewise; what cannot be foreseen is not tried again for every part
    def _wanting(self):
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
        return self.date(self.foreseen()[0].day)

    def chance(self, p: float | None) -> str:
        return chance(p, self.draws, self.lang)

    def single(self, p: float | None) -> str:
        """The chance of a single commune; in a word alone where no finer figure is known."""
        return chance(p, 0 if self.foreseen()[0].coarse else self.draws, self.lang)

    # the answer -----------------------------------------------------------------------------------

    def forecast_summary(self) -> Part:
        """The verdict, what it rests on, the other way of finishing; the fan over time."""
        if not self.foreseeable():
            return self.section("kha-nang", *self.not_known())
        found, made = self.foreseen()
        facts = found.run.plan.facts
        unknown = [
            unit
            for i, unit in enumerate(facts.units)
            if facts.open_[i].any() and facts.number[i] < 0
        ]
        names, of = self.names(unknown), len(found.open_)
        lines = [
            self.text("forecast_unknown", n=len(unknown), of=of, names=names) if unknown else "",
            self._other_finish(),
        ]
        fails = made["recognised_fail_set_in_force"]
        if fails is not None and found.now:
            p = chance_words(fails, None, self.lang)
            lines.append(self.text("forecast_recognised", n=len(found.now), p=p))
        if made["pots_without_money"]:
            names = [
                pot_words(self.workbook, name, self.lang) for name in made["pots_without_money"]
            ]
            lines.append(self.text("forecast_empty_pots", pots=", ".join(names)))
        return self.section(
            "kha-nang",
            self.paragraph(forecast_sentence(made, self.lang), "verdict"),
            self.paragraph(self.text("forecast_no_money"), "banner")
            if without_money(found.workbook)
            else "",
            self.paragraph(self.text("forecast_coarse"), "banner") if found.coarse else "",
            self.paragraph(rests_on(found.workbook, self.lang), "banner"),
            self._blocking(),
            setting(found.workbook, made, self.lang),
            *lines,
            self._fan(),
        )

    def _blocking(self) -> str:
        return blocking_words(self.workbook, self.foreseen()[1], self.lang)

    def _other_finish(self):
        """The number finishing in the other meaning of the word: signed where criteria met count,
        and the other way.
        """
        found, made = self.foreseen()
        rules = found.run.plan.rules
        lag = {end: self.number(rules[f"decision_{end}"]) for end in ("low", "high")}
        said = lambda key: chance_words(made[key], self.draws, self.lang)  # noqa: E731
        if self.finish == "signed":
            return self.text("forecast_met", p=said("p_all_met"), **lag)
        figures = made["finishing_signed"]
        told = {
            "middle": figures["p50"],
            "total": made["n_communes"],
            "range": usual_range(figures["p10"], figures["p90"]),
        }
        both = {"basically": said("p_basically_all_signed"), "p": said("p_all_signed")}
        return self.text("forecast_signed", **told, **both, **lag)

    def _fan(self):
        found, made = self.foreseen()
        table, total = found.over_time(), made["n_communes"]
        days = table["day"]
        years = (days - pd.Timestamp(self.workbook.as_of)).dt.days / 365.25
        straight = pd.Series(
            np.minimum(len(found.now) + found.yearly * years.to_numpy(), total), index=days
        )
        ends = {end: int(table.iloc[-1][q]) for end, q in (("low", "p10"), ("high", "p90"))}
        alt = self.text("fan_alt", now=len(found.now), total=total, day=self.deadline_words, **ends)
        return picture(fan(table, total, found.basically, straight, self.lang), alt)

    # bands ----------------------------------------------------------------------------------------

    def _bands(self):
        """Each band, its communes in administrative order, and the record's row that all of them
        share.
        """
        found, made = self.foreseen()
        rows = {row["code"]: row for row in made["communes"]}
        bands = found.bands.reindex([unit for unit in found.communes if unit in found.bands.index])
        groups = [(int(band), list(units)) for band, units in bands.groupby(bands).groups.items()]
        return [
            (band, units, rows[self.workbook.units.loc[units[0], "code"]]) for band, units in groups
        ]

    def _names_in(self, units):
        return self.listed(self.workbook.units.loc[units, "name"])

    def bands(self) -> Part:
        """Each band with its chance and dates, and its chance to be on each year's list."""
        if not self.undecided():
            return Part("")
        bars, shown, lists = [], [], []
        for band, units, row in self._bands():
            p, label = row["p"], self.text("band_label", n=band, count=len(units))
            word, shown_as = chance_word(p, self.lang), self.single(p)
            said = (
                word if shown_as == word else self.text("chance_plain", word=word, shown=shown_as)
            )
            bars.append({"label": label, "p": p, "look": scale_of(p), "said": said})
            dates = [month_words(row[f"{q}_date"], self.lang) for q in ("p10", "p50", "p90")]
            chances = [self.single(row[key]) for key in ("p_met", "p_signed")]
            shown.append(
                [
                    band,
                    self._names_in(units),
                    len(units),
                    *chances,
                    *dates,
                    self.single(row["p_unlimited"]),
                ]
            )
            lists.append(
                [
                    band,
                    self._names_in(units),
                    *(self.single(p) for p in row["list_chance"].values()),
                ]
            )
        best = max(bars, key=lambda bar: bar["p"])
        alt = self.text("strip_alt", n=len(bars), best=best["label"], p=best["said"])
        years = " ".join(f"{year}:num" for year in self._bands()[0][2]["list_chance"])
        columns = "band communes:name communes_number:num finish_chance signed_chance early:num middle:num late:num if_money"
        return self.section(
            "tung-xa",
            self.text("bands_lead"),
            picture(strip(pd.DataFrame(bars), self.lang), alt),
            self.table("bands", columns, shown),
            self.key("dates_key"),
            self.table("lists", f"band communes:name {years}", lists),
        )

    def why_not(self) -> Part:
        """What holds each band back, which sources block, what money does not mend, what dependence
        does, whom to ask first.
        """
        if not self.undecided():
            return Part("")
        found, made = self.foreseen()
        late = found.held.sum()
        shares = (late[late > 0] / late.sum()).sort_values(ascending=False)
        parts = [
            self.text("held_part", reason=self.text(f"held_{name}"), p=whole_percent(share))
            for name, share in shares.items()
            if share >= FELT
        ]
        told = {"n": self.number(float(late.sum()), 1), "reasons": "; ".join(parts)}
        rows = [
            [band, self._names_in(units), *(self._held(row["held_back"][name]) for name in HELD)]
            for band, units, row in reversed(self._bands())
        ]
        alone = [row["name"] for row in made["weakest"]["communes"] if row["alone"] >= FELT]
        apart, joint = (self.number(made[key], 1) for key in ("sd_if_independent", "sd"))
        asked = [
            self.text(
                "ask_line",
                band=row["band"],
                criterion=self.criterion(made["set"], row["criterion"]),
                names=self.names(found.bands.index[found.bands == row["band"]]),
                effect=self.number(row["effect"], 2),
            )
            for row in made["ask_first"][:5]
        ]
        return self.section(
            "vi-sao",
            self.text("held_district", **told) if parts else "",
            self._blocking(),
            self.table(
                "held",
                "band communes:name not_listed:num list_failed:num money_short:num time_short:num",
                rows,
            ),
            self._beyond_money(),
            self.text("held_alone", names=self.listed(alone)) if alone else "",
            self.text("dependence", joint=joint, apart=apart),
            self.text("forecast_reconcile"),
            self.text("ask_lead" if asked else "ask_none") if self.internal else "",
            self.bullets(asked if self.internal else []),
        )

    def _held(self, share):
        """A share of worlds in a cell: whole per cent, a dash for next to none; a word where
        nothing finer is known.
        """
        if share < 0.01:
            return "-"
        return self.single(share) if self.foreseen()[0].coarse else f"{100 * share:.0f}%"

    def _beyond_money(self):
        """Which communes money does not bring home."""
        units = [
            unit for _, them, row in self._bands() if row["p_unlimited"] < 0.5 for unit in them
        ]
        return self.text("beyond_money", n=len(units), names=self.names(units)) if units else ""

    # registrations, price -------------------------------------------------------------------------

    def registered(self) -> Part:
        """The year's registrations and pledges on the same worlds."""
        if not self.foreseeable() or not self.foreseen()[1]["registrations"]:
            return Part("")
        found, made = self.foreseen()
        rows, idle = [], []
        told = found.registrations()["p_unlimited"].tolist()  # of the same rows as the record's
        for row, rich in zip(made["registrations"], told, strict=True):
            under_way = self.text("yes_word" if row["under_way"] else "no_word")
            aim = (
                self.level_words(row["level"]),
                str(row["year"]),
                self.text(f"kind_{row['kind']}"),
            )
            rows.append([row["name"], *aim, self.single(row["p"]), self.single(rich), under_way])
            if row["p"] is not None and rich - row["p"] >= 0.1 and not row["under_way"]:
                idle.append(row["name"])
        columns = "tt unit:name aim year:num kind counts_chance if_money under_way"
        idle_words = (
            self.text("registered_idle", names=self.listed(dict.fromkeys(idle))) if idle else ""
        )
        ask = " " + self.text("registered_report") if idle and self.internal else ""
        basis = found.basis
        ends = {
            key: whole_percent(basis["success"][q])
            for key, q in (("p", "p50"), ("low", "p10"), ("high", "p90"))
        }
        return self.section(
            "dang-ky",
            self.table("registrations", columns, rows),
            idle_words + ask,
            self.text("registered_lists", lists=basis["panel"]["lists"], **ends),
            self.key("registered_key"),
            heading="chi-tieu",
        )

    def price(self) -> Part:
        """What it would take: how much more money, or that money alone is not enough."""
        if not self.undecided():
            return Part("")
        found, made = self.foreseen()
        price = self.kept("promise", lambda: promise(found), **self._question())
        rows = []
        for row in price["more_money"]:
            factor = (
                self.text("all_paid")
                if row["factor"] is None
                else f"x {self.number(row['factor'])}"
            )
            rows.append([factor, self.number(row["mean"], 1), usual_range(row["p10"], row["p90"])])
        return self.section(
            "cai-gia",
            self.bullets(promise_lines(price, made, self.lang)),
            self.table("more_money", "factor:name mean:num usual:num", rows),
            self._blocking(),
            self.key("price_key", n=self.number(min(self.draws, WORLDS))),
        )

    # one commune ----------------------------------------------------------------------------------

    def commune_forecasts(self) -> dict[int, dict]:
        """What the forecast says of each commune, in plain values, by unit: so that one commune's
        page need not read it all.

        ``row`` (of the record), ``registrations``, ``setting`` (deadline, finish, draws, set,
        coarse), ``others``, ``own`` (criteria that it likely lacks, with works that need others'
        money, and without), ``drawn`` (which it lacks is drawn). Raises what a forecast raises.
        """

        def make():
            found, made = self.foreseen()
            setting = {key: made[key] for key in ("deadline", "finish", "draws", "set")} | {
                "coarse": found.coarse
            }
            units = self.workbook.communes["code"]
            rows = {row["code"]: row for row in made["communes"]}
            said = {}
            for unit, code in units.items():
                if code in rows:
                    registered = [row for row in made["registrations"] if row["code"] == code]
                    said[unit] = {
                        "row": rows[code],
                        "setting": setting,
                        "registrations": registered,
                    }
            for unit in found.run.plan.facts.units:
                said[unit] |= self._own_and_others(found, unit)
            return said

        return self.kept("forecast-communes", make, **self._question())

    def _own_and_others(self, found, unit):
        """What the commune lacks, or may lack: with no works, with works that its own means pay,
        with works that need others.
        """
        plan = found.run.plan
        i = plan.facts.units.index(unit)
        works, parts = plan.works["ntm"], self.workbook.tables["parts"]
        funds = self.workbook.tables["pots"].set_index("pot")["fund"]
        given = {
            item
            for item, pot in zip(parts["item"], parts["pot"], strict=True)
            if funds.get(pot) not in OWN_FUNDS
        }
        mine = works[works["unit"] == unit]
        likely = [int(n) for n in plan.facts.numbers[plan.expected[i] >= 0.5]]
        others = sorted(set(mine.loc[mine["item"].isin(given), "criterion"]) & set(likely))
        return {
            "others": [int(n) for n in others],
            "own": [n for n in likely if n not in others],
            "drawn": bool(plan.facts.open_[i].any() and plan.facts.number[i] < 0),
        }

    def commune_forecast(self, unit: int) -> Part:
        """One commune's own answer: chance, dates, lists, what holds it back, what it can do alone
        and what needs others.
        """
        label = self.workbook.units.loc[unit, "label"]
        title = self.text("forecast_of", label=label)
        if not self.foreseeable():
            return self.section(
                "kha-nang-xa", self.text("forecast_not_known", day=self.day), title=title
            )
        said = self.commune_forecasts().get(unit)
        if said is None:
            return Part("")
        row, setting = said["row"], said["setting"]
        draws = 0 if setting["coarse"] else setting["draws"]
        lines = [commune_sentence(row, setting, self.lang, setting["coarse"])]
        for aim in said["registrations"]:
            level, kind = self.level_words(aim["level"]), self.text(f"kind_{aim['kind']}")
            p = "..." if aim["p"] is None else chance_words(aim["p"], draws, self.lang)
            lines.append(
                self.text("forecast_registration", level=level, year=aim["year"], kind=kind, p=p)
            )
        if not row["finished"]:
            lines += [list_sentence(row, draws, self.lang), held_sentence(row, draws, self.lang)]
            lines += [*self._lacking(said), self.text("forecast_one_like", band=row["band"])]
            lines += [self.text("forecast_coarse")] if setting["coarse"] else []
        return self.section("kha-nang-xa", *lines, title=title)

    def _lacking(self, said):
        """The sentences on what a commune lacks and who can mend it."""
        named = lambda numbers: self.listed(
            [self.criterion(said["setting"]["set"], n) for n in numbers]
        )
        return [
            self.text("needs_lead") if said["drawn"] and (said["own"] or said["others"]) else "",
            self.text("needs_others", names=named(said["others"])) if said["others"] else "",
            self.text("needs_none", names=named(said["own"]))
            if said["own"]
            else self.text("needs_nothing_alone"),
        ]


TERMS = ("worlds", "list", "money", "luck", "finish", "policy", "words")
BARS = 10  # of the tornado's chart; its table has them all


class ForecastPage(ForecastParts):
    """The parts of ``notebooks/feasibility.ipynb``, in order; ``commune`` is the one whose own
    answer is shown.

    ``deadline``: default the end of the term; ``finish``: met or signed; ``policy``: who comes
    first (default: as the scenario has it). Raises ValueError for a parameter that is none,
    :class:`~ntm_analysis.data.workbook.UnknownCommune` for a commune that is none.

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
        typed = {
            "policy": policy,
            "deadline": deadline,
            "finish": finish,
            "draws": draws,
            "seed": seed,
        }
        self.checked(scenario, typed)
        self.scenario, self.policy, self.deadline, self.finish = scenario, policy, deadline, finish
        self.draws, self.seed = draws, seed
        self.unit = self.workbook.find(commune)
        given = {
            "commune": self.workbook.units.loc[self.unit, "name"],
            "scenario": scenario,
            "policy": policy,
        }
        given |= {"deadline": deadline, "finish": finish, "draws": f"{draws}", "seed": f"{seed}"}
        self.parameters = {**given, **self.parameters}

    @cached_property
    def _tornado(self):
        """Each assumption at its two ends, in the worlds of the page."""
        return self.kept(
            "forecast-tornado", lambda: tornado(self.foreseen()[0]), **self._question()
        )

    def why(self) -> Part:
        """What of the number is evidence, what is assumed, what the plain share says, which
        assumption moves it most.
        """
        if not self.undecided():
            return Part("")
        found, made = self.foreseen()
        basis, evidence = found.basis, knowledge(self.workbook.as_of).evidence
        shares = {
            name: {q: whole_percent(basis[name][q]) for q in ("p10", "p50", "p90")}
            for name in ("pace", "success")
        }
        panel, plain = basis["panel"], made["second_opinions"]["share"]
        names = "; ".join(
            text[0].lower() + text[1:] for text in evidence.assumed[f"text_{self.lang}"]
        )
        lines = [
            self.text(
                "why_record",
                now=len(found.now),
                total=made["n_communes"],
                figures=panel["figures"],
                **shares["pace"],
            ),
            self.text("why_lists", lists=panel["lists"], **shares["success"]),
            self.text("why_years", factor=self.number(basis["years"]["factor"], 1)),
            self.text("why_assumed", names=names),
            self.text("why_other", share=median_range(plain)),
        ]
        return self.section("vi-sao-con-so", self.bullets(lines), *self._moving())

    def _moving(self):
        """The tornado: the assumption that moves the number most, chart and table of those
        that do.
        """
        rows = moving(self._tornado)
        if rows.empty:
            return [self.text("why_still")]
        lang = self.lang
        table = mover_rows(self.foreseen()[0].workbook, rows, lang)
        _, name, ends, low, high, _ = table[0]
        usual = rows["usual"].iloc[0]
        chart = rows[["low", "high"]].assign(label=[what for _, what, *_ in table]).head(BARS)
        return [
            self.text(
                "why_most",
                what=name,
                ends=ends,
                low=low,
                high=high,
                usual=write_number(usual, lang, 1),
            ),
            picture(
                tornado_chart(chart, usual, lang),
                self.text("why_alt", what=name, low=low, high=high),
            ),
            self.table("why", "tt content:name ends mean_low:num mean_high:num note", table),
            self.key("why_key", n=write_number(min(self.draws, TORNADO), lang)),
        ]

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the verdict and how to get
        there.
        """
        if not self.internal or not self.foreseeable():
            return Part("")
        found, made = self.foreseen()
        if not len(found.open_):
            return self.section("thu-thay-doi", self.text("panel_none"))
        told = self.text("panel_static_result", verdict=forecast_sentence(made, self.lang))
        day = dt.date.fromisoformat(self.deadline) if self.deadline else None
        first, asked = (
            Setting(self.scenario, self.policy, day),
            {"finish": self.finish, "draws": self.draws, "seed": self.seed},
        )
        name = self.workbook.units.loc[self.unit, "name"]
        return self.to_try(
            lambda: WhatIf(self.workbook, first, **asked),
            told,
            self.text("panel_static"),
            commune=name,
        )

    def commune(self) -> Part:
        """The answer for the one commune."""
        part = self.commune_forecast(self.unit)
        return Part(self.key("commune_example") + part) if part else part

    def reckoning(self) -> Part:
        """How it is worked out, and every assumption with its value and source."""
        if not self.foreseeable():
            return Part("")
        tables = self.foreseen()[0].workbook.tables
        written = lambda r: (
            f"{r['value']:g}" if r["key"] == "programme_start" else self.number(r["value"])
        )
        rows = [
            [
                r[f"text_{self.lang}"],
                written(r),
                r["measure"],
                self.source(r["source"]),
                self.text(f"mark_{r['mark']}"),
            ]
            for r in tables["assumptions"].to_dict("records")
        ]
        assumed = [
            [r[f"text_{self.lang}"], self._ends(r, is_share(r["unit"]))]
            for r in knowledge(self.workbook.as_of).evidence.assumed.to_dict("records")
        ]
        items = self.item_names()
        times = [
            [
                items[r["item"]],
                self._ends(r),
                f"{self.number(r['stall'])}%",
                self.number(r["stall_months"]),
                self.source(r["source"]),
            ]
            for r in tables["durations"].to_dict("records")
        ]
        return self.section(
            "cach-tinh",
            self.bullets(self.text(f"term_{name}") for name in TERMS),
            self.table("panel_assumed", "tt content:name amount:num", assumed),
            self.key("panel_assumed_key"),
            self.table("assumptions", "tt content:name amount:num measure source note", rows),
            self.table(
                "durations", "tt works:name months:short stall:num stall_months:num source", times
            ),
        )

    def _ends(self, row, share=False):
        """A low, usual and high value."""
        values = (row[end] for end in ("low", "mode", "high"))
        return " - ".join(whole_percent(value) if share else self.number(value) for value in values)

    def trust(self) -> Part:
        """How far to trust it: provinces left out, lists against outcomes, single communes, the
        straight line's own date.
        """
        if not self.foreseeable():
            return Part("")
        found, _ = self.foreseen()
        line = found.line_date()
        yearly = self.number(found.yearly, 1)
        told = self.text(
            "trust_line", yearly=yearly, date=month_words(line and f"{line}", self.lang)
        )
        every = evidence()
        known = knowledge(self.workbook.as_of).evidence
        summary = (
            kept_summary()
            if len(known.figures) == len(every.figures) and len(known.lists) == len(every.lists)
            else None
        )
        if summary is None:
            return self.section(
                "tin-cay", self.text("not_testable"), self.text("trust_not_then"), told
            )
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
        return self.text(
            "trust_seen", **counts, **ratios, coverage=whole_percent(summary["coverage"])
        )

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
        return self.table(
            "back_test", "part:name pairs:num ratio_line:num ratio_share:num inside:num", rows
        )

    def _interval(self, part, key, written):
        """A score with its interval by resampling provinces, which one province alone does not
        have.
        """
        ends = "-".join(written(end) for end in part[f"{key}_interval"])
        return f"{written(part[key])} ({ends})" if part["provinces"] > 1 else written(part[key])

    def _lists(self, known):
        """Lists and single communes against their outcomes."""
        lists, communes = (
            list_outcomes(known.lists),
            listed_communes(reference("trajectories", self.workbook.as_of)),
        )
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
            "assumptions",
            "durations",
            "envelopes",
            "parts",
            "carry_over",
            "count_priors",
            "criterion_shares",
            "criterion_states",
            "criterion_counts",
            "targets",
            "works",
            "typical_works",
            "unit_costs",
        )
        published = ""
        if self.foreseeable():
            panel = self.foreseen()[0].basis["panel"]
            last = f"{(panel['last'] - 1) % 12 + 1}/{(panel['last'] - 1) // 12}"
            published = self.text("evidence_sources", **panel | {"last": last})
        return self.section("biet-den-dau", self.left_out(), published, self.sources_of(names))

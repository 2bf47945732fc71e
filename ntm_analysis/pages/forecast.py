"""The forecast on a page: the answer, bands of communes, what holds them back, registrations, how
far to trust it.
"""

import datetime as dt
from functools import cache, partial

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..data import Workbook
from ..forecasts import (
    HELD_REASONS,
    PRICE_WORLDS,
    TORNADO_WORLDS,
    Forecast,
    evidence,
    kept_summary,
    knowledge,
    price_of_promise,
    tornado,
)
from ..language import check_parameters
from ..results import (
    LEAST_SHARE,
    ForecastResult,
    back_test_parts,
    back_test_sentence,
    blocking_sentence,
    chance,
    chance_word,
    chance_words,
    clear_swings,
    commune_sentence,
    forecast_assumed_sentence,
    forecast_sentence,
    has_no_money,
    is_share,
    list_chance_sentence,
    list_outcome_lines,
    median_range,
    month_words,
    mover_rows,
    obstacle_sentence,
    pot_words,
    promise_lines,
    question_sentence,
    scale_of,
    usual_range,
    whole_percent,
)
from ..scenarios import Setting, UnknownScenarioError, WhatIf, scenario
from ..tables import DataProblemsError, lines_of
from .charts import fan, picture, strip
from .charts import tornado as tornado_chart
from .funding import FundingParts
from .page import Part, reject

MOST = 8  # lacks listed where there is no forecast
# what a commune raises itself; all other pots are given by district, province, centre
OWN_FUNDS = ("nsx", "dan", "dn")


class ForecastParts(FundingParts):
    """A page that can show the forecast, for the district or for one commune."""

    policy, finish, deadline, scenario = "", "met", "", "baseline"

    def take(self, name: str, **typed: object) -> Workbook:
        """Take the parameters typed; the scenario of that name. Raises ValueError with all that is
        wrong with it and with the parameters.
        """
        faults, deadline = check_parameters(typed), typed["deadline"]
        if deadline and not faults and deadline <= f"{self.workbook.as_of}":
            faults.append(f"deadline={deadline!r}: must lie after {self.workbook.as_of}")
        try:
            chosen = scenario(self.workbook, name)
        except UnknownScenarioError as error:
            faults.append(f"scenario={name!r}: must be one of {', '.join(error.details['known'])}")
        reject(faults)
        vars(self).update(typed, scenario=name)
        self.add_parameters(scenario=name, **typed)
        return chosen

    @property
    def last_day(self) -> dt.date | None:
        """The deadline typed."""
        return dt.date.fromisoformat(self.deadline) if self.deadline else None

    def foreseen(self) -> tuple[Forecast, dict]:
        """The forecast of the page and its record."""

        def make():
            chosen = scenario(self.workbook, self.scenario)
            forecast = planned_forecast(
                chosen,
                policy=self.policy or chosen.policy,
                deadline=self.last_day,
                finish=self.finish,
                draws=self.draws,
                seed=self.seed,
            )
            return forecast, ForecastResult(forecast).to_dict()

        return self.keep("forecast", make, **self._question())

    def _question(self):
        """What the page asks the forecast."""
        names = ("scenario", "policy", "deadline", "finish", "draws", "seed")
        return {name: getattr(self, name) for name in names}

    def foreseeable(self) -> bool:
        """Whether enough was known on the as-of date for a forecast."""
        return not self._wanting()

    def undecided(self) -> bool:
        """Whether there is a forecast, with a commune that has not finished yet."""
        return self.foreseeable() and len(self.foreseen()[0].ntm_goals) > 0

    @cache  # noqa: B019 - likewise; what cannot be foreseen is not tried again for every part
    def _wanting(self):
        """What a forecast needs and was not known."""
        try:
            self.commune_forecasts()
        except DataProblemsError as error:
            return error.problems
        return []

    def not_known(self) -> list[str]:
        """That there is no forecast, and for the office the first things that it lacks."""
        lacks = self.bullets(lines_of(self._wanting(), self.lang)[:MOST]) if self.internal else ""
        return [self.text("forecast_not_known", day=self.day), lacks]

    @property
    def deadline_words(self) -> str:
        return self.date(self.foreseen()[0].deadline)

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
        forecast, record = self.foreseen()
        facts, lines = forecast.schedule.facts, []
        unknown = [unit for i, unit in enumerate(facts.units) if self._is_drawn(facts, i)]
        if unknown:
            names, of = self.names(unknown), len(forecast.ntm_goals)
            lines.append(self.text("forecast_unknown", n=len(unknown), of=of, names=names))
        lines.append(self._other_finish())
        fails = record["recognised_fail_set_in_force"]
        if fails is not None and forecast.now:
            p = chance_words(fails, None, self.lang)
            lines.append(self.text("forecast_recognised", n=len(forecast.now), p=p))
        if empty := [self.pot(pot) for pot in record["pots_without_money"]]:
            lines.append(self.text("forecast_empty_pots", pots=", ".join(empty)))
        banners = [self.text("forecast_no_money")] * has_no_money(forecast.workbook)
        banners += [self.text("forecast_coarse")] * forecast.coarse
        banners.append(forecast_assumed_sentence(forecast.workbook, self.lang))
        return self.section(
            "kha-nang",
            self.paragraph(forecast_sentence(record, self.lang), "verdict"),
            *(self.paragraph(banner, "banner") for banner in banners),
            self._blocking(),
            question_sentence(forecast.workbook, record, self.lang),
            *lines,
            self._fan(),
        )

    def _is_drawn(self, facts, i):
        """Whether it is drawn which criteria a commune lacks."""
        return bool(facts.open_[i].any() and facts.number[i] < 0)

    def pot(self, pot: str) -> str:
        """A pot by its name."""
        return pot_words(self.workbook, pot, self.lang)

    def _blocking(self):
        return blocking_sentence(self.workbook, self.foreseen()[1], self.lang)

    def _other_finish(self):
        """The number finishing in the other meaning of the word: signed where criteria met count,
        and the other way.
        """
        forecast, record = self.foreseen()
        rules, figures = forecast.schedule.rules, record["finishing_signed"]
        met, signed, basically = (
            chance_words(record[key], self.draws, self.lang)
            for key in ("p_all_met", "p_all_signed", "p_basically_all_signed")
        )
        lag = {end: self.number(rules[f"decision_{end}"]) for end in ("low", "high")}
        if self.finish == "signed":
            return self.text("forecast_met", p=met, **lag)
        return self.text(
            "forecast_signed",
            middle=figures["p50"],
            total=record["n_communes"],
            range=usual_range(figures["p10"], figures["p90"]),
            basically=basically,
            p=signed,
            **lag,
        )

    def _fan(self):
        forecast, record = self.foreseen()
        table, total, now = forecast.over_time(), record["n_communes"], len(forecast.now)
        years = (table["day"] - pd.Timestamp(self.workbook.as_of)).dt.days / 365.25
        line = np.minimum(now + forecast.yearly * years.to_numpy(), total)
        straight = pd.Series(line, index=table["day"])
        ends = {end: int(table.iloc[-1][q]) for end, q in (("low", "p10"), ("high", "p90"))}
        alt = self.text("fan_alt", now=now, total=total, day=self.deadline_words, **ends)
        return picture(fan(table, total, forecast.n_basically_all, straight, self.lang), alt)

    # bands ----------------------------------------------------------------------------------------

    def _bands(self):
        """Each band, its communes in administrative order, and the record's row that all of them
        share.
        """
        forecast, record = self.foreseen()
        rows = {row["code"]: row for row in record["communes"]}
        bands = forecast.alike_groups
        bands = bands.reindex([unit for unit in forecast.communes if unit in bands.index])
        return [
            (int(band), list(units), rows[self.workbook.units.at[units[0], "code"]])
            for band, units in bands.groupby(bands).groups.items()
        ]

    def bands(self) -> Part:
        """Each band with its chance and dates, and its chance to be on each year's list."""
        if not self.undecided():
            return Part("")
        bars, rows, lists = [], [], []
        for band, units, row in self._bands():
            p, names = row["p"], self.names(units, None)
            words, figure = chance_word(p, self.lang), self.single(p)
            if figure != words:
                words = self.text("chance_plain", word=words, figure=figure)
            label = self.text("band_label", n=band, count=len(units))
            bars.append({"label": label, "p": p, "look": scale_of(p), "words": words})
            dates = [month_words(row[f"{q}_date"], self.lang) for q in ("p10", "p50", "p90")]
            met, signed, paid = (self.single(row[k]) for k in ("p_met", "p_signed", "p_unlimited"))
            rows.append([band, names, len(units), met, signed, *dates, paid])
            lists.append([band, names, *map(self.single, row["list_chance"].values())])
        best = max(bars, key=lambda bar: bar["p"])
        alt = self.text("strip_alt", n=len(bars), best=best["label"], p=best["words"])
        years = " ".join(f"{year}:num" for year in self._bands()[0][2]["list_chance"])
        columns = (
            "band communes:name communes_number:num finish_chance signed_chance "
            "early:num middle:num late:num if_money"
        )
        return self.section(
            "tung-xa",
            self.text("bands_lead"),
            picture(strip(pd.DataFrame(bars), self.lang), alt),
            self.table("bands", columns, rows),
            self.key("dates_key"),
            self.table("lists", f"band communes:name {years}", lists),
        )

    def why_not(self) -> Part:
        """What holds each band back, which sources block, what money does not mend, what dependence
        does, whom to ask first.
        """
        if not self.undecided():
            return Part("")
        forecast, record = self.foreseen()
        late = forecast.held_shares.sum()
        shares = (late[late > 0] / late.sum()).sort_values(ascending=False)
        parts = [
            self.text("held_part", reason=self.text(f"held_{name}"), p=whole_percent(share))
            for name, share in shares.items()
            if share >= LEAST_SHARE
        ]
        number, reasons = self.number(float(late.sum()), 1), "; ".join(parts)
        rows = [
            [
                band,
                self.names(units, None),
                *(self._held(row["held_back"][name]) for name in HELD_REASONS),
            ]
            for band, units, row in reversed(self._bands())
        ]
        alone = [
            row["name"] for row in record["weakest"]["communes"] if row["alone"] >= LEAST_SHARE
        ]
        apart, joint = (self.number(record[key], 1) for key in ("sd_if_independent", "sd"))
        columns = "band communes:name not_listed:num list_failed:num money_short:num time_short:num"
        return self.section(
            "vi-sao",
            self.text("held_district", n=number, reasons=reasons) if parts else "",
            self._blocking(),
            self.table("held", columns, rows),
            self._beyond_money(),
            self.text("held_alone", names=self.listed(alone)) if alone else "",
            self.text("dependence", joint=joint, apart=apart),
            self.text("forecast_reconcile"),
            *(self._ask_first() if self.internal else ()),
        )

    def _ask_first(self):
        """Whom to ask first: which answers move the number finishing most."""
        forecast, record = self.foreseen()
        lines = [
            self.text(
                "ask_line",
                band=row["band"],
                criterion=self.criterion(record["set"], row["criterion"]),
                names=self.names(forecast.alike_groups.index[forecast.alike_groups == row["band"]]),
                effect=self.number(row["effect"], 2),
            )
            for row in record["ask_first"][:5]
        ]
        return self.text("ask_lead" if lines else "ask_none"), self.bullets(lines)

    def _held(self, share):
        """A share of worlds in a cell: whole per cent, a dash for next to none; a word where
        nothing finer is known.
        """
        if share < 0.01:
            return "-"
        return self.single(share) if self.foreseen()[0].coarse else whole_percent(share)

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
        forecast, record = self.foreseen()
        rows, idle = [], {}
        # of the same rows as the record's
        paid = forecast.registrations()["p_unlimited"].tolist()
        for row, rich in zip(record["registrations"], paid, strict=True):
            under_way = self.text("yes_word" if row["under_way"] else "no_word")
            aim, chances = self.aim(row).values(), map(self.single, (row["p"], rich))
            rows.append([row["name"], *aim, *chances, under_way])
            if row["p"] is not None and rich - row["p"] >= 0.1 and not row["under_way"]:
                idle[row["name"]] = True
        lines = [self.text("registered_idle", names=self.listed(idle))] if idle else []
        if idle and self.internal:
            lines.append(self.text("registered_report"))
        columns = "tt unit:name aim year:num kind counts_chance if_money under_way"
        success = forecast.evidence_basis["success"]
        return self.section(
            "dang-ky",
            self.table("registrations", columns, rows),
            " ".join(lines),
            self.text(
                "registered_lists",
                lists=forecast.evidence_basis["panel"]["lists"],
                p=whole_percent(success["p50"]),
                low=whole_percent(success["p10"]),
                high=whole_percent(success["p90"]),
            ),
            self.key("registered_key"),
            heading="chi-tieu",
        )

    def price(self) -> Part:
        """What it would take: how much more money, or that money alone is not enough."""
        if not self.undecided():
            return Part("")
        forecast, record = self.foreseen()
        price = self.keep("promise", lambda: price_of_promise(forecast), **self._question())
        rows = [
            [
                f"x {self.number(row['factor'])}" if row["factor"] else self.text("all_paid"),
                self.number(row["mean"], 1),
                usual_range(row["p10"], row["p90"]),
            ]
            for row in price["more_money"]
        ]
        return self.section(
            "cai-gia",
            self.bullets(promise_lines(price, record, self.lang)),
            self.table("more_money", "factor:name mean:num usual:num", rows),
            self._blocking(),
            self.key("price_key", n=self.number(min(self.draws, PRICE_WORLDS))),
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
            forecast, record = self.foreseen()
            setting = {key: record[key] for key in ("deadline", "finish", "draws", "set")}
            setting["coarse"] = forecast.coarse
            rows = {row["code"]: row for row in record["communes"]}
            answers = {}
            for unit, code in self.workbook.communes["code"].items():
                if code in rows:
                    aims = [row for row in record["registrations"] if row["code"] == code]
                    answers[unit] = {"row": rows[code], "setting": setting, "registrations": aims}
            for unit in forecast.schedule.facts.units:
                answers[unit] |= self._own_and_others(forecast.schedule, unit)
            return answers

        return self.keep("forecast-communes", make, **self._question())

    def _own_and_others(self, schedule, unit):
        """What the commune lacks, or may lack: with no works, with works that its own means pay,
        with works that need others.
        """
        i = schedule.facts.units.index(unit)
        works, parts = schedule.works["ntm"], self.workbook.tables["parts"]
        funds = self.workbook.tables["pots"].set_index("pot")["fund"]
        of_others = parts.loc[~parts["pot"].map(funds).isin(OWN_FUNDS), "item"]
        works = works[(works["unit"] == unit) & works["item"].isin(of_others)]
        likely = [int(n) for n in schedule.facts.numbers[schedule.expected[i] >= 0.5]]
        others = sorted({*works["criterion"]} & {*likely})
        return {
            "others": [int(n) for n in others],
            "own": [n for n in likely if n not in others],
            "drawn": self._is_drawn(schedule.facts, i),
        }

    def commune_forecast(self, unit: int) -> Part:
        """One commune's own answer: chance, dates, lists, what holds it back, what it can do alone
        and what needs others.
        """
        title = self.text("forecast_of", label=self.workbook.units.loc[unit, "label"])
        if not self.foreseeable():
            line = self.text("forecast_not_known", day=self.day)
            return self.section("kha-nang-xa", line, title=title)
        answer = self.commune_forecasts().get(unit)
        if answer is None:
            return Part("")
        row, setting = answer["row"], answer["setting"]
        draws = 0 if setting["coarse"] else setting["draws"]
        lines = [commune_sentence(row, setting, self.lang, setting["coarse"])]
        for aim in answer["registrations"]:
            p = "..." if aim["p"] is None else chance_words(aim["p"], draws, self.lang)
            lines.append(self.text("forecast_registration", p=p, **self.aim(aim)))
        if not row["finished"]:
            lines += [
                list_chance_sentence(row, draws, self.lang),
                obstacle_sentence(row, draws, self.lang),
            ]
            lines += [*self._lacking(answer), self.text("forecast_one_like", band=row["band"])]
            lines += [self.text("forecast_coarse")] if setting["coarse"] else []
        return self.section("kha-nang-xa", *lines, title=title)

    def _lacking(self, answer):
        """The sentences on what a commune lacks and who can mend it."""
        own, others = (
            self.listed([self.criterion(answer["setting"]["set"], n) for n in answer[key]])
            for key in ("own", "others")
        )
        return [
            self.text("needs_lead") if answer["drawn"] and (own or others) else "",
            self.text("needs_others", names=others) if others else "",
            self.text("needs_none", names=own) if own else self.text("needs_nothing_alone"),
        ]


TERMS = ("worlds", "list", "money", "luck", "finish", "policy", "words")
BARS = 10  # of the tornado's chart; its table has them all


class ForecastPage(ForecastParts):
    """The parts of ``notebooks/feasibility.ipynb``, in order; ``commune`` is the one whose own
    answer is shown.

    ``deadline``: default the end of the term; ``finish``: met or signed; ``policy``: who comes
    first (default: as the scenario has it). Raises ValueError for a parameter that is none,
    :class:`~ntm_analysis.data.workbook.UnknownCommuneError` for a commune that is none.
    """

    subject = "forecast"
    based_on = (
        "assumptions durations envelopes parts carry_over count_priors criterion_shares "
        "criterion_states criterion_counts targets works typical_works unit_costs"
    )

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
        self.take(scenario, policy=policy, deadline=deadline, finish=finish, draws=draws, seed=seed)
        self.unit = self.workbook.find(commune)
        self.add_parameters(commune=self.name_of(self.unit))

    @property
    def _tornado(self):
        """Each assumption at its two ends, in the worlds of the page."""
        question = self._question()
        return self.keep("forecast-tornado", lambda: tornado(self.foreseen()[0]), **question)

    def why(self) -> Part:
        """What of the number is evidence, what is assumed, what the plain share says, which
        assumption moves it most.
        """
        if not self.undecided():
            return Part("")
        forecast, record = self.foreseen()
        basis, assumed = forecast.evidence_basis, knowledge(self.workbook.as_of).evidence.assumed
        pace, success = (
            {q: whole_percent(basis[name][q]) for q in ("p10", "p50", "p90")}
            for name in ("pace", "success")
        )
        counts = {"now": len(forecast.now), "total": record["n_communes"]}
        panel, plain = basis["panel"], record["second_opinions"]["share"]
        names = "; ".join(text[0].lower() + text[1:] for text in assumed[f"text_{self.lang}"])
        lines = [
            self.text("why_record", figures=panel["figures"], **counts, **pace),
            self.text("why_lists", lists=panel["lists"], **success),
            self.text("why_years", factor=self.number(basis["years"]["factor"], 1)),
            self.text("why_assumed", names=names),
            self.text("why_other", share=median_range(plain)),
        ]
        return self.section("vi-sao-con-so", self.bullets(lines), *self._moving())

    def _moving(self):
        """The tornado: the assumption that moves the number most, chart and table of those
        that do.
        """
        rows = clear_swings(self._tornado)
        if rows.empty:
            return [self.text("why_still")]
        table = mover_rows(self.foreseen()[0].workbook, rows, self.lang)
        _, what, ends, low, high, _ = table[0]
        most, usual = {"what": what, "low": low, "high": high}, rows["usual"].iloc[0]
        chart = rows[["low", "high"]].assign(label=[row[1] for row in table]).head(BARS)
        return [
            self.text("why_most", ends=ends, usual=self.number(usual, 1), **most),
            picture(tornado_chart(chart, usual, self.lang), self.text("why_alt", **most)),
            self.table("why", "tt content:name ends mean_low:num mean_high:num note", table),
            self.key("why_key", n=self.number(min(self.draws, TORNADO_WORLDS))),
        ]

    def what_if(self) -> Part:
        """The panel to try changes in; where nobody can move a slider, the verdict and how to get
        there.
        """
        if not self.internal or not self.foreseeable():
            return Part("")
        if not self.undecided():
            return self.section("thu-thay-doi", self.text("panel_none"))
        verdict = forecast_sentence(self.foreseen()[1], self.lang)
        first = Setting(self.scenario, self.policy, self.last_day)
        question = {"finish": self.finish, "draws": self.draws, "seed": self.seed}
        return self.to_try(
            lambda: WhatIf(self.workbook, first, **question),
            self.text("panel_static_result", verdict=verdict),
            self.text("panel_static"),
            commune=self.name_of(self.unit),
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
        rows = [
            [
                row[f"text_{self.lang}"],
                f"{row['value']:g}"
                if row["key"] == "programme_start"
                else self.number(row["value"]),
                row["measure"],
                self.source(row["source"]),
                self.text(f"mark_{row['mark']}"),
            ]
            for row in tables["assumptions"].to_dict("records")
        ]
        assumed = [
            [row[f"text_{self.lang}"], self._ends(row, is_share(row["unit"]))]
            for row in knowledge(self.workbook.as_of).evidence.assumed.to_dict("records")
        ]
        items = self.item_names()
        times = [
            [
                items[row["item"]],
                self._ends(row),
                f"{self.number(row['stall'])}%",
                self.number(row["stall_months"]),
                self.source(row["source"]),
            ]
            for row in tables["durations"].to_dict("records")
        ]
        columns = "tt works:name months:short stall:num stall_months:num source"
        return self.section(
            "cach-tinh",
            self.bullets(self.text(f"term_{name}") for name in TERMS),
            self.table("panel_assumed", "tt content:name amount:num", assumed),
            self.key("panel_assumed_key"),
            self.table("assumptions", "tt content:name amount:num measure source note", rows),
            self.table("durations", columns, times),
        )

    def _ends(self, row, share=False):
        """A low, usual and high value."""
        write = whole_percent if share else self.number
        return " - ".join(write(row[end]) for end in ("low", "mode", "high"))

    def trust(self) -> Part:
        """How far to trust it: provinces left out, lists against outcomes, single communes, the
        straight line's own date.
        """
        if not self.foreseeable():
            return Part("")
        forecast, _ = self.foreseen()
        day = forecast.line_date()
        line = self.text(
            "trust_line",
            yearly=self.number(forecast.yearly, 1),
            date=month_words(day and f"{day}", self.lang),
        )
        every, known = evidence(), knowledge(self.workbook.as_of).evidence
        parts = [self.text("trust_not_then"), line]
        whole = len(known.figures) == len(every.figures) and len(known.lists) == len(every.lists)
        if whole and (summary := kept_summary()) is not None:
            parts = [
                back_test_sentence(summary, self.lang),
                self._tested(summary),
                self.key("trust_key"),
                self.bullets(
                    [*list_outcome_lines(known.lists, self.workbook.as_of, self.lang), line]
                ),
            ]
        return self.section("tin-cay", self.text("not_testable"), *parts)

    def _tested(self, summary):
        """The scores of the back-test, all pairs and parts of them."""
        ratio = partial(self.number, decimals=2)
        scores = (("ratio_line", ratio), ("ratio_share", ratio), ("coverage", whole_percent))
        rows = [
            [self.text(name), part["pairs"], *(self._interval(part, *score) for score in scores)]
            for name, part in (("backtest_all", summary), *back_test_parts(summary))
        ]
        columns = "part:name pairs:num ratio_line:num ratio_share:num inside:num"
        return self.table("back_test", columns, rows)

    def _interval(self, part, key, write):
        """A score with its interval by resampling provinces, which one province alone does not
        have.
        """
        ends = "-".join(map(write, part[f"{key}_interval"]))
        return f"{write(part[key])} ({ends})" if part["provinces"] > 1 else write(part[key])

    def knowledge(self) -> Part:
        """The sources of what the forecast rests on, and what was left out."""
        if not self.foreseeable():
            return super().knowledge()
        panel = self.foreseen()[0].evidence_basis["panel"]
        last = f"{(panel['last'] - 1) % 12 + 1}/{(panel['last'] - 1) // 12}"
        return super().knowledge(after=self.text("evidence_sources", **panel | {"last": last}))

"""The forecast: its tables, its sentences.

One fixed scale of words, chances to whole per cent, the two ends of the scale as words.
"""

import datetime as dt
import math
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecasts import DATA_RANGES, MONEY_FACTORS, knowledge, split_pots, wilson
from ..language import text, write_date, write_number
from ..needs import spread
from ..scenarios import NOISE
from .chance_words import FEW, chance, chance_word, chance_words, whole_percent
from .frames import INTERVAL, Result, answer_table, commune_table, plain_types

ASSUMABLE = (
    "durations",
    "envelopes",
    "parts",
    "assumptions",
)  # the tables of a data set that a forecast rests on most
CONSOLE = (
    ("communes", "name band p p_signed p_unlimited p10_date p50_date p90_date"),
    ("registrations", "name level year kind p"),
)
DATES = ["p10_date", "p50_date", "p90_date"]
LEAST_SHARE = 0.05  # what holds a commune back in fewer worlds is not worth a word
LEAST_SWING = 0.05  # communes: a smaller swing is not told


class ForecastResult(Result):
    """Whether every commune finishes by the deadline.

    Chances are 0..1; communes of which the same is known share a band and its figures.

    Attributes
    ----------
    workbook : Workbook
    draws : Forecast
        The worlds: arrays by draw, such as ``draws.finishing``.
    price_of_promise : dict or None
        What it would take (:func:`~ntm_analysis.forecasts.price_of_promise`), where that was asked.
    commune : int or None
        The unit number of the one commune that communes and registrations are told of.
    """

    tables = (
        "summary",
        "communes",
        "over_time",
        "registrations",
        "weakest",
        "list_chances",
        "held_back",
        "distribution",
        "ask_first",
    )

    about = "forecast"

    def __init__(self, draws, lang="vi"):
        self.workbook, self.draws, self.lang = draws.workbook, draws, lang
        self.price_of_promise = self.commune = None

    @property
    def console(self):
        """The tables that the console prints, each with its columns; none for one commune alone."""
        return CONSOLE if self.commune is None else ()

    @answer_table
    def summary(self):
        """How many communes finish, by the plan and by the two second opinions; chances 0..1."""
        will = self.draws
        numbers = {
            "finishing": will.finishing,
            "finishing_signed": will.number(
                will.simulation.signed_month, will.simulation.deadline_month
            ),
            **will.second_opinions,
        }
        everyone = len(will.communes)
        rows = [
            {
                "figure": name,
                **spread(number),
                "p_basically_all": (number >= will.n_basically_all).mean(),
                "p_all": (number >= everyone).mean(),
            }
            for name, number in numbers.items()
        ]
        return pd.DataFrame(rows)

    @answer_table
    def communes(self):
        """Every commune in administrative order: chances, 0..1, and the days of 10, 50, 90 %."""
        will, run = self.draws, self.draws.simulation
        reached = {
            "p": will.in_time,
            "p_met": will.reached(run.met_month, run.deadline_month),
            "p_signed": will.reached(run.signed_month, run.deadline_month),
            "p_unlimited": will.in_time_if_all_paid,
        }
        table = pd.DataFrame({name: will.of_group(each) for name, each in reached.items()})
        days = [will.dates(unit) for unit in table.index]
        table = (
            table.join(pd.DataFrame(days, table.index, DATES))
            .assign(band=will.alike_groups)
            .reindex(will.communes)
        )
        table = table.assign(finished=table["band"].isna())
        return commune_table(self.workbook, table.fillna(dict.fromkeys(reached, 1.0)))

    @answer_table
    def over_time(self):
        """How many communes have finished by the end of each year."""
        return self.draws.over_time()

    @answer_table
    def registrations(self):
        """Every planned target and pledge with its chance (0..1); none where no schedule has it."""
        table = self.draws.registrations().drop(columns="p_unlimited").set_index("unit")
        return commune_table(self.workbook, table)

    @answer_table
    def weakest(self):
        """Each open commune's share (0..1) in failing, of the worlds in which not all finish.

        The worlds in which it does not finish, and those in which it alone does not.
        """
        return commune_table(self.workbook, self.draws.weakest())

    @answer_table
    def list_chances(self):
        """The chance (0..1) of each open commune to be on each year's list."""
        return self._long(self.draws.list_chance, "year", "p")

    @answer_table
    def held_back(self):
        """What holds each open commune back: the share of all worlds, 0..1."""
        return self._long(self.draws.held_shares, "reason", "share")

    def _long(self, wide, key, value):
        table = commune_table(self.workbook, wide)
        return table.melt(["code", "name"], var_name=key, value_name=value)

    @answer_table
    def distribution(self):
        """The chance (0..1) of each number of communes finishing."""
        shares = pd.Series(self.draws.finishing).value_counts(normalize=True).sort_index()
        return shares.rename_axis("number").rename("p").reset_index()

    @answer_table
    def ask_first(self):
        """The ten unknown states whose answer moves the number of communes finishing most."""
        return self.draws.ask_first().head(10)

    def sentence(self, lang=""):
        """How many will have finished, and whether basically all, and all, will.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        return forecast_sentence(self.to_dict(), lang or self.lang)

    def notes(self, lang=""):
        """What the forecast was asked, what it rests on, what blocks.

        Then the one commune, and what keeping the promise would take.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        lang, record, workbook = lang or self.lang, self.to_dict(), self.workbook
        lines = [text("forecast_no_money", lang)] if has_no_money(workbook) else []
        lines += [
            question_sentence(workbook, record, lang),
            forecast_assumed_sentence(workbook, lang),
        ]
        lines.append(blocking_sentence(workbook, record, lang))
        if self.commune is not None:
            (row,) = record["communes"]
            lines += [
                commune_sentence(row, record, lang),
                obstacle_sentence(row, record["draws"], lang),
            ]
        if empty := [pot_words(workbook, pot, lang) for pot in record["pots_without_money"]]:
            lines.append(text("forecast_empty_pots", lang, pots=", ".join(empty)))
        if price := record["price_of_promise"]:
            lines += promise_lines(price, record, lang)
        return [line for line in lines if line]

    def to_dict(self):
        """The forecast in plain Python types, as ``ntm forecast --json`` prints it.

        Returns
        -------
        dict
            None where fewer worlds get there or where the quantity is none of the yearly cycle.
        """
        record = self._record | {"price_of_promise": self.price_of_promise}
        if self.commune is None:
            return record
        code = self.workbook.units.at[self.commune, "code"]
        rows = {
            key: [row for row in record[key] if row["code"] == code]
            for key in ("communes", "registrations")
        }
        return record | rows

    def _commune_rows(self):
        """Every commune with its chance to be listed by year, and what holds it back by reason."""
        listed, held = (
            {code: dict(zip(rows[key].map(str), rows[value], strict=True)) for code, rows in groups}
            for groups, key, value in (
                (self.list_chances.groupby("code"), "year", "p"),
                (self.held_back.groupby("code"), "reason", "share"),
            )
        )
        more = {"last_criterion": None}
        return [
            row
            | more
            | {"list_chance": listed.get(row["code"], {}), "held_back": held.get(row["code"])}
            for row in plain_types(self.communes)
        ]

    @cached_property
    def _record(self):
        will, run = self.draws, self.draws.simulation
        n, everyone, line = run.draws, len(will.communes), will.line_date()
        figures = {row["figure"]: row for row in plain_types(self.summary)}
        numbers = {name: {key: row[key] for key in INTERVAL} for name, row in figures.items()}
        finishing, signed = figures["finishing"], figures["finishing_signed"]
        enough, all_ = (round(n * finishing[key]) for key in ("p_basically_all", "p_all"))
        p, p_all = will.p.to_numpy(), finishing["p_all"]
        shares = {str(number): p for number, p in self.distribution.itertuples(index=False)}
        return plain_types(
            {
                **self.workbook.heading(),
                "set": run.schedule.facts.set_id,
                "policy": run.schedule.policy,
                "deadline": will.deadline,
                "finish": run.finish,
                "draws": n,
                "seed": run.seed,
                "n_communes": everyone,
                "n_finished_now": len(will.now),
                "finishing": numbers["finishing"] | {"distribution": shares},
                "finishing_signed": numbers["finishing_signed"],
                "basically_all": will.n_basically_all,
                "basically_share": run.schedule.rules["basically"] / 100,
                "p_basically_all": finishing["p_basically_all"],
                "p_basically_all_ci": wilson(enough, n),
                "p_all": p_all,
                "p_all_se": math.sqrt(p_all * (1 - p_all) / n),
                "p_all_ci": wilson(all_, n),
                "p_all_met": (will.number(run.met_month, run.deadline_month) >= everyone).mean(),
                "p_all_signed": signed["p_all"],
                "p_basically_all_signed": signed["p_basically_all"],
                "p_all_if_independent": np.prod(p),
                "sd": will.finishing.std(),
                "sd_if_independent": math.sqrt((p * (1 - p)).sum()),
                "communes": self._commune_rows(),
                "registrations": self.registrations,
                "weakest": {"communes": self.weakest, "criteria": None},
                "ask_first": self.ask_first,
                "first_year": None,
                "second_opinions": {name: numbers[name] for name in will.second_opinions},
                "naive": {
                    "yearly": will.yearly,
                    "date": line,
                    "expected": numbers["line"]["mean"],
                    "p_all": figures["line"]["p_all"],
                },
                "paid_in_time": run.share_paid_in_time if run.baseline.usual_money else None,
                "blocking_sources": will.blocking_sources(),
                "recognised_fail_set_in_force": will.fails_set_in_force(),
                "pots_without_money": will.pots_without_money(),
            }
        )


def forecast_assumed_sentence(workbook, lang):
    """How much of what the data set brings to the forecast is assumed, by the marks of its rows.

    Parameters
    ----------
    workbook : Workbook
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> forecast_assumed_sentence(Workbook.open("data/huyen-mau"), "en")
    'Durations, envelopes and shares of who pays are all illustrative.'
    """
    tables = {name: workbook.tables[name]["mark"] for name in ASSUMABLE}
    marks = [mark for column in tables.values() for mark in column]
    if marks and set(marks) == {"illustrative"}:
        return text("forecast_invented", lang)
    if all((column == "assumed").all() for name, column in tables.items() if name != "assumptions"):
        return text("forecast_assumed", lang)
    return text(
        "forecast_assumed_part", lang, n=sum(mark != "reported" for mark in marks), of=len(marks)
    )


def usual_range(low, high):
    """The usual range of a whole number: one number where its ends are alike.

    Parameters
    ----------
    low, high : float

    Returns
    -------
    str

    Examples
    --------
    >>> usual_range(24, 33), usual_range(30.0, 30.0)
    ('24-33', '30')
    """
    return f"{low:g}-{high:g}" if low != high else f"{low:g}"


def median_range(figures):
    """The median of a whole number with its usual range.

    Parameters
    ----------
    figures : dict of str to float
        With p10, p50, p90.

    Returns
    -------
    str

    Examples
    --------
    >>> median_range({"p10": 24, "p50": 28, "p90": 33})
    '28 (24-33)'
    """
    return f"{figures['p50']:g} ({usual_range(figures['p10'], figures['p90'])})"


def forecast_sentence(record, lang):
    """How many communes will have finished, and whether basically all, and all, will.

    With the usual range and the two second opinions.

    Parameters
    ----------
    record : dict
        As of :meth:`ForecastResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    figures, draws = record["finishing"], record["draws"]
    opinions = {name: median_range(more) for name, more in record["second_opinions"].items()}
    first = text(
        f"forecast_verdict_{record['finish']}",
        lang,
        day=day_words(record["deadline"], lang),
        middle=figures["p50"],
        range=usual_range(figures["p10"], figures["p90"]),
        total=record["n_communes"],
        now=record["n_finished_now"],
        **opinions,
    )
    second = text(
        "forecast_verdict_all",
        lang,
        share=f"{100 * record['basically_share']:.3g}%".replace(".", "," if lang == "vi" else "."),
        basically=record["basically_all"],
        total=record["n_communes"],
        p_basically=chance_words(record["p_basically_all"], draws, lang),
        p_all=chance_words(record["p_all"], draws, lang),
        draws=write_number(draws, lang),
    )
    return f"{first} {second}"


def question_sentence(workbook, record, lang):
    """What the forecast was asked: criteria set, scenario, allocation plan.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`ForecastResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    title = workbook.law.sets[record["set"]].title[lang]
    return text(
        "forecast_setting",
        lang,
        set=title,
        scenario=record["scenario_title"][lang],
        policy=text(f"policy_{record['policy']}", lang),
    )


def month_words(day, lang):
    """The month of a day, as offices write it.

    Parameters
    ----------
    day : str or None
        ISO; None: beyond the horizon.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> month_words("2023-11-30", "vi"), month_words(None, "vi")
    ('11/2023', 'sau kỳ')
    """
    return text("beyond_term", lang) if day is None else f"{int(day[5:7])}/{day[:4]}"


def day_words(day, lang):
    """A day of a record, as offices write it.

    Parameters
    ----------
    day : str
        ISO.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> day_words("2025-12-31", "vi")
    '31/12/2025'
    """
    return write_date(dt.date.fromisoformat(day), lang)


def commune_sentence(row, record, lang, coarse=False):
    """The answer for one commune: the chance by the deadline, that of the decision, dates.

    Parameters
    ----------
    row : dict
        Of the communes of the record.
    record : dict
        As of :meth:`ForecastResult.to_dict`: deadline, finish, draws.
    lang : str
        ``"vi"`` or ``"en"``.
    coarse : bool
        Whether chances are told in words alone.

    Returns
    -------
    str
    """
    if row["finished"]:
        return text("forecast_commune_finished", lang, name=row["name"])
    draws = 0 if coarse else record["draws"]
    months = zip(("early", "middle", "late"), ("p10_date", "p50_date", "p90_date"), strict=True)
    return text(
        "forecast_commune_signed" if record["finish"] == "signed" else "forecast_commune",
        lang,
        name=row["name"],
        day=day_words(record["deadline"], lang),
        p=chance_words(row["p"], draws, lang),
        signed=chance_words(row["p_signed"], draws, lang),
        unlimited=chance_words(row["p_unlimited"], draws, lang),
        **{name: month_words(row[key], lang) for name, key in months},
    )


def main_obstacle(row):
    """The key of what holds a commune back most.

    Parameters
    ----------
    row : dict
        Of the communes of a forecast's record: ``held_back``, the share of worlds by reason.

    Returns
    -------
    str
        "" where next to nothing does.

    Examples
    --------
    >>> main_obstacle({"held_back": {"not_listed": 0.5, "money": 0.1}})
    'not_listed'
    >>> main_obstacle({"held_back": None})
    ''
    """
    held = row["held_back"] or {}
    most = max(held, key=held.get, default="")
    return most if held.get(most, 0) >= LEAST_SHARE else ""


def obstacle_sentence(row, draws, lang):
    """What holds a commune back, the most frequent first, with its chance.

    Parameters
    ----------
    row : dict
        Of the communes of a forecast's record: ``held_back``, the share of worlds by reason.
    draws : int
        The worlds that the shares rest on.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" where next to nothing does.
    """
    held = {name: share for name, share in (row["held_back"] or {}).items() if share >= LEAST_SHARE}
    reasons = [
        text(
            "held_part", lang, reason=text(f"held_{name}", lang), p=chance(held[name], draws, lang)
        )
        for name in sorted(held, key=held.get, reverse=True)
    ]
    return text("held_told", lang, reasons="; ".join(reasons)) if reasons else ""


def list_chance_sentence(row, draws, lang):
    """The chance of a commune to be on each year's list.

    Parameters
    ----------
    row : dict
        Of the communes of a forecast's record: ``list_chance``, 0..1 by year.
    draws : int
        The worlds that the chances rest on.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" for a commune that no list awaits.
    """
    years = [
        text(
            "list_year",
            lang,
            year=year,
            p=chance_word(p, lang) if draws < FEW else chance(p, draws, lang),
        )
        for year, p in row["list_chance"].items()
    ]
    return text("list_told", lang, years="; ".join(years)) if years else ""


def has_no_money(workbook):
    """Whether no money of any pot and year is known: a forecast then says nothing of money.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    bool
    """
    return not (workbook.tables["envelopes"]["amount"] > 0).any()


def pot_words(workbook, instance, lang):
    """The name of a pot instance, and whom it serves where that is not everybody.

    Parameters
    ----------
    workbook : Workbook
    instance : str
        As of :func:`~ntm_analysis.needs.pot_instance`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> pot_words(Workbook.open("data/thanh-chuong"), "nstw-dt@17731", "en")
    'Central budget, investment (Thanh Phong)'
    """
    pot, _, served = instance.partition("@")
    name = workbook.tables["pots"].set_index("pot")[f"name_{lang}"].get(pot, pot)
    units = workbook.units.loc[workbook.units["code"] == served, "name"]
    return f"{name} ({units.iloc[0] if len(units) else served})" if served else name


def blocking_pot_names(workbook, row, lang):
    """The names of the sources that keep listed communes from being paid.

    Parameters
    ----------
    workbook : Workbook
    row : dict
        The record of a forecast or a scenario: policy, blocking_sources.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" where none does.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> blocking_pot_names(wb, {"policy": "equal", "blocking_sources": ["dat"]}, "vi")
    'phần vốn chia riêng cho từng xã từ Thu tiền sử dụng đất (đấu giá đất)'
    """
    pots = row["blocking_sources"]
    names = "; ".join(pot_words(workbook, pot, lang) for pot in pots)  # their names hold commas
    return (
        text("blocking_own_part", lang, pots=names)
        if split_pots(workbook, row["policy"]).intersection(pots)
        else names
    )


def blocking_sentence(workbook, row, lang):
    """The sources that keep listed communes from being paid, in a sentence.

    Parameters
    ----------
    workbook : Workbook
    row : dict
        The record of a forecast or a scenario: policy, blocking_sources.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" where none does.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> blocking_sentence(wb, {"policy": "own", "blocking_sources": ["dat"]}, "vi")[:50]
    'Nguồn đang chặn: Thu tiền sử dụng đất (đấu giá đất'
    """
    pots = blocking_pot_names(workbook, row, lang)
    return text("blocking_told", lang, pots=pots) if pots else ""


def mover_name(workbook, key, lang):
    """The name of an assumption of the tornado.

    Its own text in the data, else the text of the pages.

    Parameters
    ----------
    workbook : Workbook
    key : str
        Of the assumption.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    for table in (
        workbook.tables["assumptions"].set_index("key"),
        knowledge(workbook.as_of).evidence.assumed,
    ):
        if key in table.index:
            return table.loc[key, f"text_{lang}"].split(":")[0]
    return text(f"move_{key}", lang)


def mover_ends(workbook, row, lang):
    """The two ends that an assumption of the tornado was put at.

    Parameters
    ----------
    workbook : Workbook
    row : dict
        Of the tornado: key, low_end and high_end (NaN where a table has them).
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    key, ends = row["key"], (row["low_end"], row["high_end"])
    if np.isnan(ends[0]):
        return text(
            "ends_bounds"
            if key == "bounds"
            else "ends_table"
            if key in (*DATA_RANGES, "quantities")
            else "ends_share",
            lang,
        )
    if key == "pace":
        ends = tuple(-np.expm1(-end) for end in ends)
    share = key in ("pace", "success") or is_share(
        knowledge(workbook.as_of).evidence.assumed["unit"].get(key, "")
    )
    percent = (whole_percent(end) if share else write_number(end, lang, 2) for end in ends)
    return text("ends_values", lang, **dict(zip(("low", "high"), percent, strict=True)))


def mover_rows(workbook, rows, lang):
    """The rows of the tornado as a page shows them.

    Parameters
    ----------
    workbook : Workbook
    rows : DataFrame
        As of :func:`clear_swings`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of list
        Place, name of the assumption, its two ends, the mean number of communes at each, on what
        the ends rest.
    """
    return [
        [
            place,
            mover_name(workbook, row["key"], lang),
            mover_ends(workbook, row, lang),
            write_number(row["low"], lang, 1),
            write_number(row["high"], lang, 1),
            text(f"basis_{row['basis']}", lang),
        ]
        for place, row in enumerate(rows.to_dict("records"), start=1)
    ]


def is_share(unit):
    """Whether a unit of ``panel_assumed.csv`` is a part of one.

    Parameters
    ----------
    unit : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_share("tỷ lệ mỗi năm"), is_share("tháng")
    (True, False)
    """
    return unit.startswith(("tỷ lệ", "khả năng"))


def clear_swings(tornado):
    """The rows of the tornado that stand out of the noise of the draws and are worth telling.

    Parameters
    ----------
    tornado : DataFrame
        With ``swing`` and its standard error ``se``, communes.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> clear_swings(pd.DataFrame({"swing": [-2.0, 0.02, 0.3], "se": [0.1, 0.001, 0.2]}))
       swing   se
    0   -2.0  0.1
    """
    swing = tornado["swing"].abs()
    return tornado[(swing > NOISE * tornado["se"]) & (swing >= LEAST_SWING)]


def promise_lines(price, record, lang):
    """What keeping the promise would take: the money that is enough, or that money alone is not.

    Parameters
    ----------
    price : dict
        ``price_of_promise`` of the record.
    record : dict
        As of :meth:`ForecastResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    lines = []
    most = {"most": write_number(MONEY_FACTORS[-1], lang)}
    for key in ("basically_all", "all"):
        answer = price[key]
        what = text(
            f"price_{key}",
            lang,
            n=record["basically_all"] if key == "basically_all" else record["n_communes"],
        )
        rich = chance_words(answer["p_unlimited"], record["draws"], lang)
        beyond = [level for level, money in answer["money"].items() if money["factor"] is None]
        for level, money in answer["money"].items():
            if money["factor"] is None:
                continue
            extra = write_number(float(f"{(money['extra'] or 0) / 1000:.2g}"), lang)
            details = {
                "what": what,
                "level": level,
                "factor": write_number(money["factor"], lang),
                "extra": extra,
            }
            lines.append(
                text(
                    "price_reached" if money["reason"] == "reached_now" else "price_money",
                    lang,
                    **details,
                )
            )
        if beyond:
            lines.append(text("price_beyond", lang, what=what, level=beyond[0], p=rich, **most))
    return lines

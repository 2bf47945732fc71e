"""The funding need: its tables, its sentences, no more digits than the draws support."""

import math
from collections import Counter

import numpy as np
import pandas as pd

from ..language import LEVEL_WORDS, STATE_WORDS, pick, text, write_number, write_percent
from ..needs import THOUSAND, UNPLANNED, in_millions, newest_debts, spread
from .chance_words import rough
from .frames import INTERVAL, Result, answer_table, commune_table, plain_types

MONEY, TONNES = "triệu đồng", "tấn"
ENVELOPE = ["pot", "source", "capital", "unit", "planned", "allotted"]
WORKS = ["level", "criterion", "work", "item", "quantity", "year", "mark", "needed", *INTERVAL]
# Lines of the need that no criterion's name stands for.
WITHOUT = {0: "nameless", -1: "no_criterion"}


class NeedResult(Result):
    """What finishing costs, who pays and where the gap is.

    Money in million dong of the price year, cement in tonnes; mean and p10, p50, p90 over the
    worlds drawn.

    Attributes
    ----------
    workbook : Workbook
    draws : Demand
        The worlds: arrays by draw.
    """

    tables = (
        "summary",
        "by_commune",
        "by_criterion",
        "by_source",
        "by_year",
        "works",
        "gap",
        "cement",
    )

    about = "need"
    console = (
        ("by_criterion", "level criterion name p50 p10 p90"),
        ("by_source", "source capital p50 p10 p90"),
        ("by_year", "year p50 p10 p90"),
        ("by_commune", "name p50 p10 p90"),
    )

    def __init__(self, workbook, draws, lang="vi"):
        self.workbook, self.draws, self.lang = workbook, draws, lang

    def _spread(self, keys, sums, names):
        """A table of sums over the worlds: the keys, then mean, p10, p50, p90."""
        rows = [[*key, *in_millions(sum_).values()] for key, sum_ in zip(keys, sums, strict=True)]
        return pd.DataFrame(rows, columns=[*names, *INTERVAL])

    @answer_table
    def summary(self):
        """The need by level and together, the gap and the gap were money late, in million dong."""
        need, money = self.draws.together, self.draws.money
        sums = {"total": need.total} | {k: each.total for k, each in self.draws.needs.items()}
        if money:
            sums |= {"gap": money.gap, "gap_if_late": money.late_gap}
        return self._spread([[key] for key in sums], sums.values(), ["figure"])

    @answer_table
    def by_commune(self):
        """The need of each commune that has one, in million dong and administrative order."""
        sums, units = self.draws.together.by["commune"], self.workbook.communes
        mine = units.index[units.index.isin(list(sums))]
        names = units.loc[mine, ["code", "name"]].to_numpy().tolist()
        return self._spread(names, [sums[unit] for unit in mine], ["code", "name"])

    @answer_table
    def by_criterion(self):
        """The need by level and criterion, in million dong.

        Equal numbers of two sets are two criteria.
        """
        keys, sums = [], []
        for level, need in self.draws.needs.items():
            workbook, by = self.workbook, need.by["criterion"]
            set_id = workbook.judging_set if level == "ntm" else workbook.default_set(level)
            names = workbook.law.criteria_of(set_id)
            for number in sorted(by, key=lambda c: (c <= 0, abs(c))):
                words = [WITHOUT.get(number), None]
                if number > 0:
                    words = names.loc[number, ["name_vi", "name_en"]].tolist()
                keys.append([level, number if number > 0 else None, *words])
                sums.append(by[number])
        return self._spread(keys, sums, ["level", "criterion", "name", "name_en"])

    @answer_table
    def by_source(self):
        """Claims at usual shares by source and capital, in million dong; cement by its worth."""
        need, pots = self.draws.together, self.workbook.tables["pots"]
        sums = Counter()
        for pot in pots.itertuples():
            if pot.pot in need.by["pot"]:
                sums[pot.fund, pot.capital] += need.by["pot"][pot.pot]
        if (cement := need.sum("cement")).any():
            sums["cement", "in_kind"] = cement
        return self._spread(sums, sums.values(), ["source", "capital"])

    @answer_table
    def by_year(self):
        """The need by planned year in million dong, what is not planned (no year) last."""
        by = self.draws.together.by["year"]
        years = sorted(by, key=lambda year: (year == UNPLANNED, year))
        return self._spread([[year or None] for year in years], [by[y] for y in years], ["year"])

    @answer_table
    def works(self):
        """Every work: where it is needed, its quantity, its cost in million dong."""
        levels = {level: need.works for level, need in self.draws.needs.items()}
        works = pd.concat(levels, names=["level"]).reset_index("level").set_index("unit")
        works[INTERVAL] = works[INTERVAL].astype(float) / THOUSAND
        works["criterion"] = works["criterion"].where(works["criterion"] > 0)
        return commune_table(self.workbook, works[WORKS])

    @answer_table
    def gap(self):
        """What each pot holds and lacks at usual shares, in million dong or tonnes.

        Empty for single communes.
        """
        money = self.draws.money
        if money is None:
            return pd.DataFrame(columns=[*ENVELOPE, *INTERVAL])
        in_kind = money.pots["measure"] == "cement"
        pots = money.pots.assign(
            source=money.pots["fund"], unit=np.where(in_kind, TONNES, MONEY)
        ).reset_index()
        lacking = [
            _whole(money.by_pot[pot]) if cement else in_millions(money.by_pot[pot])
            for pot, cement in in_kind.items()
        ]
        return pots[ENVELOPE].join(pd.DataFrame(lacking, columns=INTERVAL))

    @answer_table
    def cement(self):
        """Tonnes of cement needed, by planned year."""
        by = self.draws.together.by["tonnes"]
        years = sorted(by, key=lambda year: (year == UNPLANNED, year))
        rows = [{"year": year or None, **_whole(by[year])} for year in years]
        return pd.DataFrame(rows, columns=["year", *INTERVAL])

    def sentence(self, lang=""):
        """What finishing costs, in one sentence.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        return need_sentence(self.to_dict(), len(self.by_commune), lang or self.lang)

    def notes(self, lang=""):
        """Planned money and the gap, what rests on assumptions, criteria without works, cement.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        lang, record = lang or self.lang, self.to_dict()
        if not record["total"]["mean"]:
            return []
        lines = [funding_gap_sentence(self.workbook, record, lang)] if record["gap"] else []
        lines.append(need_assumed_sentence(record, self.draws.assumed_quantities, lang))
        if numbers := record["without_works"]:
            lines.append(text("need_without", lang, numbers=", ".join(map(str, numbers))))
        cement = record["cement"]
        amounts = {
            key: "..." if cement[key] is None else write_number(rough(cement[key]), lang)
            for key in ("granted", "expected")
        }
        mid = write_number(rough(cement["need"]["p50"]), lang)
        return [*lines, text("need_cement", lang, mid=mid, **amounts)]

    def to_dict(self):
        """The need in plain Python types, as ``ntm needs --json`` prints it.

        A criterion without a name is null (``name`` is then ``nameless``, or ``no_criterion`` for
        listed works of none), a year that is not planned is null; ``envelope``, ``gap`` and
        ``blocking_sources`` are null for single communes.

        Returns
        -------
        dict
        """
        workbook, draws = self.workbook, self.draws
        need, units, money = draws.together, workbook.communes, draws.money
        figures = dict(
            zip(self.summary["figure"], plain_types(self.summary[INTERVAL]), strict=True)
        )
        by_criterion = [
            {key: each for key, each in row.items() if key != "name_en" or each}
            for row in plain_types(self.by_criterion)
        ]
        debts = newest_debts(workbook).query("unit in @units.index").astype({"criterion": int})
        debts = debts.assign(code=debts["unit"].map(units["code"]))
        share = need.assumed_share
        funds = dict.fromkeys(("envelope", "gap", "blocking_sources"))
        if money:
            lacking = self.gap[self.gap["unit"] == MONEY]
            late = {
                "if_late": figures["gap_if_late"],
                "by_pot": plain_types(lacking[["pot", *INTERVAL]]),
            }
            funds = {
                "envelope": plain_types(self.gap[ENVELOPE]),
                "gap": figures["gap"] | late,
                "blocking_sources": money.blocking,
            }
        return {
            "dataset": workbook.id,
            "as_of": f"{workbook.as_of}",
            "target": draws.target,
            "unit": MONEY,
            "price_year": need.price_year,
            "until": draws.until,
            "draws": need.draws,
            "total": figures["total"],
            "by_level": [{"level": level, **figures[level]} for level in draws.needs],
            "by_criterion": by_criterion,
            "without_works": draws.unpriced,
            "by_source": plain_types(self.by_source),
            "by_year": plain_types(self.by_year),
            "by_commune": plain_types(self.by_commune),
            "cement": self._cement(),
            **funds,
            "debts": plain_types(debts[["code", "criterion", "amount"]]),
            "assumed_share": None if np.isnan(share) else round(share, 4),
            "scenario": workbook.scenario_id,
        }

    def _cement(self):
        """Tonnes of cement: needed, granted so far, expected, lacking; by planned year."""
        rows = self.workbook.tables["cement"]
        granted = rows.loc[rows["unit"] == -1, "granted"].sum(min_count=1)
        pots = self.gap[self.gap["unit"] == TONNES]
        lacking = plain_types(pots[INTERVAL])
        return {
            "unit": TONNES,
            "need": _whole(self.draws.together.sum("tonnes")),
            "granted": plain_types(float(granted)),
            "expected": float(pots["planned"].sum()) if self.draws.money else None,
            "gap": lacking[-1] if lacking else None,
            "by_year": plain_types(self.cement),
        }


def _whole(values):
    return {name: round(value) for name, value in spread(values).items()}


def billions(million, lang):
    """Million đồng as billion đồng to two significant digits.

    Parameters
    ----------
    million : float or None
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "-" for nothing, "..." for no data (None, NaN).

    Examples
    --------
    >>> billions(518_600.0, "vi"), billions(3_640.0, "vi"), billions(0.0, "vi")
    ('520', '3,6', '-')
    """
    if million is None or math.isnan(million):
        return "..."
    return write_number(rough(million / 1000), lang) if million else "-"


def billions_range(answer, lang):
    """The usual range P10-P90 of an amount in million đồng, as billion đồng.

    Parameters
    ----------
    answer : dict of str to float
        With p10 and p90, million đồng.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "-" where even P90 is nothing.

    Examples
    --------
    >>> billions_range({"p10": 476_800.0, "p90": 560_500.0}, "vi")
    '480-560'
    """
    low, high = (billions(answer[end], lang).replace("-", "0") for end in ("p10", "p90"))
    return (low if low == high else f"{low}-{high}") if answer["p90"] else "-"


def need_sentence(record, communes, lang):
    """What finishing costs, in one sentence.

    Parameters
    ----------
    record : dict
        As of :meth:`NeedResult.to_dict`.
    communes : int
        How many have a need.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    if not record["total"]["mean"]:
        return text("need_none", lang)
    numbers = {
        "n": communes,
        "mid": billions(record["total"]["p50"], lang),
        "range": billions_range(record["total"], lang),
    }
    key = "need_registered" if record["target"] == "registered" else "need_ntm"
    draws = write_number(record["draws"], lang)
    return text(key, lang, year=record["price_year"], draws=draws, **numbers)


def gap_words(gap, lang):
    """The mean gap and its usual range, in billion đồng.

    Parameters
    ----------
    gap : dict of str to float
        Mean, p10, p90, million đồng.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        A gap that nearly no world has is told as such.
    """
    if not gap["mean"]:
        return text("gap_none", lang)
    mean = billions(gap["mean"], lang)
    return (
        text("gap_mean", lang, mean=mean, range=billions_range(gap, lang))
        if gap["p90"]
        else text("gap_rare", lang, mean=mean)
    )


def funding_gap_sentence(workbook, record, lang):
    """Planned money, the gap when sources stand in for each other, and which of them lack money.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`NeedResult.to_dict`, of all communes.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    money = [
        row for row in record["envelope"] if row["unit"] != "tấn" and row["source"] != "tin_dung"
    ]
    planned = billions(sum(row["planned"] for row in money), lang)
    details = [row["allotted"] for row in money if row["allotted"] is not None]
    allotted = billions(sum(details), lang) if details else pick(STATE_WORDS["unknown"], lang)
    gap, late = (gap_words(gap, lang) for gap in (record["gap"], record["gap"]["if_late"]))
    sentence = text(
        "need_gap",
        lang,
        until=record["until"],
        planned=planned,
        allotted=allotted,
        gap=gap,
        late=late,
    )
    names = workbook.tables["pots"].set_index("pot")[f"name_{lang}"]
    blocking = "; ".join(names[pot] for pot in record["blocking_sources"])
    return sentence + (" " + text("need_blocking", lang, names=blocking) if blocking else "")


def need_assumed_sentence(record, all_assumed, lang):
    """How much of the need rests on assumptions.

    Parameters
    ----------
    record : dict
        As of :meth:`NeedResult.to_dict`.
    all_assumed : bool
        Whether all quantities are assumed: then the need is a rough estimate.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    share = "100%" if record["assumed_share"] == 1 else write_percent(record["assumed_share"], lang)
    return text("need_all_assumed" if all_assumed else "need_assumed", lang, share=share)


def criterion_label(row, lang):
    """The head of a line of the need by criterion: number and name.

    Parameters
    ----------
    row : dict
        Of ``by_criterion`` of the record.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        In words where no criterion is named.

    Examples
    --------
    >>> row = {"criterion": 2, "name": "Giao thông", "name_en": "Transport", "level": "ntm"}
    >>> criterion_label(row, "en")
    '2. Transport'
    """
    if row["criterion"] is None:
        return text(f"need_{row['name']}", lang)
    level = "" if row["level"] == "ntm" else f" ({pick(LEVEL_WORDS[row['level']], lang)})"
    return f"{row['criterion']}. {row['name' if lang == 'vi' else 'name_en']}{level}"

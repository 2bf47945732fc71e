"""Scenarios side by side: their tables, their sentences."""

from functools import cached_property

import numpy as np
import pandas as pd

from ..forecasts import TORNADO_WORLDS
from ..language import text, write_change, write_number
from ..needs import spread
from ..scenarios import BASELINE, NOISE
from .chance_words import chance, chance_words, rough
from .forecast import (
    blocking_pot_names,
    blocking_sentence,
    clear_swings,
    day_words,
    forecast_assumed_sentence,
    mover_name,
)
from .frames import Result, answer_table, plain_types
from .need import MONEY, billions

FIGURES = (
    *("id", "title", "title_en", "policy", "deadline", "n_communes", "basically_all"),
    *("finishing_mean", "finishing_p10", "finishing_p50", "finishing_p90", "p_basically_all"),
    *("p_all", "need_p50", "gap_p50", "gap_mean", "money", "se_ratio", "cost_per_extra_commune"),
    "cost_reason",
)


class ComparisonResult(Result):
    """Scenarios side by side in the same worlds.

    Money in million dong, chances 0..1; ``se`` is that of the difference of the number finishing.

    Attributes
    ----------
    workbook : Workbook
    draws : Comparison
        What each scenario came to: arrays by draw.
    """

    tables = ("scenarios", "movers", "dates", "frontier", "tornado", "warnings")

    about = "compare"
    console = (
        (
            "scenarios",
            "id finishing_mean difference_finishing difference_se "
            "p_basically_all p_all need_p50 gap_mean",
        ),
    )

    def __init__(self, draws, lang="vi"):
        self.workbook, self.draws, self.lang = draws.workbook, draws, lang

    @answer_table
    def scenarios(self):
        """Every scenario, the baseline first: what comes of it and how it differs.

        Communes finishing, chances 0..1, need, gap and money in million dong.
        """
        rows = [
            {key: row[key] for key in FIGURES}
            | {f"difference_{key}": each for key, each in row["difference"].items()}
            | {f"regret_{key}": each for key, each in row["regret"].items()}
            for row in self._scenarios
        ]
        return pd.DataFrame(rows)

    @answer_table
    def movers(self):
        """The communes whose chance (0..1) clearly is another than in the baseline, by scenario."""
        return self._by_commune(("gains", "losses"), ["p", "change", "se"])

    @answer_table
    def dates(self):
        """The communes whose middle day is another than in the baseline, by scenario."""
        return self._by_commune(("dates",), ["before", "after"])

    def _by_commune(self, keys, columns):
        rows = [
            {"scenario": row["id"]} | each
            for row in self._scenarios
            for key in keys
            for each in row[key]
        ]
        return pd.DataFrame(rows, columns=["code", "name", "scenario", *columns])

    @answer_table
    def frontier(self):
        """How many communes finish with so many times the money."""
        return self.draws.frontier

    @answer_table
    def tornado(self):
        """Communes finishing at both ends of each assumption, the largest swing first."""
        return self.draws.tornado

    @answer_table
    def warnings(self):
        """The scenarios left out, and those that change nothing in the result."""
        rows = [
            {
                "code": problem.code,
                "scenario": problem.details["value"],
                "text": problem.words("vi")[0],
                "text_en": problem.words("en")[0],
            }
            for problem in self.draws.warnings
        ]
        return pd.DataFrame(rows, columns=["code", "scenario", "text", "text_en"])

    @cached_property
    def _scenarios(self):
        """What is told of each scenario; regret: communes fewer than in the best of each world."""
        rows = self.draws.rows
        best = np.max([row.finishing for row in rows], axis=0)
        fewer = [spread(best - row.finishing) for row in rows]
        return [
            row.figures | {"regret": {key: regret[key] for key in ("mean", "p90")}}
            for row, regret in zip(rows, fewer, strict=True)
        ]

    def sentence(self, lang=""):
        """Which scenario adds most communes, which loses most, and what that does to the promise.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        return comparison_sentence(self.to_dict(), lang or self.lang)

    def notes(self, lang=""):
        """What blocks in the baseline, what rests on assumptions, what money pays for a commune.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        lang, record = lang or self.lang, self.to_dict()
        rows = record["scenarios"]
        lines = [
            blocking_sentence(self.workbook, rows[0], lang),
            forecast_assumed_sentence(self.workbook, lang),
        ]
        lines += [price_words(row, record, lang) for row in rows]
        lines.append(tornado_sentence(self.workbook, record, lang))
        return [line for line in lines if line]

    def to_dict(self):
        """The comparison in plain Python types, as ``ntm compare --json`` prints it.

        Returns
        -------
        dict
            A price that there is none of is null with its reason.
        """
        workbook, both = self.workbook, self.draws
        return plain_types(
            {
                "dataset": workbook.id,
                "as_of": workbook.as_of,
                "content_hash": workbook.content_hash,
                "draws": both.draws,
                "seed": both.seed,
                "unit": MONEY,
                "baseline": self._scenarios[0]["id"],
                "scenarios": self._scenarios,
                "frontier": self.frontier,
                "tornado": self.tornado,
                "warnings": self.warnings,
            }
        )


def title_of(row, lang):
    """The title of a scenario.

    Parameters
    ----------
    row : dict
        A scenario of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> title_of({"title": "Giá tăng", "title_en": "Prices up"}, "en")
    'Prices up'
    """
    return row["title"] if lang == "vi" else row["title_en"]


def baseline_name(record, lang):
    """The name of the baseline in running text.

    Parameters
    ----------
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    if record["baseline"] == BASELINE:
        return text("compare_the_baseline", lang)
    return text("compare_base_name", lang, title=title_of(record["scenarios"][0], lang))


def is_uncertain(p):
    """Whether a chance is neither nearly none nor nearly certain: only then pages tell it.

    Parameters
    ----------
    p : float
        0..1.

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_uncertain(p) for p in (0.004, 0.5, 0.999)]
    [False, True, False]
    """
    return 0.01 <= p <= 0.99


def blocking_cell(workbook, row, record, lang):
    """The sources that block in a scenario, as a cell shows them.

    Parameters
    ----------
    workbook : Workbook
    row : dict
        A scenario of the record.
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "-" where none does; a reference to the baseline where they are the baseline's.
    """
    base, pots = record["scenarios"][0], blocking_pot_names(workbook, row, lang)
    same = row is not base and pots == blocking_pot_names(workbook, base, lang)
    return text("blocking_as_first", lang) if same else pots or "-"


def change_sign(difference):
    """The sign of a difference of the number finishing, where it is clear.

    A difference is clear where it stands out of the noise of the draws.

    Parameters
    ----------
    difference : dict of str to float
        ``finishing`` and its standard error ``se``, communes.

    Returns
    -------
    int
        1: more communes finish, -1: fewer, 0: neither is clear.

    Examples
    --------
    >>> [change_sign({"finishing": x, "se": 0.01}) for x in (2.18, -0.5, 0.02)]
    [1, -1, 0]
    """
    change = difference["finishing"]
    return (change > 0) - (change < 0) if abs(change) > NOISE * difference["se"] else 0


def change_words(difference, lang):
    """A difference of the number finishing, to as many digits as its size has use for.

    Parameters
    ----------
    difference : dict of str to float
        ``finishing`` and its standard error ``se``, communes.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        With its sign; in words where it is within the noise of the draws.

    Examples
    --------
    >>> change_words({"finishing": -0.046, "se": 0.002}, "vi")
    '-0,05'
    >>> change_words({"finishing": 2.18, "se": 0.01}, "en")
    '+2.2'
    >>> [change_words({"finishing": x, "se": x * 10}, "vi") for x in (0.01, 0.0)]
    ['trong sai số', '0']
    """
    change = difference["finishing"]
    if change == 0 == difference["se"]:
        return "0"
    if not change_sign(difference):
        return text("within_noise", lang)
    return write_change(change, lang, 1 if abs(change) >= 0.095 else 2)


def own_deadline_words(row, record, lang):
    """The deadline of a scenario that has its own, as running text adds it.

    Parameters
    ----------
    row : dict
        A scenario of the record.
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" where the deadline is the baseline's.
    """
    if row["deadline"] == record["scenarios"][0]["deadline"]:
        return ""
    return text("compare_own_day", lang, day=day_words(row["deadline"], lang))


def comparison_sentence(record, lang):
    """Which scenario adds most communes, which loses most, and what that does to the promise.

    Parameters
    ----------
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    base, *others = record["scenarios"]
    ends = {"best": text("compare_no_best", lang), "worst": ""}
    for end, sign in (("worst", -1), ("best", 1)):
        row = max(others, key=lambda row: sign * row["difference"]["finishing"], default=base)
        if change_sign(row["difference"]) == sign:
            change = change_words(row["difference"], lang).lstrip("+-")
            ends[end] = text(
                f"compare_{end}",
                lang,
                title=title_of(row, lang),
                change=change,
                own=own_deadline_words(row, record, lang),
            )
    return text(
        "compare_verdict",
        lang,
        baseline=baseline_name(record, lang),
        mean=write_number(base["finishing_mean"], lang, 1),
        total=base["n_communes"],
        day=day_words(base["deadline"], lang),
        n=len(others),
        draws=write_number(record["draws"], lang),
        basically=_chances(record, lang),
        **ends,
    )


def _chances(record, lang):
    """The highest chance that basically all finish.

    That all do, where that is neither nearly certain nor nearly none.
    """
    rows, base, lines = record["scenarios"], record["scenarios"][0], []
    for key, p, n in (
        ("basically", "p_basically_all", "basically_all"),
        ("all", "p_all", "n_communes"),
    ):
        top = max(rows, key=lambda row, p=p: row[p])
        if key == "basically" or is_uncertain(top[p]):
            alike = len({chance(row[p], record["draws"], lang) for row in rows}) == 1
            details = {
                "title": title_of(top, lang),
                "p": chance_words(top[p], record["draws"], lang),
            }
            details |= {"n": base[n], "total": base["n_communes"]}
            lines.append(text(f"compare_{key}_{'alike' if alike else 'best'}", lang, **details))
    return " ".join(lines)


def price_words(row, record, lang):
    """What a scenario that adds or takes money pays for a commune, in a sentence.

    Parameters
    ----------
    row : dict
        A scenario of the record.
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" for a scenario with the baseline's money.
    """
    more = row["money"] - record["scenarios"][0]["money"]
    if not more:
        return ""
    details = {"title": title_of(row, lang), "money": write_change(rough(more / 1000), lang)}
    if row["cost_reason"] == "within_noise":
        return text("compare_price_noise", lang, **details)
    price = (
        billions(row["cost_per_extra_commune"], lang) if row["cost_per_extra_commune"] else "..."
    )
    return text(
        "compare_price_told",
        lang,
        change=change_words(row["difference"], lang),
        price=price,
        **details,
    )


def clear_swings_of(record):
    """The rows of a record's tornado that stand out of their noise and are worth telling.

    Parameters
    ----------
    record : dict
        As of :meth:`ComparisonResult.to_dict`.

    Returns
    -------
    DataFrame
        Empty where no assumption was moved.
    """
    return clear_swings(pd.DataFrame(record["tornado"])) if record["tornado"] else pd.DataFrame()


def tornado_sentence(workbook, record, lang, key="tornado_told"):
    """The assumption that moves the number finishing most, with the number at its two ends.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`ComparisonResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.
    key : str
        Of the text: ``tornado_told``, or another in which the assumption does not come first.

    Returns
    -------
    str
        "" where none moves it clearly.
    """
    if (rows := clear_swings_of(record)).empty:
        return ""
    first = rows.iloc[0]
    ends = {end: write_number(first[end], lang, 1) for end in ("low", "high", "usual")}
    n = write_number(min(record["draws"], TORNADO_WORLDS), lang)
    what = mover_name(workbook, first["key"], lang)
    return text(
        key, lang, what=what if key == "tornado_told" else what[0].lower() + what[1:], n=n, **ends
    )

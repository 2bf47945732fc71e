"""Scenarios side by side: each is forecast in the same worlds, and compared draw by draw."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.forecast import Forecast, forecast
from ..forecast.price import frontier, planned, tornado
from ..forecast.simulation import baseline_of
from ..need.funding import DRAWS, SEED, demand, in_millions
from ..need.need import spread
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .scenario import BASELINE, Scenario, UnknownScenario, scenario, scenario_ids

# Standard errors: less is the noise of finitely many draws (many differences are looked at).
NOISE = 3


@dataclass(frozen=True)
class Compared:
    """One scenario, judged by its own deadline.

    Attributes
    ----------
    chosen : Scenario
    day : date
        The deadline.
    finishing : ndarray
        How many communes finish: int, draws.
    communes, basically : int
        Of how many; how many are basically all.
    need, gap : dict of str to float
        Over worlds: mean, p10, p50, p90, million dong.
    money : float
        Planned money of all money pots up to the deadline's year, million dong.
    blocking : list of str
        The pots that most often keep a listed commune from being paid.
    moved : DataFrame
        By unit: p, before, change (of the chance against the baseline) and its se.
    middle : dict of int to str
        By unit the day by which half of the worlds have it finished; None: beyond the term.
    """

    chosen: Scenario
    day: dt.date
    finishing: np.ndarray
    communes: int
    basically: int
    need: dict[str, float]
    gap: dict[str, float]
    money: float
    blocking: list[str]
    moved: pd.DataFrame
    middle: dict[int, str | None]

    @property
    def id(self) -> str:
        return self.chosen.id

    @property
    def enough(self) -> np.ndarray:
        """In which worlds basically all finish."""
        return self.finishing >= self.basically

    def movers(self, way: int) -> pd.DataFrame:
        """The communes whose chance rises (1) or falls (-1) by more than noise, the most first."""
        rows = felt(self.moved)
        return rows[way * rows["change"] > 0]


@dataclass(frozen=True)
class Comparison:
    """Scenarios in the same worlds.

    Attributes
    ----------
    rows : list of Compared
        The baseline first.
    frontier, tornado : DataFrame
        Of the baseline (:mod:`ntm_analysis.forecast.price`).
    unfit : list of Problem
        The scenarios that were left out.
    coarse : bool
        Whether no single commune gets a figure finer than a word.
    """

    workbook: Workbook
    rows: list[Compared]
    draws: int
    seed: int
    frontier: pd.DataFrame
    tornado: pd.DataFrame
    unfit: list[Problem]
    coarse: bool

    @property
    def base(self) -> Compared:
        return self.rows[0]

    @cached_property
    def best(self) -> np.ndarray:
        """The most communes that finish in any scenario: int, draws."""
        return np.max([row.finishing for row in self.rows], axis=0)

    def regret(self, row: Compared) -> dict[str, float]:
        """How many communes fewer than in the best scenario of each world: mean, p90."""
        fewer = spread(self.best - row.finishing)
        return {name: fewer[name] for name in ("mean", "p90")}

    def price(self, row: Compared) -> tuple[float | None, str | None]:
        """Million dong that a scenario adds (takes) for each commune more (fewer).

        Else None, and the reason why there is no price.
        """
        more, change = row.money - self.base.money, paired(row.finishing, self.base.finishing)
        if not more:
            return None, "no_money"
        if abs(change["difference"]) <= NOISE * change["se"]:
            return None, "within_noise"
        price = more / change["difference"]
        return (price, None) if price > 0 else (None, "other_way")

    def warnings(self) -> list[Problem]:
        """Scenarios that change nothing in the result, and those that do not fit the data set."""
        base = self.base
        return self.unfit + [
            Problem("scenario_idle", f"{row.id}.yaml", details={"value": row.id}, warning=True)
            for row in self.rows[1:]
            if (row.finishing == base.finishing).all()
            and (row.need, row.gap) == (base.need, base.gap)
        ]


def paired(values: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """The mean difference of two runs in the same worlds.

    Returns
    -------
    dict
        difference, se (its standard error), ratio (of that to the standard error of two
        independent runs; 0 where neither run varies).

    Examples
    --------
    >>> paired(np.array([3, 4, 5]), np.array([2, 3, 4]))
    {'difference': 1.0, 'se': 0.0, 'ratio': 0.0}
    """
    change = values.astype(float) - base
    sd, apart = change.std(), np.sqrt(values.var() + base.var())
    ratio = sd / apart if apart else 0.0
    figures = {"difference": change.mean(), "se": sd / np.sqrt(len(change)), "ratio": ratio}
    return {name: float(value) for name, value in figures.items()}


def compare(
    workbook: Workbook,
    ids: Sequence[str] = (),
    baseline: str = BASELINE,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    moving: bool = True,
) -> Comparison:
    """Scenarios against a baseline, in the same worlds.

    Parameters
    ----------
    workbook : Workbook
    ids : sequence of str
        Default: all there are, those that do not fit the data set left out with a warning.
    baseline : str
        The scenario that the others are held against.
    draws, seed : int
    moving : bool
        Whether to work out frontier and tornado.

    Returns
    -------
    Comparison

    Raises
    ------
    UnknownScenario
    DataProblems
        With everything wrong in a scenario named.

    Examples
    --------
    >>> both = compare(Workbook.open("data/thanh-chuong"), ["money-110"], draws=200, moving=False)
    >>> [row.id for row in both.rows], both.base.money < both.rows[1].money
    (['baseline', 'money-110'], True)
    """
    known, unfit = scenario_ids(workbook), {}
    names = list(dict.fromkeys((baseline, *(ids or known))))
    if unknown := [name for name in names if name not in known]:
        raise UnknownScenario(", ".join(unknown), known)

    def fitting(name: str, act: Callable[..., object], *given: object) -> object | None:
        try:
            return act(*given)
        except DataProblems as error:
            unfit[name] = error.problems
            return None

    def refuse() -> None:
        problems = [problem for those in unfit.values() for problem in those]
        if problems and (ids or baseline in unfit):
            raise DataProblems(problems)

    chosen = {name: fitting(name, scenario, workbook, name) for name in names}
    refuse()  # every file is read before the first forecast
    usual, rows, first = baseline_of(workbook, seed), [], None

    def forecast_of(one: Scenario) -> Forecast:
        asked = {"draws": draws, "seed": seed, "baseline": usual}
        return forecast(one.workbook, policy=one.policy, deadline=one.deadline, **asked)

    for name in names:
        if name not in unfit and (found := fitting(name, forecast_of, chosen[name])):
            first = first or found
            rows.append(_compared(chosen[name], found, first, rows[0] if rows else None))
        refuse()
    moves = [act(first) if moving else pd.DataFrame() for act in (frontier, tornado)]
    left_out = [_unfit(name, problems) for name, problems in unfit.items()]
    return Comparison(workbook, rows, draws, seed, *moves, left_out, first.coarse)


def _unfit(name: str, problems: list[Problem]) -> Problem:
    """That a scenario does not fit the data set, and where that shows."""
    places = dict.fromkeys(p.file + (f":{p.row}" if p.row else "") for p in problems)
    details = {"value": name, "reason": ", ".join(places)}
    return Problem("scenario_unfit", f"{name}.yaml", details=details, warning=True)


def moved(found: Forecast, base: Forecast) -> pd.DataFrame:
    """Each commune's chance against that in another run of the same worlds.

    Communes of which the same is known are told the mean of their band.

    Returns
    -------
    DataFrame
        By unit in administrative order: p, before, change, se.
    """
    bands = [run.bands.reindex(run.communes, fill_value=0) for run in (found, base)]
    pairs = pd.MultiIndex.from_arrays(bands)
    rows = {}
    for pair in pairs.unique():
        now, before = (_share(*one) for one in zip((found, base), bands, pair, strict=True))
        change = paired(now, before)
        means = {"p": now.mean(), "before": before.mean(), "change": change["difference"]}
        rows[pair] = means | {"se": change["se"]}
    return pd.DataFrame([rows[pair] for pair in pairs], found.communes)


def felt(moved: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`moved` whose change stands out of the noise, the largest first."""
    size = moved["change"].abs()
    rows = moved[(size > 0) & (size > NOISE * moved["se"])]
    return rows.sort_values("change", key=abs, ascending=False, kind="stable")


def _share(run: Forecast, bands: pd.Series, band: int) -> np.ndarray:
    """The share of a band's communes that finishes in each world: float, draws."""
    units = run.run.goals.loc[run.open_, "unit"].map(bands)
    return run.in_time[units == band].mean(axis=0) if band else np.ones(run.run.draws)


def _compared(
    chosen: Scenario, found: Forecast, first: Forecast, base: Compared | None
) -> Compared:
    """What is kept of a scenario's forecast; ``first``: that of the baseline."""
    run, day = found.run, found.day
    if base and _asks(chosen, day) == _asks(base.chosen, base.day):
        need, gap, money = base.need, base.gap, base.money
    else:
        asked = demand(chosen.workbook, until=day.year, draws=run.draws, seed=run.seed)
        need, gap = (in_millions(v) for v in (asked.together.total, asked.money.gap))
        money = planned(found)
    units = run.goals.loc[found.open_, "unit"]
    middle = {u: found.dates(goal)["p50_date"] for goal, u in zip(found.open_, units, strict=True)}
    counts = (len(found.communes), found.basically)
    rest = (need, gap, money, found.blocking_sources(), moved(found, first), middle)
    return Compared(chosen, day, found.finishing, *counts, *rest)


def _asks(chosen: Scenario, day: dt.date) -> tuple:
    """What need and money rest on: a policy alone asks for nothing else."""
    workbook = chosen.workbook
    return (workbook.judged_by, day, *map(id, workbook.tables.values()))


def record(both: Comparison) -> dict:
    """The comparison in plain Python types, as ``ntm compare --json`` prints it.

    Chances are 0..1, money in million dong, ``se`` that of the difference of the number finishing;
    a price that there is none of is null with its reason.
    """
    workbook = both.workbook
    return {
        "dataset": workbook.id,
        "as_of": f"{workbook.as_of}",
        "content_hash": workbook.content_hash,
        "draws": both.draws,
        "seed": both.seed,
        "unit": "triệu đồng",
        "baseline": both.base.id,
        "scenarios": [_row(both, row) for row in both.rows],
        "frontier": both.frontier.to_dict("records"),
        "tornado": [
            {key: None if value != value else value for key, value in row.items()}
            for row in both.tornado.to_dict("records")
        ],
        "warnings": [
            {"code": problem.code, "scenario": problem.details["value"]}
            | {"text": problem.words("vi")[0], "text_en": problem.words("en")[0]}
            for problem in both.warnings()
        ],
    }


def _row(both: Comparison, row: Compared) -> dict:
    """One scenario of the record."""
    base, names = both.base, both.workbook.units[["code", "name"]].to_dict("index")
    change, chance = paired(row.finishing, base.finishing), paired(row.enough, base.enough)
    price, reason = both.price(row)
    gains, losses = (
        [names[at] | one[["p", "change", "se"]].to_dict() for at, one in row.movers(way).iterrows()]
        for way in (1, -1)
    )
    return {
        "id": row.id,
        "title": row.chosen.title["vi"],
        "title_en": row.chosen.title["en"],
        "policy": row.chosen.policy,
        "deadline": f"{row.day}",
        "n_communes": row.communes,
        "basically_all": row.basically,
        **{f"finishing_{name}": value for name, value in spread(row.finishing).items()},
        "p_basically_all": float(row.enough.mean()),
        "p_all": float((row.finishing == row.communes).mean()),
        "need_p50": row.need["p50"],
        "gap_p50": row.gap["p50"],
        "gap_mean": row.gap["mean"],
        "money": row.money,
        "blocking_sources": row.blocking,
        "difference": {
            "finishing": change["difference"],
            "p_basically_all": chance["difference"],
            "se": change["se"],
            "se_p_basically_all": chance["se"],
        },
        "se_ratio": change["ratio"],
        "cost_per_extra_commune": price,
        "cost_reason": reason,
        "regret": both.regret(row),
        "gains": gains,
        "losses": losses,
        "dates": [  # whose middle day is another than in the baseline
            names[unit] | {"before": base.middle[unit], "after": after}
            for unit, after in row.middle.items()
            if after != base.middle.get(unit, after)
        ],
    }

"""Scenarios side by side: each is forecast in the same worlds, so that what it changes is known draw by draw."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.forecast import Forecast, forecast
from ..forecast.price import frontier, planned, tornado
from ..forecast.simulation import Baseline, baseline_of
from ..need.demand import DRAWS, SEED, demand, in_millions
from ..need.need import spread
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .scenario import BASELINE, Scenario, UnknownScenario, scenario, scenario_ids

NOISE = 3  # standard errors: less is the noise of finitely many draws (many differences are looked at together)


@dataclass(frozen=True)
class Compared:
    """One scenario, judged by its own deadline ``day``.

    ``finishing``: how many communes finish, int, draws; ``communes``: of how many; ``basically``: how many are basically all;
    ``need``, ``gap``: over worlds, million đồng; ``money``: planned money of all money pots up to the deadline's year,
    million đồng; ``moved``: by unit p, change (of the chance of each commune against the baseline) and se of the change;
    ``middle``: by unit the day by which half of the worlds have it finished (None: later than the term, or than the deadline).
    """

    chosen: Scenario
    day: dt.date
    finishing: np.ndarray
    communes: int
    basically: int
    need: dict[str, float]
    gap: dict[str, float]
    money: float
    moved: pd.DataFrame
    middle: dict[int, str | None]

    @property
    def id(self) -> str:
        return self.chosen.id

    @property
    def enough(self) -> np.ndarray:
        """In which worlds basically all finish."""
        return self.finishing >= self.basically

    @property
    def everyone(self) -> np.ndarray:
        return self.finishing == self.communes

    def movers(self, way: int) -> pd.DataFrame:
        """The communes whose chance rises (``way`` 1) or falls (-1) by more than noise, the most first."""
        change = way * self.moved["change"]
        chosen = self.moved[(change > 0) & (change > NOISE * self.moved["se"])]
        return chosen.sort_values("change", ascending=way < 0, kind="stable")


@dataclass(frozen=True)
class Comparison:
    """Scenarios in the same worlds, the baseline first; ``frontier``, ``tornado``: of the baseline
    (:mod:`~ntm_analysis.sensitivity`)."""

    workbook: Workbook
    rows: list[Compared]
    draws: int
    seed: int
    frontier: pd.DataFrame
    tornado: pd.DataFrame
    unfit: list[Problem]

    @property
    def base(self) -> Compared:
        return self.rows[0]

    @cached_property
    def best(self) -> np.ndarray:
        """The most communes that finish in any scenario: int, draws."""
        return np.max([row.finishing for row in self.rows], axis=0)

    def regret(self, row: Compared) -> dict[str, float]:
        """How many communes fewer than in the best scenario of each world: mean, p90."""
        found = spread(self.best - row.finishing)
        return {"mean": found["mean"], "p90": found["p90"]}

    def price(self, row: Compared) -> tuple[float | None, str | None]:
        """Money that a scenario adds (or takes) for each commune more (or fewer), million đồng; else why there is none."""
        more, found = row.money - self.base.money, paired(row.finishing, self.base.finishing)
        if not more:
            return None, "no_money"
        if abs(found["difference"]) <= NOISE * found["se"]:
            return None, "within_noise"
        price = more / found["difference"]
        return (price, None) if price > 0 else (None, "other_way")

    def warnings(self) -> list[Problem]:
        """Scenarios that change nothing in the result, and those left out because they do not fit the data set."""
        idle = [
            Problem("scenario_idle", f"{row.id}.yaml", details={"value": row.id}, warning=True)
            for row in self.rows[1:]
            if (row.finishing == self.base.finishing).all() and (row.need, row.gap) == (self.base.need, self.base.gap)
        ]
        return [*self.unfit, *idle]


def paired(values: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """The mean difference of two runs in the same worlds, its standard error, and the ratio of that to the standard error of
    two independent runs (0 where neither run varies).

    >>> paired(np.array([3, 4, 5]), np.array([2, 3, 4]))
    {'difference': 1.0, 'se': 0.0, 'ratio': 0.0}
    """
    change, n = values.astype(float) - base, len(values)
    apart = np.sqrt(values.astype(float).var() + base.astype(float).var())
    se = change.std()
    made = {"difference": change.mean(), "se": se / np.sqrt(n), "ratio": se / apart if apart else 0.0}
    return {name: float(value) for name, value in made.items()}


def compare(
    workbook: Workbook, ids: Sequence[str] = (), baseline: str = BASELINE, *, draws: int = DRAWS, seed: int = SEED,
    moving: bool = True,
) -> Comparison:  # fmt: skip
    """Scenarios ``ids`` (default: all there are, those that do not fit the data set left out with a warning) against
    ``baseline``, in the same worlds; without ``moving`` no frontier and no tornado.

    Raises :class:`~.scenario.UnknownScenario`, :class:`DataProblems` with everything wrong in a scenario named.

    >>> found = compare(Workbook.open("data/thanh-chuong"), ["money-110"], draws=200, moving=False)
    >>> [row.id for row in found.rows], bool((found.rows[1].finishing >= found.base.finishing).all())
    (['baseline', 'money-110'], True)
    """
    known = scenario_ids(workbook)
    if unknown := [name for name in dict.fromkeys((baseline, *ids)) if name not in known]:
        raise UnknownScenario(", ".join(unknown), known)
    chosen, unfit, problems = [], [], []
    for name in dict.fromkeys((baseline, *(ids or known))):  # every file is read before the first forecast
        try:
            chosen.append(scenario(workbook, name))
        except DataProblems as error:
            problems += error.problems
            unfit.append(_unfit(name, error))
    if problems and (ids or baseline not in [made.id for made in chosen]):
        raise DataProblems(problems)
    usual = baseline_of(workbook, seed)
    found = _forecast(chosen[0], draws, seed, usual)
    finish = by_commune(found)
    base = _compared(chosen[0], found, finish, None, seed)
    rows = [base]
    for made in chosen[1:]:
        try:
            rows.append(_compared(made, _forecast(made, draws, seed, usual), finish, base, seed))
        except DataProblems as error:
            problems += error.problems
            unfit.append(_unfit(made.id, error))
    if ids and problems:
        raise DataProblems(problems)
    moves = (frontier(found), tornado(found)) if moving else (pd.DataFrame(), pd.DataFrame())
    return Comparison(workbook, rows, draws, seed, *moves, unfit)


def _unfit(name: str, error: DataProblems) -> Problem:
    """That a scenario does not fit the data set, and where that shows."""
    places = dict.fromkeys(p.file + (f":{p.row}" if p.row else "") for p in error.problems)
    return Problem("scenario_unfit", f"{name}.yaml", details={"value": name, "reason": ", ".join(places)}, warning=True)


def _forecast(chosen: Scenario, draws: int, seed: int, usual: Baseline) -> Forecast:
    return forecast(chosen.workbook, policy=chosen.policy, deadline=chosen.deadline, draws=draws, seed=seed, baseline=usual)


def by_commune(found: Forecast) -> np.ndarray:
    """Which communes finish by the deadline: int8, communes (of the data set, whatever goals there are) x draws."""
    made = np.ones((len(found.communes), found.run.draws), dtype=np.int8)
    made[[found.communes.index(unit) for unit in found.run.goals.loc[found.open_, "unit"]]] = found.in_time
    return made


def _compared(chosen: Scenario, found: Forecast, finish: np.ndarray, base: Compared | None, seed: int) -> Compared:
    """What is kept of a scenario's forecast; ``finish``: the communes of the baseline by world."""
    mine = by_commune(found)
    change, n = mine - finish, found.run.draws
    moved = {"p": mine.mean(axis=1), "change": change.mean(axis=1), "se": change.std(axis=1) / np.sqrt(n)}
    if base and _same_tables(chosen, base.chosen) and found.day == base.day:  # a policy asks for nothing else
        need, gap, money = base.need, base.gap, base.money
    else:
        asked = demand(chosen.workbook, until=found.day.year, draws=n, seed=seed)
        need, gap, money = in_millions(asked.together.total), in_millions(asked.money.gap), planned(found)
    counts = (len(found.communes), found.basically)
    units = found.run.goals.loc[found.open_, "unit"]
    middle = {unit: found.dates(goal)["p50_date"] for goal, unit in zip(found.open_, units, strict=True)}
    table = pd.DataFrame(moved, found.communes)
    return Compared(chosen, found.day, found.finishing, *counts, need, gap, money, table, middle)


def _same_tables(one: Scenario, other: Scenario) -> bool:
    mine, its = one.workbook, other.workbook
    return mine.judged_by == its.judged_by and all(mine.tables[name] is its.tables[name] for name in mine.tables)


def record(made: Comparison) -> dict:
    """The comparison in plain Python types, as ``ntm compare --json`` prints it: chances 0..1, money in million đồng, ``se`` of
    the difference of the number finishing; a price that there is none of is null with its reason."""
    workbook, base = made.workbook, made.base
    rows = []
    for row in made.rows:
        found, chance = paired(row.finishing, base.finishing), paired(row.enough, base.enough)
        price, reason = made.price(row)
        rows.append({
            "id": row.id, "title": row.chosen.title["vi"], "title_en": row.chosen.title["en"],
            "policy": row.chosen.policy, "deadline": f"{row.day}", "n_communes": row.communes, "basically_all": row.basically,
            **{f"finishing_{name}": value for name, value in spread(row.finishing).items()},
            "p_basically_all": float(row.enough.mean()), "p_all": float(row.everyone.mean()),
            "need_p50": row.need["p50"], "gap_p50": row.gap["p50"], "gap_mean": row.gap["mean"], "money": row.money,
            "difference": {
                "finishing": found["difference"], "p_basically_all": chance["difference"], "se": found["se"],
                "se_p_basically_all": chance["se"],
            },
            "se_ratio": found["ratio"],
            "cost_per_extra_commune": price, "cost_reason": reason,
            "regret": made.regret(row),
            "gains": _moved(workbook, row, 1), "losses": _moved(workbook, row, -1), "dates": _dates(workbook, row, base),
        })  # fmt: skip
    return {
        "dataset": workbook.id,
        "as_of": f"{workbook.as_of}",
        "content_hash": workbook.content_hash,
        "draws": made.draws,
        "seed": made.seed,
        "unit": "triệu đồng",
        "baseline": base.id,
        "scenarios": rows,
        "frontier": made.frontier.to_dict("records"),
        "tornado": [
            {key: None if value != value else value for key, value in row.items()} for row in made.tornado.to_dict("records")
        ],
        "warnings": [
            {"code": p.code, "scenario": p.details["value"], "text": p.words("vi")[0], "text_en": p.words("en")[0]}
            for p in made.warnings()
        ],
    }  # fmt: skip


def _moved(workbook: Workbook, row: Compared, way: int) -> list[dict]:
    names = workbook.units[["code", "name"]]
    return [
        {**names.loc[unit].to_dict(), "p": float(told["p"]), "change": float(told["change"]), "se": float(told["se"])}
        for unit, told in row.movers(way).iterrows()
    ]


def _dates(workbook: Workbook, row: Compared, base: Compared) -> list[dict]:
    """The communes whose middle day (P50) is another than in the baseline: before, after; null beyond the term."""
    names = workbook.units[["code", "name"]]
    return [
        {**names.loc[unit].to_dict(), "before": base.middle[unit], "after": after}
        for unit, after in row.middle.items()
        if unit in base.middle and after != base.middle[unit]
    ]

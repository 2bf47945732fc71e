"""What if: a planner's changes of money, prices, delays, policy and deadline as a scenario, and its forecast at once.

A :class:`Setting` becomes the very text that a scenario's file would hold, and goes through the reader of scenarios; so what a
panel shows and what its saved scenario gives are one thing. The forecast has few draws, in the same worlds as the one that it is
held against; goals, works and waits, which these changes leave alone, are laid out once.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ..forecast.forecast import Forecast, forecast, record
from ..forecast.simulation import Baseline, baseline_of
from ..workbook import Workbook, content_hash
from ..yaml_files import flow
from .comparison import NOISE, by_commune, paired
from .scenario import BASELINE, Scenario, UnknownScenario, folder_of, scenario

DRAWS = 1_000  # enough to tell a tenth of a commune in the same worlds, few enough to follow a slider
UNSAVED = "_bang-thu"  # no slug is like it
MONEY, PRICES, DELAY = (0, 200, 5), (-5, 10, 1), (0, 24, 1)  # ends and step: % of the money, points a year, months


@dataclass(frozen=True)
class Setting:
    """What is tried. ``start``: the scenario it begins from; ``policy`` ("") and ``deadline`` (None): as that has them;
    ``money``: by pot the per cent of what that brings, where not 100; ``prices``: points by which construction prices rise
    faster each year; ``delay``: months by which all money comes later."""

    start: str = BASELINE
    policy: str = ""
    deadline: dt.date | None = None
    money: dict[str, int] = field(default_factory=dict)
    prices: int = 0
    delay: int = 0


@dataclass(frozen=True)
class Answer:
    """A setting's forecast and its record, held against another in the same worlds: ``difference`` of the number finishing
    (finishing, se) and of the chance that basically all do (enough), ``moved``: by unit p, before, change and se."""

    setting: Setting
    found: Forecast
    made: dict
    difference: dict[str, float]
    moved: pd.DataFrame

    def movers(self) -> pd.DataFrame:
        """The communes whose chance changes by more than noise, the most first."""
        size = self.moved["change"].abs()
        return self.moved[(size > 0) & (size > NOISE * self.moved["se"])].sort_values("change", key=abs, ascending=False)


def told(setting: Setting, workbook: Workbook, name: str = UNSAVED, title: str = "") -> dict:
    """What the file of a scenario would hold; ``workbook``: the one that the setting starts from.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> told(Setting(money={"nst-dt": 150}, delay=2), wb, "a")["changes"][1]
    {'table': 'envelopes', 'add': {'delay_low': 2, 'delay': 2, 'delay_high': 2}}
    """
    made: dict = {"id": name, "title": {"vi": title or name, "en": title or name}}
    if setting.start != BASELINE:
        made["extends"] = setting.start
    if setting.policy:
        made["policy"] = setting.policy
    if setting.deadline:
        made["deadline"] = setting.deadline
    changes = [
        {"table": "envelopes", "where": {"pot": pot}, "multiply": {"amount": share / 100}}
        for pot, share in setting.money.items()
        if share != 100
    ]
    if setting.delay:
        changes.append({"table": "envelopes", "add": dict.fromkeys(("delay_low", "delay", "delay_high"), setting.delay)})
    if setting.prices:
        rise = dict.fromkeys(("low", "mode", "high"), setting.prices)
        years = sorted({int(year) for year in workbook.tables["prices"]["year"] if year >= workbook.as_of.year})
        changes += [{"table": "prices", "where": {"year": year}, "add": rise} for year in years]
    return made | ({"changes": changes} if changes else {})


def written(made: dict) -> str:
    """That as the text of the file.

    >>> written({"id": "a", "title": {"vi": "Thêm vốn", "en": "x"}, "deadline": dt.date(2025, 6, 30)}).splitlines()
    ['id: "a"', 'title: {vi: "Thêm vốn", en: "x"}', 'deadline: 2025-06-30']
    """
    lines = []
    for key, value in made.items():
        if key == "changes":
            lines += ["changes:", *(f"  - {flow(change)}" for change in value)]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


class WhatIf:
    """Settings tried on one data set, each held against ``first``, in the same worlds. ``finish``, ``seed``: as a forecast takes
    them; ``draws``: at most :data:`DRAWS`.

    >>> tried = WhatIf(Workbook.open("data/thanh-chuong"), draws=200)
    >>> more = tried.answer(Setting(money={"long-ghep": 200}))
    >>> more.difference["finishing"] > 0, tried.answer(Setting()).difference
    (True, {'finishing': 0.0, 'se': 0.0, 'enough': 0.0})
    """

    def __init__(
        self, workbook: Workbook, first: Setting | None = None, *, finish: str = "met", draws: int = DRAWS, seed: int = 2022
    ) -> None:
        self.workbook, self.first = workbook, first or Setting()
        self.finish, self.draws, self.seed = finish, min(draws, DRAWS), seed
        self._before: tuple[str, Forecast, np.ndarray] | None = None  # of scenario files that were so

    def start(self, scenario_id: str) -> Scenario:
        """The scenario that a setting starts from; raises what the reader of scenarios raises."""
        return scenario(self.workbook, scenario_id)

    def pots(self, workbook: Workbook | None = None) -> dict[str, tuple[float, bool]]:
        """What each pot brings from the as-of year on (million đồng, or tonnes of cement: True), where it brings anything;
        ``workbook``: as a scenario has it."""
        tables = (workbook or self.workbook).tables
        rows, measure = tables["envelopes"], tables["pots"].set_index("pot")["measure"]
        total = rows[rows["year"] >= self.workbook.as_of.year].groupby("pot", sort=False)["amount"].sum()
        return {pot: (float(total[pot]), measure[pot] == "cement") for pot in measure.index if total.get(pot, 0) > 0}

    def text(self, setting: Setting, name: str = UNSAVED, title: str = "") -> str:
        """The scenario's file of a setting, as text."""
        return written(told(setting, self.start(setting.start).workbook, name, title))

    def scenario(self, setting: Setting) -> Scenario:
        """The data set as a setting has it; raises :class:`~ntm_analysis.problems.DataProblems` for what does not fit it."""
        return scenario(self.workbook, UNSAVED, self.text(setting))

    def forecast(self, setting: Setting) -> tuple[Forecast, dict]:
        """The forecast of a setting and its record: the same as that of its saved scenario with as many draws."""
        chosen = self.scenario(setting)
        found = forecast(
            chosen.workbook, policy=chosen.policy, deadline=chosen.deadline, finish=self.finish, draws=self.draws,
            seed=self.seed, baseline=self._baseline,
        )  # fmt: skip
        return found, record(found, UNSAVED, chosen.title)

    @cached_property
    def _baseline(self) -> Baseline:
        return baseline_of(self.workbook, self.seed)

    @property
    def before(self) -> tuple[Forecast, np.ndarray]:
        """The forecast of ``first``, and which communes finish in which of its worlds; anew when a scenario file changed,
        as it was when its own is gone."""
        files = content_hash(folder_of(self.workbook))
        if self._before is None or self._before[0] != files:
            try:
                found, _ = self.forecast(self.first)
            except UnknownScenario:
                if self._before is None:
                    raise
                return self._before[1:]
            self._before = (files, found, by_commune(found))
        return self._before[1:]

    def answer(self, setting: Setting) -> Answer:
        """A setting's forecast against that of ``first``. Raises :class:`~ntm_analysis.problems.DataProblems` with everything
        that does not fit."""
        first, finished = self.before
        found, made = self.forecast(setting)
        now, enough = by_commune(found), (found.finishing >= found.basically).mean()
        change, apart = paired(found.finishing, first.finishing), now - finished
        moved = {"p": now.mean(axis=1), "before": finished.mean(axis=1), "change": apart.mean(axis=1)}
        moved["se"] = apart.std(axis=1) / np.sqrt(self.draws)
        difference = {"finishing": change["difference"], "se": change["se"]}
        difference["enough"] = float(enough - (first.finishing >= first.basically).mean())
        return Answer(setting, found, made, difference, pd.DataFrame(moved, found.communes))

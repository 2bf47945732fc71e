"""What if: a planner's changes as a scenario, and its forecast at once.

A :class:`Setting` of money, prices, delays, policy and deadline becomes the very text that a
scenario's file would hold, and goes through the reader of scenarios; so what a panel shows and what
its saved scenario gives are one thing. The forecast has few draws, in the same worlds as the one
that it is held against.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ..forecast.forecast import Forecast, forecast, record
from ..forecast.simulation import Baseline, baseline_of
from ..workbook import Workbook, content_hash
from ..yaml_files import flow
from .comparison import felt, moved, paired
from .scenario import BASELINE, Scenario, UnknownScenario, folder_of, scenario

DRAWS = 1_000  # enough to tell a tenth of a commune in the same worlds, few enough for a slider
UNSAVED = "_bang-thu"  # no slug is like it
# Ends and step: % of the money, points a year, months.
MONEY, PRICES, DELAY = (0, 200, 5), (-5, 10, 1), (0, 24, 1)


@dataclass(frozen=True)
class Setting:
    """What is tried.

    Attributes
    ----------
    start : str
        The scenario that it begins from.
    policy : str
        "": as that has it.
    deadline : date, optional
        None: as that has it.
    money : dict of str to int
        By pot the per cent of what it brings there, where not 100.
    prices : int
        Points by which construction prices rise faster each year.
    delay : int
        Months by which all money comes later.
    """

    start: str = BASELINE
    policy: str = ""
    deadline: dt.date | None = None
    money: dict[str, int] = field(default_factory=dict)
    prices: int = 0
    delay: int = 0


@dataclass(frozen=True)
class WhatIfResult:
    """A setting's forecast, held against another in the same worlds.

    Attributes
    ----------
    setting : Setting
    forecast : Forecast
    record : dict
        Of the forecast.
    difference : dict of str to float
        Of the number finishing (finishing, se), of the chance that basically all do (enough).
    moved : DataFrame
        By unit: p, before, change, se.
    """

    setting: Setting
    forecast: Forecast
    record: dict
    difference: dict[str, float]
    moved: pd.DataFrame

    def movers(self) -> pd.DataFrame:
        """The communes whose chance changes by more than noise, the most first."""
        return felt(self.moved)


def as_scenario(setting: Setting, workbook: Workbook, name: str = UNSAVED, title: str = "") -> dict:
    """What the file of a scenario would hold; ``workbook``: the one that the setting starts from.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> as_scenario(Setting(money={"nst-dt": 150}, delay=2), wb, "a")["changes"][1]
    {'table': 'envelopes', 'add': {'delay_low': 2, 'delay': 2, 'delay_high': 2}}
    """
    prices, changes = workbook.tables["prices"]["year"], []
    for pot, share in setting.money.items():
        if share != 100:
            times = {"amount": share / 100}
            changes.append({"table": "envelopes", "where": {"pot": pot}, "multiply": times})
    if setting.delay:
        later = dict.fromkeys(("delay_low", "delay", "delay_high"), setting.delay)
        changes.append({"table": "envelopes", "add": later})
    for year in sorted(prices[prices >= workbook.as_of.year].unique()) if setting.prices else ():
        rise = dict.fromkeys(("low", "mode", "high"), setting.prices)
        changes.append({"table": "prices", "where": {"year": int(year)}, "add": rise})
    keys = {
        "extends": "" if setting.start == BASELINE else setting.start,
        "policy": setting.policy,
        "deadline": setting.deadline,
        "changes": changes,
    }
    named = {"id": name, "title": {"vi": title or name, "en": title or name}}
    return named | {key: value for key, value in keys.items() if value}


def as_yaml(content: dict) -> str:
    """The same as the text of the file.

    >>> as_yaml({"id": "a", "deadline": dt.date(2025, 6, 30)}).splitlines()
    ['id: "a"', 'deadline: 2025-06-30']
    """
    lines = [f"{key}: {flow(value)}" for key, value in content.items() if key != "changes"]
    changes = [f"  - {flow(change)}" for change in content.get("changes", [])]
    return "\n".join([*lines, *(["changes:", *changes] if changes else [])]) + "\n"


class WhatIf:
    """Settings tried on one data set, each held against a first one in the same worlds.

    Parameters
    ----------
    workbook : Workbook
    first : Setting, optional
        Default: the baseline.
    finish : str
    draws : int
        At most :data:`DRAWS`.
    seed : int

    Examples
    --------
    >>> tried = WhatIf(Workbook.open("data/thanh-chuong"), draws=200)
    >>> more = tried.answer(Setting(money={"nst-dt": 200}))
    >>> more.difference["finishing"] > 0, tried.answer(Setting()).difference
    (True, {'finishing': 0.0, 'se': 0.0, 'enough': 0.0})
    """

    def __init__(
        self,
        workbook: Workbook,
        first: Setting | None = None,
        *,
        finish: str = "met",
        draws: int = DRAWS,
        seed: int = 2022,
    ) -> None:
        self.workbook, self.first = workbook, first or Setting()
        self.finish, self.draws, self.seed = finish, min(draws, DRAWS), seed
        # The forecast of the first setting, and the scenario files that it was made of.
        self._before: tuple[str, Forecast] | None = None

    def start(self, scenario_id: str) -> Scenario:
        """The scenario that a setting starts from; raises what the reader of scenarios raises."""
        return scenario(self.workbook, scenario_id)

    def pots(self, workbook: Workbook | None = None) -> dict[str, tuple[float, bool]]:
        """What each pot brings from the as-of year on, where it brings anything.

        Million dong, or tonnes of cement (True); ``workbook``: as a scenario has it.
        """
        tables = (workbook or self.workbook).tables
        rows, measure = tables["envelopes"], tables["pots"].set_index("pot")["measure"]
        rows = rows[rows["year"] >= self.workbook.as_of.year]
        total = rows.groupby("pot")["amount"].sum().reindex(measure.index).dropna()
        return {
            pot: (amount, measure[pot] == "cement") for pot, amount in total.items() if amount > 0
        }

    def text(self, setting: Setting, name: str = UNSAVED, title: str = "") -> str:
        """The scenario's file of a setting, as text."""
        return as_yaml(as_scenario(setting, self.start(setting.start).workbook, name, title))

    def scenario(self, setting: Setting) -> Scenario:
        """The data set as a setting has it.

        Raises :class:`~ntm_analysis.problems.DataProblems` for what does not fit it.
        """
        return scenario(self.workbook, UNSAVED, self.text(setting))

    def forecast(self, setting: Setting) -> tuple[Forecast, dict]:
        """The forecast of a setting and its record, as its saved scenario has them."""
        chosen = self.scenario(setting)
        found = forecast(
            chosen.workbook,
            policy=chosen.policy,
            deadline=chosen.deadline,
            finish=self.finish,
            draws=self.draws,
            seed=self.seed,
            baseline=self._baseline,
        )
        return found, record(found, UNSAVED, chosen.title)

    @cached_property
    def _baseline(self) -> Baseline:
        return baseline_of(self.workbook, self.seed)

    @property
    def before(self) -> Forecast:
        """The forecast of the first setting.

        Anew when a scenario file changed; as it was when its own is gone.
        """
        files = content_hash(folder_of(self.workbook))
        if self._before is None or self._before[0] != files:
            try:
                self._before = (files, self.forecast(self.first)[0])
            except UnknownScenario:
                if self._before is None:
                    raise
        return self._before[1]

    def answer(self, setting: Setting) -> WhatIfResult:
        """A setting's forecast against that of the first one.

        Raises :class:`~ntm_analysis.problems.DataProblems` with everything that does not fit.
        """
        first = self.before
        found, row = self.forecast(setting)
        change = paired(found.finishing, first.finishing)
        enough = paired(found.finishing >= found.basically, first.finishing >= first.basically)
        difference = {"finishing": change["difference"], "se": change["se"]}
        difference["enough"] = enough["difference"]
        return WhatIfResult(setting, found, row, difference, moved(found, first))

"""What if: the settings of a planner's panel as a scenario, and its forecast at once.

A :class:`Setting` of money, prices, delays, policy and deadline becomes the very text that a
scenario's file would hold, and goes through the reader of scenarios; so what a panel shows and what
its saved scenario gives are one thing. The forecast has few draws, in the same worlds as the one
that it is held against.
"""

import datetime as dt
from collections import namedtuple
from dataclasses import dataclass, field
from functools import cached_property

from ..allocation import schedule_of
from ..data import content_hash
from ..forecasts import Layout, baseline_of, forecast_of
from ..language import OPTIMAL
from ..tables import as_yaml
from .comparison import chance_changes, differences
from .scenario import BASELINE, folder_of, scenario

DRAWS = 1_000  # enough to tell a tenth of a commune in the same worlds, few enough for a slider
UNSAVED = "_bang-thu"  # no slug is like it
# Ends and step: % of the money, points a year, months.
MONEY_SLIDER, PRICES_SLIDER, DELAY_SLIDER = (0, 200, 5), (-5, 10, 1), (0, 24, 1)


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


class WhatIfResult(namedtuple("WhatIfResult", "setting forecast difference chance_changes")):
    """A setting's forecast, held against another in the same worlds.

    Attributes
    ----------
    setting : Setting
    forecast : Forecast
    difference : dict of str to float
        See :func:`~ntm_analysis.scenarios.comparison.differences`.
    chance_changes : DataFrame
        By unit: p, before, change, se.
    """


def pots_of(workbook):
    """What each pot brings from the as-of year on, where it brings anything.

    Million dong, or tonnes of cement (True).

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    dict of str to (float, bool)
    """
    rows, pots = workbook.tables["envelopes"], workbook.tables["pots"].set_index("pot")["measure"]
    total = rows[rows["year"] >= workbook.as_of.year].groupby("pot")["amount"].sum()
    return {pot: (total[pot], pots[pot] == "cement") for pot in pots.index if total.get(pot, 0) > 0}


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
    >>> from ntm_analysis.data import Workbook
    >>> tried = WhatIf(Workbook.open("data/thanh-chuong"), draws=200)
    >>> more = tried.answer(Setting(money={"nst-dt": 200}))
    >>> more.difference["finishing"] > 0, tried.answer(Setting()).difference["finishing"]
    (True, 0.0)
    """

    def __init__(self, workbook, first=None, *, finish="met", draws=DRAWS, seed=2022):
        self.workbook, self.first = workbook, first or Setting()
        self.finish, self.draws, self.seed = finish, min(draws, DRAWS), seed
        self._baseline = baseline_of(workbook, seed)
        self._schedules = {}  # the last schedule, by what it was made of

    def content(self, setting):
        """What the file of a setting's scenario would hold, under no name yet.

        Parameters
        ----------
        setting : Setting

        Returns
        -------
        dict

        Examples
        --------
        >>> from ntm_analysis.data import Workbook
        >>> tried = WhatIf(Workbook.open("data/thanh-chuong"))
        >>> tried.content(Setting(money={"nst-dt": 150}, delay=2))["changes"][1]
        {'table': 'envelopes', 'add': {'delay_low': 2, 'delay': 2, 'delay_high': 2}}
        """
        workbook = scenario(self.workbook, setting.start)
        years = workbook.tables["prices"]["year"]
        changes = [
            {"table": "envelopes", "where": {"pot": pot}, "multiply": {"amount": share / 100}}
            for pot, share in setting.money.items()
        ]
        if setting.delay:
            later = dict.fromkeys(("delay_low", "delay", "delay_high"), setting.delay)
            changes.append({"table": "envelopes", "add": later})
        if setting.prices:
            rise = dict.fromkeys(("low", "mode", "high"), setting.prices)
            for year in sorted(years[years >= workbook.as_of.year].astype(int)):
                changes.append({"table": "prices", "where": {"year": year}, "add": rise})
        keys = {
            "extends": "" if setting.start == BASELINE else setting.start,
            "policy": setting.policy,
            "deadline": setting.deadline,
            "changes": changes,
        }
        named = {"id": UNSAVED, "title": {"vi": UNSAVED, "en": UNSAVED}}
        return named | {key: value for key, value in keys.items() if value}

    def scenario(self, setting):
        """The data set as a setting has it.

        Raises :class:`~ntm_analysis.tables.DataProblemsError` for what does not fit it.

        Parameters
        ----------
        setting : Setting

        Returns
        -------
        Workbook
        """
        return scenario(self.workbook, UNSAVED, as_yaml(self.content(setting)))

    def _forecast(self, setting):
        """The forecast of a setting, as its saved scenario has it."""
        workbook = self.scenario(setting)
        # Goals, lists and works, which money and its delay leave alone, are kept.
        files = content_hash(folder_of(self.workbook))
        key = (files, setting.start, setting.prices, workbook.policy, workbook.last_day)
        if key not in self._schedules or workbook.policy == OPTIMAL:
            self._schedules = {
                key: schedule_of(workbook, workbook.policy, workbook.last_day, self.seed)
            }
        layout = Layout(self._schedules[key]._replace(workbook=workbook))
        options = {"finish": self.finish, "baseline": self._baseline}
        return forecast_of(layout, self.draws, self.seed, **options)

    @cached_property
    def before(self):
        """The forecast of the first setting, as its scenario was when first asked for."""
        return self._forecast(self.first)

    def answer(self, setting):
        """A setting's forecast against that of the first one.

        Raises :class:`~ntm_analysis.tables.DataProblemsError` with everything that does not fit.

        Parameters
        ----------
        setting : Setting

        Returns
        -------
        WhatIfResult
        """
        first = self.before
        will = self._forecast(setting)
        return WhatIfResult(setting, will, differences(will, first), chance_changes(will, first))

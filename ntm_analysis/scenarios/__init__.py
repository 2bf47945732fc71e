"""Scenarios: a data set with some rows changed, compared in the same worlds, tried in a panel.

A scenario is a small file (:func:`scenario`); :func:`compare` sets several side by side against a
baseline, :class:`WhatIf` answers a planner's changes at once and :func:`save` keeps them as a file;
:func:`change_since` says why a forecast differs from an earlier one.
"""

from .change import change_since
from .comparison import Comparison, compare
from .scenario import Scenario, UnknownScenario, save, scenario, scenario_ids
from .what_if import Setting, WhatIf

__all__ = [
    "Comparison",
    "Scenario",
    "Setting",
    "UnknownScenario",
    "WhatIf",
    "change_since",
    "compare",
    "save",
    "scenario",
    "scenario_ids",
]

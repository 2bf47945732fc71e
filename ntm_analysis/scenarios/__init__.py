"""Scenarios: a data set with some rows changed, compared in the same worlds, tried in a panel.

A scenario is a small file (:func:`scenario`); :func:`compare` sets several side by side against a
baseline, :class:`WhatIf` answers a planner's changes at once and :func:`save` keeps them as a file;
:func:`change_since` says why a forecast differs from an earlier one.
"""

from .comparison import NOISE, Comparison, clear_changes, compare
from .forecast_change import by_commune, change_since, is_entry_of, last_entry
from .scenario import (
    BASELINE,
    NotSavedError,
    UnknownScenarioError,
    folder_of,
    is_title,
    save,
    scenario,
    scenario_ids,
)
from .what_if import (
    DELAY_SLIDER,
    MONEY_SLIDER,
    PRICES_SLIDER,
    UNSAVED,
    Setting,
    WhatIf,
    WhatIfResult,
    pots_of,
)

__all__ = [
    "BASELINE",
    "DELAY_SLIDER",
    "MONEY_SLIDER",
    "NOISE",
    "PRICES_SLIDER",
    "UNSAVED",
    "Comparison",
    "NotSavedError",
    "Setting",
    "UnknownScenarioError",
    "WhatIf",
    "WhatIfResult",
    "by_commune",
    "change_since",
    "clear_changes",
    "compare",
    "folder_of",
    "is_entry_of",
    "is_title",
    "last_entry",
    "pots_of",
    "save",
    "scenario",
    "scenario_ids",
]

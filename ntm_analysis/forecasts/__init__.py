"""Whether every commune will finish by the deadline; forecasts registered and scored.

What is published of other provinces (``evidence``) gives the pace of an area and its years
(``pace``); a data set gives who may stand on which year's list (``yearly_list``) and what works
cost, take and may be paid from (``drawn_worlds``). Year by year communes are listed, paid and
judged (``yearly_cycle``), in all worlds of a run (``simulation``); ``forecast`` says what the
worlds say, ``price_of_promise`` what more money brings. ``back_test`` holds the method against
provinces left out, ``scoring`` registered forecasts against what happened.

A forecast begins with ``forecast.forecast``, or with ``forecast_of`` a ``drawn_worlds.Layout`` of a
``yearly_list.schedule``.
"""

from .back_test import KEPT_BACK_TEST, back_test, back_test_record, kept_summary, kept_text
from .drawn_worlds import Layout, draw_worlds
from .evidence import evidence, figures, list_outcomes, listed_communes, read_series, reference
from .forecast import HELD_REASONS, Forecast, forecast, forecast_of
from .pace import KEPT_FIT, Posterior, fit
from .price_of_promise import (
    DATA_RANGES,
    MONEY_FACTORS,
    PRICE_WORLDS,
    TORNADO_SHARE,
    TORNADO_WORLDS,
    frontier,
    planned_money,
    price_of_promise,
    tornado,
)
from .scoring import (
    SCALE_EDGES,
    Scores,
    scale_places,
    score,
    wilson,
)
from .simulation import CALIBRATING, baseline_of, draw_area_years, knowledge, worlds_of_many
from .yearly_cycle import part_of_year
from .yearly_list import (
    by_policy,
    check_warnings,
    contradictions,
    deadline_of,
    schedule,
    split_pots,
)

__all__ = [
    "CALIBRATING",
    "DATA_RANGES",
    "HELD_REASONS",
    "KEPT_BACK_TEST",
    "KEPT_FIT",
    "MONEY_FACTORS",
    "PRICE_WORLDS",
    "SCALE_EDGES",
    "TORNADO_SHARE",
    "TORNADO_WORLDS",
    "Forecast",
    "Layout",
    "Posterior",
    "Scores",
    "back_test",
    "back_test_record",
    "baseline_of",
    "by_policy",
    "check_warnings",
    "contradictions",
    "deadline_of",
    "draw_area_years",
    "draw_worlds",
    "evidence",
    "figures",
    "fit",
    "forecast",
    "forecast_of",
    "frontier",
    "kept_summary",
    "kept_text",
    "knowledge",
    "list_outcomes",
    "listed_communes",
    "part_of_year",
    "planned_money",
    "price_of_promise",
    "read_series",
    "reference",
    "scale_places",
    "schedule",
    "score",
    "split_pots",
    "tornado",
    "wilson",
    "worlds_of_many",
]

"""Which commune to put on which year's list, and which works that pays for.

Rules of a district and the best plan with its proved gap stand on one central case and are read by
one function; every plan is paid as a flow of money through the years, and tried in the worlds of
the forecast. Beside them: what one commune more takes, what money is worth, what all would take.
"""

from .central_case import NONE
from .limits import (
    conflicts,
    extra_communes,
    near_plans,
    prices,
    requirements_for_all,
    unlisted_communes,
)
from .margins import SAFE, Trial, try_plans
from .plans import Allocation, Plan, allocate, plan_table, planned_forecast, schedule_of

__all__ = [
    "NONE",
    "SAFE",
    "Allocation",
    "Plan",
    "Trial",
    "allocate",
    "conflicts",
    "extra_communes",
    "near_plans",
    "plan_table",
    "planned_forecast",
    "prices",
    "requirements_for_all",
    "schedule_of",
    "try_plans",
    "unlisted_communes",
]

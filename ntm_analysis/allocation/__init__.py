"""Which commune to put on which year's list, and which works that pays for.

Rules of a district and the best plan with its proved gap stand on one central case and are read by
one function; every plan is paid as a flow of money through the years, and tried in the worlds of
the forecast. Beside them: what one commune more takes, what money is worth, what all would take.
"""

from .margins import SAFE, Trial, tried
from .plans import Allocation, Plan, allocate, plan_table, planned_forecast, schedule_of
from .record import allocation_record

__all__ = [
    "SAFE",
    "Allocation",
    "Plan",
    "Trial",
    "allocate",
    "allocation_record",
    "plan_table",
    "planned_forecast",
    "schedule_of",
    "tried",
]

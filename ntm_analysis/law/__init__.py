"""The law: criteria sets, thresholds by date and region, rules of recognition.

``read_law`` reads and checks every file of ``data/criteria/``; ``Law`` holds them as tables, each
value with its reference and its mark.
"""

from .criteria import LEVELS, REGION_NAMES, Law, thresholds, to_check
from .reader import read_law, read_weights
from .schema import UNIT_SHAPE

__all__ = [
    "LEVELS",
    "REGION_NAMES",
    "UNIT_SHAPE",
    "Law",
    "read_law",
    "read_weights",
    "thresholds",
    "to_check",
]

"""The law: criteria sets, thresholds by date and region, rules of recognition, read from
``data/criteria/*.yaml``.

``read_law`` reads and checks every file; ``Law`` holds them as tables, each value with its
reference and its mark.
"""

from .criteria import LEVELS, REGION_NAMES, Law, thresholds, to_check
from .reader import read_law, read_weights
from .schema import UNIT, LawFile, Shape, is_number, one_of

__all__ = [
    "LEVELS",
    "REGION_NAMES",
    "UNIT",
    "Law",
    "LawFile",
    "Shape",
    "is_number",
    "one_of",
    "read_law",
    "read_weights",
    "thresholds",
    "to_check",
]

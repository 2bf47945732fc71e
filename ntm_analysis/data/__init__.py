"""A data set of a district: its folder opened, checked against itself and the law, cut to what was
known on a day.

``Workbook.open`` gives what all other rooms work on. Besides: units and their mergers, single cells
changed in a file's own text, versions of a folder, a new data set laid out, and the hashes that say
what a page rests on.
"""

from .checks import check_table
from .csv_text import TableText, number_text, written
from .inputs import HOME, REGISTER, communes_hashes, files_hash, home_of, kept_workbook, typed
from .new_dataset import (
    TERM_END,
    UnknownProvince,
    WrongPlace,
    assumptions_of,
    empty_tables,
    is_name,
    law_place,
    new_place,
    region_of,
    settings,
    write_dataset,
    write_texts,
)
from .plan_checks import (
    CEMENT,
    LAST_MONTH_OF_LATE_LIST,
    MOST_POTS,
    PLAN_TABLES,
    RULES,
    check_plan,
    lacking_assumptions,
)
from .rows import Communes, Entry, PresentRow, key_of, mark_of, present_rows, sense
from .units import described, newest_volumes, reported_volumes
from .versions import Busy, Touched, only_one, replace_version
from .workbook import UnknownCommune, Workbook, content_hash, datasets, locate, merged_mark

__all__ = [
    "CEMENT",
    "HOME",
    "LAST_MONTH_OF_LATE_LIST",
    "MOST_POTS",
    "PLAN_TABLES",
    "REGISTER",
    "RULES",
    "TERM_END",
    "Busy",
    "Communes",
    "Entry",
    "PresentRow",
    "TableText",
    "Touched",
    "UnknownCommune",
    "UnknownProvince",
    "Workbook",
    "WrongPlace",
    "assumptions_of",
    "check_plan",
    "check_table",
    "communes_hashes",
    "content_hash",
    "datasets",
    "described",
    "empty_tables",
    "files_hash",
    "home_of",
    "is_name",
    "kept_workbook",
    "key_of",
    "lacking_assumptions",
    "law_place",
    "locate",
    "mark_of",
    "merged_mark",
    "new_place",
    "newest_volumes",
    "number_text",
    "only_one",
    "present_rows",
    "region_of",
    "replace_version",
    "reported_volumes",
    "sense",
    "settings",
    "typed",
    "write_dataset",
    "write_texts",
    "written",
]

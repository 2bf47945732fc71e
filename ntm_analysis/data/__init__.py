"""A data set of a district: its folder opened, checked, cut to what was known on a day.

``Workbook.open`` gives what all other rooms work on. Besides: units and their mergers, single cells
changed in a file's own text, versions of a folder, a new data set laid out, and the hashes that say
what a page rests on.
"""

from .incoming_rows import (
    CommuneNames,
    CurrentRow,
    IncomingRow,
    current_rows,
    key_of,
    mark_of,
    sense,
)
from .money_checks import (
    ASSUMPTION_BOUNDS,
    CEMENT,
    LAST_MONTH_OF_LATE_LIST,
    MOST_POTS,
    check_money,
    lacking_assumptions,
)
from .new_dataset import (
    TERM_END,
    UnknownProvinceError,
    WrongPlaceError,
    assumptions_of,
    empty_tables,
    is_name,
    law_place,
    lay_out,
    new_place,
    region_of,
    settings,
    write_dataset,
    write_texts,
)
from .page_inputs import (
    HOME,
    communes_hashes,
    files_hash,
    home_of,
    kept_workbook,
    path_as_typed,
)
from .register import (
    OUTCOME_DAYS,
    OUTCOMES,
    QUESTIONS,
    REGISTER,
    entry_of,
    read_outcomes,
    read_register,
    register,
)
from .table_checks import MONEY_TABLES, check_table
from .table_text import TableText, cell_text, number_text
from .units import describe_unit, newest_mergers, newest_volumes, reported_volumes
from .versions import BusyError, TouchedError, only_one, replace_version
from .workbook import (
    BASELINE_TITLE,
    UnknownCommuneError,
    Workbook,
    content_hash,
    datasets,
    locate,
    merged_mark,
)

__all__ = [
    "ASSUMPTION_BOUNDS",
    "BASELINE_TITLE",
    "CEMENT",
    "HOME",
    "LAST_MONTH_OF_LATE_LIST",
    "MONEY_TABLES",
    "MOST_POTS",
    "OUTCOMES",
    "OUTCOME_DAYS",
    "QUESTIONS",
    "REGISTER",
    "TERM_END",
    "BusyError",
    "CommuneNames",
    "CurrentRow",
    "IncomingRow",
    "TableText",
    "TouchedError",
    "UnknownCommuneError",
    "UnknownProvinceError",
    "Workbook",
    "WrongPlaceError",
    "assumptions_of",
    "cell_text",
    "check_money",
    "check_table",
    "communes_hashes",
    "content_hash",
    "current_rows",
    "datasets",
    "describe_unit",
    "empty_tables",
    "entry_of",
    "files_hash",
    "home_of",
    "is_name",
    "kept_workbook",
    "key_of",
    "lacking_assumptions",
    "law_place",
    "lay_out",
    "locate",
    "mark_of",
    "merged_mark",
    "new_place",
    "newest_mergers",
    "newest_volumes",
    "number_text",
    "only_one",
    "path_as_typed",
    "read_outcomes",
    "read_register",
    "region_of",
    "register",
    "replace_version",
    "reported_volumes",
    "sense",
    "settings",
    "write_dataset",
    "write_texts",
]

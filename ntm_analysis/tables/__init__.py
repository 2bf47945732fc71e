"""How a table, a YAML file and a kept result are read, checked and written.

The ``dictionary`` says what every column may hold; ``read_table`` and ``read_yaml`` check each cell
against it and gather every ``Problem`` with its file, row and column; ``write_whole`` writes a file
whole or not at all; ``Store`` keeps results by a hash.
"""

from .csv_files import duplicates, read_cell, read_raw, read_table
from .dictionary import (
    GROUPS,
    KEYS,
    ORDER,
    TABLES,
    UNUSED,
    Column,
    dictionary,
    dictionary_page,
    sheet_name,
)
from .files import DATA, FORECASTS, PACKAGE, REPORTS, REPOSITORY, write_whole
from .problems import WHOLE_FILE, DataProblems, Problem, lines_of, report, shown, teller
from .store import Store, hash_of, hash_of_files, software
from .yaml_files import Lines, as_yaml, flow, read_yaml

__all__ = [
    "DATA",
    "FORECASTS",
    "GROUPS",
    "KEYS",
    "ORDER",
    "PACKAGE",
    "REPORTS",
    "REPOSITORY",
    "TABLES",
    "UNUSED",
    "WHOLE_FILE",
    "Column",
    "DataProblems",
    "Lines",
    "Problem",
    "Store",
    "as_yaml",
    "dictionary",
    "dictionary_page",
    "duplicates",
    "flow",
    "hash_of",
    "hash_of_files",
    "lines_of",
    "read_cell",
    "read_raw",
    "read_table",
    "read_yaml",
    "report",
    "sheet_name",
    "shown",
    "software",
    "teller",
    "write_whole",
]

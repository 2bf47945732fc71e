"""How a table, a YAML file and a kept result are read, checked and written.

The ``dictionary`` says what every column may hold; ``read_table`` checks each cell against it,
``ShapedFile`` a YAML or JSON file against its shape, and both gather every ``Problem`` with its
file, row and column; ``write_whole`` writes a file whole or not at all; ``Store`` keeps results by
a hash.
"""

from .csv_files import duplicates, read_cell, read_raw, read_table
from .dictionary import (
    TABLE_GROUPS,
    TABLE_KEYS,
    TABLE_ORDER,
    TABLES,
    UNUSED_TABLES,
    Column,
    dictionary,
    dictionary_page,
    dictionary_rows,
    sheet_name,
    tables_where,
    triples,
)
from .problems import WHOLE_FILE, DataProblemsError, Problem, lines_of, report, teller
from .result_store import Store, hash_of, hash_of_files, software
from .shapes import Shape, ShapedFile, is_number, one_of
from .whole_files import (
    DATA,
    PACKAGE,
    REPOSITORY,
    bounded_bytes,
    plain_bytes,
    sweep,
    to_disk,
    unfinished,
    write_whole,
)
from .yaml_files import Lines, as_yaml, flow, read_yaml

__all__ = [
    "DATA",
    "PACKAGE",
    "REPOSITORY",
    "TABLES",
    "TABLE_GROUPS",
    "TABLE_KEYS",
    "TABLE_ORDER",
    "UNUSED_TABLES",
    "WHOLE_FILE",
    "Column",
    "DataProblemsError",
    "Lines",
    "Problem",
    "Shape",
    "ShapedFile",
    "Store",
    "as_yaml",
    "bounded_bytes",
    "dictionary",
    "dictionary_page",
    "dictionary_rows",
    "duplicates",
    "flow",
    "hash_of",
    "hash_of_files",
    "is_number",
    "lines_of",
    "one_of",
    "plain_bytes",
    "read_cell",
    "read_raw",
    "read_table",
    "read_yaml",
    "report",
    "sheet_name",
    "software",
    "sweep",
    "tables_where",
    "teller",
    "to_disk",
    "triples",
    "unfinished",
    "write_whole",
]

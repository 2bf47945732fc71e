"""A row that a file gives for a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A row for a table: typed values by column (text, float, bool, date; None blank) and where each stands ("C7")."""

    table: str
    values: dict[str, object]
    sheet: str
    cells: dict[str, str]
    key: str = ""  # the template's hidden mark of a row

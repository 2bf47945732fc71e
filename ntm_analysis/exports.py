"""Tables of a page as files: one Excel workbook with a sheet a table, and a CSV file a table.

Text from data is never a formula: Excel cells are written as text, and a CSV cell that a program would take for one begins with
an apostrophe. Files are written whole or not at all.
"""

import contextlib
import csv
import datetime as dt
import glob
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

from .names import slug
from .office_book import Form, Head, office_book
from .office_numbers import NotRead, read_number
from .whole_files import REPORTS, REPOSITORY, write_whole

# Numbers of four digits and more as pages write them.
GROUPED = {"vi": r"-?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", "en": r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"}
POINTS = {"vi": str.maketrans(",", ".", "."), "en": str.maketrans("", "", ",")}
SIGNED = re.compile(r"[+−-][0-9][0-9.,]*\s?%?")  # a figure with its sign computes nothing
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_folder(dataset: str) -> tuple[Path, str]:
    """Where the files of a page go, and how that is told: ``bieu`` beside the report's pages: in the folder that the environment
    variable ``NTM_REPORTS`` names, which a report run sets, else in ``reports/<data set>``."""
    folder = Path(os.environ.get("NTM_REPORTS") or REPORTS / dataset) / "bieu"
    return folder, folder.relative_to(REPOSITORY).as_posix() if folder.is_relative_to(REPOSITORY) else folder.name


def plain_text(cell: object) -> str:
    """A cell as text, safe for a spreadsheet.

    >>> plain_text("=1+1"), plain_text("-"), plain_text(12), plain_text("-5,2"), plain_text("+1.234 %")
    ("'=1+1", '-', '12', '-5,2', '+1.234 %')
    """
    text = str(cell.striptags()) if hasattr(cell, "striptags") else str(cell)
    return f"'{text}" if text.startswith(FORMULA) and text != "-" and not SIGNED.fullmatch(text) else text


def ungrouped(text: str, lang: str) -> str:
    """A figure without the signs between its thousands, which a spreadsheet set to another country reads as decimals.

    >>> ungrouped("1.150", "vi"), ungrouped("-1.234,5", "vi"), ungrouped("1,150", "en"), ungrouped("1.5", "vi")
    ('1150', '-1234,5', '1150', '1.5')
    """
    shape = re.compile(r"[+−-]?" + GROUPED[lang].removeprefix("-?") + "%?")
    return text.replace({"vi": ".", "en": ","}[lang], "") if shape.fullmatch(text) else text


def _typed(cell, lang):
    """The number that a cell shows, else its text (a range, "...", a share)."""
    if isinstance(cell, int | float):
        return float(cell)
    if re.fullmatch(GROUPED[lang], str(cell)):  # as pages write it: no other reading is meant
        return float(str(cell).translate(POINTS[lang]))
    with contextlib.suppress(NotRead):
        return read_number(str(cell), lang)
    return plain_text(cell).removeprefix("'")


def write_tables(tables: Sequence[tuple], folder: Path, stem: str, lead: Sequence[str] = (), lang: str = "vi") -> list[Path]:
    """Write ``stem``.xlsx and one CSV a table into ``folder``; the paths written.

    ``tables``: (title "Biểu số 01. ...", unit of measure, heads, rows of cells) each, as a page made them. ``lead``: lines above
    each table: what it is, its day, how much is assumed. A cell that is a number in the office form of ``lang`` becomes one.
    """
    forms = [
        Form(f"Bieu {number:02d}", name, unit,
             [Head(f"c{n}", text, 22 if n else 6, "General" if n else "") for n, text in enumerate(heads)],
             [[plain_text(row[0]).removeprefix("'"), *(_typed(cell, lang) for cell in row[1:])] for row in rows],
             lead=list(lead), blank="")
        for number, (name, unit, heads, rows) in enumerate(tables, start=1)
    ]  # fmt: skip
    for old in folder.glob(f"{glob.escape(stem)}_bieu-*.csv"):  # of an earlier run with other tables
        old.unlink()
    paths = [folder / f"{stem}.xlsx"]
    write_whole(paths[0], office_book(forms, dt.date.today()))
    for number, (name, unit, heads, rows) in enumerate(tables, start=1):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows(
            [
                *([line] for line in lead),
                [name],
                [unit],
                list(heads),
                *([ungrouped(plain_text(c), lang) for c in row] for row in rows),
            ]
        )
        paths.append(folder / f"{stem}_bieu-{number:02d}_{slug(name.split('. ', 1)[-1])[:60]}.csv")
        write_whole(paths[-1], text.getvalue().encode("utf-8-sig"))
    return paths

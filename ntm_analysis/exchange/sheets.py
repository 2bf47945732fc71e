"""Excel files as plain grids: .xlsx and .xls read cell by cell, nothing in them run, nothing of
their size trusted.

A process of its own reads each (:mod:`ntm_analysis.tables.excel_reader`), watched for the memory
and time that it takes: whatever is in the file, what comes of it is sheets or one sentence.
"""

import pickle
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from xlsxwriter.utility import xl_rowcol_to_cell

from ..tables import DataProblemsError, Problem, bounded_bytes, excel_reader

LARGEST = 50_000_000  # bytes of a file
MEMORY, SECONDS, WAIT = 700_000_000, 5, 60  # of the reading process: bytes, of processor, in all
_LIMITS = {
    "megabytes": LARGEST // 1_000_000,
    "unpacked": excel_reader.UNPACKED // 1_000_000,
    "sheets": excel_reader.SHEETS,
    "cells": excel_reader.CELLS // 1_000_000,
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Sheet:
    """One sheet from its first cell: ``cells[row][column]`` is None, text, float, bool, a date or a
    datetime.

    ``merged``: (first row, first column, last row, last column); ``hidden``: rows; ``unsaved``:
    formulas without a saved result; ``percent``: numbers shown as a percentage, kept as a share of
    one. All counted from 0.
    """

    name: str
    cells: list[list[object]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: frozenset[int] = frozenset()
    unsaved: frozenset[tuple[int, int]] = frozenset()
    percent: frozenset[tuple[int, int]] = frozenset()


def cell_name(row: int, column: int) -> str:
    """A cell as Excel names it.

    >>> cell_name(6, 2)
    'C7'
    """
    return xl_rowcol_to_cell(row, column)


def read_book(path: Path) -> list[Sheet]:
    """The worksheets of an Excel file, hidden ones too; raises
    :class:`~ntm_analysis.tables.DataProblemsError` for what is none.
    """

    def refuse(code, **details):
        return DataProblemsError([Problem(code, path.name, details=_LIMITS | details)])

    try:
        raw = bounded_bytes(path, LARGEST)
    except FileNotFoundError:
        raise refuse("book_missing") from None
    except OSError:
        raise refuse("unopened_file") from None
    if len(raw) > LARGEST:
        raise refuse("book_large")
    if not raw.strip(b"\0"):
        raise refuse("book_empty")
    if raw.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in raw:
        raise refuse("book_password")
    if b"mimetypeapplication/vnd.oasis.opendocument" in raw[:200]:
        raise refuse("book_other", looks="OpenDocument, .ods")
    if not raw.startswith((_OLE, excel_reader.ZIP)):
        raise refuse(
            "book_other", looks="HTML" if re.match(rb"\s*(\xef\xbb\xbf)?\s*<", raw) else "CSV, TXT"
        )
    sheets = _read_apart(path)
    if isinstance(sheets, str):
        raise refuse(sheets)
    return [Sheet(*sheet) for sheet in sheets]


def _read_apart(path):
    """What the reading process says of a file; ``book_large`` where it does not come to an end."""
    command = [sys.executable, "-I", excel_reader.__file__, str(path.resolve())]
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL) as reader:
            until = time.monotonic() + WAIT
            while reader.poll() is None:
                if _overdone(reader.pid) or time.monotonic() > until:
                    reader.kill()
                with suppress(subprocess.TimeoutExpired):
                    reader.wait(0.02)
        if reader.returncode:
            return "book_large"
        output.seek(0)
        return pickle.load(output)


def _overdone(process):
    """Whether a process took more than it may; False once it has ended."""
    with suppress(psutil.Error):
        known = psutil.Process(process)
        return known.memory_info().rss > MEMORY or sum(known.cpu_times()[:2]) > SECONDS
    return False

"""CSV tables read and checked, cell by cell, against their data dictionary.

Every distinct text of a column is read once, however many rows hold it; reading a cell and checking
it are one act, so that the message can show what was typed. Nothing stops at the first error: see
:mod:`ntm_analysis.tables.problems`.
"""

import csv
import io
import re
import unicodedata
import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from ..language import (
    NotRead,
    damage,
    from_tcvn3,
    guess_encoding,
    read_date,
    read_month,
    read_number,
)
from .dictionary import BLANK_KEYS, KEYS, LATER, OPTIONAL, Column, dictionary
from .problems import Problem

_NAME = re.compile(r"[^\W_][\w .,'’()-]{0,59}")
csv.field_size_limit(
    2**31 - 1
)  # a cell as long as the file is a slip to report, not a reason to stop
_DTYPES = {
    "number": "float64",
    "integer": "float64",
    "criterion": "float64",
    "date": "datetime64[s]",
    "month": "datetime64[s]",
}


def read_table(
    path: Path, table: str, style: str, style_at: str, problems: list[Problem]
) -> pd.DataFrame:
    """One table, typed as its dictionary says, with the column ``row`` (line in the file) for
    messages.

    Numbers and whole numbers are float64 (NaN where blank), dates datetime64, everything else text
    (blank is ""). ``style_at`` names the place of ``number_style`` for messages. Bad cells become
    blank and a problem each.
    """
    columns = dictionary(table)
    if table in OPTIONAL and not (path.exists() or path.is_symlink()):
        raw = pd.DataFrame({"row": pd.Series(dtype="int64")})
    else:
        raw = read_raw(path, list(columns), problems, LATER.get(table, ()))
    file = path.name
    made = {"row": raw["row"].to_numpy()}
    for name, column in columns.items():
        if name in raw:
            made[name] = _read_column(
                raw[name], column, file, made["row"], style, style_at, problems
            )
        else:
            blank = {"float64": np.nan, "datetime64[s]": pd.NaT}.get(_dtype(column), "")
            made[name] = pd.Series(blank, index=raw.index, dtype=_dtype(column))
    frame = pd.DataFrame(made, index=raw.index)
    if (
        "commune" not in KEYS[table]
    ):  # the others are compared once it is known which unit each row means
        duplicates(frame, table, KEYS[table], file, problems)
    return frame


def _dtype(column):
    return _DTYPES.get(column.type, "str")


def read_raw(
    path: Path, header: list[str], problems: list[Problem], later: Collection[str] = ()
) -> pd.DataFrame:
    """The file's cells as text; on trouble with the file as a whole, no rows.

    ``later``: columns that it may do without.
    """
    file, listed = path.name, ", ".join(header)
    nothing = pd.DataFrame({"row": pd.Series(dtype="int64")})

    def refuse(code, row=None, **details):
        problems.append(Problem(code, file, row, details={"header": listed} | details))
        return nothing

    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return refuse("missing_file")
    except OSError:
        return refuse("unopened_file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding, reading = guess_encoding(raw)
        if not reading.strip():
            return refuse("empty_file")
        row = raw[: error.start].count(b"\n") + 1
        lines = reading.splitlines()
        return refuse(
            "encoding", row, encoding=encoding, sample=lines[min(row, len(lines)) - 1][:80]
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return refuse("empty_file")
    head_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=head_line.count)
    head = [name.strip() for name in head_line.replace('"', "").split(separator)]
    for name in sorted(set(head)):
        if name not in header:
            problems.append(
                Problem("unknown_column", file, 1, name, {"value": name, "header": listed})
            )
        elif head.count(name) > 1:
            problems.append(Problem("twice_column", file, 1, name))
    for name in header:
        if name not in head and name not in later:
            problems.append(Problem("missing_column", file, 1, name, {"header": listed}))
    frame = _cells(text, separator, head, refuse)
    if frame is None:
        return nothing
    frame.columns = ["row", *head]
    frame = frame.loc[:, ~frame.columns.duplicated()]
    filled = frame[[name for name in frame.columns if name != "row"]].ne("").any(axis=1)
    return frame[filled].reset_index(drop=True)


def _cells(text, separator, head, refuse):
    """The rows below the head as text, with their lines; None, and a problem, where quotes or
    separators went wrong.

    A cell may not hold a line break: a stray quote makes one of many rows, and those rows would be
    lost in silence.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                header=0,
                names=[f"{i}:{name}" for i, name in enumerate(head)],
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        frame = None
    if frame is not None and len(frame) == text.removesuffix("\n").count("\n"):
        frame.insert(0, "line", np.arange(2, len(frame) + 2))
        return frame.fillna("")
    ragged = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count('"') % 2:
            refuse("open_quote", number)
            break
        found = len(next(csv.reader([line], delimiter=separator), []))
        if found > len(head):
            refuse("ragged_row", number, found=found, expected=len(head))
            ragged = True
    else:
        if not ragged:
            refuse("open_quote")
    return None


def _read_column(texts, column, file, rows, style, style_at, problems):
    if texts.empty:
        return pd.Series(index=texts.index, dtype=_dtype(column))
    codes, uniques = pd.factorize(texts)
    values = []
    for index, typed in enumerate(uniques):
        # Decomposed letters (as macOS writes them) and hard spaces look like the others and shall
        # mean the same.
        text = unicodedata.normalize("NFC", typed).replace("\u00a0", " ").strip()
        value, reason, details = None, None, {"value": text}
        if text:
            try:
                value = read_cell(text, column, style)
            except NotRead as error:
                reason = error.reason
                details |= {
                    "style": {"vi": "1.234,5", "en": "1,234.5"}[style],
                    "where": style_at,
                } | error.details
        elif column.required:
            reason, details = "required", {"meaning": f"{column.vi} | {column.en}"}
        values.append(value)
        if reason:
            where = rows[codes == index]
            problems.extend(Problem(reason, file, int(row), column.name, details) for row in where)
    dtype = _dtype(column)
    if dtype == "float64":
        array = np.array([np.nan if v is None else float(v) for v in values], dtype="float64")
    elif dtype == "str":
        array = pd.array(["" if v is None else str(v) for v in values], dtype="str")
    else:
        array = pd.array(pd.to_datetime(pd.Series(values, dtype="object")).astype(dtype))
    return pd.Series(array, dtype=dtype).take(codes).set_axis(texts.index)


def read_cell(text: str, column: Column, style: str = "vi") -> object:
    """One cell that is not blank; raises :class:`NotRead` with the code of the message."""
    kind = column.type
    if kind not in ("name", "unit") and any(unicodedata.category(c) == "Cc" for c in text):
        raise NotRead("control_character")
    if kind in ("number", "integer", "criterion"):
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        return read_number(text, style, whole=kind != "number", low=low, high=high)
    if kind == "date":
        return read_date(text)
    if kind == "month":
        try:
            return read_month(text)
        except NotRead as error:
            raise NotRead("not_a_month") from error
    if kind == "choice":
        return _choice(text, column)
    if kind == "choices":
        return "|".join(_choice(part, column) for part in text.split("|"))
    if kind == "code" and not re.fullmatch(r"[0-9]{5}", text):
        if re.fullmatch(r"[0-9]{1,4}", text):
            raise NotRead("lost_noughts", near=text.zfill(5))
        raise NotRead("not_a_code")
    if kind in ("name", "unit"):
        if (hurt := damage(text)) == "tcvn3":
            raise NotRead("tcvn3", near=from_tcvn3(text))
        if hurt == "lost_letters" and kind == "name":
            raise NotRead("lost_letters", near="...")
        if kind == "name" and not _NAME.fullmatch(text):
            raise NotRead("not_a_name")
    return text


def _choice(text, column):
    code = column.code_of(text)
    if code is None:
        if damage(text) == "tcvn3":
            raise NotRead("tcvn3", near=from_tcvn3(text))
        raise NotRead(
            "not_allowed",
            allowed=", ".join(f"{code} ({word})" for code, word in column.allowed.items()),
        )
    return code


def duplicates(
    frame: pd.DataFrame, table: str, key: tuple[str, ...], file: str, problems: list[Problem]
) -> None:
    """Rows alike in all columns of ``key``; a row with one of them unreadable is passed over, its
    own problem tells.
    """
    if not frame.duplicated(list(key)).any():
        return
    columns, told = dictionary(table), [k for k in key if k not in BLANK_KEYS]
    if table == "progress":
        told = ["unit", "month"]  # a row about a work names no set and no criterion
    frame = frame[(frame[told].notna() & frame[told].ne("") & frame[told].ne(-1)).all(axis=1)]
    again = frame[frame.duplicated(list(key), keep="first")]
    alike = frame[frame.duplicated(list(key), keep=False)]
    named = (
        alike[list(key)].map(str).agg("|".join, axis=1) if len(alike) else pd.Series(dtype="str")
    )  # blanks are equal too
    first = dict(zip(named[::-1], alike["row"][::-1], strict=True))
    for _, row in again.iterrows():
        cells = [
            ("commune", row["commune"]) if k == "unit" else (k, row[k])
            for k in key
            if pd.notna(row[k]) and row[k] != ""
        ]
        shown = ", ".join(columns[k].written(value) for k, value in cells)
        details = {"other": int(first[named[row.name]]), "value": shown}
        problems.append(
            Problem(
                "duplicate",
                file,
                int(row["row"]),
                "commune" if key[0] == "unit" else key[0],
                details,
            )
        )

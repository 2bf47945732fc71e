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

import numpy as np
import pandas as pd

from ..language import (
    UnreadableError,
    damage,
    guess_encoding,
    read_date,
    read_month,
    read_number,
)
from .dictionary import BLANK_KEYS, OPTIONAL, TABLE_KEYS, dictionary
from .problems import Problem
from .whole_files import LARGEST, bounded_bytes

_NAME = re.compile(r"[^\W_][\w .,'’()-]{0,59}")
# A cell as long as the file is a slip to report, not a reason to stop.
csv.field_size_limit(2**31 - 1)
_NUMBERS, _DAYS = ("number", "integer", "criterion"), ("date", "month")
_BLANKS = dict.fromkeys(_NUMBERS, np.nan) | dict.fromkeys(_DAYS, pd.NaT)
_DTYPES = dict.fromkeys(_NUMBERS, "float64") | dict.fromkeys(_DAYS, "datetime64[s]")
# What is wrong with the letters of a cell that its column tells in words of its own.
_TOLD_OTHERWISE = dict.fromkeys((*_NUMBERS, *_DAYS, "choice", "choices", "code"), ("lost_letters",))
_TOLD_OTHERWISE |= {"name": ("control_character",), "unit": ("lost_letters",)}
_STYLES = {"vi": "1.234,5", "en": "1,234.5"}


def read_table(path, table, style, style_at, problems):
    """Read one table, typed as its dictionary says.

    Parameters
    ----------
    path : Path
    table : str
        Whose dictionary the file follows.
    style : str
        ``vi`` (1.234,5) or ``en`` (1,234.5).
    style_at : str
        The place of ``number_style``, for messages.
    problems : list of Problem
        Gains one for each bad cell; the cell becomes blank.

    Returns
    -------
    DataFrame
        ``row``, the line in the file, for messages, and the columns of the dictionary: numbers and
        whole numbers as float64 (NaN where blank), dates as datetime64, everything else as text
        ("" where blank).
    """
    columns = dictionary(table)
    if table in OPTIONAL and not (path.exists() or path.is_symlink()):
        raw = pd.DataFrame({"row": pd.Series(dtype="int64")})
    else:
        later = [column.name for column in columns.values() if column.later]
        raw = read_raw(path, list(columns), problems, later)
    lacking = [name for name in columns if name not in raw]  # told already, or not needed
    raw = raw.assign(**dict.fromkeys(lacking, ""))
    series = {"row": raw["row"]}
    for name, column in columns.items():
        own = column._replace(required=False) if name in lacking else column
        series[name] = _read_column(raw, own, path.name, style, style_at, problems)
    frame = pd.DataFrame(series, index=raw.index)
    # The others are compared once it is known which unit each row means.
    if "commune" not in TABLE_KEYS[table]:
        duplicates(frame, table, path.name, problems)
    return frame


def read_raw(path, header, problems, later=()):
    """Read the cells of a CSV file as text.

    Parameters
    ----------
    path : Path
    header : list of str
        The columns that the file may have.
    problems : list of Problem
        Gains what is wrong with the file as a whole and with its head.
    later : collection of str
        Columns that the file may do without.

    Returns
    -------
    DataFrame
        ``row``, the line in the file, and the columns as they stand; no rows where the file as a
        whole cannot be read. Blank lines are left out.
    """
    file, listed = path.name, ", ".join(header)
    nothing = pd.DataFrame({"row": pd.Series(dtype="int64")})

    def refuse(code, row=None, **details):
        problems.append(Problem(code, file, row, details={"header": listed} | details))
        return nothing

    try:
        raw = bounded_bytes(path, LARGEST)
    except FileNotFoundError:
        return refuse("missing_file")
    except OSError:
        return refuse("unopened_file")
    if len(raw) > LARGEST:
        return refuse("table_large", limit=LARGEST // 1_000_000)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding, reading = guess_encoding(raw)
        if not reading.strip():
            return refuse("empty_file")
        row = raw[: error.start].count(b"\n") + 1
        lines = reading.splitlines()
        sample = lines[min(row, len(lines)) - 1][:80]
        return refuse("encoding", row, encoding=encoding, sample=sample)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return refuse("empty_file")
    head_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=head_line.count)
    head = [name.strip() for name in head_line.replace('"', "").split(separator)]
    for name in sorted(set(head)):
        if name not in header:
            details = {"value": name, "header": listed}
            problems.append(Problem("unknown_column", file, 1, name, details))
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
    filled = frame.drop(columns="row").ne("").any(axis=1)
    return frame[filled].reset_index(drop=True)


def _cells(text, separator, head, refuse):
    """Cut the rows below the head; None where quotes or separators are wrong.

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
        cells = len(next(csv.reader([line], delimiter=separator), []))
        if cells > len(head):
            refuse("ragged_row", number, found=cells, expected=len(head))
            ragged = True
    else:
        if not ragged:
            refuse("open_quote")
    return None


def _read_column(raw, column, file, style, style_at, problems):
    codes, texts = pd.factorize(raw[column.name])
    values = []
    for index, typed in enumerate(texts):
        # Decomposed letters (as macOS writes them) and hard spaces look like the others and shall
        # mean the same.
        text = unicodedata.normalize("NFC", typed).replace("\u00a0", " ").strip()
        value = _BLANKS.get(column.type, "")
        try:
            if text:
                value = read_cell(text, column, style)
            elif column.required:
                raise UnreadableError("required", meaning=f"{column.vi} | {column.en}")
        except UnreadableError as error:
            details = {"value": text, "style": _STYLES[style], "where": style_at} | error.details
            for row in raw["row"][codes == index]:
                problems.append(Problem(error.reason, file, row, column.name, details))
        values.append(value)
    distinct = pd.Series(values, dtype=_DTYPES.get(column.type, "str"))
    return distinct.take(codes).set_axis(raw.index)


def read_cell(text, column, style="vi"):
    """Read one cell that is not blank.

    Parameters
    ----------
    text : str
    column : Column
    style : str
        Of numbers, see :func:`read_table`.

    Returns
    -------
    float, datetime.date or str

    Raises
    ------
    UnreadableError
        With the code of the message.
    """
    kind = column.type
    if (hurt := damage(text)) and hurt.reason not in _TOLD_OTHERWISE.get(kind, ()):
        raise hurt
    if kind in _NUMBERS:
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        return read_number(text, style, whole=kind != "number", low=low, high=high)
    if kind == "date":
        return read_date(text)
    if kind == "month":
        try:
            return read_month(text)
        except UnreadableError as error:
            raise UnreadableError("not_a_month") from error
    if kind == "choice":
        return _choice(text, column)
    if kind == "choices":
        return "|".join(_choice(part, column) for part in text.split("|"))
    if kind == "code" and not re.fullmatch(r"[0-9]{5}", text):
        if re.fullmatch(r"[0-9]{1,4}", text):
            raise UnreadableError("lost_noughts", near=text.zfill(5))
        raise UnreadableError("not_a_code")
    if kind == "name" and not _NAME.fullmatch(text):
        raise UnreadableError("lost_letters" if "?" in text else "not_a_name", near="...")
    return text


def _choice(text, column):
    code = column.code_of(text)
    if code is None:
        allowed = ", ".join(f"{code} ({words})" for code, words in column.allowed.items())
        raise UnreadableError("not_allowed", allowed=allowed)
    return code


def duplicates(frame, table, file, problems):
    """Report rows alike in all columns of their table's key.

    Parameters
    ----------
    frame : DataFrame
        A table; where a commune is part of the key, with ``unit``: one commune has many spellings.
    table : str
    file : str
        For messages.
    problems : list of Problem
        Gains one for each row like an earlier one. A row of which a part of the key could not be
        read is passed over: its own problem tells.
    """
    names, columns = TABLE_KEYS[table], dictionary(table)
    key = ["unit" if name == "commune" else name for name in names]
    if not frame.duplicated(key).any():
        return
    filled = [name for name in names if name not in BLANK_KEYS[table]]
    usable = (frame[filled].notna() & frame[filled].ne("")).all(axis=1)
    if "unit" in key:
        usable &= frame["unit"].ne(-1) | frame["commune"].eq("")
    frame = frame[usable]
    first = frame.groupby(key, dropna=False)["row"].transform("first")
    for index, row in frame[frame.duplicated(key)].iterrows():
        cells = {name: row[name] for name in names if pd.notna(row[name]) and row[name] != ""}
        value = ", ".join(columns[name].format(cell) for name, cell in cells.items())
        details = {"other": int(first[index]), "value": value}
        problems.append(Problem("duplicate", file, int(row["row"]), next(iter(cells)), details))

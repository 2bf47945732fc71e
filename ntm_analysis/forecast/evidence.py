"""Published evidence of how communes finish: figures of areas, yearly lists, what is assumed.

The tables stand in ``data/reference/``: ``panel_*.csv`` of other provinces, ``panel_nghe_an.csv``
of the own province. A month is numbered ``12 * year + month`` and stands for its last day.
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..problems import DataProblems, Problem
from ..table_files import read_raw, read_table

REFERENCE = Path(__file__).resolve().parents[2] / "data" / "reference"
SERIES = ("area", "area_kind", "date", "measure", "value", "total", "source_url", "mark")
KINDS = ("province", "district", "country")
COUNTRY = "country"
USABLE = ("read", "derived")  # marks of rows that are evidence; ``unclear`` ones are not
BEGIN = 12 * 2011 + 12  # every area's record begins with 0 communes on 1/1/2012
OTHER_NAMES = {"TT Huế": "Thừa Thiên Huế"}


@dataclass(frozen=True)
class Evidence:
    """What was known on a day.

    Attributes
    ----------
    figures : pandas.DataFrame
        One row an area and day, see :func:`figures`.
    panel : pandas.DataFrame
        The same without the own province's table.
    lists : pandas.DataFrame
        One row an area and year, see :func:`lists`.
    assumed : pandas.DataFrame
        ``low``, ``mode``, ``high``, ``unit``, ``text_vi``, ``text_en``, ``source`` by ``key``.
    """

    figures: pd.DataFrame
    panel: pd.DataFrame
    lists: pd.DataFrame
    assumed: pd.DataFrame


def evidence(as_of: dt.date | None = None, folder: Path = REFERENCE) -> Evidence:
    """The evidence of the reference tables, as known on a day.

    Parameters
    ----------
    as_of : datetime.date, optional
        Only rows known by this day; without it all rows.
    folder : pathlib.Path
        Where the tables stand.

    Raises
    ------
    DataProblems
        With every bad row: one without source, one with a value above its total.

    Examples
    --------
    >>> known = evidence(dt.date(2018, 12, 31))
    >>> int(known.figures["month"].max()) == 12 * 2018 + 12, len(known.assumed)
    (True, 0)
    """
    problems: list[Problem] = []
    tables = {name: _table(folder, name, problems) for name in ("series", "nghe_an")}
    tables |= {name: _table(folder, name, problems) for name in ("registrations", "assumed")}
    # Read for their checks: fits and tests of other parts use them.
    for name in ("groups", "trajectories"):
        _table(folder, name, problems)
    if problems:
        raise DataProblems(problems)
    if as_of is not None:
        day = pd.Timestamp(as_of)
        tables = {name: rows[rows["known_from"] <= day] for name, rows in tables.items()}
    series = pd.concat([tables["series"], tables["nghe_an"]], ignore_index=True)
    known, panel = (figures(rows)[0] for rows in (series, tables["series"]))
    return Evidence(
        known,
        panel,
        lists(tables["registrations"]),
        tables["assumed"].set_index("key"),
    )


def reference(name: str, as_of: dt.date | None = None, folder: Path = REFERENCE) -> pd.DataFrame:
    """One table of the panel (``series``, ``registrations``, ``groups``, ``trajectories`` ...).

    Examples
    --------
    >>> reference("trajectories").columns[1:5].tolist()
    ['area', 'commune', 'date', 'criteria_met']
    """
    problems: list[Problem] = []
    rows = _table(folder, name, problems)
    if problems:
        raise DataProblems(problems)
    return rows if as_of is None else rows[rows["known_from"] <= pd.Timestamp(as_of)]


def _table(folder, name, problems):
    """A reference table with its checks, bad rows as problems."""
    file = f"panel_{name}.csv"
    known_as = "panel_series" if name == "nghe_an" else f"panel_{name}"
    rows = read_table(folder / file, known_as, "vi", "vi", problems)
    column = {"series": "value", "nghe_an": "value", "groups": "communes"}.get(name)
    if column is None:
        return rows
    counts = rows[rows["measure"].str.startswith("ntm_communes")] if column == "value" else rows
    for row in counts[counts[column] > counts["total"]].to_dict("records"):
        details = {"value": f"{row[column]:g}", "total": f"{row['total']:g}"}
        problems.append(Problem("above_total", file, int(row["row"]), column, details))
    return rows


def read_series(path: Path) -> pd.DataFrame:
    """The rows of a user's file with the columns of ``panel_series.csv``, as text, with ``row``.

    Raises
    ------
    DataProblems
        Where the file cannot be read, or lacks a column.
    """
    problems: list[Problem] = []
    rows = read_raw(path, list(SERIES), problems)
    problems = [problem for problem in problems if problem.code != "unknown_column"]
    if problems:
        raise DataProblems(problems)
    return rows.reindex(columns=["row", *SERIES], fill_value="")


def month_number(date: str) -> int | None:
    """``12 * year + month`` of ``YYYY-MM`` or ``YYYY`` (December), a ``~`` after it allowed.

    Examples
    --------
    >>> month_number("2018") == month_number("2018-12~") == 12 * 2018 + 12
    True
    >>> month_number("2021~early"), month_number("2017-12 (target)"), month_number("~2019-01")
    (None, None, None)
    """
    parts = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?~?", date.strip())
    if parts is None or not 1 <= (month := int(parts[2] or 12)) <= 12:
        return None
    return 12 * int(parts[1]) + month


def province_of(area: str) -> str:
    """The name in the last brackets of an area, else the area.

    Examples
    --------
    >>> province_of("Quảng Điền (TT Huế)"), province_of("Hà Tĩnh")
    ('Thừa Thiên Huế', 'Hà Tĩnh')
    """
    brackets = re.findall(r"\(([^()]*)\)", area)
    name = (brackets[-1] if brackets else area).strip()
    return OTHER_NAMES.get(name, name)


def figures(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """NTM communes of areas, one row an area and day, and the rows left out.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``panel_series.csv`` and ``row``; values as text or numbers.

    Returns
    -------
    figures : pandas.DataFrame
        ``row``, ``area``, ``area_kind``, ``province``, ``date``, ``month``, ``finished`` and
        ``total`` (NaN where not told); by area and month.
    left_out : pandas.DataFrame
        ``row``, ``area``, ``date``, ``reason``: measure, mark, area_kind, date, value, same_day.

    Examples
    --------
    >>> cells = ["Hà Tĩnh", "province", "2014", "ntm_communes", "26", "", "x", "read"]
    >>> rows = pd.DataFrame([cells], columns=list(SERIES)).assign(row=2)
    >>> figures(rows)[0][["month", "finished"]].to_numpy().tolist()
    [[24180, 26]]
    """
    # Letters as some systems write them, decomposed, shall mean the same area.
    texts = rows.assign(
        **{name: rows[name].astype(str).str.normalize("NFC").str.strip() for name in SERIES[:4]},
    )
    value, total = _number(rows["value"]), _number(rows["total"])
    month = texts["date"].map(month_number)
    whole = value.ge(0) & value.mod(1).eq(0)
    wrong = {
        "measure": texts["measure"] != "ntm_communes",
        "mark": ~rows["mark"].astype(str).str.strip().isin(USABLE),
        "area_kind": ~texts["area_kind"].isin(KINDS),
        "date": month.isna(),
        "value": ~whole,
    }
    reason = pd.Series("", index=rows.index)
    for name in reversed(wrong):
        reason[wrong[name]] = name
    table = texts.assign(
        finished=value,
        total=total.where(total > 0),
        month=month,
        province=[province_of(area) for area in texts["area"]],
        reason=reason,
    )
    usable = table[table["reason"] == ""].astype({"month": int})
    order = ["area", "month", "total", "row"]
    usable = usable.sort_values(order, na_position="first", kind="stable")
    again = usable.duplicated(["area", "month"], keep="last")
    table.loc[usable.index[again], "reason"] = "same_day"
    columns = ["row", "area", "area_kind", "province", "date", "month", "finished", "total"]
    left_out = table.loc[table["reason"] != "", ["row", "area", "date", "reason"]]
    return usable.loc[~again, columns].reset_index(drop=True), left_out.reset_index(drop=True)


def _number(cells):
    return pd.to_numeric(cells.astype(str).str.strip().str.replace(",", "."), errors="coerce")


def lists(rows: pd.DataFrame) -> pd.DataFrame:
    """Yearly NTM lists with their result, one row an area and year, ``read`` before ``derived``.

    The plan is a lower bound of the list: where more finished than were planned, the list was met
    in full. Lists of the whole country are sums of lists and tell no list's luck.

    Parameters
    ----------
    rows : pandas.DataFrame
        The table ``panel_registrations.csv``.

    Returns
    -------
    pandas.DataFrame
        ``area``, ``province``, ``year``, ``listed``, ``finished`` (at most ``listed``).

    Examples
    --------
    >>> lists(reference("registrations")).query("area == 'Cà Mau'").iloc[0, 2:].tolist()
    [2019, 5, 1]
    """
    usable = rows[
        (rows["level"] == "ntm")
        & rows["year"].astype(str).str.fullmatch("[0-9]{4}")
        & rows["mark"].isin(USABLE)
        & (rows["planned"] > 0)
        & rows["achieved_on_time"].notna()
        & (rows["area"] != "Vietnam")
    ]
    usable = usable.sort_values("mark", key=lambda mark: mark != "read", kind="stable")
    usable = usable.drop_duplicates(["area", "year"]).sort_values(["area", "year"])
    listed = usable["planned"].astype(int)
    return pd.DataFrame(
        {
            "area": usable["area"],
            "province": [province_of(area) for area in usable["area"]],
            "year": usable["year"].astype(int),
            "listed": listed,
            "finished": usable["achieved_on_time"].astype(int).clip(upper=listed),
        },
    ).reset_index(drop=True)

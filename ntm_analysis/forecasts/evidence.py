"""Published evidence of how communes finish: figures of areas, yearly lists, what is assumed.

The tables stand in ``data/reference/``: ``panel_*.csv`` of other provinces, ``panel_nghe_an.csv``
of the own province. A month is numbered ``12 * year + month`` and stands for its last day.
"""

import re
from collections import namedtuple

import numpy as np
import pandas as pd
from pandas import DataFrame
from scipy.special import betaincinv, betaln, polygamma, softmax

from ..data import check_rules
from ..needs import uniforms
from ..tables import DATA, DataProblemsError, read_raw, read_table

REFERENCE = DATA / "reference"
SERIES = ("area", "area_kind", "date", "measure", "value", "total", "source_url", "mark")
KINDS = ("province", "district", "country")
COUNTRY, VIETNAM = "country", "Vietnam"
USABLE = ("read", "derived")  # marks of rows that are evidence; ``unclear`` ones are not
BEGIN = 12 * 2011 + 12  # every area's record begins with 0 communes on 1/1/2012
GRID = (np.arange(60) + 0.5) / 60  # of the mean success and of the correlation inside a list
HIGHEST_SUCCESS = 0.97
OTHER_NAMES = {"TT Huế": "Thừa Thiên Huế"}
MOST = 100_000  # communes of an area: more is a slip of the pen


class Evidence(namedtuple("Evidence", "figures panel lists assumed")):
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


def evidence(as_of=None, folder=REFERENCE):
    """The evidence of the reference tables, as known on a day.

    Parameters
    ----------
    as_of : datetime.date, optional
        Only rows known by this day; without it all rows.
    folder : pathlib.Path
        Where the tables stand.

    Returns
    -------
    Evidence

    Raises
    ------
    DataProblemsError
        With every bad row: one without source, one with a value above its total.

    Examples
    --------
    >>> from datetime import date
    >>> then = evidence(date(2018, 12, 31))
    >>> int(then.figures["month"].max()) == 12 * 2018 + 12, len(then.assumed)
    (True, 0)
    """
    names = ("series", "nghe_an", "registrations", "assumed")
    # Groups and trajectories are no part of the fit; they are checked with the rest of the panel.
    tables = _tables((*names, "groups", "trajectories"), as_of, folder)
    series, own, registrations, assumed = (tables[name] for name in names)
    every = pd.concat([series, own], ignore_index=True)
    all_figures, panel = (figures(rows)[0] for rows in (every, series))
    return Evidence(all_figures, panel, lists(registrations), assumed.set_index("key"))


def reference(name, as_of=None):
    """One table of the panel.

    Parameters
    ----------
    name : str
        ``series``, ``registrations``, ``groups``, ``trajectories`` ...
    as_of : datetime.date, optional
        Only rows known by this day; without it all rows.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> reference("trajectories").columns[1:5].tolist()
    ['area', 'commune', 'date', 'criteria_met']
    """
    return _tables([name], as_of, REFERENCE)[name]


def _tables(names, as_of, folder):
    """Reference tables with their checks, as known on a day."""
    problems, tables = [], {}
    for name in names:
        file = f"panel_{name}"
        known_as = "panel_series" if name == "nghe_an" else file
        rows = tables[name] = read_table(folder / f"{file}.csv", known_as, "vi", "vi", problems)
        check_rules(known_as, file, rows, problems)
    if problems:
        raise DataProblemsError(problems)
    day = pd.Timestamp(as_of or pd.Timestamp.max)
    return {name: rows[rows["known_from"] <= day] for name, rows in tables.items()}


def read_series(path):
    """The rows of a user's file with the columns of ``panel_series.csv``, as text, with ``row``.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataProblemsError
        Where the file cannot be read, or lacks a column.
    """
    problems = []
    rows = read_raw(path, list(SERIES), problems)
    if problems := [problem for problem in problems if problem.code != "unknown_column"]:
        raise DataProblemsError(problems)
    return rows.reindex(columns=["row", *SERIES], fill_value="")


def month_number(date):
    """``12 * year + month`` of ``YYYY-MM`` or ``YYYY`` (December), a ``~`` after it allowed.

    Parameters
    ----------
    date : str

    Returns
    -------
    int or None

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


def province_of(area):
    """The name in the last brackets of an area, else the area.

    Parameters
    ----------
    area : str

    Returns
    -------
    str

    Examples
    --------
    >>> province_of("Quảng Điền (TT Huế)"), province_of("Hà Tĩnh")
    ('Thừa Thiên Huế', 'Hà Tĩnh')
    """
    brackets = re.findall(r"\(([^()]*)\)", area)
    name = (brackets[-1] if brackets else area).strip()
    return OTHER_NAMES.get(name, name)


def figures(rows):
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
    >>> rows = DataFrame([cells], columns=list(SERIES)).assign(row=2)
    >>> figures(rows)[0][["month", "finished"]].to_numpy().tolist()
    [[24180, 26]]
    """
    # Letters as some systems write them, decomposed, shall mean the same area.
    texts = rows.assign(
        **{name: rows[name].astype(str).str.normalize("NFC").str.strip() for name in SERIES[:4]},
    )
    value, total = _number(rows["value"]), _number(rows["total"])
    month = texts["date"].map(month_number)
    wrong = {
        "measure": texts["measure"] != "ntm_communes",
        "mark": ~rows["mark"].astype(str).str.strip().isin(USABLE),
        "area_kind": ~texts["area_kind"].isin(KINDS),
        "date": month.isna(),
        "value": ~(value.between(0, MOST) & value.mod(1).eq(0)),
    }
    table = texts.assign(
        finished=value,
        total=total.where(total.between(1, MOST) & total.mod(1).eq(0)),
        month=month,
        # The country is one, whatever a file calls it.
        province=texts["area"].map(province_of).mask(texts["area_kind"] == COUNTRY, VIETNAM),
        reason=np.select([*wrong.values()], [*wrong], ""),
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


def lists(rows):
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
    usable = rows[rows["year"].astype(str).str.fullmatch("[0-9]{4}")]
    usable = usable.query("level == 'ntm' and mark in @USABLE and planned > 0 and area != @VIETNAM")
    # Of the two marks the one that comes first is the alphabet's last.
    usable = usable.dropna(subset="achieved_on_time").sort_values(
        "mark", ascending=False, kind="stable"
    )
    usable = usable.drop_duplicates(["area", "year"]).sort_values(["area", "year"])
    names = {"planned": "listed", "achieved_on_time": "finished"}
    whole = usable.rename(columns=names).astype({"year": int, "listed": int, "finished": int})
    whole["finished"] = whole["finished"].clip(upper=whole["listed"])
    whole["province"] = whole["area"].map(province_of)
    return whole[["area", "province", "year", "listed", "finished"]].reset_index(drop=True)


# --- the luck of lists ----------------------------------------------------------------------------


def success_weights(lists):
    """Posterior of mean success and correlation, the prior flat.

    Parameters
    ----------
    lists : pandas.DataFrame
        See :func:`evidence.lists`.

    Returns
    -------
    numpy.ndarray
        ``GRID`` x ``GRID``.
    """
    met, failed = _grid_sizes()
    listed, finished = lists[["listed", "finished"]].to_numpy(float).T[:, :, None, None]
    chance = betaln(met + finished, failed + listed - finished) - betaln(met, failed)
    return softmax(chance.sum(axis=0))


def _grid_sizes():
    return beta_sizes(*np.meshgrid(GRID, GRID, indexing="ij"))


def success_draws(lists, draws):
    """Draws of mean success and correlation, one each a posterior row.

    Parameters
    ----------
    lists : pandas.DataFrame
        See :func:`evidence.lists`.
    draws : int

    Returns
    -------
    tuple of numpy.ndarray
        Twice (draws,).
    """
    weight = success_weights(lists).ravel().cumsum()
    cell = np.searchsorted(weight, uniforms(0, "fit", ["success"], draws)[0] * weight[-1])
    return GRID[cell // len(GRID)], GRID[cell % len(GRID)]


def beta_sizes(mean, correlation):
    """The two parameters of beta distributions with this mean and correlation inside a list.

    Parameters
    ----------
    mean, correlation : numpy.ndarray

    Returns
    -------
    tuple of numpy.ndarray
    """
    size = (1 - correlation) / correlation
    return mean * size, (1 - mean) * size


def list_luck(ease, success, correlation):
    """Chance of a listed commune, beta with this mean and this correlation inside a list.

    Parameters
    ----------
    ease : numpy.ndarray
        Uniform numbers.
    success, correlation : numpy.ndarray

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> list_luck(np.array([0.5]), np.array([0.5]), np.array([0.2])).round(3).tolist()
    [0.5]
    """
    met, failed = beta_sizes(success, correlation)
    return betaincinv(met, failed, ease)


def beyond_luck(area_year, success, correlation):
    """What a list's luck leaves of an area-year's variance: nothing is counted twice.

    Parameters
    ----------
    area_year : numpy.ndarray
        Standard deviation of the log hazard.
    success, correlation : numpy.ndarray

    Returns
    -------
    numpy.ndarray
    """
    met, failed = beta_sizes(success, correlation)
    of_log_luck = polygamma(1, met) - polygamma(1, met + failed)
    return np.maximum(area_year**2 - of_log_luck, 0)


def list_outcomes(lists):
    """Lists against their outcomes: how many were met in full and under half, seen and expected.

    Parameters
    ----------
    lists : pandas.DataFrame
        See :func:`evidence.lists`.

    Returns
    -------
    pandas.DataFrame
        Rows ``full`` and ``under_half``, columns ``seen`` and ``expected`` (shares of the lists;
        expected for lists of the same lengths from the posterior).

    Examples
    --------
    >>> from .evidence import evidence
    >>> table = list_outcomes(evidence().lists)
    >>> bool(0.5 < table.loc["full", "expected"] < 0.78)
    True
    """
    from scipy.stats import betabinom

    sizes, weight = _grid_sizes(), success_weights(lists)
    listed, finished = lists[["listed", "finished"]].to_numpy().T
    number = listed[:, None, None]
    full = betabinom.pmf(number, number, *sizes)
    under_half = betabinom.cdf((number - 1) // 2, number, *sizes)
    expected = [(weight * chance).sum(axis=(1, 2)).mean() for chance in (full, under_half)]
    seen = [(finished == listed).mean(), (2 * finished < listed).mean()]
    return DataFrame({"seen": seen, "expected": expected}, index=["full", "under_half"])


def listed_communes(trajectories):
    """Single communes listed for one year against what became of them; thin.

    A result is known where a row from October of the year on tells a number of criteria: on time
    with all of them by the end of the year.

    Parameters
    ----------
    trajectories : pandas.DataFrame
        The table ``panel_trajectories.csv``.

    Returns
    -------
    pandas.DataFrame
        ``area``, ``commune``, ``year``, ``on_time``; one row a commune and year.

    Examples
    --------
    >>> from .evidence import reference
    >>> communes = listed_communes(reference("trajectories"))
    >>> 20 < len(communes) < 100
    True
    """
    names = ["area", "commune", "registered_for"]
    listed = trajectories[trajectories["registered_for"].str.fullmatch("[0-9]{4}")]
    rows = listed.loc[listed["level"] == "ntm", names].drop_duplicates()
    results = trajectories.dropna(subset="criteria_met")
    rows = rows.merge(results, on=["area", "commune"], suffixes=("", "_told"))
    rows["year"] = rows["registered_for"].astype(int)
    month = rows["date"].str[:7].map(month_number) - 12 * rows["year"]
    judged = rows.assign(on_time=(rows["criteria_met"] >= rows["of"]) & (month <= 12))[month >= 10]
    return judged.groupby(["area", "commune", "year"], as_index=False)["on_time"].any()

"""Tables checked against their dictionaries, each other and the law.

What a table may say of itself and of other tables stands in ``dictionary/``: references, triples,
sums, rules of a row. :func:`check_dictionary` and :func:`check_rules` hold tables to that; what
asks the law or spans more is code.
"""

import re
from functools import cache, partial
from operator import attrgetter

import pandas as pd

from ..language import fold, nearest, write_figure
from ..tables import (
    dictionary,
    dictionary_rows,
    duplicates,
    tables_where,
    teller,
    triples,
)
from .units import resolve

# Tables checked with each other: those of works and money, those of the monthly work.
MONEY_TABLES, MONTHLY = tables_where("checks", "money"), tables_where("checks", "month")


def check_rules(rules_of, file, rows, problems, others=(), **days):
    """Report the rows that a rule of ``_rules.csv`` does not allow.

    Parameters
    ----------
    rules_of, file : str
        The table whose rules hold, and that which the rows are of.
    rows : DataFrame
    problems : list of Problem
        Gains an error for each row, or a warning where the rule is about what is only odd.
    others : dict of str to DataFrame
        What rules may join: "works by unit work" adds to each row the cells of the work that it
        names, as ``its_state`` ...
    **days : Timestamp
        ``as_of`` and ``term_end`` of the data set.
    """
    joined, known = {"": rows}, {"__builtins__": {}, "fold": fold, **days}
    for rule in _rules_of(rules_of) if len(rows) else ():
        if (place := rule["with"]) not in joined:
            other, *keys = re.split(" by | ", place)
            one = (
                others[other].drop_duplicates(keys).set_index(keys)[_joined_cells(rules_of, place)]
            )
            joined[place] = rows.join(one.add_prefix("its_"), on=keys)
        wrong = eval(rule["wrong"], known, joined[place])  # of this package; pandas' is slow
        if wrong.any():
            details = dict(part.split("=", 1) for part in rule["details"].split("|") if part)
            code, *cells, odd = (rule[head] for head in ("code", "column", "also", "odd"))
            bad = teller({file: joined[place]}, problems)
            bad(file, wrong, code, *cells, odd == "yes", **details)


@cache
def _rules_of(table):
    return [rule for rule in dictionary_rows("_rules") if rule["table"] == table]


@cache
def _joined_cells(table, place):
    """The columns of another table that the rules of this one speak of."""
    rules = [
        f"{rule['wrong']} {rule['details']}" for rule in _rules_of(table) if rule["with"] == place
    ]
    return sorted({*re.findall(r"\bits_(\w+)", " ".join(rules))})


def check_all_rules(names, tables, units, law, days, problems):
    """Report what the rules of tables do not allow, in the light of the other tables.

    Parameters
    ----------
    names : sequence of str
        The tables to check.
    tables : dict of str to DataFrame
    units : DataFrame
        See :func:`ntm_analysis.data.units.number_units`.
    law : Law
    days : dict of str to datetime.date or None
        ``as_of`` and ``term_end``, which rules may name.
    problems : list of Problem
    """
    key, new = units["name"].map(fold), units["valid_from"].isin(tables["mergers"]["on"])
    units = units.assign(unit=units.index, into=units.index, key=key, new=new)
    heads = ["id", "level", "counts_only", "criteria_count"]
    sets = pd.DataFrame(map(attrgetter(*heads), law.sets.values()), columns=heads)
    sets = sets.assign(set=sets["id"], to_set=sets["id"])
    first = tables["recognitions"].sort_values("date")  # of several it is the first that counts
    tables = tables | {"units": units, "sets": sets, "recognitions": first}
    days = {name: pd.Timestamp(days[name]) for name in days}
    for name in names:
        check_rules(name, name, tables[name], problems, tables, **days)


def check_dictionary(names, tables, bad):
    """Report what the dictionaries do not allow: references, triples and sums.

    Parameters
    ----------
    names : sequence of str
        The tables to check.
    tables : dict of str to DataFrame
    bad : callable
        See :func:`ntm_analysis.tables.teller`.
    """
    for name in names:
        rows = tables[name]
        for column in dictionary(name).values():
            if column.ref:
                _check_reference(name, column, tables, bad)
            if column.sums_to:
                _check_sum(name, column, rows, bad)
        for columns in triples(name):
            _check_triple(name, columns, rows, bad)


def _check_sum(name, column, rows, bad):
    """Report groups of which a column adds up to another sum; each is told at its first row."""
    *bound, total, _, by = column.sums_to.split()
    sums = rows.groupby(by)[column.name].transform("sum")
    over = sums - float(total)
    wrong = ~rows.duplicated(by) & ((over if bound else over.abs()) > 1e-6)
    bad(name, wrong, "shares_sum", column.name, what=f"{{{by}}}", value=sums)


def _check_triple(name, columns, rows, bad):
    """Report rows in which low, most usual and high fall; a blank month of delay is 0."""
    figures = rows[list(columns)]
    figures = figures.fillna(0.0) if "delay" in columns else figures
    low, mode, high = (figures[column] for column in columns)

    def cells(row):
        known = figures.loc[row.name].dropna()
        return "; ".join(f"{column} {write_figure(value)}" for column, value in known.items())

    falls = (low > mode) | (mode > high) | (low > high)
    bad(name, falls, "range_falls", columns[1], range=cells)


def _check_reference(name, column, tables, bad):
    """Report values that stand in no row of the table that ``column`` refers to."""
    to, key, *shared = re.split(r" by |\W", column.ref)
    sense = fold if column.type == "name" else lambda value: value

    def cells(rows, last):
        return zip(*(rows[head] for head in (*shared, last)), strict=True)

    known = {}
    for *place, value in cells(tables[to], key):
        if value == value and value != "":
            known.setdefault((*place,), {})[sense(value)] = value
    lost = [
        value == value and value != "" and sense(value) not in known.get((*place,), ())
        for *place, value in cells(tables[name], column.name)
    ]

    def near(row):
        options = sorted(known.get((*row[shared],), {}).values())
        if column.type == "integer":
            return [f"{value:g}" for value in options]
        return nearest(row[column.name], options) or options

    wrong = pd.Series(lost, index=tables[name].index, dtype=bool)
    value = lambda row: column.format(row[column.name])  # noqa: E731
    bad(name, wrong, "unknown_row", column.name, value=value, file=f"{to}.csv", near=near)


def check_table(name, table, units, law, sources, problems):
    """Check one table against units, law and sources, and its rows against each other.

    A cell that could not be read is passed over: its own problem tells.

    Parameters
    ----------
    name : str
    table : DataFrame
        Gains ``unit`` where it has ``commune``.
    units : DataFrame
        See :func:`ntm_analysis.data.units.number_units`.
    law : Law
    sources : DataFrame or None
        None when they could not be read.
    problems : list of Problem
    """
    file = f"{name}.csv"
    tell = teller({name: table}, problems)
    bad = partial(tell, name)
    if "commune" in table:
        if name != "mergers":
            days = table.get("date", table.get("month", table["known_from"]))
            days = days.fillna(table["known_from"])
            table["unit"] = resolve(table, file, units, days, problems)
        duplicates(table, name, file, problems)
    if table.empty:
        return
    if "source" in table and sources is not None:
        _check_sources(table, sources, bad)
    if name == "mergers":
        lost = (table["into_code"] != "") & (table["into"] < 0)
        meant = {"value": "{into_code}"}
        meant["near"] = lambda row: nearest(row["into_name"], units["name"])
        bad(lost, "unknown_unit", "into_code", **meant)
    _check_sets(name, table, law, bad)


def _check_sources(table, sources, bad):
    """Report sources that ``sources.csv`` does not hold."""
    ids = sorted(set(sources["id"]))
    lost = {
        cell: [part for part in cell.split("|") if cell and part not in ids]
        for cell in table["source"].unique()
    }
    bad(
        table["source"].map(lost).map(bool),
        "unknown_source",
        "source",
        value=lambda row: lost[row["source"]],
        near=lambda row: nearest(lost[row["source"]][0], ids) or ids[:3],
    )


def _check_sets(name, table, law, bad):
    """Report sets that are none, and tests that are not theirs."""
    for column in ("set", "from_set", "to_set"):
        if column in table:
            lost = ~table[column].isin(law.sets) & (table[column] != "")
            bad(lost, "unknown_set", column, value=table[column], allowed=sorted(law.sets))
    if name == "indicator_values":
        check_indicators(table, True, law, bad)
    elif name == "typical_works":
        tests = law.tests
        lost = (table["per"] == "point") & ~_pairs(table).isin(_pairs(tests, "test"))
        details = {"value": "{indicator}", "set": "{set}"}
        details["near"] = lambda row: tests.loc[tests["set"] == row["set"], "test"]
        bad(lost, "unknown_test", "indicator", **details)


def _pairs(rows, name="indicator"):
    """Join each row's set and test."""
    return rows["set"] + "|" + rows[name]


def check_indicators(table, about, law, bad):
    """Report values that name no test of their set, or come in a form that the test does not take.

    Parameters
    ----------
    table : DataFrame
        With ``set``, ``indicator``, ``value``, ``state``.
    about : Series of bool, or True
        The rows that are about an indicator.
    law : Law
    bad : callable
        Takes rows, code, column and details; see :func:`ntm_analysis.tables.teller`.
    """
    pair, tests, values = _pairs(table), law.tests, law.values
    units = dict(zip(_pairs(tests, "test"), tests["unit"], strict=True))
    shares = [test for test, unit in units.items() if unit == "%"]
    # A test takes the forms of all its versions: an amendment may turn a share into a yes/no item.
    forms, is_judged = _pairs(values, "test"), values["op"] == "judged"
    known = about & pair.isin(units)
    lost = about & table["set"].isin(law.sets) & ~known & (table["indicator"] != "")

    def near(row):
        of_set = sorted(tests.loc[tests["set"] == row["set"], "test"])
        return nearest(row["indicator"], of_set) or of_set

    names = {"value": "{indicator}", "set": "{set}"}
    bad(lost, "unknown_test", "indicator", **names, near=near)
    follows = about & pair.isin(forms[values["kind"] == "verdict"])
    bad(follows, "follows_set", "indicator", value="{indicator}")
    has_value, has_state = table["value"].notna(), table["state"] != ""
    unjudged = known & ~pair.isin(forms[is_judged])
    unmeasured = known & has_value & ~has_state & ~pair.isin(forms[~is_judged])
    bad(unmeasured, "needs_state", "value", indicator="{indicator}")
    above = about & pair.isin(shares) & (table["value"] > 100)
    bad(above, "out_of_range", "value", value="{value:figure}", low="0", high="100")
    answered = has_state & ~has_value & (table["state"] != "not_applicable")
    details = {"indicator": "{indicator}", "value": "{state}"}
    details["unit"] = lambda row: units[row["set"] + "|" + row["indicator"]]
    bad(unjudged & answered, "needs_value", "state", **details)


def check_monthly(tables, law, problems):
    """Check the tables of the monthly work against each other and the law.

    A cell that could not be read is passed over: its own problem tells.

    Parameters
    ----------
    tables : dict of str to DataFrame
    law : Law
    problems : list of Problem
    """
    bad = teller(tables, problems)
    check_dictionary(MONTHLY, tables, bad)
    rows, plans = tables["progress"], tables["work_plans"]
    about = (rows["indicator"] != "") & rows["criterion"].isna() & (rows["work"] == "")
    if about.any():
        check_indicators(rows, about, law, partial(bad, "progress"))
    steps = plans.sort_values("month", kind="stable").groupby(["unit", "work"])["percent"].diff()
    falls = steps.reindex(plans.index) < 0
    bad("work_plans", falls, "falls_back", "percent", value="{percent:figure}")

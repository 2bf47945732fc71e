"""The data dictionary says nothing that cannot be: what it names exists, what it asks is asked."""

import re
from importlib.resources import files

import pandas as pd
import pytest

from ntm_analysis.language import fold
from ntm_analysis.tables import (
    TABLE_KEYS,
    TABLES,
    dictionary,
    dictionary_rows,
    tables_where,
    triples,
)
from ntm_analysis.tables.dictionary import BLANK_KEYS, OPTIONAL
from ntm_analysis.tables.problems import messages

FOLDER = files("ntm_analysis").joinpath("dictionary")
DTYPES = {"number": float, "integer": float, "criterion": float, "date": "datetime64[s]"}


def empty(table: str) -> pd.DataFrame:
    """One blank row of a table, typed as it is read; ``unit`` beside ``commune``."""
    columns = dictionary(table)
    types = {name: DTYPES.get(column.type, "str") for name, column in columns.items()}
    types |= {name: "datetime64[s]" for name, column in columns.items() if column.type == "month"}
    blank = {name: [""] if kind == "str" else [None] for name, kind in types.items()}
    return pd.DataFrame(blank).astype(types).assign(unit=-1)


def test_every_table_has_a_dictionary_and_all_have_one_head():
    names = {path.name.removesuffix(".csv") for path in FOLDER.iterdir()}
    assert {name for name in names if not name.startswith("_")} == set(TABLE_KEYS)
    heads = {
        FOLDER.joinpath(f"{name}.csv").read_text("utf-8").splitlines()[0] for name in TABLE_KEYS
    }
    assert len(heads) == 1
    assert len({row["sheet"] for row in dictionary_rows("_tables")}) == len(TABLES) + 1


def test_what_the_index_says_of_a_table_can_be():
    for table, key in TABLE_KEYS.items():
        assert set(key) <= set(dictionary(table)) and set(BLANK_KEYS[table]) <= set(key), table
    assert set(OPTIONAL) < set(TABLES) and set(tables_where("checks", "money")) < set(TABLES)
    assert all("commune" in dictionary(table) for table in tables_where("judged", "yes"))


@pytest.mark.parametrize("table", TABLE_KEYS)
def test_what_a_dictionary_refers_to_exists(table):
    columns = dictionary(table)
    for name, column in columns.items():
        if column.ref:
            to, key, *shared = re.split(r" by |\W", column.ref)
            assert key in dictionary(to) and {*shared} <= {"unit", *columns}, name
            assert {*shared} <= {"unit", *dictionary(to)}, name
        if column.sums_to:
            assert re.fullmatch(r"(at most )?\d+ by \w+", column.sums_to), name
            assert column.sums_to.split()[-1] in columns, name
    for three in triples(table):
        assert [columns[name].triple.split()[0] for name in three] == ["low", "mode", "high"]


DAYS = {"as_of": pd.Timestamp("2022-03-31"), "term_end": pd.Timestamp("2025-12-31")}
# What a rule may ask of a set, and of a unit beside the columns of its table.
SETS = pd.DataFrame(
    {"set": [""], "to_set": "", "level": "", "criteria_count": 19, "counts_only": True}
)
UNITS = {"unit": -1, "into": -1, "label": "", "key": "", "end": pd.NaT, "new": False}


@pytest.mark.parametrize("rule", dictionary_rows("_rules"), ids=lambda rule: rule["wrong"])
def test_a_rule_can_be_asked_and_has_its_message(rule):
    columns, names = dictionary(rule["table"]), {*UNITS}
    assert rule["column"] in columns and (not rule["also"] or rule["also"] in columns)
    rows = empty(rule["table"]).assign(**UNITS)
    if rule["with"]:
        other, *keys = re.split(" by | ", rule["with"])
        its = SETS if other == "sets" else empty(other).assign(**UNITS)
        assert {*keys} <= {*rows} & {*its}
        rows = pd.concat([rows, its.drop(columns=keys).add_prefix("its_")], axis=1)
        names |= {*rows} | {"its_row"}
    wrong = eval(rule["wrong"], {"fold": fold, **DAYS}, rows)
    assert wrong.dtype == bool and rule["odd"] in ("", "yes")
    details = dict(part.split("=", 1) for part in rule["details"].split("|") if part)
    what, mend = messages()[rule["code"]]["en"]
    assert set(re.findall(r"{(\w+)}", what + mend)) <= {*details, "names"}
    assert set(re.findall(r"{(\w+)", " ".join(details.values()))) <= {*columns, *names}


def test_of_one_column_the_impossible_is_told_before_the_odd():
    """A cell of which something is told is passed over by the rules that follow."""
    rules = dictionary_rows("_rules")
    for table in TABLES:
        odd = [rule["odd"] for rule in rules if rule["table"] == table]
        assert odd == sorted(odd), table


def test_bounds_of_assumptions_are_numbers_in_order():
    for row in dictionary_rows("_assumptions"):
        if row["use"] != "unused":
            assert float(row["least"]) < float(row["most"])

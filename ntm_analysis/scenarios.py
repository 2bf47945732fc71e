"""Scenarios: a data set with some rows changed, told in a small YAML file; everything else, chance included, stays as it is.

``data/scenarios/<id>.yaml``: ``id``, ``title`` (vi, en), ``extends`` (another scenario, applied first), ``changes`` (a list
of ``table``, ``where`` (column: value), and ``set``, ``multiply`` or ``add`` (column: value)), ``policy``, ``deadline``.
``baseline`` changes nothing and has no file.
"""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from .dictionary import Column, dictionary
from .names import nearest
from .plan_checks import PLAN_TABLES, check_plan
from .problems import DataProblems, Problem
from .schedule import POLICIES
from .workbook import UnknownCommune, Workbook
from .yaml_files import Lines, read_yaml

BASELINE = "baseline"
CHANGED = (*PLAN_TABLES, "debts", "carry_over", "pace_factors", "criterion_shares", "targets")
KEYS = ("id", "title", "extends", "changes", "policy", "deadline")
ACTS = ("set", "multiply", "add")


class UnknownScenario(LookupError):
    """No scenario has this id; ``known`` lists those there are."""

    def __init__(self, text: str, known: list[str]) -> None:
        super().__init__(text)
        self.text, self.known = text, known


@dataclass(frozen=True)
class Scenario:
    """A scenario applied: its workbook, policy and deadline (None: the end of the term); ``changed``: rows it changed."""

    id: str
    title: dict[str, str]
    workbook: Workbook
    policy: str = "own"
    deadline: dt.date | None = None
    changed: int = 0


def scenario(workbook: Workbook, scenario_id: str = BASELINE) -> Scenario:
    """The data set as a scenario has it.

    Raises :class:`UnknownScenario`, or :class:`DataProblems` with everything wrong in its file and in what it makes of the
    tables.

    >>> scenario(Workbook.open("data/thanh-chuong"), "cement-150").changed
    4
    """
    base = Scenario(BASELINE, {"vi": "kịch bản gốc", "en": "baseline"}, workbook)
    if scenario_id == BASELINE:
        return base
    folder = workbook.path.parent / "scenarios"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    problems: list[Problem] = []
    chain: list[tuple[str, Lines]] = []
    wanted = scenario_id
    while wanted != BASELINE:
        if wanted not in known:
            if not chain:
                raise UnknownScenario(wanted, [BASELINE, *known])
            near = ", ".join(nearest(wanted, known) or known)
            problems.append(
                Problem(
                    "scenario_extends",
                    f"{chain[-1][0]}.yaml",
                    chain[-1][1].at("extends"),
                    "extends",
                    {"value": wanted, "near": near},
                )
            )
            break
        if wanted in [name for name, _ in chain]:
            problems.append(
                Problem(
                    "scenario_cycle", f"{wanted}.yaml", details={"value": " -> ".join([n for n, _ in chain] + [wanted])}
                )
            )
            break
        told = _read(folder / f"{wanted}.yaml", wanted, problems)
        if told is None:
            break
        chain.append((wanted, told))
        wanted = told.get("extends") or BASELINE
    made = base
    for name, told in reversed(chain):
        made = _applied(made, name, told, problems)
    if not problems:
        check_plan(made.workbook.tables, workbook.as_of.year, workbook.meta["term_end"]["date"].year, problems)
    if problems:
        raise DataProblems(problems)
    return made


def _read(path: Path, name: str, problems: list[Problem]) -> Lines | None:
    """A scenario file, its keys and forms checked; None when it cannot be used."""
    told = read_yaml(path, problems)
    if told is None:
        return None
    file, before = path.name, len(problems)
    for key in [key for key in told if key not in KEYS]:
        problems.append(Problem("yaml_key", file, told.at(key), details={"value": key, "allowed": ", ".join(KEYS)}))
    title = told.get("title")
    shapes = {
        "id": (told.get("id") == name, name),
        "title": (isinstance(title, dict) and all(isinstance(title.get(k), str) and title[k].strip() for k in ("vi", "en")),
        "{vi: ..., en: ...}"),
        "extends": (isinstance(told.get("extends", ""), str), "id"),
        "policy": (told.get("policy", "own") in POLICIES, ", ".join(POLICIES)),
        "deadline": (isinstance(told.get("deadline", dt.date.min), dt.date), "2025-12-31"),
        "changes": (isinstance(told.get("changes", []), list) and all(isinstance(c, Lines) for c in told.get("changes", [])),
        "- {table: ..., where: {...}, set: {...}}"),
    }  # fmt: skip
    for key, (fits, allowed) in shapes.items():
        if not fits:
            problems.append(
                Problem("yaml_value", file, told.at(key), key, {"value": told.get(key), "allowed": allowed})
            )
    return told if len(problems) == before else None


def _applied(before: Scenario, name: str, told: Lines, problems: list[Problem]) -> Scenario:
    """One file's changes on top of what it extends."""
    tables, changed = dict(before.workbook.tables), 0
    for change in told.get("changes", []):
        table, n = _change(before.workbook, tables, f"{name}.yaml", change, problems)
        if n:
            tables[change["table"]], changed = table, changed + n
    workbook = replace(before.workbook, tables=tables)
    policy, deadline = told.get("policy", before.policy), told.get("deadline", before.deadline)
    return Scenario(name, told["title"], workbook, policy, deadline, before.changed + changed)


def _change(
    workbook: Workbook, tables: dict, file: str, change: Lines, problems: list[Problem]
) -> tuple[pd.DataFrame | None, int]:
    """One change of a table: the new table and how many rows it changed; 0, and a problem each, where something is wrong."""
    before, line = len(problems), change.line
    acts = [act for act in ACTS if act in change]
    name = change.get("table")
    if (
        set(change) - {"table", "where", *ACTS}
        or len(acts) != 1
        or not isinstance(change[acts[0]] if acts else None, Lines)
    ):
        problems.append(Problem("scenario_form", file, line))
        return None, 0
    if name not in CHANGED:
        problems.append(
            Problem("scenario_table", file, change.at("table"), "table", {"value": name, "allowed": ", ".join(CHANGED)})
        )
        return None, 0
    table, columns, act = tables[name], dictionary(name), acts[0]
    where = change.get("where") or Lines(line)
    chosen = pd.Series(True, index=table.index)
    for part in (where, change[act]):
        for key in [key for key in part if key not in columns]:
            problems.append(
                Problem("scenario_column", file, part.at(key), key, {"value": key, "allowed": ", ".join(columns)})
            )
    if len(problems) > before:
        return None, 0
    for key, value in where.items():
        if key == "commune":
            try:
                chosen &= table["unit"] == workbook.find(str(value))
            except UnknownCommune as error:
                problems.append(
                    Problem(
                        "scenario_commune",
                        file,
                        where.at(key),
                        key,
                        {"value": value, "near": ", ".join(error.near) or "?"},
                    )
                )
        else:
            chosen &= table[key].isin([pd.Timestamp(value) if isinstance(value, dt.date) else value])
    if len(problems) == before and not chosen.any():
        problems.append(Problem("scenario_nothing", file, line, details={"table": f"{name}.csv"}))
    made = table.copy()
    for key, value in change[act].items():
        new = _new(columns[key], table.loc[chosen, key], act, value)
        if new is None:
            allowed = (
                f"{columns[key].low:g} - {columns[key].high:g}"
                if columns[key].low is not None
                else ", ".join(columns[key].allowed) or columns[key].type
            )
            problems.append(Problem("yaml_value", file, change[act].at(key), key, {"value": value, "allowed": allowed}))
        else:
            made.loc[chosen, key] = new
    return (made, int(chosen.sum())) if len(problems) == before else (None, 0)


def _new(column: Column, old: pd.Series, act: str, value: object) -> pd.Series | None:
    """The new values of a column; None where the value is of the wrong kind or leaves the range of the column."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if column.type in ("number", "integer"):
        if not number:
            return None
        made = {"set": old * 0 + value, "multiply": old * value, "add": old.fillna(0.0) + value}[act]
        made = made.fillna(float(value)) if act == "set" else made
        low, high = (
            (float("-inf") if column.low is None else column.low),
            (float("inf") if column.high is None else column.high),
        )
        whole = column.type == "number" or (made.dropna() % 1 == 0).all()
        return made if whole and made.dropna().between(low, high).all() else None
    if act != "set" or column.type not in ("choice", "text", "date"):
        return None
    if column.type == "date":
        return pd.Series(pd.Timestamp(value), index=old.index) if isinstance(value, dt.date) else None
    code = column.code_of(value) if column.type == "choice" and isinstance(value, str) else value
    return pd.Series(code, index=old.index) if isinstance(code, str) else None

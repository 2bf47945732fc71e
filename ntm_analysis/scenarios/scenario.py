"""Scenarios: a data set with some rows changed, told in a small YAML file; everything else, chance included, stays as it is.

``data/scenarios/<id>.yaml``: ``id``, ``title`` (vi, en), ``extends`` (another scenario, applied first), ``changes`` (a list
of ``table``, ``where`` (column: value; left out: all rows), and ``set``, ``multiply``, ``add`` (column: value) or ``repeat``: the
rows once more, with other values), ``policy``, ``deadline``, ``criteria_set`` (which judges NTM from now on). The tables that
come of it must pass the checks of the data set; what does not is told of the scenario's line.
``baseline`` changes nothing and has no file.
"""

import datetime as dt
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..dictionary import KEYS, Column, dictionary
from ..names import nearest
from ..need.missing import facts_ntm
from ..need.need import communes_in_need
from ..office_numbers import YEARS, NotRead, write_date, write_figure
from ..parameters import PLANS
from ..plan_checks import PLAN_TABLES, check_plan, lacking_assumptions
from ..problems import DataProblems, Problem
from ..table_checks import check_table
from ..table_files import duplicates, read_cell
from ..workbook import UnknownCommune, Workbook
from ..yaml_files import Lines, read_yaml

BASELINE = "baseline"
BASELINE_TITLE = {"vi": "kịch bản gốc", "en": "baseline"}
CHANGED = (*PLAN_TABLES, "debts", "carry_over", "criterion_shares", "targets", "priorities")
FILE_KEYS = ("id", "title", "extends", "changes", "policy", "deadline", "criteria_set")
ACTS = ("set", "multiply", "add", "repeat")
NUMBERS = ("number", "integer")
LONGEST_TITLE = 120  # letters
SETTABLE = (*NUMBERS, "choice", "text", "date")  # what names a unit, a set, a criterion or a source stays as it is
REPEATABLE = (*SETTABLE, "set")  # but what is said of one set may be said of another too
FIRST = ("equal", "decree", "closest", "cheapest", "optimal")  # the policies stand before the other scenarios
Step = tuple[str, int, dict[str, pd.DataFrame]]  # a change: its file and line, the tables before it


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


def folder_of(workbook: Workbook) -> Path:
    """Where the scenarios of a data set stand: beside it, for all data sets of that folder."""
    return workbook.path.parent / "scenarios"


def scenario_ids(workbook: Workbook) -> list[str]:
    """The scenarios there are: the baseline, the policies, then the other files by name.

    >>> scenario_ids(Workbook.open("data/thanh-chuong"))[:3]
    ['baseline', 'equal', 'decree']
    """
    files = sorted(path.stem for path in folder_of(workbook).glob("*.yaml"))
    return [BASELINE, *(name for name in FIRST if name in files), *(name for name in files if name not in FIRST)]


def scenario(workbook: Workbook, scenario_id: str = BASELINE, written: str | None = None) -> Scenario:
    """The data set as a scenario has it. ``written``: what shall stand in its file, whether or not there is one yet.

    Raises :class:`UnknownScenario`, or :class:`DataProblems` with everything wrong in its file and in what it makes of the
    tables.

    >>> scenario(Workbook.open("data/thanh-chuong"), "cement-150").changed
    4
    """
    base = Scenario(BASELINE, BASELINE_TITLE, workbook)
    taken = folder_of(workbook) / f"{BASELINE}.yaml"
    if taken.exists():
        raise DataProblems([Problem("scenario_reserved", taken.name, 1, "id", {"value": BASELINE})])
    if scenario_id == BASELINE:
        return base
    folder, known = folder_of(workbook), scenario_ids(workbook)[1:]
    known += [scenario_id] if written is not None and scenario_id not in known else []
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
            circle, (file, last) = " -> ".join([*(n for n, _ in chain), wanted]), chain[-1]
            problems.append(Problem("scenario_cycle", f"{file}.yaml", last.at("extends"), "extends", {"value": circle}))
            break
        told = _read(folder / f"{wanted}.yaml", wanted, workbook, problems, None if chain else written)
        if told is None:
            break
        chain.append((wanted, told))
        wanted = told.get("extends") or BASELINE
    made, history = base, []
    for name, told in reversed(chain):
        made = _applied(made, name, told, history, problems)
    if not problems:
        problems = _broken(workbook, made.workbook, history) or _unjudged(workbook, made.workbook, chain)
    if problems:
        raise DataProblems(problems)
    return made


def titles(workbook: Workbook) -> dict[str, dict[str, str]]:
    """The title of every scenario as its file has it, else its id; nothing else of the files is looked at.

    >>> titles(Workbook.open("data/thanh-chuong"))["closest"]["en"]
    'Closest first'
    """
    made = {BASELINE: BASELINE_TITLE}
    for name in scenario_ids(workbook)[1:]:
        told = read_yaml(folder_of(workbook) / f"{name}.yaml", []) or {}
        title = told.get("title") if isinstance(told.get("title"), dict) else {}
        made[name] = {lang: title[lang] if _is_title(title.get(lang)) else name for lang in ("vi", "en")}
    return made


def heading(workbook: Workbook, scenario_id: str, title: dict[str, str] | None = None) -> dict:
    """What every record says of itself first: data set, day, hash of the inputs, whether they are invented, scenario."""
    return {
        "dataset": workbook.id,
        "as_of": f"{workbook.as_of}",
        "content_hash": workbook.content_hash,
        "illustrative": workbook.illustrative,
        "scenario": scenario_id,
        "scenario_title": title or {"vi": scenario_id, "en": scenario_id},
    }


def _broken(workbook: Workbook, changed: Workbook, history: list[Step]) -> list[Problem]:
    """What the data set's own checks find in the ``changed`` tables and did not find before, each told of the change since
    which it is there."""
    tables = changed.tables
    names = [name for name in CHANGED if tables[name] is not workbook.tables[name]]

    def found(tables: dict[str, pd.DataFrame]) -> list[Problem]:
        problems = lacking_assumptions(tables["assumptions"])
        for name in names:
            check_table(name, tables[name].copy(), workbook.all_units, workbook.law, tables["sources"], problems)
            if "commune" not in KEYS[name]:
                duplicates(tables[name], name, KEYS[name], f"{name}.csv", problems)
        years = (workbook.as_of.year, workbook.meta["term_end"]["date"].year)
        check_plan(tables, *years, problems, changed.horizon)
        return problems

    made, left = [], found(tables) if history else []  # a policy breaks no table
    sound = found(workbook.tables) if left else []
    left = [problem for problem in left if problem not in sound]
    for file, line, before in reversed(history if left else []):
        there = found(before)
        for problem in [problem for problem in left if problem not in there]:
            column = problem.file if problem.column is None else f"{problem.file.removesuffix('.csv')}.{problem.column}"
            if problem.row and sum(other.column == problem.column for other in left) > 1:
                column += f" ({problem.file}:{problem.row})"  # else nobody can tell several rows apart
            made.append(replace(problem, file=file, row=line, column=column))
        left = [problem for problem in left if problem in there]
    return list(dict.fromkeys(made))


def _unjudged(workbook: Workbook, changed: Workbook, chain: list[tuple[str, Lines]]) -> list[Problem]:
    """What is not known for communes to be judged by the criteria set of a scenario, told of the line that names it."""
    names = [(name, told) for name, told in chain if "criteria_set" in told]
    if not names:
        return []
    try:
        facts_ntm(changed, communes_in_need(workbook, "ntm")["ntm"])
    except DataProblems as error:
        name, told = names[0]
        place = {"file": f"{name}.yaml", "row": told.at("criteria_set")}
        return [replace(problem, column=problem.file, **place) for problem in error.problems]
    return []


def _read(path: Path, name: str, workbook: Workbook, problems: list[Problem], written: str | None) -> Lines | None:
    """A scenario file, or what shall stand in it, its keys and forms checked; None when it cannot be used."""
    told = read_yaml(path, problems, written=written)
    if told is None:
        return None
    file, before, as_of = path.name, len(problems), workbook.as_of
    for key in [key for key in told if key not in FILE_KEYS]:
        problems.append(Problem("yaml_key", file, told.at(key), details={"value": key, "allowed": ", ".join(FILE_KEYS)}))
    title, deadline = told.get("title"), told.get("deadline", dt.date(YEARS[1], 12, 31))
    shapes = {
        "id": (told.get("id") == name, name),
        "title": (isinstance(title, dict) and all(_is_title(title.get(k)) for k in ("vi", "en")),
        f"{{vi: ..., en: ...}} (≤ {LONGEST_TITLE})"),
        "extends": (isinstance(told.get("extends", ""), str), "id"),
        "criteria_set": (isinstance(told.get("criteria_set", ""), str), "ntm-2016-2020"),
        "policy": (told.get("policy", "own") in PLANS, ", ".join(PLANS)),
        "deadline": (isinstance(deadline, dt.date) and deadline.year <= YEARS[1], f"2025-12-31 (≤ {YEARS[1]})"),
        "changes": (isinstance(told.get("changes", []), list) and all(isinstance(c, Lines) for c in told.get("changes", [])),
        "- {table: envelopes, where: {year: 2023}, multiply: {amount: 1.5}}"),
    }  # fmt: skip
    for key, (fits, allowed) in shapes.items():
        if not fits:
            problems.append(Problem("yaml_value", file, told.at(key), key, {"value": told.get(key), "allowed": allowed}))
    if isinstance(deadline, dt.date) and deadline <= as_of:
        details = {"day": f"{deadline:%d/%m/%Y}", "as_of": f"{as_of:%d/%m/%Y}"}
        problems.append(Problem("deadline_past", file, told.at("deadline"), "deadline", details))
    if isinstance(told.get("criteria_set"), str):
        _check_set(workbook, told, file, problems)
    for twin in sorted(path.parent.glob("*.yaml")):
        other = read_yaml(twin, []) if twin != path else None
        if other and other.get("id") == name:
            problems.append(Problem("scenario_twice", twin.name, other.at("id"), "id", {"value": name, "other": file}))
    return told if len(problems) == before else None


def _is_title(title: object) -> bool:
    return isinstance(title, str) and 0 < len(title.strip()) <= LONGEST_TITLE and title.isprintable()


def _check_set(workbook: Workbook, told: Lines, file: str, problems: list[Problem]) -> None:
    """The criteria set named exists, was known by the as-of date and is one of NTM."""
    chosen, place = told["criteria_set"], (file, told.at("criteria_set"), "criteria_set")
    known = {name: made for name, made in workbook.law.sets.items() if made.known_from <= workbook.as_of}
    if chosen not in known:
        allowed = ", ".join(name for name, made in known.items() if made.level == "ntm")
        problems.append(Problem("unknown_set", *place, {"value": chosen, "allowed": allowed}))
    elif known[chosen].level != "ntm":
        problems.append(Problem("wrong_level", *place, {"set": chosen, "found": known[chosen].level, "wanted": "ntm"}))


def _applied(before: Scenario, name: str, told: Lines, history: list[Step], problems: list[Problem]) -> Scenario:
    """One file's changes on top of what it extends."""
    usual = before.workbook.usual or before.workbook
    workbook, changed = replace(before.workbook, tables=dict(before.workbook.tables), usual=usual), 0
    for change in told.get("changes", []):
        history.append((f"{name}.yaml", change.line, dict(workbook.tables)))
        changed += _change(workbook, f"{name}.yaml", change, problems)
    policy, deadline = told.get("policy", before.policy), told.get("deadline", before.deadline)
    workbook.judged_by, workbook.deadline = told.get("criteria_set", workbook.judged_by), deadline
    return Scenario(name, told["title"], workbook, policy, deadline, before.changed + changed)


def _change(workbook: Workbook, file: str, told: Lines, problems: list[Problem]) -> int:
    """One change made in the workbook's tables, and how many rows it changed; 0, and a problem each, where something is
    wrong."""
    before = len(problems)

    def wrong(code: str, line: int, column: str | None = None, **details: object) -> None:
        problems.append(Problem(code, file, line, column, details))

    acts = [act for act in ACTS if act in told]
    shapeless = [key for key in ("where", *acts) if key in told and not (isinstance(told[key], Lines) and told[key])]
    if set(told) - {"table", "where", *ACTS} or len(acts) != 1 or shapeless:
        wrong("scenario_form", told.at(shapeless[0]) if shapeless else told.line)
        return 0
    name, act, where = told.get("table"), acts[0], told.get("where", Lines())
    if name not in CHANGED:
        wrong("scenario_table", told.at("table"), "table", value=name, allowed=", ".join(CHANGED))
        return 0
    table, columns = workbook.tables[name], dictionary(name)
    types = {"set": SETTABLE, "repeat": REPEATABLE}.get(act, NUMBERS)
    usable = [key for key, column in columns.items() if column.type in types]
    for part, allowed in ((where, list(columns)), (told[act], usable)):
        for key in [key for key in part if key not in allowed]:
            wrong("scenario_column", part.at(key), key, value=key, allowed=", ".join(allowed))
    if len(problems) > before:
        return 0
    chosen = pd.Series(True, index=table.index)
    for key, value in where.items():
        if isinstance(value, list | dict):
            wrong("yaml_value", where.at(key), key, value=str(value), allowed="một giá trị | one value")
        elif key == "commune":
            try:
                chosen &= table["unit"] == workbook.find(str(value))
            except UnknownCommune as error:
                wrong("scenario_commune", where.at(key), key, value=value, near=", ".join(error.near) or "?")
        else:
            chosen &= table[key].isin([pd.Timestamp(value) if isinstance(value, dt.date) else value])
    if len(problems) == before and not chosen.any():
        wrong("scenario_nothing", told.line, table=f"{name}.csv")
    made = table.copy()
    for key, value in told[act].items():
        try:
            made.loc[chosen, key] = _new(columns[key], table.loc[chosen, key], act, value, workbook.as_of)
        except NotRead as error:
            wrong(error.reason, told[act].at(key), key, **{"value": value} | error.details)
    if len(problems) > before:
        return 0
    if act == "repeat":
        more = made[chosen]
        more = more.assign(mark=more["mark"].replace("reported", "assumed"))  # nobody reported it of those
        made = pd.concat([table, more], ignore_index=True)
    workbook.tables[name] = made
    return int(chosen.sum())


def _new(column: Column, old: pd.Series, act: str, value: object, as_of: dt.date) -> pd.Series:
    """The new values of a column. Raises :class:`NotRead` where the value, or what it makes of an old one, is none for it."""
    if column.type in NUMBERS:
        return _numbers(column, old, act, value)
    if column.type == "text" and not isinstance(value, str):
        raise NotRead("yaml_value", allowed="chữ trong ngoặc kép | text in quotes")
    typed = f"{value}".strip()
    if column.required and not typed:
        raise NotRead("required", meaning=f"{column.vi} | {column.en}")
    made = read_cell(typed, column) if typed else ""
    if column.name == "known_from" and made > as_of:  # else the row would not be there
        raise NotRead("yaml_value", allowed=f"≤ {write_date(as_of)}")
    return pd.Series(pd.Timestamp(made) if column.type == "date" else made, index=old.index)


def _numbers(column: Column, old: pd.Series, act: str, value: object) -> pd.Series:
    """The new values of a column of numbers, checked: it is the result that must fit, whatever the factor."""
    low, high = -math.inf if column.low is None else column.low, math.inf if column.high is None else column.high
    ends = [f"{sign} {write_figure(end)}" for sign, end in (("≥", low), ("≤", high)) if math.isfinite(end)]
    allowed = ", ".join(ends) or "số | a number"
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise NotRead("yaml_value", allowed=allowed)
    if act in ("set", "repeat"):
        made, how = pd.Series(float(value), index=old.index), ""
    elif act == "multiply":
        made, how = old * value, f"x {write_figure(value)} = "
    else:
        made, how = old.fillna(0.0) + value, f"{'-' if value < 0 else '+'} {write_figure(abs(value))} = "
    for result in made.dropna():
        if not low <= result <= high:
            raise NotRead("yaml_value", value=how + write_figure(result), allowed=allowed)
        if column.type == "integer" and result % 1:
            raise NotRead("not_whole", value=how + write_figure(result))
    return made

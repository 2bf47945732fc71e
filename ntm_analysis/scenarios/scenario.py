"""Scenarios: a data set with some rows changed, told in a small YAML file.

Everything else, chance included, stays as it is. ``data/scenarios/<id>.yaml``: ``id``, ``title``
(vi, en), ``extends`` (another scenario, applied first), ``changes`` (a list of ``table``, ``where``
(column: value; left out: all rows), and ``set``, ``multiply``, ``add`` (column: value) or
``repeat``: the rows once more, with other values), ``policy``, ``deadline``, ``criteria_set``
(which judges NTM from now on). The tables that come of it must pass the checks of the data set;
what does not is told of the scenario's line. ``baseline`` changes nothing and has no file.
"""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..dictionary import KEYS, Column, dictionary
from ..law_checks import is_number
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
FIRST = ("equal", "decree", "closest", "cheapest", "optimal")  # the policies stand before the rest
CHANGED = (*PLAN_TABLES, "debts", "carry_over", "criterion_shares", "targets", "priorities")
LONGEST_TITLE = 120  # letters
NUMBERS = ("number", "integer")
# What names a unit, a set, a criterion or a source stays as it is; but what is said of one set may
# be said of another too.
SETTABLE = (*NUMBERS, "choice", "text", "date")
ACTS = {"set": SETTABLE, "multiply": NUMBERS, "add": NUMBERS, "repeat": (*SETTABLE, "set")}


def _is_title(title: object) -> bool:
    """Whether a title in both languages is one short line that a console can show."""
    return isinstance(title, dict) and all(
        isinstance(line, str) and 0 < len(line.strip()) <= LONGEST_TITLE and line.isprintable()
        for line in (title.get("vi"), title.get("en"))
    )


# What may stand under each key of a file, and the words that say so.
FORMS = {
    "title": (_is_title, f"{{vi: ..., en: ...}} (≤ {LONGEST_TITLE})"),
    "extends": (lambda value: isinstance(value, str), "id"),
    "changes": (
        lambda value: isinstance(value, list) and all(isinstance(row, Lines) for row in value),
        "- {table: envelopes, where: {year: 2023}, multiply: {amount: 1.5}}",
    ),
    "policy": (lambda value: value in PLANS, ", ".join(PLANS)),
    "deadline": (
        lambda value: isinstance(value, dt.date) and value.year <= YEARS[1],
        f"2025-12-31 (≤ {YEARS[1]})",
    ),
    "criteria_set": (lambda value: isinstance(value, str), "ntm-2016-2020"),
}


class UnknownScenario(LookupError):
    """No scenario has this id.

    Attributes
    ----------
    text : str
        What was asked for.
    known : list of str
        The scenarios that there are.
    """

    def __init__(self, text: str, known: list[str]) -> None:
        super().__init__(text)
        self.text, self.known = text, known


@dataclass(frozen=True)
class Scenario:
    """A scenario applied.

    Attributes
    ----------
    id : str
    title : dict of str to str
        By language.
    workbook : Workbook
        The data set with the scenario's rows.
    policy : str
    deadline : date, optional
        None: the end of the term.
    changed : int
        How many rows it changed.
    """

    id: str
    title: dict[str, str]
    workbook: Workbook
    policy: str = "own"
    deadline: dt.date | None = None
    changed: int = 0


@dataclass(frozen=True)
class _File:
    """A scenario's file while it is read: its mapping, and where problems are noted."""

    id: str
    lines: Lines
    problems: list[Problem]

    def wrong(self, code: str, block: Lines, key: str = "", **details: object) -> None:
        place = (f"{self.id}.yaml", block.at(key), key or None)
        self.problems.append(Problem(code, *place, details))


Step = tuple[_File, Lines, dict[str, pd.DataFrame]]  # a change of a file, and the tables before it


def folder_of(workbook: Workbook) -> Path:
    """Where the scenarios of a data set stand: beside it, for all data sets of that folder."""
    return workbook.path.parent / "scenarios"


def scenario_ids(workbook: Workbook) -> list[str]:
    """The scenarios there are: the baseline, the policies, then the other files by name.

    >>> scenario_ids(Workbook.open("data/thanh-chuong"))[:3]
    ['baseline', 'equal', 'decree']
    """
    files = sorted(path.stem for path in folder_of(workbook).glob("*.yaml"))
    first = [name for name in FIRST if name in files]
    return [BASELINE, *first, *(name for name in files if name not in FIRST)]


def titles(workbook: Workbook) -> dict[str, dict[str, str]]:
    """The title of every scenario as its file has it, else its id; nothing else is looked at.

    >>> titles(Workbook.open("data/thanh-chuong"))["closest"]["en"]
    'Closest first'
    """
    by_id = {BASELINE: BASELINE_TITLE}
    for name in scenario_ids(workbook)[1:]:
        title = (read_yaml(folder_of(workbook) / f"{name}.yaml", []) or {}).get("title")
        by_id[name] = title if _is_title(title) else {"vi": name, "en": name}
    return by_id


def scenario(workbook: Workbook, scenario_id: str = BASELINE, text: str | None = None) -> Scenario:
    """The data set as a scenario has it.

    Parameters
    ----------
    workbook : Workbook
    scenario_id : str
    text : str, optional
        What shall stand in the scenario's file, whether or not there is one yet.

    Returns
    -------
    Scenario

    Raises
    ------
    UnknownScenario
        Where there is no file and no text.
    DataProblems
        With everything wrong in the file and in what it makes of the tables.

    Examples
    --------
    >>> scenario(Workbook.open("data/thanh-chuong"), "cement-150").changed
    4
    """
    problems: list[Problem] = []
    files = _files(workbook, scenario_id, text, problems)
    chosen, history = Scenario(BASELINE, BASELINE_TITLE, workbook), []
    for file in reversed(files):
        chosen = _applied(chosen, file, history)
    if not problems:
        problems = _broken(workbook, chosen.workbook, history)
    if not problems:
        problems = _unjudged(workbook, chosen.workbook, files)
    if problems:
        raise DataProblems(problems)
    return chosen


def _files(workbook: Workbook, name: str, text: str | None, problems: list[Problem]) -> list[_File]:
    """The scenario's file, that which it extends, and so on."""
    taken, known, files = folder_of(workbook) / f"{BASELINE}.yaml", scenario_ids(workbook), []
    if taken.exists():
        problems.append(Problem("scenario_reserved", taken.name, 1, "id", {"value": BASELINE}))
        return []
    if text is None and name not in known:
        raise UnknownScenario(name, known)
    while name != BASELINE:
        before = [file.id for file in files]
        if name in before:
            circle = " -> ".join([*before, name])
            files[-1].wrong("scenario_cycle", files[-1].lines, "extends", value=circle)
            break
        if before and name not in known:
            near = ", ".join(nearest(name, known) or known)
            files[-1].wrong("scenario_extends", files[-1].lines, "extends", value=name, near=near)
            break
        file = _read(workbook, name, None if before else text, problems)
        if file is None:
            break
        files.append(file)
        name = file.lines.get("extends") or BASELINE
    return files


def _read(workbook: Workbook, name: str, text: str | None, problems: list[Problem]) -> _File | None:
    """A scenario's file, its keys and their forms checked; None when it cannot be used."""
    before, path = len(problems), folder_of(workbook) / f"{name}.yaml"
    lines = read_yaml(path, problems, written=text)
    if lines is None:
        return None
    file, sets, chosen = _File(name, lines, problems), workbook.law.sets, lines.get("criteria_set")
    keys = ("id", *FORMS)
    for key in [key for key in lines if key not in keys]:
        file.wrong("yaml_key", lines, key, value=key, allowed=", ".join(keys))
    for key, (fits, allowed) in FORMS.items():
        if (key in lines or key == "title") and not fits(lines.get(key)):
            file.wrong("yaml_value", lines, key, value=lines.get(key), allowed=allowed)
    if lines.get("id") != name:
        file.wrong("yaml_value", lines, "id", value=lines.get("id"), allowed=name)
    day = lines.get("deadline")
    if isinstance(day, dt.date) and day <= workbook.as_of:
        days = {"day": write_date(day), "as_of": write_date(workbook.as_of)}
        file.wrong("deadline_past", lines, "deadline", **days)
    if isinstance(chosen, str):
        known = {key: its for key, its in sets.items() if its.known_from <= workbook.as_of}
        if chosen not in known:
            allowed = ", ".join(key for key, its in known.items() if its.level == "ntm")
            file.wrong("unknown_set", lines, "criteria_set", value=chosen, allowed=allowed)
        elif (level := known[chosen].level) != "ntm":
            file.wrong("wrong_level", lines, "criteria_set", set=chosen, found=level, wanted="ntm")
    for twin in sorted(path.parent.glob("*.yaml")):
        other = (read_yaml(twin, []) if twin != path else None) or Lines()
        if other.get("id") == name:
            details = {"value": name, "other": path.name}
            _File(twin.stem, other, problems).wrong("scenario_twice", other, "id", **details)
    return file if len(problems) == before else None


def _applied(before: Scenario, file: _File, history: list[Step]) -> Scenario:
    """One file's changes on top of what it extends."""
    lines, base = file.lines, before.workbook
    workbook, changed = replace(base, tables=dict(base.tables), usual=base.usual or base), 0
    for change in lines.get("changes", []):
        history.append((file, change, dict(workbook.tables)))
        changed += _change(workbook, file, change)
    workbook.judged_by = lines.get("criteria_set", base.judged_by)
    workbook.deadline = lines.get("deadline", before.deadline)
    policy = lines.get("policy", before.policy)
    total = before.changed + changed
    return Scenario(file.id, lines["title"], workbook, policy, workbook.deadline, total)


def _change(workbook: Workbook, file: _File, change: Lines) -> int:
    """One change made in the workbook's tables: how many rows, none where something is wrong."""
    before, acts = len(file.problems), [act for act in ACTS if act in change]
    shapeless = [
        key
        for key in ("where", *acts)
        if key in change and not (isinstance(change[key], Lines) and change[key])
    ]
    if set(change) - {"table", "where", *ACTS} or len(acts) != 1 or shapeless:
        file.wrong("scenario_form", change, *shapeless[:1])
        return 0
    name, act, where = change.get("table"), acts[0], change.get("where", Lines())
    if name not in CHANGED:
        file.wrong("scenario_table", change, "table", value=name, allowed=", ".join(CHANGED))
        return 0
    table, columns, values = workbook.tables[name], dictionary(name), change[act]
    usable = [key for key, column in columns.items() if column.type in ACTS[act]]
    for part, allowed in ((where, columns), (values, usable)):
        for key in [key for key in part if key not in allowed]:
            file.wrong("scenario_column", part, key, value=key, allowed=", ".join(allowed))
    if len(file.problems) > before:
        return 0
    chosen = _rows(workbook, file, table, where)
    if len(file.problems) == before and not chosen.any():
        file.wrong("scenario_nothing", change, table=f"{name}.csv")
    changed = table.copy()
    for key, value in values.items():
        try:
            new = _new(columns[key], table.loc[chosen, key], act, value, workbook.as_of)
            changed.loc[chosen, key] = new
        except NotRead as error:
            file.wrong(error.reason, values, key, **{"value": value} | error.details)
    if len(file.problems) > before:
        return 0
    if act == "repeat":
        more = changed[chosen]  # nobody reported it of those
        more = more.assign(mark=more["mark"].replace("reported", "assumed"))
        changed = pd.concat([table, more], ignore_index=True)
    workbook.tables[name] = changed
    return int(chosen.sum())


def _rows(workbook: Workbook, file: _File, table: pd.DataFrame, where: Lines) -> pd.Series:
    """Which rows of a table a change is of."""
    chosen = pd.Series(True, index=table.index)
    for key, value in where.items():
        if isinstance(value, list | dict):
            allowed = "một giá trị | one value"
            file.wrong("yaml_value", where, key, value=str(value), allowed=allowed)
        elif key == "commune":
            try:
                chosen &= table["unit"] == workbook.find(str(value))
            except UnknownCommune as error:
                near = ", ".join(error.near) or "?"
                file.wrong("scenario_commune", where, key, value=value, near=near)
        else:
            day = isinstance(value, dt.date)
            chosen &= table[key].isin([pd.Timestamp(value) if day else value])
    return chosen


def _new(column: Column, old: pd.Series, act: str, value: object, as_of: dt.date) -> pd.Series:
    """The new values of a column.

    Raises
    ------
    NotRead
        Where the value, or what it makes of an old one, is none for the column.
    """
    if column.type in NUMBERS:
        return _numbers(column, old, act, value)
    if column.type == "text" and not isinstance(value, str):
        raise NotRead("yaml_value", allowed="chữ trong ngoặc kép | text in quotes")
    typed = f"{value}".strip()
    if column.required and not typed:
        raise NotRead("required", meaning=f"{column.vi} | {column.en}")
    cell = read_cell(typed, column) if typed else ""
    if column.name == "known_from" and cell > as_of:  # else the row would not be there
        raise NotRead("yaml_value", allowed=f"≤ {write_date(as_of)}")
    return pd.Series(pd.Timestamp(cell) if column.type == "date" else cell, index=old.index)


def _numbers(column: Column, old: pd.Series, act: str, value: object) -> pd.Series:
    """The new values of a column of numbers: it is the result that must fit, not the factor."""
    ends = (("≥", column.low), ("≤", column.high))
    limits = [f"{sign} {write_figure(end)}" for sign, end in ends if end is not None]
    allowed = ", ".join(limits) or "số | a number"
    if not is_number(value):
        raise NotRead("yaml_value", allowed=allowed)
    new, way = pd.Series(float(value), index=old.index), ""
    if act == "multiply":
        new, way = old * value, f"x {write_figure(value)} = "
    elif act == "add":
        sign = "-" if value < 0 else "+"
        new, way = old.fillna(0.0) + value, f"{sign} {write_figure(abs(value))} = "
    new = new.astype(float)
    for result in new[new != new.clip(column.low, column.high)].dropna():
        raise NotRead("yaml_value", value=way + write_figure(result), allowed=allowed)
    for result in new[new % 1 > 0] if column.type == "integer" else ():
        raise NotRead("not_whole", value=way + write_figure(result))
    return new


def _broken(workbook: Workbook, changed: Workbook, history: list[Step]) -> list[Problem]:
    """What the data set's own checks find in the changed tables and did not find before.

    Each is told of the change since which it is there.
    """
    names = [name for name in CHANGED if changed.tables[name] is not workbook.tables[name]]
    years = (workbook.as_of.year, workbook.meta["term_end"]["date"].year)

    def faults(tables: dict[str, pd.DataFrame]) -> list[Problem]:
        problems, sources = lacking_assumptions(tables["assumptions"]), tables["sources"]
        for name in names:
            of_law = (workbook.all_units, workbook.law, sources)
            check_table(name, tables[name].copy(), *of_law, problems)
            if "commune" not in KEYS[name]:
                duplicates(tables[name], name, KEYS[name], f"{name}.csv", problems)
        check_plan(tables, *years, problems, changed.horizon)
        return problems

    broken, left = [], faults(changed.tables) if history else []  # a policy breaks no table
    for file, change, before in reversed(history):
        if not left:
            break
        there = faults(before)
        for problem in [problem for problem in left if problem not in there]:
            column = problem.file
            if problem.column:
                column = f"{column.removesuffix('.csv')}.{problem.column}"
            column += f" ({problem.file}:{problem.row})" if problem.row else ""
            place = {"file": f"{file.id}.yaml", "row": change.line, "column": column}
            broken.append(replace(problem, **place))
        left = [problem for problem in left if problem in there]
    return list(dict.fromkeys(broken))


def _unjudged(workbook: Workbook, changed: Workbook, files: list[_File]) -> list[Problem]:
    """What is not known for communes to be judged by a scenario's criteria set."""
    for file in [file for file in files if "criteria_set" in file.lines]:
        try:
            facts_ntm(changed, communes_in_need(workbook, "ntm")["ntm"])
        except DataProblems as error:
            place = {"file": f"{file.id}.yaml", "row": file.lines.at("criteria_set")}
            return [replace(p, column=p.file, **place) for p in error.problems]
    return []

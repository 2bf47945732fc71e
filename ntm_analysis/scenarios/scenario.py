"""Scenario files: a data set with some rows changed, told in a small YAML file.

Everything else, chance included, stays as it is. ``data/scenarios/<id>.yaml``: ``id``, ``title``
(vi, en), ``extends`` (another scenario, applied first), ``changes`` (a list of ``table``, ``where``
(column: value; left out: all rows), and ``set``, ``multiply``, ``add`` (column: value) or
``repeat``: the rows once more, with other values), ``policy``, ``deadline``, ``criteria_set``
(which judges NTM from now on). The tables that come of it must pass the checks of the data set;
what does not is told of the scenario's line. ``baseline`` changes nothing and has no file.
:func:`save` writes such a file under a safe name, whole, and only when it can be read back.
"""

import datetime as dt
from dataclasses import replace

import pandas as pd

from ..data import (
    MONEY_TABLES,
    UnknownCommuneError,
    check_all_rules,
    check_money,
    check_table,
    lacking_assumptions,
)
from ..language import (
    FILE_SIGNS,
    PLANS,
    YEARS,
    RefusalError,
    UnreadableError,
    is_reserved,
    nearest,
    slug,
    write_date,
    write_figure,
)
from ..tables import (
    TABLE_KEYS,
    DataProblemsError,
    Lines,
    Problem,
    Shape,
    ShapedFile,
    as_yaml,
    dictionary,
    duplicates,
    is_number,
    one_of,
    read_cell,
    read_yaml,
    write_whole,
)

BASELINE = "baseline"
FIRST = ("equal", "decree", "closest", "cheapest", "optimal")  # the policies stand before the rest
CHANGED = (*MONEY_TABLES, "debts", "carry_over", "criterion_shares", "targets", "priorities")
LONGEST_TITLE = 120  # letters
NUMBERS = ("number", "integer")
# What names a unit, a set, a criterion or a source stays as it is; but what is said of one set may
# be said of another too.
SETTABLE = (*NUMBERS, "choice", "text", "date")
ACTS = {"set": SETTABLE, "multiply": NUMBERS, "add": NUMBERS, "repeat": (*SETTABLE, "set")}
LONGEST = 60  # letters of a file's name


def is_title(title):
    """Whether a title in both languages is one short line that a console can show.

    Parameters
    ----------
    title : object

    Returns
    -------
    bool
    """
    return isinstance(title, dict) and all(
        isinstance(line, str) and 0 < len(line.strip()) <= LONGEST_TITLE and line.isprintable()
        for line in map(title.get, ("vi", "en"))
    )


# What may stand under the keys of every file.
FORMS = {
    "title": Shape(is_title, f"{{vi: ..., en: ...}} (≤ {LONGEST_TITLE})"),
    "extends?": Shape(str, "id"),
    "changes?": Shape(
        lambda value: isinstance(value, list) and all(isinstance(row, Lines) for row in value),
        "- {table: envelopes, where: {year: 2023}, multiply: {amount: 1.5}}",
    ),
    "policy?": one_of(*PLANS),
}


class UnknownScenarioError(RefusalError):
    """No scenario has this id."""


def check_ids(ids, known):
    """Raise :class:`UnknownScenarioError` where a scenario is none; the nearest names come first.

    Parameters
    ----------
    ids, known : iterable of str
    """
    if unknown := ", ".join(name for name in ids if name not in known):
        near = dict.fromkeys([*nearest(unknown, known), *known])
        raise UnknownScenarioError("cli_no_scenario", name=unknown, known=[*near])


def folder_of(workbook):
    """Where the scenarios of a data set stand: beside it, for all data sets of that folder.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    Path
    """
    return workbook.path.parent / "scenarios"


def scenario_ids(workbook):
    """The scenarios there are: the baseline, the policies, then the other files by name.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    list of str

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> scenario_ids(Workbook.open("data/thanh-chuong"))[:3]
    ['baseline', 'equal', 'decree']
    """
    files = {path.stem for path in folder_of(workbook).glob("*.yaml")} - {BASELINE}
    return [BASELINE, *sorted(files, key=lambda name: ((*FIRST, name).index(name), name))]


def scenario(workbook, scenario_id=BASELINE, text=None):
    """The data set as a scenario has it.

    Parameters
    ----------
    workbook : Workbook
    scenario_id : str
    text : str, optional
        What shall stand in the scenario's file, whether or not there is one yet.

    Returns
    -------
    Workbook
        With the scenario's rows, criteria set, deadline, policy and title.

    Raises
    ------
    UnknownScenarioError
        Where there is no file and no text.
    DataProblemsError
        With everything wrong in the file and in what it makes of the tables.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> scenario(Workbook.open("data/thanh-chuong"), "two-more-years").last_day
    datetime.date(2027, 12, 31)
    """
    problems, history = [], []
    files = _files(workbook, scenario_id, text, problems)
    if not files and not problems:
        return workbook
    changed = replace(workbook, tables=dict(workbook.tables), usual=workbook.usual or workbook)
    for file in reversed(files):
        lines = file.content
        for change in lines["changes"] or []:
            history.append((file, change, dict(changed.tables)))
            _change(changed, file, change)
        changed.judged_by = lines["criteria_set"] or changed.judged_by
        changed.deadline = lines["deadline"] or changed.deadline
        changed.policy = lines["policy"] or changed.policy
    if problems := problems or _broken(workbook, changed, history):
        raise DataProblemsError(problems)
    changed.scenario_id, changed.scenario_title = lines["id"], lines["title"]
    if workbook.usual:  # a scenario of a scenario goes by both names
        before = workbook.scenario_title
        changed.scenario_id = f"{workbook.scenario_id}+{changed.scenario_id}"
        changed.scenario_title = {k: f"{before[k]} + {v}" for k, v in lines["title"].items()}
    return changed


def _files(workbook, name, text, problems):
    """The scenario's file, that which it extends, and so on."""
    known, files = scenario_ids(workbook), []
    if (folder_of(workbook) / f"{BASELINE}.yaml").exists():
        details = {"value": BASELINE}
        problems.append(Problem("scenario_reserved", f"{BASELINE}.yaml", 1, "id", details))
    if text is None:
        check_ids([name], known)
    while name != BASELINE and (file := _read(workbook, name, text, problems)):
        files.append(file)
        before, text = [each.content["id"] for each in files], None
        name = file.content["extends"] or BASELINE
        if name in before:
            _wrong(file, "scenario_cycle", "extends", value=" -> ".join([*before, name]))
            break
        if name not in known:
            near = ", ".join(nearest(name, known) or known)
            _wrong(file, "scenario_extends", "extends", value=name, near=near)
            break
    return files


def _read(workbook, name, text, problems):
    """A scenario's file, its keys and their forms checked; None when it cannot be used."""
    before, path, as_of = len(problems), folder_of(workbook) / f"{name}.yaml", workbook.as_of
    lines = read_yaml(path, problems, written=text)
    if lines is None:
        return None
    file = ShapedFile(path.name, lines, problems)
    sets, last = workbook.law.sets.items(), dt.date(YEARS[1], 12, 31)
    sets = [key for key, its in sets if its.level == "ntm" and its.known_from <= as_of]
    ahead = Shape(
        lambda value: isinstance(value, dt.date) and as_of < value <= last,
        f"> {as_of}, ≤ {last}",
    )
    forms = {"id": one_of(name), **FORMS, "deadline?": ahead, "criteria_set?": one_of(*sets)}
    file.content = file.hold(lines, forms)
    return file if len(problems) == before else None


def _change(workbook, file, change):
    """Make one change in the workbook's tables, or note all that is wrong with it."""
    name, acts = change.get("table"), [key for key in change if key not in ("table", "where")]
    blocks = [key for key in change if key != "table"]
    shapeless = [key for key in blocks if not (isinstance(change[key], Lines) and change[key])]
    if len(acts) != 1 or acts[0] not in ACTS or shapeless:
        return _wrong(file, "scenario_form", *shapeless[:1], block=change)
    if name not in CHANGED:
        allowed = ", ".join(CHANGED)
        return _wrong(file, "scenario_table", "table", change, value=name, allowed=allowed)
    table, columns, act = workbook.tables[name], dictionary(name), acts[0]
    changed, chosen, before = table.copy(), pd.Series(True, index=table.index), len(file.problems)
    usable = [key for key, its in columns.items() if its.type in ACTS[act]]
    for block, allowed in (("where", columns), (act, usable)):
        for key, value in change.get(block, {}).items():
            try:
                if key not in allowed:
                    raise UnreadableError("scenario_column", value=key, allowed=", ".join(allowed))
                if block == "where":
                    chosen &= _hits(workbook, table, key, value)
                else:
                    new = _new(table.loc[chosen, key], columns[key], act, workbook, value)
                    changed.loc[chosen, key] = new
            except UnreadableError as error:
                _wrong(file, error.reason, key, change[block], **{"value": value} | error.details)
        if len(file.problems) > before:
            chosen &= False  # of rows that nobody meant nothing is told
        elif not chosen.any():
            _wrong(file, "scenario_nothing", None, change, table=f"{name}.csv")
    if act == "repeat":  # nobody reported it of those
        more = changed[chosen]
        more = more.assign(mark=more["mark"].replace("reported", "assumed"))
        changed = pd.concat([table, more], ignore_index=True)
    if len(file.problems) == before:
        workbook.tables[name] = changed


def _wrong(file, code, key=None, block=None, **details):
    """Note what is wrong with a key of a block, or with all of it; default: of the file."""
    line = (file.content if block is None else block).at(key)
    file.problems.append(Problem(code, file.name, line, key, details))


def _hits(workbook, table, key, value):
    """Which rows have a value; raises UnreadableError where it can be none of a column."""
    if isinstance(value, list | dict):
        raise UnreadableError("yaml_value", value=str(value), allowed="một giá trị | one value")
    if key != "commune":
        return table[key].isin([pd.Timestamp(value) if isinstance(value, dt.date) else value])
    try:
        return table["unit"] == workbook.find(str(value))
    except UnknownCommuneError as error:
        near = ", ".join(error.details["near"]) or "-"
        raise UnreadableError("scenario_commune", near=near) from None


def _new(old, column, act, workbook, value):
    """The new values of a column; raises UnreadableError where they can be none of it."""
    if column.type in NUMBERS:
        return _numbers(column, old, act, value)
    if column.type == "text" and not isinstance(value, str):
        raise UnreadableError("yaml_value", allowed="chữ trong ngoặc kép | text in quotes")
    typed = f"{value}".strip()
    if column.required and not typed:
        raise UnreadableError("required", meaning=f"{column.vi} | {column.en}")
    cell = read_cell(typed, column) if typed else ""
    # Nobody reported what is tried, and what is invented stands in an invented data set.
    marks = ["assumed", "illustrative"][: 1 + workbook.illustrative]
    if column.name == "mark" and cell not in marks:
        raise UnreadableError("yaml_value", allowed=", ".join(marks))
    if column.name == "known_from" and cell > workbook.as_of:  # else the row would not be there
        raise UnreadableError("yaml_value", allowed=f"≤ {write_date(workbook.as_of)}")
    return pd.Series(pd.Timestamp(cell) if column.type == "date" else cell, index=old.index)


def _numbers(column, old, act, value):
    """The new values of a column of numbers: it is the result that must fit, not the factor."""
    allowed = f"≥ {write_figure(column.low)}, ≤ {write_figure(column.high)}"
    if not is_number(value):
        raise UnreadableError("yaml_value", allowed=allowed)
    sign = write_figure(value)
    new, way = {
        "multiply": (old * value, f"x {sign} = "),
        "add": (old.fillna(0.0) + value, f"+ {sign} = ".replace("+ -", "- ")),
    }.get(act, (pd.Series(value, index=old.index), ""))
    part = (new % 1 > 0) & (column.type == "integer")
    for code, bad in ("yaml_value", new != new.clip(column.low, column.high)), ("not_whole", part):
        for result in new[bad].dropna():
            raise UnreadableError(code, value=way + write_figure(result), allowed=allowed)
    return new.astype(float)


def _broken(workbook, changed, history):
    """What the data set's own checks find in the changed tables and did not find before.

    Each is told of the change since which it is there.
    """
    names = [name for name in CHANGED if changed.tables[name] is not workbook.tables[name]]
    days = {"as_of": workbook.as_of, "term_end": workbook.meta["term_end"]["date"]}
    years = [day.year for day in days.values()]

    def faults(tables):
        problems = lacking_assumptions(tables["assumptions"])
        of_law = (workbook.all_units, workbook.law, tables["sources"], problems)
        for name in names:
            check_table(name, tables[name].copy(), *of_law)
            if "commune" not in TABLE_KEYS[name]:
                duplicates(tables[name], name, f"{name}.csv", problems)
        check_money(tables, *years, problems, changed.horizon)
        check_all_rules(CHANGED, tables, *of_law[:2], days, problems)
        return [problem for problem in problems if not problem.warning]  # a trial may be odd

    broken, files = [], faults(changed.tables) if history else []  # a policy breaks no table
    steps = [(file, change, faults(before)) for file, change, before in history if files]
    for problem in dict.fromkeys(files):
        for file, change, _ in [step for step in steps if problem not in step[2]][-1:]:
            column = problem.file
            if problem.column:
                column = f"{column.removesuffix('.csv')}.{problem.column}"
            if problem.row:
                column += f" ({problem.file}:{problem.row})"
            broken.append(replace(problem, file=file.name, row=change.line, column=column))
    return broken


class NotSavedError(UnreadableError):
    """Why a scenario was not saved: the text is ``panel_save_<reason>``, with ``details``."""


def save(workbook, content, name, over=False):
    """Save a scenario that was tried.

    Parameters
    ----------
    workbook : Workbook
    content : dict
        What its file shall hold beside id and title.
    name : str
        As a person gives it.
    over : bool
        Whether one of the same id may be replaced.

    Returns
    -------
    tuple
        The scenario's id, made of its name; its file.

    Raises
    ------
    NotSavedError
    DataProblemsError
        Where the scenario does not fit the data set.
    """
    name, folder = name.strip(), folder_of(workbook)
    safe = slug(name)[:LONGEST].strip("-")
    path = folder / f"{safe}.yaml"
    sign = next((c for c in name if c in FILE_SIGNS or not c.isprintable()), "")
    faults = {
        "sign": sign,
        "empty": not safe,
        "long": len(name) > LONGEST_TITLE,
        "reserved": safe in (BASELINE, *FIRST) or is_reserved(safe),
        "gone": not workbook.path.is_dir(),  # nothing is laid out anew where the data set was
        "shipped": path.with_suffix(".expected.json").exists(),  # held against what it gave
        "nothing": not content.keys() & {"policy", "deadline", "changes"},
        "exists": path.exists() and not over,
    }
    sign = sign if sign.isprintable() else "\ufffd"
    details = {"sign": sign, "most": LONGEST_TITLE, "folder": workbook.path.name, "id": safe}
    for reason in [reason for reason, holds in faults.items() if holds]:
        raise NotSavedError(reason, **details)
    title = " ".join(name.split())
    text = as_yaml(content | {"id": safe, "title": {"vi": title, "en": title}})
    scenario(workbook, safe, text)  # what cannot be read back is not written
    try:
        write_whole(path, text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotSavedError("failed", folder=folder.name, error=reason) from None
    return safe, path

"""The register of forecasts and the outcomes entered beside it.

One file a forecast stands in ``forecasts/``, never changed once written; it holds the date, the
inputs and what was forecast before anybody knew the outcome.
"""

import datetime as dt
import hashlib
import json
import math
import re
from functools import partial
from itertools import compress
from operator import itemgetter
from os.path import lexists

import pandas as pd
from pandas import DataFrame

from ..language import slug
from ..tables import (
    DataProblemsError,
    Problem,
    Shape,
    ShapedFile,
    bounded_bytes,
    dictionary,
    read_table,
    write_whole,
)

LARGEST = 50_000_000  # bytes of an entry: one of the whole country has a tenth
REGISTER = "forecasts"  # the folder of registered forecasts
OUTCOMES = "outcomes.csv"
QUESTIONS = ("communes", "registrations")
OUTCOME_DAYS = ["met_on", "signed_on", "ended_on", "checked_on"]
ORDER = [
    ("met_on", "signed_on"),
    *((day, "checked_on") for day in OUTCOME_DAYS[:3]),
    ("checked_on", "today"),
]


# --- what an entry holds --------------------------------------------------------------------------

CODE = re.compile("[0-9]{5}").fullmatch


def _day(text):
    return f"{dt.date.fromisoformat(text)}" == text


def _number(value):
    return type(value) in (int, float) and abs(value) < math.inf


def _chance(value):
    return _number(value) and 0 <= value <= 1


def _count(value):
    return type(value) is int and value >= 0


def _versions(programs):
    return programs and all(map(str.strip, (*programs, *programs.values())))


def _worlds(chances):
    numbers = re.compile("[0-9]{1,6}")
    return chances and all(map(numbers.fullmatch, chances)) and all(map(_chance, chances.values()))


CHANCE = Shape(_chance)
# The shape of an entry.
ENTRY = {
    "id": re.compile(r"[a-z0-9-]{1,60}_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f]{8}").fullmatch,
    "dataset": lambda name: slug(name) == name != "",
    "illustrative": bool,
    "registered_on": _day,
    "made_in_hindsight?": bool,  # null in entries written before the word was known
    "versions": _versions,
    "content_hash": str,
    "parameters": {
        "as_of": _day,
        "deadline": _day,
        "finish": ("met", "signed").__contains__,
        "policy": str,
        "scenario": str,
        "draws": _number,
        "seed": _number,
    },
    "finished_now": _count,
    "finishing": dict.fromkeys(("p10", "p50", "p90", "mean"), _number) | {"distribution": _worlds},
    "basically_all": lambda number: _count(number) and number > 0,
    "p_basically_all": CHANCE,
    "p_all": CHANCE,
    "communes": [{"code": CODE, "name": str, "p": CHANCE, "p_signed": CHANCE, "finished": bool}],
    "registrations": [
        {
            "code": CODE,
            "name": str,
            "level": str,
            "year": int,
            "kind": str,
            "closes": _day,
            "p": CHANCE,
        }
    ],
}


class _EntryFile(ShapedFile):
    """An entry while it is held to its shape; ``paths``: of what is missing or wrong."""

    def __init__(self, name, entry):
        super().__init__(name, entry, [])
        self.paths = []

    def unknown(self, name, lines, keys):
        """Pass over what a later version adds."""

    def wrong(self, value, shape, line, place, missing=False):
        """Note the place; of a probability, that its value is none."""
        place = ".".join(map(str, place))
        if shape is CHANCE and not (missing or value is None):
            self.problem("register_probability", None, place=place, value=f"{value}")
        else:
            self.paths.append(place)


def _problems(entry, file):
    """List everything wrong with an entry that stands, or is to stand, in a file."""
    entry = entry if isinstance(entry, dict) else {}
    entry_file = _EntryFile(file, entry)
    entry_file.hold(entry, ENTRY)
    yield from entry_file.problems
    wrong = entry_file.paths
    if not wrong:
        will, codes = entry["finishing"], {row["code"] for row in entry["communes"]}
        chances = will["distribution"]
        contradictions = {
            "communes": not 0 < len(entry["communes"]) == len(codes),
            # Who has finished already finishes in every world.
            "finished_now": entry["finished_now"] > min(map(int, chances)),
            "finishing": not will["p10"] <= will["p50"] <= will["p90"],
            "finishing.distribution": not math.isclose(sum(chances.values()), 1),
        }
        wrong += compress(contradictions, contradictions.values())
    if entry.get("illustrative"):
        yield Problem("register_illustrative", file)
    if wrong:
        yield Problem("register_form", file, details={"value": ", ".join(wrong)})
    else:
        expected = f"{id_of(entry)}.json"
        if not file == f"{entry['id']}.json" == expected:
            details = {"value": entry["id"], "expected": expected}
            yield Problem("register_name", file, details=details)


def id_of(entry):
    """What an entry is called.

    Parameters
    ----------
    entry : dict

    Returns
    -------
    str
        ``<data set>_<as of>_<8 digits>``, a hash of the inputs' hash and the parameters.
    """
    parts = [entry["content_hash"], entry["parameters"]]
    digits = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{entry['dataset']}_{entry['parameters']['as_of']}_{digits}"


def entry_of(record, registered_on, versions):
    """The register entry of a forecast record; a registration without a probability is left out.

    Parameters
    ----------
    record : dict
        Of a forecast, as ``ntm forecast --json`` prints it.
    registered_on : datetime.date
    versions : dict of str to str
        Of the programs, by name.

    Returns
    -------
    dict
        ``id``: data set, as-of date and a hash of inputs and parameters, so the same forecast has
        the same id. :func:`register` checks it.
    """
    day = f"{registered_on}"
    own = {
        "registered_on": day,
        # Made when what it forecasts could be known already: a test of the method, not a forecast.
        "made_in_hindsight": day > record["deadline"],
        "versions": versions,
        "parameters": {key: record[key] for key in ENTRY["parameters"]},
        "finished_now": record["n_finished_now"],
    }
    for question in QUESTIONS:
        rows = (row for row in record[question] if row["p"] is not None)
        own[question] = [{key: row.get(key) for key in ENTRY[question][0]} for row in rows]
    whole = record | own
    entry = {key.rstrip("?"): whole.get(key.rstrip("?")) for key in ENTRY}
    return entry | {"id": id_of(entry)}


# --- the register on the disk ---------------------------------------------------------------------


def register(folder, entry):
    """Write an entry as ``<id>.json``, if it is new: one there stays as it is.

    Parameters
    ----------
    folder : pathlib.Path
    entry : dict
        See :func:`entry_of`.

    Returns
    -------
    path : pathlib.Path
    new : bool

    Raises
    ------
    DataProblemsError
        For what is no entry, so that no name becomes a path unchecked: illustrative data, a name
        unfit for a file, a date that is none, probabilities outside 0..1.
    OSError
        Where the folder cannot be written.
    """
    path = folder / f"{entry['id']}.json"
    if problems := [*_problems(entry, path.name)]:
        raise DataProblemsError(problems)
    new = not lexists(path)  # a link to nothing is there too
    content = json.dumps(entry, ensure_ascii=False, indent=1) + "\n"
    if new:
        write_whole(path, content)
    stored, problems = _read_entry(path)  # what is said to be kept is there and can be scored
    entry = json.loads(content)
    if not problems and (stored != entry if new else _subjects(stored) != _subjects(entry)):
        problems = [Problem("register_json", path.name)]
    if problems:
        raise DataProblemsError(problems)
    return path, new


def _subjects(entry):
    """What an entry gives chances of; the chances may be those of an older version."""
    return [
        [row.get(key) for key in ("code", "level", "year", "kind")]
        for question in QUESTIONS
        for row in entry.get(question, ())
    ]


def _read_entry(path):
    """An entry, and what is wrong with it."""
    try:
        entry = json.loads(bounded_bytes(path, LARGEST).decode("utf-8-sig"))
    except OSError:
        return None, [Problem("unopened_file", path.name)]
    except (ValueError, RecursionError) as error:
        return None, [Problem("register_json", path.name, getattr(error, "lineno", None))]
    return entry, [*_problems(entry, path.name)]


def read_register(folder, damaged=None):
    """The entries of a folder.

    Parameters
    ----------
    folder : pathlib.Path
    damaged : list of Problem, optional
        Gains what is wrong with entries, which are left out; without it they are an error.

    Returns
    -------
    list of dict
        By day of registration and id; none where there is no folder.

    Raises
    ------
    DataProblemsError
        Once, with everything wrong in any file.
    """
    entries, problems = [], [] if damaged is None else damaged
    for path in sorted(folder.glob("[!.]*.json")):  # a dot: a file being written just now
        entry, wrong = _read_entry(path)
        problems += wrong
        entries += [] if wrong else [entry]
    if problems and damaged is None:
        raise DataProblemsError(problems)
    return sorted(entries, key=itemgetter("registered_on", "id"))


def read_outcomes(path, today):
    """The outcomes entered.

    Parameters
    ----------
    path : pathlib.Path
    today : datetime.date

    Returns
    -------
    pandas.DataFrame
        A row a commune and level, as ``dictionary/outcomes.csv`` says; ``met_on``, ``signed_on``:
        NaT while it has not come about by ``checked_on``. No rows where there is no file.

    Raises
    ------
    DataProblemsError
        Once, with everything wrong: cells, days out of order or after ``today``, illustrative
        rows, a data set's name that is none.
    """
    if not lexists(path):
        return DataFrame(columns=["row", *dictionary("outcomes")])
    problems = []
    # No column is a number, so that no number style is asked for.
    outcomes = read_table(path, "outcomes", "vi", path.name, problems)
    for row in outcomes.to_dict("records"):
        problem = partial(Problem, file=path.name, row=row["row"])
        problems += _outcome_faults(row | {"today": pd.Timestamp(today)}, problem)
    if problems:
        raise DataProblemsError(problems)
    return outcomes


def _outcome_faults(row, problem):
    """Met, then signed, then checked, then today; two out of order are told at the earlier one."""
    day, near = "{:%d/%m/%Y}".format, slug(row["dataset"])
    if near != row["dataset"]:
        details = {"value": row["dataset"], "near": near or "thanh-chuong"}
        yield problem("outcome_dataset", column="dataset", details=details)
    if row["mark"] == "illustrative":
        yield problem("outcome_illustrative", column="mark")
    for first, second in ORDER:  # a blank day is neither before nor after another
        if row[first] > row[second]:
            code = "outcome_future" if second == "today" else "outcome_order"
            details = {"value": day(row[first]), "other": second, "day": day(row[second])}
            yield problem(code, column=first, details=details)

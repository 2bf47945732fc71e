"""The register of forecasts, and registered forecasts against what happened.

One file a forecast stands in ``forecasts/``, never changed; the outcomes are entered beside them.
A forecast is written down with its date and inputs before the outcome is known and scored when its
deadline has passed, the successes and the failures alike: what is met early is not scored early,
else only successes would count. Communes of one district share their money and their weather, and
one commune may stand in several forecasts, so the Wilson intervals are narrower than what is truly
known.
"""

import datetime as dt
import hashlib
import json
import math
import re
from collections import namedtuple
from functools import partial
from itertools import compress
from operator import itemgetter
from os.path import lexists

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..data import REGISTER
from ..language import slug
from ..tables import (
    DataProblemsError,
    Problem,
    Shape,
    ShapedFile,
    dictionary,
    read_table,
    write_whole,
)

FOLDER = REGISTER
OUTCOMES = "outcomes.csv"
SCALE_EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # the verbal scale of the workbook
BANDS = ("<5", "5-20", "20-40", "40-60", "60-80", "80-95", ">95")  # the same in percent
NORMAL = 1.9599639845400536  # an interval of 95 % is so many standard errors wide on either side
# Entries alike in these ask the same.
SAME_QUESTION = ["dataset", "as_of", "deadline", "finish", "scenario"]
QUESTIONS = ("communes", "registrations")
WAITING = ("deadline", "outcome")  # why something is not scored yet
COMMUNE = ["dataset", "code", "level"]  # whose outcome it is
DAYS = ["met_on", "signed_on", "ended_on", "checked_on"]
ORDER = [
    ("met_on", "signed_on"),
    *((day, "checked_on") for day in DAYS[:3]),
    ("checked_on", "today"),
]
SIDE = [
    "id",
    "registered_on",
    "made_in_hindsight",
    "brier",
    "number",
    "p10",
    "p90",
    "within",
    "crps",
]
QUESTION_COLUMNS = ["id", "question", "code", "name", "level", "due"]
ROW = [
    "id",
    "registered_on",
    "scenario",
    "policy",
    "finish",
    "question",
    "scored",
    "came_true",
    "waiting",
    "settled",
    "late",
    "brier",
    "brier_base",
    "skill",
    "made_in_hindsight",
    "asked",
]
FINISHING = [
    "id",
    "number",
    "p10",
    "p90",
    "within",
    "basically_all",
    "p_basically_all",
    "all",
    "p_all",
    "crps",
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
    own = record | own
    entry = {key.rstrip("?"): own.get(key.rstrip("?")) for key in ENTRY}
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
    if problems := [*_problems(entry, f"{entry['id']}.json")]:
        raise DataProblemsError(problems)
    new = not lexists(path)  # a link to nothing is there too
    if new:
        write_whole(path, json.dumps(entry, ensure_ascii=False, indent=1) + "\n")
    return path, new


def read_register(folder):
    """The entries of a folder.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of dict
        By day of registration and id; none where there is no folder.

    Raises
    ------
    DataProblemsError
        Once, with everything wrong in any file.
    """
    entries, problems = [], []
    for path in sorted(folder.glob("[!.]*.json")):  # a dot: a file being written just now
        try:
            entries.append(json.loads(path.read_text(encoding="utf-8-sig")))
        except OSError:
            problems.append(Problem("unopened_file", path.name))
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            problems.append(Problem("register_json", path.name, line))
        else:
            problems += _problems(entries[-1], path.name)
    if problems:
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


# --- scores of probabilities ----------------------------------------------------------------------


def wilson(came, n):
    """Wilson's interval (95 %) for a share.

    With z = 1.96: (came + z²/2 ± z·sqrt(came·(n - came)/n + z²/4)) / (n + z²). Source: E. B.
    Wilson, Probable inference, the law of succession, and statistical inference, J. American
    Statistical Association 22 (1927).

    Parameters
    ----------
    came, n : int, or arrays of int
        How many of how many.

    Returns
    -------
    ndarray of float
        Low and high end, 0..1; NaN of nothing.

    Examples
    --------
    >>> wilson(3, 4).round(3).tolist()
    [0.301, 0.954]
    """
    square = NORMAL * NORMAL
    half = NORMAL * np.sqrt(came * (n - came) / n + square / 4)
    middle = came + square / 2
    return np.clip([(middle - half) / (n + square), (middle + half) / (n + square)], 0.0, 1.0)


def scale_places(p):
    """The band of the verbal scale that each probability lies in.

    A border belongs to the band above it, only 0.95 to the band below: 5% is "5-20", 95% is
    "80-95".

    Parameters
    ----------
    p : float, or sequence of float

    Returns
    -------
    int, or numpy.ndarray of int
        From 0.

    Examples
    --------
    >>> scale_places([0.0, 0.05, 0.95, 0.96]).tolist()
    [0, 1, 5, 6]
    """
    return np.digitize(p, [*SCALE_EDGES[1:-2], np.nextafter(SCALE_EDGES[-2], 1)])


def reliability(p, came):
    """Of the forecasts in each band of the verbal scale, the share that came true.

    Parameters
    ----------
    p : sequence of float
        Probabilities, 0..1.
    came : sequence of float
        1 came true, 0 not.

    Returns
    -------
    pandas.DataFrame
        ``band``, ``n``, ``forecast`` (mean p), ``came_true`` (share), ``low``, ``high``
        (:func:`wilson`).

    Examples
    --------
    >>> table = reliability([0.96, 0.97, 0.1], [1, 0, 0]).set_index("band")
    >>> table.loc[["5-20", ">95"], ["n", "came_true"]].to_numpy().tolist()
    [[1.0, 0.0], [2.0, 0.5]]
    """
    each = DataFrame({"n": 1, "forecast": p, "came_true": came})
    table = each.groupby(scale_places(p)).sum().reindex(range(len(BANDS)), fill_value=0)
    n, true = table["n"], table["came_true"]
    low, high = wilson(true, n)
    shares = {"forecast": table["forecast"] / n, "came_true": true / n, "low": low, "high": high}
    return DataFrame({"band": BANDS, "n": n, **shares})


def crps(numbers, outcome, weights=None):
    """Continuous ranked probability score: mean distance less half the mean spread.

    Parameters
    ----------
    numbers : sequence of float
    outcome : float
    weights : sequence of float, optional
        Of the numbers.

    Returns
    -------
    float
        In the unit of the numbers.

    Examples
    --------
    >>> round(crps([1.0, 3.0], 2.0), 6)
    0.5
    """
    from scipy.stats import energy_distance

    return float(energy_distance(numbers, [outcome], weights)) ** 2 / 2


# --- forecasts against outcomes -------------------------------------------------------------------


class Scores(
    namedtuple(
        "Scores",
        "n_forecasts rows reliability waiting finishing communes_scored unused ended",
    )
):
    """What :func:`score` gives.

    Attributes
    ----------
    n_forecasts : int
        How many forecasts are registered.
    rows : pandas.DataFrame
        One row a forecast and question (``communes``, ``registrations``) with ``scored``,
        ``came_true``, ``waiting``, ``settled`` (certain because recognised when it was made: it
        says nothing, and a later revocation is not looked at), ``late`` (scored ones whose deadline
        had passed when the forecast was registered: a test looking back, not a forecast),
        ``brier``, ``brier_base`` (the forecast's own mean said of every commune alike), ``skill`` =
        1 - brier / brier_base (NaN where brier_base is 0).
    reliability : pandas.DataFrame
        See :func:`reliability`, over all forecasts of the scenario ``baseline``; another scenario
        forecasts a world that may not have come about.
    waiting : pandas.DataFrame
        What has no outcome yet, with ``due`` and ``reason`` (``deadline``: it has not passed;
        ``outcome``: not entered, or not known up to the deadline).
    finishing : pandas.DataFrame
        By forecast of which all communes are known, whether the number finishing fell within
        P10-P90.
    communes_scored : int
        Different communes of which at least one forecast was scored.
    unused : list of str
        Outcomes that belong to no forecast.
    ended : list of str
        Names of communes that were merged away before their deadline without having got there: what
        would have come of them nobody knows, so they are not scored.
    """

    def of_one_date(self):
        """Forecasts that ask the same of one data set on one day, where several are scored.

        Returns
        -------
        list of DataFrame
            By day of registration: id, registered_on, made_in_hindsight, brier (of the communes),
            number, p10, p90, within, crps (of the number finishing, communes).
        """
        rows = self.rows.query("question == 'communes' and scored > 0")
        table = rows.merge(self.finishing, on="id", how="left")
        groups = table.sort_values("registered_on", kind="stable").groupby("asked")
        return [rows[SIDE].reset_index(drop=True) for _, rows in groups if len(rows) > 1]

    @property
    def first_due(self):
        """The earliest deadline (ISO) of what still waits, scored from the day after; or None."""
        return self.waiting["due"].min() if len(self.waiting) else None


def happened(outcomes, due, on):
    """Whether levels were reached by a day.

    Signed by the deadline is met by the deadline too; signed later, with no day met, leaves open
    when it was met.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``signed_on``, ``checked_on``: dates or NaT.
    due : pandas.Series of datetime
    on : pandas.Series of datetime
        The day that decides: met or signed.

    Returns
    -------
    numpy.ndarray of float
        1, 0, or NaN while that is not known.

    Examples
    --------
    >>> seen = {"met_on": "2025-06-30", "signed_on": "2026-02-10", "checked_on": "2026-03-31"}
    >>> seen, due = DataFrame([seen]).apply(pd.to_datetime), pd.Timestamp(2025, 12, 31)
    >>> [happened(seen, due, seen[day]).item() for day in ("met_on", "signed_on")]
    [1.0, 0.0]
    """
    signed = outcomes["signed_on"]
    reached = (on <= due) | (signed <= due)
    is_known = (outcomes["checked_on"] >= due) & (on.notna() | signed.isna())
    return np.select([reached, is_known], [1.0, 0.0], np.nan)


def score(entries, outcomes, today):
    """Every registered forecast against the outcomes known on ``today``.

    Parameters
    ----------
    entries : list of dict
        See :func:`entry_of`.
    outcomes : pandas.DataFrame
        See :func:`read_outcomes`.
    today : datetime.date

    Returns
    -------
    Scores
    """
    entries = [entry | entry["parameters"] for entry in entries]
    answers = _answers(entries, outcomes, pd.Timestamp(today))
    rows, finishing = [], []
    for entry in entries:
        own = answers[answers["id"] == entry["id"]]
        by_question = {question: own[own["question"] == question] for question in QUESTIONS}
        rows += [
            _row(entry | {"question": question}, each) for question, each in by_question.items()
        ]
        finishing += _finishing(entry, by_question["communes"])
    scored = answers[answers["reason"] == ""]
    pooled = scored[scored["scenario"] == "baseline"]
    waiting = answers.loc[answers["reason"].isin(WAITING), [*QUESTION_COLUMNS, "reason"]]
    return Scores(
        len(entries),
        DataFrame(rows, columns=ROW),
        reliability(pooled["p"], pooled["came"]),
        waiting.reset_index(drop=True),
        DataFrame(finishing, columns=FINISHING),
        len(_communes(scored[scored["question"] == "communes"])),
        sorted(_communes(outcomes) - _communes(answers)),
        answers.loc[answers["reason"] == "ended", "name"].drop_duplicates().tolist(),
    )


def _communes(rows):
    return set(rows["dataset"] + " " + rows["code"])


def _answers(entries, outcomes, today):
    """Each probability of an entry with what came of it; ``reason`` is "" where it is scored."""
    rows = [
        {"question": question, "level": "ntm", "due": row.get("closes", entry["deadline"])}
        | entry
        | row
        for entry in entries
        for question in QUESTIONS
        for row in entry[question]
    ]
    columns = [*QUESTION_COLUMNS, *SAME_QUESTION, "registered_on", "p", "p_signed", "finished"]
    table = DataFrame(rows, columns=columns)
    table = table.merge(outcomes[[*COMMUNE, *DAYS]], "left", on=COMMUNE)
    table[DAYS] = table[DAYS].apply(pd.to_datetime)
    due, as_of = (pd.to_datetime(table[day]) for day in ("due", "as_of"))
    communes = table["question"] == "communes"
    # A registration counts by the day the criteria are met, whatever the communes are asked.
    signed = communes & (table["finish"] == "signed")
    p = table["p"].mask(signed, table["p_signed"]).astype(float)
    came = happened(table, due, table["met_on"].mask(signed, table["signed_on"]))
    # A registration that was certain of what was not reached on the as-of date is scored.
    later = Series(happened(table, as_of, table["met_on"]) == 0)
    settled = (p == 1) & table["finished"].where(communes, ~later).astype(bool)
    reasons = {
        "settled": settled,
        "deadline": due >= today,
        "ended": (table["ended_on"] <= due) & (came != 1),
        "outcome": np.isnan(came),
    }
    reason = np.select([*reasons.values()], [*reasons], "")
    return table.assign(p=p, came=np.where(settled, 1.0, came), reason=reason)


def _row(entry, answers):
    """The scores of a forecast's communes, or of its registrations."""
    reason = answers["reason"]
    scored = answers[reason == ""]
    p, came = scored["p"], scored["came"]
    brier, base = (((words - came) ** 2).mean() for words in (p, p.mean()))
    # Entries written before the word was known tell it by their days.
    hindsight = {"made_in_hindsight": entry["registered_on"] > entry["deadline"]}
    scores = {
        "scored": len(scored),
        "came_true": int(came.sum()),
        "waiting": reason.isin(WAITING).sum(),
        "settled": (reason == "settled").sum(),
        "late": (scored["due"] < entry["registered_on"]).sum(),
        "brier": brier,
        "brier_base": base,
        "skill": 1 - brier / base if base else np.nan,
        "asked": "|".join(entry[key] for key in SAME_QUESTION),
    }
    return hindsight | entry | scores


def _finishing(entry, answers):
    """How many communes finished in all, against a forecast of which none waits."""
    number, will = answers["came"].sum(), entry["finishing"]
    if {""} <= set(answers["reason"]) <= {"", "settled"}:
        chances = will["distribution"]
        came = {
            "number": int(number),
            "within": will["p10"] <= number <= will["p90"],
            "basically_all": number >= entry["basically_all"],
            "all": number == len(answers),
            "crps": crps([*map(int, chances)], number, [*chances.values()]),
        }
        yield entry | will | came

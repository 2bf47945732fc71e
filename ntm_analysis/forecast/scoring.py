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
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from operator import itemgetter
from statistics import NormalDist

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..dictionary import dictionary
from ..names import slug
from ..page_inputs import REGISTER
from ..problems import DataProblems, Problem
from ..table_files import read_table
from ..whole_files import write_whole

FOLDER = REGISTER
OUTCOMES = "outcomes.csv"
EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # the verbal scale of the workbook
ALIKE = ("as_of", "deadline", "finish", "scenario")  # forecasts alike in these ask the same
PLACES = ("communes", "registrations")
WAITING = ("deadline", "outcome")  # why something is not scored yet
DAYS = ["met_on", "signed_on", "ended_on", "checked_on"]
ORDER = (("met_on", "signed_on"), *((day, "checked_on") for day in DAYS[:3]))
WHEN = {"met": "met_on", "signed": "signed_on"}  # the day that decides, by what "finish" means
SIDE = ["id", "registered_on", "made_in_hindsight", "brier", "number", "p10", "p90", "within"]
SIDE += ["crps"]
ASKED = ["id", "question", "code", "name", "level", "due"]
ANSWER = [*ASKED, "dataset", "scenario", "p", "came", "reason"]

Row = namedtuple(
    "Row",
    "id registered_on scenario policy finish question scored came_true waiting settled late "
    "brier brier_base skill made_in_hindsight asked",
)
Finishing = namedtuple(
    "Finishing", "id number p10 p90 within basically_all p_basically_all all p_all crps"
)


# --- what an entry holds --------------------------------------------------------------------------


def _day(text):
    return f"{dt.date.fromisoformat(text)}" == text


def _number(value):
    return type(value) in (int, float) and abs(value) < math.inf


def _chance(value):
    return _number(value) and 0 <= value <= 1


def _versions(programs):
    return programs and all(map(str.strip, (*programs, *programs.values())))


def _worlds(chances):
    numbers = re.compile("[0-9]{1,6}")
    return chances and all(map(numbers.fullmatch, chances)) and all(map(_chance, chances.values()))


# What each part of an entry must be: a type, a test (which may fail on a value of another kind),
# parts by key, or a list of rows. "?": may be left out, so that entries written before a word was
# known stay readable.
ROW = {
    "code": re.compile("[0-9]{5}").fullmatch,
    "name?": str,
    "p": _chance,
    "p_signed?": _chance,
    "finished?": bool,
}
ENTRY = {
    "id": re.compile(r"[a-z0-9-]{1,60}_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f]{8}").fullmatch,
    "dataset": lambda name: slug(name) == name != "",
    "illustrative": bool,
    "registered_on": _day,
    "made_in_hindsight?": bool,
    "versions": _versions,
    "content_hash": str,
    "parameters": {
        "as_of": _day,
        "deadline": _day,
        "finish": WHEN.__contains__,
        "policy": str,
        "scenario": str,
        "draws": _number,
        "seed": _number,
    },
    "finished_now": int,
    "finishing": dict.fromkeys(("p10", "p50", "p90", "mean"), _number) | {"distribution": _worlds},
    "basically_all": int,
    "p_basically_all": _chance,
    "p_all": _chance,
    "communes": [ROW],
    "registrations": [ROW | {"level": str, "closes": _day}],
}


def _fits(form, value):
    if isinstance(form, type):
        return type(value) is form
    try:
        return bool(form(value))
    except (TypeError, ValueError, AttributeError):
        return False


def _faults(form, value, place=""):
    """Where a value departs from a form: place, value and form of the part."""
    if isinstance(form, dict) and isinstance(value, dict):
        for key, part in form.items():
            name = key.removesuffix("?")
            if name == key or value.get(name) is not None:
                yield from _faults(part, value.get(name), f"{place}.{name}")
    elif isinstance(form, list) and isinstance(value, list):
        for number, row in enumerate(value, start=1):
            yield from _faults(form[0], row, f"{place}.{number}")
    elif not _fits(form, value):
        yield place[1:], value, form


def _problems(entry, file):
    """Everything wrong with an entry that stands, or is to stand, in a file."""
    entry = entry if isinstance(entry, dict) else {}
    wrong = []
    for place, value, form in _faults(ENTRY, entry):
        if form is _chance and value is not None:
            details = {"place": place, "value": f"{value}"}
            yield Problem("register_probability", file, details=details)
        else:
            wrong.append(place)
    if entry.get("illustrative"):
        yield Problem("register_illustrative", file)
    if not wrong:
        # Who has finished already finishes in every world.
        least = min(map(int, entry["finishing"]["distribution"]))
        possible = {
            "finished_now": 0 <= entry["finished_now"] <= least,
            "basically_all": entry["basically_all"] > 0,
            "communes": entry["communes"],
        }
        wrong = [key for key, is_so in possible.items() if not is_so]
        expected = f"{id_of(entry)}.json"
        if not file == f"{entry['id']}.json" == expected:
            details = {"value": entry["id"], "expected": expected}
            yield Problem("register_name", file, details=details)
    if wrong:
        yield Problem("register_form", file, details={"value": ", ".join(wrong)})


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
        See :func:`ntm_analysis.forecast.forecast.record`.
    registered_on : datetime.date
    versions : dict of str to str
        Of the programs, by name.

    Returns
    -------
    dict
        ``id``: data set, as-of date and a hash of inputs and parameters, so the same forecast has
        the same id.

    Raises
    ------
    DataProblems
        For illustrative data, a name unfit for a file, a date that is none, probabilities outside
        0..1.
    """
    parts = {
        "communes": ("code", "name", "p", "p_signed", "finished"),
        "registrations": ("code", "name", "level", "year", "kind", "closes", "p"),
    }
    day = f"{registered_on}"
    own = {
        "registered_on": day,
        # Made when what it forecasts could be known already: a test of the method, not a forecast.
        "made_in_hindsight": day > record["deadline"],
        "versions": versions,
        "parameters": {key: record[key] for key in ENTRY["parameters"]},
        "finished_now": record["n_finished_now"],
    }
    for place, keys in parts.items():
        rows = [row for row in record[place] if row["p"] is not None]
        own[place] = [{key: row.get(key) for key in keys} for row in rows]
    own = record | own
    names = [key.removesuffix("?") for key in ENTRY]
    entry = {name: own.get(name) for name in names}
    return _sound(entry | {"id": id_of(entry)})


def _sound(entry):
    if problems := [*_problems(entry, f"{entry['id']}.json")]:
        raise DataProblems(problems)
    return entry


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
    DataProblems
        For what is no entry, so that no name becomes a path unchecked.
    OSError
        Where the folder cannot be written.
    """
    path = folder / f"{_sound(entry)['id']}.json"
    new = not path.exists()
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
    DataProblems
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
        raise DataProblems(problems)
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
    DataProblems
        Once, with everything wrong: cells, days out of order or after ``today``, illustrative
        rows, a data set's name that is none.
    """
    if not path.exists():
        return DataFrame(columns=["row", *dictionary("outcomes")])
    problems = []
    # No column is a number, so that no number style is asked for.
    outcomes = read_table(path, "outcomes", "vi", path.name, problems)
    for row in outcomes.to_dict("records"):
        problem = partial(Problem, file=path.name, row=row["row"])
        problems += _outcome_faults(row, pd.Timestamp(today), problem)
    if problems:
        raise DataProblems(problems)
    return outcomes


def _outcome_faults(row, today, problem):
    """Met, then signed, then checked, then today; two out of order are told at the earlier one."""
    day, near = "{:%d/%m/%Y}".format, slug(row["dataset"])
    if near != row["dataset"]:
        details = {"value": row["dataset"], "near": near or "thanh-chuong"}
        yield problem("outcome_dataset", column="dataset", details=details)
    if row["mark"] == "illustrative":
        yield problem("outcome_illustrative", column="mark")
    for first, second in ORDER:  # a blank day is neither before nor after another
        if row[first] > row[second]:
            details = {"value": day(row[first]), "other": second, "day": day(row[second])}
            yield problem("outcome_order", column=first, details=details)
    if row["checked_on"] > today:
        details = {"value": day(row["checked_on"]), "today": day(today)}
        yield problem("outcome_future", column="checked_on", details=details)


# --- scores of probabilities ----------------------------------------------------------------------


def brier(p, outcome):
    """Mean of (p - outcome)².

    0 is right throughout, 0.25 says one half always. Source: G. W. Brier, Verification of forecasts
    expressed in terms of probability, Monthly Weather Review 78 (1950).

    Parameters
    ----------
    p : sequence of float
        Probabilities, 0..1.
    outcome : sequence of float
        1 came true, 0 not.

    Returns
    -------
    float
        NaN if there is none.

    Raises
    ------
    ValueError
        For what is no probability or no outcome, or not as many.

    Examples
    --------
    >>> round(brier([0.9, 0.2], [1, 0]), 6), brier([0.5, 0.5], [1, 0])
    (0.025, 0.25)
    """
    p, outcome = _pair(p, outcome)
    return float(Series((p - outcome) ** 2).mean())


def wilson(came, n):
    """Wilson's interval (95 %) for a share.

    With z = 1.96: (came + z²/2 ± z·sqrt(came·(n - came)/n + z²/4)) / (n + z²). Source: E. B.
    Wilson, Probable inference, the law of succession, and statistical inference, J. American
    Statistical Association 22 (1927).

    Parameters
    ----------
    came, n : int
        How many of how many.

    Returns
    -------
    low, high : float
        0..1; NaN of nothing.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(3, 4)]
    [0.301, 0.954]
    """
    if not n:
        return math.nan, math.nan
    z = NormalDist().inv_cdf(0.975)
    half = z * math.sqrt(came * (n - came) / n + z * z / 4)
    low, high = ((came + z * z / 2 + sign * half) / (n + z * z) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def scale_places(p):
    """The band of the verbal scale that each probability lies in.

    A border belongs to the band above it, the last to the one below.

    Parameters
    ----------
    p : sequence of float

    Returns
    -------
    numpy.ndarray of int
        From 0.

    Examples
    --------
    >>> scale_places([0.0, 0.05, 0.95, 0.96]).tolist()
    [0, 1, 5, 6]
    """
    place = np.searchsorted(EDGES[1:-1], p, side="right")
    return place - (np.asarray(p) == EDGES[-2])


def reliability(p, outcome):
    """Of the forecasts in each band of the verbal scale, the share that came true.

    A border belongs to the band above it, except the last one: 5% is "5-20", 95% is "80-95".

    Parameters
    ----------
    p : sequence of float
        Probabilities, 0..1.
    outcome : sequence of float
        1 came true, 0 not.

    Returns
    -------
    pandas.DataFrame
        ``band``, ``n``, ``forecast`` (mean p), ``came_true`` (share), ``low``, ``high``
        (:func:`wilson`).

    Raises
    ------
    ValueError
        As :func:`brier`.

    Examples
    --------
    >>> table = reliability([0.96, 0.97, 0.1], [1, 0, 0]).set_index("band")
    >>> table.loc[["5-20", ">95"], ["n", "came_true"]].to_numpy().tolist()
    [[1.0, 0.0], [2.0, 0.5]]
    """
    p, outcome = _pair(p, outcome)
    percent = [f"{100 * edge:g}" for edge in EDGES]
    bands = [f"<{percent[1]}", *map("-".join, pairwise(percent[1:-1])), f">{percent[-2]}"]
    both, rows = DataFrame({"forecast": p, "came_true": outcome}), []
    for number, band in enumerate(bands):
        inside = both[scale_places(p) == number]
        ends = wilson(inside["came_true"].sum(), len(inside))
        rows.append((band, len(inside), *inside.mean(), *ends))
    return DataFrame(rows, columns=["band", "n", *both.columns, "low", "high"])


def _pair(p, outcome):
    p, outcome = np.array([p, outcome], dtype="float64")  # which must be as many
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(outcome, (0, 1)).all():
        raise ValueError("a probability lies outside 0..1, or an outcome is neither 0 nor 1")
    return p, outcome


def crps_of(distribution, outcome):
    """Continuous ranked probability score of a distribution of whole numbers.

    Parameters
    ----------
    distribution : dict of str to float
        The chance of each number.
    outcome : int

    Returns
    -------
    float
        In the unit of the numbers; 0 for one that was sure of the outcome.

    Examples
    --------
    >>> crps_of({"3": 1.0}, 5), crps_of({"4": 0.5, "6": 0.5}, 5)
    (2.0, 0.5)
    """
    numbers, chances = np.array(list(map(int, distribution))), np.array(list(distribution.values()))
    apart = np.abs(numbers[:, None] - numbers)
    return float(chances @ np.abs(numbers - outcome) - chances @ apart @ chances / 2)


# --- forecasts against outcomes -------------------------------------------------------------------


@dataclass
class Scores:
    """What :func:`score` gives.

    Attributes
    ----------
    registered : int
        Number of forecasts.
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

    registered: int
    rows: DataFrame
    reliability: DataFrame
    waiting: DataFrame
    finishing: DataFrame
    communes_scored: int
    unused: list[str]
    ended: list[str]

    def of_one_date(self) -> list[DataFrame]:
        """Forecasts that ask the same of one data set on one day, where several are scored.

        A table each, by day of registration: id, registered_on, made_in_hindsight, brier (of the
        communes), number, p10, p90, within, crps (of the number finishing, communes).
        """
        rows = self.rows.query("question == 'communes' and scored > 0")
        table = rows.merge(self.finishing, on="id", how="left")
        groups = table.sort_values("registered_on", kind="stable").groupby("asked")
        return [rows[SIDE].reset_index(drop=True) for _, rows in groups if len(rows) > 1]

    @property
    def first_due(self) -> dt.date | None:
        """The earliest deadline of what still waits; it can be scored from the day after."""
        return dt.date.fromisoformat(self.waiting["due"].min()) if len(self.waiting) else None


def happened(outcome, due, finish):
    """Whether a level was reached by a day.

    Signed by the deadline is met by the deadline too; signed later, with no day met, leaves open
    when it was met.

    Parameters
    ----------
    outcome : dict or None
        ``met_on``, ``signed_on``, ``checked_on``, blank NaT.
    due : pandas.Timestamp
    finish : str
        ``met`` or ``signed``.

    Returns
    -------
    int or None
        1, 0, or None while that is not known.

    Examples
    --------
    >>> seen = {"met_on": "2025-06-30", "signed_on": "2026-02-10", "checked_on": "2026-03-31"}
    >>> seen, due = Series(seen).map(pd.Timestamp), pd.Timestamp(2025, 12, 31)
    >>> happened(seen, due, "met"), happened(seen, due, "signed")
    (1, 0)
    """
    if outcome is None:
        return None
    on, signed = outcome[WHEN[finish]], outcome["signed_on"]
    if on <= due or signed <= due:
        return 1
    known = outcome["checked_on"] >= due and (pd.notna(on) or pd.isna(signed))
    return 0 if known else None


def score(entries, outcomes, today):
    """Every registered forecast against the outcomes known on ``today``.

    Parameters
    ----------
    entries : list of dict
        See :func:`entry_of`.
    outcomes : pandas.DataFrame
        dataset, code, level, met_on, signed_on, checked_on, mark (dates or NaT), a row a commune
        and level.
    today : datetime.date

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        For illustrative outcomes or entries.
    """
    invented = [entry for entry in entries if entry["illustrative"]]
    if invented or "illustrative" in set(outcomes["mark"]):
        raise ValueError("illustrative data cannot be scored")
    seen = outcomes.set_index(["dataset", "code", "level"])[DAYS].to_dict("index")
    asked = [(entry, place) for entry in entries for place in PLACES]
    answers = DataFrame(
        [each for question in asked for each in _answers(*question, seen, f"{today}")],
        columns=ANSWER,
    )
    places = answers.set_index(["id", "question"]).index

    def own(entry, place):
        return answers[places == (entry["id"], place)]

    rows = [_row(*question, own(*question)) for question in asked]
    finishing = [_finishing(entry, own(entry, "communes")) for entry in entries]
    scored = answers[answers["reason"] == ""]
    pooled = scored[scored["scenario"] == "baseline"]
    waiting = answers.loc[answers["reason"].isin(WAITING), [*ASKED, "reason"]]
    return Scores(
        len(entries),
        DataFrame(rows, columns=Row._fields),
        reliability(pooled["p"], pooled["came"]),
        waiting.reset_index(drop=True),
        DataFrame(filter(None, finishing), columns=Finishing._fields),
        len(_communes(scored[scored["question"] == "communes"])),
        sorted(_communes(outcomes) - _communes(answers)),
        answers.loc[answers["reason"] == "ended", "name"].drop_duplicates().tolist(),
    )


def _communes(rows):
    return set(rows["dataset"] + " " + rows["code"])


def _answers(entry, place, seen, today):
    """Each probability of an entry with what came of it; ``reason`` is "" where it is scored."""
    dataset, parameters = entry["dataset"], entry["parameters"]
    # A registration counts by the day the criteria are met, whatever the communes are asked.
    finish = parameters["finish"] if place == "communes" else "met"
    for row in entry[place]:
        p, code, level = row["p"], row["code"], row.get("level", "ntm")
        due = row.get("closes", parameters["deadline"])
        day, as_of = pd.Timestamp(due), pd.Timestamp(parameters["as_of"])
        if finish == "signed" and row.get("p_signed") is not None:
            p = row["p_signed"]
        outcome = seen.get((dataset, code, level))
        came = happened(outcome, day, finish)
        # A registration that was certain of what was not reached on the as-of date is scored.
        later = happened(outcome, as_of, "met") == 0
        if p == 1 and row.get("finished", not later):
            reason, came = "settled", 1
        elif today <= due:
            reason = "deadline"
        elif outcome and outcome["ended_on"] <= day and not came:
            reason = "ended"
        else:
            reason = "outcome" if came is None else ""
        about = (entry["id"], place, code, row.get("name") or code, level, due)
        yield *about, dataset, parameters["scenario"], p, came, reason


def _row(entry, question, answers):
    """The scores of one forecast's communes, or of its registrations."""
    reason, parameters = answers["reason"], entry["parameters"]
    scored = answers[reason == ""]
    p, came = (scored[key].astype(float) for key in ("p", "came"))
    own, base = brier(p, came), float(((p.mean() - came) ** 2).mean())
    return Row(
        entry["id"],
        entry["registered_on"],
        *(parameters[key] for key in ("scenario", "policy", "finish")),
        question,
        len(scored),
        int(came.sum()),
        int(reason.isin(WAITING).sum()),
        int((reason == "settled").sum()),
        int((scored["due"] < entry["registered_on"]).sum()),
        own,
        base,
        1 - own / base if base > 0 else math.nan,
        entry.get("made_in_hindsight", False),
        "|".join([entry["dataset"], *(parameters[key] for key in ALIKE)]),
    )


def _finishing(entry, answers):
    """How many communes finished in all, against the forecast; None while one of them waits."""
    reasons = set(answers["reason"])
    if "" not in reasons or reasons - {"", "settled"}:
        return None
    # A record may list the open communes alone: the finished ones that it leaves out count too.
    listed = sum(row.get("finished", row["p"] == 1) for row in entry["communes"])
    unlisted, will = max(0, entry["finished_now"] - listed), entry["finishing"]
    number = unlisted + int(answers["came"].sum())
    return Finishing(
        entry["id"],
        number,
        will["p10"],
        will["p90"],
        will["p10"] <= number <= will["p90"],
        number >= entry["basically_all"],
        entry["p_basically_all"],
        number == unlisted + len(answers),
        entry["p_all"],
        crps_of(will["distribution"], number),
    )

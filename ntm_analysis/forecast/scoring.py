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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy import ndarray
from pandas import DataFrame

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
DAYS = ("met_on", "signed_on", "ended_on", "checked_on")
ORDER = (("met_on", "signed_on"), *((day, "checked_on") for day in DAYS[:3]))
WHEN = {"met": "met_on", "signed": "signed_on"}  # the day that decides, by what "finish" means
SIDE = ["id", "registered_on", "made_in_hindsight", "brier", "number", "p10", "p90", "within"]
SIDE += ["crps"]

Question = namedtuple(
    "Question", "id dataset question code name level due p came reason late pooled"
)
Row = namedtuple(
    "Row",
    "id registered_on scenario policy finish question scored came_true waiting settled late "
    "brier brier_base skill made_in_hindsight asked",
)
Finishing = namedtuple(
    "Finishing", "id number p10 p90 within basically_all p_basically_all all p_all crps"
)


# --- what an entry holds --------------------------------------------------------------------------


def _is_day(text):
    return f"{dt.date.fromisoformat(text)}" == text


def _is_text(value):
    return isinstance(value, str)


def _is_flag(value):
    return isinstance(value, bool)


def _is_number(value):
    return type(value) in (int, float) and abs(value) < math.inf


def _is_distribution(chances):
    return chances and all(re.fullmatch("[0-9]{1,6}", number) for number in chances)


PARAMETERS = {
    "as_of": _is_day,
    "deadline": _is_day,
    "finish": WHEN.__contains__,
    "policy": _is_text,
    "scenario": _is_text,
    "draws": _is_number,
    "seed": _is_number,
}
NUMBER = dict.fromkeys(("p10", "p50", "p90", "mean"), _is_number)
NUMBER["distribution"] = _is_distribution
# What each part of an entry must be; a check may fail on a value of another kind.
ENTRY = {
    "id": re.compile(r"[a-z0-9-]{1,60}_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f]{8}").fullmatch,
    "dataset": lambda name: slug(name) == name != "",
    "illustrative": _is_flag,
    "registered_on": _is_day,
    "made_in_hindsight": _is_flag,
    "versions": lambda them: them and all(text.strip() for text in (*them, *them.values())),
    "content_hash": _is_text,
    "parameters": lambda them: not _faults(PARAMETERS, them),
    "finished_now": lambda number: type(number) is int and number >= 0,
    "finishing": lambda them: not _faults(NUMBER, them),
    "basically_all": lambda number: type(number) is int and number > 0,
    "communes": lambda rows: isinstance(rows, list) and rows,
    "registrations": lambda rows: isinstance(rows, list),
}
BOTH = {"code": re.compile("[0-9]{5}").fullmatch, "name": _is_text, "finished": _is_flag}
ROWS = {"communes": BOTH, "registrations": BOTH | {"level": _is_text, "closes": _is_day}}
# What need not be said: entries written before a word was known stay readable.
OPTIONAL = {"made_in_hindsight": False, "name": "", "finished": False}
# Parts whose faults do not keep the chances from being looked at.
APART = {"registered_on", "versions", "finished_now", "basically_all"}


def _fits(check, value):
    try:
        return bool(check(value))
    except (TypeError, ValueError, AttributeError, KeyError):
        return False


def entry_faults(entry: object) -> list[str]:
    """What keeps a value from being a register entry, as short places; probabilities apart.

    >>> entry_faults({"id": "x"})[:3]
    ['id', 'dataset', 'illustrative']
    """
    if not isinstance(entry, dict):
        return list(ENTRY)
    wrong = _faults(ENTRY, entry)
    # Who has finished already finishes in every world.
    if "finishing" not in wrong and "finished_now" not in wrong:
        least = min(map(int, entry["finishing"]["distribution"]))
        wrong += ["finished_now"] * (entry["finished_now"] > least)
    for place in PLACES:
        for number, row in enumerate(entry[place] if place not in wrong else (), start=1):
            wrong += [f"{place}.{number}.{key}" for key in _faults(ROWS[place], row)]
    return wrong


def _faults(checks, part):
    if not isinstance(part, dict):
        return list(checks)
    return [
        key for key, check in checks.items() if not _fits(check, part.get(key, OPTIONAL.get(key)))
    ]


def chance_faults(entry: dict) -> dict[str, object]:
    """Every probability of a well-formed entry that is no number from 0 to 1, by its place."""
    chances = {key: entry.get(key) for key in ("p_basically_all", "p_all")}
    chances |= {f"finishing.{n}": p for n, p in entry["finishing"]["distribution"].items()}
    for place in PLACES:
        for number, row in enumerate(entry[place], start=1):
            chances[f"{place}.{number}.p"] = row.get("p")
            if row.get("p_signed") is not None:
                chances[f"{place}.{number}.p_signed"] = row["p_signed"]
    return {place: p for place, p in chances.items() if not (_is_number(p) and 0 <= p <= 1)}


def id_of(entry: dict) -> str:
    """``<data set>_<as of>_<8 digits>``, a hash of the inputs' hash and the parameters."""
    parts = [entry["content_hash"], entry["parameters"]]
    digits = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{entry['dataset']}_{entry['parameters']['as_of']}_{digits}"


def entry_of(record: dict, registered_on: dt.date, versions: dict[str, str]) -> dict:
    """The register entry of a forecast record; a registration without a probability is left out.

    ``id``: data set, as-of date and a hash of inputs and parameters, so the same forecast has the
    same id. Raises ValueError for illustrative data, a name unfit for a file, a date that is none,
    probabilities outside 0..1.

    >>> entry_of({"illustrative": True}, dt.date(2022, 4, 1), {})
    Traceback (most recent call last):
    ValueError: illustrative data: a forecast of it cannot be scored
    """
    if record.get("illustrative"):
        raise ValueError("illustrative data: a forecast of it cannot be scored")
    chances = ("finishing", "basically_all", "p_basically_all", "p_all")
    parts = {
        "communes": ("code", "name", "p", "p_signed", "finished"),
        "registrations": ("code", "name", "level", "year", "kind", "closes", "p"),
    }
    entry = {
        "id": "",
        "dataset": record["dataset"],
        "illustrative": False,
        "registered_on": f"{registered_on}",
        # Made when what it forecasts could be known already: a test of the method, not a forecast.
        "made_in_hindsight": f"{registered_on}" > record["deadline"],
        "versions": versions,
        "content_hash": record["content_hash"],
        "parameters": {key: record[key] for key in PARAMETERS},
        "finished_now": record["n_finished_now"],
        **{key: record[key] for key in chances},
        **{
            place: [
                {key: row.get(key) for key in keys} for row in record[place] if row["p"] is not None
            ]
            for place, keys in parts.items()
        },
    }
    entry["id"] = id_of(entry)
    chances = [f"{place}: {p}" for place, p in chance_faults(entry).items()]
    if wrong := [*entry_faults(entry), *chances]:
        raise ValueError("; ".join(wrong))
    return entry


# --- the register on the disk ---------------------------------------------------------------------


def register(folder: Path, entry: dict) -> tuple[Path, bool]:
    """Write an entry as ``<id>.json``; its path, and whether it is new: one there stays as it is.

    Raises ValueError for what is no entry of :func:`entry_of`, so that no name becomes a path
    unchecked; OSError where the folder cannot be written.
    """
    wrong = entry_faults(entry) or chance_faults(entry)
    if wrong or entry["illustrative"] or entry["id"] != id_of(entry):
        raise ValueError(f"not a register entry: {', '.join(wrong) or entry['id']}")
    path = Path(folder) / f"{entry['id']}.json"
    if path.exists() or path.is_symlink():
        return path, False
    write_whole(path, json.dumps(entry, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return path, True


def read_register(folder: Path) -> list[dict]:
    """The entries of a folder, by day of registration and id; none where there is no folder.

    Raises :class:`~ntm_analysis.problems.DataProblems` once, with everything wrong in any file.
    """
    # A dot: a file being written just now.
    files = [_read_entry(path) for path in sorted(Path(folder).glob("[!.]*.json"))]
    if problems := [problem for _, own in files for problem in own]:
        raise DataProblems(problems)
    return sorted((entry for entry, _ in files), key=itemgetter("registered_on", "id"))


def _read_entry(path):
    """One entry, and a problem for each thing wrong with it."""
    problem = partial(Problem, file=path.name)
    try:
        entry = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        return None, [problem("unopened_file")]
    except (ValueError, RecursionError) as error:
        return None, [problem("register_json", row=getattr(error, "lineno", None))]
    problems = []
    if wrong := entry_faults(entry):
        problems.append(problem("register_form", details={"value": ", ".join(wrong)}))
    if isinstance(entry, dict) and entry.get("illustrative"):
        problems.append(problem("register_illustrative"))
    if set(wrong) <= APART:
        for place, p in chance_faults(entry).items():
            details = {"place": place, "value": f"{p}"}
            problems.append(problem("register_probability", details=details))
        expected = id_of(entry)
        if not path.stem == entry["id"] == expected:
            details = {"value": entry["id"], "expected": f"{expected}.json"}
            problems.append(problem("register_name", details=details))
    return entry, problems


def read_outcomes(path: Path, today: dt.date) -> DataFrame:
    """The outcomes entered, a row a commune and level; none where there is no file.

    ``met_on`` and ``signed_on``: blank while it has not come about by ``checked_on``
    (``dictionary/outcomes.csv``). Raises :class:`~ntm_analysis.problems.DataProblems` once, with
    everything wrong: cells, days out of order or after ``today``, illustrative rows, a data set's
    name that is none.
    """
    path = Path(path)
    if not (path.exists() or path.is_symlink()):
        return DataFrame(columns=["row", *dictionary("outcomes")])
    problems: list[Problem] = []
    # No column is a number, so that no number style is asked for.
    outcomes = read_table(path, "outcomes", "vi", path.name, problems)
    for row in outcomes.to_dict("records"):
        problems += _outcome_faults(
            row, pd.Timestamp(today), partial(Problem, file=path.name, row=row["row"])
        )
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
    for key in DAYS:  # a blank day is neither before nor after another
        if row[key] > today:
            details = {"value": day(row[key]), "today": day(today)}
            yield problem("outcome_future", column=key, details=details)
    for first, second in ORDER:
        if row[first] > row[second]:
            details = {"value": day(row[first]), "other": second, "day": day(row[second])}
            yield problem("outcome_order", column=first, details=details)


# --- scores of probabilities ----------------------------------------------------------------------


def brier(p: Sequence[float], outcome: Sequence[float]) -> float:
    """Mean of (p - outcome)², outcome 1 came true, 0 not; NaN if there is none.

    0 is right throughout, 0.25 says one half always. Source: G. W. Brier, Verification of forecasts
    expressed in terms of probability, Monthly Weather Review 78 (1950).

    >>> round(brier([0.9, 0.2], [1, 0]), 6), brier([0.5, 0.5], [1, 0])
    (0.025, 0.25)
    """
    p, outcome = _pair(p, outcome)
    return float(np.mean((p - outcome) ** 2)) if p.size else math.nan


def wilson(came: int, n: int) -> tuple[float, float]:
    """Wilson's interval (95 %) for a share, ``came`` of ``n``; (NaN, NaN) of nothing.

    With z = 1.96: (came + z²/2 ± z·sqrt(came·(n - came)/n + z²/4)) / (n + z²). Source: E. B.
    Wilson, Probable inference, the law of succession, and statistical inference, J. American
    Statistical Association 22 (1927).

    >>> [round(end, 3) for end in wilson(3, 4)]
    [0.301, 0.954]
    """
    if not n:
        return math.nan, math.nan
    z = NormalDist().inv_cdf(0.975)
    half = z * math.sqrt(came * (n - came) / n + z * z / 4)
    low, high = ((came + z * z / 2 + sign * half) / (n + z * z) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def scale_places(p: Sequence[float]) -> ndarray:
    """The band of the verbal scale that each probability lies in, from 0.

    A border belongs to the band above it, the last to the one below.

    >>> scale_places([0.0, 0.05, 0.95, 0.96]).tolist()
    [0, 1, 5, 6]
    """
    place = np.searchsorted(EDGES[1:-1], p, side="right")
    return place - (np.asarray(p) == EDGES[-2])


def reliability(p: Sequence[float], outcome: Sequence[float]) -> DataFrame:
    """Of the forecasts in each band of the verbal scale, the share that came true.

    Columns ``band``, ``n``, ``forecast`` (mean p), ``came_true`` (share), ``low``, ``high``
    (:func:`wilson`). A border belongs to the band above it, except the last one: 5% is "5-20", 95%
    is "80-95".

    >>> table = reliability([0.96, 0.97, 0.1], [1, 0, 0]).set_index("band")
    >>> table.loc[["5-20", ">95"], ["n", "came_true"]].to_numpy().tolist()
    [[1.0, 0.0], [2.0, 0.5]]
    """
    p, outcome = _pair(p, outcome)
    percent = [f"{100 * edge:g}" for edge in EDGES]
    bands = [f"<{percent[1]}", *map("-".join, pairwise(percent[1:-1])), f">{percent[-2]}"]
    place, rows = scale_places(p), []
    for number, band in enumerate(bands):
        inside = place == number
        n, came = int(inside.sum()), int(outcome[inside].sum())
        means = (float(p[inside].mean()), came / n) if n else (math.nan, math.nan)
        rows.append((band, n, *means, *wilson(came, n)))
    return DataFrame(rows, columns=["band", "n", "forecast", "came_true", "low", "high"])


def _pair(p, outcome):
    p, outcome = np.asarray(p, dtype="float64"), np.asarray(outcome, dtype="float64")
    if p.shape != outcome.shape:
        raise ValueError(f"{p.size} forecasts, {outcome.size} outcomes")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(outcome, (0, 1)).all():
        raise ValueError("a probability lies outside 0..1, or an outcome is neither 0 nor 1")
    return p, outcome


def crps_of(distribution: dict[str, float], outcome: int) -> float:
    """Continuous ranked probability score of a distribution of whole numbers, in their unit.

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
        rows = self.rows[(self.rows["question"] == "communes") & (self.rows["scored"] > 0)]
        table = rows.merge(self.finishing, on="id", how="left")
        groups = table.sort_values("registered_on", kind="stable").groupby("asked")
        return [rows[SIDE].reset_index(drop=True) for _, rows in groups if len(rows) > 1]

    @property
    def first_due(self) -> dt.date | None:
        """The earliest deadline of what still waits; it can be scored from the day after."""
        return dt.date.fromisoformat(self.waiting["due"].min()) if len(self.waiting) else None


def happened(outcome: dict | None, due: str, finish: str) -> int | None:
    """Whether a level was reached by ``due`` (ISO day): 1, 0, or None while that is not known.

    ``outcome``: ``met_on``, ``signed_on``, ``checked_on`` as ISO days, blank "". Signed by the
    deadline is met by the deadline too; signed later, with no day met, leaves open when it was met.

    >>> seen = {"met_on": "2025-06-30", "signed_on": "2026-02-10", "checked_on": "2026-03-31"}
    >>> happened(seen, "2025-12-31", "met"), happened(seen, "2025-12-31", "signed")
    (1, 0)
    """
    if outcome is None:
        return None
    on, signed = outcome[WHEN[finish]], outcome["signed_on"]
    if finish == "met" and not on and signed:
        return 1 if signed <= due else None
    if on and on <= due:
        return 1
    return 0 if outcome["checked_on"] >= due else None


def score(entries: Iterable[dict], outcomes: DataFrame, today: dt.date) -> Scores:
    """Every registered forecast against the outcomes known on ``today``.

    Parameters
    ----------
    entries : iterable of dict
        See :func:`entry_of`.
    outcomes : pandas.DataFrame
        dataset, code, level, met_on, signed_on, checked_on, mark (dates or NaT), a row a commune
        and level.
    today : datetime.date

    Raises
    ------
    ValueError
        For illustrative outcomes or entries.
    """
    entries = list(entries)
    if (
        any(entry["illustrative"] for entry in entries)
        or (outcomes["mark"] == "illustrative").any()
    ):
        raise ValueError("illustrative data cannot be scored")
    seen = {
        (row["dataset"], row["code"], row["level"]): {
            key: "" if pd.isna(row[key]) else f"{row[key]:%Y-%m-%d}" for key in DAYS
        }
        for row in outcomes.to_dict("records")
    }
    questions = [each for entry in entries for each in _questions(entry, seen, f"{today}")]
    answers = DataFrame(questions, columns=Question._fields)
    mine = {
        (entry["id"], place): answers[
            (answers["id"] == entry["id"]) & (answers["question"] == place)
        ]
        for entry in entries
        for place in PLACES
    }
    rows = [_row(entry, place, mine[entry["id"], place]) for entry in entries for place in PLACES]
    finishing = [_finishing(entry, mine[entry["id"], "communes"]) for entry in entries]
    scored = answers[answers["reason"] == ""]
    pooled = scored[scored["pooled"].astype(bool)]
    communes = scored.loc[scored["question"] == "communes", ["dataset", "code"]]
    waiting = answers.loc[answers["reason"].isin(WAITING), ["id", *Question._fields[2:7], "reason"]]
    held = set(zip(answers["dataset"], answers["code"], strict=True))
    return Scores(
        len(entries),
        DataFrame(rows, columns=Row._fields),
        reliability(pooled["p"], pooled["came"]),
        waiting.reset_index(drop=True),
        DataFrame(filter(None, finishing), columns=Finishing._fields),
        len(communes.drop_duplicates()),
        sorted({f"{dataset} {code}" for dataset, code, _ in seen if (dataset, code) not in held}),
        answers.loc[answers["reason"] == "ended", "name"].drop_duplicates().tolist(),
    )


def _questions(entry, seen, today):
    """Each probability of an entry with what came of it; ``reason`` is "" where it is scored."""
    dataset, parameters = entry["dataset"], entry["parameters"]
    for place in PLACES:
        # A registration counts by the day the criteria are met, whatever the communes are asked.
        finish = parameters["finish"] if place == "communes" else "met"
        for row in entry[place]:
            code, level = row["code"], row.get("level", "ntm")
            p, due = row["p"], row.get("closes", parameters["deadline"])
            if finish == "signed" and row.get("p_signed") is not None:
                p = row["p_signed"]
            outcome = seen.get((dataset, code, level))
            came = happened(outcome, due, finish)
            if p == 1 and row.get("finished", not _reached_later(outcome, parameters["as_of"])):
                reason, came = "settled", 1
            elif today <= due:
                reason = "deadline"
            elif outcome and "" < outcome["ended_on"] <= due and not came:
                reason = "ended"
            else:
                reason = "outcome" if came is None else ""
            late, pooled = entry["registered_on"] > due, parameters["scenario"] == "baseline"
            about = (entry["id"], dataset, place, code, row.get("name") or code, level, due)
            yield Question(*about, p, came, reason, late, pooled)


def _reached_later(outcome, as_of):
    """Whether a level is known not to have been reached on the as-of date.

    A registration that was certain of it is scored.
    """
    if outcome is None:
        return False
    days = [day for day in (outcome["met_on"], outcome["signed_on"]) if day]
    return min(days) > as_of if days else outcome["checked_on"] >= as_of


def _row(entry, question, answers):
    """The scores of one forecast's communes, or of its registrations."""
    scored, parameters = answers[answers["reason"] == ""], entry["parameters"]
    p, came = scored["p"].to_numpy("float64"), scored["came"].to_numpy("float64")
    own, base = brier(p, came), brier(np.full(p.size, min(1.0, p.mean())) if p.size else p, came)
    return Row(
        entry["id"],
        entry["registered_on"],
        *(parameters[key] for key in ("scenario", "policy", "finish")),
        question,
        len(scored),
        int(came.sum()),
        int(answers["reason"].isin(WAITING).sum()),
        int((answers["reason"] == "settled").sum()),
        int(scored["late"].sum()),
        own,
        base,
        1 - own / base if base > 0 else math.nan,
        entry.get("made_in_hindsight", False),
        "|".join([entry["dataset"], *(parameters[key] for key in ALIKE)]),
    )


def _finishing(entry, answers):
    """How many communes finished in all, against the forecast; None while one of them waits."""
    if not set(answers["reason"]) <= {"", "settled"} or not (answers["reason"] == "").any():
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
        bool(will["p10"] <= number <= will["p90"]),
        number >= entry["basically_all"],
        entry["p_basically_all"],
        number == unlisted + len(answers),
        entry["p_all"],
        crps_of(will["distribution"], number),
    )

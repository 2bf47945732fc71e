"""Registered forecasts against what happened: what a register entry holds, the Brier score, reliability.

A forecast is written down with its date and inputs before the outcome is known and scored when its deadline has
passed, the successes and the failures alike: what is met early is not scored early, else only successes would count.
Communes of one district share their money and their weather, and one commune may stand in several forecasts, so the
Wilson intervals are narrower than what is truly known.
"""

import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd

from ..names import slug

EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # the verbal scale of the workbook
PARAMETERS = ("as_of", "deadline", "finish", "policy", "scenario", "draws", "seed")
PLACES = ("communes", "registrations")
ASKED = ("as_of", "deadline", "finish", "scenario")  # forecasts alike in these ask the same
WAITING = ("deadline", "outcome")  # why something is not scored yet
ENTRY_KEYS = (
    "id",
    "dataset",
    "illustrative",
    "registered_on",
    "versions",
    "content_hash",
    "parameters",
)
ENTRY_KEYS += ("finished_now", "finishing", "basically_all", "p_basically_all", "p_all", *PLACES)
ID = re.compile(r"[a-z0-9-]{1,60}_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f]{8}")
DAYS = ("met_on", "signed_on", "ended_on", "checked_on")
WHEN = {"met": "met_on", "signed": "signed_on"}  # the day that decides, by what "finish" means
_PLACE_KEYS = {
    "communes": ("code", "name", "p", "p_signed"),
    "registrations": ("code", "level", "closes", "p"),
}


@dataclass
class Scores:
    """What :func:`score` found.

    ``registered``: number of forecasts. ``rows``: one row a forecast and question (``communes``, ``registrations``) with
    ``scored``, ``came_true``, ``waiting``, ``settled`` (certain because recognised when it was made: it says nothing, and
    a later revocation is not looked at), ``late`` (scored ones whose deadline had passed when the forecast was
    registered: a test looking back, not a forecast), ``brier``, ``brier_base`` (the forecast's own mean said of every
    commune alike), ``skill`` = 1 - brier / brier_base (NaN where brier_base is 0). ``reliability``: see
    :func:`reliability`, over all forecasts of the scenario ``baseline``; another scenario forecasts a world that may not
    have come about. ``waiting``: what has no outcome yet, with ``due`` and ``reason`` (``deadline``: it has not passed;
    ``outcome``: not entered, or not known up to the deadline). ``finishing``: by forecast of which all communes are
    known, whether the number finishing fell within P10-P90. ``communes_scored``: different communes of which at least
    one forecast was scored. ``unused``: outcomes that belong to no forecast. ``ended``: names of communes that were merged
    away before their deadline without having got there: what would have come of them nobody knows, so they are not scored.
    """

    registered: int
    rows: pd.DataFrame
    reliability: pd.DataFrame
    waiting: pd.DataFrame
    finishing: pd.DataFrame
    communes_scored: int
    unused: list[str]
    ended: list[str]

    def of_one_date(self) -> list[pd.DataFrame]:
        """The scores of forecasts that ask the same of one data set on one day, where several are scored: a table each, by day
        of registration: id, registered_on, made_in_hindsight, brier (of the communes), number, p10, p90, within, crps (of the
        number finishing, communes)."""
        rows = self.rows[(self.rows["question"] == "communes") & (self.rows["scored"] > 0)]
        table = rows.merge(self.finishing, on="id", how="left").sort_values(
            "registered_on", kind="stable"
        )
        columns = [
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
        groups = table.groupby("asked", sort=True)
        return [group[columns].reset_index(drop=True) for _, group in groups if len(group) > 1]

    @property
    def first_due(self) -> dt.date | None:
        """The earliest deadline of what still waits; it can be scored from the day after."""
        return dt.date.fromisoformat(self.waiting["due"].min()) if len(self.waiting) else None


def entry_of(record: dict, registered_on: dt.date, versions: dict[str, str]) -> dict:
    """The register entry of a forecast record, ready for JSON; a registration without a probability is left out.

    ``id``: data set, as-of date and a hash of inputs and parameters, so the same forecast has the same id.
    Raises ValueError for illustrative data, a name unfit for a file, a date that is none, probabilities outside 0..1.

    >>> entry_of({"illustrative": True}, dt.date(2022, 4, 1), {})
    Traceback (most recent call last):
    ValueError: illustrative data: a forecast of it cannot be scored
    """
    if record.get("illustrative"):
        raise ValueError("illustrative data: a forecast of it cannot be scored")
    communes = [
        {key: _plain(c[key]) for key in ("code", "name", "p")}
        | {"p_signed": _plain(c.get("p_signed")), "finished": bool(c.get("finished", c["p"] == 1))}
        for c in record["communes"]
    ]
    kept = ("code", "name", "level", "year", "kind", "closes", "p")
    entry = {
        "id": "",
        "dataset": record["dataset"],
        "illustrative": False,
        "registered_on": f"{registered_on}",
        # Made when what it forecasts could be known already: a test of the method, not a forecast.
        "made_in_hindsight": f"{registered_on}" > f"{record['deadline']}",
        "versions": dict(versions),
        "content_hash": record["content_hash"],
        "parameters": {key: _plain(record[key]) for key in PARAMETERS},
        "finished_now": int(record["n_finished_now"]),
        "finishing": _plain(record["finishing"]),
        "basically_all": int(record["basically_all"]),
        "p_basically_all": _plain(record["p_basically_all"]),
        "p_all": _plain(record["p_all"]),
        "communes": communes,
        "registrations": [
            {key: _plain(r.get(key)) for key in kept}
            for r in record["registrations"]
            if r["p"] is not None
        ],
    }
    entry["id"] = id_of(entry)
    if wrong := [*entry_faults(entry), *probability_faults(entry)]:
        raise ValueError("; ".join(wrong))
    return entry


def id_of(entry: dict) -> str:
    """``<data set>_<as of>_<8 digits>``; the digits are a hash of the inputs' hash and the parameters."""
    text = json.dumps(
        [entry["content_hash"], entry["parameters"]], sort_keys=True, ensure_ascii=True
    )
    return f"{entry['dataset']}_{entry['parameters']['as_of']}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def entry_faults(entry: object) -> list[str]:
    """What keeps a value from being a register entry, as short places ("communes.3.code"); probabilities apart.

    >>> entry_faults({"id": "x"})[:3]
    ['dataset', 'illustrative', 'registered_on']
    """
    if not isinstance(entry, dict):
        return list(ENTRY_KEYS)
    if missing := [key for key in ENTRY_KEYS if key not in entry]:
        return missing
    parameters, finishing, versions = entry["parameters"], entry["finishing"], entry["versions"]
    chances = finishing.get("distribution") if isinstance(finishing, dict) else None
    numbers = [f"{n}" for n in chances] if isinstance(chances, dict) else []
    whole = numbers != [] and all(re.fullmatch("[0-9]{1,6}", n) for n in numbers)
    checks = {
        "id": isinstance(entry["id"], str) and ID.fullmatch(entry["id"]) is not None,
        "dataset": isinstance(entry["dataset"], str)
        and slug(entry["dataset"]) == entry["dataset"] != "",
        "registered_on": _is_day(entry["registered_on"]),
        "versions": isinstance(versions, dict)
        and len(versions) > 0
        and all(isinstance(text, str) and text.strip() for text in (*versions, *versions.values())),
        "made_in_hindsight": isinstance(entry.get("made_in_hindsight", False), bool),
        "content_hash": isinstance(entry["content_hash"], str),
        "parameters": isinstance(parameters, dict)
        and set(PARAMETERS) <= set(parameters)
        and all(isinstance(parameters[key], str) for key in ("finish", "policy", "scenario"))
        and parameters["finish"] in WHEN
        and _is_day(parameters["as_of"])
        and _is_day(parameters["deadline"]),
        "finished_now": type(entry["finished_now"]) is int
        and 0
        <= entry["finished_now"]
        <= (min(map(int, numbers)) if whole else math.inf),  # they finish in every world
        "basically_all": type(entry["basically_all"]) is int and entry["basically_all"] > 0,
        "finishing": isinstance(finishing, dict)
        and all(_is_number(finishing.get(key)) for key in ("p10", "p50", "p90", "mean"))
        and whole,
    }
    wrong = [key for key, fits in checks.items() if not fits]
    for place in PLACES:
        if not isinstance(entry[place], list) or (place == "communes" and not entry[place]):
            wrong.append(place)
            continue
        for number, row in enumerate(entry[place], start=1):
            if not isinstance(row, dict) or not set(_PLACE_KEYS[place]) <= set(row):
                wrong.append(f"{place}.{number}")
            elif not isinstance(row["code"], str) or not re.fullmatch(
                r"[0-9]{5}", row["code"], re.ASCII
            ):
                wrong.append(f"{place}.{number}.code")
            elif not all(isinstance(row.get(key, ""), str) for key in ("name", "level")):
                wrong.append(f"{place}.{number}.name")
            elif not isinstance(row.get("finished", False), bool):
                wrong.append(f"{place}.{number}.finished")
            elif place == "registrations" and not _is_day(row["closes"]):
                wrong.append(f"{place}.{number}.closes")
    return wrong


def probability_faults(entry: dict) -> list[str]:
    """Every probability of a well-formed entry that is no number from 0 to 1, as "place: value"."""
    named = {key: entry[key] for key in ("p_basically_all", "p_all")}
    named |= {f"finishing.{n}": p for n, p in entry["finishing"]["distribution"].items()}
    for place in PLACES:
        for number, row in enumerate(entry[place], start=1):
            named[f"{place}.{number}.p"] = row["p"]
            if row.get("p_signed") is not None:
                named[f"{place}.{number}.p_signed"] = row["p_signed"]
    return [f"{place}: {p}" for place, p in named.items() if not (_is_number(p) and 0 <= p <= 1)]


def brier(p: Sequence[float], outcome: Sequence[float]) -> float:
    """Mean of (p - outcome)², outcome 1 came true, 0 not: 0 is right throughout, 0.25 says one half always; NaN if none.

    Source: G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78 (1950).

    >>> round(brier([0.9, 0.2], [1, 0]), 6), brier([0.5, 0.5], [1, 0])
    (0.025, 0.25)
    """
    p, outcome = _pair(p, outcome)
    return float(np.mean((p - outcome) ** 2)) if p.size else math.nan


def wilson(came: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a share, ``came`` of ``n``; (NaN, NaN) of nothing.

    With z = 1.96: (came + z²/2 ± z·sqrt(came·(n - came)/n + z²/4)) / (n + z²). Source: E. B. Wilson, Probable
    inference, the law of succession, and statistical inference, J. American Statistical Association 22 (1927).

    >>> [round(end, 3) for end in wilson(3, 4)]
    [0.301, 0.954]
    """
    if not n:
        return math.nan, math.nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt(came * (n - came) / n + z * z / 4)
    low, high = ((came + z * z / 2 + sign * half) / (n + z * z) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def scale_places(p: Sequence[float], edges: Sequence[float] = EDGES) -> np.ndarray:
    """The band of the verbal scale that each probability lies in, from 0; a border belongs to the band above it, the last to
    the one below.

    >>> scale_places([0.0, 0.05, 0.95, 0.96]).tolist()
    [0, 1, 5, 6]
    """
    place = np.searchsorted(edges[1:-1], p, side="right")
    place[np.asarray(p) == edges[-2]] = len(edges) - 3
    return place


def reliability(
    p: Sequence[float], outcome: Sequence[float], edges: Sequence[float] = EDGES
) -> pd.DataFrame:
    """Of the forecasts in each band of the verbal scale, the share that came true.

    Columns ``band``, ``n``, ``forecast`` (mean p), ``came_true`` (share), ``low``, ``high`` (:func:`wilson`). A border
    belongs to the band above it, except the last one: 5% is "5-20", 95% is "80-95".

    >>> table = reliability([0.96, 0.97, 0.1], [1, 0, 0]).set_index("band")
    >>> table.loc[["5-20", ">95"], ["n", "came_true"]].to_numpy().tolist()
    [[1.0, 0.0], [2.0, 0.5]]
    """
    p, outcome = _pair(p, outcome)
    percent = [f"{100 * edge:g}" for edge in edges]
    bands = [f"<{percent[1]}", *map("-".join, pairwise(percent[1:-1])), f">{percent[-2]}"]
    place, rows = scale_places(p, edges), []
    for number, band in enumerate(bands):
        inside = place == number
        n, came = int(inside.sum()), int(outcome[inside].sum())
        means = (float(p[inside].mean()), came / n) if n else (math.nan, math.nan)
        rows.append((band, n, *means, *wilson(came, n)))
    return pd.DataFrame(rows, columns=["band", "n", "forecast", "came_true", "low", "high"])


def happened(outcome: dict | None, due: str, finish: str) -> int | None:
    """Whether a level was reached by ``due`` (ISO day): 1, 0, or None while that is not known.

    ``outcome``: ``met_on``, ``signed_on``, ``checked_on`` as ISO days, blank "". Signed by the deadline is met by the
    deadline too; signed later, with no day met, leaves open when it was met.

    >>> seen = {"met_on": "2025-06-30", "signed_on": "2026-02-10", "checked_on": "2026-03-31"}
    >>> happened(seen, "2025-12-31", "met"), happened(seen, "2025-12-31", "signed"), happened(None, "2025-12-31", "met")
    (1, 0, None)
    """
    if outcome is None:
        return None
    on, signed = outcome[WHEN[finish]], outcome["signed_on"]
    if finish == "met" and not on and signed:
        return 1 if signed <= due else None
    if on and on <= due:
        return 1
    return 0 if outcome["checked_on"] >= due else None


def score(entries: Iterable[dict], outcomes: pd.DataFrame, today: dt.date) -> Scores:
    """Every registered forecast against the outcomes known on ``today``; see :class:`Scores`.

    ``outcomes``: dataset, code, level, met_on, signed_on, checked_on, mark (dates or NaT), a row a commune and level.
    Raises ValueError for illustrative outcomes or entries.
    """
    entries = list(entries)
    if (
        any(entry["illustrative"] for entry in entries)
        or (outcomes["mark"] == "illustrative").any()
    ):
        raise ValueError("illustrative data cannot be scored")
    seen = {}
    for row in outcomes.to_dict("records"):
        days = {key: "" if pd.isna(row[key]) else f"{row[key]:%Y-%m-%d}" for key in DAYS}
        seen[row["dataset"], row["code"], row["level"]] = days
    asked = pd.DataFrame(
        [question for entry in entries for question in _questions(entry, seen, today)],
        columns=[
            "id",
            "dataset",
            "question",
            "code",
            "name",
            "level",
            "due",
            "p",
            "came",
            "reason",
            "late",
            "pooled",
        ],
    )
    rows, finishing = [], []
    for entry in entries:
        mine = asked[asked["id"] == entry["id"]]
        rows += [_row(entry, question, mine[mine["question"] == question]) for question in PLACES]
        if found := _finishing(entry, mine[mine["question"] == "communes"]):
            finishing.append(found)
    scored = asked[asked["reason"] == ""]
    pooled = scored[scored["pooled"].astype(bool)]
    held = {
        (entry["dataset"], row["code"])
        for entry in entries
        for place in PLACES
        for row in entry[place]
    }
    communes = scored[scored["question"] == "communes"]
    waiting = asked[asked["reason"].isin(WAITING)]
    return Scores(
        len(entries),
        pd.DataFrame(rows, columns=_ROW),
        reliability(pooled["p"], pooled["came"]),
        waiting[["id", "question", "code", "name", "level", "due", "reason"]].reset_index(
            drop=True
        ),
        pd.DataFrame(finishing, columns=_FINISHING),
        len(communes[["dataset", "code"]].drop_duplicates()),
        sorted({f"{dataset} {code}" for dataset, code, _ in seen if (dataset, code) not in held}),
        asked.loc[asked["reason"] == "ended", "name"].drop_duplicates().tolist(),
    )


def _questions(entry, seen, today):
    """Each probability of an entry with what came of it; ``reason`` is "" where it is scored."""
    given = entry["parameters"]
    for place in PLACES:
        # A registration counts by the day the criteria are met, whatever the forecast of the communes asks.
        finish = given["finish"] if place == "communes" else "met"
        for row in entry[place]:
            p, level, due = row["p"], row.get("level", "ntm"), row.get("closes", given["deadline"])
            if place == "communes" and finish == "signed" and row["p_signed"] is not None:
                p = row["p_signed"]
            outcome = seen.get((entry["dataset"], row["code"], level))
            came = happened(outcome, due, finish)
            if p == 1 and row.get("finished", not _reached_later(outcome, given["as_of"])):
                reason, came = "settled", 1
            elif f"{today}" <= due:
                reason = "deadline"
            elif outcome and outcome["ended_on"] and outcome["ended_on"] <= due and not came:
                reason = "ended"
            else:
                reason = "outcome" if came is None else ""
            late, pooled = entry["registered_on"] > due, given["scenario"] == "baseline"
            name = row.get("name") or row["code"]
            yield (
                entry["id"],
                entry["dataset"],
                place,
                row["code"],
                name,
                level,
                due,
                p,
                came,
                reason,
                late,
                pooled,
            )


def _reached_later(outcome, as_of):
    """Whether a level is known not to have been reached on the as-of date; a registration that was certain of it is scored."""
    days = [day for day in (outcome["met_on"], outcome["signed_on"]) if day] if outcome else []
    return outcome is not None and (min(days) > as_of if days else outcome["checked_on"] >= as_of)


_ROW = [
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
]
_ROW += ["late", "brier", "brier_base", "skill", "made_in_hindsight", "asked"]


def _row(entry, question, asked):
    """The scores of one forecast's communes, or of its registrations."""
    scored, given = asked[asked["reason"] == ""], entry["parameters"]
    p, came = scored["p"].to_numpy("float64"), scored["came"].to_numpy("float64")
    found = base = skill = math.nan
    if p.size:
        found, base = brier(p, came), brier(np.full(p.size, min(1.0, p.mean())), came)
        skill = 1 - found / base if base > 0 else math.nan
    waiting, settled = asked["reason"].isin(WAITING).sum(), (asked["reason"] == "settled").sum()
    return (
        *(
            entry["id"],
            entry["registered_on"],
            given["scenario"],
            given["policy"],
            given["finish"],
            question,
        ),
        *(
            len(scored),
            int(came.sum()),
            int(waiting),
            int(settled),
            int(scored["late"].sum()),
            found,
            base,
            skill,
        ),
        *(
            entry.get("made_in_hindsight", False),
            "|".join([entry["dataset"], *(given[key] for key in ASKED)]),
        ),
    )


_FINISHING = [
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


def crps_of(distribution: dict[str, float], outcome: int) -> float:
    """Continuous ranked probability score of a distribution of whole numbers, in their unit.

    >>> crps_of({"3": 1.0}, 5), crps_of({"4": 0.5, "6": 0.5}, 5)
    (2.0, 0.5)
    """
    numbers, chances = np.array(list(map(int, distribution))), np.array(list(distribution.values()))
    apart = np.abs(numbers[:, None] - numbers)
    return float(chances @ np.abs(numbers - outcome) - chances @ apart @ chances / 2)


def _finishing(entry, asked):
    """How many communes finished in all, against the forecast; None while one of them waits or none was open."""
    if asked["reason"].isin((*WAITING, "ended")).any() or not (asked["reason"] == "").any():
        return None
    # A record may list every commune or only those still open: the finished ones that it does not list count too.
    unlisted = max(
        0,
        entry["finished_now"]
        - sum(row.get("finished", row["p"] == 1) for row in entry["communes"]),
    )
    number, found = unlisted + int(asked["came"].sum()), entry["finishing"]
    return (
        *(
            entry["id"],
            number,
            found["p10"],
            found["p90"],
            bool(found["p10"] <= number <= found["p90"]),
        ),
        *(number >= entry["basically_all"], entry["p_basically_all"]),
        *(number == unlisted + len(asked), entry["p_all"], crps_of(found["distribution"], number)),
    )


def _pair(p, outcome):
    p, outcome = np.asarray(p, dtype="float64"), np.asarray(outcome, dtype="float64")
    if p.shape != outcome.shape:
        raise ValueError(f"{p.size} forecasts, {outcome.size} outcomes")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(outcome, (0, 1)).all():
        raise ValueError("a probability lies outside 0..1, or an outcome is neither 0 nor 1")
    return p, outcome


def _plain(value):
    """A value as JSON holds it: numpy's numbers and days become Python's numbers and ISO text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    return f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else value


def _is_number(value):
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_day(value):
    try:
        return isinstance(value, str) and f"{dt.date.fromisoformat(value)}" == value
    except ValueError:
        return False

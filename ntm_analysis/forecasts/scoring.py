"""Registered forecasts against what happened.

A forecast is written down before the outcome is known (:mod:`~ntm_analysis.data.register`) and
scored when its deadline has passed, the successes and the failures alike: what is met early is not
scored early, else only successes would count. Communes of one district share their money and their
weather, and one commune may stand in several forecasts, so the Wilson intervals are narrower than
what is truly known.
"""

from collections import namedtuple

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..data import OUTCOME_DAYS, QUESTIONS

SCALE_EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # the verbal scale of the workbook
BANDS = ("<5", "5-20", "20-40", "40-60", "60-80", "80-95", ">95")  # the same in percent
NORMAL = 1.9599639845400536  # an interval of 95 % is so many standard errors wide on either side
# Entries alike in these ask the same.
SAME_QUESTION = ["dataset", "as_of", "deadline", "finish", "scenario"]
WAITING = ("deadline", "outcome")  # why something is not scored yet
COMMUNE = ["dataset", "code", "level"]  # whose outcome it is
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
    table = table.merge(outcomes[[*COMMUNE, *OUTCOME_DAYS]], "left", on=COMMUNE)
    table[OUTCOME_DAYS] = table[OUTCOME_DAYS].apply(pd.to_datetime)
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

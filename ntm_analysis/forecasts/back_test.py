"""The forecast against figures that it has not seen: provinces left out, one by one.

Every two figures of an area, 0.9 to 5.2 years apart, are a forecast and its outcome. The forecast
is made from the area's own figures up to the first, with parameters of the other provinces.
"""

import hashlib
import json
from collections import namedtuple
from functools import cache
from itertools import combinations

import numpy as np
from pandas import DataFrame
from scipy.special import ndtri

from ..needs import spread, uniforms
from .evidence import COUNTRY, REFERENCE
from .pace import KEPT_FIT, Area, WorldSet, fit, increase, usual_total
from .scoring import crps
from .yearly_cycle import binomial, counted

# The summary on the shipped panel: a page reads it at once.
KEPT_BACK_TEST = REFERENCE / "back_test.json"
PAIR_YEARS = (0.9, 5.2)  # years between the two figures of a pair
DRAWS = 4_000
SEED = 2022
RATES = (0.01, 1.5)  # yearly hazards that the plain share takes for possible
REFIT = (512,)  # points of a fit without one province, begun from the fit on all
REFIT_PAST = (256, 512)  # of a fit on the rows up to a month, begun anew
RESAMPLES = 2_000
INTERVAL_LEVEL = 0.9  # of the intervals by resampling provinces
SCORES = ["crps", "crps_line", "crps_share"]
PAIR = ["area", "area_kind", "province", "from", "to", "communes", "start", "outcome"]
MONTHS = ["first", "last", "years"]
SCORED = [*PAIR, *MONTHS, "p10", "p50", "p90", "mean", *SCORES, "covered"]


class BackTest(namedtuple("BackTest", "pairs left_out summary")):
    """What :func:`back_test` gives.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row a pair; scores per commune of the area.
    left_out : pandas.DataFrame
        Pairs that tell nothing: ``area``, ``from``, ``to``, ``reason``.
    summary : dict
        The scores, provinces alike, and their intervals; by kind, by horizon, rolling.
    """


def pairs(figures):
    """Every two figures of an area that make a forecast and its outcome, and those that do not.

    Parameters
    ----------
    figures : pandas.DataFrame
        See :func:`evidence.figures`.

    Returns
    -------
    pairs : pandas.DataFrame
        ``area``, ``area_kind``, ``province``, ``from``, ``to`` as in the file, ``communes``,
        ``start``, ``outcome`` (finished at the end), ``first``, ``last`` (month numbers),
        ``years``.
    left_out : pandas.DataFrame
        ``area``, ``from``, ``to``, ``reason``: no_total, nothing_left, above_total or fell.

    Examples
    --------
    >>> one = {"area": "A", "area_kind": "province", "province": "A", "total": 10.0}
    >>> days = [{"date": f"{y}", "month": 12 * y + 12, "finished": y - 2014} for y in (2015, 2017)]
    >>> table, _ = pairs(DataFrame([one | day for day in days]))
    >>> table[["years", "start", "outcome"]].to_numpy()
    array([[2., 1., 3.]])
    """
    usable, left_out = [], []
    for area, of_area in figures.sort_values("month", kind="stable").groupby("area"):
        usual, names = usual_total(of_area), (area, *of_area[["area_kind", "province"]].iloc[0])
        ends = of_area[["date", "month", "finished", "total"]].itertuples(index=False, name=None)
        for (start, *first), (end, *second) in combinations(ends, 2):
            years = (second[0] - first[0]) / 12
            if not PAIR_YEARS[0] <= years <= PAIR_YEARS[1]:
                continue
            counts = increase(first, second, usual)
            if isinstance(counts, str):
                left_out.append((area, start, end, counts))
            else:
                usable.append((*names, start, end, *counts, first[0], second[0], years))
    reasons = DataFrame(left_out, columns=["area", "from", "to", "reason"])
    return DataFrame(usable, columns=[*PAIR, *MONTHS]), reasons


def back_test(figures, evidence, posterior, rolling=True):
    """Forecasts of every pair of ``figures``, with parameters of other provinces, and their scores.

    Parameters
    ----------
    figures : pandas.DataFrame
        What is forecast, see :func:`evidence.figures`.
    evidence : Evidence
        What parameters are fitted on.
    posterior : Posterior
        The fit on all of ``evidence``; it serves provinces that are not in it, and every other fit
        begins from it.
    rolling : bool
        Also with parameters fitted on rows up to the day of the forecast only.

    Returns
    -------
    BackTest
    """
    tried, left_out = pairs(figures)
    training = pairs(evidence.panel)[0]
    rates = hazards(training)
    provinces = {*evidence.figures["province"], *evidence.lists["province"]}

    @cache
    def fit_without(province, until):
        """The fit without a province, of rows up to a month number."""
        others, lists = (t[t["province"] != province] for t in (evidence.figures, evidence.lists))
        draws = len(posterior.rows)
        if until:
            others = others[others["month"] <= until]
            lists = lists[12 * lists["year"] + 12 <= until]
            return fit(others, lists, draws, sizes=REFIT_PAST)
        return fit(others, lists, draws, posterior.proposal(), REFIT) if province else posterior

    def forecast(pair, until=None):
        """Range and score of one pair; a province outside the fit uses the fit on all."""
        fitted = fit_without(pair["province"] if pair["province"] in provinces else "", until)
        of_area = figures[(figures["area"] == pair["area"]) & (figures["month"] <= pair["first"])]
        start, finished_at_end, communes = pair["start"], pair["outcome"], pair["communes"]
        area = Area(pair["area"], pair["area_kind"], of_area, communes)
        worlds = WorldSet(pair["first"], (), DRAWS, SEED)
        numbers = start + counted(
            fitted, evidence.assumed, area, communes - start, pair["last"], worlds
        )
        ends = spread(numbers)
        covered = ends["p10"] <= finished_at_end <= ends["p90"]
        return ends | {"crps": crps(numbers, finished_at_end) / communes, "covered": covered}

    rows = [
        pair | _references(pair, rates[training["province"] != pair["province"]]) | forecast(pair)
        for pair in tried.to_dict("records")
    ]
    scored = DataFrame(rows, columns=SCORED)
    summary = summaries(scored)
    if rolling:
        past = DataFrame(row | forecast(row, row["first"]) for row in rows)
        summary["rolling"] = summary_of(past)
    return BackTest(scored, left_out, summary)


def hazards(tried):
    """Yearly hazard of each pair, at least half a commune left, within :data:`RATES`.

    Parameters
    ----------
    tried : pandas.DataFrame
        See :func:`pairs`.

    Returns
    -------
    pandas.Series of float
    """
    left = np.maximum(tried["communes"] - tried["outcome"], 0.5)
    before = tried["communes"] - tried["start"]
    return (-np.log(left / before) / tried["years"]).clip(*RATES)


def _references(pair, train):
    """Scores of the straight line and of the plain share of the remaining communes."""
    names = ["{area}|{from}|{to}|{k}".format(k=k, **pair) for k in range(3)]
    drawn = second_opinions(pair, train, uniforms(SEED, "references", names, DRAWS))
    finished_at_end, communes = pair["outcome"], pair["communes"]
    return {
        f"crps_{key}": crps(sample, finished_at_end) / communes for key, sample in drawn.items()
    }


def second_opinions(pair, train, uniform):
    """The number finished at the end of a pair by two plain rules.

    Parameters
    ----------
    pair : dict
        ``first`` (month number), ``years``, ``communes``, ``start``.
    train : pandas.Series
        Yearly hazards seen elsewhere (:func:`hazards`).
    uniform : numpy.ndarray
        3 x draws: of the line, and of rate and number of the share.

    Returns
    -------
    dict
        ``share``: a yearly hazard is one of those seen elsewhere; ``line``: a Poisson number more
        at the mean pace since 2011; int, draws.
    """
    from scipy.stats import poisson

    start, communes, years = pair["start"], pair["communes"], pair["years"]
    more = poisson.ppf(uniform[0], start / max(pair["first"] / 12 - 2011, 1) * years)
    line = np.clip(start + more, start, communes)
    low, middle, high = np.quantile(np.log(train), [0.25, 0.5, 0.75])
    width = 1.25 * (high - low) / 1.35
    rate = np.exp(middle + width * ndtri(np.clip(uniform[1], 1e-12, 1))).clip(*RATES)
    share = binomial(uniform[2], np.full(len(rate), communes - start), -np.expm1(-rate * years))
    return {"share": start + share, "line": line.astype(int)}


# --- summaries ------------------------------------------------------------------------------------


def summaries(scored):
    """The summary of all pairs, and of parts of them.

    Parameters
    ----------
    scored : pandas.DataFrame
        Pairs with their scores.

    Returns
    -------
    dict
        As :func:`summary_of`, with ``by_kind``, ``by_horizon``, ``without_country``.
    """
    short = scored["years"] < 2
    return summary_of(scored) | {
        "by_kind": {kind: summary_of(rows) for kind, rows in scored.groupby("area_kind")},
        "by_horizon": {
            "under_2_years": summary_of(scored[short]),
            "from_2_years": summary_of(scored[~short]),
        },
        "without_country": summary_of(scored[scored["area_kind"] != COUNTRY]),
    }


def summary_of(scored):
    """Scores and coverage, provinces weighing alike, with intervals by resampling provinces.

    Parameters
    ----------
    scored : pandas.DataFrame
        Pairs with their scores.

    Returns
    -------
    dict
        ``pairs``, ``provinces``; where there are any, also the scores per commune, their ratios
        and the coverage, each of these with its interval.

    Examples
    --------
    >>> row = {"province": "A", "crps": 1.0, "crps_line": 2.0, "crps_share": 4.0, "covered": True}
    >>> summary_of(DataFrame([row]))["ratio_share"]
    0.25
    """
    if not len(scored):
        return {"pairs": 0, "provinces": 0}
    means = scored.groupby("province")[[*SCORES, "covered"]].mean().to_numpy(float)
    picks = uniforms(SEED, "resamples", [str(k) for k in range(len(means))], RESAMPLES)
    as_they_are, again = means.mean(axis=0), means[(picks * len(means)).astype(int)].mean(axis=0)
    # The provinces as they are come first, then those drawn.
    crps, line, share, covered = np.vstack([as_they_are, again]).T
    ratios = {"ratio_line": crps / line, "ratio_share": crps / share, "coverage": covered}
    summary = {"pairs": len(scored), "provinces": len(means)}
    summary |= dict(zip(SCORES, as_they_are.tolist(), strict=False))
    for key, (value, *drawn) in ratios.items():
        ends = np.quantile(drawn, [(1 - INTERVAL_LEVEL) / 2, (1 + INTERVAL_LEVEL) / 2])
        summary |= {key: float(value), f"{key}_interval": ends.tolist()}
    return summary


def back_test_record(test, rows_left_out=()):
    """The back-test as plain Python.

    Parameters
    ----------
    test : BackTest
    rows_left_out : iterable of dict
        Rows of the file that give no figure.

    Returns
    -------
    dict
        The keys of ``ntm backtest --json``.
    """
    return {
        "pairs": test.pairs.drop(columns=MONTHS).to_dict("records"),
        "left_out": [*rows_left_out, *test.left_out.to_dict("records")],
        "summary": test.summary,
    }


def fit_hash():
    """The hash of the kept fit, whatever its line ends.

    Returns
    -------
    str
    """
    return hashlib.sha256(KEPT_FIT.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def kept_text(summary):
    """What is kept of a back-test of the shipped panel: its summary, and the fit that it is of.

    Parameters
    ----------
    summary : dict

    Returns
    -------
    str
    """
    return json.dumps({"fit": fit_hash(), "summary": summary}, indent=1) + "\n"


def kept_summary():
    """The kept summary.

    Returns
    -------
    dict or None
        None where it is of another fit than the kept one.

    Examples
    --------
    >>> kept_summary()["pairs"] > 100
    True
    """
    file = json.loads(KEPT_BACK_TEST.read_text(encoding="utf-8"))
    return file["summary"] if file["fit"] == fit_hash() else None

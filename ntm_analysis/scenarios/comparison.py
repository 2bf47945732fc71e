"""Scenarios side by side: each is forecast in the same worlds, and compared draw by draw."""

from collections import namedtuple

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..forecasts import baseline_of, frontier, planned_money, tornado, worlds_of_many
from ..needs import DRAWS, SEED, demand, in_millions, spread
from ..tables import DataProblemsError, Problem
from .scenario import BASELINE, check_ids, scenario, scenario_ids

# Standard errors: less is the noise of finitely many draws (many differences are looked at).
NOISE = 3


class Compared(namedtuple("Compared", "figures finishing chance_changes")):
    """One scenario, judged by its own deadline.

    Attributes
    ----------
    figures : dict
        What the record says of it.
    finishing : ndarray
        How many communes finish: int, draws.
    chance_changes : DataFrame
        By unit: p, before, change (of the chance against the baseline) and its se.
    """


class Comparison(
    namedtuple(
        "Comparison",
        "workbook rows draws seed frontier tornado warnings coarse",
    )
):
    """Scenarios in the same worlds.

    Attributes
    ----------
    workbook : Workbook
    rows : list of Compared
        The baseline first.
    draws, seed : int
    frontier, tornado : DataFrame
        Of the baseline (:mod:`ntm_analysis.forecasts.price_of_promise`).
    warnings : list of Problem
        The scenarios that were left out, and those that change nothing in the result.
    coarse : bool
        Whether no single commune gets a figure finer than a word.
    """


FUNDING = ("need_p50", "gap_p50", "gap_mean", "money")  # where they are equal, money and need are


def paired_difference(values, base):
    """The mean difference of two runs in the same worlds.

    Parameters
    ----------
    values, base : ndarray
        By world.

    Returns
    -------
    dict
        difference, se (its standard error), ratio (of that to the standard error of two
        independent runs; 0 where neither run varies).

    Examples
    --------
    >>> paired_difference(np.array([3, 4, 5]), np.array([2, 3, 4]))
    {'difference': 1.0, 'se': 0.0, 'ratio': 0.0}
    """
    change = values.astype(float) - base
    sd, apart = float(change.std()), np.sqrt(values.var() + base.var())
    ratio = float(sd / apart) if apart else 0.0
    return {"difference": float(change.mean()), "se": sd / len(change) ** 0.5, "ratio": ratio}


def differences(will, base):
    """How two forecasts in the same worlds differ.

    Parameters
    ----------
    will, base : Forecast

    Returns
    -------
    dict of str to float
        finishing (the mean number), p_basically_all, and the standard error of each: se,
        se_p_basically_all.
    """
    number = paired_difference(will.finishing, base.finishing)
    basically_all = paired_difference(will.basically_all, base.basically_all)
    return {
        "finishing": number["difference"],
        "p_basically_all": basically_all["difference"],
        "se": number["se"],
        "se_p_basically_all": basically_all["se"],
    }


def compare(workbook, ids=(), baseline=BASELINE, *, draws=DRAWS, seed=SEED, moving=True):
    """Scenarios against a baseline, in the same worlds.

    Parameters
    ----------
    workbook : Workbook
    ids : sequence of str
        Default: all there are, those that do not fit the data set left out with a warning.
    baseline : str
        The scenario that the others are held against.
    draws, seed : int
        Fewer draws of a large data set, see :func:`~ntm_analysis.forecasts.worlds_of_many`.
    moving : bool
        Whether to work out frontier and tornado.

    Returns
    -------
    Comparison

    Raises
    ------
    UnknownScenarioError
    DataProblemsError
        With everything wrong in a scenario named.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> both = compare(Workbook.open("data/thanh-chuong"), ["money-110"], draws=200, moving=False)
    >>> base, more = (row.figures for row in both.rows)
    >>> more["id"], more["money"] > base["money"]
    ('money-110', True)
    """
    known, unfit = scenario_ids(workbook), {}
    names = dict.fromkeys((baseline, *(ids or known)))
    check_ids(names, known)

    def fitting(act, some):
        """What ``act`` gives for each of some scenarios; those that do not fit are left out."""
        results = {}
        for name in some:
            try:
                results[name] = act(name)
            except DataProblemsError as error:
                unfit[name] = error.problems
        if unfit and (ids or baseline in unfit):
            raise DataProblemsError([problem for those in unfit.values() for problem in those])
        return results

    draws = worlds_of_many(draws, len(workbook.communes))
    options, usual = {"draws": draws, "seed": seed}, baseline_of(workbook, seed)

    def forecast_of(name):
        one = chosen[name]
        return planned_forecast(one, policy=one.policy, baseline=usual, **options)

    def compared(name):
        will = first if name == baseline else forecast_of(name)
        need = demand(chosen[name], until=will.deadline.year, **options)
        return _compared(chosen[name], will, first, need)

    chosen = fitting(lambda name: scenario(workbook, name), names)  # all, before any forecast
    first = forecast_of(baseline)
    results = fitting(compared, chosen)
    rows = list(results.values())
    moves = [act(first) if moving else pd.DataFrame() for act in (frontier, tornado)]
    warnings = []
    for name, problems in unfit.items():
        places = dict.fromkeys(p.file + (f":{p.row}" if p.row else "") for p in problems)
        warnings.append(_warning("scenario_unfit", name, reason=", ".join(places)))
    warnings += [
        _warning("scenario_idle", name)
        for name, row in [*results.items()][1:]
        if all(row.figures[key] == rows[0].figures[key] for key in FUNDING)
        and (row.finishing == first.finishing).all()
    ]
    return Comparison(workbook, rows, draws, seed, *moves, warnings, first.coarse)


def _warning(code, name, **details):
    return Problem(code, f"{name}.yaml", details={"value": name} | details, warning=True)


def chance_changes(will, base):
    """Each commune's chance against that in another run of the same worlds.

    Communes of which the same is known are told the mean of their band.

    Parameters
    ----------
    will, base : Forecast

    Returns
    -------
    DataFrame
        By unit in administrative order: p, before, change, se.
    """
    now, before = _shares(will), _shares(base)
    change = now - before
    means = {"p": now.mean(axis=1), "before": before.mean(axis=1), "change": change.mean(axis=1)}
    se = change.std(axis=1) / np.sqrt(will.simulation.draws)
    return pd.DataFrame(means | {"se": se}, will.communes)


def _shares(will):
    """The share of every commune's band that finishes: communes x draws."""
    shares = will.by_group(pd.DataFrame(will.in_time, will.alike_groups.index, dtype=float))
    return np.ascontiguousarray(shares.reindex(will.communes, fill_value=1.0))


def clear_changes(changes):
    """The rows of :func:`chance_changes` whose change stands out of the noise, the largest first.

    Parameters
    ----------
    changes : DataFrame

    Returns
    -------
    DataFrame
    """
    size = changes["change"].abs()
    rows = changes[(size > 0) & (size > NOISE * changes["se"])]
    return rows.sort_values("change", key=abs, ascending=False, kind="stable")


def _compared(one, will, first, answer):
    """What is kept of a scenario's forecast and demand; ``first``: the baseline's forecast."""
    of, names = chance_changes(will, first), one.units[["code", "name"]]
    rows = names.join(clear_changes(of)[["p", "change", "se"]], how="right")
    gains, losses = (rows[way * rows["change"] > 0].to_dict("records") for way in (1, -1))
    change, money = differences(will, first), planned_money(will)
    communes = change["finishing"]
    need, gap = in_millions(answer.together.total), in_millions(answer.money.gap)
    more = money - planned_money(first)
    no_price = {
        "no_money": not more,
        "within_noise": abs(communes) <= NOISE * change["se"],
        "other_way": more * communes < 0,
    }
    reason = next((name for name, true in no_price.items() if true), None)
    middle, base = (
        {unit: each.dates(unit)[1] for unit in each.alike_groups.index} for each in (will, first)
    )
    figures = {
        "id": one.scenario_id,
        "title": one.scenario_title["vi"],
        "title_en": one.scenario_title["en"],
        "policy": one.policy,
        "deadline": f"{will.deadline}",
        "n_communes": len(will.communes),
        "basically_all": will.n_basically_all,
        **{f"finishing_{name}": value for name, value in spread(will.finishing).items()},
        "p_basically_all": float(will.basically_all.mean()),
        "p_all": float((will.finishing == len(will.communes)).mean()),
        "need_p50": need["p50"],
        "gap_p50": gap["p50"],
        "gap_mean": gap["mean"],
        "money": money,
        "blocking_sources": will.blocking_sources(),
        "difference": change,
        "se_ratio": paired_difference(will.finishing, first.finishing)["ratio"],
        "cost_per_extra_commune": None if reason else more / communes,
        "cost_reason": reason,
        "regret": {},  # against all others
        "gains": gains,
        "losses": losses,
        "dates": [  # whose middle day is another than in the baseline
            names.loc[unit].to_dict() | {"before": base[unit], "after": after}
            for unit, after in middle.items()
            if after != base.get(unit, after)
        ],
    }
    return Compared(figures, will.finishing, of)

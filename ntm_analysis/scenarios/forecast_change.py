"""Why a forecast differs from an earlier one: revised files, time, new data, new assumptions.

Earlier forecast -> the present files as known on its as-of date (revised) -> the as-of date moved
on, nothing new known (time, with the law that came into force) -> reported rows known since (data)
-> assumed rows known since (assumptions). Random numbers belong to their names, so that steps are
compared draw by draw; they add up to the whole difference.
"""

from collections import namedtuple

import numpy as np
import pandas as pd

from ..allocation import planned_forecast
from ..tables import DataProblemsError
from .comparison import NOISE, differences
from .scenario import BASELINE, scenario

DATA, ASSUMPTIONS = "data", "assumptions"  # kinds of rows, and the steps that they make
LEAST = 0.01  # of a commune's chance
ASSUMED = (
    "assumptions",
    "durations",
    "carry_over",
    "count_priors",
    "criterion_shares",
    "prices",
    "unit_costs",
    "typical_works",
    "parts",
    "profiles",
)


class Step(namedtuple("Step", "names change se basically p")):
    """One reason.

    Attributes
    ----------
    names : tuple of str
        ``revised``, ``time``, ``data``, ``assumptions``; several where they cannot be told apart.
    change, se : float
        Of the mean number finishing, and its standard error.
    basically : float
        The change of P(basically all).
    p : Series
        The change of each commune's chance, by unit.
    """

    @property
    def is_clear(self):
        """Whether the change stands out of the draws."""
        return abs(self.change) > NOISE * self.se + 1e-12


class ForecastChange(
    namedtuple(
        "ForecastChange",
        "before now steps rows",
        defaults=[{}],
    )
):
    """The way from one forecast to another.

    Attributes
    ----------
    before, now : float
        Mean numbers finishing.
    steps : list of Step
    rows : dict of str to dict of str to DataFrame
        Rows known since, by kind and table.
    """


def last_entry(entries, workbook, question):
    """The newest registered forecast of the data set up to its as-of date, if there is one.

    ``question``: the parameters that it must have been made with.

    Parameters
    ----------
    entries : list of dict
    workbook : Workbook
    question : dict of str to str

    Returns
    -------
    dict or None
    """
    fits = [
        entry
        for entry in entries
        if entry["dataset"] == workbook.id
        and entry["parameters"]["as_of"] <= f"{workbook.as_of}"
        and question.items() <= entry["parameters"].items()
    ]
    return max(
        fits,
        key=lambda entry: (entry["parameters"]["as_of"], entry["registered_on"]),
        default=None,
    )


def is_entry_of(entry, workbook):
    """Whether an entry is the forecast of these very files on this day.

    Parameters
    ----------
    entry : dict
    workbook : Workbook

    Returns
    -------
    bool
    """
    there = (entry["content_hash"], entry["parameters"]["as_of"])
    return there == (workbook.content_hash, f"{workbook.as_of}")


def change_since(workbook, since, now, entry, scenario_id=BASELINE):
    """The change from the forecast as of an earlier day to that of the workbook.

    Parameters
    ----------
    workbook : Workbook
    since : date
        The earlier day.
    now : Forecast
        Of the workbook; everything is asked as it was. With an entry it must have that one's seed
        and draws.
    entry : dict, optional
        The earlier forecast as registered; None: it is worked out again.
    scenario_id : str

    Returns
    -------
    ForecastChange or None
        None where no forecast can be made of what was known then.
    """
    run, until, tables = now.simulation, workbook.as_of, workbook.all_rows

    def rows(*kinds):
        """The rows of these kinds; of "": those known by ``since``."""
        return {n: t[_kinds(n, t, since, until).isin(kinds)] for n, t in tables.items()}

    def ask(day, *kinds):
        """The same question of the rows known by ``since`` and of those of ``kinds``."""
        try:
            chosen = scenario(workbook.as_known_on(day, rows("", *kinds)), scenario_id)
            question = {
                "policy": run.schedule.policy,
                "deadline": now.deadline,
                "finish": run.finish,
            }
            return planned_forecast(chosen, **question, draws=run.draws, seed=run.seed)
        except DataProblemsError:
            return None

    start = ask(since)
    if start is None:  # assumptions replaced since: the new ones stand in for the old, now lost
        for name in ASSUMED:
            known = tables[name]["known_from"].clip(upper=pd.Timestamp(since))
            tables = tables | {name: tables[name].assign(known_from=known)}
        start = ask(since)
    if start is None:
        return None
    before = entry["finishing"]["mean"] if entry else float(start.finishing.mean())
    steps = [_revised(entry, start, workbook)] if entry else []
    change = ForecastChange(before, float(now.finishing.mean()), steps)
    if since == until:  # no time has passed, and no row can have become known
        return change
    for kind in (DATA, ASSUMPTIONS):
        change.rows[kind] = {name: new for name, new in rows(kind).items() if len(new)}
    passed = ask(until)
    informed = ask(until, DATA) if change.rows[DATA] else passed
    earlier, names = start, ()
    for name, after in (("time", passed), (DATA, informed), (ASSUMPTIONS, now)):
        names = (*names, name)
        if after is not None:
            each, p = differences(after, earlier), after.p.sub(earlier.p, fill_value=0.0)
            steps.append(Step(names, each["finishing"], each["se"], each["p_basically_all"], p))
            earlier, names = after, ()
    return change


def _kinds(name, table, since, until):
    """The kind of each row that became known between two days; "" for all others."""
    kinds = pd.Series("", index=table.index)
    if "known_from" not in table:
        return kinds
    late = table["known_from"].between(*map(pd.Timestamp, (since, until)), inclusive="right")
    assumed = (table["mark"] == "assumed") | (name in ASSUMED)
    return kinds.mask(late, DATA).mask(late & assumed, ASSUMPTIONS)


def _revised(entry, start, workbook):
    """From the register to the present files as of the same day.

    Only distributions can be compared, unless nothing changed.
    """
    then = entry["finishing"]["distribution"]
    number, p = np.array(list(then), dtype=int), np.array(list(then.values()))
    variance = start.finishing.var() + p @ (number - p @ number) ** 2
    same = entry["content_hash"] == workbook.content_hash
    se = 0.0 if same else float(np.sqrt(variance / start.simulation.draws))
    chances = {row["code"]: row["p"] for row in entry["communes"]}
    old = start.workbook.units["code"].map(chances).dropna()  # of that day: codes are used again
    change = float(start.finishing.mean()) - entry["finishing"]["mean"]
    basically = float(start.basically_all.mean()) - entry["p_basically_all"]
    return Step(("revised",), change, se, basically, start.p.sub(old, fill_value=0.0))


def by_commune(change, most=5):
    """The largest changes of communes' chances over all steps, by unit, the largest first.

    Parameters
    ----------
    change : ForecastChange
    most : int

    Returns
    -------
    Series
    """
    total = pd.concat([step.p for step in change.steps]).groupby(level=0).sum()
    return total[total.abs() >= LEAST].sort_values(key=abs, ascending=False, kind="stable")[:most]

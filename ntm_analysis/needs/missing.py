"""Which criteria each world lacks.

What is reported as it is, what is not reported drawn, what the set in force takes away.

For a commune not yet NTM: criteria named missing are missing in every world. Of the criteria
without a state, so many are met as its count says, else as many as a number drawn from the pinned
prior; which ones is drawn given the number. A criterion met under the set it was reported in may be
lost under the set in force (table ``carry_over``). A set that only counts names nothing: its
missing criteria are a number, that of criterion 0.
"""

from collections import namedtuple

import numpy as np
import pandas as pd
from scipy.special import expit

from ..standing import assess
from ..tables import DataProblemsError, Problem
from .random_numbers import (
    count_distribution,
    drawn_counts,
    drawn_sets,
    inclusion_table,
    mean_of_the_rest,
    uniforms,
)

# Criteria met by a commune not yet NTM and without a count: no published count lies outside.
FEWEST, MOST = 3, 18
MET = ("met", "not_applicable")


class MissingDraws(namedtuple("MissingDraws", "set_id units numbers lacks drawn")):
    """What communes lack in each world.

    Attributes
    ----------
    set_id : str
        The criteria set that judges.
    units : list of int
    numbers : ndarray of int
        Criteria in order; 0 stands for those without a name.
    lacks : ndarray of bool or int16
        Units x criteria x draws (one, where all worlds are alike): whether each is lacked; numbers
        where criteria have no name (criterion 0).
    drawn : ndarray of bool
        Units x criteria: whether the state was drawn and not reported.
    """


def prior_of(workbook, set_id, group):
    """How likely each number of criteria met is for a commune of ``group``.

    The mean of all groups together, each by its share, is the published one of communes not yet
    NTM; the shifts of several groups add up.

    Parameters
    ----------
    workbook : Workbook
    set_id : str
    group : str
        Such as "border|resettled".

    Returns
    -------
    ndarray of float
        Chances of :data:`FEWEST` to :data:`MOST` criteria met.

    Raises
    ------
    DataProblemsError
        Where there is no published average.
    """
    rows = workbook.tables["count_priors"].query("set == @set_id").set_index("group")
    plain = rows.reindex(["plain"]).iloc[0]
    published = plain[["average", "communes", "ntm"]]
    if published.isna().any():
        raise DataProblemsError([Problem("no_prior", "count_priors.csv", details={"set": set_id})])
    mean = mean_of_the_rest(*published, workbook.law.sets[set_id].criteria_count)
    mean += rows["shift"][rows.index.isin(group.split("|"))].sum()
    mean -= (rows["share"] / 100 * rows["shift"]).sum()
    mean = np.clip(mean, FEWEST + 0.5, MOST - 0.5)
    return count_distribution(mean, plain["spread"], FEWEST, MOST)


def one_more_met(priors, way):
    """The table of priors were communes without a count to meet more criteria on average.

    By ``way`` criteria more: so much the average of all.

    Parameters
    ----------
    priors : DataFrame
    way : int

    Returns
    -------
    DataFrame
    """
    rest = (priors["communes"] - priors["ntm"]) / priors["communes"]
    return priors.assign(average=priors["average"] + way * rest)


class KnownStates(
    namedtuple(
        "KnownStates",
        "set_id reported_in units codes numbers lacking open_ number prior odds lost now",
    )
):
    """What is known of communes not yet NTM, by criterion of the set it was reported in.

    Attributes
    ----------
    set_id, reported_in : str
        The set that judges; that of the reports.
    units : list of int
    codes : list of str
        Of the units.
    numbers : ndarray of int
        The criteria.
    lacking, open_ : ndarray of bool
        Units x criteria: named missing; without a state.
    number : ndarray of int
        By unit, how many open criteria are met; -1 where no count says so.
    prior : list of ndarray or None
        By unit without a count the chances of 0, 1, ... open criteria met; None for all others.
    odds : ndarray of float
        By criterion, the odds that an open one is met.
    lost : ndarray of float
        By criterion, the chance that a met one is not met by the set in force, 0..1.
    now : ndarray of int8
        Units x criteria, by a report in the set in force: 1 lacking, 0 met; -1 no report.
    """


def facts_ntm(workbook, units, standing=None):
    """What is known of the communes ``units``, none of them NTM yet, at the NTM level.

    Judged by the set in force on the as-of date, or the one that a scenario keeps.

    Parameters
    ----------
    workbook : Workbook
    units : list of int
    standing : Standing, optional
        Of the set that the data set reports the level in.

    Returns
    -------
    KnownStates

    Raises
    ------
    DataProblemsError
        With every table that lacks what this takes.
    """
    reported_in, set_id = workbook.default_set("ntm"), workbook.judging_set
    standing = standing or assess(workbook, reported_in)
    numbers = workbook.law.criteria_of(reported_in).index.to_numpy()
    problems = []

    def states(of):
        return of.matrix().reindex(index=units, columns=numbers).to_numpy(dtype=object)

    def shares(name, column, code, **sets):
        """A column by criterion, 0..1; NaN, and a problem, where a criterion has no row."""
        rows = workbook.tables[name].merge(pd.DataFrame([sets]))
        values = rows.set_index("criterion")[column].reindex(numbers).to_numpy() / 100
        if (lacking := np.isnan(values)).any():
            details = sets | {"criteria": ", ".join(map(str, numbers[lacking]))}
            problems.append(Problem(code, f"{name}.csv", details=details))
        return values

    old = states(standing)
    met, open_, now = np.isin(old, MET), old == "unknown", np.full(old.shape, -1, dtype=np.int8)
    lost = np.zeros(len(numbers))
    share = shares("criterion_shares", "share", "no_share", set=reported_in).clip(0.01, 0.99)
    if set_id != reported_in:
        lost = shares("carry_over", "lost", "no_carry_over", from_set=reported_in, to_set=set_id)
        tables = workbook.tables
        if len(tables["indicator_values"]) or (tables["criterion_states"]["set"] == set_id).any():
            judged = states(assess(workbook, set_id, carry=True))
            now = np.where(judged == "unknown", now, ~np.isin(judged, MET))
    counts = standing.counts.loc[units]
    number = np.where(counts["counted"], counts["met"] - met.sum(axis=1), -1).astype(int)
    prior = [None] * len(units)
    people, unknown = workbook.units.loc[units], np.flatnonzero((number < 0) & open_.any(axis=1))
    difficult = np.where(people["specially_difficult"] == "yes", "|difficult", "")
    groups = np.array(people["group"] + difficult)
    # A commune that lacked nothing would be recognised.
    most = open_.sum(axis=1) - (counts["missing"].map(len) == 0).to_numpy()
    try:
        chances = {group: prior_of(workbook, reported_in, group) for group in set(groups[unknown])}
        for i in unknown:
            prior[i] = _cut(chances[groups[i]], met[i].sum(), most[i])
    except DataProblemsError as error:
        problems += error.problems
    if problems:
        raise DataProblemsError(problems)
    return KnownStates(
        set_id,
        reported_in,
        list(units),
        people["code"].tolist(),
        numbers,
        ~met & ~open_,
        open_,
        number,
        prior,
        share / (1 - share),
        lost,
        now,
    )


def missing_ntm(workbook, draws, seed, units, standing=None):
    """What the communes ``units``, none of them NTM yet, lack of the NTM level in each world.

    Judged by the set in force on the as-of date, from facts in the set the data set reports that
    level in.

    Parameters
    ----------
    workbook : Workbook
    draws, seed : int
    units : list of int
    standing : Standing, optional

    Returns
    -------
    MissingDraws

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> found = missing_ntm(wb, 100, 2022, [wb.find("Thanh Hương")])
    >>> [int(n) for n in found.numbers[found.lacks[0].all(axis=1)]]
    [2, 5, 6, 17]
    """
    return drawn_missing(facts_ntm(workbook, units, standing), draws, seed)


def drawn_missing(facts, draws, seed, block=0):
    """The criteria that communes lack in ``draws`` worlds from ``block`` onwards.

    Parameters
    ----------
    facts : KnownStates
    draws, seed, block : int

    Returns
    -------
    MissingDraws
    """
    lacks = np.repeat(facts.lacking[:, :, None], draws, axis=2)
    at_risk = np.flatnonzero(facts.lost > 0)
    for i, code in enumerate(facts.codes):
        names = np.array([f"{code}|{n}" for n in facts.numbers])
        open_, prior = facts.open_[i], facts.prior[i]
        if open_.any():
            u = uniforms(seed, "count", [code], draws, block)[0]
            number = facts.number[i] if prior is None else drawn_counts(u, prior)
            u = uniforms(seed, "which", names[open_], draws, block)
            lacks[i, open_] = ~drawn_sets(u, number, inclusion_table((*facts.odds[open_],)))
        u = uniforms(seed, "lost", names[at_risk], draws, block)
        lacks[i, at_risk] |= u < facts.lost[at_risk, None]
    known = facts.now >= 0  # what is reported in the set in force needs no drawing
    lacks[known] = facts.now[known, None] == 1
    drawn = (facts.open_ | (~facts.lacking & (facts.lost > 0))) & ~known
    return MissingDraws(facts.set_id, facts.units, facts.numbers, lacks, drawn)


def usual_missing(facts):
    """The most probable missing criteria, as one world.

    As many as expected (half a one counts as one), the likeliest first.

    Parameters
    ----------
    facts : KnownStates

    Returns
    -------
    MissingDraws

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> found = usual_missing(facts_ntm(wb, [wb.find("Thanh Hương")]))
    >>> [int(n) for n in found.numbers[found.lacks[0, :, 0]]]
    [2, 5, 6, 10, 11, 13, 17]
    """
    chance = expected_lacks(facts)
    number = np.floor(chance.sum(axis=1) + 0.5)
    rank = np.argsort(np.argsort(-chance, axis=1, kind="stable"), axis=1)
    lacks = ((rank < number[:, None]) | (chance == 1) | (facts.now == 1)) & (chance > 0)
    return MissingDraws(facts.set_id, facts.units, facts.numbers, lacks[:, :, None], facts.open_)


def expected_lacks(facts):
    """The chance that each commune lacks each criterion.

    As a planner expects it before any draw: float, units x criteria.

    1 for a criterion named missing; the chance of loss for one reported met; for an open one (1 -
    p) + p x loss, p being its published odds times one factor so that the sum of p is the number
    met that is reported, else the mean of the prior.

    Parameters
    ----------
    facts : KnownStates

    Returns
    -------
    ndarray
    """
    chance = np.where(facts.lacking, 1.0, facts.lost)
    for i, prior in enumerate(facts.prior):
        open_ = facts.open_[i]
        number = facts.number[i] if prior is None else prior @ np.arange(len(prior))
        p = _met_shares(facts.odds[open_], float(number))
        chance[i, open_] = (1 - p) + p * facts.lost[open_]
    return np.where(facts.now >= 0, facts.now, chance).astype(float)


def _met_shares(odds, number):
    """Chances with these odds times one factor whose sum is ``number``."""
    if number <= 0 or number >= len(odds):
        return np.full(len(odds), float(number > 0))

    from scipy.optimize import brentq

    logits = np.log(odds)
    factor = brentq(lambda f: expit(logits + f).sum() - number, -30.0, 30.0, xtol=1e-12)
    return expit(logits + factor)


def missing_higher(workbook, level, units):
    """What communes lack of a higher level by the set the data set reports it in.

    Named criteria, and a number without names.

    Nothing is drawn, one world stands for all: a commune about which the set says nothing lacks
    nothing here, only its listed works count.

    Parameters
    ----------
    workbook : Workbook
    level : str
    units : list of int

    Returns
    -------
    MissingDraws
    """
    set_id = workbook.default_set(level)
    numbers = np.append(0, workbook.law.criteria_of(set_id).index)
    counts = assess(workbook, set_id).counts.loc[units]
    lacks = np.zeros((len(units), len(numbers)), dtype=np.int16)
    lacks[:, 0] = np.where(counts["counted"], counts["unknown"], 0)
    for row, missing in zip(lacks, counts["missing"], strict=True):
        row[np.isin(numbers, missing)] = 1
    return MissingDraws(
        set_id, units, numbers, lacks[:, :, None], np.zeros(lacks.shape, dtype=bool)
    )


def _cut(prior, named_met, most):
    """Chances of 0..most open criteria met.

    The prior of the whole number, cut to what is possible beside the named ones.
    """
    numbers = np.arange(FEWEST, MOST + 1) - named_met
    fits = (numbers >= 0) & (numbers <= most)
    chances = np.zeros(most + 1)
    if fits.any():
        chances[numbers[fits]] = prior[fits] / prior[fits].sum()
    else:  # more is named than the prior allows for: as many of the rest as it would say, or none
        chances[most if numbers.min() > most else 0] = 1.0
    return chances

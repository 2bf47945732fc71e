"""Which criteria each world lacks: what is reported as it is, what is not reported drawn, what the set in force takes away.

For a commune not yet NTM: criteria named missing are missing in every world. Of the criteria without a state, so many are
met as its count says, else as many as a number drawn from the pinned prior; which ones is drawn given the number. A criterion
met under the set it was reported in may be lost under the set in force (table ``carry_over``). A set that only counts names
nothing: its missing criteria are a number, ``nameless``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..assess import Standing, assess
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .draws import (
    count_distribution,
    drawn_counts,
    drawn_sets,
    inclusion_table,
    mean_of_the_rest,
    uniforms,
)

FEWEST, MOST = 3, 18  # criteria met by a commune not yet NTM and without a count: no published count lies outside


@dataclass(frozen=True)
class Missing:
    """What communes lack in each world, judged by ``set_id`` from facts reported in ``reported_in``.

    ``units``: unit numbers; ``numbers``: criteria; ``lacks``: bool, units x criteria x draws; ``nameless``: int, units x
    draws, missing criteria without a name; ``drawn``: bool, units x criteria, whether a state was drawn and not reported;
    ``lost``: bool as ``lacks``, met under the old set and lacking only by the change of the set.
    """

    set_id: str
    reported_in: str
    units: list[int]
    numbers: np.ndarray
    lacks: np.ndarray
    nameless: np.ndarray
    drawn: np.ndarray
    lost: np.ndarray


def prior_of(workbook: Workbook, set_id: str, group: str) -> np.ndarray:
    """Probabilities of :data:`FEWEST` .. :data:`MOST` criteria met for a commune of ``group`` ("border|resettled").

    The mean of all groups together, each by its share, is the published one of communes not yet NTM; the shifts of several
    groups add up. Raises :class:`DataProblems` where the data set has no published average.
    """
    rows = workbook.tables["count_priors"]
    rows = rows[rows["set"] == set_id].set_index("group")
    if "plain" not in rows.index or rows.loc["plain", ["average", "communes", "ntm"]].isna().any():
        raise DataProblems([Problem("no_prior", "count_priors.csv", details={"set": set_id})])
    plain = rows.loc["plain"]
    of = workbook.law.sets[set_id].criteria_count
    mean = mean_of_the_rest(plain["average"], plain["communes"], plain["ntm"], of)
    shifts = rows["shift"].fillna(0.0)
    mean += sum(shifts[g] for g in group.split("|") if g in shifts.index) - (rows["share"].fillna(0) / 100 * shifts).sum()
    return count_distribution(float(np.clip(mean, FEWEST + 0.5, MOST - 0.5)), plain["spread"], FEWEST, MOST)


def one_more_met(priors: pd.DataFrame, way: int) -> pd.DataFrame:
    """The table of priors were communes without a count to meet ``way`` criteria more on average: so much the average of all."""
    rest = (priors["communes"] - priors["ntm"]) / priors["communes"]
    return priors.assign(average=priors["average"] + way * rest)


@dataclass(frozen=True)
class Facts:
    """What is known of communes not yet NTM, by criterion of the set it was reported in.

    ``lacking``, ``open_``: bool, units x criteria: named missing, without a state. ``number``: how many open ones are met,
    -1 where no count says so; ``prior``: then the chances of 0, 1, ... open ones met. ``odds``, ``lost``: by criterion, the
    odds that an open one is met, the chance that a met one is not met by the set in force. ``now``: int8, units x criteria:
    1 lacking, 0 met by a report in the set in force, -1 no report. ``tables``: for each set of open criteria the chances of
    inclusion.
    """

    set_id: str
    reported_in: str
    units: list[int]
    codes: list[str]
    numbers: np.ndarray
    lacking: np.ndarray
    open_: np.ndarray
    number: np.ndarray
    prior: list[np.ndarray | None]
    odds: np.ndarray
    lost: np.ndarray
    now: np.ndarray
    tables: dict[bytes, np.ndarray]


def facts_ntm(workbook: Workbook, units: list[int], standing: Standing | None = None) -> Facts:
    """What is known of the communes ``units``, none of them NTM yet, at the NTM level; judged by the set in force on the
    as-of date, or the one that a scenario keeps. Raises :class:`DataProblems` with every table that lacks what this takes."""
    reported_in = workbook.default_set("ntm")
    set_id = workbook.judging_set
    standing = standing or assess(workbook, reported_in)
    numbers = workbook.law.criteria_of(reported_in).index.to_numpy()
    states = standing.matrix().reindex(index=units, columns=numbers).to_numpy(dtype=object)
    met, open_ = np.isin(states, ["met", "not_applicable"]), states == "unknown"
    now = np.full(states.shape, -1, dtype=np.int8)
    told = len(workbook.tables["indicator_values"]) or (workbook.tables["criterion_states"]["set"] == set_id).any()
    if told and set_id != reported_in:
        judged = assess(workbook, set_id, carry=True).matrix().reindex(index=units, columns=numbers).to_numpy(dtype=object)
        known = judged != "unknown"
        now[known] = ~np.isin(judged[known], ["met", "not_applicable"])
    counts = standing.counts.loc[units]
    number = np.where(counts["counted"], counts["met"].fillna(0).astype(int) - met.sum(axis=1), -1)
    problems: list[Problem] = []
    odds = _odds(workbook, reported_in, numbers, problems)
    lost = _lost(workbook, reported_in, set_id, numbers, problems)
    priors: dict[tuple, np.ndarray] = {}
    prior: list[np.ndarray | None] = []
    for i, unit in enumerate(units):
        if number[i] >= 0 or not open_[i].any():
            prior.append(None)
            continue
        group, difficult = workbook.units.loc[unit, ["group", "specially_difficult"]]
        group += "|difficult" if difficult == "yes" else ""
        # A commune that lacked nothing would be recognised.
        most = int(open_[i].sum()) - (0 if counts["missing"].iloc[i] else 1)
        key = (group, int(met[i].sum()), most)
        try:
            if key not in priors:
                priors[key] = _prior_of_open(prior_of(workbook, reported_in, group), *key[1:])
        except DataProblems as error:  # the same of every group
            problems += error.problems
            break
        prior.append(priors[key])
    if problems:
        raise DataProblems(problems)
    codes = workbook.units.loc[units, "code"].tolist()
    tables = {row.tobytes(): inclusion_table(odds[row]) for row in open_ if row.any()}
    return Facts(set_id, reported_in, list(units), codes, numbers, ~met & ~open_, open_, number, prior, odds, lost, now, tables)


def missing_ntm(workbook: Workbook, draws: int, seed: int, units: list[int], standing: Standing | None = None) -> Missing:
    """What the communes ``units``, none of them NTM yet, lack of the NTM level in each world.

    Judged by the set in force on the as-of date, from facts in the set the data set reports that level in.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> found = missing_ntm(wb, 100, 2022, [wb.find("Thanh Hương")])
    >>> [int(n) for n in found.numbers[found.lacks[0].all(axis=1)]]
    [2, 5, 6, 17]
    """
    return drawn_missing(facts_ntm(workbook, units, standing), draws, seed)


def drawn_missing(facts: Facts, draws: int, seed: int, block: int = 0) -> Missing:
    """The criteria that communes lack in ``draws`` worlds from ``block`` onwards."""
    numbers, shape = facts.numbers, (*facts.open_.shape, draws)
    lacks = np.broadcast_to(facts.lacking[:, :, None], shape).copy()
    gone = np.zeros(shape, dtype=bool)
    at_risk = np.flatnonzero(facts.lost > 0)
    for i, code in enumerate(facts.codes):
        open_ = np.flatnonzero(facts.open_[i])
        if len(open_):
            number = np.full(draws, facts.number[i])
            if facts.prior[i] is not None:
                number = drawn_counts(uniforms(seed, "count", [code], draws, block)[0], facts.prior[i], 0)
            names = [f"{code}|{numbers[c]}" for c in open_]
            lacks[i, open_] = ~drawn_sets(
                uniforms(seed, "which", names, draws, block), number, facts.tables[facts.open_[i].tobytes()]
            )
        if len(at_risk):
            u = uniforms(seed, "lost", [f"{code}|{numbers[c]}" for c in at_risk], draws, block)
            gone[i, at_risk] = ~lacks[i, at_risk] & (u < facts.lost[at_risk, None])
    lacks |= gone
    known = facts.now >= 0  # what is reported in the set in force needs no drawing
    lacks[known], gone[known] = facts.now[known, None] == 1, False
    drawn = (facts.open_ | (~facts.lacking & (facts.lost > 0))) & ~known
    nameless = np.zeros((len(facts.units), draws), dtype=np.int16)
    return Missing(facts.set_id, facts.reported_in, facts.units, numbers, lacks, nameless, drawn, gone)


def usual_missing(facts: Facts) -> Missing:
    """The most probable missing criteria, as one world: as many as expected (half a one counts as one), the likeliest first.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> found = usual_missing(facts_ntm(wb, [wb.find("Thanh Hương")]))
    >>> [int(n) for n in found.numbers[found.lacks[0, :, 0]]]
    [2, 5, 6, 10, 11, 13, 17]
    """
    chance = expected_lacks(facts)
    number = np.floor(chance.sum(axis=1) + 0.5)
    rank = np.argsort(np.argsort(-chance, axis=1, kind="stable"), axis=1)
    lacks = ((rank < number[:, None]) | (chance == 1) | (facts.now == 1)) & (chance > 0)
    none = np.zeros_like(lacks[:, :, None])
    nameless = np.zeros((len(facts.units), 1), dtype=np.int16)
    return Missing(facts.set_id, facts.reported_in, facts.units, facts.numbers, lacks[:, :, None], nameless, facts.open_, none)


def expected_lacks(facts: Facts) -> np.ndarray:
    """The chance that each commune lacks each criterion, as a planner expects it before any draw: float, units x criteria.

    1 for a criterion named missing; the chance of loss for one reported met; for an open one (1 - p) + p x loss, p being its
    published odds times one factor so that the sum of p is the number met that is reported, else the mean of the prior.
    """
    chance = np.where(facts.lacking, 1.0, facts.lost)
    for i, prior in enumerate(facts.prior):
        open_ = facts.open_[i]
        if open_.any():
            number = facts.number[i] if prior is None else prior @ np.arange(len(prior))
            p = _met_shares(facts.odds[open_], float(number))
            chance[i, open_] = (1 - p) + p * facts.lost[open_]
    return np.where(facts.now >= 0, facts.now, chance).astype(float)


def _met_shares(odds: np.ndarray, number: float) -> np.ndarray:
    """Chances with these odds times one factor whose sum is ``number``."""
    if number <= 0 or number >= len(odds):
        return np.full(len(odds), float(number > 0))

    def shares(log_factor: float) -> np.ndarray:
        scaled = odds * np.exp(log_factor)
        return scaled / (1 + scaled)

    from scipy.optimize import brentq

    return shares(brentq(lambda f: shares(f).sum() - number, -30.0, 30.0, xtol=1e-12))


def missing_higher(workbook: Workbook, level: str, draws: int, units: list[int]) -> Missing:
    """What communes lack of a higher level by the set the data set reports it in: named criteria, and a number without names.

    Nothing is drawn: a commune about which the set says nothing lacks nothing here, only its listed works count.
    """
    set_id = workbook.default_set(level)
    standing = assess(workbook, set_id) if units else None
    numbers = workbook.law.criteria_of(set_id).index.to_numpy()
    lacks = np.zeros((len(units), len(numbers), draws), dtype=bool)
    nameless = np.zeros((len(units), draws), dtype=np.int16)
    for i, unit in enumerate(units):
        counts = standing.counts.loc[unit]
        lacks[i, np.isin(numbers, counts["missing"])] = True
        nameless[i] = counts["unknown"] if counts["counted"] else 0
    none = np.zeros(lacks.shape[:2], dtype=bool)
    return Missing(set_id, set_id, list(units), numbers, lacks, nameless, none, np.zeros_like(lacks))


def _prior_of_open(prior: np.ndarray, named_met: int, most: int) -> np.ndarray:
    """Chances of 0..most open criteria met: the prior of the whole number, cut to what is possible beside the named ones."""
    numbers = np.arange(FEWEST, MOST + 1) - named_met
    fits = (numbers >= 0) & (numbers <= most)
    chances = np.zeros(most + 1)
    if fits.any():
        chances[numbers[fits]] = prior[fits] / prior[fits].sum()
    else:  # more is named than the prior allows for: as many of the rest as it would say, or none
        chances[most if numbers.min() > most else 0] = 1.0
    return chances


def _odds(workbook: Workbook, set_id: str, numbers: np.ndarray, problems: list[Problem]) -> np.ndarray:
    """Odds of each criterion among communes not yet NTM; NaN, and a problem, where no share was published."""
    rows = workbook.tables["criterion_shares"]
    share = rows[rows["set"] == set_id].set_index("criterion")["share"].reindex(numbers) / 100
    if share.isna().any():
        missing = ", ".join(str(n) for n in numbers[share.isna()])
        problems.append(Problem("no_share", "criterion_shares.csv", details={"set": set_id, "criteria": missing}))
    share = share.clip(0.01, 0.99).to_numpy()
    return share / (1 - share)


def _lost(workbook: Workbook, reported_in: str, set_id: str, numbers: np.ndarray, problems: list[Problem]) -> np.ndarray:
    """The chance that each criterion met under the one set is not met under the other; 0 when they are the same; NaN, and
    a problem, where no row says it."""
    rows = workbook.tables["carry_over"]
    rows = rows[(rows["from_set"] == reported_in) & (rows["to_set"] == set_id)].set_index("criterion")["lost"]
    if reported_in == set_id:
        return np.zeros(len(numbers))
    if not set(numbers) <= set(rows.index):
        details = {"from_set": reported_in, "to_set": set_id}
        problems.append(Problem("no_carry_over", "carry_over.csv", details=details))
    return (rows.reindex(numbers) / 100).to_numpy()

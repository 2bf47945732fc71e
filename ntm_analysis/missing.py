"""Which criteria each world lacks: what is reported as it is, what is not reported drawn, what the set in force takes away.

For a commune not yet NTM: criteria named missing are missing in every world. Of the criteria without a state, so many are
met as its count says, else as many as a number drawn from the pinned prior; which ones is drawn given the number. A criterion
met under the set it was reported in may be lost under the set in force (table ``carry_over``). A set that only counts names
nothing: its missing criteria are a number, ``nameless``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .assess import Standing, assess
from .problems import DataProblems, Problem
from .unknowns import count_distribution, drawn_counts, drawn_sets, inclusion_table, mean_of_the_rest
from .workbook import Workbook
from .worlds import uniforms

FEWEST, MOST = 3, 18  # criteria met by a commune not yet NTM and without a count: no published count lies outside


@dataclass(frozen=True)
class Missing:
    """What communes lack in each world, judged by ``set_id`` from facts reported in ``reported_in``.

    ``units``: unit numbers; ``numbers``: criteria; ``lacks``: bool, units x criteria x draws; ``nameless``: int, units x draws,
    missing criteria without a name; ``drawn``: bool, units x criteria, whether a state was drawn and not reported.
    """

    set_id: str
    reported_in: str
    units: list[int]
    numbers: np.ndarray
    lacks: np.ndarray
    nameless: np.ndarray
    drawn: np.ndarray


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
    mean += (
        sum(shifts[g] for g in group.split("|") if g in shifts.index) - (rows["share"].fillna(0) / 100 * shifts).sum()
    )
    return count_distribution(float(np.clip(mean, FEWEST + 0.5, MOST - 0.5)), plain["spread"], FEWEST, MOST)


def missing_ntm(
    workbook: Workbook, draws: int, seed: int, units: list[int], standing: Standing | None = None
) -> Missing:
    """What the communes ``units``, none of them NTM yet, lack of the NTM level in each world.

    Judged by the set in force on the as-of date, from facts in the set the data set reports that level in.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> found = missing_ntm(wb, 100, 2022, [wb.find("Thanh Hương")])
    >>> [int(n) for n in found.numbers[found.lacks[0].all(axis=1)]]
    [2, 5, 6, 17]
    """
    reported_in = workbook.default_set("ntm")
    set_id = workbook.law.in_force("ntm", workbook.as_of) or reported_in
    standing = standing or assess(workbook, reported_in)
    numbers = workbook.law.criteria_of(reported_in).index.to_numpy()
    states = standing.states.set_index("unit")
    told = len(workbook.tables["indicator_values"]) or (workbook.tables["criterion_states"]["set"] == set_id).any()
    now_judged = assess(workbook, set_id, carry=True) if told and set_id != reported_in else None
    in_force = now_judged.states.set_index("unit")["state"] if now_judged else None
    odds, lost = _odds(workbook, reported_in, numbers), _lost(workbook, reported_in, set_id, numbers)
    lacks = np.empty((len(units), len(numbers), draws), dtype=bool)
    drawn = np.zeros((len(units), len(numbers)), dtype=bool)
    tables: dict[bytes, np.ndarray] = {}
    priors: dict[str, np.ndarray] = {}
    for i, unit in enumerate(units):
        code, group, difficult = workbook.units.loc[unit, ["code", "group", "specially_difficult"]]
        group += "|difficult" if difficult == "yes" else ""
        state = states.loc[unit, "state"].to_numpy(dtype=object)
        met = np.isin(state, ["met", "not_applicable"])
        lacks[i] = ~met[:, None]
        open_ = np.flatnonzero(state == "unknown")
        if len(open_):
            counts = standing.counts.loc[unit]
            if counts["counted"]:
                number = np.full(draws, int(counts["met"]) - int(met.sum()))
            else:
                prior = priors.setdefault(group, prior_of(workbook, reported_in, group))
                most = len(open_) - (0 if counts["missing"] else 1)  # a commune that lacked nothing would be recognised
                number = _number_met(uniforms(seed, "count", [code], draws)[0], prior, int(met.sum()), most)
            key = open_.tobytes()
            tables[key] = tables.get(key) if key in tables else inclusion_table(odds[open_])
            names = [f"{code}|{numbers[c]}" for c in open_]
            lacks[i, open_] = ~drawn_sets(uniforms(seed, "which", names, draws), number, tables[key])
            drawn[i, open_] = True
        if lost.any():
            at_risk = np.flatnonzero(lost > 0)
            u = uniforms(seed, "lost", [f"{code}|{numbers[c]}" for c in at_risk], draws)
            risky = ~lacks[i, at_risk]
            lacks[i, at_risk] |= risky & (u < lost[at_risk, None])
            drawn[i, at_risk] |= risky.any(axis=1)
        if in_force is not None:  # what is reported in the set in force needs no drawing
            now = in_force.loc[unit].to_numpy(dtype=object)
            known = now != "unknown"
            lacks[i, known] = ~np.isin(now[known], ["met", "not_applicable"])[:, None]
            drawn[i, known] = False
    nameless = np.zeros((len(units), draws), dtype=np.int16)
    return Missing(set_id, reported_in, list(units), numbers, lacks, nameless, drawn)


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
    return Missing(set_id, set_id, list(units), numbers, lacks, nameless, np.zeros(lacks.shape[:2], dtype=bool))


def _number_met(u: np.ndarray, prior: np.ndarray, named_met: int, most: int) -> np.ndarray:
    """How many of the open criteria are met: the prior of the whole number, cut to what is possible beside the named ones."""
    numbers = np.arange(FEWEST, MOST + 1) - named_met
    fits = (numbers >= 0) & (numbers <= most)
    if not fits.any():  # more is named than the prior allows for: as many of the rest as it would say, or none
        return np.full(len(u), most if numbers.min() > most else 0)
    chosen = prior[fits] / prior[fits].sum()
    return drawn_counts(u, chosen, int(numbers[fits][0]))


def _odds(workbook: Workbook, set_id: str, numbers: np.ndarray) -> np.ndarray:
    """Odds of each criterion among communes not yet NTM."""
    rows = workbook.tables["criterion_shares"]
    share = rows[rows["set"] == set_id].set_index("criterion")["share"].reindex(numbers) / 100
    if share.isna().any():
        missing = ", ".join(str(n) for n in numbers[share.isna()])
        raise DataProblems([Problem("no_share", "criterion_shares.csv", details={"set": set_id, "criteria": missing})])
    share = share.clip(0.01, 0.99).to_numpy()
    return share / (1 - share)


def _lost(workbook: Workbook, reported_in: str, set_id: str, numbers: np.ndarray) -> np.ndarray:
    """The chance that each criterion met under the one set is not met under the other; 0 when they are the same."""
    rows = workbook.tables["carry_over"]
    rows = rows[(rows["from_set"] == reported_in) & (rows["to_set"] == set_id)].set_index("criterion")["lost"]
    if reported_in == set_id:
        return np.zeros(len(numbers))
    if not set(numbers) <= set(rows.index):
        details = {"from_set": reported_in, "to_set": set_id}
        raise DataProblems([Problem("no_carry_over", "carry_over.csv", details=details)])
    return (rows.reindex(numbers) / 100).to_numpy()


def count_met(missing: Missing) -> pd.DataFrame:
    """How many criteria each commune meets, over worlds: mean, p10, p50, p90, by unit."""
    met = len(missing.numbers) - missing.lacks.sum(axis=1) - missing.nameless
    shares = np.quantile(met, [0.1, 0.5, 0.9], axis=1, method="inverted_cdf")
    return pd.DataFrame(
        {"mean": met.mean(axis=1), "p10": shares[0], "p50": shares[1], "p90": shares[2]}, index=missing.units
    )

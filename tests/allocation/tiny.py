"""Random tiny districts for the allocation."""

import numpy as np
import pandas as pd

from ntm_analysis.allocation.central_case import NONE, CentralCase
from ntm_analysis.needs import pot_sets

YEARS, PER_YEAR = [2022, 2023], 2


def tiny(seed: int, minimum: bool = False) -> CentralCase:
    """A district of up to four communes, three pots and two kinds of work."""
    chance = np.random.default_rng(seed)
    goals, pots, kinds = int(chance.integers(2, 5)), int(chance.integers(2, 4)), 2
    rows = []
    for k in range(kinds):
        usual = np.round(chance.dirichlet(np.ones(pots)) * 100).astype(int)
        usual[-1] = 100 - usual[:-1].sum()
        for p in range(pots):
            least = int(usual[p] * chance.choice([0, 0, 0.5, 1]))
            most = int(min(100, usual[p] * chance.choice([1, 1.5, 2, 3])))
            rows.append((f"work{k}", f"pot{p}", int(usual[p]), least, most))
    parts = pd.DataFrame(rows, columns=["item", "pot", "share", "least", "most"])
    table = pd.DataFrame({"pot": [f"pot{p}" for p in range(pots)], "measure": "money"})
    sets = pot_sets({"parts": parts, "pots": table.assign(fund="nst")})
    cost = chance.integers(0, 8, (goals, len(sets.kinds))) * 1_000.0
    months = chance.choice([3, 6, 9, 15], goals)
    marks, ends = np.array([0, 6, 12, 18, 24]), np.array([12, 24])
    last = np.array([2, 4])
    wanted = np.searchsorted(marks, ends[None, :] - months[:, None], side="right") - 1
    mark = np.where((wanted >= 0) & (marks[wanted] >= np.array([0, 12])), wanted, NONE)
    whole = cost.sum()
    money = np.cumsum(chance.choice([0, 0, 0, 3], (len(sets.pots), len(marks))), axis=1)
    money = np.floor(money * whole / max(1, money[:, -1].sum()) * chance.uniform(0.3, 1.1))
    bounds = parts.rename(columns={"item": "kind", "share": "usual"})
    shares = ["least", "usual", "most"]
    return CentralCase(
        sets,
        YEARS,
        ends,
        last,
        marks,
        cost,
        np.repeat(np.array([sets.demand(c) for c in cost])[:, None], 2, axis=1),
        months,
        mark,
        money,
        np.zeros(len(sets.members)),
        chance.integers(0, 3, 2),
        np.array([0.95, 0.7, 0.8, 0.4]) * chance.uniform(0.8, 1),
        chance.choice([1.0, 1.0, 1.5, 2.0], goals),
        np.where(chance.random(goals) < 0.3, 0.2, 0.0) if minimum else np.zeros(goals),
        np.zeros(goals),
        np.ones(goals, dtype=bool),
        np.where(chance.random(goals) < 0.2, chance.integers(0, 2, goals), NONE),
        np.full(goals, NONE),
        np.arange(goals),
        bounds.assign(**{c: bounds[c] * 10 for c in shares}),
        pd.DataFrame(columns=sets.kinds, dtype=float),
        None,
    )

"""The best plan of a tiny district the slow way: every plan, each tried as a flow of money.

Nothing here knows of pot sets, kinds, cuts or the solver's rows.
"""

from itertools import product

import numpy as np
from scipy.optimize import linprog

NONE = -1


def payable(case, claims) -> bool:
    """Whether one mix of the pots pays claims (checkpoint, kind, cost) year after year."""
    claims = [claim for claim in claims if claim[2] > 0]
    if not claims:
        return True
    pots, checkpoints = case.sets.pots, len(case.checkpoints)
    options, low, high = [], [], []
    for number, (checkpoint, kind, cost) in enumerate(claims):
        mine = case.bounds[case.bounds["kind"] == case.sets.kinds[kind]]
        for row in mine.to_dict("records"):
            options.append((number, pots.index(row["pot"]), checkpoint))
            low.append(row["least"] / 1_000 * cost)
            high.append(row["most"] / 1_000 * cost)
    paid = np.zeros((len(claims), len(options)))
    spent = np.zeros((checkpoints * len(pots), len(options)))
    for i, (number, pot, checkpoint) in enumerate(options):
        paid[number, i] = 1
        for later in range(checkpoint, checkpoints):
            spent[later * len(pots) + pot, i] = 1
    answer = linprog(
        np.zeros(len(options)),
        A_ub=spent,
        b_ub=case.money.T.ravel(),
        A_eq=paid,
        b_eq=[cost for _, _, cost in claims],
        bounds=list(zip(low, high, strict=True)),
    )
    return answer.status == 0


def plans(case):
    """Every plan that lists no more than there are places: year and lateness of each goal."""
    years = range(len(case.years))
    choices = [(NONE, False), *product(years, (False, True))]
    for plan in product(choices, repeat=len(case.weight)):
        year = np.array([y for y, _ in plan])
        late = np.array([slow for _, slow in plan])
        placed = (year != NONE) & (case.reported == NONE)
        listed = np.bincount(year[placed], minlength=len(case.years))
        if ((year != NONE) & (year < case.reported)).any():
            continue
        checkpoints = case.checkpoint[np.arange(len(year)), year]
        known = (year == NONE) | late | (checkpoints != NONE)
        if (listed <= case.places).all() and known.all():
            yield year, late


def value(case, year, late) -> float:
    return sum(
        case.weight[g] * case.chance[2 * year[g] + late[g]]
        for g in range(len(year))
        if year[g] != NONE
    )


def best_value(case) -> float | None:
    """The most that any plan attains; None where the minimums alone cannot be paid."""
    ranked = sorted(plans(case), key=lambda plan: -value(case, *plan))
    for year, late in ranked:
        claims, last = [], len(case.checkpoints) - 1
        for g in range(len(year)):
            checkpoint = last
            part = case.minimum[g]
            if year[g] != NONE:
                checkpoint = case.last[year[g]] if late[g] else case.checkpoint[g, year[g]]
                part = 1.0
            claims += [(checkpoint, k, c * part) for k, c in enumerate(case.cost[g])]
        if payable(case, claims):
            return value(case, year, late)
    return None

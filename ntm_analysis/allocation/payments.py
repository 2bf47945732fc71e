"""How a plan's works are paid, year after year, by one mix of the pots: the check of every plan.

What the pot sets allow at each checkpoint need not be payable by one mix that holds through the
years; where it is not, the plan gets a row of its own in the model.
"""

import numpy as np
import pandas as pd
from pandas import DataFrame

from ..needs import contribution
from .audit import payment
from .central_case import NONE

ENOUGH = 1e15  # more money than anything costs: own pots of those who have no goal


def _due(case, key):
    """The checkpoint by which what is committed is paid; NONE where it never is.

    ``key`` is a row of :attr:`~.central_case.CentralCase.committed`; NONE too where the commune's
    own pots never bear their part.
    """
    payable = (case.room >= 0).all(axis=1)
    if key[1:]:
        owed = np.repeat(case.committed.loc[[key]].to_numpy().T, len(case.checkpoints), axis=1)
        payable &= contribution(case.sets, owed, case.own_money[int(key[1:])])[0] <= 0
    return int(payable.argmax()) if payable.any() else NONE


def claim_of(case, goal, checkpoint):
    """The claim of a goal paid by a checkpoint.

    Communes that hold no pot for themselves have one for each checkpoint together (and kind of
    cost); with pots of their own each commune claims for itself.

    Parameters
    ----------
    case : CentralCase
    goal, checkpoint : int

    Returns
    -------
    str
        A key of :func:`flows`.
    """
    return f"m{checkpoint}" if case.own_money is None else f"g{goal}"


def flows(case, slot, minimum=False):
    """The payment of a plan.

    Parameters
    ----------
    case : CentralCase
    slot : ndarray of int
        By goal.
    minimum : bool
        With that of every commune that is not in the plan, by the deadline.

    Returns
    -------
    tuple
        As :func:`~.audit.payment`: a DataFrame with key, kind, pot, amount, then None or a row.
    """
    checkpoint, part = case.checkpoints_of(slot), np.ones((len(slot), 1))
    if minimum:
        rest = checkpoint == NONE
        part[rest], checkpoint[rest] = case.minimum[rest, None], len(case.checkpoints) - 1
    keys = [claim_of(case, g, m) for g, m in enumerate(checkpoint)]
    due = dict(zip(keys, checkpoint, strict=True))
    due |= {key: _due(case, key) for key in case.committed.index}
    cost = pd.concat([case.committed, DataFrame(case.cost * part, keys, case.sets.kinds)])
    cost = cost.rename_axis(index="key", columns="kind").stack()
    claims = cost[cost > 0].groupby(["key", "kind"], sort=False).sum().reset_index(name="cost")
    claims = claims.assign(due=claims["key"].map(due)).query("due != @NONE")
    bounds = claims.reset_index(names="claim").merge(case.bounds, on="kind")
    if bounds.empty:
        return bounds.assign(amount=0.0), None
    own = bounds["pot"].isin(np.array(case.sets.pots)[case.sets.own])
    goal = bounds["key"].str[1:]
    bounds["pot"] = bounds["pot"].mask(own, bounds["pot"] + "@" + goal)
    return payment(claims, bounds, _money(case, goal.unique()))


def over_time(case, slot):
    """The row that a plan breaks which cannot be paid year after year by one mix.

    Parameters
    ----------
    case : CentralCase
    slot : ndarray of int
        By goal.

    Returns
    -------
    tuple of ndarray, float, or None
        What each goal listed so asks of the row (goals x slots), and the most that the row
        allows; None where the plan can be paid.
    """
    _, row = flows(case, slot)
    if row is None:
        return None
    claims, most = row
    prices = (
        claims.pivot(index="key", columns="kind", values="asked")
        .reindex(columns=case.sets.kinds)
        .fillna(0.0)
    )
    value = np.zeros(case.slots.shape)
    for (g, s), checkpoint in np.ndenumerate(case.slots):
        key = claim_of(case, g, checkpoint)
        if (case.own_money is None or slot[g] == s) and key in prices.index:
            value[g, s] = case.cost[g] @ prices.loc[key]
    return value, most - float((case.committed * prices).sum(axis=None))


def _money(case, goals):
    """Money by pot and checkpoint; of pots that communes hold for themselves by goal."""
    money = dict(zip(case.sets.pots, case.money, strict=True))
    for j, p in enumerate(case.sets.own):
        for goal in goals:
            come = case.own_money[int(goal), j] if goal else case.money[p] + ENOUGH
            money[f"{case.sets.pots[p]}@{goal}"] = come
    return DataFrame(money).T

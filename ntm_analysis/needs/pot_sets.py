"""The one rule of who can pay what: which sets of pots can keep works from being paid.

Sources stand in for each other: a work names for each pot that may pay it the least, usual and
most share of its cost. Works are payable by some mix of the pots if and only if for every set S of
pots the sum over the works of cost x max(least share inside S, 1 - most share outside S) is within
the money of S (Hoffman's condition for a flow with bounds). The largest excess over all sets is the
least extra money, in whatever pots, with which all could be paid: the demand of a set is
supermodular, so the least additions that mend every set add up to the largest one.
"""

from collections import namedtuple
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from ..data import MOST_POTS

THOUSANDTHS = 1_000  # shares are whole thousandths, so that sums of whole thousand dong are exact
TINY = 1e-6  # a share of 33,4 % is 334 thousandths, whatever the last bit of a product says
CEMENT_PART = "|cement"  # after an item's name: the part of its cost that is cement
CELLS = 2_000_000  # sets x worlds looked at together for the gap


class PotSets(namedtuple("PotSets", "pots kinds least most members own")):
    """Sets of pots that can keep works from being paid, and what each kind of cost asks of them.

    A kind of cost is the money part of an item, or its cement part (worth its tonnes at the price
    of the world): cement that is not granted is bought from the item's money pots.

    Attributes
    ----------
    pots : list of str
        All pots that may pay a part of a work.
    kinds : list of str
        The item, or item and :data:`CEMENT_PART`.
    least, most : ndarray of float64
        Kinds x pots, thousandths.
    members : ndarray of bool
        Sets x pots.
    own : list of int
        Positions of pots that each commune has for itself: they stand in no set.
    """

    @cached_property
    def share(self):
        """Sets x kinds, thousandths of a cost that each set must bear."""
        return self.borne(self.members)

    def demand(self, cost):
        """What each set must bear of costs (kinds, ...): (sets, ...), đồng.

        Parameters
        ----------
        cost : ndarray

        Returns
        -------
        ndarray
        """
        return np.tensordot(self.share, cost, axes=1)

    def money(self, by_pot):
        """The money (pots, ...) of each set: (sets, ...), in the scale of :meth:`demand`.

        Parameters
        ----------
        by_pot : ndarray

        Returns
        -------
        ndarray
        """
        return np.tensordot(THOUSANDTHS * self.members.astype(float), by_pot, axes=1)

    def excess(self, cost, by_pot):
        """The gap: the least extra money with which all could be paid.

        A set that does not matter may ask for more than each of its parts, though never for more
        than them together: the gap looks at ``every`` one.

        Parameters
        ----------
        cost : ndarray
            Kinds x worlds, thousand dong.
        by_pot : ndarray
            Pots x worlds, thousand dong.

        Returns
        -------
        ndarray
            By world thousand dong, at least 0, rounded up.

        Examples
        --------
        >>> rows = [("road", "a", 50, 0, 100), ("road", "b", 50, 0, 50)]
        >>> parts = pd.DataFrame(rows, columns=["item", "pot", "share", "least", "most"])
        >>> pots = pd.DataFrame({"pot": ["a", "b"], "measure": "money", "fund": "nst"})
        >>> sets = pot_sets({"parts": parts, "pots": pots}, every=True)
        >>> cost, money = np.array([[10.0]]), np.array([[4.0], [7.0]])
        >>> sets.excess(cost, money).tolist(), sets.blocking(cost, money)
        ([1.0], ['a'])
        """
        chunks = 1 + len(self.members) * cost.shape[1] // CELLS
        pairs = zip(*(np.array_split(x, chunks, axis=1) for x in (cost, by_pot)), strict=True)
        over = [(self.demand(some) - self.money(held)).max(axis=0) for some, held in pairs]
        return np.ceil(np.concatenate(over) / THOUSANDTHS)

    def blocking(self, cost, by_pot):
        """The pots of the smallest set that lacks the gap of one world, none without a gap.

        Parameters
        ----------
        cost, by_pot : ndarray
            Of kinds, and of pots; thousand dong.

        Returns
        -------
        list of str
        """
        # Sets stand in order of size: of equal ones the first is the smallest.
        return self.names((self.demand(cost) - self.money(by_pot)).argmax())

    def names(self, number):
        """The pots of one of :attr:`members`.

        Parameters
        ----------
        number : int

        Returns
        -------
        list of str
        """
        return np.array(self.pots)[self.members[number]].tolist()

    @cached_property
    def with_own(self):
        """Every set with the sets of own pots that matter beside it.

        Own pots are left out where the set with them must bear no more than with a part of them,
        and the rest of them alone: a commune whose own pots are enough pays that by itself.

        Returns
        -------
        tuple of ndarray
            By set its first row; what a row asks of kinds, and less what it has of own pots: rows x
            (kinds + own pots), thousandths.
        """
        every = _subsets(self.own, len(self.pots))
        alone, starts, rows, shares = self.borne(every), [], [], []
        for inside in self.members:
            starts.append(len(rows))
            share = self.borne(every | inside)
            # Of the empty set no part may be nothing: the rest were all.
            sets_kept = _matter(every[:, self.own], share, alone, begin=int(not inside.any()))
            rows += sets_kept.tolist()
            shares.append(share[sets_kept])
        held = -THOUSANDTHS * every[rows][:, self.own].astype(float)
        return np.array(starts), np.hstack([np.concatenate(shares), held])

    def borne(self, members):
        """What any sets (sets x pots) must bear of each kind: sets x kinds, thousandths.

        Parameters
        ----------
        members : ndarray of bool

        Returns
        -------
        ndarray
        """
        inside = members @ self.least.T
        rest = THOUSANDTHS - (~members) @ self.most.T
        return np.maximum(inside, rest).clip(0)


def pot_sets(tables, own=(), *, every=False):
    """The pot sets of a data set that matter, the smallest first.

    A set is left out where what it must bear is nought, or never more than what two parts of it
    must bear together: whether works can be paid does not hang on it. With ``own`` no set is left
    out.

    Parameters
    ----------
    tables : dict of str to DataFrame
        parts, pots.
    own : collection of str
        Pots that each commune has for itself: they stand in no set, see :func:`contribution`.
    every : bool
        Leave no set out: for the gap (:meth:`PotSets.excess`).

    Returns
    -------
    PotSets

    Raises
    ------
    ValueError
        Where more than :data:`MOST_POTS` pots are shared.
    """
    least, most, pots, kinds = bounds(tables)
    places = [i for i, pot in enumerate(pots) if pot in own]
    shared = [i for i, pot in enumerate(pots) if pot not in own]
    if len(shared) > MOST_POTS:
        raise ValueError(f"{len(shared)} pots are shared; at most {MOST_POTS}")
    sets = PotSets(pots, kinds, least, most, _subsets(shared, len(pots)), places)
    if own or every:
        return sets
    sets_kept = _matter(sets.members, sets.share, sets.share, begin=1)
    return sets._replace(members=sets.members[sets_kept[1:] if len(sets_kept) > 1 else sets_kept])


def _subsets(pots, width):
    """All sets of these pots, the smallest first: bool, sets x ``width``."""
    chosen = np.array(list(product((True, False), repeat=len(pots))))
    members = np.zeros((len(chosen), width), dtype=bool)
    members[:, pots] = chosen[np.argsort(chosen.sum(axis=1), kind="stable")]
    return members


def bounds(tables):
    """Least and most shares (kinds x pots, thousandths), the pots and the kinds of cost.

    A row without a least or most share is held to its usual one.

    Parameters
    ----------
    tables : dict of str to DataFrame
        parts, pots.

    Returns
    -------
    tuple
        ndarray, ndarray, list of str, list of str.
    """
    parts = tables["parts"]
    pots = [pot for pot in tables["pots"]["pot"] if pot in set(parts["pot"])]
    cement = parts["share"].isna()
    # Rounded apart: thirds of 33,33 held to the usual share must still add up to the whole.
    least = np.floor(parts["least"].fillna(parts["share"]) * 10 + TINY).fillna(0.0)
    most = np.ceil(parts["most"].fillna(parts["share"]) * 10 - TINY).fillna(THOUSANDTHS)
    parts = parts[["item", "pot"]].assign(least=least, most=most)
    # Cement that is not granted is bought: its money pots may pay it too.
    bought = parts[parts["item"].isin(parts.loc[cement, "item"])]
    bought = bought.assign(item=bought["item"] + CEMENT_PART, least=0.0)
    parts = pd.concat([parts[~cement], bought])
    kinds = parts["item"].unique().tolist()
    ends = (
        parts.pivot(index="item", columns="pot", values=end)
        .reindex(index=kinds, columns=pots)
        .fillna(0.0)
        .to_numpy()
        for end in ("least", "most")
    )
    return *ends, pots, kinds


def _matter(sets, share, alone, begin):
    """The empty set, and which of all sets.

    In order of size, must bear more than a part of them, from the ``begin``-th kept, and the rest
    of them alone.
    """
    code = sets @ (1 << np.arange(sets.shape[1]))
    row_of, sets_kept = np.argsort(code), np.zeros(1, dtype=int)
    for row in np.flatnonzero(share.any(axis=1) & (code > 0)):
        part = sets_kept[begin:]
        part = part[code[part] & code[row] == code[part]]
        rest = row_of[code[row] - code[part]]
        if not (share[row] <= share[part] + alone[rest]).all(axis=1).any():
            sets_kept = np.append(sets_kept, row)
    return sets_kept


def contribution(sets, cost, money):
    """What communes ask of each set of shared pots beyond what their own pots can pay.

    Exact: of the sets of own pots that may be added, the one that asks most.

    Parameters
    ----------
    sets : PotSets
        Of pots some of which communes have for themselves (``own``).
    cost : ndarray
        Kinds x ..., thousand dong.
    money : ndarray
        Own pots x ..., thousand dong.

    Returns
    -------
    ndarray
        Sets x ..., in the scale of :meth:`PotSets.demand`, at least 0; of the empty set what own
        pots lack, whatever the shared ones hold.
    """
    starts, rows = sets.with_own
    claims = np.tensordot(rows, np.concatenate([cost, money]), axes=1)
    most = np.empty((len(starts), *claims.shape[1:]))
    # Set by set: reduceat takes many times as long for sets of few rows.
    for row, of_set in zip(most, np.split(claims, starts[1:]), strict=True):
        of_set.max(axis=0, initial=0, out=row)
    return most

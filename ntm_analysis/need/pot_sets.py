"""The one rule of who can pay what: which sets of pots can keep works from being paid.

Sources stand in for each other: a work names for each pot that may pay it the least, usual and
most share of its cost. Works are payable by some mix of the pots if and only if for every set S of
pots the sum over the works of cost x max(least share inside S, 1 - most share outside S) is within
the money of S (Hoffman's condition for a flow with bounds). The largest excess over all sets is the
least extra money, in whatever pots, with which all could be paid: the demand of a set is
supermodular, so the least additions that mend every set add up to the largest one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, count

import numpy as np
import pandas as pd

THOUSANDTHS = 1_000  # shares are whole thousandths, so that sums of whole thousand dong are exact
TINY = 1e-6  # a share of 33,4 % is 334 thousandths, whatever the last bit of a product says
CEMENT_PART = "|cement"  # after an item's name: the part of its cost that is cement
CELLS = 2_000_000  # sets x worlds looked at together for the gap
MANY = 14  # pots of which sets are formed: more would be over 16,000 sets


@dataclass(frozen=True)
class PotSets:
    """Sets of pots that can keep works from being paid, and what each kind of cost asks of them.

    A kind of cost is the money part of an item, or its cement part (worth its tonnes at the price
    of the world): cement that is not granted is bought from the item's money pots.

    Attributes
    ----------
    pots : list of str
        The pots; those that communes hold for themselves or that a policy splits among them.
    kinds : list of str
        The item, or item and :data:`CEMENT_PART`.
    least, most : ndarray of float64
        Kinds x pots, thousandths.
    members : ndarray of bool
        Sets x pots.
    share : ndarray of float64
        Sets x kinds, thousandths of a cost that the set must bear.
    own : tuple of int
        Positions of pots that each commune has for itself: they stand in no set.
    """

    pots: list[str]
    kinds: list[str]
    least: np.ndarray
    most: np.ndarray
    members: np.ndarray
    share: np.ndarray = field(repr=False)
    own: tuple[int, ...] = ()

    def demand(self, cost: np.ndarray) -> np.ndarray:
        """What each set must bear of costs (kinds, ...): (sets, ...), đồng."""
        return np.tensordot(self.share, cost, axes=1)

    def money(self, by_pot: np.ndarray) -> np.ndarray:
        """The money (pots, ...) of each set: (sets, ...), in the scale of :meth:`demand`."""
        return np.tensordot(self._weights, by_pot, axes=1)

    @cached_property
    def _weights(self) -> np.ndarray:
        return THOUSANDTHS * self.members.astype(float)

    def excess(self, cost: np.ndarray, by_pot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gap: the least extra money with which all could be paid, and where it is missing.

        Parameters
        ----------
        cost : ndarray
            Kinds x ..., thousand dong.
        by_pot : ndarray
            Pots x ..., thousand dong.

        Returns
        -------
        tuple of ndarray
            Thousand dong, at least 0, rounded up; the number of the smallest set that attains it
            (:meth:`names`; without a gap that of the empty set).

        Examples
        --------
        >>> rows = [("road", "a", 50, 0, 100), ("road", "b", 50, 0, 50)]
        >>> parts = pd.DataFrame(rows, columns=["item", "pot", "share", "least", "most"])
        >>> pots = pd.DataFrame({"pot": ["a", "b"], "measure": "money", "fund": "nst"})
        >>> sets = pot_sets({"parts": parts, "pots": pots})
        >>> gap, which = sets.excess(np.array([10.0]), np.array([4.0, 7.0]))
        >>> float(gap), sets.names(int(which))
        (1.0, ['a'])
        """
        sets, share, numbers = self._every
        cost, by_pot = np.asarray(cost, dtype=float), np.asarray(by_pot, dtype=float)
        worlds = int(np.prod(cost.shape[1:]))
        gap, which = np.zeros(worlds), np.zeros(worlds, dtype=int)
        step = max(1, CELLS // len(sets))
        for first in range(0, worlds, step):
            here = slice(first, first + step)
            over = share @ cost.reshape(len(cost), worlds)[:, here]
            over -= THOUSANDTHS * (sets @ by_pot.reshape(len(by_pot), worlds)[:, here])
            # Sets stand in order of size: of equal ones the first is the smallest.
            worst = over.argmax(axis=0)
            which[here] = numbers[worst]
            gap[here] = np.ceil(np.maximum(over.max(axis=0), 0) / THOUSANDTHS)
        return gap.reshape(cost.shape[1:]), which.reshape(cost.shape[1:])

    def names(self, which: int) -> list[str]:
        """The pots of a set: of one of :attr:`members`, or of one that :meth:`excess` numbers."""
        sets, _, numbers = self._every
        inside = sets[int(np.flatnonzero(numbers == which)[0])]
        return [pot for pot, is_in in zip(self.pots, inside, strict=True) if is_in]

    @cached_property
    def _every(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All sets of the pots that stand in some set, by size: sets, shares as float, numbers.

        A set that was left out may ask for more than each of its parts, though never for more
        than them together: the gap must look at it. Those that matter keep their number.
        """
        pots = np.flatnonzero(self.members.any(axis=0))
        sets = _subsets(pots, len(self.pots))
        kept = {row.tobytes(): number for number, row in enumerate(self.members)}
        more = count(len(self.members))
        numbers = [kept[row.tobytes()] if row.tobytes() in kept else next(more) for row in sets]
        return sets.astype(float), self.borne(sets), np.array(numbers)

    @cached_property
    def with_own(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every set with the sets of own pots that matter beside it.

        Own pots are left out where the set with them must bear no more than with a part of them,
        and the rest of them alone: a commune whose own pots are enough pays that by itself.

        Returns
        -------
        tuple of ndarray
            By set its first row; rows x own pots (0, 1); rows x kinds, thousandths.
        """
        some = _subsets(range(len(self.own)), len(self.own))
        code = some @ (1 << np.arange(len(self.own)))
        row_of = np.argsort(code)
        every = np.zeros((len(some), len(self.pots)), dtype=bool)
        every[:, list(self.own)] = some
        alone, starts, rows, shares = self.borne(every), [], [], []
        for inside in self.members:
            share, kept = self.borne(every | inside), [0]
            starts.append(len(rows))
            # Of the empty set no part may be nothing: the rest were all.
            begin = 0 if inside.any() else 1
            for row in range(1, len(some)):
                part = [k for k in kept[begin:] if code[k] & code[row] == code[k]]
                part = np.array(part, dtype=int)
                rest = row_of[code[row] - code[part]]
                if not (share[row] <= share[part] + alone[rest]).all(axis=1).any():
                    kept.append(row)
            rows += kept
            shares.append(share[kept])
        return np.array(starts), some[rows].astype(float), np.concatenate(shares)

    def borne(self, members: np.ndarray) -> np.ndarray:
        """What any sets (sets x pots) must bear of each kind: sets x kinds, thousandths."""
        inside = members @ self.least.T
        rest = THOUSANDTHS - (~members) @ self.most.T
        return np.maximum(np.maximum(inside, rest), 0)


def pot_sets(tables: dict[str, pd.DataFrame], own: Collection[str] = ()) -> PotSets:
    """The pot sets of a data set that matter.

    A set is left out where what it must bear is nought, or never more than what two parts of it
    must bear together: whether works can be paid does not hang on it. With ``own`` no set is left
    out. :meth:`PotSets.excess` looks at all sets in either case.

    Parameters
    ----------
    tables : dict of str to DataFrame
        parts, pots.
    own : collection of str
        Pots that each commune has for itself: they stand in no set, see :func:`contribution`.

    Raises
    ------
    ValueError
        Where more than :data:`MANY` pots are shared.
    """
    least, most, pots, kinds = bounds(tables)
    shared = [i for i, pot in enumerate(pots) if pot not in set(own)]
    if len(shared) > MANY:
        raise ValueError(f"{len(shared)} pots are shared; at most {MANY}")
    members = _subsets(shared, len(pots))
    every = PotSets(pots, kinds, least, most, members, np.zeros((0, len(kinds))))
    share = every.borne(members)
    kept = range(len(members)) if own else _matter(members[:, shared], share)
    kept = list(kept) or [0]
    places = tuple(i for i, pot in enumerate(pots) if pot in set(own))
    return PotSets(pots, kinds, least, most, members[kept], share[kept], places)


def _subsets(pots: Sequence[int], width: int) -> np.ndarray:
    """All sets of these pots, the smallest first: bool, sets x ``width``."""
    chosen = [s for size in range(len(pots) + 1) for s in combinations(pots, size)]
    members = np.zeros((len(chosen), width), dtype=bool)
    for row, inside in zip(members, chosen, strict=True):
        row[list(inside)] = True
    return members


def bounds(
    tables: dict[str, pd.DataFrame],
) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    """Least and most shares (kinds x pots, thousandths), the pots and the kinds of cost.

    A row without a least or most share is held to its usual one. Credit pays for no work.
    """
    parts, table = tables["parts"], tables["pots"].drop_duplicates("pot").set_index("pot")
    parts = parts[parts["pot"].isin(table.index[table["fund"] != "tin_dung"])]
    pots = [pot for pot in table.index if pot in set(parts["pot"])]
    place = {pot: i for i, pot in enumerate(pots)}
    in_kind = (parts["pot"].map(table["measure"]) == "cement").to_numpy()
    money = parts[~in_kind]
    usual = money["share"].astype(float)
    ends = {
        end: (money[end] if end in money else usual * np.nan).astype(float).fillna(usual)
        for end in ("least", "most")
    }
    items = list(dict.fromkeys(money["item"]))
    cement = dict(zip(parts.loc[in_kind, "item"], parts.loc[in_kind, "pot"], strict=True))
    kinds = items + [item + CEMENT_PART for item in items if item in cement]
    at = (money["item"].map({item: i for i, item in enumerate(items)}), money["pot"].map(place))
    least, most = np.zeros((len(kinds), len(pots))), np.zeros((len(kinds), len(pots)))
    # Rounded apart: thirds of 33,33 held to the usual share must still add up to the whole.
    least[at] = np.floor(ends["least"] * 10 + TINY)
    most[at] = np.ceil(ends["most"] * 10 - TINY)
    for i, kind in enumerate(kinds[len(items) :], start=len(items)):
        item = kind.removesuffix(CEMENT_PART)
        most[i] = most[items.index(item)]
        most[i, place[cement[item]]] = THOUSANDTHS
    return least, most, pots, kinds


def _matter(members: np.ndarray, share: np.ndarray) -> list[int]:
    """Which sets, in order of size, must bear more than two parts of them together."""
    code = members @ (1 << np.arange(members.shape[1]))
    row_of = np.empty(1 << members.shape[1], dtype=int)
    row_of[code] = np.arange(len(code))
    kept: list[int] = []
    for row in np.flatnonzero(share.any(axis=1)):
        inside = np.array([k for k in kept if code[k] & code[row] == code[k]], dtype=int)
        rest = row_of[code[row] - code[inside]]
        if not (share[row] <= share[inside] + share[rest]).all(axis=1).any():
            kept.append(int(row))
    return kept


def contribution(sets: PotSets, cost: np.ndarray, money: np.ndarray) -> np.ndarray:
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
    starts, own, share = sets.with_own
    asked = np.tensordot(share, cost, axes=1) - THOUSANDTHS * np.tensordot(own, money, axes=1)
    return np.maximum(np.maximum.reduceat(asked, starts, axis=0), 0)

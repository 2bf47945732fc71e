"""The yearly cycle: a list each year, its luck, who waits; the same loop for names and for counts.

The loop knows numbers only. Who stands on a list and who finishes is the business of the crowd:
:class:`Counts` is an area of which nobody has described a commune.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from ..need.draws import uniforms
from .area import Area, AreaDraws, Run, area_draws
from .pace import Posterior


class Crowd(Protocol):
    """The communes of an area not yet NTM, in every world of a run."""

    def left(self) -> np.ndarray:
        """Communes not yet NTM: (draws,) whole numbers."""

    def waiting(self, year: int, chance: np.ndarray) -> np.ndarray:
        """How many stand on the year's list in any case; who missed does with ``chance``."""

    def list(self, year: int, length: np.ndarray) -> None:
        """Put ``length`` communes on the year's list, those waiting first."""

    def judge(self, year: int, luck: np.ndarray, unlisted: np.ndarray) -> np.ndarray:
        """How many finish: the listed with chance ``luck``, the others with chance ``unlisted``."""


def spans(first: int, last: int) -> list[tuple[int, float]]:
    """Calendar years and the part of each between two month numbers (ends of months).

    Examples
    --------
    >>> spans(12 * 2018 + 6, 12 * 2020 + 12)
    [(2018, 0.5), (2019, 1.0), (2020, 1.0)]
    """
    years = range(first // 12, (last - 1) // 12 + 1)
    months = [(year, min(last, 12 * year + 12) - max(first, 12 * year)) for year in years]
    return [(year, count / 12) for year, count in months if count > 0]


def finishing(
    crowd: Crowd,
    draws: AreaDraws,
    parts: Sequence[tuple[int, float]],
    listed: Mapping[int, int] | None = None,
) -> np.ndarray:
    """Communes that finish in each year and world: (years, draws) whole numbers.

    A year's list is the drawn share of those left, at least those who missed and stand on it
    again; a reported list takes its place. A part of a year counts by its hazard.

    Parameters
    ----------
    crowd : Crowd
        Who has not finished; changed by the call.
    draws : AreaDraws
        The years in each world, one row for each of ``parts``.
    parts : sequence of (int, float)
        Year and the part of it that counts, see :func:`spans`.
    listed : mapping of int to int, optional
        Communes on a reported list, by year.

    Examples
    --------
    >>> sure, none = np.ones((1, 2)), np.zeros(2)
    >>> area = AreaDraws((2022,), sure / 2, sure / 2, sure, sure / 2, none, none, none, none, sure)
    >>> crowd = Counts(np.array([10, 4]), Run(24279, (2022,), 2), "A")
    >>> finishing(crowd, area, [(2022, 1.0)]).tolist()
    [[5, 2]]
    """
    finished = []
    for row, (year, part) in enumerate(parts):
        left = crowd.left()
        waiting = crowd.waiting(year, draws.missed_return)
        length = part_of_year(draws.length[row], part) * left
        number = whole(np.maximum(length, part * waiting), draws.rounding[row])
        if listed and year in listed:
            number = np.full_like(number, listed[year])
        crowd.list(year, np.minimum(number, left))
        unlisted = part_of_year(draws.unlisted, part)
        finished.append(crowd.judge(year, draws.luck[row], unlisted))
    return np.array(finished)


def counted(
    knowledge: tuple[Posterior, pd.DataFrame],
    area: Area,
    left: int,
    last: int,
    run: Run,
) -> np.ndarray:
    """Communes of an undescribed area that finish until the end of month ``last``: (draws,).

    Parameters
    ----------
    knowledge : tuple of Posterior and pandas.DataFrame
        The fit and what is assumed, see :func:`area.area_draws`.
    area : Area
        The area and its own figures.
    left : int
        Communes not yet NTM on the as-of day.
    last : int
        Month number of the last day that counts.
    run : Run
        The worlds; its years are set by the two days.

    Examples
    --------
    >>> from .evidence import evidence
    >>> known = evidence()
    >>> own = known.figures[known.figures["area"] == "Hà Tĩnh"]
    >>> area = Area("Hà Tĩnh", "province", own, 229)
    >>> worlds = Run(12 * 2021 + 12, (), 1_000)
    >>> drawn = counted((Posterior.read(), known.assumed), area, 20, 12 * 2023 + 12, worlds)
    >>> drawn.shape, bool(drawn.max() <= 20)
    ((1000,), True)
    """
    parts = spans(run.as_of, last)
    run = replace(run, years=tuple(year for year, _ in parts))
    years = area_draws(*knowledge, area, run)
    listed = {area.reported[0]: area.reported[1]} if area.reported else None
    return finishing(Counts(left, run, area.name), years, parts, listed).sum(axis=0)


def part_of_year(share: np.ndarray, part: float) -> np.ndarray:
    """A year's share for a part of the year, by the hazard.

    Examples
    --------
    >>> part_of_year(np.array([0.75]), 0.5).tolist()
    [0.5]
    """
    return share if part == 1 else 1 - (1 - share) ** part


def whole(number: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Numbers rounded up with the chance of their fraction; to the nearest where nothing is drawn.

    Examples
    --------
    >>> whole(np.array([2.25, 2.25, 2.6]), np.array([0.2, 0.3, np.nan])).tolist()
    [3, 2, 3]
    """
    below = np.floor(number)
    return (below + (np.nan_to_num(uniform, nan=0.5) < number - below)).astype(int)


def binomial(uniform: np.ndarray, number: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Binomial numbers by the inverse of their distribution; the mean where nothing is drawn.

    Examples
    --------
    >>> binomial(np.array([0.0, 0.3, 0.9]), np.array([2, 2, 2]), np.array([0.5] * 3)).tolist()
    [0, 1, 2]
    """
    from scipy.stats import binom  # slow to load, and only areas in counts need it

    drawn = np.isnan(uniform)
    inverse = binom.ppf(np.where(drawn, 0.5, uniform), number, chance)
    return np.where(drawn, np.rint(number * chance), np.maximum(inverse, 0)).astype(int)


class Counts:
    """An area of which nobody has described a commune: how many, in every world.

    Parameters
    ----------
    left : numpy.ndarray
        (draws,) communes not yet NTM, or one number for all.
    run : Run
        The worlds, whose random numbers are named by area and year.
    area : str
        The area's name.

    Attributes
    ----------
    met : numpy.ndarray
        (draws,) how many of the last year's list finished.
    """

    def __init__(self, left: np.ndarray | int, run: Run, area: str):
        self._left = np.broadcast_to(np.asarray(left, dtype=int), (run.draws,)).copy()
        self._missed = np.zeros(run.draws, dtype=int)  # and still wait
        self._waiting = np.zeros(run.draws, dtype=int)
        self._listed = np.zeros(run.draws, dtype=int)
        self.met = np.zeros(run.draws, dtype=int)
        self._run, self._area = run, area

    def left(self) -> np.ndarray:
        """See :class:`Crowd`."""
        return self._left

    def waiting(self, year: int, chance: np.ndarray) -> np.ndarray:
        """See :class:`Crowd`."""
        self._waiting = binomial(self._draw("returning", year), self._missed, chance)
        return self._waiting

    def list(self, year: int, length: np.ndarray) -> None:
        """See :class:`Crowd`."""
        self._listed = length

    def judge(self, year: int, luck: np.ndarray, unlisted: np.ndarray) -> np.ndarray:
        """See :class:`Crowd`."""
        self.met = binomial(self._draw("listed", year), self._listed, luck)
        # Who missed and does not stand on the list again comes behind all others, and waits on.
        again = np.minimum(self._waiting, self._listed)
        fresh = np.minimum(self._listed - again, self._left - self._missed)
        away = self._missed - (self._listed - fresh)
        others = self._left - self._listed - away
        found = binomial(self._draw("unlisted", year), others, unlisted)
        back = binomial(self._draw("unlisted again", year), away, unlisted)
        self._missed = self._listed - self.met + away - back
        self._left = self._left - self.met - found - back
        return self.met + found + back

    def _draw(self, quantity, year):
        run, key = self._run, f"{self._area}|{year}"
        return uniforms(run.seed, quantity, [key], run.draws, run.block)[0]

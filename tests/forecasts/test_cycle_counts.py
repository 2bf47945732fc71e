"""The yearly cycle of an area in counts: by hand, and against communes judged one by one."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ntm_analysis.forecasts import Posterior, evidence, part_of_year
from ntm_analysis.forecasts.pace import Area, AreaDraws, WorldSet, area_draws
from ntm_analysis.forecasts.yearly_cycle import Counts, binomial, run_cycle, whole
from ntm_analysis.forecasts.yearly_list import Span, spans

DRAWS = 20_000
YEARS = (2022, 2023, 2024)
PARTS = [Span(year, 12 * n, 12 * n + 12, 1.0) for n, year in enumerate(YEARS)]
WORLDS = WorldSet(12 * 2021 + 12, YEARS, DRAWS)


def years(list_share: float, luck: float, unlisted: float = 0.0, back: float = 1.0) -> AreaDraws:
    """Three years alike in every world."""
    shape = (len(YEARS), DRAWS)
    even = np.broadcast_to((np.arange(DRAWS) + 0.5) / DRAWS, shape)
    shuffled = np.random.default_rng(3).permuted(even, axis=1)
    full = [np.full(shape, value) for value in (list_share * luck, list_share, luck)]
    single = [np.full(DRAWS, value) for value in (unlisted, back, luck, 0.0, 0.0, 0.0, 0.0)]
    return AreaDraws(*full, shuffled, *single)


class Villages:
    """Communes of one world as a list of flags: the slow crowd."""

    def __init__(self, left: int, rng: np.random.Generator):
        self.open = list(range(left))
        self.missed: list[int] = []  # and not yet finished
        self.back: list[int] = []
        self.listed: list[int] = []
        self.rng = rng

    def left(self):
        return np.array([len(self.open)])

    def waiting(self, year, chance):
        self.back = [commune for commune in self.missed if self.rng.random() < chance[0]]
        return np.array([len(self.back)])

    def judge(self, year, list_size, luck, unlisted):
        others = [commune for commune in self.open if commune not in self.missed]
        away = [commune for commune in self.missed if commune not in self.back]
        order = [*self.back, *self.rng.permutation(others).tolist(), *away]
        self.listed = order[: list_size[0]]
        chances = [luck[0] if commune in self.listed else unlisted[0] for commune in self.open]
        done = [
            commune
            for commune, chance in zip(self.open, chances, strict=True)
            if self.rng.random() < chance
        ]
        waiting = dict.fromkeys([*self.missed, *self.listed])
        self.missed = [commune for commune in waiting if commune not in done]
        self.open = [commune for commune in self.open if commune not in done]
        return np.array([len(done)])


def one(draws: AreaDraws, world: int) -> AreaDraws:
    return AreaDraws(*(value[..., [world]] for value in draws))


@pytest.mark.parametrize(
    ("left", "list_share", "luck", "unlisted", "back"),
    [(12, 0.3, 0.7, 0.05, 0.6), (5, 0.55, 0.4, 0.0, 0.9), (30, 0.1, 0.9, 0.02, 0.5)],
)
def test_counts_have_the_distribution_of_communes_judged_one_by_one(
    left, list_share, luck, unlisted, back
):
    draws = years(list_share, luck, unlisted, back)
    fast = run_cycle(Counts(left, WORLDS, "A"), draws, PARTS)
    rng = np.random.default_rng(11)
    slow = np.hstack(
        [run_cycle(Villages(left, rng), one(draws, world), PARTS) for world in range(2_000)]
    )
    for totals in ((fast[0], slow[0]), (fast[2], slow[2]), (fast.sum(axis=0), slow.sum(axis=0))):
        several, few = (np.bincount(numbers, minlength=left + 1) for numbers in totals)
        chance = several / several.sum()
        error = np.sqrt(chance * (1 - chance) / few.sum()) + 1e-3
        assert (np.abs(few / few.sum() - chance) < 4.5 * error).all()


def test_with_sure_luck_all_listed_finish_and_nobody_else():
    done = run_cycle(Counts(10, WORLDS, "A"), years(0.5, 1.0), PARTS)
    assert (done[0] == 5).all()
    assert set(np.unique(done[1])) == {2, 3} and done[1].mean() == pytest.approx(2.5, abs=0.01)


def test_those_who_missed_stand_first_and_lengthen_a_short_list():
    crowd = Counts(10, WORLDS, "A")
    draws = years(0.4, 1.0)
    draws.luck[0], draws.list_share[1] = 0.0, 0.1
    done = run_cycle(crowd, draws, PARTS)
    assert (done[0] == 0).all() and (done[1] == 4).all()


def test_a_reported_list_takes_the_place_of_the_drawn_number():
    done = run_cycle(Counts(10, WORLDS, "A"), years(0.1, 1.0), PARTS, reported={2023: 7})
    assert (done[1] == 7).all()


def test_nobody_finishes_twice_and_no_year_takes_more_than_are_left():
    done = run_cycle(Counts(6, WORLDS, "A"), years(0.9, 0.9, 0.3), PARTS)
    assert done.min() >= 0 and done.sum(axis=0).max() <= 6


def test_the_share_of_listed_who_finish_is_what_was_put_in():
    luck = 0.8
    done = run_cycle(Counts(1_000, WORLDS, "A"), years(0.2, luck), PARTS)
    assert done[0].mean() == pytest.approx(1_000 * 0.2 * luck, rel=0.005)


def test_parts_of_years_count_by_months():
    assert spans(12 * 2018 + 12, [3]) == [Span(2019, 0, 3, 0.25)]
    # A deadline inside the year of a reported list: the rest of the year is no whole one.
    halves = spans(12 * 2022 + 3, [6, 9], {2022})
    assert halves == [Span(2022, 0, 6, 0.5), Span(2022, 6, 9, 0.25)]
    assert part_of_year(part_of_year(np.array([0.3]), 0.5), 2.0) == pytest.approx([0.3])


def test_numbers_are_rounded_with_the_chance_of_their_fraction():
    uniform = (np.arange(1_000) + 0.5) / 1_000
    assert whole(np.full(1_000, 2.3), uniform).mean() == pytest.approx(2.3)
    assert (whole(np.full(1_000, 2.0), uniform) == 2).all()


def test_binomial_numbers_are_the_inverse_of_their_distribution():
    uniform = (np.arange(10_000) + 0.5) / 10_000
    drawn = binomial(uniform, np.full(10_000, 7), np.full(10_000, 0.3))
    seen = np.bincount(drawn, minlength=8) / 10_000
    assert seen == pytest.approx(binom.pmf(np.arange(8), 7, 0.3), abs=2e-4)
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize(("left", "finished"), [(60, 40.0), (280, 130.0)])
def test_simulated_lists_are_met_as_published_ones_were(left, finished):
    """Of 40 published lists 26 were met in full (65 %) and 7 under half (18 %)."""

    class Watched(Counts):
        lists: ClassVar[list] = []

        def judge(self, year, list_size, luck, unlisted):
            done = super().judge(year, list_size, luck, unlisted)
            self.lists.append((list_size, self.met))
            return done

    known = evidence()
    cells = {"area": "X", "area_kind": "province", "province": "X", "month": WORLDS.as_of_month}
    own = pd.DataFrame([{**cells, "finished": finished, "total": left + finished}])
    area = Area("X", "province", own, int(left + finished))
    Watched.lists = []
    crowd = Watched(left, WORLDS, "X")
    run_cycle(crowd, area_draws(Posterior.read(), known.assumed, area, WORLDS), PARTS)
    listed, met = np.array(Watched.lists).transpose(1, 0, 2).reshape(2, -1)
    listed, met = listed[listed > 0], met[listed > 0]
    assert 0.50 <= (met == listed).mean() <= 0.78
    assert 0.09 <= (met < listed / 2).mean() <= 0.32
    success = Posterior.read().rows["success"].mean()
    assert (met / listed).mean() == pytest.approx(success, abs=0.01)


def test_another_area_and_another_draw_change_no_number():
    draws = years(0.3, 0.7, 0.02, 0.5)
    alone = run_cycle(Counts(12, WORLDS, "A"), draws, PARTS)
    again = run_cycle(Counts(12, WORLDS, "A"), draws, PARTS)
    other = run_cycle(Counts(12, WORLDS, "B"), draws, PARTS)
    assert (alone == again).all() and (alone != other).any()

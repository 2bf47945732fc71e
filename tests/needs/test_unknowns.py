"""What nobody reported, drawn: the published mean comes out, sets are nested, numbers keep their
names.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_analysis.data import Workbook
from ntm_analysis.needs import pert, uniforms
from ntm_analysis.needs.missing import FEWEST, MOST, prior_of
from ntm_analysis.needs.random_numbers import (
    count_distribution,
    drawn_counts,
    drawn_sets,
    inclusion_table,
    mean_of_the_rest,
)

DRAWS = 20_000


@pytest.fixture(scope="module")
def wb() -> Workbook:
    return Workbook.open("data/thanh-chuong")


def test_published_figures_pin_11_to_12_of_19():
    assert mean_of_the_rest(14.54, 431, 203, 19) == pytest.approx(10.6, abs=0.1)  # June 2018
    assert mean_of_the_rest(15.64, 431, 218, 19) == pytest.approx(12.2, abs=0.1)  # July 2019
    assert mean_of_the_rest(16.5, 410, 280, 19) == pytest.approx(11.1, abs=0.1)  # end of 2020


def test_draws_reproduce_the_published_mean_and_a_naive_prior_does_not(wb):
    published = mean_of_the_rest(16.5, 410, 280, 19)
    # The province's communes not yet NTM by group, as the table says.
    groups = [("plain", 0.79), ("border", 0.195), ("border|resettled", 0.015)]
    odds = wb.tables["criterion_shares"].set_index("criterion")["share"].to_numpy() / 100
    odds = inclusion_table((*(odds / (1 - odds)),))
    mean = 0.0
    for group, share in groups:
        u = uniforms(1, "test", [group, *(f"{group}|{n}" for n in range(19))], DRAWS)
        sets = drawn_sets(
            u[1:], FEWEST + drawn_counts(u[0], prior_of(wb, "ntm-2016-2020", group)), odds
        )
        mean += share * sets.sum(axis=0).mean()
    assert mean == pytest.approx(published, abs=0.1)
    # Naive: every criterion by the share of ALL communes that meet it, given that not all are met.
    naive = uniforms(1, "naive", [str(n) for n in range(19)], DRAWS) < 16.5 / 19
    naive = naive[:, ~naive.all(axis=0)].sum(axis=0).mean()
    assert naive > 16 > published + 4


@given(st.integers(1, 18), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_larger_count_gives_a_larger_set(count, seed):
    chance = np.random.default_rng(seed)
    table = inclusion_table((*chance.uniform(0.05, 20, 19),))
    u = chance.random((19, 200))
    fewer, more = (drawn_sets(u, np.full(200, n), table) for n in (count, count + 1))
    assert (fewer.sum(axis=0) == count).all() and (more.sum(axis=0) == count + 1).all()
    assert (fewer <= more).all(), "the set only grows"


def test_sets_follow_the_conditional_bernoulli_law():
    odds = np.array([0.2, 1.0, 5.0])
    sets = drawn_sets(
        np.random.default_rng(1).random((3, 200_000)),
        np.full(200_000, 1),
        inclusion_table((*odds,)),
    )
    assert sets.mean(axis=1) == pytest.approx(odds / odds.sum(), abs=0.005)


@given(st.floats(FEWEST + 0.5, MOST - 0.5), st.floats(0.5, 6))
def test_a_count_distribution_has_exactly_its_mean(mean, spread):
    p = count_distribution(mean, spread, FEWEST, MOST)
    assert p @ np.arange(FEWEST, MOST + 1) == pytest.approx(mean, abs=1e-6) and p.min() >= 0


@given(st.tuples(*[st.floats(0, 1e4)] * 3).map(sorted))
@settings(deadline=None)
def test_pert_stays_in_its_range_and_has_its_mean(ends):
    low, mode, high = ends
    drawn = pert((np.arange(4096) + 0.5) / 4096, low, mode, high)
    assert drawn.min() >= low - 1e-9 and drawn.max() <= high + 1e-9
    assert drawn.mean() == pytest.approx(
        (low + 4 * mode + high) / 6, abs=2e-3 * (high - low) + 1e-9
    )


def test_a_number_belongs_to_its_name():
    both = uniforms(7, "q", ["a", "b"], 3_000)
    assert (uniforms(7, "q", ["b"], 3_000)[0] == both[1]).all()
    assert (uniforms(7, "q", ["a"], 1_000, block=2)[0] == both[0, 2_000:]).all()
    assert (
        abs(np.corrcoef(both)[0, 1]) < 0.06 and (uniforms(8, "q", ["a"], 3_000)[0] != both[0]).any()
    )

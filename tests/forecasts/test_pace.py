"""The fit of the pace: its likelihood against a slow one, what it recovers, an area's years."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, multivariate_normal

from ntm_analysis.forecasts import Posterior, evidence, fit
from ntm_analysis.forecasts.evidence import BEGIN, GRID, beta_sizes, list_luck, success_weights
from ntm_analysis.forecasts.pace import (
    MEAN_PRIOR,
    Area,
    WorldSet,
    area_draws,
    design,
    intervals,
    log_likelihood,
    responses,
)

YEARS = np.arange(2012, 2022)
HYPER = np.array([-2.5, 0.7, 0.5, 0.3, 0.6])


@pytest.fixture(scope="module")
def known():
    return evidence()


@pytest.fixture(scope="module")
def posterior():
    return Posterior.read()


def figure(area: str, kind: str, province: str, year: int, finished: int, total: float) -> dict:
    return {
        "area": area,
        "area_kind": kind,
        "province": province,
        "month": 12 * year + 12,
        "finished": finished,
        "total": total,
    }


def slow_covariance(rows: pd.DataFrame, hyper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance and offset of the log yearly hazards, written pair by pair."""
    step, area, year, area_year, error = hyper
    parts = []
    offset = []
    for row in rows.itertuples():
        hazards = []
        for y in YEARS:
            months = max(0, min(row.last, 12 * y + 12) - max(row.first, 12 * y))
            hazards.append(months / 12 * (np.exp(step) if y < 2014 else 1))
        offset.append(np.log(sum(hazards)))
        parts.append([hazard / sum(hazards) for hazard in hazards])
    cover = np.zeros((len(rows), len(rows)))
    for i, one in enumerate(rows.itertuples()):
        for j, other in enumerate(rows.itertuples()):
            same_years = sum(a * b for a, b in zip(parts[i], parts[j], strict=True))
            cover[i, j] = MEAN_PRIOR[1] ** 2 + year**2 * same_years
            kinds = {one.area_kind, other.area_kind}
            if kinds == {"country"}:
                cover[i, j] += 1
            elif "country" not in kinds and one.area == other.area:
                cover[i, j] += area**2 + area_year**2 * same_years
            elif "country" not in kinds and one.province == other.province:
                cover[i, j] += area**2 * (0.5 if kinds == {"district"} else 0.5**0.5)
            if i == j:
                cover[i, j] += error**2 / ((one.last - one.first) / 12) ** 2
    return cover, np.array(offset)


def test_the_likelihood_is_that_of_a_slow_normal_density():
    rows = intervals(
        pd.DataFrame(
            [
                figure("P", "province", "P", 2015, 12, 90.0),
                figure("P", "province", "P", 2018, 40, 90.0),
                figure("D (P)", "district", "P", 2016, 0, 9.0),
                figure("E (P)", "district", "P", 2019, 5, 8.0),
                figure("Q", "province", "Q", 2020, 60, 100.0),
                figure("V", "country", "V", 2014, 700, 8900.0),
                figure("V", "country", "V", 2018, 3700, 8900.0),
            ]
        )
    )
    model = design(rows, YEARS)
    cover, offset = slow_covariance(rows, HYPER)
    value, variance = responses(model, cover, MEAN_PRIOR[0], offset)
    slow = multivariate_normal(MEAN_PRIOR[0] + offset, cover + np.diag(variance)).logpdf(value)
    assert log_likelihood(model, HYPER[None], value, variance) == pytest.approx([slow])


def test_the_mode_of_the_counts_solves_its_own_equations():
    rows = intervals(pd.DataFrame([figure("P", "province", "P", 2014, 0, 60.0)]))
    model = design(rows, YEARS)
    cover, offset = slow_covariance(rows, HYPER)
    value, variance = responses(model, cover, MEAN_PRIOR[0], offset)
    mode = (
        offset
        + MEAN_PRIOR[0]
        + cover @ np.linalg.solve(cover + np.diag(variance), value - offset - MEAN_PRIOR[0])
    )
    hazards = np.linspace(mode[0] - 3, mode[0] + 3, 2001)
    density = -60 * np.exp(hazards) - 0.5 * (hazards - offset - MEAN_PRIOR[0]) ** 2 / cover[0, 0]
    assert hazards[density.argmax()] == pytest.approx(mode[0], abs=0.005)


def test_neighbouring_figures_are_apart_and_begin_with_nothing_in_2012():
    rows = [
        figure("P", "province", "P", year, 10 * k, 100.0) for k, year in enumerate((2015, 2018))
    ]
    rows.append({**rows[-1], "month": rows[-1]["month"] - 3, "finished": 9})
    chain = intervals(pd.DataFrame(rows))
    assert chain[["first", "last"]].to_numpy().tolist() == [
        [BEGIN, 12 * 2015 + 12],
        [12 * 2015 + 12, 12 * 2018 + 12],
    ]
    assert chain["left"].tolist() == [100, 100] and chain["finished"].tolist() == [0, 10]


def simulated(rng: np.random.Generator, truth: dict, areas: int) -> pd.DataFrame:
    """Figures of every second year of provinces whose communes finish as the likelihood says."""
    year_effect = {y: truth["year"] * rng.standard_normal() for y in YEARS}
    rows = []
    for number in range(areas):
        level = truth["mean"] + truth["area"] * rng.standard_normal()
        left, done, name = 150, 0, f"P{number}"
        for y in YEARS:
            log_hazard = level + year_effect[y] + (truth["step"] if y < 2014 else 0)
            log_hazard += truth["area_year"] * rng.standard_normal()
            finished = rng.binomial(left, -np.expm1(-np.exp(log_hazard)))
            left, done = left - finished, done + finished
            if y % 2:
                rows.append(figure(name, "province", name, y, done, 150.0))
    return pd.DataFrame(rows)


@pytest.mark.long
def test_what_was_put_into_simulated_figures_comes_out(known):
    truth = {"mean": -2.0, "step": -2.0, "area": 0.6, "year": 0.3, "area_year": 0.3}
    found = fit(simulated(np.random.default_rng(5), truth, 25), known.lists, 400).rows
    for name, value in truth.items():
        low, high = found[name].quantile([0.02, 0.98])
        assert low <= value <= high, name


def test_the_fit_that_is_kept_is_the_fit_of_the_evidence(known, posterior):
    again = fit(known.figures, known.lists)
    # Sums in another order (another machine) may move a point across the edge of a step.
    alike = np.isclose(again.table(), posterior.table(), atol=1e-3).all(axis=1)
    assert alike.mean() > 0.95 and list(again.table()) == list(posterior.table())


@pytest.mark.long
def test_rows_of_the_country_move_year_effects_only(known):
    own = known.figures[known.figures["area_kind"] != "country"]
    country = known.figures[known.figures["area_kind"] == "country"]
    tenfold = country.assign(finished=country["finished"] // 10)
    with_it, slower = (
        fit(pd.concat([own, rows]), known.lists, 400).rows["mean"] for rows in (country, tenfold)
    )
    # A country ten times slower throughout is a country with a level of its own.
    assert abs(with_it.mean() - slower.mean()) < 0.5 * with_it.std()


def test_success_of_lists_is_the_beta_binomial_posterior(known):
    weight = success_weights(known.lists)
    mean, correlation = np.meshgrid(GRID, GRID, indexing="ij")
    sizes = beta_sizes(mean, correlation)
    slow = np.ones_like(mean)
    for row in known.lists.itertuples():
        slow *= betabinom.pmf(row.finished, row.listed, *sizes)
    assert weight == pytest.approx(slow / slow.sum())


def test_the_luck_of_lists_has_the_mean_and_correlation_asked_for():
    ease = (np.arange(20_000) + 0.5) / 20_000
    luck = list_luck(ease, np.array(0.8), np.array(0.5))
    assert luck.mean() == pytest.approx(0.8, abs=1e-3)
    assert luck.var() == pytest.approx(0.5 * 0.8 * 0.2, abs=1e-3)


def drawn(known, posterior, *own: dict, kind: str = "province", name: str = "X", **run):
    table = pd.DataFrame(own, columns=[*figure("", "", "", 0, 0, 0)])
    area = Area(name, kind, table, 100, run.pop("reported", None))
    worlds = WorldSet(run.pop("as_of", 12 * 2021 + 12), (2022, 2023), 4_000, **run)
    return area_draws(posterior, known.assumed, area, worlds)


def test_a_fast_area_stays_faster_and_one_without_figures_is_like_the_others(known, posterior):
    fast = drawn(known, posterior, figure("X", "province", "X", 2021, 90, 100.0))
    slow = drawn(known, posterior, figure("X", "province", "X", 2021, 5, 100.0))
    none = drawn(known, posterior)
    shares = [np.median(draws.finishing_share) for draws in (slow, none, fast)]
    assert shares == sorted(shares) and shares[2] > 3 * shares[0]
    assert np.median(none.finishing_share) == pytest.approx(
        np.exp(posterior.rows["mean"].median()), rel=0.15
    )


def test_a_district_takes_half_of_its_provinces_variance(known, posterior):
    province = figure("X", "province", "X", 2021, 90, 100.0)
    own = drawn(known, posterior, province)
    district = drawn(known, posterior, province, kind="district", name="D (X)")
    none = drawn(known, posterior, kind="district", name="D (X)")
    medians = [np.median(draws.finishing_share) for draws in (none, district, own)]
    assert medians == sorted(medians)


def test_a_reported_list_tells_of_the_pace(known, posterior):
    short = drawn(known, posterior, reported=(2022, 2, 60))
    long = drawn(known, posterior, reported=(2022, 30, 60))
    assert np.median(long.finishing_share[1]) > 1.3 * np.median(short.finishing_share[1])


def test_length_by_success_keeps_the_level_of_the_finishing_share(known, posterior):
    draws = drawn(known, posterior, figure("X", "province", "X", 2021, 40, 100.0))
    put_in = draws.list_share * draws.luck + (1 - draws.list_share) * draws.unlisted
    assert put_in.mean() == pytest.approx(draws.finishing_share.mean(), rel=0.05)


def test_old_evidence_widens_the_range_year_by_year(known, posterior):
    own = figure("X", "province", "X", 2021, 40, 100.0)
    now, later = (
        np.log(drawn(known, posterior, own, as_of=12 * year + 12).finishing_share[0]).std()
        for year in (2021, 2023)
    )
    assert later > 1.15 * now


def test_years_belong_to_their_area_and_draws_to_their_block(known, posterior):
    own = figure("X", "province", "X", 2021, 40, 100.0)
    whole = drawn(known, posterior, own)
    part = drawn(known, posterior, own, block=2)
    assert (whole.luck[:, 2_000:] == part.luck[:, :2_000]).all()
    assert (whole.finishing_share[:, 2_000:] == part.finishing_share[:, :2_000]).all()
    other = drawn(known, posterior, name="Y")
    assert not (whole.rounding == other.rounding).any() and (whole.unlisted == other.unlisted).all()


def test_the_first_years_of_the_programme_are_slow_in_forecasts_too(known, posterior):
    area = Area("X", "province", known.figures.iloc[:0], 100)
    worlds = WorldSet(12 * 2011 + 12, (2013, 2014), 2_000)
    share = area_draws(posterior, known.assumed, area, worlds).finishing_share
    assert np.median(share[0]) < 0.2 * np.median(share[1])

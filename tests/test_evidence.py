"""Was the pace right before: scores that follow their formula, origins that see no future, intervals that hold."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntm_analysis.evidence import (
    AS_DRAWN,
    TITLES,
    back_test,
    covered,
    crps,
    drawn_drop,
    left_over,
    shares,
    straight_on,
    summary,
    synthetic_coverage,
)
from ntm_analysis.pace import AVERAGE, FEWEST, SHORTEST, changes_of, fitted

ROOT = Path(__file__).resolve().parents[1]
TODAY = dt.date(2022, 3, 31)
AREAS = ["Nghệ An", "Vietnam"]
PAST = pd.DataFrame(
    {"from": [2014.0, 2015.0, 2016.0], "to": [2015.0, 2016.0, 2017.0]}
    | {"missing_before": [0.8, 0.7, 0.5], "missing_after": [0.7, 0.5, 0.4]}
)


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    path = ROOT / "data" / "reference" / "history.csv"
    return pd.read_csv(path, sep=",", encoding="utf-8-sig", decimal=",", dtype={"period": str}, keep_default_na=False)


@pytest.fixture(scope="module")
def table(history) -> pd.DataFrame:
    return back_test(history, AREAS, TODAY)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_the_score_of_one_point_is_the_absolute_error(point, outcome):
    assert crps(np.array([point]), outcome) == pytest.approx(abs(point - outcome))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.floats(-100, 100))
def test_the_score_is_its_definition(sample, outcome):
    x = np.array(sample)
    pairs = np.abs(x[:, None] - x[None, :]).mean()
    assert crps(x, outcome) == pytest.approx(np.abs(x - outcome).mean() - pairs / 2, abs=1e-9)
    assert crps(x, outcome) >= -1e-9


def test_an_interval_holds_its_ends_and_no_more():
    sample = np.arange(0.0, 11.0)
    assert [covered(sample, outcome) for outcome in (0.9, 1, 5, 9, 9.1)] == [False, True, True, True, False]
    assert covered(sample, 0.5, level=0.9) and not covered(sample, 3, level=0.2)


def test_forecast_origins_see_nothing_that_came_later(history, table):
    known = pd.to_datetime(history["known_from"])
    for origin in (dt.date(2018, 12, 31), dt.date(2017, 11, 30)):
        # All that was published after the origin, except the outcomes' own rows, may say anything.
        changed = history.copy()
        later = (known > pd.Timestamp(origin)) & history["measure"].isin([AVERAGE, TITLES])
        changed.loc[later, "value"] = changed.loc[later, "value"] * 0.9
        columns = ["measure", "area", "start", "horizon", "full", "p10", "p50", "p90"]
        one, other = (made[made["origin"] == origin][columns] for made in (table, back_test(changed, AREAS, TODAY)))
        assert len(one) and one.reset_index(drop=True).equals(other.reset_index(drop=True))


def test_a_figure_published_after_the_as_of_date_is_no_outcome(history, table):
    late = history.iloc[[-1]].assign(area="Nghệ An", period="2021", measure=AVERAGE, value=17.0, known_from="2022-04-01")
    assert back_test(pd.concat([history, late]), AREAS, TODAY).equals(table)
    assert len(back_test(pd.concat([history, late]), AREAS, dt.date(2022, 4, 1))) > len(table)


def test_an_area_left_out_changes_no_title_forecast_of_another(history, table):
    alone = back_test(history, ["Vietnam"], TODAY).query("measure == @TITLES").reset_index(drop=True)
    assert alone.equals(table.query("measure == @TITLES and area == 'Vietnam'").reset_index(drop=True))


def test_rows_are_forecasts_of_later_moments(table):
    assert set(table["measure"]) == {AVERAGE, AS_DRAWN, TITLES} and set(table["area"]) == set(AREAS)
    assert (table["horizon"] >= SHORTEST - 1e-9).all() and (table["origin"] < TODAY).all()
    assert (table["p10"] <= table["p50"]).all() and (table["p50"] <= table["p90"]).all()
    assert (table["p90"] <= table["full"]).all() and (table[["crps", "naive_crps"]] >= 0).all().all()
    assert (table["inside"] == table["outcome"].between(table["p10"], table["p90"])).all()
    assert not table.duplicated(["measure", "area", "origin", "horizon"]).any()


def test_the_summary_counts_every_row_and_says_who_wins(table):
    made = summary(table).set_index("measure")
    assert made["n"].sum() == len(table)
    for measure, rows in table.groupby("measure"):
        ours, theirs = (100 * (rows[name] / rows["full"]).mean() for name in ("crps", "naive_crps"))
        assert made.loc[measure, "skill"] == pytest.approx(1 - ours / theirs)
        assert made.loc[measure, "coverage"] == pytest.approx(rows["inside"].mean())
    assert (made.loc[[AVERAGE, AS_DRAWN], "skill"] > 0).all(), (
        "the model of the forecast beats the straight line on what it models"
    )


def test_titles_are_a_share_so_that_mergers_are_no_progress(history):
    points = shares(history, "Nghệ An", TITLES, TODAY).set_index("when")
    assert points.loc[2020.0, "full"] == 431 and points.loc[2021.0, "full"] == 410
    assert points.loc[2020.0, "missing"] == pytest.approx(1 - 265 / 431)
    before_any_total = shares(history, "Nghệ An", TITLES, dt.date(2015, 7, 31))
    assert before_any_total.empty and changes_of("Nghệ An", before_any_total, before_any_total["missing"]).empty


@given(st.integers(FEWEST, 8), st.floats(0.25, 4), st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_drawn_falls_are_students_t(changes, horizon, seed):
    from scipy.stats import kstest, t

    years, fit = np.ones(changes), (0.2, 0.1 / np.sqrt(changes), 0.1)
    made = drawn_drop(np.random.default_rng(seed).random((3, 4_000)), fit, years, horizon)
    scale = 0.1 * np.sqrt(horizon + horizon**2 / changes)
    assert kstest((made - 0.2 * horizon) / scale, t(changes - 1).cdf).statistic < 0.04


def test_a_title_once_given_stays_and_a_criterion_may_be_lost():
    drop = np.array([-1.0, 0.0, 1.0])
    assert left_over(0.5, drop, most=0.5) == pytest.approx([0.5, 0.5, 0.5 / np.e])
    assert left_over(0.3, drop) == pytest.approx([0.3 * np.e, 0.3, 0.3 / np.e])
    assert np.isfinite(left_over(0.3, np.array([-1e9, 1e9]))).all()


def test_the_straight_line_goes_on_at_the_past_pace():
    u = (np.arange(10_000) + 0.5) / 10_000
    communes = straight_on(u, PAST, 2.0, 300, counts=True)  # 40 communes a year
    assert communes.mean() == pytest.approx(80, abs=0.05) and communes.var() == pytest.approx(80, rel=0.01)
    criteria = straight_on(u, PAST, 2.0, 19, counts=False)
    yearly = 19 * 0.4 / 3
    gains = 19 * np.array([0.1, 0.2, 0.1])
    dispersion = ((gains - yearly) ** 2 / yearly).sum() / 2
    assert criteria.mean() == pytest.approx(2 * yearly, rel=1e-3)
    assert criteria.var() == pytest.approx(2 * yearly * dispersion, rel=0.01)
    steady = PAST.assign(missing_before=[0.8, 0.7, 0.6], missing_after=[0.7, 0.6, 0.5])
    assert straight_on(u[:2], steady, 2.0, 19, counts=False) == pytest.approx([3.8, 3.8])
    backwards = PAST.rename(columns={"missing_before": "missing_after", "missing_after": "missing_before"})
    assert straight_on(u[:2], backwards, 2.0, 19, counts=True).tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_80_percent_interval_holds_about_80_of_100_made_up_outcomes(seed):
    assert 0.72 <= synthetic_coverage(200, seed=seed) <= 0.88
    assert 0.72 <= synthetic_coverage(200, seed=seed, horizon=4, as_drawn=True) <= 0.88


def test_too_sure_a_spread_would_be_noticed():
    # The same with a normal distribution in place of Student's t: too narrow, and the trial above tells the two apart.
    chance = np.random.default_rng(1)
    inside, narrow = [], []
    for _ in range(2_000):
        falls = 0.2 + 0.1 * chance.standard_normal(5)
        hazard, _, noise = fitted(np.ones(4), falls[:4])
        u = chance.random((3, 200))
        inside.append(covered(drawn_drop(u, (hazard, 0.0, noise), np.ones(4), 1.0), falls[4]))
        narrow.append(abs(falls[4] - hazard) < 1.2816 * noise)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03) and np.mean(narrow) < 0.74

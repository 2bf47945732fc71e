"""The pace of missing criteria: an exact decay gives back its hazard, nothing is known before it was published."""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_analysis.dictionary import dictionary
from ntm_analysis.pace import (
    AVERAGE,
    NEVER,
    Pace,
    changes_of,
    day_of,
    decimal_year,
    drawn_hazard,
    end_of_period,
    fit_pace,
    fitted,
    naive,
    series,
    spaced,
    waiting_months,
)

ROOT = Path(__file__).resolve().parents[1]
TODAY = dt.date(2022, 3, 31)
AREAS = ["Nghệ An", "Vietnam"]
COLUMNS = ["area", "period", "measure", "value", "unit", "known_from", "source", "mark", "note"]


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    path = ROOT / "data" / "reference" / "history.csv"
    return pd.read_csv(path, sep=",", encoding="utf-8-sig", decimal=",", dtype={"period": str}, keep_default_na=False)


def published(values: dict[str, float], area: str = "A", **other: str) -> pd.DataFrame:
    """Averages by period, each public at the end of its period."""
    rows = [
        {"area": area, "period": period, "measure": AVERAGE, "value": value, "unit": "criteria", "source": f"paper {period}"}
        | {"known_from": end_of_period(period).isoformat(), "mark": "reported", "note": ""}
        | other
        for period, value in values.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_every_published_figure_has_a_source_a_date_and_a_mark(history):
    assert list(history.columns) == COLUMNS and len(history) > 80
    assert history[["area", "period", "measure", "unit", "source"]].map(str.strip).ne("").all().all()
    assert set(history["mark"]) == {"reported", "assumed"}
    assert pd.api.types.is_numeric_dtype(history["value"]) and history["value"].ge(0).all()
    for period, known in zip(history["period"], history["known_from"], strict=True):
        assert dt.date.fromisoformat(known) >= end_of_period(period), "nothing is public before it has happened"


def test_the_dictionary_of_the_table_names_its_columns(history):
    columns = dictionary("history")
    assert list(columns) == COLUMNS and columns["mark"].allowed == dictionary("prices")["mark"].allowed
    types = {"value": "number", "known_from": "date", "mark": "choice"}
    assert all(column.type == types.get(name, "text") for name, column in columns.items())
    assert history["value"].between(columns["value"].low, columns["value"].high).all()
    assert set(history["mark"]) <= set(columns["mark"].allowed)


def test_the_fit_quotes_the_source_of_every_figure_that_it_used(history):
    pace = fit_pace(history, AREAS, TODAY)
    assert pace.sources and all(source.strip() for source in pace.sources)
    assert set(pace.sources) <= set(history.loc[history["measure"] == AVERAGE, "source"])
    assert len(pace.changes) <= len(pace.sources)


def test_a_missing_criterion_of_the_province_and_the_country_takes_years(history):
    pace = fit_pace(history, AREAS, TODAY)
    assert 0.12 < pace.hazard < 0.25 and pace.low < pace.hazard < pace.high
    assert np.log(pace.high / pace.low) == pytest.approx(2 * 1.2815516 * pace.sigma)
    assert set(pace.changes["area"]) == set(AREAS)
    # Pooled: all the falls of log missing over all the years, as the weighted fit has it.
    years = pace.changes["to"] - pace.changes["from"]
    falls = np.log(pace.changes["missing_before"] / pace.changes["missing_after"])
    assert pace.hazard == pytest.approx(falls.sum() / years.sum())


@given(st.floats(0.02, 1.0), st.floats(5, 18))
def test_an_exact_decay_gives_back_its_hazard(hazard, missing):
    values = {str(2012 + n): 19 - missing * np.exp(-hazard * n) for n in range(6)}
    pace = fit_pace(published(values), ["A"], TODAY)
    assert pace.hazard == pytest.approx(hazard) and pace.sigma == pytest.approx(0, abs=1e-4)


def test_areas_that_differ_widen_the_interval():
    def decay(hazard):
        return {str(2014 + n): 19 - 12 * np.exp(-hazard * n) for n in range(4)}

    alike = pd.concat([published(decay(0.2)), published(decay(0.2), "B")])
    apart = pd.concat([published(decay(0.1)), published(decay(0.3), "B")])
    same, mixed = (fit_pace(table, ["A", "B"], TODAY) for table in (alike, apart))
    assert mixed.hazard == pytest.approx(same.hazard) and mixed.sigma > same.sigma + 0.2


def test_what_was_published_later_changes_nothing(history):
    then = dt.date(2019, 12, 31)
    before = fit_pace(history, AREAS, then)
    late = published({"2018": 18.9}, "Vietnam", known_from="2020-01-01")
    after = fit_pace(pd.concat([history, late]), AREAS, then)
    assert after == before and after.changes.equals(before.changes)
    assert fit_pace(pd.concat([history, late]), AREAS, TODAY) != before
    assert fit_pace(history[pd.to_datetime(history["known_from"]) <= pd.Timestamp(then)], AREAS, then) == before


def test_too_few_changes_are_refused_in_words(history):
    with pytest.raises(ValueError, match=r"2 published changes .* Nghệ An: a pace needs at least 3"):
        fit_pace(history, ["Nghệ An"], TODAY)
    with pytest.raises(ValueError, match=r"0 published changes"):
        fit_pace(history, AREAS, dt.date(2000, 1, 1))


def test_a_standstill_and_a_finished_area_are_refused_in_words():
    falling = published({"2015": 12, "2016": 11, "2017": 10, "2018": 9})
    with pytest.raises(ValueError, match="no progress"):
        fit_pace(falling, ["A"], TODAY)
    with pytest.raises(ValueError, match="nothing is missing"):
        fit_pace(published({"2015": 12, "2016": 16, "2017": 18, "2018": 19}), ["A"], TODAY)


def test_of_two_reports_of_one_moment_the_later_published_counts():
    twice = published({"2018-12": 14.0, "2018": 14.5})
    assert series(twice, "A", AVERAGE, TODAY)["value"].tolist() == [14.5], "published on one day: the later row"
    twice.loc[0, "known_from"] = "2019-06-01"
    assert series(twice, "A", AVERAGE, TODAY)["value"].tolist() == [14.0]
    assert series(twice, "A", AVERAGE, dt.date(2019, 5, 31))["value"].tolist() == [14.5]


def test_figures_from_memory_are_no_evidence(history):
    country = history[(history["area"] == "Vietnam") & (history["measure"] == "ntm_communes")]
    remembered = country.loc[country["mark"] == "assumed", "value"]
    assert len(remembered) and not remembered.isin(series(history, "Vietnam", "ntm_communes", TODAY)["value"]).any()
    assert series(history, "Vietnam", "ntm_communes", dt.date(2000, 1, 1)).empty


def test_the_odd_end_of_2015_is_part_of_a_longer_change(history):
    known = series(history, "Vietnam", AVERAGE, TODAY)
    kept = spaced(known)
    assert 2016.0 in kept["when"].tolist() and not kept["when"].between(2015.1, 2015.9).any()
    assert np.diff(kept["when"]).min() >= 0.5 and kept["value"].iloc[-1] == known["value"].iloc[-1]
    total = changes_of("Vietnam", kept, 19 - kept["value"])
    moved = (total["hazard"] * (total["to"] - total["from"])).sum()
    assert moved == pytest.approx(np.log(total["missing_before"].iloc[0] / total["missing_after"].iloc[-1]))


def test_the_fit_weighs_changes_by_their_years():
    hazard, error, noise = fitted(np.array([1.0, 4.0]), np.array([0.3, 0.4]))
    assert hazard == pytest.approx(0.7 / 5)
    squares = (0.3 - 0.14) ** 2 / 1 + (0.4 - 0.56) ** 2 / 4  # one change is left over after the hazard
    assert noise == pytest.approx(squares**0.5) and error == pytest.approx((squares / 5) ** 0.5)


def test_waiting_months_by_hand():
    # Half of all criteria with a hazard of 0.2 a year are met after 12 ln 2 / 0.2 = 41.6 months.
    made = waiting_months(np.array([0.0, 0.5, 0.999999]), 0.2)
    assert made.tolist() == [1, 42, 829] and made.dtype == np.int16
    assert waiting_months(np.array([0.0, 0.5]), 0.0).tolist() == [NEVER, NEVER]
    assert waiting_months(np.array([0.5]), 1e-300).tolist() == [NEVER]
    assert waiting_months(np.full((2, 1), 0.5), np.array([0.1, 0.2, 0.4])).shape == (2, 3)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 5), st.floats(0, 5))
def test_a_faster_pace_never_waits_longer(u, one, other):
    slow, fast = waiting_months(np.full(2, u), np.sort([one, other]))
    assert 1 <= fast <= slow <= NEVER


def test_drawn_hazards_have_the_interval_of_the_pace(history):
    pace = fit_pace(history, AREAS, TODAY)
    made = drawn_hazard(np.array([0.1, 0.5, 0.9]), pace.hazard, pace.sigma)
    assert made == pytest.approx([pace.low, pace.hazard, pace.high])
    ends = drawn_hazard(np.array([0.0, 1.0]), pace.hazard, pace.sigma)
    assert (ends > 0).all() and np.isfinite(ends).all()
    sure = Pace(0.2, 0.0, 0.2, 0.2, 0.0, 0.0, pd.DataFrame(), ())
    assert drawn_hazard(np.array([0.0, 0.3, 1.0]), sure.hazard, sure.sigma) == pytest.approx([0.2] * 3)


def test_the_straight_line_by_hand():
    # 20 of 30 communes in 10 years: 2 a year, 5 years for the other 10.
    line = naive(20, 30, dt.date(2011, 12, 31), dt.date(2021, 12, 31), dt.date(2025, 12, 31))
    assert (line.yearly, line.date, line.expected) == (2.0, dt.date(2026, 12, 31), 28.0)
    assert line.mass[0] == pytest.approx(np.exp(-8)) and line.mass[1] == pytest.approx(8 * np.exp(-8))
    assert len(line.mass) == 11 and line.p_all == pytest.approx(0.2834, abs=1e-4)  # P(Poisson(8) >= 10)


def test_the_straight_line_at_its_ends():
    start, today, deadline = dt.date(2010, 12, 31), dt.date(2021, 12, 31), dt.date(2025, 12, 31)
    none = naive(0, 30, start, today, deadline)
    assert none.date is None and none.expected == 0 and none.p_all == 0 and none.mass[0] == 1
    done = naive(30, 30, start, today, deadline)
    assert done.date == today and done.expected == 30 and done.p_all == 1 and done.mass.tolist() == [1.0]
    with pytest.raises(ValueError, match="must follow each other"):
        naive(3, 30, start, deadline, today)
    with pytest.raises(ValueError, match="must lie between"):
        naive(31, 30, start, today, deadline)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 4_000), st.integers(0, 4_000))
def test_the_poisson_form_is_a_distribution(finished, rest, past, ahead):
    today = dt.date(2022, 3, 31)
    line = naive(finished, finished + rest, today - dt.timedelta(past), today, today + dt.timedelta(ahead))
    assert line.mass.sum() == pytest.approx(1) and line.mass.min() >= 0 and len(line.mass) == rest + 1
    assert finished <= line.expected <= finished + rest


@given(st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31)))
def test_a_day_and_its_decimal_year_go_both_ways(day):
    assert day_of(decimal_year(day)) == day


def test_periods_end_when_they_say():
    assert end_of_period("2016-02") == dt.date(2016, 2, 29) and end_of_period("2018-12-06") == dt.date(2018, 12, 6)
    assert end_of_period("2013/2016-03") == dt.date(2016, 3, 31) and end_of_period("2019-12") == dt.date(2019, 12, 31)
    with pytest.raises(ValueError):
        end_of_period("mid-2017")


def test_no_published_figure_is_typed_into_the_code(history):
    values = {f"{value:g}" for value in history["value"] if value != int(value)}
    for name in ("pace", "evidence"):
        source = (ROOT / "ntm_analysis" / f"{name}.py").read_text(encoding="utf-8")
        assert not values & set(re.findall(r"(?<![\w.])\d+\.\d+", source)), name

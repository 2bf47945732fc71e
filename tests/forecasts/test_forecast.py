"""The forecast of a data set: what it says, what it refuses, and what its command prints."""

import datetime as dt
import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_districts import HIGH, MODEL, NEW, PROVINCE, assumptions, plain

from ntm_analysis import cli
from ntm_analysis.data import Workbook
from ntm_analysis.forecasts import forecast, price_of_promise, schedule
from ntm_analysis.forecasts.simulation import Baseline
from ntm_analysis.forecasts.yearly_list import month_of, spans
from ntm_analysis.needs import together, uniforms
from ntm_analysis.results import ForecastResult
from ntm_analysis.tables import DataProblemsError


@pytest.fixture(scope="module")
def district() -> Workbook:
    return Workbook.open("data/thanh-chuong")


@pytest.fixture(scope="module")
def said(district) -> dict:
    """The forecast of the district, as its command prints it."""
    return ForecastResult(forecast(district, draws=2_000)).to_dict()


@pytest.fixture(name="small")
def _small(make_dataset, tmp_path):
    """A data set made of tables in which everything is known (see ``plain``)."""

    def make(tables: dict) -> Workbook:
        sets = {"ntm": NEW, "advanced": HIGH, "model": MODEL}
        return Workbook.open(make_dataset(tmp_path, tables, sets=sets, **PROVINCE))

    return make


# ---- numbers and years


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.integers(0, 99))
def test_numbers_drawn_together_are_uniform_and_correlated_as_stated(correlation, seed):
    own, shared = uniforms(seed, "own", ["a", "b"], 4_000), uniforms(seed, "shared", [""], 4_000)[0]
    a, b = together(own, shared, correlation)
    assert abs(np.corrcoef(a, b)[0, 1] - correlation) < 0.08
    assert a.min() >= 0 and a.max() <= 1 and abs(a.mean() - 0.5) < 0.03


def test_a_year_that_is_partly_over_counts_by_its_months_unless_its_list_is_reported():
    march = 12 * 2022 + 3
    assert [span.fraction for span in spans(march, [21])] == [0.75, 1.0]
    assert [span.fraction for span in spans(march, [21], {2022})] == [1.0, 1.0]
    assert month_of(dt.date(2022, 3, 31), dt.date(2023, 12, 30)) == 20  # December is not over


def test_the_list_of_last_year_is_judged_first_until_june():
    spring = spans(12 * 2022 + 3, [9], {2021})
    assert [(span.year, span.last) for span in spring] == [(2021, 3), (2022, 9)]
    assert [span.year for span in spans(12 * 2022 + 7, [5], {2021})] == [2022]


# ---- what it says


def test_the_default_forecast_says_what_it_rests_on(said):
    assert said["n_finished_now"] == 22 and said["basically_all"] == 36
    assert sum(said["finishing"]["distribution"].values()) == pytest.approx(1)
    chances = [commune["p"] for commune in said["communes"]]
    assert len(chances) == 37 and said["finishing"]["mean"] == pytest.approx(sum(chances))
    assert all(0 <= c["p_signed"] <= c["p"] <= 1 for c in said["communes"])
    registered = {row["name"]: (row["year"], row["kind"]) for row in said["registrations"]}
    assert registered["Thanh Lâm"] == (2023, "pledge") and len(registered) == 8


def test_communes_of_which_the_same_is_known_are_one_band(said):
    by_name = {commune["name"]: commune for commune in said["communes"]}
    assert by_name["Cát Văn"]["band"] is None  # recognised
    # Border; border and resettled.
    assert (
        by_name["Hạnh Lâm"]["band"] == by_name["Thanh Thủy"]["band"] != by_name["Thanh Sơn"]["band"]
    )
    assert by_name["Hạnh Lâm"]["p"] == by_name["Thanh Thủy"]["p"]


def test_a_reported_list_is_the_whole_list_of_its_year(said):
    listed = {c["name"]: c["list_chance"] for c in said["communes"] if c["list_chance"]}
    first = {name: chances["2022"] for name, chances in listed.items()}
    assert {name for name, chance in first.items() if chance} == {
        "Thanh Hương",
        "Thanh Chi",
        "Thanh Ngọc",
    }
    assert all(first[name] == 1 for name in ("Thanh Hương", "Thanh Chi", "Thanh Ngọc"))


def test_two_second_opinions_stand_beside_the_number(said):
    share, line = (said["second_opinions"][name] for name in ("share", "line"))
    assert 22 <= share["p10"] < share["p50"] < share["p90"] <= 37
    # 22 communes in the years since 2011, and 3.75 more years at that pace.
    assert line["mean"] == pytest.approx(22 + 22 / 11.25 * 3.75, abs=0.5)


def test_what_holds_a_commune_back_adds_up_to_its_failure(said):
    for commune in said["communes"]:
        if commune["held_back"]:
            assert sum(commune["held_back"].values()) == pytest.approx(1 - commune["p"])


def test_a_signed_decision_comes_after_the_year_and_so_later_than_its_criteria(district, said):
    will = forecast(district, finish="signed", draws=2_000)
    signed = ForecastResult(will).to_dict()
    assert signed["finishing"]["mean"] < said["finishing"]["mean"]
    assert signed["p_all_signed"] == signed["p_all"]
    assert said["finishing_signed"]["mean"] == pytest.approx(signed["finishing"]["mean"])
    both = (
        price_of_promise(each)["basically_all"]["months"]
        for each in (will, forecast(district, draws=2_000))
    )
    for decided, met in zip(*(days.values() for days in both), strict=True):
        assert decided is None or met < decided, "the day of a promise is that of the decision"


def test_by_a_deadline_inside_its_year_only_a_part_of_a_reported_list_has_finished(district):
    days = [dt.date(2022, 6, 30), dt.date(2022, 9, 30), dt.date(2022, 12, 31)]
    early, later, year = (
        forecast(district, deadline=day, draws=2_000).finishing.mean() for day in days
    )
    assert 22 < early < later - 0.2 and later < year - 0.2


def test_what_to_ask_first_does_not_hang_on_what_the_deadline_binds(district):
    met, signed = (
        forecast(district, finish=finish, draws=2_000).ask_first() for finish in ("met", "signed")
    )
    assert len(met) and met["effect"].tolist() == pytest.approx(signed["effect"].tolist())


def test_all_listed_communes_finish_together_more_often_than_apart(said):
    # One luck for a list: the spread is wider than that of as many independent communes.
    assert said["sd"] > said["sd_if_independent"]


def test_without_money_entered_nobody_waits_for_it(small):
    will = ForecastResult(forecast(small(plain(2, money={})), draws=500)).to_dict()
    assert will["paid_in_time"] is None and will["blocking_sources"] == []
    assert all(row["held_back"]["money"] == 0 for row in will["communes"])


def test_the_source_that_is_short_is_named(small):
    parts = [{"item": "road", "pot": pot, "share": 50} for pot in "ab"]
    parts += [{"item": "no-dong", "pot": "a", "share": 100}]
    plan = [{"commune": "10001", "level": "ntm", "kind": "plan", "year": 2022}]
    tables = plain(1, parts=parts, money={"a": 12_000, "b": 12}, targets=plan)
    will = ForecastResult(forecast(small(tables), draws=500)).to_dict()
    assert will["blocking_sources"] == ["b"] and will["paid_in_time"] == 0
    bare = ForecastResult(
        forecast(small(tables | {"envelopes": tables["envelopes"][:4]}), draws=50)
    ).to_dict()
    assert bare["pots_without_money"] == ["b"]


def test_a_listed_commune_paid_in_time_has_the_luck_of_its_list(small):
    plan = [{"commune": "10001", "level": "ntm", "kind": "plan", "year": 2022}]
    rich = small(plain(1, money={"a": 120_000}, targets=plan))
    poor = replace(
        rich, tables=rich.tables | {"envelopes": rich.tables["envelopes"].assign(amount=1.0)}
    )
    baseline = Baseline(0.5, 120_000.0)
    first = [
        will["communes"][0]
        for will in (
            ForecastResult(
                forecast(wb, draws=4_000, deadline=dt.date(2022, 12, 31), baseline=baseline)
            ).to_dict()
            for wb in (rich, poor)
        )
    ]
    assert first[0]["list_chance"]["2022"] == first[1]["list_chance"]["2022"] == 1
    assert first[0]["p"] > first[1]["p"] + 0.2 and first[0]["held_back"]["money"] == 0
    assert first[1]["held_back"]["money"] == pytest.approx(1 - first[1]["p"])


def test_a_project_that_takes_too_long_is_late_for_its_list(small):
    plan = [{"commune": "10001", "level": "ntm", "kind": "plan", "year": 2022}]
    long = ForecastResult(
        forecast(small(plain(1, money={"a": 120_000}, months=60, targets=plan)), draws=200)
    ).to_dict()
    assert long["paid_in_time"] == 0 and long["communes"][0]["held_back"]["money"] == 0


# ---- what is refused


def test_a_deadline_that_has_passed_is_refused_with_a_report(district, capsys):
    with pytest.raises(DataProblemsError) as caught:
        forecast(district, deadline=dt.date(2022, 3, 31))
    assert [p.code for p in caught.value.problems] == ["deadline_past"]
    assert cli.main(["forecast", "--deadline", "2021-12-31"]) == 1
    assert "31/12/2021" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--draws", "0"],
        ["--policy", "best"],
        ["--deadline", "soon"],
        ["--finish", "never"],
        ["--seed", "-1"],
    ],
)
def test_a_mistake_of_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["forecast", *arguments])
    assert caught.value.code == 2


def test_zero_draws_and_unknown_policies_are_refused(district):
    with pytest.raises(ValueError, match="draws=0"):
        forecast(district, draws=0)
    with pytest.raises(ValueError, match="policy='best'"):
        forecast(district, policy="best")


def test_everything_a_forecast_lacks_is_reported_at_once(small):
    tables = plain(1)
    tables |= {
        "durations": [],
        "assumptions": assumptions()[:4],
        "debts": [{"criterion": 5, "date": "2021-12-31", "amount": 5}],
    }
    tables["parts"] = tables["parts"][:1]
    with pytest.raises(DataProblemsError) as caught:
        schedule(small(tables))
    codes = [p.code for p in caught.value.problems]
    assert (
        codes.count("no_duration") == 2
        and "no_debt_parts" in codes
        and codes.count("no_assumption") >= 8
    )


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        (
            "assumptions",
            {"key": "correlation_works", "value": 101, "text_vi": "x", "text_en": "x"},
            "value",
        ),
        (
            "assumptions",
            {"key": "coefficient_ntm", "value": -1, "text_vi": "x", "text_en": "x"},
            "value",
        ),
        (
            "durations",
            {"item": "road", "low": 1, "mode": 2, "high": 3, "stall": 120, "stall_months": 1},
            "stall",
        ),
        (
            "durations",
            {"item": "road", "low": 5, "mode": 2, "high": 3, "stall": 1, "stall_months": 1},
            "mode",
        ),
        (
            "durations",
            {"item": "nothing", "low": 1, "mode": 2, "high": 3, "stall": 1, "stall_months": 1},
            "item",
        ),
    ],
)
def test_probabilities_and_ranges_that_cannot_be_are_refused(small, table, row, column):
    tables = plain(1)
    key = next(iter(row))
    tables[table] = [r for r in tables[table] if r[key] != row[key]] + [row]
    with pytest.raises(DataProblemsError) as caught:
        small(tables)
    assert (f"{table}.csv", column) in {(p.file, p.column) for p in caught.value.problems}


# ---- the command


def test_the_json_of_the_forecast_has_the_keys_that_scripts_rely_on(capsys):
    assert (
        cli.main(
            [
                "forecast",
                "--draws",
                "60",
                "--json",
                "--price",
                "--commune",
                "thanh-huong",
                "--policy",
                "closest",
            ]
        )
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    keys = (
        "deadline draws seed n_finished_now finishing basically_all p_basically_all p_all p_all_se "
        "p_all_ci p_all_signed p_all_if_independent communes registrations weakest "
        "price_of_promise second_opinions blocking_sources"
    )
    assert set(keys.split()) <= set(made) and made["policy"] == "closest" and made["draws"] == 60
    assert set(made["finishing"]) == {"p10", "p50", "p90", "mean", "distribution"}
    (commune,) = made["communes"]
    wanted = {
        "name",
        "code",
        "p",
        "p_met",
        "p_signed",
        "p10_date",
        "p50_date",
        "p90_date",
        "last_criterion",
        "band",
        "list_chance",
    }
    assert (
        wanted <= set(commune)
        and commune["name"] == "Thanh Hương"
        and commune["list_chance"]["2022"] == 1
    )
    assert made["price_of_promise"]["all"]


def test_an_unknown_scenario_is_one_sentence(capsys):
    assert cli.main(["forecast", "--scenario", "../x", "--draws", "10"]) == 1
    assert "late-oct-2023" in capsys.readouterr().err


def test_illustrative_data_is_not_registered(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("ntm_analysis.data.page_inputs.home_of", lambda folder: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["forecast", "huyen-mau", "--draws", "10", "--register"]) == 1
    assert not list(tmp_path.iterdir())


def test_a_forecast_is_registered_once(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("ntm_analysis.data.page_inputs.home_of", lambda folder: tmp_path)
    for _ in range(2):
        assert cli.main(["forecast", "--draws", "20", "--register", "--json"]) == 0
    (path,) = (tmp_path / "forecasts").iterdir()
    assert path.name.startswith("thanh-chuong_2022-03-31_")
    # What it was to foretell has passed by the day on which it is made.
    assert json.loads(path.read_text(encoding="utf-8"))["made_in_hindsight"] is True


@pytest.mark.parametrize("command", ["forecast", "needs"])
def test_a_data_set_is_judged_once_by_each_set_in_a_run(command, monkeypatch, capsys):
    judging = import_module("ntm_analysis.standing.assess")
    seen, judge = [], judging.values_of

    def values_of(workbook, set_id, *more):
        seen.append((set_id, more[-1]))
        return judge(workbook, set_id, *more)

    monkeypatch.setattr(judging, "values_of", values_of)
    assert cli.main([command, "data/thanh-chuong", "--draws", "10", "--json"]) == 0
    assert seen and len(seen) == len(set(seen)), seen


@pytest.mark.parametrize(
    "more", [["--as-of", "2025-12-15"], ["--deadline", "2022-04-01", "--finish", "signed"]]
)
def test_a_deadline_within_the_month_is_told_and_not_reckoned_with(more, capsys):
    assert cli.main(["forecast", "data/thanh-chuong", "--draws", "10", *more]) == 1
    assert "trọn một tháng" in capsys.readouterr().err

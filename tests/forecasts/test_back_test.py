"""The back-test: which figures are tried, the scores by hand, what a province may not know."""

import json
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from ntm_analysis.cli import main
from ntm_analysis.forecasts import Posterior, back_test, evidence, figures, reference
from ntm_analysis.forecasts.back_test import (
    DRAWS,
    RATES,
    SEED,
    hazards,
    pairs,
    second_opinions,
    summary_of,
)
from ntm_analysis.forecasts.evidence import SERIES
from ntm_analysis.forecasts.pace import Area, WorldSet
from ntm_analysis.forecasts.scoring import crps
from ntm_analysis.forecasts.yearly_cycle import counted


@pytest.fixture(scope="module")
def known():
    return evidence()


@pytest.fixture(scope="module")
def tested(known, pytestconfig):
    """The whole shipped panel, without the rolling part; but with --long in a quarter of the worlds
    and of the draws of each fit.
    """
    own, _ = figures(reference("series"))
    fitted, trial = Posterior.read(), import_module(summary_of.__module__)
    if pytestconfig.option.long:
        return back_test(own, known, fitted, rolling=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "DRAWS", DRAWS // 4)
        patch.setattr(trial, "REFIT", (128,))
        return back_test(own, known, fitted._replace(rows=fitted.rows[::4]), rolling=False)


def figure(year: int, finished: int, total: float = np.nan, area: str = "Lào Cai") -> dict:
    names = {"area": area, "area_kind": "province", "province": area}
    day = {"date": str(year), "month": 12 * year + 12}
    return {**names, **day, "finished": finished, "total": total}


def test_the_shipped_panel_gives_122_pairs_in_22_provinces(tested):
    assert tested.summary["pairs"] == 122 and tested.summary["provinces"] == 22
    assert tested.left_out["reason"].tolist() == ["no_total"]


def test_the_forecast_beats_both_references_with_ranges_of_the_right_width(tested):
    assert tested.summary["ratio_line"] <= 0.60
    assert tested.summary["ratio_share"] <= 0.90
    assert 0.72 <= tested.summary["coverage"] <= 0.88
    for key in ("ratio_line", "ratio_share", "coverage"):
        low, high = tested.summary[f"{key}_interval"]
        assert low <= tested.summary[key] <= high


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (figure(2018, 10, 100), figure(2020, 20), (100, 10, 20)),
        (figure(2018, 10), figure(2020, 20, 90), (90, 10, 20)),
        (figure(2018, 50, 100), figure(2020, 60, 80), (80, 40, 60)),  # merged units
        (figure(2018, 50, 100), figure(2020, 60, 99), (99, 50, 60)),  # within 1 %
        (figure(2018, 50, 100), figure(2020, 49, 100), (100, 50, 49)),  # a slip, within 2 %
        (figure(2018, 10), figure(2020, 20), "no_total"),
        (figure(2018, 100, 100), figure(2020, 100, 100), "nothing_left"),
        (figure(2018, 50, 100), figure(2020, 101, 100), "above_total"),
        (figure(2018, 50, 100), figure(2020, 47, 100), "fell"),
    ],
)
def test_communes_start_and_outcome_of_two_figures(first, second, told):
    usable, left_out = pairs(pd.DataFrame([first, second]))
    if isinstance(told, str):
        assert usable.empty and left_out["reason"].tolist() == [told]
    else:
        assert usable[["communes", "start", "outcome"]].to_numpy().tolist() == [list(told)]


def test_pairs_are_from_0_9_to_5_2_years_apart():
    months = [0, 10, 11, 62, 63]
    rows = [{**figure(2012, k, 50.0), "month": 12 * 2013 + m} for k, m in enumerate(months, 1)]
    usable, _ = pairs(pd.DataFrame(rows))
    apart = (12 * usable["years"]).round().astype(int).tolist()
    assert sorted(apart) == [11, 51, 52, 52, 53, 62]


def test_the_score_of_a_sample_is_the_integral_of_its_squared_distance():
    drawn = np.array([3.0, 5.0, 5.0, 9.0])
    grid = np.arange(0, 12, 0.001)
    below = (drawn[:, None] <= grid).mean(axis=0)
    slow = ((below - (grid >= 6.0)) ** 2).sum() * 0.001
    assert crps(drawn, 6.0) == pytest.approx(slow, abs=0.003)


def test_the_references_are_their_formulas():
    uniform = (np.arange(20_000) + 0.5) / 20_000
    shuffled = np.random.default_rng(1).permutation(uniform)
    pair = {"first": 12 * 2018 + 12, "years": 2.0, "start": 40, "communes": 100}
    number = second_opinions(pair, np.full(9, 0.2), np.stack([uniform, uniform, shuffled]))
    # 40 in the 8 years since 2011 began: 5 a year
    line, share = number["line"], number["share"] - 40
    assert line.mean() == pytest.approx(50, abs=0.05) and line.var() == pytest.approx(10, rel=0.02)
    assert share.mean() == pytest.approx(60 * (1 - np.exp(-0.4)), rel=0.01)
    rows = pd.DataFrame(
        {"communes": [100, 10], "start": [20, 4], "outcome": [60, 10], "years": [2, 1]}
    )
    assert hazards(rows).tolist() == pytest.approx([np.log(2) / 2, RATES[1]])


def test_provinces_weigh_alike_whatever_their_pairs():
    rows = [("A", 1.0, True)] * 9 + [("B", 3.0, False)]
    scored = pd.DataFrame(rows, columns=["province", "crps", "covered"])
    summary = summary_of(scored.assign(crps_line=4.0, crps_share=2.0))
    assert summary["crps"] == 2.0 and summary["coverage"] == 0.5
    assert summary["ratio_line_interval"] == [0.25, 0.75]


def test_the_forecast_of_a_pair_is_that_of_an_undescribed_area_to_the_draw(known):
    posterior = Posterior.read()  # Lào Cai is not in the panel: nothing is left out
    own = pd.DataFrame([figure(2015, 20, 127.0), figure(2019, 50, 127.0), figure(2021, 60, 127.0)])
    test = back_test(own, known, posterior, rolling=False)
    row = test.pairs.query("`from` == '2019' and to == '2021'").iloc[0]
    area = Area("Lào Cai", "province", own.iloc[:2], 127)
    worlds = WorldSet(12 * 2019 + 12, (), DRAWS, SEED)
    drawn = 50 + counted(posterior, known.assumed, area, 77, 12 * 2021 + 12, worlds)
    assert row["mean"] == drawn.mean() and row["crps"] == crps(drawn, 60) / 127


def test_a_province_knows_nothing_of_its_own_future(known):
    """Later figures of the province, in the panel or in the file, change no forecast of it."""
    own = known.panel[known.panel["area"] == "Hà Tĩnh"]
    early = own[own["month"] <= 12 * 2017 + 12]
    forecasts = []
    for factor in (1.0, 0.9):
        changed = known.panel.copy()
        late = (changed["area"] == "Hà Tĩnh") & (changed["month"] > 12 * 2017 + 12)
        changed.loc[late, "finished"] = (changed.loc[late, "finished"] * factor).round()
        evidence_of = type(known)(changed, changed, known.lists, known.assumed)
        rows = pd.concat([early, changed[late]])
        test = back_test(rows, evidence_of, Posterior.read(), rolling=False)
        chosen = test.pairs[test.pairs["first"] == 12 * 2017 + 12]
        forecasts.append(chosen[["p10", "p50", "p90", "mean"]].to_numpy().tolist())
    assert forecasts[0] == forecasts[1]


def test_the_command_tells_pairs_what_is_left_out_and_the_summary(tmp_path, capsys):
    path = tmp_path / "series.csv"
    rows = [
        "Lào Cai,province,2019,ntm_communes,50,127,x,read",
        "Lào Cai,province,2021-12~,ntm_communes,60,127,x,read",
        "Lào Cai,province,2021~early,ntm_communes,58,127,x,read",
    ]
    path.write_text("\n".join([",".join(SERIES), *rows]) + "\n", encoding="utf-8")
    assert main(["backtest", "--series", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["pairs", "left_out", "summary"]
    keys = "area area_kind province from to communes start outcome p10 p50 p90 mean"
    assert list(told["pairs"][0]) == [*keys.split(), "crps", "crps_line", "crps_share", "covered"]
    assert told["pairs"][0]["to"] == "2021-12~"
    assert [row["reason"] for row in told["left_out"]] == ["date"]
    assert {"by_kind", "by_horizon", "without_country", "rolling"} <= set(told["summary"])
    assert main(["backtest", "--series", str(path), "--lang", "en"]) == 0
    assert "1 pairs" in capsys.readouterr().out
    assert main(["backtest", "--series", str(tmp_path / "nothing.csv")]) == 1
    with pytest.raises(SystemExit) as left:
        main(["backtest", "--serie", str(path)])
    assert left.value.code == 2

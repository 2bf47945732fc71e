"""An area that nobody has described runs as counts, in the code of the forecast."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_districts import POT, YEARLY, YEARS, assumptions

from ntm_analysis import cli
from ntm_analysis.data import Workbook
from ntm_analysis.forecasts import (
    Layout,
    Posterior,
    back_test,
    evidence,
    figures,
    forecast,
    forecast_of,
    schedule,
)
from ntm_analysis.forecasts import simulation as room
from ntm_analysis.forecasts.back_test import DRAWS, SEED
from ntm_analysis.forecasts.pace import Area, WorldSet
from ntm_analysis.forecasts.yearly_cycle import counted
from ntm_analysis.tables import DataProblemsError

COMMUNES, FINISHED = 30, 12
AREA = "Huyện Thử (Tỉnh Thử)"


@pytest.fixture(name="silent")
def _silent(make_dataset, tmp_path):
    """A data set that names communes and says which of them are NTM, and nothing more."""

    def make(**settings) -> Workbook:
        codes = [f"{n}" for n in range(10_001, 10_001 + COMMUNES)]
        decided = {"level": "ntm", "set": "ntm-2016-2020", "basis": "decision"}
        tables = {
            "units": [{"code": code, "name": f"Thử {code}"} for code in codes],
            "recognitions": [
                decided | {"commune": code, "date": "2019-12-01"} for code in codes[:FINISHED]
            ],
            "assumptions": assumptions(),
        }
        district = {"code": "999", "name": "Huyện Thử"}
        return Workbook.open(make_dataset(tmp_path, tables, district=district, **settings))

    return make


def published(*rows: tuple[str, int]) -> pd.DataFrame:
    """Figures of the area, as a file of series has them."""
    cells = {"area": AREA, "area_kind": "district", "measure": "ntm_communes", "mark": "read"}
    cells |= {"total": COMMUNES, "source_url": ""}
    each = [
        cells | {"row": n, "date": date, "value": value} for n, (date, value) in enumerate(rows)
    ]
    return figures(pd.DataFrame(each))[0]


def test_the_forecast_of_an_undescribed_data_set_is_the_back_tests_to_the_draw(silent):
    workbook = silent(as_of="2022-03-31")
    will = forecast(workbook, draws=DRAWS, seed=SEED)
    own = published(("2022-03", FINISHED))
    area = Area(AREA, "district", own, COMMUNES)
    known = (Posterior.read(), evidence().assumed)
    worlds = WorldSet(12 * 2022 + 3, (), DRAWS, SEED)
    more = counted(*known, area, COMMUNES - FINISHED, 12 * 2025 + 12, worlds)
    assert (will.finishing == FINISHED + more).all() and len(np.unique(more)) > 5


def test_ntm_backtest_and_ntm_forecast_print_the_same_figures(silent, capsys):
    workbook = silent(as_of="2022-03-31")
    arguments = ["--draws", f"{DRAWS}", "--seed", f"{SEED}", "--json"]
    assert cli.main(["forecast", str(workbook.path), *arguments]) == 0
    made = json.loads(capsys.readouterr().out)["finishing"]
    rows = published(("2022-03", FINISHED), ("2025-12", 25))
    test = back_test(rows, evidence(), Posterior.read(), rolling=False)
    (pair,) = test.pairs.to_dict("records")
    assert pair["start"] == FINISHED
    assert {key: pair[key] for key in ("p10", "p50", "p90", "mean")} == {
        key: made[key] for key in ("p10", "p50", "p90", "mean")
    }


def test_counts_have_the_distribution_of_communes_judged_one_by_one(silent):
    layout = Layout(schedule(silent()))
    one_by_one = Layout(layout.schedule._replace(described=True))
    baseline = room.baseline_of(layout.schedule.workbook, 1)
    many = 20_000
    fast, slow = (room.simulation(one, many, 1, baseline) for one in (layout, one_by_one))
    for span in layout.schedule.spans:
        counts = [(run.met_month <= span.last).sum(axis=0) for run in (fast, slow)]
        shares = [np.bincount(n, minlength=COMMUNES) / many for n in counts]
        error = np.sqrt(2 * shares[0] * (1 - shares[0]) / many) + 2e-4
        assert (np.abs(shares[0] - shares[1]) < 4.5 * error).all()
        # All stand for each other: the chance to be listed is the same for all but the draws.
    for run in (fast, slow):
        assert run.chance_listed.std(axis=0).max() < 4 * 0.5 / np.sqrt(many)
    assert fast.chance_listed.mean(axis=0) == pytest.approx(
        slow.chance_listed.mean(axis=0), abs=0.005
    )
    counts = (run.list_counts.sum(axis=(1, 2)) for run in (fast, slow))
    assert next(counts) == pytest.approx(next(counts), rel=0.01)


def test_money_moves_the_lists_of_an_undescribed_area_and_nothing_else(silent):
    workbook = silent()
    pots = [POT | {"pot": "a", "fund": "nst"}]
    rows = [YEARLY | {"pot": "a", "served": "", "year": y, "amount": 100.0} for y in YEARS]
    tables = workbook.tables | {
        name: pd.DataFrame(rows).reindex(columns=workbook.tables[name].columns)
        for name, rows in (("pots", pots), ("envelopes", rows))
    }
    layout, rich = (
        Layout(schedule(replace(workbook, tables=t))) for t in (workbook.tables, tables)
    )
    usual = room.baseline_of(rich.schedule.workbook, 1)
    runs = [
        room.simulation(layout, 2_000, 1, room.baseline_of(workbook, 1)),
        room.simulation(rich, 2_000, 1, usual),
        room.simulation(rich, 2_000, 1, usual, factor=2.0),
    ]
    assert (runs[0].met_month == runs[1].met_month).all()
    assert runs[2].list_counts[0].sum() > 1.2 * runs[1].list_counts[0].sum()


def test_a_single_word_about_a_commune_makes_the_area_a_described_one(silent):
    assert not schedule(silent()).described
    workbook = silent()
    row = {"unit": workbook.communes.index[-1], "level": "ntm", "kind": "plan", "year": 2023.0}
    targets = pd.DataFrame([row]).reindex(columns=workbook.tables["targets"].columns)
    told = replace(workbook, tables=workbook.tables | {"targets": targets})
    with pytest.raises(DataProblemsError) as caught:  # and then what is not told must be drawn
        schedule(told)
    assert {problem.code for problem in caught.value.problems} >= {"no_prior", "no_share"}


def test_the_page_of_an_undescribed_area_says_the_same_of_every_commune(silent):
    layout = Layout(schedule(silent()))
    will = forecast_of(layout, 2_000, 7)
    open_ = will.p[~will.p.index.isin(will.now)]
    assert len(set(will.alike_groups)) == 1 and open_.nunique() == 1
    assert will.list_chance.nunique().eq(1).all()
    assert will.finishing.mean() == pytest.approx(FINISHED + open_.sum())


def test_a_district_s_pace_is_told_by_its_own_figures_and_its_province_s_never_by_a_sister_s(
    silent,
):
    layout = Layout(schedule(silent(as_of="2022-03-31")))
    known = room.knowledge(layout.schedule.workbook.as_of)
    usual = room.draw_area_years(layout, room.Baseline(), known, 1_000, SEED)

    def level(area: str, kind: str) -> float:
        """How much more finishes in a year where an area of that name was fast."""
        row = {"area": area, "area_kind": kind, "province": "Tỉnh Thử", "total": 400.0}
        figures_of = [(2014, 100), (2015, 200), (2016, 300), (2017, 380)]
        rows = [row | {"month": 12 * year + 12, "finished": n} for year, n in figures_of]
        more = pd.concat([known.evidence.figures, pd.DataFrame(rows)])
        fast = known._replace(evidence=known.evidence._replace(figures=more))
        years = room.draw_area_years(layout, room.Baseline(), fast, 1_000, SEED)
        return float(years.finishing_share.mean() - usual.finishing_share.mean())

    assert level("Huyện Khác (Tỉnh Thử)", "district") == 0
    assert level("Tỉnh Thử", "province") > 0.02

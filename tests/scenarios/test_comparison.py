"""Scenarios side by side: the same worlds, what a difference is, what each scenario file gave when
it was written.
"""

import json
import re
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from ntm_analysis import cli
from ntm_analysis.data import Workbook
from ntm_analysis.forecasts import TORNADO_SHARE, forecast, knowledge
from ntm_analysis.needs import demand
from ntm_analysis.pages.scenarios import ComparisonPage
from ntm_analysis.results import (
    ComparisonResult,
    blocking_cell,
    blocking_sentence,
    change_words,
    comparison_sentence,
    price_words,
)
from ntm_analysis.scenarios import (
    NOISE,
    UnknownScenarioError,
    compare,
    scenario,
    scenario_ids,
)
from ntm_analysis.scenarios.comparison import paired_difference
from ntm_analysis.tables import DataProblemsError, report, yaml_files

DATA, DRAWS = "data/thanh-chuong", 1_000
PARTS = (
    "title",
    "summary",
    "prices",
    "movers",
    "frontier",
    "tornado",
    "reckoning",
    "knowledge",
    "footer",
)


@pytest.fixture(scope="module")
def district() -> Workbook:
    return Workbook.open(DATA)


@pytest.fixture(scope="module")
def shipped(district):
    """All scenarios of the default district, and the record of their comparison."""
    found = compare(district, draws=DRAWS)
    return found, ComparisonResult(found).to_dict()


@pytest.fixture
def told(district, tmp_path):
    """Scenario files by their text; the workbook that finds them beside it."""
    folder = tmp_path / "scenarios"
    folder.mkdir()

    def write(**texts: str) -> Workbook:
        for stem, body in texts.items():
            named = (
                body if body.startswith("id:") else f"id: {stem}\ntitle: {{vi: x, en: x}}\n{body}"
            )
            (folder / f"{stem}.yaml").write_text(named, encoding="utf-8")
        return replace(district, path=tmp_path / "thanh-chuong")

    return write


@pytest.fixture
def quick(shipped, monkeypatch):
    """What moves the baseline is worked out once: a command or a page takes that."""
    for name in ("frontier", "tornado"):
        monkeypatch.setattr(
            f"ntm_analysis.scenarios.comparison.{name}",
            lambda found, name=name: getattr(shipped[0], name),
        )


def row_of(made: dict, name: str) -> dict:
    return next(row for row in made["scenarios"] if row["id"] == name)


def plain(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<img[^>]*>", "", part)).split())


# ---- the same worlds


def test_a_scenario_that_changes_nothing_differs_by_exactly_nothing_in_every_draw(told):
    workbook = told(idle="changes:\n  - {table: envelopes, multiply: {amount: 1}}\n")
    found = compare(workbook, ["idle"], draws=300, moving=False)
    base, idle = found.rows
    assert (idle.finishing == base.finishing).all() and not idle.chance_changes["change"].any()
    assert paired_difference(idle.finishing, base.finishing) == {
        "difference": 0.0,
        "se": 0.0,
        "ratio": 0.0,
    }
    assert all(
        idle.figures[key] == base.figures[key]
        for key in ("need_p50", "gap_p50", "gap_mean", "money")
    )
    (warning,) = found.warnings
    assert warning.code == "scenario_idle" and warning.file == "idle.yaml" and warning.warning


def test_the_same_worlds_make_every_difference_surer_than_two_separate_runs(shipped):
    _, made = shipped
    ratios = {row["id"]: row["se_ratio"] for row in made["scenarios"]}
    assert {"equal", "money-150", "two-more-years"} < set(ratios) and all(
        ratio < 1 for ratio in ratios.values()
    )
    assert ratios["money-110"] <= 0.4


def test_a_difference_is_that_of_the_draws_and_its_error_that_of_their_mean():
    before, after = np.array([2, 3, 5, 6]), np.array([3, 3, 6, 6])
    found = paired_difference(after, before)
    assert found["difference"] == 0.5 and found["se"] == pytest.approx(0.25)
    assert found["ratio"] == pytest.approx(0.5 / np.sqrt(before.var() + after.var()))
    assert paired_difference(np.array([4, 4]), np.array([3, 3])) == {
        "difference": 1.0,
        "se": 0.0,
        "ratio": 0.0,
    }


def test_a_comparison_says_of_a_scenario_what_its_own_forecast_says(district, shipped):
    found, made = shipped
    chosen = scenario(district, "closest")
    alone = forecast(chosen, policy="closest", draws=DRAWS)
    row = next(row for row in found.rows if row.figures["id"] == "closest")
    assert (row.finishing == alone.finishing).all() and np.allclose(
        row.chance_changes["p"], alone.p
    )
    base = row_of(made, "baseline")
    assert row_of(made, "closest")["difference"]["finishing"] == pytest.approx(
        alone.finishing.mean() - base["finishing_mean"]
    )
    assert row_of(made, "closest")["need_p50"] == base["need_p50"], "a policy asks for nothing else"


@pytest.mark.parametrize(
    "name",
    sorted(path.name.split(".")[0] for path in Path("data/scenarios").glob("*.expected.json")),
)
def test_a_scenario_gives_what_stands_beside_its_file(shipped, name):
    kept = json.loads(Path(f"data/scenarios/{name}.expected.json").read_text(encoding="utf-8"))
    _, made = shipped
    assert {key: made[key] for key in ("dataset", "as_of", "draws", "seed")} == {
        key: kept.pop(key) for key in ("dataset", "as_of", "draws", "seed")
    }
    row = row_of(made, name)
    assert {key: row[key] for key in kept if key != "difference"} == pytest.approx(
        {key: value for key, value in kept.items() if key != "difference"}
    )
    assert row["difference"] == pytest.approx(kept["difference"])


def test_the_script_writes_the_keys_that_the_files_have():
    script = runpy.run_path("data/make_expected.py")
    kept = json.loads(Path("data/scenarios/equal.expected.json").read_text(encoding="utf-8"))
    assert set(script["KEYS"]) < set(kept) and kept["draws"] == script["DRAWS"] == DRAWS


# ---- what a comparison says


def test_regret_is_never_negative_and_nothing_for_the_best_of_every_world(shipped):
    found, made = shipped
    assert all(
        row["regret"]["mean"] >= 0 and row["regret"]["p90"] >= 0 for row in made["scenarios"]
    )
    pair = found._replace(
        rows=[row for row in found.rows if row.figures["id"] in ("baseline", "money-110")]
    )
    base, more = ComparisonResult(pair).to_dict()["scenarios"]
    assert more["regret"]["mean"] < base["regret"]["mean"], (
        "more money is mostly the better of the two"
    )
    (alone,) = ComparisonResult(found._replace(rows=found.rows[:1])).to_dict()["scenarios"]
    assert alone["regret"] == {"mean": 0.0, "p90": 0}


def test_money_has_a_price_only_where_it_is_added_and_something_comes_of_it(shipped, told):
    _, made = shipped
    more, base = row_of(made, "money-110"), row_of(made, "baseline")
    assert more["money"] == pytest.approx(1.1 * base["money"]) and more["cost_reason"] is None
    assert more["cost_per_extra_commune"] == pytest.approx(
        0.1 * base["money"] / more["difference"]["finishing"]
    )
    assert {
        row_of(made, name)["cost_reason"]
        for name in ("baseline", "closest", "cement-150", "prices-up")
    } == {"no_money"}
    where = "where: {pot: nstw-sn, year: 2025}"
    few = compare(
        told(few=f"changes:\n  - {{table: envelopes, {where}, multiply: {{amount: 1.01}}}}\n"),
        ["few"],
        draws=200,
        moving=False,
    )
    row = few.rows[1].figures
    assert (row["cost_per_extra_commune"], row["cost_reason"]) == (None, "within_noise")
    assert "trong sai số" in price_words(
        ComparisonResult(few).to_dict()["scenarios"][1], ComparisonResult(few).to_dict(), "vi"
    )


def test_who_gains_and_loses_moves_by_more_than_noise(shipped):
    _, made = shipped
    for row in made["scenarios"]:
        assert all(moved["change"] > NOISE * moved["se"] for moved in row["gains"])
        assert all(-moved["change"] > NOISE * moved["se"] for moved in row["losses"])
    assert not row_of(made, "baseline")["gains"] and not row_of(made, "money-110")["losses"]
    assert {"Thanh Chi", "Thanh Hương", "Thanh Ngọc"} <= {
        moved["name"] for moved in row_of(made, "equal")["losses"]
    }


def test_more_money_never_brings_fewer_communes_home(shipped):
    found, _ = shipped
    for column in ("mean", "p10", "p50", "p90", "money"):
        assert found.frontier[column].is_monotonic_increasing
    now = found.frontier.set_index("factor").loc[1.0]
    assert (
        now["mean"] == found.rows[0].finishing.mean()
        and now["money"] == found.rows[0].figures["money"]
    )


def test_the_tornado_is_sorted_and_says_which_ends_it_used(shipped):
    found, _ = shipped
    table = found.tornado.set_index("key")
    assert table["swing"].abs().is_monotonic_decreasing and np.allclose(
        table["swing"], table["high"] - table["low"]
    )
    assert table.loc["disbursed", "swing"] > 0 > table.loc["unit_costs", "swing"]
    assert table.loc["bounds", "swing"] > 0, (
        "sources that may stand in for each other pay more works"
    )
    share = table.loc["correlation_money"]
    assert (share["basis"], share["low_end"], share["high_end"]) == (
        "assumed",
        50 * (1 - TORNADO_SHARE),
        50 * (1 + TORNADO_SHARE),
    )
    assumed = knowledge(found.workbook.as_of).assumed.loc["missed_return", ["low", "high"]]
    assert table.loc["missed_return", ["low_end", "high_end"]].tolist() == assumed.tolist(), (
        "the ends of the evidence's table"
    )
    assert set(table.loc[["unit_costs", "prices", "durations"], "basis"]) == {"data"}
    assert set(table.loc[["pace", "success"], "basis"]) == {"fitted"}


def test_two_more_years_are_judged_by_their_own_deadline_and_have_money_to_it(district, shipped):
    found, made = shipped
    row = row_of(made, "two-more-years")
    assert row["deadline"] == "2027-12-31" and row["money"] > row_of(made, "baseline")["money"]
    assert "(hạn 31/12/2027)" in comparison_sentence(made, "vi")
    workbook = scenario(district, "two-more-years")
    envelopes = workbook.tables["envelopes"].groupby("year")["amount"].sum()
    assert envelopes[2025] == envelopes[2026] == envelopes[2027] and workbook.horizon == 2027
    assert demand(workbook, draws=10).until == 2027
    same = forecast(workbook, deadline=district.last_day, draws=DRAWS)
    assert (same.finishing == found.rows[0].finishing).all(), (
        "money and years after the deadline change nothing before it"
    )


def test_the_old_set_kept_takes_nothing_away_from_what_was_met(district, shipped):
    workbook = scenario(district, "old-set-only")
    facts = forecast(workbook, draws=10).schedule.facts
    assert facts.set_id == facts.reported_in == "ntm-2016-2020" and not facts.lost.any()
    repeated = workbook.tables["typical_works"].query("set == 'ntm-2016-2020'")
    assert len(repeated) and set(repeated["mark"]) == {"assumed"}
    assert row_of(shipped[1], "old-set-only")["difference"]["finishing"] > 0


def test_scenarios_that_do_not_fit_a_district_are_left_out_with_a_warning_and_refused_by_name(
    told, tmp_path
):
    told(
        **{
            name: Path(f"data/scenarios/{name}.yaml").read_text(encoding="utf-8")
            for name in ("cement-150", "old-set-only")
        }
    )
    workbook = replace(Workbook.open("data/huyen-mau"), path=tmp_path / "huyen-mau")
    found = compare(workbook, draws=20, moving=False)
    assert {p.details["value"] for p in found.warnings if p.code == "scenario_unfit"} == {
        "cement-150",
        "old-set-only",
    }
    with pytest.raises(DataProblemsError) as caught:
        compare(workbook, ["cement-150"], draws=20, moving=False)
    assert [(p.code, p.file, p.row) for p in caught.value.problems] == [
        ("scenario_nothing", "cement-150.yaml", 4)
    ]


# ---- scenario files


def test_the_policies_stand_first_and_every_file_is_there(district):
    ids = scenario_ids(district)
    assert ids[:5] == ["baseline", "equal", "decree", "closest", "cheapest"]
    assert set(ids[1:]) == {path.stem for path in Path("data/scenarios").glob("*.yaml")}


def test_rows_repeated_stand_beside_the_old_ones_and_are_assumed(told):
    workbook = told(
        thu="deadline: 2026-12-31\nchanges:\n"
        "  - {table: envelopes, where: {year: 2025}, repeat: {year: 2026}}\n"
        "  - {table: prices, where: {year: 2025}, repeat: {year: 2026}}\n"
    )
    found = scenario(workbook, "thu")
    before, after = (wb.tables["envelopes"] for wb in (workbook, found))
    assert len(after) == len(before) + (before["year"] == 2025).sum() and set(
        after.query("year == 2026")["mark"]
    ) == {"assumed"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "changes:\n  - {table: envelopes, where: {year: 2025}, repeat: {year: 2024}}\n",
            ("duplicate", 4),
        ),
        (
            "changes:\n  - {table: envelopes, where: {year: 2025}, repeat: {year: 2026}}\n",
            ("outside_horizon", 4),
        ),
        (
            "deadline: 2026-12-31\nchanges:\n"
            "  - {table: envelopes, where: {year: 2025}, repeat: {year: 2026}}\n",
            ("no_price", 5),
        ),
        ("changes:\n  - {table: typical_works, repeat: {set: ntm-2030}}\n", ("unknown_set", 4)),
        (
            "changes:\n  - {table: typical_works, set: {set: ntm-2016-2020}}\n",
            ("scenario_column", 4),
        ),
        ("changes:\n  - {table: works, repeat: {commune: Thanh Chi}}\n", ("scenario_column", 4)),
        ("criteria_set: ntm-2030\n", ("yaml_value", 3)),
        ("criteria_set: model-2021-2025\n", ("yaml_value", 3)),
        ("criteria_set: advanced-nghe-an-2018-2020\n", ("yaml_value", 3)),
        ("criteria_set: [ntm-2016-2020]\n", ("yaml_value", 3)),
        ("policy: best\n", ("yaml_value", 3)),
        (
            "changes:\n  - {table: targets, where: {commune: [Thanh Chi]}, set: {year: 2024}}\n",
            ("yaml_value", 4),
        ),
        ("extends: thu\n", ("scenario_cycle", 3)),
        ("extends: thuu\n", ("scenario_extends", 3)),
        ("note: &all [*all]\n", ("yaml_alias", 3)),
    ],
)
def test_a_fault_in_a_scenario_is_told_with_file_and_line(told, body, found):
    with pytest.raises(DataProblemsError) as caught:
        scenario(told(thu=body), "thu")
    assert {(p.file, p.row) for p in caught.value.problems} == {("thu.yaml", found[1])}
    assert found[0] in {p.code for p in caught.value.problems}


def test_a_file_with_the_id_of_another_is_refused(told):
    body = "id: a\ntitle: {vi: x, en: x}\n"
    with pytest.raises(DataProblemsError) as caught:
        scenario(told(a=body, b=body), "b")
    assert [(p.code, p.file, p.row) for p in caught.value.problems] == [("yaml_value", "b.yaml", 1)]


def test_a_file_that_is_too_long_is_not_read(told, monkeypatch):
    monkeypatch.setattr(yaml_files, "LARGEST", 2_048)
    workbook = told(thu="# " + "x" * 3_000 + "\n")
    with pytest.raises(DataProblemsError) as caught:
        scenario(workbook, "thu")
    assert [(p.code, p.file) for p in caught.value.problems] == [("yaml_large", "thu.yaml")]
    assert "2 KB" in report(caught.value.problems)


def test_the_name_of_the_baseline_is_taken(told):
    with pytest.raises(DataProblemsError) as caught:
        scenario(told(baseline="policy: equal\n"), "baseline")
    assert [(p.code, p.file) for p in caught.value.problems] == [
        ("scenario_reserved", "baseline.yaml")
    ]


def test_all_that_is_wrong_with_one_change_is_told_at_once(told):
    change = "{table: envelopes, where: {color: 1, year: [2]}, set: {amount: -1, mood: 2}}"
    with pytest.raises(DataProblemsError) as caught:
        scenario(told(thu=f"changes:\n  - {change}\n"), "thu")
    assert {(p.code, p.column) for p in caught.value.problems} == {
        ("scenario_column", "color"),
        ("yaml_value", "year"),
        ("scenario_column", "mood"),
    }


def test_titles_are_one_short_line_that_a_console_can_show(told):
    for title in ('"a\\nb"', '"a\\e[31mb"', "x" * 200):
        with pytest.raises(DataProblemsError) as caught:
            scenario(told(thu=f"id: thu\ntitle: {{vi: {title}, en: x}}\n"), "thu")
        assert [(p.code, p.row) for p in caught.value.problems] == [("yaml_value", 2)]


def test_rows_that_a_change_breaks_are_told_apart(told):
    with pytest.raises(DataProblemsError) as caught:
        scenario(told(thu="changes:\n  - {table: assumptions, set: {value: 50}}\n"), "thu")
    places = [p.column for p in caught.value.problems if p.code == "out_of_range"]
    assert (
        len(places) > 1
        and len(set(places)) == len(places)
        and all("assumptions.csv:" in place for place in places)
    )


def test_a_criteria_set_that_the_data_cannot_be_judged_by_is_refused_with_the_table_that_lacks_it():
    model = scenario(Workbook.open("data/huyen-mau"), "old-set-only")
    with pytest.raises(DataProblemsError) as caught:
        forecast(model, draws=10)
    assert [(p.code, p.file) for p in caught.value.problems] == [
        ("no_carry_over", "carry_over.csv")
    ]


def test_everything_wrong_with_the_scenarios_named_is_told_before_the_first_forecast(
    told, monkeypatch
):
    monkeypatch.setattr(
        "ntm_analysis.scenarios.comparison.planned_forecast",
        lambda *_, **__: pytest.fail("a forecast was begun"),
    )
    with pytest.raises(UnknownScenarioError, match="nope, nope2"):
        compare(told(), ["nope", "nope2"], draws=10)
    with pytest.raises(DataProblemsError) as caught:
        compare(told(a="policy: best\n", b="policy: worst\n"), ["a", "b"], draws=10)
    assert {p.file for p in caught.value.problems} == {"a.yaml", "b.yaml"}


def test_money_late_in_2023_helps_nobody_and_leaves_the_list_of_2022_alone(shipped):
    found, made = shipped
    late = row_of(made, "late-oct-2023")
    assert late["difference"]["finishing"] < 0 and not late["gains"]
    targets = found.workbook.tables["targets"].query(
        "kind == 'plan' and level == 'ntm' and year == 2022"
    )["unit"]
    moved = next(row for row in found.rows if row.figures["id"] == "late-oct-2023").chance_changes[
        "change"
    ]
    assert len(targets) == 3 and not moved[targets].any()


def test_communes_of_which_the_same_is_known_gain_and_lose_alike(shipped):
    found, _ = shipped
    bands = forecast(found.workbook, draws=DRAWS).alike_groups
    for row in found.rows:
        if row.figures["policy"] == "own" and row.figures["id"] != "old-set-only":
            changes = row.chance_changes["change"].reindex(bands.index).round(12)
            assert (changes.groupby(bands).nunique() == 1).all(), row.figures["id"]


def test_every_scenario_says_which_sources_block_it(shipped):
    found, made = shipped
    pots = set(found.workbook.tables["pots"]["pot"])
    blocking = {row["id"]: row["blocking_sources"] for row in made["scenarios"]}
    assert all(set(names) <= pots for names in blocking.values()) and blocking["baseline"]
    money = forecast(scenario(found.workbook, "money-070"), draws=DRAWS)
    assert blocking["money-070"] == money.blocking_sources()
    assert blocking_cell(found.workbook, row_of(made, "cement-095"), made, "vi") == "như dòng đầu"
    equal = row_of(made, "equal")
    assert equal["blocking_sources"] and "chia riêng cho từng xã" in blocking_sentence(
        found.workbook, equal, "vi"
    )
    assert "chia riêng cho từng xã" not in blocking_sentence(
        found.workbook, made["scenarios"][0], "vi"
    )
    for row in (made["scenarios"][0], equal):
        free = row | {"blocking_sources": []}
        assert (
            blocking_sentence(found.workbook, free, "vi") == ""
            and blocking_cell(found.workbook, free, made, "vi") == "-"
        )


def test_an_unknown_scenario_lists_those_there_are(district):
    for ids, baseline in ((["nowhere"], "baseline"), ([], "nowhere")):
        with pytest.raises(UnknownScenarioError, match="nowhere"):
            compare(district, ids, baseline, draws=10)


# ---- the command, words and page


def test_the_json_of_the_comparison_has_the_keys_that_scripts_rely_on(capsys, quick):
    given = [
        "compare",
        "--scenarios",
        "money-110,closest,money-110",
        "--draws",
        "60",
        "--seed",
        "7",
        "--json",
    ]
    assert cli.main(given) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["baseline"] == "baseline" and (made["draws"], made["seed"]) == (60, 7)
    assert [row["id"] for row in made["scenarios"]] == ["baseline", "money-110", "closest"]
    keys = "id title finishing_mean p_basically_all p_all need_p50 gap_p50 difference"
    for row in made["scenarios"]:
        assert set(keys.split()) <= set(row) and isinstance(row["title"], str)
        assert {"finishing", "p_basically_all", "se"} <= set(row["difference"])
    assert len(made["frontier"]) == 8 and made["tornado"][0]["low_end"] is None, "no NaN in JSON"


def test_another_baseline_turns_a_difference_round(capsys, quick):
    made = []
    for given in (["--scenarios", "closest"], ["--scenarios", "baseline", "--baseline", "closest"]):
        assert cli.main(["compare", *given, "--draws", "60", "--json"]) == 0
        made.append(json.loads(capsys.readouterr().out)["scenarios"])
    assert made[0][1]["difference"]["finishing"] == -made[1][1]["difference"]["finishing"] != 0
    assert [row["id"] for row in made[1]] == ["closest", "baseline"]


def test_a_scenario_misspelt_is_answered_with_the_nearest_and_bad_usage_with_two(capsys):
    assert cli.main(["compare", "--scenarios", "money-11", "--draws", "10"]) == 1
    assert "Các kịch bản: money-110" in capsys.readouterr().err
    for wrong in (["--scenarios", "a,,b"], ["--draws", "0"], ["--scenario", "closest"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(["compare", *wrong])
        assert stop.value.code == 2


def test_the_text_begins_with_the_verdict_and_the_sources_that_block(capsys, quick):
    assert (
        cli.main(
            [
                "compare",
                "--scenarios",
                "cement-150,two-more-years",
                "--draws",
                "300",
                "--lang",
                "en",
            ]
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(
        "Against the baseline (on average 29.2 of 37 communes finishing by 31 December 2025)"
    )
    assert "deadline 31 December 2027" in lines[1] and lines[2].startswith("Blocking sources: ")
    assert not re.search(r"below \d+/|dưới 3/", "\n".join(lines)), (
        "no chance finer than the scale of words"
    )


def test_the_chance_that_all_finish_is_told_only_where_it_is_in_doubt(shipped):
    _, made = shipped

    def told(p: float) -> str:
        return comparison_sentence(
            made | {"scenarios": [row | {"p_all": p} for row in made["scenarios"]]}, "vi"
        )

    assert "Tất cả 37 xã về đích: ở mọi kịch bản đều khó, khoảng 1 trên 10 (12%)" in told(0.12)
    assert "Tất cả 37 xã" not in told(0.002) and "Tất cả 37 xã" not in told(0.995)


def test_a_difference_has_no_more_digits_than_its_draws_support():
    said = [
        change_words({"finishing": f, "se": s}, "vi")
        for f, s in ((2.1824, 0.01), (-0.046, 0.002), (0.3, 0.11), (0, 0))
    ]
    assert said == ["+2,2", "-0,05", "trong sai số", "0"]


def test_every_part_of_the_page_says_something_in_the_words_of_the_glossary(quick):
    page = ComparisonPage(DATA, scenarios="equal, money-110,two-more-years", draws=300)
    made = {name: getattr(page, name)() for name in PARTS}
    said = {name: plain(part) for name, part in made.items()}
    assert all(len(text) > 100 for text in said.values())
    assert "kịch bản gốc (bình quân 29,2/37 xã về đích trước 31/12/2025)" in said["summary"]
    assert not re.search(r"\bbốc\b|cam kết|yếu kém|không đạt|trượt", " ".join(said.values()))
    for name in ("summary", "frontier", "tornado"):
        assert re.search(r'alt="[^"]*\d[^"]*"', made[name]), "a chart says what it shows"
    english = ComparisonPage(DATA, draws=300, lang="en")
    english.compared = page.compared
    shown = " ".join(
        plain(getattr(english, name)())
        for name in ("summary", "prices", "movers", "frontier", "tornado")
    )
    assert not re.search(r"\b(khả năng|kịch bản|tình huống|số)\b", shown)


def test_before_anything_was_known_the_page_says_so_and_a_wrong_parameter_is_refused():
    early = ComparisonPage(DATA, draws=100, as_of="2022-03-15")
    assert (
        "chưa biết đủ số liệu để so sánh" in plain(early.summary())
        and plain(early.tornado() + early.movers()) == ""
    )
    for wrong in ({"scenarios": "x"}, {"baseline": "x"}, {"draws": 0}):
        with pytest.raises(ValueError, match=r"scenario|draws"):
            ComparisonPage(DATA, **wrong)


def test_no_sentence_of_the_comparison_overrides_another():
    folder = Path("ntm_analysis/texts")
    own, *others = (
        set(yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")))
        for name in ("comparison", "pages", "forecast")
    )
    assert own & set.union(*others) == set()


def test_scenarios_of_thousands_of_communes_are_held_against_each_other_in_fewer_worlds(
    monkeypatch,
):
    workbook = Workbook.open(DATA)
    monkeypatch.setattr("ntm_analysis.forecasts.simulation.TRIED", 37 * 600)
    both = compare(workbook, ["money-110"], draws=1_000, moving=False)
    assert both.draws == 600 and "600" in ComparisonResult(both).sentence()

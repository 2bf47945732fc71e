"""Scenario files: what they change, how they extend each other, and that each fault is told of its
line.
"""

import datetime as dt
from dataclasses import replace

import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.scenarios import UnknownScenarioError, scenario
from ntm_analysis.tables import DataProblemsError, report


@pytest.fixture(scope="module")
def district() -> Workbook:
    return Workbook.open("data/thanh-chuong")


@pytest.fixture(name="told")
def _told(district, tmp_path):
    """A scenario by the text of its file, applied to the district."""

    def apply(name: str = "thu", **texts: str):
        folder = tmp_path / "scenarios"
        folder.mkdir(exist_ok=True)
        for stem, body in texts.items():
            (folder / f"{stem}.yaml").write_text(
                f"id: {stem}\ntitle: {{vi: x, en: x}}\n{body}", encoding="utf-8"
            )
        return scenario(replace(district, path=tmp_path / "thanh-chuong"), name)

    return apply


def test_a_scenario_changes_the_rows_it_names_and_no_others(told, district):
    found = told(
        thu="changes:\n"
        "  - {table: envelopes, where: {pot: dat, year: 2023}, multiply: {amount: 2}}\n"
        "deadline: 2026-12-31\n"
    )
    before, after = district.tables["envelopes"], found.tables["envelopes"]
    differs = before["amount"] != after["amount"]
    assert differs.sum() == 1 and after.loc[differs, "amount"].item() == 17_000
    assert found.last_day == dt.date(2026, 12, 31)


def test_scenarios_extend_each_other(told):
    more = "changes:\n  - {table: envelopes, where: {pot: dat}, multiply: {amount: 2}}\n"
    found = told("b", a=more, b="extends: a\npolicy: closest\n" + more)
    assert found.policy == "closest"
    assert found.tables["envelopes"].query("pot == 'dat'")["amount"].tolist() == [34_000] * 4


def test_everything_wrong_in_a_scenario_is_reported_at_once(told):
    changes = [
        "{table: nothing, set: {amount: 1}}",
        "{table: envelopes, where: {pott: dat}, set: {amount: 1}}",
        "{table: envelopes, where: {pot: gold}, set: {amount: 1}}",
        "{table: envelopes, set: {disbursed: 400}}",
        "{table: envelopes, set: {amount: 1}, add: {amount: 1}}",
        "{table: targets, where: {commune: Thanh Huong 2}, set: {year: 2023}}",
    ]
    with pytest.raises(DataProblemsError) as caught:
        told(thu="changes:\n" + "".join(f"  - {change}\n" for change in changes))
    codes = [p.code for p in caught.value.problems]
    assert codes == [
        "scenario_table",
        "scenario_column",
        "scenario_nothing",
        "yaml_value",
        "scenario_form",
        "scenario_commune",
    ]
    assert [p.row for p in caught.value.problems] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("where", ['"dat"', "[dat]", "5", "null", '""', "[]", "{}"])
def test_only_a_change_without_where_changes_all_rows(told, district, where):
    with pytest.raises(DataProblemsError) as caught:
        told(
            thu=f"changes:\n  - table: envelopes\n    where: {where}\n    multiply: {{amount: 2}}\n"
        )
    assert [(p.code, p.file, p.row) for p in caught.value.problems] == [
        ("scenario_form", "thu.yaml", 5)
    ]
    more = told(thu="changes:\n  - {table: envelopes, multiply: {amount: 2}}\n").tables[
        "envelopes"
    ]["amount"]
    assert more.equals(2 * district.tables["envelopes"]["amount"])


@pytest.mark.parametrize("day", ["9999-12-31", "2022-03-31"])
def test_a_deadline_too_far_or_past_is_told_of_the_scenario(told, day):
    with pytest.raises(DataProblemsError) as caught:
        told(thu=f"deadline: {day}\n")
    assert [(p.code, p.file, p.row, p.column) for p in caught.value.problems] == [
        ("yaml_value", "thu.yaml", 3, "deadline")
    ]
    assert "> 2022-03-31, ≤ 2100-12-31" in report(caught.value.problems)


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        (
            "{table: envelopes, where: {year: 2023}, set: {year: 2022}}",
            "duplicate",
            "envelopes.pot",
        ),
        ("{table: pots, where: {pot: dat}, set: {pot: nst-dt}}", "duplicate", "pots.pot"),
        ("{table: profiles, where: {month: 12}, add: {share: 5}}", "shares_sum", "profiles.share"),
        (
            "{table: envelopes, where: {pot: dat}, set: {served: Thanh Huong}}",
            "unknown_served",
            "envelopes.served",
        ),
        ("{table: works, where: {item: ocop}, set: {level: ntm}}", "wrong_level", "works.set"),
        ("{table: prices, where: {year: 2018}, set: {year: 2030}}", "no_price", "prices.csv"),
        (
            "{table: assumptions, where: {key: dossier_closes}, add: {value: 0.5}}",
            "not_whole",
            "assumptions.value",
        ),
        (
            "{table: parts, where: {item: truong-6-phong, pot: nst-dt}, set: {least: 100}}",
            "least_above",
            "parts.least",
        ),
        (
            "{table: assumptions, where: {key: basically}, set: {key: all}}",
            "no_assumption",
            "assumptions.csv",
        ),
        ("{table: pots, where: {pot: dat}, set: {pot: ''}}", "required", "pot"),
        ("{table: envelopes, set: {known_from: 2022-04-01}}", "yaml_value", "known_from"),
        ("{table: envelopes, set: {kind: sure}}", "not_allowed", "kind"),
        ("{table: envelopes, set: {note: 5}}", "yaml_value", "note"),
        ("{table: targets, set: {commune: Thanh Chi}}", "scenario_column", "commune"),
    ],
)
def test_a_scenario_breaks_no_table_and_its_line_is_named(told, change, code, column):
    with pytest.raises(DataProblemsError) as caught:
        told(
            "b",
            a=f"changes:\n  - {change}\n",
            b="extends: a\nchanges:\n  - {table: durations, multiply: {low: 1}}\n",
        )
    # Of several rows each is told with its own place after the column.
    assert (code, column) in {(p.code, p.column.split(" ")[0]) for p in caught.value.problems}
    assert {(p.file, p.row) for p in caught.value.problems} == {("a.yaml", 4)}


def test_changes_may_break_a_table_on_the_way_and_make_it_whole(told):
    one = "{table: profiles, where: {pot: dat, month: 12}, add: {share: 5}}"
    other = "{table: profiles, where: {pot: dat, month: 11}, add: {share: -5}}"
    table = told(thu=f"changes:\n  - {one}\n  - {other}\n").tables["profiles"].query("pot == 'dat'")
    assert table["share"].sum() == 100


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            "multiply: {amount: 50000}",
            "“x 50.000 = 1.370.000.000” không hợp lệ. Cách sửa: dùng: ≥ 0, ≤ 100.000.000",
        ),
        ("add: {amount: -50000}", "“- 50.000 = -22.600” không hợp lệ"),
        ("multiply: {delay: 1.25}", "“x 1,25 = 2,5” không phải số nguyên"),
        ("set: {year: 1999}", "“1999” không hợp lệ. Cách sửa: dùng: ≥ 2000, ≤ 2100"),
    ],
)
def test_a_result_out_of_range_is_told_as_the_result(told, act, said):
    with pytest.raises(DataProblemsError) as caught:
        told(thu=f"changes:\n  - {{table: envelopes, {act}}}\n")
    assert said in report(caught.value.problems)


def test_scenarios_in_a_circle_and_unknown_ones_are_refused(told):
    with pytest.raises(DataProblemsError) as caught:
        told("a", a="extends: b\n", b="extends: a\n")
    assert [p.code for p in caught.value.problems] == ["scenario_cycle"]
    with pytest.raises(UnknownScenarioError):
        told("nowhere")

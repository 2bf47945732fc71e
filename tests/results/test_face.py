"""The face: nine functions, answers as tidy tables that say what their columns are, short when they
print.
"""

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ntm_analysis as ntm
from ntm_analysis.language import RefusalError
from ntm_analysis.results import columns, plain_types, results_page
from ntm_analysis.scenarios import compare as comparison_of
from ntm_analysis.tables import DataProblemsError

DRAWS = 200
ANSWERS = ("assess", "need", "forecast", "allocate", "compare", "meeting")


@pytest.fixture(scope="module")
def answers():
    """The six answers about the invented district, in which every kind of fact stands."""
    wb = ntm.open_workbook("huyen-mau")
    return {
        "assess": ntm.assess(wb),
        "need": ntm.need(wb, draws=DRAWS),
        "forecast": ntm.forecast(wb, draws=DRAWS),
        "allocate": ntm.allocate(wb, draws=DRAWS),
        "compare": ntm.compare(wb, ["equal"], draws=DRAWS),
        "meeting": ntm.meeting(wb),
    }


def tables_of(answers):
    return [(name, table) for name, answer in answers.items() for table in answer.tables]


def test_the_import_waits_for_no_library():
    code = (
        "import sys, ntm_analysis as ntm; "
        "print([n for n in ('pandas', 'matplotlib') if n in sys.modules], *dir(ntm))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ") and set(ntm.FACE) <= set(done.stdout.split())


def test_every_table_has_just_the_columns_of_the_dictionary(answers):
    for name, table in tables_of(answers):
        assert list(getattr(answers[name], table).columns) == list(columns(name, table)), (
            f"{name}.{table}"
        )


def test_every_column_says_in_both_languages_what_it_is_and_of_which_kind(answers):
    kinds = {"text", "code", "count", "number", "money", "amount", "chance", "day", "flag", "level"}
    kinds |= {"fund", "capital", "policy", "pot", "state", "kind", "mark"}
    for name, table in tables_of(answers):
        for column, about in columns(name, table).items():
            assert about["vi"] and about["en"] and about["kind"] in kinds, (name, table, column)
            assert about["unit"] or about["kind"] not in ("money", "amount", "chance")


def test_the_type_of_a_column_is_that_of_its_kind_whatever_the_data(answers):
    types = {"count": "Int64", "day": "datetime64[s]", "flag": "boolean"}
    types |= dict.fromkeys(("number", "money", "amount", "chance"), "float64")
    for name, table in tables_of(answers):
        frame = getattr(answers[name], table)
        assert frame.index.equals(pd.RangeIndex(len(frame))), (name, table)
        for column, about in columns(name, table).items():
            assert frame[column].dtype == types.get(about["kind"], "str"), (name, table, column)
            if about["kind"] == "chance":
                assert frame[column].dropna().between(0, 1).all(), (name, table, column)


def test_a_work_for_no_criterion_has_none(answers):
    assert (answers["need"].works["criterion"].dropna() > 0).all()


def test_what_is_about_communes_begins_with_code_and_name(answers):
    for name, table in tables_of(answers):
        names = list(getattr(answers[name], table).columns)
        if "code" in names and table != "warnings":
            assert names[:2] == ["code", "name"], (name, table)
    assert list(answers["assess"].matrix().columns[:2]) == ["code", "name"]


def test_answers_print_short(answers):
    for name, answer in answers.items():
        assert len(repr(answer)) < 2_000 and len(repr(answer).splitlines()) == 2, name
        assert answer._repr_html_().count("<tr") <= 16
    assert len(repr(ntm.open_workbook())) < 120


def test_an_answer_in_plain_types_is_json_without_any_nan(answers):
    for name, answer in answers.items():
        json.dumps(answer.to_dict(), allow_nan=False)
        assert plain_types(answer.to_dict()) == answer.to_dict(), name


@pytest.mark.parametrize("command", ["status", "needs", "forecast"])
def test_a_command_prints_as_json_what_the_answer_gives(command, capsys):
    from ntm_analysis.cli import main

    wb, asked = ntm.open_workbook(), {"draws": 50}
    answer = {
        "status": lambda: ntm.assess(wb),
        "needs": lambda: ntm.need(wb, **asked),
        "forecast": lambda: ntm.forecast(wb, **asked),
    }[command]().to_dict()
    assert main([command, "--json", *([] if command == "status" else ["--draws", "50"])]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(json.dumps(answer)), "the same keys, the same figures"


def test_the_tables_add_up_to_one_another(answers):
    need, will, plan = (answers[name] for name in ("need", "forecast", "allocate"))
    total = need.summary.set_index("figure").at["total", "mean"]
    for table in ("by_commune", "by_criterion", "by_year"):
        assert getattr(need, table)["mean"].sum() == pytest.approx(total, abs=0.5), table
    chances = will.distribution.set_index("number")["p"]
    mean = will.summary.set_index("figure").at["finishing", "mean"]
    assert chances.sum() == pytest.approx(1) and (chances.index @ chances) == pytest.approx(mean)
    assert will.communes["p"].sum() == pytest.approx(mean)
    spent = plan.works[plan.works["year"].notna()].groupby("pot")["amount"].sum()
    money = plan.pots.set_index("pot")["funded"]
    assert (money[money > 0] - spent[money[money > 0].index]).abs().max() < 1e-6


def test_a_scenario_is_a_workbook_with_its_policy_and_its_deadline():
    wb = ntm.open_workbook()
    later, equal = ntm.scenario(wb, "two-more-years"), ntm.scenario(wb, "equal")
    assert f"{later.deadline}" == "2027-12-31" and equal.policy == "equal"
    record = ntm.forecast(equal, draws=20).to_dict()
    assert (record["policy"], record["scenario"]) == ("equal", "equal")
    more = ntm.scenario(wb, changes=[{"table": "envelopes", "multiply": {"amount": 2}}])
    before, after = (each.tables["envelopes"]["amount"].sum() for each in (wb, more))
    assert after > 1.5 * before and wb.scenario_id == "baseline"


def test_changes_that_fit_no_table_are_told_at_once():
    wrong = [{"table": "no-such", "set": {"a": 1}}, {"table": "envelopes", "set": {"no": 1}}]
    with pytest.raises(DataProblemsError) as error:
        ntm.scenario(ntm.open_workbook(), changes=wrong)
    assert len(error.value.problems) >= 2
    for shapeless in (["envelopes"], [["multiply"]], [{"table": "envelopes, x: {", "a: b": {}}]):
        with pytest.raises(DataProblemsError):
            ntm.scenario(ntm.open_workbook(), changes=shapeless)


@pytest.mark.parametrize("factor", [2 / 3, 0.1 + 0.2, 1e-5, np.float32(1.1), np.int64(2)])
def test_a_change_takes_any_number_and_any_sequence(factor):
    wb = ntm.open_workbook()
    changes = iter([{"table": "envelopes", "multiply": {"amount": factor}}])
    after = ntm.scenario(wb, changes=changes).tables["envelopes"]["amount"]
    assert after.to_numpy() == pytest.approx(wb.tables["envelopes"]["amount"] * float(factor))


def test_there_may_be_many_changes():
    wb = ntm.open_workbook()
    years = [{"table": "envelopes", "add": {"amount": 1}} for _ in range(30)]
    after = ntm.scenario(wb, changes=years).tables["envelopes"]["amount"]
    assert (after - wb.tables["envelopes"]["amount"] == 30).all()


def test_a_scenario_of_a_scenario_goes_by_both_names_and_has_no_pages_of_its_own():
    more = ntm.scenario("huyen-mau", "money-150")
    both = ntm.scenario(more, "equal")
    assert (both.scenario_id, both.policy) == ("money-150+equal", "equal")
    rows = comparison_of(more, ["equal"], draws=20, moving=False).rows
    assert [row.figures["id"] for row in rows] == ["money-150", "money-150+equal"]
    with pytest.raises(RefusalError, match=r"not from the scenario .money-150"):
        ntm.report(more)


def test_nobody_reports_what_is_tried():
    reported, invented = (
        {"table": "envelopes", "set": {"mark": mark}} for mark in ("reported", "illustrative")
    )
    for dataset, change in (("huyen-mau", reported), ("thanh-chuong", invented)):
        with pytest.raises(DataProblemsError):
            ntm.scenario(dataset, changes=change)
    assert ntm.scenario("huyen-mau", changes=invented).usual


@pytest.mark.parametrize("day", ["31/3/2022", "2022-03-31", dt.date(2022, 3, 31)])
def test_a_day_comes_in_any_form(day):
    assert ntm.open_workbook(as_of=day).as_of == dt.date(2022, 3, 31)
    assert ntm.open_workbook(as_of=pd.Timestamp(day)).as_of
    with pytest.raises(DataProblemsError, match="not a date"):
        ntm.forecast("huyen-mau", deadline=dt.date(9999, 12, 31), draws=10)


def test_what_has_no_answer_is_told_in_words(tmp_path):
    from ntm_analysis.cli import main

    with pytest.raises(RefusalError, match="not a commune"):
        ntm.need("thanh-chuong", commune="Thị trấn Thanh Chương", draws=10)
    for wrong in ({"jobs": -1}, {"timeout": 0}):
        with pytest.raises(ValueError, match="jobs >= 0"):
            ntm.report("huyen-mau", tmp_path, **wrong)
    empty = tmp_path / "moi"
    assert main(["new", f"{empty}", "--province", "Nghệ An", "--district", "Đô Lương"]) == 0
    for ask in (ntm.assess, ntm.need, ntm.forecast, ntm.allocate, ntm.compare, ntm.meeting):
        with pytest.raises(RefusalError, match="has no communes yet"):
            ask(empty)


def test_the_page_of_the_tables_is_in_step():
    assert Path("docs/analyst/results.md").read_text(encoding="utf-8") == results_page()


def test_the_python_of_the_readme_gives_what_stands_under_it():
    readme = Path("README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", readme, re.DOTALL)
    assert blocks, "ten lines of Python and what they print"
    for code, printed in blocks:
        *lines, last = code.strip().splitlines()
        names = {}
        exec("\n".join(lines), names)
        assert str(eval(last, names)).split() == printed.split()

"""Data spoilt by chance is refused with its place, or taken and then answered: never a fault."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import sample
from mutated_data import Table, spoilt
from seeds import chance, faults_in, patience, seed

from ntm_analysis import cli
from ntm_analysis.tables import TABLES

FILES = {"dataset.yaml", *(f"{table}.csv" for table in TABLES)}
FORECAST = ["forecast", "--json", "--draws", "20"]


@pytest.fixture
def ask(monkeypatch, capsys):
    """Ask a command: exit code, what it said, the problems that it told."""
    told = []

    def tell(problems: list, lang: str = "vi") -> str:
        told.extend(problems)
        return report(problems, lang)

    report = cli.report
    monkeypatch.setattr(cli, "report", tell)

    def run(command: str, *arguments: str) -> tuple[int, str, list]:
        told.clear()
        with patience(200):
            code = cli.main([command, *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err, list(told)

    return run


@pytest.mark.parametrize("number", sample(range(200), 6))
def test_a_spoilt_data_set_is_refused_by_file_or_answered_in_words(number, tmp_path, ask):
    place, slips = spoilt(chance("data", number), tmp_path)
    done = f"NTM_SEED={seed()}, data set {number}: {'; '.join(slip.what for slip in slips)}"
    code, said, told = ask("check", str(place))
    assert code in (0, 1) and faults_in(said) == [], f"{done}\n{said}"
    if code:
        errors = [problem for problem in told if not problem.warning]
        assert errors, f"{done}\n{said}"
        assert {problem.file for problem in errors} <= FILES, f"{done}\n{said}"
    else:
        for command, *options in ([["status", "--json"]] if number % 3 else []) + [FORECAST]:
            code, said, _ = ask(command, str(place), *options)
            assert code in (0, 1) and faults_in(said) == [], f"{done}\n{command}: {said}"
            assert said.strip() and not re.search(r"\bNaN\b|Infinity", said), f"{done}\n{command}"
    for slip in slips:
        if slip.row:
            places = {(problem.file, problem.row) for problem in told}
            assert (slip.file, slip.row) in places, f"{done}\n{said}"


@pytest.mark.parametrize("table", sample(["pots", "unit_costs", "prices"], 1))
def test_what_is_known_only_after_the_day_is_missed_in_words(table, tmp_path, ask):
    for name in ("criteria", "reference", "huyen-mau"):
        shutil.copytree(Path("data") / name, tmp_path / name)
    later = Table.read(tmp_path / "huyen-mau" / f"{table}.csv")
    row = 3 if table == "prices" else 0  # that of a year to come
    later.rows[row][later.head.index("known_from")] = "2033-03-13"
    later.write()
    for command in ("needs", "forecast"):
        code, said, _ = ask(command, str(tmp_path / "huyen-mau"), "--draws", "20")
        assert code == 1 and faults_in(said) == [] and ".csv" in said, said

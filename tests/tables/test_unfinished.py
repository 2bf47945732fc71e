"""What a killed command left unfinished is removed by the next of any kind, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ntm_analysis.cli import main
from ntm_analysis.tables import sweep, unfinished, write_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from ntm_analysis import data
from ntm_analysis.data import versions
from ntm_analysis.tables import write_whole

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

os.replace = os.rename = die
"""


def killed(folder: Path, act: str) -> list[Path]:
    """What an act leaves in a folder that is killed before its last step."""
    before = {*folder.iterdir()}
    done = subprocess.run([sys.executable, "-c", KILLED + act, str(folder)], check=False)
    assert done.returncode == -9
    return sorted({*folder.iterdir()} - before)


FILE = "write_whole(Path(sys.argv[1]) / 'forecast.json', 'x' * 1000)"
DATA_SET = "versions.write_new(Path(sys.argv[1]) / 'moi', {'dataset.yaml': 'x'}, lambda path: None)"


@pytest.mark.skipif(os.name == "nt", reason="no signals")
@pytest.mark.parametrize("act", [FILE, DATA_SET])
def test_a_killed_command_leaves_one_thing_and_the_next_command_removes_it(tmp_path, capsys, act):
    shutil.copytree("data/criteria", tmp_path / "criteria")
    shutil.copytree("data/huyen-mau", tmp_path / "mau")
    (left,) = killed(tmp_path, act)
    assert main(["check", str(tmp_path / "mau")]) == 0
    assert not left.exists() and sorted(os.listdir(tmp_path)) == ["criteria", "mau"]
    capsys.readouterr()


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_the_next_file_written_beside_it_removes_it_too(tmp_path):
    (left,) = killed(tmp_path, FILE)
    write_whole(tmp_path / "forecast.json", "y")
    assert not left.exists() and os.listdir(tmp_path) == ["forecast.json"]


def test_what_is_being_written_or_is_another_machines_or_a_users_stays(tmp_path):
    stays = [unfinished() + "a", ".ntm-0badcafe-1-b", ".ntm-notes", "ntm.json", ".bashrc"]
    machine = unfinished().split("-")[1]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    for name in stays:
        (tmp_path / name).touch()
    gone = [f".ntm-{machine}-999999999-{n}" for n in range(3)]
    (tmp_path / gone[0]).touch()
    (tmp_path / gone[1]).mkdir()
    (tmp_path / gone[1] / "units.csv").touch()
    if os.name != "nt":
        (tmp_path / gone[2]).symlink_to(tmp_path / "elsewhere")
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*stays, "elsewhere"])
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_a_number_that_another_process_has_by_now_is_no_writer(tmp_path):
    machine = unfinished().split("-")[1]
    left = tmp_path / f".ntm-{machine}-{os.getppid()}-a"
    left.touch()
    os.utime(left, (0, 0))  # before that process began
    sweep(tmp_path)
    assert not left.exists()


def test_what_a_killed_register_left_where_the_user_stands_goes_with_any_command(
    tmp_path, monkeypatch, capsys
):
    machine = unfinished().split("-")[1]
    left = tmp_path / "forecasts" / f".ntm-{machine}-999999999-a.json"
    left.parent.mkdir()
    left.touch()
    monkeypatch.chdir(tmp_path)
    assert main(["check", "huyen-mau"]) == 0
    assert not left.exists()

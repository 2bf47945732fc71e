"""The same answers, byte for byte, whatever surrounds the process: hash seeds, languages of the
system, time zones, working folders, where the data set stands, the optimizer.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import sample
from seeds import chance, seed

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "status": ["status"],
    "needs": ["needs", "--draws", "50"],
    "forecast": ["forecast", "--draws", "50"],
    "allocate": ["allocate", "--draws", "50"],
}
# One process answers all that is asked of it, each answer on a line of its own.
PROGRAM = """
import io, json, os, sys
from ntm_analysis.cli import main
answers = sys.stdout
for arguments in json.loads(sys.argv[1]):
    raw = io.BytesIO()
    sys.stdout = io.TextIOWrapper(raw, encoding="utf-8")
    if code := main(arguments):  # no assertion: some surroundings leave them out
        sys.exit(code)
    sys.stdout.flush()
    answers.write(raw.getvalue().hex() + "\\n")
"""
SURROUNDINGS = {
    "hash seed 0": {"PYTHONHASHSEED": "0", "LC_ALL": "C"},
    "far west": {"TZ": "Pacific/Pago_Pago", "LC_ALL": "POSIX"},
    "far east": {"TZ": "Pacific/Kiritimati", "LANG": "vi_VN.UTF-8"},
    "Vietnam": {"TZ": "Asia/Ho_Chi_Minh", "LC_ALL": "vi_VN.UTF-8", "LANGUAGE": "vi"},
    "no UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a comma for a point": {"LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"},
    "no time zone": {"TZ": "", "LANG": "C.UTF-8"},
    "without assertions": {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"},
    "many threads": {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"},
}
SETTINGS = ("LANG", "LANGUAGE", "TZ", "PYTHONHASHSEED", "PYTHONUTF8")


def answers(folder: Path, surrounding: dict[str, str], commands: list[str]) -> list[bytes]:
    """What the commands print in a surrounding, asked for in ``folder``."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    own = {key: value for key, value in own.items() if key not in SETTINGS}
    own |= {"NTM_STORE": "", "PYTHONPATH": str(ROOT)} | surrounding
    data = os.path.relpath(ROOT / "data" / "huyen-mau", folder)
    asked = [[*COMMANDS[name], data, "--json"] for name in commands]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(asked)],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [bytes.fromhex(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def commands(pytestconfig) -> list[str]:
    """What is asked: the fastest command, with ``--long`` all."""
    return [*COMMANDS] if pytestconfig.option.long else [*COMMANDS][:1]


@pytest.fixture(scope="module")
def usual(commands) -> list[bytes]:
    made = answers(ROOT, {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}, commands)
    assert len(made) == len(commands) and all(json.loads(answer) for answer in made)
    return made


@pytest.mark.parametrize("name", sample(SURROUNDINGS, 2))
def test_answers_are_the_same_bytes_in_every_surrounding(name, usual, commands, tmp_path):
    draw = chance("surroundings", name)
    surrounding = {"PYTHONHASHSEED": f"{draw.randrange(1, 2**32)}"} | SURROUNDINGS[name]
    folder = tmp_path / draw.choice(["a b", "thư mục", "x" * 100])
    folder.mkdir()
    made = answers(folder, surrounding, commands)
    differing = [one for one, a, b in zip(commands, made, usual, strict=True) if a != b]
    assert differing == [], f"NTM_SEED={seed()}, {surrounding}"

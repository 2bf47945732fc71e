"""YAML that bombs, calls, nests or holds no value is refused by file and in words, runs nothing and
ends; what happens to be sound is answered.
"""

import os
import shutil
from pathlib import Path

import pytest
from conftest import sample
from hostile_yaml import PLACES, TRICKS, spoilt
from seeds import chance, faults_in, patience, seed

from ntm_analysis import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """The data folder with one data set, to be spoilt in one file and mended again."""
    folder = tmp_path_factory.mktemp("yaml") / "data"
    for name in ("criteria", "reference", "scenarios", "huyen-mau"):
        shutil.copytree(ROOT / "data" / name, folder / name)
    return folder


@pytest.mark.parametrize("number", sample(range(4 * len(TRICKS)), 9))
def test_yaml_that_is_none_is_refused_by_file_and_runs_nothing(number, place, monkeypatch, capsys):
    kind, trick, text = spoilt(chance("yaml", number), number)
    file = place / PLACES[kind]
    raw = text.encode("utf-8", errors="surrogatepass")
    done = f"NTM_SEED={seed()}, file {number}: {trick} in {PLACES[kind]}\n{text[-2000:]}"
    sound = file.read_bytes()
    monkeypatch.chdir(place)
    command = ["check", str(place / "huyen-mau")]
    if kind == "scenario":
        command = ["needs", str(place / "huyen-mau"), "--scenario", file.stem, "--draws", "20"]
    try:
        file.write_bytes(raw)
        with patience(60):
            code = cli.main(command)
    finally:
        file.write_bytes(sound)
    said = capsys.readouterr()
    assert code in (0, 1) and faults_in(said.out + said.err) == [], f"{done}\n{said.err}"
    assert not code or file.name in said.err, f"{done}\n{said.err}"
    assert max(map(len, said.err.splitlines()), default=0) < 5000, "a problem fits a console"
    shown = (said.out + said.err).replace("\n", "").replace("\t", "")
    assert shown.isprintable(), f"{done}\n{shown!r}"
    assert not {"HIT"} & {name for _, _, names in os.walk(place) for name in names}, done

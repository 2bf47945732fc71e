"""A command killed before any act on a file: what is seen is the old state or the new one, byte for
byte, and the command asked again gives the new one.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from conftest import make_dataset, sample
from killed_runs import Runs
from seeds import chance, faults_in, seed

from ntm_analysis.tables import dictionary, sheet_name

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

DAY = "2023-01-01"
UNITS = [{"code": "10001", "name": "An"}, {"code": "10002", "name": "Bình"}]
UNITS += [{"code": "10003", "name": "Chi", "valid_from": DAY}]
MERGER = {"on": DAY, "into_code": "10003", "into_name": "Chi", "resolution": "NQ 1"}
TABLES = {
    "units": UNITS,
    "mergers": [MERGER | {"commune": name, "known_from": "2022-11-01"} for name in ("An", "Bình")],
    "debts": [{"commune": "An", "criterion": 2, "date": "2022-03-31", "amount": 1234.5}],
}
COMMANDS = {
    "import": ["import", "bieu.xlsx", "data/thu"],
    "import, folders that cannot be exchanged": ["import", "bieu.xlsx", "data/thu"],
    "rebase": ["rebase", "data/thu", "--date", DAY, "--out", "data/sau"],
    "new": ["new", "data/moi", "--province", "Nghệ An", "--district", "Moi"],
    "register": ["forecast", "data/thanh-chuong", "--draws", "20", "--register"],
}
# How many different acts on files each command comes to.
ACTS = {"import": 12, "rebase": 5, "new": 6, "register": 3}
ACTS["import, folders that cannot be exchanged"] = 12
KILLS = [(command, n) for n in range(1, 14) for command in COMMANDS if n <= ACTS[command]]
USUAL = [("import", 12), ("import", 6), ("rebase", 5)]
KILLS.sort(key=lambda kill: kill not in USUAL)

DONE: dict[str, dict[str, bytes]] = {}  # what each command makes when nobody kills it


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    process = Runs()
    yield process
    process.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, runs) -> Path:
    """A folder in which the commands have something to do; what they make is worked out once."""
    folder = tmp_path_factory.mktemp("worlds") / "old"
    data = folder / "data"
    make_dataset(data / "thu", TABLES, criteria="../criteria")
    for name in ("criteria", "reference"):
        shutil.copytree(ROOT / "data" / name, data / name)
    assert runs.run(folder, "template", "bieu.xlsx", "data/thu")[0] == 0
    book = openpyxl.load_workbook(folder / "bieu.xlsx")
    amount = list(dictionary("debts")).index("amount") + 3
    book[sheet_name("debts")].cell(6, amount).value = 7
    book.save(folder / "bieu.xlsx")
    return folder


def seen(folder: Path) -> dict[str, bytes]:
    """What stands in the data sets and in the register, without what is hidden."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            found[name.as_posix()] = path.read_bytes()
    return found


def hidden(folder: Path) -> set[str]:
    """Hidden things but for what is kept on purpose."""
    kept = (".lock", ".previous")
    names = {path.name for path in folder.rglob(".*")}
    return {name for name in names if not name.endswith(kept)}


class World:
    """A copy of the folder in which a command runs: what stood there, what it shall make."""

    def __init__(self, runs: Runs, world: Path, command: str, folder: Path) -> None:
        self.runs, self.command, self.folder = runs, command, folder
        self._lay_out(world, folder)
        self.old = seen(folder)
        if command not in DONE:
            other = folder.with_name("unharmed")
            self._lay_out(world, other)
            code, acts, said = self.run(other)
            assert code == 0, said
            assert len(acts) == ACTS[command], f"say in ACTS how many it does now: {acts}"
            DONE[command] = seen(other)
            assert DONE[command] != self.old
        self.new = DONE[command]

    def _lay_out(self, world: Path, folder: Path) -> None:
        shutil.copytree(world, folder)
        if self.command == "register":  # nothing invented is registered
            shutil.copytree(ROOT / "data" / "thanh-chuong", folder / "data" / "thanh-chuong")

    def run(self, folder: Path, **how: object) -> tuple[int, list[str], str]:
        swaps = "cannot be exchanged" not in self.command
        return self.runs.run(folder, *COMMANDS[self.command], swaps=swaps, **how)

    def kill(self, n: int, every: bool = False) -> bool:
        """Whether the command was killed: it may have been done before its nth act."""
        code, _, said = self.run(self.folder, kill=n, every=every)
        assert code in (0, -9), said
        return code == -9

    def again(self) -> None:
        """The command once more: it does what it did not, or says that it is done."""
        code, _, said = self.run(self.folder)
        assert code in (0, 1) and faults_in(said) == [], said
        assert seen(self.folder) == self.new, said


@pytest.fixture
def enter(runs, world, tmp_path):
    return lambda command: World(runs, world, command, tmp_path / "world")


@pytest.mark.parametrize("kill", sample(KILLS, len(USUAL)), ids=lambda kill: f"{kill[0]}-{kill[1]}")
def test_killed_at_any_act_all_is_as_before_or_as_after_and_asked_again_as_after(kill, enter):
    command, n = kill
    place = enter(command)
    killed = place.kill(n)
    found = seen(place.folder)
    if not killed:
        assert found == place.new
    elif not (place.folder / "data" / "thu").exists():  # between two renames: the next reader heals
        assert "cannot be exchanged" in command
        assert place.runs.run(place.folder, "check", "data/thu")[0] == 0
        assert seen(place.folder) in (place.old, place.new)
    else:
        assert found in (place.old, place.new)
    place.again()


@pytest.mark.long
@pytest.mark.parametrize("number", range(6))
def test_killed_within_a_copy_of_many_files_all_is_as_before(number, enter):
    draw = chance("kills", number)
    command, n = draw.choice(["import", "rebase", "new"]), draw.randrange(5, 40)
    place = enter(command)
    assert place.kill(n, every=True), f"NTM_SEED={seed()}: {command}, act {n}"
    assert seen(place.folder) == place.old, f"NTM_SEED={seed()}: {command}, act {n}"
    place.again()


@pytest.mark.parametrize("kill", sample(KILLS[::3], 1), ids=lambda kill: f"{kill[0]}-{kill[1]}")
def test_what_a_killed_command_left_is_swept_by_the_next_command_of_any_kind(kill, enter):
    command, n = kill
    place = enter(command)
    place.kill(n)
    assert place.runs.run(place.folder, "check", "data/thu")[0] == 0
    assert hidden(place.folder) == set()

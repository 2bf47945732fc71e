"""A batch: what fails stands apart, what is done stays done, nothing is left running and no page is
ever half there.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from conftest import sample

from ntm_analysis.reports.batch import BUILDING, Batch, building
from ntm_analysis.reports.manifest import JOURNAL, Manifest
from ntm_analysis.reports.workers import (
    ForkedRuns,
    NewProcesses,
    NoWarmProcessError,
    WrongMemoryError,
    usual_limit,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="there is no fork")
PAGE = {"title": "Trang", "lang": "vi", "back": "Danh sách", "skip": "Bỏ qua"}
GOOD = "from IPython.display import HTML\nHTML(f'<section id=\"xa\"><h2>{commune}</h2></section>')"
LINE = {
    "notebook": "n.ipynb",
    "parameters": {},
    "inputs": {"data": "1"},
    "versions": {},
    "status": "complete",
    "reason": "",
    "error": "",
    "memory": 0,
    "seconds": 1.0,
    "stale": False,
    "result": None,
    "sha256": "0" * 64,
}
# What a cell does, and what its failure says.
FAULTS = {
    "1 / 0": "ZeroDivisionError: division by zero",
    "if True print(1)": "SyntaxError",
    "input('?')": "StdinNotImplementedError",
    "import ctypes; ctypes.string_at(0)": "Kernel died",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "Kernel died",
    "import os; os._exit(0)": "Kernel died",
    "import sys; sys.exit(0)": "SystemExit: 0",
    "while True: pass": "chạy quá",
    "held = bytearray(3 * 2**30)": "MemoryError",
}


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with a cell of parameters and these cells."""
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    made.cells = [nbformat.v4.new_code_cell("commune = ''", metadata={"tags": ["parameters"]})]
    made.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(made, path)
    return path


def asked(batch: Batch, path: Path, *names: str) -> None:
    """Ask for a page of each name."""
    for name in names:
        batch.page(
            f"{name}.html",
            {"notebook": path.name, "parameters": {"commune": name}, "inputs": {}},
            PAGE,
            path,
        )


def run(folder: Path, ask, **settings) -> dict[str, dict]:
    """A whole batch; the lines of its manifest by page."""
    with building(folder) as place:
        manifest = Manifest(folder)
        batch = Batch(manifest, place, **{"jobs": 2} | settings)
        try:
            ask(batch)
            batch.finish()
        finally:
            batch.close()
            manifest.save()
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["pages"]


def alive(marker: str) -> list[str]:
    """Command lines of running processes whose environment or arguments hold the marker."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                raw = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
                state = (place / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except (OSError, IndexError):
                continue
            if marker.encode() in raw and state != "Z" and int(place.name) != os.getpid():
                found.append(raw[-60:].decode(errors="replace"))
    return found


@POSIX
@pytest.mark.parametrize("communes", sample((len(FAULTS) + 2, 37), 1))
def test_each_fault_stands_apart_and_the_other_communes_are_complete(
    tmp_path, monkeypatch, communes
):
    monkeypatch.setenv("NTM_PAGE_MEMORY", "1500")
    good, folder = notebook(tmp_path / "good.ipynb", GOOD), tmp_path / "out"
    bad = {
        f"loi-{i}": notebook(tmp_path / f"bad{i}.ipynb", cell, GOOD)
        for i, cell in enumerate(FAULTS)
    }

    def ask(batch: Batch) -> None:
        for name, path in bad.items():
            asked(batch, path, name)
        asked(batch, good, *(f"xa-{n:02}" for n in range(communes - len(bad))))

    lines = run(folder, ask, timeout=8)
    complete = {file for file, line in lines.items() if line["status"] == "complete"}
    assert complete == {f"xa-{n:02}.html" for n in range(communes - len(bad))}
    assert {path.name for path in folder.glob("*.html")} == complete, (
        "no page of a failed run, whole or in part"
    )
    from ntm_analysis.reports.report import failure

    for name, (cell, message) in zip(bad, FAULTS.items(), strict=True):
        assert message in failure(lines[f"{name}.html"], "vi"), cell
    assert not (folder / BUILDING).exists() and not (folder / JOURNAL).exists()
    assert not alive(str(folder))


@POSIX
def test_what_a_page_holds_and_how_long_it_took_stand_in_its_line(tmp_path):
    path = notebook(tmp_path / "n.ipynb", GOOD)
    (line,) = run(tmp_path / "out", lambda batch: asked(batch, path, "a")).values()
    page = (tmp_path / "out" / "a.html").read_bytes()
    assert (
        line["bytes"] == len(page)
        and b"<h2>a</h2>" in page
        and 0 < line["seconds"] < 60
        and line["error"] == ""
    )
    assert (
        line["versions"]["ntm-analysis"]
        and line["notebook"] == "n.ipynb"
        and line["parameters"] == {"commune": "a"}
    )


@POSIX
def test_a_failure_keeps_the_last_good_page_and_calls_it_stale(tmp_path, one_warm_process):
    path, folder = notebook(tmp_path / "n.ipynb", GOOD), tmp_path / "out"
    run(folder, lambda batch: asked(batch, path, "a"))
    before = (folder / "a.html").read_bytes()
    notebook(path, "1 / 0")
    (line,) = run(folder, lambda batch: asked(batch, path, "a")).values()
    assert (line["status"], line["stale"]) == ("failed", True) and (
        folder / "a.html"
    ).read_bytes() == before
    (line,) = run(folder, lambda batch: asked(batch, path, "a")).values()
    assert line["stale"], "still the page of the first run"


def test_new_processes_with_ordinary_kernels_do_the_same(tmp_path):
    good, bad = (
        notebook(tmp_path / "good.ipynb", GOOD),
        notebook(tmp_path / "bad.ipynb", "import os; os._exit(0)"),
    )

    def ask(batch: Batch) -> None:
        asked(batch, good, "a")
        asked(batch, bad, "b")

    lines = run(tmp_path / "out", ask, runs=NewProcesses(dict(os.environ)))
    assert lines["a.html"]["status"] == "complete" and "Kernel died" in lines["b.html"]["error"]


@pytest.mark.long
@POSIX
def test_when_the_warm_process_is_killed_the_batch_goes_on_with_new_processes(tmp_path):
    """What the killed process left, in the middle of a long cell and with another waiting for its
    turn, is in nobody's way.
    """
    path, folder = (
        notebook(tmp_path / "n.ipynb", "import time; time.sleep(60)", GOOD),
        tmp_path / "out",
    )
    batches, killed = [], []

    def kill_in_the_cell() -> None:
        while not list(folder.glob(f"{BUILDING}/*/*.turn")):
            time.sleep(0.05)
        time.sleep(1)
        notebook(path, GOOD)
        os.kill(batches[0].runs.process.pid, signal.SIGKILL)
        killed.append(time.monotonic())

    def ask(batch: Batch) -> None:
        batches.append(batch)
        asked(batch, path, "a", "b", "c")
        threading.Thread(target=kill_in_the_cell, daemon=True).start()

    lines = run(folder, ask, jobs=1)
    assert {line["status"] for line in lines.values()} == {"complete"} and len(lines) == 3
    assert time.monotonic() - killed[0] < 40, "nobody waited for the long cell"
    assert gone(str(folder)), alive(str(folder))


@pytest.mark.long
@POSIX
def test_the_seconds_of_a_page_count_from_its_turn(tmp_path):
    path = notebook(tmp_path / "n.ipynb", "import time; time.sleep(2)", GOOD)
    lines = run(
        tmp_path / "out", lambda batch: asked(batch, path, "a", "b", "c"), jobs=1, timeout=3.5
    )
    assert [line["status"] for line in lines.values()] == ["complete"] * 3
    assert max(line["seconds"] for line in lines.values()) > 3.5, (
        "one waited while another was computing"
    )


def test_a_page_that_may_have_wanted_memory_says_how_much_it_had():
    from ntm_analysis.reports.report import failure

    line = {
        "reason": "failed",
        "seconds": 1,
        "memory": 700,
        "error": "Kernel died before replying to kernel_info",
    }
    assert "700 MiB" in failure(line, "vi") and "NTM_PAGE_MEMORY" in failure(line, "vi")
    assert (
        failure(line | {"error": "ZeroDivisionError: division by zero"}, "vi")
        == "ZeroDivisionError: division by zero"
    )
    assert "NTM_PAGE_MEMORY" not in failure(line | {"memory": 0}, "vi")


def test_where_there_is_no_fork_there_is_no_warm_process(monkeypatch):
    monkeypatch.delattr(os, "fork", raising=False)
    with pytest.raises(NoWarmProcessError):
        ForkedRuns({})


def test_two_batches_into_one_folder_are_locked_out(tmp_path):
    with building(tmp_path / "out"):
        busy = (
            "import pathlib, sys\n"
            "from ntm_analysis.reports.batch import building, FolderBusyError\n"
            f"try:\n    building(pathlib.Path({str(tmp_path / 'out')!r})).__enter__()\n"
            "except FolderBusyError:\n    sys.exit(9)"
        )
        assert subprocess.run([sys.executable, "-c", busy], check=False).returncode == 9
    with building(tmp_path / "out") as place:
        assert place.is_dir()


def test_what_a_killed_batch_left_under_way_is_gone_and_its_journal_counts(tmp_path):
    (tmp_path / BUILDING).mkdir()
    (tmp_path / BUILDING / "a.html").write_text("half")
    (tmp_path / "a.html").write_bytes(b"page")
    line = LINE
    (tmp_path / JOURNAL).write_text(
        json.dumps({"b.html": line}) + "\n" + json.dumps({"a.html": line})[:-9]
    )
    with building(tmp_path) as place:
        assert list(place.iterdir()) == []
        manifest = Manifest(tmp_path)
        assert list(manifest.pages) == ["b.html"], "the line that was cut off does not count"


def test_a_page_counts_as_made_only_when_it_stands_there_as_it_was_written(tmp_path):
    import hashlib

    page = tmp_path / "a.html"
    page.write_bytes(b"page")
    manifest = Manifest(tmp_path)
    line = LINE | {"parameters": {"x": 1}, "inputs": {"data": "1", "files": "2"}}
    manifest.enter("a.html", line | {"sha256": hashlib.sha256(b"page").hexdigest()})
    manifest = Manifest(tmp_path)
    assert manifest.made_of("a.html", parameters={"x": 1}, inputs={"data": "1"})
    assert not manifest.made_of("a.html", parameters={"x": 1}, inputs={"data": "9"})
    assert not manifest.made_of("a.html", parameters={"x": 2}, inputs={"data": "1"})
    page.write_bytes(b"changed")
    assert not manifest.made_of("a.html", parameters={"x": 1}, inputs={"data": "1"})


def test_a_manifest_that_is_none_means_that_every_page_is_made_anew(tmp_path):
    spoilt = [
        LINE | change
        for change in ({"result": "x"}, {"inputs": []}, {"status": 1}, {"result": {"p_met": "x"}})
    ]
    for content in (
        "{",
        "[]",
        '{"pages": 3}',
        "",
        '{"pages": {"a.html": 3}}',
        "[" * 100_000,
        "\udcff",
        *spoilt,
    ):
        told = content if isinstance(content, str) else json.dumps({"pages": {"a.html": content}})
        (tmp_path / "manifest.json").write_bytes(told.encode(errors="surrogateescape"))
        journal = content if isinstance(content, str) else json.dumps({"a.html": content})
        (tmp_path / JOURNAL).write_bytes(journal.encode(errors="surrogateescape"))
        assert Manifest(tmp_path).pages == {}


def test_the_journal_holds_any_text_of_an_error(tmp_path):
    manifest, words = Manifest(tmp_path), "một\u2028hai\nba \x85 \ud800"
    for page in ("a.html", "b.html"):  # the first one writes the whole, the second the journal
        manifest.enter(page, LINE | {"error": words})
    assert (tmp_path / JOURNAL).exists()
    assert [line["error"] for line in Manifest(tmp_path).pages.values()] == [words, words]


# ended from outside -------------------------------------------------------------------------------

DRIVER = """
import sys
sys.path[:0] = ["tests/reports", "tests", "."]
from pathlib import Path
from test_batch import asked, run
folder, path = Path(sys.argv[1]), Path(sys.argv[2])
try:
    run(folder, lambda batch: asked(batch, path, *(f"xa-{n}" for n in range(8))))
except KeyboardInterrupt:
    sys.exit(130)
"""


def driver(folder: Path, path: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), str(path)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def gone(marker: str, seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while alive(marker) and time.monotonic() < until:
        time.sleep(0.1)
    return not alive(marker)


def whole(folder: Path) -> None:
    """Every page that stands there is whole."""
    for page in folder.glob("*.html"):
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


@POSIX
@pytest.mark.parametrize("done", sample((1, 5), 1))
def test_killed_its_kernels_are_gone_in_five_seconds_and_the_next_run_does_only_the_rest(
    tmp_path, done
):
    folder, path = (
        tmp_path / "out",
        notebook(tmp_path / "n.ipynb", "import time; time.sleep(0.3)", GOOD),
    )
    process = driver(folder, path)
    while len(list(folder.glob("*.html"))) < done:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert gone(str(folder)), alive(str(folder))
    whole(folder)
    before = {file for file, line in Manifest(folder).pages.items() if line["status"] == "complete"}
    made = []

    def rest(batch: Batch) -> None:
        for name in (f"xa-{n}" for n in range(8)):
            if not batch.manifest.made_of(f"{name}.html", parameters={"commune": name}, inputs={}):
                asked(batch, path, name)

    lines = run(folder, rest, on_end=lambda file, line: made.append(file))
    assert len(before) >= done - 1, "only the page put in its place last may lack its line"
    assert len(lines) == 8 and set(made) == set(lines) - before


@POSIX
@pytest.mark.parametrize("moment", sample((3.5, 0.4), 1))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_no_partial_file_and_no_process(tmp_path, moment, number):
    folder, path = (
        tmp_path / "out",
        notebook(tmp_path / "n.ipynb", "import time; time.sleep(0.3)", GOOD),
    )
    process = driver(folder, path)
    time.sleep(moment)
    process.send_signal(number)
    process.wait(timeout=10)
    assert gone(str(folder)), alive(str(folder))
    whole(folder)
    if number == signal.SIGINT and folder.exists():
        assert not (folder / BUILDING).exists()


@POSIX
def test_a_pipe_in_the_place_of_the_manifest_or_a_page_is_not_waited_for(tmp_path):
    for name in ("manifest.json", JOURNAL, "a.html"):
        os.mkfifo(tmp_path / name)
    manifest = Manifest(tmp_path)
    assert (manifest.pages, manifest.stands("a.html")) == ({}, False)


@pytest.mark.parametrize("typed", ["9" * 5_000, "٣", "1e3", "-1", "9999999999"])
def test_a_memory_that_no_machine_has_is_refused(monkeypatch, typed):
    monkeypatch.setenv("NTM_PAGE_MEMORY", typed)
    with pytest.raises(WrongMemoryError):
        usual_limit(1)


@POSIX
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_the_journal_is_not_written_through_a_link(tmp_path, link):
    folder, other = tmp_path / "out", tmp_path / "of-the-user"
    folder.mkdir()
    other.write_text("kept")
    link(other, folder / JOURNAL)
    manifest = Manifest(folder)
    for page in ("a.html", "b.html"):
        manifest.enter(page, LINE)
    assert other.read_text() == "kept"
    assert [*Manifest(folder).pages] == ["a.html", "b.html"]
    (folder / JOURNAL).unlink()
    (folder / JOURNAL).symlink_to(other)  # put there between two lines
    with pytest.raises(OSError, match="symbolic link"):
        manifest.enter("c.html", LINE)
    assert other.read_text() == "kept"

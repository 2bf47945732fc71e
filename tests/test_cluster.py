"""The same batch on a cluster of two workers: the same pages, whichever machine is lost on the way."""

import os
import signal
from pathlib import Path

import pytest
from test_batch import GOOD, POSIX, asked, notebook, run

pytestmark = [POSIX, pytest.mark.filterwarnings("ignore")]
dask = pytest.importorskip("dask")
pytest.importorskip("distributed")

# Kills the worker that holds the run: the process above the one that papermill runs in.
POISON = """
import os, signal
above = int(open(f"/proc/{os.getppid()}/stat").read().rsplit(")", 1)[1].split()[1])
os.kill(above, signal.SIGKILL)
os._exit(0)
"""


def test_with_one_worker_killed_and_one_poison_notebook_36_of_37_pages_equal_the_serial_ones(tmp_path):
    from ntm_analysis.cluster import ClusterRuns

    good, bad = notebook(tmp_path / "good.ipynb", GOOD), notebook(tmp_path / "bad.ipynb", POISON)
    names, killed = [f"xa-{n:02}" for n in range(36)], []
    serial = run(tmp_path / "serial", lambda batch: asked(batch, good, *names))

    def ask(batch) -> None:
        asked(batch, bad, "doc")
        asked(batch, good, *names)

    few = dask.config.set({"distributed.scheduler.allowed-failures": 1})  # the poison takes only four workers with it
    with few, ClusterRuns.at("local", 2, {"NTM_STORE": ""}) as runs:

        def kill_one(file: str, line: dict) -> None:
            held = runs.client.processing()
            if not killed and any(held.values()):
                pids = runs.client.run(os.getpid)
                os.kill(pids[next(worker for worker, tasks in held.items() if tasks)], signal.SIGKILL)
                killed.append(file)

        lines = run(tmp_path / "cluster", ask, runs=runs, on_end=kill_one)
    assert killed and len(lines) == 37
    assert {file for file, line in lines.items() if line["status"] == "failed"} == {"doc.html"}
    for file in serial:
        assert (tmp_path / "cluster" / file).read_bytes() == (tmp_path / "serial" / file).read_bytes()
    assert not (Path(tmp_path) / "cluster" / "doc.html").exists()


def test_a_run_that_takes_too_long_is_told_and_others_go_on(tmp_path):
    from ntm_analysis.cluster import ClusterRuns

    good, endless = notebook(tmp_path / "good.ipynb", GOOD), notebook(tmp_path / "endless.ipynb", "while True: pass")

    def ask(batch) -> None:
        asked(batch, endless, "mai")
        asked(batch, good, "a")

    with ClusterRuns.at("local", 2, {"NTM_STORE": ""}) as runs:
        lines = run(tmp_path / "out", ask, runs=runs, timeout=6)
    assert lines["a.html"]["status"] == "complete" and lines["mai.html"]["reason"] == "overdue"

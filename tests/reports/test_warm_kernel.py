"""Kernels forked from the warm process do what ordinary ones do, and know nothing of each other."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from conftest import sample
from test_batch import PAGE, POSIX, notebook

from ntm_analysis.reports.render import run as page_run
from ntm_analysis.reports.report import NOTEBOOKS
from ntm_analysis.reports.workers import THREADS, ForkedRuns

pytestmark = POSIX

# A page of a commune and one with a panel and a long forecast first: the others hold nothing else.
BY_KIND = ("commune", "feasibility")
BY_KIND += tuple(sorted({path.stem for path in NOTEBOOKS.glob("*.ipynb")} - {*BY_KIND}))

# Thirty cells that touch what kernels differ in.
STRESS = [
    "print('đến'); import sys; print('lỗi', file=sys.stderr)",
    "for i in range(3):\n    print(i, end=' ', flush=True)",
    "from IPython.display import HTML, Markdown, display\n"
    "display(HTML('<b>x</b>'), Markdown('*x*'))",
    "display({'text/plain': 'a', 'application/json': {'b': 1}}, raw=True)",
    "handle = display('first', display_id='one')",
    "handle.update('second')",
    "from IPython.display import clear_output\nprint('gone'); clear_output(); print('kept')",
    "print('gone'); clear_output(wait=True); print('kept too')",
    "!echo shell; echo error >&2",
    "found = !echo caught\nfound",
    "%%bash\necho cell",
    "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "async def two():\n    return 2\nawait two()",
    "import threading\nthread = threading.Thread(target=lambda: print('thread'))\n"
    "thread.start(); thread.join()",
    "import multiprocessing\ndef square(n):\n    return n * n\nif True:\n"
    "    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
    "        print(pool.map(square, [1, 2, 3]))",
    "import subprocess, sys\n"
    "subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout",
    "import warnings\nwarnings.warn('careful')",
    "import os\n_ = os.write(1, b'raw bytes\\n')\nsys.stdout.flush()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "figure, axes = plt.subplots(); axes.bar(['a'], [1]); figure",
    "plt.figure(); plt.title('shown at the end of the cell'); None",
    "import seaborn as sns, pandas as pd\n"
    "sns.barplot(pd.DataFrame({'x': ['a', 'b'], 'y': [1, 2]}), x='x', y='y');",
    "pd.DataFrame({'a': [1, 2]})",
    "%%time\n1 + 1",
    "import getpass\n__name__, '__file__' in globals(), sys.modules['__main__'].__name__",
    "get_ipython().user_ns is sys.modules['__main__'].__dict__",
    "sorted(n for n in ('parameters', 'In', 'Out') if n in globals())",
    "import random, numpy as np\nrandom.seed(1); np.random.seed(1)\n"
    "random.random(), np.random.rand()",
    "import signal\nos.path.basename(os.getcwd()), signal.getsignal(signal.SIGINT).__name__",
    "import logging\nlogging.warning('logged'); 'end'",
]


MASKS = (
    (r"0x[0-9a-f]{6,}", "ADDRESS"),
    (r"ipykernel_\d+/\d+", "CELL"),
    (r"CPU times: .*?Wall time: [^\\]*", "TIME"),
    (r'"display_id": "[0-9a-f]{32}"', "ID"),
)


def masked(cells: list) -> list:
    """What cells show, without what differs from run to run: addresses, times, ids of processes and
    displays.
    """
    made = []
    for cell in copy.deepcopy(cells):
        text = json.dumps(
            [cell.source, cell.get("outputs"), cell.get("execution_count")],
            ensure_ascii=False,
            sort_keys=True,
        )
        for pattern, to in MASKS:
            text = re.sub(pattern, to, text)
        made.append(text)
    return made


def streams_joined(cells: list) -> list:
    """Pieces of one stream that follow each other are one: where they are cut depends on time."""
    for cell in cells:
        joined = []
        for output in cell.get("outputs", []):
            if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
                joined[-1].text += output.text
            else:
                joined.append(output)
        cell["outputs"] = joined
    return cells


def warm(path: Path, parameters: dict, folder: Path, runs: ForkedRuns) -> list:
    """The cells of a notebook run by papermill in a forked kernel: by a page run whose page is the
    notebook itself.
    """
    order = {
        "task": "cells",
        "notebook": str(path),
        "parameters": parameters,
        "kernel": "ntm-warm",
        "memory": 0,
        "timeout": 120,
        "record": f"{folder / 'record.json'}",
    }
    runs.start(order)
    while not runs.ended(1):
        pass
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["status"] == "complete", record
    return nbformat.from_dict(record["cells"])


def plain(path: Path, parameters: dict) -> list:
    return papermill.execute_notebook(
        path, None, parameters, progress_bar=False, cwd=path.parent
    ).cells


@pytest.fixture(scope="module")
def runs(kept_results) -> ForkedRuns:
    made = ForkedRuns(dict(os.environ) | {"PYTHONWARNINGS": ""})
    yield made
    made.close()


def test_a_notebook_of_thirty_cells_that_touch_everything_shows_the_same(tmp_path, runs):
    assert len(STRESS) == 30
    path = notebook(tmp_path / "stress.ipynb", *STRESS)
    here, there = (
        streams_joined(found)
        for found in (warm(path, {"commune": "x"}, tmp_path, runs), plain(path, {"commune": "x"}))
    )
    for ours, theirs in zip(masked(here), masked(there), strict=True):
        assert ours == theirs


@pytest.mark.parametrize("name", sample(BY_KIND, 1))
def test_every_notebook_of_the_project_shows_the_same(tmp_path, runs, name):
    path = NOTEBOOKS / f"{name}.ipynb"
    parameters = {"dataset": str(Path("data/thanh-chuong").resolve())}
    here, there = warm(path, parameters, tmp_path, runs), plain(path, parameters)
    assert masked(here) == masked(there)


def test_nothing_passes_from_one_run_to_the_next(tmp_path, runs):
    dirty = """import os, sys, random, numpy, matplotlib, types, warnings, locale
matplotlib.rcParams['figure.dpi'] = 33; os.environ['DIRTY'] = '1'; os.chdir('/'); \
sys.modules['dirty'] = types.ModuleType('dirty')
warnings.simplefilter('error'); random.seed(5); numpy.random.seed(5); random.random()"""
    clean = """import os, sys, random, numpy, matplotlib, warnings
matplotlib.rcParams['figure.dpi'] != 33, 'DIRTY' in os.environ, os.getcwd() == '/', \
'dirty' in sys.modules, random.random(), numpy.random.rand()"""
    seen = set()
    warm(notebook(tmp_path / "dirty.ipynb", dirty), {}, tmp_path, runs)
    for _ in range(2):
        shown = (
            warm(notebook(tmp_path / "clean.ipynb", clean), {}, tmp_path, runs)[-1]
            .outputs[0]
            .data["text/plain"]
        )
        assert shown.startswith("(True, False, False, False")
        seen.add(shown)
    assert len(seen) == 2, "each run has random numbers of its own"


def test_plain_papermill_finds_the_kernel_by_name_and_gets_an_ordinary_one(tmp_path):
    path = notebook(tmp_path / "n.ipynb", "1 + 1")
    code = (
        "import papermill, sys; papermill.execute_notebook("
        "sys.argv[1], None, kernel_name='ntm-warm', progress_bar=False)"
    )
    environment = dict(os.environ) | {"JUPYTER_PATH": str(Path("ntm_analysis").resolve())}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)


@pytest.mark.parametrize("forks", sample((50, 200), 1))
def test_many_forks_of_the_warm_process_all_tell_what_became_of_them(tmp_path, monkeypatch, forks):
    monkeypatch.setattr("ntm_analysis.reports.workers.THREADS", dict.fromkeys(THREADS, "4"))
    records = [f"{tmp_path / str(n)}.json" for n in range(forks)]
    many = ForkedRuns(dict(os.environ))
    try:
        for record in records:
            many.start(
                {
                    "task": "inputs",
                    "dataset": "none",
                    "as_of": "",
                    "kernel": "ntm-warm",
                    "memory": 0,
                    "timeout": 60,
                    "record": record,
                }
            )
        ended = []
        while len(ended) < len(records):
            ended += many.ended(60)
    finally:
        many.close()
    assert sorted(ended) == sorted(records) and not many.overdue
    assert {
        json.loads(Path(record).read_text(encoding="utf-8"))["status"] for record in records
    } == {"failed"}


def test_a_run_without_a_warm_process_makes_the_same_page(tmp_path, runs):
    path = notebook(
        tmp_path / "n.ipynb",
        "from IPython.display import HTML\nHTML('<section id=\"a\"><h2>A</h2></section>')",
    )
    pages = []
    for kernel in ("python3", "ntm-warm"):
        order = {
            "task": "page",
            "notebook": str(path),
            "parameters": {"commune": "x"},
            "kernel": kernel,
            "memory": 0,
            "page": PAGE,
            "timeout": 60,
            "target": f"{tmp_path / kernel}.html",
            "record": f"{tmp_path / kernel}.json",
        }
        if kernel == "python3":
            page_run(order)
        else:
            runs.start(order)
            while not runs.ended(1):
                pass
        pages.append((tmp_path / f"{kernel}.html").read_bytes())
    assert pages[0] == pages[1] and b"<h2>A</h2>" in pages[0]

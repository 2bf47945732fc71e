"""A notebook run with parameters and turned into a page; one run: notebook, page, record."""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..language import check_parameters, text
from ..pages import IN_LAB, RESULT_MEDIA_TYPE
from ..tables import write_whole
from . import warm_kernel
from .workers import limit_memory, turn_file

TEMPLATES = Path(str(files("ntm_analysis").joinpath("templates")))

# jsonschema takes a second to build this grammar, for a check ("format": "iri") that no notebook's
# schema has.
GRAMMAR = "rfc3987_syntax"
# to warm up with
PIECE = (
    '<section id="a"><h2>&amp;&nbsp;</h2>'
    '<figure><img src="data:," alt=""></figure><!-- --></section>'
)


class NotebookFailedError(RuntimeError):
    """A notebook stopped with an error or is not complete; the message is the kernel's own, on one
    line.
    """


@contextlib.contextmanager
def without_grammar() -> Iterator[None]:
    """The first import of nbformat and what rests on it, a second faster."""
    loaded = sys.modules.setdefault(GRAMMAR, None)
    try:
        yield
    finally:
        if loaded is None:
            del sys.modules[GRAMMAR]


@cache
def style() -> str:
    """The style sheet that pages, index and single file share."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The script that pages, index and single file share: tables saved as CSV."""
    return (TEMPLATES / "csv.js").read_text(encoding="utf-8")


@cache
def exporter() -> Any:
    """nbconvert's exporter with our template, prepared once a process."""
    from nbconvert.exporters import HTMLExporter

    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES)])
    _ = exporter.template
    return exporter


def warm_up() -> None:
    """Read and show a notebook of one cell, so that what libraries prepare at their first use is
    prepared before a fork.
    """
    import nbformat

    cell = nbformat.v4.new_code_cell(
        "", outputs=[nbformat.v4.new_output("display_data", {"text/html": PIECE})]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)
    to_html(notebook, title="", lang="vi", back="", skip="")


def turns(slots: list[str], last: int, mark: Path | None) -> dict[str, Callable]:
    """Hooks of nbclient by which a run takes one of ``slots`` (lock files) when its kernel is ready
    and gives it back after the cell ``last``: kernels start and stop beside those that compute. A
    run that dies gives its slot back too. The file ``mark`` is made when the turn has come.
    """
    locks = [FileLock(slot) for slot in slots]

    async def take(**_):
        while True:
            for lock in locks:
                with contextlib.suppress(Timeout):
                    lock.acquire(timeout=0)
                    mark.touch()
                    return
            await asyncio.sleep(0.01)

    def give_back(cell_index, **_):
        if cell_index == last:
            for lock in locks:
                lock.release()

    return {"on_notebook_start": take, "on_cell_executed": give_back} if slots else {}


def execute(
    notebook: Path,
    parameters: dict,
    kernel: str = "python3",
    slots: Sequence[str] = (),
    mark: Path | None = None,
) -> object:
    """The executed notebook (nbformat node), complete.

    Parameters are checked before a kernel starts; ``slots``, ``mark``: see :func:`turns`.

    Raises ValueError for bad parameters, :class:`NotebookFailedError` when a cell fails, the kernel
    dies, or a cell was not run to its end: a kernel that was told to exit looks well to whoever
    asks only for its exit code.
    """
    with without_grammar():
        import papermill

    faults = check_parameters(parameters)
    if faults:
        raise ValueError("; ".join(faults))
    for noisy in ("papermill", "traitlets", "nbclient"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters,
            kernel_name=kernel,
            progress_bar=False,
            cwd=notebook.parent,
            extra_arguments=["--log-level=CRITICAL"],
            **turns(list(slots), _last_code_cell(notebook), mark),
        )
    except papermill.PapermillExecutionError as error:
        raise NotebookFailedError(" ".join(f"{error.ename}: {error.evalue}".split())) from None
    except RuntimeError as error:  # the kernel died (nbclient's DeadKernelError)
        raise NotebookFailedError(" ".join(str(error).split())) from None
    for number, cell in enumerate(executed.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # sys.exit(0), which papermill takes for a good end
                raise NotebookFailedError(" ".join(f"{output.ename}: {output.evalue}".split()))
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            raise NotebookFailedError(f"cell {number} was not run")
    return executed


def _last_code_cell(notebook):
    """The place of the last cell that runs, the cell of parameters that papermill adds counted."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    places = (
        place
        for place, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    )
    return max(places, default=0)


def outputs_of(executed: object) -> list[dict]:
    """What the cells of an executed notebook show: the data of each output, by media type."""
    return [output.get("data", {}) for cell in executed.cells for output in cell.get("outputs", [])]


def result_of(executed: object) -> dict | None:
    """The row of the results table that a notebook gave; None where it gave none."""
    return next(
        (data[RESULT_MEDIA_TYPE] for data in outputs_of(executed) if RESULT_MEDIA_TYPE in data),
        None,
    )


def to_html(
    executed: object,
    *,
    title: str,
    lang: str,
    back: str,
    skip: str,
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """The page of an executed notebook: what its cells show, in our template; ``links``: to other
    pages (file, label).
    """
    html = "".join(data.get("text/html", "") for data in outputs_of(executed))
    contents = re.findall(r'<section id="([^"]+)"[^>]*><h2>(.*?)</h2>', html)
    page = {
        "title": title,
        "lang": lang,
        "style": style(),
        "script": script(),
        "back": back,
        "skip": skip,
        "links": links,
        "contents": contents,
        "contents_title": text("contents", lang),
    }
    made_page = exporter().from_notebook_node(executed, resources={"page": page})[0]
    return made_page.replace(str(IN_LAB), "")  # JupyterLab's, which has no style sheet of ours


def run(order: dict) -> dict:
    """Run an order and write its record, which is also given back.

    ``status`` (complete, failed, cannot_write), ``error`` (one line), ``seconds``; of a page
    ``bytes``, ``sha256`` and ``result`` (its row of the results table), ``read`` (hashes of what it
    read: ``files``, and ``data`` if it rests on less); of inputs ``inputs`` (hash by commune),
    ``files`` (hash of what was read).
    """
    start, outcome = time.perf_counter(), {"status": "failed", "error": ""}
    try:
        if order["kernel"] == "python3":  # a forked kernel is limited by itself
            limit_memory(order["memory"])
        warm_kernel.memory = order["memory"]
        outcome |= {"status": "complete"} | TASKS[order["task"]](order)
    except NotebookFailedError as failure:
        outcome["error"] = str(failure)
    except Exception as error:
        outcome["error"] = " ".join(f"{type(error).__name__}: {error}".split())
    outcome["seconds"] = round(time.perf_counter() - start, 2)
    outcome["error"] = (
        outcome["error"].encode(errors="replace").decode()
    )  # half a letter cannot be shown
    write_whole(Path(order["record"]), json.dumps(outcome), durable=False)
    return outcome


def _page(order):
    turn = order.get("slots") and turn_file(order["record"])
    executed = execute(
        Path(order["notebook"]), order["parameters"], order["kernel"], order.get("slots", ()), turn
    )
    page = to_html(executed, **order["page"]).encode()
    result = result_of(executed) or {}
    read = {name: result.pop(name) for name in ("files", "data") if name in result}
    outcome = {
        "bytes": len(page),
        "sha256": hashlib.sha256(page).hexdigest(),
        "result": result or None,
        "read": read,
    }
    try:
        write_whole(Path(order["target"]), page, durable=False)
    except OSError as error:  # no room, no right to write: not the notebook's fault
        errno = [error.errno, error.strerror, str(error.filename)]
        outcome |= {"status": "cannot_write", "errno": errno}
    return outcome


def _inputs(order):
    """The hash of what each commune's page rests on; works out, for all pages, what the hashes
    need.
    """
    from ..data import communes_hashes
    from ..pages import ForecastParts

    page = ForecastParts(order["dataset"], as_of=order["as_of"])
    foreseen = page.commune_forecasts() if page.foreseeable() else {}
    return {"inputs": communes_hashes(page.workbook, foreseen), "files": page.files}


def _cells(order):
    """The executed cells themselves, for whoever compares kernels."""
    return {"cells": execute(Path(order["notebook"]), order["parameters"], order["kernel"]).cells}


TASKS = {"page": _page, "inputs": _inputs, "cells": _cells}


def main() -> None:
    """``python -m ntm_analysis.reports.render``: run the order on standard input, and end when that
    closes: the batch is gone.
    """
    order = json.loads(sys.stdin.readline())
    # its kernel looks after itself
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
    run(order)
    os._exit(0)


if __name__ == "__main__":
    main()

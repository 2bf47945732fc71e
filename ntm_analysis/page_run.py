"""One run in a process of its own: a notebook executed by papermill and turned into a page, written whole.

A run is an order in plain types, so that it can go to a forked process, a new one or another machine: ``task`` (page, inputs,
cells), ``record`` (the file of its record), ``memory`` (MiB), ``kernel``; of a page ``notebook``, ``parameters``, ``target`` (its
file) and ``page`` (what :func:`~ntm_analysis.render.to_html` takes); of inputs ``dataset``, ``as_of``, ``units``. What came of it
is told by its record, never by an exit code.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

from . import warm_kernel
from .memory_limit import limit_memory
from .render import NotebookFailed, execute, result_of, to_html
from .whole_files import write_whole


def run(order: dict) -> dict:
    """Run an order and write its record, which is also given back.

    ``status`` (complete, failed, cannot_write), ``error`` (one line), ``seconds``; of a page ``bytes``, ``sha256`` and ``result``
    (its row of the results table), ``data`` (the hash of what it rests on, if less than all files); of inputs ``inputs``
    (hash by commune).
    """
    start, made = time.perf_counter(), {"status": "failed", "error": ""}
    try:
        if order["kernel"] == "python3":  # a forked kernel is limited by itself
            limit_memory(order["memory"])
        warm_kernel.memory = order["memory"]
        made |= TASKS[order["task"]](order) | {"status": "complete"}
    except NotebookFailed as failure:
        made["error"] = str(failure)
    except OSError as error:  # no room, no right to write: not the notebook's fault
        made |= {"status": "cannot_write", "errno": [error.errno, error.strerror, str(error.filename)]}
    except Exception as error:
        made["error"] = " ".join(f"{type(error).__name__}: {error}".split())
    made["seconds"] = round(time.perf_counter() - start, 2)
    write_whole(Path(order["record"]), json.dumps(made, ensure_ascii=False))
    return made


def _page(order: dict) -> dict:
    executed = execute(Path(order["notebook"]), order["parameters"], order["kernel"], order.get("slots", ()))
    page = to_html(executed, **order["page"]).encode()
    write_whole(Path(order["target"]), page)
    result = result_of(executed)
    data = result.pop("data", None) if result else None
    return {"bytes": len(page), "sha256": hashlib.sha256(page).hexdigest(), "result": result, "data": data}


def _inputs(order: dict) -> dict:
    """The hash of what each commune's page rests on; works out, for all pages, what the hashes need."""
    from .forecast_parts import ForecastParts
    from .page_inputs import communes_hashes

    page = ForecastParts(order["dataset"], as_of=order["as_of"])
    foreseen = page.commune_forecasts() if page.foreseeable() else {}
    return {"inputs": communes_hashes(page.workbook, foreseen)}


def _cells(order: dict) -> dict:
    """The executed cells themselves, for whoever compares kernels."""
    return {"cells": execute(Path(order["notebook"]), order["parameters"], order["kernel"]).cells}


TASKS = {"page": _page, "inputs": _inputs, "cells": _cells}


def main() -> None:
    """``python -m ntm_analysis.page_run``: run the order on standard input."""
    run(json.load(sys.stdin))


if __name__ == "__main__":
    main()

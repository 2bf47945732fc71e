"""One run in a process of its own: a notebook executed by papermill and turned into a page, written whole.

A run is an order in plain types, so that it can go to a forked process, a new one or another machine: ``task`` (page, inputs,
cells), ``record`` (the file of its record), ``timeout`` (seconds), ``memory`` (MiB), ``kernel``, ``slots`` (lock files, of which
a page takes one while it computes); of a page ``notebook``, ``parameters``, ``target`` (its file) and ``page`` (what
:func:`~ntm_analysis.render.to_html` takes); of inputs ``dataset``, ``as_of``. What came of it is told by its record, never by an
exit code.
"""

import hashlib
import json
import os
import sys
import threading
import time
from pathlib import Path

from . import warm_kernel
from .memory_limit import limit_memory
from .render import NotebookFailed, execute, result_of, to_html
from .runs import turn_file
from .whole_files import write_whole


def run(order: dict) -> dict:
    """Run an order and write its record, which is also given back.

    ``status`` (complete, failed, cannot_write), ``error`` (one line), ``seconds``; of a page ``bytes``, ``sha256`` and ``result``
    (its row of the results table), ``read`` (hashes of what it read: ``files``, and ``data`` if it rests on less); of inputs
    ``inputs`` (hash by commune), ``files`` (hash of what was read).
    """
    start, made = time.perf_counter(), {"status": "failed", "error": ""}
    try:
        if order["kernel"] == "python3":  # a forked kernel is limited by itself
            limit_memory(order["memory"])
        warm_kernel.memory = order["memory"]
        made |= {"status": "complete"} | TASKS[order["task"]](order)
    except NotebookFailed as failure:
        made["error"] = str(failure)
    except Exception as error:
        made["error"] = " ".join(f"{type(error).__name__}: {error}".split())
    made["seconds"] = round(time.perf_counter() - start, 2)
    made["error"] = made["error"].encode(errors="replace").decode()  # half a letter cannot be shown
    write_whole(Path(order["record"]), json.dumps(made))
    return made


def _page(order):
    turn = order.get("slots") and turn_file(order["record"])
    executed = execute(Path(order["notebook"]), order["parameters"], order["kernel"], order.get("slots", ()), turn)
    page = to_html(executed, **order["page"]).encode()
    result = result_of(executed) or {}
    read = {name: result.pop(name) for name in ("files", "data") if name in result}
    made = {"bytes": len(page), "sha256": hashlib.sha256(page).hexdigest(), "result": result or None, "read": read}
    try:
        write_whole(Path(order["target"]), page)
    except OSError as error:  # no room, no right to write: not the notebook's fault
        made |= {"status": "cannot_write", "errno": [error.errno, error.strerror, str(error.filename)]}
    return made


def _inputs(order):
    """The hash of what each commune's page rests on; works out, for all pages, what the hashes need."""
    from .forecast_parts import ForecastParts
    from .page_inputs import communes_hashes

    page = ForecastParts(order["dataset"], as_of=order["as_of"])
    foreseen = page.commune_forecasts() if page.foreseeable() else {}
    return {"inputs": communes_hashes(page.workbook, foreseen), "files": page.files}


def _cells(order):
    """The executed cells themselves, for whoever compares kernels."""
    return {"cells": execute(Path(order["notebook"]), order["parameters"], order["kernel"]).cells}


TASKS = {"page": _page, "inputs": _inputs, "cells": _cells}


def main() -> None:
    """``python -m ntm_analysis.page_run``: run the order on standard input, and end when that closes: the batch is gone."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()  # its kernel looks after itself
    run(order)
    os._exit(0)


if __name__ == "__main__":
    main()

"""``manifest.json`` beside the pages: one line a page with what it was made of and what came of it;
what a batch resumes from.

A line: ``notebook``, ``parameters``, ``inputs`` (hashes: ``notebook``, ``page`` (title, links and
words around it), ``files`` (all the data set's), ``data`` (what the page rests on)), ``versions``,
``status`` (complete, failed), ``reason`` (of a failure: failed, overdue, died), ``error``,
``memory`` (MiB that it might take), ``seconds``, ``finished`` (the one time stamp of a report),
``bytes`` and ``sha256`` of the page, ``stale`` (an older page was kept), ``result`` (its row of the
results table).
"""

import contextlib
import hashlib
import json
import math
import os
import time
from pathlib import Path

from ..tables import bounded_bytes, write_whole

NAME, JOURNAL = "manifest.json", ".manifest.journal"
FORM = {
    "parameters": dict,
    "inputs": dict,
    "versions": dict,
    "status": str,
    "reason": str,
    "error": str,
    "memory": int,
    "sha256": str | None,
    "seconds": int | float | None,
    "stale": bool,
    "result": dict | None,
}
RESULT = dict.fromkeys(("p_met", "p_signed", "need_p50"), FORM["seconds"])
LARGEST = 100_000_000  # bytes of a page, or of what is said of all pages
EVERY = 2.0  # seconds between two writings of the whole; the journal holds what came since


class Manifest:
    """The lines by page file.

    Every line is in a file when :meth:`enter` returns, however the program ends then.

    A page whose line cannot be read, or is none, is made anew.
    """

    def __init__(self, folder: Path):
        self.folder, self.pages, self._written = folder, {}, -math.inf
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            self._take(json.loads(bounded_bytes(folder / NAME, LARGEST))["pages"])
        # the last line may be cut off
        with contextlib.suppress(OSError, ValueError, RecursionError):
            for line in bounded_bytes(folder / JOURNAL, LARGEST).split(b"\n"):
                self._take(json.loads(line or b"{}"))

    def _take(self, lines):
        if isinstance(lines, dict):
            self.pages |= {file: line for file, line in lines.items() if _is_line(line)}

    def enter(self, file: str, line: dict) -> None:
        """Enter what came of a page."""
        self.pages[file] = line
        if time.monotonic() - self._written > EVERY:
            self.save()  # first of all: what stood there as a journal, a link too, goes
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self.folder / JOURNAL, flags, 0o644), "a", encoding="ascii") as end:
            end.write(json.dumps({file: line}) + "\n")

    def save(self) -> None:
        """Write the whole, a line a page."""
        lines = ",\n".join(
            f"{json.dumps(f)}: {json.dumps(self.pages[f], ensure_ascii=False)}"
            for f in sorted(self.pages)
        )
        whole = '{"pages": {\n' + lines + "\n}}\n"
        # half a letter as JSON escapes it
        write_whole(self.folder / NAME, whole.encode(errors="backslashreplace"), durable=False)
        (self.folder / JOURNAL).unlink(missing_ok=True)
        self._written = time.monotonic()

    def made_of(self, file: str, **wanted: object) -> bool:
        """Whether a complete page stands there that was made of ``wanted`` (entries of its line; of
        ``inputs`` those named).
        """
        line = self.pages.get(file, {})
        if line.get("status") != "complete":
            return False
        inputs = wanted.pop("inputs")
        same = all(line.get(key) == value for key, value in wanted.items())
        return same and inputs.items() <= line["inputs"].items() and self.stands(file)

    def stands(self, file: str) -> bool:
        """Whether the page of a line is there, as it was written."""
        try:
            raw = bounded_bytes(self.folder / file, LARGEST)
        except OSError:
            return False
        return hashlib.sha256(raw).hexdigest() == self.pages.get(file, {}).get("sha256")


def _is_line(line):
    """Whether a line has the form of one, so that whoever reads it need not ask again."""

    def holds(block, form):
        return isinstance(block, dict) and all(isinstance(block.get(k), form[k]) for k in form)

    return holds(line, FORM) and holds(line.get("result") or {}, RESULT)

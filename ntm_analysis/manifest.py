"""``manifest.json`` beside the pages: one line a page with what it was made of and what came of it; what a batch resumes from.

A line: ``notebook``, ``parameters``, ``inputs`` (hashes: ``notebook``, ``files`` (all the data set's), ``data`` (what the page
rests on)), ``versions``, ``status`` (complete, failed), ``error``, ``seconds``, ``finished`` (the one time stamp of a report),
``bytes`` and ``sha256`` of the page, ``stale`` (an older page was kept), ``result`` (its row of the results table).
"""

import contextlib
import hashlib
import json
import time
from pathlib import Path

from .whole_files import write_whole

NAME, JOURNAL = "manifest.json", ".manifest.journal"
EVERY = 2.0  # seconds between two writings of the whole; the journal holds what came since


class Manifest:
    """The lines by page file. Every line is on disk when :meth:`enter` returns, whatever happens next."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pages, self._written = folder, {}, 0.0
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # none, or no manifest: every page is made anew
            self.pages = dict(json.loads((folder / NAME).read_text(encoding="utf-8"))["pages"])
        try:
            lines = (folder / JOURNAL).read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                self.pages |= json.loads(line)
            except ValueError:  # the last one, cut off
                break

    def enter(self, file: str, line: dict) -> None:
        """Enter what came of a page."""
        self.pages[file] = line
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({file: line}, ensure_ascii=False) + "\n")
        if time.monotonic() - self._written > EVERY:
            self.save()

    def save(self) -> None:
        """Write the whole, a line a page."""
        lines = ",\n".join(f"{json.dumps(f)}: {json.dumps(self.pages[f], ensure_ascii=False)}" for f in sorted(self.pages))
        write_whole(self.folder / NAME, '{"pages": {\n' + lines + "\n}}\n")
        (self.folder / JOURNAL).unlink(missing_ok=True)
        self._written = time.monotonic()

    def made_of(self, file: str, **wanted: object) -> bool:
        """Whether a complete page stands there that was made of ``wanted`` (entries of its line; of ``inputs`` those named)."""
        line = self.pages.get(file, {})
        if line.get("status") != "complete":
            return False
        inputs = wanted.pop("inputs")
        same = all(line.get(key) == value for key, value in wanted.items())
        return same and inputs.items() <= line["inputs"].items() and self.stands(file)

    def stands(self, file: str) -> bool:
        """Whether the page of a line is there, as it was written."""
        try:
            raw = (self.folder / file).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(raw).hexdigest() == self.pages.get(file, {}).get("sha256")

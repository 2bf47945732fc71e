"""Many page runs into one folder: as many at a time as asked for, each page put in its place whole,
each outcome in the manifest.

One batch at a time works in a folder. What is under way is in a hidden folder of it, which goes
when the batch ends; a page counts as done when it stands in its place and its line in the manifest
says so. One failed run leaves the others as they are.
"""

import contextlib
import datetime as dt
import errno
import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from ..language import RefusalError
from ..tables import software
from .manifest import Manifest
from .workers import ForkedRuns, NewProcesses, NoWarmProcessError, turn_file, usual_limit

BUILDING, LOCK = ".building", ".report.lock"
# runs begun for each that computes: half of a run is waiting for its kernel to start and to stop
BESIDE = 2
TIMEOUT = 600.0  # seconds for one page
ROOM = 2 * 2**20  # bytes for each page under way that must be free before anything begins
PAGE_KEYS = ("bytes", "sha256", "result")  # of a line: what the page is that stands there
LITTLE = 2**16  # bytes; with less not even a record can be written


class FolderBusyError(RefusalError):
    """Another batch is at work in the folder."""


class RunsAnywhere(Protocol):
    """How pages are run: forked, in new processes, on a cluster."""

    kernel: str

    overdue: set[str]

    def start(self, order: dict) -> None: ...
    def ended(self, wait: float) -> list[str]: ...
    def close(self) -> None: ...


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """The hidden place of what is under way in ``folder``, for one batch alone; raises
    :class:`FolderBusyError`, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, place = FileLock(folder / LOCK, timeout=0), folder.resolve() / BUILDING
    try:
        lock.acquire()
    except Timeout:
        raise FolderBusyError("cli_report_busy", path=folder) from None
    try:
        _remove(place)  # what a killed batch left
        place.mkdir()
        # A name of its own: a run of an older batch, on another machine, may still write where that
        # one was.
        yield Path(tempfile.mkdtemp(dir=place))
    finally:
        _remove(place)
        lock.release()


def _remove(place):
    """Remove what stands there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


class Batch:
    """The runs of one batch.

    ``jobs``: notebooks that compute at a time; ``on_end`` gets each page and its line of the
    manifest.

    ``runs``: how pages are run; None: forked from a warm process, or, where that cannot be had or
    ends, in new processes.
    """

    def __init__(
        self,
        manifest: Manifest,
        place: Path,
        *,
        jobs: int,
        timeout: float = TIMEOUT,
        runs: RunsAnywhere | None = None,
        on_end: Callable[[str, dict], None] = lambda file, line: None,
    ):
        self.manifest, self.folder, self.place = manifest, manifest.folder, place
        self.jobs, self.timeout, self.runs, self.on_end = jobs, timeout, runs, on_end
        self.begun = jobs if runs else BESIDE * jobs
        self.waiting = deque()
        self.running = {}
        self.answers = {}  # of runs that make no page, by the name asked for
        self.environment = dict(os.environ) | surroundings(self.folder)
        self._orders = 0
        self._slots = ""  # of a way to run: what is left of another may still hold its own

    def page(self, file: str, line: dict, page: dict, notebook: Path) -> None:
        """Ask for a page: ``line`` is what its line of the manifest says of what it is made of."""
        self.waiting.append(
            {
                "task": "page",
                "file": file,
                "line": line,
                "page": page,
                "notebook": str(notebook),
                "parameters": line["parameters"],
                "target": f"{self.place / file}",
            }
        )

    def ask(self, name: str, **details: object) -> dict:
        """Have something worked out in a process of its own, and wait for it while pages are made;
        raises RuntimeError.
        """
        self.waiting.appendleft({"task": name, "file": ""} | details)
        while name not in self.answers:
            self._step()
        answer = self.answers.pop(name)
        if answer["status"] != "complete":
            raise RuntimeError(answer["error"])
        return answer

    def finish(self) -> None:
        """Wait for all that was asked for."""
        while self.waiting or self.running:
            self._step()

    def close(self) -> None:
        """End all that runs."""
        if self.runs is not None:
            self.runs.close()

    def _step(self):
        try:
            if self.runs is None:
                self._slots, self.runs = "slot", self._forked()
            while self.waiting and len(self.running) < self.begun:
                self._start(self.waiting.popleft())
            for record in self.runs.ended(0.5):
                self._ended(self.running.pop(record))
        except NoWarmProcessError:
            self.runs.close()
            self._slots, self.runs = "new-slot", NewProcesses(self.environment)
            self.waiting.extendleft(self.running.values())
            self.running.clear()

    def _forked(self):
        try:
            return ForkedRuns(self.environment)
        except NoWarmProcessError:
            return NewProcesses(self.environment)

    def _start(self, order):
        self._orders += 1
        many = self.jobs if self.jobs < self.begun else 0
        slots = [f"{self.place / f'{self._slots}-{number}'}" for number in range(many)]
        at_once = min(self.begun, len(self.waiting) + len(self.running) + 1)
        order |= {
            "record": f"{self.place / str(self._orders)}.json",
            "kernel": self.runs.kernel,
            "timeout": self.timeout,
            "memory": usual_limit(at_once),
            "slots": slots,
        }
        self.running[order["record"]] = order
        self.runs.start(order)

    def _ended(self, order):
        record = Path(order["record"])
        try:
            outcome = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            late = order["record"] in self.runs.overdue
            if not late and not has_disk_room(self.folder, 0):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{self.folder}") from None
            # it told nothing: its machine or process was lost with it
            if not late and not order.get("again"):
                self.waiting.append(order | {"again": True})
                return
            status, seconds = ("overdue", self.timeout) if late else ("died", None)
            outcome = {"status": status, "error": "", "seconds": seconds}
        record.unlink(missing_ok=True)
        turn_file(order["record"]).unlink(missing_ok=True)
        if outcome["status"] == "cannot_write":
            raise OSError(*outcome["errno"])
        if not order["file"]:
            self.answers[order["task"]] = outcome
            return
        file, line = order["file"], order["line"]
        complete = outcome["status"] == "complete"
        if complete:
            os.replace(order["target"], self.folder / file)
        before = self.manifest.pages.get(file, {})
        # of a failure: what the older page was
        page = {key: outcome.get(key, before.get(key)) for key in PAGE_KEYS}
        line = line | {
            "versions": software(),
            "status": "complete" if complete else "failed",
            "reason": "" if complete else outcome["status"],
            "error": outcome["error"],
            "memory": order["memory"],
            "seconds": outcome["seconds"],
            "finished": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
            "stale": not complete and self.manifest.stands(file),
            "inputs": line["inputs"] | outcome.get("read", {}),
            **page,
        }
        self.manifest.enter(file, line)
        self.on_end(file, line)


def surroundings(folder: Path) -> dict[str, str]:
    """What runs for ``folder`` find in their environment wherever they run: it, and the folder that
    the batch works in.
    """
    return {
        "NTM_REPORTS": f"{folder.resolve()}",
        "NTM_HOME": os.environ.get("NTM_HOME") or f"{Path.cwd()}",
    }


def has_disk_room(folder: Path, jobs: int) -> bool:
    """Whether the disk has room for what is under way at a time."""
    return shutil.disk_usage(folder).free >= max(ROOM * jobs, LITTLE)

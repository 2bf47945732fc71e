"""Page runs in processes of their own, forked from the warm process or started anew, each within
its memory.
"""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from ..language import RefusalError
from ..tables import PACKAGE

MEMORY_VARIABLE = "NTM_PAGE_MEMORY"  # of the environment: MiB for one run; empty or 0: no limit
LEAST = 512  # MiB: with 300 a run still works, with 150 its kernel does not start
MEMORY_CEILING = 2**30  # MiB that anybody may ask for
STATM = Path("/proc/self/statm")


class JsonLines:
    """One end of a socket.

    Parameters
    ----------
    connection : socket.socket
    """

    def __init__(self, connection):
        self.connection, self.pieces = connection, b""

    def send(self, **line):
        """Send a line.

        Parameters
        ----------
        **line
            What JSON can hold.

        Raises
        ------
        OSError
            The other end is gone.
        """
        self.connection.sendall(json.dumps(line).encode() + b"\n")

    def lines(self):
        """Take the lines that came since.

        Returns
        -------
        list of dict

        Raises
        ------
        ConnectionError
            The other end is gone.
        """
        piece = self.connection.recv(1 << 20)
        if not piece:
            raise ConnectionError("the other end is gone")
        *whole, self.pieces = (self.pieces + piece).split(b"\n")
        return [json.loads(line) for line in whole]


class WrongMemoryError(RefusalError):
    """The environment asks for an amount of memory that is none."""


def usual_limit(jobs: int) -> int:
    """MiB for each of ``jobs`` runs at a time: as the environment says, else an equal part of four
    fifths of the machine's memory, and not too little to start; 0 where that is not known. Raises
    :class:`WrongMemoryError`.
    """
    if typed := os.environ.get(MEMORY_VARIABLE, "").strip():
        if not re.fullmatch("[0-9]{1,10}", typed) or int(typed) > MEMORY_CEILING:
            raise WrongMemoryError("cli_wrong_memory", typed=typed, most=MEMORY_CEILING)
        return int(typed)
    if MEMORY_VARIABLE in os.environ:
        return 0
    try:
        return max(
            LEAST,
            int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.8 / jobs / 2**20),
        )
    except (AttributeError, ValueError, OSError):
        return 0


def limit_memory(more: int) -> None:
    """Let this process, and what it starts, take ``more`` MiB beyond what it has now; 0: no
    limit.
    """
    if more and STATM.exists():
        import resource

        wanted = int(STATM.read_text().split()[0]) * resource.getpagesize() + more * 2**20
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most < 0 else min(wanted, most), most))


# the runs use all cores already
THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
JUPYTER_PATH = str(PACKAGE)  # its folder "kernels" describes the kernel
# Ctrl-C is the batch's to answer
NEW_GROUP = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}
WARMING = 120  # seconds that the warm process may take to be ready
# times its seconds that a run may take until its turn: others go first, each for as long at most
BEFORE = 3


class NoWarmProcessError(Exception):
    """There is no warm process, or no longer."""


class Runs:
    """What both ways share: the time that each run has left.

    ``overdue``: the records of those killed.
    """

    def __init__(self):
        self.until = {}
        self.waiting = {}  # seconds of the runs that wait for their turn
        self.overdue = set()

    def _begin(self, order):
        record, seconds = order["record"], order["timeout"]
        self.until[record] = time.monotonic() + seconds * (BEFORE if order.get("slots") else 1)
        if order.get("slots"):
            self.waiting[record] = seconds

    def _late(self):
        now = time.monotonic()
        for record in [record for record in self.waiting if turn_file(record).exists()]:
            self.until[record] = now + self.waiting.pop(record)
        late = {record for record, until in self.until.items() if until < now} - self.overdue
        self.overdue |= late
        return late

    def _end(self, record):
        self.until.pop(record, None)
        self.waiting.pop(record, None)


def turn_file(record: str) -> Path:
    """The file by which a run tells that its turn has come."""
    return Path(f"{record}.turn")


def spawn(module, *arguments, **options):
    """Start a module of this room as a process of its own, which says nothing.

    Parameters
    ----------
    module : str
    *arguments : str
    **options
        As for :class:`subprocess.Popen`.

    Returns
    -------
    subprocess.Popen
    """
    safe = ["-P"] * sys.flags.safe_path  # as we were started
    command = [sys.executable, *safe, "-m", f"ntm_analysis.reports.{module}", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, **quiet | NEW_GROUP | options)


def end(process, seconds):
    """Wait for a process to end by itself; kill it with its group when it does not.

    Parameters
    ----------
    process : subprocess.Popen
    seconds : float
    """
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()


class ForkedRuns(Runs):
    """Runs forked from the warm process.

    Raises :class:`NoWarmProcessError` when that cannot be had or is gone.
    """

    kernel = "ntm-warm"

    def __init__(self, environment: dict[str, str]):
        super().__init__()
        # there libraries of the system do not outlive a fork
        if not hasattr(os, "fork") or sys.platform == "darwin":
            raise NoWarmProcessError
        ours, theirs = socket.socketpair()
        places = filter(None, (JUPYTER_PATH, environment.get("JUPYTER_PATH")))
        environment = environment | THREADS | {"JUPYTER_PATH": os.pathsep.join(places)}
        self.process = spawn("warm_process", stdin=theirs, env=environment)
        theirs.close()
        self.socket, self.orders, self.records, self.pids = JsonLines(ours), deque(), {}, {}
        try:
            if "ready" not in (self._lines(WARMING) or [{}])[0]:
                raise NoWarmProcessError
        except BaseException:
            self.close()
            raise

    def start(self, order: dict) -> None:
        """Start a run."""
        self._send(run=order)
        self.orders.append(order)

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        for record in self._late():
            self._send(kill=self.pids[record])
        done = []
        for line in self._lines(wait):
            if pid := line.get("started"):
                order = self.orders.popleft()
                self.records[pid], self.pids[order["record"]] = order["record"], pid
                self._begin(order)
            elif line["ended"] in self.records:
                record = self.records.pop(line["ended"])
                del self.pids[record]
                self._end(record)
                done.append(record)
        return done

    def _send(self, **line):
        try:
            self.socket.send(**line)
        except OSError:
            raise NoWarmProcessError from None

    def _lines(self, wait):
        if not select.select([self.socket.connection], [], [], wait)[0]:
            return []
        try:
            return self.socket.lines()
        except OSError:
            raise NoWarmProcessError from None

    def close(self) -> None:
        """End all that runs; the warm process ends its forks when this end of the socket closes,
        unless it was killed itself.
        """
        self.socket.connection.close()
        end(self.process, 5)
        for pid in self.pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


class NewProcesses(Runs):
    """Runs started each as a new process, with ordinary kernels."""

    kernel = "python3"

    def __init__(self, environment: dict[str, str]):
        super().__init__()
        self.environment, self.running = environment | THREADS, {}

    def start(self, order: dict) -> None:
        """Start a run."""
        process = spawn("render", stdin=subprocess.PIPE, env=self.environment)
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()  # stays open: a run ends when it closes
        self.running[order["record"]] = process
        self._begin(order)

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        until = time.monotonic() + wait
        while True:
            for record in self._late():
                self.running[record].kill()  # its kernel ends with it
            done = [
                record for record, process in self.running.items() if process.poll() is not None
            ]
            if done or time.monotonic() > until:
                break
            time.sleep(0.02)
        for record in done:
            self.running.pop(record).stdin.close()
            self._end(record)
        return done

    def close(self) -> None:
        """End all that runs."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
            process.stdin.close()

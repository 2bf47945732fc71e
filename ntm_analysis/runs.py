"""Page runs in processes of their own: forked from the warm process, or, where there is no fork, each started anew.

Both are asked alike: ``start`` an order (:mod:`~ntm_analysis.page_run`), ask which have ``ended``, ``close``. An order is known
by the file of its record. A run that takes longer than its order allows is killed with its kernel.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}  # the runs use all cores already
NEW_GROUP = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}  # Ctrl-C is the batch's to answer
KERNELS = {"JUPYTER_PATH": str(Path(__file__).resolve().parent)}  # its folder "kernels" describes the kernel
WARMING = 120  # seconds that the warm process may take to be ready


class NoWarmProcess(Exception):
    """There is no warm process, or no longer."""


class Runs:
    """What both ways share: the time that each run has left. ``overdue``: the records of those killed."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}
        self.overdue: set[str] = set()

    def _begin(self, order: dict) -> None:
        self.until[order["record"]] = time.monotonic() + order["timeout"]

    def _late(self) -> list[str]:
        now = time.monotonic()
        found = [record for record, until in self.until.items() if until < now and record not in self.overdue]
        self.overdue.update(found)
        return found

    def _end(self, record: str) -> None:
        self.until.pop(record, None)


class ForkedRuns(Runs):
    """Runs forked from the warm process. Raises :class:`NoWarmProcess` when that cannot be had or is gone."""

    kernel = "ntm-warm"

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__()
        if not hasattr(os, "fork") or sys.platform == "darwin":  # there libraries of the system do not outlive a fork
            raise NoWarmProcess
        self.connection, theirs = socket.socketpair()
        command = [sys.executable, "-m", "ntm_analysis.warm_process"]
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment | THREADS | KERNELS,
            **NEW_GROUP,
        )
        theirs.close()
        self.pieces, self.asked, self.records, self.pids = b"", deque(), {}, {}
        if "ready" not in (self._told(WARMING) or [{}])[0]:
            self.close()
            raise NoWarmProcess

    def start(self, order: dict) -> None:
        """Start a run."""
        self._ask(run=order)
        self.asked.append(order["record"])
        self._begin(order)

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        for record in self._late():
            if record in self.pids:
                self._ask(kill=self.pids[record])
        done = []
        for line in self._told(wait):
            if "started" in line:
                record = self.asked.popleft()
                self.records[line["started"]], self.pids[record] = record, line["started"]
            elif line["ended"] in self.records:
                record = self.records.pop(line["ended"])
                del self.pids[record]
                self._end(record)
                done.append(record)
        return done

    def _ask(self, **asked: object) -> None:
        try:
            self.connection.sendall(json.dumps(asked).encode() + b"\n")
        except OSError:
            raise NoWarmProcess from None

    def _told(self, wait: float) -> list[dict]:
        if not select.select([self.connection], [], [], wait)[0]:
            return []
        try:
            piece = self.connection.recv(1 << 16)
        except OSError:
            piece = b""
        if not piece:
            raise NoWarmProcess
        *lines, self.pieces = (self.pieces + piece).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End all that runs; the warm process ends its forks when this end of the socket closes."""
        self.connection.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class NewProcesses(Runs):
    """Runs started each as a new process, with ordinary kernels."""

    kernel = "python3"

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__()
        self.environment, self.running = environment | THREADS, {}

    def start(self, order: dict) -> None:
        """Start a run."""
        command = [sys.executable, "-m", "ntm_analysis.page_run"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            **NEW_GROUP,
        )
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        self.running[order["record"]] = process
        self._begin(order)

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        until = time.monotonic() + wait
        while True:
            for record in self._late():
                self.running[record].kill()  # its kernel ends with it
            done = [record for record, process in self.running.items() if process.poll() is not None]
            if done or time.monotonic() > until:
                break
            time.sleep(0.02)
        for record in done:
            del self.running[record]
            self._end(record)
        return done

    def close(self) -> None:
        """End all that runs."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()

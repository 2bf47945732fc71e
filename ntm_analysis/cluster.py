"""Page runs on a dask cluster, an optional extra: machines that see the same folder.

A run writes its page and record itself, whole, into the shared folder, and gives back nothing but its name; what a lost machine
held is handed to another, and a run that takes one machine after the other with it is given up
(``distributed.scheduler.allowed-failures``)."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster

from .runs import ForkedRuns, NewProcesses, NoWarmProcess

BESIDE = 2  # runs handed out for each thread of the cluster, so that none waits for this machine


_here = threading.local()  # of a thread of a worker: its runs


def run_here(order: dict, environment: dict[str, str]) -> bool:
    """Run an order on the machine that this is, forked where that can be had; whether it took too long. What came of it stands in
    its record."""
    if getattr(_here, "environment", None) != environment:
        _here.environment = environment
        try:
            _here.runs = ForkedRuns(dict(os.environ) | environment)
        except NoWarmProcess:
            _here.runs = NewProcesses(dict(os.environ) | environment)
    runs = _here.runs
    try:
        runs.start(order | {"kernel": runs.kernel})
        while not runs.ended(1):
            pass
    except NoWarmProcess:  # the batch asks again
        _here.environment = None
    return order["record"] in runs.overdue


class ClusterRuns:
    """Runs handed to a scheduler; asked like :class:`~ntm_analysis.runs.ForkedRuns`."""

    kernel = ""  # each machine has its own way

    def __init__(self, client: Client, environment: dict[str, str]) -> None:
        self.client, self.environment = client, environment
        self.handed, self.overdue = {}, set()
        self.at_once = BESIDE * max(1, sum(client.nthreads().values()))

    @classmethod
    @contextmanager
    def at(cls, address: str, jobs: int, environment: dict[str, str]) -> Iterator["ClusterRuns"]:
        """Runs on the scheduler at ``address``; ``local``: on a cluster of this machine with ``jobs`` workers (0: as many as
        cores)."""
        if address != "local":
            with Client(address, timeout=30) as client:
                yield cls(client, environment)
            return
        workers = jobs or os.cpu_count() or 1
        with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
            yield cls(client, environment)

    def start(self, order: dict) -> None:
        """Hand a run out."""
        future = self.client.submit(run_here, order, self.environment, key=order["record"], pure=False, retries=0)
        self.handed[order["record"]] = future

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        until = time.monotonic() + wait
        while not (done := [record for record, future in self.handed.items() if future.done()]) and time.monotonic() < until:
            time.sleep(0.05)
        for record in done:
            future = self.handed.pop(record)
            if future.status == "finished" and future.result():
                self.overdue.add(record)
        return done

    def close(self) -> None:
        """Take back what was handed out."""
        self.client.cancel(list(self.handed.values()), force=True)

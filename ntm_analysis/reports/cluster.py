"""Page runs on a dask cluster, an optional extra: machines that see the same folder.

A run writes its page and record itself, whole, into the shared folder, and gives back nothing but
its name; what a lost machine held is handed to another, and a run that takes one machine after the
other with it is given up (``distributed.scheduler.allowed-failures``). Whoever reaches a scheduler
has it run any code: the cluster of this machine alone stands within this process and listens
nowhere; one of several machines is closed to others by TLS, as dask's own settings say.
"""

import asyncio
import contextlib
import logging
import os
import tempfile
import threading
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dask
from distributed import Client, Scheduler, Security, SpecCluster, Worker, get_worker, rpc
from distributed.comm import get_address_host

from ..language import RefusalError
from .workers import MEMORY_VARIABLE, ForkedRuns, NewProcesses, NoWarmProcessError, usual_limit

BESIDE = 2  # runs handed out for each thread of the cluster, so that none waits for this machine
# seconds to wait: for a scheduler, for a worker, for workers to end what they run
CONNECTING, WORKERLESS, STOPPING = 10, 30, 8

# Of a worker, by thread: the batch that it works for and its runs, warm; the batch of the run under
# way.
_warm: dict[int, tuple[str, ForkedRuns | NewProcesses]] = {}
_under_way: dict[int, str] = {}
_stopped: set[str] = set()  # of a worker: batches that want no more runs


class NoClusterError(RefusalError):
    """There is no cluster at an address, or no longer."""


def run_here(order: dict, batch: str, environment: dict[str, str], threads: dict[str, int]) -> bool:
    """Run an order on the machine that this is, forked where that can be had; whether it took too
    long. What came of it stands in its record. ``threads``: of the cluster by host, each of which
    may run one; this machine's memory is theirs to share, unless the environment says how much a
    run may take.

    Ended before its time when the batch is stopped, when the scheduler takes the run back because
    the batch's machine is gone, or when the worker closes because the scheduler is.
    """
    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]

    def unwanted():
        return (
            batch in _stopped
            or task.state == "cancelled"
            or worker.status.name in ("closing", "closed", "failed")
        )

    me = threading.get_ident()
    if MEMORY_VARIABLE not in environment:
        at_once = max(worker.state.nthreads, threads.get(get_address_host(worker.address), 0))
        order = order | {"memory": usual_limit(at_once)}
    if not unwanted():
        _warm_up(me, batch, environment)
    _under_way[me] = batch
    late = False
    try:
        if not unwanted():
            runs = _warm[me][1]
            runs.start(order | {"kernel": runs.kernel})
            while not (unwanted() or runs.ended(0.3)):
                pass
            late = order["record"] in runs.overdue
    except NoWarmProcessError:  # the batch asks again
        _close(me)
    finally:
        if unwanted():
            _close(me)
        del _under_way[me]
    return late


def _warm_up(thread, batch, environment):
    """Have this thread's runs be those of a batch; those of the batch before may be warm with an
    older program.
    """
    if thread in _warm and _warm[thread][0] == batch:
        return
    _close(thread)
    try:
        _warm[thread] = batch, ForkedRuns(dict(os.environ) | environment)
    except NoWarmProcessError:
        _warm[thread] = batch, NewProcesses(dict(os.environ) | environment)


def _close(thread):
    if thread in _warm:
        _warm.pop(thread)[1].close()


async def stop_here(batch: str) -> None:
    """End a batch's runs on the machine that this is, and wait until they have ended; none stays
    warm.
    """
    _stopped.add(batch)
    until = time.monotonic() + STOPPING
    while batch in _under_way.values() and time.monotonic() < until:
        await asyncio.sleep(0.05)
    for thread, (warm_for, _) in list(_warm.items()):
        if warm_for == batch and thread not in _under_way:
            _close(thread)


class ClusterRuns:
    """Runs handed to a scheduler; asked like :class:`~.workers.ForkedRuns`.

    Raises :class:`NoClusterError` when the scheduler is gone, or all workers for too long.
    """

    kernel = ""  # each machine has its own way

    def __init__(self, client: Client, environment: dict[str, str], address: str):
        self.client, self.environment, self.address = client, environment, address
        self.batch = uuid.uuid4().hex  # so that a name is never that of a run of another batch
        self.handed, self.overdue, self.seen = {}, set(), time.monotonic()
        self.at_once = BESIDE * max(1, sum(self._threads().values()))

    @classmethod
    @contextmanager
    def at(
        cls,
        address: str,
        jobs: int,
        environment: dict[str, str],
        on_wait: Callable[[], None] = lambda: None,
    ) -> Iterator["ClusterRuns"]:
        """Runs on the scheduler at ``address``; ``local``: on a cluster of this machine with
        ``jobs`` workers (0: as many as cores). ``on_wait`` is called when a worker has to be waited
        for. Raises :class:`NoClusterError`.
        """
        with contextlib.ExitStack() as stack:
            _quiet(stack)
            if address == "local":
                client = stack.enter_context(_cluster_here(jobs or os.cpu_count() or 1))
            else:
                client = _client_of(address)
                stack.callback(client.close, timeout=2)
            runs = cls(client, environment, address)
            if not runs._threads():
                on_wait()
                with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
                    client.wait_for_workers(1, timeout=WORKERLESS)
                if not runs._threads():
                    raise NoClusterError("cli_cluster_workerless", address=address)
                runs = cls(client, environment, address)
            yield runs

    def _threads(self):
        """The workers' threads by host."""
        by_host = Counter()
        try:
            if self.client.status != "running":
                raise OSError
            for address, threads in self.client.nthreads().items():
                by_host[get_address_host(address)] += threads
        except Exception:  # the client's own ways to say that it is closed are many
            raise NoClusterError("cli_cluster_lost", address=self.address) from None
        if by_host:
            self.seen = time.monotonic()
        return dict(by_host)

    def start(self, order: dict) -> None:
        """Hand a run out."""
        record = order["record"]
        call = (run_here, order, self.batch, self.environment, self._threads())
        key = f"{self.batch}-{record}"
        self.handed[record] = self.client.submit(*call, key=key, pure=False, retries=0)

    def ended(self, wait: float) -> list[str]:
        """The records of the runs that have ended, waited for at most ``wait`` seconds."""
        until = time.monotonic() + wait
        while (
            not (done := [record for record, future in self.handed.items() if future.done()])
            and time.monotonic() < until
        ):
            time.sleep(0.05)
        if not self._threads() and time.monotonic() > self.seen + WORKERLESS:
            raise NoClusterError("cli_cluster_workerless", address=self.address)
        for record in done:
            future = self.handed.pop(record)
            if future.status == "finished" and future.result():
                self.overdue.add(record)
        return done

    def close(self) -> None:
        """Take back what was handed out, and wait until no worker writes any more."""
        if self.client.status != "running":
            return

        def stop():
            with contextlib.suppress(Exception):  # a worker may be gone, as may the scheduler
                self.client.cancel(list(self.handed.values()), force=True)
                self.client.run(stop_here, self.batch, on_error="ignore")

        stopping = threading.Thread(target=stop, daemon=True)
        stopping.start()
        stopping.join(STOPPING + 2)


def _client_of(address):
    """The client of the scheduler at an address; raises :class:`NoClusterError`."""
    try:
        asyncio.run(asyncio.wait_for(_scheduler_answers(address), CONNECTING))
        return Client(address, timeout=CONNECTING, set_as_default=False)
    except Exception as error:  # whatever stands at that address may answer anything
        detail = " ".join(f"{error}".split()) or type(error).__name__
        details = {"address": address, "detail": detail}
        raise NoClusterError("cli_cluster_unreachable", **details) from None


async def _scheduler_answers(address):
    """Raises something unless a scheduler answers at the address; dask's client would wait for ever
    where nothing is answered.
    """
    own = Security().get_connection_args("client")  # keys as dask's settings name them
    async with rpc(address, timeout=CONNECTING, connection_args=own) as there:
        kind = (await there.identity(n_workers=0))["type"]
    if kind != "Scheduler":
        raise ValueError(f"dask {kind}, not a scheduler")


def _quiet(stack):
    """Let dask say nothing: what a planner has to know is said in a sentence."""
    stack.callback(logging.disable, logging.root.manager.disable)
    logging.disable(logging.CRITICAL)
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")


class _Silent:
    """Of a node of dask: without the web server that it starts even where there is no dashboard."""

    http_server = None

    def start_http_server(self, *_, **__):
        pass


class _Scheduler(_Silent, Scheduler):
    pass


class _Worker(_Silent, Worker):
    pass


@contextmanager
def _cluster_here(workers):
    """The client of a cluster within this process, which goes with its folder."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="ntm-", ignore_cleanup_errors=True)
        )
        stack.enter_context(dask.config.set({"temporary-directory": place}))
        worker = {"cls": _Worker, "options": {"nthreads": 1, "protocol": "inproc://"}}
        scheduler = {"cls": _Scheduler, "options": {"protocol": "inproc://"}}
        nodes = {"workers": dict.fromkeys(range(workers), worker), "scheduler": scheduler}
        cluster = stack.enter_context(SpecCluster(**nodes))
        yield stack.enter_context(Client(cluster, set_as_default=False))

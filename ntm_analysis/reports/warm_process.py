"""The warm process: every import done once, and from it, by fork, page runs and kernels (``python
-m ntm_analysis.reports.warm_process``).

It is started by a plain subprocess and has one thread, no zmq context, no event loop and no shell,
so that a fork of it is a clean start. On its standard input stands a socket to the batch. Each line
asked is JSON, each line told too: asked ``{"run": order}`` or ``{"kill": pid}``, told ``{"started":
pid}``, in the order asked, and ``{"ended": pid, "code": n}``. A page run has such a socket of its
own and asks ``{"kernel": {"cmd", "cwd", "env"}}``. Whoever's socket closes, however its process
ended, loses the processes that it asked for; when the batch is gone, so is all of it.
"""

import contextlib
import datetime as dt
import gc
import os
import random
import select
import selectors
import signal
import socket
import sys
import tempfile
import traceback
from functools import partial
from importlib import import_module

from . import warm_kernel
from .render import without_grammar
from .workers import JsonLines, limit_memory

PAGES = ("district", "commune", "funding", "forecast", "allocation", "scenarios", "meeting")
LIBRARIES = (
    "seaborn",
    "matplotlib.backends.backend_agg",
    "matplotlib_inline.backend_inline",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "psutil",
    "papermill",
    "nbclient",
    "nbconvert.exporters",
    "babel.dates",
    "encodings.utf_8_sig",
    "pandas.core.reshape.reshape",
    "pandas.core.methods.to_dict",
    "scipy.optimize",
    "pdb",
    "faulthandler",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "ntm_analysis.reports.render",
)


class Asker(JsonLines):
    """One end of a socket that asks for processes, and who was started for it."""

    def __init__(self, connection: socket.socket):
        super().__init__(connection)
        self.started = set()

    def tell(self, **answer: int) -> None:
        """Tell the other end; one that is gone misses nothing."""
        with contextlib.suppress(OSError):
            self.send(**answer)

    def kill(self) -> None:
        """Kill what was started for it, with what that started."""
        for pid in self.started:
            _kill(pid)


def _kill(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it ended just now, or has not led its group yet
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class WarmProcess:
    """The loop of the warm process."""

    def __init__(self, batch: socket.socket):
        self.batch = Asker(batch)
        self.askers = {batch: self.batch}
        self.owner = {}
        self.choice = selectors.DefaultSelector()
        self.ended, self.signals = socket.socketpair()
        for end in (self.ended, self.signals):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.signals.fileno(), warn_on_full_buffer=False)
        for connection in (self.ended, batch):
            self.choice.register(connection, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer until the batch is gone."""
        while True:
            for key, _ in self.choice.select():
                if key.fileobj is self.ended:
                    self._reap()
                elif key.fileobj in self.askers and not self._answer(self.askers[key.fileobj]):
                    return

    def _answer(self, asker):
        try:
            lines = asker.lines()
        except ConnectionError:
            asker.kill()
            self.choice.unregister(asker.connection)
            del self.askers[asker.connection]
            asker.connection.close()
            if asker is self.batch:
                for other in self.askers.values():
                    other.kill()
            return asker is not self.batch
        for line in lines:
            if "kill" in line:
                if line["kill"] in asker.started:
                    _kill(line["kill"])
            elif "run" in line:
                ours, theirs = socket.socketpair()
                self.askers[ours] = Asker(ours)  # before the fork, which closes what is ours
                self._fork(asker, partial(_run, theirs, line["run"]))
                theirs.close()
                self.choice.register(ours, selectors.EVENT_READ)
            else:
                self._fork(asker, partial(_kernel, **line["kernel"]))
        return True

    def _fork(self, asker, become):
        pid = os.fork()
        if pid:
            asker.started.add(pid)
            self.owner[pid] = asker
            asker.tell(started=pid)
            return
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.choice.close()
            for connection in (*self.askers, self.ended, self.signals):
                connection.close()
            become()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)

    def _reap(self):
        self.ended.recv(4096)
        while self.owner:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            # what it started and left behind, while the number of its group cannot be another's
            _kill(ended.si_pid)
            pid, status = os.waitpid(ended.si_pid, 0)
            asker = self.owner.pop(pid)
            asker.started.discard(pid)
            asker.tell(ended=pid, code=os.waitstatus_to_exitcode(status))


def _run(connection, order):
    """Become one page run."""
    from .render import run

    warm_kernel.warm_process = connection
    run(order)
    os._exit(0)


def _kernel(cmd, cwd, env, memory):
    """Become the kernel that ``cmd`` would have started."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(env)
    if cwd:
        os.chdir(cwd)
    random.seed()  # of its own, as a process started anew has them
    sys.modules["numpy"].random.seed()
    limit_memory(memory)
    arguments = [*cmd[cmd.index("-m") + 2 :], f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.argv = [sys.modules["ipykernel.kernelapp"].__file__, *arguments]
    app = IPKernelApp.instance()
    app.initialize(arguments)
    # Imported when there was no shell: neither was its backend chosen nor the hook set that sends
    # figures to notebooks.
    from IPython.core.pylabtools import activate_matplotlib
    from matplotlib_inline.backend_inline import configure_inline_support

    activate_matplotlib(os.environ["MPLBACKEND"])
    configure_inline_support(app.shell, os.environ["MPLBACKEND"])
    app.start()
    os._exit(0)


def _warm_up():
    """Have prepared before a fork what is prepared at its first use: the template, fonts, the forms
    of numbers, the versions.
    """
    import pandas as pd
    from matplotlib.backends import backend_registry

    from ..language import STATE_SIGNS, write_date, write_number
    from ..pages import picture, state_bars
    from ..tables import software
    from .render import warm_up

    warm_up()
    software()
    backend_registry.list_all()
    for lang in ("vi", "en"):
        write_date(dt.date.today(), lang)
        write_number(0.5, lang)
    picture(state_bars(pd.DataFrame({state: [1] for state in STATE_SIGNS}, index=[""]), "vi"), "")


def main() -> None:
    """Warm up, say so, serve."""
    batch = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the batch's to answer; its end is ours
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with without_grammar():
        for name in (*LIBRARIES, *(f"ntm_analysis.pages.{page}" for page in PAGES)):
            import_module(name)
            # nothing is asked before we are ready: the batch is gone
            if select.select([batch], [], [], 0)[0]:
                return
    from jupyter_client.kernelspec import get_kernel_spec
    from jupyter_client.provisioning import KernelProvisionerFactory

    if not KernelProvisionerFactory.instance().is_provisioner_available(
        get_kernel_spec("ntm-warm")
    ):
        return  # the package's entry points are not known here
    _warm_up()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page of memory that it looks at
    process = WarmProcess(batch)
    with tempfile.TemporaryDirectory(
        prefix="ntm-", ignore_cleanup_errors=True
    ) as warm_kernel.place:
        process.batch.tell(ready=os.getpid())
        process.serve()
    os._exit(0)


if __name__ == "__main__":
    main()

"""Kernels forked from the warm process, for unmodified papermill: a kernel provisioner of
jupyter_client (its entry point ``ntm-warm``).

A process without a warm process beside it, such as plain papermill, gets the ordinary kernel.
"""

import os
import signal
import socket
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from .workers import JsonLines

warm_process: socket.socket | None = None  # set in page runs that were forked themselves
place = ""  # folder of the warm process, for the connections of its kernels
memory = 0  # MiB that a kernel may take; set by page runs
LONGEST = 80  # letters of a place: a socket's path has at most 107


class ForkedKernel:
    """A kernel forked by the warm process, with as much of ``subprocess.Popen`` as provisioners
    use.
    """

    stdin = stdout = stderr = None

    def __init__(self, warm: socket.socket, cmd: list[str], cwd: str | None, env: dict[str, str]):
        self.warm, self.answers, self.returncode = JsonLines(warm), [], None
        self.warm.send(kernel={"cmd": cmd, "cwd": cwd, "env": env, "memory": memory})
        self.pid = self._answer(wait=True)["started"]

    def _answer(self, wait):
        while not self.answers:
            self.warm.connection.setblocking(wait)
            try:
                self.answers += self.warm.lines()
            except BlockingIOError:
                return None
        return self.answers.pop(0)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        if self.returncode is None and (answer := self._answer(wait=False)):
            self.returncode = answer["code"]
        return self.returncode

    def wait(self) -> int:
        """The exit code, waited for."""
        if self.returncode is None:
            self.returncode = self._answer(wait=True)["code"]
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by a fork of the warm process; everything else is as with local kernels."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Connect by sockets in a folder.

        Of kernels that start at a time, one may be given the free port of another.
        """
        if warm_process is not None and len(place) < LONGEST:
            self.parent.transport = "ipc"
            self.parent.ip = f"{place}/{os.getpid()}"
            self.parent.connection_file = f"{self.parent.ip}.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch a kernel that has its imports already."""
        if warm_process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = ForkedKernel(
            warm_process, cmd, kwargs.get("cwd") or os.getcwd(), kwargs["env"]
        )
        self.pid = self.pgid = self.process.pid  # it leads its own group
        return self.connection_info

"""Commands that kill themselves before the nth thing they do to a file.

Run as a program this is a process with the package loaded that forks one child an order (a line of
JSON: ``arguments``, ``kill``, ``within``) and answers with a line: exit code (-9: killed), the acts
on files under ``within`` that the child came to, what it said. An act is whatever Python tells its
audit hooks of: a file opened for writing, renamed, removed, a folder made. Acts alike
(a copy's files) count once, renames always, and every act where ``every`` is asked for.
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ACTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink")
ACTS += ("os.truncate", "shutil.copyfile", "shutil.rmtree", "tempfile.mkdtemp")
SWAPS = ("os.rename", "ctypes.dlsym")  # by which what was built takes its place


def _hook(within: str, kill: int, acts: list[str], every: bool) -> None:
    def see(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            wanted = isinstance(flags, int) and flags & WRITING
        elif event == "ctypes.dlsym":  # the exchange of two folders, which no event tells
            path, wanted = within, f"{arguments[1]}".startswith("rename")
        elif event in ACTS:
            path, wanted = arguments[0], True  # of a renaming: what is there before
        else:
            return
        if not wanted or not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(path))
        if not path.startswith(within):
            return
        act = f"{event} {Path(path).suffix}"
        if every or event in SWAPS or act not in acts:
            acts.append(act)
            if len(acts) == kill:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(see)


def _child(order: dict, report: Path) -> None:
    from ntm_analysis.cli import main
    from ntm_analysis.data import versions

    acts, said = [], io.StringIO()
    os.chdir(order["within"])
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            if not order["swaps"]:
                versions.exchange = lambda *_: False
            _hook(order["within"], order["kill"], acts, order["every"])
            code = main(order["arguments"])
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            code = 70
            traceback.print_exc()
    report.write_text(json.dumps([code, list(acts), said.getvalue()]), encoding="utf-8")
    os._exit(0)


def serve() -> None:
    from ntm_analysis import cli, exchange, forecasts

    _ = cli.allocate, exchange.understand, exchange.rebase, forecasts.forecast  # loaded before
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report"
            if not (child := os.fork()):
                _child(json.loads(line), report)
            _, status = os.waitpid(child, 0)
            done = [-os.WTERMSIG(status), [], ""]
            if not os.WIFSIGNALED(status):
                done = json.loads(report.read_text(encoding="utf-8"))
        print(json.dumps(done), flush=True)


class Runs:
    """The process that forks, and orders to it."""

    def __init__(self) -> None:
        own = os.environ | {"NTM_STORE": "", "PYTHONWARNINGS": "ignore"}
        line = [sys.executable, __file__]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True, env=own)

    def run(
        self, within: Path, *arguments: str, kill: int = 0, every: bool = False, swaps: bool = True
    ) -> tuple[int, list[str], str]:
        """Exit code, acts, what was said; ``kill``: before which act, 0 for none; ``swaps``:
        whether the system can exchange two folders in one act.
        """
        order = {"within": str(within), "kill": kill, "every": every, "swaps": swaps}
        self.process.stdin.write(json.dumps(order | {"arguments": [*arguments]}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


if __name__ == "__main__":
    serve()

#!/usr/bin/env python3
"""Run the NTM workbook from a fresh copy of this folder: sets up .venv once, then runs the command
in it.

Only the standard library is imported, and the syntax stays old enough that a too old Python 3
reaches the sentence that says so. Nothing is printed on standard output except what the command
itself prints, which may be JSON.
"""

import contextlib
import errno
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import time
import unicodedata
from pathlib import Path

# Not resolve(): on Windows that would turn a network drive's letter into a path that many programs
# cannot start in.
ROOT = Path(os.path.abspath(__file__)).parent
VENV = ROOT / ".venv"
STAMP = VENV / "ntm-setup.txt"
LOCK_FILE = ROOT / ".venv.lock"
ADDING = "adding test tools"  # a line of the stamp
INTERRUPTED = 130  # what shells say of a command ended by Ctrl-C
USE, TEST = ROOT / "requirements.txt", ROOT / "requirements-test.txt"

# What an installed package would tell of itself; the entry points are those of pyproject.toml.
ABOUT = {
    "METADATA": "Metadata-Version: 2.1\nName: ntm-analysis\nVersion: 0\n",
    "entry_points.txt": "[jupyter_client.kernel_provisioners]\nntm-warm = ntm_analysis.reports.warm_kernel:WarmProvisioner\n",
}

USAGE = """\
usage: python3 run.py [--wheels DIR] [COMMAND] [arguments of the command]

The first run sets up the folder .venv (network needed, or --wheels).

commands:
  check        read and check a data set; every problem at once
  status       where the communes stand
  needs        what finishing costs, who pays, where the gap is
  forecast     whether every commune will finish by the deadline
  allocate     which works to fund in which year; what one commune more would take
  compare      scenarios side by side in the same worlds
  score        registered forecasts against what happened
  backtest     the forecast against published figures of provinces that it has not seen
  report       the district's pages, one page a commune and an index (also when no COMMAND is given)
  template     an Excel workbook to fill in, with the present rows
  import       read a filled template or an office's own form; all or nothing
  export       everything in one Excel workbook in office form
  rebase       carry a data set over to the units of a later day
  new          lay out an empty data set for a district that has none
  lab          open the notebooks in JupyterLab
  test         run the tests (arguments go to pytest)
  wheels DIR   download into DIR all that the set-up needs, for offices without network;
               they need the same system and the same Python version as this machine

options:
  --wheels DIR  set up from the folder DIR, without network
  -h, --help    show this text; `run.py COMMAND --help` explains a command
"""


class Failure(Exception):
    """Ends the run with a sentence in Vietnamese and English and an exit code."""

    def __init__(self, code, vi, en):
        super().__init__(en)
        self.code, self.vi, self.en = code, vi, en


def printable(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # Vietnamese without its marks is still readable on an old console; "\u1ec7" and "?" are
        # not.
        bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
        return bare.encode("ascii", "ignore").decode("ascii")
    return text


def say(vi, en):
    for text in (vi, en):
        sys.stderr.write(printable(text, sys.stderr.encoding or "ascii") + "\n")
    sys.stderr.flush()


def split(argv):
    """-> (folder of wheels or None, command, arguments); the command's own arguments are left as
    they are.
    """
    wheels, rest = None, list(argv)
    while rest and rest[0].startswith("-"):
        option, equals, value = rest.pop(0).partition("=")
        if option in ("-h", "--help") and not equals:
            return None, "help", []
        if option != "--wheels":
            raise Failure(
                2,
                f"Không có tuỳ chọn {option}; xem run.py --help.",
                f"Unknown option {option}; see run.py --help.",
            )
        wheels = value if equals else (rest.pop(0) if rest else "")
        if not Path(wheels).is_dir() or not wheels:
            raise Failure(
                2,
                f"--wheels: không có thư mục {wheels!r}.",
                f"--wheels: there is no folder {wheels!r}.",
            )
    command, arguments = (rest[0], rest[1:]) if rest else ("report", [])
    if command == "wheels" and (len(arguments) != 1 or arguments[0].startswith("-") or wheels):
        raise Failure(2, "Cách dùng: run.py wheels THƯ_MỤC", "Usage: run.py wheels DIR")
    return wheels, command, arguments


def venv_python():
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def site_packages():
    return Path(sysconfig.get_path("purelib", scheme="venv", vars={"base": str(VENV)}))


def pth_line():
    # Relative, so that it is ASCII whatever the folder is called: some Pythons read .pth files in
    # the encoding of the locale. Forward slashes are understood everywhere.
    return Path(os.path.relpath(ROOT, site_packages())).as_posix() + "\n"


def announce():
    """Tell the libraries of this package's entry points, as an installed package would."""
    about = site_packages() / "ntm_analysis-0.dist-info"
    for name, content in ABOUT.items():
        path = about / name
        if not path.exists() or path.read_text(encoding="ascii") != content:
            about.mkdir(exist_ok=True)
            path.write_text(content, encoding="ascii")


def stamp_lines(*locks):
    """What the stamp says when the set-up holds these locks.

    The patch release of Python does not matter to wheels.
    """
    lines = [f"python {sys.implementation.cache_tag} {sysconfig.get_platform()}"]
    return lines + [
        f"{lock.name} {hashlib.sha256(lock.read_bytes()).hexdigest()}" for lock in locks
    ]


def stamp():
    try:
        return STAMP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def write_stamp(*lines):
    STAMP.write_text("\n".join(lines) + "\n", encoding="utf-8")


def is_current(*locks):
    return venv_python().exists() and set(stamp_lines(*locks)) <= set(stamp())


def call(command, **options):
    """Run a command and return its exit code as a shell would say it.

    Ctrl-C is the command's to answer.
    """
    interrupted = False
    process = subprocess.Popen([str(part) for part in command], **options)
    # Who ends this process means the command.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while process.returncode is None:
            try:
                process.wait()
            except (
                KeyboardInterrupt
            ):  # the console sent it to the command too: JupyterLab asks back, pip tidies up
                interrupted = True
    finally:
        signal.signal(signal.SIGTERM, before)
    if interrupted and process.returncode != 0:
        return INTERRUPTED
    return 128 - process.returncode if process.returncode < 0 else process.returncode


def set_up_call(command, **options):
    """Run a step of the set-up: what it prints is not what the user's command prints."""
    code = call(command, stdout=sys.stderr, **options)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code


def pip(*arguments):
    environment = dict(os.environ)
    # Slow lines are usual where this is used; pip alone gives up after 15 seconds.
    environment.setdefault("PIP_DEFAULT_TIMEOUT", "60")
    # Only wheels: building from source needs compilers, which offices do not have.
    options = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--disable-pip-version-check",
        "--no-input",
    ]
    if sys.version_info >= (3, 15):
        # The locked PyYAML is older than this Python; it builds without a compiler. Drop this with
        # the next PyYAML.
        options += ["--no-binary", "pyyaml"]
    # -I: a folder called pip where the user stands is not pip.
    return set_up_call([venv_python(), "-I", "-m", "pip", *arguments, *options], env=environment)


def make_venv():
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Failure(
                1,
                f"Python này thiếu mô-đun {module}; trên Debian hoặc Ubuntu hãy cài gói python3-venv.",
                f"This Python lacks the module {module}; on Debian or Ubuntu install the package python3-venv.",
            )
    if set_up_call([sys.executable, "-I", "-m", "venv", "--clear", VENV]) != 0:
        raise Failure(
            1,
            "Không tạo được thư mục .venv; hãy đóng JupyterLab và các chương trình đang dùng thư mục này rồi chạy lại.",
            "Could not make the folder .venv; close JupyterLab and whatever else uses this folder, then run again.",
        )


@contextlib.contextmanager
def only_one():
    """Let one set-up at a time in.

    The system drops the lock with the process, so no crash can leave it behind.
    """
    with open(LOCK_FILE, "a+") as file:
        waiting = False
        while True:
            try:
                if os.name == "nt":
                    import msvcrt

                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                    break  # Some network drives know no locks; there the user must not start twice.
            if not waiting:
                say(
                    "Đang chờ một lần cài đặt khác xong ...",
                    "Waiting for another set-up to finish ...",
                )
                waiting = True
            time.sleep(0.5)
        yield


def set_up(lock, wheels=None):
    """Bring .venv to what the lock says, unless it is there already."""
    locks = [USE] if lock == USE else [USE, lock]
    if is_current(*locks):
        announce()  # a set-up of an older copy of this file did not
        return
    with only_one():
        if is_current(*locks):  # the other one has done it
            return
        say(
            "Đang cài đặt thư mục .venv (chỉ một lần, vài phút, tải khoảng 145-205 MB) ...",
            "Setting up the folder .venv (only once, some minutes, about 145 to 205 MB to download) ...",
        )
        # Test tools are only added to a good set-up: both locks agree. Everything else begins from
        # nothing, because what an interrupted or older set-up left cannot be trusted.
        adding = is_current(USE) and ADDING not in stamp()
        if adding:
            write_stamp(*stamp_lines(USE), ADDING)
        else:
            with contextlib.suppress(FileNotFoundError):
                STAMP.unlink()
            make_venv()
        source = ["--no-index", "--find-links", Path(wheels).resolve()] if wheels else []
        if pip("install", "-r", lock, *source) != 0:
            if adding:  # pip gave up before it changed anything
                write_stamp(*stamp_lines(USE))
            raise Failure(
                1,
                "Cài đặt không thành công: hãy kiểm tra mạng, hoặc dùng run.py --wheels THƯ_MỤC (xem run.py --help). "
                "Chắc chắn nhất là dùng Python 3.11 đến 3.14.",
                "The set-up failed: check the network, or use run.py --wheels DIR (see run.py --help). "
                "Python 3.11 to 3.14 are the surest.",
            )
        (site_packages() / "ntm_analysis.pth").write_text(pth_line(), encoding="ascii")
        announce()
        write_stamp(*stamp_lines(*locks))


def download(folder):
    with only_one():
        if not venv_python().exists():
            make_venv()  # without a stamp, so the next set-up begins anew
        # The test lock holds all of the other one; tests/test_setup.py checks that.
        if pip("download", "-r", TEST, "--dest", Path(folder).resolve()) != 0:
            raise Failure(
                1,
                "Tải về không thành công: hãy kiểm tra mạng và chỗ trống trên đĩa.",
                "The download failed: check the network and the free space on the disk.",
            )
    say(
        f"Đã tải xong. Ở máy không có mạng: python3 run.py --wheels {folder}",
        f"Downloaded. On the machine without network: python3 run.py --wheels {folder}",
    )
    return 0


def child(command, arguments):
    """-> (what to run in .venv, its working folder or None for the user's)."""
    if command == "test":
        return ["-m", "pytest", *arguments], ROOT
    if command == "lab":
        # Its overrides.json: defaults of this project, the interface in Vietnamese; what a user
        # sets in JupyterLab goes before.
        places = [
            f"--ServerApp.root_dir={ROOT}",
            f"--LabApp.app_settings_dir={ROOT / 'ntm_analysis' / 'lab'}",
        ]
        places += ["--LabApp.default_url=/lab/tree/notebooks/start.ipynb"]
        return ["-m", "jupyterlab", *places, *arguments], ROOT
    return ["-m", "ntm_analysis", command, *arguments], None


def main(argv):
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - this is what says so
            found = "{}.{}".format(*sys.version_info[:2])
            raise Failure(
                2,
                f"Cần Python 3.11 trở lên; đây là Python {found}.",
                f"Python 3.11 or newer is needed; this is Python {found}.",
            )
        wheels, command, arguments = split(argv)
        if command == "help":
            sys.stdout.write(USAGE)
            return 0
        if command == "wheels":
            return download(arguments[0])
        set_up(TEST if command == "test" else USE, wheels)
        line, folder = child(command, arguments)
        return call([venv_python(), *line], cwd=folder)
    except Failure as failure:
        say(failure.vi, failure.en)
        return failure.code
    except OSError as error:
        say(
            f"Không đọc hoặc ghi được tệp: {error}", f"A file could not be read or written: {error}"
        )
        return 1
    except KeyboardInterrupt:
        say("Đã dừng.", "Stopped.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Run the NTM workbook from a fresh copy of this folder: sets up .venv once, then runs the command
in it.

Only the standard library is imported, and the syntax stays old enough that a too old Python 3
reaches the sentence that says so. Nothing is printed on standard output except what the command
itself prints, which may be JSON; the set-up speaks one line a step on standard error.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import unicodedata
from pathlib import Path

# Not resolve(): on Windows that would turn a network drive's letter into a path that many programs
# cannot start in.
ROOT = Path(os.path.abspath(__file__)).parent
VENV = ROOT / ".venv"
STAMP = VENV / "ntm-setup.txt"
LOCK_FILE = ROOT / ".venv.lock"
LOG = ROOT / ".venv-setup.log"  # all that the steps of the last set-up printed
ADDING = "adding test tools"  # a line of the stamp
INTERRUPTED = 130  # what shells say of a command ended by Ctrl-C
USE, TEST = ROOT / "requirements.txt", ROOT / "requirements-test.txt"
# About how many packages and megabytes a set-up by these locks downloads.
LOADS = {USE.name: (125, 145), TEST.name: (155, 205)}
COMMANDS = ROOT / "ntm_analysis" / "commands.yaml"  # what ntm itself says of its commands

# What an installed package would tell of itself; the entry points are those of pyproject.toml.
ABOUT = {
    "METADATA": "Metadata-Version: 2.1\nName: ntm-analysis\nVersion: 0\n",
    "entry_points.txt": "[jupyter_client.kernel_provisioners]\n"
    "ntm-warm = ntm_analysis.reports.warm_kernel:WarmProvisioner\n",
}

SPOKEN = {"lang": "vi"}  # or "en"; main() reads it from the arguments

USAGE = {
    "vi": """\
cách dùng: python3 run.py [--lang vi|en] [--wheels THƯ_MỤC] [LỆNH] [tham số của lệnh]

Lần chạy đầu tự cài phần mềm vào thư mục .venv (cần mạng, hoặc --wheels).
Không ghi LỆNH thì lập báo cáo (report).

các lệnh:
{commands}
  lab             mở các sổ tính trong JupyterLab
  test            chạy kiểm thử phần mềm (--long: cả bài chạy lâu; tham số chuyển cho pytest)
  wheels THƯ_MỤC  tải về THƯ_MỤC mọi gói cần để cài đặt, cho máy không có mạng
                  (máy đó phải cùng hệ điều hành và cùng bản Python với máy này)
  advisories      đối chiếu các gói đã ghim phiên bản với cảnh báo bảo mật đã công bố (cần mạng)

các tùy chọn:
  --wheels THƯ_MỤC  cài đặt từ THƯ_MỤC, không cần mạng
  --lang vi|en      ngôn ngữ: tiếng Việt (mặc định), tiếng Anh
  -h, --help        hiện phần hướng dẫn này; về một lệnh: run.py LỆNH --help
""",
    "en": """\
usage: python3 run.py [--lang vi|en] [--wheels DIR] [COMMAND] [arguments of the command]

The first run sets up the folder .venv (network needed, or --wheels).
Without COMMAND it makes the report.

commands:
{commands}
  lab             open the notebooks in JupyterLab
  test            run the tests (--long: also the long ones; arguments go to pytest)
  wheels DIR      download into DIR all that the set-up needs, for offices without network;
                  they need the same system and the same Python version as this machine
  advisories      check the locked packages against published advisories (network needed)

options:
  --wheels DIR  set up from the folder DIR, without network
  --lang vi|en  language: Vietnamese (default), English
  -h, --help    show this text; of one command: run.py COMMAND --help
""",
}


class SetupError(Exception):
    """Ends the run with a sentence in Vietnamese or English and an exit code."""

    def __init__(self, vi, en, code=1):
        super().__init__(en)
        self.vi, self.en, self.code = vi, en, code


def printable(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # Vietnamese without its marks is still readable on an old console; "\u1ec7" and "?"
        # are not.
        bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
        return bare.encode("ascii", "ignore").decode("ascii")
    return text


def say(vi, en, end="\n"):
    text = (en if SPOKEN["lang"] == "en" else vi) + end
    sys.stderr.write(printable(text, sys.stderr.encoding or "ascii"))
    sys.stderr.flush()


def usage():
    entries = re.findall(
        r'(?m)^  (\w+):\n    vi: "(.*)"\n    en: "(.*)"$', COMMANDS.read_text(encoding="utf-8")
    )
    place = 2 if SPOKEN["lang"] == "en" else 1
    lines = [f"  {entry[0]:<14}  {entry[place]}" for entry in entries]
    return USAGE[SPOKEN["lang"]].format(commands="\n".join(lines))


def take_language(argv):
    """-> (what --lang says anywhere among the arguments or None, the other arguments)."""
    lang, others, words = None, [], iter(argv)
    for word in words:
        option, equals, value = word.partition("=")
        if option == "--lang":
            lang = value if equals else next(words, "")
        else:
            others.append(word)
    if lang not in (None, "vi", "en"):
        raise SetupError(f"--lang: vi, en; không có {lang!r}.", f"--lang: vi, en; not {lang!r}.", 2)
    return lang, others


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
            vi, en = f"Không có tùy chọn {option}", f"Unknown option {option}"
            raise SetupError(f"{vi}; xem run.py --help.", f"{en}; see run.py --help.", 2)
        wheels = value if equals else (rest.pop(0) if rest else "")
        if not Path(wheels).is_dir() or not wheels:
            vi, en = "không có thư mục", "there is no folder"
            raise SetupError(f"--wheels: {vi} {wheels!r}.", f"--wheels: {en} {wheels!r}.", 2)
    command, arguments = (rest[0], rest[1:]) if rest else ("report", [])
    if command == "wheels" and (len(arguments) != 1 or arguments[0].startswith("-") or wheels):
        raise SetupError("Cách dùng: run.py wheels THƯ_MỤC", "Usage: run.py wheels DIR", 2)
    if command == "advisories" and (arguments or wheels):
        raise SetupError("Cách dùng: run.py advisories", "Usage: run.py advisories", 2)
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
    lines = [f"{lock.name} {hashlib.sha256(lock.read_bytes()).hexdigest()}" for lock in locks]
    return [f"python {sys.implementation.cache_tag} {sysconfig.get_platform()}", *lines]


def stamp():
    try:
        return STAMP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def write_stamp(*lines):
    STAMP.write_text("\n".join(lines) + "\n", encoding="utf-8")


def is_current(*locks):
    return venv_python().exists() and set(stamp_lines(*locks)) <= set(stamp())


def call(command, clock=False, **options):
    """Run a command and return its exit code as a shell would say it; a clock shows the seconds.

    Ctrl-C is the command's to answer.
    """
    began, interrupted = time.monotonic(), False
    process = subprocess.Popen([str(part) for part in command], **options)
    # Who ends this process means the command.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while process.returncode is None:
            try:
                if clock:  # shorter than the sentence that will be written over it
                    seconds = f"{time.monotonic() - began:.0f}"
                    say(f"{seconds} giây", f"{seconds} s", end="\r")
                process.wait(2 if clock else None)
            except subprocess.TimeoutExpired:
                continue
            except KeyboardInterrupt:
                # the console sent it to the command too: JupyterLab asks back, pip tidies up
                interrupted = True
    finally:
        signal.signal(signal.SIGTERM, before)
    if interrupted and process.returncode != 0:
        return INTERRUPTED
    return 128 - process.returncode if process.returncode < 0 else process.returncode


def step(command, output=None, **options):
    """Run a step of the set-up: its output goes to the log, a terminal sees the seconds pass."""
    with LOG.open("ab") as log:
        code = call(command, sys.stderr.isatty(), stdout=output or log, stderr=log, **options)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code


def step_failure(vi, en):
    """A failure that tells what the step complained of last, and where all it printed stands."""
    _head, *lines = filter(str.strip, LOG.read_text("utf-8", "replace").splitlines())
    warnings, errors = ([x for x in lines if x.startswith(mark)] for mark in ("WARNING", "ERROR"))
    last = "".join(f"\n  {line}" for line in warnings[-1:] + (errors or lines)[-1:])
    return SetupError(
        f"{vi}{last}\nToàn bộ ghi ở {LOG}; khi nhờ hỗ trợ, hãy gửi kèm tệp này.",
        f"{en}{last}\nAll of it stands in {LOG}; send this file along when you ask for help.",
    )


def pip(*arguments):
    environment = dict(os.environ)
    # Slow lines are usual where this is used; pip alone gives up after 15 seconds.
    environment.setdefault("PIP_DEFAULT_TIMEOUT", "60")
    # Only wheels: building from source needs compilers, which offices do not have.
    options = ["--require-hashes", "--only-binary=:all:", "--no-input"]
    options += ["--disable-pip-version-check"]
    if sys.version_info >= (3, 15):
        # The locked PyYAML is older than this Python; it builds without a compiler. Drop this with
        # the next PyYAML.
        options += ["--no-binary", "pyyaml"]
    # -I: a folder called pip where the user stands is not pip. utf8: the log, whatever the system.
    python = [venv_python(), "-I", "-X", "utf8"]
    return step([*python, "-m", "pip", *arguments, *options], env=environment)


def make_venv():
    say("Tạo thư mục .venv ...", "Making the folder .venv ...")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"Python này thiếu mô-đun {module}; trên Debian hoặc Ubuntu "
                "hãy cài gói python3-venv.",
                f"This Python lacks the module {module}; on Debian or Ubuntu "
                "install the package python3-venv.",
            )
    if step([sys.executable, "-I", "-X", "utf8", "-m", "venv", "--clear", VENV]) != 0:
        raise step_failure(
            "Không tạo được thư mục .venv; "
            "hãy đóng JupyterLab và các chương trình đang dùng thư mục này rồi chạy lại.",
            "Could not make the folder .venv; "
            "close JupyterLab and whatever else uses this folder, then run again.",
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
                say("Chờ một lần cài đặt khác xong ...", "Waiting for another set-up ...")
                waiting = True
            time.sleep(0.5)
        LOG.write_text(f"Python {sys.version}, {sysconfig.get_platform()}\n", encoding="utf-8")
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
        began = time.monotonic()
        # Test tools are only added to a good set-up: both locks agree. Everything else begins from
        # nothing, because what an interrupted or older set-up left cannot be trusted.
        adding = is_current(USE) and ADDING not in stamp()
        if adding:
            write_stamp(*stamp_lines(USE), ADDING)
        else:
            with contextlib.suppress(FileNotFoundError):
                STAMP.unlink()
            make_venv()
        n, size = (a - adding * b for a, b in zip(LOADS[lock.name], LOADS[USE.name], strict=True))
        source = ["--no-index", "--find-links", Path(wheels).resolve()] if wheels else []
        if wheels:
            say(f"Cài khoảng {n} gói từ {wheels} ...", f"Installing {n} packages from {wheels} ...")
        else:
            say(
                f"Tải và cài khoảng {n} gói, {size} MB (chỉ một lần, vài phút tùy mạng) ...",
                f"Installing about {n} packages, {size} MB to download (once, some minutes) ...",
            )
        if pip("install", "-r", lock, *source) != 0:
            if adding:  # pip gave up before it changed anything
                write_stamp(*stamp_lines(USE))
            raise step_failure(
                "Cài đặt không thành công: hãy kiểm tra mạng, hoặc dùng run.py --wheels với "
                "THƯ_MỤC tải ở máy cùng hệ điều hành, cùng bản Python (tốt nhất là 3.11 đến 3.14).",
                "The set-up failed: check the network, or use run.py --wheels with a DIR from a "
                "machine with the same system and Python version (3.11 to 3.14 are the surest).",
            )
        (site_packages() / "ntm_analysis.pth").write_text(pth_line(), encoding="ascii")
        announce()
        write_stamp(*stamp_lines(*locks))
        seconds = f"{time.monotonic() - began:.0f}"
        say(f"Xong sau {seconds} giây.", f"Done after {seconds} seconds.")


def download(folder):
    with only_one():
        if not venv_python().exists():
            make_venv()  # without a stamp, so the next set-up begins anew
        n, size = LOADS[TEST.name]
        say(
            f"Tải khoảng {n} gói, {size} MB, vào {folder} (vài phút tùy mạng) ...",
            f"Downloading about {n} packages, {size} MB, into {folder} (some minutes) ...",
        )
        # The test lock holds all of the other one; tests/test_setup.py checks that.
        if pip("download", "-r", TEST, "--dest", Path(folder).resolve()) != 0:
            raise step_failure(
                "Tải về không thành công: hãy kiểm tra mạng và chỗ trống trên đĩa.",
                "The download failed: check the network and the free space on the disk.",
            )
    say(
        f"Đã tải xong. Ở máy không có mạng: python3 run.py --wheels {folder}",
        f"Downloaded. On the machine without network: python3 run.py --wheels {folder}",
    )
    return 0


def advisories():
    vi = "Không tra được cảnh báo: hãy kiểm tra mạng, hoặc chạy ở máy hỏi được kho gói Python gốc."
    en = "The advisories could not be reached: check the network; mirrors of the index lack them."
    with only_one(), tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as answer:
        say("Cài pip-audit vào thư mục tạm ...", "Installing pip-audit in a temporary folder ...")
        if pip("install", "-r", ROOT / "requirements-advisories.txt", "--target", folder) == 0:
            say("Tra các gói đã ghim ...", "Asking about the pins of the locks ...")
            line = [venv_python(), "-P", "-m", "pip_audit", "--require-hashes", "--disable-pip"]
            line += ["--format=json", "--progress-spinner=off", f"--cache-dir={folder}/cache"]
            # Strict: a pin that the index does not know ends it, else it would pass for sound.
            line += ["--strict", *(f"-r{lock}" for lock in ROOT.glob("requirements*.txt"))]
            step(line, answer, env={**os.environ, "PYTHONPATH": folder})
        pins = []
        answer.seek(0)
        with contextlib.suppress(ValueError):  # the exit code is 1 for findings too
            pins = json.load(answer)["dependencies"]
        if not pins or any("vulns" not in pin for pin in pins):
            raise step_failure(vi, en)
    found = [(f"{pin['name']} {pin['version']}", known) for pin in pins for known in pin["vulns"]]
    for pin, known in found:
        fixed = ", ".join(known["fix_versions"]) or "-"
        say(f"{pin}: {known['id']}, sửa ở {fixed}", f"{pin}: {known['id']}, fixed in {fixed}")
    if not found:
        say(f"Không có cảnh báo về {len(pins)} gói.", f"Nothing known against {len(pins)} pins.")
    return min(len(found), 1)


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
    # -P: what lies in the folder where the user stands is no module, however it is called.
    return ["-P", "-m", "ntm_analysis", command, *arguments], None


def main(argv):
    SPOKEN["lang"] = "vi"
    try:
        lang, argv = take_language(argv)
        SPOKEN["lang"] = lang or "vi"
        if sys.version_info < (3, 11):  # noqa: UP036 - this is what says so
            vi, en = "Cần Python 3.11 trở lên; đây là", "Python 3.11 or newer is needed; this is"
            this = "Python {}.{}.".format(*sys.version_info[:2])
            raise SetupError(f"{vi} {this}", f"{en} {this}", 2)
        wheels, command, arguments = split(argv)
        if command == "help":
            sys.stdout.write(printable(usage(), sys.stdout.encoding or "ascii"))
            return 0
        if command == "wheels":
            return download(arguments[0])
        set_up(TEST if command == "test" else USE, wheels)
        if command == "advisories":
            return advisories()
        if lang and command not in ("lab", "test"):  # these two know no --lang
            arguments = ["--lang", lang, *arguments]
        line, folder = child(command, arguments)
        return call([venv_python(), *line], cwd=folder)
    except SetupError as failure:
        say(failure.vi, failure.en)
        return failure.code
    except OSError as error:
        vi, en = "Không đọc hoặc ghi được tệp", "A file could not be read or written"
        say(f"{vi}: {error}", f"{en}: {error}")
        return 1
    except KeyboardInterrupt:
        say("Đã dừng.", "Stopped.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The set-up files agree with each other, and run.py does what its help says, without touching the
real .venv.
"""

import ast
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
USE = [Requirement(text) for text in PROJECT["dependencies"]]
TEST = [Requirement(text) for text in PROJECT["optional-dependencies"]["test"]]
ADVISORIES = [Requirement(text) for text in PYPROJECT["dependency-groups"]["advisories"]]
LOCKS = ["requirements.txt", "requirements-test.txt", "requirements-cluster.txt"]
LOCKS += ["requirements-advisories.txt"]

# Where conda-forge gives a package another name; its names are otherwise the same in small letters.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}


def locked(name):
    """The requirements of a lock, each with its hashes on one line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pins(name):
    """-> {package: [its pinned requirements]}; more than one where the version depends on the
    Python.
    """
    found = {}
    for line in locked(name):
        requirement = Requirement(line.split("--hash")[0])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


# --- locks, pyproject.toml, environment.yml -------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_host_and_every_requirement_has_a_hash(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and not re.search(r"https?:", text)
    assert str(ROOT) not in text
    for line in locked(name):
        assert re.fullmatch(
            r"[a-z0-9-]+==[^\s;]+( +;.*?)?( +--hash=sha256:[0-9a-f]{64})+ *", line
        ), line


@pytest.mark.parametrize("name", [*LOCKS, "pyproject.toml", "environment.yml", "run.py", ".ci/run"])
def test_set_up_files_name_no_host_and_no_place_on_one_machine(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/|[A-Z]:\\", text)


def test_every_lock_is_looked_at_here():
    # `run.py advisories` asks about all that are called so.
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(LOCKS)


def test_no_two_locks_pin_a_package_differently():
    # pip-audit would refuse them.
    versions = {}
    for name in LOCKS:
        for package, pinned in pins(name).items():
            held = [pin for pin in pinned if not pin.marker or pin.marker.evaluate()]
            versions.setdefault(package, set()).update(str(pin.specifier) for pin in held)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("name", "wanted"), [(LOCKS[0], USE), (LOCKS[1], USE + TEST), (LOCKS[3], ADVISORIES)]
)
def test_lock_holds_every_dependency_within_its_bounds(name, wanted):
    pinned = pins(name)
    for dependency in wanted:
        for pin in pinned[canonicalize_name(dependency.name)]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert dependency.specifier.contains(version), (
                f"{pin} is not {dependency}: make the locks anew"
            )


def test_no_test_tool_is_in_the_lock_for_use():
    assert not {canonicalize_name(tool.name) for tool in TEST} & set(pins(LOCKS[0]))


def test_test_lock_is_the_lock_for_use_and_more():
    # Also what lets `run.py wheels` download with the test lock alone, and `run.py test` add to a
    # set-up for use. A package may be wanted on more systems there (psutil), in no other version
    # and with no other hash.
    used, tested = (
        {(line.split()[0], line.partition("--hash")[2]) for line in locked(name)}
        for name in LOCKS[:2]
    )
    assert used < tested


def test_every_dependency_has_a_lower_bound():
    for dependency in USE + TEST + ADVISORIES:
        assert any(specifier.operator == ">=" for specifier in dependency.specifier), dependency


def test_conda_environment_is_in_step_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == "ntm"
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (with_pip,) = (entry for entry in environment["dependencies"] if not isinstance(entry, str))
    assert with_pip == {"pip": ["-e ."]}
    names = {dependency.name: dependency.name.lower() for dependency in USE} | CONDA_NAMES
    expected = {names[dependency.name]: dependency.specifier for dependency in USE}
    found = {requirement.name: requirement.specifier for requirement in map(Requirement, plain)}
    assert str(found.pop("python")) == PROJECT["requires-python"]
    assert not str(found.pop("pip"))
    assert found == expected


def test_ci_runs_exactly_the_documented_command():
    script = ROOT / ".ci" / "run"
    assert script.read_text(encoding="utf-8").rstrip().splitlines()[-1] == "python3 run.py test"
    if os.name != "nt":
        assert os.access(script, os.X_OK)


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_style(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--quiet", "."],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- run.py: before any set-up --------------------------------------------------------------------


def load_run():
    # Not an ordinary import: in an environment without run.py's .pth file the repository is not on
    # the path.
    spec = importlib.util.spec_from_file_location("run_for_tests", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run():
    return load_run()


def test_run_imports_only_the_standard_library():
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else node.module.split(".")[0])
    assert names and names <= sys.stdlib_module_names


def test_an_old_python_can_read_run_far_enough_to_say_so(run, monkeypatch, capsys):
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 8, 10, "final", 0))
        codes = [run.main(["report"]), run.main(["report", "--lang", "en"])]
    assert codes == [2, 2]
    assert capsys.readouterr() == (
        "",
        "Cần Python 3.11 trở lên; đây là Python 3.8.\n"
        "Python 3.11 or newer is needed; this is Python 3.8.\n",
    )


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], (None, "report", [])),
        (["status", "--json", "-h"], (None, "status", ["--json", "-h"])),
        (["test", "--version"], (None, "test", ["--version"])),
        (["lab", "--no-browser"], (None, "lab", ["--no-browser"])),
        (["report", "--wheels", "x"], (None, "report", ["--wheels", "x"])),
        (["wheels", "thư mục"], (None, "wheels", ["thư mục"])),
        (["-h"], (None, "help", [])),
        (["--help", "status"], (None, "help", [])),
    ],
)
def test_split(run, argv, expected):
    assert run.split(argv) == expected


def test_split_takes_the_folder_of_wheels_in_both_spellings(run, tmp_path):
    folder = tmp_path / "gói = cài đặt"
    folder.mkdir()
    assert run.split(["--wheels", str(folder)]) == (str(folder), "report", [])
    assert run.split([f"--wheels={folder}", "check", "-q"]) == (str(folder), "check", ["-q"])


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], (None, [])),
        (["status", "--json"], (None, ["status", "--json"])),
        (["--lang", "en", "--help"], ("en", ["--help"])),
        (["--help", "--lang=en"], ("en", ["--help"])),
        (["status", "--lang", "en", "--json"], ("en", ["status", "--json"])),
        (["--lang", "en", "status", "--lang", "vi"], ("vi", ["status"])),
        (["wheels", "en", "--lang", "en"], ("en", ["wheels", "en"])),
    ],
)
def test_the_language_may_stand_anywhere(run, argv, expected):
    assert run.take_language(argv) == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["status", "--json"], ["status", "--json"]),
        (["status", "--json", "--lang", "en"], ["status", "--lang", "en", "--json"]),
        (["--lang=vi"], ["report", "--lang", "vi"]),
        (["lab", "--lang", "en"], ["lab"]),
        (["test", "--lang", "en", "-x"], ["test", "-x"]),
        (["no-command", "--lang", "en"], ["no-command", "--lang", "en"]),
    ],
)
def test_the_language_is_handed_on_to_the_commands_of_ntm(run, monkeypatch, argv, expected):
    monkeypatch.setattr(run, "set_up", lambda *_: None)
    monkeypatch.setattr(run, "child", lambda command, arguments: ([command, *arguments], None))
    monkeypatch.setattr(run, "call", lambda line, **_: line[1:])
    assert run.main(argv) == expected


@pytest.mark.parametrize(
    "argv",
    [
        ["--json"],
        ["--lang"],
        ["--lang", "fr", "status"],
        ["status", "--lang=EN"],
        ["-x", "status"],
        ["--help=1"],
        ["--wheels"],
        ["--wheels", ""],
        ["--wheels", "no such folder", "report"],
        ["wheels"],
        ["wheels", "a", "b"],
        ["wheels", "--help"],
        ["--wheels", ".", "wheels", "a"],
        ["advisories", "requirements.txt"],
        ["advisories", "--help"],
        ["--wheels", ".", "advisories"],
    ],
)
def test_mistakes_before_the_command_end_with_2_and_change_nothing(run, monkeypatch, capsys, argv):
    monkeypatch.setattr(run, "set_up", lambda *_: pytest.fail("set-up began"))
    monkeypatch.setattr(run, "download", lambda *_: pytest.fail("download began"))
    assert run.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1


def test_a_mistake_is_told_in_vietnamese_or_in_english_when_asked(run, capsys):
    assert run.main(["--json"]) == run.main(["--json", "--lang", "en"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "Không có tùy chọn --json; xem run.py --help.",
        "Unknown option --json; see run.py --help.",
    ]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_names_every_command_in_any_console(lang):
    done = subprocess.run(
        [sys.executable, "run.py", "--help", "--lang", lang],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    commands = yaml.safe_load(load_run().COMMANDS.read_bytes())["commands"]
    lines = done.stdout.decode("ascii").splitlines()
    named = {line.split()[0] for line in lines if line.startswith("  ")}
    assert {*commands, "lab", "test", "wheels", "advisories", "--wheels", "--lang", "-h,"} <= named


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_says_of_every_command_of_ntm_what_ntm_itself_says(run, capsys, lang):
    assert run.main(["--lang", lang, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, entry in yaml.safe_load(run.COMMANDS.read_bytes())["commands"].items():
        assert f"  {name:<14}  {entry[lang]}" in lines


def test_vietnamese_stays_readable_on_a_cp1252_console():
    done = subprocess.run(
        [sys.executable, "run.py", "--đâu"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.decode("cp1252").startswith("Khong co tuy chon --dau; xem run.py --help.")


# --- run.py: the set-up, in a folder of its own ---------------------------------------------------


class SetUp:
    """run.py in a folder with a space and Vietnamese letters, with the slow steps replaced by ones
    that take notes.
    """

    def __init__(self, run, folder, monkeypatch):
        self.run, self.steps, self.pip_code, self.pip_output = run, [], 0, ""
        folder.mkdir()
        for name, value in {
            "ROOT": folder,
            "VENV": folder / ".venv",
            "STAMP": folder / ".venv" / run.STAMP.name,
            "LOCK_FILE": folder / run.LOCK_FILE.name,
            "LOG": folder / run.LOG.name,
            "USE": folder / "requirements.txt",
            "TEST": folder / "requirements-test.txt",
            "make_venv": self.make_venv,
            "pip": self.pip,
        }.items():
            monkeypatch.setattr(run, name, value)
        run.USE.write_text("a==1\n", encoding="utf-8")
        run.TEST.write_text("a==1\nb==2\n", encoding="utf-8")

    def make_venv(self):
        self.steps.append("venv")
        self.run.venv_python().parent.mkdir(parents=True, exist_ok=True)
        self.run.venv_python().touch()
        self.run.site_packages().mkdir(parents=True, exist_ok=True)

    def pip(self, *arguments):
        time.sleep(0.05)
        self.steps.append(" ".join(getattr(part, "name", part) for part in arguments))
        with self.run.LOG.open("a", encoding="utf-8") as log:
            log.write(self.pip_output)
        return self.pip_code

    def did(self, lock, wheels=None):
        self.steps.clear()
        self.run.set_up(lock, wheels)
        return list(self.steps)


@pytest.fixture
def fresh(run, tmp_path, monkeypatch):
    return SetUp(run, tmp_path / "Nông thôn mới", monkeypatch)


def test_set_up_happens_once_and_says_a_line_a_step_on_standard_error(fresh, capsys):
    assert fresh.did(fresh.run.USE) == ["venv", "install -r requirements.txt"]
    assert capsys.readouterr() == (
        "",
        "Tải và cài khoảng 125 gói, 145 MB (chỉ một lần, vài phút tùy mạng) ...\n"
        "Xong sau 0 giây.\n",
    )
    assert fresh.did(fresh.run.USE) == []
    assert capsys.readouterr() == ("", "")


def test_set_up_speaks_english_when_asked(fresh, monkeypatch, capsys):
    monkeypatch.setattr(fresh.run, "call", lambda *_, **__: 0)
    assert fresh.run.main(["status", "--lang", "en"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "Installing about 125 packages, 145 MB to download (once, some minutes) ...",
        "Done after 0 seconds.",
    ]


@pytest.mark.parametrize("name", LOCKS[:2])
def test_set_up_announces_about_as_many_packages_as_the_lock_names(run, name):
    # Some are for other systems.
    assert run.LOADS[name][0] == pytest.approx(len(pins(name)), abs=8)


def test_tests_are_added_to_a_good_set_up_and_hold_the_one_for_use(fresh):
    fresh.did(fresh.run.USE)
    assert fresh.did(fresh.run.TEST) == ["install -r requirements-test.txt"]
    assert fresh.did(fresh.run.TEST) == fresh.did(fresh.run.USE) == []


def test_a_new_lock_or_another_python_means_a_new_set_up(fresh, monkeypatch):
    fresh.did(fresh.run.USE)
    fresh.run.USE.write_text("a==2\n", encoding="utf-8")
    assert fresh.did(fresh.run.USE) == ["venv", "install -r requirements.txt"]
    monkeypatch.setattr(fresh.run.sysconfig, "get_platform", lambda: "another machine")
    assert fresh.did(fresh.run.USE) == ["venv", "install -r requirements.txt"]


def test_an_interrupted_set_up_is_redone(fresh, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fresh.run, "pip", interrupted)
    assert fresh.run.main(["report"]) == 130
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setattr(fresh.run, "pip", fresh.pip)
    assert fresh.did(fresh.run.USE) == ["venv", "install -r requirements.txt"]


def test_a_failed_download_ends_with_1_and_says_what_to_do_and_what_pip_said_last(fresh, capsys):
    fresh.pip_code = 1
    fresh.pip_output = (
        "Collecting a==1\nWARNING: Retrying after connection broken: /simple/a/\n"
        "ERROR: Could not find a version\nERROR: No matching distribution\n\n"
    )
    assert fresh.run.main(["report"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[1:] == [
        "Cài đặt không thành công: hãy kiểm tra mạng, hoặc dùng run.py --wheels với THƯ_MỤC tải ở "
        "máy cùng hệ điều hành, cùng bản Python (tốt nhất là 3.11 đến 3.14).",
        "  WARNING: Retrying after connection broken: /simple/a/",
        "  ERROR: No matching distribution",
        f"Toàn bộ ghi ở {fresh.run.LOG}; khi nhờ hỗ trợ, hãy gửi kèm tệp này.",
    ]
    assert "Collecting a==1" in fresh.run.LOG.read_text(encoding="utf-8")
    assert not fresh.run.is_current(fresh.run.USE)


def test_a_step_that_names_no_error_is_told_by_its_last_line(fresh):
    fresh.run.LOG.write_bytes(
        "Python\nTraceback ...\n  line\nTimeoutError: Th\xe0nh\n\n".encode("latin-1")
    )
    assert fresh.run.step_failure("Hỏng.", "Broken.").en.splitlines()[:2] == [
        "Broken.",
        "  TimeoutError: Th\ufffdnh",
    ]


def test_the_log_is_of_the_last_set_up_and_says_on_which_python(fresh):
    fresh.pip_output = "first\n"
    fresh.did(fresh.run.USE)
    fresh.pip_output = "second\n"
    fresh.did(fresh.run.TEST)
    first_line, *others = fresh.run.LOG.read_text(encoding="utf-8").splitlines()
    assert sys.version.split()[0] in first_line and others[-1] == "second"
    assert "first" not in others


def test_the_log_is_not_for_git():
    assert load_run().LOG.name in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_failing_to_add_the_tests_leaves_the_set_up_for_use(fresh):
    fresh.did(fresh.run.USE)
    fresh.pip_code = 1
    assert fresh.run.main(["test"]) == 1
    assert fresh.run.is_current(fresh.run.USE) and not fresh.run.is_current(fresh.run.TEST)
    # pip changes nothing before it has everything, so another failure must not cost the good set-up
    # either.
    assert fresh.run.main(["test"]) == 1
    assert "venv" not in fresh.steps[2:]


def test_after_an_interrupted_adding_of_the_tests_use_goes_on_and_tests_begin_anew(
    fresh, monkeypatch
):
    def interrupted(*_):
        raise KeyboardInterrupt

    fresh.did(fresh.run.USE)
    with monkeypatch.context() as patch:
        patch.setattr(fresh.run, "pip", interrupted)
        assert fresh.run.main(["test"]) == 130
    assert fresh.did(fresh.run.USE) == []
    assert fresh.did(fresh.run.TEST) == ["venv", "install -r requirements-test.txt"]


def test_from_a_folder_of_wheels_no_index_is_asked(fresh, tmp_path):
    steps = fresh.did(fresh.run.USE, str(tmp_path))
    assert steps == ["venv", f"install -r requirements.txt --no-index --find-links {tmp_path.name}"]


def test_wheels_downloads_once_for_both_locks(fresh, capsys):
    assert fresh.run.main(["wheels", "gói"]) == 0
    assert fresh.steps == ["venv", "download -r requirements-test.txt --dest gói"]
    assert capsys.readouterr().out == ""
    # What it left is not taken for a set-up.
    assert fresh.did(fresh.run.USE)[0] == "venv"


def test_two_first_runs_at_once_set_up_once(fresh):
    threads = [threading.Thread(target=fresh.run.set_up, args=(fresh.run.USE,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh.steps == ["venv", "install -r requirements.txt"]


def test_notebooks_find_the_package_by_a_relative_ascii_path(fresh):
    fresh.did(fresh.run.USE)
    content = (fresh.run.site_packages() / "ntm_analysis.pth").read_bytes().decode("ascii")
    assert content == fresh.run.pth_line()
    assert not os.path.isabs(content.strip())
    assert (fresh.run.site_packages() / content.strip()).resolve() == fresh.run.ROOT.resolve()


def test_a_python_without_venv_is_told_which_package_to_install(run, monkeypatch, capsys):
    monkeypatch.setattr(run, "set_up", lambda *_: run.make_venv())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run.main(["report"]) == 1
    assert "python3-venv" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_sentence(fresh, monkeypatch, capsys):
    monkeypatch.setattr(fresh.run, "LOCK_FILE", fresh.run.ROOT / "no such folder" / "lock")
    assert fresh.run.main(["report"]) == 1
    assert "Không đọc hoặc ghi được tệp" in capsys.readouterr().err


def test_what_a_step_prints_stands_in_the_log_alone(fresh, capfd):
    line = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert fresh.run.step([sys.executable, "-c", line]) == 3
    assert capfd.readouterr() == ("", "")
    assert set(fresh.run.LOG.read_text(encoding="utf-8").split()) == {"out", "err"}


def test_a_terminal_sees_the_seconds_of_a_step_pass(fresh, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert fresh.run.step([sys.executable, "-c", "import time; time.sleep(2.2)"]) == 0
    assert capsys.readouterr() == ("", "0 giây\r2 giây\r")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_ctrl_c_during_a_step_waits_for_it_and_stops_the_set_up(fresh):
    line = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.5); exit(1)"
    with pytest.raises(KeyboardInterrupt):
        fresh.run.step([sys.executable, "-c", line])


# --- run.py: the advisories -----------------------------------------------------------------------

# Stands in for pip-audit: notes how it was called, prints and ends as a test wants.
AUDIT = """
import json, os, sys
with open({notes!r}, "w") as file:
    json.dump([sys.argv[1:], os.environ["PYTHONPATH"]], file)
print({out!r})
print({err!r}, file=sys.stderr)
sys.exit({code})
"""
SOUND = {"name": "a", "version": "1", "vulns": []}
UNASKED = {"name": "b", "skip_reason": "Dependency not found and could not be audited: b (2)"}
FOUND = {
    "name": "b",
    "version": "2",
    "vulns": [
        {"id": "PYSEC-2026-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "?"},
        {"id": "GHSA-x", "fix_versions": [], "aliases": [], "description": "?"},
    ],
}
UNREACHED = {
    "vi": "Không tra được cảnh báo: hãy kiểm tra mạng, hoặc chạy ở máy hỏi được kho gói Python "
    "gốc.",
    "en": "The advisories could not be reached: check the network; mirrors of the index lack them.",
}


@pytest.fixture
def audited(fresh, monkeypatch, capfd):
    """-> a function: what pip-audit prints, complains of and ends with -> run.py's exit code, lines
    after those of the set-up, the arguments and the folder of pip-audit.
    """
    notes = fresh.run.ROOT / "notes.json"
    elsewhere = fresh.run.ROOT / "where the user stands"
    elsewhere.mkdir()
    (elsewhere / "pip_audit.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(elsewhere)
    (fresh.run.ROOT / "requirements-advisories.txt").write_text("c==3\n", encoding="utf-8")

    def act(out, err="", code=0, lang="vi"):
        def pip(*arguments):
            fresh.pip_code = code if out is None and "--target" in arguments else 0
            if "--target" in arguments:
                values = {"notes": str(notes), "out": out, "err": err, "code": code}
                text = AUDIT.format(**values)
                Path(arguments[-1], "pip_audit.py").write_text(text, encoding="utf-8")
                monkeypatch.setattr(fresh.run, "venv_python", lambda: Path(sys.executable))
            return fresh.pip(*arguments)

        monkeypatch.setattr(fresh.run, "pip", pip)
        answer = fresh.run.main(["advisories", "--lang", lang])
        printed, said = capfd.readouterr()
        assert printed == ""
        call = json.loads(notes.read_text()) if notes.exists() else (None, None)
        return answer, said.splitlines()[2:], *call

    return act


def test_advisories_sets_up_asks_about_every_lock_and_leaves_nothing(fresh, audited):
    answer, lines, arguments, folder = audited(json.dumps({"dependencies": [SOUND] * 2}))
    assert (answer, lines) == (
        0,
        [
            "Cài pip-audit vào thư mục tạm ...",
            "Tra các gói đã ghim ...",
            "Không có cảnh báo về 2 gói.",
        ],
    )
    assert fresh.steps[:2] == ["venv", "install -r requirements.txt"]
    assert fresh.steps[2:] == [f"install -r requirements-advisories.txt --target {folder}"]
    locks = ["requirements-advisories.txt", "requirements-test.txt", "requirements.txt"]
    asked = [argument for argument in arguments if argument.startswith("-r")]
    assert sorted(asked) == [f"-r{fresh.run.ROOT / name}" for name in locks]
    wanted = {"--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off"}
    assert wanted | {"--strict", f"--cache-dir={folder}/cache"} == {*arguments} - {*asked}
    assert not Path(folder).exists()


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("vi", ["b 2: PYSEC-2026-1, sửa ở 2.1, 3.0", "b 2: GHSA-x, sửa ở -"]),
        ("en", ["b 2: PYSEC-2026-1, fixed in 2.1, 3.0", "b 2: GHSA-x, fixed in -"]),
    ],
)
def test_every_finding_is_a_line_and_ends_with_1(audited, lang, expected, code):
    out = json.dumps({"dependencies": [SOUND, FOUND]})
    answer, lines, *_ = audited(out, "Found 2 known vulnerabilities in 1 package", code, lang)
    assert (answer, lines[2:]) == (1, expected)


def test_nothing_found_is_said_in_english_when_asked(audited):
    answer, lines, *_ = audited(json.dumps({"dependencies": [SOUND] * 3}), lang="en")
    assert (answer, lines[2:]) == (0, ["Nothing known against 3 pins."])


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("", 1),  # what a finding ends with too
        ('{"dependencies": [{"name": "a", "ver', 0),
        (json.dumps({"dependencies": []}), 0),
        (json.dumps({"dependencies": [UNASKED]}), 0),  # as pip-audit does where a mirror answers
        (json.dumps({"dependencies": [SOUND, UNASKED]}), 0),
    ],
)
def test_advisories_that_were_not_reached_are_not_taken_for_sound(fresh, audited, out, code, lang):
    answer, lines, _, folder = audited(out, "ERROR:pip_audit: Could not connect", code, lang)
    assert (answer, lines[2:4]) == (1, [UNREACHED[lang], "  ERROR:pip_audit: Could not connect"])
    assert len(lines) == 5 and str(fresh.run.LOG) in lines[4]
    assert not Path(folder).exists()


def test_where_pip_audit_cannot_be_had_nothing_is_asked(fresh, audited):
    fresh.pip_output = "ERROR: No matching distribution\n"
    answer, lines, arguments, _ = audited(None, code=1)
    assert (answer, arguments) == (1, None)
    assert lines[1:3] == [UNREACHED["vi"], "  ERROR: No matching distribution"]


# --- run.py: the command --------------------------------------------------------------------------


def test_what_each_command_runs_and_where(run):
    assert run.child("status", ["--json"]) == (
        ["-P", "-m", "ntm_analysis", "status", "--json"],
        None,
    )
    assert run.child("test", ["-k", "x"]) == (["-m", "pytest", "-k", "x"], ROOT)
    line, folder = run.child("lab", ["--no-browser"])
    assert line[:2] == ["-m", "jupyterlab"] and line[-1] == "--no-browser" and folder == ROOT
    assert f"--ServerApp.root_dir={ROOT}" in line
    assert "--LabApp.default_url=/lab/tree/notebooks/start.ipynb" in line
    assert f"--LabApp.app_settings_dir={ROOT / 'ntm_analysis' / 'lab'}" in line


# Stands in for run.py: the same code, without the set-up, running the Python line it is given.
STAND_IN = """
import sys
sys.path.insert(0, {root!r})
import run
run.set_up = lambda *_: None
run.venv_python = lambda: sys.executable
run.child = lambda command, arguments: (["-c", command], None)
sys.exit(run.main(sys.argv[1:]))
"""


def start(line):
    return subprocess.Popen(
        [sys.executable, "-B", "-c", STAND_IN.format(root=str(ROOT)), line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("code", [0, 1, 7])
def test_exit_code_and_output_are_the_commands_own(code):
    process = start(f"print('{{}}'); raise SystemExit({code})")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (code, "{}\n", "")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("sys.exit(0)", 0),  # as JupyterLab does: it was asked to stop and has stopped
        ("sys.exit(2)", 130),  # as pytest does
        # as Python itself does
        ("(signal.signal(2, signal.SIG_DFL), os.kill(os.getpid(), 2))", 130),
    ],
)
def test_ctrl_c_is_the_commands_to_answer(answer, expected):
    process = start(
        "import os, signal, sys, time\n"
        f"signal.signal(signal.SIGINT, lambda *_: (time.sleep(0.4), {answer}))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (expected, "")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_who_ends_run_ends_the_command():
    process = start("import time; print('ready', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=60)  # returns only when the command too has let go of the pipes
    assert process.returncode == 128 + signal.SIGTERM

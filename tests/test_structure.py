"""House rules that a machine can see: one-way imports, size, purity, generated files in step, texts
in both languages.
"""

import ast
import doctest
import importlib
import re
import string
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ntm_analysis
from ntm_analysis.language import texts
from ntm_analysis.law import read_law, to_check
from ntm_analysis.tables import dictionary_page
from ntm_analysis.tables.problems import messages

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(ntm_analysis.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.stem.startswith("__")
}
ROOMS = sorted({name.split(".")[0] for name in MODULES if "." in name})
# The model: what is worked out, without writing, printing or drawing; these of its modules read or
# keep.
MODEL = (
    "language",
    "tables",
    "law",
    "data",
    "standing",
    "needs",
    "forecasts",
    "allocation",
    "scenarios",
    "wording",
)
READING = {
    "tables",
    "data",
    "language.texts",
    "law.reader",
    "law.schema",
    "forecasts.evidence",
    "forecasts.pace",
    "forecasts.back_test",
    "forecasts.scoring",
    "scenarios.scenario",
}
PURE = [
    name
    for name in MODULES
    if name.split(".")[0] in MODEL and not {name, name.split(".")[0]} & READING
]
READ_ALOUD = ("needs", "forecasts", "allocation", "scenarios")  # rooms of short functions so far
CEILINGS = {"rooms": 58_000, "package": 235_000}  # of the syntax tree: to be lowered, never raised


def test_a_room_imports_only_rooms_before_it_and_no_module_goes_round():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_another_room_gives_comes_from_its_face(name):
    inside = name.count(".")
    nodes = ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8")))
    others = [
        n.module
        for n in nodes
        if isinstance(n, ast.ImportFrom) and n.level == inside + 1 and n.module
    ]
    assert [module for module in others if "." in module] == []


def code_lines(tree: ast.AST) -> int:
    """Lines that hold code: no comments, no docstrings."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, holders) and ast.get_docstring(node, clean=False)
    ]
    said = {n for node in nodes for n in range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    return len({node.lineno for node in ast.walk(tree) if hasattr(node, "lineno")} - said)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_is_small_and_named_after_a_subject(name):
    assert code_lines(ast.parse(MODULES[name].read_text(encoding="utf-8"))) <= 500
    assert name.split(".")[-1] not in (
        "utils",
        "helpers",
        "common",
        "misc",
        "manager",
        "core",
        "base",
    )


@pytest.mark.parametrize(
    "name", [name for name in sorted(MODULES) if name.split(".")[0] in READ_ALOUD]
)
def test_a_function_of_a_room_is_short_and_asks_for_little(name):
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            docstring = (
                node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) else 0
            )
            assert node.end_lineno - node.lineno + 1 - docstring <= 60, node.name
            given = node.args.args + node.args.kwonlyargs
            assert len([argument for argument in given if argument.arg != "self"]) <= 8, node.name


def test_the_syntax_tree_grows_no_more():
    """Nodes of the syntax tree: first what the first four rooms and the package come to, then what
    they may come to.
    """
    nodes = {
        name: sum(1 for _ in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for name, path in MODULES.items()
    }
    by_room = {
        room: sum(n for name, n in nodes.items() if name.split(".")[0] == room) for room in ROOMS
    }
    read_aloud = sum(by_room[room] for room in READ_ALOUD)
    print(by_room, sum(nodes.values()))  # shown where the test fails
    assert read_aloud <= CEILINGS["rooms"] and sum(nodes.values()) <= CEILINGS["package"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_face_and_at_most_ten_modules(room):
    assert len([name for name in MODULES if name.split(".")[0] == room]) <= 10
    assert (
        len(
            ast.get_docstring(
                ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
            ).split()
        )
        > 20
    )


ACTS = {
    "open",
    "print",
    "read_csv",
    "read_text",
    "read_bytes",
    "to_csv",
    "to_excel",
    "write_text",
    "write_bytes",
    "write_whole",
    "mkdir",
    "unlink",
    "replace_version",
}


@pytest.mark.parametrize("name", PURE)
def test_a_model_module_reads_writes_prints_and_draws_nothing(name):
    tree = list(ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))))
    called = [node.func for node in tree if isinstance(node, ast.Call)]
    names = {getattr(func, "id", getattr(func, "attr", "")) for func in called}
    libraries = {
        node.module for node in tree if isinstance(node, ast.ImportFrom) and not node.level
    }
    libraries |= {
        alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names
    }
    assert names & ACTS == set()
    assert [
        library
        for library in libraries
        if library.split(".")[0] in ("matplotlib", "seaborn", "jinja2", "xlsxwriter")
    ] == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_examples_in_docstrings_are_true(name, monkeypatch, kept_results):
    monkeypatch.chdir(ROOT)
    assert (
        doctest.testmod(
            importlib.import_module(f"ntm_analysis.{name}"),
            optionflags=doctest.IGNORE_EXCEPTION_DETAIL,
        ).failed
        == 0
    )


def test_to_check_lists_exactly_the_thresholds_that_were_not_read():
    made = to_check(read_law(ROOT / "data" / "criteria", [])).astype(str)
    kept = pd.read_csv(
        ROOT / "data" / "criteria" / "TO_CHECK.csv",
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    officer = ["read_value", "article", "checked_by", "checked_on"]
    done = kept[officer].ne("").all(axis=1)
    assert (
        kept[~done].drop(columns=officer).to_numpy().tolist()
        == made.drop(columns=officer).to_numpy().tolist()
    )


def test_the_page_of_the_data_dictionary_is_in_step():
    assert (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == dictionary_page()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_stands_in_both_languages_with_the_same_details():
    for key, pair in texts().items():
        assert set(pair) == {"vi", "en"} and fields(pair["vi"]) == fields(pair["en"]), key
    for code, pair in messages().items():
        vi, en = ({name for text in pair[lang] for name in fields(text)} for lang in ("vi", "en"))
        assert vi == en, code


def test_every_text_and_message_that_the_code_asks_for_exists_and_none_is_dead():
    source = "\n".join(path.read_text(encoding="utf-8") for path in MODULES.values())
    asked = set(re.findall(r"""\btext\(\s*"([\w-]+)\"""", source)) | set(
        re.findall(r"""\.text\("([\w-]+)\"""", source)
    )
    assert asked <= set(texts())
    problems = set(re.findall(r'(?:Problem|NotRead|refuse|problem)\(\s*"(\w+)"', source))
    assert problems <= set(messages())
    words = set(re.findall(r"[\w-]+", source))
    assert [code for code in messages() if code not in words] == []


def test_no_date_is_written_in_a_way_that_windows_does_not_know():
    for name, path in MODULES.items():
        assert not re.search(r"%-[a-zA-Z]", path.read_text(encoding="utf-8")), name


def test_the_repository_names_no_registry_and_no_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    hosts = re.compile(
        r"(?:" + "|".join(("pypi", "pythonhosted", "npmjs", "debian")) + r")\.(?:org|com)"
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in (
            ".py",
            ".md",
            ".yaml",
            ".yml",
            ".toml",
            ".txt",
            ".csv",
            ".ipynb",
            ".j2",
            ".css",
            "",
        ):
            assert not hosts.search(path.read_text(encoding="utf-8", errors="ignore")), name

"""The pages that explain: every link leads somewhere, every file and command that they name is
there, what is made from something else is in step, their examples print what they say.
"""

import re
import runpy
import shlex
from functools import cache
from pathlib import Path

import pytest

from ntm_analysis.cli import parser_of

ROOT = Path(__file__).resolve().parents[1]
READMES = [ROOT / "README.md", ROOT / "README.vi.md"]
PAGES = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
PLANNER = [ROOT / "README.vi.md", *sorted((ROOT / "docs" / "planner").glob("*.md"))]
PLACES = ("ntm_analysis", "docs", "tests", "data", "benchmarks", "notebooks")
BLOCKS = re.compile(r"(?ms)^ *```.*?^ *```")
name_of = lambda path: path.relative_to(ROOT).as_posix()  # noqa: E731


@cache
def prose(path):
    """A page without its blocks of code."""
    return BLOCKS.sub("", path.read_text(encoding="utf-8"))


@cache
def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    found = []
    for heading in re.findall(r"(?m)^#+ (.*)", prose(path)):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        again = sum(words == anchor.rsplit("~", 1)[0] for anchor in found)
        found.append(f"{words}~{again}" if again else words)
    return {anchor.replace("~", "-") for anchor in found}


def links(path):
    """What a page links to: the target's path and its anchor."""
    text = re.sub(r"`[^`\n]*`", "``", prose(path))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield (path.parent / file if file else path).resolve(), anchor


def test_all_pages_of_the_repository_are_read_here():
    hidden = (".", "reports", "data", "build", "dist")
    there = {
        path
        for path in ROOT.rglob("*.md")
        if not path.relative_to(ROOT).parts[0].startswith(hidden)
    }
    assert there == set(PAGES)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_link_leads_somewhere(path):
    for target, anchor in links(path):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_every_page_can_be_reached_from_the_readmes():
    reached, open_ = set(), {*READMES}
    while open_:
        reached |= open_
        targets = {target for page in open_ for target, _ in links(page)}
        open_ = {target for target in targets if target.suffix == ".md"} - reached
    assert {name_of(page) for page in set(PAGES) - reached} == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_file_that_a_page_names_is_there(path):
    named = re.findall(rf"`((?:{'|'.join(PLACES)})/[^`\s]*)`", prose(path))
    plain = [name for name in named if not re.search(r"do-luong|thanh-chuong-2025|previous", name)]
    for name in plain:
        pattern = re.sub(r"<[^>]*>", "*", name)
        assert [*ROOT.glob(pattern.rstrip("/"))], name


def test_every_page_that_the_repository_names_is_there():
    folders = ("ntm_analysis", "tests", "notebooks", "data", "benchmarks", "docs")
    files = [ROOT / "run.py", ROOT / "pyproject.toml"]
    for folder in folders:
        for kind in ("py", "yaml", "ipynb", "csv", "toml"):
            files += (ROOT / folder).rglob(f"*.{kind}")
    for path in files:
        text = path.read_text(encoding="utf-8")
        for page in re.findall(r"docs/[\w/-]+\.md", text):
            assert (ROOT / page).exists(), f"{name_of(path)}: {page}"


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_a_readme_is_short_and_measures_nothing(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120 and [line for line in lines if len(line) > 120] == []
    figures = r"\b\d[\d.,]* ?(?:s|ms|min|seconds|giây|phút|MiB|GiB)\b"
    assert [line for line in lines if re.search(figures, line) or "benchmarks" in line] == []
    pictures = [line for line in lines if line.startswith("![")]
    assert len(pictures) == 1


@pytest.mark.parametrize("path", [READMES[0], *PLANNER], ids=name_of)
def test_every_command_that_a_page_tells_to_type_is_one(path):
    text = path.read_text(encoding="utf-8")
    blocks = "\n".join(BLOCKS.findall(text))
    typed = re.findall(r"`python3 run\.py([^`\n]*)`", prose(path))
    typed += re.findall(r"(?m)^ *python3 run\.py([^#\n]*)", blocks)
    assert typed
    for line in typed:
        words = shlex.split(line)
        if (
            words
            and words[0] not in ("lab", "test", "wheels", "--wheels")
            and "--help" not in words
        ):
            parser_of("vi").parse_args(words)


def test_the_pages_of_the_reference_are_in_step():
    script = runpy.run_path(str(ROOT / "docs" / "make_texts.py"))
    for path, page in script["reference"](ROOT / "docs" / "reference").items():
        assert path.read_text(encoding="utf-8") == page, "run: python docs/make_texts.py"
    commands = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## `ntm (\w+)`", commands) == list(script["commands"]())


def test_the_lists_of_rooms_and_of_notebooks_are_whole():
    rooms = (ROOT / "docs" / "developer" / "rooms.md").read_text(encoding="utf-8")
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.findall(r'"(\w+)",', re.search(r"(?s)\nlayers = \[(.*?)\]", declared)[1])
    packages = [room for room in reversed(layers) if (ROOT / "ntm_analysis" / room).is_dir()]
    assert re.findall(r"(?m)^\| `(\w+)` \|", rooms) == packages
    listed = (ROOT / "docs" / "analyst" / "notebooks.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r"(?m)^\| `(\w+\.ipynb)` \|", listed)) == there


@pytest.mark.usefixtures("kept_results")
def test_the_examples_in_python_print_what_stands_under_them():
    page = (ROOT / "docs" / "analyst" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 5 and len(blocks) == page.count("```python")
    names = {}
    for code, printed in blocks:
        *lines, last = code.strip().splitlines()
        exec("\n".join(lines), names)
        assert str(eval(last, names)).split() == printed.split(), last

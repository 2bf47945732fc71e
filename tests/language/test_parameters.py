"""One vocabulary of parameters for all notebooks."""

import ast
import json
from pathlib import Path

import pytest

from ntm_analysis.language import BY_NAME, check_parameters
from ntm_analysis.language.parameters import PARAMETERS

NOTEBOOKS = sorted(Path("notebooks").glob("*.ipynb"))


def parameters_cell(path: Path) -> dict:
    """Names and defaults of the cell tagged ``parameters``."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (cell,) = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    tree = ast.parse("".join(cell["source"]))
    return {line.targets[0].id: ast.literal_eval(line.value) for line in tree.body}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_takes_a_subset_in_the_same_order_with_the_same_defaults(path):
    taken = parameters_cell(path)
    assert taken == {name: BY_NAME[name].default for name in taken}
    assert list(taken) == [p.name for p in PARAMETERS if p.name in taken]
    assert check_parameters(taken) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_keep_their_kernelspec_and_no_outputs(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(
        not c["outputs"] and c["execution_count"] is None
        for c in notebook["cells"]
        if c["cell_type"] == "code"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_says_what_to_do_without_the_package(path):
    cells = [
        c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"
    ]
    source = "".join(cells[1]["source"])
    assert "ModuleNotFoundError" in source and "python3 run.py lab" in source


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"comune": "Thanh Chi"}, "comune: unknown parameter"),
        ({"draws": "many"}, "draws='many': must be int"),
        ({"draws": 0}, "draws=0: must be at least 1"),
        ({"draws": True}, "draws=True: must be int"),
        ({"lang": "fr"}, "lang='fr': must be one of vi, en"),
        ({"as_of": "31/3/2022"}, "as_of='31/3/2022': must be a date such as 2022-03-31"),
        ({"audience": ""}, "audience='': must be one of noi-bo, cong-khai"),
    ],
)
def test_wrong_parameters_are_refused(given, fault):
    assert check_parameters(given) == [fault]


def test_everything_wrong_is_told_at_once():
    assert len(check_parameters({"lang": "fr", "draws": -1, "x": 1})) == 3

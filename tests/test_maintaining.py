"""The examples of docs/developer/maintaining.md do what the page says."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.forecasts import by_policy, schedule
from ntm_analysis.forecasts.yearly_list import ORDERS
from ntm_analysis.needs import demand
from ntm_analysis.pages.district import DistrictPage
from ntm_analysis.reports.render import execute, to_html
from ntm_analysis.scenarios import scenario, scenario_ids
from ntm_analysis.standing import assess

PAGE = Path("docs/developer/maintaining.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"(?ms)^## (Add [^\n]*)\n.*?```python\n(.*?)```", PAGE)
NAMES = {
    each.__name__: each
    for each in (
        DistrictPage,
        Workbook,
        assess,
        by_policy,
        demand,
        execute,
        scenario,
        scenario_ids,
        schedule,
        to_html,
    )
} | {"ORDERS": ORDERS, "nbformat": nbformat}


def test_there_is_an_example_of_everything_that_is_added():
    assert [title for title, _ in EXAMPLES] == [
        f"Add a {what}" for what in ("criterion", "set", "pot", "policy", "scenario", "notebook")
    ]
    assert all("assert" in code for _, code in EXAMPLES)


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_the_example_does_what_the_page_says(tmp_path, title, code):
    shutil.copytree("data", tmp_path / "data")
    exec(compile(code, title, "exec"), NAMES | {"data": tmp_path / "data"})


def test_every_module_and_file_that_the_page_names_exists():
    for name in re.findall(r"`(\w+\.py)`", PAGE):
        assert (
            list(Path("ntm_analysis").rglob(name))
            or list(Path("tests").rglob(name))
            or Path(name).exists()
        ), name

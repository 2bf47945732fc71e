"""The start page and every notebook in a real JupyterLab: in Vietnamese, run as staff run them, no
error, figures to be seen.
"""

import re
import runpy

import pytest
from conftest import sample
from test_lab import lab  # noqa: F401 - the fixture
from test_pages import BROWSER

SCRIPT = runpy.run_path("docs/make_texts.py")
OF_PAGE, ORDER, SHOWN_BY = (SCRIPT[name] for name in ("OF_PAGE", "ORDER", "SHOWN_BY"))
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

# Open a notebook beside the others, its kernel ready, and write into its cell of parameters; gives
# which code is folded.
OPEN = """async ([name, lines]) => {
    const app = window.jupyterapp;
    await app.commands.execute('docmanager:open', {path: `notebooks/${name}.ipynb`});
    const panel = app.shell.currentWidget;
    await panel.revealed;
    await panel.sessionContext.ready;
    const code = panel.content.widgets.filter(cell => cell.model.type === 'code');
    const source = code.find(cell => !cell.inputHidden).model.sharedModel;
    source.setSource(source.source + lines);
    return code.map(cell => cell.inputHidden);
}"""
CELLS = (
    "window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
    ".map(cell => cell.toJSON())"
)
END = "window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
# The width of the first figure, brought into sight.
FIGURE = """async () => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const drawn = cell => (cell.model.toJSON().outputs ?? [])
        .some(output => /<img/.test(output.data?.['text/html'] ?? ''));
    const at = notebook.widgets.findIndex(drawn);
    if (at < 0) return 0;
    await notebook.scrollToItem(at);
    for (let i = 0; i < 50; i++) {
        const image = notebook.widgets[at].node.querySelector('.jp-OutputArea img');
        if (image?.complete && image.naturalWidth) return image.getBoundingClientRect().width;
        await new Promise(done => setTimeout(done, 100));
    }
    return 0;
}"""
# What the report of the session shows too is taken from its store; of the comparison one scenario
# is enough.
QUICK = {
    "commune": {"commune": "thanh chi"},
    "scenario_comparison": {"draws": 200, "scenarios": "closest"},
}
SAYS = {
    "start": "37 xã",
    "commune": "Xã Thanh Chi",
    "villagers": "đến đâu rồi?",
    "tutorial": "Công trình chậm tiến độ",
}
# A page with a figure and one without first; the panel is tried in test_lab.py.
BY_KIND = ("commune", "start", *(name for name in ORDER if name != "commune"))
# The annex is a list; of the meeting there is nothing to draw before the first report of progress.
WITHOUT_FIGURE = ("start", "registrations", "monthly_meeting")


@pytest.fixture
def page(lab):  # noqa: F811
    """JupyterLab as it opens for whoever types ``run.py lab``."""
    if "/lab/" not in lab.page.url:
        lab.page.goto(f"{lab.address}/?token={lab.token}")
        lab.page.wait_for_selector(".jp-RenderedMarkdown h2", timeout=60_000)
    return lab.page


def html_of(cell: dict) -> str:
    return "".join(
        "".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])
    )


def test_the_start_page_stands_there_in_vietnamese_before_anything_is_run(lab, page):  # noqa: F811
    assert page.url.partition("?")[0].endswith("/lab/tree/notebooks/start.ipynb")
    page.wait_for_selector(".lm-MenuBar-itemLabel:has-text('Tệp')")
    assert {"Tệp", "Chạy", "Cài đặt"} <= set(
        page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    )
    assert page.locator(".jp-RenderedMarkdown a:has-text('Giao ban tháng')").first.is_visible()
    page.click(".jp-BreadCrumbs-home")
    page.wait_for_selector(".jp-DirListing-itemText:has-text('data')")
    assert lab.outputs() == []


@pytest.mark.parametrize("name", sample(BY_KIND, 1))
def test_each_notebook_runs_to_its_end_in_the_browser(lab, page, name):  # noqa: F811
    folded = page.evaluate(
        OPEN, [name, "".join(f"\n{key} = {value!r}" for key, value in QUICK.get(name, {}).items())]
    )
    assert folded.count(False) == 1 or name == "tutorial", "only the parameters are unfolded"
    lab.run_all()
    assert [output for output in lab.outputs() if output["output_type"] == "error"] == []
    cells = page.evaluate(CELLS)
    assert SAYS.get(name, "Biểu số 01") in "".join(html_of(cell) for cell in cells)
    if name not in WITHOUT_FIGURE:
        assert page.evaluate(FIGURE) > 100, "a figure to be seen"
    for (place, section), method in SHOWN_BY.items():
        if OF_PAGE[place] == name:
            shown = next(
                html_of(cell)
                for cell in cells
                if re.search(rf"page\.{method}\(\)", "".join(cell["source"]))
            )
            assert f'<section id="{section}"' in shown, (
                "a question leads to the cell that shows its section"
            )
    page.evaluate(END)
    assert lab.said == []

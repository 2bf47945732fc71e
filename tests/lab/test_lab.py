"""The notebooks in a real JupyterLab, driven in a headless browser.

Skipped where no browser is installed.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from test_pages import ARGUMENTS, BROWSER, violations

import run
from ntm_analysis.data import Workbook
from ntm_analysis.scenarios import scenario

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
ROOT = Path(__file__).resolve().parents[2]
# which asks the network for news
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


class Lab:
    """A JupyterLab on copies of the notebooks and the data, and a browser's page on it.

    ``root``: where the copies stand.
    """

    def __init__(self, root: Path, address: str, token: str, page) -> None:
        self.root, self.address, self.token, self.page = root, address, token, page
        self.said: list[str] = []
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def open_notebook(self, name: str, **parameters: object) -> None:
        """Open a notebook alone, its kernel ready; ``parameters`` stand in its cell of
        parameters.
        """
        path = self.root / "notebooks" / f"{name}.ipynb"
        if parameters:
            made = json.loads(path.read_text(encoding="utf-8"))
            cell = next(
                cell for cell in made["cells"] if "parameters" in cell["metadata"].get("tags", [])
            )
            cell["source"] = "".join(cell["source"]) + "".join(
                f"\n{key} = {value!r}" for key, value in parameters.items()
            )
            path.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
        self.page.goto(f"{self.address}/lab/tree/notebooks/{name}.ipynb?reset&token={self.token}")
        self.page.wait_for_function(
            """name => {
                const panel = window.jupyterapp?.shell.currentWidget;
                return panel?.context?.path?.endsWith(name + '.ipynb')
                    && panel.content.widgets.length
                    && panel.sessionContext.session?.kernel?.status === 'idle';
            }""",
            arg=name,
            timeout=60_000,
        )

    def run_all(self) -> None:
        """Run all cells, as the menu Run does, and wait for the last one."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = 0;
                const kernel = panel.sessionContext.session.kernel;
                while (kernel.status !== 'idle') {
                    await new Promise(done => setTimeout(done, 100));
                }
            }"""
        )

    def outputs(self) -> list[dict]:
        """Every output of the notebook as the browser holds it."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
                .flatMap(cell => cell.toJSON().outputs ?? [])"""
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory, store_of_the_session):
    """A JupyterLab started as ``run.py lab`` does, on a copy, with settings and kernels of
    its own.
    """
    from playwright.sync_api import sync_playwright

    root = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "data", "ntm_analysis/lab"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".*"))
    (root / "config" / "labconfig").mkdir(parents=True)
    (root / "config" / "labconfig" / "page_config.json").write_text(
        json.dumps(QUIET), encoding="utf-8"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, address = secrets.token_hex(8), f"http://127.0.0.1:{port}"
    command = [piece.replace(str(run.ROOT), str(root)) for piece in run.child("lab", [])[0]]
    command += [
        "--no-browser",
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={token}",
        "--allow-root",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.port_retries=0",
    ]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": f"{root / 'config'}",
        "NTM_STORE": f"{store_of_the_session}",
    }
    environment |= {
        f"JUPYTERLAB_{name}_DIR": f"{root / name.lower()}" for name in ("SETTINGS", "WORKSPACES")
    }
    with (root / "server.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=root, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(f"{address}/api/status?token={token}", server, root / "server.txt")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
            yield Lab(
                root, address, token, browser.new_page(viewport={"width": 1280, "height": 900})
            )
            browser.close()
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text(encoding='utf-8')[-2000:]}")


# ---- what a planner does


def test_the_panel_follows_a_slider_by_keyboard_and_saves_a_scenario(lab):
    from nbconvert.exporters import HTMLExporter

    lab.open_notebook("feasibility", draws=300)
    lab.run_all()
    page, outputs = lab.page, lab.outputs()
    assert [output for output in outputs if output["output_type"] in ("error", "stream")] == []
    panel = page.locator(".ntm-panel")
    panel.scroll_into_view_if_needed()
    slider = panel.get_by_role("slider", name="Ngân sách tỉnh, đầu tư phát triển (%)")
    slider.wait_for()
    assert panel.get_by_role("slider").count() == 12
    tracks = panel.locator(".noUi-base").all()
    assert all(track.bounding_box()["width"] > 60 for track in tracks), "a mouse can move them"
    pictures = page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea img')]"
        ".map(one => one.complete && one.naturalWidth > 0)"
    )
    assert len(pictures) >= 3 and all(pictures), "charts are drawn"

    panel.locator(".change", has_text="Không khác lúc đầu.").wait_for()
    slider.focus()
    page.keyboard.press("Home")  # no money of the province
    page.wait_for_function(
        "() => document.querySelector('.ntm-panel .change').innerText.includes('So với lúc đầu: -')"
    )
    assert slider.get_attribute("aria-valuenow") == "0.0"
    assert "0% (0 tỷ)" in panel.inner_text() and "Ngân sách tỉnh" in panel.inner_text()

    panel.get_by_label("Hạn về đích").fill("31/2/2025")
    page.keyboard.press("Enter")
    panel.get_by_role("alert").first.wait_for()
    assert "không phải ngày" in panel.get_by_role("alert").first.inner_text()
    panel.get_by_label("Hạn về đích").fill("30/6/2025")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('.ntm-panel .big').innerText.includes('30/6/2025')"
    )
    panel.get_by_role("alert").first.wait_for(state="detached")

    save, name = (
        panel.get_by_role("button", name="Lưu thành kịch bản"),
        panel.get_by_label("Tên kịch bản"),
    )
    name.fill("a/b")
    save.click()
    panel.get_by_text("Chưa lưu").wait_for()
    name.fill("Không vốn tỉnh")
    save.click()
    panel.get_by_text("Đã lưu data").wait_for()
    saved = lab.root / "data" / "scenarios" / "khong-von-tinh.yaml"
    assert saved.exists() and not (ROOT / "data" / "scenarios" / saved.name).exists()
    chosen = scenario(Workbook.open(lab.root / "data" / "thanh-chuong"), "khong-von-tinh")
    assert (chosen.scenario_title["vi"], f"{chosen.deadline}") == ("Không vốn tỉnh", "2025-06-30")

    assert violations(page, context=".ntm-panel") == []
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    kept = lab.root / "notebooks" / "feasibility.ipynb"
    html, _ = HTMLExporter().from_filename(f"{kept}")
    assert "Chưa thay đổi gì: Đến 31/12/2025" in html and "Run All Cells" in html, (
        "opened as HTML it shows the static result"
    )
    assert lab.said == []

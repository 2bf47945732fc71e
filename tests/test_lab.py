"""The notebooks in a real JupyterLab, driven in a headless browser. Skipped where no browser is installed."""

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
from test_pages import ARGUMENTS, BROWSER

import run

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
ROOT = Path(__file__).resolve().parents[1]
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}  # which asks the network for news


class Lab:
    """A JupyterLab on copies of the notebooks and the data, and a browser's page on it. ``root``: where the copies stand."""

    def __init__(self, root: Path, address: str, token: str, page) -> None:
        self.root, self.address, self.token, self.page = root, address, token, page
        self.said: list[str] = []
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def open_notebook(self, name: str, **parameters: object) -> None:
        """Open a notebook alone, its kernel ready; ``parameters`` stand in its cell of parameters."""
        path = self.root / "notebooks" / f"{name}.ipynb"
        if parameters:
            made = json.loads(path.read_text(encoding="utf-8"))
            cell = next(cell for cell in made["cells"] if "parameters" in cell["metadata"].get("tags", []))
            cell["source"] = "".join(cell["source"]) + "".join(f"\n{key} = {value!r}" for key, value in parameters.items())
            path.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
        self.page.goto(f"{self.address}/lab/tree/notebooks/{name}.ipynb?reset&token={self.token}")
        self.page.wait_for_function(
            """name => {
                const panel = window.jupyterapp?.shell.currentWidget;
                return panel?.context?.path?.endsWith(name + '.ipynb') && panel.content.widgets.length
                    && panel.sessionContext.session?.kernel?.status === 'idle';
            }""",
            arg=name, timeout=60_000,
        )  # fmt: skip

    def run_all(self) -> None:
        """Run all cells, as the menu Run does, and wait for the last one."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = 0;
                const kernel = panel.sessionContext.session.kernel;
                while (kernel.status !== 'idle') { await new Promise(done => setTimeout(done, 100)); }
            }"""
        )

    def outputs(self) -> list[dict]:
        """Every output of the notebook as the browser holds it."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
                .flatMap(cell => cell.toJSON().outputs ?? [])"""
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab started as ``run.py lab`` does, on a copy, with settings and kernels of its own."""
    from playwright.sync_api import sync_playwright

    root = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "data", "lab"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".*"))
    (root / "config" / "labconfig").mkdir(parents=True)
    (root / "config" / "labconfig" / "page_config.json").write_text(json.dumps(QUIET), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, address = secrets.token_hex(8), f"http://127.0.0.1:{port}"
    command = [piece.replace(str(run.ROOT), str(root)) for piece in run.child("lab", [])[0]]
    command += ["--no-browser", f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", "--allow-root",
                "--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0"]  # fmt: skip
    environment = os.environ | {"JUPYTER_CONFIG_DIR": f"{root / 'config'}", "NTM_STORE": f"{root / 'store'}"}
    environment |= {f"JUPYTERLAB_{name}_DIR": f"{root / name.lower()}" for name in ("SETTINGS", "WORKSPACES")}
    with (root / "server.txt").open("w") as log:
        server = subprocess.Popen([sys.executable, *command], cwd=root, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"{address}/api/status?token={token}", server, root / "server.txt")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
            yield Lab(root, address, token, browser.new_page(viewport={"width": 1280, "height": 900}))
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

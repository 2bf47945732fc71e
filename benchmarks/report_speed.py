"""Seconds for the pages of all 37 communes, three ways in turns, in one run of this script.

    .venv/bin/python benchmarks/report_speed.py [ROUNDS]    (default 1)
    .venv/bin/python benchmarks/report_speed.py province [SIZE]    (pages, memory of the driver)

Either after `python3 run.py` has set up .venv; the province has 411 made-up communes, or SIZE.

`ours`: `ntm report` of the communes, two at a time, nothing kept from before, warm-up included.
`plain functions`: the same parts and pages made in two warm processes without notebooks, with a
store of their own, warm-up included. `papermill`: papermill and nbconvert by command line, two
communes at a time, for a sample and scaled up; one at a time is not run but estimated as twice as
many seconds (each command keeps one core busy).

Beside them: an unchanged rerun, and one after a change of one commune's data.
"""

import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    "title",
    "summary",
    "criteria",
    "targets",
    "funding",
    "feasibility",
    "set_in_force",
    "knowledge",
    "footer",
)
COMMAND_LINE = 6  # communes made by command line, two at a time; all 37 in proportion
PLAIN = """
import sys
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.reports.render import to_html
import nbformat
folder, dataset, codes = sys.argv[1], sys.argv[2], sys.argv[3:]
for code in codes:
    page = CommunePage(dataset, code)
    shown = [str(getattr(page, part)()) for part in PARTS]
    shown = [nbformat.v4.new_output("execute_result", {"text/html": html}) for html in shown]
    cells = [nbformat.v4.new_code_cell("", outputs=[output]) for output in shown]
    notebook = nbformat.v4.new_notebook(cells=cells)
    html = to_html(notebook, title=page.heading, lang="vi", back="", skip="")
    open(f"{folder}/{code}.html", "w", encoding="utf-8").write(html)
"""


def communes(dataset: Path) -> list[str]:
    rows = csv.DictReader((dataset / "units.csv").read_text(encoding="utf-8-sig").splitlines())
    return [row["code"] for row in rows if row["kind"] == "commune" and row["valid_from"] < "2022"]


def run(*command: str, store: Path | str) -> float:
    start, environment = time.perf_counter(), os.environ | {"NTM_STORE": str(store)}
    subprocess.run(
        [sys.executable, *command], check=True, cwd=ROOT, capture_output=True, env=environment
    )
    return time.perf_counter() - start


def ours(place: Path, dataset: Path, codes: list[str], *more: str) -> float:
    asked = (
        "report",
        str(dataset),
        "--out",
        str(place / "out"),
        "--jobs",
        "2",
        "--commune",
        *codes,
        *more,
    )
    return run("-m", "ntm_analysis", *asked, store=place / "store")


def plain(place: Path, dataset: Path, codes: list[str]) -> float:
    code = PLAIN.replace("PARTS", repr(PARTS))
    start = time.perf_counter()
    threads = [
        threading.Thread(
            target=run,
            args=("-c", code, str(place), str(dataset), *half),
            kwargs={"store": place / "store"},
        )
        for half in (codes[::2], codes[1::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(place.glob("*.html"))) == len(codes)
    return time.perf_counter() - start


def by_command_line(place: Path, dataset: Path, codes: list[str]) -> float:
    def one(code: str) -> None:
        done = str(place / f"{code}.ipynb")
        given = ("-p", "commune", code, "-p", "dataset", str(dataset))
        run("-m", "papermill", "notebooks/commune.ipynb", done, *given, store="")
        run("-m", "nbconvert", "--to", "html", done, store="")

    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, codes[:COMMAND_LINE]))
    return (time.perf_counter() - start) * len(codes) / COMMAND_LINE


def compare(rounds: int) -> None:
    dataset = ROOT / "data" / "thanh-chuong"
    codes, seconds = communes(dataset), {"ours": [], "plain functions": [], "papermill": []}
    for _ in range(rounds):
        for name, way in (
            ("ours", ours),
            ("plain functions", plain),
            ("papermill", by_command_line),
        ):
            with tempfile.TemporaryDirectory() as folder:
                seconds[name].append(way(Path(folder), dataset, codes))
                print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
    best = {name: min(found) for name, found in seconds.items()}
    print(
        f"papermill two at a time (from {COMMAND_LINE} communes, scaled up) / ours: "
        f"{best['papermill'] / best['ours']:.1f}"
    )
    print(
        f"papermill one at a time (estimated: twice two at a time) / ours: "
        f"{2 * best['papermill'] / best['ours']:.1f}"
    )
    print(f"ours / plain functions: {best['ours'] / best['plain functions']:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(ROOT / "data", place / "data")
        dataset = place / "data" / "thanh-chuong"
        ours(place, dataset, codes)
        print(f"unchanged: {ours(place, dataset, codes):.2f} s")
        states = dataset / "criterion_states.csv"
        lines = states.read_text(encoding="utf-8-sig").splitlines()
        at = next(i for i, line in enumerate(lines) if "Thanh Chi" in line)
        states.write_text(
            "\n".join([*lines[:at], lines[at] + " x", *lines[at + 1 :]]) + "\n",
            encoding="utf-8-sig",
        )
        print(f"a note on one commune changed: {ours(place, dataset, codes):.2f} s")


def province(size: int) -> None:
    """Communes of the district many times over, each with a code and name of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(ROOT / "data", place / "data")
        dataset = place / "data" / "tinh"
        shutil.copytree(ROOT / "data" / "thanh-chuong", dataset)
        made_province(dataset, size)
        os.environ["NTM_STORE"] = str(place / "store")
        sys.path.insert(0, str(ROOT))
        from ntm_analysis.data import Workbook
        from ntm_analysis.reports import make_report

        workbook, memory = Workbook.open(dataset), []

        def note(file: str, line: dict) -> None:
            memory.append(
                int(Path("/proc/self/statm").read_text().split()[1])
                * resource.getpagesize()
                / 2**20
            )

        start = time.perf_counter()
        outcome = make_report(
            workbook, place / "out", units=workbook.communes.index.tolist(), jobs=2, on_page=note
        )
        print(
            f"{len(outcome.pages)} pages, {len(outcome.failed)} failed, "
            f"{time.perf_counter() - start:.0f} s"
        )
        print(
            "memory of the driver from the 50th to the last page: "
            f"{max(memory[49:]) - memory[49]:+.1f} MiB"
        )
        print(
            "largest page: "
            f"{max(path.stat().st_size for path in (place / 'out').glob('*.html')) / 1000:.0f} kB"
        )


def made_province(dataset: Path, size: int) -> None:
    """Turn the district into a province in place: every row of a commune many times."""
    files = {
        path: list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        for path in dataset.glob("*.csv")
    }
    units = [
        row
        for row in files[dataset / "units.csv"]
        if row["kind"] == "commune" and row["valid_from"] < "2022"
    ]
    names = {row["code"]: row["name"] for row in units}
    codes = {name: code for code, name in names.items()}
    turns = range(size // len(names) + 1)
    copies = [(turn, code) for turn in turns for code in names][:size]
    number = {pair: f"{30000 + i}" for i, pair in enumerate(copies)}
    for path, rows in files.items():
        if not rows:
            continue
        if ("commune" not in rows[0] and path.stem != "units") or path.stem == "mergers":
            made = [] if path.stem == "mergers" else rows
        elif path.stem == "units":
            made = [
                row
                | {
                    "code": number[t, row["code"]],
                    "name": f"{row['name']} {t + 1}",
                    "order": str(i + 1),
                }
                for i, (t, code) in enumerate(copies)
                for row in units
                if row["code"] == code
            ]
        else:
            made = [row for row in rows if not row["commune"]]
            for row in rows:
                code = row["commune"] if row["commune"] in names else codes.get(row["commune"])
                made += [
                    row | {"commune": number[t, code]}
                    for t in turns
                    if code and (t, code) in number
                ]
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(made)


if __name__ == "__main__":
    if sys.argv[1:2] == ["province"]:
        province(int(sys.argv[2]) if sys.argv[2:] else 411)
    else:
        compare(int(sys.argv[1]) if sys.argv[1:] else 1)

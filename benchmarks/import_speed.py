"""A province (411 communes x 57 indicators) brought in: through the template, every value changed.

    .venv/bin/python benchmarks/import_speed.py        (after `python3 run.py` has set up .venv)

Times the command as a planner runs it, from a new process to the last line, writing and keeping the version before included.
"""

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
from assess_speed import generate

ROOT = Path(__file__).resolve().parents[1]
COMMUNES = 411


def ntm(*arguments: object) -> tuple[float, str]:
    """Seconds that a command took, and what it printed."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ntm_analysis", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - begin, done.stdout


def by_template(place: Path) -> None:
    """The template out, every value or judgement and its day changed, and in again."""
    dataset, book = place / "data" / "tinh", place / "bieu.xlsx"
    generate(dataset, COMMUNES)
    out, _ = ntm("template", book, dataset)
    filled = openpyxl.load_workbook(book)
    sheet = filled["Giá trị chỉ tiêu"]
    names = {cell.value: cell.column - 1 for cell in sheet[3]}
    changed = 0
    for row in sheet.iter_rows(min_row=6):
        value, state = row[names["value"]], row[names["state"]]
        if value.value is not None:
            value.value = round(100 - value.value, 1)
        else:
            state.value = "chưa đạt" if state.value == "đạt" else "đạt"
        row[names["date"]].value = row[names["date"]].value - dt.timedelta(days=1)
        changed += 1
    filled.save(book)
    dry, _ = ntm("import", book, dataset, "--dry-run")
    seconds, said = ntm("import", book, dataset)
    told = next(line for line in said.splitlines() if "indicator_values.csv): thêm" in line)
    print(
        f"{COMMUNES} communes, {changed} rows: template {out:.1f} s, dry run {dry:.1f} s, import {seconds:.1f} s ({told.strip()})"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        by_template(Path(folder))

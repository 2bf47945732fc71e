"""A province (411 communes x 57 indicators) brought in: by the template, every value changed, and
by an office's form.

    .venv/bin/python benchmarks/import_speed.py        (after `python3 run.py` has set up .venv)

Times the command as a planner runs it, from a new process to the last line, writing and keeping the
version before included. The alternative is `pandas.read_excel` (openpyxl) on the same file, in this
process: it gives the cells, and no more.
"""

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
import pandas as pd
import xlsxwriter
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


def read_only(book: Path) -> float:
    """Seconds that pandas takes to read all sheets."""
    begin = time.perf_counter()
    pd.read_excel(book, sheet_name=None, header=None, engine="openpyxl")
    return time.perf_counter() - begin


def by_form(place: Path) -> None:
    """The usual form of an office, communes down and indicators across, into a data set that has no
    figures yet.
    """
    dataset, book = place / "data" / "bieu", place / "form.xlsx"
    generate(dataset, COMMUNES)
    table = dataset / "indicator_values.csv"
    rows = pd.read_csv(table, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    table.write_text(
        table.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8-sig"
    )
    rows["cell"] = rows["value"].where(rows["value"] != "", rows["state"])
    wide = rows.pivot(index="commune", columns="indicator", values="cell")
    names = pd.read_csv(dataset / "units.csv", sep=";", dtype=str, encoding="utf-8-sig").set_index(
        "code"
    )["name"]
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["Bộ tiêu chí giai đoạn 2021-2025, số liệu tính đến ngày 31/12/2022"])
        sheet.write_row(2, 0, ["TT", "Tên xã", *wide.columns])
        for n, (code, cells) in enumerate(wide.iterrows()):
            typed = [max(1.0, float(c.replace(",", "."))) if c[:1].isdigit() else c for c in cells]
            sheet.write_row(3 + n, 0, [n + 1, names[code], *typed])
    seconds, said = ntm("import", book, dataset)
    told = next(line for line in said.splitlines() if "indicator_values.csv): thêm" in line)
    alone = read_only(book)
    print(
        f"office form: import {seconds:.1f} s, pandas reads {alone:.1f} s, "
        f"ratio {seconds / alone:.1f} ({told.strip()})"
    )


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
    alone = read_only(book)
    print(
        f"template, {changed} rows: written {out:.1f} s, dry run {dry:.1f} s, "
        f"import {seconds:.1f} s, pandas reads {alone:.1f} s, "
        f"ratio {seconds / alone:.1f} ({told.strip()})"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        by_template(Path(folder))
        by_form(Path(folder))

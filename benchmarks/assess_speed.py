"""Load, validate and assess 411 and 8,200 communes x 57 indicators, against a plain row-by-row
evaluation.

    .venv/bin/python benchmarks/assess_speed.py        (after `python3 run.py` has set up .venv)

Each run has a process of its own, so that its peak memory is its own; the best of three counts. The
alternative reads the same CSV with the ``csv`` module and reads, checks, compares and gathers one
row after the other in plain Python; its checks are those of this one table only, and it names no
problem. Seconds depend on the machine, the ratio little.
"""

import csv
import datetime as dt
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SET = "ntm-2021-2025"
SIZES = (411, 8200)


def generate(folder: Path, communes: int) -> None:
    """A data set of invented values: every commune has a value or a judgement for each indicator of
    the set.
    """
    sys.path.insert(0, str(ROOT))
    from ntm_analysis.tables import TABLES, dictionary

    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "criteria", folder.parent / "criteria", dirs_exist_ok=True)
    law = yaml.safe_load((ROOT / "data" / "criteria" / f"{SET}.yaml").read_text(encoding="utf-8"))
    tests = [t for c in law["criteria"] for t in c["tests"] if "part_of" not in t]
    draw = random.Random(2022)
    mark = {"known_from": "2022-12-31", "source": "s", "mark": "illustrative"}
    rows = {name: [] for name in TABLES}
    rows["sources"].append({"id": "s", "title": "benchmark"})
    for n in range(communes):
        code = f"{10000 + n}"
        rows["units"].append(
            {
                "code": code,
                "valid_from": "2020-01-01",
                "name": f"Xã {n}",
                "kind": "commune",
                "order": n + 1,
            }
            | {"specially_difficult": "no"}
            | mark
        )
        for test in tests:
            row = {
                "commune": code,
                "set": SET,
                "indicator": test["number"],
                "date": "2022-12-31",
            } | mark
            if test["op"] == "judged":
                row["state"] = "đạt" if draw.random() < 0.9 else "chưa đạt"
            else:
                row["value"] = f"{draw.uniform(0, 100):.1f}".replace(".", ",")
            rows["indicator_values"].append(row)
    for name in TABLES:
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(dictionary(name)), delimiter=";")
            writer.writeheader()
            writer.writerows(rows[name])
    (folder / "dataset.yaml").write_text(
        f"id: {folder.name}\ntitle: {{vi: Thử tốc độ, en: Speed}}\nregion: btb\n"
        "as_of: {date: 2022-12-31, mark: assumed}\n"
        "term_end: {date: 2025-12-31, mark: reported}\nnumber_style: vi\ncriteria: ../criteria\n"
        f"sets: {{ntm: {SET}, advanced: advanced-2021-2025, model: model-2021-2025}}\n"
        "illustrative: true\n",
        encoding="utf-8",
    )


def ours(folder: Path) -> dict:
    """Open (read and validate) and assess, as the program does."""
    from ntm_analysis.data import Workbook
    from ntm_analysis.standing import assess

    start = time.perf_counter()
    standing = assess(Workbook.open(folder), SET)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "met": int((standing.tests["verdict"] == "met").sum()),
        "rows": len(standing.tests),
    }


def row_by_row(folder: Path) -> dict:
    """The alternative: every row read, checked, compared and gathered into criteria one after the
    other.
    """
    start = time.perf_counter()
    law = yaml.load(
        (folder.parent / "criteria" / f"{SET}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    levels = {}
    for criterion in law["criteria"]:
        for test in criterion["tests"]:
            for entry in test["values"]:
                if str(entry["from"]) <= "2022-12-31":
                    value = entry["regions"].get("btb", entry["regions"].get("all"))
                    levels[test["number"]] = (criterion["number"], test["op"], value)
    with (folder / "units.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file, delimiter=";")}
    with (folder / "sources.csv").open(encoding="utf-8-sig", newline="") as file:
        sources = {row["id"] for row in csv.DictReader(file, delimiter=";")}
    number = re.compile(r"-?\d{1,3}(\.\d{3})*(,\d+)?|-?\d+(,\d+)?")
    states = {"đạt": True, "chưa đạt": False}
    wrong: list[int] = []
    seen: set[tuple] = set()
    criteria: dict[tuple, list] = {}
    met = rows = 0
    with (folder / "indicator_values.csv").open(encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file, delimiter=";"), start=2):
            key = (row["commune"], row["set"], row["indicator"], row["date"])
            try:
                day, known = (
                    dt.date.fromisoformat(row["date"]),
                    dt.date.fromisoformat(row["known_from"]),
                )
            except ValueError:
                wrong.append(line)
                continue
            if (
                row["commune"] not in codes
                or row["set"] != SET
                or row["indicator"] not in levels
                or row["source"] not in sources
                or row["mark"] not in ("reported", "assumed", "illustrative")
                or (row["value"] == "") == (row["state"] == "")
                or (row["value"] and not number.fullmatch(row["value"]))
                or key in seen
                or max(day, known) > dt.date(2022, 12, 31)
            ):
                wrong.append(line)
                continue
            seen.add(key)
            rows += 1
            criterion, op, level = levels[row["indicator"]]
            verdict = None
            if op == "judged":
                verdict = states[row["state"]]
            elif isinstance(level, int | float):
                value = float(row["value"].replace(".", "").replace(",", "."))
                verdict = value >= level if op == ">=" else value <= level
            met += bool(verdict)
            criteria.setdefault((row["commune"], criterion), []).append(verdict)
    tally: dict[str, int] = {}
    for (code, _), verdicts in criteria.items():
        tally[code] = tally.get(code, 0) + all(v is True for v in verdicts)
    assert not wrong
    return {"seconds": time.perf_counter() - start, "met": met, "rows": rows}


def peak_mib() -> float:
    """This process's peak memory in MiB (NaN on Windows, which has no ``resource`` module)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    if len(sys.argv) == 3:  # a child: measure one way on one folder
        sys.path.insert(0, str(ROOT))
        made = {"ours": ours, "row_by_row": row_by_row}[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps(made | {"peak_mib": peak_mib()}))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for size in SIZES:
            folder = Path(temporary) / f"n{size}" / f"xa-{size}"
            generate(folder, size)
            found = {}
            for way in ("ours", "row_by_row"):
                runs = [
                    json.loads(
                        subprocess.run(
                            [sys.executable, __file__, way, str(folder)],
                            check=True,
                            capture_output=True,
                            text=True,
                        ).stdout
                    )
                    for _ in range(3)
                ]
                found[way] = min(runs, key=lambda run: run["seconds"])
            a, b = found["ours"], found["row_by_row"]
            # both must give the same verdicts
            assert a["rows"] == b["rows"] and a["met"] == b["met"], (a, b)
            print(
                f"{size:>5} communes x 57 indicators ({a['rows']} values): "
                f"load+validate+assess {a['seconds']:.2f} s, peak {a['peak_mib']:.0f} MiB; "
                f"row by row {b['seconds']:.2f} s; ratio {a['seconds'] / b['seconds']:.2f}"
            )


if __name__ == "__main__":
    main()

"""Seconds a page: the report of all communes, against papermill and nbconvert run from the command line, page by page.

    .venv/bin/python benchmarks/report_speed.py        (after `python3 run.py` has set up .venv)

Both make the same commune pages of Thanh Chương in one run of this script: `ntm report` as many at a time as there are cores,
the alternative one command after the other (papermill, then nbconvert's own HTML template).
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMUNES = ("17758", "17776", "17755", "17737", "17743", "17731", "17761", "17815")  # named in the article
ALONE = 3  # pages made the slow way; each takes many seconds


def timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        report = [sys.executable, "-m", "ntm_analysis", "report", "--out", str(out / "report"), "--commune", *COMMUNES]
        ours = timed(report) / len(COMMUNES)
        alone = 0.0
        for code in COMMUNES[:ALONE]:
            done = out / f"{code}.ipynb"
            alone += timed([sys.executable, "-m", "papermill", "notebooks/commune.ipynb", str(done), "-p", "commune", code])
            alone += timed([sys.executable, "-m", "nbconvert", "--to", "html", str(done)])
        alone /= ALONE
        sizes = sorted(path.stat().st_size for path in (out / "report").glob("xa-*.html"))
        theirs = sorted(path.stat().st_size for path in out.glob("*.html"))
        ours_kib, theirs_kib = (found[len(found) // 2] / 1024 for found in (sizes, theirs))
        print(f"ntm report: {ours:.2f} s a page ({len(COMMUNES)} pages, start-up included), median {ours_kib:.0f} KiB")
        print(f"papermill, then nbconvert, by command line: {alone:.2f} s a page, median {theirs_kib:.0f} KiB")
        print(f"ratio of times {ours / alone:.2f}")


if __name__ == "__main__":
    main()

"""The forecast engine on a schedule in memory, 10,000 draws, against a pandas loop over draws.

    .venv/bin/python benchmarks/forecast_speed.py        (after `python3 run.py` has set up .venv)

The district is Thanh Chương; the province (411 communes) and the country (8,200) are those of need_speed.py, each with
money in proportion to its communes. The engine draws the worlds, pays the queue and finds the month of every goal, with and
without limit of money. The alternative does the queue of the same worlds with pandas, one draw after the other (group,
cumulative sum, merge_asof on the months of each pot); it is run for a few draws and its time a draw is scaled up. Each size
has a process of its own. The last figure of the district is `--price`. Before each size the machine's own speed is printed, as
the seconds of a plain loop of five million additions.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from need_speed import ROOT, generate

DRAWS, LOOPED = 10_000, 10
SIZES = (37, 411, 8_200)


def with_money(folder: Path, communes: int) -> Path:
    """The data set of need_speed.py with the published series beside it and envelopes times communes / 37."""
    target = generate(folder, communes)
    shutil.copytree(ROOT / "data" / "reference", folder / "reference")
    path = target / "envelopes.csv"
    head, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    place = head.split(",").index("amount")
    for i, line in enumerate(lines):
        cells = line.split(",")
        cells[place] = f"{float(cells[place]) * communes / 37:.0f}"
        lines[i] = ",".join(cells)
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8-sig")
    return target


def measure(folder: str) -> dict:
    """Seconds of the engine, of the loop scaled to as many draws, and the peak memory, for one data set."""
    import resource

    import numpy as np
    import pandas as pd

    from ntm_analysis.finishing import run_of
    from ntm_analysis.forecast.forecast import forecast
    from ntm_analysis.layout import Layout
    from ntm_analysis.possible_worlds import draw_worlds
    from ntm_analysis.promise import promise
    from ntm_analysis.schedule import schedule
    from ntm_analysis.workbook import Workbook

    workbook = Workbook.open(folder)
    begin = time.perf_counter()
    layout = Layout(schedule(workbook))
    lines = layout.lines
    laid = time.perf_counter() - begin
    run_of(layout, 1_000, 1)  # tables of quantiles
    times = []
    for _ in range(1 if len(workbook.communes) > 1_000 else 5):
        begin = time.perf_counter()
        run = run_of(layout, DRAWS, 2022)
        times.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    worlds = draw_worlds(layout, LOOPED, 2022)
    begin = time.perf_counter()
    for draw in range(LOOPED):
        for line in lines:
            claims = [worlds.groups[g].claims[j][mine, draw] for g, j, mine in line.pieces]
            queue = pd.DataFrame({"claim": np.concatenate(claims)[line.order]})
            queue["sum"] = queue["claim"].cumsum()
            money = pd.DataFrame({"sum": worlds.money[line.instance][draw]}) if line.instance in worlds.money else None
            if money is not None:
                money["month"] = money.index + 1
                pd.merge_asof(queue, money.drop_duplicates("sum"), on="sum", direction="forward")
        works = pd.DataFrame({"goal": layout.goal, "end": np.concatenate([g.left[:, draw] for g in worlds.groups])})
        works.groupby("goal")["end"].max()
    loop = (time.perf_counter() - begin) / LOOPED * DRAWS
    priced = 0.0
    if len(workbook.communes) < 100:
        found = forecast(workbook)
        begin = time.perf_counter()
        promise(found)
        priced = time.perf_counter() - begin
    return {
        "communes": len(workbook.communes), "goals": len(run.goals), "works": len(layout.goal), "laid": laid,
        "engine": min(times),
        "loop": loop, "peak": peak, "priced": priced,
    }  # fmt: skip


def plain_loop() -> float:
    """Seconds of five million additions in Python: how fast the machine is just now."""
    begin, total = time.perf_counter(), 0
    for i in range(5_000_000):
        total += i
    return time.perf_counter() - begin


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    for communes in SIZES:
        print(f"plain loop {plain_loop():.2f} s;", end=" ", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            data = ROOT / "data" / "thanh-chuong" if communes == 37 else with_money(Path(folder), communes)
            done = subprocess.run([sys.executable, __file__, str(data)], check=True, capture_output=True, text=True, cwd=ROOT)
        found = json.loads(done.stdout)
        print(f"{found['communes']:5d} communes, {found['goals']} goals, {found['works']} works:", end=" ")
        print(f"schedule {found['laid']:.2f} s, engine {found['engine']:.2f} s,", end=" ")
        print(
            f"pandas loop {found['loop']:.0f} s, ratio {found['loop'] / found['engine']:.0f}, peak {found['peak']:.0f} MiB",
            end="",
        )
        print(f"; --price {found['priced']:.1f} s" if found["priced"] else "")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

"""The forecast engine on a schedule in memory, 10,000 draws, against a pandas loop over draws.

    .venv/bin/python benchmarks/forecast_speed.py        (after `python3 run.py` has set up .venv)

The district is Thanh Chương; the province (411 communes) and the country (8,200) are those of
need_speed.py, each with money in proportion to its communes. The engine draws the worlds and leads
them through the yearly cycle, with the money there is and with all works paid in time; the fit of
the evidence is read before. The alternative does the cycle of the same worlds with pandas, one draw
after the other, and the money in the simplest way (each pot at its usual share): a list of each
year by sorting, what is paid by cumulative sums. It is run for a few draws and its time a draw is
scaled up. Each size has a process of its own. The last figure of the district is `--price`. Before
each size the machine's own speed is printed, as the seconds of a plain loop of five million
additions.
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
    """The data set of need_speed.py with the published series beside it and envelopes times
    communes / 37.
    """
    target = generate(folder, communes)
    shutil.copytree(ROOT / "data" / "reference", folder / "reference")
    # One commune is described, so that all are led through the cycle by name, works and money.
    with (target / "criterion_counts.csv").open("a", encoding="utf-8") as counts:
        counts.write("10069,ntm-2016-2020,2022-03-31,15,19,2022-03-31,gia-dinh,assumed,\n")
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
    """Seconds of the engine, of the loop scaled to as many draws, and the peak memory, for one data
    set.
    """
    import ntm_analysis  # noqa: F401, I001 - before numpy: it says how many threads a matrix product may take
    import resource

    import numpy as np
    import pandas as pd

    from ntm_analysis.forecasts import forecast
    from ntm_analysis.forecasts import price_of_promise
    from ntm_analysis.forecasts import baseline_of
    from ntm_analysis.forecasts.simulation import simulation
    from ntm_analysis.forecasts import Layout, draw_worlds
    from ntm_analysis.forecasts import schedule
    from ntm_analysis.data import Workbook

    workbook = Workbook.open(folder)
    begin = time.perf_counter()
    layout = Layout(schedule(workbook))
    laid = time.perf_counter() - begin
    usual = baseline_of(workbook, 2022)
    times = []
    for _ in range(1 if len(workbook.communes) > 1_000 else 5):
        begin = time.perf_counter()
        run = simulation(layout, DRAWS, 2022, usual)
        times.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    drawn, goals = draw_worlds(layout, LOOPED, 2022), layout.schedule.goals
    usual_shares = (layout.sets.least + layout.sets.most) / 2
    usual_shares = usual_shares / np.maximum(usual_shares.sum(axis=1, keepdims=True), 1)
    chance = np.random.default_rng(2022)
    begin = time.perf_counter()
    for draw in range(LOOPED):
        asked = pd.DataFrame(drawn.cost[:, :, draw] @ usual_shares, columns=layout.sets.pots)
        table = goals[["level"]].assign(
            lacks=drawn.count[:, draw], tie=chance.random(len(goals)), month=9999
        )
        spent = 0.0
        for span in layout.schedule.spans:
            waiting = table[table["month"] == 9999].sort_values(["lacks", "tie"])
            listed = waiting.head(max(1, len(waiting) // 5)).index
            sums = asked.loc[listed].cumsum() + spent
            money = drawn.money[:, np.searchsorted(layout.checkpoints, span.last), draw]
            paid = (sums <= money).all(axis=1)
            success = chance.random(len(listed)) < np.where(paid, 0.85, 0.6)
            table.loc[listed[success], "month"] = span.last
            spent = sums[paid].iloc[-1] if paid.any() else spent
        table.groupby("level")["month"].max()
    loop = (time.perf_counter() - begin) / LOOPED * DRAWS
    priced = 0.0
    if len(workbook.communes) < 100:
        found = forecast(workbook)
        begin = time.perf_counter()
        price_of_promise(found)
        priced = time.perf_counter() - begin
    return {
        "communes": len(workbook.communes),
        "goals": len(run.schedule.goals),
        "works": sum(len(works) for _, works in layout.items),
        "laid": laid,
        "engine": min(times),
        "loop": loop,
        "peak": peak,
        "priced": priced,
    }


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
            data = (
                ROOT / "data" / "thanh-chuong"
                if communes == 37
                else with_money(Path(folder), communes)
            )
            done = subprocess.run(
                [sys.executable, __file__, str(data)],
                check=True,
                capture_output=True,
                text=True,
                cwd=ROOT,
            )
        found = json.loads(done.stdout)
        print(
            f"{found['communes']:5d} communes, {found['goals']} goals, {found['works']} works:",
            end=" ",
        )
        print(f"schedule {found['laid']:.2f} s, engine {found['engine']:.2f} s,", end=" ")
        print(
            f"pandas loop {found['loop']:.0f} s, ratio {found['loop'] / found['engine']:.0f}, "
            f"peak {found['peak']:.0f} MiB",
            end="",
        )
        print(f"; --price {found['priced']:.1f} s" if found["priced"] else "")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

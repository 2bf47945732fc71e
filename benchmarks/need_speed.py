"""The need engine on tables in memory, 10,000 draws, against a pandas loop over draws.

    .venv/bin/python benchmarks/need_speed.py        (after `python3 run.py` has set up .venv)

The district is Thanh Chương; the province (411 communes) and the country (8,200) are made up of
communes like its own, with the same shares of recognised, border and unreported ones. Each size has
a process of its own. The alternative draws, prices and adds up the same list of works with pandas,
one draw after the other; it is run for a few draws and its time a draw is scaled up.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRAWS, LOOPED = 10_000, 30
SIZES = (37, 411, 8_200)


def generate(folder: Path, communes: int) -> Path:
    """A data set of ``communes`` like those of the province: 69 % recognised, the rest unreported,
    one in five at the border.
    """
    shutil.copytree(ROOT / "data" / "criteria", folder / "criteria")
    target = folder / "many"
    shutil.copytree(ROOT / "data" / "thanh-chuong", target)
    for name in (
        "units",
        "mergers",
        "criterion_states",
        "criterion_counts",
        "recognitions",
        "targets",
        "tasks",
        "works",
    ):
        path = target / f"{name}.csv"
        path.write_text(
            path.read_text(encoding="utf-8-sig").split("\n")[0] + "\n", encoding="utf-8-sig"
        )
    mark = "2019-12-31,gia-dinh,assumed,\n"
    with (
        (target / "units.csv").open("a", encoding="utf-8") as units,
        (target / "recognitions.csv").open("a") as known,
    ):
        for n in range(communes):
            group = "border" if n % 100 >= 94 else "plain"
            units.write(f"{10000 + n},2020-01-01,Xã {n},commune,,{n + 1},{group},,,,,{mark}")
            if n % 100 < 69:
                known.write(f"{10000 + n},ntm,ntm-2016-2020,inferred,,,{mark}")
    return target


def measure(folder: str) -> dict:
    """Seconds of the engine, of the loop scaled to as many draws, and the peak memory, for one data
    set.
    """
    import resource

    import numpy as np
    import pandas as pd

    from ntm_analysis.data import Workbook
    from ntm_analysis.needs import communes_in_need, unit_costs
    from ntm_analysis.needs.missing import missing_ntm
    from ntm_analysis.needs.need import draw_need
    from ntm_analysis.standing import assess

    workbook = Workbook.open(folder)
    units = communes_in_need(workbook, "ntm")["ntm"]
    standing = assess(workbook, "ntm-2016-2020")
    # compiled regular expressions, tables of quantiles
    missing_ntm(workbook, 1_000, 1, units[:1], standing)
    begin = time.perf_counter()
    missing = missing_ntm(workbook, DRAWS, 2022, units, standing)
    need = draw_need(workbook, missing, "ntm", DRAWS, 2022, 2022)
    engine = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    works, costs, chance = need.works, unit_costs(workbook), np.random.default_rng(1)
    cost = costs.loc[works["item"]].reset_index(drop=True)
    begin = time.perf_counter()
    for draw in range(LOOPED):
        low, mode, high = cost["low"], cost["mode"], cost["high"]
        price = low + (high - low) * chance.beta(
            1 + 4 * (mode - low) / (high - low), 5 - 4 * (mode - low) / (high - low)
        )
        low, mode, high = works["low"], works["quantity_mode"], works["high"]
        width = (high - low).where(high > low, 1.0)
        drawn = low + (high - low) * chance.beta(
            1 + 4 * (mode - low) / width, 5 - 4 * (mode - low) / width
        )
        lacks = missing.lacks[
            works["at"], np.searchsorted(missing.numbers, works["criterion"]), draw
        ]
        table = pd.DataFrame(
            {"amount": drawn * price * 1.03 ** (2022 - cost["price_year"]) * lacks}
        )
        table = table.assign(unit=works["unit"], criterion=works["criterion"], item=works["item"])
        for name in ("unit", "criterion", "item"):
            table.groupby(name)["amount"].sum()
    loop = (time.perf_counter() - begin) / LOOPED * DRAWS
    return {
        "communes": len(workbook.communes),
        "in_need": len(units),
        "works": len(works),
        "engine": engine,
        "loop": loop,
        "peak": peak,
    }


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    for communes in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            data = (
                ROOT / "data" / "thanh-chuong"
                if communes == 37
                else generate(Path(folder), communes)
            )
            runs = [
                json.loads(
                    subprocess.run(
                        [sys.executable, __file__, str(data)],
                        check=True,
                        capture_output=True,
                        text=True,
                        cwd=ROOT,
                    ).stdout
                )
                for _ in range(1 if communes > 1_000 else 3)
            ]
        best = min(runs, key=lambda run: run["engine"])
        print(
            f"{best['communes']:5d} communes, {best['in_need']} in need, {best['works']} works:",
            end=" ",
        )
        print(
            f"engine {best['engine']:.2f} s, pandas loop {best['loop']:.0f} s, "
            f"ratio {best['loop'] / best['engine']:.0f},",
            end=" ",
        )
        print(f"peak {best['peak']:.0f} MiB")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

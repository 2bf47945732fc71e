"""One move of a slider of the what-if panel, at district size: from the new value to verdict, chart
and table.

    .venv/bin/python benchmarks/panel_speed.py        (after `python3 run.py` has set up .venv)

The panel of the notebooks on Thanh Chương (37 communes), its widgets set in this process: 20 moves,
one pot after the other, and 8 of the price slider, which changes what every work costs. The least
of them is what other work on the machine touches least; the time that the browser takes to show
them is not in it. The alternative reads the scenario of each move from its text and forecasts it
the long way with as many draws, without chart and table. Before it the machine's own speed is
printed, as the seconds of a plain loop of five million additions.
"""

import statistics
import sys
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def seconds(act) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def plain_loop() -> None:
    total = 0
    for number in range(5_000_000):
        total += number


def main() -> None:
    from ntm_analysis.data import Workbook
    from ntm_analysis.forecasts import forecast
    from ntm_analysis.lab.panel import Panel
    from ntm_analysis.results import ForecastResult
    from ntm_analysis.scenarios import WhatIf, scenario
    from ntm_analysis.scenarios.what_if import UNSAVED
    from ntm_analysis.tables import as_yaml

    print(f"a loop of five million additions: {seconds(plain_loop):.2f} s")
    tried = WhatIf(Workbook.open(ROOT / "data" / "thanh-chuong"))
    made = []
    print(f"panel opened: {seconds(lambda: made.append(Panel(tried, 'Thanh Hương', 'vi'))):.1f} s")
    (panel,) = made
    money, prices, long = [], [], []
    for place in range(20):
        slider = panel.sliders[list(panel.pots)[place % len(panel.pots)]]
        money.append(seconds(partial(setattr, slider, "value", 150 if slider.value == 100 else 60)))
        if place < 5:
            text = as_yaml(tried.content(panel.setting))

            def whole(text: str = text) -> None:
                chosen = scenario(tried.workbook, UNSAVED, text)
                will = forecast(chosen, policy=chosen.policy, draws=tried.draws)
                ForecastResult(will).to_dict()

            long.append(seconds(whole))
    panel.reset.click()
    for points in range(1, 9):
        prices.append(seconds(partial(setattr, panel.sliders["*prices"], "value", points)))
    for name, taken in (
        ("money moved", money),
        ("prices moved", prices),
        ("the long way, without chart and table", long),
    ):
        print(
            f"{name} ({tried.draws} draws, {len(taken)} times): "
            f"median {statistics.median(taken):.2f} s, "
            f"least {min(taken):.2f} s, most {max(taken):.2f} s"
        )


if __name__ == "__main__":
    main()

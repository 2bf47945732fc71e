"""Charts of the forecast: the fan of communes finishing, chances by band."""

import pandas as pd
import seaborn as sns
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure

from .chart_style import BAND, BAR, INK, MAIN, QUIET, RULE, SCALE_LOOK
from .charts import WIDTH, blank, with_legend
from .forecast.scoring import EDGES
from .words import text


def fan(table: pd.DataFrame, total: int, basically: int, naive: pd.Series | None, lang: str) -> Figure:
    """How many communes have finished over time: median, usual range, goal lines, and the straight line of today's pace
    (``naive``, by day).

    ``table``: day, p10, p50, p90 (:meth:`~ntm_analysis.forecast.forecast.Forecast.over_time`).
    """
    figure, axes = blank(WIDTH, 3.4)
    last = table.iloc[[-1]]  # drawn on for two months, else the last step would have no width
    table = pd.concat([table, last.assign(day=last["day"] + pd.Timedelta(days=60))])
    axes.fill_between(table["day"], table["p10"], table["p90"], step="post", **BAND, label=text("fan_range", lang))
    axes.step(table["day"], table["p50"], where="post", color=MAIN, linewidth=2, label=text("fan_median", lang))
    if naive is not None:
        axes.plot(naive.index, naive, color=QUIET, linestyle="--", linewidth=1, label=text("fan_naive", lang))
    axes.axhline(total, color=INK, linewidth=1.2, label=text("fan_all", lang, n=total))
    if basically < total:
        axes.axhline(basically, color=INK, linewidth=1, linestyle=":", label=text("fan_basically", lang, n=basically))
    axes.set_ylim(max(0, table["p10"].min() - 2), total + 1)
    first = int(table["p10"].min())
    axes.set_yticks(sorted({*range(first, total - 1, max(1, (total - first) // 5)), total}))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=5, interval_multiples=True))
    axes.xaxis.set_major_formatter(lambda x, _: f"{num2date(x).month}/{num2date(x).year}")
    axes.set_ylabel(text("axis_finished", lang))
    return with_legend(figure, axes)


def strip(rows: pd.DataFrame, lang: str) -> Figure:
    """The chance of each band: label, p, look (a word of the scale), said (the chance as told)."""
    figure, axes = blank(WIDTH, 0.42 * len(rows) + 0.9)
    for row in rows.itertuples():
        colour, hatch = SCALE_LOOK[row.look]
        axes.barh(row.label, 100 * row.p, color=colour, hatch=hatch, **BAR)
        inside = row.p > 0.5  # a long bar has room for its words, a short one has room beside it
        axes.text(
            100 * row.p + (-2.5 if inside else 1.5),
            row.label,
            row.said,
            va="center",
            ha="right" if inside else "left",
            fontsize=9.5,
            bbox={"fc": "white", "ec": "none", "pad": 1.0, "alpha": 0.85},
        )
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    for edge in EDGES[1:-1]:
        axes.axvline(100 * edge, color=RULE, linewidth=0.8, zorder=0)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(text("axis_chance", lang))
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True)
    return figure

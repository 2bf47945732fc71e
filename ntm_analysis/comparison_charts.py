"""Charts of the comparison: slopes from the baseline to each scenario, money against communes, the tornado."""

from textwrap import fill, shorten

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from .chart_style import BAND, BAR, END_LOOK, INK, LEADER, MAIN, QUIET, WAY_LOOK
from .charts import WIDTH, blank, with_legend
from .office_numbers import write_figure, write_number
from .words import text


def slope(base: float, rows: pd.DataFrame, lang: str) -> Figure:
    """From the baseline's mean number to that of each scenario: label, mean, way (1 more, -1 fewer, 0 no clear change)."""
    figure, axes = blank(WIDTH, 0.5 * len(rows) + 1.0)
    rows = rows.sort_values("mean", kind="stable")
    ends = (min(base, rows["mean"].min()), max(base, rows["mean"].max()))
    room = max(0.5, ends[1] - ends[0])
    places = np.linspace(ends[0] - 0.05 * room, ends[1] + 0.05 * room, len(rows)) if len(rows) > 1 else rows["mean"]
    for row, place in zip(rows.itertuples(), places, strict=True):
        colour, line = WAY_LOOK[row.way]
        axes.plot([0, 1], [base, row.mean], color=colour, linestyle=line, marker="o", markersize=4, linewidth=1.6)
        axes.plot([1.02, 1.18], [row.mean, place], color=LEADER, linewidth=0.7)
        label = fill(f"{write_number(row.mean, lang, 1)}  {row.label}", 31)
        axes.text(1.2, place, label, va="center", fontsize=9.5, color=colour)
    axes.text(-0.06, base, write_number(base, lang, 1), ha="right", va="center", fontsize=9.5)
    axes.set_xlim(-0.35, 2.85)
    axes.set_xticks([0, 1], [text("slope_base", lang), text("slope_other", lang)])
    axes.set_yticks([])
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True, bottom=True)
    return figure


def frontier(table: pd.DataFrame, total: int, lang: str) -> Figure:
    """Communes finishing against money: factor, mean, p10, p90."""
    figure, axes = blank(WIDTH, 3.0)
    axes.fill_between(table["factor"], table["p10"], table["p90"], **BAND, label=text("fan_range", lang))
    axes.plot(table["factor"], table["mean"], color=MAIN, marker="o", linewidth=2, label=text("axis_mean", lang))
    axes.axvline(1.0, color=QUIET, linestyle=":", linewidth=1.2)
    axes.set_xticks(table["factor"], [write_number(factor, lang) for factor in table["factor"]])
    axes.set_ylim(np.floor(table["p10"].min() - 1), min(total, table["p90"].max() + 1) + 0.3)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(text("axis_factor", lang))
    axes.set_ylabel(text("axis_finished", lang))
    return with_legend(figure, axes)


def tornado(rows: pd.DataFrame, usual: float, lang: str) -> Figure:
    """The mean number finishing with each assumption at its ends: label, low, high; the bars begin at ``usual``."""
    figure, axes = blank(WIDTH, 0.46 * len(rows) + 1.2)
    places = np.arange(len(rows))
    for end, (colour, hatch) in END_LOOK.items():
        axes.barh(
            places, rows[end] - usual, left=usual, color=colour, hatch=hatch, **BAR,
            label=text(f"tornado_{end}", lang),
        )  # fmt: skip
        for place, (value, other) in enumerate(zip(rows[end], rows["high" if end == "low" else "low"], strict=True)):
            right = value > other
            axes.annotate(
                write_number(value, lang, 1), (max(value, usual) if right else min(value, usual), place),
                xytext=(3 if right else -3, 0), textcoords="offset points", va="center", ha="left" if right else "right",
                fontsize=8.5,
            )  # fmt: skip
    axes.set_yticks(places, [fill(shorten(label, 50, placeholder="..."), 27) for label in rows["label"]], fontsize=9)
    axes.invert_yaxis()
    axes.axvline(usual, color=INK, linewidth=1.2)
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(lambda x, _: write_figure(x, lang))
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(text("axis_mean", lang))
    return with_legend(figure, axes, left=True)

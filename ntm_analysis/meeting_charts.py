"""Charts of the monthly meeting."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .charts import WIDTH, blank, sns
from .words import text


def s_curve(curve: pd.DataFrame, lang: str) -> Figure:
    """Planned and actual volume of works by month, in per cent; ``curve``: of :func:`~ntm_analysis.works_progress.curve`."""
    begun = curve.index[(curve.fillna(0) > 0).any(axis=1)]
    shown = curve[curve.index >= begun[0] - pd.offsets.MonthEnd(1)] if len(begun) else curve
    figure, axes = blank(WIDTH, 3.2)
    labels, places = [f"{day.month}/{day.year}" for day in shown.index], range(len(shown))
    axes.step(places, shown["planned"], where="post", linestyle="--", color="#444444", label=text("curve_planned", lang))
    axes.plot(places, shown["actual"], marker="o", linewidth=2.2, color="#0b4f8a", label=text("curve_actual", lang))
    axes.set_ylim(0, 104)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(lambda x, _: labels[round(x)] if 0 <= round(x) < len(labels) else "")
    axes.set_ylabel(text("axis_volume", lang))
    figure.legend(loc="outside lower center", ncols=2, fontsize=9.5, frameon=False)
    sns.despine(ax=axes)
    return figure

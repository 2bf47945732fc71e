"""Charts of the monthly meeting."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .chart_style import EDGE, MAIN
from .charts import WIDTH, blank
from .words import text


def s_curve(curve: pd.DataFrame, lang: str) -> Figure:
    """Planned and actual volume of works by month, in per cent; ``curve``: of :func:`~ntm_analysis.works_progress.curve`."""
    figure, axes = blank(WIDTH, 3.2)
    _draw(axes, _begun(curve), lang, 6)
    axes.set_ylabel(text("axis_volume", lang))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9.5, frameon=False)
    return figure


def s_curves(curves: dict[str, pd.DataFrame], lang: str) -> Figure:
    """The S-curve of each commune in a panel of its own, by name, on the same months and the same scale."""
    begun = min(_begun(curve).index[0] for curve in curves.values())
    last = max(curve.index[-1] for curve in curves.values())
    figure = Figure(figsize=(WIDTH, 0.3 + 1.35 * -(-len(curves) // 2)), layout="constrained")
    panels = figure.subplots(-(-len(curves) // 2), 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (name, curve) in zip(panels, curves.items(), strict=False):
        months = pd.date_range(begun, last, freq="ME")
        held = curve.reindex(months)
        _draw(axes, held.assign(planned=held["planned"].ffill()), lang, 3)
        axes.set_title(name, fontsize=9.5, loc="left")
        axes.tick_params(labelsize=8.5, labelbottom=True)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    return figure


def _begun(curve):
    """The months from the one before anything is planned or done."""
    begun = curve.index[(curve.fillna(0) > 0).any(axis=1)]
    return curve[curve.index >= begun[0] - pd.offsets.MonthEnd(1)] if len(begun) else curve


def _draw(axes, curve, lang, ticks):
    labels, places = [f"{day.month}/{day.year}" for day in curve.index], range(len(curve))
    axes.step(places, curve["planned"], where="post", linestyle="--", color=EDGE, label=text("curve_planned", lang))
    axes.plot(places, curve["actual"], marker="o", markersize=4, linewidth=2, color=MAIN, label=text("curve_actual", lang))
    axes.set_ylim(0, 104)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True))
    axes.xaxis.set_major_formatter(lambda x, _: labels[round(x)] if 0 <= round(x) < len(labels) else "")
    sns.despine(ax=axes)

"""Charts with alt text that states the finding, all in one look."""

import base64
import io
from textwrap import fill, shorten

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from markupsafe import Markup
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..forecasts import SCALE_EDGES
from ..language import STATE_SIGNS, STATE_WORDS, pick, text, write_figure, write_number

INK, EDGE, QUIET = "#222222", "#444444", "#666666"
LEADER, RULE, GRID = "#8a8a8a", "#bbbbbb", "#dddddd"
MAIN, RANGE, FEWER, WARM = "#1c5f8d", "#9cc9e8", "#b4451f", "#d1603d"

# States of criteria, as colour and hatch.
STATE_LOOK = {
    "met": ("#4aa3df", ""),
    "recognition": ("#bfe0f5", ""),
    "basic": ("#f4d35e", "//"),
    "not_met": ("#e07b39", "xx"),
    "unknown": ("#ffffff", ".."),
    "not_applicable": ("#d9d9d9", "--"),
}
# The verbal scale of chances.
SCALE_LOOK = {
    "very_unlikely": (WARM, "xx"),
    "unlikely": ("#e8935f", "//"),
    "less_likely": ("#f0c9a0", "\\\\"),
    "even": ("#f4e3a1", ".."),
    "likely": ("#cfe3f2", "--"),
    "very_likely": (RANGE, "oo"),
    "certain": ("#3f8fc4", ""),
}
# More communes, fewer, no clear change: colour and line.
WAY_LOOK = {1: (MAIN, "-"), -1: (FEWER, "--"), 0: (QUIET, ":")}
# The low and the high end of an assumption.
END_LOOK = {"low": ("#f0b08a", "//"), "high": ("#3f8fc4", "")}
# The parts of a stack, in their order.
PART_HATCHES = ("", "//", "xx", "..", "\\\\", "--", "++", "oo", "||")
BAR = {"edgecolor": EDGE, "linewidth": 0.5}
DOT = {"marker": "o", "markersize": 4}
# a range of years or amounts
BAND = {"facecolor": RANGE, "edgecolor": MAIN, "linewidth": 0.8, "alpha": 0.8}
# the ground of a figure written on a bar
BOX = {"fc": "white", "ec": "none", "pad": 1.0, "alpha": 0.85}


matplotlib.rcParams["hatch.linewidth"] = 0.5
matplotlib.rcParams["text.parse_math"] = False  # a $ in a name is a letter, not a formula
# inches; narrow, so that the letters stay readable when a phone shows the picture at half size
WIDTH = 5.2


def picture(figure: Figure, alt: str, caption: str = "") -> Markup:
    """A figure as an inline PNG with its alt text and an optional caption."""
    raw = io.BytesIO()
    # the layout leaves no margin: one pass is enough
    figure.savefig(raw, format="png", dpi=100, pil_kwargs={"optimize": True})
    data = base64.b64encode(raw.getvalue()).decode("ascii")
    note = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
    return Markup('<figure><img src="data:image/png;base64,{}" alt="{}">{}</figure>').format(
        Markup(data), alt, note
    )


def blank(width: float, height: float) -> tuple[Figure, matplotlib.axes.Axes]:
    """A figure that pyplot does not keep: nothing to close, nothing shown twice in a notebook."""
    with (
        sns.axes_style("whitegrid", {"grid.color": GRID}),
        sns.plotting_context("notebook", font_scale=0.9),
    ):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _framed(figure, axes, *, bare="", ncols=2, left=False):
    """The figure with its legend (none: ``ncols`` 0) below the axes, no frame around these and no
    grid lines of the axis ``bare``.
    """
    if ncols:
        figure.legend(loc="outside lower center", ncols=ncols, fontsize=9.5, frameon=False)
    if bare:
        axes.grid(axis=bare, visible=False)
    sns.despine(ax=axes, left=left)
    return figure


def _filled(look):
    """The settings of a bar of a look."""
    colour, hatch = look
    return {"color": colour, "hatch": hatch, **BAR}


def _count_communes(axes, most, label):
    """The axis of a number of communes."""
    axes.set_xlabel(label)
    axes.set_xlim(0, max(1, most))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def state_bars(counts: pd.DataFrame, lang: str, what: str = "") -> Figure:
    """Counts by state, as stacked bars: communes for each criterion, or what ``what`` names.

    ``counts``: index the label of each criterion, columns states (met, recognition, basic, not_met,
    unknown).
    """
    figure, axes = blank(WIDTH, 0.3 * len(counts) + 1.0)
    left = pd.Series(0.0, index=counts.index)
    for state in [s for s in STATE_LOOK if s in counts and counts[s].any()]:
        label = f"{pick(STATE_SIGNS[state], lang)}: {pick(STATE_WORDS[state], lang)}"
        look = _filled(STATE_LOOK[state])
        bars = axes.barh(counts.index, counts[state], left=left, label=label, **look)
        labels = [str(int(v)) if v else "" for v in counts[state]]
        box = BOX | {"pad": 0.6}
        axes.bar_label(bars, labels, label_type="center", fontsize=9.5, bbox=box)
        left = left + counts[state]
    axes.invert_yaxis()
    _count_communes(axes, left.max(), what or text("axis_communes", lang))
    return _framed(figure, axes, bare="y", ncols=3, left=True)


def standing_bar(groups: dict[str, tuple[int, str]], lang: str) -> Figure:
    """One bar of all communes split into groups: label -> (number, state whose look it takes)."""
    figure, axes = blank(WIDTH, 1.7)
    left = 0
    for label, (number, state) in groups.items():
        if not number:
            continue
        look = _filled(STATE_LOOK[state]) | {"linewidth": None}
        bar = axes.barh([0], [number], left=left, label=f"{label}: {number}", **look)
        axes.bar_label(bar, [str(number)], label_type="center", bbox=BOX)
        left += number
    axes.set_yticks([])
    _count_communes(axes, left, text("axis_communes", lang))
    return _framed(figure, axes, bare="both", ncols=3, left=True)


def threshold_bars(rows: pd.DataFrame, lang: str) -> Figure:
    """How near each measured indicator is to its threshold: value as a share of the threshold
    (100 % is the threshold).

    ``rows``: test, label, share (value / threshold, for ceilings threshold / value), state.
    """
    figure, axes = blank(WIDTH, 0.32 * len(rows) + 0.8)
    sns.barplot(
        data=rows.assign(percent=100 * rows["share"].clip(0, 1.5)),
        x="percent",
        y="label",
        hue="state",
        dodge=False,
        ax=axes,
        palette={s: look[0] for s, look in STATE_LOOK.items()},
        **BAR,
        legend=False,
    )
    for patch in axes.patches:
        index = round(patch.get_y() + patch.get_height() / 2)
        if patch.get_width() > 0:
            patch.set_hatch(STATE_LOOK[rows["state"].iloc[index]][1])
    axes.axvline(100, color=INK, linewidth=1.4)
    axes.set_xlabel(text("axis_threshold", lang))
    axes.set_ylabel("")
    return _framed(figure, axes, bare="y", ncols=0, left=True)


def stacked_years(amounts: pd.DataFrame, label: str) -> Figure:
    """Amounts by year as stacked bars.

    ``amounts``: index what the parts are, columns years; ``label``: of the axis.
    """
    figure, axes = blank(WIDTH, 3.4)
    colours = sns.color_palette("colorblind", len(amounts))
    years, floor = [str(year) for year in amounts.columns], np.zeros(len(amounts.columns))
    for i, (name, row) in enumerate(amounts.iterrows()):
        look = _filled((colours[i], PART_HATCHES[i % len(PART_HATCHES)]))
        axes.bar(years, row, bottom=floor, label=name, **look)
        floor = floor + row.to_numpy()
    axes.set_ylabel(label)
    return _framed(figure, axes, bare="x")


def waterfall(total: float, steps: dict[str, float], rest: float, lang: str) -> Figure:
    """From a need down to its gap ``rest``: each step a part that is covered. Billion đồng."""
    labels = [text("waterfall_need", lang), *steps, text("head_gap", lang)]
    left, ends = total, []
    for value in steps.values():
        left -= value
        ends.append(left)
    starts, widths = [0.0, *ends, 0.0], [total, *steps.values(), rest]
    figure, axes = blank(WIDTH, 0.36 * len(labels) + 0.8)
    looks = ["not_applicable", *["met"] * len(steps), "not_met"]
    for label, start, width, look in zip(labels, starts, widths, looks, strict=True):
        bar = axes.barh(label, width, left=start, **_filled(STATE_LOOK[look]))
        axes.bar_label(bar, [write_number(float(f"{width:.2g}"), lang)], padding=3, fontsize=9.5)
    axes.invert_yaxis()
    axes.set_xlim(0, total * 1.12 if total else 1)
    axes.set_xlabel(text("axis_billion", lang))
    return _framed(figure, axes, bare="y", ncols=0, left=True)


def fan(
    table: pd.DataFrame, total: int, basically: int, naive: pd.Series | None, lang: str
) -> Figure:
    """How many communes have finished over time: median, usual range, goal lines, and the straight
    line of today's pace (``naive``, by day).

    ``table``: day, p10, p50, p90 (:meth:`~ntm_analysis.forecasts.forecast.Forecast.over_time`).
    """
    figure, axes = blank(WIDTH, 3.4)
    last = table.iloc[[-1]]  # drawn on for two months, else the last step would have no width
    table = pd.concat([table, last.assign(day=last["day"] + pd.Timedelta(days=60))])
    days, label = table["day"], text("fan_range", lang)
    axes.fill_between(days, table["p10"], table["p90"], step="post", label=label, **BAND)
    label = text("fan_median", lang)
    axes.step(days, table["p50"], where="post", color=MAIN, linewidth=2, label=label)
    if naive is not None:
        label = text("fan_naive", lang)
        axes.plot(naive, color=QUIET, linestyle="--", linewidth=1, label=label)
    axes.axhline(total, color=INK, linewidth=1.2, label=text("fan_all", lang, n=total))
    if basically < total:
        label = text("fan_basically", lang, n=basically)
        axes.axhline(basically, color=INK, linewidth=1, linestyle=":", label=label)
    axes.set_ylim(max(0, table["p10"].min() - 2), total + 1)
    first = int(table["p10"].min())
    axes.set_yticks(sorted({*range(first, total - 1, max(1, (total - first) // 5)), total}))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=5, interval_multiples=True))
    axes.xaxis.set_major_formatter(lambda x, _: f"{num2date(x).month}/{num2date(x).year}")
    axes.set_ylabel(text("axis_finished", lang))
    return _framed(figure, axes)


def strip(rows: pd.DataFrame, lang: str) -> Figure:
    """The chance of each band: label, p, look (a word of the scale), words (the chance as told)."""
    figure, axes = blank(WIDTH, 0.42 * len(rows) + 0.9)
    for row in rows.itertuples():
        axes.barh(row.label, 100 * row.p, **_filled(SCALE_LOOK[row.look]))
        # a long bar has room for its words, a short one has room beside it
        shift, side = (-2.5, "right") if row.p > 0.5 else (1.5, "left")
        place = (100 * row.p + shift, row.label)
        axes.text(*place, row.words, va="center", ha=side, fontsize=9.5, bbox=BOX)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    for edge in SCALE_EDGES[1:-1]:
        axes.axvline(100 * edge, color=RULE, linewidth=0.8, zorder=0)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(text("axis_chance", lang))
    return _framed(figure, axes, bare="both", ncols=0, left=True)


def slope(base: float, rows: pd.DataFrame, lang: str) -> Figure:
    """From the baseline's mean number to that of each scenario: label, mean, way (1 more, -1 fewer,
    0 no clear change).
    """
    figure, axes = blank(WIDTH, 0.5 * len(rows) + 1.0)
    rows = rows.sort_values("mean", kind="stable")
    ends = (min(base, rows["mean"].min()), max(base, rows["mean"].max()))
    room = max(0.5, ends[1] - ends[0])
    places = (
        np.linspace(ends[0] - 0.05 * room, ends[1] + 0.05 * room, len(rows))
        if len(rows) > 1
        else rows["mean"]
    )
    for row, place in zip(rows.itertuples(), places, strict=True):
        colour, line = WAY_LOOK[row.way]
        axes.plot([0, 1], [base, row.mean], color=colour, linestyle=line, linewidth=1.6, **DOT)
        axes.plot([1.02, 1.18], [row.mean, place], color=LEADER, linewidth=0.7)
        label = fill(f"{write_number(row.mean, lang, 1)}  {row.label}", 31)
        axes.text(1.2, place, label, va="center", fontsize=9.5, color=colour)
    axes.text(-0.06, base, write_number(base, lang, 1), ha="right", va="center", fontsize=9.5)
    axes.set_xlim(-0.35, 2.85)
    axes.set_xticks([0, 1], [text("slope_base", lang), text("slope_other", lang)])
    axes.set_yticks([])
    _framed(figure, axes, bare="both", ncols=0)
    sns.despine(ax=axes, left=True, bottom=True)
    return figure


def frontier(table: pd.DataFrame, total: int, lang: str) -> Figure:
    """Communes finishing against money: factor, mean, p10, p90."""
    figure, axes = blank(WIDTH, 3.0)
    factors, label = table["factor"], text("fan_range", lang)
    axes.fill_between(factors, table["p10"], table["p90"], **BAND, label=label)
    label = text("axis_mean", lang)
    axes.plot(factors, table["mean"], color=MAIN, marker="o", linewidth=2, label=label)
    axes.axvline(1.0, color=QUIET, linestyle=":", linewidth=1.2)
    axes.set_xticks(factors, [write_number(factor, lang) for factor in factors])
    axes.set_ylim(np.floor(table["p10"].min() - 1), min(total, table["p90"].max() + 1) + 0.3)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(text("axis_factor", lang))
    axes.set_ylabel(text("axis_finished", lang))
    return _framed(figure, axes)


def tornado(rows: pd.DataFrame, usual: float, lang: str) -> Figure:
    """The mean number finishing with each assumption at its ends: label, low, high; the bars begin
    at ``usual``.
    """
    figure, axes = blank(WIDTH, 0.46 * len(rows) + 1.2)
    places = np.arange(len(rows))
    for end, look in END_LOOK.items():
        label = text(f"tornado_{end}", lang)
        axes.barh(places, rows[end] - usual, left=usual, label=label, **_filled(look))
        others = rows["high" if end == "low" else "low"]
        for place, value, other in zip(places, rows[end], others, strict=True):
            outer, shift, side = (max, 3, "left") if value > other else (min, -3, "right")
            axes.annotate(
                write_number(value, lang, 1),
                (outer(value, usual), place),
                xytext=(shift, 0),
                textcoords="offset points",
                va="center",
                ha=side,
                fontsize=8.5,
            )
    labels = [fill(shorten(label, 50, placeholder="..."), 27) for label in rows["label"]]
    axes.set_yticks(places, labels, fontsize=9)
    axes.invert_yaxis()
    axes.axvline(usual, color=INK, linewidth=1.2)
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(lambda x, _: write_figure(x, lang))
    axes.set_xlabel(text("axis_mean", lang))
    return _framed(figure, axes, bare="y", left=True)


def s_curve(curve: pd.DataFrame, lang: str) -> Figure:
    """Planned and actual volume of works by month, in per cent; ``curve``: of
    :func:`~ntm_analysis.standing.monthly_changes.volume_curve`.
    """
    figure, axes = blank(WIDTH, 3.2)
    _draw(axes, _begun(curve), lang, 6)
    axes.set_ylabel(text("axis_volume", lang))
    return _framed(figure, axes)


def s_curves(curves: dict[str, pd.DataFrame], lang: str) -> Figure:
    """The S-curve of each commune in a panel of its own, by name, on the same months and the same
    scale.
    """
    begun = min(_begun(curve).index[0] for curve in curves.values())
    last = max(curve.index[-1] for curve in curves.values())
    rows = -(-len(curves) // 2)
    figure = Figure(figsize=(WIDTH, 0.3 + 1.35 * rows), layout="constrained")
    panels = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
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
    label = text("curve_planned", lang)
    axes.step(places, curve["planned"], where="post", linestyle="--", color=EDGE, label=label)
    label = text("curve_actual", lang)
    axes.plot(places, curve["actual"], linewidth=2, color=MAIN, label=label, **DOT)
    axes.set_ylim(0, 104)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True))
    axes.xaxis.set_major_formatter(
        lambda x, _: labels[round(x)] if 0 <= round(x) < len(labels) else ""
    )
    sns.despine(ax=axes)

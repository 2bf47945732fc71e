"""Charts, each with an alt text that states its finding; readable in black and white (letters and hatches, not colour alone)."""

import base64
import io

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .chart_style import BAR, EDGE, GRID, INK, PART_HATCHES, STATE_LOOK
from .office_numbers import write_number
from .words import STATE_SIGNS, STATE_WORDS, pick, text

matplotlib.rcParams["hatch.linewidth"] = 0.5
matplotlib.rcParams["text.parse_math"] = False  # a $ in a name is a letter, not a formula
WIDTH = 5.2  # inches; narrow, so that the letters stay readable when a phone shows the picture at half size


def picture(figure: Figure, alt: str, caption: str = "") -> Markup:
    """A figure as an inline PNG with its alt text and an optional caption."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=100, pil_kwargs={"optimize": True})  # the layout leaves no margin: one pass is enough
    data = base64.b64encode(raw.getvalue()).decode("ascii")
    note = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
    return Markup('<figure><img src="data:image/png;base64,{}" alt="{}">{}</figure>').format(Markup(data), alt, note)


def blank(width: float, height: float) -> tuple[Figure, matplotlib.axes.Axes]:
    """A figure that pyplot does not keep: nothing to close, nothing shown twice in a notebook."""
    with sns.axes_style("whitegrid", {"grid.color": GRID}), sns.plotting_context("notebook", font_scale=0.9):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def with_legend(figure: Figure, axes: matplotlib.axes.Axes, *, ncols: int = 2, left: bool = False) -> Figure:
    """The figure with its legend below the axes and no frame around these."""
    figure.legend(loc="outside lower center", ncols=ncols, fontsize=9.5, frameon=False)
    sns.despine(ax=axes, left=left)
    return figure


def state_bars(counts: pd.DataFrame, lang: str, what: str = "") -> Figure:
    """Counts by state, as stacked bars: communes for each criterion, or what ``what`` names.

    ``counts``: index the label of each criterion, columns states (met, recognition, basic, not_met, unknown).
    """
    figure, axes = blank(WIDTH, 0.3 * len(counts) + 1.0)
    left = pd.Series(0.0, index=counts.index)
    for state in [s for s in STATE_LOOK if s in counts and counts[s].any()]:
        colour, hatch = STATE_LOOK[state]
        bars = axes.barh(
            counts.index, counts[state], left=left, color=colour, hatch=hatch, **BAR,
            label=f"{pick(STATE_SIGNS[state], lang)}: {pick(STATE_WORDS[state], lang)}",
        )  # fmt: skip
        labels = [str(int(v)) if v else "" for v in counts[state]]
        axes.bar_label(
            bars, labels, label_type="center", fontsize=9.5, bbox={"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.85}
        )
        left = left + counts[state]
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(what or text("axis_communes", lang))
    axes.set_xlim(0, max(1, left.max()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return with_legend(figure, axes, ncols=3, left=True)


def standing_bar(groups: dict[str, tuple[int, str]], lang: str) -> Figure:
    """One bar of all communes split into groups: label -> (number, state whose look it takes)."""
    figure, axes = blank(WIDTH, 1.7)
    left = 0
    for label, (number, state) in groups.items():
        if not number:
            continue
        colour, hatch = STATE_LOOK[state]
        bar = axes.barh([0], [number], left=left, color=colour, hatch=hatch, edgecolor=EDGE, label=f"{label}: {number}")
        axes.bar_label(bar, [str(number)], label_type="center", bbox={"fc": "white", "ec": "none", "pad": 1.0, "alpha": 0.85})
        left += number
    axes.set_yticks([])
    axes.set_xlim(0, max(1, left))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=False)
    axes.set_xlabel(text("axis_communes", lang))
    return with_legend(figure, axes, ncols=3, left=True)


def threshold_bars(rows: pd.DataFrame, lang: str) -> Figure:
    """How near each measured indicator is to its threshold: value as a share of the threshold (100 % is the threshold).

    ``rows``: test, label, share (value / threshold, for ceilings threshold / value), state.
    """
    figure, axes = blank(WIDTH, 0.32 * len(rows) + 0.8)
    sns.barplot(
        data=rows.assign(percent=100 * rows["share"].clip(0, 1.5)), x="percent", y="label", hue="state", dodge=False, ax=axes,
        palette={s: look[0] for s, look in STATE_LOOK.items()}, **BAR, legend=False,
    )  # fmt: skip
    for container in axes.containers:
        for patch in container:
            index = round(patch.get_y() + patch.get_height() / 2)
            if patch.get_width() > 0:
                patch.set_hatch(STATE_LOOK[rows["state"].iloc[index]][1])
    axes.axvline(100, color=INK, linewidth=1.4)
    axes.set_xlabel(text("axis_threshold", lang))
    axes.set_ylabel("")
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)
    return figure


def stacked_years(amounts: pd.DataFrame, label: str) -> Figure:
    """Amounts by year as stacked bars. ``amounts``: index what the parts are, columns years; ``label``: of the axis."""
    figure, axes = blank(WIDTH, 3.4)
    colours = sns.color_palette("colorblind", len(amounts))
    years, floor = [str(year) for year in amounts.columns], np.zeros(len(amounts.columns))
    for i, (name, row) in enumerate(amounts.iterrows()):
        hatch = PART_HATCHES[i % len(PART_HATCHES)]
        axes.bar(years, row, bottom=floor, label=name, color=colours[i], hatch=hatch, **BAR)
        floor = floor + row.to_numpy()
    axes.set_ylabel(label)
    axes.grid(axis="x", visible=False)
    return with_legend(figure, axes)


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
        colour, hatch = STATE_LOOK[look]
        bar = axes.barh(label, width, left=start, color=colour, hatch=hatch, **BAR)
        axes.bar_label(bar, [write_number(float(f"{width:.2g}"), lang)], padding=3, fontsize=9.5)
    axes.invert_yaxis()
    axes.set_xlim(0, total * 1.12 if total else 1)
    axes.set_xlabel(text("axis_billion", lang))
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)
    return figure

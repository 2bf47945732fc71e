"""Every chart of every page: letters and lines that can be read, and nothing that only a colour
says.
"""

import itertools
import json
import re
from pathlib import Path

import matplotlib
import pytest
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ntm_analysis.pages import charts as chart_style
from ntm_analysis.reports.report import NOTEBOOKS


def luminance(colour: object) -> float:
    """Relative luminance (WCAG 2.1), on white where the colour lets light through."""
    *rgb, alpha = to_rgba(colour)
    mixed = [alpha * c + 1 - alpha for c in rgb]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mixed]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: object, other: object = "white") -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def grey(colour: object) -> float:
    """Lightness in a black and white print (CIE L*, 0 to 100)."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def charts() -> list[tuple[str, Figure]]:
    """Every figure that the notebooks draw for the model district, with the call that drew it."""
    drawn, save = [], Figure.savefig

    def kept(figure: Figure, *given: object, **more: object) -> None:
        drawn.append((now, figure))
        save(figure, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", kept)
        for path in sorted(
            {*NOTEBOOKS.glob("*.ipynb")} - {NOTEBOOKS / "start.ipynb", NOTEBOOKS / "tutorial.ipynb"}
        ):
            names: dict[str, object] = {}
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    now = f"{path.stem}: {''.join(cell['source'])}"
                    exec(compile("".join(cell["source"]), str(path), "exec"), names)
                    given = {"dataset": "data/huyen-mau", "commune": "A6", "draws": 100}
                    given["scenarios"] = "closest"  # each is drawn as the others are
                    names |= {name: value for name, value in given.items() if name in names}
    return drawn


@pytest.mark.long
def test_all_charts_can_be_read_on_screen_by_the_colour_blind_and_in_black_and_white(kept_results):
    drawn = charts()
    kinds = {now.split(":")[0] for now, _ in drawn}
    assert len(drawn) >= 12 and kinds >= {
        "status",
        "commune",
        "villagers",
        "funding_needs",
        "feasibility",
        "scenario_comparison",
        "monthly_meeting",
    }
    letters_have_a_contrast_of_four_and_a_half(drawn)
    lines_and_edges_of_bars_have_a_contrast_of_three(drawn)
    what_a_legend_tells_apart_a_black_and_white_print_tells_apart(drawn)


def letters_have_a_contrast_of_four_and_a_half(charts: list) -> None:
    for now, figure in charts:
        for axes in figure.axes:
            cells = [c for c in axes.collections if isinstance(c, QuadMesh)]
            colours = (
                {tuple(colour) for c in cells for colour in c.get_facecolors()} if cells else set()
            )
            for text in figure.findobj(matplotlib.text.Text):
                if not text.get_text().strip() or not text.get_visible():
                    continue
                # a number on a coloured cell: the nearest cell is the one behind it
                if colours and text in axes.texts:
                    assert max(contrast(text.get_color(), colour) for colour in colours) >= 4.5, (
                        now,
                        text.get_text(),
                    )
                else:
                    assert contrast(text.get_color()) >= 4.5, (
                        now,
                        text.get_text(),
                        text.get_color(),
                    )


def lines_and_edges_of_bars_have_a_contrast_of_three(charts: list) -> None:
    for now, figure in charts:
        for axes in figure.axes:
            for line in axes.lines:
                if line.get_linewidth() >= 1:
                    assert contrast(line.get_color()) >= 3, (
                        now,
                        line.get_label(),
                        line.get_color(),
                    )
            for bar in axes.patches:
                if bar.get_width() and bar.get_height():
                    assert max(contrast(bar.get_facecolor()), contrast(bar.get_edgecolor())) >= 3, (
                        now,
                        bar,
                    )
            for band in axes.collections:
                if isinstance(band, PolyCollection):
                    edge = [contrast(colour) for colour in band.get_edgecolor()]
                    assert (edge and min(edge) >= 3) or band.get_hatch(), now


def look(handle: object) -> tuple[object, float]:
    """What a black and white print leaves of a legend's entry: its kind and pattern, and how dark
    it is.
    """
    if isinstance(handle, Line2D):
        return ("line", handle.get_linestyle(), handle.get_marker(), handle.get_linewidth()), grey(
            handle.get_color()
        )
    if isinstance(handle, Patch):
        return ("area", handle.get_hatch() or ""), grey(handle.get_facecolor())
    return (type(handle).__name__,), 0.0


def what_a_legend_tells_apart_a_black_and_white_print_tells_apart(charts: list) -> None:
    seen = 0
    for now, figure in charts:
        for legend in figure.legends:
            seen += 1
            for one, other in itertools.combinations(legend.legend_handles, 2):
                (kind, dark), (other_kind, other_dark) = look(one), look(other)
                assert kind != other_kind or abs(dark - other_dark) >= 15, (
                    now,
                    one.get_label(),
                    other.get_label(),
                )
    assert seen >= 8


@pytest.mark.parametrize(
    "looks", [chart_style.STATE_LOOK, chart_style.SCALE_LOOK, chart_style.END_LOOK]
)
def test_every_two_looks_differ_in_print(looks):
    for (_, (colour, hatch)), (_, (other, other_hatch)) in itertools.combinations(looks.items(), 2):
        assert hatch != other_hatch or abs(grey(colour) - grey(other)) >= 15


def test_every_way_has_a_line_of_its_own():
    assert len({line for _, line in chart_style.WAY_LOOK.values()}) == 3
    assert all(contrast(colour) >= 4.5 for colour, _ in chart_style.WAY_LOOK.values()), (
        "labels are written in these colours"
    )


def test_no_chart_has_a_colour_that_the_style_does_not_have():
    """Colours stand at the head of the charts, above the first function."""
    drawn = Path("ntm_analysis/pages/charts.py").read_text(encoding="utf-8").partition("\ndef ")[2]
    assert not re.search(r"#[0-9a-fA-F]{6}", drawn)


def test_the_contrast_of_black_and_grey_is_as_known():
    assert contrast("black") == pytest.approx(21) and contrast("#767676") == pytest.approx(
        4.54, abs=0.01
    )
    assert grey("white") == pytest.approx(100, abs=0.01)

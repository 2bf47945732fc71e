"""The back-test of the forecast in sentences for the terminal."""

from .office_numbers import write_number, write_percent
from .words import text

PARTS = (
    ("backtest_province", ("by_kind", "province")),
    ("backtest_district", ("by_kind", "district")),
    ("backtest_country", ("by_kind", "country")),
    ("backtest_under_2", ("by_horizon", "under_2_years")),
    ("backtest_from_2", ("by_horizon", "from_2_years")),
    ("backtest_without_country", ("without_country",)),
    ("backtest_rolling", ("rolling",)),
)


def back_test_lines(result: dict, lang: str) -> list[str]:
    """How many pairs, the scores against the two references, coverage, the parts, what is left out."""
    summary = result["summary"]
    left_out = text("backtest_left_out", lang, n=len(result["left_out"]))
    if not summary["pairs"]:
        return [text("backtest_none", lang), left_out]
    counts = {key: summary[key] for key in ("pairs", "provinces")}
    lines = [
        text("backtest_lead", lang, **counts),
        text("backtest_line", lang, **_ratio(summary, "ratio_line", lang)),
        text("backtest_share", lang, **_ratio(summary, "ratio_share", lang)),
        text("backtest_coverage", lang, **_coverage(summary, lang)),
    ]
    lines += ["  " + _part_line(text(key, lang), part, lang) for key, part in parts_of(summary)]
    return [*lines, left_out]


def parts_of(summary: dict) -> list[tuple[str, dict]]:
    """The parts of a summary that hold pairs, with the keys of their names."""
    parts = []
    for key, path in PARTS:
        part = summary
        for step in path:
            part = part.get(step, {})
        if part.get("pairs"):
            parts.append((key, part))
    return parts


def _ratio(summary, key, lang):
    low, high = (write_number(end, lang, 2) for end in summary[f"{key}_interval"])
    return {"ratio": write_number(summary[key], lang, 2), "low": low, "high": high}


def _coverage(summary, lang):
    low, high = (write_percent(end, lang) for end in summary["coverage_interval"])
    return {"coverage": write_percent(summary["coverage"], lang), "low": low, "high": high}


def _part_line(name, part, lang):
    ratios = {key: write_number(part[f"ratio_{key}"], lang, 2) for key in ("line", "share")}
    coverage = write_percent(part["coverage"], lang)
    return text("backtest_part", lang, part=name, n=part["pairs"], coverage=coverage, **ratios)

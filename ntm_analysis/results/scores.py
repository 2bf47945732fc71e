"""Scores of registered forecasts and of the back-test, in sentences and as plain Python."""

import math

from ..data import QUESTIONS
from ..forecasts import list_outcomes, listed_communes, reference
from ..language import join_names, text, write_date, write_number, write_percent
from ..tables import dictionary
from .chance_words import whole_percent


def score_lines(scores, lang):
    """What has been scored: scores, the number finishing, reliability, what waits, in this order.

    Before any outcome one sentence saying when the first can be scored and how outcomes are
    entered.

    Parameters
    ----------
    scores : Scores
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    if not scores.n_forecasts:
        return [text("score_empty", lang)]
    unused = [text("score_unused", lang, names=", ".join(scores.unused))] if scores.unused else []
    scored = scores.rows[scores.rows["scored"] > 0]
    if not len(scored):
        return [*_nothing_yet(scores, lang), *unused]
    lines = [text("score_lead", lang, n=scores.n_forecasts, communes=scores.communes_scored)]
    lines += [line for row in scored.to_dict("records") for line in _row_lines(row, lang)]
    for row in scores.finishing.to_dict("records"):
        key = "score_within" if row["within"] else "score_outside"
        ends = {end: write_number(row[end], lang, 0) for end in ("p10", "p90")}
        lines.append(text(key, lang, id=row["id"], n=row["number"], **ends))
    lines += [line for table in scores.of_one_date() for line in _compared_lines(table, lang)]
    return [
        *lines,
        *_reliability_lines(scores.reliability, lang),
        *_waiting_lines(scores, lang),
        *unused,
    ]


def _nothing_yet(scores, lang):
    due = scores.first_due
    if due is None:
        return [text("score_settled_only", lang, n=scores.n_forecasts)]
    # Once a deadline has passed, it is the outcome that is wanting.
    key = "score_enter" if (scores.waiting["reason"] == "outcome").any() else "score_from"
    columns = ", ".join(dictionary("outcomes"))
    return [text(key, lang, n=scores.n_forecasts, day=write_date(due, lang), columns=columns)]


def _row_lines(row, lang):
    score, base = (write_number(row[key], lang, 3) for key in ("brier", "brier_base"))
    better = (
        "same"
        if math.isnan(row["skill"]) or score == base
        else "better"
        if row["skill"] > 0
        else "worse"
    )
    lines = [
        text(
            f"score_{row['question']}",
            lang,
            id=row["id"],
            scored=row["scored"],
            came=row["came_true"],
            brier=score,
            than=text(f"score_{better}", lang, base=base),
        )
    ]
    if row["late"]:
        lines.append(
            "  "
            + text("score_late", lang, n=row["late"], day=write_date(row["registered_on"], lang))
        )
    if row["scenario"] != "baseline":
        lines.append("  " + text("score_scenario", lang, scenario=row["scenario"]))
    return lines


def _compared_lines(table, lang):
    """Forecasts that ask the same, side by side, each with what its number finishing was worth."""
    lines = ["", text("score_compared", lang)]
    for row in table.to_dict("records"):
        figures = {
            key: "..." if math.isnan(row[key]) else write_number(row[key], lang, 2)
            for key in ("brier", "crps")
        }
        how = text("score_hindsight" if row["made_in_hindsight"] else "score_ahead", lang)
        lines.append("  " + text("score_compared_row", lang, id=row["id"], how=how, **figures))
    return lines


def _reliability_lines(table, lang):
    if not table["n"].sum():
        return []
    lines = ["", text("score_reliability", lang)]
    for row in table[table["n"] > 0].to_dict("records"):
        shares = {
            key: write_percent(row[key], lang) for key in ("forecast", "came_true", "low", "high")
        }
        lines.append("  " + text("score_band", lang, band=f"{row['band']}%", n=row["n"], **shares))
    return lines


def _waiting_lines(scores, lang):
    """What is not scored.

    A score without the outcomes still wanting is provisional, successes being known sooner.
    """
    reasons = scores.waiting["reason"].value_counts()
    keys = (("outcome", "score_wanting"), ("deadline", "score_not_due"))
    ended = (
        [text("score_ended", lang, names=join_names(scores.ended, lang))] if scores.ended else []
    )
    return [
        *ended,
        *(text(key, lang, n=int(reasons[reason])) for reason, key in keys if reason in reasons),
    ]


def score_record(scores):
    """The scores in plain Python types, as ``ntm score --json`` prints them.

    Parameters
    ----------
    scores : Scores

    Returns
    -------
    dict
        None where there is nothing to tell.
    """
    finishing = {row.pop("id"): row for row in _records(scores.finishing)}
    entries = {}
    for row in _records(scores.rows):
        about = {
            key: row.pop(key) for key in ("id", "registered_on", "scenario", "policy", "finish")
        }
        entries.setdefault(about["id"], about | dict.fromkeys(QUESTIONS))[row.pop("question")] = row
    return {
        "registered": scores.n_forecasts,
        "communes_scored": scores.communes_scored,
        "first_due": scores.first_due,
        "forecasts": [row | {"finishing": finishing.get(key)} for key, row in entries.items()],
        "of_one_date": [_records(table) for table in scores.of_one_date()],
        "reliability": _records(scores.reliability),
        "waiting": _records(scores.waiting),
        "unused": scores.unused,
        "ended": scores.ended,
    }


def _records(table):
    rows = table.to_dict("records")
    return [
        {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
        for row in rows
    ]


PARTS = (
    ("backtest_province", ("by_kind", "province")),
    ("backtest_district", ("by_kind", "district")),
    ("backtest_country", ("by_kind", "country")),
    ("backtest_under_2", ("by_horizon", "under_2_years")),
    ("backtest_from_2", ("by_horizon", "from_2_years")),
    ("backtest_without_country", ("without_country",)),
    ("backtest_rolling", ("rolling",)),
)


def back_test_lines(result, lang):
    """The back-test in sentences: pairs, scores against the references, coverage, parts.

    Parameters
    ----------
    result : dict
        As of :func:`ntm_analysis.forecasts.back_test_record`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
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
    lines += [
        "  " + _part_line(text(key, lang), part, lang) for key, part in back_test_parts(summary)
    ]
    return [*lines, left_out]


def back_test_parts(summary):
    """The parts of a back-test that hold pairs, with the keys of their names.

    Parameters
    ----------
    summary : dict
        Of the back-test's record.

    Returns
    -------
    list of tuple
        Key of the name, part of the summary.

    Examples
    --------
    >>> back_test_parts({"rolling": {"pairs": 9}, "by_kind": {"country": {"pairs": 0}}})
    [('backtest_rolling', {'pairs': 9})]
    """
    parts = []
    for key, path in PARTS:
        part = summary
        for step in path:
            part = part.get(step, {})
        if part.get("pairs"):
            parts.append((key, part))
    return parts


def back_test_sentence(summary, lang):
    """How near a back-test came, in one sentence.

    Parameters
    ----------
    summary : dict
        Of all pairs: the ratios to the two references, coverage, the number of pairs.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    figures = {key: write_number(summary[f"ratio_{key}"], lang, 2) for key in ("line", "share")}
    figures |= {key: summary[key] for key in ("pairs", "provinces")}
    return text("trust_seen", lang, coverage=whole_percent(summary["coverage"]), **figures)


def list_outcome_lines(lists, day, lang):
    """Lists of communes, and single communes on them, against their outcomes.

    Parameters
    ----------
    lists : DataFrame
        The lists of which the outcome is known.
    day : date
        Of the communes, what was known on it.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    outcomes, communes = list_outcomes(lists), listed_communes(reference("trajectories", day))
    shares = {
        f"{name}{suffix}": whole_percent(outcomes.loc[row, column])
        for name, row in (("full", "full"), ("half", "under_half"))
        for suffix, column in (("", "seen"), ("_model", "expected"))
    }
    met = int(communes["on_time"].sum())
    return [
        text("trust_lists", lang, n=len(lists), **shares),
        text("trust_communes", lang, n=len(communes), met=met),
    ]


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

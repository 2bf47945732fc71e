"""The tables of works and money checked against each other: pots, shares, years, assumptions."""

import numpy as np
import pandas as pd

from ..language import nearest, write_figure
from ..law import LEVELS
from ..tables import Problem, dictionary_rows, teller
from .table_checks import MONEY_TABLES, check_dictionary

_ASSUMPTIONS = [row for row in dictionary_rows("_assumptions") if row["least"]]
_BOUNDS = {row["key"]: (float(row["least"]), float(row["most"])) for row in _ASSUMPTIONS}
# The assumptions that a forecast needs, each with its least and greatest value (units:
# assumptions.csv); those counted in whole months, or a year; those of older data sets.
ASSUMPTION_BOUNDS = {
    row["key"]: _BOUNDS[row["key"]] for row in _ASSUMPTIONS if row["use"] == "needed"
}
WHOLE = [row["key"] for row in _ASSUMPTIONS if row["whole"]]
UNUSED_RULES = [row["key"] for row in dictionary_rows("_assumptions") if row["use"] == "unused"]
LAST_MONTH_OF_LATE_LIST = 6  # before July the list of the year before may still be judged
MOST_POTS = 14  # that may pay works: of more there would be over 16,000 sets to look at
CEMENT = "xi-mang"  # the item of unit_costs.csv that says what a tonne of cement costs


def check_money(tables, as_of, term_end, problems, horizon=0):
    """Check the tables of works and money against each other.

    A cell that could not be read is passed over: its own problem tells.

    Parameters
    ----------
    tables : dict of str to DataFrame
    as_of, term_end : int
        The years of the as-of date and of the end of the term.
    problems : list of Problem
    horizon : int
        The last year that a scenario has money of, if later.
    """
    bad = teller(tables, problems)
    parts, pots = tables["parts"], tables["pots"]
    cement = parts["pot"].map(pots.drop_duplicates("pot").set_index("pot")["measure"]) == "cement"
    money = parts.assign(share=parts["share"].where(~cement))  # the shares that add up
    check_dictionary(MONEY_TABLES, tables | {"parts": money}, bad)
    if CEMENT not in set(tables["unit_costs"]["item"]):
        details = {"value": CEMENT, "file": "unit_costs.csv", "near": CEMENT}
        bad("parts", cement, "unknown_row", "pot", **details)
    _check_bounds(money, cement, bad)
    if (n := parts["pot"].nunique()) > MOST_POTS:
        details = {"n": n, "most": MOST_POTS}
        problems.append(Problem("too_many_pots", "parts.csv", column="pot", details=details))
    _check_earmarks(tables, bad)
    _check_served(tables, bad)
    years = _check_years(tables, as_of, max(term_end, horizon), term_end, bad)
    if years and not any(p.file == "prices.csv" for p in problems):
        problems.append(Problem("no_price", "prices.csv", details={"years": years}))
    _check_assumptions(tables, as_of, bad)
    # Whoever must mend that table sees all that it lacks.
    if any(p.code == "no_rule" for p in problems):
        problems += lacking_assumptions(tables["assumptions"])
    used = pd.concat([tables["works"]["item"], tables["typical_works"]["item"]])
    items = tables["unit_costs"]["item"]
    unpaid = items.isin(used) & ~items.isin(parts["item"])
    bad("unit_costs", unpaid, "no_parts", "item", value="{item}")


def _check_bounds(parts, cement, bad):
    """Report bounds that a share lies outside of, and items that cannot be paid in full.

    The leasts of an item add up to 100 at the most, its mosts to 100 at least. Where the sum is
    wrong it alone is told, not every row that makes it so.
    """
    share, item = parts["share"], parts["item"]
    sound = ~cement & ((share.groupby(item).transform("sum") - 100).abs() <= 1e-6)
    first = sound & ~item.where(sound).duplicated()
    for end, sign, row_code, sum_code in (
        ("least", 1, "least_above", "leasts_over"),
        ("most", -1, "most_below", "mosts_under"),
    ):
        bound = parts[end].fillna(share).where(sound)
        sums = bound.groupby(item).transform("sum")
        wrong = sound & (sign * (sums - 100) > 1e-6)
        bad("parts", first & wrong, sum_code, end, what="{item}", value=sums)
        beyond = (sign * (bound - share) > 0) & ~wrong
        details = {"value": parts[end], "share": "{share:figure}"}
        bad("parts", beyond, row_code, end, pot="{pot}", **details)


def _check_earmarks(tables, bad):
    """Report earmarks that are no numbers, and works that an earmarked pot may not pay."""
    parts, pots = tables["parts"], tables["pots"]
    wrong = ~pots["earmark"].str.fullmatch(r"(\d{1,2}(\|\d{1,2})*)?")
    bad("pots", wrong, "not_allowed", "earmark", value="{earmark}", allowed="2; 2|5")
    earmarks, only = pots.set_index("pot")["earmark"].to_dict(), {}
    for item, pot in zip(parts["item"], parts["pot"], strict=True):
        if earmarks.get(pot):
            only.setdefault(item, []).append(earmarks[pot].split("|"))
    for name in ("works", "typical_works"):
        rows = tables[name]
        broken = [
            criterion == criterion
            and any(f"{criterion:g}" not in allowed for allowed in only.get(item, ()))
            for item, criterion in zip(rows["item"], rows["criterion"], strict=True)
        ]
        details = {"value": "{item}", "criterion": "{criterion:g}"}
        bad(name, np.array(broken, dtype=bool), "earmark_broken", "item", **details)


def _check_served(tables, bad):
    """Report money for a place that is no unit's code and no district."""
    units, served = tables["units"], tables["envelopes"]["served"]
    places = sorted({*units["code"], *units["district"]} - {""})
    names = dict(zip(units["name"][::-1], units["code"][::-1], strict=True))
    names = {name: f"{code} ({name})" for name, code in names.items()}
    names |= {place: place for place in places}

    def near(row):
        return [names[name] for name in nearest(row["served"], names)] or places[:1]

    lost = (served != "") & ~served.isin(places)
    bad("envelopes", lost, "unknown_served", "served", value="{served}", near=near)


def _check_years(tables, as_of, horizon, term_end, bad):
    """Report years outside those looked at; give the years without a rise of prices, as text."""
    costs, envelopes = tables["unit_costs"], tables["envelopes"]
    later = (costs["price_year"] > as_of) & (costs["mark"] == "reported")
    bad("unit_costs", later, "price_after", "price_year", value="{price_year:g}", year=as_of)
    outside = (envelopes["year"] < as_of) | (envelopes["year"] > horizon)
    span = {"first": as_of, "last": horizon}
    bad("envelopes", outside, "outside_horizon", "year", value="{year:g}", **span)
    priced = costs["price_year"].dropna()
    if priced.empty:
        return ""
    # Money of a year is divided by that year's prices.
    paid = [priced.max(), term_end, *envelopes.loc[~outside, "year"].dropna()]
    needed = range(int(min(priced.min(), as_of)) + 1, int(max(paid)) + 1)
    return ", ".join(map(str, sorted(set(needed) - set(tables["prices"]["year"]))))


def missing_bounds(tables):
    """Warn where money rows say no least or no most share: they are held to the usual one.

    Parameters
    ----------
    tables : dict of str to DataFrame

    Returns
    -------
    list of Problem
        One with their number, or none.
    """
    parts = tables["parts"]
    n = int((parts["share"].notna() & parts[["least", "most"]].isna().any(axis=1)).sum())
    return [Problem("bounds_missing", "parts.csv", details={"n": n}, warning=True)] if n else []


def check_lists(tables, units, as_of, problems):
    """Check the yearly lists of communes that shall finish.

    Years to finish lie ahead, or in the list that is still judged; who is listed is not recognised
    yet; a list of a level and year (its planned targets) is one document, so that one source stands
    on all its rows.

    Parameters
    ----------
    tables : dict of str to DataFrame
    units : DataFrame
        See :func:`ntm_analysis.data.units.number_units`.
    as_of : datetime.date
    problems : list of Problem
    """
    targets = tables["targets"]
    known = targets["unit"].isin(units.index) & targets["year"].notna()
    targets = targets[known & targets["level"].isin(LEVELS)]
    decisions = tables["recognitions"]
    decisions = decisions[(decisions["basis"] != "none") & decisions["level"].isin(LEVELS)]
    reached = {}  # the first year in which a commune held a level, or a higher one
    for row in decisions.to_dict("records"):
        year = (row["known_from"] if pd.isna(row["date"]) else row["date"]).year
        for level in LEVELS[: LEVELS.index(row["level"]) + 1]:
            reached[row["unit"], level] = min(year, reached.get((row["unit"], level), year))

    def bad(row, code, column, **details):
        problems.append(Problem(code, "targets.csv", int(row["row"]), column, details))

    late = as_of.month <= LAST_MONTH_OF_LATE_LIST
    for row in targets.to_dict("records"):
        year = int(row["year"])
        held = reached.get((row["unit"], row["level"]), year)
        if year < as_of.year - (late and row["kind"] == "plan"):
            bad(row, "target_past", "year", value=year, day=f"{as_of:%d/%m/%Y}")
        elif held < year:
            label = units.loc[row["unit"], "label"]
            bad(row, "target_reached", "commune", unit=label, year=year, held=held)
    for (_, year), rows in targets[targets["kind"] == "plan"].groupby(["level", "year"]):
        shared = set(rows["source"].iloc[0].split("|"))
        for row in rows.to_dict("records"):
            own = set(row["source"].split("|"))
            if not shared & own:
                details = {"first": "|".join(sorted(shared)), "second": row["source"]}
                bad(row, "two_lists", "source", year=int(year), **details)
                break
            shared &= own


def lacking_assumptions(rules):
    """List the assumptions that a forecast needs and that the table does not hold.

    Parameters
    ----------
    rules : DataFrame
        ``assumptions.csv``.

    Returns
    -------
    list of Problem
    """
    lost = [key for key in ASSUMPTION_BOUNDS if key not in set(rules["key"])]
    return [Problem("no_assumption", "assumptions.csv", details={"key": key}) for key in lost]


def _check_assumptions(tables, as_of, bad):
    """Report assumptions that are not possible, and prices without a rule for low and high."""
    rules, costs = tables["assumptions"], tables["unit_costs"]
    value = rules["value"]
    bounds = _BOUNDS | {"programme_start": (1990.0, as_of - 1.0)}
    least, most = (
        rules["key"].map({key: ends[i] for key, ends in bounds.items()}).astype(float)
        for i in (0, 1)
    )
    keys = [row["key"] for row in dictionary_rows("_assumptions")]
    details = {"value": "{key}", "allowed": lambda row: nearest(row["key"], keys) or keys}
    bad("assumptions", ~rules["key"].isin(keys), "not_allowed", "key", **details)
    ends = {"low": least, "high": most}
    outside = (value < least) | (value > most)
    bad("assumptions", outside, "out_of_range", "value", value="{value:figure}", **ends)
    part = rules["key"].isin(WHOLE) & (value % 1 > 0)
    bad("assumptions", part, "not_whole", "value", value="{value:figure}")
    by_key = rules.drop_duplicates("key").set_index("key")["value"]
    steps = by_key.reindex(["decision_low", "decision_mode", "decision_high"])
    falls = (rules["key"] == "decision_mode") & bool((steps.diff() < 0).any())
    cells = "; ".join(f"{key} {write_figure(step)}" for key, step in steps.items())
    bad("assumptions", falls, "range_falls", "value", range=cells)
    for column in ("low", "high"):
        key = f"cost_{column}"
        if key not in by_key:
            bad("unit_costs", costs[column].isna(), "no_rule", column, key=key)
    priors = tables["count_priors"]
    others = priors["communes"] - priors["ntm"]
    rest = (priors["average"] * priors["communes"] - 19 * priors["ntm"]) / others
    known = priors[["average", "communes", "ntm"]].notna().all(axis=1)
    wrong = known & ~((others > 0) & rest.between(3.5, 17.5))
    bad("count_priors", wrong, "prior_impossible", "average", value=rest.round(1))

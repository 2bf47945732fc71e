"""The tables of works and money checked against each other: items, pots, shares, ranges, years."""

import datetime as dt

import numpy as np
import pandas as pd

from ..language import nearest, write_figure
from ..law import LEVELS
from ..tables import Problem, teller

PLAN_TABLES = (
    "unit_costs",
    "works",
    "typical_works",
    "parts",
    "pots",
    "envelopes",
    "profiles",
    "prices",
    "cement",
    "count_priors",
    "assumptions",
    "durations",
)
# The assumptions that a forecast needs, each with its least and greatest value (units:
# assumptions.csv).
RULES = {
    "basically": (50, 100),
    "dossier_closes": (0, 24),
    "decision_low": (0, 36),
    "decision_mode": (0, 36),
    "decision_high": (0, 36),
    "correlation_money": (0, 100),
    "correlation_works": (0, 100),
    "coefficient_under_15": (0.1, 100),
    "coefficient_15_18": (0.1, 100),
    "coefficient_ntm": (0.1, 100),
    "minimum_commune": (0, 1e6),  # million đồng
    "programme_start": (1990, 2100),  # and before the as-of year
}
WHOLE = ("dossier_closes", "programme_start")  # those counted in whole months, or a year
UNUSED_RULES = (
    "start_share",
    "storm_chance",
    "storm_month",
    "storm_stop",
    "correlation_commune",
    "pace_registered",
    "pace_regained",
    "trend_low",
    "trend_mode",
    "trend_high",
)
LAST_MONTH_OF_LATE_LIST = 6  # before July the list of the year before may still be judged
MOST_POTS = 14  # that may pay works: of more there would be over 16,000 sets to look at
CEMENT = "xi-mang"  # the item of unit_costs.csv that says what a tonne of cement costs


def check_plan(
    tables: dict[str, pd.DataFrame],
    as_of: int,
    term_end: int,
    problems: list[Problem],
    horizon: int = 0,
) -> None:
    """What works, parts and envelopes name exists; shares sum to 100; ranges do not fall; years lie
    in the horizon.

    ``as_of``, ``term_end``: the years of the as-of date and of the end of the term; ``horizon``:
    the last year that a scenario has money of, if later. A cell that could not be read is passed
    over: its own problem tells.
    """
    bad = teller(tables, problems)
    for name, column, to, key in (
        ("works", "item", "unit_costs", "item"),
        ("typical_works", "item", "unit_costs", "item"),
        ("parts", "item", "unit_costs", "item"),
        ("parts", "pot", "pots", "pot"),
        ("envelopes", "pot", "pots", "pot"),
        ("profiles", "pot", "pots", "pot"),
        ("durations", "item", "unit_costs", "item"),
    ):
        known = sorted(set(tables[to][key]) - {""})
        lost = (tables[name][column] != "") & ~tables[name][column].isin(known)
        bad(
            name,
            lost,
            "unknown_row",
            column,
            value=f"{{{column}}}",
            file=f"{to}.csv",
            near=lambda r, c=column, k=known: nearest(r[c], k) or k,
        )
    for name, columns in (
        ("unit_costs", ("low", "mode", "high")),
        ("works", ("low", "quantity", "high")),
        ("typical_works", ("low", "quantity", "high")),
        ("parts", ("tonnes_low", "tonnes", "tonnes_high")),
        ("envelopes", ("disbursed_low", "disbursed", "disbursed_high")),
        ("prices", ("low", "mode", "high")),
        ("durations", ("low", "mode", "high")),
        ("envelopes", ("delay_low", "delay", "delay_high")),
    ):
        low, mode, high = (tables[name][c] for c in columns)
        bad(
            name,
            (low > mode) | (mode > high) | (low > high),
            "range_falls",
            columns[1],
            range=lambda r, c=columns: "; ".join(
                f"{x} {write_figure(r[x])}" for x in c if pd.notna(r[x])
            ),
        )
    costs, envelopes, parts = tables["unit_costs"], tables["envelopes"], tables["parts"]
    later = (costs["price_year"] > as_of) & (costs["mark"] == "reported")
    bad("unit_costs", later, "price_after", "price_year", value="{price_year:g}", year=as_of)
    horizon = max(term_end, horizon)
    outside = (envelopes["year"] < as_of) | (envelopes["year"] > horizon)
    bad(
        "envelopes", outside, "outside_horizon", "year", value="{year:g}", first=as_of, last=horizon
    )
    units = tables["units"]
    places = {place: place for place in sorted({*units["code"], *units["district"]} - {""})}
    names = {
        name: f"{code} ({name})"
        for name, code in zip(units["name"][::-1], units["code"][::-1], strict=True)
    } | places
    lost = (envelopes["served"] != "") & ~envelopes["served"].isin(places)
    bad(
        "envelopes",
        lost,
        "unknown_served",
        "served",
        value="{served}",
        near=lambda r: [names[n] for n in nearest(r["served"], names) or list(places)[:1]],
    )
    _check_parts(tables, bad)
    if (n := parts["pot"].nunique()) > MOST_POTS:
        problems.append(
            Problem("too_many_pots", "parts.csv", column="pot", details={"n": n, "most": MOST_POTS})
        )
    pots = tables["pots"].set_index("pot")["earmark"].to_dict()
    only = [
        (i, set(pots.get(p, "").split("|")))
        for i, p in zip(parts["item"], parts["pot"], strict=True)
        if pots.get(p)
    ]
    for name in ("works", "typical_works"):
        criterion = tables[name]["criterion"].map("{:g}".format)
        broken = pd.Series(False, index=tables[name].index)
        for item, allowed in only:
            broken |= (
                (tables[name]["item"] == item)
                & tables[name]["criterion"].notna()
                & ~criterion.isin(allowed)
            )
        bad(name, broken, "earmark_broken", "item", value="{item}", criterion="{criterion:g}")
    priced = costs["price_year"].dropna()
    last = max(
        term_end, envelopes["year"].where(~outside).max()
    )  # money of a year is divided by that year's prices
    span = (
        range(0)
        if priced.empty
        else range(int(min(priced.min(), as_of)) + 1, int(max(priced.max(), last)) + 1)
    )
    needed = set(span) - set(tables["prices"]["year"])
    if needed and not any(p.file == "prices.csv" for p in problems):
        years = ", ".join(map(str, sorted(needed)))
        problems.append(Problem("no_price", "prices.csv", details={"years": years}))
    sums = tables["profiles"].groupby("pot")["share"].transform("sum")
    first = ~tables["profiles"].duplicated("pot")
    bad(
        "profiles",
        first & ((sums - 100).abs() > 1e-6),
        "shares_sum",
        "share",
        what="{pot}",
        value=sums,
    )
    for name in ("works", "typical_works"):
        nothing = tables[name][["low", "quantity", "high"]].max(axis=1) == 0
        bad(name, nothing, "zero_quantity", "quantity", value="{item}")
    _check_assumed(tables, as_of, bad)
    if any(
        p.code == "no_rule" for p in problems
    ):  # whoever must mend that table sees all that it lacks
        problems += lacking_assumptions(tables["assumptions"])
    used = set(tables["works"]["item"]) | set(tables["typical_works"]["item"])
    without = costs["item"].isin(used - set(parts["item"]))
    bad("unit_costs", without, "no_parts", "item", value="{item}")


def _check_parts(tables, bad):
    """Money parts have a share, cement parts have tonnes; the money shares of an item sum to 100
    and lie within their bounds; earmarks are numbers.
    """
    parts, by_pot = tables["parts"], tables["pots"].drop_duplicates("pot").set_index("pot")
    cement = parts["pot"].map(by_pot["measure"]) == "cement"
    tonnes = parts[["tonnes_low", "tonnes", "tonnes_high"]]
    bad("parts", cement & tonnes.isna().any(axis=1), "part_form", "tonnes", pot="{pot}")
    bad("parts", ~cement & tonnes.notna().any(axis=1), "part_form", "tonnes", pot="{pot}")
    bad(
        "parts",
        cement & parts[cement].duplicated("item").reindex(parts.index).eq(True),
        "one_cement",
        "pot",
    )
    pots = tables["pots"]
    cement_pots = pots["measure"] == "cement"
    bad(
        "pots",
        cement_pots & pots[cement_pots].duplicated("measure").reindex(pots.index).eq(True),
        "one_cement",
        "measure",
    )
    credit = parts["pot"].map(by_pot["fund"]) == "tin_dung"
    bad("parts", credit, "credit_pays", "pot", pot="{pot}")
    priced = (tables["unit_costs"]["item"] == CEMENT).any()
    bad(
        "parts",
        cement & (not priced),
        "unknown_row",
        "pot",
        value=CEMENT,
        file="unit_costs.csv",
        near=CEMENT,
    )
    bad("parts", ~cement & parts["share"].isna(), "part_form", "share", pot="{pot}")
    bad(
        "parts",
        cement & parts[["share", "least", "most"]].notna().any(axis=1),
        "part_form",
        "share",
        pot="{pot}",
    )
    sums = parts["share"].where(~cement).groupby(parts["item"]).transform("sum")
    first = ~parts.duplicated("item")
    bad(
        "parts",
        first & ((sums - 100).abs() > 1e-6),
        "shares_sum",
        "share",
        what="{item}",
        value=sums,
    )
    _check_bounds(parts, ~cement & ((sums - 100).abs() <= 1e-6), bad)
    earmark = tables["pots"]["earmark"]
    wrong = earmark.ne("") & ~earmark.str.fullmatch(r"\d{1,2}(\|\d{1,2})*")
    bad("pots", wrong, "not_allowed", "earmark", value="{earmark}", allowed="2; 2|5")


def _check_bounds(parts, sound, bad):
    """least <= share <= most on every money row of ``sound`` items; an item can be paid in full:
    its leasts add up to 100 at the most, its mosts to 100 at least. Where the sum is wrong it alone
    is told, not every row that makes it so.
    """
    ends = {end: parts[end].fillna(parts["share"]).where(sound) for end in ("least", "most")}
    sums = {end: values.groupby(parts["item"]).transform("sum") for end, values in ends.items()}
    beyond = {"least": ends["least"] > parts["share"], "most": ends["most"] < parts["share"]}
    wrong = {"least": sums["least"] > 100 + 1e-6, "most": sound & (sums["most"] < 100 - 1e-6)}
    first = sound & ~parts[sound].duplicated("item").reindex(parts.index, fill_value=True)

    for end, row_code, sum_code in (
        ("least", "least_above", "leasts_over"),
        ("most", "most_below", "mosts_under"),
    ):
        bad("parts", first & wrong[end], sum_code, end, what="{item}", value=sums[end])
        bad(
            "parts",
            beyond[end] & ~wrong[end],
            row_code,
            end,
            pot="{pot}",
            value=parts[end],
            share="{share:figure}",
        )


def unbounded(tables: dict[str, pd.DataFrame]) -> list[Problem]:
    """A warning where money rows say no least or no most share: they are held to the usual one,
    told once with their number.
    """
    parts = tables["parts"]
    n = int((parts["share"].notna() & parts[["least", "most"]].isna().any(axis=1)).sum())
    return [Problem("bounds_missing", "parts.csv", details={"n": n}, warning=True)] if n else []


def check_lists(
    tables: dict[str, pd.DataFrame], units: pd.DataFrame, as_of: dt.date, problems: list[Problem]
) -> None:
    """Years to finish lie ahead, or in the list that is still judged; who is listed is not
    recognised yet; a list of a level and year (its planned targets) is one document, so that one
    source stands on all its rows.
    """
    targets = tables["targets"]
    targets = targets[
        targets["unit"].isin(units.index) & targets["year"].notna() & targets["level"].isin(LEVELS)
    ]
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
        if year < as_of.year - (late and row["kind"] == "plan"):
            bad(row, "target_past", "year", value=year, day=f"{as_of:%d/%m/%Y}")
        elif reached.get((row["unit"], row["level"]), year) < year:
            held = reached[row["unit"], row["level"]]
            bad(
                row,
                "target_reached",
                "commune",
                unit=units.loc[row["unit"], "label"],
                year=year,
                held=held,
            )
    for (_, year), rows in targets[targets["kind"] == "plan"].groupby(["level", "year"]):
        shared = set()
        for row in rows.to_dict("records"):
            own = set(row["source"].split("|"))
            if shared and not shared & own:
                bad(
                    row,
                    "two_lists",
                    "source",
                    year=int(year),
                    first="|".join(sorted(shared)),
                    second=row["source"],
                )
                break
            shared = shared & own or own


def lacking_assumptions(rules: pd.DataFrame) -> list[Problem]:
    """The assumptions that a forecast needs and that the table does not hold."""
    lost = [key for key in RULES if key not in set(rules["key"])]
    return [Problem("no_assumption", "assumptions.csv", details={"key": key}) for key in lost]


def _check_assumed(tables, as_of, bad):
    """The assumptions are possible: the rule for missing prices, the prior of counts, one row a
    year of the district's cement.
    """
    rules, costs = tables["assumptions"], tables["unit_costs"]
    ends = RULES | {
        "cost_low": (1, 100),
        "cost_high": (100, 1000),
        "programme_start": (1990, as_of - 1),
    }
    least, most = (
        rules["key"].map({key: float(pair[i]) for key, pair in ends.items()}).astype(float)
        for i in (0, 1)
    )
    bad(
        "assumptions",
        (rules["value"] < least) | (rules["value"] > most),
        "out_of_range",
        "value",
        value="{value:figure}",
        low=least,
        high=most,
    )
    part = rules["key"].isin(WHOLE) & (rules["value"] % 1 > 0)
    bad("assumptions", part, "not_whole", "value", value="{value:figure}")
    value = rules.drop_duplicates("key").set_index("key")["value"]
    steps = {
        key: value.get(key, np.nan) for key in ("decision_low", "decision_mode", "decision_high")
    }
    low, mode, high = steps.values()
    falls = (rules["key"] == "decision_mode") & bool(low > mode or mode > high)
    told = "; ".join(f"{key} {write_figure(step)}" for key, step in steps.items())
    bad("assumptions", falls, "range_falls", "value", range=told)
    for column, key in (("low", "cost_low"), ("high", "cost_high")):
        if not (rules["key"] == key).any():
            bad("unit_costs", costs[column].isna(), "no_rule", column, key=key)
    priors = tables["count_priors"]
    rest = (priors["average"] * priors["communes"] - 19 * priors["ntm"]) / (
        priors["communes"] - priors["ntm"]
    )
    known = priors[["average", "communes", "ntm"]].notna().all(axis=1)
    bad(
        "count_priors",
        known & ~((priors["ntm"] < priors["communes"]) & rest.between(3.5, 17.5)),
        "prior_impossible",
        "average",
        value=rest.round(1),
    )
    total = priors.groupby("set")["share"].transform("sum")
    bad(
        "count_priors",
        (total > 100) & ~priors.duplicated("set"),
        "shares_sum",
        "share",
        what="{set}",
        value=total,
    )
    cement = tables["cement"]
    again = (cement["commune"] == "") & cement.duplicated(["commune", "year"])
    bad(
        "cement",
        again,
        "duplicate",
        "year",
        value="{year:g}",
        other=lambda r: int(
            cement.loc[(cement["commune"] == "") & (cement["year"] == r["year"]), "row"].iloc[0]
        ),
    )

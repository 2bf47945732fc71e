"""The tables of works and money checked against each other: items, pots, shares, ranges, years."""

import pandas as pd

from .names import nearest
from .problems import Problem

CEMENT = "xi-mang"  # the item of unit_costs.csv that says what a tonne of cement costs


def check_plan(tables: dict[str, pd.DataFrame], as_of: int, term_end: int, problems: list[Problem]) -> None:
    """What works, parts and envelopes name exists; shares sum to 100; ranges do not fall; years lie in the horizon.

    ``as_of``, ``term_end``: the years of the as-of date and of the end of the term. A cell that could not be read is passed
    over: its own problem tells.
    """
    spoilt = {(p.file, p.row, p.column) for p in problems}

    def bad(name: str, rows: pd.Series, code: str, column: str, **details) -> None:
        for _, row in tables[name][rows].iterrows():
            if (f"{name}.csv", row["row"], column) not in spoilt:
                made = {k: v(row) if callable(v) else v for k, v in details.items()}
                problems.append(Problem(code, f"{name}.csv", int(row["row"]), column, made))

    for name, column, to, key in (
        ("works", "item", "unit_costs", "item"),
        ("typical_works", "item", "unit_costs", "item"),
        ("parts", "item", "unit_costs", "item"),
        ("parts", "pot", "pots", "pot"),
        ("envelopes", "pot", "pots", "pot"),
        ("profiles", "pot", "pots", "pot"),
    ):
        known = sorted(set(tables[to][key]) - {""})
        lost = (tables[name][column] != "") & ~tables[name][column].isin(known)
        bad(name, lost, "unknown_row", column, value=lambda r, c=column: r[c], file=f"{to}.csv",
            near=lambda r, c=column, k=known: ", ".join(nearest(r[c], k)) or "?")  # fmt: skip
    for name, columns in (
        ("unit_costs", ("low", "mode", "high")),
        ("works", ("low", "quantity", "high")),
        ("typical_works", ("low", "quantity", "high")),
        ("parts", ("tonnes_low", "tonnes", "tonnes_high")),
        ("envelopes", ("disbursed_low", "disbursed", "disbursed_high")),
        ("prices", ("low", "mode", "high")),
    ):
        low, mode, high = (tables[name][c] for c in columns)
        bad(name, (low > mode) | (mode > high) | (low > high), "range_falls", columns[1],
            range=lambda r, c=columns: " - ".join("..." if pd.isna(r[x]) else f"{r[x]:g}" for x in c))  # fmt: skip
    costs, envelopes, parts = tables["unit_costs"], tables["envelopes"], tables["parts"]
    later = (costs["price_year"] > as_of) & (costs["mark"] == "reported")
    bad("unit_costs", later, "price_after", "price_year", value=lambda r: f"{r['price_year']:g}", year=as_of)
    outside = (envelopes["year"] < as_of) | (envelopes["year"] > term_end)
    bad("envelopes", outside, "outside_horizon", "year", value=lambda r: f"{r['year']:g}", first=as_of, last=term_end)
    _check_parts(tables, bad)
    pots = tables["pots"].set_index("pot")["earmark"].to_dict()
    only = [
        (i, set(pots.get(p, "").split("|"))) for i, p in zip(parts["item"], parts["pot"], strict=True) if pots.get(p)
    ]
    for name in ("works", "typical_works"):
        criterion = tables[name]["criterion"].map("{:g}".format)
        broken = pd.Series(False, index=tables[name].index)
        for item, allowed in only:
            broken |= (tables[name]["item"] == item) & tables[name]["criterion"].notna() & ~criterion.isin(allowed)
        bad(
            name, broken, "earmark_broken", "item", value=lambda r: r["item"], criterion=lambda r: f"{r['criterion']:g}"
        )
    first = costs["price_year"].min()
    needed = (
        set() if costs.empty else set(range(int(min(first, as_of)) + 1, term_end + 1)) - set(tables["prices"]["year"])
    )
    if needed and not any(p.file == "prices.csv" for p in problems):
        years = ", ".join(map(str, sorted(needed)))
        problems.append(Problem("no_price", "prices.csv", details={"years": years}))
    sums = tables["profiles"].groupby("pot")["share"].transform("sum")
    first = ~tables["profiles"].duplicated("pot")
    bad("profiles", first & ((sums - 100).abs() > 1e-6), "shares_sum", "share", what=lambda r: r["pot"],
        value=lambda r: f"{sums[r.name]:g}")  # fmt: skip
    used = set(tables["works"]["item"]) | set(tables["typical_works"]["item"])
    without = costs["item"].isin(used - set(parts["item"]))
    bad("unit_costs", without, "no_parts", "item", value=lambda r: r["item"])


def _check_parts(tables: dict[str, pd.DataFrame], bad) -> None:
    """Money parts have a share, cement parts have tonnes; the money shares of an item sum to 100; earmarks are numbers."""
    parts = tables["parts"]
    cement = parts["pot"].map(tables["pots"].set_index("pot")["measure"]) == "cement"
    bad("parts", cement & parts["tonnes"].isna(), "part_form", "tonnes", pot=lambda r: r["pot"])
    priced = (tables["unit_costs"]["item"] == CEMENT).any()
    bad("parts", cement & (not priced), "unknown_row", "pot", value=CEMENT, file="unit_costs.csv", near=CEMENT)
    bad("parts", ~cement & parts["share"].isna(), "part_form", "share", pot=lambda r: r["pot"])
    bad("parts", cement & parts["share"].notna(), "part_form", "share", pot=lambda r: r["pot"])
    sums = parts["share"].where(~cement).groupby(parts["item"]).transform("sum")
    first = ~parts.duplicated("item")
    bad("parts", first & ((sums - 100).abs() > 1e-6), "shares_sum", "share", what=lambda r: r["item"],
        value=lambda r: f"{sums[r.name]:g}")  # fmt: skip
    earmark = tables["pots"]["earmark"]
    wrong = earmark.ne("") & ~earmark.str.fullmatch(r"\d{1,2}(\|\d{1,2})*")
    bad("pots", wrong, "not_allowed", "earmark", value=lambda r: r["earmark"], allowed="2, 2|5, ...")

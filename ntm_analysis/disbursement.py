"""Money disbursed against the plan: what the year's envelopes and monthly profiles ask for, what is reported (million đồng)."""

import numpy as np
import pandas as pd

from .workbook import Workbook, merged_mark


def disbursed(progress: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Money disbursed from the year's start, by commune and pot, from the newest reports up to ``month``: unit, pot, disbursed,
    month (of the report), mark.

    A row about the commune as a whole stands for all its works; where the works' own rows are newer, or there is no such row,
    they are added up, each at its newest.
    """
    rows = progress[progress["disbursed"].notna() & (progress["month"] <= month) & (progress["month"].dt.year == month.year)]
    rows = rows.sort_values("month", kind="stable").drop_duplicates(
        ["unit", "pot", "criterion", "indicator", "work"], keep="last"
    )
    whole = rows["criterion"].isna() & (rows["indicator"] == "") & (rows["work"] == "")
    made = []
    for (unit, pot), part in rows.groupby(["unit", "pot"], sort=False):
        total, parts = part[whole[part.index]], part[~whole[part.index]]
        chosen = total if len(total) and not (parts["month"] > total["month"].iloc[0]).any() else parts
        made.append((unit, pot, chosen["disbursed"].sum(), chosen["month"].max(), "|".join(sorted(set(chosen["mark"])))))
    return pd.DataFrame(made, columns=["unit", "pot", "disbursed", "month", "mark"])


def share_by(profiles: pd.DataFrame, pot: str, month: int) -> float:
    """The part of a pot's year (0..1) planned to have come by the end of ``month``; evenly where it has no monthly profile.

    >>> told = pd.DataFrame({"pot": "a", "month": [3, 6], "share": [25.0, 75.0]})
    >>> share_by(told, "a", 5), share_by(told, "b", 6)
    (0.25, 0.5)
    """
    own = profiles[profiles["pot"] == pot]
    return month / 12 if own.empty else float(own.loc[own["month"] <= month, "share"].sum()) / 100


def _year(workbook, month):
    """The envelopes of money of the month's year."""
    envelopes, pots = workbook.tables["envelopes"], workbook.tables["pots"]
    money = pots.loc[pots["measure"] == "money", "pot"]
    return envelopes[(envelopes["year"] == month.year) & envelopes["pot"].isin(money)]


def by_pot(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """A row a pot with an envelope of the year or a report: amount, planned, disbursed (NaN: nobody reported), rate (disbursed /
    amount), behind (planned less disbursed, 0 at least), communes (how many reported), of (how many it serves), mark (of the
    envelope; assumed as soon as one is)."""
    envelopes, told = _year(workbook, month), disbursed(workbook.tables["progress"], month)
    told = told[told["unit"].isin(workbook.communes.index)]
    pots = workbook.tables["pots"]
    told = told[~told["pot"].isin(pots.loc[pots["measure"] != "money", "pot"])]
    made = envelopes.groupby("pot", sort=False).agg(
        amount=("amount", "sum"), mark=("mark", lambda marks: merged_mark(list(marks)))
    )
    made = made.reindex([*made.index, *(pot for pot in dict.fromkeys(told["pot"]) if pot not in made.index)])
    profiles = workbook.tables["profiles"]
    made["planned"] = made["amount"] * [share_by(profiles, pot, month.month) for pot in made.index]
    sums = told.groupby("pot")["disbursed"].agg(["sum", "size"])
    made["disbursed"] = sums["sum"].reindex(made.index)
    made["communes"] = sums["size"].reindex(made.index, fill_value=0).astype(int)
    # Money that serves single communes is told in full when those have reported, other money when all have.
    own, count = envelopes["served"].isin(workbook.communes["code"]), len(workbook.communes)
    shared = set(envelopes.loc[~own, "pot"])
    served = envelopes[own].groupby("pot")["served"].nunique()
    made["of"] = [count if pot in shared else int(served.get(pot, count)) for pot in made.index]
    return _against(made)


def by_commune(workbook: Workbook, month: pd.Timestamp) -> pd.DataFrame:
    """A row a commune with an envelope of its own or a report: all (disbursed from all pots), and of the pots that serve it alone
    amount, planned (for the month of the report), disbursed, rate, behind; month (of the newest report).

    Only what serves the commune alone has a plan for it; the district's pots are planned for the district.
    """
    envelopes, told = _year(workbook, month), disbursed(workbook.tables["progress"], month)
    codes = workbook.communes["code"]
    profiles, made = workbook.tables["profiles"], {}
    for unit, code in codes.items():
        own, mine = envelopes[envelopes["served"] == code], told[told["unit"] == unit]
        if own.empty and mine.empty:
            continue
        paid = mine.set_index("pot")
        whole = own["pot"].isin(paid.index).all() and len(own)
        months = [paid["month"].get(pot, month).month for pot in own["pot"]]
        shares = [share_by(profiles, pot, m) for pot, m in zip(own["pot"], months, strict=True)]
        made[unit] = {
            "all": mine["disbursed"].sum() if len(mine) else np.nan,
            "amount": own["amount"].sum() if len(own) else np.nan,
            "planned": float((own["amount"] * shares).sum()) if len(own) else np.nan,
            "disbursed": paid["disbursed"].reindex(own["pot"]).sum() if whole else np.nan,
            "month": mine["month"].max(),
        }
    columns = ["all", "amount", "planned", "disbursed", "month"]
    return _against(pd.DataFrame.from_dict(made, orient="index", columns=columns))


def _against(made):
    behind = (made["planned"] - made["disbursed"]).clip(lower=0)
    return made.assign(rate=made["disbursed"] / made["amount"], behind=behind)

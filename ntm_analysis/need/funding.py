"""Planned money against the need: what each pot is asked for, what it holds, and where the gap is.

Gap of a pot in a world = max(0, claims up to the deadline - planned money up to it), in prices of the base year; the total is the
sum over pots, without netting. What is planned and not disbursed makes a second, larger number.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..workbook import Workbook
from .draws import pert, uniforms
from .money import instance, instances_of
from .need import Need
from .works import THOUSAND, price_index, unit_costs


@dataclass(frozen=True)
class Funding:
    """Money against need up to the year ``until``.

    ``pots``: by pot, in the order of the table: name_vi, name_en, fund, capital, measure, planned (million VND of the day, or
    tonnes), allotted (the part already allotted; NaN where no row says so), mark.
    ``gap`` and ``late_gap`` (with what is not disbursed): by pot, int64
    (draws), thousand đồng of the base year; for a cement pot tonnes.
    """

    until: int
    pots: pd.DataFrame
    gap: dict[str, np.ndarray]
    late_gap: dict[str, np.ndarray]

    def total(self, late: bool = False) -> np.ndarray:
        """The gap over all money pots, thousand đồng by world."""
        gaps = self.late_gap if late else self.gap
        money = [gaps[pot] for pot in self.pots.index[self.pots["measure"] == "money"]]
        return np.sum(money, axis=0)


def still_to_come(workbook: Workbook, until: int) -> pd.DataFrame:
    """The envelopes from the as-of year to ``until`` that a commune may draw on; of the as-of year's ``amount`` only what is
    still to come.

    By the monthly profile, evenly over the months where a pot has none: what came before went into what is done. Money that
    serves a township alone, or a unit of another time, is money of no commune.
    """
    as_of, rows, profiles = workbook.as_of, workbook.tables["envelopes"], workbook.tables["profiles"]
    places = [workbook.communes[column].tolist() for column in ("code", "district")]
    drawn = {name for pot in rows["pot"].unique() for name in instances_of(pot, rows, *places)}
    used = [instance(*pair) in drawn for pair in zip(rows["pot"], rows["served"], strict=True)]
    rows = rows[rows["year"].between(as_of.year, until) & np.array(used, dtype=bool)]
    still = profiles[profiles["month"] > as_of.month].groupby("pot")["share"].sum() / 100
    told = still.reindex(profiles["pot"].unique(), fill_value=0.0)
    part = rows["pot"].map(told).astype(float).fillna((12 - as_of.month) / 12)
    return rows.assign(amount=rows["amount"].where(rows["year"] > as_of.year, rows["amount"] * part))


def funding(workbook: Workbook, need: Need, until: int, seed: int) -> Funding:
    """Planned money of every pot from the as-of date to the end of ``until`` against the claims of ``need`` up to it.

    Credit is listed and pays for no commune work; a pot without envelopes holds nothing.
    """
    pots = workbook.tables["pots"].set_index("pot")
    rows = still_to_come(workbook, until)
    index = price_index(workbook.tables["prices"], need.price_year, need.draws, seed)
    zeros = np.zeros(need.draws, dtype=np.int64)
    claims = {pot: zeros.copy() for pot in pots.index}
    # What is planned for a later year is not claimed yet; what has no year is.
    for (pot, year), claim in need.by["pot_year"].items():
        claims[pot] += claim if year is None or year <= until else 0
    for pot in pots.index[pots["measure"] == "cement"]:
        claims[pot] += sum((t for year, t in need.tonnes.items() if year is None or year <= until), zeros)
    planned, disbursed = ({pot: zeros.copy() for pot in pots.index} for _ in range(2))
    for row in rows.to_dict("records"):
        pot, year = row["pot"], int(row["year"])
        if pots.loc[pot, "fund"] == "tin_dung":
            continue
        u = uniforms(seed, "disbursed", [f"{pot}|{year}"], need.draws)[0]
        share = pert(u, row["disbursed_low"], row["disbursed"], row["disbursed_high"]) / 100
        base = row["amount"] * THOUSAND / index[year] if pots.loc[pot, "measure"] == "money" else row["amount"]
        planned[pot] += np.rint(base).astype(np.int64)
        disbursed[pot] += np.rint(base * share).astype(np.int64)
    sums = rows.assign(allotted=rows["amount"].where(rows["kind"] == "allotted")).groupby("pot")
    held = sums[["amount", "allotted"]].sum(min_count=1).reindex(pots.index).rename(columns={"amount": "planned"})
    held["planned"] = held["planned"].fillna(0.0)
    return Funding(
        until,
        pots[["name_vi", "name_en", "fund", "capital", "measure", "mark"]].join(held),
        {pot: np.maximum(claims[pot] - planned[pot], 0) for pot in pots.index},
        {pot: np.maximum(claims[pot] - disbursed[pot], 0) for pot in pots.index},
    )


def by_source(need: Need, pots: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Claims on money by (source, kind of capital), in the order of the pots."""
    made: dict[tuple[str, str], np.ndarray] = {}
    for pot, row in pots.iterrows():
        if pot in need.by["pot"]:
            key = (row["fund"], row["capital"])
            made[key] = made.get(key, 0) + need.by["pot"][pot]
    return made


def movers(workbook: Workbook, need: Need) -> pd.DataFrame:
    """Which assumptions move the need most: its mean were the assumption at its low or its high end for all works at once.

    Columns: kind (cost, quantity, price), item (blank for price), low, high (million VND), swing = high - low; the largest first.
    Formula for an item: mean of its need x end / mean of its range. The price path: all years at their low or high rise.
    """
    costs, works, rows = unit_costs(workbook), need.works, []
    for item, amount in need.by["item"].items():
        mean, cost, mine = amount.mean() / THOUSAND, costs.loc[item], works[works["item"] == item]
        expected = (cost["low"] + 4 * cost["mode"] + cost["high"]) / 6
        ends = (mean * cost["low"] / expected, mean * cost["high"] / expected) if expected else (mean, mean)
        rows.append(("cost", item, *ends))
        size = (mine["low"] + 4 * mine["quantity_mode"] + mine["high"]).sum() / 6
        if size:
            rows.append(("quantity", item, *(mean * mine[end].sum() / size for end in ("low", "high"))))
    rise = workbook.tables["prices"].set_index("year")
    ends = []
    for end in ("low", "high"):
        total = 0.0
        for item, amount in need.by["item"].items():
            years = [y for y in rise.index if costs.loc[item, "price_year"] < y <= need.price_year]
            usual = (rise.loc[years, "low"] + 4 * rise.loc[years, "mode"] + rise.loc[years, "high"]) / 6
            total += amount.mean() / THOUSAND * np.prod((100 + rise.loc[years, end]) / (100 + usual))
        ends.append(total - need.total.mean() / THOUSAND)
    table = pd.DataFrame(rows, columns=["kind", "item", "low", "high"])
    for column in ("low", "high"):  # of the whole need, the other items as they are
        table[column] += need.total.mean() / THOUSAND - table["item"].map(
            {i: a.mean() / THOUSAND for i, a in need.by["item"].items()}
        )
    table.loc[len(table)] = ["price", "", *(need.total.mean() / THOUSAND + end for end in ends)]
    table["swing"] = table["high"] - table["low"]
    return table.sort_values("swing", ascending=False, kind="stable").reset_index(drop=True)

"""Planned money against the need: what is missing in whatever pots, and what each pot lacks.

The gap of a world is the least extra money, in whatever pots, with which every work up to the year
asked about could be paid (:mod:`~ntm_analysis.need.pot_sets`), in prices of the base year. Beside
it stands the gap of each pot at usual shares: what it is asked for less what it holds. Those are
never added up, because one pot can stand in for another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..workbook import Workbook
from .draws import pert, uniforms
from .money import instance, instances_of
from .need import Need
from .pot_sets import PotSets, pot_sets
from .works import THOUSAND, PriceList, Prices, price_index, unit_costs


@dataclass(frozen=True)
class Funding:
    """Money against need up to a year.

    Pots that communes hold for themselves are counted in common: which commune has what is for the
    forecast to say.

    Attributes
    ----------
    until : int
        The year.
    pots : DataFrame
        By pot, in the order of the table: name_vi, name_en, fund, capital, measure, planned
        (million VND of the day, or tonnes), allotted (the part already allotted; NaN where no row
        says so), mark.
    gap, late_gap : ndarray of int64
        The least extra money with which all could be paid from what is planned, and from what is
        disbursed; thousand đồng of the base year, by world.
    by_pot : dict of str to ndarray
        What each pot lacks at usual shares, thousand đồng of the base year; of a cement pot tonnes.
    blocking : list of str
        The smallest set of pots that lacks the gap when all costs and money stand at their means;
        empty where that is no gap.
    """

    until: int
    pots: pd.DataFrame
    gap: np.ndarray
    late_gap: np.ndarray
    by_pot: dict[str, np.ndarray]
    blocking: list[str]


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
    """Planned money from the as-of date to the end of ``until`` against ``need`` up to it.

    What is planned for a later year is not claimed yet; what has no year is. Credit is listed and
    pays for no work; a pot without envelopes holds nothing.
    """
    pots = workbook.tables["pots"].set_index("pot")
    rows = still_to_come(workbook, until)
    planned, disbursed = _held(workbook, rows, need, seed)
    zeros = np.zeros(need.draws, dtype=np.int64)
    due = lambda by, name: sum(  # noqa: E731
        (amount for (key, year), amount in by.items() if key == name and _by(year, until)), zeros
    )
    in_kind = pots["measure"] == "cement"
    tonnes = sum((amount for year, amount in need.tonnes.items() if _by(year, until)), zeros)
    by_pot = {
        pot: np.maximum((tonnes if in_kind[pot] else due(need.by["pot_year"], pot)) - held, 0)
        for pot, held in planned.items()
    }
    sets = pot_sets(workbook.tables)
    cost = np.array([due(need.by["kind_year"], kind) for kind in sets.kinds])
    money = [_worth(workbook, sets, held, need, seed) for held in (planned, disbursed)]
    middle = [np.rint(amounts.mean(axis=1)) for amounts in (cost, money[0])]
    sums = rows.assign(allotted=rows["amount"].where(rows["kind"] == "allotted")).groupby("pot")
    held = sums[["amount", "allotted"]].sum(min_count=1).reindex(pots.index)
    held = held.rename(columns={"amount": "planned"}).fillna({"planned": 0.0})
    return Funding(
        until,
        pots[["name_vi", "name_en", "fund", "capital", "measure", "mark"]].join(held),
        *(sets.excess(cost, amounts)[0].astype(np.int64) for amounts in money),
        by_pot,
        sets.names(int(sets.excess(*middle)[1])),
    )


def _by(year: int | None, until: int) -> bool:
    return year is None or year <= until


def _held(
    workbook: Workbook, rows: pd.DataFrame, need: Need, seed: int
) -> tuple[dict[str, np.ndarray], ...]:
    """Planned and disbursed money of every pot, thousand đồng of the base year, or tonnes."""
    pots = workbook.tables["pots"].set_index("pot")
    index = price_index(workbook.tables["prices"], need.price_year, need.draws, seed)
    planned, disbursed = (
        {pot: np.zeros(need.draws, dtype=np.int64) for pot in pots.index} for _ in range(2)
    )
    rows = rows[rows["pot"].map(pots["fund"]) != "tin_dung"]
    for row in rows.to_dict("records"):
        pot, year = row["pot"], int(row["year"])
        u = uniforms(seed, "disbursed", [f"{pot}|{year}"], need.draws)[0]
        share = pert(u, row["disbursed_low"], row["disbursed"], row["disbursed_high"]) / 100
        in_kind = pots.loc[pot, "measure"] == "cement"
        base = row["amount"] * (1 if in_kind else THOUSAND / index[year])
        planned[pot] += np.rint(base).astype(np.int64)
        disbursed[pot] += np.rint(base * share).astype(np.int64)
    return planned, disbursed


def _worth(
    workbook: Workbook, sets: PotSets, held: dict[str, np.ndarray], need: Need, seed: int
) -> np.ndarray:
    """What the pots of ``sets`` hold, cement at its price in each world: pots x draws."""
    measure = workbook.tables["pots"].set_index("pot")["measure"]
    price = Prices(PriceList(workbook), need.price_year, need.draws, seed)
    money = [
        np.floor(held[pot] * price.cement) if measure[pot] == "cement" else held[pot]
        for pot in sets.pots
    ]
    return np.array(money)


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

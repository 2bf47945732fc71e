"""Works that the missing criteria ask for, and what each costs in each world.

Missing criteria become works: those listed for the commune, else what a missing criterion usually takes. In each world a work
costs quantity x unit cost x price lift x (1 - done), rounded once to whole thousand đồng of the base year; it claims nothing in
a world that does not lack its criterion. A cement part is tonnes, its money value is shown and not claimed from a money pot;
the money parts of a work add up to the rest exactly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..assess import assess
from ..plan_checks import CEMENT
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .draws import pert, perts, uniforms
from .missing import Missing

DEBT = "no-dong"  # the item that stands for construction debt: one million đồng a unit, of the day it is paid
THOUSAND = 1_000  # thousand đồng in a million
LARGEST = 1e12  # thousand đồng; a work of a million billion is a slip of the pen, and sums stay far from the end of int64


def price_index(prices: pd.DataFrame, base: int, draws: int, seed: int, block: int = 0) -> dict[int, np.ndarray]:
    """Construction prices of each year over those of ``base`` (1 there), one drawn path a world.

    Formula: index(y) = index(y - 1) x (1 + growth(y)), growth PERT between the year's low and high, in %.

    >>> rise = pd.DataFrame({"year": [2022, 2023], "low": [10.0, 0], "mode": [10.0, 0], "high": [10.0, 0]})
    >>> {year: round(float(i[0]), 4) for year, i in sorted(price_index(rise, 2022, 1, 1).items())}
    {2021: 0.9091, 2022: 1.0, 2023: 1.0}
    """
    years = prices["year"].astype(int).tolist()
    u = uniforms(seed, "price", [str(year) for year in years], draws, block)
    grown = dict(zip(years, 1 + perts(u, *(prices[end] for end in ("low", "mode", "high"))) / 100, strict=True))
    index = {base: np.ones(draws)}
    for year in range(base + 1, max(grown, default=base) + 1):
        index[year] = index[year - 1] * grown[year]
    for year in range(base - 1, min(grown, default=base + 1) - 2, -1):
        index[year] = index[year + 1] / grown[year + 1]
    return index


def unit_costs(workbook: Workbook) -> pd.DataFrame:
    """Unit costs by item with every low and high filled (``filled``: by the rule of assumptions.csv, which is an assumption)."""
    costs = workbook.tables["unit_costs"].set_index("item")
    rule = workbook.tables["assumptions"].set_index("key")["value"] / 100
    filled = costs[["low", "high"]].isna().any(axis=1)
    low = costs["low"].fillna(costs["mode"] * rule.get("cost_low", 1.0))
    high = costs["high"].fillna(costs["mode"] * rule.get("cost_high", 1.0))
    return costs.assign(low=low, high=high, filled=filled)


def newest_debts(workbook: Workbook) -> pd.DataFrame:
    """Construction debt by commune and criterion: the newest row of each, the oldest first."""
    debts = workbook.tables["debts"].sort_values("date", kind="stable")
    return debts.drop_duplicates(["unit", "criterion"], keep="last")


def works_of(workbook: Workbook, missing: Missing, level: str) -> pd.DataFrame:
    """The works that the missing criteria may ask for, listed ones before usual ones.

    A row a work: at (position of the commune), criterion (0: without a name, -1: claimed in every world), work, item, low,
    quantity, high, left (1 - done), committed, year (planned, else of the nearest target; NaN), mark, listed (in works.csv), each
    (a work for every nameless criterion).
    """
    listed = workbook.tables["works"]
    listed = listed[listed["level"] == level]
    usual = workbook.tables["typical_works"]
    usual = usual[usual["set"] == missing.set_id]
    targets = workbook.tables["targets"]
    # A plan sets a year; a pledge is only a pledge.
    year_of = targets[(targets["level"] == level) & (targets["kind"] == "plan")].groupby("unit")["year"].min()
    distances = None
    rows: list[dict] = []
    by_unit = {unit: part for unit, part in listed.groupby("unit")}
    by_criterion = {criterion: part.to_dict("records") for criterion, part in usual.groupby(usual["criterion"].fillna(0))}
    for at, unit in enumerate(missing.units):
        year = year_of.get(unit, np.nan)
        own = by_unit.get(unit, listed.iloc[:0])
        for work in own[own["state"] != "done"].to_dict("records"):
            made = {"at": at, "unit": unit, "criterion": -1 if pd.isna(work["criterion"]) else int(work["criterion"])}
            low, high = (work["quantity"] if pd.isna(work[c]) else work[c] for c in ("low", "high"))
            made |= {"work": work["work"], "item": work["item"], "low": low, "quantity": work["quantity"], "high": high}
            done = 0.0 if pd.isna(work["percent_done"]) else work["percent_done"] / 100
            made |= {"left": 1 - done, "committed": work["committed"], "mark": work["mark"], "each": False, "listed": True}
            rows.append(made | {"year": year if pd.isna(work["planned_year"]) else work["planned_year"]})
        covered = set(own["criterion"].dropna())
        may_lack = missing.numbers[missing.lacks[at].any(axis=1)]
        for criterion in [n for n in may_lack if n not in covered] + ([0] if missing.nameless[at].any() else []):
            choices = by_criterion.get(criterion, [])
            points = [w for w in choices if w["per"] == "point"]
            if points and distances is None:
                distances = assess(workbook, missing.set_id, carry=True).tests.set_index(["unit", "test"])["distance"]
            # A distance of nothing says that this indicator is not what is missing.
            known = [w for w in points if distances.get((unit, w["indicator"]), 0.0) > 0] if points else []
            for work in known or [w for w in choices if w["per"] == "commune"]:
                times = float(distances[(unit, work["indicator"])]) if known else 1.0
                made = {"at": at, "unit": unit, "criterion": int(criterion), "work": work["item"], "item": work["item"]}
                made |= {c: work[c] * times for c in ("low", "quantity", "high")}
                made |= {
                    "left": 1.0,
                    "committed": "no",
                    "mark": work["mark"],
                    "each": criterion == 0,
                    "listed": False,
                    "year": year,
                }
                rows.append(made)
    columns = ["at", "unit", "criterion", "work", "item", "low", "quantity", "high", "left", "committed"]
    columns += ["mark", "each", "listed", "year"]
    kinds = dict.fromkeys(("at", "unit", "criterion"), "int64") | dict.fromkeys(
        ("low", "quantity", "high", "left", "year"), float
    )
    return pd.DataFrame(rows, columns=columns).astype(kinds | dict.fromkeys(("each", "listed"), bool))


@dataclass(frozen=True)
class ItemDraws:
    """The works of one item over worlds; arrays works x draws.

    ``rows``: their places in the list of works; ``quantity``: what is left to do; ``wanted``: whether it is needed;
    ``amount``: int64 thousand đồng, 0 where it is not; ``tonnes``, ``value``: of cement and what that is worth, None for an
    item without.
    """

    item: str
    rows: np.ndarray
    quantity: np.ndarray
    wanted: np.ndarray
    amount: np.ndarray
    tonnes: np.ndarray | None
    value: np.ndarray | None


class PriceList:
    """What items cost and what their parts are, as the tables say: the same in every world."""

    def __init__(self, workbook: Workbook) -> None:
        self.rises, self.costs = workbook.tables["prices"], unit_costs(workbook).to_dict("index")
        parts, pots = workbook.tables["parts"], workbook.tables["pots"].set_index("pot")["measure"]
        in_kind = parts["pot"].map(pots) == "cement"
        self.cement = parts[in_kind].drop_duplicates("item").set_index("item").to_dict("index")
        self._money = {i: p[["pot", "share"]].to_numpy().tolist() for i, p in parts[~in_kind].groupby("item")}

    def shares(self, item: str) -> list[tuple[str, float]]:
        """(pot, share in %) of the item's money without cement."""
        return self._money.get(item, [])


class Prices:
    """What an item costs in each of the ``draws`` worlds from ``block`` onwards, in prices of the year ``base``.

    One draw an item for all communes: what a kilometre costs is not known, but it is not unknown 15 times over.
    """

    def __init__(self, tables: PriceList, base: int, draws: int, seed: int, block: int = 0) -> None:
        self.tables, self.draws, self.seed, self.block = tables, draws, seed, block
        self.index = price_index(tables.rises, base, draws, seed, block)

    def cost(self, item: str) -> np.ndarray:
        """Unit cost in thousand đồng of the base year."""
        cost, u = self.tables.costs[item], uniforms(self.seed, "unit cost", [item], self.draws, self.block)[0]
        lift = THOUSAND if item == DEBT else THOUSAND / self.index[int(cost["price_year"])]
        return pert(u, cost["low"], cost["mode"], cost["high"]) * lift

    @cached_property
    def cement(self) -> np.ndarray:
        """A tonne of cement, in thousand đồng of the base year."""
        return self.cost(CEMENT)

    def tonnes(self, item: str) -> np.ndarray | None:
        """Tonnes of cement a unit; None for an item without."""
        if (part := self.tables.cement.get(item)) is None:
            return None
        u = uniforms(self.seed, "tonnes", [item], self.draws, self.block)[0]
        return pert(u, part["tonnes_low"], part["tonnes"], part["tonnes_high"])


class ItemWorks:
    """The works of one item in a list of :func:`works_of`, as arrays: what is the same in every world. ``rows``: their places
    in the list."""

    def __init__(self, workbook: Workbook, works: pd.DataFrame, item: str, numbers: np.ndarray) -> None:
        self.item, self.rows = item, np.flatnonzero(works["item"] == item)
        mine = works.iloc[self.rows]
        codes = mine["unit"].map(workbook.all_units["code"])
        self.keys = (codes + "|" + mine["criterion"].astype(str) + "|" + mine["work"]).tolist()
        self.ends = tuple(mine[c].to_numpy() for c in ("low", "quantity", "high"))
        self.left, self.at, self.each = (mine[c].to_numpy() for c in ("left", "at", "each"))
        self.named, self.place = mine["criterion"].to_numpy() > 0, np.searchsorted(numbers, mine["criterion"])
        self.owed = (mine["committed"] == "debt").to_numpy()
        self._works, self._labels = mine, workbook.units["label"]

    def too_large(self, worth: np.ndarray) -> DataProblems:
        """What to say of a work of impossible value."""
        work = self._works.iloc[int(worth.max(axis=1).argmax())]
        file = "works.csv" if work["listed"] else "typical_works.csv"
        return DataProblems([Problem("need_too_large", file, details={"work": work["work"], "unit": self._labels[work["unit"]]})])


def item_works(workbook: Workbook, works: pd.DataFrame, numbers: np.ndarray) -> list[ItemWorks]:
    """A list of :func:`works_of` by item; ``numbers``: the criteria of its set."""
    return [ItemWorks(workbook, works, item, numbers) for item in dict.fromkeys(works["item"])]


def drawn_works(items: list[ItemWorks], missing: Missing, prices: Prices) -> Iterator[ItemDraws]:
    """The works in each world, item by item. Raises :class:`DataProblems` for a work of impossible value."""
    for works in items:
        u = uniforms(prices.seed, "quantity", works.keys, prices.draws, prices.block)
        quantity = perts(u, *works.ends) * works.left[:, None]
        worth = quantity * prices.cost(works.item)
        if not worth.max() < LARGEST:
            raise works.too_large(worth)
        amount = np.rint(worth, out=worth).astype(np.int64)
        wanted = np.ones(amount.shape, dtype=bool)
        wanted[works.named] = missing.lacks[works.at[works.named], works.place[works.named]]
        wanted[works.owed] = True
        times = None
        if works.each.any():
            times = np.where(works.each[:, None], missing.nameless[works.at], 1).astype(np.int64)
            wanted &= times > 0
            amount *= times
        amount *= wanted
        tonnes = value = None
        if (each := prices.tonnes(works.item)) is not None:
            tonnes = np.rint(quantity * each).astype(np.int64) * wanted
            tonnes = tonnes if times is None else tonnes * times
            value = np.minimum(np.rint(tonnes * prices.cement).astype(np.int64), amount)
        yield ItemDraws(works.item, works.rows, quantity, wanted, amount, tonnes, value)


def split(amount: np.ndarray, shares: Iterable[tuple[str, float]]) -> list[tuple[str, np.ndarray]]:
    """Whole amounts split by shares in %: each part rounded down, the last one takes the rest, so that they add up exactly.

    >>> [(pot, part.tolist()) for pot, part in split(np.array([100, 101]), [("a", 33.3), ("b", 66.7)])]
    [('a', [33, 33]), ('b', [67, 68])]
    """
    shares = list(shares)
    made, left = [], amount.copy()
    for pot, share in shares[:-1]:
        part = amount * round(share * 100) // 10_000
        left -= part
        made.append((pot, part))
    return [*made, (shares[-1][0], left)] if shares else []

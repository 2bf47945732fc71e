"""Works that the missing criteria ask for, and what each costs in each world.

Missing criteria become works: those listed for the commune, else what a missing criterion usually
takes. In each world a work costs quantity x unit cost x price lift x (1 - done), rounded once to
whole thousand đồng of the base year; it claims nothing in a world that does not lack its criterion.
A cement part is tonnes, its money value is shown and not claimed from a money pot; the money parts
of a work add up to the rest exactly.
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

DEBT = "no-dong"  # construction debt: one million đồng a unit, of the day it is paid
THOUSAND = 1_000  # thousand đồng in a million
# Thousand đồng. A work of a million billion is a slip of the pen; sums stay far from int64's end.
LARGEST = 1e12


def price_index(
    prices: pd.DataFrame, base: int, draws: int, seed: int, block: int = 0
) -> dict[int, np.ndarray]:
    """Construction prices of each year over those of ``base`` (1 there), one drawn path a world.

    Formula: index(y) = index(y - 1) x (1 + growth(y)), growth PERT between the year's low and high,
    in %.

    >>> ends = dict.fromkeys(("low", "mode", "high"), [10.0, 0])
    >>> rise = pd.DataFrame({"year": [2022, 2023]} | ends)
    >>> {year: round(float(i[0]), 4) for year, i in sorted(price_index(rise, 2022, 1, 1).items())}
    {2021: 0.9091, 2022: 1.0, 2023: 1.0}
    """
    years = prices["year"].astype(int).tolist()
    u = uniforms(seed, "price", [str(year) for year in years], draws, block)
    grown = dict(
        zip(
            years,
            1 + perts(u, *(prices[end] for end in ("low", "mode", "high"))) / 100,
            strict=True,
        )
    )
    index = {base: np.ones(draws)}
    for year in range(base + 1, max(grown, default=base) + 1):
        index[year] = index[year - 1] * grown[year]
    for year in range(base - 1, min(grown, default=base + 1) - 2, -1):
        index[year] = index[year + 1] / grown[year + 1]
    return index


def unit_costs(workbook: Workbook) -> pd.DataFrame:
    """Unit costs by item with every low and high filled (``filled``: by the rule of
    assumptions.csv, which is an assumption).
    """
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


WORK_COLUMNS = (
    {"at": "int64", "unit": "int64", "criterion": "int64", "work": "str", "item": "str"}
    | {"low": float, "quantity": float, "high": float, "left": float, "committed": "str"}
    | {"mark": "str", "each": bool, "listed": bool, "year": float}
)


def works_of(workbook: Workbook, missing: Missing, level: str) -> pd.DataFrame:
    """The works that the missing criteria may ask for, listed ones before usual ones.

    Returns
    -------
    DataFrame
        A row a work: at (position of the commune), unit, criterion (0: without a name, -1: claimed
        in every world), work, item, low, quantity, high, left (1 - done), committed, mark, each (a
        work for every nameless criterion), listed (in works.csv), year (planned, else of the
        nearest target; NaN).
    """
    targets = workbook.tables["targets"]
    # A plan sets a year; a pledge is only a pledge.
    plans = targets[(targets["level"] == level) & (targets["kind"] == "plan")]
    year_of = plans.groupby("unit")["year"].min()
    listed = workbook.tables["works"].query("level == @level")
    sizes = {end: listed[end].fillna(listed["quantity"]) for end in ("low", "high")}
    listed = listed.assign(
        **sizes,
        criterion=listed["criterion"].fillna(-1),
        left=1 - listed["percent_done"].fillna(0.0) / 100,
        each=False,
        listed=True,
    )
    usual = workbook.tables["typical_works"]
    usual = usual[usual["set"] == missing.set_id]
    usual = usual.assign(
        criterion=usual["criterion"].fillna(0),
        work=usual["item"],
        left=1.0,
        committed="no",
        each=usual["criterion"].fillna(0) == 0,
        listed=False,
    )
    by_unit = dict(list(listed.groupby("unit")))
    by_criterion = {n: part.to_dict("records") for n, part in usual.groupby("criterion")}
    distances = None
    if (usual["per"] == "point").any():
        tests = assess(workbook, missing.set_id, carry=True).tests
        distances = tests.set_index(["unit", "test"])["distance"]
    rows: list[dict] = []
    for at, unit in enumerate(missing.units):
        place = {"at": at, "unit": unit, "year": year_of.get(unit, np.nan)}
        own = by_unit.get(unit, listed.iloc[:0])
        for work in own[own["state"] != "done"].to_dict("records"):
            planned = {} if pd.isna(work["planned_year"]) else {"year": work["planned_year"]}
            rows.append(work | place | planned)
        lacks = missing.numbers[missing.lacks[at].any(axis=1)]
        lacks = [n for n in lacks if n not in set(own["criterion"])]
        for criterion in [*lacks, *([0] if missing.nameless[at].any() else [])]:
            choices = by_criterion.get(criterion, [])
            # A distance of nothing says that this indicator is not what is missing.
            points = [
                (work, distances.get((unit, work["indicator"]), 0.0))
                for work in choices
                if work["per"] == "point"
            ]
            known = [(work, distance) for work, distance in points if distance > 0]
            for work, times in known or [(w, 1.0) for w in choices if w["per"] == "commune"]:
                size = {end: work[end] * times for end in ("low", "quantity", "high")}
                rows.append(work | place | size)
    return pd.DataFrame(rows, columns=list(WORK_COLUMNS)).astype(WORK_COLUMNS)


@dataclass(frozen=True)
class ItemDraws:
    """The works of one item over worlds; arrays works x draws.

    ``rows``: their places in the list of works; ``quantity``: what is left to do; ``wanted``:
    whether it is needed; ``amount``: int64 thousand đồng, 0 where it is not; ``tonnes``, ``value``:
    of cement and what that is worth, None for an item without.
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
        self._money = {
            i: p[["pot", "share"]].to_numpy().tolist() for i, p in parts[~in_kind].groupby("item")
        }

    def shares(self, item: str) -> list[tuple[str, float]]:
        """(pot, share in %) of the item's money without cement."""
        return self._money.get(item, [])


class Prices:
    """What an item costs in each of the ``draws`` worlds from ``block`` onwards, in prices of the
    year ``base``.

    One draw an item for all communes: what a kilometre costs is not known, but it is not unknown 15
    times over.
    """

    def __init__(self, tables: PriceList, base: int, draws: int, seed: int, block: int = 0) -> None:
        self.tables, self.draws, self.seed, self.block = tables, draws, seed, block
        self.index = price_index(tables.rises, base, draws, seed, block)

    def cost(self, item: str) -> np.ndarray:
        """Unit cost in thousand đồng of the base year."""
        cost, u = (
            self.tables.costs[item],
            uniforms(self.seed, "unit cost", [item], self.draws, self.block)[0],
        )
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
    """The works of one item in a list of :func:`works_of`, as arrays: what is the same in every
    world. ``rows``: their places in the list.
    """

    def __init__(
        self, workbook: Workbook, works: pd.DataFrame, item: str, numbers: np.ndarray
    ) -> None:
        self.item, self.rows = item, np.flatnonzero(works["item"] == item)
        mine = works.iloc[self.rows]
        codes = mine["unit"].map(workbook.all_units["code"])
        self.keys = (codes + "|" + mine["criterion"].astype(str) + "|" + mine["work"]).tolist()
        self.ends = tuple(mine[c].to_numpy() for c in ("low", "quantity", "high"))
        self.left, self.at, self.each = (mine[c].to_numpy() for c in ("left", "at", "each"))
        self.named, self.place = (
            mine["criterion"].to_numpy() > 0,
            np.searchsorted(numbers, mine["criterion"]),
        )
        self.owed = (mine["committed"] == "debt").to_numpy()
        self._works, self._labels = mine, workbook.units["label"]

    def too_large(self, worth: np.ndarray) -> DataProblems:
        """What to say of a work of impossible value."""
        work = self._works.iloc[int(worth.max(axis=1).argmax())]
        file = "works.csv" if work["listed"] else "typical_works.csv"
        return DataProblems(
            [
                Problem(
                    "need_too_large",
                    file,
                    details={"work": work["work"], "unit": self._labels[work["unit"]]},
                )
            ]
        )


def item_works(workbook: Workbook, works: pd.DataFrame, numbers: np.ndarray) -> list[ItemWorks]:
    """A list of :func:`works_of` by item; ``numbers``: the criteria of its set."""
    return [ItemWorks(workbook, works, item, numbers) for item in dict.fromkeys(works["item"])]


def drawn_works(items: list[ItemWorks], missing: Missing, prices: Prices) -> Iterator[ItemDraws]:
    """The works in each world, item by item. Raises :class:`DataProblems` for a work of impossible
    value.
    """
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
    """Whole amounts split by shares in %: each part rounded down, the last one takes the rest, so
    that they add up exactly.

    >>> parts = split(np.array([100, 101]), [("a", 33.3), ("b", 66.7)])
    >>> [(pot, part.tolist()) for pot, part in parts]
    [('a', [33, 33]), ('b', [67, 68])]
    """
    shares = list(shares)
    made, left = [], amount.copy()
    for pot, share in shares[:-1]:
        part = amount * round(share * 100) // 10_000
        left -= part
        made.append((pot, part))
    return [*made, (shares[-1][0], left)] if shares else []

"""Works that the missing criteria ask for, and what each costs in each world.

Missing criteria become works: those listed for the commune, else what a missing criterion usually
takes. In each world a work costs quantity x unit cost x price lift x (1 - done), rounded once to
whole thousand đồng of the base year; it claims nothing in a world that does not lack its criterion.
A cement part is tonnes, its money value is shown and not claimed from a money pot; the money parts
of a work add up to the rest exactly.
"""

from collections import namedtuple
from functools import cached_property

import numpy as np
import pandas as pd

from ..data import CEMENT
from ..standing import assess
from ..tables import DataProblemsError, Problem
from .random_numbers import pert, uniforms

DEBT = "no-dong"  # construction debt: one million đồng a unit, of the day it is paid
THOUSAND = 1_000  # thousand đồng in a million
# Thousand đồng. A work of a million billion is a slip of the pen; sums stay far from int64's end.
LARGEST = 1e12


def price_path(growth, base):
    """Prices by year over those of ``base``, of growth by year (1.1: 10 % above the year before).

    Parameters
    ----------
    growth : DataFrame
    base : int

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> price_path(pd.DataFrame({"all": [2.0, 1.5]}, [2022, 2023]), 2022)["all"].to_dict()
    {2022: 1.0, 2023: 1.5, 2021: 0.5}
    """
    path = growth.sort_index().cumprod()
    path.loc[min([base + 1, *path.index]) - 1] = 1.0  # the year before the first rise
    return path / path.loc[base]


def unit_costs(workbook):
    """Unit costs by item with every low and high filled by the rule of assumptions.csv.

    ``assumed``: whether that, or the cost itself, is an assumption.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    DataFrame
    """
    costs = workbook.tables["unit_costs"].set_index("item")
    rule = workbook.tables["assumptions"].set_index("key")["value"] / 100
    costs["assumed"] = costs[["low", "high"]].isna().any(axis=1) | (costs["mark"] == "assumed")
    for end in ("low", "high"):
        costs[end] = costs[end].fillna(costs["mode"] * rule.get(f"cost_{end}", 1.0))
    return costs


def newest_debts(workbook):
    """Construction debt by commune and criterion: the newest row of each, the oldest first.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    DataFrame
    """
    debts = workbook.tables["debts"].sort_values("date", kind="stable")
    return debts.drop_duplicates(["unit", "criterion"], keep="last")


WORK_COLUMNS = [
    *("at", "unit", "criterion", "work", "item", "low", "quantity", "high", "left", "committed"),
    *("mark", "listed", "year", "key"),
]


def works_of(workbook, missing, level):
    """The works that the missing criteria may ask for, listed ones before usual ones.

    Parameters
    ----------
    workbook : Workbook
    missing : MissingDraws
    level : str

    Returns
    -------
    DataFrame
        A row a work: at (position of the commune), unit, criterion (0: for every one without a
        name, -1: claimed in every world), work, item, low, quantity, high, left (1 - done),
        committed, mark, listed (in works.csv), year (planned, else of the nearest target; NaN),
        key (of its random numbers).
    """
    tables = workbook.tables
    own = tables["works"].query("level == @level and unit in @missing.units")
    blank = {"criterion": -1, "percent_done": 0, "low": own["quantity"], "high": own["quantity"]}
    own = own.fillna(blank)
    own = own.assign(left=1 - own["percent_done"] / 100, listed=True)
    usual = tables["typical_works"].query("set == @missing.set_id").fillna({"criterion": 0})
    usual = usual.assign(work=usual["item"], left=1.0, committed="no", listed=False)
    units, keys = np.array(missing.units, dtype=np.int64), ["unit", "criterion"]
    wanted = pd.DataFrame(missing.lacks.any(axis=2), units, missing.numbers)
    wanted = wanted.stack().rename_axis(keys)
    wanted = wanted[wanted].index.to_frame(index=False)
    usual = wanted.merge(own[keys], how="left_anti").merge(usual, on="criterion")
    point = usual["per"] == "point"
    if point.any():
        distance = assess(workbook, missing.set_id, carry=True).tests
        distance = distance.set_index(["unit", "test"])["distance"]
        distance = distance.reindex(usual.set_index(["unit", "indicator"]).index).fillna(0.0)
        times = np.where(point, distance, 1.0)
        usual[["low", "quantity", "high"]] *= times[:, None]
        # A distance of nothing says that this indicator is not what is missing.
        known = point & (times > 0)
        usual = usual[known | ~point & ~known.groupby([usual[k] for k in keys]).transform("any")]
    works = pd.concat([own[own["state"] != "done"], usual])
    # A plan sets a year; a pledge is only a pledge.
    plans = tables["targets"].query("level == @level and kind == 'plan'")
    year = works["planned_year"].fillna(works["unit"].map(plans.groupby("unit")["year"].min()))
    codes, numbers = works["unit"].map(workbook.units["code"]), works["criterion"].astype(int)
    key = codes + "|" + numbers.astype(str) + "|" + works["work"]
    at = pd.Index(units).get_indexer(works["unit"])
    works = works.assign(at=at, criterion=numbers, year=year, key=key)[WORK_COLUMNS]
    return works.sort_values("at", kind="stable", ignore_index=True)


class ItemDraws(namedtuple("ItemDraws", "item quantity drawn wanted amount tonnes value")):
    """The works of one item over worlds.

    Attributes
    ----------
    item : str
    quantity : ndarray of float
        Works x draws: what is left to do, in the unit of the item.
    drawn : ndarray of bool
        By work, whether the state of its criterion was drawn.
    wanted : ndarray of bool
        Works x draws: whether it is needed.
    amount : ndarray of int64
        Works x draws: thousand đồng of the base year; 0 where it is not needed.
    tonnes, value : ndarray of int64
        Works x draws: cement, and what that is worth in thousand đồng; 0 for an item without.
    """


class PriceList:
    """What items cost and what their parts are, as the tables say: the same in every world.

    Parameters
    ----------
    workbook : Workbook

    Attributes
    ----------
    rises : DataFrame
        prices.csv: how much prices rise by year, %.
    costs : dict of str to dict
        By item its row of unit_costs.csv, see :func:`unit_costs`; million đồng.
    cement : dict of str to dict
        By item its row of parts.csv for cement; tonnes a unit.
    shares : dict of str to list of [str, float]
        By item the pots and shares (%) of its money without cement.
    labels : Series
        By unit what it is called in full.
    """

    def __init__(self, workbook):
        self.rises, self.costs = workbook.tables["prices"], unit_costs(workbook).to_dict("index")
        self.labels = workbook.units["label"]
        parts = workbook.tables["parts"]
        cement = parts["share"].isna()
        self.cement = parts[cement].set_index("item").to_dict("index")
        money = parts[~cement].groupby("item")[["pot", "share"]]
        self.shares = {item: part.to_numpy().tolist() for item, part in money}


class Prices:
    """What an item costs in each of the ``draws`` worlds from ``block`` onwards.

    One draw an item for all communes: what a kilometre costs is not known, but it is not unknown 15
    times over. Prices grow by PERT between the low and the high of each year.

    Parameters
    ----------
    tables : PriceList
    base : int
        The year whose prices are given.
    draws, seed, block : int

    Attributes
    ----------
    tables : PriceList
    draws, seed, block : int
    index : dict of int to ndarray of float64
        By year, draws: construction prices over those of ``base``, one path a world.
    """

    def __init__(self, tables, base, draws, seed, block=0):
        self.tables, self.draws, self.seed, self.block = tables, draws, seed, block
        rises = tables.rises
        years = rises["year"].astype(int)
        u = self.uniforms("price", years.astype(str))
        growth = 1 + pert(u, rises["low"], rises["mode"], rises["high"]) / 100
        path = price_path(pd.DataFrame(growth, years), base)
        self.index = dict(zip(path.index, path.to_numpy(), strict=True))

    def cost(self, item):
        """Unit cost in thousand đồng of the base year.

        Parameters
        ----------
        item : str

        Returns
        -------
        ndarray
        """
        row = self.tables.costs[item]
        lift = THOUSAND if item == DEBT else THOUSAND / self.index[int(row["price_year"])]
        u = self.uniforms("unit cost", [item])[0]
        return pert(u, row["low"], row["mode"], row["high"]) * lift

    @cached_property
    def cement(self):
        """A tonne of cement, in thousand đồng of the base year."""
        return self.cost(CEMENT)

    def tonnes(self, item):
        """Tonnes of cement a unit of an item that has a cement part.

        Parameters
        ----------
        item : str

        Returns
        -------
        ndarray
        """
        part, u = self.tables.cement[item], self.uniforms("tonnes", [item])[0]
        return pert(u, part["tonnes_low"], part["tonnes"], part["tonnes_high"])

    def uniforms(self, quantity, keys):
        """Uniform numbers of these worlds, see :func:`~ntm_analysis.needs.random_numbers.uniforms`.

        Parameters
        ----------
        quantity : str
        keys : sequence of str

        Returns
        -------
        ndarray
            Keys x draws.
        """
        return uniforms(self.seed, quantity, keys, self.draws, self.block)


def drawn_works(works, missing, prices):
    """Works of one item, of the list of :func:`works_of`, in each world.

    Parameters
    ----------
    works : DataFrame
    missing : MissingDraws
    prices : Prices

    Returns
    -------
    ItemDraws

    Raises
    ------
    DataProblemsError
        For a work of impossible value.
    """
    item = works["item"].iloc[0]
    u = prices.uniforms("quantity", works["key"])
    quantity = pert(u, works["low"], works["quantity"], works["high"])
    quantity *= works["left"].to_numpy()[:, None]
    worth = quantity * prices.cost(item)
    if not worth.max() < LARGEST:
        work = works.iloc[int(worth.max(axis=1).argmax())]
        file = "works.csv" if work["listed"] else "typical_works.csv"
        details = {"work": work["work"], "unit": prices.tables.labels[work["unit"]]}
        raise DataProblemsError([Problem("need_too_large", file, details=details)])
    # How often a world asks for each work: criteria without a name are as many as they count.
    times, drawn = np.ones(worth.shape, dtype=np.int16), np.zeros(len(works), dtype=bool)
    at, criterion = works["at"].to_numpy(), works["criterion"].to_numpy()
    lacked = criterion >= 0
    place = at[lacked], np.searchsorted(missing.numbers, criterion[lacked])
    times[lacked], drawn[lacked] = missing.lacks[place], missing.drawn[place]
    times[works["committed"] == "debt"] = 1
    amount = np.rint(worth, out=worth).astype(np.int64) * times
    tonnes = value = np.zeros_like(amount)
    if item in prices.tables.cement:
        tonnes = np.rint(quantity * prices.tonnes(item)).astype(np.int64) * times
        value = np.minimum(np.rint(tonnes * prices.cement).astype(np.int64), amount)
    return ItemDraws(item, quantity, drawn, times > 0, amount, tonnes, value)


def split(amount, shares):
    """Whole amounts split by shares in %.

    Each part rounded down, the last one takes the rest, so that they add up exactly.

    Parameters
    ----------
    amount : ndarray of int
    shares : sequence of (str, float)
        Pots and their shares.

    Yields
    ------
    tuple of str and ndarray

    Examples
    --------
    >>> parts = split(np.array([100, 101]), [("a", 33.3), ("b", 66.7)])
    >>> [(pot, part.tolist()) for pot, part in parts]
    [('a', [33, 33]), ('b', [67, 68])]
    """
    left = amount
    for pot, share in shares[:-1]:
        part = amount * round(share * 100) // 10_000
        left = left - part
        yield pot, part
    for pot, _ in shares[-1:]:
        yield pot, left

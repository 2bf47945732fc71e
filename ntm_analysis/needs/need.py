"""What finishing costs, by commune, criterion, pot and year.

The works of :mod:`~ntm_analysis.needs.works`, added up over worlds by commune, criterion, pot,
year.
"""

from collections import Counter, defaultdict, namedtuple
from itertools import product, repeat

import numpy as np
import pandas as pd

from ..data import CEMENT
from ..law import LEVELS
from ..standing import RANKS, levels
from ..tables import Problem
from .missing import MET
from .pot_sets import CEMENT_PART
from .works import WORK_COLUMNS, PriceList, Prices, drawn_works, split, works_of

UNPLANNED = 0  # in the place of a year
FIGURES = ("quantity_mode", "needed", "sure", "claims", "mean", "p10", "p50", "p90")


class Need(namedtuple("Need", "price_year draws by works")):
    """The need of some communes over worlds.

    Attributes
    ----------
    price_year : int
        Money is in its prices.
    draws : int
    by : dict of str to dict
        By grouping and key int64, draws: thousand đồng, or tonnes of cement. ``commune``,
        ``criterion``, ``item``, ``year``: totals. ``pot``: claims on each money pot (cement is not
        among them). ``pot_year``: claims on each pot (tonnes of a cement pot) by (pot, planned year
        or :data:`UNPLANNED`). ``kind_year``: by (item, or item and :data:`CEMENT_PART`, year).
        ``people``: the voluntary contribution by commune. ``tonnes``, ``cement``: cement and its
        worth by year. ``assumed``: by item the part whose quantity, price or missing criterion is
        assumed or drawn.
    works : DataFrame
        A row a work: the columns of :func:`~ntm_analysis.needs.works.works_of`, but quantity (mean
        where it is needed); and quantity_mode, needed (share of worlds, 0..1), sure (nothing of it
        is assumed or drawn), claims (thousand đồng, mean over all worlds of what it claims on each
        pot, and the value of its cement), mean, p10, p50, p90 (thousand đồng, where it is needed).
    """

    def sum(self, grouping):
        """The sum of a grouping, by world.

        Parameters
        ----------
        grouping : str

        Returns
        -------
        ndarray of int64
        """
        return sum(self.by[grouping].values(), np.zeros(self.draws, dtype=np.int64))

    @property
    def total(self):
        """The whole need by world: thousand đồng of the price year, draws."""
        return self.sum("item")

    @property
    def assumed_share(self):
        """How much of the mean need rests on assumptions and drawn unknowns, 0..1.

        NaN without a need.
        """
        total = int(self.total.sum())
        return float(self.sum("assumed").sum() / total) if total else float("nan")


def spread(values):
    """mean, p10, p50, p90 of whole numbers over worlds; the quantiles are numbers that were drawn.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> spread(np.arange(1, 11))
    {'mean': 5.5, 'p10': 1, 'p50': 5, 'p90': 9}
    """
    ends = np.percentile(values, (10, 50, 90), method="inverted_cdf")
    names = ("mean", "p10", "p50", "p90")
    return dict(zip(names, (float(values.mean()), *map(int, ends)), strict=True))


def draw_need(workbook, missing, level, draws, seed, base):
    """The need of the communes in ``missing`` for ``level``, in prices of the year ``base``.

    Parameters
    ----------
    workbook : Workbook
    missing : MissingDraws
    level : str
    draws, seed, base : int

    Returns
    -------
    Need

    Raises
    ------
    DataProblemsError
        For a work of impossible value.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> from ntm_analysis.needs.missing import missing_ntm
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> missing = missing_ntm(wb, 200, 2022, [wb.find("Thanh Hương")])
    >>> need = draw_need(wb, missing, "ntm", 200, 2022, 2022)
    >>> sum(need.by["criterion"].values()).tolist() == need.total.tolist()
    True
    """
    works = works_of(workbook, missing, level)
    prices = Prices(PriceList(workbook), base, draws, seed)
    people = set(workbook.tables["pots"].query("fund == 'dan'")["pot"])
    by, tables = defaultdict(Counter), []

    def add(amounts, **groupings):
        for grouping, keys in groupings.items():
            for key, amount in zip(keys, amounts, strict=False):
                by[grouping][key] += amount

    for name, mine in works.groupby("item", sort=False):
        drawn = drawn_works(mine, missing, prices)
        amount, wanted, cement = drawn.amount, drawn.wanted, drawn.value
        units, years = mine["unit"], mine["year"].fillna(UNPLANNED).astype(int)
        sure = ~(drawn.drawn | (mine["mark"] == "assumed") | prices.tables.costs[name]["assumed"])
        add(amount, commune=units, criterion=mine["criterion"], year=years, item=repeat(name))
        add(amount[~sure], assumed=repeat(name))
        add(amount - cement, kind_year=product([name], years))
        claims = dict(split(amount - cement, prices.tables.shares.get(name, [])))
        for pot, claim in claims.items():
            add(claim, pot=repeat(pot), pot_year=product([pot], years))
            if pot in people:
                add(claim, people=units)
        if name in prices.tables.cement:
            pot = prices.tables.cement[name]["pot"]
            add(drawn.tonnes, tonnes=years, pot_year=product([pot], years))
            add(cement, cement=years, kind_year=product([name + CEMENT_PART], years))
            claims[CEMENT] = cement
        figures = [
            {"quantity": size[w].mean() if w.any() else 0.0, **spread(a[w] if w.any() else a)}
            for size, a, w in zip(drawn.quantity, amount, wanted, strict=True)
        ]
        means = pd.DataFrame({pot: claim.mean(axis=1) for pot, claim in claims.items()})
        claimed = {"needed": wanted.mean(axis=1), "sure": sure, "claims": means.to_dict("records")}
        table = mine.rename(columns={"quantity": "quantity_mode"}).assign(**claimed)
        tables.append(table.join(pd.DataFrame(figures, mine.index)))
    table = pd.concat(tables).sort_index() if tables else works
    return Need(base, draws, by, table.reindex(columns=[*WORK_COLUMNS, *FIGURES]))


def works_not_needed(workbook, standing):
    """Warnings of listed works that are not needed.

    Those for a criterion that ``standing`` (of the NTM level) gives as met, or of a level already
    recognised.

    Such a work stays in the lists and claims money only in worlds that lack its criterion.

    Parameters
    ----------
    workbook : Workbook
    standing : Standing

    Returns
    -------
    list of Problem
    """
    level = levels(workbook)["level"].map(RANKS.index)
    works = workbook.tables["works"].query("state != 'done' and unit in @level.index")
    states, problems = standing.matrix(), []
    for work in works.itertuples():
        if level[work.unit] >= RANKS.index(work.level):
            code = "work_of_level_reached"
        elif work.level == "ntm" and states.loc[work.unit].get(work.criterion) in MET:
            code = "work_already_met"
        else:
            continue
        details = {"unit": workbook.units.loc[work.unit, "label"], "work": work.work}
        details |= {"level": work.level, "criterion": f"{work.criterion:g}"}
        row = int(work.row)
        problems.append(Problem(code, "works.csv", row, "criterion", details, warning=True))
    return problems


def communes_in_need(workbook, target):
    """Which communes need money for which level: for ``ntm`` all that are not NTM yet.

    For ``registered`` those on the list of planned targets, by their level.

    Parameters
    ----------
    workbook : Workbook
    target : str

    Returns
    -------
    dict of str to list of int
        By level the unit numbers.
    """
    level = levels(workbook)["level"]
    if target == "ntm":
        return {"ntm": level.index[level == "not_ntm"].tolist()}
    plans, reached = workbook.tables["targets"].query("kind == 'plan'"), level.map(RANKS.index)
    plans = plans[plans["level"].map(RANKS.index) > plans["unit"].map(reached)]
    return {n: plans.loc[plans["level"] == n, "unit"].unique().tolist() for n in LEVELS}

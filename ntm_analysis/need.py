"""What finishing costs: works that the missing criteria ask for, drawn quantities and prices, whole thousand đồng.

Missing criteria become works: those listed for the commune, else what a missing criterion usually takes. In each world a work
costs quantity x unit cost x price lift x (1 - done), rounded once to whole thousand đồng of the base year; it claims nothing in
a world that does not lack its criterion. A cement part is tonnes, its money value is shown and not claimed from a money pot;
the money parts of a work add up to the rest exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from .assess import Standing, assess
from .criteria import LEVELS
from .missing import Missing
from .plan_checks import CEMENT
from .problems import DataProblems, Problem
from .recognition import RANKS, levels
from .workbook import Workbook
from .worlds import pert, uniforms

THOUSAND = 1_000  # thousand đồng in a million
LARGEST = (
    1e12  # thousand đồng; a work of a million billion is a slip of the pen, and sums stay far from the end of int64
)
GROUPINGS = ("commune", "criterion", "pot", "year", "item", "people", "pot_year")


@dataclass
class Need:
    """The need of some communes at one level, thousand đồng of ``price_year`` over worlds; all arrays int64 (draws).

    ``by``: for each of :data:`GROUPINGS` the totals by key; for ``pot`` the claims on each money pot (cement is not among
    them), for ``pot_year`` by (pot, planned year or None), for ``people`` the voluntary contribution by commune. ``tonnes``:
    cement by year (None: not planned yet). ``cement_value``: what that cement is worth. ``assumed``: the part of ``total``
    whose quantity, price or missing criterion is assumed or drawn. ``works``: one row a work: unit, criterion, work, item,
    quantity (mean where it is needed), needed (share of worlds), sure (nothing of it is assumed or drawn), mean, p10, p50, p90
    (where it is needed), year, mark.
    """

    level: str
    price_year: int
    draws: int
    total: np.ndarray
    by: dict[str, dict[object, np.ndarray]] = field(default_factory=lambda: {name: {} for name in GROUPINGS})
    tonnes: dict[object, np.ndarray] = field(default_factory=dict)
    cement_value: np.ndarray | None = None
    assumed: np.ndarray | None = None
    works: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def assumed_share(self) -> float:
        """How much of the mean need rests on assumptions and drawn unknowns, 0..1; NaN without a need."""
        total = int(self.total.sum())
        return float(self.assumed.sum() / total) if total else float("nan")


def spread(values: np.ndarray) -> dict[str, float]:
    """mean, p10, p50, p90 of whole numbers over worlds; the quantiles are numbers that were drawn.

    >>> spread(np.arange(1, 11))
    {'mean': 5.5, 'p10': 1, 'p50': 5, 'p90': 9}
    """
    places = [max(0, -(-len(values) * q // 100) - 1) for q in (10, 50, 90)]
    ordered = np.partition(values, places)
    return {
        "mean": float(values.mean()),
        **{f"p{q}": int(ordered[at]) for q, at in zip((10, 50, 90), places, strict=True)},
    }


def price_index(prices: pd.DataFrame, base: int, draws: int, seed: int) -> dict[int, np.ndarray]:
    """Construction prices of each year over those of ``base`` (1 there), one drawn path a world.

    Formula: index(y) = index(y - 1) x (1 + growth(y)), growth PERT between the year's low and high, in %.

    >>> rise = pd.DataFrame({"year": [2022, 2023], "low": [10.0, 0], "mode": [10.0, 0], "high": [10.0, 0]})
    >>> {year: round(float(i[0]), 4) for year, i in sorted(price_index(rise, 2022, 1, 1).items())}
    {2021: 0.9091, 2022: 1.0, 2023: 1.0}
    """
    rows = prices.set_index("year")[["low", "mode", "high"]]
    grown = {int(y): 1 + pert(uniforms(seed, "price", [f"{y:g}"], draws)[0], *row) / 100 for y, row in rows.iterrows()}
    index = {base: np.ones(draws)}
    for year in range(base + 1, max(grown, default=base) + 1):
        index[year] = index[year - 1] * grown[year]
    for year in range(base - 1, min(grown, default=base) - 2, -1):
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
    by_criterion = {
        criterion: part.to_dict("records") for criterion, part in usual.groupby(usual["criterion"].fillna(0))
    }
    for at, unit in enumerate(missing.units):
        year = year_of.get(unit, np.nan)
        own = by_unit.get(unit, listed.iloc[:0])
        for work in own[own["state"] != "done"].to_dict("records"):
            made = {"at": at, "unit": unit, "criterion": -1 if pd.isna(work["criterion"]) else int(work["criterion"])}
            low, high = (work["quantity"] if pd.isna(work[c]) else work[c] for c in ("low", "high"))
            made |= {"work": work["work"], "item": work["item"], "low": low, "quantity": work["quantity"], "high": high}
            done = 0.0 if pd.isna(work["percent_done"]) else work["percent_done"] / 100
            made |= {
                "left": 1 - done,
                "committed": work["committed"],
                "mark": work["mark"],
                "each": False,
                "listed": True,
            }
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
    return pd.DataFrame(rows, columns=columns)


def draw_need(workbook: Workbook, missing: Missing, level: str, seed: int, base: int, *, spreads: bool = True) -> Need:
    """The need of the communes in ``missing`` for ``level``, in prices of the year ``base``.

    ``spreads``: also the mean and range of every single work (a district's page does not show them). Raises
    :class:`DataProblems` for a work of impossible value.

    >>> from ntm_analysis.missing import missing_ntm
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> need = draw_need(wb, missing_ntm(wb, 200, 2022, [wb.find("Thanh Hương")]), "ntm", 2022, 2022)
    >>> sum(need.by["criterion"].values()).tolist() == need.total.tolist()
    True
    """
    draws = missing.lacks.shape[2]
    works = works_of(workbook, missing, level)
    costs = unit_costs(workbook).to_dict("index")
    parts, pots = workbook.tables["parts"], workbook.tables["pots"].set_index("pot")
    index = price_index(workbook.tables["prices"], base, draws, seed)
    lift = {cost["price_year"]: THOUSAND / index[int(cost["price_year"])] for cost in costs.values()}
    parts = parts.assign(cement=parts["pot"].map(pots["measure"]) == "cement")
    money = {i: p[["pot", "share"]].to_numpy().tolist() for i, p in parts[~parts["cement"]].groupby("item")}
    cement = parts[parts["cement"]].drop_duplicates("item").set_index("item").to_dict("index")
    people = set(pots.index[pots["fund"] == "dan"])
    zeros = np.zeros(draws, dtype=np.int64)
    need = Need(level, base, draws, zeros.copy(), cement_value=zeros.copy(), assumed=zeros.copy())
    codes = workbook.units["code"].to_dict()
    position = {number: c for c, number in enumerate(missing.numbers)}
    rows = []

    # One draw an item for all communes: what a kilometre costs is not known, but it is not unknown 15 times over.
    @cache
    def price(item: str) -> np.ndarray:
        """Unit cost in thousand đồng of the base year."""
        cost, u = costs[item], uniforms(seed, "unit cost", [item], draws)[0]
        return pert(u, cost["low"], cost["mode"], cost["high"]) * lift[cost["price_year"]]

    @cache
    def tonnes_of(item: str) -> np.ndarray:
        """Tonnes of cement a unit."""
        part, u = cement[item], uniforms(seed, "tonnes", [item], draws)[0]
        return pert(u, part["tonnes_low"], part["tonnes"], part["tonnes_high"])

    for work in works.to_dict("records"):
        code, item = codes[work["unit"]], work["item"]
        cost, key = costs[item], f"{code}|{work['criterion']}|{work['work']}"
        quantity = (
            pert(uniforms(seed, "quantity", [key], draws)[0], work["low"], work["quantity"], work["high"])
            * work["left"]
        )
        year = None if pd.isna(work["year"]) else int(work["year"])
        times = missing.nameless[work["at"]] if work["each"] else 1
        worth = quantity * price(item)
        if not worth.max() < LARGEST:
            details = {"work": work["work"], "unit": workbook.units.loc[work["unit"], "label"]}
            raise DataProblems(
                [Problem("need_too_large", "works.csv" if work["listed"] else "typical_works.csv", details=details)]
            )
        amount = np.rint(worth).astype(np.int64) * times
        if work["criterion"] > 0:
            wanted = missing.lacks[work["at"], position[work["criterion"]]] | (work["committed"] == "debt")
            amount = np.where(wanted, amount, 0)
        else:
            wanted = np.broadcast_to(np.asarray(times) > 0, (draws,))
        value = zeros
        if item in cement:
            tonnes = np.where(wanted, np.rint(quantity * tonnes_of(item)), 0).astype(np.int64) * times
            value = np.minimum(np.rint(tonnes * price(CEMENT)).astype(np.int64), amount)
            _add(need.tonnes, year, tonnes)
            need.cement_value += value
        for pot, claim in split(amount - value, money.get(item, [])):
            _add(need.by["pot"], pot, claim)
            _add(need.by["pot_year"], (pot, year), claim)
            if pot in people:
                _add(need.by["people"], work["unit"], claim)
        need.total += amount
        for name, group in (
            ("commune", work["unit"]),
            ("criterion", work["criterion"]),
            ("item", item),
            ("year", year),
        ):
            _add(need.by[name], group, amount)
        sure = work["mark"] != "assumed" and cost["mark"] != "assumed" and not cost["filled"]
        sure &= work["criterion"] <= 0 or not missing.drawn[work["at"], position[work["criterion"]]]
        if not sure:
            need.assumed += amount
        share = float(wanted.mean())
        mean = float(quantity[wanted].mean()) if share else 0.0
        rows.append(
            {
                **work,
                "quantity_mode": work["quantity"],
                "year": year,
                "needed": share,
                "quantity": mean,
                "sure": sure,
                **(spread(amount[wanted] if share else zeros) if spreads else {}),
            }
        )
    columns = [*works.columns, "quantity_mode", "needed", "sure", "mean", "p10", "p50", "p90"]
    need.works = pd.DataFrame(rows, columns=columns)
    return need


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


def _add(groups: dict, key: object, amount: np.ndarray) -> None:
    if key in groups:
        groups[key] += amount
    else:
        groups[key] = amount.copy()


def works_not_needed(workbook: Workbook, standing: Standing) -> list[Problem]:
    """Warnings: listed works for a criterion that ``standing`` (the NTM level) gives as met, or of a level already recognised.

    Such a work stays in the lists and claims money only in worlds that lack its criterion.
    """
    works = workbook.tables["works"]
    works = works[(works["state"] != "done") & works["unit"].isin(workbook.communes.index)]
    level = levels(workbook)["level"]
    states = standing.matrix()
    made = []
    for _, work in works.iterrows():
        has, place = level[work["unit"]], ("works.csv", int(work["row"]), "criterion")
        details = {"unit": workbook.units.loc[work["unit"], "label"], "work": work["work"]}
        if RANKS.index(has) >= RANKS.index(work["level"]):
            made.append(Problem("work_of_level_reached", *place, details | {"level": work["level"]}, warning=True))
        elif work["level"] == "ntm" and states.loc[work["unit"]].get(work["criterion"]) in ("met", "not_applicable"):
            made.append(
                Problem("work_already_met", *place, details | {"criterion": f"{work['criterion']:g}"}, warning=True)
            )
    return made


def communes_in_need(workbook: Workbook, target: str) -> dict[str, list[int]]:
    """Which communes need money for which level: for ``ntm`` all that are not NTM yet; for ``registered`` those on the list of
    planned targets, by their level."""
    level = levels(workbook)["level"]
    if target == "ntm":
        return {"ntm": level.index[level == "not_ntm"].tolist()}
    plans = workbook.tables["targets"]
    plans = plans[(plans["kind"] == "plan") & plans["unit"].isin(level.index)]
    open_ = plans[plans["level"].map(RANKS.index) > plans["unit"].map(level).map(RANKS.index)]
    return {name: list(dict.fromkeys(open_.loc[open_["level"] == name, "unit"])) for name in LEVELS}

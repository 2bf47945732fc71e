"""What finishing costs: the works of :mod:`~ntm_analysis.need.works`, added up over worlds by commune, criterion, pot, year."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..assess import Standing
from ..criteria import LEVELS
from ..plan_checks import CEMENT
from ..problems import Problem
from ..recognition import RANKS, levels
from ..workbook import Workbook
from .missing import Missing
from .pot_sets import CEMENT_PART
from .works import PriceList, Prices, drawn_works, item_works, split, unit_costs, works_of

GROUPINGS = ("commune", "criterion", "pot", "year", "item", "people", "pot_year", "kind_year")


@dataclass
class Need:
    """The need of some communes at one level, thousand đồng of ``price_year`` over worlds; all arrays int64 (draws).

    ``by``: for each of :data:`GROUPINGS` the totals by key; for ``pot`` the claims on each money pot (cement is not among
    them), for ``pot_year`` by (pot, planned year or None), for ``people`` the voluntary contribution by commune. ``tonnes``:
    cement by year (None: not planned yet). ``cement_value``: what that cement is worth. ``assumed``: the part of ``total``
    whose quantity, price or missing criterion is assumed or drawn. ``works``: one row a work: unit, criterion, work, item,
    quantity (mean where it is needed), needed (share of worlds), sure (nothing of it is assumed or drawn), mean, p10, p50, p90
    (where it is needed), year, mark, claims (mean over all worlds of what it claims on each pot, and the value of its cement).
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
    return {"mean": float(values.mean()), **{f"p{q}": int(ordered[at]) for q, at in zip((10, 50, 90), places, strict=True)}}


def draw_need(workbook: Workbook, missing: Missing, level: str, seed: int, base: int, *, spreads: bool = True) -> Need:
    """The need of the communes in ``missing`` for ``level``, in prices of the year ``base``.

    ``spreads``: also the mean and range of every single work (a district's page does not show them). Raises
    :class:`DataProblems` for a work of impossible value.

    >>> from ntm_analysis.need.missing import missing_ntm
    >>> wb = Workbook.open("data/thanh-chuong")
    >>> need = draw_need(wb, missing_ntm(wb, 200, 2022, [wb.find("Thanh Hương")]), "ntm", 2022, 2022)
    >>> sum(need.by["criterion"].values()).tolist() == need.total.tolist()
    True
    """
    draws = missing.lacks.shape[2]
    works = works_of(workbook, missing, level)
    prices = Prices(PriceList(workbook), base, draws, seed)
    costs = unit_costs(workbook)
    people = set(workbook.tables["pots"].query("fund == 'dan'")["pot"])
    zeros = np.zeros(draws, dtype=np.int64)
    need = Need(level, base, draws, zeros.copy(), cement_value=zeros.copy(), assumed=zeros.copy())
    listed = works.to_dict("records")
    rows: list[dict] = [{}] * len(listed)
    for drawn in drawn_works(item_works(workbook, works, missing.numbers), missing, prices):
        for j, place in enumerate(drawn.rows):
            work, amount, wanted = listed[place], drawn.amount[j], drawn.wanted[j]
            year = None if pd.isna(work["year"]) else int(work["year"])
            money, claims = amount, {}
            if drawn.tonnes is not None:
                _add(need.tonnes, year, drawn.tonnes[j])
                need.cement_value += drawn.value[j]
                claims[CEMENT] = float(drawn.value[j].mean())
                money = amount - drawn.value[j]
                _add(need.by["kind_year"], (drawn.item + CEMENT_PART, year), drawn.value[j])
            _add(need.by["kind_year"], (drawn.item, year), money)
            for pot, claim in split(money, prices.tables.shares(drawn.item)):
                claims[pot] = float(claim.mean())
                _add(need.by["pot"], pot, claim)
                _add(need.by["pot_year"], (pot, year), claim)
                if pot in people:
                    _add(need.by["people"], work["unit"], claim)
            need.total += amount
            groups = {"commune": work["unit"], "criterion": work["criterion"], "item": drawn.item, "year": year}
            for name, group in groups.items():
                _add(need.by[name], group, amount)
            cost, named = costs.loc[drawn.item], work["criterion"] > 0
            sure = work["mark"] != "assumed" and cost["mark"] != "assumed" and not cost["filled"]
            sure &= not named or not missing.drawn[work["at"], np.searchsorted(missing.numbers, work["criterion"])]
            if not sure:
                need.assumed += amount
            share = float(wanted.mean())
            rows[place] = {
                **work,
                "quantity_mode": work["quantity"],
                "year": year,
                "needed": share,
                "quantity": float(drawn.quantity[j][wanted].mean()) if share else 0.0,
                "sure": sure,
                "claims": claims,
                **(spread(amount[wanted] if share else zeros) if spreads else {}),
            }
    columns = [*works.columns, "quantity_mode", "needed", "sure", "claims", "mean", "p10", "p50", "p90"]
    need.works = pd.DataFrame(rows, columns=columns)
    return need


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
            made.append(Problem("work_already_met", *place, details | {"criterion": f"{work['criterion']:g}"}, warning=True))
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

"""The whole answer to "what does it cost, who pays, where is the gap": needs by level, money against them, as one record."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..assess import Standing, assess
from ..office_numbers import write_date
from ..plan_checks import check_plan
from ..problems import DataProblems, Problem
from ..workbook import Workbook
from .draws import BLOCK
from .funding import Funding, by_source, funding
from .missing import missing_higher, missing_ntm, one_more_met
from .need import GROUPINGS, Need, communes_in_need, draw_need, spread
from .works import THOUSAND, newest_debts

DRAWS, SEED = 10_000, 2022
WITHOUT = {0: "nameless", -1: "no_criterion"}  # lines of the need that no criterion's name stands for


@dataclass(frozen=True)
class Demand:
    """The need for a target, and the money against it.

    ``needs``: by level (ntm, advanced, model); the levels are different things and only ``together`` adds them, when asked.
    ``money``: the pots against it up to the year ``until``; None for part of a data set, whose pots serve others too.
    ``assumed_quantities``: no work needed rests on a reported quantity. ``unpriced``: NTM criteria that communes lack or may lack
    and for which no work is known: they take no works, or their cost is not known; either way they cost nothing here.
    """

    target: str
    until: int
    needs: dict[str, Need]
    together: Need
    money: Funding | None
    assumed_quantities: bool
    unpriced: list[int]


def demand(
    workbook: Workbook,
    target: str = "ntm",
    *,
    units: list[int] | None = None,
    until: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    standing: Standing | None = None,
) -> Demand:
    """Need and money for ``target``: ``ntm`` (all communes not NTM yet) or ``registered`` (the list of planned targets).

    ``units``: only these communes. ``standing``: that of the set NTM is reported in, where it is known already. ``until``: the
    year of the deadline (default: the end of the term, or a scenario's own; for ``registered`` the last year planned). Raises
    :class:`DataProblems` where an assumption that is needed was not known on the as-of date.

    >>> found = demand(Workbook.open("data/thanh-chuong"), draws=200)
    >>> list(found.needs), found.together.assumed_share, found.assumed_quantities
    (['ntm'], 1.0, True)
    """
    plans = workbook.tables["targets"].query("kind == 'plan'")["year"]
    until = until or int(plans.max() if target == "registered" and len(plans) else workbook.last_day.year)
    base, needs, unpriced = workbook.as_of.year, {}, []
    if base > workbook.meta["term_end"]["date"].year:
        raise DataProblems([Problem("after_term", "dataset.yaml", details={"day": write_date(workbook.as_of)})])
    problems: list[Problem] = []
    check_plan(workbook.tables, base, workbook.meta["term_end"]["date"].year, problems, workbook.horizon)
    if problems:  # the tables are sound; what was known by the as-of date need not be
        details = {"day": write_date(workbook.as_of), "files": ", ".join(sorted({p.file for p in problems}))}
        raise DataProblems([Problem("not_known_then", "dataset.yaml", details=details)])
    for level, communes in communes_in_need(workbook, target).items():
        chosen = [unit for unit in communes if units is None or unit in units]
        ntm = level == "ntm"
        missing = missing_ntm(workbook, draws, seed, chosen, standing) if ntm else missing_higher(workbook, level, draws, chosen)
        needs[level] = draw_need(workbook, missing, level, seed, base, spreads=units is not None)
        if ntm:
            some = missing.numbers[missing.lacks.any(axis=(0, 2))]
            unpriced = [int(n) for n in some if n not in set(needs[level].works["criterion"])]
    together = _together(list(needs.values()))
    money = funding(workbook, together, until, seed) if units is None else None
    marks = [need.works.loc[need.works["needed"] > 0, "mark"] for need in needs.values()]
    return Demand(target, until, needs, together, money, all((m == "assumed").all() for m in marks), unpriced)


def status_movers(workbook: Workbook, draws: int = BLOCK, seed: int = SEED) -> pd.DataFrame:
    """How much the unreported statuses move the need of all communes: like :func:`~.funding.movers`, by re-running
    it in the same worlds.

    ``count``: communes without a count meet one criterion more (low) or fewer (high) on average; ``lost``: no criterion met under
    the old set is lost (low), or twice as many as assumed (high).
    """
    units, base = communes_in_need(workbook, "ntm")["ntm"], workbook.as_of.year
    standing = assess(workbook, workbook.default_set("ntm"))

    def mean(table: str, **columns: pd.Series) -> float:
        changed = replace(workbook, tables=workbook.tables | {table: workbook.tables[table].assign(**columns)})
        need = draw_need(changed, missing_ntm(changed, draws, seed, units, standing), "ntm", seed, base, spreads=False)
        return float(need.total.mean()) / THOUSAND

    priors, lost = workbook.tables["count_priors"], workbook.tables["carry_over"]["lost"]
    ends = {
        "count": [mean("count_priors", average=one_more_met(priors, way)["average"]) for way in (1, -1)],
        "lost": [mean("carry_over", lost=(lost * times).clip(upper=100)) for times in (0, 2)],
    }
    rows = [{"kind": kind, "item": "", "low": low, "high": high, "swing": high - low} for kind, (low, high) in ends.items()]
    return pd.DataFrame(rows)


def _together(needs: list[Need]) -> Need:
    """Needs of several levels added up, world by world."""
    first = needs[0]
    if len(needs) == 1:
        return first
    by = {name: _added([need.by[name] for need in needs]) for name in GROUPINGS}
    sums = {name: np.sum([getattr(need, name) for need in needs], axis=0) for name in ("total", "cement_value", "assumed")}
    works = pd.concat([need.works for need in needs if len(need.works)] or [first.works], ignore_index=True)
    tonnes = _added([need.tonnes for need in needs])
    return Need("", first.price_year, first.draws, by=by, tonnes=tonnes, works=works, **sums)


def _added(groups: list[dict]) -> dict:
    keys = dict.fromkeys(key for group in groups for key in group)
    return {key: np.sum([group[key] for group in groups if key in group], axis=0) for key in keys}


def in_millions(values: np.ndarray) -> dict[str, float]:
    """mean, p10, p50, p90 in million đồng, of thousand đồng by world."""
    return {name: round(value / THOUSAND, 1) for name, value in spread(values).items()}


def record(workbook: Workbook, found: Demand) -> dict:
    """The demand in plain Python types, as ``ntm needs --json`` prints it; money in million đồng, cement in tonnes.

    unit, price_year, until, draws, total, by_level, by_criterion (with its level), without_works, by_source (the value of cement
    in kind last), by_year, by_commune, cement (need, granted, expected, gap, by_year), envelope, gap, debts (million đồng),
    assumed_share. A criterion without a name is null (``name`` is then ``nameless``, or ``no_criterion`` for listed works of
    none), a year that is not planned is null; ``envelope`` and ``gap`` are null for single communes.
    """
    need, pots = found.together, workbook.tables["pots"].set_index("pot")
    tonnes = np.sum(list(need.tonnes.values()), axis=0) if need.tonnes else np.zeros(need.draws, dtype=np.int64)
    given = workbook.tables["cement"]
    given = given.loc[given["unit"] == -1, "granted"].sum(min_count=1)
    cement = {"unit": "tấn", "need": _whole(spread(tonnes)), "granted": None if np.isnan(given) else float(given)}
    cement |= {"expected": None, "gap": None}
    planned = [
        {"year": year, **_whole(spread(need.tonnes[year]))} for year in sorted(need.tonnes, key=lambda y: (y is None, y or 0))
    ]
    envelope = gap = None
    if found.money:
        held, cement_pots = found.money.pots, found.money.pots["measure"] == "cement"
        envelope = [
            {"pot": pot, "source": row["fund"], "capital": row["capital"], "unit": "tấn" if cement_pots[pot] else "triệu đồng"}
            | {"planned": row["planned"], "allotted": None if np.isnan(row["allotted"]) else row["allotted"]}
            for pot, row in held.iterrows()
        ]
        gaps = [{"pot": pot, **in_millions(found.money.by_pot[pot])} for pot in held.index[~cement_pots]]
        gap = in_millions(found.money.gap) | {"if_late": in_millions(found.money.late_gap), "by_pot": gaps}
        cement["expected"] = float(held.loc[cement_pots, "planned"].sum())
        lacking = [found.money.by_pot[pot] for pot in held.index[cement_pots]]
        cement["gap"] = _whole(spread(np.sum(lacking, axis=0))) if lacking else None
    return {
        "dataset": workbook.id,
        "as_of": f"{workbook.as_of}",
        "target": found.target,
        "unit": "triệu đồng",
        "price_year": need.price_year,
        "until": found.until,
        "draws": need.draws,
        "total": in_millions(need.total),
        "by_level": [{"level": level, **in_millions(n.total)} for level, n in found.needs.items()],
        "by_criterion": _by_criterion(workbook, found),
        "without_works": found.unpriced,
        "by_source": [
            {"source": fund, "capital": capital, **in_millions(values)}
            for (fund, capital), values in by_source(need, pots).items()
        ]
        + ([{"source": "cement", "capital": "in_kind", **in_millions(need.cement_value)}] if need.cement_value.any() else []),
        "by_year": [
            {"year": y, **in_millions(need.by["year"][y])} for y in sorted(need.by["year"], key=lambda y: (y is None, y or 0))
        ],
        "by_commune": [
            {"code": row["code"], "name": row["name"], **in_millions(need.by["commune"][unit])}
            for unit, row in workbook.communes.iterrows()
            if unit in need.by["commune"]
        ],
        "cement": cement | {"by_year": planned},
        "envelope": envelope,
        "gap": gap,
        "blocking_sources": found.money.blocking if found.money else None,
        "debts": [
            {"code": workbook.units.loc[row["unit"], "code"], "criterion": int(row["criterion"]), "amount": row["amount"]}
            for _, row in newest_debts(workbook).iterrows()
            if row["unit"] in workbook.communes.index
        ],
        "assumed_share": None if np.isnan(need.assumed_share) else round(need.assumed_share, 4),
    }


def _by_criterion(workbook: Workbook, found: Demand) -> list[dict]:
    """The need by criterion, each level by its own set: equal numbers of two sets are two different criteria."""
    rows = []
    for level, need in found.needs.items():
        set_id = workbook.judging_set if level == "ntm" else workbook.default_set(level)
        names = workbook.law.criteria_of(set_id)
        for c in sorted(need.by["criterion"], key=lambda c: (c <= 0, abs(c))):
            named = {"name": names.loc[c, "name_vi"], "name_en": names.loc[c, "name_en"]} if c > 0 else {"name": WITHOUT[c]}
            rows.append({"level": level, "criterion": c if c > 0 else None, **named, **in_millions(need.by["criterion"][c])})
    return rows


def _whole(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value) for name, value in found.items()}

"""The best plan, the rules beside it, what a commune more takes, what to relax: one record."""

import numpy as np
import pandas as pd

from ..need.need import spread
from ..need.works import THOUSAND
from .extra_communes import extra_communes, near_plans, prices
from .margins import SAFE, Tested
from .plans import OPTIMAL, Allocation
from .relaxing import cannot, conflicts, for_all


def record(
    found: Allocation, policy: str = OPTIMAL, tested: Tested | None = None, scenario: str = "baseline", title: dict | None = None
) -> dict:
    """The allocation in plain Python types, as ``ntm allocate --json`` prints it; money in million đồng, cement in tonnes.

    ``plan`` is that of ``policy``, ``year`` null for what it does not fund by the deadline; a rule's ``gap`` is to the bound of
    the best plan. ``status``: optimal (proved), limit (the search ended there: see gap), infeasible (see relaxations), rule.

    >>> from ntm_analysis.allocation.plans import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> made = record(allocate(Workbook.open("data/thanh-chuong")))
    >>> made["status"], made["gap"], made["finishing"], made["finishing_by_policy"]["own"]
    ('optimal', 0.0, 26, 25)
    """
    workbook, best = found.workbook, found.best
    units, goals = workbook.all_units, found.goals
    conflict = conflicts(found)
    value = found.value(policy)
    extra = extra_communes(found) if conflict is None else pd.DataFrame(columns=["year", "rank", "goal", "pots"])
    pots = {pot.name: pot.cement for pot in found.case.pots}
    table = found.table(policy)
    years = found.finish_years(policy)
    reasons = {row["goal"]: row for row in cannot(found)} if policy == OPTIMAL else {}

    chances = _chances(found, tested)
    claimed = {"cost": table, "funded": table[table["year"].notna()]}
    sums = {key: t[~t["cement"].astype(bool)].groupby("unit")["amount"].sum() for key, t in claimed.items()}

    def commune(goal: int) -> dict:
        return {"name": units.loc[goals.loc[goal, "unit"], "name"], "code": goals.loc[goal, "code"]}

    def standing(goal: int) -> dict:
        row, year = goals.loc[goal], years[goal]
        told = {
            "year": None if np.isnan(year) or conflict else int(year),
            "registered": None if np.isnan(row["year"]) else int(row["year"]),
        }
        return told | {key: float(of.get(row["unit"], 0.0)) for key, of in sums.items()} | chances.get(goal, {})

    def by_pot(short: dict[str, int]) -> list[dict]:
        return [
            {"pot": name, "amount": amount if pots[name] else amount / THOUSAND, "unit": _unit(pots[name])}
            for name, amount in short.items()
        ]

    def lacking(row: dict) -> dict:
        made = commune(row["goal"]) | {"planned_year": None if pd.isna(row["planned"]) else int(row["planned"])}
        return made | {
            "money": row["money"], "cement": int(row["tonnes"]), "cost": row["cost"], "by_pot": by_pot(row["pots"]),
            "alike": int(row["alike"]), "p_if_money": chances.get(row["goal"], {}).get("p_if_money"),
        }  # fmt: skip

    near = [] if conflict else near_plans(found)
    relaxed = for_all(found)
    relaxed["money"]["by_pot"] = by_pot(relaxed["money"]["by_pot"])
    relaxed["never"] = [commune(goal) for goal in relaxed["never"]]
    gap = best.gap if policy == OPTIMAL else (best.bound - value) / value if value else None
    made = {
        **workbook.heading(scenario, title),
        "deadline": f"{found.day}",
        "policy": policy,
        "status": "infeasible" if conflict else best.status if policy == OPTIMAL else "rule",
        "gap": None if conflict or gap is None else round(gap, 6),
        "value": None if conflict else value,
        "bound": None if conflict else best.bound,
        "settled": best.settled,
        "n_communes": len(workbook.communes),
        "n_finished_now": found.now,
        "finishing": None if conflict else found.finishing(policy),
        "finishing_by_policy": {
            name: None if conflict and name == OPTIMAL else found.finishing(name) for name in found.plans
        },
        "weights": {units.loc[unit, "name"]: weight for unit, weight in found.plans[OPTIMAL].layout.plan.priorities.items()},
        "broken": {name: [_plain(row) for row in other.broken] for name, other in found.plans.items()},
        "pots": [
            {"pot": pot.name, "unit": _unit(pot.cement), "available": float(pot.money[-1]) / (1 if pot.cement else THOUSAND),
             "funded": float(table.loc[(table["pot"] == pot.name) & table["year"].notna(), "amount"].sum())}
            for pot in found.case.pots
        ],
        "plan": [
            {"commune": row["commune"], "code": row["code"], "level": row["level"],
             "criterion": max(int(row["criterion"]), 0) or None, "work": row["work"], "item": row["item"], "pot": row["pot"],
             "year": None if pd.isna(row["year"]) else int(row["year"]), "amount": row["amount"], "unit": _unit(row["cement"]),
             "committed": bool(row["committed"])}
            for row in ([] if conflict else table.to_dict("records"))
        ],
        "communes": [
            commune(goal) | standing(goal) | _reason(found, reasons.get(goal))
            for goal in np.flatnonzero(found.ntm)
        ],
        "prices": prices(found, extra) if len(extra) else [],
        "extra_commune": [
            {"year": int(year), "cheapest": lacking(rows[0]), "next": [lacking(row) for row in rows[1:]]}
            for year, rows in ((y, r.to_dict("records")) for y, r in extra.groupby("year"))
        ],
        "near_plans": [
            row | {key: [commune(goal) for goal in row[key]] for key in ("without", "instead")} for row in near
        ],
        "relaxations": {"for_all": relaxed, "conflict": conflict},
        "assumed_share": _assumed(found, table),
    }  # fmt: skip
    if tested and not conflict:
        made["under_uncertainty"] = _tested(tested)
    return made


def _chances(found: Allocation, tested: Tested | None) -> dict[int, dict]:
    """What the forecast says of each goal: ``p`` by the best plan, ``p_if_money`` with money without limit."""
    if tested is None:
        return {}
    run = tested.forecasts[OPTIMAL].run
    shares = {"p": run.months, "p_if_money": run.unlimited}
    return {goal: {key: float((m[goal] <= run.latest[goal]).mean()) for key, m in shares.items()} for goal in found.goals.index}


def _plain(row: dict) -> dict:
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}


def _unit(cement: bool) -> str:
    return "tấn" if cement else "triệu đồng"


def _reason(found: Allocation, row: dict | None) -> dict:
    """Why a commune is not in the best plan, in plain types."""
    if row is None:
        return {"reason": None}
    made = {key: value for key, value in row.items() if key not in ("goal", "work")}
    if "work" in row:
        made["work"] = found.plans[OPTIMAL].layout.plan.works["item"].iloc[row["work"]]
    if "pot" in row and not next(pot.cement for pot in found.case.pots if pot.name == row["pot"]):
        made |= {key: row[key] / THOUSAND for key in ("needs", "has")}
    return made


def _assumed(found: Allocation, table: pd.DataFrame) -> dict:
    """How much rests on assumptions: of the money that the plan's works claim, of the money that the pots bring."""
    works = found.plans[OPTIMAL].layout.plan.works
    money = table[~table["cement"].astype(bool)]
    assumed = works["mark"].reindex(money["number"]).ne("reported").to_numpy()
    rows = found.workbook.tables["envelopes"]
    pots = found.workbook.tables["pots"].set_index("pot")["measure"]
    rows = rows[(rows["pot"].map(pots) == "money") & (rows["year"] >= found.workbook.as_of.year)]
    share = lambda amounts, some: float(amounts[some].sum() / amounts.sum()) if amounts.sum() else None  # noqa: E731
    return {
        "claims": share(money["amount"].to_numpy(), assumed),
        "money": share(rows["amount"].to_numpy(), rows["mark"].ne("reported").to_numpy()),
    }


def _tested(tested: Tested) -> dict:
    """The plans in the forecast's worlds."""
    run = next(iter(tested.forecasts.values())).run
    own = tested.forecasts["own"].finishing
    plans = {}
    for name, forecast in tested.forecasts.items():
        more = forecast.finishing - own
        enough = float((forecast.finishing >= forecast.basically).mean())
        error = float(more.std(ddof=1) / np.sqrt(len(more))) if len(more) > 1 else None
        plans[name] = {"finishing": spread(forecast.finishing), "p_basically_all": enough}
        plans[name] |= {"beyond_own": float(more.mean()), "se": error}
    tried = [{"margin": margin, "by_chance": weighed, "mean": mean} for (margin, weighed), mean in tested.tried.items()]
    margin, weighed = tested.chosen
    best = tested.forecasts[OPTIMAL]
    unlimited = (best.run.unlimited <= best.run.latest)[best.open_]
    rich = {"mean": len(best.now) + float(unlimited.sum(axis=0).mean()), "p_all": float(unlimited.all(axis=0).mean())}
    return {"draws": run.draws, "seed": run.seed, "chosen": {"plan": SAFE, "margin": margin, "by_chance": weighed},
            "tried": tried, "plans": plans, "unlimited": rich}  # fmt: skip

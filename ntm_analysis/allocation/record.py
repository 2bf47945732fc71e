"""The best plan, the rules beside it, what a commune more takes, what to relax: one record."""

import numpy as np
import pandas as pd

from ..need.need import spread
from ..need.works import THOUSAND
from .central import NONE
from .limits import MORE, cannot, conflicts, extra_communes, for_all, near_plans, prices
from .margins import SAFE, Trial
from .plans import OPTIMAL, Allocation, plan_table


def record(
    allocation: Allocation,
    policy: str = OPTIMAL,
    trial: Trial | None = None,
    scenario: str = "baseline",
    title: dict | None = None,
) -> dict:
    """The allocation in plain Python types, as ``ntm allocate --json`` prints it.

    Money in million dong, cement in tonnes. ``plan`` is that of ``policy``, ``year`` null for what
    it does not list by the deadline; a rule's ``gap`` is to the bound of the best plan. ``status``:
    optimal (proved), limit (the search ended there: see gap), infeasible (see relaxations), rule.

    Examples
    --------
    >>> from ntm_analysis.allocation.plans import allocate
    >>> from ntm_analysis.workbook import Workbook
    >>> made = record(allocate(Workbook.open("data/thanh-chuong")))
    >>> made["status"], made["gap"], made["finishing"] >= made["finishing_by_policy"]["own"]
    ('optimal', 0.0, True)
    """
    told = _Record(allocation, trial)
    best, conflict = allocation.best, conflicts(allocation)
    value = allocation.value(policy)
    gap = best.gap if policy == OPTIMAL else (best.bound - value) / value if value else None
    table = plan_table(allocation, policy)
    extra = pd.DataFrame() if conflict else extra_communes(allocation)
    made = {
        **allocation.workbook.heading(scenario, title),
        "deadline": f"{allocation.day}",
        "policy": policy,
        "status": best.status if policy == OPTIMAL else "rule",
        "gap": None if gap is None else round(gap, 6),
        "value": value,
        "bound": best.bound,
        "settled": best.settled,
        "n_communes": len(allocation.workbook.communes),
        "n_finished_now": allocation.now,
        "finishing": allocation.finishing(policy),
        "finishing_by_policy": {name: allocation.finishing(name) for name in allocation.plans},
        "listed": int((allocation.plans[policy].year != NONE).sum()),
        "places": told.places(),
        "weights": told.weights(),
        "broken": {name: plan.broken for name, plan in allocation.plans.items()},
        "blocking_sources": told.blocking(),
        "pots": told.pots(table),
        "plan": told.plan(table),
        "communes": told.communes(policy, table),
        "prices": [] if conflict else told.prices(extra),
        "extra_commune": [] if conflict else told.extra(extra),
        "near_plans": [] if conflict else told.near(),
        "relaxations": {"for_all": told.for_all(), "conflict": told.conflict(conflict)},
        "assumed_share": told.assumed(table),
    }
    if conflict:
        none = dict.fromkeys(("gap", "value", "bound", "finishing", "listed"))
        made |= none | {"status": "infeasible", "plan": []}
        made["finishing_by_policy"] |= {OPTIMAL: None}
        made["communes"] = [row | {"year": None} for row in made["communes"]]
    elif trial:
        made["under_uncertainty"] = _under_uncertainty(trial)
    return made


class _Record:
    """The parts of the record."""

    def __init__(self, allocation: Allocation, trial: Trial | None) -> None:
        self.allocation, self.case = allocation, allocation.case
        pots = allocation.workbook.tables["pots"].drop_duplicates("pot").set_index("pot")
        self.cement = set(pots.index[pots["measure"] == "cement"])
        self.price = (allocation.layout.cement_price or 1.0) * THOUSAND  # of a tonne, thousand dong
        self.chances: dict[int, dict] = {}
        if trial:
            will = trial.forecasts[OPTIMAL]
            paid = (will.run.unlimited <= will.run.latest)[will.open_]
            rows = zip(will.open_, will.of_band(will.in_time), will.of_band(paid), strict=True)
            self.chances = {g: {"p": float(p), "p_if_money": float(q)} for g, p, q in rows}

    def name(self, goal: int) -> dict:
        row = self.allocation.goals.loc[goal]
        units = self.allocation.workbook.all_units
        return {"name": units.loc[row["unit"], "name"], "code": row["code"]}

    def weights(self) -> dict[str, float]:
        rows = self.allocation.workbook.tables["priorities"]
        units = self.allocation.workbook.all_units
        pairs = zip(rows["unit"], rows["weight"], strict=True)
        return {units.loc[unit, "name"]: float(weight) for unit, weight in pairs}

    def _amount(self, pot, thousand):
        cement = pot in self.cement
        amount = np.ceil(thousand / self.price) if cement else thousand / THOUSAND
        return {"pot": pot, "amount": float(amount), "unit": _unit(cement)}

    def _sums(self, more):
        """Money (million dong), tonnes and the pots of what is to be added."""
        pairs = zip(self.case.sets.pots, more, strict=True)
        by_pot = [self._amount(pot, extra) for pot, extra in pairs if extra > 0]
        money = sum(row["amount"] for row in by_pot if row["pot"] not in self.cement)
        tonnes = sum(row["amount"] for row in by_pot if row["pot"] in self.cement)
        return money, int(tonnes), by_pot

    def places(self) -> dict[str, int]:
        """Places on each year's list that a plan may give, by year."""
        pairs = zip(self.case.years, self.case.places, strict=True)
        return {f"{year}": int(places) for year, places in pairs}

    def blocking(self) -> list[str]:
        """The pots that keep the communes of no list from being paid together."""
        case, plan = self.case, self.allocation.plans[OPTIMAL]
        rest = case.demand[case.free, -1].sum(axis=0) - case.room[-1]
        done = not (case.free & (plan.year == NONE)).any()
        return [] if done or rest.max() <= 0 else case.sets.names(int(rest.argmax()))

    def pots(self, table: pd.DataFrame) -> list[dict]:
        funded = table[table["year"].notna()].groupby("pot")["amount"].sum()
        rows = []
        for pot, money in zip(self.case.sets.pots, self.case.money[:, -1], strict=True):
            row = self._amount(pot, money)
            sizes = {"available": row["amount"], "funded": float(funded.get(pot, 0.0))}
            rows.append({"pot": pot, "unit": row["unit"], **sizes})
        return rows

    def plan(self, table: pd.DataFrame) -> list[dict]:
        keys = ("commune", "code", "level", "work", "item", "pot", "amount", "committed")
        return [
            {key: row[key] for key in keys}
            | {
                "criterion": max(int(row["criterion"]), 0) or None,
                "year": None if pd.isna(row["year"]) else int(row["year"]),
                "unit": _unit(row["cement"]),
            }
            for row in table.to_dict("records")
        ]

    def communes(self, policy: str, table: pd.DataFrame) -> list[dict]:
        allocation = self.allocation
        reasons = {row["goal"]: row for row in cannot(allocation)} if policy == OPTIMAL else {}
        money = table[~table["cement"].astype(bool)]
        cost, funded = (
            rows.groupby("unit")["amount"].sum() for rows in (money, money[money["year"].notna()])
        )
        years, rows = allocation.years(policy), []
        for goal in np.flatnonzero(allocation.ntm):
            row, reason = allocation.goals.loc[goal], reasons.get(goal)
            sizes = {"cost": cost.get(row["unit"], 0.0), "funded": funded.get(row["unit"], 0.0)}
            rows.append(
                self.name(goal)
                | {"year": _year(years[goal]), "registered": _year(row["year"])}
                | {"late": bool(allocation.plans[policy].late[goal])}
                | {key: float(size) for key, size in sizes.items()}
                | self.chances.get(goal, {})
                | ({"reason": None} if reason is None else self._reason(reason))
            )
        return rows

    def _reason(self, row):
        told = {key: value for key, value in row.items() if key != "goal"}
        return told | {key: told[key] / THOUSAND for key in ("needs", "has") if key in told}

    def prices(self, extra: pd.DataFrame) -> list[dict]:
        rows = []
        for price in prices(self.allocation):
            step = {}
            if price["pot"]:
                added = self._amount(price["pot"], price["added"])["amount"]
                step = {"percent": MORE, "added": added, "communes": price["communes"]}
                step["value"] = price["value"]
            unit = _unit(price["pot"] in self.cement) if price["pot"] else "xã"
            row = {"pot": price["pot"], "unit": unit, "relaxed": price["relaxed"], "step": step}
            rows.append(row)
        return rows

    def extra(self, extra: pd.DataFrame) -> list[dict]:
        told = []
        for year, rows in extra.groupby("year") if len(extra) else ():
            each = [self._lacking(row) for row in rows.to_dict("records")]
            told.append({"year": int(year), "cheapest": each[0], "next": each[1:]})
        return told

    def _lacking(self, row):
        money, tonnes, by_pot = self._sums(row["more"])
        return self.name(row["goal"]) | {
            "planned_year": _year(row["planned"]),
            "money": money,
            "cement": tonnes,
            "places": int(row["places"]),
            "cost": row["cost"],
            "by_pot": by_pot,
            "alike": int(row["alike"]),
            "p_if_money": self.chances.get(row["goal"], {}).get("p_if_money"),
        }

    def near(self) -> list[dict]:
        works = self.allocation.works.groupby("goal").size()
        return [
            {key: [self.name(goal) for goal in row[key]] for key in ("without", "instead")}
            | {"communes": row["communes"], "works": int(works.reindex(row["changed"]).sum())}
            for row in near_plans(self.allocation)
        ]

    def for_all(self) -> dict:
        what = for_all(self.allocation)
        money, tonnes, by_pot = self._sums(what.pop("more"))
        what["money"] = {"added": money, "tonnes": tonnes, "by_pot": by_pot}
        return what | {"never": [self.name(goal) for goal in what["never"]]}

    def conflict(self, conflict: dict | None) -> dict | None:
        if conflict is None:
            return None
        sizes = {key: conflict[key] / THOUSAND for key in ("needs", "has")}
        money = {
            pot: None if more is None else self._amount(pot, more)["amount"]
            for pot, more in conflict["money"].items()
        }
        return conflict | sizes | {"money": money}

    def assumed(self, table: pd.DataFrame) -> dict:
        """How much rests on assumptions: of the value of works, of the money that pots bring."""
        money = table[~table["cement"].astype(bool)]
        rows = self.allocation.workbook.tables["envelopes"]
        rows = rows[~rows["pot"].isin(self.cement)]
        rows = rows[rows["year"] >= self.allocation.workbook.as_of.year]
        sums = {"claims": money, "money": rows}
        return {
            key: float(t.loc[t["mark"] != "reported", "amount"].sum() / t["amount"].sum())
            if t["amount"].sum()
            else None
            for key, t in sums.items()
        }


def _unit(cement):
    return "tấn" if cement else "triệu đồng"


def _year(year):
    return None if pd.isna(year) else int(year)


def _under_uncertainty(trial):
    """The plans in the forecast's worlds."""
    own, plans = trial.forecasts["own"].finishing, {}
    for name, will in trial.forecasts.items():
        more = will.finishing - own
        error = float(more.std(ddof=1) / np.sqrt(len(more))) if len(more) > 1 else None
        plans[name] = {
            "finishing": spread(will.finishing),
            "p_basically_all": float((will.finishing >= will.basically).mean()),
            "beyond_own": float(more.mean()),
            "se": error,
        }
    best = trial.forecasts[OPTIMAL]
    unlimited = (best.run.unlimited <= best.run.latest)[best.open_]
    mean = len(best.now) + float(unlimited.sum(axis=0).mean())
    return {
        "draws": best.run.draws,
        "seed": best.run.seed,
        "chosen": {"plan": SAFE, "margin": trial.chosen, "by_chance": False},
        "tried": [
            {"margin": margin, "by_chance": False, "mean": mean}
            for margin, mean in trial.means.items()
        ],
        "plans": plans,
        "unlimited": {"mean": mean, "p_all": float(unlimited.all(axis=0).mean())},
    }

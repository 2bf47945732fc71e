"""The best plan, the rules beside it, what a commune more takes, what to relax: one record."""

import numpy as np
import pandas as pd

from ..language import OPTIMAL
from ..needs import THOUSAND, plain_rows, spread
from .central import NONE
from .limits import cannot, conflicts, extra_communes, for_all, near_plans, prices
from .margins import SAFE
from .plans import plan_table

MONEY, TONNES = "triệu đồng", "tấn"
UNITS = {"money": MONEY, "cement": TONNES}
PARTS = [
    "commune",
    "code",
    "level",
    "work",
    "item",
    "pot",
    "amount",
    "committed",
    "criterion",
    "year",
    "unit",
]


def allocation_record(allocation, policy=OPTIMAL, trial=None, scenario="baseline", title=None):
    """The allocation in plain Python types, as ``ntm allocate --json`` prints it.

    Money in million dong, cement in tonnes. ``plan`` is that of ``policy``, ``year`` null for what
    it does not list by the deadline; a rule's ``gap`` is to the bound of the best plan. ``status``:
    optimal (proved), limit (the search ended there: see gap), infeasible (see relaxations), rule.

    Parameters
    ----------
    allocation : Allocation
    policy : str
        Whose plan is told.
    trial : Trial, optional
        The plans in the forecast's worlds.
    scenario : str
    title : dict of str to str, optional
        Of the scenario, by language.

    Returns
    -------
    dict

    Examples
    --------
    >>> from ntm_analysis.allocation import allocate
    >>> from ntm_analysis.data import Workbook
    >>> made = allocation_record(allocate(Workbook.open("data/thanh-chuong")))
    >>> made["status"], made["gap"], made["finishing"] >= made["finishing_by_policy"]["own"]
    ('optimal', 0.0, True)
    """
    told = _Record(allocation, trial)
    best, conflict = allocation.best, conflicts(allocation)
    value = allocation.value(policy)
    finishing = {name: allocation.finishing(name) for name in allocation.plans}
    gap = best.gap if policy == OPTIMAL else (best.bound - value) / value if value else None
    table = plan_table(allocation, policy)
    beside = {"prices": told.prices, "extra_commune": told.extra, "near_plans": told.near}
    made = {
        **allocation.workbook.heading(scenario, title),
        "deadline": f"{allocation.day}",
        "policy": policy,
        "status": best.status if policy == OPTIMAL else "rule",
        "gap": gap and round(gap, 6),
        "value": value,
        "bound": best.bound,
        "settled": best.settled,
        "n_communes": len(allocation.workbook.communes),
        "n_finished_now": allocation.now,
        "finishing": finishing[policy],
        "finishing_by_policy": finishing,
        "listed": int((allocation.plans[policy].slot != NONE).sum()),
        "places": dict(zip(map(str, told.case.years), told.case.places.tolist(), strict=True)),
        "weights": told.weights(),
        "broken": {name: plan.broken for name, plan in allocation.plans.items()},
        "blocking_sources": told.blocking(),
        "pots": told.pots(table),
        "plan": told.plan(table),
        "communes": told.communes(policy, table),
        **{key: [] if conflict else answer() for key, answer in beside.items()},
        "relaxations": {
            "for_all": told.for_all(),
            "conflict": conflict and told.conflict(conflict),
        },
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

    def __init__(self, allocation, trial):
        self.allocation, self.case = allocation, allocation.case
        pots, goals = allocation.workbook.tables["pots"], allocation.goals
        self.units = pots.set_index("pot")["measure"].map(UNITS).to_dict()
        self.price = (allocation.layout.cement_price or 1.0) * THOUSAND  # of a tonne, thousand dong
        names = goals["unit"].map(allocation.workbook.all_units["name"])
        self.names = goals.assign(name=names)[["name", "code"]].to_dict("records")
        self.chances = {}
        if trial:
            will = trial.forecasts[OPTIMAL]
            chances = {
                "p": will.of_band(will.in_time),
                "p_if_money": will.of_band(will.in_time_if_paid),
            }
            self.chances = pd.DataFrame(chances).set_index(will.open_).to_dict("index")

    def weights(self):
        rows = self.allocation.workbook.tables["priorities"]
        names = rows["unit"].map(self.allocation.workbook.all_units["name"])
        return rows["weight"].astype(float).set_axis(names).to_dict()

    def amount(self, pot, thousand):
        """Thousand dong of a pot as the record has them: million dong, or whole tonnes."""
        cement = self.units[pot] == TONNES
        return float(np.ceil(thousand / self.price) if cement else thousand / THOUSAND)

    def sums(self, more):
        """Money (million dong), tonnes and the pots of what is to be added."""
        by_pot = [
            {"pot": pot, "amount": self.amount(pot, extra), "unit": self.units[pot]}
            for pot, extra in zip(self.case.sets.pots, more, strict=True)
            if extra > 0
        ]
        money, tonnes = (
            sum(row["amount"] for row in by_pot if row["unit"] == unit) for unit in (MONEY, TONNES)
        )
        return money, int(tonnes), by_pot

    def blocking(self):
        """The pots that keep the communes of no list from being paid together."""
        case, plan = self.case, self.allocation.plans[OPTIMAL]
        rest = case.demand[case.free, -1].sum(axis=0) - case.room[-1]
        done = not (case.free & (plan.slot == NONE)).any()
        return [] if done or rest.max() <= 0 else case.sets.names(rest.argmax())

    def pots(self, table):
        funded = table[table["year"].notna()].groupby("pot")["amount"].sum()
        return [
            {
                "pot": pot,
                "unit": self.units[pot],
                "available": self.amount(pot, money),
                "funded": float(funded.get(pot, 0.0)),
            }
            for pot, money in zip(self.case.sets.pots, self.allocation.available, strict=True)
        ]

    def plan(self, table):
        number = table["criterion"].where(table["criterion"] > 0).astype("Int64")
        table = table.assign(criterion=number, unit=table["pot"].map(self.units))
        return plain_rows(table.astype({"year": "Int64"})[PARTS])

    def communes(self, policy, table):
        allocation = self.allocation
        money, goals = table[~table["cement"]], allocation.goals
        cost, funded = (
            goals["unit"].map(rows.groupby("unit")["amount"].sum()).fillna(0.0)
            for rows in (money, money[money["year"].notna()])
        )
        years = {"year": allocation.years(policy), "registered": goals["year"]}
        slot = allocation.plans[policy].slot
        late = (slot != NONE) & (slot % 2 == 1)
        table = pd.DataFrame(years).astype("Int64").assign(late=late, cost=cost, funded=funded)
        table = table[allocation.ntm]
        reasons = cannot(allocation) if policy == OPTIMAL else {}
        return [
            self.names[goal]
            | row
            | self.chances.get(goal, {})
            | reasons.get(goal, {"reason": None})
            for goal, row in zip(table.index, plain_rows(table), strict=True)
        ]

    def prices(self):
        rows = prices(self.allocation)
        for row in rows:
            if step := row["step"]:
                step["added"] = self.amount(row["pot"], step["added"])
        return [{"pot": row["pot"], "unit": self.units.get(row["pot"], "xã")} | row for row in rows]

    def extra(self):
        years = {}
        for row in plain_rows(extra_communes(self.allocation)):
            money, tonnes, by_pot = self.sums(row["more"])
            commune = self.names[row["goal"]] | {
                "planned_year": row["planned"],
                "money": money,
                "cement": tonnes,
                "places": row["places"],
                "cost": row["cost"],
                "by_pot": by_pot,
                "alike": row["alike"],
                "p_if_money": self.chances.get(row["goal"], {}).get("p_if_money"),
            }
            years.setdefault(row["year"], []).append(commune)
        return [
            {"year": year, "cheapest": cheapest, "next": others}
            for year, (cheapest, *others) in years.items()
        ]

    def near(self):
        goal = self.allocation.works["goal"]
        return [
            {key: [self.names[goal] for goal in row[key]] for key in ("without", "instead")}
            | {"communes": row["communes"], "works": int(goal.isin(row["changed"]).sum())}
            for row in near_plans(self.allocation)
        ]

    def for_all(self):
        what = for_all(self.allocation)
        money, tonnes, by_pot = self.sums(what.pop("more"))
        what["money"] = {"added": money, "tonnes": tonnes, "by_pot": by_pot}
        return what | {"never": [self.names[goal] for goal in what["never"]]}

    def conflict(self, conflict):
        money = {
            pot: None if more is None else self.amount(pot, more)
            for pot, more in conflict["money"].items()
        }
        return conflict | {"money": money}

    def assumed(self, table):
        """How much rests on assumptions: of the value of works, of the money that pots bring."""
        rows = self.allocation.workbook.tables["envelopes"]
        still = rows["year"] >= self.allocation.workbook.as_of.year
        rows = rows[still & (rows["pot"].map(self.units) == MONEY)]
        return {"claims": _assumed_share(table[~table["cement"]]), "money": _assumed_share(rows)}


def _assumed_share(rows):
    whole, assumed = (part["amount"].sum() for part in (rows, rows[rows["mark"] != "reported"]))
    return float(assumed / whole) if whole else None


def _under_uncertainty(trial):
    """The plans in the forecast's worlds."""
    from scipy.stats import sem  # slow to load, and only a plan needs it

    own, plans = trial.forecasts["own"].finishing, {}
    for name, will in trial.forecasts.items():
        more = will.finishing - own
        plans[name] = {
            "finishing": spread(will.finishing),
            "p_basically_all": float((will.finishing >= will.basically).mean()),
            "beyond_own": float(more.mean()),
            "se": float(sem(more)) if len(more) > 1 else None,
        }
    best = trial.forecasts[OPTIMAL]
    unlimited = best.in_time_if_paid
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

"""What stands in the queue for money and in which order: goals, their works, the policy; the same in every world.

A goal is a commune and a level: NTM for every commune that is not NTM yet, and the higher levels of planned targets, whose works
draw on the same pots. A policy sees only reported and expected values: it fixes one order of works, and whether the pots are
split.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .need.missing import Facts, Missing, expected_lacks, facts_ntm, missing_higher
from .need.need import communes_in_need
from .need.works import DEBT, newest_debts, price_index, unit_costs, works_of
from .pace import Pace, fit_pace
from .parameters import POLICIES
from .plan_checks import RULES, lacking_assumptions
from .problems import DataProblems, Problem
from .recognition import RANKS
from .trends import trends
from .workbook import Workbook

COUNTRY = "Vietnam"  # the area of history.csv that stands for the whole country

# By what a policy orders the works that are not committed: year of the list, rank of the level, criteria that the goal lacks, its
# cost, administrative order. A policy that is not here splits the pots (:func:`_split`) and keeps the district's own order.
ORDERS = {
    "own": ("year", "rank", "missing", "order"),
    "closest": ("missing", "rank", "order"),
    "cheapest": ("cost", "rank", "order"),
}


@dataclass(frozen=True)
class Schedule:
    """The plan of a run.

    ``goals``: unit, code, level, planned (on the list of planned targets), year (planned, else NaN), missing (expected),
    cost (expected, million đồng). ``works``: a row a work of whatever goal, debts last: goal (-1: none), unit, level, at,
    criterion, work, item, left, tier, listed, place (in the queue). ``by_level``: the works of a level as
    :func:`~ntm_analysis.need.works.works_of` gives them. ``missing``: what the higher levels lack (one world that stands for
    all); ``facts``, ``expected``: what is known and expected of the NTM level. ``weights``: by unit the parts of split
    pots; ``split``: the pots that are split. ``trends``: criteria of NTM goals that follow their own trend. ``rules``: the
    assumptions by key. ``priorities``: by unit, what a commune counts in the number finishing, where that is not 1.
    """

    workbook: Workbook
    policy: str
    goals: pd.DataFrame
    works: pd.DataFrame
    by_level: dict[str, pd.DataFrame]
    facts: Facts
    expected: np.ndarray
    missing: dict[str, Missing]
    weights: dict[int, int]
    split: frozenset[str]
    pace: Pace
    trends: pd.DataFrame
    rules: dict[str, float]
    priorities: dict[int, float]

    def month_of(self, day) -> int:
        """The month of a day: months after the as-of month; one less where the day does not close its month."""
        start = self.workbook.as_of
        last = (pd.Timestamp(day) + pd.Timedelta(days=1)).month != day.month
        return (day.year - start.year) * 12 + day.month - start.month - (not last)

    def end_of(self, month: int) -> pd.Timestamp:
        """The last day of a month of the run."""
        return (pd.Timestamp(self.workbook.as_of) + pd.DateOffset(months=int(month))) + pd.offsets.MonthEnd(0)


def schedule(workbook: Workbook, policy: str = "own") -> Schedule:
    """The goals and works of a data set in the order of ``policy``.

    Raises ValueError for a policy that is none, :class:`DataProblems` with everything that a forecast needs and was not known.

    >>> plan = schedule(Workbook.open("data/thanh-chuong"))
    >>> len(plan.goals), plan.goals["level"].value_counts().to_dict()
    (19, {'ntm': 15, 'advanced': 3, 'model': 1})
    """
    if policy not in POLICIES:
        raise ValueError(f"policy={policy!r}: {', '.join(POLICIES)}")
    units = communes_in_need(workbook, "ntm")["ntm"]
    registered = {k: v for k, v in communes_in_need(workbook, "registered").items() if k != "ntm"}
    try:
        facts = facts_ntm(workbook, units)
    except DataProblems as error:  # which works there are cannot be told: the lacks of all that are listed are told with it
        items = {*workbook.tables["works"]["item"], *workbook.tables["typical_works"]["item"]}
        raise DataProblems([*error.problems, *_lacking(workbook, items)[0]]) from None
    expected = expected_lacks(facts)
    none = np.zeros((len(units), 1), dtype=np.int16)
    may = (expected > 0)[:, :, None]
    missing = {"ntm": Missing(facts.set_id, facts.reported_in, units, facts.numbers, may, none, facts.open_, may & False)}
    missing |= {level: missing_higher(workbook, level, 1, units) for level, units in registered.items() if units}
    by_level = {level: works_of(workbook, found, level) for level, found in missing.items()}
    problems, pace = _lacking(workbook, {item for works in by_level.values() for item in works["item"]})
    if pace is None or problems:
        raise DataProblems(problems)
    goals = _goals(workbook, missing, by_level, expected)
    works = _works(workbook, goals, by_level)
    rules = workbook.tables["assumptions"].set_index("key")["value"].to_dict()
    told = trends(workbook, facts.set_id, units, workbook.horizon)
    weights = workbook.tables["priorities"].set_index("unit")["weight"].to_dict()
    made = Schedule(
        workbook, policy, goals, works, by_level, facts, expected, missing, {}, frozenset(), pace, told, rules, weights
    )
    return by_policy(made, policy)


def deadline_of(workbook: Workbook, deadline: dt.date | None = None) -> dt.date:
    """The deadline: as given, else the workbook's. Raises :class:`DataProblems` where it does not lie after the as-of date."""
    day = deadline or workbook.last_day
    if day <= workbook.as_of:
        details = {"day": f"{day:%d/%m/%Y}", "as_of": f"{workbook.as_of:%d/%m/%Y}"}
        raise DataProblems([Problem("deadline_past", "--deadline" if deadline else "dataset.yaml", details=details)])
    return day


def by_policy(plan: Schedule, policy: str, works: pd.DataFrame | None = None) -> Schedule:
    """The same goals and works in the order of another policy; ``works``: with the ``place`` of one that is not a rule."""
    if works is None:
        works = plan.works.assign(place=_places(plan.workbook, plan.works, plan.goals, policy))
    weights, split = _split(plan.workbook, plan.goals, plan.facts, plan.expected, policy, plan.rules)
    return replace(plan, policy=policy, works=works, weights=weights, split=split)


def repriced(plan: Schedule, workbook: Workbook, policy: str) -> Schedule:
    """The schedule of a workbook that differs from the plan's in money of pots, prices and deadline alone, of the same horizon:
    as :func:`schedule` makes it, without what does not change."""
    goals = _goals(workbook, plan.missing, plan.by_level, plan.expected)
    works = _works(workbook, goals, plan.by_level)
    return by_policy(replace(plan, workbook=workbook, goals=goals, works=works), policy)


def _lacking(workbook: Workbook, items: set[str]) -> tuple[list[Problem], Pace | None]:
    """Everything that a forecast of works of these items needs and that was not known on the as-of date; and the pace."""
    tables, rules = workbook.tables, workbook.tables["assumptions"]
    problems = lacking_assumptions(rules)
    if len(tables["debts"]):
        items = items | {DEBT}
        if DEBT not in set(tables["parts"]["item"]):
            problems.append(Problem("no_debt_parts", "parts.csv", details={"item": DEBT}))
    for item in sorted(items - set(tables["durations"]["item"])):
        problems.append(Problem("no_duration", "durations.csv", details={"item": item}))
    last = workbook.as_of.year - 1  # which may be earlier than the data set's own
    if workbook.as_of.year > tables["prices"]["year"].max():
        problems.append(Problem("no_price", "prices.csv", details={"years": f"{workbook.as_of.year}"}))
    late = rules[(rules["key"] == "programme_start") & (rules["value"] > last)]
    for row, year in zip(late["row"], late["value"], strict=True):
        details = {"value": f"{year:g}", "low": RULES["programme_start"][0], "high": last}
        problems.append(Problem("out_of_range", "assumptions.csv", int(row), "value", details))
    areas = [area for area in ((workbook.meta.get("province") or {}).get("name"), COUNTRY) if area]
    try:
        return problems, fit_pace(tables["history"], areas, workbook.as_of)
    except ValueError:
        return [*problems, Problem("no_pace", "history.csv", details={"areas": ", ".join(areas)})], None


def _goals(workbook: Workbook, missing: dict[str, Missing], by_level: dict, expected: np.ndarray) -> pd.DataFrame:
    """One row a goal, by level, then in administrative order."""
    targets = workbook.tables["targets"]
    plans = targets[targets["kind"] == "plan"].groupby(["unit", "level"])["year"].min().to_dict()
    costs, prices = unit_costs(workbook), workbook.tables["prices"].set_index("year")
    usual = (prices["low"] + 4 * prices["mode"] + prices["high"]) / 6
    index = price_index(
        pd.DataFrame({"year": usual.index, **dict.fromkeys(("low", "mode", "high"), usual)}), workbook.as_of.year, 1, 0
    )
    lift = {y: 1 / float(index[int(y)][0]) for y in costs["price_year"].unique()}
    lifted = costs["price_year"].map(lift).mask(costs.index == DEBT, 1.0)  # a debt is paid as it stands
    usual = (costs["low"] + 4 * costs["mode"] + costs["high"]) / 6 * lifted
    rows = []
    for level, found in missing.items():
        works = by_level[level]
        size = (works["low"] + 4 * works["quantity"] + works["high"]) / 6 * works["left"] * works["item"].map(usual)
        lacks = expected if level == "ntm" else found.lacks[:, :, 0]
        at, named = works["at"].to_numpy(), works["criterion"].to_numpy() > 0
        chance = np.where(works["each"], found.nameless[at, 0], 1.0) if len(works) else np.zeros(0)
        place = np.searchsorted(found.numbers, works["criterion"])
        chance[named] = lacks[at[named], place[named]]
        chance[works["committed"] == "debt"] = 1.0
        cost = np.bincount(at, (size * chance).to_numpy(dtype=float), minlength=len(found.units))
        counts = lacks.sum(axis=1) + found.nameless[:, 0]
        for i, unit in enumerate(found.units):
            code = workbook.units.loc[unit, "code"]
            year = plans.get((unit, level), np.nan)
            rows.append((unit, code, level, year == year, year, round(float(counts[i]), 6), float(cost[i])))
    return pd.DataFrame(rows, columns=["unit", "code", "level", "planned", "year", "missing", "cost"])


def _works(workbook: Workbook, goals: pd.DataFrame, by_level: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The works of all levels in one table, debts after them."""
    number = {(u, level): g for g, (u, level) in enumerate(zip(goals["unit"], goals["level"], strict=True))}
    pieces = []
    for level, works in by_level.items():
        goal = [number[(unit, level)] for unit in works["unit"]]
        pieces.append(works.assign(level=level, goal=goal, amount=np.nan))
    debts = newest_debts(workbook)
    debts = debts[debts["unit"].isin(workbook.communes.index) & (debts["amount"] > 0)]
    highest = {u: g for (u, _), g in sorted(number.items(), key=lambda kv: (kv[0][1] == "ntm", kv[1]))}
    rows = [
        {"unit": d["unit"], "level": "debt", "goal": highest.get(d["unit"], -1), "criterion": int(d["criterion"]), "work": DEBT,
         "item": DEBT, "left": 1.0, "committed": "debt", "listed": True, "amount": d["amount"], "at": i,
         "year": goals["year"].get(highest.get(d["unit"], -1), np.nan)}
        for i, d in enumerate(debts.to_dict("records"))
    ]  # fmt: skip
    if rows:
        pieces.append(pd.DataFrame(rows))
    made = pd.concat([piece for piece in pieces if len(piece)] or pieces[:1], ignore_index=True)
    made = made.reindex(columns=[*dict.fromkeys([*pieces[0].columns, *made.columns])])  # debts alone lack some
    tiers = {"debt": 0, "plan": 1, "carried_over": 1}
    tier = made["committed"].map(tiers).fillna(2).astype(int)
    owed = made[made["level"] == "debt"].groupby("goal")["amount"].sum()
    goals["cost"] = (goals["cost"] + owed.reindex(goals.index).fillna(0.0)).round(6)
    return made.assign(tier=tier.where(made["item"] != DEBT, 0))


def _places(workbook: Workbook, works: pd.DataFrame, goals: pd.DataFrame, policy: str) -> np.ndarray:
    """The place of each work in the one queue: 0 is paid first."""
    own = goals.reindex(works["goal"])  # a debt of no goal comes last
    rank = own["level"].map({level: rank for rank, level in enumerate(RANKS)}).fillna(9).to_numpy()
    missing, cost = (own[c].fillna(np.inf).to_numpy() for c in ("missing", "cost"))
    order = works["unit"].map({unit: i for i, unit in enumerate(workbook.units.index)}).to_numpy()
    year = works["year"].fillna(9999).to_numpy()
    columns = {"year": year, "rank": rank, "missing": missing, "cost": cost, "order": order}
    keys = [columns[name] for name in ORDERS.get(policy, ORDERS["own"])]
    sequence = np.lexsort([np.arange(len(works)), works["criterion"], *reversed(keys), works["tier"]])
    places = np.empty(len(works), dtype=np.int64)
    places[sequence] = np.arange(len(works))
    return places


def _split(workbook, goals, facts, expected, policy, rules) -> tuple[dict[int, int], frozenset[str]]:
    """The weights of sub-pots by unit, and which pots are split: none by the policies that are only orders."""
    pots = workbook.tables["pots"]
    if policy == "equal":
        return dict.fromkeys(goals["unit"], 1), frozenset(pots.loc[pots["measure"] == "money", "pot"])
    if policy != "decree":
        return {}, frozenset()
    # Ten times the coefficient, so that weights are whole numbers.
    weights = dict.fromkeys(workbook.communes.index, round(10 * rules["coefficient_ntm"]))
    for i, unit in enumerate(facts.units):
        met = len(facts.numbers) - expected[i].sum()
        if facts.number[i] >= 0 or not facts.open_[i].any():  # the count that is reported, whatever the new set takes away
            met = (~facts.lacking[i] & ~facts.open_[i]).sum() + max(facts.number[i], 0)
        key = "coefficient_under_15" if met < 15 else "coefficient_15_18"
        weights[unit] = round(10 * rules[key])
    return weights, frozenset(pots.loc[(pots["fund"] == "nstw") & (pots["measure"] == "money"), "pot"])

"""A slow second reading of the forecast (docs/design.md): one world at a time, month by month, in whole numbers."""

import math
from collections import defaultdict
from dataclasses import replace
from functools import cache

import numpy as np
from reference_need import given

from ntm_analysis.assess import assess
from ntm_analysis.need.draws import pert, uniforms
from ntm_analysis.need.missing import missing_higher, missing_ntm
from ntm_analysis.need.draws import count_distribution
from ntm_analysis.need.works import works_of
from ntm_analysis.pace import drawn_hazard, fit_pace, waiting_months

NEVER, DEBT, CEMENT, LAST = 9999, "no-dong", "xi-mang", math.inf
RANKS = ("not_ntm", "ntm", "advanced", "model")
POLICIES = ("own", "closest", "cheapest", "equal", "decree")
mean = lambda low, mode, high: (low + 4 * mode + high) / 6  # noqa: E731 - of a PERT distribution


def reference(workbook, draws: int, seed: int, policy: str = "own") -> tuple[dict, dict]:
    """The month in which each goal (unit, level) is met and the month its decision is signed: a list of one a world."""
    return Plan(workbook, draws, seed).run(policy)


class Plan:
    """Goals, works and what a planner expects of them: what is the same in every world and for every policy."""

    def __init__(self, workbook, draws: int, seed: int) -> None:
        self.draws = draws
        self.tables = {name: table.to_dict("records") for name, table in workbook.tables.items()}
        self.rule = {r["key"]: r["value"] for r in self.tables["assumptions"]}
        self.costs = {r["item"]: r for r in self.tables["unit_costs"]}
        self.pots = {r["pot"]: r for r in self.tables["pots"]}
        self.times = {r["item"]: r for r in self.tables["durations"]}
        self.year, self.policy = workbook.as_of.year, ""
        self.now = workbook.as_of.year * 12 + workbook.as_of.month
        self.units = {unit: {"place": at} | row for at, (unit, row) in enumerate(workbook.units.to_dict("index").items())}
        areas = [workbook.meta["province"]["name"], "Vietnam"]
        self.pace = fit_pace(workbook.tables["history"], areas, workbook.as_of)
        self.uniform = cache(lambda quantity, key: uniforms(seed, quantity, [key], draws)[0].tolist())

        level = dict.fromkeys(workbook.communes.index, "not_ntm")
        for r in self.tables["recognitions"]:
            level[r["unit"]] = max(level[r["unit"]], r["level"], key=RANKS.index)
        planned = [t for t in self.tables["targets"] if t["kind"] == "plan" and t["unit"] in level]
        self.planned = {(t["unit"], t["level"]) for t in planned}
        self.goals = [(unit, "ntm") for unit in level if level[unit] == "not_ntm"]
        for name in RANKS[2:]:
            wanted = [t["unit"] for t in planned if t["level"] == name and RANKS.index(level[t["unit"]]) < RANKS.index(name)]
            self.goals += [(unit, name) for unit in dict.fromkeys(wanted)]
        year = {goal: min((t["year"] for t in planned if (t["unit"], t["level"]) == goal), default=LAST) for goal in self.goals}

        self.missing, self.chance, self.known, works = {}, {}, {}, []
        for name in RANKS[1:]:
            units = [unit for unit, wanted in self.goals if wanted == name]
            if not units:
                continue
            if name == "ntm":
                missing = missing_ntm(workbook, draws, seed, units)
                chances = expected_lacks(workbook, units, missing.reported_in, missing.set_id)
            else:
                missing = missing_higher(workbook, name, draws, units)
                chances = {
                    u: {n: float(missing.lacks[i, c, 0]) for c, n in enumerate(missing.numbers)} for i, u in enumerate(units)
                }
            for i, unit in enumerate(units):
                self.missing[unit, name] = missing, i
                self.chance[unit, name] = chances[unit] | {0: int(missing.nameless[i, 0])}
            # The list of works is that of all criteria which may be missing, however few worlds are drawn.
            possible = np.array([[[chances[u][n] > 0] for n in missing.numbers] for u in units])
            for k in works_of(workbook, replace(missing, lacks=possible), name).to_dict("records"):
                works.append(k | {"goal": (k["unit"], name), "debt": None})
        newest = {}
        for r in sorted(self.tables["debts"], key=lambda r: r["date"]):
            newest[r["unit"], int(r["criterion"])] = r["amount"]
        for (unit, criterion), amount in newest.items():
            own = sorted((goal for goal in self.goals if goal[0] == unit), key=lambda goal: RANKS.index(goal[1]))
            goal = own[0] if own and own[0][1] == "ntm" else own[-1] if own else None
            works.append({"unit": unit, "goal": goal, "criterion": criterion, "work": DEBT, "item": DEBT, "committed": "debt",
                          "year": year.get(goal, math.nan), "debt": round(amount * 1000)})  # fmt: skip

        for k in works:
            debt = k["committed"] == "debt" or k["item"] == DEBT
            k["tier"] = 0 if debt else 1 if k["committed"] in ("plan", "carried_over") else 2
            k["code"] = self.units[k["unit"]]["code"]
            k["key"] = f"{self.prefix(k['goal'])}{k['code']}|{k['criterion']}|{k['work']}"
        self.number = {goal: round(sum(chance.values()), 6) for goal, chance in self.chance.items()}
        self.cost = {goal: round(sum(self.expected_cost(k) for k in works if k["goal"] == goal), 6) for goal in self.goals}
        self.listed, self.level = works, level
        self.counts = assess(workbook, workbook.default_set("ntm")).counts

    def run(self, policy: str) -> tuple[dict, dict]:
        """Months met and months signed under ``policy``, by goal."""
        self.policy = policy
        # Sorting is stable: works of one goal and criterion stay as they are listed.
        self.works = sorted(self.listed, key=lambda k: (k["tier"], self.place(k), k["criterion"]))
        self.weight = self.weights()
        found = [self.world(w) for w in range(self.draws)]
        return tuple({goal: [world[goal][kind] for world in found] for goal in self.goals} for kind in (0, 1))

    def place(self, k: dict) -> tuple:
        """The place of a work's goal in the order; a work of no goal comes last."""
        goal = k["goal"]
        level, order = RANKS.index(goal[1]) if goal else LAST, self.units[k["unit"]]["place"]
        if self.policy in ("closest", "cheapest"):
            return (self.number if self.policy == "closest" else self.cost).get(goal, LAST), level, order
        return given(k["year"], LAST), level, self.number.get(goal, LAST), order

    def weights(self) -> dict[int, int]:
        """What each unit gets of a pot that is split."""
        if self.policy != "decree":
            return dict.fromkeys((unit for unit, _ in self.goals), 1)
        made = {}
        for unit, level in self.level.items():
            coefficient = "coefficient_ntm"
            if level == "not_ntm":
                counts = self.counts.loc[unit]
                reported = counts["counted"] or not counts["unknown"]  # a number, or a state for every criterion
                met = counts["met"] if reported else counts["of"] - self.number[unit, "ntm"]
                coefficient = "coefficient_under_15" if met < 15 else "coefficient_15_18"
            made[unit] = round(10 * self.rule[coefficient])
        return made

    @staticmethod
    def prefix(goal: tuple | None) -> str:
        return "" if goal is None or goal[1] == "ntm" else f"{goal[1]}:"

    def ends(self, item: str) -> tuple[float, float, float]:
        """Low, usual and high unit cost."""
        cost = self.costs[item]
        low, high = (given(cost[e], cost["mode"] * self.rule[f"cost_{e}"] / 100) for e in ("low", "high"))
        return low, cost["mode"], high

    def expected_cost(self, k: dict) -> float:
        """Mean quantity x mean price x chance, in thousand đồng of the as-of year at the mean rise of prices."""
        if k["debt"] is not None:
            return k["debt"]
        rise = {int(r["year"]): 1 + mean(r["low"], r["mode"], r["high"]) / 100 for r in self.tables["prices"]}
        lift = self.thousands(k["item"], self.index(rise))
        chance = 1 if k["criterion"] < 0 or k["committed"] == "debt" else self.chance[k["goal"]][k["criterion"]]
        return mean(k["low"], k["quantity"], k["high"]) * k["left"] * mean(*self.ends(k["item"])) * lift * chance

    def thousands(self, item: str, index: dict[int, float]) -> float:
        """Thousand đồng of the as-of year in a million of the item's price year; a debt is paid as it stands."""
        return 1000 if item == DEBT else 1000 / index[int(self.costs[item]["price_year"])]

    def index(self, rise: dict[int, float]) -> dict[int, float]:
        """Prices of each year over those of the as-of year."""
        made = {self.year: 1.0}
        for year in range(self.year + 1, max(rise, default=self.year) + 1):
            made[year] = made[year - 1] * rise[year]
        for year in range(self.year - 1, min(rise, default=self.year) - 2, -1):
            made[year] = made[year + 1] / rise[year + 1]
        return made

    def world(self, w: int) -> dict:
        """Month met and month signed of every goal in world ``w``."""
        drawn = lambda key, *range_: self.drawn(w, key, *range_)  # noqa: E731
        index = self.index({int(r["year"]): 1 + drawn(("price", f"{r['year']:g}"), r["low"], r["mode"], r["high"]) / 100
                            for r in self.tables["prices"]})  # fmt: skip
        income, last = self.income(w, index)
        claims = [self.claims(w, k, index) for k in self.works]
        paid = self.paid(claims, income, last)
        ends = [self.end(w, k, c, p) for k, c, p in zip(self.works, claims, paid, strict=True)]
        hazard = float(drawn_hazard(np.array([self.uniform("pace", "")[w]]), self.pace.hazard, self.pace.sigma)[0])
        made = {}
        for goal in self.goals:
            unit, level = goal
            mine = [n for n, k in enumerate(self.works) if k["goal"] == goal]
            listed = [n for n in mine if self.works[n]["debt"] is None]
            met = 0
            for n in mine:  # debts are paid
                if self.works[n]["tier"] == 0 and claims[n]["amount"]:
                    met = max(met, *paid[n].values(), 0)
            if level != "ntm":
                met = max([met, *(ends[n] for n in listed)])
            for criterion in self.lacking(w, goal):
                works = [n for n in listed if self.works[n]["criterion"] == criterion]
                met = max([met, *(ends[n] for n in works)] if works else [met, self.wait(w, goal, criterion, hazard)])
            met = min(met, NEVER)
            signed = NEVER
            if met < NEVER:
                december = 12 * ((self.now + met - 1) // 12) + 12
                code = self.prefix(goal) + self.units[unit]["code"]
                late = drawn(("decision", code), *(self.rule[f"decision_{e}"] for e in ("low", "mode", "high")))
                signed = december - self.now + round(late)
            made[goal] = met, signed
        return made

    def drawn(self, w: int, key: tuple | float, low: float, mode: float, high: float) -> float:
        """A PERT number of world ``w``, from a named uniform or from the uniform itself."""
        u = self.uniform(*key)[w] if isinstance(key, tuple) else key
        return float(pert(np.array([u]), low, mode, high)[0])

    def together(self, w: int, own: tuple, shared: tuple, correlation: str) -> float:
        own, a = self.uniform(*own)[w], math.sqrt(self.rule[correlation] / 100)
        return self.uniform(*shared)[w] if own < a else (own - a) / (1 - a)

    def income(self, w: int, index: dict[int, float]) -> tuple[dict, int]:
        """Money by (pot, served) and month, whole thousand đồng or tonnes; the last month in which some arrives."""
        came, last = defaultdict(lambda: defaultdict(int)), 0
        profile = defaultdict(dict)
        for r in self.tables["profiles"]:
            profile[r["pot"]][int(r["month"])] = r["share"]
        for r in self.tables["envelopes"]:
            year, instance = int(r["year"]), r["pot"] + (f"@{r['served']}" if r["served"] else "")
            if year < self.year:
                continue
            u = self.together(w, ("disbursed", f"{instance}|{year}"), ("disbursed together", f"{year}"), "correlation_money")
            part = self.drawn(w, u, r["disbursed_low"], r["disbursed"], r["disbursed_high"]) / 100
            u = self.together(w, ("delay", f"{instance}|{year}"), ("delay together", f"{year}"), "correlation_money")
            delay = round(self.drawn(w, u, *(given(r[c], 0) for c in ("delay_low", "delay", "delay_high"))))
            for month in range(1, 13):
                share = profile[r["pot"]].get(month, 0) if r["pot"] in profile else 100 / 12
                if year == self.year and year * 12 + month <= self.now:
                    continue
                for later, some in ((0, part), (1, 1 - part)) if r["carried"] == "yes" else ((0, part),):
                    when = (year + later) * 12 + month + delay
                    sum_ = r["amount"] * share / 100 * some
                    if self.pots[r["pot"]]["measure"] == "money":
                        sum_ *= 1000 / index[min((when - 1) // 12, max(index))]
                    came[r["pot"], r["served"]][when - self.now] += round(sum_)
                    last = max(last, when - self.now)
        return came, last

    def claims(self, w: int, k: dict, index: dict[int, float]) -> dict:
        """Whole amount of a work, what it claims of each pot and what each part weighs."""
        wanted = True
        if k["debt"] is None and k["criterion"] > 0:
            wanted = k["committed"] == "debt" or k["criterion"] in self.lacking(w, k["goal"])
        elif k["debt"] is None and k["each"]:
            wanted = self.chance[k["goal"]][0] > 0
        if not wanted:
            return {"amount": 0, "claims": {}, "weights": {}}

        def price(item: str) -> float:
            return self.drawn(w, ("unit cost", item), *self.ends(item)) * self.thousands(item, index)

        claims, weights = {}, {}
        parts = [p for p in self.tables["parts"] if p["item"] == k["item"]]
        amount = rest = k["debt"]
        if k["debt"] is None:
            times = self.chance[k["goal"]][0] if k["each"] else 1
            key = f"{k['code']}|{k['criterion']}|{k['work']}"
            quantity = self.drawn(w, ("quantity", key), k["low"], k["quantity"], k["high"]) * k["left"]
            amount = rest = round(quantity * price(k["item"])) * times
            for p in parts:
                if self.pots[p["pot"]]["measure"] == "cement":
                    each = self.drawn(w, ("tonnes", k["item"]), p["tonnes_low"], p["tonnes"], p["tonnes_high"])
                    claims[p["pot"]] = round(quantity * each) * times
                    value = min(round(claims[p["pot"]] * price(CEMENT)), amount)
                    weights[p["pot"]] = 10_000 * value  # in ten-thousandths of a thousand đồng, to stay whole
                    rest -= value
        money = [p for p in parts if self.pots[p["pot"]]["measure"] == "money"]
        left = rest
        for p in money:
            claims[p["pot"]] = left if p is money[-1] else rest * round(p["share"] * 100) // 10_000
            weights[p["pot"]] = rest * round(p["share"] * 100)
            left -= claims[p["pot"]]
        return {"amount": amount, "claims": claims, "weights": weights}

    def paid(self, claims: list[dict], income: dict, last: int) -> list[dict]:
        """By work and pot the month in which its part is paid: month by month, queue by queue."""
        paid, queues = [dict.fromkeys(c["claims"], NEVER) for c in claims], defaultdict(list)
        for n, (k, c) in enumerate(zip(self.works, claims, strict=True)):
            for pot, claim in c["claims"].items():
                if claim == 0:
                    paid[n][pot] = 0
                    continue
                one, row = self.served(pot, k["unit"]), self.pots[pot]
                apart = row["measure"] == "money" and (
                    self.policy == "equal" or (self.policy == "decree" and row["fund"] == "nstw")
                )
                queues[pot, one, k["unit"] if apart else None].append((n, claim))
        money, asked, total = defaultdict(int), defaultdict(int), defaultdict(int)
        for unit, weight in self.weight.items():  # a pot is shared by the units that draw on it
            for pot in self.pots:
                total[pot, self.served(pot, unit)] += weight
        for month in range(last + 1):
            for instance, came in income.items():
                money[instance] += came[month]
            for (pot, one, unit), queue in queues.items():
                mine, of = (1, 1) if unit is None else (self.weight.get(unit, 0), total[pot, one])
                while queue and mine and money[pot, one] * mine >= (asked[pot, one, unit] + queue[0][1]) * of:
                    n, claim = queue.pop(0)
                    asked[pot, one, unit] += claim
                    paid[n][pot] = month
        return paid

    def served(self, pot: str, unit: int) -> str:
        """Which money of a pot a commune draws on: its own, its district's, or that for all."""
        told = {r["served"] for r in self.tables["envelopes"] if r["pot"] == pot}
        return next((s for s in (self.units[unit]["code"], self.units[unit]["district"]) if s and s in told), "")

    def end(self, w: int, k: dict, claims: dict, paid: dict) -> int:
        """The month in which a work is done, counting the months worked one by one."""
        if not claims["amount"]:
            return 0
        whole = max(paid.values(), default=0)
        if whole == NEVER or k["debt"] is not None:
            return whole
        weights, month = claims["weights"], 0
        while sum(weights[p] for p in paid if paid[p] <= month) * 100 < self.rule["start_share"] * sum(weights.values()):
            month += 1
        time = self.times[k["item"]]
        u = self.together(w, ("duration", k["key"]), ("duration together", ""), "correlation_works")
        months = round(self.drawn(w, u, time["low"], time["mode"], time["high"]))
        months += int(time["stall_months"]) if self.uniform("stall", k["key"])[w] < time["stall"] / 100 else 0
        left = math.ceil(months * k["left"] - 1e-9)
        lost = self.storm(w)
        while left:
            month += 1
            left -= month not in lost
        return max(month, whole)

    def storm(self, w: int) -> range:
        """The months in which nobody works: of the first year with a storm that is still to come."""
        for year in range(self.year, self.year + 60):
            first = year * 12 + int(self.rule["storm_month"]) - self.now
            if first > 0 and self.uniform("storm", f"{year}")[w] < self.rule["storm_chance"] / 100:
                return range(first, first + int(self.rule["storm_stop"]))
        return range(0)

    def lacking(self, w: int, goal: tuple) -> list[int]:
        """The missing criteria of world ``w``; 0 stands for those without a name."""
        if (w, goal) not in self.known:
            missing, i = self.missing[goal]
            named = [int(n) for c, n in enumerate(missing.numbers) if missing.lacks[i, c, w]]
            self.known[w, goal] = [0, *named] if missing.nameless[i, w] else named
        return self.known[w, goal]

    def wait(self, w: int, goal: tuple, criterion: int, hazard: float) -> int:
        """Months until a criterion without works is met."""
        missing, i = self.missing[goal]
        factors = [r["factor"] for r in self.tables["pace_factors"] if (r["set"], r["criterion"]) == (missing.set_id, criterion)]
        factor = factors[0] if factors else 1
        if goal in self.planned:
            factor *= self.rule["pace_registered"]
        elif criterion and missing.lost[i, missing.numbers.tolist().index(criterion), w]:
            factor *= self.rule["pace_regained"]
        code = self.prefix(goal) + self.units[goal[0]]["code"]
        u = self.together(w, ("wait", f"{code}|{criterion}"), ("wait together", code), "correlation_commune")
        return int(waiting_months(np.array([u]), hazard * factor)[0])


def expected_lacks(workbook, units: list[int], old: str, new: str) -> dict:
    """By unit and criterion the chance that it is missing, as a planner sees it before anything is drawn."""
    tables, standing = workbook.tables, assess(workbook, old)
    state = {(r.unit, r.criterion): r.state for r in standing.states.itertuples()}
    today = (
        state if old == new else {(r.unit, r.criterion): r.state for r in assess(workbook, new, carry=True).states.itertuples()}
    )
    rows = tables["carry_over"].to_dict("records")
    lost = {r["criterion"]: r["lost"] / 100 for r in rows if (r["from_set"], r["to_set"]) == (old, new)}
    share = {r["criterion"]: r["share"] for r in tables["criterion_shares"].to_dict("records") if r["set"] == old}
    made = {}
    for unit in units:
        states = {n: state[unit, n] for n in workbook.law.criteria_of(old).index}
        met = [n for n in states if states[n] in ("met", "not_applicable")]
        open_ = [n for n in states if states[n] == "unknown"]
        if standing.counts.loc[unit, "counted"]:
            number = standing.counts.loc[unit, "met"] - len(met)
        elif open_:
            number = mean_of_prior(workbook, old, unit, len(met), len(open_))
        p = dict.fromkeys(states, 0.0) | dict.fromkeys(met, 1.0)
        if open_:
            p |= dict(zip(open_, shares_met([min(max(share[n], 1), 99) / 100 for n in open_], number), strict=True))
        made[unit] = {n: 1 - p[n] + p[n] * lost.get(n, 0.0) for n in states}
        for n in states if old != new else ():
            if today[unit, n] != "unknown":
                made[unit][n] = float(today[unit, n] not in ("met", "not_applicable"))
    return made


def shares_met(shares: list[float], number: float) -> list[float]:
    """Chances with the odds of these shares times one factor, that sum to ``number``: by halving."""
    if number <= 0 or number >= len(shares):
        return [float(number > 0)] * len(shares)
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        found = [1 / (1 + (1 - s) / s * math.exp(-middle)) for s in shares]
        low, high = (middle, high) if sum(found) < number else (low, middle)
    return found


def mean_of_prior(workbook, old: str, unit: int, met: int, open_: int) -> float:
    """How many open criteria a commune meets on average, when nobody reported a number."""
    rows = [r for r in workbook.tables["count_priors"].to_dict("records") if r["set"] == old]
    (plain,) = (r for r in rows if r["group"] == "plain")
    groups = workbook.units.loc[unit, "group"].split("|")
    groups += ["difficult"] if workbook.units.loc[unit, "specially_difficult"] == "yes" else []
    average = (plain["average"] * plain["communes"] - 19 * plain["ntm"]) / (plain["communes"] - plain["ntm"])
    average += sum(given(r["shift"], 0) * ((r["group"] in groups) - given(r["share"], 0) / 100) for r in rows)
    weight = dict(enumerate(count_distribution(min(max(average, 3.5), 17.5), plain["spread"], 3, 18), start=3))
    possible = [n for n in weight if met <= n <= met + open_]
    if not possible:  # fewer can be met than any commune of the prior meets
        return float(open_) if met + open_ < 3 else 0.0
    return sum(weight[n] * (n - met) for n in possible) / sum(weight[n] for n in possible)

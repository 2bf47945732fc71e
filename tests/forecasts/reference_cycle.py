"""A slow second reading of the yearly cycle (docs/method/forecast.md): one world, one commune, one
month at a time, money by a linear program.

Of the package it takes what is drawn (uniforms, PERT numbers, the years of the area) and the need
of single criteria, which tests/needs/reference_need.py reads again.
"""

import math
from collections import Counter, defaultdict
from functools import cache

import numpy as np
from reference_need import given
from scipy.optimize import linprog
from scipy.special import betaincinv

from ntm_analysis.needs import expected_lacks, facts_ntm, missing_higher, pert, uniforms, works_of
from ntm_analysis.needs.missing import missing_ntm
from ntm_analysis.standing import assess

NEVER, DEBT, CEMENT = 9999, "no-dong", "xi-mang"
RANKS = ("not_ntm", "ntm", "advanced", "model")
UNLISTED, FAILED, MONEY, TIME = range(4)
mean = lambda low, mode, high: (low + 4 * mode + high) / 6  # noqa: E731 - of a PERT distribution


class Cycle:
    """A data set under a policy.

    ``assumed``: low, mode, high by key. ``usual``: the share paid in time and the usual money of
    the baseline. ``bounds``: whether parts.csv says least and most.
    """

    def __init__(self, workbook, draws, seed, policy, deadline, assumed, usual, factor):
        self.tables = {name: t.to_dict("records") for name, t in workbook.tables.items()}
        self.rule = {r["key"]: r["value"] for r in self.tables["assumptions"]}
        self.costs = {r["item"]: r for r in self.tables["unit_costs"]}
        self.pots = {r["pot"]: r for r in self.tables["pots"]}
        self.times = {r["item"]: r for r in self.tables["durations"]}
        self.units = workbook.units.to_dict("index")
        self.communes = list(workbook.communes.index)
        self.year, self.month = workbook.as_of.year, workbook.as_of.month
        self.draws, self.policy, self.assumed, self.factor = draws, policy, assumed, factor
        self.paid_share, self.usual_money = usual
        self.uniform = cache(lambda q, key: uniforms(seed, q, [key], draws)[0].tolist())
        self.deadline = self.months_to(deadline)
        self.horizon = max(self.deadline, self.months_to(workbook.meta["term_end"]["date"]))
        self._goals(workbook)
        self._works(workbook, draws, seed)
        self.spans = self._spans()
        self._prolong()
        self.own = self._own_pots()

    def months_to(self, day):
        """Whole months from the as-of month to a day that ends a month."""
        return 12 * (day.year - self.year) + day.month - self.month

    # ---- what is the same in every world

    def _goals(self, workbook):
        level = dict.fromkeys(self.communes, "not_ntm")
        for r in self.tables["recognitions"]:
            level[r["unit"]] = max(level[r["unit"]], r["level"], key=RANKS.index)
        told = [t for t in self.tables["targets"] if t["unit"] in level]
        plans = [t for t in told if t["kind"] == "plan"]
        self.level = level
        self.goals = [(unit, "ntm") for unit in level if level[unit] == "not_ntm"]
        for name in RANKS[2:]:
            wanted = [t["unit"] for t in plans if t["level"] == name]
            wanted = [u for u in wanted if RANKS.index(level[u]) < RANKS.index(name)]
            self.goals += [(unit, name) for unit in dict.fromkeys(wanted)]
        self.planned, self.pledged = (
            {
                goal: min(
                    (
                        t["year"]
                        for t in told
                        if (t["unit"], t["level"], t["kind"]) == (*goal, kind)
                    ),
                    default=0,
                )
                for goal in self.goals
            }
            for kind in ("plan", "pledge")
        )

    def name(self, goal):
        unit, level = goal
        return ("" if level == "ntm" else f"{level}:") + self.units[unit]["code"]

    def _spans(self):
        """Year, month before the first, last month, part of a year."""
        reported = {self.planned[g] for g in self.goals if g[1] == "ntm"}
        spans, first = [], 0
        if self.year - 1 in reported and self.month <= 6:
            spans.append((self.year - 1, 0, 6 - self.month, 1.0))
        if self.month == 12 and self.year in reported:
            spans.append((self.year, 0, 0, 1.0))
        for month in range(1, self.horizon + 1):
            closes = (self.month + month) % 12 == 0
            if closes or month in (self.deadline, self.horizon):
                year = self.year + (self.month + month - 1) // 12
                whole = closes and year == self.year and year in reported
                part = 1.0 if whole and not first else (month - first) / 12
                spans.append((year, first, month, part))
                first = month
        return spans

    def _works(self, workbook, draws, seed):
        self.missing, self.chance, self.works = {}, {}, []
        for level in RANKS[1:]:
            units = [unit for unit, wanted in self.goals if wanted == level]
            if not units:
                continue
            if level == "ntm":
                missing = missing_ntm(workbook, draws, seed, units)
                chances = expected_lacks(facts_ntm(workbook, units))
            else:
                one = missing_higher(workbook, level, units)  # one world, of which all are alike
                chances = one.lacks[:, :, 0].astype(float)
                missing = one._replace(lacks=np.repeat(one.lacks, draws, axis=2))
            for i, unit in enumerate(units):
                self.missing[unit, level] = missing, i
                named = dict(zip(missing.numbers.tolist(), chances[i].tolist(), strict=True))
                self.chance[unit, level] = {0: 0} | named
            all_possible = missing._replace(lacks=(chances > 0)[:, :, None])
            for k in works_of(workbook, all_possible, level).to_dict("records"):
                self.works.append(k | {"goal": (k["unit"], level)})
        newest = {}
        for r in sorted(self.tables["debts"], key=lambda r: r["date"]):
            newest[r["unit"], r["criterion"]] = r["amount"]
        self.debts = Counter()
        for (unit, _), amount in newest.items():
            if unit in self.level:
                self.debts[unit] += round(amount * 1000)
        self.counts = assess(workbook, workbook.default_set("ntm")).counts

    def _prolong(self):
        """What nobody has entered goes on as in the last year."""
        rows = self.tables["envelopes"]
        last = max((int(r["year"]) for r in rows), default=0)
        until = (12 * self.year + self.month + self.horizon - 1) // 12
        self.envelopes = [*rows]
        for year in range(last + 1, until + 1) if rows else ():
            self.envelopes += [r | {"year": year} for r in rows if r["year"] == last]

    def served(self, pot, unit):
        """Which money of a pot a commune draws on: its own, its district's, or that for all."""
        told = {r["served"] for r in self.envelopes if r["pot"] == pot}
        mine = self.units[unit]["code"], self.units[unit]["district"]
        return next((s for s in mine if s and s in told), "")

    def _own_pots(self):
        """By pot whose own it is, by unit the part of it: held by every commune, or split."""
        own = {}
        for pot, row in self.pots.items():
            codes = {unit: self.units[unit]["code"] for unit in self.communes}
            if all(self.served(pot, unit) == code for unit, code in codes.items()):
                own[pot] = dict.fromkeys(self.communes, 1.0)
            if row["measure"] != "money":
                continue
            if self.policy == "equal" or (self.policy == "decree" and row["fund"] == "nstw"):
                weight = self._weights()
                served = {unit: self.served(pot, unit) for unit in weight}
                total = Counter()
                for unit, w in weight.items():
                    total[served[unit]] += w
                own[pot] = {unit: w / total[served[unit]] for unit, w in weight.items()}
        return own

    def _weights(self):
        if self.policy == "equal":
            return dict.fromkeys((unit for unit, _ in self.goals), 1)
        made = {}
        for unit, level in self.level.items():
            made[unit] = self.rule["coefficient_ntm"]
            if level == "not_ntm":
                counts = self.counts.loc[unit]
                met = counts["of"] - sum(self.chance[unit, "ntm"].values())
                if counts["counted"] or not counts["unknown"]:
                    met = counts["met"]
                made[unit] = self.rule["coefficient_under_15" if met < 15 else "coefficient_15_18"]
        return made

    def order(self, goal):
        """What the policy puts first is lowest."""
        if self.policy == "closest":
            return round(sum(self.chance[goal].values()), 6)
        if self.policy == "cheapest":
            owed = self.debts[goal[0]] / 1000 if goal[1] == "ntm" else 0
            mine = [k for k in self.works if k["goal"] == goal]
            return round(sum(self.usual_cost(k) for k in mine) + owed, 6)
        return 0

    def usual_cost(self, k):
        """Mean quantity x mean price x chance, million dong of the as-of year."""
        rise = {r["year"]: mean(r["low"], r["mode"], r["high"]) for r in self.tables["prices"]}
        year = self.costs[k["item"]]["price_year"]
        lift = 1.0
        for y in rise if k["item"] != DEBT else ():
            if year < y <= self.year:
                lift *= 1 + rise[y] / 100
            if self.year < y <= year:
                lift /= 1 + rise[y] / 100
        chance = 1.0 if k["criterion"] < 0 else self.chance[k["goal"]][k["criterion"]]
        size = mean(k["low"], k["quantity"], k["high"]) * k["left"]
        return size * mean(*self.ends(k["item"])) * lift * chance

    def ends(self, item):
        cost = self.costs[item]
        low, high = (
            given(cost[e], cost["mode"] * self.rule[f"cost_{e}"] / 100) for e in ("low", "high")
        )
        return low, cost["mode"], high

    def money_of_year(self, year):
        """What its envelopes promise, million dong; None for a year without any."""
        rows = [r for r in self.envelopes if r["year"] == year]
        price = mean(*self.ends(CEMENT))
        worth = [
            r["amount"] * (price if self.pots[r["pot"]]["measure"] == "cement" else 1)
            for r in rows
            if self.pots[r["pot"]]["fund"] != "tin_dung"
        ]
        return sum(worth) if rows else None

    # ---- one world

    def drawn(self, w, key, low, mode, high):
        u = self.uniform(*key)[w] if isinstance(key, tuple) else key
        return float(pert(np.array([u]), low, mode, high)[0])

    def together(self, w, own, shared, correlation):
        own, a = self.uniform(*own)[w], math.sqrt(self.rule[correlation] / 100)
        return self.uniform(*shared)[w] if own < a else (own - a) / (1 - a)

    def index(self, w):
        """Prices of each year over those of the as-of year."""
        rise = {
            int(r["year"]): self.drawn(
                w, ("price", f"{r['year']:g}"), r["low"], r["mode"], r["high"]
            )
            for r in self.tables["prices"]
        }
        made = {self.year: 1.0}
        for year in range(self.year + 1, max(rise) + 1):
            made[year] = made[year - 1] * (1 + rise[year] / 100)
        for year in range(self.year - 1, min(rise) - 2, -1):
            made[year] = made[year + 1] / (1 + rise[year + 1] / 100)
        return made

    def price(self, w, item, index):
        per = 1000 if item == DEBT else 1000 / index[int(self.costs[item]["price_year"])]
        return self.drawn(w, ("unit cost", item), *self.ends(item)) * per

    def income(self, w, index):
        """Money by pot, place served and month."""
        came, profile = defaultdict(Counter), defaultdict(dict)
        for r in self.tables["profiles"]:
            profile[r["pot"]][int(r["month"])] = r["share"]
        for r in self.envelopes:
            year = int(r["year"])
            key = r["pot"] + (f"@{r['served']}" if r["served"] else "") + f"|{year}"
            u, v = (
                self.together(w, (q, key), (f"{q} together", f"{year}"), "correlation_money")
                for q in ("disbursed", "delay")
            )
            ends = (r["disbursed_low"], r["disbursed"], r["disbursed_high"])
            part = self.drawn(w, u, *ends) / 100
            late = (given(r[c], 0) for c in ("delay_low", "delay", "delay_high"))
            delay = round(self.drawn(w, v, *late))
            for month in range(1, 13):
                share = profile[r["pot"]].get(month, 0) if r["pot"] in profile else 100 / 12
                if year == self.year and month <= self.month:
                    continue
                halves = [(0, part), (1, 1 - part)][: 1 + (r["carried"] == "yes")]
                for later, some in halves:
                    when = (year + later) * 12 + month + delay
                    amount = r["amount"] * share / 100 * some
                    if self.pots[r["pot"]]["measure"] == "money":
                        amount *= 1000 / index[min((when - 1) // 12, max(index))]
                    at = when - 12 * self.year - self.month
                    came[r["pot"], r["served"]][at] += round(amount)
        return came

    def needs(self, w, k, index):
        """Money part and cement part of a work, thousand dong, and the months that it takes."""
        missing, i = self.missing[k["goal"]]
        times = 1
        if k["criterion"] >= 0 and k["committed"] != "debt":
            place = missing.numbers.tolist().index(k["criterion"])
            times = int(missing.lacks[i, place, w])
        if not times:
            return 0, 0, 0
        code = self.units[k["unit"]]["code"]
        key = f"{code}|{k['criterion']}|{k['work']}"
        size = self.drawn(w, ("quantity", key), k["low"], k["quantity"], k["high"]) * k["left"]
        amount, cement = round(size * self.price(w, k["item"], index)) * times, 0
        for p in self.tables["parts"]:
            if p["item"] == k["item"] and self.pots[p["pot"]]["measure"] == "cement":
                ends = p["tonnes_low"], p["tonnes"], p["tonnes_high"]
                tonnes = round(size * self.drawn(w, ("tonnes", k["item"]), *ends)) * times
                cement = min(round(tonnes * self.price(w, CEMENT, index)), amount)
        time = self.times[k["item"]]
        key = f"{self.name(k['goal'])}|{k['criterion']}|{k['work']}"
        shared = ("duration together", "")
        u = self.together(w, ("duration", key), shared, "correlation_works")
        months = round(self.drawn(w, u, time["low"], time["mode"], time["high"]))
        if self.uniform("stall", key)[w] < time["stall"] / 100:
            months += int(time["stall_months"])
        left = math.ceil(months * k["left"] - 1e-9) if amount else 0
        return amount - cement, cement, left

    def world(self, w, years, with_money):
        """What happens in a world: by goal month met, lists it is on, what held it back."""
        index = self.index(w)
        till = Till(self, w, index) if with_money else None
        lag = {g: self._lag(w, g) for g in self.goals}
        said = {
            key: self.drawn(w, ("assumed", key), *self.assumed[key])
            for key in ("drift", "pledge_chance", "late_share", "money_exponent")
        }
        success, unpaid = years.mean_success[w], 1 - self.paid_share
        late = min(said["late_share"], max(0, 1 - success / 0.97) / max(unpaid, 1e-9))
        level = success / (1 - late * unpaid)
        size = (1 - years.correlation[w]) / years.correlation[w]
        met, held = dict.fromkeys(self.goals, NEVER), dict.fromkeys(self.goals, UNLISTED)
        count = {}
        for goal in self.goals:
            missing, i = self.missing[goal]
            count[goal] = float(missing.lacks[i, :, w].sum())
        policy = {goal: self.order(goal) for goal in self.goals}
        first_year = self.spans[0][0]
        missed = {g for g in self.goals if 0 < self.planned[g] < first_year}
        listed, lists = defaultdict(set), []
        for n, (year, first, last, part) in enumerate(self.spans):
            u = lambda q, goal, y=year: self.uniform(q, f"{self.name(goal)}|{y}")[w]  # noqa: E731
            open_ = [g for g in self.goals if met[g] == NEVER]
            ntm = [g for g in open_ if g[1] == "ntm"]
            back = {g for g in open_ if g in missed and u("return", g) < years.missed_return[w]}

            kept = [g for g in open_ if self.pledged[g] == year]
            kept = {g for g in kept if u("pledge", g) < said["pledge_chance"]}

            def key(g, back=back, kept=kept, missed=frozenset(missed)):
                group = 0 if g in back else 1 if g in kept else 3 if g in missed else 2
                tie = self.uniform("tie", self.name(g))[w]
                return g[1] != "ntm", group, policy[g], count[g], tie

            of_year = [g for g in open_ if self.planned[g] == year]
            if any(self.planned[g] == year for g in self.goals if g[1] == "ntm"):
                chosen = [g for g in of_year if g[1] == "ntm"]
            else:
                length = self._length(years, n, w, year, said["money_exponent"])
                length = (1 - (1 - length) ** part if part < 1 else length) * len(ntm)
                waiting = sum(g in back or g in kept for g in ntm)
                number = max(length, part * waiting)
                number = math.floor(number) + (years.rounding[n, w] < number - math.floor(number))
                chosen = sorted(ntm, key=key)[:number]
            chosen += [g for g in open_ if g[1] != "ntm" and (g in of_year or g in back)]
            chosen.sort(key=key)
            luck = betaincinv(level * size, (1 - level) * size, years.ease[n, w])
            if part < 1 and year in {self.planned[g] for g in self.goals if g[1] == "ntm"}:
                luck *= part  # a deadline inside the year of a reported list
            paid, in_time = till.pay(chosen, first, last) if till else (set(chosen),) * 2
            finished = set()
            for g in open_:
                if g in chosen:
                    chance = luck if g in in_time else luck * (1 - late)
                    if u("success", g) < chance:
                        finished.add(g)
                    if last <= self.deadline:
                        held[g] = FAILED if g in in_time else TIME if g in paid else MONEY
                    listed[g].add(n)
                elif g[1] == "ntm":
                    yearly = years.unlisted[w]
                    if u("unlisted", g) < (1 - (1 - yearly) ** part if part < 1 else yearly):
                        finished.add(g)
            if last <= self.deadline:
                mine = [g for g in chosen if g[1] == "ntm"]
                lists.append((len(mine), len(finished & set(mine)), len(in_time & set(mine))))
            missed = (missed | set(chosen)) - finished
            for g in self.goals:
                if g in finished:
                    met[g] = last
                if g not in chosen:
                    gained = math.floor(said["drift"] * part + u("gain", g))
                    count[g] = max(1, count[g] - gained)
        signed = {g: self._signed(met[g], lag[g]) for g in self.goals}
        return {"met": met, "signed": signed, "held": held, "listed": dict(listed), "lists": lists}

    def _lag(self, w, goal):
        ends = (self.rule[f"decision_{end}"] for end in ("low", "mode", "high"))
        return round(self.drawn(w, ("decision", self.name(goal)), *ends))

    def _signed(self, met, lag):
        if met == NEVER:
            return NEVER
        month = met
        while (self.month + month) % 12:
            month += 1
        return month + lag

    def _length(self, years, n, w, year, exponent):
        length = years.list_share[n, w]
        if self.usual_money:
            money = self.money_of_year(year)
            money = self.usual_money if money is None else money
            length *= (self.factor * money / self.usual_money) ** exponent
        return min(1, length)


class Till:
    """The money of a world and what has been paid out of it."""

    def __init__(self, cycle, w, index):
        self.cycle = cycle
        self.holders = {unit for unit, _ in cycle.goals}
        self.kinds = defaultdict(Counter)  # by goal: what each kind of cost is, thousand dong
        self.committed = defaultdict(Counter)  # by unit, paid before all lists
        self.months = Counter()
        for k in cycle.works:
            money, cement, months = cycle.needs(w, k, index)
            goal = k["goal"]
            fixed = k["committed"] in ("debt", "plan", "carried_over")
            if goal[1] == "ntm" and k["criterion"] < 0:  # no criterion of NTM waits for it
                if not fixed:
                    continue
                months = 0
            self.months[goal] = max(self.months[goal], months)
            into = self.committed[goal[0]] if fixed else self.kinds[goal]
            into[k["item"], False] += money
            into[k["item"], True] += cement
        for unit, amount in cycle.debts.items():
            self.committed[unit][DEBT, False] += amount
        self.came = cycle.income(w, index)
        self.cement = cycle.price(w, CEMENT, index)
        self.paid = {}  # by goal: the month in which its works were paid

    def pay(self, chosen, first, last):
        """Whose works are paid by the end, and of those whose end in time."""
        quarters = [m for m in range(last, first, -3)] + [first]
        upto = {*self.paid}
        for goal in chosen:
            mine = {g for g in upto if g[0] == goal[0]} | {goal}
            asks = self.cycle.own and goal not in self.paid
            if asks and not self.payable(mine, last, last, alone=goal[0]):
                continue  # its own pots are short: it waits for itself
            upto.add(goal)
            if not self.payable(upto, last, last):
                break
            wanted = [m for m in quarters if m + self.months[goal] <= last]
            early = wanted and goal not in self.paid and self.payable(upto, wanted[0], last)
            self.paid.setdefault(goal, wanted[0] if early else last)
        paid = {g for g in chosen if g in self.paid}
        return paid, {g for g in paid if self.paid[g] + self.months[g] <= last}

    def money(self, pot, served, month):
        came = sum(v for at, v in self.came[pot, served].items() if at <= month)
        if self.cycle.pots[pot]["measure"] == "cement":
            came = math.floor(came * self.cement)
        return came

    def payable(self, goals, month, end, alone=None):
        """Whether some mix of the pots pays what is committed and the works of these goals.

        Of shared pots what has come by ``month``, of communes' own what comes by the year's end.
        ``alone``: of one commune, were shared money without end.
        """
        costs = defaultdict(Counter)
        for unit, kinds in self.committed.items():
            free = alone is None and (not self.cycle.own or unit not in self.holders)
            if free or unit == alone or (alone is None and self.payable(set(), end, end, unit)):
                costs[unit].update(kinds)
        for goal in goals:
            costs[goal[0]].update(self.kinds[goal])
        places, limits, rows, bounds = {}, [], [], []  # of pots; money of pots; columns
        sums = []
        for unit, kinds in costs.items():
            for (item, cement), cost in kinds.items():
                parts = [
                    (p["pot"], *self.shares(p, cement))
                    for p in self.cycle.tables["parts"]
                    if p["item"] == item and (cement or self.is_money(p["pot"]))
                ]
                if not cost or not any(self.is_money(pot) for pot, *_ in parts):
                    continue
                for pot, least, most in parts:
                    whose = unit if pot in self.cycle.own else None
                    if (pot, whose) not in places:
                        places[pot, whose] = len(limits)
                        limits.append(self.limit(pot, whose, month, end, alone))
                    rows.append((len(sums), places[pot, whose]))
                    bounds.append((least * cost / 1000, most * cost / 1000))
                sums.append(cost)
        if not sums or sum(sums) > sum(limits):
            return not sums
        by_cost, by_pot = np.zeros((len(sums), len(rows))), np.zeros((len(limits), len(rows)))
        for column, (cost, pot) in enumerate(rows):
            by_cost[cost, column] = by_pot[pot, column] = 1
        unit = max(sums)  # so that numbers are about one
        scaled = np.array(bounds) / unit
        found = linprog(
            np.zeros(len(rows)),
            by_pot,
            np.array(limits) / unit,
            by_cost,
            np.array(sums) / unit,
            scaled,
        )
        return found.status == 0

    def is_money(self, pot):
        return self.cycle.pots[pot]["measure"] == "money"

    def shares(self, part, cement):
        """Least and most of a part in thousandths: of cement itself all, of the rest its most."""
        if not self.is_money(part["pot"]):
            return 0, 1000
        least, most = (given(part.get(end, math.nan), part["share"]) for end in ("least", "most"))
        most = math.ceil(10 * most - 1e-9)
        return (0, most) if cement else (math.floor(10 * least + 1e-9), most)

    def limit(self, pot, unit, month, end, alone):
        """What has come of a pot; of one's own pot, or of a part of it, what has come of that.

        What a commune without a goal has committed, its own pots pay.
        """
        if unit is None and alone is not None:
            return 1e12
        if unit is not None and unit not in self.holders:
            return 1e12
        if unit is None:
            served = {self.cycle.served(pot, u) for u in self.cycle.communes}
            come = sum(self.money(pot, s, month) for s in served)
        else:
            part = self.cycle.own[pot].get(unit, 0.0)
            come = math.floor(self.money(pot, self.cycle.served(pot, unit), end) * part)
        return math.floor(come * self.cycle.factor)

"""A slow second reading of the need: one world at a time; shares standing, uniforms, PERT table and
the bell of counts.
"""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from functools import cache
from itertools import accumulate

import numpy as np
from scipy.optimize import linprog

from ntm_analysis.needs import pert, uniforms
from ntm_analysis.needs.random_numbers import count_distribution
from ntm_analysis.standing import assess

OLD, NEW = "ntm-2016-2020", "ntm-2021-2025"
NUMBERS, CEMENT = range(1, 20), "xi-mang"
given = lambda value, otherwise: otherwise if value != value else value  # noqa: E731 - a blank cell is NaN


def worlds(workbook, draws: int, seed: int, until: int) -> list[dict]:
    """By world: total, by criterion, pot, year and commune, tonnes, what pots lack at usual shares,
    both gaps; no zeros.
    """
    tables = {name: table.to_dict("records") for name, table in workbook.tables.items()}
    standing, base = assess(workbook, OLD), workbook.as_of.year
    state = {(r.unit, r.criterion): r.state for r in standing.states.itertuples()}
    lost = {r["criterion"]: r["lost"] / 100 for r in tables["carry_over"]}
    odds = {
        r["criterion"]: 1 / (1 / min(max(r["share"] / 100, 0.01), 0.99) - 1)
        for r in tables["criterion_shares"]
    }
    costs, pots = (
        {r["item"]: r for r in tables["unit_costs"]},
        {r["pot"]: r for r in tables["pots"]},
    )
    rule = {r["key"]: r["value"] / 100 for r in tables["assumptions"]}
    prices = {r["year"]: (r["low"], r["mode"], r["high"]) for r in tables["prices"]}
    uniform = cache(lambda quantity, key: uniforms(seed, quantity, [key], draws)[0].tolist())

    def one(w: int) -> dict:
        made, due, held = defaultdict(Counter), Counter(), {"gap": {}, "late_gap": {}}

        def drawn(quantity: str, key: str, low: float, mode: float, high: float) -> float:
            return float(pert(np.array([uniform(quantity, key)[w]]), low, mode, high)[0])

        rise = {y: 1 + drawn("price", f"{y:g}", *row) / 100 for y, row in prices.items()}

        def thousands(year: int) -> float:
            up = math.prod(rise[y] for y in range(base + 1, int(year) + 1))
            return 1000 / up * math.prod(rise[y] for y in range(int(year) + 1, base + 1))

        def price(item: str) -> float:
            mode = costs[item]["mode"]
            low, high = (
                given(costs[item][end], mode * rule[f"cost_{end}"]) for end in ("low", "high")
            )
            return drawn("unit cost", item, low, mode, high) * thousands(costs[item]["price_year"])

        def lacking(unit: int, code: str, group: str) -> set[int]:
            met = {n for n in NUMBERS if state[unit, n] in ("met", "not_applicable")}
            unknown = [n for n in NUMBERS if state[unit, n] == "unknown"]
            if standing.counts.loc[unit, "counted"]:
                left = int(standing.counts.loc[unit, "met"]) - len(met)
            elif unknown:
                ends = len(met), min(len(met) + len(unknown), 18)
                left = count(tables["count_priors"], group, *ends, uniform("count", code)[w]) - len(
                    met
                )
            for place, n in enumerate(unknown):
                rest = tuple(odds[m] for m in unknown[place + 1 :])
                taken = odds[n] * ways(rest, left - 1)
                if uniform("which", f"{code}|{n}")[w] < taken / (taken + ways(rest, left)):
                    met, left = met | {n}, left - 1
            return {
                n for n in NUMBERS if n not in met or uniform("lost", f"{code}|{n}")[w] < lost[n]
            }

        def claim(unit: int, code: str, criterion: int, work: dict, year: float) -> None:
            item, mode = work["item"], work["quantity"]
            ends = given(work["low"], mode), mode, given(work["high"], mode)
            quantity = drawn("quantity", f"{code}|{criterion}|{work.get('work', item)}", *ends)
            quantity *= 1 - given(work.get("percent_done", 0), 0) / 100
            amount = rest = round(quantity * price(item))
            *money, last = (p for p in tables["parts"] if p["item"] == item and p["pot"] != "t")
            for p in (p for p in tables["parts"] if p["item"] == item and p["pot"] == "t"):
                ends = p["tonnes_low"], p["tonnes"], p["tonnes_high"]
                tonnes = round(quantity * drawn("tonnes", item, *ends))
                made["tonnes"][given(year, 0)] += tonnes
                made["pot_year"]["t", given(year, 0)] += tonnes
                rest -= min(amount, round(tonnes * price(CEMENT)))
                due[item, "cement"] += (amount - rest) * (given(year, until) <= until)
            due[item, "money"] += rest * (given(year, until) <= until)
            claims = Counter({p["pot"]: rest * round(p["share"] * 100) // 10_000 for p in money})
            claims |= {last["pot"]: rest - claims.total()}
            made["pot"].update(claims)
            made["pot_year"].update({(p, given(year, 0)): c for p, c in claims.items()})
            for name, key in [
                ("total", ""),
                ("criterion", criterion),
                ("year", given(year, 0)),
                ("commune", unit),
            ]:
                made[name][key] += amount

        for unit, row in workbook.communes.iterrows():
            lacks, code = lacking(unit, row["code"], row["group"]), row["code"]
            year = min(
                (t["year"] for t in tables["targets"] if t["unit"] == unit), default=math.nan
            )
            own = [k for k in tables["works"] if k["unit"] == unit and k["level"] == "ntm"]
            for k in (k for k in own if k["state"] != "done"):
                criterion = int(given(k["criterion"], -1))
                if criterion == -1 or criterion in lacks or k["committed"] == "debt":
                    claim(unit, code, criterion, k, given(k["planned_year"], year))
            usual = lacks - {k["criterion"] for k in own}
            for k in (k for k in tables["typical_works"] if k["criterion"] in usual):
                claim(unit, code, int(k["criterion"]), k, year)
        for p, pot in pots.items():
            asked, planned, paid = (
                sum(c for (q, y), c in made["pot_year"].items() if q == p and y <= until),
                0,
                0,
            )
            for e in tables["envelopes"]:
                if e["pot"] == p and base <= e["year"] <= until and pot["fund"] != "tin_dung":
                    ends = e["disbursed_low"], e["disbursed"], e["disbursed_high"]
                    money = e["amount"] * (1 if p == "t" else thousands(e["year"]))
                    money *= (12 - workbook.as_of.month) / 12 if e["year"] == base else 1
                    planned += round(money)
                    paid += round(money * drawn("disbursed", f"{p}|{e['year']:g}", *ends) / 100)
            made["by_pot"][p] = max(0, asked - planned)
            worth = price(CEMENT) if p == "t" else 1
            held["gap"][p], held["late_gap"][p] = (
                math.floor(planned * worth),
                math.floor(paid * worth),
            )
        for name, money in held.items():
            made[name][""] = extra(tables["parts"], due, money)
        return {name: {k: v for k, v in found.items() if v} for name, found in made.items()}

    return [one(w) for w in range(draws)]


def extra(parts: list[dict], due: Counter, held: dict[str, int]) -> int:
    """The least extra money in whatever pots with which all that is due can be paid: one variable a
    payment, one a pot.
    """
    payments, ends = [], []
    for (item, kind), amount in due.items():
        for p in (p for p in parts if p["item"] == item and (kind == "cement" or p["pot"] != "t")):
            low, high = (
                (math.floor(p["least"] * 10), math.ceil(p["most"] * 10))
                if p["pot"] != "t"
                else (0, 1000)
            )
            payments.append((item, kind, p["pot"]))
            ends.append(((0 if kind == "cement" else low) * amount / 1000, high * amount / 1000))
    kinds, pots = list(due), list(held)
    paid = np.array(
        [[float(pay[:2] == kind) for pay in payments] + [0.0] * len(pots) for kind in kinds]
    )
    taken = np.array(
        [[float(pay[2] == p) for pay in payments] + [-float(q == p) for q in pots] for p in pots]
    )
    if not payments:
        return 0
    found = linprog(
        [0] * len(payments) + [1] * len(pots),
        A_ub=taken,
        b_ub=list(held.values()),
        A_eq=paid,
        b_eq=list(due.values()),
        bounds=ends + [(0, None)] * len(pots),
    )
    assert found.status == 0, found.message
    return math.ceil(round(found.fun, 3))


@cache
def ways(odds: tuple, count: int) -> float:
    return (
        odds[0] * ways(odds[1:], count - 1) + ways(odds[1:], count)
        if odds and count >= 0
        else float(count == 0)
    )


def count(rows: list[dict], group: str, fewest: int, most: int, u: float) -> int:
    """A number of criteria met from one uniform: a tilted bell with the pinned mean, cut to what is
    possible.
    """
    (plain,) = (r for r in rows if r["group"] == "plain")
    mean = (plain["average"] * plain["communes"] - 19 * plain["ntm"]) / (
        plain["communes"] - plain["ntm"]
    )
    mean += sum(
        r["shift"] * ((r["group"] in group.split("|")) - r["share"] / 100)
        for r in rows
        if r is not plain
    )
    weight = count_distribution(mean, plain["spread"], 3, 18)
    possible = range(max(3, fewest), most + 1)
    chosen = weight[possible[0] - 3 : most - 2]
    return possible[bisect_right(list(accumulate(chosen)), u * sum(chosen))]

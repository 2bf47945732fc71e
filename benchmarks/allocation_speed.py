"""The best plan on random districts and provinces, against the same model as one would first write it down.

    .venv/bin/python benchmarks/allocation_speed.py        (after `python3 run.py` has set up .venv)

Each instance is made in memory from a fixed seed: 40 % of the communes are not NTM yet, each with about ten works; ten pots, some
for the whole province, some for a district of 20 communes, some for one commune, one for roads and canals alone, and cement in
tonnes; works last 4 to 24 months after their money, one in sixteen is committed; each commune is to get a minimum; four periods,
money for 60 % of the need, more each year. `optimum` finds all its aims, started from the best rule that keeps all constraints.
The alternative knows the first aim only: a binary for each work and period and for each goal, rows that link them, no start,
HiGHS as it comes on one thread for at most 60 seconds; the ratio is to the seconds in which `optimum` is through with that aim.
Each instance has a process of its own. Before each size the machine's own speed is printed, as the seconds of a plain loop of
five million additions.
"""

import json
import subprocess
import sys
import time

from forecast_speed import plain_loop
from need_speed import ROOT

SIZES, SEEDS, LIMIT = (37, 411), (1, 2, 3), 60.0
# Pots by scope: the district's and the commune's have an instance for each. Parts of an item in %, by pot; then months of work.
PROVINCE, DISTRICT, COMMUNE = ("tw", "tinh", "ngan-hang", "giao-thong"), ("huyen", "long-ghep", "dat"), ("xa", "dan")
ITEMS = {
    "road": ({"tw": 35, "giao-thong": 25, "huyen": 15, "xa": 15, "dan": 10}, 9),
    "lane": ({"giao-thong": 40, "xa": 35, "dan": 25}, 5),
    "canal": ({"tinh": 40, "giao-thong": 20, "huyen": 40}, 8),
    "school": ({"tw": 40, "tinh": 20, "huyen": 25, "dat": 15}, 14),
    "clinic": ({"tinh": 60, "dat": 40}, 10),
    "hall": ({"long-ghep": 50, "xa": 30, "dan": 20}, 6),
    "water": ({"tw": 30, "ngan-hang": 70}, 18),
    "house": ({"long-ghep": 60, "dan": 40}, 5),
}
CEMENT = {"road": 0.12, "lane": 0.3}  # tonnes a million đồng


def instance(communes: int, seed: int):
    """A central case: the communes not yet NTM of a province are its goals."""
    import numpy as np

    from ntm_analysis.allocation.central import Central, Pot

    chance = np.random.default_rng([communes, seed])
    late = np.flatnonzero(chance.random(communes) < 0.4)
    names, own = list(ITEMS), chance.lognormal(1.0, 0.4, communes)  # how far a commune's own money goes
    goal = np.repeat(np.arange(len(late)), np.maximum(chance.poisson(10, len(late)), 1))
    works = len(goal)
    item = chance.integers(len(names), size=works)
    cost = np.rint(chance.lognormal(np.log(900_000), 0.9, works)).astype(np.int64)  # thousand đồng
    committed = chance.random(works) < 1 / 16
    cost[committed] //= 4  # what is still to be paid of works under way
    months = np.array([ITEMS[name][1] for name in names])[item] + chance.triangular(-3, 0, 6, works)
    left = np.clip(np.rint(months), 4, 24).astype(int)
    claims: dict[str, list[tuple[int, int]]] = {}
    for work in range(works):
        kind, commune = names[item[work]], int(late[goal[work]])
        for pot, share in ITEMS[kind][0].items():
            name = pot if pot in PROVINCE else f"{pot}|{commune // 20 if pot in DISTRICT else f'x{commune}'}"
            claims.setdefault(name, []).append((work, int(cost[work]) * share // 100))
        if kind in CEMENT:
            claims.setdefault("xi-mang", []).append((work, round(CEMENT[kind] * cost[work] / 1000)))
    asked = {name: sum(amount for _, amount in rows) for name, rows in claims.items()}
    gives = {name: asked[name] * (own[int(name.split("|x")[1])] if "|x" in name else chance.uniform(0.85, 1.15))
             for name in claims}  # fmt: skip
    shared = [name for name in claims if "|x" not in name and name != "xi-mang"]
    whole = sum(amount for name, amount in asked.items() if name != "xi-mang")
    rest = 0.6 * whole - sum(min(gives[name], asked[name]) for name in claims if "|x" in name)
    factor = rest / sum(gives[name] for name in shared)
    pots, years = [], np.cumsum([0.2, 0.23, 0.27, 0.3])
    for name, rows in claims.items():
        money = gives[name] * (factor if name in shared else 0.6 if name == "xi-mang" else 1.0)
        who, amounts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
        pots.append(Pot(name, who, amounts, np.rint(money * years).astype(np.int64), name == "xi-mang"))
    need = np.bincount(goal, weights=cost, minlength=len(late))
    least = np.minimum(500_000, need / 4).astype(np.int64)
    return Central(np.array([9, 21, 33, 45]), pots, goal, left, np.ones(works, dtype=bool), committed,
                   np.ones(len(late)), least)  # fmt: skip


def rule_start(case):
    """The periods of the best rule that gives every commune its minimum, and what the best of all rules reaches: own order,
    fewest works, cheapest commune first; the same after the least works of each commune up to its minimum."""
    import numpy as np

    from ntm_analysis.allocation.central import funded, in_order, in_time

    money, best = case.money_of_works(), (0.0, None)
    keys = (np.arange(len(case.weight)), np.bincount(case.goal), np.bincount(case.goal, weights=money))
    given, first = np.bincount(case.goal, weights=money * case.committed), np.zeros(len(case.goal), dtype=bool)
    for work in np.argsort(money, kind="stable"):
        if not case.committed[work] and given[case.goal[work]] < case.minimum[case.goal[work]]:
            first[work], given[case.goal[work]] = True, given[case.goal[work]] + money[work]
    reached = []
    for key, least in ((key, least) for key in keys for least in (np.zeros_like(first), first)):
        place = np.empty(len(case.goal), dtype=np.int64)
        order = np.lexsort([np.arange(len(place)), case.goal, key[case.goal], ~least, ~case.committed])
        place[order] = np.arange(len(place))
        period = funded(case, in_order(case, place))
        paid = period <= len(case.ends)
        given = np.bincount(case.goal[paid], weights=money[paid], minlength=len(case.weight))
        reached.append(float(case.weight[in_time(case, period)].sum()))
        if (given >= case.minimum).all() and (best[1] is None or reached[-1] > best[0]):
            best = reached[-1], period
    return best[1], max(reached)


def plain_model(case) -> dict:
    """The first aim as one would write it down: a binary for each work and period, one for each goal."""
    import highspy
    import numpy as np

    from ntm_analysis.allocation.central import funded, in_order, latest, reached

    works, periods, money = len(case.goal), len(case.ends), case.money_of_works()
    fixed = funded(case, in_order(case, np.where(case.committed, np.arange(works), works)))
    late = reached(case, np.where(case.committed, fixed, 0)) > case.ends[-1]
    last = latest(case)[:, -1]
    model = highspy.Highs()
    for option, value in (("threads", 1), ("time_limit", LIMIT)):
        model.setOptionValue(option, value)
    model.silent()
    goals = [model.addBinary(obj=float(w)) for w in case.weight]
    x = {(w, t): model.addBinary() for w in np.flatnonzero(~case.committed).tolist() for t in range(1, periods + 1)}
    for w in np.flatnonzero(~case.committed).tolist():
        model.addConstr(model.qsum(x[w, t] for t in range(1, periods + 1)) <= 1)
        if case.counted[w]:
            in_time = [x[w, t] for t in range(1, last[w] + 1)]
            model.addConstr(goals[case.goal[w]] <= (model.qsum(in_time) if in_time else 0))
    for goal in np.flatnonzero(late).tolist():
        model.addConstr(goals[goal] <= 0)
    for pot in case.pots:
        owed = int(pot.amounts[case.committed[pot.works]].sum())
        mine = [(w, a) for w, a in zip(pot.works.tolist(), pot.amounts.tolist(), strict=True) if not case.committed[w]]
        for t in range(1, periods + 1):
            spent = model.qsum(a * x[w, s] for w, a in mine for s in range(1, t + 1) if a)
            if mine:
                model.addConstr(spent <= max(int(pot.money[t - 1]) - owed, 0))
    for goal in np.flatnonzero(case.minimum).tolist():
        mine = np.flatnonzero(case.goal == goal).tolist()
        held = sum(int(money[w]) for w in mine if case.committed[w] and fixed[w] <= periods)
        open_ = [int(money[w]) * x[w, t] for w in mine if not case.committed[w] for t in range(1, periods + 1)]
        if case.minimum[goal] > held:
            model.addConstr(model.qsum(open_) >= int(case.minimum[goal]) - held)
    model.changeObjectiveSense(highspy.ObjSense.kMaximize)
    begin = time.perf_counter()
    model.run()
    seconds, info = time.perf_counter() - begin, model.getInfo()
    found = info.primal_solution_status == 2
    return {
        "seconds": seconds, "value": round(info.objective_function_value, 6) if found else None,
        "bound": round(info.mip_dual_bound, 6), "nodes": int(info.mip_node_count),
    }  # fmt: skip


def measure(communes: int, seed: int) -> dict:
    """Seconds, value and bound of both on one instance."""
    from ntm_analysis.allocation import optimum as module

    answers, exact = [], module._exact

    def timed(*given):
        answer = exact(*given)
        answers.append(time.perf_counter())
        return answer

    module._exact = timed
    module.optimum(instance(10, 0))  # libraries loaded
    answers.clear()
    case = instance(communes, seed)
    start, rule = rule_start(case)
    begin = time.perf_counter()
    best = module.optimum(case, start)
    seconds = time.perf_counter() - begin
    return {
        "communes": communes, "seed": seed, "goals": len(case.weight), "works": len(case.goal), "pots": len(case.pots),
        "rule": rule, "started": start is not None, "first": answers[0] - begin, "seconds": seconds,
        "value": best.value, "bound": best.bound, "gap": best.gap,
        "status": best.status, "settled": bool(best.settled), "nodes": best.nodes,
        "plain": plain_model(case),
    }  # fmt: skip


def told(found: dict) -> str:
    plain = found["plain"]
    start = "started from a rule" if found["started"] else "no rule keeps all constraints"
    least = "none" if plain["value"] is None else f"{plain['value']:g}"
    return (
        f"{found['communes']:5d} communes (seed {found['seed']}), {found['goals']} goals, {found['works']} works, "
        f"{found['pots']} pots; best rule {found['rule']:g} ({start}): value {found['value']:g}, bound {found['bound']:g}, "
        f"gap {100 * found['gap']:.2f} %, {found['status']}, {'settled' if found['settled'] else 'not settled'}, "
        f"{found['seconds']:.2f} s ({found['first']:.2f} s for the first aim), {found['nodes']} nodes; plain model of the first "
        f"aim {plain['seconds']:.1f} s, value {least}, bound {plain['bound']:g}, ratio {plain['seconds'] / found['first']:.0f}"
    )


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
        return
    for communes in SIZES:
        print(f"plain loop {plain_loop():.2f} s")
        for seed in SEEDS:
            command = [sys.executable, __file__, str(communes), str(seed)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            print(told(json.loads(done.stdout.splitlines()[-1])), flush=True)  # HiGHS names itself before


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

"""The best plan on random districts and provinces, against the same model as one would first write
it down.

    .venv/bin/python benchmarks/allocation_speed.py        (after `python3 run.py` has set up .venv)

Each instance is made in memory from a fixed seed: 40 % of the communes are not NTM yet, each lacks
works of some of eight items; ten pots stand in for each other within bounds, one of them pays for
roads and canals alone, one is cement; works last 4 to 20 months; each commune is to get a minimum;
four years, lists of a fifth of those left, money for 60 % of the need, more each year. `optimum`
finds all its aims, beside the best of three orders, and every plan that it finds is paid as a flow.
The alternative knows the first aim only: a binary for each commune and year, and what each pot pays
of each commune's works in each year, HiGHS as it comes on one thread for at most 60 seconds. Each
instance has a process of its own. Before each size the machine's own speed is printed, as the
seconds of a plain loop of five million additions.
"""

import json
import subprocess
import sys
import time

from forecast_speed import plain_loop
from need_speed import ROOT

SIZES, SEEDS, LIMIT = (37, 411), (1, 2, 3), 60.0
POTS = ("tw", "tinh", "huyen", "xa", "dat", "long-ghep", "giao-thong", "dan", "dn", "xi-mang")
ITEMS = {  # usual shares in %, months of work
    "road": ({"tw": 30, "giao-thong": 25, "huyen": 15, "xa": 20, "dan": 10}, 9),
    "lane": ({"giao-thong": 40, "xa": 35, "dan": 25}, 5),
    "canal": ({"tinh": 40, "giao-thong": 20, "huyen": 40}, 8),
    "school": ({"tw": 40, "tinh": 20, "huyen": 25, "dat": 15}, 12),
    "clinic": ({"tinh": 60, "dat": 40}, 10),
    "hall": ({"long-ghep": 50, "xa": 30, "dan": 20}, 6),
    "water": ({"tw": 30, "long-ghep": 60, "dn": 10}, 11),
    "house": ({"long-ghep": 60, "dan": 40}, 5),
}
CEMENT = {"road": 0.15, "lane": 0.3}  # the part of the cost that may be cement in kind


def instance(communes: int, seed: int):
    """A central case whose goals are the communes not yet NTM."""
    import numpy as np
    import pandas as pd

    from ntm_analysis.allocation.central_case import NONE, CentralCase
    from ntm_analysis.needs import CEMENT_PART, pot_sets

    chance = np.random.default_rng([communes, seed])
    goals = int((chance.random(communes) < 0.4).sum())
    rows = []
    for item, (shares, _) in ITEMS.items():
        for pot, usual in shares.items():
            free = pot in ("dan", "dn")
            rows.append((item, pot, usual, 0, usual if free else min(100, 2 * usual)))
        if item in CEMENT:
            rows.append((item, "xi-mang", np.nan, np.nan, np.nan))
    parts = pd.DataFrame(rows, columns=["item", "pot", "share", "least", "most"])
    measure = ["cement" if pot == "xi-mang" else "money" for pot in POTS]
    sets = pot_sets(
        {"parts": parts, "pots": pd.DataFrame({"pot": POTS, "measure": measure, "fund": "nst"})}
    )
    lacks = chance.random((goals, len(ITEMS))) < 0.6
    whole = np.rint(chance.lognormal(np.log(3_000_000), 0.8, lacks.shape)) * lacks
    cost = np.zeros((goals, len(sets.kinds)))
    for i, item in enumerate(ITEMS):
        cement = np.floor(whole[:, i] * CEMENT.get(item, 0))
        cost[:, sets.kinds.index(item)] = whole[:, i] - cement
        if item in CEMENT:
            cost[:, sets.kinds.index(item + CEMENT_PART)] = cement
    months = (np.array([m for _, m in ITEMS.values()]) * lacks).max(axis=1) + chance.integers(
        -1, 9, goals
    )
    marks, ends = np.arange(0, 46, 3), np.array([9, 21, 33, 45])
    last = np.searchsorted(marks, ends)
    wanted = np.searchsorted(marks, ends[None, :] - months[:, None], side="right") - 1
    checkpoint = np.where((wanted >= 0) & (marks[wanted] >= np.array([0, 9, 21, 33])), wanted, NONE)
    usual = np.zeros((len(sets.kinds), len(POTS)))
    for k, kind in enumerate(sets.kinds):
        shares = {"xi-mang": 100} if kind.endswith(CEMENT_PART) else ITEMS[kind][0]
        usual[k] = [shares.get(pot, 0) / 100 for pot in POTS]
    asked = cost.sum(axis=0) @ usual
    money = np.outer(
        0.6 * asked * chance.uniform(0.7, 1.3, len(POTS)), np.linspace(0, 1, len(marks)) ** 1.2
    )
    order = [POTS.index(pot) for pot in sets.pots]
    need = cost.sum(axis=1)
    lists = np.full(4, max(1, round(0.2 * goals)))
    luck = np.array([0.97, 0.95, 0.9, 0.75])
    bounds = [
        (kind, pot, sets.least[k, p], 1_000 * usual[k, POTS.index(pot)], sets.most[k, p])
        for k, kind in enumerate(sets.kinds)
        for p, pot in enumerate(sets.pots)
        if sets.most[k, p]
    ]
    return CentralCase(
        sets,
        [2022, 2023, 2024, 2025],
        ends,
        last,
        marks,
        cost,
        np.repeat(sets.demand(cost.T).T[:, None], 4, axis=1),
        months,
        checkpoint,
        np.floor(money[order]),
        np.zeros((len(marks), len(sets.members))),
        lists,
        np.outer(luck, [1, 0.8]).ravel(),
        np.ones(goals),
        np.divide(np.minimum(500_000, need / 4), need, out=np.zeros(goals), where=need > 0),
        np.zeros(goals),
        np.ones(goals, dtype=bool),
        np.full(goals, NONE),
        np.full(goals, NONE),
        np.arange(goals),
        pd.DataFrame(bounds, columns=["kind", "pot", "least", "usual", "most"]),
        pd.DataFrame(columns=sets.kinds, dtype=float),
        None,
    )


def rule_start(case):
    """The plan of the best of three orders: as they stand, cheapest first, shortest works first."""
    import numpy as np

    from ntm_analysis.allocation.central_case import in_order

    keys = (np.arange(len(case.weight)), case.cost.sum(axis=1), case.months)
    plans = [in_order(case, np.argsort(key, kind="stable")) for key in keys]
    return max(plans, key=case.value)


def plain_model(case) -> dict:
    """The first aim as one would write it down: who is listed when, and who pays what of it in
    which year.
    """
    import highspy
    import numpy as np

    goals, years, kinds = len(case.weight), range(len(case.years)), case.sets.kinds
    model = highspy.Highs()
    for option, value in (("threads", 1), ("time_limit", LIMIT)):
        model.setOptionValue(option, value)
    model.silent()
    x = {}
    for g in range(goals):
        for y in years:
            for late in (False, True):
                if late or case.checkpoint[g, y] >= 0:
                    x[g, y, late] = model.addBinary(
                        obj=float(case.weight[g] * case.chance[2 * y + late])
                    )
        model.addConstr(model.qsum(v for (h, _, _), v in x.items() if h == g) <= 1)
    for y in years:
        model.addConstr(
            model.qsum(v for (_, z, _), v in x.items() if z == y) <= int(case.places[y])
        )
    spent: dict[tuple[str, int], list] = {}
    for (g, y, late), listed in x.items():
        checkpoint = int(case.last[y] if late else case.checkpoint[g, y])
        for k in np.flatnonzero(case.cost[g]):
            cost = case.cost[g, k] / 1e6
            mine = case.bounds[case.bounds["kind"] == kinds[k]]
            flows = []
            for row in mine.to_dict("records"):
                flow = model.addVariable(lb=0.0)
                model.addConstr(flow >= row["least"] / 1_000 * cost * listed)
                model.addConstr(flow <= row["most"] / 1_000 * cost * listed)
                spent.setdefault((row["pot"], checkpoint), []).append(flow)
                flows.append(flow)
            model.addConstr(model.qsum(flows) == cost * listed)
    for p, pot in enumerate(case.sets.pots):
        for m in range(len(case.checkpoints)):
            before = [
                flow
                for (name, checkpoint), flows in spent.items()
                if name == pot and checkpoint <= m
                for flow in flows
            ]
            if before:
                model.addConstr(model.qsum(before) <= case.money[p, m] / 1e6)
    model.changeObjectiveSense(highspy.ObjSense.kMaximize)
    begin = time.perf_counter()
    model.run()
    seconds, info = time.perf_counter() - begin, model.getInfo()
    found = info.primal_solution_status == 2
    value = round(info.objective_function_value, 6) if found else None
    return {"seconds": seconds, "value": value, "bound": round(info.mip_dual_bound, 6)}


def measure(communes: int, seed: int) -> dict:
    """Seconds, value and bound of both on one instance."""
    from ntm_analysis.allocation.best_plan import optimum

    optimum(instance(10, 0))  # libraries loaded
    case = instance(communes, seed)
    start = rule_start(case)
    begin = time.perf_counter()
    first = optimum(case, start, later=False)
    middle = time.perf_counter()
    best = optimum(case, start)
    end = time.perf_counter()
    return {
        "communes": communes,
        "seed": seed,
        "goals": len(case.weight),
        "sets": len(case.sets.members),
        "rule": case.value(start),
        "first": middle - begin,
        "seconds": end - middle,
        "value": first.value,
        "bound": first.bound,
        "gap": first.gap,
        "status": best.status,
        "settled": bool(best.settled),
        "plain": plain_model(case),
    }


def told(found: dict) -> str:
    plain = found["plain"]
    value = "none" if plain["value"] is None else f"{plain['value']:.2f}"
    return (
        f"{found['communes']:5d} communes (seed {found['seed']}), {found['goals']} goals, "
        f"{found['sets']} pot sets; best rule {found['rule']:.2f}: value {found['value']:.2f}, "
        f"bound {found['bound']:.2f}, gap {100 * found['gap']:.2f} %, {found['status']}, "
        f"{'settled' if found['settled'] else 'not settled'}, {found['seconds']:.2f} s "
        f"({found['first']:.2f} s for the first aim); plain model of the first aim "
        f"{plain['seconds']:.1f} s, value {value}, bound {plain['bound']:.2f}, "
        f"ratio {plain['seconds'] / found['first']:.0f}"
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
            # HiGHS names itself before
            print(told(json.loads(done.stdout.splitlines()[-1])), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

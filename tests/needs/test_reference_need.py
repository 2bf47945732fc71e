"""The need, its parts and the gap against a second, slow reading of the model, world by world, on
small random data sets.
"""

import random

import pytest
from conftest import sample
from reference_need import NEW, OLD, worlds

from ntm_analysis.data import Workbook
from ntm_analysis.needs import communes_in_need
from ntm_analysis.needs.funding import funding
from ntm_analysis.needs.missing import missing_ntm
from ntm_analysis.needs.need import draw_need

DRAWS, YEARS = 6, range(2022, 2026)


def rising(chance: random.Random, most: float, names=("low", "mode", "high")) -> dict[str, float]:
    return dict(zip(names, sorted(round(chance.uniform(0, most), 1) for _ in names), strict=True))


def tables_of(chance: random.Random) -> dict[str, list[dict]]:
    """One to three communes, reported by name, by count or not at all; works, prices and pots of
    every kind.
    """
    codes, items = [f"1000{n}" for n in range(1, chance.randint(2, 4))], ("road", "house", "canal")
    pots = {"a": "nsh", "b": "dan", "c": "dn", "d": "nst"}
    named = {
        "name_vi": "x",
        "name_en": "x",
        "measure_vi": "km",
        "measure_en": "km",
        "definition": "full",
    }
    pot = {
        "name_vi": "x",
        "name_en": "x",
        "capital": "investment",
        "serves": "district",
        "measure": "money",
    }
    day = {"set": OLD, "date": "2022-03-31"}
    made = {
        "units": [
            {
                "code": c,
                "name": f"Thử {i}",
                "group": chance.choice(("plain", "border", "border|resettled")),
            }
            for i, c in enumerate(codes)
        ],
        "criterion_states": [],
        "criterion_counts": [],
        "works": [],
        "carry_over": [
            {"from_set": OLD, "to_set": NEW, "criterion": n, "lost": chance.choice((0, 5, 60))}
            for n in range(1, 20)
        ],
        "criterion_shares": [
            {"set": OLD, "criterion": n, "share": chance.randint(0, 100)} for n in range(1, 20)
        ],
        "count_priors": [
            {
                "set": OLD,
                "group": "plain",
                "average": 16.5,
                "communes": 410,
                "ntm": 280,
                "spread": 2.5,
            },
            {"set": OLD, "group": "border", "share": 21, "shift": -3, "spread": 2},
            {"set": OLD, "group": "resettled", "share": 1.5, "shift": -1, "spread": 2},
        ],
        "prices": [{"year": y} | rising(chance, 15) for y in range(2019, 2026)],
        "unit_costs": [
            named
            | {"item": i, "price_year": chance.randint(2018, 2023), "mark": "assumed"}
            | rising(chance, 1 if i == "xi-mang" else 900)
            for i in (*items, "xi-mang")
        ],
        "assumptions": [
            {"key": f"cost_{e}", "value": v, "text_vi": "x", "text_en": "x"}
            for e, v in (("low", 80), ("high", 140))
        ],
        "typical_works": [
            {"set": NEW, "criterion": n, "item": i, "per": "commune"}
            | rising(chance, 9, ("low", "quantity", "high"))
            for n in range(1, 20)
            for i in chance.sample(items, chance.randint(0, 2))
        ],
        "pots": [pot | {"pot": p, "fund": f} for p, f in pots.items()]
        + [pot | {"pot": "t", "fund": "nst", "measure": "cement"}],
        "parts": [
            {"item": "road", "pot": "t"}
            | rising(chance, 200, ("tonnes_low", "tonnes", "tonnes_high"))
        ],
        "envelopes": [
            {
                "pot": p,
                "year": y,
                "amount": chance.randint(0, 900),
                "kind": "expected",
                "carried": "no",
            }
            | rising(chance, 100, ("disbursed_low", "disbursed", "disbursed_high"))
            for p in "abcdt"
            for y in YEARS
            if chance.random() < 0.7
        ],
        "targets": [
            {"commune": c, "level": "ntm", "kind": "plan", "year": y}
            for c in codes
            for y in chance.sample(YEARS, chance.randint(0, 2))
        ],
    }
    for cost in made["unit_costs"]:
        if chance.random() < 0.4:
            cost["low"] = cost["high"] = ""
    for item in items:
        first, second = round(chance.uniform(0, 60), 2), round(chance.uniform(0, 40), 2)
        shares = zip(
            chance.sample(list(pots), 3),
            (first, second, round(100 - first - second, 2)),
            strict=True,
        )
        loose = chance.random() < 0.8  # else each pot is held to its usual share
        made["parts"] += [
            {"item": item, "pot": p, "share": s}
            | {
                "least": round(s * chance.choice((0, 0.5, 1)), 2) if loose and s > 1 else s,
                "most": min(100, round(s * chance.choice((1.2, 2, 5)), 2))
                if loose and s > 1
                else s,
            }
            for p, s in shares
        ]
    for code in codes:
        states = chance.sample(range(1, 20), chance.choice((0, 3, 8)))
        named = [
            {"criterion": n, "state": chance.choice(("đạt", "chưa đạt", "cơ bản đạt"))}
            for n in states
        ]
        made["criterion_states"] += [day | {"commune": code} | row for row in named]
        met = sum(row["state"] == "đạt" for row in named)
        if chance.random() < 0.5:
            made["criterion_counts"] += [
                day
                | {
                    "commune": code,
                    "met": chance.randint(met, 19 - len(named) + met - (not named)),
                    "of": 19,
                }
            ]
        for number in range(chance.randint(0, 3)):
            work = {
                "commune": code,
                "work": f"w{number}",
                "level": "ntm",
                "set": NEW,
                "criterion": chance.choice(("", *range(1, 20))),
                "item": chance.choice(items),
                "state": chance.choice(("new", "carried_over", "done")),
                "percent_done": chance.choice(("", 0, 37, 100)),
                "committed": chance.choice(("no", "plan", "debt")),
                "planned_year": chance.choice(("", 2023)),
            }
            if (work["state"] == "done") != (work["percent_done"] == 100):
                work["percent_done"] = ""  # what cannot be is refused
            if chance.random() < 0.3:
                work |= {"level": "advanced", "set": "advanced-2021-2025"}
            size = rising(chance, 9, ("low", "quantity", "high"))
            made["works"] += [
                work | (size if chance.random() < 0.6 else {"quantity": size["quantity"]})
            ]
    return made


@pytest.mark.parametrize("seed", sample(range(15), 6))
def test_every_world_is_what_a_slow_reading_of_the_model_makes_it(make_dataset, tmp_path, seed):
    workbook = Workbook.open(make_dataset(tmp_path, tables_of(random.Random(seed))))
    units, until = communes_in_need(workbook, "ntm")["ntm"], 2022 + seed % 4
    need = draw_need(workbook, missing_ntm(workbook, DRAWS, seed, units), "ntm", DRAWS, seed, 2022)
    money = funding(workbook, need, until, seed)
    for world, slow in enumerate(worlds(workbook, DRAWS, seed, until)):
        made = {
            name: need.by[name] for name in ("criterion", "pot", "pot_year", "year", "commune")
        } | {"total": {"": need.total}}
        made |= {
            "tonnes": need.by["tonnes"],
            "by_pot": money.by_pot,
            "gap": {"": money.gap},
            "late_gap": {"": money.late_gap},
        }
        fast = {
            name: {k: int(v[world]) for k, v in found.items() if v[world]}
            for name, found in made.items()
        }
        assert {k: v for k, v in fast.items() if v} == {k: v for k, v in slow.items() if v}

"""Small data sets for tests: one in which everything is known, and random ones in which all that
may happen does.
"""

from dataclasses import replace

OLD, NEW, NGHE_AN, HIGH, MODEL = (
    "ntm-2016-2020",
    "ntm-2021-2025",
    "advanced-nghe-an-2018-2020",
    "advanced-2021-2025",
    "model-2021-2025",
)
YEARS = range(2022, 2026)
PROVINCE = {"province": {"code": "40", "name": "Nghệ An"}, "as_of": "2022-03-31"}
NAMED = {
    "name_vi": "x",
    "name_en": "x",
    "measure_vi": "km",
    "measure_en": "km",
    "definition": "full",
    "mark": "assumed",
}
POT = {
    "name_vi": "x",
    "name_en": "x",
    "capital": "investment",
    "serves": "district",
    "measure": "money",
}
PLAIN = {
    "cost_low": 80,
    "cost_high": 140,
    "decision_low": 5,
    "decision_mode": 5,
    "decision_high": 5,
    "correlation_money": 50,
    "correlation_works": 30,
    "coefficient_under_15": 5,
    "coefficient_15_18": 3,
    "coefficient_ntm": 1,
    "basically": 95,
    "dossier_closes": 6,
    "minimum_commune": 0,
    "programme_start": 2011,
}


def assumptions(**changes) -> list[dict]:
    return [
        {"key": k, "value": v, "text_vi": "x", "text_en": "x"} for k, v in (PLAIN | changes).items()
    ]


ROAD = {"item": "road", "mode": 100, "low": 100, "high": 100, "price_year": 2022}
YEARLY = {
    "kind": "expected",
    "carried": "no",
    "disbursed_low": 100,
    "disbursed": 100,
    "disbursed_high": 100,
}


def plain(
    communes: int = 1,
    *,
    met=(),
    money=None,
    works=None,
    parts=None,
    months: int = 3,
    rules=None,
    **more,
) -> dict:
    """Tables in which everything is known: each commune lacks criterion 2 alone, which a road of
    12 km mends.

    ``met``: communes that lack nothing. ``money``: million a year by pot; 12 a year are one a
    month. ``works``: changes of the road of each commune.
    """
    codes = [f"1000{n}" for n in range(1, communes + 1)]
    state = {"set": NEW, "date": "2022-03-31"}
    money = {"a": 1200} if money is None else money
    road = {
        "work": "w",
        "level": "ntm",
        "set": NEW,
        "criterion": 2,
        "item": "road",
        "quantity": 12,
        "state": "new",
        "committed": "no",
    }
    return {
        "units": [{"code": c, "name": f"Thử {c}"} for c in codes],
        "criterion_states": [
            state
            | {
                "commune": c,
                "criterion": n,
                "state": "chưa đạt" if n == 2 and c not in met else "đạt",
            }
            for c in codes
            for n in range(1, 20)
        ],
        "criterion_shares": [{"set": NEW, "criterion": n, "share": 50} for n in range(1, 20)],
        "prices": [{"year": y, "low": 0, "mode": 0, "high": 0} for y in range(2022, 2026)],
        "unit_costs": [
            NAMED | ROAD,
            NAMED | ROAD | {"item": "xi-mang", "low": 1, "mode": 1, "high": 1},
            NAMED | ROAD | {"item": "no-dong", "low": 1, "mode": 1, "high": 1},
        ],
        "assumptions": assumptions(**(rules or {})),
        "pots": [POT | {"pot": p, "fund": "nstw" if p == "a" else "nsh"} for p in "ab"]
        + [POT | {"pot": "t", "fund": "nst", "measure": "cement"}],
        "parts": parts
        or [
            {"item": "road", "pot": "a", "share": 100},
            {"item": "no-dong", "pot": "a", "share": 100},
        ],
        "envelopes": [
            YEARLY | {"pot": p, "year": y, "amount": amount}
            for p, amount in money.items()
            for y in YEARS
        ],
        "durations": [
            {"item": i, "low": m, "mode": m, "high": m, "stall": 0, "stall_months": 0}
            for i, m in (("road", months), ("no-dong", 0))
        ],
        "works": [
            road | {"commune": c} | change
            for c, change in zip(codes, works or [{}] * communes, strict=True)
        ],
    } | more


# ---- random districts


def rising(chance, most: int, names=("low", "mode", "high"), least: int = 0) -> dict[str, float]:
    """Three numbers that do not fall, all the same in a third of cases."""
    numbers = sorted(chance.randint(least * 10, most * 10) / 10 for _ in names)
    return (
        dict.fromkeys(names, numbers[1])
        if chance.random() < 0.33
        else dict(zip(names, numbers, strict=True))
    )


def whole(chance, most: int, names=("low", "mode", "high")) -> dict[str, int]:
    return {name: int(value) for name, value in rising(chance, most, names).items()}


def district(chance, reported_in: str) -> tuple[dict[str, list[dict]], dict]:
    """Tables and settings: three to eight communes, works listed and usual, debts, pots of every
    kind, all that may happen.

    ``reported_in``: the set that says what they meet of NTM.
    """
    sets = {"ntm": reported_in, "advanced": chance.choice((NGHE_AN, HIGH)), "model": MODEL}
    codes, items = (
        [f"1000{n}" for n in range(1, chance.randint(3, 8) + 1)],
        ("road", "house", "canal", "no-dong"),
    )
    pots = {"a": chance.choice(("nstw", "nst")), "b": "nsh", "c": "dan"}
    day, usual = {"date": "2022-03-31"}, sorted(chance.sample(range(1, 20), 7))
    spread = {"average": 16.5, "communes": 410, "ntm": 280, "spread": 2.5}
    tables = {
        "units": [
            {
                "code": c,
                "name": f"Thử {i}",
                "group": chance.choice(("plain", "border", "border|resettled")),
                "district": chance.choice(("428", "429")),
                "specially_difficult": chance.choice(("no", "yes")),
            }
            for i, c in enumerate(codes)
        ],
        "carry_over": [
            {"from_set": OLD, "to_set": NEW, "criterion": n, "lost": chance.choice((0, 0, 5, 60))}
            for n in range(1, 20)
        ],
        "criterion_shares": [
            {"set": sets["ntm"], "criterion": n, "share": chance.choice((0, 30, 55.5, 90))}
            for n in range(1, 20)
        ],
        "count_priors": [
            {"set": sets["ntm"], "group": "plain"} | spread,
            {"set": sets["ntm"], "group": "border", "share": 21, "shift": -3, "spread": 2},
            {"set": sets["ntm"], "group": "difficult", "share": 9, "shift": -1.5, "spread": 2},
        ],
        "prices": [{"year": y} | rising(chance, 15) for y in range(2019, 2026)],
        "unit_costs": [
            NAMED
            | {"item": i, "price_year": chance.randint(2018, 2023)}
            | (rising(chance, 900, least=1) if i != "xi-mang" else rising(chance, 2))
            for i in (*items, "xi-mang")
        ],
        "assumptions": assumptions(
            correlation_money=chance.choice((0, 50, 100)),
            correlation_works=chance.choice((0, 30, 100)),
            coefficient_15_18=chance.choice((1.3, 3, 5)),
            **whole(chance, 9, ("decision_low", "decision_mode", "decision_high")),
        ),
        "typical_works": [
            {"set": NEW, "criterion": n, "item": i, "per": "commune"}
            | rising(chance, 9, ("low", "quantity", "high"), 1)
            for n in usual
            for i in chance.sample(items[:3], chance.randint(0, 2))
        ],
        "pots": [POT | {"pot": p, "fund": f} for p, f in pots.items()]
        + [POT | {"pot": "t", "fund": "nst", "measure": "cement"}],
        "parts": [
            {"item": "road", "pot": "t"}
            | rising(chance, 200, ("tonnes_low", "tonnes", "tonnes_high"))
        ],
        "durations": [
            {"item": i, "stall": chance.choice((0, 20, 100)), "stall_months": chance.randint(0, 6)}
            | whole(chance, 9)
            for i in items
        ],
        "criterion_states": [],
        "criterion_counts": [],
        "recognitions": [],
        "targets": [],
        "works": [],
        "debts": [],
        "priorities": [],
        "envelopes": [],
        "profiles": [],
    }
    for cost in tables["unit_costs"]:
        if chance.random() < 0.3:
            cost["low"] = cost["high"] = ""
    # a higher level has usual works for criteria without a name, for named ones, or none
    if chance.random() < 0.5:
        size = rising(chance, 5, ("low", "quantity", "high"), 1)
        tables["typical_works"] += [
            {"set": sets["advanced"], "criterion": "", "item": "house", "per": "commune"} | size
        ]
    if sets["advanced"] == HIGH:
        size = rising(chance, 5, ("low", "quantity", "high"), 1)
        tables["typical_works"] += [
            {"set": HIGH, "criterion": 3, "item": "canal", "per": "commune"} | size
        ]
    for item in items:
        first, second = chance.randint(0, 6000) / 100, chance.randint(0, 4000) / 100
        shares = zip(
            chance.sample(list(pots), 3),
            (first, second, round(100 - first - second, 2)),
            strict=True,
        )
        tables["parts"] += [{"item": item, "pot": p, "share": s} for p, s in shares]
    for code in codes:
        one_commune(chance, tables, sets, code, items, day)
    money(chance, tables, codes)
    as_of = chance.choice(("2022-03-31", "2022-03-31", "2022-08-15", "2022-12-31"))
    return tables, PROVINCE | {"sets": sets, "as_of": as_of}


def one_commune(chance, tables: dict, sets: dict, code: str, items: tuple, day: dict) -> None:
    """What is reported of a commune, its targets, works and debts."""
    mine, level = (
        {"commune": code},
        chance.choice(("not_ntm", "not_ntm", "not_ntm", "ntm", "advanced")),
    )
    if level != "not_ntm":
        tables["recognitions"] += [
            mine | {"level": "ntm", "set": OLD, "basis": "decision", "date": "2019-12-01"}
        ]
    if level == "advanced":
        tables["recognitions"] += [
            mine | {"level": "advanced", "set": NGHE_AN, "basis": "decision", "date": "2020-12-01"}
        ]
    if level == "not_ntm":
        states = chance.sample(range(1, 20), chance.choice((0, 3, 8, 19)))
        named = [
            {"criterion": n, "state": chance.choice(("đạt", "đạt", "chưa đạt", "cơ bản đạt"))}
            for n in states
        ]
        if len(named) == 19 and chance.random() < 0.3:
            named = [row | {"state": "đạt"} for row in named]
        tables["criterion_states"] += [mine | day | {"set": sets["ntm"]} | row for row in named]
        met = sum(row["state"] == "đạt" for row in named)
        if chance.random() < 0.5 and len(named) < 19:
            count = chance.randint(met, 19 - len(named) + met - (not named))
            tables["criterion_counts"] += [
                mine | day | {"set": sets["ntm"], "met": count, "of": 19}
            ]
    if sets["advanced"] == NGHE_AN and chance.random() < 0.5:
        tables["criterion_counts"] += [
            mine | day | {"set": NGHE_AN, "met": chance.randint(9, 15), "of": 15}
        ]
    if sets["advanced"] == HIGH:
        named = [
            {"criterion": n, "state": chance.choice(("đạt", "chưa đạt"))}
            for n in chance.sample(range(1, 20), 4)
        ]
        tables["criterion_states"] += [mine | day | {"set": HIGH} | row for row in named]
    reached = {"not_ntm": (), "ntm": ("ntm",), "advanced": ("ntm", "advanced")}[level]
    for wanted in ("ntm", "advanced", "model"):
        for year in chance.sample(YEARS, chance.choice((0, 0, 1, 2))):
            kind = chance.choice(("plan", "plan", "pledge"))
            if wanted not in reached:  # whoever holds a level cannot be registered for it
                tables["targets"] += [mine | {"level": wanted, "kind": kind, "year": year}]
    for number in range(chance.randint(0, 4)):
        work = mine | {
            "work": f"w{number}",
            "level": "ntm",
            "set": NEW,
            "criterion": chance.choice(("", *range(1, 20))),
            "item": chance.choice(items),
            "state": chance.choice(("new", "new", "carried_over", "done")),
            "percent_done": chance.choice(("", 0, 37, 80, 100)),
            "committed": chance.choice(("no", "plan", "carried_over", "debt")),
            "planned_year": chance.choice(("", "", 2022, 2024)),
        }
        if (work["state"] == "done") != (work["percent_done"] == 100):
            work["percent_done"] = ""  # what cannot be is refused
        if chance.random() < 0.3:
            wanted = chance.choice(("advanced", "model"))
            high = {"advanced": sets["advanced"], "model": MODEL}[wanted]
            work |= {
                "level": wanted,
                "set": high,
                "criterion": chance.choice(("", 3, 5)) if high == HIGH else "",
            }
        size = rising(chance, 9, ("low", "quantity", "high"), 1)
        tables["works"] += [
            work | (size if chance.random() < 0.6 else {"quantity": size["quantity"]})
        ]
    for criterion in chance.sample(range(1, 20), chance.choice((0, 0, 0, 1, 2))):
        amount = {"amount": chance.choice((0, 55.5, 850))}
        tables["debts"] += [
            mine | {"criterion": criterion, "date": d} | amount
            for d in ("2020-12-31", "2021-12-31")
        ]
        tables["debts"][-1]["amount"] += chance.choice((0, 300))


def money(chance, tables: dict, codes: list[str]) -> None:
    """Envelopes of two to four years, some only for a commune or a district, and when in the year
    they come.
    """
    # money may serve only a district that some commune is in
    home = tables["units"][-1]["district"]
    for pot in "abct":
        most = chance.choice((0, 300, 3000, 3000, 20000))
        served = ["", *chance.choice(([], [], [], [codes[0]], [home], [codes[0], home]))]
        served = served[chance.choice((0, 0, 0, 1)) if len(served) > 1 else 0 :]
        # each commune may have a pot of its own
        for one in codes if chance.random() < 0.15 else served:
            for year in chance.sample(YEARS, chance.randint(2, 4)):
                row = {
                    "pot": pot,
                    "served": one,
                    "year": year,
                    "kind": "expected",
                    "carried": chance.choice(("yes", "no")),
                }
                row |= {"amount": chance.choice((most, chance.randint(0, most)))}
                row |= rising(chance, 100, ("disbursed_low", "disbursed", "disbursed_high"))
                if chance.random() < 0.7:
                    row |= whole(chance, 8, ("delay_low", "delay", "delay_high"))
                tables["envelopes"] += [row]
        if chance.random() < 0.4:
            months = sorted(chance.sample(range(1, 13), 4))
            shares = zip(months, (10, 25, 45.5, 19.5), strict=True)
            tables["profiles"] += [{"pot": pot, "month": m, "share": s} for m, s in shares]


def bounds(chance, parts):
    """The table of parts with a least and a most share of each pot: some fixed, some free, none
    that cannot be met.
    """
    least, most = [], []
    for share in parts["share"].fillna(0):
        least.append(chance.choice((0, 0, round(share / 2, 1), share)))
        most.append(chance.choice((share, min(100, 2 * share), 100)))
    return parts.assign(least=least, most=most)  # of cement they say nothing


def changed(workbook, chance):
    """The district with other money, works under way and durations, and the same reports."""
    tables, n = dict(workbook.tables), lambda name: len(workbook.tables[name])
    drawn = lambda name, values: [chance.choice(values) for _ in range(n(name))]  # noqa: E731
    envelopes, works, times = (tables[name] for name in ("envelopes", "works", "durations"))
    rich = chance.choice((1, 3, 12, 40))  # where there is money for all, works end
    share = drawn("envelopes", (0.0, 0.3, 1.0, 2.0) if rich == 1 else (0.5, 1.0))
    carried = drawn("envelopes", ("yes", "no"))
    tables["envelopes"] = envelopes.assign(
        amount=envelopes["amount"] * rich * share, carried=carried
    )
    tables["works"] = works.assign(
        percent_done=drawn("works", (0.0, 35.0, 80.0)),
        committed=drawn("works", ("no", "plan", "debt")),
    )
    longer = drawn("durations", (0.0, 1.0, 7.0))
    tables["durations"] = times.assign(
        **{end: times[end] + longer for end in ("low", "mode", "high")}
    )
    correlations = {
        key: float(chance.choice((0, 30, 100)))
        for key in ("correlation_money", "correlation_works")
    }
    rules = tables["assumptions"]
    tables["assumptions"] = rules.assign(
        value=rules["key"].map(correlations).fillna(rules["value"])
    )
    return replace(workbook, tables=tables)

"""Make ``data/huyen-mau/``: a wholly invented district in the form of a real one, for trying things
out.

    python data/make_huyen_mau.py [DIR]

No place, figure or decision in it exists: the communes are A1 to A12 with codes that no real unit
has, every row is marked illustrative, and the only source says that this script made it up. The
same bytes come out on every run: all chance comes from generators seeded with the name of what they
make.

What the communes are examples of:

=====  =============================================================================================
A1     recognised advanced, with values of the NTM and the advanced set
A2     recognised NTM in the set of 2021-2025, working towards advanced, which it lacks four
       criteria of
A3     recognised NTM in the set of 2016-2020; values show that it lacks two criteria of the present
       set
A4     recognised NTM in the set of 2021-2025; nothing else is reported
A5     not yet NTM: values show that it lacks one criterion
A6     not yet NTM: values show that it lacks four criteria
A7     the state of each criterion only, some of them basically met
A8     a count only: 14/19 (the year before: 11)
A9     a count, 15/19, and the names of the four missing criteria
A10    no data at all
A11    recognised NTM in the set of 2016-2020, values complete; merges with A12 into A13 on
       1 January 2023
A12    specially difficult (its region has few known thresholds); merges with A11
=====  =============================================================================================
"""

import csv
import datetime as dt
import math
import random
import sys
from calendar import monthrange
from pathlib import Path

import yaml

from ntm_analysis.tables import TABLES, dictionary

HERE = Path(__file__).resolve().parent
NTM, ADVANCED, OLD = "ntm-2021-2025", "advanced-2021-2025", "ntm-2016-2020"
SOURCE, MARK, NOTE = "bia-dat", "illustrative", "Số liệu minh họa, không có thật"
MONTHS = [dt.date(2022, month, monthrange(2022, month)[1]) for month in range(1, 13)]
YEAR_END, HALF_YEAR, PLANNED = MONTHS[11], MONTHS[5], MONTHS[10]
START = dt.date(2021, 12, 31)

DATASET = """\
# Invented from beginning to end by data/make_huyen_mau.py: do not edit, change the script.
id: huyen-mau
title: {vi: "Huyện Mẫu (số liệu minh họa)", en: "Model district (illustrative data)"}
district: {code: "999", name: "Mẫu"}
province: {code: "99", name: "Mẫu"}
region: btb
hamlet_word: {vi: "thôn", en: "hamlet"}
as_of: {date: 2022-12-31, mark: illustrative, source: bia-dat}
term_end: {date: 2025-12-31, mark: illustrative, source: bia-dat}
number_style: vi            # vi: 1.234,5   en: 1,234.5
criteria: ../criteria
sets: {ntm: ntm-2021-2025, advanced: advanced-2021-2025, model: model-2021-2025}
illustrative: true
"""

# Communes with values: by set, the tests that still fail at the end of the year.
FAILING = {
    ("A1", ADVANCED): set(),
    ("A2", ADVANCED): {"5.1", "8.2", "14.3", "18.1"},
    ("A1", NTM): set(),
    ("A2", NTM): set(),
    ("A3", NTM): {"11", "17.11"},
    ("A5", NTM): {"10"},
    ("A6", NTM): {"5", "9.1", "12.2", "14.2"},
    ("A11", NTM): set(),
    ("A12", NTM): {"2.2", "4.2", "10", "11", "12.1"},
}
STEADY = {"A1", "A2", "A11"}  # recognised: nothing that is met now was unmet earlier in the year
SPECIALLY_DIFFICULT = "A12"
NO_CRAFT_VILLAGE = {"A5", "A6", "A12"}  # test 13.4 of the NTM set does not apply
# Criteria whose thresholds are not known for the region: an office would report their state.
REPORTED = (2, 16, 17)

# Levels to invent values around where the law files hold no number; they decide nothing in the
# package.
USUAL = {
    NTM: {"2.1": 100, "2.2": 80, "2.3": 90, "2.4": 75, "16": 80, "17.1": 85},
    ADVANCED: {"2.2": 90, "3.3": 20, "3.4": 90, "6.3": 60, "17.10": 10, "17.12": 70},
}
# Smallest step of a value: whole things, four schools, ten hamlets; else a tenth.
STEPS = {
    NTM: {"5": 25, "6.3": 10, "9.1": 1, "16": 10},
    ADVANCED: {
        "3.2": 1,
        "5.1": 25,
        "5.3": 1,
        "5.4": 1,
        "6.3": 10,
        "13.2": 1,
        "16.1": 1,
        "18.2": 1,
        "18.5": 1,
    },
}
# How far a value may lie beyond its threshold; else up to 100 %, or a quarter (half for "<=") of
# the threshold.
ROOM = {
    NTM: {"12.2": 15, "17.1a": 30, "17.11": 30},
    ADVANCED: {
        "3.3": 20,
        "5.3": 0,
        "5.4": 0,
        "12.2": 15,
        "13.5": 15,
        "14.3": 20,
        "17.10": 10,
        "18.1": 20,
    },
}
# Tests of the NTM set that measure the same as one of the advanced set though their law files do
# not say so.
ALSO_SAME = {"14.4": "15.4", "18.1": "17.1a"}
# Months in which a value changes: surveys in December, school years in August, registers monthly,
# else quarterly.
YEARLY, SCHOOL, MONTHLY = (12,), (8,), tuple(range(2, 13))
SCHEDULE = {
    NTM: dict.fromkeys(("10", "11", "12.1", "12.2", "15.3"), YEARLY)
    | dict.fromkeys(("5", "14.2"), SCHOOL)
    | dict.fromkeys(("15.1", "15.4"), MONTHLY),
    ADVANCED: dict.fromkeys(("10", "11", "12.1", "12.2", "12.3"), YEARLY)
    | dict.fromkeys(("5.1", "5.3", "5.4"), SCHOOL)
    | dict.fromkeys(("8.2", "14.1", "14.2", "14.3", "14.4"), MONTHLY),
}

# A7: states at the end of the year (the rest is met), and in the middle of the year.
A7_NOW = {5: "basic", 6: "basic", 13: "basic", 2: "not_met", 10: "not_met", 17: "not_met"}
A7_BEFORE = A7_NOW | {6: "not_met", 9: "not_met", 15: "basic"}
A9_MISSING = (2, 5, 6, 17)

# The monthly reports of October to December.
COMMUNE_BUDGETS = {"A5": 150, "A6": 300, "A7": 200, "A8": 180, "A9": 160}  # million đồng of 2022
VOLUMES = {  # work: volume reported by month, and planned by month (none: by its planned year)
    ("A1", "nuoc-1"): ({12: 5}, {}),
    ("A5", "htx-1"): ({10: 20, 11: 40, 12: 60}, {(2022, 10): 20, (2022, 12): 60, (2023, 6): 100}),
    ("A6", "truong-1"): (
        {10: 30, 11: 35, 12: 40},
        {(2022, 10): 30, (2022, 11): 45, (2022, 12): 55, (2023, 6): 100},
    ),
    ("A7", "duong-1"): (
        {10: 0, 11: 5, 12: 12},
        {(2022, 11): 5, (2022, 12): 10, (2023, 12): 60, (2024, 6): 100},
    ),
    ("A9", "nha-van-hoa-1"): (
        {10: 10, 11: 15},
        {(2022, 10): 10, (2022, 11): 20, (2022, 12): 30, (2023, 9): 100},
    ),
}
# (commune, work or "" for all of the commune, pot): disbursed since the year's start by month,
# million đồng
PAID = {
    ("A1", "", "dat"): {10: 400, 11: 600, 12: 900},
    ("A2", "", "huyen"): {10: 700, 11: 900, 12: 1150},
    ("A3", "", "trung-uong"): {10: 2500, 11: 3100, 12: 4200},
    ("A5", "htx-1", "su-nghiep"): {10: 20, 11: 60, 12: 90},
    ("A5", "", "ngan-sach-xa"): {10: 100, 11: 130, 12: 150},
    ("A6", "truong-1", "trung-uong"): {10: 900, 11: 1100, 12: 1300},
    ("A6", "truong-1", "huyen"): {10: 500, 11: 700, 12: 800},
    ("A6", "", "ngan-sach-xa"): {10: 60, 11: 90, 12: 120},
    ("A7", "duong-1", "dan"): {11: 200, 12: 420},
    ("A7", "", "ngan-sach-xa"): {10: 140, 11: 170, 12: 200},
    ("A8", "", "dan"): {10: 150, 11: 200, 12: 260},
    ("A8", "", "ngan-sach-xa"): {10: 130, 11: 120, 12: 110},  # falls: a slip that the page warns of
}
# criterion states in monthly reports; what the year's end says in criterion_states agrees
STATED = [
    ("A7", 10, 15, "basic", "UBND xã A7"),
    ("A7", 11, 9, "met", "UBND xã A7"),
    ("A7", 12, 15, "met", "UBND xã A7"),
    ("A9", 11, 17, "met", "UBND xã A9"),
    ("A9", 12, 17, "not_met", "Đoàn thẩm tra của huyện"),
]
MEASURED = [("A5", "15.4"), ("A6", "15.4")]  # indicators that these communes report month by month
AT_START = [
    (NTM, "A5", 14),
    (NTM, "A6", 15),
    (NTM, "A7", 11),
    (NTM, "A8", 11),
    (NTM, "A9", 14),
    (ADVANCED, "A2", 9),
    (ADVANCED, "A3", 6),
    (ADVANCED, "A11", 5),
]
ASSIGNED = [  # commune, set, criterion, department, partner, person, action, due
    (
        "A6",
        NTM,
        5,
        "Phòng Giáo dục và Đào tạo",
        "UBND xã A6",
        "Phó Trưởng phòng (minh họa)",
        "Nghiệm thu khối trường học phần thô",
        dt.date(2022, 12, 15),
    ),
    (
        "A6",
        NTM,
        9,
        "Phòng Kinh tế và Hạ tầng",
        "MTTQ xã A6",
        "Chuyên viên (minh họa)",
        "Xóa nhà tạm còn lại",
        dt.date(2023, 3, 31),
    ),
    (
        "A7",
        NTM,
        2,
        "Phòng Kinh tế và Hạ tầng",
        "UBND xã A7",
        "Trưởng phòng (minh họa)",
        "Hoàn thành đường trục thôn",
        dt.date(2023, 6, 30),
    ),
    (
        "A9",
        NTM,
        6,
        "Phòng Văn hóa và Thông tin",
        "",
        "",
        "Hoàn thành nhà văn hóa thôn",
        dt.date(2022, 11, 30),
    ),
    (
        "A9",
        NTM,
        17,
        "Phòng Tài nguyên và Môi trường",
        "Hội Nông dân",
        "",
        "Khắc phục theo kết luận thẩm tra",
        "",
    ),
    (
        "A2",
        ADVANCED,
        8,
        "Phòng Văn hóa và Thông tin",
        "UBND xã A2",
        "",
        "Đưa dịch vụ công trực tuyến vào bộ phận một cửa",
        dt.date(2023, 6, 30),
    ),
]
HAMLETS = [  # commune, hamlet, households, level recognised ("": nobody says), day of its decision
    ("A5", "Thôn 1", 210, "ntm", dt.date(2022, 11, 15)),
    ("A5", "Thôn 2", 180, "none", ""),
    ("A6", "Thôn Đông", 240, "none", ""),
    ("A6", "Thôn Tây", 160, "none", ""),
    ("A7", "Thôn Hạ", "", "", ""),
    ("A9", "Thôn Đoài", 150, "ntm", dt.date(2021, 12, 20)),
    ("A9", "Thôn Nam", 190, "none", ""),
    ("A1", "Thôn Trung", 230, "ntm", dt.date(2020, 12, 18)),
]
HAMLET_TARGETS = [
    ("A5", "Thôn 2", "ntm"),
    ("A6", "Thôn Đông", "ntm"),
    ("A7", "Thôn Hạ", "ntm"),
    ("A1", "Thôn Trung", "model"),
]
HAMLET_CRITERIA = {
    "ntm": [
        ("Đường thôn", "Hamlet roads"),
        ("Nhà văn hóa thôn", "Cultural house"),
        ("Thu nhập", "Income"),
        ("Hộ nghèo", "Poor households"),
        ("Môi trường", "Environment"),
    ],
    "model": [
        ("Thôn sáng - xanh - sạch - đẹp", "A bright, green, clean hamlet"),
        ("Thôn thông minh", "Smart hamlet"),
    ],
}
HAMLET_STATES = {  # by hamlet and level: the state of each criterion in order ("": nobody says)
    ("A5", "Thôn 2", "ntm"): ("met", "met", "not_met", "met", "basic"),
    ("A6", "Thôn Đông", "ntm"): ("met", "not_met", "", "met", ""),
    ("A1", "Thôn Trung", "model"): ("met", "met"),
}
ASSUMED = {
    "cost_low": 80,
    "cost_high": 140,
    "basically": 90,
    "dossier_closes": 6,
    "decision_low": 4,
    "decision_mode": 5,
    "decision_high": 7,
    "correlation_money": 50,
    "correlation_works": 30,
    "coefficient_under_15": 5,
    "coefficient_15_18": 3,
    "coefficient_ntm": 1,
    "programme_start": 2011,
    "minimum_commune": 200,
}


def law_tests(set_id: str, region: str) -> list[dict]:
    """The tests of a set that are in force in 2022: criterion, number, op, level (None when
    judged), start, same.
    """
    law = yaml.safe_load((HERE / "criteria" / f"{set_id}.yaml").read_text(encoding="utf-8"))
    made = []
    for criterion in law["criteria"]:
        for test in criterion["tests"]:
            entries = [
                v
                for v in test["values"]
                if v["from"] <= YEAR_END and v.get("to", YEAR_END) >= YEAR_END
            ]
            if not entries:
                continue
            number, level = test["number"], USUAL[set_id].get(test["number"])
            # the commune's own region last, so that it has the last word
            for key in ("btb", "all", region):
                for entry in entries:
                    value = entry["regions"].get(key)
                    level = value if isinstance(value, int | float) else level
            op = entries[-1].get("op", test["op"])
            if op != "judged" and level is None:
                raise ValueError(
                    f"{set_id} {number}: no level to invent values around; add one to USUAL"
                )
            start, same = entries[0]["from"], test.get("same_measure", {}).get(NTM)
            same = same or (ALSO_SAME.get(number) if set_id == ADVANCED else None)
            made.append(
                {
                    "criterion": criterion["number"],
                    "number": number,
                    "op": op,
                    "unit": test["unit"],
                    "level": level,
                    "start": start,
                    "same": same,
                }
            )
            if start <= law["from"]:
                made[-1]["start"] = MONTHS[0]  # in force with its set: the year is told in one set
    return made


def values_of_year(name: str, set_id: str, test: dict, fails: bool) -> list:
    """Twelve invented values (or states) of one test in one commune, getting no worse from month to
    month.
    """
    chance = random.Random(f"{name} {set_id} {test['number']}")
    number, level, months = test["number"], test["level"], range(1, 13)
    if test["op"] == "judged":
        if set_id == NTM and number == "13.4" and name in NO_CRAFT_VILLAGE:
            return ["not_applicable"] * 12
        late = chance.random() < 0.15 and name not in STEADY
        turn = 13 if fails else chance.randint(3, 9) if late else 1
        return ["met" if month >= turn else "not_met" for month in months]
    sign = -1 if test["op"] == "<=" else 1
    step = STEPS[set_id].get(number, 0.1)
    base = level or 20 * step
    room = level / 2 if sign < 0 else 100 - level if test["unit"] == "%" else level / 4
    room = ROOM[set_id].get(number, room)
    highest = 100 if test["unit"] == "%" else math.inf

    def stepped(value: float, rounding=round) -> float:
        return min(max(round(rounding(value / step) * step, 1), 0), highest)

    if fails:
        last = stepped(
            level - sign * chance.uniform(0.04, 0.14) * base, math.floor if sign > 0 else math.ceil
        )
    else:
        last = stepped(level + sign * chance.uniform(0.1, 0.8) * room)
    if name in STEADY and not fails:
        first = stepped(last - chance.uniform(0.2, 0.8) * (last - level))
    else:
        first = stepped(last - sign * chance.uniform(0.03, 0.12) * base)
    changes = SCHEDULE[set_id].get(number, (3, 6, 9, 12))
    done = [sum(change <= month for change in changes) / len(changes) for month in months]
    return [stepped(first + share * (last - first)) for share in done]


def reached(test: dict, value: float | str) -> bool:
    """Whether a value reaches the level that it was invented around."""
    if isinstance(value, str):
        return value != "not_met"
    return value <= test["level"] if test["op"] == "<=" else value >= test["level"]


def written(value: float | str) -> str:
    """A number in the Vietnamese style, without grouping."""
    return value if isinstance(value, str) else f"{value:g}".replace(".", ",")


def changes_of(values: list, start: dt.date):
    """(month end, value) of the first month from ``start`` and of each month in which the value
    changes.
    """
    pairs = [pair for pair in zip(MONTHS, values, strict=True) if pair[0] >= start]
    return [pair for i, pair in enumerate(pairs) if i == 0 or pair[1] != pairs[i - 1][1]]


def dated(day: dt.date, **cells: object) -> dict:
    """A row known from ``day``."""
    return cells | {"known_from": day}


def indicators() -> tuple[list[dict], list[dict]]:
    """Rows of indicator_values, and of criterion_states for the criteria that values alone cannot
    decide.
    """
    values, states, copied = [], [], {}
    for (name, set_id), failing in FAILING.items():
        tests = law_tests(set_id, "tdmnpb" if name == SPECIALLY_DIFFICULT else "btb")
        if unknown := failing - {test["number"] for test in tests}:
            raise ValueError(f"{set_id} has no tests {sorted(unknown)} in 2022")
        good = {number: [True] * 12 for number in REPORTED}
        for test in tests:
            number = test["number"]
            year = copied.get((name, set_id, number)) or values_of_year(
                name, set_id, test, number in failing
            )
            if test["same"]:
                copied[name, NTM, test["same"]] = year
            if test["criterion"] in good:
                good[test["criterion"]] = [
                    g and reached(test, v)
                    for g, v in zip(good[test["criterion"]], year, strict=True)
                ]
            for day, value in changes_of(year, test["start"]):
                column = "state" if isinstance(value, str) else "value"
                row = {
                    "commune": name,
                    "set": set_id,
                    "indicator": number,
                    "date": day,
                    column: value,
                }
                values.append(dated(day, **row))
        for number in REPORTED if set_id == NTM else ():
            for day, met in changes_of(good[number], MONTHS[0]):
                state = "met" if met else "not_met"
                states.append(
                    dated(day, commune=name, set=NTM, criterion=number, date=day, state=state)
                )
    return sorted(values, key=lambda r: (int(r["commune"][1:]), r["set"] != NTM)), states


def units() -> list[dict]:
    """Twelve communes, a township, and the commune that two of them become."""
    groups = {"A6": "border", "A7": "resettled", "A12": "border|resettled"}
    made = []
    for order in range(1, 14):
        name, chance = f"A{order}" if order < 13 else "B1", random.Random(f"unit {order}")
        households, area = chance.randint(900, 2400), chance.uniform(9, 48)
        population = round(households * chance.uniform(3.6, 4.3))
        made.append(
            dated(
                dt.date(2021, 12, 31),
                code=str(90000 + order),
                valid_from=dt.date(2020, 1, 1),
                name=name,
                order=order,
                kind="commune" if order < 13 else "township",
                group=groups.get(name, "plain"),
                specially_difficult="yes" if name == SPECIALLY_DIFFICULT else "no",
                households=households,
                population=population,
                area_km2=round(area, 1),
            )
        )
    sums = {
        c: round(made[10][c] + made[11][c], 1) for c in ("households", "population", "area_km2")
    }
    new = {
        "code": "90014",
        "valid_from": dt.date(2023, 1, 1),
        "name": "A13",
        "kind": "commune",
        "order": 14,
    }
    made.append(
        dated(
            dt.date(2022, 11, 15), **new, group="border|resettled", specially_difficult="no", **sums
        )
    )
    return made


def recognitions() -> list[dict]:
    """Recognised levels, each by an invented decision."""
    rows = [
        ("A11", "ntm", OLD, dt.date(2017, 12, 20)),
        ("A1", "ntm", OLD, dt.date(2018, 12, 20)),
        ("A3", "ntm", OLD, dt.date(2020, 12, 18)),
        ("A2", "ntm", NTM, dt.date(2022, 10, 31)),
        ("A4", "ntm", NTM, dt.date(2022, 11, 30)),
        ("A1", "advanced", ADVANCED, dt.date(2022, 12, 20)),
    ]
    return [
        dated(
            day,
            commune=name,
            level=level,
            set=set_id,
            basis="decision",
            decision=f"QĐ minh họa {i:02d}",
            date=day,
        )
        for i, (name, level, set_id, day) in enumerate(rows, start=1)
    ]


def plans() -> dict[str, list[dict]]:
    """Targets, tasks and goals for the year to come."""
    targets = [
        ("A5", "ntm", 2023, "plan"),
        ("A6", "ntm", 2023, "plan"),
        ("A2", "advanced", 2023, "plan"),
        ("A1", "model", 2023, "plan"),
        ("A9", "ntm", 2024, "pledge"),
    ]
    tasks = [
        (
            "A5",
            "ntm",
            "Nhân rộng mô hình trồng rau an toàn",
            "Spread the safe-vegetable model",
            12,
            "ha",
            "ha",
        ),
        ("A6", "ntm", "Xây thêm phòng học", "Build more classrooms", 6, "phòng", "classrooms"),
        ("A1", "model", "Xây dựng thôn thông minh", "Set up a smart hamlet", 1, "thôn", "hamlet"),
    ]
    goals = [
        (
            "yearly_rule",
            2022,
            "ntm_not_on_list",
            "Xã đã đạt chuẩn, ngoài danh sách nâng cao của năm, tăng thêm ít nhất "
            "1 tiêu chí nâng cao (minh họa, năm 2022)",
            "A commune already NTM and not on the year’s advanced list gains at "
            "least 1 more advanced criterion (illustrative, 2022)",
            1,
            "tiêu chí",
            "criterion",
        ),
        (
            "yearly_rule",
            2022,
            "not_ntm",
            "Xã chưa đạt chuẩn xây dựng ít nhất 1 thôn nông thôn mới (minh họa)",
            "A commune not yet NTM builds at least 1 NTM hamlet (illustrative)",
            1,
            "thôn",
            "hamlet",
        ),
        (
            "yearly_rule",
            2022,
            "not_ntm",
            "Xã chưa đạt chuẩn đạt thêm ít nhất 2 tiêu chí (minh họa, năm 2022)",
            "A commune not yet NTM meets at least 2 more criteria (illustrative, 2022)",
            2,
            "tiêu chí",
            "criteria",
        ),
        (
            "yearly_rule",
            2023,
            "ntm_not_on_list",
            "Xã đã đạt chuẩn, ngoài danh sách nâng cao của năm, tăng thêm ít nhất "
            "1 tiêu chí nâng cao (minh họa)",
            "A commune already NTM and not on the year’s advanced list gains at "
            "least 1 more advanced criterion (illustrative)",
            1,
            "tiêu chí",
            "criterion",
        ),
        (
            "yearly_rule",
            2023,
            "not_ntm",
            "Xã chưa đạt chuẩn đạt thêm ít nhất 2 tiêu chí (minh họa)",
            "A commune not yet NTM meets at least 2 more criteria (illustrative)",
            2,
            "tiêu chí",
            "criteria",
        ),
        (
            "term_goal",
            2025,
            "all",
            "Đến hết nhiệm kỳ (31/12/2025) tất cả các xã đạt chuẩn nông thôn mới (minh họa)",
            "By the end of the term (31 December 2025) all communes are NTM (illustrative)",
            "",
            "",
            "",
        ),
        (
            "request",
            2022,
            "all",
            "Xã A6 đề nghị huyện bố trí đủ vốn để hoàn thành khối trường học "
            "trước tháng 6/2023 (minh họa)",
            "A6 asks the district for the money to finish its school block "
            "before June 2023 (illustrative)",
            "",
            "",
            "",
        ),
        (
            "request",
            2022,
            "all",
            "Xã A7, A8 đề nghị hỗ trợ thêm xi măng để Nhân dân làm đường (minh họa)",
            "A7 and A8 ask for more cement for roads (illustrative)",
            300,
            "tấn",
            "tonnes",
        ),
    ]
    columns = {
        "targets": ("commune", "level", "year", "kind"),
        "tasks": ("commune", "level", "task_vi", "task_en", "quantity", "unit_vi", "unit_en"),
        "goals": ("kind", "year", "covers", "text_vi", "text_en", "quantity", "unit_vi", "unit_en"),
    }
    rows = {"targets": targets, "tasks": tasks, "goals": goals}
    return {
        table: [
            dated(PLANNED, number=1, **dict(zip(columns[table], row, strict=True)))
            for row in rows[table]
        ]
        for table in rows
    }


def money() -> dict[str, list[dict]]:
    """Works, prices and pots, all invented, with an example of every form that the tables take."""
    items = [
        ("duong", "Đường bê tông", "Concrete road", "km", "km", 1200, 1600, 2400, 2021, "full"),
        (
            "truong",
            "Khối trường học",
            "School block",
            "khối",
            "block",
            3000,
            4000,
            6000,
            2022,
            "full",
        ),
        (
            "nha-van-hoa",
            "Nhà văn hóa thôn",
            "Hamlet cultural house",
            "nhà",
            "house",
            "",
            700,
            "",
            2022,
            "full",
        ),
        (
            "nuoc",
            "Đấu nối nước sạch",
            "Clean-water connection",
            "hộ",
            "household",
            6,
            10,
            16,
            2022,
            "full",
        ),
        ("xi-mang", "Xi măng", "Cement", "tấn", "tonne", 1.4, 1.5, 1.8, 2022, "materials"),
        ("no-dong", "Trả nợ đọng", "Debt paid", "triệu đồng", "million VND", 1, 1, 1, 2022, "full"),
        (
            "htx",
            "Hỗ trợ hợp tác xã",
            "Cooperative support",
            "hợp tác xã",
            "cooperative",
            100,
            200,
            300,
            2022,
            "support",
        ),
        (
            "chua-ro",
            "Một tiêu chí chưa rõ tên",
            "A criterion without a name",
            "tiêu chí",
            "criterion",
            500,
            2000,
            6000,
            2022,
            "full",
        ),
    ]
    works = [
        ("A5", "ntm", NTM, "", "htx", 1, 1, 1, "new", "", "plan", 2023),
        ("A6", "ntm", NTM, 5, "truong", 1, 1, 2, "carried_over", 40, "carried_over", 2023),
        ("A7", "ntm", NTM, 2, "duong", 3, 4, 6, "new", "", "no", 2024),
        ("A9", "ntm", NTM, 6, "nha-van-hoa", "", 3, "", "new", "", "debt", 2023),
        ("A1", "model", "model-2021-2025", "", "nuoc", 50, 80, 120, "new", "", "no", 2023),
        ("A3", "advanced", ADVANCED, "", "duong", 1, 1, 2, "new", "", "no", ""),
    ]
    usual = [
        (NTM, 2, "duong", 2, 4, 7, "commune", ""),
        (NTM, 5, "truong", 0.02, 0.04, 0.06, "point", "5"),
        (NTM, 5, "truong", 1, 1, 2, "commune", ""),
        (NTM, 6, "nha-van-hoa", 1, 2, 4, "commune", ""),
        (NTM, 17, "nuoc", 40, 90, 200, "commune", ""),
        (ADVANCED, 18, "nuoc", 40, 90, 200, "commune", ""),
        (ADVANCED, "", "chua-ro", 1, 1, 1, "commune", ""),
    ]
    pots = [
        ("trung-uong", "Ngân sách trung ương", "Central budget", "nstw", "investment", "", "money"),
        ("su-nghiep", "Vốn sự nghiệp", "Recurrent capital", "nstw", "recurrent", "13", "money"),
        ("huyen", "Ngân sách huyện", "District budget", "nsh", "investment", "", "money"),
        ("dat", "Thu tiền sử dụng đất", "Land-use revenue", "dat", "investment", "", "money"),
        (
            "dan",
            "Nhân dân đóng góp tự nguyện",
            "Voluntary contribution of the people",
            "dan",
            "investment",
            "",
            "money",
        ),
        (
            "xi-mang",
            "Xi măng tỉnh hỗ trợ",
            "Cement granted by the province",
            "nst",
            "investment",
            "2",
            "cement",
        ),
        ("ngan-sach-xa", "Ngân sách xã", "Commune budget", "nsx", "investment", "", "money"),
    ]
    shares = {
        "duong": {"trung-uong": 40, "huyen": 30, "dan": 30},
        "truong": {"trung-uong": 50, "huyen": 30, "dat": 20},
        "nha-van-hoa": {"huyen": 40, "dan": 60},
        "nuoc": {"trung-uong": 50, "dan": 50},
        "htx": {"su-nghiep": 100},
        "chua-ro": {"trung-uong": 50, "huyen": 50},
        "no-dong": {"huyen": 100},
    }
    yearly = {
        "trung-uong": 9000,
        "su-nghiep": 400,
        "huyen": 5000,
        "dat": 3000,
        "dan": 4000,
        "xi-mang": 900,
    }
    # Voluntary money is never more than usual; the budgets may pay up to twice their usual share
    # (docs/method/need.md).
    parts = [
        (item, pot, share, 0, share if pot == "dan" else min(2 * share, 100))
        for item, split in shares.items()
        for pot, share in split.items()
    ]
    columns = {
        "unit_costs": (
            "item",
            "name_vi",
            "name_en",
            "measure_vi",
            "measure_en",
            "low",
            "mode",
            "high",
            "price_year",
            "definition",
        ),
        "works": (
            "commune",
            "level",
            "set",
            "criterion",
            "item",
            "low",
            "quantity",
            "high",
            "state",
            "percent_done",
            "committed",
            "planned_year",
        ),
        "typical_works": (
            "set",
            "criterion",
            "item",
            "low",
            "quantity",
            "high",
            "per",
            "indicator",
        ),
        "pots": ("pot", "name_vi", "name_en", "fund", "capital", "earmark", "measure"),
        "parts": ("item", "pot", "share", "least", "most"),
    }
    rows = {
        "unit_costs": items,
        "works": works,
        "typical_works": usual,
        "pots": pots,
        "parts": parts,
    }
    made = {
        table: [
            dated(PLANNED, **dict(zip(columns[table], row, strict=True))) for row in rows[table]
        ]
        for table in rows
    }
    made["works"] = [row | {"work": f"{row['item']}-1"} for row in made["works"]]
    made["pots"] = [
        row | {"serves": "commune" if row["fund"] == "nsx" else "district"} for row in made["pots"]
    ]
    made["parts"].append(
        dated(PLANNED, item="duong", pot="xi-mang", tonnes_low=150, tonnes=190, tonnes_high=210)
    )
    made["envelopes"] = [
        dated(
            PLANNED,
            pot=pot,
            year=year,
            amount=amount,
            kind="allotted" if year == 2022 else "expected",
            disbursed_low=60,
            disbursed=85,
            disbursed_high=98,
            carried="no",
            delay_low=0,
            delay=1,
            delay_high=4,
        )
        for pot, amount in yearly.items()
        for year in range(2022, 2026)
    ]
    made["envelopes"] += [
        dated(
            PLANNED,
            pot="ngan-sach-xa",
            served=str(90000 + int(name[1:])),
            year=2022,
            amount=amount,
            kind="allotted",
            disbursed_low=60,
            disbursed=85,
            disbursed_high=98,
            carried="no",
        )
        for name, amount in COMMUNE_BUDGETS.items()
    ]
    months = [0, 0, 5, 5, 5, 10, 10, 10, 10, 15, 15, 15]
    made["profiles"] = [
        dated(PLANNED, pot=pot, month=month, share=share)
        for pot in [*yearly, "ngan-sach-xa"]
        for month, share in enumerate(months, start=1)
    ]
    made["prices"] = [
        dated(PLANNED, year=year, low=0, mode=3, high=6) for year in range(2020, 2026)
    ]
    made["cement"] = [
        dated(YEAR_END, commune=name, year=2022, granted=granted, delivered=delivered, used=used)
        for name, granted, delivered, used in (
            ("", 900, 760, 700),
            ("A5", 200, 180, 160),
            ("A7", 150, 120, 120),
        )
    ]
    made["debts"] = [dated(YEAR_END, commune="A6", criterion=5, date=YEAR_END, amount=850)]
    numbers = range(1, 20)
    made["carry_over"] = [
        dated(PLANNED, from_set=OLD, to_set=NTM, criterion=n, lost=5 + n) for n in numbers
    ]
    made["criterion_shares"] = [
        dated(PLANNED, set=NTM, criterion=n, share=40 + 2 * n) for n in numbers
    ]
    made["count_priors"] = [
        dated(PLANNED, set=NTM, group="plain", average=15, communes=12, ntm=5, spread=2.5),
        dated(PLANNED, set=NTM, group="border", share=20, shift=-2, spread=2.5),
    ]
    times = [
        ("duong", 3, 6, 9, 10, 6),
        ("truong", 8, 10, 14, 20, 12),
        ("nha-van-hoa", 3, 5, 7, 10, 6),
        ("nuoc", 4, 8, 14, 20, 12),
        ("htx", 2, 3, 6, 10, 6),
        ("chua-ro", 3, 8, 14, 15, 6),
        ("no-dong", 0, 0, 0, 0, 0),
    ]
    columns = ("item", "low", "mode", "high", "stall", "stall_months")
    made["durations"] = [dated(PLANNED, **dict(zip(columns, row, strict=True))) for row in times]
    made["priorities"] = [dated(PLANNED, commune="A9", weight=1.5)]
    made["hamlets"] = [
        dated(
            YEAR_END,
            commune=commune,
            hamlet=hamlet,
            households=households,
            level=level,
            date=day,
            decision="QĐ minh họa (thôn)" if day else "",
        )
        for commune, hamlet, households, level, day in HAMLETS
    ]
    made["hamlet_targets"] = [
        dated(PLANNED, commune=commune, hamlet=hamlet, level=level, year=2023)
        for commune, hamlet, level in HAMLET_TARGETS
    ]
    made["hamlet_criteria"] = [
        dated(
            PLANNED,
            number=number,
            level=level,
            name_vi=vi,
            name_en=en,
            decision="Bộ tiêu chí thôn đặt ra để minh họa",
        )
        for level, names in HAMLET_CRITERIA.items()
        for number, (vi, en) in enumerate(names, start=1)
    ]
    made["hamlet_states"] = [
        dated(
            YEAR_END,
            commune=commune,
            hamlet=hamlet,
            level=level,
            criterion=number,
            date=YEAR_END,
            state=state,
        )
        for (commune, hamlet, level), states in HAMLET_STATES.items()
        for number, state in enumerate(states, start=1)
        if state
    ]
    with (HERE / "thanh-chuong" / "assumptions.csv").open(encoding="utf-8-sig", newline="") as file:
        # the same words; the values are invented
        told = {row["key"]: row for row in csv.DictReader(file)}
    made["assumptions"] = [
        dated(
            PLANNED,
            key=key,
            value=value,
            **{c: told[key][c] for c in ("measure", "text_vi", "text_en")},
        )
        for key, value in ASSUMED.items()
    ]
    return made


def monthly(values: list[dict]) -> dict[str, list[dict]]:
    """Monthly reports, planned steps and assignments; an indicator reported by month has the value
    that ``values`` holds then.
    """
    progress = []

    def report(name: str, month: int, said_by: str = "", **cells: object) -> None:
        said_by = said_by or f"UBND xã {name}"
        told = f"{said_by}, báo cáo tháng {month} (minh họa)"
        progress.append(
            dated(MONTHS[month - 1], commune=name, month=f"2022-{month:02d}", said_by=told, **cells)
        )

    for (name, work), (done, _) in VOLUMES.items():
        for month, value in done.items():
            report(name, month, work=work, value=value)
    for (name, work, pot), paid in PAID.items():
        for month, amount in paid.items():
            report(name, month, work=work, pot=pot, disbursed=amount)
    for name, month, criterion, state, said_by in STATED:
        report(name, month, said_by, set=NTM, criterion=criterion, state=state)
    for name, test in MEASURED:
        year = {
            v["date"]: v["value"]
            for v in values
            if (v["commune"], v["set"], v["indicator"]) == (name, NTM, test)
        }
        for month in (10, 11, 12):
            known = max(day for day in year if day <= MONTHS[month - 1])
            report(name, month, set=NTM, indicator=test, value=year[known])
    steps = [
        dated(PLANNED, commune=name, work=work, month=f"{year}-{month:02d}", percent=percent)
        for (name, work), (_, plan) in VOLUMES.items()
        for (year, month), percent in plan.items()
    ]
    columns = ("commune", "set", "criterion", "department", "partner", "person", "action", "due")
    assignments = [dated(PLANNED, **dict(zip(columns, row, strict=True))) for row in ASSIGNED]
    return {"progress": progress, "work_plans": steps, "assignments": assignments}


def tables() -> dict[str, list[dict]]:
    """Every table's rows; columns that a table does not have are dropped when it is written."""
    values, states = indicators()
    for day, marks in ((HALF_YEAR, A7_BEFORE), (YEAR_END, A7_NOW)):
        for number in range(1, 20):
            state = marks.get(number, "met")
            if day == HALF_YEAR or A7_BEFORE.get(number, "met") != state:
                states.append(
                    dated(day, commune="A7", set=NTM, criterion=number, date=day, state=state)
                )
    for number in A9_MISSING:
        states.append(
            dated(YEAR_END, commune="A9", set=NTM, criterion=number, date=YEAR_END, state="not_met")
        )
    counts = [(set_id, name, START, met) for set_id, name, met in AT_START]
    counts += [
        (NTM, "A8", HALF_YEAR, 12),
        (NTM, "A8", YEAR_END, 14),
        (NTM, "A9", YEAR_END, 15),
        (ADVANCED, "A3", YEAR_END, 6),
    ]
    merger = {
        "on": dt.date(2023, 1, 1),
        "into_code": "90014",
        "into_name": "A13",
        "resolution": "NQ minh họa 01",
    }
    return (
        plans()
        | money()
        | monthly(values)
        | {
            "units": units(),
            "indicator_values": values,
            "criterion_states": states,
            "criterion_counts": [
                dated(day, commune=c, set=s, date=day, met=met, of=19) for s, c, day, met in counts
            ],
            "recognitions": recognitions(),
            "mergers": [
                dated(dt.date(2022, 11, 15), commune=name, **merger) for name in ("A11", "A12")
            ],
            "sources": [
                {
                    "id": SOURCE,
                    "short": "Số liệu minh họa",
                    "title": "Số liệu bịa ra để minh họa, không có huyện này "
                    "(data/make_huyen_mau.py)",
                }
            ],
        }
    )


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.yaml").write_text(DATASET, encoding="utf-8", newline="\n")
    made = tables()
    for table in TABLES:
        columns = list(dictionary(table))
        with (folder / f"{table}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for row in made.get(table, []):
                cells = {c: written(v) if isinstance(v, float) else v for c, v in row.items()}
                writer.writerow(cells | {"source": SOURCE, "mark": MARK, "note": NOTE})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "huyen-mau")

"""The booklet of legal cases (``tests/law/legal/*.yaml``): every case is one test, named by its
title.

A case gives facts about one commune (or one district) and what the law makes of them, worked out by
hand from the text of the law files. Cases of the same region and day share one data set with a
commune each, so that the law is read seldom. ``tests/law/legal/bo-1980.yaml`` begins with how to
read a case.
"""

import math
from functools import cache
from pathlib import Path

import pytest
import yaml
from conftest import make_dataset

from ntm_analysis.data import Workbook
from ntm_analysis.standing import assess, district_conditions, revocation

LEGAL = Path(__file__).resolve().parent / "legal"
STATES = {
    "đạt": "met",
    "chưa đạt": "not_met",
    "cơ bản đạt": "basic",
    "không áp dụng": "not_applicable",
    "chưa rõ": "unknown",
}
CASE_KEYS = {
    *(
        "ten",
        "bo_tieu_chi",
        "vung",
        "dac_biet_kho_khan",
        "ngay",
        "ngay_xet",
        "co_ban_tinh_dat",
        "mang_sang",
    ),
    *("du_kien", "ket_qua", "ly_do", "can_cu", "chi_gia_tri_da_doc"),
}
FACT_KEYS = {
    "chi_tieu",
    "tieu_chi",
    "so_dem",
    "cong_nhan",
    "so_xa",
    "thi_tran",
    "xa_dat_chuan",
    "xa_nang_cao",
    "xa_kieu_mau",
}
RESULT_KEYS = {
    *(
        "tieu_chi",
        "dat",
        "thieu",
        "co_ban",
        "chua_ro",
        "khoang_cach",
        "muc",
        "so_chi_tieu",
        "khong_xet",
        "canh_bao",
    ),
    *("thu_hoi", "bo_ap_dung", "dieu_kien"),
}


class _Text(yaml.SafeLoader):
    """YAML in which the same key twice is an error: a case must not lose half of what it says."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.YAMLError(f"the same key twice{node.start_mark}")
        return super().construct_mapping(node, deep)


def _read_cases() -> list[dict]:
    cases = []
    for path in sorted(LEGAL.glob("*.yaml")):
        book = yaml.load(path.read_text(encoding="utf-8"), Loader=_Text)
        for case in book["truong_hop"]:
            made = (
                {"vung": "btb", "ly_do": {}, "can_cu": {}}
                | book.get("mac_dinh", {})
                | case
                | {"file": path.stem}
            )
            cases.append(made)
    return cases


CASES = _read_cases()


def _is_district(case: dict) -> bool:
    return "so_xa" in case["du_kien"]


def _rows(case: dict, table: str, column: str, facts: object) -> list[dict]:
    """Rows of one table: ``facts`` is {number: fact or list of facts}; a fact is its value or {la,
    ngay, bo}.
    """
    made = []
    for number, given in facts.items():
        for typed in given if isinstance(given, list) else [given]:
            fact = typed if isinstance(typed, dict) else {"la": typed}
            assert "la" in fact and set(fact) <= {"la", "ngay", "bo"}, (case["ten"], fact)
            row = {
                "set": fact.get("bo", case["bo_tieu_chi"]),
                "date": fact.get("ngay", case["ngay"]),
            }
            if table == "criterion_counts":
                row["met"], row["of"] = str(fact["la"]).split("/")
            elif table == "recognitions":
                row |= {"level": fact["la"], "basis": "quyết định"}
            elif isinstance(fact["la"], str):
                row |= {column: number, "state": fact["la"]}
            else:
                row |= {column: number, "value": fact["la"]}
            made.append(row)
    return made


def _group(case: dict) -> tuple:
    """Cases with the same answer share a data set; a district has one of its own."""
    return (case["vung"], case["ngay"], case["ten"] if _is_district(case) else "")


def _tables(cases: list[dict]) -> dict[str, list[dict]]:
    """The tables of one data set: commune 10001 is that of the first case, and so on."""
    tables: dict[str, list[dict]] = {
        "units": [],
        "indicator_values": [],
        "criterion_states": [],
        "criterion_counts": [],
        "recognitions": [],
    }
    for number, case in enumerate(cases, start=1):
        facts = case["du_kien"]
        code = str(10000 + number)
        special = "có" if case.get("dac_biet_kho_khan") else "không"
        tables["units"].append(
            {"code": code, "name": f"Thử {number}", "specially_difficult": special}
        )
        made = {
            "indicator_values": _rows(
                case, "indicator_values", "indicator", facts.get("chi_tieu", {})
            ),
            "criterion_states": _rows(
                case, "criterion_states", "criterion", facts.get("tieu_chi", {})
            ),
            "criterion_counts": _rows(case, "criterion_counts", "", {"": facts.get("so_dem", [])}),
            "recognitions": _rows(case, "recognitions", "", {"": facts.get("cong_nhan", [])}),
        }
        for table, rows in made.items():
            tables[table] += [row | {"commune": code} for row in rows]
    return tables


def _district_tables(facts: dict) -> dict[str, list[dict]]:
    """A district of so many communes, the first of them recognised at so many levels, and townships
    after them.
    """
    units = [{"code": str(10001 + i), "name": f"Thử {i + 1}"} for i in range(facts["so_xa"])]
    units += [
        {"code": str(20001 + i), "name": f"Phố {i + 1}", "kind": "thị trấn"}
        for i in range(facts.get("thi_tran", 0))
    ]
    levels = [
        ("nông thôn mới kiểu mẫu", "model-2021-2025", facts.get("xa_kieu_mau", 0)),
        ("nông thôn mới nâng cao", "advanced-2021-2025", facts.get("xa_nang_cao", 0)),
        ("nông thôn mới", "ntm-2021-2025", facts.get("xa_dat_chuan", 0)),
    ]
    recognised = [(level, set_id) for level, set_id, number in levels for _ in range(number)]
    rows = [
        {"commune": str(10001 + i), "level": level, "set": set_id, "basis": "quyết định"}
        for i, (level, set_id) in enumerate(recognised)
    ]
    return {"units": units, "recognitions": rows}


@pytest.fixture(scope="session")
def open_case(tmp_path_factory):
    """Opens the data set that holds a case: the workbook and the case's unit number; each data set
    is made once.
    """

    @cache
    def opened(group: tuple) -> tuple[Workbook, dict[str, str]]:
        cases = [case for case in CASES if _group(case) == group]
        tables = _district_tables(cases[0]["du_kien"]) if _is_district(cases[0]) else _tables(cases)
        folder = make_dataset(
            tmp_path_factory.mktemp("legal"), tables, region=group[0], as_of=group[1]
        )
        codes = {case["ten"]: str(10000 + number) for number, case in enumerate(cases, start=1)}
        return Workbook.open(folder), codes

    @cache
    def judged(group: tuple, set_id: str, day, basic: bool, carry: bool):
        return assess(opened(group)[0], set_id, day=day, basic_counts=basic, carry=carry)

    def get(case: dict):
        workbook, codes = opened(_group(case))
        options = (
            case.get("ngay_xet"),
            case.get("co_ban_tinh_dat", False),
            case.get("mang_sang", False),
        )
        standing = (
            None if _is_district(case) else judged(_group(case), case["bo_tieu_chi"], *options)
        )
        return workbook, workbook.find(codes[case["ten"]]), standing

    return get


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case['file']}: {case['ten']}") for case in CASES]
)
def test_case(case: dict, open_case) -> None:
    workbook, unit, standing = open_case(case)
    want = case["ket_qua"]
    if _is_district(case):
        assert _district(workbook, case) == want["dieu_kien"]
        return
    tests = standing.tests[standing.tests["unit"] == unit].set_index("test")
    states = standing.states[standing.states["unit"] == unit].set_index("criterion")
    counts = standing.counts.loc[unit]
    region = workbook.units.loc[unit, "region"]
    special = workbook.law.sets[case["bo_tieu_chi"]].specially_difficult
    if case.get("dac_biet_kho_khan") and special:
        region = special["region"]
    levels = standing.thresholds[region].set_index("test")
    label = workbook.units.loc[unit, "label"]

    found = {
        "tieu_chi": {n: _word(states.loc[n, "state"]) for n in want.get("tieu_chi", {})},
        "dat": _plain(counts["met"]),
        "thieu": list(counts["missing"]),
        "co_ban": list(counts["basic"]),
        "chua_ro": int(counts["unknown"]),
        "khoang_cach": {t: _plain(tests["distance"].get(t)) for t in want.get("khoang_cach", {})},
        "muc": {t: _plain(levels["value"].get(t)) for t in want.get("muc", {})},
        "so_chi_tieu": {n: int(states.loc[n, "indicators"]) for n in want.get("so_chi_tieu", {})},
        "khong_xet": [
            t for t in want.get("khong_xet", []) if t not in levels.index and t not in tests.index
        ],
        "bo_ap_dung": {
            k: workbook.law.in_force(k, workbook.as_of) for k in want.get("bo_ap_dung", {})
        },
    }
    if "thu_hoi" in want:
        found["thu_hoi"] = revocation(workbook, standing)["outcome"].get(unit)
    warned = sorted(p.code for p in standing.contradictions if p.details["unit"] == label)
    assert warned == want.get("canh_bao", [])
    assert {key: found[key] for key in want if key != "canh_bao"} == {
        k: v for k, v in want.items() if k != "canh_bao"
    }
    assert {t: tests["reason"].get(t) for t in case["ly_do"]} == case["ly_do"]
    assert {n: states.loc[n, "basis"] for n in case["can_cu"]} == case["can_cu"]
    # What holds of every standing whatever the facts.
    if not math.isnan(counts["met"]):
        assert counts["met"] + len(counts["missing"]) + counts["unknown"] == counts["of"]
    _hold_to_what_was_read(case, tests, states)


def _hold_to_what_was_read(case: dict, tests, states) -> None:
    """True: everything that decides was read in its text. False: something was not.

    The engine says so then. Absent: no threshold decides at all.
    """
    deciding = tests.loc[list(case["ly_do"]), "checked"]
    by_tests = [
        n for n in case["ket_qua"].get("tieu_chi", {}) if states.loc[n, "basis"] == "indicators"
    ]
    if "chi_gia_tri_da_doc" not in case:
        assert deciding.empty and not by_tests
    elif case["chi_gia_tri_da_doc"]:
        assert len(deciding) or by_tests
        assert deciding.all() and states.loc[by_tests, "checked"].all()
    else:
        assert not deciding.all() or not states.loc[by_tests, "checked"].all()
        assert not states.loc[by_tests, "checked"].any()


def _district(workbook: Workbook, case: dict) -> dict:
    """The conditions that the case names, or all of them when it names none (then none may be in
    force).
    """
    table = district_conditions(workbook).set_index("number")
    wanted = case["ket_qua"]["dieu_kien"]
    if "chi_gia_tri_da_doc" in case:
        assert table.loc[list(wanted), "checked"].eq(case["chi_gia_tri_da_doc"]).all()
    rows = table.loc[list(wanted)] if wanted else table
    return {
        number: {"can": _plain(row["need"]), "co": _plain(row["have"]), "la": _word(row["state"])}
        for number, row in rows.iterrows()
    }


def _word(state: str) -> str:
    return next(word for word, code in STATES.items() if code == state)


def _plain(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else round(float(number), 6)


def test_the_booklet_is_large_enough() -> None:
    read = [case for case in CASES if case.get("chi_gia_tri_da_doc")]
    assert len(CASES) >= 60
    assert len(read) >= 30


def test_titles_are_unique_and_cases_complete() -> None:
    assert len({case["ten"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert not set(case) - CASE_KEYS - {"file"}, case["ten"]
        assert not set(case["du_kien"]) - FACT_KEYS, case["ten"]
        assert case["ket_qua"] and not set(case["ket_qua"]) - RESULT_KEYS, case["ten"]

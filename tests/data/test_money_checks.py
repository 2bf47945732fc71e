"""Bad input in the tables of works and money: each with its place, nothing made cheaper in
silence.
"""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ntm_analysis.data import ASSUMPTION_BOUNDS, MONEY_TABLES, Workbook
from ntm_analysis.forecasts import schedule
from ntm_analysis.needs import CEMENT_PART, demand
from ntm_analysis.needs.pot_sets import bounds
from ntm_analysis.tables import DataProblemsError, report


@pytest.fixture
def district(tmp_path) -> Path:
    shutil.copytree("data/criteria", tmp_path / "data" / "criteria")
    return Path(shutil.copytree("data/thanh-chuong", tmp_path / "data" / "thanh-chuong"))


def problems_of(folder: Path):
    with pytest.raises(DataProblemsError) as caught:
        Workbook.open(folder)
    return caught.value.problems


TAIL = ",2022-03-31,gia-dinh,assumed,"


@pytest.mark.parametrize(
    ("file", "row", "codes", "column"),
    [
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,2,duong-xom,,-3,,new,,no,",
            {"out_of_range"},
            "quantity",
        ),
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,2,duong-xom,5,3,6,new,,no,",
            {"range_falls"},
            "quantity",
        ),
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,2,khong-co,,3,,new,,no,",
            {"unknown_row"},
            "item",
        ),
        (
            "works",
            "Thanh Hươngg,1,ntm,ntm-2021-2025,2,duong-xom,,3,,new,,no,",
            {"unknown_unit"},
            "commune",
        ),
        (
            "works",
            "thanh linh,duong,model,model-2021-2025,,duong-xa,,3,,new,,no,",
            {"unknown_unit"},
            "commune",
        ),
        (
            "works",
            "17761,duong,model,model-2021-2025,,duong-xa,,3,,new,,no,",
            {"duplicate"},
            "commune",
        ),
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,5,duong-xom,,3,,new,,no,",
            {"earmark_broken"},
            "item",
        ),
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,20,duong-xa,,3,,new,,no,",
            {"unknown_criterion"},
            "criterion",
        ),
        ("unit_costs", "x,X,X,km,km,200,100,300,2020,full", {"range_falls"}, "mode"),
        ("parts", "duong-xa,khong-co,0,,,,,", {"unknown_row"}, "pot"),
        ("parts", "duong-xa,nsx,10,,,,,", {"shares_sum"}, "share"),
        ("parts", "kenh,xi-mang-tinh,10,,,,,", {"part_form", "earmark_broken"}, None),
        ("envelopes", "nsx,,2030,100,expected,50,60,70,no,0,1,2", {"outside_horizon"}, "year"),
        (
            "envelopes",
            "nsx,99999,2023,100,expected,50,60,70,no,0,1,2",
            {"unknown_served"},
            "served",
        ),
        (
            "envelopes",
            "nsx,,2024,100,expected,50,60,70,no,3,1,2",
            {"duplicate", "range_falls"},
            None,
        ),
        ("envelopes", "nsx,,2024,100,expected,50,60,70,no,,2,", {"duplicate", "range_falls"}, None),
        ("envelopes", "nsx,,2024,100,expected,50,60,70,no,2,,", {"duplicate", "range_falls"}, None),
        ("envelopes", "khong-co,,2023,100,expected,50,60,70,no,0,1,2", {"unknown_row"}, "pot"),
        ("envelopes", "nsx,,2022,100,expected,50,60,70,no,0,1,2", {"duplicate"}, "pot"),
        ("profiles", "nsx,1,3", {"duplicate", "shares_sum"}, None),
        ("parts", "duong-xa,tin-dung,0,,,,,", {"credit_pays"}, "pot"),
        (
            "pots",
            "xm2,Xi măng khác,More cement,nst,investment,district,,cement",
            {"one_cement"},
            "measure",
        ),
        (
            "works",
            "Thanh Hương,1,ntm,ntm-2021-2025,2,duong-xa,,0,,new,,no,",
            {"zero_quantity"},
            "quantity",
        ),
        (
            "typical_works",
            "ntm-2021-2025,5,truong-6-phong,0,1,1,point,zz",
            {"unknown_test"},
            "indicator",
        ),
        ("carry_over", "ntm-2016-2020,1,ntm-2030,5", {"unknown_set"}, "to_set"),
        ("pots", "dat,Đất,Land,nsh,investment,district,,money", {"duplicate"}, "pot"),
        ("pots", "moi,Mới,New,nsh,investment,district,hai,money", {"not_allowed"}, "earmark"),
    ],
)
def test_a_row_that_cannot_be_is_refused(district, file, row, codes, column):
    path = district / f"{file}.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text + row + TAIL + "\n", encoding="utf-8-sig")
    found = problems_of(district)
    assert {p.code for p in found} == codes
    assert column is None or {p.column for p in found} == {column}


def test_a_price_of_a_later_year_must_be_marked_assumed(district):
    path = district / "unit_costs.csv"
    text = path.read_text(encoding="utf-8-sig")
    row = "x,X,X,km,km,100,200,300,2024,full,2022-03-31,gia-dinh,{},\n"
    path.write_text(text + row.format("reported"), encoding="utf-8-sig")
    (problem,) = problems_of(district)
    assert (problem.code, problem.column) == ("price_after", "price_year")
    path.write_text(text + row.format("assumed"), encoding="utf-8-sig")
    assert "x" in Workbook.open(district).tables["unit_costs"]["item"].tolist()


def test_a_unit_price_that_is_gone_names_the_works_without_price(district):
    path = district / "unit_costs.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text(
        "\n".join(line for line in lines if not line.startswith("kenh,")), encoding="utf-8-sig"
    )
    found = problems_of(district)
    assert {p.file for p in found if p.code == "unknown_row"} == {
        "works.csv",
        "typical_works.csv",
        "parts.csv",
        "durations.csv",
    }
    assert "“kenh” không có trong unit_costs.csv" in report(found)


def test_a_year_without_its_price_rise_is_told(district):
    path = district / "prices.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text(
        "\n".join(line for line in lines if not line.startswith("2018,")), encoding="utf-8-sig"
    )
    (problem,) = problems_of(district)
    assert problem.code == "no_price" and "2018" in report([problem])


def spoil(path: Path, old: str, new: str, times: int = -1) -> None:
    """Other text in a table; the old one must be there."""
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, times), encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("count_priors", "410,280", "410,410", "prior_impossible"),
        ("count_priors", "410,280", "410,411", "prior_impossible"),
        ("count_priors", '"16,5",410,280', "7,410,280", "prior_impossible"),
        ("assumptions", "cost_high,140", "cost_high,50", "out_of_range"),
        ("assumptions", "cost_high,140", "cost_hihg,140", "no_rule"),
        ("parts", "146,192,201", ",192,201", "part_form"),
        ("assumptions", "dossier_closes,6", 'dossier_closes,"6,5"', "not_whole"),
        ("assumptions", "programme_start,2011", 'programme_start,"2011,5"', "not_whole"),
        ("assumptions", "programme_start,2011", "programme_start,2022", "out_of_range"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(district, file, old, new, code):
    spoil(district / f"{file}.csv", old, new)
    assert code in {p.code for p in problems_of(district)}


@pytest.mark.parametrize(
    ("changes", "problem", "said"),
    [
        (
            {"htx,nstw-sn,100,0,100": "htx,nstw-sn,100,0,80"},
            ("mosts_under", "htx,", "most"),
            "chưa đủ 100%",
        ),
        (
            {"kenh,nsx,10,0,20": "kenh,nsx,10,15,20"},
            ("least_above", "kenh,nsx", "least"),
            "15% lớn hơn phần thường gặp 10%",
        ),
        (
            {"kenh,nsx,10,0,20": 'kenh,nsx,10,0,"8,5"'},
            ("most_below", "kenh,nsx", "most"),
            "8,5% nhỏ hơn phần thường gặp 10%",
        ),
        (
            {
                "nuoc-ho,long-ghep,55,0": "nuoc-ho,long-ghep,55,60",
                "nuoc-ho,dan,45,0": "nuoc-ho,dan,45,50",
            },
            ("leasts_over", "nuoc-ho,long-ghep", "least"),
            "nuoc-ho: các phần ít nhất cộng lại 110%",
        ),
        (
            {"nuoc-ho,long-ghep,55,0,100": "nuoc-ho,long-ghep,55,0,50"},
            ("mosts_under", "nuoc-ho,long-ghep", "most"),
            "95%",
        ),
        (
            {"duong-xom,xi-mang-tinh,,,": "duong-xom,xi-mang-tinh,,0,"},
            ("part_form", "duong-xom,xi-mang-tinh", "share"),
            "",
        ),
    ],
)
def test_bounds_of_shares_that_cannot_be_are_one_report_each(district, changes, problem, said):
    path, (code, begin, column) = district / "parts.csv", problem
    for old, new in changes.items():
        spoil(path, old, new)
    row = next(
        n
        for n, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1)
        if line.startswith(begin)
    )
    (found,) = problems_of(district)
    assert (found.code, found.file, found.row, found.column) == (
        code,
        "parts.csv",
        row,
        column,
    ) and said in report([found])


def without_bounds(path: Path) -> None:
    """A parts table as older data sets have it."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    table.drop(columns=["least", "most"]).to_csv(path, index=False, encoding="utf-8-sig")


def test_a_data_set_without_bounds_opens_and_is_told_once_that_shares_are_held_to_the_usual(
    district,
):
    without_bounds(district / "parts.csv")
    workbook = Workbook.open(district)
    (warning,) = (p for p in workbook.warnings if p.code == "bounds_missing")
    assert warning.warning and (warning.file, warning.details) == ("parts.csv", {"n": 49})
    least, most, _, kinds = bounds(workbook.tables)
    money = [i for i, kind in enumerate(kinds) if not kind.endswith(CEMENT_PART)]
    assert (least[money] <= most[money]).all() and (most[money] - least[money]).max() <= 1
    assert not [
        p for p in Workbook.open("data/thanh-chuong").warnings if p.code == "bounds_missing"
    ]


def test_an_impossible_value_is_refused_and_not_wrapped_around(district):
    path = district / "works.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(
        text + "Thanh Hương,1,ntm,ntm-2021-2025,2,duong-xa,,99999,,new,,no," + TAIL + "\n",
        encoding="utf-8-sig",
    )
    costs = district / "unit_costs.csv"
    costs.write_text(
        costs.read_text(encoding="utf-8-sig").replace(",2350,", ",999999,"), encoding="utf-8-sig"
    )
    prices = district / "prices.csv"
    prices.write_text(
        prices.read_text(encoding="utf-8-sig").replace(",0,3,7,", ",90,95,100,"),
        encoding="utf-8-sig",
    )
    with pytest.raises(DataProblemsError) as caught:
        demand(Workbook.open(district), draws=10)
    assert caught.value.problems[0].code == "need_too_large"


@pytest.mark.parametrize("column", ["amount", "delay", "known_from", "kind"])
def test_a_column_that_is_gone_is_one_problem_whatever_its_type(district, column):
    path = district / "envelopes.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace(f",{column},", ",gone,", 1), encoding="utf-8-sig")
    assert {"missing_column", "unknown_column"} <= {p.code for p in problems_of(district)}


@pytest.mark.parametrize(
    ("served", "near"),
    [
        ("Thanh Chuong", "Thanh Chương"),
        ("Thanh Hương", "17758 (Thanh Hương)"),
        ("1775", "17758"),
        ("?", "17713"),
    ],
)
def test_money_for_a_place_that_is_none_names_the_nearest_ones(district, served, near):
    path = district / "envelopes.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("\ndat,,2023", f"\ndat,{served},2023"), encoding="utf-8-sig")
    (problem,) = problems_of(district)
    assert problem.code == "unknown_served" and near in problem.details["near"]
    path.write_text(text.replace("\ndat,,2023", "\ndat,Thanh Chương,2023"), encoding="utf-8-sig")
    assert Workbook.open(district), "the district of dataset.yaml is one that money can serve"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "envelopes",
            "expected,70,90,",
            "expected,70,60,",
            "disbursed_low 70; disbursed 60; disbursed_high 98",
        ),
        ("envelopes", "nstw-dt,,2022,27400", "nstw-dt,,2022,274000000", "0 đến 100.000.000"),
        ("targets", "ntm,2022,", "ntm,1999,", "2010 đến 2060"),
        ("profiles", "nstw-dt,3,5,", 'nstw-dt,3,"5,5",', "100,5%"),
    ],
)
def test_figures_in_messages_stand_as_offices_write_them(district, file, old, new, said):
    spoil(district / f"{file}.csv", old, new, 1)
    assert said in report(problems_of(district))


@pytest.mark.parametrize(
    ("emptied", "codes"),
    [
        (["assumptions"], {"no_rule", "no_assumption"}),
        (MONEY_TABLES, {"no_prior", "no_assumption"}),
        (
            ["durations", "count_priors", "carry_over", "criterion_shares"],
            {"no_duration", "no_prior", "no_carry_over", "no_share"},
        ),
    ],
)
def test_everything_that_emptied_tables_lack_is_told_in_one_report(district, emptied, codes):
    for name in emptied:
        path = district / f"{name}.csv"
        path.write_text(
            path.read_text(encoding="utf-8-sig").split("\n")[0] + "\n", encoding="utf-8-sig"
        )
    with pytest.raises(DataProblemsError) as caught:
        schedule(Workbook.open(district))
    found = [p.code for p in caught.value.problems]
    assert set(found) == codes and found.count("no_assumption") == len(ASSUMPTION_BOUNDS) * (
        "assumptions" in emptied
    )


def test_a_programme_that_begins_after_the_day_asked_about_has_no_average_pace(district):
    workbook = replace(Workbook.open(district), as_of=dt.date(2011, 6, 30))
    with pytest.raises(DataProblemsError) as caught:
        schedule(workbook)
    assert ("out_of_range", "assumptions.csv", 14) in {
        (p.code, p.file, p.row) for p in caught.value.problems
    }


LISTED = "ntm,2024,plan,2022-03-31,bai-hoi-nghi,reported,"


@pytest.mark.parametrize(
    ("row", "code", "column", "vi", "en"),
    [
        (f"Thanh Hươngg,{LISTED}", "unknown_unit", "commune", "Thanh Hươngg", "Thanh Hương"),
        (
            f"Cát Văn,{LISTED}",
            "target_reached",
            "commune",
            "đã được công nhận đạt mức này từ năm 2022",
            "in 2022 already",
        ),
        (
            f"Thanh Hương,{LISTED.replace('2024', '2020')}",
            "target_past",
            "year",
            "năm về đích 2020 đã qua",
            "has passed",
        ),
        (
            f"Thanh Hà,{LISTED.replace('2024,plan', '2021,pledge')}",
            "target_past",
            "year",
            "2021 đã qua",
            "2021, has passed",
        ),
        (
            f"Thanh Hà,{LISTED.replace('2024', '2022').replace('bai-hoi-nghi', 'gia-dinh')}",
            "two_lists",
            "source",
            "năm 2022 có hai danh sách đăng ký, theo bai-hoi-nghi và theo gia-dinh",
            "has two lists",
        ),
    ],
)
def test_a_list_that_cannot_be_is_one_clear_report(district, row, code, column, vi, en):
    path = district / "targets.csv"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text + row + "\n", encoding="utf-8-sig")
    (problem,) = problems_of(district)
    assert (problem.code, problem.file, problem.row, problem.column) == (
        code,
        "targets.csv",
        len(text.splitlines()) + 1,
        column,
    )
    assert vi in report([problem]) and en in report([problem], "en")


def test_the_list_of_last_year_is_no_mistake_before_july(make_dataset, tmp_path):
    target = {"targets": [{"level": "ntm", "kind": "plan", "year": 2021}]}
    spring = Workbook.open(make_dataset(tmp_path / "spring", target, as_of="2022-06-30"))
    assert spring.tables["targets"]["year"].tolist() == [2021]
    (problem,) = problems_of(make_dataset(tmp_path / "summer", target, as_of="2022-07-31"))
    assert problem.code == "target_past"


def test_a_commune_recognised_for_its_year_stays_on_the_list_of_it(make_dataset, tmp_path):
    decided = {"level": "ntm", "set": "ntm-2016-2020", "basis": "decision", "date": "2022-03-20"}
    tables = {
        "targets": [{"level": "ntm", "kind": "plan", "year": 2021}],
        "recognitions": [decided],
    }
    assert len(Workbook.open(make_dataset(tmp_path, tables)).tables["targets"]) == 1


def test_a_list_and_what_adds_to_it_share_a_source(make_dataset, tmp_path):
    units = [{"code": code, "name": f"Thử {code}"} for code in ("10001", "10002")]
    rows = [
        {"level": "ntm", "kind": "plan", "year": 2023, "commune": unit["code"]} for unit in units
    ]
    sources = [{"id": name, "title": "Nguồn thử"} for name in ("s", "t")]
    tables = {"units": units, "sources": sources, "targets": [rows[0], rows[1] | {"source": "s|t"}]}
    assert len(Workbook.open(make_dataset(tmp_path / "one", tables)).tables["targets"]) == 2
    tables["targets"][1]["source"] = "t"
    (problem,) = problems_of(make_dataset(tmp_path / "two", tables))
    assert problem.code == "two_lists"


def test_more_pots_than_can_be_worked_out_are_told_before_anything_is_reckoned(district):
    pots, parts = district / "pots.csv", district / "parts.csv"
    more = [f"them-{n}" for n in range(9)]
    row = next(
        line
        for line in pots.read_text(encoding="utf-8-sig").splitlines()
        if line.startswith("dat,")
    )
    paid = next(
        line
        for line in parts.read_text(encoding="utf-8-sig").splitlines()
        if line.startswith("kenh,nsx,")
    )
    for path, old, line in ((pots, "dat,", row), (parts, "kenh,nsx,10,0,", paid)):
        added = [
            line.replace(old, old.replace("dat", name).replace("nsx,10", f"{name},0"))
            for name in more
        ]
        path.write_text(
            "\n".join([path.read_text(encoding="utf-8-sig").rstrip("\n"), *added]) + "\n",
            encoding="utf-8-sig",
        )
    (problem,) = [problem for problem in problems_of(district) if problem.code == "too_many_pots"]
    assert problem.file == "parts.csv" and "nhiều nhất 14" in report([problem])

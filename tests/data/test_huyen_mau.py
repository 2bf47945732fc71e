"""The invented district: as its script makes it, marked throughout, and with an example of every
kind of knowledge.
"""

import filecmp
import subprocess
import sys

import pandas as pd

from ntm_analysis.data import Workbook
from ntm_analysis.standing import assess, knowledge_shares, levels, revocation


def test_the_folder_holds_what_its_script_makes(tmp_path):
    subprocess.run([sys.executable, "data/make_huyen_mau.py", str(tmp_path)], check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(
        path.name for path in __import__("pathlib").Path("data/huyen-mau").iterdir()
    )
    assert filecmp.cmpfiles("data/huyen-mau", tmp_path, made, shallow=False)[1:] == ([], [])


def test_every_row_is_illustrative():
    workbook = Workbook.open("data/huyen-mau")
    assert workbook.illustrative
    # published, and not of the district
    own = {name: table for name, table in workbook.tables.items() if name != "history"}
    assert all((table["mark"] == "illustrative").all() for table in own.values() if "mark" in table)
    assert all(name.startswith(("A", "B")) for name in workbook.all_units["name"])


def test_its_values_cover_twelve_months():
    dates = Workbook.open("data/huyen-mau").tables["indicator_values"]["date"]
    assert set(dates.dt.to_period("M")) == set(pd.period_range("2022-01", "2022-12", freq="M"))


def test_each_commune_stands_as_its_script_says():
    workbook = Workbook.open("data/huyen-mau")
    counts = assess(workbook, "ntm-2021-2025").counts.set_axis(workbook.communes["name"])
    found = {name: (row["met"], row["missing"], row["unknown"]) for name, row in counts.iterrows()}
    assert found["A5"] == (18, (10,), 0)
    assert found["A6"] == (15, (5, 9, 12, 14), 0)
    assert found["A8"] == (14, (), 5), "a count only"
    assert found["A9"] == (15, (2, 5, 6, 17), 0), "a count with its list"
    assert pd.isna(found["A10"][0]) and found["A10"][2] == 19
    assert counts.loc["A7", "basic"] == (5, 6, 13)
    advanced = assess(workbook, "advanced-2021-2025").counts.set_axis(workbook.communes["name"])
    assert (advanced.loc["A1", "met"], advanced.loc["A1", "missing"]) == (19, ())
    assert advanced.loc["A2", "missing"] == (5, 8, 14, 18)


def test_shares_of_knowledge_add_up_and_count_what_they_say():
    workbook = Workbook.open("data/huyen-mau")
    standing = assess(workbook, "ntm-2021-2025")
    shares = knowledge_shares(standing)
    assert abs(sum(shares.values()) - 1) < 1e-12
    unknown = standing.counts["unknown"].sum()
    assert shares["unknown"] == unknown / len(standing.states), (
        "a count that names nothing makes that many known"
    )
    real = knowledge_shares(assess(Workbook.open("data/thanh-chuong"), "ntm-2016-2020"))
    assert {name: round(share * 37 * 19) for name, share in real.items()} == {
        "reported": 12,
        "inferred": 3 * 15 + 4 * 19,
        "assumed": 18 * 19,
        "unknown": 12 * 19,
    }


def test_advanced_communes_are_judged_for_revocation_by_the_advanced_set():
    workbook = Workbook.open("data/huyen-mau")
    level = levels(workbook)["level"]
    held = revocation(workbook, assess(workbook, "advanced-2021-2025"), ("advanced", "model"))
    assert held.index.tolist() == level.index[level == "advanced"].tolist()
    assert held["outcome"].tolist() == ["none"]

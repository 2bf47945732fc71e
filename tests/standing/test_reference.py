"""The engine against a slow second opinion, on random communes: every set, region, day, grain of
facts.
"""

import datetime as dt
import random

import pandas as pd
import pytest
from conftest import sample
from reference_standing import Reference, found_by

from ntm_analysis.data import Workbook
from ntm_analysis.standing import assess

LEVEL_OF = {
    "ntm": "nông thôn mới",
    "advanced": "nông thôn mới nâng cao",
    "model": "nông thôn mới kiểu mẫu",
}
STATES = ["đạt"] * 5 + ["chưa đạt"] * 2 + ["cơ bản đạt", "không áp dụng"]
LAW = Workbook.open("data/thanh-chuong").law


def random_tables(chance: random.Random, communes: int) -> dict[str, list[dict]]:
    """Facts of every grain about some communes, many of them missing, old, repeated or
    contradicting each other.
    """
    tables = {
        name: {}
        for name in ("indicator_values", "criterion_states", "criterion_counts", "recognitions")
    }

    def add(table: str, key: tuple, **row) -> None:
        date = dt.date(2018, 1, 1) + dt.timedelta(90 * chance.randrange(34))
        row |= {"commune": key[0], "set": key[1], "date": date}
        row["known_from"] = date + dt.timedelta(chance.choice([0, 0, 30, 400]))
        tables[table].setdefault((*key, "" if table == "recognitions" else date), row)

    ops = LAW.values[LAW.values["kind"] != "verdict"].groupby(["set", "test"])["op"].agg(set)
    numbers = LAW.values[LAW.values["kind"] == "number"].groupby(["set", "test"])["value"].agg(list)
    percent = LAW.tests.set_index(["set", "test"])["unit"] == "%"
    for i in range(communes):
        code = str(10001 + i)
        for set_id, law_set in LAW.sets.items():
            often = chance.choice([0, 0.05, 0.5, 1.0])
            for (of_set, test), forms in ops.items() if not law_set.counts_only else ():
                for _ in range(
                    chance.choice([1, 2]) if of_set == set_id and chance.random() < often else 0
                ):
                    if chance.random() < 0.05:
                        add(
                            "indicator_values",
                            (code, set_id, test),
                            indicator=test,
                            state="không áp dụng",
                        )
                    elif "judged" in forms and (forms == {"judged"} or chance.random() < 0.5):
                        state = chance.choice(["đạt"] * 6 + ["chưa đạt", "không áp dụng"])
                        add("indicator_values", (code, set_id, test), indicator=test, state=state)
                    else:
                        near = chance.choice(numbers.get((set_id, test), [50.0])) + chance.choice(
                            [0, 0, 0, 0.5, -0.5, 5, -5]
                        )
                        near = min(max(0.0, near), 100.0 if percent[(set_id, test)] else near)
                        add(
                            "indicator_values",
                            (code, set_id, test),
                            indicator=test,
                            value=max(0.0, near),
                        )
            often = 0 if law_set.counts_only else chance.choice([0, 0, 0.1, 0.5, 1])
            for number in range(1, law_set.criteria_count + 1):
                for _ in range(2 if chance.random() < often else 0):
                    add(
                        "criterion_states",
                        (code, set_id, number),
                        criterion=number,
                        state=chance.choice(STATES),
                    )
            of = law_set.criteria_count
            for _ in range(chance.choice([0, 1, 2])):
                add(
                    "criterion_counts",
                    (code, set_id),
                    met=chance.randint(max(0, of - 10), of),
                    of=of,
                )
            if chance.random() < 0.2:
                add(
                    "recognitions",
                    (code, set_id),
                    level=LEVEL_OF[law_set.level],
                    basis="quyết định",
                )
    units = [
        {
            "code": str(10001 + i),
            "name": f"Thử {i}",
            "specially_difficult": chance.choice(["", "có", "không"]),
        }
        for i in range(communes)
    ]
    recognitions = {
        (row["commune"], row["level"], row["set"]): row
        for row in tables.pop("recognitions").values()
    }
    return {"units": units, "recognitions": list(recognitions.values())} | {
        n: list(r.values()) for n, r in tables.items()
    }


@pytest.mark.parametrize("seed", sample(range(24), 8))
def test_the_engine_and_the_second_opinion_agree(seed, tmp_path, make_dataset):
    chance = random.Random(seed)
    as_of = dt.date(2019, 1, 1) + dt.timedelta(chance.randrange(365 * 7))
    region = chance.choice(["btb", "tdmnpb", "dbsh", "tn", "dhntb", "dnb", "dbscl"])
    workbook = Workbook.open(
        make_dataset(tmp_path, random_tables(chance, 8), region=region, as_of=as_of)
    )
    reference = Reference(workbook)
    for set_id in LAW.sets:
        options = {"basic_counts": chance.random() < 0.3, "carry": chance.random() < 0.4}
        options["day"] = as_of + dt.timedelta(chance.choice([0, 0, 0, -400, 200, 700]))
        standing = assess(workbook, set_id, **options)
        for unit in workbook.communes.index:
            found, expected = found_by(standing, unit), reference.standing(unit, set_id, **options)
            if pd.isna(expected["date"]):
                assert pd.isna(found.pop("date")) and expected.pop("date") is pd.NaT
            assert found == expected, (set_id, workbook.units.loc[unit, "code"], options)
            assert (found["met"] or 0) + len(found["missing"]) + found["unknown"] == found["of"]

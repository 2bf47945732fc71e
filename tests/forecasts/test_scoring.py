"""Forecasts registered and scored: what may be registered, what is scored and when, what is
refused.
"""

import copy
import datetime as dt
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binomtest

from ntm_analysis.cli import main
from ntm_analysis.data import entry_of, read_outcomes, read_register, register
from ntm_analysis.forecasts import SCALE_EDGES, score
from ntm_analysis.forecasts.scoring import happened, reliability, wilson
from ntm_analysis.results import score_record
from ntm_analysis.tables import DataProblemsError

AFTER = dt.date(2026, 3, 31)
BEFORE = dt.date(2023, 6, 30)
HEAD = "dataset,code,level,met_on,signed_on,ended_on,checked_on,source,mark,note"
HUONG, CHI, NGOC, DONE = "17758", "17728", "17734", "17755"
ROW = {"code": HUONG, "name": "Thanh Hương", "p": 0.8, "p_signed": 0.4, "finished": False}


def record(**changed) -> dict:
    """A forecast of four communes, one of them recognised already, and one registration."""

    def commune(code: str, name: str, p: float, finished: bool = False) -> dict:
        return {
            "code": code,
            "name": name,
            "p": p,
            "p_signed": p / 2 if p < 1 else p,
            "finished": finished,
        }

    return {
        "dataset": "thu",
        "as_of": "2022-03-31",
        "content_hash": "abcdef012345",
        "illustrative": False,
        "deadline": "2025-12-31",
        "finish": "met",
        "policy": "own",
        "scenario": "baseline",
        "draws": 1000,
        "seed": 2022,
        "n_finished_now": 1,
        "finishing": {
            "p10": 2,
            "p50": 3,
            "p90": 3,
            "mean": 2.6,
            "distribution": {"2": 0.4, "3": 0.6},
        },
        "basically_all": 4,
        "p_basically_all": 0.1,
        "p_all": 0.1,
        "communes": [
            commune(HUONG, "Thanh Hương", 0.8),
            commune(CHI, "Thanh Chi", 0.6),
            commune(NGOC, "Thanh Ngọc", 0.2),
            commune(DONE, "Thanh Tiên", 1.0, finished=True),
        ],
        "registrations": [
            {
                "name": "Thanh Hương",
                "code": HUONG,
                "level": "ntm",
                "year": 2022,
                "kind": "plan",
                "closes": "2023-02-28",
                "p": 0.5,
            },
        ],
    } | changed


def entry(on: dt.date = dt.date(2022, 4, 15), **changed) -> dict:
    return entry_of(record(**changed), on, {"ntm_analysis": "0.1"})


def outcomes(*rows: tuple) -> pd.DataFrame:
    """Rows (code, met_on, signed_on, checked_on) of level ntm, or with a level as the fifth
    part.
    """
    made = [
        {
            "dataset": "thu",
            "code": code,
            "level": (*level, "ntm")[0],
            "met_on": met,
            "signed_on": signed,
            "checked_on": checked,
            "source": "báo cáo",
            "mark": "reported",
            "note": "",
        }
        for code, met, signed, checked, *level in rows
    ]
    table = pd.DataFrame(made, columns=HEAD.split(","))
    for day in ("met_on", "signed_on", "ended_on", "checked_on"):
        table[day] = pd.to_datetime(table[day])
    return table


ALL = (
    (HUONG, "2023-05-10", "2023-08-01", "2026-01-31"),
    (CHI, None, None, "2025-12-31"),
    (NGOC, "2026-01-15", None, "2026-01-31"),
)


def row(scores, question: str = "communes") -> dict:
    return scores.rows.set_index("question").loc[question].to_dict()


# the score


def test_reliability_by_hand_with_borders_as_the_verbal_scale_says():
    p, came = [0.0, 0.05, 0.2, 0.4, 0.5, 0.6, 0.8, 0.95, 0.951, 1.0], [0, 0, 1, 1, 0, 1, 1, 1, 1, 0]
    table = reliability(p, came).set_index("band")
    assert table["n"].to_dict() == {
        "<5": 1,
        "5-20": 1,
        "20-40": 1,
        "40-60": 2,
        "60-80": 1,
        "80-95": 2,
        ">95": 2,
    }
    assert table.loc["40-60", ["forecast", "came_true"]].tolist() == pytest.approx([0.45, 0.5])
    assert table.loc[">95", ["forecast", "came_true"]].tolist() == pytest.approx([0.9755, 0.5])
    assert reliability([0.5], [1]).set_index("band").loc["<5"].isna().sum() == 4
    assert SCALE_EDGES == (0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1)


@pytest.mark.parametrize(("came", "n"), [(0, 1), (0, 20), (3, 4), (7, 7), (431, 1000)])
def test_wilsons_interval_is_scipys(came, n):
    expected = binomtest(came, n).proportion_ci(method="wilson")
    assert wilson(came, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


# what came of a forecast


@pytest.mark.parametrize(
    ("met", "signed", "checked", "by_met", "by_signed"),
    [
        ("2025-12-31", "", "2025-12-31", 1, 0),  # the last day counts; not signed by then
        ("2025-06-30", "2025-11-30", "2025-11-30", 1, 1),
        ("2025-06-30", "2026-02-10", "2026-02-28", 1, 0),
        ("2026-01-01", "", "2026-01-31", 0, 0),
        ("", "", "2025-12-31", 0, 0),
        ("", "", "2025-12-30", None, None),  # not known up to the deadline
        ("2025-06-30", "", "2025-06-30", 1, None),
        ("", "2025-11-30", "2025-11-30", 1, 1),  # signed is met
        ("", "2026-02-10", "2026-02-28", None, 0),  # the day met is not known
    ],
)
def test_a_level_is_reached_by_the_deadline_or_not_or_it_is_not_known(
    met, signed, checked, by_met, by_signed
):
    outcome = pd.DataFrame([{"met_on": met, "signed_on": signed, "checked_on": checked}]).apply(
        pd.to_datetime
    )
    for day, answer in (("met_on", by_met), ("signed_on", by_signed)):
        (came,) = happened(outcome, pd.Timestamp("2025-12-31"), outcome[day])
        assert pd.isna(came) if answer is None else came == answer


def test_every_commune_but_the_finished_one_is_scored_once_its_outcome_is_known():
    scores = score([entry()], outcomes(*ALL), AFTER)
    found = row(scores)
    assert (
        found["scored"],
        found["came_true"],
        found["waiting"],
        found["settled"],
        found["late"],
    ) == (3, 1, 0, 1, 0)
    base = ((1.6 / 3 - 1) ** 2 + 2 * (1.6 / 3) ** 2) / 3
    assert found["brier"] == pytest.approx(0.44 / 3) and found["brier_base"] == pytest.approx(base)
    assert found["skill"] == pytest.approx(1 - 0.44 / 3 / base)
    registered = row(scores, "registrations")  # met in May 2023, after its books closed
    assert (registered["scored"], registered["came_true"], registered["brier"]) == (1, 0, 0.25)
    assert (
        scores.reliability["n"].sum() == 4
        and scores.communes_scored == 3
        and len(scores.waiting) == 0
    )
    assert scores.finishing.to_dict("records") == [
        {
            "id": entry()["id"],
            "number": 2,
            "p10": 2,
            "p90": 3,
            "within": True,
            "basically_all": False,
            "p_basically_all": 0.1,
            "all": False,
            "p_all": 0.1,
            "crps": pytest.approx(0.36),  # 0.6 x 1 - 0.4 x 0.6 x 1
        }
    ]


def test_without_outcomes_everything_waits_and_nothing_is_scored():
    scores = score([entry()], outcomes(), AFTER)
    assert scores.waiting["reason"].tolist() == ["outcome"] * 4 and scores.communes_scored == 0
    assert (
        row(scores)["scored"] == 0 and pd.isna(row(scores)["brier"]) and len(scores.finishing) == 0
    )
    assert scores.first_due == "2023-02-28"


def test_a_commune_that_met_early_waits_for_the_deadline_like_those_that_did_not():
    scores = score([entry()], outcomes((HUONG, "2023-05-10", None, "2023-06-30")), BEFORE)
    assert row(scores)["scored"] == 0 and set(scores.waiting["reason"]) == {"deadline"}
    assert row(scores, "registrations")["scored"] == 1  # its own day has passed
    assert (
        score([entry()], outcomes(*ALL), dt.date(2025, 12, 31)).waiting["reason"].tolist()
        == ["deadline"] * 3
    )


def test_a_commune_merged_away_before_its_deadline_is_named_and_neither_scored_nor_waited_for():
    told = outcomes(*ALL).assign(ended_on=pd.NaT)
    told.loc[told["code"] == NGOC, ["met_on", "ended_on"]] = [pd.NaT, pd.Timestamp("2025-07-01")]
    scores = score([entry()], told, AFTER)
    assert (
        scores.ended == ["Thanh Ngọc"]
        and row(scores)["scored"] == 2
        and row(scores)["waiting"] == 0
    )
    assert len(scores.finishing) == 0, "the number of communes can no longer be compared"


def test_signed_asks_for_the_decision_of_communes_and_not_of_registrations():
    scores = score(
        [entry(finish="signed")], outcomes((HUONG, "2023-02-01", "2026-01-10", "2026-01-31")), AFTER
    )
    assert row(scores)["brier"] == pytest.approx(0.4**2)  # p_signed 0.4, not signed in time
    assert row(scores, "registrations")["came_true"] == 1  # met before its books closed


def test_a_registration_has_its_own_level_and_one_reached_already_is_not_scored():
    sure = {
        "name": "Thanh Chi",
        "code": CHI,
        "level": "advanced",
        "year": 2022,
        "kind": "plan",
        "closes": "2023-02-28",
    }
    made = entry(registrations=[sure | {"p": 1.0}])
    assert (
        row(score([made], outcomes((CHI, None, None, "2026-01-31")), AFTER), "registrations")[
            "settled"
        ]
        == 1
    )
    before = outcomes((CHI, "2021-12-01", None, "2026-01-31", "advanced"))
    assert row(score([made], before, AFTER), "registrations")["settled"] == 1
    # it was certain, and it did not come about
    failed = outcomes((CHI, None, None, "2026-01-31", "advanced"))
    assert row(score([made], failed, AFTER), "registrations")["brier"] == 1
    unknown = entry(registrations=[sure | {"p": None}])
    assert unknown["registrations"] == []


def test_a_forecast_registered_after_its_deadline_is_told_apart_and_another_scenario_not_pooled():
    late, other = entry(dt.date(2026, 2, 1), seed=1), entry(scenario="cement", seed=2)
    scores = score([late, other], outcomes(*ALL), AFTER)
    assert scores.rows.groupby("id")["late"].sum().to_dict() == {late["id"]: 4, other["id"]: 0}
    assert scores.reliability["n"].sum() == 4 and scores.communes_scored == 3


def test_outcomes_of_no_forecast_are_named_and_the_record_is_json():
    scores = score([entry()], outcomes(*ALL, ("99999", None, None, "2026-01-31")), AFTER)
    assert scores.unused == ["thu 99999"]
    made = json.loads(json.dumps(score_record(scores), allow_nan=False))
    assert {"forecasts", "reliability", "waiting", "communes_scored"} <= set(made)
    assert (
        made["forecasts"][0]["communes"]["scored"] == 3
        and made["forecasts"][0]["finishing"]["within"] is True
    )
    empty = score_record(score([], outcomes(), AFTER))
    assert (empty["registered"], empty["forecasts"], empty["waiting"], empty["first_due"]) == (
        0,
        [],
        [],
        None,
    )


def test_illustrative_data_is_not_registered(tmp_path):
    for invented in (entry(illustrative=True), entry() | {"illustrative": True}):
        with pytest.raises(DataProblemsError, match="illustrative"):
            register(tmp_path, invented)
    assert list(tmp_path.iterdir()) == []


# the register


@pytest.mark.parametrize("left", [0, 100, -3])
def test_a_damaged_entry_is_told_by_name_and_keeps_no_other_from_being_scored(
    tmp_path, capsys, monkeypatch, left
):
    folder = tmp_path / "forecasts"
    damaged, _ = register(folder, entry())
    register(folder, entry(seed=7))
    damaged.write_bytes(damaged.read_bytes()[:left])
    with pytest.raises(DataProblemsError, match=damaged.name):
        register(folder, entry())  # it is not said to be kept
    monkeypatch.chdir(tmp_path)
    assert main(["score", "--json", "--lang", "en"]) == 1
    out, err = capsys.readouterr()
    assert [one["id"] for one in json.loads(out)["forecasts"]] == [entry(seed=7)["id"]]
    assert damaged.name in err and "All other forecasts" in err


def test_what_is_promised_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    steps, replace = [], os.replace
    monkeypatch.setattr(
        "os.fsync", lambda handle: steps.append(os.path.isdir(f"/proc/self/fd/{handle}"))
    )
    monkeypatch.setattr("os.replace", lambda *ends: (steps.append("named"), replace(*ends)))
    register(tmp_path, entry())
    assert steps == [False, "named", True], "the file, its name, the folder that holds the name"


def test_the_same_forecast_registered_twice_is_one_file_and_stays_as_it_was(tmp_path):
    path, new = register(tmp_path / "forecasts", entry())
    before = path.read_bytes()
    again, second = register(tmp_path / "forecasts", entry(dt.date(2022, 5, 1)))
    assert (new, second, again, path.read_bytes()) == (True, False, path, before)
    other, third = register(tmp_path / "forecasts", entry(seed=7))
    assert third and other != path
    assert path.name == f"{entry()['id']}.json" and path.name.startswith("thu_2022-03-31_")
    assert read_register(tmp_path / "forecasts") == sorted(
        [entry(), entry(seed=7)], key=lambda e: e["id"]
    )
    assert read_register(tmp_path / "none") == []


@pytest.mark.parametrize("there", ["[1]", '"x"', '{"communes": [1]}', '{"communes": null}', ""])
def test_a_file_of_the_entry_s_name_that_is_none_is_told(tmp_path, there):
    path = tmp_path / f"{entry()['id']}.json"
    path.write_text(there, encoding="utf-8")
    with pytest.raises(DataProblemsError, match=path.name):
        register(tmp_path, entry())
    assert path.read_text(encoding="utf-8") == there


def test_inputs_and_every_parameter_make_the_id():
    changed = {
        "content_hash": "x",
        "as_of": "2022-06-30",
        "deadline": "2026-12-31",
        "finish": "signed",
        "policy": "equal",
        "scenario": "cement",
        "draws": 7,
        "seed": 1,
        "dataset": "khac",
    }
    ids = {entry(**{key: value})["id"] for key, value in changed.items()}
    assert len(ids | {entry()["id"]}) == len(changed) + 1


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "..", "", "Thanh Chương", "a\\b", "/etc/x", "x" * 90, None]
)
def test_no_name_becomes_a_path_unchecked(tmp_path, name):
    bad = record()
    bad["communes"][0]["code"] = f"../{name}"
    unsound = [
        entry(dataset=name),
        entry() | {"id": name},
        entry(as_of=f"2022-03-31/{name}"),
        entry_of(bad, BEFORE, {}),
    ]
    for each in unsound:
        with pytest.raises(DataProblemsError):
            register(tmp_path / "f", each)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("p", [-0.1, 1.0001, float("nan"), float("inf"), True, "0.5"])
def test_what_is_no_probability_is_not_registered_and_is_named(tmp_path, p):
    bad = record(p_all=p)
    bad["communes"][1]["p_signed"] = p
    bad["registrations"][0]["p"] = p
    with pytest.raises(DataProblemsError) as error:
        register(tmp_path, entry_of(bad, BEFORE, {}))
    for place in ("p_all", "communes.2.p_signed", "registrations.1.p"):
        assert place in str(error.value)


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        register(tmp_path, entry())
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_in_the_register_is_told_at_once(tmp_path):
    register(tmp_path, entry())

    def keep(name: str, made: object) -> None:
        text = made if isinstance(made, str) else json.dumps(made)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")

    keep("broken", '{"id": ')
    keep("deep", "[" * 100_000)
    keep("list", [1, 2])
    keep("part", {"id": "x", "communes": 3})
    keep("renamed", entry(seed=3))
    changed = copy.deepcopy(entry(seed=4))
    changed["parameters"]["seed"] = 5
    keep(changed["id"], changed)
    outside = copy.deepcopy(entry(seed=6))
    outside["communes"][0]["p"], outside["p_all"], outside["p_basically_all"] = (
        1.5,
        float("nan"),
        10**400,
    )
    outside["finished_now"] = -1
    keep(outside["id"], outside)
    invented = entry(seed=8) | {"illustrative": True}
    keep(invented["id"], invented)
    odd = copy.deepcopy(entry(seed=9))
    odd["parameters"]["finish"], odd["communes"][0]["code"], odd["registrations"] = (
        ["met"],
        "../1",
        None,
    )
    keep(odd["id"], odd)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / ".being-written.json").write_text("{")
    with pytest.raises(DataProblemsError) as error:
        read_register(tmp_path)
    found = sorted((p.file, p.code) for p in error.value.problems)
    assert found == sorted(
        [
            ("broken.json", "register_json"),
            ("deep.json", "register_json"),
            ("list.json", "register_form"),
            ("part.json", "register_form"),
            ("renamed.json", "register_name"),
            (f"{changed['id']}.json", "register_name"),
            *[(f"{outside['id']}.json", "register_probability")] * 3,
            (f"{outside['id']}.json", "register_form"),
            (f"{invented['id']}.json", "register_illustrative"),
            (f"{odd['id']}.json", "register_form"),
            ("folder.json", "unopened_file"),
        ]
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finished_now", -1),
        ("finished_now", 3),
        ("finished_now", True),
        ("basically_all", -1),
        ("basically_all", 0),
        ("communes", None),
        ("communes", []),
        ("versions", {}),
        ("versions", {"python": 3}),
        ("versions", {"python": " "}),
        ("versions", "1"),
        ("finishing", {"p10": 2, "p50": 3, "p90": 3, "mean": 2.6, "distribution": {}}),
        ("finishing", {"p10": 2, "p50": 3, "p90": 3, "mean": 2.6, "distribution": {"some": 1.0}}),
        (
            "finishing",
            {"p10": 3, "p50": 2, "p90": 3, "mean": 2.6, "distribution": {"2": 0.4, "3": 0.6}},
        ),
        (
            "finishing",
            {"p10": 2, "p50": 3, "p90": 3, "mean": 2.6, "distribution": {"2": 0.4, "3": 0.5}},
        ),
        ("communes", [ROW, ROW]),
    ],
)
def test_an_entry_that_cannot_be_is_told_by_file_and_key(tmp_path, key, value):
    # in some world two communes finish, so that three cannot have finished already
    made = entry() | {key: value}
    (tmp_path / f"{made['id']}.json").write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(DataProblemsError) as error:
        read_register(tmp_path)
    told = [(p.code, p.file, p.details["value"]) for p in error.value.problems]
    ((code, file, place),) = told
    assert (code, file, place.split(".")[0]) == ("register_form", f"{made['id']}.json", key)


# outcomes


def test_outcomes_are_read_with_days_in_both_forms(tmp_path):
    path = tmp_path / "outcomes.csv"
    path.write_text(
        f"{HEAD}\nthu,{HUONG},nông thôn mới,10/5/2023,,,2026-01-31,QĐ 1,reported,\n",
        encoding="utf-8-sig",
    )
    scores = score([entry()], read_outcomes(path, AFTER), AFTER)
    assert row(scores)["scored"] == 1 and row(scores)["waiting"] == 2


def test_no_file_and_a_file_with_its_head_alone_are_no_outcomes(tmp_path):
    path = tmp_path / "outcomes.csv"
    assert len(read_outcomes(path, AFTER)) == 0
    path.write_text(HEAD + "\n", encoding="utf-8-sig")
    for where in (tmp_path / "none.csv", path):
        assert score([entry()], read_outcomes(where, AFTER), AFTER).communes_scored == 0


def test_the_file_of_outcomes_that_comes_with_the_workbook_has_the_columns_of_the_dictionary():
    from ntm_analysis.tables import TABLE_KEYS, TABLES, dictionary

    assert list(dictionary("outcomes")) == HEAD.split(",") and TABLE_KEYS["outcomes"] == (
        "dataset",
        "code",
        "level",
    )
    assert "outcomes" not in TABLES  # it stands in forecasts/, not in a data set
    read_outcomes(Path("forecasts/outcomes.csv"), dt.date.today())


def test_every_mistake_in_the_outcomes_is_told_at_once(tmp_path):
    rows = [
        "thu,17758,ntm,2025-05-01,2025-06-01,,2025-12-31,s,reported,",
        "thu,17758,ntm,,,,2025-12-31,s,reported,",  # again
        "../thu,17728,ntm,,,,2025-12-31,s,reported,",
        "thu,728,ntm,,,,2025-12-31,s,reported,",
        "thu,../17728,ntm,,,,2025-12-31,s,reported,",
        "thu,17734,best,,,,2025-12-31,s,reported,",
        "thu,17735,ntm,2025-06-01,2025-05-01,,2025-12-31,s,reported,",  # signed before it was met
        "thu,17736,ntm,2026-01-01,,,2025-12-31,s,reported,",  # met after it was looked up
        "thu,17737,ntm,,2026-01-01,,2025-12-31,s,reported,",
        "thu,17738,ntm,,,,2026-04-01,s,reported,",  # tomorrow
        "thu,17739,ntm,,,,2025-12-31,s,illustrative,",
        "thu,17740,ntm,soon,,,,,reported,",
    ]
    path = tmp_path / "outcomes.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DataProblemsError) as error:
        read_outcomes(path, AFTER)
    found = {(p.row, p.column, p.code) for p in error.value.problems}
    assert found == {
        (3, "dataset", "duplicate"),
        (4, "dataset", "outcome_dataset"),
        (5, "code", "lost_noughts"),
        (6, "code", "not_a_code"),
        (7, "level", "not_allowed"),
        (8, "met_on", "outcome_order"),
        (9, "met_on", "outcome_order"),
        (10, "signed_on", "outcome_order"),
        (11, "checked_on", "outcome_future"),
        (12, "mark", "outcome_illustrative"),
        (13, "met_on", "not_a_date"),
        (13, "checked_on", "required"),
        (13, "source", "required"),
    }


def test_forecasts_of_one_date_stand_side_by_side_and_say_which_was_made_in_hindsight():
    sure = {"p10": 2, "p50": 2, "p90": 2, "mean": 2.0, "distribution": {"2": 1.0}}
    late = entry(dt.date(2026, 2, 1), content_hash="0123456789ab", finishing=sure)
    other = entry(content_hash="0123456789ab", scenario="money-110")
    assert (entry()["made_in_hindsight"], late["made_in_hindsight"]) == (False, True)
    (table,) = score([entry(), late, other], outcomes(*ALL), AFTER).of_one_date()
    assert table["id"].tolist() == [entry()["id"], late["id"]], (
        "the other one asks of another scenario"
    )
    assert table["made_in_hindsight"].tolist() == [False, True]
    assert table["crps"].tolist() == pytest.approx([0.36, 0.0]) and table["brier"].nunique() == 1
    shown = score_record(score([entry(), late], outcomes(*ALL), AFTER))["of_one_date"]
    assert [row["id"] for row in shown[0]] == table["id"].tolist()


def test_an_entry_that_does_not_say_in_words_of_yes_or_no_whether_it_is_hindsight_is_refused(
    tmp_path,
):
    old = {key: value for key, value in entry().items() if key != "made_in_hindsight"}
    assert register(tmp_path, old)[1], "entries written before the word was known stay readable"
    with pytest.raises(DataProblemsError, match="made_in_hindsight"):
        register(tmp_path, entry() | {"made_in_hindsight": "no"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
def test_a_pipe_in_the_register_is_told_by_name_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x_2022-03-31_00000000.json")
    damaged = []
    assert read_register(tmp_path, damaged) == []
    assert [problem.code for problem in damaged] == ["unopened_file"]

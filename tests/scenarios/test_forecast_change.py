"""Why a forecast changed: each reason alone gives all of the change, and together they add up to
it.
"""

import datetime as dt
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ntm_analysis.data import Workbook, entry_of
from ntm_analysis.forecasts import forecast
from ntm_analysis.pages.meeting import MeetingPage
from ntm_analysis.results import ForecastResult
from ntm_analysis.scenarios import by_commune, change_since, is_entry_of, last_entry

THEN, NOW = dt.date(2022, 11, 30), dt.date(2022, 12, 31)
DRAWS = 500
ASKED = {"deadline": "2025-12-31", "finish": "met", "policy": "own", "scenario": "baseline"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """The model district with everything known by the end of November: whatever a test adds is new
    in December.
    """
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns("*.json", ".*"))
    place = tmp_path / "data" / "huyen-mau"
    for path in place.glob("*.csv"):
        head, *lines = path.read_text(encoding="utf-8-sig").splitlines()
        if "known_from" in head:
            late = r".*" if path.name.startswith("hamlet") else r",2022-12-\d\d,bia-dat,"
            kept = [line for line in lines if not re.search(late, line)]
            kept = [line.replace(",illustrative,", ",assumed,") for line in kept]
            path.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8-sig")
    settings = (
        (place / "dataset.yaml")
        .read_text(encoding="utf-8")
        .replace("illustrative: true", "illustrative: false")
    )
    (place / "dataset.yaml").write_text(settings, encoding="utf-8")
    return place


def add(folder: Path, table: str, **cells: object) -> None:
    path = folder / f"{table}.csv"
    head = path.read_text(encoding="utf-8-sig").split("\n")[0].split(",")
    known = {"known_from": "2022-12-15", "source": "bia-dat", "mark": "reported"}
    with path.open("a", encoding="utf-8") as file:
        file.write(",".join(str((known | cells).get(name, "")) for name in head) + "\n")


def met_at_once(folder: Path, mark: str = "reported") -> None:
    """A7 reports all criteria met."""
    for criterion in range(1, 20):
        add(
            folder,
            "criterion_states",
            commune="A7",
            set="ntm-2021-2025",
            criterion=criterion,
            date="2022-12-15",
            state="met",
            mark=mark,
        )


def money_assumed_in_december(folder: Path) -> None:
    """The central budget of 2024 is known, as an assumption, from December on only."""
    path = folder / "envelopes.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith("trung-uong,,2024,"))
    lines[at] = lines[at].replace("2022-11-30,bia-dat,assumed", "2022-12-15,bia-dat,assumed")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def made_of(folder: Path, entry: dict | None = None):
    workbook = Workbook.open(folder, NOW)
    now = forecast(workbook, draws=DRAWS)
    return change_since(workbook, THEN, now, entry), now


def by_step(made) -> dict[str, float]:
    return {name: step.change for step in made.steps for name in step.names}


def test_when_only_time_passes_time_is_the_only_reason(folder):
    made, now = made_of(folder)
    steps = by_step(made)
    assert steps["data"] == steps["assumptions"] == 0.0 and made.rows == {
        "data": {},
        "assumptions": {},
    }
    assert steps["time"] == pytest.approx(made.now - made.before, abs=1e-12)
    assert made.now == now.finishing.mean()


def test_statuses_reported_since_are_new_data_and_name_the_commune(folder):
    before, _ = made_of(folder)
    met_at_once(folder)
    made, now = made_of(folder)
    steps = by_step(made)
    unit = now.workbook.find("A7")
    assert steps["time"] == by_step(before)["time"] and steps["assumptions"] == 0.0
    (data,) = (step for step in made.steps if step.names == ("data",))
    assert data.p[unit] > 0.2 and by_commune(made).index[0] == unit
    assert data.change < data.p[unit], "its place on a list is another's"
    assert list(made.rows["data"]) == ["criterion_states"] and set(
        made.rows["data"]["criterion_states"]["unit"]
    ) == {unit}


def test_the_same_statuses_marked_assumed_are_new_assumptions(folder):
    met_at_once(folder, mark="assumed")
    made, now = made_of(folder)
    *_, data, assumptions = made.steps
    assert data.change == 0.0 and assumptions.p[now.workbook.find("A7")] > 0.2


def test_money_assumed_since_is_a_new_assumption(folder):
    money_assumed_in_december(folder)
    made, _ = made_of(folder)
    assert by_step(made)["data"] == 0.0 and by_step(made)["assumptions"] > 0.0
    assert list(made.rows["assumptions"]) == ["envelopes"]


def test_all_reasons_together_add_up_to_the_change(folder):
    met_at_once(folder)
    money_assumed_in_december(folder)
    made, _ = made_of(folder)
    assert [step.names for step in made.steps] == [("time",), ("data",), ("assumptions",)]
    assert sum(step.change for step in made.steps) == pytest.approx(
        made.now - made.before, abs=1e-9
    )
    assert all(step.se > 0 for step in made.steps)


def registered(folder: Path, day: dt.date) -> dict:
    made = ForecastResult(forecast(Workbook.open(folder, day), draws=DRAWS)).to_dict()
    return entry_of(made, day, {"ntm-analysis": "0"})


def test_a_registered_forecast_of_the_same_files_is_met_exactly_on_its_day(folder):
    entry = registered(folder, THEN)
    made, _ = made_of(folder, entry)
    (first, *rest) = made.steps
    assert (
        first.names == ("revised",)
        and first.change == first.se == first.basically == 0.0
        and not first.is_clear
    )
    assert np.allclose(first.p, 0.0)
    assert sum(step.change for step in rest) == pytest.approx(
        made.now - entry["finishing"]["mean"], abs=1e-9
    )


def test_what_was_revised_back_is_told_apart_from_what_is_new(folder):
    entry = registered(folder, THEN)
    add(
        folder,
        "recognitions",
        commune="A8",
        level="ntm",
        basis="decision",
        decision="1/QĐ-UBND",
        date="2022-10-20",
        set="ntm-2021-2025",
        known_from="2022-11-01",
    )
    made, _ = made_of(folder, entry)
    steps = by_step(made)
    assert steps["revised"] > 0.5 and made.steps[0].is_clear
    assert steps["data"] == steps["assumptions"] == 0.0
    assert sum(steps.values()) == pytest.approx(made.now - made.before, abs=1e-9)


def test_an_assumption_replaced_since_does_not_stop_the_comparison(folder):
    path = folder / "assumptions.csv"
    text = path.read_text(encoding="utf-8-sig")
    line = next(line for line in text.splitlines() if line.startswith("decision_mode,"))
    path.write_text(
        text.replace(line, line.replace("2022-11-30", "2022-12-20")), encoding="utf-8-sig"
    )
    made, _ = made_of(folder)
    assert [step.names for step in made.steps] == [("time",), ("data",), ("assumptions",)]


def test_what_was_not_enough_for_a_forecast_is_no_change(folder):
    workbook = Workbook.open(folder, NOW)
    assert change_since(workbook, dt.date(2022, 3, 1), forecast(workbook, draws=50), None) is None


def test_the_entry_asked_in_the_same_way_and_known_by_then_is_chosen(folder):
    workbook = Workbook.open(folder, NOW)
    old, new = registered(folder, THEN), registered(folder, NOW)
    later = json.loads(json.dumps(new)) | {
        "parameters": new["parameters"] | {"as_of": "2023-01-31"}
    }
    other = json.loads(json.dumps(new)) | {"parameters": new["parameters"] | {"policy": "equal"}}
    assert last_entry([old, later, other], workbook, ASKED) is old
    assert last_entry([old, new], workbook, ASKED) is new and is_entry_of(new, workbook)
    assert last_entry([later, other], workbook, ASKED) is None
    assert not is_entry_of(old, replace(workbook, content_hash="x"))


def plain(part: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def test_the_page_says_what_it_is_held_against(folder, tmp_path):
    page = MeetingPage(str(folder), draws=200)
    page.register = tmp_path / "none"
    assert "Chưa có dự báo đăng ký" in plain(page.forecast_change())
    page = MeetingPage(str(folder), draws=200)
    page.register = tmp_path / "register"
    page.register.mkdir()
    entry = entry_of(
        ForecastResult(forecast(Workbook.open(folder, NOW), draws=200)).to_dict(),
        NOW,
        {"ntm-analysis": "0"},
    )
    (page.register / f"{entry['id']}.json").write_text(json.dumps(entry), encoding="utf-8")
    assert "Đây chính là dự báo đã đăng ký" in plain(page.forecast_change())
    (page.register / f"{entry['id']}.json").write_text("{", encoding="utf-8")
    assert "có tệp lỗi" in plain(page.forecast_change())


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_pages_of_both_data_sets_give_reasons(lang):
    mau = plain(MeetingPage("data/huyen-mau", draws=1000, lang=lang).forecast_change())
    assert {"vi": "Số liệu minh họa không đăng ký dự báo được", "en": "cannot be registered"}[
        lang
    ] in mau
    assert {"vi": "số liệu mới -0,", "en": "new data -0."}[
        lang
    ] in mau and "criterion_states.csv" in mau
    thanh = plain(MeetingPage("data/thanh-chuong", draws=200, lang=lang).forecast_change())
    assert "thanh-chuong_2022-03-31_9763822c" in thanh


def test_nineteen_states_of_one_commune_move_standing_need_and_forecast_and_the_page_names_them(
    tmp_path,
):
    """A commune of which only a pledge was known reports all its criteria in April."""
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns("*.json", ".*"))
    place, missing = tmp_path / "data" / "thanh-chuong", (10, 17)
    asked = {"dataset": str(place), "as_of": "2022-04-30", "draws": DRAWS}

    def told() -> tuple:
        page = MeetingPage(**asked)
        unit = page.workbook.find("Thanh Lâm")
        counts = page.standing(page.set_id).counts.loc[unit]
        need, said = (
            page.demand("ntm", unit)[1]["total"]["mean"],
            page.commune_forecasts()[unit]["row"],
        )
        return counts["met"], tuple(counts["missing"]), need, said["p_met"], page.forecast_change()

    before = told()
    for number in range(1, 20):
        add(
            place,
            "criterion_states",
            commune="Thanh Lâm",
            set="ntm-2016-2020",
            criterion=number,
            date="2022-04-15",
            state="not_met" if number in missing else "met",
            known_from="2022-04-20",
            source="bai-hoi-nghi",
        )
    after = told()
    assert np.isnan(before[0]) and before[1] == () and after[:2] == (17, missing)
    assert after[2] < 0.5 * before[2], "the need is that of the two criteria"
    assert abs(after[3] - before[3]) > 0.05, "so is the chance"
    reasons = re.sub(r"<[^>]+>", " ", after[4])
    assert re.search(r"criterion_states\.csv\s+19\s+Thanh Lâm", reasons), (
        "the new rows are named as the reason"
    )
    assert "criterion_states.csv" not in before[4]

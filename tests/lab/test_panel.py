"""The what-if panel: a setting is its scenario's file, its answer that scenario's forecast; bad
input is answered in words.
"""

import datetime as dt
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from small_districts import HIGH, MODEL, NEW, PROVINCE, plain

from ntm_analysis.allocation import planned_forecast
from ntm_analysis.data import Workbook
from ntm_analysis.lab.panel import (
    NotUnderstoodError,
    Panel,
    headline,
    read_communes,
    read_deadline,
    watched,
)
from ntm_analysis.language import texts
from ntm_analysis.results import ForecastResult
from ntm_analysis.scenarios import (
    NotSavedError,
    Setting,
    WhatIf,
    clear_changes,
    pots_of,
    save,
    scenario,
    scenario_ids,
)
from ntm_analysis.tables import DataProblemsError, as_yaml

DRAWS = 200
END = dt.date(2022, 12, 31)
SETTINGS = {
    "money": Setting(money={"nst-dt": 150, "xi-mang-tinh": 0}),
    "prices": Setting(prices=5, policy="cheapest"),
    "delay": Setting(delay=3, policy="equal"),
    "from another": Setting("two-more-years", "decree", prices=-5, delay=24),
    "earlier": Setting(policy="closest", deadline=dt.date(2025, 6, 30)),
    "later": Setting(deadline=dt.date(2027, 6, 30), money={"dan": 200}),
    "old set": Setting("old-set-only", delay=1),
    "sought": Setting(policy="optimal", money={"dan": 120}),
}


@pytest.fixture(scope="module")
def district() -> Workbook:
    return Workbook.open("data/thanh-chuong")


@pytest.fixture(scope="module")
def tried(district) -> WhatIf:
    return WhatIf(district, draws=DRAWS)


@pytest.fixture
def copied(district, tmp_path) -> WhatIf:
    """The default district, read once, with a copy of its folder beside scenarios that can be
    saved.
    """
    for name in ("scenarios", "thanh-chuong"):
        shutil.copytree(f"data/{name}", tmp_path / "data" / name)
    return WhatIf(replace(district, path=tmp_path / "data" / "thanh-chuong"), draws=50)


@pytest.fixture(name="small")
def _small(make_dataset, tmp_path):
    """A panel's answers up to the end of 2022, for communes of which everything is known, all on
    the list of that year.
    """

    def make(communes: int) -> WhatIf:
        plans = [
            {"commune": f"1000{n}", "level": "ntm", "kind": "plan", "year": 2022}
            for n in range(1, communes + 1)
        ]
        tables = plain(communes, money={"a": 1200, "b": 1200}, targets=plans)
        sets = {"ntm": NEW, "advanced": HIGH, "model": MODEL}
        folder = make_dataset(tmp_path / "data" / "thu", tables, sets=sets, **PROVINCE)
        return WhatIf(Workbook.open(folder), Setting(deadline=END), draws=200)

    return make


def as_files_say(workbook: Workbook, name: str, text: str | None = None) -> dict:
    """The record of a scenario's forecast, made the long way."""
    chosen = scenario(workbook, name, text)
    will = planned_forecast(chosen, policy=chosen.policy, draws=DRAWS)
    return ForecastResult(will).to_dict()


def record_of(answer) -> dict:
    """The forecast of an answer of the panel in plain types."""
    return ForecastResult(answer.forecast).to_dict()


# ---- a setting is its scenario


def test_with_nothing_changed_the_answer_is_the_baseline_exactly(district, tried):
    answer = tried.answer(Setting())
    assert record_of(answer)["communes"] == as_files_say(district, "baseline")["communes"]
    assert not any(answer.difference.values())
    assert not answer.chance_changes["change"].any() and not len(
        clear_changes(answer.chance_changes)
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_the_quick_answer_is_that_of_the_scenario_read_from_its_file(district, tried, name):
    setting = SETTINGS[name]
    assert record_of(tried.answer(setting)) == as_files_say(
        district, "_bang-thu", as_yaml(tried.content(setting))
    )


def test_what_is_tried_starts_from_a_page_with_its_own_policy_and_deadline(district):
    first = Setting("money-110", "closest", dt.date(2024, 12, 31))
    answer = WhatIf(district, first, draws=DRAWS).answer(first)
    assert (record_of(answer)["policy"], record_of(answer)["deadline"]) == ("closest", "2024-12-31")
    assert answer.difference["finishing"] == 0.0


@pytest.mark.parametrize(
    ("communes", "setting", "in_time", "blocking"),
    [
        # A road of 1,200 million that takes three months; 100 million a month from April: 600 by
        # September, 900 by December.
        (1, Setting(), 0.0, ["a"]),
        # 1,170 by September, enough in October: it is time that lacks
        (1, Setting(money={"a": 195}), 0.0, []),
        (1, Setting(money={"a": 200}), 1.0, []),
        (1, Setting(money={"a": 200}, delay=1), 0.0, []),  # as much in October
        (1, Setting(money={"a": 200}, delay=4), 0.0, ["a"]),  # 1,000 by December
        (1, Setting(money={"a": 200}, prices=10), 1.0, []),  # prices of 2022 are those of the year
        (1, Setting(money={"b": 200}), 0.0, ["a"]),  # a pot that pays nothing of it
        (2, Setting(money={"a": 200}), 0.5, ["a"]),  # who stands first on the list
        (2, Setting(money={"a": 400}), 1.0, []),
        # Split, each of two has half of a pot for itself, and what has come by December counts for
        # the whole year.
        (2, Setting(policy="equal", money={"a": 200}), 0.0, ["a"]),  # 900 each
        (2, Setting(policy="equal", money={"a": 300}), 1.0, []),  # 1,350 each
    ],
)
def test_by_hand_how_many_of_a_list_are_paid_in_time(small, communes, setting, in_time, blocking):
    tried = small(communes)
    answer = tried.answer(replace(setting, deadline=END))
    assert answer.forecast.simulation.share_paid_in_time == in_time
    assert tried.before.simulation.share_paid_in_time == 0
    assert record_of(answer)["blocking_sources"] == blocking
    split = "chia riêng cho từng xã" in headline(answer, record_of(answer), "vi")
    assert split == (setting.policy == "equal" and bool(blocking)), (
        "told only where a commune's own part is too small"
    )
    if not in_time:  # as late as at the beginning: nothing is different
        assert not any(answer.difference.values())
    else:
        assert (
            answer.difference["finishing"] > 0
            and len(clear_changes(answer.chance_changes)) == communes
        )
        assert answer.chance_changes["p"].nunique() == 1, "they are known alike, and told alike"


def test_the_file_says_only_what_changes_and_in_plain_decimals(tried):
    made = tried.content(Setting(money={"dn": 95}, deadline=dt.date(2025, 6, 30))) | {
        "title": {"vi": 'a "b": #\\', "en": "x"}
    }
    assert made["changes"] == [
        {"table": "envelopes", "where": {"pot": "dn"}, "multiply": {"amount": 0.95}}
    ]
    again = yaml.safe_load(as_yaml(made))
    assert again == made and "changes" not in tried.content(Setting())


# ---- saved


def test_a_saved_scenario_is_read_by_all_and_gives_the_same(copied):
    setting = Setting("two-more-years", "closest", money={"dan": 120}, prices=2)
    name, path = save(copied.workbook, copied.content(setting), "  Thêm vốn của Nhân dân, 120% ")
    assert (name, path.name) == ("them-von-cua-nhan-dan-120", "them-von-cua-nhan-dan-120.yaml")
    workbook = copied.workbook
    assert name in scenario_ids(workbook)
    assert scenario(workbook, name).scenario_title == dict.fromkeys(
        ("vi", "en"), "Thêm vốn của Nhân dân, 120%"
    )
    chosen = scenario(workbook, name)
    long = ForecastResult(planned_forecast(chosen, policy=chosen.policy, draws=50)).to_dict()
    assert long["communes"] == record_of(copied.answer(setting))["communes"]
    follows = record_of(copied.answer(Setting(name)))["communes"]
    assert follows == long["communes"], "it can be started from at once"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("!?", "sign"),
        ("...", "empty"),
        ("a/b", "sign"),
        ("..\\x", "sign"),
        ("a\nb", "sign"),
        ("x" * 121, "long"),
        ("baseline", "reserved"),
        ("Optimal", "reserved"),
        ("con", "reserved"),
        ("COM1", "reserved"),
        ("Cement 150", "shipped"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_and_nothing_written(copied, name, reason):
    before = {
        path: path.read_bytes() for path in (copied.workbook.path.parent / "scenarios").iterdir()
    }
    with pytest.raises(NotSavedError) as raised:
        save(copied.workbook, copied.content(Setting(delay=1)), name)
    assert raised.value.reason == reason and f"panel_save_{reason}" in texts()
    assert {
        path: path.read_bytes() for path in (copied.workbook.path.parent / "scenarios").iterdir()
    } == before


def test_a_scenario_is_replaced_only_when_asked_and_never_by_one_that_rests_on_it(copied):
    save(copied.workbook, copied.content(Setting(delay=1)), "Thử")
    with pytest.raises(NotSavedError):
        save(copied.workbook, copied.content(Setting(delay=2)), "thu")
    _, path = save(copied.workbook, copied.content(Setting(delay=2)), "thu", over=True)
    assert "delay: 2" in path.read_text(encoding="utf-8")
    with pytest.raises(DataProblemsError):
        save(copied.workbook, copied.content(Setting("thu", delay=1)), "thu", over=True)
    assert "delay: 2" in path.read_text(encoding="utf-8") and not list(path.parent.glob(".*"))


def test_a_scenario_that_comes_with_the_workbook_is_never_replaced(copied):
    path = copied.workbook.path.parent / "scenarios" / "cement-150.yaml"
    before = path.read_bytes()
    with pytest.raises(NotSavedError) as raised:
        save(copied.workbook, copied.content(Setting(delay=1)), "Cement 150", over=True)
    assert raised.value.reason == "shipped" and path.read_bytes() == before


def test_nothing_is_laid_out_anew_where_the_data_set_was(panel):
    panel.sliders["*delay"].value = 3
    shutil.rmtree(panel.tried.workbook.path.parent)
    panel.name.value = "Thử"
    panel.button.click()
    assert "thư mục dữ liệu thanh-chuong không còn" in shown(panel, "saved")
    assert not panel.tried.workbook.path.parent.exists()


def test_nothing_changed_and_a_folder_that_cannot_be_written_are_told(copied, monkeypatch):
    with pytest.raises(NotSavedError) as raised:
        save(copied.workbook, copied.content(Setting()), "x")
    assert raised.value.reason == "nothing"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(NotSavedError) as raised:
        save(copied.workbook, copied.content(Setting(delay=1)), "x")
    assert raised.value.reason == "failed"


# ---- what people type


@pytest.mark.parametrize("typed", ["31/12/2025", "2025-12-31", " 31.12.2025 ", "31-12-2025"])
def test_a_deadline_is_read_in_every_usual_form(district, typed):
    assert read_deadline(typed, district, "vi") == dt.date(2025, 12, 31)


@pytest.mark.parametrize(
    "typed", ["31/2/2025", "12/31/2025", "cuối năm", "2025", "31/3/2022", "1/1/1900", "45000"]
)
def test_a_deadline_that_is_none_is_answered_in_words(district, typed):
    with pytest.raises(NotUnderstoodError, match="Cách sửa"):
        read_deadline(typed, district, "vi")


@pytest.mark.parametrize("typed", ["1/1/1900", "31/12/9999", "9999-12-31", "1.1.2101"])
def test_a_deadline_out_of_range_is_told_the_range(district, typed):
    with pytest.raises(
        NotUnderstoodError, match=r"chọn ngày sau 31/3/2022, muộn nhất là 31/12/2100"
    ) as raised:
        read_deadline(typed, district, "vi")
    assert "không phải ngày" not in f"{raised.value}"


def test_communes_are_found_without_diacritics_and_all_or_none_is_said(district):
    two = [district.find("Thanh Hương"), district.find("Thanh Chi")]
    assert read_communes("Thanh Hương (thanh huong), thanh chi;17758", district, "vi")[0][:2] == two
    for typed in ("", " , ", "tất cả", "TAT CA"):
        found, note = read_communes(typed, district, "vi")
        assert found == [] and note
    with pytest.raises(NotUnderstoodError, match="Thanh Hương"):
        read_communes("Thanh Hươn", district, "vi")
    with pytest.raises(NotUnderstoodError, match=r"“Abc”.*“Xyz”"):
        read_communes("Abc, Thanh Chi, Xyz", district, "vi")


# ---- the widgets


@pytest.fixture
def panel(copied) -> Panel:
    return Panel(copied, "Thanh Hương", "vi")


def shown(panel: Panel, name: str) -> str:
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.sub(r"<img[^>]*>", "", panel.out[name].value)).split()
    )


def without_money(panel: Panel) -> None:
    """All sliders of money put to nothing, one answer for all of them."""
    panel.held = True
    for pot in panel.pots:
        panel.sliders[pot].value = 0
    panel.held = False
    panel.update()


def test_the_sliders_move_the_verdict_the_table_and_the_chart(panel):
    headline, chart = shown(panel, "verdict"), panel.out["chart"].value
    assert "Không khác lúc đầu" in headline and "Thanh Hương" in shown(panel, "communes")
    without_money(panel)
    assert "So với lúc đầu: -" in shown(panel, "verdict") and "Không có đồng nào từ: " in shown(
        panel, "verdict"
    )
    assert panel.out["chart"].value != chart and panel.readouts["nst-dt"].value.startswith(
        "0% (0 tỷ)"
    )
    assert shown(panel, "status").startswith("Đã tính xong: 50 tình huống")
    panel.reset.click()
    assert shown(panel, "verdict") == headline and panel.out["chart"].value == chart


def test_the_sources_that_block_stand_beside_the_answer_and_on_their_sliders(panel):
    blocking = panel.row["blocking_sources"]
    assert blocking and "Nguồn đang chặn: " in shown(panel, "verdict")
    marked = {pot for pot in panel.pots if "đang chặn" in panel.readouts[pot].value}
    assert marked == set(blocking)
    panel.sliders["dan"].value = 0
    blocking = panel.row["blocking_sources"]
    assert "dan" in blocking and marked != set(blocking), (
        "other sources block where one of them brings nothing"
    )
    assert {pot for pot in panel.pots if "đang chặn" in panel.readouts[pot].value} == set(blocking)


def test_a_change_that_cannot_be_worked_out_keeps_the_last_answer_and_the_input(panel):
    panel.sliders["dan"].value = 150
    before = {name: panel.out[name].value for name in ("verdict", "chart", "communes")}
    panel.fields["deadline"].value = "31/2/2025"
    assert "không phải ngày" in shown(panel, "wrong") and "lần tính trước" in shown(panel, "wrong")
    assert {name: panel.out[name].value for name in before} == before
    assert (panel.fields["deadline"].value, panel.sliders["dan"].value) == ("31/2/2025", 150)
    panel.name.value = "Thử"
    panel.button.click()
    assert "Chưa lưu" in shown(panel, "saved")
    panel.fields["deadline"].value = "30/6/2025"
    assert shown(panel, "wrong") == "" and "30/6/2025" in shown(panel, "verdict")


def test_all_that_is_wrong_is_told_at_once(panel):
    panel.fields["start"].value = "late-oct-2023"
    panel.held = True
    panel.fields["commune"].value, panel.fields["deadline"].value, panel.sliders["*delay"].value = (
        "Abc, Xyz",
        "31/2/2025",
        24,
    )
    panel.held = False
    panel.update()
    for part in ("“Abc”", "“Xyz”", "không phải ngày", "Vốn về chậm thêm"):
        assert part in shown(panel, "wrong")


def test_the_headline_is_the_median_and_the_difference_an_average(tried):
    answer = tried.answer(Setting(money=dict.fromkeys(pots_of(tried.workbook), 25)))
    figures = record_of(answer)["finishing"] | {"mean": record_of(answer)["finishing"]["p50"] + 0.9}
    said = headline(answer, record_of(answer) | {"finishing": figures}, "vi")
    assert f"Khoảng {figures['p50']}/" in said
    assert "bình quân" in said and re.search(
        r"cơ bản các xã về đích thay đổi [-+]?[\d,]+ điểm %", said
    )


def test_all_sliders_at_their_ends_are_answered(panel):
    for end in ("min", "max"):
        panel.held = True  # one answer for all of them
        for slider in panel.sliders.values():
            slider.value = getattr(slider, end)
        panel.held = False
        panel.update()
        assert shown(panel, "wrong") == "" and panel.good
    # 7 months late already, with 24 more above what envelopes may have
    panel.fields["start"].value = "late-oct-2023"
    assert "Vốn về chậm thêm" in shown(panel, "wrong") and "≤ 36" in shown(panel, "wrong")
    assert panel.sliders["*delay"].value == 24


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Chưa chọn xã"),
        ("tất cả", "Tất cả"),
        ("Thanh Chi", "Thanh Chi đạt đủ tiêu chí trước 31/12/2025"),
    ],
)
def test_the_field_of_communes_is_answered(panel, typed, told):
    panel.fields["commune"].value = typed
    assert told in shown(panel, "communes") and shown(panel, "wrong") == ""
    panel.fields["commune"].value = "Không Có Xã Này"
    assert "Không có xã nào" in shown(panel, "wrong") and told in shown(panel, "communes")
    before = panel.out["communes"].value
    without_money(panel)
    assert told in shown(panel, "communes") and panel.out["communes"].value != before, (
        "the table is of the answer above it"
    )


def test_a_saved_scenario_is_told_and_offered(panel):
    panel.sliders["*delay"].value = 3
    panel.name.value = "a/b"
    panel.button.click()
    assert "“/”" in shown(panel, "saved") and panel.name.value == "a/b"
    panel.name.value = "Vốn chậm 3 tháng"
    panel.button.click()
    assert ("Vốn chậm 3 tháng", "von-cham-3-thang") in panel.fields["start"].options
    told = f"compare {panel.tried.workbook.path} --scenarios von-cham-3-thang"
    assert told in shown(panel, "saved"), "of this data set, not of the usual one"
    assert panel.setting == Setting(delay=3)
    panel.button.click()
    assert "ghi đè" in shown(panel, "saved")
    panel.over.value = True
    panel.button.click()
    assert shown(panel, "saved").startswith("Đã lưu")


def test_a_scenario_that_is_spoilt_meanwhile_is_told_in_words(panel):
    folder = panel.tried.workbook.path.parent / "scenarios"
    (folder / "cement-150.yaml").write_text("id: cement-150\ntitle: [", encoding="utf-8")
    panel.fields["start"].value = "cement-150"
    assert shown(panel, "wrong") and "Traceback" not in shown(panel, "wrong") and panel.answer


def test_a_start_deleted_meanwhile_is_told_and_the_answer_is_that_of_the_start_shown(panel):
    panel.sliders["dan"].value = 150
    before = shown(panel, "verdict")
    (panel.tried.workbook.path.parent / "scenarios" / "two-more-years.yaml").unlink()
    title = next(title for title, name in panel.fields["start"].options if name == "two-more-years")
    panel.fields["start"].value = "two-more-years"
    assert title in shown(panel, "wrong") and "không còn nữa" in shown(panel, "wrong")
    assert (
        panel.fields["start"].value == panel.answer.setting.start == "baseline"
        and shown(panel, "verdict") == before
    )
    assert title not in [title for title, _ in panel.fields["start"].options]
    panel.fields["start"].value = "cement-150"
    assert shown(panel, "wrong") == "" and panel.answer.setting.start == "cement-150", (
        "the panel lives on"
    )


def test_a_setting_is_not_saved_when_its_start_was_deleted_meanwhile(panel):
    panel.fields["start"].value = "two-more-years"
    panel.sliders["*delay"].value = 3
    folder = panel.tried.workbook.path.parent / "scenarios"
    (folder / "two-more-years.yaml").unlink()
    panel.name.value = "Thử"
    panel.button.click()
    assert "Chưa lưu" in shown(panel, "saved") and "không còn nữa" in shown(panel, "wrong")
    assert not (folder / "thu.yaml").exists() and panel.answer.setting == Setting(delay=3)
    panel.button.click()
    assert shown(panel, "saved").startswith("Đã lưu") and (folder / "thu.yaml").exists(), (
        "seen, and then saved"
    )


def test_the_way_back_is_answered_when_the_scenario_of_the_beginning_was_deleted(copied):
    made = Panel(WhatIf(copied.workbook, Setting("cement-150"), draws=50), "", "vi")
    (copied.workbook.path.parent / "scenarios" / "cement-150.yaml").unlink()
    made.sliders["*delay"].value = 3
    assert "không còn nữa" in shown(made, "wrong") and made.answer.setting == Setting(delay=3)
    made.reset.click()
    assert (
        "không còn nữa" in shown(made, "wrong")
        and made.answer.setting == Setting()
        and not made.held
    )
    made.sliders["*delay"].value = 1
    assert shown(made, "wrong") == "" and made.answer.setting == Setting(delay=1)


def test_names_from_data_are_shown_as_text_and_not_obeyed(copied):
    name = "<b>x</b>"
    Path(copied.workbook.path.parent / "scenarios" / "bad.yaml").write_text(
        f'id: bad\ntitle: {{vi: "{name}", en: x}}\n', encoding="utf-8"
    )
    made = Panel(copied, name, "vi")
    assert "<b>" not in made.out["wrong"].value and "&lt;b&gt;" in made.out["wrong"].value


def test_nobody_looks_on_outside_of_a_notebook():
    assert not watched()


def test_the_panel_speaks_english(copied):
    made = Panel(copied, "", "en")
    assert "communes finish by" in shown(made, "verdict") and made.fields["commune"].value == "all"

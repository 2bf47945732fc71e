"""The facts of the seed article, as statements about what the workbook says of Thanh Chương."""

import re
import shutil

import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.pages.district import DistrictPage
from ntm_analysis.standing import assess, district_conditions, levels, overview, set_in_force

DATA = "data/thanh-chuong"
ADVANCED = "advanced-nghe-an-2018-2020"


@pytest.fixture(scope="module")
def wb() -> Workbook:
    return Workbook.open(DATA)


@pytest.fixture(scope="module")
def ntm(wb):
    return assess(wb, "ntm-2016-2020")


def words(*parts: str) -> str:
    """What a reader sees of parts of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(parts)).split())


@pytest.mark.parametrize("name", ["Thanh Hương", "Thanh Chi", "Thanh Ngọc"])
def test_the_three_communes_to_be_ntm_have_15_of_19_and_lack_2_5_6_17(wb, ntm, name):
    row = ntm.counts.loc[wb.find(name)]
    assert (row["met"], row["of"], row["missing"], row["unknown"]) == (15, 19, (2, 5, 6, 17), 0)


@pytest.mark.parametrize(
    ("name", "met", "unknown"),
    [("Thanh Tiên", 11, 4), ("Thanh Liên", 11, 4), ("Thanh Phong", 12, 3)],
)
def test_the_three_advanced_communes_have_a_count_whose_missing_criteria_have_no_name(
    wb, name, met, unknown
):
    row = assess(wb, ADVANCED).counts.loc[wb.find(name)]
    assert (row["met"], row["of"], row["missing"], row["unknown"]) == (met, 15, (), unknown)


def test_thanh_linh_has_its_six_model_tasks_with_the_quantities_that_are_given(wb):
    tasks = wb.tables["tasks"].sort_values("number")
    assert set(tasks["unit"]) == {wb.find("Thanh Lĩnh")} and set(tasks["level"]) == {"model"}
    assert len(tasks) == 6
    assert tasks["quantity"].isna().tolist() == [True, True, True, True, False, False]
    assert "hợp tác xã" in tasks["task_vi"].iloc[4] and tasks["quantity"].iloc[4] == 1
    assert (
        "OCOP" in tasks["task_vi"].iloc[5]
        and "3 sao" in tasks["task_vi"].iloc[5]
        and tasks["quantity"].iloc[5] == 1
    )
    shown = words(CommunePage(DATA, "Thanh Lĩnh").targets())
    assert all(task in shown for task in tasks["task_vi"]), "the page shows every task"


def test_thanh_lam_pledges_ntm_for_2023_and_has_no_data(wb, ntm):
    pledge = wb.tables["targets"].query("kind == 'pledge'")
    assert pledge[["unit", "level", "year"]].to_numpy().tolist() == [
        [wb.find("Thanh Lâm"), "ntm", 2023]
    ]
    assert ntm.counts.loc[wb.find("Thanh Lâm"), "unknown"] == 19
    page = CommunePage(DATA, "Thanh Lâm")
    assert "quyết tâm đạt chuẩn nông thôn mới trong năm 2023" in words(page.targets())
    assert "chưa có số liệu, đề nghị xã báo cáo" in words(page.summary())


def test_the_plan_of_2022_names_three_and_three_and_one(wb):
    plan = wb.tables["targets"].query("kind == 'plan' and year == 2022")
    named = {
        level: set(wb.units.loc[rows["unit"], "name"]) for level, rows in plan.groupby("level")
    }
    assert named == {
        "ntm": {"Thanh Hương", "Thanh Chi", "Thanh Ngọc"},
        "advanced": {"Thanh Tiên", "Thanh Phong", "Thanh Liên"},
        "model": {"Thanh Lĩnh"},
    }


def test_22_of_37_are_recognised_5_with_a_source_and_17_inferred(wb, ntm):
    made = overview(wb, ntm)
    assert (len(made.recognised), made.communes, made.sourced, made.inferred) == (22, 37, 5, 17)
    inferred = levels(wb).query("basis == 'inferred'")
    assert (inferred["mark"] == "assumed").all() and inferred["date"].isna().all(), (
        "nothing inferred has a decision or date"
    )


def test_twelve_communes_have_no_data_and_three_are_near(wb, ntm):
    made = overview(wb, ntm)
    assert len(made.no_data) == 12 and len(made.near) == 3 and made.far == [] and made.ready == []
    assert "12 xã chưa có số liệu: Hạnh Lâm" in words(DistrictPage(DATA).summary())


def test_the_yearly_rules_cover_18_and_15_communes(wb):
    page = DistrictPage(DATA)
    rules = wb.tables["goals"].query("kind == 'yearly_rule'")
    covered = {
        (goal["covers"], goal["quantity"]): len(page.covered_by(goal))
        for _, goal in rules.iterrows()
    }
    assert covered == {("ntm_not_on_list", 2): 18, ("not_ntm", 1): 15}
    assert len(rules) == 3, "two more criteria; one hamlet; one commune criterion"


def test_the_goal_of_the_term_is_shown_with_its_date():
    assert "cuối nhiệm kỳ (31/12/2025) cơ bản các xã" in words(DistrictPage(DATA).summary())


def test_the_township_stands_outside_every_denominator(wb, ntm):
    assert len(wb.units) == 38 and len(wb.communes) == 37
    assert wb.find("Thanh Chương") not in ntm.counts.index
    assert "không phải là xã" in words(CommunePage(DATA, "17713").summary())


def test_the_district_needs_37_and_4_communes_and_has_22_and_1(wb):
    made = district_conditions(wb).set_index("number")
    assert made.loc["1", ["need", "have", "state"]].tolist() == [37, 22, "not_met"]
    assert made.loc["2", ["need", "have", "state"]].tolist() == [4, 1, "not_met"]
    assert made.loc["4", "state"] == "unknown", "no survey of residents is in the data"


def test_the_criteria_that_hold_the_district_back_and_their_owners_are_named():
    text = words(DistrictPage(DATA).holding_back())
    assert (
        "Giao thông 3 - 12 Thanh Ngọc, Thanh Hương và Thanh Chi Phòng Kinh tế và Hạ tầng (GĐ)"
        in text
    )


def test_nothing_known_after_the_as_of_date_is_used(wb):
    assert {"mergers.csv", "units.csv", "ntm-2021-2025.yaml", "recognition.yaml"} <= set(
        wb.left_out
    )
    for table in wb.tables.values():
        if "known_from" in table:
            assert (table["known_from"].dt.date <= wb.as_of).all()
    assert "chưa có quy định thu hồi quyết định công nhận nào được biết" in words(
        DistrictPage(DATA).recognition()
    )
    assert (
        "không dùng vì chỉ được biết sau ngày 31/3/2022"
        in words(DistrictPage(DATA).knowledge()).lower()
    )


def test_before_the_conference_nothing_of_it_is_known():
    early = Workbook.open(DATA, "2022-03-01")
    assert early.tables["targets"].empty and early.tables["criterion_states"].empty
    assert early.law.in_force("ntm", early.as_of) == "ntm-2016-2020"


def test_the_set_in_force_on_the_as_of_date_judges_nothing_from_the_old_criteria(wb):
    standing, table = set_in_force(wb)
    assert standing.set_id == "ntm-2021-2025"
    assert (standing.states["state"] == "unknown").all()
    assert table["indicators"].sum() == 57
    assert (table["read"] + table["unread"] + table["missing"] == table["indicators"]).all()


def test_after_july_2025_nine_new_communes_stand_and_no_old_result_sticks_to_them():
    late = Workbook.open(DATA, "2025-08-01")
    assert late.units["name"].tolist() == [
        "Cát Ngạn",
        "Tam Đồng",
        "Hạnh Lâm",
        "Sơn Lâm",
        "Hoa Quân",
        "Kim Bảng",
        "Bích Hào",
        "Đại Đồng",
        "Xuân Lâm",
    ]
    assert (levels(late)["level"] == "not_ntm").all()
    assert assess(late, "ntm-2016-2020").counts["met"].isna().all()
    text = words(DistrictPage(DATA, as_of="2025-08-01").district_conditions())
    assert "Sơn Lâm 2 - Thanh Sơn và Ngọc Lâm" in text


def test_the_pages_say_the_same_in_english():
    district = words(DistrictPage(DATA, lang="en").summary())
    assert "22/37 communes recognised (5 with a source, 17 inferred)" in district
    assert "15/19 NTM criteria met, missing 2 - Transport" in words(
        CommunePage(DATA, "Thanh Hương", lang="en").summary()
    )


def test_the_public_page_names_no_owner_and_no_list_to_ask():
    public = DistrictPage(DATA, audience="cong-khai")
    text = words(
        *(
            getattr(public, part)()
            for part in ("holding_back", "targets", "set_in_force", "recognition", "knowledge")
        )
    )
    assert "Phòng" not in text and "Đề nghị các xã sau báo cáo trước" not in text
    assert "Phòng" not in words(CommunePage(DATA, "Thanh Hương", audience="cong-khai").criteria())


def test_the_communes_page_gives_reason_basis_source_and_how_sure():
    text = words(CommunePage(DATA, "thanh huong").criteria())
    assert "2 Giao thông C báo cáo cho cả tiêu chí, tính đến 31/3/2022" in text
    assert (
        "QĐ 1980/QĐ-TTg ngày 17/10/2016, tiêu chí số 2" in text
        and "suy từ số lượng 15/19" in text
        and "số liệu báo cáo" in text
    )


def test_the_content_hash_does_not_depend_on_line_ends(tmp_path):
    shutil.copytree("data/thanh-chuong", tmp_path / "data" / "thanh-chuong")
    shutil.copytree("data/criteria", tmp_path / "data" / "criteria")
    shutil.copytree("data/reference", tmp_path / "data" / "reference")
    for path in (tmp_path / "data").rglob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert (
        Workbook.open(tmp_path / "data" / "thanh-chuong").content_hash
        == Workbook.open(DATA).content_hash
    )

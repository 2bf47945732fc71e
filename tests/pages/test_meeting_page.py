"""The page of the monthly meeting: full on the invented district, and on the real one each empty
part says what is missing.
"""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from test_pages import violations

from ntm_analysis.pages.meeting import MeetingPage
from ntm_analysis.reports.render import execute, to_html
from ntm_analysis.reports.report import NOTEBOOKS

PARTS = (
    "change",
    "volume",
    "late",
    "disbursement",
    "direction",
    "requests",
    "departments",
    "rules",
    "conclusions",
)
FULL, BARE = "data/huyen-mau", "data/thanh-chuong"


@pytest.fixture(scope="module")
def full() -> MeetingPage:
    return MeetingPage(FULL)


@pytest.fixture(scope="module")
def bare() -> MeetingPage:
    return MeetingPage(BARE)


def plain(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<img[^>]*>", "", part)).split())


def cells(part: str, table: int = 0) -> list[list[str]]:
    """The body rows of a part's table, as text."""
    body = re.findall(r"<tbody>(.*?)</tbody>", part, re.DOTALL)[table]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in rows
    ]


# the invented district: every part is full --------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_invented_district_holds_a_table_with_rows(full, part):
    made = getattr(full, part)()
    assert cells(made), part
    assert "Chưa có số liệu để" not in made and "Chưa ghi nhận" not in made


def test_the_answer_stands_first_how_many_reported_and_who_did_not(full):
    said = plain(full.change())
    assert "Tháng 12/2022 có 8/12 xã báo cáo, 4 xã chưa báo cáo: A4, A10, A11 và A12." in said
    assert "So với tháng 11/2022: 14 tiêu chí mới đạt, 1 tiêu chí không còn đạt." in said
    assert said.index("8/12 xã") < said.index("Biểu số")


def test_what_changed_is_told_by_commune_with_who_says_so(full):
    rows = {row[1]: row for row in cells(full.change())}
    assert rows["A7"][3] == "số 15 - Y tế" and "UBND xã A7, báo cáo tháng 12" in rows["A7"][6]
    assert rows["A9"][4].startswith("số 17") and "Đoàn thẩm tra của huyện" in rows["A9"][6]
    volumes = {row[2]: row[3:6] for row in cells(full.change(), 1)}
    assert volumes["A6"] == ["35,0", "40,0", "+5,0"] and volumes["A1"] == ["...", "5,0", "..."]
    paid = {(row[1], row[2]): row[3:6] for row in cells(full.change(), 2)}
    assert paid[("A3", "Ngân sách trung ương")] == ["3.100", "4.200", "+1.100"]


def test_a_report_that_falls_is_told_as_a_warning(full):
    assert (
        "Cảnh báo: xã A8, Ngân sách xã: giải ngân lũy kế giảm từ 130 (tháng 10/2022) "
        "xuống 110 triệu đồng" in plain(full.change())
    )


def test_the_curve_has_its_finding_as_alt_text_and_the_weights_are_stated(full):
    made = full.volume()
    alt, panels = re.findall(r'alt="([^"]*)"', made)
    # (800 x 5 + 200 x 60 + 4.000 x 40 + 6.400 x 12) / 11.400 = 22,2;
    # planned (0 + 12.000 + 220.000 + 64.000) / 11.400 = 26,0
    assert "đạt 22,2% khối lượng, kế hoạch 26,0%: chậm 3,8 điểm phần trăm" in alt
    assert "xã chậm nhất trước" in panels and "A6 -15,0, A5 0,0, A7 +2,0 và A1 +5,0" in panels
    assert (
        "khối lượng x đơn giá thường gặp" in made
        and "chưa có kế hoạch khối lượng" in made
        and "Nhà văn hóa thôn" in made
    )


def test_late_works_name_plan_actual_month_and_months_late(full):
    assert [row[1:7] for row in cells(full.late())] == [
        ["Khối trường học (truong-1)", "A6", "55,0", "40,0", "12/2022", "1"],
        ["Nhà văn hóa thôn (nha-van-hoa-1)", "A9", "20,0", "15,0", "11/2022", "dưới 1"],
    ]


def test_money_is_told_by_source_and_by_commune(full):
    made = full.disbursement()
    assert "Đơn vị tính: triệu đồng" in made
    assert ["Ngân sách xã", "990", "990", "580", "58,6%", "...", "4/5"] in [
        row[1:8] for row in cells(made)
    ]
    assert ["A6", "2.220", "300", "300", "120", "40,0%", "180", "12/2022"] in [
        row[1:9] for row in cells(made, 1)
    ]


def test_direction_rests_on_reports_and_the_silent_stand_apart(full):
    made = full.direction()
    reasons = {row[1]: row[2] for row in cells(made)}
    assert set(reasons) == {"A6", "A8", "A9"}
    assert all(
        word in reasons["A6"]
        for word in ("truong-1", "chậm 180 triệu đồng", "quá hạn từ 15/12/2022")
    )
    assert "4 xã chưa có số liệu, đề nghị báo cáo: A4, A10, A11 và A12." in plain(made)
    assert "850" in plain(made), "the debt that blocks recognition"


def test_not_assigned_tasks_stand_first_and_overdue_ones_are_marked_in_words(full):
    rows = cells(full.departments())
    assigned = [row[5] != "chưa phân công" for row in rows]
    assert assigned == sorted(assigned) and 0 < sum(assigned) < len(rows)
    assert [row[2] for row in rows if "(quá hạn)" in row[7]] == ["A6", "A9"]
    assert all("(GĐ)" in row[1] for row, done in zip(rows, assigned, strict=True) if not done), (
        "the law’s owner is an assumption"
    )


def test_each_rule_says_whom_it_covers_and_why_each_commune_stands_so(full):
    made = full.rules()
    said = plain(made)
    assert (
        "xã đã đạt chuẩn, ngoài danh sách nâng cao, kiểu mẫu của năm, 4 xã: A2, A3, A4 và A11"
        in said
    )
    higher, last = cells(made, 0), cells(made, -1)
    assert ["Chưa đạt", "A3", "trước 01/01/2022 đạt 6/19, nay 6/19"] in higher
    assert {row[0] for row in higher} == {"Đạt", "Chưa đạt", "Chưa có số liệu"}
    assert {name for row in last if row[0] == "Đạt" for name in re.findall(r"A\d+", row[1])} == {
        "A5",
        "A7",
        "A8",
    }
    assert next(row[:2] for row in last if row[0] == "Chưa có số liệu") == [
        "Chưa có số liệu",
        "A10 và A12",
    ]


def test_conclusions_are_left_blank_and_assignments_of_missing_criteria_filled_in(full):
    rows = {row[1]: row for row in cells(full.conclusions())}
    assert all(row[7] == "" for row in rows.values()) and rows["A5"][8:] == ["", ""]
    assert (
        rows["A6"][8].startswith("số 5: Phòng Giáo dục và Đào tạo")
        and rows["A6"][9] == "số 5: 15/12/2022 (quá hạn); số 9: 31/3/2023"
    )


# the real district: nothing was reported ----------------------------------------------------------

MISSING = {
    "change": ("chưa xã nào trong 37 xã báo cáo tiến độ", "Kỳ báo cáo đầu tiên", "bảng progress"),
    "volume": ("Chưa có số liệu để so khối lượng với kế hoạch", "work_plans", "progress"),
    "late": ("Chưa có số liệu", "progress"),
    "disbursement": ("Chưa có số liệu giải ngân năm 2022", "bảng progress"),
    "direction": (
        "Chưa có báo cáo tiến độ nào",
        "37 xã chưa có số liệu, đề nghị báo cáo",
        "nợ đọng",
    ),
    "rules": (
        "Kết quả: 0 xã đạt, 0 xã chưa đạt, 18 xã chưa có số liệu",
        "thiếu số tiêu chí đạt trước 01/01/2022",
        "bảng hamlets",
    ),
}


@pytest.mark.parametrize("part", MISSING)
def test_every_empty_part_says_what_is_missing_and_shows_no_empty_table_or_chart(bare, part):
    made = getattr(bare, part)()
    for words in MISSING[part]:
        assert words in plain(made), words
    assert "<table" not in made and "<img" not in made


def test_what_the_real_district_has_is_shown(bare):
    assert len(cells(bare.requests())) == 3
    tasks = cells(bare.departments())
    assert len(tasks) == 12 and all(row[5] == "chưa phân công" for row in tasks)
    assert (
        "bảng assignments" in bare.departments()
        and "34 xã còn tiêu chí chưa có số liệu" in plain(bare.departments())
    )
    assert [row[1] for row in cells(bare.conclusions())][-1] == "Thanh Lâm", "the pledge comes last"


def test_no_data_is_never_not_met(bare):
    assert not re.search(r"[1-9]\d* xã chưa đạt,", plain(bare.rules()))


# months, audiences, languages ---------------------------------------------------------------------


def test_the_meeting_before_is_made_from_what_was_known_then():
    page = MeetingPage(FULL, as_of="2022-11-30")
    said = plain(page.change())
    assert "Tháng 11/2022 có" in said and "Kỳ báo cáo đầu tiên" not in said
    assert {row[1]: row for row in cells(page.change())}["A9"][
        5
    ] == "có kết quả lần đầu, đạt: số 17", "not yet taken back"
    assert "Kỳ báo cáo đầu tiên" in MeetingPage(FULL, as_of="2022-10-31").change()


def test_a_month_that_is_none_is_refused():
    for month, message in (
        ("13/2022", "must be a month"),
        ("10/2022", "that of the as-of date"),
        ("1/2023", "as-of date"),
    ):
        with pytest.raises(ValueError, match=message):
            MeetingPage(FULL, month=month)
    assert "tháng 11/2022" in MeetingPage(FULL, month="11/2022", as_of="2022-12-10").heading
    # at the month's end it would tell December's changes
    with pytest.raises(ValueError, match="give its as_of"):
        MeetingPage(FULL, month="11/2022")


def test_the_public_edition_names_no_commune_for_direction_and_nobody_in_charge():
    page = MeetingPage(FULL, audience="cong-khai")
    made = "".join(getattr(page, part)() for part in PARTS)
    assert not page.direction() and not page.departments()
    assert "Phó Trưởng phòng" not in made and "quá hạn" not in made and "Nghiệm thu" not in made


def test_english_pages_hold_no_vietnamese_sentences():
    page = MeetingPage(FULL, lang="en", audience="cong-khai")
    made = plain("".join(getattr(page, part)() for part in PARTS))
    assert (
        "8 of 12 communes reported for 12/2022" in made and "3.8 percentage points behind" in made
    )
    own = re.sub("“[^”]*”", "", made)  # sheets of the Excel template have Vietnamese names
    for words in ("công trình", "chưa có số liệu", "Kết luận", "tiêu chí"):
        assert words not in own, words


def test_text_from_reports_is_escaped(tmp_path):
    folder = Path(shutil.copytree("data/huyen-mau", tmp_path / "data" / "huyen-mau"))
    shutil.copytree("data/criteria", tmp_path / "data" / "criteria")
    path = folder / "progress.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("UBND xã A6", "<b>xã</b> A6"),
        encoding="utf-8-sig",
    )
    made = MeetingPage(str(folder)).late()
    assert "<b>" not in made and "&lt;b&gt;xã&lt;/b&gt; A6" in made


def test_tables_can_be_exported_and_hold_what_the_page_shows(full, monkeypatch, tmp_path):
    monkeypatch.setenv("NTM_REPORTS", str(tmp_path))
    full.tables.clear()
    full.late()
    full.export()
    (file,) = (tmp_path / "bieu").glob("giao-ban_*_bieu-01_*.csv")
    assert "Khối trường học (truong-1)" in file.read_text(encoding="utf-8-sig")
    assert (
        pd.read_excel(next((tmp_path / "bieu").glob("*.xlsx")), header=None, engine="calamine")
        .astype(str)
        .stack()
        .str.contains("truong-1")
        .any()
    )


# the notebook, and its page in a browser ----------------------------------------------------------

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture
def rendered(tmp_path) -> Path:
    """The page of the invented district as its notebook makes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NTM_REPORTS", str(tmp_path))
        words = {"title": "Giao ban", "lang": "vi", "back": "Về danh sách", "skip": "Đến nội dung"}
        page = to_html(
            execute(NOTEBOOKS / "monthly_meeting.ipynb", {"dataset": FULL, "draws": 200}), **words
        )
    (tmp_path / "giao-ban.html").write_text(page, encoding="utf-8")
    return tmp_path / "giao-ban.html"


def test_the_notebooks_page_is_in_order_fits_a_phone_is_accessible_and_prints_across(rendered):
    shown = re.findall(r'<section[^>]* id="([\w-]+)"', rendered.read_text(encoding="utf-8"))
    order = [
        "thay-doi",
        "khoi-luong",
        "cham",
        "giai-ngan",
        "chi-dao",
        "de-nghi",
        "phan-cong",
        "quy-dinh",
        "ket-luan",
        "vi-sao-khac",
    ]
    assert [name for name in shown if name in order] == order and shown[-1] == "biet-den-dau"
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=BROWSER, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        page = opened.new_page(viewport={"width": 390, "height": 900})
        page.goto(rendered.as_uri())
        wide, window = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= window
        assert [found for found in violations(page) if found[1] != [".illustrative"]] == [], (
            "the watermark is decoration"
        )
        boxes = re.findall(
            rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", page.pdf(prefer_css_page_size=True)
        )
        assert boxes and all(float(width) > float(height) for width, height in boxes), (
            "A4 landscape throughout"
        )
        opened.close()

"""The questions of the monthly meeting: each link of the index leads to a section with figure,
range, source and owner.
"""

import re
import runpy
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from ntm_analysis.data import Workbook
from ntm_analysis.language import texts
from ntm_analysis.pages.district import DistrictPage
from ntm_analysis.reports.planner_questions import (
    COMMUNE,
    SHEET,
    details,
    index_questions,
    questions,
)
from ntm_analysis.reports.report import PAGES

pytestmark = pytest.mark.usefixtures("kept_results")

BY_NUMBER = {question.number: question for question in questions()}
# the answer is drawn: it needs a range
FORECAST_OR_NEED = {3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 21}
REPORTED = {1, 4, 15, 16, 17, 18, 19}  # the answer is counted: what nobody reported must be named
RANGE = r"\d%?\s?-\s?\d|±|dưới \d|trên \d+%|sai số"
MISSING = r"chưa có số liệu|chưa đủ số liệu|chưa báo cáo|chưa xã nào|giả định"
OWNER = r"Phòng |Ban Chỉ|Ủy ban nhân dân|Văn phòng Điều phối|cơ quan chủ trì|xã mới lập hồ sơ"
# What the answer itself must say, beside figure, range, source and owner.
SAYS = {
    1: r"22/37 xã đã công nhận.*3 xã gần đạt, còn thiếu từ 1 đến 4 tiêu chí",
    2: r"Thanh Hương.*số 2 - Giao thông.*Phòng Kinh tế và Hạ tầng",
    3: r"Thanh Lâm nông thôn mới 2023 quyết tâm",
    4: r"Giao thông 3 - 12",
    5: r"cần khoảng \d+ tỷ đồng.*còn thiếu",
    6: r"XI MĂNG \(TẤN\).*2022 3.500 3.000-4.100",
    7: r"Nhân dân đóng góp \(tự nguyện\).*một hộ",
    8: r"Cơ bản các xã .* về đích: .*tất cả các xã về đích: ",
    9: r"Thanh Sơn.*Tiền không giải quyết được hết",
    10: r"Vốn năm 2023 về chậm đến tháng 10 - [A-ZĐ]\w+ \w+ \(-",
    11: r"Thêm một nửa xi măng",
    12: r"Chia đều vốn cho các xã.*Ưu tiên xã gần đạt",
    13: r"\d/37 xã về đích.*đã chứng minh",
    14: r"Danh sách năm 2023: rẻ nhất là .* tỷ đồng",
    15: r"xét được 0/703 kết quả.*chưa đủ số liệu",
    16: r"tăng thêm ít nhất 2 tiêu chí nâng cao.*ít nhất 1 xóm nông thôn mới",
    17: r"Kỳ báo cáo đầu tiên",
    18: r"nợ đọng xây dựng cơ bản",
    19: r"số liệu báo cáo [\d,]+%",
    20: r"So với dự báo đăng ký ngày|Đây chính là dự báo đã đăng ký",
    21: r"CRPS",
    22: r"Thanh Ngọc.*nông thôn mới",
    23: r"15/19",
}


def words_of(section: Tag) -> str:
    return " ".join(section.get_text(" ").split())


@pytest.fixture(scope="module")
def listed(rendered_report) -> list[Tag]:
    """The questions in the index, in order."""
    index = BeautifulSoup(
        (rendered_report / "index.html").read_text(encoding="utf-8"), "html.parser"
    )
    return index.select("#cau-hoi li")


@pytest.fixture(scope="module")
def pages(rendered_report) -> dict[str, BeautifulSoup]:
    return {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in rendered_report.glob("*.html")
    }


def holds(number: int, page: BeautifulSoup, section: Tag) -> None:
    """Figure, range, source and owner in the section that answers a question."""
    told = words_of(section)
    assert re.search(r"\d", told), "a figure"
    if number in FORECAST_OR_NEED:
        assert re.search(RANGE, told), "a range"
    if number in REPORTED:
        assert re.search(MISSING, told, re.IGNORECASE), "what nobody reported, or what is assumed"
    sourced = section.select_one('a[href="#biet-den-dau"]') is not None or "Nguồn" in told
    assert sourced and page.select_one("#biet-den-dau a[href], #biet-den-dau table"), "a source"
    assert re.search(OWNER, told), "who must act"


@pytest.mark.parametrize("number", [n for n in BY_NUMBER if n != 24])
def test_each_link_leads_to_figure_range_source_and_owner(number, listed, pages):
    links = listed[number - 1].find_all("a")
    # which this report does not have
    sheets = [page for page, _ in BY_NUMBER[number].places if page == SHEET]
    assert len(links) == len(BY_NUMBER[number].places) - len(sheets)
    assert not sheets or "--audience hop-dan" in listed[number - 1].get_text()
    for place, link in enumerate(links):
        file, _, anchor = link["href"].partition("#")
        section = pages[file].find(id=anchor)
        assert section is not None and section.name == "section", link["href"]
        if place == 0:
            holds(number, pages[file], section)
            assert re.search(SAYS[number], words_of(section))


def test_after_a_merger_the_page_says_who_stands_and_who_is_judged_anew(listed):
    assert listed[23].a is None and "--as-of" in listed[23].get_text(), (
        "nothing was merged by the day of this report"
    )
    after = Workbook.open("data/thanh-chuong", "2025-07-01")
    words, links, _ = index_questions(after, {"huyen": "huyen.html"}, "", "vi")[23]
    assert words.startswith("Sau sáp nhập còn 9 xã") and links == ["huyen.html#huyen"]
    page = DistrictPage("data/thanh-chuong", as_of="2025-07-01")
    made = [
        BeautifulSoup(str(part), "html.parser")
        for part in (page.district_conditions(), page.knowledge())
    ]
    holds(24, made[1], made[0].find(id="huyen"))
    assert re.search(r"Cát Ngạn và Tam Đồng", words_of(made[0]))


def test_the_single_file_leads_to_the_same_sections(rendered_report, pages):
    single = pages[next(rendered_report.glob("*_mot-tep.html")).name]
    links = [link["href"] for link in single.select("#cau-hoi a")]
    assert len(links) > 24 and all(
        single.find(id=link.removeprefix("#")) is not None for link in links
    )


def test_the_public_is_told_the_source_but_not_the_owner():
    page = BeautifulSoup(
        str(DistrictPage("data/thanh-chuong", audience="cong-khai").summary()), "html.parser"
    )
    assert (
        "Nguồn" in page.select_one(".basis").get_text()
        and "phải làm" not in page.select_one(".basis").get_text()
    )


def test_the_questions_in_english_and_of_another_district_name_its_own_communes():
    workbook = Workbook.open("data/huyen-mau")
    for lang in ("vi", "en"):
        told = [question.words[lang].format(**details(workbook, lang)) for question in questions()]
        assert len(told) == 24 and not [
            line for line in told if "Thanh" in line or "37" in line or "{" in line
        ]


def test_a_question_whose_page_was_not_made_says_so():
    workbook = Workbook.open("data/thanh-chuong")
    assert {
        links == [] and bool(note) for _, links, note in index_questions(workbook, {}, "", "vi")
    } == {True}


def test_places_are_pages_of_the_report_and_what_must_be_done_belongs_to_a_page():
    names = {file for _, file, _, _ in PAGES.values()} | {COMMUNE, SHEET}
    assert {page for question in questions() for page, _ in question.places} <= names
    subjects = {file: subject for _, file, subject, _ in PAGES.values()} | {
        COMMUNE: "commune",
        SHEET: "villagers",
    }
    asked = {
        f"act_{subjects[page]}_{section}"
        for question in questions()
        for page, section in question.places
    }
    assert {key for key in texts() if key.startswith("act_")} <= asked


def test_the_page_of_questions_is_in_step():
    assert (
        Path("docs/reference/questions.md").read_text(encoding="utf-8")
        == runpy.run_path("docs/make_texts.py")["questions_page"]()
    )

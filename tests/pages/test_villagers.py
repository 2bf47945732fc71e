"""The sheet for a commune's own people: plain, about no other commune, one side of A4, no money
that nobody reported.
"""

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from test_need import district
from test_pages import _media_boxes, browser, violations  # noqa: F401 (a fixture)

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook
from ntm_analysis.pages.commune import VillagersPage
from ntm_analysis.reports import report
from ntm_analysis.reports.manifest import Manifest

PARTS = ("title", "standing_now", "missing", "finishing", "next_month", "money", "footer")
NO_ESTIMATE = "Chưa có dự toán được duyệt; xã lập khái toán trước khi họp dân"


@pytest.fixture(autouse=True)
def _shared(kept_results):
    """What the forecast says is worked out once for all communes."""


def shown(page: VillagersPage) -> str:
    return "".join(str(getattr(page, part)()) for part in PARTS)


def words(html: str) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


@cache
def communes(dataset: str) -> tuple[tuple[str, str], ...]:
    found = Workbook.open(dataset).communes
    return tuple(zip(found["code"], found["name"], strict=True))


def changed(folder: Path, **changes: dict[str, str]) -> str:
    """The model district with text replaced in some of its tables."""
    shutil.copytree("data/huyen-mau", folder)
    changes["dataset.yaml"] = {
        "criteria: ../criteria": f"criteria: {Path('data/criteria').resolve()}"
    }
    for name, pairs in changes.items():
        path = folder / (name if "." in name else f"{name}.csv")
        text = path.read_text(encoding="utf-8")
        for old, new in pairs.items():
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    return str(folder)


def test_it_says_in_plain_words_where_we_stand_what_is_missing_when_and_what_to_do():
    said = words(shown(VillagersPage("data/thanh-chuong", "Thanh Hương")))
    assert "xã đạt 15 trên 19 tiêu chí" in said and "Chưa đạt: Giao thông (tiêu chí 2)" in said
    assert re.search(r"vào khoảng tháng \d+/\d{4} \(sớm thì \d+/\d{4}, muộn thì \d+/\d{4}\)", said)
    assert "Tháng 4/2022 làm gì" in said and "xã hỏi Phòng Kinh tế và Hạ tầng" in said
    assert "không phải lời hứa" in said and "Nguồn: Bài về hội nghị quý I/2022" in said


def test_what_was_assigned_and_planned_is_what_is_to_be_done_next():
    said = words(str(VillagersPage("data/huyen-mau", "A6").next_month()))
    assert (
        "Tháng 1/2023 làm gì" in said
        and "Khối trường học: theo kế hoạch đến tháng 6/2023 phải xong 100%" in said
    )
    assert "Nghiệm thu khối trường học phần thô (Phòng Giáo dục và Đào tạo, hạn 15/12/2022)" in said


def test_a_month_beyond_the_term_is_not_given_as_a_month():
    said = words(str(VillagersPage("data/huyen-mau", "A10").finishing()))
    assert (
        "nhiều khả năng chưa đạt đủ tiêu chí nông thôn mới trong kỳ này" in said
        and "tháng sau kỳ" not in said
    )


def test_who_is_on_no_list_reads_that_the_list_matters_most():
    unlisted, listed = (
        words(str(VillagersPage("data/huyen-mau", name).finishing())) for name in ("A10", "A5")
    )
    assert (
        "Việc quan trọng nhất: xã được đưa vào danh sách" in unlisted
        and "danh sách về đích" not in listed
    )


@pytest.mark.parametrize("dataset", ["data/thanh-chuong", "data/huyen-mau"])
def test_it_names_no_other_commune_and_ranks_nothing_and_giving_is_voluntary(dataset):
    for code, name in communes(dataset)[::4]:
        said = words(shown(VillagersPage(dataset, code)))
        rest = re.sub(rf"\b{name}\b", "", said)
        others = [
            other
            for _, other in communes(dataset)
            if other != name and re.search(rf"\b{other}\b", rest)
        ]
        assert others == [] or set(others) <= {"Thanh Chương"}, (name, others)
        assert "tự nguyện" in said and NO_ESTIMATE in said
        assert "xếp thứ" not in said and "nhóm" not in said


def test_a_term_too_short_even_if_all_goes_well_has_its_own_sentence(monkeypatch):
    page = VillagersPage("data/huyen-mau", "A9")
    said = page.commune_forecasts()[page.unit]
    beyond = said | {
        "row": said["row"]
        | {"finished": False, "p10_date": None, "p50_date": None, "p90_date": None}
    }
    for lang, sentence, early in (
        ("vi", "kể cả khi mọi việc thuận lợi", "sớm thì"),
        ("en", "even if all goes well", "early"),
    ):
        page = VillagersPage("data/huyen-mau", "A9", lang=lang)
        monkeypatch.setattr(page, "commune_forecasts", lambda unit=page.unit: {unit: beyond})
        shown = words(str(page.finishing()))
        assert sentence in shown and early not in shown


def test_next_steps_that_read_alike_are_told_once_and_after_what_has_a_due_date(tmp_path):
    plan, work = (
        "A6,truong-1,2023-06,100",
        "A6,truong-1,ntm,ntm-2021-2025,5,truong,1,1,2,carried_over,40,carried_over,2023",
    )
    more = {"work_plans": plan, "works": work}
    rest = ',2022-11-30,bia-dat,illustrative,"Số liệu minh họa, không có thật"'
    changes = {
        table: {
            row + rest: "\n".join(
                row.replace("truong-1", f"truong-{n}") + rest for n in range(1, 7)
            )
        }
        for table, row in more.items()
    }
    html = str(VillagersPage(changed(tmp_path / "huyen-mau", **changes), "A6").next_month())
    lines = [words(str(line)) for line in BeautifulSoup(html, "html.parser").select("li")]
    assert "hạn 15/12/2022" in lines[0] and "hạn 31/3/2023" in lines[1]
    assert (
        lines[2].startswith("Khối trường học")
        and sum(line.startswith("Khối trường học") for line in lines) == 1
    )


@pytest.mark.parametrize(
    ("lang", "mark", "past"),
    [("vi", "(quá hạn)", "15/12/2022"), ("en", "(overdue)", "15 December 2022")],
)
def test_a_due_date_in_the_past_is_said_to_be_past(lang, mark, past):
    html = str(VillagersPage("data/huyen-mau", "A6", lang=lang).next_month())
    late = [
        line.get_text()
        for line in BeautifulSoup(html, "html.parser").select("li")
        if mark in line.get_text()
    ]
    assert len(late) == 1 and past in late[0]


def test_a_commune_of_which_nothing_was_reported_has_no_empty_list_of_sources(
    make_dataset, tmp_path
):
    dataset = str(make_dataset(tmp_path / "empty"))
    assert "Chưa có báo cáo nào về xã." in words(str(VillagersPage(dataset, "10001").footer()))
    assert "Nothing has been reported" in words(
        str(VillagersPage(dataset, "10001", lang="en").footer())
    )


SCHOOLS = "Nghiệm thu khối trường học phần thô"


@pytest.mark.parametrize(
    "free",
    [
        "làm như xã A7",
        "LÀM NHƯ XÃ a7",
        "Nâng xã từ chỗ xếp thứ nhất lên",
        "giu vi tri dan dau",
        "keep the first place",
    ],
)
def test_free_text_that_names_another_commune_or_ranks_is_left_out(free, tmp_path):
    dataset = changed(
        tmp_path / "huyen-mau",
        assignments={SCHOOLS: free},
        tasks={"Xây thêm phòng học,Build more classrooms": f"{free},{free}"},
        sources={"bia-dat,Số liệu minh họa": f"bia-dat,{free}", ",,,": ",,2022-11-15,"},
    )
    for lang, task, number, source in (
        (
            "vi",
            "việc đã giao (Phòng Giáo dục và Đào tạo, hạn",
            "Nhiệm vụ số 1 đã giao",
            "Nguồn: một nguồn ngày 15/11/2022",
        ),
        ("en", "a task was assigned (Phòng Giáo dục", "Task 1 assigned", "Sources: a source of"),
    ):
        page = VillagersPage(dataset, "A6", lang=lang)
        said = words(f"{page.next_month()} {page.footer()}")
        assert free not in said and task in said and number in said and source in said


def test_a_name_is_another_communes_only_as_whole_words_of_its_own_spelling():
    page = VillagersPage("data/thanh-chuong", "Thanh Hương")
    for other in (
        "Thanh Lĩnh",
        "thanh linh",
        "THANH LĨNH",
        "xã Thanh Mĩ",
        "Thanh\nHoà",
        "Thị trấn Thanh Chương",
    ):
        assert not page.may_be_told(f"làm như {other}, rồi báo cáo"), other
    for fine in (
        "xã Thanh Hương",
        "thanh huong",
        "huyện Thanh Chương",
        "Thanh Lịnh",
        "Thanh Lĩnhx",
        "hóa quân",
    ):
        assert page.may_be_told(f"làm ở {fine}, rồi báo cáo"), fine


def test_money_for_each_household_is_told_only_when_works_quantities_and_households_are_reported(
    make_dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(VillagersPage, "draws", 200)
    work = {
        "level": "ntm",
        "set": "ntm-2021-2025",
        "state": "new",
        "committed": "plan",
        "planned_year": 2023,
    }
    works = [
        work | {"work": "1", "criterion": 2, "item": "road", "quantity": 2},
        work | {"work": "2", "criterion": 6, "item": "house", "quantity": 1},
    ]
    units = [{"households": 500}]

    def money(folder: str, **tables: list[dict]) -> str:
        path = district(make_dataset, tmp_path / folder, **tables).path
        settings = path / "dataset.yaml"
        settings.write_text(
            settings.read_text(encoding="utf-8").replace(
                "illustrative: true", "illustrative: false"
            ),
            encoding="utf-8",
        )
        return words(str(VillagersPage(str(path), "10001").money()))

    # the people's part of the house is 100,02 million đồng, for 500 households
    told = money("all", works=works, units=units)
    assert (
        "khoảng 0,2 triệu đồng một hộ, tính cho 500 hộ" in told
        and NO_ESTIMATE not in told
        and "tự nguyện" in told
    )
    # 0,02 million đồng a household
    told = money("many", works=works, units=[{"households": 5000}])
    assert (
        "đóng góp dưới 0,1 triệu đồng một hộ, tính cho 5.000 hộ" in told and "khoảng 0" not in told
    )
    for folder, tables in {
        "no-works": {"units": units},
        "one-work": {"works": works[:1], "units": units},
        "works-assumed": {"works": [row | {"mark": "assumed"} for row in works], "units": units},
        "no-households": {"works": works},
        "households-assumed": {"works": works, "units": [units[0] | {"mark": "assumed"}]},
    }.items():
        told = money(folder, **tables)
        assert NO_ESTIMATE in told and "triệu đồng" not in told and "tự nguyện" in told, folder


def test_a_township_has_no_such_sheet():
    with pytest.raises(ValueError, match="Thị trấn"):
        VillagersPage("data/thanh-chuong", "Thị trấn Thanh Chương")


@pytest.fixture(scope="module")
def sheets(tmp_path_factory, kept_results, one_warm_process) -> Path:
    folder = tmp_path_factory.mktemp("hop-dan")
    names = ["Thanh Hương", "Thanh Lĩnh", "Cát Văn"]
    assert main(["report", "--audience", "hop-dan", "--out", str(folder), "--commune", *names]) == 0
    assert (
        main(
            [
                "report",
                "huyen-mau",
                "--audience",
                "hop-dan",
                "--out",
                str(folder),
                "--commune",
                "A6",
                "A9",
            ]
        )
        == 0
    )
    return folder


def test_each_sheet_is_one_printed_page_of_a4_upright(sheets, browser):  # noqa: F811
    pages = sorted(sheets.glob("xa-*_hop-dan.html"))
    assert len(pages) == 5
    for path in pages:
        page = browser.new_page()
        page.goto(path.as_uri())
        (box,) = _media_boxes(page.pdf(prefer_css_page_size=True))
        _, _, width, height = map(float, box.split())
        assert abs(width - 595) < 2 and abs(height - 842) < 2, path.name
        page.close()


def test_long_free_text_still_makes_one_page(browser, make_dataset, tmp_path):  # noqa: F811
    """19 assignments of up to 400 letters, a long department, task and source."""
    long = "Rà soát và hoàn thành từng phần việc còn lại theo hồ sơ đã duyệt " * 6
    named = [
        {"criterion": n, "date": "2022-03-31", "set": "ntm-2016-2020", "state": "chưa đạt"}
        for n in range(1, 20)
    ]
    task = {"set": "ntm-2016-2020", "department": long[:150], "action": long, "due": "2022-05-01"}
    tables = {
        "criterion_states": named,
        "assignments": [task | {"criterion": n} for n in range(1, 20)],
    }
    sources = [{"id": "s", "short": long, "title": long}]
    dataset = str(
        district(
            make_dataset, tmp_path / "dài", criterion_counts=[], sources=sources, **tables
        ).path
    )
    assert (
        main(
            [
                "report",
                dataset,
                "--audience",
                "hop-dan",
                "--out",
                str(tmp_path / "out"),
                "--commune",
                "10001",
            ]
        )
        == 0
    )
    (path,) = (tmp_path / "out").glob("xa-*_hop-dan.html")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert re.search(r"Còn 1\d việc khác", page.inner_text("main")) and " ... (" in page.inner_text(
        "main"
    )
    assert len(_media_boxes(page.pdf(prefer_css_page_size=True))) == 1
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_sheets_and_their_list_are_accessible_and_fit_their_window(sheets, browser, width):  # noqa: F811
    for name in ("xa-thanh-huong_2022-03-31_hop-dan.html", "index_hop-dan.html"):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((sheets / name).as_uri())
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), name
        assert [found for found in violations(page) if found[1] != [".illustrative"]] == [], (
            "the watermark is decoration"
        )
        page.close()


def test_the_sheets_stand_beside_the_office_pages_and_lead_to_no_list_of_communes(sheets):
    assert (sheets / "index_hop-dan.html").exists() and not (sheets / "index.html").exists()
    page = BeautifulSoup(
        (sheets / "xa-thanh-huong_2022-03-31_hop-dan.html").read_text(encoding="utf-8"),
        "html.parser",
    )
    assert page.nav is None and not page.select('a[href$=".html"]') and page.html["lang"] == "vi"
    assert (
        Manifest(sheets).pages["xa-thanh-huong_2022-03-31_hop-dan.html"]["notebook"]
        == "villagers.ipynb"
    )


def test_the_index_of_the_office_leads_to_the_sheets_that_there_are(sheets):
    folder = sheets / "index.html"
    assert main(["report", "--out", str(sheets), "--commune", "Thanh Chi"]) == 0
    rows = {
        row.th.get_text(): row
        for row in BeautifulSoup(folder.read_text(encoding="utf-8"), "html.parser").select(
            "#danh-sach tr"
        )
    }
    assert [a["href"] for a in rows["Cát Văn"].find_all("a")] == [
        "xa-cat-van_2022-03-31_hop-dan.html"
    ]
    assert [a["href"] for a in rows["Thanh Chi"].find_all("a")] == ["xa-thanh-chi_2022-03-31.html"]
    folder.unlink()


def test_all_communes_have_one_in_either_language():
    workbook = Workbook.open("data/thanh-chuong")
    for lang in ("vi", "en"):
        jobs = report.page_list(workbook, None, lang, "hop-dan")
        assert len(jobs) == len({job.file for job in jobs}) == 37 and {
            job.parameters["lang"] for job in jobs
        } == {lang}
    assert "15 of 19 criteria" in words(
        shown(VillagersPage("data/thanh-chuong", "Thanh Hương", lang="en"))
    )

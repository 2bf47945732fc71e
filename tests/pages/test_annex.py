"""The annex of a yearly plan: who is registered, what each lacks, nothing said that nobody
reported; it prints on A4.
"""

import re
import shutil

import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.pages.district import AnnexPage
from ntm_analysis.reports.render import execute, to_html
from ntm_analysis.reports.report import NOTEBOOKS
from ntm_analysis.standing import communes_registered, hamlets_registered, registration_year
from ntm_analysis.standing.duties import registration_years

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def plain(part: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def test_the_seven_communes_of_the_article_are_registered_and_the_pledge_is_not():
    workbook = Workbook.open("data/thanh-chuong")
    rows = communes_registered(workbook, 2022)
    named = {
        level: set(workbook.units.loc[part["unit"], "name"])
        for level, part in rows.groupby("level")
    }
    assert named == {
        "ntm": {"Thanh Hương", "Thanh Chi", "Thanh Ngọc"},
        "advanced": {"Thanh Tiên", "Thanh Phong", "Thanh Liên"},
        "model": {"Thanh Lĩnh"},
    }
    # Thanh Lâm 2023 is a pledge
    assert registration_years(workbook) == [2022] and registration_year(workbook) == 2022


def test_a_hamlet_has_what_its_commune_reported_and_the_rest_is_unknown():
    rows = hamlets_registered(Workbook.open("data/huyen-mau"), 2023).set_index("hamlet")
    told = {h: (r["met"], r["of"], r["missing"], r["unknown"]) for h, r in rows.iterrows()}
    assert told == {
        "Thôn Trung": (2, 2, (), 0),
        "Thôn 2": (3, 5, (3, 5), 0),  # basically met is not met
        "Thôn Đông": (2, 5, (2,), 2),
        "Thôn Hạ": (0, 5, (), 5),
    }
    assert (rows["met"] + rows["missing"].map(len) + rows["unknown"] == rows["of"]).all()


def test_the_newest_state_of_a_hamlets_criterion_counts(make_dataset, tmp_path):
    hamlet = {"hamlet": "Xóm 1", "level": "ntm"}
    state = hamlet | {"criterion": 1}
    folder = make_dataset(
        tmp_path / "d",
        {
            "hamlets": [{"hamlet": "Xóm 1"}],
            "hamlet_targets": [hamlet | {"year": 2023}],
            "hamlet_criteria": [
                {
                    "number": 1,
                    "level": "ntm",
                    "name_vi": "Đường",
                    "name_en": "Roads",
                    "decision": "QĐ 1",
                }
            ],
            "hamlet_states": [
                state | {"date": "2022-03-01", "state": "met"},
                state | {"date": "2021-03-01", "state": "not_met"},
            ],
        },
    )
    (row,) = hamlets_registered(Workbook.open(folder), 2023).to_dict("records")
    assert (row["met"], row["missing"]) == (1, ())


def test_without_a_hamlet_set_no_count_is_given(make_dataset, tmp_path):
    targets = [{"hamlet": "Xóm 1", "level": "ntm", "year": 2023}]
    folder = make_dataset(
        tmp_path / "d", {"hamlets": [{"hamlet": "Xóm 1"}], "hamlet_targets": targets}
    )
    page = AnnexPage(str(folder))
    shown = plain(page.hamlets())
    assert page.year == 2023 and "Chưa có bộ tiêu chí của tỉnh" in shown and "0/0" not in shown


def test_the_nearest_year_is_that_of_the_as_of_date_or_the_next_then_the_last(
    make_dataset, tmp_path
):
    target = {"level": "ntm", "kind": "plan"}
    for wanted, given in (
        (2023, (2021, 2023, 2025)),
        (2022, (2022, 2023)),
        (2020, (2019, 2020)),
        (2022, ()),
    ):
        rows = [target | {"year": year} for year in given]
        place = tmp_path / f"{wanted}-{len(given)}"
        folder = make_dataset(place, {"targets": rows}, as_of="2019-01-31")
        assert registration_year(Workbook.open(folder, as_of="2022-03-31")) == wanted


def test_thanh_chuong_says_which_sheets_take_its_hamlets():
    shown = plain(AnnexPage("data/thanh-chuong").hamlets())
    assert "chưa có số liệu xóm đăng ký" in shown and "trang “Đăng ký về đích của xóm”" in shown


def test_the_public_edition_names_no_department():
    assert "Phòng Kinh tế và Hạ tầng" in plain(AnnexPage("data/thanh-chuong").communes())
    assert "Phòng Kinh tế" not in plain(
        AnnexPage("data/thanh-chuong", audience="cong-khai").communes()
    )


def test_the_department_assigned_stands_in_the_place_of_the_usual_one(make_dataset, tmp_path):
    states = [
        {"set": "ntm-2016-2020", "criterion": n, "date": "2022-03-01", "state": "not_met"}
        for n in (2, 5)
    ]
    task = {
        "set": "ntm-2016-2020",
        "criterion": 2,
        "department": "Đội giao thông",
        "action": "Làm đường",
    }
    tables = {
        "targets": [{"level": "ntm", "kind": "plan", "year": 2022}],
        "criterion_states": states,
        "assignments": [task],
    }
    shown = plain(AnnexPage(str(make_dataset(tmp_path / "d", tables))).communes())
    assert (
        "Đội giao thông" in shown
        and "Phòng Giáo dục và Đào tạo (GĐ)" in shown
        and "Phòng Kinh tế và Hạ tầng" not in shown
    )


def test_a_year_that_is_none_is_refused():
    with pytest.raises(ValueError, match="year=-1"):
        AnnexPage("data/thanh-chuong", year=-1)
    assert "Năm 1999" in plain(AnnexPage("data/thanh-chuong", year=1999).communes())


def test_text_of_the_data_is_text_on_the_page(make_dataset, tmp_path):
    criterion = {
        "number": 1,
        "level": "ntm",
        "name_vi": "<script>alert(1)</script>",
        "name_en": "x",
        "decision": "<b>QĐ</b>",
    }
    folder = make_dataset(
        tmp_path / "d",
        {
            "hamlets": [{"hamlet": "Xóm 1"}],
            "hamlet_targets": [{"hamlet": "Xóm 1", "level": "ntm", "year": 2023}],
            "hamlet_criteria": [criterion],
            "hamlet_states": [
                {
                    "hamlet": "Xóm 1",
                    "level": "ntm",
                    "criterion": 1,
                    "date": "2022-01-01",
                    "state": "not_met",
                }
            ],
        },
    )
    shown = AnnexPage(str(folder)).hamlets()
    assert "<script>" not in shown and "<b>" not in shown and "&lt;script&gt;" in shown


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_annex_prints_on_a4_with_blanks_to_fill_in_by_hand(tmp_path):
    from playwright.sync_api import sync_playwright

    words = {"title": "Phụ lục", "lang": "vi", "back": "Về danh sách xã", "skip": "Đến nội dung"}
    page = to_html(
        execute(NOTEBOOKS / "registrations.ipynb", {"dataset": "data/huyen-mau"}), **words
    )
    (tmp_path / "phu-luc.html").write_text(page, encoding="utf-8")
    shown = plain(page)
    assert "Kế hoạch số .........." in shown and "ngày ..... tháng ..... năm" in shown
    assert "NGƯỜI LẬP BIỂU THỦ TRƯỞNG ĐƠN VỊ" in shown
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--headless=new", "--no-sandbox"]
        )
        page = browser.new_page()
        page.goto((tmp_path / "phu-luc.html").as_uri())
        pdf = page.pdf(prefer_css_page_size=True)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        browser.close()
    sizes = [box.decode().split()[2:] for box in re.findall(rb"/MediaBox ?\[([^\]]+)\]", pdf)]
    assert sizes and {tuple(sorted(round(float(side)) for side in size)) for size in sizes} <= {
        (595, 842),
        (596, 842),
    }
    assert len(sizes) <= 4

"""The report: which pages, which names, what stands in index, single file and archive, and what a failure leaves behind."""

import datetime as dt
import re
import zipfile

import pytest
from bs4 import BeautifulSoup

from ntm_analysis import report
from ntm_analysis.render import NotebookFailed, execute
from ntm_analysis.report import index_page, plan
from ntm_analysis.whole_files import write_whole
from ntm_analysis.workbook import Workbook


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    return Workbook.open("data/thanh-chuong")


def test_without_names_the_district_and_every_commune_get_a_page(workbook):
    jobs = report.plan(workbook, None, "vi", "noi-bo")
    assert len(jobs) == 44
    names = ("huyen", "giao-ban", "phu-luc-dang-ky", "nhu-cau-von", "kha-nang-ve-dich", "phan-bo-von", "so-sanh-kich-ban")
    assert [job.file for job in jobs[:7]] == [f"{name}_2022-03-31.html" for name in names]
    assert "xa-thanh-huong_2022-03-31.html" in [job.file for job in jobs]
    assert not [job for job in jobs if "thi-tran" in job.file], "the township is not judged as a commune"


def test_files_of_another_language_or_audience_do_not_overwrite_each_other(workbook):
    names = {
        job.file
        for lang in ("vi", "en")
        for audience in ("noi-bo", "cong-khai")
        for job in report.plan(workbook, [workbook.find("Thanh Chi")], lang, audience)
    }
    assert len(names) == 4
    assert all(re.fullmatch(r"[a-z0-9_.-]+\.html", name) for name in names)


def test_the_as_of_date_stands_in_titles_and_file_names(workbook):
    for job in report.plan(workbook, None, "vi", "noi-bo"):
        assert "31/3/2022" in job.title and "2022-03-31" in job.file


def test_bad_parameters_stop_before_a_kernel_starts():
    with pytest.raises(ValueError, match="unknown parameter"):
        execute(report.NOTEBOOKS / "commune.ipynb", {"comune": "Thanh Chi"})


def test_a_failing_notebook_tells_the_kernels_own_message_in_one_line():
    with pytest.raises(NotebookFailed, match="UnknownCommune") as failure:
        execute(report.NOTEBOOKS / "commune.ipynb", {"commune": "Không Có Xã Này"})
    assert "\n" not in str(failure.value)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, "old")
    with pytest.raises(TypeError):
        write_whole(path, None)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_one_failed_page_leaves_the_others_complete(workbook, tmp_path, monkeypatch):
    jobs = report.plan(workbook, [workbook.find("Thanh Chi")], "vi", "noi-bo")
    broken = report.Job("commune.ipynb", jobs[0].parameters | {"commune": "Không Có"}, "xa-hong.html", "Xã hỏng", None)
    monkeypatch.setattr(report, "plan", lambda *_: [*jobs, broken])
    outcome = report.make_report(workbook, tmp_path)
    assert [job.file for job in outcome.pages] == ["xa-thanh-chi_2022-03-31.html"]
    assert outcome.failed[0][0] == "Xã hỏng" and "UnknownCommune" in outcome.failed[0][1]
    assert "Xã hỏng" in outcome.index.read_text(encoding="utf-8"), "the index lists the failure with its message"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "xa-thanh-chi_2022-03-31.html"]


def test_the_index_lists_all_communes_with_level_and_standing(rendered_report):
    page = BeautifulSoup((rendered_report / "index.html").read_text(encoding="utf-8"), "html.parser")
    rows = {row.th.get_text(): row for row in page.select("#danh-sach tr")}
    assert len(rows) == 37
    assert "15/19" in rows["Thanh Hương"].get_text() and "2, 5, 6, 17" in rows["Thanh Hương"].get_text()
    assert rows["Thanh Hương"].a["href"] == "xa-thanh-huong_2022-03-31.html"
    assert rows["Cát Văn"].a is None, "no link to a page that was not made"
    assert "22/37 xã đã công nhận (5 có nguồn, 17 suy ra)" in page.get_text()


def test_the_single_file_holds_every_page_under_one_h1_with_unique_ids(rendered_report):
    page = BeautifulSoup(next(rendered_report.glob("*_mot-tep.html")).read_text(encoding="utf-8"), "html.parser")
    assert len(page.find_all("h1")) == 1
    assert len(page.find_all("article")) == 5
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {a["href"] for a in page.main.find_all("a") if not a["href"].startswith("http")}
    assert len(links) >= 5 and {link.removeprefix("#") for link in links if "noi-dung" not in link} <= set(ids)
    assert len(page.select("details:not(.contents)")) == 5 and page.find("input", id="tim"), (
        "a page opens from the list that is searched"
    )


def test_a_run_for_one_commune_keeps_the_others_of_the_same_data_in_the_index(workbook, tmp_path, monkeypatch):
    made = f"<footer>{workbook.content_hash}</footer>"
    (tmp_path / "xa-thanh-chi_2022-03-31.html").write_text(made, encoding="utf-8")
    (tmp_path / "xa-cat-van_2022-03-31.html").write_text("<footer>other data</footer>", encoding="utf-8")
    page = index_page(workbook, tmp_path, plan(workbook, None, "vi", "noi-bo"), [], "vi")
    assert 'href="xa-thanh-chi_2022-03-31.html"' in page and "xa-cat-van_2022-03-31.html" not in page


def test_the_archive_holds_the_pages_by_plain_names(rendered_report):
    with zipfile.ZipFile(next(rendered_report.glob("*.zip"))) as archive:
        names = archive.namelist()
    assert "index.html" in names and "huyen_2022-03-31.html" in names and len(names) == 6
    assert not [name for name in names if "/" in name or ".." in name]


def test_no_page_takes_anything_from_elsewhere(rendered_report):
    for path in rendered_report.glob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        loaded = [t.get("src") or t.get("href") for t in page.find_all(["script", "link", "img", "iframe", "source"])]
        assert [address for address in loaded if address and not address.startswith("data:")] == []
        assert "@import" not in page.style.get_text() and "url(" not in page.style.get_text()


def test_pages_show_no_code_and_say_what_they_are(rendered_report):
    for path in rendered_report.glob("*_2022-03-31.html"):
        text = path.read_text(encoding="utf-8")
        page = BeautifulSoup(text, "html.parser")
        assert page.html["lang"] == "vi"
        assert len(page.find_all("h1")) == 1
        assert "page.summary" not in text and not page.find_all("code")
        footer = page.footer.get_text()
        assert "Bản dự thảo từ phần mềm, phục vụ họp" in footer
        assert re.search(r"mã nội dung [0-9a-f]{12}", footer)
        assert "số liệu báo cáo" in footer and "chưa có số liệu" in footer


def test_every_chart_has_an_alt_text_with_numbers(rendered_report):
    for path in rendered_report.glob("*_2022-03-31.html"):
        for image in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find_all("img"):
            assert re.search(r"\d", image["alt"]) and len(image["alt"]) > 25


def test_invented_data_says_so_on_the_page():
    from ntm_analysis.district_page import DistrictPage

    title = DistrictPage("data/huyen-mau").title()
    assert "SỐ LIỆU MINH HỌA" in title and 'class="illustrative"' in title
    assert "SỐ LIỆU MINH HỌA" not in DistrictPage("data/thanh-chuong").title()


def test_an_earlier_day_makes_pages_of_that_day():
    workbook = Workbook.open("data/thanh-chuong", dt.date(2022, 3, 1))
    assert report.plan(workbook, None, "vi", "noi-bo")[0].file == "huyen_2022-03-01.html"

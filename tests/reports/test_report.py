"""The report: which pages, which names, what stands in index, single file and archive, and what a
failure leaves behind.
"""

import contextlib
import datetime as dt
import errno
import os
import re
import shutil
import subprocess
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import make_dataset

from ntm_analysis.cli import main
from ntm_analysis.data import Workbook
from ntm_analysis.data.units import number_units
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.pages.page import Page
from ntm_analysis.reports import render as page_run
from ntm_analysis.reports import report
from ntm_analysis.reports.index_page import index_page
from ntm_analysis.reports.manifest import Manifest
from ntm_analysis.reports.render import NotebookFailedError, execute
from ntm_analysis.tables import DataProblemsError, write_whole

pytestmark = pytest.mark.usefixtures("kept_results", "one_warm_process")

PAGES = len(report.PAGES) + 4  # of the report that all tests share


@pytest.fixture(scope="module")
def workbook() -> Workbook:
    return Workbook.open("data/thanh-chuong")


def test_without_names_the_district_and_every_commune_get_a_page(workbook):
    jobs = report.page_list(workbook, None, "vi", "noi-bo")
    assert len(jobs) == 44
    names = (
        "huyen",
        "giao-ban",
        "phu-luc-dang-ky",
        "nhu-cau-von",
        "kha-nang-ve-dich",
        "phan-bo-von",
        "so-sanh-kich-ban",
    )
    assert [job.file for job in jobs[:7]] == [f"{name}_2022-03-31.html" for name in names]
    assert "xa-thanh-huong_2022-03-31.html" in [job.file for job in jobs]
    assert not [job for job in jobs if "thi-tran" in job.file], (
        "the township is not judged as a commune"
    )


def test_files_of_another_language_or_audience_do_not_overwrite_each_other(workbook):
    names = {
        job.file
        for lang in ("vi", "en")
        for audience in ("noi-bo", "cong-khai")
        for job in report.page_list(workbook, [workbook.find("Thanh Chi")], lang, audience)
    }
    assert len(names) == 4
    assert all(re.fullmatch(r"[a-z0-9_.-]+\.html", name) for name in names)


def test_the_as_of_date_stands_in_titles_and_file_names(workbook):
    for job in report.page_list(workbook, None, "vi", "noi-bo"):
        assert "31/3/2022" in job.title and "2022-03-31" in job.file


def test_bad_parameters_stop_before_a_kernel_starts():
    with pytest.raises(ValueError, match="unknown parameter"):
        execute(report.NOTEBOOKS / "commune.ipynb", {"comune": "Thanh Chi"})


def test_a_failing_notebook_tells_the_kernels_own_message_in_one_line():
    with pytest.raises(NotebookFailedError, match="UnknownCommune") as failure:
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
    jobs = report.page_list(workbook, [workbook.find("Thanh Chi")], "vi", "noi-bo")
    broken = report.Job(
        "commune.ipynb",
        jobs[0].parameters | {"commune": "Không Có"},
        "xa-hong.html",
        "Xã hỏng",
        None,
    )
    monkeypatch.setattr(report, "page_list", lambda *_: [*jobs, broken])
    outcome = report.make_report(workbook, tmp_path)
    assert [job.file for job in outcome.pages] == ["xa-thanh-chi_2022-03-31.html"]
    assert outcome.failed[0][0] == "Xã hỏng" and "UnknownCommune" in outcome.failed[0][1]
    assert "Xã hỏng" in outcome.index.read_text(encoding="utf-8"), (
        "the index lists the failure with its message"
    )
    shown = sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("."))
    assert shown == ["index.html", "manifest.json", "xa-thanh-chi_2022-03-31.html"]


def test_the_index_lists_all_communes_with_level_and_standing(rendered_report):
    page = BeautifulSoup(
        (rendered_report / "index.html").read_text(encoding="utf-8"), "html.parser"
    )
    rows = {row.th.get_text(): row for row in page.select("#danh-sach tr")}
    assert len(rows) == 37
    assert (
        "15/19" in rows["Thanh Hương"].get_text()
        and "2, 5, 6, 17" in rows["Thanh Hương"].get_text()
    )
    assert rows["Thanh Hương"].a["href"] == "xa-thanh-huong_2022-03-31.html"
    assert rows["Cát Văn"].a is None, "no link to a page that was not made"
    assert "22/37 xã đã công nhận (5 có nguồn, 17 suy ra)" in page.get_text()


def index_of(workbook, pages=None, others=(), failed=(), lang="vi") -> BeautifulSoup:
    """An index in which every page of the manifest lines ``pages`` (by unit) may be opened."""
    files = {unit: f"{unit}.html" for unit in pages or {}}
    lines = {files[unit]: line for unit, line in (pages or {}).items()}
    return BeautifulSoup(
        index_page(workbook, lines, files, list(others), list(failed), lang), "html.parser"
    )


def test_a_commune_without_recognition_says_so_and_levels_are_offered_by_rank(workbook):
    for lang, words in (("vi", "chưa công nhận"), ("en", "not recognised")):
        page = index_of(workbook, lang=lang)
        offered = [(option["value"], option.get_text()) for option in page.select("#muc option")]
        assert [value for value, _ in offered] == ["", "not_ntm", "ntm", "advanced"] and offered[1][
            1
        ] == words
        row = next(
            row for row in page.select("#danh-sach tr") if row.th.get_text() == "Thanh Hương"
        )
        assert row.find_all("td")[2].get_text() == words and row["data-muc"] == "not_ntm"


def test_an_older_page_is_marked_wherever_a_link_leads_to_it(workbook):
    chi = workbook.find("Thanh Chi")
    page = index_of(
        workbook,
        {None: {"stale": True}, chi: {"stale": True}, -2: {"stale": True}, -3: {}},
        [("-2.html", "Dự báo"), ("-3.html", "Phân bổ")],
    )
    panels = [panel.get_text() for panel in page.select(".panels p")]
    assert ["(trang cũ)" in panel for panel in panels] == [True, True, False]
    row = next(row for row in page.select("#danh-sach tr") if row.th.get_text() == "Thanh Chi")
    assert row.find_all("td")[-1].get_text() == "trang cũ"


def test_a_few_failures_stand_open_and_many_are_folded(workbook):
    for number in (1, 5, 6):
        folded = index_of(
            workbook, failed=[(f"Xã {i}", "hỏng", "") for i in range(number)]
        ).select_one("details.failed")
        assert (
            folded.has_attr("open") == (number <= 5) and f"({number})" in folded.summary.get_text()
        )
        assert len(folded.find_all("li")) == number
    assert index_of(workbook).select_one("details.failed") is None


def test_the_single_file_holds_every_page_under_one_h1_with_unique_ids(rendered_report):
    page = BeautifulSoup(
        next(rendered_report.glob("*_mot-tep.html")).read_text(encoding="utf-8"), "html.parser"
    )
    assert len(page.find_all("h1")) == 1
    assert len(page.find_all("article")) == PAGES
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {a["href"] for a in page.main.find_all("a") if not a["href"].startswith("http")}
    assert len(links) >= 5 and {
        link.removeprefix("#") for link in links if "noi-dung" not in link
    } <= set(ids)
    assert len(page.select("details:not(.contents, .questions)")) == PAGES and page.find(
        "input", id="tim"
    ), "a page opens from the list that is searched"


def test_the_archive_holds_the_pages_by_plain_names(rendered_report):
    with zipfile.ZipFile(next(rendered_report.glob("*.zip"))) as archive:
        names = archive.namelist()
        days = {about.date_time for about in archive.infolist()}
    assert "index.html" in names and "huyen_2022-03-31.html" in names and len(names) == PAGES + 1
    assert not [name for name in names if "/" in name or ".." in name]
    assert days == {(2022, 3, 31, 0, 0, 0)}  # the same bytes on whatever day it is made


def test_no_page_takes_anything_from_elsewhere(rendered_report):
    for path in rendered_report.glob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        loaded = [
            t.get("src") or t.get("href")
            for t in page.find_all(["script", "link", "img", "iframe", "source"])
        ]
        assert [address for address in loaded if address and not address.startswith("data:")] == []
        assert "@import" not in page.style.get_text() and "url(" not in page.style.get_text()


def test_pages_show_no_code_and_say_what_they_are(rendered_report):
    for path in rendered_report.glob("*_2022-03-31.html"):
        text = path.read_text(encoding="utf-8")
        page = BeautifulSoup(text, "html.parser")
        assert page.html["lang"] == "vi"
        assert len(page.find_all("h1")) == 1
        assert "page.summary" not in text and not page.find_all("code")
        assert "jp-RenderedHTML" not in text  # JupyterLab's style sheet stays there
        footer = page.footer.get_text()
        assert "Bản dự thảo từ phần mềm, phục vụ họp" in footer
        assert re.search(r"mã nội dung [0-9a-f]{12}", footer)
        assert "số liệu báo cáo" in footer and "chưa có số liệu" in footer


def test_every_chart_has_an_alt_text_with_numbers(rendered_report):
    for path in rendered_report.glob("*_2022-03-31.html"):
        for image in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find_all("img"):
            assert re.search(r"\d", image["alt"]) and len(image["alt"]) > 25


def test_invented_data_says_so_on_the_page():
    from ntm_analysis.pages.district import DistrictPage

    title = DistrictPage("data/huyen-mau").title()
    assert "SỐ LIỆU MINH HỌA" in title and 'class="illustrative"' in title
    assert "SỐ LIỆU MINH HỌA" not in DistrictPage("data/thanh-chuong").title()


def test_an_earlier_day_makes_pages_of_that_day():
    workbook = Workbook.open("data/thanh-chuong", dt.date(2022, 3, 1))
    assert report.page_list(workbook, None, "vi", "noi-bo")[0].file == "huyen_2022-03-01.html"


# what changes, what fails, what is in the way -----------------------------------------------------


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """A report of two communes of a copy of the data, made once; its folder holds data and
    report.
    """
    place = tmp_path_factory.mktemp("two")
    shutil.copytree("data", place / "data")
    made(place)
    return place


def made(place: Path, **settings) -> report.ReportOutcome:
    workbook = Workbook.open(place / "data" / "thanh-chuong")
    units = [workbook.find(name) for name in ("Thanh Chi", "Cát Văn")]
    return report.make_report(workbook, place / "out", units=units, **settings)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def test_what_did_not_change_is_not_made_again_and_no_kernel_is_started(two, monkeypatch):
    before = bytes_of(two / "out")
    monkeypatch.setattr(report, "Batch", None)
    outcome = made(two)
    assert outcome.new_pages == 0 and len(outcome.pages) == 2 and bytes_of(two / "out") == before


def test_the_same_input_gives_the_same_bytes_and_the_time_stands_only_in_the_manifest(two):
    before = bytes_of(two / "out")
    outcome = made(two, force=True)
    after = bytes_of(two / "out")
    assert outcome.new_pages == 2
    for name in before:
        if name == "manifest.json":
            dated = [
                re.sub(r'"(finished|seconds)": ("[^"]*"|[\d.]+)', "", raw[name].decode())
                for raw in (before, after)
            ]
            assert dated[0] == dated[1]
        else:
            assert before[name] == after[name], name


def test_a_change_of_one_commune_makes_only_its_page_again(two):
    states = two / "data" / "thanh-chuong" / "criterion_states.csv"
    text, ran = states.read_text(encoding="utf-8-sig"), []
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if "Thanh Chi" in line)
    lines[at] += " xem lại"
    before = {(file, line["finished"]) for file, line in Manifest(two / "out").pages.items()}
    states.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    try:
        made(two, on_page=lambda file, line: ran.append((file, line["finished"])))
        (again,) = set(ran) - before
        assert len(ran) == 2 and again[0] == "xa-thanh-chi_2022-03-31.html"
    finally:
        states.write_text(text, encoding="utf-8-sig")


def test_a_page_that_fails_keeps_the_last_one_which_says_that_it_is_older(two, monkeypatch):
    made(two)
    whole_plan = report.page_list

    def broken(*given) -> list:
        jobs = whole_plan(*given)
        return [
            replace(job, parameters=job.parameters | {"commune": "Không Có"})
            if "cat-van" in job.file
            else job
            for job in jobs
        ]

    with monkeypatch.context() as patch:
        patch.setattr(report, "page_list", broken)
        for _ in range(2):
            outcome = made(two)
            ((_, message, old),) = outcome.failed
            assert "UnknownCommune" in message and old == "xa-cat-van_2022-03-31.html"
            page = (two / "out" / old).read_text(encoding="utf-8")
            assert page.count("Trang này lập từ số liệu trước") == 1 and page.rstrip().endswith(
                "</html>"
            )
        index = BeautifulSoup(
            (two / "out" / "index.html").read_text(encoding="utf-8"), "html.parser"
        )
        assert (
            "trang cũ"
            in next(
                row for row in index.select("#danh-sach tr") if row.th.get_text() == "Cát Văn"
            ).get_text()
        )
    outcome = made(two)
    assert outcome.failed == [] and "Trang này lập từ số liệu trước" not in (
        two / "out" / old
    ).read_text(encoding="utf-8")


def test_the_table_of_results_holds_what_each_run_gave(two):
    made(two)
    index = BeautifulSoup((two / "out" / "index.html").read_text(encoding="utf-8"), "html.parser")
    heads = [head.get_text() for head in index.select("thead th")]
    rows = {
        row.th.get_text(): [cell.get_text() for cell in row.find_all(["td", "th"])]
        for row in index.select("#danh-sach tr")
    }
    at = {
        name: heads.index(name)
        for name in ("Khả năng về đích trong hạn", "Nhu cầu vốn (tỷ đồng)", "Trang")
    }
    chi = [rows["Thanh Chi"][i] for i in at.values()]
    assert re.search(r"%", chi[0]) and re.fullmatch(r"[\d.,]+", chi[1]) and chi[2] == "mới"
    assert [rows["Cát Văn"][i] for i in at.values()] == ["-", "-", "mới"]
    assert [rows["Thanh Hương"][i] for i in at.values()] == ["...", "...", "chưa lập"]


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0,
    reason="a small disk of its own needs the rights to mount one",
)
def test_on_a_full_disk_the_old_report_stays_byte_for_byte(two, tmp_path, capsys):
    disk = tmp_path / "dia"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    ).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        arguments = [
            "report",
            str(two / "data" / "thanh-chuong"),
            "--out",
            str(disk),
            "--commune",
            "Thanh Chi",
            "--jobs",
            "1",
        ]
        assert main(arguments) == 0
        before = bytes_of(disk)
        with contextlib.suppress(OSError), (disk / "day").open("wb") as file:
            while True:
                file.write(b"0" * 4096)
        assert main([*arguments, "--force"]) == 1
        assert "gần đầy" in capsys.readouterr().err
        assert {name: raw for name, raw in bytes_of(disk).items() if name != "day"} == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_while_pages_are_made_is_told_and_ends_the_batch(
    two, monkeypatch, capsys
):
    before = bytes_of(two / "out")

    class Full:
        kernel, overdue, at_once = "python3", frozenset(), 1

        def start(self, order: dict) -> None:
            page_run.run(order | {"memory": 0})
            self.record = order["record"]

        def ended(self, wait: float) -> list[str]:
            return [self.record]

        def close(self) -> None:
            pass

    def full(path: Path, content: str | bytes, durable: bool = True) -> None:
        if path.suffix == ".html":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_whole(path, content)

    monkeypatch.setattr(page_run, "write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        made(two, force=True, runs=Full())
    assert {n: raw for n, raw in bytes_of(two / "out").items()} == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["report", "--out", str(tmp_path / "file" / "out"), "--commune", "Thanh Chi"]) == 1
    assert "Không đọc hoặc ghi được" in capsys.readouterr().err


NAMES = (
    "../x",
    "a/b",
    "a b",
    "có \"ngoặc\" 'đơn'",
    "hai\ndòng",
    "{name}",
    "{{ 7 * 7 }}",
    "<script>alert(1)</script>",
    "d" * 300,
    "Trùng",
    "Trùng",
    "Hòa Bình",
    unicodedata.normalize("NFD", "Hòa Bình"),
)


@pytest.fixture
def hostile(tmp_path) -> Workbook:
    """A data set whose names no check has looked at: the check of names would refuse most
    of them.
    """
    rows = [
        {"code": f"{20001 + i}", "name": f"Xã {chr(65 + i)}", "order": i + 1}
        for i in range(len(NAMES))
    ]
    made = Workbook.open(make_dataset(tmp_path / "du-lieu", {"units": rows}))
    renamed = made.all_units.assign(
        name=made.all_units["code"].map(
            {row["code"]: n for row, n in zip(rows, NAMES, strict=True)}
        )
    )
    problems: list = []
    units = number_units(
        renamed.drop(columns=["label", "slug", "end"]), made.tables["mergers"], made.meta, problems
    )
    assert problems == []
    return replace(made, units=units, all_units=units)


def test_communes_of_any_name_have_safe_files_of_their_own(hostile):
    jobs = [
        job
        for job in report.page_list(hostile, None, "vi", "noi-bo")
        if job.unit is not None and job.unit >= 0
    ]
    files = [job.file for job in jobs]
    assert len(set(files)) == len(files) == len(NAMES)
    assert all(
        re.fullmatch(r"[a-z0-9-]+_2022-03-31\.html", file) and len(file) < 120 for file in files
    )
    assert all(job.parameters["commune"].isdigit() for job in jobs), "no name becomes code"


def test_their_pages_and_the_index_show_the_names_as_text(hostile, monkeypatch):
    monkeypatch.setattr(Page, "keep", lambda self, subject, make, **question: make())
    for unit, row in hostile.units.iterrows():
        page = CommunePage(str(hostile.path), row["code"])
        page.workbook = hostile
        page.commune = hostile.units.loc[unit]
        assert "<script>" not in page.title() + page.summary(), row["name"]
    jobs = [
        job
        for job in report.page_list(hostile, None, "vi", "noi-bo")
        if job.unit is not None and job.unit >= 0
    ]
    index = index_page(
        hostile, {}, {job.unit: job.file for job in jobs}, [], [("<b>x</b>", "<i>y</i>", "")], "vi"
    )
    assert "<script>alert" not in index and "<b>x" not in index and "49" not in index
    shown = [
        head.get_text() for head in BeautifulSoup(index, "html.parser").select("#danh-sach th")
    ]
    assert [" ".join(name.split()) for name in shown] == [" ".join(name.split()) for name in NAMES]


def test_the_two_unicode_forms_of_one_name_are_one_commune(tmp_path):
    units = [{"code": "20001", "name": unicodedata.normalize("NFC", "Hòa Bình"), "order": 1}]
    states = [
        {
            "commune": unicodedata.normalize("NFD", "Hòa Bình"),
            "set": "ntm-2016-2020",
            "criterion": 2,
            "state": "met",
            "date": "2022-01-31",
        }
    ]
    workbook = Workbook.open(
        make_dataset(tmp_path / "mot", {"units": units, "criterion_states": states})
    )
    assert workbook.find(unicodedata.normalize("NFD", "Hòa Bình")) == workbook.find("Hòa Bình")
    assert (
        len(workbook.tables["criterion_states"]) == 1
        and workbook.tables["criterion_states"]["unit"].iloc[0] >= 0
    )
    twice = [
        *units,
        {"code": "20002", "name": unicodedata.normalize("NFD", "Hòa Bình"), "order": 2},
    ]
    with pytest.raises(DataProblemsError, match="the same as"):
        Workbook.open(make_dataset(tmp_path / "hai", {"units": twice}))


@pytest.mark.parametrize("name", ["../x", "a/b", "{name}", "<script>alert(1)</script>", "d" * 300])
def test_a_name_that_is_no_place_name_is_told_before_any_page_is_made(tmp_path, name):
    with pytest.raises(DataProblemsError, match="place name"):
        Workbook.open(make_dataset(tmp_path / "mot", {"units": [{"code": "20001", "name": name}]}))


def test_a_name_with_a_line_break_is_told(tmp_path):
    with pytest.raises(DataProblemsError):
        Workbook.open(
            make_dataset(tmp_path / "mot", {"units": [{"code": "20001", "name": "hai\ndòng"}]})
        )


def test_pages_of_thousands_of_communes_have_more_time(workbook, tmp_path, monkeypatch):
    class Begun(Exception):
        pass

    def batch(*_, timeout, **options):
        raise Begun(timeout)

    monkeypatch.setattr(report, "Batch", batch)
    for province, seconds in ((400, 20.0), (10, 74.0)):  # 37 communes
        monkeypatch.setattr(report, "PROVINCE", province)
        with pytest.raises(Begun) as begun:
            report.make_report(workbook, tmp_path, timeout=20.0)
        assert begun.value.args == (seconds,)

"""Pages in a real browser: width, keyboard, console, network, accessibility, print.

Skipped where no browser is installed.
"""

import csv
import io
import math
import re
import shutil
from pathlib import Path

import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.pages import plain_text
from ntm_analysis.pages.tables import ungrouped
from ntm_analysis.reports.index_page import index_page

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
]
LEVEL = {"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"}
PAGES = (
    "index.html",
    "huyen_2022-03-31.html",
    "xa-thanh-huong_2022-03-31.html",
    "xa-thanh-tien_2022-03-31.html",
    "giao-ban_2022-03-31.html",
    "phu-luc-dang-ky_2022-03-31.html",
    "nhu-cau-von_2022-03-31.html",
    "kha-nang-ve-dich_2022-03-31.html",
    "phan-bo-von_2022-03-31.html",
    "so-sanh-kich-ban_2022-03-31.html",
    "thanh-chuong_2022-03-31_mot-tep.html",
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield opened
        opened.close()


def violations(page, **where: str) -> list[tuple[str, list]]:
    """What axe finds on a page against level A or AA, and what is serious by its other rules: the
    rule and the element.
    """
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, **where).response["violations"]
    against = [v for v in found if LEVEL & {*v["tags"]} or v["impact"] in ("serious", "critical")]
    return [(v["id"], node["target"]) for v in against for node in v["nodes"]]


@pytest.fixture
def visit(browser, rendered_report):
    """Open a page of the report; what its console said and which requests it made are collected."""
    contexts = []

    def go(name: str):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((rendered_report / name).as_uri())
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_window_is_accessible_and_silent_and_stays_at_home(visit, name):
    page = visit(name)
    for width in (1280, 640, 390):  # 640: a window of 1280 at 200 %
        page.set_viewport_size({"width": width, "height": 900})
        wide, window = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= window, f"the page scrolls sideways at {width}"
        if width != 640:
            assert violations(page) == [], f"no violation of level A or AA at {width}"
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_the_search_finds_communes_without_diacritics(visit):
    page = visit("index.html")
    page.fill("#tim", "thanh huong")
    assert [
        row.inner_text() for row in page.query_selector_all("#danh-sach tr:not([hidden]) th")
    ] == ["Thanh Hương"]
    assert page.inner_text("#dem") == "1 xã"
    page.fill("#tim", "17755")
    assert [
        row.inner_text() for row in page.query_selector_all("#danh-sach tr:not([hidden]) th")
    ] == ["Thanh Ngọc"]
    page.fill("#tim", "")
    assert page.inner_text("#dem") == "37 xã"


def column(page, head: str) -> list[str]:
    """A click on a head of the index; what its column then shows from top to bottom."""
    page.click(f"button.sort:text-is('{head}')")
    at = page.evaluate(
        "head => [...document.querySelectorAll('button.sort')]"
        ".findIndex(b => b.textContent === head)",
        head,
    )
    return page.eval_on_selector_all(
        "#danh-sach tr", "(rows, at) => rows.map(row => row.cells[at].textContent)", at
    )


def test_communes_sort_by_name_as_the_vietnamese_alphabet_has_them(visit):
    page = visit("index.html")
    names = column(page, "Đơn vị")
    assert names[:4] == ["Cát Văn", "Đại Đồng", "Đồng Văn", "Hạnh Lâm"], (
        "đ stands after d, not after z"
    )
    assert (
        names.index("Thanh Hà")
        < names.index("Thanh Hòa")
        < names.index("Thanh Hương")
        < names.index("Thanh Khai")
    )
    assert column(page, "Đơn vị") == names[::-1]
    assert column(page, "TT") == [f"{place}" for place in range(1, 38)]


@pytest.fixture(scope="module")
def index_of_all(tmp_path_factory) -> Path:
    """An index in which five communes have results of every kind."""
    workbook = Workbook.open("data/thanh-chuong")
    wanted = {
        "Thanh Chi": "2024-04-30",
        "Thanh Hương": "2024-01-31",
        "Thanh Ngọc": "2023-11-30",
        "Thanh Lâm": None,
    }
    units = {
        workbook.find(name): {"p_met": 0.5, "p50_date": day, "need_p50": 9.0}
        for name, day in wanted.items()
    }
    units[workbook.find("Cát Văn")] = {
        "p_met": 1.0,
        "p50_date": None,
        "need_p50": 0.0,
        "finished": True,
    }
    files = {unit: f"{unit}.html" for unit in units}
    lines = {files[unit]: {"result": result} for unit, result in units.items()}
    path = tmp_path_factory.mktemp("index") / "index.html"
    failed = [("Xã A", "UnknownCommune: " + "x" * 200, "a.html")] * 40
    path.write_text(
        index_page(workbook, lines, files, [("b.html", "Dự báo")] * 6, failed, "vi"),
        encoding="utf-8",
    )
    return path


@pytest.fixture
def open_index(browser, index_of_all):
    pages = []

    def go(width: int = 1280, after: str = ""):
        pages.append(browser.new_page(viewport={"width": width, "height": 900}))
        pages[-1].said = []
        pages[-1].on("pageerror", lambda error: pages[0].said.append(str(error)))
        pages[-1].goto(index_of_all.as_uri() + after)
        return pages[-1]

    yield go
    for page in pages:
        page.close()


def test_beyond_the_term_is_later_than_every_date_and_what_is_not_known_or_does_not_apply_is_last(
    open_index,
):
    page, dates = open_index(), ["11/2023", "1/2024", "4/2024", "sau kỳ"]
    first, then = column(page, "Về đích (mức giữa)"), column(page, "Về đích (mức giữa)")
    assert first[:4] == dates and then[:4] == dates[::-1]
    assert set(first[4:]) == set(then[4:]) == {"...", "-"}


def test_what_is_missing_sorts_by_the_number_of_criteria_named_or_not(open_index):
    def lacking(words: str) -> float:
        named, _, nameless = words.rpartition("; ") if "chưa rõ" in words else (words, "", "0")
        return (
            math.inf
            if words == "..."
            else len([n for n in named.split(", ") if n.isdigit()]) + int(nameless.split()[0])
        )

    shown = [lacking(words) for words in column(open_index(), "Còn thiếu")]
    assert shown == sorted(shown) and set(shown) == {3, 4, math.inf}


def test_the_sorted_column_has_an_arrow(open_index):
    page = open_index()
    arrow = (
        "at => getComputedStyle(document.querySelectorAll('button.sort')[at], '::after').content"
    )
    assert "▲" in page.evaluate(arrow, 0), "the list begins in its own order"
    for mark in ("▲", "▼"):
        column(page, "Đơn vị")
        assert mark in page.evaluate(arrow, 1) and page.evaluate(arrow, 0) == "none"
    assert page.locator("th[aria-sort]").count() == 1


def test_on_a_phone_the_name_stays_while_the_table_scrolls_and_the_heads_are_low(open_index):
    page = open_index(390)
    assert page.evaluate("document.querySelector('thead').offsetHeight") <= 100
    left = "document.querySelector('#danh-sach th').getBoundingClientRect().left"
    page.evaluate("document.querySelector('div.table').scrollLeft = 300")
    assert (
        page.evaluate("document.querySelector('div.table').scrollLeft") == 300
        and 0 <= page.evaluate(left) <= 20
    )
    assert page.evaluate(
        "document.elementFromPoint(60, document.querySelector('#danh-sach th')"
        ".getBoundingClientRect().top + 8)?.closest('th') !== null"
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_many_failures_leave_the_table_in_sight_and_are_accessible(open_index, width):
    page = open_index(width)
    top = "document.querySelector('.search').getBoundingClientRect().top"
    assert page.evaluate(top) < 900
    folded = page.evaluate(top)
    page.click("details.failed summary")
    assert page.evaluate(top) - folded < 300, "the list scrolls in its own frame"
    assert violations(page) == []


@pytest.mark.parametrize("after", ["", "#", "#a%20b'\"]{", "#%E0%A4", "#1"])
def test_any_address_opens_the_index(open_index, after):
    page = open_index(after=after)
    assert page.said == [] and page.locator("button.csv").count() == 1


def test_a_link_into_the_single_file_opens_its_page(visit):
    page = visit("thanh-chuong_2022-03-31_mot-tep.html")
    page.evaluate("location.hash = 'xa-thanh-huong-2022-03-31'")
    page.wait_for_selector("details[open] article")
    assert page.locator("details[open]:not(.contents)").count() == 1


def test_the_name_of_a_saved_file_is_cut_between_words_and_keeps_its_day(visit):
    page = visit("index.html")
    for title, name in (
        ("Huyện A: đến ngày 31/3/2022", "huyen-a-den-ngay-31-3-2022"),
        (
            "Huyện " + "Thanh Chương " * 9 + "đến ngày 31/3/2022",
            "huyen-" + "thanh-chuong-" * 4 + "thanh-chuong-31-3-2022",
        ),
        (
            "Huyện " + "Thanh Chương " * 9 + "31 March 2022",
            "huyen-" + "thanh-chuong-" * 4 + "thanh-31-march-2022",
        ),
        ("xa-" + "d" * 90 + "_2022-03-31", "xa-2022-03-31"),
        ("e" * 90, "e" * 80),
    ):
        assert page.evaluate("title => csvName(title)", title) == name


def test_from_the_index_to_a_commune_and_back(visit):
    page = visit("index.html")
    page.click("#danh-sach >> text=Thanh Hương")
    assert page.inner_text("h1").startswith("Xã Thanh Hương")
    page.click("nav a")
    assert "index.html" in page.url


def test_the_matrix_prints_landscape_and_the_rest_upright(visit):
    pdf = visit("huyen_2022-03-31.html").pdf(prefer_css_page_size=True)
    boxes = [tuple(map(float, box.split())) for box in _media_boxes(pdf)]
    assert any(width > height for _, _, width, height in boxes), (
        "the matrix lies on a landscape page"
    )
    assert any(width < height for _, _, width, height in boxes)


def _media_boxes(pdf: bytes) -> list[str]:
    import re

    return [box.decode() for box in re.findall(rb"/MediaBox \[([0-9. ]+)\]", pdf)]


def test_states_are_readable_without_colour(visit):
    page = visit("huyen_2022-03-31.html")
    signs = page.eval_on_selector_all(
        "table.matrix td.sign", "cells => [...new Set(cells.map(c => c.textContent.trim()))]"
    )
    assert set(signs) == {"Đ", "Đ*", "C", "..."}, "every state has its own letters"


def saved(page, button) -> list[list[str]]:
    """The file that a button saves, as rows of cells; it is UTF-8 with a mark, so that Excel shows
    Vietnamese.
    """
    with page.expect_download() as waited:
        button.click()
    raw = Path(waited.value.path()).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and re.fullmatch(
        r"[a-z0-9_-]+\.csv", waited.value.suggested_filename
    )
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_every_table_is_saved_as_csv_cell_by_cell(visit):
    for name in PAGES[:3]:
        page = visit(name)
        tables, buttons = page.locator("table.office"), page.locator("button.csv")
        assert buttons.count() == tables.count() > 0
        for place in range(tables.count()):
            shown = tables.nth(place).evaluate(
                "t => [...t.rows].map(r => "
                "[...r.cells].map(c => c.textContent.replace(/\\s+/g, ' ').trim()))"
            )
            rows = saved(page, buttons.nth(place))
            told = [[ungrouped(plain_text(cell), "vi") for cell in row] for row in shown]
            assert rows[-len(told) :] == told and len(rows) - len(told) in (1, 2)
            number = tables.nth(place).locator("caption .number")
            assert not number.count() or rows[0][0].startswith(number.text_content())


def test_a_cell_that_looks_like_a_formula_is_neutralised_and_quotes_survive(visit):
    page = visit("huyen_2022-03-31.html")
    cell = page.locator("table.office tbody td").first
    for text, written in (
        ("=1+1", "'=1+1"),
        ("+84", "+84"),
        ("+CMD", "'+CMD"),
        ("-5,2", "-5,2"),
        ("@SUM(1)", "'@SUM(1)"),
        ('a "b", c\nd', 'a "b", c d'),
        ("-", "-"),
    ):
        cell.evaluate("(node, text) => { node.textContent = text; }", text)
        rows = saved(page, page.locator("button.csv").first)
        assert written in [value for row in rows for value in row]


def test_buttons_are_not_printed_and_do_not_exist_without_scripts(browser, visit, rendered_report):
    page = visit("huyen_2022-03-31.html")
    page.emulate_media(media="print")
    assert not page.locator("button.csv").first.is_visible()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto((rendered_report / "huyen_2022-03-31.html").as_uri())
    assert plain.locator("button").count() == 0
    context.close()

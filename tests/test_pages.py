"""Pages in a real browser: width, keyboard, console, network, accessibility, print. Skipped where no browser is installed."""

import csv
import io
import re
import shutil
from pathlib import Path

import pytest

from ntm_analysis.exports import plain_text, ungrouped

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PAGES = (
    "index.html",
    "huyen_2022-03-31.html",
    "xa-thanh-huong_2022-03-31.html",
    "xa-thanh-tien_2022-03-31.html",
    "thanh-chuong_2022-03-31_mot-tep.html",
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, rendered_report):
    """Open a page of the report; what its console said and which requests it made are collected."""
    contexts = []

    def go(name: str, width: int = 1280):
        context = browser.new_context(viewport={"width": width, "height": 900})
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


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_window_is_silent_and_stays_at_home(visit, name, width):
    page = visit(name, width)
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window, "the page scrolls sideways"
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(visit, name, width):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(visit(name, width)).response["violations"]
    serious = {v["id"]: [n["target"] for n in v["nodes"][:3]] for v in found if v["impact"] in ("serious", "critical")}
    assert serious == {}


def test_the_search_finds_communes_without_diacritics(visit):
    page = visit("index.html")
    page.fill("#tim", "thanh huong")
    assert [row.inner_text() for row in page.query_selector_all("#danh-sach tr:not([hidden]) th")] == ["Thanh Hương"]
    assert page.inner_text("#dem") == "1 xã"
    page.fill("#tim", "17755")
    assert [row.inner_text() for row in page.query_selector_all("#danh-sach tr:not([hidden]) th")] == ["Thanh Ngọc"]
    page.fill("#tim", "")
    assert page.inner_text("#dem") == "37 xã"


def test_from_the_index_to_a_commune_and_back(visit):
    page = visit("index.html")
    page.click("text=Thanh Hương")
    assert page.inner_text("h1").startswith("Xã Thanh Hương")
    page.click("nav a")
    assert "index.html" in page.url


def test_the_matrix_prints_landscape_and_the_rest_upright(visit):
    pdf = visit("huyen_2022-03-31.html").pdf(prefer_css_page_size=True)
    boxes = [tuple(map(float, box.split())) for box in _media_boxes(pdf)]
    assert any(width > height for _, _, width, height in boxes), "the matrix lies on a landscape page"
    assert any(width < height for _, _, width, height in boxes)


def _media_boxes(pdf: bytes) -> list[str]:
    import re

    return [box.decode() for box in re.findall(rb"/MediaBox \[([0-9. ]+)\]", pdf)]


def test_states_are_readable_without_colour(visit):
    page = visit("huyen_2022-03-31.html")
    signs = page.eval_on_selector_all("table.matrix td.sign", "cells => [...new Set(cells.map(c => c.textContent.trim()))]")
    assert set(signs) == {"Đ", "Đ*", "C", "..."}, "every state has its own letters"


def saved(page, button) -> list[list[str]]:
    """The file that a button saves, as rows of cells; it is UTF-8 with a mark, so that Excel shows Vietnamese."""
    with page.expect_download() as waited:
        button.click()
    raw = Path(waited.value.path()).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and re.fullmatch(r"[a-z0-9_-]+\.csv", waited.value.suggested_filename)
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_every_table_is_saved_as_csv_cell_by_cell(visit):
    for name in PAGES[:3]:
        page = visit(name)
        tables, buttons = page.locator("table.office"), page.locator("button.csv")
        assert buttons.count() == tables.count() > 0
        for place in range(tables.count()):
            shown = tables.nth(place).evaluate(
                "t => [...t.rows].map(r => [...r.cells].map(c => c.textContent.replace(/\\s+/g, ' ').trim()))"
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

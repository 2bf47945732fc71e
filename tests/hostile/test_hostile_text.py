"""Hostile words in every text of a data set are words on every page and in every file: nothing
runs, nothing is loaded, nothing is a formula, no page breaks.
"""

import csv
import re
import zipfile
from pathlib import Path

import pytest
from conftest import sample
from hostile_text import ROOT, hostile_copy, page_of, unguarded
from seeds import chance, seed
from test_pages import BROWSER, browser  # noqa: F401 (a fixture)

from ntm_analysis.cli import main
from ntm_analysis.pages import forecast, funding
from ntm_analysis.reports import report

PAGES = [("villagers", "vi", "A6"), ("registrations", "vi", "A6")]
PAGES += [
    (notebook, lang, "A6")
    for lang in ("vi", "en")
    for notebook in ("villagers", "commune", *(name for name, *_ in report.PAGES.values()))
    if (notebook, lang, "A6") not in PAGES
]
PAGES += [("commune", "vi", "A8")]
PLAIN: dict[tuple[str, str], dict[str, int]] = {}  # elements of pages of plain data
# What a page may hold only as often as one of plain data.
COUNTED = "script,img,iframe,frame,object,embed,link,base,form,meta,style,textarea,h1,main,title"
# What stands on a page: elements by name, links, attributes that run something, other addresses.
SEEN = """names => {
  const all = [...document.querySelectorAll("*")], attributes = all.flatMap(e => [...e.attributes]);
  return {
    elements: Object.fromEntries(
      names.split(",").map(name => [name, document.getElementsByTagName(name).length])),
    links: [...document.links].map(a => a.getAttribute("href")),
    handlers: attributes.filter(a => /^on/i.test(a.name)).map(a => a.name),
    loads: attributes.filter(a => /^(src|srcset|data|action|poster|background)$/i.test(a.name))
      .map(a => a.value).filter(v => !v.startsWith("data:")),
    hit: window.hit ?? null,
  };
}"""
CELLS = """() => [...document.querySelectorAll("table.office td, table.office th")]
  .map(cell => csvCell(csvText(cell)).slice(1, -1).replaceAll('""', '"'))"""
FORMULA = re.compile(r"(SUM\([A-Z]+\d+:[A-Z]+\d+\)|COUNTIF\([A-Z]+\d+:[A-Z]+\d+,\"[^\"]{1,3}\"\))")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> tuple[Path, int]:
    """The data set, and how many hostile texts it has; ``check`` finds it sound."""
    place, number = hostile_copy(chance("text"), tmp_path_factory.mktemp("hostile"))
    assert main(["check", str(place)]) == 0, f"NTM_SEED={seed()}"
    return place, number


@pytest.fixture(autouse=True)
def _few_worlds(monkeypatch, tmp_path, kept_results):
    """Pages are written with few simulated worlds, and files beside the test."""
    for part in (forecast.ForecastParts, funding.FundingParts):
        monkeypatch.setattr(part, "draws", 100)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def seen(browser, tmp_path):  # noqa: F811
    """Open a page: what stands on it, what it asked for, its width beyond the window's."""

    def look(html: str) -> tuple[dict, list[str], str, list[str]]:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        page, asked = browser.new_page(viewport={"width": 1280, "height": 900}), []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"NTM_SEED={seed()}: the page scrolls sideways at {width}"
        found = page.evaluate(SEEN, COUNTED), asked, page.inner_text("body"), page.evaluate(CELLS)
        page.close()
        return found

    return look


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("wanted", sample(PAGES, 2), ids="-".join)
def test_hostile_words_are_words_on_a_page(wanted, hostile, seen):
    notebook, lang, commune = wanted
    asked = {"lang": lang, "commune": commune, "draws": 100, "scenarios": "money-110,equal"}
    page, requests, words, cells = seen(page_of(notebook, dataset=str(hostile[0]), **asked))
    if (key := (notebook, commune)) not in PLAIN:  # the same in both languages
        of_plain_data = page_of(notebook, dataset=str(ROOT / "data" / "huyen-mau"), **asked)
        PLAIN[key] = seen(of_plain_data)[0]["elements"]
    told = f"NTM_SEED={seed()}, {notebook}"
    assert page["hit"] is None, told
    assert page["elements"] == PLAIN[key], told
    assert (page["handlers"], page["loads"]) == ([], []), told
    assert [href for href in page["links"] if not re.match(r"#|[\w-]+\.html$", href)] == [], told
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == [], told
    assert words.count("window.hit") + words.count("invalid") > 0, "hostile words stand there"
    assert "49" not in re.findall(r"\d+", " ".join(re.findall(r"7\*7.{4}", words)))
    assert unguarded(cells) == [], told


def formulas(path: Path) -> list[str]:
    """The formulas and the links in an Excel file."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="replace")
            found += [f"{name}: link" for _ in re.findall(r"TargetMode=\"External\"", text)]
            found += re.findall(r"<f[^>]*>(.*?)</f>", text) if "worksheets/" in name else []
    return [formula.replace("&quot;", '"') for formula in found]


@pytest.mark.parametrize("file", sample(["template", "export"], 1))
def test_hostile_words_are_text_in_excel_files(file, hostile, tmp_path):
    path = tmp_path / "a.xlsx"
    more = ["--draws", "100"] if file == "export" else []
    assert main([file, str(path), str(hostile[0]), *more]) == 0
    own = [formula for formula in formulas(path) if not FORMULA.fullmatch(formula)]
    assert own == [], f"NTM_SEED={seed()}"
    strings = zipfile.ZipFile(path).read("xl/sharedStrings.xml").decode()
    assert "=HYPERLINK(" in strings or "=cmd|" in strings, "hostile words stand there"


@pytest.mark.long
@pytest.mark.parametrize("notebook", ["funding_needs", "monthly_meeting", "allocation"])
def test_hostile_words_are_guarded_in_the_csv_files_beside_a_page(notebook, hostile, tmp_path):
    page_of(notebook, dataset=str(hostile[0]), commune="A6", draws=100)
    files = sorted(tmp_path.rglob("*.csv"))
    assert files, "the page wrote its tables"
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert unguarded(cells) == [], f"NTM_SEED={seed()}, {path.name}"
    for path in tmp_path.rglob("*.xlsx"):
        own = [formula for formula in formulas(path) if not FORMULA.fullmatch(formula)]
        assert own == [], f"NTM_SEED={seed()}, {path.name}"

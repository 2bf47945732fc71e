"""All pages of a data set: district, communes, index, and on request one single file and one archive.

Each page is one notebook run; as many run at a time as there are cores. One failed page leaves the others complete.
"""

import io
import multiprocessing
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader

from .assess import assess
from .forecast_words import month_words
from .names import plain, slug
from .need import communes_in_need
from .office_numbers import write_date
from .recognition import overview
from .registrations import registration_year
from .render import render, script, style
from .standings import commune_records
from .whole_files import write_whole
from .words import LEVEL_WORDS, count_words, lacking_words, pick, text, verdict_district
from .workbook import Workbook

# Stand for a unit in the jobs that make these pages of the whole district.
NEED, FORECAST, ALLOCATION, COMPARISON, MEETING, ANNEX = -1, -2, -3, -4, -5, -6
# The pages of the whole district, as the index lists them: notebook, file, heading, the words that lead there.
PAGES = {
    None: ("status", "huyen", "district", "district_page_link"),
    MEETING: ("monthly_meeting", "giao-ban", "meeting", "meeting_link"),
    ANNEX: ("registrations", "phu-luc-dang-ky", "annex", "annex_link"),
    NEED: ("funding_needs", "nhu-cau-von", "funding", "need_link"),
    FORECAST: ("feasibility", "kha-nang-ve-dich", "forecast", "forecast_link"),
    ALLOCATION: ("allocation", "phan-bo-von", "allocation", "allocation_link"),
    COMPARISON: ("scenario_comparison", "so-sanh-kich-ban", "comparison", "compare_link"),
}
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@dataclass(frozen=True)
class Job:
    """One page to make: its notebook, parameters, file and title; ``unit`` is None for the district."""

    notebook: str
    parameters: dict
    file: str
    title: str
    unit: int | None = None


@dataclass
class Outcome:
    """What a run made: pages in order, failures as (title, message), and the files beside them."""

    folder: Path
    pages: list[Job] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    index: Path | None = None
    single: Path | None = None
    archive: Path | None = None


def plan(workbook: Workbook, units: list[int] | None, lang: str, audience: str) -> list[Job]:
    """The pages of a run: the district and every commune, or only the units named. File names carry the as-of date."""
    day = workbook.as_of
    ending = f"_{day}{_edition(lang, audience)}.html"
    common = {"dataset": str(workbook.path), "as_of": f"{day}", "lang": lang, "audience": audience}
    shown = write_date(day, lang)
    jobs = []
    if units is None:
        word = (workbook.meta.get("hamlet_word") or {}).get(lang) or text("annex_hamlet", lang)
        told = {"place": workbook.meta["title"][lang], "day": shown, "month": month_words(f"{day}", lang)}
        told |= {"word": word, "year": registration_year(workbook)}
        first = workbook.communes.loc[(communes_in_need(workbook, "ntm")["ntm"] or workbook.communes.index)[0], "code"]
        for page, (notebook, file, heading, _) in PAGES.items():
            title = text(f"heading_{heading}", lang, **told) + (f" ({shown})" if page == ANNEX else "")
            more = {"commune": first} if page in (NEED, FORECAST) else {}
            jobs.append(Job(f"{notebook}.ipynb", common | more, f"{file}{ending}", title, page))
    for unit, row in (workbook.communes if units is None else workbook.units.loc[units]).iterrows():
        title = text("heading_commune", lang, label=row["label"], day=shown)
        jobs.append(Job("commune.ipynb", common | {"commune": row["code"]}, f"{row['slug']}{ending}", title, unit))
    return jobs


def _edition(lang: str, audience: str) -> str:
    """The part of a file's name that tells editions apart: none for the office in Vietnamese."""
    return ("_en" if lang == "en" else "") + ("_cong-khai" if audience == "cong-khai" else "")


def make_report(
    workbook: Workbook,
    folder: Path,
    *,
    units: list[int] | None = None,
    lang: str = "vi",
    audience: str = "noi-bo",
    single: bool = False,
    archive: bool = False,
    on_page: Callable[[Job], None] = lambda job: None,
) -> Outcome:
    """Make the pages of a data set in ``folder`` and an ``index.html``; ``on_page`` is called after each page."""
    jobs = plan(workbook, units, lang, audience)
    folder.mkdir(parents=True, exist_ok=True)
    outcome, done = Outcome(folder), {}
    words = {"lang": lang, "back": text("back", lang), "skip": text("skip", lang)}
    everything = jobs if units is None else plan(workbook, None, lang, audience)
    links = [
        (job.file, text(PAGES[job.unit][-1], lang))
        for job in everything
        if job.unit in PAGES and (units is None or _is_of(workbook.content_hash, folder / job.file))
    ]
    # Fresh processes, not forks: this one may have threads (pandas, Jupyter), and Windows knows no fork.
    context = multiprocessing.get_context("spawn")
    workers = max(1, min(len(jobs), os.cpu_count() or 1))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_set_up, initargs=(str(folder.resolve()),)) as pool:
        running = {
            pool.submit(
                _make_page, job, folder / job.file, words | {"links": [link for link in links if link[0] != job.file]}
            ): job
            for job in jobs
        }
        try:
            for future in as_completed(running):
                job = running[future]
                try:
                    done[job.file] = future.result()
                except Exception as error:
                    done[job.file] = f"{type(error).__name__}: {error}"
                on_page(job)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    outcome.pages = [job for job in jobs if not done[job.file]]
    outcome.failed = [(job.title, done[job.file]) for job in jobs if done[job.file]]
    outcome.index = folder / "index.html"
    # Pages that an earlier run made of the same data stay in the list, so that one commune's run does not lose the rest.
    listed_jobs = [*everything, *jobs]
    write_whole(outcome.index, index_page(workbook, folder, listed_jobs, outcome.failed, lang))
    stem = f"{workbook.id}_{workbook.as_of}{_edition(lang, audience)}"
    if single and outcome.pages:
        outcome.single = folder / f"{stem}_mot-tep.html"
        write_whole(outcome.single, single_file(workbook, outcome, lang))
    if archive and outcome.pages:
        outcome.archive = folder / f"{stem}.zip"
        write_whole(outcome.archive, _zipped([outcome.index, *(folder / job.file for job in outcome.pages)]))
    return outcome


def _set_up(folder: str) -> None:
    """Linear algebra on one thread a process, as the processes already use all cores; where tables go beside the pages."""
    os.environ["NTM_REPORTS"] = folder
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _make_page(job: Job, target: Path, words: dict) -> str:
    """Make one page; the error in one line, or "" when the page is complete."""
    try:
        render(NOTEBOOKS / job.notebook, job.parameters, target, title=job.title, **words)
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def _templates() -> Environment:
    return Environment(loader=PackageLoader("ntm_analysis", "templates"), autoescape=True, trim_blocks=True)


def index_page(workbook: Workbook, folder: Path, jobs: list[Job], failed: list[tuple[str, str]], lang: str) -> str:
    """The list of communes with level and standing, found without diacritics; links only to pages made of this data."""
    verdict = verdict_district(overview(workbook, assess(workbook, workbook.default_set("ntm"))), workbook.unlisted, lang)
    files = {job.unit: job.file for job in jobs if _is_of(workbook.content_hash, folder / job.file)}
    rows = [
        {
            "place": place,
            "name": record["name"],
            "code": record["code"],
            "key": _search_key(workbook.units.loc[unit, "label"], record["code"]),
            "file": files.get(unit),
            "level": "-" if record["level"] == "not_ntm" else pick(LEVEL_WORDS[record["level"]], lang),
            "count": count_words(record),
            "missing": lacking_words(record, lang),
        }
        for place, (unit, record) in enumerate(zip(workbook.communes.index, commune_records(workbook), strict=True), start=1)
    ]
    heads = [text(f"head_{key}", lang) for key in ["tt", "unit", "code", "level", "commune_standing", "missing"]]
    place_name = workbook.meta["title"][lang]
    return _templates().get_template("index.html.j2").render(
        lang=lang,
        title=text("index_title", lang, place=place_name, day=write_date(workbook.as_of, lang)),
        style=style(),
        script=script(),
        draft=text("draft", lang),
        illustrative=text("illustrative", lang) if workbook.illustrative else "",
        illustrative_long=text("illustrative_long", lang),
        district=files.get(None),
        others=[(files[key], text(PAGES[key][-1], lang)) for key in PAGES if key is not None and key in files],
        district_label=text("district_link", lang, verdict=verdict),
        failed=failed,
        failed_head=text("failed_head", lang),
        search=text("search", lang),
        unit=text("communes_shown", lang),
        heads=heads,
        rows=rows,
    )  # fmt: skip


def _search_key(label: str, code: str) -> str:
    """What the search box looks in: without diacritics, i for y, also in one word."""
    key = plain(label).replace("y", "i")
    return f"{key} {key.replace(' ', '')} {code}"


def _is_of(content_hash: str, page: Path) -> bool:
    """Whether a page exists and its footer names this content hash."""
    return page.exists() and content_hash in page.read_text(encoding="utf-8")


def single_file(workbook: Workbook, outcome: Outcome, lang: str) -> str:
    """The index and all pages in one file: a page opens from the list; headings one step lower, ids made unique."""
    from bs4 import BeautifulSoup

    book = BeautifulSoup(outcome.index.read_text(encoding="utf-8"), "html.parser")
    inside = {job.file: slug(Path(job.file).stem) for job in outcome.pages}
    for link in book.select("main a[href]"):
        if link["href"] in inside:
            link["href"] = f"#{inside[link['href']]}"
        else:
            link.unwrap()
    for job in outcome.pages:
        page = BeautifulSoup((outcome.folder / job.file).read_text(encoding="utf-8"), "html.parser").main
        name = inside[job.file]
        for tag in page.find_all(["h3", "h2", "h1"]):
            tag.name = f"h{int(tag.name[1]) + 1}"
        for tag in page.find_all(id=True):
            tag["id"] = f"{name}-{tag['id']}"
        for link in page.select('a[href^="#"]'):
            link["href"] = f"#{name}-{link['href'][1:]}"
        for again in page.select(".illustrative"):
            again.decompose()  # the index's own watermark covers every page of the file
        page.name, page.attrs = "article", {}
        folded, title = book.new_tag("details", id=name), book.new_tag("summary")
        title.string = job.title
        folded.extend([title, page])
        book.main.append(folded)
    return str(book)


def _zipped(files: list[Path]) -> bytes:
    """The files in one archive, by name only."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.name)
    return raw.getvalue()

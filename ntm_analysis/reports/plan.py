"""All pages of a data set: district, communes, index, and on request one single file and one
archive.

Each page is one notebook run of a batch (:mod:`~.batch`). A page that rests on what it rested on
before is not made again; one failed page leaves the others complete.
"""

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..data import Workbook, files_hash, home_of
from ..language import check, slug, text, write_date
from ..needs import communes_in_need
from ..standing import registration_year
from ..tables import REPOSITORY, Store, hash_of, hash_of_files, software, write_whole
from ..wording import month_words
from .batch import TIMEOUT, Batch, RunsAnywhere, building, room_for
from .index import index_page, mark_stale
from .manifest import Manifest
from .questions import COMMUNE, SHEET, answered
from .workers import usual_limit

# Stand for a unit in the jobs that make these pages of the whole district.
NEED, FORECAST, ALLOCATION, COMPARISON, MEETING, ANNEX = -1, -2, -3, -4, -5, -6
# The pages of the whole district, as the index lists them: notebook, file, heading, the words that
# lead there.
PAGES = {
    None: ("status", "huyen", "district", "district_page_link"),
    MEETING: ("monthly_meeting", "giao-ban", "meeting", "meeting_link"),
    ANNEX: ("registrations", "phu-luc-dang-ky", "annex", "annex_link"),
    NEED: ("funding_needs", "nhu-cau-von", "funding", "need_link"),
    FORECAST: ("feasibility", "kha-nang-ve-dich", "forecast", "forecast_link"),
    ALLOCATION: ("allocation", "phan-bo-von", "allocation", "allocation_link"),
    COMPARISON: ("scenario_comparison", "so-sanh-kich-ban", "comparison", "compare_link"),
}
# What a run says that may have wanted more memory than it was given.
SHORT_OF_MEMORY = (
    "MemoryError",
    "Kernel died",
    "Kernel didn't respond",
    "CellExecutionError",
    "cannot allocate",
    "bad_alloc",
    "can't start new thread",
    "errno 12",
)
VILLAGERS = "hop-dan"  # the edition for the communes' own people
NOTEBOOKS = REPOSITORY / "notebooks"


@dataclass(frozen=True)
class Job:
    """One page to make: its notebook, parameters, file and title; ``unit`` is None for the
    district.
    """

    notebook: str
    parameters: dict
    file: str
    title: str
    unit: int | None = None


@dataclass
class Outcome:
    """What a run made: pages in order (complete and of these data), how many of them were made now,
    failures as (title, message, file of the older page that was kept), and the files beside them.
    """

    folder: Path
    pages: list[Job] = field(default_factory=list)
    made: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    index: Path | None = None
    single: Path | None = None
    archive: Path | None = None
    changed: bool = (
        False  # files of the data set were changed meanwhile: pages differ in what they rest on
    )


def page_list(workbook: Workbook, units: list[int] | None, lang: str, audience: str) -> list[Job]:
    """The pages of a run: the district and every commune, or only the units named; of the edition
    for villagers one sheet a commune. File names carry the as-of date.
    """
    day = workbook.as_of
    ending = f"_{day}{_edition(lang, audience)}.html"
    common = {"dataset": str(workbook.path), "as_of": f"{day}", "lang": lang, "audience": audience}
    shown = write_date(day, lang)
    jobs, wanted = [], workbook.communes if units is None else workbook.units.loc[units]
    if audience == VILLAGERS:
        for unit, row in wanted.iterrows():
            title = text("people_heading", lang, label=row["label"], day=shown)
            more = {
                "commune": row["code"],
                "dataset": common["dataset"],
                "as_of": common["as_of"],
                "lang": lang,
            }
            jobs.append(Job("villagers.ipynb", more, f"{row['slug']}{ending}", title, unit))
        return jobs
    if units is None:
        word = (workbook.meta.get("hamlet_word") or {}).get(lang) or text("annex_hamlet", lang)
        told = {
            "place": workbook.meta["title"][lang],
            "day": shown,
            "month": month_words(f"{day}", lang),
        }
        told |= {"word": word, "year": registration_year(workbook)}
        first = workbook.communes.loc[
            (communes_in_need(workbook, "ntm")["ntm"] or workbook.communes.index)[0], "code"
        ]
        for page, (notebook, file, heading, _) in PAGES.items():
            title = text(f"heading_{heading}", lang, **told) + (
                f" ({shown})" if page == ANNEX else ""
            )
            more = {"commune": first} if page in (NEED, FORECAST) else {}
            jobs.append(Job(f"{notebook}.ipynb", common | more, f"{file}{ending}", title, page))
    for unit, row in wanted.iterrows():
        title = text("heading_commune", lang, label=row["label"], day=shown)
        jobs.append(
            Job(
                "commune.ipynb",
                common | {"commune": row["code"]},
                f"{row['slug']}{ending}",
                title,
                unit,
            )
        )
    return jobs


def _edition(lang, audience):
    """The part of a file's name that tells editions apart: none for the office in Vietnamese."""
    return ("_en" if lang == "en" else "") + ("" if audience == "noi-bo" else f"_{audience}")


class NoRoom(OSError):
    """The disk has too little room to begin."""


def make_report(
    workbook: Workbook,
    folder: Path,
    *,
    units: list[int] | None = None,
    lang: str = "vi",
    audience: str = "noi-bo",
    single: bool = False,
    archive: bool = False,
    jobs: int = 0,
    force: bool = False,
    timeout: float = TIMEOUT,
    runs: RunsAnywhere | None = None,
    on_plan: Callable[[int], None] = lambda number: None,
    on_page: Callable[[str, dict], None] = lambda file, line: None,
) -> Outcome:
    """Make the pages of a data set in ``folder`` and an ``index.html``.

    ``jobs``: pages at a time (0: as many as cores); ``force``: also those that would be the same;
    ``timeout``: seconds for one page; ``runs``: how pages are run, where not on this machine.
    ``on_plan`` is told how many pages there are to look at, ``on_page`` each page's file and line
    of the manifest. Raises :class:`~ntm_analysis.reports.batch.FolderBusy`,
    :class:`~ntm_analysis.reports.workers.WrongMemory`, OSError.
    """
    everything = page_list(workbook, None, lang, audience)
    chosen = everything if units is None else page_list(workbook, units, lang, audience)
    for job in chosen:
        if faults := check(job.parameters):
            raise ValueError("; ".join(faults))
    usual_limit(1)  # raises WrongMemory before anything begins
    jobs = runs.at_once if runs else jobs or os.cpu_count() or 1
    with building(folder) as place:
        manifest, files = Manifest(folder), files_hash(workbook.path)
        shown = {job.file for job in everything if job in chosen or _current(manifest, job, files)}
        # A sheet for a commune's own people leads to no list of others.
        words = {
            "lang": lang,
            "back": "" if audience == VILLAGERS else text("back", lang),
            "skip": text("skip", lang),
        }
        links = [
            (job.file, text(PAGES[job.unit][-1], lang))
            for job in everything
            if job.unit in PAGES and job.file in shown
        ]
        pages = {
            job.file: words
            | {"title": job.title, "links": [link for link in links if link[0] != job.file]}
            for job in chosen
        }
        lines = {job.file: _line(job, pages[job.file], files) for job in chosen}
        todo = [
            job
            for job in chosen
            if force or not manifest.made_of(job.file, **_wanted(lines[job.file], "files"))
        ]
        made = []
        on_plan(len(todo))
        if todo:
            if not room_for(folder, jobs):
                raise NoRoom(f"{folder}")

            def ended(file, line):
                if line["status"] == "complete":
                    made.append(file)
                elif line["stale"]:
                    _mark_stale(manifest, file, lang)
                on_page(file, line)

            batch = Batch(manifest, place, jobs=jobs, timeout=timeout, runs=runs, on_end=ended)
            try:
                _run(batch, workbook, todo, lines, pages, force, on_page)
                batch.finish()
            finally:
                batch.close()
                manifest.save()
        index = "index.html" if audience != VILLAGERS else f"index{_edition(lang, audience)}.html"
        outcome = Outcome(folder, made=len(made), index=folder / index)
        for job in chosen:
            line = manifest.pages.get(job.file, {})
            outcome.changed |= bool(line) and line["inputs"].get("files") != files
            if line.get("status") == "complete":
                outcome.pages.append(job)
            else:
                outcome.failed.append(
                    (job.title, failure(line, lang), job.file if line["stale"] else "")
                )
        # Pages that an earlier run made of the same data stay in the list, so that one commune's
        # run does not lose the rest.
        there = {
            job.unit: job.file
            for job in everything
            if _current(manifest, job, files) or _is_stale(manifest, job)
        }
        others = [
            (there[key], text(PAGES[key][-1], lang))
            for key in PAGES
            if key is not None and key in there
        ]
        sheets = page_list(workbook, None, lang, VILLAGERS) if audience != VILLAGERS else []
        sheet_of = {job.unit: job.file for job in sheets if _current(manifest, job, files)}
        asked = asked_in(workbook, there, lang, sheet_of) if audience != VILLAGERS else ()
        listed = (manifest.pages, there, others, outcome.failed, lang)
        _write_changed(outcome.index, index_page(workbook, *listed, asked=asked, sheets=sheet_of))
        stem = f"{workbook.id}_{workbook.as_of}{_edition(lang, audience)}"
        if single and outcome.pages:
            outcome.single = folder / f"{stem}_mot-tep.html"
            write_whole(outcome.single, single_file(outcome))
        if archive and outcome.pages:
            outcome.archive = folder / f"{stem}.zip"
            write_whole(
                outcome.archive,
                _zipped([outcome.index, *(folder / job.file for job in outcome.pages)]),
            )
    if todo:
        Store.usual(home_of(workbook.path)).prune()
    return outcome


def asked_in(
    workbook: Workbook,
    there: dict[int | None, str],
    lang: str,
    sheets: dict[int, str] | None = None,
) -> list[tuple[str, list[str], str]]:
    """The questions of the meeting with their places in the pages that are ``there`` and the
    ``sheets`` for villagers; a commune in need stands for "this one".
    """
    pages = {PAGES[key][1]: file for key, file in there.items() if key in PAGES}
    wanted = [*communes_in_need(workbook, "ntm")["ntm"], *workbook.communes.index]
    unit = next((unit for unit in wanted if unit in there), None)
    pages |= {COMMUNE: there[unit]} if unit is not None else {}
    pages |= {SHEET: sheets[unit]} if unit in (sheets or {}) else {}
    return answered(workbook, pages, "" if unit is None else workbook.units.at[unit, "name"], lang)


def _line(job, page, files):
    """What a page's line of the manifest says of what it is made of; ``data`` of a page of the
    district: all files.
    """
    inputs = {
        "notebook": hash_of_files(NOTEBOOKS / job.notebook),
        "page": hash_of(page),
        "files": files,
        "data": files,
    }
    return {"notebook": job.notebook, "parameters": job.parameters, "inputs": inputs}


def _wanted(line, what):
    """What the line of a page that need not be made again says; ``what``: of the inputs, besides
    notebook and page.
    """
    inputs = {name: line["inputs"][name] for name in ("notebook", "page", what)}
    return {"parameters": line["parameters"], "versions": software(), "inputs": inputs}


def _run(
    batch,
    workbook,
    todo,
    lines,
    pages,
    force,
    on_same,
):
    """Ask for the pages of the district, then for those of the communes whose data changed;
    ``on_same`` is told of the others.
    """
    for job in todo:
        if job.unit is None or job.unit < 0:
            batch.page(job.file, lines[job.file], pages[job.file], NOTEBOOKS / job.notebook)
    communes = [job for job in todo if job.unit is not None and job.unit >= 0]
    if not communes:
        return
    known, hashes = batch.manifest.pages, {}
    if not force and any(known.get(job.file, {}).get("status") == "complete" for job in communes):
        with contextlib.suppress(RuntimeError):  # what cannot be worked out is told by the pages
            told = batch.ask("inputs", dataset=str(workbook.path), as_of=f"{workbook.as_of}")
            if told["files"] == lines[communes[0].file]["inputs"]["files"]:
                hashes = told["inputs"]
    for job in communes:  # each tells itself what it rests on
        line, data = lines[job.file], hashes.get(workbook.units.at[job.unit, "code"])
        line["inputs"]["data"] = data
        if data and batch.manifest.made_of(job.file, **_wanted(line, "data")):
            before = batch.manifest.pages[job.file]
            batch.manifest.enter(job.file, before | {"inputs": line["inputs"]})
            on_same(job.file, before)
        else:
            batch.page(job.file, line, pages[job.file], NOTEBOOKS / job.notebook)


def failure(line: dict, lang: str) -> str:
    """Why a page failed, in one line."""
    if line["reason"] == "overdue":
        return text("run_overdue", lang, seconds=f"{line['seconds'] or 0:g}")
    told = line["error"] or text("run_died", lang)
    if line["memory"] and any(sign in told for sign in SHORT_OF_MEMORY):
        told = text("run_memory", lang, told=told, memory=line["memory"])
    return told


def _current(manifest, job, files):
    """Whether a complete page of these data stands there."""
    line = manifest.pages.get(job.file, {})
    return (
        line.get("status") == "complete"
        and line["inputs"].get("files") == files
        and manifest.stands(job.file)
    )


def _is_stale(manifest, job):
    return manifest.pages.get(job.file, {}).get("stale", False)


def _mark_stale(manifest, file, lang):
    """Say on the older page that was kept that it is older."""
    marked = mark_stale(manifest.folder / file, lang)
    write_whole(manifest.folder / file, marked)
    changed = {"sha256": hashlib.sha256(marked).hexdigest(), "bytes": len(marked)}
    manifest.enter(file, manifest.pages[file] | changed)
    manifest.save()


def _write_changed(path, content):
    """Write a file unless it is as it should be."""
    if not path.exists() or path.read_bytes() != content.encode():
        write_whole(path, content)


def single_file(outcome: Outcome) -> str:
    """The index and all pages in one file: a page opens from the list; headings one step lower, ids
    made unique.
    """
    from bs4 import BeautifulSoup

    book = BeautifulSoup(outcome.index.read_text(encoding="utf-8"), "html.parser")
    inside = {job.file: slug(Path(job.file).stem) for job in outcome.pages}
    for link in book.select("main a[href]"):
        file, _, section = link["href"].partition("#")
        if file in inside:
            link["href"] = f"#{inside[file]}" + (f"-{section}" if section else "")
        else:
            link.unwrap()
    for job in outcome.pages:
        page = BeautifulSoup(
            (outcome.folder / job.file).read_text(encoding="utf-8"), "html.parser"
        ).main
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


def _zipped(files):
    """The files in one archive, by name only."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.name)
    return raw.getvalue()

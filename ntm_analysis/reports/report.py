"""All pages of a data set: district, communes, index, and on request one single file and one
archive.

Each page is one notebook run of a batch (:mod:`~.batch`). A page that rests on what it rested on
before is not made again; one failed page leaves the others complete.
"""

import contextlib
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..data import Workbook, files_hash
from ..language import RefusalError, check_parameters, slug, text, utf8, write_date
from ..needs import communes_in_need
from ..results import month_words
from ..standing import registration_year
from ..tables import REPOSITORY, Store, hash_of, hash_of_files, software, write_whole
from .batch import TIMEOUT, Batch, RunsAnywhere, building, has_disk_room
from .index_page import index_page, mark_stale
from .manifest import Manifest
from .planner_questions import COMMUNE, SHEET, index_questions
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
PROVINCE = 400  # communes up to which a page has the usual time


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
class ReportOutcome:
    """What a run made: pages in order (complete and of these data), how many of them were made now,
    failures as (title, message, file of the older page that was kept), and the files beside them.
    """

    folder: Path
    pages: list[Job] = field(default_factory=list)
    new_pages: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    index: Path | None = None
    single: Path | None = None
    archive: Path | None = None
    # files of the data set were changed meanwhile: pages differ in what they rest on
    changed: bool = False

    def __repr__(self):
        counts = f"{len(self.pages)} pages, {self.new_pages} new, {len(self.failed)} failed"
        return f"Report: {counts}; open {self.index}"


def page_list(workbook: Workbook, units: list[int] | None, lang: str, audience: str) -> list[Job]:
    """The pages of a run: the district and every commune, or only the units named; of the edition
    for villagers one sheet a commune. File names carry the as-of date.
    """
    day = workbook.as_of
    ending, day_words = f"_{day}{_edition(lang, audience)}.html", write_date(day, lang)
    common = {"dataset": str(workbook.path), "as_of": f"{day}", "lang": lang}
    jobs, wanted = [], workbook.communes if units is None else workbook.units.loc[units]
    if audience == VILLAGERS:
        notebook, heading = "villagers.ipynb", "people_heading"
    else:
        notebook, heading, common = (
            "commune.ipynb",
            "heading_commune",
            common | {"audience": audience},
        )
    if units is None and audience != VILLAGERS:
        words = {
            "place": workbook.meta["title"][lang],
            "day": day_words,
            "month": month_words(f"{day}", lang),
            "word": (workbook.meta.get("hamlet_word") or {}).get(lang)
            or text("annex_hamlet", lang),
            "year": registration_year(workbook),
        }
        unit = (communes_in_need(workbook, "ntm")["ntm"] or workbook.communes.index)[0]
        first = {"commune": workbook.communes.loc[unit, "code"]}
        for page, (name, file, key, _) in PAGES.items():
            title = text(f"heading_{key}", lang, **words)
            title += f" ({day_words})" if page == ANNEX else ""
            parameters = common | (first if page in (NEED, FORECAST) else {})
            jobs.append(Job(f"{name}.ipynb", parameters, f"{file}{ending}", title, page))
    for unit, row in wanted.iterrows():
        title = text(heading, lang, label=row["label"], day=day_words)
        own = {"commune": row["code"]}
        parameters = own | common if audience == VILLAGERS else common | own
        jobs.append(Job(notebook, parameters, f"{row['slug']}{ending}", title, unit))
    return jobs


def _edition(lang, audience):
    """The part of a file's name that tells editions apart: none for the office in Vietnamese."""
    return ("_en" if lang == "en" else "") + ("" if audience == "noi-bo" else f"_{audience}")


class NoRoomError(RefusalError):
    """The disk has too little room to begin."""


def make_report(workbook: Workbook, folder: Path, **options: object) -> ReportOutcome:
    """Make the pages of a data set in ``folder`` and an ``index.html``.

    ``options``: see :class:`Report`. Raises :class:`~ntm_analysis.reports.batch.FolderBusyError`,
    :class:`~ntm_analysis.reports.workers.WrongMemoryError`, :class:`NoRoomError`, RefusalError
    (where ``folder`` is inside the data set), ValueError, OSError.
    """
    report = Report(workbook, folder, **options)
    if report.jobs < 0 or report.timeout <= 0:
        raise ValueError(f"jobs={report.jobs}, timeout={report.timeout}: jobs >= 0, timeout > 0")
    for job in report.chosen:
        if faults := check_parameters(job.parameters):
            raise ValueError("; ".join(faults))
    workbook.must_not_hold(folder)
    usual_limit(1)  # raises WrongMemoryError before anything begins
    with building(folder) as place:
        report.list_pages()
        if report.todo:
            report.run(place)
        report.publish()
    if report.todo:
        Store.usual().prune()
    return report.outcome


@dataclass
class Report:
    """The making of a report: its list, its runs, what is published.

    ``jobs``: pages at a time (0: as many as cores); ``force``: also those that would be the same;
    ``timeout``: seconds for one page; ``runs``: how pages are run, where not on this machine.
    ``on_list`` is told how many pages there are to look at, ``on_page`` each page's file and line
    of the manifest.
    """

    workbook: Workbook
    folder: Path
    units: list[int] | None = None
    lang: str = "vi"
    audience: str = "noi-bo"
    single: bool = False
    archive: bool = False
    jobs: int = 0
    force: bool = False
    timeout: float = TIMEOUT
    runs: RunsAnywhere | None = None
    on_list: Callable[[int], None] = lambda number: None
    on_page: Callable[[str, dict], None] = lambda file, line: None

    def __post_init__(self):
        self.everything = page_list(self.workbook, None, self.lang, self.audience)
        self.chosen = self.everything
        if self.units is not None:
            self.chosen = page_list(self.workbook, self.units, self.lang, self.audience)
        # a sheet for a commune's own people leads to no list of others
        self.for_office = self.audience != VILLAGERS
        index = "index.html" if self.for_office else f"index{self._edition}.html"
        self.outcome = ReportOutcome(self.folder, index=self.folder / index)

    @property
    def _edition(self):
        return _edition(self.lang, self.audience)

    def _is_current(self, job):
        """Whether a complete page of these data stands there."""
        line = self.manifest.pages.get(job.file, {})
        current = line.get("status") == "complete" and line["inputs"].get("files") == self.files
        return current and self.manifest.stands(job.file)

    def list_pages(self) -> None:
        """Find out which pages are to be made, of what, with which links."""
        self.manifest, self.files = Manifest(self.folder), files_hash(self.workbook.path)
        links = [
            (job.file, text(PAGES[job.unit][-1], self.lang))
            for job in self.everything
            if job.unit in PAGES and (job in self.chosen or self._is_current(job))
        ]
        back = text("back", self.lang) if self.for_office else ""
        words = {"lang": self.lang, "back": back, "skip": text("skip", self.lang)}
        self.pages, self.lines = {}, {}
        for job in self.chosen:
            others = [link for link in links if link[0] != job.file]
            page = words | {"title": job.title, "links": others}
            # of a page of the district: all files
            inputs = {"notebook": hash_of_files(NOTEBOOKS / job.notebook), "page": hash_of(page)}
            inputs |= {"files": self.files, "data": self.files}
            line = {"notebook": job.notebook, "parameters": job.parameters, "inputs": inputs}
            self.pages[job.file], self.lines[job.file] = page, line
        self.todo = [job for job in self.chosen if self.force or not self._is_made(job, "files")]
        self.on_list(len(self.todo))

    def _is_made(self, job, what):
        """Whether a page need not be made again; ``what``: of its inputs, besides notebook and
        page.
        """
        line = self.lines[job.file]
        inputs = {name: line["inputs"][name] for name in ("notebook", "page", what)}
        wanted = {"parameters": line["parameters"], "versions": software(), "inputs": inputs}
        return self.manifest.made_of(job.file, **wanted)

    def run(self, place: Path) -> None:
        """Make the pages that are to be made, in ``place``."""
        jobs = self.runs.at_once if self.runs else self.jobs or os.cpu_count() or 1
        if not has_disk_room(self.folder, jobs):
            raise NoRoomError("cli_no_room", path=self.folder)
        # What is worked out for everybody takes as much longer as there are more communes.
        patience = self.timeout * max(1.0, len(self.workbook.communes) / PROVINCE)
        options = {"jobs": jobs, "timeout": patience, "runs": self.runs}
        batch = Batch(self.manifest, place, on_end=self._ended, **options)
        try:
            self._ask(batch)
            batch.finish()
        finally:
            batch.close()
            self.manifest.save()

    def _ended(self, file, line):
        if line["status"] == "complete":
            self.outcome.new_pages += 1
        elif line["stale"]:
            _mark_stale(self.manifest, file, self.lang)
        self.on_page(file, line)

    def _ask(self, batch):
        """Ask for the pages of the district, then for those of the communes whose data changed."""

        def ask(job):
            page, notebook = self.pages[job.file], NOTEBOOKS / job.notebook
            batch.page(job.file, self.lines[job.file], page, notebook)

        communes = [job for job in self.todo if job.unit is not None and job.unit >= 0]
        for job in self.todo:
            if job not in communes:
                ask(job)
        known, hashes = self.manifest.pages, {}
        if not self.force and any(
            known.get(job.file, {}).get("status") == "complete" for job in communes
        ):
            day = f"{self.workbook.as_of}"
            with contextlib.suppress(
                RuntimeError
            ):  # what cannot be worked out is told by the pages
                answer = batch.ask("inputs", dataset=str(self.workbook.path), as_of=day)
                if answer["files"] == self.files:
                    hashes = answer["inputs"]
        for job in communes:  # each tells itself what it rests on
            inputs = self.lines[job.file]["inputs"]
            inputs["data"] = hashes.get(self.workbook.units.at[job.unit, "code"])
            if inputs["data"] and self._is_made(job, "data"):
                before = known[job.file]
                self.manifest.enter(job.file, before | {"inputs": inputs})
                self.on_page(job.file, before)
            else:
                ask(job)

    def publish(self) -> None:
        """Say what came of each page, and write the index and what else is wanted."""
        outcome, workbook, lang = self.outcome, self.workbook, self.lang
        pages = self.manifest.pages
        for job in self.chosen:
            line = pages.get(job.file, {})
            outcome.changed |= bool(line) and line["inputs"].get("files") != self.files
            if line.get("status") == "complete":
                outcome.pages.append(job)
            else:
                old = job.file if line["stale"] else ""
                outcome.failed.append((job.title, failure(line, lang), old))
        # Pages that an earlier run made of the same data stay in the list, so that one commune's
        # run does not lose the rest.
        there = {
            job.unit: job.file
            for job in self.everything
            if self._is_current(job) or pages.get(job.file, {}).get("stale", False)
        }
        others = [
            (there[key], text(PAGES[key][-1], lang))
            for key in PAGES
            if key is not None and key in there
        ]
        sheets, questions = {}, ()
        if self.for_office:
            jobs = page_list(workbook, None, lang, VILLAGERS)
            sheets = {job.unit: job.file for job in jobs if self._is_current(job)}
            questions = meeting_questions(workbook, there, lang, sheets)
        index = index_page(
            workbook, pages, there, others, outcome.failed, lang, questions=questions, sheets=sheets
        )
        if not outcome.index.exists() or outcome.index.read_bytes() != index.encode():
            write_whole(outcome.index, index)
        stem = f"{workbook.id}_{workbook.as_of}{self._edition}"
        if self.single and outcome.pages:
            outcome.single = self.folder / f"{stem}_mot-tep.html"
            write_whole(outcome.single, single_file(outcome))
        if self.archive and outcome.pages:
            outcome.archive = self.folder / f"{stem}.zip"
            files = [outcome.index, *(self.folder / job.file for job in outcome.pages)]
            write_whole(outcome.archive, _zipped(files, workbook.as_of))


def meeting_questions(
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
    return index_questions(
        workbook, pages, "" if unit is None else workbook.units.at[unit, "name"], lang
    )


def failure(line: dict, lang: str) -> str:
    """Why a page failed, in one line."""
    if line["reason"] == "overdue":
        return text("run_overdue", lang, seconds=f"{line['seconds'] or 0:g}")
    error = line["error"] or text("run_died", lang)
    if line["memory"] and any(sign in error for sign in SHORT_OF_MEMORY):
        return text("run_memory", lang, error=error, memory=line["memory"])
    return error


def _mark_stale(manifest, file, lang):
    """Say on the older page that was kept that it is older."""
    marked = mark_stale(manifest.folder / file, lang)
    write_whole(manifest.folder / file, marked)
    changed = {"sha256": hashlib.sha256(marked).hexdigest(), "bytes": len(marked)}
    manifest.enter(file, manifest.pages[file] | changed)
    manifest.save()


def single_file(outcome: ReportOutcome) -> str:
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


def _zipped(files, day):
    """The files in one archive, by name only, all dated by the day as of which they are."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            about = zipfile.ZipInfo(file.name, (*day.timetuple()[:3], 0, 0, 0))
            about.external_attr = 0o644 << 16
            packed.writestr(about, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return raw.getvalue()


class Progress:
    """What is told on standard error while pages are made.

    Attributes
    ----------
    number, done, failed : int
        Pages to look at, done, failed.
    """

    def __init__(self, workbook, lang):
        self.workbook, self.lang, self.bar = workbook, lang, None
        self.number = self.done = self.failed = 0

    def begin(self, number):
        """Begin, with no bar where there is nothing to do."""
        from tqdm import tqdm

        lang, place = self.lang, self.workbook.meta["title"][self.lang]
        key, day = "cli_setting" if number else "cli_unchanged", self.workbook.as_of
        words = text(key, lang, n=number, place=place, day=write_date(day, lang))
        print(words, file=sys.stderr)
        self.number = number
        if number:
            self.bar = tqdm(
                desc=text("cli_progress", lang),
                unit=text("cli_page", lang),
                total=number,
                file=sys.stderr,
                ascii=not utf8(sys.stderr),
                delay=0.5,
            )

    def ended(self, file, line):
        """Tell of a page."""
        complete = line["status"] == "complete"
        self.done, self.failed = self.done + complete, self.failed + (not complete)
        failing = text("cli_failing", self.lang, n=self.failed) if self.failed else ""
        self.bar.set_postfix_str(failing, refresh=False)
        self.bar.update()

    def close(self):
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()

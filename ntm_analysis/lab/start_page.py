"""The start page of the notebooks: the data set and its check, told in words whatever is wrong, and
where results go.
"""

from markupsafe import Markup

from ..data import HOME, Workbook, datasets, home_of, locate, path_as_typed, reports_folder
from ..forecasts import check_warnings
from ..language import BY_NAME, RefusalError, nearest, pick, printable, text, write_date
from ..law import to_check
from ..pages import Part, dagger
from ..reports import meeting_questions, page_list
from ..tables import DataProblemsError, lines_of

MOST = 40  # lines of the check that are shown
LINK = Markup('<a href="/files/{}" target="_blank" rel="noopener">{}</a>')


def bullets(lines: list[str]) -> Markup:
    """Lines as a list; none without lines."""
    items = Markup("").join(Markup("<li>{}</li>").format(dagger(line.strip())) for line in lines)
    return Markup("<ul>{}</ul>").format(items) if lines else items


class StartPage:
    """The parts of ``notebooks/start.ipynb``: of a data set that may be wrong, or missing, told in
    words.

    >>> "37 xã" in StartPage("data/thanh-chuong").data()
    True
    """

    def __init__(self, dataset: str = "data/thanh-chuong", *, as_of: str = "", lang: str = "vi"):
        self.dataset, self.lang = f"{dataset}", lang if lang in ("vi", "en") else "vi"
        parameters = {"dataset": dataset, "as_of": as_of, "lang": lang}
        self.faults = [
            f"{name} = {value!r} ({pick((BY_NAME[name].vi, BY_NAME[name].en), self.lang)})"
            for name, value in parameters.items()
            if BY_NAME[name].fault(value)
        ]
        self.folder = self.workbook = None
        self.problems, self.unforeseen = [], ""
        if self.faults:
            return
        try:
            self.folder = locate(dataset)
        except RefusalError:
            return
        try:
            self.workbook = Workbook.open(self.folder, as_of or None)
            self.problems = check_warnings(self.workbook)
        except DataProblemsError as error:
            self.workbook, self.problems = None, error.problems
        except Exception as error:  # whoever opens this page wants a sentence, whatever it was
            self.workbook, self.unforeseen = None, printable(f"{type(error).__name__}: {error}")

    def text(self, key: str, **values: object) -> str:
        return text(key, self.lang, **values)

    def data(self) -> Part:
        """Data set, as-of date, and what the check found."""
        if self.faults:
            lines = [self.text("start_wrong", detail=printable("; ".join(self.faults)))]
        elif self.unforeseen:
            lines = [self.text("start_unforeseen", detail=self.unforeseen)]
        elif self.folder is None:
            there = ", ".join(f"data/{name}" for name in datasets())
            near = nearest(self.dataset, datasets())
            lines = [self.text("start_none", dataset=printable(self.dataset), there=there)] + [
                f"data/{name}?" for name in near[:1]
            ]
        elif self.workbook is None:
            lines = [self.text("start_bad", dataset=self.dataset)]
        else:
            workbook, day = self.workbook, write_date(self.workbook.as_of, self.lang)
            counts = {
                "communes": len(workbook.communes),
                "rows": sum(map(len, workbook.tables.values())),
            }
            lines = [self.text("start_illustrative")] if workbook.illustrative else []
            place = workbook.meta["title"][self.lang]
            lines.append(
                self.text("start_fine", place=place, day=day, warnings=len(self.problems), **counts)
            )
            lines.append(self.text("start_unread", n=len(to_check(workbook.law))))
        body = Markup("").join(Markup("<p>{}</p>").format(dagger(line)) for line in lines)
        problems = lines_of(self.problems, self.lang)
        body += bullets(problems[:MOST])
        if (more := len(problems) - MOST) > 0:
            line = self.text("start_more", n=more, dataset=self.dataset)
            body += Markup("<p>{}</p>").format(line)
        return Part(Markup("<h2>{}</h2>{}").format(self.text("start_data"), body))

    def outputs(self) -> Part:
        """Where report, tables and data stand; without a report the command that makes it."""
        if self.folder is None:
            return Part("")
        reports, data = self._path(self._reports), self._path(self.folder)
        lines = [self.text("start_tables", folder=reports), self.text("start_source", folder=data)]
        if (self._reports / "index.html").exists():
            lines.insert(0, self.text("start_report", folder=reports))
        elif self.workbook is not None:  # of data that are wrong none can be made
            lines.insert(0, self.text("start_no_report", data=path_as_typed(self.folder)))
        return Part(Markup("<h2>{}</h2>").format(self.text("start_outputs")) + bullets(lines))

    def questions(self) -> Part:
        """The questions of the meeting, each with links to the pages of the report that are
        there.
        """
        if self.workbook is None or home_of(self.folder) != HOME:
            # JupyterLab shows only what stands in the folder that it was started on
            return Part("")
        place = self._path(self._reports)
        jobs = page_list(self.workbook, None, self.lang, "noi-bo")
        there = {
            job.unit: f"{place}/{job.file}" for job in jobs if (self._reports / job.file).exists()
        }
        if not there:
            return Part("")
        items, questions = Markup(""), meeting_questions(self.workbook, there, self.lang)
        for words, links, note in questions:
            first = LINK.format(links[0], words) if links else f"{words} ({note})"
            more = [LINK.format(link, self.text("question_more")) for link in links[1:]]
            more = Markup(" ({})").format(Markup(", ").join(more)) if more else ""
            items += Markup("<li>{}{}</li>").format(first, more)
        lead = self.text("start_questions_lead", folder=place)
        head = self.text("start_questions", count=len(questions))
        return Part(Markup("<h2>{}</h2><p>{}</p><ol>{}</ol>").format(head, lead, items))

    @property
    def _reports(self):
        name = self.workbook.id if self.workbook else self.folder.name
        return reports_folder(self.folder, name)

    def _path(self, place):
        home = home_of(self.folder)
        return (place.relative_to(home) if place.is_relative_to(home) else place).as_posix()

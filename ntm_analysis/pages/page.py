"""What every page has: texts, numbered tables, sections, sources, footer; targets, pledges, tasks,
rules on a page.
"""

import datetime as dt
import platform
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from importlib.resources import files
from itertools import count
from typing import Any

import pandas as pd
from markupsafe import Markup

from .. import __version__
from ..data import kept_workbook, locate
from ..language import LEVEL_WORDS, join_names, pick, text, texts, write_date, write_number
from ..law import LEVELS
from ..results import count_words, mark_shares_words
from ..standing import (
    Standing,
    assess,
    covered_communes,
    department_duties,
    knowledge_shares,
    levels,
    revocation,
    set_in_force,
)
from ..tables import Problem, Store, report
from .tables import PageColumn, dagger, office_table

RESULT_MEDIA_TYPE = "application/vnd.ntm.result+json"  # the media type of a result
# How parts look in JupyterLab, which knows no style sheet of ours; the report leaves it out
# (:func:`render.to_html`).
IN_LAB = Markup("<style>{}</style>").format(
    Markup(files("ntm_analysis").joinpath("templates", "lab.css").read_text(encoding="utf-8"))
)
AUDIENCES = ("noi-bo", "cong-khai")
MANY = 40  # names in one sentence; beyond that the matrix names them


def reject(faults: list[str]) -> None:
    """Raise ValueError with all that is wrong with the parameters typed, where something is."""
    if faults:
        raise ValueError("; ".join(faults))


class Part(Markup):
    """A piece of a page; a notebook shows it as HTML.

    ``result``: what the run gives to the results table, in plain values.
    """

    result: dict | None = None

    def _repr_html_(self):
        return str(self)

    def _repr_mimebundle_(self, **_):
        return {RESULT_MEDIA_TYPE: self.result} if self.result else {}


class WhatIfPart(Part):
    """What a page says where changes can be tried; a notebook shows a panel there
    (:func:`ntm_analysis.lab.panel.what_if_panel`).

    ``tried`` gives the answers to settings, ``commune`` is the one chosen at first.
    """

    tried: Callable[[], Any]
    commune: str
    lang: str


class Page:
    """A data set read for one page: texts in ``lang``, for ``audience`` (``noi-bo``: the office;
    ``cong-khai``: the public).

    ``criteria_set``: the set the page judges the NTM level by; default: the one the data set
    reports that level in. Raises ValueError for a set, language or audience that is none, and what
    :meth:`Workbook.open` raises.
    """

    subject = ""  # of its heading: the text "heading_<subject>"
    based_on = ""  # the tables whose sources it names

    def __init__(
        self,
        dataset: str,
        *,
        criteria_set: str = "",
        as_of: str = "",
        lang: str = "vi",
        audience: str = "noi-bo",
    ) -> None:
        folder = locate(dataset)
        self.store = Store.usual()
        self.workbook, self.files = kept_workbook(folder, as_of)
        self.workbook.must_have_communes()
        self.parameters = {
            "criteria_set": criteria_set,
            "as_of": as_of,
            "lang": lang,
            "audience": audience,
        }
        for name, allowed in (
            ("criteria_set", ("", *sorted(self.workbook.law.sets))),
            ("lang", ("vi", "en")),
            ("audience", AUDIENCES),
        ):
            if (value := self.parameters[name]) not in allowed:
                raise ValueError(f"{name}={value!r}: {', '.join(filter(None, allowed))}")
        self.lang, self.internal = lang, audience == "noi-bo"
        self.set_id = criteria_set or self.workbook.default_set("ntm")
        self.tables = []  # every table so far: title, unit, heads, rows
        self._numbers = count(1)
        self._results = {}

    def add_parameters(self, **typed: object) -> None:
        """Put parameters of its own before those that every page has."""
        self.parameters = {name: f"{value}" for name, value in typed.items()} | self.parameters

    # words ----------------------------------------------------------------------------------------

    def text(self, key: str, **values: object) -> str:
        """The text of ``key`` in the page's language, with its values filled in."""
        return text(key, self.lang, **values)

    def names(self, units: Iterable[int], most: int | None = MANY) -> str:
        """Names of units in administrative order, as running text."""
        names = self.workbook.units["name"]
        names = names[names.index.isin(list(units))].tolist()
        if most is not None and len(names) > most:
            return self.text("and_more", names=", ".join(names[:most]), n=len(names) - most)
        return self.listed(names)

    def name_of(self, unit: int) -> str:
        """A unit's name."""
        return self.workbook.units.at[unit, "name"]

    def listed(self, names: Iterable[str]) -> str:
        """Names as running text."""
        return join_names(names, self.lang)

    def number(self, value: float | None, decimals: int | None = None) -> str:
        """A number as written."""
        return write_number(value, self.lang, decimals)

    def date(self, day: dt.date | str) -> str:
        """A date as written."""
        return write_date(day, self.lang)

    def level_words(self, level: str) -> str:
        return pick(LEVEL_WORDS[level], self.lang)

    def set_title(self, set_id: str) -> str:
        return self.workbook.law.sets[set_id].title[self.lang]

    def decision(self, set_id: str) -> str:
        """A set's decision for short ("QĐ 1980/QĐ-TTg"), or its title where the decision was not
        found.
        """
        number = self.workbook.law.sets[set_id].decision.get("number")
        return f"QĐ {number}" if number else self.set_title(set_id)

    def criterion(self, set_id: str, number: int) -> str:
        """A criterion by number and name, as running text."""
        name = self.workbook.law.criteria_of(set_id).loc[number, f"name_{self.lang}"]
        return self.text("criterion_name", number=number, name=name)

    def owner(self, row: pd.Series) -> str:
        """A criterion's owner department, marked where it is assumed."""
        assumed = f" ({self.text('assumed_short')})" if row["owner_mark"] == "assumed" else ""
        return row[f"owner_{self.lang}"] + assumed

    def keep(self, subject: str, make: Callable[[], Any], **question: object) -> Any:
        """A result for the page's data set and as-of date, worked out once for all pages
        (:mod:`~ntm_analysis.tables.result_store`).
        """
        if (key := f"{subject} {question}") not in self._results:
            rests_on = {
                "folder": self.workbook.path,
                "files": self.files,
                "as_of": self.workbook.as_of,
            }
            self._results[key] = self.store.keep(subject, rests_on | question, make)
        return self._results[key]

    # what was judged ------------------------------------------------------------------------------

    def standing(self, set_id: str) -> Standing:
        """The standing by a set."""
        return self.keep("standing", lambda: assess(self.workbook, set_id), set=set_id)

    @cached_property
    def level(self) -> pd.DataFrame:
        """Recognised levels of the communes (:func:`~ntm_analysis.standing.recognition.levels`)."""
        return levels(self.workbook)

    def applied_today(self, level: str = "ntm") -> tuple[Standing, pd.DataFrame] | None:
        """The set of ``level`` in force applied today."""
        return self.keep("in-force", lambda: set_in_force(self.workbook, level), level=level)

    def revocations(self) -> pd.DataFrame:
        """What the rule on revocation says of the recognised communes, each judged by the set in
        force for its level.
        """
        tables = []
        for level, held in (("ntm", ("ntm",)), ("advanced", ("advanced", "model"))):
            applied = self.applied_today(level)
            standing = applied[0] if applied else self.standing(self.workbook.default_set(level))
            tables.append(revocation(self.workbook, standing, held))
        return pd.concat(tables)

    # building blocks ------------------------------------------------------------------------------

    def table(
        self,
        name: str,
        columns: str,
        rows: Iterable[Sequence],
        *,
        unit: str = "",
        style: str = "",
        note: str = "",
    ) -> Markup:
        """The page's next numbered table; nothing when it has no rows.

        ``name`` is the key of its title, ``columns`` the keys of its heads, each with its kind:
        ``"tt unit:name year:num"``. A head that is a number stands for itself. Rows that lack the
        cell of a first column ``tt`` are numbered. ``unit`` is the key of the unit of measure.
        """
        if not (rows := list(rows)):
            return Markup("")
        heads = []
        for column in columns.split():
            key, _, kind = column.partition(":")
            heads.append(PageColumn(key if key.isdigit() else self.text(f"head_{key}"), kind))
        if columns.startswith("tt "):
            places = count(1)
            rows = [row if len(row) == len(heads) else [next(places), *row] for row in rows]
        number = self.text("table_number", number=next(self._numbers))
        unit = self.text("table_unit", unit=self.text(unit)) if unit else ""
        title = self.text(f"table_{name}") + note
        self.tables.append((f"{number}. {title}", unit, [each.head for each in heads], rows))
        return office_table(number, title, heads, rows, lang=self.lang, unit=unit, style=style)

    def section(
        self, name: str, *parts: str, heading: str = "", title: str = "", wide: bool = False
    ) -> Part:
        """A section with its heading; plain strings become paragraphs, markup stays, empty parts
        go.
        """
        body = Markup("").join(
            p if isinstance(p, Markup) else self.paragraph(p) for p in parts if p
        ) + self.basis(name)
        wide_class = Markup(' class="wide"' if wide else "")
        title = title or self.text(f"section_{heading or name}")
        return Part('<section id="{}"{}><h2>{}</h2>{}</section>').format(
            name, wide_class, title, body
        )

    def to_try(self, tried: Callable[[], Any], *parts: str, commune: str = "") -> WhatIfPart:
        """The section in which changes can be tried."""
        part = WhatIfPart(self.section("thu-thay-doi", *parts))
        part.tried, part.commune, part.lang = tried, commune, self.lang
        return part

    def basis(self, name: str) -> Markup:
        """Under a section that answers a question of the meeting: where its sources stand, and (for
        the office) who must act.
        """
        key = f"act_{self.subject}_{name}"
        if key not in texts():
            return Markup("")
        act = Markup(" <strong>{}:</strong> {}." if self.internal else "").format(
            self.text("basis_act"), dagger(self.text(key))
        )
        return Markup('<p class="basis"><a href="#biet-den-dau">{}</a>.{}</p>').format(
            self.text("basis_sources"), act
        )

    def paragraph(self, line: str, kind: str = "") -> Markup:
        """A paragraph; (†) becomes a small raised mark."""
        return Markup("<p{}>{}</p>").format(
            Markup(' class="{}"').format(kind) if kind else "", dagger(line)
        )

    def key(self, name: str, **values: object) -> Markup:
        """The paragraph under a table or chart that says how to read it, by the key of its text."""
        return self.paragraph(self.text(name, **values), "key")

    def bullets(self, lines: Iterable[str]) -> Markup:
        items = Markup("").join(
            Markup("<li>{}</li>").format(dagger(line)) for line in lines if line
        )
        return Markup("<ul>{}</ul>").format(items) if items else Markup("")

    def warnings(self, problems: Iterable[Problem]) -> Markup:
        """What is wrong with the data, a line each (for the office only)."""
        return self.bullets(report(problems, self.lang).splitlines()[1:] if self.internal else [])

    def signatures(self) -> Markup:
        """The row of signatures, left blank."""
        heads = map(self.text, ("sign_prepared", "sign_head"))
        return Markup('<table class="signatures"><tr><td>{}</td><td>{}</td></tr></table>').format(
            *heads
        )

    # parts that both pages have -------------------------------------------------------------------

    @property
    def day(self) -> str:
        """The as-of date as written."""
        return self.date(self.workbook.as_of)

    @property
    def heading(self) -> str:
        """The page's heading, with the as-of date."""
        return self.text(
            f"heading_{self.subject}", place=self.workbook.meta["title"][self.lang], day=self.day
        )

    def title(self) -> Part:
        """Heading, as-of date, the line that says what the page is; a banner on invented data."""
        as_of = self.workbook.meta["as_of"]
        assumed = as_of.get("mark") == "assumed" and as_of["date"] == self.workbook.as_of
        parts = [
            Markup("<h1>{}</h1>").format(self.heading),
            self.paragraph(
                self.text("as_of_assumed" if assumed else "as_of", day=self.day), "as-of"
            ),
            self.paragraph(self.text("draft"), "draft"),
        ]
        if self.workbook.illustrative:
            watermark = Markup('<div class="illustrative" aria-hidden="true">{}</div>')
            parts += [
                self.paragraph(self.text("illustrative_long"), "banner"),
                watermark.format(self.text("illustrative")),
            ]
        return Part(IN_LAB + Markup("").join(parts))

    def left_out(self) -> str:
        """What the page does not use because it became known only later."""
        later = self.workbook.left_out
        law = sum(n for name, n in later.items() if name.endswith(".yaml"))
        rows = sum(later.values()) - law
        return self.text("left_out", day=self.day, law=law, rows=rows) if later else ""

    def source(self, ids: str) -> str:
        """The short names of one or more sources ("a|b"), as they stand in the table of sources."""
        rows = self.workbook.tables["sources"].set_index("id")
        names = [
            rows.loc[i, "short"] or rows.loc[i, "title"] if i in rows.index else i
            for i in ids.split("|")
        ]
        return "; ".join(
            self.set_title(name) if name in self.workbook.law.sets else name for name in names
        )

    def sources(self, used: Iterable[str]) -> Markup:
        """The sources used, with title, address and day."""
        ids = {source for cell in used for source in cell.split("|")}
        rows = self.workbook.tables["sources"]
        cells = []
        for _, row in rows[rows["id"].isin(ids)].iterrows():
            title = Markup.escape(". ".join(filter(None, (row["title"], row["note"]))))
            if row["address"].startswith(("https://", "http://")):
                title += Markup('. <a href="{0}" rel="noreferrer">{0}</a>').format(row["address"])
            elif row["address"]:
                title += ". " + row["address"]
            day = "..." if pd.isna(row["published"]) else self.date(row["published"])
            cells.append([self.source(row["id"]), title, day])
        return self.table("sources", "id:name title published", cells)

    def knowledge(self, before: str = "", after: str = "") -> Part:
        """What was left out, with a line before and after, and the sources of what the page rests
        on.
        """
        tables = self.workbook.tables
        used = [source for name in self.based_on.split() for source in tables[name]["source"]]
        return self.section("biet-den-dau", before, self.left_out(), after, self.sources(used))

    def footer_standing(self) -> Standing:
        """The standing whose shares the footer gives."""
        return self.standing(self.set_id)

    def data_hash(self) -> str:
        """The hash of the data that the page rests on."""
        return self.workbook.content_hash

    def item_names(self) -> dict[str, str]:
        """What works are called, by item."""
        return self.workbook.tables["unit_costs"].set_index("item")[f"name_{self.lang}"].to_dict()

    def footer(self) -> Part:
        """Data set and its hash, as-of date, parameters, versions, shares reported, assumed,
        unknown; gives the hash of all files to the line of the manifest.
        """
        standing = self.footer_standing()
        typed = ", ".join(f"{name}={value}" for name, value in self.parameters.items() if value)
        versions = (
            f"ntm-analysis {__version__}, pandas {pd.__version__}, "
            f"Python {platform.python_version()}"
        )
        shares = mark_shares_words(knowledge_shares(standing), self.lang)
        return self.footer_of(
            self.data_line(),
            self.text("footer_parameters", typed=typed),
            self.text("footer_versions", versions=versions),
            self.text("footer_shares", set=self.decision(standing.set_id), shares=shares),
            self.text("draft"),
        )

    def footer_of(self, *lines: str) -> Part:
        """The footer with these lines."""
        footer = Part("<footer>{}</footer>").format(Markup("").join(map(self.paragraph, lines)))
        footer.result = {"files": self.files}
        return footer

    def data_line(self) -> str:
        """The data set, its hash, the day."""
        hash_ = self.data_hash()[:12]
        return self.text("footer_data", id=self.workbook.id, hash=hash_, day=self.day)


class TargetsPage(Page):
    """A page that can show the district's plan, for all communes or for one."""

    @property
    def hamlet_word(self) -> str | None:
        """What the district calls its hamlets, where the data set says so."""
        return (self.workbook.meta.get("hamlet_word") or {}).get(self.lang)

    def targets_of(self, kind: str) -> pd.DataFrame:
        """Targets of one kind (``plan`` or ``pledge``) for communes that exist, the nearest year
        first.
        """
        rows = self.workbook.tables["targets"]
        rows = rows[(rows["kind"] == kind) & rows["unit"].isin(self.workbook.communes.index)]
        places = {"level": LEVELS.index, "unit": self.workbook.units["order"].to_dict().get}
        return rows.sort_values(
            ["year", "level", "unit"],
            key=lambda column: column.map(places[column.name]) if column.name in places else column,
            kind="stable",
        )

    def covered_by(self, goal: pd.Series) -> pd.Index:
        """Communes that a yearly rule covers: all; those not yet NTM; those NTM and not on the
        year's list for more.
        """
        return covered_communes(self.workbook, goal, self.level["level"])

    def missing_words(self, set_id: str, unit: int) -> str:
        """What a commune still lacks of a set: criteria by name, and how many have no name or no
        data.
        """
        counts = self.standing(set_id).counts.loc[unit]
        if pd.isna(counts["met"]):
            return self.text("bar_no_data")
        named = [self.criterion(set_id, n) for n in counts["missing"]]
        nameless = [self.text("nameless", n=counts["unknown"])] if counts["unknown"] else []
        return self.listed(named + nameless) or "-"

    def department(self, row: pd.Series) -> str:
        """Who is to act by a row of :func:`~ntm_analysis.standing.duties.department_duties`, marked
        where the law's owner is only assumed.
        """
        if row["assigned"]:
            return row["department"]
        name = row["department"] if self.lang == "vi" else row["department_en"]
        return name + (f" ({self.text('assumed_short')})" if row["mark"] == "assumed" else "")

    def duties(self, sets: pd.Series) -> pd.DataFrame:
        """What departments owe (:func:`~ntm_analysis.standing.department_duties`), each commune by
        its set.
        """
        standings = {set_id: self.standing(set_id) for set_id in set(sets)}
        return department_duties(self.workbook, standings, sets)

    def target_cells(self, target: pd.Series) -> list[str]:
        """A target as cells: the commune, what it aims at, by when, of which kind, how many
        criteria it meets, what it lacks.
        """
        set_id, unit = self.workbook.default_set(target["level"]), target["unit"]
        counts = count_words(self.standing(set_id).counts.loc[unit])
        aim = self.aim(target).values()
        return [self.name_of(unit), *aim, counts, self.missing_words(set_id, unit)]

    def aim(self, target: dict | pd.Series) -> dict[str, str]:
        """What a target aims at, by when, of which kind."""
        return {
            "level": self.level_words(target["level"]),
            "year": f"{target['year']:g}",
            "kind": self.text(f"kind_{target['kind']}"),
        }

    def targets_table(self) -> Markup:
        """Planned targets and pledges of the district, with where each commune stands now."""
        chosen = pd.concat([self.targets_of("plan"), self.targets_of("pledge")])
        rows = [
            [*self.target_cells(target), self.source(target["source"])]
            for target in chosen.to_dict("records")
        ]
        return self.table(
            "targets", "tt unit:name aim year:num kind count:num missing source", rows
        )

    def owners_sentence(self) -> str:
        """Which department owns each criterion that a planned commune lacks."""
        owners = {}
        for _, target in self.targets_of("plan").iterrows():
            set_id = self.workbook.default_set(target["level"])
            criteria = self.workbook.law.criteria_of(set_id)
            for number in self.standing(set_id).counts.loc[target["unit"], "missing"]:
                owners[self.criterion(set_id, number)] = criteria.loc[number, f"owner_{self.lang}"]
        parts = "; ".join(f"{name}: {owner}" for name, owner in owners.items())
        return self.text("owners", parts=parts) if parts else ""

    def tasks_table(self, unit: int | None = None) -> Markup:
        """Tasks by name and quantity, of one commune or of all."""
        tasks = self.workbook.tables["tasks"]
        chosen = [unit] if unit is not None else self.workbook.communes.index
        rows = []
        for _, task in tasks[tasks["unit"].isin(chosen)].sort_values(["unit", "number"]).iterrows():
            rows.append(
                [
                    f"{task['number']:g}",
                    self.name_of(task["unit"]),
                    task[f"task_{self.lang}"],
                    self.number(task["quantity"]),
                    task[f"unit_{self.lang}"] or "...",
                    self.source(task["source"]),
                ]
            )
        return self.table("tasks", "tt unit:name task quantity:num measure source", rows)

    def goals_table(self) -> Markup:
        """The yearly rules and how many communes each covers."""
        goals = self.workbook.tables["goals"]
        rows = []
        for _, goal in goals[goals["kind"] == "yearly_rule"].iterrows():
            rows.append(
                [
                    goal[f"text_{self.lang}"],
                    f"{goal['year']:g}",
                    self.number(goal["quantity"]),
                    goal[f"unit_{self.lang}"],
                    len(self.covered_by(goal)),
                    self.source(goal["source"]),
                ]
            )
        return self.table(
            "goals", "rule:name year:num quantity:num measure covered:num source", rows
        )

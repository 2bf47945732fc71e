"""A data folder opened: every table read, checked against its dictionary, the law and the other
tables, all at once.

``Workbook.open`` raises :class:`~ntm_analysis.tables.problems.DataProblems` with every problem
found, or gives a workbook cut to what was known on its as-of date; ``left_out`` counts the rows
that came later.
"""

import contextlib
import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ..language import YEARS, fold, nearest, read_date, slug
from ..law import LEVELS, REGION_NAMES, Law, read_law
from ..tables import (
    DATA,
    REPOSITORY,
    TABLES,
    UNUSED,
    WHOLE_FILE,
    DataProblems,
    Problem,
    dictionary,
    read_table,
    read_yaml,
    report,
    shown,
)
from .checks import MONTHLY, check_monthly, check_table
from .plan_checks import PLAN_TABLES, UNUSED_RULES, check_lists, check_plan, unbounded
from .units import described, ends, number_units, with_progress
from .versions import heal

MARKS = ("reported", "assumed", "illustrative")


def merged_mark(marks: list[str]) -> str:
    """The mark of a value that rests on several: reported only when all are.

    >>> merged_mark(["reported", "reported"]), merged_mark(["reported", "assumed"]), merged_mark(["assumed", "illustrative"])
    ('reported', 'assumed', 'illustrative')
    """
    return next((mark for mark in ("illustrative", "assumed") if mark in marks), "reported")


class UnknownCommune(LookupError):
    """No unit, or more than one, answers to a name; ``near`` lists what was meant perhaps, or what
    became of it.
    """

    def __init__(self, text: str, near: list[str], some: list[str] | None = None) -> None:
        super().__init__(shown("; ".join([text, *near])))
        self.text, self.near, self.some = text, near, some or []

    def _render_traceback_(self):
        """What a notebook shows in the place of a traceback: what to change, in both languages."""
        details = {"value": shown(self.text), "some": ", ".join(self.near or self.some) or "..."}
        problem = Problem("no_commune_here", "commune", details=details)
        return [line for lang in ("vi", "en") for line in report([problem], lang).splitlines()]


@dataclass
class Workbook:
    """One data set as it was known on ``as_of``.

    ``units``: the units that exist on the as-of date, in administrative order, with ``label`` ("Xã
    Thanh Hương") and ``slug``; its index is the ``unit`` number that all tables refer to
    (``all_units``: of whatever time). ``tables``: the other tables by name, rows known by the as-of
    date only, each with ``unit`` where it names one. ``left_out``: rows dropped, by table or law
    set. ``unlisted``: units made by mergers that ``units.csv`` does not hold, so that no count of
    communes includes them. A scenario may choose the set that judges NTM (``judged_by``) and the
    deadline (``deadline``); ``usual``: then the data set without any scenario, whose money is the
    usual one. ``written``: all rows of the tables as they stand in the files, whenever they became
    known.
    """

    path: Path
    meta: dict
    as_of: dt.date
    law: Law
    units: pd.DataFrame
    all_units: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    left_out: dict[str, int]
    unlisted: list[str]
    warnings: list[Problem] = field(default_factory=list)
    content_hash: str = ""
    judged_by: str = ""
    deadline: dt.date | None = None
    usual: "Workbook | None" = None
    written: dict[str, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        dataset: str | Path = "data/thanh-chuong",
        as_of: dt.date | str | None = None,
        over: Path | None = None,
    ) -> "Workbook":
        """Open a data set by folder or by its name under ``data/``, from the repository's root or
        from ``notebooks/``.

        ``over``: a folder whose CSV files stand in place of the data set's, to see what it would be
        with them. Raises FileNotFoundError when there is no such data set, NotRead (a ValueError)
        for an as-of date that is none, :class:`DataProblems` when anything in it is wrong.

        >>> len(Workbook.open("data/thanh-chuong").communes)
        37
        """
        day = as_of if isinstance(as_of, dt.date) else read_date(as_of) if as_of else None
        folder = locate(dataset)
        problems = []
        meta = read_yaml(folder / "dataset.yaml", problems)
        style_at = f"dataset.yaml:{meta.at('number_style')}" if meta else "dataset.yaml"
        meta = _checked_meta(meta, problems) if meta else {}
        style = meta.get("number_style", "vi")
        laid_over = {path.name: path for path in over.glob("*.csv")} if over else {}
        files = {t: laid_over.get(f"{t}.csv", folder / f"{t}.csv") for t in TABLES}
        tables = {t: read_table(files[t], t, style, style_at, problems) for t in TABLES}
        criteria_folder = (folder / str(meta.get("criteria", "../criteria"))).resolve()
        if not any(
            criteria_folder.glob("*.yaml")
        ):  # told alone: whatever is said of a set would be wrong for this one reason
            if meta:
                details = {"folder": criteria_folder}
                problems.append(
                    Problem("no_law", "dataset.yaml", meta.at("criteria"), "criteria", details)
                )
            raise DataProblems(problems)
        # What was published about the province and the country belongs to no data set: it stands
        # beside the law.
        reference = criteria_folder.parent / "reference"
        tables["history"] = _history(reference / "history.csv", problems)
        law = read_law(criteria_folder, problems)
        units = number_units(tables["units"], tables["mergers"], meta, problems)
        if (
            not any(len(table) for table in tables.values() if "commune" in table)
            and tables["units"].empty
        ):
            # A data set just laid out: it waits for its communes, and nothing in it speaks of any.
            problems = [replace(p, warning=p.warning or p.code == "no_rows") for p in problems]
        tables["units"] = tables["units"].assign(
            district=units["district"]
        )  # filled: money may serve a district
        broken = {p.file for p in problems if p.code in WHOLE_FILE and not p.warning}
        sources = None if "sources.csv" in broken else tables["sources"]
        _check_references(meta, law, sources, problems)
        for name in TABLES if "units.csv" not in broken else ():
            check_table(name, tables[name], units, law, sources, problems)
        if {"as_of", "term_end"} <= set(meta) and not broken & {
            f"{name}.csv" for name in PLAN_TABLES
        }:
            check_plan(tables, meta["as_of"]["date"].year, meta["term_end"]["date"].year, problems)
        if "as_of" in meta and not broken & {"units.csv", "targets.csv", "recognitions.csv"}:
            check_lists(tables, units, meta["as_of"]["date"], problems)
        if not broken & {
            "units.csv",
            "works.csv",
            "pots.csv",
            *(f"{name}.csv" for name in MONTHLY),
        }:
            check_monthly(tables, law, problems)
        if any(not p.warning for p in problems):
            raise DataProblems(problems)
        problems += _unused(folder, tables["assumptions"]) + unbounded(tables)
        digest = content_hash(folder, criteria_folder, reference)
        return cls._cut(
            folder, meta, day or meta["as_of"]["date"], law, units, tables, problems, digest
        )

    @classmethod
    def _cut(cls, folder, meta, day, law, units, tables, problems, digest):
        """The workbook as known on ``day``: later rows go to ``left_out``, units that do not exist
        then go away.
        """
        known = pd.Timestamp(day)
        left_out = {}
        cut = {}
        for name, table in tables.items():
            rows = table[table["known_from"] <= known] if "known_from" in table else table
            if len(rows) < len(table):
                left_out[f"{name}.csv"] = len(table) - len(rows)
            cut[name] = rows
        cut = with_progress(cut)
        later = law.values[law.values["known_from"] > known].groupby("set").size()
        left_out |= {f"{set_id}.yaml": int(n) for set_id, n in later.items()}
        for label, rules in (
            ("district", law.district),
            ("recognition", law.recognition + law.revocation),
        ):
            if n := sum(rule["known_from"] > day for rule in rules):
                left_out[f"{label}.yaml"] = n
        over = ends(units, cut["mergers"], known)
        exists = (
            (units["known_from"] <= known)
            & (units["valid_from"] <= known)
            & (over.isna() | (over > known))
        )
        if len(units) and not (exists & (units["kind"] == "commune")).any():
            raise DataProblems(
                [Problem("no_units_then", "units.csv", details={"day": f"{day:%d/%m/%Y}"})]
            )
        warnings = list(problems)
        done = (
            cut["mergers"][cut["mergers"]["on"] <= known]
            .sort_values("on")
            .drop_duplicates("unit", keep="last")
        )
        unlisted = sorted(set(done["into_name"]) - set(units.loc[exists, "name"]))
        for name in unlisted:
            warnings.append(
                Problem("new_unit_unlisted", "mergers.csv", details={"value": name}, warning=True)
            )
        ordered = units[exists].sort_values("order")
        return cls(
            folder,
            meta,
            day,
            law,
            ordered,
            units,
            cut,
            left_out,
            unlisted,
            warnings,
            digest,
            written=tables,
        )

    def again(
        self, day: dt.date, tables: dict[str, pd.DataFrame], units: pd.DataFrame | None = None
    ) -> "Workbook":
        """The data set as of another day with other rows (of ``written``); rows not known by then
        are left out as ever. A scenario's deadline and set are kept. ``units``: in place of all
        units there are.
        """
        units = self.all_units if units is None else units
        made = self._cut(self.path, self.meta, day, self.law, units, tables, [], self.content_hash)
        return replace(made, judged_by=self.judged_by, deadline=self.deadline)

    @property
    def id(self) -> str:
        """The data set's name, safe in file names."""
        return slug(str(self.meta["id"]))

    @property
    def law_folder(self) -> Path:
        """Where the criteria sets stand that this data set is judged by; published series stand
        beside it.
        """
        return (self.path / str(self.meta.get("criteria", "../criteria"))).resolve()

    @property
    def communes(self) -> pd.DataFrame:
        """The units that count in "x/37 xã": communes, without townships."""
        return self.units[self.units["kind"] == "commune"]

    @property
    def illustrative(self) -> bool:
        """Whether the data set is invented; then every page says so."""
        return bool(self.meta.get("illustrative"))

    def default_set(self, level: str) -> str:
        """The set in which this data set reports ``level``: the data set's own, else the one in
        force.

        >>> Workbook.open("data/thanh-chuong").default_set("ntm")
        'ntm-2016-2020'
        """
        chosen = (self.meta.get("sets") or {}).get(level)
        return chosen or self.law.in_force(level, self.as_of) or ""

    @property
    def judging_set(self) -> str:
        """The set that judges NTM from now on: a scenario's choice, else the one in force, else the
        one reported in.
        """
        return self.judged_by or self.law.in_force("ntm", self.as_of) or self.default_set("ntm")

    def heading(self, scenario_id: str = "baseline", title: dict[str, str] | None = None) -> dict:
        """What every record says of itself first: data set, day, hash of the inputs, whether they
        are invented, scenario.
        """
        return {
            "dataset": self.id,
            "as_of": f"{self.as_of}",
            "content_hash": self.content_hash,
            "illustrative": self.illustrative,
            "scenario": scenario_id,
            "scenario_title": title or {"vi": scenario_id, "en": scenario_id},
        }

    @property
    def last_day(self) -> dt.date:
        """The day that communes must finish by: a scenario's deadline, else the end of the term."""
        return self.deadline or self.meta["term_end"]["date"]

    @property
    def horizon(self) -> int:
        """The last year that money and thresholds are looked at in: that of the term, or of a later
        deadline.
        """
        return max(self.last_day.year, self.meta["term_end"]["date"].year)

    def rules_in_force(self, rules: list[dict]) -> list[dict]:
        """The rules known and in force on the as-of date (of ``law.recognition``,
        ``law.revocation``, ``law.district``).
        """
        day = self.as_of
        return [
            r
            for r in rules
            if max(r["from"], r["known_from"]) <= day and (r["to"] is None or r["to"] >= day)
        ]

    def find(self, text: str | int) -> int:
        """The ``unit`` number of the unit named by code, name with or without diacritics, or slug.

        Raises :class:`UnknownCommune` with the nearest names, or with all units that answer to the
        name.
        """
        text = str(text).strip()  # papermill's command line turns a code into a number
        tries = (
            self.units["code"] == text.zfill(5),
            self.units["name"].map(fold) == fold(text),
            self.units["slug"] == text,
            self.units["name"].map(_bare_slug) == _bare_slug(text),
        )
        for hit in tries:
            if hit.sum() == 1:
                return int(self.units.index[hit][0])
            if hit.any():
                raise UnknownCommune(
                    text, [described(row) for _, row in self.units[hit].iterrows()]
                )
        gone = self.tables["mergers"]
        gone = gone[gone["unit"].map(self.all_units["name"].map(_bare_slug)) == _bare_slug(text)]
        became = [
            f"{row['into_name']} (từ {row['on']:%d/%m/%Y}, {row['resolution']})"
            for _, row in gone.iterrows()
        ]
        near = became or nearest(_bare_slug(text).replace("-", " "), self.units["name"])
        raise UnknownCommune(text, near, self.communes["name"].head(5).tolist())


def locate(dataset: str | Path) -> Path:
    """The folder of a data set: as given, else under the working folder, its parents or the
    repository.

    >>> locate("thanh-chuong").name
    'thanh-chuong'
    """
    given = Path(str(dataset).strip() or ".")
    roots = [Path.cwd(), *Path.cwd().parents, REPOSITORY]
    for root in roots:
        for candidate in (root / given, root / "data" / given):
            with contextlib.suppress(OSError):  # a name too long for the system is no data set
                heal(candidate.resolve())
                if (candidate / "dataset.yaml").is_file() or (
                    candidate.is_dir() and root == roots[0] and given.parts
                ):
                    return candidate.resolve()
    raise FileNotFoundError(str(dataset))


def _unused(folder, rules):
    """Warnings: tables and assumptions of older data sets that no answer rests on any more, told
    once.
    """
    told = [
        Problem("table_unused", f"{name}.csv", warning=True)
        for name in UNUSED
        if (folder / f"{name}.csv").exists()
    ]
    if keys := [key for key in rules["key"] if key in UNUSED_RULES]:
        told.append(
            Problem(
                "rules_unused", "assumptions.csv", details={"keys": ", ".join(keys)}, warning=True
            )
        )
    return told


def _history(path, problems):
    """The published series; without the file none, and a forecast says that it cannot be made."""
    if path.exists():
        return read_table(path, "history", "vi", "vi", problems)
    return pd.DataFrame({c: pd.Series(dtype="str") for c in dictionary("history")}).astype(
        {"value": float, "known_from": "datetime64[s]"}
    )


def datasets() -> list[str]:
    """Names of the data sets that stand beside the package."""
    found = (p.parent.name for p in DATA.glob("*/dataset.yaml"))
    return sorted(
        name for name in found if not name.startswith(".")
    )  # hidden: versions that an import keeps


def _bare_slug(text):
    """A name's slug without the words xã and thị trấn, however they were typed."""
    made = slug(text)
    for prefix in ("xa-", "thi-tran-"):
        if made.startswith(prefix) and len(made) > len(prefix):
            return made[len(prefix) :]
    return made


def _checked_meta(meta, problems):
    """The settings of ``dataset.yaml``, with what is wrong in them reported and taken out."""
    file = "dataset.yaml"

    def words(value, keys=("vi", "en")):
        texts = [value.get(key) for key in keys] if isinstance(value, dict) else [None]
        return all(isinstance(t, str) and t.strip() and t.isprintable() for t in texts)

    def dated(value):
        day = value.get("date") if isinstance(value, dict) else None
        return (
            type(day) is dt.date and YEARS[0] <= day.year <= YEARS[1] and value.get("mark") in MARKS
        )

    def levels(value):
        return (
            isinstance(value, dict)
            and set(value) == set(LEVELS)
            and all(isinstance(v, str) for v in value.values())
        )

    place, text = "{code: ..., name: ...}", "{vi: ..., en: ...}"
    shapes = {
        "id": (
            lambda v: isinstance(v, str) and slug(v) == v and 0 < len(v) <= 60,
            "thanh-chuong",
            True,
        ),
        "title": (words, text, True),
        "district": (lambda v: words(v, ("code", "name")), place, False),
        "province": (lambda v: words(v, ("code", "name")), place, False),
        "region": (
            lambda v: isinstance(v, str) and v in REGION_NAMES,
            ", ".join(REGION_NAMES),
            True,
        ),
        "hamlet_word": (words, text, False),
        "as_of": (dated, f"{{date: 2022-03-31, mark: {'|'.join(MARKS)}}}", True),
        "term_end": (dated, f"{{date: 2025-12-31, mark: {'|'.join(MARKS)}}}", True),
        "number_style": (lambda v: v in ("vi", "en"), "vi, en", True),
        "criteria": (lambda v: isinstance(v, str) and v.isprintable(), "../criteria", False),
        "sets": (levels, "{ntm: ..., advanced: ..., model: ...}", True),
        "illustrative": (lambda v: isinstance(v, bool), "true, false", False),
    }
    for key in [key for key in meta if key not in shapes]:
        problems.append(
            Problem(
                "yaml_key", file, meta.at(key), details={"value": key, "allowed": ", ".join(shapes)}
            )
        )
        del meta[key]
    for key, (fits, allowed, required) in shapes.items():
        if key not in meta:
            if required:
                problems.append(Problem("yaml_missing", file, meta.line, details={"value": key}))
        elif not fits(meta[key]):
            problems.append(
                Problem(
                    "yaml_value", file, meta.at(key), key, {"value": meta[key], "allowed": allowed}
                )
            )
            del meta[key]
    return meta


def _check_references(meta, law, sources, problems):
    """What ``dataset.yaml`` names exists: sets of the right level, sources."""
    file = "dataset.yaml"
    for level, set_id in (meta.get("sets") or {}).items():
        place = (file, meta["sets"].at(level), f"sets.{level}")
        if set_id not in law.sets:
            problems.append(
                Problem(
                    "unknown_set", *place, {"value": set_id, "allowed": ", ".join(sorted(law.sets))}
                )
            )
        elif law.sets[set_id].level != level:
            details = {"set": set_id, "found": law.sets[set_id].level, "wanted": level}
            problems.append(Problem("wrong_level", *place, details))
    for key in ("as_of", "term_end") if sources is not None else ():
        source, ids = (meta.get(key) or {}).get("source"), sorted(sources["id"])
        if source is not None and source not in ids:
            details = {"value": source, "near": ", ".join(nearest(str(source), ids) or ids[:3])}
            problems.append(Problem("unknown_source", file, meta.at(key), key, details))


def content_hash(*folders: Path) -> str:
    """A short hash of all input files, the same on every system whatever its line ends."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(
            p for p in [*folder.glob("*.csv"), *folder.glob("*.yaml")] if p.is_file()
        ):
            digest.update(
                path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0"
            )
    return digest.hexdigest()[:12]

"""A data folder opened: every table read and checked, all at once.

``Workbook.open`` raises :class:`~ntm_analysis.tables.DataProblemsError` with every problem, or
gives a workbook cut to what was known on its as-of date; ``left_out`` counts the rows that came
later.
"""

import contextlib
import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ..language import YEARS, RefusalError, day_of, fold, nearest, slug
from ..law import LEVELS, REGION_NAMES, Law, read_law
from ..tables import (
    DATA,
    REPOSITORY,
    TABLES,
    UNUSED_TABLES,
    WHOLE_FILE,
    DataProblemsError,
    Lines,
    Problem,
    Shape,
    ShapedFile,
    hash_of_files,
    one_of,
    read_table,
    read_yaml,
    report,
    sweep,
)
from .money_checks import UNUSED_RULES, check_lists, check_money, missing_bounds
from .table_checks import MONEY_TABLES, MONTHLY, check_all_rules, check_monthly, check_table
from .units import describe_unit, end_days, newest_mergers, number_units, with_progress
from .versions import heal

MARKS = ("reported", "assumed", "illustrative")
DATED = {"date", "mark", "source", "note"}  # what may be said of a day
LONGEST = 250  # letters of a title or name


def _texts(*keys):
    """Make the shape of texts under keys, each one short line that a console can show."""

    def fits(value):
        lines = [value[key] for key in keys]
        short = all(line.strip() and len(line) <= LONGEST for line in lines)
        return short and all(map(str.isprintable, lines)) and set(value) == set(keys)

    return Shape(fits, f"{{{', '.join(f'{key}: ...' for key in keys)}}} (≤ {LONGEST})")


def _dated(example):
    """Make the shape of a day with its mark."""

    def fits(value):
        day = value["date"]
        known = type(day) is dt.date and YEARS[0] <= day.year <= YEARS[1]
        return known and value["mark"] in MARKS and set(value) <= DATED

    return Shape(fits, f"{{date: {example}, mark: {'|'.join(MARKS)}, source: ..., note: ...}}")


# What dataset.yaml says.
SETTINGS = {
    "id": Shape(lambda name: slug(name) == name and 0 < len(name) <= 60, "thanh-chuong"),
    "title": _texts("vi", "en"),
    "district?": _texts("code", "name"),
    "province?": _texts("code", "name"),
    "region": one_of(*REGION_NAMES),
    "hamlet_word?": _texts("vi", "en"),
    "as_of": _dated("2022-03-31"),
    "term_end": _dated("2025-12-31"),
    "number_style": one_of("vi", "en"),
    "criteria?": Shape(lambda path: path.strip() and path.isprintable(), "../criteria"),
    "sets": Shape(
        lambda sets: set(sets) == set(LEVELS) and all(isinstance(v, str) for v in sets.values()),
        "{ntm: ..., advanced: ..., model: ...}",
    ),
    "illustrative?": Shape(bool, "true, false"),
}


def merged_mark(marks):
    """Mark a value that rests on several: reported only when all are.

    Parameters
    ----------
    marks : list of str

    Returns
    -------
    str

    Examples
    --------
    >>> merged_mark(["reported", "assumed"]), merged_mark(["assumed", "illustrative"])
    ('assumed', 'illustrative')
    """
    return next((mark for mark in ("illustrative", "assumed") if mark in marks), "reported")


class UnknownCommuneError(RefusalError):
    """No unit, or more than one, answers to a name.

    Of the details ``near`` lists what was meant perhaps, or what became of it, ``some`` a few
    communes that there are.
    """

    def _render_traceback_(self):
        """Show in the place of a notebook's traceback what to change, in both languages."""
        some = self.details["near"] or self.details["some"]
        details = {"value": self.details["name"], "some": ", ".join(some) or "..."}
        problem = Problem("no_commune_here", "commune", details=details)
        return [line for lang in ("vi", "en") for line in report([problem], lang).splitlines()]


BASELINE_TITLE = {"vi": "kịch bản gốc", "en": "baseline"}


@dataclass
class Workbook:
    """One data set as it was known on a day.

    Attributes
    ----------
    path : Path
    meta : dict
        What ``dataset.yaml`` says.
    as_of : datetime.date
    law : Law
    units : DataFrame
        The units that exist on the as-of date, in administrative order: ``units.csv`` with
        ``label`` ("Xã Thanh Hương"), ``slug``, ``region``, ``end``; the index is the ``unit``
        number that all tables refer to.
    all_units : DataFrame
        The same of whatever time.
    tables : dict of str to DataFrame
        The other tables by name, rows known by the as-of date only, each with ``unit`` where it
        names one.
    left_out : dict of str to int
        Rows dropped, by table or law set.
    unlisted : list of str
        Units made by mergers that ``units.csv`` does not hold, so that no count of communes
        includes them.
    warnings : list of Problem
    content_hash : str
        Of all input files.
    judged_by : str
        The set that judges NTM, where a scenario chooses one.
    deadline : datetime.date or None
        A scenario's.
    policy : str
        A scenario's.
    scenario_id : str
    scenario_title : dict of str to str
        By language.
    usual : Workbook or None
        Of a scenario: the data set without any, whose money is the usual one.
    all_rows : dict of str to DataFrame
        All rows of the tables as they stand in the files, whenever they became known.
    """

    path: Path
    meta: dict
    as_of: dt.date
    law: Law
    units: pd.DataFrame
    all_units: pd.DataFrame
    tables: dict
    left_out: dict
    unlisted: list
    warnings: list = field(default_factory=list)
    content_hash: str = ""
    judged_by: str = ""
    deadline: dt.date = None
    policy: str = "own"
    scenario_id: str = "baseline"
    scenario_title: dict = field(default_factory=BASELINE_TITLE.copy)
    usual: object = None
    all_rows: dict = field(default_factory=dict)

    def __repr__(self):
        """Name the data set, its day and its size."""
        size = f"{len(self.communes)} communes, {len(self.tables)} tables"
        return f"Workbook {self.id} as of {self.as_of}: {size}"

    @classmethod
    def open(cls, dataset="data/thanh-chuong", as_of=None, over=None):
        """Open a data set.

        Parameters
        ----------
        dataset : str or Path
            Its folder, or its name under ``data/``, from the repository's root or from
            ``notebooks/``.
        as_of : datetime.date or str, optional
            Default: the data set's own day.
        over : Path, optional
            A folder whose CSV files stand in place of the data set's, to see what it would be with
            them.

        Returns
        -------
        Workbook

        Raises
        ------
        RefusalError
            When there is no such data set.
        UnreadableError
            For an as-of date that is none.
        DataProblemsError
            When anything in the data set is wrong.

        Examples
        --------
        >>> Workbook.open("data/thanh-chuong")
        Workbook thanh-chuong as of 2022-03-31: 37 communes, 36 tables
        """
        day = day_of(as_of) if as_of else None
        folder, problems = locate(dataset), []
        meta = read_yaml(folder / "dataset.yaml", problems)
        style_at = f"dataset.yaml:{meta.at('number_style')}" if meta else "dataset.yaml"
        meta = Lines() if meta is None else _settings(meta, problems)
        style, tables = meta.get("number_style", "vi"), {}
        for name in TABLES:
            path = folder / f"{name}.csv"
            if over and (over / path.name).exists():
                path = over / path.name
            tables[name] = read_table(path, name, style, style_at, problems)
        law_folder = (folder / str(meta.get("criteria", "../criteria"))).resolve()
        if law_folder == folder or not any(law_folder.glob("*.yaml")):
            # Told alone: whatever is said of a set would be wrong for this one reason.
            if meta:
                place = ("dataset.yaml", meta.at("criteria"), "criteria")
                problems.append(Problem("no_law", *place, {"folder": law_folder}))
            raise DataProblemsError(problems)
        # What was published about the province and the country belongs to no data set: it stands
        # beside the law.
        reference = law_folder.parent / "reference"
        if (history := reference / "history.csv").exists():
            tables["history"] = read_table(history, "history", "vi", "vi", problems)
        before_law = len(problems)
        law = read_law(law_folder, problems)
        if any(problem.code in WHOLE_FILE for problem in problems[before_law:]):
            raise DataProblemsError(problems)  # every row of a set that was not read would be told
        units = number_units(tables["units"], tables["mergers"], meta, problems)
        if units.empty and not any(len(rows) for rows in tables.values() if "commune" in rows):
            # A data set just laid out: it waits for its communes, and nothing in it speaks of any.
            problems = [replace(p, warning=p.warning or p.code == "no_rows") for p in problems]
        tables["units"] = tables["units"].assign(district=units["district"])  # money may serve it
        _check(tables, units, law, meta, problems)
        if any(not p.warning for p in problems):
            raise DataProblemsError(problems)
        problems += _unused(folder, tables["assumptions"]) + missing_bounds(tables)
        digest = content_hash(folder, law_folder, reference)
        day = day or meta["as_of"]["date"]
        return cls._cut(folder, meta, day, law, units, tables, problems, digest)

    @classmethod
    def _cut(cls, folder, meta, day, law, units, tables, problems, digest):
        """Make the workbook as known on ``day``.

        Later rows go to ``left_out``, units that do not exist then go away.
        """
        known = pd.Timestamp(day)
        cut = {
            name: rows[rows["known_from"] <= known] if "known_from" in rows else rows
            for name, rows in tables.items()
        }
        left_out = {f"{name}.csv": len(tables[name]) - len(rows) for name, rows in cut.items()}
        later = law.values[law.values["known_from"] > known].groupby("set").size()
        left_out |= {f"{set_id}.yaml": int(n) for set_id, n in later.items()}
        rules = {"district": law.district, "recognition": law.recognition + law.revocation}
        for file, blocks in rules.items():
            left_out[f"{file}.yaml"] = sum(rule["known_from"] > day for rule in blocks)
        cut, mergers = with_progress(cut), cut["mergers"]
        end = end_days(units, mergers, known)
        begun = (units["known_from"] <= known) & (units["valid_from"] <= known)
        there = units[begun & (end.isna() | (end > known))].sort_values("order")
        if len(units) and "commune" not in set(there["kind"]):
            details = {"day": f"{day:%d/%m/%Y}"}
            raise DataProblemsError([Problem("no_units_then", "units.csv", details=details)])
        unlisted = sorted({*newest_mergers(mergers, day)["into_name"]} - {*there["name"]})
        warnings = [
            Problem("new_unit_unlisted", "mergers.csv", details={"value": name}, warning=True)
            for name in unlisted
        ]
        return cls(
            folder,
            meta,
            day,
            law,
            there,
            units,
            cut,
            {file: n for file, n in left_out.items() if n},
            unlisted,
            problems + warnings,
            digest,
            all_rows=tables,
        )

    def as_known_on(self, day, tables, units=None):
        """Take the data set as of another day with other rows.

        Parameters
        ----------
        day : datetime.date
        tables : dict of str to DataFrame
            Rows as of :attr:`all_rows`; those not known by then are left out as ever.
        units : DataFrame, optional
            In place of all units there are.

        Returns
        -------
        Workbook
            A scenario's settings are kept.
        """
        units = self.all_units if units is None else units
        new = self._cut(self.path, self.meta, day, self.law, units, tables, [], self.content_hash)
        own = ("judged_by", "deadline", "policy", "scenario_id", "scenario_title")
        return replace(new, **{name: getattr(self, name) for name in own})

    @property
    def id(self):
        """The data set's name, safe in file names."""
        return slug(str(self.meta["id"]))

    @property
    def law_folder(self):
        """Where the criteria sets stand that judge this data set; published series stand beside."""
        return (self.path / str(self.meta.get("criteria", "../criteria"))).resolve()

    @property
    def communes(self):
        """The units that count in "x/37 xã": communes, without townships."""
        return self.units[self.units["kind"] == "commune"]

    @property
    def illustrative(self):
        """Whether the data set is invented; then every page says so."""
        return bool(self.meta.get("illustrative"))

    def must_have_communes(self):
        """Raise RefusalError where the data set was laid out only: nothing can be asked yet."""
        if self.communes.empty:
            raise RefusalError("cli_no_communes", place=self.meta["title"])

    def must_not_hold(self, place):
        """Raise RefusalError where what is to be written would stand among the tables.

        Parameters
        ----------
        place : Path
        """
        folders = [Path(place).resolve(), *Path(place).resolve().parents]
        shared = {self.law_folder, self.law_folder.parent / "reference"}
        shared.add(self.path.resolve().parent / "scenarios")
        if shared & {*folders} or any((one / "dataset.yaml").is_file() for one in folders):
            raise RefusalError("cli_out_inside", path=place)

    def must_have_set(self, set_id):
        """Raise RefusalError where there is no such criteria set.

        Parameters
        ----------
        set_id : str
            "" passes.
        """
        if set_id and set_id not in self.law.sets:
            raise RefusalError("cli_no_set", name=set_id, known=sorted(self.law.sets))

    def find_commune(self, text):
        """Find a commune as :meth:`find` does a unit; a township is none.

        Parameters
        ----------
        text : str or int

        Returns
        -------
        int

        Raises
        ------
        UnknownCommuneError, RefusalError
        """
        unit = self.find(text)
        if unit not in self.communes.index:
            raise RefusalError("not_a_commune", label=describe_unit(self.units.loc[unit]))
        return unit

    def default_set(self, level):
        """Find the set in which this data set reports a level.

        Parameters
        ----------
        level : str

        Returns
        -------
        str
            The data set's own, else the one in force.

        Examples
        --------
        >>> Workbook.open("data/thanh-chuong").default_set("ntm")
        'ntm-2016-2020'
        """
        own = (self.meta.get("sets") or {}).get(level)
        return own or self.law.in_force(level, self.as_of) or ""

    @property
    def judging_set(self):
        """The set that judges NTM from now on.

        A scenario's choice, else the one in force, else the one reported in.
        """
        return self.judged_by or self.law.in_force("ntm", self.as_of) or self.default_set("ntm")

    def heading(self):
        """Say what every record says of itself first.

        Returns
        -------
        dict
            Data set, day, hash of the inputs, whether they are invented, scenario.
        """
        return {
            "dataset": self.id,
            "as_of": f"{self.as_of}",
            "content_hash": self.content_hash,
            "illustrative": self.illustrative,
            "scenario": self.scenario_id,
            "scenario_title": self.scenario_title,
        }

    @property
    def last_day(self):
        """The day that communes must finish by: a scenario's deadline, else the end of the term."""
        return self.deadline or self.meta["term_end"]["date"]

    @property
    def horizon(self):
        """The last year that money and thresholds are looked at in.

        That of the term, or of a later deadline.
        """
        return max(self.last_day.year, self.meta["term_end"]["date"].year)

    def rules_in_force(self, rules):
        """Choose the rules known and in force on the as-of date.

        Parameters
        ----------
        rules : list of dict
            Of ``law.recognition``, ``law.revocation``, ``law.district``.

        Returns
        -------
        list of dict
        """
        day = self.as_of
        return [
            rule
            for rule in rules
            if max(rule["from"], rule["known_from"]) <= day <= (rule["to"] or day)
        ]

    def find(self, text):
        """Find a unit by code, slug, or name with or without diacritics.

        Parameters
        ----------
        text : str or int

        Returns
        -------
        int
            The unit's number.

        Raises
        ------
        UnknownCommuneError
            With the nearest names, or with all units that answer to the name.
        """
        text = str(text).strip()  # papermill's command line turns a code into a number
        units, bare = self.units, _bare_slug(text)
        tries = (
            units["code"] == text.zfill(5),
            units["name"].map(fold) == fold(text),
            units["slug"] == text,
            units["name"].map(_bare_slug) == bare,
        )
        for hit in tries:
            if hit.sum() == 1:
                return int(units.index[hit][0])
            if hit.any():
                raise self._no_commune(
                    text, [describe_unit(row) for _, row in units[hit].iterrows()]
                )
        gone = self.tables["mergers"]
        gone = gone[gone["unit"].map(self.all_units["name"].map(_bare_slug)) == bare]
        became = [
            f"{row['into_name']} (từ {row['on']:%d/%m/%Y}, {row['resolution']})"
            for row in gone.to_dict("records")
        ]
        near = became or nearest(bare.replace("-", " "), units["name"])
        raise self._no_commune(text, near)

    def _no_commune(self, name, near):
        """The error that no single unit answers to a name."""
        details = {"name": name, "near": near, "some": self.communes["name"].head(5).tolist()}
        return UnknownCommuneError("cli_no_commune_near" if near else "cli_no_commune", **details)


def locate(dataset):
    """Find the folder of a data set.

    Parameters
    ----------
    dataset : str or Path
        As given, else under the working folder, its parents or the repository.

    Returns
    -------
    Path

    Raises
    ------
    RefusalError

    Examples
    --------
    >>> locate("thanh-chuong").name
    'thanh-chuong'
    """
    name = Path(str(dataset).strip() or ".")
    roots = [Path.cwd(), *Path.cwd().parents, REPOSITORY]
    for root in roots:
        for candidate in (root / name, root / "data" / name):
            with contextlib.suppress(OSError):  # a name too long for the system is no data set
                heal(candidate.resolve())
                if (candidate / "dataset.yaml").is_file() or (
                    candidate.is_dir() and root == roots[0] and name.parts
                ):
                    folder = candidate.resolve()
                    sweep(folder.parent)
                    return folder
    raise RefusalError("cli_no_dataset", name=dataset, known=datasets())


def datasets():
    """List the data sets that stand beside the package.

    Returns
    -------
    list of str
    """
    # Hidden: versions that an import keeps.
    return sorted(path.parent.name for path in DATA.glob("[!.]*/dataset.yaml"))


def data_files(folder, suffixes=(".csv", ".yaml", ".json")):
    """List the files of data of a folder, whatever else stands there.

    Parameters
    ----------
    folder : Path
    suffixes : tuple of str

    Returns
    -------
    list of Path
        None where there is no folder.
    """
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in files if path.suffix in suffixes and path.is_file())


def content_hash(*folders):
    """Hash all input files, the same on every system whatever its line ends.

    Parameters
    ----------
    *folders : Path

    Returns
    -------
    str
        Twelve digits.
    """
    files = (path for folder in folders for path in data_files(folder, (".csv", ".yaml")))
    return hash_of_files(*files)[:12]


def _bare_slug(text):
    """Give a name's slug without the words xã and thị trấn, however they were typed."""
    bare = slug(text)
    for prefix in ("xa-", "thi-tran-"):
        if bare.startswith(prefix) and len(bare) > len(prefix):
            return bare.removeprefix(prefix)
    return bare


def _settings(meta, problems):
    """Check what ``dataset.yaml`` says; what is wrong is taken out."""
    sound = ShapedFile("dataset.yaml", meta, problems).hold(meta, SETTINGS)
    for key in [key for key in meta if sound.get(key) is None]:
        del meta[key]
    return meta


def _check(tables, units, law, meta, problems):
    """Check every table, and tables against each other where all of them could be read."""
    broken = {p.file for p in problems if p.code in WHOLE_FILE and not p.warning}
    sound = lambda *names: not broken & {f"{name}.csv" for name in names}  # noqa: E731
    sources = tables["sources"] if sound("sources") else None
    _check_references(meta, law, sources, problems)
    marks = {name: set(rows.get("mark", ())) for name, rows in tables.items()}
    invented = ", ".join(f"{name}.csv" for name in marks if "illustrative" in marks[name])
    if invented and meta and not meta.get("illustrative"):  # they would pass as real
        place = (meta.at("illustrative"), "illustrative")
        ShapedFile("dataset.yaml", meta, problems).problem(
            "not_illustrative", *place, files=invented
        )
    for name in TABLES if sound("units") else ():
        check_table(name, tables[name], units, law, sources, problems)
    if {"as_of", "term_end"} <= meta.keys() and sound(*MONEY_TABLES):
        years = (meta[key]["date"].year for key in ("as_of", "term_end"))
        check_money(tables, *years, problems)
        _check_term(meta, tables["prices"]["year"].max(), problems)
    if "as_of" in meta and sound("units", "targets", "recognitions"):
        check_lists(tables, units, meta["as_of"]["date"], problems)
    if sound("units", "works", "pots", *MONTHLY):
        check_monthly(tables, law, problems)
    if sound("units"):
        days = {key: (meta.get(key) or {}).get("date") for key in ("as_of", "term_end")}
        check_all_rules(TABLES, tables, units, law, days, problems)


def _check_term(meta, last, problems):
    """Tell beside prices that are missing of a term that ends years after the last of them."""
    end = meta["term_end"]["date"]
    if end.year > last and any(p.code == "no_price" for p in problems):
        file, line = ShapedFile("dataset.yaml", meta, problems), meta.at("term_end")
        file.problem("term_beyond_prices", line, "term_end", day=f"{end:%d/%m/%Y}", last=int(last))


def _check_references(meta, law, sources, problems):
    """Report sets and sources that ``dataset.yaml`` names and that do not exist."""
    file = ShapedFile("dataset.yaml", meta, problems)
    sets = meta.get("sets") or Lines()
    for level, set_id in sets.items():
        place, known = (sets.at(level), f"sets.{level}"), law.sets.get(set_id)
        if known is None:
            file.problem("unknown_set", *place, value=set_id, allowed=", ".join(sorted(law.sets)))
        elif known.level != level:
            details = {"set": set_id, "found": known.level, "wanted": level}
            file.problem("wrong_level", *place, **details)
    for key in ("as_of", "term_end") if sources is not None else ():
        source, ids = (meta.get(key) or {}).get("source"), sorted(sources["id"])
        if source is not None and source not in ids:
            near = ", ".join(nearest(str(source), ids) or ids[:3])
            file.problem("unknown_source", meta.at(key), key, value=source, near=near)


def _unused(folder, rules):
    """Warn once of tables and assumptions of older data sets that no answer rests on any more."""
    warnings = [
        Problem("table_unused", f"{name}.csv", warning=True)
        for name in UNUSED_TABLES
        if (folder / f"{name}.csv").exists()
    ]
    if keys := [key for key in rules["key"] if key in UNUSED_RULES]:
        details = {"keys": ", ".join(keys)}
        warnings.append(Problem("rules_unused", "assumptions.csv", details=details, warning=True))
    return warnings

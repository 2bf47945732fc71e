"""The commands of ``ntm`` that take and give Excel files or make a data set: template, import,
export, new, rebase.
"""

import argparse
import datetime as dt
from pathlib import Path

from .data import Workbook, datasets, locate
from .forecasts import contradictions
from .language import pick, slug, text, write_date
from .law import read_law
from .tables import DataProblems, Problem, report, shown, write_whole

LONGEST = 60  # letters of a province's or a district's name
FILLING = ("check", "template", "import")  # commands that a data set without communes has a use for


class Refused(Exception):
    """A reason to stop with exit code 1: one message for people."""


def folder_of(options: argparse.Namespace) -> Path:
    """The folder of the data set that the command names."""
    return _located(options.dataset, options.lang)


def _located(name, lang):
    try:
        return locate(name)
    except FileNotFoundError:
        raise Refused(
            text("cli_no_dataset", lang, name=shown(name), known=", ".join(datasets()))
        ) from None


def open_workbook(options: argparse.Namespace) -> Workbook:
    """The data set that the command names, cut to its ``--as-of`` where the command has one; with
    communes, unless the command is one of those that a data set just laid out is filled with.
    """
    workbook = Workbook.open(folder_of(options), getattr(options, "as_of", None))
    if options.command not in FILLING:
        need_communes(workbook, options.lang)
    return workbook


def need_communes(workbook: Workbook, lang: str) -> None:
    """Refuse a data set without communes: there is nothing to tell yet."""
    if workbook.communes.empty:
        raise Refused(text("cli_no_communes", lang, place=workbook.meta["title"][lang]))


def new_contradictions(before: Workbook, after: Workbook) -> list[Problem]:
    """Those of a change: rows may have moved, so that a contradiction is known by what it says."""
    said = lambda p: (p.code, p.file, tuple(p.details.items()))  # noqa: E731
    known = {said(problem) for problem in contradictions(before)}
    return [problem for problem in contradictions(after) if said(problem) not in known]


def template(options: argparse.Namespace) -> int:
    """``ntm template OUT.xlsx [DATASET]``: a file that is there is never written over, for it may
    have been filled in.
    """
    from .data import present_rows
    from .exchange import template_book
    from .tables import ORDER

    lang, out = options.lang, Path(options.out)
    workbook = open_workbook(options)
    rows, communes = present_rows(workbook)
    made = template_book(workbook, rows, communes)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("xb") as file:
            try:
                file.write(made)
            except OSError:
                out.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise Refused(text("template_exists", lang, name=shown(options.out))) from None
    except OSError as error:
        raise Refused(
            text("cli_cannot_write", lang, detail=f"{shown(options.out)}: {error.strerror}")
        ) from None
    count, place = sum(map(len, rows.values())), workbook.meta["title"][lang]
    print(
        text(
            "template_done",
            lang,
            path=shown(options.out),
            place=place,
            sheets=len(ORDER),
            rows=count,
        )
    )
    return 0


def import_file(options: argparse.Namespace) -> int:
    """``ntm import FILE.xlsx DATASET [--dry-run] [--drop-lost] [--full]``."""
    from .data import Busy, Touched, only_one

    place = folder_of(options)
    try:
        if options.dry_run:
            return _import(options)
        with only_one(place):
            return _import(options)
    except Busy:
        raise Refused(text("import_busy", options.lang)) from None
    except Touched:
        raise Refused(text("import_touched", options.lang)) from None
    except OSError as error:
        raise Refused(
            text("import_cannot", options.lang, place=place, detail=error.strerror or error)
        ) from None


def _import(options):
    from .data import replace_version
    from .exchange import (
        MOST,
        change_lines,
        check,
        next_texts,
        placed,
        understand,
        understood_lines,
    )

    lang, workbook = options.lang, open_workbook(options)
    if options.set and options.set not in workbook.law.sets:
        raise Refused(
            text(
                "cli_no_set",
                lang,
                name=shown(options.set),
                known=", ".join(sorted(workbook.law.sets)),
            )
        )
    intake = understand(Path(options.file), workbook, options.date, options.set)
    print("\n".join(understood_lines(intake, lang)))
    today = dt.date.today()
    late = next(
        (
            e
            for e in intake.entries
            if isinstance(e.values.get("date"), dt.date) and e.values["date"] > today
        ),
        None,
    )
    if late is not None:
        details = {"day": write_date(late.values["date"], lang)}
        cell = late.cells.get("date")
        intake.problems.append(
            Problem("form_future", intake.file, details=details, sheet=late.sheet, cell=cell)
        )
    if options.drop_lost and (intake.outdated or intake.stranger) and intake.changes.of("lost"):
        raise Refused(text("import_no_drop", lang))
    texts, origins = next_texts(intake, options.drop_lost)

    def checked(folder=None):
        """Everything wrong is told at once, else what would change, before anything is touched."""
        after = check(intake, texts, origins, folder)
        print("\n".join(change_lines(intake, lang, None if options.full else MOST)))
        new = [
            *(w for w in after.warnings if w not in workbook.warnings),
            *new_contradictions(workbook, after),
        ]
        fresh = [
            *intake.problems,
            *(placed(problem, origins.get((problem.file, problem.row)), intake) for problem in new),
        ]
        if fresh:
            print(text("import_new_warnings", lang), report(fresh, lang), sep="\n")

    if options.dry_run or not texts:
        checked()
        print(text("import_dry" if options.dry_run else "import_nothing", lang))
        return 0
    log = "\r\n".join([*understood_lines(intake, lang), *change_lines(intake, lang, None)])
    kept = replace_version(workbook.path, texts, checked, dt.datetime.now(), log)
    if options.drop_lost and (lost := intake.changes.of("lost")):
        print(text("import_dropped", lang, n=len(lost)))
    print(text("import_done", lang, files=", ".join(texts), previous=kept))
    return 0


def export(options: argparse.Namespace) -> int:
    """``ntm export OUT.xlsx [DATASET]``: the old file stays as it was until the new one is
    whole.
    """
    from .exchange import exported

    lang, out = options.lang, Path(options.out)
    forms, made = exported(open_workbook(options), lang, options.draws, options.seed)
    try:
        write_whole(out, made)
    except OSError as error:
        raise Refused(
            text("export_busy", lang, path=shown(options.out), detail=error.strerror or error)
        ) from None
    print(text("cli_exported", lang, sheets=forms, path=shown(options.out)))
    return 0


def new(options: argparse.Namespace) -> int:
    """``ntm new DATASET --province NAME --district NAME``."""
    from .data import (
        HOME,
        TERM_END,
        UnknownProvince,
        WrongPlace,
        assumptions_of,
        empty_tables,
        is_name,
        new_place,
        region_of,
        settings,
        write_texts,
    )
    from .law import REGION_NAMES
    from .tables import dictionary_page

    lang, law_folder, day = (
        options.lang,
        HOME / "data" / "criteria",
        options.as_of or dt.date.today(),
    )
    names = {"province": options.province.strip(), "district": options.district.strip()}
    for name in names.values():
        if not is_name(name) or not name.isprintable() or len(name) > LONGEST:
            raise Refused(text("new_no_name", lang, name=shown(name)))
    try:
        region = options.region or region_of(names["province"])
        bare = Path(options.dataset).name == options.dataset
        folder = new_place(
            str(HOME / "data" / options.dataset)
            if bare and options.dataset.strip()
            else options.dataset
        )
        problems = []
        law = read_law(law_folder, problems)
        if problems:
            raise DataProblems(problems)
        lender = Workbook.open(_located(options.ground, lang)) if options.ground else None
        said = settings(
            folder,
            **names,
            region=region,
            day=day,
            given=bool(options.as_of),
            law=law,
            law_folder=law_folder,
            lang=lang,
            lender=lender,
        )
        tables = empty_tables() | (assumptions_of(lender) if lender else {})
        write_texts(folder, said, tables, "vi", {"tu-dien.md": dictionary_page().encode()})
    except UnknownProvince as error:
        regions = ", ".join(f"{code} ({pick(words, lang)})" for code, words in REGION_NAMES.items())
        near = ", ".join(error.near) or "..."
        raise Refused(
            text("new_no_region", lang, name=shown(names["province"]), near=near, regions=regions)
        ) from None
    except WrongPlace as error:
        raise _no_place(error.reason, error.details, lang) from None
    except OSError as error:
        detail = f"{shown(options.dataset)}: {error.strerror or error}"
        raise Refused(text("cli_cannot_write", lang, detail=detail)) from None
    called = f"{folder.name if bare else folder}"
    called = f'"{called}"' if " " in called else called
    file = f"{slug(folder.name)}.xlsx"
    print(
        text(
            "new_done",
            lang,
            folder=folder,
            name=called,
            file=file,
            region=pick(REGION_NAMES[region], lang),
        )
    )
    if day >= TERM_END:
        print(
            text("new_term_over", lang, day=write_date(day, lang), end=write_date(TERM_END, lang))
        )
    if not options.ground:
        print(text("new_no_ground", lang))
    return 0


def _no_place(reason, details, lang):
    """Why a place can take no new data set."""
    return Refused(
        text(f"new_{reason}", lang, **{key: shown(f"{value}") for key, value in details.items()})
    )


def rebase(options: argparse.Namespace) -> int:
    """``ntm rebase DATASET --date DATE --out NEW``."""
    from .data import WrongPlace, new_place, write_dataset
    from .exchange import REPORT, account_lines, new_meta, report_csv, standing_lines
    from .exchange import rebase as rebased
    from .law import read_weights

    lang = options.lang
    old = Workbook.open(folder_of(options), options.date)
    try:
        folder = new_place(options.out, old)
        made = rebased(old, read_weights(old.law_folder))
        account = report_csv(old, made, lang)
        new = write_dataset(folder, new_meta(old, folder), made.tables, {REPORT: account})
    except WrongPlace as error:
        raise _no_place(error.reason, error.details, lang) from None
    except OSError as error:
        raise Refused(text("cli_cannot_write", lang, detail=error)) from None
    day = write_date(new.as_of, lang)
    print(
        text(
            "rebase_done", lang, folder=folder, n=len(new.communes), day=day, report=folder / REPORT
        )
    )
    print("\n".join([*standing_lines(old, made, lang), *account_lines(made, lang)]))
    if new.meta.get("district"):
        print(text("rebase_district_over", lang))
    if new.last_day < new.as_of:
        print(text("rebase_term_over", lang, end=write_date(new.last_day, lang)))
    if new.warnings:
        print(report(new.warnings, lang))
    return 0

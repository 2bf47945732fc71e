"""The commands of ``ntm`` that take and give Excel files or make a data set: template, import, export, rebase."""

import argparse

from .new_dataset import NoRoom, new_place, read_weights, write_dataset
from .office_numbers import write_date
from .problems import report as problem_report
from .problems import shown
from .rebase_words import REPORT, account_lines, new_meta, report_csv, standing_lines
from .rebasing import rebase as rebased
from .whole_files import write_whole
from .words import text
from .workbook import Workbook, datasets


class Refused(Exception):
    """A reason to stop with exit code 1: one message for people."""


def open_workbook(options: argparse.Namespace) -> Workbook:
    """The data set that the command names, cut to its ``--as-of`` where the command has one."""
    try:
        return Workbook.open(options.dataset, getattr(options, "as_of", None))
    except FileNotFoundError:
        known = ", ".join(datasets())
        raise Refused(text("cli_no_dataset", options.lang, name=shown(options.dataset), known=known)) from None


def template(options: argparse.Namespace) -> int:
    """``ntm template OUT.xlsx [DATASET]``."""
    raise NotImplementedError


def import_file(options: argparse.Namespace) -> int:
    """``ntm import FILE.xlsx DATASET [--dry-run]``."""
    raise NotImplementedError


def export(options: argparse.Namespace) -> int:
    """``ntm export OUT.xlsx [DATASET]``."""
    raise NotImplementedError


def rebase(options: argparse.Namespace) -> int:
    """``ntm rebase DATASET --date DATE --out NEW``."""
    lang = options.lang
    options.as_of = options.date
    old = open_workbook(options)
    try:
        folder = new_place(options.out, old)
        made = rebased(old, read_weights(old))
        report = report_csv(old, made, lang)
        new = write_dataset(
            folder, new_meta(old, folder), made.tables, lambda place: write_whole(place / REPORT, report)
        )
    except NoRoom as error:
        details = {key: shown(str(value)) for key, value in error.details.items()}
        raise Refused(text(f"new_{error.reason}", lang, **details)) from None
    except OSError as error:
        raise Refused(text("cli_cannot_write", lang, detail=error)) from None
    day = write_date(new.as_of, lang)
    print(text("rebase_done", lang, folder=folder, n=len(new.communes), day=day, report=folder / REPORT))
    print("\n".join([*standing_lines(old, made, lang), *account_lines(made, lang)]))
    if new.meta.get("district"):
        print(text("rebase_district_over", lang))
    if new.last_day < new.as_of:
        print(text("rebase_term_over", lang, end=write_date(new.last_day, lang)))
    if new.warnings:
        print(problem_report(new.warnings, lang))
    return 0

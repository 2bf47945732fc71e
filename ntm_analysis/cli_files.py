"""The commands of ``ntm`` that take and give Excel files or make a data set: template, import, export, rebase."""

import argparse

from .problems import shown
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
    raise NotImplementedError

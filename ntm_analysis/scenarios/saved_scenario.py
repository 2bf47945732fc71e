"""A setting that was tried, saved as a scenario: a name that people gave made a safe file, written whole, read back."""

from pathlib import Path

from ..names import slug
from ..whole_files import write_whole
from .scenario import BASELINE, FIRST, LONGEST_TITLE, folder_of, scenario
from .what_if import Setting, WhatIf

SIGNS = '/\\:*?"<>|'  # what looks like a path, and what some systems allow in no file name
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # of Windows
RESERVED = {BASELINE, *FIRST, *DEVICES}  # FIRST: scenarios of the package
LONGEST = 60  # letters of a file's name


class NotSaved(ValueError):
    """Why a setting was not saved: ``reason`` is the key of a text "panel_save_<reason>", with its ``values``."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


def safe_id(name: str) -> str:
    """The id of a scenario of this name; raises :class:`NotSaved` for a name that is none.

    >>> safe_id("Thêm vốn tỉnh, 2023")
    'them-von-tinh-2023'
    """
    name = name.strip()
    made = slug(name)
    if sign := next((c for c in name if c in SIGNS or not c.isprintable()), ""):
        raise NotSaved("sign", sign=sign if sign.isprintable() else "\ufffd")
    if not made:
        raise NotSaved("empty")
    if len(name) > LONGEST_TITLE:
        raise NotSaved("long", most=LONGEST_TITLE)
    made = made[:LONGEST].strip("-")
    if made in RESERVED:
        raise NotSaved("reserved", id=made)
    return made


def save(tried: WhatIf, setting: Setting, name: str, over: bool = False) -> tuple[str, Path]:
    """Save a setting as the scenario ``name``, ``over`` one of the same id if need be: its id and its file.

    Raises :class:`NotSaved`, or :class:`~ntm_analysis.problems.DataProblems` where the scenario does not fit the data set.
    """
    made = safe_id(name)
    path = folder_of(tried.workbook) / f"{made}.yaml"
    if not tried.workbook.path.is_dir():  # nothing is laid out anew where the data set was
        raise NotSaved("gone", folder=tried.workbook.path.name)
    if path.with_suffix(".expected.json").exists():  # shipped, and held against what it gave
        raise NotSaved("shipped", id=made)
    if setting == Setting(setting.start):
        raise NotSaved("nothing")
    if path.exists() and not over:
        raise NotSaved("exists", id=made)
    text = tried.text(setting, made, " ".join(name.split()))
    scenario(tried.workbook, made, text)  # what cannot be read back is not written
    try:
        write_whole(path, text)
    except OSError as error:
        raise NotSaved("failed", folder=path.parent.name, error=error.strerror or type(error).__name__) from None
    return made, path

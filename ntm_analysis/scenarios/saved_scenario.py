"""A setting that was tried, saved as a scenario: a safe name, a whole file, read back before."""

from pathlib import Path

from ..names import slug
from ..whole_files import write_whole
from .scenario import BASELINE, FIRST, LONGEST_TITLE, folder_of, scenario
from .what_if import Setting, WhatIf

SIGNS = '/\\:*?"<>|'  # what looks like a path, and what some systems allow in no file name
PORTS = {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
RESERVED = {BASELINE, *FIRST, "con", "prn", "aux", "nul", *PORTS}  # the package's, and Windows'
LONGEST = 60  # letters of a file's name


class NotSaved(ValueError):
    """Why a setting was not saved.

    Attributes
    ----------
    reason : str
        The key of a text ``panel_save_<reason>``.
    values : dict
        What that text names.
    """

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


def safe_id(name: str) -> str:
    """The id of a scenario of this name; raises :class:`NotSaved` for a name that is none.

    >>> safe_id("Thêm vốn tỉnh, 2023")
    'them-von-tinh-2023'
    """
    name = name.strip()
    safe = slug(name)
    if sign := next((c for c in name if c in SIGNS or not c.isprintable()), ""):
        raise NotSaved("sign", sign=sign if sign.isprintable() else "\ufffd")
    if not safe:
        raise NotSaved("empty")
    if len(name) > LONGEST_TITLE:
        raise NotSaved("long", most=LONGEST_TITLE)
    safe = safe[:LONGEST].strip("-")
    if safe in RESERVED:
        raise NotSaved("reserved", id=safe)
    return safe


def save(tried: WhatIf, setting: Setting, name: str, over: bool = False) -> tuple[str, Path]:
    """Save a setting as a scenario.

    Parameters
    ----------
    tried : WhatIf
    setting : Setting
    name : str
        As a person gives it.
    over : bool
        Whether one of the same id may be replaced.

    Returns
    -------
    tuple
        The scenario's id, its file.

    Raises
    ------
    NotSaved
    DataProblems
        Where the scenario does not fit the data set.
    """
    safe, folder = safe_id(name), folder_of(tried.workbook)
    path = folder / f"{safe}.yaml"
    if not tried.workbook.path.is_dir():  # nothing is laid out anew where the data set was
        raise NotSaved("gone", folder=tried.workbook.path.name)
    if path.with_suffix(".expected.json").exists():  # shipped, and held against what it gave
        raise NotSaved("shipped", id=safe)
    if setting == Setting(setting.start):
        raise NotSaved("nothing")
    if path.exists() and not over:
        raise NotSaved("exists", id=safe)
    text = tried.text(setting, safe, " ".join(name.split()))
    scenario(tried.workbook, safe, text)  # what cannot be read back is not written
    try:
        write_whole(path, text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotSaved("failed", folder=folder.name, error=reason) from None
    return safe, path

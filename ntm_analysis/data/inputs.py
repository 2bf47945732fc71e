"""What a page rests on: the files of its data set, and, for one commune, the rows and results that
are about it.
"""

import contextlib
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..language import read_date
from ..tables import REPOSITORY, Store, hash_of, hash_of_files, read_yaml
from .workbook import Workbook

REGISTER = "forecasts"  # the folder of registered forecasts
HOME = REPOSITORY
# of the environment: the folder that a batch works in, for its runs, which work in that of the
# notebooks
PLACE = "NTM_HOME"
AGAIN = 20  # times that files which change while they are read are read again


class FilesChange(RuntimeError):
    """The files of a data set changed while they were read."""


def home_of(folder: Path) -> Path:
    """Where reports, the register and the store of a data set stand: the repository, or the working
    folder for one outside it.
    """
    return (
        HOME if folder.resolve().is_relative_to(HOME) else Path(os.environ.get(PLACE) or Path.cwd())
    )


def typed(folder: Path) -> str:
    """A data set's folder as a command takes it wherever it is run: from the repository on, else
    the whole path.

    >>> typed(HOME / "data" / "huyen-mau")
    'data/huyen-mau'
    """
    place = folder.resolve()
    return place.relative_to(HOME).as_posix() if place.is_relative_to(HOME) else f"{place}"


def files_hash(folder: Path) -> str:
    """The hash of all files that results of a data set may rest on: its own, the law, published
    series, scenarios, the register.
    """
    meta = read_yaml(folder / "dataset.yaml", []) or {}
    law = (folder / str(meta.get("criteria") or "../criteria")).resolve()
    places = [
        law,
        law.parent / "reference",
        folder.parent / "scenarios",
        home_of(folder) / REGISTER,
    ]
    own = sorted(
        path for path in folder.iterdir() if path.suffix in (".csv", ".yaml") and path.is_file()
    )
    return hash_of(
        *(hash_of_files(place) for place in [*own, *(place for place in places if place.is_dir())])
    )


def kept_workbook(folder: Path, as_of: str = "") -> tuple[Workbook, str]:
    """The workbook of a data set as known on ``as_of`` (default: its own date), from its store, and
    the hash of its files.

    Raises what :meth:`Workbook.open` raises, :class:`FilesChange` when they do not stop changing.
    """
    for _ in range(AGAIN):
        files, meta = files_hash(folder), read_yaml(folder / "dataset.yaml", []) or {}
        own = meta.get("as_of") or {}
        day = (
            f"{read_date(as_of)}"
            if as_of
            else f"{own.get('date') if isinstance(own, dict) else own}"
        )
        with contextlib.suppress(FilesChange):
            opened = {"folder": folder, "files": files, "as_of": day}
            return Store.usual(home_of(folder)).kept(
                "workbook", opened, partial(_open, folder, as_of, files)
            ), files
    raise FilesChange(f"{folder}")


def _open(folder, as_of, files):
    made = Workbook.open(folder, as_of or None)
    if (
        files_hash(folder) != files
    ):  # a file was saved meanwhile: what was read may be half of the one, half of the other
        raise FilesChange
    return made


def communes_hashes(workbook: Workbook, foreseen: dict[int, dict]) -> dict[str, str]:
    """The hash of all that each commune's page rests on, by code: the rows about it and those about
    no commune, the law, what was left out, and what the forecast says of it (``foreseen``, by
    unit).

    Rows of other communes are not in it: a change of theirs leaves it as it is, unless the forecast
    of this one changes.
    """
    rows = {name: _hashes(table) for name, table in workbook.tables.items()} | {
        "": _hashes(workbook.units.assign(unit=workbook.units.index))
    }
    law = hash_of_files(workbook.law_folder, workbook.path / "dataset.yaml")
    all_share = [
        law,
        workbook.as_of,
        workbook.left_out,
        {name: found.get(-1) for name, found in rows.items()},
    ]
    shared = hash_of(all_share)
    return {
        code: hash_of(
            shared,
            {name: found[unit] for name, found in rows.items() if unit in found},
            foreseen.get(unit),
        )
        for unit, code in workbook.units["code"].items()
    }


def _hashes(table):
    """The hash of a table's rows, in order, by unit; those about no unit by -1."""
    each = pd.util.hash_pandas_object(table.astype("str"), index=False).to_numpy()
    about = "unit" in table and pd.api.types.is_integer_dtype(
        table["unit"]
    )  # in a published series it is a unit of measure
    units = table["unit"].to_numpy() if about else np.full(len(table), -1)
    found, where = np.unique(units, return_inverse=True)
    ends = np.cumsum(np.bincount(where, minlength=len(found)))[:-1]
    parts = np.split(each[np.argsort(where, kind="stable")], ends) if len(found) else []
    return {int(unit): hash_of(part.tolist()) for unit, part in zip(found, parts, strict=True)}

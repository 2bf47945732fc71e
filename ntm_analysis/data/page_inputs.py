"""What a page rests on: the files of its data set, and, for one commune, what is about it."""

import contextlib
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..language import RefusalError, read_date
from ..tables import REPOSITORY, Store, hash_of, hash_of_files, read_yaml
from .register import REGISTER
from .workbook import Workbook, data_files

HOME = REPOSITORY
# Of the environment: the folder that a batch works in, for its runs, which work in that of the
# notebooks.
PLACE = "NTM_HOME"
AGAIN = 20  # times that files which change while they are read are read again


class FilesChangeError(RefusalError):
    """The files of a data set changed while they were read."""


def home_of(folder):
    """Say where reports and the register of a data set stand.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Path
        The repository, or the working folder for a data set outside it.
    """
    if folder.resolve().is_relative_to(HOME):
        return HOME
    here = Path(os.environ.get(PLACE) or Path.cwd())
    # Who works within the data set gets them beside it, not among its tables.
    return folder.resolve().parent if here.resolve().is_relative_to(folder.resolve()) else here


def register_folder(folder):
    """Say where the forecasts of a data set are registered.

    Parameters
    ----------
    folder : Path
        Of the data set.

    Returns
    -------
    Path
    """
    return home_of(folder) / REGISTER


def reports_folder(folder, dataset):
    """Say where the reports of a data set go.

    Parameters
    ----------
    folder : Path
        Of the data set.
    dataset : str
        Its id.

    Returns
    -------
    Path
    """
    return home_of(folder) / "reports" / dataset


def path_as_typed(folder):
    """Write a data set's folder as a command takes it wherever it is run.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        From the repository on, else the whole path.

    Examples
    --------
    >>> path_as_typed(HOME / "data" / "huyen-mau")
    'data/huyen-mau'
    """
    place = folder.resolve()
    return place.relative_to(HOME).as_posix() if place.is_relative_to(HOME) else f"{place}"


def files_hash(folder):
    """Hash all files that results of a data set may rest on.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        Of its own files, the law, published series, scenarios, the register.
    """
    meta = read_yaml(folder / "dataset.yaml", []) or {}
    law = (folder / str(meta.get("criteria") or "../criteria")).resolve()
    shared = [law, law.parent / "reference", folder.parent / "scenarios"]
    shared.append(register_folder(folder))
    return hash_of_files(*(path for place in (folder, *shared) for path in data_files(place)))


def kept_workbook(folder, as_of=""):
    """Open a data set from its store.

    Parameters
    ----------
    folder : Path
    as_of : str
        A day; default: the data set's own.

    Returns
    -------
    workbook : Workbook
    files : str
        The hash of its files.

    Raises
    ------
    FilesChangeError
        When the files do not stop changing. Besides, what :meth:`Workbook.open` raises.
    """
    for _ in range(AGAIN):
        files, meta = files_hash(folder), read_yaml(folder / "dataset.yaml", []) or {}
        own = meta.get("as_of") or {}
        own = own.get("date") if isinstance(own, dict) else own
        opened = {"folder": folder, "files": files}
        opened["as_of"] = f"{read_date(as_of) if as_of else own}"
        with contextlib.suppress(FilesChangeError):
            make = partial(_open, folder, as_of, files)
            return Store.usual().keep("workbook", opened, make), files
    raise FilesChangeError("files_change", folder=folder)


def _open(folder, as_of, files):
    workbook = Workbook.open(folder, as_of or None)
    # A file saved meanwhile: what was read may be half of the one, half of the other.
    if files_hash(folder) != files:
        raise FilesChangeError("files_change", folder=folder)
    return workbook


def communes_hashes(workbook, foreseen):
    """Hash all that each commune's page rests on.

    Parameters
    ----------
    workbook : Workbook
    foreseen : dict of int to dict
        What the forecast says of each commune, by unit.

    Returns
    -------
    dict of str to str
        By code: of the rows about it and those about no commune, the law, what was left out, and
        its forecast. Rows of other communes are not in it: a change of theirs leaves it as it is,
        unless the forecast of this one changes.
    """
    units = workbook.units.assign(unit=workbook.units.index)
    rows = {name: _hashes(table) for name, table in (workbook.tables | {"": units}).items()}
    law = hash_of_files(*data_files(workbook.law_folder), workbook.path / "dataset.yaml")
    general = {name: hashes.get(-1) for name, hashes in rows.items()}
    shared = hash_of([law, workbook.as_of, workbook.left_out, general])
    return {
        code: hash_of(
            shared,
            {name: hashes[unit] for name, hashes in rows.items() if unit in hashes},
            foreseen.get(unit),
        )
        for unit, code in workbook.units["code"].items()
    }


def _hashes(table):
    """Hash a table's rows, in order, by unit; those about no unit by -1."""
    each = pd.util.hash_pandas_object(table.astype("str"), index=False).to_numpy()
    # In a published series `unit` is a unit of measure.
    about = "unit" in table and pd.api.types.is_integer_dtype(table["unit"])
    units = table["unit"].to_numpy() if about else np.full(len(table), -1)
    return {int(unit): hash_of(each[units == unit].tolist()) for unit in np.unique(units)}

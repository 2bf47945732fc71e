"""A data set written as a new folder: built beside its place, checked by opening it, put in place in one step or not at all."""

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from .data_folder import write_new
from .dictionary import TABLES, dictionary
from .names import slug
from .table_text import written
from .workbook import Workbook
from .yaml_files import read_yaml


class WrongPlace(ValueError):
    """A place that no new data set can take; ``reason`` is the key of a sentence (``new_<reason>``)."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


def new_place(typed: str, old: Workbook | None = None) -> Path:
    """The folder a new data set shall take, made from what was typed; raises :class:`WrongPlace`.

    It must not exist or be empty, its parent must exist, it must not lie in the ``old`` data set that it is made of, and its name
    must give an id of its own, which no data set beside it has: reports lie under the id.
    """
    if not typed.strip() or not typed.isprintable():
        raise WrongPlace("no_path", name=typed)
    folder = Path(typed.strip()).resolve()
    if old and (folder == old.path or old.path in folder.parents):
        raise WrongPlace("inside", name=folder, old=old.path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongPlace("taken", name=folder)
    if not folder.parent.is_dir():
        raise WrongPlace("no_parent", name=folder.parent)
    made = slug(folder.name)
    if not 0 < len(made) <= 60 or (old and made == old.id):
        raise WrongPlace("no_id", name=folder.name, old=old.id if old else "...")
    for other in sorted(folder.parent.glob("[!.]*/dataset.yaml")):  # hidden: versions that an import keeps
        said = read_yaml(other, []) or {}
        if made == slug(f"{said.get('id') or other.parent.name}"):
            raise WrongPlace("same_id", name=folder.name, id=made, other=other.parent)
    return folder


def law_place(law: Path, folder: Path) -> str:
    """What ``dataset.yaml`` of a new data set says of the law's folder: relative where both stand in one tree and move together.

    >>> law_place(Path("/ntm/data/criteria"), Path("/ntm/data/a")), law_place(Path("/ntm/data/criteria"), Path("/b"))
    ('../criteria', '/ntm/data/criteria')
    """
    return Path(os.path.relpath(law, folder)).as_posix() if law.parents[1] in folder.parents else law.as_posix()


def write_dataset(folder: Path, meta: dict, tables: dict[str, pd.DataFrame], also: dict[str, bytes]) -> Workbook:
    """Write a data set into ``folder`` (new or empty) and give it opened; raises DataProblems, OSError, and then leaves nothing.

    ``meta``: what ``dataset.yaml`` says; ``tables``: by name, the columns of the dictionaries (others are not written);
    ``also``: further files by name.
    """
    said = yaml.safe_dump(_plain(meta), allow_unicode=True, sort_keys=False, width=200)
    style = meta.get("number_style", "vi")
    return write_texts(folder, said, tables, style, also)


def write_texts(folder: Path, said: str, tables: dict[str, pd.DataFrame], style: str, also: dict[str, bytes]) -> Workbook:
    """As :func:`write_dataset`, with the text of ``dataset.yaml`` itself."""
    texts = {f"{name}.csv": csv_text(tables[name], name, style).encode("utf-8-sig") for name in TABLES}
    return replace(write_new(folder, {"dataset.yaml": said, **texts, **also}, Workbook.open), path=folder)


def csv_text(table: pd.DataFrame, name: str, style: str) -> str:
    """A table as the text of its CSV file.

    >>> print(csv_text(pd.DataFrame({"key": ["x"], "value": [1234.5]}), "assumptions", "vi").split("\\r\\n")[1][:10])
    x,"1234,5"
    """
    columns = dictionary(name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    cells = [table[c].tolist() if c in table else [None] * len(table) for c in columns]
    writer.writerows(
        [written(v, c, style) for v, c in zip(row, columns.values(), strict=True)] for row in zip(*cells, strict=True)
    )
    return text.getvalue()


def _plain(value):
    """Settings without the lines they stood on."""
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value

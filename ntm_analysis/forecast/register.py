"""The register of forecasts: one file a forecast in ``forecasts/``, never changed, and the outcomes entered beside them."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd

from ..dictionary import dictionary
from ..names import slug
from ..page_inputs import REGISTER
from ..problems import DataProblems, Problem
from ..table_files import read_table
from ..whole_files import write_whole
from .scoring import DAYS, ID, entry_faults, id_of, probability_faults

FOLDER = REGISTER
OUTCOMES = "outcomes.csv"


def register(folder: Path, entry: dict) -> tuple[Path, bool]:
    """Write an entry as ``<id>.json`` and give its path, and whether it is new: a file that is there stays as it is.

    Raises ValueError for what is no entry of :func:`~ntm_analysis.forecast.scoring.entry_of`, so that no name becomes a path
    unchecked; OSError where the folder cannot be written.
    """
    wrong = entry_faults(entry) or probability_faults(entry)
    if wrong or entry["illustrative"] or not _fits(entry["id"], entry):
        raise ValueError(f"not a register entry: {', '.join(wrong) or entry['id']}")
    path = Path(folder) / f"{entry['id']}.json"
    if path.exists() or path.is_symlink():
        return path, False
    write_whole(path, json.dumps(entry, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return path, True


def read_register(folder: Path) -> list[dict]:
    """The entries of a folder, by day of registration and id; none where there is no folder.

    Raises :class:`~ntm_analysis.problems.DataProblems` once, with everything wrong in any file.
    """
    problems: list[Problem] = []
    entries = []
    for path in sorted(Path(folder).glob("[!.]*.json")):  # a dot: a file being written just now
        if found := _read_entry(path, problems):
            entries.append(found)
    if problems:
        raise DataProblems(problems)
    return sorted(entries, key=lambda entry: (entry["registered_on"], entry["id"]))


def _read_entry(path, problems):
    """One entry, or None and a problem for each thing wrong with it."""
    file, before = path.name, len(problems)
    try:
        entry = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        problems.append(Problem("unopened_file", file))
        return None
    except (ValueError, RecursionError) as error:
        problems.append(Problem("register_json", file, getattr(error, "lineno", None)))
        return None
    if isinstance(entry, dict) and entry.get("illustrative", False) is not False:
        problems.append(Problem("register_illustrative", file))
    if wrong := entry_faults(entry):
        problems.append(Problem("register_form", file, details={"value": ", ".join(wrong)}))
    if set(wrong) - {
        "registered_on",
        "versions",
        "finished_now",
        "basically_all",
    }:  # what the next checks do not read
        return None
    for fault in probability_faults(entry):
        place, _, value = fault.partition(": ")
        problems.append(
            Problem("register_probability", file, details={"place": place, "value": value})
        )
    if not _fits(path.stem, entry):
        expected = f"{id_of(entry)}.json"
        problems.append(
            Problem("register_name", file, details={"value": entry["id"], "expected": expected})
        )
    return entry if len(problems) == before else None


def _fits(name, entry):
    """Whether a file's name, the entry's id and what the id is made from agree."""
    return ID.fullmatch(name) is not None and name == entry["id"] == id_of(entry)


def read_outcomes(path: Path, today: dt.date) -> pd.DataFrame:
    """The outcomes entered (``dictionary/outcomes.csv``), a row a commune and level; none where there is no file.

    ``met_on`` and ``signed_on``: blank while it has not come about by ``checked_on``. Raises
    :class:`~ntm_analysis.problems.DataProblems` once, with everything wrong: cells, days out of order or after
    ``today``, illustrative rows, a data set's name that is none.
    """
    path = Path(path)
    if not (path.exists() or path.is_symlink()):
        return pd.DataFrame(columns=["row", *dictionary("outcomes")])
    problems: list[Problem] = []
    # No column is a number, so that no number style is asked for.
    outcomes = read_table(path, "outcomes", "vi", path.name, problems)
    for row in outcomes.to_dict("records"):
        _check_outcome(row, path.name, problems)
        _check_days(row, today, path.name, problems)
    if problems:
        raise DataProblems(problems)
    return outcomes


def _check_outcome(row, file, problems):
    if row["dataset"] and slug(row["dataset"]) != row["dataset"]:
        details = {"value": row["dataset"], "near": slug(row["dataset"]) or "thanh-chuong"}
        problems.append(Problem("outcome_dataset", file, row["row"], "dataset", details))
    if row["mark"] == "illustrative":
        problems.append(Problem("outcome_illustrative", file, row["row"], "mark"))


def _check_days(row, today, file, problems):
    """Met, then signed, then checked, then today; each pair out of order is told at the earlier of the two."""
    days = {key: row[key] for key in DAYS if not pd.isna(row[key])}
    for key, day in days.items():
        if day > pd.Timestamp(today):
            details = {"value": f"{day:%d/%m/%Y}", "today": f"{today:%d/%m/%Y}"}
            problems.append(Problem("outcome_future", file, row["row"], key, details))
    for first, second in (("met_on", "signed_on"), ("met_on", "checked_on"), ("signed_on", "checked_on"),
                          ("ended_on", "checked_on")):  # fmt: skip
        if first in days and second in days and days[first] > days[second]:
            details = {
                "value": f"{days[first]:%d/%m/%Y}",
                "other": second,
                "day": f"{days[second]:%d/%m/%Y}",
            }
            problems.append(Problem("outcome_order", file, row["row"], first, details))

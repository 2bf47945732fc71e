"""Bad rows of the reference tables: each is one clear report, in Vietnamese and English."""

import shutil

import pandas as pd
import pytest

from ntm_analysis.forecasts import evidence, reference
from ntm_analysis.forecasts.evidence import REFERENCE
from ntm_analysis.tables import DataProblemsError, report


def spoilt(folder, table: str, column: str, value: str, row: int = 0) -> list:
    """The problems told where a cell of a table says something else."""
    shutil.copytree(REFERENCE, folder / "reference")
    path = folder / "reference" / f"panel_{table}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    rows.loc[row, column] = value
    rows.to_csv(path, index=False, encoding="utf-8-sig")
    with pytest.raises(DataProblemsError) as caught:
        evidence(folder=folder / "reference")
    return caught.value.problems


TABLES = ("series", "nghe_an", "registrations", "groups", "trajectories", "assumed")


@pytest.mark.parametrize("table", TABLES)
def test_a_row_without_source_is_refused(tmp_path, table):
    column = "source" if table == "assumed" else "source_url"
    (problem,) = spoilt(tmp_path, table, column, "")
    assert (problem.code, problem.row, problem.column) == ("required", 2, column)
    assert problem.file == f"panel_{table}.csv"
    assert f"panel_{table}.csv, dòng 2" in report([problem])
    assert f"panel_{table}.csv, row 2" in report([problem], "en")


@pytest.mark.parametrize(
    ("table", "column"), [("series", "value"), ("nghe_an", "value"), ("groups", "communes")]
)
def test_a_value_above_its_total_is_refused(tmp_path, table, column):
    rows = reference(table)
    counts = rows[column].notna() & rows["total"].notna()
    if column == "value":
        counts &= rows["measure"].str.startswith("ntm_communes")
    row = int(counts.to_numpy().argmax())
    (problem,) = spoilt(tmp_path, table, column, "99999", row)
    assert (problem.code, problem.row, problem.column) == ("above_total", row + 2, column)
    assert "99999" in report([problem]) and f"row {row + 2}" in report([problem], "en")


def test_a_range_of_what_is_assumed_that_falls_is_refused(tmp_path):
    (problem,) = spoilt(tmp_path, "assumed", "mode", "0,3")
    assert (problem.code, problem.row, problem.column) == ("range_falls", 2, "mode")
    assert "low 0.5; mode 0.3; high 0.95" in report([problem])

"""Published figures: which rows are evidence, what one day of an area says, what was known when."""

import datetime as dt
import shutil

import pandas as pd
import pytest

from ntm_analysis.forecasts import evidence, figures, read_series, reference
from ntm_analysis.forecasts.evidence import REFERENCE, SERIES, lists
from ntm_analysis.tables import DataProblemsError


def rows(*cells: tuple) -> pd.DataFrame:
    """Rows of an area: date, value, total and, where they differ, mark, kind and measure."""
    usual = ("", "", "", "read", "province", "ntm_communes")
    table = []
    for number, given in enumerate(cells, start=2):
        date, value, total, mark, kind, measure = (*given, *usual[len(given) :])
        table.append((number, "Lào Cai", kind, date, measure, value, total, "x", mark))
    return pd.DataFrame(table, columns=["row", *SERIES])


def test_a_year_is_its_december_and_a_tilde_after_a_date_is_allowed():
    known, left_out = figures(rows(("2018", "5", ""), ("2019-06~", "7", ""), ("~2020-01", "8", "")))
    assert known["month"].tolist() == [12 * 2018 + 12, 12 * 2019 + 6]
    assert left_out[["row", "reason"]].to_numpy().tolist() == [[4, "date"]]


def test_of_several_figures_for_one_day_the_one_with_the_largest_total_stands():
    known, left_out = figures(
        rows(
            ("2018", "9", ""),
            ("2018-12", "5", "100"),
            ("2018", "6", "104"),
            ("2018-12", "7", "104"),
        )
    )
    assert known[["row", "finished", "total"]].to_numpy().tolist() == [[5, 7, 104]]
    assert set(left_out["row"]) == {2, 3, 4} and set(left_out["reason"]) == {"same_day"}


def test_rows_that_are_no_figure_are_left_out_with_their_reason():
    _, left_out = figures(
        rows(
            ("2018", "5", "", "unclear"),
            ("2018", "5", "", "read", "region"),
            ("2018", "5", "", "read", "province", "avg_criteria"),
            ("2018", "about 5", ""),
            ("2018-13", "5", ""),
        )
    )
    assert left_out["reason"].tolist() == ["mark", "area_kind", "measure", "value", "date"]


def test_a_run_knows_only_what_was_known():
    known = evidence(dt.date(2017, 12, 31))
    assert known.figures["month"].max() <= 12 * 2017 + 12
    assert known.lists["year"].max() <= 2017
    assert known.assumed.empty
    assert len(evidence(dt.date(2022, 3, 31)).figures) == len(evidence().figures)


def test_no_row_is_known_later_than_the_panel_and_each_has_its_source():
    for name in ("series", "nghe_an", "registrations", "groups", "trajectories"):
        table = reference(name)
        assert table["known_from"].max() <= pd.Timestamp("2022-03-31")
        assert table["source_url"].ne("").all()


def test_a_plan_is_a_lower_bound_of_its_list_and_one_row_tells_an_area_and_year():
    told = lists(reference("registrations"))
    assert not told.duplicated(["area", "year"]).any()
    assert (told["finished"] <= told["listed"]).all()
    assert told.query("area == 'Hà Tĩnh' and year == 2018").iloc[0, 3:].tolist() == [22, 22]
    # Read (6 planned, 9 new) before derived; the country is no list.
    assert told.query("area == 'Hòa Bình'").iloc[0, 3:].tolist() == [6, 6]
    assert "Vietnam" not in set(told["area"])


@pytest.mark.parametrize(
    ("column", "text", "code"), [(6, "", "required"), (4, "999", "above_total")]
)
def test_a_bad_row_of_the_reference_tables_is_one_clear_problem(tmp_path, column, text, code):
    shutil.copytree(REFERENCE, tmp_path / "reference")
    path = tmp_path / "reference" / "panel_series.csv"
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    cells = lines[1].split(",")
    cells[column] = text
    lines[1] = ",".join(cells)
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    with pytest.raises(DataProblemsError) as raised:
        evidence(folder=tmp_path / "reference")
    assert [(p.code, p.file, p.row) for p in raised.value.problems] == [(code, path.name, 2)]


def test_a_file_without_a_column_is_refused_and_other_columns_are_passed_over(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("area,date\nA,2018\n", encoding="utf-8")
    with pytest.raises(DataProblemsError) as raised:
        read_series(path)
    assert {p.code for p in raised.value.problems} == {"missing_column"}
    path.write_text(
        ",".join(SERIES) + ",seen\nA,province,2018,ntm_communes,5,9,x,read,y\n", "utf-8"
    )
    assert figures(read_series(path))[0]["finished"].tolist() == [5]


def test_a_total_that_can_be_none_is_none_and_a_value_that_can_be_none_is_left_out():
    totals = ("inf", "0", "1.27", "1e300", "120")
    known, _ = figures(rows(*((f"{2014 + n}", "5", total) for n, total in enumerate(totals))))
    assert known["total"].isna().tolist() == [True, True, True, True, False]
    _, left_out = figures(rows(("2018", "1e15", "1e16"), ("2019", "2.5", ""), ("2020", "-1", "")))
    assert left_out["reason"].tolist() == ["value"] * 3


def test_the_country_is_one_province_whatever_a_file_calls_it():
    names = ("Vietnam", "Việt Nam", "Cả nước (39 tỉnh)")
    cells = [("2018", "5", "", "read", "country"), *[("2019", "9", "", "read", "country")] * 2]
    known, _ = figures(rows(*cells).assign(area=names))
    assert known["area"].nunique() == 3 and known["province"].unique().tolist() == ["Vietnam"]

"""Bad input: one clear report with file, row, column, what is wrong and how to mend it; nothing
passes in silence.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from ntm_analysis.data import Workbook
from ntm_analysis.language import RefusalError
from ntm_analysis.standing import assess
from ntm_analysis.tables import DataProblemsError, Problem, report


@pytest.fixture
def district(tmp_path) -> Path:
    """A copy of Thanh Chương and of the law, to be spoilt."""
    shutil.copytree("data/criteria", tmp_path / "data" / "criteria")
    return Path(shutil.copytree("data/thanh-chuong", tmp_path / "data" / "thanh-chuong"))


def problems_of(folder: Path) -> list[Problem]:
    with pytest.raises(DataProblemsError) as caught:
        Workbook.open(folder)
    return caught.value.problems


def change(path: Path, old: str, new: str, encoding: str = "utf-8-sig") -> None:
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode(encoding))


def add(path: Path, line: str) -> int:
    """Add a row; its line number in the file."""
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text + line + "\n", encoding="utf-8-sig")
    return text.count("\n") + 1


def only(folder: Path) -> Problem:
    (problem,) = problems_of(folder)
    return problem


def test_a_term_that_ends_after_all_prices_is_told_beside_them(district):
    change(district / "dataset.yaml", "2025-12-31", "2099-12-31")
    told = {problem.code: problem for problem in problems_of(district)}
    assert told["no_price"].file == "prices.csv"
    problem = told["term_beyond_prices"]
    assert (problem.file, problem.column) == ("dataset.yaml", "term_end")
    assert "31/12/2099" in report([problem])


def test_a_missing_file_names_the_file_and_its_head_row(district):
    (district / "targets.csv").unlink()
    problem = only(district)
    assert (problem.code, problem.file) == ("missing_file", "targets.csv")
    assert "commune, level, year, kind" in report([problem])


def test_an_empty_file_and_a_table_without_units(district):
    (district / "goals.csv").write_text("", encoding="utf-8")
    assert only(district).code == "empty_file"
    header = (district / "units.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    shutil.copy("data/thanh-chuong/goals.csv", district / "goals.csv")
    (district / "units.csv").write_text(header + "\n", encoding="utf-8")
    assert any(p.code == "no_rows" and p.file == "units.csv" for p in problems_of(district))


@pytest.mark.parametrize("nothing", [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b" \r\n"])
def test_a_file_with_no_more_than_a_byte_order_mark_is_empty(district, nothing):
    (district / "goals.csv").write_bytes(nothing)
    assert only(district).code == "empty_file"


def test_a_folder_in_the_place_of_a_file_is_no_missing_file_and_one_beside_the_tables_is_nothing(
    district,
):
    (district / "more.csv").mkdir()
    assert len(Workbook.open(district).tables["targets"]) == 8
    for name in ("units.csv", "targets.csv"):
        (district / name).unlink()
        (district / name).mkdir()
    assert [(p.code, p.file) for p in problems_of(district)] == [
        ("unopened_file", "units.csv"),
        ("unopened_file", "targets.csv"),
    ]


def test_unknown_and_missing_columns_are_named(district):
    change(district / "goals.csv", "covers", "aplies_to")
    assert {(p.code, p.column) for p in problems_of(district)} >= {
        ("unknown_column", "aplies_to"),
        ("missing_column", "covers"),
    }


def test_a_row_with_too_many_cells_gives_its_line(district):
    line = add(
        district / "goals.csv",
        "yearly_rule,2022,all,a,b,1,x,y,2022-03-31,bai-hoi-nghi,reported,,THỪA",
    )
    problem = only(district)
    assert (problem.code, problem.row) == ("ragged_row", line)


UNIT = (
    "{code},2020-01-01,{name},commune,,60,plain,,{households},,{area},"
    "2019-12-31,danh-muc-dvhc,reported,"
)


def unit_line(code="19999", name="Xã Mới", households="", area="") -> str:
    return UNIT.format(code=code, name=name, households=households, area=area)


def test_the_same_code_or_the_same_name_twice(district):
    line = add(district / "units.csv", unit_line(code="17758"))
    problem = next(p for p in problems_of(district) if p.code == "duplicate")
    assert (
        problem.row == line and "17758" in problem.details["value"] and problem.details["other"] > 1
    )
    shutil.copy("data/thanh-chuong/units.csv", district / "units.csv")
    add(district / "units.csv", unit_line(name="THANH HƯƠNG"))
    problem = next(p for p in problems_of(district) if p.column == "name")
    assert "17758" in report([problem]), "the other unit is named with its code"


def test_a_name_that_folds_onto_two_units_lists_both_with_code_and_district(district):
    change(district / "units.csv", "Thanh Hòa", "Thanh Hà")
    problem = next(p for p in problems_of(district) if p.code in ("duplicate", "same_name"))
    text = report([problem])
    assert "17725" in text or "17806" in text
    assert "Thanh Chương" in text


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("99999", "unknown_unit", ""),
        ("Thanh Hưong", "unknown_unit", "Thanh Hương"),
        ("Thanh H??ng", "lost_letters", "Thanh Hương"),
        ("Thanh H\u00ad¬ng", "tcvn3", "Thanh Hương"),
        ("../../x", "unknown_unit", ""),
        ("<script>alert(1)</script>", "unknown_unit", ""),
    ],
)
def test_a_commune_that_is_none_is_reported_with_the_nearest_names(district, name, code, hint):
    line = add(district / "targets.csv", f"{name},ntm,2024,plan,2022-03-31,bai-hoi-nghi,reported,")
    problem = only(district)
    assert (problem.code, problem.row, problem.column) == (code, line, "commune")
    assert hint in report([problem])


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "../../x", "=1+1", "a\x1b[31mb"])
def test_a_unit_cannot_have_a_name_that_is_none(district, name):
    line = add(district / "units.csv", unit_line(name=name))
    problem = next(p for p in problems_of(district) if p.column == "name")
    assert (problem.code, problem.row) == ("not_a_name", line)
    assert "\x1b" not in report([problem]), "the report never passes control characters on"


def test_criterion_20_of_19(district):
    line = add(
        district / "criterion_states.csv",
        "Thanh Hà,ntm-2016-2020,20,2022-03-31,đạt,2022-03-31,bai-hoi-nghi,reported,",
    )
    problem = only(district)
    assert (problem.code, problem.row, problem.details["value"]) == (
        "unknown_criterion",
        line,
        "20",
    )


def test_a_state_outside_the_list(district):
    add(
        district / "criterion_states.csv",
        "Thanh Hà,ntm-2016-2020,2,2022-03-31,gần đạt,2022-03-31,bai-hoi-nghi,reported,",
    )
    problem = only(district)
    assert problem.code == "not_allowed" and "cơ bản đạt" in report([problem])


def test_states_cannot_be_named_in_a_set_that_only_counts(district):
    add(
        district / "criterion_states.csv",
        "Thanh Tiên,advanced-nghe-an-2018-2020,2,2022-03-31,đạt,2022-03-31,bai-hoi-nghi,reported,",
    )
    assert only(district).code == "counts_only"


def test_a_count_above_its_total_and_a_total_that_is_not_the_sets(district):
    add(
        district / "criterion_counts.csv",
        "Thanh Hà,ntm-2016-2020,2022-03-31,20,19,2022-03-31,bai-hoi-nghi,reported,",
    )
    add(
        district / "criterion_counts.csv",
        "Thanh Xuân,ntm-2016-2020,2022-03-31,10,15,2022-03-31,bai-hoi-nghi,reported,",
    )
    assert {p.code for p in problems_of(district)} == {"count_above_total", "wrong_total"}


def test_a_count_against_its_list_is_a_warning_that_shows_both(district):
    change(
        district / "criterion_counts.csv",
        "Thanh Hương,ntm-2016-2020,2022-03-31,15,19",
        "Thanh Hương,ntm-2016-2020,2022-03-31,17,19",
    )
    workbook = Workbook.open(district)
    standing = assess(workbook, "ntm-2016-2020")
    (problem,) = standing.contradictions
    text = report([problem])
    assert problem.warning and "17/19" in text and "4" in text and "Thanh Hương" in text
    row = standing.counts.loc[workbook.find("Thanh Hương")]
    assert (row["missing"], row["unknown"]) == ((2, 5, 6, 17), 15), (
        "the list is used, not the count"
    )


def test_12_point_5_in_a_vietnamese_column_names_the_line_of_number_style(district):
    line = add(district / "units.csv", unit_line(area="12.5"))
    problem = only(district)
    assert (problem.code, problem.row, problem.column) == ("other_style", line, "area_km2")
    wanted = (district / "dataset.yaml").read_text(encoding="utf-8").split("number_style")[0].count(
        "\n"
    ) + 1
    assert f"dataset.yaml:{wanted}" in report([problem])


def test_1_point_234_is_ambiguous_only_where_both_readings_fit(district):
    add(district / "units.csv", unit_line(area="1.234"))
    problem = only(district)
    assert (
        problem.code == "ambiguous_number"
        and "1234" in report([problem])
        and "1,234" in report([problem])
    )
    shutil.copy("data/thanh-chuong/units.csv", district / "units.csv")
    add(district / "units.csv", unit_line(households="1.234"))
    assert Workbook.open(district).units["households"].max() == 1670, (
        "a number of households is whole: no doubt"
    )
    assert 1234 in Workbook.open(district).units["households"].tolist()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("3/31/2022", "american_date"),
        ("44651", "serial_date"),
        ("31/02/2022", "not_a_date"),
        ("hôm qua", "not_a_date"),
    ],
)
def test_dates_that_excel_changed_are_recognised(district, typed, code):
    add(district / "targets.csv", f"Thanh Hà,ntm,2024,plan,{typed},bai-hoi-nghi,reported,")
    assert only(district).code == code


def test_lost_leading_noughts_are_recognised(district):
    change(district / "units.csv", "17758,", "00758,")
    change(district / "criterion_counts.csv", "Thanh Hương", "758")
    problem = next(p for p in problems_of(district) if p.file == "criterion_counts.csv")
    assert problem.code == "lost_noughts" and "00758" in report([problem])


def test_a_file_in_an_old_encoding_is_recognised_and_read_for_the_message(district):
    path = district / "targets.csv"
    path.write_bytes(
        path.read_text(encoding="utf-8-sig").split("\n")[0].encode()
        + b"\nThanh H\xad\xacng,ntm,2022,plan\n"
    )
    problem = only(district)
    assert (
        problem.code == "encoding"
        and "TCVN3" in report([problem])
        and "Thanh Hương" in report([problem])
    )
    path.write_bytes("commune\nThanh Hà, Thanh Đức, Cát Văn\n".encode("cp1258", "ignore"))
    assert "cp1258" in report([only(district)])


def test_yaml_may_not_run_python_nor_repeat_a_key(district):
    path = district / "dataset.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good + "note: !!python/object/apply:os.system ['true']\n", encoding="utf-8")
    assert any(p.code == "yaml_tag" for p in problems_of(district))
    path.write_text(good + "region: tn\n", encoding="utf-8")
    problem = next(p for p in problems_of(district) if p.file == "dataset.yaml")
    assert problem.code == "yaml" and problem.row == good.count("\n") + 1
    path.write_text(good + "colour: red\n", encoding="utf-8")
    assert only(district).code == "yaml_key"


@pytest.mark.parametrize(
    ("pattern", "new", "code"),
    [
        (r"(regions: .*), reference: \w+\}", r"\1}", "law_reference"),
        (r"(regions: .*), mark: \w+,", r"\1, mark: sure,", "law_mark"),
        (r"(regions: .*), mark: \w+,", r"\1,", "law_mark"),
        (r"indicator_count: 49", "indicator_count: 48", "law_count"),
        (r'op: ">="', 'op: ">"', "yaml_value"),
        (r"regions: \{", "regions: {moon: 3, ", "yaml_value"),
        (r"from: 2016-12-01, regions", "from: soon, regions", "yaml_value"),
        (r"(  - number: 2)\n", r"\1\n    colour: red\n", "yaml_key"),
    ],
)
def test_law_that_is_not_sound_does_not_load(district, pattern, new, code):
    path = district.parent / "criteria" / "ntm-2016-2020.yaml"
    text, changed = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1)
    assert changed == 1
    path.write_text(text, encoding="utf-8")
    found = [p for p in problems_of(district) if p.code == code]
    assert found and found[0].file == "criteria/ntm-2016-2020.yaml" and found[0].row > 1


def test_law_with_overlapping_dates_does_not_load(district):
    path = district.parent / "criteria" / "ntm-2016-2020.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    index = next(i for i, line in enumerate(lines) if line.strip().startswith("- {from:"))
    lines.insert(index, lines[index])
    path.write_text("\n".join(lines), encoding="utf-8")
    problem = next(p for p in problems_of(district) if p.code == "law_overlap")
    assert problem.row == index + 2


def test_an_officers_check_takes_the_dagger_away(district):
    path = district.parent / "criteria" / "TO_CHECK.csv"
    text = path.read_text(encoding="utf-8-sig").splitlines()
    index = next(i for i, line in enumerate(text) if line.startswith("ntm-2021-2025,9.2,btb"))
    text[index] = (
        text[index].removesuffix(",,,,") + ',"82,5",QĐ 318/QĐ-TTg phụ lục I,Nguyễn Văn A,24/11/2022'
    )
    path.write_text("\n".join(text) + "\n", encoding="utf-8-sig")
    values = Workbook.open(district).law.values.query(
        "set == 'ntm-2021-2025' and test == '9.2' and region == 'btb'"
    )
    assert values[["value", "mark"]].to_numpy().tolist() == [[82.5, "read"]]
    assert "Nguyễn Văn A" in values["reference"].iloc[0]


def test_an_officers_half_filled_check_is_reported(district):
    path = district.parent / "criteria" / "TO_CHECK.csv"
    text = path.read_text(encoding="utf-8-sig").splitlines()
    text[1] = text[1].removesuffix(",,,,") + ",100,,,"
    path.write_text("\n".join(text) + "\n", encoding="utf-8-sig")
    problem = only(district)
    assert (problem.code, problem.row) == ("to_check", 2) and "checked_by" in report([problem])


@pytest.mark.parametrize("separator", [";", "\t", ","])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_byte_order_marks_and_line_ends_do_not_matter(district, separator, bom, newline):
    path = district / "targets.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_bytes(
        bom + newline.join(line.replace(",", separator) for line in lines).encode("utf-8")
    )
    assert len(Workbook.open(district).tables["targets"]) == 8


def test_blank_lines_that_excel_leaves_are_nothing(district):
    add(district / "targets.csv", ",,,,,,,\n,,,,,,,")
    assert len(Workbook.open(district).tables["targets"]) == 8


def test_everything_wrong_is_told_in_one_report_in_both_languages(district):
    add(district / "targets.csv", "Thanh Hưng,ntm,20x4,plan,2022-03-31,khong-co,reported,")
    add(district / "units.csv", unit_line(area="12.5"))
    add(
        district / "criterion_states.csv",
        "Thanh Hà,ntm-2016-2020,20,2022-03-31,gần đạt,3/31/2022,bai-hoi-nghi,,",
    )
    problems = problems_of(district)
    assert len(problems) >= 7 and len({p.file for p in problems}) == 3
    for lang, head in (("vi", "Lỗi: "), ("en", "Errors: ")):
        text = report(problems, lang)
        assert (
            text.startswith(f"{head}{len(problems)}")
            and len(text.splitlines()) == len(problems) + 1
        )


def test_the_same_mistake_in_many_rows_is_one_line_with_row_ranges():
    many = [Problem("not_whole", "u.csv", row, "order", {"value": "1,5"}) for row in range(2, 2002)]
    text = report(many, "vi")
    assert "dòng 2-2001" in text and len(text.splitlines()) == 2


def test_value_and_state_must_fit_the_indicator(district):
    tail = ",2022-03-31,bai-hoi-nghi,reported,"
    path = district / "indicator_values.csv"
    add(path, "Thanh Hà,ntm-2016-2020,10,2021-12-31,36,đạt" + tail)
    add(path, "Thanh Hà,ntm-2016-2020,12,2021-12-31,,đạt" + tail)
    add(path, "Thanh Hà,ntm-2016-2020,1.1,2021-12-31,5," + tail)
    add(path, "Thanh Hà,ntm-2016-2020,21.1,2021-12-31,5," + tail)
    assert {p.code for p in problems_of(district)} == {
        "value_or_state",
        "needs_value",
        "needs_state",
        "unknown_test",
    }


def test_a_day_before_any_commune_existed_is_refused():
    with pytest.raises(DataProblemsError) as caught:
        Workbook.open("data/thanh-chuong", "2010-01-01")
    assert caught.value.problems[0].code == "no_units_then"


@pytest.mark.parametrize(
    ("file", "row", "code", "column"),
    [
        # the same commune spelt another way is still the same commune
        ("criterion_counts", "thanh chi,ntm-2016-2020,2022-03-31,3,19@", "duplicate", "commune"),
        ("criterion_counts", "17776,ntm-2016-2020,2022-03-31,19,19@", "duplicate", "commune"),
        (
            "criterion_states",
            "Xã Thanh Chi,ntm-2016-2020,2,2022-03-31,đạt@",
            "duplicate",
            "commune",
        ),
        # nothing is known before it happened; a decision has a number and a day; a set has its
        # level
        (
            "criterion_counts",
            "Thanh Hà,ntm-2016-2020,2022-03-31,9,19,2022-03-01,bai-hoi-nghi,reported,",
            "known_before",
            "date",
        ),
        (
            "recognitions",
            "Thanh Hà,ntm,ntm-2016-2020,decision,,2022-01-01,2022-03-01,suy-ra,assumed,",
            "decision_open",
            "basis",
        ),
        (
            "recognitions",
            "Thanh Hà,ntm,model-2021-2025,inferred,,,2022-03-31,suy-ra,assumed,",
            "wrong_level",
            "set",
        ),
        # a township has no criteria for communes
        ("criterion_counts", "17713,ntm-2016-2020,2022-03-31,9,19@", "not_judged", "commune"),
        # values outside what can be
        ("indicator_values", "Thanh Hà,ntm-2016-2020,12,2021-12-31,150,@", "out_of_range", "value"),
        ("indicator_values", "Thanh Hà,ntm-2016-2020,12,2021-12-31,-5,@", "out_of_range", "value"),
        ("indicator_values", "Thanh Hà,ntm-2016-2020,12,2021-12-31,1e1,@", "not_a_number", "value"),
        ("indicator_values", "Thanh Hà,ntm-2016-2020,12,2021-12-31,NaN,@", "not_a_number", "value"),
        ("indicator_values", "Thanh Hà,ntm-2016-2020,12,2021-12-31,٣,@", "not_a_number", "value"),
        (
            "indicator_values",
            "Thanh Hà,model-2021-2025,1,2022-03-31,,đạt@",
            "follows_set",
            "indicator",
        ),
        ("targets", "Thanh Hà,ntm,inf,plan@", "not_a_number", "year"),
        (
            "targets",
            "Thanh Hà,ntm,2024,plan,2922-03-31,bai-hoi-nghi,reported,",
            "not_a_date",
            "known_from",
        ),
        (
            "targets",
            "Thanh Hà,ntm,2024,plan,2022-03-31,bai-hoi-nghi|khong-co,reported,",
            "unknown_source",
            "source",
        ),
        (
            "targets",
            "Thanh Hà,ntm,2024,plan,2022-03-31,bai-hoi-nghi,reported,a\x00b",
            "control_character",
            "note",
        ),
        # mergers: one new unit, after the old one began, and one that exists
        (
            "mergers",
            "17716,2025-07-01,17743,Tam Đồng,NQ,2025-06-16,nq-1678,reported,",
            "duplicate",
            "commune",
        ),
        (
            "mergers",
            "17719,2019-12-01,,Xã Mới,NQ,2019-11-01,nq-1678,reported,",
            "merged_before",
            "on",
        ),
        (
            "mergers",
            "17716,2026-07-01,99999,Xã Mới,NQ,2025-06-16,nq-1678,reported,",
            "unknown_unit",
            "into_code",
        ),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_place(district, file, row, code, column):
    line = add(district / f"{file}.csv", row.replace("@", ",2022-03-31,bai-hoi-nghi,reported,"))
    problem = only(district)
    assert (problem.code, problem.row, problem.column) == (code, line, column)


def test_a_stray_quote_swallows_no_rows(district):
    path = district / "targets.csv"
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    lines[1] += '"moved'
    lines[3] += '"'
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    problem = only(district)
    assert (problem.code, problem.row) == ("open_quote", 2)


def test_old_mac_line_ends_and_decomposed_names_are_read(district):
    import unicodedata

    for name in ("units", "mergers", "targets"):
        path = district / f"{name}.csv"
        text = unicodedata.normalize("NFD", path.read_text(encoding="utf-8-sig"))
        path.write_bytes(text.replace("\n", "\r").encode("utf-8"))
    workbook = Workbook.open(district)
    assert "Thanh Hương" in workbook.units["name"].tolist() and len(workbook.tables["targets"]) == 8


def test_without_the_folder_of_the_law_one_problem_names_the_key_that_says_where_it_is(district):
    change(
        district / "dataset.yaml",
        "criteria: ../criteria",
        "criteria: ../khong-co",
        encoding="utf-8",
    )
    elsewhere = only(district)
    assert (elsewhere.code, elsewhere.file, elsewhere.row, elsewhere.column) == (
        "no_law",
        "dataset.yaml",
        12,
        "criteria",
    )
    change(district / "dataset.yaml", "criteria: ../khong-co", "", encoding="utf-8")
    shutil.rmtree(district.parent / "criteria")
    problem = only(district)  # the place that stands unless told
    assert (
        "ghi đường dẫn" in report([problem])
        and str(district.parent / "criteria") in problem.words("en")[0]
    )


def test_a_table_of_units_that_cannot_be_read_is_told_alone(district):
    path = district / "units.csv"
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("utf-16"))
    problem = only(district)
    assert (problem.file, problem.code) == ("units.csv", "encoding") and "UTF-16" in report(
        [problem]
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("illustrative: false", 'illustrative: "no"', "yaml_value"),
        ("mark: assumed, source: bai-hoi-nghi}", "mark: sure, source: bai-hoi-nghi}", "yaml_value"),
        (
            "mark: assumed, source: bai-hoi-nghi}",
            "mark: assumed, source: khong-co}",
            "unknown_source",
        ),
        ("date: 2022-03-31", "date: 2022-03-31 10:00:00", "yaml_value"),
        ("date: 2025-12-31", "date: 9999-12-31", "yaml_value"),
        ("region: btb", "region: [btb]", "yaml_value"),
        ("id: thanh-chuong", "id: ../../x", "yaml_value"),
        ('district: {code: "428", name: "Thanh Chương"}', "district: abc", "yaml_value"),
        ("{ntm: ntm-2016-2020,", "{ntm: model-2021-2025,", "wrong_level"),
        ("{ntm: ntm-2016-2020,", "{ntm: khong-co,", "unknown_set"),
    ],
)
def test_settings_that_are_none_are_refused(district, old, new, code):
    change(district / "dataset.yaml", old, new, encoding="utf-8")
    assert {p.code for p in problems_of(district)} == {code}


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices have no place in a folder there")
@pytest.mark.parametrize("name", ["progress.csv", "dataset.yaml"])
def test_a_pipe_or_a_device_in_the_place_of_a_table_is_told_and_not_waited_for(district, name):
    for put in (os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
        (district / name).unlink()
        put(district / name)
        if name == "dataset.yaml":  # then the folder is no data set
            with pytest.raises((DataProblemsError, RefusalError)):
                Workbook.open(district)
            continue
        assert ("unopened_file", name) in {(p.code, p.file) for p in problems_of(district)}


def test_a_table_larger_than_any_is_refused(district, monkeypatch):
    with (district / "sources.csv").open("a", encoding="utf-8") as file:
        file.write("\n" * 100)  # other bytes than any that were read before
    monkeypatch.setattr("ntm_analysis.tables.csv_files.LARGEST", 50)
    assert {"table_large"} <= {p.code for p in problems_of(district)}


def test_invented_rows_make_no_real_data_set(tmp_path):
    shutil.copytree("data/criteria", tmp_path / "criteria")
    folder = Path(shutil.copytree("data/huyen-mau", tmp_path / "x"))
    path = folder / "dataset.yaml"
    text = path.read_text(encoding="utf-8")
    for said in ("illustrative: false", ""):
        path.write_text(text.replace("illustrative: true", said), encoding="utf-8")
        (problem,) = problems_of(folder)
        assert (problem.code, problem.file) == ("not_illustrative", "dataset.yaml")
        assert "indicator_values.csv" in problem.details["files"]

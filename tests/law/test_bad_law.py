"""Law that is not sound does not load: each mistake is one report with file, line and what to write
instead.
"""

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest
import yaml

from ntm_analysis.law import read_law
from ntm_analysis.tables import Problem, read_yaml, report, yaml_files

NTM, ADV, MODEL = "ntm-2016-2020", "advanced-2021-2025", "model-2021-2025"
COUNTS, DISTRICT, RULES = "advanced-nghe-an-2018-2020", "district-2021-2025", "recognition"
FIRST_PERCENT = r"(op: \"[<>]=\"\n +values:\n +- \{from: [-0-9]+, regions: \{\w+: )[0-9.]+"
FIRST_MET = r"(op: judged\n +values:\n +- \{from: [-0-9]+, regions: \{\w+: )met"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the law, to be spoilt."""
    return Path(shutil.copytree("data/criteria", tmp_path / "criteria"))


def problems_of(folder: Path) -> list[Problem]:
    """What is wrong with the law; both languages can be written of it."""
    problems: list[Problem] = []
    read_law(folder, problems)
    assert "None" not in report(problems, "vi") + report(problems, "en"), (
        "no Python words in a report"
    )
    return problems


def spoil(path: Path, pattern: str, new: str) -> int:
    """Replace the first match; the line on which the match ends."""
    text = path.read_text(encoding="utf-8-sig")
    match = re.search(pattern, text)
    assert match, pattern
    path.write_text(
        text[: match.start()] + match.expand(new) + text[match.end() :], encoding="utf-8"
    )
    return text[: match.end()].count("\n") + 1


@pytest.mark.parametrize("name", ["yaml", "csv"])
def test_the_law_as_it_stands_has_no_problem(folder, name):
    assert problems_of(folder) == []
    for path in folder.glob(f"*.{name}"):
        path.write_bytes(
            b"\xef\xbb\xbf"
            + path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\n", b"\r\n")
        )
    assert problems_of(folder) == []


# Each: file, what is changed, into what, the problem, what its report must show. One mistake is one
# problem.
MISTAKES = [
    *(
        (NTM, FIRST_PERCENT, rf"\g<1>{bad}", "yaml_value", bad)
        for bad in (".nan", ".inf", "-5", "90:30", "010", "1e3")
    ),
    *(
        (NTM, FIRST_PERCENT, rf"\g<1>{bad}", "yaml_value", bad)
        for bad in ("100.1", "yes", "true", "met", "[95]")
    ),
    (NTM, FIRST_PERCENT, r"\g<1>95,5", "yaml_comma", "“95,5”"),
    (NTM, FIRST_MET, r"\g<1>5", "yaml_value", "“5”"),
    (NTM, r"regions: \{", "regions: {moon: met, ", "yaml_value", "tdmnpb"),
    (NTM, r"regions: \{[^}]*\}", "regions: {}", "yaml_value", "regions"),
    (NTM, r"regions: \{[^}]*\}", "regions: 95", "yaml_value", "“95”"),
    (NTM, r"\nto: .*", "\nto: 2010-01-01", "yaml_value", "2010-01-01"),
    (
        NTM,
        r"- \{from: 2016-12-01,",
        "- {from: 2016-12-01, to: 2016-01-01,",
        "yaml_value",
        "2016-01-01",
    ),
    (NTM, r"- number: 19\n", "- number: 20\n", "yaml_value", "1 - 19"),
    (NTM, r"- number: 19\n", "- number: 0\n", "yaml_value", "“0”"),
    (NTM, r"- number: 19\n", "- number: 1.7\n", "yaml_value", "“1.7”"),
    (NTM, r"- number: 19\n", "- number: 18\n", "duplicate", "18"),
    (NTM, r"criteria_count: 19", "criteria_count: 20", "law_count", "20"),
    (NTM, r'number: "1.1"', "number: 1.1", "yaml_value", "“1.1”"),
    (NTM, r'part_of: "17.1"', 'part_of: "1.1"', "law_link", "17.2"),
    (NTM, r'part_of: "17.1"', 'part_of: "99"', "law_link", "“99”"),
    (
        ADV,
        r'same_measure: \{ntm-2021-2025: "3.1"',
        'same_measure: {ntm-2031: "3.1"',
        "law_link",
        "“ntm-2031”",
    ),
    (
        ADV,
        r'same_measure: \{ntm-2021-2025: "3.1"',
        'same_measure: {ntm-2021-2025: "33"',
        "law_link",
        "“33”",
    ),
    (
        ADV,
        r'same_measure: \{ntm-2021-2025: "3.1"',
        'same_measure: {ntm-2021-2025: ["3.1"]',
        "yaml_value",
        "3.1",
    ),
    (ADV, r"same_measure: \{.*\}", 'same_measure: "3.1"', "yaml_value", '“"3.1"”'),
    (ADV, r"requires: \{set: ntm-2021-2025", "requires: {set: ntm", "law_link", "ntm-2021-2025"),
    (MODEL, r"(times: 1.1, set: )\S+,", r"\1nothing,", "law_link", "“nothing”"),
    (MODEL, r'(times: 1.1, set: \S+ test: )"10"', r'\1"77"', "law_link", "“77”"),
    (MODEL, r'(times: 1.1, set: \S+ test: )"10"', r'\1"1.1"', "law_link", "“1.1”"),
    (
        MODEL,
        r'times: 1.1, set: \S+ test: "10"',
        f'times: 1.1, set: {MODEL}, test: "2"',
        "law_link",
        "“2”",
    ),
    *(
        (MODEL, r"times: 1.1", f"times: {bad}", "yaml_value", bad)
        for bad in ("-1.1", "0", ".inf", "[1]")
    ),
    (MODEL, r"(times: 1.1, set: )\S+,", r"\1[a],", "yaml_value", '“["a"]”'),
    (MODEL, r"times: 1.1, set: ", "times: {set: [a]}, set: ", "yaml_value", "set"),
    (MODEL, r"verdict_of: \S+\}\}", "verdict_of: nothing}}", "law_link", ADV),
    (MODEL, r"verdict_of: \S+\}\}", f"verdict_of: {MODEL}}}}}", "law_cycle", MODEL),
    (MODEL, r"\{region: tdmnpb", "{region: moon", "yaml_value", "tdmnpb"),
    (MODEL, r"\{region: tdmnpb, ", "{", "yaml_missing", "region"),
    (MODEL, r"specially_difficult: .*", "specially_difficult: tdmnpb", "yaml_value", "region"),
    (COUNTS, r"counts_only: true", "counts_only: maybe", "yaml_value", "true, false"),
    (COUNTS, r"criteria_count: 15", "criteria_count: 0", "yaml_value", "“0”"),
    (NTM, r"\n  (\w+): \".*\"\n", '\n  \\1: ""\n', "yaml_value", "“”"),
    (NTM, r'op: ">="', "op: [1]", "yaml_value", "judged"),
    (NTM, r"name: \{vi: .*\}", "name: Quy hoạch", "yaml_value", "“Quy hoạch”"),
    (NTM, r"title: \{vi: .*\}", "title: {vi: [a], en: b}", "yaml_value", "{vi: ..., en: ...}"),
    (NTM, r"decision: \{.*\}", "decision: 1980", "yaml_value", "signed"),
    (NTM, r"owner: \{.*\}", "owner: Phòng", "yaml_value", "“Phòng”"),
    (DISTRICT, r"conditions:\n(?s:.*)", "conditions: many\n", "yaml_value", "“many”"),
    (NTM, r"level: ntm", "level: [ntm]", "yaml_value", "advanced"),
    (NTM, r"id: \S+", "id: ntm", "yaml_value", NTM),
    (NTM, r"kind: set", "kind: sett", "yaml_value", "district"),
    (
        NTM,
        r", mark: \w+, reference: \w+\}\n",
        ", mark: read, reference: [M]}\n",
        "law_reference",
        '“["M"]”',
    ),
    (DISTRICT, r"measure: share_ntm", "measure: share_ntn", "yaml_value", "share_ntm"),
    (DISTRICT, r'number: "2"', 'number: "1"', "duplicate", "1"),
    (DISTRICT, r"measure: share_ntm", "colour: red, measure: share_ntm", "yaml_key", "“colour”"),
    (DISTRICT, r"(share_ntm.*)value: 100", r"\1value: half", "yaml_value", "“half”"),
    (RULES, r"\{id: no_debt, name: \{.*?\},", "{id: no_debt,", "yaml_missing", "name"),
    (RULES, r"value: 70", "value: '70'", "yaml_value", '“"70"”'),
    (RULES, r"value: 70", "value: -70", "yaml_value", "“-70”"),
    (RULES, r"value: 70", "valeu: 70", "yaml_key", "valeu"),
    (RULES, r"    from: 2016-12-30\n", "", "yaml_missing", "from"),
    (RULES, r"    decision: .*\n", "", "yaml_missing", "decision"),
    (RULES, r"\n    conditions:\n", "\n    conditions:\n      - null\n", "yaml_value", "null"),
    (RULES, r"from: 2022-08-02, (to: 2025-12)", r"\1", "yaml_missing", "from"),
    (RULES, r"share_any: 50, ", "", "yaml_missing", "share_any"),
    (RULES, r"share_with_key: 30, ", "", "yaml_missing", "share_with_key"),
    (RULES, r"share_any: 50", "share_any: half", "yaml_value", "“half”"),
    (RULES, r"\{ntm: \[10, 17, 19\]", "{ntm: [10, 17, 29]", "law_link", "“29”"),
    (RULES, r"\{ntm: \[10, 17, 19\]", "{ntm: 10", "yaml_value", "key_criteria"),
    (RULES, r"\{ntm: \[10, 17, 19\]", "{commune: [10]", "yaml_value", "key_criteria"),
    (RULES, r"\{district: \[6, 7, 8, 9\]\}", "{ntm: [6]}", "yaml_value", "district"),
    (
        RULES,
        r"share_communes: 30",
        "share_commune: 3, share_communes: 30",
        "yaml_key",
        "share_communes",
    ),
]


@pytest.mark.parametrize(("name", "pattern", "new", "code", "shown"), MISTAKES)
def test_a_mistake_is_one_report_with_its_line(folder, name, pattern, new, code, shown):
    line = spoil(folder / f"{name}.yaml", pattern, new)
    (problem,) = problems_of(folder)
    assert (problem.code, problem.file) == (code, f"criteria/{name}.yaml")
    assert 0 <= line - problem.row <= 7
    assert shown in report([problem])


def test_two_sets_that_follow_each_other_are_a_circle(folder):
    spoil(folder / f"{ADV}.yaml", FIRST_MET, rf"\g<1>{{verdict_of: {MODEL}}}")
    (problem,) = problems_of(folder)
    assert problem.code == "law_cycle" and MODEL in report([problem]) and ADV in report([problem])


def test_everything_wrong_in_a_file_is_told_at_once(folder):
    path = folder / f"{NTM}.yaml"
    spoil(path, r"\nlevel: ntm", "\nlevel: high")
    spoil(path, r'op: ">="', "op: [1]")
    spoil(path, r'part_of: "17.1"', 'part_of: "99"')
    spoil(path, r"- number: 19\n", "- number: 20\n")
    assert [p.code for p in problems_of(folder)].count("yaml_value") == 3
    assert "law_link" in {p.code for p in problems_of(folder)}


# Each: the text of a YAML file, the problem, its line, what its report must show.
TEXTS = [
    ("a: 1\n? [1, 2]\n: 3\n", "yaml", 2, "a key must be text"),
    ("a: 1\n{b: 2}: 3\n", "yaml", 2, "a key must be text"),
    ("a: 1\na: 2\n", "yaml", 2, "“a”"),
    ("a: 1\nb: 2022-13-45\n", "yaml", 2, "2022-13-45"),
    ("[" * 3000, "yaml", 1, "nested too deep"),
    ("a: " + "{a: " * 3000, "yaml", 1, "nested too deep"),
    ("a: 1\n---\nb: 2\n", "yaml", 2, "a second document"),
    ("a: &x [1]\nb: *x\n", "yaml_alias", 2, "*x"),
    ("a: !!float .inf\n", "yaml_tag", 1, "float"),
    ("a: !!timestamp x\n", "yaml_tag", 1, "timestamp"),
    ("- a\n- b\n", "yaml_mapping", 1, "key: value"),
    ("hello\n", "yaml_mapping", 1, "key: value"),
    ("a:\n  b: {btb: 95,5}\n", "yaml_comma", 2, "“95,5”"),
    ("# nothing\n", "empty_file", None, ""),
]


@pytest.mark.parametrize("parser", [yaml.SafeLoader, yaml_files._PARSER])
@pytest.mark.parametrize(("text", "code", "line", "shown"), TEXTS)
def test_yaml_that_says_more_than_plain_values_is_refused(
    tmp_path, monkeypatch, parser, text, code, line, shown
):
    monkeypatch.setattr(yaml_files, "_PARSER", parser)
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    read_yaml(tmp_path / "a.yaml", problems)
    assert (problems[0].code, problems[0].row) == (code, line)
    assert shown in report(problems[:1], "en")


def test_yaml_that_multiplies_itself_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)
    ]
    (tmp_path / "a.yaml").write_text("\n".join(lines), encoding="utf-8")
    problems: list[Problem] = []
    read_yaml(tmp_path / "a.yaml", problems)
    assert {p.code for p in problems} == {"yaml_alias"} and problems[-1].row == 40


def test_a_folder_or_another_encoding_in_place_of_a_file(folder):
    (folder / "x.yaml").mkdir()
    (folder / "y.yaml").write_bytes("id: y\ntitle: Huyện".encode("utf-16"))
    (folder / "TO_CHECK.csv").unlink()
    (folder / "TO_CHECK.csv").mkdir()
    assert {p.file for p in problems_of(folder)} == {
        f"criteria/{name}" for name in ("x.yaml", "y.yaml", "TO_CHECK.csv")
    }


def test_numbers_and_booleans_are_plain_or_they_are_text(tmp_path):
    plain = {
        "5": 5,
        "-3": -3,
        "95.5": 95.5,
        "true": True,
        "null": None,
        "~": None,
        "2022-03-08": dt.date(2022, 3, 8),
    }
    typed = [*plain, *"010 90:30 1e3 .inf .nan 1_000 0x1F +5 yes no True 2022-3-8".split(" ")]  # noqa: SIM905
    (tmp_path / "a.yaml").write_text(
        "".join(f"k{i}: {t}\n" for i, t in enumerate(typed)), encoding="utf-8"
    )
    made = read_yaml(tmp_path / "a.yaml", [])
    assert list(made.values()) == [plain.get(text, text) for text in typed]


PERCENT, MET, SHARE = (
    "ntm-2021-2025,17.12,btb",
    "ntm-2021-2025,18.1,all",
    "recognition,18-2022/vote,all",
)
BY = "QĐ 318,Nguyễn Văn A,24/11/2022"
# Each: the row, what the officer filled in, what else was changed in the row, the problem, what its
# report must show.
CHECKS = [
    *(
        (PERCENT, f"{bad},{BY}", None, "to_check_number", bad)
        for bad in ("inf", "1e3", "met", "12.5", "95%", "nan")
    ),
    *((PERCENT, f"{bad},{BY}", None, "out_of_range", "100") for bad in ("-5", "99999999", "101")),
    (PERCENT, f"1.234,{BY}", None, "ambiguous_number", "1,234"),
    (SHARE, f"met,{BY}", None, "to_check_number", "82,5"),
    (SHARE, f"900,{BY}", None, "out_of_range", "100"),
    (MET, f"5,{BY}", None, "to_check_met", "met"),
    (MET, f"đạt,{BY}", None, "to_check_met", "met"),
    (PERCENT, "50,QĐ 318,A,24/11/2099", None, "to_check_future", "24/11/2099"),
    (PERCENT, "50,QĐ 318,,24/11/2022", None, "to_check", "checked_by"),
    (PERCENT, f"50,{BY}", (",>=,", ",<=,"), "to_check_stale", "op"),
    (PERCENT, f"50,{BY}", (",%,", ",km,"), "to_check_stale", "unit"),
    (PERCENT, f"50,{BY}", (",50,unclear", ",60,unclear"), "to_check_stale", "“60”"),
    (PERCENT, f"50,{BY}", (",50,unclear", ",50,read"), "to_check_stale", "mark"),
    (PERCENT, f"50,{BY}", ("2022-03-08", "2022-03-09"), "to_check_stale", "from"),
    (PERCENT, f"50,{BY}", ("17.12", "17.99"), "to_check_stale", "test"),
]


def fill(folder: Path, row: str, filled: str, other: tuple[str, str] | None = None) -> int:
    """Fill an officer's cells into one row of TO_CHECK.csv; its line."""
    path = folder / "TO_CHECK.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    index = next(i for i, line in enumerate(lines) if line.startswith(row + ","))
    assert lines[index].endswith(",,,,") and (other is None or other[0] in lines[index])
    lines[index] = (
        lines[index].removesuffix(",,,").removesuffix(",").replace(*(other or ("", "")), 1)
        + ","
        + filled
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return index + 1


@pytest.mark.parametrize(("row", "filled", "other", "code", "shown"), CHECKS)
def test_a_wrong_check_does_not_make_law_read(folder, row, filled, other, code, shown):
    line = fill(folder, row, filled, other)
    (problem,) = problems_of(folder)
    assert (problem.code, problem.file, problem.row) == (code, "criteria/TO_CHECK.csv", line)
    assert shown in report([problem])


def test_good_checks_are_taken(folder):
    for row, filled in (
        (PERCENT, '"82,5"'),
        (MET, "met"),
        (SHARE, "75"),
        ("recognition,2540/no_debt,all", "met"),
    ):
        fill(folder, row, f"{filled},{BY}")
    problems: list[Problem] = []
    law = read_law(folder, problems)
    assert problems == []
    values = law.values[law.values["reference"].str.contains("Nguyễn Văn A")].set_index("test")
    assert (
        values["mark"].eq("read").all()
        and values["value"].get("17.12") == 82.5
        and values["kind"]["18.1"] == "met"
    )
    rules = [
        c
        for rule in law.recognition
        for c in rule["conditions"]
        if "Nguyễn Văn A" in c["reference"]
    ]
    assert [(c["key"], c["value"], c["mark"]) for c in rules] == [
        ("2540/no_debt", None, "read"),
        ("18-2022/vote", 75, "read"),
    ]

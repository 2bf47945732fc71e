"""The command ``ntm``: what it prints, its JSON, its exit codes; one sentence and never a
traceback.
"""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ntm_analysis.cli import COMMANDS, main, parser_of


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    try:
        code = main(list(arguments))
    except SystemExit as stop:  # argparse: help and usage
        code = stop.code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def records(capsys, *arguments: str) -> dict[str, dict]:
    code, out, _ = run(capsys, "status", "--json", *arguments)
    assert code == 0
    made = json.loads(out)
    assert made["as_of"] == "2022-03-31"
    return {record["name"]: record for record in made["communes"]}


def test_status_json_has_one_record_a_commune_with_the_agreed_keys(capsys):
    communes = records(capsys)
    assert len(communes) == 37
    for record in communes.values():
        assert {
            "code",
            "name",
            "set",
            "met",
            "of",
            "missing",
            "unknown",
            "level",
            "standings",
        } <= set(record)
        if record["met"] is not None:
            assert record["met"] + len(record["missing"]) + record["unknown"] == record["of"]


def test_status_json_gives_the_set_of_the_next_target_and_the_others_beside_it(capsys):
    communes = records(capsys)
    huong, tien, linh, lam = (
        communes[name] for name in ("Thanh Hương", "Thanh Tiên", "Thanh Lĩnh", "Thanh Lâm")
    )
    assert (huong["set"], huong["met"], huong["of"], huong["missing"]) == (
        "ntm-2016-2020",
        15,
        19,
        [2, 5, 6, 17],
    )
    assert (tien["set"], tien["met"], tien["of"], tien["missing"], tien["unknown"]) == (
        "advanced-nghe-an-2018-2020",
        11,
        15,
        [],
        4,
    )
    assert [other["set"] for other in tien["standings"]] == ["ntm-2016-2020"]
    assert (linh["set"], linh["level"], linh["met"]) == ("model-2021-2025", "advanced", None)
    assert {other["set"]: other["met"] for other in linh["standings"]}[
        "advanced-nghe-an-2018-2020"
    ] == 15
    assert (lam["met"], lam["of"], lam["unknown"], lam["level"], lam["standings"]) == (
        None,
        19,
        19,
        "not_ntm",
        [],
    )


def test_a_set_named_judges_all_by_it(capsys):
    made = records(capsys, "--set", "ntm-2021-2025")
    assert {record["set"] for record in made.values()} == {"ntm-2021-2025"}
    assert {record["met"] for record in made.values()} == {None}


@pytest.mark.parametrize(
    "name", ["Thanh Hương", "thanh huong", "17758", "xa-thanh-huong", "THANH HUONG"]
)
def test_a_commune_is_found_by_name_code_or_slug(capsys, name):
    assert list(records(capsys, "--commune", name)) == ["Thanh Hương"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "--commune", "Thanh Hươngg"], "Thanh Hương"),
        (["status", "--commune", ""], "Không xác định được xã"),
        (["status", "--commune", "../../x"], "Không xác định được xã"),
        (["status", "--commune", "<script>alert(1)</script>"], "Không xác định được xã"),
        (["status", "--json", "--commune", "17713"], "không phải là xã"),
        (["status", "--as-of", "2024-12-15", "--commune", "Thanh Chi"], "Thanh Quả"),
        (["check", "../../x"], "Không có bộ dữ liệu"),
        (["check", "x" * 300], "Không có bộ dữ liệu"),
        (["status", "--set", "khong-co"], "ntm-2016-2020"),
        (["report", "--commune", "Xyz"], "Không xác định được xã"),
        (["check", "--as-of", "2010-01-01"], "chưa có xã nào"),
    ],
)
def test_what_is_not_there_gets_one_sentence_and_exit_code_1(capsys, arguments, said):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "") and said in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["status", "--jsno"],
        ["check", "--as-of", "soon"],
        ["check", "--as-of", "20220331"],
        ["report", "--lang", "fr"],
        ["status", "--js"],
    ],
)
def test_a_slip_in_the_command_is_exit_code_2(capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


@pytest.mark.parametrize("option", ["--jobs", "--timeout"])
@pytest.mark.parametrize("typed", ["0", "-1", "abc", "1.5", "", "9" * 5000])
def test_a_number_that_is_none_is_refused_with_what_is_allowed(capsys, option, typed):
    code, out, err = run(capsys, "report", option, typed)
    assert (code, out) == (2, "") and option in err
    assert "phải là số nguyên từ 1 đến 10.000.000" in err
    assert "a whole number from 1" in run(capsys, "report", option, typed, "--lang", "en")[2]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["raport"], "không có lệnh raport; ý anh/chị là report?"),
        (["status", "--comune", "Thanh Chi"], "ý anh/chị là --commune?"),
        (["--lang", "en", "raport"], "there is no command raport; did you mean report?"),
        (["needs", "--jsno", "--lang=en"], "did you mean --json?"),
        (["check", "--json"], "không hiểu: --json\n"),
        (["--lan", "en", "check"], "ý anh/chị là --lang?"),
        (["status", "--commune", "Thanh Chi", "--commune", "Thanh Hà"], "chỉ nêu một xã"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_one_that_was_meant(capsys, arguments, meant):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "") and meant in err


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_speaks_one_language(capsys, lang):
    told = (
        run(capsys, "--lang", lang, "--help")[1] + run(capsys, "new", "--help", "--lang", lang)[1]
    )
    vietnamese = {"cách dùng", "các tùy chọn", "in phần hướng dẫn", "LỆNH", "tỉnh"}
    english = {"usage", "options", "show this help", "COMMAND", "the province"}
    here, other = (vietnamese, english) if lang == "vi" else (english, vietnamese)
    assert [word for word in here if word not in told] == []
    assert [word for word in other if word in told] == []


def test_every_option_of_every_command_is_explained():
    commands = parser_of().known
    assert list(commands) == list(COMMANDS)
    for name, command in commands.items():
        assert [action.dest for action in command._actions if not action.help] == [], name
        command.format_help()


def test_bad_data_is_told_in_full_and_nothing_is_written(capsys, tmp_path):
    shutil.copytree("data/criteria", tmp_path / "criteria")
    folder = Path(shutil.copytree("data/thanh-chuong", tmp_path / "x"))
    with (folder / "targets.csv").open("a", encoding="utf-8") as file:
        file.write("Thanh Hưng,ntm,12.5,plan,2022-03-31,khong-co,reported,\n")
    for command in (["check"], ["status"], ["report", "--out", str(tmp_path / "out")]):
        code, out, err = run(capsys, command[0], str(folder), *command[1:])
        assert (code, out) == (1, "")
        assert "Lỗi: 3" in err and "targets.csv, dòng 10" in err and "chưa làm gì cả" in err
    assert not (tmp_path / "out").exists()


def test_check_counts_rows_and_names_what_came_later(capsys):
    code, out, _ = run(capsys, "check")
    assert code == 0 and "units.csv: 38" in out and "mergers.csv (54)" in out and "(†): " in out


def test_status_says_that_merged_units_without_a_code_are_missing_from_the_count(capsys):
    _, out, _ = run(capsys, "status", "--as-of", "31/12/2024")
    assert "Chưa tính được cho toàn huyện: 7 đơn vị mới" in out and "Trong 22 xã còn lại" in out


def test_a_console_without_vietnamese_gets_letters_without_marks(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    assert main(["status", "--commune", "Thanh Hương"]) == 0
    sys.stdout.flush()
    text = raw.getvalue().decode("cp1252")
    assert "Thanh Huong" in text and "15" in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without a full device")
def test_a_disk_that_is_full_is_told_and_what_was_done_stands_before_it(tmp_path):
    shutil.copytree("data", tmp_path / "data")
    command = [sys.executable, "-m", "ntm_analysis", "forecast", "data/thanh-chuong"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, "--draws", "10", "--register"],
            cwd=tmp_path,
            check=False,
            env=os.environ | {"PYTHONPATH": f"{Path.cwd()}"},
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    (entry,) = (tmp_path / "forecasts").iterdir()
    assert done.returncode == 1 and entry.name in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Không đọc hoặc ghi được: ")


def test_too_little_memory_is_told_with_what_to_do(capsys, monkeypatch):
    def greedy(*_):
        raise MemoryError

    monkeypatch.setitem(COMMANDS, "forecast", greedy)
    code, _, err = run(capsys, "forecast")
    assert code == 1 and "--draws" in err


def test_a_folder_that_some_systems_cannot_have_is_refused(capsys, tmp_path):
    place = ["--province", "Nghệ An", "--district", "A"]
    assert run(capsys, "new", f"{tmp_path / 'con'}", *place)[0] == 1
    assert not list(tmp_path.iterdir())


def test_an_unforeseen_fault_is_one_sentence_with_its_place(capsys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("x")

    monkeypatch.setitem(COMMANDS, "status", broken)
    code, _, err = run(capsys, "status")
    assert code == 1 and "ZeroDivisionError" in err and "test_cli.py" in err

"""What ``ntm report`` tells while it runs and when it is stopped."""

import shutil

import pytest

from ntm_analysis.cli import main
from ntm_analysis.reports.report import ReportOutcome

COMPLETE, FAILED = {"status": "complete"}, {"status": "failed"}


def reporting(monkeypatch, *lines: dict, listed: int, stopped: bool):
    """Let the report be one of ``listed`` pages, of which these lines are told."""

    def make(workbook, folder, *, on_list, on_page, **_) -> ReportOutcome:
        on_list(listed)
        for line in lines:
            on_page("xa.html", line)
        if stopped:
            raise KeyboardInterrupt
        return ReportOutcome(folder, new_pages=len(lines))

    monkeypatch.setattr("ntm_analysis.reports.make_report", make)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "Đã dừng: xong 2 trên 19 trang. Chạy lại lệnh này để lập nốt."),
        (["--force"], "hãy chạy lại với --force"),
        (["--force", "--lang", "en"], "Stopped: 2 of 19 pages are done."),
    ],
)
def test_stopped_it_says_how_many_pages_are_done_and_how_to_go_on(
    monkeypatch, capsys, tmp_path, more, words
):
    reporting(monkeypatch, COMPLETE, FAILED, COMPLETE, listed=19, stopped=True)
    assert main(["report", "huyen-mau", "--out", f"{tmp_path}", *more]) == 130
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", ["report", "template", "export"])
def test_nothing_is_written_into_the_data_set(capsys, tmp_path, command):
    shutil.copytree("data/criteria", tmp_path / "criteria")
    shutil.copytree("data/huyen-mau", tmp_path / "mau")
    before = sorted(tmp_path.rglob("*"))
    folder = tmp_path / "mau"
    for place in (folder / "x.xlsx", folder / ".." / "mau" / "y" / "x.xlsx"):
        where = ["--out", f"{place}"] if command == "report" else [f"{place}"]
        assert main([command, *where, f"{folder}"]) == 1
        assert "nằm trong thư mục số liệu" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_where_nothing_changed_there_is_no_bar(monkeypatch, capsys, tmp_path):
    reporting(monkeypatch, listed=0, stopped=False)
    assert main(["report", "huyen-mau", "--out", f"{tmp_path}"]) == 0
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and "\r" not in told.err and "0 trang vừa lập" in told.out


def test_a_report_is_not_written_among_the_tables_of_another_data_set_or_the_law(capsys, tmp_path):
    for name in ("criteria", "reference", "scenarios", "huyen-mau", "thanh-chuong"):
        shutil.copytree(f"data/{name}", tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    for name in ("criteria", "reference/x", "scenarios", "thanh-chuong/y"):
        assert main(["report", f"{tmp_path / 'huyen-mau'}", "--out", f"{tmp_path / name}"]) == 1
        assert "nằm trong thư mục số liệu" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before

"""Whatever an Excel file holds, reading it ends: in sheets, or in one sentence."""

import re

import hostile_workbooks as hostile
import messy_workbooks as messy
import pytest
from conftest import sample
from seeds import chance, seed

from ntm_analysis.exchange import sheets
from ntm_analysis.exchange.sheets import read_book
from ntm_analysis.tables import DataProblemsError, report

# What takes seconds to make or to read; the usual run has others of the same kind.
SLOW = {
    "a_million_rows",
    "five_gigabytes_of_blanks",
    "shared_texts_without_end",
    "ten_million_shared_texts",
    "a_million_merged_ranges",
    "a_million_hidden_rows",
    "a_million_styles",
    "elements_in_each_other_without_end",
}


def outcome(path):
    """The code of the one problem that an Excel file has; "" where it is read."""
    try:
        assert read_book(path)
    except DataProblemsError as error:
        (problem,) = error.problems
        for lang in ("vi", "en"):
            assert len(report([problem], lang).splitlines()) == 2 and path.name in problem.file
        return problem.code
    return ""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name in hostile.CASES],
)
def test_a_hostile_workbook_is_read_or_told_in_one_sentence(name, tmp_path):
    assert outcome(hostile.make(tmp_path, name)) in hostile.CASES[name][1]


@pytest.mark.parametrize("number", sample(range(300), 10))
def test_a_damaged_workbook_is_read_or_told_in_one_sentence(number, tmp_path):
    path = hostile.mutant(tmp_path, number, chance("workbooks", number))
    assert outcome(path) in ("", "book_large", "book_broken"), f"NTM_SEED={seed()}"


def test_reading_that_takes_too_much_memory_or_time_is_ended(tmp_path, monkeypatch):
    path = messy.make(tmp_path, "empty_rows")
    for limit in ("MEMORY", "SECONDS", "WAIT"):
        with monkeypatch.context() as patch:
            patch.setattr(sheets, limit, 0)
            assert outcome(path) == "book_large", limit
    assert outcome(path) == ""


def test_a_file_larger_than_any_form_is_not_read(tmp_path, monkeypatch):
    path = messy.make(tmp_path, "plain_form")
    monkeypatch.setattr(sheets, "LARGEST", path.stat().st_size - 1)
    monkeypatch.setattr(sheets, "_read_apart", None)
    assert outcome(path) == "book_large"


@pytest.mark.parametrize("main", [hostile.MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_what_a_sheet_hides_is_seen_however_its_program_names_the_elements(tmp_path, prefix, main):
    rows = (
        '<row r="1" hidden="1"><c r="A1"><f>1+1</f></c><c r="B1" s="1"><v>0.5</v></c>'
        '<c r="C1" s="2"><v>85</v></c></row>'
    )
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="0.0%"/><numFmt numFmtId="171"'
        ' formatCode="0&quot;%&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/>'
        '<xf numFmtId="171"/></cellXfs></styleSheet>'
    )
    space = f' xmlns{":" * bool(prefix)}{prefix[:-1]}="{main}"'

    def named(xml, root):
        return re.sub("<(/?)", rf"<\1{prefix}", xml).replace(root, root + space, 1)

    sheet = named(f"<worksheet><sheetData>{rows}</sheetData></worksheet>", "worksheet")
    styles = named(styles, "styleSheet")
    path = tmp_path / "b.xlsx"
    hostile.book(path, {"worksheets/sheet1.xml": sheet}, more={"xl/styles.xml": styles})
    (read,) = read_book(path)
    seen = (read.cells[0][1:], read.hidden, read.unsaved, read.percent)
    assert seen == ([0.5, 85.0], {0}, {(0, 0)}, {(0, 1)})

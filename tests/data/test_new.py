"""A data set of one's own: laid out empty and valid, filled in, checked, and told of like any
other.
"""

import datetime as dt
import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_import import FIRST, Filled, run

from ntm_analysis.cli import main
from ntm_analysis.data import UnknownProvinceError, Workbook, region_of
from ntm_analysis.data.new_dataset import CITIES, PROVINCES
from ntm_analysis.language import RefusalError
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.tables import sheet_name


@pytest.fixture
def yen_bai(tmp_path, capsys) -> Path:
    folder = tmp_path / "van-chan"
    told = run(
        capsys,
        "new",
        folder,
        "--province",
        "Tỉnh Yên Bái",
        "--district",
        "Văn Chấn",
        "--as-of",
        "31/3/2022",
    )
    assert told[0] == 0 and "import" in told[1], "it says what to do next"
    return folder


def test_what_is_laid_out_is_valid_and_says_what_is_assumed(yen_bai, capsys):
    workbook = Workbook.open(yen_bai)
    assert workbook.communes.empty and [p.code for p in workbook.warnings] == ["no_rows"]
    assert workbook.meta["title"] == {
        "vi": "Huyện Văn Chấn, tỉnh Yên Bái",
        "en": "Văn Chấn district, Yên Bái province",
    }
    assert (workbook.meta["region"], workbook.as_of, workbook.default_set("ntm")) == (
        "tdmnpb",
        dt.date(2022, 3, 31),
        "ntm-2021-2025",
    )
    assert workbook.meta["term_end"]["mark"] == "assumed" and not workbook.illustrative
    assert "hãy kiểm tra" in (yen_bai / "dataset.yaml").read_text(encoding="utf-8")
    assert "criterion_states.csv" in (yen_bai / "tu-dien.md").read_text(encoding="utf-8")
    code, told = run(capsys, "check", yen_bai)
    assert code == 0 and "chưa có xã nào" in told


@pytest.mark.parametrize(
    "command", ["status", "needs", "forecast", "allocate", "compare", "report"]
)
def test_what_needs_communes_says_that_there_are_none_yet(yen_bai, capsys, command):
    code, told = run(capsys, command, yen_bai)
    assert code == 1 and "chưa có xã nào" in told
    with pytest.raises(RefusalError, match="has no communes yet"):
        CommunePage(str(yen_bai), "A")


def test_filled_in_by_the_template_it_is_a_data_set_like_any_other(yen_bai, capsys):
    filled = Filled(yen_bai, capsys)
    for row, (code, name) in enumerate({"04600": "Sơn Lương", "04603": "Nậm Lành"}.items()):
        cells = {
            "code": code,
            "valid_from": "1/1/2010",
            "name": name,
            "kind": "xã",
            "order": row + 1,
            "known_from": "31/3/2022",
            "source": "bc",
            "mark": "báo cáo",
            "specially_difficult": "không",
        }
        for column, value in cells.items():
            filled.set("units", FIRST + row, column, value)
    for column, value in {"id": "bc", "title": "Báo cáo quý I"}.items():
        filled.set("sources", FIRST, column, value)
    cells = {
        "commune": "Nậm Lành",
        "set": "ntm-2021-2025",
        "criterion": 2,
        "date": "31/3/2022",
        "state": "đạt",
        "known_from": "31/3/2022",
        "source": "bc",
        "mark": "báo cáo",
    }
    for column, value in cells.items():
        filled.set("criterion_states", FIRST, column, value)
    code, told = filled.bring()
    assert code == 0, told
    assert run(capsys, "check", yen_bai)[0] == 0
    code, told = run(capsys, "status", yen_bai)
    assert code == 0 and "Nậm Lành" in told
    page = CommunePage(str(yen_bai), "nam lanh")
    for part in (
        page.title,
        page.summary,
        page.criteria,
        page.targets,
        page.funding,
        page.feasibility,
        page.set_in_force,
        page.knowledge,
    ):
        assert str(part())
    for command in ("needs", "forecast", "allocate", "compare"):
        code, told = run(capsys, command, yen_bai)
        assert "không lường trước" not in told, (command, told)


def test_assumptions_of_another_data_set_are_taken_over_as_assumptions_with_their_sources(
    tmp_path, capsys
):
    folder = tmp_path / "van-chan"
    assert (
        run(
            capsys,
            "new",
            folder,
            "--province",
            "Yên Bái",
            "--district",
            "x",
            "--ground",
            "thanh-chuong",
        )[0]
        == 0
    )
    made, origin = (Workbook.open(place) for place in (folder, "data/thanh-chuong"))
    assert len(made.tables["unit_costs"]) == len(origin.tables["unit_costs"]) > 0
    assert "reported" in set(origin.tables["parts"]["mark"]) and set(
        made.tables["parts"]["mark"]
    ) == {"assumed"}
    assert made.tables["priorities"].empty and 0 < len(made.tables["sources"]) < len(
        origin.tables["sources"]
    )


def test_with_borrowed_assumptions_the_communes_and_their_counts_are_enough_to_forecast(
    tmp_path, capsys
):
    folder = tmp_path / "do-luong"
    place = ("--province", "Nghệ An", "--district", "Đô Lương", "--as-of", "31/3/2022")
    assert run(capsys, "new", folder, *place, "--ground", "thanh-chuong")[0] == 0
    lent = Workbook.open("data/thanh-chuong").meta["sets"]
    assert Workbook.open(folder).meta["sets"] == lent
    assert "của bộ cho mượn (thanh-chuong)" in (folder / "dataset.yaml").read_text(encoding="utf-8")
    filled = Filled(folder, capsys)
    known = {"known_from": "31/3/2022", "source": "bc", "mark": "báo cáo"}
    row = next(row for row in range(FIRST, 99) if not filled.sheet("sources").cell(row, 3).value)
    for column, value in {"id": "bc", "title": "Báo cáo quý I"}.items():
        filled.set("sources", row, column, value)
    for row, (code, name, met) in enumerate(
        (("17620", "Bồi Sơn", 12), ("17623", "Hồng Sơn", 15), ("17626", "Bài Sơn", 9))
    ):
        unit = {
            "code": code,
            "valid_from": "1/1/2010",
            "name": name,
            "kind": "xã",
            "order": row + 1,
            "specially_difficult": "không",
        }
        count = {"commune": name, "set": lent["ntm"], "date": "31/3/2022", "met": met, "of": 19}
        for table, cells in (("units", unit | {"group": "plain"}), ("criterion_counts", count)):
            for column, value in (cells | known).items():
                filled.set(table, FIRST + row, column, value)
    code, told = filled.bring()
    assert code == 0, told
    for command in ("needs", "forecast"):
        code, told = run(capsys, command, folder)
        assert code == 0, (command, told)
    assert "Bồi Sơn" in told


def test_a_bare_name_is_a_folder_beside_the_other_data_sets(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "criteria").symlink_to(Path("data/criteria").resolve())
    monkeypatch.setattr("ntm_analysis.data.page_inputs.HOME", tmp_path)
    assert (
        run(capsys, "new", "huyen-toi", "--province", "Nghệ An", "--district", "Thị xã Thái Hòa")[0]
        == 0
    )
    said = (tmp_path / "data" / "huyen-toi" / "dataset.yaml").read_text(encoding="utf-8")
    assert (
        'vi: "Thị xã Thái Hòa, tỉnh Nghệ An", en: "Thái Hòa town, Nghệ An province"' in said
        and 'criteria: "../criteria"' in said
    )
    assert Workbook.open(tmp_path / "data" / "huyen-toi").meta["region"] == "btb"


@pytest.mark.parametrize(
    ("lang", "said"),
    [("vi", "Vùng của bộ tiêu chí (Bắc Trung Bộ)"), ("en", "(North Central), read off")],
)
def test_what_was_assumed_is_told_in_the_file_in_the_language_asked_for(
    tmp_path, capsys, lang, said
):
    assert (
        run(
            capsys,
            "new",
            tmp_path / "a",
            "--province",
            "Nghệ An",
            "--district",
            "x",
            "--lang",
            lang,
        )[0]
        == 0
    )
    assert said in (tmp_path / "a" / "dataset.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_next_steps_it_tells_are_those_of_the_guide(tmp_path, monkeypatch, capsys, lang):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "criteria").symlink_to(Path("data/criteria").resolve())
    monkeypatch.setattr("ntm_analysis.data.page_inputs.HOME", tmp_path)
    code, told = run(
        capsys, "new", "do-luong", "--province", "Nghệ An", "--district", "Đô Lương", "--lang", lang
    )
    steps = re.findall(r"python3 run\.py [^\n]+", told)
    guide = Path("docs/planner/bat-dau.md").read_text(encoding="utf-8")
    assert code == 0 and [step.split()[2] for step in steps] == [
        "template",
        "import",
        "check",
        "report",
    ]
    assert [step for step in steps if f"`{step}`" not in guide] == []
    for table in ("units", "sources", "criterion_states", "criterion_counts"):
        assert f"“{sheet_name(table)}”" in told and f"**{sheet_name(table)}**" in guide
    told = run(
        capsys, "new", "Đô Lương 2", "--province", "Nghệ An", "--district", "x", "--lang", lang
    )[1]
    assert 'template do-luong-2.xlsx "Đô Lương 2"\n' in told, "a name with spaces can be pasted too"


def test_a_city_of_the_rank_of_a_province_is_called_a_city(tmp_path, capsys):
    assert (
        run(
            capsys,
            "new",
            tmp_path / "a",
            "--province",
            "Thành phố Hồ Chí Minh",
            "--district",
            "Củ Chi",
        )[0]
        == 0
    )
    meta = Workbook.open(tmp_path / "a").meta
    assert meta["title"] == {
        "vi": "Huyện Củ Chi, thành phố Hồ Chí Minh",
        "en": "Củ Chi district, Hồ Chí Minh city",
    }
    assert (
        meta["region"] == "dnb" and region_of("Hà Nội") == region_of("thành phố Hà Nội") == "dbsh"
    )


def test_names_are_text_whatever_letters_they_have(tmp_path, capsys):
    name = 'X" \\: {<b>'
    assert run(capsys, "new", tmp_path / "a", "--province", "Nghệ An", "--district", name)[0] == 0
    assert Workbook.open(tmp_path / "a").meta["district"]["name"] == name


@pytest.mark.parametrize("name", ["2023", "null", "true", "2022-03-31", "1.5"])
def test_a_folder_may_bear_a_name_that_yaml_would_not_read_as_text(tmp_path, capsys, name):
    code, told = run(capsys, "new", tmp_path / name, "--province", "Nghệ An", "--district", "x")
    assert code == 0, told
    assert Workbook.open(tmp_path / name).id == name.replace(".", "-")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a", "--province", "Yên Báy", "--district", "x"), "gần giống: Yên Bái"),
        (("a", "--province", " ", "--district", "x"), "không phải tên tỉnh hay huyện"),
        (("a", "--province", "Nghệ An", "--district", "x\ny"), "không phải tên tỉnh hay huyện"),
        (("a", "--province", "Nghệ An", "--district", "x" * 61), "không phải tên tỉnh hay huyện"),
        *(
            (("a", "--province", "Nghệ An", "--district", name), "không phải tên tỉnh hay huyện")
            for name in ("Huyện", "thị  xã", "Huyện 😀", "😀", "12", "Huyện .", "Huyện huyện")
        ),
        (
            ("a", "--province", "Tỉnh", "--district", "x", "--region", "btb"),
            "không phải tên tỉnh hay huyện",
        ),
        (("day", "--province", "Nghệ An", "--district", "x"), "đã có và không trống"),
        (("b/c", "--province", "Nghệ An", "--district", "x"), "Không có thư mục"),
        (("a", "--province", "Nghệ An", "--district", "x", "--ground", "khong-co"), "khong-co"),
    ],
)
def test_what_cannot_be_laid_out_is_said_in_a_sentence_and_nothing_is_written(
    tmp_path, capsys, arguments, told
):
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "x.txt").write_text("")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, said = run(capsys, "new", tmp_path / arguments[0], *arguments[1:])
    assert (
        code == 1 and told in said and sorted(path.name for path in tmp_path.rglob("*")) == before
    )


def test_two_data_sets_side_by_side_never_share_an_id_for_their_reports_would_share_a_folder(
    tmp_path, capsys
):
    place = ("--province", "Nghệ An", "--district", "x")
    assert run(capsys, "new", tmp_path / "thanh-chuong", *place)[0] == 0
    other = tmp_path / "khac"
    assert run(capsys, "new", other, *place)[0] == 0
    said = (other / "dataset.yaml").read_text(encoding="utf-8")
    (other / "dataset.yaml").write_text(
        said.replace('id: "khac"', 'id: "do-luong"'), encoding="utf-8"
    )
    for name, beside in (
        ("Thanh Chương", "thanh-chuong"),
        ("THANH_CHUONG", "thanh-chuong"),
        ("Đô Lương", "khac"),
    ):
        code, told = run(capsys, "new", tmp_path / name, *place)
        assert code == 1 and "đã là của bộ dữ liệu" in told and str(tmp_path / beside) in told
        assert not (tmp_path / name).exists()
    for name in ("Thanh Chương 2", "Khác"):
        assert run(capsys, "new", tmp_path / name, *place)[0] == 0


@pytest.mark.parametrize(
    ("as_of", "over"),
    [
        (("--as-of", "30/12/2025"), False),
        (("--as-of", "31/12/2025"), True),
        (("--as-of", "1/7/2026"), True),
        ((), True),
    ],
)
def test_a_term_that_is_over_on_the_day_of_the_figures_is_told_and_no_other_is_invented(
    tmp_path, capsys, monkeypatch, as_of, over
):
    class Clock(dt.date):
        @classmethod
        def today(cls) -> dt.date:
            return dt.date(2026, 2, 3)

    monkeypatch.setattr("ntm_analysis.cli.dt", SimpleNamespace(date=Clock))
    code, told = run(
        capsys, "new", tmp_path / "a", "--province", "Nghệ An", "--district", "x", *as_of
    )
    assert (
        code == 0
        and ("nhiệm kỳ coi như đã hết" in told) == over
        and ("term_end trong dataset.yaml" in told) == over
    )
    assert Workbook.open(tmp_path / "a").meta["term_end"]["date"] == dt.date(2025, 12, 31)


@pytest.mark.parametrize("ground", [(), ("--ground", "thanh-chuong")])
def test_a_place_that_cannot_be_written_is_told_as_that_and_not_as_a_missing_data_set(
    tmp_path, capsys, monkeypatch, ground
):
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", f"{tmp_path / 'abc'}")

    monkeypatch.setattr("ntm_analysis.data.versions.tempfile.mkdtemp", gone)
    code, told = run(
        capsys, "new", tmp_path / "abc", "--province", "Nghệ An", "--district", "x", *ground
    )
    assert code == 1 and f"Không đọc hoặc ghi được: {tmp_path / 'abc'}" in told
    assert "Không có bộ dữ liệu" not in told and "Errno" not in told


def test_a_region_may_be_named_and_a_wrong_one_is_a_usage_mistake(tmp_path, capsys):
    assert (
        run(
            capsys,
            "new",
            tmp_path / "a",
            "--province",
            "Tỉnh mới",
            "--district",
            "x",
            "--region",
            "tn",
        )[0]
        == 0
    )
    assert Workbook.open(tmp_path / "a").meta["region"] == "tn"
    with pytest.raises(SystemExit, match="2"):
        main(["new", str(tmp_path / "b"), "--province", "A", "--district", "x", "--region", "xx"])
    with pytest.raises(SystemExit, match="2"):
        main(["new", str(tmp_path / "b"), "--district", "x"])


def test_sixty_three_provinces_each_in_one_region():
    names = [name for names in PROVINCES.values() for name in names.split(", ")]
    assert len(names) == len(set(names)) == 63 and set(CITIES) <= set(names)
    assert region_of("Ninh Thuận") == "dhntb" and region_of("TỈNH AN GIANG") == "dbscl"
    with pytest.raises(UnknownProvinceError):
        region_of("Sài Gòn")


@pytest.mark.parametrize(
    ("typed", "province", "region"),
    [
        *(
            (typed, "Hồ Chí Minh", "dnb")
            for typed in ("TP. Hồ Chí Minh", "tp Hồ Chí Minh", "TP.Hồ Chí Minh", "TP.HCM", "TPHCM")
        ),
        *(
            (f"Bà Rịa{dash}Vũng Tàu", "Bà Rịa - Vũng Tàu", "dnb")
            for dash in (" ", " – ", "-", " - ")
        ),
        ("Kontum", "Kon Tum", "tn"),
        ("Đắc Lắc", "Đắk Lắk", "tn"),
        ("Daklak", "Đắk Lắk", "tn"),
        ("Huế", "Thừa Thiên Huế", "btb"),
        ("Thừa Thiên - Huế", "Thừa Thiên Huế", "btb"),
        (unicodedata.normalize("NFD", "Tỉnh Nghệ An"), "Nghệ An", "btb"),
    ],
)
def test_usual_spellings_of_a_province_mean_it_and_the_file_writes_its_full_name(
    tmp_path, capsys, typed, province, region
):
    code, told = run(capsys, "new", tmp_path / "a", "--province", typed, "--district", "x")
    assert code == 0, told
    meta = Workbook.open(tmp_path / "a").meta
    assert (meta["province"]["name"], meta["region"]) == (province, region)


def test_a_district_is_called_one_however_its_letters_are_composed(tmp_path, capsys):
    typed = unicodedata.normalize("NFD", "Đô Lương")
    assert run(capsys, "new", tmp_path / "a", "--province", "Nghệ An", "--district", typed)[0] == 0
    assert Workbook.open(tmp_path / "a").meta["title"]["vi"] == "Huyện Đô Lương, tỉnh Nghệ An"


def test_a_law_that_cannot_be_read_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "data" / "criteria").mkdir(parents=True)
    (tmp_path / "data" / "criteria" / "x.yaml").write_text("[")
    monkeypatch.setattr("ntm_analysis.data.page_inputs.HOME", tmp_path)
    code, told = run(capsys, "new", "a", "--province", "Nghệ An", "--district", "x")
    assert code == 1 and "x.yaml" in told

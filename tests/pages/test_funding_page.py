"""The funding need on pages, in JSON and in files: what a planner reads, what the public may read,
what Excel gets.
"""

import csv
import datetime as dt
import json
import re

import pytest
from markupsafe import Markup

from ntm_analysis.cli import main
from ntm_analysis.data import UnknownCommuneError
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.pages.funding import FundingPage
from ntm_analysis.pages.tables import write_tables
from ntm_analysis.results import billions, funding_gap_sentence

DATA = "data/thanh-chuong"


def words(*parts: str) -> str:
    return " ".join(
        re.sub(r"<(figure|style).*?</\1>", " ", " ".join(parts), flags=re.DOTALL)
        .replace("<", " <")
        .split()
    ).replace("  ", " ")


def text(*parts: str) -> str:
    return " ".join(Markup(words(*parts)).striptags().split())


@pytest.fixture(scope="module")
def page() -> FundingPage:
    return FundingPage(DATA, draws=2_000)


def test_the_verdict_says_the_need_its_range_and_that_all_of_it_is_assumed(page):
    said = text(page.need_summary())
    assert re.search(
        r"Để 15 xã chưa đạt chuẩn .* cần khoảng 5\d0 tỷ đồng, khoảng thường gặp 4\d0-5\d0 tỷ đồng",
        said,
    )
    assert "KHÁI TOÁN, 100% giả định" in said and "8 trên 10 tình huống" in said
    assert "trong đó đã bố trí: chưa có số liệu" in said, (
        "nothing was allotted in any source read: that is not zero"
    )


def test_money_is_told_by_source_with_investment_and_recurrent_capital_apart(page):
    said = text(page.source_table())
    assert (
        "Ngân sách trung ương đầu tư phát triển" in said
        and "Ngân sách trung ương sự nghiệp" in said
    )
    assert "Thu tiền sử dụng đất" in said and "Đơn vị tính: tỷ đồng" in said


def test_one_gap_stands_in_text_chart_and_json_and_what_pots_lack_at_usual_shares_is_not_added_up(
    page,
):
    gap, said = page.demand()[1]["gap"], page.need_summary()
    (shown,) = re.findall(r"vốn còn thiếu: hầu như không có \(bình quân ([\d,]+) tỷ đồng", said)
    assert shown == billions(gap["mean"], "vi") and f"còn thiếu {shown} tỷ đồng" in said, (
        "the chart's words say the same"
    )
    table = str(page.pots_table())
    assert (
        "THEO CÁCH CHIA THƯỜNG DÙNG" in table
        and "Thu tiền sử dụng đất" in table
        and "Tổng số" not in table
    )
    assert "Vốn còn thiếu" not in text(page.source_table())
    assert sum(row["mean"] for row in gap["by_pot"]) > 10_000 > 1_000 > gap["mean"], (
        "other sources pay for those that lack"
    )


@pytest.mark.parametrize(
    ("lang", "gap", "blocking", "words"),
    [
        (
            "vi",
            8_000.0,
            ["nstw-dt", "dat"],
            [
                "vốn còn thiếu: bình quân khoảng 8 tỷ đồng (0-20)",
                "Thiếu ở các nguồn: Ngân sách trung ương, đầu tư phát triển; Thu tiền sử dụng đất",
            ],
        ),
        (
            "en",
            8_000.0,
            ["dat"],
            ["about 8 billion VND on average (0-20)", "What lacks it: Land-use revenue"],
        ),
        ("vi", 0.0, [], ["vốn còn thiếu: không có"]),
    ],
)
def test_the_sentence_of_the_gap_names_the_sources_that_block(page, lang, gap, blocking, words):
    spread = {"mean": gap, "p10": 0.0, "p90": 20_000.0 * bool(gap)}
    numbers = page.demand()[1] | {"gap": spread | {"if_late": spread}, "blocking_sources": blocking}
    said = funding_gap_sentence(page.workbook, numbers, lang)
    assert all(part in said for part in words)
    assert ("Thiếu ở" in said or "What lacks" in said) == bool(blocking)


def test_drawn_figures_show_two_digits_only(page):
    for row in re.findall(r"<tr>.*?</tr>", page.need_tables(), flags=re.DOTALL):
        for cell in re.findall(r'class="num">([\d.,]+)<', row):
            assert len(cell.replace(".", "").replace(",", "").strip("0")) <= 2, cell


def test_requests_cement_and_debt_stand_as_lines(page):
    said = text(page.cement_and_requests())
    assert (
        "hỗ trợ xi măng" in said
        and "xây dựng trường học" in said
        and "xây dựng nhà văn hóa" in said
    )
    assert "Chưa có số liệu nợ đọng" in said and "12.800" in said


def test_the_three_assumptions_that_move_it_most_and_the_published_totals_are_told(page):
    said = text(page.rests_on())
    assert "mức tăng giá xây dựng" in said and "Sơn Thành" in said
    assert len(re.findall(r"<tr>", page.rests_on())) == 4


def test_registered_levels_stand_apart(page):
    said = text(page.registered_need())
    assert (
        "nông thôn mới nâng cao" in said
        and "nông thôn mới kiểu mẫu" in said
        and "không cộng vào" in said
    )


def test_a_communes_page_lists_its_works_with_quantity_range_and_chance():
    said = text(CommunePage(DATA, "Thanh Hương").funding())
    assert "Đường xóm, liên xóm bê tông" in said and "6,3 km" in said and "100%" in said
    assert "Sản phẩm OCOP 3 sao" in text(CommunePage(DATA, "Thanh Lĩnh").funding())
    assert "không tính nhu cầu nào" in text(CommunePage(DATA, "Cát Văn").funding())


def test_the_public_sees_no_money_per_household_while_it_rests_on_assumptions(page):
    assert "Một hộ" in text(page.need_tables())
    public = FundingPage(DATA, draws=500, audience="cong-khai")
    assert "Một hộ" not in text(public.need_tables())


def test_reported_cement_debt_and_households_of_a_commune_are_told():
    said = text(CommunePage("data/huyen-mau", "A7").funding())
    assert "Xi măng năm 2022: được phân bổ 150 tấn, đã nhận 120 tấn, đã dùng 120 tấn" in said
    assert "triệu đồng một hộ" in said
    assert "850" in text(CommunePage("data/huyen-mau", "A6").funding())


def test_the_blank_form_asks_for_what_was_assumed(page):
    said = text(page.form())
    assert "Đường xóm" in said and "Khối lượng còn thiếu" in said and "THỦ TRƯỞNG ĐƠN VỊ" in said


def test_a_scenario_or_target_that_is_none_is_refused():
    with pytest.raises(ValueError, match="scenario"):
        FundingPage(DATA, scenario="x")


def test_json_has_the_agreed_keys_and_adds_up(capsys):
    assert main(["needs", "--json", "--draws", "1000"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert {
        "unit",
        "price_year",
        "total",
        "by_criterion",
        "by_source",
        "by_year",
        "by_commune",
        "cement",
        "envelope",
        "gap",
        "blocking_sources",
        "assumed_share",
    } <= set(made)
    assert (
        made["unit"] == "triệu đồng" and made["price_year"] == 2022 and made["assumed_share"] == 1.0
    )
    for name in ("by_criterion", "by_year", "by_commune"):
        assert sum(row["mean"] for row in made[name]) == pytest.approx(
            made["total"]["mean"], rel=1e-4
        )
        assert all(row["p10"] <= row["p50"] <= row["p90"] for row in made[name])
    assert {"need", "granted", "gap", "by_year"} <= set(made["cement"]) and len(
        made["by_commune"]
    ) == 15


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--commune", "Xyz"], 1),
        (["--commune", "17713"], 1),
        (["--scenario", "khong-co"], 1),
        (["--draws", "0"], 2),
        (["--draws", "many"], 2),
        (["--target", "all"], 2),
    ],
)
def test_slips_in_the_command_are_told(capsys, arguments, code):
    try:
        assert main(["needs", *arguments]) == code
    except SystemExit as stop:
        assert stop.code == code
    assert "Traceback" not in capsys.readouterr().err


def test_before_anything_was_assumed_the_need_is_not_counted_and_pages_say_so(capsys):
    assert main(["needs", "--as-of", "2022-03-07"]) == 1
    assert "chưa đủ để trả lời" in capsys.readouterr().err
    early = CommunePage(DATA, "Thanh Hương", as_of="2022-03-07")
    assert "chưa biết đủ giả định và số liệu" in text(early.funding())
    assert "15/19" not in text(early.summary())


def test_one_commune_alone_has_no_gap_of_the_districts_pots(capsys):
    main(["needs", "--json", "--commune", "Thanh Hương", "--draws", "500"])
    made = json.loads(capsys.readouterr().out)
    assert (
        [row["name"] for row in made["by_commune"]] == ["Thanh Hương"]
        and made["gap"] is None
        and made["envelope"] is None
    )
    assert made["blocking_sources"] is None


def test_tables_become_excel_and_csv_without_formulas(tmp_path):
    rows = [["=1+1", Markup("<b>đậm</b>"), "-"], ["@x", 3, "+7"]]
    forms = [("Biểu số 01. THỬ/../X", "Đơn vị tính: tỷ đồng", ["a", "b", "c"], rows)]
    paths = write_tables(forms, tmp_path, "thu", dt.date(2022, 3, 31))
    assert [path.name for path in paths] == ["thu.xlsx", "thu_bieu-01_thu-x.csv"]
    assert paths[1].read_bytes().startswith(b"\xef\xbb\xbf")
    cells = list(csv.reader(paths[1].read_text(encoding="utf-8-sig").splitlines()))
    assert cells[3] == ["'=1+1", "đậm", "-"] and cells[4] == ["'@x", "3", "+7"]
    import zipfile

    book = zipfile.ZipFile(paths[0])
    assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    assert b"2022-03-31T00:00:00Z" in book.read("docProps/core.xml")  # not the day of its making


def test_a_commune_of_another_data_set_is_answered_in_words_with_names_to_choose_from():
    with pytest.raises(UnknownCommuneError) as error:
        FundingPage("data/huyen-mau", commune="Thanh Hương")
    said = error.value._render_traceback_()
    assert (
        "không có xã “Thanh Hương”" in said[1]
        and "ví dụ: A1, A2, A3, A4, A5" in said[1]
        and "Errors: 1" in said[2]
    )

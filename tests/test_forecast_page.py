"""The page of the forecast and its words: what a planner reads, in both languages."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from ntm_analysis.commune_page import CommunePage
from ntm_analysis.district_page import DistrictPage
from ntm_analysis.forecast_page import ForecastPage
from ntm_analysis.forecast_words import chance, chance_words, commune_sentence, interval, price_lines, scale_of, verdict
from ntm_analysis.funding_page import FundingPage

DATA, DRAWS = "data/thanh-chuong", 300
PARTS = ("forecast_summary", "bands", "why_not", "registered", "price", "commune", "reckoning", "trust", "knowledge", "footer")


def plain(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<img[^>]*>", "", part)).split())


@pytest.fixture(scope="module")
def page() -> ForecastPage:
    return ForecastPage(DATA, draws=DRAWS)


def test_the_scale_of_words_has_its_edges_where_the_model_puts_them():
    assert [scale_of(p) for p in (0.0999, 0.1, 0.3299, 0.33, 0.6599, 0.66, 0.9, 0.9001)] == [
        "very_low", "low", "low", "even", "even", "high", "high", "very_high"
    ]  # fmt: skip


def test_no_success_is_said_as_below_three_in_so_many_draws():
    assert (
        chance_words(0.0, 2_000, "vi") == "rất thấp (dưới 3/2.000)"
        and chance_words(0.0, 2_000, "en") == "very low (below 3/2,000)"
    )
    assert (
        chance(0.0049, 10_000, "vi") == "dưới 1%" and chance(0.995, 100, "en") == "above 99%" and chance(None, 1, "vi") == "..."
    )
    assert chance_words(0.5, 100, "vi") == "ngang nhau, khoảng 5 trên 10 (50%)"


def test_the_verdict_of_a_record_by_hand():
    made = {"finishing": {"mean": 25.6, "p10": 24, "p50": 25, "p90": 27}, "draws": 1_000, "n_communes": 37, "n_finished_now": 22,
        "deadline": "2025-12-31",
            "finish": "met", "basically_share": 0.95, "basically_all": 36, "p_basically_all": 0.0, "p_all": 0.0}  # fmt: skip
    said = verdict(made, "vi")
    for words in (
        "31/12/2025",
        "khoảng 25/37 xã",
        "24-27",
        "từ 95%, tức 36/37 xã",
        "rất thấp (dưới 3/1.000)",
        "22 xã đã được công nhận",
    ):
        assert words in said
    assert "signed NTM decision" in verdict(made | {"finish": "signed"}, "en")


def test_every_part_of_the_page_says_something(page):
    made = {name: plain(getattr(page, name)()) for name in PARTS}
    assert all(len(text) > 150 for text in made.values())
    assert "không xếp hạng với nhau" in made["bands"] and "Thanh Ngọc, Thanh Hương và Thanh Chi" in made["bands"]
    assert "danh sách đăng ký hằng năm thường đạt 50-85%" in made["registered"] and "30/6/2023" in made["registered"]
    assert "Phần vốn và hàng chờ không thể kiểm nghiệm" in made["trust"] and "Với số gieo khác" in made["trust"]
    assert "thêm vốn không đủ" in made["price"] and "không giới hạn" in made["price"]
    assert "dựa chủ yếu vào số liệu giả định" in made["forecast_summary"]


def test_the_english_page_has_no_vietnamese_sentence():
    english = ForecastPage(DATA, draws=DRAWS, lang="en")
    said = " ".join(plain(getattr(english, name)()) for name in ("forecast_summary", "bands", "why_not", "price"))
    assert "communes are forecast" in said and not re.search(r"\b(khả năng|tiêu chí|tình huống|số)\b", said)


def test_a_page_of_invented_data_and_of_communes_recognised_works_too():
    made = ForecastPage("data/huyen-mau", "A5", draws=DRAWS)
    assert all(getattr(made, name)() is not None for name in PARTS)
    recognised = CommunePage(DATA, "Thanh Lĩnh")
    recognised.draws = DRAWS
    assert "tính là đã về đích" in plain(recognised.feasibility())


def test_a_commune_reads_what_it_can_do_alone_and_what_needs_others():
    commune = CommunePage(DATA, "Thanh Hương")
    commune.draws = DRAWS
    said = plain(commune.feasibility())
    assert (
        "Cần vốn của huyện, tỉnh, trung ương: số 2 - Giao thông" in said
        and "chỉ tiêu kế hoạch" in said
        and "Mốc sớm (P10)" in said
    )


def test_before_anything_was_known_the_page_says_so_in_one_sentence():
    early = ForecastPage(DATA, draws=DRAWS, as_of="2022-03-15")
    assert "chưa biết đủ số liệu để dự báo" in plain(early.forecast_summary())
    assert plain(early.bands()) == plain(early.price()) == plain(early.trust()) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"scenario": "nowhere"},
        {"policy": "best"},
        {"deadline": "2022-01-01"},
        {"deadline": "9999-12-31"},
        {"finish": "never"},
        {"draws": 0},
    ],
)
def test_a_parameter_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ForecastPage(DATA, **wrong)


def test_a_name_from_the_data_is_escaped(tmp_path):
    import shutil

    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns("huyen-mau"))
    path = tmp_path / "data" / "thanh-chuong" / "pots.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("Thu tiền sử dụng đất", "<script>x</script>"), encoding="utf-8-sig"
    )
    path = Path(tmp_path / "data" / "thanh-chuong" / "assumptions.csv")
    path.write_text(path.read_text(encoding="utf-8-sig").replace("Phần vốn phải có", "<b>Phần</b>"), encoding="utf-8-sig")
    made = ForecastPage(str(tmp_path / "data" / "thanh-chuong"), draws=100)
    shown = made.reckoning() + made.price()
    assert "<script>" not in shown and "<b>" not in shown and "&lt;b&gt;" in shown


def test_no_sentence_of_one_file_of_texts_overrides_that_of_another():
    folder = files("ntm_analysis").joinpath("texts")
    for kind in (True, False):
        chosen = [path for path in folder.iterdir() if path.name.startswith("problems") is kind]
        keys = [key for path in chosen for key in yaml.safe_load(path.read_text(encoding="utf-8"))]
        assert len(keys) == len(set(keys))


def test_heads_of_the_other_pages_are_their_own():
    targets = plain(DistrictPage(DATA).targets_table())
    assert "Số tiêu chí đạt" in targets and "Số xã" not in targets
    assert "Nhu cầu của các xã có chỉ tiêu kế hoạch" in FundingPage(DATA, draws=DRAWS).registered_need()


def test_an_interval_has_no_more_digits_than_it_needs():
    assert interval(0.0, 10_000, "vi") == "0-0,04%" and interval(0.5, 100, "en") == "40-60%"
    assert interval(0.02, 100_000, "vi") == "2%"


def test_what_cannot_be_paid_for_is_said_level_by_level():
    price = {
        "p": 0.3, "p_unlimited": 0.85, "months": {"50": None, "80": None, "90": None},
        "months_unlimited": {"50": "2026-03-31", "80": "2029-01-31", "90": None},
        "money": {"50": {"factor": 1.5, "extra": 120_000.0, "reason": None},
                  "80": {"factor": None, "extra": None, "reason": "above_64_times"},
                  "90": {"factor": None, "extra": None, "reason": "money_does_not_reach"}},
    }  # fmt: skip
    made = {"draws": 1_000, "basically_all": 36, "n_communes": 37}
    lines = price_lines({"basically_all": price, "all": price}, made, "vi")
    assert any("50%: nhân mọi nguồn vốn với 1,5, tức thêm khoảng 120 tỷ đồng" in line for line in lines)
    assert any("80%: nhân mọi nguồn vốn với 64 cũng chưa đủ" in line for line in lines)
    assert any("90%: thêm vốn không đủ; với vốn không giới hạn khả năng là 85%" in line for line in lines)
    assert sum("Nếu vốn không giới hạn" in line and "50% vào 3/2026" in line for line in lines) == 2
    now = price | {"money": {k: {"factor": 1.0, "extra": 0.0, "reason": "reached_now"} for k in price["money"]}}
    lines = price_lines({"basically_all": now, "all": now}, made, "vi")
    assert sum("không cần thêm vốn" in line for line in lines) == 2 and not any("nhân" in line for line in lines)


def test_a_commune_that_lacks_nothing_is_certain_and_says_so():
    row = {"name": "Mẫu", "finished": False, "p": 1.0, "last_criterion": None}
    assert "chắc chắn đạt đủ tiêu chí (100%)" in commune_sentence(row, {"deadline": "2025-12-31"}, "vi")


def test_criteria_met_and_decision_signed_are_told_apart_whichever_binds():
    signed = ForecastPage(DATA, draws=DRAWS, finish="signed")
    row = next(r for r in signed.foreseen()[1]["communes"] if r["name"] == "Thanh Hương")
    cells = re.search(r"Thanh Hương</th>(.*?)</tr>", signed.bands().split("KHẢ NĂNG VÀ THỜI ĐIỂM", 1)[1], re.DOTALL)[1]
    met, with_paper = re.findall(r">([^<>]*%)<", cells)[:2]
    assert with_paper == chance(row["p_signed"], DRAWS, "vi") and int(met[:-1]) > int(with_paper[:-1])
    assert "chưa cần quyết định" in plain(signed.forecast_summary())
    assert "có quyết định công nhận trước 31/12/2025" in plain(signed.commune())


def test_communes_of_one_band_are_listed_in_administrative_order(page):
    table = page.why_not().split("XÃ CẦN TẬP TRUNG CHỈ ĐẠO", 1)[1]
    names = re.findall(r'class="name">([^<]+)</th>', table)[:15]
    order = {name: i for i, name in enumerate(page.workbook.units["name"])}
    for _, units in page.foreseen()[0].bands.groupby(page.foreseen()[0].bands):
        mine = [name for name in names if name in set(page.workbook.units.loc[units.index, "name"])]
        assert mine == sorted(mine, key=order.get)


def test_money_is_blamed_only_where_money_would_help():
    made = plain(ForecastPage("data/huyen-mau", "A5", draws=DRAWS).registered())
    blamed = re.search(r"Ở (.*?) khả năng thấp hơn hẳn", made)[1]
    assert "A5" not in blamed and "Ở A5, ngay cả khi đủ vốn" in made and "Ở A6, ngay cả khi đủ vốn" in made


def test_what_is_said_of_the_past_follows_from_the_figures_of_the_data_set(page):
    ours, invented = plain(page.trust()), plain(ForecastPage("data/huyen-mau", "A5", draws=DRAWS).trust())
    assert "từ 280 lên 282" in ours and "6/6 kết quả" in ours and "chỉ chứa 8% kết quả" in ours
    assert "từ 280 lên 282" not in invented and "Mô phỏng nhanh hơn" not in invented, "its first year is slower"


def test_the_public_edition_has_no_remarks_to_the_office():
    public = ForecastPage(DATA, draws=DRAWS, audience="cong-khai")
    said = plain(public.forecast_summary()) + plain(public.why_not()) + plain(public.registered())
    assert "percent_done" not in said and "Nên hỏi trước" not in said and "carry_over" not in said


def test_the_words_of_the_glossary_are_kept(page):
    said = " ".join(plain(getattr(page, name)()) for name in PARTS)
    assert not re.search(r"\bbốc\b|cam kết|yếu kém|không đạt|trượt", said)
    assert "Mức công nhận" not in plain(page.registered()), "a level aimed at is not a level recognised"


def test_a_district_that_has_finished_says_so(tmp_path):
    import shutil

    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns("huyen-mau"))
    folder = tmp_path / "data" / "thanh-chuong"
    open_ = [row["code"] for row in ForecastPage(DATA, draws=50).foreseen()[1]["communes"] if not row["finished"]]
    path = folder / "recognitions.csv"
    heads = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    row = {"level": "ntm", "decision": "1/QĐ-UBND", "date": "2022-01-10", "known_from": "2022-01-10", "source": "suy-ra",
           "mark": "assumed", "basis": "inferred", "set": "ntm-2016-2020"}  # fmt: skip
    lines = [",".join((row | {"commune": code}).get(head, "") for head in heads) for code in open_]
    path.write_text(path.read_text(encoding="utf-8-sig").rstrip("\n") + "\n" + "\n".join(lines) + "\n", encoding="utf-8-sig")
    done = ForecastPage(str(folder), draws=100)
    assert "khoảng 37/37 xã" in plain(done.forecast_summary())
    assert plain(done.bands()) == plain(done.why_not()) == plain(done.price()) == ""
    assert "tính là đã về đích" in plain(done.commune()) and len(plain(done.trust())) > 150


def test_where_no_money_was_entered_the_answer_is_told_to_be_none(tmp_path):
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns(".*"))
    place = tmp_path / "data" / "huyen-mau"
    money = place / "envelopes.csv"
    money.write_text(money.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8-sig")
    page = ForecastPage(str(place), commune="A6", draws=100)
    assert "Chưa nhập dòng vốn nào" in page.forecast_summary()
    assert "Chưa nhập dòng vốn nào" not in ForecastPage("data/huyen-mau", commune="A6", draws=100).forecast_summary()


def test_where_too_little_was_known_the_office_reads_what_is_lacking(tmp_path):
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns(".*"))
    place = tmp_path / "data" / "huyen-mau"
    times = place / "durations.csv"
    times.write_text("\n".join(times.read_text(encoding="utf-8-sig").splitlines()[:2]) + "\n", encoding="utf-8-sig")
    office, public = (
        ForecastPage(str(place), commune="A6", draws=100, audience=audience).forecast_summary()
        for audience in ("noi-bo", "cong-khai")
    )
    assert "durations.csv" in office and "Cách sửa" in office and "durations.csv" not in public

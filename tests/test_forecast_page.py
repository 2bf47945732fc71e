"""The page of the forecast and its words: what a planner reads, in both languages."""

import re
from pathlib import Path

import pytest

from ntm_analysis.commune_page import CommunePage
from ntm_analysis.forecast_page import ForecastPage
from ntm_analysis.forecast_words import chance, chance_words, scale_of, verdict

DATA, DRAWS = "data/thanh-chuong", 300
PARTS = (
    "forecast_summary",
    "bands",
    "why_not",
    "registered",
    "price",
    "commune",
    "reckoning",
    "trust",
    "knowledge",
    "footer",
)


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
        chance(0.0049, 10_000, "vi") == "dưới 1%"
        and chance(0.995, 100, "en") == "above 99%"
        and chance(None, 1, "vi") == "..."
    )
    assert chance_words(0.5, 100, "vi") == "ngang nhau, khoảng 5 trên 10 (50%)"


def test_the_verdict_of_a_record_by_hand():
    made = {"finishing": {"mean": 25.4, "p10": 24, "p90": 27}, "draws": 1_000, "n_communes": 37, "n_finished_now": 22,
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
    assert "Danh sách đăng ký hằng năm thường đạt 50-85%" in made["registered"] and "30/6/2023" in made["registered"]
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
    [{"scenario": "nowhere"}, {"policy": "best"}, {"deadline": "2022-01-01"}, {"finish": "never"}, {"draws": 0}],
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
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("Phần vốn phải có", "<b>Phần</b>"), encoding="utf-8-sig"
    )
    made = ForecastPage(str(tmp_path / "data" / "thanh-chuong"), draws=100)
    shown = made.reckoning() + made.price()
    assert "<script>" not in shown and "<b>" not in shown and "&lt;b&gt;" in shown

"""The page of the forecast and its words: what a planner reads, in both languages."""

import json
import re
import shutil
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from ntm_analysis.forecasts import KEPT_BACK_TEST, kept_summary
from ntm_analysis.forecasts.back_test import fit_hash
from ntm_analysis.forecasts.simulation import merged_since
from ntm_analysis.pages.charts import SCALE_LOOK
from ntm_analysis.pages.commune import CommunePage
from ntm_analysis.pages.district import DistrictPage
from ntm_analysis.pages.forecast import ForecastPage
from ntm_analysis.pages.funding import FundingPage
from ntm_analysis.results import (
    chance,
    chance_word,
    chance_words,
    forecast_sentence,
    month_words,
    mover_name,
    obstacle_sentence,
    promise_lines,
)
from ntm_analysis.results.chance_words import SCALE
from ntm_analysis.results.forecast import mover_ends

DATA, DRAWS = "data/thanh-chuong", 400
PARTS = (
    "forecast_summary",
    "why",
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
    below = {
        0.0499: "rất khó",
        0.1999: "khó",
        0.3999: "ít khả năng",
        0.5999: "ngang ngửa",
        0.7999: "có khả năng",
    }
    above = {
        0.05: "khó",
        0.2: "ít khả năng",
        0.4: "ngang ngửa",
        0.6: "có khả năng",
        0.8: "nhiều khả năng",
    }
    ends = {0.0: "rất khó", 0.95: "nhiều khả năng", 0.9501: "gần như chắc", 1.0: "gần như chắc"}
    assert {p: chance_word(p, "vi") for p in below | above | ends} == below | above | ends


def test_every_word_of_the_scale_has_its_colour():
    assert list(SCALE_LOOK) == list(SCALE)


@given(st.floats(0, 1), st.sampled_from([None, 50, 10_000]), st.sampled_from(["vi", "en"]))
def test_a_chance_near_an_end_is_never_a_figure(p, draws, lang):
    shown = chance(p, draws, lang)
    assert bool(re.search(r"\d", shown)) == (0.05 <= p <= 0.95 and draws != 50)
    assert "." not in shown and "," not in shown, "no decimals"


def test_in_running_text_the_ends_of_the_scale_say_where_they_lie():
    assert (
        chance_words(0.0, 2_000, "vi") == "rất khó (dưới 5%)"
        and chance_words(1.0, None, "en") == "almost certain (above 95%)"
    )
    assert (
        chance_words(0.5, 10_000, "vi") == "ngang ngửa, khoảng 5 trên 10 (50%)"
        and chance_words(0.5, 100, "vi") == "ngang ngửa"
    )
    assert chance(None, 1_000, "vi") == chance(float("nan"), 1_000, "vi") == "..."


def test_a_date_beyond_the_horizon_is_after_the_term():
    assert month_words(None, "vi") == "sau kỳ" and month_words("2024-12-31", "vi") == "12/2024"


def test_the_first_sentence_names_the_number_the_range_and_the_two_second_opinions():
    made = {
        "finishing": {"mean": 28.6, "p10": 26, "p50": 28, "p90": 32},
        "draws": 1_000,
        "n_communes": 37,
        "n_finished_now": 22,
        "deadline": "2025-12-31",
        "finish": "met",
        "basically_share": 0.95,
        "basically_all": 36,
        "p_basically_all": 0.03,
        "p_all": 0.0,
        "second_opinions": {
            "share": {"p10": 24, "p50": 27, "p90": 33},
            "line": {"p10": 29, "p50": 29, "p90": 29},
        },
    }
    first, second = forecast_sentence(made, "vi").split(". ", 1)
    for words in (
        "31/12/2025",
        "khoảng 28/37 xã",
        "26-32",
        "22 xã đã được công nhận",
        "khoảng 27 (24-33)",
        "khoảng 29 (29)",
    ):
        assert words in first, words
    assert (
        "từ 95%, tức 36/37 xã" in second
        and second.count("rất khó (dưới 5%)") == 2
        and "1.000 tình huống" in second
    )
    assert "signed NTM decision" in forecast_sentence(made | {"finish": "signed"}, "en")


def test_every_part_of_the_page_says_something(page):
    made = {name: plain(getattr(page, name)()) for name in PARTS}
    assert all(len(text) > 150 for text in made.values())
    assert (
        "không xếp hạng với nhau" in made["bands"]
        and "Thanh Ngọc, Thanh Hương và Thanh Chi" in made["bands"]
    )
    assert "Nguồn đang chặn: " in made["forecast_summary"], "beside the result"
    assert "cũng chưa đủ" in made["price"] and "Nguồn đang chặn: " in made["price"]
    assert "3/10.000" not in " ".join(made.values())


def test_the_page_says_which_part_is_evidence_which_is_assumed_and_what_moves_it_most(page):
    said = plain(page.why())
    panel = page.foreseen()[0].evidence_basis["panel"]
    assert (
        f"theo {panel['lists']} danh sách có kết quả" in said
        and f"cùng {panel['figures']} số liệu" in said
    )
    assert "Giả định (không bảng số liệu nào cho biết): phần các xã lỡ hẹn" in said
    swings = page._tornado.assign(size=page._tornado["swing"].abs())
    largest = swings[swings["size"] > 3 * swings["se"]].sort_values("size")["key"].iloc[-1]
    assert f"nhiều nhất: {mover_name(page.workbook, largest, 'vi')}" in said
    share = page.foreseen()[1]["second_opinions"]["share"]
    assert f"{share['p50']} ({share['p10']}-{share['p90']}) xã" in said


def test_every_assumption_of_the_tornado_has_a_name_and_ends_in_both_languages(page):
    for row in page._tornado.to_dict("records"):
        for lang in ("vi", "en"):
            assert mover_name(page.workbook, row["key"], lang) and ";" in mover_ends(
                page.workbook, row, lang
            )


def test_the_back_test_of_the_page_is_that_of_the_kept_fit(page):
    kept = json.loads(KEPT_BACK_TEST.read_text(encoding="utf-8"))
    assert kept["fit"] == fit_hash(), "run ntm backtest --refit"
    said, summary = plain(page.trust()), kept["summary"]
    assert (
        f"{summary['pairs']} cặp số liệu" in said
        and f"{100 * summary['coverage']:.0f}% kết quả" in said
    )
    low, high = (f"{end:.2f}".replace(".", ",") for end in summary["ratio_share_interval"])
    assert f"({low}-{high})" in said
    assert "đạt trọn vẹn" in said and "Bằng chứng này mỏng" in said


def test_a_back_test_of_another_fit_is_not_told(page, monkeypatch):
    monkeypatch.setattr(
        import_module("ntm_analysis.forecasts.back_test"), "fit_hash", lambda: "another"
    )
    assert kept_summary() is None and "Số cặp" not in plain(page.trust())


def test_a_band_is_told_one_chance_and_one_set_of_dates(page):
    made = [row for row in page.foreseen()[1]["communes"] if row["band"]]
    keys = ("p", "p_met", "p_signed", "p_unlimited", "p10_date", "p50_date", "p90_date")
    for band in {row["band"] for row in made}:
        assert len({tuple(row[key] for key in keys) for row in made if row["band"] == band}) == 1
    registered = {
        row["p"]
        for row in page.foreseen()[1]["registrations"]
        if row["level"] == "ntm" and row["year"] == 2022
    }
    assert len(registered) == 1, "Thanh Ngọc, Thanh Hương, Thanh Chi: of which the same is known"


@pytest.mark.parametrize("commune", ["Thanh Hà", "Thanh Lâm"])
def test_where_the_evidence_is_old_no_commune_gets_a_figure(commune):
    late = ForecastPage(DATA, commune, draws=1_000, as_of="2023-03-31")
    assert late.foreseen()[0].coarse
    assert "từng xã chỉ được nói bằng lời" in plain(late.forecast_summary())
    table = BeautifulSoup(late.bands() + late.registered(), "html.parser")
    cells = [cell.text for cell in table.select("tbody td")]
    assert "khó" in cells and not [cell for cell in cells if "%" in cell]
    said = (
        plain(late.commune())
        .replace("từ 50% trở lên", "")
        .replace("dưới 5%", "")
        .replace("trên 95%", "")
    )
    assert "%" not in said


def test_a_merger_since_the_evidence_makes_a_forecast_coarse(page):
    workbook, month = page.workbook, 12 * 2021 + 12
    row = {"on": pd.Timestamp("2022-02-01")}
    later = replace(workbook, tables=workbook.tables | {"mergers": pd.DataFrame([row])})
    earlier = replace(
        workbook,
        tables=workbook.tables | {"mergers": pd.DataFrame([{"on": pd.Timestamp("2020-01-01")}])},
    )
    assert merged_since(later, month) and not merged_since(earlier, month)


def test_what_holds_back_adds_up_to_what_does_not_finish(page):
    found = page.foreseen()[0]
    assert found.held_shares.sum(axis=1).to_numpy() == pytest.approx(
        1 - found.p[found.held_shares.index].to_numpy()
    )


def test_the_english_page_has_no_vietnamese_sentence():
    english = ForecastPage(DATA, draws=DRAWS, lang="en")
    said = " ".join(
        plain(getattr(english, name)())
        for name in ("forecast_summary", "bands", "why_not", "price")
    )
    assert "communes are forecast" in said and not re.search(
        r"\b(khả năng|tiêu chí|tình huống|số)\b", said
    )


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
        and "Sớm (P10)" in said
        and "2022: gần như chắc" in said
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
        path.read_text(encoding="utf-8-sig").replace("Thu tiền sử dụng đất", "<script>x</script>"),
        encoding="utf-8-sig",
    )
    path = Path(tmp_path / "data" / "thanh-chuong" / "assumptions.csv")
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("Đơn giá thấp", "<b>Phần</b>"),
        encoding="utf-8-sig",
    )
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
    assert (
        "Nhu cầu của các xã có chỉ tiêu kế hoạch"
        in FundingPage(DATA, draws=DRAWS).registered_need()
    )


def test_what_cannot_be_paid_for_is_said_once_from_the_first_chance_on():
    enough, beyond = (
        {"factor": 1.5, "extra": 120_000.0, "reason": None},
        {"factor": None, "extra": None, "reason": "x"},
    )
    now = {"factor": 1.0, "extra": 0.0, "reason": "reached_now"}
    made = {"draws": 1_000, "basically_all": 36, "n_communes": 37}
    price = {"p_unlimited": 0.85, "money": {"50": now, "80": enough, "90": beyond}}
    lines = promise_lines(
        {"basically_all": price, "all": price | {"money": dict.fromkeys(price["money"], beyond)}},
        made,
        "vi",
    )
    assert [line.split(":")[0] for line in lines] == [
        "Để cơ bản các xã (36 xã) về đích với khả năng 50%",
        "Để cơ bản các xã (36 xã) về đích với khả năng 80%",
        "Để cơ bản các xã (36 xã) về đích với khả năng 90% trở lên",
        "Để tất cả 37 xã về đích với khả năng 50% trở lên",
    ]
    assert (
        "không cần thêm vốn" in lines[0]
        and "nhân mọi nguồn vốn với 1,5, tức thêm khoảng 120 tỷ đồng" in lines[1]
    )
    assert (
        "nhân mọi nguồn vốn với 3 cũng chưa đủ" in lines[2]
        and "nhiều khả năng, khoảng 8 trên 10 (85%)" in lines[2]
    )


def test_the_most_frequent_thing_that_holds_a_commune_back_stands_first():
    row = {"held_back": {"not_listed": 0.2, "list_failed": 0.04, "money": 0.5, "time": 0.0}}
    assert obstacle_sentence(row, 10_000, "vi") == (
        "Điều giữ chân: vốn chưa đủ cho công trình (50%); "
        "chưa vào danh sách về đích của năm nào (20%)."
    )
    assert (
        obstacle_sentence({"held_back": None}, 10_000, "vi")
        == obstacle_sentence({"held_back": {"time": 0.01}}, 10_000, "vi")
        == ""
    )


def test_criteria_met_and_decision_signed_are_told_apart_whichever_binds():
    signed = ForecastPage(DATA, "Thanh Lâm", draws=1_000, finish="signed")
    row = next(r for r in signed.foreseen()[1]["communes"] if r["name"] == "Thanh Lâm")
    cells = [
        cell.text
        for cell in BeautifulSoup(signed.bands(), "html.parser")
        .find("th", string="Thanh Lâm")
        .parent.select("td")
    ]
    assert row["p_met"] > row["p_signed"] and cells[2:4] == [
        f"{100 * row[key]:.0f}%" for key in ("p_met", "p_signed")
    ]
    assert "chưa cần quyết định" in plain(signed.forecast_summary())
    assert "có quyết định công nhận trước 31/12/2025" in plain(signed.commune())


def test_communes_of_one_band_are_listed_in_administrative_order(page):
    order = {name: i for i, name in enumerate(page.workbook.units["name"])}
    cells = [cell.text for cell in BeautifulSoup(page.why_not(), "html.parser").select("tbody th")]
    named = [re.split(", | và ", cell) for cell in cells]
    assert sorted(name for names in named for name in names) == sorted(
        row["name"] for row in page.foreseen()[1]["communes"] if not row["finished"]
    )
    assert all(names == sorted(names, key=order.get) for names in named)


def test_money_is_blamed_only_where_money_would_help(page):
    found, made = page.foreseen()
    blamed = re.search(r"Ở (.*?), trả đủ và kịp", plain(page.registered()))[1]
    rich = dict(
        zip(
            (row["name"] for row in made["registrations"]),
            found.registrations()["p_unlimited"],
            strict=True,
        )
    )
    helped = {row["name"] for row in made["registrations"] if rich[row["name"]] - row["p"] >= 0.1}
    assert set(re.split(", | và ", blamed)) == helped != set()


def test_the_public_edition_has_no_remarks_to_the_office():
    public = ForecastPage(DATA, draws=DRAWS, audience="cong-khai")
    said = plain(public.forecast_summary()) + plain(public.why_not()) + plain(public.registered())
    assert "percent_done" not in said and "Nên hỏi trước" not in said and "carry_over" not in said


def test_the_words_of_the_glossary_are_kept(page):
    said = " ".join(plain(getattr(page, name)()) for name in PARTS)
    assert not re.search(r"\bbốc\b|cam kết|yếu kém|không đạt|trượt", said)
    assert "Mức công nhận" not in plain(page.registered()), (
        "a level aimed at is not a level recognised"
    )


def test_a_district_that_has_finished_says_so(tmp_path):
    import shutil

    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns("huyen-mau"))
    folder = tmp_path / "data" / "thanh-chuong"
    open_ = [
        row["code"]
        for row in ForecastPage(DATA, draws=50).foreseen()[1]["communes"]
        if not row["finished"]
    ]
    path = folder / "recognitions.csv"
    heads = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    row = {
        "level": "ntm",
        "decision": "1/QĐ-UBND",
        "date": "2022-01-10",
        "known_from": "2022-01-10",
        "source": "suy-ra",
        "mark": "assumed",
        "basis": "inferred",
        "set": "ntm-2016-2020",
    }
    lines = [",".join((row | {"commune": code}).get(head, "") for head in heads) for code in open_]
    path.write_text(
        path.read_text(encoding="utf-8-sig").rstrip("\n") + "\n" + "\n".join(lines) + "\n",
        encoding="utf-8-sig",
    )
    targets = folder / "targets.csv"  # whoever is recognised is registered for nothing
    targets.write_text(
        targets.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8-sig"
    )
    done = ForecastPage(str(folder), draws=100)
    assert "khoảng 37/37 xã" in plain(done.forecast_summary())
    assert plain(done.bands()) == plain(done.why_not()) == plain(done.price()) == ""
    assert "tính là đã về đích" in plain(done.commune()) and len(plain(done.trust())) > 150


def test_where_no_money_was_entered_the_answer_is_told_to_be_none(tmp_path):
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns(".*"))
    place = tmp_path / "data" / "huyen-mau"
    money = place / "envelopes.csv"
    money.write_text(
        money.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8-sig"
    )
    page = ForecastPage(str(place), commune="A6", draws=100)
    assert "Chưa nhập dòng vốn nào" in page.forecast_summary()
    assert (
        "Chưa nhập dòng vốn nào"
        not in ForecastPage("data/huyen-mau", commune="A6", draws=100).forecast_summary()
    )


def test_where_too_little_was_known_the_office_reads_what_is_lacking(tmp_path):
    shutil.copytree("data", tmp_path / "data", ignore=shutil.ignore_patterns(".*"))
    place = tmp_path / "data" / "huyen-mau"
    times = place / "durations.csv"
    times.write_text(
        "\n".join(times.read_text(encoding="utf-8-sig").splitlines()[:2]) + "\n",
        encoding="utf-8-sig",
    )
    office, public = (
        ForecastPage(str(place), commune="A6", draws=100, audience=audience).forecast_summary()
        for audience in ("noi-bo", "cong-khai")
    )
    assert "durations.csv" in office and "Cách sửa" in office and "durations.csv" not in public

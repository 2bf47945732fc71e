"""Letters that a program or a keyboard has hurt are told in every column of text; whatever an
office may write is not.
"""

import csv
import time
from itertools import product

import pytest
from conftest import ROOT

from ntm_analysis.language import UnreadableError, damage
from ntm_analysis.tables import TABLES, Problem, dictionary, read_cell

COLUMNS = [column for table in TABLES for column in dictionary(table).values()]
HURT = [
    # what was typed, what is told, the text mended, the signs that are told
    ("Thanh H??ng", "lost_letters", "...", None),
    ("?ại hội xã", "lost_letters", "...", None),
    ("Tr? s? x? Thanh Long", "lost_letters", "...", None),
    ("Nhà v\ufffdn hóa", "lost_letters", "...", None),
    ("Nh+AOA- v+AQM-n h+APM-a", "utf7", "Nhà văn hóa", None),
    ("H+AbABoQ-ng", "utf7", "Hương", None),
    ("Thanh H\u00ad¬ng", "tcvn3", "Thanh Hương", None),
    ("§­êng bª t«ng", "tcvn3", "Đường bê tông", None),
    ("X· THANH CH¦¥NG", "tcvn3", "Xã THANH CHƯƠNG", None),
    ("NhÃ\xa0 vÄƒn hÃ³a", "misread", "Nhà văn hóa", None),
    ("huyá»‡n", "misread", "huyện", None),
    ("d\u0443ong", "look_alike", "dyong", "U+0443"),
    ("truong-\u0430", "look_alike", "truong-a", "U+0430"),
    ("tổ \u0410", "look_alike", "tổ A", "U+0410"),
    ("\u0430\u043e\u0441", "look_alike", "aoc", "U+0430, U+043E, U+0441"),
    ("Th\u03bfn", "look_alike", "Thon", "U+03BF"),
    ("\uff24\uff24", "look_alike", "DD", "U+FF24"),
    ("duong\u200b", "zero_width", "duong", "U+200B"),
    ("phát\u00adtriển", "zero_width", "pháttriển", "U+00AD"),
    ("\ufeffThanh\u2060 Lĩnh\u200d", "zero_width", "Thanh Lĩnh", "U+200D, U+2060, U+FEFF"),
    ("Thanh\u202eLong", "direction_mark", "ThanhLong", "U+202E"),
    ("\u200fThanh Long", "direction_mark", "Thanh Long", "U+200F"),
    ("Thanh\tLong", "control_character", "ThanhLong", "U+0009"),
]
SOUND = [
    "Bao giờ xong?",
    "rộng ½m, 3£m, Mô-men 50 N·m",
    "Có?Không",
    "đã?Ừ",
    "Đã giao chưa? Chờ trả lời.",
    "Mấy km? Hỏi lại xã",
    "?",
    "??",
    "đủ / không? (hỏi lại)",
    "https://xa.vn/tin?id=12&trang=3&tu=xa+moi-lam",
    "khxhnv.gov.vn/?chitiet=2368",
    "http://vpubnd.vn/ArticlePrint.aspx?ArticleID=27857",
    "HTX+Hung+Ha, 20+30 hộ, +84-912-345",
    "bụi 50 µg/m³, 25 °C ± 2, ½ ha, § 5, © 2022",
    "«A» và “Thanh Hương” – ‘đường’ Nestlé®, München, niño",
    "hệ số α = 0,5; Δt, ΔG; 5 Ω; μm",
    "Москва",
    "Отчёт о сельском хозяйстве СССР",
    "α-tocopherol, 12 µm, 5 µg",
    "gia đình \U0001f468\u200d\U0001f469\u200d\U0001f467, 1\ufe0f\u20e3",
    "nguyen.van+AOI@gmail.com",
    "✔️ xong",
    "Xã Thanh Hoà, bản Mường Lống, Y Sơn",
]


@pytest.mark.parametrize(("typed", "code", "near", "signs"), HURT)
def test_hurt_letters_are_told_in_every_column_of_text(typed, code, near, signs):
    details = {"near": near} | ({"signs": signs} if signs else {})
    for column in COLUMNS:
        if column.type in ("text", "name", "unit", "source", "set", "test"):
            if (column.type, code) == ("unit", "lost_letters"):
                continue  # told where the nearest names are known
            with pytest.raises(UnreadableError) as caught:
                read_cell(typed, column)
            if (column.type, code) == ("name", "control_character"):
                assert caught.value.reason == "not_a_name"
                continue
            assert (caught.value.reason, caught.value.details) == (code, details), column.name


@pytest.mark.parametrize("text", SOUND)
def test_what_an_office_may_write_is_not_told(text):
    column = dictionary("targets")["note"]
    assert damage(text) is None and read_cell(text, column) == text


def test_no_text_of_the_data_is_told():
    told = set()
    for path in (ROOT / "data").rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            told |= {cell for row in csv.reader(file) for cell in row if damage(cell.strip())}
    assert told == set()


@pytest.mark.parametrize(
    ("case", "lang"), [*product([case for case in HURT if case[3]], ("vi", "en"))]
)
def test_a_message_shows_signs_that_nobody_sees_by_their_number_and_the_text_mended(case, lang):
    typed, code, near, signs = case
    hurt = damage(typed)
    what, mend = Problem(code, "x.csv", 2, "note", {"value": typed} | hurt.details).words(lang)
    assert signs in what and f"“{near}”" in mend
    assert (what + mend).isprintable()


@pytest.mark.parametrize("part", ["a+", "?", "\u00ad", "µ", "·", "q?.", "?a", "+AOA-", "\u0430"])
def test_a_cell_as_long_as_a_file_takes_no_longer_than_its_length(part):
    started = time.process_time()
    damage(part * (300_000 // len(part)))
    assert time.process_time() - started < 2

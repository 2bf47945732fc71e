"""Workbooks as offices send them, each with what is odd about it: made by this script, the same on
every run.

    python tests/exchange/messy_workbooks.py DIR

Communes are Thanh Chương's; unless a case says otherwise the table has Thanh Hương, Thanh Chi and
Thanh Ngọc, all of them without criteria 2, 5, 6 and 17, as of 31 March 2022, by the set of
2016-2020.
"""

import datetime as dt
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from ntm_analysis.language.spelling import TCVN3

COMMUNES = ("Thanh Hương", "Thanh Chi", "Thanh Ngọc")
LACK = (2, 5, 6, 17)
NUMBERS = range(1, 20)
TITLE = "KẾT QUẢ THỰC HIỆN BỘ TIÊU CHÍ NÔNG THÔN MỚI GIAI ĐOẠN 2016-2020"
DAY = "Số liệu tính đến ngày 31/3/2022"
NAMES = (
    "Quy hoạch",
    "Giao thông",
    "Thủy lợi",
    "Điện",
    "Trường học",
    "Cơ sở vật chất văn hóa",
    "Cơ sở hạ tầng thương mại nông thôn",
    "Thông tin và Truyền thông",
    "Nhà ở dân cư",
    "Thu nhập",
    "Hộ nghèo",
    "Lao động có việc làm",
    "Tổ chức sản xuất",
    "Giáo dục và Đào tạo",
    "Y tế",
    "Văn hóa",
    "Môi trường và an toàn thực phẩm",
    "Hệ thống chính trị và tiếp cận pháp luật",
    "Quốc phòng và An ninh",
)
CASES: dict[str, Callable[[Path], None]] = {}
OLD = {v: chr(k) for k, v in TCVN3.items()}


def case(make: Callable) -> Callable:
    """Register a maker of one workbook; its file is named after it."""
    CASES[make.__name__] = make
    return make


def marks(
    met: object = "Đạt", not_met: object = "Chưa đạt", lack: tuple[int, ...] = LACK
) -> list[object]:
    return [not_met if n in lack else met for n in NUMBERS]


def put(sheet, at: tuple[int, int], rows: list[list[object]]) -> None:
    """Rows of cells from ``at`` on; None leaves a cell blank."""
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if cell is not None:
                sheet.write(at[0] + r, at[1] + c, cell)


def usual(
    sheet,
    at: tuple[int, int] = (0, 0),
    rows: list[list[object]] | None = None,
    head: list[object] | None = None,
    title: bool = True,
) -> None:
    """The plainest form: title, day, one line of heads, three communes."""
    lines = [[TITLE], [DAY]] if title else []
    head = ["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS)] if head is None else head
    rows = (
        [[n, name, *marks()] for n, name in enumerate(COMMUNES, start=1)] if rows is None else rows
    )
    put(sheet, at, [*lines, head, *rows])


def book(path: Path, fill: Callable, name: str = "Biểu 1", **options) -> None:
    made = xlsxwriter.Workbook(path, {"strings_to_formulas": False, **options})
    made.set_properties({"created": dt.datetime(2022, 4, 5)})
    fill(made.add_worksheet(name), made)
    made.close()


@case
def plain_form(path):
    book(path, lambda s, b: usual(s))


@case
def far_corner(path):
    book(path, lambda s, b: usual(s, at=(37, 11)))


@case
def two_line_heads(path):
    def fill(s, b):
        put(s, (0, 0), [["UBND HUYỆN THANH CHƯƠNG"], [TITLE], [DAY]])
        for c, text in ((0, "TT"), (1, "Tên xã"), (21, "Số TC đạt"), (22, "Ghi chú")):
            s.merge_range(4, c, 5, c, text)
        s.merge_range(4, 2, 4, 20, "Kết quả từng tiêu chí")
        put(s, (5, 2), [[f"Tiêu chí số {n}\n{NAMES[n - 1]}" for n in NUMBERS]])
        put(
            s, (6, 0), [[n, f"Xã {name}", *marks(), 15] for n, name in enumerate(COMMUNES, start=1)]
        )
        put(s, (9, 1), [["Tổng số", *(0 if n in LACK else 3 for n in NUMBERS)]])
        put(s, (11, 15), [["Thanh Chương, ngày 05 tháng 4 năm 2022"], ["NGƯỜI LẬP BIỂU"]])

    book(path, fill)


@case
def heads_by_name(path):
    book(path, lambda s, b: usual(s, head=["STT", "Đơn vị", *NAMES]))


@case
def heads_numbered(path):
    book(path, lambda s, b: usual(s, head=["TT", "Xã", *(float(n) for n in NUMBERS)]))


@case
def three_lines_and_numbering(path):
    def fill(s, b):
        usual(
            s,
            head=["TT", "Tên xã", *(f"{n}. {NAMES[n - 1]}" for n in NUMBERS)],
            rows=[["A", "B", *(f"({n})" for n in NUMBERS)]],
        )
        put(s, (4, 0), [[n, name, *marks()] for n, name in enumerate(COMMUNES, start=1)])

    book(path, fill)


@case
def no_name_head(path):
    book(path, lambda s, b: usual(s, head=[None, None, *(f"TC{n}" for n in NUMBERS)]))


@case
def turned_round(path):
    def fill(s, b):
        put(s, (0, 0), [[TITLE], [DAY], ["TT", "Tiêu chí", *COMMUNES]])
        put(
            s,
            (3, 0),
            [
                [n, f"Tiêu chí {n}: {NAMES[n - 1]}", *["Chưa đạt" if n in LACK else "Đạt"] * 3]
                for n in NUMBERS
            ],
        )

    book(path, fill)


@case
def ticks(path):
    book(
        path,
        lambda s, b: usual(
            s, rows=[[n, name, *marks("x", None)] for n, name in enumerate(COMMUNES, start=1)]
        ),
    )


@case
def ticks_with_own_key(path):
    def fill(s, b):
        usual(s, rows=[[n, name, *marks("x", "o")] for n, name in enumerate(COMMUNES, start=1)])
        s.write(8, 1, "Ghi chú: x: đạt; o: chưa đạt; cb: cơ bản đạt")

    book(path, fill)


@case
def plus_and_minus(path):
    book(
        path,
        lambda s, b: usual(
            s, rows=[[n, name, *marks("+", "-")] for n, name in enumerate(COMMUNES, start=1)]
        ),
    )


@case
def ones_and_noughts(path):
    book(
        path,
        lambda s, b: usual(
            s, rows=[[n, name, *marks(1, 0)] for n, name in enumerate(COMMUNES, start=1)]
        ),
    )


@case
def basically_met_and_unknown(path):
    rows = [
        [1, "Thanh Hương", "CBĐ", "...", "Cơ bản đạt", "KAD", *["Đ"] * 15],
        [2, "Thanh Chi", "C", None, "c", "v", *["V"] * 15],
    ]
    book(path, lambda s, b: usual(s, rows=rows))


@case
def a_column_a_state(path):
    def fill(s, b):
        put(s, (0, 0), [[TITLE], [DAY]])
        s.merge_range(2, 0, 3, 0, "Tên xã")
        for n in (1, 2):
            s.merge_range(2, 3 * n - 2, 2, 3 * n, f"Tiêu chí {n}")
            put(s, (3, 3 * n - 2), [["Đạt", "Cơ bản đạt", "Chưa đạt"]])
        put(
            s,
            (4, 0),
            [
                ["Thanh Hương", "x", None, None, None, None, "x"],
                ["Thanh Chi", None, "x", None, "x", None, "x"],
            ],
        )

    book(path, fill)


@case
def counts_only(path):
    head = ["TT", "Tên xã", "Số tiêu chí đạt", "Ghi chú"]
    rows = [
        [1, "Thanh Hương", "15/19"],
        [2, "Thanh Chi", 15],
        [3, "Thanh Ngọc", "..."],
        [4, "Thanh Lâm", "23/19"],
        [5, "Thanh Xuân", "nhiều"],
        [6, "Thanh Lĩnh", "15/0"],
    ]
    book(path, lambda s, b: usual(s, head=head, rows=rows))


@case
def a_wrong_count_and_total(path):
    def fill(s, b):
        rows = [
            [n, name, *marks(), 14 if n == 2 else 15] for n, name in enumerate(COMMUNES, start=1)
        ]
        usual(
            s,
            head=["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS), "Tổng số tiêu chí đạt"],
            rows=rows,
        )
        put(s, (6, 1), [["Cộng", 3, 1]])

    book(path, fill)


@case
def two_districts(path):
    def fill(s, b):
        usual(s, rows=[])
        rows = [
            ["I", "Huyện Thanh Chương"],
            [1, "Thanh Hương", *marks()],
            ["II", "Huyện Yên Thành"],
            [1, "Thanh Chi", *marks()],
            [2, "Tây Thành", *marks()],
        ]
        put(s, (3, 0), rows)

    book(path, fill)


@case
def of_our_district_by_its_letterhead(path):
    def fill(s, b):
        put(s, (0, 0), [["UBND HUYỆN THANH CHƯƠNG, TỈNH NGHỆ AN"]])
        usual(s, at=(1, 0))

    book(path, fill)


@case
def of_another_district_by_its_letterhead(path):
    def fill(s, b):
        put(s, (0, 0), [["UBND HUYỆN YÊN THÀNH"]])
        usual(s, at=(1, 0))

    book(path, fill)


def titled(
    title: str, met: object = "Đạt", not_met: object = "Chưa đạt", note: str = "", day: str = DAY
) -> Callable[[Path], None]:
    """The plain form under another title, day, marks and with a note below."""

    def make(path):
        rows = [[n, name, *marks(met, not_met)] for n, name in enumerate(COMMUNES, start=1)]
        lines = [
            [title],
            [day],
            ["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS)],
            *rows,
            [],
            [None, note or None],
        ]
        book(path, lambda s, b: put(s, (0, 0), lines))

    return make


CASES["ticks_that_mean_not_met"] = titled(TITLE, None, "x", 'Ghi chú: dấu "x" là tiêu chí chưa đạt')
CASES["ticks_under_what_is_lacking"] = titled(
    "CÁC TIÊU CHÍ CHƯA ĐẠT CỦA CÁC XÃ, GIAI ĐOẠN 2016-2020", None, "x"
)
CASES["a_plan"] = titled("KẾ HOẠCH THỰC HIỆN GIAI ĐOẠN 2016-2020, DỰ KIẾN ĐẠT")
CASES["registrations_for_a_year"] = titled("ĐĂNG KÝ TIÊU CHÍ ĐẠT NĂM 2022 (giai đoạn 2016-2020)")
CASES["results_of_hamlets"] = titled("KẾT QUẢ XÓM ĐẠT CHUẨN GIAI ĐOẠN 2016-2020")
CASES["two_days"] = titled(f"{TITLE} (số liệu đến ngày 31/12/2021)")
CASES["only_a_year"] = titled(TITLE, day="Năm 2022")
CASES["before_there_were_units"] = titled(TITLE, day="Số liệu tính đến ngày 31/3/2005")


@case
def a_slip_among_ones_and_noughts(path):
    rows = [[n, name, *marks(1, 0)] for n, name in enumerate(COMMUNES, start=1)]
    rows[1][12] = 2
    book(path, lambda s, b: usual(s, rows=rows))


@case
def two_tables_in_a_sheet(path):
    def fill(s, b):
        usual(s, rows=[[1, "Thanh Hương", *marks()]])
        put(
            s,
            (6, 0),
            [
                ["BIỂU 2"],
                ["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS)],
                [1, "Thanh Chi", *marks()],
            ],
        )

    book(path, fill)


@case
def several_sheets(path):
    def fill(s, b):
        usual(s, rows=[[1, "Thanh Hương", *marks()]])
        put(b.add_worksheet("Ghi chép"), (0, 0), [["Việc cần làm"], ["Gọi xã"]])
        b.add_worksheet("Trống")
        usual(b.add_worksheet("Biểu '2' <b> & \"3\""), rows=[[1, "Thanh Chi", *marks()]])

    book(path, fill)


@case
def hidden_rows(path):
    def fill(s, b):
        usual(s)
        s.set_row(4, None, None, {"hidden": True})

    book(path, fill)


@case
def formulas_never_computed(path):
    def fill(s, b):
        usual(s)
        s.write_formula(3, 2, '=IF(1=1,"Đạt","Chưa đạt")', None, "")
        s.write_formula(4, 3, '=IF(1=0,"Đạt","Chưa đạt")', None, "Chưa đạt")
        s.write_formula(5, 4, "=NA()", None, "#N/A")

    book(path, fill)


@case
def repeated_communes(path):
    rows = [
        [1, "Thanh Hương", *marks()],
        [2, "xã thanh hương", *marks()],
        [3, "Thanh Chi", *marks()],
        [4, "Thanh Chi", *marks(lack=(2,))],
    ]
    book(path, lambda s, b: usual(s, rows=rows))


@case
def strange_names(path):
    rows = [
        [1, "1. Xã  THANH HƯƠNG (*)", *marks()],
        [2, "Thanh Chii", *marks()],
        [3, "=cmd|'/c calc'!A1", *marks()],
        [4, "Thị trấn Thanh Chương", *marks()],
        [None, None, "Đạt"],
    ]
    book(path, lambda s, b: usual(s, rows=rows))


@case
def marks_that_are_none(path):
    rows = [[1, "Thanh Hương", "Đạt", "gần đạt", "-", "?", 7, *marks()[5:]]]
    book(path, lambda s, b: usual(s, rows=rows))


@case
def decomposed_letters(path):
    apart = lambda text: unicodedata.normalize("NFD", text)  # noqa: E731
    rows = [[n, apart(name), *map(apart, marks())] for n, name in enumerate(COMMUNES, start=1)]
    book(
        path,
        lambda s, b: usual(
            s, head=["TT", apart("Tên xã"), *(f"TC {n}" for n in NUMBERS)], rows=rows
        ),
    )


@case
def old_font(path):
    old = lambda text: "".join(OLD.get(c, c) for c in text)  # noqa: E731

    def fill(s, b):
        font = b.add_format({"font_name": ".VnTime"})
        usual(
            s,
            title=False,
            head=["TT", old("Tên xã"), *(f"TC {n}" for n in NUMBERS)],
            at=(2, 0),
            rows=[[n, old(name), *map(old, marks())] for n, name in enumerate(COMMUNES, start=1)],
        )
        s.write(0, 0, old("Bộ tiêu chí giai đoạn 2016-2020"), font)
        s.write(1, 0, old("Số liệu tính đến ngày 31/3/2022"), font)

    book(path, fill)


@case
def indicators(path):
    def fill(s, b):
        percent, plain_ = b.add_format({"num_format": "0.0%"}), b.add_format({"num_format": "0.0"})
        put(
            s,
            (0, 0),
            [
                ["BỘ TIÊU CHÍ 2021-2025"],
                ["Số liệu đến hết quý I/2022"],
                ["TT", "Tên xã", "2.1", "11", "10", "1.1", 17.1],
            ],
        )
        s.write(3, 1, "Thanh Hương")
        s.write(3, 2, 0.955, percent)
        s.write(3, 3, "3,5 %")
        s.write(3, 4, 41.5, plain_)
        s.write(3, 5, "Đạt")
        s.write(3, 6, 0.5)
        put(s, (4, 1), [["Thanh Chi", 101, "1,234.5", "...", "x", "97"]])

    book(path, fill)


def values(path, heads, *columns):
    """Three communes with values of the set of 2021-2025, column by column."""
    rows = [
        [n, name, *cells]
        for n, (name, *cells) in enumerate(zip(COMMUNES, *columns, strict=True), start=1)
    ]
    top = [["BỘ TIÊU CHÍ 2021-2025"], [DAY], ["TT", "Tên xã", *heads]]
    book(path, lambda s, b: put(s, (0, 0), [*top, *rows]))


@case
def a_one_among_values(path):
    """An income of 1 beside 45,5 may say met; a poverty of 1 beside 3,5 is a poverty."""
    values(path, ["10", "11", "1.1"], [45.5, 1, 47], ["3,5 %", 1, 2.25], ["Đạt", "x", "Đạt"])


@case
def a_one_among_values_of_a_criterion(path):
    values(path, ["TC 1", "Thu nhập (TC 10)"], ["Đạt", "Đạt", "Đạt"], [45.5, 1, 47])


@case
def a_one_written_as_a_value(path):
    values(
        path,
        ["TC 1", "TC 10", "TC 17"],
        ["Đạt", "Đạt", "Đạt"],
        [45.5, "1,0", 47],
        ["Đạt", "x", "C"],
    )


@case
def a_one_among_values_where_one_means_met(path):
    values(
        path,
        ["10", "11", "1.1"],
        [45.5, 44, 47],
        ["3,5 %", 1, 2.25],
        ["Ghi chú: 1: đạt; 0: chưa đạt", 1, 0],
    )


@case
def only_ones_under_a_measured_indicator(path):
    values(path, ["2.1", "11", "1.1"], [1, 0, 1], ["3,5 %", "1%", 0], ["Đạt", "x", "Đạt"])


def of_a_day(path, line):
    """The plain form under another line about the day of its figures."""
    rows = [[n, name, *marks()] for n, name in enumerate(COMMUNES, start=1)]
    book(
        path,
        lambda s, b: put(
            s, (0, 0), [[TITLE], [line], ["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS)], *rows]
        ),
    )


@case
def a_day_of_american_order(path):
    of_a_day(path, "(Số liệu tính đến ngày 3/31/2022)")


@case
def a_day_that_is_none(path):
    of_a_day(path, "(Số liệu tính đến ngày 31/2/2022)")


@case
def a_day_with_a_short_year(path):
    of_a_day(path, "(Số liệu tính đến ngày 31/3/22)")


@case
def a_short_day_that_may_be_two(path):
    of_a_day(path, "(Số liệu tính đến ngày 3/4/22)")


@case
def no_day(path):
    book(
        path,
        lambda s, b: put(
            s,
            (0, 0),
            [
                [TITLE],
                ["TT", "Tên xã", *(f"TC {n}" for n in NUMBERS)],
                [1, "Thanh Hương", *marks()],
            ],
        ),
    )


@case
def two_columns_of_one_criterion(path):
    book(
        path,
        lambda s, b: usual(
            s, head=["TT", "Tên xã", "TC 1", "TC 1", *(f"TC {n}" for n in range(3, 20))]
        ),
    )


@case
def other_columns(path):
    head = ["TT", "Tên xã", "Số hộ", *(f"TC {n}" for n in NUMBERS), "Xếp loại"]
    book(
        path,
        lambda s, b: usual(
            s,
            head=head,
            rows=[[n, name, 1200, *marks(), "Khá"] for n, name in enumerate(COMMUNES, start=1)],
        ),
    )


@case
def empty_rows(path):
    def fill(s, b):
        yellow = b.add_format({"bg_color": "yellow"})
        usual(s)
        for r in range(6, 300_000):
            s.set_row(r, 15, yellow)

    book(path, fill)


@case
def epoch_of_1904(path):
    def fill(s, b):
        usual(s)
        s.write_datetime(7, 1, dt.datetime(2022, 4, 5), b.add_format({"num_format": "dd/mm/yyyy"}))

    book(path, fill, date_1904=True)


@case
def nothing_in_it(path):
    book(path, lambda s, b: None)


@case
def password(path):
    raw = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1016)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(2000)
    )
    path.write_bytes(raw)


@case
def cut_off(path):
    book(path, lambda s, b: usual(s))
    path.write_bytes(path.read_bytes()[:3000])


@case
def a_zip_of_something(path):
    import zipfile

    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(zipfile.ZipInfo("thu.txt", (2022, 4, 5, 0, 0, 0)), "Kính gửi")


def old_excel(path: Path) -> None:
    """A real .xls file: ``usual`` as the old format has it, saved once."""
    path.write_bytes(Path(__file__).with_name("old_excel.xls").read_bytes())


def web_page(path: Path) -> None:
    """A web page that calls itself .xls, as many systems export."""
    path.write_text("<html><table><tr><td>Tên xã</td></tr></table></html>", encoding="utf-8")


def cut_old_excel(path: Path) -> None:
    old_excel(path)
    path.write_bytes(path.read_bytes()[:2500])


OLD_CASES = {"old_excel": old_excel, "web_page": web_page, "cut_old_excel": cut_old_excel}


def make(folder: Path, name: str) -> Path:
    """Make one workbook in a folder; its path."""
    path = folder / (f"{name}.xls" if name in OLD_CASES else f"{name}.xlsx")
    (OLD_CASES.get(name) or CASES[name])(path)
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for each in (*CASES, *OLD_CASES):
        print(make(target, each))

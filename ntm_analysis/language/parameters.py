"""The one vocabulary of notebook parameters: same names, order and meaning in every notebook; each
takes a subset.

papermill itself passes over an unknown name with a log line; :func:`check` refuses it before a
kernel starts.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from .numbers import YEARS, NotRead, read_month

POLICIES = (
    "own",
    "closest",
    "cheapest",
    "equal",
    "decree",
)  # rules of who is paid first; the one list of them
OPTIMAL = "optimal"  # the plan that is sought, not ruled
PLANS = (*POLICIES, OPTIMAL)


@dataclass(frozen=True)
class Parameter:
    """One parameter: its default, its type by that default, allowed values (none: any), range,
    meaning vi and en.
    """

    name: str
    default: str | int
    vi: str
    en: str
    allowed: tuple[str, ...] = ()
    low: int | None = None

    def fault(self, value: object) -> str:
        """What is wrong with a value, in English; "" when nothing is."""
        if type(value) is not type(self.default):
            return f"{self.name}={value!r}: must be {type(self.default).__name__}"
        if self.allowed and value not in self.allowed:
            return f"{self.name}={value!r}: must be one of {', '.join(a or '(empty)' for a in self.allowed)}"
        if self.low is not None and value < self.low:
            return f"{self.name}={value!r}: must be at least {self.low}"
        if self.name == "month" and value:
            try:
                read_month(str(value))
            except NotRead:
                return f"{self.name}={value!r}: must be a month such as 12/2022"
        if self.name in ("as_of", "deadline") and value:
            try:
                year = dt.date.fromisoformat(str(value)).year
            except ValueError:
                return f"{self.name}={value!r}: must be a date such as 2022-03-31"
            if not YEARS[0] <= year <= YEARS[1]:
                return (
                    f"{self.name}={value!r}: must lie between the years {YEARS[0]} and {YEARS[1]}"
                )
        return ""


PARAMETERS = (
    Parameter(
        "dataset",
        "data/thanh-chuong",
        "thư mục hoặc tên bộ dữ liệu",
        "folder or name of the data set",
    ),
    Parameter(
        "commune",
        "Thanh Hương",
        "tên xã (có dấu hoặc không dấu) hoặc mã xã",
        "the commune's name or code",
    ),
    Parameter(
        "criteria_set",
        "",
        "bộ tiêu chí; để trống: theo dataset.yaml",
        "criteria set; empty: as dataset.yaml says",
    ),
    Parameter(
        "as_of",
        "",
        "chỉ dùng số liệu đã biết đến ngày này, ví dụ 2022-03-31; để trống: theo dataset.yaml",
        "use only what was known by this day; empty: as dataset.yaml says",
    ),
    Parameter(
        "month",
        "",
        "tháng giao ban, ví dụ 12/2022; để trống: tháng của as_of",
        "month of the meeting, as in 12/2022; empty: that of as_of",
    ),
    Parameter(
        "year",
        0,
        "năm đăng ký; 0: năm gần nhất có đăng ký",
        "year registered for; 0: the nearest one with registrations",
        low=0,
    ),
    Parameter(
        "target",
        "ntm",
        "mức phấn đấu: ntm hoặc registered (theo đăng ký)",
        "level aimed at",
        ("ntm", "registered"),
    ),
    Parameter("scenario", "baseline", "kịch bản", "scenario"),
    Parameter(
        "scenarios",
        "",
        "các kịch bản, cách nhau bằng dấu phẩy; để trống: tất cả",
        "scenarios joined by commas; empty: all",
    ),
    Parameter(
        "baseline",
        "baseline",
        "kịch bản gốc để so với",
        "the scenario that the others are held against",
    ),
    Parameter(
        "policy",
        "",
        "cách phân bổ vốn: own, closest, cheapest, equal, decree, optimal (xem Cách tính); để trống: theo kịch bản",
        "allocation: own order, closest or cheapest first, equal shares, decree, optimal; empty: as the scenario has it",
        ("", *PLANS),
    ),
    Parameter(
        "deadline",
        "",
        "hạn về đích; để trống: cuối nhiệm kỳ",
        "deadline; empty: the end of the term",
    ),
    Parameter(
        "finish",
        "met",
        "về đích là đạt đủ tiêu chí (met) hay đã ký quyết định (signed)",
        "finishing means criteria met or decision signed",
        ("met", "signed"),
    ),
    Parameter("draws", 10000, "số tình huống mô phỏng", "number of draws", low=1),
    Parameter("seed", 2022, "số gieo của mô phỏng", "seed of the draws", low=0),
    Parameter("lang", "vi", "ngôn ngữ của trang: vi hoặc en", "language of the page", ("vi", "en")),
    Parameter(
        "audience",
        "noi-bo",
        "noi-bo (văn phòng) hoặc cong-khai (công khai)",
        "noi-bo (the office) or cong-khai (the public)",
        ("noi-bo", "cong-khai"),
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def check(values: Mapping[str, object]) -> list[str]:
    """Everything wrong with a set of parameters: unknown names, wrong types, values that are not
    allowed.

    >>> check({"lang": "fr", "comune": "Thanh Chi"})
    ["lang='fr': must be one of vi, en", 'comune: unknown parameter']
    """
    faults = [
        BY_NAME[n].fault(v) if n in BY_NAME else f"{n}: unknown parameter"
        for n, v in values.items()
    ]
    return [fault for fault in faults if fault]

"""What the lines around an office's table say: the day of its figures, the criteria set, and what its signs mean."""

import contextlib
import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterable

from .criteria import Law
from .names import plain

_DAY = r"(?:ngay\s*)?(\d{1,2})\s*(?:[/.-]|\s+thang\s+)\s*(\d{1,2})\s*(?:[/.-]|\s+nam\s+)\s*(20\d\d)"
# The day of a decision, a plan, a letter ("Kèm theo Quyết định số 12/QĐ-UBND ngày 18/3/2022") is no day of figures.
_PAPER = (
    r"\b(?:kem theo|theo|quyet dinh|ke hoach|cong van|nghi quyet|nghi dinh|thong tu|bao cao|qd|kh|nq|so\s*\.*\s*\d)\b"
    r"(?:(?!\b(?:den|het|so lieu)\b)[^;])*?ngay\s*" + _DAY.removeprefix(r"(?:ngay\s*)?").replace("20", "(?:20)?")
)
# A year of two digits is read where the first number can only be the day; 5/4/22 may be 4 May, as a US-set Excel writes it.
_SHORT = r"\b((?:ngay|den|het)\s+)(1[3-9]|2\d|3[01])\s*([/.-])\s*(\d{1,2})\s*\3\s*(\d\d)(?!\d)"
_MONTH = r"(?<!\d )thang\s*(\d{1,2})\s*(?:[/.-]|nam)\s*(20\d\d)"
_QUARTER = r"quy\s*(iv|i{1,3}|[1-4])\s*(?:[/.-]|nam)\s*(20\d\d)"
_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_STATES = {
    "co ban dat": "basic", "chua dat": "not_met", "khong dat": "not_met", "khong ap dung": "not_applicable",
    "chua co so lieu": "no_data", "dat": "met",
}  # fmt: skip
# "x: đạt", "(x): chưa đạt", 'dấu "x" là tiêu chí chưa đạt'
_SIGN = re.compile(
    r"[\"“'(]?([^\s\"“”'():;,.=]{1,4}|\.\.\.)[\"”')]*\s*(?:[:=–-]|\bla\b|\bnghia la\b)\s*(?:(?:tieu chi|xa|da)\s+)*("
    + "|".join(_STATES)
    + r")\b"
)
_OWN_SIGNS = ("ghi chu", "ky hieu", "chu thich", "quy uoc")


def data_days(lines: Iterable[str]) -> list[tuple[dt.date, str]]:
    """The days that the figures may stand for, each with the line that says it; more than one contradict each other.

    "tính đến ngày 31/3/2022" comes before "tháng 4/2022", "quý I/2022", "hết năm 2021" (each its last day). The day of a letter
    ("Thanh Chương, ngày 05 tháng 4 năm 2022") and the years of a period ("2021-2025") say nothing about figures.

    >>> data_days(["Thanh Chương, ngày 05 tháng 4 năm 2022", "(Số liệu tính đến hết quý I/2022)"])
    [(datetime.date(2022, 3, 31), '(Số liệu tính đến hết quý I/2022)')]
    """
    texts = _about_figures(lines)
    for pattern, made in (
        (r"(?:den|het)\s+(?:het\s+)?" + _DAY, lambda m: (int(m[3]), int(m[2]), int(m[1]))),
        (_MONTH, lambda m: _end(int(m[2]), int(m[1]))),
        (_QUARTER, lambda m: _end(int(m[2]), 3 * (_QUARTERS.get(m[1]) or int(m[1])))),
        (r"6 thang dau nam (20\d\d)", lambda m: (int(m[1]), 6, 30)),
        (r"9 thang dau nam (20\d\d)", lambda m: (int(m[1]), 9, 30)),
        (_DAY, lambda m: (int(m[3]), int(m[2]), int(m[1]))),
        (r"(?:cuoi|het|den|so lieu) nam (20\d\d)", lambda m: (int(m[1]), 12, 31)),
    ):
        found = {}
        for line, text in texts.items():
            for match in re.finditer(pattern, text):
                with contextlib.suppress(ValueError):
                    found.setdefault(dt.date(*made(match)), line.strip()[:80])
        if found:
            return list(found.items())
    return []


def unread_days(lines: Iterable[str]) -> list[str]:
    """The lines that name a day of figures which is none, or may be two: 3/31/2022, 31/2/2022, 5/4/22.

    >>> unread_days(["Số liệu đến 3/31/2022", "tính đến ngày 5/4/22", "tính đến 31/3/22"])
    ['Số liệu đến 3/31/2022', 'tính đến ngày 5/4/22']
    """
    short = r"\b(?:ngay|den|het)\s+" + _DAY.replace(r"20\d\d", r"\d\d(?!\d)")
    made = []
    for line, text in _about_figures(lines).items():
        try:
            for match in re.finditer(_DAY, text):
                dt.date(int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            made.append(line.strip()[:80])
        else:
            made += [line.strip()[:80]] if re.search(short, text) else []
    return made


def _about_figures(lines):
    """Each line without the days of papers, the years of periods and the line of a letter's day; its years with four digits."""
    texts = {line: re.sub(_SHORT, r"\1\2/\4/20\5", plain(line)) for line in lines}
    texts = {line: re.sub(rf"20\d\d\s*[-–]\s*20\d\d|{_PAPER}", " ", text) for line, text in texts.items()}
    return {line: text for line, text in texts.items() if not re.match(r"[^,]{2,40},\s*ngay\b", text)}


def _end(year, month):
    return year, month, monthrange(year, month)[1] if 1 <= month <= 12 else 0


def named_sets(lines: Iterable[str], law: Law) -> list[str]:
    """The criteria sets that the lines name: by their decision, else by period and level; none where neither is said.

    The period alone ("giai đoạn 2021-2025") means the NTM level, unless "nâng cao" or "kiểu mẫu" stands there too.
    """
    text = plain(" \n ".join(lines))
    by_number = [
        s for s, set_ in law.sets.items()
        if (number := set_.decision.get("number")) and re.search(rf"(?<!\d){re.escape(plain(number).split('/')[0])}/", text)
    ]  # fmt: skip
    level = "model" if "kieu mau" in text else "advanced" if "nang cao" in text else "ntm"
    periods = set(re.findall(r"(20\d\d)\s*[-–]\s*(20\d\d)", text))
    by_period = [
        s for s, set_ in law.sets.items()
        if set_.level == level and any("-".join(period) in s for period in periods)
    ]  # fmt: skip
    both = [s for s in by_number if law.sets[s].level == level]
    return both or by_number or by_period


def own_signs(lines: Iterable[str]) -> dict[str, str]:
    """What the sheet itself says its signs mean, by sign (without diacritics): met, basic, not_met, not_applicable, no_data.

    >>> own_signs(["Ghi chú: x: đạt; o: chưa đạt; cb = cơ bản đạt"])
    {'x': 'met', 'o': 'not_met', 'cb': 'basic'}
    """
    made = {}
    for line in lines:
        text = plain(line)
        if any(word in text for word in _OWN_SIGNS) or (len(text) < 40 and _SIGN.match(text)):
            for part in re.split(r"[;,\n]|\.\s", re.sub(r"^.*?(?:ghi chu|ky hieu|chu thich|quy uoc)[^:]*:", "", text, count=1)):
                if match := _SIGN.search(part):
                    made.setdefault(match[1], _STATES[match[2]])
    return made


def doubts(above: Iterable[str], around: Iterable[str]) -> tuple[str, str]:
    """What makes a table other than one of results: a line ``above`` it that speaks of plans, registrations or hamlets, and a
    line ``around`` it that speaks of what is not met, so that a tick may mean that. "" for none.

    >>> doubts(["KẾ HOẠCH: DỰ KIẾN ĐẠT NĂM 2025"], []), doubts(["KẾT QUẢ THỰC HIỆN"], ["Các tiêu chí chưa đạt của các xã"])
    (('KẾ HOẠCH: DỰ KIẾN ĐẠT NĂM 2025', ''), ('', 'Các tiêu chí chưa đạt của các xã'))
    """
    planned = ""
    for line in above:
        text = re.sub(_PAPER, " ", plain(line))
        other = re.search(r"\b(ke hoach|du kien|phan dau|dang ky|lo trinh)\b", text) and not re.search(
            r"\b(ket qua|hien trang|thuc trang|danh gia)\b", text
        )
        if len(text) > 8 and (other or re.search(r"\b(xom|thon|ban|khoi) (dat|duoc|dang ky)\b", text)):
            planned = planned or line.strip()[:80]
    lacking = next(
        (
            line.strip()[:80]
            for line in around
            if re.search(r"\b(chua dat|con thieu|khong dat)\b", plain(line)) and len(line) > 12
        ),
        "",
    )
    return planned, lacking

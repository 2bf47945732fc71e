"""Where the tables of a sheet stand, what each column is about; the day, the set and the signs that
a sheet names.
"""

import contextlib
import datetime as dt
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby

from ..language import fold, from_tcvn3, plain
from ..law import Law
from .sheets import Sheet

NAME_HEAD = re.compile(
    r"(ten )?(cac )?(xa|don vi( hanh chinh)?|dia phuong|xa ?[,/] ?(phuong ?[,/] ?)?(thi tran|tt))"
    r"( \(?(xa|thi tran).*)?"
)
_NUMBERING = re.compile(r"\(?(\d{1,2}|[a-c])\)?")
_TICKS = {"dat": "met", "co ban dat": "basic", "chua dat": "not_met", "khong dat": "not_met"}
_RESULT = ("ket qua", "danh gia", "tu danh gia", "ket qua danh gia", "dat chua dat", "muc do dat")
_COUNT = re.compile(
    r"(tong )?(cong )?(so )?(tieu chi|tc)( da)? dat.*"
    r"|(tong|tong cong|cong)( so)?( tieu chi| tc)?( da)?( dat)?( chuan)?|so tc"
)
_NOT_COUNT = re.compile(r".*(chua|khong) dat.*")
_OTHERS = {"tt": "tt", "stt": "tt", "so tt": "tt", "ghi chu": "note"}
_OTHERS |= dict.fromkeys(("ma", "ma so", "ma xa", "ma don vi", "ma dvhc"), "code")
_OTHERS |= dict.fromkeys(("huyen", "ten huyen", "don vi cap huyen"), "district")
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class FormColumn:
    """A column: ``kind`` is criterion, indicator, tick (one state of a criterion), count, code,
    district, tt, note or other.
    """

    column: int
    kind: str
    subject: str = ""
    state: str = ""
    text: str = ""


@dataclass
class Table:
    """A table of a sheet: head lines ``top`` to ``body`` - 1, rows ``body`` to ``end`` - 1, names
    in column ``name``.
    """

    top: int
    body: int
    end: int
    name: int
    heads: list[FormColumn] = field(default_factory=list)

    def of(self, *kinds: str) -> list[FormColumn]:
        """The columns of these kinds."""
        return [head for head in self.heads if head.kind in kinds]


@dataclass(frozen=True)
class Criteria:
    """What heads may name: criteria by number and by the words of their names, and the tests of the
    set.
    """

    numbers: tuple[int, ...]
    names: dict[str, int]
    tests: frozenset[str]

    @classmethod
    def of(cls, law, set_id: str) -> "Criteria":
        """The criteria of one set (its names as plain words)."""
        criteria = law.criteria_of(set_id)
        names = {plain(name): number for number, name in criteria["name_vi"].dropna().items()}
        tests = law.tests.loc[law.tests["set"] == set_id, "test"]
        return cls(tuple(criteria.index), names, frozenset(tests))


def cleaned(sheet: Sheet) -> Sheet:
    """The sheet with its text in Unicode: hard spaces and line breaks as spaces, .VnTime letters
    read as what they show.
    """
    texts = {cell for row in sheet.cells for cell in row if isinstance(cell, str)}
    foreign = {text for text in texts if not text.isascii()}
    old = any(_is_old(text) for text in foreign)
    clean = {}
    for text in texts:
        modern = not old or any("\u1ea0" <= c <= "\u1ef9" or c in "ơưđĐƠƯ" for c in text)
        letters = text if modern else from_tcvn3(text)
        clean[text] = " ".join(letters.replace("\u00a0", " ").split()) or None
    cells = [
        [clean[cell] if isinstance(cell, str) else cell for cell in row] for row in sheet.cells
    ]
    return replace(sheet, cells=cells)


def _is_old(text):
    """Whether a text is surely of a .VnTime font: it becomes Vietnamese when read so, and holds
    signs that no word has.
    """
    return (
        bool(re.search(r"\w[µ¸¶·¹»¾¼½Æ¨©ª«¬®§]|[§®©ª«¬]\w|\w[­]", text)) and from_tcvn3(text) != text
    )


def turned(sheet: Sheet) -> Sheet:
    """The sheet with rows and columns changed over."""
    width = max(map(len, sheet.cells), default=0)
    cells = [[row[c] if c < len(row) else None for row in sheet.cells] for c in range(width)]
    merged = tuple((c1, r1, c2, r2) for r1, c1, r2, c2 in sheet.merged)
    swapped = (frozenset((c, r) for r, c in places) for places in (sheet.unsaved, sheet.percent))
    return Sheet(sheet.name, cells, merged, frozenset(), *swapped)


def find_tables(sheet: Sheet, names: set[str], criteria: Criteria) -> list[Table]:
    """The tables of a sheet with at least one column about criteria; ``names``: folded names of the
    communes.
    """
    spread = _spread(sheet)
    starts = [r for r, row in enumerate(spread) if any(_is_name_head(cell) for cell in row)]
    starts = [r for n, r in enumerate(starts) if not n or r > starts[n - 1] + 1]
    bounds = [(_first_line(spread, r, names), r) for r in starts] or [(0, -1)]
    ends = [*(top for top, _ in bounds[1:]), len(spread)]
    tables = []
    for (top, head), end in zip(bounds, ends, strict=True):
        if table := _table(spread, sheet, top, head, end, names):
            table.heads = _heads(spread, table, criteria)
            if table.of("criterion", "indicator", "tick", "count"):
                tables.append(table)
    return tables


def _is_name_head(cell):
    return isinstance(cell, str) and len(cell) < 40 and NAME_HEAD.fullmatch(plain(cell)) is not None


def _spread(sheet):
    """The cells with the value of a merged cell in all of its places."""
    width = max(map(len, sheet.cells), default=0)
    spread = [[*row, *[None] * (width - len(row))] for row in sheet.cells]
    for r1, c1, r2, c2 in sheet.merged:
        for row in spread[r1 : r2 + 1]:
            row[c1 : c2 + 1] = spread[r1][c1 : c1 + 1] * len(row[c1 : c2 + 1])
    return spread


def _is_line(row, names):
    """Whether a row can be a line of a head: three different texts or more, none of them a
    commune.
    """
    texts = {cell for cell in row if cell is not None}
    return len(texts) >= 3 and not any(
        isinstance(cell, str) and fold(cell) in names for cell in texts
    )


def _first_line(spread, head, names, most=3):
    top = head
    while top > 0 and head - top < most and _is_line(spread[top - 1], names):
        top -= 1
    return top


def _table(spread, sheet, top, head, end, names):
    """The table whose name head stands in row ``head`` (-1: it has none)."""

    def is_known(cell):
        return isinstance(cell, str) and fold(bare(cell)) in names

    known = Counter(c for row in spread[top:end] for c, cell in enumerate(row) if is_known(cell))
    if head < 0:
        if not known or known.most_common(1)[0][1] < 2:
            return None
        name = known.most_common(1)[0][0]
        body = next(r for r in range(end) if is_known(spread[r][name]))
        while (
            body > 0
            and not _is_line(spread[body - 1], names)
            and any(c is not None for c in spread[body - 1])
        ):
            body -= 1  # the line of the district above its first commune
        top = _first_line(spread, body, names, 4)
        return Table(top, body, end, name) if top < body else None
    columns = [c for c, cell in enumerate(spread[head]) if _is_name_head(cell)]
    name = max(columns, key=lambda c: known[c])
    last = max(
        [head, *(r2 for r1, c1, r2, c2 in sheet.merged if r1 <= head <= r2 and c1 <= name <= c2)]
    )
    body = last + 1
    while body < end and (
        spread[body][name] is None
        or _NUMBERING.fullmatch(plain(f"{spread[body][name]}".removesuffix(".0")))
    ):
        if spread[body][name] is None and _is_group(spread[body]):
            break
        body += 1
    return Table(top, body, end, name) if body < end else None


def _is_group(row):
    return any(
        isinstance(cell, str) and re.search(r"\b(huyen|thi xa|thanh pho)\b", plain(cell))
        for cell in row
    )


def bare(name: str) -> str:
    """A commune's name without the number before it and the stars after it.

    >>> bare("12. Xã Thanh Hương (*)")
    'Xã Thanh Hương'
    """
    return re.sub(r"^\s*\(?\d{1,3}[.)]\s*|\s*[(*†)]+\s*$", "", name).strip()


def _heads(spread, table, criteria):
    """What each column is about; of several columns of one criterion the one that is called its
    result.
    """
    lines = range(table.top, table.body)
    counted = _numbered(spread, table, criteria)
    heads = []
    for column in range(len(spread[table.top])):
        if column == table.name:
            continue
        cells = [spread[r][column] for r in lines if spread[r][column] is not None]
        if cells:
            cells = [cell for cell, _ in groupby(cells)]
            heads.append(_head(column, cells, counted.get(column), criteria, heads))
    # among 9.1 and 17.2 a plain 10 is the criterion of that number
    if any(head.kind == "indicator" for head in heads):
        heads = [
            FormColumn(h.column, "criterion", h.text, text=h.text)
            if h.kind == "other" and h.text.isdecimal() and int(h.text) in criteria.numbers
            else h
            for h in heads
        ]
    return _one_each(heads)


def _numbered(spread, table, criteria):
    """Columns numbered 1, 2, 3, ... by a line of the head that does not number the column of names
    too.
    """
    for r in range(table.body - 1, table.top - 1, -1):
        texts = enumerate(map(text_of, spread[r]))
        numbers = {c: int(text) for c, text in texts if re.fullmatch(r"\d{1,2}", text)}
        if table.name not in numbers and len(numbers) >= 3:
            row = list(numbers.values())
            if row == sorted(set(row)) and set(row) <= set(criteria.numbers):
                return numbers
    return {}


def text_of(cell: object) -> str:
    """A cell as a text, a whole number without its decimals."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _head(column, cells, counted, criteria, before):
    texts = [text_of(cell) for cell in cells]
    label, low = " / ".join(texts), plain(texts[-1])
    head = partial(FormColumn, column, text=label)
    if low in _OTHERS:
        return head(_OTHERS[low])
    if (test := _test(cells, criteria, before)) is not None:
        return head("indicator", test)
    number = (
        next((n for n in (_criterion(text, criteria) for text in reversed(texts)) if n), None)
        or counted
    )
    if number and low in _TICKS and len(texts) > 1:
        return head("tick", f"{number}", _TICKS[low])
    if number and not (_COUNT.fullmatch(low) and len(texts) == 1):
        return head("criterion", f"{number}")
    counts = _COUNT.fullmatch(low) and not _NOT_COUNT.fullmatch(low)
    return head("count" if counts else "other")


def _test(cells, criteria, before):
    """The indicator that a head names; 17.1 typed as a number after 17.9 is 17.10."""
    for cell in reversed(cells):
        if isinstance(cell, float):
            text, last = f"{cell:g}", before[-1].subject if before else ""
            if (
                text in criteria.tests
                and last == f"{text.split('.', maxsplit=1)[0]}.9"
                and f"{text}0" in criteria.tests
            ):
                return f"{text}0"
            if text in criteria.tests and "." in text:
                return text
        else:
            for match in re.findall(
                r"(?<![\d.,])(\d{1,2}[.,]\d{1,2}[a-z]?)(?![\d.,]\d)", plain(str(cell))
            ):
                if (test := match.replace(",", ".")) in criteria.tests:
                    return test
    return None


def _criterion(text, criteria):
    """The criterion that a head names, by number or by name."""
    low = plain(text)
    match = re.search(r"\b(?:tieu chi|tc)\s*(?:so\s*)?\.?\s*(\d{1,2})\b", low) or re.match(
        r"(\d{1,2})\s*[.):-]\s*(?=[a-z])", low
    )
    if match and int(match[1]) in criteria.numbers:
        return int(match[1])
    words = re.sub(r"^[ivx]+\s*[.)]\s*|^\d{1,2}[.)\s-]*|^(tieu chi|tc)\s*", "", low).strip()
    if words in criteria.names:
        return criteria.names[words]
    if len(words) >= 4 and _LETTERS.search(words) and words not in (*_TICKS, *_RESULT):
        near = {
            n
            for name, n in criteria.names.items()
            if name.startswith(words) or words.startswith(name)
        }
        return near.pop() if len(near) == 1 else None
    return None


def _one_each(heads):
    """Of several columns of one criterion the one called its result; where none is, all stay and
    are told as a problem.
    """
    results = {}
    for head in heads:
        if head.kind == "criterion" and plain(head.text.split(" / ")[-1]) in _RESULT:
            results.setdefault(head.subject, []).append(head)
    return [
        FormColumn(head.column, "other", text=head.text)
        if head.kind == "criterion"
        and len(called := results.get(head.subject, ())) == 1
        and head is not called[0]
        else head
        for head in heads
    ]


_DAY = r"(?:ngay\s*)?(\d{1,2})\s*(?:[/.-]|\s+thang\s+)\s*(\d{1,2})\s*(?:[/.-]|\s+nam\s+)\s*(20\d\d)"
# The day of a decision, a plan, a letter ("Kèm theo Quyết định số 12/QĐ-UBND ngày 18/3/2022") is no
# day of figures.
_PAPER = (
    r"\b(?:kem theo|theo|quyet dinh|ke hoach|cong van|nghi quyet"
    r"|nghi dinh|thong tu|bao cao|qd|kh|nq|so\s*\.*\s*\d)\b"
    r"(?:(?!\b(?:den|het|so lieu)\b)[^;])*?ngay\s*"
    + _DAY.removeprefix(r"(?:ngay\s*)?").replace("20", "(?:20)?")
)
# A year of two digits is read where the first number can only be the day; 5/4/22 may be 4 May, as a
# US-set Excel writes it.
_SHORT = r"\b((?:ngay|den|het)\s+)(1[3-9]|2\d|3[01])\s*([/.-])\s*(\d{1,2})\s*\3\s*(\d\d)(?!\d)"
_MONTH = r"(?<!\d )thang\s*(\d{1,2})\s*(?:[/.-]|nam)\s*(20\d\d)"
_QUARTER = r"quy\s*(iv|i{1,3}|[1-4])\s*(?:[/.-]|nam)\s*(20\d\d)"
_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_STATES = {
    "co ban dat": "basic",
    "chua dat": "not_met",
    "khong dat": "not_met",
    "khong ap dung": "not_applicable",
    "chua co so lieu": "no_data",
    "dat": "met",
}
# "x: đạt", "(x): chưa đạt", 'dấu "x" là tiêu chí chưa đạt'
_SIGN = re.compile(
    r"[\"“'(]?([^\s\"“”'():;,.=]{1,4}|\.\.\.)[\"”')]*\s*"
    r"(?:[:=–-]|\bla\b|\bnghia la\b)\s*(?:(?:tieu chi|xa|da)\s+)*(" + "|".join(_STATES) + r")\b"
)
_OWN_SIGNS = "ghi chu|ky hieu|chu thich|quy uoc"


def data_days(lines: Iterable[str]) -> list[tuple[dt.date, str]]:
    """The days that the figures may stand for, each with the line that says it; more than one
    contradict each other.

    "tính đến ngày 31/3/2022" comes before "tháng 4/2022", "quý I/2022", "hết năm 2021" (each its
    last day). The day of a letter ("Thanh Chương, ngày 05 tháng 4 năm 2022") and the years of a
    period ("2021-2025") say nothing about figures.

    >>> data_days(["Thanh Chương, ngày 05 tháng 4 năm 2022", "(Số liệu tính đến hết quý I/2022)"])
    [(datetime.date(2022, 3, 31), '(Số liệu tính đến hết quý I/2022)')]
    """
    texts = _about_figures(lines)
    for pattern, day_of in (
        (r"(?:den|het)\s+(?:het\s+)?" + _DAY, _day_of),
        (_MONTH, lambda m: _end(int(m[2]), int(m[1]))),
        (_QUARTER, lambda m: _end(int(m[2]), 3 * (_QUARTERS.get(m[1]) or int(m[1])))),
        (r"6 thang dau nam (20\d\d)", lambda m: (int(m[1]), 6, 30)),
        (r"9 thang dau nam (20\d\d)", lambda m: (int(m[1]), 9, 30)),
        (_DAY, _day_of),
        (r"(?:cuoi|het|den|so lieu) nam (20\d\d)", lambda m: (int(m[1]), 12, 31)),
    ):
        days = {}
        for line, text in texts:
            for match in re.finditer(pattern, text):
                with contextlib.suppress(ValueError):
                    days.setdefault(dt.date(*day_of(match)), line)
        if days:
            return list(days.items())
    return []


def unread_days(lines: Iterable[str]) -> list[str]:
    """The lines that name a day of figures which is none, or may be two: 3/31/2022, 31/2/2022,
    5/4/22.

    >>> unread_days(["Số liệu đến 3/31/2022", "tính đến ngày 5/4/22", "tính đến 31/3/22"])
    ['Số liệu đến 3/31/2022', 'tính đến ngày 5/4/22']
    """
    short = r"\b(?:ngay|den|het)\s+" + _DAY.replace(r"20\d\d", r"\d\d(?!\d)")
    unread = []
    for line, text in _about_figures(lines):
        try:
            for match in re.finditer(_DAY, text):
                dt.date(*_day_of(match))
        except ValueError:
            unread.append(line)
        else:
            unread += [line] if re.search(short, text) else []
    return unread


def _day_of(match):
    return int(match[3]), int(match[2]), int(match[1])


def _about_figures(lines):
    """Each line without the days of papers, the years of periods and the line of a letter's day;
    its years with four digits. Before it its beginning, as it is told.
    """
    texts = []
    for line in dict.fromkeys(lines):
        text = re.sub(_SHORT, r"\1\2/\4/20\5", plain(line))
        text = re.sub(rf"20\d\d\s*[-–]\s*20\d\d|{_PAPER}", " ", text)
        if not re.match(r"[^,]{2,40},\s*ngay\b", text):
            texts.append((line.strip()[:80], text))
    return texts


def _end(year, month):
    return year, month, monthrange(year, month)[1] if 1 <= month <= 12 else 0


def named_sets(lines: Iterable[str], law: Law) -> list[str]:
    """The criteria sets that the lines name: by their decision, else by period and level; none
    where neither is said.

    The period alone ("giai đoạn 2021-2025") means the NTM level, unless "nâng cao" or "kiểu mẫu"
    stands there too.
    """
    text = plain(" \n ".join(lines))
    by_number = [
        s
        for s, set_ in law.sets.items()
        if (number := set_.decision.get("number"))
        and re.search(rf"(?<!\d){re.escape(plain(number).split('/')[0])}/", text)
    ]
    level = "model" if "kieu mau" in text else "advanced" if "nang cao" in text else "ntm"
    periods = set(re.findall(r"(20\d\d)\s*[-–]\s*(20\d\d)", text))
    by_period = [
        s
        for s, set_ in law.sets.items()
        if set_.level == level and any("-".join(period) in s for period in periods)
    ]
    both = [s for s in by_number if law.sets[s].level == level]
    return both or by_number or by_period


def own_signs(lines: Iterable[str]) -> dict[str, str]:
    """What the sheet itself says its signs mean, by sign (without diacritics): met, basic, not_met,
    not_applicable, no_data.

    >>> own_signs(["Ghi chú: x: đạt; o: chưa đạt; cb = cơ bản đạt"])
    {'x': 'met', 'o': 'not_met', 'cb': 'basic'}
    """
    signs = {}
    for line in lines:
        text = plain(line)
        if re.search(_OWN_SIGNS, text) or (len(text) < 40 and _SIGN.match(text)):
            meanings = re.sub(rf"^.*?(?:{_OWN_SIGNS})[^:]*:", "", text, count=1)
            for part in re.split(r"[;,\n]|\.\s", meanings):
                if match := _SIGN.search(part):
                    signs.setdefault(match[1], _STATES[match[2]])
    return signs


def doubts(above: Iterable[str], around: Iterable[str]) -> tuple[str, str]:
    """What makes a table other than one of results: a line ``above`` it that speaks of plans,
    registrations or hamlets, and a line ``around`` it that speaks of what is not met, so that a
    tick may mean that. "" for none.

    >>> doubts(["KẾ HOẠCH: DỰ KIẾN ĐẠT NĂM 2025"], [])
    ('KẾ HOẠCH: DỰ KIẾN ĐẠT NĂM 2025', '')
    >>> doubts(["KẾT QUẢ THỰC HIỆN"], ["Các tiêu chí chưa đạt của các xã"])
    ('', 'Các tiêu chí chưa đạt của các xã')
    """
    planned = ""
    for line in above:
        text = re.sub(_PAPER, " ", plain(line))
        other = re.search(
            r"\b(ke hoach|du kien|phan dau|dang ky|lo trinh)\b", text
        ) and not re.search(r"\b(ket qua|hien trang|thuc trang|danh gia)\b", text)
        if len(text) > 8 and (
            other or re.search(r"\b(xom|thon|ban|khoi) (dat|duoc|dang ky)\b", text)
        ):
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

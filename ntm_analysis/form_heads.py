"""Where the tables of an office's sheet stand and what each of their columns is about, whatever row and column they begin in.

A table is found by its column of commune names: under a head that says so, or by the names themselves. Its heads may run over
several lines and be merged over criteria; what a column is about is read from its lowest line that says it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from .names import fold, from_tcvn3, plain
from .sheets import Sheet

NAME_HEAD = re.compile(
    r"(ten )?(cac )?(xa|don vi( hanh chinh)?|dia phuong|xa ?[,/] ?(phuong ?[,/] ?)?(thi tran|tt))( \(?(xa|thi tran).*)?"
)
_NUMBERING = re.compile(r"\(?(\d{1,2}|[a-c])\)?")
_TICKS = {"dat": "met", "co ban dat": "basic", "chua dat": "not_met", "khong dat": "not_met"}
_RESULT = ("ket qua", "danh gia", "tu danh gia", "ket qua danh gia", "dat chua dat", "muc do dat")
_COUNT = re.compile(
    r"(tong )?(cong )?(so )?(tieu chi|tc)( da)? dat.*|(tong|tong cong|cong)( so)?( tieu chi| tc)?( da)?( dat)?( chuan)?|so tc"
)
_NOT_COUNT = re.compile(r".*(chua|khong) dat.*")
_OTHERS = {"tt": "tt", "stt": "tt", "so tt": "tt", "ghi chu": "note"}
_OTHERS |= dict.fromkeys(("ma", "ma so", "ma xa", "ma don vi", "ma dvhc"), "code")
_OTHERS |= dict.fromkeys(("huyen", "ten huyen", "don vi cap huyen"), "district")
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Head:
    """A column: ``kind`` is criterion, indicator, tick (one state of a criterion), count, code, district, tt, note or other."""

    column: int
    kind: str
    subject: str = ""
    state: str = ""
    text: str = ""


@dataclass
class Table:
    """A table of a sheet: head lines ``top`` to ``body`` - 1, rows ``body`` to ``end`` - 1, names in column ``name``."""

    top: int
    body: int
    end: int
    name: int
    heads: list[Head] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Head]:
        """The columns of these kinds."""
        return [head for head in self.heads if head.kind in kinds]


@dataclass(frozen=True)
class Criteria:
    """What heads may name: criteria by number and by the words of their names, and the tests of the set."""

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
    """The sheet with its text in Unicode: hard spaces and line breaks as spaces, .VnTime letters read as what they show."""
    texts = {cell for row in sheet.cells for cell in row if isinstance(cell, str)}
    foreign = {text for text in texts if not text.isascii()}
    old = any(_is_old(text) for text in foreign)
    read = {}
    for text in texts:
        made = from_tcvn3(text) if old and not any("\u1ea0" <= c <= "\u1ef9" or c in "ơưđĐƠƯ" for c in text) else text
        read[text] = " ".join(made.replace("\u00a0", " ").split())
    cells = [[(read[cell] or None) if isinstance(cell, str) else cell for cell in row] for row in sheet.cells]
    return Sheet(sheet.name, cells, sheet.merged, sheet.hidden, sheet.unsaved, sheet.percent)


def _is_old(text):
    """Whether a text is surely of a .VnTime font: it becomes Vietnamese when read so, and holds signs that no word has."""
    return bool(re.search(r"\w[µ¸¶·¹»¾¼½Æ¨©ª«¬®§]|[§®©ª«¬]\w|\w[­]", text)) and from_tcvn3(text) != text


def turned(sheet: Sheet) -> Sheet:
    """The sheet with rows and columns changed over."""
    width = max(map(len, sheet.cells), default=0)
    cells = [[row[c] if c < len(row) else None for row in sheet.cells] for c in range(width)]
    merged = tuple((c1, r1, c2, r2) for r1, c1, r2, c2 in sheet.merged)
    swapped = (frozenset((c, r) for r, c in places) for places in (sheet.unsaved, sheet.percent))
    return Sheet(sheet.name, cells, merged, frozenset(), *swapped)


def find_tables(sheet: Sheet, names: set[str], criteria: Criteria) -> list[Table]:
    """The tables of a sheet with at least one column about criteria; ``names``: folded names of the communes."""
    spread = _spread(sheet)
    starts = [r for r, row in enumerate(spread) if any(_is_name_head(cell) for cell in row)]
    starts = [r for n, r in enumerate(starts) if not n or r > starts[n - 1] + 1]
    bounds = [(_first_line(spread, r, names), r) for r in starts] or [(0, -1)]
    made = []
    for n, (top, head) in enumerate(bounds):
        end = bounds[n + 1][0] if n + 1 < len(bounds) else len(spread)
        table = _table(spread, sheet, top, head, end, names)
        if table is not None:
            table.heads = _heads(spread, table, criteria)
            if table.of("criterion", "indicator", "tick", "count"):
                made.append(table)
    return made


def _is_name_head(cell):
    return isinstance(cell, str) and len(cell) < 40 and NAME_HEAD.fullmatch(plain(cell)) is not None


def _spread(sheet):
    """The cells with the value of a merged cell in all of its places."""
    width = max(map(len, sheet.cells), default=0)
    made = [[*row, *[None] * (width - len(row))] for row in sheet.cells]
    for r1, c1, r2, c2 in sheet.merged:
        if r1 < len(made) and c1 < width:
            for r in range(r1, min(r2 + 1, len(made))):
                made[r][c1 : c2 + 1] = [made[r1][c1]] * (min(c2, width - 1) - c1 + 1)
    return made


def _is_line(row, names):
    """Whether a row can be a line of a head: three different texts or more, none of them a commune."""
    texts = {cell for cell in row if cell is not None}
    return len(texts) >= 3 and not any(isinstance(cell, str) and fold(cell) in names for cell in texts)


def _first_line(spread, head, names):
    top = head
    while top > 0 and head - top < 3 and _is_line(spread[top - 1], names):
        top -= 1
    return top


def _table(spread, sheet, top, head, end, names):
    """The table whose name head stands in row ``head`` (-1: it has none)."""
    known = Counter(
        c for row in spread[top:end] for c, cell in enumerate(row) if isinstance(cell, str) and fold(bare(cell)) in names
    )
    if head < 0:
        if not known or known.most_common(1)[0][1] < 2:
            return None
        name = known.most_common(1)[0][0]
        body = next(r for r in range(end) if isinstance(spread[r][name], str) and fold(bare(spread[r][name])) in names)
        while body > 0 and not _is_line(spread[body - 1], names) and any(c is not None for c in spread[body - 1]):
            body -= 1  # the line of the district above its first commune
        top = body
        while top > 0 and body - top < 4 and _is_line(spread[top - 1], names):
            top -= 1
        return Table(top, body, end, name) if top < body else None
    columns = [c for c, cell in enumerate(spread[head]) if _is_name_head(cell)]
    name = max(columns, key=lambda c: known[c])
    last = max([head, *(r2 for r1, c1, r2, c2 in sheet.merged if r1 <= head <= r2 and c1 <= name <= c2)])
    body = last + 1
    while body < end and (spread[body][name] is None or _NUMBERING.fullmatch(plain(f"{spread[body][name]}".removesuffix(".0")))):
        if spread[body][name] is None and _is_group(spread[body]):
            break
        body += 1
    return Table(top, body, end, name) if body < end else None


def _is_group(row):
    return any(isinstance(cell, str) and re.search(r"\b(huyen|thi xa|thanh pho)\b", plain(cell)) for cell in row)


def bare(name: str) -> str:
    """A commune's name without the number before it and the stars after it.

    >>> bare("12. Xã Thanh Hương (*)")
    'Xã Thanh Hương'
    """
    return re.sub(r"^\s*\(?\d{1,3}[.)]\s*|\s*[(*†)]+\s*$", "", name).strip()


def _heads(spread, table, criteria):
    """What each column is about; of several columns of one criterion the one that is called its result."""
    lines = range(table.top, table.body)
    counted = _numbered(spread, table, criteria)
    made = []
    for column in range(len(spread[table.top])):
        if column == table.name:
            continue
        told = [spread[r][column] for r in lines if spread[r][column] is not None]
        told = [cell for n, cell in enumerate(told) if not n or cell != told[n - 1]]
        if told:
            made.append(_head(column, told, counted.get(column), criteria, made))
    if any(head.kind == "indicator" for head in made):  # among 9.1 and 17.2 a plain 10 is the criterion of that number
        plain_number = lambda h: h.kind == "other" and h.text.isdecimal() and int(h.text) in criteria.numbers  # noqa: E731
        made = [Head(h.column, "criterion", h.text, text=h.text) if plain_number(h) else h for h in made]
    return _one_each(made)


def _numbered(spread, table, criteria):
    """Columns numbered 1, 2, 3, ... by a line of the head that does not number the column of names too."""
    for r in range(table.body - 1, table.top - 1, -1):
        found = {}
        for column, cell in enumerate(spread[r]):
            text = f"{cell:g}" if isinstance(cell, float) else str(cell or "")
            if re.fullmatch(r"\d{1,2}", text):
                found[column] = int(text)
        if table.name not in found and len(found) >= 3:
            columns = sorted(found)
            numbers = [found[c] for c in columns]
            if numbers == sorted(set(numbers)) and set(numbers) <= set(criteria.numbers):
                return found
    return {}


def _head(column, told, counted, criteria, before):
    texts = [f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in told]
    shown, low = " / ".join(texts), plain(texts[-1])
    if low in _OTHERS:
        return Head(column, _OTHERS[low], text=shown)
    if (test := _test(told, criteria, before)) is not None:
        return Head(column, "indicator", test, text=shown)
    number = next((n for n in (_criterion(text, criteria) for text in reversed(texts)) if n), None) or counted
    if number and low in _TICKS and len(texts) > 1:
        return Head(column, "tick", f"{number}", _TICKS[low], shown)
    if number and not (_COUNT.fullmatch(low) and len(texts) == 1):
        return Head(column, "criterion", f"{number}", text=shown)
    if _COUNT.fullmatch(low) and not _NOT_COUNT.fullmatch(low):
        return Head(column, "count", text=shown)
    return Head(column, "other", text=shown)


def _test(told, criteria, before):
    """The indicator that a head names; 17.1 typed as a number after 17.9 is 17.10."""
    for cell in reversed(told):
        if isinstance(cell, float):
            text, last = f"{cell:g}", before[-1].subject if before else ""
            if text in criteria.tests and last == f"{text.split('.', maxsplit=1)[0]}.9" and f"{text}0" in criteria.tests:
                return f"{text}0"
            if text in criteria.tests and "." in text:
                return text
        else:
            for match in re.findall(r"(?<![\d.,])(\d{1,2}[.,]\d{1,2}[a-z]?)(?![\d.,]\d)", plain(str(cell))):
                if (test := match.replace(",", ".")) in criteria.tests:
                    return test
    return None


def _criterion(text, criteria):
    """The criterion that a head names, by number or by name."""
    low = plain(text)
    match = re.search(r"\b(?:tieu chi|tc)\s*(?:so\s*)?\.?\s*(\d{1,2})\b", low) or re.match(r"(\d{1,2})\s*[.):-]\s*(?=[a-z])", low)
    if match and int(match[1]) in criteria.numbers:
        return int(match[1])
    words = re.sub(r"^[ivx]+\s*[.)]\s*|^\d{1,2}[.)\s-]*|^(tieu chi|tc)\s*", "", low).strip()
    if words in criteria.names:
        return criteria.names[words]
    if len(words) >= 4 and _LETTERS.search(words) and words not in (*_TICKS, *_RESULT):
        near = {n for name, n in criteria.names.items() if name.startswith(words) or words.startswith(name)}
        return near.pop() if len(near) == 1 else None
    return None


def _one_each(heads):
    """Of several columns of one criterion the one called its result; where none is, all stay and are told as a problem."""
    by_subject = pd.Series([h.subject for h in heads if h.kind == "criterion"], dtype="str").value_counts()
    twice = set(by_subject.index[by_subject > 1])
    made = []
    for head in heads:
        if head.kind == "criterion" and head.subject in twice:
            rivals = [h for h in heads if h.kind == "criterion" and h.subject == head.subject]
            results = [h for h in rivals if plain(h.text.split(" / ")[-1]) in _RESULT]
            if len(results) == 1 and head is not results[0]:
                made.append(Head(head.column, "other", text=head.text))
                continue
        made.append(head)
    return made

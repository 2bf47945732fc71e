"""The rows of an office's table: which commune each is about, under which district; totals, notes and strangers told apart."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from .form_heads import Table, bare
from .form_marks import state_of
from .names import fold, nearest, plain
from .problems import Problem
from .sheets import Sheet
from .units import described
from .workbook import Workbook

_TOTAL = re.compile(r"(tong|cong|toan (huyen|tinh)|binh quan|trung binh|ty le|so xa|luy ke|chung).*")
# "II. Huyện Yên Thành", "UBND HUYỆN THANH CHƯƠNG, TỈNH NGHỆ AN", "Huyện Thanh Chương năm 2022": the name ends where more is said.
_DISTRICT = re.compile(
    r"(?:(?:[ivxlc]+|[a-z]|\d{1,2})\s*[.):-]?\s+)?(?:(?:ubnd|uy ban nhan dan|bcd|ban chi dao)\s+)?"
    r"(?:huyen|thi xa|thanh pho|tp)\.?:?\s+"
    r"([^,;()–-]+?)(?:\s*[,;()–-].*|\s+(?:nam|quy|thang|tinh)\s.*)?"
)


@dataclass(frozen=True)
class Row:
    """A row about a commune: its number in the sheet and its unit."""

    row: int
    unit: int


@dataclass
class Rows:
    """The rows of a table: about communes, totals (rows), and those left out or only checked, by reason (key of a text)."""

    communes: list[Row] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def rows_of(
    sheet: Sheet, table: Table, workbook: Workbook, day: dt.date, place: Callable, file: str, problems: list[Problem]
) -> Rows:
    """Every row of a table told apart; units are those of ``day``."""
    return _Reader(sheet, table, workbook, day, place, file, problems).read()


def _is_figure(cell):
    """Whether a cell is a mark or a figure: a line of a letter ("Thanh Chương, ngày ...", a signature) is neither."""
    if isinstance(cell, str):
        return bool(state_of(cell, {}, True)) or (len(cell) <= 12 and any(c.isdigit() for c in cell))
    return cell is not None


class _Reader:
    def __init__(self, sheet, table, workbook, day, place, file, problems):
        self.sheet, self.table, self.place, self.file, self.problems = sheet, table, place, file, problems
        units, known = workbook.all_units, pd.Timestamp(day)
        self.units = units[(units["valid_from"] <= known) & ~(units["end"] <= known)]
        self.folded = self.units["name"].map(fold)
        self.districts = {fold(name): name for name in units["district"].unique() if name}
        self.subjects = [head.column for head in table.of("criterion", "indicator", "tick", "count")]
        self.codes = [head.column for head in table.of("code")]
        self.of_district = [head.column for head in table.of("district")]
        self.made = Rows()

    def read(self):
        """Each row of the table in order."""
        if self.units.empty:  # told once, not as so many unknown names
            self._problem("form_no_units", self.table.body)
            return self.made
        district = self._named_above()
        for r in range(self.table.body, self.table.end):
            cells = self.sheet.cells[r]
            name = self._text(cells, self.table.name)
            told = any(c < len(cells) and _is_figure(cells[c]) for c in self.subjects)
            heading = next((d for d in map(self._district, [name, *map(str, cells[:4])]) if d), None)
            if heading and not self._resolves(name):
                district = heading
                self._leave("form_groups", r, name or heading)
            elif name and _TOTAL.fullmatch(plain(bare(name))) and not self._resolves(name):
                self.made.totals.append(r)
                self._leave("form_totals", r, name)
            elif not name and any(isinstance(c, str) and _TOTAL.fullmatch(plain(c)) for c in cells[:4]):
                self.made.totals.append(r)
                self._leave("form_totals", r, next(c for c in cells[:4] if isinstance(c, str)))
            elif not name:
                words = next((cell for cell in cells if isinstance(cell, str)), "")
                if told:
                    self._problem("form_no_name", r)
                elif words:
                    self._leave("form_notes", r, words)
            else:
                own = next((self._text(cells, c) for c in self.of_district if self._text(cells, c)), district)
                self._commune(r, name, own, told)
        return self.made

    def _text(self, cells, column):
        cell = cells[column] if column < len(cells) else None
        return cell if isinstance(cell, str) else ""

    def _district(self, text):
        """The district that a heading names, as it names it."""
        match = _DISTRICT.fullmatch(plain(text))
        if match is None:
            return None
        before = len(match.string[: match.start(1)].split())
        return " ".join(text.split()[before : before + len(match[1].split())]).strip(" ,;:.-–")

    def _named_above(self):
        """The district named in the lines above the table, the nearest first; "" where none is."""
        for row in reversed(self.sheet.cells[: self.table.top]):
            for cell in row:
                if isinstance(cell, str) and (found := self._district(cell)):
                    return found
        return ""

    def _resolves(self, name):
        return bool(name) and (self.folded == fold(bare(name))).any()

    def _commune(self, r, name, district, told):
        if district and fold(district) not in self.districts:
            self._leave("form_elsewhere", r, f"{name} ({district})")
            return
        found = self.units[self.folded == fold(bare(name))]
        if len(found) > 1 and district:
            found = found[found["district"].map(fold) == fold(district)]
        for column in self.codes:
            code = self.sheet.cells[r][column] if column < len(self.sheet.cells[r]) else None
            code = f"{code:.0f}".zfill(5) if isinstance(code, float) else str(code or "").strip()
            if code and len(self.units[self.units["code"] == code]) == 1:
                by_code = self.units[self.units["code"] == code]
                if len(found) and found.index[0] != by_code.index[0] and len(found) == 1:
                    self._problem("form_code", r, value=name, code=described(by_code.iloc[0]))
                found = by_code
        if len(found) == 1:
            unit = found.iloc[0]
            if unit["kind"] == "township":
                self._leave("form_towns", r, name)
            else:
                self.made.communes.append(Row(r, int(unit.name)))
        elif not told:
            self._leave("form_notes", r, name)
        elif len(found):
            self._problem("same_name", r, value=name, found="; ".join(described(u) for _, u in found.iterrows()))
        else:
            self._problem("unknown_unit", r, value=name, near=", ".join(nearest(bare(name), self.units["name"])))

    def _leave(self, key, r, text):
        self.made.left_out.setdefault(key, []).append(f"{self.place(r, self.table.name)} {text[:60]}")

    def _problem(self, code, r, **details):
        cell = self.place(r, self.table.name)
        self.problems.append(Problem(code, self.file, details=details, sheet=self.sheet.name, cell=cell))

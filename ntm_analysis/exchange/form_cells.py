"""The rows and cells of an office's table: communes, totals, notes, strangers; what the marks and
figures say.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from ..data import Workbook, described
from ..language import NotRead, fold, nearest, plain, read_number, write_figure
from ..law import Law
from ..tables import Problem
from .form_layout import Table, bare
from .sheets import Sheet

# The signs of this package's own tables too: M (met, in English), Đ* (met by recognition: nobody
# reported it, so it is no data).
MET = ("dat", "d", "x", "v", "+", "✓", "✔", "√", "m", "dat chuan", "hoan thanh")
BASIC = ("co ban dat", "cbd", "cb", "dat co ban")
NOT_MET = ("chua dat", "c", "chua", "khong dat", "khong", "k", "cd", "kd", "chua hoan thanh")
NOT_APPLICABLE = ("kad", "khong ap dung")
NO_DATA = ("", "...", "…", "chua co so lieu", "chua co", "chua danh gia", "n/a", "d*")
WEAK = (
    "x",
    "v",
    "+",
    "✓",
    "✔",
    "√",
)  # a tick: a sheet that has only these says nothing by its blanks


def sign_of(cell: object) -> str:
    """A cell as the sign that it is: without diacritics, in lower case, a whole number without its
    decimals.

    >>> sign_of(" Cơ bản\\nđạt "), sign_of(1.0), sign_of(True)
    ('co ban dat', '1', '1')
    """
    if isinstance(cell, bool | float | int):
        return f"{float(cell):g}"
    text = plain(str(cell).replace("\u00a0", " ")) if cell is not None else ""
    return text.rstrip(".") if text not in NO_DATA else text


def state_of(cell: object, signs: dict[str, str], plus: bool) -> str | None:
    """The state that a mark says, "" for no data; None where it is no mark.

    ``signs``: the sheet's own (they go first); ``plus``: the sheet marks with "+", so that "-" is
    its opposite.

    >>> state_of("Đạt", {}, False), state_of(0.0, {}, False), state_of("-", {}, False), state_of("-", {}, True)
    ('met', 'not_met', None, 'not_met')
    """
    sign = sign_of(cell)
    if sign in signs:
        return "" if signs[sign] == "no_data" else signs[sign]
    for state, words in (
        ("met", MET),
        ("basic", BASIC),
        ("not_met", NOT_MET),
        ("not_applicable", NOT_APPLICABLE),
        ("", NO_DATA),
    ):
        if sign in words:
            return state
    if sign in ("1", "0"):
        return "met" if sign == "1" else "not_met"
    return "not_met" if plus and sign in ("-", "–", "−") else None


def figure_of(cell: object, percent: bool, share: bool) -> float | None:
    """A measured value, None where there is none.

    ``percent``: Excel shows the number as a percentage, so it keeps a share of one; ``share``: the
    indicator is measured in %. Raises :class:`~ntm_analysis.language.numbers.NotRead` for what is
    no number.

    >>> figure_of("95,5 %", False, True), figure_of(0.955, True, True), figure_of(97.0, False, True)
    (95.5, 95.5, 97.0)
    """
    if isinstance(cell, bool):
        raise NotRead("not_a_number")
    if isinstance(cell, float | int):
        return round(cell * 100, 10) if percent else float(cell)
    if sign_of(cell) in NO_DATA or cell is None:
        return None
    text = re.sub(r"\s*%$" if share else r"\s+$", "", str(cell).strip())
    return read_number(text, "vi")


def count_of(cell: object) -> tuple[int, int | None] | None:
    """A count as offices write it, and its total where they write it; None for no data.

    >>> count_of("15/19"), count_of(15.0), count_of("15 TC")
    ((15, 19), (15, None), (15, None))
    """
    if cell is None or sign_of(cell) in NO_DATA:
        return None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if cell % 1 or not 0 <= cell <= 99:
            raise NotRead("form_count")
        return int(cell), None
    match = re.fullmatch(r"(\d{1,2})(?:\s*/\s*(\d{1,2}))?\s*(?:tc|tieu chi)?", sign_of(cell))
    if match is None:
        raise NotRead("form_count")
    return int(match[1]), int(match[2]) if match[2] else None


_TOTAL = re.compile(
    r"(tong|cong|toan (huyen|tinh)|binh quan|trung binh|ty le|so xa|luy ke|chung).*"
)
# "II. Huyện Yên Thành", "UBND HUYỆN THANH CHƯƠNG, TỈNH NGHỆ AN", "Huyện Thanh Chương năm 2022": the
# name ends where more is said.
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
    """The rows of a table: about communes, totals (rows), and those left out or only checked, by
    reason (key of a text).
    """

    communes: list[Row] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def rows_of(
    sheet: Sheet,
    table: Table,
    workbook: Workbook,
    day: dt.date,
    place: Callable,
    file: str,
    problems: list[Problem],
) -> Rows:
    """Every row of a table told apart; units are those of ``day``."""
    return _Reader(sheet, table, workbook, day, place, file, problems).read()


def _is_figure(cell):
    """Whether a cell is a mark or a figure: a line of a letter ("Thanh Chương, ngày ...", a
    signature) is neither.
    """
    if isinstance(cell, str):
        return bool(state_of(cell, {}, True)) or (
            len(cell) <= 12 and any(c.isdigit() for c in cell)
        )
    return cell is not None


class _Reader:
    def __init__(self, sheet, table, workbook, day, place, file, problems):
        self.sheet, self.table, self.place, self.file, self.problems = (
            sheet,
            table,
            place,
            file,
            problems,
        )
        units, known = workbook.all_units, pd.Timestamp(day)
        self.units = units[(units["valid_from"] <= known) & ~(units["end"] <= known)]
        self.folded = self.units["name"].map(fold)
        self.districts = {fold(name): name for name in units["district"].unique() if name}
        self.subjects = [
            head.column for head in table.of("criterion", "indicator", "tick", "count")
        ]
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
            heading = next(
                (d for d in map(self._district, [name, *map(str, cells[:4])]) if d), None
            )
            if heading and not self._resolves(name):
                district = heading
                self._leave("form_groups", r, name or heading)
            elif name and _TOTAL.fullmatch(plain(bare(name))) and not self._resolves(name):
                self.made.totals.append(r)
                self._leave("form_totals", r, name)
            elif not name and any(
                isinstance(c, str) and _TOTAL.fullmatch(plain(c)) for c in cells[:4]
            ):
                self.made.totals.append(r)
                self._leave("form_totals", r, next(c for c in cells[:4] if isinstance(c, str)))
            elif not name:
                words = next((cell for cell in cells if isinstance(cell, str)), "")
                if told:
                    self._problem("form_no_name", r)
                elif words:
                    self._leave("form_notes", r, words)
            else:
                own = next(
                    (self._text(cells, c) for c in self.of_district if self._text(cells, c)),
                    district,
                )
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
            self._problem(
                "same_name",
                r,
                value=name,
                found="; ".join(described(u) for _, u in found.iterrows()),
            )
        else:
            self._problem(
                "unknown_unit",
                r,
                value=name,
                near=", ".join(nearest(bare(name), self.units["name"])),
            )

    def _leave(self, key, r, text):
        self.made.left_out.setdefault(key, []).append(
            f"{self.place(r, self.table.name)} {text[:60]}"
        )

    def _problem(self, code, r, **details):
        cell = self.place(r, self.table.name)
        self.problems.append(
            Problem(code, self.file, details=details, sheet=self.sheet.name, cell=cell)
        )


@dataclass(frozen=True)
class Fact:
    """One thing said of a unit: ``kind`` criterion, indicator or count; ``value``: a state, a
    number, or (met, of).
    """

    kind: str
    unit: int
    subject: str
    value: object
    cell: str

    def values(self) -> dict[str, object]:
        """The fact as cells of its table."""
        if self.kind == "count":
            return {"met": float(self.value[0]), "of": float(self.value[1])}
        if self.kind == "criterion":
            return {"criterion": float(self.subject), "state": self.value}
        number = isinstance(self.value, float)
        return {
            "indicator": self.subject,
            "value": self.value if number else None,
            "state": None if number else self.value,
        }


class Values:
    """The cells of one table read; ``marks``: the signs read, each with the state that it was read
    as, in order.
    """

    def __init__(
        self,
        sheet: Sheet,
        table: Table,
        rows: Rows,
        law: Law,
        set_id: str,
        signs: dict[str, str],
        lacking: str,
        place: Callable,
        file: str,
        problems,
    ):
        self.sheet, self.table, self.read, self.law, self.set_id = sheet, table, rows, law, set_id
        self.signs, self.lacking, self.place, self.file, self.problems = (
            signs,
            lacking,
            place,
            file,
            problems,
        )
        self.marks = []
        chosen = law.values[law.values["set"] == set_id]
        self.measured = {
            test for test, ops in chosen.groupby("test")["op"].agg(set).items() if ops - {"judged"}
        }
        self.judged = {
            test for test, ops in chosen.groupby("test")["op"].agg(set).items() if "judged" in ops
        }
        tests = law.tests[law.tests["set"] == set_id]
        self.unit = tests.set_index("test")["unit"].to_dict()
        self.tests_of = tests.groupby("criterion")["test"].agg(list).to_dict()
        self.total = law.sets[set_id].criteria_count
        heads = table.of("criterion", "indicator", "tick")
        self.rows = [row.row for row in rows.communes]
        self.plus = any(sign_of(cell) == "+" for head in heads for cell in self._column(head))
        # Where other criteria are marked 1 and 0, a column that has one of them is marks too: a 2
        # in it is a slip.
        columns = {h.column: set(self._column(h)) - {None} for h in table.of("criterion")}
        self.binary = {column for column, cells in columns.items() if cells and cells <= {0.0, 1.0}}
        self.figures = {
            h.column
            for h in table.of("criterion")
            if h.subject in self.measured and self._is_measured(h)
        }
        self.doubtful = {
            h.column for h in table.of("criterion", "indicator") if self._has_doubtful(h)
        }
        self._weak(heads)

    def _cell(self, r, column):
        cells = self.sheet.cells[r]
        return cells[column] if column < len(cells) else None

    def _column(self, head):
        """The cells of a column in the rows about communes."""
        return [self._cell(r, head.column) for r in self.rows]

    def _is_measured(self, head):
        """Whether a criterion that has one indicator is given by its value, not by a mark."""
        cells = self._column(head)
        if self.binary - {head.column} and {0.0, 1.0} & {
            cell for cell in cells if isinstance(cell, float)
        }:
            return False
        return any(
            (isinstance(c, float) and c not in (0.0, 1.0))
            or (isinstance(c, str) and re.search(r"%|\d,\d", c))
            for c in cells
        )

    def _has_doubtful(self, head):
        """Whether a bare 1 or 0 in a column of values may as well say met or not met, and so is
        taken for neither.

        Income of 45,5 beside a 1, or a column of nothing but 1 and 0: the sign is as likely as the
        value. It is the value where the column holds other figures of one digit (poverty of 3,5; 1;
        0,8) and nothing on the sheet is marked by 1 and 0.
        """
        if self.binary - {head.column} or {"1", "0"} & set(self.signs):
            return True
        share = self.unit.get(head.subject) == "%"
        figures = []
        for r in self.rows:
            cell, percent = self._cell(r, head.column), (r, head.column) in self.sheet.percent
            if percent or sign_of(cell) not in ("1", "0"):
                with contextlib.suppress(NotRead):
                    figures.append(figure_of(cell, percent, share))
        return not any(figure is not None and figure < 10 for figure in figures)

    def _weak(self, heads):
        """A sheet that only ticks says nothing by its blanks: told once."""
        columns = [h for h in heads if h.kind == "criterion"]
        signs = {sign_of(c) for h in columns for c in self._column(h)} - {""}
        if self.lacking and signs and signs <= set(WEAK) and not signs <= set(self.signs):
            self._tell(
                "form_tick_doubt",
                self.table.body - 1,
                columns[0].column,
                value=sorted(signs)[0],
                line=self.lacking,
            )
        if (
            signs
            and signs <= set(WEAK)
            and any(c is None for h in columns for c in self._column(h))
        ):
            sign = sorted(signs)[0]
            self._tell("form_only_met", self.table.body - 1, columns[0].column, True, value=sign)

    def facts(self, row: Row) -> list[Fact]:
        """Everything that a row says of its commune."""
        made = [*self._criteria(row), *self._indicators(row)]
        return made + self._count(row, made)

    def _criteria(self, row):
        made = []
        ticked = {}
        for head in self.table.of("criterion", "tick"):
            cell = self._cell(row.row, head.column)
            if head.column in self.figures or self._unsaved(row.row, head.column):
                continue
            state = state_of(cell, self.signs, self.plus)
            if state is None:
                self._tell(
                    "form_mark", row.row, head.column, value=_shown(cell), criterion=head.subject
                )
            elif state:
                self.marks.append((_shown(cell), state))
                state = head.state if head.kind == "tick" else state
                fact = Fact(
                    "criterion", row.unit, head.subject, state, self.place(row.row, head.column)
                )
                if head.kind == "tick" and state_of(cell, self.signs, self.plus) != "met":
                    continue
                ticked.setdefault(head.subject, []).append(
                    fact
                ) if head.kind == "tick" else made.append(fact)
        for subject, facts in ticked.items():
            if len({fact.value for fact in facts}) > 1:
                cells = ", ".join(fact.cell for fact in facts)
                problem = Problem(
                    "form_two_ticks",
                    self.file,
                    details={"criterion": subject, "cells": cells},
                    sheet=self.sheet.name,
                    cell=facts[0].cell,
                )
                self.problems.append(problem)
            else:
                made.append(facts[0])
        return made

    def _indicators(self, row):
        """Values and answers of indicators; marks of indicators that are measured say only whether
        their criterion is met.
        """
        made, marked = [], {}
        heads = [
            *self.table.of("indicator"),
            *(h for h in self.table.of("criterion") if h.column in self.figures),
        ]
        for head in heads:
            cell, place = self._cell(row.row, head.column), self.place(row.row, head.column)
            if self._unsaved(row.row, head.column):
                continue
            state = state_of(cell, self.signs, self.plus)
            measured, judged = head.subject in self.measured, head.subject in self.judged
            number = isinstance(cell, float) or (
                isinstance(cell, str) and any(c.isdigit() for c in cell)
            )
            bare = sign_of(cell) in ("1", "0") and (row.row, head.column) not in self.sheet.percent
            if measured and number and bare and head.column in self.doubtful:
                self._tell(
                    "form_one", row.row, head.column, value=_shown(cell), criterion=head.subject
                )
            elif measured and number:
                value = self._figure(row.row, head)
                if value is not None:
                    made.append(Fact("indicator", row.unit, head.subject, value, place))
            elif state is None:
                self._tell(
                    "form_mark", row.row, head.column, value=_shown(cell), criterion=head.subject
                )
            elif state and (judged or state == "not_applicable"):
                self.marks.append((_shown(cell), state))
                made.append(Fact("indicator", row.unit, head.subject, state, place))
                marked[head.subject] = state, place
            elif state:
                self.marks.append((_shown(cell), state))
                marked[head.subject] = state, place
        return made + self._gathered(
            row, marked, {h.subject for h in self.table.of("criterion", "tick")}
        )

    def _gathered(self, row, marked, told):
        """Criteria whose indicators are marked and not measured: met when all are, not met when one
        is not, else nothing.
        """
        made = []
        for criterion, tests in self.tests_of.items():
            states = [marked[test][0] for test in tests if test in marked]
            if (
                not states
                or all(test in self.judged for test in tests if test in marked)
                or f"{criterion:g}" in told
            ):
                continue
            place = next(marked[test][1] for test in tests if test in marked)
            if "not_met" in states:
                made.append(Fact("criterion", row.unit, f"{criterion:g}", "not_met", place))
            elif len(states) == len(tests) and set(states) <= {"met", "not_applicable"}:
                made.append(Fact("criterion", row.unit, f"{criterion:g}", "met", place))
        return made

    def _figure(self, r, head):
        cell, share = self._cell(r, head.column), self.unit.get(head.subject) == "%"
        percent = (r, head.column) in self.sheet.percent
        try:
            value = figure_of(cell, percent, share)
        except NotRead as error:
            details = {
                "value": _shown(cell),
                "style": "1.234,5",
                "where": "dataset.yaml",
            } | error.details
            self._tell(error.reason, r, head.column, **details)
            return None
        if value is not None and share and not percent and isinstance(cell, float) and 0 < cell < 1:
            self._tell(
                "form_share",
                r,
                head.column,
                value=write_figure(cell),
                percent=write_figure(100 * cell),
            )
            return None
        if value is not None and not 0 <= value <= (100 if share else 1e7):
            self._tell(
                "out_of_range",
                r,
                head.column,
                value=write_figure(value),
                low="0",
                high="100" if share else "10.000.000",
            )
            return None
        return value

    def _count(self, row, made):
        """The number of criteria met; where every criterion is named too, the list speaks and a
        difference is told.
        """
        heads = self.table.of("count")
        if not heads or self._unsaved(row.row, heads[0].column):
            return []
        cell = self._cell(row.row, heads[0].column)
        try:
            found = count_of(cell)
        except NotRead:
            self._tell("form_count", row.row, heads[0].column, value=_shown(cell))
            return []
        if found is None:
            return []
        met, of = found
        if met > (of or self.total) or (of or self.total) != self.total:
            self._tell("form_total", row.row, heads[0].column, value=_shown(cell), of=self.total)
            return []
        states = [fact.value for fact in made if fact.kind == "criterion"]
        if len(states) >= self.total:
            if states.count("met") != met:
                self._tell(
                    "form_count_differs",
                    row.row,
                    heads[0].column,
                    True,
                    value=met,
                    listed=states.count("met"),
                )
            return []
        return [
            Fact("count", row.unit, "", (met, self.total), self.place(row.row, heads[0].column))
        ]

    def check_totals(self, facts: list[Fact]) -> None:
        """A total below a criterion is the number of communes that meet it: a difference is told,
        the marks count.
        """
        met = {}
        for fact in facts:
            if fact.kind == "criterion" and fact.value == "met":
                met[fact.subject] = met.get(fact.subject, 0) + 1
        rows = self.read
        if (
            len(rows.totals) != 1
            or "form_elsewhere" in rows.left_out
            or "form_towns" in rows.left_out
        ):
            return
        for head in self.table.of("criterion"):
            cell = self._cell(rows.totals[0], head.column)
            if (
                isinstance(cell, float)
                and cell % 1 == 0
                and cell != met.get(head.subject, 0)
                and head.column not in self.figures
            ):
                self._tell(
                    "form_total_differs",
                    rows.totals[0],
                    head.column,
                    True,
                    value=f"{cell:g}",
                    listed=met.get(head.subject, 0),
                    criterion=head.subject,
                )

    def _unsaved(self, r, column):
        if (r, column) in self.sheet.unsaved:
            self._tell("unsaved_formula", r, column)
            return True
        return False

    def _tell(self, code, r, column, warning=False, **details):
        cell = self.place(r, column)
        problem = Problem(
            code, self.file, details=details, warning=warning, sheet=self.sheet.name, cell=cell
        )
        if problem not in self.problems:
            self.problems.append(problem)


def _shown(cell):
    return f"{cell:g}" if isinstance(cell, float) else str(cell)

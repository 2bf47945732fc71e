"""The rows and cells of an office's table: communes, totals, notes, strangers; what the marks and
figures say.
"""

import contextlib
import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from ..data import SLIPS, Workbook, describe_unit
from ..language import UnreadableError, fold, nearest, plain, read_number, write_figure
from ..law import Law
from ..tables import Problem
from .form_layout import Table, bare, text_of
from .sheets import cell_name

# The signs of this package's own tables too: M (met, in English), Đ* (met by recognition: nobody
# reported it, so it is no data).
NO_DATA = ("", "...", "…", "chua co so lieu", "chua co", "chua danh gia", "n/a", "d*")
# a tick: a sheet that has only these says nothing by its blanks
WEAK = frozenset("xv+✓✔√")
SIGNS = dict.fromkeys((*WEAK, "dat", "d", "m", "1", "dat chuan", "hoan thanh"), "met")
SIGNS |= dict.fromkeys(("co ban dat", "cbd", "cb", "dat co ban"), "basic")
SIGNS |= dict.fromkeys(("chua dat", "c", "chua", "khong dat", "khong", "k", "cd", "kd"), "not_met")
SIGNS |= dict.fromkeys(("chua hoan thanh", "0"), "not_met")
SIGNS |= dict.fromkeys(("kad", "khong ap dung"), "not_applicable") | dict.fromkeys(NO_DATA, "")


def sign_of(cell: object) -> str:
    """A cell as the sign that it is: without diacritics, in lower case, a whole number without its
    decimals.

    >>> sign_of(" Cơ bản\\nđạt "), sign_of(1.0), sign_of(True)
    ('co ban dat', '1', '1')
    """
    if isinstance(cell, float | int):
        return f"{float(cell):g}"
    text = plain(str(cell).replace("\u00a0", " ")) if cell is not None else ""
    return text.rstrip(".") if text not in NO_DATA else text


def state_of(cell: object, signs: dict[str, str], plus: bool) -> str | None:
    """The state that a mark says, "" for no data; None where it is no mark.

    ``signs``: the sheet's own (they go first); ``plus``: the sheet marks with "+", so that "-" is
    its opposite.

    >>> state_of("Đạt", {}, False), state_of(0.0, {}, False)
    ('met', 'not_met')
    >>> state_of("-", {}, False), state_of("-", {}, True)
    (None, 'not_met')
    """
    sign = sign_of(cell)
    state = signs.get(sign, SIGNS.get(sign))
    if state is None and plus and sign in ("-", "–", "−"):
        return "not_met"
    return "" if state == "no_data" else state


def figure_of(cell: object, percent: bool, share: bool) -> float | None:
    """A measured value, None where there is none.

    ``percent``: Excel shows the number as a percentage, so it keeps a share of one; ``share``: the
    indicator is measured in %. Raises :class:`~ntm_analysis.language.numbers.UnreadableError` for
    what is no number.

    >>> figure_of("95,5 %", False, True), figure_of(0.955, True, True), figure_of(97.0, False, True)
    (95.5, 95.5, 97.0)
    """
    if isinstance(cell, bool):
        raise UnreadableError("not_a_number")
    if isinstance(cell, float | int):
        return round(cell * 100, 10) if percent else float(cell)
    if sign_of(cell) in NO_DATA:
        return None
    return read_number(str(cell).strip().removesuffix("%" * share).rstrip(), "vi")


def count_of(cell: object) -> tuple[int, int | None] | None:
    """A count as offices write it, and its total where they write it; None for no data.

    >>> count_of("15/19"), count_of(15.0), count_of("15 TC")
    ((15, 19), (15, None), (15, None))
    """
    if sign_of(cell) in NO_DATA:
        return None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if cell % 1 == 0 and 0 <= cell <= 99:
            return int(cell), None
        raise UnreadableError("form_count")
    match = re.fullmatch(r"(\d{1,2})(?:\s*/\s*(\d{1,2}))?\s*(?:tc|tieu chi)?", sign_of(cell))
    if match is None:
        raise UnreadableError("form_count")
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


@dataclass
class Rows:
    """The rows of a table: about communes (unit by row), totals (rows), and those left out or only
    checked, by reason (key of a text).
    """

    communes: dict[int, int] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


class SheetView:
    """A sheet in the direction in which its tables are read, and the problems of its file.

    Parameters
    ----------
    sheet : Sheet
    file : str
    problems : list of Problem

    Attributes
    ----------
    sheet : Sheet
    file : str
    turned : bool
        Whether its rows are the columns of the file.
    """

    def __init__(self, sheet, file, problems):
        self.sheet, self.file, self.problems, self.turned = sheet, file, problems, False

    def cell(self, row, column):
        """Look up a cell.

        Parameters
        ----------
        row, column : int
            From 0.

        Returns
        -------
        object
            None beyond the end of the row.
        """
        cells = self.sheet.cells[row]
        return cells[column] if column < len(cells) else None

    def place(self, row, column):
        """Name a cell as the file does.

        Parameters
        ----------
        row, column : int
            From 0.

        Returns
        -------
        str
            Such as C7.
        """
        return cell_name(column, row) if self.turned else cell_name(row, column)

    def tell(self, code, cell=None, warning=False, /, **details):
        """Enter a problem of the sheet.

        Parameters
        ----------
        code : str
        cell : str or None
            As the file names it.
        warning : bool
        **details
            What the message names.
        """
        place = {"sheet": self.sheet.name, "cell": cell}
        self.problems.append(Problem(code, self.file, details=details, warning=warning, **place))


def rows_of(view: SheetView, table: Table, workbook: Workbook, day: dt.date) -> Rows:
    """Every row of a table told apart; units are those of ``day``."""
    return _RowReader(view, table, workbook, day).read()


def _is_figure(cell):
    """Whether a cell is a mark or a figure: a line of a letter ("Thanh Chương, ngày ...", a
    signature) is neither.
    """
    if isinstance(cell, str):
        return bool(state_of(cell, {}, True)) or (
            len(cell) <= 12 and any(c.isdigit() for c in cell)
        )
    return cell is not None


class _RowReader:
    def __init__(self, view, table, workbook, day):
        self.view, self.table, self.rows = view, table, Rows()
        units, known = workbook.all_units, pd.Timestamp(day)
        self.units = units[(units["valid_from"] <= known) & ~(units["end"] <= known)]
        self.by_name = self.units.groupby(self.units["name"].map(fold)).groups
        self.unknown = set()
        self.districts = {fold(name) for name in units["district"].unique() if name}

    def read(self):
        """Each row of the table in order."""
        if self.units.empty:  # told once, not as so many unknown names
            self._tell("form_no_units", self.table.body)
            return self.rows
        district = self._named_above()
        subjects = self.table.of("criterion", "indicator", "tick", "count")
        for r in range(self.table.body, self.table.end):
            cells, name = self.view.sheet.cells[r], self._text(r, self.table.name)
            figures = any(_is_figure(self.view.cell(r, head.column)) for head in subjects)
            headings = map(self._district, [name, *map(str, cells[:4])])
            heading = next(filter(None, headings), None)
            words = [cell for cell in cells if isinstance(cell, str)]
            labels = [bare(name)] if name else [cell for cell in cells[:4] if cell in words]
            stranger = fold(bare(name)) not in self.by_name
            if heading and stranger:
                district = heading
                self._leave("form_groups", r, name or heading)
            elif stranger and any(_TOTAL.fullmatch(plain(label)) for label in labels):
                self.rows.totals.append(r)
                self._leave("form_totals", r, name or labels[0])
            elif name:
                own = (self._text(r, head.column) for head in self.table.of("district"))
                self._commune(r, name, next(filter(None, own), district), figures)
            elif figures:
                self._tell("form_no_name", r)
            elif words:
                self._leave("form_notes", r, words[0])
        return self.rows

    def _text(self, r, column):
        cell = self.view.cell(r, column)
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
        for row in reversed(self.view.sheet.cells[: self.table.top]):
            for cell in row:
                if isinstance(cell, str) and (district := self._district(cell)):
                    return district
        return ""

    def _commune(self, r, name, district, figures):
        if district and fold(district) not in self.districts:
            self._leave("form_elsewhere", r, f"{name} ({district})")
            return
        units = self.units.loc[self.by_name.get(fold(bare(name)), [])]
        if len(units) > 1 and district:
            units = units[units["district"].map(fold) == fold(district)]
        for head in self.table.of("code"):
            code = self.view.cell(r, head.column)
            code = f"{code:.0f}".zfill(5) if isinstance(code, float) else str(code or "").strip()
            by_code = self.units[self.units["code"] == code]
            if code and len(by_code) == 1:
                if len(units) == 1 and units.index[0] != by_code.index[0]:
                    self._tell("form_code", r, value=name, code=describe_unit(by_code.iloc[0]))
                units = by_code
        if len(units) == 1:
            if units["kind"].iloc[0] == "township":
                self._leave("form_towns", r, name)
            else:
                self.rows.communes[r] = int(units.index[0])
        elif not figures:
            self._leave("form_notes", r, name)
        elif len(units):
            several = "; ".join(describe_unit(unit) for _, unit in units.iterrows())
            self._tell("same_name", r, value=name, units=several)
        else:
            self.unknown.add(name)
            known = self.units["name"] if len(self.unknown) <= SLIPS else ()
            self._tell("unknown_unit", r, value=name, near=", ".join(nearest(bare(name), known)))

    def _leave(self, key, r, text):
        place = self.view.place(r, self.table.name)
        self.rows.left_out.setdefault(key, []).append(f"{place} {text[:60]}")

    def _tell(self, code, r, /, **details):
        self.view.tell(code, self.view.place(r, self.table.name), **details)


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
        view: SheetView,
        table: Table,
        rows: Rows,
        law: Law,
        set_id: str,
        signs: dict[str, str],
        lacking: str,
    ):
        self.view, self.table, self.rows, self.signs = view, table, rows, signs
        self.marks = []
        values = law.values[law.values["set"] == set_id]
        judged = values["op"] == "judged"
        self.measured, self.judged = set(values["test"][~judged]), set(values["test"][judged])
        tests = law.tests[law.tests["set"] == set_id]
        self.unit = tests.set_index("test")["unit"].to_dict()
        self.tests_of = tests.groupby("criterion")["test"].agg(list).to_dict()
        self.total = law.sets[set_id].criteria_count
        criteria, indicators = table.of("criterion"), table.of("indicator")
        heads = table.of("criterion", "indicator", "tick")
        self.plus = any(sign_of(cell) == "+" for head in heads for cell in self._column(head))
        # Where other criteria are marked 1 and 0, a column that has one of them is marks too: a 2
        # in it is a slip.
        columns = {h.column: set(self._column(h)) - {None} for h in criteria}
        self.binary = {column for column, cells in columns.items() if cells and cells <= {0.0, 1.0}}
        self.measures = indicators + [
            h for h in criteria if h.subject in self.measured and self._is_measured(h)
        ]
        self.doubtful = {h.column for h in criteria + indicators if self._has_doubtful(h)}
        self._tell_weak(criteria, lacking)

    def _column(self, head):
        """The cells of a column in the rows about communes."""
        return [self.view.cell(r, head.column) for r in self.rows.communes]

    def _is_measured(self, head):
        """Whether a criterion that has one indicator is given by its value, not by a mark."""
        cells = self._column(head)
        if self.binary - {head.column} and {0.0, 1.0}.intersection(cells):
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
        figures = []
        for r in self.rows.communes:
            if not self._is_bare(r, head):
                with contextlib.suppress(UnreadableError):
                    figures.append(self._figure_of(r, head))
        return not any(figure is not None and figure < 10 for figure in figures)

    def _is_percent(self, r, head):
        return (r, head.column) in self.view.sheet.percent

    def _is_bare(self, r, head):
        """Whether a cell is a 1 or 0 that may be a sign."""
        sign = sign_of(self.view.cell(r, head.column))
        return sign in ("1", "0") and not self._is_percent(r, head)

    def _figure_of(self, r, head):
        cell, share = self.view.cell(r, head.column), self.unit.get(head.subject) == "%"
        return figure_of(cell, self._is_percent(r, head), share)

    def _tell_weak(self, columns, lacking):
        """A sheet that only ticks says nothing by its blanks: told once."""
        signs = {sign_of(cell) for h in columns for cell in self._column(h)} - {""}
        if not signs or not signs <= WEAK:
            return
        place = self.view.place(self.table.body - 1, columns[0].column)
        if lacking and not signs <= set(self.signs):
            self.view.tell("form_tick_doubt", place, value=min(signs), line=lacking)
        if any(cell is None for h in columns for cell in self._column(h)):
            self.view.tell("form_only_met", place, True, value=min(signs))

    def facts(self, row: int, unit: int) -> list[Fact]:
        """Everything that a row says of its commune."""
        facts = [*self._criteria(row, unit), *self._indicators(row, unit)]
        return facts + self._count(row, unit, facts)

    def _mark(self, r, head, place):
        """The state that a mark says; what is no mark is a problem."""
        cell = self.view.cell(r, head.column)
        state = state_of(cell, self.signs, self.plus)
        if state is None:
            self.view.tell("form_mark", place, value=text_of(cell), criterion=head.subject)
        elif state:
            self.marks.append((text_of(cell), state))
        return state

    def _criteria(self, r, unit):
        facts, ticks = [], {}
        for head in self.table.of("criterion", "tick"):
            if head in self.measures or (place := self._saved(r, head)) is None:
                continue
            state = self._mark(r, head, place)
            if state and head.kind == "criterion":
                facts.append(Fact("criterion", unit, head.subject, state, place))
            elif state == "met":
                tick = Fact("criterion", unit, head.subject, head.state, place)
                ticks.setdefault(head.subject, []).append(tick)
        for subject, rivals in ticks.items():
            if len({fact.value for fact in rivals}) > 1:
                cells = ", ".join(fact.cell for fact in rivals)
                self.view.tell("form_two_ticks", rivals[0].cell, criterion=subject, cells=cells)
            else:
                facts.append(rivals[0])
        return facts

    def _indicators(self, r, unit):
        """Values and answers of indicators; marks of indicators that are measured say only whether
        their criterion is met.
        """
        facts, marked = [], {}
        for head in self.measures:
            if (place := self._saved(r, head)) is None:
                continue
            cell, value = self.view.cell(r, head.column), None
            if head.subject in self.measured and (
                isinstance(cell, float)
                or (isinstance(cell, str) and any(c.isdigit() for c in cell))
            ):
                if self._is_bare(r, head) and head.column in self.doubtful:
                    self.view.tell("form_one", place, value=text_of(cell), criterion=head.subject)
                else:
                    value = self._figure(r, head, place)
            elif state := self._mark(r, head, place):
                marked[head.subject] = state, place
                if head.subject in self.judged or state == "not_applicable":
                    value = state
            if value is not None:
                facts.append(Fact("indicator", unit, head.subject, value, place))
        return facts + self._gathered(unit, marked)

    def _gathered(self, unit, marked):
        """Criteria whose indicators are marked and not measured: met when all are, not met when one
        is not, else nothing.
        """
        facts, named = [], {head.subject for head in self.table.of("criterion", "tick")}
        for criterion, tests in self.tests_of.items():
            own = [test for test in tests if test in marked]
            if self.judged.issuperset(own) or f"{criterion:g}" in named:
                continue
            states, place = {marked[test][0] for test in own}, marked[own[0]][1]
            whole = len(own) == len(tests) and states <= {"met", "not_applicable"}
            if whole or "not_met" in states:
                state = "met" if whole else "not_met"
                facts.append(Fact("criterion", unit, f"{criterion:g}", state, place))
        return facts

    def _figure(self, r, head, place):
        cell, share = self.view.cell(r, head.column), self.unit.get(head.subject) == "%"
        try:
            value = self._figure_of(r, head)
        except UnreadableError as error:
            details = {"value": text_of(cell), "style": "1.234,5", "where": "dataset.yaml"}
            self.view.tell(error.reason, place, **details | error.details)
            return None
        if value is None:
            return None
        if share and not self._is_percent(r, head) and isinstance(cell, float) and 0 < cell < 1:
            percent = write_figure(100 * cell)
            self.view.tell("form_share", place, value=write_figure(cell), percent=percent)
        elif not 0 <= value <= (100 if share else 1e7):
            high = "100" if share else "10.000.000"
            self.view.tell("out_of_range", place, value=write_figure(value), low="0", high=high)
        else:
            return value
        return None

    def _count(self, r, unit, facts):
        """The number of criteria met; where every criterion is named too, the list speaks and a
        difference is told.
        """
        heads = self.table.of("count")
        if not heads or (place := self._saved(r, heads[0])) is None:
            return []
        cell = self.view.cell(r, heads[0].column)
        try:
            met, of = count_of(cell) or (None, None)
        except UnreadableError:
            self.view.tell("form_count", place, value=text_of(cell))
            return []
        if met is None:
            return []
        if met > self.total or of not in (None, self.total):
            self.view.tell("form_total", place, value=text_of(cell), of=self.total)
            return []
        states = [fact.value for fact in facts if fact.kind == "criterion"]
        if len(states) < self.total:
            return [Fact("count", unit, "", (met, self.total), place)]
        if (listed := states.count("met")) != met:
            self.view.tell("form_count_differs", place, True, value=met, listed=listed)
        return []

    def check_totals(self, facts: list[Fact]) -> None:
        """A total below a criterion is the number of communes that meet it: a difference is told,
        the marks count.
        """
        totals, strangers = self.rows.totals, {"form_elsewhere", "form_towns"}
        if len(totals) != 1 or strangers & self.rows.left_out.keys():
            return
        met = Counter(f.subject for f in facts if f.kind == "criterion" and f.value == "met")
        for head in self.table.of("criterion"):
            cell, listed = self.view.cell(totals[0], head.column), met[head.subject]
            if (
                isinstance(cell, float)
                and cell % 1 == 0
                and cell != listed
                and head not in self.measures
            ):
                self.view.tell(
                    "form_total_differs",
                    self.view.place(totals[0], head.column),
                    True,
                    value=f"{cell:g}",
                    listed=listed,
                    criterion=head.subject,
                )

    def _saved(self, r, head):
        """The place of a cell; None, and a problem, where its formula was never computed."""
        place = self.view.place(r, head.column)
        if (r, head.column) in self.view.sheet.unsaved:
            self.view.tell("unsaved_formula", place)
            return None
        return place

"""What the cells of an office's table say of a commune: states of criteria, values of indicators, counts."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from .criteria import Law
from .form_heads import Table
from .form_marks import WEAK, count_of, figure_of, sign_of, state_of
from .form_rows import Row, Rows
from .office_numbers import NotRead, write_figure
from .problems import Problem
from .sheets import Sheet


@dataclass(frozen=True)
class Fact:
    """One thing said of a unit: ``kind`` criterion, indicator or count; ``value``: a state, a number, or (met, of)."""

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
        return {"indicator": self.subject, "value": self.value if number else None, "state": None if number else self.value}


class Values:
    """The cells of one table read; ``marks``: the signs read, each with the state that it was read as, in order."""

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
        self.signs, self.lacking, self.place, self.file, self.problems = signs, lacking, place, file, problems
        self.marks = []
        chosen = law.values[law.values["set"] == set_id]
        self.measured = {test for test, ops in chosen.groupby("test")["op"].agg(set).items() if ops - {"judged"}}
        self.judged = {test for test, ops in chosen.groupby("test")["op"].agg(set).items() if "judged" in ops}
        tests = law.tests[law.tests["set"] == set_id]
        self.unit = tests.set_index("test")["unit"].to_dict()
        self.tests_of = tests.groupby("criterion")["test"].agg(list).to_dict()
        self.total = law.sets[set_id].criteria_count
        heads = table.of("criterion", "indicator", "tick")
        self.rows = [row.row for row in rows.communes]
        self.plus = any(sign_of(cell) == "+" for head in heads for cell in self._column(head))
        # Where other criteria are marked 1 and 0, a column that has one of them is marks too: a 2 in it is a slip.
        columns = {h.column: set(self._column(h)) - {None} for h in table.of("criterion")}
        self.binary = {column for column, cells in columns.items() if cells and cells <= {0.0, 1.0}}
        self.figures = {h.column for h in table.of("criterion") if h.subject in self.measured and self._is_measured(h)}
        self.doubtful = {h.column for h in table.of("criterion", "indicator") if self._has_doubtful(h)}
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
        if self.binary - {head.column} and {0.0, 1.0} & {cell for cell in cells if isinstance(cell, float)}:
            return False
        return any(
            (isinstance(c, float) and c not in (0.0, 1.0)) or (isinstance(c, str) and re.search(r"%|\d,\d", c)) for c in cells
        )

    def _has_doubtful(self, head):
        """Whether a bare 1 or 0 in a column of values may as well say met or not met, and so is taken for neither.

        Income of 45,5 beside a 1, or a column of nothing but 1 and 0: the sign is as likely as the value. It is the value where
        the column holds other figures of one digit (poverty of 3,5; 1; 0,8) and nothing on the sheet is marked by 1 and 0.
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
            self._tell("form_tick_doubt", self.table.body - 1, columns[0].column, value=sorted(signs)[0], line=self.lacking)
        if signs and signs <= set(WEAK) and any(c is None for h in columns for c in self._column(h)):
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
                self._tell("form_mark", row.row, head.column, value=_shown(cell), criterion=head.subject)
            elif state:
                self.marks.append((_shown(cell), state))
                state = head.state if head.kind == "tick" else state
                fact = Fact("criterion", row.unit, head.subject, state, self.place(row.row, head.column))
                if head.kind == "tick" and state_of(cell, self.signs, self.plus) != "met":
                    continue
                ticked.setdefault(head.subject, []).append(fact) if head.kind == "tick" else made.append(fact)
        for subject, facts in ticked.items():
            if len({fact.value for fact in facts}) > 1:
                cells = ", ".join(fact.cell for fact in facts)
                problem = Problem("form_two_ticks", self.file, details={"criterion": subject, "cells": cells},
                                  sheet=self.sheet.name, cell=facts[0].cell)  # fmt: skip
                self.problems.append(problem)
            else:
                made.append(facts[0])
        return made

    def _indicators(self, row):
        """Values and answers of indicators; marks of indicators that are measured say only whether their criterion is met."""
        made, marked = [], {}
        heads = [*self.table.of("indicator"), *(h for h in self.table.of("criterion") if h.column in self.figures)]
        for head in heads:
            cell, place = self._cell(row.row, head.column), self.place(row.row, head.column)
            if self._unsaved(row.row, head.column):
                continue
            state = state_of(cell, self.signs, self.plus)
            measured, judged = head.subject in self.measured, head.subject in self.judged
            number = isinstance(cell, float) or (isinstance(cell, str) and any(c.isdigit() for c in cell))
            bare = sign_of(cell) in ("1", "0") and (row.row, head.column) not in self.sheet.percent
            if measured and number and bare and head.column in self.doubtful:
                self._tell("form_one", row.row, head.column, value=_shown(cell), criterion=head.subject)
            elif measured and number:
                value = self._figure(row.row, head)
                if value is not None:
                    made.append(Fact("indicator", row.unit, head.subject, value, place))
            elif state is None:
                self._tell("form_mark", row.row, head.column, value=_shown(cell), criterion=head.subject)
            elif state and (judged or state == "not_applicable"):
                self.marks.append((_shown(cell), state))
                made.append(Fact("indicator", row.unit, head.subject, state, place))
                marked[head.subject] = state, place
            elif state:
                self.marks.append((_shown(cell), state))
                marked[head.subject] = state, place
        return made + self._gathered(row, marked, {h.subject for h in self.table.of("criterion", "tick")})

    def _gathered(self, row, marked, told):
        """Criteria whose indicators are marked and not measured: met when all are, not met when one is not, else nothing."""
        made = []
        for criterion, tests in self.tests_of.items():
            states = [marked[test][0] for test in tests if test in marked]
            if not states or all(test in self.judged for test in tests if test in marked) or f"{criterion:g}" in told:
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
            details = {"value": _shown(cell), "style": "1.234,5", "where": "dataset.yaml"} | error.details
            self._tell(error.reason, r, head.column, **details)
            return None
        if value is not None and share and not percent and isinstance(cell, float) and 0 < cell < 1:
            self._tell("form_share", r, head.column, value=write_figure(cell), percent=write_figure(100 * cell))
            return None
        if value is not None and not 0 <= value <= (100 if share else 1e7):
            self._tell("out_of_range", r, head.column, value=write_figure(value), low="0", high="100" if share else "10.000.000")
            return None
        return value

    def _count(self, row, made):
        """The number of criteria met; where every criterion is named too, the list speaks and a difference is told."""
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
                self._tell("form_count_differs", row.row, heads[0].column, True, value=met, listed=states.count("met"))
            return []
        return [Fact("count", row.unit, "", (met, self.total), self.place(row.row, heads[0].column))]

    def check_totals(self, facts: list[Fact]) -> None:
        """A total below a criterion is the number of communes that meet it: a difference is told, the marks count."""
        met = {}
        for fact in facts:
            if fact.kind == "criterion" and fact.value == "met":
                met[fact.subject] = met.get(fact.subject, 0) + 1
        rows = self.read
        if len(rows.totals) != 1 or "form_elsewhere" in rows.left_out or "form_towns" in rows.left_out:
            return
        for head in self.table.of("criterion"):
            cell = self._cell(rows.totals[0], head.column)
            if isinstance(cell, float) and cell % 1 == 0 and cell != met.get(head.subject, 0) and head.column not in self.figures:
                self._tell("form_total_differs", rows.totals[0], head.column, True, value=f"{cell:g}",
                           listed=met.get(head.subject, 0), criterion=head.subject)  # fmt: skip

    def _unsaved(self, r, column):
        if (r, column) in self.sheet.unsaved:
            self._tell("unsaved_formula", r, column)
            return True
        return False

    def _tell(self, code, r, column, warning=False, **details):
        cell = self.place(r, column)
        problem = Problem(code, self.file, details=details, warning=warning, sheet=self.sheet.name, cell=cell)
        if problem not in self.problems:
            self.problems.append(problem)


def _shown(cell):
    return f"{cell:g}" if isinstance(cell, float) else str(cell)

"""Data sets spoilt by chance: cells, rows, columns, heads, whole files; each told in words.

    NTM_SEED=7 python tests/hostile/mutated_data.py DIR 12

lays out the data set of attempt 12 of seed 7 in DIR.
"""

import csv
import datetime as dt
import io
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ntm_analysis.tables import dictionary

ROOT = Path(__file__).resolve().parents[2]
DATA_SETS = ("huyen-mau", "thanh-chuong")
# Words in the place of what a column holds.
NUMBERS = ["1e400", "-1", "99999999999999999999", "NaN", "inf", "-inf", "0x10", "1.234.567,89"]
NUMBERS += ["٣", "½", "1/0", "1 000", "−5", "+5", "1e-320", "00001", "0,0000000000000001", "1,2,3"]
DAYS = ["0000-00-00", "9999-12-31", "31/02/2022", "2022-02-30", "44561", "2022-13-01", "1/1/22"]
DAYS += ["12/2022", "2100-01-01", "1900-01-01", "2022-12-31T00:00", "hôm qua", "1677-09-21"]
WORDS = ["", " ", "\x1b[31m", "\x00", "#REF!", "=1+1", "None", "nan", "NaT", "TRUE", "|", "a|b"]
WORDS += ["../../x", "'", "🙂", "a" * 20_000, "<script>", "%s%n", "{0}", "\\", "Tr−êng", "­", "ﬁ"]
UNREADABLE = {
    "number": ["abc", "NaN", "inf", "1e400", "0x10", "1/0"],
    "integer": ["abc", "NaN", "inf", "1e400", "0x10", "1,5"],
    "date": ["2022-02-30", "abc", "0000-00-00", "2022-13-01"],
    "choice": ["abc", "<script>", "NaN"],
    "source": ["khong-co"],
    "set": ["khong-co"],
    "unit": ["Không Có Xã Này"],
    "code": ["abc", "123456"],
}


@dataclass
class Table:
    """A table being spoilt: its head and its rows as text."""

    path: Path
    head: list[str]
    rows: list[list[str]]
    replaced: bool = False  # the file as a whole: there is nothing to write any more

    @classmethod
    def read(cls, path: Path) -> "Table":
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        return cls(path, head, rows)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def usable(self) -> bool:
        whole = {*map(len, self.rows)} == {len(self.head)} == {len({*self.head})}
        return whole and {*self.head} <= {*dictionary(self.name)}

    def write(self) -> None:
        if self.replaced:
            return
        made = io.StringIO()
        csv.writer(made, lineterminator="\n").writerows([self.head, *self.rows])
        self.path.write_bytes(made.getvalue().encode("utf-8-sig"))


@dataclass
class Slip:
    """What was done to a data set; ``row``: where it cannot be read, so that it must be told."""

    what: str
    file: str
    row: int | None = None


SLIPS: list[Callable[[random.Random, Table], Slip]] = []


def slip(times: int) -> Callable:
    """Register a way to spoil a table, to be taken ``times`` as often as others."""
    return lambda make: SLIPS.extend([make] * times) or make


def _cell(chance: random.Random, table: Table, wanted: Callable = bool) -> tuple[int, int, object]:
    """A cell of a table: row, place, column; of a column that is ``wanted``, where there is one."""
    columns = [dictionary(table.name)[name] for name in table.head]
    column = chance.choice([column for column in columns if wanted(column)] or columns)
    return chance.randrange(len(table.rows)), table.head.index(column.name), column


def _put(table: Table, row: int, place: int, value: str, sure: bool = False) -> Slip:
    table.rows[row][place] = value
    file, line = table.path.name, row + 2
    return Slip(f"{file}:{line} {table.head[place]} = {value[:60]!r}", file, line if sure else None)


@slip(4)
def a_cell_that_cannot_be_read(chance: random.Random, table: Table) -> Slip:
    row, place, column = _cell(chance, table, lambda column: column.type in UNREADABLE)
    return _put(table, row, place, chance.choice(UNREADABLE[column.type]), sure=True)


@slip(4)
def a_cell_of_anything(chance: random.Random, table: Table) -> Slip:
    row, place, _ = _cell(chance, table)
    return _put(table, row, place, chance.choice(chance.choice([NUMBERS, DAYS, WORDS])))


@slip(5)
def a_number_at_its_bound(chance: random.Random, table: Table) -> Slip:
    row, place, column = _cell(chance, table, lambda column: column.high is not None)
    low, high = column.low or 0, column.high or 10
    bound = chance.choice([low, high, high / 2, low + 1])
    return _put(table, row, place, f"{bound:.10g}".replace(".", ","))


@slip(5)
def a_cell_as_in_another_row(chance: random.Random, table: Table) -> Slip:
    row, place, _ = _cell(chance, table)
    return _put(table, row, place, chance.choice(table.rows)[place])


@slip(3)
def a_choice_as_another_of_the_list(chance: random.Random, table: Table) -> Slip:
    row, place, column = _cell(chance, table, lambda column: column.type == "choice")
    return _put(table, row, place, chance.choice(sorted(column.allowed) or [""]))


@slip(3)
def a_day_moved(chance: random.Random, table: Table) -> Slip:
    row, place, _ = _cell(chance, table, lambda column: column.type == "date")
    try:
        day = dt.date.fromisoformat(table.rows[row][place])
    except ValueError:  # a blank, or a table without days
        day = dt.date(2022, 3, 31)
    day += dt.timedelta(days=chance.choice([-4000, -366, -1, 1, 31, 366, 4000]))
    return _put(table, row, place, f"{day}")


@slip(2)
def a_column_all_one(chance: random.Random, table: Table) -> Slip:
    _, place, _ = _cell(chance, table)
    value = chance.choice(["", chance.choice(table.rows)[place]])
    for row in table.rows:
        row[place] = value
    return Slip(f"{table.path.name}: {table.head[place]} all {value[:60]!r}", table.path.name)


@slip(2)
def rows_twice_gone_or_moved(chance: random.Random, table: Table) -> Slip:
    what = chance.choice(["twice", "gone", "half gone", "all gone", "shuffled", "longer", "short"])
    row = chance.randrange(len(table.rows))
    if what == "twice":
        table.rows.append(list(table.rows[row]))
    elif what == "gone":
        del table.rows[row]
    elif what == "half gone":
        table.rows = table.rows[::2]
    elif what == "all gone":
        table.rows = []
    elif what == "shuffled":
        chance.shuffle(table.rows)
    elif what == "longer":
        table.rows[row].append("x")
    else:
        table.rows[row] = table.rows[row][: len(table.head) // 2]
    return Slip(f"{table.path.name}: rows {what} ({row + 2})", table.path.name)


@slip(2)
def heads_or_columns_changed(chance: random.Random, table: Table) -> Slip:
    what = chance.choice(["swapped", "head renamed", "head twice", "gone", "added", "moved"])
    one, other = chance.sample(range(len(table.head)), 2)
    if what == "swapped":
        for row in table.rows:
            row[one], row[other] = row[other], row[one]
    elif what == "head renamed":
        table.head[one] = chance.choice(["", "xa", "commune ", "<b>", "Tên"])
    elif what == "head twice":
        table.head[one] = table.head[other]
    elif what == "gone":
        for row in (table.head, *table.rows):
            del row[one]
    elif what == "added":
        for row in (table.head, *table.rows):
            row.append("thêm")
    else:
        for row in (table.head, *table.rows):
            row.insert(0, row.pop(one))
    return Slip(f"{table.path.name}: columns {what} ({one}, {other})", table.path.name)


@slip(4)
def a_file_of_other_bytes(chance: random.Random, table: Table) -> Slip:
    path, raw = table.path, table.path.read_bytes()
    text, at = raw.decode("utf-8-sig"), chance.randrange(len(raw))
    made = {
        "cut short": raw[:at],
        "empty": b"",
        "NULs": raw[:at] + b"\x00" * 8 + raw[at:],
        "a quote": raw[:at] + b'"' + raw[at:],
        "UTF-16": text.encode("utf-16"),
        "Latin": text.encode("cp1258", errors="replace"),
        "two marks": b"\xef\xbb\xbf" + raw,
        "semicolons": text.replace(",", ";").encode(),
        "old Mac": text.replace("\n", "\r").encode(),
        "flipped": bytes(b ^ (chance.random() < 0.002) for b in raw),
        "noise": chance.randbytes(2000),
        "no last line end": raw.rstrip(b"\n"),
        "another table": chance.choice(sorted(path.parent.glob("*.csv"))).read_bytes(),
        "doubled": raw + raw,
        "a huge cell": raw + b"x" * 2_000_000,
    }
    what = chance.choice([*made, "missing", "a folder", "a link to nothing"])
    if what in made:
        path.write_bytes(made[what])
    else:
        path.unlink()
        if what == "a folder":
            path.mkdir()
        elif what == "a link to nothing":
            os.symlink("nowhere", path)
    table.replaced = True
    return Slip(f"{path.name}: {what} (at byte {at})", path.name)


def settings_changed(chance: random.Random, path: Path) -> Slip:
    """A line of ``dataset.yaml`` gone, or saying something else."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = chance.choice([n for n, line in enumerate(lines) if not line.startswith("#")])
    key = lines[number].split(":")[0]
    values = ["", "null", "[]", "{}", "1", "true", '"x"', "2022-12-31", "{vi: a}", "!!int a", "*a"]
    value = chance.choice([*values, "{date: 2022-12-31, mark: assumed}", "0001-01-01", "?", "- a"])
    lines[number] = chance.choice([f"{key}: {value}", ""])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Slip(f"{path.name}:{number + 1} {lines[number]!r}", path.name)


def spoilt(chance: random.Random, folder: Path) -> tuple[Path, list[Slip]]:
    """A data set of ``folder/data`` with one to three slips in it, its law beside it."""
    if not (folder / "data" / "criteria").exists():
        for name in ("criteria", "reference", "scenarios"):
            shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    name, slips = chance.choice(DATA_SETS), []
    place = Path(shutil.copytree(ROOT / "data" / name, folder / "data" / name))
    if chance.random() < 0.08:
        return place, [settings_changed(chance, place / "dataset.yaml")]
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        tables = [table for table in map(Table.read, sorted(place.glob("*.csv"))) if table.usable]
        table = chance.choice(tables)
        slips.append(chance.choice(SLIPS)(chance, table))
        table.write()
        if table.replaced:
            break
    if slips[1:]:  # one may hide the other
        slips = [replace(slip, row=None) for slip in slips]
    return place, slips


if __name__ == "__main__":
    print(spoilt(random.Random(f"{os.environ['NTM_SEED']}/data/{sys.argv[2]}"), Path(sys.argv[1])))

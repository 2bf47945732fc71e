"""What the tests share: a small valid data set written into a folder, with only the rows that a
test is about.
"""

import contextlib
import copy
import csv
import datetime as dt
import os
import pickle
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

# Each process that runs tests has a core of its own: threads of linear algebra would get in the
# way of the other's.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pandas as pd
import pytest
import yaml

from ntm_analysis.data import Workbook, files_hash, locate, workbook
from ntm_analysis.forecasts import baseline_of
from ntm_analysis.law import Law
from ntm_analysis.reports.render import without_grammar
from ntm_analysis.tables import TABLE_KEYS, TABLES, dictionary

with without_grammar():
    import nbformat  # noqa: F401

# Who starts the tests in the background may have them ignore Ctrl-C, and every process begun here
# would do so too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Results of one test are not another's: tests change what results rest on in ways that no hash
# sees.
os.environ["NTM_STORE"] = ""

# Modules that ask for the baseline of a data set.
FORECASTING = ["forecasts.forecast", "scenarios.comparison", "scenarios.what_if"]
FORECASTING += ["allocation.plans", "allocation.margins"]
ROOT = Path(__file__).resolve().parents[1]
CRITERIA = ROOT / "data" / "criteria"

COMMUNE = {
    "code": "10001",
    "valid_from": "2010-01-01",
    "name": "Thử",
    "kind": "commune",
    "order": 1,
}
COMMUNE["specially_difficult"] = "no"
EARLY = "2015-01-01"  # the day a row is known when it has no date of its own


def make_dataset(folder: Path, tables: dict[str, list[dict]] | None = None, **settings) -> Path:
    """Write a data set into ``folder`` (made when missing) and give the folder, ready for
    ``Workbook.open``.

    ``tables``: rows (dicts, only the columns that matter) by table; every other table has its
    header alone, ``units`` one commune (code 10001, "Xã Thử"), ``sources`` one row "s". Columns
    left out are filled where every row has them: commune (10001), known_from (the row's own date,
    else 2015-01-01), source "s", mark "reported"; for units also code, valid_from, name, kind,
    order. A column given as "" stays blank.

    ``settings``: entries of ``dataset.yaml`` that replace the defaults (``as_of`` may be a plain
    date); one given as None is left out. Values may be numbers (written in the number style), dates
    or text.

    >>> values = [
    ...     {"set": "ntm-2016-2020", "indicator": "12", "date": "2019-12-31", "value": 90.5}
    ... ]
    >>> make_dataset(  # doctest: +SKIP
    ...     tmp_path, {"indicator_values": values}, region="tn", as_of="2020-06-30"
    ... )
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    meta = {
        "id": "thu",
        "title": {"vi": "Huyện Thử", "en": "Thử district"},
        "district": {"code": "999", "name": "Thử"},
        "province": {"code": "99", "name": "Tỉnh Thử"},
        "region": "btb",
        "hamlet_word": {"vi": "xóm", "en": "hamlet"},
        "as_of": dt.date(2022, 3, 31),
        "term_end": {"date": dt.date(2025, 12, 31), "mark": "assumed", "source": "s"},
        "number_style": "vi",
        "criteria": str(CRITERIA),
        "sets": {
            "ntm": "ntm-2016-2020",
            "advanced": "advanced-nghe-an-2018-2020",
            "model": "model-2021-2025",
        },
        "illustrative": True,
    } | settings
    if not isinstance(meta["as_of"], dict):
        meta["as_of"] = {"date": _day(meta["as_of"]), "mark": "reported", "source": "s"}
    meta = {key: value for key, value in meta.items() if value is not None}
    (folder / "dataset.yaml").write_text(
        yaml.safe_dump(meta, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )

    given = {"units": [{}], "sources": [{"id": "s", "title": "Nguồn thử"}]} | (tables or {})
    if unknown := set(given) - set(TABLES):
        raise ValueError(f"no such table: {sorted(unknown)}")
    for table in TABLES:
        columns = list(dictionary(table))
        rows = [
            _filled(table, row, order) for order, row in enumerate(given.get(table, []), start=1)
        ]
        if wrong := {column for row in rows for column in row} - set(columns):
            raise ValueError(f"{table}: no such column: {sorted(wrong)}")
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(
                {k: _cell(v, meta.get("number_style")) for k, v in row.items()} for row in rows
            )
    return folder


def _filled(table: str, row: dict, order: int) -> dict:
    """The row with the columns that every row of its table has."""
    if table == "sources":
        return row
    first = {
        "known_from": row.get("date") or row.get("on") or EARLY,
        "source": "s",
        "mark": "reported",
    }
    if table == "units":
        first = COMMUNE | {"order": order} | first
    elif table == "recognitions":
        first |= {"commune": COMMUNE["code"], "decision": "1/QĐ-UBND", "date": first["known_from"]}
    elif "commune" in TABLE_KEYS[table]:
        first["commune"] = COMMUNE["code"]
    return first | row


def _cell(value: object, style: str | None) -> str:
    """A cell as an office would type it: numbers in the number style, days as 2022-03-31."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        text = f"{value:.10g}"
        return text if style == "en" else text.replace(".", ",")
    return str(value)


def _day(value: dt.date | str) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")


def pytest_configure(config: pytest.Config) -> None:
    """The usual run leaves out what is marked long; what is tried by chance is the same in every
    usual run, with ``--long`` of this day, and as ``NTM_SEED`` says where it is given.
    """
    usual = f"{dt.date.today():%Y%m%d}" if config.option.long else "2022"
    os.environ.setdefault("NTM_SEED", usual)  # before other processes begin, which take it over
    if not config.option.long and not config.option.markexpr:
        config.option.markexpr = "not long"


def sample(values: Iterable, usual: int) -> list:
    """Parameters of a test: the first ``usual`` are tried in every run, all with ``--long``."""
    return [
        pytest.param(value, marks=[pytest.mark.long] * (place >= usual))
        for place, value in enumerate(values)
    ]


@pytest.fixture(name="make_dataset")
def _make_dataset():
    """:func:`make_dataset`, for tests that ask for it by name."""
    return make_dataset


@pytest.fixture(scope="session", autouse=True)
def _law_read_once():
    """Law files and tables of the same bytes are read once a session; where something is wrong in
    them, each time.
    """
    kept, read, read_table = {}, workbook.read_law, workbook.read_table

    def table_once(
        path: Path, table: str, style: str, style_at: str, problems: list
    ) -> pd.DataFrame:
        key = path.is_file() and (table, path.name, style, path.read_bytes())
        if not key or key not in kept:
            before = len(problems)
            made = read_table(path, table, style, style_at, problems)
            if not key or len(problems) > before:
                return made
            kept[key] = made
        return kept[key].copy()

    def once(folder: Path, problems: list) -> Law:
        key = folder.name, *((path.name, path.read_bytes()) for path in sorted(folder.glob("*.*")))
        if key not in kept:
            before = len(problems)
            law = read(folder, problems)
            if len(problems) > before:
                return law
            kept[key] = law
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook, "read_law", once)
        patch.setattr(workbook, "read_table", table_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _worked_out_once(pytestconfig):
    """A data set of the same bytes is opened, and its baseline worked out, once a session; with
    ``--long`` each time.
    """
    if pytestconfig.option.long:
        yield
        return
    opened, known, read = {}, {}, Workbook.open

    def open_once(dataset="data/thanh-chuong", as_of=None, over=None) -> Workbook:
        key = None
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            folder = locate(dataset)
            key = folder, f"{as_of}", files_hash(folder)
        if over or not key:
            return read(dataset, as_of, over)
        if key not in opened:
            opened[key] = read(dataset, as_of)
        return lent(opened[key])

    def known_once(workbook, seed, layout=None):
        usual = replace(workbook.usual or workbook, path=Path())
        key = seed, pickle.dumps(usual)
        if key not in known:
            known[key] = baseline_of(workbook, seed, layout)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workbook, "open", open_once)
        for name in FORECASTING:
            patch.setattr(import_module(f"ntm_analysis.{name}"), "baseline_of", known_once)
        yield


def lent(workbook: Workbook) -> Workbook:
    """The same workbook, whose tables a test may change."""
    frames = {name: getattr(workbook, name).copy(deep=False) for name in ("units", "all_units")}
    tables = {name: table.copy(deep=False) for name, table in workbook.tables.items()}
    own = {"tables": tables, "meta": copy.deepcopy(workbook.meta)}
    return replace(workbook, warnings=list(workbook.warnings), **frames, **own)


@pytest.fixture(scope="session")
def store_of_the_session(tmp_path_factory, worker_id) -> Path:
    """A store that tests with whole pages share, as pages do in use; one for all processes that run
    tests.
    """
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "store"


@pytest.fixture(scope="module")
def kept_results(store_of_the_session) -> Iterator[None]:
    """For modules whose tests make whole pages of data that no other test changes behind the
    hashes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NTM_STORE", str(store_of_the_session))
        yield


@pytest.fixture(scope="module")
def one_warm_process() -> Iterator[None]:
    """For modules with many small batches: a warm process is started once for each environment, and
    ended after them all.
    """
    from ntm_analysis.reports import batch
    from ntm_analysis.reports.workers import ForkedRuns

    kept: dict[tuple, ForkedRuns] = {}

    class Kept(ForkedRuns):
        def close(self) -> None:
            # a batch that was stopped: what it started ends with the process
            if self.pids or self.orders:
                super().close()

    def forked(environment: dict[str, str]) -> ForkedRuns:
        key = tuple(sorted((k, v) for k, v in environment.items() if k != "PYTEST_CURRENT_TEST"))
        if key not in kept or kept[key].process.poll() is not None:
            kept[key] = Kept(environment)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "ForkedRuns", forked)
        yield
    for runs in kept.values():
        ForkedRuns.close(runs)


@pytest.fixture(scope="session")
def rendered_report(store_of_the_session, pytestconfig) -> Path:
    """The default district's report: its pages, four communes, index, single file and archive, made
    once for all processes that run tests.
    """
    from filelock import FileLock

    from ntm_analysis.reports import report

    workbook, whole_plan = Workbook.open("data/thanh-chuong"), report.page_list
    folder = store_of_the_session.parent / "rendered"
    wanted = {
        *report.PAGES,
        *(workbook.find(name) for name in ("Thanh Hương", "Thanh Tiên", "Thanh Lĩnh", "Thanh Lâm")),
    }
    # Sections are the same of fewer situations and scenarios: those that questions ask for.
    quick = {"draws": 1000}
    chosen = {"scenarios": "money-110,equal,closest,cement-150,late-oct-2023,two-more-years"}
    less = dict.fromkeys((report.FORECAST, report.ALLOCATION), quick)
    less[report.COMPARISON] = quick | chosen

    def pages(*given: object) -> list[report.Job]:
        jobs = [job for job in whole_plan(*given) if job.unit in wanted]
        more = [{} if pytestconfig.option.long else less.get(job.unit, {}) for job in jobs]
        return [
            replace(job, parameters=job.parameters | each)
            for job, each in zip(jobs, more, strict=True)
        ]

    with FileLock(f"{folder}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("NTM_STORE", str(store_of_the_session))
        patch.setattr(report, "page_list", pages)
        outcome = report.make_report(workbook, folder, single=True, archive=True)
    assert outcome.failed == []
    return folder

"""The command ``ntm report``: the bar while pages are made, what is said of them, how it is stopped."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from .batch import FolderBusy, RunsAnywhere
from .cli_files import Refused
from .cli_options import utf8
from .office_numbers import write_date
from .page_inputs import home_of
from .problems import shown
from .report import NoRoom, make_report
from .words import text
from .workbook import Workbook


def report_pages(workbook: Workbook, units: list[int] | None, options: argparse.Namespace) -> int:
    """Make the pages of all communes, or of ``units``, with a bar on standard error; gives the exit code."""
    lang = options.lang
    folder = Path(options.out) if options.out else home_of(workbook.path) / "reports" / workbook.id
    bar = tqdm(
        desc=text("cli_progress", lang), unit=text("cli_page", lang), file=sys.stderr, ascii=not utf8(sys.stderr), delay=0.5
    )
    failed = 0

    def planned(number: int) -> None:
        place, day = workbook.meta["title"][lang], write_date(workbook.as_of, lang)
        print(text("cli_setting" if number else "cli_unchanged", lang, n=number, place=place, day=day), file=sys.stderr)
        bar.reset(total=number)

    def ended(file: str, line: dict) -> None:
        nonlocal failed
        failed += line["status"] != "complete"
        bar.set_postfix_str(text("cli_failing", lang, n=failed) if failed else "", refresh=False)
        bar.update()

    stopped = signal.signal(signal.SIGTERM, _stop)
    try:
        with bar, _runs(options, folder) as runs:
            outcome = make_report(
                workbook, folder, units=units, lang=lang, audience=options.audience, single=options.single, archive=options.zip,
                jobs=options.jobs, force=options.force, timeout=options.timeout, runs=runs, on_plan=planned, on_page=ended,
            )  # fmt: skip
    except FolderBusy:
        raise Refused(text("cli_report_busy", lang, path=shown(f"{folder}"))) from None
    except NoRoom as error:
        raise Refused(text("cli_no_room", lang, path=shown(f"{error}"))) from None
    except OSError as error:
        raise Refused(text("cli_cannot_write", lang, detail=error)) from None
    finally:
        signal.signal(signal.SIGTERM, stopped)
    print(text("cli_done", lang, n=len(outcome.pages), made=outcome.made - len(outcome.failed), index=outcome.index))
    for key, path in (("cli_single", outcome.single), ("cli_zip", outcome.archive)):
        if path:
            print(text(key, lang, path=path))
    if outcome.failed:
        print(text("cli_failed", lang, n=len(outcome.failed)), file=sys.stderr)
        for title, message, _ in outcome.failed:
            print(f"  {title}: {message}", file=sys.stderr)
    return 1 if outcome.failed else 0


def _stop(*_: object) -> None:
    """Who ends the command ends it as Ctrl-C does: what was done stays, nothing is left running."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def _runs(options: argparse.Namespace, folder: Path) -> Iterator[RunsAnywhere | None]:
    """How pages are run: None on this machine, else on a cluster."""
    if not options.cluster:
        yield None
        return
    try:
        from .cluster import ClusterRuns
    except ImportError:
        raise Refused(text("cli_no_dask", options.lang)) from None
    try:
        with ClusterRuns.at(options.cluster, options.jobs, {"NTM_REPORTS": f"{folder.resolve()}"}) as runs:
            yield runs
    except (OSError, ValueError) as error:
        raise Refused(text("cli_no_cluster", options.lang, address=shown(options.cluster), detail=error)) from None

"""The command ``ntm report``: the bar while pages are made, what is said of them, how it is
stopped.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

from tqdm import tqdm

from .cli_files import Refused
from .cli_options import utf8
from .data import Workbook, home_of
from .language import text, write_date
from .reports import MOST, PLACE, FolderBusy, NoRoom, WrongMemory, make_report, surroundings
from .tables import shown

STOPPED = 130  # the exit code of a command ended by Ctrl-C


class Progress:
    """What is told on standard error while pages are made; ``number`` to look at, how many
    ``done``, how many ``failed``.
    """

    def __init__(self, workbook: Workbook, lang: str) -> None:
        self.workbook, self.lang, self.bar = workbook, lang, None
        self.number = self.done = self.failed = 0

    def planned(self, number: int) -> None:
        """Begin: no bar where there is nothing to do."""
        place, day, lang = (
            self.workbook.meta["title"][self.lang],
            write_date(self.workbook.as_of, self.lang),
            self.lang,
        )
        print(
            text(
                "cli_setting" if number else "cli_unchanged", lang, n=number, place=place, day=day
            ),
            file=sys.stderr,
        )
        self.number, bar = number, {"file": sys.stderr, "ascii": not utf8(sys.stderr), "delay": 0.5}
        if number:
            self.bar = tqdm(
                desc=text("cli_progress", lang), unit=text("cli_page", lang), total=number, **bar
            )

    def ended(self, file: str, line: dict) -> None:
        """Tell of a page."""
        complete = line["status"] == "complete"
        self.done, self.failed = self.done + complete, self.failed + (not complete)
        failing = text("cli_failing", self.lang, n=self.failed) if self.failed else ""
        self.bar.set_postfix_str(failing, refresh=False)
        self.bar.update()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()


def report_pages(workbook: Workbook, units: list[int] | None, options: argparse.Namespace) -> int:
    """Make the pages of all communes, or of ``units``, with a bar on standard error; gives the exit
    code.
    """
    lang = options.lang
    folder = Path(options.out) if options.out else home_of(workbook.path) / "reports" / workbook.id
    progress = Progress(workbook, lang)
    stopped = signal.signal(signal.SIGTERM, _stop)
    try:
        with _runs(options, folder) as runs, contextlib.closing(progress):
            outcome = make_report(
                workbook,
                folder,
                units=units,
                lang=lang,
                audience=options.audience,
                single=options.single,
                archive=options.zip,
                jobs=options.jobs,
                force=options.force,
                timeout=options.timeout,
                runs=runs,
                on_plan=progress.planned,
                on_page=progress.ended,
            )
    except KeyboardInterrupt:
        if not progress.number:
            raise
        key = "cli_interrupted_force" if options.force else "cli_interrupted_pages"
        print(text(key, lang, n=progress.done, number=progress.number), file=sys.stderr)
        return STOPPED
    except FolderBusy:
        raise Refused(text("cli_report_busy", lang, path=shown(f"{folder}"))) from None
    except WrongMemory as error:
        raise Refused(
            text("cli_wrong_memory", lang, told=shown(f"{error}"), most=f"{MOST}")
        ) from None
    except NoRoom as error:
        raise Refused(text("cli_no_room", lang, path=shown(f"{error}"))) from None
    except OSError as error:
        raise Refused(text("cli_cannot_write", lang, detail=error)) from None
    finally:
        signal.signal(signal.SIGTERM, stopped)
    print(text("cli_done", lang, n=len(outcome.pages), made=outcome.made, index=outcome.index))
    for key, path in (("cli_single", outcome.single), ("cli_zip", outcome.archive)):
        if path:
            print(text(key, lang, path=path))
    if outcome.changed:
        print(text("cli_files_changed", lang), file=sys.stderr)
    if outcome.failed:
        print(text("cli_failed", lang, n=len(outcome.failed)), file=sys.stderr)
        for title, message, _ in outcome.failed:
            print(f"  {title}: {message}", file=sys.stderr)
    return 1 if outcome.failed else 0


def _stop(*_):
    """Who ends the command ends it as Ctrl-C does: what was done stays, nothing is left running."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def _runs(options, folder):
    """How pages are run: None on this machine, else on a cluster."""
    address, lang = options.cluster, options.lang
    if address is None:
        yield None
        return
    try:
        from .reports import ClusterRuns, NoCluster
    except ImportError:
        raise Refused(text("cli_no_dask", lang)) from None
    environment = surroundings(folder)
    if PLACE in os.environ:
        environment[PLACE] = os.environ[PLACE]
    print(text("cli_connecting", lang, address=shown(address)), file=sys.stderr)

    def waiting():
        print(text("cli_awaiting_worker", lang), file=sys.stderr)

    try:
        with ClusterRuns.at(address, options.jobs, environment, waiting) as runs:
            yield runs
    except NoCluster as error:
        told = {"address": shown(address), "detail": shown(error.detail)}
        raise Refused(text(f"cli_cluster_{error.reason}", lang, **told)) from None

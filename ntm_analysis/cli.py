"""The command ``ntm``: what each command takes, does and says.

What a command takes stands in ``commands.yaml``; an answer is printed as its sentences and its
tables, or with ``--json`` as :meth:`to_dict` gives it. Exit codes: 0 done, 1 bad data or a failed
page, 2 bad usage, 130 stopped.
"""

import argparse
import contextlib
import datetime as dt
import errno
import json
import os
import platform
import re
import signal
import sys
import traceback
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from . import __version__, data, forecasts, results
from .allocation import allocate, planned_forecast, try_plans
from .data import Workbook
from .forecasts import check_warnings, price_of_promise, score
from .language import (
    OPTIMAL,
    RefusalError,
    add_option,
    nearest,
    pick,
    printable,
    readable_console,
    slug,
    text,
    utf8,
    write_date,
)
from .law import REGION_NAMES, read_weights, to_check
from .needs import demand, works_not_needed
from .scenarios import compare, scenario
from .standing import assess
from .tables import DATA, TABLE_ORDER, DataProblemsError, report, sweep, write_whole

LONGEST = 60  # letters of a province's or a district's name
FILLING = ("check", "template", "import")  # commands that a data set without communes has a use for
STOPPED = 130  # the exit code of a command ended by Ctrl-C


def main(arguments=None):
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit code.
    """
    readable_console()
    typed = sys.argv[1:] if arguments is None else list(arguments)
    lang = _language(typed)
    parser = parser_of(lang, typed)
    options = parser.parse_args(typed)
    options.lang = lang  # wherever it stands
    if options.command != "report" and len(getattr(options, "commune", None) or ()) > 1:
        parser.error(f"--commune: {text('cli_one_commune', lang)}")
    try:
        for place in (DATA, *map(data.register_folder, (DATA, Path.cwd() / "data"))):
            sweep(place)
        code = COMMANDS[options.command](options)
        if sys.stdout:  # a full disk is told here, not by Python when it ends
            sys.stdout.flush()
        return code
    except DataProblemsError as error:
        print(report(error.problems, lang), file=sys.stderr)
        print(text("cli_refused", lang), file=sys.stderr)
    except RefusalError as error:
        print(error.words(lang), file=sys.stderr)
    except BrokenPipeError:
        # The reader went away (``ntm status | head``): nothing to say, and nothing more to flush.
        _print_no_more()
        return 0
    except KeyboardInterrupt:
        print(text("cli_interrupted", lang), file=sys.stderr)
        return STOPPED
    except MemoryError:
        print(text("cli_no_memory", lang), file=sys.stderr)
    except OSError as error:
        place = f"{printable(f'{error.filename}')}: " if error.filename else ""
        detail = f"{place}{error.strerror or error}"
        print(text("cli_cannot_write", lang, detail=detail), file=sys.stderr)
        if error.errno == errno.ENOSPC:  # nothing more may be printed
            _print_no_more()
    except Exception as error:
        # A mistake of ours: said in one sentence that a planner can pass on, with the place for a
        # maintainer.
        place = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        print(text("cli_unforeseen", lang, detail=printable(detail)), file=sys.stderr)
    return 1


def _print_no_more():
    with contextlib.suppress(OSError):  # what stands in the place of a console may have no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---- what is typed


def _language(typed):
    """The language asked for, known before anything else is read: usage errors need it."""
    line = " ".join(typed).replace("--lang=", "--lang ")
    return "en" if "--lang en" in line else "vi"


@cache
def _declared():
    source = files(__package__).joinpath("commands.yaml").read_text(encoding="utf-8")
    return yaml.load(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class Help(argparse.HelpFormatter):
    """Help that tells the default of an option, where its words do not yet."""

    def _get_help_string(self, action):
        words, default = action.help, action.default
        if not default or default is argparse.SUPPRESS or re.search("default:|nếu không", words):
            return words
        return words + text("cli_default", Parser.asked_in[0], value="%(default)s")


class Parser(argparse.ArgumentParser):
    """A parser that speaks the reader's language and says what a mistyped word may have meant."""

    def error(self, message):
        """Say what is wrong and which word was meant, and end with exit code 2.

        Parameters
        ----------
        message : str
        """
        known, (lang, typed) = [*self.known], self.asked_in
        unknown = [word.partition("=")[0] for word in typed if word.startswith("--")]
        words = [word for word in typed if not word.startswith("-") and word not in ("vi", "en")]
        if words and words[0] in known:
            known = self.known[words[0]]._option_string_actions
        elif words:
            unknown, message = words[:1], text("cli_no_command", lang, name=printable(words[0]))
        bare = {name.strip("-"): name for name in known}
        near = [
            bare[name]
            for word in unknown
            if word not in known
            for name in nearest(word.strip("-"), bare)[:1]
        ]
        if names := " ".join(near):
            message = f"{message}; {text('cli_meant', lang, name=names)}"
        super().error(message)


def parser_of(lang="vi", typed=()):
    """The commands and their options.

    Parameters
    ----------
    lang : str
        Of help and usage errors.
    typed : sequence of str
        What was typed, for suggestions.

    Returns
    -------
    Parser
    """
    declared = _declared()
    words = declared["argparse"] if lang == "vi" else {}
    argparse._ = lambda sentence: words.get(sentence, sentence)
    argparse.ngettext = lambda one, many, n: argparse._(one if n == 1 else many)
    Parser.asked_in = lang, list(typed)
    usual = {"allow_abbrev": False, "formatter_class": Help}
    parser = Parser(prog="ntm", description=declared["about"][lang], **usual)
    add_option(parser, "lang", declared["options"]["lang"], lang)
    name = text("cli_command", lang)
    commands = parser.add_subparsers(dest="command", required=True, metavar=name)
    Parser.known = commands.choices
    for name, command in declared["commands"].items():
        about = command[lang]
        own = commands.add_parser(name, help=about, description=about, **usual)
        for option in ("lang", *command["takes"].split()):
            key, optional = option.rstrip("?"), option.endswith("?")
            add_option(own, key, declared["options"][key], lang, optional)
    return parser


# ---- what every command needs


def open_workbook(options):
    """The data set that the command names, cut to its day where it has one.

    Parameters
    ----------
    options : Namespace

    Returns
    -------
    Workbook
        With communes, unless the command is one that a data set just laid out is filled with.

    Raises
    ------
    RefusalError, DataProblemsError
    """
    workbook = Workbook.open(options.dataset, getattr(options, "as_of", None))
    if options.command not in FILLING:
        workbook.must_have_communes()
    return workbook


def _units(options, find):
    """Unit numbers of the communes named, in the order given, each once; None for all."""
    return [*dict.fromkeys(map(find, options.commune or ()))] or None


# ---- answers


def _answer(options, result, warnings=()):
    """Print an answer: as JSON, or its sentences and tables under the data set's title and day."""
    lang, workbook = options.lang, result.workbook
    if options.json:
        return _print_json(result.to_dict())
    day = write_date(workbook.as_of, lang)
    print(f"{workbook.meta['title'][lang]}. {text('as_of', lang, day=day)}")
    print("\n".join([result.sentence(lang), *result.notes(lang)]))
    for name, wanted in result.console:
        if lines := results.table_lines(result, name, wanted, lang):
            print("\n".join(["", *lines]))
    if warnings:
        print("\n" + report(warnings, lang))
    return 0


def _print_json(record):
    print(json.dumps(record, ensure_ascii=not utf8(sys.stdout), indent=1))
    return 0


def _left_out(workbook, lang):
    """What became known only after the as-of date, by file."""
    if not workbook.left_out:
        return []
    parts = ", ".join(f"{name} ({n})" for name, n in sorted(workbook.left_out.items()))
    return [text("cli_left_out", lang, day=write_date(workbook.as_of, lang), parts=parts)]


def _check(options):
    workbook, lang = open_workbook(options), options.lang
    place = workbook.meta["title"][lang]
    if workbook.communes.empty:
        print(text("cli_laid_out", lang, place=place), report(workbook.warnings, lang), sep="\n")
        return 0
    warnings = check_warnings(workbook)
    rows, day = sum(map(len, workbook.tables.values())), write_date(workbook.as_of, lang)
    print(text("cli_fine", lang, place=place, rows=rows, day=day, hash=workbook.content_hash))
    for name, table in workbook.tables.items():
        print(f"  {name}.csv: {len(table)}")
    print(
        "\n".join(
            [*_left_out(workbook, lang), text("cli_unread", lang, n=len(to_check(workbook.law)))]
        )
    )
    if warnings:
        print(report(warnings, lang))
    return 0


def _status(options):
    workbook, lang = open_workbook(options), options.lang
    workbook.must_have_set(options.set)
    units = _units(options, workbook.find_commune)
    result = results.AssessmentResult(workbook, options.set, units, lang)
    _answer(options, result)
    if not options.json:
        print("\n".join(["", *_left_out(workbook, lang)]))
    return 0


def _needs(options):
    workbook = scenario(open_workbook(options), options.scenario)
    standing = assess(workbook, workbook.default_set("ntm"))
    units = _units(options, workbook.find_commune)
    question = {"units": units, "draws": options.draws, "seed": options.seed, "standing": standing}
    result = results.NeedResult(
        workbook, demand(workbook, options.target, **question), options.lang
    )
    return _answer(options, result, works_not_needed(workbook, standing))


def _forecast(options):
    workbook, lang = open_workbook(options), options.lang
    units = _units(options, workbook.find_commune)
    chosen = scenario(workbook, options.scenario)
    will = planned_forecast(
        chosen,
        policy=options.policy or chosen.policy,
        deadline=options.deadline,
        finish=options.finish,
        draws=options.draws,
        seed=options.seed,
    )
    result = results.ForecastResult(will, lang)
    if options.price:
        result.price_of_promise = price_of_promise(will)
    entered = _registered(workbook, result.to_dict(), lang) if options.register else ""
    result.commune = units[0] if units else None
    if entered:
        print(entered, file=sys.stderr)
    return _answer(options, result)


def _registered(workbook, record, lang):
    """Enter a forecast in the register; what to say of it."""
    if workbook.illustrative:
        raise RefusalError("score_no_illustrative")
    made_with = {"ntm-analysis": __version__, "python": platform.python_version()}
    entry = data.entry_of(record, dt.date.today(), made_with)
    path, new = data.register(data.register_folder(workbook.path), entry)
    return text("score_registered" if new else "score_registered_before", lang, path=path)


def _allocate(options):
    plans = allocate(scenario(open_workbook(options), options.scenario), seed=options.seed)
    trial = try_plans(plans, options.draws)
    return _answer(
        options, results.AllocationResult(plans, options.policy or OPTIMAL, trial, options.lang)
    )


def _compare(options):
    workbook, lang = open_workbook(options), options.lang
    question = {"draws": options.draws, "seed": options.seed}
    both = compare(workbook, options.scenarios, options.baseline, **question)
    return _answer(options, results.ComparisonResult(both, lang), both.warnings)


def _score(options):
    here = Path.cwd() / data.REGISTER
    folder = here if here.is_dir() else data.register_folder(DATA)
    today, lang, damaged = dt.date.today(), options.lang, []
    outcomes = data.read_outcomes(folder / data.OUTCOMES, today)
    scores = score(data.read_register(folder, damaged), outcomes, today)
    if options.json:
        _print_json({"register": str(folder)} | results.score_record(scores))
    else:
        print(text("score_folder", lang, path=folder), *results.score_lines(scores, lang), sep="\n")
    if damaged:
        print(report(damaged, lang), text("score_without", lang), sep="\n", file=sys.stderr)
    return 1 if damaged else 0


def _backtest(options):
    known = forecasts.evidence()
    if options.refit:
        table = forecasts.fit(known.figures, known.lists).table()
        write_whole(forecasts.KEPT_FIT, table.to_csv(index=False, lineterminator="\n"))
    series = forecasts.read_series(Path(options.series)) if options.series else None
    pairs, left_out = forecasts.figures(forecasts.reference("series") if series is None else series)
    tried = forecasts.back_test(pairs, known, forecasts.Posterior.read())
    result = forecasts.back_test_record(tried, left_out.to_dict("records"))
    if options.refit and not options.series:
        write_whole(forecasts.KEPT_BACK_TEST, forecasts.kept_text(result["summary"]))
    if options.json:
        return _print_json(result)
    print("\n".join(results.back_test_lines(result, options.lang)))
    return 0


# ---- pages


def _report(options):
    from . import reports as room

    lang = options.lang
    workbook, _ = data.kept_workbook(data.locate(options.dataset), f"{options.as_of or ''}")
    workbook.must_have_communes()
    units = _units(options, workbook.find)
    folder = Path(options.out or data.reports_folder(workbook.path, workbook.id))
    progress, before = room.Progress(workbook, lang), signal.signal(signal.SIGTERM, _stop)
    question = {"single": options.single, "archive": options.zip, "jobs": options.jobs}
    question |= {"force": options.force, "timeout": options.timeout, "audience": options.audience}
    calls = {"on_list": progress.begin, "on_page": progress.ended}
    try:
        with _runs(options, folder) as runs, contextlib.closing(progress):
            outcome = room.make_report(
                workbook, folder, units=units, lang=lang, runs=runs, **question, **calls
            )
    except KeyboardInterrupt:
        if not progress.number:
            raise
        key = "cli_interrupted_force" if options.force else "cli_interrupted_pages"
        print(text(key, lang, n=progress.done, number=progress.number), file=sys.stderr)
        return STOPPED
    finally:
        signal.signal(signal.SIGTERM, before)
    print(text("cli_done", lang, n=len(outcome.pages), made=outcome.new_pages, index=outcome.index))
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
    from .reports import MEMORY_VARIABLE, surroundings

    try:
        from .reports import ClusterRuns
    except ImportError:
        raise RefusalError("cli_no_dask") from None
    environment = surroundings(folder)
    if MEMORY_VARIABLE in os.environ:
        environment[MEMORY_VARIABLE] = os.environ[MEMORY_VARIABLE]
    print(text("cli_connecting", lang, address=printable(address)), file=sys.stderr)

    def waiting():
        print(text("cli_awaiting_worker", lang), file=sys.stderr)

    with ClusterRuns.at(address, options.jobs, environment, waiting) as runs:
        yield runs


# ---- files and data sets


def _template(options):
    """A file that is there is never written over, for it may have been filled in."""
    from .exchange import template_book

    lang, out, workbook = options.lang, Path(options.out), open_workbook(options)
    workbook.must_not_hold(out)
    rows, communes = data.current_rows(workbook)
    book = template_book(workbook, rows, communes)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with out.open("xb") as file:
            try:
                file.write(book)
            except OSError:
                out.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise RefusalError("template_exists", name=options.out) from None
    count, place = sum(map(len, rows.values())), workbook.meta["title"][lang]
    figures = {"sheets": len(TABLE_ORDER), "rows": count}
    print(text("template_done", lang, path=printable(options.out), place=place, **figures))
    return 0


def _import(options):
    place = data.locate(options.dataset)
    try:
        with contextlib.nullcontext() if options.dry_run else data.only_one(place):
            return _take_in(options)
    except OSError as error:
        detail = error.strerror or error
        raise RefusalError("import_cannot", place=place, detail=detail) from None


def _take_in(options):
    from . import exchange as room

    lang, workbook = options.lang, open_workbook(options)
    workbook.must_have_set(options.set)
    intake = room.understand(Path(options.file), workbook, options.date, options.set)
    print("\n".join(room.understood_lines(intake, lang)))
    intake.problems += room.rows_of_the_future(intake, lang)
    if options.drop_lost and (intake.outdated or intake.stranger) and intake.changes.of("lost"):
        raise RefusalError("import_no_drop")
    texts, origins = room.next_texts(intake, options.drop_lost)

    def checked(folder=None):
        """Everything wrong is told at once, else what would change, before anything is touched."""
        after = room.check(intake, texts, origins, folder)
        print("\n".join(room.change_lines(intake, lang, options.full)))
        new = [warning for warning in after.warnings if warning not in workbook.warnings]
        new += room.new_contradictions(workbook, after)
        new = [room.problem_at_cell(one, origins.get((one.file, one.row)), intake) for one in new]
        if fresh := [*intake.problems, *new]:
            print(text("import_new_warnings", lang), report(fresh, lang), sep="\n")

    if options.dry_run or not texts:
        checked()
        print(text("import_dry" if options.dry_run else "import_nothing", lang))
        return 0
    log = "\r\n".join(
        [*room.understood_lines(intake, lang), *room.change_lines(intake, lang, full=True)]
    )
    previous = data.replace_version(workbook.path, texts, checked, dt.datetime.now(), log)
    if options.drop_lost and (lost := intake.changes.of("lost")):
        print(text("import_dropped", lang, n=len(lost)))
    print(text("import_done", lang, files=", ".join(texts), previous=previous))
    return 0


def _export(options):
    """The old file stays as it was until the new one is whole."""
    from .exchange import office_workbook

    lang, workbook = options.lang, open_workbook(options)
    workbook.must_not_hold(options.out)
    forms, book = office_workbook(workbook, lang, options.draws, options.seed)
    try:
        write_whole(Path(options.out), book)
    except OSError as error:
        detail = error.strerror or error
        raise RefusalError("export_busy", path=options.out, detail=detail) from None
    print(text("cli_exported", lang, sheets=forms, path=printable(options.out)))
    return 0


def _new(options):
    lang, province = options.lang, options.province.strip()
    names = (province, options.district.strip())
    for name in names:
        if not data.is_name(name) or not name.isprintable() or len(name) > LONGEST:
            raise RefusalError("new_no_name", name=name)
    lender = Workbook.open(options.ground) if options.ground else None
    question = (options.dataset, *names, options.region, options.as_of, lender, lang)
    folder, region = data.lay_out(*question)
    bare = Path(options.dataset).name == options.dataset
    called = f"{folder.name if bare else folder}"
    called = f'"{called}"' if " " in called else called
    details = {"file": f"{slug(folder.name)}.xlsx", "region": pick(REGION_NAMES[region], lang)}
    print(text("new_done", lang, folder=folder, name=called, **details))
    day, end = options.as_of or dt.date.today(), data.TERM_END
    if day >= end:
        days = {"day": write_date(day, lang), "end": write_date(end, lang)}
        print(text("new_term_over", lang, **days))
    if not options.ground:
        print(text("new_no_ground", lang))
    return 0


def _rebase(options):
    from . import exchange as room

    lang = options.lang
    old = Workbook.open(options.dataset, options.date)
    folder = data.new_place(options.out, old)
    rebased = room.rebase(old, read_weights(old.law_folder))
    account = {room.REBASE_REPORT: room.report_csv(old, rebased, lang)}
    new = data.write_dataset(folder, room.new_meta(old, folder), rebased.tables, account)
    details = {"n": len(new.communes), "day": write_date(new.as_of, lang)}
    print(text("rebase_done", lang, folder=folder, report=folder / room.REBASE_REPORT, **details))
    print("\n".join([*room.standing_lines(old, rebased, lang), *room.account_lines(rebased, lang)]))
    if new.meta.get("district"):
        print(text("rebase_district_over", lang))
    if new.last_day < new.as_of:
        print(text("rebase_term_over", lang, end=write_date(new.last_day, lang)))
    if new.warnings:
        print(report(new.warnings, lang))
    return 0


COMMANDS = {
    "check": _check,
    "status": _status,
    "needs": _needs,
    "forecast": _forecast,
    "allocate": _allocate,
    "compare": _compare,
    "score": _score,
    "backtest": _backtest,
    "report": _report,
    "template": _template,
    "import": _import,
    "export": _export,
    "rebase": _rebase,
    "new": _new,
}

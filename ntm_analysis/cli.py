"""The command ``ntm``: check, status, needs, forecast, allocate, compare, score, backtest, report.

Exit codes: 0 done, 1 bad data or a failed page, 2 bad usage.
"""

import datetime as dt
import json
import os
import platform
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .cli_files import (
    Refused,
    export,
    folder_of,
    import_file,
    need_communes,
    new,
    open_workbook,
    rebase,
    template,
)
from .cli_options import parser_of, readable_console, utf8
from .data import UnknownCommune, described, home_of, kept_workbook
from .forecasts import points
from .language import (
    LEVEL_WORDS,
    OPTIMAL,
    STATE_SIGNS,
    UNCHECKED,
    listed,
    nearest,
    pick,
    text,
    write_date,
)
from .law import to_check
from .needs import demand, works_not_needed
from .standing import NEAR, assess, commune_records, overview
from .tables import FORECASTS, DataProblems, report, shown, write_whole
from .wording import count_words, lacking_words, need_lines, recognised_sentence

if TYPE_CHECKING:
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    readable_console()
    parser = parser_of()
    options = parser.parse_args(arguments)
    if (
        options.command in ("status", "needs", "forecast")
        and options.commune
        and len(options.commune) > 1
    ):
        parser.error(f"{options.command}: one --commune")
    try:
        return {
            "check": _check,
            "status": _status,
            "needs": _needs,
            "forecast": _forecast,
            "allocate": _allocate,
            "compare": _compare,
            "score": _score,
            "backtest": _backtest,
            "report": _report,
            "template": template,
            "import": import_file,
            "export": export,
            "rebase": rebase,
            "new": new,
        }[options.command](options)
    except DataProblems as error:
        print(report(error.problems, options.lang), file=sys.stderr)
        print(text("cli_refused", options.lang), file=sys.stderr)
    except Refused as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:
        # The reader went away (``ntm status | head``): nothing to say, and nothing more to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(text("cli_interrupted", options.lang), file=sys.stderr)
        return 130
    except Exception as error:
        # A mistake of ours: said in one sentence that a planner can pass on, with the place for a
        # maintainer.
        place = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        print(text("cli_unforeseen", options.lang, detail=shown(detail)), file=sys.stderr)
    return 1


def _find(workbook, names, lang):
    """Unit numbers of the communes named, in the order given, each once."""
    units = []
    for name in names:
        try:
            units.append(workbook.find(name))
        except UnknownCommune as error:
            near = text("cli_near", lang, near="; ".join(error.near)) if error.near else ""
            raise Refused(text("cli_no_commune", lang, name=shown(name)) + near) from None
    return list(dict.fromkeys(units))


def _check(options):
    workbook, lang = open_workbook(options), options.lang
    if workbook.communes.empty:
        print(
            text("cli_laid_out", lang, place=workbook.meta["title"][lang]),
            report(workbook.warnings, lang),
            sep="\n",
        )
        return 0
    warnings = points(workbook)
    rows = sum(map(len, workbook.tables.values()))
    day, place = write_date(workbook.as_of, lang), workbook.meta["title"][lang]
    print(text("cli_fine", lang, place=place, rows=rows, day=day, hash=workbook.content_hash))
    for name, table in workbook.tables.items():
        print(f"  {name}.csv: {len(table)}")
    _print_left_out(workbook, lang)
    print(text("cli_unread", lang, n=len(to_check(workbook.law))))
    if warnings:
        print(report(warnings, lang))
    return 0


def _print_left_out(workbook, lang):
    """What became known only after the as-of date, by file."""
    if workbook.left_out:
        parts = ", ".join(f"{name} ({n})" for name, n in sorted(workbook.left_out.items()))
        print(text("cli_left_out", lang, day=write_date(workbook.as_of, lang), parts=parts))


def _status(options):
    workbook, lang = open_workbook(options), options.lang
    if options.set and options.set not in workbook.law.sets:
        raise Refused(
            text(
                "cli_no_set",
                lang,
                name=shown(options.set),
                known=", ".join(sorted(workbook.law.sets)),
            )
        )
    units = _find(workbook, options.commune, lang) if options.commune else None
    records = commune_records(workbook, options.set, units)
    if units and not records:
        raise Refused(text("not_a_commune", lang, label=described(workbook.units.loc[units[0]])))
    if options.json:
        return _print_json(
            {"dataset": workbook.id, "as_of": f"{workbook.as_of}", "communes": records}
        )
    set_id = options.set or workbook.default_set("ntm")
    standing = assess(workbook, set_id)
    if units:
        _print_commune(workbook, records[0], lang)
        return 0
    o = overview(workbook, standing)
    print(
        workbook.meta["title"][lang]
        + ". "
        + text("as_of", lang, day=write_date(workbook.as_of, lang))
    )
    print(recognised_sentence(o, workbook.unlisted, lang))
    for name in ("ready", "near", "far", "no_data"):
        if found := getattr(o, name):
            names = listed(workbook.units.loc[found, "name"], lang)
            print(text(f"group_{name}", lang, n=len(found), most=NEAR, names=names))
    print()
    print(text("cli_status_head", lang))
    for record in records:
        print(_line(record, lang))
    print()
    _print_left_out(workbook, lang)
    return 0


def _line(record, lang):
    """One commune in the text table."""
    count = count_words(record)
    level = "-" if record["level"] == "not_ntm" else pick(LEVEL_WORDS[record["level"]], lang)
    row = f"{record['code']:<6} {record['name']:<16} {level:<22} {count:<9} {lacking_words(record, lang)}"
    return f"{row}  [{record['set']}]"


def _print_commune(workbook, record, lang):
    """One commune: its counts by set, then its criteria by name and state."""
    unit = workbook.find(record["code"])
    print(described(workbook.units.loc[unit]))
    for counts in (record, *record["standings"]):
        print("  " + _line(record | counts, lang))
    set_id = record["set"]
    if workbook.law.sets[set_id].counts_only:
        set_id = workbook.default_set("ntm")
    standing, names = assess(workbook, set_id), workbook.law.criteria_of(set_id)
    unread = standing.unread().loc[unit]
    print(f"{workbook.law.sets[set_id].title[lang]}:")
    for number, state in standing.matrix().loc[unit].items():
        sign = pick(STATE_SIGNS[state], lang) + (UNCHECKED if unread[number] else "")
        print(f"  {number:>2} {sign:<7} {names.loc[number, f'name_{lang}']}")


def _needs(options):
    from .needs import need_record

    workbook, lang = open_workbook(options), options.lang
    workbook = _scenario(workbook, options.scenario, lang).workbook
    units = _commune(options, workbook)
    standing = assess(workbook, workbook.default_set("ntm"))
    asked = {"units": units, "draws": options.draws, "seed": options.seed, "standing": standing}
    made = need_record(workbook, demand(workbook, options.target, **asked))
    warnings = works_not_needed(workbook, standing)
    return _tell(options, workbook, made | {"scenario": options.scenario}, need_lines, warnings)


def _commune(options, workbook):
    """The one commune asked for, None for all; refused when it is a township."""
    units = _find(workbook, options.commune, options.lang) if options.commune else None
    if units and units[0] not in workbook.communes.index:
        raise Refused(
            text("not_a_commune", options.lang, label=described(workbook.units.loc[units[0]]))
        )
    return units


def _tell(options, workbook, made, lines, warnings=()):
    """A record as JSON, or its sentences under the data set's title and day, then warnings; gives
    exit code 0.
    """
    lang = options.lang
    if options.json:
        return _print_json(made)
    print(
        workbook.meta["title"][lang]
        + ". "
        + text("as_of", lang, day=write_date(workbook.as_of, lang))
    )
    print("\n".join(lines(workbook, made, lang)))
    if warnings:
        print("\n" + report(warnings, lang))
    return 0


def _print_json(made):
    print(json.dumps(made, ensure_ascii=not utf8(sys.stdout), indent=1))
    return 0


def _scenario(workbook, name, lang):
    """The scenario named, applied; its faults are those of its file."""
    from .scenarios import UnknownScenario, scenario

    try:
        return scenario(workbook, name)
    except UnknownScenario as error:
        raise Refused(_no_scenario(*error.args, lang)) from None


def _no_scenario(name, known, lang):
    """That there is no such scenario, and those there are, the nearest names first."""
    ordered = dict.fromkeys([*nearest(name, known), *known])
    return text("cli_no_scenario", lang, name=shown(name), known=", ".join(ordered))


def _registered(workbook, made, lang):
    """Enter a forecast in the register; what to say of it."""
    from .forecasts import FOLDER, entry_of, register

    if workbook.illustrative:
        raise Refused(text("score_no_illustrative", lang))
    entry = entry_of(
        made, dt.date.today(), {"ntm-analysis": __version__, "python": platform.python_version()}
    )
    try:
        path, new = register(home_of(workbook.path) / FOLDER, entry)
    except OSError as error:
        raise Refused(text("cli_cannot_write", lang, detail=error)) from None
    return text("score_registered" if new else "score_registered_before", lang, path=path)


def _score(options):
    from .forecasts import FOLDER, OUTCOMES, read_outcomes, read_register, score
    from .wording import score_lines, score_record

    folder = Path.cwd() / FOLDER if (Path.cwd() / FOLDER).is_dir() else FORECASTS
    today = dt.date.today()
    scores = score(read_register(folder), read_outcomes(folder / OUTCOMES, today), today)
    if options.json:
        return _print_json({"register": str(folder)} | score_record(scores))
    print(
        "\n".join(
            [text("score_folder", options.lang, path=folder), *score_lines(scores, options.lang)]
        )
    )
    return 0


def _backtest(options):
    from .forecasts import (
        FIT,
        KEPT,
        Posterior,
        back_test,
        back_test_record,
        evidence,
        figures,
        fit,
        kept_text,
        read_series,
        reference,
    )
    from .wording import back_test_lines

    known = evidence()
    if options.refit:
        write_whole(
            FIT, fit(known.figures, known.lists).table().to_csv(index=False, lineterminator="\n")
        )
    tried, left_out = figures(
        read_series(Path(options.series)) if options.series else reference("series")
    )
    result = back_test_record(
        back_test(tried, known, Posterior.read()), left_out.to_dict("records")
    )
    if options.refit and not options.series:
        write_whole(KEPT, kept_text(result["summary"]))
    if options.json:
        return _print_json(result)
    print("\n".join(back_test_lines(result, options.lang)))
    return 0


def _forecast(options):
    from .allocation import planned_forecast
    from .forecasts import forecast_record, promise
    from .wording import forecast_lines

    workbook, lang = open_workbook(options), options.lang
    units = _commune(options, workbook)
    chosen = _scenario(workbook, options.scenario, lang)
    found = planned_forecast(
        chosen.workbook,
        policy=options.policy or chosen.policy,
        deadline=options.deadline,
        finish=options.finish,
        draws=options.draws,
        seed=options.seed,
    )
    made = forecast_record(found, options.scenario, chosen.title)
    if options.price:
        made["price_of_promise"] = promise(found)
    entered = _registered(workbook, made, lang) if options.register else ""
    if units:
        code = workbook.units.loc[units[0], "code"]
        made |= {
            key: [row for row in made[key] if row["code"] == code]
            for key in ("communes", "registrations")
        }
    _tell(options, workbook, made, forecast_lines)
    if entered:
        print(entered, file=sys.stderr)
    return 0


def _allocate(options):
    from .allocation import allocate, allocation_record, tried
    from .wording import allocation_lines

    workbook, lang = open_workbook(options), options.lang
    chosen = _scenario(workbook, options.scenario, lang)
    found = allocate(chosen.workbook, seed=options.seed)
    trial = tried(found, options.draws)
    made = allocation_record(
        found, options.policy or OPTIMAL, trial, options.scenario, chosen.title
    )
    return _tell(options, chosen.workbook, made, allocation_lines)


def _compare(options):
    from .scenarios import UnknownScenario, compare, comparison_record
    from .wording import compare_lines

    workbook, lang = open_workbook(options), options.lang
    try:
        found = compare(
            workbook, options.scenarios, options.baseline, draws=options.draws, seed=options.seed
        )
    except UnknownScenario as error:
        raise Refused(_no_scenario(*error.args, lang)) from None
    return _tell(options, workbook, comparison_record(found), compare_lines, found.warnings)


def _report(options):
    from .cli_report import report_pages

    workbook, _ = kept_workbook(folder_of(options), f"{options.as_of or ''}")
    need_communes(workbook, options.lang)
    return report_pages(
        workbook,
        _find(workbook, options.commune, options.lang) if options.commune else None,
        options,
    )

"""The options of the command ``ntm``, and a console that can show what it prints."""

import argparse
import codecs
import sys

from .language import PLANS, NotRead, plain, read_date, text
from .law import REGION_NAMES
from .tables import shown

COMMANDS = {
    "check": "read and check a data set; every problem at once",
    "status": "where the communes stand",
    "needs": "what finishing costs, who pays, where the gap is",
    "forecast": "whether every commune will finish by the deadline",
    "allocate": "which works to fund in which year; what one commune more would take",
    "compare": "scenarios side by side in the same worlds",
    "score": "registered forecasts against what happened",
    "backtest": "the forecast against published figures of provinces that it has not seen",
    "report": "the district's pages, one page a commune and an index",
    "template": "an Excel workbook to fill in, with the present rows",
    "import": "read a filled template or an office's own form; all or nothing",
    "export": "everything in one Excel workbook in office form",
    "rebase": "carry a data set over to the units of a later day",
    "new": "lay out an empty data set for a district that has none",
}


DATASET = "folder of a data set, or its name under data/"
SWITCH = {"action": "store_true"}


def _day(typed):
    """A day on the command line, as in the data: 2022-03-31 or 31/3/2022."""
    try:
        return read_date(typed)
    except NotRead:
        raise argparse.ArgumentTypeError(text("cli_no_date", "vi", name=shown(typed))) from None


def _xlsx(typed):
    """The name of an Excel file on the command line."""
    if not typed.lower().endswith(".xlsx"):
        raise argparse.ArgumentTypeError(text("cli_not_xlsx", "vi", name=shown(typed)))
    return typed


def _ids(typed):
    """Names joined by commas on the command line."""
    names = [name.strip() for name in typed.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"“{shown(typed)}”: A,B,...")
    return names


def _address(typed):
    """The address of a cluster on the command line; a blank one is no address."""
    if not typed.strip():
        raise argparse.ArgumentTypeError("“”: tcp://ADDRESS:8786, local")
    return typed.strip()


def _count(typed, least=1):
    """A whole number from ``least`` on the command line."""
    if (
        not typed.isascii()
        or not typed.isdecimal()
        or len(typed) > 8
        or not least <= int(typed) <= 10_000_000
    ):
        raise argparse.ArgumentTypeError(text("cli_no_count", "vi", name=shown(typed), least=least))
    return int(typed)


def _seed(typed):
    """A seed on the command line."""
    return _count(typed, 0)


# The options of the commands: for which of them, how each is called, what argparse is told of it.
OPTIONS = (
    (
        "status needs forecast",
        "--commune",
        {"action": "append", "metavar": "NAME", "help": "name, code or slug of one commune"},
    ),
    ("status", "--set", {"default": "", "metavar": "ID", "help": "judge all by this criteria set"}),
    (
        "status needs forecast allocate compare score backtest",
        "--json",
        SWITCH | {"help": "print JSON, for a machine to read"},
    ),
    (
        "needs",
        "--target",
        {
            "choices": ("ntm", "registered"),
            "default": "ntm",
            "help": "communes not yet NTM, or those with a planned target",
        },
    ),
    (
        "backtest",
        "--series",
        {
            "metavar": "FILE",
            "help": "figures with the columns of panel_series.csv (default: the shipped panel)",
        },
    ),
    ("backtest", "--refit", SWITCH | {"help": "first fit the evidence anew; keep fit and summary"}),
    (
        "compare",
        "--scenarios",
        {"type": _ids, "default": [], "metavar": "A,B,...", "help": "default: all there are"},
    ),
    (
        "compare",
        "--baseline",
        {"default": "baseline", "metavar": "ID", "help": "what the others are held against"},
    ),
    (
        "needs forecast allocate",
        "--scenario",
        {"default": "baseline", "metavar": "ID", "help": "default: baseline, the data as they are"},
    ),
    (
        "needs forecast allocate compare export",
        "--draws",
        {
            "type": _count,
            "default": 10_000,
            "metavar": "N",
            "help": "worlds drawn (default: 10000)",
        },
    ),
    (
        "needs forecast allocate compare export",
        "--seed",
        {
            "type": _seed,
            "default": 2022,
            "metavar": "K",
            "help": "another seed draws other worlds (default: 2022)",
        },
    ),
    ("forecast", "--policy", {"choices": PLANS, "help": "who is listed and paid first"}),
    (
        "forecast",
        "--deadline",
        {"type": _day, "metavar": "DATE", "help": "default: the end of the term"},
    ),
    (
        "forecast",
        "--finish",
        {
            "choices": ("met", "signed"),
            "default": "met",
            "help": "the deadline binds the criteria met, or the decision signed",
        },
    ),
    ("forecast", "--price", SWITCH | {"help": "also what it would take"}),
    (
        "forecast",
        "--register",
        SWITCH | {"help": "enter the forecast in forecasts/, to be scored later"},
    ),
    (
        "allocate",
        "--policy",
        {"choices": PLANS, "help": "whose plan to show (default: the optimal one)"},
    ),
    ("import", "--dry-run", SWITCH | {"help": "show what would change and write nothing"}),
    (
        "import",
        "--drop-lost",
        SWITCH | {"help": "delete rows that a filled template no longer has (default: kept)"},
    ),
    (
        "import",
        "--date",
        {
            "type": _day,
            "metavar": "DATE",
            "help": "day of the figures, where a form does not say it",
        },
    ),
    (
        "import",
        "--set",
        {"default": "", "metavar": "ID", "help": "criteria set of the figures of a form"},
    ),
    ("import", "--full", SWITCH | {"help": "tell every change, not the first ones of a table"}),
    ("new", "--province", {"required": True, "metavar": "NAME", "help": "the province"}),
    ("new", "--district", {"required": True, "metavar": "NAME", "help": "the district"}),
    (
        "new",
        "--region",
        {
            "choices": tuple(REGION_NAMES),
            "help": "the region of the criteria sets (default: by the province's name)",
        },
    ),
    (
        "new",
        "--as-of",
        {"type": _day, "metavar": "DATE", "help": "the day of the figures (default: today)"},
    ),
    (
        "new",
        "--ground",
        {
            "metavar": "DATASET",
            "help": "borrow the unit costs, usual works, durations and pots of this data set, "
            "as assumptions",
        },
    ),
    (
        "rebase",
        "--date",
        {
            "type": _day,
            "required": True,
            "metavar": "DATE",
            "help": "the day whose units are wanted",
        },
    ),
    (
        "rebase",
        "--out",
        {"required": True, "metavar": "NEW", "help": "folder of the new data set; must not exist"},
    ),
    (
        "report",
        "--commune",
        {"action": "extend", "nargs": "+", "metavar": "NAME", "help": "only these communes"},
    ),
    (
        "report",
        "--audience",
        {
            "choices": ("noi-bo", "cong-khai", "hop-dan"),
            "default": "noi-bo",
            "help": "for the office, for the public, or one sheet a commune for the villagers' meeting "
            "(default: noi-bo)",
        },
    ),
    ("report", "--out", {"metavar": "DIR", "help": "folder (default reports/<data set>/)"}),
    ("report", "--single", SWITCH | {"help": "also everything as one file"}),
    (
        "report",
        "--jobs",
        {
            "type": _count,
            "default": 0,
            "metavar": "N",
            "help": "pages at a time (default: as many as cores)",
        },
    ),
    (
        "report",
        "--force",
        SWITCH | {"help": "make all pages anew, also those that would be the same"},
    ),
    (
        "report",
        "--timeout",
        {
            "type": _count,
            "default": 600,
            "metavar": "S",
            "help": "seconds that one page may take (default 600)",
        },
    ),
    (
        "report",
        "--cluster",
        {
            "type": _address,
            "metavar": "ADDRESS",
            "help": "make the pages on a dask cluster: a scheduler's address, or local",
        },
    ),
    ("report", "--zip", SWITCH | {"help": "also the pages as one archive"}),
)


def parser_of() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(
        prog="ntm", description="Where the communes of a district stand in the NTM programme."
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{" + ",".join(COMMANDS) + "}"
    )
    made = {}
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        made[name] = command
        command.add_argument(
            "--lang",
            choices=("vi", "en"),
            default="vi",
            help="language of what is shown (default: vi)",
        )
        if name in ("score", "backtest"):
            continue
        if name in ("template", "export"):
            command.add_argument("out", type=_xlsx, metavar="OUT.xlsx", help="the file to write")
        if name == "import":
            command.add_argument("file", metavar="FILE.xlsx", help="the file to read (.xlsx, .xls)")
        if name in ("import", "rebase", "new"):
            command.add_argument("dataset", metavar="DATASET", help=DATASET)
        else:
            command.add_argument(
                "dataset",
                nargs="?",
                default="data/thanh-chuong",
                metavar="DATASET",
                help=f"{DATASET} (default: data/thanh-chuong)",
            )
        if name in ("template", "import", "rebase", "new"):
            continue
        command.add_argument(
            "--as-of", type=_day, metavar="DATE", help="use only what was known by this day"
        )
    for names, option, told in OPTIONS:
        for name in names.split():
            made[name].add_argument(option, **told)
    return parser


def readable_console() -> None:
    """A console that cannot show Vietnamese (cp1252) gets the letters without diacritics instead of
    a traceback.
    """

    def without_marks(error):
        lost = error.object[error.start : error.end]
        kept = "".join((plain(c).upper() if c.isupper() else plain(c)) or " " for c in lost)
        return kept.encode("ascii", "replace").decode("ascii"), error.end

    codecs.register_error("without-marks", without_marks)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="without-marks")


def utf8(stream: object) -> bool:
    """Whether a stream takes UTF-8."""
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8"

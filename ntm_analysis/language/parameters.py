"""Vocabulary of the notebooks' parameters: same names, order and meaning wherever they stand.

Each notebook takes a subset. papermill itself passes over an unknown name with a log line;
:func:`check_parameters` refuses it before a kernel starts.
"""

import argparse
import datetime as dt
from collections import namedtuple

from .numbers import YEARS, UnreadableError, read_date, read_month
from .texts import text

# Rules of who is paid first; no other list of them stands anywhere.
POLICIES = ("own", "closest", "cheapest", "equal", "decree")
OPTIMAL = "optimal"  # the plan that is sought, not ruled
PLANS = (*POLICIES, OPTIMAL)


class Parameter(namedtuple("Parameter", "name default vi en allowed low", defaults=((), None))):
    """One parameter of notebooks.

    Attributes
    ----------
    name : str
    default : str or int
        Its type is that of the parameter.
    vi, en : str
        What the parameter means.
    allowed : tuple of str
        The values that are allowed; empty: any.
    low : int or None
        The least number that is allowed.
    """

    def fault(self, value):
        """Say what is wrong with a value.

        Parameters
        ----------
        value : object

        Returns
        -------
        str
            In English; empty when nothing is wrong.
        """
        rule = self._broken_rule(value)
        return rule and f"{self.name}={value!r}: must {rule}"

    def _broken_rule(self, value):
        if type(value) is not type(self.default):
            return f"be {type(self.default).__name__}"
        if self.allowed and value not in self.allowed:
            return f"be one of {', '.join(a or '(empty)' for a in self.allowed)}"
        if self.low is not None and value < self.low:
            return f"be at least {self.low}"
        try:
            if self.name == "month" and value:
                read_month(value)
            if self.name in ("as_of", "deadline") and value:
                year = dt.date.fromisoformat(value).year
                if not YEARS[0] <= year <= YEARS[1]:
                    return f"lie between the years {YEARS[0]} and {YEARS[1]}"
        except ValueError:
            example = "month such as 12/2022" if self.name == "month" else "date such as 2022-03-31"
            return f"be a {example}"
        return ""


PARAMETERS = (
    Parameter(
        "dataset",
        "data/thanh-chuong",
        "thư mục hoặc tên bộ dữ liệu",
        "folder or name of the data set",
    ),
    Parameter(
        "commune",
        "Thanh Hương",
        "tên xã (có dấu hoặc không dấu) hoặc mã xã",
        "the commune's name or code",
    ),
    Parameter(
        "criteria_set",
        "",
        "bộ tiêu chí; để trống: theo dataset.yaml",
        "criteria set; empty: as dataset.yaml says",
    ),
    Parameter(
        "as_of",
        "",
        "chỉ dùng số liệu đã biết đến ngày này, ví dụ 2022-03-31; để trống: theo dataset.yaml",
        "use only what was known by this day; empty: as dataset.yaml says",
    ),
    Parameter(
        "month",
        "",
        "tháng giao ban, ví dụ 12/2022; để trống: tháng của as_of",
        "month of the meeting, as in 12/2022; empty: that of as_of",
    ),
    Parameter(
        "year",
        0,
        "năm đăng ký; 0: năm gần nhất có đăng ký",
        "year registered for; 0: the nearest one with registrations",
        low=0,
    ),
    Parameter(
        "target",
        "ntm",
        "mức phấn đấu: ntm hoặc registered (theo đăng ký)",
        "level aimed at",
        ("ntm", "registered"),
    ),
    Parameter("scenario", "baseline", "kịch bản", "scenario"),
    Parameter(
        "scenarios",
        "",
        "các kịch bản, cách nhau bằng dấu phẩy; để trống: tất cả",
        "scenarios joined by commas; empty: all",
    ),
    Parameter(
        "baseline",
        "baseline",
        "kịch bản gốc để so với",
        "the scenario that the others are held against",
    ),
    Parameter(
        "policy",
        "",
        "cách phân bổ vốn: own, closest, cheapest, equal, decree, optimal (xem Cách tính); "
        "để trống: theo kịch bản",
        "allocation: own order, closest or cheapest first, equal shares, decree, optimal; "
        "empty: as the scenario has it",
        ("", *PLANS),
    ),
    Parameter(
        "deadline",
        "",
        "hạn về đích; để trống: cuối nhiệm kỳ",
        "deadline; empty: the end of the term",
    ),
    Parameter(
        "finish",
        "met",
        "về đích là đạt đủ tiêu chí (met) hay đã ký quyết định (signed)",
        "finishing means criteria met or decision signed",
        ("met", "signed"),
    ),
    Parameter("draws", 10000, "số tình huống mô phỏng", "number of draws", low=1),
    Parameter("seed", 2022, "số gieo của mô phỏng", "seed of the draws", low=0),
    Parameter("lang", "vi", "ngôn ngữ của trang: vi hoặc en", "language of the page", ("vi", "en")),
    Parameter(
        "audience",
        "noi-bo",
        "noi-bo (văn phòng) hoặc cong-khai (công khai)",
        "noi-bo (the office) or cong-khai (the public)",
        ("noi-bo", "cong-khai"),
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def check_parameters(values):
    """List what is wrong with a set of parameters.

    Parameters
    ----------
    values : dict of str to object
        By name.

    Returns
    -------
    list of str
        In English: unknown names, wrong types, values that are not allowed.

    Examples
    --------
    >>> check_parameters({"lang": "fr", "comune": "Thanh Chi"})
    ["lang='fr': must be one of vi, en", 'comune: unknown parameter']
    """
    faults = [
        BY_NAME[n].fault(v) if n in BY_NAME else f"{n}: unknown parameter"
        for n, v in values.items()
    ]
    return [fault for fault in faults if fault]


def add_option(parser, key, declared, lang, optional=False):
    """Declare an option of a command; what it shares with a notebook's parameter comes from there.

    Parameters
    ----------
    parser : ArgumentParser
    key : str
        Of the option, in ``commands.yaml``.
    declared : dict
        What stands there of it.
    lang : str
        Of its help and of what is wrong with a value.
    optional : bool
        Whether a positional argument may be left out.
    """
    option, place = declared, 1 if lang == "en" else 0
    parameter = BY_NAME.get(key)
    about = option.get(lang) or getattr(parameter, lang)
    # What a notebook's parameter says of an empty value holds here of an option left out.
    about = about.replace("để trống:", "nếu không nêu:").replace("empty:", "default:")
    spec = {"help": about.replace("%", "%%")}
    if option.get("switch"):
        spec["action"] = "store_true"
    else:
        spec["metavar"] = (option.get("metavar") or [key.upper()] * 2)[place]
    choices = option.get("choices") or getattr(parameter, "allowed", ())
    if choices := [each for each in choices if each]:
        spec |= {"choices": choices, "metavar": None}
    if "type" in option:
        spec["type"] = lambda word: TYPES[option["type"]](word, lang)
    spec |= {key: option[key] for key in ("action", "nargs", "required") if key in option}
    if key in ("dataset", "file", "file_out"):
        spec |= {"nargs": "?", "default": parameter.default} if optional else {}
        parser.add_argument(option.get("name", key), **spec)
        return
    default = option.get("default", getattr(parameter, "default", None))
    if not spec.get("action") and not spec.get("required"):
        spec["default"] = (default or None) if option.get("type") == "day" else default
    if key == "scenarios":
        spec["default"] = []
    if key == "policy":
        spec["default"] = None
    parser.add_argument("--" + option.get("flag", key).replace("_", "-"), **spec)


def _shortened(word):
    """A word as it can be told: its beginning, without signs that a console would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in word[:60])


def _typed_day(word, lang):
    """A day, as in the data: 2022-03-31 or 31/3/2022."""
    try:
        return read_date(word)
    except UnreadableError:
        raise argparse.ArgumentTypeError(text("cli_no_date", lang, name=_shortened(word))) from None


def _typed_count(word, lang, least=1):
    if word.isascii() and word.isdecimal() and len(word) <= 8 and least <= int(word) <= 10_000_000:
        return int(word)
    raise argparse.ArgumentTypeError(text("cli_no_count", lang, name=_shortened(word), least=least))


def _typed_xlsx(word, lang):
    if word.lower().endswith(".xlsx"):
        return word
    raise argparse.ArgumentTypeError(text("cli_not_xlsx", lang, name=_shortened(word)))


def _typed_ids(word, _):
    names = [name.strip() for name in word.split(",")]
    if all(names):
        return names
    raise argparse.ArgumentTypeError(f"“{_shortened(word)}”: A,B,...")


def _typed_address(word, _):
    if word.strip():
        return word.strip()
    raise argparse.ArgumentTypeError("“”: tcp://ADDRESS:8786, local")


TYPES = {
    "day": _typed_day,
    "count": _typed_count,
    "seed": lambda word, lang: _typed_count(word, lang, 0),
    "xlsx": _typed_xlsx,
    "ids": _typed_ids,
    "address": _typed_address,
}

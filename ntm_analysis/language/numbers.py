"""Numbers and dates as Vietnamese offices write them (1.234,5; 31/3/2022), read and written.

A data set states its style once (``number_style: vi`` or ``en``). Reading never guesses: ``12.5``
is refused in the Vietnamese style, and ``1.234`` is taken as 1234 only where the column's type and
range rule out 1,234.
"""

import datetime as dt
import math
import re
from calendar import monthrange

from babel.numbers import format_decimal

OTHER_STYLE = {"vi": "en", "en": "vi"}
YEARS = (1945, 2100)  # outside these a date is a slip of the pen
_SIGNS = {"vi": (".", ","), "en": (",", ".")}  # thousands, decimals
_NUMBER = {
    style: re.compile(rf"-?(?:[1-9]\d{{0,2}}(?:\{group}\d{{3}})+|\d+)(?:\{point}\d+)?", re.ASCII)
    for style, (group, point) in _SIGNS.items()
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00:00)?", re.ASCII)
_DMY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


class UnreadableError(ValueError):
    """A cell that cannot be read.

    Parameters
    ----------
    reason : str
        Code of a message in ``texts/problems.yaml``.
    beyond : date or None
        A date that was read but lies outside :data:`YEARS`.
    **details : object
        What the message names.

    Attributes
    ----------
    reason, beyond, details
        As above; ``details`` a dict.
    """

    def __init__(self, reason, *, beyond=None, **details):
        super().__init__(reason)
        self.reason, self.beyond, self.details = reason, beyond, details


def _parse(text, style):
    if not _NUMBER[style].fullmatch(text):
        return None
    group, point = _SIGNS[style]
    return float(text.replace(group, "").replace(point, "."))


def read_number(text, style="vi", *, whole=False, low=-math.inf, high=math.inf):
    """Read a number typed in the style of a data set.

    Parameters
    ----------
    text : str
    style : str
        ``vi`` (1.234,5) or ``en`` (1,234.5).
    whole : bool
        Whether the column holds whole numbers only.
    low, high : float
        Range of the column.

    Returns
    -------
    float

    Raises
    ------
    UnreadableError
        If the text is no number, is ambiguous or out of range.

    Examples
    --------
    >>> read_number("1.234,5"), read_number("36"), read_number("1.670", whole=True)
    (1234.5, 36.0, 1670.0)
    >>> read_number("12.5")
    Traceback (most recent call last):
    ntm_analysis.language.numbers.UnreadableError: other_style
    """

    def fits(value):
        return value is not None and low <= value <= high and not (whole and value % 1)

    text = text.strip().replace("\u00a0", "").replace("\u2212", "-")
    value, other = _parse(text, style), _parse(text, OTHER_STYLE[style])
    if value is None:
        raise UnreadableError("other_style" if other is not None else "not_a_number")
    grouped = re.fullmatch(r"-?\d{1,3}[.,]\d{3}", text) is not None and value >= 1000
    if grouped and fits(other):
        raise UnreadableError("ambiguous_number", one=f"{value:.0f}", other=text.replace(".", ","))
    if whole and value % 1:
        raise UnreadableError("not_whole")
    if not low <= value <= high or math.isinf(value):
        ends = {"low": write_figure(low, style), "high": write_figure(high, style)}
        raise UnreadableError("out_of_range", **ends)
    return value


def read_date(text):
    """Read a date typed as 2022-03-31 or 31/3/2022.

    3/31/2022 is recognised as Excel's American order and refused.

    Parameters
    ----------
    text : str

    Returns
    -------
    date

    Raises
    ------
    UnreadableError
        If the text is no date, or one outside :data:`YEARS`.

    Examples
    --------
    >>> read_date("31/3/2022"), read_date("2022-03-31")
    (datetime.date(2022, 3, 31), datetime.date(2022, 3, 31))
    """
    text = text.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _DMY.fullmatch(text):
        day, month, year = map(int, match.groups())
        if month > 12 >= day:
            raise UnreadableError("american_date", day=f"{month:02d}/{day}/{year}")
    elif re.fullmatch(r"[34]\d{4}", text, re.ASCII):
        serial = dt.date(1899, 12, 30) + dt.timedelta(int(text))
        raise UnreadableError("serial_date", day=write_date(serial))
    else:
        raise UnreadableError("not_a_date")
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise UnreadableError("not_a_date") from None
    if not YEARS[0] <= year <= YEARS[1]:
        raise UnreadableError("not_a_date", beyond=date)
    return date


def day_of(value):
    """The day that a caller means.

    Parameters
    ----------
    value : date, datetime, Timestamp or str

    Returns
    -------
    date

    Raises
    ------
    UnreadableError

    Examples
    --------
    >>> day_of(dt.datetime(2022, 3, 31, 8, 30)), day_of("31/3/2022")
    (datetime.date(2022, 3, 31), datetime.date(2022, 3, 31))
    """
    is_day = isinstance(value, dt.date) and value == value  # NaT is a date too
    return read_date(f"{value:%Y-%m-%d}" if is_day else f"{value}")


def read_month(text):
    """Read a month typed as 12/2022, 2022-12, tháng 12/2022, or as any day of the month.

    Parameters
    ----------
    text : str

    Returns
    -------
    date
        Last day of the month.

    Raises
    ------
    UnreadableError
        If the text is no month, or one outside :data:`YEARS`.

    Examples
    --------
    >>> read_month("2/2024"), read_month("2022-12"), read_month("tháng 4/2022")
    (datetime.date(2024, 2, 29), datetime.date(2022, 12, 31), datetime.date(2022, 4, 30))
    """
    text = re.sub(r"^(tháng|thang|T)\s*", "", text.strip(), flags=re.IGNORECASE)
    match = re.fullmatch(
        r"(?P<m>\d{1,2})[/.-](?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{1,2})", text, re.ASCII
    )
    if match is None:
        day = read_date(text)
        year, month = day.year, day.month
    else:
        year, month = int(match["y"] or match["y2"]), int(match["m"] or match["m2"])
    if not (1 <= month <= 12 and YEARS[0] <= year <= YEARS[1]):
        raise UnreadableError("not_a_month")
    return dt.date(year, month, monthrange(year, month)[1])


def write_number(value, lang="vi", decimals=None):
    """Write a number in the office form of a language.

    Parameters
    ----------
    value : float or None
    lang : str
    decimals : int or None
        How many, with noughts; None: as many as needed, at most 2.

    Returns
    -------
    str
        ``...`` for no data (None, NaN).

    Examples
    --------
    >>> write_number(1234.5), write_number(None), write_number(61.5, decimals=1)
    ('1.234,5', '...', '61,5')
    >>> write_number(1234.5, "en")
    '1,234.5'
    """
    if value is None or math.isnan(value):
        return "..."
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    pattern = (
        "#,##0.##" if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    )
    return format_decimal(round(value, 2 if decimals is None else decimals), pattern, locale=lang)


def write_change(value, lang="vi", decimals=None):
    """Write a change with its sign; what rounds to nothing has none.

    Parameters
    ----------
    value : float or None
    lang : str
    decimals : int or None
        As for :func:`write_number`.

    Returns
    -------
    str

    Examples
    --------
    >>> write_change(1.25), write_change(-3.0, decimals=1), write_change(-0.04, decimals=1)
    ('+1,25', '-3,0', '0,0')
    >>> write_change(None)
    '...'
    """
    if value is None or math.isnan(value):
        return "..."
    change = round(value, 2 if decimals is None else decimals) + 0.0  # no -0
    return ("+" if change > 0 else "") + write_number(change, lang, decimals)


def write_figure(value, lang="vi"):
    """Write a figure as a message about it shows it: unrounded, and a year without a dot.

    Parameters
    ----------
    value : float
    lang : str

    Returns
    -------
    str
        With up to 6 decimals.

    Examples
    --------
    >>> write_figure(2022), write_figure(100_000_000), write_figure(99.999)
    ('2022', '100.000.000', '99,999')
    """
    if not math.isfinite(value):
        return write_number(value, lang)
    year = YEARS[0] <= value <= YEARS[1] and value % 1 == 0
    return format_decimal(value, "0" if year else "#,##0.######", locale=lang)


def write_month(day):
    """Write the month of a day, in tables and text.

    Parameters
    ----------
    day : date

    Returns
    -------
    str

    Examples
    --------
    >>> write_month(dt.date(2022, 4, 30))
    '4/2022'
    """
    return f"{day.month}/{day.year}"


def write_percent(share, lang="vi"):
    """Write a share of one as a percentage to one decimal, without a space.

    Parameters
    ----------
    share : float or None
    lang : str

    Returns
    -------
    str
        ``...`` for no data (None, NaN).

    Examples
    --------
    >>> write_percent(22 / 37)
    '59,5%'
    """
    return "..." if share is None or math.isnan(share) else write_number(100 * share, lang, 1) + "%"


def write_date(day, lang="vi"):
    """Write a date in tables and text.

    In Vietnamese a nought stands before days 1-9 and months 1 and 2 only (Decree 30/2020/NĐ-CP,
    annex I).

    Parameters
    ----------
    day : date or str
        A string as 2022-03-31.
    lang : str

    Returns
    -------
    str

    Examples
    --------
    >>> write_date(dt.date(2022, 4, 5)), write_date("2022-02-15")
    ('05/4/2022', '15/02/2022')
    >>> write_date(dt.date(2022, 4, 5), "en")
    '5 April 2022'
    """
    day = dt.date.fromisoformat(day) if isinstance(day, str) else day
    if lang == "en":
        return f"{day.day} {day:%B} {day.year}"
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"{day.day:02d}/{month}/{day.year}"

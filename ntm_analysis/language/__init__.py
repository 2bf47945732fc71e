"""Words as offices write them: names of places, numbers and dates, sentences in two languages.

All that people read or type goes through this room, in Vietnamese or English. What comes in: names,
numbers, dates and months as typed; ``fold`` and ``slug`` give the plain form of a name,
``read_number``, ``read_date`` and ``read_month`` a value, or :class:`UnreadableError` with the code
of a message. What comes out: ``write_number`` and its kin write figures as either language does,
``text`` gives a sentence of ``texts/*.yaml`` by key with its figures filled in, ``STATE_WORDS`` and
its kin the pairs of words for states, levels and marks. ``check_parameters`` holds the parameters
of notebooks and pages against the one list of parameters. Begin with ``text``, ``fold`` and
``write_number``. The room imports no other.
"""

from .console import readable_console, utf8
from .numbers import (
    YEARS,
    UnreadableError,
    day_of,
    read_date,
    read_month,
    read_number,
    write_change,
    write_date,
    write_figure,
    write_month,
    write_number,
    write_percent,
)
from .parameters import BY_NAME, OPTIMAL, PLANS, POLICIES, add_option, check_parameters
from .spelling import (
    FILE_SIGNS,
    KIND_PREFIX,
    damage,
    fold,
    from_tcvn3,
    guess_encoding,
    is_reserved,
    nearest,
    plain,
    slug,
)
from .texts import (
    BASIS_WORDS,
    LEVEL_WORDS,
    MARK_WORDS,
    STATE_SIGNS,
    STATE_WORDS,
    UNCHECKED_SIGN,
    RefusalError,
    join_names,
    pick,
    printable,
    text,
    texts,
    unit_words,
    write_quantity,
)

__all__ = [
    "BASIS_WORDS",
    "BY_NAME",
    "FILE_SIGNS",
    "KIND_PREFIX",
    "LEVEL_WORDS",
    "MARK_WORDS",
    "OPTIMAL",
    "PLANS",
    "POLICIES",
    "STATE_SIGNS",
    "STATE_WORDS",
    "UNCHECKED_SIGN",
    "YEARS",
    "RefusalError",
    "UnreadableError",
    "add_option",
    "check_parameters",
    "damage",
    "day_of",
    "fold",
    "from_tcvn3",
    "guess_encoding",
    "is_reserved",
    "join_names",
    "nearest",
    "pick",
    "plain",
    "printable",
    "read_date",
    "read_month",
    "read_number",
    "readable_console",
    "slug",
    "text",
    "texts",
    "unit_words",
    "utf8",
    "write_change",
    "write_date",
    "write_figure",
    "write_month",
    "write_number",
    "write_percent",
    "write_quantity",
]

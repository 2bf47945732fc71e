"""Words as offices write them: names of places, numbers and dates, sentences in two languages,
parameters.

Everything that people read or type goes through this room. ``text`` gives a sentence of
``texts/*.yaml`` by its key and language, ``write_number`` and its kin the Vietnamese and English
forms of figures, ``fold`` and ``slug`` the plain form of a name.
"""

from .names import KIND_WORDS, damage, fold, from_tcvn3, guess_encoding, nearest, plain, slug
from .numbers import (
    YEARS,
    NotRead,
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
from .parameters import BY_NAME, OPTIMAL, PLANS, POLICIES, check
from .texts import (
    BASIS_WORDS,
    LEVEL_WORDS,
    MARK_WORDS,
    STATE_SIGNS,
    STATE_WORDS,
    UNCHECKED,
    listed,
    measured,
    pick,
    text,
    texts,
    unit_words,
)

__all__ = [
    "BASIS_WORDS",
    "BY_NAME",
    "KIND_WORDS",
    "LEVEL_WORDS",
    "MARK_WORDS",
    "OPTIMAL",
    "PLANS",
    "POLICIES",
    "STATE_SIGNS",
    "STATE_WORDS",
    "UNCHECKED",
    "YEARS",
    "NotRead",
    "check",
    "damage",
    "fold",
    "from_tcvn3",
    "guess_encoding",
    "listed",
    "measured",
    "nearest",
    "pick",
    "plain",
    "read_date",
    "read_month",
    "read_number",
    "slug",
    "text",
    "texts",
    "unit_words",
    "write_change",
    "write_date",
    "write_figure",
    "write_month",
    "write_number",
    "write_percent",
]

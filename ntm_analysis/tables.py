"""Tables in the form offices use: "Biểu số 01. TÊN BIỂU", unit of measure at the right, TT first, key of signs below.

Every cell from data goes through Jinja's escaping; a cell that is markup of our own is a :class:`markupsafe.Markup`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from .words import STATE_SIGNS, STATE_WORDS, UNCHECKED, pick, text

_TEMPLATE = Environment(
    loader=PackageLoader("ntm_analysis", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
).get_template("table.html.j2")


@dataclass(frozen=True)
class Column:
    """One column: its head and its kind.

    Kinds: "" (text), "num" (right-aligned), "name" (row head), "state" (sign of a state), "short" (kept on one line).
    """

    head: str
    kind: str = ""


class Sign(NamedTuple):
    """A cell that shows a state by its letters, with (†) where it rests on a threshold that was not read."""

    state: str
    unread: bool = False


def office_table(
    number: int,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    lang: str = "vi",
    unit: str = "",
    style: str = "",
) -> Markup:
    """A table as HTML. ``rows`` hold one cell a column; a ``state`` cell is a :class:`Sign`.

    >>> "Biểu số 02" in office_table(2, "HIỆN TRẠNG", [Column("TT")], [["1"]])
    True
    """
    return Markup(
        _TEMPLATE.render(
            number=text("table_number", lang, number=number),
            title=title,
            columns=columns,
            rows=[list(row) for row in rows],
            unit=text("table_unit", lang, unit=unit) if unit else "",
            style=style,
            signs={state: pick(pair, lang) for state, pair in STATE_SIGNS.items()},
            dagger=dagger(UNCHECKED),
        )
    )


def key_of_signs(states: Iterable[str], lang: str, unchecked: bool = False) -> Markup:
    """The key under a table: only the signs that stand in it."""
    parts = [f"{pick(STATE_SIGNS[s], lang)}: {pick(STATE_WORDS[s], lang)}" for s in STATE_SIGNS if s in set(states)]
    if unchecked:
        parts.append(f"{UNCHECKED}: {text('unchecked', lang)}")
    return Markup('<p class="key">{}</p>').format(text("key_of_signs", lang, parts="; ".join(parts)))


def dagger(line: str) -> Markup:
    """Text with each (†) set as a small raised mark that a screen reader still reads."""
    mark = Markup('<sup class="unchecked">{}</sup>').format(UNCHECKED)
    return mark.join(Markup.escape(part) for part in line.split(UNCHECKED))

"""Sentences and words in Vietnamese and English, and refusals, which are told in them.

The words are those of ``docs/reference/glossary.md``. Sentences stand in ``texts/*.yaml`` by key,
with names in braces for the figures; pairs of words (states, levels, marks) in
``texts/words.yaml``.
"""

from functools import cache
from importlib.resources import files

import yaml

from .numbers import write_number

UNCHECKED_SIGN = "(†)"  # beside what rests on a threshold that was not read in its legal text
_FOLDER = files("ntm_analysis").joinpath("texts")


def _read(path):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


_WORDS = _read(_FOLDER.joinpath("words.yaml"))
UNITS_EN = _WORDS["units_en"]
STATE_SIGNS, STATE_WORDS, LEVEL_WORDS, MARK_WORDS, BASIS_WORDS, FUND_WORDS, CAPITAL_WORDS = (
    {code: tuple(pair) for code, pair in _WORDS[name].items()}
    for name in (
        *("state_signs", "state_words", "level_words", "mark_words", "basis_words"),
        *("fund_words", "capital_words"),
    )
)


@cache
def texts():
    """Every sentence by key and language (``texts/*.yaml`` but messages and pairs of words).

    Returns
    -------
    dict of str to dict
        By key; each with ``vi`` and ``en``.
    """
    sentences = {}
    for path in sorted(_FOLDER.iterdir()):
        if not path.name.startswith(("problems", "words")):
            sentences |= _read(path)
    return sentences


def text(key, lang, **values):
    """One sentence with its values filled in.

    Parameters
    ----------
    key : str
        Key of :func:`texts`.
    lang : str
        ``vi`` or ``en``.
    **values : object
        What stands in the place of each name in braces.

    Returns
    -------
    str

    Examples
    --------
    >>> text("group_near", "en", n=3, most=4, names="A, B and C")
    '3 are near, lacking 1 to 4 criteria: A, B and C.'
    """
    return texts()[key][lang].format(**values)


def pick(pair, lang):
    """One half of a (Vietnamese, English) pair.

    Parameters
    ----------
    pair : sequence of str
    lang : str

    Returns
    -------
    str

    Examples
    --------
    >>> pick(STATE_WORDS["met"], "vi"), pick(STATE_SIGNS["not_met"], "en")
    ('đạt', 'N')
    """
    return pair[1] if lang == "en" else pair[0]


def join_names(names, lang):
    """Names in running text.

    Parameters
    ----------
    names : iterable of str
    lang : str

    Returns
    -------
    str

    Examples
    --------
    >>> join_names(["Thanh Ngọc", "Thanh Hương", "Thanh Chi"], "vi")
    'Thanh Ngọc, Thanh Hương và Thanh Chi'
    """
    *first, last = list(names) or [""]
    return text("and", lang, first=", ".join(first), last=last) if first else last


def unit_words(unit, lang):
    """Write a unit of measure in the reader's language.

    Parameters
    ----------
    unit : str
        As the criteria sets write it, in Vietnamese.
    lang : str

    Returns
    -------
    str

    Examples
    --------
    >>> unit_words("m2/người", "vi"), unit_words("m2/người", "en"), unit_words("%", "en")
    ('m²/người', 'm²/person', '%')
    """
    return UNITS_EN.get(unit, unit) if lang == "en" else unit.replace("m2", "m²")


def write_quantity(value, unit, lang):
    """Write a value with its unit: shares without a space, the rest with one.

    Parameters
    ----------
    value : float
    unit : str
        As for :func:`unit_words`.
    lang : str

    Returns
    -------
    str

    Examples
    --------
    >>> write_quantity(52.5, "%", "vi"), write_quantity(36, "triệu đồng/người/năm", "vi")
    ('52,5%', '36 triệu đồng/người/năm')
    """
    number = write_number(value, lang)
    return f"{number}%" if unit == "%" else f"{number} {unit_words(unit, lang)}".rstrip()


def printable(text, most=300):
    """Make a text fit for one line of a report.

    Parameters
    ----------
    text : str
    most : int
        Letters; of a longer one the end is cut off.

    Returns
    -------
    str
        Control characters are seen, not obeyed by the terminal.
    """
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= most else text[: most - 3] + "..."


class RefusalError(Exception):
    """Why something was not done, for people to read in either language.

    Parameters
    ----------
    key : str
        Of the sentence, see :func:`texts`.
    **details : object
        What the sentence names: a text, a list of texts, or one by language.

    Attributes
    ----------
    key, details
        As above; ``details`` a dict.
    """

    def __init__(self, key, **details):
        super().__init__(key)
        self.key, self.details = key, details

    def __str__(self):
        return self.words("en")

    def _render_traceback_(self):
        """What a notebook shows in the place of a traceback."""
        return [self.words("vi"), self.words("en")]

    def words(self, lang):
        """The sentence.

        Parameters
        ----------
        lang : str

        Returns
        -------
        str

        Examples
        --------
        >>> RefusalError("cli_no_set", name="x", known=["a", "b"]).words("en")
        'No criteria set “x”. Sets: a, b.'
        """

        def written(detail):
            own = detail[lang] if isinstance(detail, dict) else detail
            if isinstance(own, list):  # of what has commas itself
                return printable(("; " if "," in "".join(own) else ", ").join(own), most=2_000)
            return printable(f"{own}")

        return text(self.key, lang, **{name: written(each) for name, each in self.details.items()})

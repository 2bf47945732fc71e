"""Figures as finely as they may be told: chances on one fixed scale of words, rough amounts."""

import math

import numpy as np

from ..forecasts import SCALE_EDGES, scale_places
from ..language import text

FEW = 300  # draws: of fewer, a per cent would say too much
SCALE = ("very_unlikely", "unlikely", "less_likely", "even", "likely", "very_likely", "certain")


def scale_of(p):
    """The key of the word that the fixed scale has for a chance.

    Under 5, 5-20, 20-40, 40-60, 60-80, 80-95, over 95 %.

    Parameters
    ----------
    p : float
        0..1.

    Returns
    -------
    str
        One of ``SCALE``.

    Examples
    --------
    >>> [scale_of(p) for p in (0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.951)]
    ['very_unlikely', 'unlikely', 'less_likely', 'even', 'very_likely', 'very_likely', 'certain']
    """
    return SCALE[int(scale_places([p])[0])]


def chance_word(p, lang):
    """The word that the fixed scale has for a chance.

    Parameters
    ----------
    p : float
        0..1.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> chance_word(0.3, "vi"), chance_word(0.99, "en")
    ('ít khả năng', 'almost certain')
    """
    return text(f"scale_{scale_of(p)}", lang)


def chance(p, draws, lang):
    """A chance as a cell shows it: in whole per cent, at the two ends of the scale as a word.

    Parameters
    ----------
    p : float or None
        0..1.
    draws : int or None
        The worlds that the chance rests on; of few the word too. None: enough of them.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "..." where the chance is None or NaN.

    Examples
    --------
    >>> [chance(p, 10_000, "vi") for p in (0.004, 0.304)]
    ['rất khó', '30%']
    >>> chance(0.304, 100, "vi"), chance(1.0, None, "vi"), chance(None, 100, "vi")
    ('ít khả năng', 'gần như chắc', '...')
    """
    if p is None or np.isnan(p):
        return "..."
    few = draws is not None and draws < FEW
    return (
        chance_word(p, lang) if few or scale_of(p) in (SCALE[0], SCALE[-1]) else f"{100 * p:.0f}%"
    )


def chance_words(p, draws, lang):
    """A chance in running text: its word, and of ten how many.

    At the ends of the scale the word with its edge, of few draws the word alone.

    Parameters
    ----------
    p : float
        0..1.
    draws : int
        The worlds that the chance rests on.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> chance_words(0.304, 10_000, "vi"), chance_words(0.004, 10_000, "vi")
    ('ít khả năng, khoảng 3 trên 10 (30%)', 'rất khó (dưới 5%)')
    >>> chance_words(0.304, 100, "vi")
    'ít khả năng'
    """
    word, scale = chance_word(p, lang), scale_of(p)
    if scale in (SCALE[0], SCALE[-1]):
        key, edge = (
            ("chance_below", SCALE_EDGES[1])
            if scale == SCALE[0]
            else ("chance_above", SCALE_EDGES[-2])
        )
        return text(key, lang, word=word, edge=f"{100 * edge:.0f}")
    percent = chance(p, draws, lang)
    if percent == word:
        return word
    tenths = min(max(round(10 * p), 1), 9)  # between the two ends nothing is never, nothing certain
    return text("chance_of_ten", lang, word=word, tenths=tenths, percent=percent)


def rough(value, digits=2):
    """A number to so many significant digits.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    float

    Examples
    --------
    >>> rough(518.6), rough(0.0364), rough(0)
    (520.0, 0.036, 0.0)
    """
    return round(value, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0.0


def whole_percent(share):
    """A share that is no chance of the forecast, in whole per cent; 100 % only where it is all.

    Parameters
    ----------
    share : float
        0..1.

    Returns
    -------
    str

    Examples
    --------
    >>> whole_percent(0.999), whole_percent(1.0), whole_percent(0.056)
    ('99%', '100%', '6%')
    """
    percent = f"{100 * share:.0f}%"
    return "99%" if percent == "100%" and share < 1 - 1e-9 else percent

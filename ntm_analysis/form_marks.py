"""Marks and figures in the cells of an office's table: Đạt, x, +, 1, 95%, ... and what each says."""

import re

from .names import plain
from .office_numbers import NotRead, read_number

# The signs of this package's own tables too: M (met, in English), Đ* (met by recognition: nobody reported it, so it is no data).
MET = ("dat", "d", "x", "v", "+", "✓", "✔", "√", "m", "dat chuan", "hoan thanh")
BASIC = ("co ban dat", "cbd", "cb", "dat co ban")
NOT_MET = ("chua dat", "c", "chua", "khong dat", "khong", "k", "cd", "kd", "chua hoan thanh")
NOT_APPLICABLE = ("kad", "khong ap dung")
NO_DATA = ("", "...", "…", "chua co so lieu", "chua co", "chua danh gia", "n/a", "d*")
WEAK = ("x", "v", "+", "✓", "✔", "√")  # a tick: a sheet that has only these says nothing by its blanks


def sign_of(cell: object) -> str:
    """A cell as the sign that it is: without diacritics, in lower case, a whole number without its decimals.

    >>> sign_of(" Cơ bản\\nđạt "), sign_of(1.0), sign_of(True)
    ('co ban dat', '1', '1')
    """
    if isinstance(cell, bool | float | int):
        return f"{float(cell):g}"
    text = plain(str(cell).replace("\u00a0", " ")) if cell is not None else ""
    return text.rstrip(".") if text not in NO_DATA else text


def state_of(cell: object, signs: dict[str, str], plus: bool) -> str | None:
    """The state that a mark says, "" for no data; None where it is no mark.

    ``signs``: the sheet's own (they go first); ``plus``: the sheet marks with "+", so that "-" is its opposite.

    >>> state_of("Đạt", {}, False), state_of(0.0, {}, False), state_of("-", {}, False), state_of("-", {}, True)
    ('met', 'not_met', None, 'not_met')
    """
    sign = sign_of(cell)
    if sign in signs:
        return "" if signs[sign] == "no_data" else signs[sign]
    for state, words in (("met", MET), ("basic", BASIC), ("not_met", NOT_MET), ("not_applicable", NOT_APPLICABLE), ("", NO_DATA)):
        if sign in words:
            return state
    if sign in ("1", "0"):
        return "met" if sign == "1" else "not_met"
    return "not_met" if plus and sign in ("-", "–", "−") else None


def figure_of(cell: object, percent: bool, share: bool) -> float | None:
    """A measured value, None where there is none.

    ``percent``: Excel shows the number as a percentage, so it keeps a share of one; ``share``: the indicator is measured in %.
    Raises :class:`~ntm_analysis.office_numbers.NotRead` for what is no number.

    >>> figure_of("95,5 %", False, True), figure_of(0.955, True, True), figure_of(97.0, False, True)
    (95.5, 95.5, 97.0)
    """
    if isinstance(cell, bool):
        raise NotRead("not_a_number")
    if isinstance(cell, float | int):
        return round(cell * 100, 10) if percent else float(cell)
    if sign_of(cell) in NO_DATA or cell is None:
        return None
    text = re.sub(r"\s*%$" if share else r"\s+$", "", str(cell).strip())
    return read_number(text, "vi")


def count_of(cell: object) -> tuple[int, int | None] | None:
    """A count as offices write it, and its total where they write it; None for no data.

    >>> count_of("15/19"), count_of(15.0), count_of("15 TC")
    ((15, 19), (15, None), (15, None))
    """
    if cell is None or sign_of(cell) in NO_DATA:
        return None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if cell % 1 or not 0 <= cell <= 99:
            raise NotRead("form_count")
        return int(cell), None
    match = re.fullmatch(r"(\d{1,2})(?:\s*/\s*(\d{1,2}))?\s*(?:tc|tieu chi)?", sign_of(cell))
    if match is None:
        raise NotRead("form_count")
    return int(match[1]), int(match[2]) if match[2] else None

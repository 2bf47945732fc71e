"""Names of places as people type them: folding, slugs, and text that a program has damaged.

Vietnamese names reach us precomposed or decomposed, with the tone on either vowel (Hòa, Hoà), with
i or y (Mỹ, Mĩ), with the Icelandic Ð for Đ, in any case, and with or without the words xã and thị
trấn. :func:`fold` gives all of them one key. What a fold cannot mend (lost letters, another
encoding) is recognised by :func:`damage`.
"""

import difflib
import re
import string
import unicodedata
from contextlib import suppress
from functools import lru_cache

from .numbers import UnreadableError

TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}  # huyền, sắc, ngã, hỏi, nặng
KIND_PREFIX = re.compile(r"^(?:xã|thị trấn|tt\.?|x\.)\s+", re.IGNORECASE)

# TCVN3 (ABC, fonts .VnTime), byte by byte as Latin-1 shows it, and the letters it stands for (TCVN
# 5712:1993).
_TCVN3_BYTES = "¸µ¶·¹¨¾»¼½Æ©ÊÇÈÉËÐÌÎÏÑªÕÒÓÔÖÝ×ØÜÞãßáâä«èåæçé¬íêëìîóïñòô\u00adøõö÷ùýúûüþ®¡¢§£¤¥¦"
_TCVN3_LETTERS = "áàảãạăắằẳẵặâấầẩẫậéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵđĂÂĐÊÔƠƯ"
TCVN3 = str.maketrans(dict(zip(_TCVN3_BYTES, _TCVN3_LETTERS, strict=True)))
_TCVN3_ONLY = set(_TCVN3_BYTES) - set("ÊÈÉÌÒÓÔÝÐàáâãèéêìíòóôõùúýăđĩũơưÀÁÂÃÕÙÚ×÷")
# A word of such bytes, and the syllables of Vietnamese without marks: what is read is one of them.
_TCVN3_WORD = re.compile(
    rf"(?<!\w)(?!µ[gmlLs]\b|[¼½¾£]\w|N·m\b)(?=[{_TCVN3_BYTES}]{{0,9}}[a-zA-Z])"
    rf"(?=[a-zA-Z{_TCVN3_BYTES}]{{0,9}}[{''.join(_TCVN3_ONLY)}])[a-zA-Z{_TCVN3_BYTES}]{{2,10}}+(?!\w)"
)
_SYLLABLE = re.compile(
    "(?:b|ch?|d|gh?|gi|h|kh?|l|m|ngh?|nh?|ph?|qu|r|s|th?|tr|v|x)?"
    "(?:[aeiouy]|a[iouy]|e[ou]|i[aeu]|o[aeio]|u[aeiouy]|ye|[iy]eu|oa[ioy]|oeo|uay|uo[iu]|uy[aeu])"
    "(?:ch|ng|nh|[cmnpt])?"
)
_LOWER = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"

# Letters as UTF-7 writes them: sixteen bits each in base64, the last filled up with noughts.
_UTF7 = re.compile(
    r"\+(?=\w)(?![\w+/-]{0,60}@)(?:[\w+/]{8}){0,20}+(?:[\w+/]{5}[AQgw]|[\w+/]{2}[AEIMQUYcgkosw048])?+(?![\w+/])-?",
    re.ASCII,
)
# Cyrillic, Greek, Armenian and other letters that look like Latin ones, and wide ones.
_FOREIGN = "АВЕКМНОРСТУХІЈЅаеорсухіјѕԁһԛԝкмΑΒΕΖΗΙΚΜΝΟΡΤΥΧικνορτυχօɑɡ"
_LATIN = "ABEKMHOPCTYXIJSaeopcyxijsdhqwkmABEZHIKMNOPTYXikvoptuxoag"
_WIDE = "ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
_WIDE += "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
_LOOK_ALIKE = str.maketrans(_FOREIGN + _WIDE, _LATIN + string.ascii_letters)
_FOREIGN, _LATIN = f"[{_FOREIGN}{_WIDE}]", "[a-zA-ZÀ-ɏḀ-ỹ]"
# What no cell should hold, by the code of what is said of it: signs that nobody sees, letters of
# another script in a word that looks Latin.
_STRANGE = {
    "control_character": r"[\x00-\x1f\x7f-\x9f]",
    "direction_mark": r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]",
    "zero_width": r"[\u00ad\u034f\u115f\u1160\u180b-\u180e\u200b\u200c\u2028\u2029\u2060-\u2065"
    r"\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]|(?<=\w)[\ufe00-\ufe0f](?!\u20e3)"
    r"|(?<![\u2600-\u27bf\U0001f000-\U0001faff\ufe0f])\u200d",
    # A word of nothing but such letters may be one of that script, beside others that only it has.
    "look_alike": rf"{_LATIN}[-_]?{_FOREIGN}|{_FOREIGN}[-_]?{_LATIN}"
    rf"|\A(?!.*(?!{_FOREIGN})[\u0370-\u052f]).*?(?:\b{_FOREIGN}{{2,}}\b"
    rf"|\b(?=[\u0400-\u052f]){_FOREIGN}\b)",
}
# What may hold a question mark: an address. What a letter lost to one looks like: it stands inside
# a word, before one, or after what begins a syllable.
_ADDRESS = re.compile(r"://|www\.|\.[a-z]{2,5}[/?]|\?[\w.-]+=")
_LOST = re.compile(
    rf"\ufffd|(?![a-z{_LOWER}]\?[A-Z{_LOWER.upper()}])"
    r"[^\W\d_]\?+[^\W\d_]|(?<![^\s(\"“'])\?+[^\W\d_]"
    r"|\b(?:[pqrsvx]|ngh?|[cgkpt]h|nh|Ngh?|[CGKPT]h|Nh)\?(?!\w)"
)

FILE_SIGNS = '/\\:*?"<>|'  # what looks like a path, and what some systems allow in no file name


def is_reserved(name):
    """Whether a system keeps a file's name to itself, whatever its ending.

    Parameters
    ----------
    name : str
        As :func:`slug` gives it.

    Returns
    -------
    bool
    """
    return re.fullmatch("con|prn|aux|nul|(com|lpt)[1-9]", name) is not None


@lru_cache(10_000)
def fold(text):
    """Key under which all spellings of one name meet.

    Case, kind of unit, place of the tone mark, i or y and ways of encoding make no difference; the
    tone itself does, so that Hòa and Hoa stay apart.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> fold("Xã  Thanh Hoà") == fold("THANH HÒA") == fold("thanh hòa")
    True
    >>> fold("Thanh Mỹ") == fold("Thanh Mĩ"), fold("Ðồng Văn") == fold("Đồng Văn")
    (True, True)
    >>> fold("Hòa") == fold("Hoa")
    False
    """
    text = " ".join(
        unicodedata.normalize("NFC", text).replace("Ð", "Đ").replace("ð", "đ").lower().split()
    )
    text = KIND_PREFIX.sub("", text)
    words = []
    for word in unicodedata.normalize("NFD", text).replace("y", "i").split(" "):
        tones = "".join(sorted(c for c in word if c in TONES))
        words.append("".join(c for c in word if c not in TONES) + tones)
    return " ".join(words)


@lru_cache(10_000)
def plain(text):
    """Text without diacritics, in lower case, as people type in a search box.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> plain("Xã Thanh Đức")
    'xa thanh duc'
    """
    text = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d").replace("Ð", "D"))
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).lower().split())


def slug(text):
    """Form of a name that is safe in file names and links: only a-z, 0-9 and single hyphens.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> slug("Thị trấn Thanh Chương"), slug("../../x")
    ('thi-tran-thanh-chuong', 'x')
    """
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")


def nearest(text, candidates, n=3):
    """Candidates that look most like a text, whatever the diacritics; a lost letter matches any.

    Parameters
    ----------
    text : str
        With ``?`` or the replacement character for each letter lost.
    candidates : iterable of str
    n : int
        How many at most.

    Returns
    -------
    list of str
        The most alike first; empty when nothing is near.

    Examples
    --------
    >>> nearest("Thanh H??ng", ["Thanh Hương", "Thanh Chi", "Cát Văn"], 1)
    ['Thanh Hương']
    """
    candidates = list(candidates)
    if "?" in text or "\ufffd" in text:
        pattern = re.compile(
            re.escape(text).replace(r"\?", ".").replace("\ufffd", "."), re.IGNORECASE
        )
        hits = [c for c in candidates if pattern.fullmatch(c)]
        if hits:
            return hits[:n]
    by_plain = {}
    for candidate in candidates:
        by_plain.setdefault(plain(candidate), []).append(candidate)
    close = difflib.get_close_matches(plain(text[:100]), by_plain, n=n, cutoff=0.5)
    return [c for key in close for c in by_plain[key]][:n]


def damage(text):
    r"""Say what seems to have happened to a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    UnreadableError or None
        With the code of the message: ``lost_letters``, ``tcvn3``, ``misread`` or ``utf7`` (read in
        a wrong encoding), ``look_alike`` (letters of another script), ``control_character``,
        ``direction_mark``, ``zero_width`` (signs that nobody sees). Of its details ``near`` is the
        text mended, as far as that is known, and ``signs`` lists what must go.

    Examples
    --------
    >>> [damage(text).reason for text in ("Thanh H??ng", "Thanh H\u00ad¬ng", "Xu+AOI-n")]
    ['lost_letters', 'tcvn3', 'utf7']
    >>> damage("du\u043eng").details, damage("duo\u200bng").details
    ({'near': 'duong', 'signs': 'U+043E'}, {'near': 'duong', 'signs': 'U+200B'})
    >>> damage("Thanh Hương"), damage("https://xa.vn/?id=1: bao giờ xong?")
    (None, None)
    """
    if text.isascii():
        if text.isprintable() and "?" not in text and "+" not in text:
            return None
        near = _UTF7.sub(lambda block: block[0].encode().decode("utf-7", "ignore"), text)
        if {*_LOWER} & {*near.lower()}:
            return UnreadableError("utf7", near=near)
    with suppress(UnicodeError):  # UTF-8 read as the letters of Western Europe
        if (near := text.encode("cp1252").decode("utf-8")) != text:
            return UnreadableError("misread", near=near)
    if any(_SYLLABLE.fullmatch(plain(from_tcvn3(word))) for word in _TCVN3_WORD.findall(text)):
        return UnreadableError("tcvn3", near=from_tcvn3(text))
    if _LOST.search(" ".join(word for word in text.split() if not _ADDRESS.search(word))):
        return UnreadableError("lost_letters", near="...")
    for code, signs in _STRANGE.items():
        if re.search(signs, text):
            near = re.sub(signs, "", text) if code != "look_alike" else text.translate(_LOOK_ALIKE)
            unlike = ", ".join(f"U+{ord(c):04X}" for c in sorted({*text} - {*near}))
            return UnreadableError(code, near=near.strip(), signs=unlike)
    return None


def from_tcvn3(text):
    r"""Text of a .VnTime font that was read as Latin-1, turned into Unicode.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> from_tcvn3("Thanh H\u00ad¬ng")
    'Thanh Hương'
    """
    return text.translate(TCVN3)


def guess_encoding(raw):
    r"""Guess the encoding of bytes that are not UTF-8, and read them in it.

    UTF-16 shows by its mark. Of the old Vietnamese encodings the reading with more words that
    Vietnamese can have wins: all letters Vietnamese and at most one tone a syllable.

    Parameters
    ----------
    raw : bytes

    Returns
    -------
    encoding : str
        ``UTF-16``, ``cp1258`` or ``TCVN3``.
    text : str

    Examples
    --------
    >>> guess_encoding("Thanh Hương".encode("cp1258", "ignore"))
    ('cp1258', 'Thanh Hương')
    >>> guess_encoding(b"Thanh H\xad\xacng, Thanh Li\xaan")
    ('TCVN3', 'Thanh Hương, Thanh Liên')
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16", raw.decode("utf-16", "replace")
    readings = {
        "cp1258": unicodedata.normalize("NFC", raw.decode("cp1258", "replace")),
        "TCVN3": from_tcvn3(raw.decode("latin-1")),
    }

    def vietnamese(word):
        tones = sum(c in TONES for c in unicodedata.normalize("NFD", word))
        return tones <= 1 and all(c in _LOWER for c in word.lower() if ord(c) > 127)

    def share(text):
        foreign = [word for word in re.split(r"[\s,;.\"]+", text) if not word.isascii()]
        return sum(map(vietnamese, foreign)) / len(foreign) if foreign else 0.0

    best = max(readings, key=lambda name: share(readings[name]))
    return best, readings[best]

"""A data set written as a new folder, whole or not at all; one laid out for a district that has
none.
"""

import csv
import datetime as dt
import io
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from ..language import nearest, pick, plain, slug, text
from ..law import LEVELS, REGION_NAMES, Law
from ..tables import GROUPS, TABLES, dictionary, flow, read_yaml
from .csv_text import written
from .versions import write_new
from .workbook import Workbook


class WrongPlace(ValueError):
    """A place that no new data set can take; ``reason`` is the key of a sentence
    (``new_<reason>``).
    """

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


def new_place(typed: str, old: Workbook | None = None) -> Path:
    """The folder a new data set shall take, made from what was typed; raises :class:`WrongPlace`.

    It must not exist or be empty, its parent must exist, it must not lie in the ``old`` data set
    that it is made of, and its name must give an id of its own, which no data set beside it has:
    reports lie under the id.
    """
    if not typed.strip() or not typed.isprintable():
        raise WrongPlace("no_path", name=typed)
    folder = Path(typed.strip()).resolve()
    if old and (folder == old.path or old.path in folder.parents):
        raise WrongPlace("inside", name=folder, old=old.path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongPlace("taken", name=folder)
    if not folder.parent.is_dir():
        raise WrongPlace("no_parent", name=folder.parent)
    made = slug(folder.name)
    if not 0 < len(made) <= 60 or (old and made == old.id):
        raise WrongPlace("no_id", name=folder.name, old=old.id if old else "...")
    for other in sorted(
        folder.parent.glob("[!.]*/dataset.yaml")
    ):  # hidden: versions that an import keeps
        said = read_yaml(other, []) or {}
        if made == slug(f"{said.get('id') or other.parent.name}"):
            raise WrongPlace("same_id", name=folder.name, id=made, other=other.parent)
    return folder


def law_place(law: Path, folder: Path) -> str:
    """What ``dataset.yaml`` of a new data set says of the law's folder: relative where both stand
    in one tree and move together.

    >>> law_place(Path("/ntm/data/criteria"), Path("/ntm/data/a")), law_place(Path("/ntm/data/criteria"), Path("/b"))
    ('../criteria', '/ntm/data/criteria')
    """
    return (
        Path(os.path.relpath(law, folder)).as_posix()
        if law.parents[1] in folder.parents
        else law.as_posix()
    )


def write_dataset(
    folder: Path, meta: dict, tables: dict[str, pd.DataFrame], also: dict[str, bytes]
) -> Workbook:
    """Write a data set into ``folder`` (new or empty) and give it opened; raises DataProblems,
    OSError, and then leaves nothing.

    ``meta``: what ``dataset.yaml`` says; ``tables``: by name, the columns of the dictionaries
    (others are not written); ``also``: further files by name.
    """
    said = yaml.safe_dump(_plain(meta), allow_unicode=True, sort_keys=False, width=200)
    style = meta.get("number_style", "vi")
    return write_texts(folder, said, tables, style, also)


def write_texts(
    folder: Path, said: str, tables: dict[str, pd.DataFrame], style: str, also: dict[str, bytes]
) -> Workbook:
    """As :func:`write_dataset`, with the text of ``dataset.yaml`` itself."""
    texts = {
        f"{name}.csv": csv_text(tables[name], name, style).encode("utf-8-sig") for name in TABLES
    }
    return replace(
        write_new(folder, {"dataset.yaml": said, **texts, **also}, Workbook.open), path=folder
    )


def csv_text(table: pd.DataFrame, name: str, style: str) -> str:
    """A table as the text of its CSV file.

    >>> print(csv_text(pd.DataFrame({"key": ["x"], "value": [1234.5]}), "assumptions", "vi").split("\\r\\n")[1][:10])
    x,"1234,5"
    """
    columns = dictionary(name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    cells = [table[c].tolist() if c in table else [None] * len(table) for c in columns]
    writer.writerows(
        [written(v, c, style) for v, c in zip(row, columns.values(), strict=True)]
        for row in zip(*cells, strict=True)
    )
    return text.getvalue()


def _plain(value):
    """Settings without the lines they stood on."""
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


# The provinces before the mergers of 2025 by region, as the criteria sets divide the country
# (recalled; the province checks it).
PROVINCES = {
    "tdmnpb": "Hà Giang, Cao Bằng, Bắc Kạn, Tuyên Quang, Lào Cai, Điện Biên, Lai Châu, Sơn La, Yên Bái, Hòa Bình, Thái Nguyên, "
    "Lạng Sơn, Bắc Giang, Phú Thọ",
    "dbsh": "Hà Nội, Quảng Ninh, Vĩnh Phúc, Bắc Ninh, Hải Dương, Hải Phòng, Hưng Yên, Thái Bình, Hà Nam, Nam Định, Ninh Bình",
    "btb": "Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Bình, Quảng Trị, Thừa Thiên Huế",
    "dhntb": "Đà Nẵng, Quảng Nam, Quảng Ngãi, Bình Định, Phú Yên, Khánh Hòa, Ninh Thuận, Bình Thuận",
    "tn": "Kon Tum, Gia Lai, Đắk Lắk, Đắk Nông, Lâm Đồng",
    "dnb": "Bình Phước, Tây Ninh, Bình Dương, Đồng Nai, Bà Rịa - Vũng Tàu, Hồ Chí Minh",
    "dbscl": "Long An, Tiền Giang, Bến Tre, Trà Vinh, Vĩnh Long, Đồng Tháp, An Giang, Kiên Giang, Cần Thơ, Hậu Giang, Sóc Trăng, "
    "Bạc Liêu, Cà Mau",
}
TERM_END = dt.date(2025, 12, 31)
CITIES = ("Hà Nội", "Hải Phòng", "Đà Nẵng", "Hồ Chí Minh", "Cần Thơ")  # of the rank of a province
DISTRICT_WORDS = {"huyện": "district", "thị xã": "town", "thành phố": "city", "quận": "district"}
PROVINCE_WORDS = ("tỉnh", "thành phố", "tp")
# What else provinces are usually called, by the letters alone (see _letters).
SPELLINGS = {
    "hcm": "Hồ Chí Minh",
    "tphcm": "Hồ Chí Minh",
    "hue": "Thừa Thiên Huế",
    "daclac": "Đắk Lắk",
    "dacnong": "Đắk Nông",
    "baccan": "Bắc Kạn",
}


class UnknownProvince(LookupError):
    """No region is known for a province; ``near``: names that were meant perhaps."""

    def __init__(self, near: list[str]) -> None:
        super().__init__(", ".join(near))
        self.near = near


def region_of(province: str) -> str:
    """The region of a province, by any usual spelling of its name; raises :class:`UnknownProvince`.

    >>> region_of("nghe an"), region_of("Tỉnh Lào Cai")
    ('btb', 'tdmnpb')
    """
    regions = {name: region for region, names in PROVINCES.items() for name in names.split(", ")}
    meant = province_meant(province)
    if meant is None:
        raise UnknownProvince(nearest(province, regions))
    return regions[meant]


def province_meant(typed: str) -> str | None:
    """The province of :data:`PROVINCES` that a usual spelling means; None when none is known.

    >>> province_meant("TP. HCM"), province_meant("bà rịa – vũng tàu"), province_meant("Kontum"), province_meant("Sài Gòn")
    ('Hồ Chí Minh', 'Bà Rịa - Vũng Tàu', 'Kon Tum', None)
    """
    letters = _letters(_bare(typed, PROVINCE_WORDS))
    known = {_letters(name): name for names in PROVINCES.values() for name in names.split(", ")}
    return known.get(letters) or SPELLINGS.get(letters)


def is_name(typed: str) -> bool:
    """Whether something names a place: it has a letter, and more than the word for a kind of place.

    >>> is_name("Quận 1"), is_name("Huyện"), is_name("Tỉnh 😀"), is_name("...")
    (True, False, False, False)
    """
    words = (*DISTRICT_WORDS, *PROVINCE_WORDS)
    bare = plain(_bare(typed, words)).strip(" .")
    return (
        any(c.isalpha() for c in typed)
        and any(c.isalnum() for c in bare)
        and bare not in map(plain, words)
    )


def settings(
    folder: Path,
    province: str,
    district: str,
    region: str,
    day: dt.date,
    given: bool,
    law: Law,
    law_folder: Path,
    lang: str = "vi",
    lender: Workbook | None = None,
) -> str:
    """What ``dataset.yaml`` says (YAML, with the reason of each assumption); ``given``: the day was
    named, else it is today; ``lender``: the data set whose assumptions are taken over, and with
    them the criteria sets that they are told for.
    """
    district = unicodedata.normalize("NFC", district)
    bare, province = (
        _bare(district, DISTRICT_WORDS),
        province_meant(province) or _bare(province, PROVINCE_WORDS),
    )
    named = f"Huyện {district}" if bare == district else district
    kind = ("thành phố", "city") if plain(province) in map(plain, CITIES) else ("tỉnh", "province")
    kind_en = next(
        (word for vi, word in DISTRICT_WORDS.items() if plain(named).startswith(f"{plain(vi)} ")),
        "district",
    )
    own = lambda level: law.in_force(level, day) or _latest(law, level, day)  # noqa: E731
    sets = {level: lender.default_set(level) if lender else own(level) for level in LEVELS}
    title = {
        "vi": f"{named}, {kind[0]} {province}",
        "en": f"{bare} {kind_en}, {province} {kind[1]}",
    }

    def why(key, **values):
        return f"# {text(f'new_{key}', lang, **values)}"

    lines = (
        why("by_command"),
        f"id: {flow(slug(folder.name))}",
        f"title: {flow(title)}",
        why("codes"),
        f"district: {flow({'code': '...', 'name': bare})}",
        f"province: {flow({'code': '...', 'name': province})}",
        why("region", region=pick(REGION_NAMES[region], lang)),
        f"region: {region}",
        why("hamlet_word"),
        'hamlet_word: {vi: "thôn", en: "hamlet"}',
        why("as_of"),
        f"as_of: {{date: {day}, mark: {'reported' if given else 'assumed'}}}",
        why("term_end"),
        f"term_end: {{date: {TERM_END}, mark: assumed}}",
        "number_style: vi            # vi: 1.234,5   en: 1,234.5",
        f"criteria: {flow(law_place(law_folder, folder))}",
        why("sets_lent", lender=lender.id) if lender else why("sets"),
        f"sets: {{{', '.join(f'{level}: {set_id}' for level, set_id in sets.items())}}}",
        "illustrative: false",
    )
    return "\n".join(lines) + "\n"


def assumptions_of(workbook: Workbook) -> dict[str, pd.DataFrame]:
    """What a data set calculates with that is not about single communes, all marked ``assumed``,
    with the sources named.
    """
    made = {
        name: workbook.tables[name]
        for name in GROUPS["ground"]
        if "commune" not in dictionary(name)
    }
    made = {name: table.assign(mark="assumed") for name, table in made.items()}
    used = {
        source
        for table in made.values()
        for told in table["source"]
        for source in str(told).split("|")
    }
    sources = workbook.tables["sources"]
    return made | {"sources": sources[sources["id"].isin(used)]}


def empty_tables() -> dict[str, pd.DataFrame]:
    """Every table of a data set, without rows."""
    return {name: pd.DataFrame(columns=list(dictionary(name))) for name in TABLES}


def _latest(law, level, day):
    """The set of a level that began last before a day, else the first of all: the law may not say
    what holds later.
    """
    sets = sorted((s for s in law.sets.values() if s.level == level), key=lambda s: s.start)
    return ([s for s in sets if s.start <= day] or sets[:1])[-1].id


def _bare(name, words):
    """A name without the word for its kind, written before it with a space or a full stop
    between.
    """
    name = unicodedata.normalize("NFC", name)
    rests = (name[len(word) :] for word in words if plain(name[: len(word)]) == plain(word))
    return next(
        (rest.strip(" .") for rest in rests if rest[:1] in (" ", ".") and rest.strip(" .")), name
    )


def _letters(name):
    """What the spellings of a province's name share, whatever diacritics, spaces, hyphens and full
    stops they have.
    """
    return slug(name).replace("-", "")

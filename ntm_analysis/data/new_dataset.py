"""A data set written as a new folder, whole or not at all; one laid out for a district without."""

import csv
import datetime as dt
import io
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from ..language import RefusalError, is_reserved, nearest, pick, plain, slug, text
from ..law import LEVELS, REGION_NAMES, read_law
from ..tables import (
    TABLE_GROUPS,
    TABLES,
    DataProblemsError,
    dictionary,
    dictionary_page,
    flow,
    read_yaml,
)
from . import page_inputs
from .table_text import cell_text
from .versions import write_new
from .workbook import Workbook


class WrongPlaceError(RefusalError):
    """A place that no new data set can take."""


def new_place(typed, old=None):
    """Find the folder that a new data set shall take.

    Parameters
    ----------
    typed : str
    old : Workbook, optional
        The data set that the new one is made of.

    Returns
    -------
    Path

    Raises
    ------
    WrongPlaceError
        Unless the folder is empty or does not exist, its parent exists, it does not lie in the old
        data set, and its name gives an id that no data set beside it has: reports lie under the id.
    """
    if not typed.strip() or not typed.isprintable():
        raise WrongPlaceError("new_no_path", name=typed)
    folder = Path(typed.strip()).resolve()
    if old and (folder == old.path or old.path in folder.parents):
        raise WrongPlaceError("new_inside", name=folder, old=old.path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongPlaceError("new_taken", name=folder)
    if not folder.parent.is_dir():
        raise WrongPlaceError("new_no_parent", name=folder.parent)
    new_id = slug(folder.name)
    if is_reserved(new_id):
        raise WrongPlaceError("new_reserved", name=folder.name)
    if not 0 < len(new_id) <= 60 or (old and new_id == old.id):
        raise WrongPlaceError("new_no_id", name=folder.name, old=old.id if old else "...")
    # Hidden: versions that an import keeps.
    for other in sorted(folder.parent.glob("[!.]*/dataset.yaml")):
        meta = read_yaml(other, []) or {}
        if new_id == slug(f"{meta.get('id') or other.parent.name}"):
            raise WrongPlaceError("new_same_id", name=folder.name, id=new_id, other=other.parent)
    return folder


def law_place(law, folder):
    """Say where the law stands, for ``dataset.yaml`` of a new data set.

    Parameters
    ----------
    law, folder : Path

    Returns
    -------
    str
        Relative where both stand in one tree and move together.

    Examples
    --------
    >>> law_place(Path("/ntm/data/criteria"), Path("/ntm/data/a"))
    '../criteria'
    >>> law_place(Path("/ntm/data/criteria"), Path("/b"))
    '/ntm/data/criteria'
    """
    together = law.parents[1] in folder.parents
    return Path(os.path.relpath(law, folder)).as_posix() if together else law.as_posix()


def write_dataset(folder, meta, tables, also):
    """Write a data set into a folder.

    Parameters
    ----------
    folder : Path
        New or empty.
    meta : dict
        What ``dataset.yaml`` says.
    tables : dict of str to DataFrame
        Columns that no dictionary has are not written.
    also : dict of str to bytes
        Further files by name.

    Returns
    -------
    Workbook
        The data set opened.

    Raises
    ------
    DataProblemsError, OSError
        Then nothing is left.
    """
    words = yaml.safe_dump(_bare_words(meta), allow_unicode=True, sort_keys=False, width=200)
    return write_texts(folder, words, tables, meta.get("number_style", "vi"), also)


def write_texts(folder, meta, tables, style, also):
    """Write a data set as :func:`write_dataset` does.

    Parameters
    ----------
    folder : Path
    meta : str
        The text of ``dataset.yaml``.
    tables : dict of str to DataFrame
    style : str
        Of numbers.
    also : dict of str to bytes

    Returns
    -------
    Workbook
    """
    files = {"dataset.yaml": meta}
    for name in TABLES:
        files[f"{name}.csv"] = csv_text(tables[name], name, style).encode("utf-8-sig")
    return replace(write_new(folder, files | also, Workbook.open), path=folder)


def csv_text(table, name, style):
    """Write a table as the text of its CSV file.

    Parameters
    ----------
    table : DataFrame
    name : str
    style : str
        Of numbers.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"key": ["x"], "value": [1234.5]})
    >>> csv_text(table, "assumptions", "vi").splitlines()[1][:10]
    'x,"1234,5"'
    """
    columns, text = dictionary(name), io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    cells = [table[c].tolist() if c in table else [None] * len(table) for c in columns]
    for row in zip(*cells, strict=True):
        values = zip(row, columns.values(), strict=True)
        writer.writerow([cell_text(value, column, style) for value, column in values])
    return text.getvalue()


def _bare_words(value):
    """Give settings without the lines they stood on."""
    return {k: _bare_words(v) for k, v in value.items()} if isinstance(value, dict) else value


# The provinces before the mergers of 2025 by region, as the criteria sets divide the country
# (recalled; the province checks it).
PROVINCES = {
    "tdmnpb": "Hà Giang, Cao Bằng, Bắc Kạn, Tuyên Quang, Lào Cai, Điện Biên, Lai Châu, Sơn La, "
    "Yên Bái, Hòa Bình, Thái Nguyên, Lạng Sơn, Bắc Giang, Phú Thọ",
    "dbsh": "Hà Nội, Quảng Ninh, Vĩnh Phúc, Bắc Ninh, Hải Dương, Hải Phòng, Hưng Yên, Thái Bình, "
    "Hà Nam, Nam Định, Ninh Bình",
    "btb": "Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Bình, Quảng Trị, Thừa Thiên Huế",
    "dhntb": "Đà Nẵng, Quảng Nam, Quảng Ngãi, Bình Định, Phú Yên, Khánh Hòa, Ninh Thuận, "
    "Bình Thuận",
    "tn": "Kon Tum, Gia Lai, Đắk Lắk, Đắk Nông, Lâm Đồng",
    "dnb": "Bình Phước, Tây Ninh, Bình Dương, Đồng Nai, Bà Rịa - Vũng Tàu, Hồ Chí Minh",
    "dbscl": "Long An, Tiền Giang, Bến Tre, Trà Vinh, Vĩnh Long, Đồng Tháp, An Giang, Kiên Giang, "
    "Cần Thơ, Hậu Giang, Sóc Trăng, Bạc Liêu, Cà Mau",
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


class UnknownProvinceError(RefusalError):
    """No region is known for a province."""


def region_of(province):
    """Find the region of a province.

    Parameters
    ----------
    province : str
        Any usual spelling of its name.

    Returns
    -------
    str

    Raises
    ------
    UnknownProvinceError

    Examples
    --------
    >>> region_of("nghe an"), region_of("Tỉnh Lào Cai")
    ('btb', 'tdmnpb')
    """
    regions = {name: region for region, names in PROVINCES.items() for name in names.split(", ")}
    meant = province_meant(province)
    if meant is None:
        codes = {
            lang: [f"{code} ({pick(words, lang)})" for code, words in REGION_NAMES.items()]
            for lang in ("vi", "en")
        }
        near = nearest(province, regions) or "..."
        raise UnknownProvinceError("new_no_region", name=province, near=near, regions=codes)
    return regions[meant]


def province_meant(typed):
    """Find the province of :data:`PROVINCES` that a usual spelling means.

    Parameters
    ----------
    typed : str

    Returns
    -------
    str or None

    Examples
    --------
    >>> province_meant("TP. HCM"), province_meant("Kontum"), province_meant("Sài Gòn")
    ('Hồ Chí Minh', 'Kon Tum', None)
    """
    letters = _letters(_bare(typed, PROVINCE_WORDS))
    known = {_letters(name): name for names in PROVINCES.values() for name in names.split(", ")}
    return known.get(letters) or SPELLINGS.get(letters)


def is_name(typed):
    """Say whether something names a place.

    Parameters
    ----------
    typed : str

    Returns
    -------
    bool
        Whether it has a letter, and more than the word for a kind of place.

    Examples
    --------
    >>> is_name("Quận 1"), is_name("Huyện"), is_name("Tỉnh 😀"), is_name("...")
    (True, False, False, False)
    """
    words = (*DISTRICT_WORDS, *PROVINCE_WORDS)
    bare = plain(_bare(typed, words)).strip(" .")
    letters = any(map(str.isalpha, typed)) and any(map(str.isalnum, bare))
    return letters and bare not in map(plain, words)


def settings(folder, names, region, as_of, law, law_folder, lang="vi", lender=None):
    """Write ``dataset.yaml`` of a new data set, with the reason of each assumption.

    Parameters
    ----------
    folder : Path
    names : dict of str to str
        Of ``province`` and ``district``.
    region : str
    as_of : datetime.date or None
        None: today, as an assumption.
    law : Law
    law_folder : Path
    lang : str
        Of the reasons.
    lender : Workbook, optional
        The data set whose assumptions are taken over, and with them the criteria sets that they are
        told for.

    Returns
    -------
    str
        YAML.
    """
    day, district = as_of or dt.date.today(), unicodedata.normalize("NFC", names["district"])
    province = province_meant(names["province"]) or _bare(names["province"], PROVINCE_WORDS)
    bare = _bare(district, DISTRICT_WORDS)
    named = f"Huyện {district}" if bare == district else district
    city = plain(province) in map(plain, CITIES)
    kind, kind_en = ("thành phố", "city") if city else ("tỉnh", "province")
    words = (en for vi, en in DISTRICT_WORDS.items() if plain(named).startswith(f"{plain(vi)} "))
    title = {
        "vi": f"{named}, {kind} {province}",
        "en": f"{bare} {next(words, 'district')}, {province} {kind_en}",
    }
    sets = {
        level: lender.default_set(level) if lender else _set_for(law, level, day)
        for level in LEVELS
    }

    def why(key, **details):
        return f"# {text(f'new_{key}', lang, **details)}"

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
        f"as_of: {{date: {day}, mark: {'reported' if as_of else 'assumed'}}}",
        why("term_end"),
        f"term_end: {{date: {TERM_END}, mark: assumed}}",
        "number_style: vi            # vi: 1.234,5   en: 1,234.5",
        f"criteria: {flow(law_place(law_folder, folder))}",
        why("sets_lent", lender=lender.id) if lender else why("sets"),
        f"sets: {{{', '.join(f'{level}: {set_id}' for level, set_id in sets.items())}}}",
        "illustrative: false",
    )
    return "\n".join(lines) + "\n"


def assumptions_of(workbook):
    """Take over what a data set calculates with that is not about single communes.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    dict of str to DataFrame
        All marked ``assumed``, and the sources named.
    """
    general = [name for name in TABLE_GROUPS["ground"] if "commune" not in dictionary(name)]
    tables = {name: workbook.tables[name].assign(mark="assumed") for name in general}
    cells = pd.concat([table["source"] for table in tables.values()])
    sources = workbook.tables["sources"]
    used = sources["id"].isin(cells.str.split("|").explode())
    return tables | {"sources": sources[used]}


def empty_tables():
    """Lay out every table of a data set, without rows.

    Returns
    -------
    dict of str to DataFrame
    """
    return {name: pd.DataFrame(columns=list(dictionary(name))) for name in TABLES}


def _set_for(law, level, day):
    """Choose the set in force, else that which began last before a day, else the first of all.

    The law may not say what holds later.
    """
    sets = sorted((s for s in law.sets.values() if s.level == level), key=lambda s: s.start)
    begun = [s for s in sets if s.start <= day] or sets[:1]
    return law.in_force(level, day) or begun[-1].id


def _bare(name, words):
    """Give a name without the word for its kind, before it with a space or a full stop between."""
    name = unicodedata.normalize("NFC", name)
    rests = (name[len(word) :] for word in words if plain(name[: len(word)]) == plain(word))
    bare = (rest.strip(" .") for rest in rests if rest[:1] in (" ", ".") and rest.strip(" ."))
    return next(bare, name)


def _letters(name):
    """Give what the spellings of a province's name share, whatever signs and spaces they have."""
    return slug(name).replace("-", "")


def lay_out(typed, province, district, region="", as_of=None, lender=None, lang="vi"):
    """Lay out an empty data set for a district that has none.

    Parameters
    ----------
    typed : str
        Its folder; a bare name is a folder beside the other data sets.
    province, district : str
    region : str, optional
        Of the criteria sets. Default: by the province's name.
    as_of : datetime.date, optional
        Default: today, as an assumption.
    lender : Workbook, optional
        The data set whose assumptions are taken over.
    lang : str
        Of the reasons in ``dataset.yaml``.

    Returns
    -------
    tuple of (Path, str)
        The folder and the region.

    Raises
    ------
    UnknownProvinceError, WrongPlaceError, OSError
    DataProblemsError
        For law that cannot be read.
    """
    region, problems = region or region_of(province), []
    beside = typed.strip() and Path(typed).name == typed
    folder = new_place(f"{page_inputs.HOME / 'data' / typed}" if beside else typed)
    law_folder = page_inputs.HOME / "data" / "criteria"
    law = read_law(law_folder, problems)
    if problems:
        raise DataProblemsError(problems)
    names = {"province": province, "district": district}
    meta = settings(folder, names, region, as_of, law, law_folder, lang, lender)
    tables = empty_tables() | (assumptions_of(lender) if lender else {})
    write_texts(folder, meta, tables, "vi", {"tu-dien.md": dictionary_page().encode()})
    return folder, region

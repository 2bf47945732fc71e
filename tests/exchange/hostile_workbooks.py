"""Excel files that nobody sends by mistake: each a few kilobytes that ask for a machine's memory, a
night's time, a file of somebody else's, or are no Excel file at all.

A maker takes the path that it writes. ``mutant`` damages a sound file at random places.
"""

import struct
import zipfile
from pathlib import Path

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OLD_EXCEL = Path(__file__).with_name("old_excel.xls")
REFUSED, ANY = ("book_large", "book_broken"), ("", "book_large", "book_broken")
CASES = {}


def case(*outcomes):
    """Register a maker with the outcomes allowed: codes of problems, "" for sheets."""

    def register(make):
        CASES[make.__name__] = (make, outcomes)
        return make

    return register


def sheet_xml(rows, before="", after=""):
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def text_cell(text, at='r="A1"'):
    return f'<c {at} t="inlineStr"><is><t>{text}</t></is></c>'


def book(path, sheets, names=None, targets=None, more=(), head=""):
    """Write an .xlsx file part by part.

    ``sheets`` by place in the archive: text, or an iterator of pieces; ``targets`` by sheet name,
    where they are not in order.
    """
    targets = targets or {f"Biểu {n}": place for n, place in enumerate(sheets, 1)}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(targets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="{target}"/>'
        for n, target in enumerate(targets.values(), 1)
    )
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        **{f"xl/{place}": xml for place, xml in sheets.items()},
        **dict(more),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            with packed.open(name, "w", force_zip64=True) as part:
                for piece in [content] if isinstance(content, str | bytes) else content:
                    part.write(piece.encode() if isinstance(piece, str) else piece)


def one(path, rows, **more):
    book(path, {"worksheets/sheet1.xml": sheet_xml(rows)}, **more)


def pieces(before, piece, times, after):
    yield before
    for _ in range(times):
        yield piece
    yield after


def rows_xml(row, first, last):
    """A sheet with the same row over and over, written in pieces."""
    before, after = sheet_xml("|").split("|")
    yield before
    for n in range(first, last, 4096):
        yield "".join(row.format(n=i) for i in range(n, min(n + 4096, last)))
    yield after


# --- more cells than there is memory for ---


@case("book_large")
def a_cell_without_a_place_in_the_last_row(path):
    one(path, f'<row r="1"><c><v>1</v></c></row><row r="1048576">{"<c><v>1</v></c>" * 16384}</row>')


@case("book_large")
def a_sheet_outside_the_usual_folder(path):
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="XFD1048576"><v>1</v></c></row>'
    book(path, {"other/sheet1.xml": sheet_xml(rows)})


@case("book_broken")
def a_cell_that_stands_nowhere(path):
    one(path, f'<row r="1"><c r="{"A" * 40}99999999999"><v>1</v></c></row>')


@case(*REFUSED)
def a_row_that_stands_nowhere(path):
    one(path, '<row r="4294967295"><c><v>1</v></c></row>')


@case(*REFUSED)
def a_row_before_the_first(path):
    one(path, '<row r="-7" hidden="1"><c r="A0"><v>1</v></c></row>')


@case("book_large")
def many_sheets_each_large(path):
    rows = '<row r="2000"><c r="SF2000"><v>1</v></c></row>'
    book(path, {f"worksheets/sheet{n}.xml": sheet_xml(rows) for n in range(1, 60)})


@case("book_large")
def an_old_file_with_its_last_corner_filled(path):
    raw = bytearray(OLD_EXCEL.read_bytes())
    label = struct.pack("<HH", 0x00FD, 10)  # a text cell: row, column, style, number of the text
    place = raw.rindex(label) + 4
    raw[place : place + 4] = struct.pack("<HH", 65535, 255)
    path.write_bytes(raw)


@case(*ANY)
def a_million_rows(path):
    row = '<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>'
    book(path, {"worksheets/sheet1.xml": rows_xml(row, 1, 1_048_577)})


# --- more text than there is time for ---


@case("book_large")
def one_cell_of_endless_text(path):
    before, after = sheet_xml(f'<row r="1">{text_cell("|")}</row>').split("|")
    book(path, {"worksheets/sheet1.xml": pieces(before, "x" * 1_000_000, 140, after)})


@case("book_large")
def one_sheet_under_twenty_thousand_names(path):
    rows = sheet_xml(f'<row r="1">{text_cell("a")}</row>')
    targets = {f"B{n}": "worksheets/sheet1.xml" for n in range(20_000)}
    book(path, {"worksheets/sheet1.xml": rows}, targets=targets)


@case("book_large")
def five_gigabytes_of_blanks(path):
    before, after = sheet_xml("|").split("|")
    book(path, {"worksheets/sheet1.xml": pieces(before, " " * 10_000_000, 500, after)})


@case("book_large")
def shared_texts_without_end(path):
    text = pieces(f'<sst xmlns="{MAIN}"><si><t>', "y" * 5_000_000, 300, "</t></si></sst>")
    cell = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    one(path, cell, more={"xl/sharedStrings.xml": text})


@case(*ANY)
def ten_million_shared_texts(path):
    text = pieces(f'<sst xmlns="{MAIN}">', "<si><t>z</t></si>" * 10_000, 800, "</sst>")
    cell = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    one(path, cell, more={"xl/sharedStrings.xml": text})


@case(*ANY)
def a_million_merged_ranges(path):
    merged = '<mergeCells><mergeCell ref="A1:B2"/>' + '<mergeCell ref="A1:XFD1048576"/>' * 1_000_000
    xml = sheet_xml(f'<row r="1">{text_cell("a")}</row>', after=merged + "</mergeCells>")
    book(path, {"worksheets/sheet1.xml": xml})


@case(*ANY)
def a_million_hidden_rows(path):
    book(path, {"worksheets/sheet1.xml": rows_xml('<row r="{n}" hidden="1"/>', 1, 1_000_000)})


@case(*ANY)
def a_million_styles(path):
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>'
    styles = pieces(styles, '<xf numFmtId="9"/>' * 10_000, 300, "</cellXfs></styleSheet>")
    one(path, '<row r="1"><c r="A1" s="2"><v>1</v></c></row>', more={"xl/styles.xml": styles})


@case(*ANY)
def elements_in_each_other_without_end(path):
    deep = pieces(f'<worksheet xmlns="{MAIN}">', "<a>" * 100_000, 100, "")
    book(path, {"worksheets/sheet1.xml": deep})


# --- files of others, programs, entities ---


@case(*REFUSED)
def an_entity_of_a_file_of_this_machine(path):
    head = '<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    xml = head + sheet_xml(f'<row r="1">{text_cell("&e;")}</row>')
    book(path, {"worksheets/sheet1.xml": xml})


@case(*REFUSED)
def a_billion_laughs(path):
    laughs = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)
    )
    xml = f"<!DOCTYPE w [{laughs}]>" + sheet_xml(f'<row r="1">{text_cell("&l9;")}</row>')
    book(path, {"worksheets/sheet1.xml": xml})


@case(*REFUSED)
def a_billion_laughs_in_the_list_of_sheets(path):
    laughs = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)
    )
    place = {"Biểu &l9;": "worksheets/sheet1.xml"}
    rows = {"worksheets/sheet1.xml": sheet_xml(f'<row r="1">{text_cell("a")}</row>')}
    book(path, rows, targets=place, head=f"<!DOCTYPE w [{laughs}]>")


@case(*ANY)
def a_sheet_that_is_a_file_of_this_machine(path):
    rows = {"worksheets/sheet1.xml": sheet_xml(f'<row r="1">{text_cell("a")}</row>')}
    book(path, rows, targets={"B": "../../../../../../etc/hostname", "C": "/etc/hostname"})


@case("")
def a_macro_that_nobody_runs(path):
    one(path, f'<row r="1">{text_cell("a")}</row>', more={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})


@case("")
def a_link_to_another_file(path):
    link = f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>'
    formula = '<row r="1"><c r="A1"><f>[1]B!A1</f><v>3</v></c></row>'
    one(path, formula, more={"xl/externalLinks/externalLink1.xml": link})


# --- cells that say what no cell can ---


@case(*ANY)
def numbers_that_are_none(path):
    cells = "".join(
        f'<c r="{column}1"><v>{value}</v></c>'
        for column, value in zip(
            "ABCDEF", ("NaN", "inf", "1e400", "-1e400", "0x10", "1_0"), strict=True
        )
    )
    one(path, f'<row r="1">{cells}</row>')


@case(*ANY)
def days_that_no_calendar_has(path):
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    cells = "".join(
        f'<c r="{column}1" s="0"><v>{value}</v></c>'
        for column, value in zip("ABCDE", ("1e9", "-5", "2958466", "1e300", "60"), strict=True)
    )
    one(path, f'<row r="1">{cells}</row>', more={"xl/styles.xml": styles})


@case(*REFUSED)
def a_shared_text_that_is_not_there(path):
    one(path, '<row r="1"><c r="A1" t="s"><v>4294967296</v></c></row>')


@case(*ANY)
def text_in_another_encoding(path):
    xml = '<?xml version="1.0" encoding="UTF-16"?>' + sheet_xml(
        f'<row r="1">{text_cell("ế")}</row>'
    )
    book(path, {"worksheets/sheet1.xml": xml.encode("utf-16")})


@case(*REFUSED)
def bytes_that_are_no_text(path):
    xml = sheet_xml(f'<row r="1">{text_cell("|")}</row>').encode().replace(b"|", b"\xff\xfe\x00")
    book(path, {"worksheets/sheet1.xml": xml})


@case(*ANY)
def sheets_of_one_name(path):
    rows = sheet_xml(f'<row r="1">{text_cell("a")}</row>')
    twice = {"Biểu": "worksheets/sheet1.xml", "Biểu ": "worksheets/sheet2.xml"}
    book(path, {"worksheets/sheet1.xml": rows, "worksheets/sheet2.xml": rows}, targets=twice)


@case("book_broken")
def a_value_outside_any_cell(path):
    one(path, '<row r="9"><v>1</v></row>')


@case("book_large")
def merged_ranges_over_each_other(path):
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    xml = sheet_xml(f'<row r="1">{text_cell("a")}</row>', after=merged)
    book(path, {"worksheets/sheet1.xml": xml})


# --- archives that are damaged, or lie ---


@case("book_broken")
def a_stream_of_noise(path):
    one(path, "".join(f'<row r="{n}"><c><v>{n * n}</v></c></row>' for n in range(1, 300)))
    raw = bytearray(path.read_bytes())
    place = raw.index(b"xl/worksheets/sheet1.xml") + 60
    raw[place : place + 20] = b"\xff" * 20
    path.write_bytes(raw)


@case(*REFUSED)
def no_list_of_sheets(path):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("[Content_Types].xml", TYPES)


@case(*ANY)
def a_size_that_is_not_true(path):
    one(path, f'<row r="1">{text_cell("a" * 5000)}</row>')
    raw = path.read_bytes()
    size = struct.pack("<I", len(sheet_xml(f'<row r="1">{text_cell("a" * 5000)}</row>')))
    path.write_bytes(raw.replace(size, struct.pack("<I", 7)))


@case(*ANY)
def parts_that_stand_twice(path):
    one(path, f'<row r="1">{text_cell("a")}</row>')
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/workbook.xml ", "<x/>")
        packed.writestr("xl/worksheets/SHEET1.xml", "<x/>")


@case(*ANY, "book_password")
def an_encrypted_part(path):
    one(path, f'<row r="1">{text_cell("a")}</row>')
    raw = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(sign)
        while place >= 0:
            raw[place + at] |= 1
            place = raw.find(sign, place + 4)
    path.write_bytes(raw)


@case(*ANY)
def a_way_of_packing_that_nobody_knows(path):
    one(path, f'<row r="1">{text_cell("a")}</row>')
    raw = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = raw.find(sign)
        while place >= 0:
            raw[place + at : place + at + 2] = b"\x63\x00"
            place = raw.find(sign, place + 4)
    path.write_bytes(raw)


@case(*REFUSED)
def an_old_file_whose_chain_of_sectors_is_a_ring(path):
    raw = bytearray(OLD_EXCEL.read_bytes())
    table = struct.unpack_from("<I", raw, 0x4C)[0] * 512 + 512  # the first table of sectors
    for n in range(128):
        struct.pack_into("<I", raw, table + 4 * n, 0)
    path.write_bytes(raw)


@case(*REFUSED)
def an_old_file_of_nothing_but_its_sign(path):
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 100_000)


def make(folder, name):
    """Write one of the cases into a folder; its path."""
    path = folder / f"{name}.{'xls' if 'old_file' in name else 'xlsx'}"
    CASES[name][0](path)
    return path


def mutant(folder, number, chance):
    """Write a sound .xlsx or .xls file with some bytes, or parts of its XML, changed at random."""
    path = folder / f"{number}.xlsx"
    cell = '<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="str"><v>x</v></c></row>'
    xml = "".join(rows_xml(cell, 1, 20))
    kind = chance.choice(["old", "text", "text", "bytes"])
    if kind == "text":
        signs = ['r="A1"', '"', "<c", "</row>", "<v>", "1", "row", "sheetData", "str", "x"]
        puts = ["", "9" * 30, 'r="XFD1048576"', "<", "&#0;", "\u202e", "-1", "t=", "A", "1e308"]
        for _ in range(chance.randint(1, 3)):
            xml = xml.replace(chance.choice(signs), chance.choice(puts), chance.randint(1, 3))
    if kind == "old":
        path = path.with_suffix(".xls")
        path.write_bytes(OLD_EXCEL.read_bytes())
    else:
        book(path, {"worksheets/sheet1.xml": xml})
    if kind != "text":
        raw = bytearray(path.read_bytes())
        for _ in range(chance.choice([1, 2, 5, 40])):
            raw[chance.randrange(8, len(raw))] = chance.randrange(256)
        path.write_bytes(raw[: chance.randint(100, len(raw))] if chance.random() < 0.1 else raw)
    return path

"""An .xlsx changed in ways that some program, or nobody, would write it: cells, rows, sheets, book, styles and texts.

Cells of type d are left out: LibreOffice 7.4 does not know them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

from tests.fuzzing.packages import Mutation, Parts, pack, unpack

_CELL: Final = re.compile(rb'<c r="([A-Z]+)(\d+)"(?: s="(\d+)")?(?: t="(\w+)")?(?:/>|>(.*?)</c>)')
_ROW: Final = re.compile(rb'<row r="(\d+)"([^>]*)>(.*?)</row>', re.DOTALL)
_SHEET: Final = re.compile(rb"xl/worksheets/sheet\d+\.xml")
_VALUES: Final = (
    " 12.5 ", "1.25E1", "1e3", "1,25", "12.5abc", "", " ", "0x10", "1e400", "-1e400", "NaN", "INF", "-0", "+12.5",
    "12.50000000000000000001", "0.1234567890123456789", "&#49;2", "<![CDATA[12]]>", "１２", "12\n", "<!-- 9 -->12",
    "12<!-- 9 -->", "1<!-- 9 -->2", "1<?x y?>2", ".5", "5.", "--5", "1 2", "1_000", "0012", "1e", "١٢", "true", "TRUE", "1%",
    "￥12", "#N/A", "#DIV/0!", "2024-12-31", "45657", "45657.75", "60", "59.5", "2958466", "-1", "9007199254740993", "1e-320",
)  # fmt: skip
_TYPES: Final = ("s", "str", "inlineStr", "b", "e", "n", "x", "", "S", "N")
FORMATS: Final = (
    "0.00,", "0.00,,", "0!.0,", '0!.0,"万"', r"0\.0,", '#,##0.00 "万元"', '0.000,,"亿"', "0%", "0.00%", "General", "GENERAL", "@",
    "yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d", "[$-F800]dddd, mmmm dd, yyyy", "[$-F400]h:mm:ss AM/PM", "yyyy;@", "0;yyyy",
    "yyyy;0", "[>100]0;yyyy", "B1yyyy", "m/d", "d-mmm", "mmmmm", "h:mm", "[h]:mm", "[h]", "[mm]", "[ss]", "mm:ss.0", "A/P", "h AM/PM",
    "上午/下午h", '上午/下午h"时"mm"分"', '"日"0.00', "0日", "0分", '0.00"元"', '0.00"d"', r"\d0.00", "[Red]0.00", "[Color5]0",
    r"0.00_);[Red]\(0.00\)", '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "0.00;;", ";;;", "[=1]\"是\";[=0]\"否\";0", "d", "e", "ee",
    'e"年"m"月"', "ggge", 'gge"年"', "[$-411]ggge", "r", "rr", "aaa", "aaaa", "aa", "bbbb", "G/通用格式", "[DBNum1]0", "[DBNum2][$-804]General",
    '[DBNum1][$-804]yyyy"年"m"月"d"日"', "# ?/?", "0E+00", "##0.0E+0", "m", "s", "y", "0m", "m0", "0h", "[$￥-804]#,##0.00", "[$USD] 0",
    "[$d]0", "0_d", "*d0",
)  # fmt: skip
"""Codes of number formats: of figures, dates, times, and some that only look like one of them."""
_BUILT_IN: Final = (
    0,
    1,
    2,
    9,
    10,
    11,
    12,
    14,
    17,
    18,
    22,
    27,
    28,
    30,
    31,
    32,
    36,
    44,
    45,
    46,
    47,
    48,
    49,
    50,
    57,
    58,
    71,
    81,
    163,
)

CellChange = Callable[[Random, bytes, bytes, bytes, bytes, bytes], bytes]
"""Chance, column letters, row number, style attribute, type, and inner XML of a cell to a cell's XML."""


def _value(inner: bytes) -> bytes:
    match = re.search(rb"<v>(.*?)</v>", inner)
    return match[1] if match else b"12.5"


def _as(name: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    return b'<c r="%s"%s%s>%s</c>' % (name, style, b' t="%s"' % kind if kind else b"", inner)


def retyped(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    return _as(column + row, style, numbers.choice(_TYPES).encode(), inner or b"<v>1</v>")


def another_value(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    value = numbers.choice(_VALUES).encode()
    kind = numbers.choice([b"", b"", b"n", b"str", b"b", b"e", kind])
    return _as(column + row, style, kind, b"<v>%s</v>" % value)


def another_place(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    """The cell's name missing, in small letters, absolute, of another row, of a neighbour, or nonsense."""
    below = str(int(row) + numbers.choice([1, -1, 5])).encode()
    name = numbers.choice(
        [b"", column.lower() + row, b"$%s$%s" % (column, row), column + below, b"B" + row, b"A1", column, row, b"R1C1",
         column + row + b" ", b" " + column + row, b"Z" + row, b"XFE" + row, column + b"0", column + b"0" + row]
    )  # fmt: skip
    return _as(name, style, kind, inner) if name else _as(b"", style, kind, inner).replace(b' r=""', b"")


def doubled(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    cell = _as(column + row, style, kind, inner)
    other = numbers.choice([_as(column + row, style, b"", b"<v>77</v>"), b'<c r="%s"/>' % (column + row)])
    return cell + other if numbers.random() < 0.5 else other + cell


def spelled_otherwise(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    """The same XML to a parser: quotes, spaces, order of attributes, prefixes, comments, further attributes."""
    cell = _as(column + row, style, kind, inner)
    match numbers.randrange(9):
        case 0:
            return cell.replace(b'"', b"'") if b"'" not in inner else cell
        case 1:
            return re.sub(rb'(\w)="', rb'\1 = "', cell, count=3) if b"<f" not in inner else cell
        case 2:
            return b"<c%s%s r='%s'>%s</c>" % (b' t="%s"' % kind if kind else b"", style, column + row, inner)
        case 3:
            main = b'xmlns:q="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
            return re.sub(rb"<(/?)(\w+)", rb"<\1q:\2", cell).replace(b"<q:c ", b"<q:c %s " % main, 1)
        case 4:
            return b"<!-- %s -->%s" % (_as(column + row, style, b"", b"<v>77</v>"), cell)
        case 5:
            return cell.replace(b"<c ", b"<c\n\t", 1).replace(b"</c>", b"</c\n>")
        case 6:
            return cell.replace(b"<c ", b'<c cm="1" vm="1" ph="1" ', 1)
        case 7:
            return cell.replace(b"</c>", b'<extLst><ext uri="{0}"><v>77</v></ext></extLst></c>')
        case _:
            return cell.replace(b' r="%s"' % (column + row), b' r="&#%d;%s"' % (column[0], column[1:] + row))


def inner_changed(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    value = _value(inner)
    inner = numbers.choice(
        [b"<v>%s</v><v>77</v>" % value, b"<v/>", b"<v></v>", b"", b'<v xml:space="preserve"> %s </v>' % value,
         b"<v>%s</v><f>70+7</f>" % value, b"<f>70+7</f>", b"<f/><v>%s</v>" % value, b"<f>70+7</f><v>77</v>",
         b"<f>70+7</f><v></v>", b'<f t="array" ref="%s">70+7</f><v>77</v>' % (column + row),
         b'<f t="shared" si="9"/><v>77</v>', b'<f t="shared" ref="%s" si="9">70+7</f><v>77</v>' % (column + row),
         b"<f>1/0</f><v>77</v>", b"<is><t>77</t></is>", b"<is><t>77</t></is><v>%s</v>" % value, b"<t>77</t>",
         b"<x><v>77</v></x>", b"<v>%s</v>77" % value, b"77<v>%s</v>" % value, b"<f>\n70+7\n</f>\n<v>\n77\n</v>",
         b"<!-- <v>5</v> --><v>%s</v>" % value, b"<f><![CDATA[70+7]]></f><v>77</v>"]
    )  # fmt: skip
    return _as(column + row, style, kind if numbers.random() < 0.7 else b"", inner)


def text_changed(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    """A text in the cell itself: plain, rich, with a reading aid, with escapes; of digits, so that it may be a figure."""
    text = numbers.choice(
        [b"<t>12.5</t>", b"<t> 12.5</t>", b'<t xml:space="preserve"> 12.5 </t>', b"<t>12_x000D_</t>", b"<t>_x0031_2</t>",
         b"<r><t>1</t></r><r><rPr><b/></rPr><t>2.5</t></r>", b'<t>12.5</t><rPh sb="0" eb="1"><t>9</t></rPh>',
         b"<r><t>12</t></r><rPh sb='0' eb='1'><t>9</t></rPh><phoneticPr fontId='1'/>", b"<t/>", b"", b"<t>1</t><t>2</t>",
         b"<t>&#x31;2</t>", b"<t><![CDATA[12]]></t>", b"<t>12&#10;</t>", b"<t>1<!-- 9 -->2</t>", b"<t>12&#160;</t>",
         b"<t>_x005F_x0031_</t>", b"<t>_x4E00_</t>", b"<t>12</t>9", b"<t>#N/A</t>"]
    )  # fmt: skip
    return _as(column + row, style, b"inlineStr", b"<is>%s</is>" % text)


def restyled(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    number = numbers.choice([b"0", b"9999", b"-1", b"x", b"", str(numbers.randrange(30)).encode()])
    return _as(column + row, b' s="%s"' % number, kind, inner)


def indexed(numbers: Random, column: bytes, row: bytes, style: bytes, kind: bytes, inner: bytes) -> bytes:
    number = numbers.choice([b"999999", b"-1", b"", b" 5 ", b"5.0", b"0x5", b"x", b"4294967296", b"5"])
    return _as(column + row, style, b"s", b"<v>%s</v>" % number)


CELLS: Final[tuple[CellChange, ...]] = (
    retyped, another_value, another_value, another_place, doubled, spelled_otherwise, inner_changed, text_changed, restyled,
    indexed,
)  # fmt: skip


def with_cells_changed(numbers: Random, content: bytes) -> bytes:
    """One to six cells, rather those that hold a figure, changed."""
    parts = unpack(content)
    for _ in range(numbers.choice([1, 2, 4, 6])):
        name = _sheet(numbers, parts)
        cells = list(_CELL.finditer(parts[name]))
        figures = [cell for cell in cells if cell[5] and cell[4] is None and b"<f>" not in cell[5]]
        wanted = figures if figures and numbers.random() < 0.7 else cells
        if wanted:
            cell = numbers.choice(wanted)
            style = b' s="%s"' % cell[3] if cell[3] else b""
            change = numbers.choice(CELLS)
            other = change(numbers, cell[1], cell[2], style, cell[4] or b"", cell[5] or b"")
            parts[name] = parts[name][: cell.start()] + other + parts[name][cell.end() :]
    return pack(parts)


def _sheet(numbers: Random, parts: Parts) -> str:
    return numbers.choice([name for name in parts if _SHEET.fullmatch(name.encode())] or list(parts))


def with_a_row_changed(numbers: Random, content: bytes) -> bytes:
    """Numbers missing, doubled, wrong or out of order; rows swapped, empty, or without any cell's name."""
    parts = unpack(content)
    name = _sheet(numbers, parts)
    rows = list(_ROW.finditer(parts[name]))
    if len(rows) < 6:
        return content
    at = numbers.randrange(4, len(rows) - 1)
    row, following = rows[at], rows[at + 1]
    attributes, inside = row[2], row[3]
    match numbers.randrange(9):
        case 0:
            other = b"<row%s>%s</row>" % (attributes, inside)
        case 1:
            other = b"<row%s>%s</row>" % (attributes, re.sub(rb'<c r="[A-Z]+\d+"', b"<c", inside))
        case 2:
            other = b'<row r="%s"%s>%s</row>' % (row[1], attributes, re.sub(rb'<c r="[A-Z]+\d+"', b"<c", inside))
        case 3:
            number = numbers.choice([b"x", b"0", b"-1", b"1048577", b"5", b" %s " % row[1], b"0%s" % row[1], b""])
            other = b'<row r="%s"%s>%s</row>' % (number, attributes, inside)
        case 4:
            number = numbers.choice([b"x", b"0", b"1048577", b"5", str(int(row[1]) + 3).encode()])
            nameless = re.sub(rb'<c r="[A-Z]+\d+"', b"<c", inside)
            other = b'<row r="%s"%s>%s</row>' % (number, attributes, nameless)
        case 5:
            other = b'<row r="%s"%s>%s</row>' % (row[1], attributes, inside) * 2
        case 6:
            other = b'<row r="%s"/>' % row[1]
        case 7:
            other = b'<row r="%s" hidden="1" s="9" customFormat="1"%s>%s</row>' % (row[1], attributes, inside)
        case _:
            swapped = following[0] + row[0]
            parts[name] = parts[name][: row.start()] + swapped + parts[name][following.end() :]
            return pack(parts)
    parts[name] = parts[name][: row.start()] + other + parts[name][row.end() :]
    return pack(parts)


_MAIN: Final = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"


def with_a_sheet_changed(numbers: Random, content: bytes) -> bytes:
    """The XML of a whole sheet: prefixes, encodings, comments, entities, compatibility, merged cells, lying ranges."""
    parts = unpack(content)
    name = _sheet(numbers, parts)
    xml = parts[name]
    declaration = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    merged = b'<mergeCells count="2"><mergeCell ref="C6:H9"/><mergeCell ref="B25:H40"/></mergeCells>'
    match numbers.randrange(16):
        case 0:
            xml = re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", xml).replace(b"xmlns=", b"xmlns:x=", 1)
        case 1:
            xml = xml.replace(_MAIN, _STRICT)
        case 2:
            xml = xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
        case 3:
            xml = b"\xef\xbb\xbf" + xml
        case 4:
            xml = xml.decode().replace('encoding="UTF-8"', 'encoding="GBK"').encode("gbk", "xmlcharrefreplace")
        case 5:
            xml = xml.replace(declaration, declaration + b'<!DOCTYPE worksheet [<!ENTITY n "77">]>').replace(
                b"<v>1", b"<v>&n;1", 3
            )
        case 6:
            xml = re.sub(rb"(<row r=\"(\d+)\".*?</row>)", rb"<!-- \2 -->\1", xml)
        case 7:
            xml = _compatible(numbers, xml)
        case 8:
            xml = re.sub(
                rb"<dimension[^>]*>", b'<dimension ref="%s"/>' % numbers.choice([b"A1", b"A1:XFD1048576", b"x"]), xml
            )
        case 9:
            xml = xml.replace(b"</sheetData>", b"</sheetData>" + merged)
        case 10:
            xml = xml.replace(b"</sheetData>", b'<row r="900"><c r="H37"><v>77</v></c></row></sheetData>')
        case 11:
            data = re.search(rb"<sheetData>.*</sheetData>", xml, re.DOTALL)
            again = re.sub(rb"<v>\d+</v>", b"<v>77</v>", data[0]) if data else b""
            xml = xml.replace(b"</sheetData>", b"</sheetData>" + again)
        case 12:
            xml = re.sub(rb' r="[A-Z]+\d+"', b"", xml)
        case 13:
            xml = re.sub(rb' r="\d+"', b"", xml)
        case 14:
            far = numbers.choice([b"XFD1048576", b"A1048576", b"XFD1", b"A60000", b"AAAA1", b"ZZZZZZ9"])
            cell = numbers.choice(
                [b'<c r="%s"><v>1</v></c>', b"<c s='1' r='%s'><v>1</v></c>", b'<c r = "%s"><v>1</v></c>']
            )
            row = re.sub(rb"\D", b"", far)
            xml = xml.replace(b"</sheetData>", b'<row r="%s">%s</row></sheetData>' % (row, cell % far))
        case _:
            xml = xml.replace(_MAIN, numbers.choice([b"urn:x", _MAIN.upper(), b""]))
    parts[name] = xml
    return pack(parts)


def _compatible(numbers: Random, xml: bytes) -> bytes:
    """A row in one of the two choices that a reader has, another figure in the other."""
    rows = list(_ROW.finditer(xml))
    row = numbers.choice(rows[4:] or rows)
    other = re.sub(rb"<v>\d+(\.\d+)?</v>", b"<v>77</v>", row[0])
    mark = b'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    choice = b'<mc:AlternateContent %s xmlns:z="urn:z"><mc:Choice Requires="z">%s</mc:Choice><mc:Fallback>%s</mc:Fallback></mc:AlternateContent>'
    return xml[: row.start()] + choice % (mark, other, row[0]) + xml[row.end() :]


def with_the_book_changed(numbers: Random, content: bytes) -> bytes:
    """Where sheets are said to be, what they are called, their order and how days are counted."""
    parts = unpack(content)
    book, links = parts.get("xl/workbook.xml", b""), parts.get("xl/_rels/workbook.xml.rels", b"")
    target = re.compile(rb'Target="worksheets/sheet(\d+)\.xml"')
    match numbers.randrange(15):
        case 0:
            book = book.replace(
                b"<workbookPr ", b'<workbookPr date1904="%s" ' % numbers.choice([b"1", b"true", b"0", b"on"])
            )
        case 1:
            links = target.sub(rb'Target="/xl/worksheets/sheet\1.xml"', links)
        case 2:
            links = target.sub(rb'Target="./worksheets/../worksheets/sheet\1.xml"', links)
        case 3:
            links = target.sub(rb'Target="worksheets\\\\sheet\1.xml"', links)
        case 4:
            links = target.sub(rb'Target="Worksheets/Sheet\1.xml"', links)
        case 5:
            links = links.replace(b"worksheets/sheet3.xml", b"worksheets/sheet2.xml")
        case 6:
            links = links.replace(b"worksheets/sheet3.xml", b"tables/t3.xml")
            parts = {name.replace("worksheets/sheet3.xml", "tables/t3.xml"): part for name, part in parts.items()}
        case 7:
            book = re.sub(
                rb'<sheet name="[^"]*" sheetId="2"', '<sheet name="预算执行情况表" sheetId="2"'.encode(), book
            )
        case 8:
            book = re.sub(rb'(<sheet name=")([^"]*)("[^>]*>)', rb"\1 \2 \3", book)
        case 9:
            book = book.replace(
                b'sheetId="3"', b'sheetId="3" state="%s"' % numbers.choice([b"hidden", b"veryHidden", b"x"])
            )
        case 10:
            links = links.replace(b'Id="rId3"', b'Id="rId2"').replace(b'Id="rId1"', b'Id="rId3"')
        case 11:
            found = re.findall(rb"<sheet name=[^>]*>", book)
            if found:
                again = found[-1].replace(b'sheetId="', b'sheetId="9')
                book = book.replace(b"<sheets>", b"<sheets>" + again, 1)
        case 12:
            links = links.replace(
                b'Target="worksheets/sheet3.xml"', b'Target="worksheets/sheet3.xml" TargetMode="External"'
            )
        case 13:
            links = re.sub(
                rb"relationships/worksheet\"", numbers.choice([b'relationships/chartsheet"', b'x"']), links, count=3
            )
        case _:
            book = re.sub(rb'r:id="rId3"', numbers.choice([b'r:id="rId99"', b"", b'id="rId3"', b"r:id='rId3'"]), book)
    parts["xl/workbook.xml"], parts["xl/_rels/workbook.xml.rels"] = book, links
    return pack(parts)


def with_styles_changed(numbers: Random, content: bytes) -> bytes:
    """Number formats that make dates, percents or thousands of figures; built-in ones said anew; none at all."""
    parts = unpack(content)
    xml = parts.get("xl/styles.xml", b"")
    match numbers.randrange(4):
        case 0:
            code = numbers.choice(FORMATS).replace('"', "&quot;").encode()
            xml = re.sub(rb'(<numFmt numFmtId="\d+" formatCode=")[^"]*"', lambda found: found[1] + code + b'"', xml)
        case 1:
            number = str(numbers.choice(_BUILT_IN)).encode()
            xml = re.sub(rb'<xf numFmtId="(2|4|1\d\d)"', b'<xf numFmtId="%s"' % number, xml)
        case 2:
            code = numbers.choice(FORMATS).replace('"', "&quot;").encode()
            number = numbers.choice([b"0", b"2", b"4", b"10", b"14", b"164"])
            xml = re.sub(rb"(<numFmts[^>]*>)", rb'\1<numFmt numFmtId="%s" formatCode="@CODE@"/>' % number, xml)
            xml = xml.replace(b"@CODE@", code)
        case _:
            xml = re.sub(rb'(<xf [^>]*)numFmtId="\d+"', rb'\1numFmtId="14"', xml)
    parts["xl/styles.xml"] = xml
    return pack(parts)


def with_texts_changed(numbers: Random, content: bytes) -> bytes:
    """The shared texts: a further one in front, an empty one, rich ones, reading aids, prefixes, none at all."""
    parts = unpack(content)
    xml = parts.get("xl/sharedStrings.xml", b"")
    match numbers.randrange(9):
        case 0:
            xml = xml.replace(b"<si>", b"<si/><si>", 1)
        case 1:
            xml = re.sub(
                rb"<si><t>(.)([^<]*)</t></si>", rb"<si><r><t>\1</t></r><r><rPr><b/></rPr><t>\2</t></r></si>", xml
            )
        case 2:
            xml = re.sub(rb"</t></si>", b'</t><rPh sb="0" eb="1"><t>77</t></rPh></si>', xml)
        case 3:
            xml = re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", xml).replace(b"xmlns=", b"xmlns:x=", 1)
        case 4:
            xml = re.sub(rb"<!-- -->|<si>", b"<!-- <si><t>77</t></si> --><si>", xml, count=40)
        case 5:
            xml = re.sub(rb"<t>([^<&]*)</t>", rb"<t><![CDATA[\1]]></t>", xml)
        case 6:
            xml = xml.replace(b"</sst>", b"")
        case 7:
            xml = re.sub(rb'count="\d+"', b'count="1"', xml)
        case _:
            xml = xml.replace(_MAIN, _STRICT)
    parts["xl/sharedStrings.xml"] = xml
    return pack(parts)


XLSX: Final[tuple[Mutation, ...]] = (
    with_cells_changed, with_cells_changed, with_cells_changed, with_cells_changed, with_a_row_changed, with_a_row_changed,
    with_a_sheet_changed, with_a_sheet_changed, with_the_book_changed, with_styles_changed, with_texts_changed,
)  # fmt: skip
"""Mutations that know what the parts of an .xlsx mean; cells are the most, as the figures stand there."""

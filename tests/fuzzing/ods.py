"""An .ods changed in ways that some program, or nobody, would write it."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from tests.fuzzing.packages import Mutation, pack, unpack

_CELL: Final = re.compile(rb"<table:table-cell([^>]*?)(/>|>(.*?)</table:table-cell>)", re.DOTALL)
_VALUE: Final = re.compile(rb' office:value="[^"]*"')
_ATTRIBUTES: Final = (
    b' office:value-type="string"', b' office:value-type="percentage"', b' office:value-type="currency"', b"",
    b' office:value-type="boolean" office:boolean-value="true"', b' office:value-type="date" office:date-value="2024-12-31"',
    b' office:value-type="time" office:time-value="PT12H00M00S"', b' office:value-type="float"', b' office:value-type="void"',
    b' office:value-type="string" office:string-value="77"', b' office:value-type="date" office:date-value="77"',
)  # fmt: skip
_NUMBERS: Final = (
    b"12.5", b"1.25E1", b"1,25", b"", b" 12 ", b"NaN", b"INF", b"1e400", b"12abc", b"-0", b"0x10", b"&#49;2", b"+12",
)  # fmt: skip


def _change(numbers: Random, attributes: bytes, inner: bytes) -> bytes:
    repeated = b' table:number-%s-repeated="%s"'
    cell = b"<table:table-cell%s>%s</table:table-cell>"
    match numbers.randrange(12):
        case 0:
            kept = re.sub(rb' (office|calcext):[\w-]+="[^"]*"', b"", attributes)
            value = b' office:value="77"' if numbers.random() < 0.3 else b""
            return cell % (kept + numbers.choice(_ATTRIBUTES) + value, inner)
        case 1:
            return cell % (_VALUE.sub(b' office:value="%s"' % numbers.choice(_NUMBERS), attributes), inner)
        case 2:
            return cell % (attributes, re.sub(rb"<text:p>.*?</text:p>", b"<text:p>77</text:p>", inner))
        case 3:
            times = numbers.choice([b"2", b"3", b"0", b"-1", b"x", b"", b"2.0", b"20000", b"99999999999"])
            return cell % (attributes + repeated % (b"columns", times), inner)
        case 4:
            spanned = b' table:number-columns-spanned="2" table:number-rows-spanned="2"'
            return cell % (attributes + spanned, inner)
        case 5:
            return (cell % (attributes, inner)).replace(b"table-cell", b"covered-table-cell")
        case 6:
            note = b"<office:annotation><text:p>77</text:p></office:annotation>"
            return cell % (attributes, note + inner)
        case 7:
            return cell % (
                attributes,
                inner.replace(b"<text:p>", b"<text:p><text:span>7</text:span><text:s text:c='2'/>", 1),
            )
        case 8:
            return cell % (attributes, inner + b"<text:p>7</text:p>")
        case 9 if b"office:value=" in attributes:
            return cell % (attributes + b' table:formula="of:=70+7"', inner)
        case 10:
            return (
                (cell % (attributes, inner)).replace(b'="', b" = '").replace(b'"', b"'")
                if b"'" not in attributes
                else b""
            )
        case _:
            return b"<!-- %s -->" % (cell % (attributes, inner)) + cell % (attributes, inner)


def with_cells_changed(numbers: Random, content: bytes) -> bytes:
    """One to six cells, rather those that hold a figure, changed."""
    parts = unpack(content)
    xml = parts.get("content.xml", b"")
    for _ in range(numbers.choice([1, 2, 4, 6])):
        cells = list(_CELL.finditer(xml))
        figures = [cell for cell in cells if b"office:value=" in cell[1]]
        wanted = figures if figures and numbers.random() < 0.8 else cells
        if wanted:
            cell = numbers.choice(wanted)
            xml = xml[: cell.start()] + _change(numbers, cell[1], cell[3] or b"") + xml[cell.end() :]
    parts["content.xml"] = xml
    return pack(parts)


def with_the_document_changed(numbers: Random, content: bytes) -> bytes:
    """Rows repeated, grouped, tracked, nested or of another file; prefixes, days counted otherwise, a table twice."""
    parts = unpack(content)
    xml = parts.get("content.xml", b"")
    rows = list(re.finditer(rb"<table:table-row[^>]*>.*?</table:table-row>", xml, re.DOTALL))
    tables = re.findall(rb'<table:table table:name="[^"]*".*?</table:table>', xml, re.DOTALL)
    row = numbers.choice(rows) if rows else None
    other = row[0] if row else b""
    match numbers.randrange(10):
        case 0:
            times = numbers.choice([b"2", b"3", b"0", b"x", b"60000", b"1048576"])
            other = other.replace(b"<table:table-row", b'<table:table-row table:number-rows-repeated="%s"' % times, 1)
        case 1:
            group = numbers.choice([b"table-row-group", b"table-header-rows", b"table-rows"])
            other = b"<table:%s>%s</table:%s>" % (group, other, group)
        case 2:
            other += re.sub(rb' office:value="[^"]*"', b' office:value="77"', other)
        case 3:
            other = b""
        case 4:
            xml = re.sub(rb"\btable:(?=[a-z])", b"tab:", xml).replace(b"xmlns:table=", b"xmlns:tab=")
            parts["content.xml"] = xml
            return pack(parts)
        case 5:
            tracked = b"<table:tracked-changes><table:cell-content-deletion>%s</table:cell-content-deletion></table:tracked-changes>"
            kept = (
                b'<table:table-cell office:value-type="float" office:value="77"><text:p>77</text:p></table:table-cell>'
            )
            xml = xml.replace(b"<office:spreadsheet>", b"<office:spreadsheet>" + tracked % kept, 1)
            parts["content.xml"] = xml
            return pack(parts)
        case 6 if tables:
            again = re.sub(rb' office:value="[^"]*"', b' office:value="77"', numbers.choice(tables))
            parts["content.xml"] = xml.replace(b"</office:spreadsheet>", again + b"</office:spreadsheet>")
            return pack(parts)
        case 7:
            settings = b'<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
            parts["content.xml"] = xml.replace(b"<office:spreadsheet>", b"<office:spreadsheet>" + settings, 1)
            return pack(parts)
        case 8:
            nested = b'<table:table table:name="x"><table:table-row><table:table-cell office:value-type="float" office:value="77"/></table:table-row></table:table>'
            other = other.replace(b"</table:table-cell>", nested + b"</table:table-cell>", 1)
        case _:
            encoded = xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
            parts["content.xml"] = numbers.choice([encoded, b"\xef\xbb\xbf" + xml])
            return pack(parts)
    if row is not None:
        xml = xml[: row.start()] + other + xml[row.end() :]
    parts["content.xml"] = xml
    return pack(parts)


ODS: Final[tuple[Mutation, ...]] = (
    with_cells_changed,
    with_cells_changed,
    with_cells_changed,
    with_the_document_changed,
)
"""Mutations that know what the parts of an .ods mean."""

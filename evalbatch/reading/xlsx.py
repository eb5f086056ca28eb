"""Bytes of an .xlsx -> Book: values by calamine, formulas and errors from the inflated XML, within bounds."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from evalbatch.reading.book import Book, Grid, UnreadableWorkbook
from evalbatch.reading.container import MAX_ROWS, inflate, opened, refuse_area, values
from evalbatch.scheme.layout import column_number

_CELL_NAME: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,7})(\d{1,9})"')
_FAR_NAME: Final = re.compile(rb'r="(?:[A-Z]{3}|[A-Z]{1,2}\d{5})')
_FORMULA: Final = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>]*><f([^<]*)<')
"""A formula as nearly every program writes it: the name of its cell, then its own attributes and text."""
_ODD_FORMULA: Final = re.compile(rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b([^<]*)<", re.DOTALL)
"""A formula in whatever way XML allows."""
_PREFIX: Final = re.compile(rb":f\b")
_ERROR_CELL: Final = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>.*?<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>', re.DOTALL)
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_SHARED: Final = re.compile(rb'\bsi="(\d+)"')
_FORM: Final = 512 * 1024
"""Bytes of a sheet's XML that may be one of the form's: what its formulas say is kept for the next workbook."""
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read_xlsx(content: bytes, most_rows: int = MAX_ROWS, unread: Collection[str] = ()) -> Book:
    """The sheets of an .xlsx, each of so many rows at most; raises UnreadableWorkbook with a sentence for the user.

    Sheets named in ``unread`` are left out, unopened.
    """
    with opened(content) as package:
        parts = {name: part for name, part in _sheet_parts(package).items() if name not in unread}
        scans = {name: _scan(inflate(package, part), most_rows) for name, part in parts.items()}
    grids = []
    for name, hidden, rows in values(content, parts):
        formulas, errors = scans.get(name, ({}, {}))
        grids.append(Grid(name, rows, hidden, formulas, errors))
    return Book(tuple(grids))


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> part, in workbook order."""
    names = set(package.namelist())
    if "xl/workbook.xml" not in names:
        raise UnreadableWorkbook("文件不是 Excel 工作簿（.xlsx），请在财政局下发的模板中填报后重新报送。")
    relations = ElementTree.fromstring(inflate(package, "xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    parts: dict[str, str] = {}
    for element in ElementTree.fromstring(inflate(package, "xl/workbook.xml")).iter():
        if element.tag.rpartition("}")[2] != "sheet":
            continue
        target = targets.get(element.get(_RELATION) or element.get(_STRICT_RELATION) or "", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if "worksheets/" in part and part in names:
            parts[element.get("name", "")] = part
    return parts


def _scan(xml: bytes, most_rows: int) -> tuple[Mapping[tuple[int, int], str], Mapping[tuple[int, int], str]]:
    """Formulas and error values of a sheet by place; refuses a used rectangle that no form can have."""
    if _FAR_NAME.search(xml):
        rows = columns = 0
        for match in _CELL_NAME.finditer(xml):
            rows = max(rows, int(match[2]))
            columns = max(columns, column_number(match[1].decode()))
        refuse_area(rows, columns, most_rows)
    errors: dict[tuple[int, int], str] = {}
    if b't="e"' in xml:
        for match in _ERROR_CELL.finditer(xml):
            place = _place(match[1])
            if place is not None:
                errors[place] = match[2].decode("utf-8", "replace")
    return _formulas(xml), errors


def _formulas(xml: bytes) -> Mapping[tuple[int, int], str]:
    found = _FORMULA.findall(xml)
    if len(found) < xml.count(b"<f", 0, xml.rfind(b"</sheetData>")) or _PREFIX.search(xml):
        found = []
        for attributes, formula in _ODD_FORMULA.findall(xml):
            name = _PLACE.search(attributes)
            if name is not None:
                found.append((name[1] + name[2], formula))
    return (_placed if len(xml) <= _FORM else _placed.__wrapped__)(tuple(found))


@lru_cache(maxsize=32)
def _placed(found: tuple[tuple[bytes, bytes], ...]) -> Mapping[tuple[int, int], str]:
    """Formulas by place; most sheets hold those of one template."""
    formulas: dict[tuple[int, int], str] = {}
    shared: dict[bytes, tuple[tuple[int, int], str]] = {}
    for name, formula in found:
        letters = name.rstrip(b"0123456789")
        place = int(name[len(letters) :]) - 1, column_number(letters.decode()) - 1
        attributes, _, written = formula.partition(b">")
        text = unescape(written.decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"})
        group = _SHARED.search(attributes)
        if group is not None and text:
            shared[group[1]] = (place, text)
        elif group is not None and group[1] in shared:
            text = _translate(*shared[group[1]], place)
        formulas[place] = text
    return formulas


def _translate(origin: tuple[int, int], formula: str, place: tuple[int, int]) -> str:
    # shared formulas are rare (a filled-down column), so openpyxl is loaded only for them
    from openpyxl.formula.translate import Translator

    from evalbatch.scheme.layout import address

    start, end = address(origin[0] + 1, origin[1] + 1), address(place[0] + 1, place[1] + 1)
    return str(Translator("=" + formula, origin=start).translate_formula(end)).removeprefix("=")


def _place(attributes: bytes) -> tuple[int, int] | None:
    match = _PLACE.search(attributes)
    return None if match is None else (int(match[2]) - 1, column_number(match[1].decode()) - 1)

"""Bytes of an .xlsx -> Book: values by calamine, formulas and errors from the inflated XML, within bounds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import unescape

from evalbatch.reading.book import Book, Grid
from evalbatch.reading.container import MAX_ROWS, refuse_area, values
from evalbatch.reading.xlsx_package import plain_package
from evalbatch.scheme.layout import column_number

Places = Mapping[tuple[int, int], str]

_CELL_NAME: Final = re.compile(rb'<c r="([A-Z]{1,7})(\d{1,9})"')
_FAR_NAME: Final = re.compile(rb'<c r="(?:[A-Z]{3}|[A-Z]{1,2}\d{5})')
_FORMULA: Final = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>]*><f([^<]*)<')
_ERROR_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>]* t="e">(?:<f[^<]*(?:</f>)?)?<v>([^<]*)</v>')
_SHARED: Final = re.compile(rb'\bsi="(\d+)"')
_FORM: Final = 512 * 1024
"""Bytes of a sheet's XML that may be one of the form's: what its formulas say is kept for the next workbook."""


def read_xlsx(content: bytes, most_rows: int = MAX_ROWS, unread: Collection[str] = ()) -> Book:
    """The sheets of an .xlsx, each of so many rows at most; raises UnreadableWorkbook with a sentence for the user.

    Sheets named in ``unread`` are left out, unopened.
    """
    sheets, plain = plain_package(content, most_rows, unread)
    scans = {sheet.name: _scan(sheet.xml, most_rows) for sheet in sheets}
    grids = []
    for name, hidden, rows in values(plain, scans):
        formulas, errors = scans[name]
        grids.append(Grid(name, rows, hidden, formulas, errors))
    return Book(tuple(grids))


def _scan(xml: bytes, most_rows: int) -> tuple[Places, Places]:
    """Formulas and error values of a plain sheet by place; refuses a used rectangle that no form can have."""
    if _FAR_NAME.search(xml):
        rows = columns = 0
        for match in _CELL_NAME.finditer(xml):
            rows = max(rows, int(match[2]))
            columns = max(columns, column_number(match[1].decode()))
        refuse_area(rows, columns, most_rows)
    found = tuple(_FORMULA.findall(xml))
    formulas = (_placed if len(xml) <= _FORM else _placed.__wrapped__)(found)
    # a formula that nobody can see: what it gave may mean anything
    errors = {place: "#VALUE!" for place, text in formulas.items() if not text}
    if b't="e"' in xml:
        errors |= {_place(match[1]): match[2].decode() for match in _ERROR_CELL.finditer(xml)}
    return formulas, errors


@lru_cache(maxsize=32)
def _placed(found: tuple[tuple[bytes, bytes], ...]) -> Places:
    """Formulas by place; most sheets hold those of one template."""
    formulas: dict[tuple[int, int], str] = {}
    shared: dict[bytes, tuple[tuple[int, int], str]] = {}
    for name, formula in found:
        place = _place(name)
        attributes, _, written = formula.partition(b">")
        text = unescape(written.decode(), {"&quot;": '"', "&apos;": "'", "&#10;": "\n"})
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


def _place(name: bytes) -> tuple[int, int]:
    letters = name.rstrip(b"0123456789")
    return int(name[len(letters) :]) - 1, column_number(letters.decode()) - 1

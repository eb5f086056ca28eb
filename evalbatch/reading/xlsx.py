"""Bytes of an .xlsx -> Book: values by calamine, formulas and errors from the inflated XML, within bounds."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import unescape

from evalbatch.reading.book import Book, Grid
from evalbatch.reading.container import MAX_ROWS, refuse_area, values
from evalbatch.reading.xlsx_package import plain_package
from evalbatch.scheme.layout import column_number

_CELL_NAME: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,7})(\d{1,9})"')
_FAR_NAME: Final = re.compile(rb'\br="(?:[A-Z]{3,}\d+|[A-Z]+\d{5,})"')
_FORMULA_CELL: Final = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b([^>]*?)(?:/>|>([^<]*)</(?:\w+:)?f>)", re.DOTALL
)
_ERROR_CELL: Final = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>.*?<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>', re.DOTALL)
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_SHARED: Final = re.compile(rb'\bsi="(\d+)"')


def read_xlsx(content: bytes, most_rows: int = MAX_ROWS) -> Book:
    """The sheets of an .xlsx, each of so many rows at most; raises UnreadableWorkbook with a sentence for the user."""
    sheets, plain = plain_package(content, most_rows)
    scans = {sheet.name: _scan(sheet.xml, most_rows) for sheet in sheets}
    grids = []
    for name, hidden, rows in values(plain, scans):
        formulas, errors = scans[name]
        grids.append(Grid(name, rows, hidden, formulas, errors))
    return Book(tuple(grids))


def _scan(xml: bytes, most_rows: int) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]]:
    """Formulas and error values of a sheet by place; refuses a used rectangle that no form can have."""
    if _FAR_NAME.search(xml):
        rows = columns = 0
        for match in _CELL_NAME.finditer(xml):
            rows = max(rows, int(match[2]))
            columns = max(columns, column_number(match[1].decode()))
        refuse_area(rows, columns, most_rows)
    formulas: dict[tuple[int, int], str] = {}
    errors: dict[tuple[int, int], str] = {}
    if b"<f" in xml or b":f>" in xml or b":f " in xml:
        shared: dict[bytes, tuple[tuple[int, int], str]] = {}
        for match in _FORMULA_CELL.finditer(xml):
            place = _place(match[1])
            if place is None:
                continue
            text = unescape((match[3] or b"").decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'", "&#10;": "\n"})
            group = _SHARED.search(match[2])
            if group is not None and text:
                shared[group[1]] = (place, text)
            elif group is not None and group[1] in shared:
                text = _translate(*shared[group[1]], place)
            formulas[place] = text
            if not text:
                errors[place] = "#VALUE!"  # a formula that nobody can see: what it gave may mean anything
    if b't="e"' in xml:
        for match in _ERROR_CELL.finditer(xml):
            place = _place(match[1])
            if place is not None:
                errors[place] = match[2].decode("utf-8", "replace")
    return formulas, errors


def _translate(origin: tuple[int, int], formula: str, place: tuple[int, int]) -> str:
    # shared formulas are rare (a filled-down column), so openpyxl is loaded only for them
    from openpyxl.formula.translate import Translator

    from evalbatch.scheme.layout import address

    start, end = address(origin[0] + 1, origin[1] + 1), address(place[0] + 1, place[1] + 1)
    return str(Translator("=" + formula, origin=start).translate_formula(end)).removeprefix("=")


def _place(attributes: bytes) -> tuple[int, int] | None:
    match = _PLACE.search(attributes)
    return None if match is None else (int(match[2]) - 1, column_number(match[1].decode()) - 1)

"""Bytes of an .ods -> Book: values by calamine, formulas and errors from content.xml, within bounds."""

from __future__ import annotations

import io
import re
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from evalbatch.reading.book import Book, Grid, UnreadableWorkbook
from evalbatch.reading.container import inflate, opened, refuse_area, values

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CALC_TYPE: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS: Final = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_TOKEN: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|;')
_REFERENCE: Final = re.compile(r"(?:\$?('[^']*'|[^.':\]]*))?\.(\$?[A-Z]{1,3}\$?\d{1,7})")

Places = dict[tuple[int, int], str]


def read_ods(content: bytes) -> Book:
    """The sheets of an .ods; raises UnreadableWorkbook with a sentence for the department."""
    with opened(content) as package:
        if b"encryption-data" in package.read("META-INF/manifest.xml"):
            raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。")
        scans = _scan(inflate(package, "content.xml"))
    grids = []
    for name, hidden, rows in values(content, scans):
        formulas, errors = scans[name]
        grids.append(Grid(name, rows, hidden, formulas, errors))
    return Book(tuple(grids))


def _scan(xml: bytes) -> dict[str, tuple[Places, Places]]:
    """Formulas and error values of each sheet by place, 0-based; rows are dropped as soon as they were seen."""
    found: dict[str, tuple[Places, Places]] = {}
    formulas: Places = {}
    errors: Places = {}
    row = 0
    for event, element in ElementTree.iterparse(io.BytesIO(xml), ("start", "end")):
        if element.tag == f"{_TABLE}table" and event == "start":
            formulas, errors, row = {}, {}, 0
            found[element.get(f"{_TABLE}name", "")] = formulas, errors
        elif element.tag == f"{_TABLE}table-row" and event == "end":
            _scan_row(element, row, formulas, errors)
            row += int(element.get(f"{_TABLE}number-rows-repeated", "1"))
            element.clear()
    return found


def _scan_row(element: Element, row: int, formulas: Places, errors: Places) -> None:
    column = 0
    for cell in element:
        if cell.tag not in _CELLS:
            continue
        if cell.get(f"{_OFFICE}value-type") is not None:
            refuse_area(row + 1, column + 1)
        formula = cell.get(f"{_TABLE}formula")
        if formula is not None:
            formulas[row, column] = excel_formula(formula)
        if cell.get(_CALC_TYPE) == "error":
            errors[row, column] = "".join(cell.itertext()).strip() or "#VALUE!"
        column += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))


def excel_formula(formula: str) -> str:
    """An OpenFormula as Excel writes it: ``of:=SUM([.H5:.H6];[$表.A1])`` is ``SUM(H5:H6,'表'!A1)``."""
    text = formula.partition("=")[2]

    def token(match: re.Match[str]) -> str:
        word = match[0]
        if word == ";":
            return ","
        return _REFERENCE.sub(_place, word[1:-1]) if word.startswith("[") else word

    return _TOKEN.sub(token, text)


def _place(match: re.Match[str]) -> str:
    sheet, cell = (match[1] or "").strip("'"), match[2]
    return f"'{sheet}'!{cell}" if sheet else cell

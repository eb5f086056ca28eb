"""Bytes of an .ods -> Book: values, formulas and errors from content.xml, within bounds."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from evalbatch.reading.book import CONNECTIONS, ERROR_VALUES, LINKS, Book, Content, Grid, UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, inflate, opened, refuse_area, stamp

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CALC_TYPE: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS: Final = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_SPREADSHEET: Final = (f"{_OFFICE}document-content", f"{_OFFICE}body", f"{_OFFICE}spreadsheet", f"{_TABLE}table")
_ROWS: Final = frozenset(f"{_TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows"))
_TOKEN: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|;')
_REFERENCE: Final = re.compile(r"(?:\$?('[^']*'|[^.':\]]*))?\.(\$?[A-Z]{1,3}\$?\d{1,7})")
_ELSEWHERE: Final = re.compile(r"'#|\bDDE\(")
"""In a formula: a cell of another file (``['file:///表.xlsx'#$表.A1]``), or of another program."""
_REACHES: Final = {
    **dict.fromkeys((f"{_TABLE}{name}" for name in ("table-source", "cell-range-source", "dde-link")), LINKS),
    **dict.fromkeys((f"{_TABLE}database-source-{name}" for name in ("sql", "table", "query")), CONNECTIONS),
}
"""Elements by which a document takes values from elsewhere."""
_COUNT: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_FIGURE: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DURATION: Final = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S", re.ASCII)
_VALUES: Final = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}
"""Where the value of a type stands that is no figure."""
_WHITE: Final = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_DOUBTFUL: Final = "#VALUE!"


def read_ods(content: bytes) -> Book:
    """The sheets of an .ods; raises UnreadableWorkbook with a sentence for the department."""
    with opened(content) as package:
        if b"encryption-data" in package.read("META-INF/manifest.xml"):
            raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。")
        return replace(_book(inflate(package, "content.xml")), stamp=stamp(package))


def _book(xml: bytes) -> Book:
    """The sheets of the document; rows are dropped as soon as they were seen."""
    grids: list[Grid] = []
    reaches: set[str] = set()
    hidden: set[str] = set()
    path: list[str] = []
    table = _Table("")
    for event, element in ElementTree.iterparse(io.BytesIO(xml), ("start", "end")):
        if event == "start":
            path.append(element.tag)
            if tuple(path) == _SPREADSHEET:
                table = _Table(element.get(f"{_TABLE}name", ""), element.get(f"{_TABLE}style-name", "") in hidden)
            continue
        path.pop()
        if element.tag == f"{_STYLE}style" and any(
            properties.get(f"{_TABLE}display") == "false" for properties in element
        ):
            hidden.add(element.get(f"{_STYLE}name", ""))
        elif element.tag == f"{_TABLE}table-row" and tuple(path[:4]) == _SPREADSHEET and _ROWS.issuperset(path[4:]):
            if any(_ELSEWHERE.search(cell.get(f"{_TABLE}formula", "")) for cell in element):
                reaches.add(LINKS)
            table.add(element)
            element.clear()
        elif element.tag in _REACHES:
            reaches.add(_REACHES[element.tag])
        elif element.tag == f"{_TABLE}table" and tuple(path) == _SPREADSHEET[:3]:
            if element.find(f"{_TABLE}table-source") is None:  # else what is kept of another file's sheet
                grids.append(Grid(table.name, table.rows, table.hidden, table.formulas, table.errors))
            element.clear()
    if len({grid.name.lower() for grid in grids}) < len(grids):
        raise UnreadableWorkbook(DAMAGED)
    return Book(tuple(grids), reaches=tuple(word for word in (LINKS, CONNECTIONS) if word in reaches))


class _Table:
    """A sheet as its rows come in."""

    def __init__(self, name: str, hidden: bool = False) -> None:
        self.name = name
        self.hidden = hidden
        self.number = 0
        self.rows: list[list[Content]] = []
        self.formulas: dict[tuple[int, int], str] = {}
        self.errors: dict[tuple[int, int], str] = {}

    def add(self, element: Element) -> None:
        repeated = _count(element, "rows")
        cells: dict[int, tuple[Content, str, str]] = {}
        column = 0
        for cell in element:
            if cell.tag not in _CELLS:
                continue
            content, formula, error = _cell(cell)
            width = _count(cell, "columns")
            if formula and repeated * width > 1:
                raise UnreadableWorkbook(DAMAGED)  # no program writes it, and each makes something else of it
            if content != "" or formula or error:
                refuse_area(self.number + repeated, column + width)
                cells.update(dict.fromkeys(range(column, column + width), (content, formula, error)))
            column += width
        if cells:
            last = max(cells) + 1
            self.rows.extend([] for _ in range(self.number - len(self.rows)))
            for number in range(self.number, self.number + repeated):
                self.rows.append([cells.get(index, ("", "", ""))[0] for index in range(last)])
                for index, (_, formula, error) in cells.items():
                    if formula:
                        self.formulas[number, index] = formula
                    if error:
                        self.errors[number, index] = error
        self.number += repeated


def _count(element: Element, of: str) -> int:
    count = element.get(f"{_TABLE}number-{of}-repeated", "1")
    if not _COUNT.fullmatch(count):
        raise UnreadableWorkbook(DAMAGED)
    return int(count)


def _cell(cell: Element) -> tuple[Content, str, str]:
    """What a cell holds, its formula and its error value; what does not fit its type is an error value."""
    said = cell.get(f"{_TABLE}formula")
    formula = "" if said is None else excel_formula(said)
    text = "\n".join(_text(paragraph) for paragraph in cell.findall(f"{_TEXT}p"))
    typed_text = said is None and cell.get(f"{_OFFICE}value-type") == "string"
    # LibreOffice marks errors; Excel writes a 0 beside the error that it shows
    if cell.get(_CALC_TYPE) == "error" or (text.strip() in ERROR_VALUES and not typed_text):
        return "", formula, text.strip() or _DOUBTFUL
    content = _content(cell, text)
    if cell.find(f".//{_TABLE}table") is not None or (said is not None and not formula):
        content = None
    return ("", formula, _DOUBTFUL) if content is None else (content, formula, "")


def _content(cell: Element, text: str) -> Content | None:
    """The value of a cell by its type, ``None`` for one that does not fit it."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind is None:
        return None if text else ""
    if kind == "string":
        return text if cell.get(f"{_OFFICE}string-value", text) == text else None
    name = _VALUES.get(kind, "value")
    if any(cell.get(f"{_OFFICE}{other}") is not None for other in {*_VALUES.values(), "value"} - {name}):
        return None  # a value of another type stands beside it, and each program takes its own
    value = cell.get(f"{_OFFICE}{name}", "").strip()
    match kind:
        case "float" | "percentage" | "currency":
            return float(value) if _FIGURE.fullmatch(value) and math.isfinite(float(value)) else None
        case "boolean":
            return {"true": True, "false": False}.get(value)
        case "time":
            match = _DURATION.fullmatch(value)
            return match and timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3]))
        case "date":
            try:
                return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
            except ValueError:
                return None
        case _:
            return None


def _text(element: Element) -> str:
    """The characters of a paragraph as they are shown."""
    if element.tag == f"{_TEXT}s":
        return " " * min(int(element.get(f"{_TEXT}c", "1")), 100)
    inside = "".join(_text(child) + (child.tail or "") for child in element)
    return _WHITE.get(element.tag, element.text or "") + inside


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

"""Bytes of an .xlsb -> Book: values by calamine, places of error values from the records of [MS-XLSB], within bounds.

Formulas stand there as tokens and are not read: like an .xls, such a book shows none.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Collection, Iterator, Sequence
from typing import Final
from xml.etree import ElementTree

import python_calamine
import xlrd

from evalbatch.reading.book import Book, Content, Grid, UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, XLSB, inflate, opened, reaches, refuse_area, stamp

_SHEET: Final = 156
_ROW: Final = 0
_CELLS: Final = range(1, 12)
_ERRORS: Final = (3, 11)
_SHORT_CELLS: Final = range(12, 19)
"""Cells whose column is to be counted: calamine leaves them out, so that figures would be missing in silence."""


def read_xlsb(content: bytes) -> Book:
    """The sheets of an .xlsb; raises UnreadableWorkbook with a sentence for the department."""
    try:
        with opened(content) as package:
            parts = _sheet_parts(package)
            errors = {name: _errors(package.read(part)) for name, part in parts.items()}
            links, printed = reaches(package), stamp(package)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise UnreadableWorkbook(DAMAGED) from None
    grids = (Grid(name, rows, hidden, {}, errors[name]) for name, hidden, rows in _values(content, parts))
    return Book(tuple(grids), formulas_known=False, reaches=links, stamp=printed)


def _values(content: bytes, sheets: Collection[str]) -> list[tuple[str, bool, Sequence[Sequence[Content]]]]:
    """Name, whether hidden, and rows of each of the sheets, in workbook order."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        found: list[tuple[str, bool, Sequence[Sequence[Content]]]] = []
        for sheet in workbook.sheets_metadata:
            if sheet.name not in sheets:
                continue
            rows = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
            found.append((sheet.name, hidden, rows))
        return found
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except python_calamine.PasswordError:
        raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。") from None
    except BaseException:  # noqa: BLE001  # a panic of the Rust reader derives from BaseException
        raise UnreadableWorkbook(DAMAGED) from None


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> part, in workbook order."""
    names = set(package.namelist())
    relations = ElementTree.fromstring(inflate(package, "xl/_rels/workbook.bin.rels"))
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    parts: dict[str, str] = {}
    for kind, record in _records(package.read(XLSB)):
        if kind == _SHEET:
            relation, end = _text(record, 8)
            name, _ = _text(record, end)
            target = targets.get(relation, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if "worksheets/" in part and part in names:
                parts[name] = part
    return parts


def _errors(content: bytes) -> dict[tuple[int, int], str]:
    """Error values of a sheet by place; refuses a used rectangle that no form can have."""
    found: dict[tuple[int, int], str] = {}
    row = column = rows = columns = 0
    for kind, record in _records(content):
        if kind == _ROW:
            (row,) = struct.unpack_from("<L", record)
        elif kind in _CELLS:
            (column,) = struct.unpack_from("<L", record)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            if kind in _ERRORS:
                found[row, column] = xlrd.error_text_from_code.get(record[8], "#N/A")
        elif kind in _SHORT_CELLS:
            raise UnreadableWorkbook("该 .xlsb 的存储方式无法可靠读取。请另存为 .xlsx 后重新报送。")
    refuse_area(rows, columns)
    return found


def _records(content: bytes) -> Iterator[tuple[int, memoryview]]:
    """Kind and content of each record; raises IndexError or struct.error where one is cut off."""
    view = memoryview(content)
    place = 0
    while place < len(content):
        kind, place = content[place], place + 1
        if kind & 0x80:
            kind, place = kind & 0x7F | (content[place] & 0x7F) << 7, place + 1
        length = shift = 0
        while True:
            byte, place = content[place], place + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift == 28:
                break
        if place + length > len(content):
            raise IndexError
        yield kind, view[place : place + length]
        place += length


def _text(record: memoryview, place: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends."""
    (length,) = struct.unpack_from("<L", record, place)
    end = place + 4 + 2 * length
    if end > len(record):
        raise IndexError
    return bytes(record[place + 4 : end]).decode("utf-16-le"), end

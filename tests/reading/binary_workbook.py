"""A Book -> the bytes of an .xlsb ([MS-XLSB]) with its values, for tests: no library and no free program writes one."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final

from evalbatch.reading import Book, Grid

_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE: Final = "application/vnd.ms-excel"
_ERRORS: Final = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}
_PLAIN, _DATE = 0, 1
_DATE_FORMAT: Final = 14


def write_xlsb(book: Book) -> bytes:
    """The values and error values of a book; its formulas are left out."""
    numbers = range(1, len(book.grids) + 1)
    sheets = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATION}/worksheet" Target="worksheets/sheet{number}.bin"/>'
        for number in numbers
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.bin" ContentType="{_TYPE}.worksheet"/>' for number in numbers
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="bin" ContentType="{_TYPE}.sheet.binary.macroEnabled.main"/>{overrides}'
        f'<Override PartName="/xl/styles.bin" ContentType="{_TYPE}.styles"/></Types>',
        "_rels/.rels": _relations(
            f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="xl/workbook.bin"/>'
        ),
        "xl/_rels/workbook.bin.rels": _relations(
            f'{sheets}<Relationship Id="rIdS" Type="{_RELATION}/styles" Target="styles.bin"/>'
        ),
        "xl/workbook.bin": _workbook(book),
        "xl/styles.bin": _record(278) + _styles() + _record(279),
    }
    for number, grid in zip(numbers, book.grids, strict=True):
        cells = b"".join(_rows(grid))
        parts[f"xl/worksheets/sheet{number}.bin"] = (
            _record(129) + _record(148, _used(grid)) + _record(145) + cells + _record(146) + _record(130)
        )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()


def _relations(text: str) -> str:
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{text}</Relationships>'


def _workbook(book: Book) -> bytes:
    sheets = b"".join(
        _record(156, struct.pack("<LL", grid.hidden, number) + _text(f"rId{number}") + _text(grid.name))
        for number, grid in enumerate(book.grids, 1)
    )
    return _record(131) + _record(143) + sheets + _record(144) + _record(132)


def _styles() -> bytes:
    looks = b"".join(_record(47, struct.pack("<HH", 0, form) + bytes(12)) for form in (0, _DATE_FORMAT))
    return _record(617, struct.pack("<L", 2)) + looks + _record(618)


def _used(grid: Grid) -> bytes:
    return struct.pack("<LLLL", 0, max(0, len(grid.rows) - 1), 0, max(map(len, grid.rows), default=1) - 1)


def _rows(grid: Grid) -> Iterator[bytes]:
    for row, cells in enumerate(grid.rows):
        yield _record(0, struct.pack("<LL", row, 0) + bytes(9))
        for column, content in enumerate(cells):
            error = grid.errors.get((row, column))
            if error is not None:
                yield _record(3, struct.pack("<LLB", column, _PLAIN, _ERRORS[error]))
            elif isinstance(content, bool):
                yield _record(4, struct.pack("<LLB", column, _PLAIN, content))
            elif isinstance(content, int | float):
                yield _record(5, struct.pack("<LLd", column, _PLAIN, content))
            elif isinstance(content, date):
                moment = content if isinstance(content, datetime) else datetime.combine(content, time())
                days = (moment - datetime(1899, 12, 30)).total_seconds() / 86400
                yield _record(5, struct.pack("<LLd", column, _DATE, days))
            elif content:
                yield _record(6, struct.pack("<LL", column, _PLAIN) + _text(str(content)))


def _text(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<L", len(raw) // 2) + raw


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(content)
    while length > 0x7F:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + content

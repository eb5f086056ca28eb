"""Bytes of an .xls (or WPS .et) -> Book: values, dates and errors by xlrd, which sees no formulas."""

from __future__ import annotations

import struct
from typing import Final

import xlrd
from xlrd.biffh import XL_BOF, XL_EOF
from xlrd.book import SUPBOOK_DDEOLE, SUPBOOK_EXTERNAL
from xlrd.sheet import Cell as XlsCell

from evalbatch.reading.book import CONNECTIONS, LINKS, Book, Content, Grid, UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, refuse_area
from evalbatch.reading.number_formats import tells_a_date

_PASSWORD: Final = "文件设有打开密码，请去掉密码后重新报送。"
_CONNECTION: Final = frozenset({0x0876, 0x01AD})
"""Records of a data connection and of a sheet's query, DConn and Qsi."""
_BIFF5: Final = 50
"""The version of the format from which on a workbook says where each of its sheets begins."""


def read_xls(content: bytes) -> Book:
    """The sheets of an .xls; raises UnreadableWorkbook with a sentence for the department."""
    try:
        with xlrd.open_workbook(file_contents=content, logfile=_Silent(), on_demand=True) as workbook:
            _tell_dates(workbook)
            reaches = _reaches(workbook)
            return Book(tuple(_grid(workbook, sheet) for sheet in workbook.sheets()), False, reaches)
    except UnreadableWorkbook:
        raise
    except xlrd.XLRDError as error:
        raise UnreadableWorkbook(_PASSWORD if "encrypted" in str(error) else DAMAGED) from None
    except Exception:  # noqa: BLE001  # a damaged file breaks xlrd in any of its records
        raise UnreadableWorkbook(DAMAGED) from None


def _tell_dates(workbook: xlrd.Book) -> None:
    """Let formats of eras, weekdays and elapsed time tell dates, before the sheets are read; xlrd takes them for figures."""
    for number, style in enumerate(workbook.xf_list):
        code = workbook.format_map.get(style.format_key)
        if code is not None and tells_a_date(code.format_str):
            workbook._xf_index_to_xl_type_map[number] = xlrd.XL_CELL_DATE


def _reaches(workbook: xlrd.Book) -> tuple[str, ...]:
    """By what the workbook takes values from elsewhere.

    Refuses one in which a sheet does not end before another begins: a record of wrong length led out of it, and what
    is read behind is another sheet's.
    """
    begins = set(workbook._sh_abs_posn) if workbook.biff_version >= _BIFF5 else set()
    kinds: set[int] = set()
    for start in (workbook.base, *begins):
        kinds |= _kinds(workbook.mem, start, begins)
    links = {SUPBOOK_EXTERNAL, SUPBOOK_DDEOLE}.intersection(workbook._supbook_types)
    found = {LINKS: links, CONNECTIONS: _CONNECTION & kinds}
    return tuple(word for word, signs in found.items() if signs)


def _kinds(stream: bytes, start: int, begins: set[int]) -> set[int]:
    """The kinds of the records from a beginning to its end, those of charts within included."""
    later = min((begin for begin in begins if begin > start), default=len(stream))
    kinds: set[int] = set()
    place, depth = start, 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, place)
        place += 4 + length
        if place > later:
            raise UnreadableWorkbook(DAMAGED)
        kinds.add(kind)
        depth += (kind == XL_BOF) - (kind == XL_EOF)
        if depth <= 0:
            return kinds


def _grid(workbook: xlrd.Book, sheet: xlrd.sheet.Sheet) -> Grid:
    refuse_area(sheet.nrows, sheet.ncols)
    errors: dict[tuple[int, int], str] = {}
    rows: list[list[Content]] = []
    for number in range(sheet.nrows):
        row: list[Content] = []
        for column, cell in enumerate(sheet.row(number)):
            if cell.ctype == xlrd.XL_CELL_ERROR:
                errors[number, column] = xlrd.error_text_from_code.get(cell.value, "#N/A")
            row.append(_content(workbook, cell))
        rows.append(row)
    return Grid(sheet.name, rows, sheet.visibility != 0, {}, errors)


def _content(workbook: xlrd.Book, cell: XlsCell) -> Content:
    value: Content = cell.value
    match cell.ctype:
        case xlrd.XL_CELL_TEXT | xlrd.XL_CELL_NUMBER:
            return value
        case xlrd.XL_CELL_BOOLEAN:
            return bool(value)
        case xlrd.XL_CELL_DATE:
            try:
                day: Content = xlrd.xldate.xldate_as_datetime(value, workbook.datemode)
                return day
            except (xlrd.xldate.XLDateError, ValueError, OverflowError):
                return value
        case _:
            return ""


class _Silent:
    """xlrd reports oddities of a file on its log, which is nobody's here."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None

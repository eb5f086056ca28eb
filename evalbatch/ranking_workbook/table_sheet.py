"""One table onto one sheet: title, legend, header, rows, and how it is frozen, filtered and printed; row by row."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.ranking_workbook.cells import write_value
from evalbatch.ranking_workbook.looks import Formats
from evalbatch.ranking_workbook.sheets import Sheet
from evalbatch.scheme.layout import column_letter
from evalbatch.tables import Value

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet; a longer table goes on on a further sheet."""
_A3: Final = 8
_A4: Final = 9
_PAGES: Final = "第 &P 页，共 &N 页"
_TITLE_HEIGHT: Final = 30
_LINE_HEIGHT: Final = 13.5
"""Points that a line of 10-point text takes."""
_SPACE: Final = 6
_MOST_HEIGHT: Final = 409
_CHARACTER: Final = 0.93
"""Width of a 10-point Latin character in the unit of column widths."""
_PADDING: Final = 1.5
"""Characters of a column's width that no text fills."""


def write_sheet(book: Workbook, formats: Formats, page: Sheet) -> None:
    """Write a sheet, and further ones (``得分明细（2）``) for the rows that it cannot hold."""
    room = MOST_ROWS - _header_row(page) - 1
    for part, start in enumerate(range(0, max(len(page.table), 1), room), 1):
        sheet: Worksheet = book.add_worksheet(page.name if part == 1 else f"{page.name}（{part}）")
        _write_part(sheet, formats, page, start, start + room)


def set_up_page(sheet: Worksheet, a3: bool, footer: str = "") -> None:
    """Landscape paper with narrow margins, centred, with the page number and a signature line in the footer."""
    sheet.set_landscape()
    sheet.set_paper(_A3 if a3 else _A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.center_horizontally()
    sheet.set_footer(f"&L{footer}&R{_PAGES}" if footer else f"&C{_PAGES}")
    sheet.hide_gridlines(2)


def _header_row(page: Sheet) -> int:
    return 1 + len(page.legend or {})


def _write_part(sheet: Worksheet, formats: Formats, page: Sheet, start: int, stop: int) -> None:
    header = _header_row(page)
    widths = [spec.look.width if spec.width is None else spec.width for spec in page.columns]
    sheet.set_row(0, _TITLE_HEIGHT)
    sheet.write_string(0, 0, page.title, formats.title)
    for row, (name, texts) in enumerate((page.legend or {}).items(), 1):
        cells = (name, *("" for _ in range(page.legend_from - 1)), *map(plain_text, texts))
        sheet.set_row(row, row_height(zip(cells, widths, strict=False)))
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, formats.legend)
    sheet.set_row(header, row_height(((spec.header, width) for spec, width in zip(page.columns, widths, strict=True))))
    for column, (spec, width) in enumerate(zip(page.columns, widths, strict=True)):
        sheet.write_string(header, column, spec.header, formats.header)
        sheet.set_column(column, column, width)
    looks = [formats.of(spec.look) for spec in page.columns]
    wrapped = [(column, widths[column]) for column, spec in enumerate(page.columns) if spec.look.wrap]
    rows = page.table[[spec.header for spec in page.columns]].iloc[start:stop]
    last = header
    for last, values in enumerate(rows.itertuples(index=False, name=None), header + 1):
        sheet.set_row(last, row_height([(values[column], width) for column, width in wrapped]))
        for column, value in enumerate(values):
            write_value(sheet, last, column, value, looks[column])
    right = len(page.columns) - 1
    sheet.autofilter(header, 0, last, right)
    sheet.freeze_panes(header + 1, page.frozen)
    if last > header:
        sheet.ignore_errors({"number_stored_as_text": f"A{header + 2}:{column_letter(right + 1)}{last + 1}"})
    set_up_page(sheet, page.a3, page.signed)
    sheet.repeat_rows(0, header)
    if page.one_page_wide:
        sheet.fit_to_pages(1, 0)
    else:
        sheet.repeat_columns(0, page.frozen - 1)


def row_height(cells: Iterable[tuple[Value, float]]) -> float:
    """The height in points that texts need when wrapped in columns of these widths.

    Neither LibreOffice nor WPS finds it out on opening. A Chinese character is as wide as two Latin ones.
    """
    most = 1
    for value, width in cells:
        if isinstance(value, str) and (2 * len(value) > width - _PADDING or "\n" in value):
            room = max(width - _PADDING, 2)
            lines = sum(
                max(1, ceil(len(line.encode("gbk", "replace")) * _CHARACTER / room)) for line in value.split("\n")
            )
            most = max(most, lines)
    return min(_MOST_HEIGHT, most * _LINE_HEIGHT + _SPACE)

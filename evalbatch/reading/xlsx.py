"""Bytes of an .xlsx -> Book: its sheets found as Excel finds them, each with its values, formulas and error values."""

from __future__ import annotations

from collections.abc import Collection

from evalbatch.reading.book import Book, Grid
from evalbatch.reading.container import MAX_ROWS, opened, reaches, stamp
from evalbatch.reading.xlsx_package import sheet_parts
from evalbatch.reading.xlsx_rows import sheet_cells


def read_xlsx(content: bytes, most_rows: int = MAX_ROWS, unread: Collection[str] = ()) -> Book:
    """The sheets of an .xlsx, each of so many rows at most; raises UnreadableWorkbook with a sentence for the user.

    Sheets named in ``unread`` are left out, unopened.
    """
    with opened(content) as package:
        sheets, values = sheet_parts(package, unread)
        links, printed = reaches(package), stamp(package)
    grids = []
    for name, hidden, xml in sheets:
        cells = sheet_cells(xml, values, most_rows)
        grids.append(Grid(name, cells.rows, hidden, cells.formulas, cells.errors, cells.scaled))
    return Book(tuple(grids), reaches=links, stamp=printed)

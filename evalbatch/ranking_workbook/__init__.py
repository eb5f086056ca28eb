"""Outcome -> the bureau's ranking workbook; the door out, which decides nothing about points or findings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook

from evalbatch.model import Outcome
from evalbatch.ranking_workbook.beside import files_beside, fitted, folder_beside, possible_names
from evalbatch.ranking_workbook.looks import Formats
from evalbatch.ranking_workbook.overview import write_overview
from evalbatch.ranking_workbook.sheets import grid_of, sheets
from evalbatch.ranking_workbook.table_sheet import write_sheet
from evalbatch.scheme import Scheme
from evalbatch.tables import tabulate

_OPTIONS: Final[dict[str, Any]] = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_ranking_workbook(target: BinaryIO | Path, outcome: Outcome, scheme: Scheme) -> None:
    """Write the ranking workbook to a file or a stream; raises OSError where it cannot.

    The same outcome and scheme give the same bytes: the creation date in the properties is the first day
    after the year that was evaluated. What ``files_beside`` writes belongs to it.
    """
    if isinstance(target, Path):
        with target.open("wb") as file:
            return write_ranking_workbook(file, outcome, scheme)
    tables = tabulate(outcome, scheme)
    pages = fitted(sheets(tables, outcome, scheme), tables)
    grid = grid_of(tables, pages, outcome, scheme)
    book = Workbook(target, _OPTIONS)
    book.set_properties(
        {
            "title": f"{scheme.year}年度{scheme.spec.title}排名",
            "author": "evalbatch",
            "created": datetime(scheme.year + 1, 1, 1),
        }
    )
    formats = Formats(book)
    write_overview(book, formats, tables, pages, scheme, grid)
    for page in pages:
        write_sheet(book, formats, page, grid)
    book.close()


__all__ = ["files_beside", "folder_beside", "possible_names", "write_ranking_workbook"]

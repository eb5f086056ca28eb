"""Outcome -> the bureau's ranking workbook; the door out, which decides nothing about points or findings."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from evalbatch.model import Outcome
from evalbatch.ranking_workbook.beside import files_beside, fitted, folder_beside, possible_names
from evalbatch.ranking_workbook.book import open_book
from evalbatch.ranking_workbook.looks import Formats
from evalbatch.ranking_workbook.overview import write_overview
from evalbatch.ranking_workbook.public import write_public_workbook
from evalbatch.ranking_workbook.sheets import grid_of, ranking_title, sheets
from evalbatch.ranking_workbook.table_sheet import write_sheet
from evalbatch.scheme import Scheme
from evalbatch.tables import tabulate


def write_ranking_workbook(target: BinaryIO | Path, outcome: Outcome, scheme: Scheme) -> None:
    """Write the ranking workbook to a file or a stream; raises OSError where it cannot.

    The same outcome and scheme give the same bytes. What ``files_beside`` writes belongs to it.
    """
    if isinstance(target, Path):
        with target.open("wb") as file:
            return write_ranking_workbook(file, outcome, scheme)
    tables = tabulate(outcome, scheme)
    pages = fitted(sheets(tables, outcome, scheme), tables)
    grid = grid_of(tables, pages, outcome, scheme)
    book = open_book(target, scheme, ranking_title(outcome, scheme))
    formats = Formats(book)
    write_overview(book, formats, tables, pages, scheme, grid)
    for page in pages:
        write_sheet(book, formats, page, grid)
    book.close()


__all__ = ["files_beside", "folder_beside", "possible_names", "write_public_workbook", "write_ranking_workbook"]

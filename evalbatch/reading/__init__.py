"""DOOR IN: bytes of a workbook -> Book (format taken away, addresses kept) -> Submission (typed entries)."""

from evalbatch.reading.book import Book, Grid, UnreadableWorkbook
from evalbatch.reading.submission import NotATemplate, derive, read_submission
from evalbatch.reading.xlsx import read_xlsx

__all__ = ["Book", "Grid", "NotATemplate", "UnreadableWorkbook", "derive", "read_submission", "read_xlsx"]

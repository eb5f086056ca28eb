"""DOOR IN: bytes of a workbook -> Book (format taken away, addresses kept) -> Submission (typed entries)."""

import io
import zipfile

from evalbatch.reading.book import Book, Grid, UnreadableWorkbook
from evalbatch.reading.container import OLE_MAGIC, XLSB, refuse_by_magic, refuse_directory
from evalbatch.reading.ods import read_ods
from evalbatch.reading.submission import NotATemplate, derive, read_submission
from evalbatch.reading.xlsx import read_xlsx
from evalbatch.scheme.layout import UNREAD_SHEETS

_XLS_STREAM = "Workbook".encode("utf-16-le")
_XLSX = "xl/workbook.xml"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"


def is_workbook(content: bytes) -> bool:
    """Whether bytes hold a workbook by their content, whatever the file is called."""
    if content.startswith(OLE_MAGIC):
        return _XLS_STREAM in content
    return _is_ods(content) or bool(_names(content) & {_XLSX, XLSB})


def read_workbook(content: bytes) -> Book:
    """The sheets of a workbook, its format told by its content; raises UnreadableWorkbook with the reason.

    The sheets of the form that nothing is read from may be left out.
    """
    refuse_by_magic(content)
    if content.startswith(OLE_MAGIC):
        # xlrd takes longer to load than a workbook to read, and .xls are rare
        from evalbatch.reading.xls import read_xls

        return read_xls(content)
    if _is_ods(content):
        return read_ods(content)
    if XLSB.encode() in content and XLSB in _names(content):
        # as rare, and another library
        from evalbatch.reading.xlsb import read_xlsb

        return read_xlsb(content)
    return read_xlsx(content, unread=UNREAD_SHEETS)


def _is_ods(content: bytes) -> bool:
    # the standard puts the type uncompressed at the very beginning
    return content.startswith(b"PK") and _ODS in content[:200]


def _names(content: bytes) -> set[str]:
    if not content.startswith(b"PK"):  # zipfile would find a workbook that stands at the end of anything
        return set()
    try:
        refuse_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return set(package.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # a name that is no UTF-8, …
        return set()


__all__ = [
    "Book",
    "Grid",
    "NotATemplate",
    "UnreadableWorkbook",
    "derive",
    "is_workbook",
    "read_submission",
    "read_workbook",
    "read_xlsx",
    "refuse_directory",
]

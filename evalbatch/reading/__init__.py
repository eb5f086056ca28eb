"""DOOR IN: bytes of a workbook -> Book (format taken away, addresses kept) -> Submission (typed entries)."""

import io
import re
import zipfile
import zlib
from dataclasses import replace

from evalbatch.reading.book import CONNECTIONS, LINKS, Book, Grid, UnreadableWorkbook
from evalbatch.reading.container import OLE_MAGIC, XLSB, refuse_by_magic, refuse_directory
from evalbatch.reading.ods import read_ods
from evalbatch.reading.submission import NotATemplate, derive, read_submission
from evalbatch.reading.xlsx import read_xlsx
from evalbatch.scheme.layout import UNREAD_SHEETS

_XLS_STREAM = "Workbook".encode("utf-16-le")
_XLSX = "xl/workbook.xml"
_REACHES = {"xl/externalLinks/": LINKS, "xl/connections.": CONNECTIONS}
"""Parts of a package by which a workbook takes values from elsewhere."""
_STAMP = re.compile("印次[0-9a-f]{12}".encode())
_PROPERTIES = ("docProps/core.xml", "meta.xml")
"""Where programs keep the keywords of a workbook, among which the template has its stamp."""
_MOST_PROPERTIES = 64 * 1024
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
        return replace(read_ods(content), stamp=_stamp(content))
    names = _names(content)
    if XLSB in names:
        # as rare, and another library
        from evalbatch.reading.xlsb import read_xlsb

        book = read_xlsb(content)
    else:
        book = read_xlsx(content, unread=UNREAD_SHEETS)
    reaches = tuple(what for start, what in _REACHES.items() if any(name.startswith(start) for name in names))
    return replace(book, reaches=reaches, stamp=_stamp(content))


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


def _stamp(content: bytes) -> str:
    """The print of the template that a workbook says it was made of; ``""`` where that cannot be seen."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for name in _PROPERTIES:
                if name in package.NameToInfo:
                    with package.open(name) as part:
                        match = _STAMP.search(part.read(_MOST_PROPERTIES))
                    return "" if match is None else match[0].decode()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        pass  # damaged properties are nobody's loss
    return ""


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

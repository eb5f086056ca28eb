"""Bytes of a workbook -> its container opened within bounds; knows no sheet's meaning."""

from __future__ import annotations

import io
import lzma
import mmap
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from xml.etree import ElementTree

from evalbatch.deflate import DeflateError, read_part
from evalbatch.reading.book import CONNECTIONS, LINKS, UnreadableWorkbook

MAX_INFLATED: Final = 512 * 1024 * 1024
"""Bytes that all parts of one workbook may inflate to, pictures included."""
MAX_TEXT: Final = 64 * 1024 * 1024
"""Bytes that its XML or its records may inflate to; a filled template has about 1 MB."""
MAX_PARTS: Final = 5_000
MAX_ENTRIES: Final = 100_000
"""Entries of a .zip's directory that are looked at at all: each takes some hundred bytes of memory, read or not."""
MAX_ROWS: Final = 50_000
MAX_COLUMNS: Final = 1_000
MAX_AREA: Final = 2_000_000
"""Cells of a sheet's used rectangle: most readers lay the whole rectangle out in memory."""

OLE_MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
XLSB: Final = "xl/workbook.bin"
"""The part by which a package is told to be an .xlsb."""
_TEXT: Final = re.compile(r"\.xml$|\.rels$|worksheets/[^/]*\.bin$|^xl/[^/]*\.bin$")
"""Parts that are read, and not merely carried as pictures are."""
_ENTRY: Final = b"PK\1\2"
_ENTRY_BYTES: Final = 46
"""That each of them takes at least."""
_REACHES: Final = {"xl/externalLinks/": LINKS, "xl/connections.": CONNECTIONS}
"""Parts of a package by which a workbook takes values from elsewhere."""
_STAMP: Final = re.compile("印次[0-9a-f]{12}".encode())
_PROPERTIES: Final = ("docProps/core.xml", "meta.xml")
"""Where programs keep the keywords of a workbook, among which the template has its stamp."""
_MOST_PROPERTIES: Final = 64 * 1024
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
NO_WORKBOOK: Final = "文件不是 Excel 工作簿，请在财政局下发的模板中填报后重新报送。"
DAMAGED: Final = "文件已损坏，无法打开。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"
_DAMAGES: Final = (
    zipfile.BadZipFile, zlib.error, DeflateError, lzma.LZMAError, ElementTree.ParseError, struct.error, KeyError,
    ValueError, EOFError, NotImplementedError, OSError, RuntimeError,
)  # fmt: skip
"""What the zip and XML readers raise at damaged bytes."""


def refuse_by_magic(content: bytes) -> None:
    """Tell by the first bytes what is certainly no workbook that can be read."""
    if not content:
        raise UnreadableWorkbook("文件是空的（0字节），请重新报送。")
    if content.startswith(OLE_MAGIC):
        if _ENCRYPTED in content:
            raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。")
        return
    if not content.startswith(b"PK"):
        raise UnreadableWorkbook(NO_WORKBOOK)


def refuse_directory(content: bytes | mmap.mmap) -> None:
    """Raise BadZipFile for a .zip with a directory that is an attack in itself, before anything reads it."""
    if len(content) < MAX_ENTRIES * _ENTRY_BYTES:
        return
    place = -1
    for _ in range(MAX_ENTRIES):
        place = content.find(_ENTRY, place + 1)
        if place < 0:
            return
    raise zipfile.BadZipFile


@contextmanager
def opened(content: bytes) -> Iterator[zipfile.ZipFile]:
    """The package of a workbook within bounds; whatever is damaged in it becomes UnreadableWorkbook."""
    refuse_by_magic(content)
    try:
        refuse_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            text = sum(entry.file_size for entry in entries if _TEXT.search(entry.filename))
            everything = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_PARTS or text > MAX_TEXT or everything > MAX_INFLATED:
                raise UnreadableWorkbook("文件展开后过大，超出读取上限。请删去多余的表和内容后重新报送。")
            yield package
    except _DAMAGES:
        raise UnreadableWorkbook(DAMAGED) from None


def inflate(package: zipfile.ZipFile, part: str) -> bytes:
    """A part of the package, as long as it is said to be; refuses XML that declares entities."""
    content = read_part(package, part)
    if len(content) != package.getinfo(part).file_size:
        raise UnreadableWorkbook(DAMAGED)
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
        raise UnreadableWorkbook("文件含有不允许的 XML 声明，请用 Excel 或 WPS 另存为 .xlsx 后重新报送。")
    return content


def reaches(package: zipfile.ZipFile) -> tuple[str, ...]:
    """By what a workbook takes values from outside."""
    names = package.namelist()
    return tuple(what for start, what in _REACHES.items() if any(name.startswith(start) for name in names))


def stamp(package: zipfile.ZipFile) -> str:
    """The print of the template that a workbook says it was made of; ``""`` where that cannot be seen."""
    try:
        for name in _PROPERTIES:
            if name in package.NameToInfo:
                with package.open(name) as part:
                    match = _STAMP.search(part.read(_MOST_PROPERTIES))
                return "" if match is None else match[0].decode()
    except _DAMAGES:
        pass  # damaged properties are nobody's loss
    return ""


def refuse_area(rows: int, columns: int, most_rows: int = MAX_ROWS) -> None:
    """Refuse a used rectangle that no form can have, before a reader lays it out in memory."""
    if rows > most_rows or columns > MAX_COLUMNS or rows * columns > MAX_AREA:
        raise UnreadableWorkbook(
            f"工作表的使用范围到了第 {rows} 行、第 {columns} 列，超出读取上限。"
            "请删去表格以外的内容（选中多余的行列后删除）再重新报送。"
        )

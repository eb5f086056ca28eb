"""A .zip, .tar or compressed file -> its pieces, one by one and within bounds; nothing is ever written by their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from evalbatch.intake.arrivals import MAX_FILE, SPREADSHEETS
from evalbatch.intake.names import decoded
from evalbatch.intake.pieces import TOO_LARGE, Damaged, Excess, Piece, searchable
from evalbatch.reading import refuse_directory

DAMAGED: Final = "压缩包已损坏或不完整（也可能是分卷之一）。请重新压缩后报送。"
LOCKED: Final = "压缩包设有密码，其中的文件无法读取。请去掉密码后重新报送。"
LINK: Final = "压缩包内的链接，未读取"
DEVICE: Final = "压缩包内的不是普通文件，未读取"
ARCHIVES: Final = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".eml", ".msg", ".mbox"})
"""Names of what may hold a workbook."""
_ENCRYPTED: Final = 0x1
_UTF8: Final = 0x800
_UNICODE_PATH: Final = 0x7075
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error)


def locked(name: str) -> Piece:
    """A piece under a password: one that may be or hold a workbook has to be sent again."""
    matters = PurePosixPath(name).suffix.lower() in SPREADSHEETS | ARCHIVES
    return Piece(name, fault=LOCKED) if matters else Piece(name, skipped="压缩包设有密码，未读取")


# ---------------------------------------------------------------- .zip


def zip_pieces(file: BinaryIO, most: int) -> Iterator[Piece]:
    """The files of a .zip that inflate to ``most`` bytes together; raises Damaged or Excess."""
    try:
        refuse_directory(searchable(file))
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
            if sum(entry.file_size for entry in entries) > most:
                raise Excess
            for entry in entries:
                yield _zip_piece(archive, entry)
    except (*_BROKEN, UnicodeDecodeError, NotImplementedError, ValueError):
        raise Damaged(DAMAGED) from None


def _zip_piece(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Piece:
    name = zip_name(entry)
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Piece(name, skipped=LINK)
    if entry.flag_bits & _ENCRYPTED:
        return locked(name)
    if entry.file_size > MAX_FILE:
        return Piece(name, fault=TOO_LARGE)
    try:
        return Piece(name, archive.read(entry))
    except NotImplementedError:
        return Piece(name, fault="压缩方法不受支持。请解压后另用 zip 压缩，或直接报送工作簿。")
    except (*_BROKEN, RuntimeError, ValueError):
        return Piece(name, fault="压缩包内的该文件已损坏。请重新压缩后报送。")


def zip_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry: as its Unicode path has it, else as UTF-8 where it says so, else as its bytes read best."""
    try:
        raw = entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")
    except UnicodeEncodeError:  # a later Python has taken the Unicode path by itself
        return entry.orig_filename
    return _unicode_path(entry.extra, raw) or decoded(raw)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The UTF-8 name of Info-ZIP's extra field, where it is of this very name (APPNOTE.TXT 4.6.9)."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and field[:1] == b"\1" and field[1:5] == struct.pack("<L", zlib.crc32(raw)):
            return decoded(field[5:])
    return ""


# ---------------------------------------------------------------- .tar and single compressed files


def tar_pieces(file: BinaryIO, most: int) -> Iterator[Piece]:
    """The files of a .tar, compressed or not, of ``most`` bytes together; raises Damaged or Excess."""
    try:
        with tarfile.open(fileobj=file, mode="r:*") as archive:
            held = 0
            for entry in archive:
                held += entry.size
                if held > most:
                    raise Excess
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps a description of every one
                if not entry.isdir():
                    yield _tar_piece(archive, entry)
    except (*_BROKEN, ValueError, RecursionError):
        raise Damaged(DAMAGED) from None


def _tar_piece(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Piece:
    name = decoded(entry.name.encode("utf-8", "surrogateescape"))
    if entry.issym() or entry.islnk():
        return Piece(name, skipped=LINK)
    if not entry.isreg():
        return Piece(name, skipped=DEVICE)
    if entry.size > MAX_FILE:
        return Piece(name, fault=TOO_LARGE)
    content = archive.extractfile(entry)
    held = b"" if content is None else content.read()
    if len(held) != entry.size:
        raise tarfile.ReadError
    return Piece(name, held)


def is_compressed_tar(file: BinaryIO) -> bool:
    """Whether a compressed file holds a .tar and not a single file."""
    try:
        with tarfile.open(fileobj=file, mode="r:*"):
            return True
    except (*_BROKEN, ValueError, RecursionError):
        return False
    finally:
        file.seek(0)


def compressed_piece(file: BinaryIO, name: str) -> Iterator[Piece]:
    """The single file of a .gz, .bz2 or .xz called ``name``; raises Damaged."""
    try:
        with _decompressed(file) as stream:
            content = stream.read(MAX_FILE + 1)
    except _BROKEN:
        raise Damaged(DAMAGED) from None
    inner = PurePosixPath(name).stem
    yield Piece(inner, fault=TOO_LARGE) if len(content) > MAX_FILE else Piece(inner, content)


def _decompressed(file: BinaryIO) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    magic = file.read(2)
    file.seek(0)
    if magic == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=file)
    return bz2.BZ2File(file) if magic == b"BZ" else lzma.LZMAFile(file)

"""Mails and archives as programs write them, byte by byte where no library writes them so: for tests."""

from __future__ import annotations

import base64
import io
import itertools
import os
import struct
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest

needs_libarchive = pytest.mark.skipif(
    find_library("archive") is None and not os.environ.get("EVALBATCH_NO_SKIP"), reason="libarchive is not installed"
)
"""Marks a test that needs the system's library for .7z and .rar."""
DATE: Final = "Wed, 20 Aug 2025 09:30:00 +0800"
ARRIVED: Final = datetime(2025, 8, 20, 9, 30)
UTF8: Final = 0x800
ENCRYPTED: Final = 0x1


# ---------------------------------------------------------------- .zip


@dataclass(frozen=True)
class Entry:
    """An entry of a .zip as its bytes stand there; sizes and CRC may lie."""

    name: bytes
    content: bytes = b""
    flags: int = 0
    extra: bytes = b""
    attributes: int = 0
    crc: int | None = None
    size: int | None = None
    method: int = 8


def zipped(files: Mapping[str, bytes], encoding: str = "utf-8") -> bytes:
    """A .zip with names in an encoding, marked as UTF-8 only where they are."""
    flags = UTF8 if encoding == "utf-8" else 0
    return raw_zip([Entry(name.encode(encoding), content, flags) for name, content in files.items()])


def raw_zip(entries: Sequence[Entry]) -> bytes:
    """A .zip of entries as they are given."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packer.compress(entry.content) + packer.flush() if entry.method == 8 else entry.content
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        size = len(entry.content) if entry.size is None else entry.size
        common = struct.pack(
            "<HHHHHLLLHH", 20, entry.flags, entry.method, 0, 0x5B14, crc, len(data), size, len(entry.name),
            len(entry.extra),
        )  # fmt: skip
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + common
        directory += struct.pack("<HHHLL", 0, 0, 0, entry.attributes << 16, len(body)) + entry.name + entry.extra
        body += b"PK\3\4" + common + entry.name + entry.extra + data
    count = len(entries)
    end = struct.pack("<HHHHLLH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), 0)
    return bytes(body + directory + b"PK\5\6" + end)


def unicode_path(raw: bytes, name: str) -> bytes:
    """Info-ZIP's extra field with the Unicode name of an entry called ``raw``."""
    field = b"\1" + struct.pack("<L", zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(field)) + field


# ---------------------------------------------------------------- other archives


def tarred(files: Mapping[str, bytes], compression: str = "gz") -> bytes:
    """A .tar of files, compressed."""
    target = io.BytesIO()
    form: Any = f"w:{compression}"
    with tarfile.open(fileobj=target, mode=form) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def sevenzipped(files: Mapping[str, bytes]) -> bytes:
    """A .7z of files."""
    import libarchive

    written = bytearray()

    def write(data: bytes) -> int:
        written.extend(data)
        return len(data)

    with libarchive.custom_writer(write, "7zip") as archive:
        for name, content in files.items():
            archive.add_file_from_memory(name, len(content), content)
    return bytes(written)


def rar5(files: Mapping[str, bytes]) -> bytes:
    """A .rar of version 5, its files stored; no free program writes one."""
    archive = b"Rar!\x1a\x07\x01\x00" + _rar5_block(_number(1) + _number(0) + _number(0))
    for name, content in files.items():
        raw = name.encode()
        header = _number(2) + _number(2) + _number(len(content))
        header += _number(4) + _number(len(content)) + _number(0o100644) + struct.pack("<L", zlib.crc32(content))
        header += _number(0) + _number(1) + _number(len(raw)) + raw
        archive += _rar5_block(header) + content
    return archive + _rar5_block(_number(5) + _number(0) + _number(0))


def _rar5_block(header: bytes) -> bytes:
    sized = _number(len(header)) + header
    return struct.pack("<L", zlib.crc32(sized)) + sized


def _number(value: int) -> bytes:
    pieces = bytearray()
    while value > 0x7F:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*pieces, value])


# ---------------------------------------------------------------- mails


def attached(parameters: bytes, content: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    """A part of a mail with an attachment; ``parameters`` follow the disposition as they are given."""
    return (
        b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment" + parameters + b"\r\n\r\n" + base64.encodebytes(content)
    )  # fmt: skip


def mail(
    *parts: bytes, subject: bytes = b"report", sender: bytes = b"a@b.cn", date: str = DATE, edge: bytes = b"edge"
) -> bytes:
    """A mail with a text and further parts, ``edge`` between them."""
    text = b"Content-Type: text/plain; charset=gbk\r\n\r\n" + "请查收".encode("gbk") + b"\r\n"
    head = b"From: " + sender + b"\r\nTo: finance@gov.cn\r\nSubject: " + subject + b"\r\nDate: " + date.encode()
    head += b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + edge + b"\r\n\r\n"
    return (
        head + b"".join(b"--" + edge + b"\r\n" + part + b"\r\n" for part in (text, *parts)) + b"--" + edge + b"--\r\n"
    )


def mail_with(files: Mapping[str, bytes], subject: str = "报送", edge: bytes = b"edge") -> bytes:
    """A mail with files whose names are encoded words of GBK, as Chinese programs write them."""
    parts = [attached(b'; filename="' + word(name) + b'"', content) for name, content in files.items()]
    return mail(*parts, subject=word(subject), edge=edge)


def word(text: str, charset: str = "gb18030") -> bytes:
    """Text as an encoded word (RFC 2047)."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?=".encode()


def nested(content: bytes) -> bytes:
    """A part of a mail that is a mail."""
    return b"Content-Type: message/rfc822\r\n\r\n" + content


def mailbox(mails: Sequence[bytes]) -> bytes:
    """A mailbox of mails."""
    return b"".join(b"From a@b.cn Wed Aug 20 09:30:00 2025\n" + content + b"\n" for content in mails)


# ---------------------------------------------------------------- .msg

Tree = Mapping[str, "bytes | Tree"]
_FREE, _END, _FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR: Final = 512


def outlook(
    files: Mapping[str, bytes | Tree],
    subject: str = "报送",
    charset: str = "utf-16-le",
    nested: bool = False,
    page: int = 0,
) -> Tree:
    """A mail of Outlook with attachments, to be made a file by ``compound``; an attachment that is a tree is a mail."""
    kind = 0x001F if charset == "utf-16-le" else 0x001E
    ticks = int((datetime(2025, 8, 20, 1, 30, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7
    properties = bytes(24 if nested else 32) + _property(0x0039, 0x0040, struct.pack("<Q", ticks))
    properties += _property(0x3FFD, 0x0003, struct.pack("<Q", page))
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": properties,
        f"__substg1.0_001A{kind:04X}": "IPM.Note".encode(charset),
        f"__substg1.0_0037{kind:04X}": subject.encode(charset),
        f"__substg1.0_0C1F{kind:04X}": "zhang@shangwu.gov.cn".encode(charset),
    }
    for number, (name, content) in enumerate(files.items()):
        method = 1 if isinstance(content, bytes) else 5
        attachment: dict[str, bytes | Tree] = {
            "__properties_version1.0": bytes(8) + _property(0x3705, 0x0003, struct.pack("<Q", method)),
            f"__substg1.0_3707{kind:04X}": name.encode(charset),
            "__substg1.0_37010102" if isinstance(content, bytes) else "__substg1.0_3701000D": content,
        }
        tree[f"__attach_version1.0_#{number:08X}"] = attachment
    return tree


def _property(of: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHL", kind, of, 6) + value


def compound(tree: Tree) -> bytes:
    """A compound file ([MS-CFB], version 3) with storages and streams; its tree of names is not balanced."""
    entries: list[list[object]] = []  # name, kind, right sibling, child, content
    _list(entries, "Root Entry", tree)
    sectors: list[bytes] = []
    chain: list[int] = []

    def store(content: bytes) -> int:
        first = len(sectors)
        pieces = [content[place : place + _SECTOR].ljust(_SECTOR, b"\0") for place in range(0, len(content), _SECTOR)]
        sectors.extend(pieces)
        chain.extend([*range(first + 1, first + len(pieces)), _END] if pieces else [])
        return first if pieces else _END

    little, little_chain = bytearray(), list[int]()
    directory = bytearray()
    places: list[tuple[int, int]] = []
    for _, kind, _, _, content in entries:
        assert isinstance(content, bytes)
        if kind != 2 or not content:
            places.append((_END if kind == 2 else 0, 0))
        elif len(content) < 4096:
            first, count = len(little) // 64, -(-len(content) // 64)
            little += content.ljust(count * 64, b"\0")
            little_chain += [*range(first + 1, first + count), _END]
            places.append((first, len(content)))
        else:
            places.append((store(content), len(content)))
    places[0] = (store(bytes(little)), len(little))
    little_fat = store(b"".join(struct.pack("<L", link) for link in little_chain))
    for (name, kind, right, child, _), (first, size) in zip(entries, places, strict=True):
        raw = str(name).encode("utf-16-le")
        directory += raw.ljust(64, b"\0") + struct.pack("<HBBLLL", len(raw) + 2, kind, 1, _FREE, right, child)
        directory += bytes(36) + struct.pack("<LQ", first, size)
    root = store(
        bytes(directory) + (bytes(68) + struct.pack("<LLL", _FREE, _FREE, _FREE) + bytes(48)) * (-len(entries) % 4)
    )
    count = 1
    while count * 128 < len(sectors) + count:
        count += 1
    fat_places = range(len(sectors), len(sectors) + count)
    links = [*chain, *([_FAT_SECTOR] * count)]
    fat = b"".join(struct.pack("<L", link) for link in links).ljust(count * _SECTOR, b"\xff")
    assert count <= 109
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<LLLLLLLLL", 0, count, root, 0, 4096, little_fat, -(-len(little_chain) // 128), _END, 0)
    header += b"".join(struct.pack("<L", place) for place in fat_places).ljust(436, b"\xff")
    return header + b"".join(sectors) + fat


def _list(entries: list[list[object]], name: str, content: bytes | Tree) -> int:
    """Add an entry with all below it; its number."""
    number = len(entries)
    own = content if isinstance(content, bytes) else b""
    entries.append([name, 2 if isinstance(content, bytes) else 5 if number == 0 else 1, _FREE, _FREE, own])
    if not isinstance(content, bytes):
        children = [_list(entries, key, value) for key, value in content.items()]
        for child, following in itertools.pairwise(children):
            entries[child][2] = following
        if children:
            entries[number][3] = children[0]
    return number

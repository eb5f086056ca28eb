"""Deflate by another implementation than Python's own: the same bytes, the same faults."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalbatch.deflate import DeflateError, compress, decompress, read_part
from evalbatch.packing import pack, unpack
from evalbatch.reading import UnreadableWorkbook, read_workbook
from tests.test_samples import FOLDER

FAULTS = (zipfile.BadZipFile, zlib.error, DeflateError, EOFError)
CONTENT = st.binary(max_size=2000) | st.text('<cv r="A1/>0', max_size=2000).map(str.encode)


def package(content: bytes, kind: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as parts:
        parts.writestr("xl/workbook.xml", content)
    return target.getvalue()


def read(content: bytes, reader: str) -> bytes | None:
    """What a reader says of the part, ``None`` where it finds a fault."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return read_part(parts, "xl/workbook.xml") if reader == "own" else parts.read("xl/workbook.xml")
    except (*FAULTS, KeyError, NotImplementedError, RuntimeError, ValueError, OSError):
        return None


@given(CONTENT, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
def test_a_part_is_read_as_zipfile_reads_it(content: bytes, kind: int) -> None:
    assert read(package(content, kind), "own") == content


@given(CONTENT, st.data())
def test_damaged_bytes_are_a_fault_to_both(content: bytes, data: st.DataObject) -> None:
    whole = bytearray(package(content, zipfile.ZIP_DEFLATED))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    assert read(bytes(whole), "own") == read(bytes(whole), "zipfile")


@given(CONTENT)
def test_each_inflates_what_the_other_deflated(content: bytes) -> None:
    assert zlib.decompress(compress(content, 1)) == decompress(zlib.compress(content)) == content


def test_bytes_that_are_no_deflated_ones() -> None:
    with pytest.raises(DeflateError):
        unpack(b"no deflated bytes")


def test_a_workbook_with_a_damaged_part_is_sent_back_in_a_sentence() -> None:
    content = bytearray(next((FOLDER / "inbox").glob("203001_*.xlsx")).read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        start = parts.getinfo("xl/worksheets/sheet1.xml").header_offset
    name, extra = struct.unpack_from("<2H", content, start + 26)
    inside = start + 30 + name + extra
    content[inside : inside + 40] = b"\xff" * 40
    with pytest.raises(UnreadableWorkbook, match="文件已损坏"):
        read_workbook(bytes(content))


def test_where_there_is_no_wheel_zlib_does_it() -> None:
    program = (
        "import sys; sys.modules['isal'] = None\n"
        "import zlib; from evalbatch import deflate; from evalbatch.packing import unpack\n"
        f"assert deflate.DeflateError is zlib.error, deflate.DeflateError\nprint(unpack({pack(['一', 1])!r}))"
    )
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], capture_output=True, text=True, encoding="utf-8"
    )
    assert (ran.stdout.strip(), ran.stderr) == ("['一', 1]", "")

"""Workbooks as zip packages, taken apart and put together in odd ways."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

Parts = dict[str, bytes]
"""The inflated parts of a package by name, in order."""


def unpack(content: bytes) -> Parts:
    """The parts of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def pack(parts: Parts, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A package of some parts; the type of an .ods stays uncompressed, as its standard asks."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as package:
        for name, content in parts.items():
            package.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return target.getvalue()


class _Pipe(io.RawIOBase):
    """A target that cannot be wound back, so that sizes follow their data."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += data
        return len(data)


def with_data_descriptors(numbers: Random, content: bytes) -> bytes:
    target = _Pipe()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in unpack(content).items():
            package.writestr(name, part)
    return bytes(target.written)


def with_zip64_fields(numbers: Random, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in unpack(content).items():
            with package.open(name, "w", force_zip64=True) as file:
                file.write(part)
    return target.getvalue()


def compressed_otherwise(numbers: Random, content: bytes) -> bytes:
    return pack(unpack(content), numbers.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))


def with_a_second_entry_of_one_name(numbers: Random, content: bytes) -> bytes:
    parts = unpack(content)
    name = _sheet(numbers, parts)
    other = parts[name].replace(b"<v>1", b"<v>7").replace(b'office:value="1', b'office:value="7')
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for entry, part in parts.items():
            if entry == name:
                first = numbers.random() < 0.5
                package.writestr(name, other if first else part)
                package.writestr(name.replace("e", "\x01", 1), part if first else other)
            else:
                package.writestr(entry, part)
    return target.getvalue().replace(name.replace("e", "\x01", 1).encode(), name.encode())


def with_bytes_before_it(numbers: Random, content: bytes) -> bytes:
    return numbers.choice([b"PK", b"PK00", b"MZ" * 20, b"\n"]) + content


def with_bytes_behind_it(numbers: Random, content: bytes) -> bytes:
    return content + numbers.choice([b"\0" * 512, b"PK\x05\x06", b"x" * 70_000, content[-600:]])


def with_names_in_other_letters(numbers: Random, content: bytes) -> bytes:
    case = numbers.choice([str.upper, str.title, str.lower])
    return pack({case(name): part for name, part in unpack(content).items()})


def with_backslashes_in_names(numbers: Random, content: bytes) -> bytes:
    return pack({name.replace("/", "\\"): part for name, part in unpack(content).items()})


def without_a_part(numbers: Random, content: bytes) -> bytes:
    parts = unpack(content)
    del parts[numbers.choice(list(parts))]
    return pack(parts)


def in_another_order(numbers: Random, content: bytes) -> bytes:
    parts = list(unpack(content).items())
    numbers.shuffle(parts)
    return pack(dict(parts))


def with_a_field_of_the_directory_changed(numbers: Random, content: bytes) -> bytes:
    """Method, flags, checksum, sizes or name in a central or a local header."""
    signature, fields = numbers.choice(
        [(b"PK\x01\x02", [8, 10, 16, 20, 24, 28, 42, 46]), (b"PK\x03\x04", [6, 8, 14, 18, 22, 26, 30])]
    )
    places = []
    place = content.find(signature)
    while place >= 0:
        places.append(place)
        place = content.find(signature, place + 1)
    at = numbers.choice(places) + numbers.choice(fields)
    changed = bytearray(content)
    changed[at : at + 2] = numbers.choice(
        [b"\0\0", b"\x01\0", b"\xff\xff", struct.pack("<H", numbers.randrange(65536))]
    )
    return bytes(changed)


def _sheet(numbers: Random, parts: Parts) -> str:
    return numbers.choice([name for name in parts if "/sheet" in name or name == "content.xml"])


def truncated(numbers: Random, content: bytes) -> bytes:
    return content[: numbers.randrange(len(content))]


def with_bits_flipped(numbers: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(numbers.choice([1, 1, 2, 4, 16])):
        changed[numbers.randrange(len(changed))] ^= 1 << numbers.randrange(8)
    return bytes(changed)


def with_chunks_moved(numbers: Random, content: bytes) -> bytes:
    """A chunk swapped with another, doubled, or lost."""
    size = numbers.choice([1, 2, 8, 64, 512])
    one, two = (numbers.randrange(max(1, len(content) - size)) for _ in range(2))
    one, two = min(one, two), max(one, two)
    a, b = content[one : one + size], content[two : two + size]
    match numbers.randrange(3):
        case 0 if two >= one + size:
            return content[:one] + b + content[one + size : two] + a + content[two + size :]
        case 1:
            return content[:two] + a + content[two:]
        case _:
            return content[:one] + content[one + size :]


def with_interesting_bytes(numbers: Random, content: bytes) -> bytes:
    size = numbers.choice([1, 2, 4, 8])
    at = numbers.randrange(max(1, len(content) - size))
    value = numbers.choice([0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])
    return content[:at] + value.to_bytes(8, "little")[:size] + content[at + size :]


Mutation = Callable[[Random, bytes], bytes]
"""Bytes of a workbook to bytes of another; all chance comes from the first argument."""


def mutated(numbers: Random, content: bytes, mutations: Sequence[Mutation], times: int) -> tuple[bytes, list[str]]:
    """Bytes after so many of the mutations, and the names of those that could be made of them."""
    names = []
    for _ in range(times):
        mutation = numbers.choice(mutations)
        try:
            content = mutation(numbers, content)
        except Exception:  # noqa: BLE001  # what was damaged before cannot be taken apart
            break
        names.append(mutation.__name__)
    return content, names


BYTES: Final[tuple[Mutation, ...]] = (truncated, with_bits_flipped, with_chunks_moved, with_interesting_bytes)
"""Mutations that know nothing of what the bytes mean."""


def with_a_part_damaged(numbers: Random, content: bytes) -> bytes:
    """One of the above on an inflated part, which is then packed soundly."""
    parts = unpack(content)
    name = numbers.choice([name for name in parts if name.endswith((".xml", ".rels"))] + [_sheet(numbers, parts)] * 4)
    parts[name] = numbers.choice(BYTES)(numbers, parts[name])
    return pack(parts)


PACKAGES: Final[tuple[Mutation, ...]] = (
    with_data_descriptors, with_zip64_fields, compressed_otherwise, with_a_second_entry_of_one_name,
    with_bytes_before_it, with_bytes_behind_it, with_names_in_other_letters, with_backslashes_in_names, without_a_part,
    in_another_order, with_a_field_of_the_directory_changed, with_a_field_of_the_directory_changed,
    with_a_part_damaged, with_a_part_damaged, with_a_part_damaged,
)  # fmt: skip
"""Mutations of a zip package of any format."""

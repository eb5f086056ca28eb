"""An .xls with records of its stream changed in place: values, types, formats, places, lengths."""

from __future__ import annotations

import struct
from random import Random
from typing import Final

from xlrd.compdoc import CompDoc

from tests.fuzzing.packages import Mutation

_NUMBER, _RK, _MULRK, _LABELSST, _BOOLERR, _FORMULA, _BLANK = 0x203, 0x27E, 0xBD, 0xFD, 0x205, 0x6, 0x201
_CELLS: Final = (_NUMBER, _RK, _MULRK, _LABELSST, _BOOLERR, _FORMULA)
_OTHERS: Final = (0x22, 0x41E, 0xE0, 0xFC, 0x85, 0x809, 0x208, 0x200, 0x31, 0xE5, 0x0A)
"""Date mode, formats, styles, texts, sheets, beginnings, rows, ranges, fonts, merged cells, ends."""


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)


def _records(content: bytes) -> list[tuple[int, int, int]]:
    """Place, kind and length of each record of the workbook's stream, where it lies in one piece."""
    stream, base, size = CompDoc(content, logfile=_Nowhere()).locate_named_stream("Workbook")
    if stream is not content or not size:
        return []
    found, at = [], base
    while at + 4 <= base + size:
        kind, length = struct.unpack_from("<HH", content, at)
        found.append((at, kind, length))
        at += 4 + length
    return found


def with_records_changed(numbers: Random, content: bytes) -> bytes:
    """One to four records changed, rather those of cells."""
    records = [record for record in _records(content) if record[2]]
    changed = bytearray(content)
    for _ in range(numbers.choice([1, 2, 4])):
        kinds = _CELLS if numbers.random() < 0.75 else _OTHERS
        wanted = [record for record in records if record[1] in kinds] or records
        if not wanted:
            break
        at, kind, length = numbers.choice(wanted)
        body = at + 4
        match numbers.randrange(6):
            case 0 if kind in _CELLS:
                struct.pack_into(
                    "<H", changed, body + 4, numbers.choice([0, 15, 21, 33, 40, 60, 4095, 65535])
                )  # its format
            case 1 if kind in _CELLS:
                place = numbers.choice([0, 2])
                struct.pack_into(
                    "<H", changed, body + place, numbers.choice([0, 5, 36, 255, 256, 65535])
                )  # row or column
            case 2:
                struct.pack_into("<H", changed, at, numbers.choice([*_CELLS, _BLANK, 0x4D6, 0xD6, 0x3C]))  # its kind
            case 3:
                struct.pack_into(
                    "<H", changed, at + 2, numbers.choice([0, length - 1, length + 1, 65535])
                )  # its length
            case 4:
                changed[body + numbers.randrange(length)] ^= 1 << numbers.randrange(8)
            case _:
                size = min(length, numbers.choice([1, 2, 4, 8]))
                place = body + numbers.randrange(length - size + 1)
                changed[place : place + size] = numbers.choice([b"\0", b"\xff", b"\x7f"]) * size
    return bytes(changed)


XLS: Final[tuple[Mutation, ...]] = (with_records_changed, with_records_changed, with_records_changed)
"""Mutations that know what the records of an .xls mean."""

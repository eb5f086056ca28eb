"""The template taken apart once; cells and their cached values in, the bytes of a saved workbook out.

A workbook differs from the blank template only in the content of cells, so each sheet's XML is copied up to the next
cell that differs. That is about ten times faster than writing every workbook anew, and the result is the same file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from evalbatch.cell_text import escape
from evalbatch.department_workbook import write_department_workbook
from evalbatch.model import Value
from evalbatch.scheme import Scheme

_CELL: Final = re.compile(r'<c r="([A-Z]+\d+)"( s="\d+")?(?: t="\w+")?(?:/>|>(<f>[^<]*</f>)?(?:<v>[^<]*</v>)?</c>)')
_SHEET: Final = re.compile(r'<sheet name="([^"]+)" sheetId="\d+"(?: state="\w+")? r:id="rId(\d+)"/>')
_COUNTS: Final = re.compile(rb' count="(\d+)" uniqueCount="(\d+)">')
_CACHED: Final = re.compile(rb"(<f>[^<]*</f>)<v>[^<]*</v>")
_WORKBOOK: Final = "xl/workbook.xml"
_STRINGS: Final = "xl/sharedStrings.xml"
_LEVEL: Final = 1
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_EPOCH: Final = date(1899, 12, 30).toordinal()


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A cell that shows an error (``#REF!``)."""

    text: str


Content = Value | ErrorValue
Contents = Mapping[tuple[str, str], Content]
"""(sheet, cell) -> what it holds; a formula keeps its formula and gets this as its cached value."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A cell of the blank template: where its XML stands, its style and its formula."""

    start: int
    end: int
    style: str
    formula: str


class Package:
    """The blank template of a scheme: its parts, and where every cell stands in them."""

    def __init__(self, scheme: Scheme) -> None:
        blank = io.BytesIO()
        write_department_workbook(blank, scheme)
        with zipfile.ZipFile(blank) as package:
            self._parts = {name: package.read(name) for name in package.namelist()}
        sheets = _SHEET.findall(self._parts[_WORKBOOK].decode())
        self._part = {name: f"xl/worksheets/sheet{number}.xml" for name, number in sheets}
        self._text = {name: self._parts[part].decode() for name, part in self._part.items()}
        self._slots = {
            name: {match[1]: _Slot(*match.span(), match[2] or "", match[3] or "") for match in _CELL.finditer(text)}
            for name, text in self._text.items()
        }

    def write(
        self, typed: Contents, computed: Contents, renamed: Mapping[str, str] = MappingProxyType({}),
        calculated: bool = True,
    ) -> bytes:  # fmt: skip
        """The workbook with cells typed over, formulas with their values, and some sheets under another name.

        A cell typed over loses its formula. ``calculated`` is False for a program that saves formulas without values.
        Raises KeyError for a cell that the template does not have.
        """
        strings = _Strings(self._parts[_STRINGS])
        pieces: dict[str, list[tuple[_Slot, str]]] = {}
        for (sheet, cell), content in computed.items():
            slot = self._slots[sheet][cell]
            if (sheet, cell) not in typed and slot.formula:
                pieces.setdefault(sheet, []).append((slot, _computed(slot, cell, content)))
        for (sheet, cell), content in typed.items():
            slot = self._slots[sheet][cell]
            pieces.setdefault(sheet, []).append((slot, _typed(slot, cell, content, strings)))
        parts = dict(self._parts)
        for sheet, replaced in pieces.items():
            parts[self._part[sheet]] = _patched(self._text[sheet], replaced).encode()
        if not calculated:
            for part in self._part.values():
                parts[part] = _CACHED.sub(rb"\1", parts[part])
        parts[_STRINGS] = strings.written()
        for name, new in renamed.items():
            old = f'<sheet name="{name}"'.encode()
            parts[_WORKBOOK] = parts[_WORKBOOK].replace(old, f'<sheet name="{new}"'.encode())
        return _packed(parts)


def _patched(text: str, replaced: list[tuple[_Slot, str]]) -> str:
    replaced.sort(key=lambda item: item[0].start)
    pieces: list[str] = []
    last = 0
    for slot, xml in replaced:
        pieces += (text[last : slot.start], xml)
        last = slot.end
    return "".join((*pieces, text[last:]))


def _typed(slot: _Slot, cell: str, content: Content, strings: _Strings) -> str:
    match content:
        case None | "":
            return f'<c r="{cell}"{slot.style}/>'
        case Decimal():
            return f'<c r="{cell}"{slot.style}><v>{content:f}</v></c>'
        case date():
            return f'<c r="{cell}"{slot.style}><v>{content.toordinal() - _EPOCH}</v></c>'
        case ErrorValue(text):
            return f'<c r="{cell}"{slot.style} t="e"><v>{text}</v></c>'
        case _:
            return f'<c r="{cell}"{slot.style} t="s"><v>{strings.index(content)}</v></c>'


def _computed(slot: _Slot, cell: str, content: Content) -> str:
    match content:
        case Decimal():
            return f'<c r="{cell}"{slot.style}>{slot.formula}<v>{content.normalize():f}</v></c>'
        case None | "":
            return f'<c r="{cell}"{slot.style} t="str">{slot.formula}<v></v></c>'
        case _:
            return f'<c r="{cell}"{slot.style} t="str">{slot.formula}<v>{escape(str(content))}</v></c>'


class _Strings:
    """The template's shared texts with those that one workbook adds."""

    def __init__(self, part: bytes) -> None:
        self._part = part
        counts = _COUNTS.search(part)
        assert counts is not None
        self._count, self._unique = int(counts[1]), int(counts[2])
        self._added: dict[str, int] = {}

    def index(self, text: str) -> int:
        """The number under which a cell refers to a text."""
        self._count += 1
        return self._added.setdefault(text, self._unique + len(self._added))

    def written(self) -> bytes:
        """The part with the added texts at its end."""
        counts = f' count="{self._count}" uniqueCount="{self._unique + len(self._added)}">'.encode()
        added = "".join(f"<si><t>{escape(text)}</t></si>" for text in self._added).encode()
        return _COUNTS.sub(counts, self._part, count=1).replace(b"</sst>", added + b"</sst>")


def _packed(parts: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content, compresslevel=_LEVEL)
    return target.getvalue()


@lru_cache(maxsize=2)
def blank_package(scheme: Scheme) -> Package:
    """The package of a scheme, taken apart once a process."""
    return Package(scheme)


__all__ = ["Content", "Contents", "ErrorValue", "Package", "blank_package"]

"""An .xlsx package -> the XML of its sheets, found as Excel finds them, and what the values of their cells mean."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from xml.etree import ElementTree

from evalbatch.reading.book import UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, inflate
from evalbatch.reading.number_formats import scales_down, tells_a_date, tells_elapsed_time
from evalbatch.reading.plain_xml import NAMESPACES
from evalbatch.reading.xlsx_rows import Formats, Values, shared_texts

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

R = TypeVar("R")

_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATION_IDS: Final = (f"{{{_RELATIONS}}}id", "{http://purl.oclc.org/ooxml/officeDocument/relationships}id")
_DATES: Final = frozenset(map(str, (*range(14, 23), *range(27, 37), 45, 47, *range(50, 59), *range(71, 82))))
"""Built-in number formats that show dates, those of Chinese, Japanese, Korean and Thai editions among them."""
_SPANS: Final = frozenset({"46"})
_KEPT: Final = 64 * 1024
"""Bytes of a part at most of which it is kept what it says: these parts are the same in many workbooks of a batch."""
_TRUE: Final = frozenset({"1", "true", "on"})


class SheetPart(NamedTuple):
    """A sheet of a package: its name, whether it is hidden, and its XML."""

    name: str
    hidden: bool
    xml: bytes


class _Relation(NamedTuple):
    kind: str
    part: str
    external: bool


class _Sheet(NamedTuple):
    name: str
    hidden: bool
    ids: tuple[str, ...]
    """By which it may be related to its part."""


@dataclass(frozen=True, slots=True)
class _Workbook:
    sheets: tuple[_Sheet, ...]
    since_1904: bool


def sheet_parts(package: zipfile.ZipFile, unread: Collection[str] = ()) -> tuple[tuple[SheetPart, ...], Values]:
    """The sheets of an .xlsx in order, those named in ``unread`` left out unopened, and what their values mean.

    Raises UnreadableWorkbook with a sentence for the user.
    """
    parts = _Parts(package)
    place = next((link.part for link in parts.relations("").values() if link.kind == "officeDocument"), "")
    book = _kept(_workbook, parts.read(place)) if place in parts.names else None
    if book is None:
        raise UnreadableWorkbook("文件不是 Excel 工作簿（.xlsx），请在财政局下发的模板中填报后重新报送。")
    links = parts.relations(place)
    sheets = []
    for sheet in book.sheets:
        link = next((links[name] for name in sheet.ids if name in links), None)
        if link is None or link.external:
            raise UnreadableWorkbook(DAMAGED)
        if link.kind == "worksheet" and sheet.name not in unread:
            sheets.append(SheetPart(sheet.name, sheet.hidden, parts.read(link.part)))
    if len({sheet.name.lower() for sheet in sheets}) < len(sheets):
        raise UnreadableWorkbook(DAMAGED)
    further = {link.kind: link.part for link in links.values() if link.part in parts.names}
    texts = shared_texts(parts.read(further["sharedStrings"])) if "sharedStrings" in further else {}
    formats = _kept(_formats, parts.read(further["styles"])) if "styles" in further else Formats()
    return tuple(sheets), Values(texts, formats, book.since_1904)


class _Parts:
    """The parts of a package by name; two that differ in capitals alone are a fault that nobody can settle."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self.package = package
        # as they stand there: zipfile cuts names at a zero byte, and on Windows it turns backslashes round
        names = [entry.orig_filename for entry in package.infolist()]
        self.names = frozenset(names)
        if len({name.lower() for name in names}) < len(names):
            raise UnreadableWorkbook(DAMAGED)

    def read(self, part: str) -> bytes:
        if part not in self.names:
            raise UnreadableWorkbook(DAMAGED)
        return inflate(self.package, part)

    def relations(self, part: str) -> Mapping[str, _Relation]:
        """What a part points to, by id; ``""`` is the package itself.

        A way with dots or backslashes in it leads to no part: programs take such ways differently.
        """
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        return _kept(_relations, self.read(path), folder)


def _kept(read: _lru_cache_wrapper[R], xml: bytes, *further: str) -> R:
    return read(xml, *further) if len(xml) <= _KEPT else read.__wrapped__(xml, *further)


@lru_cache(maxsize=16)
def _relations(xml: bytes, folder: str) -> Mapping[str, _Relation]:
    found: dict[str, _Relation] = {}
    for element in ElementTree.fromstring(xml):
        target = element.get("Target", "")
        place = target.removeprefix("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = element.get("Type", "").rpartition("/")[2]
        if element.get("Id", "") in found:
            raise UnreadableWorkbook(DAMAGED)
        found[element.get("Id", "")] = _Relation(kind, place, element.get("TargetMode") == "External")
    return found


@lru_cache(maxsize=16)
def _workbook(xml: bytes) -> _Workbook | None:
    """What the part of the workbook itself says, ``None`` where it is something else."""
    root = ElementTree.fromstring(xml)
    if root.tag not in (f"{{{space}}}workbook" for space in NAMESPACES):
        return None
    return _Workbook(
        tuple(
            _Sheet(
                element.get("name", ""),
                element.get("state", "visible") != "visible",
                tuple(element.get(name, "") for name in _RELATION_IDS),
            )
            for element in _all(root, "sheet")
        ),
        any(element.get("date1904") in _TRUE for element in _all(root, "workbookPr")),
    )


def _all(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for space in NAMESPACES for element in root.iter(f"{{{space}}}{tag}")]


@lru_cache(maxsize=16)
def _formats(xml: bytes) -> Formats:
    """Of the styles, the cell formats that show something else than their figure, by index."""
    root = ElementTree.fromstring(xml)
    codes = {element.get("numFmtId", ""): element.get("formatCode", "") for element in _all(root, "numFmt")}
    formats = [element.get("numFmtId", "") for formats in _all(root, "cellXfs") for element in _all(formats, "xf")]
    dates, spans, scaled = set(), set(), {}
    for index, number in enumerate(formats):
        code = codes.get(number)
        if number in _SPANS if code is None else tells_elapsed_time(code):
            spans.add(b"%d" % index)
        elif number in _DATES if code is None else tells_a_date(code):
            dates.add(b"%d" % index)
        elif code is not None and scales_down(code):
            scaled[b"%d" % index] = code
    return Formats(frozenset(dates), frozenset(spans), scaled)

"""An .xlsx package -> its sheets, found as Excel finds them, and a package of our own with nothing else in it.

What reads the values sees only that package: whatever is odd about names, relations, entries or spelling is settled
here once, so that no two readers can take one file in two ways.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from evalbatch.reading.book import UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, inflate, opened
from evalbatch.reading.number_formats import tells_a_date, tells_elapsed_time
from evalbatch.reading.plain_xml import MAIN, NAMESPACES, plain_sheet, plain_strings

_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATION_IDS: Final = (f"{{{_RELATIONS}}}id", "{http://purl.oclc.org/ooxml/officeDocument/relationships}id")
_LINKS: Final = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
_A_FIGURE: Final = "0"
_A_DATE: Final = "14"
_A_TIME: Final = "46"
_BUILT_IN: Final = re.compile(r"\d{1,3}", re.ASCII)
_THAI_DATES: Final = frozenset(map(str, range(71, 82)))
_TRUE: Final = frozenset({"1", "true", "on"})


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet of a package: its name, whether it is hidden, and its plain XML."""

    name: str
    hidden: bool
    xml: bytes


@dataclass(frozen=True, slots=True)
class _Relation:
    kind: str
    part: str
    external: bool


def plain_package(content: bytes, most_rows: int, unread: Collection[str] = ()) -> tuple[tuple[SheetPart, ...], bytes]:
    """The sheets of an .xlsx in order, each of so many rows at most, and a package that holds them alone.

    Sheets named in ``unread`` are left out, unopened.

    Raises UnreadableWorkbook with a sentence for the user.
    """
    with opened(content) as package:
        parts = _Parts(package)
        book = next((link.part for link in parts.relations("").values() if link.kind == "officeDocument"), "")
        root = ElementTree.fromstring(parts.read(book)) if book in parts.names else None
        if root is None or root.tag not in (f"{{{space}}}workbook" for space in NAMESPACES):
            raise UnreadableWorkbook("文件不是 Excel 工作簿（.xlsx），请在财政局下发的模板中填报后重新报送。")
        links = parts.relations(book)
        sheets = []
        for element in _all(root, "sheet"):
            link = next((links[element.get(name, "")] for name in _RELATION_IDS if element.get(name) in links), None)
            if link is None or link.external:
                raise UnreadableWorkbook(DAMAGED)
            if link.kind == "worksheet" and element.get("name", "") not in unread:
                xml = plain_sheet(parts.read(link.part), most_rows)
                sheets.append(SheetPart(element.get("name", ""), element.get("state", "visible") != "visible", xml))
        if len({sheet.name.lower() for sheet in sheets}) < len(sheets):
            raise UnreadableWorkbook(DAMAGED)
        since_1904 = any(element.get("date1904") in _TRUE for element in _all(root, "workbookPr"))
        further = {
            link.kind: parts.read(link.part)
            for link in links.values()
            if link.kind in ("sharedStrings", "styles") and link.part in parts.names
        }
        return tuple(sheets), _package(sheets, since_1904, further)


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

    def relations(self, part: str) -> dict[str, _Relation]:
        """What a part points to, by id; ``""`` is the package itself.

        A way with dots or backslashes in it leads to no part: programs take such ways differently.
        """
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, _Relation] = {}
        for element in ElementTree.fromstring(self.read(path)):
            target = element.get("Target", "")
            place = target.removeprefix("/") if target.startswith("/") else posixpath.join(folder, target)
            kind = element.get("Type", "").rpartition("/")[2]
            if element.get("Id", "") in found:
                raise UnreadableWorkbook(DAMAGED)
            found[element.get("Id", "")] = _Relation(kind, place, element.get("TargetMode") == "External")
        return found


def _all(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for space in NAMESPACES for element in root.iter(f"{{{space}}}{tag}")]


def _package(sheets: list[SheetPart], since_1904: bool, further: dict[str, bytes]) -> bytes:
    book, links = [], []
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for number, sheet in enumerate(sheets, 1):
            state = "hidden" if sheet.hidden else "visible"
            book.append(f'<sheet name={quoteattr(sheet.name)} sheetId="{number}" state="{state}" r:id="rId{number}"/>')
            links.append(_link(number, "worksheet", f"worksheets/sheet{number}.xml"))
            package.writestr(f"xl/worksheets/sheet{number}.xml", sheet.xml)
        if "sharedStrings" in further:
            links.append(_link(len(links) + 1, "sharedStrings", "sharedStrings.xml"))
            package.writestr("xl/sharedStrings.xml", plain_strings(further["sharedStrings"]))
        if "styles" in further:
            links.append(_link(len(links) + 1, "styles", "styles.xml"))
            package.writestr("xl/styles.xml", _formats(further["styles"]))
        package.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}"><workbookPr date1904="{int(since_1904)}"/>'
            f"<sheets>{''.join(book)}</sheets></workbook>",
        )
        package.writestr("xl/_rels/workbook.xml.rels", _LINKS % "".join(links))
        package.writestr("_rels/.rels", _LINKS % _link(1, "officeDocument", "xl/workbook.xml"))
    return target.getvalue()


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'


def _formats(xml: bytes) -> str:
    """Of the styles, what number format each cell format has: it tells dates from figures."""
    root = ElementTree.fromstring(xml)
    codes = {element.get("numFmtId", ""): element.get("formatCode", "") for element in _all(root, "numFmt")}
    formats = "".join(
        f'<xf numFmtId="{_format(codes, element.get("numFmtId", ""))}"/>'
        for formats in _all(root, "cellXfs")
        for element in _all(formats, "xf")
    )
    return f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>'


def _format(codes: Mapping[str, str], number: str) -> str:
    """The built-in format that tells a date, a time or a figure as the format of a number does."""
    code = codes.get(number)
    if code is None:
        return _A_DATE if number in _THAI_DATES else number if _BUILT_IN.fullmatch(number) else _A_FIGURE
    return _A_TIME if tells_elapsed_time(code) else _A_DATE if tells_a_date(code) else _A_FIGURE

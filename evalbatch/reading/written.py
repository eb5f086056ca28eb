"""A large .xlsx on disk -> its sheets row by row, each cell with value and formula; never a sheet as a whole.

The reader of workbooks that this program wrote and somebody may have saved again: where ``read_xlsx`` lays a form out
in memory, this one takes a hundred thousand rows as they come. It knows no sheet's meaning.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from evalbatch.reading.book import UnreadableWorkbook
from evalbatch.reading.container import DAMAGED
from evalbatch.reading.plain_xml import uncoded
from evalbatch.scheme.layout import address, column_number

_PIECE: Final = 256 * 1024
"""Bytes of XML read at a time."""
_MOST_TEXT: Final = 1024 * 1024
"""Characters of one cell: Excel has 32,767 at the most."""
_MOST_STRINGS: Final = 1024**3
"""Bytes that the shared texts, which are held together, may inflate to."""
_PLACE: Final = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_MOVING_ROW: Final = re.compile(r"(?<=[A-Z])(\d+)")
_LOST: Final = "?"
"""In place of a formula whose text was lost with another cell."""
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_TABLE: Final = "_xlnm._FilterDatabase"
_FLAT: Final = 1.0
"""Points below which a row cannot be seen."""


class Fault(str):
    """An error value (``#REF!``)."""

    __slots__ = ()


class WrittenCell(NamedTuple):
    """A cell: ``None`` is blank; the formula is without ``=``, ``""`` where there is none."""

    value: float | str | bool | None
    formula: str = ""


class WrittenRow(NamedTuple):
    """A row by its 1-based number; cells by 1-based column, blank ones left out."""

    number: int
    hidden: bool
    cells: Mapping[int, WrittenCell]


@dataclass
class WrittenSheet:
    """A sheet; what stands behind its rows in the file is known once they have been gone through."""

    name: str
    hidden: bool
    table: tuple[int, int] | None
    """First row (its headers) and last row of the area that it filters."""
    rows: Generator[WrittenRow]
    """To be closed by whoever does not go through all of them: the part is open until then."""
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """Runs of 1-based columns."""
    filtered: tuple[int, int] | None = None
    """First and last row of an area of which a filter chooses rows."""


class WrittenWorkbook:
    """The sheets of an open workbook, each to be gone through by itself."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package
        self._parts = _parts(package)
        self._texts: list[str] | None = None

    @property
    def names(self) -> list[str]:
        """The names of the sheets in their order."""
        return list(self._parts)

    def sheet(self, name: str) -> WrittenSheet:
        """A sheet from its first row on."""
        part, hidden, table = self._parts[name]
        sheet = WrittenSheet(name, hidden, table, _none())
        sheet.rows = self._rows(sheet, part)
        return sheet

    def _rows(self, sheet: WrittenSheet, part: str) -> Generator[WrittenRow]:
        with _reported():
            if self._texts is None:
                self._texts = _shared_texts(self._package)
            reader = _SheetReader(sheet, self._texts)
            with self._package.open(part) as file:
                for piece in iter(lambda: file.read(_PIECE), b""):
                    reader.feed(piece)
                    yield from reader.taken()
            reader.feed(b"", last=True)
            yield from reader.taken()


def _none() -> Generator[WrittenRow]:
    yield from ()


@contextmanager
def open_written(source: Path | BinaryIO) -> Iterator[WrittenWorkbook]:
    """A workbook on disk; raises UnreadableWorkbook with a sentence, also while its rows are gone through."""
    with _reported():
        package = zipfile.ZipFile(source)
    with package:
        with _reported():
            workbook = WrittenWorkbook(package)
        yield workbook


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, LookupError, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise UnreadableWorkbook(DAMAGED) from None
    except (ElementTree.ParseError, expat.ExpatError):
        raise UnreadableWorkbook(DAMAGED) from None


def _parts(package: zipfile.ZipFile) -> dict[str, tuple[str, bool, tuple[int, int] | None]]:
    """Sheet name -> part, whether it is hidden, and the rows of its filtered area, in workbook order."""
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    root = ElementTree.fromstring(package.read("xl/workbook.xml"))
    tables: dict[str, tuple[int, int]] = {}
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "definedName" and element.get("name") == _TABLE:
            rows = [int(row) for _, row in _PLACE.findall((element.text or "").rpartition("!")[2])]
            tables[element.get("localSheetId", "")] = min(rows), max(rows)
    found: dict[str, tuple[str, bool, tuple[int, int] | None]] = {}
    sheets = [element for element in root.iter() if element.tag.rpartition("}")[2] == "sheet"]
    for index, element in enumerate(sheets):
        target = targets.get(element.get(_RELATION) or element.get(_STRICT_RELATION) or "", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if "worksheets/" in part:
            hidden = element.get("state", "visible") != "visible"
            found[element.get("name", "")] = part, hidden, tables.get(str(index))
    return found


def _parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
) -> Any:
    """An XML parser that refuses entities of the document's own."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*declared: object) -> None:
    raise UnreadableWorkbook(DAMAGED)


def _shared_texts(package: zipfile.ZipFile) -> list[str]:
    part = "xl/sharedStrings.xml"
    if part not in package.namelist():
        return []
    if package.getinfo(part).file_size > _MOST_STRINGS:
        raise UnreadableWorkbook(DAMAGED)
    texts: list[str] = []
    reader = _TextReader(texts.append)
    parser = _parser(reader.start, reader.end, reader.text)
    with package.open(part) as file:
        parser.ParseFile(file)
    return texts


class _TextReader:
    """The texts of shared string items, formatted pieces joined, phonetic guides left out."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._pieces: list[str] = []
        self._within = False
        self._phonetic = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        match _local(tag):
            case "si":
                self._pieces = []
            case "t":
                self._within = not self._phonetic
            case "rPh":
                self._phonetic = True

    def end(self, tag: str) -> None:
        match _local(tag):
            case "si":
                self._take(_unescaped("".join(self._pieces)))
            case "t":
                self._within = False
            case "rPh":
                self._phonetic = False

    def text(self, data: str) -> None:
        if self._within:
            self._pieces.append(data)


class _Filled:
    """A formula that other cells share: as each of them has it, down its column without being taken apart again."""

    def __init__(self, formula: str, row: int, column: int) -> None:
        self._formula = formula
        self._row = row
        self._column = column

    def at(self, row: int, column: int) -> str:
        """The formula as filled in elsewhere."""
        if column == self._column:
            down = row - self._row
            return "".join([piece if isinstance(piece, str) else str(piece + down) for piece in self._pieces])
        from openpyxl.formula.translate import Translator

        origin = address(self._row, self._column)
        return str(Translator(f"={self._formula}", origin).translate_formula(address(row, column))).removeprefix("=")

    @cached_property
    def _pieces(self) -> list[str | int]:
        """The formula's text, with the rows that move along as numbers."""
        from openpyxl.formula.tokenizer import Token, Tokenizer

        pieces: list[str | int] = []
        for token in Tokenizer(f"={self._formula}").items:
            if token.type != Token.OPERAND or token.subtype != Token.RANGE:
                pieces.append(token.value)
                continue
            sheet, mark, cells = token.value.rpartition("!")
            pieces.append(sheet + mark)
            parts = _MOVING_ROW.split(cells)
            pieces += [int(part) if index % 2 else part for index, part in enumerate(parts)]
        return pieces


class _SheetReader:
    """The rows of one sheet as its XML comes in."""

    def __init__(self, sheet: WrittenSheet, texts: list[str]) -> None:
        self._sheet = sheet
        self._texts = texts
        self._parser = _parser(self._start, self._end, self._text)
        self._rows: list[WrittenRow] = []
        self._row = 0
        self._hidden = False
        self._cells: dict[int, WrittenCell] = {}
        self._column = 0
        self._type = ""
        self._pieces: list[str] | None = None
        self._length = 0
        self._value = ""
        self._formula = ""
        self._group = ""
        self._shared: dict[str, _Filled] = {}
        self._phonetic = False
        self._area: tuple[int, int] | None = None

    def feed(self, piece: bytes, last: bool = False) -> None:
        """Take in a piece of the sheet's XML."""
        self._parser.Parse(piece, last)

    def taken(self) -> list[WrittenRow]:
        """The rows that are complete and not taken yet."""
        rows, self._rows = self._rows, []
        return rows

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match _local(tag):
            case "c":
                place = _PLACE.fullmatch(attributes.get("r", ""))
                self._column = column_number(place[1]) if place else self._column + 1
                self._type = attributes.get("t", "n")
                self._value = self._formula = self._group = ""
            case "v" | "t" if not self._phonetic:
                self._pieces = []
                self._length = 0
            case "f":
                self._group = attributes.get("si", "") if attributes.get("t") == "shared" else ""
                self._pieces = []
                self._length = 0
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._hidden = _true(attributes.get("hidden")) or float(attributes.get("ht", _FLAT)) < _FLAT
                self._cells = {}
                self._column = 0
            case "rPh":
                self._phonetic = True
            case "col":
                if _true(attributes.get("hidden")) or float(attributes.get("width", _FLAT)) == 0:
                    self._sheet.hidden_columns.append((int(attributes["min"]), int(attributes["max"])))
            case "autoFilter":
                rows = [int(row) for _, row in _PLACE.findall(attributes.get("ref", ""))]
                self._area = (min(rows), max(rows)) if rows else None
            case "filterColumn":
                self._sheet.filtered = self._area

    def _text(self, data: str) -> None:
        if self._pieces is not None:
            self._length += len(data)
            if self._length > _MOST_TEXT:
                raise UnreadableWorkbook(DAMAGED)
            self._pieces.append(data)

    def _end(self, tag: str) -> None:
        match _local(tag):
            case "v" | "t":
                if self._pieces is not None:
                    self._value += "".join(self._pieces)
                    self._pieces = None
            case "f":
                self._formula = self._whole("".join(self._pieces or ()))
                self._pieces = None
            case "c":
                value = self._read()
                if value is not None or self._formula:
                    self._cells[self._column] = WrittenCell(value, self._formula)
            case "row":
                self._rows.append(WrittenRow(self._row, self._hidden, self._cells))
            case "rPh":
                self._phonetic = False

    def _whole(self, formula: str) -> str:
        """A formula; one filled down from another cell is written there only."""
        if not self._group:
            return formula
        if formula:
            self._shared[self._group] = _Filled(formula, self._row, self._column)
            return formula
        filled = self._shared.get(self._group)
        return _LOST if filled is None else filled.at(self._row, self._column)

    def _read(self) -> float | str | bool | None:
        raw = self._value
        match self._type:
            case "n" | "":
                return float(raw) if raw else None
            case "s":
                return self._texts[int(raw)] or None if raw else None
            case "b":
                return raw == "1"
            case "e":
                return Fault(raw)
            case _:
                return _unescaped(raw) or None


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _true(attribute: str | None) -> bool:
    return attribute in ("1", "true")


def _unescaped(text: str) -> str:
    """A text with its line ends as one character; a control character is written as ``_x000D_``."""
    return uncoded(text).replace("\r\n", "\n").replace("\r", "\n")


__all__ = ["Fault", "WrittenCell", "WrittenRow", "WrittenSheet", "WrittenWorkbook", "open_written"]

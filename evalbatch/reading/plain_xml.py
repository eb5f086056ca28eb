"""XML of an .xlsx part -> the same content in the one plain spelling that is read.

A part may be spelled in many ways that are one to an XML parser (quotes, prefixes, comments, encodings) and in some
that each program takes in its own way (cells twice, figures that are none). What Excel, WPS, LibreOffice and openpyxl
write is plain already; anything else is parsed and written anew here, what is doubtful as an error value.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Final
from xml.parsers import expat

from evalbatch.cell_text import escape
from evalbatch.reading.book import ERROR_VALUES, UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, refuse_area
from evalbatch.scheme.layout import address, column_number

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
NAMESPACES: Final = (MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""Of spreadsheets as ECMA-376 has them, transitional and strict."""
_SHEET: Final = b'<worksheet xmlns="%s"><sheetData>%%s</sheetData></worksheet>' % MAIN.encode()
_DOUBTFUL: Final = "#VALUE!"

_CODE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATES: Final = range(0xD800, 0xE000)
_PLACE: Final = re.compile(r"([A-Z]{1,7})([1-9]\d{0,8})", re.ASCII)
_ROW_NUMBER: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_INDEX: Final = re.compile(r"\d{1,7}", re.ASCII)
_FIGURE: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?Z?", re.ASCII)
_PLAIN: Final = re.compile(r"[\w:$]*", re.ASCII)
_OF_FORMULAS: Final = ("t", "ref", "si")
_TRUTHS: Final = {"0": "0", "1": "1", "false": "0", "true": "1"}
_SPACE: Final = " \t\r\n"


def plain_sheet(xml: bytes, most_rows: int) -> bytes:
    """The rows of a sheet and nothing else; each cell has its name and a value that fits its type, or an error value.

    A cell that stands there twice has an error value the second time.

    Raises UnreadableWorkbook for what is no sheet, and where it is not clear in which place a cell stands.
    """
    return _Sheet(most_rows).said_plainly(xml)


def plain_strings(xml: bytes) -> bytes:
    """The shared texts of a workbook, without what is not shown: reading aids. Raises UnreadableWorkbook."""
    return _Strings().said_plainly(xml)


def uncoded(text: str) -> str:
    """A text with characters written as codes (``_x000D_``) as themselves; half a character stays a code."""
    return _CODE.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code in _SURROGATES else chr(code)


def iso_day(text: str) -> date | None:
    """The day, or the day and time, that a cell of type ``d`` says; ``None`` where it says none."""
    try:
        return datetime.fromisoformat(text.removesuffix("Z")) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None


class _Part:
    """Walks through the XML of a part, whatever its spelling; entities are refused, as no spreadsheet declares any."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.written: list[str] = []

    def said_plainly(self, xml: bytes) -> bytes:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        try:
            parser.Parse(xml, True)
        except (expat.ExpatError, LookupError, ValueError):
            raise UnreadableWorkbook(DAMAGED) from None
        return self.whole("".join(self.written)).encode()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition("}")
        self.path.append(tag if space in NAMESPACES else f"}}{name}")
        self.start("/".join(self.path), attributes)

    def _end(self, _: str) -> None:
        self.end("/".join(self.path))
        self.path.pop()

    def _text(self, text: str) -> None:
        self.text("/".join(self.path), text)

    def start(self, path: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def text(self, path: str, text: str) -> None:
        raise NotImplementedError

    def end(self, path: str) -> None:
        raise NotImplementedError

    def whole(self, body: str) -> str:
        raise NotImplementedError


def _refuse(*_: object) -> None:
    raise UnreadableWorkbook(DAMAGED)


class _Sheet(_Part):
    def __init__(self, most_rows: int) -> None:
        super().__init__()
        self.most_rows = most_rows
        self.sheet = self.data = False
        self.row = self.column = 0
        self.names: set[str] = set()
        self.cell = _Cell("", {})

    def start(self, path: str, attributes: dict[str, str]) -> None:
        match path.split("/", 4):
            case ["worksheet"]:
                self.sheet = True
            case ["worksheet", "sheetData", "row"]:
                self.row, self.column = self.next_row(attributes.get("r")), 0
                self.written.append(f'<row r="{self.row}">')
            case ["worksheet", "sheetData", "row", "c"]:
                self.cell = _Cell(self.next_name(attributes.get("r")), attributes)
            case ["worksheet", "sheetData", "row", "c", part]:
                self.cell.start(part, attributes)
            case ["worksheet", "sheetData"] if not self.data:
                self.data = True
            case ["worksheet", "sheetData", "row", "extLst", *_]:
                pass
            case _ if "sheetData" in path.split("/"):
                _refuse()  # what stands there may mean cells, in a way that is not known here
            case _:
                pass

    def text(self, path: str, text: str) -> None:
        _, cell, part = path.partition("worksheet/sheetData/row/c")
        if cell:
            self.cell.text(part.removeprefix("/"), text)

    def end(self, path: str) -> None:
        if path == "worksheet/sheetData/row":
            self.written.append("</row>")
        elif path == "worksheet/sheetData/row/c":
            twice = self.cell.name in self.names
            self.names.add(self.cell.name)
            self.written.append(self.cell.said_plainly(twice))

    def whole(self, body: str) -> str:
        if not self.sheet:
            _refuse()
        return _SHEET.decode() % body

    def next_row(self, number: str | None) -> int:
        if number is None:
            return self.row + 1
        if not _ROW_NUMBER.fullmatch(number):
            _refuse()
        return int(number)

    def next_name(self, name: str | None) -> str:
        row, self.column = self.row, self.column + 1
        if name is not None:
            match = _PLACE.fullmatch(name)
            if match is None:
                raise UnreadableWorkbook(DAMAGED)
            row, self.column = int(match[2]), column_number(match[1])
        if row != self.row:
            _refuse()  # the cell names one row, and stands in another
        refuse_area(row, self.column, self.most_rows)
        return address(row, self.column)


class _Cell:
    """A cell as it is walked through."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.kind = attributes.get("t", "n")
        self.style = attributes.get("s", "")
        self.formula: dict[str, str] = {}
        self.parts: dict[str, list[str]] = {}
        self.doubtful = False

    def start(self, part: str, attributes: dict[str, str]) -> None:
        if part in ("v", "f", "is"):
            self.doubtful |= part in self.parts
            self.parts[part] = []
            self.formula = attributes if part == "f" else self.formula
        elif part not in ("is/t", "is/r", "is/r/t") and not part.startswith(("is/r/rPr", "is/rPh", "is/phoneticPr")):
            self.doubtful |= part.partition("/")[0] != "extLst"

    def text(self, part: str, text: str) -> None:
        if part in ("v", "f"):
            self.parts[part].append(text)
        elif part in ("is/t", "is/r/t"):
            self.parts["is"].append(text)
        elif part in ("", "is", "is/r"):
            self.doubtful |= bool(text.strip(_SPACE))

    def said_plainly(self, twice: bool) -> str:
        head = f'<c r="{self.name}"' + (f' s="{int(self.style)}"' if _INDEX.fullmatch(self.style) else "")
        said = {part: "".join(texts) for part, texts in self.parts.items()}
        formula = ""
        if "f" in said:
            told = {name: self.formula.get(name, "") for name in _OF_FORMULAS}
            attributes = "".join(f' {name}="{text}"' for name, text in told.items() if text and _PLAIN.fullmatch(text))
            formula = f"<f{attributes}>{escape(said['f'])}</f>"
        value = self.value(said)
        if value is None or self.doubtful or twice:
            return f'{head} t="e">{formula}<v>{_DOUBTFUL}</v></c>'
        if not value:
            return f"{head}>{formula}</c>"
        if self.kind == "inlineStr":
            return f'{head} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        return f'{head} t="{self.kind}">{formula}<v>{escape(value)}</v></c>'

    def value(self, said: dict[str, str]) -> str | None:
        """The value that stands there, ``""`` for none and ``None`` for one that does not fit the cell's type."""
        if self.kind == "inlineStr":
            return None if said.keys() - {"is"} else said.get("is", "")
        if "is" in said or (self.kind == "s" and "f" in said):
            return None
        text = said.get("v", "")
        if self.kind == "str":
            return text
        if not text and (self.kind == "n" or "f" in said):
            return ""
        text = text.strip(_SPACE)
        match self.kind:
            case "n":
                return repr(float(text)) if _FIGURE.fullmatch(text) and math.isfinite(float(text)) else None
            case "s":
                return str(int(text)) if _INDEX.fullmatch(text) else None
            case "b":
                return _TRUTHS.get(text)
            case "e":
                return text if text in ERROR_VALUES else None
            case "d":
                return text if _DAY.fullmatch(text) and iso_day(text) is not None else None
            case _:
                return None


class _Strings(_Part):
    """Shared texts: ``sst/si``, their text in ``t`` and in ``r/t``."""

    def start(self, path: str, attributes: dict[str, str]) -> None:
        if path == "sst/si":
            self.written.append('<si><t xml:space="preserve">')

    def text(self, path: str, text: str) -> None:
        if path in ("sst/si/t", "sst/si/r/t"):
            self.written.append(escape(text))

    def end(self, path: str) -> None:
        if path == "sst/si":
            self.written.append("</t></si>")

    def whole(self, body: str) -> str:
        return f'<sst xmlns="{MAIN}">{body}</sst>'

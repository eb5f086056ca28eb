"""XML of an .xlsx part -> the same content in the one plain spelling that every reader takes alike.

A part may be spelled in many ways that are one to an XML parser (quotes, prefixes, comments, encodings) and in some
that each program takes in its own way (cells twice, figures that are none). What Excel, WPS, LibreOffice and openpyxl
write is plain already and only recognised; anything else is parsed and written anew, what is doubtful as an error value.
"""

from __future__ import annotations

import math
import re
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from evalbatch.reading.book import ERROR_VALUES, UnreadableWorkbook
from evalbatch.reading.container import DAMAGED, refuse_area
from evalbatch.scheme.layout import address, column_number

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
NAMESPACES: Final = (MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""Of spreadsheets as ECMA-376 has them, transitional and strict."""
_SHEET: Final = b'<worksheet xmlns="%s"><sheetData>%%s</sheetData></worksheet>' % MAIN.encode()
_DOUBTFUL: Final = "#VALUE!"

_NUMBER: Final = rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?"
_SAID: Final = rb"[^<&]*+(?:&(?:amp|lt|gt|quot|apos|#10);[^<&]*+)*+"
_FORMULA: Final = rb'(?:<f(?: [\w:]+="[^"<&]*")*+(?:/>|>' + _SAID + rb"</f>))?+"
_TEXT: Final = rb'<t(?: xml:space="preserve")?+(?:/>|>' + _SAID + rb"</t>)"
_CELL: Final = (
    rb'<c r="[A-Z]{1,3}(?P=row)"(?: s="\d++")?+(?: (?:cm|vm|ph)="\w++")*+(?:/>|'
    rb'(?: t="n")?+>' + _FORMULA + rb"(?:<v>(?:" + _NUMBER + rb")?+</v>|<v/>)?+</c>|"
    rb' t="s"><v>\d{1,7}</v></c>|'
    rb' t="str">' + _FORMULA + rb'(?:<v(?: xml:space="preserve")?+>' + _SAID + rb"</v>|<v/>)?+</c>|"
    rb' t="b">' + _FORMULA + rb"<v>[01]</v></c>|"
    rb' t="e">' + _FORMULA + b"<v>(?:" + "|".join(map(re.escape, ERROR_VALUES)).encode() + rb")</v></c>|"
    rb' t="inlineStr"><is>' + _TEXT + rb"</is></c>)"
)
_ROWS: Final = re.compile(
    rb'(?:<row r="(?P<row>[1-9]\d{0,6})"(?: [\w:]+="[^"<&]*")*+(?:/>|>(?:' + _CELL + rb")*+</row>))*+", re.DOTALL
)
_STRINGS: Final = re.compile(
    rb"(?:<si>(?:" + _TEXT + rb'|(?:<r>(?:<rPr>(?:<\w+(?: \w+="[^"<&]*")*+/>)*+</rPr>)?+' + _TEXT + rb"</r>)+)</si>)*+"
)
_PROLOG: Final = re.compile(rb'(?:\xef\xbb\xbf)?(?:<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?[^<>]*\?>)?\s*')
_CONTROLS: Final = bytes({*range(32)} - {9, 10, 13})
_TAGS: Final = re.compile(rb"<(?:row|f)( [^<>]*)>")
_QUOTED: Final = re.compile(rb'="[^"]*"/?')
_NAMES: Final = re.compile(rb'<c r="([A-Z]+\d+)"')

_PLACE: Final = re.compile(r"([A-Z]{1,7})([1-9]\d{0,8})", re.ASCII)
_ROW_NUMBER: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_INDEX: Final = re.compile(r"\d{1,7}", re.ASCII)
_FIGURE: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?Z?", re.ASCII)
_TRUTHS: Final = {"0": "0", "1": "1", "false": "0", "true": "1"}
_SPACE: Final = " \t\r\n"


def plain_sheet(xml: bytes, most_rows: int) -> bytes:
    """The rows of a sheet and nothing else; each cell stands once, with its name and a value that fits its type, or an
    error value.

    Raises UnreadableWorkbook for what is no sheet, and where it is not clear in which place a cell stands.
    """
    body = _body(xml, b"worksheet", b"sheetData")
    if body is not None and _ROWS.fullmatch(xml, *body) and _cells_once(xml, *body) and _attributes_once(xml, *body):
        return _SHEET % xml[slice(*body)]
    return _Sheet(most_rows).said_plainly(xml)


def plain_strings(xml: bytes) -> bytes:
    """The shared texts of a workbook, without what is not shown: reading aids. Raises UnreadableWorkbook."""
    body = _body(xml, b"sst", b"sst")
    if body is not None and _STRINGS.fullmatch(xml, *body):
        return xml
    return _Strings().said_plainly(xml)


def _cells_once(xml: bytes, start: int, end: int) -> bool:
    names = _NAMES.findall(xml, start, end)
    return len(set(names)) == len(names)


def _attributes_once(xml: bytes, start: int, end: int) -> bool:
    tags = {_QUOTED.sub(b"", tag) for tag in set(_TAGS.findall(xml, start, end))}
    return all(len(set(tag.split())) == len(tag.split()) for tag in tags)


def _body(xml: bytes, root: bytes, element: bytes) -> tuple[int, int] | None:
    """Where the inside of a part's one element of data stands; ``None`` where what is around it is not plain."""
    start = _PROLOG.match(xml)
    assert start is not None
    if not xml.startswith(b"<%s " % root, start.end()):
        return None
    head = xml.find(b">", start.end()) + 1
    if b' xmlns="%s"' % MAIN.encode() not in xml[start.end() : head] or xml.count(b"<%s" % element) != 1:
        return None
    opening = head if element == root else xml.find(b"<%s>" % element) + len(element) + 2
    closing = xml.find(b"</%s>" % element)
    if not head <= opening <= closing or b"]]>" in xml or len(xml.translate(None, _CONTROLS)) < len(xml):
        return None
    try:
        # a program that stops at a fault behind the cells shows them in another way, or not at all
        expat.ParserCreate(namespace_separator="}").Parse(xml[:opening] + xml[closing:], True)
        xml.decode()
    except (expat.ExpatError, UnicodeDecodeError):
        return None
    return opening, closing


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
        head = f'<c r="{self.name}"' + (f' s="{self.style}"' if _INDEX.fullmatch(self.style) else "")
        said = {part: "".join(texts) for part, texts in self.parts.items()}
        formula = ""
        if "f" in said:
            attributes = "".join(f" {name}={quoteattr(text)}" for name, text in self.formula.items() if "}" not in name)
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
                return text if _INDEX.fullmatch(text) else None
            case "b":
                return _TRUTHS.get(text)
            case "e":
                return text if text in ERROR_VALUES else None
            case "d":
                return text if _DAY.fullmatch(text) else None
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

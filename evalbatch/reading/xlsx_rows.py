"""Parts of an .xlsx -> cells: rows of values, formulas and error values of a sheet, and the texts that sheets share.

What Excel, WPS, LibreOffice and openpyxl write is spelled in one plain way, which is read here; anything else is first
spelled anew (``plain_xml``). The workbooks of a batch come from one form, so that nearly all of their rows are alike
but for the values: what a row says besides its values, its shape, is understood once and kept.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Final, NamedTuple
from xml.parsers import expat

from evalbatch.reading.book import ERROR_VALUES, Content, UnreadableWorkbook
from evalbatch.reading.cells import KEPT
from evalbatch.reading.container import DAMAGED, MAX_ROWS, refuse_area
from evalbatch.reading.plain_xml import MAIN, iso_day, plain_sheet, plain_strings, uncoded
from evalbatch.scheme.layout import address, column_number

_PIECE: Final = 1 << 20
"""Bytes of a sheet that are looked at together: what a sheet is taken apart into is many times its size."""
_SHAPE: Final = 8192
"""Bytes of a row at most of which the shape is kept."""
_SHORT: Final = 5
"""Characters of a number at most of which it is kept: longer ones hardly come again."""
_AROUND: Final = 256 * 1024
"""Bytes around the data of a part at most of which it is kept that they are well formed."""
_NEAR_ROWS: Final = 9_999
_NEAR_COLUMNS: Final = 702
"""Up to here cells without content do no harm."""

_SAID: Final = rb"[^<&]*+(?:&(?:amp|lt|gt|quot|apos|#10);[^<&]*+)*+"
_TEXT: Final = rb'<t(?: xml:space="preserve")?+(?:/>|>' + _SAID + rb"</t>)"
_ATTRIBUTES: Final = rb'(?: [\w:]+="[^"<&]*")*+'
_CELL: Final = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7}+)"(?: s="(0|[1-9]\d{0,6}+)")?+(?: (?:cm|vm|ph)="\w++")*+(?: t="(n|s|str|b|e|d|inlineStr)")?+'
    rb"(?:/>|>(?:<f(" + _ATTRIBUTES + rb")(?:/>|>(" + _SAID + rb")</f>))?+"
    rb'(?:(<v></v>)|<v/>|<v xml:space="preserve">(' + _SAID + rb")</v>)?+(?:<is>(" + _TEXT + rb")</is>)?+</c>)",
    re.DOTALL,
)
_ROW: Final = re.compile(
    rb'(?:<row r="[1-9]\d{0,6}"' + _ATTRIBUTES + rb'/>)*+<row r="([1-9]\d{0,6})"' + _ATTRIBUTES + rb">", re.DOTALL
)
_EMPTY_ROWS: Final = re.compile(rb'(?:<row r="[1-9]\d{0,6}"' + _ATTRIBUTES + rb"/>)*+", re.DOTALL)
_STRING: Final = re.compile(
    rb"<si>(?:(" + _TEXT + rb')|((?:<r>(?:<rPr>(?:<\w+(?: \w+="[^"<&]*")*+/>)*+</rPr>)?+' + _TEXT + rb"</r>)+))",
    re.DOTALL,
)
_RUN: Final = re.compile(_TEXT, re.DOTALL)
_VALUES: Final = re.compile(rb"<v>([^<]*)</v>")
_VALUE: Final = b"<v></v>"
_SPELLING: Final = re.compile(_SAID, re.DOTALL)
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_PROLOG: Final = re.compile(rb'(?:\xef\xbb\xbf)?(?:<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?[^<>]*\?>)?\s*')
_CONTROLS: Final = bytes({*range(32)} - {9, 10, 13})
_TAGS: Final = re.compile(rb"<(?:row|c|f)( [^<>]*)>")
_QUOTED: Final = re.compile(rb'="[^"]*"/?')
_ARRAY: Final = re.compile(rb' t="array"(?: [\w:]+="[^"]*")* ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_SHARED: Final = re.compile(rb' si="(\d+)"')
_ERRORS: Final = frozenset(error.encode() for error in ERROR_VALUES)
_INDEXES: Final = tuple(b"%d" % index for index in range(10_000))

_EPOCH: Final = datetime(1899, 12, 30)
_EPOCH_1904: Final = datetime(1904, 1, 1)
_LEAP: Final = 60
"""Before the 29th of February 1900, which is none, days are counted one less."""
_DAYS: Final = (datetime.max - _EPOCH).days + 1
_DAY_MILLISECONDS: Final = 86_400_000


class _NotPlain(Exception):
    """A part that is not spelled in the plain way."""


_ODDITIES: Final = (_NotPlain, UnicodeDecodeError, KeyError)
"""What is raised where a part is not plain; a KeyError for a shared text that is not there."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The cell formats, by index as it stands in the cells, that show dates, spans of time or a figure scaled down."""

    dates: Collection[bytes] = frozenset()
    spans: Collection[bytes] = frozenset()
    scaled: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Values:
    """What the values of a workbook's cells mean: its shared texts and its cell formats."""

    texts: Mapping[bytes, str] = field(default_factory=dict)
    """By index, as it stands in the cells."""
    formats: Formats = field(default_factory=Formats)
    since_1904: bool = False


class Cells(NamedTuple):
    """A sheet: rows of values from its first cell on; the rest by 0-based row and column."""

    rows: Sequence[Sequence[Content]]
    formulas: Mapping[tuple[int, int], str]
    errors: Mapping[tuple[int, int], str]
    scaled: Mapping[tuple[int, int], str]
    """Number formats by which a figure is shown scaled down."""


class _Slot(NamedTuple):
    column: int
    place: int
    """Which of the row's values goes there."""


class _Figure(NamedTuple):
    column: int
    place: int
    style: bytes


class _Other(NamedTuple):
    column: int
    place: int
    kind: bytes


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """A row without its values: what stands in it, and where its values go."""

    number: int
    """0-based."""
    width: int
    once: bool
    """Whether no cell stands in it twice."""
    content: tuple[Content, ...]
    """By column, what is no value apart."""
    values: int
    """How many values it has."""
    shared: tuple[_Slot, ...]
    texts: tuple[_Slot, ...]
    figures: tuple[_Figure, ...]
    others: tuple[_Other, ...]
    formulas: Mapping[tuple[int, int], str]
    unseen: tuple[tuple[int, int], ...]
    """Where a formula stands that says nothing."""
    groups: tuple[tuple[tuple[int, int], bytes, str], ...]
    """Place, number and text of formulas that are written out once for several cells."""
    arrays: tuple[tuple[range, range, str], ...]
    """Rows, columns and text of formulas that give the values of several cells."""


def sheet_cells(xml: bytes, values: Values, most_rows: int = MAX_ROWS) -> Cells:
    """The cells of a sheet; what no two programs take alike is an error value.

    Raises UnreadableWorkbook for what is no sheet, where it is not clear in which place a cell stands, for a text that
    is not there, and for a used rectangle that no form can have.
    """
    try:
        return _Sheet(values, most_rows, once=True).read(xml)
    except _ODDITIES:
        pass
    try:
        return _Sheet(values, most_rows, once=False).read(plain_sheet(xml, most_rows))
    except _ODDITIES:
        raise UnreadableWorkbook(DAMAGED) from None


def shared_texts(xml: bytes) -> Mapping[bytes, str]:
    """The shared texts of a workbook by index, without what is not shown: reading aids. Raises UnreadableWorkbook."""
    try:
        return _shared_texts(xml)
    except (_NotPlain, UnicodeDecodeError):
        return _shared_texts(plain_strings(xml))


def _shared_texts(xml: bytes) -> Mapping[bytes, str]:
    start, end = _body(xml, b"sst", b"sst")
    *strings, rest = xml[start:end].split(b"</si>")
    if rest:
        raise _NotPlain
    short = max(map(len, strings), default=0) <= KEPT
    texts = [(_string if short or len(string) <= KEPT else _string.__wrapped__)(string) for string in strings]
    more = (b"%d" % index for index in range(len(_INDEXES), len(texts)))
    return dict(zip((*_INDEXES[: len(texts)], *more), texts, strict=True))


@lru_cache(maxsize=8192)
def _string(xml: bytes) -> str:
    match = _STRING.fullmatch(xml)
    if match is None:
        raise _NotPlain
    return "".join(map(_inside, _RUN.findall(xml)))


def _inside(element: bytes) -> str:
    """The text in a ``<t>`` element: without its outer spaces, unless they are said to count."""
    tag, _, rest = element.partition(b">")
    text = _said(rest.removesuffix(b"</t>"))
    return text if tag.endswith(b'"preserve"') else text.strip(" \t\r\n")


@lru_cache(maxsize=8192)
def _kept(said: bytes) -> str:
    if len(said.translate(None, _CONTROLS)) < len(said) or b"]]>" in said or not _SPELLING.fullmatch(said):
        raise _NotPlain
    text = said.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        text = html.unescape(text)
    return uncoded(text)


def _said(said: bytes) -> str:
    """A text of characters and entities as it is meant."""
    return (_kept if len(said) <= KEPT else _kept.__wrapped__)(said)


@lru_cache(maxsize=8192)
def _number(said: bytes) -> float:
    if not _NUMBER.fullmatch(said):
        raise _NotPlain
    number = float(said)
    if not math.isfinite(number):
        raise _NotPlain
    return number


def _body(xml: bytes, root: bytes, element: bytes) -> tuple[int, int]:
    """Where the inside of a part's one element of data stands; raises _NotPlain where what is around it is not plain."""
    start = _PROLOG.match(xml)
    assert start is not None
    if not xml.startswith(b"<%s " % root, start.end()):
        raise _NotPlain
    head = xml.find(b">", start.end()) + 1
    if b' xmlns="%s"' % MAIN.encode() not in xml[start.end() : head]:
        raise _NotPlain
    opening = head if element == root else xml.find(b"<%s>" % element) + len(element) + 2
    closing = xml.rfind(b"</%s>" % element)
    if not head <= opening <= closing:
        raise _NotPlain
    around = xml[:opening] + xml[closing:]
    if not (_well_formed if len(around) <= _AROUND else _well_formed.__wrapped__)(around, element):
        raise _NotPlain
    return opening, closing


@lru_cache(maxsize=32)
def _well_formed(around: bytes, element: bytes) -> bool:
    """Whether what stands around the data is well formed and has no more of it.

    A program that stops at a fault behind the cells shows them in another way, or not at all.
    """
    if around.count(b"<%s" % element) != 1 or b"]]>" in around:
        return False
    try:
        expat.ParserCreate(namespace_separator="}").Parse(around, True)
        around.decode()
    except (expat.ExpatError, LookupError, ValueError):
        return False
    return True


class _Sheet:
    """A sheet as its rows are read."""

    def __init__(self, values: Values, most_rows: int, *, once: bool) -> None:
        self.values = values
        self.most_rows = most_rows
        self.once = once
        formats = values.formats
        self.odd = frozenset((*formats.dates, *formats.spans, *formats.scaled))
        self.rows: dict[int, list[Content]] = {}
        self.formulas: dict[tuple[int, int], str] = {}
        self.errors: dict[tuple[int, int], str] = {}
        self.scaled: dict[tuple[int, int], str] = {}
        self.unseen: list[tuple[int, int]] = []
        self.groups: list[tuple[tuple[int, int], bytes, str]] = []
        self.arrays: list[tuple[range, range, str]] = []
        self.last = self.width = 0

    def read(self, xml: bytes) -> Cells:
        for piece in _pieces(xml, *_body(xml, b"worksheet", b"sheetData")):
            self.add(piece)
        self.write_out()
        for rows, columns, text in self.arrays:
            for row in range(rows.start, min(rows.stop, self.last)):
                for column in range(columns.start, min(columns.stop, self.width)):
                    self.formulas.setdefault((row, column), text)
        for place in self.unseen:  # a formula that nobody can see: what it gave may mean anything
            if not self.formulas.get(place):
                self.formulas[place] = ""
                self.errors.setdefault(place, "#VALUE!")
        for row, column in self.errors:  # of a cell that stands there twice, too
            if column < len(self.rows.get(row, ())):
                self.rows[row][column] = ""
        blank: list[Content] = []
        return Cells(
            [self.rows.get(number, blank) for number in range(self.last)], self.formulas, self.errors, self.scaled
        )

    def add(self, piece: bytes) -> None:
        parts = _VALUES.split(piece)
        values = parts[1::2]
        *rows, rest = _VALUE.join(parts[::2]).split(b"</row>")
        if not _EMPTY_ROWS.fullmatch(rest):
            raise _NotPlain
        place = 0
        for row in rows:
            shape = _shape(row) if len(row) <= _SHAPE else _shape.__wrapped__(row)
            if shape.width:
                self.place(shape)
                end = place + shape.values
                self.fill(shape, values[place:end])
                place = end

    def place(self, shape: _Shape) -> None:
        """See that a row may stand where it does."""
        if shape.number >= self.last:
            self.last = shape.number + 1
        elif self.once and shape.number in self.rows:
            raise _NotPlain
        if shape.width > self.width:
            self.width = shape.width
        if self.once and not shape.once:
            raise _NotPlain
        if self.last > _NEAR_ROWS or self.width > _NEAR_COLUMNS:
            refuse_area(self.last, self.width, self.most_rows)

    def fill(self, shape: _Shape, values: Sequence[bytes]) -> None:
        row = list(shape.content)
        texts = self.values.texts
        for column, place in shape.shared:
            row[column] = texts[values[place]]
        for column, place in shape.texts:
            if said := values[place]:
                row[column] = _kept(said) if len(said) <= KEPT else _kept.__wrapped__(said)
        for column, place, style in shape.figures:
            if said := values[place]:
                figure = _number(said) if len(said) <= _SHORT else _number.__wrapped__(said)
                row[column] = self.shown(figure, style, shape.number, column) if style in self.odd else figure
        for column, place, kind in shape.others:
            self.fill_other(row, shape.number, column, kind, values[place])
        number = shape.number
        self.rows[number] = row if number not in self.rows else _merged(self.rows[number], row)
        if shape.formulas:
            self.formulas.update(shape.formulas)
        if shape.unseen:
            self.unseen.extend(shape.unseen)
        if shape.groups:
            self.groups.extend(shape.groups)
        if shape.arrays:
            self.arrays.extend(shape.arrays)

    def fill_other(self, row: list[Content], number: int, column: int, kind: bytes, said: bytes) -> None:
        if kind == b"e" and said in _ERRORS:
            row[column] = ""
            self.errors[number, column] = said.decode()
        elif kind == b"b" and said in (b"0", b"1"):
            row[column] = said == b"1"
        elif kind == b"d" and (day := iso_day(said.decode())) is not None:
            row[column] = day
        else:
            raise _NotPlain

    def shown(self, number: float, style: bytes, row: int, column: int) -> Content:
        formats = self.values.formats
        if style in formats.scaled:
            self.scaled[row, column] = formats.scaled[style]
            return number
        return moment(number, since_1904=self.values.since_1904, span=style in formats.spans)

    def write_out(self) -> None:
        """Formulas that are written out once for several cells, each for its own."""
        if not self.groups:
            return
        # they are rare (a filled-down column), so openpyxl is loaded only for them
        from openpyxl.formula.translate import Translator

        first: dict[bytes, tuple[str, str]] = {}
        for place, group, text in self.groups:
            name = address(place[0] + 1, place[1] + 1)
            if text:
                first[group] = (name, text)
            elif group in first:
                origin, formula = first[group]
                text = str(Translator("=" + formula, origin=origin).translate_formula(name)).removeprefix("=")
            self.formulas[place] = text
            if not text:
                self.unseen.append(place)


def _merged(before: list[Content], row: list[Content]) -> list[Content]:
    """Two parts of one row as one."""
    return [new if new != "" else old for old, new in zip_longest(before, row, fillvalue="")]


def moment(number: float, *, since_1904: bool, span: bool) -> Content:
    """What a number says in the format of a date, or of a span of time; itself where it says none."""
    if span or number < 0:  # no date that is shown anywhere
        return timedelta(days=number) if abs(number) < timedelta.max.days else number
    if number >= _DAYS:
        return number
    milliseconds = round(number % 1 * _DAY_MILLISECONDS)
    if number < 1:
        return (datetime.min + timedelta(milliseconds=milliseconds)).time()
    start = _EPOCH_1904 if since_1904 else _EPOCH if number >= _LEAP else _EPOCH + timedelta(days=1)
    try:
        day = start + timedelta(days=int(number), milliseconds=milliseconds)
    except OverflowError:
        return number
    return day if number % 1 else day.date()


def _pieces(xml: bytes, start: int, end: int) -> Iterator[bytes]:
    """A sheet's data in pieces of whole rows."""
    while start < end:
        stop = xml.find(b"</row>", start + _PIECE, end)
        stop = end if stop < 0 else stop + len(b"</row>")
        yield xml[start:stop]
        start = stop


@lru_cache(maxsize=4096)
def _shape(row: bytes) -> _Shape:
    """The shape of a row without its end; raises _NotPlain for one that is not spelled plainly."""
    return _Row(row).shape()


class _Row:
    """A row as its shape is found out."""

    def __init__(self, row: bytes) -> None:
        start = _ROW.match(row)
        if start is None or len(row.translate(None, _CONTROLS)) < len(row) or b"]]>" in row:
            raise _NotPlain
        tags = {_QUOTED.sub(b"", tag) for tag in set(_TAGS.findall(row))}
        if any(len(set(tag.split())) < len(tag.split()) for tag in tags):
            raise _NotPlain
        row.decode()
        self.number = start[1]
        self.content: dict[int, Content] = {}
        self.values = 0
        self.shared: list[_Slot] = []
        self.texts: list[_Slot] = []
        self.figures: list[_Figure] = []
        self.others: list[_Other] = []
        self.formulas: dict[tuple[int, int], str] = {}
        self.unseen: list[tuple[int, int]] = []
        self.groups: list[tuple[tuple[int, int], bytes, str]] = []
        self.arrays: list[tuple[range, range, str]] = []
        self.columns: list[int] = []
        place = start.end()
        while place < len(row):
            cell = _CELL.match(row, place)
            if cell is None:
                raise _NotPlain
            self.add(cell)
            place = cell.end()

    def add(self, cell: re.Match[bytes]) -> None:
        letters, row, style, kind, attributes, formula, value, kept, inline = cell.groups()
        if row != self.number:
            raise _NotPlain
        column = column_number(letters.decode()) - 1
        self.columns.append(column)
        if kind is None and cell[0].endswith(b"/>"):
            return
        if (
            (kind in (b"s", b"b", b"e", b"d") and value is None)
            or (kind in (b"s", b"inlineStr") and attributes is not None)
            or (kind == b"inlineStr") != (inline is not None)
            or (kind == b"inlineStr" and b"<v" in cell[0])
            or (kept is not None and kind != b"str")
        ):
            raise _NotPlain
        if value is not None:
            self.add_value(column, kind or b"n", style or b"")
        elif kept is not None:
            self.content[column] = _said(kept)
        elif inline is not None:
            self.content[column] = _inside(inline)
        if attributes is not None:
            self.add_formula((int(row) - 1, column), attributes, _said(formula or b""))

    def add_value(self, column: int, kind: bytes, style: bytes) -> None:
        match kind:
            case b"s":
                self.shared.append(_Slot(column, self.values))
            case b"str":
                self.texts.append(_Slot(column, self.values))
            case b"n":
                self.figures.append(_Figure(column, self.values, style))
            case _:
                self.others.append(_Other(column, self.values, kind))
        self.values += 1

    def add_formula(self, place: tuple[int, int], attributes: bytes, text: str) -> None:
        group = _SHARED.search(attributes)
        if group is not None:
            self.groups.append((place, group[1], text))
            return
        self.formulas[place] = text
        if not text:
            self.unseen.append(place)
        if area := _ARRAY.search(attributes):
            first, last = (column_number(area[at].decode()) - 1 for at in (1, 3))
            self.arrays.append((range(int(area[2]) - 1, int(area[4])), range(first, last + 1), text))

    def shape(self) -> _Shape:
        width = max(self.columns, default=-1) + 1
        return _Shape(
            number=int(self.number) - 1,
            width=width,
            once=len(set(self.columns)) == len(self.columns),
            content=tuple(self.content.get(column, "") for column in range(width)),
            values=self.values,
            shared=tuple(self.shared),
            texts=tuple(self.texts),
            figures=tuple(self.figures),
            others=tuple(self.others),
            formulas=self.formulas,
            unseen=tuple(self.unseen),
            groups=tuple(self.groups),
            arrays=tuple(self.arrays),
        )

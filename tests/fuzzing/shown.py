"""What LibreOffice shows of workbooks in any format, and where a Book says something else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from evalbatch.model import Submission
from evalbatch.reading import Book
from evalbatch.reading.book import Content
from evalbatch.reading.cells import exact, plain
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import address, column_number
from tests.libreoffice import convert

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CALC: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_GROUPS: Final = frozenset(f"{_TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows"))
_DURATION: Final = re.compile(r"(-?)PT(\d+)H(\d+)M(\d+)(?:\.(\d+))?S")
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EPOCH: Final = datetime(1899, 12, 30)
_MARCH_1900: Final = datetime(1900, 3, 1)
_LAST_DIGIT: Final = Decimal("1e-14")
_MOST_REPEATED: Final = 2_000
"""An equal cell beyond so many repetitions is the empty rest of a row or a sheet."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as LibreOffice shows it: its kind (number, date, boolean, text, error), value, and whether computed."""

    kind: str
    value: Decimal | str
    formula: bool = False


Shown = Mapping[str, Mapping[tuple[int, int], Cell]]
"""Cells that hold something by sheet and 0-based place."""


def shown(paths: Sequence[Path], folder: Path) -> list[Shown | None]:
    """What LibreOffice shows of each file, ``None`` where it opens none; names without suffix must differ."""
    try:
        converted = convert(paths, folder, "fods", recalculated=False)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        if len(paths) == 1:
            return [None]
        half = len(paths) // 2  # one file that brings LibreOffice down hides the others
        return [*shown(paths[:half], folder / "a"), *shown(paths[half:], folder / "b")]
    return [_read(path) if path.exists() else None for path in converted]


def _read(path: Path) -> Shown:
    sheets: dict[str, dict[tuple[int, int], Cell]] = {}
    root = ElementTree.parse(path).getroot()
    spreadsheet = next(root.iter(f"{_OFFICE}spreadsheet"))
    for table in spreadsheet.findall(f"{_TABLE}table"):
        if table.find(f"{_TABLE}table-source") is None:  # else a copy of another file's sheet
            sheets[table.get(f"{_TABLE}name", "")] = dict(_cells(table))
    return sheets


def _cells(table: ElementTree.Element) -> Iterator[tuple[tuple[int, int], Cell]]:
    row = 0
    for element in _rows(table):
        repeated = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
        cells = list(_row(element))
        for number in range(row, row + min(repeated, _MOST_REPEATED)):
            for column, cell in cells:
                yield (number, column), cell
        row += repeated


def _rows(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The rows of a sheet, in groups or not; those of a table inside a drawing are none."""
    for child in element:
        if child.tag == f"{_TABLE}table-row":
            yield child
        elif child.tag in _GROUPS:
            yield from _rows(child)


def _row(element: ElementTree.Element) -> Iterator[tuple[int, Cell]]:
    column = 0
    for cell in element:
        repeated = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        content = _content(cell)
        if content is not None:
            for number in range(column, column + min(repeated, _MOST_REPEATED)):
                yield number, content
        column += repeated


def _content(cell: ElementTree.Element) -> Cell | None:
    kind = cell.get(f"{_OFFICE}value-type")
    formula = cell.get(f"{_TABLE}formula") is not None
    text = "\n".join("".join(paragraph.itertext()) for paragraph in cell.findall(f"{_TEXT}p"))
    if kind is None:
        return None
    if cell.get(f"{_CALC}value-type") == "error" or (text.startswith("#") and formula) or text.startswith("Err:"):
        return Cell("error", text, formula)
    match kind:
        case "float" | "percentage" | "currency":
            return Cell("number", exact(float(cell.get(f"{_OFFICE}value", ""))), formula)
        case "boolean":
            return Cell("boolean", cell.get(f"{_OFFICE}boolean-value", ""), formula)
        case "date":
            return Cell("date", cell.get(f"{_OFFICE}date-value", ""), formula)
        case "time":
            return Cell("date", cell.get(f"{_OFFICE}time-value", ""), formula)
        case _:
            return Cell("text", text, formula) if text else None


def differences(book: Book, cells: Shown) -> list[str]:
    """Every place where a book says something else than LibreOffice shows.

    A cell read as an error, or as a formula that was never calculated, says nothing: both are findings of the form.
    LibreOffice calculates what it does not trust, and finds errors where the sheets that are meant were taken away.
    """
    found = []
    grids = {grid.name: grid for grid in book.grids}
    for sheet, theirs in cells.items():
        if theirs and sheet not in grids:
            found.append(f"{sheet}: sheet not read")
    for name, grid in grids.items():
        theirs = cells.get(name, {})
        places = set(theirs) | {
            (row, column) for row, line in enumerate(grid.rows) for column, cell in enumerate(line) if cell != ""
        }
        for place in sorted(places):
            ours = grid.at(*place)
            shown_there = theirs.get(place)
            refused = place in grid.errors or (place in grid.formulas and ours == "")
            recalculated = shown_there is not None and shown_there.formula and shown_there.kind == "error"
            if not refused and not recalculated and not _same(ours, shown_there):
                found.append(f"{name}!{address(place[0] + 1, place[1] + 1)}: {ours!r} instead of {shown_there}")
    return found


def _same(ours: Content, theirs: Cell | None) -> bool:
    if theirs is None:
        return isinstance(ours, str) and not ours.strip()
    match theirs.kind, ours:
        case "boolean", bool():
            return theirs.value == str(ours).lower()
        case "number", int() | float():  # a truth in a cell with the format of a number is shown as one by LibreOffice
            # LibreOffice rounds the last of fifteen digits in its own way
            return abs(exact(float(ours)) - Decimal(theirs.value)) <= abs(exact(float(ours))) * _LAST_DIGIT
        case "number", time() | timedelta():  # never read as a figure, though LibreOffice shows one
            return True
        case "number", date():
            return _same_instant(_instant(ours), _instant(timedelta(float(theirs.value))))
        case "date", date() | time() | timedelta():
            return _same_instant(_instant(ours), _moment(str(theirs.value)))
        case "text", str():
            # LibreOffice 7.4 shows some of the escapes of characters as they stand in the file
            if _CONTROLS.search(ours):  # no XML can say it, and each program puts something else there
                return True
            meant = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), str(theirs.value))
            return plain(ours) in (plain(str(theirs.value)), plain(meant))
        case _:
            return False


def _same_instant(ours: datetime, theirs: datetime | None) -> bool:
    if theirs is None or ours == theirs:
        return ours == theirs
    # Excel has a 29th of February 1900, LibreOffice has not; before its first day Excel shows no date at all
    return theirs < _EPOCH or (theirs < _MARCH_1900 and ours - theirs == timedelta(days=1))


def _instant(content: date | time | timedelta) -> datetime:
    if isinstance(content, timedelta):
        moment = _EPOCH + content
    elif isinstance(content, time):
        moment = datetime.combine(_EPOCH, content)
    elif isinstance(content, datetime):
        moment = content
    else:
        moment = datetime.combine(content, time())
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _moment(text: str) -> datetime | None:
    match = _DURATION.fullmatch(text)
    if match is not None:
        seconds = float(f"{int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])}.{match[5] or 0}")
        return _instant(timedelta(seconds=-seconds if match[1] else seconds))
    try:
        return _instant(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def misread(submission: Submission, scheme: Scheme, cells: Shown) -> list[str]:
    """Every figure of a submission that is not the one LibreOffice shows at the place that the figure names.

    Figures that the program computes itself, and those with a note of how they were read, are left out.
    """
    found = []
    unit = scheme.spec.units[submission.unit]
    sheets = {plain(name): theirs for name, theirs in cells.items()}
    entries = [((key, column), entry) for (key, column), entry in submission.cells.items()]
    entries += [
        ((row.key, column), entry)
        for rows in submission.lists.values()
        for row in rows
        for column, entry in row.entries.items()
    ]
    for (key, column), entry in entries:
        if entry.derived or entry.reading or not isinstance(entry.value, Decimal):
            continue
        theirs = sheets.get(plain(entry.ref.sheet), {}).get(_place(entry.ref.cell))
        if (
            theirs is None
            or not isinstance(theirs.value, Decimal)
            or entry.value not in (theirs.value, theirs.value * unit)
        ):
            found.append(f"{key}.{column} at {entry.ref.sheet}!{entry.ref.cell}: {entry.value} instead of {theirs}")
    return found


def _place(cell: str) -> tuple[int, int]:
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]) - 1, column_number(letters) - 1

"""Where the rows and columns of a form stand -> its input cells, found out once for all books arranged alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from evalbatch.model import Entry, Ref
from evalbatch.reading.cells import KEPT, plain
from evalbatch.scheme import INDICATOR_INPUTS, Scheme
from evalbatch.scheme.formula import to_excel
from evalbatch.scheme.layout import address, column_number, template_layout
from evalbatch.scheme.spec import ColumnSpec

INDICATOR_CONSTANTS: Final = ("一级指标", "分值")
"""What the template prints in a row of 绩效自评表 and the reader reads all the same, to see whether it was changed."""
REFERENCE: Final = re.compile(r"(?:(?:'([^']+)'|([\w一-鿿]+))!)?\$?([A-Z]{1,3})\$?(\d{1,7})(?![\w(])")
"""A reference to a cell within a formula: its sheet, quoted or not, its column and its row."""


class SheetPlaces(NamedTuple):
    """Where a sheet's columns (by header) and rows (by key) stand in a book, 0-based."""

    sheet: str
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """An input cell of the form at its place in a book, 0-based."""

    key: str
    column: ColumnSpec
    named: tuple[str, str]
    """Its key and its column's name."""
    mandatory: bool
    sheet: str
    place: tuple[int, int]
    blank: Entry
    """What is read where nothing stands."""
    moved: str
    """Why a figure read here is none of the template's cell, ``""`` where it is."""
    printed: str
    """The formula that the template has here, its cells by key and column; ``""`` where it has none."""
    places: Mapping[tuple[str, int, int], str]
    """What such a formula may refer to: key and column by sheet, row and column of the book."""


@lru_cache(maxsize=8)
def keyed_slots(scheme: Scheme, arrangement: tuple[SheetPlaces, ...]) -> Mapping[str, tuple[Slot, ...]]:
    """The input cells of all sheets with keyed rows, by sheet, in the order of the scheme."""
    places = {
        (plain(sheet), row, index): f"«{key}.{name}»"
        for sheet, columns, rows in arrangement
        for key, row in rows
        for name, index in columns
    }
    return {sheet.sheet: tuple(_slots(scheme, sheet, places)) for sheet in arrangement}


def _slots(scheme: Scheme, where: SheetPlaces, places: Mapping[tuple[str, int, int], str]) -> Iterable[Slot]:
    spec = scheme.sheets[where.sheet]
    rows = dict(where.rows)
    columns = {column.name: column for column in spec.columns}
    if spec.kind == "indicators":
        names = [columns[name] for name in (*INDICATOR_INPUTS, *INDICATOR_CONSTANTS)]
        for code in scheme.indicators:
            if code in rows:
                yield from _row_slots(scheme, where, code, rows[code], names, places)
        return
    for line in (scheme.lines[line.key] for line in spec.lines):
        if line.key in rows:
            yield from _row_slots(
                scheme, where, line.key, rows[line.key], line.types.values(), places, mandatory=line.mandatory
            )


@lru_cache(maxsize=1024)
def list_slots(
    scheme: Scheme, sheet: str, columns: tuple[tuple[str, int], ...], key: str, row: int
) -> tuple[Slot, ...]:
    """The input cells of a row of a list."""
    spec = scheme.sheets[sheet]
    typed = [column for column in spec.columns if column.formula is None and not column.computed]
    places = {(plain(sheet), row, index): f"«.{name}»" for name, index in columns}
    return tuple(_row_slots(scheme, SheetPlaces(sheet, columns, ()), key, row, typed, places, prefix=spec.prefix))


def _row_slots(
    scheme: Scheme,
    where: SheetPlaces,
    key: str,
    row: int,
    columns: Iterable[ColumnSpec],
    places: Mapping[tuple[str, int, int], str],
    mandatory: tuple[str, ...] = (),
    prefix: str = "",
) -> Iterable[Slot]:
    layout, printed = template_layout(scheme)[where.sheet], _printed_formulas(scheme)
    found = dict(where.columns)
    for column in columns:
        index = found.get(column.name)
        if index is None:
            continue
        cell = address(row + 1, index + 1)
        moved = ""
        if key not in layout.rows:
            moved = "模板以外的行，按所在行读取"
        elif layout.cell(key, column.name) != cell:
            moved = "行列位置与模板不同，按编码与栏目读取"
        yield Slot(
            key, column, (key, column.name), column.name in mandatory, where.sheet, (row, index),
            Entry(Ref(where.sheet, cell), None), moved, printed.get((prefix or key, column.name), ""), places,
        )  # fmt: skip


def holds_printed_formula(slot: Slot, formula: str) -> bool:
    """Whether a formula of the book is the one that the template has in that cell, wherever its cells stand now."""
    return (_is_printed if len(formula) <= KEPT else _is_printed.__wrapped__)(slot, formula)


@lru_cache(maxsize=8192)
def _is_printed(slot: Slot, formula: str) -> bool:
    def place(match: re.Match[str]) -> str:
        sheet = plain(match[1] or match[2] or slot.sheet)
        return slot.places.get((sheet, int(match[4]) - 1, column_number(match[3]) - 1), match[0])

    return REFERENCE.sub(place, _canonical(formula)) == slot.printed


@lru_cache(maxsize=8)
def _printed_formulas(scheme: Scheme) -> Mapping[tuple[str, str], str]:
    return {place: _canonical(to_excel(formula.node, _Keys())) for place, formula in scheme.derivations.items()}


class _Keys:
    """Addresses for formulas to be compared: a place is written as its key and column instead of its cell."""

    def cell(self, key: str, column: str) -> str:
        return f"«{key}.{column}»"

    def column(self, prefix: str, column: str) -> str:
        return f"«{prefix}*.{column}»"


def _canonical(text: str) -> str:
    return "".join(text.split()).removeprefix("=").removeprefix("+")


__all__ = [
    "INDICATOR_CONSTANTS",
    "REFERENCE",
    "SheetPlaces",
    "Slot",
    "holds_printed_formula",
    "keyed_slots",
    "list_slots",
]

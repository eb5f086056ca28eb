"""One sheet as it should be and as it is, both row by row -> what differs; rows of a table are known by what they are of.

A row that stands elsewhere (sorted, or another one deleted above it) is the same row. Whether a formula is the same is
told by ``Formulas`` where its row moved; where it cannot be told before all sheets are known, it is put off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from evalbatch.reading.written import WrittenCell, WrittenRow, WrittenSheet
from evalbatch.scheme.layout import column_letter
from evalbatch.table_columns import Kind
from evalbatch.verification.differences import (
    EXTRA_ROW,
    MISSING_ROW,
    Difference,
    differs,
    told_formula,
    told_value,
)
from evalbatch.verification.formulas import Meaning, Rows

CODE: Final = "单位编码"
NAME: Final = "填报单位"
FILE: Final = "来源文件"
_KNOWN_BY: Final = frozenset({CODE, FILE, "编码", "项目", "规则", "工作表", "单元格", "栏目"})
"""Headers of the columns that say what a row is of."""
_LOOK: Final = 20
"""Rows below the expected one in which the headers are looked for."""
_ALIKE: Final = 0.5
"""The share of equal cells from which on two rows are one that was changed."""
_MOST_PAIRS: Final = 40_000
"""Pairs of rows that are tried for likeness."""
_BLANK: Final = WrittenCell(None)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two formulas that may mean the same once it is known where the rows of every sheet stand."""

    expected: str
    found: str
    expected_row: int
    found_row: int
    otherwise: Difference | None
    """What is told if they mean the same; what if not."""
    changed: Difference


@dataclass
class SheetComparison:
    """What was found on a sheet; ``rows`` say where each row of its table went, once all have been gone through."""

    name: str
    """The sheet's name as expected."""
    meaning: Meaning
    kind_of: Callable[[str, str], Kind]
    doubts: list[Doubt] = field(default_factory=list)
    uncalculated: int = 0
    """Formulas without a value, as some programs save them."""
    rows: Rows | None = None
    cells: int = 0
    formulas: int = 0
    """Cells with something in them, and formulas among them, that were expected."""
    _headers: Mapping[int, str] = field(default_factory=dict)
    _of: Mapping[str, int] = field(default_factory=dict)
    """Where the rows below the headers say whose they are."""
    _first: tuple[int, ...] = ()
    """Where they say what they are called, when they are no department's."""
    _pairs: list[tuple[int, int]] = field(default_factory=list)
    _hidden: list[tuple[int, Difference]] = field(default_factory=list)
    _width: int = 0
    _alone: bool = False
    """Whether some row has no like."""

    def differences(self, expected: WrittenSheet, found: WrittenSheet) -> Iterator[Difference]:
        """Every difference between the two, save those that are put off as doubts."""
        if found.hidden and not expected.hidden:
            yield Difference(self.name, "", "工作表被隐藏")
        if expected.table is None:
            yield from self._by_position(expected.rows, found.rows)
        else:
            yield from self._table(expected, found, expected.table[0])
            self.rows = Rows(self._pairs, not self._alone)
        first, last = found.filtered or (0, -1)
        yield from (told for number, told in self._hidden if not first < number <= last)
        seen = {column for run in expected.hidden_columns for column in range(run[0], run[1] + 1)}
        for start, stop in found.hidden_columns:
            for column in range(start, min(stop, self._width) + 1):
                if column not in seen:
                    letter = column_letter(column)
                    yield Difference(
                        self.name, f"{letter}:{letter}", "整列被隐藏", header=self._headers.get(column, "")
                    )

    # ------------------------------------------------------------ without a table

    def _by_position(self, expected: Iterator[WrittenRow], found: Iterator[WrittenRow]) -> Iterator[Difference]:
        ours, theirs = next(expected, None), next(found, None)
        while ours is not None or theirs is not None:
            number = min(row.number for row in (ours, theirs) if row is not None)
            left = right = WrittenRow(number, False, {})
            if ours is not None and ours.number == number:
                left, ours = ours, next(expected, None)
            if theirs is not None and theirs.number == number:
                right, theirs = theirs, next(found, None)
            yield from self._row(left, right)

    # ------------------------------------------------------------ with a table

    def _table(self, expected: WrittenSheet, found: WrittenSheet, header: int) -> Iterator[Difference]:
        head = _head(expected.rows, header)
        headers = head[-1]
        theirs, rest, shift = _split(found.rows, headers, header)
        self._headers = {column: cell.value for column, cell in headers.cells.items() if isinstance(cell.value, str)}
        rows = {row.number - shift: row for row in theirs}
        for row in head:
            yield from self._pair(row, rows.pop(row.number, WrittenRow(row.number + shift, False, {})))
        for row in rows.values():
            if row.cells:
                yield Difference(self.name, _whole_row(row), EXTRA_ROW)
        by = [column for column, name in self._headers.items() if name in _KNOWN_BY]
        self._of = {name: column for column, name in self._headers.items() if name in (CODE, NAME, FILE)}
        self._first = () if CODE in self._of else (1,)
        yield from self._matched(_keyed(expected.rows, by), _keyed(rest, by), shift)

    def _matched(
        self, expected: Iterator[tuple[Key, WrittenRow]], found: Iterator[tuple[Key, WrittenRow]], shift: int
    ) -> Iterator[Difference]:
        """The rows of both, each with its like; those that wait for theirs are all that is held."""
        ours: dict[Key, WrittenRow] = {}
        theirs: dict[Key, WrittenRow] = {}
        while True:
            left, right = next(expected, None), next(found, None)
            if left is None and right is None:
                break
            if left is not None and right is not None and left[0] == right[0]:
                yield from self._pair(left[1], right[1])
                continue
            for item, own, others in ((left, ours, theirs), (right, theirs, ours)):
                if item is None:
                    continue
                like = others.pop(item[0], None)
                if like is None:
                    own[item[0]] = item[1]
                else:
                    yield from self._pair(*((item[1], like) if own is ours else (like, item[1])))
        for missing, extra in _alike(list(ours.values()), list(theirs.values()), shift):
            if missing is not None and extra is not None:
                yield from self._pair(missing, extra)
            elif missing is not None:
                self._alone = True
                yield self._about(missing, _whole_row(missing, shift), MISSING_ROW)
            elif extra is not None:
                self._alone = True
                yield self._about(extra, _whole_row(extra), EXTRA_ROW)

    def _pair(self, expected: WrittenRow, found: WrittenRow) -> Iterator[Difference]:
        self._pairs.append((expected.number, found.number))
        yield from self._row(expected, found)

    # ------------------------------------------------------------ a row

    def _row(self, expected: WrittenRow, found: WrittenRow) -> Iterator[Difference]:
        self._width = max(self._width, *expected.cells, 0)
        self.cells += len(expected.cells)
        self.formulas += sum(cell.formula != "" for cell in expected.cells.values())
        if found.hidden and not expected.hidden:
            told = self._about(expected, _whole_row(found), "整行被隐藏")
            self._hidden.append((found.number, told))
        if expected.cells == found.cells and expected.number == found.number:
            return
        for column in sorted({*expected.cells, *found.cells}):
            ours, theirs = expected.cells.get(column, _BLANK), found.cells.get(column, _BLANK)
            if ours != theirs or (ours.formula and expected.number != found.number):
                yield from self._cell(column, expected, found, ours, theirs)

    def _cell(
        self, column: int, left: WrittenRow, right: WrittenRow, expected: WrittenCell, found: WrittenCell
    ) -> Iterator[Difference]:
        header = self._headers.get(column, "")
        kind = self.kind_of(self.name, header)
        place = f"{column_letter(column)}{right.number}"
        if not (expected.formula or found.formula):
            if differs(expected.value, found.value):
                yield self._about(left, place, told_value(expected, found, kind), header)
            return
        if not (expected.formula and found.formula):
            yield self._about(left, place, told_formula(expected, found, kind), header)
            return
        told = None
        if found.value is None and expected.value is not None:
            self.uncalculated += 1
        elif differs(expected.value, found.value):
            what = f"公式未改，值{told_value(expected, found, kind)}"
            told = replace(self._about(left, place, what, header), computed=True)
        if self._same(expected.formula, left.number, found.formula, right.number):
            if told is not None:
                yield told
        else:
            changed = self._about(left, place, told_formula(expected, found, kind), header)
            self.doubts.append(Doubt(expected.formula, found.formula, left.number, right.number, told, changed))

    def _same(self, expected: str, expected_row: int, found: str, found_row: int) -> bool:
        """Whether two formulas are the same as far as it can be told before all sheets are known."""
        if expected == found and expected_row == found_row:
            return True
        return self.meaning.same(self.name, expected, expected_row, found, found_row)

    def settled(self, meaning: Meaning) -> Iterator[Difference]:
        """What comes of the doubts once it is known where every row stands."""
        for doubt in self.doubts:
            if not meaning.same(self.name, doubt.expected, doubt.expected_row, doubt.found, doubt.found_row):
                yield doubt.changed
            elif doubt.otherwise is not None:
                yield doubt.otherwise

    def _about(self, row: WrittenRow, place: str, what: str, header: str = "") -> Difference:
        code, name, file = (_text(row.cells.get(self._of.get(known, 0), _BLANK)) for known in (CODE, NAME, FILE))
        called = "".join(_text(row.cells.get(column, _BLANK)) for column in self._first)
        return Difference(self.name, place, what, code, name, file, header, called)


def _text(cell: WrittenCell) -> str:
    value = cell.value
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)


def _whole_row(row: WrittenRow, shift: int = 0) -> str:
    return f"{row.number + shift}:{row.number + shift}"


def _head(rows: Iterator[WrittenRow], last: int) -> list[WrittenRow]:
    """The rows down to one by its number, which is the last of them."""
    found: list[WrittenRow] = []
    for row in rows:
        found.append(row)
        if row.number >= last:
            break
    return found


def _split(
    rows: Iterator[WrittenRow], headers: WrittenRow, expected: int
) -> tuple[list[WrittenRow], Iterator[WrittenRow], int]:
    """The rows down to the headers, those below, and how much lower the headers stand than expected.

    They are known by what stands first in them; where nothing does, they should be where they are expected.
    """
    first = headers.cells.get(1, _BLANK).value
    seen: list[WrittenRow] = []
    for row in rows:
        seen.append(row)
        if row.cells.get(1, _BLANK).value == first:
            return seen, rows, row.number - expected
        if row.number > expected + _LOOK:
            break
    above = [row for row in seen if row.number <= expected]
    return above, chain(seen[len(above) :], rows), 0


def _keyed(rows: Iterator[WrittenRow], by: Sequence[int]) -> Iterator[tuple[Key, WrittenRow]]:
    """Each row with what it is known by; of several alike, the n-th is known by its number too."""
    seen: Counter[Key] = Counter()
    for row in rows:
        if row.cells:
            key = tuple(_text(row.cells.get(column, _BLANK)) for column in by)
            seen[key] += 1
            yield (*key, str(seen[key])), row


def _alike(
    missing: list[WrittenRow], extra: list[WrittenRow], shift: int
) -> Iterator[tuple[WrittenRow | None, WrittenRow | None]]:
    """Rows known by nothing in common: each with the one that it was before somebody changed what it is known by."""
    left = {row.number: row for row in extra}
    alone: list[WrittenRow] = []
    for row in missing:
        like = left.get(row.number + shift)
        if like is not None and _likeness(row, like) > _ALIKE:
            yield row, left.pop(like.number)
        else:
            alone.append(row)
    for row in alone:
        tried = left.values() if len(alone) * len(left) <= _MOST_PAIRS else ()
        best = max(tried, key=lambda like: _likeness(row, like), default=None)
        if best is not None and _likeness(row, best) > _ALIKE:
            yield row, left.pop(best.number)
        else:
            yield row, None
    yield from ((None, row) for row in left.values())


def _likeness(expected: WrittenRow, found: WrittenRow) -> float:
    """The share of the constants that are the same."""
    constants = [(column, cell.value) for column, cell in expected.cells.items() if not cell.formula]
    same = sum(not differs(value, found.cells.get(column, _BLANK).value) for column, value in constants)
    return same / len(constants) if constants else 0.0


__all__ = ["Doubt", "SheetComparison"]

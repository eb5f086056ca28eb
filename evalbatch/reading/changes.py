"""A sheet as it came against what the template printed there: texts rewritten, formulas typed over; judges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from evalbatch.reading.arrangement import REFERENCE
from evalbatch.reading.book import Content, Grid
from evalbatch.reading.cells import KEPT, as_text, plain
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import (
    AUDIT_COLUMNS,
    AUDIT_SHEET,
    HEADER_ROW,
    STATUS_LABELS,
    PrintedForm,
    PrintedSheet,
    address,
    column_number,
    template_layout,
)

LOST: Final = "#REF!"
"""A reference to what was deleted, which is told as such."""
_QUOTED_OR_RANGE: Final = re.compile(
    rf'"(?:[^"]|"")*"|{REFERENCE.pattern}(?::\$?([A-Z]{{1,3}})\$?(\d{{1,7}})(?![\w(]))?'
)
"""A text, which is left alone, or a cell or range of cells; the other end of a range is on the same sheet."""
_LOGICAL: Final = re.compile(r"\b(TRUE|FALSE)\(\)")


class Standing(NamedTuple):
    """Where the header, the columns by their headers and the rows by their keys stand on a sheet, 0-based.

    The lines under the table of 封面 have their labels for keys.
    """

    sheet: str
    header: int
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int], ...]
    alike: bool = False
    """Whether it is a list, whose rows may stand in any order."""

    def shape(self) -> Standing:
        """What formulas are compared by: a list without its rows."""
        return self._replace(rows=()) if self.alike else self


class Arrangement:
    """Where things stand on all sheets of a book or of the template; those that are alike are one object."""

    def __init__(self, standings: Iterable[Standing]) -> None:
        self.header = {plain(one.sheet): one.header for one in standings}
        self.columns = {plain(one.sheet): {at: name for name, at in one.columns} for one in standings}
        self.rows = {plain(one.sheet): {at: key for key, at in one.rows} for one in standings if not one.alike}

    def named(self, sheet: str, row: int, letters: str, own: int) -> str:
        """A cell by key and header, what has none by how far it is from what has; ``own`` is the formula's row."""
        if sheet not in self.header:
            return f"{letters}{row}"
        column = self.columns[sheet].get(column_number(letters) - 1, letters)
        if row > self.header[sheet] and sheet not in self.rows:
            return f"{'own' if row == own else 'any'}.{column}"
        keys, above = self.rows.get(sheet, {}), row
        while above > self.header[sheet] and above not in keys:
            above -= 1
        return f"{keys.get(above, '')}+{row - above if above in keys else row - self.header[sheet]}.{column}"


@lru_cache(maxsize=8)
def arranged(standings: tuple[Standing, ...]) -> Arrangement:
    """The arrangement of a book by its sheets; of a list the rows are left out, they may stand anywhere."""
    return Arrangement(standings)


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSheet:
    """A sheet of the template: where things stand, and what else than the reader finds them by is printed there."""

    standing: Standing
    texts: Mapping[tuple[int, int], str]
    formulas: Mapping[tuple[int, int], str]
    shown: Mapping[tuple[int, int], str]
    headers: Mapping[int, str]
    keys: Mapping[int, str]


@lru_cache(maxsize=8)
def template_sheets(scheme: Scheme, printed: PrintedForm) -> Mapping[str, TemplateSheet]:
    """The sheets of the template that are read, by name; found out once for all books."""
    found: dict[str, TemplateSheet] = {}
    for name, layout in template_layout(scheme).items():
        columns = tuple((header, at - 1) for header, at in layout.columns.items())
        labels = [(text, row) for (row, _), text in printed.sheets[name].texts.items() if text in STATUS_LABELS]
        keyed = tuple((key, at - 1) for key, at in layout.rows.items())
        standing = Standing(name, HEADER_ROW - 1, columns, (*keyed, *labels), alike=layout.spec.kind == "list")
        # what stands in a row with a key is compared as that row is read
        read = set() if standing.alike else {row for _, row in keyed}
        found[name] = _template_sheet(standing, printed.sheets[name], read)
    rows = tuple((check.id, row) for row, check in enumerate(scheme.checks, HEADER_ROW))
    columns = tuple((header, at) for at, header in enumerate(AUDIT_COLUMNS))
    audit = Standing(AUDIT_SHEET, HEADER_ROW - 1, columns, rows)
    return found | {AUDIT_SHEET: _template_sheet(audit, printed.sheets[AUDIT_SHEET], set())}


def _template_sheet(standing: Standing, printed: PrintedSheet, read: Collection[int]) -> TemplateSheet:
    texts = {place: text for place, text in printed.texts.items() if place[0] not in read}
    headers, keys = ({at: name for name, at in names} for names in (standing.columns, standing.rows))
    return TemplateSheet(standing, texts, printed.formulas, printed.shown, headers, keys)


class Comparison:
    """A sheet of a book beside the same sheet of the template: what stands where, and what was changed."""

    def __init__(self, grid: Grid, sheet: TemplateSheet, now: Standing) -> None:
        self.grid = grid
        self.sheet = sheet
        self.now = now
        self.same = now == sheet.standing
        self.columns = dict(now.columns)
        self.rows = dict(now.rows)

    def place(self, row: int, column: int) -> tuple[int, int] | None:
        """Where a cell of the template stands now."""
        if self.same:
            return row, column
        at, beside = self.row(row), self.column(column)
        return None if at is None or at < 0 or beside is None else (at, beside)

    def column(self, at: int) -> int | None:
        """Where a column of the template stands now: by its header, else beside the one before it."""
        name, before = self.sheet.headers[at], self.sheet.headers.get(at - 1, "")
        return self.columns[name] if name in self.columns else self.columns.get(before, -2) + 1 or None

    def row(self, at: int) -> int | None:
        """Where a row of the template stands now: by its key, else by those above it, a heading by the one below it."""
        keys, header = self.sheet.keys, self.sheet.standing.header
        if at <= header:
            return self.now.header - (header - at)
        if at not in keys:
            below = self.rows.get(keys.get(at + 1, ""))
            return None if below is None else below - 1
        above = at
        while above in keys and keys[above] not in self.rows:
            above -= 1
        found = self.now.header if above == header else self.rows.get(keys.get(above, ""))
        return None if found is None else found + at - above

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """The cells that say something else than the template, with both texts.

        A blank cell is none of them: programs that merge equal neighbours leave the text in the first one only.
        What stands elsewhere outside the rows with keys was moved.
        """
        keyed = set(self.rows.values())
        loose: set[str] = set()
        for (row, column), expected in self.sheet.texts.items():
            place = self.place(row, column)
            if place is None or (found := self.grid.at(*place)) == expected or not (found := as_text(found)):
                continue
            key = self.sheet.keys.get(row)
            known = key in self.rows and self.sheet.standing.sheet != AUDIT_SHEET
            header = row == self.sheet.standing.header and expected in self.columns
            if known or header or plain(found) == plain(expected):
                continue
            loose = loose or {
                plain(cell) for number, cells in enumerate(self.grid.rows) if number not in keyed
                for cell in cells if isinstance(cell, str) and cell
            }  # fmt: skip
            if key not in self.rows and (place[0] in keyed or plain(expected) in loose):
                continue
            yield address(place[0] + 1, place[1] + 1), found, expected

    def formulas(self, arrangements: Callable[[], tuple[Arrangement, Arrangement]]) -> Iterator[Changed]:
        """The cells that compute something else than the template.

        A formula of the template's own stands there in any spelling, over the same cells wherever they stand now.
        """
        if self.same and self.sheet.formulas.items() <= self.grid.formulas.items():
            return
        name, (template, book) = plain(self.now.sheet), arrangements()
        for (row, column), expected in self.sheet.formulas.items():
            key, place = self.sheet.keys.get(row), self.place(row, column)
            if place is None or (key is not None and key not in self.rows):
                continue
            found = self.grid.formulas.get(place)
            if found == expected:
                continue
            cell = place[0] + 1, place[1] + 1
            if found is None:
                content = as_text(self.grid.at(*place))
                if content:
                    yield Changed(row, address(*cell), content, self.sheet.shown.get((row, column), ""))
            elif LOST not in found:
                same = _is_same if max(len(found), len(expected)) <= KEPT else _is_same_long
                if not same(template, book, name, row, place[0], expected, found):
                    yield Changed(row, address(*cell), f"={found}", f"={expected}")


class Changed(NamedTuple):
    """A cell with another content than the template's formula, which stands in that row of the template, 0-based."""

    row: int
    cell: str
    found: str
    expected: str


def _says_the_same(
    template: Arrangement, book: Arrangement, sheet: str, printed: int, row: int, expected: str, found: str
) -> bool:
    """Whether a formula in a row of the book is the template's in that row of the template, in any spelling."""
    return _spelled(book, found, sheet, row) == _spelled(template, expected, sheet, printed)


_is_same: Final = lru_cache(maxsize=8192)(_says_the_same)
_is_same_long: Final = lru_cache(maxsize=512)(_says_the_same)
"""Kept apart: sentences and totals are long, few, and the same in most workbooks."""


def _spelled(arrangement: Arrangement, formula: str, sheet: str, row: int) -> str:
    """A formula as every program would write it, its cells by key and header instead of their addresses."""

    def name(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return match[0]
        on = plain(match[1] or match[2] or sheet)
        own = row if on == sheet else -1
        ends = [(letters, number) for letters, number in ((match[3], match[4]), (match[5], match[6])) if letters]
        return f"«{on}!{':'.join(arrangement.named(on, int(number) - 1, letters, own) for letters, number in ends)}»"

    text = "".join(formula.split()).removeprefix("=").removeprefix("+")
    return _LOGICAL.sub(r"\1", _QUOTED_OR_RANGE.sub(name, text))


def rewritten(
    grid: Grid, rows: Mapping[str, int], columns: Mapping[str, int], printed: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """The cells that say something else than the template, with both texts; rows and columns are 0-based.

    A blank cell is none of them: programs that merge equal neighbours leave the text in the first one only.
    """
    for key, row in rows.items():
        for name, expected in printed.get(key, {}).items():
            if name in columns:
                found = as_text(grid.at(row, columns[name]))
                if found and found != expected and plain(found) != plain(expected):
                    yield address(row + 1, columns[name] + 1), found, expected


def typed_over(grid: Grid, rows: Iterable[int], columns: Iterable[int]) -> Iterator[tuple[str, str]]:
    """The cells of computed columns that hold a content of their own instead of a formula over cells, with it."""
    places, formulas = list(columns), grid.formulas
    for row in rows:
        for column in places:
            formula = formulas.get((row, column))
            if formula is None:
                if _says(content := grid.at(row, column)):
                    yield address(row + 1, column + 1), as_text(content)
            elif not (_refers(formula) if len(formula) <= KEPT else _refers.__wrapped__(formula)):
                yield address(row + 1, column + 1), f"={formula}"


def _says(content: Content) -> bool:
    return content not in ("", None) and as_text(content) != ""


@lru_cache(maxsize=4096)
def _refers(formula: str) -> bool:
    return REFERENCE.search(formula) is not None or LOST in formula

"""Two workbooks, as it should be and as it is -> every difference; sheets are known by name, a renamed one by its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from evalbatch.reading.written import WrittenSheet, WrittenWorkbook
from evalbatch.scheme import Scheme
from evalbatch.table_columns import TABLES, Kind, kind_of
from evalbatch.verification.differences import Difference
from evalbatch.verification.formulas import Meaning, rows_referred_to
from evalbatch.verification.sheets import SheetComparison

_MOVED: Final = "这一行起次序被改动，而其他公式按行取数"


class WorkbookComparison:
    """The comparison of two open workbooks; what was counted is known once the differences have been gone through."""

    def __init__(self, expected: WrittenWorkbook, found: WrittenWorkbook, scheme: Scheme) -> None:
        self._expected = expected
        self._found = found
        self._scheme = scheme
        self.cells = 0
        self.formulas = 0
        self.uncalculated = 0

    def differences(self) -> Iterator[Difference]:
        """Every difference, sheet by sheet; what can be told only at the end comes last."""
        names = self._names()
        found = {ours: theirs for theirs, ours in names.items()}
        for theirs, ours in names.items():
            if theirs != ours:
                yield Difference(theirs, "", f"工作表改了名，应为“{ours}”")
        for extra in self._found.names:
            if extra not in names:
                yield Difference(extra, "", "多出这张工作表")
        meaning = Meaning(names, {})
        done: list[SheetComparison] = []
        for name in self._expected.names:
            if name not in found:
                yield Difference(name, "", "缺少这张工作表")
                continue
            comparison = SheetComparison(name, meaning, self._kind)
            yield from comparison.differences(self._expected.sheet(name), self._found.sheet(found[name]))
            done.append(comparison)
            self.cells += comparison.cells
            self.formulas += comparison.formulas
            self.uncalculated += comparison.uncalculated
        moved = {item.name: item.rows for item in done if item.rows is not None and item.rows.moved}
        at_last = Meaning(names, moved)
        for comparison in done:
            yield from comparison.settled(at_last)
        yield from self._out_of_order({name: rows.out_of_order for name, rows in moved.items()})

    def _names(self) -> dict[str, str]:
        """The sheets at hand that are expected, with the names that they should have."""
        ours, theirs = self._expected.names, self._found.names
        names = {name: name for name in theirs if name in ours}
        missing, extra = ([name for name in these if name not in names] for these in (ours, theirs))
        if len(missing) == len(extra):
            names |= dict(zip(extra, missing, strict=True))
        return {name: names[name] for name in theirs if name in names}

    def _out_of_order(self, rows: Mapping[str, int | None]) -> Iterator[Difference]:
        """Sheets whose rows stand in another order although formulas refer to some of them by their number."""
        suspects = {name: row for name, row in rows.items() if row is not None}
        if suspects:
            sheets = {name: self._expected.sheet(name) for name in self._expected.names}
            tables = {
                name: (sheet.table[0] + 1, sheet.table[1]) for name, sheet in sheets.items() if sheet.table is not None
            }
            referred = rows_referred_to(_formulas(sheets.values()), tables)
            for name, row in suspects.items():
                if name in referred:
                    yield Difference(name, f"{row}:{row}", _MOVED, of_all=True)

    def _kind(self, sheet: str, header: str) -> Kind:
        return kind_of(self._scheme, sheet, header) if sheet in TABLES and header else "text"


def _formulas(sheets: Iterable[WrittenSheet]) -> Iterator[str]:
    for sheet in sheets:
        for row in sheet.rows:
            yield from (cell.formula for cell in row.cells.values() if cell.formula)

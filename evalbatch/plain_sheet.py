"""The worksheet of both doors out: XlsxWriter's, with formulas written as they stand and no memory of written rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xlsxwriter.worksheet import Worksheet


class PlainSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that does not search each formula for functions newer than Excel 2010: ours have none.

    The search takes longer than the writing. Should XlsxWriter rename the method, only the speed is lost.
    """

    def write_lines(self, first: int, lines: Iterable[tuple[float, str]]) -> int:
        """Write rows of ready-made cells from a row (0-based) on, below all others; returns the last one written.

        A line is its height in points and the XML of its cells, no more columns than the rows above have. They are
        taken one at a time, each after the one before is written.
        """
        row = first - 1
        self._write_single_row(first)
        for row, (height, cells) in enumerate(lines, first):
            self.set_row(row, height)
            self.table[row][0] = cells
            self._write_single_row(row + 1)
        return row

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        if isinstance(cell, str):
            self.fh.write(cell)
        else:
            super()._write_cell(row, col, cell)

    def _write_single_row(self, current_row_num: int = 0) -> None:
        """Write the row before, where rows are written as they come, and forget its height."""
        written = self.previous_row
        super()._write_single_row(current_row_num)
        self.row_info.pop(written, None)
        self.row_sizes.pop(written, None)

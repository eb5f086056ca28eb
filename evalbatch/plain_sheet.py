"""The worksheet of both doors out: XlsxWriter's, with formulas written as they stand and no memory of written rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from shutil import copyfileobj
from typing import Final

from xlsxwriter.worksheet import Worksheet

_USUAL: Final = 20
"""Pixels of a row's height that nobody set."""


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
            self.fh.write(f'<row r="{row + 1}"{_height(height)}>{cells}</row>')
        self._check_dimensions(row, 0)
        self.previous_row = row + 1
        return row

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")

    def _write_optimized_sheet_data(self) -> None:
        """Put the rows that wait in a file into the sheet: as they are, not each character once more."""
        self._xml_start_tag("sheetData")
        for file in (self.fh, self.row_data_fh):
            file.flush()
        self.row_data_fh.seek(0)
        copyfileobj(self.row_data_fh.buffer, self.fh.buffer)
        self.row_data_fh.close()
        Path(self.row_data_filename).unlink()
        self._xml_end_tag("sheetData")


@lru_cache(maxsize=64)
def _height(points: float) -> str:
    """A row's height as XlsxWriter writes it: in whole pixels."""
    pixels = int(points * 4 / 3 + 0.5)
    return "" if pixels == _USUAL else f' ht="{pixels * 0.75:.16g}" customHeight="1"'

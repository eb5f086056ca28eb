"""The worksheet of both doors out: XlsxWriter's, with formulas written as they stand and no memory of written rows."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet


class PlainSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that does not search each formula for functions newer than Excel 2010: ours have none.

    The search takes longer than the writing. Should XlsxWriter rename the method, only the speed is lost.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")

    def _write_single_row(self, current_row_num: int = 0) -> None:
        """Write the row before, where rows are written as they come, and forget its height."""
        written = self.previous_row
        super()._write_single_row(current_row_num)
        self.row_info.pop(written, None)
        self.row_sizes.pop(written, None)

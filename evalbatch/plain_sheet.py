"""The worksheet of both doors out: XlsxWriter's, with formulas written as they stand."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet


class PlainSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that does not search each formula for functions newer than Excel 2010: ours have none.

    The search takes longer than the writing. Should XlsxWriter rename the method, only the speed is lost.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")

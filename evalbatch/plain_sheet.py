"""The worksheet of both doors out: XlsxWriter's, with formulas written as they stand and no memory of written rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.worksheet import Worksheet


class SharedFormula(str):
    """A formula that cells of a column share: the first of them says it for all of ``area``, the others its number."""

    number: int
    area: str

    def __new__(cls, formula: str, number: int, area: str = "") -> SharedFormula:
        """``formula`` is that of the first cell; ``area`` stands in the first cell alone."""
        shared = super().__new__(cls, formula)
        shared.number, shared.area = number, area
        return shared


class PlainSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that does not search each formula for functions newer than Excel 2010: ours have none.

    The search takes longer than the writing. Should XlsxWriter rename the method, only the speed is lost.
    """

    _write_formula_element_of_one_cell = Worksheet._xml_formula_element

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula if isinstance(formula, SharedFormula) else formula.removeprefix("=")

    def _xml_formula_element(self, formula: str, result: object, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        if not isinstance(formula, SharedFormula):
            self._write_formula_element_of_one_cell(formula, result, attributes)
            return
        cell = "".join([f' {name}="{value}"' for name, value in attributes])
        shared = f't="shared" si="{formula.number}"'
        if formula.area:
            element = f'<f {shared} ref="{formula.area}">{self._escape_data(formula)}</f>'
        else:
            element = f"<f {shared}/>"
        self.fh.write(f"<c{cell}>{element}<v>{self._escape_data(result)}</v></c>")

    def _write_single_row(self, current_row_num: int = 0) -> None:
        """Write the row before, where rows are written as they come, and forget its height."""
        written = self.previous_row
        super()._write_single_row(current_row_num)
        self.row_info.pop(written, None)
        self.row_sizes.pop(written, None)

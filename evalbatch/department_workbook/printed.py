"""The template as written -> what it prints for nobody to change, and the stamp of this print; knows no submission."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import CellFormulaTuple, CellStringTuple, Worksheet

from evalbatch.scheme.layout import PrintedForm, PrintedSheet

_DIGITS: Final = 12


def recorded(workbook: Workbook, names: Collection[str]) -> PrintedForm:
    """The locked texts and formulas of the named sheets of a workbook that was not closed yet."""
    strings = list(workbook.str_table.string_table)
    sheets = {sheet.name: _sheet(sheet, strings) for sheet in workbook.worksheets() if sheet.name in names}
    told = hashlib.sha256()
    for name, printed in sheets.items():
        told.update(repr((name, sorted(printed.texts.items()), sorted(printed.formulas.items()))).encode())
    return PrintedForm(f"印次{told.hexdigest()[:_DIGITS]}", sheets)


def _sheet(sheet: Worksheet, strings: list[str]) -> PrintedSheet:
    texts: dict[tuple[int, int], str] = {}
    formulas: dict[tuple[int, int], str] = {}
    shown: dict[tuple[int, int], str] = {}
    for row, cells in sheet.table.items():
        for column, cell in cells.items():
            if cell.format is not None and not cell.format.locked:
                continue
            if isinstance(cell, CellStringTuple):
                texts[row, column] = strings[cell.string]
            elif isinstance(cell, CellFormulaTuple):
                formulas[row, column] = cell.formula
                if isinstance(cell.value, str):
                    shown[row, column] = cell.value
    return PrintedSheet(texts, formulas, shown)

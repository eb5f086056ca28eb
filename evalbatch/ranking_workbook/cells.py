"""One value into one cell: numbers as numbers, dates as dates, and a department's text never as anything but text.

The cells of the long tables are made as XML, the very text that XlsxWriter makes of them in five times the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import escape, plain_text
from evalbatch.department_rows import Value
from evalbatch.scheme.layout import column_letter

_KEPT = 64
"""Characters of a text at most of which its XML is kept: names come again in the next rows, sentences do not."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A value with the formula (without ``=``) that makes it."""

    formula: str
    value: Value


Cell = Value | Computed


def shown(cell: Cell) -> Value:
    """What a cell says."""
    return cell.value if isinstance(cell, Computed) else cell


def write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, formats: tuple[Format, Format, Format]) -> None:
    """Write a value, or a formula with its value (0-based place)."""
    if isinstance(cell, Computed):
        write_computed(sheet, row, column, cell.formula, cell.value, formats)
    else:
        write_value(sheet, row, column, cell, formats)


def write_value(sheet: Worksheet, row: int, column: int, value: Value, formats: tuple[Format, Format, Format]) -> None:
    """Write a value (0-based place) with the format for numbers or the one for texts; ``None`` stays blank."""
    number, text, _ = formats
    if value is None:
        sheet.write_blank(row, column, None, text)
    elif isinstance(value, str):
        sheet.write_string(row, column, plain_text(value), text)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, number)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime.combine(value, time()), number)
    else:
        sheet.write_number(row, column, float(value), number)


def write_computed(
    sheet: Worksheet, row: int, column: int, formula: str, value: Value, formats: tuple[Format, Format, Format]
) -> None:
    """Write a formula (without ``=``) with its computed value, which every viewer shows; a blank is an empty text."""
    sheet.write_formula(row, column, f"={formula}", formats[2], _cached(value))


def _cached(value: Value) -> float | int | str:
    if isinstance(value, Decimal | int):
        number = float(value)
        # where the nearest of these has decimals, the value has some too
        return int(value) if number.is_integer() and value == int(value) else number
    return plain_text(value) if isinstance(value, str) else ""


class ColumnCells:
    """The cells of a column (0-based) as XML, the same that ``write_value`` and ``write_computed`` come to.

    A row is given as Excel counts it, in digits.
    """

    def __init__(self, sheet: Worksheet, column: int, formats: tuple[Format, Format, Format]) -> None:
        self._sheet = sheet
        self._formats = formats
        self._start = f'<c r="{column_letter(column + 1)}'
        self._kept_inline = lru_cache(maxsize=1024)(self._inline)

    def value(self, row: str, value: Value) -> str:
        """A value; ``None`` is a blank."""
        if value is None:
            return f"{self._start}{row}{self._text}/>"
        if isinstance(value, str):
            inside = self._kept_inline(value) if len(value) <= _KEPT else self._inline(value)
            return f'{self._start}{row}{self._text} t="inlineStr"><is>{inside}</is></c>'
        if isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime.combine(value, time())
            number: float = self._sheet._convert_date_time(moment)
        else:
            number = float(value)
        return f"{self._start}{row}{self._number}><v>{number:.16G}</v></c>"

    def _inline(self, value: str) -> str:
        text = escape(plain_text(value))
        if "_x" in text:
            text = self._sheet._escape_control_characters(text)
        space = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
        return f"<t{space}>{text}</t>"

    def computed(self, row: str, formula: str, value: Value) -> str:
        """A formula (its ``f`` element) with its computed value."""
        cached = _cached(value)
        kind = ""
        if isinstance(cached, str) and cached:
            cached, kind = escape(cached), ' t="str"'
        return f"{self._start}{row}{self._formula}{kind}>{formula}<v>{cached}</v></c>"

    # a format gets its number in the workbook when it is first used

    @cached_property
    def _number(self) -> str:
        return self._style(0)

    @cached_property
    def _text(self) -> str:
        return self._style(1)

    @cached_property
    def _formula(self) -> str:
        return self._style(2)

    def _style(self, place: int) -> str:
        return f'" s="{self._formats[place]._get_xf_index()}"'

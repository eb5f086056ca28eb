"""One value into one cell: numbers as numbers, dates as dates, and a department's text never as anything but text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.department_rows import Value


@dataclass(frozen=True, slots=True)
class Computed:
    """A value with the formula (without ``=``) that makes it."""

    formula: str
    value: Value


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
    cached: float | int | str
    if isinstance(value, Decimal | int):
        cached = int(value) if value == int(value) else float(value)
    else:
        cached = value if isinstance(value, str) else ""
    sheet.write_formula(row, column, formula, formats[2], cached)

"""One value into one cell: numbers as numbers, dates as dates, and a department's text never as anything but text."""

from __future__ import annotations

from datetime import date, datetime, time

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.tables import Value


def write_value(sheet: Worksheet, row: int, column: int, value: Value, formats: tuple[Format, Format]) -> None:
    """Write a value (0-based place) with the format for numbers or the one for texts; ``None`` stays blank."""
    number, text = formats
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

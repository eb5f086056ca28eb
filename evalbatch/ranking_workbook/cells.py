"""One value into one cell: numbers as numbers, dates as dates, and a department's text never as anything but text."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.tables import Value

MOST_CHARACTERS: Final = 32_767
"""Excel's limit of a cell, in UTF-16 units."""
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def plain_text(text: str) -> str:
    """A text that every spreadsheet shows as it stands: no control characters, not too long, no markup.

    XlsxWriter takes a text of the form ``<r>…</r>`` for ready-made XML and writes it as it is, formulas included;
    a space behind it keeps it a text.
    """
    text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if 2 * len(text) > MOST_CHARACTERS:
        units = text.encode("utf-16-le")
        if len(units) > 2 * MOST_CHARACTERS:
            text = units[: 2 * (MOST_CHARACTERS - 1)].decode("utf-16-le", "ignore") + "…"
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


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

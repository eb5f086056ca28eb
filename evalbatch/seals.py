"""A row of raw cells -> its seals, from which a spreadsheet finds out by formula that one of them was changed since.

校验码 is a number for figures and dates, 校验文 the texts as they stood; knows no sheet.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from evalbatch.cell_text import MOST_CHARACTERS, plain_text
from evalbatch.model import Value
from evalbatch.scheme import formula as language

SEAL: Final = "校验码"
TEXT_SEAL: Final = "校验文"
BETWEEN: Final = "|"
TOO_LONG: Final = "（文字过长，不加封）"
"""Stands in place of texts that no cell can hold together."""
_DECIMALS: Final = 4


def seal(values: Iterable[Value]) -> Decimal:
    """校验码: the figures, each times its place from 1 on, and how many there are, so that 0 is no blank.

    Dates count as Excel's serial day, blanks and texts not at all; rounded to 4 decimals. A sheet re-derives it, with
    the figures in D6:ZZ6, as ``SUMPRODUCT(COLUMN(D6:ZZ6)-COLUMN(D6)+1,D6:ZZ6)+COUNT(D6:ZZ6)``.
    """
    figures = [
        (place, figure) for place, value in enumerate(values, 1) if (figure := language.number(value)) is not None
    ]
    total = sum((place * figure for place, figure in figures), Decimal(len(figures)))
    return language.round_half_up(total, _DECIMALS)


def text_seal(values: Iterable[object]) -> str:
    """校验文: the texts as their cells show them, joined by ``|``; what is no text counts as none."""
    joined = BETWEEN.join(plain_text(value) if isinstance(value, str) else "" for value in values)
    return joined if len(joined.encode("utf-16-le")) <= 2 * MOST_CHARACTERS else TOO_LONG

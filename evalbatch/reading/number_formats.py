"""A number format's code -> whether a cell shows a date or a time instead of a figure, or a figure scaled down."""

from __future__ import annotations

import re
from typing import Final

_ELAPSED: Final = re.compile(r"\[ ?(?:h+|m+|s+) ?\]", re.IGNORECASE)
_NO_LETTERS: Final = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]|General|E[+-]', re.IGNORECASE)
_LITERALS: Final = re.compile(r'"[^"]*"|[\\!_*].|\[[^\]]*\]')
_SCALED: Final = re.compile(r"[0#?],+(?![0#?,])")
_LETTERS: Final = re.compile(r"[ymdhsegr]|aaa|a/p", re.IGNORECASE)


def tells_elapsed_time(code: str) -> bool:
    """Whether it shows hours, minutes or seconds beyond a day."""
    return _ELAPSED.search(code) is not None


def tells_a_date(code: str) -> bool:
    """Whether it has letters of dates and times, of eras and Chinese weekdays too (``e"年"m"月"``, ``aaaa``)."""
    return tells_elapsed_time(code) or _LETTERS.search(_NO_LETTERS.sub("", code)) is not None


def scales_down(code: str) -> bool:
    """Whether it shows thousandths or less of a figure (``#,##0,``, and ``0!.0,"万"`` for ten thousands)."""
    return _SCALED.search(_LITERALS.sub("", code)) is not None

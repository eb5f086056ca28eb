"""Texts from anywhere -> one file name that every system takes."""

from __future__ import annotations

import re
from typing import Final

_CHARACTERS: Final = 60
_BYTES: Final = 250
_ILLEGAL: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]+')
"""What Windows takes in no file name, with what no system shows or writes."""


def file_name(ending: str, *parts: str) -> str:
    """The parts joined by ``_``, then the ending: with what no file name may have replaced, and no longer than it may be."""
    stem = "_".join(_ILLEGAL.sub("_", part)[:_CHARACTERS].strip() for part in parts)
    room = _BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending

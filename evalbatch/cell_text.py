"""A text from anywhere -> a text that a spreadsheet shows as it stands; used by both doors out."""

from __future__ import annotations

import html
import re
from typing import Final

MOST_CHARACTERS: Final = 32_767
"""Excel's limit of a cell, in UTF-16 units."""
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def plain_text(text: str) -> str:
    """A text that every spreadsheet shows as it stands: no control characters, not too long, no markup.

    XlsxWriter takes a text of the form ``<r>…</r>`` for ready-made XML and writes it as it is, formulas included;
    a space behind it keeps it a text.
    """
    if not text.isprintable():
        text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if 2 * len(text) > MOST_CHARACTERS:
        units = text.encode("utf-16-le")
        if len(units) > 2 * MOST_CHARACTERS:
            text = units[: 2 * (MOST_CHARACTERS - 1)].decode("utf-16-le", "ignore") + "…"
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def escape(text: str) -> str:
    """A text as it stands between the tags of XML; the library's own for XML takes a web client along."""
    return html.escape(text, quote=False)

"""Names as mails and archives write them -> names as a register shows them; whatever they are, they lead nowhere."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

NAMELESS: Final = "未命名"
_LONGEST: Final = 120
"""Characters of a name; file systems take about as many Chinese ones."""
_DEEPEST: Final = 12
"""Folders that a name in an archive may have; the innermost are kept."""
_CHINESE: Final = frozenset({"gb2312", "gb_2312-80", "gbk", "cp936", "ms936", "x-gbk", "gb18030", "hz-gb-2312"})
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that make a name read otherwise than it is spelled."""


def decoded(raw: bytes, charset: str = "") -> str:
    """Bytes as text: in the charset that is named, else as UTF-8, else as GB18030, which holds GBK and GB2312."""
    named = charset.lower().strip()
    named = "gb18030" if named in _CHINESE and named != "hz-gb-2312" else named
    for encoding in (named, "utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def tidy_path(name: str) -> str:
    """A path within an archive: no way up or out, no character that cannot be shown, ``/`` between its parts."""
    parts = [tidy(part) for part in re.split(r"[/\\]", name) if not re.fullmatch(r"[. ]*|[A-Za-z]:", part)]
    return "/".join(parts[-_DEEPEST:]) or NAMELESS


def tidy(name: str) -> str:
    """A single name: no separator, no character that cannot be shown, not too long, its ending kept."""
    text = "".join(" " if _unseen(character) else character for character in name)
    text = " ".join(re.sub(r"[/\\]", "_", text).split()).rstrip(". ") or NAMELESS
    if len(text) > _LONGEST:
        ending = PurePosixPath(text).suffix[-10:]
        text = text[: _LONGEST - len(ending)] + ending
    return text


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _DIRECTIONS


class Names:
    """The names given so far in one mail or archive; a second file of one name is numbered."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The name, or the same with the next number that is free."""
        own = name
        while own in self._given:
            number = self._numbers[name] = self._numbers.get(name, 1) + 1
            path = PurePosixPath(name)
            own = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self._given.add(own)
        return own

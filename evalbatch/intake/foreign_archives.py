"""A .7z or .rar -> its pieces, by libarchive where it is installed; a sentence that says what to do where it is not."""

from __future__ import annotations

import locale
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from evalbatch.intake.archives import DAMAGED, DEVICE, LINK, locked
from evalbatch.intake.arrivals import MAX_FILE
from evalbatch.intake.names import decoded
from evalbatch.intake.pieces import TOO_LARGE, Damaged, Excess, Piece

UNREAD: Final = (
    "本机没有安装读取 .7z、.rar 的组件，其中的文件没有读取。请解压后放入收件文件夹重新运行，或请部门改用 .zip 报送。"
)
MAGIC: Final = {b"7z\xbc\xaf\x27\x1c": "7zip", b"Rar!\x1a\x07\x00": "rar", b"Rar!\x1a\x07\x01\x00": "rar5"}
"""How such a file begins, and what libarchive calls it."""
_LONGEST_MAGIC: Final = max(map(len, MAGIC))
_PASSWORD_WORDS: Final = ("encrypt", "passphrase", "password")


def foreign_pieces(file: BinaryIO, most: int) -> Iterator[Piece]:
    """The files of a .7z or .rar of ``most`` bytes together; raises Damaged or Excess."""
    library = _library()
    name, held = "", 0
    head = file.read(_LONGEST_MAGIC)
    file.seek(0)
    # left to itself the library would find a workbook that stands uncompressed in a .rar
    form = next(form for magic, form in MAGIC.items() if head.startswith(magic))
    try:
        with library.stream_reader(file, form, "none") as archive:
            for entry in archive:
                name = entry.pathname if isinstance(entry.pathname, str) else decoded(entry.pathname or b"")
                if entry.isdir:
                    continue
                if not entry.isfile or entry.islnk:
                    yield Piece(name, skipped=LINK if entry.issym or entry.islnk else DEVICE)
                    continue
                held += entry.size or 0
                if held > most:
                    raise Excess
                yield _read(entry, name)
    except library.ArchiveError as error:
        if any(word in str(error).lower() for word in _PASSWORD_WORDS):
            if name:
                yield locked(name)
            raise Damaged("压缩包设有密码，无法读取。请去掉密码后重新报送。") from None
        raise Damaged(DAMAGED) from None


def _read(entry: Any, name: str) -> Piece:
    content = bytearray()
    for block in entry.get_blocks():
        content += block
        if len(content) > MAX_FILE:
            return Piece(name, fault=TOO_LARGE)
    return Piece(name, bytes(content))


def _library() -> Any:
    try:
        import libarchive
    except (ImportError, OSError, TypeError, AttributeError):  # the package, or the library of the system that it needs
        raise Damaged(UNREAD) from None
    if "UTF" not in (locale.setlocale(locale.LC_CTYPE) or "").upper():
        # it gives names in the characters of the locale
        for name in ("C.UTF-8", "en_US.UTF-8", ".UTF8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
                break
            except locale.Error:
                continue
    return libarchive

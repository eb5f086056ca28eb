"""A mail as Outlook saves it (.msg) -> what it says of itself and its attachments, mails within it included.

Properties are those of [MS-OXPROPS], where they lie that of [MS-OXMSG]. Read from the compound file itself: the
libraries above olefile either take names in GBK for Latin or give no mail that lies in a mail.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final

import olefile

from evalbatch.intake.arrivals import MAX_FILE, local_time
from evalbatch.intake.mail import DAMAGED, ELSEWHERE, SEALED
from evalbatch.intake.names import NAMELESS, decoded, tidy
from evalbatch.intake.pieces import TOO_LARGE, Damaged, Envelope, Excess, Piece

PROPERTIES: Final = "__properties_version1.0"
"""The stream by which a compound file is told to be a mail."""
_CLASS, _SUBJECT, _SENDER, _SENDER_SMTP = 0x001A, 0x0037, 0x0C1F, 0x5D01
_SUBMITTED, _DELIVERED = 0x0039, 0x0E06
_SHORT_NAME, _METHOD, _LONG_NAME, _DISPLAY_NAME = 0x3704, 0x3705, 0x3707, 0x3001
_CODE_PAGE: Final = 0x3FFD
_PAGES_THAT_SAY_NOTHING: Final = (0, 1252, 20127, 28591, 65001)
"""Code pages that programs name whatever the texts are in."""
_CONTENT: Final = "__substg1.0_37010102"
_CONTENT_STORAGE: Final = "__substg1.0_3701000D"
_BY_REFERENCE: Final = (2, 3, 4, 7)
"""Attachments of which only a path or an address was sent."""
_HEADER_OF_MAIL, _HEADER_OF_NESTED, _HEADER_OF_ATTACHMENT = 32, 24, 8
_INTEGER, _TIME = 0x0003, 0x0040
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_DEEPEST: Final = 6
_MOST_STREAMS: Final = 50_000


def is_outlook(file: BinaryIO) -> bool:
    """Whether a compound file is a mail, and not a workbook or one of both that is too damaged to say."""
    try:
        with olefile.OleFileIO(file) as ole:
            return bool(ole.exists(PROPERTIES))
    except Exception:  # noqa: BLE001  # a damaged file breaks it anywhere
        return False


def read_outlook(file: BinaryIO) -> tuple[Envelope, Iterator[Piece]]:
    """What a mail says of itself, and its attachments; raises Damaged or Excess, then or while it is gone through."""
    try:
        ole = olefile.OleFileIO(file)
        if len(ole.direntries) > _MOST_STREAMS:
            raise Excess
        mail = _Storage(ole, [], _HEADER_OF_MAIL)
        return _envelope(mail), _all(mail)
    except Damaged:
        raise
    except Exception:  # noqa: BLE001  # a damaged file breaks it anywhere
        raise Damaged(DAMAGED) from None


class _Storage:
    """A mail or an attachment in a compound file, by its properties."""

    def __init__(self, ole: olefile.OleFileIO, path: list[str], header: int, charset: str = "") -> None:
        self._ole = ole
        self.path = path
        properties = self.stream(PROPERTIES)[header:]
        fields = (struct.unpack_from("<HHL8s", properties, place) for place in range(0, len(properties) - 15, 16))
        self._values: dict[tuple[int, int], bytes] = {(of, kind): value for kind, of, _, value in fields}
        page = self.integer(_CODE_PAGE)
        self._charset = charset if page in _PAGES_THAT_SAY_NOTHING else f"cp{page}"

    def has(self, name: str) -> bool:
        return bool(self._ole.exists([*self.path, name]))

    def size(self, name: str) -> int:
        return int(self._ole.get_size([*self.path, name]))

    def stream(self, name: str) -> bytes:
        with self._ole.openstream([*self.path, name]) as stream:
            return bytes(stream.read())

    def text(self, of: int) -> str:
        """A text, in Unicode or in the characters of the sender's machine, ``""`` without it."""
        unicode, local = f"__substg1.0_{of:04X}001F", f"__substg1.0_{of:04X}001E"
        if self.has(unicode):
            return self.stream(unicode).decode("utf-16-le", "replace").rstrip("\0")
        return decoded(self.stream(local), self._charset).rstrip("\0") if self.has(local) else ""

    def integer(self, of: int) -> int:
        return int(struct.unpack_from("<L", self._values.get((of, _INTEGER), bytes(8)))[0])

    def time(self, of: int) -> datetime | None:
        """An instant in China's time; it is kept in tenths of microseconds since 1601."""
        value = self._values.get((of, _TIME))
        if value is None:
            return None
        try:
            return local_time(_EPOCH + timedelta(microseconds=struct.unpack("<Q", value)[0] // 10))
        except OverflowError:
            return None

    def attachments(self) -> list[_Storage]:
        """In the order of their numbers."""
        depth = len(self.path)
        names = {
            path[depth]
            for path in self._ole.listdir(streams=False, storages=True)
            if len(path) == depth + 1 and path[:depth] == self.path and path[depth].startswith("__attach_version1.0_#")
        }
        return [_Storage(self._ole, [*self.path, name], _HEADER_OF_ATTACHMENT, self._charset) for name in sorted(names)]

    def nested(self) -> _Storage | None:
        """The mail that an attachment is."""
        path = [*self.path, _CONTENT_STORAGE]
        if not self._ole.exists([*path, PROPERTIES]):
            return None
        return _Storage(self._ole, path, _HEADER_OF_NESTED, self._charset)


def _envelope(mail: _Storage) -> Envelope:
    sender = mail.text(_SENDER_SMTP) or mail.text(_SENDER)
    subject = " ".join(mail.text(_SUBJECT).split())
    return Envelope(subject, mail.time(_SUBMITTED) or mail.time(_DELIVERED), sender if "@" in sender else "")


def _all(mail: _Storage) -> Iterator[Piece]:
    try:
        if "SMIME" in mail.text(_CLASS).upper():
            yield Piece("smime.p7m", fault=SEALED)
            return
        yield from _attachments(mail, "", None)
    except Damaged:
        raise
    except Exception:  # noqa: BLE001  # a damaged file breaks it anywhere
        raise Damaged(DAMAGED) from None


def _attachments(mail: _Storage, folder: str, envelope: Envelope | None, depth: int = 0) -> Iterator[Piece]:
    """The attachments of a mail; those of a mail within it stand below that."""
    if depth > _DEEPEST:
        raise Excess
    for number, attachment in enumerate(mail.attachments(), 1):
        name = next(filter(None, map(attachment.text, (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME))), NAMELESS)
        nested = attachment.nested()
        if nested is not None:
            own = f"{folder}{number:02}_{tidy(_envelope(nested).subject or name)}.msg"
            said = _envelope(nested).within(envelope or Envelope())
            yield Piece(
                own, skipped=f"邮件中的邮件，内含 {len(nested.attachments())} 个附件", envelope=said, is_mail=True
            )
            yield from _attachments(nested, f"{own}/", said, depth + 1)
        else:
            yield _attachment(attachment, f"{folder}{tidy(name)}", envelope)


def _attachment(attachment: _Storage, name: str, envelope: Envelope | None) -> Piece:
    if attachment.integer(_METHOD) in _BY_REFERENCE:
        return Piece(name, fault=ELSEWHERE, envelope=envelope)
    if not attachment.has(_CONTENT):
        what = "粘贴在邮件中的对象，未读取"
        return Piece(name, skipped=what, envelope=envelope)
    if attachment.size(_CONTENT) > MAX_FILE:
        return Piece(name, fault=TOO_LARGE, envelope=envelope)
    return Piece(name, attachment.stream(_CONTENT), envelope=envelope)

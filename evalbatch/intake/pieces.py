"""What the readers of mails and archives give: the pieces that lay in one, and why it gives no more."""

from __future__ import annotations

import io
import mmap
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO, Final

from evalbatch.intake.arrivals import MAX_FILE

TOO_LARGE: Final = f"超过{MAX_FILE // 1024**2}MB，超出读取上限。请删去图片等无关内容后重新报送。"


class Damaged(Exception):
    """A mail or an archive that gives no more pieces; the text says why and what to do."""


class Excess(Damaged):
    """A mail or an archive in which there is more than is taken from any: none of it is."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a mail says of itself."""

    subject: str = ""
    sent: datetime | None = None
    """As ``local_time`` gives it."""
    sender: str = ""

    def within(self, outer: Envelope) -> Envelope:
        """The same for a mail in another one: what it does not say is as there."""
        return replace(
            self,
            subject=self.subject or outer.subject,
            sent=self.sent or outer.sent,
            sender=self.sender or outer.sender,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One file that lay in a mail or an archive, by the name that it has there.

    ``skipped`` says why it is not to be opened at all, ``fault`` why its bytes cannot be had and what to do.
    A piece that can be read where it stands has ``start`` and ``size`` instead of its content.
    """

    name: str
    content: bytes = b""
    skipped: str = ""
    fault: str = ""
    start: int | None = None
    size: int = 0
    envelope: Envelope | None = None
    """Of the mail that it lay in, where that is a part of the one that was opened."""
    is_mail: bool = False
    """Whether it is such a mail, of which there are no bytes."""


def searchable(file: BinaryIO) -> bytes | mmap.mmap:
    """The bytes of an open file, to be searched without being read into memory."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

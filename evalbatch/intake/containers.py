"""A mail, a mailbox or an archive -> what lies in it as arrivals of their own, within bounds."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from evalbatch.intake.archives import compressed_piece, tar_pieces, zip_pieces
from evalbatch.intake.arrivals import MAX_FILE, Allowance, Arrival, byproduct
from evalbatch.intake.foreign_archives import foreign_pieces
from evalbatch.intake.kinds import MAILS, Kind, kind_of
from evalbatch.intake.mail import mails_of, read_mail
from evalbatch.intake.names import Names, tidy_path
from evalbatch.intake.outlook import read_outlook
from evalbatch.intake.pieces import Damaged, Envelope, Excess, Piece
from evalbatch.temporaries import NoRoom

MOST_BYTES: Final = 2 * 1024**3
"""What may come out of one mail or archive; it waits on disk until it is examined."""
MOST_MEMBERS: Final = 10_000
MOST_MAILS: Final = 100_000
DEEPEST: Final = 6
"""Mails and archives within each other that are still opened."""
LARGEST: Final = 4 * 1024**3
"""Bytes of a mailbox or an archive; it is searched where it lies."""
_MUCH: Final = "内含文件过多、展开后过大或嵌套过深，超出读取上限。请分成几个后重新报送，或解开后放入收件文件夹。"
_NOTHING: Final = "压缩包内没有文件。请核对后重新报送。"
_TNEF: Final = "附件是 Outlook 专用格式（winmail.dat），无法读取。请发件人改用纯文本或 HTML 格式重新发送。"
_PREFIX: Final = "evalbatch-"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a mail or archive says of itself, what lay in it, and why that is not all, ``""`` when it is."""

    arrival: Arrival
    members: tuple[Arrival, ...]
    damage: str
    said: str
    """One sentence for the register."""


def open_container(arrival: Arrival, kind: Kind, file: BinaryIO) -> Opened:
    """What lies in a mail or an archive; until it is examined it waits in a temporary file of its own.

    Never raises for what the file holds, only NoRoom, OSError and MemoryError for what the machine lacks.
    """
    taken = _Taken(replace(arrival, is_mail=kind in MAILS), MOST_MAILS if kind == "邮箱导出文件" else MOST_MEMBERS)
    damage = ""
    try:
        if arrival.depth >= DEEPEST or arrival.size > (MAX_FILE if kind in MAILS else LARGEST):
            raise Excess
        envelope, pieces = _read(kind, PurePosixPath(arrival.name).name, file, taken.most_bytes)
        taken.addressed(envelope)
        taken.take(pieces)
        if not len(taken) and kind not in MAILS:
            damage = _NOTHING
    except Excess:
        taken.drop()
        damage = _MUCH
    except Damaged as error:
        damage = str(error)
    except BaseException:
        taken.drop()
        raise
    return Opened(taken.arrival, taken.members(), damage, _said(kind, len(taken)))


def _read(kind: Kind, name: str, file: BinaryIO, most: int) -> tuple[Envelope, Iterator[Piece]]:
    match kind:
        case "邮件":
            return read_mail(file.read())
        case "Outlook 邮件":
            return read_outlook(file)
        case "邮箱导出文件":
            return Envelope(), mails_of(file)
        case "压缩包":
            return Envelope(), zip_pieces(file, most)
        case "tar 压缩包":
            return Envelope(), tar_pieces(file, most)
        case "压缩文件":
            return Envelope(), compressed_piece(file, name)
        case "7z/rar 压缩包":
            return Envelope(), foreign_pieces(file, most)
        case "winmail.dat":
            raise Damaged(_TNEF)


def _said(kind: Kind, members: int) -> str:
    if kind in MAILS:
        hint = "（以链接发送的超大附件须下载后放入收件文件夹）"
        return f"{kind}，{f'内含 {members} 个附件' if members else f'没有附件{hint}'}"
    return f"{kind}，内含 {members} {'封邮件' if kind == '邮箱导出文件' else '个文件'}"


class _Taken:
    """What was taken from one mail or archive so far."""

    def __init__(self, arrival: Arrival, most_members: int) -> None:
        self.arrival = arrival
        self.most_bytes = min(arrival.allowance.size, MOST_BYTES)
        self._most_members = min(arrival.allowance.members, most_members)
        self._names = Names()
        self._found: list[Arrival] = []
        self._containers: list[int] = []
        """Places of those that are mails or archives themselves."""
        self._held = 0
        self._waiting: Path | None = None

    def __len__(self) -> int:
        return len(self._found)

    def addressed(self, envelope: Envelope) -> None:
        """Note what the mail itself says; for what is in it, it counts more than what a mail around it says."""
        self.arrival = _addressed(self.arrival, envelope)

    def take(self, pieces: Iterator[Piece]) -> None:
        """Keep every piece; raises Damaged after the last one that could be read, Excess for too many."""
        file, self._waiting = _waiting_room()
        try:
            with file:
                for piece in pieces:
                    if len(self) >= self._most_members or self._held + len(piece.content) > self.most_bytes:
                        raise Excess
                    self._found.append(self._member(piece))
                    self._held += _append(file, piece.content)
        finally:
            if not self._held:
                self._waiting.unlink()

    def drop(self) -> None:
        """Give up everything."""
        self._found.clear()
        self._containers.clear()
        if self._waiting is not None:
            self._waiting.unlink(missing_ok=True)

    def members(self) -> tuple[Arrival, ...]:
        """The pieces as arrivals; what this one may still take is shared out among the mails and archives of them.

        Half of it in equal parts and half by size: the whole is bounded, however they lie within each other, and it
        does not depend on which of them is opened first.
        """
        among = [self._found[place] for place in self._containers]
        everything = sum(member.size for member in among) or 1
        allowance = self.arrival.allowance
        for place, member in zip(self._containers, among, strict=True):
            share = (Fraction(1, len(among)) + Fraction(member.size, everything)) / 2
            own = Allowance(
                int((allowance.size - self._held) * share), int((allowance.members - len(self._found)) * share)
            )
            self._found[place] = replace(member, allowance=own)
        return tuple(self._found)

    def _member(self, piece: Piece) -> Arrival:
        within, name = self.arrival, tidy_path(piece.name)
        mail = within if piece.envelope is None else _addressed(within, piece.envelope)
        member = replace(
            mail, name=f"{within.name}/{self._names.take(name)}", size=len(piece.content), depth=within.depth + 1,
            refusal=piece.skipped or byproduct(name), fault=piece.fault, content=None, is_mail=piece.is_mail,
        )  # fmt: skip
        if piece.start is not None:  # it stands in the file of its mailbox
            self._containers.append(len(self._found))
            content = None if within.content is None else within.content[piece.start : piece.start + piece.size]
            return replace(member, start=(within.start or 0) + piece.start, size=piece.size, content=content)
        if not piece.content:
            return replace(member, start=0, content=b"")
        if kind_of(io.BytesIO(piece.content), name) is not None:
            self._containers.append(len(self._found))
        assert self._waiting is not None
        return replace(member, path=self._waiting, start=self._held, temporary=True)


def _waiting_room() -> tuple[io.FileIO, Path]:
    """A new temporary file, unbuffered, so that a full disk is told where it is written."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX)
    except OSError as error:
        raise NoRoom(error.errno, error.strerror) from None
    return io.FileIO(descriptor, "wb"), Path(name)


def _append(file: io.FileIO, content: bytes) -> int:
    """Write all of it; how many bytes that were."""
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise NoRoom(error.errno, error.strerror) from None
    return len(content)


def wait_together(members: Sequence[Arrival]) -> tuple[Arrival, ...]:
    """The same arrivals, with what came from another machine put into a temporary file; raises NoRoom."""
    if not any(member.content for member in members):
        return tuple(members)
    file, path = _waiting_room()
    placed = []
    with file:
        for member in members:
            if member.content:
                place = replace(member, path=path, start=file.tell(), content=None, temporary=True)
                _append(file, member.content)
                member = place
            placed.append(member)
    return tuple(placed)


def _addressed(arrival: Arrival, envelope: Envelope) -> Arrival:
    """An arrival with what its mail says."""
    return replace(
        arrival,
        subject=envelope.subject or arrival.subject,
        sender=envelope.sender or arrival.sender,
        received=envelope.sent or arrival.received,
        mailed=arrival.mailed or envelope.sent is not None,
    )

"""A mail, a mailbox or an archive, told by its content -> what lies in it as arrivals of their own, within bounds."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Literal

from evalbatch.intake.archives import ARCHIVES, compressed_piece, is_compressed_tar, tar_pieces, zip_pieces
from evalbatch.intake.arrivals import MAX_FILE, Allowance, Arrival, byproduct
from evalbatch.intake.foreign_archives import MAGIC, foreign_pieces
from evalbatch.intake.mail import mails_of, read_mail
from evalbatch.intake.names import Names, tidy_path
from evalbatch.intake.outlook import is_outlook, read_outlook
from evalbatch.intake.pieces import Damaged, Envelope, Excess, Piece, searchable
from evalbatch.reading import refuse_directory
from evalbatch.reading.container import OLE_MAGIC

Kind = Literal[
    "邮件", "Outlook 邮件", "邮箱导出文件", "压缩包", "tar 压缩包", "压缩文件", "7z/rar 压缩包", "winmail.dat"
]
_MAILS: Final = ("邮件", "Outlook 邮件")

MOST_BYTES: Final = 2 * 1024**3
"""What may come out of one mail or archive; it waits on disk until it is examined."""
MOST_MEMBERS: Final = 10_000
MOST_MAILS: Final = 100_000
DEEPEST: Final = 6
"""Mails and archives within each other that are still opened."""
LARGEST: Final = 4 * 1024**3
"""Bytes of a mailbox or an archive; it is searched where it lies."""
_MUCH: Final = "内含文件过多、展开后过大或嵌套过深，超出读取上限。请分成几个后重新报送，或解开后放入收件文件夹。"
_TNEF: Final = "附件是 Outlook 专用格式（winmail.dat），无法读取。请发件人改用纯文本或 HTML 格式重新发送。"
_TNEF_MAGIC: Final = bytes.fromhex("789f3e22")
_PREFIX: Final = "evalbatch-"
_HEAD: Final = 64 * 1024
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAIL_FIELDS: Final = frozenset(
    b"from to cc subject date received return-path message-id mime-version content-type delivered-to x-mailer"
    b" reply-to sender x-originating-ip dkim-signature arc-seal x-mozilla-status x-qq-mid".split()
)
_PACKAGES: Final = ("xl/", "_rels/", "word/", "ppt/", "meta-inf/", "doc_0/")
"""Folders of files that are .zip files by their form and documents by what they are."""
_PACKAGE_FILES: Final = frozenset({"[content_types].xml", "mimetype", "ofd.xml"})


@dataclass(frozen=True, slots=True)
class Opened:
    """What a mail or archive says of itself, what lay in it, and why that is not all, ``""`` when it is."""

    arrival: Arrival
    members: tuple[Arrival, ...]
    damage: str
    said: str
    """One sentence for the register."""


def kind_of(file: BinaryIO, name: str) -> Kind | None:
    """What kind of mail or archive a file is by its content, ``None`` when it is none; it stands at its start again.

    Only where the content is too damaged to tell an archive from a document, the name does.
    """
    head = file.read(_HEAD)
    file.seek(0)
    if head.startswith(OLE_MAGIC):
        outlook = is_outlook(file)
        file.seek(0)
        return "Outlook 邮件" if outlook else None
    if head.startswith((b"PK\3\4", b"PK\5\6", b"PK00PK\3\4")):
        return None if _is_document(file, name) else "压缩包"
    if head.startswith(tuple(MAGIC)):
        return "7z/rar 压缩包"
    if head.startswith((b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0")):
        return "tar 压缩包" if is_compressed_tar(file) else "压缩文件"
    if head[257:262] == b"ustar":
        return "tar 压缩包"
    if head.startswith(_TNEF_MAGIC):
        return "winmail.dat"
    if re.match(rb"From [^\n]*\d\d:\d\d[^\n]*\n", head):
        return "邮箱导出文件"
    return "邮件" if _is_mail(head) else None


def _is_document(file: BinaryIO, name: str) -> bool:
    """Whether a .zip file is a workbook, a Word file, … rather than an archive."""
    try:
        refuse_directory(searchable(file))
        with zipfile.ZipFile(file) as package:
            names = [name.lower().lstrip("/") for name in package.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return PurePosixPath(name).suffix.lower() not in ARCHIVES | {""}
    finally:
        file.seek(0)
    return any(name in _PACKAGE_FILES or name.startswith(_PACKAGES) for name in names)


def _is_mail(head: bytes) -> bool:
    """Whether bytes begin as a mail does: fields one below the other, two at least of those that mails have."""
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines()
    known = set()
    for number, line in enumerate(lines):
        if not line.strip():
            break
        if line[:1] in b" \t" and number:
            continue
        if _FIELD.match(line) is None:
            return False
        known.add(line.partition(b":")[0].strip().lower())
    return len(known & _MAIL_FIELDS) >= 2


def open_container(arrival: Arrival, kind: Kind, file: BinaryIO) -> Opened:
    """What lies in a mail or an archive; until it is examined it waits in a temporary file of its own.

    Never raises for what the file holds, only OSError and MemoryError for what the machine lacks.
    """
    taken = _Taken(arrival, MOST_MAILS if kind == "邮箱导出文件" else MOST_MEMBERS)
    damage = ""
    try:
        if arrival.depth >= DEEPEST or arrival.size > (MAX_FILE if kind in _MAILS else LARGEST):
            raise Excess
        envelope, pieces = _read(kind, PurePosixPath(arrival.name).name, file, taken.most_bytes)
        taken.addressed(envelope)
        taken.take(pieces)
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
    if kind in _MAILS:
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
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX)
        self._waiting = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    if len(self) >= self._most_members or self._held + len(piece.content) > self.most_bytes:
                        raise Excess
                    self._found.append(self._member(piece))
                    self._held += file.write(piece.content)
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
            refusal=piece.skipped or byproduct(name), fault=piece.fault, content=None,
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


def wait_together(members: Sequence[Arrival]) -> tuple[Arrival, ...]:
    """The same arrivals, with what came from another machine put into a temporary file; raises OSError."""
    if not any(member.content for member in members):
        return tuple(members)
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX)
    placed = []
    with os.fdopen(descriptor, "wb") as file:
        for member in members:
            if member.content:
                place = replace(member, path=Path(name), start=file.tell(), content=None, temporary=True)
                file.write(member.content)
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

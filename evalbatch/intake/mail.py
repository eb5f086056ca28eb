"""A mail as it travels (.eml) -> what it says of itself and its attachments; a mailbox (.mbox) -> its mails."""

from __future__ import annotations

import base64
import mmap
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.errors import InvalidBase64LengthDefect, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from typing import BinaryIO, Final

from evalbatch.intake.arrivals import CHINA, FORK, MAX_FILE, local_time
from evalbatch.intake.names import NAMELESS, decoded, tidy
from evalbatch.intake.pieces import TOO_LARGE, Damaged, Envelope, Excess, Piece, searchable

DAMAGED: Final = "邮件已损坏，附件无法取出。请发件人重新发送，或另存附件后放入收件文件夹。"
SEALED: Final = "邮件经加密或签名封装（S/MIME），附件无法取出。请发件人改用普通邮件重新发送。"
ELSEWHERE: Final = "附件只是一个链接，没有随邮件发送。请下载后放入收件文件夹，或请发件人重新发送。"
_AS_IT_CAME: Final = policy.compat32.clone(max_line_length=None)
_SEALED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_MOST_PARTS: Final = 2_000
_DEEPEST: Final = 100
"""Parts within parts; the parser goes down one call each."""
_LONGEST: Final = 8_192
"""Characters of a header that are looked at."""
_MULTIPART: Final = re.compile(rb"^content-type:\s*multipart/|^content-type:\s*message/", re.IGNORECASE | re.MULTILINE)
_SEPARATOR: Final = re.compile(rb"From [^\n]*\d\d:\d\d[^\n]*\n(?=>?[!-9;-~]+:)")
_SUBJECT: Final = re.compile(rb"^subject:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_HEADERS: Final = 64 * 1024
"""Bytes in which the subject of a mail in a mailbox is looked for."""


def read_mail(content: bytes) -> tuple[Envelope, Iterator[Piece]]:
    """What a mail says of itself, and its attachments; raises Damaged or Excess, then or while it is gone through."""
    if len(_MULTIPART.findall(content)) > _MOST_PARTS:
        raise Excess
    try:
        message = BytesParser(policy=_AS_IT_CAME).parsebytes(content)
        return _envelope(message), _attachments(message)
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, IndexError, RecursionError):
        raise Damaged(DAMAGED) from None


def mails_of(file: BinaryIO) -> Iterator[Piece]:
    """The mails of a mailbox, each where it stands; raises Damaged for one without any."""
    content = searchable(file)
    places = list(_separators(content))
    if not places:
        raise Damaged("邮箱导出文件中没有读出邮件。请改为逐封导出（.eml）后放入收件文件夹。")
    ends = [start for start, _ in places[1:]] + [len(content)]
    for number, ((_, start), end) in enumerate(zip(places, ends, strict=True), 1):
        subject = _SUBJECT.search(content[start : min(end, start + _HEADERS)])
        told = tidy(_decoded_words(decoded(subject[1]))) if subject is not None else NAMELESS
        name, size = f"{number:05}_{told}.eml", end - start
        yield Piece(name, fault=TOO_LARGE) if size > MAX_FILE else Piece(name, start=start, size=size)


def _separators(content: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where each line that begins a mail starts and ends; looked for by its first word, as mailboxes have gigabytes."""
    place = 0
    while True:
        match = _SEPARATOR.match(content, place)
        if match is not None:
            yield match.span()
        place = content.find(b"\nFrom ", place) + 1
        if not place:
            return


# ---------------------------------------------------------------- what a mail says of itself


def _envelope(message: Message) -> Envelope:
    return Envelope(
        " ".join(_decoded_words(_header(message, "subject")).split()),
        _sent(message),
        _sender(message),
    )


def _sender(message: Message) -> str:
    try:
        return parseaddr(_decoded_words(_header(message, "from")))[1]
    except (ValueError, IndexError, RecursionError):  # comments within comments
        return ""


def _sent(message: Message) -> datetime | None:
    """When it was sent: its Date, else when the last server received it."""
    for text in (_header(message, "date"), _header(message, "received").rpartition(";")[2]):
        moment = mail_time(text)
        if moment is not None:
            return moment
    return None


def mail_time(text: str) -> datetime | None:
    """A date as mails write it (RFC 5322), as clocks in China show it; one that names no zone was written there."""
    try:
        moment = parsedate_to_datetime(" ".join(text.split()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if "-0000" in text else CHINA)
    return local_time(moment)


def _header(message: Message, name: str) -> str:
    """A header as text; bytes that are no ASCII, which no standard allows and many programs send, are read all the same."""
    for key, value in message.raw_items():
        if key.lower() == name:
            return decoded(str(value)[:_LONGEST].encode("utf-8", "surrogateescape"))
    return ""


def _decoded_words(text: str) -> str:
    """Text with its encoded words read (RFC 2047); what is none stays as it is."""
    try:
        pieces = decode_header(text)
    except MessageError:
        return text
    return "".join(piece if isinstance(piece, str) else _word(piece, charset) for piece, charset in pieces)


def _word(piece: bytes, charset: str | None) -> str:
    # what stands beside an encoded word comes as raw-unicode-escape bytes
    return decoded(piece, charset) if charset else piece.decode("raw-unicode-escape", "replace")


# ---------------------------------------------------------------- attachments


def _attachments(message: Message) -> Iterator[Piece]:
    try:
        waiting: list[tuple[Message, int]] = [(message, 0)]
        whole = True
        while waiting:
            part, depth = waiting.pop()
            if depth > _DEEPEST:
                raise Excess
            kind = part.get_content_type()
            if kind == "message/rfc822" and part is not message:
                yield _nested(part)
            elif kind == "message/external-body":
                yield Piece(_file_name(part) or NAMELESS, fault=ELSEWHERE)
            elif part.is_multipart():
                within = [inner for inner in part.get_payload() if isinstance(inner, Message)]
                waiting.extend((inner, depth + 1) for inner in reversed(within))
            elif part.get_content_maintype() == "multipart":  # cut off, or nothing says where its parts begin
                whole = False
            elif kind == "application/applefile":  # has the name of the file that it goes with
                yield Piece(_file_name(part) or NAMELESS, skipped=FORK)
            elif kind in _SEALED:
                yield Piece(_file_name(part) or "smime.p7m", fault=SEALED)
            elif _is_attachment(part):
                yield _attachment(part)
        if not whole:
            raise Damaged(DAMAGED)
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, IndexError, RecursionError):
        raise Damaged(DAMAGED) from None


def _is_attachment(part: Message) -> bool:
    """Whether a part is a file: it has a name, says that it is one, or is no text to be read in the mail."""
    disposition = _header(part, "content-disposition").split(";")[0].strip().lower()
    return bool(disposition == "attachment" or part.get_content_maintype() != "text" or _file_name(part))


def _attachment(part: Message) -> Piece:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        # cut off within a byte: left as it is it would pass for a text
        whole = re.sub(rb"[^A-Za-z0-9+/]", b"", content)[:-1]
        content = base64.b64decode(whole)
    return Piece(_file_name(part) or NAMELESS, content)


def _nested(part: Message) -> Piece:
    """A mail in a mail, as bytes of its own."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Message):
        return Piece(_file_name(part) or NAMELESS, fault=DAMAGED)
    if _header(part, "content-transfer-encoding").strip().lower() in ("base64", "quoted-printable"):
        # not allowed for a mail in a mail, and met all the same: then the parser took what is encoded for its text
        inner["content-transfer-encoding"] = _header(part, "content-transfer-encoding")
        content = inner.get_payload(decode=True)
    else:
        content = inner.as_bytes(policy=_AS_IT_CAME)
    name = _file_name(part) or _decoded_words(_header(inner, "subject")) or NAMELESS
    name = name if name.lower().endswith((".eml", ".msg")) else f"{name}.eml"
    return Piece(name, content if isinstance(content, bytes) else b"")


def _file_name(part: Message) -> str:
    """The name of an attachment (RFC 2183, RFC 2231, RFC 2047, or bytes of GBK as they are), ``""`` without one."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        shell = Message(policy=_AS_IT_CAME)
        shell[header] = _header(part, header)
        value = shell.get_param(parameter, None, header)
        if isinstance(value, tuple):
            charset, _, text = value
            value = decoded(text.encode("latin-1", "replace"), charset or "")
        if value:
            return tidy(_decoded_words(value))
    return ""

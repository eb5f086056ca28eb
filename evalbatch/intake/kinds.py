"""A file -> what kind of mail or archive it is, told by its content."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, Final, Literal

from evalbatch.intake.archives import ARCHIVES, is_compressed_tar
from evalbatch.intake.foreign_archives import MAGIC
from evalbatch.intake.outlook import is_outlook
from evalbatch.intake.pieces import searchable
from evalbatch.reading import refuse_directory
from evalbatch.reading.container import OLE_MAGIC

Kind = Literal[
    "邮件", "Outlook 邮件", "邮箱导出文件", "压缩包", "tar 压缩包", "压缩文件", "7z/rar 压缩包", "winmail.dat"
]
MAILS: Final = ("邮件", "Outlook 邮件")
"""The kinds of which one was sent by one sender."""

_TNEF_MAGIC: Final = bytes.fromhex("789f3e22")
_HEAD: Final = 64 * 1024
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAIL_FIELDS: Final = frozenset(
    b"from to cc subject date received return-path message-id mime-version content-type delivered-to x-mailer"
    b" reply-to sender x-originating-ip dkim-signature arc-seal x-mozilla-status x-qq-mid".split()
)
_PACKAGES: Final = ("xl/", "_rels/", "word/", "ppt/", "meta-inf/", "doc_0/")
"""Folders of files that are .zip files by their form and documents by what they are."""
_PACKAGE_FILES: Final = frozenset({"[content_types].xml", "mimetype", "ofd.xml"})


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
    if head.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"PK00PK\3\4")):
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

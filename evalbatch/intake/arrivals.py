"""Files and folders -> every file in them exactly once, in a stable order; opens none of them."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from typing import Final

MAX_FILE: Final = 100 * 1024 * 1024
"""Bytes of a file that is still read as a whole."""
FORK: Final = "macOS 附带的文件，未读取"
SPREADSHEETS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ods"})
"""Names under which a department sends what it means to be its workbook."""

CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InboxError(ValueError):
    """An INBOX that is not there; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still come out of a mail or an archive, at any depth: bytes and files."""

    size: int = 20 * 1024**3
    members: int = 200_000


_GENEROUS: Final = Allowance()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that arrived. ``name`` is its path relative to the inbox, with forward slashes.

    What lay in a mail or an archive has the name of that as its folder.
    """

    path: Path
    name: str
    size: int
    received: datetime
    """File time or date of the mail, in whole seconds, as ``local_time`` gives it."""
    refusal: str = ""
    """Why it is not opened at all (a link, a device, a lock file); ``""`` for an ordinary file."""
    fault: str = ""
    """Why its bytes could not be had from the mail or archive that it lay in, and what to do."""
    start: int | None = None
    """Where it begins in ``path``, for what lay in a mail or an archive; ``None`` for a file of its own."""
    temporary: bool = False
    """Whether ``path`` is a temporary file, to be removed once all that waits in it is examined."""
    content: bytes | None = None
    """The bytes of what lay in a mail or an archive, on their way from one machine to another."""
    subject: str = ""
    """Subject of the mail it came in."""
    sender: str = ""
    """Address of the mail's sender, for the return notice only."""
    depth: int = 0
    """How many mails and archives it lay in."""
    is_mail: bool = False
    """Whether it is a mail itself: what lies in one was sent together."""
    mailed: bool = False
    """Whether ``received`` is the date of a mail and not the time of a file."""
    allowance: Allowance = _GENEROUS

    def open(self) -> io.BufferedReader | io.BytesIO:
        """Its bytes as a file; raises OSError."""
        if self.start is None and self.content is None:
            return self.path.open("rb")
        return io.BytesIO(self.read())

    def read(self) -> bytes:
        """Its bytes; raises OSError."""
        if self.content is not None:
            return self.content
        if self.start is None:
            return self.path.read_bytes()
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


def local_time(instant: datetime) -> datetime:
    """An instant (with its zone) as clocks in China show it, in whole seconds and without a zone.

    The zone is fixed, so that the same inbox gives the same register on every machine.
    """
    try:
        return instant.astimezone(CHINA).replace(microsecond=0, tzinfo=None)
    except OverflowError:
        return instant.replace(microsecond=0, tzinfo=None)


def find_arrivals(inboxes: Sequence[Path]) -> tuple[Arrival, ...]:
    """Every file under the given files and folders, sorted by name; raises InboxError for a missing one.

    Links are named but never followed, so that nothing outside the inbox is read.
    """
    found: dict[Path, Arrival] = {}
    for inbox in inboxes:
        if not inbox.exists():
            raise InboxError(f"找不到 {inbox}，请核对路径。")
        for path, name in _files(inbox):
            key = path.absolute()
            if key not in found:
                found[key] = _arrival(path, name)
    arrivals = list(found.values())
    names = [arrival.name for arrival in arrivals]
    if len(set(names)) < len(names):
        # two inboxes hold the same relative name, so the inbox itself becomes part of it
        arrivals = [_rename(arrival, inboxes) for arrival in arrivals]
    return tuple(sorted(arrivals, key=lambda arrival: arrival.name))


def _files(inbox: Path) -> Iterator[tuple[Path, str]]:
    if not inbox.is_dir():
        yield inbox, inbox.name
        return
    for folder, folders, names in os.walk(inbox, followlinks=False):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            yield path, path.relative_to(inbox).as_posix()


def _arrival(path: Path, name: str) -> Arrival:
    status = path.lstat()
    received = _file_time(status.st_mtime_ns // 10**9)
    refusal = ""
    if stat.S_ISLNK(status.st_mode):
        refusal = "符号链接，未读取"
    elif not stat.S_ISREG(status.st_mode):
        refusal = "不是普通文件，未读取"
    else:
        refusal = byproduct(name)
    return Arrival(path, name, status.st_size, received, refusal)


def byproduct(name: str) -> str:
    """Why a file of this name is nothing that anybody sent, ``""`` when it may be something."""
    path = PurePosixPath(name)
    if path.name.startswith(("~$", ".~")):
        return "打开工作簿时产生的临时文件，未读取"
    if path.name.startswith("._") or "__MACOSX" in path.parts:
        return FORK
    return ""


def _file_time(seconds: int) -> datetime:
    try:
        return local_time(_EPOCH + timedelta(seconds=seconds))
    except OverflowError:  # a clock gone wild: some file systems keep years beyond 9999
        return datetime.max.replace(microsecond=0) if seconds > 0 else datetime.min


def _rename(arrival: Arrival, inboxes: Sequence[Path]) -> Arrival:
    for number, inbox in enumerate(inboxes, 1):
        if arrival.path == inbox or inbox in arrival.path.parents:
            prefix = inbox.parent.name if arrival.path == inbox else inbox.name
            name = f"{number}-{prefix or 'inbox'}/{arrival.name}"
            return replace(arrival, name=name)
    return arrival

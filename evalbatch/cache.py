"""What was read, checked and scored from a file, kept for the next run under all that decided it; or nothing at all.

An entry is found only by the same content under the same name, judged by the same program, scheme, roster,
prefill and reviews. One that is damaged, foreign or cannot be reached is no entry: the file is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from evalbatch.deflate import DeflateError
from evalbatch.examination import Examined, digest_of
from evalbatch.intake import Arrival, Prefill, Reviews, Roster
from evalbatch.model import Finding, Summary
from evalbatch.packing import pack, unpack

MOST_BYTES: Final = 2 * 1024**3
"""What the cache may hold; the entries that nobody used for the longest time go first."""
PLACE: Final = "EVALBATCH_CACHE"
"""Environment variable with another folder for the cache than the user's own."""
_LARGEST: Final = 20 * 1024 * 1024
"""Bytes of a file that is looked up: a filled template has a hundredth of it."""
_LOOK: Final = 200
"""After how many new entries it is looked whether the cache is full."""
_PART: Final = 10
"""A full cache gives up one of so many entries."""
_WAIT: Final = 5.0
"""Seconds to wait for another process that writes."""
_DIGEST: Final = 32
_READERS: Final = ("python-calamine", "openpyxl", "xlrd", "lark")
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, used INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_use ON entry (used);
"""


class Entries:
    """Bytes by key in one file, safe under several processes; raises sqlite3.Error or OSError where it cannot be used.

    SQLite itself and not a library around it: those that are kept up keep pickled objects, which a foreign file
    could turn into anything.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._most = most
        self._new = 0
        self._file = sqlite3.connect(folder / "results.sqlite3", timeout=_WAIT, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_TABLE)

    def get(self, key: bytes) -> bytes | None:
        """What was kept under a key and is still as it was."""
        row = self._file.execute("SELECT used, value FROM entry WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        used, value = row
        today = date.today().toordinal()
        if used != today:  # a write a day is enough to know what nobody uses
            self._file.execute("UPDATE entry SET used = ? WHERE key = ?", (today, key))
        if not isinstance(value, bytes) or hashlib.sha256(key + value[_DIGEST:]).digest() != value[:_DIGEST]:
            return None
        return value[_DIGEST:]

    def put(self, key: bytes, content: bytes) -> None:
        """Keep bytes under a key."""
        value = hashlib.sha256(key + content).digest() + content
        self._file.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (key, date.today().toordinal(), value))
        self._new += 1
        if self._new % _LOOK == 0:
            self.trim()

    def trim(self) -> None:
        """Give up what was not used for the longest time until there is room."""
        while self._held() > self._most:
            self._file.execute(
                "DELETE FROM entry WHERE key IN"
                " (SELECT key FROM entry ORDER BY used LIMIT (SELECT COUNT(*) / ? + 1 FROM entry))",
                (_PART,),
            )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _held(self) -> int:
        pages, free, size = (
            int(self._file.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


def folder() -> Path:
    """Where this machine's cache lies."""
    own = os.environ.get(PLACE)
    return Path(own) if own else user_cache_path("evalbatch", appauthor=False)


def fault() -> str:
    """Why the cache cannot be used, ``""`` when it can."""
    try:
        with contextlib.closing(Entries(folder())):
            return ""
    except (sqlite3.Error, OSError) as error:
        return f"缓存 {folder()} 无法使用（{error}），本次全部重新读取。"


def judged_by(
    scheme: bytes, scheme_file: str, roster: Roster | None, prefill: Prefill | None, reviews: Reviews | None = None
) -> str:
    """What results depend on beside the file and the program."""
    known = (scheme_file, roster and roster.departments, prefill and prefill.digest, reviews and reviews.digest)
    return hashlib.sha256(scheme + repr(known).encode("utf-8", "surrogatepass")).hexdigest()


def remembered(arrival: Arrival, judged: str, examine: Callable[[], Examined[Summary]]) -> Examined[Summary]:
    """What became of a file: as kept, else as ``examine`` finds it, which is then kept."""
    entries = _entries(folder())
    if entries is None or arrival.refusal or arrival.fault or arrival.size > _LARGEST:
        return examine()
    with _unless_unusable():
        digest = digest_of(arrival)
        content = entries.get(_key(arrival, judged, digest))
        if content is not None:
            return Examined(arrival, digest, *_restored(content))
    examined = examine()
    if examined.result is not None:
        with _unless_unusable():
            entries.put(_key(arrival, judged, examined.digest), _kept(examined.result, examined))
    return examined


@contextlib.contextmanager
def _unless_unusable() -> Iterator[None]:
    """A cache that fails is as good as none."""
    with contextlib.suppress(
        sqlite3.Error, OSError, pickle.UnpicklingError, DeflateError, EOFError, ValueError, TypeError
    ):
        yield


@lru_cache(maxsize=1)
def _entries(place: Path) -> Entries | None:
    try:
        return Entries(place)
    except (sqlite3.Error, OSError):
        return None


def _key(arrival: Arrival, judged: str, digest: str) -> bytes:
    parts = (program(), judged, digest, arrival.name, arrival.subject)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


@lru_cache(maxsize=1)
def program() -> str:
    """What this program is: its own source, the libraries that read for it, and Python."""
    digest = hashlib.sha256(repr((sys.version, platform.machine(), [version(name) for name in _READERS])).encode())
    package = Path(__file__).parent
    for file in sorted(package.rglob("*.py")):
        digest.update(f"\n{file.relative_to(package).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _kept(result: Summary, examined: Examined[Summary]) -> bytes:
    pieces = tuple(result.packed[place] for place in range(len(result.packed)))
    own = replace(result, packed=pieces)
    return pack((*(getattr(own, field.name) for field in fields(Summary)), examined.refusal))


def _restored(content: bytes) -> tuple[Summary, Finding | None]:
    *own, refusal = unpack(content)
    return Summary(*own), refusal

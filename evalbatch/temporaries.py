"""Temporary files and folders that nobody need clean up after: what a killed run leaves, the next one removes.

Each is held by a lock of the operating system for as long as its process lives, so that one left behind is told from
one in use by another run, on this machine or on another that shares the folder.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

_PREFIX: Final = ".evalbatch-"
_OURS: Final = re.compile(r"\.evalbatch-[a-z0-9_]{8}")
_HELD: Final = "held"
"""The file in a temporary folder that its process holds."""
_LONGEST_PLACE: Final = 50
"""Bytes after which the name of a socket among the temporary files would be longer than systems take."""
_YOUNG: Final = 60.0
"""Seconds for which a file is left alone where it cannot be held while it is renamed."""


class NoRoom(OSError):
    """Temporary files cannot be written, whatever is to be put there."""


@contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new empty file in a folder, gone at the end unless it was renamed; whoever renames it closes it first."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
        path = Path(name)
        if _keep(descriptor, path):
            break
        os.close(descriptor)
    with os.fdopen(descriptor, "w+b") as file:
        try:
            yield file, path
        finally:
            with contextlib.suppress(OSError):
                file.close()
            path.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder with nothing but what holds it, gone at the end with what was put in."""
    while True:
        path = Path(tempfile.mkdtemp(dir=parent, prefix=_PREFIX))
        with contextlib.suppress(FileNotFoundError):  # another run took it for left behind
            descriptor = os.open(path / _HELD, os.O_RDWR | os.O_CREAT, 0o600)
            if _keep(descriptor, path / _HELD):
                break
            os.close(descriptor)
    try:
        yield path
    finally:
        os.close(descriptor)
        shutil.rmtree(path, ignore_errors=True)


def gather_temporaries() -> None:
    """Let every temporary file of this process and of those it starts lie in one folder, gone when it exits.

    To be called once and early: what is registered first is removed last, after the libraries' own tidying up.
    """
    place = Path(tempfile.gettempdir())
    remove_abandoned(place)
    if len(os.fsencode(place)) > _LONGEST_PLACE:
        return
    stack = contextlib.ExitStack()
    folder = str(stack.enter_context(temporary_folder(place)))
    atexit.register(stack.close)
    tempfile.tempdir = folder
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder))


def place_of_temporaries() -> Path:
    """The folder on whose disk temporary files lie, as its owner knows it."""
    folder = Path(tempfile.gettempdir())
    return folder.parent if _OURS.fullmatch(folder.name) else folder


def remove_abandoned(folder: Path) -> None:
    """Remove what runs that were killed left in a folder; what cannot be removed stays, and is no error."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _OURS.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove(Path(entry.path), entry.is_dir(follow_symlinks=False))


def _remove(path: Path, is_folder: bool) -> None:
    held = path / _HELD if is_folder else path
    if is_folder and not held.exists():
        path.rmdir()  # its process was killed before it held anything
        return
    if sys.platform == "win32":
        if is_folder or time.time() - held.stat().st_mtime > _YOUNG:
            held.unlink()  # refused while it is open
    else:
        descriptor = os.open(held, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if not _hold(descriptor, held):
                return
            held.unlink()
        finally:
            os.close(descriptor)
    if is_folder:
        shutil.rmtree(path)


def _keep(descriptor: int, path: Path) -> bool:
    """Hold a file just made; ``False`` when another run took it for left behind."""
    try:
        return _hold(descriptor, path)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # a network drive without locks: nobody can take it for left behind either


def _hold(descriptor: int, path: Path) -> bool:
    """Hold an open file until it is closed or the process ends; whether it was free, and still is that file."""
    if sys.platform == "win32":
        return True  # an open file cannot be removed
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return path.stat().st_ino == os.fstat(descriptor).st_ino

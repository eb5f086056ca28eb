"""Finished bytes -> a file that is whole or absent: written beside its place and renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from evalbatch.temporaries import place_of_temporaries, remove_abandoned, temporary_file, temporary_folder

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LITTLE: Final = 64 * 1024
"""Bytes that any disk worth starting on has room for."""
_HELD: Final = ("~${}", ".~lock.{}#")
"""What Excel and WPS, and LibreOffice, put beside a file that somebody has open, on a network drive too."""
_PATIENCE: Final = 5
_PAUSE: Final = 0.2
"""Seconds between tries to move a file into its place."""


class OutputError(OSError):
    """An output that cannot be written; the text is a sentence that says what to do."""


def check_writable(*targets: Path) -> None:
    """Raise OutputError, before any work is done, when one of the files cannot be written where it should be.

    What a run that was killed left beside them is removed.
    """
    for target in targets:
        if target.is_dir():
            raise OutputError(f"{target} 是文件夹，请给出文件名。")
        if not target.parent.is_dir():
            raise OutputError(f"文件夹 {target.parent} 不存在，请先建立或改用其他位置。")
    for folder, target in {target.parent: target for target in targets}.items():
        _check_room(folder, target)
    for target in targets:
        try:
            if target.exists():
                # on Windows a workbook open in Excel cannot be opened for writing
                with target.open("r+b"):
                    pass
        except OSError as error:
            raise _sentence(target, error) from None
        held = next((name for form in _HELD if (target.parent / (name := form.format(target.name))).exists()), "")
        if held and target.exists():
            raise OutputError(
                f"{target} 正在其他程序中打开（旁边有 {held}）。请关闭后重试，或改用其他位置；确已关闭的，请删去 {held}。"
            )


def check_writable_folder(target: Path) -> None:
    """The same for a folder, which may exist; what else lies in it stays."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} 是文件，请给出文件夹名。")
    if not target.exists() and not target.parent.is_dir():
        raise OutputError(f"文件夹 {target.parent} 不存在，请先建立或改用其他位置。")
    for folder in {target.parent, target if target.is_dir() else target.parent}:
        _check_room(folder, target)


def _check_room(folder: Path, target: Path) -> None:
    remove_abandoned(folder)
    try:
        with temporary_file(folder) as (file, _):
            file.write(bytes(_LITTLE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _sentence(target, error) from None


def write_atomically(target: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file beside ``target`` and move it there; on any failure nothing is left behind."""
    try:
        with temporary_file(target.parent) as (file, path):
            write(file)
            file.flush()
            os.fsync(file.fileno())
            _widen(path, target)
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there; elsewhere it is held until it is in its place
            _replace(path, target)
    except OSError as error:
        raise _sentence(target, error) from None
    except Exception as error:
        # XlsxWriter wraps what the disk said
        told = next((part for part in error.args if isinstance(part, OSError)), None)
        if told is None:
            raise
        raise _sentence(target, told) from None


def write_folder(
    target: Path,
    files: Iterable[tuple[str, Callable[[BinaryIO], None]]],
    owns: Callable[[str], bool] = lambda name: False,
) -> int:
    """Write files into a folder, a new one whole or not at all; in one that exists only files of these names change.

    All are written beside the folder first, so that whatever fails before the last one leaves it as it was. What an
    earlier run left there under a name that it ``owns`` and that is not written anew is taken away. Returns how many
    files were written.
    """
    written: list[str] = []
    try:
        with temporary_folder(target.parent) as folder:
            made = folder / "made"
            made.mkdir()
            for name, write in files:
                write_atomically(made / name, write)
                written.append(name)
            if not target.exists():
                made.replace(target)
            else:
                for name in written:
                    _replace(made / name, target / name)
                for path in target.iterdir():
                    if owns(path.name) and path.name not in written and path.is_file():
                        path.unlink()
    except OutputError:
        raise
    except OSError as error:
        raise _sentence(target, error) from None
    return len(written)


def write_with_folder(
    target: Path,
    write: Callable[[BinaryIO], None],
    folder: Path,
    files: Mapping[str, Callable[[BinaryIO], None]],
    owned: Collection[str],
) -> None:
    """Write a file and the files that belong to it in a folder beside it: all are written before any is in its place.

    Of ``owned`` names, those that ``files`` has no more are taken away, and the folder with the last of them.
    """
    try:
        if not files:
            write_atomically(target, write)
        else:
            with temporary_folder(target.parent) as made:
                for name, fill in files.items():
                    write_atomically(made / name, fill)
                write_atomically(target, write)
                folder.mkdir(exist_ok=True)
                for name in files:
                    _replace(made / name, folder / name)
        if folder.is_dir():
            for name in set(owned) - set(files):
                (folder / name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
    except OutputError:
        raise
    except OSError as error:
        raise _sentence(target, error) from None


def _replace(path: Path, target: Path) -> None:
    """Move a file over another; on Windows a virus scanner may hold the new one for a moment."""
    for _ in range(_PATIENCE):
        try:
            path.replace(target)
            return
        except PermissionError:
            time.sleep(_PAUSE)
    path.replace(target)


def _widen(temporary: Path, target: Path) -> None:
    """Give the file the rights an ordinary new file has; a temporary one is its owner's alone."""
    with contextlib.suppress(OSError):
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        else:
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)


def _sentence(target: Path, error: OSError) -> OutputError:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return OutputError(f"无法写入 {target}：没有写入权限，或文件正在 Excel 中打开。请关闭该文件或改用其他位置。")
    reason = "磁盘空间不足" if error.errno in _FULL else error.strerror or error
    return OutputError(
        f"无法写入 {target}（{reason}）。请检查磁盘空间（临时文件夹 {place_of_temporaries()} 也要有），或改用其他位置。"
    )

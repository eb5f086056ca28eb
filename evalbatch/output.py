"""Finished bytes -> a file that is whole or absent: written beside its place and renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, cast


class OutputError(OSError):
    """An output that cannot be written; the text is a sentence that says what to do."""


def check_writable(target: Path) -> None:
    """Raise OutputError, before any work is done, when ``target`` cannot be written where it should be."""
    if target.is_dir():
        raise OutputError(f"{target} 是文件夹，请给出文件名。")
    if not target.parent.is_dir():
        raise OutputError(f"文件夹 {target.parent} 不存在，请先建立或改用其他位置。")
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp")
        os.close(descriptor)
        Path(name).unlink()
        if target.exists():
            # on Windows a workbook open in Excel cannot be opened for writing
            with target.open("r+b"):
                pass
    except OSError as error:
        raise _sentence(target, error) from None


def write_atomically(target: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file beside ``target`` and move it there; on any failure nothing is left behind."""
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp", delete=False
        ) as file:
            temporary = file.name
            write(cast(BinaryIO, file))
            file.flush()
            os.fsync(file.fileno())
        _widen(Path(temporary), target)
        Path(temporary).replace(target)
        temporary = ""
    except OSError as error:
        raise _sentence(target, error) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def check_writable_folder(target: Path) -> None:
    """The same for a folder, which may exist; what else lies in it stays."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} 是文件，请给出文件夹名。")
    if not target.exists() and not target.parent.is_dir():
        raise OutputError(f"文件夹 {target.parent} 不存在，请先建立或改用其他位置。")
    place = target if target.is_dir() else target.parent
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise _sentence(target, error) from None


def write_folder(target: Path, files: Mapping[str, Callable[[BinaryIO], None]]) -> None:
    """Write files into a folder, a new one whole or not at all; in one that exists only files of these names change.

    All are written beside the folder first, so that whatever fails before the last one leaves it as it was.
    """
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-", suffix=".tmp") as temporary:
            made = Path(temporary, "made")
            made.mkdir()
            for name, write in files.items():
                write_atomically(made / name, write)
            if not target.exists():
                made.replace(target)
            else:
                for name in files:
                    (made / name).replace(target / name)
    except OutputError:
        raise
    except OSError as error:
        raise _sentence(target, error) from None


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
    if isinstance(error, PermissionError):
        return OutputError(f"无法写入 {target}：没有写入权限，或文件正在 Excel 中打开。请关闭该文件或改用其他位置。")
    return OutputError(f"无法写入 {target}（{error.strerror or error}）。请检查磁盘空间，或改用其他位置。")

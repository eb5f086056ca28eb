"""Files that are whole or absent: full disks, folders that cannot be written, and what killed runs left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from xlsxwriter import Workbook

from evalbatch import output
from evalbatch.output import OutputError, check_writable, check_writable_folder, write_atomically, write_folder
from evalbatch.temporaries import remove_abandoned, temporary_file, temporary_folder
from tests.benchmarks.killing import ROOT
from tests.test_pipeline import sample

FULL = OSError(errno.ENOSPC, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse(*arguments: object) -> None:
    raise FULL


def write_text(file: BinaryIO) -> None:
    file.write("新".encode())


def write_workbook(file: BinaryIO) -> None:
    """A workbook whose library wraps what the disk says."""
    file.write = refuse  # type: ignore[assignment,method-assign]
    with Workbook(file) as book:
        book.add_worksheet()


class Full:
    """A stream on a full disk."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return refuse


def write_to_full_disk(file: BinaryIO) -> None:
    with Workbook(Full()) as book:
        book.add_worksheet()


@pytest.mark.parametrize("write", [refuse, write_to_full_disk])
def test_a_full_disk_leaves_the_old_file_as_it_was(tmp_path: Path, write: Callable[[BinaryIO], None]) -> None:
    target = tmp_path / "排名.xlsx"
    target.write_bytes(b"old")
    with pytest.raises(OutputError, match="磁盘空间不足") as caught:
        write_atomically(target, write)
    assert str(target) in str(caught.value)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["排名.xlsx"]


def test_a_full_disk_is_told_before_work_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match="磁盘空间不足"):
        check_writable(tmp_path / "排名.xlsx")
    with pytest.raises(OutputError, match="磁盘空间不足"):
        check_writable_folder(tmp_path / "报告")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told_before_work_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", read_only)
    with pytest.raises(OutputError, match="没有写入权限"):
        check_writable(tmp_path / "排名.xlsx")


def test_a_file_opened_meanwhile_is_told_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "排名.xlsx"
    target.write_bytes(b"old")

    def opened(self: Path, other: Path) -> Path:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(output, "_PAUSE", 0.0)
    monkeypatch.setattr(Path, "replace", opened)
    with pytest.raises(OutputError, match="正在 Excel 中打开"):
        write_atomically(target, write_text)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["排名.xlsx"]


@pytest.mark.parametrize("lock", ["~$排名.xlsx", ".~lock.排名.xlsx#"])
def test_a_file_that_somebody_has_open_is_told_before_work_starts(tmp_path: Path, lock: str) -> None:
    target = tmp_path / "排名.xlsx"
    (tmp_path / lock).touch()
    check_writable(target)  # what lies there is left behind: there is no file to be open
    target.write_bytes(b"old")
    with pytest.raises(OutputError) as caught:
        check_writable(tmp_path / "其他.xlsx", target)
    assert str(caught.value) == (
        f"{target} 正在其他程序中打开（旁边有 {lock}）。请关闭后重试，或改用其他位置；确已关闭的，请删去 {lock}。"
    )
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == sorted(["排名.xlsx", lock])


LITTLE_ROOM = """
import resource, sys
from evalbatch.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
main()
"""
"""The program where the system lets no file grow beyond what it looks for at the beginning."""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_run_that_finds_no_room_for_its_workbook_says_so_and_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "排名.xlsx"
    target.write_bytes(b"old")
    command = ["run", str(sample("101001")), "-o", str(target), "--no-cache", "--jobs", "1", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_ROOM, *command],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    said = done.stderr.decode()
    assert said.startswith(f"无法写入 {target}（磁盘空间不足）。请检查磁盘空间（临时文件夹 ")
    assert said.count("\n") == 1
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["排名.xlsx"]


def test_a_scanner_that_holds_the_new_file_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, tries = Path.replace, 0

    def held(self: Path, other: Path) -> Path:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, other)

    monkeypatch.setattr(output, "_PAUSE", 0.0)
    monkeypatch.setattr(Path, "replace", held)
    write_atomically(tmp_path / "排名.xlsx", write_text)
    assert (tmp_path / "排名.xlsx").read_text(encoding="utf-8") == "新"


def test_a_written_file_has_the_rights_of_an_ordinary_one(tmp_path: Path) -> None:
    target, ordinary = tmp_path / "排名.xlsx", tmp_path / "平常"
    ordinary.touch()
    write_atomically(target, write_text)
    assert target.stat().st_mode == ordinary.stat().st_mode
    target.chmod(0o640)
    write_atomically(target, write_text)
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".evalbatch-abcd1234").write_bytes(b"half")
    folder = tmp_path / ".evalbatch-efgh5678"
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "held").touch()
    (folder / "in" / "deep" / "half").touch()
    (tmp_path / ".evalbatch-empty_78").mkdir()
    check_writable(tmp_path / "排名.xlsx")
    assert names(tmp_path) == []


def test_what_is_in_use_or_not_ours_stays(tmp_path: Path) -> None:
    others = [".evalbatch-abcd1234.xlsx", ".evalbatch-ABCD1234", ".evalbatch-x", "evalbatch"]
    for name in others:
        (tmp_path / name).touch()
    foreign = tmp_path / ".evalbatch-zzzz0000"
    foreign.mkdir()
    (foreign / "somebody's").touch()
    before = names(tmp_path)
    with temporary_file(tmp_path) as (_, path), temporary_folder(tmp_path) as folder:
        (folder / "a").touch()
        remove_abandoned(tmp_path)
        assert path.exists()
        assert (folder / "a").exists()
        assert len(names(tmp_path)) == len(before) + 2
    assert names(tmp_path) == before


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="磁盘空间不足"):
        write_folder(tmp_path / "报告", [("甲.csv", write_text), ("乙.csv", refuse)])
    assert names(tmp_path) == []
    write_folder(tmp_path / "报告", [("甲.csv", write_text)])
    assert names(tmp_path) == ["报告"]
    assert names(tmp_path / "报告") == ["甲.csv"]

"""Worker processes: a file that hangs, devours memory, kills or fails takes only itself down, and is named for it."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from evalbatch.examination import Examined
from evalbatch.intake import Arrival
from evalbatch.model import Summary
from evalbatch.scheme import Scheme
from evalbatch.temporaries import NoRoom
from evalbatch.workers import Limits, Settings, WorkersError, briefing, examine_all, process
from evalbatch.workers.local import LocalWorkers
from evalbatch.workers.process import Briefing, Work

LITTLE = Limits(seconds=30.0, memory=256 * 1024**2)
CRASHED = "读取时程序异常终止，文件可能已损坏。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"


def arrival(path: Path) -> Arrival:
    return Arrival(path, path.name, path.stat().st_size, datetime(2025, 9, 1))


@pytest.fixture
def inbox(tmp_path: Path) -> list[Arrival]:
    for number in range(12):
        (tmp_path / f"{number:02}").write_text(f"文件{number}", encoding="utf-8")
    return [arrival(path) for path in sorted(tmp_path.iterdir())]


def misbehave(item: Arrival, scheme: Scheme, briefing: Briefing) -> Examined[Summary]:
    """What a worker does here: as the file says; a well-behaved one is other material."""
    said = (item.content or item.path.read_bytes()).decode()
    match said.split():
        case ["睡"]:
            time.sleep(60)
        case ["内存"]:
            held = []
            while True:
                held.append(bytearray(16 * 1024**2))
        case ["退出"]:
            os._exit(134)
        case ["出错"]:
            raise KeyError("S99")
        case ["一次", mark]:
            if not Path(mark).exists():
                Path(mark).touch()
                os.kill(os.getpid(), signal.SIGTERM)
        case ["满"]:
            raise NoRoom(errno.ENOSPC, "No space left on device")
        case ["慢"]:
            time.sleep(0.05)
        case ["装", *names]:
            members = tuple(
                Arrival(item.path, f"{item.name}/{name}", 0, item.received, content=name.replace("+", " ").encode())
                for name in names
            )
            return Examined(item, "", other="邮件", members=members)
    return Examined(item, "", other=said)


def fates(inbox: list[Arrival], jobs: int = 2, work: Work = misbehave, limits: Limits = LITTLE) -> dict[str, str]:
    settings = Settings(None, None, jobs, limits=limits)
    found = {}
    for item in examine_all(inbox, settings, LocalWorkers(briefing(settings), jobs, work)):
        assert item.arrival.name not in found
        assert item.arrival.content is None
        assert (item.digest != "") == (item.refusal is not None)
        found[item.arrival.name] = item.other if item.refusal is None else item.refusal.what
    return found


def good(inbox: list[Arrival]) -> dict[str, str]:
    return {item.name: item.path.read_text(encoding="utf-8") for item in inbox}


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        ("内存", "读取所需内存超过上限（0.25GB），已停止。请删去与填报无关的工作表和大片空行后另存为 .xlsx 重新报送。"),
        ("退出", CRASHED),
        ("出错", "审核时程序出错（KeyError：'S99'），文件本身不一定有误。请把该文件交给程序维护人员。"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_one_bad_file_takes_only_itself_down(inbox: list[Arrival], deed: str, sentence: str, jobs: int) -> None:
    expected = good(inbox)
    inbox[4].path.write_text(deed, encoding="utf-8")
    assert fates(inbox, jobs) == expected | {"04": sentence}


def test_a_file_that_hangs_is_stopped(inbox: list[Arrival]) -> None:
    expected = good(inbox)
    inbox[4].path.write_text("睡", encoding="utf-8")
    sentence = "读取超时：1秒内没有读完，已停止。请删去与填报无关的工作表、图片和大片空行后另存为 .xlsx 重新报送。"
    assert fates(inbox, limits=Limits(seconds=1.0)) == expected | {"04": sentence}


def test_bad_files_side_by_side_are_each_named(inbox: list[Arrival]) -> None:
    expected = good(inbox)
    for number in (3, 4, 11):
        inbox[number].path.write_text("退出", encoding="utf-8")
    assert fates(inbox) == expected | {"03": CRASHED, "04": CRASHED, "11": CRASHED}


def test_memory_is_watched_where_the_system_does_not_bound_it(
    inbox: list[Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "OS_BOUNDS_MEMORY", False)
    expected = good(inbox)
    inbox[4].path.write_text("占用", encoding="utf-8")
    found = fates(inbox, 1, hoard, Limits(60.0, 128 * 1024**2))
    assert found.pop("04").startswith("读取所需内存超过上限（0.125GB）")
    assert found == {name: said for name, said in expected.items() if name != "04"}


def hoard(item: Arrival, scheme: Scheme, briefing: Briefing) -> Examined[Summary]:
    """Holds twice what is allowed where nothing refuses it, and is in no hurry to give it back."""
    if item.path.read_text(encoding="utf-8") == "占用":
        held = b"x" * (2 * briefing.limits.memory)
        time.sleep(60)
        return Examined(item, "", other=str(len(held)))
    return misbehave(item, scheme, briefing)


def test_a_worker_killed_from_outside_blames_no_file(inbox: list[Arrival], tmp_path: Path) -> None:
    expected = good(inbox)
    said = f"一次 {tmp_path / '已杀'}"
    inbox[4].path.write_text(said, encoding="utf-8")
    assert fates(inbox) == expected | {"04": said}


def test_members_are_examined_as_files_of_their_own(inbox: list[Arrival]) -> None:
    expected = good(inbox)
    said = "装 甲 装+乙+退出 退出 丙"
    inbox[4].path.write_text(said, encoding="utf-8")
    assert fates(inbox) == expected | {
        "04": "邮件",
        "04/甲": "甲",
        "04/装+乙+退出": "邮件",
        "04/装+乙+退出/乙": "乙",
        "04/装+乙+退出/退出": CRASHED,
        "04/退出": CRASHED,
        "04/丙": "丙",
    }


def test_no_room_for_what_lies_in_a_mail_ends_the_run_and_blames_no_file(inbox: list[Arrival]) -> None:
    inbox[4].path.write_text("满", encoding="utf-8")
    with pytest.raises(WorkersError, match=r"无处暂存.*No space left on device.*请清理磁盘"):
        fates(inbox)


def test_arrivals_are_taken_as_they_are_worked_on(inbox: list[Arrival]) -> None:
    taken = 0

    def many() -> Iterator[Arrival]:
        nonlocal taken
        for number in range(2000):
            taken += 1
            yield dataclasses.replace(inbox[0], name=str(number))

    settings = Settings(None, None, 1)
    ahead = []
    for done, _ in enumerate(examine_all(many(), settings, LocalWorkers(briefing(settings), 1, misbehave)), 1):
        ahead.append(taken - done)
    assert len(ahead) == 2000
    assert max(ahead) <= 3 * LocalWorkers.chunk


def dead(item: Arrival, scheme: Scheme, briefing: Briefing) -> Examined[Summary]:
    raise AssertionError("never reached")


def test_workers_that_never_start_blame_no_file(inbox: list[Arrival], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(None, None, 2)
    unusable = dataclasses.replace(briefing(settings), scheme=b"")
    with pytest.raises(WorkersError, match="工作进程无法启动"):
        list(examine_all(inbox, settings, LocalWorkers(unusable, 2, dead)))


def test_who_stops_listening_stops_the_workers(inbox: list[Arrival]) -> None:
    for item in inbox:
        item.path.write_text("慢", encoding="utf-8")
    inbox[-1].path.write_text("睡", encoding="utf-8")
    settings = Settings(None, None, 2)
    pool = LocalWorkers(briefing(settings), 2, misbehave)
    coming = examine_all(reversed(inbox), settings, pool)
    next(coming)
    processes = [worker._process for worker in pool._workers]
    assert None not in processes
    coming.close()
    assert [worker._process for worker in pool._workers] == [None, None]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker")]

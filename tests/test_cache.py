"""The cache: a file read once is not read again, what decided its result decides whether it is found, and no entry
that is damaged, foreign or out of reach ever changes a result."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from evalbatch import cache
from evalbatch.cache import Entries, judged_by, remembered
from evalbatch.department_rows import department_tables, findings_of, rows_of
from evalbatch.examination import Examined, abridge, examine_file
from evalbatch.intake import Arrival, Reviews, Roster, find_arrivals
from evalbatch.intake.roster import Department
from evalbatch.model import Summary
from tests.forms import scheme
from tests.test_pipeline import TIME, sample


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own cache for each test."""
    folder = tmp_path / "缓存"
    monkeypatch.setenv(cache.PLACE, str(folder))
    yield folder
    held = cache._entries(folder)
    if held is not None:
        held.close()
    cache._entries.cache_clear()


@pytest.fixture
def arrival(tmp_path: Path) -> Arrival:
    inbox = tmp_path / "收件"
    inbox.mkdir()
    shutil.copy(sample("203002"), inbox / "外事办.xlsx")
    return find_arrivals([inbox])[0]


class Reader:
    """Examines, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, arrival: Arrival, judged: str = "scheme") -> Examined[Summary]:
        def examine() -> Examined[Summary]:
            self.times += 1
            return abridge(examine_file(arrival, scheme(), None), scheme())

        return remembered(arrival, judged, examine)


def said(examined: Examined[Summary]) -> object:
    """Everything that was found out about a file."""
    result = examined.result
    assert result is not None
    rows = {name: list(rows_of(result, name)) for name in department_tables(scheme())}
    heads = (result.code, result.name, result.category, result.source, result.filled, result.total, result.rate)
    return examined.arrival, examined.digest, examined.refusal, heads, result.counts, rows, list(findings_of(result))


def test_a_file_is_read_once(arrival: Arrival) -> None:
    read = Reader()
    first, second = read(arrival), read(arrival)
    assert read.times == 1
    assert said(first) == said(second)
    assert said(second) == said(abridge(examine_file(arrival, scheme(), None), scheme()))


def test_whatever_decides_a_result_decides_whether_it_is_found(
    arrival: Arrival, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Reader()
    read(arrival)
    renamed = arrival.path.with_name("改名.xlsx")
    shutil.copy(arrival.path, renamed)
    other = read(Arrival(renamed, renamed.name, arrival.size, arrival.received))
    assert (read.times, other.result and other.result.source) == (2, "改名.xlsx")
    read(arrival, "another scheme")
    assert read.times == 3
    arrival.path.write_bytes(sample("101001").read_bytes())
    changed = read(arrival)
    assert (read.times, changed.result and changed.result.code) == (4, "101001")
    monkeypatch.setattr(cache, "program", lambda: "another program")
    read(arrival)
    assert read.times == 5


def test_scheme_roster_and_reviews_are_told_apart() -> None:
    def roster(name: str) -> Roster:
        department = Department("101", name, "", False)
        return Roster((department,), {"101": department}, {name: department})

    told = [
        judged_by(b"scheme", "2024.toml", None, None),
        judged_by(b"schema", "2024.toml", None, None),
        judged_by(b"scheme", "2025.toml", None, None),
        judged_by(b"scheme", "2024.toml", roster("甲"), None),
        judged_by(b"scheme", "2024.toml", roster("乙"), None),
        judged_by(b"scheme", "2024.toml", None, None, Reviews("复核.xlsx", "aa", {})),
        judged_by(b"scheme", "2024.toml", None, None, Reviews("复核.xlsx", "bb", {})),
    ]
    assert len(set(told)) == len(told)
    assert told[3] == judged_by(b"scheme", "2024.toml", roster("甲"), None)


@pytest.mark.parametrize("damage", ["flipped", "short", "empty", "text", "foreign"])
def test_a_damaged_entry_is_no_entry(arrival: Arrival, place: Path, damage: str) -> None:
    read = Reader()
    right = said(read(arrival))
    with sqlite3.connect(place / "results.sqlite3") as file:
        (value,) = file.execute("SELECT value FROM entry").fetchone()
        wrong = {
            "flipped": value[:-9] + bytes([value[-9] ^ 1]) + value[-8:],
            "short": value[: len(value) // 2],
            "empty": b"",
            "text": "文字",
            "foreign": b"\0" * 32 + value[32:],
        }[damage]
        file.execute("UPDATE entry SET value = ?", (wrong,))
    file.close()
    assert said(read(arrival)) == right
    assert read.times == 2
    assert said(read(arrival)) == right
    assert read.times == 2


def test_an_entry_under_another_key_is_no_entry(place: Path) -> None:
    entries = Entries(place)
    entries.put(b"one", b"content")
    entries._file.execute("UPDATE entry SET key = ?", (b"two",))
    assert (entries.get(b"one"), entries.get(b"two")) == (None, None)
    entries.close()


def test_a_cache_that_cannot_be_used_is_not_used(arrival: Arrival, place: Path) -> None:
    place.write_bytes(b"a file where the folder should be")
    read = Reader()
    assert said(read(arrival)) == said(read(arrival))
    assert read.times == 2
    assert cache.fault().startswith(f"缓存 {place} 无法使用（")


def test_a_file_that_is_no_cache_is_told(place: Path) -> None:
    assert cache.fault() == ""
    for part in place.iterdir():
        part.write_bytes(b"no database" * 100)
    assert cache.fault() == f"缓存 {place} 无法使用（file is not a database），本次全部重新读取。"


def test_the_longest_unused_goes_when_it_is_full(place: Path) -> None:
    entries = Entries(place, most=400_000)
    for number in range(60):
        entries.put(bytes([number]), bytes(10_000))
        entries._file.execute("UPDATE entry SET used = ? WHERE key = ?", (number, bytes([number])))
    assert entries.get(b"\0") is not None  # used today
    entries.trim()
    left = [number for number in range(60) if entries.get(bytes([number])) is not None]
    assert left[0] == 0
    assert left[1:] == list(range(left[1], 60))
    assert 25 < len(left) < 40
    entries.close()


def test_several_write_at_once(place: Path) -> None:
    def write(start: int) -> None:
        entries = Entries(place)
        for number in range(start, start + 100):
            entries.put(str(number).encode(), b"x" * number)
        entries.close()

    threads = [Thread(target=write, args=(start,)) for start in (0, 50, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = Entries(place)
    assert [entries.get(str(number).encode()) for number in range(200)] == [b"x" * number for number in range(200)]
    entries.close()


def test_a_run_with_and_without_cache_gives_the_same_bytes(tmp_path: Path, place: Path) -> None:
    inbox = tmp_path / "收件"
    inbox.mkdir()
    for code in ("101001", "101002", "203002"):
        shutil.copy(sample(code), inbox)
    (inbox / "坏.xlsx").write_bytes(b"no workbook")

    def written(*options: str) -> bytes:
        target = tmp_path / "out.xlsx"
        # a run of its own: the processes that workers are started from know the environment they were started in
        command = [
            sys.executable,
            "-m",
            "evalbatch",
            "run",
            str(inbox),
            "-o",
            str(target),
            "--time",
            TIME.isoformat(),
            *options,
        ]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 1
        return target.read_bytes()

    without = written("--no-cache")
    assert not place.exists()
    assert written() == without
    with contextlib.closing(sqlite3.connect(place / "results.sqlite3")) as file:
        assert file.execute("SELECT COUNT(*) FROM entry").fetchone() == (3,)
    assert written() == without

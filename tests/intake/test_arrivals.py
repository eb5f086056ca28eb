"""What lies in the inbox: its time is the same on every machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from evalbatch.intake import find_arrivals, local_time


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone."""
    monkeypatch.setenv("TZ", request.param)
    if hasattr(time, "tzset"):
        time.tzset()
    yield request.param
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def test_a_file_arrived_at_the_same_time_whatever_the_zone_of_the_machine(tmp_path: Path, zone: str) -> None:
    file = tmp_path / "表.xlsx"
    file.write_bytes(b"x")
    os.utime(file, (1_700_000_000.75, 1_700_000_000.75))
    assert [arrival.received for arrival in find_arrivals([tmp_path])] == [datetime(2023, 11, 15, 6, 13, 20)], zone


def test_an_instant_is_shown_as_clocks_in_china_show_it() -> None:
    assert local_time(datetime(2025, 8, 20, 23, 59, 59, 999, UTC)) == datetime(2025, 8, 21, 7, 59, 59)
    assert local_time(datetime(2025, 8, 20, 9, tzinfo=timezone(timedelta(hours=8)))) == datetime(2025, 8, 20, 9)
    assert local_time(datetime.max.replace(tzinfo=UTC)) == datetime.max.replace(microsecond=0)

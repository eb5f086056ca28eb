"""Progress as a clerk reads it: on a terminal, in a log, and not at all."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from evalbatch import console
from evalbatch.console import counting, progress
from evalbatch.pipeline import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock to be set by hand."""
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(console, "time", SimpleNamespace(monotonic=lambda: hand.now))
    return hand


def test_a_log_gets_a_line_a_minute_and_a_last_one(clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False) as show:
        for seconds, state in (
            (1, Progress(1, 300, 1, 0)),
            (59, Progress(59, 300, 58, 1)),
            (61, Progress(61, 310, 59, 2)),
            (100, Progress(100, 310, 97, 3)),
            (122, Progress(122, 7442, 119, 3)),
            (7300, Progress(7442, 7442, 7000, 442)),
        ):
            clock.now = 1000.0 + seconds
            show(state)
    assert capsys.readouterr().err.splitlines() == [
        "已审核 61/310，有效 59，退回 2，每秒 1.0，剩余约 4 分 9 秒",
        "已审核 122/7442，有效 119，退回 3，每秒 1.0，剩余约 2 小时 2 分",
        "已审核 7442/7442，有效 7000，退回 442，用时 2 小时 1 分",
    ]


def test_counting_says_the_same_without_outcomes(clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    with counting("写出", quiet=False) as show:
        show(1, 3)
        clock.now += 5
        show(3, 3)
    assert capsys.readouterr().err == "已写出 3/3，用时 5 秒\n"


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=True) as show:
        show(Progress(3, 3, 3, 0))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, legacy_windows=False)
    monkeypatch.setattr(console, "Console", lambda stderr: terminal)
    with progress(quiet=False) as show:
        show(Progress(1, 4, 1, 0))
        show(Progress(5, 5, 4, 1))
    last = screen.getvalue()
    assert "5/5" in last
    assert "有效 4，退回 1" in last

"""Progress of a run -> a bar on a terminal, a line a minute elsewhere; knows nothing of departments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from evalbatch.pipeline import Progress as State

_SECONDS_BETWEEN_LINES: Final = 60.0


class _Rate(ProgressColumn):
    """Done in a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"每秒 {speed:.1f}")


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[State], None]]:
    """A function to be called with every file done; it draws on standard error, or stays silent."""

    def outcome(state: State) -> str:
        return f"有效 {state.accepted}，退回 {state.returned}"

    with _showing("审核", quiet) as show:
        yield lambda state: show(state.done, state.total, outcome(state))


@contextmanager
def counting(word: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """The same for work that only counts: a function to be called with (done, total), ``word`` saying what is done."""
    with _showing(word, quiet) as show:
        yield lambda done, total: show(done, total, "")


@contextmanager
def working(word: str, quiet: bool) -> Iterator[None]:
    """On a terminal, that something goes on of which nothing can be counted; elsewhere nothing."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
    else:
        with console.status(word):
            yield


@contextmanager
def _showing(word: str, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    console = Console(stderr=True)
    if quiet:
        yield lambda done, total, more: None
    elif console.is_terminal:
        columns = (
            TextColumn(word),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TextColumn("剩余"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[more]}"),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=None, more="")
            yield lambda done, total, more: bar.update(task, total=total, completed=done, more=more)
    else:
        start = last = time.monotonic()

        def line(done: int, total: int, more: str) -> None:
            nonlocal last
            now = time.monotonic()
            if done == total or now - last >= _SECONDS_BETWEEN_LINES:
                last = now
                text = "，".join(filter(None, (f"已{word} {done}/{total}", more, _pace(done, total, now - start))))
                console.print(text, highlight=False, markup=False, soft_wrap=True)

        yield line


def _pace(done: int, total: int, seconds: float) -> str:
    """How fast it went so far and what that means for the rest."""
    if done == total or not done:
        return f"用时 {_duration(seconds)}"
    return f"每秒 {done / seconds:.1f}，剩余约 {_duration((total - done) * seconds / done)}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"

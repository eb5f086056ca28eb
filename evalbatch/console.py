"""Progress of a run -> a bar on a terminal, plain lines elsewhere; knows nothing of departments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evalbatch.pipeline import Progress as State

_SECONDS_BETWEEN_LINES: Final = 60.0


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[State], None]]:
    """A function to be called with every file done; it draws on standard error, or stays silent."""
    console = Console(stderr=True)
    if quiet:
        yield lambda state: None
    elif console.is_terminal:
        columns = (
            TextColumn("审核"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("有效 {task.fields[accepted]}，退回 {task.fields[returned]}"),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=None, accepted=0, returned=0)

            def draw(state: State) -> None:
                bar.update(
                    task, total=state.total, completed=state.done, accepted=state.accepted, returned=state.returned
                )

            yield draw
    else:
        last = time.monotonic()

        def line(state: State) -> None:
            nonlocal last
            if state.done == state.total or time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                text = f"已审核 {state.done}/{state.total}，有效 {state.accepted}，退回 {state.returned}"
                console.print(text, highlight=False, markup=False)

        yield line


@contextmanager
def counting(word: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """The same for work that only counts: a function to be called with (done, total), ``word`` saying what is done."""
    console = Console(stderr=True)
    if quiet:
        yield lambda done, total: None
    elif console.is_terminal:
        columns = (TextColumn(word), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, total=total, completed=done)
    else:
        last = time.monotonic()

        def line(done: int, total: int) -> None:
            nonlocal last
            if done == total or time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                console.print(f"已{word} {done}/{total}", highlight=False, markup=False)

        yield line

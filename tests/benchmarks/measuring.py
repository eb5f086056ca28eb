"""A command -> how long it took, what it used and how much memory all its processes held at once."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from tests.benchmarks.killing import ROOT

_LOOK_SECONDS: Final = 0.25
"""How often processes are looked at: of one that ends, at most so much goes unseen."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the clock and of all processors, bytes of memory at the highest moment."""

    wall: float
    cpu: float
    memory: int


def measure(command: Sequence[str], codes: Collection[int] = (0,)) -> Measured:
    """Run a command in the root of the repository; raises CalledProcessError when it ends with another code.

    Memory is the sum over the process and all below it. Pages that several of them share count once where the system
    says so (Linux), else once for each.
    """
    used: dict[int, float] = {}
    highest = 0
    start = time.monotonic()
    process = psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    ended = False
    while not ended:
        held = 0
        for one in _tree(process):
            with contextlib.suppress(psutil.Error):
                times, memory = one.cpu_times(), one.memory_full_info()
                used[one.pid] = times.user + times.system
                held += getattr(memory, "pss", memory.rss)
        highest = max(highest, held)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            ended = True
    wall = time.monotonic() - start
    if process.returncode not in codes:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Measured(wall, sum(used.values()), highest)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return []

"""Reading, checking and scoring against reading alone: by pandas with openpyxl, by a bare calamine, and from the cache.

``python -m tests.benchmarks.reading [WORKBOOKS] [BLOCKS]`` makes the workbooks (1,000) and goes through them in blocks
(20), one method after the other in each block, in turn, each in a process of its own; then once more in two processes
each. Times are milliseconds of wall time a workbook.
"""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles

import pandas

from evalbatch.cache import PLACE, judged_by, remembered
from evalbatch.examination import Examined, abridge, examine_file
from evalbatch.intake import Arrival, find_arrivals
from evalbatch.model import Result, Summary
from evalbatch.processes import collect_seldom
from evalbatch.scheme import Scheme, load_scheme, packaged_scheme
from tests.benchmarks.killing import ROOT
from tests.benchmarks.rivals import read_bare

PROCESSES = (1, 2)
WARM = 20
"""Workbooks a process that each method sees before it is measured."""
Method = Callable[[Arrival], object]


def pandas_alone(arrival: Arrival) -> object:
    """The loop that a user would write: every sheet as a frame."""
    return pandas.read_excel(arrival.path, sheet_name=None, engine="openpyxl")


def calamine_alone(arrival: Arrival) -> object:
    """Every sheet as rows, nothing more."""
    return read_bare([arrival.path])


def examined(arrival: Arrival) -> Examined[Result]:
    """A file read, checked and scored."""
    return examine_file(arrival, _scheme(), None)


def packed(arrival: Arrival) -> Examined[Summary]:
    """The same with its rows made and packed for the ranking workbook, which a run does in the same process."""
    return abridge(examined(arrival), _scheme())


def found_again(arrival: Arrival) -> Examined[Summary]:
    """What was packed, from the cache; a file that is not in it goes in."""
    return remembered(arrival, _judged(), lambda: packed(arrival))


@cache
def _scheme() -> Scheme:
    return load_scheme()


@cache
def _judged() -> str:
    path = packaged_scheme()
    return judged_by(path.read_bytes(), path.name, None, None)


METHODS: Mapping[str, Method] = {
    "pandas, openpyxl": pandas_alone,
    "calamine": calamine_alone,
    "evalbatch": examined,
    "evalbatch, packed": packed,
    (AGAIN := "evalbatch, again"): found_again,
}
OWN = "evalbatch"


def _prepare() -> None:
    collect_seldom()  # as in the processes of a run
    warnings.simplefilter("ignore")  # openpyxl's about print areas


def _do(method: Method, arrivals: Sequence[Arrival]) -> None:
    """Do it, and let nothing travel: what comes of it is of very different size."""
    for arrival in arrivals:
        method(arrival)


def measure(blocks: Sequence[Sequence[Arrival]], processes: int) -> dict[str, list[float]]:
    """Milliseconds a workbook of each method in each block; which method begins changes from block to block.

    Each has processes of its own, so that none works in what another one left of the memory.
    """
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    order = random.Random(1)
    with ExitStack() as stack:
        pools = {
            name: stack.enter_context(ProcessPoolExecutor(processes, get_context("spawn"), _prepare))
            for name in METHODS
        }

        def work(name: str, block: Sequence[Arrival]) -> None:
            parts = [block[start::processes] for start in range(processes)]
            for part in [pools[name].submit(_do, METHODS[name], part) for part in parts]:
                part.result()

        for name in METHODS:
            for _ in range(processes):  # whichever of them takes it
                work(name, blocks[0][: WARM * processes])
        work(AGAIN, [arrival for block in blocks for arrival in block])
        for block in blocks:
            for name in order.sample(list(METHODS), len(METHODS)):
                start = time.perf_counter()
                work(name, block)
                found[name].append((time.perf_counter() - start) / len(block) * 1000)
    return found


def table(found: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Each method with its median, its quartiles and its time as a multiple of evalbatch's, block by block."""
    yield "| method | ms a workbook | quartiles | times evalbatch's | quartiles |"
    yield "|--|--|--|--|--|"
    for name, times in found.items():
        ratios = [other / own for other, own in zip(times, found[OWN], strict=True)]
        cells = (f"{median(values):.2f} | {_quartiles(values)}" for values in (times, ratios))
        yield f"| {name} | {' | '.join(cells)} |"


def _quartiles(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"{low:.2f} to {high:.2f}"


def main() -> None:
    """Make the workbooks, measure, print."""
    given = [int(word) for word in sys.argv[1:]]
    workbooks, parts = (*given, *(1000, 20)[len(given) :])
    with tempfile.TemporaryDirectory() as name:
        os.environ[PLACE] = str(Path(name) / "cache")
        command = [sys.executable, "-m", "evalbatch", "sample", "-o", name, "--departments", str(workbooks)]
        subprocess.run([*command, "--seed", "1", "--quiet"], cwd=ROOT, check=True)
        arrivals = find_arrivals([Path(name) / "inbox"])
        blocks = [arrivals[start::parts] for start in range(parts)]
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores", end="; ")
        print(f"{len(arrivals)} workbooks in {parts} blocks")
        for processes in PROCESSES:
            print(f"\n{processes} process{'es' if processes > 1 else ''} each\n")
            print("\n".join(table(measure(blocks, processes))))


if __name__ == "__main__":
    main()

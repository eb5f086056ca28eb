"""Reading, checking and scoring against reading alone: by pandas with openpyxl, by a bare calamine, and from the cache.

``python -m tests.benchmarks.reading [WORKBOOKS] [BLOCKS]`` makes the workbooks (1,000) and goes through them in blocks
(20), one method after the other in each block, in turn; then once more in two processes. Times are milliseconds of
wall time a workbook.
"""

from __future__ import annotations

import gc
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
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

PROCESSES = 2
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
    "evalbatch, again": found_again,
}
OWN = "evalbatch"


def _prepare() -> None:
    collect_seldom()  # as in the processes of a run
    warnings.simplefilter("ignore")  # openpyxl's about print areas


def one_by_one(method: Method, block: Sequence[Arrival]) -> None:
    """A block in this process."""
    for arrival in block:
        method(arrival)


def _forget(method: Method, arrival: Arrival) -> None:
    """Do it, and let nothing travel: what comes of it is of very different size."""
    method(arrival)


def measure(
    methods: Mapping[str, Method],
    blocks: Sequence[Sequence[Arrival]],
    work: Callable[[Method, Sequence[Arrival]], None],
) -> dict[str, list[float]]:
    """Milliseconds a workbook of each method in each block; which method begins changes from block to block."""
    found: dict[str, list[float]] = {name: [] for name in methods}
    order = random.Random(1)
    for block in blocks:
        for name in order.sample(list(methods), len(methods)):
            gc.collect()  # what one method leaves lying is not for the next to tidy up
            start = time.perf_counter()
            work(methods[name], block)
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
        _prepare()
        for method in METHODS.values():
            one_by_one(method, arrivals[:3])
        one_by_one(found_again, arrivals)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores", end="; ")
        print(f"{len(arrivals)} workbooks in {parts} blocks\n\none process\n")
        print("\n".join(table(measure(METHODS, blocks, one_by_one))), f"\n{PROCESSES} processes\n", sep="\n")
        with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _prepare) as pool:

            def shared(method: Method, block: Sequence[Arrival]) -> None:
                chunk = max(1, len(block) // PROCESSES // 2)
                deque(pool.map(partial(_forget, method), block, chunksize=chunk), maxlen=0)

            for method in METHODS.values():
                shared(method, arrivals[: 4 * PROCESSES])
            print("\n".join(table(measure(METHODS, blocks, shared))))


if __name__ == "__main__":
    main()

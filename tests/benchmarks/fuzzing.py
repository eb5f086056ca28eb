"""Workbooks, mails and archives changed at random, by bytes and by what they mean: no crash, no hang, no wrong figure.

    python -m tests.benchmarks.fuzzing [SECONDS] [SEED] [FOLDER]

Half of the time for mutants of a sample as .xlsx, .ods and .xls: they are read, checked and scored within limits, and
every cell of those that are read is compared with what LibreOffice shows. Then mutants of mails and archives that hold
the sample: what is found in them must be the sample still. Prints how many were tried and every defect; the mutant of a
defect is kept in FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path
from typing import Final

from evalbatch.workers.process import Worker
from tests.fuzzing.carriers import carrier, carriers, deliver
from tests.fuzzing.mutants import Tally, attempt, bases, mutant, worker
from tests.test_samples import FOLDER as SAMPLES

_BATCH: Final = 100
_SAMPLE: Final = next((SAMPLES / "inbox").glob("101007_*.xlsx"))


def workbooks(seed: int, folder: Path, process: Worker) -> Callable[[int, Tally], None]:
    """Tries a batch of mutants of workbooks."""
    base = bases(_SAMPLE, folder)

    def batch(number: int, tally: Tally) -> None:
        mutants = [mutant(base, seed, number + more) for more in range(_BATCH)]
        attempt(mutants, folder / str(number), process, tally)

    return batch


def mails_and_archives(seed: int, folder: Path, process: Worker) -> Callable[[int, Tally], None]:
    """Tries a batch of mutants of mails and archives."""
    content = _SAMPLE.read_bytes()
    kinds = carriers(content, find_library("archive") is not None)

    def batch(number: int, tally: Tally) -> None:
        for more in range(_BATCH):
            deliver(carrier(kinds, seed, number + more), content, folder, process, tally)

    return batch


def main(seconds: float, seed: int, keep: Path | None) -> int:
    """Try mutants for so many seconds; returns the number of defects."""
    defects = 0
    for kind in (workbooks, mails_and_archives):
        tally, started, number, process = Tally(), time.monotonic(), 0, worker()
        with tempfile.TemporaryDirectory() as name:
            batch = kind(seed, Path(name), process)
            while time.monotonic() - started < seconds / 2:
                known = len(tally.defects)
                batch(number, tally)
                number += _BATCH
                for each, what in tally.defects[known:]:
                    print(f"{each.name}: {what}", flush=True)
                    if keep is not None:
                        keep.mkdir(parents=True, exist_ok=True)
                        (keep / f"{each.name.replace(' ', '-')}.{each.form}").write_bytes(each.content)
                print(f"{time.monotonic() - started:.0f} s: {tally}", flush=True)
            process.end()
        defects += len(tally.defects)
    return defects


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv[1:]))
    folder = Path(arguments[2]) if 2 in arguments else None
    sys.exit(bool(main(float(arguments.get(0, "600")), int(arguments.get(1, "2024")), folder)))

"""Workbooks changed at random, by bytes and by what they mean: no crash, no hang, no figure that the file does not show.

    python -m tests.benchmarks.fuzzing [SECONDS] [SEED] [FOLDER]

Mutants of a sample as .xlsx, .ods and .xls are read, checked and scored within limits; every cell of those that are
read is compared with what LibreOffice shows. Prints how many were tried and every defect; the mutant of a defect is
kept in FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.fuzzing.mutants import Tally, attempt, bases, mutant, worker
from tests.test_samples import FOLDER as SAMPLES

_BATCH: Final = 100


def main(seconds: float, seed: int, keep: Path | None) -> int:
    """Try mutants for so many seconds; returns the number of defects."""
    tally, started, number = Tally(), time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name:
        base = bases(next((SAMPLES / "inbox").glob("101007_*.xlsx")), Path(name))
        process = worker()
        while time.monotonic() - started < seconds:
            known = len(tally.defects)
            mutants = [mutant(base, seed, number + more) for more in range(_BATCH)]
            attempt(mutants, Path(name) / str(number), process, tally)
            number += _BATCH
            for each, what in tally.defects[known:]:
                print(f"{each.name}: {what}", flush=True)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{each.name.replace(' ', '-')}.{each.form}").write_bytes(each.content)
            print(f"{time.monotonic() - started:.0f} s: {tally}", flush=True)
        process.end()
    return len(tally.defects)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv[1:]))
    folder = Path(arguments[2]) if 2 in arguments else None
    sys.exit(bool(main(float(arguments.get(0, "600")), int(arguments.get(1, "2024")), folder)))

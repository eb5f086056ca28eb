"""LibreOffice against the batch, ranking workbook by ranking workbook: every cell of every sheet.

    python -m tests.benchmarks.ranking [BATCHES [FIRST]]

Random batches with mistakes are read, checked, scored and ranked; LibreOffice recalculates each ranking workbook from
scratch. Numbers must agree to 1e-9 (relative above 1), texts exactly. Prints the number of cells compared and every
difference.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import openpyxl

from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme import load_scheme
from tests.libreoffice import recalculate
from tests.ranking_workbook.random_batches import random_outcome
from tests.ranking_workbook.test_live import differences

CHUNK = 20


def main(batches: int, first: int = 0) -> int:
    """Compare as many batches as asked for, from the number of the first on; returns the number of differences."""
    scheme = load_scheme()
    started, compared, different, ranked = time.monotonic(), 0, 0, 0
    for start in range(first, first + batches, CHUNK):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paths = []
            for number in range(start, min(start + CHUNK, first + batches)):
                outcome = random_outcome(scheme, number)
                ranked += len(outcome.ranked)
                paths.append(folder / f"{number:04d}.xlsx")
                write_ranking_workbook(paths[-1], outcome, scheme)
            for path, result in zip(paths, recalculate(paths, folder / "out"), strict=True):
                written, found = (openpyxl.load_workbook(file, data_only=True) for file in (path, result))
                compared += sum(sheet.max_row * sheet.max_column for sheet in written)
                for difference in differences(written, found):
                    different += 1
                    print(path.stem, *difference)
        done = min(start + CHUNK - first, batches)
        seconds = time.monotonic() - started
        print(
            f"{done} batches, {ranked} departments, {compared} cells, {different} differences, {seconds:.0f} s",
            flush=True,
        )
    return different


if __name__ == "__main__":
    sys.exit(bool(main(*(map(int, sys.argv[1:3]) if len(sys.argv) > 1 else (200,)))))

"""What a run is measured against: the loop that a user would write with pandas, and a bare read of the same files.

``python -m tests.benchmarks.rivals loop INBOX FILES CELLS OUT`` reads so many files with pandas and openpyxl and writes
so many of their cells with pandas; ``… calamine INBOX FILES JOBS`` reads them with python-calamine in so many processes.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

_CHUNK: Final = 32


def read_and_write(files: Sequence[Path], cells: int, target: Path) -> None:
    """Every sheet of every file into frames, one below the other, and so many of their cells into one workbook."""
    frames: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for file in files:
        try:
            sheets = pd.read_excel(file, sheet_name=None, header=None, engine="openpyxl")
        except Exception as error:  # noqa: BLE001  # planted: a file that is cut off
            print(f"{file.name}: {error}")
            continue
        for name, frame in sheets.items():
            frames[name].append(frame)
    with pd.ExcelWriter(target, engine="xlsxwriter") as writer:
        for name, parts in frames.items():
            frame = pd.concat(parts).iloc[: cells // max(part.shape[1] for part in parts)]
            cells -= frame.size
            frame.to_excel(writer, sheet_name=name, header=False, index=False)


def read_bare(files: Sequence[Path]) -> int:
    """Every value of every sheet, and no more; returns the number of rows."""
    rows = 0
    for file in files:
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(file.read_bytes()))
        except CalamineError:
            continue
        for name in book.sheet_names:
            rows += len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
    return rows


def main() -> None:
    """Do what the arguments say."""
    what, inbox, count, *rest = sys.argv[1:]
    warnings.simplefilter("ignore")  # openpyxl's about print areas
    files = list(islice(sorted(Path(inbox).iterdir()), int(count)))
    if what == "loop":
        read_and_write(files, int(rest[0]), Path(rest[1]))
        return
    chunks = [files[start : start + _CHUNK] for start in range(0, len(files), _CHUNK)]
    with ProcessPoolExecutor(int(rest[0])) as pool:
        print(sum(pool.map(read_bare, chunks)))


if __name__ == "__main__":
    main()

"""The ranking workbook against a bare XlsxWriter loop that writes as many cells, in turns.

``python -m tests.benchmarks.writing INBOX [FILES] [ROUNDS]``. The loop writes the values that the workbook shows, each
with one call and one format: no formulas, no looks, no heights of rows.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from evalbatch.intake import find_arrivals
from evalbatch.pipeline import run
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme import load_scheme
from evalbatch.workers import Settings

Sheets = Mapping[str, Sequence[Sequence[Any]]]
_OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def write_bare(target: Path, sheets: Sheets) -> None:
    """Every value into its cell."""
    with Workbook(target, _OPTIONS) as book:
        form = book.add_format({"border": 1})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(place, column, value, form)


def in_turns(inbox: Path, files: int, rounds: int, folder: Path) -> tuple[int, list[float], list[float]]:
    """Cells written, and the seconds of the processor that each round of both took."""
    scheme = load_scheme()
    settings = Settings(None, None, os.cpu_count() or 1)
    outcome = run(find_arrivals([inbox])[:files], settings, datetime(2025, 9, 1, 9))
    ours, bare = folder / "排名.xlsx", folder / "loop.xlsx"
    write_ranking_workbook(ours, outcome, scheme)
    book = CalamineWorkbook.from_path(str(ours))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    took: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        start = time.process_time()
        write_ranking_workbook(ours, outcome, scheme)
        between = time.process_time()
        write_bare(bare, sheets)
        took[0].append(between - start)
        took[1].append(time.process_time() - between)
    return sum(len(row) for rows in sheets.values() for row in rows), *took


def main() -> None:
    """Print what both took."""
    inbox, *rest = sys.argv[1:]
    files, rounds = (int(text) for text in (*rest, *("1000", "3")[len(rest) :]))
    with TemporaryDirectory() as name:
        cells, ours, bare = in_turns(Path(inbox), files, rounds, Path(name))
    for what, seconds in (("ranking workbook", ours), ("bare loop", bare)):
        print(f"{what}: {median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f}), {cells:,} cells")
    print(f"{median(ours) / median(bare):.2f} times the loop's time")


if __name__ == "__main__":
    main()

"""The benchmarks: what they measure with, the rivals, the table, and where they look."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.benchmarks.measuring import measure
from tests.benchmarks.rivals import read_and_write, read_bare
from tests.benchmarks.where import examine_and_write
from tests.benchmarks.whole import table

INBOX = Path(__file__).parents[1] / "samples/2024/inbox"
MEGABYTE = 1_000_000
CHILD = "import time; held = bytearray(200_000_000); time.sleep(1)"
PARENT = f"""
import subprocess, sys, time
held = bytearray(100_000_000)
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}])
while time.process_time() < 0.5: pass
sys.exit(child.wait() + 1)
"""


def test_a_process_is_measured_with_those_it_starts() -> None:
    seen = measure([sys.executable, "-c", PARENT], codes=(1,))
    assert 300 * MEGABYTE < seen.memory < 400 * MEGABYTE
    assert 0.4 < seen.cpu < 2
    assert seen.wall > 1
    with pytest.raises(subprocess.CalledProcessError):
        measure([sys.executable, "-c", "raise SystemExit(2)"], codes=(0, 1))


def test_the_rivals_read_what_is_there(tmp_path: Path) -> None:
    files = sorted(INBOX.glob("*.xlsx"))[:2]
    read_and_write(files, 3_000, tmp_path / "out.xlsx")
    written = CalamineWorkbook.from_path(str(tmp_path / "out.xlsx"))
    books = [CalamineWorkbook.from_path(str(file)) for file in files]
    assert written.sheet_names == books[0].sheet_names
    cells = sum(sheet.total_height * sheet.total_width for sheet in map(written.get_sheet_by_name, written.sheet_names))
    assert 2_000 < cells <= 3_000
    rows = [
        book.get_sheet_by_name(name).to_python(skip_empty_area=False) for book in books for name in book.sheet_names
    ]
    assert read_bare(files) == sum(map(len, rows))


def test_the_table_has_medians_and_scales_what_was_measured_in_part() -> None:
    ours = [
        {"what": "evalbatch run", "departments": 1000, "files": 1000, "wall": wall, "cpu": 40.0, "memory": 3e8,
         "bytes": 11_400_000, "cells": 1_600_000}
        for wall in (21.0, 20.0, 25.0)
    ]  # fmt: skip
    loop = {"what": "pandas 逐个读取再写出", "departments": 1000, "files": 100, "wall": 30.0, "cpu": 30.0, "memory": 2e8,
            "bytes": 0, "cells": 0}  # fmt: skip
    assert table([*ours, loop]).splitlines()[2:] == [
        "| 1,000 | evalbatch run | 3 | 21.0 (20.0–25.0) | 21.0 | 40.0 | 300 | 1,600,000 | 11.4 |",
        "| 1,000 | pandas 逐个读取再写出 (100 measured, scaled) | 1 | 300.0 (300.0–300.0) | 300.0 | 300.0 | 200 |  |  |",
    ]


def test_the_parts_of_a_run_are_seen() -> None:
    files, examining, writing = examine_and_write(INBOX, 6)
    assert files == 6
    assert any(part.startswith("evalbatch/reading/") for part in examining.counts)
    assert not any(part.startswith("evalbatch/reading/") for part in writing.counts)
    assert {"evalbatch/ranking_workbook/table_sheet.py", "xlsxwriter"} <= set(writing.counts)
    last = writing.table(files).splitlines()[-1]
    assert re.fullmatch(r"\| the rest \| \d+% \| \d+\.\d \|", last)

"""The benchmarks: what they measure with, the rivals, the table, and where they look."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.benchmarks.measuring import measure
from tests.benchmarks.rivals import read_and_write, read_bare
from tests.benchmarks.where import Seen, examine_and_write, looking
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
         "bytes": 11_400_000, "cells": 1_600_000, "state": "1a2b3c4"}
        for wall in (21.0, 20.0, 25.0)
    ]  # fmt: skip
    loop = {"what": "pandas 逐个读取再写出", "departments": 1000, "files": 100, "wall": 30.0, "cpu": 30.0, "memory": 2e8,
            "bytes": 0, "cells": 0, "state": "1a2b3c4"}  # fmt: skip
    assert table([*ours, loop]).splitlines()[2:] == [
        "| 1,000 | evalbatch run | 3 | 21.0 (20.0–25.0) | 21.0 | 40.0 | 300 | 1,600,000 | 11.4 | 1a2b3c4 |",
        "| 1,000 | pandas 逐个读取再写出 (100 measured, scaled) | 1 | 300.0 (300.0–300.0) | 300.0 | 300.0 | 200 |  |  | 1a2b3c4 |",
    ]


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("/home/a/evalbatch/evalbatch/reading/cells.py", "evalbatch/reading/cells.py"),
        ("/usr/lib/python3/site-packages/xlsxwriter/worksheet.py", "xlsxwriter"),
        ("/usr/lib/python3/json/decoder.py", "Python's own library"),
    ],
)
def test_work_is_seen_in_its_part(file: str, part: str) -> None:
    work = compile("sum(range(1000))", file, "exec")
    with looking() as seen:
        end = time.monotonic() + 30
        while not seen.counts[part] and time.monotonic() < end:
            exec(work)
    assert seen.counts[part]


def test_both_halves_of_a_run_are_seen() -> None:
    files, examining, writing = examine_and_write(INBOX, 6)
    assert files == 6
    assert examining.seconds > 0
    assert not any(part.startswith("evalbatch/reading/") for part in writing.counts)


def test_what_was_seen_is_shown_by_its_share() -> None:
    seen = Seen()
    seen.seconds = 2.0
    seen.counts.update({"often": 3, "seldom": 1})
    assert seen.table(4).splitlines()[2:] == [
        "| often | 75% | 375.0 |",
        "| seldom | 25% | 125.0 |",
        "| the rest | 0% | 0.0 |",
    ]

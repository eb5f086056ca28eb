"""Whole runs, from the folder of workbooks to the ranking workbook, against what they could be measured by.

``python -m tests.benchmarks.whole FOLDER DEPARTMENTS [ROUNDS]`` makes FOLDER/DEPARTMENTS with ``evalbatch sample`` where
it is not there, measures the run and its rivals in turns, and adds what it saw to ``whole.json`` beside this file,
from which ``whole.md`` and ``whole.svg`` are made (``pip install -e ".[benchmarks]"``).
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil

from evalbatch.ranking_workbook import folder_beside
from tests.benchmarks.killing import ROOT
from tests.benchmarks.measuring import Measured, measure

RESULTS: Final = Path(__file__).with_suffix(".json")
_OURS, _LOOP, _BARE = "evalbatch run", "pandas 逐个读取再写出", "python-calamine 只读"
_MOST: Final = {_LOOP: 100, _BARE: 10_000}
"""Workbooks that a rival is measured on; above that its time is scaled."""
_CELL: Final = re.compile(rb"<c ")
_PIECE: Final = 1 << 20
_MEGABYTE: Final = 1_000_000

Record = dict[str, Any]


def run_command(folder: Path, target: Path, jobs: int) -> list[str]:
    """The main job over a sample, everything read anew."""
    return [
        *(sys.executable, "-m", "evalbatch", "run", str(folder / "inbox"), "--roster", str(folder / "单位名录.xlsx")),
        *("-o", str(target), "--time", "2025-09-01T09:00:00", "--jobs", str(jobs), "--no-cache", "--quiet"),
    ]


def rounds(folder: Path, departments: int, count: int, jobs: int) -> Iterator[Record]:
    """The run and its rivals, one after the other, so many times: a record each."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        target = Path(name) / "排名.xlsx"
        for _ in range(count):
            ours = measure(run_command(folder, target, jobs), codes=(0, 1))
            made = [target, *folder_beside(target).rglob("*")]
            cells = _cells(target)
            yield _record(_OURS, departments, departments, ours, sum(path.stat().st_size for path in made), cells)
            inbox = str(folder / "inbox")
            files = min(departments, _MOST[_LOOP])
            loop = [inbox, str(files), str(cells * files // departments), str(Path(name) / "循环.xlsx")]
            yield _record(_LOOP, departments, files, measure(_rival("loop", *loop)))
            files = min(departments, _MOST[_BARE])
            yield _record(_BARE, departments, files, measure(_rival("calamine", inbox, str(files), str(jobs))))


def _rival(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.rivals", *arguments]


def _record(what: str, departments: int, files: int, seen: Measured, size: int = 0, cells: int = 0) -> Record:
    return {
        "what": what,
        "departments": departments,
        "files": files,
        **asdict(seen),
        "bytes": size,
        "cells": cells,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "state": _state(),
    }


def _state() -> str:
    """The commit that is measured, ``""`` outside a checkout."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _cells(workbook: Path) -> int:
    """Cells that a workbook holds."""
    count = 0
    with zipfile.ZipFile(workbook) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/"):
                with package.open(name) as part:
                    rest = b""
                    while piece := part.read(_PIECE):
                        count += len(_CELL.findall(rest + piece))
                        rest = piece[-2:]
    return count


def machine() -> str:
    """What the measurements were made on, in general words."""
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "") if sys.platform == "linux" else ""
    model = ""
    if sys.platform == "linux":
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else ""
    memory = f"{psutil.virtual_memory().total / 1024**3:.0f} GB"
    python = f"Python {platform.python_version()}"
    return ", ".join(
        (f"{os.cpu_count()} cores", model or platform.machine(), memory, release or platform.system(), python)
    )


# ---------------------------------------------------------------- table and plot


def table(records: Sequence[Record]) -> str:
    """The measurements as Markdown: medians, and in brackets the lowest and the highest."""
    lines = [
        "| workbooks | what | rounds | wall s | ms a workbook | CPU s | peak memory MB | cells written | bytes out MB | at commit |",
        "|--:|--|--:|--:|--:|--:|--:|--:|--:|--|",
    ]
    for departments in sorted({record["departments"] for record in records}):
        for what in (_OURS, _LOOP, _BARE):
            own = [record for record in records if (record["departments"], record["what"]) == (departments, what)]
            if own:
                lines.append(_line(departments, what, own))
    return "\n".join(lines) + "\n"


def beside(records: Sequence[Record]) -> str:
    """What else the machine was doing: times of the clock mean little where it was busy, those of the processor more."""
    loads = [record["load"] for record in records if record["load"] is not None]
    seen = f"{min(loads):.1f} to {max(loads):.1f}" if loads else "unknown"
    return f"Load average meanwhile: {seen} (a run by itself makes 2 to 3)."


def _line(departments: int, what: str, own: Sequence[Record]) -> str:
    files = own[-1]["files"]
    scale = departments / files
    walls = [record["wall"] * scale for record in own]
    scaled = "" if files == departments else f" ({files:,} measured, scaled)"
    wall = f"{median(walls):,.1f} ({min(walls):,.1f}–{max(walls):,.1f})"
    cpu = f"{median([record['cpu'] for record in own]) * scale:,.1f}"
    memory = f"{max(record['memory'] for record in own) / _MEGABYTE:,.0f}"
    cells, size = own[-1]["cells"], own[-1]["bytes"]
    written = f"{cells:,} | {size / _MEGABYTE:,.1f}" if cells else " | "
    each = f"{median(walls) / departments * 1000:,.1f}"
    return f"| {departments:,} | {what}{scaled} | {len(own)} | {wall} | {each} | {cpu} | {memory} | {written} | {own[-1]['state']} |"


def plot(records: Sequence[Record], target: Path) -> None:
    """Time a workbook and memory over the number of workbooks."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "evalbatch"
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    times, memories = figure.subplots(1, 2)
    names = {_OURS: "evalbatch run", _LOOP: "pandas loop, one process", _BARE: "bare calamine read"}
    for what, mark in ((_OURS, "o-"), (_LOOP, "s--"), (_BARE, "^:")):
        own = [record for record in records if record["what"] == what]
        sizes = sorted({record["departments"] for record in own})
        each = [
            median([record["wall"] / record["files"] * 1000 for record in own if record["departments"] == size])
            for size in sizes
        ]
        times.plot(sizes, each, mark, color="black", label=names[what])
        if what == _OURS:
            peaks = [max(record["memory"] for record in own if record["departments"] == size) for size in sizes]
            memories.plot(sizes, [peak / _MEGABYTE for peak in peaks], mark, color="black")
    for axes, label in ((times, "ms a workbook"), (memories, "peak memory of all processes, MB")):
        axes.set_xscale("log")
        axes.set_xlabel("workbooks")
        axes.set_ylabel(label)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(visible=True, color="#D9D9D9")
    times.set_yscale("log")
    times.set_ylim(1, 1000)
    times.yaxis.set_major_formatter("{x:,.0f}")
    times.legend(loc="lower left")
    memories.set_ylim(bottom=0)
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    """Measure, and write down what was seen."""
    folder, departments, *rest = sys.argv[1:]
    sample = Path(folder) / departments
    if not sample.exists():
        made = ["-o", str(sample), "--departments", departments, "--seed", "1", "--defects", "0.1", "--quiet"]
        subprocess.run([sys.executable, "-m", "evalbatch", "sample", *made], cwd=ROOT, check=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"records": []}
    records: list[Record] = [record for record in known["records"] if record["departments"] != int(departments)]
    for record in rounds(sample, int(departments), int(rest[0]) if rest else 3, os.cpu_count() or 1):
        print(json.dumps(record, ensure_ascii=False), flush=True)
        records.append(record)
    text = json.dumps({"machine": machine(), "records": records}, ensure_ascii=False, indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(f"{machine()}\n\n{table(records)}\n{beside(records)}\n", encoding="utf-8")
    plot(records, RESULTS.with_suffix(".svg"))


if __name__ == "__main__":
    main()

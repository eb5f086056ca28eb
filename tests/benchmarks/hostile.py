"""A whole run over the hostile and odd files of the corpus, measured.

``python -m tests.benchmarks.hostile`` holds every file to ten seconds and to what has to become of it; it prints the
seconds of a run over all of them, and the largest memory of the run and of its workers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from evalbatch.intake import find_arrivals
from evalbatch.workers import Limits, Settings, examine_all
from tests.benchmarks.killing import ROOT
from tests.intake.corpus import corpus, lay
from tests.intake.test_corpus import outcome
from tests.test_pipeline import sample


def main() -> None:
    """Run over the corpus and watch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = lay(corpus(sample("101001").read_bytes()), folder / "收件")
        settings = Settings(None, None, os.cpu_count() or 1, limits=Limits(seconds=10.0))
        found = {item.arrival.name: outcome(item) for item in examine_all(find_arrivals([folder / "收件"]), settings)}
        assert found == expected, {name for name in {*found, *expected} if found.get(name) != expected.get(name)}
        output, report, told = folder / "排名.xlsx", folder / "报告.json", folder / "错误输出"
        command = [sys.executable, "-m", "evalbatch", "run", str(folder / "收件"), "-o", str(output)]
        start = time.monotonic()
        with told.open("wb") as errors:
            process = subprocess.Popen(
                [*command, "--report", str(report), "--no-cache"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors
            )
            own, workers = watch(process)
        took = time.monotonic() - start
        assert process.returncode == 1, process.returncode
        assert b"Traceback" not in told.read_bytes()
        rows = json.loads(report.read_text(encoding="utf-8"))["files"]
        assert sorted(row["来源文件"] for row in rows) == sorted(expected)
        print(f"{len(rows)} files, those in mails and archives included: {took:.1f} s")
        print(f"largest memory: {own / 2**20:.0f} MB for the run, {workers / 2**20:.0f} MB for a worker")


def watch(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Largest resident memory, in bytes, of a process and of any that it started, until it ends."""
    own = workers = 0
    main_process = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            own = max(own, main_process.memory_info().rss)
            for child in main_process.children(recursive=True):
                workers = max(workers, child.memory_info().rss)
        except psutil.Error:
            continue
        time.sleep(0.02)
    return own, workers


if __name__ == "__main__":
    main()

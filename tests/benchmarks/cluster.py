"""A run on four workers of a Dask cluster, one killed at half and one joining late, against a run on this machine alone.

``python -m tests.benchmarks.cluster [DEPARTMENTS]`` makes the departments (300) and starts the cluster here; both runs
must write the same bytes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from distributed import LocalCluster

from evalbatch.intake import find_arrivals
from evalbatch.pipeline import Progress, run
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme import load_scheme
from evalbatch.workers import Settings
from tests.benchmarks.killing import ROOT


class Strike:
    """Kills one worker of a cluster when half of the files are done, and calls another to join."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.told = ""

    def __call__(self, progress: Progress) -> None:
        if not self.told and progress.done >= progress.total / 2:
            victim = next(iter(self._cluster.workers.values())).pid
            os.kill(victim, signal.SIGKILL)
            self._cluster.scale(len(self._cluster.workers) + 1)
            self.told = f"worker {victim} killed after {progress.done} of {progress.total} files, another one called"


def write(inbox: Path, target: Path, settings: Settings, report: Any = lambda progress: None) -> float:
    """A run from the files to the workbook; returns how long it took."""
    start = time.monotonic()
    outcome = run(find_arrivals([inbox]), settings, datetime(2025, 9, 1, 9), report)
    write_ranking_workbook(target, outcome, load_scheme())
    return time.monotonic() - start


def main() -> None:
    """Run both and compare."""
    departments = sys.argv[1] if len(sys.argv) > 1 else "300"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "evalbatch", "sample", "-o", name, "--departments", departments, "--seed", "1"]
        subprocess.run([*command, "--defects", "0.2"], cwd=ROOT, check=True)
        (folder / "inbox" / "坏.xlsx").write_bytes(b"PK")
        alone = write(folder / "inbox", folder / "alone.xlsx", Settings(None, None, os.cpu_count() or 1))
        start: Any = LocalCluster  # typed in part only
        with start(n_workers=4, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
            strike = Strike(cluster)
            settings = Settings(None, None, 1, cluster=cluster.scheduler_address)
            together = write(folder / "inbox", folder / "together.xlsx", settings, strike)
        same = (folder / "alone.xlsx").read_bytes() == (folder / "together.xlsx").read_bytes()
    print(f"{strike.told}; here {alone:.1f} s, cluster {together:.1f} s; {'the same bytes' if same else 'DIFFERENT'}")
    sys.exit(not (same and strike.told))


if __name__ == "__main__":
    main()

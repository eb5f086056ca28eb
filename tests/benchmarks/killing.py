"""Runs killed at random moments: each next run equals an undisturbed one, and nothing is left behind.

``python -m tests.benchmarks.killing [MOMENTS] [FILES] [SEED]`` kills MOMENTS (50) runs over FILES (300) workbooks.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parents[2]
_SECONDS_TO_END: Final = 20.0


class Desk:
    """An inbox, with a folder for the output and one for temporary files, both watched, and one for the cache."""

    def __init__(self, folder: Path, inbox: Path) -> None:
        self.inbox, self.out, self.temporary, self.cache = inbox, folder / "out", folder / "tmp", folder / "cache"
        self.out.mkdir()
        self.temporary.mkdir()

    def run(self, seconds: float | None = None) -> float:
        """Run to the end, or kill the run after some seconds; returns how long it took."""
        command = [sys.executable, "-m", "evalbatch", "run", str(self.inbox), "-o", str(self.out / "排名.xlsx")]
        options = ["--time", "2025-09-01T09:00:00", "--quiet"]
        folders = {"TMPDIR": str(self.temporary), "EVALBATCH_CACHE": str(self.cache)}
        environment = os.environ | folders | {"PYTHONPATH": str(ROOT)}
        start = time.monotonic()
        process = subprocess.Popen([*command, *options], env=environment, cwd=ROOT, start_new_session=True)
        try:
            code = process.wait(seconds)
            assert code in (0, 1), code
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        took = time.monotonic() - start
        wait_for_end(process.pid)
        return took

    def left(self) -> list[str]:
        """What lies beside the finished output, and among the temporary files."""
        return sorted(str(path) for folder in (self.out, self.temporary) for path in folder.rglob("*"))

    def content(self) -> bytes:
        """The ranking workbook's bytes."""
        return (self.out / "排名.xlsx").read_bytes()


def wait_for_end(leader: int) -> None:
    """Wait until every process that a run started has ended; fails when one stays."""
    deadline = time.monotonic() + _SECONDS_TO_END
    while left := session(leader):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)


def session(leader: int) -> list[str]:
    """The living processes that a run started."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def kill_and_run_again(folder: Path, inbox: Path, moments: Iterable[float]) -> Iterator[str]:
    """Kill a run at each of the moments (shares of a run's time); says what each kill left for the next run.

    Every other run finds no output, and every other two find no cache: what they keep of files is then half-written.
    """
    desk = Desk(folder, inbox)
    fresh = desk.run()
    wanted, nothing = desk.content(), desk.left()
    assert nothing == [str(desk.out / "排名.xlsx")], nothing
    known = desk.run()
    assert desk.content() == wanted
    for number, moment in enumerate(moments):
        if number % 2:
            (desk.out / "排名.xlsx").unlink()
        anew = number % 4 in (0, 3)
        if anew:
            shutil.rmtree(desk.cache)
        took = fresh if anew else known
        before = desk.content() if (desk.out / "排名.xlsx").exists() else None
        desk.run(moment * took)
        if (desk.out / "排名.xlsx").exists():
            assert desk.content() == wanted  # whole: the old one, or already the new one
        else:
            assert before is None
        left = len(desk.left()) - (desk.out / "排名.xlsx").exists()
        desk.run()
        assert desk.content() == wanted
        assert desk.left() == nothing, desk.left()
        read = "read anew" if anew else "kept from before"
        yield f"{read}, killed at {moment * took:.2f} s of {took:.2f} s: {left} files and folders, gone with the next run"


def main() -> None:
    """Kill runs over synthetic departments."""
    moments, files, seed = (int(text) for text in (*sys.argv[1:], *("50", "300", "2024")[len(sys.argv) - 1 :]))
    numbers = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "evalbatch", "sample", "-o", str(folder / "样本")]
        subprocess.run([*command, "--departments", str(files), "--seed", str(seed)], cwd=ROOT, check=True)
        for line in kill_and_run_again(
            folder, folder / "样本/inbox", [numbers.uniform(0.0, 1.0) for _ in range(moments)]
        ):
            print(line, flush=True)
    print(f"{moments} runs over {files} workbooks killed: each next run wrote the same bytes, nothing was left")


if __name__ == "__main__":
    main()

"""Where the time of a run goes: files read, checked and scored in this process, then written, looked at all along.

``python -m tests.benchmarks.where INBOX [FILES]`` prints for each half the files of the program in which it was seen.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Final

from evalbatch.consolidation import consolidate
from evalbatch.examination import abridge, examine_file
from evalbatch.intake import find_arrivals
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme import load_scheme

_LOOK_SECONDS: Final = 0.002
_AT_ONCE: Final = 1e-6
_SHOWN: Final = 12
_LIBRARIES: Final = "site-packages"
_OWN: Final = "evalbatch"


class Seen:
    """How often the main thread was seen in each part, and how long it took."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0

    def table(self, files: int) -> str:
        """The parts as Markdown, the largest first."""
        total = self.counts.total()
        shown = self.counts.most_common(_SHOWN)
        rest = total - sum(count for _, count in shown)
        rows = [(part, count / total) for part, count in (*shown, ("the rest", rest))]
        lines = [f"| {part} | {share:.0%} | {share * self.seconds / files * 1000:.1f} |" for part, share in rows]
        return "\n".join(("| part | share | ms a workbook |", "|--|--:|--:|", *lines))


@contextmanager
def looking() -> Iterator[Seen]:
    """Look every so often where this thread is; a call into a library without Python counts for who calls it."""
    seen, done, watched = Seen(), threading.Event(), threading.get_ident()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            seen.counts[_part(sys._current_frames()[watched])] += 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(_AT_ONCE)  # else it would look mostly where a library lets others run
    watcher = threading.Thread(target=look)
    start = time.perf_counter()
    watcher.start()
    try:
        yield seen
    finally:
        seen.seconds = time.perf_counter() - start
        done.set()
        watcher.join()
        sys.setswitchinterval(before)


def _part(frame: FrameType) -> str:
    parts = PurePath(frame.f_code.co_filename).parts
    if _LIBRARIES in parts:
        return parts[parts.index(_LIBRARIES) + 1]
    if _OWN in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index(_OWN) :])
    return "Python's own library"


def examine_and_write(inbox: Path, most: int) -> tuple[int, Seen, Seen]:
    """Examine the first files of an inbox and write the ranking workbook; returns their number and what was seen."""
    scheme = load_scheme()
    arrivals = find_arrivals([inbox])[:most]
    abridge(examine_file(arrivals[0], scheme, None), scheme)  # what is made once is no part of a workbook's time
    with looking() as examining:
        examined = [abridge(examine_file(arrival, scheme, None), scheme) for arrival in arrivals]
    outcome = consolidate(examined, scheme, None, datetime(2025, 9, 1, 9))
    with TemporaryDirectory() as folder, looking() as writing:
        write_ranking_workbook(Path(folder) / "排名.xlsx", outcome, scheme)
    return len(arrivals), examining, writing


def main() -> None:
    """Print both halves."""
    inbox, *rest = sys.argv[1:]
    files, examining, writing = examine_and_write(Path(inbox), int(rest[0]) if rest else 200)
    for what, seen in (("read, checked and scored", examining), ("written", writing)):
        print(f"{files} workbooks {what}, one process: {seen.seconds / files * 1000:.1f} ms each\n")
        print(f"{seen.table(files)}\n")


if __name__ == "__main__":
    main()

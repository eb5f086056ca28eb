"""Reading, checking and scoring stays near what a bare read of the same file takes: tests.benchmarks.reading in small."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from evalbatch.cache import PLACE
from evalbatch.intake import find_arrivals
from tests.benchmarks.reading import Method, calamine_alone, examined, found_again
from tests.test_pipeline import sample

TIMES_A_BARE_READ = 4


def test_a_file_takes_a_few_times_a_bare_read_and_little_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path / "cache"))
    (arrival,) = find_arrivals([sample("101001")])

    def seconds(method: Method) -> float:
        """Of the processor, the best of several: what else the machine does is left out."""
        times = []
        for _ in range(10):
            start = time.process_time()
            method(arrival)
            times.append(time.process_time() - start)
        return min(times)

    own = seconds(examined)
    assert own < TIMES_A_BARE_READ * seconds(calamine_alone)
    assert seconds(found_again) < own / 10

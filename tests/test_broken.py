"""Broken files among good ones touch none of them; ``python -m tests.benchmarks.broken`` proves it for a thousand."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.broken import BREAKAGES, prove


def test_the_good_ones_rank_as_without_the_broken_ones(tmp_path: Path) -> None:
    assert prove(tmp_path, 3 * len(BREAKAGES), len(BREAKAGES), 2024) == 2 * len(BREAKAGES)

"""Hostile and odd files, each with exactly what has to become of it, read by worker processes within tight limits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from evalbatch.department_rows import findings_of
from evalbatch.examination import Examined
from evalbatch.intake import find_arrivals
from evalbatch.model import Summary
from evalbatch.workers import Limits, Settings, examine_all
from tests.intake.corpus import corpus, lay
from tests.intake.forms_of_arrival import needs_libarchive
from tests.test_pipeline import sample

LIMITS = Limits(seconds=30.0, memory=768 * 1024**2)
"""Seconds for a machine that does much else; ``python -m tests.benchmarks.hostile`` holds each file to ten."""


def outcome(item: Examined[Summary]) -> str:
    """What became of a file, in the words of the corpus."""
    if item.refusal is not None:
        return f"{item.refusal.code} {item.refusal.what}"
    return item.other if item.result is None else f"有效 {item.result.total}"


@needs_libarchive
def test_every_file_of_the_corpus_becomes_what_it_has_to(tmp_path: Path) -> None:
    cases = corpus(sample("101001").read_bytes())
    expected = lay(cases, tmp_path)
    found = list(examine_all(find_arrivals([tmp_path]), Settings(None, None, 2, limits=LIMITS)))
    assert Counter(item.arrival.name for item in found).most_common(1)[0][1] == 1
    assert {item.arrival.name: outcome(item) for item in found} == expected
    assert len(cases) >= 200
    told = {
        item.arrival.name: [about.found for about in findings_of(item.result) if about.code == "FS07"]
        for item in found
        if item.result is not None
    }
    assert {name: about for name, about in told.items() if about} == {
        "外部链接.xlsx": ["外部链接"],
        "数据连接.xlsx": ["数据连接"],
    }

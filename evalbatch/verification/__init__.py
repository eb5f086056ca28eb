"""A ranking workbook and the files that it was made from -> every cell of it that differs, and why; changes nothing.

What should be there is written by the same door out into a temporary file and read back like the workbook itself, so
that no column, formula or link is known a second time here. Cells, rows, columns and sheets are compared, formulas by
their meaning; looks, charts, comments and print settings are not.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final

from evalbatch.intake import Arrival
from evalbatch.model import Outcome
from evalbatch.pipeline import Progress
from evalbatch.pipeline import run as run_batch
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.reading.written import open_written
from evalbatch.scheme import Scheme, load_scheme
from evalbatch.verification.beside import NotCompared, differences_beside
from evalbatch.verification.causes import SUPPLIED, attributed
from evalbatch.verification.claims import RECEIVED, REGISTER, Claims, NotARanking, read_claims, read_lines
from evalbatch.verification.differences import Cause, Difference
from evalbatch.verification.workbooks import WorkbookComparison
from evalbatch.workers import Settings

MOST_TOLD: Final = 100_000
"""Differences that are held and told; further ones are counted."""


@dataclass(frozen=True)
class Verification:
    """What came of it: every difference with its cause, first those that others follow from, and how much was compared."""

    differences: tuple[Difference, ...]
    more: int
    """Differences beyond those that are told."""
    cells: int
    formulas: int
    """Cells with something in them, and formulas among them, that were compared."""
    uncalculated: int
    """Formulas that the workbook holds without a value."""

    def counts(self) -> Counter[Cause]:
        """How many differences have each cause."""
        return Counter(told.cause for told in self.differences)

    @property
    def possible(self) -> bool:
        """Whether it could be told at all: not where the basis or the program is another and more differs than that."""
        counts = self.counts()
        return not (counts["随之变动"] and (counts["评价依据"] or counts["程序版本"]))


def verify(
    path: Path,
    claims: Claims,
    arrivals: Sequence[Arrival],
    settings: Settings,
    time: datetime,
    report: Callable[[Progress], None] = lambda progress: None,
    deadline: date | None = None,
    final: bool = False,
) -> Verification:
    """Derive the outcome again as ``run`` does and compare the workbook with it; ``claims`` are what it says itself.

    The time of a file that is otherwise as it was is taken from the register, and told where it differs. Raises
    UnreadableWorkbook and ReviewsError.
    """
    scheme = load_scheme(settings.scheme)
    outcome = run_batch(arrivals, settings, time, report, deadline, final)
    late = _other_times(outcome, claims)
    known = {arrival.name: arrival.received for arrival in arrivals}
    if late.keys() & known.keys():
        dated = [replace(item, received=late.get(item.name, item.received)) for item in arrivals]
        outcome = run_batch(dated, settings, time, report, deadline, final)
        left = _other_times(outcome, claims)
        late = {name: moment for name, moment in late.items() if name in known and name not in left}
    else:
        late = {}
    found = compare(path, outcome, scheme, claims)
    times = tuple(_time_told(name, known[name], claims) for name in late)
    return replace(found, differences=(*times, *found.differences))


def compare(path: Path, outcome: Outcome, scheme: Scheme, claims: Claims) -> Verification:
    """Compare a workbook, and the files beside it, with the outcome that they should hold."""
    with tempfile.TemporaryFile() as expected:
        write_ranking_workbook(expected, outcome, scheme)
        with open_written(expected) as ours, open_written(path) as theirs:
            comparison = WorkbookComparison(ours, theirs, scheme)
            found = chain(comparison.differences(), differences_beside(path, outcome, scheme))
            told = sorted(islice(found, MOST_TOLD), key=lambda difference: difference.computed)
            more = sum(1 for _ in found)
    return Verification(
        tuple(attributed(told, claims)), more, comparison.cells, comparison.formulas, comparison.uncalculated
    )


def _other_times(outcome: Outcome, claims: Claims) -> dict[str, datetime]:
    """The files that are as they were, and when they were received as the register has it, where that is not so now."""
    found: dict[str, datetime] = {}
    for file in outcome.files:
        known = claims.files.get(file.file)
        if known is not None and known.digest == file.digest and known.received not in (None, file.received):
            found[file.file] = known.received
    return found


def _time_told(name: str, now: datetime, claims: Claims) -> Difference:
    known = claims.files[name]
    what = f"登记为 {known.received}，文件时间现为 {now}：内容未变，是登记被改，或文件复制时没有保留时间"
    return Difference(REGISTER, known.cell, what, *known.whose, name, RECEIVED, cause="来源文件")


__all__ = [
    "SUPPLIED",
    "Claims",
    "Difference",
    "NotARanking",
    "NotCompared",
    "Verification",
    "compare",
    "read_claims",
    "read_lines",
    "verify",
]

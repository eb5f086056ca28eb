"""The batch: arrivals -> read, checked and scored in worker processes -> consolidated -> Outcome."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from evalbatch.consolidation import consolidate
from evalbatch.examination import Examined
from evalbatch.intake import Arrival
from evalbatch.model import Outcome, Summary
from evalbatch.packing import Spool
from evalbatch.reviewing import review_facts
from evalbatch.scheme import load_scheme
from evalbatch.workers import Settings, examine_all


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: files done of all, accepted and sent back so far; ``total`` grows by what mails hold."""

    done: int
    total: int
    accepted: int
    returned: int


def run(
    arrivals: Sequence[Arrival],
    settings: Settings,
    time: datetime,
    report: Callable[[Progress], None] = lambda progress: None,
    deadline: date | None = None,
    final: bool = False,
) -> Outcome:
    """The whole batch; ``report`` hears of every file. The order of files and the number of workers are irrelevant.

    ``deadline`` is the last day on which a workbook arrives in time, ``final`` whether the review is completed. Raises
    ReviewsError for points of 复核 that their row cannot have.
    """
    scheme = load_scheme(settings.scheme)
    spool = Spool()
    examined: list[Examined[Summary]] = []
    accepted = sent_back = 0
    total = len(arrivals)
    with contextlib.closing(examine_all(arrivals, settings)) as coming:
        for item in coming:
            examined.append(_kept(item, spool))
            total += len(item.members)
            accepted += item.result is not None and item.refusal is None
            sent_back += item.refusal is not None
            report(Progress(len(examined), total, accepted, sent_back))
    examined.sort(key=lambda item: item.arrival.name)
    outcome = consolidate(examined, scheme, settings.roster, time, deadline)
    reviews = settings.reviews
    supplied = (("单位名录", settings.roster), ("财政数据", settings.prefill), ("复核文件", reviews))
    given = ((name, f"{file.file}（SHA-256 {file.digest}）") for name, file in supplied if file is not None)
    reviewed = () if reviews is None else review_facts(outcome, scheme, reviews)
    stage = (("评价阶段", "复核已完成"),) if final else ()
    return replace(outcome, facts=(*outcome.facts, *given, *reviewed, *stage), final=final)


def _kept(item: Examined[Summary], spool: Spool) -> Examined[Summary]:
    """What became of a file, with its packed rows where they wait."""
    if item.result is None:
        return item
    return replace(item, result=replace(item.result, packed=spool.keep(item.result.packed)))

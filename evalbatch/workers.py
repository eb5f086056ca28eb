"""Arrivals -> examined in worker processes, as they finish; a reader that dies takes only its own file down."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final

from evalbatch.examination import Examined, abridge, digest_of, examine_file, refusal
from evalbatch.intake import Arrival, Prefill, Roster
from evalbatch.model import Summary
from evalbatch.scheme import Scheme, load_scheme

_CHUNK: Final = 16
_CRASHED: Final = "读取时程序异常终止，文件可能已损坏。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"


class WorkersError(RuntimeError):
    """Worker processes do not start at all; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the workers find the scheme and whom they expect."""

    scheme: Path | None
    roster: Roster | None
    jobs: int
    prefill: Prefill | None = None


_worker_settings: Settings | None = None


def _start_worker(settings: Settings) -> None:
    global _worker_settings
    _worker_settings = settings


def _examine_chunk(arrivals: Sequence[Arrival]) -> list[Examined[Summary]]:
    assert _worker_settings is not None
    scheme = load_scheme(_worker_settings.scheme)
    known = (_worker_settings.roster, _worker_settings.prefill)
    return [abridge(examine_file(arrival, scheme, *known), scheme) for arrival in arrivals]


EXAMINE: Callable[[Sequence[Arrival]], list[Examined[Summary]]] = _examine_chunk
"""What a worker does with a chunk of arrivals."""


def worker_context(module: str) -> BaseContext:
    """How worker processes start, with the module of their work loaded.

    Never by fork: a worker must start the same way on every system, and threads may be running here.
    """
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([module])
    return context


def _pool(settings: Settings, workers: int) -> ProcessPoolExecutor:
    context = worker_context("evalbatch.workers")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(settings,))


def examine_all(arrivals: Sequence[Arrival], settings: Settings) -> Iterator[Examined[Summary]]:
    """Every arrival examined in worker processes, as they finish.

    A reader that dies takes only its own file down: files of a broken chunk are tried again one by one.
    """
    size = max(1, min(_CHUNK, len(arrivals) // (2 * settings.jobs) or 1))
    chunks = [arrivals[start : start + size] for start in range(0, len(arrivals), size)]
    suspects: list[Arrival] = []
    with _pool(settings, min(settings.jobs, len(chunks)) or 1) as pool:
        futures: dict[Future[list[Examined[Summary]]], Sequence[Arrival]] = {}
        try:
            for chunk in chunks:
                futures[pool.submit(EXAMINE, chunk)] = chunk
        except BrokenProcessPool:
            sent = {arrival.name for chunk in futures.values() for arrival in chunk}
            suspects.extend(arrival for arrival in arrivals if arrival.name not in sent)
        for future in as_completed(futures):
            try:
                yield from future.result()
            except BrokenProcessPool:
                suspects.extend(futures[future])
    if suspects:
        scheme = load_scheme(settings.scheme)
        queue = sorted(suspects, key=lambda arrival: arrival.name)
        while queue:
            queue = yield from _one_by_one(queue, settings, scheme)


def _one_by_one(
    queue: Sequence[Arrival], settings: Settings, scheme: Scheme
) -> Generator[Examined[Summary], None, list[Arrival]]:
    """Examine files one at a time until one kills the worker; returns the files after it."""
    with _pool(settings, 1) as pool:
        try:
            pool.submit(EXAMINE, ()).result()
        except BrokenProcessPool:
            # no file was touched yet: blaming one would send a good workbook back
            raise WorkersError("工作进程无法启动，没有审核任何文件。请检查内存与系统权限后重试。") from None
        for index, arrival in enumerate(queue):
            try:
                yield from pool.submit(EXAMINE, [arrival]).result()
            except BrokenProcessPool:
                yield Examined(arrival, digest_of(arrival.path), refusal=refusal(scheme, arrival, _CRASHED))
                return list(queue[index + 1 :])
    return []

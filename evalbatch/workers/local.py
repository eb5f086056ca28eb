"""Worker processes of this machine as an executor: a thread for each hands it arrivals and waits for the answers."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from typing import Final

from evalbatch.intake import Arrival
from evalbatch.workers.process import Answer, Briefing, Work, Worker, examine


class LocalWorkers:
    """At most ``jobs`` processes; one is started only when there is work for it."""

    chunk: Final = 16

    def __init__(self, briefing: Briefing, jobs: int, work: Work = examine) -> None:
        self._jobs = jobs
        self._threads = ThreadPoolExecutor(jobs, "worker", _leave_interruption_to_the_main_thread)
        self._workers = [Worker(briefing, work) for _ in range(jobs)]
        self._idle = list(self._workers)

    def slots(self) -> int:
        """How many chunks can be worked on at once."""
        return self._jobs

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """An answer for every arrival, in their order; the future raises WorkersError when no process starts."""
        return self._threads.submit(self._examine, arrivals)

    def close(self) -> None:
        """End every process, whatever it is doing."""
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.end()

    def _examine(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        worker = self._idle.pop()  # as many threads as workers: there is one
        try:
            return worker.examine(arrivals)
        finally:
            self._idle.append(worker)


def _leave_interruption_to_the_main_thread() -> None:
    """Start a thread that Ctrl-C does not reach, and so none of the processes that it starts, from their first moment."""
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # by itself it would undo what follows
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

"""The workers of a Dask cluster as an executor: each examines in processes of its own, within the same limits."""

from __future__ import annotations

import gc
import hashlib
import logging
import multiprocessing
import os
import pickle
import socket
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from evalbatch import __version__
from evalbatch.examination import Examined
from evalbatch.intake import Arrival
from evalbatch.intake.containers import wait_together
from evalbatch.model import Summary
from evalbatch.workers.process import Answer, Briefing, Failed, Lost, Work, Worker, WorkersError, examine

_CONNECT_SECONDS: Final = 15.0
_PATIENCE: Final = 300.0
"""Seconds that a run waits for a cluster none of whose workers is there."""


class Cluster:
    """A Dask scheduler and whatever workers it has at the moment; none of them is started or ended from here."""

    chunk: Final = 50

    def __init__(self, address: str, briefing: Briefing, work: Work = examine) -> None:
        self._work = work
        self._client: Any = _connect(address)
        # not pure: what is asked once more, after those who worked on it died, must not be answered from memory
        self._futures = self._client.get_executor(pure=False)
        self._manned = time.monotonic()
        self._shelves: set[Path] = set()
        try:
            if not self._client.ncores():
                raise WorkersError(f"集群 {address} 还没有工作机。请在各工作机上运行 dask worker {address} 后重试。")
            # a task rather than data: should the worker that holds it die, another makes it again
            self._briefing = self._client.submit(_brief, pickle.dumps(briefing), pure=False)
        except BaseException:
            self._client.close()
            raise

    def slots(self) -> int:
        """How many tasks the workers that are there now can do at once."""
        try:
            slots: int = sum(self._client.ncores().values())
        except (OSError, RuntimeError):
            raise WorkersError(_LOST_CONTACT) from None
        if slots:
            self._manned = time.monotonic()
        elif time.monotonic() - self._manned > _PATIENCE:
            raise WorkersError("集群已没有工作机。请恢复工作机后重新运行。")
        return max(1, slots)

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """An answer for every arrival, in their order.

        The future raises Lost when workers died over these arrivals again and again, and WorkersError when the
        cluster cannot do the run.
        """
        sent = [self._carried(arrival) for arrival in arrivals]
        answers: Future[list[Answer]] = Future()
        answers.set_running_or_notify_cancel()
        task = self._futures.submit(_examine, self._briefing, __version__, sent, self._work)
        task.add_done_callback(lambda done: _hand_over(done, answers, self._shelve))
        return answers

    def close(self) -> None:
        """Take back every task; the cluster goes on."""
        self._futures.shutdown(wait=False)
        self._client.close()

    def _carried(self, arrival: Arrival) -> Arrival:
        """An arrival as other machines can read it: a path means the same everywhere, what waits here goes along."""
        if arrival.path in self._shelves:
            return replace(arrival, content=arrival.read(), temporary=False)
        return replace(arrival, path=arrival.path.absolute())

    def _shelve(self, answer: Answer) -> Answer:
        """An answer with what lay in mails and archives put where it waits on this machine."""
        if isinstance(answer, Failed):
            return answer
        examined: Examined[Summary] = pickle.loads(answer)
        if not examined.members:
            return answer
        members = wait_together(examined.members)
        self._shelves.update(member.path for member in members if member.temporary)
        return pickle.dumps(replace(examined, members=members), pickle.HIGHEST_PROTOCOL)


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError:
        raise WorkersError('--cluster 需要 Dask。请先运行 pip install "evalbatch[cluster]"。') from None
    client: Any = distributed.Client  # typed in part only
    if not os.environ.get("EVALBATCH_DEBUG"):
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # its retries are no concern of the user
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions that differ: what matters of them is checked with every task
            return client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError):
        pass
    # the client that was not made is let go here: collected while another one starts, it would wait for it for ever
    gc.collect()
    raise WorkersError(f"连接不上集群 {address}。请核对地址（如 tcp://10.0.0.1:8786）与网络。")


_LOST_CONTACT: Final = "与集群的连接中断，没有写出文件。请检查调度机与网络后重新运行。"


def _hand_over(done: Future[list[Answer]], answers: Future[list[Answer]], shelve: Callable[[Answer], Answer]) -> None:
    """Give on what became of a task; whatever Dask can raise becomes Lost or a sentence."""
    from distributed import KilledWorker

    if done.cancelled():
        answers.set_exception(WorkersError(_LOST_CONTACT))
        return
    error = done.exception()
    match error:
        case None:
            try:
                answers.set_result([shelve(answer) for answer in done.result()])
            except OSError as failed:
                answers.set_exception(failed)
        case WorkersError():
            answers.set_exception(error)
        case KilledWorker():
            answers.set_exception(Lost())
        case ImportError():
            answers.set_exception(
                WorkersError(f"集群的工作机上没有 evalbatch {__version__}（{error}）。请在每台工作机上安装同一版本。")
            )
        case _:
            answers.set_exception(
                WorkersError(f"集群执行出错（{type(error).__name__}：{error}），没有写出文件。请检查各工作机后重试。")
            )


# ---------------------------------------------------------------- on the cluster's machines

_Run = tuple[str, Work]
_idle: dict[_Run, list[Worker]] = {}
_idle_lock = threading.Lock()


def _brief(content: bytes) -> tuple[str, Briefing]:
    briefing: Briefing = pickle.loads(content)
    return hashlib.sha256(content).hexdigest(), briefing


def _examine(told: tuple[str, Briefing], version: str, arrivals: Sequence[Arrival], work: Work) -> list[Answer]:
    if version != __version__:
        raise WorkersError(
            f"工作机 {socket.gethostname()} 上的 evalbatch 是 {__version__}，应为 {version}。请安装同一版本后重新运行。"
        )
    for arrival in arrivals:
        _check_shared(arrival)
    # a worker of Dask is a daemonic process, which may have no children; its own end with it all the same
    process: Any = multiprocessing.current_process()
    process.daemon = False
    digest, briefing = told
    worker = _take((digest, work)) or Worker(briefing, work)
    try:
        return [_with_contents(answer) for answer in worker.examine(arrivals)]
    finally:
        with _idle_lock:
            _idle.setdefault((digest, work), []).append(worker)


def _take(run: _Run) -> Worker | None:
    """A worker of the same run that has nothing to do; those of earlier runs are ended."""
    with _idle_lock:
        for other in [key for key in _idle if key != run]:
            for worker in _idle.pop(other):
                worker.end()
        waiting = _idle.get(run)
        return waiting.pop() if waiting else None


def _with_contents(answer: Answer) -> Answer:
    """An answer with what lay in mails and archives, which waits in files of this machine alone."""
    if isinstance(answer, Failed):
        return answer
    examined: Examined[Summary] = pickle.loads(answer)
    places = {member.path for member in examined.members if member.temporary and member.path != examined.arrival.path}
    if not places:
        return answer
    members = tuple(
        replace(member, content=member.read(), temporary=False) if member.path in places else member
        for member in examined.members
    )
    for path in places:
        path.unlink(missing_ok=True)
    return pickle.dumps(replace(examined, members=members), pickle.HIGHEST_PROTOCOL)


def _check_shared(arrival: Arrival) -> None:
    """A file that this machine cannot see is no fault of the department's."""
    if arrival.content is not None or arrival.refusal or arrival.fault:
        return
    try:
        size = arrival.path.stat().st_size
        shared = size == arrival.size if arrival.start is None else size >= arrival.start + arrival.size
    except OSError:
        shared = False
    if not shared:
        raise WorkersError(
            f"工作机 {socket.gethostname()} 上读不到同样的 {arrival.path}。"
            "收件文件夹应是各机以同一路径访问的共享文件夹。"
        )

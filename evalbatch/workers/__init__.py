"""Arrivals -> examined in worker processes, as they finish; a reader that dies or hangs takes only its own file down."""

from __future__ import annotations

import contextlib
import itertools
import pickle
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from evalbatch.cache import judged_by
from evalbatch.examination import Examined, digest_of, refusal
from evalbatch.intake import Arrival, Prefill, Reviews, Roster
from evalbatch.model import Summary
from evalbatch.scheme import Scheme, compile_scheme, packaged_scheme
from evalbatch.temporaries import place_of_temporaries
from evalbatch.workers.local import LocalWorkers
from evalbatch.workers.process import (
    Answer,
    Briefing,
    Failed,
    Failure,
    Limits,
    Lost,
    WorkersError,
)

_GENEROUS: Final = Limits()
_AHEAD: Final = 2
"""Chunks given out for each that is worked on, so that nobody waits."""
_LOOK_SECONDS: Final = 5.0
"""How often it is looked who works, where nothing gets finished."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the workers find the scheme, whom they expect, and what a file may take."""

    scheme: Path | None
    roster: Roster | None
    jobs: int
    prefill: Prefill | None = None
    reviews: Reviews | None = None
    limits: Limits = _GENEROUS
    cluster: str = ""
    """Address of a Dask scheduler; ``""`` for processes of this machine."""
    cache: bool = False
    """Whether what is found out about a file is kept for the next run."""


class Executor(Protocol):
    """Processes that examine: those of this machine or of a cluster."""

    @property
    def chunk(self) -> int:
        """How many arrivals are best given out at once."""

    def slots(self) -> int:
        """How many chunks can be worked on at once; may change while it works."""

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """An answer for every arrival, in their order.

        The future raises Lost when the answers are lost with those who worked on them, WorkersError when the run
        cannot go on.
        """

    def close(self) -> None:
        """End everything that was started, whatever it is doing."""


def briefing(settings: Settings) -> Briefing:
    """What the workers are told."""
    file = settings.scheme or packaged_scheme()
    scheme = file.read_bytes()
    given = (scheme, file.name, settings.roster, settings.prefill, settings.reviews)
    return Briefing(*given, settings.limits, judged_by(*given) if settings.cache else "")


def examine_all(
    arrivals: Iterable[Arrival], settings: Settings, executor: Executor | None = None
) -> Generator[Examined[Summary]]:
    """Every arrival examined, as they finish; what lies in a mail or an archive follows as arrivals of its own.

    Only as many arrivals are taken as are worked on, and a container's members come before further arrivals, so that
    memory does not grow with the inbox. The executor is closed at the end.
    """
    told = briefing(settings)
    scheme = compile_scheme(told.scheme, told.scheme_file)
    with contextlib.ExitStack() as stack:
        workers = stack.enter_context(contextlib.closing(executor or _executor(settings, told)))
        coming = iter(arrivals)
        members: deque[Arrival] = deque()
        suspects: deque[Arrival] = deque()
        waiting = stack.enter_context(_Waiting())
        trial: Future[list[Answer]] | None = None
        given = 0
        out: dict[Future[list[Answer]], list[Arrival]] = {}
        while True:
            slots = workers.slots()
            while len(out) < _AHEAD * slots:
                # small at first: where there are few files, every worker gets some, and all end together
                size = max(1, min(workers.chunk, given // (10 * slots)))
                taken = _take(members, coming, size)
                if not taken:
                    break
                given += len(taken)
                out[workers.submit(taken)] = taken
            if not out and suspects:  # nobody else can be the cause, and nobody else is harmed
                chunk = [suspects.popleft()]
                trial = workers.submit(chunk)
                out[trial] = chunk
            if not out:
                return
            for future in wait(out, _LOOK_SECONDS, FIRST_COMPLETED).done:
                chunk = out.pop(future)
                try:
                    answers = future.result()
                except Lost:
                    if future is not trial:
                        suspects.extend(chunk)
                        continue
                    answers = [Failed(Failure.CRASH)]
                for arrival, answer in zip(chunk, answers, strict=True):
                    examined = _opened(arrival, answer, scheme, settings.limits)
                    members.extend(examined.members)
                    waiting.note(arrival, examined.members)
                    yield replace(examined, members=tuple(replace(member, content=None) for member in examined.members))


class _Waiting(contextlib.AbstractContextManager["_Waiting"]):
    """The temporary files in which what lay in mails and archives waits; each is removed once all of it is examined."""

    def __init__(self) -> None:
        self._left: Counter[Path] = Counter()

    def note(self, examined: Arrival, members: Sequence[Arrival]) -> None:
        """An arrival is examined, and these lay in it."""
        self._left.update(member.path for member in members if member.temporary)
        if examined.temporary:
            self._left[examined.path] -= 1
            if not self._left[examined.path]:
                self._remove(examined.path)

    def _remove(self, path: Path) -> None:
        del self._left[path]
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def __exit__(self, *raised: object) -> None:
        for path in list(self._left):
            self._remove(path)


def _executor(settings: Settings, told: Briefing) -> Executor:
    if not settings.cluster:
        return LocalWorkers(told, settings.jobs)
    from evalbatch.workers.cluster import Cluster

    return Cluster(settings.cluster, told)


def _take(members: deque[Arrival], coming: Iterator[Arrival], size: int) -> list[Arrival]:
    chunk = [members.popleft() for _ in range(min(size, len(members)))]
    chunk.extend(itertools.islice(coming, size - len(chunk)))
    return chunk


def _opened(arrival: Arrival, answer: Answer, scheme: Scheme, limits: Limits) -> Examined[Summary]:
    if not isinstance(answer, Failed):
        examined: Examined[Summary] = pickle.loads(answer)
        return replace(examined, arrival=replace(examined.arrival, path=arrival.path))
    if answer.failure is Failure.DISK:
        raise WorkersError(
            f"邮件和压缩包中的文件无处暂存（{place_of_temporaries()}：{answer.detail}）。请清理磁盘，或用环境变量 TMPDIR 改到别的文件夹后重新运行。"
        )
    known = replace(arrival, content=None)
    return Examined(known, _digest(arrival), refusal=refusal(scheme, arrival, _reason(answer, limits)))


def _digest(arrival: Arrival) -> str:
    try:
        return "" if arrival.refusal or arrival.fault else digest_of(arrival)
    except OSError:
        return ""


def _reason(failed: Failed, limits: Limits) -> str:
    """Why a file has no result, and what to do; one sentence for each way to fail."""
    match failed.failure:
        case Failure.TIME:
            return (
                f"读取超时：{limits.seconds:g}秒内没有读完，已停止。"
                "请删去与填报无关的工作表、图片和大片空行后另存为 .xlsx 重新报送。"
            )
        case Failure.MEMORY:
            return (
                f"读取所需内存超过上限（{limits.memory / 1024**3:g}GB），已停止。"
                "请删去与填报无关的工作表和大片空行后另存为 .xlsx 重新报送。"
            )
        case Failure.CRASH:
            return "读取时程序异常终止，文件可能已损坏。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"
        case Failure.FAULT | Failure.DISK:
            return f"审核时程序出错（{failed.detail}），文件本身不一定有误。请把该文件交给程序维护人员。"


__all__ = [
    "Executor",
    "Limits",
    "Settings",
    "WorkersError",
    "briefing",
    "examine_all",
]

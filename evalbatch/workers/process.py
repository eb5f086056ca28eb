"""A process that examines files one after another, each within limits of time and memory; its parent outlives it."""

from __future__ import annotations

import contextlib
import enum
import faulthandler
import multiprocessing
import os
import pickle
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from evalbatch.cache import remembered
from evalbatch.examination import Examined, abridge, examine_file
from evalbatch.intake import Arrival, Prefill, Reviews, Roster
from evalbatch.model import Summary
from evalbatch.processes import bind_to_parent, collect_seldom, worker_context
from evalbatch.scheme import Scheme, compile_scheme
from evalbatch.temporaries import NoRoom

_START_SECONDS: Final = 120.0
"""How long a process may take to start: a cold disk with a virus scanner is slow."""
_IDLE_SECONDS: Final = 120.0
"""After how long without a file a process ends of itself."""
_GRACE_SECONDS: Final = 5.0
"""How long after its limit a process whose parent did not stop it stops itself."""
_LOOK_SECONDS: Final = 0.2
"""How often memory is looked at where the operating system does not bound it."""
OS_BOUNDS_MEMORY: Final = sys.platform == "linux"
"""Whether the operating system bounds the memory that a process really asks for."""


class WorkersError(RuntimeError):
    """The run cannot go on, whatever the files hold; the text is a sentence for the user."""


class Lost(Exception):
    """Those who worked on some arrivals died, again and again; one of the arrivals may be the cause."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take; a real workbook takes a hundredth of it."""

    seconds: float = 60.0
    memory: int = 2 * 1024**3
    """Bytes beyond what an idle worker holds."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a worker knows beside the files; it holds no path, so that it can travel to another machine."""

    scheme: bytes
    scheme_file: str
    roster: Roster | None = None
    prefill: Prefill | None = None
    reviews: Reviews | None = None
    limits: Limits = field(default_factory=Limits)
    judged: str = ""
    """What results are kept under in the cache of whoever works; ``""`` to keep none."""


class Failure(enum.Enum):
    """Why a file has no result although it could be opened."""

    TIME = "time"
    MEMORY = "memory"
    CRASH = "crash"
    FAULT = "fault"
    """A mistake of the program's own."""
    DISK = "disk"
    """No room for what lay in it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A file without a result, and why; ``detail`` names an exception."""

    failure: Failure
    detail: str = ""


Answer = bytes | Failed
"""A pickled Examined, or why there is none; pickled, because the one who asked may only pass it on."""
Work = Callable[[Arrival, Scheme, Briefing], Examined[Summary]]


def examine(arrival: Arrival, scheme: Scheme, briefing: Briefing) -> Examined[Summary]:
    """What a worker does with an arrival."""

    def fresh() -> Examined[Summary]:
        told = examine_file(arrival, scheme, briefing.roster, briefing.prefill, briefing.reviews)
        return abridge(told, scheme)

    return remembered(arrival, briefing.judged, fresh) if briefing.judged else fresh()


# ---------------------------------------------------------------- the parent's side


class _Stopped(Exception):
    """The process examines no more: it died or was stopped while it was on a file."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


_start_and_end = threading.Lock()
"""Processes are started and reaped by one thread at a time: the library's list of them knows no lock."""


class Worker:
    """One process at a time, replaced when a file brought it down. To be used by one thread at a time."""

    def __init__(self, briefing: Briefing, work: Work = examine) -> None:
        self._briefing = briefing
        self._work = work
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._held = 0
        self._stopped = False

    def examine(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """An answer for every arrival, in their order.

        A file on which the process dies is tried once more, as the first of a new process: a process may be killed
        from outside, and no good workbook goes back for that. Raises WorkersError when none starts.
        """
        answers: list[Answer] = []
        suspect: Arrival | None = None
        while len(answers) < len(arrivals):
            rest = arrivals[len(answers) :]
            try:
                for answer in self._ask(rest):
                    answers.append(answer)
            except _Stopped as stopped:
                self.end()
                guilty = arrivals[len(answers)]
                if guilty is suspect:
                    answers.append(Failed(stopped.failure))
                suspect = guilty
        return answers

    def stop(self) -> None:
        """Kill the process, whatever it is doing, and start no other; may be called from another thread."""
        with _start_and_end:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> None:
        """End the process, if there is one, and free what it held."""
        with _start_and_end:
            process, self._process = self._process, None
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            if process is not None:
                process.kill()
                process.join(_GRACE_SECONDS)
                with contextlib.suppress(ValueError):  # it waits for a disk or network that does not answer
                    process.close()

    def _ask(self, arrivals: Sequence[Arrival]) -> Iterator[Answer]:
        connection = self._connection or self._start()
        try:
            connection.send(arrivals)
        except OSError:
            raise _Stopped(Failure.CRASH) from None
        for _ in arrivals:
            yield self._receive(connection)

    def _receive(self, connection: Connection) -> Answer:
        deadline = time.monotonic() + self._briefing.limits.seconds
        try:
            while not connection.poll(max(0.0, min(_LOOK_SECONDS, deadline - time.monotonic()))):
                if time.monotonic() >= deadline:
                    raise _Stopped(Failure.TIME)
                if not OS_BOUNDS_MEMORY and self._memory() > self._held + self._briefing.limits.memory:
                    raise _Stopped(Failure.MEMORY)
            content = connection.recv_bytes()
        except (EOFError, OSError):
            raise _Stopped(Failure.CRASH) from None
        answer = content if content[:1] == _RESULT else pickle.loads(content[1:])
        if isinstance(answer, Failed):
            if answer.failure is Failure.MEMORY:
                raise _Stopped(Failure.MEMORY)
            return answer
        return content[1:]

    def _memory(self) -> int:
        import psutil

        process = self._process
        try:
            return 0 if process is None else int(psutil.Process(process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def _start(self) -> Connection:
        context = worker_context("evalbatch.workers.ready")
        with _start_and_end:
            if self._stopped:
                raise WorkersError("已中断。")
            ours, theirs = context.Pipe()
            self._connection = ours
            process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
            reason = ""
            try:
                process.start()
                self._process = process
            except (EOFError, OSError) as error:
                reason = f"（{error}）" if str(error) else ""
            theirs.close()
        try:
            # not with the start, which would then be told piece by piece, as it is read: a parent may be killed meanwhile
            ours.send(self._briefing)
            started = ours.poll(_START_SECONDS) and ours.recv_bytes() == _READY
        except (EOFError, OSError):
            started = False
        if not started:
            self.end()
            # no file was touched: blaming one would send a good workbook back
            raise WorkersError(f"工作进程无法启动{reason}，没有审核任何文件。请检查内存与系统权限后重试。")
        if not OS_BOUNDS_MEMORY:
            self._held = self._memory()
        return ours


# ---------------------------------------------------------------- the process's side

_READY: Final = b"ready"
_RESULT, _FAILED = b"r", b"f"


def _serve(connection: Connection, work: Work) -> None:
    bind_to_parent()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(EOFError, OSError):
        briefing: Briefing = connection.recv()
        scheme = compile_scheme(briefing.scheme, briefing.scheme_file)
        collect_seldom()
        _bound_memory(briefing.limits.memory)
        connection.send_bytes(_READY)
        while connection.poll(_IDLE_SECONDS):
            for arrival in connection.recv():
                # should the parent be gone and a library hold the interpreter, this alone still ends the process
                faulthandler.dump_traceback_later(briefing.limits.seconds + _GRACE_SECONDS, exit=True, file=nowhere)
                connection.send_bytes(_answer(arrival, scheme, briefing, work))
            faulthandler.cancel_dump_traceback_later()


def _answer(arrival: Arrival, scheme: Scheme, briefing: Briefing, work: Work) -> bytes:
    try:
        examined = work(arrival, scheme, briefing)
        # what lay in a mail goes only one way
        examined = replace(examined, arrival=replace(examined.arrival, content=None))
        return _RESULT + pickle.dumps(examined, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        failed = Failed(Failure.MEMORY)
    except NoRoom as error:
        failed = Failed(Failure.DISK, str(error))
    except Exception as error:  # noqa: BLE001  # a maintainer's mistake touches no other file either
        if os.environ.get("EVALBATCH_DEBUG"):
            traceback.print_exc()
        failed = Failed(Failure.FAULT, f"{type(error).__name__}：{error}")
    return _FAILED + pickle.dumps(failed)


def _bound_memory(limit: int) -> None:
    """Let the operating system refuse what a file asks for beyond ``limit``, and write no image of what died of it.

    Counted is private writable memory, not address space, of which threads and libraries reserve more than they use.
    """
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
            _, most = resource.getrlimit(resource.RLIMIT_DATA)
            wanted = held + limit if most == resource.RLIM_INFINITY else min(held + limit, most)
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))

"""How worker processes begin and end: the same way on every system, and never later than the one that started them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.context import SpawnContext
from typing import Final, cast

_SERVER: Final = "forkserver"
_COLLECTED_AFTER: Final = 50_000
"""New objects after which garbage is searched for; Python's own 700 are reached several times in a workbook."""


def worker_context(module: str) -> SpawnContext:
    """How worker processes start, with the module of their work loaded.

    Never by fork: a worker must start the same way on every system, and threads may be running here.
    """
    method = _SERVER if _SERVER in multiprocessing.get_all_start_methods() else "spawn"
    context = cast(SpawnContext, multiprocessing.get_context(method))  # a forkserver's has the same methods
    if method == _SERVER:
        context.set_forkserver_preload(["evalbatch.silence", module])
    return context


def prepare_workers(module: str) -> None:
    """Let the module of their work load in the background, where workers are made from one process that has it."""
    if sys.platform == "win32" or worker_context(module).get_start_method() != _SERVER:
        return
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # by itself it would undo what follows
    # Ctrl-C is this process's alone, from the other's first moment
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)


def collect_seldom() -> None:
    """Let garbage that refers to itself lie a little longer: hardly any is made, and each search for it costs.

    What is there already stays for good and is never searched again.
    """
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)


def silence() -> None:
    """Let this process say nothing on the console: what fails in it is its parent's to tell."""
    if not os.environ.get("EVALBATCH_DEBUG"):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)


def bind_to_parent() -> None:
    """Let this process end when its parent ends, however that happens, and leave Ctrl-C and the console to the parent."""
    silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

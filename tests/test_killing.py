"""A run that is stopped, however, leaves nothing half-done and nothing behind; the next one is as if it had not been."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.killing import ROOT, kill_and_run_again, session, wait_for_end
from tests.intake.forms_of_arrival import mail_with, zipped
from tests.test_pipeline import sample


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    for code in ("101001", "101002", "101003", "101004"):
        shutil.copy2(sample(code), folder)
    # what lies in a mail waits in temporary files
    files = {f"{code}.xlsx": sample(code).read_bytes() for code in ("101005", "101006")}
    (folder / "信.eml").write_bytes(mail_with({"材料.zip": zipped(files), **files}))
    return folder


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_after_kill_9_the_next_run_is_as_if_it_had_not_been(inbox: Path, short: Path) -> None:
    assert len(list(kill_and_run_again(short, inbox, [0.55, 0.95]))) == 2


STARTING = """
import os, signal, sys
from multiprocessing import popen_forkserver
from evalbatch.processes import worker_context

def work():
    raise AssertionError("never reached")

class Pipe:
    def __init__(self, descriptor, *_, **__):
        self.descriptor = descriptor
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def write(self, told):
        os.write(self.descriptor, told[:int(len(told) * share)])
        os.kill(os.getpid(), signal.SIGKILL)

share = float(sys.argv[1])
popen_forkserver.open = Pipe
worker_context("evalbatch.workers.ready").Process(target=work).start()
"""
"""A run that is killed while it tells a worker, from which all may come, what to do: a share of it is told."""


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="there, nothing comes between")
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_worker_whose_parent_is_killed_while_it_starts_says_nothing(tmp_path: Path, share: float) -> None:
    with (tmp_path / "said").open("wb") as said:
        command = [sys.executable, "-c", STARTING, str(share)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, env=environment, stderr=said, start_new_session=True)
        assert process.wait(30) == -signal.SIGKILL
        wait_for_end(process.pid)
    assert (tmp_path / "said").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_a_run_is_told_in_one_sentence(
    inbox: Path, tmp_path: Path, short: Path, number: signal.Signals
) -> None:
    for copy in range(100):
        shutil.copy2(sample("101001"), inbox / f"{copy}.xlsx")
    process = subprocess.Popen(
        [sys.executable, "-m", "evalbatch", "run", str(inbox), "-o", str(tmp_path / "排名.xlsx"), "--jobs", "2"],
        env=os.environ | {"TMPDIR": str(short), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while len(session(process.pid)) < 5:  # the run, what starts and what tracks its workers, and both of them
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number)  # as a terminal does: everybody hears of it
    _, said = process.communicate(timeout=30)
    assert said.decode() == "已中断。没有写完的文件都已清除，请重新运行。\n"
    assert process.returncode == 2
    wait_for_end(process.pid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["收件"]
    assert not list(short.iterdir())

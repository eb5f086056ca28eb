"""A cluster of Dask workers: the same bytes as by this machine alone, whoever dies, joins late or cannot work."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from evalbatch.examination import Examined
from evalbatch.intake import Arrival, find_arrivals
from evalbatch.model import Summary
from evalbatch.pipeline import run
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme import Scheme
from evalbatch.workers import Settings, WorkersError, briefing, examine_all
from evalbatch.workers import cluster as module
from evalbatch.workers.cluster import Cluster
from evalbatch.workers.process import Briefing, Work
from tests.forms import scheme
from tests.intake.forms_of_arrival import mail_with, mailbox, zipped
from tests.test_pipeline import TIME
from tests.test_samples import FOLDER
from tests.test_workers import CRASHED, arrival


@contextlib.contextmanager
def machines() -> Iterator[LocalCluster]:
    """A cluster of two machines."""
    start: Any = LocalCluster  # typed in part only
    quick = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.comm.timeouts.connect": "5s",
        "distributed.worker.multiprocessing-method": "forkserver",
    }
    with (
        dask.config.set(quick),
        start(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """The cluster that all tests share that do no machine any harm."""
    with machines() as running:
        yield running


def kill_machine() -> None:
    """End the Dask worker that this process belongs to, as a machine that is switched off."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    os.kill(parent.pid, signal.SIGKILL)


def misbehave(item: Arrival, rules: Scheme, briefing: Briefing) -> Examined[Summary]:
    said = item.path.read_text(encoding="utf-8")
    match said.split():
        case ["断电"]:
            kill_machine()
        case ["退出"]:
            os._exit(134)
    return Examined(item, "", other=said)


def fates(inbox: list[Arrival], cluster: LocalCluster, work: Work = misbehave) -> dict[str, str]:
    settings = Settings(None, None, 1)
    executor = Cluster(cluster.scheduler_address, briefing(settings), work)
    return {
        item.arrival.name: item.other if item.refusal is None else item.refusal.what
        for item in examine_all(inbox, settings, executor)
    }


@pytest.fixture
def inbox(tmp_path: Path) -> list[Arrival]:
    for number in range(30):
        (tmp_path / f"{number:02}").write_text(f"文件{number}", encoding="utf-8")
    return [arrival(path) for path in sorted(tmp_path.iterdir())]


def written(arrivals: Sequence[Arrival], settings: Settings) -> bytes:
    file = io.BytesIO()
    write_ranking_workbook(file, run(arrivals, settings, TIME), scheme())
    return file.getvalue()


def test_a_cluster_gives_the_same_bytes_as_this_machine(cluster: LocalCluster) -> None:
    arrivals = find_arrivals([FOLDER / "inbox"])[:8]
    local = written(arrivals, Settings(None, None, 2))
    assert written(arrivals, Settings(None, None, 2, cluster=cluster.scheduler_address)) == local


def test_what_lies_in_mails_travels_and_the_inbox_stays_as_it_was(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporaries = tmp_path / "temporaries"
    temporaries.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporaries))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    files = {
        f"{number}.xlsx": path.read_bytes() for number, path in enumerate(sorted((FOLDER / "inbox").iterdir())[:4])
    }
    letter = mail_with({"材料.zip": zipped(files), "空.xlsx": b""})
    box = mailbox([letter, mail_with({"箱.mbox": mailbox([mail_with(files)])})])
    (inbox / "信.eml").write_bytes(letter)
    (inbox / "箱.mbox").write_bytes(box)
    monkeypatch.chdir(tmp_path)
    arrivals = find_arrivals([Path("inbox")])
    local = written(arrivals, Settings(None, None, 2))
    assert written(arrivals, Settings(None, None, 2, cluster=cluster.scheduler_address)) == local
    assert ((inbox / "信.eml").read_bytes(), (inbox / "箱.mbox").read_bytes()) == (letter, box)
    assert list(temporaries.glob("evalbatch-*")) == []


def test_a_file_that_ends_machines_is_named_and_harms_no_other(inbox: list[Arrival]) -> None:
    expected = {item.name: item.path.read_text(encoding="utf-8") for item in inbox}
    for number, said in ((3, "退出"), (20, "断电")):
        inbox[number].path.write_text(said, encoding="utf-8")
        expected[f"{number:02}"] = CRASHED
    with machines() as cluster:
        assert fates([arrival(item.path) for item in inbox], cluster) == expected


def test_a_folder_that_is_not_shared_stops_the_run(cluster: LocalCluster, inbox: list[Arrival]) -> None:
    inbox[5].path.unlink()
    with pytest.raises(WorkersError, match="共享文件夹"):
        fates(inbox, cluster)


def test_another_version_on_a_machine_stops_the_run(
    cluster: LocalCluster, inbox: list[Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__version__", "0.0.9")
    with pytest.raises(WorkersError, match=r"应为 0\.0\.9"):
        fates(inbox, cluster)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "什么", "127.0.0.1:99999999"])
def test_no_cluster_there_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(WorkersError, match="连接不上集群"):
        Cluster(address, briefing(Settings(None, None, 1)))


def test_a_missing_dask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkersError, match=r"evalbatch\[cluster\]"):
        Cluster("tcp://127.0.0.1:1", briefing(Settings(None, None, 1)))

"""The batch: arrivals -> read, checked and scored in worker processes -> the version that counts -> Outcome."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import date, datetime
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final

from evalbatch import __version__
from evalbatch.examination import Examined, digest_of, examine_file, refusal
from evalbatch.intake import Arrival, Prefill, Roster
from evalbatch.model import LEVELS, Finding, Outcome, Ranked, Received, Ref, Result, Status, Unranked
from evalbatch.ranking import rank
from evalbatch.reading.cells import plain
from evalbatch.scheme import Scheme, load_scheme

_CHUNK: Final = 16
_CRASHED: Final = "读取时程序异常终止，文件可能已损坏。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"


class WorkersError(RuntimeError):
    """Worker processes do not start at all; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: files done of all, accepted and sent back so far."""

    done: int
    total: int
    accepted: int
    returned: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the workers find the scheme and whom they expect."""

    scheme: Path | None
    roster: Roster | None
    jobs: int
    prefill: Prefill | None = None


# ---------------------------------------------------------------- workers

_worker_settings: Settings | None = None


def _start_worker(settings: Settings) -> None:
    global _worker_settings
    _worker_settings = settings


def _examine_chunk(arrivals: Sequence[Arrival]) -> list[Examined]:
    assert _worker_settings is not None
    scheme = load_scheme(_worker_settings.scheme)
    return [examine_file(arrival, scheme, _worker_settings.roster, _worker_settings.prefill) for arrival in arrivals]


EXAMINE: Callable[[Sequence[Arrival]], list[Examined]] = _examine_chunk
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
    context = worker_context("evalbatch.pipeline")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(settings,))


def examine_all(arrivals: Sequence[Arrival], settings: Settings) -> Iterator[Examined]:
    """Every arrival examined in worker processes, as they finish.

    A reader that dies takes only its own file down: files of a broken chunk are tried again one by one.
    """
    size = max(1, min(_CHUNK, len(arrivals) // (2 * settings.jobs) or 1))
    chunks = [arrivals[start : start + size] for start in range(0, len(arrivals), size)]
    suspects: list[Arrival] = []
    with _pool(settings, min(settings.jobs, len(chunks)) or 1) as pool:
        futures: dict[Future[list[Examined]], Sequence[Arrival]] = {}
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
) -> Generator[Examined, None, list[Arrival]]:
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


# ---------------------------------------------------------------- the batch


def run(
    arrivals: Sequence[Arrival],
    settings: Settings,
    time: datetime,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """The whole batch; ``report`` hears of every file. The order of files and the number of workers are irrelevant."""
    scheme = load_scheme(settings.scheme)
    examined: list[Examined] = []
    accepted = sent_back = 0
    for item in examine_all(arrivals, settings):
        examined.append(item)
        accepted += item.result is not None and item.refusal is None
        sent_back += item.refusal is not None
        report(Progress(len(examined), len(arrivals), accepted, sent_back))
    examined.sort(key=lambda item: item.arrival.name)
    outcome = consolidate(examined, scheme, settings.roster, time)
    if settings.prefill is None:
        return outcome
    given = ("财政数据", f"{settings.prefill.file}（SHA-256 {settings.prefill.digest}）")
    return replace(outcome, facts=(*outcome.facts, given))


def consolidate(examined: Sequence[Examined], scheme: Scheme, roster: Roster | None, time: datetime) -> Outcome:
    """Examined files -> the version that counts for each department, ranked, with the register and the facts."""
    statuses: dict[str, tuple[Status, str]] = {}
    by_department: dict[str, list[Examined]] = {}
    for item in examined:
        if item.other:
            statuses[item.arrival.name] = ("其他材料", item.other)
        elif item.refusal is not None:
            statuses[item.arrival.name] = ("退回重报", item.refusal.what)
        elif item.result is not None:
            by_department.setdefault(_identity(item.result), []).append(item)
    valid: list[Result] = []
    for versions in by_department.values():
        valid.append(_choose(versions, statuses, scheme))
    ranked = rank(valid)
    present = {_identity(item.result) for item in ranked}
    unranked = list(_sent_back(examined, roster, present))
    present |= {item.code or plain(item.name) for item in unranked}
    unranked.extend(_absent(roster, present))
    files = [_received(item, statuses, roster) for item in examined]
    files.extend(
        Received("", item.status, item.reason, item.code, item.name)
        for item in unranked
        if item.status in ("未报送", "线下报送")
    )
    returned_findings = [
        finding
        for item in examined
        if item.refusal is not None
        for finding in (item.result.findings if item.result is not None else (_attributed(item.refusal, roster),))
    ]
    findings = [finding for place in ranked for finding in place.result.findings] + returned_findings
    facts = _facts(ranked, unranked, files, time)
    return Outcome(ranked, tuple(unranked), tuple(findings), tuple(files), facts)


def _identity(result: Result) -> str:
    return result.submission.code or plain(result.submission.name)


def _choose(versions: list[Examined], statuses: dict[str, tuple[Status, str]], scheme: Scheme) -> Result:
    """The newest valid version by 填报日期, then file time; the others are registered as 重复 or 旧版."""

    def age(item: Examined) -> tuple[date, datetime, str]:
        assert item.result is not None
        day = item.result.submission.value("T10", "填报内容")
        return day if isinstance(day, date) else date.min, item.arrival.received, item.arrival.name

    versions.sort(key=age)
    used = versions[-1]
    assert used.result is not None
    statuses[used.arrival.name] = ("有效", "")
    others = []
    for item in versions[:-1]:
        if item.digest == used.digest:
            statuses[item.arrival.name] = ("重复", f"与 {used.arrival.name} 完全相同")
        else:
            statuses[item.arrival.name] = ("旧版", f"以 {used.arrival.name} 为准")
            others.append(item.arrival.name)
    if not others:
        return used.result
    rule = scheme.rules["FS04"]
    submission = used.result.submission
    note = Finding(
        "FS04", rule.level, rule.kind, Ref("", ""), f"同一单位报送 {len(others) + 1} 份，取最新的一份",
        found="、".join(others), expected=used.arrival.name, advice=rule.advice,
        department=submission.code, name=submission.name, file=submission.source,
    )  # fmt: skip
    findings = sorted((*used.result.findings, note), key=lambda f: (LEVELS.index(f.level), f.code))
    return replace(used.result, findings=tuple(findings))


def _sent_back(examined: Sequence[Examined], roster: Roster | None, present: set[str]) -> Iterator[Unranked]:
    """Departments whose only workbooks went back, one line each."""
    seen: set[str] = set()
    for item in examined:
        if item.refusal is None:
            continue
        code = name = category = ""
        if item.result is not None:
            submission = item.result.submission
            code, name, category = submission.code, submission.name, submission.category
        if not code and not name:
            department = roster.mentioned(item.arrival.name) if roster is not None else None
            if department is not None:
                code, name, category = department.code, department.name, department.category
            else:
                name = item.arrival.path.stem
        identity = code or plain(name)
        if identity not in present and identity not in seen:
            seen.add(identity)
            yield Unranked(code, name, category, "退回重报", item.refusal.what, item.arrival.name)


def _absent(roster: Roster | None, present: set[str]) -> Iterator[Unranked]:
    for department in roster.departments if roster is not None else ():
        if department.code in present or plain(department.name) in present:
            continue
        status: Status = "线下报送" if department.secret else "未报送"
        reason = "涉密单位，线下报送" if department.secret else "未收到填报工作簿"
        yield Unranked(department.code, department.name, department.category, status, reason)


def _attributed(finding: Finding, roster: Roster | None) -> Finding:
    """A finding about an unreadable file, under the department that its name tells."""
    department = roster.mentioned(finding.file) if roster is not None else None
    if department is None:
        return finding
    return replace(finding, department=department.code, name=department.name)


def _received(item: Examined, statuses: Mapping[str, tuple[Status, str]], roster: Roster | None) -> Received:
    status, reason = statuses[item.arrival.name]
    code = name = ""
    if item.result is not None:
        code, name = item.result.submission.code, item.result.submission.name
    elif roster is not None and (department := roster.mentioned(item.arrival.name)) is not None:
        code, name = department.code, department.name
    arrival = item.arrival
    return Received(arrival.name, status, reason, code, name, item.digest, arrival.size, arrival.received)


def _facts(
    ranked: Sequence[Ranked],
    unranked: Sequence[Unranked],
    files: Sequence[Received],
    time: datetime,
) -> tuple[tuple[str, str], ...]:
    counts: dict[str, int] = {}
    for file in files:
        counts[file.status] = counts.get(file.status, 0) + 1
    arrived = sum(bool(file.file) for file in files)
    by_status = "、".join(f"{status} {count}" for status, count in sorted(counts.items()))
    return (
        ("程序版本", f"evalbatch {__version__}"),
        ("运行时间", time.isoformat(sep=" ", timespec="seconds")),
        ("收到文件数", str(arrived)),
        ("登记结果", by_status),
        ("参加排名单位数", str(len(ranked))),
        ("未参加排名单位数", str(len(unranked))),
    )

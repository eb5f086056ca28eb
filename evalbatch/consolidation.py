"""Examined files -> Outcome: the version that counts for each department, the ranking, the register, the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from evalbatch import __version__
from evalbatch.examination import Examined
from evalbatch.intake import Roster
from evalbatch.model import LEVELS, Finding, Outcome, Ranked, Received, Ref, Result, Status, Unranked
from evalbatch.ranking import rank
from evalbatch.reading.cells import plain
from evalbatch.scheme import Scheme


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

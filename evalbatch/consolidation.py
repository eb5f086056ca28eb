"""Examined files -> Outcome: the version that counts for each department, the ranking, the register, the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from evalbatch import __version__
from evalbatch.department_rows import count_findings, findings_of
from evalbatch.examination import Examined
from evalbatch.intake import Roster
from evalbatch.model import Finding, Outcome, Ranked, Received, Ref, Status, Summary, Unranked
from evalbatch.ranking import rank
from evalbatch.reading.cells import plain
from evalbatch.scheme import Scheme


def consolidate(
    examined: Sequence[Examined[Summary]], scheme: Scheme, roster: Roster | None, time: datetime
) -> Outcome:
    """Examined files -> the version that counts for each department, ranked, with the register and the facts."""
    statuses: dict[str, tuple[Status, str]] = {}
    by_department: dict[str, list[Examined[Summary]]] = {}
    for item in examined:
        if item.other:
            statuses[item.arrival.name] = ("其他材料", item.other)
        elif item.refusal is not None:
            statuses[item.arrival.name] = ("退回重报", item.refusal.what)
        elif item.result is not None:
            by_department.setdefault(_identity(item.result), []).append(item)
    valid: list[Summary] = []
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
    returned = [
        _attributed(item.refusal, roster) if item.result is None else item.result
        for item in examined
        if item.refusal is not None
    ]
    findings = Findings(ranked, unranked, returned)
    facts = _facts(ranked, unranked, files, time)
    return Outcome(ranked, tuple(unranked), findings, tuple(files), facts)


class Findings(Collection[Finding]):
    """The findings in the order of the departments; those of a summary are read whenever they are gone through.

    ``returned`` is what is told of the files that went back, by the order of the files.
    """

    def __init__(
        self, ranked: Sequence[Ranked], unranked: Sequence[Unranked], returned: Sequence[Summary | Finding]
    ) -> None:
        codes = [place.result.code for place in ranked] + [gone.code for gone in unranked]
        places = {code: place for place, code in reversed(list(enumerate(codes)))}

        def place(about: Summary | Finding) -> int:
            code = about.code if isinstance(about, Summary) else about.department
            return places.get(code, len(places))

        self._sources = sorted((*(item.result for item in ranked), *returned), key=place)

    def __iter__(self) -> Iterator[Finding]:
        for source in self._sources:
            if isinstance(source, Summary):
                yield from findings_of(source)
            else:
                yield source

    def __len__(self) -> int:
        return sum(count_findings(source) if isinstance(source, Summary) else 1 for source in self._sources)

    def __contains__(self, finding: object) -> bool:
        return any(finding == other for other in self)


def _identity(result: Summary) -> str:
    return result.code or plain(result.name)


def _choose(versions: list[Examined[Summary]], statuses: dict[str, tuple[Status, str]], scheme: Scheme) -> Summary:
    """The newest valid version by 填报日期, then file time; the others are registered as 重复 or 旧版."""

    def age(item: Examined[Summary]) -> tuple[date, datetime, str]:
        assert item.result is not None
        return item.result.filled or date.min, item.arrival.received, item.arrival.name

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
    note = Finding(
        "FS04", rule.level, rule.kind, Ref("", ""), f"同一单位报送 {len(others) + 1} 份，取最新的一份",
        found="、".join(others), expected=used.arrival.name, advice=rule.advice,
        department=used.result.code, name=used.result.name, file=used.result.source,
    )  # fmt: skip
    return replace(used.result, noted=(note,))


def _sent_back(examined: Sequence[Examined[Summary]], roster: Roster | None, present: set[str]) -> Iterator[Unranked]:
    """Departments whose only workbooks went back, one line each."""
    seen: set[str] = set()
    for item in examined:
        if item.refusal is None:
            continue
        code = name = category = ""
        if item.result is not None:
            code, name, category = item.result.code, item.result.name, item.result.category
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


def _received(item: Examined[Summary], statuses: Mapping[str, tuple[Status, str]], roster: Roster | None) -> Received:
    status, reason = statuses[item.arrival.name]
    code = name = ""
    if item.result is not None:
        code, name = item.result.code, item.result.name
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

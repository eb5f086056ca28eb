"""Examined files -> Outcome: the version that counts for each department, the ranking, the register, the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Final

from evalbatch import __version__
from evalbatch.department_rows import count_findings, findings_of
from evalbatch.examination import Examined, judged, on_batch
from evalbatch.intake import Roster
from evalbatch.model import Finding, Outcome, Ranked, Received, Status, Summary, Unranked
from evalbatch.ranking import rank
from evalbatch.reading.cells import spelling
from evalbatch.register import Verdict, count, enter, lateness
from evalbatch.scheme import Scheme
from evalbatch.senders import NOBODYS, Owners, identity, owners_of, settle
from evalbatch.versions import FIRST, NEWEST, NEWEST_VALID, POLICY, age, changes, choose

LATE: Final = "逾期"
UNITS: Final = "所属单位"
_TOGETHER: Final = "汇总报送"
_CHOSEN: Final = {NEWEST_VALID: "最新的有效一份", NEWEST: "最新的一份", FIRST: "最早的有效一份"}


def consolidate(
    examined: Sequence[Examined[Summary]],
    scheme: Scheme,
    roster: Roster | None,
    time: datetime,
    deadline: date | None = None,
) -> Outcome:
    """Examined files -> the version that counts for each department, ranked, with the register and the facts.

    ``deadline`` is the last day on which a workbook arrives in time.
    """
    reporting = [_in_time(item, scheme, deadline) for item in _reporting(examined, scheme, roster)]
    items = settle(reporting, scheme, roster)
    owners = owners_of(items, roster)
    verdicts: dict[str, Verdict] = {}
    valid: list[Summary] = []
    replaced: set[str] = set()
    for versions in _by_department(items, owners, scheme):
        used = _decide(versions, verdicts, scheme)
        if used is not None:
            valid.append(used)
            replaced.update(_sent_back_before(used, versions))
    ranked = rank(_units_told(valid, scheme, roster))
    present = {name for place in ranked for name in _names(place.result.code, place.result.name)}
    unranked = sorted(_sent_back(items, verdicts, owners, present, scheme), key=lambda gone: gone.file)
    present |= {name for gone in unranked for name in _names(gone.code, gone.name)}
    unranked.extend(_absent(roster, present, scheme))
    files = enter(items, verdicts, owners, roster, deadline)
    files.extend(
        Received("", gone.status, gone.reason, gone.code, gone.name)
        for gone in unranked
        if gone.status in ("未报送", "线下报送")
    )
    back = (item for item in items if verdicts[item.arrival.name][0] == "退回重报")
    return Outcome(
        ranked,
        tuple(unranked),
        Findings(ranked, unranked, [about for item in back for about in _told(item, owners)]),
        tuple(files),
        (
            ("程序版本", f"evalbatch {__version__}"),
            ("运行时间", time.isoformat(sep=" ", timespec="seconds")),
            *((("截止日期", deadline.isoformat()),) if deadline is not None else ()),
            *count(items, files),
            ("参加排名单位数", str(len(ranked))),
            ("未参加排名单位数", str(len(unranked))),
        ),
        frozenset(replaced),
    )


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


def _names(code: str, name: str) -> set[str]:
    return {code or spelling(name), spelling(name)} - {""}


# ---------------------------------------------------------------- what the batch adds to a file


def _reporting(
    examined: Sequence[Examined[Summary]], scheme: Scheme, roster: Roster | None
) -> Iterator[Examined[Summary]]:
    """The files; where departments report for their units (主管部门), a unit's own workbook is other material."""
    for item in examined:
        if item.result is not None and roster is not None and scheme.choice(UNITS) == _TOGETHER:
            unit = roster.by_code.get(item.result.code)
            above = roster.superior(unit) if unit is not None else None
            if above is not None:
                item = replace(
                    item, refusal=None, other=f"所属单位的工作簿，由主管部门{above.name}汇总报送，不单独排名"
                )
        yield item


def _in_time(item: Examined[Summary], scheme: Scheme, deadline: date | None) -> Examined[Summary]:
    """A workbook with what the scheme says of its being late."""
    late = lateness(item.arrival, deadline)
    if not late or item.result is None or item.other or deadline is None:
        return item
    variant = scheme.rules["FS11"].variants.get(scheme.choice(LATE))
    source = "邮件日期" if item.arrival.mailed else "文件时间"
    finding = on_batch(
        scheme, "FS11", item.result, f"{late}（按{source}）",
        found=item.arrival.received.isoformat(sep=" "), expected=f"不晚于 {deadline.isoformat()}", level=variant,
    )  # fmt: skip
    return judged(item, finding)


def _units_told(valid: Sequence[Summary], scheme: Scheme, roster: Roster | None) -> list[Summary]:
    """The results; a unit whose 主管部门 reported too is told to look whether its figures were counted twice."""
    if roster is None:
        return list(valid)
    codes = {result.code for result in valid}
    return [_unit_told(result, codes, scheme, roster) for result in valid]


def _unit_told(result: Summary, codes: set[str], scheme: Scheme, roster: Roster) -> Summary:
    unit = roster.by_code.get(result.code)
    above = roster.superior(unit) if unit is not None else None
    if above is None or above.code not in codes:
        return result
    what = f"主管部门{above.name}也报送了工作簿，请核对其中是否已汇总本单位"
    told = on_batch(scheme, "HD14", result, what, expected="各填各的，不重复汇总")
    return replace(result, noted=(*result.noted, told))


# ---------------------------------------------------------------- versions


def _by_department(
    items: Sequence[Examined[Summary]], owners: Owners, scheme: Scheme
) -> Iterator[list[Examined[Summary]]]:
    """The workbooks of each department, oldest first, with those that went back; what is nobody's, each by itself."""
    departments: dict[str, list[Examined[Summary]]] = defaultdict(list)
    for item in items:
        owner = owners.get(item.arrival.name)
        nobodys = owner is None or (item.refusal is not None and item.refusal.code in NOBODYS) or item.other
        departments["\0" + item.arrival.name if nobodys or owner is None else identity(owner)].append(item)
    for versions in departments.values():
        yield sorted(versions, key=lambda item: age(item, scheme.year))


def _decide(versions: Sequence[Examined[Summary]], verdicts: dict[str, Verdict], scheme: Scheme) -> Summary | None:
    """Say of each version what became of it; the result of the one that counts."""
    if versions[0].other:
        verdicts[versions[0].arrival.name] = "其他材料", versions[0].other
        return None
    policy = scheme.choice(POLICY)
    used = choose(versions, policy)
    first: dict[str, str] = {}
    """The file that a digest was met in first."""
    older: list[Examined[Summary]] = []
    later: list[str] = []
    for item in [*([used] if used is not None else []), *(item for item in reversed(versions) if item is not used)]:
        name, twin = item.arrival.name, first.setdefault(item.digest or item.arrival.name, item.arrival.name)
        if twin != name:
            verdicts[name] = "重复", f"与 {twin} 完全相同"
        elif item.refusal is not None:
            verdicts[name] = "退回重报", item.refusal.what
            if used is not None and age(item, scheme.year) > age(used, scheme.year):
                later.append(name)
        elif used is None:
            last = versions[-1].arrival.name
            verdicts[name] = "旧版", f"其后报送的 {last} 退回重报，按方案以最新一份为准"
        elif item is used:
            verdicts[name] = "有效", ""
        else:
            assert item.result is not None and used.result is not None
            same = "" if any(changes(item.result, used.result, scheme)) else "，填报内容相同"
            verdicts[name] = "旧版", f"以 {used.arrival.name} 为准{same}"
            older.append(item)
    if used is None or used.result is None:
        return None
    return replace(used.result, noted=(*used.result.noted, *_versions_told(used, older[::-1], later[::-1], scheme)))


def _sent_back_before(used: Summary, versions: Sequence[Examined[Summary]]) -> Iterator[str]:
    """The files that went back and were followed by the one that counts, of versions oldest first."""
    for item in takewhile(lambda item: item.arrival.name != used.source, versions):
        if item.refusal is not None:
            yield item.arrival.name


def _versions_told(
    used: Examined[Summary], others: Sequence[Examined[Summary]], later: Sequence[str], scheme: Scheme
) -> Iterator[Finding]:
    """FS04: which of several versions counts, what came after it and went back, and what it changed."""
    assert used.result is not None
    if not others and not later:
        return
    what = f"同一单位报送 {len(others) + len(later) + 1} 份，取{_CHOSEN[scheme.choice(POLICY)]}"
    if later:
        what += f"；其后报送的 {'、'.join(later)} 退回重报，不取代它"
    found = "、".join([*(item.arrival.name for item in others), *later])
    yield on_batch(scheme, "FS04", used.result, what, found=found, expected=used.arrival.name)
    before = [item for item in others if age(item, scheme.year) < age(used, scheme.year)]
    if before and before[-1].result is not None:
        what = f"与上一份 {before[-1].arrival.name} 相比有改动（原填→现填）"
        for ref, told in changes(before[-1].result, used.result, scheme):
            yield on_batch(scheme, "FS04", used.result, what, ref=ref, found=told)


# ---------------------------------------------------------------- departments without a valid workbook


def _sent_back(
    items: Sequence[Examined[Summary]],
    verdicts: Mapping[str, Verdict],
    owners: Owners,
    present: set[str],
    scheme: Scheme,
) -> Iterator[Unranked]:
    """Departments whose only workbooks went back, one line each with the newest; what is nobody's, a line a file."""
    seen: set[str] = set()
    for item in sorted(items, key=lambda item: age(item, scheme.year), reverse=True):
        status, reason = verdicts[item.arrival.name]
        if status != "退回重报":
            continue
        owner = owners.get(item.arrival.name)
        if owner is None:
            yield Unranked("", PurePosixPath(item.arrival.name).stem, "", status, reason, item.arrival.name)
            continue
        nobodys = item.refusal is not None and item.refusal.code in NOBODYS
        key = f"{owner.code} {owner.name}" if nobodys else identity(owner)
        if not present.intersection({identity(owner), spelling(owner.name)}) and key not in seen:
            seen.add(key)
            yield Unranked(owner.code, owner.name, owner.category, status, reason, item.arrival.name)


def _absent(roster: Roster | None, present: set[str], scheme: Scheme) -> Iterator[Unranked]:
    """Departments of the roster of which nothing came."""
    for department in roster.departments if roster is not None else ():
        if department.code in present or spelling(department.name) in present:
            continue
        if roster is not None and scheme.choice(UNITS) == _TOGETHER and roster.superior(department) is not None:
            continue
        status: Status = "线下报送" if department.secret else "未报送"
        reason = "涉密单位，线下报送" if department.secret else "未收到填报工作簿"
        yield Unranked(department.code, department.name, department.category, status, reason)


def _told(item: Examined[Summary], owners: Owners) -> Iterator[Summary | Finding]:
    """What is told of a workbook that went back, under the department that it is of."""
    if item.result is not None:
        yield item.result
    elif item.refusal is not None:
        owner = owners.get(item.arrival.name)
        yield item.refusal if owner is None else replace(item.refusal, department=owner.code, name=owner.name)

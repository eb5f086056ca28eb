"""Examined files -> whose each is; a workbook of which nobody can tell that goes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from evalbatch.examination import Examined, judged, on_batch
from evalbatch.intake import Arrival, Department, Roster
from evalbatch.model import Finding, Summary
from evalbatch.reading.cells import abbreviates, spelling
from evalbatch.scheme import Scheme

NOBODYS: Final = frozenset({"HD08", "HD09", "HD11", "HD13"})
"""Rules for which a workbook goes back because nobody can tell whose it is: it is no version of anybody's."""
Owners = Mapping[str, Department]
"""The department of a file by the name of its arrival; a file of which nothing is known is left out."""


def owners_of(items: Sequence[Examined[Summary]], roster: Roster | None) -> Owners:
    """Whose each file is: as its cover says, else its name or the subject of its mail, else the workbook beside it."""
    owners: dict[str, Department] = {}
    codes: dict[str, set[str]] = defaultdict(set)
    for item in items:
        department = _told(item, roster)
        if department is not None:
            owners[item.arrival.name] = department
            codes[spelling(department.name)].add(department.code)
    for name, department in owners.items():
        known = codes[spelling(department.name)] - {""}
        if not department.code and department.name and len(known) == 1:
            owners[name] = replace(department, code=known.pop())
    return owners | dict(_beside(items, owners))


def identity(department: Department) -> str:
    """What makes two workbooks those of one department."""
    return department.code or spelling(department.name)


def _told(item: Examined[Summary], roster: Roster | None) -> Department | None:
    if item.result is not None:
        about = item.result
        if about.code or about.name:
            return Department(about.code, about.name, about.category, False)
    if roster is None:
        return None
    name = item.arrival.name
    return roster.mentioned(PurePosixPath(name).name) or roster.mentioned(name, item.arrival.subject)


def _beside(items: Sequence[Examined[Summary]], owners: Owners) -> Iterator[tuple[str, Department]]:
    """What lies in the same mail or archive as one department's workbook is that department's, and so is the mail.

    In an archive this is not said of a workbook that went back: somebody may have packed those of several departments.
    """
    arrivals = {item.arrival.name: item.arrival for item in items}
    held: dict[str, dict[str, Department]] = defaultdict(dict)
    for item in items:
        department = owners.get(item.arrival.name)
        if item.result is not None and department is not None:
            for container in _containers(item.arrival, arrivals):
                held[container.name][identity(department)] = department
    for item in items:
        if item.arrival.name not in owners:
            for container in (item.arrival, *_containers(item.arrival, arrivals)):
                departments = held[container.name]
                if departments:
                    if len(departments) == 1 and (item.refusal is None or container.is_mail):
                        yield item.arrival.name, next(iter(departments.values()))
                    break


def _containers(arrival: Arrival, arrivals: Mapping[str, Arrival]) -> Iterator[Arrival]:
    """The archives that a file lay in up to the mail that they came with, the innermost first.

    A mailbox, or a mail with which somebody forwards mails, holds those of many.
    """
    if not arrival.depth or arrival.is_mail:
        return
    for parent in PurePosixPath(arrival.name).parents:
        container = arrivals.get(parent.as_posix())
        if container is not None:
            yield container
            if container.is_mail:
                return


def settle(items: Sequence[Examined[Summary]], scheme: Scheme, roster: Roster | None) -> list[Examined[Summary]]:
    """The files with what only the batch can tell of their covers: one code of two departments, two names, two codes.

    The roster decides where it can; otherwise all of them go back rather than one replacing another.
    """
    findings: dict[str, Finding] = {}
    by_code: dict[str, list[Examined[Summary]]] = defaultdict(list)
    by_name: dict[str, list[Examined[Summary]]] = defaultdict(list)
    for item in items:
        if item.result is not None and item.refusal is None and not item.other:
            if item.result.code:
                by_code[item.result.code].append(item)
            if _name(item):
                by_name[spelling(_name(item))].append(item)
    for code, sharing in by_code.items():
        findings |= _one_code(code, sharing, scheme, roster)
    for sharing in by_name.values():
        findings |= _one_name(sharing, scheme, roster)
    return [judged(item, findings.get(item.arrival.name)) for item in items]


def _name(item: Examined[Summary]) -> str:
    assert item.result is not None
    return item.result.titled


def _one_code(
    code: str, sharing: Sequence[Examined[Summary]], scheme: Scheme, roster: Roster | None
) -> Iterator[tuple[str, Finding]]:
    names = {spelling(_name(item)): _name(item) for item in sharing if _name(item)}
    if len(names) < 2:
        return
    listed = "、".join(sorted(names.values()))
    known = roster.by_code.get(code) if roster is not None else None
    full = known.name if known is not None else max(sorted(names), key=len)
    same = {name for name in names if abbreviates(name, full) or abbreviates(full, name)}
    if len(same) == len(names):
        what = f"单位编码 {code} 下单位名称写法不一：{listed}，按同一单位处理"
        for item in sharing:
            yield item.arrival.name, _on_cover(scheme, "HD10", item, what)
        return
    for item in sharing:
        if known is None or not same or spelling(_name(item)) not in same | {""}:
            what = f"单位编码 {code} 下有不同的单位：{listed}，不能认定是谁的工作簿"
            yield item.arrival.name, _on_cover(scheme, "HD09", item, what)


def _one_name(
    sharing: Sequence[Examined[Summary]], scheme: Scheme, roster: Roster | None
) -> Iterator[tuple[str, Finding]]:
    codes = sorted({item.result.code for item in sharing if item.result is not None} - {""})
    if len(codes) < 2:
        return
    for item in sharing:
        assert item.result is not None
        code = item.result.code
        if code and (roster is None or code not in roster.by_code):
            what = f"单位名称“{_name(item)}”下有不同的单位编码：{'、'.join(codes)}，不能认定是谁的工作簿"
            yield item.arrival.name, _on_cover(scheme, "HD11", item, what)


def _on_cover(scheme: Scheme, code: str, item: Examined[Summary], what: str) -> Finding:
    assert item.result is not None
    return on_batch(scheme, code, item.result, what, ref=item.result.cover, found=item.result.titled)

"""Family ID where no formula can say it: one amount in two rows, and head counts that are no whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.model import Finding
from evalbatch.reading.cells import shown
from evalbatch.rules.case import Case, rule
from evalbatch.scheme import Scheme

_BLOCKS: Final = ("R", "S", "E", "G")
_COLUMN: Final = "决算数"


@rule("ID12")
def duplicated_amount(case: Case) -> Iterator[Finding]:
    """The same amount in two lines of one block, or in 基本支出 and one of its economic classes.

    Exempt are lines that must agree: a line and its ancestors, and a parent and its only non-zero child,
    with all that follows from the two.
    """
    for block in _BLOCKS:
        alike: dict[Decimal, list[str]] = {}
        for key in _own_amounts(case.scheme, block):
            value = case.submission.value(key, _COLUMN)
            if isinstance(value, Decimal) and value > 0:
                alike.setdefault(value, []).append(key)
        for value, keys in alike.items():
            strangers = _unrelated(case, keys) if len(keys) > 1 else keys
            if len(strangers) > 1:
                names = "、".join(case.scheme.label(key) for key in strangers)
                yield case.finding(
                    "ID12", case.refs((key, _COLUMN) for key in strangers), f"{names}的决算数相同", found=shown(value)
                )
    yield from _basic_in_one_class(case)


@lru_cache(maxsize=32)
def _own_amounts(scheme: Scheme, block: str) -> tuple[str, ...]:
    """The keys of a block's lines, without shares of one whole: these may agree by chance of fact."""
    lines = scheme.lines.values()
    return tuple(line.key for line in lines if line.block == block and not line.label.startswith("其中"))


def _unrelated(case: Case, keys: list[str]) -> list[str]:
    """Of lines with one amount, one for each set that is bound to agree."""
    sets: list[set[str]] = []
    for key in keys:
        bound = {other for other in keys if other == key or _bound(case, key, other)}
        near = [group for group in sets if group & bound]
        sets = [group for group in sets if group not in near] + [set().union(*near, bound)]
    return sorted((min(group, key=keys.index) for group in sets), key=keys.index)


def _bound(case: Case, one: str, other: str) -> bool:
    return other in _ancestors(case, one) or one in _ancestors(case, other)


def _ancestors(case: Case, key: str) -> set[str]:
    found: set[str] = set()
    parent = case.scheme.lines[key].parent
    while parent is not None:
        found.add(parent)
        parent = case.scheme.lines[parent].parent
    return found


def _basic_in_one_class(case: Case) -> Iterator[Finding]:
    whole = case.submission.value("S03", _COLUMN)
    if not isinstance(whole, Decimal) or whole <= 0:
        return
    classes = [line.key for line in case.scheme.lines.values() if line.block == "E" and line.parent is not None]
    shares = {key: case.submission.value(key, "其中：基本支出") for key in classes}
    if sum(isinstance(share, Decimal) and share > 0 for share in shares.values()) < 2:
        return  # all of 基本支出 stands in one class
    for key in classes:
        if case.submission.value(key, _COLUMN) == whole:
            what = f"基本支出的决算数与{case.scheme.label(key)}的决算数相同"
            yield case.finding("ID12", case.refs([("S03", _COLUMN), (key, _COLUMN)]), what, found=shown(whole))


@rule("ID14")
def whole_numbers(case: Case) -> Iterator[Finding]:
    """Persons, groups, vehicles and receptions are counted in whole numbers."""
    for line in case.scheme.lines.values():
        for column, spec in line.types.items():
            if spec.type != "count":
                continue
            entry = case.submission.cells.get((line.key, column))
            if entry is None or entry.derived or not isinstance(entry.value, Decimal):
                continue
            if entry.value != entry.value.to_integral_value():
                what = f"{line.label}应为整数"
                yield case.finding("ID14", entry.ref, what, found=shown(entry.value), expected="整数")

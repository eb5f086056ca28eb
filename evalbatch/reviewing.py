"""Outcome + Reviews -> what became of the reviews: facts of the run; refused where one is above its row's 分值."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from evalbatch.department_rows import Value, department_tables, rows_of
from evalbatch.intake import Reviews
from evalbatch.model import Outcome, Summary
from evalbatch.scheme import Scheme
from evalbatch.scheme.points import PENDING

UNUSED: Final = "复核未用上"
CHANGED: Final = "复核后有变动"
_MOST: Final = 20
"""Places that a fact names; the others are counted."""


def review_facts(outcome: Outcome, scheme: Scheme, reviews: Reviews) -> tuple[tuple[str, str], ...]:
    """What 运行说明 says of the reviews: how many, which found no valid workbook, and what changed since they were made.

    Raises ReviewsError, with sheet and cell, for points above the 分值 that the row has in its department.
    """
    ranked = {place.result.code: place.result for place in outcome.ranked}
    used = [code for code in reviews.departments if code in ranked]
    changed: list[str] = []
    for code in used:
        lines = _lines(ranked[code], scheme)
        for key, review in reviews.departments[code].items():
            line = lines[key]
            most = line["分值"]
            if isinstance(most, Decimal) and review.points > most:
                raise reviews.fail(
                    review, f"复核得分 {review.points:f} 超过单位 {code} {key} 的分值 {most:f}，请更正。"
                )
            for header, seen in review.seen.items():
                if seen != line[header]:
                    changed.append(f"{code} {key} {header} {_said(seen)}→{_said(line[header])}")
    count = sum(len(reviews.departments[code]) for code in used)
    unused = [f"{code}（{len(of)} 条）" for code, of in reviews.departments.items() if code not in ranked]
    facts = [("复核", f"{len(used)} 个单位，{count} 条")]
    if unused:
        facts.append((UNUSED, f"没有有效工作簿的单位：{_listed(unused)}"))
    if changed:
        facts.append((CHANGED, f"复核时所见与现在不同，请再看：{_listed(changed)}"))
    return tuple(facts)


def pending(outcome: Outcome, scheme: Scheme) -> str:
    """The indicators that are still 待核, ``""`` when there are none."""
    return _listed(list(_pending(outcome, scheme)))


def _pending(outcome: Outcome, scheme: Scheme) -> Iterator[str]:
    for place in outcome.ranked:
        lines = _lines(place.result, scheme)
        keys = [key for key, line in lines.items() if line["得分来源"] == PENDING]
        if keys:
            yield f"{place.result.name or place.result.code} {'、'.join(keys)}"


def _lines(result: Summary, scheme: Scheme) -> Mapping[str, Mapping[str, Value]]:
    """The rows of 得分明细 of a department by indicator."""
    headers = department_tables(scheme)["lines"].headers
    rows = (dict(zip(headers, row, strict=True)) for row in rows_of(result, "lines"))
    return {str(row["编码"]): row for row in rows}


def _said(value: Value) -> str:
    return "空白" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _listed(items: Sequence[str]) -> str:
    more = f"等 {len(items)} 处" if len(items) > _MOST else ""
    return "；".join(items[:_MOST]) + more

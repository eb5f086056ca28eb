"""Family PB: publication of budget, accounts, targets and self-evaluation on the two platforms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from evalbatch.model import Finding
from evalbatch.reading.cells import shown
from evalbatch.rules.case import Case, rule
from evalbatch.scheme import PUBLISHED_WITHIN
from evalbatch.scoring import is_inapplicable

_APPROVED: Final = "批复日期"
_PLATFORMS: Final = ("财政统一平台公开日期", "部门网站公开日期")
_ADDRESS: Final = "文件名或网址"
_SCORED: Final = {"B14": ("L01", "L02"), "B73": ("L03", "L04")}


def _materials(case: Case) -> Iterator[str]:
    for code, keys in _SCORED.items():
        if not is_inapplicable(case.submission, case.scheme.indicators[code]):
            yield from keys


@rule("PB01")
def publication(case: Case) -> Iterator[Finding]:
    """Published later after approval than the law allows, before it, or on one platform only; no 批复日期."""
    allowed = case.scheme.thresholds[PUBLISHED_WITHIN]
    for key in _materials(case):
        places = [(key, column) for column in (_APPROVED, *_PLATFORMS)]
        if any(place in case.doubt or place not in case.submission.cells for place in places):
            continue
        label = case.scheme.label(key)
        approved = case.submission.value(key, _APPROVED)
        published = {column: case.submission.value(key, column) for column in _PLATFORMS}
        if not isinstance(approved, date):
            what = f"{label}的批复日期未填，无法核对是否及时公开"
            yield case.finding("PB01", case.ref(key, _APPROVED), what, found="空白", expected="批复日期")
            continue
        missing = [column for column, day in published.items() if day is None]
        if missing:
            what = f"{label}没有{'和'.join(missing)}，视为未在该平台公开"
            yield case.finding("PB01", case.refs((key, column) for column in missing), what, found="空白")
        for column, day in published.items():
            if not isinstance(day, date):
                continue
            days = (day - approved).days
            if days < 0:
                what = f"{label}的{column}早于批复日期 {-days} 天"
                yield case.finding("PB01", case.ref(key, column), what, found=shown(day),
                                   expected=f"不早于 {shown(approved)}", variant="早于批复")  # fmt: skip
            elif days > allowed:
                what = f"{label}的{column}在批复后 {days} 天，超过 {allowed} 天"
                yield case.finding("PB01", case.ref(key, column), what, found=shown(day), expected=f"{allowed} 天以内")


@rule("PB02")
def addresses(case: Case) -> Iterator[Finding]:
    """Something published or done without its file name or address: one line a department."""
    missing = []
    for line in case.scheme.lines.values():
        if line.block != "L" or (line.key, _ADDRESS) not in case.submission.cells:
            continue
        done = case.submission.value(line.key, "是否完成") == "是" or any(
            case.submission.value(line.key, column) is not None for column in _PLATFORMS
        )
        if done and not case.submission.text(line.key, _ADDRESS):
            missing.append(line.key)
    if missing:
        names = "、".join(case.scheme.label(key) for key in missing)
        yield case.finding(
            "PB02", case.refs((key, _ADDRESS) for key in missing), f"{names}没有文件名或网址", found="空白"
        )

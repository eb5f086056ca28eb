"""Family BM: additions and deductions of 加减分事项表."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from evalbatch.model import Finding, ListRow
from evalbatch.reading.cells import shown
from evalbatch.rules.case import Case, join, rule
from evalbatch.scheme.formula import same_text

_MISCONDUCT: Final = "违法违纪"


def _kind(case: Case, kind: str) -> list[ListRow]:
    return [row for row in case.rows("Y") if row.row.text("类型") == kind]


@rule("BM01")
def levels(case: Case) -> Iterator[Finding]:
    """类型 or 级别 missing or not in the list, or 自报分值 not the points of the level."""
    spec = {column.name: column for column in case.scheme.lists["Y"].columns}
    for row in case.rows("Y"):
        kind, level = row.row.text("类型"), row.row.text("级别")
        if not kind:
            yield case.finding("BM01", case.row_ref(row, "类型"), f"{row.row.key} 未填类型，未计入", found="空白",
                               expected="、".join(spec["类型"].choices))  # fmt: skip
        if level not in spec["级别"].choices or (kind == "加分" and level == _MISCONDUCT):
            yield case.finding(
                "BM01", case.row_ref(row, "级别"), f"{row.row.key} 的级别不在规定之内", found=level or "空白",
                expected="、".join(spec["级别"].choices),
            )  # fmt: skip
            continue
        claimed, granted = row.row.value("自报分值"), row.computed["级别分"]
        if kind == "加分" and isinstance(claimed, Decimal) and isinstance(granted, Decimal) and claimed != granted:
            yield case.finding(
                "BM01", case.row_ref(row, "自报分值"), f"{row.row.key} 自报分值与级别（{level}）不符",
                found=shown(claimed), expected=shown(granted), difference=claimed - granted,
            )  # fmt: skip


@rule("BM02")
def same_work(case: Case) -> Iterator[Finding]:
    """Several awards for one 工作事项: only the highest counts."""
    by_work: dict[str, list[ListRow]] = {}
    for row in _kind(case, "加分"):
        if row.row.text("工作事项"):
            by_work.setdefault(same_text(row.row.text("工作事项")), []).append(row)
    for rows in by_work.values():
        if len(rows) > 1:
            work = rows[0].row.text("工作事项")
            what = f"“{work}”重复加分 {len(rows)} 次（{'、'.join(row.row.key for row in rows)}），只计最高一项"
            yield case.finding("BM02", join(case.row_ref(row, "工作事项") for row in rows), what, found=work)


@rule("BM03")
def limits(case: Case) -> Iterator[Finding]:
    """Additions above the cap, awards of another year, awards without 文号."""
    awards = _kind(case, "加分")
    total = sum((value for row in awards if isinstance(value := row.computed["计入加分"], Decimal)), Decimal(0))
    cap = next((group.cap for group in case.scheme.spec.groups if group.cap is not None), None)
    if cap is not None and total > cap:
        what = f"加分合计 {total} 分，超过 {cap} 分，按 {cap} 分计"
        yield case.finding("BM03", join(case.row_ref(row, "自报分值") for row in awards), what, found=shown(total),
                           expected=f"不大于{cap}", difference=total - cap)  # fmt: skip
    for row in awards:
        day = row.row.value("日期")
        if isinstance(day, date) and day.year != case.scheme.year:
            what = f"{row.row.key} 的日期不在评价年度内"
            yield case.finding(
                "BM03", case.row_ref(row, "日期"), what, found=shown(day), expected=f"{case.scheme.year}年"
            )
        if not row.row.text("文号"):
            yield case.finding("BM03", case.row_ref(row, "文号"), f"{row.row.key} 没有文号", found="空白")


@rule("BM04")
def deductions(case: Case) -> Iterator[Finding]:
    """A deduction without its matter or its points; 违法违纪 without a deduction."""
    for row in _kind(case, "减分"):
        for column in ("工作事项", "自报分值"):
            entry = row.row.entries.get(column)
            if row.row.value(column) is None and not (entry is not None and entry.unreadable):
                yield case.finding("BM04", case.row_ref(row, column), f"{row.row.key} 减分未填{column}", found="空白")
        if row.row.text("级别") == _MISCONDUCT and row.row.value("自报分值") == 0:
            what = f"{row.row.key} 有违法违纪而减分为0"
            yield case.finding("BM04", case.row_ref(row, "自报分值"), what, found="0", level="预警")

"""Families CT and UN: what stands in single cells, and whether amounts are in the unit they claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Final

from evalbatch.model import Entry, Finding
from evalbatch.reading.cells import shown
from evalbatch.rules.case import Case, join, rule
from evalbatch.scheme import CONTENT, LEAST_IN_YUAN, MOST_IN_WAN, SELF_SCORE, UNIT_FACTORS, Line, Scheme
from evalbatch.scheme.spec import FIGURE_TYPES

_KINDS: Final = {"date": "日期", "percent": "0%至100%的百分数"}
_AMOUNTS: Final = ("上年预算数", "上年决算数", "年初预算数", "全年预算数", "决算数")
_ADVICE: Final = {
    "date": "请改填到日的日期，如 2024-12-31；还没有发生的留空。",
    "percent": "请填0%至100%的百分数，如 100% 或 0.95；数字 1.5 是 150%，数字 95 是 9500%。",
}
"""What to do instead of what the rule says, by the type of the column."""


@rule("CT01")
def figures_as_text(case: Case) -> Iterator[Finding]:
    """Figures typed as text were understood: one note a sheet, the cells named."""
    by_sheet: dict[str, list[Entry]] = {}
    for _, spec, entry, _ in case.filled():
        if entry.reading.startswith("文本") and spec.type in FIGURE_TYPES and entry.value is not None:
            by_sheet.setdefault(entry.ref.sheet, []).append(entry)
    for entries in by_sheet.values():
        text = "；".join(entry.reading for entry in entries[:5]) + ("等" if len(entries) > 5 else "")
        yield case.finding("CT01", join(entry.ref for entry in entries), f"{len(entries)} 处按文本填写：{text}")


@rule("CT02")
def unreadable(case: Case) -> Iterator[Finding]:
    """A cell that needs a figure or a date holds something else."""
    for (key, column), spec, entry, name in case.filled():
        if entry.unreadable and not entry.raw.startswith("#") and (key, column) not in case.spread():
            case.suspect(key, column, entry.ref.sheet)
            kind = _KINDS.get(spec.type, "数字")
            what = f"{name}不能识别为{kind}"
            yield case.finding(
                "CT02", entry.ref, what, found=entry.raw, expected=kind, advice=_ADVICE.get(spec.type, "")
            )


@rule("CT03")
def blank_mandatory(case: Case) -> Iterator[Finding]:
    """A mandatory cell is blank: one finding for each block of lines, never a zero."""
    blocks: dict[tuple[str, str], list[tuple[str, str]]] = {}
    doubt = case.spread()
    for line in case.scheme.lines.values():
        for column in (*line.mandatory, *(("全年预算数",) if "年初预算数" in line.mandatory else ())):
            place = (line.key, column)
            entry = case.submission.cells.get(place)
            if entry is None or place in doubt or entry.value is not None or place == ("T05", CONTENT):
                continue
            if entry.derived or (
                column == "全年预算数" and case.submission.value(line.key, "年初预算数") is None
            ):  # fmt: skip
                continue
            blocks.setdefault((line.sheet, line.block), []).append(place)
    claims = []
    for indicator in case.indicators():
        place = (indicator.code, SELF_SCORE)
        entry = case.submission.cells.get(place)
        needed = indicator.points is None or indicator.ceiling is not None
        if needed and entry is not None and entry.value is None and place not in doubt:
            claims.append(place)
    if claims:
        blocks["绩效自评表", ""] = claims
    for places in blocks.values():
        case.doubt.update(places)
        yield case.finding("CT03", case.refs(places), _blank_text(case, places), found="空白")
    for place in derived_blanks(case):
        case.doubt.add(place)


def _blank_text(case: Case, places: list[tuple[str, str]]) -> str:
    names: dict[str, list[str]] = {}
    for key, column in places:
        names.setdefault(case.scheme.label(key), []).append(column)
    some = [f"{label}（{'、'.join(columns)}）" for label, columns in list(names.items())[:4]]
    rest = f"等 {len(names)} 行" if len(names) > 4 else ""
    return f"应填未填 {len(places)} 处：{'、'.join(some)}{rest}"


def derived_blanks(case: Case) -> Iterable[tuple[str, str]]:
    """Derived cells of mandatory lines that are blank because all they add up is blank."""
    for line in case.scheme.lines.values():
        for column in line.mandatory:
            entry = case.submission.cells.get((line.key, column))
            if entry is not None and entry.derived and entry.value is None:
                yield line.key, column


@rule("CT04")
def negative(case: Case) -> Iterator[Finding]:
    """A figure that cannot be negative is; derived totals follow from their parts and are left out."""
    for (key, column), spec, entry, name in case.filled():
        if not isinstance(entry.value, Decimal) or entry.value >= 0:
            continue
        if spec.signed or spec.type not in FIGURE_TYPES or entry.derived:
            continue
        if column == SELF_SCORE or (column == "决算数" and entry.ref.sheet == case.scheme.lists["X"].name):
            continue  # SC03 and PJ02 speak for these
        case.suspect(key, column, entry.ref.sheet)
        yield case.finding("CT04", entry.ref, f"{name}不应为负数", found=entry.raw, expected="不小于0")


@rule("CT05")
def decimals(case: Case) -> Iterator[Finding]:
    """An amount in 万元 typed as text with other than two decimals."""
    if case.submission.unit != "万元":
        return
    for _, spec, entry, name in case.filled():
        if spec.type != "amount" or entry.decimals is None or entry.decimals in (0, 2) or entry.unreadable:
            continue
        variant = "不足两位" if entry.decimals < 2 else ""
        what = f"{name}有 {entry.decimals} 位小数"
        yield case.finding("CT05", entry.ref, what, found=entry.raw, expected="两位小数", variant=variant)


@rule("CT07")
def percentages(case: Case) -> Iterator[Finding]:
    """The text 97.86 in a percentage cell, or a target in percent beside a fraction."""
    for place, spec, entry, name in case.filled():
        if spec.type == "percent" and entry.reading.startswith("“"):
            case.suspect(*place, entry.ref.sheet)
            yield case.finding("CT07", entry.ref, f"{name}写法有歧义：{entry.reading}", found=entry.raw)
    for row in case.rows("V"):
        target, done = row.row.value("指标值"), row.row.value("完成值")
        percent = "%" in row.row.text("计量单位") or "％" in row.row.text("计量单位")
        if percent and isinstance(target, Decimal) and isinstance(done, Decimal) and target > 0 and done > 0:
            small, large = min(target, done), max(target, done)
            if small <= Decimal("1.5") and large > Decimal("1.5") and large / small > 20:
                what = f"{row.row.key} 指标值与完成值一个按百分数、一个按小数填写"
                ref = case.row_ref(row, "完成值")
                case.suspect(row.row.key, "完成值", ref.sheet)
                yield case.finding("CT07", ref, what, found=shown(done), expected=shown(target))


@rule("CT08")
def choices(case: Case) -> Iterator[Finding]:
    """A closed list was answered with something else."""
    for place, spec, entry, name in case.filled():
        if spec.type != "choice" or entry.value is None or place == ("T05", CONTENT):
            continue
        if entry.value not in spec.choices and not (place[0].startswith("Y") and place[1] == "级别"):
            expected = "、".join(spec.choices)
            case.suspect(*place, entry.ref.sheet)
            yield case.finding("CT08", entry.ref, f"{name}不在规定选项之内", found=entry.raw, expected=expected)


@rule("UN02")
def mixed_units(case: Case) -> Iterator[Finding]:
    """Two amounts of one line differ about ten thousand times: 元 and 万元 in one row."""
    least, most = (case.scheme.thresholds[name] for name in UNIT_FACTORS)
    cells = case.submission.cells
    for line in _money_lines(case.scheme):
        known = [
            (column, entry.value)
            for column in _AMOUNTS
            if (entry := cells.get((line.key, column))) is not None
            and isinstance(entry.value, Decimal)
            and entry.value > 0
            and not entry.derived
        ]
        for (first, a), (second, b) in combinations(known, 2):
            if least <= max(a, b) / min(a, b) <= most:
                case.doubt.update({(line.key, first), (line.key, second)})
                yield case.finding(
                    "UN02", case.refs([(line.key, first), (line.key, second)]),
                    f"{line.label}的{first}与{second}相差约一万倍", found=f"{shown(a)}、{shown(b)}",
                )  # fmt: skip
                break


@lru_cache(maxsize=8)
def _money_lines(scheme: Scheme) -> tuple[Line, ...]:
    """The lines of blocks that hold amounts."""
    return tuple(
        line
        for line in scheme.lines.values()
        if scheme.sheets[line.sheet].blocks != () and "决算数" in line.types and line.types["决算数"].type == "amount"
    )


@rule("UN03")
def implausible_unit(case: Case) -> Iterator[Finding]:
    """元 declared with small amounts throughout, or 万元 with a department of more than ten billion 元.

    Where the wages by head are as far off, UN01 says so, and more gravely.
    """
    place = ("S10", "决算数")
    total = case.submission.value(*place)
    doubt = case.spread()
    if not isinstance(total, Decimal) or doubt & {place, ("T05", CONTENT)}:
        return
    by_head = [check for check in case.scheme.checks if check.code == "UN01" and check.level == "错误"]
    if any(
        not doubt & set(check.cells) and check.judge(case.figures, Decimal(0), Decimal(0)).verdict == "✗"
        for check in by_head
    ):
        return
    factor = case.scheme.spec.units[case.submission.unit]
    typed = total / factor
    least, most = (case.scheme.thresholds[name] for name in (LEAST_IN_YUAN, MOST_IN_WAN))
    if case.submission.unit == "元" and 0 < total < least:
        what = f"封面选定金额单位为元，而本年支出合计不足{least:f}万元，疑似按万元填写"
        yield case.finding("UN03", case.ref(*place), what, found=shown(typed), expected="以元计的金额")
    elif case.submission.unit == "万元" and total > most:
        what = f"封面选定金额单位为万元，而本年支出合计超过{most:f}万元，疑似按元填写"
        yield case.finding("UN03", case.ref(*place), what, found=shown(typed), expected="以万元计的金额")

"""The things that a bureau should look at first, the gravest first: each a sentence with its figures, of this run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

import pandas as pd

from evalbatch.department_rows import execution_threshold
from evalbatch.ranking_workbook.batch import Batch, named
from evalbatch.scheme import show

MOST_THINGS: Final = 10
_ZERO: Final = Decimal(0)
Thing = tuple[str, str]
"""What it is about, and the sentence."""


def things(batch: Batch) -> list[Thing]:
    """What to look at first."""
    return [thing for look in _THINGS if (thing := look(batch)) is not None][:MOST_THINGS]


def _largest(frame: pd.DataFrame, by: Iterable[Decimal]) -> pd.Series:
    """The row with the largest figure, the first of equals."""
    figures = list(by)
    return frame.iloc[figures.index(max(figures))]


def _unsent(batch: Batch) -> Thing | None:
    gone = batch.below[batch.below["状态"] == "未报送"]
    if gone.empty:
        return None
    return "未报送", f"{named(gone['填报单位'])}未报送，请催报；名单见“收件登记”。"


def _returned(batch: Batch) -> Thing | None:
    gone = batch.below[batch.below["状态"] == "退回重报"]
    if gone.empty:
        return None
    first = gone.iloc[0]
    why = f"{first['填报单位'] or first['来源文件']}：{first['说明'] or '见收件登记'}"
    return "退回重报", f"{named(gone['填报单位'])}的工作簿须退回重报。其中{why}"


def _mistakes(batch: Batch) -> Thing | None:
    found = batch.found("错误", "填报")
    if found.empty:
        return None
    counts = found["填报单位"].value_counts()
    rules = found["规则"].value_counts()
    name = batch.scheme.rules[rules.index[0]].name if rules.index[0] in batch.scheme.rules else ""
    return (
        "填报错误",
        f"{len(counts)} 个部门有填报错误共 {len(found)} 处，最多的是{counts.index[0]}（{counts.iloc[0]} 处）；"
        f"最常见的是 {rules.index[0]} {name}（{rules.iloc[0]} 处）。见“问题清单”。",
    )


def _unsettled(batch: Batch) -> Thing | None:
    pending = batch.pending
    if pending.empty:
        return None
    widest = _largest(pending, pending["总分上限"] - pending["总分下限"])
    return (
        "待核",
        f"{len(pending)} 个部门有待核事项，名次可能变动。相差最大的是{widest['填报单位']}：总分在 "
        f"{show(widest['总分下限'])} 至 {show(widest['总分上限'])} 分之间（{widest['说明']}）。",
    )


def _sangong(batch: Batch) -> Thing | None:
    over = batch.overspent
    if over.empty:
        return None
    worst = _largest(over, over["超支金额"])
    rate = f"，控制率 {show(worst['控制率'], '%')}" if isinstance(worst["控制率"], Decimal) else ""
    return (
        "“三公”超支",
        f"{len(over)} 个部门“三公”经费超支，共 {show(sum(over['超支金额'], _ZERO))} 万元；最多的是{worst['填报单位']}："
        f"决算 {show(worst['决算数'])} 万元，预算 {show(worst['全年预算数'])} 万元，"
        f"超 {show(worst['超支金额'])} 万元{rate}。",
    )


def _over_budget(batch: Batch) -> Thing | None:
    budgets = batch.budgets.dropna(subset=["全年预算数", "决算数"])
    excess = budgets["决算数"] - budgets["全年预算数"]
    over = budgets[excess > batch.scheme.spec.tolerance.fixed]
    if over.empty:
        return None
    worst = _largest(over, over["决算数"] - over["全年预算数"])
    return (
        "支出超预算",
        f"{len(over)} 个部门支出超过全年预算；最多的是{worst['填报单位']}：决算 {show(worst['决算数'])} 万元，"
        f"超过全年预算 {show(worst['决算数'] - worst['全年预算数'])} 万元。",
    )


def _slow(batch: Batch) -> Thing | None:
    slow = batch.slow
    if slow.empty:
        return None
    worst = _largest(slow, -slow["部门预算执行率"])
    return (
        "执行率未达标",
        f"{len(slow)} 个部门不符合“{execution_threshold(batch.scheme)}”；最低的是{worst['填报单位']}："
        f"{show(worst['部门预算执行率'], '%')}，未支出 {show(worst['全年预算数'] - worst['决算数'])} 万元。",
    )


def _projects(batch: Batch) -> Thing | None:
    missed = batch.missed
    if missed.empty:
        return None
    worst = _largest(missed, missed["全年预算数"] - missed["决算数"])
    return (
        "项目未达标",
        f"{missed['单位编码'].nunique()} 个部门的 {len(missed)} 个项目执行率未达标；"
        f"未支出最多的是{worst['填报单位']}的“{worst['项目名称'] or '（未填名称）'}”："
        f"预算 {show(worst['全年预算数'])} 万元，决算 {show(worst['决算数'])} 万元（{show(worst['执行率'], '%')}）。",
    )


def _claims(batch: Batch) -> Thing | None:
    differing = batch.ranked[batch.ranked["差异"] != 0]
    if differing.empty:
        return None
    worst = _largest(differing, differing["差异"].abs())
    return (
        "自评不一致",
        f"{len(differing)} 个部门的总分与自评总分不一致；相差最大的是{worst['填报单位']}："
        f"自评 {show(worst['自评总分'])} 分，总分 {show(worst['总分'])} 分，相差 {show(worst['差异'])} 分。",
    )


def _lowest_grade(batch: Batch) -> Thing | None:
    grade = batch.scheme.grades[-1].name
    low = batch.ranked[batch.ranked["等级"] == grade]
    if low.empty:
        return None
    worst = low.iloc[-1]
    sentence = f"{named(low['填报单位'])}的等级为“{grade}”；最低的是{worst['填报单位']}（{show(worst['总分'])} 分）。"
    return f"等级为{grade}", sentence


def _growing(batch: Batch) -> Thing | None:
    numbers = batch.sangong[batch.sangong["变动率"].map(lambda rate: isinstance(rate, Decimal)).astype(bool)]
    more = numbers[numbers["变动率"] > _ZERO]
    if more.empty:
        return None
    worst = _largest(more, more["变动率"])
    return (
        "“三公”预算增加",
        f"{len(more)} 个部门的“三公”经费预算比上年增加；增幅最大的是{worst['填报单位']}："
        f"{show(worst['上年预算数'])} 万元增至 {show(worst['全年预算数'])} 万元（{show(worst['变动率'], '%')}）。",
    )


def _unexplained(batch: Batch) -> Thing | None:
    warnings = batch.found("预警")
    silent = warnings[warnings["情况说明"].isna()]
    if silent.empty:
        return None
    return (
        "预警未说明",
        f"{len(warnings)} 条预警中有 {len(silent)} 条部门没有说明情况，涉及 {silent['单位编码'].nunique()} 个部门。",
    )


_THINGS: Final[tuple[Callable[[Batch], Thing | None], ...]] = (
    _unsent,
    _returned,
    _mistakes,
    _unsettled,
    _sangong,
    _over_budget,
    _slow,
    _projects,
    _lowest_grade,
    _claims,
    _growing,
    _unexplained,
)

"""The sheets of the ranking workbook and the columns of each: add a column by adding a line to its sheet's tuple."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import looks
from evalbatch.ranking_workbook.looks import Look
from evalbatch.scheme import Scheme
from evalbatch.tables import Tables

OVERVIEW: Final = "总览"
_SIGNATURES: Final = "制表：　　　　　　复核：　　　　　　负责人：　　　　　　日期：　　　　"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the header (also its name in the table), how it looks, and its width when not the look's own."""

    header: str
    look: Look
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of rows: its title, its table, its columns and how it is frozen and printed."""

    name: str
    title: str
    about: str
    """What one row is, for 总览."""
    table: pd.DataFrame
    columns: tuple[Column, ...]
    frozen: int = 2
    """Columns that stay in sight, and on every printed page."""
    legend: Mapping[str, tuple[str, ...]] | None = None
    """Rows between title and header: what stands in column A, then one text for each column from ``legend_from``."""
    legend_from: int = 2
    a3: bool = True
    one_page_wide: bool = True
    signed: str = ""
    """Signature line in the footer."""


_CODE: Final = Column("单位编码", looks.CODE)
_NAME: Final = Column("填报单位", looks.NAME)
_FILE: Final = Column("来源文件", looks.TEXT, 28)
_DEPARTMENT: Final = (_CODE, _NAME)

_RANKING: Final = (
    Column("排名", looks.RANK),
    _CODE,
    _NAME,
    Column("部门类别", looks.MARK),
    Column("分类排名", looks.ORDINAL),
    Column("总分", looks.TOTAL),
    Column("等级", looks.MARK, 7),
    Column("A部门决策", looks.POINTS),
    Column("B部门管理", looks.POINTS),
    Column("C部门履职", looks.POINTS),
    Column("D履职绩效", looks.POINTS),
    Column("E可持续发展", looks.POINTS),
    Column("F加减分", looks.POINTS),
    Column("总分下限", looks.POINTS),
    Column("总分上限", looks.POINTS),
    Column("自评总分", looks.POINTS),
    Column("差异", looks.POINTS),
    Column("部门预算执行率", looks.RATE),
    Column("三公经费控制率", looks.RATE),
    Column("状态", looks.MARK, 15),
    Column("错误数", looks.COUNT, 8),
    Column("预警数", looks.COUNT, 8),
    _FILE,
    Column("说明", looks.LONG, 26),
)
_LINES: Final = (
    *_DEPARTMENT,
    Column("编码", looks.CODE, 8),
    Column("指标", looks.TEXT, 26),
    Column("分值", looks.POINTS),
    Column("自评得分", looks.POINTS),
    Column("测算得分", looks.POINTS),
    Column("复核得分", looks.POINTS),
    Column("最终得分", looks.TOTAL),
    Column("得分来源", looks.MARK),
    Column("差异", looks.POINTS),
    Column("计分说明", looks.LONG, 56),
    Column("依据单元格", looks.LONG, 40),
)
_BUDGETS: Final = (
    *_DEPARTMENT,
    Column("年初预算数", looks.AMOUNT),
    Column("全年预算数", looks.AMOUNT),
    Column("决算数", looks.AMOUNT),
    Column("部门预算执行率", looks.RATE, 12),
    Column("预算调整率", looks.RATE),
    Column("结转结余率", looks.RATE),
    Column("是否达标", looks.MARK),
)
_PROJECTS: Final = (
    *_DEPARTMENT,
    Column("项目名称", looks.TEXT, 36),
    Column("项目类别", looks.MARK, 15),
    Column("全年预算数", looks.AMOUNT),
    Column("决算数", looks.AMOUNT),
    Column("执行率", looks.RATE),
    Column("是否达标", looks.MARK),
    Column("未达标原因", looks.LONG),
    Column("是否纳入考核", looks.MARK),
    Column("编码", looks.CODE, 9),
)
_SANGONG: Final = (
    *_DEPARTMENT,
    Column("项目", looks.TEXT, 28),
    Column("上年预算数", looks.AMOUNT),
    Column("上年决算数", looks.AMOUNT),
    Column("年初预算数", looks.AMOUNT),
    Column("全年预算数", looks.AMOUNT),
    Column("决算数", looks.AMOUNT),
    Column("超支金额", looks.AMOUNT),
    Column("控制率", looks.RATE),
    Column("变动率", looks.RATE),
    Column("结论", looks.MARK),
)
_WORKS: Final = (
    *_DEPARTMENT,
    Column("工作名称", looks.TEXT, 36),
    Column("计划数量", looks.NUMBER),
    Column("实际数量", looks.NUMBER),
    Column("质量达标数", looks.NUMBER),
    Column("计划完成日期", looks.DATE),
    Column("实际完成日期", looks.DATE),
    Column("权重", looks.NUMBER, 8),
    Column("数量完成率", looks.RATE),
    Column("质量达标率", looks.RATE),
    Column("是否按期", looks.MARK),
    Column("计量单位", looks.MARK),
    Column("说明", looks.TEXT, 28),
    Column("编码", looks.CODE, 9),
)
_BENEFITS: Final = (
    *_DEPARTMENT,
    Column("二级指标", looks.MARK, 13),
    Column("三级指标", looks.TEXT, 36),
    Column("指标性质", looks.MARK),
    Column("指标值", looks.NUMBER),
    Column("计量单位", looks.MARK),
    Column("完成值", looks.NUMBER),
    Column("权重", looks.NUMBER, 8),
    Column("完成程度", looks.RATE),
    Column("说明", looks.TEXT),
    Column("编码", looks.CODE, 9),
)
_AWARDS: Final = (
    *_DEPARTMENT,
    Column("类型", looks.MARK, 8),
    Column("级别", looks.MARK, 16),
    Column("工作事项", looks.TEXT, 36),
    Column("文号", looks.TEXT, 22),
    Column("日期", looks.DATE),
    Column("自报分值", looks.POINTS),
    Column("计入分值", looks.TOTAL),
    Column("说明", looks.TEXT, 26),
    Column("授予单位", looks.TEXT),
    Column("编码", looks.CODE, 9),
)
_FINDINGS: Final = (
    Column("序号", looks.ORDINAL),
    _CODE,
    _NAME,
    Column("级别", looks.MARK, 8),
    Column("类别", looks.MARK, 8),
    Column("规则", looks.CODE, 8),
    Column("工作表", looks.TEXT, 18),
    Column("单元格", looks.TEXT, 12),
    Column("问题", looks.LONG, 44),
    Column("填报值", looks.ANYTHING, 14),
    Column("应为", looks.ANYTHING, 14),
    Column("差额", looks.AMOUNT),
    Column("建议", looks.LONG, 36),
    _FILE,
    Column("处理", looks.MARK),
    Column("情况说明", looks.LONG, 28),
)
_FILES: Final = (
    _FILE,
    _CODE,
    _NAME,
    Column("结果", looks.MARK),
    Column("原因", looks.LONG, 40),
    Column("SHA-256", looks.TEXT, 40),
    Column("大小", looks.COUNT, 12),
    Column("接收时间", looks.TIME),
)
_NOTES: Final = (
    *_DEPARTMENT,
    Column("工作表", looks.TEXT, 18),
    Column("编码", looks.CODE, 9),
    Column("栏目", looks.TEXT, 16),
    Column("数值", looks.ANYTHING),
    Column("原填内容", looks.TEXT),
    Column("单元格", looks.CODE),
    Column("说明", looks.LONG),
)
_RULES: Final = (
    Column("编码", looks.CODE, 16),
    Column("内容", looks.LONG, 60),
    Column("公式", looks.BLOCK, 100),
    Column("级别", looks.MARK, 14),
    Column("依据", looks.TEXT, 30),
)
_FACTS: Final = (Column("项目", looks.TEXT, 28), Column("内容", looks.LONG, 90))

_LOOKS: Final[Mapping[str, Look]] = {
    "amount": looks.AMOUNT,
    "count": looks.COUNT,
    "number": looks.NUMBER,
    "points": looks.POINTS,
    "percent": looks.RATE,
    "rate": looks.RATE,
    "date": looks.DATE,
    "choice": looks.MARK,
}
"""How an input cell looks, by what the scheme says it holds; the rest is text."""


def sheets(tables: Tables, outcome: Outcome, scheme: Scheme) -> tuple[Sheet, ...]:
    """Every sheet after 总览, in order."""
    year = f"{scheme.year}年度"
    return (
        Sheet("排名", ranking_title(outcome, scheme), "一个部门：名次、总分与各组得分", tables.ranking, _RANKING, 3,
              signed=_SIGNATURES),
        Sheet("指标得分", f"{year}各部门指标得分（单位：分；F2 为扣减的分）", "一个部门：每个指标的最终得分",
              tables.scores, _score_columns(scheme), legend=_score_legend(scheme)),
        Sheet("得分明细", f"{year}各部门得分明细（单位：分）", "部门的一个指标：自评、测算、复核、最终得分及依据",
              tables.lines, _LINES),
        Sheet("预算执行", f"{year}部门预算执行情况（单位：万元）", "一个部门：预算、决算与执行率",
              tables.budgets, _BUDGETS, a3=False),
        Sheet("项目执行", f"{year}项目支出执行情况（单位：万元）", "一个项目：预算、决算与执行率",
              tables.projects, _PROJECTS),
        Sheet("三公经费", f"{year}“三公”经费预算执行情况（单位：万元；变动率为本年预算对上年预算）",
              "部门的一项“三公”经费：预算、决算、超支与变动", tables.sangong, _SANGONG),
        Sheet("重点工作", f"{year}重点工作完成情况", "部门的一项重点工作：数量、质量与时限", tables.works, _WORKS),
        Sheet("履职效益", f"{year}履职效益指标完成情况", "部门的一个效益指标：目标与完成", tables.benefits, _BENEFITS),
        Sheet("加减分", f"{year}加减分事项（单位：分；计入分值为各组封顶之前）", "一个加分或减分事项",
              tables.awards, _AWARDS),
        Sheet("通用指标", f"{year}通用指标（财预〔2013〕53号）", "一个部门：通用比率，不计分",
              tables.ratios, _ratio_columns(scheme)),
        Sheet("问题清单", f"{year}审核发现的问题", "一个问题：在哪一格、错在哪里、差多少、怎么改",
              tables.findings, _FINDINGS, 3),
        Sheet("收件登记", f"{year}收件登记表", "一个收到的文件，或一个未报送的部门", tables.files, _FILES, 1),
        Sheet("数据底稿", f"{year}评价所用的原始数据（金额单位：万元；空白为未填）",
              "一个部门：计分与审核所读的全部原始数据", tables.figures,
              _figure_columns(scheme, tables), legend_from=3, one_page_wide=False,
              legend=_legend_rows(tables.figures_legend)),
        Sheet("取数说明", f"{year}取数说明", "一个不是直接取自模板单元格的数据", tables.notes, _NOTES),
        Sheet("评分规则", f"{scheme.spec.title}方案（{scheme.spec.edition}）：指标、规则与口径",
              "一条规则、一个指标或一个口径", tables.rules, _RULES, 1),
        Sheet("运行说明", f"{year}绩效评价运行说明", "关于本次运行的一个事实", tables.facts, _FACTS, 1, a3=False),
    )  # fmt: skip


def ranking_title(outcome: Outcome, scheme: Scheme) -> str:
    """The title of 排名: 初评 until somebody has reviewed."""
    reviewed = any(line.reviewed is not None for ranked in outcome.ranked for line in ranked.result.lines)
    return f"{scheme.year}年度{scheme.spec.title}排名{'' if reviewed else '（初评）'}"


def _score_columns(scheme: Scheme) -> tuple[Column, ...]:
    return (*_DEPARTMENT, *(Column(code, looks.POINTS, 6.5) for code in scheme.indicators))


def _score_legend(scheme: Scheme) -> Mapping[str, tuple[str, ...]]:
    return {
        "指标": tuple(indicator.name for indicator in scheme.indicators.values()),
        "分值": tuple(f"{indicator.weight.normalize():f}" for indicator in scheme.indicators.values()),
    }


def _legend_rows(legend: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    return {str(name): tuple(map(str, texts)) for name, texts in zip(legend.index, legend.to_numpy(), strict=True)}


def _ratio_columns(scheme: Scheme) -> tuple[Column, ...]:
    common = [ratio.spec for ratio in scheme.ratios.values() if ratio.spec.common]
    return (*_DEPARTMENT, *(Column(ratio.name, looks.AMOUNT if ratio.unit else looks.RATE, 12) for ratio in common))


def _figure_columns(scheme: Scheme, tables: Tables) -> tuple[Column, ...]:
    return (
        *_DEPARTMENT,
        _FILE,
        *(Column(header, _figure_look(scheme, header), 14) for header in tables.figures_legend.columns),
        Column("校验码", looks.AMOUNT, 18),
    )


def _figure_look(scheme: Scheme, header: str) -> Look:
    key, _, column = header.partition(".")
    if key in scheme.lines:
        return _LOOKS.get(scheme.lines[key].types[column].type, looks.TEXT)
    columns = scheme.sheets[scheme.sheet_of(key)].columns
    return _LOOKS.get(next(spec.type for spec in columns if spec.name == column), looks.TEXT)

"""The sheets of the ranking workbook and the columns of each: add a column by adding a line to its sheet's tuple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import pandas as pd

from evalbatch.department_rows import (
    CATEGORY,
    HIGH,
    MISSED,
    OVERSPENT,
    PLACE,
    SANGONG,
    Value,
    count,
    further_columns,
    grouped_columns,
    list_header,
    same_header,
)
from evalbatch.model import Outcome, Summary
from evalbatch.ranking_workbook import formulas, looks
from evalbatch.ranking_workbook.cells import Computed
from evalbatch.ranking_workbook.formulas import Builder
from evalbatch.ranking_workbook.grid import Area, Grid
from evalbatch.ranking_workbook.keys import KEY, numbered, owned
from evalbatch.ranking_workbook.looks import Look
from evalbatch.scheme import Indicator, Scheme
from evalbatch.scheme.spec import ColumnSpec
from evalbatch.seals import SEAL, TEXT_SEAL
from evalbatch.tables import Table, Tables

OVERVIEW: Final = "总览"
FACTS: Final = "运行说明"
MOST_LIVE_DEPARTMENTS: Final = 3_000
"""Above so many departments the workbook holds values in place of formulas."""
MOST_LIVE_ROWS: Final = 300_000
"""Likewise above so many rows of one sheet."""
_IS_LIVE: Final = (
    "本工作簿的得分、比率、合计、等级、名次和部门数都是公式，由“数据底稿”与“项目执行”“重点工作”“履职效益”“加减分”"
    "的原始数据算出；改动原始数据（数、日期、文字），结果随之变动，改动的行有标记，“总览”显示改动几处。"
    "“排名”“问题清单”可以任意排序；有原始数据的各表和“得分明细”请筛选，不要排序，公式按行取数。"
    "蓝色的内容可点：名次、各组得分、指标得分到“得分明细”，“得分明细”到原始数据，错误数、预警数到“问题清单”，"
    "“问题清单”回到“排名”；原始数据在哪个文件、哪张表、哪个单元格，见“数据底稿”的来源文件与表头上方三行、各表的“出处”，"
    "不在模板原位的见“取数说明”。“得分明细”的复核得分、复核理由供复核时填写，总分、名次随之变动，另存后用 --adjustments 带入"
    "下一次运行。问题、收件、计分说明、“最先要看的事”是本次运行的结果，不随之变动。"
)
_IS_NOT_LIVE: Final = "部门超过 {:,} 个或一张表超过 {:,} 行，本工作簿以数值代替公式。"
_SIGNATURES: Final = "制表：　　　　　　复核：　　　　　　负责人：　　　　　　日期：　　　　"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the header (also its name in the table), how it looks, and its width when not the look's own."""

    header: str
    look: Look
    width: float | None = None
    formula: str | Builder | None = None
    """What its cells compute, headers in brackets being cells of the same row; ``None`` for constants."""
    unranked: bool = False
    """Whether they compute in the rows of departments without a rank too."""
    group: Literal["", "open", "shut"] = ""
    """Whether it stands in a group of columns that a click opens or shuts: what serves formulas, not readers, is shut."""

    marked: str = ""
    """The text that stands out in it, on a black-and-white printer too."""
    bar: bool = False
    """Whether a bar behind each rate shows how far it is from 0 to 100 %."""
    rate_beside: str = ""
    """The header of the column that tells by its % where a number in this one is a rate."""

    @property
    def linked(self) -> Column:
        """The same, in the colour of what a click leads on from."""
        return replace(self, look=replace(self.look, link=True))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of rows: its title, its table, its columns and how it is frozen and printed."""

    name: str
    title: str
    about: str
    """What one row is, for 总览."""
    table: Table
    columns: tuple[Column, ...]
    frozen: int = 2
    """Columns that stay in sight, and on every printed page."""
    belongs: Sequence[tuple[int, int]] = ()
    """For each row from the first on: its department (``NOBODY`` for none with a rank), and which of its lines or items."""
    lead: Sequence[str] = ()
    """Paragraphs between title and headers."""
    legend: Mapping[str, tuple[Value | Computed, ...]] | None = None
    """Rows between title and header: what stands in column A, then one cell for each column from ``legend_from``."""
    legend_from: int = 2
    a3: bool = True
    one_page_wide: bool = True
    upright: bool = False
    """Printed upright rather than landscape."""
    signed: str = ""
    """Signature line in the footer."""
    home: str = OVERVIEW
    """The sheet that the title leads to; none where it is ``""``."""

    @property
    def header_row(self) -> int:
        """The row of the headers, 0-based."""
        return 1 + len(self.lead) + len(self.legend or {})

    @property
    def area(self) -> Area:
        """Where its rows stand."""
        return Area(tuple(column.header for column in self.columns), self.header_row + 2, len(self.table))


NOBODY: Final = -1
_CODE: Final = Column("单位编码", looks.CODE)
_NAME: Final = Column("填报单位", looks.NAME, 22)
_FILE: Final = Column("来源文件", looks.TEXT, 28)
_KEY: Final = Column(KEY, looks.CODE, 9, group="shut")
_DEPARTMENT: Final = (_CODE, _NAME)

_RANKING: Final = (
    Column("排名", looks.RANK, formula=formulas.rank).linked,
    Column("单位编码", looks.CODE, 9),
    _NAME,
    Column("部门类别", looks.MARK, 9, formula=formulas.category),
    Column("分类排名", looks.ORDINAL, 5.5, formula=formulas.category_rank),
    Column("总分", looks.TOTAL, formula=formulas.total),
    Column("等级", looks.MARK, 7, formula=formulas.grade),
    Column("A部门决策", looks.POINTS, 7.5, formula=formulas.group("A")).linked,
    Column("B部门管理", looks.POINTS, 7.5, formula=formulas.group("B")).linked,
    Column("C部门履职", looks.POINTS, 7.5, formula=formulas.group("C")).linked,
    Column("D履职绩效", looks.POINTS, 7.5, formula=formulas.group("D")).linked,
    Column("E可持续发展", looks.POINTS, 7.5, formula=formulas.group("E")).linked,
    Column("F加减分", looks.POINTS, 7.5, formula=formulas.group("F")).linked,
    Column("总分下限", looks.POINTS, 7.5, formula="[总分]"),
    Column("总分上限", looks.POINTS, 7.5, formula=formulas.total_of(HIGH)),
    Column("自评总分", looks.POINTS, 7.5, formula=formulas.total_of("自评得分")),
    Column("差异", looks.POINTS, 7.5, formula=formulas.difference),
    Column("部门预算执行率", looks.RATE, 8, formula=formulas.ratio("部门预算执行率")),
    Column("三公经费控制率", looks.RATE, 8, formula=formulas.ratio("三公经费控制率")),
    Column("状态", looks.MARK, 13, formula=formulas.status),
    Column("错误数", looks.COUNT, 6, formulas.found("错误"), unranked=True).linked,
    Column("预警数", looks.COUNT, 6, formulas.found("预警"), unranked=True).linked,
    Column("来源文件", looks.TEXT, 27),
    Column("说明", looks.LONG, 22),
    Column("盖章件", looks.MARK, 7),
    _KEY,
)
_LINES: Final = (
    *_DEPARTMENT,
    Column("编码", looks.CODE, 8),
    Column("指标", looks.TEXT, 26),
    Column("分值", looks.POINTS, formula=formulas.line_weight),
    Column("自评得分", looks.POINTS, formula=formulas.line_claim),
    Column("测算得分", looks.POINTS, formula=formulas.line_computed),
    Column("复核得分", looks.POINTS),
    Column("最终得分", looks.TOTAL, formula=formulas.line_final),
    Column("得分来源", looks.MARK, formula=formulas.line_source),
    Column("差异", looks.POINTS, formula=formulas.line_difference),
    Column("计分说明", looks.LONG, 56),
    Column("依据单元格", looks.LONG, 40),
    Column("复核理由", looks.TEXT, 20),
    Column(HIGH, looks.POINTS, formula=formulas.line_high),
    Column("原始数据", replace(looks.TEXT, wrap=False), 20, formulas.line_figures).linked,
)
_BUDGETS: Final = (
    *_DEPARTMENT,
    Column("年初预算数", looks.AMOUNT, formula=formulas.figure("S10", "年初预算数")),
    Column("全年预算数", looks.AMOUNT, formula=formulas.figure("S10", "全年预算数")),
    Column("决算数", looks.AMOUNT, formula=formulas.figure("S10", "决算数")),
    Column("部门预算执行率", looks.RATE, 12, formula=formulas.ratio("部门预算执行率"), bar=True),
    Column("预算调整率", looks.RATE, formula=formulas.ratio("预算调整率")),
    Column("结转结余率", looks.RATE, formula=formulas.ratio("结转结余率")),
    Column("是否达标", looks.MARK, formula=formulas.execution_met, marked=MISSED),
)
_PROJECTS: Final = (
    *_DEPARTMENT,
    Column("项目名称", looks.TEXT, 30),
    Column("项目类别", looks.MARK, 15),
    Column("全年预算数", looks.AMOUNT),
    Column("决算数", looks.AMOUNT),
    Column("执行率", looks.RATE, formula=formulas.project_rate, bar=True),
    Column("是否达标", looks.MARK, formula=formulas.PROJECT_MET, marked=MISSED),
    Column("未达标原因", looks.LONG, 32),
    Column("是否纳入考核", looks.MARK),
    Column("编码", looks.CODE, 9),
)
_SANGONG: Final = (
    *_DEPARTMENT,
    Column("项目", looks.TEXT, 28),
    Column("上年预算数", looks.AMOUNT, formula=formulas.sangong_figure("上年预算数")),
    Column("上年决算数", looks.AMOUNT, formula=formulas.sangong_figure("上年决算数")),
    Column("年初预算数", looks.AMOUNT, formula=formulas.sangong_figure("年初预算数")),
    Column("全年预算数", looks.AMOUNT, formula=formulas.sangong_figure("全年预算数")),
    Column("决算数", looks.AMOUNT, formula=formulas.sangong_figure("决算数")),
    Column("超支金额", looks.AMOUNT, formula=formulas.SANGONG_EXCESS),
    Column("控制率", looks.RATE, formula=formulas.SANGONG_RATE),
    Column("变动率", looks.RATE, formula=formulas.SANGONG_CHANGE),
    Column("结论", looks.MARK, formula=formulas.sangong_conclusion, marked=OVERSPENT),
    Column("合计超支", looks.AMOUNT, formula=formulas.SANGONG_OVERSPENT, group="shut"),
)
_WORKS: Final = (
    *_DEPARTMENT,
    Column("工作名称", looks.TEXT, 30),
    Column("计划数量", looks.NUMBER),
    Column("实际数量", looks.NUMBER),
    Column("质量达标数", looks.NUMBER),
    Column("计划完成日期", looks.DATE),
    Column("实际完成日期", looks.DATE),
    Column("权重", looks.NUMBER, 8),
    Column("数量完成率", looks.RATE, formula=formulas.list_column("W", "数量完成率")),
    Column("质量达标率", looks.RATE, formula=formulas.list_column("W", "质量达标率")),
    Column("是否按期", looks.MARK, formula=formulas.ON_TIME, marked="否"),
    Column("计量单位", looks.MARK),
    Column("说明", looks.TEXT, 28),
    Column("编码", looks.CODE, 9),
)
_BENEFITS: Final = (
    *_DEPARTMENT,
    Column("二级指标", looks.MARK, 13),
    Column("三级指标", looks.TEXT, 30),
    Column("指标性质", looks.MARK),
    Column("指标值", looks.NUMBER),
    Column("计量单位", looks.MARK),
    Column("完成值", looks.NUMBER),
    Column("权重", looks.NUMBER, 8),
    Column("完成程度", looks.RATE, formula=formulas.list_column("V", "程度")),
    Column("说明", looks.TEXT),
    Column("编码", looks.CODE, 9),
)
_AWARDS: Final = (
    *_DEPARTMENT,
    Column("类型", looks.MARK, 8),
    Column("级别", looks.MARK, 16),
    Column("工作事项", looks.TEXT, 30),
    Column("文号", looks.TEXT, 22),
    Column("日期", looks.DATE),
    Column("自报分值", looks.POINTS),
    Column("计入分值", looks.TOTAL, formula=formulas.COUNTED),
    Column("说明", looks.TEXT, 26),
    Column("授予单位", looks.TEXT),
    Column("编码", looks.CODE, 9),
)
FINDING_COLUMNS: Final = (
    Column("序号", looks.ORDINAL),
    _CODE,
    _NAME,
    Column("级别", looks.MARK, 8, marked="错误"),
    Column("类别", looks.MARK, 8),
    Column("规则", looks.CODE, 8),
    Column("工作表", looks.TEXT, 18),
    Column("单元格", looks.TEXT, 12),
    Column("问题", looks.LONG, 44),
    Column("填报值", looks.ANYTHING, 14),
    Column("应为", looks.ANYTHING, 14),
    Column("差额", looks.AMOUNT, rate_beside="填报值"),
    Column("建议", looks.LONG, 36),
    _FILE,
    Column("处理", looks.MARK),
    Column("情况说明", looks.LONG, 28),
    Column("转到", looks.MARK, 7, formulas.way_back, unranked=True).linked,
    _KEY,
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
    Column("主题", looks.LONG, 28),
    Column("说明", looks.LONG, 28),
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
    Column("分值", looks.NUMBER, 7),
)
_FACTS: Final = (Column("项目", looks.TEXT, 28), Column("内容", looks.LONG, 90))

_LIST_TABLES: Final = {"X": "projects", "W": "works", "V": "benefits", "Y": "awards"}
"""The tables of the lists, by prefix."""
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
    live = is_live(tables)
    results = [ranked.result for ranked in outcome.ranked] if live else []
    departments = [(index, 0) for index in range(len(results))]
    lines = [(index, line) for index, result in enumerate(results) for line in range(count(result, "lines"))]
    below = [(NOBODY, 0)] * (len(tables.ranking) - len(results))
    rules = Sheet("评分规则", f"{scheme.spec.title}方案（{scheme.spec.edition}）：指标、规则与口径",
                  "一条规则、一个指标或一个口径", tables.rules, _RULES, 1)  # fmt: skip
    items = [(index, item) for index in range(len(results)) for item in range(len(SANGONG))]
    lists = {prefix: [(index, 0) for index, size in enumerate(sizes) for _ in range(size)]
             for prefix, sizes in _blocks(results).items()}  # fmt: skip
    pages = (
        Sheet("排名", ranking_title(outcome, scheme), "一个部门：名次、总分与各组得分", numbered(tables.ranking),
              _RANKING, 3, belongs=departments + below, signed=_SIGNATURES),
        Sheet("指标得分", f"{year}各部门指标得分（单位：分；F2 为扣减的分）", "一个部门：每个指标的最终得分",
              tables.scores, _score_columns(scheme), belongs=departments, legend=_score_legend(scheme, rules.area if live else None)),
        Sheet("得分明细", f"{year}各部门得分明细（单位：分）", "部门的一个指标：自评、测算、复核、最终得分及依据",
              tables.lines, _LINES, belongs=lines),
        Sheet("预算执行", f"{year}部门预算执行情况（单位：万元）", "一个部门：预算、决算与执行率",
              tables.budgets, _BUDGETS, belongs=departments, a3=False),
        Sheet("项目执行", f"{year}项目支出执行情况（单位：万元）", "一个项目：预算、决算与执行率",
              tables.projects, _list_columns(scheme, "X", _PROJECTS), belongs=lists["X"]),
        Sheet("三公经费", f"{year}“三公”经费预算执行情况（单位：万元；变动率为本年预算对上年预算）",
              "部门的一项“三公”经费：预算、决算、超支与变动", tables.sangong, _SANGONG, belongs=items),
        Sheet("重点工作", f"{year}重点工作完成情况", "部门的一项重点工作：数量、质量与时限", tables.works,
              _list_columns(scheme, "W", _WORKS), belongs=lists["W"]),
        Sheet("履职效益", f"{year}履职效益指标完成情况", "部门的一个效益指标：目标与完成", tables.benefits,
              _list_columns(scheme, "V", _BENEFITS), belongs=lists["V"]),
        Sheet("加减分", f"{year}加减分事项（单位：分；计入分值为各组封顶之前）", "一个加分或减分事项",
              tables.awards, _list_columns(scheme, "Y", _AWARDS), belongs=lists["Y"]),
        Sheet("通用指标", f"{year}通用指标（财预〔2013〕53号）", "一个部门：通用比率，不计分",
              tables.ratios, _ratio_columns(scheme), belongs=departments),
        Sheet("问题清单", f"{year}审核发现的问题", "一个问题：在哪一格、错在哪里、差多少、怎么改",
              owned(tables.findings, tables.ranking), FINDING_COLUMNS, 3, belongs=[(NOBODY, 0)] * len(tables.findings)),
        Sheet("收件登记", f"{year}收件登记表", "一个收到的文件，或一个未报送的部门", tables.files, _FILES, 1),
        Sheet("数据底稿", f"{year}评价所用的原始数据（金额单位：万元；空白为未填）",
              "一个部门：计分与审核所读的全部原始数据", tables.figures,
              _figure_columns(scheme, tables), belongs=departments, legend_from=6, one_page_wide=False,
              legend=_legend_rows(tables.figures_legend)),
        Sheet("取数说明", f"{year}取数说明", "一个不是直接取自模板单元格的数据", tables.notes, _NOTES),
        rules,
        Sheet(FACTS, f"{year}绩效评价运行说明", "关于本次运行的一个事实", _told(tables), _FACTS, 1, a3=False),
    )  # fmt: skip
    return pages if live else tuple(map(_without_formulas, pages))


def _without_formulas(page: Sheet) -> Sheet:
    """A sheet of values: what only a formula says is left out."""
    shown = tuple(column for column in page.columns if column.header in page.table.headers and column.group != "shut")
    return replace(page, columns=shown)


def _blocks(results: Sequence[Summary]) -> dict[str, list[int]]:
    return {prefix: [count(result, table) for result in results] for prefix, table in _LIST_TABLES.items()}


def is_live(tables: Tables) -> bool:
    """Whether the workbook computes: a larger one holds values."""
    longest = max(map(len, (tables.lines, tables.projects, tables.sangong, tables.works, tables.benefits)))
    return len(tables.figures) <= MOST_LIVE_DEPARTMENTS and longest <= MOST_LIVE_ROWS


def _told(tables: Tables) -> Table:
    """运行说明 with what the numbers of this workbook are: formulas, or values where it is too large."""
    text = _IS_LIVE if is_live(tables) else _IS_NOT_LIVE.format(MOST_LIVE_DEPARTMENTS, MOST_LIVE_ROWS)
    rows = [*tables.facts, ("公式", text)]
    return Table(tables.facts.headers, len(rows), lambda: rows)


def grid_of(tables: Tables, pages: Sequence[Sheet], outcome: Outcome, scheme: Scheme) -> Grid | None:
    """Where the formulas of the pages find their cells; ``None`` for a batch so large that values stand instead."""
    if not is_live(tables):
        return None
    return Grid(scheme, {page.name: page.area for page in pages}, _blocks([ranked.result for ranked in outcome.ranked]))


def ranking_title(outcome: Outcome, scheme: Scheme, what: str = "排名") -> str:
    """The title of 排名: 初评 until the review is completed."""
    return f"{scheme.year}年度{scheme.spec.title}{what}{'' if outcome.final else '（初评）'}"


def _score_columns(scheme: Scheme) -> tuple[Column, ...]:
    return (
        *_DEPARTMENT,
        *(Column(code, looks.POINTS, 6.5, formulas.score(code)) for code in scheme.indicators),
    )


def _score_legend(scheme: Scheme, rules: Area | None) -> Mapping[str, tuple[Value | Computed, ...]]:
    """指标 and 分值 above the headers; 分值 by its code from 评分规则, where that computes."""

    def weight(indicator: Indicator) -> Value | Computed:
        if rules is None:
            return indicator.weight
        last = rules.first + rules.count - 1
        points, codes = (
            f"评分规则!${rules.letter(name)}${rules.first}:${rules.letter(name)}${last}" for name in ("分值", "编码")
        )
        return Computed(f'INDEX({points},MATCH("{indicator.code}",{codes},0))', indicator.weight)

    return {
        "指标": tuple(indicator.name for indicator in scheme.indicators.values()),
        "分值": tuple(map(weight, scheme.indicators.values())),
    }


def _legend_rows(legend: pd.DataFrame) -> Mapping[str, tuple[Value, ...]]:
    return {str(name): tuple(map(str, texts)) for name, texts in zip(legend.index, legend.to_numpy(), strict=True)}


def _ratio_columns(scheme: Scheme) -> tuple[Column, ...]:
    common = [ratio.spec for ratio in scheme.ratios.values() if ratio.spec.common]
    return (
        *_DEPARTMENT,
        *(
            Column(ratio.name, looks.AMOUNT if ratio.unit else looks.RATE, 12, formulas.ratio(ratio.name))
            for ratio in common
        ),
    )


def _list_columns(scheme: Scheme, prefix: str, shown: tuple[Column, ...]) -> tuple[Column, ...]:
    """The published columns, the typed ones that formulas need besides, where they came from; then what formulas need."""

    def further(column: ColumnSpec) -> Column:
        look = _LOOKS.get(column.type, looks.NUMBER)
        header = list_header(prefix, column.name)
        if column.formula is None:
            return Column(header, look)
        return Column(header, look, formula=formulas.list_column(prefix, column.name))

    more = [further(column) for column in further_columns(scheme, prefix, [column.header for column in shown])]
    return (
        *shown,
        *(column for column in more if column.formula is None),
        _FILE,
        Column(PLACE, looks.TEXT, 24),
        Column(formulas.CHANGED, looks.MARK, 8, formulas.list_changed(prefix)),
        *(replace(column, group="shut") for column in more if column.formula is not None),
        *(Column(same_header(group), looks.CODE, 8, group="shut") for group in grouped_columns(scheme, prefix)),
        Column(TEXT_SEAL, replace(looks.TEXT, wrap=False), group="shut"),
        Column(SEAL, looks.AMOUNT, 14, group="shut"),
    )


def _figure_columns(scheme: Scheme, tables: Tables) -> tuple[Column, ...]:
    """The figures of one sheet of the template stand in one group, behind the first of them."""
    places = list(tables.figures_legend.loc["工作表"])
    return (
        *_DEPARTMENT,
        _FILE,
        Column(CATEGORY, looks.MARK),
        Column(formulas.CHANGED, looks.MARK, 8, formulas.figures_changed),
        Column(TEXT_SEAL, replace(looks.TEXT, wrap=False), group="shut"),
        *(
            Column(header, _figure_look(scheme, header), 14, group="open" if sheet == before else "")
            for header, sheet, before in zip(tables.figures_legend.columns, places, ("", *places), strict=False)
        ),
        Column(SEAL, looks.AMOUNT, 18),
    )


def _figure_look(scheme: Scheme, header: str) -> Look:
    key, _, column = header.partition(".")
    return _LOOKS.get(scheme.type_of(key, column), looks.TEXT)

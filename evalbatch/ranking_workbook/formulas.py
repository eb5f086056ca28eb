"""What the cells of the ranking workbook compute: one builder a column, from the scheme's formulas and the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from evalbatch.department_rows import (
    CATEGORY,
    MET,
    MISSED,
    NO_BASE,
    NONE,
    OVERSPENT,
    SANGONG,
    TOTAL,
    VALID,
    execution_check,
    figure_texts,
    same_header,
    sealed_columns,
    sealed_texts,
)
from evalbatch.ranking_workbook.cells import Computed
from evalbatch.ranking_workbook.grid import FIGURES, FINDINGS, LIST_SHEETS, RANKING, Grid
from evalbatch.ranking_workbook.keys import KEY, KEY_LENGTH
from evalbatch.scheme import Indicator, Scheme, points
from evalbatch.scheme.formula import Call, Cell, Compare, Node, Text
from evalbatch.seals import BETWEEN, SEAL, TEXT_SEAL, TOO_LONG

Builder = Callable[[Grid, int], str | Computed | None]
"""The formula of a column with its places open, and its value where no table has it; the number tells a department's
lines or items apart."""

CHANGED: Final = "改动"
IS_CHANGED: Final = "已改动"
_REVIEWED: Final = "复核"
_SLACK: Final = "0.0005+ABS([校验码])*1E-13"
"""What a 校验码 may differ by: it is rounded to 4 decimals, and a spreadsheet adds up binary fractions."""

# ---------------------------------------------------------------- anywhere


def or_dash(node: Node) -> Node:
    """A ratio, ``—`` where it has no base."""
    return points.either(Call("ISBLANK", (node,), 0), Text(NONE), node)


def linked(way: str, shown: str) -> str:
    """A value that leads somewhere when it is clicked; both are formulas."""
    return f"HYPERLINK({way},{shown})"


def ratio(name: str) -> Builder:
    """A ratio of the scheme."""
    return lambda grid, _: grid.excel(or_dash(grid.scheme.ratios[name].formula.node))


def figure(key: str, column: str) -> Builder:
    """A raw figure as 数据底稿 has it."""
    return lambda grid, _: grid.excel(Cell(key, column))


def execution_met(grid: Grid, _: int) -> str | None:
    """是否达标 of a department."""
    check = execution_check(grid.scheme)
    if check is None:
        return None
    sides = (check.left.node, check.right.node)
    unknown: Node = Call("OR", tuple(Call("ISBLANK", (side,), 0) for side in sides), 0)
    if check.when is not None:
        unknown = Call("OR", (Call("NOT", (check.when.node,), 0), unknown), 0)
    met = points.either(Compare(check.operator, *sides), Text(MET), Text(MISSED))
    return grid.excel(points.either(unknown, Text(NONE), met))


# ---------------------------------------------------------------- 三公经费


def sangong_figure(column: str) -> Builder:
    """A raw figure of an item."""
    return lambda grid, item: grid.excel(Cell(SANGONG[item][0], column))


SANGONG_EXCESS: Final = 'IF(OR([决算数]="",[全年预算数]=""),"",MAX(0,ROUND([决算数]-[全年预算数],6)))'
SANGONG_RATE: Final = f'IF(OR([决算数]="",N([全年预算数])=0),"{NONE}",ROUND([决算数]/[全年预算数],12))'
SANGONG_CHANGE: Final = (
    f'IF(OR([全年预算数]="",[上年预算数]=""),"{NONE}",IF([上年预算数]=0,"{NO_BASE}",'
    "ROUND(ROUND([全年预算数]-[上年预算数],6)/[上年预算数],12)))"
)


SANGONG_OVERSPENT: Final = f'IF(AND([项目]="{TOTAL}",[结论]="{OVERSPENT}"),[超支金额],"")'


def sangong_conclusion(grid: Grid, _: int) -> str:
    """结论 beyond the tolerance."""
    return f'IF([超支金额]="","未填",IF([超支金额]>{grid.scheme.spec.tolerance.fixed:f},"{OVERSPENT}","未{OVERSPENT}"))'


# ---------------------------------------------------------------- the lists


def list_column(prefix: str, column: str) -> Builder:
    """A computed column of a list, as the scheme has it."""

    def build(grid: Grid, _: int) -> str:
        node = grid.scheme.row_formulas[prefix][column].node
        match node:
            case Call("HIGHEST", (best, Cell(key, group, _)), position):
                # rows of one matter carry one number: no text of a department is compared
                node = Call("HIGHEST", (best, Cell(key, same_header(group))), position)
            case _:
                pass
        return grid.excel(node, prefix)

    return build


def project_rate(grid: Grid, _: int) -> str:
    """执行率 of a project."""
    return grid.excel(or_dash(grid.scheme.row_formulas["X"]["执行率"].node), "X")


PROJECT_MET: Final = f'IF(OR(N([全年预算数])=0,[决算数]=""),"{NONE}",IF([低执行]=1,"{MISSED}","{MET}"))'
ON_TIME: Final = f'IF([计划完成日期]="","{NONE}",IF([按期]=1,"是","否"))'
COUNTED: Final = 'IF([类型]="加分",N([计入加分]),IF([类型]="减分",-[扣减分值],0))'


def list_changed(prefix: str) -> Builder:
    """Whether a row of a list differs from its seals."""

    def build(grid: Grid, _: int) -> str:
        figures = [f"[{header}]" for header in sealed_columns(grid.scheme, prefix)]
        total = "+".join(f"{place}*N({cell})" for place, cell in enumerate(figures, 1))
        headers = grid.areas[LIST_SHEETS[prefix]].headers
        return _differs(f"{total}+COUNT({','.join(figures)})", sealed_texts(headers, grid.scheme, prefix))

    return build


def figures_changed(grid: Grid, _: int) -> str:
    """Whether a row of 数据底稿 differs from its seals."""
    headers = grid.areas[FIGURES].headers
    first, last = headers[headers.index(TEXT_SEAL) + 1], headers[headers.index(SEAL) - 1]
    total = f"SUMPRODUCT(COLUMN([{first}]:[{last}])-COLUMN([{first}])+1,[{first}]:[{last}])+COUNT([{first}]:[{last}])"
    texts = (f"{key}.{column}" for key, column in figure_texts(grid.scheme))
    return _differs(total, (*headers[: headers.index(CHANGED)], *texts))


def _differs(total: str, texts: Sequence[str]) -> str:
    said = f'&"{BETWEEN}"&'.join(f"T([{header}])" for header in texts)
    same = f'IF([{TEXT_SEAL}]="{TOO_LONG}",TRUE,EXACT({said},[{TEXT_SEAL}]))'
    return f'IF(ABS({total}-[{SEAL}])>{_SLACK},"{IS_CHANGED}",IF({same},"","{IS_CHANGED}"))'


# ---------------------------------------------------------------- 得分明细


def _indicator(grid: Grid, index: int) -> Indicator:
    return list(grid.scheme.indicators.values())[index]


def line_weight(grid: Grid, index: int) -> str | None:
    """分值: that of 评分规则, except on the scale of chosen rows."""
    indicator = _indicator(grid, index)
    if indicator.scale is None and not indicator.spec.optional:
        return grid.weight(indicator.code)
    return grid.excel(points.weight(grid.scheme, indicator))


def line_claim(grid: Grid, index: int) -> str:
    """自评得分."""
    return grid.excel(points.claim(grid.scheme, _indicator(grid, index)))


def line_computed(grid: Grid, index: int) -> str | None:
    """测算得分, blank while 待核."""
    indicator = _indicator(grid, index)
    if indicator.points is None:
        return None
    return grid.excel(points.computed(grid.scheme, indicator, points.BLANK, points.BLANK))


def line_source(grid: Grid, index: int) -> str:
    """得分来源."""
    scheme, indicator = grid.scheme, _indicator(grid, index)
    source = grid.excel(points.source(scheme, indicator, Cell("", "自评得分"), Cell("", "测算得分")))
    return f'IF([复核得分]="",{source},"{_REVIEWED}")'


def line_final(grid: Grid, index: int) -> str:
    """最终得分: 复核 if given, else by its source; what is 待核 counts as far as it is computed."""
    scheme, indicator = grid.scheme, _indicator(grid, index)
    claimed = "MIN(MAX(N([自评得分]),0),[分值])"
    own = claimed if indicator.points is None else "N([测算得分])"
    if indicator.points is not None and scheme.choice("客观指标采用") == points.CLAIMED:
        own = f'IF([得分来源]="{points.CLAIMED}",{claimed},{own})'
    if indicator.spec.inapplicable:
        excused = "[分值]" if points.granted(scheme, indicator).value else "0"
        own = f'IF([得分来源]="{points.NOT_APPLICABLE}",{excused},{own})'
    return f'IF([复核得分]<>"",[复核得分],{own})'


def line_high(grid: Grid, index: int) -> str:
    """得分上限: what a 待核 line may still come to."""
    indicator = _indicator(grid, index)
    ceiling = "[分值]"
    if indicator.ceiling is not None:
        ceiling = f"MAX([最终得分],{grid.excel(points.rounded(grid.scheme, indicator.ceiling.node))})"
    return f'IF([得分来源]="{points.PENDING}",{ceiling},[最终得分])'


def line_difference(grid: Grid, _: int) -> str:
    """差异."""
    return f'IF([自评得分]="","",ROUND([最终得分]-[自评得分],{grid.scheme.spec.total.decimals}))'


def score(code: str) -> Builder:
    """最终得分 of an indicator; a click leads to its line."""

    def build(grid: Grid, _: int) -> str:
        index = list(grid.scheme.indicators).index(code)
        return linked(grid.way_to_line(index), grid.line("最终得分", index))

    return build


def line_figures(grid: Grid, index: int) -> Computed:
    """A link to the raw cells of a line: its list where it reads one, else its figures."""
    sheet, cells = grid.raw_cells(_indicator(grid, index))
    return Computed(linked(f'"#{sheet}!{cells}"', f'"{sheet}"'), sheet)


# ---------------------------------------------------------------- 排名


def group(code: str) -> Builder:
    """The points of a group; a click leads to its first line."""

    def build(grid: Grid, _: int) -> str:
        amount = f"ROUND({_group_sum(grid, code, '最终得分')},{grid.scheme.spec.total.decimals})"
        first = next(
            (place for place, row in enumerate(grid.scheme.indicators.values()) if row.group.code == code), None
        )
        return amount if first is None else linked(grid.way_to_line(first), amount)

    return build


def total(grid: Grid, _: int) -> str:
    """总分 of the groups beside it."""
    return _bounded(grid.scheme, "SUM([A部门决策]:[F加减分])")


def total_of(header: str) -> Builder:
    """The total of another column of 得分明细."""
    return lambda grid, _: _bounded(
        grid.scheme, "+".join(_group_sum(grid, spec.code, header) for spec in grid.scheme.spec.groups)
    )


def _bounded(scheme: Scheme, amount: str) -> str:
    bounds = scheme.spec.total
    return f"MIN({bounds.cap},MAX({bounds.floor},ROUND({amount},{bounds.decimals})))"


def _group_sum(grid: Grid, code: str, header: str) -> str:
    scheme = grid.scheme
    runs: list[tuple[bool, int, int]] = []
    for index, indicator in enumerate(scheme.indicators.values()):
        if indicator.group.code != code:
            continue
        taken = indicator.spec.subtract
        if runs and runs[-1][0] == taken and runs[-1][2] == index - 1:
            runs[-1] = (taken, runs[-1][1], index)
        else:
            runs.append((taken, index, index))
    text = "".join(f"{'-' if taken else '+'}SUM({grid.line(header, first, last)})" for taken, first, last in runs)
    text = text.removeprefix("+") or "0"
    cap = next(spec.cap for spec in scheme.spec.groups if spec.code == code)
    if cap is not None and scheme.choice("加减分封顶") == "净额封顶":
        return f"MAX(-{cap},MIN({cap},{text}))"
    return text


def difference(grid: Grid, _: int) -> str:
    """差异 of the totals."""
    return f"ROUND([总分]-[自评总分],{grid.scheme.spec.total.decimals})"


def grade(grid: Grid, _: int) -> str:
    """等级 of 总分."""
    *upper, lowest = grid.scheme.grades
    text = f'"{lowest.name}"'
    for band in reversed(upper):
        text = f'IF([总分]>={band.from_},"{band.name}",{text})'
    return text


def rank(grid: Grid, _: int) -> str:
    """排名 by 总分; a click leads to the department's lines."""
    return linked(grid.way_to_line(0), f"RANK([总分],{grid.whole(RANKING, '总分')})")


def category(grid: Grid, _: int) -> str:
    """部门类别 as 数据底稿 has it."""
    return f'{grid.cell(FIGURES, CATEGORY)}&""'


def found(level: str) -> Builder:
    """How many findings of a level there are about the workbook in the row; a click leads to the first of all."""

    def build(grid: Grid, _: int) -> str:
        keys = grid.whole(FINDINGS, KEY)
        way = f'"#{FINDINGS}!A"&IFERROR(MATCH([{KEY}],{keys},0),0)+{grid.areas[FINDINGS].first - 1}'
        number = f'COUNTIFS({keys},[{KEY}],{grid.whole(FINDINGS, "级别")},"{level}")'
        return linked(way, f'IF([来源文件]="","",{number})')

    return build


def way_back(grid: Grid, _: int) -> Computed:
    """A link from a finding to its department's row of 排名, wherever that was sorted to."""
    row = f"MATCH(LEFT([{KEY}],{KEY_LENGTH}),{grid.whole(RANKING, KEY)},0)"
    way = f'"#{RANKING}!A"&IFERROR({row},0)+{grid.areas[RANKING].first - 1}'
    return Computed(linked(way, f'"{RANKING}"'), RANKING)


def category_rank(grid: Grid, _: int) -> str:
    """分类排名: how many of the same category have more."""
    same = f"EXACT({grid.whole(RANKING, '部门类别')},[部门类别])"
    return f"1+SUMPRODUCT({same}*({grid.whole(RANKING, '总分')}>[总分]))"


def status(grid: Grid, _: int) -> str:
    """状态 with the number of lines that are 待核."""
    sources = grid.line("得分来源", 0, len(grid.scheme.indicators) - 1)
    count = f'SUMPRODUCT(--({sources}="{points.PENDING}"))'
    return f'IF({count}=0,"{VALID}","{VALID}（"&{count}&"项待核）")'

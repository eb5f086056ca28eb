"""Outcome -> tidy pandas tables, one for each sheet of the ranking workbook; knows no spreadsheet and no look.

Every table is ``dtype=object``: amounts in 万元 and points are ``Decimal``, rates are fractions, codes are texts,
a blank is ``None`` and a ratio without a base is ``"—"``. A column is one line of its table's tuple: header, value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Generic, NamedTuple, TypeVar

import pandas as pd

from evalbatch.catalogue import Entry, catalogue
from evalbatch.model import Finding, Line, ListRow, Note, Outcome, Ranked, Received, Result, Submission, Unranked
from evalbatch.model import Value as Raw
from evalbatch.scheme import APPLICABLE, REASON, SELF_SCORE, Check, Formula, Scheme
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Cell
from evalbatch.scheme.layout import template_cell
from evalbatch.scheme.spec import ColumnSpec

# with pyarrow installed, pandas would keep texts as UTF-8, which a file name or a cell need not be
pd.set_option("mode.string_storage", "python")

R = TypeVar("R")
T = TypeVar("T")
Value = Decimal | int | str | date | datetime | None
Columns = tuple[tuple[str, Callable[[R], Value]], ...]

NONE: Final = "—"
NO_BASE: Final = "不可比"
OVERSPENT: Final = "超支"
MET: Final = "达标"
MISSED: Final = "未达标"
TOTAL: Final = "合计"
VALID: Final = "有效"
_ZERO: Final = Decimal(0)
_EXECUTION_RULE: Final = "YR04"
"""The rule whose first threshold says whether a department's 执行率 is 达标."""
_VERDICTS: Final = {"✓": MET, "✗": MISSED, "—": NONE}
SANGONG: Final = (
    ("G06", TOTAL),
    ("G01", "因公出国（境）费"),
    ("G04", "公务用车购置及运行维护费"),
    ("G02", "其中：公务用车购置费"),
    ("G03", "其中：公务用车运行维护费"),
    ("G05", "公务接待费"),
)
SANGONG_AMOUNTS: Final = ("上年预算数", "上年决算数", "年初预算数", "全年预算数", "决算数")
BUDGET: Final = ("年初预算数", "全年预算数", "决算数")
SEAL: Final = "校验码"
HIGH: Final = "得分上限"
_RENAMED: Final = {("V", "程度"): "完成程度", ("V", "完成程度"): "填报完成程度"}
"""List columns under another header than the scheme's, by (prefix, column): 完成程度 itself is the computed one."""
_AMOUNT_DECIMALS: Final = 6
_FIGURE: Final = re.compile(r"-?(0|[1-9]\d{0,11})(\.\d+)?")
_SEAL_PERIOD: Final = 97
_SEAL_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """One table for each sheet of the ranking workbook except 总览; departments stand in the order of 排名."""

    ranking: pd.DataFrame
    scores: pd.DataFrame
    """指标得分: one column an indicator."""
    lines: pd.DataFrame
    """得分明细."""
    budgets: pd.DataFrame
    projects: pd.DataFrame
    sangong: pd.DataFrame
    works: pd.DataFrame
    benefits: pd.DataFrame
    awards: pd.DataFrame
    ratios: pd.DataFrame
    findings: pd.DataFrame
    files: pd.DataFrame
    figures: pd.DataFrame
    """数据底稿: one column a raw figure, 校验码 last."""
    figures_legend: pd.DataFrame
    """Three rows above the header of 数据底稿 (sheet, line, template cell), one column a figure."""
    notes: pd.DataFrame
    rules: pd.DataFrame
    facts: pd.DataFrame


class _Of(NamedTuple, Generic[T]):
    """Something of a department: the row that most sheets are made of."""

    result: Result
    item: T


class _Filled(NamedTuple):
    """A submission as the formula language reads it."""

    submission: Submission

    def figure(self, key: str, column: str) -> Raw:
        return self.submission.value(key, column)

    def column(self, prefix: str, column: str) -> Sequence[Raw]:
        return [row.value(column) for row in self.submission.lists.get(prefix, ())]


def tabulate(outcome: Outcome, scheme: Scheme) -> Tables:
    """The tables of an outcome."""
    results = [ranked.result for ranked in outcome.ranked]
    findings = findings_table(outcome)
    figures, legend = _figures(results, scheme)
    return Tables(
        ranking=_ranking(outcome, findings),
        scores=_scores(results, scheme),
        lines=_frame(_LINES, (_Of(result, line) for result in results for line in result.lines)),
        budgets=_frame(_budget_columns(scheme), results),
        projects=_frame(_list_columns(scheme, "X", _PROJECTS), _rows(results, "X")),
        sangong=_frame(_sangong_columns(scheme.spec.tolerance.fixed), _sangong_rows(results)),
        works=_frame(_list_columns(scheme, "W", _WORKS), _rows(results, "W")),
        benefits=_frame(_list_columns(scheme, "V", _BENEFITS), _rows(results, "V")),
        awards=_frame(_list_columns(scheme, "Y", _AWARDS), _rows(results, "Y")),
        ratios=_frame(_ratio_columns(scheme), results),
        findings=findings,
        files=files_table(outcome),
        figures=figures,
        figures_legend=legend,
        notes=_frame(_NOTES, (_Of(result, note) for result in results for note in result.submission.notes)),
        rules=_frame(_RULES, catalogue(scheme)),
        facts=pd.DataFrame(_facts(outcome, scheme), columns=["项目", "内容"], dtype=object),
    )


def ranking_table(outcome: Outcome) -> pd.DataFrame:
    """排名 alone, for the report."""
    return _ranking(outcome, findings_table(outcome))


def findings_table(outcome: Outcome) -> pd.DataFrame:
    """问题清单: the findings, numbered, in the order of the departments."""
    codes = [ranked.result.submission.code for ranked in outcome.ranked] + [gone.code for gone in outcome.unranked]
    place = {code: index for index, code in reversed(list(enumerate(codes)))}
    ordered = sorted(outcome.findings, key=lambda finding: place.get(finding.department, len(place)))
    frame = _frame(_FINDINGS, ordered)
    frame.insert(0, "序号", pd.Series(range(1, len(frame) + 1), dtype=object))
    return frame


def files_table(outcome: Outcome) -> pd.DataFrame:
    """收件登记: the files by path, then the departments that sent none."""
    return _frame(_FILES, sorted(outcome.files, key=lambda file: (file.file == "", file.file, file.code)))


def seal_weight(place: int) -> int:
    """The weight of the figure at a place (from 1) in 校验码."""
    return place % _SEAL_PERIOD + 1


def seal(values: Iterable[Raw]) -> Decimal:
    """校验码 of a row of 数据底稿: its figures weighted by place, so that a changed or moved figure shows.

    The weight of the n-th figure (n from 1) is ``MOD(n, 97) + 1``; dates count as Excel's serial day, blanks and
    texts not at all; rounded to 4 decimals. A sheet re-derives it, with the figures in D6:ZZ6, as
    ``=ROUND(SUMPRODUCT(MOD(COLUMN(D6:ZZ6)-COLUMN(D6)+1,97)+1,D6:ZZ6),4)``.
    """
    total = sum(
        (seal_weight(place) * figure for place, figure in enumerate(map(language.number, values), 1) if figure),
        _ZERO,
    )
    return language.round_half_up(total, _SEAL_DECIMALS)


def figure_places(scheme: Scheme) -> tuple[tuple[str, str], ...]:
    """The (key, column) of every input cell that a score, a ratio, a check or a sheet reads, in their order."""
    formulas: list[Formula | None] = [ratio.formula for ratio in scheme.ratios.values()]
    for check in scheme.checks:
        formulas += [check.left, check.right, check.when]
    for row in scheme.indicators.values():
        formulas += [row.points, row.pending, row.not_applicable, row.ceiling, row.scale]
    read = {
        (cell.key, cell.column) for formula in formulas if formula is not None for cell in language.cells(formula.node)
    }
    read |= {(code, column) for code in scheme.indicators for column in (APPLICABLE, SELF_SCORE)}
    read |= {(code, REASON) for code, row in scheme.indicators.items() if row.spec.inapplicable}
    read |= {("S10", column) for column in BUDGET} | {(key, column) for key, _ in SANGONG for column in SANGONG_AMOUNTS}
    sheets = (sheet for sheet in scheme.spec.sheet if sheet.kind != "list")
    return tuple(
        (key, column.name)
        for sheet in sheets
        for key in (scheme.indicators if sheet.kind == "indicators" else [line.key for line in sheet.lines])
        for column in sheet.columns
        if (key, column.name) in read
    )


# ---------------------------------------------------------------- building


def _frame(columns: Columns[R], rows: Iterable[R]) -> pd.DataFrame:
    values = [[_blank_as_none(value(row)) for _, value in columns] for row in rows]
    return pd.DataFrame(values, columns=[header for header, _ in columns], dtype=object)


def _blank_as_none(value: Value) -> Value:
    return None if value == "" else value


def _rows(results: Iterable[Result], prefix: str) -> Iterator[_Of[ListRow]]:
    return (_Of(result, row) for result in results for row in result.rows.get(prefix, ()))


def _figure(submission: Submission, key: str, column: str) -> Decimal | None:
    return language.number(submission.value(key, column))


def _amount(value: Decimal) -> Decimal:
    """An amount that was added up, at the decimals that both engines agree on."""
    return language.round_half_up(value, _AMOUNT_DECIMALS)


def _rate(value: Value) -> Value:
    return NONE if value is None else value


def _quotient(left: Decimal | None, right: Decimal | None) -> Value:
    return NONE if left is None or not right else language.divide(left, right)


_CODE: Final = "单位编码"
_NAME: Final = "填报单位"
_FILE: Final = "来源文件"
_DEPARTMENT: Final[Columns[Result]] = (
    (_CODE, lambda result: result.submission.code),
    (_NAME, lambda result: result.submission.name),
)
_BELONGS: Final[Columns[_Of[Any]]] = (
    (_CODE, lambda of: of.result.submission.code),
    (_NAME, lambda of: of.result.submission.name),
)

# ---------------------------------------------------------------- columns of the lists beyond the published ones


def list_header(prefix: str, column: str) -> str:
    """The header of a list column of the scheme, typed or computed."""
    return _RENAMED.get((prefix, column), column)


def same_header(column: str) -> str:
    """The header of the column that numbers the rows with the same text in another column."""
    return f"同一{column}"


def sealed_columns(scheme: Scheme, prefix: str) -> tuple[str, ...]:
    """The typed columns of a list with figures or dates: those that 校验码 of a row weighs."""
    columns = scheme.lists[prefix].columns
    return tuple(column.name for column in columns if column.formula is None and column.type not in ("text", "choice"))


def further_columns(scheme: Scheme, prefix: str, shown: Collection[str]) -> tuple[ColumnSpec, ...]:
    """The columns of a list that its formulas need besides those ``shown``."""
    columns = scheme.lists[prefix].columns
    return tuple(
        column for column in columns
        if list_header(prefix, column.name) not in shown and (column.formula is not None or column.type != "text")
    )  # fmt: skip


def grouped_columns(scheme: Scheme, prefix: str) -> tuple[str, ...]:
    """The text columns by which a computed column of a list takes the highest."""
    nodes = [formula.node for formula in scheme.row_formulas[prefix].values()]
    return tuple(
        group.column
        for node in nodes
        if isinstance(node, language.Call) and node.name == "HIGHEST" and isinstance(group := node.arguments[1], Cell)
    )


def _list_columns(scheme: Scheme, prefix: str, shown: Columns[_Of[ListRow]]) -> Columns[_Of[ListRow]]:
    def further(column: ColumnSpec) -> tuple[str, Callable[[_Of[ListRow]], Value]]:
        name = column.name
        if column.formula is None:
            return list_header(prefix, name), lambda of: of.item.row.value(name)
        return list_header(prefix, name), lambda of: of.item.computed.get(name)

    def numbered(group: str) -> tuple[str, Callable[[_Of[ListRow]], Value]]:
        def number(of: _Of[ListRow]) -> str:
            texts = [language.same_text(row.row.text(group)) for row in of.result.rows[prefix]]
            return str(texts.index(language.same_text(of.item.row.text(group))) + 1)

        return same_header(group), number

    sealed = sealed_columns(scheme, prefix)
    return (
        *shown,
        *(further(column) for column in further_columns(scheme, prefix, [header for header, _ in shown])),
        *(numbered(group) for group in grouped_columns(scheme, prefix)),
        (SEAL, lambda of: seal(of.item.row.value(column) for column in sealed)),
    )


# ---------------------------------------------------------------- 排名, 指标得分, 得分明细


def _pending(result: Result) -> list[str]:
    return [line.code for line in result.lines if line.source == "待核"]


def _status(result: Result) -> str:
    pending = len(_pending(result))
    return f"{VALID}（{pending}项待核）" if pending else VALID


def _pending_text(result: Result) -> str:
    pending = "、".join(_pending(result))
    return f"待核：{pending}" if pending else ""


_RANKED: Final[Columns[Ranked]] = (
    ("排名", lambda ranked: ranked.rank),
    (_CODE, lambda ranked: ranked.result.submission.code),
    (_NAME, lambda ranked: ranked.result.submission.name),
    ("部门类别", lambda ranked: ranked.result.submission.category),
    ("分类排名", lambda ranked: ranked.category_rank),
    ("总分", lambda ranked: ranked.result.total),
    ("等级", lambda ranked: ranked.result.grade),
    ("A部门决策", lambda ranked: ranked.result.groups.get("A")),
    ("B部门管理", lambda ranked: ranked.result.groups.get("B")),
    ("C部门履职", lambda ranked: ranked.result.groups.get("C")),
    ("D履职绩效", lambda ranked: ranked.result.groups.get("D")),
    ("E可持续发展", lambda ranked: ranked.result.groups.get("E")),
    ("F加减分", lambda ranked: ranked.result.groups.get("F")),
    ("总分下限", lambda ranked: ranked.result.low),
    ("总分上限", lambda ranked: ranked.result.high),
    ("自评总分", lambda ranked: ranked.result.claimed_total),
    ("差异", lambda ranked: ranked.result.total - ranked.result.claimed_total),
    ("部门预算执行率", lambda ranked: _rate(ranked.result.ratios.get("部门预算执行率"))),
    ("三公经费控制率", lambda ranked: _rate(ranked.result.ratios.get("三公经费控制率"))),
    ("状态", lambda ranked: _status(ranked.result)),
    ("错误数", lambda ranked: None),  # counted from the findings below
    ("预警数", lambda ranked: None),
    (_FILE, lambda ranked: ranked.result.submission.source),
    ("说明", lambda ranked: _pending_text(ranked.result)),
)
_UNRANKED: Final[Columns[Unranked]] = (
    (_CODE, lambda gone: gone.code),
    (_NAME, lambda gone: gone.name),
    ("部门类别", lambda gone: gone.category),
    ("状态", lambda gone: gone.status),
    (_FILE, lambda gone: gone.file),
    ("说明", lambda gone: gone.reason),
)


def _ranking(outcome: Outcome, findings: pd.DataFrame) -> pd.DataFrame:
    """The ranked, then those without a valid workbook; findings are counted for the file that stands in the row."""
    ranked = _frame(_RANKED, outcome.ranked)
    below = _frame(_UNRANKED, outcome.unranked).reindex(columns=ranked.columns)
    frame = pd.concat([ranked, below], ignore_index=True).astype(object)
    frame = frame.where(frame.notna(), None)
    counts = findings.dropna(subset=[_FILE]).value_counts([_FILE, "级别"]).unstack("级别", fill_value=0)
    sent = frame[_FILE].notna()
    for header, level in (("错误数", "错误"), ("预警数", "预警")):
        if level in counts:
            number = counts[level].reindex(frame[_FILE], fill_value=0).astype(object)
            frame[header] = number.to_numpy()
        else:
            frame[header] = 0
        frame[header] = frame[header].astype(object).where(sent, None)
    return frame


def _scores(results: Sequence[Result], scheme: Scheme) -> pd.DataFrame:
    points = pd.DataFrame(
        [{line.code: line.final for line in result.lines} for result in results],
        columns=list(scheme.indicators),
        dtype=object,
    )
    return pd.concat([_frame(_DEPARTMENT, results), points.where(points.notna(), None)], axis=1)


_LINES: Final[Columns[_Of[Line]]] = (
    *_BELONGS,
    ("编码", lambda of: of.item.code),
    ("指标", lambda of: of.item.name),
    ("分值", lambda of: of.item.weight),
    ("自评得分", lambda of: of.item.claimed),
    ("测算得分", lambda of: of.item.computed),
    ("复核得分", lambda of: of.item.reviewed),
    ("最终得分", lambda of: of.item.final),
    ("得分来源", lambda of: of.item.source),
    ("差异", lambda of: None if of.item.claimed is None else of.item.final - of.item.claimed),
    ("计分说明", lambda of: of.item.sentence),
    ("依据单元格", lambda of: "；".join(f"{ref.sheet}!{ref.cell}" for ref in of.item.evidence)),
    (HIGH, lambda of: of.item.high),
)

# ---------------------------------------------------------------- 预算执行, 项目执行, 三公经费


def _budget_columns(scheme: Scheme) -> Columns[Result]:
    check = execution_check(scheme)

    def amount(column: str) -> Callable[[Result], Value]:
        return lambda result: _figure(result.submission, "S10", column)

    def ratio(name: str) -> Callable[[Result], Value]:
        return lambda result: _rate(result.ratios.get(name))

    def met(result: Result) -> str:
        if check is None:
            return NONE
        return _VERDICTS[check.judge(_Filled(result.submission), _ZERO, _ZERO).verdict]

    return (
        *_DEPARTMENT,
        *((column, amount(column)) for column in BUDGET),
        *((name, ratio(name)) for name in ("部门预算执行率", "预算调整率", "结转结余率")),
        ("是否达标", met),
    )


def execution_check(scheme: Scheme) -> Check | None:
    """What 是否达标 of 预算执行 is judged by."""
    return next((check for check in scheme.checks if check.code == _EXECUTION_RULE), None)


def execution_threshold(scheme: Scheme) -> str:
    """What 是否达标 of 预算执行 is judged by, in words."""
    check = execution_check(scheme)
    return "" if check is None else check.title


def _project_met(row: ListRow) -> str:
    budget, spent = language.number(row.row.value("全年预算数")), language.number(row.row.value("决算数"))
    if not budget or spent is None:
        return NONE
    return MISSED if row.computed.get("低执行") else MET


_PROJECTS: Final[Columns[_Of[ListRow]]] = (
    *_BELONGS,
    ("项目名称", lambda of: of.item.row.value("项目名称")),
    ("项目类别", lambda of: of.item.row.value("项目类别")),
    ("全年预算数", lambda of: of.item.row.value("全年预算数")),
    ("决算数", lambda of: of.item.row.value("决算数")),
    ("执行率", lambda of: _rate(of.item.computed.get("执行率"))),
    ("是否达标", lambda of: _project_met(of.item)),
    ("未达标原因", lambda of: of.item.row.value("未达标原因")),
    ("是否纳入考核", lambda of: of.item.row.value("是否纳入考核")),
    ("编码", lambda of: of.item.row.key),
)


def _sangong_rows(results: Iterable[Result]) -> Iterator[_Of[tuple[str, str]]]:
    return (_Of(result, item) for result in results for item in SANGONG)


def _sangong_columns(tolerance: Decimal) -> Columns[_Of[tuple[str, str]]]:
    """``tolerance`` in 万元: a rounding tail that is not yet 超支."""

    def figure(of: _Of[tuple[str, str]], column: str) -> Decimal | None:
        return _figure(of.result.submission, of.item[0], column)

    def amount(column: str) -> tuple[str, Callable[[_Of[tuple[str, str]]], Value]]:
        return column, lambda of: figure(of, column)

    def excess(of: _Of[tuple[str, str]]) -> Decimal | None:
        spent, budget = figure(of, "决算数"), figure(of, "全年预算数")
        return None if spent is None or budget is None else max(_ZERO, _amount(spent - budget))

    def change(of: _Of[tuple[str, str]]) -> Value:
        budget, before = figure(of, "全年预算数"), figure(of, "上年预算数")
        if budget is None or before is None:
            return NONE
        return language.divide(_amount(budget - before), before) if before else NO_BASE

    def conclusion(of: _Of[tuple[str, str]]) -> str:
        over = excess(of)
        if over is None:
            return "未填"
        return OVERSPENT if over > tolerance else "未超支"

    return (
        *_BELONGS,
        ("项目", lambda of: of.item[1]),
        *(amount(column) for column in SANGONG_AMOUNTS),
        ("超支金额", excess),
        ("控制率", lambda of: _quotient(figure(of, "决算数"), figure(of, "全年预算数"))),
        ("变动率", change),
        ("结论", conclusion),
    )


# ---------------------------------------------------------------- 重点工作, 履职效益, 加减分, 通用指标


def _flagged(row: ListRow, *columns: str) -> str:
    pending = [column for column in columns if row.computed.get(column)]
    return f"{'、'.join(pending)}，暂按0计" if pending else ""


def _on_time(row: ListRow) -> str:
    if row.row.value("计划完成日期") is None:
        return NONE
    return "是" if row.computed.get("按期") else "否"


_WORKS: Final[Columns[_Of[ListRow]]] = (
    *_BELONGS,
    ("工作名称", lambda of: of.item.row.value("工作名称")),
    ("计划数量", lambda of: of.item.row.value("计划数量")),
    ("实际数量", lambda of: of.item.row.value("实际数量")),
    ("质量达标数", lambda of: of.item.row.value("质量达标数")),
    ("计划完成日期", lambda of: of.item.row.value("计划完成日期")),
    ("实际完成日期", lambda of: of.item.row.value("实际完成日期")),
    ("权重", lambda of: of.item.row.value("权重")),
    ("数量完成率", lambda of: _rate(of.item.computed.get("数量完成率"))),
    ("质量达标率", lambda of: _rate(of.item.computed.get("质量达标率"))),
    ("是否按期", lambda of: _on_time(of.item)),
    ("计量单位", lambda of: of.item.row.value("计量单位")),
    ("说明", lambda of: _flagged(of.item, "数量待核", "质量待核", "按期待核")),
    ("编码", lambda of: of.item.row.key),
)

_BENEFITS: Final[Columns[_Of[ListRow]]] = (
    *_BELONGS,
    ("二级指标", lambda of: of.item.row.value("二级指标")),
    ("三级指标", lambda of: of.item.row.value("三级指标")),
    ("指标性质", lambda of: of.item.row.value("指标性质")),
    ("指标值", lambda of: of.item.row.value("指标值")),
    ("计量单位", lambda of: of.item.row.value("计量单位")),
    ("完成值", lambda of: of.item.row.value("完成值")),
    ("权重", lambda of: of.item.row.value("权重")),
    ("完成程度", lambda of: _rate(of.item.computed.get("程度"))),
    ("说明", lambda of: _flagged(of.item, "待核")),
    ("编码", lambda of: of.item.row.key),
)


def _counted(row: ListRow) -> Value:
    """Points that an award adds or a deduction takes, before the cap of its group."""
    match row.row.text("类型"):
        case "加分":
            return row.computed.get("计入加分")
        case "减分":
            taken = row.computed.get("扣减分值")
            return -taken if isinstance(taken, Decimal) and taken else _ZERO
        case _:
            return _ZERO


def _why_not_counted(row: ListRow) -> str:
    if _counted(row):
        return ""
    match row.row.text("类型"):
        case "加分" if row.computed.get("级别分"):
            return "同一项工作已计最高一项"
        case "加分":
            level = row.row.text("级别")
            return f"级别“{level}”不加分" if level else "级别未填，不加分"
        case "减分":
            return "未填分值，未扣分"
        case _:
            return "类型未填，不计分"


_AWARDS: Final[Columns[_Of[ListRow]]] = (
    *_BELONGS,
    ("类型", lambda of: of.item.row.value("类型")),
    ("级别", lambda of: of.item.row.value("级别")),
    ("工作事项", lambda of: of.item.row.value("工作事项")),
    ("文号", lambda of: of.item.row.value("文号")),
    ("日期", lambda of: of.item.row.value("日期")),
    ("自报分值", lambda of: of.item.row.value("自报分值")),
    ("计入分值", lambda of: _counted(of.item)),
    ("说明", lambda of: _why_not_counted(of.item)),
    ("授予单位", lambda of: of.item.row.value("授予单位")),
    ("编码", lambda of: of.item.row.key),
)


def _ratio_columns(scheme: Scheme) -> Columns[Result]:
    def ratio(name: str) -> tuple[str, Callable[[Result], Value]]:
        return name, lambda result: _rate(result.ratios.get(name))

    return (*_DEPARTMENT, *(ratio(name) for name, spec in scheme.ratios.items() if spec.spec.common))


# ---------------------------------------------------------------- 问题清单, 收件登记


def _found(finding: Finding, text: str) -> Value:
    """A value as a number where the finding is about figures, else the text as it stands."""
    return Decimal(text) if finding.difference is not None and _FIGURE.fullmatch(text) else text


_FINDINGS: Final[Columns[Finding]] = (
    (_CODE, lambda finding: finding.department),
    (_NAME, lambda finding: finding.name),
    ("级别", lambda finding: finding.level),
    ("类别", lambda finding: finding.kind),
    ("规则", lambda finding: finding.code),
    ("工作表", lambda finding: finding.ref.sheet),
    ("单元格", lambda finding: finding.ref.cell),
    ("问题", lambda finding: finding.what),
    ("填报值", lambda finding: _found(finding, finding.found)),
    ("应为", lambda finding: _found(finding, finding.expected)),
    ("差额", lambda finding: finding.difference),
    ("建议", lambda finding: finding.advice),
    (_FILE, lambda finding: finding.file),
    ("处理", lambda finding: "已说明" if finding.level == "预警" and finding.explanation else ""),
    ("情况说明", lambda finding: finding.explanation),
)
_FILES: Final[Columns[Received]] = (
    (_FILE, lambda file: file.file),
    (_CODE, lambda file: file.code),
    (_NAME, lambda file: file.name),
    ("结果", lambda file: file.status),
    ("原因", lambda file: file.reason),
    ("SHA-256", lambda file: file.digest),
    ("大小", lambda file: file.size),
    ("接收时间", lambda file: file.received and file.received.replace(microsecond=0, tzinfo=None)),
    ("主题", lambda file: file.subject),
    ("说明", lambda file: file.note),
)

# ---------------------------------------------------------------- 数据底稿, 取数说明


def _figures(results: Sequence[Result], scheme: Scheme) -> tuple[pd.DataFrame, pd.DataFrame]:
    places = figure_places(scheme)
    headers = [f"{key}.{column}" for key, column in places]
    rows = []
    for result in results:
        submission = result.submission
        values = [_stated(submission.value(key, column)) for key, column in places]
        rows.append([submission.code, submission.name, submission.source, *values, seal(values)])
    frame = pd.DataFrame(rows, columns=[_CODE, _NAME, _FILE, *headers, SEAL], dtype=object)
    cells = [template_cell(scheme, key, column) for key, column in places]
    legend = pd.DataFrame(
        [[sheet for sheet, _ in cells], [scheme.label(key) for key, _ in places], [cell for _, cell in cells]],
        index=["工作表", "行次名称", "模板单元格"],
        columns=headers,
        dtype=object,
    )
    return frame, legend


def _stated(value: Raw) -> Raw:
    """A raw cell; a text of nothing but spaces says nothing."""
    return None if isinstance(value, str) and not value.strip() else value


_NOTES: Final[Columns[_Of[Note]]] = (
    *_BELONGS,
    ("工作表", lambda of: of.item.sheet),
    ("编码", lambda of: of.item.key),
    ("栏目", lambda of: of.item.column),
    ("数值", lambda of: of.item.value),
    ("原填内容", lambda of: of.item.raw),
    ("单元格", lambda of: of.item.cell),
    ("说明", lambda of: of.item.text),
)

# ---------------------------------------------------------------- 评分规则, 运行说明


_RULES: Final[Columns[Entry]] = (
    ("编码", lambda entry: entry.code),
    ("内容", lambda entry: entry.text),
    ("公式", lambda entry: entry.formula),
    ("级别", lambda entry: entry.level),
    ("依据", lambda entry: entry.basis),
)


def _facts(outcome: Outcome, scheme: Scheme) -> list[tuple[str, str]]:
    """The scheme's own facts, then the run's; a fact that the run tells itself is not told twice."""
    told = {name for name, _ in outcome.facts}
    own = (("方案版本", scheme.spec.edition), ("方案文件", scheme.file), ("方案摘要（SHA-256）", scheme.digest))
    return [fact for fact in own if fact[0] not in told] + list(outcome.facts)


__all__ = [
    "BUDGET",
    "HIGH",
    "MET",
    "MISSED",
    "NONE",
    "NO_BASE",
    "OVERSPENT",
    "SANGONG",
    "SANGONG_AMOUNTS",
    "SEAL",
    "TOTAL",
    "VALID",
    "Tables",
    "execution_check",
    "execution_threshold",
    "figure_places",
    "files_table",
    "findings_table",
    "further_columns",
    "grouped_columns",
    "list_header",
    "ranking_table",
    "same_header",
    "seal",
    "seal_weight",
    "sealed_columns",
    "tabulate",
]

"""Result -> the department's rows of each table, made and packed where the workbook was read; knows no other one.

Amounts in 万元 and points are ``Decimal``, rates are fractions, codes are texts, a blank is ``None`` and a ratio
without a base is ``"—"``. A column is one line of its table's tuple: header, value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

from evalbatch.model import LEVELS, NOWHERE, Finding, Line, ListRow, Note, Ref, Result, Submission, Summary
from evalbatch.model import Value as Raw
from evalbatch.packing import pack, unpack
from evalbatch.scheme import APPLICABLE, CONTENT, REASON, SELF_SCORE, Check, Formula, Scheme
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Cell
from evalbatch.scheme.layout import compress
from evalbatch.scheme.spec import TEXT_TYPES, ColumnSpec
from evalbatch.seals import SEAL, TEXT_SEAL, seal, text_seal

R = TypeVar("R")
T = TypeVar("T")
Value = Decimal | int | str | date | datetime | None
Row = Sequence[Value]
Columns = tuple[tuple[str, Callable[[R], Value]], ...]

NONE: Final = "—"
NO_BASE: Final = "不可比"
OVERSPENT: Final = "超支"
MET: Final = "达标"
MISSED: Final = "未达标"
TOTAL: Final = "合计"
VALID: Final = "有效"
_ZERO: Final = Decimal(0)
EXECUTION_RATE: Final = "部门预算执行率"
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
HIGH: Final = "得分上限"
_RENAMED: Final = {("V", "程度"): "完成程度", ("V", "完成程度"): "填报完成程度"}
"""List columns under another header than the scheme's, by (prefix, column): 完成程度 itself is the computed one."""
_AMOUNT_DECIMALS: Final = 6
_FIGURE: Final = re.compile(r"-?(0|[1-9]\d{0,11})(\.\d+)?")


_FINDINGS: Final = "findings"
_TYPED: Final = "typed"
_COVER: Final = (("T01", CONTENT), ("T02", CONTENT))
_PERSONAL: Final = frozenset({"T06", "T07", "T08", "T09"})
"""Names and telephone of people: told to nobody but their department."""


@dataclass(frozen=True, slots=True)
class DepartmentTable:
    """A table of which a department has some rows: its headers, and what its rows are."""

    headers: tuple[str, ...]
    rows: Callable[[Result], list[Row]]


@lru_cache(maxsize=8)
def department_tables(scheme: Scheme) -> Mapping[str, DepartmentTable]:
    """The tables of which every department has rows, by their names in ``Tables``."""

    def own(result: Result) -> Iterable[Result]:
        return (result,)

    def list_table(prefix: str, shown: Columns[_Of[ListRow]]) -> DepartmentTable:
        columns = _list_columns(scheme, prefix, shown)
        return _table(columns, lambda result: (_Of(result, row) for row in result.rows.get(prefix, ())))

    return {
        "ranking": _table(_RANKED, own),
        "scores": _scores(scheme),
        "lines": _table(_LINES, lambda result: (_Of(result, line) for line in result.lines)),
        "budgets": _table(_budget_columns(scheme), own),
        "projects": list_table("X", _PROJECTS),
        "sangong": _table(
            _sangong_columns(scheme.spec.tolerance.fixed), lambda result: (_Of(result, item) for item in SANGONG)
        ),
        "works": list_table("W", _WORKS),
        "benefits": list_table("V", _BENEFITS),
        "awards": list_table("Y", _AWARDS),
        "ratios": _table(_ratio_columns(scheme), own),
        "figures": _figures(scheme),
        "notes": _table(_NOTES, lambda result: (_Of(result, note) for note in result.submission.notes)),
    }


_PIECES: Final = (
    "ranking", "scores", "lines", "budgets", "projects", "sangong", "works", "benefits", "awards", "ratios", "figures",
    "notes", _FINDINGS, _TYPED,
)  # fmt: skip
"""The order in which a summary's tables are packed."""


def summarise(result: Result, scheme: Scheme) -> Summary:
    """What the batch holds of a result."""
    tables = department_tables(scheme)
    submission = result.submission
    own: Mapping[str, Sequence[object]] = {_FINDINGS: result.findings, _TYPED: _typed(submission)}
    rows = [own[name] if name in own else tables[name].rows(result) for name in _PIECES]
    filled = submission.value("T10", CONTENT)
    cover = [entry.ref for place in _COVER if (entry := submission.cells.get(place)) is not None]
    return Summary(
        code=submission.code,
        name=submission.name,
        category=submission.category,
        source=submission.source,
        titled=submission.text(*_COVER[0]).strip(),
        cover=Ref(cover[0].sheet, compress(ref.cell for ref in cover)) if cover else NOWHERE,
        filled=filled if isinstance(filled, date) else None,
        total=result.total,
        rate=result.ratios.get(EXECUTION_RATE),
        counts=tuple(map(len, rows)),
        packed=tuple(map(pack, rows)),
    )


def count(summary: Summary, table: str) -> int:
    """How many rows a department has in a table."""
    return summary.counts[_PIECES.index(table)]


def rows_of(summary: Summary, table: str) -> Sequence[Row]:
    """The department's rows of a table."""
    rows: Sequence[Row] = _unpacked(summary, table)
    return rows


def findings_of(summary: Summary) -> Sequence[Finding]:
    """The findings about a department, the gravest first."""
    findings: Sequence[Finding] = _unpacked(summary, _FINDINGS)
    if not summary.noted:
        return findings
    return sorted((*findings, *summary.noted), key=lambda finding: (LEVELS.index(finding.level), finding.code))


def count_findings(summary: Summary) -> int:
    """How many findings there are about a department."""
    return count(summary, _FINDINGS) + len(summary.noted)


class Typed(NamedTuple):
    """What a department typed into a cell: where it stands, what it says, and as it was typed."""

    sheet: str
    cell: str
    value: Raw
    raw: str


def typed_of(summary: Summary) -> Mapping[tuple[str, str, str], Typed]:
    """What a department typed, by sheet, key and column: without the template's formulas and names of people."""
    return {(said[0], key, column): Typed(*said) for key, column, *said in _unpacked(summary, _TYPED)}


def _typed(submission: Submission) -> list[Row]:
    lists = ((row.key, row.entries.items()) for rows in submission.lists.values() for row in rows)
    return [
        (key, column, entry.ref.sheet, entry.ref.cell, entry.raw if entry.value is None else entry.value, entry.raw)
        for key, column, entry in (
            *((key, column, entry) for (key, column), entry in submission.cells.items() if key not in _PERSONAL),
            *((key, column, entry) for key, entries in lists for column, entry in entries),
        )
        if entry.raw and not entry.derived
    ]


def _unpacked(summary: Summary, table: str) -> Any:
    piece = _PIECES.index(table)
    return unpack(summary.packed[piece]) if summary.counts[piece] else ()


# ---------------------------------------------------------------- what else the columns are read by


def figure_places(scheme: Scheme) -> tuple[tuple[str, str], ...]:
    """The (key, column) of every input cell that a score, a ratio, a check or a sheet reads, in their order."""
    formulas: list[Formula | None] = [ratio.formula for ratio in scheme.ratios.values()]
    for check in scheme.checks:
        formulas += [check.left, check.right, check.when]
    for row in scheme.indicators.values():
        formulas += [row.points, row.pending, row.not_applicable, row.ceiling, row.scale]
    read = {(cell.key, cell.column) for formula in formulas if formula is not None for cell in formula.cells}
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


def _table(columns: Columns[R], items: Callable[[Result], Iterable[R]]) -> DepartmentTable:
    headers = tuple(header for header, _ in columns)
    return DepartmentTable(headers, lambda result: [row_of(columns, item) for item in items(result)])


def row_of(columns: Columns[R], item: R) -> Row:
    """The row of an item: a blank text is a blank."""
    return tuple([None if isinstance(shown := value(item), str) and not shown else shown for _, value in columns])


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
_KEY: Final = "编码"
PLACE: Final = "出处"
CATEGORY: Final = "部门类别"
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
    """The typed columns of a list with figures or dates, by their headers: those that 校验码 of a row weighs."""
    columns = scheme.lists[prefix].columns
    return tuple(
        list_header(prefix, column.name)
        for column in columns
        if column.formula is None and column.type not in TEXT_TYPES
    )


def sealed_texts(headers: Iterable[str], scheme: Scheme, prefix: str) -> tuple[str, ...]:
    """The columns of a list sheet with these headers that 校验文 of a row holds: what was typed as text, and whose."""
    typed = {
        column.name for column in scheme.lists[prefix].columns if column.formula is None and column.type in TEXT_TYPES
    }
    return tuple(header for header in headers if header in typed or header in (_CODE, _NAME, _KEY, _FILE, PLACE))


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

    columns = (
        *shown,
        *(further(column) for column in further_columns(scheme, prefix, [header for header, _ in shown])),
        *(numbered(group) for group in grouped_columns(scheme, prefix)),
        (_FILE, lambda of: of.result.submission.source),
        (PLACE, _place),
    )
    values = dict(columns)
    figures = [values[header] for header in sealed_columns(scheme, prefix)]
    texts = [values[header] for header in sealed_texts(values, scheme, prefix)]
    return (
        *columns,
        (TEXT_SEAL, lambda of: text_seal(value(of) for value in texts)),
        (SEAL, lambda of: seal(value(of) for value in figures)),
    )


def _place(of: _Of[ListRow]) -> str:
    """Where a list row stands in the department's workbook: from its first filled cell to its last."""
    refs = [entry.ref for entry in of.item.row.entries.values() if entry.ref.cell]
    cells = sorted({ref.cell for ref in refs}, key=lambda cell: (len(cell.rstrip("0123456789")), cell))
    return f"{refs[0].sheet}!{':'.join(dict.fromkeys((cells[0], cells[-1])))}" if refs else ""


# ---------------------------------------------------------------- 排名, 指标得分, 得分明细


def _pending(result: Result) -> list[str]:
    return [line.code for line in result.lines if line.source == "待核"]


def _status(result: Result) -> str:
    pending = len(_pending(result))
    return f"{VALID}（{pending}项待核）" if pending else VALID


def _pending_text(result: Result) -> str:
    pending = "、".join(_pending(result))
    return f"待核：{pending}" if pending else ""


_RANKED: Final[Columns[Result]] = (
    ("排名", lambda result: None),
    (_CODE, lambda result: result.submission.code),
    (_NAME, lambda result: result.submission.name),
    ("部门类别", lambda result: result.submission.category),
    ("分类排名", lambda result: None),
    ("总分", lambda result: result.total),
    ("等级", lambda result: result.grade),
    ("A部门决策", lambda result: result.groups.get("A")),
    ("B部门管理", lambda result: result.groups.get("B")),
    ("C部门履职", lambda result: result.groups.get("C")),
    ("D履职绩效", lambda result: result.groups.get("D")),
    ("E可持续发展", lambda result: result.groups.get("E")),
    ("F加减分", lambda result: result.groups.get("F")),
    ("总分下限", lambda result: result.low),
    ("总分上限", lambda result: result.high),
    ("自评总分", lambda result: result.claimed_total),
    ("差异", lambda result: result.total - result.claimed_total),
    ("部门预算执行率", lambda result: _rate(result.ratios.get("部门预算执行率"))),
    ("三公经费控制率", lambda result: _rate(result.ratios.get("三公经费控制率"))),
    ("状态", lambda result: _status(result)),
    ("错误数", lambda result: None),
    ("预警数", lambda result: None),
    (_FILE, lambda result: result.submission.source),
    ("说明", lambda result: _pending_text(result)),
)
"""排名 and 分类排名 are known only among all, 错误数 and 预警数 only with the findings of the batch."""


def _scores(scheme: Scheme) -> DepartmentTable:
    def rows(result: Result) -> list[Row]:
        points = {line.code: line.final for line in result.lines}
        submission = result.submission
        return [(submission.code or None, submission.name or None, *map(points.get, scheme.indicators))]

    return DepartmentTable((_CODE, _NAME, *scheme.indicators), rows)


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
    ("复核理由", lambda of: of.item.reason or None),
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
        ("合计超支", lambda of: excess(of) if of.item[1] == TOTAL and conclusion(of) == OVERSPENT else None),
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


# ---------------------------------------------------------------- 数据底稿, 取数说明


def _figures(scheme: Scheme) -> DepartmentTable:
    places = figure_places(scheme)

    def rows(result: Result) -> list[Row]:
        submission = result.submission
        own = (submission.code, submission.name, submission.source, submission.category)
        values = [_stated(submission.value(*place)) for place in places]
        texts = text_seal((*own, *(value for value, place in zip(values, places, strict=True) if place in said)))
        return [(*own, *values, texts, seal(values))]

    said = set(figure_texts(scheme))
    headers = (f"{key}.{column}" for key, column in places)
    return DepartmentTable((_CODE, _NAME, _FILE, CATEGORY, *headers, TEXT_SEAL, SEAL), rows)


def figure_texts(scheme: Scheme) -> tuple[tuple[str, str], ...]:
    """The (key, column) of the figure places that hold texts: those that 校验文 of the row holds."""
    return tuple(place for place in figure_places(scheme) if scheme.type_of(*place) in TEXT_TYPES)


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

"""填报说明: how to fill in the workbook, what its terms mean, and a worked example computed as the sheets compute.

Nothing here is read: the example has no column of keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.figures import FilledFigures, FilledRow, Filling
from evalbatch.department_workbook.frame import Form, add_sheet, close_sheet, height, put
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.styles import number_format
from evalbatch.model import Value
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import ATTACHMENT_SHEET, AUDIT_SHEET, GUIDE_SHEET, list_key, visible_columns
from evalbatch.scheme.spec import ColumnSpec, SheetSpec

_NAME_WIDTH: Final = 26
_WIDTH: Final = 13
_ROOM: Final = 11
"""Columns beside the first one."""
_WIDE: Final = "text"


def write_guide(form: Form) -> None:
    """Write the sheet."""
    sheet = add_sheet(form, GUIDE_SHEET)
    sheet.set_column(0, 0, _NAME_WIDTH)
    sheet.set_column(1, _ROOM, _WIDTH)
    styles = form.styles
    sheet.merge_range(0, 0, 0, _ROOM, "填报说明与示例", styles.title())
    sheet.set_row(0, 30)
    row = 1
    for heading, lines in _sections(form.scheme):
        sheet.merge_range(row, 0, row, _ROOM, heading, styles.heading())
        for number, line in enumerate(lines, 1):
            text = f"{number}．{line}"
            sheet.merge_range(row + number, 0, row + number, _ROOM, text, styles.attachment())
            sheet.set_row(row + number, height([(text, _NAME_WIDTH + _ROOM * _WIDTH)]))
        row += len(lines) + 1
    for table in example(form.scheme):
        row = _write_table(form, sheet, row, table)
    close_sheet(form, sheet, row - 1, _ROOM, official=False)


def _sections(scheme: Scheme) -> Iterator[tuple[str, Sequence[str]]]:
    rows = "、".join(f"{spec.name}{spec.rows}行" for spec in scheme.lists.values())
    excused = "、".join(code for code, row in scheme.indicators.items() if row.spec.inapplicable)
    optional = "、".join(code for code, row in scheme.indicators.items() if row.spec.optional)
    yield (
        "一、怎样填",
        (
            "先填封面，选定金额单位，全部工作表都用这一个单位。",
            "白色单元格填写，灰色单元格和第一列编码不动。合计、全年预算数已有公式，与实际不符的可以直接改填数字，改填后照样审核。",
            "没有发生额的填0，不写“无”“/”；空白表示未填，不等于0。虚线框的单元格必须填写；斜纹的审核不符，或粘贴了带单位、文字的数，请改填数字。",
            f"明细表预印的行（{rows}）不够时，在表中间插入整行，新行不必写编码。从别处粘贴时用“选择性粘贴—数值”。",
            f"填完看“{AUDIT_SHEET}”：✗ 的点“定位”到该单元格核对改正，确属实情的在“情况说明”栏写明原因。",
            f"封面显示“可以报送”后，打印各表和“{ATTACHMENT_SHEET}”签字盖章，工作簿原样发回财政局，不要另存为其他格式。",
            f"打印时空行自动略去。若印出空白页（如用 LibreOffice 打印），在各明细表和“{ATTACHMENT_SHEET}”的B列表头点筛选按钮，去掉“空白”一项再印；印完仍选“全部”。",
        ),
    )
    yield (
        "二、几个口径",
        (
            "全年预算数：年初预算数加上已办妥手续的调整数（追加为正、追减为负）；手续没有办妥的调整不算。",
            "“三公”经费：因公出国（境）费、公务用车购置及运行维护费、公务接待费三项，含基本支出和项目支出中列支的，"
            "只算财政拨款（含上年结转）；会议费、培训费、其他交通费用不在其内。",
            f"不适用：只有 {excused} 可以在“是否适用”选“否”，并须在扣分原因栏写明理由；{optional} 是可选指标，不选的选“否”，至少选一项。",
            "测算得分：由填报的数据算出，与汇总时的得分一致；“待核”表示所需的数据没有填全，暂按0分。",
            "执行率按“决算数÷全年预算数”计算；项目未达标的，须写明未达标原因。",
        ),
    )


# ---------------------------------------------------------------- the worked example


@dataclass(frozen=True, slots=True)
class Table:
    """The example's rows of one sheet: columns, and for each row its name and its values by column."""

    sheet: SheetSpec
    columns: tuple[ColumnSpec, ...]
    rows: tuple[tuple[str, Mapping[str, Value]], ...]


def example(scheme: Scheme) -> Iterator[Table]:
    """The scheme's worked example sheet by sheet, with what the workbook would compute from it."""
    typed: dict[str, dict[str, dict[str, Value]]] = {prefix: {} for prefix in scheme.lists}
    cells: dict[tuple[str, str], Value] = {}
    for (key, column), value in scheme.examples.items():
        prefix = key.rstrip("0123456789")
        if key in scheme.lines or key in scheme.indicators:
            cells[key, column] = value
        else:
            typed[prefix].setdefault(key, {})[column] = value
    figures = FilledFigures(scheme, Filling(cells, {prefix: list(rows.values()) for prefix, rows in typed.items()}))
    shown = {key for key, _ in cells}
    for spec in scheme.spec.sheet:
        if spec.kind == "list":
            rows = [
                (list_key(spec, n), _listed(scheme, spec, row)) for n, row in enumerate(figures.rows[spec.prefix], 1)
            ]
        elif spec.kind == "indicators":
            rows = [(f"{code} {row.name}", _judged(scheme, spec, figures, code))
                    for code, row in scheme.indicators.items() if code in shown]  # fmt: skip
        else:
            totals = {key for key in _totals(scheme, shown) if _complete(scheme, figures, key)}
            rows = [(f"{line.key} {line.label}", _lined(scheme, spec, figures, line.key))
                    for line in spec.lines if line.key in shown | totals]  # fmt: skip
        columns = [c for c in visible_columns(spec) if any(values.get(c.name) is not None for _, values in rows)]
        if rows:
            yield Table(spec, tuple(columns), tuple(rows))


def _totals(scheme: Scheme, shown: set[str]) -> set[str]:
    """The lines that are computed from lines of the example: their parents."""
    parents = {scheme.lines[key].parent for key in shown if key in scheme.lines}
    found = {key for key in parents if key is not None and any(place == key for place, _ in scheme.derivations)}
    return found if found <= shown else _totals(scheme, shown | found)


def _complete(scheme: Scheme, figures: FilledFigures, key: str) -> bool:
    return all(figures.figure(key, column) is not None for column in scheme.lines[key].mandatory)


def _listed(scheme: Scheme, spec: SheetSpec, row: FilledRow) -> dict[str, Value]:
    computed = {name: node.evaluate(row) for name, node in scheme.row_formulas[spec.prefix].items()}
    return {column.name: computed.get(column.name) or row.figure("", column.name) for column in visible_columns(spec)}


def _lined(scheme: Scheme, spec: SheetSpec, figures: FilledFigures, key: str) -> dict[str, Value]:
    values = {name: figures.figure(key, name) for name in scheme.lines[key].types}
    if not figures.has_rate(scheme.lines[key]):
        return values
    return values | {column.name: figures.rate(key) for column in spec.columns if column.formula is not None}


def _judged(scheme: Scheme, spec: SheetSpec, figures: FilledFigures, code: str) -> dict[str, Value]:
    inputs = [c.name for c in spec.columns if c.type != "label" and not c.constant and not c.computed]
    values = {name: figures.figure(code, name) for name in inputs}
    score = live_formulas(scheme).scores.get(code)
    if score is not None:
        values |= {"测算得分": score.evaluate(figures), "测算说明": figures.sentence(code)}
    return values


def _write_table(form: Form, sheet: Worksheet, row: int, table: Table) -> int:
    """Write a table of the example from ``row`` on; returns the row after it."""
    styles, spans = form.styles, _spans(table.columns)
    sheet.merge_range(row, 0, row, _ROOM, f"填报示例：{table.sheet.name}", styles.heading())
    sheet.write_string(row + 1, 0, "行", styles.header())
    starts = [1 + sum(spans[:index]) for index in range(len(spans))]
    widths = [_WIDTH * span for span in spans]
    for column, start, span in zip(table.columns, starts, spans, strict=True):
        _spread(sheet, row + 1, start, span, column.name, styles.header())
    sheet.set_row(row + 1, height([(c.name, width) for c, width in zip(table.columns, widths, strict=True)]))
    at = row + 2
    for name, values in table.rows:
        sheet.write_string(at, 0, name, styles.label())
        texts = [(name, _NAME_WIDTH)]
        for column, start, span, width in zip(table.columns, starts, spans, widths, strict=True):
            value = values.get(column.name)
            align = "left" if column.type == _WIDE else "center"
            _spread(sheet, at, start, span, value, styles.attachment(align, number_format(column.type)))
            texts.append((value if isinstance(value, str) else "", width))
        sheet.set_row(at, height(texts))
        at += 1
    return at


def _spans(columns: Sequence[ColumnSpec]) -> list[int]:
    """How many columns of the sheet each column of a table takes: texts share what the others leave."""
    wide = [index for index, column in enumerate(columns) if column.type == _WIDE]
    spans, spare = [1] * len(columns), _ROOM - len(columns)
    for number, index in enumerate(wide):
        share = spare // (len(wide) - number)
        spans[index] += share
        spare -= share
    return spans


def _spread(sheet: Worksheet, row: int, start: int, span: int, value: Value, style: Format) -> None:
    """A cell over so many columns."""
    if span > 1:
        sheet.merge_range(row, start, row, start + span - 1, "", style)
    put(sheet, row, start, value, style)

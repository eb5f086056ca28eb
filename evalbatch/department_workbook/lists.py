"""The list sheets (项目支出明细表, 重点工作完成情况表, …): pre-numbered rows with their computed columns."""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.figures import FilledFigures, FilledRow
from evalbatch.department_workbook.frame import (
    HEADER,
    KEY_WIDTH,
    Form,
    Head,
    PrintedRows,
    close_sheet,
    height,
    open_sheet,
    put,
    put_formula,
    quoted,
    validate,
)
from evalbatch.department_workbook.styles import number_format
from evalbatch.department_workbook.support import beyond, is_input, list_range, row_text, support_layout
from evalbatch.scheme import Formula, Scheme
from evalbatch.scheme.formula import scalar
from evalbatch.scheme.layout import HEADER_ROW, KEY_HEADER, SheetLayout, list_key, visible_columns
from evalbatch.scheme.spec import ColumnSpec, SheetSpec

_NOTES: Final = {
    "项目支出明细表": (
        "注：一个项目一行，合计应等于预算执行情况表的项目支出。是否纳入考核留空视为“是”；执行率不足90%的写明未达标原因。"
        "全年预算数已设公式，与实际不符的可直接改填数字。"
    ),
    "重点工作完成情况表": (
        "注：一项重点工作一行，用于测算部门履职得分。权重留空的，各项工作相等；未完成的，实际完成日期留空。"
    ),
    "履职效益指标表": (
        "注：一个指标一行，用于测算履职绩效得分，四类二级指标都应填列。定量指标填指标值与完成值；"
        "定性指标填完成程度，不超过100%：达成80%至100%，部分达成60%至80%，未达成60%以下。"
    ),
    "加减分事项表": "注：同一项工作获多级表彰的，工作事项写法应一致，只计最高一项；减分事项须写明事由和分值。",
}
_DEFAULT_NOTE: Final = "注：一项一行；行数不够时可在表中插入行。"
_BEYOND: Final = "【插入的行太多，末尾几行没有参与本工作簿的测算与审核；汇总时照常计算。】"
_FROZEN: Final = 2
_PRINTED: Final = 24
"""Rows that are printed at least, so that unused ones do not cost paper."""
_MINIMUM_HEIGHT: Final = 20.0


def write_list(form: Form, spec: SheetSpec) -> None:
    """Write one sheet of kind ``list``."""
    layout = form.layout(spec.name)
    columns = visible_columns(spec)
    head = Head(spec.title, _NOTES.get(spec.name, _DEFAULT_NOTE), spec.amounts)
    # the column of names stays in sight together with the key
    label = layout.columns.get(spec.label, _FROZEN)
    headers = [(KEY_HEADER, KEY_WIDTH), *((column.name, column.width) for column in columns)]
    sheet = open_sheet(form, spec.name, head, headers, min(label, 1 + _FROZEN))
    told = f"{_BEYOND}{head.note}"
    warning = f"=IF({beyond(form.scheme, spec.prefix)},{quoted(told)},{quoted(head.note)})"
    sheet.write_formula(2, 0, warning, form.styles.caption(), head.note)
    filled = form.figures.rows[spec.prefix]
    for index in range(spec.rows):
        _write_row(form, sheet, layout, index, filled[index] if index < len(filled) else None)
    first, last = HEADER + 1, layout.last_row - 1
    for column in columns:
        if is_input(column):
            derived = (spec.prefix, column.name) in form.scheme.derivations
            validate(sheet, first, layout.columns[column.name] - 1, last, column, derived=derived)
    sheet.autofilter(HEADER, 0, last, len(columns))
    close_sheet(form, sheet, last, len(columns), printed_rows(form.scheme, form.figures, spec))


def printed_rows(scheme: Scheme, figures: FilledFigures, spec: SheetSpec) -> PrintedRows:
    """A list prints down to its last filled row, and not less than a page."""
    support = support_layout(scheme)[spec.prefix]
    least = min(_PRINTED, spec.rows)
    last = max((number for number, row in enumerate(figures.rows[spec.prefix], 1) if row.used), default=0)
    filled = f"MAX({least},MAX({support.range(support.used)})-1)"
    whole = f"ROWS({list_range(scheme, spec.prefix, 1, 1)})-1"
    formula = f"ROW('{spec.name}'!$A${HEADER_ROW})+IF({beyond(scheme, spec.prefix)},{whole},{filled})"
    return PrintedRows(formula, HEADER_ROW + max(least, last))


def _write_row(form: Form, sheet: Worksheet, layout: SheetLayout, index: int, filled: FilledRow | None) -> None:
    key = list_key(layout.spec, index + 1)
    row = layout.rows[key] - 1
    sheet.write_string(row, 0, key, form.styles.key())
    texts: list[tuple[str, int]] = []
    for column in visible_columns(layout.spec):
        value = None if filled is None else filled.typed.get(column.name)
        if isinstance(value, str):
            texts.append((value, column.width))
        if value is None and _formula(form, layout, column) is not None:
            _write_formula(form, sheet, layout, row, column, filled)
        else:
            style = form.styles.entry(column, given=(key, column.name) in form.filling.locked)
            put(sheet, row, layout.columns[column.name] - 1, value, style)
    sheet.set_row(row, max(_MINIMUM_HEIGHT, height(texts)))


def _formula(form: Form, layout: SheetLayout, column: ColumnSpec) -> Formula | None:
    """What the template computes in a column: a rate, or a derived input that may be overwritten."""
    prefix = layout.spec.prefix
    if column.formula is not None:
        return form.scheme.row_formulas[prefix][column.name]
    return form.scheme.derivations.get((prefix, column.name))


def _write_formula(
    form: Form, sheet: Worksheet, layout: SheetLayout, row: int, column: ColumnSpec, filled: FilledRow | None
) -> None:
    formula = _formula(form, layout, column)
    assert formula is not None
    text = row_text(formula.node, form.scheme, layout.spec.name, row + 1)
    style = form.styles.entry(column) if is_input(column) else form.styles.computed(number_format(column.type))
    value = None if filled is None else scalar(filled.figure("", column.name))
    put_formula(sheet, row, layout.columns[column.name] - 1, text, style, value)

"""The sheets of keyed rows (封面, 预算执行情况表, 信息公开情况表): one row a line, blocks under headings."""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.frame import (
    KEY_WIDTH,
    Form,
    Head,
    close_sheet,
    height,
    open_sheet,
    put,
    put_formula,
    validate,
)
from evalbatch.department_workbook.status import COVER, write_status
from evalbatch.department_workbook.styles import number_format
from evalbatch.department_workbook.support import row_text
from evalbatch.scheme import CONTENT, Line
from evalbatch.scheme.layout import KEY_HEADER, STATUS_LABELS, SheetLayout, printed_texts, visible_columns
from evalbatch.scheme.spec import ColumnSpec, SheetSpec

_NOTES: Final = {
    "封面": (
        "注：白色单元格由部门填写，灰色单元格请勿改动；第一列编码供汇总使用，请勿删改。"
        "虚线框的是应填未填的，斜纹的是审核不符或不是数字的。填完后请到“数据审核”表查看有无不符项。"
    ),
    "预算执行情况表": (
        "注：白色单元格按金额单位填写，没有发生额的填0，不要留空；合计数与全年预算数已设公式，与实际不符的可直接改填数字。"
        "请勿删改第一列编码，插入行不影响汇总。"
    ),
    "信息公开情况表": "注：日期填到日，如 2024-02-18；没有公开的留空。五项绩效管理工作从下拉列表选“是”或“否”。",
}
_DEFAULT_NOTE: Final = "注：白色单元格由部门填写，灰色单元格请勿改动。"
_PART: Final = "其中"
"""A line that begins so is part of the one above it."""
_FROZEN: Final = 2
_MINIMUM_HEIGHT: Final = 20.0


def write_lines(form: Form, spec: SheetSpec) -> None:
    """Write one sheet of kind ``lines``."""
    layout = form.layout(spec.name)
    head = Head(spec.title, _NOTES.get(spec.name, _DEFAULT_NOTE), spec.amounts)
    columns = visible_columns(spec)
    headers = [(KEY_HEADER, KEY_WIDTH), *((column.name, column.width) for column in columns)]
    sheet = open_sheet(form, spec.name, head, headers, _FROZEN)
    for row, title in layout.headings.items():
        sheet.merge_range(row - 1, 0, row - 1, len(columns), title, form.styles.heading())
    for line in form.scheme.lines.values():
        if line.sheet == spec.name:
            _write_line(form, sheet, layout, line)
    last_row = layout.last_row - 1
    if spec.name == COVER:
        write_status(form, sheet, last_row + 2)
        last_row += 1 + len(STATUS_LABELS)
    close_sheet(form, sheet, last_row, len(columns))


def _write_line(form: Form, sheet: Worksheet, layout: SheetLayout, line: Line) -> None:
    row = layout.rows[line.key] - 1
    sheet.write_string(row, 0, line.key, form.styles.key())
    printed = printed_texts(form.scheme, layout.spec.name)[line.key]
    texts: list[tuple[str, int]] = []
    for column in visible_columns(layout.spec):
        at = layout.columns[column.name] - 1
        if column.type == "label":
            text = printed.get(column.name, "")
            sheet.write_string(row, at, text, form.styles.label(indent=int(text.startswith(_PART))))
            texts.append((text, column.width))
        elif column.formula is not None:
            _write_rate(form, sheet, layout, line, column)
        elif column.name in line.types:
            _write_entry(form, sheet, layout, line, line.types[column.name])
            texts.append((form.text(line.key, column.name) if column.type == "text" else "", column.width))
        else:
            sheet.write_blank(row, at, None, form.styles.unused())
    sheet.set_row(row, max(_MINIMUM_HEIGHT, height(texts)))


def _write_entry(form: Form, sheet: Worksheet, layout: SheetLayout, line: Line, column: ColumnSpec) -> None:
    row, at = layout.rows[line.key] - 1, layout.columns[column.name] - 1
    typed = form.figures.typed(line.key, column.name)
    derivation = form.scheme.derivations.get((line.key, column.name))
    if line.locked:
        put(sheet, row, at, typed, form.styles.label())
        return
    styles = form.styles
    given = (line.key, column.name) in form.filling.locked
    style = (styles.particular if column.name == CONTENT else styles.entry)(column, line.unit, given)
    if typed is None and derivation is not None:
        formula = row_text(derivation.node, form.scheme, layout.spec.name, row + 1)
        put_formula(sheet, row, at, formula, style, form.figures.figure(line.key, column.name))
    else:
        put(sheet, row, at, typed, style)
    if not given:
        note = "" if line.note in printed_texts(form.scheme, layout.spec.name)[line.key].values() else line.note
        validate(sheet, row, at, row, column, note=note, derived=derivation is not None)


def _write_rate(form: Form, sheet: Worksheet, layout: SheetLayout, line: Line, column: ColumnSpec) -> None:
    row, at = layout.rows[line.key] - 1, layout.columns[column.name] - 1
    rate = form.scheme.line_rate
    if not form.figures.has_rate(line):
        sheet.write_blank(row, at, None, form.styles.unused())
        return
    formula = row_text(rate.node, form.scheme, layout.spec.name, row + 1)
    value = form.figures.rate(line.key)
    put_formula(sheet, row, at, formula, form.styles.computed(number_format(column.type)), value)

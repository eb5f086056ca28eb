"""绩效自评表: one row an indicator, what the department claims, and what the system computes beside it."""

from __future__ import annotations

from decimal import Decimal
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
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.styles import number_format
from evalbatch.department_workbook.support import live_text, sentence_text
from evalbatch.scheme import SELF_SCORE, Indicator
from evalbatch.scheme.layout import KEY_HEADER, SheetLayout, printed_texts, visible_columns
from evalbatch.scheme.spec import ColumnSpec, SheetSpec

_NOTE: Final = (
    "注：自评得分在0与分值之间；扣分的写明原因，得满分的注明佐证材料。“系统测算”的指标以测算得分为准，理由见测算说明，“待核”表示所需数据未填全。"
    "确不适用的，是否适用选“否”并在扣分原因栏写明理由；可选指标未选的选“否”。"
)
_FIGURE: Final = "00000.00"
"""Room for a figure within a sentence."""
_FROZEN: Final = 4
_MINIMUM_HEIGHT: Final = 32.0


def write_indicators(form: Form, spec: SheetSpec) -> None:
    """Write the sheet of kind ``indicators``."""
    layout = form.layout(spec.name)
    columns = visible_columns(spec)
    headers = [(KEY_HEADER, KEY_WIDTH), *((column.name, column.width) for column in columns)]
    sheet = open_sheet(form, spec.name, Head(spec.title, _NOTE), headers, _FROZEN)
    for indicator in form.scheme.indicators.values():
        _write_indicator(form, sheet, layout, indicator)
    close_sheet(form, sheet, layout.last_row - 1, len(columns))


def _write_indicator(form: Form, sheet: Worksheet, layout: SheetLayout, indicator: Indicator) -> None:
    row = layout.rows[indicator.code] - 1
    labels = printed_texts(form.scheme, layout.spec.name)[indicator.code]
    sheet.write_string(row, 0, indicator.code, form.styles.key())
    texts: list[tuple[str, int]] = []
    for column in visible_columns(layout.spec):
        at = layout.columns[column.name] - 1
        if column.type == "label":
            align = "center" if column.name == "计分方式" else "left"
            sheet.write_string(row, at, labels.get(column.name, ""), form.styles.label(align=align))
            texts.append((labels.get(column.name, ""), column.width))
        elif column.constant:
            sheet.write_number(row, at, float(indicator.weight), form.styles.constant(column.type))
        elif column.computed and column.type == "text":
            texts += [(text, column.width) for text in _write_sentence(form, sheet, row, at, indicator)]
        elif column.computed:
            _write_score(form, sheet, row, at, indicator, column)
        else:
            given = (indicator.code, column.name) in form.filling.locked
            style = form.styles.entry(column, given=given)
            put(sheet, row, at, form.figures.typed(indicator.code, column.name), style)
            if not given:
                validate(sheet, row, at, row, column, ceiling=_ceiling(indicator, column))
            if column.type == "text":
                texts.append((form.text(indicator.code, column.name), column.width))
    sheet.set_row(row, max(_MINIMUM_HEIGHT, height(texts)))


def _ceiling(indicator: Indicator, column: ColumnSpec) -> Decimal | None:
    return indicator.weight if column.name == SELF_SCORE else None


def _write_score(form: Form, sheet: Worksheet, row: int, at: int, indicator: Indicator, column: ColumnSpec) -> None:
    score = live_formulas(form.scheme).scores.get(indicator.code)
    if score is None:
        sheet.write_blank(row, at, None, form.styles.unused())
        return
    formula = live_text(score.node, form.scheme, form.scheme.sheet_of(indicator.code))
    style = form.styles.computed(number_format(column.type), align="center")
    put_formula(sheet, row, at, formula, style, score.evaluate(form.figures))


def _write_sentence(form: Form, sheet: Worksheet, row: int, at: int, indicator: Indicator) -> list[str]:
    """Write why the row has its points; returns what may come to stand there."""
    if indicator.points is None:
        sheet.write_blank(row, at, None, form.styles.unused())
        return []
    sentences = live_formulas(form.scheme).sentences[indicator.code]
    formula = sentence_text(form.scheme, indicator.code, form.scheme.sheet_of(indicator.code))
    said = form.figures.sentence(indicator.code)
    put_formula(sheet, row, at, formula, form.styles.computed("General", align="left"), said)
    return [said, *("".join(part if isinstance(part, str) else _FIGURE for part in one.pieces) for one in sentences)]

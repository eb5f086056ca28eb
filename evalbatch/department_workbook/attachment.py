"""附件表: the official seven-column form, print-only, its scores taken live from 绩效自评表."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.frame import (
    HEADER,
    Form,
    Head,
    close_sheet,
    height,
    open_sheet,
    plain_number,
    put_formula,
)
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.support import live_text
from evalbatch.scheme import SELF_SCORE, Formula, Indicator
from evalbatch.scheme.formula import Cell
from evalbatch.scheme.layout import ATTACHMENT_SHEET
from evalbatch.scheme.spec import GroupSpec

_COLUMNS: Final = (
    ("一级指标", 18), ("二级指标", 24), ("三级指标（参考）", 32), ("指标说明", 34), ("评价要点", 34),
    ("分数权重", 10), ("自评得分情况", 12),
)  # fmt: skip
_LEVEL1, _LEVEL2, _LEVEL3, _EXPLAIN, _POINT, _WEIGHT, _SCORE = range(len(_COLUMNS))
_TITLE: Final = "附件：《部门整体绩效评价自评表》"
_NOTE: Final = "注：本表由绩效自评表自动生成，供打印盖章用，不需填写。"
_SCORE_FORMAT: Final = 'General"分"'
_MINIMUM_HEIGHT: Final = 22.0


def write_attachment(form: Form) -> None:
    """Write the printed form."""
    sheet = open_sheet(form, ATTACHMENT_SHEET, Head(_TITLE, _NOTE), _COLUMNS, 0)
    row = HEADER + 1
    for group in form.scheme.spec.groups:
        rows = [indicator for indicator in form.scheme.indicators.values() if indicator.group.code == group.code]
        _write_group(form, sheet, row, group, rows)
        row += len(rows)
    close_sheet(sheet, row - 1, len(_COLUMNS) - 1)


def _write_group(form: Form, sheet: Worksheet, row: int, group: GroupSpec, rows: Sequence[Indicator]) -> None:
    left, centred = form.styles.attachment(), form.styles.attachment("center")
    last = row + len(rows) - 1
    _span(sheet, row, last, _LEVEL1, group.title, left)
    for level2, first, count in _runs(rows):
        _span(sheet, row + first, row + first + count - 1, _LEVEL2, level2, left)
    for offset, indicator in enumerate(rows):
        texts = {
            _LEVEL3: _level3(form, indicator),
            _EXPLAIN: indicator.spec.explain,
            _POINT: indicator.spec.point,
        }
        for column, text in texts.items():
            sheet.write_string(row + offset, column, text, left)
        shown = [(text, _COLUMNS[column][1]) for column, text in (texts | {_LEVEL2: indicator.spec.level2}).items()]
        sheet.set_row(row + offset, max(_MINIMUM_HEIGHT, height(shown)))
    if group.cap is None:
        _span(sheet, row, last, _WEIGHT, f"{plain_number(group.points)}分", centred)
        _span(sheet, row, last, _SCORE, "", centred)
        _write_score(form, sheet, row, live_formulas(form.scheme).claimed[group.code])
        return
    # additions and deductions stand outside the 100 points: each on its own row, blank when there is none
    for offset, indicator in enumerate(rows):
        sheet.write_blank(row + offset, _WEIGHT, None, centred)
        _write_score(form, sheet, row + offset, Formula.of(Cell(indicator.code, SELF_SCORE)))


def _level3(form: Form, indicator: Indicator) -> str:
    """The printed code and name; where level 2 is already that, the list in which the department names its own."""
    if not indicator.spec.level2.startswith(indicator.code):
        return f"{indicator.code}{indicator.name}"
    read = () if indicator.points is None else indicator.points.cells
    listed = next((cell.key for cell in read if cell.key in form.scheme.lists), None)
    return "" if listed is None else f"见{form.scheme.lists[listed].name}"


def _runs(rows: Sequence[Indicator]) -> Iterator[tuple[str, int, int]]:
    """Each level-2 indicator with its first row within the group and the number of its rows."""
    first = 0
    for level2, run in groupby(rows, key=lambda indicator: indicator.spec.level2):
        count = len(list(run))
        yield level2, first, count
        first += count


def _span(sheet: Worksheet, first: int, last: int, column: int, text: str, style: Format) -> None:
    """A cell over rows ``first`` to ``last`` of a column."""
    if first == last:
        sheet.write_string(first, column, text, style)
    else:
        sheet.merge_range(first, column, last, column, text, style)


def _write_score(form: Form, sheet: Worksheet, row: int, score: Formula) -> None:
    """The score as the official form has it (12分), blank while nothing is claimed."""
    formula = live_text(score.node, form.scheme, ATTACHMENT_SHEET)
    style = form.styles.attachment("center", _SCORE_FORMAT)
    put_formula(sheet, row, _SCORE, formula, style, score.evaluate(form.figures))

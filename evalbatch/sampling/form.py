"""A filling -> what stands in which cell of the department's workbook: what is typed, and what its formulas say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.department_workbook import Filling
from evalbatch.department_workbook.attachment import official_values, printed_form
from evalbatch.department_workbook.counts import count
from evalbatch.department_workbook.figures import UNIT, FilledFigures
from evalbatch.department_workbook.frame import printed_cell
from evalbatch.department_workbook.lists import printed_rows
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.status import claimed_total, computed_total, shown_state, shown_total
from evalbatch.department_workbook.support import support_layout
from evalbatch.model import Value
from evalbatch.sampling.package import Content
from evalbatch.scheme import CONTENT, Formula, Scheme
from evalbatch.scheme.formula import number, scalar
from evalbatch.scheme.layout import (
    ATTACHMENT_SHEET,
    AUDIT_SHEET,
    HEADER_ROW,
    SUPPORT_SHEET,
    address,
    list_key,
    template_layout,
    visible_columns,
)

Place = tuple[str, str]
"""(sheet, cell)."""
_SCORE: Final = "测算得分"
_SENTENCE: Final = "测算说明"
_LEFT, _RIGHT, _GAP, _VERDICT, _ADVICE = range(4, 9)
"""Columns of 数据审核, 1-based."""


def typed_cells(scheme: Scheme, filling: Filling) -> dict[Place, Content]:
    """The cells of a filling by sheet and address."""
    layouts = template_layout(scheme)
    found: dict[Place, Content] = {}
    for (key, column), value in filling.cells.items():
        sheet = scheme.sheet_of(key)
        found[sheet, layouts[sheet].cell(key, column)] = value
    for prefix, rows in filling.lists.items():
        spec = scheme.lists[prefix]
        layout = layouts[spec.name]
        for index, row in enumerate(rows, 1):
            key = list_key(spec, index)
            found |= {(spec.name, layout.cell(key, column)): value for column, value in row.items()}
    return found


def computed_cells(scheme: Scheme, filling: Filling) -> dict[Place, Content]:
    """The values that a spreadsheet program saves with the template's formulas."""
    figures = FilledFigures(scheme, filling)
    found: dict[Place, Content] = dict(_lines(scheme, figures))
    found |= _lists(scheme, figures)
    scores = {code: score.evaluate(figures) for code, score in live_formulas(scheme).scores.items()}
    for code, value in scores.items():
        sheet = scheme.sheet_of(code)
        found[sheet, template_layout(scheme)[sheet].cell(code, _SCORE)] = value
        found[sheet, template_layout(scheme)[sheet].cell(code, _SENTENCE)] = figures.sentence(code)
    verdicts: dict[str, str] = {}
    found |= _audit(scheme, figures, verdicts)
    found |= _attachment(scheme, figures)
    found |= _status(scheme, figures, scores, verdicts)
    name = figures.figure("T01", CONTENT) or ""
    for sheet in (*scheme.sheets, AUDIT_SHEET, ATTACHMENT_SHEET):
        found[sheet, "A2"] = f"填报单位（盖章）：{name}"
    return found


def _lines(scheme: Scheme, figures: FilledFigures) -> Iterator[tuple[Place, Content]]:
    layouts = template_layout(scheme)
    for (key, column), _ in scheme.derivations.items():
        if key in scheme.lines:
            sheet = scheme.lines[key].sheet
            yield (sheet, layouts[sheet].cell(key, column)), figures.figure(key, column)
    for spec in scheme.spec.sheet:
        name = next((column.name for column in spec.columns if spec.kind == "lines" and column.formula), None)
        for line in spec.lines if name is not None else ():
            if figures.has_rate(scheme.lines[line.key]):
                place = (spec.name, layouts[spec.name].cell(line.key, name or ""))
                yield place, figures.rate(line.key)


def _lists(scheme: Scheme, figures: FilledFigures) -> Iterator[tuple[Place, Content]]:
    checks = {live.check.id: live for live in live_formulas(scheme).checks}
    for prefix, spec in scheme.lists.items():
        layout, support = template_layout(scheme)[spec.name], support_layout(scheme)[prefix]
        shown = [
            column.name
            for column in visible_columns(spec)
            if column.formula is not None or (prefix, column.name) in scheme.derivations
        ]
        for index, row in enumerate(figures.rows[prefix]):
            if not row.used:
                continue
            key, beside = list_key(spec, index + 1), support.first_row + index
            yield from (((spec.name, layout.cell(key, name)), row.figure("", name)) for name in shown)
            yield (SUPPORT_SHEET, address(beside, support.used)), Decimal(2 + index)
            for name, column in (support.mirrors | support.computed).items():
                yield (SUPPORT_SHEET, address(beside, column)), scalar(row.figure("", name))
            for name, column in support.checks.items():
                failing = figures.judge_row(checks[name], row)
                yield (SUPPORT_SHEET, address(beside, column)), None if failing is None else Decimal(failing)


def _audit(scheme: Scheme, figures: FilledFigures, verdicts: dict[str, str]) -> Iterator[tuple[Place, Content]]:
    for row, live in enumerate(live_formulas(scheme).checks, HEADER_ROW + 1):
        judgement = figures.judge(live)
        left, right = judgement.left, judgement.right
        if not live.check.list:
            left, right = number(live.left.evaluate(figures)), number(live.right.evaluate(figures))
        verdicts[live.check.id] = judgement.verdict
        values: dict[int, Content] = {
            _LEFT: left,
            _RIGHT: Decimal(0) if live.check.list else right,
            _GAP: judgement.difference,
            _VERDICT: judgement.verdict,
            _ADVICE: live.check.advice if judgement.verdict == "✗" else "",
        }
        yield from (((AUDIT_SHEET, address(row, column)), value) for column, value in values.items())


def _attachment(scheme: Scheme, figures: FilledFigures) -> Iterator[tuple[Place, Content]]:
    for (row, column), value in official_values(scheme, figures).items():
        yield (ATTACHMENT_SHEET, address(row + 1, column + 1)), value
    printed = [printed_rows(scheme, figures, spec) for spec in scheme.lists.values()]
    for index, rows in enumerate((*printed, printed_form(scheme, figures))):
        if rows is not None:
            yield (SUPPORT_SHEET, printed_cell(index).replace("$", "")), Decimal(rows.value)


@lru_cache(maxsize=4)
def _totals(scheme: Scheme) -> tuple[Formula, Formula]:
    return Formula.of(claimed_total(scheme)), Formula.of(computed_total(scheme))


class _Scored:
    """The figures with 测算得分 as computed."""

    def __init__(self, figures: FilledFigures, scores: Mapping[str, Value]) -> None:
        self.figures = figures
        self.scores = scores

    def figure(self, key: str, column: str) -> Value:
        return self.scores.get(key) if column == _SCORE else self.figures.figure(key, column)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return self.figures.column(prefix, column)


def _status(
    scheme: Scheme, figures: FilledFigures, scores: Mapping[str, Value], verdicts: Mapping[str, str]
) -> Iterator[tuple[Place, Content]]:
    cover = scheme.sheet_of(UNIT[0])
    row = template_layout(scheme)[cover].last_row + 2
    state, advice = shown_state(count(figures, list(verdicts.values())))
    yield (cover, f"C{row}"), state
    yield (cover, f"D{row}"), advice
    for offset, total in enumerate(_totals(scheme), 1):
        points = number(total.evaluate(_Scored(figures, scores))) or Decimal(0)
        shown, grade = shown_total(figures, points)
        yield (cover, f"C{row + offset}"), shown
        yield (cover, f"D{row + offset}"), grade


__all__ = ["Place", "computed_cells", "typed_cells"]

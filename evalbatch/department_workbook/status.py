"""封面, under its table: whether the form can be sent, the claimed total, and the total that the batch will compute."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.audit import verdict_cell
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.frame import Form, put_formula
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.support import LiveAddresses
from evalbatch.model import Value
from evalbatch.scheme import APPLICABLE, REASON, SELF_SCORE, Indicator, Scheme
from evalbatch.scheme.formula import (
    Call,
    Cell,
    Compare,
    Node,
    Number,
    Product,
    Sum,
    Text,
    compile_evaluator,
    number,
    to_excel,
)
from evalbatch.scheme.layout import STATUS_LABELS, address

COVER: Final = "封面"
_COMPUTED: Final = "测算得分"
_READY: Final = "可以报送"
_UNCLAIMED: Final = "自评得分未填"
_ZERO: Final = Number(Decimal(0))


def write_status(form: Form, sheet: Worksheet, row: int) -> None:
    """Write the lines of 封面 from ``row`` (0-based) on: labels in column B, answers in column C."""
    scheme, figures = form.scheme, _Totals(form.figures)
    addresses = LiveAddresses(scheme, COVER)
    faults = "+".join(f'({verdict_cell(scheme, index)}="✗")' for index in _sent_back(scheme))
    blanks = "+".join(f'({addresses.cell(*place)}="")' for place in mandatory(scheme))
    state = (
        f'IF(({faults})>0,"还有 "&({faults})&" 处填报错误",IF(({blanks})>0,"还有 "&({blanks})&" 处未填","{_READY}"))'
    )
    text, points = form.styles.computed("General", align="left"), form.styles.computed('0.00" 分"', align="left")
    for offset, label in enumerate(STATUS_LABELS):
        sheet.write_string(row + offset, 1, label, form.styles.label())
        sheet.write_blank(row + offset, 3, None, text)
        sheet.set_row(row + offset, 24)
    put_formula(sheet, row, 2, state, text, _state(form))
    rows = form.layout(scheme.sheet_of(next(iter(scheme.indicators))))
    claims = f"'{rows.spec.name}'!{rows.column(SELF_SCORE)}"
    for offset, total in ((1, claimed_total(scheme)), (2, computed_total(scheme))):
        value = number(compile_evaluator(total)(figures)) or Decimal(0)
        shown, grade = shown_total(form.figures, value)
        counted = f'IF(COUNTA({claims})=0,"{_UNCLAIMED}",{to_excel(total, addresses)})'
        put_formula(sheet, row + offset, 2, counted, points, shown)
        place = address(row + offset + 1, 3)
        put_formula(sheet, row + offset, 3, f'IF(ISNUMBER({place}),{_grade(scheme, place)},"")', text, grade)


def shown_total(figures: FilledFigures, total: Decimal) -> tuple[Value, str]:
    """A total and its grade as the lines show them: none while no row is claimed."""
    if all(figures.figure(code, SELF_SCORE) is None for code in figures.scheme.indicators):
        return _UNCLAIMED, ""
    return total, figures.scheme.grade(total)


def mandatory(scheme: Scheme) -> list[tuple[str, str]]:
    """The cells that a department has to fill in itself."""
    places = [(line.key, column) for line in scheme.lines.values() for column in line.mandatory]
    claims = [
        (code, SELF_SCORE) for code, row in scheme.indicators.items() if row.points is None and not row.spec.optional
    ]
    return [place for place in places if place not in scheme.derivations] + claims


def _sent_back(scheme: Scheme) -> list[int]:
    """The rows of 数据审核 for which a form comes back: true overspending is none."""
    return [index for index, check in enumerate(scheme.checks) if (check.level, check.kind) == ("错误", "填报")]


def _state(form: Form) -> str:
    checks = live_formulas(form.scheme).checks
    faults = sum(form.figures.judge(checks[index]).verdict == "✗" for index in _sent_back(form.scheme))
    blanks = sum(form.figures.figure(*place) is None for place in mandatory(form.scheme))
    return f"还有 {faults} 处填报错误" if faults else f"还有 {blanks} 处未填" if blanks else _READY


def claimed_total(scheme: Scheme) -> Node:
    """自评总分 within the bounds of a total."""
    claims = live_formulas(scheme).claimed.values()
    return _bounded(scheme, [(1, Call("N", (claim.node,), 0)) for claim in claims])


def computed_total(scheme: Scheme) -> Node:
    """What the batch will compute: 测算得分 of objective rows (0 while 待核), claims within bounds elsewhere."""
    rows = scheme.indicators.values()
    return _bounded(scheme, [(-1 if row.spec.subtract else 1, _points(scheme, row)) for row in rows])


def _bounded(scheme: Scheme, terms: Sequence[tuple[int, Node]]) -> Node:
    bounds = scheme.spec.total
    return Call("MIN", (Call("MAX", (Sum(tuple(terms)), Number(bounds.floor)), 0), Number(bounds.cap)), 0)


def _points(scheme: Scheme, row: Indicator) -> Node:
    if row.points is not None:
        return Call("N", (Cell(row.code, _COMPUTED),), 0)
    claim = Call("N", (Cell(row.code, SELF_SCORE),), 0)
    points: Node = Call("MIN", (Call("MAX", (claim, _ZERO), 0), Number(row.weight)), 0)
    if row.scale is not None:
        points = Product(points, Call("N", (row.scale.node,), 0), divide=False)
    points = Call("ROUND", (points, Number(Decimal(scheme.spec.total.decimals))), 0)
    if row.spec.optional:
        refused = Compare("=", Cell(row.code, APPLICABLE), Text("否"))
        return Call("IF", (refused, _ZERO, points), 0)
    return _excused(scheme, row, points) if row.spec.inapplicable else points


def _excused(scheme: Scheme, row: Indicator, points: Node) -> Node:
    """A judged row marked 不适用 with a reason counts as the policy says."""
    refused = Compare("=", Cell(row.code, APPLICABLE), Text("否"))
    reason = Call("NOT", (Call("ISBLANK", (Cell(row.code, REASON),), 0),), 0)
    granted = Number(row.weight) if scheme.choice("不适用") == "满分" else _ZERO
    return Call("IF", (Call("AND", (refused, reason), 0), granted, points), 0)


def _grade(scheme: Scheme, total: str) -> str:
    text = f'"{scheme.grades[-1].name}"'
    for band in reversed(scheme.grades[:-1]):
        text = f'IF({total}>={band.from_},"{band.name}",{text})'
    return text


class _Totals:
    """The figures of a filling with 测算得分 as the workbook computes it."""

    def __init__(self, filled: FilledFigures) -> None:
        self.filled = filled

    def figure(self, key: str, column: str) -> Value:
        if column == _COMPUTED:
            return live_formulas(self.filled.scheme).scores[key].evaluate(self.filled)
        return self.filled.figure(key, column)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return self.filled.column(prefix, column)

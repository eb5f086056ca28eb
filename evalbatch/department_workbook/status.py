"""封面, under its table: whether the form can be sent, the claimed total, and the total that the batch will compute."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.counts import Counts, count
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.frame import Form, put_formula, quoted
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.support import COUNTED, LiveAddresses, parameter
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
_ADVICE: Final = (
    " 处不是数字（斜纹）：请改填数字，没有发生的填数字0。",
    " 处不适用未写理由或不得填：请写明扣分原因，或改为“是”。",
)
_STATE_HEIGHT: Final = 32
_UNCLAIMED: Final = "自评得分未填"
_ZERO: Final = Number(Decimal(0))


def write_status(form: Form, sheet: Worksheet, row: int) -> None:
    """Write the lines of 封面 from ``row`` (0-based) on: labels in column B, answers in column C."""
    scheme, figures = form.scheme, _Totals(form.figures)
    addresses = LiveAddresses(scheme, COVER)
    text, points = form.styles.computed("General", align="left"), form.styles.computed('0.00" 分"', align="left")
    for offset, label in enumerate(STATUS_LABELS):
        sheet.write_string(row + offset, 1, label, form.styles.label())
        sheet.write_blank(row + offset, 3, None, text)
        sheet.set_row(row + offset, 24)
    verdicts = [form.figures.judge(live).verdict for live in live_formulas(scheme).checks]
    said = shown_state(count(form.figures, verdicts))
    for column, formula, told in zip((2, 3), _state(), said, strict=True):
        put_formula(sheet, row, column, formula, text, told)
    sheet.set_row(row, _STATE_HEIGHT)
    rows = form.layout(scheme.sheet_of(next(iter(scheme.indicators))))
    claims = f"'{rows.spec.name}'!{rows.column(SELF_SCORE)}"
    for offset, total in ((1, claimed_total(scheme)), (2, computed_total(scheme))):
        value = number(compile_evaluator(total)(figures)) or Decimal(0)
        shown, grade = shown_total(form.figures, value)
        counted = f'IF(COUNTA({claims})=0,"{_UNCLAIMED}",{to_excel(total, addresses)})'
        put_formula(sheet, row + offset, 2, counted, points, shown)
        place = address(row + offset + 1, 3)
        put_formula(sheet, row + offset, 3, f'IF(ISNUMBER({place}),{_grade(scheme, place)},"")', text, grade)


def shown_state(counts: Counts) -> tuple[str, str]:
    """Whether the form can be sent, and what to do about faults that 数据审核 does not show."""
    faults, blank = counts.faults, counts.blank
    state = f"还有 {faults} 处填报错误" if faults else f"还有 {blank} 处未填" if blank else _READY
    told = zip((counts.mistyped, counts.unexcused), _ADVICE, strict=True)
    return state, "".join(f"{number}{text}" for number, text in told if number)


def _state() -> tuple[str, str]:
    failing, mistyped, unexcused, blank = map(parameter, COUNTED)
    faults = f"({failing}+{mistyped}+{unexcused})"
    state = f'IF({faults}>0,"还有 "&{faults}&" 处填报错误",IF({blank}>0,"还有 "&{blank}&" 处未填","{_READY}"))'
    told = zip((mistyped, unexcused), _ADVICE, strict=True)
    return state, "&".join(f'IF({number}>0,{number}&{quoted(text)},"")' for number, text in told)


def shown_total(figures: FilledFigures, total: Decimal) -> tuple[Value, str]:
    """A total and its grade as the lines show them: none while no row is claimed."""
    if all(figures.figure(code, SELF_SCORE) is None for code in figures.scheme.indicators):
        return _UNCLAIMED, ""
    return total, figures.scheme.grade(total)


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

"""数据审核: one row a check, with both sides live, ✓ ✗ or — as the batch will say, and room for an explanation."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.frame import (
    HEADER,
    Form,
    Head,
    close_sheet,
    height,
    open_sheet,
    put,
    put_formula,
    quoted,
)
from evalbatch.department_workbook.live import LiveCheck, live_formulas
from evalbatch.department_workbook.styles import number_format
from evalbatch.department_workbook.support import LiveAddresses, difference, support_layout, verdict
from evalbatch.scheme import Judgement, Scheme
from evalbatch.scheme.formula import Scalar, to_excel
from evalbatch.scheme.layout import (
    AUDIT_COLUMNS,
    AUDIT_SHEET,
    HEADER_ROW,
    address,
    column_letter,
    template_cell,
    template_layout,
)

_WIDTHS: Final = (14, 40, 40, 14, 14, 12, 7, 26, 26, 24)
_NOTE: Final = "注：✓相符，✗不符，—未填或不适用；在容许尾差以内的算相符。不符的请先核对改正（点击定位即到所在单元格），确属实情的在情况说明栏写明原因。"
_FROZEN: Final = 2
_ZERO: Final = Decimal(0)
_MINIMUM_HEIGHT: Final = 20.0
_KEY, _TITLE, _TEXT, _LEFT, _RIGHT, _GAP, _VERDICT, _ADVICE, _EXPLANATION, _PLACE = range(len(AUDIT_COLUMNS))


def write_audit(form: Form) -> None:
    """Write the sheet of checks."""
    title = f"{form.scheme.spec.title}数据审核表"
    headers = list(zip(AUDIT_COLUMNS, _WIDTHS, strict=True))
    sheet = open_sheet(form, AUDIT_SHEET, Head(title, _NOTE, amounts=True), headers, _FROZEN)
    checks = live_formulas(form.scheme).checks
    judgements = [form.figures.judge(live) for live in checks]
    for index, (live, judgement) in enumerate(zip(checks, judgements, strict=True)):
        _write_check(form, sheet, HEADER + 1 + index, live, judgement)
    last = HEADER + len(checks)
    failing = sum(judgement.verdict == "✗" for judgement in judgements)
    verdicts = f"{address(HEADER + 2, _VERDICT + 1)}:{address(last + 1, _VERDICT + 1)}"
    count = f'{quoted("现有不符（✗）")}&COUNTIF({verdicts},"✗")&{quoted(f"项。{_NOTE}")}'
    sheet.write_formula(2, 0, f"={count}", form.styles.caption(), f"现有不符（✗）{failing}项。{_NOTE}")
    sheet.conditional_format(
        HEADER + 1, _VERDICT, last, _VERDICT,
        {"type": "cell", "criteria": "==", "value": '"✗"', "format": form.styles.failed()},
    )  # fmt: skip
    sheet.autofilter(HEADER, 0, last, len(AUDIT_COLUMNS) - 1)
    close_sheet(form, sheet, last, len(AUDIT_COLUMNS) - 1)


def verdict_cell(scheme: Scheme, index: int) -> str:
    """Where the 结果 of a check of the scheme stands, from any other sheet."""
    return f"'{AUDIT_SHEET}'!{address(HEADER + 2 + index, _VERDICT + 1)}"


def verdict_range(scheme: Scheme) -> str:
    """Where the 结果 of all checks stand, in the order of the scheme."""
    letter, first = column_letter(_VERDICT + 1), HEADER + 2
    return f"'{AUDIT_SHEET}'!${letter}${first}:${letter}${HEADER + 1 + len(scheme.checks)}"


def _write_check(form: Form, sheet: Worksheet, row: int, live: LiveCheck, judgement: Judgement) -> None:
    check, styles = live.check, form.styles
    source = next(check for check in form.scheme.checks if check.id == live.check.id)
    explanation = form.filling.explanations.get(check.id, "")
    for column, text in ((_KEY, check.id), (_TITLE, check.title), (_TEXT, source.text)):
        sheet.write_string(row, column, text, styles.label())
    left, right, gap, mark = (address(row + 1, column + 1) for column in (_LEFT, _RIGHT, _GAP, _VERDICT))
    *sides, met = _formulas(form.scheme)[row - HEADER - 1]
    values: tuple[Scalar, Scalar] = (judgement.left, _ZERO)
    if not check.list:
        values = (live.left.evaluate(form.figures), live.right.evaluate(form.figures))
    style = styles.computed(_number_format(live))
    for column, formula, value in zip((_LEFT, _RIGHT), sides, values, strict=True):
        put_formula(sheet, row, column, formula, style, value)
    put_formula(sheet, row, _GAP, difference(live, left, right), style, judgement.difference)
    formula = f'IF({gap}="","—",IF({met},"✓","✗"))'
    put_formula(sheet, row, _VERDICT, formula, styles.computed("General", align="center"), judgement.verdict)
    advice = check.advice if judgement.verdict == "✗" else ""
    formula = f'IF({mark}="✗",{quoted(check.advice)},"")'
    put_formula(sheet, row, _ADVICE, formula, styles.computed("General", align="left"), advice)
    put(sheet, row, _EXPLANATION, explanation, styles.remark())
    sheet_name, cell = _place(form, live)
    put_formula(sheet, row, _PLACE, _links(form.scheme)[row - HEADER - 1], styles.link(), f"{sheet_name}!{cell}")
    texts = {_KEY: check.id, _TITLE: check.title, _TEXT: source.text, _ADVICE: check.advice, _EXPLANATION: explanation}
    sheet.set_row(row, max(_MINIMUM_HEIGHT, height([(text, _WIDTHS[column]) for column, text in texts.items()])))


@lru_cache(maxsize=8)
def _formulas(scheme: Scheme) -> tuple[tuple[str, str, str], ...]:
    """Both sides of every check and the condition under which it is met; compiled once a process."""
    addresses = LiveAddresses(scheme, AUDIT_SHEET)
    found: list[tuple[str, str, str]] = []
    for index, live in enumerate(live_formulas(scheme).checks):
        gap = address(HEADER + 2 + index, _GAP + 1)
        if live.check.list:
            support = support_layout(scheme)[live.check.list]
            failing = support.range(support.checks[live.check.id])
            found.append((f'IF(COUNT({failing})=0,"",SUM({failing}))', "0", f"{gap}=0"))
        else:
            left, right = (to_excel(side.node, addresses) for side in (live.left, live.right))
            found.append((left, right, verdict(live, gap, addresses)))
    return tuple(found)


@lru_cache(maxsize=8)
def _links(scheme: Scheme) -> tuple[str, ...]:
    """The links to the cells to mend; they follow a cell that is moved, and lead to the first failing row of a list."""
    found: list[str] = []
    for check in scheme.checks:
        if check.list:
            layout = template_layout(scheme)[scheme.lists[check.list].name]
            support = support_layout(scheme)[check.list]
            failing = support.range(support.checks[check.id])
            header = f"'{layout.spec.name}'!{address(HEADER_ROW, layout.columns[check.place[1]])}"
            row = f"ROW({header})+IF(COUNTIF({failing},1)=0,1,MATCH(1,{failing},0))"
            name, cell = layout.spec.name, f"ADDRESS({row},COLUMN({header}),4)"
        else:
            name, cell = template_cell(scheme, *check.place)
            cell = f"ADDRESS(ROW('{name}'!{cell}),COLUMN('{name}'!{cell}),4)"
        shown, target = quoted(f"{name}!"), quoted(f"#'{name}'!")
        found.append(f"HYPERLINK({target}&{cell},{shown}&{cell})")
    return tuple(found)


def _place(form: Form, live: LiveCheck) -> tuple[str, str]:
    """The sheet and cell to which the link of a check leads."""
    check = live.check
    if not check.list:
        return template_cell(form.scheme, *check.place)
    layout = form.layout(form.scheme.lists[check.list].name)
    verdicts = (form.figures.judge_row(live, row) for row in form.figures.rows[check.list])
    failing = next((index for index, verdict in enumerate(verdicts, 1) if verdict), 1)
    return layout.spec.name, address(HEADER_ROW + failing, layout.columns[check.place[1]])


def _number_format(live: LiveCheck) -> str:
    if live.check.list:
        return number_format("count")
    if live.amount:
        return number_format("amount")
    return number_format("rate" if live.ratio else "count")

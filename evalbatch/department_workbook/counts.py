"""What keeps a form from being sent, counted in a filling and by formulas on the hidden sheet; knows no message.

A check looks at figures. That something else stands in the cell of a figure, a pasted “590万元” or an error value, no
check sees: it counts as neither blank nor a figure. The functions are those that pass over error values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.department_workbook.audit import verdict_cell
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.frame import Form, put_formula
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.support import COUNTED, LiveAddresses, is_input, list_range
from evalbatch.scheme import APPLICABLE, REASON, SELF_SCORE, Scheme
from evalbatch.scheme.layout import HEADER_ROW, SUPPORT_SHEET, column_letter, template_cell, template_layout
from evalbatch.scheme.spec import FIGURE_TYPES


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cells or checks of each kind there are, in the order of their rows on the hidden sheet."""

    failing: int
    mistyped: int
    unexcused: int
    blank: int

    @property
    def faults(self) -> int:
        """What is wrong, beyond what is blank."""
        return self.failing + self.mistyped + self.unexcused


_LABELS: Final = ("审核不符", "不是数字", "不适用有误", "应填未填")


def write_counts(form: Form) -> None:
    """Write the counts on the hidden sheet, where the cover finds them."""
    sheet, style = form.workbook.get_worksheet_by_name(SUPPORT_SHEET), form.styles.plain()
    counts = count(form.figures, [form.figures.judge(live).verdict for live in live_formulas(form.scheme).checks])
    values = (counts.failing, counts.mistyped, counts.unexcused, counts.blank)
    for row, label, formula, value in zip(COUNTED, _LABELS, _formulas(form.scheme), values, strict=True):
        sheet.write_string(row - 1, 0, label, style)
        put_formula(sheet, row - 1, 1, formula, style, Decimal(value))


def count(figures: FilledFigures, verdicts: Sequence[str]) -> Counts:
    """The counts of a filling, the verdicts of its checks being known."""
    scheme = figures.scheme
    return Counts(
        failing=sum(verdicts[index] == "✗" for index in _sent_back(scheme)),
        mistyped=sum(isinstance(value, str) for value in _figures(figures)),
        unexcused=sum(
            figures.typed(code, APPLICABLE) == "否" and not (allowed and figures.typed(code, REASON))
            for code, allowed in excusable(scheme).items()
        ),
        blank=sum(figures.figure(*place) is None for place in mandatory(scheme)),
    )


def mandatory(scheme: Scheme) -> list[tuple[str, str]]:
    """The cells that a department has to fill in itself."""
    places = [(line.key, column) for line in scheme.lines.values() for column in line.mandatory]
    claims = [
        (code, SELF_SCORE) for code, row in scheme.indicators.items() if row.points is None and not row.spec.optional
    ]
    return [place for place in places if place not in scheme.derivations] + claims


def excusable(scheme: Scheme) -> dict[str, bool]:
    """The indicators that nobody chooses, and whether each may be 不适用 for a reason."""
    return {code: row.spec.inapplicable for code, row in scheme.indicators.items() if not row.spec.optional}


def no_figure(cell: str) -> str:
    """The condition under which a cell holds something that is no figure."""
    return f"COUNT({cell})+COUNTBLANK({cell})=0"


def figure_columns(scheme: Scheme) -> Iterator[tuple[str, int, int]]:
    """The columns in which figures are entered: sheet, first and last of those side by side, from 1."""
    for name, layout in template_layout(scheme).items():
        places = [
            layout.columns[column.name]
            for column in layout.spec.visible
            if column.type in FIGURE_TYPES and is_input(column) and not column.constant
        ]
        for place in places:
            if place - 1 not in places:
                yield name, place, next(last for last in places if last >= place and last + 1 not in places)


def figure_cells(scheme: Scheme) -> Iterator[tuple[str, str]]:
    """(sheet, cell) of the figures that stand in a column of texts."""
    for key, line in scheme.lines.items():
        columns = {column.name: column.type for column in scheme.sheets[line.sheet].columns}
        for name, column in line.types.items():
            if column.type in FIGURE_TYPES and columns[name] not in FIGURE_TYPES:
                yield template_cell(scheme, key, name)


def _figures(figures: FilledFigures) -> Iterator[object]:
    """What was entered where a figure belongs."""
    scheme = figures.scheme
    for key, line in scheme.lines.items():
        for name, column in line.types.items():
            if column.type in FIGURE_TYPES:
                yield figures.typed(key, name)
    for code in scheme.indicators:
        yield figures.typed(code, SELF_SCORE)
    for prefix, sheet in scheme.lists.items():
        names = [column.name for column in sheet.visible if column.type in FIGURE_TYPES and is_input(column)]
        yield from (row.typed.get(name) for row in figures.rows[prefix] for name in names)


def _sent_back(scheme: Scheme) -> list[int]:
    """The rows of 数据审核 for which a form comes back: true overspending is none."""
    return [index for index, check in enumerate(scheme.checks) if (check.level, check.kind) == ("错误", "填报")]


@lru_cache(maxsize=8)
def _formulas(scheme: Scheme) -> tuple[str, str, str, str]:
    addresses = LiveAddresses(scheme, SUPPORT_SHEET)
    failing = (f'({verdict_cell(scheme, index)}="✗")' for index in _sent_back(scheme))
    # COUNTBLANK takes the empty text of a formula for blank; the headers are within, so that a row inserted below is too
    mistyped = [f"(ROWS({area})-1)*COLUMNS({area})-COUNTBLANK({area})-COUNT({area})" for area in _areas(scheme)]
    mistyped += ["(" + no_figure(f"'{sheet}'!{cell}") + ")" for sheet, cell in figure_cells(scheme)]
    unexcused = (
        f'COUNTIF({addresses.cell(code, APPLICABLE)},"否")'
        + (f"*COUNTBLANK({addresses.cell(code, REASON)})" if allowed else "")
        for code, allowed in excusable(scheme).items()
    )
    blank = (f"COUNTBLANK({addresses.cell(*place)})" for place in mandatory(scheme))
    return "+".join(failing), "+".join(mistyped), "+".join(unexcused), "+".join(blank)


def _areas(scheme: Scheme) -> Iterator[str]:
    for name, left, right in figure_columns(scheme):
        layout = template_layout(scheme)[name]
        if layout.spec.prefix:
            yield list_range(scheme, layout.spec.prefix, left, right)
        else:
            yield f"'{name}'!${column_letter(left)}${HEADER_ROW}:${column_letter(right)}${layout.last_row}"
